"""The file that a person means by a path."""

import sys
import unicodedata
from pathlib import Path

import pytest

from ernie_magic.storage.paths import find_path

COMPOSED = unicodedata.normalize("NFC", "Äb é.png")
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["~x.png", "p q.png", "a[1]'\"b.png", "-x.png", "p%20q.png"])
def test_a_file_is_found_by_its_very_name(name):
    Path(name).touch()
    assert find_path(name) == Path(name)
    assert find_path(Path(name).resolve()) == Path(name).resolve()


@pytest.mark.skipif(sys.platform == "darwin", reason="the system itself takes both for one name")
@pytest.mark.parametrize(("there", "typed"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_letters_with_accents_are_found_in_either_form(there, typed):
    (Path(there) / there).mkdir(parents=True)
    assert find_path(typed) == Path(there)
    assert find_path(Path(typed, typed)) == Path(there, there)
    assert find_path(Path(there, typed)) == Path(there, there)
    Path(typed).touch()
    assert find_path(typed) == Path(typed)


def test_a_file_is_found_by_its_address(tmp_path):
    file = tmp_path / "p q ü.png"
    file.touch()
    assert find_path(file.as_uri()) == file
    assert find_path(file.as_uri().replace("file://", "FILE://localhost")) == file
    assert find_path("file:p%20q%20%C3%BC.png") == Path("p q ü.png")


@pytest.mark.skipif(sys.platform == "win32", reason="a backslash is a separator there")
def test_a_backslash_is_a_separator_where_no_name_has_it():
    Path("Docs & Pics").mkdir()
    Path("Docs & Pics/p (1).png").touch()
    assert find_path(r"Docs & Pics\p (1).png") == Path("Docs & Pics/p (1).png")
    Path(r"Docs & Pics\p (1).png").touch()
    assert find_path(r"Docs & Pics\p (1).png").name == r"Docs & Pics\p (1).png"


@pytest.mark.parametrize(
    "typed",
    [
        "none.png",
        "é/none.png",
        "~nobody-of-this-name/x.png",
        r"\\server\share\x.png",
        "file:///no/x",
    ],
)
def test_what_is_not_there_stays_as_typed(typed):
    assert find_path(typed) == Path(typed)
