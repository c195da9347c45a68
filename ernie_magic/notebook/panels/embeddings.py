"""The embed tab: texts in; their similarities as a heat map and on a plane; nearest neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from ernie_magic.api.requests import embedding_request
from ernie_magic.calls import as_code
from ernie_magic.calls.embeddings import similarity
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.display.embeddings import Heat, Plane, summary
from ernie_magic.notebook.display.html_table import Table, clip
from ernie_magic.notebook.panels.code_box import CodeBox
from ernie_magic.notebook.panels.selection import Chosen
from ernie_magic.notebook.panels.tab import Tab
from ernie_magic.notebook.panels.task import Work
from ernie_magic.notebook.panels.widgets import Composer, column, row, seen
from ernie_magic.text.language import Text
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.api.results import Embeddings
    from ernie_magic.calls.as_code import Code
    from ernie_magic.notebook.panels.model_picker import ModelList
    from ernie_magic.session import Session

_RUN, _TEXTS = Text("计算向量", "Compute vectors"), Text("每行一条文本…", "One text per line…")
_NAME, _EXAMPLE = Text("文本", "Texts"), Text("一条文本", "a text")
_SHOWN = Text("显示", "Show")
_VIEWS = {"heat": Text("热图", "Heat map"), "plane": Text("平面图", "Map")}
_SELECTED = Text("与哪一条相近", "Nearest to")
_NEAREST = {"zh": ["#", "最相近的文本", "相似度"], "en": ["#", "nearest texts", "similarity"]}
_K = 5
_LABEL = 40  # characters


class EmbedTab(Tab):
    """Texts, heat map, plane, nearest neighbours; see `Tab`."""

    title = Text("向量", "Vectors")

    def __init__(self, session: Session, listed: ModelList, saved: Callable[[], object]) -> None:
        super().__init__(session, listed, saved)
        say = self.language
        self.embeddings: Embeddings | None = None
        self._kept = ""  # rendered once
        style = {"description_width": "initial"}
        self.composer = Composer(
            say, "embed", self.send, self.stop, label=_RUN, name=_NAME, placeholder=_TEXTS
        )
        self.composer.prompt.rows = 6
        self.composer.prompt.observe(lambda _change: self.box.refresh(), "value")
        self.work: Work[Embeddings] = Work(say, self.composer.status, self.composer.busy)
        self.box = CodeBox(say, self.code)
        self.chosen = Chosen(session, listed, "embedding", say, self.box.refresh)
        self.view = widgets.ToggleButtons(
            options=[(text.say(say), name) for name, text in _VIEWS.items()],
            description=_SHOWN.say(say),
            style={**style, "button_width": "auto"},
        )
        self.view.observe(lambda _change: self._draw(), "value")
        self.drawn, self.near = widgets.HTML(), widgets.HTML()
        self.selected = widgets.Dropdown(
            description=_SELECTED.say(say), style=style, layout=widgets.Layout(width="auto")
        )
        self.selected.observe(lambda _change: self._look(), "value")
        self.result = column(self.view, self.drawn, self.selected, self.near, name="ernie-vectors")
        seen(self.result, visible=False)
        main = column(self.composer.widget, self.result, self.box.widget, name="ernie-main")
        self.widget = row(
            main, column(self.chosen.picker.widget, name="ernie-side"), name="ernie-tab"
        )

    @property
    def _texts(self) -> list[str]:
        return [line.strip() for line in self.composer.prompt.value.splitlines() if line.strip()]

    def send(self) -> None:
        """Ask for the vectors."""
        self.work.begin(
            lambda: self.session.begin_embed(self._texts or [""], model=self.chosen.model),
            lambda _batch: None,
            self._came,
        )

    def _came(self, embeddings: Embeddings | None, _problem: BaseException | None) -> None:
        if embeddings is None or not embeddings.shape[1]:
            return
        self.embeddings = embeddings
        self._kept = f"{self._drawing('heat')}<p><small>{plain_html(summary(embeddings, self.language))}</small></p>"
        self.selected.options = [
            (f"{i}. {clip(text, _LABEL)}", i - 1)
            for i, text in enumerate(embeddings.texts, start=1)
        ]
        self.selected.index = 0  # ipywidgets leaves it unset
        seen(self.result, visible=True)
        self._draw()
        self._look()
        self.saved()

    def _draw(self) -> None:
        if self.embeddings is not None:
            self.drawn.value = self._drawing(self.view.value)

    def _drawing(self, view: str) -> str:
        if self.embeddings is None:
            return ""
        known = self.embeddings.known()
        if view == "plane" and len(known) > 1:
            points, method = similarity.plane(known.vectors)
            return Plane(known, points, method, self.language)._repr_html_()
        return Heat(known, self.language)._repr_html_()

    def _look(self) -> None:
        if self.embeddings is None or self.selected.value is None:
            return
        place = self.selected.value
        try:
            found = [
                hit
                for hit in similarity.nearest(
                    self.embeddings.vectors[place], self.embeddings, _K + 1
                )
                if hit.index != place
            ][:_K]
        except ErnieError as error:
            self.work.tell(error)
            return
        self.near.value = Table(
            _NEAREST[self.language],
            [[str(hit.index + 1), clip(hit.text), f"{hit.score:.3f}"] for hit in found],
        )._repr_html_()

    def code(self) -> list[Code]:
        """The call as code."""
        at = self.session.endpoint()
        request = embedding_request(
            self._texts or [_EXAMPLE.say(self.language)],
            model=self.chosen.picker.resolved,
            given={},
            extra={},
            rules=at.rules,
        )
        return [as_code.of_embedding(request, at, model=self.chosen.model or "")]

    def saved_html(self) -> str:
        """The heat map."""
        return self._kept
