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


class Chosen:
    """A list of models and the controls of the current one.

    Parameters
    ----------
    session, listed, kind, language
        As `ModelPicker` takes them.
    changed
        Called after each change by the user, the settings or the list.

    Attributes
    ----------
    picker : ModelPicker
    controls : Controls
    """

    def __init__(
        self,
        session: Session,
        listed: ModelList,
        kind: Kind,
        language: Language,
        changed: Callable[[], object],
    ) -> None:
        self._session, self._changed = session, changed
        self.controls = Controls(kind, language, session.settings.kept, changed)
        self.picker = ModelPicker(session, listed, kind, language, self._told)
        self.fit()
        listed.follow(self.settled)

    @property
    def model(self) -> str | None:
        """The chosen id, None for the default."""
        return self.picker.value

    @property
    def given(self) -> dict[str, Any]:
        """The parameters to send."""
        return self.controls.given

    def fit(self) -> None:
        """Show the controls of the current model on the current service."""
        self.controls.fit(self.picker.resolved, self._session.settings.chosen().rules)

    def settled(self) -> None:
        """Update after a change of settings or models: "default" may mean something else."""
        self.picker.fill()
        self._told()

    def _told(self) -> None:
        self.fit()
        self._changed()
