"""What a live list says of a model: how much it reads and writes, and what it costs.

Lists name these facts differently: Qianfan V2 (https://cloud.baidu.com/doc/qianfan-api/s/Amwbl43sp),
vLLM, LM Studio, llama.cpp, Groq, OpenRouter, Google.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api import values

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTEXTS = (
    "context_length",
    "max_model_len",
    "max_context_length",
    "context_window",
    "n_ctx",
    "n_ctx_train",
)
_INPUTS = ("max_input_tokens", "max_prompt_tokens", "inputTokenLimit")
_OUTPUTS = (
    "max_tokens",
    "max_output_tokens",
    "max_completions_tokens",
    "max_completion_tokens",
    "outputTokenLimit",
)
_INSIDE = ("meta", "top_provider", "limits")  # objects that hold some of them
_PRICES_SHOWN = 4
_TIERS_SHOWN = 6
_PRICE_FIELDS = ("price", "unit_price", "cost", "value")


class Facts(NamedTuple):
    """What a list says of one model, None where it says nothing.

    Attributes
    ----------
    context, longest_input, longest_output : int | None
        In tokens; the context is input and output together.
    """

    context: int | None = None
    longest_input: int | None = None
    longest_output: int | None = None

    @property
    def max_input_tokens(self) -> int | None:
        """The most tokens that can be sent, as far as is known."""
        return self.longest_input or self.context


def read_facts(raw: Mapping[str, Any]) -> Facts:
    """Return what an entry of a live list says of its model's lengths."""
    return Facts(
        _first_number(raw, _CONTEXTS),
        _first_number(raw, _INPUTS),
        _first_number(raw, _OUTPUTS),
    )


def _first_number(raw: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    for source in (raw, *(values.as_object(raw.get(name)) for name in _INSIDE)):
        for name in names:
            number = values.as_whole_number(source.get(name))
            if number is not None and number > 0:
                return number
    return None


class TokenPrice(NamedTuple):
    """What 1,000 tokens cost.

    Attributes
    ----------
    prompt, completion : float
        Of what is sent, and of what is answered.
    """

    prompt: float
    completion: float

    def cost(self, total_tokens: int, completion_tokens: int) -> float:
        """Return what tokens cost, of which some were answered."""
        sent = total_tokens - completion_tokens
        return (sent * self.prompt + completion_tokens * self.completion) / 1000


def read_token_price(raw: Mapping[str, Any]) -> TokenPrice | None:
    """Return an entry's price of tokens; None where it gives none, and where it has tiers."""
    pricing = values.as_object(raw.get("pricing"))
    prompt = values.as_number(pricing.get("prompt"))
    completion = values.as_number(pricing.get("completion"))
    if prompt is None:
        return None
    return TokenPrice(prompt, completion or 0.0)


def describe_pricing(raw: Mapping[str, Any]) -> str:
    """Return an entry's prices as the list gives them: `0.0008 / 0.0032` for what is sent and what
    is answered, with tiers `0.004 (≤ 32k), 0.006`; others by name. "" where it gives none.
    """
    pricing = values.as_object(raw.get("pricing"))
    prices = {name: text for name, value in pricing.items() if (text := _describe_price(value))}
    both = [prices.pop(name) for name in ("prompt", "completion") if name in prices]
    shown = [" / ".join(both)] if both else []
    others = [f"{values.as_name(name)} {text}" for name, text in prices.items() if text != "0"]
    return "; ".join([*shown, *others[:_PRICES_SHOWN]])


def _describe_price(price: object) -> str:
    """Return a price that is a number, or the prices of tiers."""
    if isinstance(price, list):
        return ", ".join(filter(None, map(_describe_tier, price[:_TIERS_SHOWN])))
    if values.as_number(price) is None:
        return ""
    return values.as_name(price)


def _describe_tier(tier: object) -> str:
    """Return one tier's price, and up to how many thousand tokens it holds (null: any number)."""
    fields = values.as_object(tier)
    name = next((name for name in _PRICE_FIELDS if name in fields), "")
    price = values.as_name(fields.get(name))
    bound = next(
        (values.as_whole_number(value) for other, value in fields.items() if other != name), None
    )
    if not price or not bound:
        return price
    return f"{price} (≤ {bound}k)"
