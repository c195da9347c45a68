"""Which model: the service's live list, searchable, grouped by kind."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import ipywidgets as widgets

from ernie_magic.api import models
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.panels.widgets import button, column, row
from ernie_magic.text.language import Language, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.session import Session

_MODEL, _SEARCH, _DEFAULT = (
    Text("模型", "Model"),
    Text("查找模型（回车选用）", "Search models (Enter chooses)"),
    Text("默认（{model}）", "default ({model})"),
)
_RELOAD = Text("刷新列表", "Reload list")
_AS_IS = Text("{model}（不在列表中，照样发送）", "{model} (not in the list, sent as it is)")
_DEFAULTED = ""
_SHOWN = 500  # models of a kind in the list; the search finds the rest
_KINDS: dict[Kind | None, Text] = {
    "chat": Text("对话", "chat"),
    "image": Text("文生图", "images"),
    "embedding": Text("向量", "vectors"),
    None: Text("其他", "other"),
}


class ModelList:
    """The service's models, requested once for all lists of a panel.

    Parameters
    ----------
    session
    told
        Called with a message when something goes wrong.
    """

    def __init__(self, session: Session, told: Callable[[str], object]) -> None:
        self._session, self._told = session, told
        self.loading = False
        self.ids: list[str] = session.known_models()
        self._followers: list[Callable[[], object]] = []

    def follow(self, changed: Callable[[], object]) -> None:
        """Call `changed` when the list is requested and when it has arrived."""
        self._followers.append(changed)

    def load(self) -> None:
        """Ask the service, without waiting. Until it answers, and if it fails, the catalogue is
        shown.
        """
        if self.loading:
            return
        self.loading = True
        self._tell_followers()
        threading.Thread(target=self._load, name="ernie-panel-models", daemon=True).start()

    def _load(self) -> None:
        try:
            self.ids = [str(entry.id) for entry in self._session.models()]
        except ErnieError as error:
            self._told(error.line(self._session.settings.spoken))
        finally:
            self.loading = False
            self._tell_followers()

    def _tell_followers(self) -> None:
        for changed in self._followers:
            changed()


class ModelPicker:
    """One choice among the models.

    Parameters
    ----------
    session, listed, language
    kind
        Models of this kind come first, then those of unknown kind; others would be refused.
    changed
        Called when another model becomes current.
    """

    def __init__(
        self,
        session: Session,
        listed: ModelList,
        kind: Kind,
        language: Language,
        changed: Callable[[], object],
    ) -> None:
        self._session, self._listed, self._kind, self._language, self._changed = (
            session,
            listed,
            kind,
            language,
            changed,
        )
        self._value: str | None = None
        self._filling = False
        self.sees = False  # whether the model must accept pictures: then the default differs
        style = {"description_width": "initial"}
        self.list = widgets.Dropdown(
            description=_MODEL.say(language),
            style=style,
            layout=widgets.Layout(width="auto", flex="1 1 220px"),
        )
        self.list.add_class("ernie-models")
        self.search = widgets.Text(
            description=_SEARCH.say(language),
            style=style,
            continuous_update=True,
            layout=widgets.Layout(width="auto", flex="1 1 180px"),
        )
        self.widget = column(
            row(self.list),
            row(self.search, button(_RELOAD.say(language), listed.load)),
            name="ernie-model",
        )
        self.fill()
        self.list.observe(self._chosen, "value")
        self.search.observe(lambda _change: self.fill(), "value")
        self.search.on_msg(
            lambda _widget, message, _buffers: (
                self._entered() if message.get("event") == "submit" else None
            )
        )

    @property
    def value(self) -> str | None:
        """The chosen id, None for the default."""
        return self._value

    @value.setter
    def value(self, value: str | None) -> None:
        self._value, self.search.value = value, ""
        self.fill()
        self._changed()

    @property
    def default(self) -> str:
        """The id that a call uses if none is chosen here."""
        settings, service = self._session.settings, self._session.settings.chosen().name
        if self._kind == "chat":
            return settings.model or models.preferred(self._listed.ids, sees=self.sees)
        kept = settings.image_model if self._kind == "image" else settings.embedding_model
        return kept or models.default(self._kind, service)

    @property
    def resolved(self) -> str:
        """The id that a call would use."""
        return self._value or self.default

    def fill(self) -> None:
        """Fill the list again with the models that match the search."""
        sought = self.search.value.strip().lower()
        options: list[tuple[str, str]] = [
            (_DEFAULT.say(self._language, model=self.default), _DEFAULTED)
        ]
        for kind in (self._kind, None):
            found = sorted(
                (
                    id_
                    for id_ in self._listed.ids
                    if models.kind_of(id_) == kind and sought in id_.lower()
                ),
                key=str.lower,
            )
            if found:
                options += [
                    (f"── {_KINDS[kind].say(self._language)} · {len(found)} ──", f"\0{kind}"),
                    *((id_, id_) for id_ in found[:_SHOWN]),
                ]
        known = {value for _, value in options}
        for id_ in (self.search.value.strip(), self._value):
            if id_ and id_ not in known:
                options.append(
                    (
                        _AS_IS.say(self._language, model=id_)
                        if id_ not in self._listed.ids
                        else id_,
                        id_,
                    )
                )
                known.add(id_)
        # The page reports a choice by its index in the list: made while the list is replaced, it
        # would be another model's, or lost. The search, which reports words, stays open.
        self.list.disabled = self._listed.loading
        self._filling = True
        self.list.options = options
        self.list.value = self._value or _DEFAULTED
        self._filling = False

    def _entered(self) -> None:
        """Handle Enter in the search.

        Choose the id as written if the list has it, else the first match, else the id as written.
        """
        sought = self.search.value.strip()
        listed = frozenset(self._listed.ids)
        found = [
            value
            for _, value in self.list.options
            if value in listed and sought.lower() in value.lower()
        ]
        if sought:
            self.value = next(
                (value for value in found if value.lower() == sought.lower()),
                found[0] if found else sought,
            )

    def _chosen(self, _change: object) -> None:
        if self._filling or self.list.value is None:
            return
        if self.list.value.startswith("\0"):  # a heading
            self.fill()
            return
        self._value = self.list.value or None
        self._changed()
