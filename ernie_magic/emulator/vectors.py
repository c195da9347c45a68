"""Vectors that are close for texts that share characters and words: hashed n-grams, normalised.

numpy is not required.
"""

from __future__ import annotations

import math
import re
import zlib
from itertools import pairwise

DIMENSIONS = {"bge-large-zh": 1024}
_DEFAULT = 384  # embedding-v1


def embed_text(text: str, model: str, seed: int) -> list[float]:
    """A unit vector for a text: the same in every process.

    Returns
    -------
    list of float
        384 numbers, 1024 for bge-large-zh.
    """
    size = DIMENSIONS.get(model, _DEFAULT)
    vector = [0.0] * size
    words = re.findall(r"[a-z0-9]+", text.lower())
    han = re.findall(r"[\u4e00-\u9fff]", text)
    grams = [*words, *han, *(a + b for a, b in pairwise(han)), text]
    for gram in grams:
        # crc32, not hash(): hash() differs between processes.
        hashed = zlib.crc32(f"{seed}:{gram}".encode())
        vector[hashed % size] += 1.0 if hashed & (1 << 30) else -1.0
    length = math.sqrt(sum(x * x for x in vector)) or 1.0
    return [x / length for x in vector]
