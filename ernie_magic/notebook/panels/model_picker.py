"""Which model: the service's live list, searchable, grouped by what people look for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ernie_magic.api import models
from ernie_magic.api.catalogue import CATALOGUE
from ernie_magic.api.default_model import configured_or_default_model
from ernie_magic.api.model_order import GROUP_TITLES, ModelGroup, group_model, sort_models
from ernie_magic.config.deployed import configured_endpoint
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.panels.frontend import ModelBox
from ernie_magic.text.language import Language, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.session import Session

_DEFAULT = Text("默认（{model}）", "default ({model})")
_NO_DEFAULT = Text("请选一个模型", "choose a model")
_AS_IS = Text("不在列表中，照样发送", "not in the list, sent as it is")
_MAX_LISTED_MODELS = 500  # of a group; who has more types the whole id
_CONTEXT = Text("上下文 {n:,}", "{n:,} context")
_OUTPUT = Text("输出 {n:,}", "{n:,} output")
_ABILITIES = {"vision": Text("看图", "vision"), "thinking": Text("思考", "thinking")}


class ModelList:
    """The service's models, requested once for all lists of a panel.

    Parameters
    ----------
    session
    report_error
        Called with a message when something goes wrong.
    """

    def __init__(self, session: Session, report_error: Callable[[str], object]) -> None:
        self._session = session
        self._report_error = report_error
        self.is_loading = False
        self._catalogue = [models.Listed(model.id, {}) for model in CATALOGUE]
        self._listeners: list[Callable[[], object]] = []

    @property
    def live(self) -> list[models.Listed]:
        """The live list of the account in use, [] until it is known."""
        return self._session.listed_models()

    @property
    def entries(self) -> list[models.Listed]:
        """The models that are shown: the live list, else the catalogue."""
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
            self._session.models()
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
        # Whether the model must accept pictures: then the default differs.
        self.needs_vision = False
        self.widget = self.box = ModelBox(language, self._on_message)
        self.widget.add_class("ernie-model")
        self.refresh_options()

    @property
    def selected_model(self) -> str | None:
        """The chosen id, None for the default."""
        return self._selected_model

    @selected_model.setter
    def selected_model(self, value: str | None) -> None:
        self._selected_model = value
        self.refresh_options()
        self._on_change()

    @property
    def default_model(self) -> str:
        """The id that a call uses if none is chosen here, or the name of the user's own service; ""
        where there is no default.
        """
        settings = self._session.settings
        if endpoint := configured_endpoint(self._kind, settings):
            return endpoint
        return configured_or_default_model(
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
        """Show the present list, and the present choice."""
        default_label = _NO_DEFAULT
        if default := self.default_model:
            default_label = _DEFAULT.fill(model=default)
        label = default_label.say(self._language)
        groups = [self._make_group("", [{"id": "", "label": label, "facts": ""}])]
        groups += self._group_models()
        note = ""
        if self._selected_model and self._selected_model not in self._model_list.model_ids:
            note = _AS_IS.say(self._language)
        self.box.groups = groups
        self.box.current = {
            "id": self._selected_model or "",
            "label": self._selected_model or label,
            "note": note,
        }
        self.box.is_loading = self._model_list.is_loading

    def _make_group(
        self,
        label: str,
        entries: list[dict[str, str]],
        *,
        folded: bool = False,
    ) -> dict[str, Any]:
        return {"label": label, "folded": folded, "models": entries[:_MAX_LISTED_MODELS]}

    def _group_models(self) -> list[dict[str, Any]]:
        """The models of this kind by what people look for, those of unknown kind, retired ones."""
        by_group: dict[ModelGroup, list[models.Listed]] = {group: [] for group in GROUP_TITLES}
        for entry in sort_models(self._model_list.entries):
            edits = models.own_image_path(entry.id) == models.EDITS_PATH
            if entry.kind in (self._kind, None) and not edits:  # the panel has no picture to edit
                by_group[group_model(entry)].append(entry)
        return [
            self._make_group(
                GROUP_TITLES[group].say(self._language),
                [{"id": entry.id, "facts": self._describe_model(entry)} for entry in entries],
                folded=group is ModelGroup.RETIRED,
            )
            for group, entries in by_group.items()
            if entries
        ]

    def _describe_model(self, entry: models.Listed) -> str:
        """The facts that one chooses by, in a line."""
        known = entry.known
        facts = []
        context = entry.context_length
        if context is None and known is not None:
            context = known.max_input_tokens
        if context:
            facts.append(_CONTEXT.fill(n=context))
        if known is not None and self._kind == "chat":
            facts.append(_OUTPUT.fill(n=known.max_output[1]))
            facts += [text for name, text in _ABILITIES.items() if name in known.capabilities]
        return " · ".join(fact.say(self._language) for fact in facts)

    def _on_message(self, message: Mapping[str, Any]) -> None:
        """Handle what a reader does in the field."""
        if message.get("op") == "choose":
            self.selected_model = str(message.get("model", "")) or None
        elif message.get("op") == "search":
            self.choose_by_name(str(message.get("text", "")))
        elif message.get("op") == "reload":
            self._model_list.load_models()

    def choose_by_name(self, text: str) -> None:
        """Choose the id as written if the list has it, else the first match, else the id as written."""
        sought = text.strip()
        matching_ids = [
            entry["id"]
            for group in self.box.groups
            for entry in group["models"]
            if entry["id"] and sought.lower() in entry["id"].lower()
        ]
        if sought:
            exact_ids = [id_ for id_ in matching_ids if id_.lower() == sought.lower()]
            self.selected_model = next(iter([*exact_ids, *matching_ids, sought]))
