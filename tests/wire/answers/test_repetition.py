"""A text that a stream repeats with each piece, or in its last message, stands once."""

import pytest

from ernie_magic.config.keys import Key
from tests.wire.chunks import DONE, STOP, TEXT, chunk, event, read


def message(content, reason=None, **fields):
    fields = {"role": "assistant", "content": content, **fields}
    return event({"choices": [{"message": fields, "finish_reason": reason}]})


def dashscope(*contents):
    """A stream of DashScope's own: the reply stands in `output`."""
    choices = [{"message": {"content": content}, "finish_reason": "null"} for content in contents]
    choices[-1]["finish_reason"] = "stop"
    return [event({"output": {"choices": [choice]}, "request_id": "r"}) for choice in choices]


WHOLE_EACH_TIME = {
    "DashScope's": dashscope("最近", "最近天气", "最近天气好。"),
    "with an end of its own": dashscope("最近", "最近天气好。", "最近天气好。"),
    "with nothing first": dashscope("", "最近", "最近天气好。"),
    "with a blank that goes": dashscope("最近天", "最近天气 ", "最近天气好。"),
    "in parts": dashscope([{"text": "最近"}], [{"text": "最近天气"}], [{"text": "最近天气好。"}]),
    "a message": [message("最近天"), message("最近天气"), message("最近天气好。", "stop")],
    "two messages and an end": [message("最近"), message("最近天气好。"), message("", "stop")],
    "two messages": [message("最近"), message("最近天气好。", "stop")],
    "a delta": [chunk(content="最近天气好。"[:end]) for end in range(1, 7)] + [STOP],
    "the pieces and all of it": [chunk(content="最近"), message("最近天气好。", "stop")],
    "the pieces and all of it without a blank": [
        chunk(content="\n最近"),
        message("最近天气好。", "stop"),
    ],
}


@pytest.mark.parametrize("name", WHOLE_EACH_TIME)
def test_what_is_repeated_with_each_piece_stands_once(name):
    answer = read(*WHOLE_EACH_TIME[name], DONE)
    assert (answer.text.strip(), answer.partial) == ("最近天气好。", False)


def test_thoughts_that_are_repeated_with_each_piece_stand_once():
    thoughts = [message("", reasoning_content=said) for said in ("so", "so it", "so it is")]
    ends = [message("A", reasoning_content="so it is"), message("A B", "stop")]
    answer = read(*thoughts, *ends, DONE)
    assert (answer.reasoning, answer.text) == ("so it is", "A B")
    answer = read(
        chunk(reasoning_content="so"), message("", "stop", reasoning_content="so it is"), DONE
    )
    assert answer.reasoning == "so it is"


def test_pieces_that_each_repeat_all_before_are_told_apart_at_five_characters():
    pieces = [chunk(content="A B C"[:end]) for end in (1, 3, 5)]
    assert read(*pieces, STOP, DONE).text == "A B C"


def test_a_short_answer_that_the_last_message_repeats_stands_once():
    assert read(*dashscope("好", "好"), DONE).text == "好"


def delta_and_message(delta, whole, reason="stop"):
    return event({"choices": [{"delta": delta, "message": whole, "finish_reason": reason}]})


@pytest.mark.parametrize("delta", [{"content": "B"}, {"content": ""}, {"role": "assistant"}])
def test_a_whole_message_beside_the_last_piece_adds_what_is_new_in_it(delta):
    whole = {"content": "ABC", "reasoning_content": "tuv"}
    thought = chunk(reasoning_content="t")
    answer = read(thought, chunk(content="A"), delta_and_message(delta, whole), DONE)
    assert (answer.text, answer.reasoning) == ("ABC", "tuv")
    answer = read(delta_and_message(delta, whole), DONE)
    assert (answer.text, answer.reasoning) == ("ABC", "tuv")
    last = delta_and_message({"reasoning_content": "u"}, whole, None)
    assert read(thought, last, chunk(content="A"), STOP, DONE).reasoning == "tuv"


ALIKE_BY_CHANCE = {
    "laughter": ["ha", "ha", "haha"],
    "more laughter": ["ha", "haha", "!"],
    "line ends": ["\n", "\n\n", "\n\n\n", "b"],
    "figures": ["1", "10", "100"],
    "a triangle": ["*", "**", "***", "****"],
    "two pieces": ["a", "a b"],
    "words": [" A", " An", " And"],
}


@pytest.mark.parametrize("name", ALIKE_BY_CHANCE)
def test_pieces_that_are_alike_by_chance_are_all_part_of_the_answer(name):
    pieces = ALIKE_BY_CHANCE[name]
    assert read(*(chunk(content=piece) for piece in pieces), STOP, DONE).text == "".join(pieces)
    thoughts = (chunk(reasoning_content=piece) for piece in pieces)
    assert read(*thoughts, *TEXT, STOP, DONE).reasoning == "".join(pieces)


def test_messages_that_each_add_something_are_joined():
    assert read(message("ha"), message("ha"), message("ha!", "stop"), DONE).text == "hahaha!"
    assert read(*dashscope("A", "B", "C"), DONE).text == "ABC"


def test_a_key_in_what_the_last_message_adds_is_removed():
    key = "sk-CANARYcanary0123456789ABCDEF"
    Key(key)
    answer = read(chunk(content="A sk-"), message(f"A {key} and more", "stop"), DONE)
    assert answer.text == "A ••• and more"


RAGFLOWS = "RAGFlow is an open source engine. It reads documents deeply and cites them."
PIECES = [chunk(content=RAGFLOWS[start : start + 9]) for start in range(0, len(RAGFLOWS), 9)]


def final(**fields):
    """RAGFlow's last chunk (https://github.com/infiniflow/ragflow/pull/15443)."""
    delta = {"role": "assistant", "reference": {"chunks": []}, **fields}
    return event({"choices": [{"delta": delta, "finish_reason": "stop", "index": 0}]})


COPIED_AT_THE_END = {
    "RAGFlow's": [*PIECES, chunk(content=RAGFLOWS), final(content="", final_content=RAGFLOWS)],
    "and null": [*PIECES, chunk(content=RAGFLOWS), final(content=None, final_content=RAGFLOWS)],
    "with citations": [
        *PIECES,
        chunk(content=RAGFLOWS.replace("deeply", "deeply [ID:0]")),
        final(content="", final_content=RAGFLOWS),
    ],
    "with citations in both": [
        *PIECES,
        chunk(content=f"{RAGFLOWS} [ID:0]".replace(".", " [ID:1].", 1)),
        final(content="", final_content=f"{RAGFLOWS} [ID:0]".replace(".", " [ID:1].", 1)),
    ],
    "and a shorter one in its own field": [*PIECES, final(content="", final_content="It reads.")],
    "mended": [*PIECES, final(content="", final_content=RAGFLOWS)],
    "untold": [*PIECES, chunk(content=RAGFLOWS), STOP],
    "untold, the end beside it": [*PIECES, final(content=RAGFLOWS)],
    "twice": [*PIECES, final(content=RAGFLOWS, final_content=RAGFLOWS)],
    "in a message as well": [
        *PIECES,
        delta_and_message({"content": RAGFLOWS}, {"content": RAGFLOWS}),
    ],
    "without a blank": [*PIECES, chunk(content="\n"), final(content=RAGFLOWS)],
    "with more": [*PIECES[:-1], final(content=RAGFLOWS)],
    "after one piece": [chunk(content=RAGFLOWS), chunk(content=RAGFLOWS), STOP],
    "without a reason": [*PIECES, chunk(content=RAGFLOWS)],
}


@pytest.mark.parametrize("name", COPIED_AT_THE_END)
def test_a_last_piece_that_is_the_whole_answer_again_stands_once(name):
    answer = read(*COPIED_AT_THE_END[name], DONE)
    assert (answer.text.strip(), answer.partial) == (RAGFLOWS, False)


def test_thoughts_that_come_once_more_at_their_end_stand_once():
    thoughts = [chunk(reasoning_content=RAGFLOWS[:30]), chunk(reasoning_content=RAGFLOWS[30:])]
    answer = read(*thoughts, chunk(reasoning_content=RAGFLOWS), *PIECES, STOP, DONE)
    assert (answer.reasoning, answer.text) == (RAGFLOWS, RAGFLOWS)


LINE = "I shall not talk in class.\n"
LONG_PIECES_THAT_ARE_NEW = {
    "lines": [LINE, LINE, LINE],
    "a line and its end": [LINE, LINE[:-1]],
    "in the middle": ["I shall ", "not talk in class.\n", LINE, "!"],
    "short": ["Row, ", "row. ", "Row, row. "],
    "another end": ["I shall not talk ", "in class.", "I shall not talk at all in class."],
}


@pytest.mark.parametrize("name", LONG_PIECES_THAT_ARE_NEW)
def test_a_long_piece_like_the_beginning_that_is_not_all_again_is_part_of_the_answer(name):
    pieces = LONG_PIECES_THAT_ARE_NEW[name]
    assert read(*(chunk(content=piece) for piece in pieces), STOP, DONE).text == "".join(pieces)


def test_a_key_in_a_copy_is_removed():
    key = "sk-CANARYcanary0123456789ABCDEF"
    Key(key)
    text = f"The key that you wrote is {key} here"
    pieces = [chunk(content=text[:12]), chunk(content=text[12:40]), chunk(content=text[40:])]
    answer = read(*pieces, final(content=text, final_content=text), DONE)
    assert key not in answer.text
    assert answer.text.startswith("The key that you wrote is •••")
