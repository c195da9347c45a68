"""Small pieces that every tab is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ernie_magic.text.language import Language, Text
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from collections.abc import Callable

SEND, STOP = Text("发送", "Send"), Text("停止", "Stop")
_HEARD = "ernie-heard"
_KEYS = Text("Ctrl+Enter 或 Shift+Enter", "Ctrl+Enter or Shift+Enter")
_PROMPT = Text("提示词", "Prompt")


def row(*children: widgets.Widget, name: str = "") -> widgets.HBox:
    """A row of widgets; what does not fit wraps."""
    box = widgets.HBox(children)
    box.add_class("ernie-row")
    if name:
        box.add_class(name)
    return box


def column(*children: widgets.Widget, name: str = "") -> widgets.VBox:
    """A column of widgets."""
    box = widgets.VBox(children)
    box.add_class("ernie-column")
    if name:
        box.add_class(name)
    return box


def button(
    text: str, act: Callable[[], object], *, tooltip: str = "", name: str = "", style: str = ""
) -> widgets.Button:
    """A button as wide as its words."""
    made = widgets.Button(
        description=text,
        tooltip=tooltip or text,
        button_style=style,
        layout=widgets.Layout(width="auto"),
    )
    made.add_class("ernie-button")
    if name:
        made.add_class(name)

    def clicked(_button: widgets.Button) -> None:
        heard(made)
        act()

    made.on_click(clicked)
    return made


def heard(made: widgets.Button) -> None:
    """Tell the page that a click has arrived: until then it says that the kernel is busy."""
    (made.remove_class if _HEARD in made._dom_classes else made.add_class)(_HEARD)  # noqa: SLF001  (ipywidgets has no other way to read them)


def seen(widget: widgets.DOMWidget, visible: bool) -> None:
    """Show it, or hide it from sight, keyboard and screen readers."""
    widget.layout.display = None if visible else "none"


def close(widget: widgets.Widget) -> None:
    """Close a widget with all its parts, here and on the page."""
    for part in (
        *getattr(widget, "children", ()),
        getattr(widget, "layout", None),
        getattr(widget, "style", None),
    ):
        if part is not None:
            close(part)
    widget.close()


class Status:
    """A line that says what is going on, or what went wrong."""

    def __init__(self) -> None:
        self.widget = widgets.HTML()
        self.widget.add_class("ernie-status")
        self.text = ""
        self.wrong = False
        seen(self.widget, visible=False)

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show a text; errors stand out, and are announced at once (WAI-ARIA `role="alert"`)."""
        self.text, self.wrong = text, wrong
        seen(self.widget, visible=bool(text))
        kind = "error" if wrong else "news"
        role = " role=alert" if wrong else ""
        shown = f'<span class="ernie-{kind}"{role}>{plain_html(text)}</span>'
        self.widget.value = shown if text else ""


class Composer:
    """Where a prompt is written, sent and stopped.

    Parameters
    ----------
    language
    where
        Its name within the panel: Ctrl+Enter and Shift+Enter in it are reported under this name.
    send, stop
        Called by buttons and keys.
    label, name
        The button that sends; what is written.
    placeholder
        What an empty prompt shows.
    extras
        Widgets beside the buttons.
    """

    def __init__(
        self,
        language: Language,
        where: str,
        send: Callable[[], object],
        stop: Callable[[], object],
        *,
        label: Text = SEND,
        name: Text = _PROMPT,
        placeholder: Text = _PROMPT,
        extras: tuple[Any, ...] = (),
    ) -> None:
        self.where = f"ernie-at-{where}"
        self.prompt = widgets.Textarea(
            description=name.say(language),
            placeholder=placeholder.say(language),
            rows=3,
            layout=widgets.Layout(width="auto"),
        )
        for class_ in ("ernie-prompt", self.where):
            self.prompt.add_class(class_)
        self.send = button(
            label.say(language),
            send,
            tooltip=_KEYS.say(language),
            style="primary",
            name="ernie-send",
        )
        self.stop = button(STOP.say(language), stop, name="ernie-stop")
        self.stop.disabled = True
        self.status = Status()
        self.notes = widgets.HTML()
        self.notes.add_class("ernie-notes")
        self.widget = column(
            self.prompt,
            row(self.send, self.stop, *extras, self.notes),
            self.status.widget,
            name="ernie-composer",
        )

    @property
    def text(self) -> str:
        """What is sent: as in a cell, without surrounding blanks."""
        return str(self.prompt.value).strip()

    def busy(self, is_busy: bool) -> None:
        """While a call runs it can be stopped, and no other can begin."""
        self.send.disabled, self.stop.disabled = is_busy, not is_busy

    def note(self, text: str) -> None:
        """A quiet remark beside the buttons."""
        self.notes.value = plain_html(text)
