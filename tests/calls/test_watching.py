"""Looks at a task, one after another, until it is over."""

import asyncio

import pytest

from ernie_magic import errors
from ernie_magic.calls.watching import Pace, pace_of, watch_task
from ernie_magic.text.language import Text

AT_ONCE = Pace(0.0, 0.0, 60.0, 60.0)
GOES_ON = Text("任务 t 仍在进行", "the task t goes on: watch(t)")


def server_error():
    return errors.ServerError(Text("服务出错", "the service failed"), status=502)


def unreachable():
    return errors.ServiceUnreachable(Text("连不上", "cannot reach it"))


def page(status=200):
    kind = errors.ProtocolError if status == 200 else errors.PermissionDenied
    return kind(Text("网页", "a page"), status=status, body="<html>login</html>")


def rate_limited(retryable=True):
    return errors.RateLimited(Text("太快", "too many"), status=429, retryable=retryable)


def denied():
    return errors.AuthenticationFailed(Text("密钥过期", "the key has expired"), status=401)


def gone():
    return errors.BadRequest(Text("没有这个任务", "there is no such task"), status=400)


def watch(looks, pace=AT_ONCE):
    """Watch a task whose looks show these, or fail so; returns the last one and what was told."""
    left = iter(looks)
    told = []

    async def look():
        seen = next(left)
        if isinstance(seen, Exception):
            raise seen
        return seen

    last = asyncio.run(
        watch_task(
            look,
            lambda delta: told.append(delta.notice.en),
            is_over=lambda seen: seen == "Done",
            still_running=GOES_ON,
            notice=lambda seen: Text(seen, seen),
            pace=lambda: pace,
        )
    )
    return last, told


@pytest.mark.parametrize(
    "failure",
    [server_error, unreachable, page, rate_limited, lambda: page(403)],
    ids=["5xx", "network", "page", "429", "page with 403"],
)
def test_a_look_that_fails_on_the_way_is_followed_by_the_next_one(failure):
    last, told = watch(["Running", failure(), failure(), failure(), failure(), "Done"])
    assert last == "Done"
    assert told[0] == "Running"
    assert told[1].startswith(f"the task could not be looked at ({failure().what.en})")
    assert told[-1] == "Done"


def test_a_first_look_may_fail_too():
    assert watch([server_error(), page(), "Done"])[0] == "Done"


def test_looks_that_fail_for_too_long_end_the_watch_and_tell_that_the_task_goes_on():
    pace = Pace(0.01, 0.01, patience=0.02)
    with pytest.raises(errors.ServerError) as caught:
        watch(["Running", *(server_error() for _ in range(9))], pace)
    assert GOES_ON.en in caught.value.line("en")


def test_patience_begins_anew_with_each_failure():
    pace = Pace(0.01, 0.01, patience=0.025)
    assert watch(["Running", server_error()] * 9 + ["Done"], pace)[0] == "Done"


def test_before_anything_was_seen_patience_is_short():
    with pytest.raises(errors.ProtocolError):
        watch([page(), "Done"], Pace(0.01, 0.01, patience=60.0, patience_at_first=0.0))


@pytest.mark.parametrize("failure", [denied, lambda: rate_limited(retryable=False)])
def test_what_does_not_pass_ends_the_watch_at_once_and_tells_that_the_task_goes_on(failure):
    with pytest.raises(errors.ServiceError) as caught:
        watch(["Running", failure(), "Done"])
    assert GOES_ON.en in caught.value.line("en")


@pytest.mark.parametrize("before", [[], ["Running"]])
def test_a_task_that_is_not_there_is_not_said_to_go_on(before):
    with pytest.raises(errors.BadRequest) as caught:
        watch([*before, gone(), "Done"])
    assert GOES_ON.en not in caught.value.line("en")


def test_an_address_that_cannot_work_is_told_at_once():
    with pytest.raises(errors.ServiceUnreachable):
        watch([unreachable(), "Done"])


def test_a_state_is_told_again_after_looks_that_failed():
    assert watch(["Running", server_error(), "Running", "Done"])[1].count("Running") == 2


def test_the_emulator_is_looked_at_more_often_and_soon_given_up():
    assert pace_of(30.0, simulated=True).patience < 5
    assert pace_of(30.0, simulated=False).pause == 30.0
    assert pace_of(0.0, simulated=False).pause > 0
