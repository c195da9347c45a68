"""The embed tab: texts in; their similarities as a heat map and on a plane; nearest neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from ernie_magic.api.requests import embedding_request
from ernie_magic.calls import as_code
from ernie_magic.calls.embeddings import similarity
from ernie_magic.config.deployed import choose_endpoint
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.display.embeddings import Heat, Plane, emulator_note, summary_line
from ernie_magic.notebook.display.heat_map import format_similarity
from ernie_magic.notebook.display.html_table import Table, clip_to_line
from ernie_magic.notebook.panels.prompt_values import fill_texts
from ernie_magic.notebook.panels.tab import Tab
from ernie_magic.notebook.panels.task import Task
from ernie_magic.notebook.panels.widgets import Composer, column, row, set_visible
from ernie_magic.text.language import Text
from ernie_magic.text.line_ends import split_lines
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from ernie_magic.api.results import Embeddings
    from ernie_magic.calls.as_code import Code

_RUN = Text("计算向量", "Compute vectors")
_TEXTS = Text("每行一条文本…", "One text per line…")
_NAME = Text("文本", "Texts")
_EXAMPLE = Text("一条文本", "a text")
_EXAMPLES = (
    Text("今天天气真好\n外面阳光明媚\n股票大涨", "Nice weather\nIt is sunny outside\nStocks soar"),
    Text("推荐一些美食\n好吃的面馆\n写代码", "Good food\nA noodle shop\nWriting code"),
    Text("猫在睡觉\n狗在跑步\n火车晚点", "A cat sleeps\nA dog runs\nThe train is late"),
)
_SHOWN = Text("显示", "Show")
_VIEWS = {"heat": Text("热图", "Heat map"), "plane": Text("平面图", "Map")}
_SELECTED = Text("与哪一条相近", "Nearest to")
_NEAREST = {"zh": ["#", "最相近的文本", "相似度"], "en": ["#", "nearest texts", "similarity"]}
_NEAREST_COUNT = 5
_LABEL_CHARACTERS = 40  # characters


class EmbedTab(Tab):
    """Texts, heat map, plane, nearest neighbours; see `Tab`."""

    title = Text("向量", "Vectors")

    def _build_widget(self) -> widgets.Widget:
        language = self.language
        self.embeddings: Embeddings | None = None
        self._saved_html = ""  # rendered once
        style = {"description_width": "initial"}
        self.composer = Composer(
            language,
            "embed",
            self.send_prompt,
            self.stop_call,
            label=_RUN,
            name=_NAME,
            placeholder=_TEXTS,
        )
        self.composer.prompt.rows = 4
        self.refresh_code_with_prompt()
        self.task: Task[Embeddings] = Task(language, self.composer.status, self.composer.set_busy)
        self.selection = self.make_selection("embedding")
        self.view = widgets.ToggleButtons(
            options=[(text.say(language), name) for name, text in _VIEWS.items()],
            description=_SHOWN.say(language),
            style={**style, "button_width": "auto"},
        )
        self.view.observe(lambda _change: self._redraw_view(), "value")
        set_visible(self.view, visible=False)
        self.summary = widgets.HTML()
        self.view_output = widgets.HTML()
        self.nearest_output = widgets.HTML()
        self.summary.add_class("ernie-summary")
        self.selected = widgets.Dropdown(
            description=_SELECTED.say(language), style=style, layout=widgets.Layout(width="auto")
        )
        self.selected.observe(lambda _change: self._show_nearest(), "value")
        self.result = row(
            column(self.view_output, name="ernie-view"),
            column(self.selected, self.nearest_output, name="ernie-nearest"),
            name="ernie-vectors",
        )
        set_visible(self.result, visible=False)
        self.start = self.make_examples(*_EXAMPLES)
        toolbar = row(self.selection.picker.widget, self.summary, self.view, name="ernie-toolbar")
        return self.lay_out(column(toolbar, self.start, self.result, name="ernie-sheet"))

    def _fill_texts(self, written: str) -> list[str]:
        """The texts of the lines, with the values of the notebook that their `{{…}}` name."""
        if self.composer.fill_in.value:
            return fill_texts("\n".join(split_lines(written)))
        return _texts_of(written)

    def send_prompt(self, prompt: str | None = None) -> None:
        """Ask for the vectors."""
        written = self.composer.prompt.value if prompt is None else prompt
        try:
            texts = self._fill_texts(written)
        except ErnieError as error:
            self.task.report_problem(error)
            return
        self.task.start_call(
            lambda: self.session.begin_embed(texts, model=self.selection.selected_model),
            lambda _batch: None,
            self._on_embeddings_received,
        )

    def _on_embeddings_received(
        self,
        embeddings: Embeddings | None,
        _problem: BaseException | None,
    ) -> None:
        if embeddings is None or not embeddings.shape[1]:
            return
        self.embeddings = embeddings
        line = summary_line(embeddings, self.language)
        heat = Heat(embeddings.known(), self.language)
        # That the emulator answered is said once: by the panel's header, and in what is saved by
        # the caption of the map.
        shown_line = line.removesuffix(emulator_note(embeddings, self.language))
        self._saved_html = f"{heat._repr_html_()}<p><small>{plain_html(shown_line)}</small></p>"
        self.summary.value = plain_html(shown_line.partition(" · ")[2])
        self.selected.options = [
            (f"{i}. {clip_to_line(text, _LABEL_CHARACTERS)}", i - 1)
            for i, text in enumerate(embeddings.texts, start=1)
        ]
        self.selected.index = 0  # ipywidgets leaves it unset
        set_visible(self.start, visible=False)
        for widget in (self.view, self.result):
            set_visible(widget, visible=True)
        self._redraw_view()
        self._show_nearest()
        self.save_output()

    def _redraw_view(self) -> None:
        if self.embeddings is not None:
            self.view_output.value = self._view_html(self.view.value)

    def _view_html(self, view: str) -> str:
        if self.embeddings is None:
            return ""
        known_embeddings = self.embeddings.known()
        if view == "plane" and len(known_embeddings) > 1:
            points, method = similarity.project_to_plane(known_embeddings.vectors)
            return Plane(known_embeddings, points, method, self.language).drawing_html()
        return Heat(known_embeddings, self.language).table_html()

    def _show_nearest(self) -> None:
        if self.embeddings is None or self.selected.value is None:
            return
        index = self.selected.value
        try:
            hits = [
                hit
                for hit in similarity.nearest_texts(
                    self.embeddings.vectors[index], self.embeddings, _NEAREST_COUNT + 1
                )
                if hit.index != index
            ][:_NEAREST_COUNT]
        except ErnieError as error:
            self.task.report_problem(error)
            return
        self.nearest_output.value = Table(
            _NEAREST[self.language],
            [
                [
                    str(hit.index + 1),
                    clip_to_line(hit.text),
                    format_similarity(hit.score, decimals=3),
                ]
                for hit in hits
            ],
        )._repr_html_()

    def generate_code(self) -> list[Code]:
        """The call as code."""
        endpoint = self.session.endpoint()
        request = embedding_request(
            _texts_of(self.composer.prompt.value) or [_EXAMPLE.say(self.language)],
            model=self.selection.picker.resolved_model,
            given={},
            extra={},
            rules=endpoint.rules,
            endpoint=choose_endpoint(
                "embedding",
                self.session.settings,
                endpoint.service,
                self.selection.selected_model,
            ),
        )
        return [
            as_code.code_for_embedding(
                request,
                endpoint,
                model=self.selection.selected_model or "",
                text_codes=[self.prompt_code(text) for text in request.texts],
            )
        ]

    def saved_html(self) -> str:
        """The heat map."""
        return self._saved_html


def _texts_of(written: str) -> list[str]:
    """The lines that are not blank."""
    return [line.strip() for line in split_lines(written) if line.strip()]
