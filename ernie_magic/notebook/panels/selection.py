"""What is chosen for a call: a model, and those parameters that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.notebook.panels.controls import Controls
from ernie_magic.notebook.panels.model_picker import ModelPicker

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.notebook.panels.model_picker import ModelList
    from ernie_magic.session import Session
    from ernie_magic.text.language import Language


class Selection:
    """A list of models and the controls of the current one.

    Parameters
    ----------
    session, model_list, kind, language
        As `ModelPicker` takes them.
    on_change
        Called after each change by the user, the settings or the list.

    Attributes
    ----------
    picker : ModelPicker
    controls : Controls
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
        self._on_change = on_change
        settings = session.settings
        self.controls = Controls(
            kind,
            language,
            lambda: {**settings.session_parameters(), **settings.call_settings()},
            on_change,
        )
        self.picker = ModelPicker(session, model_list, kind, language, self._on_model_changed)
        self.update_controls()
        model_list.add_listener(self.on_settings_changed)

    @property
    def selected_model(self) -> str | None:
        """The chosen id, None for the default."""
        return self.picker.selected_model

    @property
    def request_parameters(self) -> dict[str, Any]:
        """The parameters to send."""
        return self.controls.request_parameters

    def update_controls(self) -> None:
        """Show the controls of the current model on the current service."""
        self.controls.update_for_model(
            self.picker.resolved_model, self._session.settings.choose_service().rules
        )

    def on_settings_changed(self) -> None:
        """Update after a change of settings or models: "default" may mean something else."""
        self.picker.refresh_options()
        self._on_model_changed()

    def _on_model_changed(self) -> None:
        self.update_controls()
        self._on_change()
