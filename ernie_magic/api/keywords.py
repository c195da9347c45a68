"""The keyword arguments of calls, as a type checker and an editor know them.

The parameter table (`ernie_magic.api.parameters`) says what each means and which values are in
range; a test holds the names and types here equal to the table's, to the settings and to the
signatures of the calls. None is the same as not given.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class CallSettings(TypedDict, total=False):
    """What every call may set for itself, in place of the session's settings."""

    retry_count: int | None
    request_timeout: float | None
    backoff_factor: float | None


class CompletionParameters(CallSettings, total=False):
    """The parameters of a completion, which are some of a chat's."""

    temperature: float | None
    top_p: float | None
    top_k: int | None
    penalty_score: float | None
    max_completion_tokens: int | None
    max_tokens: int | None
    stop: str | Sequence[str] | None
    seed: int | None
    user: str | None


class KeptParameters(CompletionParameters, total=False):
    """The parameters of a chat that a session may keep as settings."""

    min_output_tokens: int | None
    frequency_penalty: float | None
    presence_penalty: float | None
    repetition_penalty: float | None
    response_format: str | Mapping[str, Any] | None
    web_search: bool | Mapping[str, Any] | None
    enable_thinking: bool | None
    thinking_budget: int | None
    reasoning_effort: str | None
    thinking_strategy: str | None
    thinking: bool | str | Mapping[str, Any] | None
    disable_search: bool | None
    enable_citation: bool | None


class ChatParameters(KeptParameters, total=False):
    """The parameters of a chat; the others than the kept ones belong to one prompt."""

    tools: Callable[..., Any] | Mapping[str, Any] | Sequence[Any] | None
    tool_choice: str | Mapping[str, Any] | None
    parallel_tool_calls: bool | None
    stream_options: Mapping[str, Any] | None
    metadata: Mapping[str, str] | None


class SettingValues(KeptParameters, total=False):
    """The settings of a session (`ernie_magic.config.settings.ErnieSettings`)."""

    service: str
    model: str
    image_model: str
    embedding_model: str
    endpoint: str
    image_endpoint: str
    embedding_endpoint: str
    api_key: str | None
    secret_key: str | None
    access_key: str | None
    bearer_token: str | None
    app_id: str
    headers: Mapping[str, str]
    base_url: str
    language: str
    system: str
    stream: bool
    cache: bool
    in_flight: int
    remote_images: bool
    files_path: str
    batches_path: str


class ChatArguments(ChatParameters, total=False):
    """What a chat takes besides its prompt."""

    model: str | None
    system: str | None
    stream: bool | None
    history: bool | None
    endpoint: str
    extra: dict[str, Any] | None
    images: Any
    knowledge: str | Sequence[str] | None
    plugins: str | Sequence[str] | None


class ImageParameters(CallSettings, total=False):
    """The parameters of pictures."""

    negative_prompt: str | None
    size: str | int | tuple[int, int] | None
    n: int | None
    style: str | None
    seed: int | None
    steps: int | None
    cfg_scale: float | None
    sampler_index: str | None
    use_pe: bool | None
    num_inference_steps: int | None
    guidance_scale: float | None
    watermark: bool | None
    response_format: str | None
    user: str | None
    refer_image: str | None
    feature: str | None
    prompt_extend: bool | None


class ImageArguments(ImageParameters, total=False):
    """What may be changed of a picture that is made again."""

    prompt: str | None
    model: str | None
    endpoint: str | None
    extra: dict[str, Any] | None
    download: bool
    edit: Any
    mask: Any


class EmbeddingParameters(CallSettings, total=False):
    """The parameters of vectors."""

    user: str | None


class RerankParameters(CallSettings, total=False):
    """The parameters of a ranking."""

    top_n: int | None
    user: str | None


def _own_names(arguments: type, parameters: type) -> tuple[str, ...]:
    """Return the names of arguments that are no parameters of the table."""
    return tuple(
        name for name in arguments.__annotations__ if name not in parameters.__annotations__
    )


CHAT_OPTIONS = _own_names(ChatArguments, ChatParameters)
PICTURE_OPTIONS = _own_names(ImageArguments, ImageParameters)
_EVERYWHERE = ("model", "endpoint", "extra")
_ON_WORKERS = ("in_flight", "progress", "executor")
# By call, its arguments that are no parameters: a misspelled name may mean one.
OPTIONS_BY_CALL = {
    "chat": CHAT_OPTIONS,
    "completion": (*_EVERYWHERE, "stream"),
    "embedding": (*_EVERYWHERE, "invalid", "cache", *_ON_WORKERS),
    "image": (*_EVERYWHERE, "download", "edit", "mask"),
    "map": (*_EVERYWHERE, "schema", "system", "resume", "preview", "batch", *_ON_WORKERS),
    "rerank": _EVERYWHERE,
}
# What the table of parameters does not check.
_TYPES: dict[str, tuple[type, ...]] = {
    "model": (str, type(None)),
    "system": (str, type(None)),
    "stream": (bool, type(None)),
    "history": (bool,),
    "extra": (Mapping, type(None)),
    "endpoint": (str,),
}


def check_texts(**options: object) -> None:
    """Check that these arguments of a call are texts.

    Raises
    ------
    InvalidOption
    """
    for name, value in options.items():
        if not isinstance(value, str):
            raise InvalidOption(
                Text("{name} 要是文本，不是 {given}", "{name} is a text, not {given}").fill(
                    name=name, given=f"{value!r:.40}"
                )
            )


def check_dicts(**options: object) -> None:
    """Check that these arguments of a call are dicts, or None.

    Raises
    ------
    InvalidOption
    """
    for name, value in options.items():
        if value is not None and not isinstance(value, Mapping):
            raise InvalidOption(
                Text("{name} 要是字典，不是 {given}", "{name} is a dict, not {given}").fill(
                    name=name, given=f"{value!r:.40}"
                )
            )


def as_listed(name: str, value: object) -> list[Any]:
    """Return the entries of an argument that is a list, or of another collection.

    Raises
    ------
    InvalidOption
        It is none, such as a number.
    """
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return list(value)
    raise InvalidOption(
        Text("{name} 要是列表，不是 {given}", "{name} is a list, not {given}").fill(
            name=name, given=f"{value!r:.40}"
        )
    )


def check_number(
    name: str,
    value: object,
    low: float,
    high: float = math.inf,
    *,
    is_whole: bool = True,
) -> None:
    """Check that an argument of a call is a number within bounds, both of which it may be.

    Parameters
    ----------
    is_whole
        Whether it has to be a whole number.

    Raises
    ------
    InvalidOption
    """
    kinds: tuple[type, ...] = (int,) if is_whole else (int, float)
    is_number = isinstance(value, kinds) and not isinstance(value, bool)
    if is_number and low <= value <= high:  # type: ignore[operator]
        return
    most = f"{high:g}".replace("inf", "∞")
    raise InvalidOption(
        Text(
            "{name} 的值 {value} 不在 {low}–{high} 之间", "{name} {value} is not in {low}–{high}"
        ).fill(name=name, value=f"{value!r:.40}", low=f"{low:g}", high=most)
    )


def check_types(**options: object) -> None:
    """Check the types of a call's arguments that are no parameters.

    Raises
    ------
    InvalidOption
        One is of a wrong type.
    """
    for name, value in options.items():
        if not isinstance(value, _TYPES[name]):
            raise InvalidOption(
                Text("{name} 不能是 {kind}", "{name} cannot be {kind}").fill(
                    name=name, kind=f"{type(value).__name__} ({value!r:.40})"
                )
            )
