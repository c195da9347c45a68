"""A magic and a Python call make the same frozen request."""

import json
import shlex

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ernie_magic.api import parameters
from ernie_magic.api.parameter_types import TOOL_CHOICES
from ernie_magic.api.requests import ChatOptions, chat_request
from ernie_magic.notebook.magics.chat import parse_chat_line

MODELS = ("ernie-speed-8k", "ernie-5.0")  # one with penalties, one that thinks
PLAIN = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="{}\0"),
    min_size=1,
    max_size=20,
)


def values(parameter, model):  # noqa: PLR0911
    low, high = parameter.limits_for(model)
    if parameter.type == "float":
        return st.floats(
            low,
            10_000 if high is None else high,
            exclude_min=parameter.open_minimum,
            exclude_max=parameter.open_maximum,
        )
    if parameter.type == "int":
        return st.integers(
            int(low) + parameter.open_minimum,
            10_000 if high is None else int(high) - parameter.open_maximum,
        )
    if parameter.type == "bool":
        return st.booleans()
    if parameter.type == "object":
        return st.dictionaries(PLAIN, PLAIN, max_size=3)
    if parameter.name == "response_format":
        return st.sampled_from(["text", "json_object"])
    if parameter.type == "strings":
        return st.lists(PLAIN, min_size=1, max_size=parameter.max_items)
    if parameter.type == "choice":
        # A tool that must be called is among the tools.
        return st.sampled_from([choice for choice in TOOL_CHOICES if choice != "required"])
    if parameter.name == "user":
        return PLAIN.filter(str.strip)
    return st.sampled_from(parameter.choices) if parameter.choices else PLAIN


# A cell names tools by their variables, Python passes the functions themselves:
# tests.calls.chat.test_tool_rounds.py.
CHAT = parameters.parameters_of("chat")


def values_for(model):
    """A model, and values for what it takes."""
    taken = {
        name: values(p, model)
        for name, p in CHAT.items()
        if name not in ("model", "tools") and p.supported_by(model, "openai")
    }
    return st.tuples(st.just(model), st.fixed_dictionaries({}, optional=taken))


@given(
    st.one_of([values_for(model) for model in MODELS]),
    st.none() | PLAIN,
    st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_options_typed_or_called_are_one_request(model_and_values, system, history):
    model, given_ = model_and_values
    words = ["-m", model]
    for name, value in given_.items():
        for item in value if isinstance(value, list) else [value]:
            words.append(
                f"{CHAT[name].option_name}={item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)}"
            )
    words += [f"--system={system}"] if system is not None else []
    words += [] if history else ["--no-history"]
    typed = parse_chat_line(shlex.join(words), {}).chat
    called = ChatOptions(given_, model, system, None, history, {})
    messages = [{"role": "user", "content": "hi"}]
    assert chat_request(messages, model=model, given=typed.parameters) == chat_request(
        messages, model=model, given=called.parameters
    )
    assert (typed.model, typed.system, typed.stream, typed.history) == (
        called.model,
        called.system,
        called.stream,
        called.history,
    )
