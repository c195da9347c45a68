"""Formats of pictures, recognised by their bytes."""

import io

import pytest
from PIL import Image

from ernie_magic.calls.images.formats import EXTENSIONS, format_of
from ernie_magic.errors import ProtocolError


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_what_pillow_writes_is_recognised(kind):
    out = io.BytesIO()
    Image.new("RGB", (2, 2)).save(out, kind)
    found = format_of(out.getvalue())
    assert (found.name, found.mime) == (kind, f"image/{kind.lower()}")
    assert found.extension in EXTENSIONS


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "got nothing"),
        (b" \n\t", "got nothing"),
        (b"<!DOCTYPE html><html>", "a web page or XML"),
        (b"<?xml version='1.0'?><!-- x --><SVG onload=alert(1)>", "an SVG"),
        (b'  {"error": 1}', "JSON text"),
        (b"RIFF\0\0\0\0WAVEfmt ", "something else"),
        (b"\x89PNG\r\n", "something else"),
        (b"BM", "something else"),
    ],
)
def test_what_is_no_picture_is_told_by_its_kind(content, told):
    with pytest.raises(ProtocolError) as caught:
        format_of(content)
    assert told in caught.value.line("en")
