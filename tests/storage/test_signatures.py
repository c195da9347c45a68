"""Signatures of this user's installation."""

import sys
from pathlib import Path

import pytest

from ernie_magic.storage import folders, signatures


@pytest.fixture
def secret_file():
    return folders.user_folder() / "signing.key"


def test_what_was_signed_here_is_recognised_and_nothing_else(secret_file):
    assert not signatures.is_signed("a", "")  # there is no secret yet, and none is made
    assert not secret_file.exists()
    signature = signatures.sign_text("猫\ud800")
    assert signatures.is_signed("猫\ud800", signature)
    for text, other in [
        ("狗", signature),
        ("猫\ud800", signature[:-1]),
        ("猫\ud800", "é"),
        ("猫\ud800", None),
    ]:
        assert not signatures.is_signed(text, other)


def test_the_secret_is_made_once_for_the_user_alone(secret_file):
    first = signatures.sign_text("a")
    assert signatures.sign_text("a") == first
    assert len(secret_file.read_bytes()) == 32
    if sys.platform != "win32":
        assert secret_file.stat().st_mode & 0o777 == 0o600
    secret_file.unlink()
    assert signatures.sign_text("a") != first
    assert not signatures.is_signed("a", first)


def test_a_folder_beside_the_notebook_brings_no_secret(secret_file, tmp_path):
    (tmp_path / "work" / folders.NOTEBOOK_FOLDER).mkdir()
    signatures.sign_text("a")
    assert secret_file.exists()
    assert not list(Path(folders.NOTEBOOK_FOLDER).iterdir())


def test_where_no_secret_can_be_kept_nothing_is_signed(secret_file):
    secret_file.parent.parent.mkdir(parents=True)
    secret_file.parent.write_text("a file in the place of the folder")
    assert signatures.sign_text("a") == ""
    assert not signatures.is_signed("a", "")


def test_a_secret_that_was_cut_is_none(secret_file):
    signature = signatures.sign_text("a")
    secret_file.write_bytes(secret_file.read_bytes()[:31])
    assert not signatures.is_signed("a", signature)
    assert signatures.sign_text("a") == ""
