"""The gate between what a model or server writes and a page: HTML in which every tag is one of
ours.

A notebook page trusts the output of its own cells, so nothing after this module protects the user.
What is published passes `sanitize`, or is plain text made safe by `plain_html`.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import nh3

WEB_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
LINK_REL = "noopener noreferrer nofollow"
LINE_BREAKS = "white-space:pre-wrap"
# JupyterLab's style gives it to a `pre` that is not the last child.
CODE_MARGIN = "margin-bottom:1em"
_ALIGNMENTS = {f"text-align:{side}" for side in ("left", "center", "right")}
# `jp-toc-ignore` keeps a heading out of JupyterLab's table of contents.
HEADING_CLASS = "jp-toc-ignore"
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_FORMATTING = (
    "p br hr blockquote pre code em strong s del ins mark sub sup kbd u b i small span div"
)
_STRUCTURE = "ul ol li table thead tbody tr th td a input"
# MathJax finds formulas in any text of a page, but not in text that is split over several elements
# (https://docs.mathjax.org/en/v3.2/input/tex/delimiters.html).
_TEX = re.compile(r"[$\\]")
_TEXT = re.compile(r">[^<]*<")


def plain_html(text: str) -> str:
    """Return text as HTML: nothing in it is read as markup or as a formula."""
    return _split_formulas(html.escape(text))


def plain_svg(text: str) -> str:
    """Return text as SVG like `plain_html`: a drawing cannot hold a `span`."""
    return plain_html(text).replace("span>", "tspan>")


def without_formulas(markup: str) -> str:
    """Return HTML that another library made of outside text: nothing in its text is read as a
    formula.
    """
    return _TEXT.sub(lambda text: _split_formulas(text.group()), markup)


def _split_formulas(markup: str) -> str:
    return _TEX.sub(r"<span>\g<0></span>", markup)


def preformatted_html(text: str) -> str:
    """Return text as HTML that keeps line breaks and runs of spaces."""
    return f'<span style="{LINE_BREAKS}">{plain_html(text)}</span>'


def link_html(address: str, text: str) -> str:
    """Return a link to a web page; for any other address, only the text."""
    if not WEB_ADDRESS.match(address):
        return plain_html(text)
    return f'<a href="{html.escape(address)}" rel="{LINK_REL}">{plain_html(text)}</a>'


def sanitize(markup: str, *, remote_images: bool = False) -> str:
    """Return the markup with only the tags, attributes, classes and addresses of the allow-list.

    Parameters
    ----------
    markup
        HTML from any source.
    remote_images
        Keep `img` elements with http(s) addresses.
    """
    return _cleaner(remote_images).clean(markup)


@lru_cache(maxsize=2)
def _cleaner(remote_images: bool) -> nh3.Cleaner:
    import nh3
    from pygments.token import STANDARD_TYPES

    image = {"img"} if remote_images else set()
    code_classes = {name for name in STANDARD_TYPES.values() if name}
    classes = {
        "span": code_classes,
        "pre": {"highlight"},
        "li": {"task-list-item"},
        "ul": {"contains-task-list"},
    }
    return nh3.Cleaner(
        tags={*_FORMATTING.split(), *_STRUCTURE.split(), *_HEADINGS} | image,
        clean_content_tags={"script", "style"},
        attributes={
            "a": {"href", "title"},
            "img": {"src", "alt", "title"},
            "ol": {"start"},
        },
        tag_attribute_values={
            "th": {"style": _ALIGNMENTS},
            "td": {"style": _ALIGNMENTS},
            "pre": {"style": {CODE_MARGIN}},
            "span": {"style": {LINE_BREAKS}},
            "img": {"referrerpolicy": {"no-referrer"}, "loading": {"lazy"}},
            "input": {"type": {"checkbox"}, "checked": {"", "checked"}},
        },
        set_tag_attribute_values={"input": {"disabled": ""}},
        allowed_classes={**classes, **{key: {HEADING_CLASS} for key in _HEADINGS}},
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel=LINK_REL,
    )
