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
_LIMITS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "min_length": "minItems",
    "max_length": "maxItems",
}
_LENGTHS_OF_TEXT = {"min_length": "minLength", "max_length": "maxLength"}
_DEEPEST = 8  # a class may have a field of its own type


def describe_type(hint: Any, depth: int = 0) -> dict[str, Any]:
    """Return the JSON schema of a type; {} for one that JSON may write in any way."""
    if depth > _DEEPEST:
        return {}
    if typing.get_origin(hint) is typing.Annotated:
        return _describe_annotated(hint, depth)
    hint = bare_type(hint)
    if collection := collection_of(hint):
        return _describe_list(typing.get_args(hint), depth, is_tuple=collection is tuple)
    origin = typing.get_origin(hint)
    if origin in (Union, types.UnionType):
        return _describe_union(typing.get_args(hint), depth)
    if origin is typing.Literal:
        return _describe_choices(list(typing.get_args(hint)))
    return _describe_class(origin or hint, typing.get_args(hint), depth)


def describe_needed(hint: Any, depth: int = 0) -> dict[str, Any]:
    """Return the schema of a value that must be given: null, too, where the type allows it."""
    schema = describe_type(hint, depth)
    if not schema or type(None) not in typing.get_args(bare_type(hint)):
        return schema
    told = {"description": schema.pop("description")} if "description" in schema else {}
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind != {"type": "null"}]
    return {"anyOf": [*kinds, {"type": "null"}], **told}


def _describe_annotated(hint: Any, depth: int) -> dict[str, Any]:
    """Describe `Annotated[int, "words", Field(ge=0), Doc("more")]` (PEP 593)."""
    inner, *marks = typing.get_args(hint)
    schema = describe_type(inner, depth)
    if any(type(mark).__module__.partition(".")[0] == "pydantic" for mark in marks):
        schema.update(_describe_by_pydantic(hint))
    named = ("documentation", "description")  # of `Doc` (PEP 727), of pydantic's `Field`
    documented = [getattr(mark, name, None) for mark in marks for name in named]
    words = [word for word in (*marks, *documented) if isinstance(word, str)]
    if words:
        schema["description"] = " ".join(words)
    for mark in marks:
        schema.update(_describe_limits(mark, is_text=schema.get("type") == "string"))
    return schema


def _describe_by_pydantic(hint: Any) -> dict[str, Any]:
    """Return what pydantic's `Field` tells of a type: its words, limits and examples; {} for a type
    that pydantic cannot describe.
    """
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    try:
        schema = TypeAdapter(hint).json_schema()
    except PydanticUserError:  # a class that is none of its own
        return {}
    schema.pop("default", None)  # the parameter's own counts
    return schema


def _describe_limits(mark: object, *, is_text: bool) -> dict[str, Any]:
    """Return the limits of a mark of annotated-types, which pydantic and others share
    (https://github.com/annotated-types/annotated-types).
    """
    limits = dict(_LIMITS)
    if is_text:
        limits |= _LENGTHS_OF_TEXT
    found = {schema_name: getattr(mark, name, None) for name, schema_name in limits.items()}
    return {
        name: value for name, value in found.items() if isinstance(value, (int, float)) and mark
    }


def _describe_list(inner: tuple[Any, ...], depth: int, *, is_tuple: bool) -> dict[str, Any]:
    # Always: OpenAI refuses an array without (https://github.com/mark3labs/mcphost/issues/35).
    if not is_tuple or inner[1:] in ((), (Ellipsis,)):
        items = describe_type(inner[0], depth + 1) if inner else {}
        return {"type": "array", "items": items}
    # `prefixItems` is refused by some servers: any of the kinds, and how many.
    kinds: list[dict[str, Any]] = []
    for member in inner:
        if (kind := describe_type(member, depth + 1)) not in kinds:
            kinds.append(kind)
    items = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    return {"type": "array", "items": items, "minItems": len(inner), "maxItems": len(inner)}


def _describe_union(members: tuple[Any, ...], depth: int) -> dict[str, Any]:
    kinds = [describe_type(kind, depth + 1) for kind in members if kind is not type(None)]
    if len(kinds) == 1:
        return kinds[0]
    return {"anyOf": kinds}


def _describe_class(kind: Any, inner: tuple[Any, ...], depth: int) -> dict[str, Any]:
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
        return _describe_mapping(inner, depth)
    return next((dict(schema) for base, schema in _SCALARS if issubclass(kind, base)), {})


def _describe_mapping(inner: tuple[Any, ...], depth: int) -> dict[str, Any]:
    values = describe_type(inner[1], depth + 1) if len(inner) > 1 else {}
    if not values:
        return {"type": "object"}
    return {"type": "object", "additionalProperties": values}


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
