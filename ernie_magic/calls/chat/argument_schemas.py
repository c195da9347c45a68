"""The types that a function declares, as JSON schemas (https://json-schema.org/) for the model."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, Union
from uuid import UUID

from ernie_magic.calls.chat.arguments import bare_type, collection_of, is_record, record_hints

# In this order: a bool is an int, and a datetime is a date.
_SCALARS: tuple[tuple[type, dict[str, str]], ...] = (
    (bool, {"type": "boolean"}),
    (int, {"type": "integer"}),
    (float, {"type": "number"}),
    (Decimal, {"type": "number"}),
    (str, {"type": "string"}),
    (datetime, {"type": "string", "format": "date-time"}),
    (date, {"type": "string", "format": "date"}),
    (time, {"type": "string", "format": "time"}),
    (timedelta, {"type": "number", "description": "seconds"}),
    (UUID, {"type": "string", "format": "uuid"}),
    (PurePath, {"type": "string"}),
    (bytes, {"type": "string"}),
    (type(None), {"type": "null"}),
)
_DEEPEST = 8  # a class may have a field of its own type


def describe_type(hint: Any, depth: int = 0) -> dict[str, Any]:
    """Return the JSON schema of a type; {} for one that JSON may write in any way."""
    if depth > _DEEPEST:
        return {}
    if typing.get_origin(hint) is typing.Annotated:
        schema = describe_type(typing.get_args(hint)[0], depth)
        if words := [word for word in typing.get_args(hint)[1:] if isinstance(word, str)]:
            schema["description"] = " ".join(words)
        return schema
    hint = bare_type(hint)
    if collection_of(hint):
        return _describe_list(typing.get_args(hint), depth)
    origin = typing.get_origin(hint)
    if origin in (Union, types.UnionType):
        return _describe_union(typing.get_args(hint), depth)
    if origin is typing.Literal:
        return _describe_choices(list(typing.get_args(hint)))
    return _describe_class(origin or hint, depth)


def _describe_list(inner: tuple[Any, ...], depth: int) -> dict[str, Any]:
    # Always: OpenAI refuses an array without (https://github.com/mark3labs/mcphost/issues/35).
    items = describe_type(inner[0], depth + 1) if inner else {}
    return {"type": "array", "items": items}


def _describe_union(members: tuple[Any, ...], depth: int) -> dict[str, Any]:
    kinds = [describe_type(kind, depth + 1) for kind in members if kind is not type(None)]
    if len(kinds) == 1:
        return kinds[0]
    return {"anyOf": kinds}


def _describe_class(kind: Any, depth: int) -> dict[str, Any]:
    if not isinstance(kind, type):
        return {}
    if issubclass(kind, Enum):
        return _describe_choices([member.value for member in kind])
    if hasattr(kind, "model_json_schema"):  # pydantic's
        schema: dict[str, Any] = kind.model_json_schema()
        return schema
    if typing.is_typeddict(kind) or is_record(kind):
        return _describe_fields(kind, depth)
    if issubclass(kind, Mapping):
        return {"type": "object"}
    return next((dict(schema) for base, schema in _SCALARS if issubclass(kind, base)), {})


def _describe_choices(choices: list[Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"enum": choices}
    kinds = {type(choice) for choice in choices}
    if len(kinds) == 1:
        schema.update(describe_type(kinds.pop()))
    return schema


def _required_fields(kind: Any) -> frozenset[str]:
    if typing.is_typeddict(kind):
        return frozenset(kind.__required_keys__)
    return frozenset(
        parameter.name
        for parameter in inspect.signature(kind).parameters.values()
        if parameter.default is parameter.empty
    )


def _describe_fields(kind: Any, depth: int) -> dict[str, Any]:
    required = _required_fields(kind)
    hints = record_hints(kind)
    if dataclasses.is_dataclass(kind):
        hints = {field.name: hints.get(field.name, Any) for field in dataclasses.fields(kind)}
    return {
        "type": "object",
        "properties": {name: describe_type(hint, depth + 1) for name, hint in hints.items()},
        "required": [name for name in hints if name in required],
    }


def collect_definitions(schema: Any) -> dict[str, Any]:
    """Take the `$defs` out of all parts of a schema, and return them: a `$ref` of pydantic's is
    looked up at the outermost schema.
    """
    definitions: dict[str, Any] = {}
    parts = schema if isinstance(schema, list) else []
    if isinstance(schema, dict):
        definitions.update(schema.pop("$defs", {}))
        parts = [*schema.values(), *definitions.values()]
    for part in parts:
        definitions.update(collect_definitions(part))
    return definitions
