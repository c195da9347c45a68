"""How many tokens a text has, estimated: real figures come from the service."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ernie_magic.text.language import Text

_SINGLE = re.compile(
    r"[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U0001f000-\U0003ffff]"
)
_WORD = re.compile(r"\w+")
RULE = Text("估算：汉字数 + 单词数 × 1.3", "estimate: Chinese characters + words x 1.3")


@dataclass(frozen=True)
class TokenCount:
    """How many tokens a text has.

    Attributes
    ----------
    tokens : int
    estimated : bool
        By the documents' rule (seed 000, "Usage说明"), which overestimates newer models; False when
        the service counted.
    model : str
        Whose tokens they are, "" for the estimate.
    """

    tokens: int
    estimated: bool = True
    model: str = ""

    def __int__(self) -> int:
        return self.tokens

    def __repr__(self) -> str:
        return (
            f"TokenCount({self.tokens}, {RULE.en})"
            if self.estimated
            else f"TokenCount({self.tokens}, model={self.model!r})"
        )


def estimate(text: str) -> int:
    """Tokens of a text by the documents' rule: Chinese characters + words x 1.3 (seed 000,
    "Usage说明").

    The rule says nothing of other scripts and of what is no word: kana, hangul and the like are
    counted as Chinese is,
    and a long run of letters as a word for each 8 of them.
    """
    words = sum(1 + len(word) // 9 for word in _WORD.findall(_SINGLE.sub(" ", text)))
    return len(_SINGLE.findall(text)) + int(words * 1.3)
