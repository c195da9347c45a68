"""Which answers count, which are kept though they do not, and what is told about them."""

import pytest

from tests.calls.tables.replies import ECHO, NOT_DONE, choice, reply


@pytest.mark.parametrize("to", [None, "mood"])
@pytest.mark.parametrize("name", NOT_DONE)
def test_a_row_without_an_answer_is_told_and_asked_again(raw_session, name, to):
    server, session = raw_session
    server.replies = {"": reply(NOT_DONE[name])}
    mapped = session.map(ECHO, ["a", "b"], schema=to)
    assert sorted(mapped.errors) == [0, 1]
    assert all(row["error"] for row in mapped.rows)
    assert [row[to or "answer"] for row in mapped.rows] == [None, None]
    server.requests.clear()
    server.replies = {"": reply({"choices": choice('{"mood": "good"}')})}
    mapped = session.map(ECHO, ["a", "b"], schema=to, resume=True)
    assert (len(server.requests), mapped.errors) == (2, {})


@pytest.mark.parametrize("reason", ["content_filter", "SAFETY", "sensitive"])
@pytest.mark.parametrize(("content", "to"), [("", None), (" ", "mood"), ('{"mood": "go', "mood")])
def test_a_row_that_content_review_stopped_says_so(raw_session, reason, content, to):
    server, session = raw_session
    server.replies = {"": reply({"choices": choice(content, reason)})}
    told = session.map(ECHO, ["a"], schema=to).errors[0]
    assert told.startswith(f"content review stopped the answer (finish_reason {reason})")
    assert "longer" not in told


def test_an_answer_in_json_that_a_server_takes_for_a_thought_is_read(raw_session):
    server, session = raw_session
    message = {"content": None, "reasoning_content": '{"mood": "good"}'}
    server.replies = {"": reply({"choices": [{"message": message, "finish_reason": "stop"}]})}
    assert session.map(ECHO, ["a"], schema="mood").rows[0]["mood"] == "good"
    server.requests.clear()
    session.map(ECHO, ["a"], schema="mood", resume=True)
    assert server.requests == []


def test_a_column_has_no_thoughts_between_tags(raw_session):
    server, session = raw_session
    server.replies = {"": reply({"choices": choice("<think>hm</think>\n\ngood")})}
    assert session.map(ECHO, ["a"]).rows[0]["answer"] == "good"


@pytest.mark.parametrize(
    "answer", ["Sorry, I cannot tell.", '{"n": "many"}', "[3]", '{"n": 3.5} {"n": 4}', "n = 3"]
)
def test_an_answer_that_does_not_fit_its_columns_is_kept_whole(raw_session, answer):
    server, session = raw_session
    server.replies = {"": reply({"choices": choice(answer)})}
    found = session.map(ECHO, ["a", "b"], schema="n:int")
    assert (sorted(found.errors), found.unread) == ([0, 1], {0: answer, 1: answer})


def test_the_words_of_an_answer_that_is_not_read_outlive_its_run(raw_session):
    server, session = raw_session
    server.replies = {"": reply({"choices": choice("three, I think")})}
    session.map(ECHO, ["a"], schema="n:int")
    server.replies = {"": reply(NOT_DONE["a limit"])}
    assert session.map(ECHO, ["a"], schema="n:int").unread == {}
    found = session.map(ECHO, ["a"], schema="n:int", resume=True)
    assert (found.asked, found.unread) == (0, {0: "three, I think"})
    server.replies = {"": reply({"choices": choice('{"n": 3}')})}
    found = session.map(ECHO, ["a"], schema="n:int", resume=True)
    assert (found.asked, found.unread, found.rows[0]["n"]) == (1, {}, 3)
    server.replies = {"": reply({"choices": choice("three, I think")})}
    session.map(ECHO, ["a"], schema="n:int")
    found = session.map(ECHO, ["a"], schema="n:int", resume=True)
    assert (found.asked, found.rows[0]["n"]) == (0, 3)


def test_an_answer_that_is_none_of_what_was_asked_for_is_asked_for_again(session, emulator):
    emulator.faults.add(delay=0.0)
    rows = ["[[echo]]no json"]
    assert list(session.map("{{text}}", rows, schema="a").errors) == [0]
    emulator.requests.clear()
    assert session.map("{{text}}", rows, schema="a", resume=True).asked == 1


@pytest.mark.parametrize(
    ("reason", "told"),
    [("length", "(length)"), ("content_filter", "(content_filter)"), ("stop", "")],
)
def test_after_a_resume_cut_answers_are_told_as_in_the_first_run(raw_session, reason, told):
    server, session = raw_session
    server.replies = {"": reply({"choices": choice("half", reason)})}
    first = session.map(ECHO, ["a", "b"])
    server.requests.clear()
    resumed = session.map(ECHO, ["b", "a"], resume=True)
    assert (resumed.rows, server.requests) == (first.rows[::-1], [])
    assert resumed.notes == first.notes
    assert first.cut == resumed.cut == ({0: reason, 1: reason} if told else {})
    assert ("2 cut" in repr(first)) is bool(told)
    assert [note.en for note in first.notes] == [f"⚠ answers that may not be whole: 2 {told}"][
        : len(told)
    ]
