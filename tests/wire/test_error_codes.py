"""The table of error codes: each documented code has one row, in two languages."""

import re

import pytest

from ernie_magic import errors
from ernie_magic.wire.error_codes import CASES, case_for
from tests.wire.test_failures import said

# AI Studio, "错误码" (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns): status, type, code -> what
# we raise.
AI_STUDIO_TABLE = [
    (400, "invalid_request_error", "malformed_json", errors.BadRequest),
    (400, "invalid_request_error", "invalid_model", errors.ModelNotFound),
    (400, "invalid_request_error", "invalid_messages", errors.MessagesRefused),
    (400, "invalid_request_error", "characters_too_long", errors.InputTooLong),
    (400, "invalid_request_error", "invalid_user_id", errors.BadRequest),
    (400, "invalid_request_error", "tokens_too_long", errors.InputTooLong),
    (401, "access_denied", "no_parameter_permission", errors.PermissionDenied),
    (401, "invalid_request_error", "invalid_model", errors.PermissionDenied),
    (401, "invalid_request_error", "invalid_appid", errors.PermissionDenied),
    (401, "invalid_request_error", "invalid_iam_token", errors.AuthenticationFailed),
    (403, "unsafe_request", "system_unsafe", errors.UnsafeRequest),
    (403, "unsafe_request", "user_setting_unsafe", errors.UnsafeRequest),
    (403, "unsafe_request", "functions_unsafe", errors.UnsafeRequest),
    (404, "invalid_request_error", "no_such_model", errors.ModelNotFound),
    (405, "invalid_request_error", "method_not_supported", errors.BadRequest),
    (429, "rate_limit_exceeded", "rpm_rate_limit_exceeded", errors.RateLimited),
    (429, "rate_limit_exceeded", "tpm_rate_limit_exceeded", errors.RateLimited),
    (429, "rate_limit_exceeded", "preemptible_rate_limit_exceeded", errors.RateLimited),
    (429, "rate_limit_exceeded", "user_rate_limit_exceeded", errors.RateLimited),
    (429, "rate_limit_exceeded", "cluster_rate_limit_exceeded", errors.RateLimited),
    (500, "Internal_error", "internal_error", errors.ServerError),
    (500, "Internal_error", "dispatch_internal_error", errors.ServerError),
]


@pytest.mark.parametrize(("status", "kind", "code", "error"), AI_STUDIO_TABLE)
def test_each_row_of_the_seed_s_error_table_has_a_class_and_two_languages(
    status, kind, code, error
):
    found = said(
        status, {"error": {"code": code, "message": "m", "type": kind}, "id": "as-1234567890"}
    )
    assert type(found) is error
    assert (found.status, found.code, found.type, found.request_id) == (
        status,
        code,
        kind,
        "as-1234567890",
    )
    assert case_for(status, code).codes  # a row of its own, not the fallback for the status
    for language, words in (("zh", "请求编号 as-1234567890"), ("en", "request id as-1234567890")):
        assert words in found.line(language)
        assert "\n" not in found.line(language)


def test_only_what_may_pass_by_itself_is_retryable():
    assert {
        error
        for _, _, _, error in AI_STUDIO_TABLE
        if any(c.retryable for c in CASES if c.error is error)
    } == {errors.RateLimited, errors.ServerError}


def test_every_text_of_the_table_is_there_in_both_languages():
    for case in CASES:
        for text in (case.what, case.cause, case.advice):
            assert text is None or (text.zh and text.en and text.zh != text.en), case


# Every code of V1 (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/tlmyncueh) and V2
# (https://cloud.baidu.com/doc/qianfan-api/s/Om9b4yj3w), and whether to retry ("token" renews it).
V1_TABLE = {
    1: "yes",
    2: "yes",
    3: "no",
    4: "yes",
    6: "no",
    13: "token",
    14: "no",
    15: "yes",
    17: "no",
    18: "yes",
    19: "no",
    100: "token",
    110: "token",
    111: "token",
    336000: "yes",
    336001: "no",
    336002: "no",
    336003: "no",
    336004: "no",
    336005: "no",
    336006: "no",
    336007: "no",
    336100: "yes",
    336101: "no",
    336103: "no",
    336104: "no",
    336105: "no",
    336501: "yes",
    336502: "yes",
    336503: "yes",
    336504: "yes",
    336505: "yes",
    500000: "yes",
    40401: "token",
    40410: "yes",
}

V2_TABLE = {
    "malformed_json": "no",
    "invalid_model": "no",
    "invalid_messages": "no",
    "characters_too_long": "no",
    "tokens_too_long": "no",
    "invalid_argument": "no",
    "invalid_user_id": "no",
    "invalid_image_generation_prompt": "no",
    "invalid_image_genration_prompt": "no",
    "invalid_image_generation_refer_image": "no",
    "invalid_image_genration_refer_image": "no",
    "invalid_image_url": "no",
    "invalid_plugin_argument": "no",
    "image_url_unsafe": "no",
    "no_parameter_permission": "no",
    "invalid_appid": "no",
    "invalid_iam_token": "token",
    "system_unsafe": "no",
    "user_setting_unsafe": "no",
    "functions_unsafe": "no",
    "no_such_model": "no",
    "method_not_supported": "no",
    "rpm_rate_limit_exceeded": "yes",
    "tpm_rate_limit_exceeded": "yes",
    "preemptible_rate_limit_exceeded": "yes",
    "user_rate_limit_exceeded": "yes",
    "cluster_rate_limit_exceeded": "yes",
    "internal_error": "yes",
    "dispatch_internal_error": "yes",
    "invalid_client": "no",
}

SHAPES = {
    "A": lambda code: (400, {"error": {"code": code, "message": "m", "type": "t"}, "id": "as-1"}),
    "B": lambda code: (200, {"errorCode": code, "errorMsg": "m", "logId": "as-1"}),
    "C": lambda code: (200, {"code": code, "msg": "m", "id": "as-1"}),
    "D": lambda code: (200, {"error_code": code, "error_msg": "m", "id": "as-1"}),
}


@pytest.mark.parametrize("code", [*V1_TABLE, *V2_TABLE])
def test_every_documented_code_has_a_row_with_cause_and_advice_in_both_languages(code):
    retry = {**V1_TABLE, **V2_TABLE}[code]
    for make in SHAPES.values():
        status, body = make(code)
        found = said(status, body)
        assert found.code == str(code)
        case = case_for(status, str(code))
        assert str(code) in case.codes
        assert (case.retryable, case.renews) == (retry == "yes", retry == "token")
        assert (found.retryable, found.renews, found.request_id) == (
            case.retryable,
            case.renews,
            "as-1",
        )
        for text in (case.what, case.cause, case.advice):
            assert re.search(r"[\u4e00-\u9fff]", text.zh)
            assert re.search(r"[a-z]", text.en)


def test_no_code_stands_in_two_rows_of_one_status():
    seen = {}
    for case in CASES:
        for code in case.codes:
            for status in case.statuses or (None,):
                assert (code, status) not in seen, code
                seen[code, status] = case
