"""How well a text fits a question: by the words that both have, and by their meanings."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from ernie_magic.emulator import vectors

SENTENCE_END = re.compile(r"(?<=[。！？!?])|(?<=\.)\s+|\n")
_MODEL = "embedding-v1"
_WORDS_SHARE = 0.75
_MEANING_SHARE = 0.5
# Words that say nothing of what a question is about.
_EMPTY_CHARACTERS = frozenset(
    "的了是吗呢在有和与我你他她它们这那个几多少什么怎样要能会可以请问一不上下"
)
_EMPTY_WORDS = """
    the an is are of to in on for and or how what when where who which do does did can you it my
    me we be by with at from as this that many much please tell about long there if
"""


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, without the marks of Markdown before them; headings are none."""
    lines = (line for line in text.split("\n") if not line.lstrip().startswith("#"))
    pieces = (piece.strip() for line in lines for piece in SENTENCE_END.split(line))
    return [piece.lstrip("-* ") for piece in pieces if piece]


def rate_text(question: str, text: str, seed: int) -> float:
    """How well a text fits a question, 0 to 1: as well as the best of its sentences."""
    ratings = [rate_sentence(question, sentence, seed) for sentence in split_sentences(text)]
    return round(min(1.0, max(ratings, default=0.0)), 6)


@lru_cache(maxsize=4096)
def rate_sentence(question: str, sentence: str, seed: int) -> float:
    """How well a sentence fits a question: 0 and more."""
    asked = _words_of(question)
    shared = sum(len(word) for word in asked & _words_of(sentence))
    share = shared / (sum(map(len, asked)) or 1)
    vectors_of_both = (
        vectors.embed_text(question, _MODEL, seed),
        vectors.embed_text(sentence, _MODEL, seed),
    )
    meaning = sum(a * b for a, b in zip(*vectors_of_both, strict=True))
    return math.sqrt(share) * _WORDS_SHARE + max(0.0, meaning) * _MEANING_SHARE


def _words_of(text: str) -> set[str]:
    """What a text is compared by: words, and pairs of Chinese characters."""
    words = {word.removesuffix("s") for word in re.findall(r"[a-z0-9]+", text.lower())}
    pairs = {
        run[i : i + 2]
        for run in re.findall(r"[\u4e00-\u9fff]+", text)
        for i in range(len(run) - 1)
        if not _EMPTY_CHARACTERS.issuperset(run[i : i + 2])
    }
    return words.difference(_EMPTY_WORDS.split()) | pairs
