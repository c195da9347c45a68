"""The field of a request that a service refuses is named."""

import json

import pytest

from ernie_magic.errors import BadRequest
from ernie_magic.text.language import Text
from ernie_magic.wire.error_codes import WRONG_FIELD
from ernie_magic.wire.failures import error_from_reply
from ernie_magic.wire.refusals.sent_fields import name_refused_field

BODY = {
    "model": "m",
    "messages": [{"role": "user", "content": "hi"}],
    "temperature": 0.2,
    "seed": 3,
    "stop": ["。"],
    "user": "u",
    "response_format": {"type": "json_schema"},
}


def refused(message, *, status=400, body=None):
    reply = json.dumps(body or {"error": {"message": message}}).encode()
    error = error_from_reply(status, {}, reply)
    name_refused_field(error, BODY)
    return error


@pytest.mark.parametrize(
    ("message", "field", "name"),
    [
        (
            (
                "Unsupported value: 'temperature' does not support 0.2 with this model. Only the "
                "default (1) value is supported."
            ),
            "temperature=0.2",
            "temperature",
        ),
        ("temperature must be strictly positive", "temperature=0.2", "temperature"),
        ("property 'seed' is unsupported", "seed=3", "seed"),
        ("`seed` is not available on this deployment", "seed=3", "seed"),
        ("参数 temperature 的取值范围是 (0, 1.0]", "temperature=0.2", "temperature"),
        ("response_format json_schema is not enabled here", "response_format", "response_format"),
        ("'stop' is not supported by this model", "stop", "stop"),
        ('unknown field "seed"', "seed=3", "seed"),
        ("stop is not supported", "stop", "stop"),
        ("Parameter stop is not enabled for this model", "stop", "stop"),
        ("Seed is currently unavailable", "seed=3", "seed"),
    ],
)
def test_the_field_that_a_service_names_is_cause_and_advice(message, field, name):
    error = refused(message)
    assert error.cause.en == f"it does not accept {field}"
    assert f"leave {name} out" in error.advice.en
    assert f"去掉 {name}" in error.advice.zh


def test_a_field_in_pydantic_s_list_of_faults_is_named():
    fault = {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs"}
    assert refused("", status=422, body={"detail": [fault]}).cause.en.endswith("seed=3")


@pytest.mark.parametrize(
    "message",
    [
        "the user may not do that",  # an ordinary word, which is a field too
        "please stop sending this",
        "a full stop is not supported in names",
        "user is not allowed to do that",
        "the messages of this request are wrong",  # what every request has
        "top_p must be below 1",  # was not sent
        "temperature_scale is unknown",
        "invalid request",
    ],
)
def test_words_about_nothing_that_was_sent_name_no_field(message):
    error = refused(message)
    assert "does not accept" not in error.cause.en


@pytest.mark.parametrize(
    ("value", "shown"),
    [("low", "effort=low"), (True, "effort=True"), ("sk-Abc9xYz0Qw8e", "effort"), ([1], "effort")],
)
def test_only_a_value_that_is_a_number_or_a_word_is_shown(value, shown):
    error = error_from_reply(400, {}, b'{"error": {"message": "effort is wrong"}}')
    name_refused_field(error, {"effort": value})
    assert error.cause.en == f"it does not accept {shown}"


def test_what_a_model_wrote_instead_of_a_tool_call_is_shown():
    error = refused(
        "",
        body={
            "error": {
                "message": "Failed to call a function. See 'failed_generation' for more details.",
                "code": "tool_use_failed",
                "failed_generation": '<function=get_weather>{"city": "Paris"',
            }
        },
    )
    assert '<function=get_weather>{"city": "Paris"' in str(error)
    assert error.what.en.startswith("the model wrote no valid tool call or JSON (")


@pytest.mark.parametrize(
    "message",
    [
        "The parameter `messages.content.type` is not valid: invalid value: `image_url`",
        "content must be a string",
        (
            "'messages.0' : for 'role:user' the following must be satisfied[('messages.0.content' : "
            "value must be a string)]"
        ),
    ],
)
def test_a_server_that_wants_one_text_is_told_of_pictures_only_where_they_were_sent(message):
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    reply = json.dumps({"error": {"message": message, "code": "InvalidParameter"}}).encode()
    causes = []
    for content in ([picture], "hi"):
        error = error_from_reply(400, {}, reply)
        name_refused_field(error, {"messages": [{"role": "user", "content": content}]})
        causes.append(error.cause.en)
    assert "reads text only" in causes[0]
    assert "reads text only" not in causes[1]


def test_no_model_is_offered_for_a_field_of_the_platform():
    error = BadRequest(Text("", ""), WRONG_FIELD, message="The urlSuffix exists already.")
    name_refused_field(error, {"urlSuffix": "svc"}, of_platform=True)
    assert error.advice.en == "leave urlSuffix out or give it another value"
