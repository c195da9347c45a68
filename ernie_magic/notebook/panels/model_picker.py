"""Which model: the service's live list, searchable, grouped by kind."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ernie_magic.api import models
from ernie_magic.api.default_model import choose_model
from ernie_magic.config.settings import choose_endpoint
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.panels.widgets import column, make_button, row
from ernie_magic.text.language import Language, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.session import Session

_MODEL = Text("模型", "Model")
_SEARCH = Text("查找模型（回车选用）", "Search models (Enter chooses)")
_DEFAULT = Text("默认（{model}）", "default ({model})")
_NO_DEFAULT = Text("请选一个模型", "choose a model")
_RELOAD = Text("刷新列表", "Reload list")
_AS_IS = Text("{model}（不在列表中，照样发送）", "{model} (not in the list, sent as it is)")
_DEFAULTED = ""
_MAX_LISTED_MODELS = 500  # of a kind; the search finds the rest
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
    report_error
        Called with a message when something goes wrong.
    """

    def __init__(self, session: Session, report_error: Callable[[str], object]) -> None:
        self._session, self._report_error = session, report_error
        self.is_loading = False
        # The live list, [] until it is known: then the catalogue is shown.
        self.live: list[models.Listed] = session.listed_models()
        self._catalogue = [models.Listed(id_, {}) for id_ in session.known_models()]
        self._listeners: list[Callable[[], object]] = []

    @property
    def entries(self) -> list[models.Listed]:
        """The models that are shown."""
        return self.live or self._catalogue

    @property
    def model_ids(self) -> list[str]:
        """The ids of the models that are shown."""
        return [entry.id for entry in self.entries]

    def add_listener(self, on_list_changed: Callable[[], object]) -> None:
        """Call `on_list_changed` when the list is requested and when it has arrived."""
        self._listeners.append(on_list_changed)

    def load_models(self) -> None:
        """Ask the service, without waiting. Until it answers, and if it fails, the catalogue is
        shown.
        """
        if self.is_loading:
            return
        self.is_loading = True
        self._notify_listeners()
        threading.Thread(target=self._fetch_models, name="ernie-panel-models", daemon=True).start()

    def _fetch_models(self) -> None:
        try:
            self.live = self._session.models()
        except ErnieError as error:
            self._report_error(error.line(self._session.settings.interface_language))
        finally:
            self.is_loading = False
            self._notify_listeners()

    def _notify_listeners(self) -> None:
        for on_list_changed in self._listeners:
            on_list_changed()


class ModelPicker:
    """One choice among the models.

    Parameters
    ----------
    session, model_list, language
    kind
        Models of this kind come first, then those of unknown kind; others would be refused.
    on_change
        Called when another model becomes current.
    """

    def __init__(
        self,
        session: Session,
        model_list: ModelList,
        kind: Kind,
        language: Language,
        on_change: Callable[[], object],
    ) -> None:
        self._session = session
        self._model_list = model_list
        self._kind = kind
        self._language = language
        self._on_change = on_change
        self._selected_model: str | None = None
        self._is_updating = False
        # Whether the model must accept pictures: then the default differs.
        self.needs_vision = False
        style = {"description_width": "initial"}
        self.dropdown = widgets.Dropdown(
            description=_MODEL.say(language),
            style=style,
            layout=widgets.Layout(width="auto", flex="1 1 220px"),
        )
        self.dropdown.add_class("ernie-models")
        self.search_box = widgets.Text(
            description=_SEARCH.say(language),
            style=style,
            continuous_update=True,
            layout=widgets.Layout(width="auto", flex="1 1 180px"),
        )
        self.widget = column(
            row(self.dropdown),
            row(self.search_box, make_button(_RELOAD.say(language), model_list.load_models)),
            name="ernie-model",
        )
        self.refresh_options()
        self.dropdown.observe(self._on_model_selected, "value")
        self.search_box.observe(lambda _change: self.refresh_options(), "value")
        self.search_box.on_msg(self._on_search_message)

    @property
    def selected_model(self) -> str | None:
        """The chosen id, None for the default."""
        return self._selected_model

    @selected_model.setter
    def selected_model(self, value: str | None) -> None:
        self._selected_model, self.search_box.value = value, ""
        self.refresh_options()
        self._on_change()

    @property
    def default_model(self) -> str:
        """The id that a call uses if none is chosen here, or the name of the user's own service; ""
        where there is no default.
        """
        settings = self._session.settings
        if endpoint := choose_endpoint(self._kind, settings, None):
            return endpoint
        return choose_model(
            self._kind,
            settings,
            settings.choose_service().name,
            self._model_list.live,
            needs_vision=self.needs_vision,
        )

    @property
    def resolved_model(self) -> str:
        """The id that a call would use."""
        return self._selected_model or self.default_model

    def refresh_options(self) -> None:
        """Fill the list again with the models that match the search."""
        sought = self.search_box.value.strip().lower()
        default_label = _NO_DEFAULT
        if default := self.default_model:
            default_label = _DEFAULT.fill(model=default)
        options: list[tuple[str, str]] = [(default_label.say(self._language), _DEFAULTED)]
        for kind in (self._kind, None):
            matching_ids = sorted(
                (
                    entry.id
                    for entry in self._model_list.entries
                    if entry.kind == kind and sought in entry.id.lower()
                ),
                key=str.lower,
            )
            if matching_ids:
                options += [
                    (
                        f"── {_KINDS[kind].say(self._language)} · {len(matching_ids)} ──",
                        f"\0{kind}",
                    ),
                    *((id_, id_) for id_ in matching_ids[:_MAX_LISTED_MODELS]),
                ]
        listed_ids = frozenset(self._model_list.model_ids)
        known_ids = {value for _, value in options}
        for id_ in (self.search_box.value.strip(), self._selected_model):
            if not id_ or id_ in known_ids:
                continue
            label = id_
            if id_ not in listed_ids:
                label = _AS_IS.say(self._language, model=id_)
            options.append((label, id_))
            known_ids.add(id_)
        self._is_updating = True
        self.dropdown.options = options
        self.dropdown.value = self._selected_model or _DEFAULTED
        self._is_updating = False
        # The page reports a choice by its index in the list: made while the list is replaced, it
        # would be another model's, or lost. So the list is enabled after it was replaced, in this
        # order. The search, which reports words, stays open.
        self.dropdown.disabled = self._model_list.is_loading

    def _on_search_message(
        self, _widget: object, message: Mapping[str, Any], _buffers: object
    ) -> None:
        if message.get("event") == "submit":
            self._on_search_submitted()

    def _on_search_submitted(self) -> None:
        """Handle Enter in the search.

        Choose the id as written if the list has it, else the first match, else the id as written.
        """
        sought = self.search_box.value.strip()
        listed_ids = frozenset(self._model_list.model_ids)
        matching_ids = [
            value
            for _, value in self.dropdown.options
            if value in listed_ids and sought.lower() in value.lower()
        ]
        if sought:
            exact_ids = [value for value in matching_ids if value.lower() == sought.lower()]
            self.selected_model = next(iter([*exact_ids, *matching_ids, sought]))

    def _on_model_selected(self, _change: object) -> None:
        if self._is_updating or self.dropdown.value is None:
            return
        if self.dropdown.value.startswith("\0"):  # a heading
            self.refresh_options()
            return
        self._selected_model = self.dropdown.value or None
        self._on_change()
