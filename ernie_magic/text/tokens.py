"""Estimates of the number of tokens of a text; real counts come from the service."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Text

_SINGLE = re.compile(
    r"[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U0001f000-\U0003ffff]"
)
_WORD = re.compile(r"\w+")
RULE = Text("估算：汉字数 + 单词数 × 1.3", "estimate: Chinese characters + words x 1.3")


@dataclass(frozen=True)
class TokenCount:
    """The number of tokens of a text.

    Attributes
    ----------
    tokens : int
    estimated : bool
        Estimated by the rule in "Usage说明" of AI Studio's API page
        (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns), which overestimates newer models. False
        when the service counted.
    model : str
        The model whose tokens they are, "" for the estimate.
    simulated : bool
        The emulator counted.
    """

    tokens: int
    estimated: bool = True
    model: str = ""
    simulated: bool = False

    def __int__(self) -> int:
        return self.tokens

    @printable
    def __repr__(self) -> str:
        if self.estimated:
            return f"TokenCount({self.tokens}, {RULE.en})"
        note = ", simulated=True" if self.simulated else ""
        return f"TokenCount({self.tokens}, model={self.model!r}{note})"


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text: Chinese characters + words x 1.3.

    The rule is from "Usage说明" of AI Studio's API page
    (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns).

    It does not cover other scripts or very long words. Kana, hangul and the like are counted as
    Chinese is, and a long run of letters as one word per 8 letters.
    """
    words = sum(1 + len(word) // 9 for word in _WORD.findall(_SINGLE.sub(" ", text)))
    return len(_SINGLE.findall(text)) + int(words * 1.3)
