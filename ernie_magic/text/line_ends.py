r"""Line ends: `\n`, `\r\n` and a lone `\r` end a line, and become `\n`; nothing else does.
In a prompt a lone `\r` is the user's, and sent as it is.

That is the rule of CommonMark (https://spec.commonmark.org/0.31.2/#line-ending) and of Python's own
source. `str.splitlines` has another: it also splits at form feeds and at U+2028.
"""

from __future__ import annotations

import io
import re

_LINE_END = re.compile(r"\r\n?")


def normalize_line_ends(text: str) -> str:
    r"""Return a text whose lines all end in `\n`."""
    if "\r" not in text:
        return text
    return _LINE_END.sub("\n", text)


def normalize_crlf(text: str) -> str:
    r"""Return a text with `\n` for each `\r\n`, as a notebook written on Windows holds it."""
    return text.replace("\r\n", "\n")


def split_lines(text: str) -> list[str]:
    """Return a text's lines, without their ends."""
    return normalize_line_ends(text).split("\n")


class LineEndNormalizer:
    r"""Normalize a text that arrives in pieces: a `\r` at the end of one waits for the next, since
    it may be half of a line end.
    """

    def __init__(self) -> None:
        self._decoder = io.IncrementalNewlineDecoder(None, translate=True)

    def feed(self, text: str) -> str:
        """Return what of the text so far is known to be whole."""
        return self._decoder.decode(text)
