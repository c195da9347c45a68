"""What made a picture is kept in its file and read back."""

import os
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ernie_magic.calls.images import metadata
from ernie_magic.config.keys import Key
from ernie_magic.errors import InvalidOption
from tests.calls.images.test_files import file_of, picture, png_with


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        file_of(),
        file_of("JPEG"),
        png_with("not json"),
        png_with("[]"),
        png_with("{}"),
        png_with('{"prompt": 1, "model": "m"}'),
        png_with('{"prompt": "p", "model": "m", "parameters": []}'),
        png_with('{"prompt": "p", "model": "m", "extra": 7}'),
        png_with("[" * 100_000),
        file_of()[:40],
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 2**31) + b"iTXt",
        b"\x89PNG\r\n\x1a\n" * 9,
    ],
)
def test_a_file_without_our_parameters_is_told_in_a_line(content, tmp_path):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(InvalidOption, match=r"x\.png contains no parameters saved by ernie_magic"):
        metadata.read_metadata(tmp_path / "x.png")


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(InvalidOption, match="no file "):
        metadata.read_metadata(tmp_path / "none.png")
    with pytest.raises(InvalidOption, match="cannot be read"):
        metadata.read_metadata(tmp_path)


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=80)


@settings(max_examples=200, deadline=None)
@given(TEXT, TEXT)
def test_any_text_goes_into_a_png_and_comes_out_and_the_next_takes_its_place(first, second):
    made = metadata.with_itxt(metadata.with_itxt(file_of(), first), second)
    assert metadata._read_itxt(made) == second
    assert made == metadata.with_itxt(file_of(), second)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), TEXT)
def test_bytes_after_a_png_s_beginning_are_kept_whatever_they_are(tail, text):
    content = b"\x89PNG\r\n\x1a\n" + tail
    made = metadata.with_itxt(content, text)
    at = made.rindex(b"ernie_magic\0\0\0\0\0" + text.encode()) - 8
    length = struct.unpack(">I", made[at : at + 4])[0]
    assert made[:at] + made[at + length + 12 :] == content


def test_a_number_that_looks_like_a_key_stays_a_number(tmp_path):
    Key("sk-7Qx0123456789v2Lm81")
    for kind in ("PNG", "JPEG"):
        file = picture(file_of(kind), parameters={"seed": 123456789}).save(tmp_path / kind)
        assert metadata.read_metadata(file)["parameters"] == {"seed": 123456789}


def test_a_file_with_other_parameters_and_a_pipe_are_refused(tmp_path):
    (tmp_path / "x.png").write_bytes(
        png_with('{"prompt": "p", "model": "m", "parameters": {"self": 1}}')
    )
    with pytest.raises(InvalidOption, match="contains no parameters"):
        metadata.read_metadata(tmp_path / "x.png")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(InvalidOption, match="cannot be read"):
        metadata.read_metadata(tmp_path / "pipe.png")
