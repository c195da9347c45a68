"""Which format a dataset has, by the fields at its beginning."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from contextlib import suppress
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ernie_magic.calls.datasets import files
from ernie_magic.calls.datasets.faults import FaultLog
from ernie_magic.calls.datasets.formats import FORMATS, meant_field
from ernie_magic.calls.datasets.lines import parse_json_line
from ernie_magic.calls.tables.files import decode_text
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text
from ernie_magic.text.line_ends import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_LOOKED_AT = 20  # samples at the beginning
_USUAL = "PromptResponse"  # of what cannot be read at all: its reader tells why
_TELLING = {
    name: name for name in ("messages", "chosen", "rejected", "response", "score", "prompt", "text")
}
_NAMES = {"user": "prompt", "assistant": "response"}


def guess_format(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the name of the format that has these fields.

    Parameters
    ----------
    columns
        All fields.
    rows
        The first of them are looked at.

    Raises
    ------
    InvalidOption
        No format has, or several have.
    """
    meant = {name: _meant_field(name) for name in columns}
    fields = set(meant.values())
    named = [
        {meant.get(name, name): _decode_cell(value) for name, value in row.items()}
        for row in islice(rows, _LOOKED_AT)
    ]
    if "messages" in fields:
        return "Role"
    if fields & {"chosen", "rejected"}:
        return _guess_preference(named)
    if "response" in fields:
        has_ranks = any(_has_ranks(row.get("response")) for row in named)
        return "PromptSortedresponses" if has_ranks or "score" in fields else _USUAL
    if "prompt" in fields:
        return "Prompt"
    if "text" in fields:
        return "Text"
    names = ", ".join(form.name for form in FORMATS)
    raise InvalidOption(
        Text("按字段认不出数据格式：{fields}", "no dataset format has these fields: {fields}").fill(
            fields=", ".join(islice(columns, 10)) or "–"
        ),
        advice=Text(
            "写明 format=…（{names}）；字段另有名字时再写 fields={{'prompt': '字段名'}}",
            "pass format=… ({names}), and fields={{'prompt': 'its name'}} for other names",
        ).fill(names=names),
    )


def _meant_field(name: str) -> str:
    """Return the field that a name is, or seems to stand for: its reader tells that."""
    if name in _TELLING:
        return name
    return _NAMES.get(name) or meant_field(name, _TELLING) or name


def _decode_cell(value: Any) -> Any:
    """Return the list that a table's cell writes as JSON; any other value as it is."""
    if isinstance(value, str) and value.startswith("["):
        with suppress(ValueError, RecursionError):
            return json.loads(value)
    return value


def _guess_preference(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return whether the first row with a preference has both answers."""
    for row in rows:
        found = [isinstance(row.get(name), str) and row[name] for name in ("chosen", "rejected")]
        if all(found):
            return "DPO"
        if any(found):
            return "KTO"
    return "DPO"


def _has_ranks(response: Any) -> bool:
    if not isinstance(response, (list, tuple)):
        return False
    answers = response
    if len(response) == 1 and isinstance(response[0], (list, tuple)):
        answers = response[0]
    return len(answers) > 1


def guess_format_of_file(kind: str, content: bytes) -> str:
    """Return the name of the format that a file has.

    Parameters
    ----------
    kind
        The extension of its name, in small letters.

    Raises
    ------
    InvalidOption
        No format has these fields.
    """
    if kind == ".txt":
        return "Text"
    if kind == files.ARCHIVE:
        return _guess_of_archive(content)
    try:
        text = decode_text(content)
    except (InvalidOption, UnicodeDecodeError):
        return _USUAL
    if kind in files.SEPARATORS:
        return _guess_of_table(text, files.SEPARATORS[kind])
    turns = list(_first_turns(text, is_document=kind == files.JSON_DOCUMENT))
    if not turns:
        return _USUAL
    return guess_format([name for turn in turns for name in turn], turns)


def _guess_of_archive(content: bytes) -> str:
    unreadable = (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError)
    with suppress(*unreadable), zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in files.readable_members(archive, Counter()):
            kind = PurePosixPath(member.filename).suffix.lower()
            return guess_format_of_file(kind, archive.read(member))
    return _USUAL


def _guess_of_table(text: str, separator: str) -> str:
    records = files.iterate_records(text, separator, "", FaultLog())
    _, header = next(records, (0, []))
    if not header:
        return _USUAL
    beginning = islice(records, _LOOKED_AT)
    rows = [dict(zip(header, record, strict=False)) for _, record in beginning]
    return guess_format(header, rows)


def _first_turns(text: str, *, is_document: bool) -> Iterator[dict[str, Any]]:
    """Iterate over the turns of the first samples that can be read."""
    if is_document:
        content = parse_json_line(text)
        values: Iterable[Any] = content if isinstance(content, list) else ()
    else:
        values = (parse_json_line(line) for line in split_lines(text) if line.strip())
    for value in islice(values, _LOOKED_AT):
        turns = value if isinstance(value, list) else [value]
        yield from (turn for turn in turns if isinstance(turn, dict))
