"""How a table of answers is shown: its first rows, and one line on how the run went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api.requests import is_missing
from ernie_magic.calls.tables.frames import TableContent, rows_in_words
from ernie_magic.notebook.display.chat import (
    PARTIAL,
    SECONDS,
    describe_seconds,
)
from ernie_magic.notebook.display.html_table import Table, clip_to_line
from ernie_magic.notebook.display.origin import EMULATED, line_html
from ernie_magic.notebook.display.style import NOTE_STYLE, note_html
from ernie_magic.runtime.progress import format_yuan
from ernie_magic.text.counts import ROWS, TOKENS
from ernie_magic.text.language import Language, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.calls.tables.result import Mapped

_SHOWN = 5  # rows
_CELL = 80  # characters
_FIRST = Text("，显示前 {n} 行", ", the first {n} shown")
_ASKED = Text("这次请求 {n:,} 行", "{n:,} requested now")
_UNASKED = Text("{n:,} 行还没有问，加 --resume 继续", "{n:,} not asked yet: --resume continues")
_FAILED = Text("{rows}失败，原因在 {column} 列", "{rows} failed, see the column {column}")
_PREVIEW = Text(
    "预览 {rows}；全部 {total:,} 行约 {tokens}{money}、{seconds}，加 --yes 全部运行",
    "a preview of {rows}; all {total:,} are about {tokens}{money} and {seconds}: add --yes to run "
    "them all",
)
_PREVIEW_OF_REST = Text(
    "先问了 {rows}；还没有回答的 {left:,} 行约 {tokens}{money}、{seconds}，加 --yes 全部问完",
    "{rows} asked first; the {left:,} that have no answer yet are about {tokens}{money} and "
    "{seconds}: add --yes to ask them all",
)
_BOUND = Text("；{name} 现在是预览的这几行", "; {name} holds the rows of the preview")
_BOUND_SO_FAR = Text(
    "；{name} 现在是整张表，回答到此为止", "; {name} holds the table with the answers so far"
)
_KEPT = Text("；{name} 是原来的表，先不改", "; {name} is your table and stays as it is until then")
_MINUTES = Text("{n:.1f} 分钟", "{n:.1f} min")


def summary_line(mapped: Mapped, language: Language, notes: Sequence[Text] = ()) -> str:
    """How the run went, on one line, and what the cell has to say."""
    rows = ROWS.say(language, n=len(mapped))
    if len(mapped) > _SHOWN:
        rows += _FIRST.say(language, n=_SHOWN)
    parts = [rows]
    if mapped.model:  # none where nothing was asked
        parts.insert(0, mapped.model)
    if mapped.reused or mapped.partial:
        parts.append(_ASKED.say(language, n=mapped.sent))
    if mapped.unasked:
        parts.append(_UNASKED.say(language, n=mapped.unasked))
    if mapped.errors:
        failed = ROWS.fill(len(mapped.errors))
        parts.append(_FAILED.fill(rows=failed, column=mapped.error_column).say(language))
    parts += [
        TOKENS.say(language, n=mapped.usage.total_tokens),
        describe_seconds(mapped.seconds, language),
    ]
    if mapped.yuan:
        parts.append(format_yuan(mapped.yuan))
    if mapped.partial:
        parts.append(PARTIAL.say(language))
    parts += [note.say(language) for note in (*mapped.notes, *notes)]
    if mapped.is_simulated:
        parts.append(EMULATED.say(language))
    return " · ".join(parts)


def estimate_all_rows(
    preview: Mapped,
    total: int,
    in_flight: int,
    language: Language,
    notes: Sequence[Text] = (),
) -> str:
    """What all the rows will take, or those that an earlier run has left, estimated from a preview
    of a few.
    """
    left = preview.unasked or total
    tokens_per_row = preview.usage.total_tokens / max(1, preview.asked)
    # A preview is as long as its slowest row; later rows run several at a time.
    minutes = preview.seconds * left / max(1, in_flight) / 60
    if minutes >= 1:
        duration = _MINUTES.say(language, n=minutes)
    else:
        duration = SECONDS.say(language, n=f"{minutes * 60:.0f}")
    money = ""
    if preview.yuan:
        money = f" ({format_yuan(preview.yuan / max(1, preview.asked) * left)})"
    text = _PREVIEW_OF_REST if preview.unasked else _PREVIEW
    estimate = text.say(
        language,
        money=money,
        rows=ROWS.say(language, preview.sent if preview.unasked else len(preview)),
        total=total,
        left=left,
        tokens=TOKENS.say(language, round(tokens_per_row * left)),
        seconds=duration,
    )
    parts = [*(note.say(language) for note in (*preview.notes, *notes)), estimate]
    if preview.is_simulated:
        parts.append(EMULATED.say(language))
    return " · ".join(parts)


def describe_binding(preview: Mapped, name: str, language: Language, *, is_source: bool) -> str:
    """What the variable of `--as` holds after a preview."""
    if is_source:
        return _KEPT.say(language, name=name)
    text = _BOUND_SO_FAR if preview.unasked else _BOUND
    return text.say(language, name=name)


def mime_bundle(
    mapped: Mapped,
    language: Language,
    note: str = "",
    notes: Sequence[Text] = (),
) -> tuple[dict[str, str], dict[str, Any]]:
    """The MIME bundle of the saved output, and its metadata.

    Parameters
    ----------
    note
        A line that replaces the summary.
    notes
        What the cell has to say, at the end of the summary.
    """
    visible_rows = rows_in_words(TableContent(mapped.columns, mapped.rows))[:_SHOWN]
    shows_errors = bool(mapped.errors or mapped.partial)
    columns = [name for name in mapped.columns if name != mapped.error_column or shows_errors]
    table = Table(columns, [[_cell_text(row[name]) for name in columns] for row in visible_rows])
    line = note or summary_line(mapped, language, notes)
    data = {
        "text/html": f"{table._repr_html_()}{note_html(line_html(line))}{NOTE_STYLE}",
        "text/plain": f"{table!r}\n[{line}]",
    }
    return data, {
        "ernie_magic": {
            "model": mapped.model,
            "service": mapped.service,
            "rows": len(mapped),
            "failed": len(mapped.errors),
            "partial": mapped.partial,
        }
    }


def _cell_text(value: object) -> str:
    """A value in a cell of the table; a missing one is an empty cell, as it is sent."""
    return "" if is_missing(value) else clip_to_line(str(value), _CELL)
