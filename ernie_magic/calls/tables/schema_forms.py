"""The forms in which Python tells fields and their types: dictionaries, classes, JSON schemas."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    get_args,
    get_origin,
    get_type_hints,
)

from ernie_magic.api.values import as_list, as_object

# Their parts that hold a schema: OpenAI's `response_format`, and what stands in it.
_WRAPPERS = ("json_schema", "schema")


class Field(NamedTuple):
    """A field of a form.

    Attributes
    ----------
    name : str
    type_name : str
        As it is written there: "int", "integer", "list[str]".
    choices : tuple
        The values that are allowed; none for any.
    """

    name: str
    type_name: str
    choices: tuple[Any, ...] = ()


def read_fields(given: object) -> list[Field] | None:
    """Return the fields of a dictionary, a class or a list of pairs; None for what has none.

    Parameters
    ----------
    given
        `{"sentiment": str, "stars": int}`, a JSON schema, a dataclass, a model of pydantic's, a
        TypedDict, a NamedTuple, or a list of `(name, type)`.
    """
    if hasattr(given, "model_json_schema"):
        given = given.model_json_schema()
    if isinstance(given, Mapping):
        return list(_fields_of_mapping(given))
    if isinstance(given, type):
        return [_read_field(name, kind) for name, kind in _annotations(given)] or None
    if isinstance(given, (list, tuple)) and all(_is_pair(item) for item in given):
        return [_read_field(name, kind) for name, kind in given]
    return None


def _is_pair(item: object) -> bool:
    return isinstance(item, (list, tuple)) and len(item) == len(("name", "type"))


def _annotations(given: type) -> Iterator[tuple[str, Any]]:
    """Iterate over the fields of a class; none where its annotations cannot be read."""
    hints: dict[str, Any] = {}
    with suppress(Exception):  # what an annotation says is the user's code
        hints = get_type_hints(given)
    for name, kind in hints.items():
        if get_origin(kind) is not ClassVar and not name.startswith("_"):
            yield name, kind


def _fields_of_mapping(given: Mapping[Any, Any]) -> Iterator[Field]:
    for wrapper in _WRAPPERS:
        inner = as_object(given.get(wrapper))
        if not inner.keys().isdisjoint(("schema", "properties")):
            given = inner
    fields = given
    definitions: Mapping[str, Any] = {}
    if isinstance(given.get("properties"), Mapping):
        fields = given["properties"]
        definitions = as_object(given.get("$defs"))
    for name, kind in fields.items():
        yield _read_field(str(name), kind, definitions)


def _read_field(name: object, kind: Any, definitions: Mapping[str, Any] | None = None) -> Field:
    if isinstance(kind, Mapping):
        return _read_schema(str(name), kind, definitions or {})
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _with_choices(name, [member.value for member in kind])
    if get_origin(kind) is Literal:
        return _with_choices(name, get_args(kind))
    if isinstance(kind, (list, tuple)):
        return _with_choices(name, kind)
    members = get_args(kind)
    if get_origin(kind) is Annotated:
        members = members[:1]
    others = [member for member in members if member is not type(None)]
    if len(others) == 1 and (len(members) > 1 or get_origin(kind) is Annotated):
        return _read_field(name, others[0])
    return Field(str(name), getattr(kind, "__name__", str(kind)))


def _with_choices(name: object, choices: Any) -> Field:
    """Return the field of some values, whose type is theirs; without None, which each may be."""
    known = tuple(choice for choice in choices if choice is not None)
    types = {type(choice).__name__ for choice in known}
    if len(types) == 1:
        return Field(str(name), types.pop(), known)
    return Field(str(name), f"{list(choices)!r:.60}")


def _read_schema(name: str, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Field:
    """Return the field of a property's schema: a reference, as pydantic has for an enum, is
    followed, and null is left out of alternatives.
    """
    if isinstance(reference := schema.get("$ref"), str):
        target = reference.rpartition("/")[2]
        others = {key: value for key, value in definitions.items() if key != target}
        return _read_schema(name, as_object(definitions.get(target)), others)
    kinds = [as_object(kind) for kind in as_list(schema.get("anyOf"))]
    kinds = [kind for kind in kinds if kind.get("type") != "null"]
    if len(kinds) == 1:
        return _read_schema(name, kinds[0], definitions)
    choices = as_list(schema.get("enum"))
    if "const" in schema:
        choices = [schema["const"]]
    if choices:
        return _with_choices(name, choices)
    named = [kind for kind in as_list(schema.get("type")) if kind != "null"]
    if len(named) == 1:
        return Field(name, str(named[0]))
    return Field(name, str(schema.get("type") or dict(schema)))
