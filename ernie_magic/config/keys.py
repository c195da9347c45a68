"""Keys are stored, sent and never shown: not in a repr, not in an error, not even in part."""

from __future__ import annotations

import logging
from typing import NamedTuple, NoReturn


class Key:
    """A credential. `reveal()` is for the wire only.

    White space is stripped: a pasted line end would make an invalid header (RFC 9110, section 5.5).

    Parameters
    ----------
    value
        The credential.
    secret
        False for a token that anybody may know (the emulator's): it is not hidden in texts.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str, *, secret: bool = True) -> None:
        self._value = value.strip()
        if secret:
            from ernie_magic.text.redact import KNOWN  # with the first key, not with the extension

            KNOWN.add_key(self._value)

    def reveal(self) -> str:
        """The credential itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        from ernie_magic.text.redact import HIDDEN

        return f"Key({HIDDEN if self._value else 'not set'})"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")


class Pair(NamedTuple):
    """An access key and its secret key.

    Attributes
    ----------
    access, secret : Key
    """

    access: Key
    secret: Key


class LogFilter(logging.Filter):
    """Remove keys from what libraries log: httpx logs each URL, and Qianfan V1's tokens and secrets
    are in the query.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass every record, without keys."""
        from ernie_magic.text.redact import redact

        record.msg, record.args = redact(record.getMessage(), strict=True), ()
        return True
