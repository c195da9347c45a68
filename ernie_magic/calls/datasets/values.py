"""The values of a dataset's fields: each is read into one form, or is a problem."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ernie_magic.calls.datasets.faults import shown_value
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    ReadValue = Callable[[Any], Any]

ROLES = ("system", "user", "assistant", "function", "tool")
_CALLS = ("function_call", "tool_calls")  # of a message that has no words
_WRITE_TEXT = Text("写上内容，或去掉这个字段", "write a text, or leave the field out")
_KIND_NAMES = {
    "NoneType": Text("null", "null"),
    "bool": Text("布尔值", "a boolean"),
    "int": Text("数", "a number"),
    "float": Text("数", "a number"),
    "str": Text("文本", "a text"),
    "list": Text("列表", "a list"),
    "tuple": Text("列表", "a list"),
    "dict": Text("对象", "an object"),
}


class WrongValue(Exception):
    """A value that a field cannot have.

    Parameters
    ----------
    what, advice
        What is wrong, and what to do.
    """

    def __init__(self, what: Text, advice: Text) -> None:
        super().__init__(what.en)
        self.what = what
        self.advice = advice


def kind_name(value: object) -> Text:
    """Return what kind of JSON value it is, in words."""
    name = type(value).__name__
    return _KIND_NAMES.get(name, Text(name, name))


def read_text(value: Any) -> str:
    """Return a text.

    Raises
    ------
    WrongValue
        It is none, is empty, or has half a character (a lone surrogate), which no file can hold.
    """
    if not isinstance(value, str):
        raise WrongValue(
            Text("应为文本，实际是{kind}", "must be a text, not {kind}").fill(
                kind=kind_name(value)
            ),
            Text("写成带引号的文本", "write it as a text in quotes"),
        )
    if not value.strip():
        raise WrongValue(Text("是空的", "is empty"), _WRITE_TEXT)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise WrongValue(
            Text("含有半个字符", "holds half a character"),
            Text("去掉单独的 \\ud800–\\udfff", "remove the lone \\ud800–\\udfff"),
        ) from None
    return value


def read_answer(value: Any) -> str:
    """Return the only answer to a prompt, written as a text or as `[["…"]]`.

    Raises
    ------
    WrongValue
    """
    if not isinstance(value, (list, tuple)):
        return read_text(value)
    answers = read_ranked(value)
    if len(answers) > 1:
        raise WrongValue(
            Text("有 {count} 个回答，应为一个", "has {count} answers, not one").fill(
                count=len(answers)
            ),
            Text(
                "多个排好序的回答用 PromptSortedresponses 格式",
                "for ranked answers choose the format PromptSortedresponses",
            ),
        )
    return answers[0]


def read_ranked(value: Any) -> tuple[str, ...]:
    """Return answers, the best first, written as `[["best"], ["second"]]`, as
    `[["best", "second"]]`, or as one text.

    Raises
    ------
    WrongValue
    """
    if isinstance(value, str):
        return (read_text(value),)
    if not isinstance(value, (list, tuple)) or not value:
        raise _wrong_nesting(value)
    lists = list(value)
    if all(isinstance(answer, str) for answer in lists):
        raise _wrong_nesting(value)
    if len(lists) == 1 and isinstance(lists[0], (list, tuple)):
        lists = [[answer] for answer in lists[0]]
    answers = []
    for one in lists:
        if not isinstance(one, (list, tuple)) or len(one) != 1:
            raise _wrong_nesting(value)
        answers.append(read_text(one[0]))
    if not answers:
        raise _wrong_nesting(value)
    return tuple(answers)


def read_answer_list(value: Any) -> tuple[str, ...]:
    """Return ranked answers as a table's cell may also hold them: a plain list of texts.

    Raises
    ------
    WrongValue
    """
    if isinstance(value, (list, tuple)) and value and all(isinstance(one, str) for one in value):
        return tuple(read_text(one) for one in value)
    return read_ranked(value)


def _wrong_nesting(value: object) -> WrongValue:
    return WrongValue(
        Text("嵌套不对：{value}", "is nested wrongly: {value}").fill(value=shown_value(value)),
        Text('写成 [["回答"]]', 'write it as [["answer"]]'),
    )


def read_scores(value: Any) -> tuple[int, ...]:
    """Return the scores of ranked answers: whole numbers.

    Raises
    ------
    WrongValue
    """
    is_list = isinstance(value, (list, tuple)) and len(value) > 0
    if not is_list or not all(type(score) is int for score in value):
        raise WrongValue(
            Text("应为整数的列表：{value}", "must be a list of whole numbers: {value}").fill(
                value=shown_value(value)
            ),
            Text("每个回答一个，例如 [1, 0]", "one for each answer, such as [1, 0]"),
        )
    return tuple(value)


def read_weight(value: Any) -> int:
    """Return whether the loss counts this turn: 1 or 0.

    Raises
    ------
    WrongValue
    """
    if isinstance(value, bool) or value not in (0, 1):
        raise WrongValue(
            Text("应为 0 或 1：{value}", "must be 0 or 1: {value}").fill(value=shown_value(value)),
            Text("0 表示这一轮不计损失", "0 leaves this turn out of the loss"),
        )
    return int(value)


def read_messages(value: Any) -> tuple[dict[str, Any], ...]:
    """Return a conversation as messages with roles.

    Raises
    ------
    WrongValue
    """
    if not isinstance(value, (list, tuple)) or not value:
        raise WrongValue(
            Text("应为消息的列表", "must be a list of messages"),
            Text(
                '例如 [{"role": "user", "content": "…"}]',
                'such as [{"role": "user", "content": "…"}]',
            ),
        )
    messages = tuple(_read_message(number, one) for number, one in enumerate(value, start=1))
    _check_roles([message["role"] for message in messages])
    return messages


def _read_message(number: int, message: Any) -> dict[str, Any]:
    if not isinstance(message, dict):
        raise WrongValue(
            Text("第 {number} 条是{kind}", "message {number} is {kind}").fill(
                number=number, kind=kind_name(message)
            ),
            Text("写成有 role 和 content 的对象", "write an object with role and content"),
        )
    role = message.get("role")
    if role not in ROLES:
        raise WrongValue(
            Text("第 {number} 条的 role 是 {role}", "message {number} has the role {role}").fill(
                number=number, role=shown_value(role)
            ),
            Text("可用：{roles}", "use one of {roles}").fill(roles=", ".join(ROLES)),
        )
    has_calls = role == "assistant" and any(message.get(name) for name in _CALLS)
    if has_calls and not message.get("content"):
        return dict(message)
    try:
        read_text(message.get("content"))
        if "weight" in message:
            read_weight(message["weight"])
    except WrongValue as wrong:
        raise WrongValue(
            Text("第 {number} 条{what}", "message {number} {what}").fill(
                number=number, what=wrong.what
            ),
            wrong.advice,
        ) from None
    return dict(message)


def _check_roles(roles: list[str]) -> None:
    """Check the order of roles: a system prompt only at the beginning, then user and assistant in
    turns; what tools return stands between two messages of the assistant.
    """
    if "system" in roles[1:]:
        raise WrongValue(
            Text("system 不在开头", "has a system message that is not the first"),
            Text("把它移到最前", "move it to the beginning"),
        )
    spoken = [role for role in roles if role != "system"]
    if not spoken or spoken[0] != "user":
        raise WrongValue(
            Text("不以 user 开头", "does not begin with a user's message"),
            Text("先写用户的话，再写回答", "write what the user says before what is answered"),
        )
    for first, second in pairwise(spoken):
        if first == second and first in ("user", "assistant"):
            raise WrongValue(
                Text("有两条连续的 {role}", "has two {role} messages in a row").fill(role=first),
                Text("合并它们，或补上缺的一条", "join them, or add the one that is missing"),
            )
