"""Vectors that are close for texts of one meaning, in either language, and for texts that share
characters and words.

Half of a vector's making is a lexicon of topics, the other half hashed n-grams; numpy is not
required.
"""

from __future__ import annotations

import math
import re
import zlib
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from ernie_magic.emulator import lexicon

if TYPE_CHECKING:
    from collections.abc import Iterable

DIMENSIONS = {"bge-large-zh": 1024}
_DEFAULT = 384  # embedding-v1
# The share of the meaning in a similarity; the rest is that of the letters.
_MEANING = 0.75
_TOPIC_WEIGHT = 1.2
_WORD_WEIGHT = 1.25
_PLAIN_WEIGHT = 0.5
# A meaning sets several numbers, so that two meanings hardly ever share all of theirs.
_SPREAD = 4


def length_of(model: str) -> int:
    """How many numbers a model's vectors have."""
    return DIMENSIONS.get(model, _DEFAULT)


def embed_text(text: str, model: str, seed: int) -> list[float]:
    """A unit vector for a text: the same in every process.

    Returns
    -------
    list of float
        384 numbers, 1024 for bge-large-zh.
    """
    size = length_of(model)
    vector = _embed_letters(text, size, seed)
    meant = _embed_meanings(lexicon.find_meanings(text), size, seed)
    # The letters keep their length; the meaning is added at the length that gives it its share.
    if meant:
        ratio = math.sqrt(_MEANING / (1 - _MEANING))
        scale = math.hypot(*vector) * ratio / (math.hypot(*meant.values()) or 1.0)
        for index, x in meant.items():
            vector[index] += x * scale
    length = math.hypot(*vector) or 1.0
    return [x / length for x in vector]


def _embed_letters(text: str, size: int, seed: int) -> list[float]:
    vector = [0.0] * size
    words = re.findall(r"[a-z0-9]+", text.lower())
    han = re.findall(r"[\u4e00-\u9fff]", text)
    for gram in (*words, *han, *(a + b for a, b in pairwise(han)), text):
        index, sign = _hash_feature(f"{seed}:{gram}", size)
        vector[index] += sign
    return vector


def _embed_meanings(meanings: Iterable[tuple[str, str]], size: int, seed: int) -> dict[int, float]:
    """The numbers that are not 0, by their index: only a few are set."""
    weights: dict[str, float] = {}
    for meaning, topic in meanings:
        weights[meaning] = _WORD_WEIGHT
        if topic:
            weights[f"{topic}."] = _TOPIC_WEIGHT
        else:
            weights[meaning] = _PLAIN_WEIGHT
    vector: dict[int, float] = {}
    for feature, weight in weights.items():
        for index, sign in _spread_feature(feature, size, seed):
            vector[index] = vector.get(index, 0.0) + sign * weight
    return vector


@lru_cache(maxsize=4096)
def _spread_feature(feature: str, size: int, seed: int) -> list[tuple[int, float]]:
    return [_hash_feature(f"{seed}.{i}.{feature}", size) for i in range(_SPREAD)]


def _hash_feature(feature: str, size: int) -> tuple[int, float]:
    # crc32, not hash(): hash() differs between processes.
    hashed = zlib.crc32(feature.encode())
    if hashed & (1 << 30):
        return hashed % size, 1.0
    return hashed % size, -1.0
