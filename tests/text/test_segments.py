"""A streamed text is cut into pieces that read as the whole."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ernie_magic.text.markdown import to_html
from ernie_magic.text.segments import Segmenter, split_blocks


def cut(text, size=4, **options):
    segmenter = Segmenter(**options)
    finished = []
    for i in range(0, len(text), size):
        finished += segmenter.feed(text[i : i + size])
    return finished, segmenter.open_text


PROSE = "\n\n".join(
    [
        f"## 第{i}节\n\n"
        + "这是一段比较长的中文说明，用来看看怎么分段。" * 6
        + f"\n\n- 要点一 {i}\n- 要点二\n\n  接着说\n\n- 要点三\n\n```python\n\nprint({i})\n\n\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"
        for i in range(12)
    ]
)


def test_blocks_of_an_ordinary_text_are_cut_as_the_whole_reads():
    finished, last = cut(PROSE)
    assert len(finished) > 50
    assert "".join([*finished, last]) == PROSE
    assert "".join(map(to_html, [*finished, last])) == to_html(PROSE)


@given(
    st.lists(
        st.sampled_from(
            [
                "# h",
                "",
                "para。再来一句。 more text",
                "- a",
                "- b",
                "  c",
                "```",
                "x = 1",
                "| a | b |",
                "|---|---|",
                "> q",
                "1. n",
                "===",
                "10 apples",
                "字" * 90,
                "~~~~",
            ]
        ),
        max_size=60,
    ),
    st.integers(1, 50),
)
def test_no_line_is_lost_and_pieces_read_as_the_whole(lines, size):
    text = "\n".join(lines)
    finished, last = cut(text, size)
    assert "".join([*finished, last]) == text
    if "|---|---|" not in lines:  # a table requires the line above it
        assert re.sub(r"\s", "", "".join(map(to_html, [*finished, last]))) == re.sub(
            r"\s", "", to_html(text)
        )


@given(st.text(max_size=300), st.integers(1, 40))
def test_a_block_that_is_too_long_is_cut_and_no_word_is_lost(text, size):
    finished, last = cut(text, size, limit=20)
    shown = "".join([*finished, last])
    assert all(shown.count(c) >= text.count(c) for c in set(text) if c.isalnum())
    assert all(len(piece) <= 60 for piece in finished)


def test_a_cut_inside_a_fence_closes_it_and_opens_it_again():
    finished, last = cut("```python\n" + "print('hello')\n" * 1000 + "```\n", 100)
    assert len(finished) > 3
    assert all(piece.startswith("```python\n") and piece.endswith("\n```\n") for piece in finished)
    assert last.startswith("```python\n")


def test_a_cut_inside_a_table_gives_the_next_part_its_header():
    finished, last = cut("| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 1000, 100)
    assert all(piece.startswith("| a | b |\n|---|---|\n") for piece in [*finished, last])


def test_a_cut_inside_a_list_is_between_its_items():
    finished, last = cut("".join(f"{i}. item\n   more of it\n" for i in range(1, 900)), 100)
    assert len(finished) > 3
    assert all(re.match(r"\d+\. item", piece) for piece in [*finished, last])


@pytest.mark.parametrize(
    "text",
    [
        "word " * 26_000,
        "这是一句话。" * 21_000,
        "x" * 128_000,
        "\n" * 128_000,
        "$" * 128_000,
        "`" * 128_000,
        "| " * 64_000,
        "[a]: b\n" * 20_000,
        PROSE * 30,
    ],
)
def test_pieces_are_bounded_and_give_the_text(text):
    found = list(split_blocks(text, 8_000))
    assert "".join(found) == text
    assert max(map(len, found)) <= (64_000 if text.startswith("```") else 16_000)


def test_half_a_line_end_waits_for_the_other_half():
    segmenter = Segmenter()
    assert [*segmenter.feed("a\r"), *segmenter.feed("\nb")] == []
    assert segmenter.open_text == "a\nb"
