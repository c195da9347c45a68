"""Text for an output that cannot show every character: a terminal or a pipe in GBK, cp1252, ASCII.

Python's `print` raises `UnicodeEncodeError` there (`sys.stdout.errors` is "strict"). Here a
character that the encoding lacks becomes the nearest one of ASCII, or its number, so that nothing
is lost.
"""

from __future__ import annotations

import codecs
import io
import sys
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, TextIO, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ReprOwner = TypeVar("ReprOwner")

NEAREST = "ernie_magic.nearest"
_ASCII = str.maketrans(
    {
        "✓": "OK",
        "✗": "FAILED",
        "⚠": "!",
        "ⓘ": "i",
        "▶": ">",
        "↗": "^",
        "↓": "v",
        "∞": "inf",
        "≤": "<=",
        "−": "-",
        "–": "-",
        "—": "-",
        "…": "...",
        "·": "-",
        "•": "*",
        "→": "->",
        "×": "x",
        "≈": "~",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "，": ", ",
        "。": ". ",
        "：": ": ",
        "；": "; ",
        "（": " (",
        "）": ") ",
        "、": ", ",
    }
)


def _replace_unencodable(error: UnicodeError) -> tuple[str | bytes, int]:
    """Write what cannot be encoded in ASCII (`codecs.register_error`)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return lacking.translate(_ASCII).encode("ascii", "backslashreplace").decode(), error.end


def _escape_bytes_or_replace(error: UnicodeError) -> tuple[str | bytes, int]:
    """Do the same, but give the bytes of a file's name back as they were (PEP 383)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    if _is_escaped_byte(lacking[0]):
        return bytes([ord(lacking[0]) - 0xDC00]), error.start + 1
    count = next((i for i, c in enumerate(lacking) if _is_escaped_byte(c)), len(lacking))
    error.end = error.start + count
    return _replace_unencodable(error)


def _is_escaped_byte(character: str) -> bool:
    return "\udc80" <= character <= "\udcff"


# The handler in the place of each of Python's own: its name tells which one to restore.
_STAND_INS = {"strict": NEAREST, "surrogateescape": f"{NEAREST}.surrogateescape"}
codecs.register_error(_STAND_INS["strict"], _replace_unencodable)
codecs.register_error(_STAND_INS["surrogateescape"], _escape_bytes_or_replace)


def fit_encoding(text: str, output: TextIO | None) -> str:
    """Return `text` with what an output's encoding lacks written in ASCII."""
    encoding = getattr(output, "encoding", None) or "utf-8"
    with suppress(LookupError):
        return text.encode(encoding, NEAREST).decode(encoding)
    return text


def printable(method: Callable[[ReprOwner], str]) -> Callable[[ReprOwner], str]:
    """Make a `__repr__` write what it can in the encoding of the standard output, so that `print`
    takes it wherever it runs.
    """

    @wraps(method)
    def __repr__(self: ReprOwner) -> str:  # noqa: N807
        return fit_encoding(method(self), sys.stdout)

    return __repr__


def accept_any_text(*outputs: TextIO) -> None:
    """Make outputs of this process write in ASCII what their encodings lack, instead of raising.

    One that shows every character, that replaces in its own way (`PYTHONIOENCODING=gbk:replace`),
    or that is not a text file of Python's, stays as it is.
    """
    _replace_error_handlers(outputs, _STAND_INS)


def restore_error_handlers(*outputs: TextIO) -> None:
    """Undo `accept_any_text`."""
    _replace_error_handlers(outputs, {ours: own for own, ours in _STAND_INS.items()})


def _replace_error_handlers(outputs: Iterable[TextIO], handlers: Mapping[str, str]) -> None:
    for output in outputs:
        if not isinstance(output, io.TextIOWrapper):
            continue
        handler = handlers.get(output.errors or "")
        if handler is None:
            continue
        with suppress(ValueError, LookupError):  # closed, or detached
            if not codecs.lookup(output.encoding).name.startswith("utf"):
                output.reconfigure(errors=handler)
