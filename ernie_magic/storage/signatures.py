"""Signatures that show whether a text was written here, by a secret that this user's installation
makes once and sends nowhere.

They distinguish a picture that this user saved from a stranger's, which may ask for anything.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from ernie_magic.storage import files, folders

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "signing.key"
_LENGTH = 32  # bytes


def _key_path() -> Path:
    """Return where the secret is kept: always in the user's own folder, since one beside a notebook
    may come with a stranger's project.
    """
    return folders.user_folder() / _NAME


def _read_secret() -> bytes:
    """Return this user's secret, b"" while there is none."""
    secret = b""
    with suppress(OSError):
        secret = _key_path().read_bytes()
    if len(secret) != _LENGTH:
        return b""  # none yet, or one that was cut
    return secret


def _ensure_secret() -> bytes:
    """Return this user's secret, made at first use; b"" where none can be kept."""
    if secret := _read_secret():
        return secret
    with suppress(OSError):  # for example when another process makes it at the same moment
        _key_path().parent.mkdir(parents=True, exist_ok=True)
        files.write_new([_key_path()], secrets.token_bytes(_LENGTH), mode=0o600)
    return _read_secret()


def _signature(text: str, secret: bytes) -> str:
    return hmac.new(secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def sign_text(text: str) -> str:
    """Return the signature of a text, "" where no secret can be kept."""
    if secret := _ensure_secret():
        return _signature(text, secret)
    return ""


def is_signed(text: str, signature: object) -> bool:
    """Whether this user's installation has signed it."""
    secret = _read_secret()
    return (
        bool(secret)
        and isinstance(signature, str)
        and hmac.compare_digest(
            _signature(text, secret).encode(), signature.encode("utf-8", "replace")
        )
    )
