"""The dataset formats of Qianfan: what one line holds, and the rules of each.

A sample is one row or several, one for each turn of a conversation; a row is a mapping of field
names to values. The names are the same for every format (`prompt`, `response`, `chosen` …); what a
line calls them is the format's (`user` and `assistant` for pairs), and can be set.

Sources, each with an example line: PromptResponse, including `system` and `weight`
(https://ai.baidu.com/ai-doc/WENXINWORKSHOP/yliu6bqzw), PromptSortedresponses with `score`
(https://cloud.baidu.com/doc/WENXINWORKSHOP/s/5m49d3gby), Role
(https://cloud.baidu.com/doc/qianfan/s/Zmh4su9vy), DPO
(https://ai.baidu.com/ai-doc/WENXINWORKSHOP/ulus64y89), KTO
(https://cloud.baidu.com/doc/WENXINWORKSHOP/s/3ly70wuxy), Prompt
(https://cloud.baidu.com/doc/qianfan/s/Dmh4suaf0). They were written for imports from the console's
pages; that an import by the API has the same layouts was not established. Of plain text no layout
but lines of `.txt` files was found (the official client, `qianfan.dataset`): its `.jsonl` form
here, `{"text": …}`, is that of most other tools, not known to be the platform's. SFT_FIM and the
formats with pictures have no public layout, and are not read here.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ernie_magic.calls.datasets import values
from ernie_magic.calls.datasets.faults import Problem
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text, counted
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ernie_magic.calls.datasets.values import ReadValue

    Row = dict[str, Any]
    Sample = tuple[Row, ...]
    Rule = Callable[["Sample", Mapping[str, str]], Iterator[Problem]]

MAX_TURNS = 150  # of a sample: the platform cuts what is longer
TURNS = "turns"  # a line is a list of objects, one for each turn
OBJECT = "object"  # a line is one object
GROUP = "_group"  # the official client's column that joins the turns of a conversation
_CLOSE = 0.8  # of `difflib`'s ratio, at which a name is a misspelling
# What other tools' files call a field.
_SYNONYMS = {
    "prompt": ("instruction", "question", "query", "问题", "提示词", "提问"),
    "response": ("completion", "output", "answer", "target", "回答", "答案", "回复"),
}
_SCORES, _ANSWERS = counted("个得分", "score"), counted("个回答", "answer")
_ADD = Text("补上这个字段", "add the field")


@dataclass(frozen=True)
class Format:
    """One format of the platform.

    Attributes
    ----------
    name : str
        As the platform's API has it (`dataFormat`).
    label : Text
        What it holds, and what it is for.
    shape : str
        What a line is: `"turns"` or `"object"`.
    readers : mapping of str to function
        How each field's value is read, by field.
    rule : function
        Yields what is wrong with the fields together.
    example : str
        A line.
    line_names : mapping of str to str
        What a line calls a field, where that is not the field's own name.
    """

    name: str
    label: Text
    shape: str
    readers: Mapping[str, ReadValue]
    rule: Rule
    example: str
    line_names: Mapping[str, str] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle its name: there is one object of each format."""
        return find_format, (self.name,)

    @property
    def has_preferences(self) -> bool:
        """Whether samples have better or worse answers."""
        return "chosen" in self.readers

    def names_in_lines(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return what a line calls each field; `given` names come first."""
        return {name: given.get(name) or self.line_names.get(name, name) for name in self.readers}

    def names_in_tables(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the column of each field, and of the group; `given` names come first."""
        return {name: given.get(name, name) for name in (*self.readers, GROUP)}

    def is_annotated(self, sample: Sample) -> bool:
        """Whether a sample has what a model shall learn to answer."""
        if self.name in ("Prompt", "Text"):
            return False
        if self.name == "Role":
            return bool(sample[0]["messages"][-1]["role"] == "assistant")
        return any(name in sample[-1] for name in ("response", "chosen", "rejected"))


def _missing(name: str, turn: int, names: Mapping[str, str]) -> Problem:
    return Problem(names[name], Text("缺这个字段", "is missing"), _ADD, turn)


def _misplaced(name: str, turn: int, names: Mapping[str, str], where: Text) -> Problem:
    return Problem(
        names[name],
        Text("只能在{where}", "belongs only in {where}").fill(where=where),
        Text("移走或删掉它", "move it or delete it"),
        turn,
    )


_FIRST_TURN = Text("第一轮", "the first turn")
_LAST_TURN = Text("最后一轮", "the last turn")
_EARLIER_TURNS = Text("最后一轮之前", "turns before the last")


def _turn_number(sample: Sample, index: int) -> int:
    """Return a turn's number as errors have it: 0 where there is only one."""
    return index + 1 if len(sample) > 1 else 0


def _check_turns(sample: Sample, names: Mapping[str, str]) -> Iterator[Problem]:
    """Check what all conversations have: a prompt in each turn, an answer in each but the last, a
    system prompt only in the first.
    """
    for index, row in enumerate(sample):
        turn = _turn_number(sample, index)
        if "prompt" not in row:
            yield _missing("prompt", turn, names)
        if index and "system" in row:
            yield _misplaced("system", turn, names, _FIRST_TURN)
        if "response" not in row and index < len(sample) - 1:
            yield _missing("response", turn, names)


def _check_ranked(sample: Sample, names: Mapping[str, str]) -> Iterator[Problem]:
    yield from _check_turns(sample, names)
    for index, row in enumerate(sample[:-1]):
        turn = _turn_number(sample, index)
        if len(row.get("response", ())) > 1:
            yield Problem(
                names["response"],
                Text("只有最后一轮可以有多个回答", "only the last turn may have several answers"),
                Text("留下一个", "keep one of them"),
                turn,
            )
        if "score" in row:
            yield _misplaced("score", turn, names, _LAST_TURN)
    turn = _turn_number(sample, len(sample) - 1)
    answers, scores = sample[-1].get("response"), sample[-1].get("score")
    if answers is not None and len(answers) < 2:  # noqa: PLR2004  (two can be ranked)
        yield Problem(
            names["response"],
            Text("只有一个回答，无法排序", "has one answer, which ranks nothing"),
            Text("至少写两个，最好的在前", "write two or more, the best first"),
            turn,
        )
    if scores is not None and len(scores) != len(answers or ()):
        yield Problem(
            names["score"],
            Text("{scores}对 {answers}", "{scores} for {answers}").fill(
                scores=_SCORES.fill(len(scores)), answers=_ANSWERS.fill(len(answers or ()))
            ),
            Text("每个回答一个得分", "give each answer one score"),
            turn,
        )


def _check_preference(sample: Sample, names: Mapping[str, str]) -> Iterator[Problem]:
    """Check what pairs and single preferences have in common."""
    yield from _check_turns(sample, names)
    last = len(sample) - 1
    for index, row in enumerate(sample):
        turn = _turn_number(sample, index)
        if index == last and "response" in row:
            yield _misplaced("response", turn, names, _EARLIER_TURNS)
        for name in ("chosen", "rejected"):
            if index < last and name in row:
                yield _misplaced(name, turn, names, _LAST_TURN)


def _check_pair(sample: Sample, names: Mapping[str, str]) -> Iterator[Problem]:
    yield from _check_preference(sample, names)
    turn = _turn_number(sample, len(sample) - 1)
    last = sample[-1]
    absent = [name for name in ("chosen", "rejected") if name not in last]
    for name in absent:
        yield _missing(name, turn, names)
    if not absent and last["chosen"] == last["rejected"]:
        yield Problem(
            names["rejected"],
            Text("与 {chosen} 相同", "is the same as {chosen}").fill(chosen=names["chosen"]),
            Text("换一个较差的回答，或删掉这个样本", "give a worse answer, or drop the sample"),
            turn,
        )


def _check_single_preference(sample: Sample, names: Mapping[str, str]) -> Iterator[Problem]:
    yield from _check_preference(sample, names)
    found = [names[name] for name in ("chosen", "rejected") if name in sample[-1]]
    if len(found) != 1:
        yield Problem(
            f"{names['chosen']}/{names['rejected']}",
            Text("应恰有其一，实际有 {count} 个", "must be one of the two, there are {count}").fill(
                count=len(found)
            ),
            Text("留下一个；成对的用 DPO 格式", "keep one; for pairs choose the format DPO"),
            _turn_number(sample, len(sample) - 1),
        )


def _require(name: str) -> Rule:
    """Return the rule of a format whose only row must have this field."""

    def check(sample: Sample, names: Mapping[str, str]) -> Iterator[Problem]:
        if len(sample) > 1:
            yield Problem(
                "",
                Text("有 {count} 轮", "has {count} turns").fill(count=len(sample)),
                Text("每行一条", "write one for each line"),
            )
        elif name not in sample[0]:
            yield _missing(name, 0, names)

    return check


def _keep_value(value: Any) -> Any:
    return value


_PAIR_NAMES = {"prompt": "user", "response": "assistant"}
_PREFERENCE: Mapping[str, ReadValue] = {
    "system": values.read_text,
    "prompt": values.read_text,
    "response": values.read_answer,
    "chosen": values.read_answer,
    "rejected": values.read_answer,
}
FORMATS: Sequence[Format] = (
    Format(
        "PromptResponse",
        Text("提示词和回答（SFT）", "prompts and answers (SFT)"),
        TURNS,
        {
            "system": values.read_text,
            "prompt": values.read_text,
            "response": values.read_answer,
            "weight": values.read_weight,
        },
        _check_turns,
        '[{"system": "…", "prompt": "…", "response": [["…"]]}]',
    ),
    Format(
        "PromptSortedresponses",
        Text("提示词和排好序的回答（奖励模型）", "prompts and ranked answers (reward models)"),
        TURNS,
        {
            "system": values.read_text,
            "prompt": values.read_text,
            "response": values.read_ranked,
            "score": values.read_scores,
        },
        _check_ranked,
        '[{"prompt": "…", "response": [["best"], ["second"]], "score": [1, 0]}]',
    ),
    Format(
        "Prompt",
        Text("只有提示词", "prompts alone"),
        OBJECT,
        {"prompt": values.read_text},
        _require("prompt"),
        '{"prompt": "…"}',
    ),
    Format(
        "Role",
        Text("带角色的消息（SFT，含工具）", "messages with roles (SFT, with tools)"),
        OBJECT,
        {"messages": values.read_messages, "functions": _keep_value, "tools": _keep_value},
        _require("messages"),
        '{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}',
    ),
    Format(
        "DPO_PromptChosenRejected",
        Text("成对的好坏回答（DPO、SimPO）", "pairs of a better and a worse answer (DPO, SimPO)"),
        TURNS,
        _PREFERENCE,
        _check_pair,
        '[{"user": "…", "chosen": "…", "rejected": "…"}]',
        _PAIR_NAMES,
    ),
    Format(
        "KTO_PromptChosenRejected",
        Text("单个好或坏的回答（KTO）", "single good or bad answers (KTO)"),
        TURNS,
        _PREFERENCE,
        _check_single_preference,
        '[{"user": "…", "chosen": "…"}]',
        _PAIR_NAMES,
    ),
    Format(
        "Text",
        Text("纯文本（继续预训练）", "plain text (continued pre-training)"),
        OBJECT,
        {"text": values.read_text},
        _require("text"),
        '{"text": "…"}',
    ),
)
_ALIASES = {"sorted": "PromptSortedresponses", "sft": "PromptResponse"}
# Names of the platform whose layout is not public.
UNREADABLE = ("SFT_FIM", "PromptImage", "PromptImageResponse")


def find_format(name: str | Format) -> Format:
    """Return the format of a name, as the platform has it or shorter: `"DPO"`, `"role"`.

    Raises
    ------
    InvalidOption
        There is none, or its layout is not public.
    """
    if isinstance(name, Format):
        return name
    wanted = _ALIASES.get(str(name).lower(), str(name)).lower()
    for known in FORMATS:
        if wanted in (known.name.lower(), known.name.lower().partition("_")[0]):
            return known
    if wanted in [one.lower() for one in UNREADABLE]:
        raise InvalidOption(
            Text("格式 {name} 的行没有公开的写法", "the lines of {name} are not documented").fill(
                name=name
            ),
            advice=Text(
                "用千帆控制台的模板准备文件", "prepare the file from the template in the console"
            ),
        )
    known_names = [one.name for one in FORMATS]
    advice = Text("可用：{names}", "use one of {names}").fill(names=", ".join(known_names))
    raise InvalidOption(
        Text("没有数据格式 {name}", "no such dataset format: {name}").fill(name=f"{name!s:.60}"),
        advice=did_you_mean(str(name), known_names) or advice,
    )


def check_field_names(given: Mapping[str, str], form: Format) -> dict[str, str]:
    """Return names for fields, checked: known fields, each a text, no two alike.

    Raises
    ------
    InvalidOption
    """
    known = (*form.readers, GROUP)
    for name, written in given.items():
        if name not in known:
            raise InvalidOption(
                Text("格式 {form} 没有字段 {name}", "{form} has no field {name}").fill(
                    form=form.name, name=name
                ),
                advice=Text("可用：{names}", "use one of {names}").fill(names=", ".join(known)),
            )
        if not isinstance(written, str) or not written:
            raise InvalidOption(
                Text("字段 {name} 的名字要是文本", "the name of {name} must be a text").fill(
                    name=name
                )
            )
    for names in (form.names_in_lines(given), form.names_in_tables(given)):
        if len(set(names.values())) < len(names):
            raise InvalidOption(
                Text("两个字段同名：{names}", "two fields have the same name: {names}").fill(
                    names=", ".join(names.values())
                ),
                advice=Text("给它们不同的名字", "give each its own"),
            )
    return dict(given)


def meant_field(
    written: str,
    absent: Mapping[str, str],
    *,
    has_preferences: bool = False,
) -> str:
    """Return the absent field that a name seems to stand for, "" for none: it is misspelled, or is
    what other tools call the field.

    Parameters
    ----------
    absent
        What the fields are called that are not there, by field.
    has_preferences
        Samples have better or worse answers: another one is none of their fields.
    """
    close = close_name(written, tuple(absent.values()))
    if close:
        return next(field for field, name in absent.items() if name == close)
    lower = written.lower()
    known = {field: names for field, names in _SYNONYMS.items() if field in absent}
    if has_preferences:
        known.pop("response", None)
    return next((field for field, names in known.items() if lower in names), "")


@lru_cache(maxsize=256)
def close_name(written: str, absent: tuple[str, ...]) -> str:
    """Return the absent name that differs by a letter or two, "" for none: `source` is no `score`,
    which the looser `did_you_mean` would take it for.
    """
    by_lower = {name.lower(): name for name in absent}
    close = difflib.get_close_matches(written.lower(), by_lower, n=1, cutoff=_CLOSE)
    return "".join(by_lower[name] for name in close)
