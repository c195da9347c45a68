"""The one normaliser: what is checked before anything is sent."""

import pytest

from ernie_magic import errors
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
        ("tool_choice", "maybe", "is not one of: none | auto | required"),
        ("web_search", 5, "is not a JSON object"),
        ("parallel_tool_calls", "yes", "is not a switch"),
        ("metadata", {"a": "b" * 3, "c": 1}, "at most 16 pairs of texts"),
        ("enable_thinking", 1, "is not a switch"),
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
