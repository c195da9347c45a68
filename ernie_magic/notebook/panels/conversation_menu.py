"""The menu of a conversation in a panel: another name, a file, forgetting it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets as widgets

from ernie_magic.calls.chat.history import MAIN, TURNS
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.panels.confirmed_button import ConfirmedButton
from ernie_magic.notebook.panels.file_button import FileButton
from ernie_magic.notebook.panels.widgets import column, make_button, make_fold_button, row
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.calls.chat.conversation import Conversation
    from ernie_magic.notebook.panels.task import Task
    from ernie_magic.notebook.panels.widgets import Composer
    from ernie_magic.session import Session
    from ernie_magic.text.language import Language

_MANAGE = Text("管理对话", "Manage the conversation")
_NAME = Text("名称", "Name")
_DELETE = Text("删除", "Delete")
_SAVE = Text("保存", "Save")
_LOAD = Text("读取", "Load")
_SAVE_HINT = Text(
    "保存成 JSON 文件，放在笔记本旁（Jupyter 服务器上）",
    "Write a JSON file beside the notebook, on the Jupyter server",
)
_LOAD_HINT = Text(
    "从你的电脑读取保存的 JSON 文件；服务器上的用 ernie.load_conversation(…)",
    "Read a saved JSON file of your own computer; one on the server is read by "
    "ernie.load_conversation(…)",
)
_SAVED = Text("已保存：{file}", "saved: {file}")
_LOADED = Text("已读取：{name}（{turns}）", "loaded: {name} ({turns})")
_NOTHING = Text("还没有可保存的对话", "there is nothing to save yet")
_MAIN_STAYS = Text("main 是会话的主对话，不能改名", "main is the session's own: it keeps its name")
_TAKEN = Text("已有叫 {name} 的对话：请换一个名称", "{name} already exists: choose another name")
_CLEAR = Text("清空", "Clear")
_FORGETS = Text(
    "再按一次就忘掉“{name}”的{turns}，找不回来",
    "press again to forget {turns} of {name!r}, for good",
)


class ShowsConversation(Protocol):
    """What the menu needs of the tab that it belongs to.

    Attributes
    ----------
    session : Session
    language : "zh" | "en"
    composer : Composer
    task : Task
    shown_conversation : Conversation
    """

    session: Session
    language: Language
    composer: Composer
    task: Task[Any]
    shown_conversation: Conversation

    def show_conversation(self, name: str) -> None:
        """Show the conversation of that name."""

    def answered_elsewhere(self) -> str:
        """Return what is said while it is answered somewhere else."""


class ConversationMenu:
    """What can be done to the conversation that a chat shows.

    Parameters
    ----------
    tab

    Attributes
    ----------
    widgets : tuple of ipywidgets.Widget
        The button, and what it unfolds.
    rename_field : ipywidgets.Text
    save_button, clear_button, delete_button : ipywidgets.Button
    load_button : FileButton
    """

    def __init__(self, tab: ShowsConversation) -> None:
        language = tab.language
        self._tab = tab
        self._session = tab.session
        self._language = language
        self._status = tab.composer.status
        self._is_updating = False
        self.rename_field = widgets.Text(
            description=_NAME.say(language),
            continuous_update=False,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )
        self.rename_field.observe(self._on_renamed, "value")
        self.save_button = make_button(
            _SAVE.say(language), self._save_conversation, tooltip=_SAVE_HINT.say(language)
        )
        self.load_button = FileButton(
            _LOAD.say(language),
            _LOAD_HINT.say(language),
            ".json",
            "ernie-upload",
            lambda file: self._load_conversation(file.content),
        )
        self._clear = self._make_confirmed(_CLEAR, self._clear_conversation)
        self.clear_button = self._clear.button
        self._delete = self._make_confirmed(_DELETE, self._delete_conversation)
        self.delete_button = self._delete.button
        self.widgets = (self._make_menu_button(), self._make_menu())
        self.update()

    def _make_menu_button(self) -> widgets.Button:
        button = make_fold_button("", "ernie-menu-button")
        button.tooltip = _MANAGE.say(self._language)
        for class_ in ("ernie-icon", "ernie-icon-more"):
            button.add_class(class_)
        return button

    def _make_menu(self) -> widgets.VBox:
        return column(
            self.rename_field,
            row(self.save_button, self.load_button, name="ernie-menu-row"),
            row(self.clear_button, self.delete_button, name="ernie-menu-row"),
            name="ernie-menu",
        )

    def disarm(self) -> None:
        """Ask again before anything is forgotten."""
        self._clear.disarm()
        self._delete.disarm()

    def update(self) -> None:
        """The main conversation keeps its name, and stays."""
        is_main = self._tab.shown_conversation.name == MAIN
        self._is_updating = True
        self.rename_field.value = self._tab.shown_conversation.name
        self._is_updating = False
        self.rename_field.disabled = self.delete_button.disabled = is_main
        self.rename_field.tooltip = _MAIN_STAYS.say(self._language) if is_main else ""

    def _on_renamed(self, _change: object) -> None:
        """Give the conversation another name."""
        if self._is_updating:
            return
        name = self.rename_field.value.strip()
        conversations = self._session.conversations
        if self._tab.task.is_busy or not name or name == self._tab.shown_conversation.name:
            self.update()
        elif name in conversations:
            message = _TAKEN.say(self._language, name=name)
            self._status.show_message(message, is_error=True)
            self.update()
        else:
            self._tab.shown_conversation.rename(name)

    def _delete_conversation(self) -> None:
        """Forget this conversation, and show the main one."""
        if self._tab.task.is_busy or self._tab.shown_conversation.name == MAIN:
            return
        if self._tab.shown_conversation.is_answering:
            self._status.show_message(self._tab.answered_elsewhere(), is_error=True)
            return
        self._session.conversations.pop(self._tab.shown_conversation.name, None)

    def _save_conversation(self) -> None:
        """Write the conversation to a file beside the notebook."""
        status = self._status
        if not self._tab.shown_conversation.history:
            status.show_message(_NOTHING.say(self._language), is_error=True)
            return
        try:
            written = self._tab.shown_conversation.write_file()
        except ErnieError as error:
            self._tab.task.report_problem(error)
        else:
            parts = [_SAVED.say(self._language, file=written.path)]
            if written.pictures_left_out:
                parts += [note.say(self._language) for note in written.describe_changes()]
            status.show_message(" · ".join(parts), passes=len(parts) == 1)

    def _load_conversation(self, content: bytes) -> None:
        """Show a conversation from a file, beside those that are there."""
        if self._tab.task.is_busy:
            return
        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always")
            try:
                loaded = self._session.load_conversation(content)
            except ErnieError as error:
                self._tab.task.report_problem(error)
                return
        self._tab.show_conversation(loaded.name)
        message = _LOADED.say(
            self._language, name=loaded.name, turns=TURNS.say(self._language, len(loaded.history))
        )
        parts = [message, *(str(note.message) for note in notes)]
        self._status.show_message(" · ".join(parts), passes=not notes)

    def _make_confirmed(self, label: Text, function: Callable[[], object]) -> ConfirmedButton:
        return ConfirmedButton(
            label,
            self._language,
            self._describe_loss,
            lambda question: self._status.show_message(question, passes=True),
            function,
        )

    def _describe_loss(self) -> str:
        """What forgetting this conversation would lose, "" for nothing."""
        turns = len(self._tab.shown_conversation.history)
        if not turns:
            return ""
        said = TURNS.say(self._language, turns)
        return _FORGETS.say(self._language, name=self._tab.shown_conversation.name, turns=said)

    def _clear_conversation(self) -> None:
        self._tab.shown_conversation.reset()
