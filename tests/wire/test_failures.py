"""Refusals in every shape, as one error of the tree; and the table behind them."""

import json
import time
from datetime import datetime, timedelta, timezone

import pytest

from ernie_magic import errors
from ernie_magic.errors import ServiceError
from ernie_magic.wire.failures import error_from_reply


def said(status, body, **headers):
    return error_from_reply(
        status, headers, body if isinstance(body, bytes) else json.dumps(body).encode()
    )


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            {"error": {"code": "invalid_messages", "message": "odd", "type": "t"}, "id": "as-1"},
            "invalid_messages",
            "odd",
        ),
        ({"errorCode": 40401, "errorMsg": "token"}, "40401", "token"),
        ({"code": "rpm_rate_limit_exceeded", "msg": "slow"}, "rpm_rate_limit_exceeded", "slow"),
        ({"error_code": 110, "error_msg": "Access token invalid"}, "110", "Access token invalid"),
        ({"detail": [{"loc": ["body"]}]}, "", '[{"loc": ["body"]}]'),
        (
            {"error": "invalid_client", "error_description": "unknown client id"},
            "invalid_client",
            "unknown client id",
        ),
    ],
)
def test_all_body_shapes_are_read(body, code, message):
    found = said(400, body)
    assert isinstance(found, ServiceError)
    assert (found.code, found.message) == (code, message)


def test_a_401_without_permission_for_the_model_is_not_a_bad_key():
    found = said(
        401, {"error": {"code": "invalid_model", "message": "No permission to use the model"}}
    )
    assert type(found) is errors.PermissionDenied
    assert "the key is valid" in found.line("en")


def test_an_error_with_status_200_is_an_error():
    assert type(said(200, {"code": "rpm_rate_limit_exceeded", "msg": "m"})) is errors.RateLimited


def test_html_with_status_200_is_not_an_answer():
    found = said(200, b"<html><title>Login</title></html>")
    assert type(found) is errors.ProtocolError
    assert "a web page" in found.line("en")


def test_html_with_status_502_gives_its_title_only():
    found = said(502, b"<html><head><title>502 Bad Gateway</title></head><body>x</body></html>")
    assert type(found) is errors.ServerError
    assert "502 Bad Gateway" in found.line("en")
    assert "<" not in found.line("en")


@pytest.mark.parametrize(
    "status", [400, 401, 402, 403, 404, 405, 418, 422, 429, 500, 502, 503, 504, 599]
)
@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b"{}", b'"text"', b"\xff\xfe"])
def test_any_status_with_any_body_is_one_line(status, body):
    found = said(status, body)
    assert isinstance(found, ServiceError)
    assert found.line("zh")
    assert "\n" not in found.line("en")


def test_retry_after_is_read():
    assert said(429, {}, **{"retry-after": "7"}).retry_after == 7.0


def test_retry_after_is_seconds_or_a_date():
    from email.utils import format_datetime

    soon = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=30))
    assert said(429, {}, **{"retry-after": "7"}).retry_after == 7
    assert 25 < said(429, {}, **{"retry-after": soon}).retry_after <= 30
    assert said(429, {}, **{"retry-after": "soon"}).retry_after is None


@pytest.mark.parametrize(
    "said",
    [
        "Wed, 21 Oct 99999999999 07:28:00 GMT",
        "Wed, 99 Oct 2015 07:28:00 GMT",
        "Wed, 21 Oct 0000 07:28:00 GMT",
        "Wed, 21 Oct 9999 23:59:59 -2359",
        "nan",
        "inf",
        "-1",
        "1e999",
        "9" * 5000,
        "soon",
        "",
        ",",
        "Wed",
        "Wed, 21 Oct 2015 99:99:99 GMT",
        "Wed, 21 Oct 2015 07:28:00 +99999999999",
        "１２",
        "\x00",
        "1e300",
        "Wed, 01 Jan 3000 00:00:00 GMT",
    ],
)
def test_a_retry_after_that_is_none_is_ignored(said):
    # These are digits all the same.
    assert not error_from_reply(429, {"retry-after": said}, b"{}").retry_after or said == "１２"


def test_a_retry_after_in_either_form_is_heeded():
    assert error_from_reply(429, {"retry-after": "7"}, b"{}").retry_after == 7.0
    assert (
        error_from_reply(429, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, b"{}").retry_after
        == 0.0
    )


MODEL = "The model `m1` does not exist."
CONTEXT = "This model's maximum context length is 4096 tokens. However, you requested 5000."


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (404, MODEL, errors.ModelNotFound),
        (404, 'model "m1" not found, try pulling it first', errors.ModelNotFound),
        (404, "模型 m1 不存在", errors.ModelNotFound),
        (404, "No endpoints found for m1.", errors.ModelNotFound),
        (404, "No models loaded. Please load a model.", errors.ModelNotFound),
        (400, "Model not found in the model list, uid: m1", errors.ModelNotFound),
        (400, "the model found no such file: not found", errors.BadRequest),
        (400, "the model is loaded with context length of only 4096", errors.InputTooLong),
        (404, "Not Found", errors.BadRequest),
        (404, "no route for /v1/models", errors.BadRequest),
        (400, CONTEXT, errors.InputTooLong),
        (400, "request (5000 tokens) exceeds the available context size", errors.InputTooLong),
        (500, "the request exceeds the available context size", errors.InputTooLong),
        (400, "Input is too long for requested model.", errors.InputTooLong),
        (400, f"'max_tokens' is too large: 5000. {CONTEXT}", errors.BadRequest),
        (413, "", errors.InputTooLong),
        (500, "boom", errors.ServerError),
    ],
)
def test_other_servers_say_in_words_that_a_model_is_missing_or_an_input_too_long(
    status, message, error
):
    raised = said(status, {"error": {"message": message, "code": status}})
    assert type(raised) is error
    assert raised.retryable is (error is errors.ServerError)


@pytest.mark.parametrize("status", [408, 409, 425])
def test_a_request_that_the_service_did_not_get_to_is_sent_again(status):
    assert said(status, {}).retryable


@pytest.mark.parametrize(
    ("header", "value", "seconds"),
    [
        ("retry-after-ms", "250", 0.25),
        ("x-ms-retry-after-ms", "1500", 1.5),
        ("retry-after-ms", "soon", None),
        ("retry-after-ms", "-1", None),
        ("retry-after", "3s", 3.0),
    ],
)
def test_a_wait_is_read_in_other_forms(header, value, seconds):
    assert said(429, {}, **{header: value}).retry_after == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset-requests": "1s"}, 1.0),
        ({"x-ratelimit-reset-tokens": "20ms"}, 0.02),
        ({"x-ratelimit-reset-tokens": "0m6.5s"}, 6.5),
        ({"x-ratelimit-reset-input-tokens": "2"}, 2.0),
        ({"X-RateLimit-Reset": "7"}, 7.0),
        ({"RateLimit-Reset": "9"}, 9.0),
        ({"x-ratelimit-reset-requests": "3s", "x-ratelimit-reset-tokens": "5s"}, 5.0),
        (
            {
                "x-ratelimit-reset-requests": "3s",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-tokens": "5s",
                "x-ratelimit-remaining-tokens": "900",
            },
            3.0,
        ),
        (
            {
                "x-ratelimit-reset-requests": "3s",
                "x-ratelimit-remaining-requests": "9",
                "x-ratelimit-reset-tokens": "5s",
                "x-ratelimit-remaining-tokens": "0",
            },
            5.0,
        ),
        ({"RateLimit": '"default";r=0;t=12'}, 12.0),
        ({"RateLimit": '"minute";r=0;t=12, "hour";r=80;t=50'}, 12.0),
        ({"RateLimit": "limit=10, remaining=0, reset=7"}, 7.0),
        ({"x-rate-limit-reset": "8"}, 8.0),
        (
            {
                "anthropic-ratelimit-requests-reset": "4",
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-tokens-reset": "9",
                "anthropic-ratelimit-tokens-remaining": "100",
            },
            4.0,
        ),
        ({"RateLimit": '"default";r=0;t=soon'}, None),
        ({"x-ratelimit-reset": "2026-13-45T99:99:99Z"}, None),
        ({"x-ratelimit-reset-tokens": "6m0s"}, None),  # a whole limit: one call fits long before
        ({"x-ratelimit-reset-tokens": "soon"}, None),
        ({"x-ratelimit-reset-tokens": "-3s"}, None),
        ({"x-ratelimit-reset-tokens": "1" * 300 + "s"}, None),
        ({"x-ratelimit-reset-tokens": "5s", "retry-after": "2"}, 2.0),
    ],
)
def test_the_reset_of_the_limit_that_was_reached_is_waited_for(headers, seconds):
    body = {"error": {"message": "Rate limit reached"}}
    headers = {name.lower(): value for name, value in headers.items()}
    assert said(429, body, **headers).retry_after == seconds
    without = {name: value for name, value in headers.items() if name == "retry-after"}
    assert said(500, {}, **headers).retry_after == said(500, {}, **without).retry_after


@pytest.mark.parametrize("unit", [1, 1000])
def test_a_reset_may_be_a_moment(unit):
    moment = str(int((time.time() + 20) * unit))
    assert 18 < said(429, {}, **{"x-ratelimit-reset": moment}).retry_after <= 20


@pytest.mark.parametrize(
    "name",
    ["retry-after", "x-ratelimit-reset", "anthropic-ratelimit-requests-reset", "ratelimit-reset"],
)
def test_a_wait_may_be_a_timestamp_or_a_second_of_the_epoch(name):
    moment = datetime.now(timezone.utc) + timedelta(seconds=20)
    for value in (moment.strftime("%Y-%m-%dT%H:%M:%SZ"), str(int(moment.timestamp()))):
        assert 18 < said(429, {}, **{name: value}).retry_after <= 20
    without_zone = moment.strftime("%Y-%m-%dT%H:%M:%S")
    assert said(429, {}, **{name: without_zone}).retry_after is None


def test_when_a_limit_is_whole_again_is_told_where_it_is_not_waited_for():
    headers = {"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "0"}
    error = said(429, {}, **headers)
    assert (error.retryable, error.retry_after) == (True, None)
    assert error.advice.en.endswith("the limit is whole again in 360 s")
    assert "whole" not in said(429, {}, **{**headers, "retry-after": "5"}).advice.en


def test_of_two_waits_the_longer_is_kept():
    assert said(429, {}, **{"retry-after": "5, 10"}).retry_after == 10
    message = f"Rate limited until {datetime.now(timezone.utc) + timedelta(seconds=20):%FT%TZ}"
    assert 18 < said(429, {"error": {"message": message}}).told_wait <= 20


@pytest.mark.parametrize(
    "error",
    [
        {"message": "busy", "code": "concurrency_limit"},
        {"message": "busy", "type": "concurrent_requests_exceeded"},
        {"message": "Too many concurrent requests"},
        {"message": "Rate limit exceeded for this model"},
        {"message": "当前并发超过限制"},
    ],
)
@pytest.mark.parametrize("status", [200, 400, 500, 503])
def test_a_limit_is_told_from_its_words_whatever_the_status(status, error):
    assert type(said(status, {"error": error})) is errors.RateLimited


def test_an_option_that_is_named_after_limits_is_none():
    refused = said(400, {"error": {"message": "rate_limit is not a valid parameter"}})
    assert type(refused) is errors.BadRequest


def test_a_message_that_is_a_list_is_repeated():
    wrong = [{"loc": ["body", "model"], "msg": "Field required"}]
    assert "Field required" in said(400, {"object": "error", "message": wrong}).message


@pytest.mark.parametrize("code", ["content_filter", "DataInspectionFailed"])
def test_other_services_codes_for_content_review_are_known(code):
    refused = said(400, {"error": {"message": "no", "code": code}})
    assert type(refused) is errors.UnsafeRequest


WAITS = {
    "Rate limit reached on tokens per minute (TPM). Please try again in 3.2s.": 3.2,
    "Rate limit reached. Please try again in 1m26.4s. Visit https://x": 86.4,
    "Please try again in 20ms.": 0.02,
    "try again in 250 milliseconds": 0.25,
    "Quota exceeded, limit: 15\nPlease retry in 36.9s.": 36.9,
    "have exceeded call rate limit. Please retry after 6 seconds.": 6.0,
    "Rate limit of 10 per 60s exceeded. Please wait 12 seconds before retrying.": 12.0,
    "reached max organization concurrency: 1, please try again after 1 seconds": 1.0,
    "wait for at least 2 min": 120.0,
    "请求过于频繁，请在 5 秒后重试": 5.0,
    "请等待 30 秒": 30.0,
    "请求太频繁，请等5秒再试": 5.0,
    "限流：10次/60秒": 0.0,
    "Limit resets in: 45s": 45.0,
    "Model busy, available again in 20 seconds": 20.0,
    "限流，请 2 分钟后再试": 120.0,
    "try again later": 0.0,
    "try again in 5": 0.0,
    "limit 10 per 60s": 0.0,
    "请稍后再试": 0.0,
}


@pytest.mark.parametrize("message", WAITS)
def test_a_wait_is_read_in_a_sentence(message):
    error = said(429, {"error": {"message": message}})
    assert (error.told_wait, error.retry_after) == (WAITS[message], None)
    assert said(429, {"error": {"message": message}}, **{"retry-after": "7"}).told_wait == 0.0


def test_a_wait_is_read_in_fields_of_a_refusal():
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "36s"}]
    google = {"error": {"code": 429, "message": "quota", "details": details}}
    assert said(429, google).told_wait == 36.0
    for fields in ({"retry_after": 1.5}, {"retryAfterSeconds": "1.5"}, {"retry_after_ms": 1500}):
        assert said(429, {"message": "slow", **fields}).told_wait == 1.5
        assert said(429, {"error": {"message": "slow", **fields}}).told_wait == 1.5
    assert said(429, {"message": "slow", "retry_after": "soon"}).told_wait == 0.0
    moment = str(int((time.time() + 20) * 1000))
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": moment}
    router = {"error": {"code": 429, "message": "slow", "metadata": {"headers": headers}}}
    assert 18 < said(429, router).told_wait <= 20
    assert said(429, router).advice.en in (
        "the service asks to wait 20 s",
        "the service asks to wait 19 s",
    )


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (429, "余额不足或无可用资源包,请充值。", errors.QuotaExhausted),
        (403, "Sorry, your account balance is insufficient", errors.QuotaExhausted),
        (403, "该令牌额度已用尽", errors.QuotaExhausted),
        (401, "余额不足", errors.AuthenticationFailed),
        (400, "content: value error, input: 余额不足怎么办", errors.BadRequest),
        (400, f"invalid value: {'x' * 80} my API key is invalid", errors.BadRequest),
        (500, "failed on: 欠费", errors.ServerError),
        (429, "TPM 额度不足", errors.RateLimited),
        (400, "API key not valid. Please pass a valid API key.", errors.AuthenticationFailed),
        (200, "无权进行此操作，未提供 token", errors.AuthenticationFailed),
        (200, "Model does not exist. Please check it carefully.", errors.ModelNotFound),
        (200, "No such model", errors.ModelNotFound),
        (200, "Model too busy, unable to get response in less than 60 second(s)", errors.ServerError),
        (200, "System is too busy now. Please try again later.", errors.ServerError),
        (200, "当前分组上游负载已饱和，请稍后再试", errors.ServerError),
        (200, "Unexpected endpoint or method. (POST /chat/completions)", errors.BadRequest),
        (429, "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 64000.", errors.InputTooLong),
        (413, "Request too large for model `x` on tokens per minute (TPM): Limit 6000", errors.InputTooLong),
        (200, "a busy street", errors.ServiceError),
    ],
)  # fmt: skip
def test_a_sentence_tells_more_than_the_status(status, message, error):
    assert type(said(status, {"error": {"message": message}})) is error


def test_a_request_that_exceeds_a_limit_alone_is_too_long_whatever_its_code():
    message = "Request too large on tokens per min (TPM): Limit 30000, Requested 64000."
    error = said(429, {"error": {"message": message, "code": "rate_limit_exceeded"}})
    assert (type(error), error.retryable) == (errors.InputTooLong, False)


def test_a_reply_that_is_cut_is_told_as_that():
    whole = json.dumps({"choices": [{"message": {"content": "hi"}}]})
    for cut in whole[:-5], whole + "\0", whole + whole, "{":
        assert "incomplete or damaged JSON" in said(200, cut.encode()).line("en")
    for other in whole, "<html>", "[1, 2", "", "words", whole[:-1] + " " * 70_000:
        assert "instead of an answer" in said(200, other.encode()).line("en")


@pytest.mark.parametrize(
    ("code", "message", "named"),
    [
        ("NotFound", "Could not find credential.", "QIANFAN_ACCESS_KEY"),
        (
            "InvalidAccessKeyId",
            "The Access Key ID you provided does not exist",
            "QIANFAN_ACCESS_KEY",
        ),
        (
            "SignatureDoesNotMatch",
            "Fail to authn user: Signature does not match",
            "QIANFAN_SECRET_KEY",
        ),
        ("RequestExpired", "Fail to authn user: expired", "clock"),
    ],
)
@pytest.mark.parametrize("status", [400, 403, 404])
@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"error_code": 14, "error_msg": "IAM Certification failed"}']
)
def test_what_baidu_s_gateway_says_in_headers_tells_which_key_is_wrong(
    code, message, named, status, body
):
    found = said(status, body, **{"x-bce-error-code": code, "x-bce-error-message": message})
    assert type(found) is errors.AuthenticationFailed
    assert named in found.line("en")
    assert message in found.line("en")


def test_a_code_of_the_body_counts_and_not_that_of_the_headers():
    body = {"error": {"code": "rpm_rate_limit_exceeded", "message": "slow"}}
    found = said(429, body, **{"x-bce-error-code": "RequestExpired"})
    assert type(found) is errors.RateLimited


def test_a_key_that_baidu_s_gateway_cannot_read_is_no_wrong_signature():
    body = {"code": "InvalidHTTPAuthHeader", "message": "Fail to parse apikey authorization"}
    found = said(401, body)
    assert type(found) is errors.AuthenticationFailed
    assert "copy all of the API key" in found.line("en")
    assert "signature" not in found.line("en")
