"""Datasets of what was asked and answered here: a conversation's turns, a table's rows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ernie_magic.api.models import is_simulated
from ernie_magic.api.requests import is_missing
from ernie_magic.calls.datasets.dataset import make_dataset
from ernie_magic.calls.datasets.formats import find_format
from ernie_magic.calls.tables import frames
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text, counted
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ernie_magic.calls.datasets.dataset import Dataset
    from ernie_magic.calls.datasets.formats import Row

_WRITABLE = ("PromptResponse", "Role", "Prompt")
_LEFT_OUT = counted(
    "轮未完成或带图片，没有放入",
    "turn left out (not whole, or with pictures)",
    "turns left out (not whole, or with pictures)",
)
_NO_ANSWER = counted(
    "行没有回答，没有放入", "row left out (no answer)", "rows left out (no answer)"
)
_SIMULATED = Text(
    "⚠ 回答来自模拟器，不是模型写的", "⚠ the answers are the emulator's, not a model's"
)


class _Answer(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def partial(self) -> bool: ...
    @property
    def service(self) -> str: ...


class _Turn(Protocol):
    @property
    def prompt(self) -> str: ...
    @property
    def answer(self) -> _Answer: ...
    @property
    def images(self) -> Sequence[object]: ...


class _AnsweredTable(Protocol):
    @property
    def table(self) -> Any: ...
    @property
    def prompts(self) -> Sequence[str]: ...
    @property
    def answer_columns(self) -> Sequence[str]: ...
    @property
    def error_column(self) -> str: ...
    @property
    def service(self) -> str: ...


class _Exchange(NamedTuple):
    prompt: str
    answer: str


def dataset_of_turns(
    turns: Iterable[_Turn],
    format: str,  # noqa: A002  (the platform's word)
    *,
    system: str,
    per_turn: bool,
) -> Dataset:
    """Return the turns of a conversation as a dataset; see `History.to_dataset`."""
    name = _writable_format(format)
    asked = list(turns)
    whole = [
        turn for turn in asked if turn.answer.text and not turn.answer.partial and not turn.images
    ]
    exchanges = [_Exchange(turn.prompt, turn.answer.text) for turn in whole]
    notes = []
    if len(whole) < len(asked):
        notes.append(_LEFT_OUT.fill(len(asked) - len(whole)))
    if any(is_simulated(turn.answer.service) for turn in whole):
        notes.append(_SIMULATED)
    conversations = [exchanges]
    if per_turn or name == "Prompt":
        conversations = [[exchange] for exchange in exchanges]
    return _build([one for one in conversations if one], name, system, notes)


def dataset_of_rows(
    mapped: _AnsweredTable,
    format: str,  # noqa: A002  (the platform's word)
    *,
    system: str,
    response: str,
) -> Dataset:
    """Return the answered rows of a table as a dataset; see `Mapped.to_dataset`."""
    name = _writable_format(format)
    columns, rows = frames.read_table(mapped.table)
    wanted = [response] if response else list(mapped.answer_columns)
    for column in wanted:
        if column not in columns:
            raise InvalidOption(
                Text("表里没有列 {name}", "the table has no column {name}").fill(name=column),
                advice=did_you_mean(column, columns)
                or Text("有：{known}", "columns: {known}").fill(known=", ".join(columns)),
            )
    if len(rows) != len(mapped.prompts):
        raise InvalidOption(
            Text("表的行数变了", "the table has other rows than when it was asked about"),
            advice=Text("再运行一次 ernie.map", "run ernie.map again"),
        )
    exchanges = [
        _Exchange(prompt, _answer_of_row(row, wanted))
        for prompt, row in zip(mapped.prompts, rows, strict=True)
        if not _has_no_answer(row, wanted, mapped.error_column)
    ]
    notes = []
    if len(exchanges) < len(rows):
        notes.append(_NO_ANSWER.fill(len(rows) - len(exchanges)))
    if is_simulated(mapped.service):
        notes.append(_SIMULATED)
    return _build([[exchange] for exchange in exchanges], name, system, notes)


def _has_no_answer(row: Mapping[str, Any], columns: Sequence[str], error_column: str) -> bool:
    """Whether a row failed, or has nothing in any of the columns."""
    if not is_missing(row.get(error_column)):
        return True
    return all(is_missing(row[column]) for column in columns)


def _answer_of_row(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    """Return a row's answer; several columns as the JSON object that the model was asked for."""
    values = {name: None if is_missing(row[name]) else row[name] for name in columns}
    if len(values) == 1:
        (only,) = values.values()
        return str(only)
    return json.dumps(values, ensure_ascii=False, default=_plain_number)


def _plain_number(value: Any) -> Any:
    """Return one of numpy's numbers as Python's own."""
    return value.item()


def _writable_format(name: str) -> str:
    """Return the full name of a format that a conversation can be written in.

    Raises
    ------
    InvalidOption
    """
    found = find_format(name).name
    if found in _WRITABLE:
        return found
    raise InvalidOption(
        Text("对话写不成格式 {name}", "a conversation cannot be written as {name}").fill(
            name=found
        ),
        advice=Text(
            "可用：{names}；成对的回答用 ernie.datasets.read(df, 'DPO')",
            "use one of {names}; for pairs use ernie.datasets.read(df, 'DPO')",
        ).fill(names=", ".join(_WRITABLE)),
    )


def _build(
    conversations: Sequence[Sequence[_Exchange]],
    name: str,
    system: str,
    notes: Sequence[Text],
) -> Dataset:
    make = {"PromptResponse": _response_rows, "Role": _role_rows, "Prompt": _prompt_rows}[name]
    samples = (make(exchanges, system) for exchanges in conversations)
    dataset = make_dataset(samples, name)
    return replace(dataset, notes=(*notes, *dataset.notes))


def _response_rows(exchanges: Sequence[_Exchange], system: str) -> list[Row]:
    rows = [{"prompt": exchange.prompt, "response": exchange.answer} for exchange in exchanges]
    if system:
        rows[0] = {"system": system, **rows[0]}
    return rows


def _role_rows(exchanges: Sequence[_Exchange], system: str) -> list[Row]:
    messages = []
    if system:
        messages.append({"role": "system", "content": system})
    for exchange in exchanges:
        messages.append({"role": "user", "content": exchange.prompt})
        messages.append({"role": "assistant", "content": exchange.answer})
    return [{"messages": messages}]


def _prompt_rows(exchanges: Sequence[_Exchange], _system: str) -> list[Row]:
    return [{"prompt": exchange.prompt} for exchange in exchanges]
