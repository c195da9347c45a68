"""A prompt rewritten by a chat model, beside the one it was made from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ernie_magic.api.usage import simulated_note
from ernie_magic.errors import InvalidOption, ProtocolError
from ernie_magic.qianfan.templates.prompt_template import (
    PromptTemplate,
    find_variables,
    make_template,
    split_identifier,
)
from ernie_magic.text.encodings import printable
from ernie_magic.text.json_text import drop_thoughts
from ernie_magic.text.language import Language, Text, clip_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ernie_magic.api.results import Answer

_START, _END = "<START>", "<END>"
# A Chinese character, a word, a run of blanks, or one other character.
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+|[^\S\n]+|\n|.", re.DOTALL)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_MAX_PIECES = 1_200  # of a text that is compared: the time is quadratic in them, and worse
_SHOWN = 40  # characters of a text in a repr
_TASK = Text(
    "你是提示词工程师。请改写下面的提示词，让模型更容易答好。{goal}\n"
    "要求：\n"
    "1. 写明任务、背景、步骤和输出格式，去掉重复和含糊的话。\n"
    "2. {variables}\n"
    "3. 保持原来的语言；不要回答它，只改写它。\n"
    "4. 新的提示词放在 {start} 和 {end} 之间，此外什么都不写。\n\n"
    "提示词：\n{text}",
    "You are a prompt engineer. Rewrite the prompt below so that a model answers it well. {goal}\n"
    "Requirements:\n"
    "1. State the task, the background, the steps and the form of the output; drop what is vague "
    "or said twice.\n"
    "2. {variables}\n"
    "3. Keep its language; do not answer it, only rewrite it.\n"
    "4. Put the new prompt between {start} and {end}, and write nothing else.\n\n"
    "Prompt:\n{text}",
)
_KEEP = Text(
    "一字不差地保留这些变量：{variables}", "Keep these variables to the letter: {variables}"
)
_NO_VARIABLES = Text("不要加入变量", "Add no variables")
_GOAL = Text("目标：{goal}", "The aim: {goal}")


class Change(NamedTuple):
    """A piece of two texts that are compared.

    Attributes
    ----------
    kind : {"same", "removed", "added"}
    text : str
    """

    kind: Literal["same", "removed", "added"]
    text: str


@dataclass(frozen=True, repr=False)
class Optimized:
    """A prompt that a model has rewritten; both are kept. `str(optimized)` is the new text.

    Attributes
    ----------
    before, after : PromptTemplate
        Neither is stored: `ernie.templates.save("name", optimized.after)` does that.
    lost : tuple of str
        Variables that the new text lacks.
    answer : Answer
        What the model wrote, with its usage.
    """

    before: PromptTemplate
    after: PromptTemplate
    lost: tuple[str, ...]
    answer: Answer

    @property
    def changes(self) -> list[Change]:
        """What was removed and added, in the order of the texts."""
        return compare_texts(self.before.text, self.after.text)

    def __str__(self) -> str:
        return self.after.text

    @printable
    def __repr__(self) -> str:
        facts = [repr(clip_text(self.after.text, _SHOWN)), f"model={self.answer.model!r}"]
        if self.lost:
            facts.append(f"lost={list(self.lost)!r}")
        return f"Optimized({', '.join(facts)}{simulated_note(self.answer.service)})"


def build_task(template: PromptTemplate, goal: str, language: Language) -> str:
    """Return the prompt that asks to rewrite another one.

    Parameters
    ----------
    goal
        What the new one shall do better; "" for nothing in particular.

    Raises
    ------
    InvalidOption
        There is nothing to rewrite.
    """
    if not template.text.strip():
        raise InvalidOption(Text("提示词为空", "the prompt is empty"))
    keep = _NO_VARIABLES.say(language)
    if template.variables:
        left, right = split_identifier(template.identifier)
        marked = " ".join(f"{left}{name}{right}" for name in template.variables)
        keep = _KEEP.say(language).format(variables=marked)
    aim = ""
    if goal.strip():
        aim = _GOAL.say(language).format(goal=goal.strip())
    # Not as values of `say`, which are for the screen: this is sent as it is.
    return _TASK.say(language).format(
        goal=aim,
        variables=keep,
        start=_START,
        end=_END,
        text=template.text,
    )


def read_answer(template: PromptTemplate, answer: Answer) -> Optimized:
    """Return what a model has made of a prompt.

    Raises
    ------
    ProtocolError
        Its answer holds no prompt, or only the beginning of one.
    """
    text = _find_prompt(answer.text)
    if not text or answer.partial:
        raise ProtocolError(
            Text("回答里没有完整的新提示词", "the answer holds no whole new prompt"),
            cause=Text(
                "模型没有照要求写，或输出太短",
                "the model did not do as it was asked, or its output was cut off",
            ),
            advice=Text(
                "再试一次、换一个模型，或放宽输出长度的上限",
                "try again, with another model or a longer output",
            ),
        )
    variables = _variables_of(text, template)
    lost = tuple(name for name in template.variables if name not in variables)
    after = make_template(
        text,
        name=template.name,
        identifier=template.identifier,
        variables=variables,
        labels=template.labels,
    )
    return Optimized(template, after, lost, answer)


def compare_texts(before: str, after: str) -> list[Change]:
    """Return the pieces that two texts share and do not share, in their order: words and single
    Chinese characters, lines where a text is long, the whole where it is very long.
    """
    from difflib import SequenceMatcher

    old, new = _split_alike(before, after)
    changes: list[Change] = []
    # With its heuristic for frequent pieces: a text that repeats one would take minutes.
    for kind, old_start, old_end, new_start, new_end in SequenceMatcher(
        None, old, new
    ).get_opcodes():
        removed = "".join(old[old_start:old_end])
        if kind == "equal":
            changes.append(Change("same", removed))
            continue
        added = "".join(new[new_start:new_end])
        changes += [Change("removed", removed)] * bool(removed)
        changes += [Change("added", added)] * bool(added)
    return changes


def _split_alike(before: str, after: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return both texts in pieces of the smallest kind of which neither has too many."""
    for piece in (_WORD, _LINE):
        old, new = piece.findall(before), piece.findall(after)
        if max(len(old), len(new)) <= _MAX_PIECES:
            return old, new
    return [before], [after]


def _find_prompt(answer: str) -> str:
    """Return the new prompt in an answer; the whole answer where the marks are missing, "" where
    only the first of them is there.
    """
    said = drop_thoughts(answer)
    start = said.find(_START)
    end = said.rfind(_END)
    if start < 0:
        return said.strip()
    if end < start:
        return ""
    return said[start + len(_START) : end].strip()


def _variables_of(text: str, template: PromptTemplate) -> tuple[str, ...]:
    """Return the variables of a new text: found by the rules where it keeps them, else those of
    the old one that it still has.
    """
    try:
        found = find_variables(text, template.identifier)
    except InvalidOption:
        found = ()
    if found and set(found) <= set(template.variables):
        return found
    return tuple(_iterate_kept(text, template))


def _iterate_kept(text: str, template: PromptTemplate) -> Iterator[str]:
    left, right = split_identifier(template.identifier)
    for name in template.variables:
        if f"{left}{name}{right}" in text:
            yield name
