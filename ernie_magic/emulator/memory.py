"""What a conversation has told of its user: "My name is Ada", and then "What is my name?"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TELLING_EN = re.compile(
    r"\bmy (?P<what>[a-z][a-z ]{1,30}?) (?:is|are|was) (?P<told>[^.,;!?\n]{1,60})", re.IGNORECASE
)
_NAMED_EN = re.compile(
    r"\b(?:i am called|call me|i'?m called|(?:hi|hello),? i'?m) (?P<told>[^.,;!?\n]{1,40})",
    re.IGNORECASE,
)
_TELLING_ZH = re.compile(
    r"我(?:的|(?=最))(?P<what>[\u4e00-\u9fff]{1,10}?)(?:是|叫做?|为)(?P<told>[^，。；！？,;!?\n]{1,30})"
)
_NAMED_ZH = re.compile(r"我(?:叫做?|名叫|的名字叫)(?P<told>[^，。；！？,;!?\n]{1,20})")
_ASKING_EN = re.compile(
    r"\b(?:what(?:'s| is| are| was)|tell me|remember|recall|do you know|say) my "
    r"(?P<what>[a-z][a-z ]{1,30}?)\s*(?:\?|$|\.|\bagain\b)|\bwho am i\b",
    re.IGNORECASE,
)
_ASKING_ZH = re.compile(
    r"我(?:的|(?=最))(?P<what>[\u4e00-\u9fff]{1,10}?)(?:是|叫)?(?:什么|啥|谁|多少|哪|吗)|我叫什么|我叫啥|我是谁"
)
_QUESTION_WORDS = ("什么", "啥", "谁", "哪", "多少", "what", "which")
_NAMES = ("name", "名字")


def recall_fact(question: str, earlier: Sequence[str]) -> str | None:
    """Return the answer to a question for what earlier prompts, or its own beginning, have told of
    the user; None where it asks for none, or for what was not told.

    Parameters
    ----------
    question
    earlier
        The prompts before it, oldest first.
    """
    if asked := _ASKING_ZH.search(question):
        wanted = asked["what"] or _NAMES[1]
        told = _find_told(wanted, [*earlier, question[: asked.start()]])
        if told:
            return f"你说过，你的{wanted}是{told}。"
    elif asked := _ASKING_EN.search(question):
        wanted = asked["what"] or _NAMES[0]
        told = _find_told(wanted.lower(), [*earlier, question[: asked.start()]])
        if told:
            return f"Your {wanted} is {told}: you have told me before."
    return None


def _find_told(wanted: str, prompts: Sequence[str]) -> str:
    """What was told last; "" where nothing was."""
    facts = dict(fact for prompt in prompts for fact in _iter_facts(prompt))
    return facts.get(wanted, "")


def _iter_facts(prompt: str) -> Iterator[tuple[str, str]]:
    for pattern in (_TELLING_EN, _TELLING_ZH):
        for found in pattern.finditer(prompt):
            told = found["told"].strip()
            if not told.lower().startswith(_QUESTION_WORDS):
                yield found["what"].lower(), told
    for pattern, what in zip((_NAMED_EN, _NAMED_ZH), _NAMES, strict=True):
        for found in pattern.finditer(prompt):
            told = found["told"].strip()
            if not told.lower().startswith(_QUESTION_WORDS):
                yield what, told
