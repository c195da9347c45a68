"""Characters that a terminal obeys instead of showing them, made visible.

An answer may hold escape sequences (ECMA-48: colours, the clipboard by OSC 52, a window's title)
and characters that reverse what
stands beside them (Unicode TR 36, "bidirectional text spoofing"). Each is mapped by itself, so a
sequence that comes in two pieces
is seen as one that comes whole. `answer.text` is never touched: this is for what is printed.
"""

from __future__ import annotations

import io
import re

_PICTURES = 0x2400  # Unicode's "control pictures" stand in the order of the controls: ␀ ␁ … ␛ … ␟
_DELETE = 0x7F
# Left alone: tab and line feed, CR LF, what joins emoji (U+200D, variation selectors), and the
# flags of England, Scotland and
# Wales, which are spelled with tag characters (Unicode TR 51, "emoji tag sequences").
_CONTROL = re.compile(
    "(?P<kept>\r\n|\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f)"
    "|[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction
    "\u2028\u2029\ufff9-\ufffb"  # line ends that terminals do not have, annotations
    "\ud800-\udfff"  # half characters, which no output takes
    "\U000e0000-\U000e007f]"
)  # tags: a text that nobody sees


def make_controls_visible(text: str) -> str:
    r"""`text` with its control characters as something to see: `␛` for ESC, `<U+202E>` for one that
    has no picture.

    >>> make_controls_visible("\x1b[2J\u202egnp.exe\r\n")
    '␛[2J<U+202E>gnp.exe\r\n'
    """
    return _CONTROL.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    if found["kept"]:
        return found["kept"]
    code = ord(found[0])
    if code == _DELETE:
        return "␡"
    return chr(_PICTURES + code) if code < _DELETE else f"<U+{code:04X}>"


class VisibleStream:
    """The same for a text that comes in pieces: a carriage return waits for what follows, for with
    a line feed it ends a line.
    """

    def __init__(self) -> None:
        self._line_ends = io.IncrementalNewlineDecoder(None, translate=False)

    def feed(self, text: str) -> str:
        """What of the text so far can be shown now."""
        return make_controls_visible(self._line_ends.decode(text))

    def flush(self) -> str:
        """What waited: the text has ended."""
        return make_controls_visible(self._line_ends.decode("", final=True))
