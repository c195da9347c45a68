"""Answers in typed columns: what `--to "sentiment, score:int"` asks for, and what came of it."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.errors import InvalidOption
from ernie_magic.language import Text
from ernie_magic.parameters import SWITCHES

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}  # and what JSON schema calls them
ANSWER = "answer"  # the column of answers that are not taken apart


class Field(NamedTuple):
    """A column to be made.

    Attributes
    ----------
    name : str
    type : {"str", "int", "float", "bool"}
    """

    name: str
    type: str = "str"


def fields(given: str | Mapping[str, Any] | None) -> tuple[Field, ...]:
    """The columns that are asked for: `"sentiment, score:int"`, or `{"sentiment": str, "score": int}`; none for the whole answer.

    Raises
    ------
    InvalidOption
        A name that is none, twice the same, or an unknown type.
    """
    if not given:
        return ()
    if isinstance(given, str):
        pairs = [tuple(part.strip() for part in item.partition(":")[::2]) for item in re.split(r"[,，]", given)]
    else:
        pairs = [(str(name), getattr(kind, "__name__", str(kind))) for name, kind in given.items()]
    found = tuple(Field(name, kind or "str") for name, kind in pairs)
    for field in found:
        if not field.name or field.type not in TYPES:
            raise InvalidOption(Text("“{name}:{kind}”不是列", "{name}:{kind} is not a column").fill(name=field.name, kind=field.type),
                                advice=Text('写成 "情感, 分数:int"；类型有 str、int、float、bool', 'write "sentiment, score:int"; there are str, int, float and bool'))
    if len({field.name for field in found}) != len(found):
        raise InvalidOption(Text("有两列同名", "two columns have the same name"))
    return found


def json_schema(columns: tuple[Field, ...]) -> dict[str, Any]:
    """The `response_format` that asks for these columns (seed 002)."""
    properties = {field.name: {"type": TYPES[field.type]} for field in columns}
    schema = {"type": "object", "properties": properties, "required": [field.name for field in columns]}
    return {"type": "json_schema", "json_schema": {"name": "row", "schema": schema}}


def instruction(columns: tuple[Field, ...]) -> str:
    """The same in words, for services and models that know no schema."""
    shape = ", ".join(f'"{field.name}": <{TYPES[field.type]}>' for field in columns)
    return f"只输出一个 JSON 对象，不要别的文字 (answer with one JSON object and nothing else): {{{shape}}}"


def taken(text: str, columns: tuple[Field, ...]) -> tuple[dict[str, Any], str]:
    """The values that an answer holds, and what is wrong with it: "" when nothing is."""
    if not columns:
        return {ANSWER: text}, ""
    start, end = text.find("{"), text.rfind("}")
    try:
        found = json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return {}, f"no JSON object: {text[:60]!r}"
    values = {field.name: _typed(found.get(field.name), field.type) for field in columns}
    wrong = [f"{field.name}: {found.get(field.name)!r:.40} is no {field.type}" for field in columns if values[field.name] is None]
    return values, "; ".join(wrong)


def _typed(value: Any, kind: str) -> Any:
    """The value as this type; None when it is none."""
    if value is None or isinstance(value, (dict, list)):
        return None
    if kind == "bool":
        return value if isinstance(value, bool) else SWITCHES.get(str(value).strip().lower())
    if kind == "str":
        return str(value)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if isinstance(value, bool) or not math.isfinite(number) or (kind == "int" and number != int(number)):
        return None
    return int(number) if kind == "int" else number
