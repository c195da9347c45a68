"""Pictures that a model writes into its text as Markdown does, by a `data:` URI (RFC 2397).

Gateways to models that draw write them so. Their base64 says nothing to a reader: where the text
is shown, a few words stand for each, and the picture itself is shown with the answer's others.
"""

from __future__ import annotations

import base64
import re

_FEWEST = 64  # characters of base64: shorter ones are examples, not pictures
_MOST_ALT = 300  # characters of the words beside a picture
_HEAD = 32  # characters of base64 that show what a file is
_CLEAR_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*")
# Words may spell the last two in base64: they count where a picture is announced.
_SIGNATURES = (*_CLEAR_SIGNATURES, b"BM", b"<")
_BASE64 = re.compile(r"[A-Za-z0-9+/_\r\n-]+={0,2}\s*")
_BEGINNING = rf"!\[(?P<alt>[^\]\n]{{0,{_MOST_ALT}}})\]\(\s{{0,3}}<?"
_TITLE = r"(?:\s{1,3}[\"'][^\"'\n]{0,300}[\"'])?"
_PICTURE = re.compile(
    _BEGINNING
    + r"(?P<uri>data:(?P<kind>image/[\w.+-]{1,40});base64,"
    + rf"(?P<packed>[A-Za-z0-9+/_=%-]{{{_FEWEST},}}))>?{_TITLE}\s{{0,3}}\)",
    re.IGNORECASE,
)
# What may become one: it ends where the text does.
_UNFINISHED = re.compile(
    rf"!(?:\Z|\[[^\]\n]{{0,{_MOST_ALT}}}(?:\Z|\](?:\Z|\(\s{{0,3}}<?(?:[dat]{{0,4}}\Z|data:[^)\n]*\Z))))",
    re.IGNORECASE,
)


def find_data_uris(text: str) -> list[str]:
    """Return the `data:` URIs of the pictures in a Markdown text."""
    return [found["uri"] for found in _PICTURE.finditer(text) if _is_picture(found)]


def name_pictures(text: str) -> str:
    """Return Markdown with a few words in the place of each picture that it holds itself."""
    return _PICTURE.sub(_name_picture, text)


def _name_picture(found: re.Match[str]) -> str:
    if not _is_picture(found):
        return found[0]
    return f"[{found['alt'].strip() or found['kind']} ↓]"


def _is_picture(found: re.Match[str]) -> bool:
    return _begins_with(_SIGNATURES, found["packed"])


def _begins_with(signatures: tuple[bytes, ...], packed: str) -> bool:
    head = packed[:_HEAD].replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(head).startswith(signatures)
    except ValueError:
        return False


def is_packed_picture(text: str) -> bool:
    """Whether a whole text is a picture in base64, or a `data:` URI of one."""
    start = 0
    if text[:5].lower() == "data:":
        start = text.find(",", 0, _MOST_ALT) + 1
    is_picture = _begins_with(_CLEAR_SIGNATURES, text[start : start + _HEAD])
    return is_picture and _BASE64.fullmatch(text, start) is not None


class PictureNamer:
    """`name_pictures` for a text that arrives in pieces: a picture that is not whole yet is held
    back.
    """

    def __init__(self) -> None:
        self._held: list[str] = []  # begins with the picture that is not whole yet

    def feed(self, piece: str) -> str:
        """Add a piece; return what can be shown of the text."""
        # Once its base64 has begun, only a bracket ends it.
        if self._held and len(self._held[0]) > _MOST_ALT and ")" not in piece:
            self._held.append(piece)
            return ""
        text = name_pictures("".join([*self._held, piece]))
        begun = _UNFINISHED.search(text)
        self._held = []
        if begun:
            self._held = [begun[0]]
            text = text[: begun.start()]
        return text

    def flush(self) -> str:
        """Return what was held back and became no picture."""
        held = "".join(self._held)
        self._held = []
        return held
