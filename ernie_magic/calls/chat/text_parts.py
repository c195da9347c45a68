"""An answer's text in parts: what a model says before it calls a tool, and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.text.paragraphs import join_parts, separator_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ernie_magic.runtime.events import Delta


def last_part(text: str, parts_before: Iterable[str]) -> str:
    """Return what follows the first parts of a text; those of a conversation that was saved by an
    earlier version stand side by side.
    """
    parts = list(parts_before)
    before = join_parts(parts)
    if not text.startswith(before):
        return text[len("".join(parts)) :]
    return text[len(before) :].removeprefix(separator_after(before))


def emit_after(
    before: str,
    emit: Callable[[Delta], None],
    *,
    thoughts_before: str = "",
) -> Callable[[Delta], None]:
    """Return an `emit` for a part that follows a text, and thoughts: what separates them comes with
    its first words, and its first thoughts.
    """
    text_separator = separator_after(before)
    thought_separator = separator_after(thoughts_before)

    def emit_part(delta: Delta) -> None:
        nonlocal text_separator, thought_separator
        if delta.text:
            delta = delta._replace(text=text_separator + delta.text)
            text_separator = ""
        if delta.reasoning:
            delta = delta._replace(reasoning=thought_separator + delta.reasoning)
            thought_separator = ""
        emit(delta)

    return emit_part
