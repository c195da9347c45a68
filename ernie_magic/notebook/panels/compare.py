"""The compare tab: one prompt, two to four models or settings, answers side by side.

Nothing here enters the history.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import ipywidgets as widgets

from ernie_magic.api.default_model import PREFERRED_CHAT
from ernie_magic.api.requests import ChatOptions
from ernie_magic.calls import as_code
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.display import chat as answers
from ernie_magic.notebook.display.html_table import clip_to_line
from ernie_magic.notebook.panels.advice import line_in_panel
from ernie_magic.notebook.panels.frontend import Transcript
from ernie_magic.notebook.panels.selection import Selection
from ernie_magic.notebook.panels.tab import Tab
from ernie_magic.notebook.panels.task import ALREADY_BUSY, Task
from ernie_magic.notebook.panels.turns import (
    BlocksView,
    answered_turn,
    open_turn,
    saved_open_turn_html,
    saved_prompt_html,
)
from ernie_magic.notebook.panels.widgets import (
    Composer,
    Status,
    box,
    column,
    make_fold_button,
    row,
    set_visible,
)
from ernie_magic.text.language import Text
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.api.results import Answer
    from ernie_magic.calls.as_code import Code
    from ernie_magic.calls.chat.conversation import Conversation
    from ernie_magic.text.language import Language

_COLUMNS = Text("列数", "Columns")
_SYSTEM = Text(
    "系统提示词（取自对话 {name}）：{text}", "system prompt (of the conversation {name}): {text}"
)
_SESSION_SYSTEM = Text("系统提示词（会话的设置）：{text}", "system prompt (the session's): {text}")
_ASK = Text("同一个提示词，问几个模型…", "One prompt for several models…")
_PARAMETERS = Text("参数", "Parameters")
_MEASURES = (Text("用时", "time"), Text("token", "tokens"), Text("token/秒", "tokens/s"))
_UNKNOWN = "–"
_EXAMPLES = (
    Text("用一句话解释什么是递归", "Explain recursion in one sentence"),
    Text("写一首关于春天的诗", "Write a poem about spring"),
    Text("列出三个城市和人口", "List three cities and their population"),
)
_MIN_COLUMNS = 2
_MAX_COLUMNS = 4


class _SavedAnswer(NamedTuple):
    """An answer of one column as the notebook saves it, as HTML."""

    prompt: str
    model: str
    markup: str


class _Column:
    """One model with its parameters and its answer."""

    def __init__(self, tab: CompareTab) -> None:
        session = tab.session
        language = tab.language
        self._session = session
        self._tab = tab
        self._language = language
        self._save_output = tab.save_output
        self.prompt = ""
        self.answer: Answer | None = None
        self.saved_html = ""  # the answer as the notebook keeps it, HTML
        self.transcript = Transcript(language)
        self.status = Status()
        self.task: Task[Answer] = Task(language, self.status, lambda _busy: tab.on_column_changed())
        self.selection = Selection(
            session, tab.model_list, "chat", language, tab.code_box.refresh_code
        )
        settings_button = make_fold_button("", "ernie-settings-button")
        settings_button.tooltip = _PARAMETERS.say(language)
        for class_ in ("ernie-icon", "ernie-icon-settings"):
            settings_button.add_class(class_)
        settings = column(self.selection.controls.widget, name="ernie-popover")
        self.measures = widgets.HTML()
        self.measures.add_class("ernie-measures")
        self._show_measures(None)
        head = box(
            self.selection.picker.widget, settings_button, settings, name="ernie-column-head"
        )
        self.widget = column(
            column(head, self.measures, name="ernie-column-top"),
            self.status.widget,
            self.transcript,
            name="ernie-compared",
        )

    @property
    def chat_options(self) -> ChatOptions:
        return ChatOptions(
            self.selection.request_parameters, self.selection.selected_model, history=False
        )

    def ask_model(self, prompt: str) -> bool:
        id_ = "answer"
        remote_images = self._session.settings.remote_images
        view = BlocksView(
            self._language,
            self.transcript,
            id_,
            save_turn=self._save_output,
            remote_images=remote_images,
        )
        view.name_model(self.selection.picker.resolved_model)

        def start_stream() -> Any:
            stream = self._tab.find_conversation().ask_with_options(prompt, self.chat_options)
            self.transcript.show_turns(
                [open_turn(id_, prompt, (), self.selection.picker.resolved_model)]
            )
            self._show_measures(None)
            self._save_output()
            return stream

        def show_outcome(answer: Answer | None, _problem: BaseException | None) -> None:
            self.answer = answer
            self.prompt = prompt
            if answer is not None:
                text = answers.text_html(answer, remote_images=remote_images)
                self.saved_html = answers.answer_html(answer, self._language, text)
                turn = answered_turn(id_, prompt, (), answer, self._language, text)
                self._show_measures(answer)
                self.transcript.put_turn({**turn, "footer": ""})
            else:
                self.transcript.drop_turns([id_])

        return self.task.start_call(
            start_stream, view.show_deltas, show_outcome, view.get_redraw_time
        )

    def saved_answers(self) -> list[_SavedAnswer]:
        """What the notebook saves: the answer, or what has come of the one that replaces it."""
        for entry in self.transcript.shown_turns:
            if entry["open"]:
                markup = saved_open_turn_html(
                    entry, self._language, is_simulated=self._session.client.is_simulated()
                )
                return [_SavedAnswer(entry["prompt"], entry["model"], markup)]
        if self.answer is None:
            return []
        markup = f"<div>{self.saved_html}</div>"
        return [_SavedAnswer(self.prompt, self.answer.model, markup)]

    def _show_measures(self, answer: Answer | None) -> None:
        """Show time, tokens and tokens a second: in their places even before they are known."""
        values = [_UNKNOWN] * len(_MEASURES)
        if answer is not None:
            values = _measure_answer(answer, self._language)
        self.measures.value = "".join(
            f"<span><b>{plain_html(value)}</b><small>{plain_html(name.say(self._language))}</small>"
            "</span>"
            for value, name in zip(values, _MEASURES, strict=True)
        )


def _measure_answer(answer: Answer, language: Language) -> list[str]:
    """Seconds, tokens, and tokens of the answer a second; a dash for what is unknown."""
    seconds = answers.describe_seconds(answer.seconds, language)
    if not answer.usage:
        return [seconds, _UNKNOWN, _UNKNOWN]
    rate = _UNKNOWN
    if answer.usage.completion_tokens and answer.seconds:
        rate = f"{answer.usage.completion_tokens / answer.seconds:.0f}"
    return [seconds, f"{answer.usage.total_tokens:,}", rate]


class CompareTab(Tab):
    """Columns under one prompt; see `Tab`."""

    title = Text("对比", "Compare")

    def _build_widget(self) -> widgets.Widget:
        language = self.language
        # Whose system prompt is sent; the panel sets the one that its chat shows.
        self.find_conversation: Callable[[], Conversation] = lambda: self.session.conversation
        self.columns: list[_Column] = []
        self._lock = threading.Lock()
        self.column_count = widgets.ToggleButtons(
            options=[(str(n), n) for n in range(_MIN_COLUMNS, _MAX_COLUMNS + 1)],
            description=_COLUMNS.say(language),
            style={"description_width": "initial", "button_width": "auto"},
        )
        self.composer = Composer(
            language, "compare", self.send_prompt, self.stop_call, placeholder=_ASK
        )
        self.refresh_code_with_prompt()
        self.side_by_side = row(name="ernie-columns")
        self.column_count.observe(lambda _change: self._lay_out_columns(), "value")
        self._lay_out_columns()
        self.start = self.make_examples(*_EXAMPLES)
        return self.lay_out(column(self.side_by_side, self.start, name="ernie-comparison"))

    def _header_widgets(self) -> tuple[widgets.Widget, ...]:
        return (self.column_count,)

    @property
    def _visible_columns(self) -> list[_Column]:
        return self.columns[: self.column_count.value]

    def _lay_out_columns(self) -> None:
        while len(self.columns) < self.column_count.value:
            self.columns.append(_Column(self))
            self.columns[-1].selection.picker.selected_model = self._other_model(
                len(self.columns) - 1
            )
        for column_ in self.columns[self.column_count.value :]:
            column_.task.stop_call()
        self.side_by_side.children = [column_.widget for column_ in self._visible_columns]
        self.code_box.refresh_code()

    def _other_model(self, index: int) -> str | None:
        """The default for the first column, the remaining preferred models for the others.

        Comparing a model with itself says little.
        """
        default = self.columns[0].selection.picker.default_model
        if not default:  # a server that may have none of these
            return None
        remaining_models = [
            model
            for model in PREFERRED_CHAT
            if model in self.model_list.model_ids and model != default
        ]
        if 0 < index <= len(remaining_models):
            return remaining_models[index - 1]
        return None

    def on_settings_changed(self) -> None:
        """Update after a change of the session's settings."""
        for column_ in self.columns:
            column_.selection.on_settings_changed()
        self._show_system_prompt()

    def follow_session(self) -> None:
        """Say which system prompt is sent, now and as it changes."""
        self.stop_following()
        self._unsubscribers.append(self.session.changed.add_watcher(self._show_system_prompt))
        self._show_system_prompt()

    def _show_system_prompt(self) -> None:
        conversation = self.find_conversation()
        note = ""
        if conversation.system:
            text = clip_to_line(conversation.system)
            note = _SYSTEM.say(self.language, name=conversation.name, text=text)
        elif system := self.session.settings.system:
            note = _SESSION_SYSTEM.say(self.language, text=clip_to_line(system))
        self.composer.show_note(note)

    def on_column_changed(self) -> None:
        """Update after a column has started or finished."""
        with self._lock:  # two may finish at once
            self.composer.set_busy(self.is_busy)
            self.column_count.disabled = self.is_busy
        if not self.is_busy:
            self.save_output()

    def send_prompt(self, prompt: str | None = None) -> None:
        """Ask all of them."""
        if self.is_busy:
            self.composer.status.show_message(ALREADY_BUSY.say(self.language), is_error=True)
            return
        try:
            prompt = self.fill_prompt(
                (self.composer.prompt_text if prompt is None else prompt).strip()
            )
        except ErnieError as error:
            self.composer.status.show_message(line_in_panel(error, self.language), is_error=True)
            return
        self.composer.status.show_message("")
        self._show_system_prompt()
        set_visible(self.start, visible=False)
        for column_ in self._visible_columns:
            column_.selection.update_controls()
            column_.ask_model(prompt)

    @property
    def is_busy(self) -> bool:
        """Whether one of them is running."""
        return any(column_.task.is_busy for column_ in self.columns)

    def stop_call(self) -> None:
        """Stop all of them."""
        for column_ in self.columns:
            column_.task.stop_call()

    def generate_code(self) -> list[Code]:
        """All the calls as code, one after another."""
        prompt = self.composer.prompt_text or _ASK.say(self.language)
        endpoint = self.session.endpoint()
        conversation = self.find_conversation()
        return [
            as_code.code_for_chat(
                conversation.plan_prompt(prompt, each.chat_options).build_request(
                    each.selection.picker.resolved_model
                ),
                endpoint,
                conversation=conversation.name,
                given=each.selection.request_parameters,
                model=each.selection.selected_model or "",
                history=False,
                prompt_code=self.prompt_code(prompt),
            )
            for each in self._visible_columns
        ]

    def saved_turns(self) -> list[str]:
        """The answers, one below another: a saved page is too narrow for columns."""
        pieces: list[str] = []
        shown_prompt = ""
        for column_ in self._visible_columns:
            for saved in column_.saved_answers():
                if saved.prompt != shown_prompt:
                    shown_prompt = saved.prompt
                    pieces.append(saved_prompt_html(shown_prompt))
                pieces.append(f"<p><b>{plain_html(saved.model)}</b></p>{saved.markup}")
        return ["\n".join(pieces)] if pieces else []
