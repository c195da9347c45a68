"""States, progress and reasons in descriptions of tasks."""

import pytest

from ernie_magic.calls.task_states import (
    has_failed,
    has_succeeded,
    is_over,
    percent_in,
    reason_in,
    state_in,
)


@pytest.mark.parametrize(
    ("result", "state", "percent"),
    [
        ({"runStatus": "Running", "runProgress": "40%"}, "Running", 40),
        ({"runStatus": "Done", "runProgress": ""}, "Done", 100),
        ({"runStatus": "Failed", "runProgress": "60%"}, "Failed", 100),
        ({"importStatus": "Importing", "progress": "12.5"}, "Importing", 12.5),
        ({"importStatus": "ImportFinished"}, "ImportFinished", 100),
        ({"status": "creating"}, "creating", 0),
        ({"runStatus": "", "status": "x"}, "", 0),
        ({"status": 1, "state": "Ready"}, "Ready", 100),
        ({"runStatus": "Running", "progress": "soon"}, "Running", 0),
        ({"runStatus": "Running", "progress": 250}, "Running", 100),
        ({}, None, 0),
        ([], None, 0),
        (None, None, 0),
    ],
)
def test_a_description_tells_a_task_s_state_and_progress(result, state, percent):
    assert state_in(result) == state
    assert percent_in(result) == percent


@pytest.mark.parametrize(
    "state",
    [
        "",
        "1",
        "New",
        "Pending",
        "Starting",
        "RUNNING",
        "queuing",
        "Queued",
        "Stopping",
        "in_progress",
        "CANCELLATION_REQUESTED",
        "NotReady",
        "notConfigured",
        "Unpublished",
        "ToBePublished",
        "排队中",
        "a word of next year's",
    ],
)
def test_what_is_not_known_to_be_an_end_is_under_way(state):
    assert not is_over(state)


@pytest.mark.parametrize(
    "state",
    [
        "Done",
        "FINISH",
        "Serving",
        "Ready",
        "ImportFinished",
        "SUCCESS",
        "Published",
        "available",
        "retrainErrSegmentUsable",
        "completedWithErrors",
    ],
)
def test_good_ends_are_known_by_their_last_word(state):
    assert has_succeeded(state)
    assert not has_failed(state)


@pytest.mark.parametrize(
    "state",
    [
        "Fail",
        "FAILED",
        "ImportFailed",
        "parseError",
        "retrainingSegmentUnusable",
        "StoppedByUser",
        "TIMEOUT_EXCEEDED",
        "cancelled",
        "Canceled",
        "expired",
    ],
)
def test_ends_without_success_are_known_by_their_last_word(state):
    assert has_failed(state)
    assert not has_succeeded(state)


@pytest.mark.parametrize(
    "fields",
    [
        {"errMsg": "bad line"},
        {"failReason": "bad line"},
        {"error": {"code": "E1", "message": "bad line"}},
        {"errorCode": "E1", "errorMessage": "bad line"},
        {"error_msg": "bad line"},
        {"failMsg": "", "statusMessage": "bad line"},
        {"errDownLink": "https://x", "reason": " bad line\n"},
    ],
)
def test_a_failure_s_reason_is_found_under_whatever_name_it_has(fields):
    assert reason_in(fields, "Fail") == "bad line"
    assert reason_in(fields, "Running") == ""


@pytest.mark.parametrize("fields", [{}, {"errMsg": None}, {"errorCode": 5, "errDownLink": "x"}])
def test_a_failure_without_a_reason_has_none(fields):
    assert reason_in(fields, "Fail") == ""
