"""Answers to prompts that quote passages: sentences of theirs, with the passages' numbers, and no
claim to have understood them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ernie_magic.emulator.relevance import rate_sentence, split_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.api.passages import Passage

_HAN = re.compile(r"[\u4e00-\u9fff]")
_MAX_SENTENCES = 3
_MIN_RATING = 0.35
_SHARE_OF_BEST = 0.75  # sentences much worse than the best one answer something else
_ENDS = "。！？!?."


def answer_from_passages(question: str, passages: Sequence[Passage], seed: int) -> str:
    """The sentences that fit a question best, each with the number of its passage."""
    rated = [
        (rate_sentence(question, sentence, seed), number, sentence)
        for number, passage in enumerate(passages, start=1)
        for sentence in split_sentences(passage.text)
    ]
    rated.sort(key=lambda each: -each[0])
    least = max(_MIN_RATING, _SHARE_OF_BEST * rated[0][0]) if rated else 0.0
    chosen = [(number, text) for rating, number, text in rated if rating >= least]
    chinese = bool(_HAN.search(question))
    if not chosen:
        return _say_nothing_found(chinese=chinese)
    lines = [_cite(text, number) for number, text in chosen[:_MAX_SENTENCES]]
    if chinese:
        found = "".join(lines)
        return f"{found}\n\n> 以上是内置模拟器从资料里摘出的原句，没有真实模型参与。"
    found = " ".join(lines)
    return (
        f"{found}\n\n> These sentences were picked from the passages by the built-in emulator: "
        "simulated, no model has read them."
    )


def _cite(sentence: str, number: int) -> str:
    """A sentence with its citation before the full stop."""
    end = sentence[-1:] if sentence[-1:] in _ENDS else ""
    return f"{sentence.removesuffix(end)} [{number}]{end}"


def _say_nothing_found(*, chinese: bool) -> str:
    if chinese:
        return "资料里没有这个问题的答案。\n\n> 内置模拟器只会从资料里摘句子，没有真实模型参与。"
    return (
        "The passages do not hold the answer.\n\n> The built-in emulator only picks sentences: "
        "simulated, no model has read them."
    )
