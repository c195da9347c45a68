"""What every tab has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from ernie_magic.notebook.panels.code_box import CodeBox
from ernie_magic.notebook.panels.prompt_values import fill_prompt, python_code
from ernie_magic.notebook.panels.selection import Selection
from ernie_magic.notebook.panels.widgets import (
    acknowledge_click,
    box,
    column,
    make_examples,
    make_fold_button,
    row,
)
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import ipywidgets as widgets

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.calls.as_code import Code
    from ernie_magic.notebook.panels.model_picker import ModelList
    from ernie_magic.notebook.panels.task import Task
    from ernie_magic.notebook.panels.widgets import Composer
    from ernie_magic.runtime.observers import Watchers
    from ernie_magic.session import Session

_START = Text("从这里开始", "Start here")
_SETTINGS = Text("模型与参数", "Model and parameters")


class Tab(ABC):
    """One way to use the session.

    Parameters
    ----------
    session
    model_list
        The service's models, shared by the panel's tabs.
    save_output
        Called when what the notebook saves has changed.

    Attributes
    ----------
    widget : ipywidgets.Widget
    header : ipywidgets.Widget
        What the tab puts into the panel's header.
    composer : Composer
    code_box : CodeBox
    task : Task
    selection : Selection
    """

    title: Text
    composer: Composer
    task: Task[Any]
    selection: Selection

    def __init__(
        self,
        session: Session,
        model_list: ModelList,
        save_output: Callable[[], object],
    ) -> None:
        self.session = session
        self.model_list = model_list
        self.save_output = save_output
        self.language = session.settings.interface_language
        self._unsubscribers: list[Callable[[], None]] = []
        self.code_box = CodeBox(self.language, self.generate_code)
        self.widget = self._build_widget()
        self.composer.fill_in.observe(lambda _change: self.code_box.refresh_code(), "value")
        self.header = row(*self._header_widgets(), self.code_box.show, name="ernie-head")

    def _header_widgets(self) -> tuple[widgets.Widget, ...]:
        """What stands in the panel's header, beside the button for the code."""
        return ()

    def lay_out(self, content: widgets.Widget, *rail: widgets.Widget) -> widgets.Widget:
        """A tab: its content over its composer, and its settings in a rail at the right.

        In a narrow panel the rail is folded above the composer.
        """
        content.add_class("ernie-content")
        self.code_box.widget.add_class("ernie-code-area")
        parts = [content, self.code_box.widget, self.composer.widget]
        if rail:
            fold_button = make_fold_button(_SETTINGS.say(self.language), "ernie-rail-button")
            parts += [fold_button, column(*rail, name="ernie-rail")]
        return box(*parts, name="ernie-tab")

    @abstractmethod
    def _build_widget(self) -> widgets.Widget:
        """Make the tab's parts, and the widget that holds them."""

    def make_examples(self, *prompts: Text) -> widgets.Widget:
        """What the tab shows while it is empty: prompts, each sent by a click."""
        return make_examples(
            _START.say(self.language),
            [prompt.say(self.language) for prompt in prompts],
            self._send_example,
        )

    def _send_example(self, prompt: str) -> None:
        self.composer.prompt.value = prompt
        self.send_prompt(prompt)

    def make_selection(self, kind: Kind) -> Selection:
        """A list of models with controls; the tab's code follows it."""
        return Selection(
            self.session, self.model_list, kind, self.language, self.code_box.refresh_code
        )

    def refresh_code_with_prompt(self) -> None:
        """Let the tab's code follow the prompt."""
        self.composer.prompt.observe(lambda _change: self.code_box.refresh_code(), "value")

    @abstractmethod
    def generate_code(self) -> list[Code]:
        """The state as code, one text per cell.

        Raises
        ------
        ErnieError
            It is not a complete call yet.
        """

    @property
    def is_busy(self) -> bool:
        """Whether a call is running."""
        return self.task.is_busy

    @abstractmethod
    def send_prompt(self, prompt: str | None = None) -> None:
        """Start the tab's call, with what is written if no prompt is given."""

    def fill_prompt(self, prompt: str) -> str:
        """A prompt with the values of the notebook that its `{{…}}` name.

        Raises
        ------
        InvalidExpression
        """
        if not self.composer.fill_in.value:
            return prompt
        return fill_prompt(prompt)

    def prompt_code(self, prompt: str) -> str:
        """The prompt as Python where values are filled into it, "" where it is sent as it stands."""
        if not self.composer.fills_in:
            return ""
        return python_code(prompt)

    def stop_call(self) -> None:
        """Stop it; what has arrived stays."""
        self.task.stop_call()

    def handle_submit(self, message: Mapping[str, Any]) -> bool:
        """Handle a prompt that the page sends; return whether it was this tab's.

        The text comes with the message: the widget's own value may lag behind, also that of a box
        which the page has emptied. Only the page writes into the box: ipywidgets sends what is typed
        when its last message has been handled, and that would undo what is written here.
        """
        if message.get("where") != self.composer.prompt_class:
            return False
        acknowledge_click(self.composer.send_button)
        self.send_prompt(str(message.get("text", "")))
        return True

    def follow_session(self) -> None:  # noqa: B027  (some tabs follow nothing)
        """Show what the session has, and follow changes made elsewhere."""

    def watch_changes(self, watchers: Watchers, function: Callable[[], object]) -> None:
        """Until `stop_following`, call `function` after each change.

        Its failures are shown here, and disturb nobody else's work.
        """
        self._unsubscribers.append(watchers.add_watcher(lambda: self.task.run_guarded(function)))

    def stop_following(self) -> None:
        """Stop following: nobody is looking."""
        while self._unsubscribers:
            self._unsubscribers.pop()()

    def on_settings_changed(self) -> None:
        """Update after a change of the session's settings."""
        self.selection.on_settings_changed()

    def saved_html(self) -> str:
        """What the notebook saves of it, as HTML; "" for nothing."""
        return ""

    def saved_turns(self) -> list[str]:
        """What the notebook saves of its turns, as HTML: one piece per turn."""
        return []
