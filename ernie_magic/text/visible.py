"""Make visible the characters that a terminal obeys instead of showing.

An answer may contain escape sequences (ECMA-48: colors, the clipboard by OSC 52, a window's title)
and characters that reverse their neighbours (Unicode TR 36, "bidirectional text spoofing"). Each
character is mapped by itself, so a sequence that arrives in two pieces is handled like one that
arrives whole. `answer.text` is never changed: this is for what is printed.
"""

from __future__ import annotations

import io
import re

_PICTURES = 0x2400  # Unicode's "control pictures" follow the order of the controls: ␀ ␁ … ␛ … ␟
_DELETE = 0x7F
# Left alone: tab and line feed, CR LF, emoji joiners (U+200D, variation selectors), and the flags
# of England, Scotland and Wales, which are spelled with tag characters (Unicode TR 51, "emoji tag
# sequences").
_CONTROL = re.compile(
    "(?P<kept>\r\n|\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f)"
    "|[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction
    "\u2028\u2029\ufff9-\ufffb"  # line ends that terminals do not have, annotations
    "\ud800-\udfff"  # half characters, which no output accepts
    "\U000e0000-\U000e007f]"  # tags: text that nobody sees
)


def make_controls_visible(text: str) -> str:
    r"""Return `text` with its control characters as visible ones: `␛` for ESC, `<U+202E>` for one
    without a picture.

    >>> make_controls_visible("\x1b[2J\u202egnp.exe\r\n")
    '␛[2J<U+202E>gnp.exe\r\n'
    """
    return _CONTROL.sub(_visible_form, text)


def _visible_form(match: re.Match[str]) -> str:
    if match["kept"]:
        return match["kept"]
    code = ord(match[0])
    if code == _DELETE:
        return "␡"
    if code < _DELETE:
        return chr(_PICTURES + code)
    return f"<U+{code:04X}>"


class VisibleStream:
    """Make controls visible in a text that arrives in pieces.

    A carriage return waits for what follows, since together with a line feed it ends a line.
    """

    def __init__(self) -> None:
        self._line_ends = io.IncrementalNewlineDecoder(None, translate=False)

    def feed(self, text: str) -> str:
        """Return what can be shown now of the text so far."""
        return make_controls_visible(self._line_ends.decode(text))

    def flush_remaining(self) -> str:
        """Return what waited: the text has ended."""
        return make_controls_visible(self._line_ends.decode("", final=True))
