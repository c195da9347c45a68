"""How vectors are shown: a heat map of similarities, texts as points on a plane, and plain text.

HTML and SVG that depend on nothing else. The browser draws the Chinese, so labels are always
readable, and a saved notebook shows the same.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.calls.embeddings import similarity
from ernie_magic.notebook.display.chat import EMULATED, PARTIAL, TOKENS, line_html
from ernie_magic.notebook.display.html_table import clip_to_line, display_width
from ernie_magic.text.language import Language, Text
from ernie_magic.text.sanitize import plain_html
from ernie_magic.text.visible import make_controls_visible

if TYPE_CHECKING:
    import numpy as np

    from ernie_magic.api.results import Embeddings

_MAX_TEXTS_WITH_HEAT = 12  # texts whose similarities are shown without being asked for
_SHAPE = Text("{n} 条 × {d} 维", "{n} texts x {d} dimensions")
_ASKED = Text("其中 {n} 条向服务请求", "{n} of them requested")
_LABEL_CHARACTERS = 20  # characters of a label
_MAX_HEAT_TEXTS = 60  # texts in a heat map: with more it is unreadable
_MAX_POINTS = 2000  # points on a plane
_MAX_LABELLED_POINTS = 60  # points with a written label; every point shows its label on hover
_SIZE = (720, 480)  # pixels
_PAD = 40
# JupyterLab's plotly extension draws it; every other front end uses the HTML
_PLOTLY = "application/vnd.plotly.v1+json"
_ROWS, _COLUMNS = 20, 72  # of the plain-text plane
_NOTE = Text("余弦相似度；{model}，{n} 条文本{more}", "cosine similarity; {model}, {n} texts{more}")
_MORE = Text("，显示前 {n} 条", ", the first {n} shown")
_PLANE = Text("{method} 平面图；{model}，{n} 条文本", "plane by {method}; {model}, {n} texts")
_DARK_SHARE = 0.55  # of the scale: above it a cell is dark, and its number white


def summary_line(embeddings: Embeddings, language: Language) -> str:
    """The footer's one line: model, shape, how many were requested, tokens."""
    n, d = embeddings.shape
    parts = [embeddings.model, _SHAPE.say(language, n=n, d=d)]
    if embeddings.asked < n:
        parts.append(_ASKED.say(language, n=embeddings.asked))
    parts.append(TOKENS.say(language, n=embeddings.usage.total_tokens))
    if embeddings.partial:
        parts.append(PARTIAL.say(language))
    return " · ".join(parts) + emulator_note(embeddings, language)


def emulator_note(embeddings: Embeddings, language: Language) -> str:
    """What the output says of vectors that no model made."""
    return f" · {EMULATED.say(language)}" if embeddings.is_simulated else ""


def mime_bundle(
    embeddings: Embeddings, language: Language
) -> tuple[dict[str, str], dict[str, Any]]:
    """The MIME bundle of the saved output, and its metadata.

    A few texts show their similarities; many show the summary.
    """
    line = summary_line(embeddings, language)
    heat = None
    if 1 < len(embeddings) <= _MAX_TEXTS_WITH_HEAT and embeddings.shape[1]:
        heat = Heat(embeddings, language)
        # Its caption says who answered.
        line = line.removesuffix(emulator_note(embeddings, language))
    data = {"text/html": f"<small>{line_html(line, language)}</small>", "text/plain": f"[{line}]"}
    if heat is not None:
        data = {
            "text/html": heat._repr_html_() + data["text/html"],
            "text/plain": f"{heat}\n{data['text/plain']}",
        }
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
        n, more = len(self.embeddings), ""
        if n > _MAX_HEAT_TEXTS:
            more = _MORE.say(self.language, n=_MAX_HEAT_TEXTS)
        return _NOTE.say(
            self.language, model=self.embeddings.model, n=n, more=more
        ) + emulator_note(self.embeddings, self.language)

    def _repr_html_(self) -> str:
        texts = self.embeddings.texts[:_MAX_HEAT_TEXTS]
        head = "".join(
            f'<th title="{_title_attribute(text)}" style="font-weight:normal;text-align:center;padding:2px 4px">{i}</th>'
            for i, text in enumerate(texts, start=1)
        )
        rows = []
        for i, (text, row) in enumerate(zip(texts, self.similarities, strict=True), start=1):
            cells = "".join(
                _cell_html(
                    float(value),
                    f"{i} × {j}: {value:.4f}&#10;{_title_attribute(text)}&#10;{_title_attribute(other)}",
                )
                for j, (other, value) in enumerate(zip(texts, row, strict=True), start=1)
            )
            label = f'<th title="{_title_attribute(text)}" style="font-weight:normal;text-align:left;white-space:nowrap;padding:2px 8px">{i}. {plain_html(clip_to_line(text, _LABEL_CHARACTERS))}</th>'
            rows.append(f"<tr>{label}{cells}</tr>")
        return (
            f'<div style="overflow-x:auto"><table style="border-collapse:collapse;font-size:85%"><thead><tr><td></td>{head}</tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table></div><p><small>{line_html(self._caption_text(), self.language)}</small></p>"
        )

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


def _cell_html(value: float, title: str) -> str:
    share = max(0.0, min(1.0, value))
    # From white to a deep blue; the number keeps a contrast ratio of at least 4.5 (WCAG 2.1,
    # 1.4.3).
    red, green, blue = (round(255 + (deep - 255) * share) for deep in (8, 48, 107))
    colour = "#fff" if share > _DARK_SHARE else "#000"
    return f'<td title="{title}" style="background:rgb({red},{green},{blue});color:{colour};text-align:center;padding:3px 5px;min-width:2.6em">{value:.2f}</td>'


def _title_attribute(text: str) -> str:
    return html.escape(clip_to_line(text, 200), quote=True)


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
            self.language, method=self.method, model=self.embeddings.model, n=len(self.embeddings)
        ) + emulator_note(self.embeddings, self.language)

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
        across, down = _SIZE
        marks = []
        labelled = len(self.embeddings) <= _MAX_LABELLED_POINTS
        for (x, y), text in zip(
            self._scale_points(across - 4 * _PAD, down - 2 * _PAD),
            self.embeddings.texts,
            strict=False,
        ):
            label = ""
            if labelled:
                label = f'<text x="{x + _PAD + 7:.1f}" y="{y + _PAD + 4:.1f}" font-size="13" fill="currentColor">{_svg_text(clip_to_line(text, _LABEL_CHARACTERS))}</text>'
            marks.append(
                f'<g><title>{_title_attribute(text).translate(_WIDE)}</title><circle cx="{x + _PAD:.1f}" cy="{y + _PAD:.1f}" r="4" fill="#2563eb"></circle>{label}</g>'
            )
        return (
            f'<svg role="img" aria-label="{_title_attribute(self._caption_text())}" viewBox="0 0 {across} {down}" style="max-width:{across}px;width:100%;height:auto" '
            f'xmlns="http://www.w3.org/2000/svg"><rect x="0.5" y="0.5" width="{across - 1}" height="{down - 1}" fill="none" stroke="currentColor" stroke-opacity="0.3"></rect>'
            f"{''.join(marks)}</svg><p><small>{line_html(self._caption_text(), self.language)}</small></p>"
        )

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


# A drawing's `<title>` cannot hold elements. There, full-width forms of the opening characters keep
# MathJax off.
_WIDE = {ord("$"): "＄", ord("\\"): "＼"}


def _svg_text(text: str) -> str:
    """Words as SVG, protected from MathJax as in `plain_html`; a drawing cannot hold a `span`."""
    return plain_html(text).replace("span>", "tspan>")


def _plotly_bundle(plane: Plane) -> dict[str, Any]:
    """The same as a plotly figure, if plotly is installed."""
    try:
        from plotly import graph_objects
    except ImportError:
        return {}
    texts = [clip_to_line(text, 200) for text in plane.embeddings.texts[:_MAX_POINTS]]
    mode, labels = "markers", None
    if len(texts) <= _MAX_LABELLED_POINTS:
        mode, labels = "markers+text", [clip_to_line(text, _LABEL_CHARACTERS) for text in texts]
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
            "margin": {"r": 4 * _PAD},
        },
    )
    return {_PLOTLY: figure.to_plotly_json()}
