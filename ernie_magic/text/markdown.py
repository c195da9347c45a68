"""Turn a model's Markdown into HTML that a notebook page may be given.

A real parser (markdown-it-py, raw HTML off) makes every tag, and `ernie_magic.text.sanitize` lets
only the listed ones through. Formulas that are plain mathematics are left for the page's MathJax;
every other `$` and backslash is kept from it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from types import MethodType
from typing import TYPE_CHECKING, Any, cast

from ernie_magic.text import formulas
from ernie_magic.text.data_pictures import name_pictures
from ernie_magic.text.grammar import markdown_parser
from ernie_magic.text.sanitize import CODE_MARGIN, HEADING_CLASS, plain_html, sanitize
from ernie_magic.text.segments import split_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token

    _Tokens = Sequence[Token]

# Characters that are parsed together, so that the work grows linearly with the text.
_MAX_PIECE = 8_000
_MAX_CODE = 4_000  # characters that a lexer gets at once
# Lexers are slow on this, and people do not write it: code that contains it is not coloured.
_SLOW_CODE = re.compile(r"[^\n]{250}|\s{100}")
_PICTURE = "↗"


def to_html(text: str, *, remote_images: bool = False, unfinished: bool = False) -> str:
    r"""Return Markdown as sanitized HTML.

    CommonMark (https://spec.commonmark.org) with GitHub's tables, strikethrough, task lists and
    bare addresses (https://github.github.com/gfm/), and with formulas in `$…$`, `$$…$$`, `\(…\)`,
    `\[…\]` and environments. A dollar sign is money unless it opens a formula by pandoc's rule
    (tex_math_dollars). HTML in the text is shown as text, except `<br>` and plain pairs such as
    `<sub>2</sub>`.

    Parameters
    ----------
    text
        Of any length and content; the work grows linearly with its length. A few words stand for
        each picture that it holds itself (`data:` URIs).
    remote_images
        Show pictures from the web. Without it they are links, so that opening a page contacts
        nobody.
    unfinished
        More text will follow: a formula that is still open is shown as its source.
    """
    text = name_pictures(text)
    env: dict[str, Any] = {"unfinished": unfinished, "remote_images": remote_images}
    parts = list(split_blocks(text, _MAX_PIECE))
    rendered = [_render(part, env) for part in parts]
    if len(parts) > 1 and env.get("references"):
        # A piece may use an address that is defined in a later one.
        rendered = [_render(part, env) for part in parts]
    return "".join(rendered)


def _render(text: str, env: dict[str, Any]) -> str:
    parser = markdown_parser()
    markup = _renderer().render(parser.parse(text, env), parser.options, env)
    return sanitize(markup, remote_images=env["remote_images"])


def _formula_html(source: str, *, is_display: bool) -> str:
    source = formulas.without_labels(source.strip())
    opening, closing = "\\(", "\\)"
    if is_display:
        opening, closing = "\\[", "\\]"
    if not formulas.is_plain_mathematics(source):
        return f"<code>{escape(opening + source + closing)}</code>"
    return f"<span>{opening}{escape(source)}{closing}</span>"


def _render_text(_renderer: RendererHTML, tokens: _Tokens, i: int, _options: Any, _env: Any) -> str:
    return plain_html(tokens[i].content)


def _render_heading(renderer: RendererHTML, tokens: _Tokens, i: int, options: Any, env: Any) -> str:
    tokens[i].attrSet("class", HEADING_CLASS)
    return renderer.renderToken(tokens, i, options, env)


def _render_cell(renderer: RendererHTML, tokens: _Tokens, i: int, options: Any, env: Any) -> str:
    if "style" not in tokens[i].attrs:
        side = {"th": "center", "td": "left"}[tokens[i].tag]
        tokens[i].attrSet("style", f"text-align:{side}")
    return renderer.renderToken(tokens, i, options, env)


def _render_link(renderer: RendererHTML, tokens: _Tokens, i: int, options: Any, env: Any) -> str:
    env["in_link"] = tokens[i].nesting > 0
    return renderer.renderToken(tokens, i, options, env)


def _render_picture(
    _renderer: RendererHTML,
    tokens: _Tokens,
    i: int,
    _options: Any,
    env: Any,
) -> str:
    """Return a web picture as a link, or as the picture itself if the user asked for that."""
    token = tokens[i]
    address = str(token.attrs["src"])
    words = _words(token)
    if not env.get("remote_images") and env.get("in_link"):
        # A link inside a link would end the outer one.
        return f"{_PICTURE} {plain_html(words or address)}"
    if not env.get("remote_images"):
        return f'<a href="{escape(address)}">{_PICTURE} {plain_html(words or address)}</a>'
    return (
        f'<img src="{escape(address)}" alt="{escape(words)}"'
        ' referrerpolicy="no-referrer" loading="lazy">'
    )


def _words(token: Token) -> str:
    return "".join(child.content or _words(child) for child in token.children or [])


def _render_inline_formula(
    _renderer: RendererHTML,
    tokens: _Tokens,
    i: int,
    _options: Any,
    _env: Any,
) -> str:
    return _formula_html(tokens[i].content, is_display=tokens[i].type == "math_inline_double")


def _render_formula(
    _renderer: RendererHTML,
    tokens: _Tokens,
    i: int,
    _options: Any,
    _env: Any,
) -> str:
    return f"<p>{_formula_html(tokens[i].content, is_display=True)}</p>\n"


def _render_open_formula(
    _renderer: RendererHTML,
    tokens: _Tokens,
    i: int,
    _options: Any,
    _env: Any,
) -> str:
    return f"<pre><code>{escape(tokens[i].content.strip())}</code></pre>\n"


# --- code -----------------------------------------------------------------------------------------


def _render_code(_renderer: RendererHTML, tokens: _Tokens, i: int, _options: Any, _env: Any) -> str:
    language = "".join(tokens[i].info.split(maxsplit=1)[:1]).lower()
    code = highlight_code(tokens[i].content, language)
    if tokens[i].content.startswith("\n"):
        # An HTML parser drops a line break at the very beginning of a `pre`.
        code = "<span></span>" + code
    return f'<pre class="highlight" style="{CODE_MARGIN}">{code}</pre>\n'


def highlight_code(code: str, language: str) -> str:
    """Return code as HTML, its tokens in spans with Pygments' class names, which JupyterLab's
    themes colour.

    Parameters
    ----------
    code
        Of any length; it is coloured in pieces.
    language
        As named in the fence; code in an unlisted language is only escaped.
    """
    lexer_class = _lexer_class(language)
    if lexer_class is None:
        return escape(code)
    return "".join(_highlight_piece(piece, lexer_class) for piece in _cut_lines(code))


def _cut_lines(code: str) -> Iterator[str]:
    """Split the code into pieces of at most `_MAX_CODE` characters, after a line: a lexer may be
    slow on what it cannot read.
    """
    lines: list[str] = []
    size = 0
    for line in code.splitlines(keepends=True):
        if size + len(line) > _MAX_CODE:
            yield "".join(lines)
            lines = []
            size = 0
        lines.append(line)
        size += len(line)
    yield "".join(lines)


def _highlight_piece(code: str, lexer_class: Any) -> str:
    from pygments.token import STANDARD_TYPES

    if _SLOW_CODE.search(code):
        return escape(code)
    lexer = lexer_class(stripnl=False, ensurenl=False)
    spans = []
    for kind, value in lexer.get_tokens(code):
        span = escape(value)
        name = STANDARD_TYPES.get(kind, "")
        if name and value.strip():
            span = f'<span class="{name}">{span}</span>'
        spans.append(span)
    return "".join(spans)


@lru_cache(maxsize=64)
def _lexer_class(language: str) -> Any:
    """Return the lexer of a commonly written language; None for the others.

    A lexer's regular expressions block the interpreter, so Stop could not end a slow one. Those
    listed were tried on random code of `_MAX_CODE` characters, and none took half a second
    (Objective-C's, Groovy's and MATLAB's did).
    """
    from pygments.lexers import find_lexer_class_by_name
    from pygments.util import ClassNotFound

    language = _ALIASES.get(language, language)
    if language not in _LANGUAGES:
        return None
    try:
        return find_lexer_class_by_name(language)
    except ClassNotFound:
        return None


_LANGUAGES_TEXT = """
python py python3 pycon javascript js typescript ts jsx tsx json json5 html xml css scss
less vue java kotlin scala c cpp c++ csharp c# cs swift go golang rust rs zig dart ruby rb
php perl lua r julia fortran haskell ocaml elixir erlang clojure scheme bash sh shell
zsh console powershell ps1 bat sql mysql postgresql yaml yml toml ini cfg dockerfile docker
makefile make cmake nginx diff tex latex protobuf proto graphql solidity verilog vhdl asm
nasm
"""
_LANGUAGES = frozenset(_LANGUAGES_TEXT.split())

_ALIASES = {
    "ipython": "python",
    "jsonc": "json",
    "kt": "kotlin",
    "h": "c",
    "hpp": "cpp",
    "cmd": "bat",
    "sqlite": "sql",
    "patch": "diff",
}

_RENDER_RULES = {
    "text": _render_text,
    "heading_open": _render_heading,
    "th_open": _render_cell,
    "td_open": _render_cell,
    "link_open": _render_link,
    "link_close": _render_link,
    "image": _render_picture,
    "math_inline": _render_inline_formula,
    "math_inline_double": _render_inline_formula,
    "math_block": _render_formula,
    "open_formula": _render_open_formula,
    "fence": _render_code,
    "code_block": _render_code,
}


@lru_cache(maxsize=1)
def _renderer() -> RendererHTML:
    renderer = cast("RendererHTML", markdown_parser().renderer)
    renderer.rules |= {name: MethodType(rule, renderer) for name, rule in _RENDER_RULES.items()}
    return renderer
