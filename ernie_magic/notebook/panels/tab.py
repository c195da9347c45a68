"""What every tab has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.notebook.panels.widgets import heard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ernie_magic.calls.as_code import Code
    from ernie_magic.notebook.panels.code_box import CodeBox
    from ernie_magic.notebook.panels.model_picker import ModelList
    from ernie_magic.notebook.panels.selection import Chosen
    from ernie_magic.notebook.panels.task import Work
    from ernie_magic.notebook.panels.widgets import Composer
    from ernie_magic.runtime.observers import Watchers
    from ernie_magic.session import Session
    from ernie_magic.text.language import Text


class Tab:
    """One way to use the session.

    Parameters
    ----------
    session
    listed
        The service's models, shared by the panel's tabs.
    saved
        Called when what the notebook saves has changed.

    Attributes
    ----------
    widget : ipywidgets.Widget
    composer : Composer
    box : CodeBox
    work : Work
    chosen : Chosen
    """

    title: Text
    widget: Any
    composer: Composer
    box: CodeBox
    work: Work[Any]
    chosen: Chosen

    def __init__(self, session: Session, listed: ModelList, saved: Callable[[], object]) -> None:
        self.session, self.listed, self.saved = session, listed, saved
        self.language = session.settings.spoken
        self._ends: list[Callable[[], None]] = []

    def code(self) -> list[Code]:
        """The state as code, one text per cell.

        Raises
        ------
        ErnieError
            It is not a complete call yet.
        """
        raise NotImplementedError

    @property
    def busy(self) -> bool:
        """Whether a call is running."""
        return self.work.busy

    def send(self) -> None:
        """Start the tab's call."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop it; what has arrived stays."""
        self.work.stop()

    def heard(self, message: Mapping[str, Any]) -> bool:
        """Handle Ctrl+Enter or Shift+Enter in this tab's prompt; return whether the prompt was this
        tab's.

        The text comes with the message: the widget's own value may lag behind.
        """
        if message.get("where") != self.composer.where:
            return False
        heard(self.composer.send)
        self.composer.prompt.value = str(message.get("text", ""))
        self.send()
        return True

    def follow(self) -> None:
        """Show what the session has, and follow changes made elsewhere."""

    def watch(self, watchers: Watchers, function: Callable[[], object]) -> None:
        """Until `leave`, call `function` after each change.

        Its failures are shown here, and disturb nobody else's work.
        """
        self._ends.append(watchers.add(lambda: self.work.guard(function)))

    def leave(self) -> None:
        """Stop following: nobody is looking."""
        while self._ends:
            self._ends.pop()()

    def settled(self) -> None:
        """Update after a change of the session's settings."""
        self.chosen.settled()

    def saved_html(self) -> str:
        """What the notebook saves of it, as HTML; "" for nothing."""
        return ""

    def saved_turns(self) -> list[str]:
        """What the notebook saves of its turns, as HTML: one piece per turn."""
        return []
