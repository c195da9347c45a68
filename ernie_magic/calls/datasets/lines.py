"""A sample as one line of JSON, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ernie_magic.calls.datasets.faults import Problem
from ernie_magic.calls.datasets.formats import TURNS, meant_field
from ernie_magic.calls.datasets.values import WrongValue, kind_name
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from ernie_magic.calls.datasets.formats import Format, Row, Sample

_NESTED = ("PromptResponse",)  # formats whose only answer is written as [["…"]]
_MAX_NAME = 60  # characters of a field's name
_MAX_SAID = 80  # characters of what the JSON reader says
_AS_TABLE = Text(
    "，或当作表读：pd.read_json(文件, lines=True)",
    ", or read the lines as a table: pd.read_json(file, lines=True)",
)
_SINGLE_QUOTES = "Expecting property name"  # what `json` says of a Python dict
_FIX_QUOTES = Text(
    "JSON 用双引号：写文件时用 json.dumps，不用 str",
    "JSON has double quotes: write the file with json.dumps, not with str",
)
_FIX_JSON = Text("每行写一个完整的 JSON 值", "write one complete JSON value on each line")


class _BrokenLine(ValueError):
    """JSON that a line must not hold.

    Parameters
    ----------
    what, advice
        What is wrong, and what to do.
    """

    def __init__(self, what: Text, advice: Text) -> None:
        super().__init__(what.en)
        self.problem = Problem("", what, advice)


def _refuse_constant(name: str) -> Any:
    raise _BrokenLine(
        Text("{name} 不是 JSON 的数", "{name} is not a number in JSON").fill(name=name),
        Text("写成 null 之外的值，或去掉这个字段", "write a value, or leave the field out"),
    )


def _unique_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    names = [name for name, _ in pairs]
    twice = next(name for name in fields if names.count(name) > 1)
    raise _BrokenLine(
        Text("字段 {name} 出现两次", "the field {name} is there twice").fill(name=f"{twice:.40}"),
        Text("留下一个", "keep one of them"),
    )


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique_fields)


def parse_json_line(text: str) -> Any | Problem:
    """Return the JSON value of a line, or what is wrong with it."""
    try:
        return _DECODER.decode(text)
    except _BrokenLine as broken:
        return broken.problem
    except RecursionError:
        said = "nested too deeply"
    except json.JSONDecodeError as error:
        said = f"{error.msg} (column {error.colno})"
    except ValueError as error:  # a whole number of thousands of digits
        said = str(error)
    what = Text("不是 JSON：{said}", "is not JSON: {said}")
    advice = _FIX_JSON
    if said.startswith(_SINGLE_QUOTES):
        advice = _FIX_QUOTES
    return Problem("", what.fill(said=said[:_MAX_SAID]), advice)


def decode_line(
    value: Any,
    form: Format,
    names: Mapping[str, str],
    left_out: Counter[str],
) -> tuple[Sample, list[Problem]]:
    """Return the sample that a line's JSON holds, and what is wrong with it.

    Parameters
    ----------
    names
        What the line calls each field.
    left_out
        Counts the fields that no format has.
    """
    turns = _split_turns(value, form)
    if isinstance(turns, Problem):
        return (), [turns]
    problems: list[Problem] = []
    sample = []
    for index, turn in enumerate(turns):
        number = index + 1 if len(turns) > 1 else 0
        if not isinstance(turn, dict):
            problems.append(
                Problem(
                    "",
                    Text("是{kind}，应为对象", "is {kind}, not an object").fill(
                        kind=kind_name(turn)
                    ),
                    _like(form),
                    number,
                )
            )
            continue
        row, wrong = decode_row(turn, form, names, left_out)
        sample.append(row)
        problems += [problem._replace(turn=number) for problem in wrong]
    if not problems:
        problems += form.rule(tuple(sample), names)
    return tuple(sample), problems


def _split_turns(value: Any, form: Format) -> list[Any] | Problem:
    """Return the turns of a line; the only one where the format has no more."""
    if form.shape == TURNS:
        if isinstance(value, list) and value:
            return value
        what = Text("是{kind}，应为轮次的列表", "is {kind}, not a list of turns")
        if value == []:
            what = Text("是空列表", "is an empty list")
        advice = _like(form)
        if isinstance(value, dict):
            advice = Text(f"{advice.zh}{_AS_TABLE.zh}", f"{advice.en}{_AS_TABLE.en}")
        return Problem("", what.fill(kind=kind_name(value)), advice)
    if isinstance(value, list) and len(value) == 1:  # what the official client calls packed
        return value
    return [value]


def _like(form: Format) -> Text:
    return Text("写成 {example}", "write it as {example}").fill(example=form.example)


def decode_row(
    fields: Mapping[str, Any],
    form: Format,
    names: Mapping[str, str],
    left_out: Counter[str],
) -> tuple[Row, list[Problem]]:
    """Return one turn's values by field, and what is wrong with them."""
    by_name = {written: name for name, written in names.items()}
    row: Row = {}
    problems = []
    for written, value in fields.items():
        name = by_name.get(written)
        if name is None:
            problem = _misspelled(written, fields, names, has_preferences=form.has_preferences)
            if problem is None:
                left_out[written] += 1
            else:
                problems.append(problem)
            continue
        try:
            row[name] = form.readers[name](value)
        except WrongValue as wrong:
            problems.append(Problem(written, wrong.what, wrong.advice))
    return row, problems


def _misspelled(
    written: str,
    fields: Mapping[str, Any],
    names: Mapping[str, str],
    *,
    has_preferences: bool,
) -> Problem | None:
    """Return the problem that a field's name resembles one that is missing; None if it does not."""
    absent = {field: name for field, name in names.items() if name not in fields}
    shown = written[:_MAX_NAME]
    field = meant_field(shown, absent, has_preferences=has_preferences)
    if not field:
        return None
    what = Text("没有这个字段", "is not a field of this format")
    advice = Text(
        "是不是 {name}？是就改名，或写 fields={{'{field}': '{shown}'}}",
        "did you mean {name}? If so rename it, or pass fields={{'{field}': '{shown}'}}",
    )
    return Problem(shown, what, advice.fill(name=absent[field], field=field, shown=shown))


def encode_sample(
    sample: Sample,
    form: Format,
    names: Mapping[str, str],
    *,
    nested: bool,
) -> str:
    """Return a sample as one line of JSON.

    Parameters
    ----------
    nested
        Write the only answer of a turn as `[["…"]]`, not as a text.
    """
    turns = [
        {
            names[name]: _encode_value(name, value, form, nested=nested)
            for name, value in row.items()
        }
        for row in sample
    ]
    value: Any = turns
    if form.shape != TURNS:
        value = turns[0]
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _encode_value(name: str, value: Any, form: Format, *, nested: bool) -> Any:
    if name != "response":
        return value
    if isinstance(value, tuple):
        return [[answer] for answer in value]
    if nested and form.name in _NESTED:
        return [[value]]
    return value
