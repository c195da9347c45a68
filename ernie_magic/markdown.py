"""Markdown for a notebook: money is no formula, and a growing text is cut into finished segments and one open one."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from ernie_magic import raw_html

_FENCE = re.compile(r"^[ \t]*(?:[-*+>] +|\d{1,9}[.)] +)*(`{3,}(?=[^`]*$)|~{3,})(.*)$")
_INDENTED = 4  # blanks that make code of a line
_ITEM = re.compile(r"^(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)")
_ROW = re.compile(r"^\|.*\|?[ \t]*$")
_RULE = re.compile(r"^\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_TELLING = 12  # characters of a line that tell what it begins: a list's number has at most nine digits
_HTML_ENDS = {"<!--": "-->", "<pre": "</pre>", "<script": "</script>", "<style": "</style>", "<textarea": "</textarea>"}
_SENTENCE_END = re.compile(r"[。！？；]|[.!?](?=\s)")

# --- dollars ---------------------------------------------------------------------------------------------------------

_SPECIAL = re.compile(r"[\\`$<]|\]\(")
_FORMULA_LIKE = re.compile(r"[\\^_={}+*/<>]")
_WORDS = re.compile(r"[\s\u2e80-\uffef]")
_ALNUM = re.compile(r"[0-9A-Za-z]")


def for_notebook(text: str) -> str:
    r"""Markdown as JupyterLab and GitHub should get it.

    Both take `$…$` as a formula wherever it stands, so a price must be escaped; formulas stay. The rule is pandoc's
    (tex_math_dollars: no space inside the dollars, no digit after), and a number with words behind it is money.
    `\(…\)` and `\[…\]`, which models write and notebooks do not read, become `$…$` and `$$…$$`. HTML that does more than format is
    shown as text (`ernie_magic.raw_html`). Code is never touched, where it is sure to be code.
    Applying it twice changes nothing more.
    """
    out: list[str] = []
    paragraph: list[str] = []
    fence = ""
    indent = 0  # of the fence
    in_list = False

    def flush() -> None:
        nonlocal in_list
        if not paragraph:
            return
        block = "".join(paragraph)
        indented = all(line.startswith(("    ", "\t")) for line in paragraph)
        # Indented text is code, unless it goes on with a list's item.
        out.append(block if indented and not in_list else _dollars(raw_html.definitions(block)))
        if not indented:
            in_list = bool(re.match(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]", paragraph[0]))
        paragraph.clear()

    for line in re.split(r"(?<=\n)", text):
        bare = line.rstrip("\r\n")
        if fence:
            # A fence within a list ends with its item, which less indented text does; deeper, it may be none at all.
            sure = not indent or (indent < _INDENTED and (len(line) - len(line.lstrip(" \t")) >= indent or not bare.strip()))
            out.append(line if sure else raw_html.escaped(line))
            fence = "" if _closes(bare, fence) else fence
        elif found := _FENCE.match(bare):
            flush()
            out.append(line)
            fence, indent = found.group(1), found.start(1)
        elif bare.strip():
            paragraph.append(line)
        else:
            flush()
            out.append(line)
    flush()
    return "".join(out)


def _closes(line: str, fence: str) -> bool:
    stripped = line.strip(" \t>")
    return len(stripped) >= len(fence) and not stripped.strip(fence[0])


def _dollars(text: str) -> str:
    """One paragraph with its formulas kept and its other dollars escaped. Linear: each search looks its end up in a list."""
    marks = _Marks(text)
    out: list[str] = []
    at = 0
    while found := _SPECIAL.search(text, at):
        i = found.start()
        out.append(text[at:i])
        if text[i] == "`":
            at = marks.code_end(i)
            # Over lines and over the bars of a table the page may see no code.
            out.append(raw_html.escaped(text[i:at]) if "\n" in text[i:at] or "|" in text[i:at] else text[i:at])
        elif text[i] == "<":
            piece, at = raw_html.tag(text, i)
            out.append(piece)
        elif text[i] == "]":
            out.append(raw_html.link(text, i))
            at = i + 2
        elif text[i] == "$":
            piece, at = _dollar(text, i, marks)
            out.append(raw_html.in_formula(piece))
        else:
            piece, at = _backslash(text, i, marks)
            out.append(raw_html.in_formula(piece) if piece.startswith("$") else piece)
    return "".join([*out, text[at:]])


class _Marks:
    """Where a paragraph's runs of backticks, dollars and closing brackets are."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._code: dict[int, list[int]] = {}
        for run in re.finditer(r"`+", text):
            self._code.setdefault(len(run.group()), []).append(run.start())
        self.single = [m.start() for m in re.finditer(r"(?<!\\)\$", text)]
        self.double = [m.start() for m in re.finditer(r"(?<!\\)\$\$", text)]
        self.round = [m.start() for m in re.finditer(r"\\\)", text)]
        self.square = [m.start() for m in re.finditer(r"\\\]", text)]

    def code_end(self, start: int) -> int:
        """The end of the code span that begins here; of the backticks alone when nothing closes them."""
        end = start
        while end < len(self._text) and self._text[end] == "`":
            end += 1
        close = after(self._code.get(end - start, []), end)
        return end if close < 0 else close + end - start


def after(places: list[int], start: int) -> int:
    """The first of these places at or behind `start`; -1 when there is none."""
    i = bisect_left(places, start)
    return places[i] if i < len(places) else -1


def _dollar(text: str, i: int, marks: _Marks) -> tuple[str, int]:
    if text.startswith("$$", i):
        close = after(marks.double, i + 2)
        if close > i + 2:
            return text[i : close + 2], close + 2
        return "\\$\\$", i + 2
    close = after(marks.single, i + 1)
    if close > 0 and _is_formula(text[i - 1 : i], text[i + 1 : close], text[close + 1 : close + 2]):
        return text[i : close + 1], close + 1
    return "\\$", i + 1


def _backslash(text: str, i: int, marks: _Marks) -> tuple[str, int]:
    opening = text[i : i + 2]
    if opening in ("\\(", "\\["):
        close = after(marks.round if opening == "\\(" else marks.square, i + 2)
        inner = text[i + 2 : close].strip() if close > 0 else ""
        if inner and "$" not in inner and "`" not in inner and not inner.endswith("\\"):
            if opening == "\\[":
                return f"$${inner}$$", close + 2
            if _is_formula(text[i - 1 : i], inner, text[close + 2 : close + 3]):
                return f"${inner}$", close + 2
    return opening, i + len(opening)


def _is_formula(before: str, inner: str, behind: str) -> bool:
    if not inner or inner[0].isspace() or inner[-1].isspace() or inner[-1] == "\\":
        return False
    if _ALNUM.match(before) or _ALNUM.match(behind) or behind == "_" or before == "$" or behind == "$":
        return False  # US$100, $HOME/$PATH
    money = inner[0].isdigit() and _WORDS.search(inner) and not _FORMULA_LIKE.search(inner)
    return not money


# --- segments --------------------------------------------------------------------------------------------------------


@dataclass
class _State:
    """What the scanner is inside of."""

    fence: str = ""  # the opening line of a fenced block
    marker: str = ""  # its backticks or tildes
    math: str = ""  # what closes the formula
    html: str = ""  # what closes the HTML block
    in_list: bool = False
    header: str = ""  # a table's first two lines
    above: str = ""  # the line above, a table's header perhaps


def closed(text: str) -> str:
    """Markdown whose last block may have been cut off, with its fence or formula ended: what follows stands outside of it."""
    segmenter = Segmenter(minimum=len(text) + 1)
    segmenter.feed(text)
    return segmenter.open


class Segmenter:
    """Cuts a growing Markdown text into finished segments, to be sent once, and an open one, to be sent again.

    A segment ends at a block border (a blank line outside code, formulas, lists and HTML, with a new block behind it)
    once it has `minimum` characters, and more as the text grows; a block that never ends is cut inside, and carried on
    so that it reads on (a fence is closed and opened again, a table gets its header again). Where it cuts depends on the
    text alone, not on how the text came in pieces. The number of segments grows with the logarithm of the length:
    JupyterLab hides a cell's outputs after the fiftieth (reference kernel-and-display 3).

    Parameters
    ----------
    minimum
        Characters of the smallest segment.
    share
        Later segments have at least 1/share of the text behind the first ten segments.
    """

    def __init__(self, minimum: int = 300, share: int = 6) -> None:
        self._minimum, self._share = minimum, share
        self._committed = 0  # characters in finished segments
        self._buffer = ""  # the text behind them
        self._scanned = 0  # how much of the buffer the state knows
        self._border = 0  # the last place in the buffer where a block may have ended, 0 for none
        self._prefix = ""  # what carries a block on in the open segment
        self._state = _State()
        self._pieces: list[str] = []

    @property
    def text(self) -> str:
        """Everything so far, exactly."""
        return "".join(self._pieces)

    @property
    def open(self) -> str:
        """The open segment as it should be shown now: what is unclosed is closed."""
        state, shown = self._at_end()
        body = self._prefix + shown
        if state.marker:
            return f"{body}{'' if body.endswith(chr(10)) else chr(10)}{state.marker}"
        if state.math:
            # Half a formula is an error in red; until it ends it is shown as its source.
            at = body.rfind("$$" if state.math == "$$" else "\\[")
            return f"{body[:at]}```latex\n{body[at + 2 :].strip()}\n```"
        return body

    def feed(self, delta: str) -> list[str]:
        """Add to the text; the segments that this finishes."""
        self._pieces.append(delta)
        self._buffer += delta
        finished: list[str] = []
        while (segment := self._step()) is not None:
            if segment:
                finished.append(segment)
        return finished

    def _at_end(self) -> tuple[_State, str]:
        """The state behind the last, perhaps unfinished line."""
        rest = self._buffer[self._scanned :]
        state = _State(**vars(self._state))
        if rest and not (state.marker and rest.lstrip(" \t").startswith(state.marker[0])):
            _enter(state, rest)
        return state, self._buffer

    def _threshold(self, at: int) -> int:
        return max(self._minimum, (self._committed + at - 10 * self._minimum) // self._share)

    def _step(self) -> str | None:
        """One line further: a finished segment, "" when there is none yet, None when more text is needed."""
        if (segment := self._at_border()) is not None:
            return segment
        limit = 3 * self._threshold(0)
        end = self._buffer.find("\n", self._scanned) + 1
        if not end or end > limit:
            return self._cut_inside(limit) if len(self._buffer) > limit else None
        line = self._buffer[self._scanned : end].rstrip("\r\n")
        state = self._state
        if not line.strip() and not (state.marker or state.math or state.html):
            self._border = end
        _enter(state, line)
        self._scanned = end
        return ""

    def _at_border(self) -> str | None:
        """The segment that ends here, when a new block begins behind a blank line; its first characters tell."""
        start = self._scanned
        begun = self._buffer[start : start + _TELLING]
        if not start or self._border != start or ("\n" not in begun and len(begun) < _TELLING):
            return None
        line = begun.split("\n", 1)[0]
        if not line.strip() or not self._starts_block(line):
            return None
        self._state.in_list = False
        self._border = 0
        return self._commit(start, self._buffer[:start].rstrip() + "\n") if start >= self._threshold(start) else None

    def _starts_block(self, line: str) -> bool:
        """Whether this line, behind a blank one, cannot go on with what stood above."""
        if line[:1] in (" ", "\t"):
            return False
        return not (self._state.in_list and _ITEM.match(line))

    def _cut_inside(self, limit: int) -> str:
        """Cut a block that is too long, as late as it reads well, and not before the limit's middle."""
        state, at = self._state, self._scanned
        if at < limit // 2:
            window = self._buffer[:limit]
            ends = [m.end() for m in _SENTENCE_END.finditer(window, limit // 2)]
            at = ends[-1] if ends and not state.marker else max(window.rfind(" ", limit // 2), window.rfind("\n", limit // 2)) + 1
            at = at or limit
            fresh_line = False
        else:
            fresh_line = True
        body = self._buffer[:at]
        if state.marker:
            carried = _State(fence=state.fence, marker=state.marker)
            closed = body if body.endswith("\n") else body + "\n"
            return self._commit(at, closed + state.marker + "\n", state.fence + "\n", carried)
        if state.header and fresh_line:
            return self._commit(at, body, state.header, _State(header=state.header))
        carried = _State(in_list=state.in_list, math=state.math, html=state.html) if fresh_line else _State()
        return self._commit(at, body, "", carried)

    def _commit(self, at: int, body: str, prefix: str = "", state: _State | None = None) -> str:
        segment = self._prefix + body
        self._committed += at
        self._buffer = self._buffer[at:]
        self._scanned = self._border = 0
        self._prefix, self._state = prefix, state or _State()
        return segment


def _enter(state: _State, line: str) -> None:
    """What the scanner is inside of behind this line."""
    if state.marker:
        if _closes(line, state.marker):
            state.fence = state.marker = ""
        return
    if state.math or state.html:
        if (state.math or state.html) in line.lower():
            state.math = state.html = ""
        return
    if found := _FENCE.match(line):
        state.fence, state.marker = line, found.group(1)
        return
    lower = line.lstrip().lower()
    state.html = next((end for start, end in _HTML_ENDS.items() if lower.startswith(start) and end not in lower), "")
    if line.count("$$") % 2:
        state.math = "$$"
    elif line.rfind("\\[") > line.rfind("\\]"):
        state.math = "\\]"
    if _ITEM.match(line):
        state.in_list = True
    _enter_table(state, line)


def _enter_table(state: _State, line: str) -> None:
    if state.above and _RULE.match(line) and "|" in line and "|" in state.above:
        state.header = f"{state.above}\n{line}\n"
    elif not _ROW.match(line) and "|" not in line:
        state.header = ""
    state.above = line if "|" in line else ""
