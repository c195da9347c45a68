"""JSON in what a model writes: the whole text, a fenced block, or a value among words."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

_FENCE = re.compile(r"^ {0,3}```[^\n`]*\n(.*?)^ {0,3}```", re.DOTALL | re.MULTILINE)
_OPENING = re.compile(r"[\[{]")
_MAX_ATTEMPTS = 20  # each may cost a pass over the text
_DECODER = json.JSONDecoder()


def find_json(text: str) -> Any:
    """Return the value that the text is; else that of its first fenced block that is JSON, else the
    first object or list in it.

    Raises
    ------
    ValueError
        There is none.
    """
    for candidate in (text, *(found[1] for found in _FENCE.finditer(text))):
        with suppress(ValueError, RecursionError):
            return json.loads(candidate)
    position = 0
    for _ in range(_MAX_ATTEMPTS):
        opening = _OPENING.search(text, position)
        if opening is None:
            break
        try:
            return _DECODER.raw_decode(text, opening.start())[0]
        except (ValueError, RecursionError):
            position = opening.end()
    raise ValueError("the text contains no JSON")
