"""A button for what cannot be undone: its second press does it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ernie_magic.notebook.panels.widgets import make_button
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.text.language import Language

_SURE = Text("再按一次", "Sure?")
_SECONDS = 4.0  # within which a second press counts


class ConfirmedButton:
    """Asks at the first press, as far as there is something to lose.

    Parameters
    ----------
    label
    language
    find_question
        Returns what would be lost, in words; "" where nothing would.
    ask
        Shows that.
    function
        Called at the second press.

    Attributes
    ----------
    button : ipywidgets.Button
    """

    def __init__(
        self,
        label: Text,
        language: Language,
        find_question: Callable[[], str],
        ask: Callable[[str], object],
        function: Callable[[], object],
    ) -> None:
        self._label = label.say(language)
        self._sure = _SURE.say(language)
        self._find_question = find_question
        self._ask = ask
        self._function = function
        self._is_armed = False
        self.button = make_button(self._label, self._press)

    def _press(self) -> None:
        question = "" if self._is_armed else self._find_question()
        if not question:
            self.disarm()
            self._function()
            return
        self._is_armed = True
        self.button.description = self._sure
        self._ask(question)
        timer = threading.Timer(_SECONDS, self.disarm)
        timer.daemon = True
        timer.start()

    def disarm(self) -> None:
        """Ask again at the next press."""
        if self._is_armed:
            self._is_armed = False
            self.button.description = self._label
