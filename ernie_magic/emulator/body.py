"""The JSON of a body, within bounds that every honest request keeps."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 100  # lists and objects nested in one another
# A value takes some 60 bytes in memory, and may take two on the wire.
MAX_VALUES = 500_000
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_json(raw: bytes | str) -> Any:
    """The value of a JSON text (RFC 8259).

    Raises
    ------
    ValueError
        It is not JSON, is nested too deeply, or holds too many values, half a character, or a NaN.
    """
    if isinstance(raw, str):
        raw = raw.encode()
    if raw.count(b"[") + raw.count(b"{") + raw.count(b",") > MAX_VALUES:
        raise ValueError("too many values")
    try:
        value = json.loads(raw, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("too deep") from None
    _check_depth(value)
    if _SURROGATE.search(raw):
        json.dumps(value, ensure_ascii=False).encode()  # a UnicodeEncodeError is a ValueError
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _child_containers(outer)]
        if not level:
            return
    raise ValueError("too deep")


def _child_containers(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return []
    return [child for child in value if isinstance(child, (dict, list))]
