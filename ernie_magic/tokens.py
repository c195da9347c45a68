"""How many tokens a text has, estimated: real figures come from the service."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ernie_magic.language import Text

_HAN = re.compile(r"[\u4e00-\u9fff]")
_WORD = re.compile(r"\w+")
RULE = Text("估算：汉字数 + 单词数 × 1.3", "estimate: Chinese characters + words x 1.3")


@dataclass(frozen=True)
class TokenCount:
    """How many tokens a text has.

    Attributes
    ----------
    tokens : int
    estimated : bool
        By the documents' rule (seed 000, "Usage说明"), which overestimates newer models; False when the service counted.
    model : str
        Whose tokens they are, "" for the estimate.
    """

    tokens: int
    estimated: bool = True
    model: str = ""

    def __int__(self) -> int:
        return self.tokens

    def __repr__(self) -> str:
        return f"TokenCount({self.tokens}, {RULE.en})" if self.estimated else f"TokenCount({self.tokens}, model={self.model!r})"


def estimate(text: str) -> int:
    """Tokens of a text by the documents' rule: Chinese characters + words x 1.3 (seed 000, "Usage说明")."""
    return len(_HAN.findall(text)) + int(len(_WORD.findall(_HAN.sub(" ", text))) * 1.3)
