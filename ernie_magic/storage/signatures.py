"""Whether a text was written here: a signature by a secret that this user's installation makes
once, and sends nowhere.

It tells a picture that this user saved from a stranger's, which may ask for anything.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from ernie_magic.storage import files

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "signing.key"
_LENGTH = 32  # bytes


def _place() -> Path:
    """Always in the user's own folder: one beside a notebook comes along with a stranger's
    project.
    """
    import platformdirs

    return platformdirs.user_data_path("ernie_magic") / _NAME


def _secret() -> bytes:
    """The secret of this user, b"" while there is none."""
    try:
        found = _place().read_bytes()
    except OSError:
        return b""
    return found if len(found) == _LENGTH else b""


def _made() -> bytes:
    """The secret of this user, made at first use; b"" where none can be kept."""
    if found := _secret():
        return found
    with suppress(OSError):  # as when another process makes it at the same moment
        _place().parent.mkdir(parents=True, exist_ok=True)
        files.write_new([_place()], secrets.token_bytes(_LENGTH), mode=0o600)
    return _secret()


def _signature(text: str, secret: bytes) -> str:
    return hmac.new(secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def sign(text: str) -> str:
    """The signature of a text, "" where no secret can be kept."""
    secret = _made()
    return _signature(text, secret) if secret else ""


def is_signed(text: str, signature: object) -> bool:
    """Whether this user's installation has signed it."""
    secret = _secret()
    return (
        bool(secret)
        and isinstance(signature, str)
        and hmac.compare_digest(
            _signature(text, secret).encode(), signature.encode("utf-8", "replace")
        )
    )
