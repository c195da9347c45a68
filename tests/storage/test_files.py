"""Files exist whole or not at all, under names that every system accepts; a foreign file can
request nothing of its own.
"""

import io
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ernie_magic.api.requests import ImageRequest
from ernie_magic.calls.images import metadata
from ernie_magic.calls.images.pictures import Picture
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
        "一只白猫，红帽子",
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
    assert metadata.read_metadata(file)["prompt"] == "cat"


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
