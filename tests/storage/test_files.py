"""Files exist whole or not at all, under names that every system accepts; a foreign file can
request nothing of its own.
"""

import io
import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ernie_magic.api.requests import ImageRequest
from ernie_magic.calls.images import files as picture_files
from ernie_magic.calls.images.pictures import Picture, make_preview
from ernie_magic.errors import ErnieError, InvalidOption, ProtocolError
from ernie_magic.session import Session
from ernie_magic.storage import files

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and limits")


def file_of(kind="PNG", size=(8, 6)):
    out = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(out, kind)
    return out.getvalue()


def picture(content=None, prompt="猫", **request):
    return Picture(
        ImageRequest(model=request.pop("model", "Stable-Diffusion-XL"), prompt=prompt, **request),
        content or file_of(),
    )


RESERVED = [
    "CON",
    "con",
    "NUL",
    "nul.txt",
    "PRN",
    "AUX",
    "aux.tar.gz",
    "COM1",
    "COM1.txt",
    "com9",
    "LPT1",
    "LPT¹",
    "com²",
    "CONIN$",
    "conout$",
    "CON ",
    "nul .x",
]
NO_NAMES = [
    "..",
    ".",
    "...",
    "-rf",
    "--",
    ".hidden",
    "a.",
    "a ",
    " a",
    "a\u3000",
    "a\nb",
    "a\x00b",
    "a\x1b[31m",
    "a\u202egnp",
    "a\u2066b",
    "\ufeffa",
    "a\\b",
    "a:b",
    'a"b',
    "a|b",
    "a?b*",
    "<a>",
    "x" * 300,
    "猫" * 200,
    "👩‍👩‍👧" * 60,
    "\ud800",
    "",
    "-.-",
    "\u2028",
    "a\u200bb",
]
ADDED = " (9).jpeg.json"


def assert_is_a_name(name):
    stem = name.split(".")[0].rstrip().lower()
    assert stem not in {"con", "prn", "aux", "nul", "conin$", "conout$"}
    assert not (stem[:3] in ("com", "lpt") and stem[3:] in tuple("0123456789¹²³"))
    assert name == name.strip()
    assert name[0] not in ".-"
    assert name[-1] != "."
    assert not set(name) & set('<>:"/\\|?*\u202e\u2066\ufeff\u200b\u2028')
    assert all(ord(c) >= 32 and not 0x7F <= ord(c) < 0xA0 for c in name)
    assert len(name.encode()) <= 255


@pytest.mark.parametrize("name", RESERVED + NO_NAMES, ids=ascii)
def test_what_is_no_name_becomes_one(name, tmp_path):
    assert_is_a_name(files.sanitize_name(name))
    if "/" not in name and "\x00" not in name and name not in ("", ".", "..", "\ud800", "a\\"):
        for kind in ("PNG", "JPEG"):
            written = picture(file_of(kind)).save(tmp_path / name)
            assert_is_a_name(written.name + (".json" if kind == "JPEG" else ""))
            assert written.parent == tmp_path


@given(st.text(st.characters(), max_size=300), st.integers(0, 40))
def test_any_text_becomes_a_name(text, reserve):
    name = files.sanitize_name(text, reserve=reserve)
    assert_is_a_name(name)
    assert len(name.encode()) <= 255 - reserve
    assert files.sanitize_name(name, reserve=reserve) == name


@pytest.mark.parametrize(
    "text",
    [
        "cat",
        "一只白猫, 红帽子",
        "a cat (2)",
        "console",
        "com10",
        "nullify",
        "café",
        "👩‍👩‍👧",
        "می‌خواهم",
        "a-b_c.d",
        "Ω½",
    ],
)
def test_a_name_stays(text):
    assert files.sanitize_name(text) == text


def test_fields_of_a_path_are_names_too(tmp_path):
    for model, prompt in (
        ("con", "nul"),
        ("..", ".."),
        ("a/../b", "c\\d"),
        ("-x", "-y"),
        ("m" * 400, "p" * 400),
    ):
        written = picture(prompt=prompt, model=model).save(f"{tmp_path}/" + "{model}/{prompt}")
        assert written.parent.parent == tmp_path
        assert_is_a_name(written.parent.name)
        assert_is_a_name(written.name)


WRITER = """
import sys
from ernie_magic.calls.images.pictures import Picture
from ernie_magic.api.requests import ImageRequest
content = open(sys.argv[1], "rb").read()
one = Picture(ImageRequest(model="m", prompt="cat"), content)
print("ready", flush=True)
for _ in range(int(sys.argv[3])):
    print(one.save(sys.argv[2], overwrite=len(sys.argv) > 4).name, flush=True)
"""


def writer(*args, **options):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, *map(str, args)],
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


def assert_whole(file):
    with Image.open(file) as image:
        image.load()
    assert picture_files.read_metadata(file)["prompt"] == "cat"


def kill_writers(tmp_path, times, *over):
    (tmp_path / "source").write_bytes(file_of(size=(700, 500)))
    place = tmp_path / "pictures"
    place.mkdir()
    delays = random.Random(12)  # noqa: S311
    for _ in range(times):
        process = writer(tmp_path / "source", place / "cat.png", 10_000, *over)
        process.stdout.readline()
        time.sleep(delays.uniform(0.0, 0.25))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    written = list(place.glob("*.png"))
    for file in written:
        assert_whole(file)
    assert written
    return place


def test_a_process_that_is_killed_leaves_whole_pictures_and_nothing_else(tmp_path):
    left = [file.name for file in kill_writers(tmp_path, 4).iterdir() if file.suffix != ".png"]
    if hasattr(os, "O_TMPFILE"):
        assert left == []
    else:
        assert all(name.startswith(".ernie_magic-") for name in left)


def test_a_picture_that_is_written_over_is_always_whole(tmp_path):
    assert len(list(kill_writers(tmp_path, 2, "over").glob("*.png"))) == 1


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_whole_pictures_only_at_length(tmp_path):
    kill_writers(tmp_path, 40)


def test_processes_that_save_the_same_name_take_no_other_s_place(tmp_path):
    (tmp_path / "source").write_bytes(file_of())
    processes = [writer(tmp_path / "source", tmp_path / "cat", 25) for _ in range(4)]
    names = []
    for process in processes:
        names += process.communicate(timeout=60)[0].split("\n")[1:-1]
        assert process.returncode == 0
    assert len(set(names)) == len(names) == 100
    assert {file.name for file in tmp_path.glob("cat*")} == set(names)
    for file in tmp_path.glob("cat*"):
        assert_whole(file)


@pytest.mark.parametrize("hidden", ["", "O_TMPFILE", "link"])
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, hidden):
    code = f"""
import os, resource, sys
{f"del os.{hidden}" if hidden == "O_TMPFILE" else ""}
from ernie_magic.calls.images.pictures import Picture
from ernie_magic.errors import InvalidOption
from ernie_magic.api.requests import ImageRequest
content = open(sys.argv[1], "rb").read()
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for over in (False, True):
    try:
        Picture(ImageRequest(model="m", prompt="cat"), content).save(sys.argv[2] + "/cat.png", overwrite=over)
    except InvalidOption as error:
        print(error)
"""
    (tmp_path / "source").write_bytes(file_of(size=(64, 64)))
    place = tmp_path / "pictures"
    place.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "source", place],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert [
        line.count("cannot be written: File too large.") for line in done.stdout.splitlines()
    ] == [1, 1]
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("missing", ["O_TMPFILE", "/proc", "links"])
def test_file_systems_that_cannot_do_everything(tmp_path, monkeypatch, missing):
    link = os.link

    def without(source, *args, **options):
        if missing == "links" or str(source).startswith("/proc"):
            raise PermissionError(1, "Operation not permitted")
        return link(source, *args, **options)

    if missing != "/proc":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    if missing != "O_TMPFILE":
        monkeypatch.setattr(os, "link", without)
    names = [picture(prompt="cat").save(tmp_path / "work" / "cat").name for _ in range(3)]
    assert names == ["cat.png", "cat (2).png", "cat (3).png"]
    assert sorted(file.name for file in (tmp_path / "work").iterdir()) == sorted(names)
    assert_whole(picture(prompt="cat").save(tmp_path / "work" / "cat", overwrite=True))


def test_drafts_of_killed_processes_are_swept_and_those_of_living_ones_are_not(
    tmp_path, monkeypatch
):
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    old, young = tmp_path / ".ernie_magic-old", tmp_path / ".ernie_magic-young"
    for file in (old, young):
        file.write_text("")
    os.utime(old, (time.time() - 7200,) * 2)
    picture().save(tmp_path / "cat")
    assert (old.exists(), young.exists()) == (False, True)


def test_a_file_has_the_rights_that_the_user_s_files_have(tmp_path):
    before = os.umask(0o027)
    try:
        for over in (False, True):
            assert (
                picture().save(tmp_path / f"cat{over}", overwrite=over).stat().st_mode & 0o777
                == 0o640
            )
    finally:
        os.umask(before)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def strangers(found, place, kind="PNG"):
    """A picture with parameters that were not written here."""
    text = found if isinstance(found, str) else json.dumps(found)
    file = place / ("stranger.png" if kind == "PNG" else "stranger.jpg")
    file.write_bytes(picture_files.with_itxt(file_of(), text) if kind == "PNG" else file_of(kind))
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
    assert [picture_files.read_metadata(file)["extra"] for file in files_] == [
        {"refer_image": "x"}
    ] * 2
    text = picture_files._read_itxt(files_[0].read_bytes())
    changed = strangers(text.replace('"refer_image"', '"other"'), tmp_path)
    assert "extra" not in picture_files.read_metadata(changed)
    monkeypatch.setenv("HOME", str(tmp_path / "another"))  # the same file for another user
    assert picture_files.read_metadata(files_[0]) == {
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
