"""Only addresses of the web become links, and plain words are neither HTML nor a formula."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ernie_magic.text.sanitize import link_html, plain_html


@pytest.mark.parametrize(
    ("address", "is_link"),
    [
        ('https://a.b/?x="><b>', True),
        ("javascript:evil()", False),
        (" https://a.b", False),
        ("data:text/html,x", False),
        ("", False),
    ],
)
def test_only_addresses_of_the_web_become_links(address, is_link):
    assert ("<a " in link_html(address, "t")) is is_link
    assert "<b>" not in link_html(address, "<b>")


@given(st.text())
def test_plain_words_are_neither_html_nor_a_formula(text):
    made = plain_html(text)
    bare = made.replace("<span>$</span>", "").replace("<span>\\</span>", "")
    assert not set(bare) & set("<>$\\\"'")
