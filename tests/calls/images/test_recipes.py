"""A foreign picture can request nothing of its own; the user's own asks for all that made it."""

import json
import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest

from ernie_magic.api.requests import ImageRequest
from ernie_magic.calls.images import metadata, recipes
from ernie_magic.calls.images.pictures import Picture, make_preview
from ernie_magic.errors import ErnieError, InvalidOption, ProtocolError
from ernie_magic.session import Session
from tests.storage.test_files import file_of, picture


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def strangers(found, place, kind="PNG"):
    """A picture with parameters that were not written here."""
    text = found if isinstance(found, str) else json.dumps(found)
    file = place / ("stranger.png" if kind == "PNG" else "stranger.jpg")
    file.write_bytes(metadata.with_itxt(file_of(), text) if kind == "PNG" else file_of(kind))
    if kind != "PNG":
        Path(f"{file}.json").write_text(json.dumps({"ernie_magic": found}))
    return file


HOSTILE = {
    "prompt": "cat",
    "model": "Stable-Diffusion-XL",
    "parameters": {"seed": 7},
    "extra": {"user": "victim", "callback_url": "http://evil", "refer_image": "/etc/passwd"},
    "endpoint": "their-service",
    "base_url": "http://evil/v1",
    "api_key": "k",
    "service": "local",
    "headers": {"X": "y"},
    "paths": {"m": "/evil"},
    "path": "../../x",
    "seed": True,
    "index": "0",
    "id": 3,
    "signature": "0" * 64,
}


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_stranger_s_picture_sends_only_fields_of_the_table(kind, tmp_path, emulator):
    file = strangers(HOSTILE, tmp_path, kind)
    with Session(
        service="aistudio", base_url=emulator.base_url, api_key="canary-key-of-files", retry_count=1
    ) as session:
        emulator.requests.clear()
        session.redo(file)
        session.redo(session.recipe(file))
        sent = [logged for logged in emulator.requests if logged.method == "POST"]
        assert [logged.body for logged in sent] == [
            {"model": "Stable-Diffusion-XL", "prompt": "cat", "seed": 7}
        ] * 2
        assert session.recipe(file) == {
            "prompt": "cat",
            "model": "Stable-Diffusion-XL",
            "parameters": {"seed": 7},
            "service": "local",
        }


def test_the_user_s_own_picture_asks_for_all_that_it_was_made_with(tmp_path, monkeypatch):
    request = ImageRequest(
        model="m", prompt="cat", parameters={"seed": 7}, extra={"refer_image": "x"}, endpoint="mine"
    )
    files_ = [Picture(request, file_of(kind)).save(tmp_path / kind) for kind in ("PNG", "JPEG")]
    assert [metadata.read_metadata(file)["extra"] for file in files_] == [{"refer_image": "x"}] * 2
    text = metadata._read_itxt(files_[0].read_bytes())
    changed = strangers(text.replace('"refer_image"', '"other"'), tmp_path)
    assert "extra" not in metadata.read_metadata(changed)
    monkeypatch.setenv("HOME", str(tmp_path / "another"))  # the same file for another user
    assert metadata.read_metadata(files_[0]) == {
        "prompt": "cat",
        "model": "m",
        "parameters": {"seed": 7},
        "index": 0,
        "seed": 7,
    }
    assert not (tmp_path / "another").exists()  # reading stores nothing
    (tmp_path / "another").write_text("")  # nowhere to store a secret
    assert picture().save(tmp_path / "unsigned").exists()


@pytest.mark.parametrize(
    "found",
    [
        {"prompt": ["x"], "model": "m"},
        {"prompt": "x", "model": {"$ref": 1}},
        {"prompt": "x", "model": "m", "parameters": {"base_url": "http://evil"}},
        {"prompt": "x", "model": "m", "parameters": {"model": "n"}},
        {"prompt": "x", "model": "m", "parameters": {"api_key": "k"}},
        {"prompt": "x", "model": "m", "parameters": {"retry_count": 10}},
        '{"prompt": "x", "model": "m", "parameters": {"seed": NaN}}',
        '{"prompt": "x", "model": "m", "parameters": {"cfg_scale": Infinity}}',
        '{"prompt": "x", "model": "m", "index": ' + "9" * 5000 + "}",
        {"prompt": "x", "model": "m", "parameters": {"size": {"a": 1}}},
        {"prompt": "x", "model": "m", "parameters": {"n": 10**9}},
        {"prompt": "x", "model": "m", "parameters": {"seed": "1; rm"}},
        {"prompt": "", "model": "m"},
        {"prompt": "x" * 2_000_000, "model": "m"},
        {"prompt": "\ud800", "model": "m"},
    ],
    ids=lambda found: str(found)[:60],
)
def test_what_a_stranger_s_picture_cannot_hold_is_one_line_and_sends_nothing(
    found, tmp_path, emulator
):
    file = strangers(found, tmp_path)
    with Session(
        service="aistudio", base_url=emulator.base_url, api_key="canary-key-of-files", retry_count=1
    ) as session:
        emulator.requests.clear()
        with pytest.raises(ErnieError) as raised:
            session.redo(file)
        assert "\n" not in str(raised.value)
        assert list(emulator.requests) == []


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
def test_a_compressed_text_in_a_picture_is_not_blown_up(kind, tmp_path):
    bomb = zlib.compress(b"[" * 50_000_000, 9)
    head = b"ernie_magic\0\0" if kind == b"zTXt" else b"ernie_magic\0\1\0\0\0"
    content = file_of()
    (tmp_path / "bomb.png").write_bytes(content[:33] + chunk(kind, head + bomb) + content[33:])
    with Session() as session, pytest.raises(InvalidOption, match="contains no parameters"):
        session.redo(tmp_path / "bomb.png")
    tracemalloc.start()
    with pytest.raises(ProtocolError, match=r"damaged|broken|whole"):
        make_preview((tmp_path / "bomb.png").read_bytes())
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_a_field_that_entered_the_table_later_is_sent_by_its_name():
    made = ImageRequest(
        model="irag-1.0",
        prompt="cat",
        parameters={"seed": 7},
        extra={"refer_image": "https://e.com/a.png", "other": 1},
    )
    options = recipes.redo_options(metadata.picture_metadata(Picture(made, b"")), {"n": 2})
    assert (options["refer_image"], options["extra"], options["n"]) == (
        "https://e.com/a.png",
        {"other": 1},
        2,
    )


def test_a_stranger_s_picture_names_no_address_for_the_service_to_fetch(tmp_path):
    found = {
        "prompt": "cat",
        "model": "irag-1.0",
        "parameters": {"seed": 7, "refer_image": "http://evil/x"},
    }
    assert metadata.read_metadata(strangers(found, tmp_path))["parameters"] == {"seed": 7}
