"""JSON, and what is nearly so, in what a model writes: the whole text, a fenced block, or a value
among words.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ernie_magic.text.encodings import printable
from ernie_magic.text.nearly_json import CutOffError, decode_nearly, has_plain_backslashes

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of a name in an object, or a comment before it, as nearly JSON has it.
_NEARLY_BEGUN = r"\{(?=\s*(?:['“‘]|//|/\*|\#|[^\W\d]\w{0,64}\s*[:：]))|\{(?=\s*\d+\s*[:：])|｛"
_FENCE = re.compile(r"^ {0,3}```[^\n`]*\n(.*?)^ {0,3}```", re.DOTALL | re.MULTILINE)
# A brace in a sentence begins no object.
_OBJECT = r"\{(?=\s*[\"}])"
OBJECT_OPENING = re.compile(rf"{_OBJECT}|{_NEARLY_BEGUN}")
# A list of one number among words is a citation, `[1]`, and `[text](address)` a link.
_LIST = r"\[(?=[\s\[]{0,64}[\"{])|\[(?=\s*-?\d[\d.]*\s*,)"
_NEARLY_LIST = r"\[(?=\s*(?:'[^'\n]{0,200}'|“[^“”\n]{0,200}”)\s*[,，、])"
_OPENING = re.compile(rf"{_OBJECT}|{_LIST}|{_NEARLY_BEGUN}|{_NEARLY_LIST}")
_CERTAIN_OPENING = re.compile(rf"{_OBJECT}|{_LIST}")
_MAX_FAILED = 20  # openings among words that begin no value: each may cost a pass over the text
_DECODER = json.JSONDecoder(strict=False)  # a line break in a text spoils no paid answer
_BEGIN_OF_THOUGHTS = re.compile(r"\s*<(think|thinking|thought)>")
_END_OF_THOUGHTS = "</think>"


def find_json(text: str) -> Any:
    """Return the value that the text is; else that of its first fenced block that is JSON, else the
    first object or list in it.

    Raises
    ------
    ValueError
        There is none, or it is broken or cut off.
    """
    text = drop_thoughts(text)
    for candidate in (text, *(found[1] for found in _FENCE.finditer(text))):
        for read in (_decode_json, _decode_whole):
            with suppress(ValueError, RecursionError):
                return read(candidate)
    for value in iterate_json(text):
        return value
    raise ValueError("the text contains no JSON")


def is_object(text: str) -> bool:
    """Whether a text is one object of JSON, and nothing else."""
    bare = text.strip()
    with suppress(ValueError, RecursionError):
        return bare.startswith("{") and isinstance(_DECODER.decode(bare), dict)
    return False


def has_only_thoughts(text: str) -> bool:
    """Whether a text ends before the answer: it begins with what a model thinks aloud, between
    tags, and nothing follows that.
    """
    begins = _BEGIN_OF_THOUGHTS.match(text)
    if begins is None:
        return False
    _, end, answer = text.rpartition(f"</{begins[1]}>")
    return not end or not answer.strip()


def drop_thoughts(text: str) -> str:
    """Return a text without what a model thinks aloud before it answers."""
    return text.rpartition(_END_OF_THOUGHTS)[2]


def _decode_json(text: str) -> Any:
    value = _DECODER.decode(text)
    if has_plain_backslashes(text):
        with suppress(ValueError):
            return _decode_whole(text)
    return value


def _decode_whole(text: str) -> Any:
    """Return the value that a text nearly is, with nothing but comments around it."""
    text = text.strip("\ufeff \t\r\n")
    value, end = decode_nearly(text, 0, _DECODER)
    if text[end:].strip():
        raise ValueError("more follows")
    return value


def iterate_json(
    text: str,
    opening: re.Pattern[str] = _OPENING,
    decoder: json.JSONDecoder = _DECODER,
) -> Iterator[Any]:
    """Iterate over the values among a text's words that are JSON, or nearly so (`nearly_json`). One
    that is broken or cut off is the last: what is inside it is no answer.

    Parameters
    ----------
    opening
        Where values begin.
    decoder
        What reads them.
    """
    end = failed = 0
    for found in opening.finditer(text):
        if found.start() < end:
            continue  # inside the one before
        try:
            value, end = _decode_at(text, found.start(), decoder)
        except (CutOffError, RecursionError):
            return
        except ValueError:
            failed += 1
            if failed > _MAX_FAILED or _CERTAIN_OPENING.match(text, found.start()):
                return
            continue
        yield value


def _decode_at(text: str, start: int, decoder: json.JSONDecoder) -> tuple[Any, int]:
    try:
        value, end = decoder.raw_decode(text, start)
    except ValueError:
        return decode_nearly(text, start, decoder)
    if has_plain_backslashes(text[start:end]):
        with suppress(ValueError):
            return decode_nearly(text, start, decoder)
    return value, end


class NumberText(str):
    """A number as it is written, `1.10`: as a text it has all its digits."""

    __slots__ = ()

    @printable
    def __repr__(self) -> str:
        return repr(float(self))


# Numbers that are not whole are `NumberText`.
WRITTEN_NUMBERS = json.JSONDecoder(strict=False, parse_float=NumberText, parse_constant=NumberText)
