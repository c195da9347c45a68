"""Small pieces that every tab is made of."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ernie_magic.text.language import Language, Text
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SEND = Text("发送", "Send")
STOP = Text("停止", "Stop")
_ACKNOWLEDGED = "ernie-heard"
_PASSES_AFTER = 7.0  # seconds: the page has taken it away before
_KEYS = Text("Ctrl+Enter 或 Shift+Enter", "Ctrl+Enter or Shift+Enter")
_KEYS_HINT = Text("Ctrl+Enter", "Ctrl+Enter")
_PROMPT = Text("提示词", "Prompt")
_DOUBLED = ("{{", "｛｛")  # braces that somebody means to be filled in
_FILL_IN = Text(
    "{{ }} 里的名称换成笔记本里的值", "{{ }}: names are replaced by values of the notebook"
)


def box(*children: widgets.Widget, name: str) -> widgets.Box:
    """Widgets that frontend.css lays out."""
    plain_box = widgets.Box(children)
    plain_box.add_class(name)
    return plain_box


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


def make_button(
    text: str,
    on_click: Callable[[], object],
    *,
    tooltip: str = "",
    name: str = "",
    style: str = "",
) -> widgets.Button:
    """A button as wide as its words."""
    new_button = widgets.Button(
        description=text,
        tooltip=tooltip or text,
        button_style=style,
        layout=widgets.Layout(width="auto"),
    )
    new_button.add_class("ernie-button")
    if name:
        new_button.add_class(name)

    def handle_click(_button: widgets.Button) -> None:
        acknowledge_click(new_button)
        on_click()

    new_button.on_click(handle_click)
    return new_button


def make_icon_button(
    icon: str,
    label: str,
    on_click: Callable[[], object],
    *,
    name: str = "",
) -> widgets.Button:
    """A button that shows an icon of frontend.css; its label is its tooltip and its name."""
    new_button = make_button("", on_click, tooltip=label, name=name)
    for class_ in ("ernie-icon", f"ernie-icon-{icon}"):
        new_button.add_class(class_)
    return new_button


def make_icon_toggle(
    icon: str,
    label: str,
    *,
    value: bool = False,
    name: str = "",
) -> widgets.ToggleButton:
    """A toggle button that shows an icon of frontend.css; its label is its tooltip and its name."""
    toggle = widgets.ToggleButton(value, tooltip=label, layout=widgets.Layout(width="auto"))
    for class_ in ("ernie-icon", f"ernie-icon-{icon}", *([name] if name else [])):
        toggle.add_class(class_)
    return toggle


def make_fold_button(text: str, name: str) -> widgets.Button:
    """A button that folds what follows it, and unfolds it; the page does so by itself."""
    button = widgets.Button(description=text, layout=widgets.Layout(width="auto"))
    for class_ in ("ernie-fold", "ernie-offline", name):
        button.add_class(class_)
    return button


def make_examples(
    lead: str,
    prompts: Sequence[str],
    on_choose: Callable[[str], object],
) -> widgets.VBox:
    """What an empty tab shows: prompts to begin with, each a button."""
    buttons = [
        make_button(prompt, partial(on_choose, prompt), name="ernie-example") for prompt in prompts
    ]
    return column(widgets.HTML(plain_html(lead)), *buttons, name="ernie-start")


def acknowledge_click(clicked_button: widgets.Button) -> None:
    """Tell the page that a click has arrived: until then it says that the kernel is busy."""
    # ipywidgets has no other way to read a widget's classes.
    if _ACKNOWLEDGED in clicked_button._dom_classes:  # noqa: SLF001
        clicked_button.remove_class(_ACKNOWLEDGED)
    else:
        clicked_button.add_class(_ACKNOWLEDGED)


def view_data(widget: widgets.Widget) -> dict[str, Any]:
    """The part of a display that shows a widget
    (https://github.com/jupyter-widgets/ipywidgets/blob/main/packages/schema/messages.md).
    """
    return {
        "application/vnd.jupyter.widget-view+json": {
            "version_major": 2,
            "version_minor": 0,
            "model_id": widget.model_id,
        }
    }


def set_class(widget: widgets.DOMWidget, name: str, is_set: bool) -> None:
    """Give a widget a CSS class, or take it away."""
    if is_set:
        widget.add_class(name)
    else:
        widget.remove_class(name)


def set_visible(widget: widgets.DOMWidget, visible: bool) -> None:
    """Show it, or hide it from sight, keyboard and screen readers."""
    widget.layout.display = None if visible else "none"


def iter_fields(widget: widgets.Widget) -> Iterator[widgets.Text | widgets.Textarea]:
    """Iterate over the fields with text in a widget."""
    if isinstance(widget, (widgets.Text, widgets.Textarea)):
        yield widget
    for child in getattr(widget, "children", ()):
        yield from iter_fields(child)


def close_widget(widget: widgets.Widget) -> None:
    """Close a widget with all its parts, here and on the page."""
    for part in (
        *getattr(widget, "children", ()),
        getattr(widget, "layout", None),
        getattr(widget, "style", None),
    ):
        if part is not None:
            close_widget(part)
    widget.close()


class Status:
    """A line that says what is going on, or what went wrong; `name` is the class of its look."""

    def __init__(self, name: str = "ernie-status") -> None:
        self.widget = widgets.HTML()
        self.widget.add_class(name)
        self.text = ""
        self.is_error = False
        self._passing: threading.Timer | None = None
        set_visible(self.widget, visible=False)

    def show_message(
        self,
        text: str,
        *,
        is_error: bool = False,
        passes: bool = False,
    ) -> None:
        """Show a text; errors stand out, and are announced at once (WAI-ARIA `role="alert"`).

        Parameters
        ----------
        text
        is_error
        passes
            It tells of what is over: the page takes it away after some seconds (frontend.css), and
            a page that shows it again later does not have it any more.
        """
        if self._passing is not None:
            self._passing.cancel()
            self._passing = None
        self.text = text
        self.is_error = is_error
        set_visible(self.widget, visible=bool(text))
        kind = "error" if is_error else "news"
        if passes:
            kind += " ernie-passing"
        role = " role=alert" if is_error else ""
        markup = f'<span class="ernie-{kind}"{role}>{plain_html(text)}</span>'
        self.widget.value = markup if text else ""
        if text and passes:
            self._passing = threading.Timer(_PASSES_AFTER, self._pass, (self.widget.value,))
            self._passing.daemon = True
            self._passing.start()

    def _pass(self, markup: str) -> None:
        if self.widget.value == markup:
            self.show_message("")


class Composer:
    """Where a prompt is written, sent and stopped.

    Parameters
    ----------
    language
    prompt_name
        Its name within the panel: Ctrl+Enter and Shift+Enter in it are reported under this name.
    on_send, on_stop
        Called by buttons and keys.
    label, name
        The button that sends; what is written.
    placeholder
        What an empty prompt shows.
    status
        Stands above the prompt; one of its own when None.
    extras
        Widgets beside the buttons.
    above
        Widgets above what is written.
    is_cleared
        The page empties the box when it sends the prompt.
    """

    def __init__(
        self,
        language: Language,
        prompt_name: str,
        on_send: Callable[[], object],
        on_stop: Callable[[], object],
        *,
        label: Text = SEND,
        name: Text = _PROMPT,
        placeholder: Text = _PROMPT,
        status: Status | None = None,
        extras: tuple[Any, ...] = (),
        above: tuple[Any, ...] = (),
        is_cleared: bool = False,
    ) -> None:
        # Set by the panel: lets a page put a prompt back, where there has been one.
        self.return_on_page: Callable[[str, str], bool] = lambda _where, _prompt: False
        self.prompt_class = f"ernie-at-{prompt_name}"
        self.prompt = widgets.Textarea(
            description=name.say(language),
            placeholder=placeholder.say(language),
            rows=2,
            layout=widgets.Layout(width="auto"),
        )
        for class_ in ("ernie-prompt", self.prompt_class):
            self.prompt.add_class(class_)
        set_class(self.prompt, "ernie-cleared", is_cleared)
        self.send_button = make_button(
            label.say(language),
            on_send,
            tooltip=_KEYS.say(language),
            style="primary",
            name="ernie-send",
        )
        self.stop_button = make_button(
            STOP.say(language), on_stop, style="primary", name="ernie-stop"
        )
        self.stop_button.disabled = True
        self.status = status or Status()
        self.fill_in = widgets.ToggleButton(
            value=True,
            description="{{ }}",
            tooltip=_FILL_IN.say(language),
            layout=widgets.Layout(width="auto"),
        )
        self.fill_in.add_class("ernie-fill-in")
        self.prompt.observe(lambda _change: self._show_fill_in(), "value")
        self._show_fill_in()
        self.notes = widgets.HTML()
        self.notes.add_class("ernie-notes")
        keys = widgets.HTML(plain_html(_KEYS_HINT.say(language)))
        keys.add_class("ernie-keys")
        buttons = row(
            *extras,
            self.fill_in,
            self.notes,
            keys,
            self.send_button,
            self.stop_button,
            name="ernie-buttons",
        )
        self.widget = column(
            self.status.widget,
            column(*above, self.prompt, buttons, name="ernie-box"),
            name="ernie-composer",
        )

    @property
    def prompt_text(self) -> str:
        """What is sent: as in a cell, without surrounding blanks."""
        return str(self.prompt.value).strip()

    @property
    def fills_in(self) -> bool:
        """Whether the `{{…}}` of what is written are filled in."""
        return bool(self.fill_in.value) and "{{" in self.prompt.value

    def _show_fill_in(self) -> None:
        set_visible(self.fill_in, visible=any(mark in self.prompt.value for mark in _DOUBLED))

    def keep_braces(self, prompt: str) -> None:
        """Leave the braces of a prompt whose values were filled in before: they are words."""
        if "{{" in prompt:
            self.fill_in.value = False

    def return_prompt(self, prompt: str) -> None:
        """Put a prompt that was taken out back into the box, before anything written meanwhile."""
        if self.return_on_page(self.prompt_class, prompt):
            return
        if self.prompt_text != prompt:
            self.prompt.value = "\n\n".join(text for text in (prompt, self.prompt.value) if text)

    def set_busy(self, is_busy: bool) -> None:
        """While a call runs it can be stopped, and no other can begin: one button of two shows."""
        set_class(self.widget, "ernie-busy", is_busy)
        self.send_button.disabled = is_busy
        self.stop_button.disabled = not is_busy

    def show_note(self, text: str) -> None:
        """A quiet remark beside the buttons."""
        self.notes.value = plain_html(text)
