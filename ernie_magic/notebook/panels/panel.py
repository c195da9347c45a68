"""The panel: tabs over one session, live in a notebook and saved in it for when the kernel is gone."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from IPython import get_ipython
from IPython.display import display

from ernie_magic.config.services import AI_STUDIO
from ernie_magic.errors import ErnieError, InvalidOption
from ernie_magic.notebook.panels.chat import ChatTab
from ernie_magic.notebook.panels.compare import CompareTab
from ernie_magic.notebook.panels.embeddings import EmbedTab
from ernie_magic.notebook.panels.frontend import PanelFrontend
from ernie_magic.notebook.panels.images import ImageTab
from ernie_magic.notebook.panels.model_picker import ModelList
from ernie_magic.notebook.panels.static_output import StaticOutput, section_html, title_html
from ernie_magic.notebook.panels.widgets import (
    Status,
    column,
    iter_fields,
    make_fold_button,
    row,
    set_class,
    set_visible,
    view_data,
)
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.calls.chat.conversation import Conversation
    from ernie_magic.notebook.panels.tab import Tab
    from ernie_magic.session import Session

TABS: dict[str, type[Tab]] = {
    "chat": ChatTab,
    "image": ImageTab,
    "embed": EmbedTab,
    "compare": CompareTab,
}
_WHERE = Text("面板", "Panel")
_CLOSE_DELAY = 0.3  # seconds
_EMULATED = Text(
    "内置模拟器在回答，不是真实模型。设置密钥：在 {page} 复制令牌，在 .env 文件里写"
    " AI_STUDIO_API_KEY=…，然后再运行一个单元格（详见 %ernie doctor）",
    "the built-in emulator answers, not a real model. To set a key: copy a token from {page}, write"
    " AI_STUDIO_API_KEY=… in the file .env, then run any cell (see %ernie doctor)",
).fill(page=AI_STUDIO.key_page)
_STANDS_IN = Text(
    "内置模拟器代替 {service} 在回答，不是真实模型",
    "the built-in emulator answers in the place of {service}, not a real model",
)
_NO_NOTEBOOK = Text(
    "面板要在笔记本里打开（JupyterLab、Notebook、VS Code）；这里用 %%ernie 提问，%ernie 列出其他命令",
    "the panel needs a notebook (JupyterLab, Notebook or VS Code); here %%ernie asks, and %ernie "
    "lists the other commands",
)
_SAVED_TITLE = Text("ERNIE 面板", "ERNIE panel")
_SAVED = Text(
    "这是保存下来的内容。要继续使用面板，请先运行 %load_ext ernie_magic，再运行这个单元格（新的内核里，面板从空的开始）",
    "This is what was saved. To use the panel, run %load_ext ernie_magic, then this cell; with a new "
    "kernel it starts empty.",
)
_SAVED_UNUSED = Text(
    "保存时里面还没有内容。要使用它，请先运行 %load_ext ernie_magic，再运行这个单元格；"
    "刚运行过却只看到这一行，是 Jupyter 服务器的环境里缺少 anywidget 和 ipywidgets：在那里安装 ernie-magic，"
    "再刷新页面",
    "Saved before anything was asked. To use it, run %load_ext ernie_magic, then this "
    "cell. If this line is all that a run shows, the Jupyter server's environment lacks anywidget "
    "and ipywidgets: install ernie-magic there, and reload the page",
)
_SERVICE_HINT = Text("谁在回答，怎样设置密钥", "who answers, and how to set a key")


class Panel:
    """Chat, pictures, vectors and comparison over one session; displays itself.

    Parameters
    ----------
    session
    tabs
        Which of "chat", "image", "embed" and "compare", in this order; all if none is named.

    Attributes
    ----------
    tabs : dict of Tab
        Those opened so far.
    widget : ipywidgets.VBox

    Raises
    ------
    InvalidOption
        There is no such tab.
    """

    def __init__(self, session: Session, *tabs: str) -> None:
        for name in tabs:
            if name not in TABS:
                raise session.with_language(
                    InvalidOption(
                        Text(
                            "面板没有“{name}”，可选：{known}",
                            "the panel has no {name!r}; choices: {known}",
                        ).fill(name=name, known=", ".join(TABS)),
                        advice=did_you_mean(str(name), TABS),
                    )
                )
        self._session = session
        self._language = session.settings.interface_language
        self._names = tabs or tuple(TABS)
        self.tabs: dict[str, Tab] = {}
        self._closing: threading.Timer | None = None
        self._static_outputs: list[StaticOutput] = []  # one for each time it was displayed
        self._list_status = Status()
        self._model_list = ModelList(
            session, lambda text: self._list_status.show_message(text, is_error=True)
        )
        self._frontend = PanelFrontend(self._language, self._on_frontend_message)
        self.choice = widgets.ToggleButtons(
            options=[(TABS[name].title.say(self._language), name) for name in self._names],
            description=_WHERE.say(self._language),
            style={"description_width": "initial", "button_width": "auto"},
        )
        self.choice.add_class("ernie-tabs")
        set_visible(self.choice, visible=len(self._names) > 1)
        self._service_status = Status()
        self._service_status.widget.add_class("ernie-service-text")
        self._service_chip = make_fold_button("", "ernie-service")
        self._service_chip.tooltip = _SERVICE_HINT.say(self._language)
        self._tab_container = column(name="ernie-body")
        self._head_container = row(name="ernie-heads")
        self.widget = column(
            row(self.choice, self._head_container, self._service_chip, name="ernie-header"),
            self._service_status.widget,
            self._list_status.widget,
            self._tab_container,
            self._frontend,
            name="ernie-panel",
        )
        self._frontend.root = self.widget.model_id or ""
        self.choice.observe(lambda _change: self._open_tab(), "value")
        self._open_tab()
        self._on_settings_changed()
        session.settings.observe(self._on_settings_changed)
        self._model_list.add_listener(self._show_service)
        self._model_list.load_models()

    def _open_tab(self) -> None:
        """Show the chosen tab; it is created when it is first opened."""
        name = self.choice.value
        if name is None:
            return
        if name not in self.tabs:
            # It takes a moment, in which nobody shall write into the tab that was left.
            self._show_only(None)
            self.tabs[name] = TABS[name](self._session, self._model_list, self._save_output)
            self.tabs[name].composer.return_on_page = self._frontend.return_prompt
            tab = self.tabs[name]
            if isinstance(tab, CompareTab):
                tab.find_conversation = self._find_conversation
            # By its number the page finds it without a kernel.
            self.tabs[name].widget.add_class(f"ernie-tab-{self._names.index(name)}")
            self._tab_container.children = [*self._tab_container.children, self.tabs[name].widget]
            self._head_container.children = [*self._head_container.children, self.tabs[name].header]
            self.tabs[name].follow_session()
        elif name == "compare":
            self.tabs[name].follow_session()  # the chat may show another conversation by now
        self._show_only(name)

    def _find_conversation(self) -> Conversation:
        """The conversation that the chat shows; the main one where there is no chat."""
        tab = self.tabs.get("chat")
        return tab.shown_conversation if isinstance(tab, ChatTab) else self._session.conversation

    def _show_only(self, name: str | None) -> None:
        for other, tab in self.tabs.items():
            set_visible(tab.widget, other == name)
            set_visible(tab.header, other == name)

    def _on_settings_changed(self, change: Mapping[str, Any] | None = None) -> None:
        """Update after a change of settings: which service answers, what "default" means."""
        self._show_service()
        for tab in self.tabs.values():
            tab.on_settings_changed()
        if change and change["name"] == "service":
            self._list_status.show_message("")  # it was about another service's list
            if not self._model_list.live:
                self._model_list.load_models()

    def _show_service(self) -> None:
        """Show who answers: the emulator may stand in for the service that is set."""
        service = self._session.client.answering_service()
        configured = self._session.settings.choose_service()
        text = service.label
        if service.is_simulated:
            text = _EMULATED
        if service is not configured:
            text = _STANDS_IN.fill(service=configured.label)
        self._service_status.show_message(text.say(self._language))
        self._service_chip.description = service.label.say(self._language)
        for widget in (self._service_chip, self.widget):
            set_class(widget, "ernie-simulated", service.is_simulated)
        is_ready = service.is_simulated or self._has_endpoint()
        set_class(self._service_chip, "ernie-unready", not is_ready)

    def _has_endpoint(self) -> bool:
        """Whether the service can be asked: a key that it requires is there."""
        try:
            self._session.endpoint()
        except ErnieError:
            return False
        return True

    def _on_frontend_message(self, message: Mapping[str, Any]) -> None:
        op = message.get("op")
        if op == "send":
            self._submit_prompt(message)
        elif op == "original":
            self._send_original(message)
        elif op == "opened":
            self._follow_session()
            self._tell_saved()
        elif op == "resend":
            self._frontend.send({"op": "save", "outputs": self._saved_bundles()})
        elif op == "closed":
            # Its output was cleared, or its notebook closed. If its cell was only moved, it opens
            # again at once; if another page shows it too, that one answers.
            self._frontend.send({"op": "is_open"})
            self._closing = threading.Timer(_CLOSE_DELAY, self.close)
            self._closing.daemon = True
            self._closing.start()

    def _send_original(self, message: Mapping[str, Any]) -> None:
        """Give the page a picture as it was received, for its large view."""
        tab = self.tabs.get("image")
        number = message.get("picture")
        if isinstance(tab, ImageTab) and isinstance(number, int):
            address = tab.find_original(number)
            self._frontend.send({"op": "original", "picture": number, "address": address})

    @property
    def _prompts(self) -> list[widgets.Widget]:
        return [tab.composer.prompt for tab in self.tabs.values()]

    def _submit_prompt(self, message: Mapping[str, Any]) -> None:
        """Give the keys that send to the tab whose prompt they were pressed in, once all fields
        have what stood in them then.
        """
        for field in iter_fields(self._tab_container):
            text = (message.get("texts") or {}).get(field.model_id)
            if isinstance(text, str) and field not in self._prompts:
                field.value = text
        for tab in self.tabs.values():
            if tab.handle_submit(message):
                return

    def _follow_session(self) -> None:
        """Follow the session, and each tab with it; again after the panel was closed."""
        if self._closing:
            self._closing.cancel()
        for static_output in self._static_outputs:
            static_output.settle()
        for tab in self.tabs.values():
            tab.follow_session()
        with suppress(ValueError):
            self._session.settings.unobserve(self._on_settings_changed)
        self._session.settings.observe(self._on_settings_changed)
        self._on_settings_changed()

    def close(self) -> None:
        """Stop what is running, and stop following the session; displayed again, it continues."""
        with suppress(ValueError):  # it was closed before
            self._session.settings.unobserve(self._on_settings_changed)
        for tab in self.tabs.values():
            tab.stop_call()
            tab.stop_following()

    # --- what the notebook saves ------------------------------------------------------------------

    def _ipython_display_(self) -> None:
        text = ""
        if getattr(get_ipython(), "kernel", None) is None:  # a terminal: no page shows widgets
            text = _NO_NOTEBOOK.say(self._language)
        display(
            {**view_data(self.widget), "text/html": "", "text/plain": text},
            raw=True,
        )
        self._static_outputs.append(StaticOutput(*self._static_content()))

    def _static_content(self) -> tuple[str, list[str]]:
        """What the notebook saves: what stood there and how it is opened, pictures and tables; and
        turns.
        """
        tabs = [self.tabs[name] for name in self._names if name in self.tabs]
        markup = "".join(
            section_html(tab.title.say(self._language)) + saved
            for tab in tabs
            if (saved := tab.saved_html())
        )
        turns: list[str] = []
        for tab in tabs:
            if pieces := tab.saved_turns():
                turns += [section_html(tab.title.say(self._language)) + pieces[0], *pieces[1:]]
        how = _SAVED if markup or turns else _SAVED_UNUSED
        head = title_html(_SAVED_TITLE.say(self._language), how.say(self._language))
        return head + markup, turns

    def _save_output(self) -> None:
        """Save again: what the notebook keeps has changed."""
        if self._static_outputs:
            content = self._static_content()
            for static_output in self._static_outputs:
                static_output.update_outputs(*content)
            self._tell_saved()

    def _tell_saved(self) -> None:
        """Tell pages how long what the notebook saves is: one that was loaded since the cell ran
        has missed it, and asks for it.
        """
        if self._static_outputs:
            self._frontend.send({"op": "saved", "lengths": self._static_outputs[-1].lengths})

    def _saved_bundles(self) -> list[dict[str, Any]]:
        return self._static_outputs[-1].bundles if self._static_outputs else []

    def __repr__(self) -> str:
        return f"Panel({', '.join(map(repr, self._names))})"
