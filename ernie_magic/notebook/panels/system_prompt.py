"""The system prompt of the conversation that a panel's chat shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from ernie_magic.notebook.panels.widgets import set_visible
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.calls.chat.conversation import Conversation
    from ernie_magic.session import Session
    from ernie_magic.text.language import Language

_SYSTEM = Text("系统提示词", "System prompt")
_HINT = Text("对这个对话有效，新对话沿用", "for this conversation and new ones")
_LEAVE_OUT = Text("不发送它", "Leave it out")
_LEAVE_OUT_HINT = Text(
    "在这个面板里提问时，不发送会话的系统提示词",
    "Do not send the session's system prompt with what is asked in this panel",
)


class SystemPrompt:
    """A field for it. While it is empty the session's is sent, which it shows, unless that is left
    out.

    Parameters
    ----------
    session, language
    find_conversation
        Returns the conversation that is shown.
    on_change
        Called after each change by the user.

    Attributes
    ----------
    field : ipywidgets.Textarea
    leave_out : ipywidgets.ToggleButton
    """

    def __init__(
        self,
        session: Session,
        language: Language,
        find_conversation: Callable[[], Conversation],
        on_change: Callable[[], object],
    ) -> None:
        self._session = session
        self._hint = _HINT.say(language)
        self._find_conversation = find_conversation
        self._on_change = on_change
        self._is_updating = False
        self._shown: tuple[Conversation | None, str] = (None, "")  # as it was shown or typed last
        self.field = widgets.Textarea(
            description=_SYSTEM.say(language),
            placeholder=self._hint,
            rows=1,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )
        self.field.observe(self._on_typed, "value")
        self.leave_out = widgets.ToggleButton(
            description=_LEAVE_OUT.say(language),
            tooltip=_LEAVE_OUT_HINT.say(language),
            layout=widgets.Layout(width="auto"),
        )
        self.leave_out.observe(lambda _change: on_change(), "value")

    def show(self) -> None:
        """Show that of the conversation, and of the session, as they are now."""
        conversation = self._find_conversation()
        now = (conversation, conversation.system)
        # Only what is new: a result on another thread would undo what is being typed.
        if now != self._shown:
            self._shown = now
            self._is_updating = True
            self.field.value = conversation.system
            self._is_updating = False
        self._show_session()

    def _show_session(self) -> None:
        """Show what is sent while the field is empty."""
        system = self._session.settings.system
        self.field.placeholder = system or self._hint
        set_visible(self.leave_out, visible=bool(system) and not self.field.value)

    def _on_typed(self, _change: object) -> None:
        if self._is_updating:
            return
        conversation = self._find_conversation()
        self._shown = (conversation, self.field.value)
        conversation.system = self.field.value
        self._show_session()
        self._on_change()

    @property
    def given(self) -> str | None:
        """What is sent in the place of the session's; "" for none, None where that is sent."""
        system = self._session.settings.system
        if own := self._find_conversation().system:
            return own
        return "" if system and self.leave_out.value else None

    @property
    def sent(self) -> str:
        """What is sent."""
        given = self.given
        return self._session.settings.system if given is None else given
