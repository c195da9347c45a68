"""Where an answer ends, however a server says so: nothing that still comes is cut off."""

import asyncio
import json
import time

import httpx
import pytest

from ernie_magic import errors
from ernie_magic.wire import event_stream, openai_style, reading
from tests.wire.chunks import (
    DONE,
    REQUEST,
    STOP,
    USAGE,
    Pieces,
    as_choices,
    choice,
    chunk,
    event,
    read,
)


@pytest.fixture
def little_patience(monkeypatch):
    monkeypatch.setattr(event_stream, "AFTER_FINISH", 0.2)
    monkeypatch.setattr(event_stream, "AFTER_EARLY_FINISH", 0.6)


@pytest.mark.usefixtures("little_patience")
def test_an_early_or_repeated_reason_to_finish_does_not_cut_what_comes():
    early = read(chunk(finish_reason="stop", role="assistant", content=""), 0.4, chunk(content="A"), DONE)  # fmt: skip
    assert early.text == "A"
    repeated = []
    for text in "ABCD":
        repeated += [chunk(content=text, finish_reason="stop"), 0.1]
    assert read(*repeated, DONE).text == "ABCD"
    late = read(
        chunk(content="A", finish_reason="stop"),
        chunk(content="B", finish_reason="stop"),
        0.5,
        chunk(content="C", finish_reason="length"),
        DONE,
    )
    assert (late.text, late.finish_reason) == ("ABC", "length")
    called = read(
        chunk(finish_reason="tool_calls"),
        0.4,
        chunk(tool_calls=[{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]),
        DONE,
    )
    assert [call["id"] for call in called.tool_calls] == ["a"]


@pytest.mark.usefixtures("little_patience")
def test_a_pause_after_a_reason_beside_text_does_not_cut_the_rest():
    later = read(
        chunk(content="A"),
        chunk(content="B", finish_reason="stop"),
        0.4,
        chunk(content="C", finish_reason="stop"),
        DONE,
    )
    assert later.text == "ABC"
    for first in ("Hello ", "", None):
        pieces = [chunk(content=first, finish_reason="stop"), 0.4]
        answer = read(*pieces, chunk(content="world", finish_reason="stop"), DONE)
        assert answer.text == f"{first or ''}world"
    thought = read(
        chunk(reasoning_content="hm", finish_reason="stop"), 0.4, chunk(content="A"), DONE
    )
    assert (thought.reasoning, thought.text) == ("hm", "A")


@pytest.mark.usefixtures("little_patience")
def test_a_stream_that_is_held_open_after_its_end_is_not_waited_for():
    assert read(chunk(content="A"), chunk(finish_reason="stop"), 60).text == "A"
    assert read(chunk(content="", finish_reason="stop"), 60).text == ""


PINGS = {
    "a type": event({"type": "ping"}),
    "no choices": event({"id": "x", "choices": []}),
    "an empty text": chunk(content=""),
    "the reason again": chunk(finish_reason="stop", content=""),
    "no usage": event({"id": "x", "choices": [], "usage": None}),
    "the same usage": event({"id": "x", "choices": [], "usage": USAGE}),
    "a comment": b": ping\n\n",
    "bare words": b"ping\n\n",
}


@pytest.mark.usefixtures("little_patience")
@pytest.mark.parametrize("name", PINGS)
def test_what_brings_nothing_does_not_prolong_the_wait_after_the_end(name):
    pings = [item for _ in range(40) for item in (PINGS[name], 0.05)]
    began = time.monotonic()
    assert read(chunk(content="A"), chunk(finish_reason="stop"), *pings).text == "A"
    assert time.monotonic() - began < 1.0


@pytest.mark.usefixtures("little_patience")
def test_tokens_after_the_end_are_waited_for_and_prolong_it():
    late = event({"id": "x", "choices": [], "usage": USAGE})
    later = event({"id": "x", "choices": [], "usage": {**USAGE, "total_tokens": 3}})
    answer = read(chunk(content="A", finish_reason="stop"), 0.15, late, 0.15, later, DONE)
    assert answer.usage.total_tokens == 3


@pytest.fixture
def hardly_any_patience(monkeypatch):
    monkeypatch.setattr(event_stream, "AFTER_FINISH", 0.2)
    monkeypatch.setattr(event_stream, "AFTER_EARLY_FINISH", 0.3)


@pytest.mark.usefixtures("hardly_any_patience")
@pytest.mark.parametrize("delta", [{}, {"content": ""}, {"content": None, "role": "assistant"}])
def test_a_pause_after_an_empty_reason_in_mid_stream_does_not_cut_the_rest(delta):
    answer = read(
        chunk(content="Hello "),
        chunk(finish_reason="stop", **delta),
        0.1,
        chunk(content="world"),
        chunk(finish_reason="stop"),
        DONE,
    )
    assert (answer.text, answer.partial, answer.end_unseen) == ("Hello world", False, False)


def finishing(usage, **delta):
    return event({"id": "x", "choices": [choice(0, "stop", **delta)], "usage": usage})


HELD_OPEN = {
    "a reason of its own": [chunk(content="A"), chunk(finish_reason="stop")],
    "a reason beside the last text": [chunk(content="A", finish_reason="stop")],
    "a reason again at the end": [
        chunk(content="A"),
        chunk(finish_reason="stop"),
        chunk(content="B"),
        chunk(finish_reason="stop"),
    ],
    "tokens on each chunk": [
        event({"id": "x", "choices": [choice(content="A")], "usage": USAGE}),
        finishing(USAGE),
    ],
    "tokens beside the first text": [finishing(USAGE, content="A")],
}


ENDED = {
    "tokens in a chunk after the reason": [
        chunk(content="A"),
        chunk(finish_reason="stop"),
        event({"id": "x", "choices": [], "usage": USAGE}),
    ],
    "tokens beside the reason": [chunk(content="A"), finishing(USAGE)],
    "tokens after a reason beside text": [
        chunk(content="A", finish_reason="stop"),
        event({"id": "x", "choices": [], "usage": USAGE}),
    ],
}


@pytest.mark.usefixtures("hardly_any_patience")
@pytest.mark.parametrize("name", HELD_OPEN)
def test_an_answer_whose_end_was_not_seen_is_told_as_partial(name):
    began = time.monotonic()
    answer = read(*HELD_OPEN[name], 60)
    assert (answer.text[0], answer.partial, answer.end_unseen) == ("A", True, True)
    assert time.monotonic() - began < 2.0
    # The same stream with an end is whole.
    for ending in ([DONE], []):
        answer = read(*HELD_OPEN[name], *ending)
        assert (answer.text[0], answer.partial) == ("A", False)


@pytest.mark.usefixtures("hardly_any_patience")
@pytest.mark.parametrize("name", ENDED)
def test_the_number_of_tokens_makes_a_reason_the_last_one(name):
    began = time.monotonic()
    answer = read(*ENDED[name], 60)
    assert (answer.text, answer.partial, answer.end_unseen) == ("A", False, False)
    assert time.monotonic() - began < 0.5


def test_a_timeout_after_a_reason_is_an_end_that_was_not_seen():
    answer = read(chunk(content="A"), chunk(finish_reason="stop"), httpx.ReadTimeout("silent"))
    assert (answer.text, answer.partial) == ("A", True)


CUTS = (httpx.ReadError("reset"), httpx.RemoteProtocolError("incomplete chunked read"))


EARLY = {
    "with each chunk": [chunk(content=text, finish_reason="stop") for text in "ABC"],
    "before the text": [chunk(finish_reason="stop"), chunk(content="A"), chunk(content="BC")],
    "in the middle": [
        chunk(content="A"),
        chunk(content="B"),
        event({"id": "x", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
        chunk(content="C"),
    ],
    "before a thought": [
        chunk(content="ABC", finish_reason="stop"),
        chunk(reasoning_content="and"),
    ],
    "before a tool call": [
        chunk(content="ABC", finish_reason="stop"),
        chunk(tool_calls=[{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}}]),
    ],
}


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: type(cut).__name__)
@pytest.mark.parametrize("name", EARLY)
def test_a_stream_that_is_cut_after_a_reason_that_was_not_its_end_is_not_whole(name, cut):
    with pytest.raises(type(cut)):
        read(*EARLY[name], cut)


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: type(cut).__name__)
def test_how_the_connection_of_a_whole_answer_ends_does_not_matter(cut):
    assert read(chunk(content="A"), chunk(finish_reason="stop"), cut).text == "A"
    assert read(chunk(content="A", finish_reason="stop"), cut).text == "A"
    assert read(*EARLY["with each chunk"], DONE, cut).text == "ABC"


@pytest.mark.parametrize("name", EARLY)
def test_silence_after_repeated_reasons_is_an_end(name):
    assert read(*EARLY[name], httpx.ReadTimeout("silent")).text == "ABC"


LAST_WORDS = {
    "a blank behind": b"data: [DONE] \n\n",
    "a tab behind": b"data: [DONE]\t\n\n",
    "two blanks before": b"data:  [DONE]\n\n",
    "small letters": b"data: [done]\n\n",
    "mixed letters": b"data: [Done]\n\n",
    "no brackets": b"data: DONE\n\n",
    "as JSON": b'data: "[DONE]"\n\n',
    "a name before": b"event: done\ndata: [DONE] \n\n",
    "CR and LF": b"data: [DONE] \r\n\r\n",
    "no end of line": b"data: [DONE] ",
    "a bare line": b"[DONE]\n\n",
}


@pytest.mark.parametrize("name", LAST_WORDS)
def test_the_last_word_ends_a_stream_however_it_is_written(name):
    assert read(chunk(content="ab"), chunk(finish_reason="stop"), LAST_WORDS[name]).text == "ab"
    # Without a reason to finish it is the end by itself.
    assert read(chunk(content="ab"), LAST_WORDS[name]).text == "ab"


@pytest.mark.parametrize("word", ["ok", "end", "</s>", "[DON", "<|endoftext|>", "完"])
def test_other_words_after_the_end_do_not_spoil_the_answer(word):
    late = event({"id": "x", "choices": [], "usage": USAGE})
    answer = read(chunk(content="ab"), chunk(finish_reason="stop"), event(word), late)
    assert (answer.text, answer.usage.total_tokens) == ("ab", 2)
    with pytest.raises(errors.ProtocolError):
        read(chunk(content="ab"), event(word), chunk(finish_reason="stop"), DONE)


@pytest.mark.parametrize("word", ["[END]", "[EOS]", "<end>", '"[END]"'])
def test_tokens_may_be_told_behind_another_word_for_the_end(word):
    late = event({"id": "x", "choices": [], "usage": USAGE})
    for before in ([chunk(finish_reason="stop")], []):
        answer = read(chunk(content="ab"), *before, event(word), late, event(word))
        assert (answer.text, answer.usage.total_tokens) == ("ab", 2)


@pytest.mark.parametrize("rest", ['{"choices": [{"del', '{"choices": [{"delta": }]}'])
def test_a_broken_chunk_after_the_end_is_still_an_error(rest):
    with pytest.raises(errors.ErnieError):
        read(chunk(content="ab", finish_reason="stop"), f"data: {rest}\n\n".encode(), DONE)


ENDS = {
    "in the message": [{"message": {"content": "half", "finish_reason": "length"}}],
    "in the delta": [{"delta": {"content": "half", "finish_reason": "length"}}],
    "in camel case": [{"message": {"content": "half"}, "finishReason": "MAX_TOKENS"}],
    "as Anthropic's": [{"message": {"content": "half"}, "stop_reason": "max_tokens"}],
    "as the provider's": [
        {"delta": {"content": "half"}, "finish_reason": None, "native_finish_reason": "length"}
    ],
}


@pytest.mark.parametrize("name", ENDS)
def test_a_reason_to_finish_is_found_where_gateways_put_it(name):
    whole = read(json.dumps({"choices": ENDS[name]}).encode(), kind="application/json")
    assert whole.is_truncated
    assert read(as_choices(ENDS[name]), DONE).is_truncated


def test_a_reason_to_finish_may_stand_at_the_top():
    choices = [{"delta": {"content": "half"}}]
    assert read(event({"choices": choices, "finish_reason": "length"}), DONE).is_truncated


def test_a_stop_sequence_is_no_reason_to_finish():
    last = [{"delta": {"content": "A"}, "finish_reason": "stop", "stop_reason": "length"}]
    assert read(as_choices(last), DONE).finish_reason == "stop"
    assert read(as_choices([{"delta": {"content": "A"}, "stop_reason": 128009}]), DONE).text == "A"


GOING_ON = ["null", "None", "NULL", "in_progress", "continue", "generating", "unfinished", ""]


@pytest.mark.parametrize("reason", GOING_ON)
def test_a_word_that_says_that_more_follows_is_no_reason_to_finish(reason):
    pieces = [chunk(content="a", finish_reason=reason), chunk(content="b", finish_reason=reason)]
    assert read(*pieces, STOP).text == "ab"
    with pytest.raises(errors.IncompleteAnswer):
        read(*pieces)
    with pytest.raises(errors.ProtocolError):
        read(chunk(content="", finish_reason=reason), DONE)


OWN_ENDS = {
    "a named event without data": b"event: done\n\n",
    "a named event": b"event: done\ndata: {}\n\n",
    "a named event with a word": b"event: end\ndata: bye\n\n",
    "a named event with null": b"event: finish\ndata: null\n\n",
    "a named event with tokens": b'event: complete\ndata: {"usage": {"total_tokens": 3}}\n\n',
    "a longer name": b'event: response.completed\ndata: {"type": "response.completed"}\n\n',
    "Anthropic's": b'event: message_stop\ndata: {"type": "message_stop"}\n\n',
    "Dify's": b'data: {"event": "message_end", "id": "x"}\n\n',
    "a switch": b'data: {"done": true}\n\n',
    "a bare switch": b'{"done": true}\n',
    "a switch inside": b'data: {"data": {"is_end": true}}\n\n',
    "a switch beside a choice": b'data: {"choices": [{"delta": {}}], "finished": true}\n\n',
    "a switch and a comment": b'data: {"done": true}\n\n: ping\n\n',
    "a state": b'data: {"status": "completed"}\n\n',
    "END": b"data: [END]\n\n",
    "EOF": b"data: [EOF]\n\n",
    "end in angles": b"data: <|end|>\n\n",
    "finished": b"data: [FINISHED]\n\n",
    "a text in JSON": b'data: "[END]"\n\n',
}


NO_ENDS = {
    "nothing": b"",
    "a switch that is off": b'data: {"done": false}\n\n',
    "a number": b'data: {"end": 1}\n\n',
    "another name": b"event: message\ndata: {}\n\n",
    "a ping": b"event: ping\ndata: {}\n\n",
    "another state": b'data: {"status": "running"}\n\n',
    "the end of a block": b'data: {"type": "content_block_stop", "index": 0}\n\n',
    "the end of an item": b"event: response.output_item.done\ndata: {}\n\n",
    "an end that was none": b'data: {"done": true}\n\n' + chunk(content="C"),
    "a name that was none": b"event: done\ndata: {}\n\n" + chunk(content="C"),
}


async def _read_to_its_end(items):
    reader = openai_style.reader(REQUEST)
    response = httpx.Response(
        200, headers={"content-type": "text/event-stream"}, stream=Pieces(items)
    )
    text = "".join([delta.text async for delta in reading.iter_deltas(response, reader)])
    return text, reader.end_unseen


@pytest.mark.parametrize("name", OWN_ENDS)
def test_an_end_in_a_server_s_own_words_is_one(name):
    items = [chunk(content="A"), chunk(content="B"), OWN_ENDS[name]]
    assert asyncio.run(_read_to_its_end(items)) == ("AB", False)
    bytewise = [bytes([byte]) for byte in b"".join(items)]
    assert asyncio.run(_read_to_its_end(bytewise)) == ("AB", False)


@pytest.mark.parametrize("name", NO_ENDS)
def test_what_is_no_end_leaves_the_answer_cut(name):
    with pytest.raises(errors.IncompleteAnswer):
        asyncio.run(_read_to_its_end([chunk(content="A"), chunk(content="B"), NO_ENDS[name]]))
