"""Pictures that a Markdown text holds itself."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ernie_magic.text.data_pictures import PictureNamer, find_data_uris, name_pictures

PACKED = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(200))).decode()
URI = f"data:image/png;base64,{PACKED}"
TEXT = (
    f"a! ![b]({URI}) ![c](http://x/y.png) ![](<{URI}>)[d]({URI}) `!` ![e](data:x) ![f]({URI} 'g')!["
)


def test_a_picture_is_named_and_its_address_found():
    assert name_pictures(TEXT) == (
        f"a! [b ↓] ![c](http://x/y.png) [image/png ↓][d]({URI}) `!` ![e](data:x) [f ↓]!["
    )
    assert find_data_uris(TEXT) == [URI] * 3


@given(st.lists(st.integers(1, 90), min_size=40, max_size=40))
def test_a_text_in_pieces_is_named_like_a_whole_one(sizes):
    namer = PictureNamer()
    shown = ""
    start = 0
    for size in [*sizes, len(TEXT)]:
        shown += namer.feed(TEXT[start : start + size])
        start += size
    assert shown + namer.flush() == name_pictures(TEXT)


@pytest.mark.parametrize("text", ["![", "!", "![a](data:image/png;base64,AAAA", f"![a]({URI}"])
def test_many_beginnings_take_linear_time(text):
    began = time.process_time()
    namer = PictureNamer()
    for _ in range(20_000):
        namer.feed(text)
    name_pictures(text * 2_000)
    assert time.process_time() - began < 2
