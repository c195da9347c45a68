"""The one normaliser: what is checked before anything is sent."""

import hypothesis
import pytest
from hypothesis import strategies as st

from ernie_magic import errors
from ernie_magic.api.messages import turns_to_drop
from ernie_magic.api.parameter import Rules
from ernie_magic.api.requests import chat_request
from ernie_magic.config.services import SERVICES
from ernie_magic.errors import InvalidMessages, InvalidOption
from ernie_magic.wire import openai_style, qianfan_v1

ASK = {"role": "user", "content": "你好"}
SAY = {"role": "assistant", "content": "您好"}
BE = {"role": "system", "content": "你是老师"}


def request(*messages, **given):
    return chat_request(messages, model="ernie-3.5-8k", given=given)


def test_what_is_not_given_is_not_sent():
    assert request(ASK, temperature=None, top_p=0.5).parameters == {"top_p": 0.5}


def test_equal_input_makes_equal_requests_in_any_order():
    assert request(ASK, top_p=0.5, temperature=0.3) == request(ASK, temperature=0.3, top_p=0.5)


@pytest.mark.parametrize("messages", [[ASK], [BE, ASK], [ASK, SAY, ASK], [BE, ASK, SAY, ASK]])
def test_the_seed_s_orders_of_roles_pass(messages):
    assert request(*messages).messages == tuple(messages)


@pytest.mark.parametrize(
    "messages", [[SAY], [BE], [ASK, SAY], [ASK, ASK], [SAY, ASK], [BE, BE, ASK], [ASK, BE, ASK]]
)
def test_every_other_order_is_refused(messages):
    with pytest.raises(InvalidMessages):
        request(*messages)


@pytest.mark.parametrize("content", ["", " ", "\n\r\f\t", None])
def test_an_empty_last_message_is_refused(content):
    with pytest.raises(InvalidMessages, match="the prompt is empty"):
        request({"role": "user", "content": content})


def test_no_messages_are_refused():
    with pytest.raises(InvalidMessages):
        request()


def test_an_empty_message_in_the_middle_is_named():
    with pytest.raises(InvalidMessages, match="message 2 is empty"):
        request(ASK, {"role": "assistant", "content": ""}, ASK)


def test_an_unknown_parameter_names_the_nearest():
    with pytest.raises(InvalidOption, match="did you mean temperature"):
        request(ASK, temprature=0.5)


@pytest.mark.parametrize("name", ["temperature", "model", "messages", "stream"])
def test_a_field_with_a_rule_of_its_own_is_no_extra_field(name):
    with pytest.raises(InvalidOption, match=name):
        chat_request([ASK], model="m", given={}, extra={name: 1})


def test_the_caller_s_messages_are_not_shared():
    mine = dict(ASK)
    made = request(mine)
    mine["content"] = "changed"
    assert made.prompt == "你好"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("response_format", "json_schema", "requires the json_schema object"),
        ("response_format", "xml", "is not one of: text | json_object | json_schema"),
        ("tool_choice", "maybe", "names maybe, not in tools"),
        ("tool_choice", "any", "is not one of: none | auto | required"),  # Mistral's
        ("web_search", 5, "is not a JSON object"),
        ("parallel_tool_calls", "yes", "is not a switch"),
        ("metadata", {"a": "b" * 3, "c": 1}, "at most 16 pairs of texts"),
        ("enable_thinking", 1, "is not a switch"),
        ("image", "a.png", "did you mean images?"),
    ],
)
def test_new_fields_are_checked_too(session, emulator, name, value, told):
    with pytest.raises(errors.InvalidOption) as caught:
        session.chat("hi", **{name: value})
    assert told in caught.value.line("en")
    assert not emulator.requests


@pytest.mark.parametrize("word", ["json_object", "text"])
@pytest.mark.parametrize(
    ("service", "as_word"),
    [("aistudio", True), ("emulator", True), ("qianfan", False), ("local", False)],
)
def test_both_forms_of_a_format_are_sent_in_the_service_s_own(service, as_word, word):
    expected = word if as_word else {"type": word}
    for given in (word, {"type": word}):
        request = chat_request(
            [{"role": "user", "content": "hi"}],
            model="m",
            given={"response_format": given},
            rules=SERVICES[service].rules,
        )
        assert openai_style.chat(request).body["response_format"] == expected


@pytest.mark.parametrize("given", ["json_object", {"type": "json_object"}])
def test_v1_is_sent_a_format_s_word_whichever_form_is_given(given):
    request = chat_request(
        [{"role": "user", "content": "hi"}],
        model="ernie-3.5-8k",
        given={"response_format": given},
        rules=SERVICES["qianfan-v1"].rules,
    )
    assert qianfan_v1.chat(request).body["response_format"] == "json_object"


@pytest.mark.parametrize("service", ["aistudio", "qianfan", "local"])
def test_a_schema_is_an_object_everywhere(service):
    schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
    request = chat_request(
        [{"role": "user", "content": "hi"}],
        model="m",
        given={"response_format": schema},
        rules=SERVICES[service].rules,
    )
    assert openai_style.chat(request).body["response_format"] == schema


TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
CALLED = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
CALLS = {"role": "assistant", "content": "", "tool_calls": [CALLED]}


def chosen(name):
    return {"type": "function", "function": {"name": name}}


@pytest.mark.parametrize("id_", [None, "", " ", 5])
def test_a_tool_s_result_says_which_call_it_belongs_to(id_):
    result = {"role": "tool", "name": "weather", "content": "晴"}
    if id_ is not None:
        result["tool_call_id"] = id_
    with pytest.raises(InvalidMessages, match=r"message 3 \(role: tool\) has no tool_call_id"):
        request(ASK, CALLS, result)
    assert request(ASK, CALLS, {**result, "tool_call_id": "c1"}).messages[2]["content"] == "晴"
    # Another maker's server has its own rules, and Qianfan V1 no ids.
    for rules in (Rules(strict=False), Rules(protocol="qianfan-v1")):
        assert chat_request([ASK, CALLS, result], model="m", given={}, rules=rules)


def test_a_tool_s_result_belongs_to_a_call_before_it():
    result = {"role": "tool", "name": "weather", "content": "晴", "tool_call_id": "c2"}
    with pytest.raises(InvalidMessages, match="tool_call_id c2, which no call before it has"):
        request(ASK, CALLS, result)
    both = {**CALLS, "tool_calls": [CALLED, {**CALLED, "id": "c2"}]}
    assert request(ASK, both, {**result, "tool_call_id": "c1"}, result)
    without_ids = {**CALLS, "tool_calls": [{**CALLED, "id": None}]}
    assert request(ASK, without_ids, result)
    assert chat_request([ASK, CALLS, result], model="m", given={}, rules=Rules(strict=False))


@pytest.mark.parametrize(
    ("choice", "tools", "told"),
    [
        (chosen("wether"), [TOOL], "names wether, not in tools. What to do: tools has: weather"),
        (
            chosen("weather"),
            None,
            "names weather, not in tools. What to do: pass tools as well",
        ),
        (chosen(""), [TOOL], "names no tool"),
        ({"type": "function"}, [TOOL], "names no tool"),
        ({"type": "function", "function": "weather"}, [TOOL], "names no tool"),
        ({}, [TOOL], "names no tool"),
        ({"type": "web_search"}, [TOOL], "names web_search, not in tools"),
        ("required", None, '"required", but there are no tools'),
    ],
)
def test_a_tool_that_must_be_called_is_among_the_tools(choice, tools, told):
    with pytest.raises(InvalidOption) as caught:
        request(ASK, tools=tools, tool_choice=choice)
    assert told in caught.value.line("en")
    assert chat_request(
        [ASK], model="m", given={"tool_choice": choice, "tools": tools}, rules=Rules(strict=False)
    )


def weather(city: str) -> str:
    """The weather of a city."""
    return city


@pytest.mark.parametrize("choice", ["weather", weather, {"name": "weather"}])
@pytest.mark.parametrize("strict", [True, False])
def test_a_tool_to_be_called_is_named_by_its_name_or_by_itself(choice, strict):
    made = chat_request(
        [ASK], model="m", given={"tool_choice": choice, "tools": [TOOL]}, rules=Rules(strict=strict)
    )
    assert made.parameters["tool_choice"] == chosen("weather")


@pytest.mark.parametrize(
    ("choice", "tools"),
    [
        (chosen("weather"), [TOOL]),
        (chosen("weather"), [TOOL["function"]]),
        ({"type": "web_search"}, [TOOL, {"type": "web_search"}]),
        ("required", [TOOL]),
        ("auto", None),
        ("none", None),
    ],
)
def test_a_choice_among_the_tools_passes(choice, tools):
    assert request(ASK, tools=tools, tool_choice=choice).parameters["tool_choice"] == choice


@pytest.mark.parametrize(
    ("model", "text", "tokens"),
    [
        ("ernie-3.5-8k", "字" * 5_121, 5_121),
        ("ernie-speed-8k", "word " * 4_800, 6_240),
        ("ernie-4.5-turbo-32k", "字" * 27_649, 27_649),
    ],
)
def test_more_tokens_than_a_model_takes_are_refused_by_an_estimate_that_says_so(
    model, text, tokens
):
    ask = {"role": "user", "content": text}
    with pytest.raises(InvalidMessages) as caught:
        chat_request([ask], model=model, given={})
    assert f"about {tokens} tokens (estimate: Chinese characters" in caught.value.line("en")
    assert f"约有 {tokens} token（估算" in caught.value.line("zh")
    assert chat_request([ask], model=model, given={}, rules=Rules(strict=False))
    assert chat_request([ask], model="a-model-nobody-knows", given={})


def test_the_system_prompt_and_earlier_messages_count_for_a_model_s_length():
    parts = [
        {"role": role, "content": "字" * 1_281} for role in ("system", "user", "assistant", "user")
    ]
    with pytest.raises(InvalidMessages, match="about 5124 tokens"):
        request(*parts)
    assert request(*parts[1:])


def test_what_the_client_follows_itself_is_no_field_of_the_body():
    given = {"retry_count": 1, "request_timeout": 5, "backoff_factor": 0}
    assert request(ASK, **given).parameters == {}
    for rules in (Rules(), Rules(strict=False)):
        with pytest.raises(InvalidOption, match="retry_count -1 is out of range"):
            chat_request([ASK], model="m", given={"retry_count": -1}, rules=rules)


@hypothesis.given(
    st.lists(st.text("a字 .", min_size=1).map(lambda text: "x" + text * 60), min_size=1),
    st.text("a字 ", max_size=900),
)
def test_what_is_left_of_a_long_history_passes_the_check_of_its_length(prompts, tail):
    turns = [[{"role": "user", "content": p}, {**SAY, "content": p}] for p in prompts]
    ask = {"role": "user", "content": "问" + tail}
    dropped = turns_to_drop("ernie-3.5-8k", turns, [ask])
    kept = [message for turn in turns[dropped:] for message in turn]
    assert request(*kept, ask).messages[-1] == ask


def test_the_live_list_s_length_counts_before_the_catalogue_s():
    ask = {"role": "user", "content": "字" * 6_000}
    assert chat_request([ask], model="ernie-3.5-8k", given={}, max_input_tokens=32_000)
    for model in ("ernie-3.5-8k", "a-model-nobody-knows"):
        with pytest.raises(InvalidMessages, match="takes at most 4000"):
            chat_request([ask], model=model, given={}, max_input_tokens=4_000)


@pytest.mark.parametrize("name", ["extra_body", "extra_headers", "extra_query"])
def test_an_argument_of_the_openai_client_is_no_field(name):
    with pytest.raises(InvalidOption, match=f"{name} is an argument of the openai client"):
        chat_request(
            [{"role": "user", "content": "hi"}], model="m", given={}, extra={name: {"top_k": 20}}
        )
