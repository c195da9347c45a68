"""Answers in typed columns: what `--to "sentiment, score:int"` asks for, and the values found in an
answer.
"""

from __future__ import annotations

import json
import re
import unicodedata
from itertools import chain, count
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api.finish_reasons import is_filter
from ernie_magic.api.values import as_object
from ernie_magic.calls.tables.schema_forms import Field, read_fields
from ernie_magic.calls.tables.typed_values import convert_value
from ernie_magic.errors import InvalidOption
from ernie_magic.text.json_text import (
    OBJECT_OPENING,
    WRITTEN_NUMBERS,
    drop_thoughts,
    has_only_thoughts,
    iterate_json,
)
from ernie_magic.text.language import Text, clip_text
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# And what JSON schema calls them.
TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
}
# Other words for them: JSON schema's, and Chinese ones.
_TYPE_WORDS = {
    **{word: name for name, word in TYPES.items()},
    **dict.fromkeys(("text", "文本", "文字", "字符串"), "str"),
    **dict.fromkeys(("整数", "integer"), "int"),
    **dict.fromkeys(("小数", "数字", "浮点数", "double"), "float"),
    **dict.fromkeys(("布尔", "布尔值", "是否"), "bool"),
}
ERROR = "error"  # the column that says why a row has no answer
ANSWER = "answer"  # the column of answers that are not split up

_OPTIONAL = re.compile(r"Optional\[\s*(\w+)\s*\]|(\w+)\s*(?:\?|？|\|\s*None)")
_SEPARATOR = re.compile("[,，、;；]")
_ENDS = " ,，、;；"  # of a list, which may end with a separator
# A name in a list has no blank, and stands in no marks: a dictionary allows any.
_NO_NAME = re.compile(r"[\s|=`,，、;；]|^[\[{(（“\"']|[\]}”\"']$")
_BRACKETS = (("(", ")"), ("（", "）"), ("[", "]"), ("{", "}"), ("【", "】"))
_OPENING, _CLOSING = map("".join, zip(*_BRACKETS, strict=True))
_SHOWN = 40  # characters of a name
_FIRST_WORD = re.compile(r"^[^\W\d]+")
_CHOICES = re.compile(r"[|/]")  # `good|bad`
_RANGE = re.compile(r"\d+\s*[-~～到]\s*\d+")
_ITEMS_AS_TEXT = Text(
    "一列放一个值：写 {name}，几项会连成一段文本",
    "a column holds one value: write {name}, and several items become one text",
)
_FIELDS_AS_COLUMNS = Text(
    "每个字段写成一列，例如 “城市, 分数:int”",
    'make each of its fields a column, such as "city, score:int"',
)
_DATE_AS_TEXT = Text(
    "日期是文本：写 {name}，在提示词里说明写法",
    "a date is a text: write {name}, and say in the prompt how dates are written",
)
_RULE_IN_PROMPT = Text(
    "写 {column}，取值范围写进提示词",
    "write {column}, and say in the prompt which values are allowed",
)
_NAME_MARKS = re.compile(r"[\s_-]+")
_ADVICE_BY_WORD = {
    **dict.fromkeys(("list", "array", "set", "tuple", "sequence", "列表", "数组"), _ITEMS_AS_TEXT),
    **dict.fromkeys(("dict", "object", "json", "map", "字典", "对象"), _FIELDS_AS_COLUMNS),
    **dict.fromkeys(("date", "datetime", "time", "timestamp", "日期", "时间"), _DATE_AS_TEXT),
    **dict.fromkeys(
        ("literal", "enum", "choice", "choices", "category", "枚举", "类别"), _RULE_IN_PROMPT
    ),
}
_EMPTY = Text(
    "回答是空的：再用 resume 问一次，或放宽输出长度的上限",
    "the answer is empty: ask again with resume, or allow a longer output",
)
_FILTERED = Text(
    "内容审核拦下了这个回答（finish_reason {reason}）：换一种说法",
    "content review stopped the answer (finish_reason {reason}): rephrase the prompt",
)
_COLUMNS_FORM = Text(
    '写成 "情感, 分数:int"；类型有 str、int、float、bool',
    'write "sentiment, score:int"; the types are str, int, float and bool',
)
_SEPARATE = Text(
    "列与列之间用逗号；一个名字里用 _ 代替空格",
    "put a comma between columns, and write _ for a blank in a name",
)
_MISSING = Text("回答里没有 {name}", "{name}: the answer does not have it")
_NOT_A_CHOICE = Text("{name}：{value} 不在可选值中", "{name}: {value} is not one of its choices")
_NOT_OF_TYPE = Text("{name}：{value} 不是 {type}", "{name}: {value} is not {type}")


class Column(NamedTuple):
    """An output column.

    Attributes
    ----------
    name : str
    type : {"str", "int", "float", "bool"}
    choices : tuple
        The values that it may have; none for any.
    """

    name: str
    type: str = "str"
    choices: tuple[Any, ...] = ()


def parse_columns(given: object) -> tuple[Column, ...]:
    """Return the output columns: `"sentiment, score:int"`, `{"sentiment": str, "score": int}`, a
    list of names, or a class or JSON schema with these fields; none for the whole answer.

    Raises
    ------
    InvalidOption
        An invalid name, a repeated one, or an unknown type.
    """
    if not given:
        return ()
    fields = _read_form(given)
    columns = tuple(Column(name, _read_type(kind), choices) for name, kind, choices in fields)
    for field in columns:
        if not field.name or field.type not in TYPES:
            raise InvalidOption(
                Text("“{name}:{kind}”不是列", "'{name}:{kind}' is not a column").fill(
                    name=field.name, kind=field.type
                ),
                advice=_advise_on_type(field),
            )
    if any(field.name == ERROR for field in columns):
        raise InvalidOption(
            Text("error 列用来放出错原因", "the column error says why a row failed"),
            advice=Text("换一个列名", "use another name"),
        )
    names = [field.name for field in columns]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise InvalidOption(
            Text("有两列都叫 {name}", "two columns are called {name}").fill(name=twice),
            advice=Text("给其中一列换个名字", "give one of them another name"),
        )
    return columns


def _read_form(given: object) -> list[Field]:
    """Return the columns as they are written, in whatever form.

    Raises
    ------
    InvalidOption
    """
    if isinstance(given, str):
        return [Field(*_split_column(item)) for item in _split_list(given.rstrip(_ENDS))]
    if isinstance(given, (list, tuple)) and all(isinstance(item, str) for item in given):
        return [Field(*_split_column(item)) for item in given]
    fields = read_fields(given)
    if fields is None:
        raise InvalidOption(
            Text(
                "schema 要写成文本或字典，不是 {kind}",
                "schema must be a text or a dictionary, not {kind}",
            ).fill(kind=type(given).__name__),
            advice=Text('例如 "情感, 分数:int"', 'for example "sentiment, score:int"'),
        )
    return fields


def _split_list(written: str) -> list[str]:
    """Return the columns of a list, without those separators that stand in brackets: `list[a, b]`
    is one type.
    """
    pieces = [""]
    depth = 0
    for character in written:
        depth += (character in _OPENING) - (character in _CLOSING)
        if depth <= 0 and _SEPARATOR.fullmatch(character):
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


def _advise_on_type(column: Column) -> Text:
    """Return what to write in place of a type that no column has."""
    name, kind, _ = column
    if not name:
        return _COLUMNS_FORM
    word = "".join(_FIRST_WORD.findall(kind)[:1]).lower()
    if kind.endswith("[]"):
        word = "list"
    known = _TYPE_WORDS.get(word, word)
    if _RANGE.fullmatch(kind):
        known = "int"
    if known in TYPES and kind.lower() != word:  # `int(1-5)`, `1-5`
        return _RULE_IN_PROMPT.fill(column=f"{name}:{known}")
    if _CHOICES.search(kind):
        word = "choice"
    if advice := _ADVICE_BY_WORD.get(word):
        return advice.fill(name=name, column=name)
    return did_you_mean(kind, TYPES) or _COLUMNS_FORM


def _split_column(written: str) -> tuple[str, str]:
    """Return name and type of a column as it is written on a line.

    Raises
    ------
    InvalidOption
        What stands for the name looks like several columns, or like another way to write them.
    """
    name, _, kind = written.replace("：", ":").partition(":")
    name = name.strip()
    if _NO_NAME.search(name) or any(name.count(a) != name.count(b) for a, b in _BRACKETS):
        advice = _COLUMNS_FORM
        if any(map(str.isspace, name)):
            advice = _SEPARATE
        raise InvalidOption(
            Text("“{name}”不是列名", "{name!r} is not a column's name").fill(name=name[:_SHOWN]),
            advice=advice,
        )
    return name, kind.strip()


def _read_type(written: str) -> str:
    """Return the type that is meant, "str" for none: without the words for "or none", which every
    column allows.
    """
    if found := _OPTIONAL.fullmatch(written):
        written = found[1] or found[2]
    return _TYPE_WORDS.get(written.lower(), written) or "str"


def free_name(name: str, taken: Collection[str]) -> str:
    """Return a name for a column of ours that no column of the user's has: `error`, else
    `error_2`.
    """
    names = chain([name], (f"{name}_{number}" for number in count(2)))
    return next(one for one in names if one not in taken)


def json_schema(columns: tuple[Column, ...]) -> dict[str, Any]:
    """Return the `response_format` that asks for these columns ("response_format" on
    https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb).
    """
    properties = {field.name: _property(field) for field in columns}
    schema = {
        "type": "object",
        "properties": properties,
        "required": [field.name for field in columns],
    }
    return {"type": "json_schema", "json_schema": {"name": "row", "schema": schema}}


def _property(field: Column) -> dict[str, Any]:
    if field.choices:
        return {"type": TYPES[field.type], "enum": [*field.choices]}
    return {"type": TYPES[field.type]}


def json_instruction(columns: tuple[Column, ...]) -> str:
    """Return the same request in words, for services and models that support no schema."""
    shape = ", ".join(f'"{field.name}": <{_describe_values(field)}>' for field in columns)
    return (
        "只输出一个 JSON 对象，不要别的文字 "
        f"(answer with one JSON object and nothing else): {{{shape}}}"
    )


def _describe_values(field: Column) -> str:
    written = [json.dumps(choice, ensure_ascii=False) for choice in field.choices]
    return " | ".join(written) or TYPES[field.type]


def parse_answer(
    text: str,
    columns: tuple[Column, ...],
    reason: str = "",
) -> tuple[dict[str, Any], Text | None]:
    """Return the values in an answer, and what is wrong with it: None when nothing is. A value is
    None where the answer has null for it, or nothing of its type.

    Parameters
    ----------
    reason
        The reason to finish of an answer that may not be whole, "" for others.
    """
    is_empty = not text.strip() or has_only_thoughts(text)
    if not columns and not is_empty:
        return {ANSWER: text}, None
    parsed = None if is_empty else _find_object(text, columns)
    if parsed is None and is_filter(reason):
        return {}, _FILTERED.fill(reason=clip_text(reason, _SHOWN))
    if is_empty:
        return {}, _EMPTY
    if parsed is None:
        return {}, Text("不是 JSON 对象：{text}", "not a JSON object: {text}").fill(
            text=repr(text[:60])
        )
    values = {field.name: _read_value(parsed.get(field.name), field) for field in columns}
    wrong = [
        _describe_problem(parsed, field)
        for field in columns
        if values[field.name] is None and not _is_null(parsed, field.name)
    ]
    if not wrong:
        return values, None
    return values, Text("；".join(one.zh for one in wrong), "; ".join(one.en for one in wrong))


def _read_value(given: object, field: Column) -> Any:
    """Return what an answer has for a column; a choice in the column's own letters ("Good")."""
    value = convert_value(given, field.type)
    if not field.choices or value in field.choices:
        return value
    if isinstance(value, str):
        by_form = {_form_of(choice): choice for choice in field.choices}
        return by_form.get(_form_of(value))
    return None


def _describe_problem(parsed: Mapping[str, Any], field: Column) -> Text:
    """Return why an object has no value of a column."""
    if field.name not in parsed:
        return _MISSING.fill(name=field.name)
    said = f"{parsed[field.name]!r:.40}"
    if field.choices and convert_value(parsed[field.name], field.type) is not None:
        return _NOT_A_CHOICE.fill(name=field.name, value=said)
    return _NOT_OF_TYPE.fill(name=field.name, value=said, type=field.type)


def _is_null(parsed: Mapping[str, Any], name: str) -> bool:
    """Whether the model says that a row has no such value: then its column has a gap, as that of a
    DataFrame has, whose types here all allow one.
    """
    return name in parsed and parsed[name] is None


def _find_object(text: str, columns: tuple[Column, ...]) -> dict[str, Any] | None:
    """Return the JSON object in a text that has one of the columns, else the only one; None where
    it is not clear which is meant: several say different things. What a model thinks aloud before
    it answers does not count.
    """
    found = [
        _use_own_names(parsed, columns)
        for parsed in iterate_json(drop_thoughts(text), OBJECT_OPENING, WRITTEN_NUMBERS)
    ]
    names = [field.name for field in columns]
    answers = [parsed for parsed in found if not parsed.keys().isdisjoint(names)] or found
    different = {repr([parsed.get(name) for name in names]): parsed for parsed in answers}
    if len(different) == 1:
        return answers[0]
    return None


def _use_own_names(parsed: dict[str, Any], columns: tuple[Column, ...]) -> dict[str, Any]:
    """Return an object with the columns' own names, which models write in other letters ("Score"),
    and whose object they put into another ("result").
    """
    by_form = {_form_of(field.name): field.name for field in columns}
    if len(by_form) < len(columns):
        return parsed  # these columns differ in nothing else
    inner: Mapping[str, Any] = {}
    if len(parsed) == 1:
        inner = as_object(*parsed.values())
    if not by_form.keys().isdisjoint(map(_form_of, inner)):
        parsed = dict(inner)
    named = dict(parsed)
    for key, value in parsed.items():
        if name := by_form.get(_form_of(key)):
            named.setdefault(name, value)
    return named


def _form_of(name: str) -> str:
    return _NAME_MARKS.sub("", unicodedata.normalize("NFKC", name)).casefold()
