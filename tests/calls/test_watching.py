"""States and progress in descriptions of tasks."""

import pytest

from ernie_magic.calls.watching import is_under_way, percent_in, state_in


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


def test_only_words_for_what_goes_on_are_waited_for():
    assert all(map(is_under_way, ("", "New", "Waiting", "RUNNING", "queuing", "Stopping")))
    assert not any(map(is_under_way, ("Done", "FINISH", "Serving", "Ready", "Fail", "anything")))
