"""Thoughts between tags, as models write them where the server does not part them from the text."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ernie_magic.wire import openai_style
from ernie_magic.wire.answers.thoughts import _ANALYSIS, _FINAL, ThoughtTags, split_thoughts
from tests.wire.chunks import DONE, REQUEST, STOP, chunk, read, read_body, read_shown

TAGGED = {
    "DeepSeek's": ("<think>\nhm\n</think>\n\nA", "A", "hm\n"),
    "Magistral's": ("[THINK]hm[/THINK]A", "A", "hm"),
    "Kimi-VL's": ("◁think▷hm◁/think▷A", "A", "hm"),
    "Seed-OSS's": ("<seed:think>hm</seed:think>A", "A", "hm"),
    "Qwen's without thoughts": ("<think>\n\n</think>\n\nA", "A", ""),
    "gpt-oss's": (
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>A<|return|>",
        "A",
        "hm",
    ),
    "gpt-oss's with its first word": (
        (
            "<|start|>assistant<|channel|>analysis<|message|>hm<|end|>"
            "<|start|>assistant<|channel|>final<|message|>A < B"
        ),
        "A < B",
        "hm",
    ),
    "gpt-oss's without thoughts": ("<|channel|>final<|message|>A<|end|>", "A", ""),
    "gpt-oss's words about it": ("It writes <|channel|>final<|message|>.", None, ""),
    "ERNIE's, with tags around its words": (
        "<think>\nhm\n</think>\n\n<response>\nA\n\nB.\n</response>\n",
        "A\n\nB.",
        "hm\n",
    ),
    "Hunyuan's": ("<think>hm</think><answer>A</answer>", "A", "hm"),
    "GLM's": ("<think>hm</think>\n<|begin_of_box|>A<|end_of_box|>", "A", "hm"),
    "cut off between the tags of the words": (
        "<think>hm</think><response>\nA </res",
        "A </res",
        "hm",
    ),
    "a tag among the words": (
        "<think>hm</think><response>A </response> B</response>",
        "A </response> B",
        "hm",
    ),
    "words behind the last tag": ("<think>hm</think><answer>A</answer> B", "A</answer> B", "hm"),
    "words that begin like a tag": ("<think>hm</think><resp", "<resp", "hm"),
    "XML without thoughts": ("<response>A</response>", None, ""),
    "XML": (
        "<think>hm</think><response>\n <a>A</a>\n</response>",
        "<response>\n <a>A</a>\n</response>",
        "hm",
    ),
    "the beginning of XML": ("<think>hm</think><response>\n", "<response>\n", "hm"),
    "behind blanks": ("\n <think>hm</think>A", "A", "hm"),
    "cut off": ("<think>hm", "", "hm"),
    "cut off in its tag": ("<think>hm</thi", "", "hm</thi"),
    "a tag in the thoughts": ("<think>a <b> or </ b</think>A", "A", "a <b> or </ b"),
    "words about tags": ("The tag <think>hm</think> is Qwen's", None, ""),
    "another tag": ("<thinking>hm</thinking>A", None, ""),
    "the beginning of a tag": ("<thi", None, ""),
    "no tag": ("A < B", None, ""),
    "blanks": ("\n\nA", None, ""),
}


@pytest.mark.parametrize("name", TAGGED)
def test_thoughts_between_tags_at_the_beginning_are_reasoning(name):
    written, text, reasoning = TAGGED[name]
    if text is None:
        text = written
    streamed = read(*(chunk(content=letter) for letter in written), STOP, DONE)
    whole = read_body({"content": written})
    assert (streamed.text, streamed.reasoning) == (text, reasoning)
    assert (whole.text, whole.reasoning) == (text, reasoning)
    # As it came.
    assert streamed.raw["choices"][0]["message"]["content"] == written


@pytest.mark.parametrize("words", ["\n\n<response>\nA\n</response>\n", "<answer>A</answer>"])
def test_tags_around_words_are_read_where_the_server_has_parted_the_thoughts(words):
    pieces = [chunk(reasoning_content="hm"), *(chunk(content=letter) for letter in words)]
    streamed, whole = read(*pieces, STOP, DONE), read_body({"reasoning": "hm", "content": words})
    assert (streamed.text, whole.text) == ("A", "A")


def test_tags_that_were_asked_for_are_the_answer_s():
    asked = {"role": "user", "content": "Put the answer into <answer></answer> tags."}
    for written in ("<think>hm</think><answer>A</answer>", "hm\n</think>\n\n<answer>A</answer>"):
        reader = openai_style.reader(replace(REQUEST, messages=(asked,)))
        _, answer = read_shown(chunk(content=written), STOP, DONE, reader=reader)
        assert (answer.text, answer.reasoning) == ("<answer>A</answer>", "hm")


@pytest.mark.parametrize("words", ["\n\nA", "<b>A</b>", "<", "\n", "A <answer>B</answer>"])
def test_other_words_behind_thoughts_stay_as_they_are(words):
    pieces = [chunk(reasoning_content="hm"), *(chunk(content=letter) for letter in words)]
    assert read(*pieces, STOP, DONE).text == words


@given(
    st.lists(
        st.sampled_from(
            [
                "<think>",
                "</think>",
                "<",
                "th",
                "\n",
                " ",
                "a",
                "[THINK]",
                _ANALYSIS,
                "<|end|>",
                _FINAL,
                "<response>",
                "</response>",
            ]
        )
    ),
    st.booleans(),
)
def test_however_a_text_is_cut_its_words_and_thoughts_are_the_same(pieces, follows_thoughts):
    tags = ThoughtTags(follows_thoughts=follows_thoughts)
    shown = [tags.split(piece) for piece in pieces] + [tags.flush_remaining()]
    words, thoughts = ("".join(parts) for parts in zip(*shown, strict=True))
    whole = split_thoughts("".join(pieces), follows_thoughts=follows_thoughts)
    assert (words, thoughts) == whole


CLOSED = "First, hm.\nSo it is A.\n</think>\n\nA"


@pytest.mark.parametrize(
    "written", [CLOSED, CLOSED.removesuffix("A") + "<response>\nA\n</response>\n"]
)
def test_a_closing_tag_alone_ends_the_thoughts(written):
    whole = read_body({"content": written})
    # Of a stream they are shown as words until the tag comes.
    _, streamed = read_shown(*(chunk(content=letter) for letter in written), STOP, DONE)
    for answer in (whole, streamed):
        assert (answer.text, answer.reasoning) == ("A", "First, hm.\nSo it is A.")
    assert streamed.raw["choices"][0]["message"]["content"] == written


@pytest.mark.parametrize(
    ("written", "words", "thoughts"),
    [
        ("Okay, hm, no.</think>A", "A", "Okay, hm, no."),
        ("好的，是这样。</think>\n\nA", "A", "好的，是这样。"),
        ("First\n\n1. `x`\n2. y</think>A.\n\nB", "A.\n\nB", "First\n\n1. `x`\n2. y"),
    ],
)
def test_a_closing_tag_right_behind_the_last_word_ends_the_thoughts(written, words, thoughts):
    whole = read_body({"content": written})
    _, streamed = read_shown(*(chunk(content=letter) for letter in written), STOP, DONE)
    for answer in (whole, streamed):
        assert (answer.text, answer.reasoning) == (words, thoughts)


@pytest.mark.parametrize(
    "words",
    [
        "`</think>` closes it",
        "It ends with `hm</think>` and goes on.",
        "The tag </think> closes it",
        "“</think>”是结束标记",
        "the end: no more</think>",
        "a\n</think>\nb\n</think>\nc",
        "x </think>\ny",
        "The format:\n\n```\n<think>\nhm\n</think>\nA\n```\nDone.",
        "It ends so:\n~~~\nhm\n</think>\nA\n~~~",
        "Write <think>\nhm\n</think>\nand then the answer.",
        '{"template": "a\n</think>\nb"}',
    ],
)
def test_a_closing_tag_among_words_ends_nothing(words):
    assert read_body({"content": words}).text == words
    assert read(chunk(content=words), STOP, DONE).text == words


def test_a_whole_message_behind_tagged_pieces_is_no_second_answer():
    pieces = [chunk(content="<think>hm</think>"), chunk(content="A is the answer to all of it.")]
    written = "<think>hm</think>A is the answer to all of it."
    last = chunk(finish_reason="stop", content=written)
    assert read(*pieces, last, DONE).text == "A is the answer to all of it."
