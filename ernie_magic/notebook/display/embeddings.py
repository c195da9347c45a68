"""How vectors are shown: a heat map of similarities, texts as points on a plane, and plain text.

HTML and SVG that depend on nothing else. The browser draws the Chinese, so labels are always
readable, and a saved notebook shows the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.calls.embeddings import similarity
from ernie_magic.notebook.display.chat import PARTIAL
from ernie_magic.notebook.display.heat_map import (
    cell_html,
    column_head_html,
    format_similarity,
    round_shown,
    row_head_html,
    table_html,
    title_attribute,
    value_colour,
)
from ernie_magic.notebook.display.html_table import clip_to_line, display_width
from ernie_magic.notebook.display.label_layout import FONT_SIZE, Box, place_labels
from ernie_magic.notebook.display.origin import EMULATED, line_html
from ernie_magic.notebook.display.style import NOTE_STYLE, note_html
from ernie_magic.text.counts import TOKENS
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Language, Text, counted
from ernie_magic.text.sanitize import plain_html, plain_svg
from ernie_magic.text.visible import make_controls_visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from ernie_magic.api.results import Embeddings

_MAX_TEXTS_WITH_HEAT = 12  # texts whose similarities are shown without being asked for
_TEXTS = counted("条文本", "text")
_SHAPE = Text("{texts} × {d} 维", "{texts} x {d} dimensions")
_KNOWN = Text("其中 {n} 条已算过", "{n} already known")
_LABEL_CHARACTERS = 20  # characters of a label beside a point
_MAX_HEAT_TEXTS = 60  # texts in a heat map: with more it is unreadable
_MAX_POINTS = 2000  # points on a plane
_MAX_LABELLED_POINTS = 60  # points that all have a label; every point shows its text on hover
_SOME_LABELS = 24  # labels where there are more
_SIZE = (720, 360)  # pixels
_PAD = 28  # pixels between the points and the frame
_MIN_WIDTH = 520  # pixels below which the labels would be too small: a narrow page scrolls
# JupyterLab's plotly extension draws it; every other front end uses the HTML
_PLOTLY = "application/vnd.plotly.v1+json"
_ROWS, _COLUMNS = 20, 72  # of the plain-text plane
_NOTE = Text("余弦相似度；{model}，{texts}{more}", "cosine similarity; {model}, {texts}{more}")
_MORE = Text("，显示前 {n} 条", ", the first {n} shown")
_PLANE = Text(
    "{method} 平面图，相近的文本靠在一起；{model}，{texts}",
    "plane by {method}, similar texts near each other; {model}, {texts}",
)
_POINT_AT = Text("指着一个点就显示它的文本", "point at a dot to read its text")
_ALIKE = Text("1 相同", "1 same")
_UNRELATED = Text("0 无关", "0 unrelated")
_OPPOSITE = Text("\N{MINUS SIGN}1 相反", "\N{MINUS SIGN}1 opposite")
_NEGATIVE = Text(
    "负值（橙色）：比无关（0）更不相似",
    "negative values, in orange: less alike than unrelated (0)",
)
_UNLABELLED = Text("没有位置标出的：{texts}", "without room for a label: {texts}")


def summary_line(embeddings: Embeddings, language: Language, notes: Sequence[Text] = ()) -> str:
    """The footer's one line: model, shape, how many were known before, tokens, and what a cell has
    to say.
    """
    n, d = embeddings.shape
    parts = [embeddings.model, _SHAPE.say(language, texts=_TEXTS.say(language, n), d=d)]
    if known := _count_known(embeddings):
        parts.append(_KNOWN.say(language, n=known))
    parts.append(TOKENS.say(language, n=embeddings.usage.total_tokens))
    if embeddings.partial:
        parts.append(PARTIAL.say(language))
    parts += [note.say(language) for note in notes]
    return " · ".join(parts) + emulator_note(embeddings, language)


def _count_known(embeddings: Embeddings) -> int:
    """How many vectors were there before: equal texts have one, and a missing one is none."""
    import numpy as np

    if not embeddings.shape[1]:
        return 0
    has_vector = np.isfinite(embeddings.vectors[:, 0])
    texts = {text for text, has in zip(embeddings.texts, has_vector, strict=True) if has}
    return max(0, len(texts) - embeddings.asked)


def emulator_note(embeddings: Embeddings, language: Language) -> str:
    """What the output says of vectors that no model made."""
    return f" · {EMULATED.say(language)}" if embeddings.is_simulated else ""


def mime_bundle(
    embeddings: Embeddings,
    language: Language,
    notes: Sequence[Text] = (),
) -> tuple[dict[str, str], dict[str, Any]]:
    """The MIME bundle of the saved output, and its metadata.

    A few texts show their similarities; many show the summary.
    """
    line = summary_line(embeddings, language, notes)
    html = note_html(line_html(line)) + NOTE_STYLE
    words = f"[{line}]"
    if 1 < len(embeddings) <= _MAX_TEXTS_WITH_HEAT and embeddings.shape[1]:
        heat = Heat(embeddings, language)
        html = heat.table_html() + html
        words = f"{heat}\n[{line.removesuffix(emulator_note(embeddings, language))}]"
    data = {"text/html": html, "text/plain": words}
    return data, {
        "ernie_magic": {
            "model": embeddings.model,
            "service": embeddings.service,
            "texts": len(embeddings),
            "partial": embeddings.partial,
        }
    }


@dataclass(frozen=True, repr=False)
class Heat:
    """How similar texts are, as a table of colours with numbers.

    Attributes
    ----------
    embeddings : Embeddings
    language : {"zh", "en"}
    """

    embeddings: Embeddings
    language: Language

    @property
    def similarities(self) -> np.ndarray:
        """Of shape (n, n), from -1 to 1."""
        return similarity.cosine_similarities(self.embeddings.vectors[:_MAX_HEAT_TEXTS])

    def _caption_text(self) -> str:
        n = len(self.embeddings)
        more = ""
        if n > _MAX_HEAT_TEXTS:
            more = _MORE.say(self.language, n=_MAX_HEAT_TEXTS)
        return _NOTE.say(
            self.language,
            model=self.embeddings.model,
            texts=_TEXTS.say(self.language, n),
            more=more,
        ) + emulator_note(self.embeddings, self.language)

    def _repr_html_(self) -> str:
        caption = line_html(self._caption_text())
        return f"{self.table_html()}<p><small>{caption}</small></p>"

    def table_html(self) -> str:
        """The table with the legend of its colours, as HTML; without a caption."""
        texts = self.embeddings.texts[:_MAX_HEAT_TEXTS]
        similarities = self.similarities
        heads = [column_head_html(str(i), text) for i, text in enumerate(texts, start=1)]
        rows = []
        for i, (text, row) in enumerate(zip(texts, similarities, strict=True), start=1):
            cells = "".join(
                cell_html(float(value), _cell_title(i, j, float(value), text, other))
                for j, (other, value) in enumerate(zip(texts, row, strict=True), start=1)
            )
            rows.append(f"{row_head_html(i, text)}{cells}")
        has_negative = any(round_shown(float(value)) < 0 for value in similarities.flat)
        legend = _legend_html(self.language, has_negative=has_negative)
        return f"{table_html(heads, rows)}{legend}"

    @printable
    def __repr__(self) -> str:
        labels = [
            f"{i}. {make_controls_visible(clip_to_line(text, _LABEL_CHARACTERS))}"
            for i, text in enumerate(self.embeddings.texts[:_MAX_HEAT_TEXTS], start=1)
        ]
        wide = max((display_width(label) for label in labels), default=0)
        lines = [" " * wide + "".join(f"{i:>6}" for i in range(1, len(labels) + 1))]
        lines += [
            label + " " * (wide - display_width(label)) + "".join(f"{value:6.2f}" for value in row)
            for label, row in zip(labels, self.similarities, strict=True)
        ]
        return make_controls_visible("\n".join([*lines, self._caption_text()]))


def _cell_title(row: int, column: int, value: float, text: str, other: str) -> str:
    shown = format_similarity(value, decimals=4)
    return f"{row} × {column}: {shown}&#10;{title_attribute(text)}&#10;{title_attribute(other)}"


def _legend_html(language: Language, *, has_negative: bool) -> str:
    """What the colours mean; where values are negative, what that means."""
    stops = [value_colour(0), value_colour(1)]
    low_end = _UNRELATED
    if has_negative:
        stops = [value_colour(-1), *stops]
        low_end = _OPPOSITE
    strip = (
        f'<span style="flex:0 1 160px;height:10px;border:1px solid rgba(127,127,127,.4);border-radius:3px;'
        f'background:linear-gradient(90deg,{",".join(stops)})"></span>'
    )
    marks = [plain_html(low_end.say(language)), strip, plain_html(_ALIKE.say(language))]
    lines = f'<div style="display:flex;align-items:center;gap:8px">{"".join(marks)}</div>'
    if has_negative:
        lines += f"<div>{plain_html(_NEGATIVE.say(language))}</div>"
    return f'<div style="font-size:85%;margin:6px 0">{lines}</div>'


@dataclass(frozen=True, repr=False)
class Plane:
    """Texts as points: similar texts lie near each other.

    Attributes
    ----------
    embeddings : Embeddings
    points : numpy.ndarray
        Of shape (n, 2).
    method : {"PCA", "UMAP"}
    language : {"zh", "en"}
    """

    embeddings: Embeddings
    points: np.ndarray
    method: str
    language: Language

    def _caption_text(self) -> str:
        return _PLANE.say(
            self.language,
            method=self.method,
            model=self.embeddings.model,
            texts=_TEXTS.say(self.language, len(self.embeddings)),
        ) + emulator_note(self.embeddings, self.language)

    @property
    def _is_crowded(self) -> bool:
        """Whether only some of the points have labels."""
        return len(self.embeddings) > _MAX_LABELLED_POINTS

    def _scale_points(self, across: float, down: float) -> list[tuple[float, float]]:
        """Points scaled to the box from (0, 0) at the upper left to (across, down)."""
        points = self.points[:_MAX_POINTS]
        low, high = points.min(axis=0), points.max(axis=0)
        span = [float(maximum - minimum) or 1.0 for maximum, minimum in zip(high, low, strict=True)]
        return [
            (float(x - low[0]) / span[0] * across, down - float(y - low[1]) / span[1] * down)
            for x, y in points
        ]

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """SVG and words; where plotly is installed, also its figure, with zoom and hover."""
        return {**_plotly_bundle(self), "text/html": self._repr_html_(), "text/plain": repr(self)}

    def _repr_html_(self) -> str:
        caption = line_html(self._caption_text())
        return f"{self.drawing_html()}<p><small>{caption}</small></p>"

    def drawing_html(self) -> str:
        """The drawing as HTML, without a caption; labels without room stand below it."""
        across, down = _SIZE
        points = [
            (x + _PAD, y + _PAD) for x, y in self._scale_points(across - 2 * _PAD, down - 2 * _PAD)
        ]
        labels = self._labels()
        places = place_labels(points, labels, Box(2, 2, across - 2, down - 2))
        marks = [
            _mark_html(point, text, place, label)
            for point, text, place, label in zip(
                points, self.embeddings.texts, places, labels, strict=False
            )
        ]
        left_out = [label for label, place in zip(labels, places, strict=True) if place is None]
        below = ""
        if self._is_crowded:
            below = _POINT_AT.say(self.language)
        elif left_out:
            below = _UNLABELLED.say(self.language, texts=" · ".join(left_out))
        if below:
            below = f"<p><small>{plain_html(below)}</small></p>"
        return (
            f'<div style="overflow-x:auto"><svg role="img" '
            f'aria-label="{title_attribute(self._caption_text())}" '
            f'viewBox="0 0 {across} {down}" xmlns="http://www.w3.org/2000/svg" '
            f'style="display:block;min-width:{_MIN_WIDTH}px;max-width:{across}px;width:100%">'
            f'<rect x="0.5" y="0.5" width="{across - 1}" height="{down - 1}" rx="6" fill="none" '
            f'stroke="currentColor" stroke-opacity="0.25"></rect>{"".join(marks)}</svg></div>{below}'
        )

    def _labels(self) -> list[str]:
        """What stands beside the points that are shown; of too many beside some, "" for others."""
        texts = self.embeddings.texts[:_MAX_POINTS]
        step = 1
        if self._is_crowded:
            step = -(-len(texts) // _SOME_LABELS)
        return [
            "" if index % step else clip_to_line(text, _LABEL_CHARACTERS)
            for index, text in enumerate(texts)
        ]

    @printable
    def __repr__(self) -> str:
        rows = [[" "] * _COLUMNS for _ in range(_ROWS)]
        legend = []
        for i, ((x, y), text) in enumerate(
            zip(self._scale_points(_COLUMNS - 4, _ROWS - 1), self.embeddings.texts, strict=False),
            start=1,
        ):
            mark = "·"
            if i <= _MAX_LABELLED_POINTS:
                mark = str(i)
                legend.append(f"{i}. {clip_to_line(text, _LABEL_CHARACTERS)}")
            for offset, sign in enumerate(mark):
                rows[round(y)][round(x) + offset] = sign
        return make_controls_visible(
            "\n".join([*("".join(row).rstrip() for row in rows), *legend, self._caption_text()])
        )


_LEADER_FROM = 12  # pixels between a point and its label from which a line joins them
# A drawing's `<title>` cannot hold elements. There, full-width forms of the opening characters keep
# MathJax off.
_WIDE = {ord("$"): "＄", ord("\\"): "＼"}


def _mark_html(point: tuple[float, float], text: str, place: Box | None, label: str) -> str:
    """A point of the drawing with its label, and a line between the two where they are apart."""
    x, y = point
    parts = [
        f"<title>{title_attribute(text).translate(_WIDE)}</title>",
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#2563eb"></circle>',
    ]
    if place is not None:
        text_x, anchor = _anchor_label(x, place)
        middle_y = (place.top + place.bottom) / 2
        near_x = min(max(x, place.left), place.right)
        near_y = min(max(y, place.top), place.bottom)
        if abs(near_x - x) + abs(near_y - y) > _LEADER_FROM:
            parts.append(
                f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{near_x:.1f}" y2="{near_y:.1f}" '
                f'stroke="currentColor" stroke-opacity="0.35"></line>'
            )
        parts.append(
            f'<text x="{text_x:.1f}" y="{middle_y:.1f}" text-anchor="{anchor}" '
            f'dominant-baseline="central" font-size="{FONT_SIZE}" fill="currentColor">'
            f"{plain_svg(label)}</text>"
        )
    return f"<g>{''.join(parts)}</g>"


def _anchor_label(x: float, place: Box) -> tuple[float, str]:
    """Where a label is written from: its width is estimated, the side near its point is exact."""
    if place.left >= x:
        return place.left, "start"
    if place.right <= x:
        return place.right, "end"
    return (place.left + place.right) / 2, "middle"


def _plotly_bundle(plane: Plane) -> dict[str, Any]:
    """The same as a plotly figure, if plotly is installed."""
    try:
        from plotly import graph_objects
    except ImportError:
        return {}
    texts = [clip_to_line(text, 200) for text in plane.embeddings.texts[:_MAX_POINTS]]
    mode = "markers"
    labels = None
    if len(texts) <= _MAX_LABELLED_POINTS:
        mode = "markers+text"
        labels = [clip_to_line(text, _LABEL_CHARACTERS) for text in texts]
    marks = graph_objects.Scatter(
        x=plane.points[:_MAX_POINTS, 0].tolist(),
        y=plane.points[:_MAX_POINTS, 1].tolist(),
        mode=mode,
        hovertext=texts,
        hoverinfo="text",
        text=labels,
        textposition="middle right",
        cliponaxis=False,
    )
    figure = graph_objects.Figure(
        marks,
        layout={
            "title": {"text": plane._caption_text()},  # noqa: SLF001  (this room's own)
            "width": _SIZE[0],
            "height": _SIZE[1],
            "hovermode": "closest",
            "margin": {"r": 160},
        },
    )
    return {_PLOTLY: figure.to_plotly_json()}
