"""Text for an output that cannot show every character: a terminal or a pipe in GBK, cp1252, ASCII.

Python's `print` raises `UnicodeEncodeError` there (`sys.stdout.errors` is "strict"). Here a
character that the encoding lacks becomes the nearest one of ASCII, or its number, so that nothing
is lost.
"""

from __future__ import annotations

import codecs
import io
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable

NEAREST = "ernie_magic.nearest"
_ASCII = str.maketrans(
    {
        "✓": "OK",
        "✗": "FAILED",
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


codecs.register_error(NEAREST, _replace_unencodable)


def fit_encoding(text: str, output: TextIO) -> str:
    """Return `text` with what an output's encoding lacks written in ASCII."""
    encoding = getattr(output, "encoding", None) or "utf-8"
    with suppress(LookupError):
        return text.encode(encoding, NEAREST).decode(encoding)
    return text


def accept_any_text(*outputs: TextIO) -> None:
    """Make outputs of this process write in ASCII what their encodings lack, instead of raising.

    One that shows every character, that replaces in its own way (`PYTHONIOENCODING=gbk:replace`),
    or that is not a text file of Python's, stays as it is.
    """
    _replace_error_handler(outputs, ("strict", "surrogateescape"), NEAREST)


def restore_strict_encoding(*outputs: TextIO) -> None:
    """Undo `accept_any_text`."""
    _replace_error_handler(outputs, (NEAREST,), "strict")


def _replace_error_handler(outputs: Iterable[TextIO], known: tuple[str, ...], handler: str) -> None:
    for output in outputs:
        if not isinstance(output, io.TextIOWrapper) or output.errors not in known:
            continue
        with suppress(ValueError, LookupError):  # closed, or detached
            if not codecs.lookup(output.encoding).name.startswith("utf"):
                output.reconfigure(errors=handler)
