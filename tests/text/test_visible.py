"""What a terminal would obey is made visible; what people write stays as it is."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ernie_magic.text.visible import VisibleStream, make_controls_visible

OBEYED = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]|\r(?!\n)"
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b[31mred", "␛[2J␛[31mred"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("\x1b]52;c;cm0gLXJm\x1b\\", "␛]52;c;cm0gLXJm␛\\"),
        ("\x9b31m", "<U+009B>31m"),
        ("rm\x08\x08ls\x7f\x00", "rm␈␈ls␡␀"),
        ("paid\rfree", "paid␍free"),
        ("\u202egnp.exe\u202c", "<U+202E>gnp.exe<U+202C>"),
        ("\u2066x\u2069\u200e\u200f\u061c", "<U+2066>x<U+2069><U+200E><U+200F><U+061C>"),
        ("a\u2028b\u2029c\x85d\x0be\x0cf", "a<U+2028>b<U+2029>c<U+0085>d␋e␌f"),
        ("hi\U000e0069\U000e0067", "hi<U+E0069><U+E0067>"),
        ("\ud83d alone", "<U+D83D> alone"),
    ],
)
def test_controls_are_shown(text, shown):
    assert make_controls_visible(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "two\nlines\tand a tab",
        "dos\r\nlines\r\n",
        "你好，世界　全角",
        "👩‍👩‍👧‍👦 ❤️ 👍🏽 🇨🇳 1️⃣",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿🏴󠁧󠁢󠁳󠁣󠁴󠁿🏴󠁧󠁢󠁷󠁬󠁳󠁿",
        "שלום עולם",
        "مرحبا می‌خواهم",
        "ไทย हिन्दी é",
        "x² ≈ ½ — “q”",
    ],
)
def test_what_people_write_is_left_alone(text):
    assert make_controls_visible(text) == text


@given(st.text(st.characters(), max_size=60))
def test_nothing_that_is_obeyed_is_left_and_nothing_else_is_changed(text):
    shown = make_controls_visible(text)
    assert not OBEYED.search(shown)
    if not any(
        c == "\U000e0000" or unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in text
    ):
        assert shown == text


@given(st.lists(st.text(st.sampled_from("\r\nab\x1b"), max_size=4), max_size=8))
def test_a_text_in_pieces_is_shown_as_the_whole_one(pieces):
    stream = VisibleStream()
    assert "".join([*map(stream.feed, pieces), stream.flush_remaining()]) == make_controls_visible(
        "".join(pieces)
    )
