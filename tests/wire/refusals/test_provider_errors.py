"""What a gateway repeats of its provider's error gives the error its meaning."""

import json

import pytest

from ernie_magic import errors
from tests.wire.test_failures import said

TOO_LONG = "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens."
OPENAIS = {"error": {"message": TOO_LONG, "type": "invalid_request_error", "code": None}}
LIMIT = {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}


def through_router(raw, code=400):
    fields = {"raw": raw, "provider_name": "Nvidia"}
    return {"error": {"message": "Provider returned error", "code": code, "metadata": fields}}


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (TOO_LONG, errors.InputTooLong),
        (OPENAIS, errors.InputTooLong),
        (json.dumps(OPENAIS), errors.InputTooLong),
        (json.dumps([OPENAIS]), errors.InputTooLong),
        (f"ERROR {json.dumps(OPENAIS)}", errors.InputTooLong),
        ('{"message":"Input is too long for requested model."}', errors.InputTooLong),
        ('{"detail":"This model does not support tools"}', errors.BadRequest),
        ('{"error":{"message":"insufficient balance"}}', errors.QuotaExhausted),
        ('{"error":{"code":"content_filter","message":"no"}}', errors.UnsafeRequest),
        ('{"error":{"message":"Invalid API key provided"}}', errors.AuthenticationFailed),
        (json.dumps(through_router(json.dumps(OPENAIS))), errors.InputTooLong),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 502])
def test_what_openrouter_s_provider_says_gives_the_error_its_meaning(raw, error, status):
    raised = said(status, through_router(raw))
    assert type(raised) is error, raised
    assert raised.message.startswith("Provider returned error: ")
    assert "{" not in raised.message


@pytest.mark.parametrize(
    "message",
    [
        f"Error code: 400 - {OPENAIS}",
        f"Error code: 400 - {json.dumps(OPENAIS)}",
        f"litellm.BadRequestError: AzureException - Error code: 400 - {OPENAIS}. Retried: 0",
        f"VertexAIException BadRequestError - b'{json.dumps(OPENAIS)}'",
        f"openrouter error: Provider returned error | metadata: {json.dumps({'raw': OPENAIS})}",
        f"bad response status code 400, body: {json.dumps(OPENAIS)} (request id: 1)",
        f"Upstream error from Novita: {json.dumps({'code': 400, 'message': TOO_LONG})}",
        json.dumps(OPENAIS),
    ],
)
def test_json_behind_a_gateway_s_words_is_its_provider_s_error(message):
    raised = said(400, {"error": {"message": message, "code": "400"}})
    assert type(raised) is errors.InputTooLong, raised
    assert raised.message.endswith(TOO_LONG)


@pytest.mark.parametrize("name", ["cause", "innererror", "details"])
def test_an_error_inside_another_gives_it_its_meaning(name):
    raised = said(400, {"error": {"message": "The upstream call failed", name: OPENAIS["error"]}})
    assert type(raised) is errors.InputTooLong
    assert raised.message == f"The upstream call failed: {TOO_LONG}"


def test_a_status_beside_a_provider_s_error_is_kept():
    raised = said(200, through_router('{"error":{"message":"x","code":"Z9"}}', 429))
    assert (type(raised), raised.code) == (errors.RateLimited, "Z9")
    assert type(said(200, through_router(LIMIT, 400))) is errors.RateLimited


@pytest.mark.parametrize(
    "message",
    [
        f"messages[0].content must be a list, got: {json.dumps(LIMIT)}",
        f"Invalid value: {json.dumps(LIMIT)}",
        f"openai error: Invalid value: '{json.dumps(LIMIT)}'",
        f"could not validate input {json.dumps(LIMIT)}",
        f"status: failed to read tool arguments {json.dumps(LIMIT)}",
    ],
)
def test_json_that_was_sent_is_no_provider_s_error(message):
    raised = said(400, {"error": {"message": message}})
    assert (type(raised), raised.message) == (errors.BadRequest, message)


@pytest.mark.parametrize(
    "raw", [{}, [], "", "{", 7, None, {"a": 1}, {"raw": {"raw": {}}}, "{" * 9000]
)
def test_a_provider_that_says_nothing_leaves_the_gateway_s_words(raw):
    raised = said(400, through_router(raw))
    assert type(raised) is errors.BadRequest
    assert raised.message.startswith("Provider returned error")
