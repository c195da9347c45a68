"""The Markdown grammar: CommonMark with tables, formulas, task lists, bare addresses and a few
plain tags.

Built on markdown-it-py and its plugins, with our own rules for what models write and no plugin
reads.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from types import MethodType
from typing import TYPE_CHECKING, Any

from ernie_magic.text.sanitize import WEB_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from linkify_it import LinkifyIt
    from linkify_it.main import Match
    from markdown_it import MarkdownIt
    from markdown_it.ruler import RuleOptionsType
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

    _BlockRule = Callable[[StateBlock, int, int, bool], bool]
    _InlineRule = Callable[[StateInline, bool], bool]

# Characters of a paragraph that are parsed together. The work grows with the square of some texts,
# for example `[[[[…`; in pieces of bounded length it grows linearly.
_MAX_INLINE = 2_000
# Chinese, Japanese and Korean letters and punctuation: they stand without blanks between words.
_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
_MAX_NESTING = 30
_FORMATTING = re.compile(
    r"<(sub|sup|kbd|u|b|i|em|strong|mark|small|s|del|ins)>([^<>\n]{1,200})</\1>|<br\s{0,3}/?>",
    re.IGNORECASE,
)
_FORMULA_LIKE = re.compile(r"[\\^_={}+*/<>]")
_WORDS = re.compile(r"[\s\u2e80-\uffef]")
_CHINESE_PUNCTUATION = re.compile("[，。；：！？、（）【】《》「」『』“”‘’…]")
_NUMERIC_ENTITY = re.compile(r"&#(?:([0-9]{1,4})|[xX]([0-9a-fA-F]{1,4}));")
_ALNUM = re.compile(r"[0-9A-Za-z]")
_BRACKETS = {"\\(": "\\)", "\\[": "\\]"}
_BEGIN = re.compile(r"\\begin\{([a-zA-Z]{1,20}\*?)\}")
SENTENCE_END = re.compile(r"[。！？；]|[.!?](?=\s)|\s")
# What stays together in a line if it is short: code, formulas, links, bold text.
_TOGETHER = re.compile(
    # A run of backticks is read from its beginning only: the time is linear in its length.
    r"(?<!`)(?P<ticks>`+)(?!`)[^`]{1,300}(?P=ticks)(?!`)"
    r"|\$[^$]{1,300}\$|\\\((?:\\[^)]|[^\\]){0,300}\\\)"
    r"|\[[^\[\]]{0,300}\](?:\([^()\n]{0,300}\))?|\*{1,3}[^*]{1,300}\*{1,3}"
)
# Subscripts, superscripts and signs of a formula inside a word: `CO$_2$`, `90$^\circ$C`,
# `2$\times$3`.
_ATTACHED = ("_", "^", "\\")
_ENDING = re.compile(r"(?:th|st|nd|rd|s|NN|D)(?![0-9A-Za-z])")  # `$n$th`, `$k$NN`
_ONE_LINE_FORMULA = re.compile(
    r"(?<![\\$0-9A-Za-z])\$(?![\s$])[^$\n`]{1,200}(?<![\s\\])\$(?![$0-9A-Za-z])|\\\([^\n`]{1,200}?\\\)"
)
_CITATION = re.compile(r"\^((?:\[\d{1,3}\]){1,20})\^")
_PIPE = re.compile(r"(?<!\\)\|")
_PIPE_IN_BRACKETS = re.compile(r"[({\[][^)}\]|]*\|[^)}\]]*[)}\]]")
# No text contains it: the parser replaces it
# (https://spec.commonmark.org/0.31.2/#insecure-characters).
_HIDDEN_PIPE = "\0"
# Characters at which an inline rule of this grammar may begin. markdown-it-py also stops at those
# that other extensions use (`+`, `=`, `%`, `{`…), and tries each rule there in vain.
_INLINE_BEGINNINGS = re.compile(r"[\n!$&*:<\[\\\]^_`~]")


def parse_blocks(text: str) -> list[Token]:
    r"""Parse a text whose line ends are `\n` into blocks (paragraphs, lists, tables, code), without
    their inline content.
    """
    tokens: list[Token] = []
    parser = markdown_parser()
    parser.block.parse(text, parser, {"unfinished": True}, tokens)
    return tokens


@lru_cache(maxsize=1)
def markdown_parser() -> MarkdownIt:
    """Return the parser. It is made with the first text, since the extension loads without it."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.tasklists import tasklists_plugin

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": _MAX_NESTING, "linkify": True})
    parser.enable(["table", "strikethrough", "linkify"])
    assert parser.linkify is not None  # noqa: S101  (linkify-it-py is a dependency)
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    parser.linkify.pretest = _may_hold_address
    parser.linkify.match = MethodType(_match_addresses, parser.linkify)
    parser.linkify.match_at_start = MethodType(_match_address_at_start, parser.linkify)
    parser.validateLink = _is_web_address  # type: ignore[method-assign]
    parser.use(dollarmath_plugin, allow_labels=False, allow_blank_lines=False, double_inline=True)
    parser.use(tasklists_plugin)
    parser.core.ruler.at("inline", _parse_inline)
    inline_dollars = _named_rule(parser.inline.ruler, "math_inline")
    parser.inline.ruler.at("math_inline", _formula_or_money(inline_dollars))
    parser.inline.ruler.before("escape", "math_brackets", _bracketed_formula)
    parser.inline.ruler.at(
        "emphasis", _emphasis_without_blanks(_named_rule(parser.inline.ruler, "emphasis"))
    )
    parser.inline.ruler.before("autolink", "formatting", _formatting_tag)
    parser.inline.ruler.before("escape", "citation", _citation)
    parser.inline.ruler.at(
        "entity", _entity_but_of_letters(_named_rule(parser.inline.ruler, "entity"))
    )
    parser.inline.terminator_re = _INLINE_BEGINNINGS
    table_options: RuleOptionsType = {"alt": ["paragraph", "reference"]}
    table = _named_rule(parser.block.ruler, "table")
    parser.block.ruler.at("table", _table_with_formulas(table), table_options)
    block_options: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.at("math_block", _display_formula, block_options)
    return parser


def _is_web_address(url: str) -> bool:
    return WEB_ADDRESS.match(url) is not None


def _named_rule(ruler: Any, name: str) -> Any:
    """Return the function of a named rule; markdown-it-py has no public way to get it."""
    return next(rule.fn for rule in ruler.__rules__ if rule.name == name)


def _parse_inline(state: StateCore) -> None:
    """Run markdown-it's own `inline` in pieces of bounded length."""
    for token in state.tokens:
        if token.type == "inline":
            token.children = token.children or []
            for part in _cut_words(token.content):
                state.md.inline.parse(part, state.md, state.env, token.children)


def _cut_words(text: str) -> Iterator[str]:
    """Split the text into pieces of at most `_MAX_INLINE` characters, after a sentence or a word
    where possible.
    """
    start = 0
    while len(text) - start > _MAX_INLINE:
        stop = start + _best_cut(text[start : start + _MAX_INLINE])
        yield text[start:stop]
        start = stop
    yield text[start:]


def _best_cut(window: str) -> int:
    """Return where to cut the text: in its second half and, if possible, not inside a formula,
    code, a link or bold text.
    """
    together = [found.span() for found in _TOGETHER.finditer(window)]
    ends = [found.end() for found in SENTENCE_END.finditer(window, len(window) // 2)]
    free = [end for end in ends if not _is_within(end, together)]
    sentences = [end for end in free if not window[end - 1].isspace() or window[end - 1] == "\n"]
    return next((found[-1] for found in (sentences, free, ends) if found), len(window))


def _is_within(index: int, spans: list[tuple[int, int]]) -> bool:
    span_index = bisect_left(spans, (index, 0)) - 1
    return span_index >= 0 and index < spans[span_index][1]


# --- tables ---------------------------------------------------------------------------------------


def _table_with_formulas(table: _BlockRule) -> _BlockRule:
    """Read tables in which a `|` inside a formula, `$P(A|B)$`, does not end a cell.

    The notebook's own renderer reads them like this; GitHub does not, and cuts the formula.
    """

    def table_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        source = state.src
        known = len(state.tokens)
        state.src = _with_hidden_pipes(source)
        try:
            is_table = table(state, start, end, silent)
        finally:
            state.src = source
        for token in state.tokens[known:]:
            if token.type == "inline":
                token.content = token.content.replace(_HIDDEN_PIPE, "|")
        return is_table

    return table_rule


@lru_cache(maxsize=1)
def _with_hidden_pipes(text: str) -> str:
    if "|" not in text or ("$" not in text and "\\(" not in text):
        return text
    return _ONE_LINE_FORMULA.sub(_hide_pipes, text)


def _hide_pipes(match: re.Match[str]) -> str:
    source = match.group()
    pipes = _PIPE.findall(source)
    if not pipes or " | " in source:
        return source
    if len(pipes) % 2 and not _PIPE_IN_BRACKETS.search(source):
        return source
    return _PIPE.sub(_HIDDEN_PIPE, source)


# --- formulas -------------------------------------------------------------------------------------


def _formula_or_money(inline_dollars: _InlineRule) -> _InlineRule:
    """Apply the plugin's rule to what is a formula and not money."""

    def dollar_rule(state: StateInline, silent: bool) -> bool:
        start = state.pos
        if not inline_dollars(state, True):
            return False
        end = state.pos
        is_display = state.src.startswith("$$", start)
        inner = state.src[start + 1 + is_display : end - 1 - is_display]
        before, behind = state.src[max(0, start - 1) : start], state.src[end : end + 3]
        state.pos = start
        if not is_display and not _is_formula(before, inner, behind):
            return False
        return inline_dollars(state, silent)

    return dollar_rule


def _is_formula(before: str, inner: str, behind: str) -> bool:
    if not inner or inner[0].isspace() or inner[-1].isspace() or inner[-1] == "\\":
        return False
    if before == "$" or behind.startswith(("$", "_")):
        return False
    if not inner.startswith(_ATTACHED) and (_ALNUM.match(before) or _is_in_a_word(behind)):
        return False  # US$100, $HOME/$PATH
    is_money = inner[0].isdigit() and _WORDS.search(inner) and not _FORMULA_LIKE.search(inner)
    return not is_money


def _is_in_a_word(behind: str) -> bool:
    return _ALNUM.match(behind) is not None and not _ENDING.match(behind)


def _bracketed_formula(state: StateInline, silent: bool) -> bool:
    r"""Read `\(…\)`, and `\[…\]` or an environment inside a paragraph."""
    opening = state.src[state.pos : state.pos + 2]
    if opening in _BRACKETS:
        start = state.pos + 2
        closing = _BRACKETS[opening]
        kept = ""
    elif match := _BEGIN.match(state.src, state.pos):
        start = state.pos
        closing = f"\\end{{{match.group(1)}}}"
        kept = closing  # MathJax reads an environment with its borders
    else:
        return False
    close = state.src.find(closing, start, state.posMax)
    if close < 0:
        return False
    stop = close + len(closing)
    source = state.src[start : close + len(kept)].strip()
    if not source or source.endswith("\\") or "`" in source:
        return False
    if not silent:
        kind = "math_inline_double"
        if opening == "\\(":
            kind = "math_inline"
        token = state.push(kind, "math", 0)
        token.content = source
        token.markup = opening
    state.pos = stop
    return True


def _display_formula(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    r"""Read `$$…$$`, `\[…\]` or an environment on lines of its own, whatever is above or inside it.

    The plugin's block rule does not end a paragraph, and models write "so:" above a formula and `+
    b` inside it.
    """
    if state.is_code_block(start):
        return False
    first = _line_text(state, start)
    opening = first[:2]
    if environment := _BEGIN.match(first):
        opening = environment.group()
    elif opening not in ("$$", "\\["):
        return False
    closing = _closing_mark(opening)
    closing_line = _find_closing(state, start, end, opening, closing)
    if closing_line is None:
        return False
    is_closed = closing_line < end
    lines = [_line_text(state, n) for n in range(start, min(closing_line + 1, end))]
    source = "\n".join(lines).strip()
    if is_closed and len(source) <= len(opening + closing):
        return False
    if silent:
        return True
    state.line = min(closing_line + 1, end)
    kind = "open_formula"
    if is_closed:
        kind = "math_block"
    token = state.push(kind, "math", 0)
    token.content = source
    if not environment:
        token.content = source[2:].removesuffix(closing)
    token.map = [start, state.line]
    token.markup = opening
    return True


def _closing_mark(opening: str) -> str:
    if opening.startswith("\\begin"):
        return opening.replace("\\begin", "\\end")
    return _BRACKETS.get(opening, opening)


def _find_closing(
    state: StateBlock,
    start: int,
    end: int,
    opening: str,
    closing: str,
) -> int | None:
    """Return the line that closes the formula; `end` when the text ends before it, None when it is
    not a formula on lines of its own.
    """
    for n in range(start, end):
        text = _line_text(state, n).rstrip()
        if not text.strip() or (n > start and state.sCount[n] < state.blkIndent):
            return None
        if n == start:
            text = text.replace(opening, " " * len(opening), 1)
        if closing in text:
            if text.find(closing) < len(text) - len(closing):
                return None
            return n
        if opening in text:  # Each one looks no further than the next.
            return None
    if state.env.get("unfinished") and end == state.lineMax:
        return end
    return None


def _line_text(state: StateBlock, n: int) -> str:
    return state.src[state.bMarks[n] + state.tShift[n] : state.eMarks[n]]


# --- the rest of what stands in a line ------------------------------------------------------------


def _may_hold_address(text: str) -> bool:
    """Whether a web address may be in it: it has a scheme (linkify-it searches by a regular
    expression).
    """
    return ":" in text


def _match_addresses(linkify: LinkifyIt, text: str) -> list[Match] | None:
    matches: list[Match] | None = type(linkify).match(linkify, text)
    for match in matches or []:
        _end_at_chinese_punctuation(match)
    return matches


def _match_address_at_start(linkify: LinkifyIt, text: str) -> Match | None:
    match: Match | None = type(linkify).match_at_start(linkify, text)
    if match:
        _end_at_chinese_punctuation(match)
    return match


def _end_at_chinese_punctuation(match: Match) -> None:
    """End an address at Chinese punctuation.

    No address contains such a character unescaped, and Chinese is written without spaces around an
    address.
    """
    if end := _CHINESE_PUNCTUATION.search(match.raw):
        dropped = len(match.raw) - end.start()
        match.last_index -= dropped
        match.raw = match.raw[:-dropped]
        match.text = match.text[:-dropped]
        match.url = match.url[:-dropped]


def _entity_but_of_letters(entity: _InlineRule) -> _InlineRule:
    """Apply the parser's rule, but leave letters and digits spelled as numbers as they are written.

    Nobody writes `&#98;` for a "b", but a reply may spell a key like that to get past redaction.
    """

    def entity_rule(state: StateInline, silent: bool) -> bool:
        match = _NUMERIC_ENTITY.match(state.src, state.pos)
        if match and chr(int(match[1] or match[2], 10 if match[1] else 16)).isalnum():
            return False
        return entity(state, silent)

    return entity_rule


def _emphasis_without_blanks(emphasis: _InlineRule) -> _InlineRule:
    """Wrap the rule of emphasis: `**注意：**请看` is bold although no blank follows.

    CommonMark takes blanks between words for granted. Beside a Chinese, Japanese or Korean letter,
    asterisks open before anything but a blank and close after anything but a blank
    (https://github.com/tats-u/markdown-cjk-friendly).
    """

    def emphasis_rule(state: StateInline, silent: bool) -> bool:
        start = state.pos
        if not emphasis(state, silent):
            return False
        before, after = state.src[start - 1 : start], state.src[state.pos : state.pos + 1]
        if state.src[start] == "*" and _CJK.search(before + after):
            for delimiter in state.delimiters[start - state.pos :]:
                delimiter.open = bool(after.strip())
                delimiter.close = bool(before.strip())
        return True

    return emphasis_rule


def _citation(state: StateInline, silent: bool) -> bool:
    """Read `^[1][2]^`, by which ERNIE cites what a search found, as small raised numbers."""
    if state.src[state.pos] != "^":
        return False
    match = _CITATION.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        state.push("citation_open", "sup", 1)
        state.push("text", "", 0).content = match[1]
        state.push("citation_close", "sup", -1)
    state.pos = match.end()
    return True


def _formatting_tag(state: StateInline, silent: bool) -> bool:
    """Read `<br>` and `<sub>2</sub>`, which models write into tables and formulas in words: the
    tags are ours.
    """
    if state.src[state.pos] != "<":
        return False
    match = _FORMATTING.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        tag = (match.group(1) or "br").lower()
        if tag == "br":
            state.push("hardbreak", "br", 0)
        else:
            state.push("formatting_open", tag, 1)
            state.push("text", "", 0).content = match.group(2)
            state.push("formatting_close", tag, -1)
    state.pos = match.end()
    return True
