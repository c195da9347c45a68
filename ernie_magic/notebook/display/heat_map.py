"""A table whose cells are coloured by their numbers, as HTML that depends on nothing else."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from ernie_magic.notebook.display.html_table import clip_to_line
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from collections.abc import Iterable

_ROW_CHARACTERS = 60  # characters of a row's label, which wraps
_TITLE_CHARACTERS = 200  # of a text that is shown on hover
# Over the page's own background in light and dark themes: numbers in the page's own colour keep a
# contrast ratio of at least 4.5 on them (WCAG 2.1, 1.4.3).
_POSITIVE_RGB = (37, 99, 235)
_NEGATIVE_RGB = (234, 88, 12)
_MAX_OPACITY = 0.55
_TABLE_STYLE = "border-collapse:separate;border-spacing:2px;font-size:90%;margin:0"
_COLUMN_HEAD_STYLE = "font-weight:normal;text-align:center;padding:2px 4px;width:3.4em"
_ROW_HEAD_STYLE = (
    "font-weight:normal;text-align:left;padding:2px 10px 2px 0;min-width:10em;max-width:20em;"
    "white-space:normal;overflow-wrap:anywhere"
)
_CELL_STYLE = (
    "text-align:center;padding:4px;box-sizing:content-box;width:3.4em;border-radius:4px;"
    "font-variant-numeric:tabular-nums"
)
# Heads stay in view while a large table is scrolled, which is then no higher than the window: its
# own scroll bars are in view as well. On paper it is whole.
_HEADS_STAY = (
    "<style>.ernie-heat{overflow:auto;max-height:85vh}"
    ".ernie-heat thead :is(th,td){position:sticky;top:0;z-index:1}"
    ".ernie-heat :is(tbody th,thead td){position:sticky;left:0}"
    ".ernie-heat thead td{z-index:2}"
    ".ernie-heat.ernie-heat :is(th,thead td){background:"
    "var(--ernie-bg,var(--jp-layout-color0,var(--vscode-editor-background,Canvas)))}"
    "@media print{.ernie-heat{max-height:none}}</style>"
)


def table_html(column_heads: Iterable[str], rows: Iterable[str]) -> str:
    """The table; each row is HTML of its cells, the head first."""
    body = "".join(f'<tr style="background:none">{row}</tr>' for row in rows)
    return (
        f'<div class="ernie-heat" style="overflow-x:auto"><table style="{_TABLE_STYLE}"><thead>'
        f"<tr><td></td>{''.join(column_heads)}</tr></thead><tbody>{body}</tbody></table></div>"
        f"{_HEADS_STAY}"
    )


def column_head_html(label: str, text: str) -> str:
    """The head of a column; the text is shown on hover."""
    head = plain_html(label)
    return f'<th title="{title_attribute(text)}" style="{_COLUMN_HEAD_STYLE}">{head}</th>'


def row_head_html(number: int, text: str) -> str:
    """The head of a row: its number and the beginning of its text."""
    label = plain_html(f"{number}. {clip_to_line(text, _ROW_CHARACTERS)}")
    return f'<th title="{title_attribute(text)}" style="{_ROW_HEAD_STYLE}">{label}</th>'


def cell_html(value: float, title: str) -> str:
    """A number in its colour.

    Parameters
    ----------
    value
        From -1 to 1.
    title
        What is shown on hover, as HTML.
    """
    shown = format_similarity(round_shown(value), decimals=2)
    style = f"background:{value_colour(value)};{_CELL_STYLE}"
    return f'<td title="{title}" style="{style}">{shown}</td>'


def empty_cell_html(title: str) -> str:
    """A cell without a number; the title as in `cell_html`."""
    return f'<td title="{title}" style="{_CELL_STYLE}">–</td>'


def format_similarity(value: float, *, decimals: int) -> str:
    """A number as a page shows it, with a minus sign in place of the hyphen."""
    return f"{value:.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def round_shown(value: float) -> float:
    """A number as it is shown; one that rounds to nothing has no sign."""
    return round(value, 2) + 0.0


def value_colour(value: float) -> str:
    """A CSS colour: none for 0, the deeper the further from it."""
    rgb = _NEGATIVE_RGB
    if value >= 0:
        rgb = _POSITIVE_RGB
    opacity = min(1.0, abs(value)) * _MAX_OPACITY
    return f"rgba({','.join(map(str, rgb))},{opacity:.2f})"


def title_attribute(text: str) -> str:
    """A text for the attribute `title`, as HTML."""
    return html.escape(clip_to_line(text, _TITLE_CHARACTERS), quote=True)
