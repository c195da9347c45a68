"""What a tool returned, as the model receives it: text, JSON, or a table as CSV."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, Any

from ernie_magic.api.results import ToolRun
from ernie_magic.errors import exception_message
from ernie_magic.text.language import whole_characters
from ernie_magic.text.plain_values import has_no_words, plain_value, shorten_floats
from ernie_magic.text.redact import redact
from ernie_magic.text.whole_values import ADDRESS, as_table, is_array, whole_text, write_table

if TYPE_CHECKING:
    from collections.abc import Mapping

# Most tool calls for one answer, whether the model asks for them one by one or all at once.
MAX_RUNS = 20
MAX_CHARACTERS = 200_000  # of a result, for a model whose own limit is not known
_MAX_ITEMS = 10_000  # of an iterator, which may have no end
_PART = "(rows 1 to {written:,} of {rows:,}; ask for fewer columns or a smaller part)\n"


def make_tool_run(
    call: Mapping[str, Any],
    value: object = None,
    error: Exception | None = None,
    max_characters: int = MAX_CHARACTERS,
) -> ToolRun:
    """Return a tool's result as the model receives it.

    Parameters
    ----------
    max_characters
        A longer result is cut; the model is told so.
    """
    function = call.get("function") or {}
    name = str(function.get("name") or "")
    arguments = str(function.get("arguments") or "")
    if error is not None:
        said = redact(f"{type(error).__name__}: {exception_message(error)}", strict=True)
        content = json.dumps({"error": whole_characters(said)[:1000]}, ensure_ascii=False)
        return ToolRun(name, arguments, content, failed=True)
    content = redact(whole_characters(_write_result(value, max_characters)))
    return ToolRun(name, arguments, _clip(content, max_characters))


def skipped_tool_run(call: Mapping[str, Any]) -> ToolRun:
    """Return what the model receives for a call beyond the limit."""
    return make_tool_run(
        call, error=RuntimeError(f"not called: at most {MAX_RUNS} calls of tools for one answer")
    )


def _write_result(value: object, max_characters: int) -> str:
    if isinstance(value, str) and value.strip():
        return value
    if (table := as_table(value)) is not None:
        return _write_rows(table, max_characters)
    if described := _describe(value):
        return described
    try:
        return json.dumps(plain_value(value), ensure_ascii=False, default=_to_json)
    except (TypeError, ValueError):  # such as names that are no texts, or a value inside itself
        return whole_text(value)


def _write_rows(table: Any, max_characters: int) -> str:
    """Write a table as CSV: all rows, or as many as fit, and which these are."""
    written = write_table(table, max_characters)
    if written.is_whole:
        return written.text
    written = write_table(table, max_characters - 2 * len(_PART))
    return _PART.format(written=written.rows_written, rows=written.rows) + written.text


def _describe(value: Any) -> str:
    """Return what the model is told of a value that is no words; "" for one that is. The bytes of a
    picture would be paid for as text, with each later prompt too.
    """
    if has_no_words(value):
        return repr(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        whole = bytes(value)
        text = whole_text(whole)
        return f"({len(whole):,} bytes)" if text == str(whole) else text
    if hasattr(value, "getbands") and hasattr(value, "size"):  # Pillow's
        return "(a picture of {}x{})".format(*value.size)
    return ""


def _to_json(value: Any) -> Any:
    """Return what JSON has for a value that it does not know."""
    found: Any = _describe(value)
    if found:
        return found
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        found = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    elif isinstance(value, (set, frozenset, Iterator)):
        found = list(islice(value, _MAX_ITEMS))
    elif isinstance(value, Enum):
        found = value.value
    elif hasattr(value, "model_dump"):  # pydantic's
        found = value.model_dump(mode="json")
    elif _is_array_of_json(value):
        found = shorten_floats(value.tolist(), value.dtype)
    else:
        found = _text_of_object(value)
    return found


def _text_of_object(value: object) -> str:
    text = whole_text(value)
    return f"({type(value).__name__}, which has no text)" if ADDRESS.fullmatch(text) else text


def _is_array_of_json(value: Any) -> bool:
    """Whether a value is an array that holds no moments: numpy makes whole numbers of these."""
    is_moment = getattr(getattr(value, "dtype", None), "kind", "") in ("M", "m")
    return is_array(value) and not is_moment


def _clip(content: str, max_characters: int) -> str:
    """Cut a result to what the model accepts; it is told that the result was cut."""
    if len(content) <= max_characters:
        return content
    told = f"{len(content):,} characters, of which {max_characters:,} are sent"
    return f"{content[:max_characters]} … {told} (truncated)"
