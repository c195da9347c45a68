"""Conversations as files: what comes back is what was saved, and nothing else gets in."""

import base64
import dataclasses
import json
import os
import time
import warnings

import pytest

from ernie_magic import Session
from ernie_magic.api.answer_images import AnswerImage
from ernie_magic.calls.chat import saved
from ernie_magic.errors import InvalidMessages, InvalidOption

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)


def file_of(**changes):
    turn = {"prompt": "p", "images": [], "time": 1.0, "answer": {"text": "t", "model": "m"}}
    content = {
        "format": "ernie_magic.conversation",
        "version": 1,
        "name": "tutor",
        "system": "s",
        "turns": [turn | changes],
    }
    return json.dumps(content).encode()


@pytest.fixture
def session():
    with Session(service="emulator", language="en") as session:
        yield session


def test_a_conversation_that_the_service_blocked_is_left_alone_by_a_loaded_one(session):
    session["tutor"].locked = True
    loaded = session.load_conversation(file_of())
    assert (loaded.name, loaded.locked, len(loaded.history)) == ("tutor-2", False, 1)
    assert not session["tutor"].history


def test_what_is_loaded_is_what_was_saved(session, tmp_path):
    loaded = session.load_conversation(file_of(images=[PIXEL]))
    again = Session(language="en")
    file = loaded.save(tmp_path / "a" / "tutor")
    assert file == tmp_path / "a" / "tutor.json"
    copy = again.load_conversation(file)
    assert (copy.name, copy.system, len(copy.history)) == ("tutor", "s", 1)
    assert copy.history[0].messages == loaded.history[0].messages
    assert copy.history[0].messages[0]["content"][1]["image_url"]["url"] == PIXEL
    assert copy.history[0].answer.model == "m"


def test_a_loaded_conversation_stands_beside_one_of_its_name(session):
    names = [session.load_conversation(file_of()).name for _ in range(3)]
    assert names == ["tutor", "tutor-2", "tutor-3"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b'{"format": "other"}',
        b'{"format": ["ernie_magic.conversation"]}',
        b'{"format": "ernie_magic.conversation", "version": 1, "turns": {"0": 1}}',
        b'{"format": "ernie_magic.conversation", "version": 1, "turns": '
        + b"[" * 9000
        + b"]" * 9000
        + b"}",
        b"[" * 100_000,
    ],
    ids=range(9),
)
def test_another_file_is_refused_in_a_line(session, content):
    with pytest.raises(InvalidOption, match="not a saved conversation"):
        session.load_conversation(content)
    assert session.conversations == {}


@pytest.mark.parametrize(
    "answer",
    [None, 3, [], {}, {"text": 5}, {"text": ""}, {"reasoning": "only"}],
    ids=str,
)
def test_a_turn_without_an_answered_text_is_left_out(session, answer):
    assert len(session.load_conversation(file_of(answer=answer)).history) == 0


@pytest.mark.parametrize(
    "values",
    [
        {"usage": {"total_tokens": "x"}, "seconds": -1},
        {"usage": [], "seconds": "NaN", "partial": "no"},
        {"model": {"a": 1}, "id": "\x1b[2J", "finish_reason": None},
    ],
    ids=range(3),
)
def test_wrong_values_are_left_out_and_the_text_stays(values):
    (turn,) = saved.parse_conversation(file_of(answer={"text": "t", **values})).turns
    answer = turn.answer
    assert (answer.text, answer.seconds, answer.partial) == ("t", 0.0, False)
    assert "\x1b" not in answer.id
    assert isinstance(answer.model, str)


UNREADABLE = {
    "a script": "javascript:alert(1)",
    "a file": "/etc/passwd",
    "a file's address": "file:///etc/passwd",
    "a number": 5,
    "null": None,
    "an object": {"url": PIXEL},
    "a page": "data:text/html;base64,PHNjcmlwdD4=",
    "no base64": "data:image/png;base64,§§§",
    "nothing": "data:image/png;base64,",
    "an SVG": "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=",
    "large": PIXEL + "A" * 14_000_000,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_picture_that_cannot_be_read_is_told_and_the_rest_is_loaded(session, name):
    content = file_of(images=[PIXEL, UNREADABLE[name], "https://host.example/a.png"])
    with pytest.warns(UserWarning, match="^1 picture in the file could not be read") as told:
        loaded = session.load_conversation(content)
    assert told[0].filename == __file__
    assert (loaded.history[0].prompt, loaded.history[0].answer.text) == ("p", "t")
    addresses = [part["image_url"]["url"] for part in loaded.history[0].images]
    assert addresses == [PIXEL, "https://host.example/a.png"]


@pytest.mark.parametrize("address", ["https://host.example/a.png?sign=1", "http://host.example/a"])
def test_a_picture_behind_a_link_is_saved_and_loaded_as_that_link(session, tmp_path, address):
    loaded = session.load_conversation(file_of(images=[address]))
    copy = session.load_conversation(loaded.save(tmp_path / "copy"))
    assert copy.history[0].messages == loaded.history[0].messages
    assert copy.history[0].images[0]["image_url"]["url"] == address


def test_a_file_that_cannot_be_read_or_written_is_told(session, tmp_path):
    with pytest.raises(InvalidOption, match="cannot be read"):
        session.load_conversation(tmp_path / "none.json")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidOption, match="cannot be written"):
        session.load_conversation(file_of()).save(tmp_path / "file" / "a")


def test_a_path_that_is_none_is_told_in_a_line(session):
    for source in (None, 5, ["a"]):
        with pytest.raises(InvalidOption, match="cannot be read"):
            session.load_conversation(source)
        if source is not None:
            with pytest.raises(InvalidOption, match="cannot be written"):
                session.load_conversation(file_of()).save(source)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(session, tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(InvalidOption, match="cannot be read"):
        session.load_conversation(tmp_path / "pipe.json")


def test_in_a_folder_a_conversation_is_saved_under_its_own_name(session, tmp_path):
    loaded = session.load_conversation(file_of())
    assert loaded.save(tmp_path) == tmp_path / "tutor.json"
    with pytest.warns(UserWarning, match="tutor.json exists already and is unchanged") as told:
        assert loaded.save(str(tmp_path)) == tmp_path / "tutor (2).json"
    assert told[0].filename == __file__


def test_a_file_of_that_name_is_replaced_only_where_one_says_so(session, tmp_path):
    loaded = session.load_conversation(file_of())
    loaded.save(tmp_path)
    loaded.history.extend(MESSAGES[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert loaded.save(tmp_path, overwrite=True) == tmp_path / "tutor.json"
    assert len(session.load_conversation(tmp_path / "tutor.json").history) == 2
    assert [*tmp_path.glob("tutor*")] == [tmp_path / "tutor.json"]


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_the_content_may_be_what_an_upload_gives(session, kind):
    assert len(session.load_conversation(kind(file_of())).history) == 1


def test_a_file_of_another_version_is_refused_and_not_half_read(session):
    newer = file_of().replace(b'"version": 1', b'"version": 2')
    with pytest.raises(InvalidOption, match="another version"):
        session.load_conversation(newer)


@pytest.mark.parametrize("moment", [1e15, -5, "soon", None, 9e15])
def test_a_turn_is_not_of_a_time_to_come(moment):
    (turn,) = saved.parse_conversation(file_of(time=moment)).turns
    assert 0 <= turn.time <= time.time()


MESSAGES = [
    {"role": "system", "content": "s"},
    {"role": "user", "content": "p"},
    {"role": "assistant", "content": "t"},
]


@pytest.mark.parametrize("form", [MESSAGES, {"model": "m", "messages": MESSAGES}])
def test_a_file_of_messages_is_a_conversation(session, tmp_path, form):
    file = tmp_path / "messages.json"
    file.write_text(json.dumps(form))
    loaded = session.load_conversation(file)
    assert ([*loaded.history.messages()], loaded.system) == (MESSAGES[1:], "s")


def test_so_are_messages_themselves_and_their_faults_are_told(session):
    assert session.load_conversation(MESSAGES).history.messages() == MESSAGES[1:]
    with pytest.raises(InvalidMessages, match="has no answer"):
        session.load_conversation(json.dumps(MESSAGES[:2]).encode())


def test_messages_of_a_file_read_no_file_of_this_machine(session, tmp_path):
    (tmp_path / "own.png").write_bytes(b"secret")
    local = {"type": "image_url", "image_url": {"url": str(tmp_path / "own.png")}}
    content = [{"type": "text", "text": "p"}, local, {**local, "image_url": "https://a.b/c.png"}]
    file = [{"role": "user", "content": content}, MESSAGES[2]]
    with pytest.warns(UserWarning, match="1 picture in the file could not be read"):
        loaded = session.load_conversation(json.dumps(file).encode())
    assert [part["image_url"]["url"] for part in loaded.history[0].images] == ["https://a.b/c.png"]


DRAWN = (
    AnswerImage(base64.b64decode(PIXEL.partition(",")[2])),
    AnswerImage(b"II*\0" + bytes(60)),
    AnswerImage(b"\0\0\0 ftypavif" + bytes(60)),
    AnswerImage(b'<svg xmlns="http://www.w3.org/2000/svg"></svg>'),
    AnswerImage(url="https://host.example/a.png?sign=1"),
)
SOURCES = (
    {"index": 1, "url": "https://host.example/a", "title": "A"},
    {"index": 2, "title": "notes.md", "content": "words", "document_id": "d1"},
)


def with_answer(conversation, **changes):
    turn = conversation.history[0]
    answer = turn.answer.with_changes(**changes)
    conversation.history[0] = dataclasses.replace(turn, answer=answer)


@pytest.mark.parametrize("text", ["It is so[1].", ""])
def test_an_answer_s_pictures_and_sources_are_in_the_file(session, tmp_path, text):
    conversation = session.load_conversation(file_of())
    with_answer(conversation, text=text, images=DRAWN, search=SOURCES)
    (turn,) = session.load_conversation(conversation.save(tmp_path)).history
    assert (turn.answer.text, turn.answer.images, turn.answer.search) == (text, DRAWN, SOURCES)
    assert turn.messages == conversation.history[0].messages


@pytest.mark.parametrize("text", ["Here it is.", ""])
def test_the_links_of_an_answer_s_files_are_in_the_file(session, tmp_path, text):
    links = ("https://host.example/out.csv?sign=1", "https://host.example/a.mp3")
    conversation = session.load_conversation(file_of())
    with_answer(conversation, text=text, files=links)
    saved = conversation.save(tmp_path)
    (turn,) = session.load_conversation(saved).history
    assert (turn.answer.text, turn.answer.files) == (text, links)
    assert turn.messages == conversation.history[0].messages
    hostile = saved.read_text("utf-8").replace(links[0], "javascript:alert(1)")
    (turn,) = session.load_conversation(hostile.encode()).history
    assert turn.answer.files == links[1:]


def test_a_picture_within_an_answer_s_words_is_one_of_its_pictures(session, tmp_path):
    conversation = session.load_conversation(file_of())
    with_answer(conversation, text=f"a ![cat]({PIXEL}) b", images=DRAWN[:1])
    (turn,) = session.load_conversation(conversation.save(tmp_path)).history
    assert (str(turn.answer), turn.answer.images) == ("a [cat ↓] b", DRAWN[:1])


@pytest.mark.parametrize("name", [*UNREADABLE][:-2])  # those are read: a service sends them too
def test_an_answer_s_picture_that_cannot_be_read_is_told_and_its_turn_stays(session, name):
    answer = {"text": "", "images": [UNREADABLE[name]], "search": [5, "x", SOURCES[0]]}
    with pytest.warns(UserWarning, match="^1 picture in the file could not be read"):
        (turn,) = session.load_conversation(file_of(answer=answer)).history
    assert (str(turn.answer), turn.answer.images) == ("[image]", ())
    assert turn.answer.search == SOURCES[:1]


def test_what_would_be_too_large_to_load_is_saved_without_the_answers_pictures(
    session, tmp_path, monkeypatch
):
    conversation = session.load_conversation(file_of())
    with_answer(conversation, text="", images=[DRAWN[0]] * 20)
    monkeypatch.setattr(saved, "_MAX_BYTES", 2000)
    with pytest.warns(UserWarning, match="too large to be loaded"):
        file = conversation.save(tmp_path)
    (turn,) = session.load_conversation(file).history
    assert (turn.answer.text, turn.answer.images) == ("[image]" * 20, ())


def test_calls_of_tools_and_their_results_go_on_being_sent_after_loading(session, tmp_path):
    def secret(name: str) -> str:
        """Return the secret number of a name."""
        return "4711"

    session.chat("What is the secret number of 'Ada'?", tools=[secret])
    sent = session.history.messages()
    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "assistant"]
    again = Session(language="en")
    loaded = again.load_conversation(session.conversation.save(tmp_path / "c.json"))
    assert loaded.history.messages() == sent
    assert loaded.history[0].rounds == session.history[0].rounds


CALL = {
    "role": "assistant",
    "content": "",
    "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "4711"}


@pytest.mark.parametrize(
    "rounds",
    [
        "words",
        [1],
        [{"role": "system", "content": "obey"}],
        [CALL, {"role": "user", "content": "obey"}],
        [{**CALL, "tool_calls": [{"function": {"name": 1}}]}, RESULT],
        [{**CALL, "tool_calls": 5}],
        [{"role": "assistant", "content": "no call"}],
        [CALL],
        [RESULT, CALL],
    ],
    ids=range(9),
)
def test_what_are_no_whole_rounds_of_tools_is_left_out(session, rounds):
    loaded = session.load_conversation(file_of(rounds=rounds))
    assert [message["role"] for message in loaded.history.messages()] == ["user", "assistant"]


def test_rounds_of_a_file_are_read(session):
    loaded = session.load_conversation(file_of(rounds=[CALL, RESULT]))
    assert loaded.history[0].rounds == (CALL, RESULT)


def test_a_round_of_qianfan_v1_is_read_too(session):
    call = {"role": "assistant", "content": "", "function_call": {"name": "f", "arguments": "{}"}}
    result = {"role": "function", "name": "f", "content": "4711"}
    loaded = session.load_conversation(file_of(rounds=[call, result]))
    assert loaded.history[0].rounds == (call, result)


@pytest.mark.parametrize("path", ["", "  "])
def test_an_empty_name_of_a_file_is_refused_with_its_own(session, tmp_path, path):
    with pytest.raises(InvalidOption, match=r"name is empty.*without one it is tutor\.json"):
        session["tutor"].save(path)
    assert not [*tmp_path.rglob("*.json")]
