"""Answers in unusual shapes: text is text, a thought is reasoning, and what is unknown is told."""

import asyncio
import json
import time

import httpx
import pytest

from ernie_magic import errors
from ernie_magic.api.requests import chat_request
from ernie_magic.wire import event_stream, openai_style, qianfan_v1, reading

REQUEST = chat_request([{"role": "user", "content": "hi"}], model="m", given={})


class Pieces(httpx.AsyncByteStream):
    """Events, each after a pause in seconds; held open at the end if that is the last item, and cut
    if that is an exception.
    """

    def __init__(self, items):
        self._items = items

    async def __aiter__(self):
        for item in self._items:
            if isinstance(item, bytes):
                yield item
            elif isinstance(item, Exception):
                raise item
            else:
                await asyncio.sleep(item)


def event(payload):
    if not isinstance(payload, str):
        payload = json.dumps(payload)
    return f"data: {payload}\n\n".encode()


DONE = event("[DONE]")
STOPPED = {"finish_reason": "stop"}
USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


def choice(index=0, finish_reason=None, **delta):
    return {"index": index, "delta": delta, "finish_reason": finish_reason}


def chunk(index=0, finish_reason=None, **delta):
    return event({"id": "x", "choices": [choice(index, finish_reason, **delta)]})


def read(*items, reader=None, kind="text/event-stream"):
    """The pieces of text and reasoning that are shown, and the answer."""
    reader = reader or openai_style.reader(REQUEST)
    response = httpx.Response(200, headers={"content-type": kind}, stream=Pieces(items))

    async def shown():
        return [delta async for delta in reading.iter_deltas(response, reader)]

    deltas = asyncio.run(shown())
    answer = reader.build_answer(seconds=1, first_seconds=1, partial=False, service="s")
    assert "".join(delta.text for delta in deltas) == answer.text
    assert "".join(delta.reasoning for delta in deltas) == answer.reasoning
    return answer


def read_body(message):
    body = {"id": "x", "choices": [{"message": message, "finish_reason": "stop"}]}
    return read(json.dumps(body).encode(), kind="application/json")


THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "closed": True}
CONTENTS = {
    "a part": ([{"type": "text", "text": "A"}], "A", ""),
    "parts": ([{"type": "text", "text": "A"}, {"type": "text", "text": "B"}], "AB", ""),
    "texts": (["A", "B"], "AB", ""),
    "one part without a list": ({"type": "text", "text": "A"}, "A", ""),
    "a text in an object": ([{"type": "text", "text": {"value": "A"}}], "A", ""),
    "no type": ([{"text": "A"}], "A", ""),
    "an output text": ([{"type": "output_text", "text": "A", "annotations": []}], "A", ""),
    "Mistral's thoughts": ([THINKING, {"type": "text", "text": "A"}], "A", "hm"),
    "a thought": ([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "A"}], "A", "hm"),
    "a summary": (
        [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}, "A"],
        "A",
        "hm",
    ),
    "a refusal": ([{"type": "refusal", "refusal": "no"}], "no", ""),
    "a reference": ([{"type": "text", "text": "A"}, {"type": "reference", "reference_ids": [1]}], "A", ""),
    "Google's thought": ([{"text": "hm", "thought": True}, {"text": "A", "thought": False}], "A", "hm"),
    "code": ([{"type": "text", "text": "A"}, {"type": "code", "text": "x"}], "Ax", ""),
    "Markdown": ([{"type": "markdown", "markdown": "*A*"}], "*A*", ""),
    "nothing in a part": ([{"type": "text", "text": None}, {"type": "text", "text": "A"}, None], "A", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTENTS)
def test_content_in_parts_is_text_and_reasoning(name):
    content, text, reasoning = CONTENTS[name]
    whole = read_body({"content": content})
    streamed = read(chunk(content=content), chunk(finish_reason="stop"), DONE)
    assert (whole.text, whole.reasoning) == (streamed.text, streamed.reasoning) == (text, reasoning)


def test_parts_and_texts_may_alternate_in_a_stream():
    answer = read(
        chunk(content=[THINKING]),
        chunk(content=[THINKING]),
        chunk(content="A"),
        chunk(content="B"),
        chunk(content=[{"type": "text", "text": "C"}]),
        chunk(content="D", finish_reason="stop"),
        DONE,
    )
    assert (answer.text, answer.reasoning) == ("ABCD", "hmhm")


@pytest.mark.parametrize(
    "content",
    [
        5,
        0,
        True,
        [5],
        [{"type": "image_url", "image_url": {"url": "x"}}],
        [{"a": 1}],
        {"b": 2},
        {"summary": "fine", "score": 5},
    ],
)
def test_content_of_an_unknown_shape_is_an_error(content):
    with pytest.raises(errors.ProtocolError, match="cannot be read"):
        read_body({"content": content})
    with pytest.raises(errors.ProtocolError, match="cannot be read"):
        read(chunk(content="A"), chunk(content=content), chunk(finish_reason="stop"), DONE)


OBJECTS = {
    "parsed": {"a": 1},
    "content_blocks": [{"type": "text", "text": "A"}],
    "files": [{"url": "http://x/y.pdf"}],
    "message": "A",
}


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_that_stands_for_the_words_of_an_answer_is_told(name):
    for message in {"content": None}, {"content": ""}:
        with pytest.raises(errors.ProtocolError, match=f"cannot be read: {name}"):
            read_body({**message, name: OBJECTS[name]})
    assert read_body({"content": "B", name: OBJECTS[name]}).text == "B"
    whole = {"output_text": "A", "choices": [{"message": {"content": ""}, **STOPPED}]}
    for reply in whole, {"message": {"content": "A"}, "choices": whole["choices"]}:
        with pytest.raises(errors.ProtocolError, match=f"cannot be read: {next(iter(reply))}"):
            read(json.dumps(reply).encode(), kind="application/json")
    both = [
        {"index": i, "message": {"content": text}, **STOPPED} for i, text in enumerate(("", "A"))
    ]
    with pytest.raises(errors.ProtocolError, match="cannot be read: choices"):
        read(json.dumps({"choices": both}).encode(), kind="application/json")
    with pytest.raises(errors.ProtocolError, match="cannot be read: output"):
        read(event({"choices": [{"output": {"text": "A"}, **STOPPED}]}), DONE)


@pytest.mark.parametrize("name", ["metadata", "token_ids", "x_vendor", "usage", "safety_ratings"])
def test_an_object_about_an_empty_answer_is_no_part_of_it(name):
    assert read_body({"content": "", name: {"a": 1}}).text == ""


def test_words_under_an_unknown_name_alone_are_an_error():
    for message in {"text": "A"}, {"content": "", "cot_summary": "A"}, {"final_answer": "A"}:
        with pytest.raises(errors.ProtocolError, match=f"cannot be read: {list(message)[-1]}"):
            read_body(message)
    for message in (
        {"name": "bot", "channel": "final"},
        {"provider": "x", "message_id": "y", "uuid": "z", "stop_reason": "w", "model_name": "v"},
        {"cot_summary": " "},
        {"weight": 1},
    ):
        assert not read_body({"content": "", **message}).text


UNWRAPPED = {
    "content in the choice": {"content": "ab"},
    "a list of one message": {"message": [{"role": "assistant", "content": "ab"}]},
    "messages": {"messages": [{"role": "assistant", "content": "ab"}]},
    "words alone": {"message": "ab"},
    "a list in the choice": {"content": [{"type": "text", "text": "ab"}]},
}


@pytest.mark.parametrize("name", UNWRAPPED)
def test_a_message_is_read_without_its_object_or_in_a_list(name):
    body = {"choices": [{**UNWRAPPED[name], "finish_reason": "stop"}]}
    assert read(json.dumps(body).encode(), kind="application/json").text == "ab"


def test_so_is_a_delta():
    chunks = [event({"choices": [{"index": 0, "delta": [{"content": text}]}]}) for text in "ab"]
    assert read(*chunks, chunk(finish_reason="stop"), DONE).text == "ab"
    direct = [event({"choices": [{"index": 0, "content": text}]}) for text in "ab"]
    assert read(*direct, chunk(finish_reason="stop"), DONE).text == "ab"


@pytest.mark.parametrize("field", ["answer", "output", "generated_text"])
def test_words_of_a_choice_under_an_unknown_name_are_an_error(field):
    body = {"choices": [{"index": 0, field: "A", "finish_reason": "stop"}]}
    with pytest.raises(errors.ProtocolError, match=f"cannot be read: {field}"):
        read(json.dumps(body).encode(), kind="application/json")


@pytest.mark.parametrize("text", [["a", "b"], {"content": "ab"}, [{"type": "text", "text": "ab"}]])
def test_a_completion_s_text_may_be_in_parts(text):
    body = {"choices": [{"text": text, "finish_reason": "stop"}]}
    assert read(json.dumps(body).encode(), kind="application/json").text == "ab"


@pytest.mark.parametrize("name", ["is_truncated", "truncated", "incomplete"])
def test_an_answer_that_is_marked_as_cut_off_is_truncated(name):
    for marked in True, "true", 1:
        for place in "message", "choice", "reply":
            message, choice, reply = (
                {name: marked} if place == at else {} for at in ("message", "choice", "reply")
            )
            choice |= {"message": {"content": "half", **message}, "finish_reason": "stop"}
            body = json.dumps({"choices": [choice], **reply}).encode()
            assert read(body, kind="application/json").is_truncated
    assert not read_body({"content": "whole", name: False}).is_truncated


def test_a_refusal_is_shown():
    assert read_body({"content": None, "refusal": "I cannot"}).text == "I cannot"
    answer = read(
        chunk(role="assistant", content="", refusal=None),
        chunk(refusal="I "),
        chunk(refusal="cannot"),
        chunk(refusal="cannot"),
        chunk(finish_reason="stop"),
        DONE,
    )
    assert answer.text == "I cannotcannot"


def test_a_refusal_beside_repeated_text_is_shown():
    pieces = [chunk(content="a", refusal="b")] * 3
    assert read(*pieces, chunk(finish_reason="stop"), DONE).text == "ababab"


HALVES = ('"\\ud83d"', '"\\ude00"')


@pytest.mark.parametrize("field", ["content", "reasoning_content", "reasoning", "refusal"])
@pytest.mark.parametrize("capital", [False, True])
def test_a_character_in_two_halves_is_one(field, capital):
    texts = ['"a"', '"b\\ud83d"', '"\\ude00c\\ud83d"', '"\\ude00"', '"d"', '"e"']
    if capital:
        texts = [text.replace("ud", "uD") for text in texts]
    events = [event(f'{{"choices":[{{"delta":{{"{field}":{text}}}}}]}}') for text in texts]
    answer = read(*events, chunk(content="!", finish_reason="stop"), DONE)
    assert (answer.reasoning or answer.text.removesuffix("!")) == "ab😀c😀de"


def test_a_half_in_the_middle_of_like_chunks_is_joined():
    texts = ['"a"', '"b"', HALVES[0], HALVES[1], '"c"', '"d"']
    events = [event(f'{{"id":"x","choices":[{{"delta":{{"content":{text}}}}}]}}') for text in texts]
    assert read(*events, chunk(finish_reason="stop"), DONE).text == "ab😀cd"


def test_a_half_that_stays_alone_is_replaced():
    events = [
        event(f'{{"choices":[{{"delta":{{"content":{text}}}}}]}}')
        for text in ('"a"', HALVES[0], '"b"', HALVES[1], HALVES[0])
    ]
    assert read(*events, chunk(finish_reason="stop"), DONE).text == "a\ufffdb\ufffd\ufffd"


def of_v1(*pieces):
    events = [
        event({"id": "x", "sentence_id": number, "result": text, "is_end": i == len(pieces)})
        for i, (number, text) in enumerate(pieces, start=1)
    ]
    return read(*events, reader=qianfan_v1.reader(REQUEST))


def test_a_numbered_piece_of_v1_that_is_sent_again_is_read_once():
    again = of_v1((0, "a"), (1, "b"), (1, "b"), (2, "c"), (1, "b"), (2, "c"), (3, "d"))
    assert (again.text, again.is_truncated) == ("abcd", False)
    assert of_v1((0, "a"), (1, "ha"), (2, "ha"), (3, "ha")).text == "ahahaha"
    assert of_v1((0, "ha"), (0, "ha"), (0, "!")).text == "haha!"
    assert of_v1((0, "a"), (1, "b"), (1, "c"), (2, "")).text == "abc"


def test_an_answer_of_v1_of_which_a_piece_is_missing_is_truncated():
    assert of_v1((0, "a"), (2, "c")).is_truncated
    assert of_v1((0, "a"), (1, "b"), (3, "d"), (4, "")).is_truncated
    assert not of_v1((1, "a"), (2, "b"), (3, "")).is_truncated


def test_so_it_is_on_v1_and_in_a_completion_and_in_a_tool_s_arguments():
    first, second = HALVES
    v1 = [
        event(f'{{"id":"x","is_end":{end},"result":{text}}}')
        for text, end in ((first, "false"), (second, "true"))
    ]
    assert read(*v1, reader=qianfan_v1.reader(REQUEST)).text == "😀"
    completion = [event(f'{{"choices":[{{"text":{text}}}]}}') for text in HALVES]
    assert read(*completion, DONE).text == "😀"
    called = [
        event(
            '{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":'
            + text
            + "}}]}}]}"
        )
        for text in HALVES
    ]
    assert read(*called, DONE).tool_calls[0]["function"]["arguments"] == "😀"


def test_no_half_is_left_anywhere_else():
    answer = read(
        event(
            '{"id":"\\ud83d","x":{"text":"\\ud83d"},"choices":[{"delta":{"content":"a"},'
            '"logprobs":{"content":[{"text":"\\ud83d"}]},"finish_reason":"\\ud83d",'
            '"search_info":{"search_results":[{"title":"\\ud83d"}]}}]}'
        ),
        DONE,
    )
    assert json.dumps([answer.raw, answer.search], ensure_ascii=False).encode()


def test_choices_are_not_mixed():
    events = []
    for text in "ab", "cd", "ef":
        events += [chunk(0, content=text), chunk(1, content=text.upper())]
    events += [chunk(1, "length"), chunk(0, "stop")]
    answer = read(*events, DONE)
    assert (answer.text, answer.finish_reason) == ("abcdef", "stop")
    together = [
        event({"choices": [choice(1, content=text.upper()), choice(0, content=text)]})
        for text in ("ab", "cd", "ef")
    ]
    assert read(chunk(0, role="assistant"), *together, DONE).text == "abcdef"
    assert read(chunk(1, content="B"), *together, DONE).text == "BABCDEF"


# https://github.com/huggingface/text-generation-inference/pull/1648
COUNTED = {
    "from one": [(1, "I"), (2, "'"), (3, "m")],
    "from nought, after a role": [(0, ""), (0, "I"), (1, "'"), (2, "m")],
    "two tokens": [(1, "I'"), (2, "m")],
    "many": [(0, "I'"), *((i, "") for i in range(1, 20)), (20, "m")],
    "the reason once more": [(1, "I"), (2, "'"), (3, "m"), (3, "")],
}


@pytest.mark.parametrize("name", COUNTED)
def test_an_index_that_counts_tokens_loses_none(name):
    *before, (last, text) = COUNTED[name]
    events = [chunk(i, content=content) for i, content in before]
    answer = read(*events, chunk(last, "length", content=text), DONE)
    assert (answer.text, answer.finish_reason) == ("I'm", "length")


@pytest.mark.parametrize("count", [3, 12])
def test_counted_thoughts_and_tool_calls_are_whole(count):
    thoughts = [chunk(i, reasoning_content=str(i)) for i in range(count)]
    answer = read(*thoughts, chunk(count, content="A"), chunk(count + 1, "stop"), DONE)
    assert (answer.reasoning, answer.text) == ("".join(map(str, range(count))), "A")
    arguments = '{"x": "' + "y" * count + '"}'
    pieces = [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]
    pieces += [{"index": 0, "function": {"arguments": letter}} for letter in arguments]
    events = [chunk(i, tool_calls=[piece]) for i, piece in enumerate(pieces)]
    (call,) = read(*events, chunk(len(pieces), "tool_calls"), DONE).tool_calls
    assert call["function"]["arguments"] == arguments


def test_tokens_that_are_counted_are_shown_as_they_come():
    reader = openai_style.reader(REQUEST)
    shown = [reader.feed({"choices": [choice(i, content=str(i))]}) for i in range(12)]
    assert [delta.text for delta in shown if delta] == ["0", "12345678", "9", "10", "11"]


def test_a_completion_s_counted_tokens_are_joined():
    texts = [{"index": i, "text": text} for i, text in enumerate("abc")]
    texts[-1]["finish_reason"] = "stop"
    assert read(*(event({"choices": [text]}) for text in texts), DONE).text == "abc"


def test_a_stream_that_was_collected_into_a_list_is_read():
    chunks = [{"choices": [choice(content=text)]} for text in "abc"]
    chunks.append({"choices": [choice(finish_reason="length")]})
    body = json.dumps(chunks).encode()
    for kind in "application/json", "text/plain":
        answer = read(body, kind=kind)
        assert (answer.text, answer.finish_reason) == ("abc", "length")
    for failed in {"error": {"message": "died"}}, {"throttlingException": {"message": "died"}}:
        with pytest.raises(errors.ServiceError, match="died"):
            read(json.dumps([*chunks[:2], failed]).encode(), kind="application/json")
    with pytest.raises(errors.ProtocolError, match="instead of an answer"):
        read(json.dumps([{"a": 1}, {"b": 2}]).encode(), kind="application/json")


OTHER_CHOICES = {
    "in turn": [(0, "a", None), (1, "X", None), (0, "b", "stop"), (1, "Y", "stop")],
    "one after the other": [(0, "a", None), (0, "b", "stop"), (1, "X", None), (2, "Y", "stop")],
    "three, the last one ends first": [(0, "a", None), (1, "X", None), (2, "Y", None), (2, "", "stop"), (0, "b", "stop")],
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_CHOICES)
def test_other_choices_are_not_taken_for_counted_tokens(name):
    request = chat_request(REQUEST.messages, model="m", given={}, extra={"n": 3})
    events = [chunk(i, reason, content=text) for i, text, reason in OTHER_CHOICES[name]]
    assert read(*events, DONE, reader=openai_style.reader(request)).text == "ab"
    if not name.startswith("three"):
        assert read(*events, DONE).text == "ab"


def test_an_answer_whose_only_words_have_another_index_is_not_empty():
    role = chunk(0, role="assistant", content="")
    words = [chunk(1, content=text) for text in "ab"]
    assert read(role, *words, chunk(1, "stop"), DONE).text == "ab"
    for end in chunk(0, "stop"), chunk(5, "stop"):
        with pytest.raises(errors.ProtocolError, match="cannot be read: choices"):
            read(role, *words, end, chunk(0, "stop"), DONE)
    request = chat_request(REQUEST.messages, model="m", given={}, extra={"n": 2})
    reader = openai_style.reader(request)
    assert not read(role, *words, chunk(0, "stop"), DONE, reader=reader).text


def test_the_first_of_several_choices_in_one_body_is_the_answer():
    body = {
        "choices": [
            {"index": i, "message": {"content": text}, "finish_reason": "stop"}
            for i, text in enumerate(["one", "two"])
        ]
    }
    assert read(json.dumps(body).encode(), kind="application/json").text == "one"


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


CALL = {"name": "f", "arguments": '{"x": 1}'}
CALL_SHAPES = {
    "the older field": {"function_call": CALL},
    "one call without a list": {"tool_calls": {"id": "a", "function": CALL}},
    "without an object around": {"tool_calls": [{"id": "a", **CALL}]},
    "arguments as an object": {"tool_calls": [{"id": "a", "name": "f", "arguments": {"x": 1}}]},
    "the name alone": {"tool_calls": [{"function": "f", "arguments": '{"x": 1}'}]},
    "parameters": {"tool_calls": [{"function": {"name": "f", "parameters": {"x": 1}}}]},
    "a tool's use": {"tool_calls": [{"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}}]},
    "both fields": {"tool_calls": [{"id": "a", "function": CALL}], "function_call": CALL},
    "the newer field is null": {"tool_calls": None, "function_call": CALL},
    "the newer field is empty": {"tool_calls": [], "function_call": CALL},
}  # fmt: skip


def is_call_of_f(answer):
    (call,) = answer.tool_calls
    function = call["function"]
    return (call["type"], function["name"], json.loads(function["arguments"])) == (
        "function",
        "f",
        {"x": 1},
    )


@pytest.mark.parametrize("name", CALL_SHAPES)
def test_a_tool_call_is_read_in_whatever_shape_it_comes(name):
    shape = CALL_SHAPES[name]
    assert is_call_of_f(read_body({"content": None, **shape}))
    assert is_call_of_f(read(chunk(**shape), chunk(finish_reason="tool_calls"), DONE))
    v1 = json.dumps({"id": "x", "is_end": True, **shape}).encode()
    assert is_call_of_f(read(v1, reader=qianfan_v1.reader(REQUEST), kind="application/json"))
    streamed = event({"id": "x", "is_end": True, "result": "", **shape})
    assert is_call_of_f(read(streamed, reader=qianfan_v1.reader(REQUEST)))


def test_the_older_field_comes_in_pieces():
    answer = read(
        chunk(content=None, function_call={"name": "f", "arguments": ""}),
        chunk(function_call={"arguments": '{"x"'}),
        chunk(function_call={"arguments": ": 1}"}),
        chunk(finish_reason="function_call"),
        DONE,
    )
    assert is_call_of_f(answer)


UNREADABLE_CALLS = {
    "null": [None],
    "a text": "f",
    "a number": 5,
    "texts": ["f"],
    "an empty object": [{}],
    "a function that is a list": [{"function": ["f"]}],
    "no name": [{"id": "a", "function": {"arguments": "{}"}}],
    "an empty name": [{"id": "a", "function": {"name": " ", "arguments": "{}"}}],
    "only an id": [{"id": "a"}],
    "a tool of another kind": [{"type": "custom", "id": "a", "custom": {"name": "f", "input": "x"}}],
    "one of two": [{"id": "a", "function": CALL}, None],
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE_CALLS)
def test_a_tool_call_that_cannot_be_read_is_an_error(name):
    calls = UNREADABLE_CALLS[name]
    with pytest.raises(errors.ProtocolError, match="cannot be read"):
        read_body({"content": None, "tool_calls": calls})
    with pytest.raises(errors.ProtocolError, match="cannot be read"):
        read(chunk(tool_calls=calls), chunk(finish_reason="stop"), DONE)


@pytest.mark.parametrize("reason", ["tool_calls", "TOOL_CALLS", "function_call", "tool_use"])
def test_a_reason_to_finish_that_announces_a_call_without_one_is_an_error(reason):
    with pytest.raises(errors.ProtocolError, match="cannot be read"):
        read(chunk(content="", finish_reason=reason), DONE)
    with pytest.raises(errors.ProtocolError, match="cannot be read"):
        read(chunk(content=""), chunk(finish_reason=reason, tool_calls=[]), DONE)


@pytest.mark.parametrize(
    "nothing",
    [
        {"tool_calls": [{"index": 0, "id": "", "function": {"name": "", "arguments": ""}}]},
        {"tool_calls": []},
        {"tool_calls": None},
        {"tool_calls": {}},
        {"function_call": {"name": "", "arguments": ""}},
        {"function_call": None},
    ],
)
def test_an_empty_tool_call_beside_text_means_nothing(nothing):
    answer = read(*[chunk(content="a", **nothing)] * 3, chunk(finish_reason="stop"), DONE)
    assert (answer.text, answer.tool_calls) == ("aaa", ())


TEXT = [chunk(content="a"), chunk(content="b")]
STOP = chunk(finish_reason="stop")
WHOLE = {"role": "assistant", "content": "ab", "reasoning_content": "hm"}
REPEATED = {
    "a message": {"choices": [{"index": 0, "message": WHOLE, "finish_reason": "stop"}]},
    "beside an empty delta": {
        "choices": [{"delta": {}, "message": WHOLE, "finish_reason": "stop"}]
    },
    "beside null": {"choices": [{"delta": None, "message": WHOLE, "finish_reason": "stop"}]},
}


@pytest.mark.parametrize("name", REPEATED)
def test_a_whole_message_behind_its_pieces_is_not_a_second_answer(name):
    thought = chunk(reasoning_content="hm")
    assert read(thought, *TEXT, event(REPEATED[name]), DONE).text == "ab"
    assert read(thought, *TEXT, STOP, event(REPEATED[name]), DONE).reasoning == "hm"
    assert read(thought, event(REPEATED[name]), DONE).reasoning == "hm"
    assert read(event(REPEATED[name]), DONE).text == "ab"


GLUED = {
    "one behind the other": lambda events: b"data: " + b"".join(e[6:-2] for e in events) + b"\n\n",
    "each with its field": lambda events: b"".join(e[:-2] for e in events) + b"\n\n",
    "with escaped ends": lambda events: rb"\n\n".join(e[:-2] for e in events) + b"\n\n",
    "a line each": lambda events: b"".join(e[:-1] for e in events),
    "the field twice": lambda events: b"".join(b"data: " + e for e in events),
    "encoded twice": lambda events: b"".join(event(json.dumps(e[6:-2].decode())) for e in events),
    "a list": lambda events: b"data: [" + b",".join(e[6:-2] for e in events) + b"]\n\n",
    "indented": lambda events: b"".join(b" " + e for e in events),
}


@pytest.mark.parametrize("name", GLUED)
def test_events_that_a_gateway_writes_badly_are_all_read(name):
    events = [chunk(content="中"), *TEXT, chunk(content="b}{"), chunk(content='"'), STOP]
    assert read(GLUED[name](events), DONE).text == '中abb}{"'


def as_choices(choices):
    return event({"id": "x", "choices": choices})


ODD_CHOICES = {
    "one choice without a list": {"message": {"content": "ha"}, **STOPPED},
    "a message that is its words": [{"message": "ha", **STOPPED}],
    "words beside a role": [{"delta": {"role": "assistant"}, "text": "ha", **STOPPED}],
    "words beside empty ones": [{"delta": {"content": ""}, "text": "ha", **STOPPED}],
}


@pytest.mark.parametrize("name", ODD_CHOICES)
def test_a_choice_in_another_form_is_read(name):
    choices = ODD_CHOICES[name]
    whole = read(json.dumps({"choices": choices}).encode(), kind="application/json")
    assert (whole.text, whole.finish_reason) == ("ha", "stop")
    assert read(as_choices(choices), DONE).text == "ha"
    assert read(*[as_choices(choices)] * 3, DONE).text == "hahaha"


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


FAILED_CHOICES = {
    "a status": {"status": "failed"},
    "a flag": {"success": False},
    "words": {"error_msg": "died"},
    "a code": {"errorCode": 500, "errorMsg": "died"},
}


@pytest.mark.parametrize("name", FAILED_CHOICES)
@pytest.mark.parametrize("inside", [False, True])
def test_a_choice_that_says_that_it_failed_is_no_answer(name, inside):
    failure = FAILED_CHOICES[name]
    choices = [{"delta": {"content": "half"}, **failure}]
    if inside:
        choices = [{"delta": {"content": "half", **failure}}]
    with pytest.raises(errors.ServiceError):
        read(as_choices(choices), DONE)


def test_what_a_message_tells_of_a_tool_is_no_failure_of_its_own():
    told = {"content": "A", "output": {"error": "no such file"}, "metadata": {"error": "x"}}
    assert read_body(told).text == "A"


GOING_ON = ["null", "None", "NULL", "in_progress", "continue", "generating", "unfinished", ""]


@pytest.mark.parametrize("reason", GOING_ON)
def test_a_word_that_says_that_more_follows_is_no_reason_to_finish(reason):
    pieces = [chunk(content="a", finish_reason=reason), chunk(content="b", finish_reason=reason)]
    assert read(*pieces, STOP).text == "ab"
    with pytest.raises(errors.IncompleteAnswer):
        read(*pieces)
    with pytest.raises(errors.ProtocolError):
        read(chunk(content="", finish_reason=reason), DONE)


ENVELOPES = {
    "data": lambda reply: {"code": 0, "msg": "ok", "data": reply},
    "result": lambda reply: {"code": 200, "message": "success", "result": reply},
    "a list": lambda reply: [reply],
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_a_reply_in_an_object_of_the_gateway_s_own_is_read(name):
    wrap = ENVELOPES[name]
    reply = {"id": "x", "choices": [{"message": {"content": "A"}, "finish_reason": "stop"}]}
    assert read(json.dumps(wrap(reply)).encode(), kind="application/json").text == "A"
    piece = {"id": "x", "choices": [choice(content="A")]}
    last = {"id": "x", "choices": [choice(finish_reason="stop")]}
    assert read(event(wrap(piece)), event(wrap(piece)), event(wrap(last)), DONE).text == "AA"


def test_a_failure_around_a_reply_is_a_failure():
    reply = {"choices": [{"message": {"content": "half"}, "finish_reason": "stop"}]}
    failed = {"code": 500, "msg": "upstream died", "data": reply}
    with pytest.raises(errors.ServiceError, match="upstream died"):
        read(json.dumps(failed).encode(), kind="application/json")
    with pytest.raises(errors.ServiceError, match="upstream died"):
        read(event(failed), DONE)


@pytest.mark.parametrize("name", ["error", "timeout", "response.cancelled"])
@pytest.mark.parametrize("data", [b"", b"data:\n", b"data: {}\n"])
def test_an_event_that_is_a_failure_by_its_name_needs_no_words(name, data):
    failure = f"event: {name}\n".encode() + data + b"\n"
    with pytest.raises(errors.ServiceError):
        read(*TEXT, failure, DONE)


def test_tokens_are_counted_where_other_servers_report_them():
    last = {"delta": {}, "finish_reason": "stop", "usage": USAGE}
    assert read(*TEXT, as_choices([last]), DONE).usage.total_tokens == 2
    theirs = {"input_tokens": 3, "output_tokens": 4}
    assert read(*TEXT, STOP, event({"choices": [], "usage": theirs}), DONE).usage.total_tokens == 7


PICTURE = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]


def test_an_answer_of_pictures_without_words_is_not_an_empty_one():
    with pytest.raises(errors.ProtocolError, match="cannot be read: images"):
        read_body({"content": "", "images": PICTURE})
    with pytest.raises(errors.ProtocolError, match="cannot be read: images"):
        read(chunk(content="", images=PICTURE), STOP, DONE)
    assert read_body({"content": "a cat", "images": PICTURE}).text == "a cat"
    assert read_body({"content": "", "images": []}).text == ""


def test_words_that_are_spoken_are_words():
    spoken = {"id": "a", "data": "AAAA", "transcript": "ha"}
    assert read_body({"content": None, "audio": spoken}).text == "ha"
    piece = {"transcript": "ha"}
    for pieces in ([chunk(audio=piece)] * 3, [chunk(content="", audio=piece)] * 3):
        assert read(*pieces, STOP, DONE).text == "hahaha"
    assert read_body({"content": "ha", "audio": spoken}).text == "ha"
    assert read(chunk(content="ha", audio=piece), STOP, DONE).text == "ha"


CALLED = [{"function": {"name": "w", "arguments": '{"a":1}'}, "index": 0, "type": "function"}]


@pytest.mark.parametrize("arguments", ['{"a":1}', '{"a": 1}', {"a": 1}], ids=str)
@pytest.mark.parametrize("ids", [{}, {"id": "c1"}], ids=str)
def test_a_closing_message_that_repeats_the_streamed_calls_is_no_second_call(ids, arguments):
    streamed = chunk(tool_calls=[{**CALLED[0], **ids}])
    again = {**CALLED[0], **ids, "function": {"name": "w", "arguments": arguments}}
    last = {"message": {"tool_calls": [again]}, "finish_reason": "tool_calls"}
    assert len(read(streamed, as_choices([last]), DONE).tool_calls) == 1


def test_a_closing_message_behind_a_completion_s_pieces_is_no_second_text():
    pieces = [as_choices([{"text": text}]) for text in ("ab", "cd")]
    last = {"message": {"content": "abcd"}, **STOPPED}
    assert read(*pieces, as_choices([last]), DONE).text == "abcd"


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
