"""Whom a call asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.parameter import Rules
    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.config.settings import Snapshot


@dataclass(frozen=True)
class CallTarget:
    """Whom a call asks, as it was when the call was requested.

    Attributes
    ----------
    kind : str
        The model's.
    model : str
        The model that the call names, or that is behind its deployed service, or that is set; ""
        where the live list decides.
    deployed : str
        The name of a service that a user deployed, "" for a preset one.
    settings : Snapshot
    endpoint : Endpoint
    """

    kind: Kind
    model: str
    deployed: str
    settings: Snapshot
    endpoint: Endpoint

    @property
    def rules(self) -> Rules:
        """The ranges and fields that apply."""
        return self.endpoint.rules
