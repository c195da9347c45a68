"""A magic and a Python call make the same frozen request."""

import json
import shlex

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ernie_magic.api import parameters
from ernie_magic.api.parameter_types import TOOL_CHOICES
from ernie_magic.api.requests import ChatOptions, chat_request
from ernie_magic.notebook.magics.chat import parse_chat_line

MODEL = "ernie-speed-8k"
PLAIN = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="{}\0"),
    min_size=1,
    max_size=20,
)


def values(parameter):  # noqa: PLR0911
    low, high = parameter.limits_for(MODEL)
    if parameter.type == "float":
        return st.floats(
            low, high, exclude_min=parameter.open_minimum, exclude_max=parameter.open_maximum
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
        return st.sampled_from(TOOL_CHOICES)
    return st.sampled_from(parameter.choices) if parameter.choices else PLAIN


# A cell names tools by their variables, Python passes the functions themselves:
# tests.calls.chat.test_tool_rounds.py.
CHAT = {
    name: p
    for name, p in parameters.parameters_of("chat").items()
    if name not in ("model", "tools") and p.in_protocol("openai")
}


@given(
    st.fixed_dictionaries({}, optional={name: values(p) for name, p in CHAT.items()}),
    st.none() | PLAIN,
    st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_options_typed_or_called_are_one_request(given_, system, history):
    words = ["-m", MODEL]
    for name, value in given_.items():
        for item in value if isinstance(value, list) else [value]:
            words.append(
                f"{CHAT[name].option_name}={item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)}"
            )
    words += [f"--system={system}"] if system is not None else []
    words += [] if history else ["--no-history"]
    typed = parse_chat_line(shlex.join(words), {}).chat
    called = ChatOptions(given_, MODEL, system, None, history, {})
    messages = [{"role": "user", "content": "hi"}]
    assert chat_request(messages, model=MODEL, given=typed.parameters) == chat_request(
        messages, model=MODEL, given=called.parameters
    )
    assert (typed.model, typed.system, typed.stream, typed.history) == (
        called.model,
        called.system,
        called.stream,
        called.history,
    )
