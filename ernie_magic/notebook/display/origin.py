"""What outputs say of where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.text.language import Text
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ernie_magic.text.language import Language

EMULATED = Text("内置模拟器，非真实模型", "built-in emulator, not a real model")
# A grey frame fits light and dark themes, and is quieter than the words in it.
_CHIP = (
    "border:1px solid rgba(127,127,127,.6);border-radius:1em;padding:0 .6em;margin-left:.3em;"
    "white-space:nowrap"
)


def line_html(line: str) -> str:
    """A footer's line as HTML, where a chip at its end says that no model answered."""
    for said in (EMULATED.zh, EMULATED.en):
        if line.endswith(f" · {said}"):
            chip = f'<span style="{_CHIP}">{plain_html(said)}</span>'
            return f"{plain_html(line.removesuffix(f' · {said}'))} {chip}"
    return plain_html(line)


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
