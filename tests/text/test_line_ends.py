"""One rule for line ends."""

from hypothesis import given
from hypothesis import strategies as st

from ernie_magic.text.line_ends import (
    LineEndNormalizer,
    normalize_crlf,
    normalize_line_ends,
    split_lines,
)


def test_three_ends_are_one_and_nothing_else_ends_a_line():
    assert normalize_line_ends("a\r\nb\rc\nd\r\r\n") == "a\nb\nc\nd\n\n"
    assert normalize_crlf("a\r\nb\rc\nd") == "a\nb\rc\nd"
    assert split_lines("a\x0cb\u2028c\r\nd") == ["a\x0cb\u2028c", "d"]


@given(st.lists(st.text(st.sampled_from("a\r\n"), max_size=4), max_size=8))
def test_pieces_give_what_the_whole_gives(pieces):
    normalizer = LineEndNormalizer()
    whole = "".join(pieces) + "."
    assert "".join(map(normalizer.feed, [*pieces, "."])) == normalize_line_ends(whole)
