"""The compare tab: one prompt, two to four models or settings, answers side by side.

Nothing here enters the history.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ernie_magic.api import models
from ernie_magic.api.requests import ChatOptions
from ernie_magic.calls import as_code
from ernie_magic.notebook.display import chat as answers
from ernie_magic.notebook.display.html_table import clip
from ernie_magic.notebook.panels.code_box import CodeBox
from ernie_magic.notebook.panels.frontend import Transcript
from ernie_magic.notebook.panels.selection import Chosen
from ernie_magic.notebook.panels.tab import Tab
from ernie_magic.notebook.panels.task import BUSY, Work
from ernie_magic.notebook.panels.turns import BlocksView, answered_turn, kept_prompt, open_turn
from ernie_magic.notebook.panels.widgets import Composer, Status, column, row
from ernie_magic.text.language import Text
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.api.results import Answer
    from ernie_magic.calls.as_code import Code
    from ernie_magic.notebook.panels.model_picker import ModelList
    from ernie_magic.session import Session

_COLUMNS = Text("列数", "Columns")
_SYSTEM = Text(
    "系统提示词（取自对话 main）：{text}", "system prompt (of the conversation main): {text}"
)
_ASK = Text("同一个提示词，问几个模型…", "One prompt for several models…")
_PARAMETERS = Text("参数", "Parameters")
_FEWEST, _MOST = 2, 4


class _Column:
    """One model with its parameters and its answer."""

    def __init__(self, tab: CompareTab) -> None:
        session, say = tab.session, tab.language
        self._session, self._language = session, say
        self.prompt = ""
        self.answer: Answer | None = None
        self.kept = ""  # the answer as the notebook keeps it, HTML
        self.transcript = Transcript(say)
        self.status = Status()
        self.work: Work[Answer] = Work(say, self.status, lambda _busy: tab.one_changed())
        self.chosen = Chosen(session, tab.listed, "chat", say, tab.box.refresh)
        self.folded = widgets.Accordion(
            [self.chosen.controls.widget], titles=(_PARAMETERS.say(say),), selected_index=None
        )
        self.widget = column(
            self.chosen.picker.widget,
            self.folded,
            self.status.widget,
            self.transcript,
            name="ernie-compared",
        )

    @property
    def options(self) -> ChatOptions:
        return ChatOptions(self.chosen.given, self.chosen.model, history=False)

    def ask(self, prompt: str) -> bool:
        id_ = "answer"
        remote_images = self._session.settings.remote_images
        view = BlocksView(self._language, self.transcript, id_, remote_images=remote_images)

        def made() -> Any:
            stream = self._session.conversation.ask(prompt, self.options)
            self.transcript.show([open_turn(id_, prompt, (), self.chosen.picker.resolved)])
            return stream

        def end(answer: Answer | None, _problem: BaseException | None) -> None:
            self.answer, self.prompt = answer, prompt
            if answer is not None:
                text = answers.body(answer, remote_images=remote_images)
                self.kept = answers.page(answer, self._language, text)
                self.transcript.put(answered_turn(id_, prompt, (), answer, self._language, text))
            else:
                self.transcript.drop([id_])

        return self.work.begin(made, view.show, end)


class CompareTab(Tab):
    """Columns under one prompt; see `Tab`."""

    title = Text("对比", "Compare")

    def __init__(self, session: Session, listed: ModelList, saved: Callable[[], object]) -> None:
        super().__init__(session, listed, saved)
        say = self.language
        self.columns: list[_Column] = []
        self._lock = threading.Lock()
        self.number = widgets.ToggleButtons(
            options=[(str(n), n) for n in range(_FEWEST, _MOST + 1)],
            description=_COLUMNS.say(say),
            style={"description_width": "initial", "button_width": "auto"},
        )
        self.composer = Composer(say, "compare", self.send, self.stop, placeholder=_ASK)
        self.composer.prompt.observe(lambda _change: self.box.refresh(), "value")
        self.box = CodeBox(say, self.code)
        self.side_by_side = row(name="ernie-columns")
        self.number.observe(lambda _change: self._lay_out(), "value")
        self._lay_out()
        self.widget = column(
            self.composer.widget, self.number, self.side_by_side, self.box.widget, name="ernie-tab"
        )

    @property
    def _used(self) -> list[_Column]:
        return self.columns[: self.number.value]

    def _lay_out(self) -> None:
        while len(self.columns) < self.number.value:
            self.columns.append(_Column(self))
            self.columns[-1].chosen.picker.value = self._other_model(len(self.columns) - 1)
        for column_ in self.columns[self.number.value :]:
            column_.work.stop()
        self.side_by_side.children = [column_.widget for column_ in self._used]
        self.box.refresh()

    def _other_model(self, place: int) -> str | None:
        """The default for the first column, the remaining preferred models for the others.

        Comparing a model with itself says little.
        """
        default = self.columns[0].chosen.picker.default
        left = [
            model
            for model in models.PREFERRED_CHAT
            if model in self.listed.ids and model != default
        ]
        return left[place - 1] if 0 < place <= len(left) else None

    def settled(self) -> None:
        """Update after a change of the session's settings."""
        for column_ in self.columns:
            column_.chosen.settled()

    def one_changed(self) -> None:
        """Update after a column has started or finished."""
        with self._lock:  # two may finish at once
            self.composer.busy(self.busy)
            self.number.disabled = self.busy
        if not self.busy:
            self.saved()

    def send(self) -> None:
        """Ask all of them."""
        if self.busy:
            self.composer.status.say(BUSY.say(self.language), wrong=True)
            return
        self.composer.status.say("")
        system = self.session.conversation.system
        self.composer.note(_SYSTEM.say(self.language, text=clip(system)) if system else "")
        for column_ in self._used:
            column_.chosen.fit()
            column_.ask(self.composer.text)

    @property
    def busy(self) -> bool:
        """Whether one of them is running."""
        return any(column_.work.busy for column_ in self.columns)

    def stop(self) -> None:
        """Stop all of them."""
        for column_ in self.columns:
            column_.work.stop()

    def code(self) -> list[Code]:
        """All the calls as code, one after another."""
        prompt = self.composer.text or _ASK.say(self.language)
        at, conversation = self.session.endpoint(), self.session.conversation
        return [
            as_code.of_chat(
                conversation.plan(prompt, each.options).request(each.chosen.picker.resolved),
                at,
                conversation=conversation.name,
                given=each.chosen.given,
                model=each.chosen.model or "",
                history=False,
            )
            for each in self._used
        ]

    def saved_turns(self) -> list[str]:
        """The answers, one below another: a saved page is too narrow for columns."""
        found: list[str] = []
        asked = ""
        for column_ in self._used:
            if column_.answer is not None:
                found += [kept_prompt(column_.prompt)] if column_.prompt != asked else []
                found += [
                    f"<p><b>{plain_html(column_.answer.model)}</b></p>",
                    f"<div>{column_.kept}</div>",
                ]
                asked = column_.prompt
        return ["\n".join(found)] if found else []
