"""Actions, pages and tasks of Qianfan's platform."""

import asyncio
import threading

import pytest

from ernie_magic import errors
from ernie_magic.calls.paging import (
    BARE_LIST,
    AfterPaging,
    MarkerPaging,
    PageWalk,
    entries_of,
    items_of,
)
from ernie_magic.qianfan.console import Console
from ernie_magic.session import Session
from ernie_magic.text.language import Text

SERVICE = {"modelSetId": "am-1", "modelId": "amv-1", "name": "mine"}


@pytest.fixture(scope="module")
def session():
    with Session(service="emulator") as session:
        yield session


@pytest.fixture
def console(session):
    return Console(lambda: session.client)


def start_action(console, action, body):
    async def work(call):
        return await call.action("service", action, body)

    return console.start_work(work)


def create(console, suffix, **changes):
    body = {**SERVICE, "urlSuffix": suffix, **changes}
    return start_action(console, "CreateService", body).result()["serviceId"]


def watch(console, service_id, states, pause=30.0):
    async def work(call):
        async def look():
            state = await call.action("service", "DescribeService", {"serviceId": service_id})
            states.append(state["runStatus"])
            return state["runStatus"]

        return await call.watch_task(
            look,
            is_over=lambda state: state not in ("New", "Deploying"),
            still_running=Text("还在部署", "still deploying"),
            percent=lambda state: 100 if state == "Serving" else 50,
            notice=lambda state: Text(state, state),
            pause=pause,
        )

    return console.start_work(work, progress_title=Text("部署", "deploying"))


def test_an_action_returns_what_is_in_its_envelope(console):
    service_id = create(console, "envelope")
    found = start_action(console, "DescribeService", {"serviceId": service_id}).result()
    assert found["endpoint"].endswith("_envelope")
    assert found["runStatus"] == "New"


def test_all_pages_are_read_one_after_another(console):
    made = [create(console, f"page-{number}") for number in range(12)]

    async def work(call):
        return await call.list_items("service", "DescribeServices", {"name": "mine", "maxKeys": 5})

    rows = asyncio.run(console.start_work(work).aresult())
    assert [row["serviceId"] for row in rows][-12:] == made


@pytest.mark.parametrize(
    ("reply", "following"),
    [
        ({"pageInfo": {"isTruncated": True, "nextMarker": "b"}}, {"marker": "b"}),
        ({"isTruncated": True, "nextMarker": "b", "data": [1]}, {"marker": "b"}),
        ({"pageInfo": {"isTruncated": True, "nextMarker": "a"}}, None),
        ({"pageInfo": {"isTruncated": True, "nextMarker": ""}}, None),
        ({"pageInfo": {"isTruncated": False, "nextMarker": "b"}}, None),
        ({"pageInfo": {"isTruncated": "false", "nextMarker": "b"}}, None),
        ({"pageInfo": {"isTruncated": True, "nextMarker": ["b"]}}, None),
        ({}, None),
        ([1], None),
    ],
)
def test_pages_by_marker_end(reply, following):
    found = MarkerPaging().next_request({"marker": "a", "name": "x"}, reply)
    assert found == (following and {"name": "x", **following})


def markers_of(walk, pages):
    """The markers that are asked for while each reply names the next of these."""
    asked = []
    for marker in pages:
        if walk.request is None:
            break
        asked.append(walk.request.get("marker"))
        walk.advance({"isTruncated": True, "nextMarker": marker, "data": [1]})
    return asked


@pytest.mark.parametrize(("markers", "asked"), [("abab", [None, "a", "b"]), ("aaaa", [None, "a"])])
def test_pages_whose_markers_go_round_in_a_circle_end(markers, asked):
    assert markers_of(PageWalk(MarkerPaging(), {"name": "x"}), markers * 2) == asked


def test_a_list_that_begins_again_at_its_end_ends():
    asked = PageWalk(AfterPaging(2), {"purpose": "batch"})
    asked.advance({"has_more": True, "data": [{"id": "a"}, {"id": "b"}]})
    assert asked.request == {"limit": 2, "purpose": "batch", "after": "b"}
    asked.advance({"has_more": True, "data": [{"id": "a"}, {"id": "b"}]})
    assert asked.request is None


def test_the_only_list_of_a_reply_has_its_entries():
    assert items_of({"pageInfo": {}, "anything": [1]}) == [1]
    assert items_of({"a": [1], "b": [2]}, "b") == [2]
    assert items_of({"a": [1], "b": [2]}) == []


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"requestId": "r"},
        {"requestId": "r", "result": None},
        {"requestId": "r", "result": {}},
        {"requestId": "r", "result": {"serviceList": None}},
        {BARE_LIST: []},
    ],
    ids=str,
)
def test_a_reply_without_a_list_is_no_empty_list(reply):
    with pytest.raises(errors.ProtocolError, match=r"no list|没有列表"):
        entries_of(reply)


@pytest.mark.parametrize(
    "reply",
    [
        {"requestId": "r", "result": []},
        {"requestId": "r", "result": {"serviceList": []}},
        {"requestId": "r", "result": {"serviceList": None, "pageInfo": {"isTruncated": False}}},
        {"result": {"isTruncated": False, "maxKeys": 10}},
        {"object": "list", "data": None, "has_more": False},
    ],
    ids=str,
)
def test_an_empty_list_is_told_in_several_ways(reply):
    assert entries_of(reply) == []


def test_a_reply_that_describes_nothing_is_an_error(session, console, monkeypatch):
    async def nothing(*_args, **_options):
        return {}

    async def work(call):
        monkeypatch.setattr(call, "action", nothing)
        return await call.describe("service", "DescribeService", {"serviceId": "svco-1"})

    with pytest.raises(errors.ProtocolError, match="DescribeService"):
        console.start_work(work).result()


def test_a_task_is_waited_for_and_its_progress_told(console):
    states = []
    stream = watch(console, create(console, "watched"), states)
    deltas = [delta for batch in stream.iter_batches() for delta in batch]
    assert stream.result() == "Serving"
    assert states == ["New", "Deploying", "Serving"]
    assert [delta.progress.done for delta in deltas if delta.progress] == [50, 50, 100]
    notices = [delta.notice.en for delta in deltas if delta.notice]
    assert notices == ["New", "Deploying", "Serving"]


def test_a_watch_that_was_stopped_can_be_started_again_and_creates_nothing(session, console):
    service_id = create(console, "again")
    log = session.client._emulator.requests
    log.clear()
    states = []
    seen = threading.Event()
    stream = watch(console, service_id, states)
    for batch in stream.iter_batches():
        if any(delta.notice for delta in batch):
            seen.set()
            break
    assert seen.is_set()
    assert stream.stop().stop_message.en == "still deploying"
    assert watch(console, service_id, states).result() == "Serving"
    assert {entry.body["serviceId"] for entry in log} == {service_id}


def test_a_failed_state_inside_an_envelope_is_an_answer(console):
    service_id = create(console, "failing", name="mock_failed")
    assert watch(console, service_id, []).result() == "Failed"


def test_a_missing_key_and_a_call_that_buys_are_told(monkeypatch):
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-other")
    with Session(service="aistudio") as other:
        console = Console(lambda: other.client)
        with pytest.raises(errors.MissingKey):
            start_action(console, "DescribeServices", {}).result()

        async def buy(call):
            return await call.action("charge", "PurchaseTPMResource")

        with pytest.raises(errors.InvalidOption, match="/v2/charge"):
            console.start_work(buy).result()


def test_what_is_set_later_does_not_move_a_call_that_began(session, console):
    service_id = create(console, "settled")
    states = []
    stream = watch(console, service_id, states)
    for _batch in stream.iter_batches():
        session.settings.service = "local"
    session.settings.service = "emulator"
    assert stream.result() == "Serving"
