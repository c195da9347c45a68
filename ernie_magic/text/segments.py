"""Cut a growing Markdown text at its blocks: finished blocks are drawn once, only the open one
repeatedly.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from ernie_magic.text.grammar import SENTENCE_END, parse_blocks
from ernie_magic.text.line_ends import LineEndNormalizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markdown_it.token import Token

# Characters of a line that show what it begins: a list's number has at most nine digits.
_TELLING = 16
# Lines that are parsed together, except those of a fence: each line of a quote may look at all that
# follow.
_MAX_LINES = 250
# Characters of a fence's first line, or of a table's header, that are worth repeating.
_MAX_REPEATED = 500


class Segmenter:
    """Cut a growing text into finished blocks and an open one.

    A block is finished once another one has begun after it. A block that grows longer than `limit`
    is cut inside, and continued so that it reads on: a fence is closed and reopened, a table gets
    its header again.

    Parameters
    ----------
    limit
        Most characters of a block.
    fence_limit
        Most characters of a fenced block; `limit` when this is smaller.
    """

    def __init__(self, limit: int = 3_000, fence_limit: int = 0) -> None:
        self._limit = limit
        self._fence_limit = max(limit, fence_limit)
        self._open = ""
        self._line_ends = LineEndNormalizer()

    @property
    def open_text(self) -> str:
        """The open block, including what was repeated to continue it."""
        return self._open

    def feed(self, delta: str) -> list[str]:
        """Add to the text; return the blocks that this finishes."""
        self._open += self._line_ends.feed(delta)
        finished: list[str] = []
        while self._finish_blocks(finished):
            pass
        return finished

    def _finish_blocks(self, finished: list[str]) -> bool:
        """Move the finished blocks; return whether there may be more."""
        limit = _limit_for_lines(self._open, self._limit)
        window = self._open[: 2 * limit]
        tokens = parse_blocks(window)
        if len(self._open) > limit and _is_code_at(limit, tokens, window):
            limit = self._fence_limit
            window = self._open[: 2 * limit]
            tokens = parse_blocks(window)
        offsets = _line_offsets(window)
        borders = [offsets[t.map[0]] for t in tokens if t.level == 0 and t.map and t.nesting >= 0]
        cut = 0
        for border in borders[1:]:
            if border - cut > limit or not self._is_telling(border):
                break
            finished.append(self._open[cut:border])
            cut = border
            limit = self._limit
        if not cut and len(self._open) > limit:
            finished.append(self._cut_inside(tokens, offsets, limit))
            return True
        self._open = self._open[cut:]
        return cut > 0 and len(self._open) > _limit_for_lines(self._open, self._limit)

    def _is_telling(self, border: int) -> bool:
        """Whether enough of the line that begins here has arrived to show what it begins."""
        begun = self._open[border : border + 4 * _TELLING]
        return "\n" in begun or len(begun.strip()) >= _TELLING

    def _cut_inside(self, tokens: list[Token], offsets: list[int], limit: int) -> str:
        """Return the first part of a block that is too long, cut as late as it reads well."""
        window = self._open[:limit]
        kind = ""
        if tokens:
            kind = tokens[0].type
        cut = window.rfind("\n", limit // 2) + 1
        ending = repeated = ""
        if kind == "fence":
            repeated = window[: window.find("\n") + 1]
            ending = tokens[0].markup + "\n"
        elif kind == "table_open" and len(offsets) > 2:  # noqa: PLR2004  (a header has two lines)
            repeated = window[: offsets[2]]
        elif kind.endswith("list_open"):
            items = [
                offsets[t.map[0]]
                for t in tokens
                if t.type == "list_item_open" and t.level == 1 and t.map
            ]
            cut = max((item for item in items if item < limit), default=0) or cut
        if not cut and kind != "fence":
            cut = max(
                (match.end() for match in SENTENCE_END.finditer(window, limit // 2)), default=0
            )
        cut = cut or limit
        if not 0 < len(repeated) <= min(_MAX_REPEATED, cut // 2):
            repeated = ending = ""
        piece = self._open[:cut]
        if ending and not piece.endswith("\n"):
            piece += "\n"
        self._open = repeated + self._open[cut:]
        return piece + ending


def _is_code_at(offset: int, tokens: list[Token], window: str) -> bool:
    """Whether the first block is a fence, or a list or quote with a fence at this position."""
    if tokens and tokens[0].type == "fence":
        return True
    offsets = _line_offsets(window)
    for token in tokens:
        if (
            token.type == "fence"
            and token.map
            and offsets[token.map[0]] <= offset < offsets[token.map[1]]
        ):
            return True
        if token.level == 0 and token.nesting <= 0:
            break
    return False


def _limit_for_lines(text: str, limit: int) -> int:
    """Return the limit, or less where that many characters are too many lines."""
    end = -1
    for _ in range(_MAX_LINES):
        end = text.find("\n", end + 1, limit)
        if end < 0:
            return limit
    return end + 1


def _line_offsets(text: str) -> list[int]:
    """Return where each line begins, and where the last one ends."""
    return list(itertools.accumulate((len(line) for line in re.split(r"(?<=\n)", text)), initial=0))


def split_blocks(text: str, limit: int) -> Iterator[str]:
    """Split the text into pieces of whole blocks, each of about `limit` characters at most; a short
    text is one piece.

    Parameters
    ----------
    text
        Markdown of any length.
    limit
        Characters of a piece; a fenced block may be eight times as long.
    """
    if len(text) <= _limit_for_lines(text, limit):
        yield text
        return
    fence_limit = 8 * limit
    segmenter = Segmenter(limit, fence_limit)
    together: list[str] = []
    size = lines = 0
    # Each step may parse all that is open: few large ones, since a list of fences stays open long.
    step = fence_limit
    steps = (text[start : start + step] for start in range(0, len(text), step))
    for block in _iter_blocks(segmenter, steps):
        height = block.count("\n")
        if together and (size + len(block) > limit or lines + height > _MAX_LINES):
            yield "".join(together)
            together = []
            size = 0
            lines = 0
        together.append(block)
        size += len(block)
        lines += height
    yield "".join(together)


def _iter_blocks(segmenter: Segmenter, steps: Iterable[str]) -> Iterator[str]:
    for step in steps:
        yield from segmenter.feed(step)
    yield segmenter.open_text
