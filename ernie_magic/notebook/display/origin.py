"""What a table of the platform says of where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ernie_magic.notebook.display.chat import EMULATED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ernie_magic.text.language import Language


class FromPlatform(Protocol):
    """What the platform told, or the emulator in its place."""

    @property
    def is_simulated(self) -> bool:
        """Whether the emulator told it."""


def with_origin(note: str, shown: Iterable[FromPlatform], language: Language) -> str:
    """Return a table's note; where the emulator told what is shown, the note says so."""
    if not any(each.is_simulated for each in shown):
        return note
    return " · ".join(part for part in (note, EMULATED.say(language)) if part)
