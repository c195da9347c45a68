"""Content in unusual shapes: text is text, a thought is reasoning, and what is unknown is told."""

import json
from dataclasses import replace

import pytest

from ernie_magic import errors
from ernie_magic.wire import openai_style, qianfan_v1
from tests.wire.chunks import DONE, REQUEST, STOPPED, as_choices, chunk, event, read, read_body

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


@pytest.mark.parametrize("name", ["content", "reasoning_content", "reasoning"])
@pytest.mark.parametrize(("token", "text"), [(42, "42"), (0, "0"), (1.5, "1.5"), (True, "true")])
def test_a_token_that_a_gateway_has_parsed_as_json_is_text(token, text, name):
    streamed = read(chunk(content="A"), chunk(**{name: token}), chunk(finish_reason="stop"), DONE)
    whole = read_body({name: token})
    said = (whole.text or whole.reasoning, streamed.text + streamed.reasoning)
    assert said == (text, "A" + text)


def test_a_completion_s_token_may_be_a_number():
    pieces = [as_choices([{"index": 0, "text": token}]) for token in ("1", 0, 2.5)]
    assert read(*pieces, as_choices([{"index": 0, "text": "", **STOPPED}]), DONE).text == "102.5"


@pytest.mark.parametrize("form", ["json_object", {"type": "json_object"}, {"type": "json_schema"}])
def test_json_that_was_asked_for_may_come_as_an_object(form):
    request = replace(REQUEST, parameters={"response_format": form})
    content = {"name": "小明", "age": 3}
    body = {"id": "x", "choices": [{"message": {"content": content}, **STOPPED}]}
    reader = openai_style.reader(request)
    answer = read(json.dumps(body).encode(), reader=reader, kind="application/json")
    assert answer.text == '{"name": "小明", "age": 3}'


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
