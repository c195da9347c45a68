"""A tool's arguments, as the model wrote them, converted to the types that the function declares.

JSON has no dates, enumerations or classes, and models write `"3"` and `"false"` for numbers and
switches. What cannot be converted is told to the model, which may try again.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum, Flag
from pathlib import PurePath
from typing import Any, Union
from uuid import UUID

from ernie_magic.api.parameter_types import SWITCHES
from ernie_magic.api.text_lists import parse_structure
from ernie_magic.api.tool_names import call_method

# Texts that stand for nothing where a value is optional.
_NULLS = frozenset({"", "null", "none", "nil", "undefined"})
# Fields of a call around its arguments.
_WRAPPERS = frozenset({"arguments", "parameters", "args", "kwargs", "input"})
_CALL_FIELDS = _WRAPPERS | {"name", "function", "type", "id"}
_LONGEST_SHOWN = 60  # characters of a value in an error
_MOST_CHOICES = 20  # in an error
# Abstract collections, and what is made for them.
_COLLECTIONS: dict[Any, Callable[[Iterable[Any]], Any]] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
}
# Where a union leaves the choice, in this order: a text is the last that anything may become.
_EXACT_TYPES: dict[Any, tuple[type, ...]] = {
    bool: (bool,),
    int: (int,),
    float: (float, int),
    str: (str,),
    list: (list,),
    dict: (dict,),
}


def _mismatch(path: str, expected: str, value: object) -> ValueError:
    """Return the error for a value that does not fit the declared type, in words for the model."""
    shown = repr(value)
    if value is None or isinstance(value, bool):
        shown = json.dumps(value)
    if len(shown) > _LONGEST_SHOWN:
        shown = shown[:_LONGEST_SHOWN] + "…"
    return ValueError(f"{path}: expected {expected}, got {shown}")


def bind_arguments(function: Callable[..., Any], arguments: str) -> inspect.BoundArguments:
    """Bind the arguments that the model wrote to the function's parameters, converted to their
    declared types.

    A null for a parameter with a default is that default: models write it for what they leave out.

    Raises
    ------
    TypeError, ValueError
        They do not fit; the message says what was expected, for the model, which may try again.
    """
    signature = inspect.signature(function)
    expected = f"expected the arguments {signature} as one JSON object"
    given = _unwrap_arguments(_parse_arguments(arguments, expected), signature)
    hints = _hints_of(function, signature)
    try:
        bound = signature.bind(**_without_defaults(given, signature, hints))
    except TypeError as error:
        raise TypeError(f"{error}; {expected}") from None
    for name, value in bound.arguments.items():
        parameter = signature.parameters[name]
        try:
            converted = _convert_parameter(name, value, hints.get(name, Any), parameter.kind)
        except ValueError:
            # What only a default tells is a guess: x=1 may be given 2.5.
            if resolve_hint(function, parameter.annotation) is not Any:
                raise
            continue
        bound.arguments[name] = converted
    return bound


def _convert_parameter(name: str, value: Any, hint: Any, kind: inspect._ParameterKind) -> Any:
    if kind is inspect.Parameter.VAR_KEYWORD:
        return {field: convert_value(one, hint, field) for field, one in value.items()}
    return convert_value(value, hint, name)


def _parse_arguments(arguments: str, expected: str) -> dict[str, Any]:
    try:
        given = json.loads(arguments or "{}")
    except ValueError as error:
        raise ValueError(f"the arguments are not JSON: {error}; {expected}") from None
    if given is None:  # some servers write this for a tool without parameters
        given = {}
    if not isinstance(given, dict):
        raise TypeError(f"the arguments are not a JSON object; {expected}")
    return given


def _unwrap_arguments(given: dict[str, Any], signature: inspect.Signature) -> dict[str, Any]:
    """Return the arguments out of the whole call, or its field, that some models write in their
    place: `{"name": …, "parameters": {…}}`.
    """
    if not _CALL_FIELDS.issuperset(given) or not _CALL_FIELDS.isdisjoint(signature.parameters):
        return given
    inner = [given[name] for name in _WRAPPERS if isinstance(given.get(name), dict)]
    takes_any = any(
        parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values()
    )
    if len(inner) != 1 or takes_any:
        return given
    return dict(inner[0])


def _without_defaults(
    given: Mapping[str, Any],
    signature: inspect.Signature,
    hints: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the arguments without a null for what has a default and cannot be null."""

    def is_left_out(name: str, value: object) -> bool:
        parameter = signature.parameters.get(name)
        if value is not None or parameter is None or parameter.default is parameter.empty:
            return False
        return not _allows_null(hints.get(name, Any))

    return {name: value for name, value in given.items() if not is_left_out(name, value)}


def resolve_parameter(owner: object, parameter: inspect.Parameter) -> Any:
    """Return the type of a function's parameter: what its annotation means, else the type of its
    default; Any where neither tells, as of a name that is imported for type checkers only.
    """
    hint = resolve_hint(owner, parameter.annotation)
    is_told = hint is not Any or parameter.annotation in (Any, "Any")
    if is_told or not isinstance(parameter.default, _TELLING_DEFAULTS):
        return hint
    return type(parameter.default)


def resolve_hint(owner: object, annotation: object) -> Any:
    """Return what an annotation means, Any where that cannot be told.

    Parameters
    ----------
    owner
        The function that has it: its names are looked up where that was defined.
    """
    if annotation is inspect.Parameter.empty:
        return Any
    owner = call_method(owner) or owner
    try:
        holder = types.SimpleNamespace(__annotations__={"it": annotation}, __wrapped__=owner)
        return typing.get_type_hints(holder, include_extras=True)["it"]
    except Exception:  # noqa: BLE001  (annotations may be any text at all)
        return Any


def _hints_of(owner: object, signature: inspect.Signature) -> dict[str, Any]:
    return {
        parameter.name: resolve_parameter(owner, parameter)
        for parameter in signature.parameters.values()
    }


def bare_type(hint: Any) -> Any:
    """Return a hint without `Annotated`, `Required`, `NewType` and the names of types (PEP 695)."""
    while True:
        if typing.get_origin(hint) is typing.Annotated or _is_field_mark(hint):
            hint = typing.get_args(hint)[0]
        elif hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        elif type(hint).__name__ == "TypeAliasType":
            hint = hint.__value__
        else:
            return hint


def _is_field_mark(hint: Any) -> bool:
    """Whether a hint is `Required[…]`, `NotRequired[…]` or `ReadOnly[…]` of a TypedDict."""
    name = str(typing.get_origin(hint)).rpartition(".")[2]
    return name in ("Required", "NotRequired", "ReadOnly")


def _members(hint: Any) -> tuple[Any, ...]:
    """Return what a union joins; of any other type, the type."""
    hint = bare_type(hint)
    if typing.get_origin(hint) in (Union, types.UnionType):
        return tuple(member for part in typing.get_args(hint) for member in _members(part))
    return (hint,)


def _allows_null(hint: Any) -> bool:
    return any(
        member in (None, type(None), Any, object)
        or isinstance(member, typing.TypeVar)
        or (typing.get_origin(member) is typing.Literal and None in typing.get_args(member))
        for member in _members(hint)
    )


def convert_value(value: Any, hint: Any, path: str) -> Any:
    """Return a JSON value as the type that a hint declares; as it is where the type is not known
    here.

    Parameters
    ----------
    path
        Where it stands, for an error: `stay.nights[0]`.

    Raises
    ------
    ValueError
        It does not fit.
    """
    members = _members(hint)
    if value is None and _allows_null(hint):
        return None
    choices = [member for member in members if member is not type(None)]
    if len(choices) == 1:
        return _convert_optional(value, choices[0], path, is_optional=len(members) > 1)
    # The member that the value already is, then the first that it can be made into.
    choices.sort(key=lambda member: not _is_exactly(value, member))
    for member in choices:
        with suppress(ValueError, TypeError):
            return _convert_to(value, member, path)
    if _is_null_text(value) and _allows_null(hint):
        return None
    raise _mismatch(path, " or ".join(map(_name_of, members)), value)


def _convert_optional(value: Any, hint: Any, path: str, *, is_optional: bool) -> Any:
    if is_optional and hint is not str and _is_null_text(value):
        return None
    return _convert_to(value, hint, path)


def _is_null_text(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() in _NULLS


def _is_exactly(value: object, hint: Any) -> bool:
    if typing.get_origin(hint) is typing.Literal:
        return value in typing.get_args(hint)
    kinds = _EXACT_TYPES.get(collection_of(hint) or hint, ())
    return isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds)


def _name_of(hint: Any) -> str:
    if hint is type(None):
        return "null"
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return f"one of {', '.join(map(repr, typing.get_args(hint)[:_MOST_CHOICES]))}"
    if origin is None and isinstance(hint, type):
        return hint.__name__
    return str(hint).replace("typing.", "")


def _convert_to(value: Any, hint: Any, path: str) -> Any:
    """Convert to a type that is no union."""
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return _convert_choice(value, {choice: choice for choice in typing.get_args(hint)}, path)
    if collection := collection_of(hint):
        return _convert_collection(value, hint, collection, path)
    kind = origin or hint
    if not isinstance(kind, type) or kind is object:
        return value  # Any, a type variable, or what no one can tell
    return _convert_to_class(value, hint, kind, path)


def _convert_to_class(value: Any, hint: Any, kind: Any, path: str) -> Any:
    if issubclass(kind, Enum):
        return _convert_enum(value, kind, path)
    if typing.is_typeddict(kind) or _is_mapping(kind):
        return _convert_mapping(value, hint, path)
    if hasattr(kind, "model_validate"):  # pydantic converts by its own rules
        return kind.model_validate(_parse_text(value))
    if is_record(kind):
        return _convert_record(value, kind, path)
    return _convert_scalar(value, kind, path)


def _parse_text(value: Any) -> Any:
    """Return what a text has in JSON: models write an object or a list inside a text."""
    if isinstance(value, str):
        with suppress(ValueError):
            return parse_structure(value)
    return value


# --- single values ---------------------------------------------------------------------------


def _convert_scalar(value: Any, kind: Any, path: str) -> Any:
    for base, convert, expected in _SCALARS:
        if not issubclass(kind, base):
            continue
        try:
            converted = convert(value)
        except (ValueError, TypeError, OverflowError, InvalidOperation):
            raise _mismatch(path, expected, value) from None
        # A class of the user's own, or numpy's.
        return converted if isinstance(converted, kind) else kind(converted)
    return value


def _to_bool(value: Any) -> bool:
    if isinstance(value, (str, int, float)) and (text := str(value).strip().lower()) in SWITCHES:
        return SWITCHES[text]
    raise ValueError


def _to_int(value: Any) -> int:
    if isinstance(value, bool):
        raise ValueError  # noqa: TRY004  (any mismatch is told in the same words)
    if isinstance(value, str):
        with suppress(ValueError):
            return int(value)
    if isinstance(value, int):
        return value
    number = float(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _to_float(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError  # noqa: TRY004  (any mismatch is told in the same words)
    return float(value)


def _to_decimal(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise ValueError  # noqa: TRY004  (any mismatch is told in the same words)
    return Decimal(str(value).strip())


def _to_str(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ValueError


def _to_datetime(value: Any) -> datetime:
    return datetime.fromisoformat(_iso_text(value))


def _to_date(value: Any) -> date:
    text = _iso_text(value)
    with suppress(ValueError):
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text)
    if moment.time() != time():
        raise ValueError
    return moment.date()


def _to_time(value: Any) -> time:
    return time.fromisoformat(_iso_text(value))


def _iso_text(value: Any) -> str:
    """Return a text of ISO 8601; before 3.11, Python did not read its `Z`."""
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004  (any mismatch is told in the same words)
    text = value.strip()
    return text[:-1] + "+00:00" if text[-1:] in ("Z", "z") else text


def _to_duration(value: Any) -> timedelta:
    return timedelta(seconds=_to_float(value))


def _to_bytes(value: Any) -> bytes:
    return _to_str(value).encode()


# In this order: a bool is an int, and a datetime is a date.
_SCALARS: tuple[tuple[type, Callable[[Any], Any], str], ...] = (
    (bool, _to_bool, "true or false"),
    (int, _to_int, "an integer"),
    (float, _to_float, "a number"),
    (Decimal, _to_decimal, "a number"),
    (str, _to_str, "a string"),
    (datetime, _to_datetime, "a date and time as 2025-01-31T08:00:00"),
    (date, _to_date, "a date as 2025-01-31"),
    (time, _to_time, "a time as 08:00:00"),
    (timedelta, _to_duration, "a number of seconds"),
    (UUID, lambda value: UUID(_to_str(value)), "a UUID"),
    (PurePath, _to_str, "a path"),
    (bytes, _to_bytes, "a string"),
)


# Defaults that tell the type of a parameter without an annotation.
_TELLING_DEFAULTS = (*(kind for kind, _, _ in _SCALARS), *_COLLECTIONS, dict, Enum)


def _convert_enum(value: Any, kind: type[Enum], path: str) -> Any:
    if issubclass(kind, Flag) and isinstance(value, int):
        with suppress(ValueError):
            return kind(value)
    by_value = {member.value: member for member in kind if member.value.__hash__}
    by_name = {name: member for name, member in kind.__members__.items() if name not in by_value}
    return _convert_choice(value, {**by_value, **by_name}, path)


def _convert_choice(value: Any, choices: Mapping[Any, Any], path: str) -> Any:
    """Return the choice that is meant: this very value, else the one that is written so, in any
    case of its letters.
    """
    for choice, meant in choices.items():
        if type(choice) is type(value) and choice == value:
            return meant
    for form in (str, lambda one: str(one).strip().casefold()):
        alike = [meant for choice, meant in choices.items() if form(choice) == form(value)]
        if alike and all(meant is alike[0] for meant in alike):
            return alike[0]
    shown = ", ".join(map(repr, list(choices)[:_MOST_CHOICES]))
    raise _mismatch(path, f"one of {shown}", value)


# --- values of several parts -----------------------------------------------------------------


def collection_of(hint: Any) -> Any:
    """Return list, tuple, set or frozenset for a hint that means one, also an abstract one; None
    for any other.
    """
    kind = typing.get_origin(hint) or hint
    if not isinstance(kind, type) or issubclass(kind, (str, bytes)) or _is_mapping(kind):
        return None
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return None
    for collection in (list, tuple, set, frozenset):
        if issubclass(kind, collection):
            return collection
    # Of `collections.abc`: what a list is an instance of.
    if kind.__module__ == "collections.abc" and issubclass(list, kind):
        return list
    if kind.__module__ == "collections.abc" and issubclass(set, kind):
        return set
    return None


def _is_mapping(kind: type) -> bool:
    return issubclass(kind, Mapping)


def _convert_collection(value: Any, hint: Any, collection: Any, path: str) -> Any:
    items = _parse_text(value)
    if not isinstance(items, list):
        raise _mismatch(path, f"a list ({_name_of(hint)})", value)
    inner = typing.get_args(hint)
    if collection is tuple and inner and inner[-1] is not Ellipsis:
        if len(items) != len(inner):
            raise _mismatch(path, f"a list of {len(inner)}", value)
        hints: Sequence[Any] = inner
    else:
        hints = [inner[0] if inner else Any] * len(items)
    return _COLLECTIONS[collection](
        convert_value(item, item_hint, f"{path}[{index}]")
        for index, (item, item_hint) in enumerate(zip(items, hints, strict=True))
    )


def _convert_mapping(value: Any, hint: Any, path: str) -> Any:
    fields = _parse_text(value)
    if not isinstance(fields, dict):
        raise _mismatch(path, f"an object ({_name_of(hint)})", value)
    if typing.is_typeddict(hint):
        return _convert_typed_dict(fields, hint, path)
    key_hint, value_hint = typing.get_args(hint) or (Any, Any)
    return {
        convert_value(key, key_hint, path): convert_value(one, value_hint, f"{path}.{key}")
        for key, one in fields.items()
    }


def _convert_typed_dict(fields: Mapping[str, Any], hint: Any, path: str) -> dict[str, Any]:
    missing = sorted(hint.__required_keys__ - fields.keys())
    if missing:
        raise _mismatch(path, f"an object with {', '.join(missing)}", dict(fields))
    hints = record_hints(hint)
    return {
        name: convert_value(one, hints.get(name, Any), f"{path}.{name}")
        for name, one in fields.items()
    }


def is_record(kind: type) -> bool:
    """Whether a class has declared fields: a dataclass, a NamedTuple, or one of attrs."""
    is_named_tuple = issubclass(kind, tuple) and hasattr(kind, "_fields")
    return dataclasses.is_dataclass(kind) or is_named_tuple or hasattr(kind, "__attrs_attrs__")


def record_hints(kind: Any) -> dict[str, Any]:
    """Return the types of a class's declared fields; none where they cannot be told."""
    try:
        return typing.get_type_hints(kind, include_extras=True)
    except Exception:  # noqa: BLE001  (annotations may be any text at all)
        return {}


def _convert_record(value: Any, kind: type, path: str) -> Any:
    fields = _parse_text(value)
    signature = inspect.signature(kind)
    if isinstance(fields, list) and issubclass(kind, tuple):
        fields = dict(zip(signature.parameters, fields, strict=False))
    if not isinstance(fields, dict):
        raise _mismatch(path, f"an object ({kind.__name__}{signature})", value)
    hints = record_hints(kind)
    converted = {
        name: convert_value(one, hints.get(name, Any), f"{path}.{name}")
        for name, one in fields.items()
    }
    try:
        signature.bind(**converted)
    except TypeError as error:
        raise ValueError(f"{path}: {error}; expected {kind.__name__}{signature}") from None
    return kind(**converted)
