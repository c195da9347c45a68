"""What a table of the platform says of where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.notebook.display.chat import EMULATED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ernie_magic.text.language import Language


def with_origin(note: str, shown: Iterable[object], language: Language) -> str:
    """Return a table's note; where the emulator told what is shown, the note says so.

    Parameters
    ----------
    shown
        A `Listing`, which knows it also where it is empty, or things that know it themselves.
    """
    if not any(getattr(each, "is_simulated", False) for each in (shown, *shown)):
        return note
    return " · ".join(part for part in (note, EMULATED.say(language)) if part)
