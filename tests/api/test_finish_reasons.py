"""What a service's word for an end means is told by what the word contains."""

import pytest

from ernie_magic.api import finish_reasons

FAILURES = [
    "error",
    "fail",
    "failed",
    "upstream_error",
    "provider_error",
    "model_error",
    "generation_error",
    "engine_overloaded",
    "rate_limit",
    "exception",
    "terminated",
    "interrupted",
    "oom",
    "abort",
    "aborted",
    "canceled",
    "cancelled",
    "timeout",
    "network_error",
    "insufficient_system_resource",
    "malformed_function_call",
    "service_unavailable",
    "Timed-Out",
    "deadline_exceeded",
    "out_of_memory",
    "MALFORMED_RESPONSE",
    "系统异常",
]
NORMAL = [
    "stop",
    "normal",
    "tool_calls",
    "function_call",
    "eos",
    "eos_token",
    "end_turn",
    "stop_sequence",
    "completed",
    "complete",
    "done",
    "finished",
    "STOP",
    "tool_use",
    "success",
    "no_error",
]
TRUNCATED = [
    "length",
    "max_tokens",
    "MAX_TOKENS",
    "incomplete",
    "max_output_tokens",
    "model_length",
    "context_length",
    "model_context_window_exceeded",
    "token_limit",
]
FILTERED = ["content_filter", "SAFETY", "refusal", "PROHIBITED_CONTENT", "sensitive", "RECITATION"]
UNKNOWN = ["<img src=x onerror=evil()>", "load", "weird", "default", "other"]


@pytest.mark.parametrize("reason", FAILURES)
def test_a_failure_is_told_by_its_word(reason):
    assert finish_reasons.is_failure(reason)
    assert not finish_reasons.is_whole_reason(reason)


@pytest.mark.parametrize("reason", ["", *NORMAL])
def test_a_normal_end_is_none_of_the_others(reason):
    assert finish_reasons.is_whole_reason(reason)
    assert not finish_reasons.names_failure(reason)


@pytest.mark.parametrize("reason", TRUNCATED)
def test_a_limit_is_told_by_its_word(reason):
    assert finish_reasons.is_truncation(reason)
    assert not finish_reasons.names_failure(reason)


@pytest.mark.parametrize("reason", FILTERED)
def test_content_review_is_told_by_its_word(reason):
    assert finish_reasons.is_filter(reason)
    assert not finish_reasons.names_failure(reason)


@pytest.mark.parametrize("reason", UNKNOWN)
def test_any_other_word_is_unknown_and_no_failure(reason):
    assert not finish_reasons.is_known_reason(reason)
    assert not finish_reasons.is_failure(reason)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("stop", "stop"),
        ({"type": "error"}, "error"),
        (["error"], "error"),
        ([{"reason": "timeout"}], "timeout"),
        ([], ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_reason_may_stand_in_an_object_or_a_list(value, word):
    assert finish_reasons.spell_reason(value) == word


@pytest.mark.parametrize("name", ["stop_reason", "native_finish_reason", "finish_details"])
def test_a_reason_under_another_name_counts_where_there_is_none_of_the_usual_one(name):
    assert finish_reasons.find_reason({"finish_reason": None, name: {"type": "max_tokens"}}) == (
        "max_tokens"
    )
    assert finish_reasons.find_reason({name: "</s>"}) == ""


@pytest.mark.parametrize(
    ("beside", "found"),
    [
        ({"finish_details": {"type": "max_tokens"}}, "max_tokens"),
        ({"finish_details": {"type": "interrupted"}}, "interrupted"),
        ({"native_finish_reason": "MAX_TOKENS"}, "MAX_TOKENS"),
        ({"native_finish_reason": "SAFETY"}, "SAFETY"),
        ({"finish_details": {"type": "stop", "stop": "<|end|>"}}, "stop"),
        ({"native_finish_reason": "end_turn"}, "stop"),
        ({"native_finish_reason": "zzz"}, "stop"),
        ({"native_finish_reason": None}, "stop"),
        ({"stop_reason": "length"}, "stop"),  # vLLM's: the stop sequence that was met
    ],
)
def test_a_reason_that_tells_more_closely_of_a_cut_is_believed(beside, found):
    assert finish_reasons.find_reason({"finish_reason": "stop", **beside}) == found
