"""The options of a prompt that a panel asks again: those of its turn, and what was changed since."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ernie_magic.api.parameters import replace_parameters

if TYPE_CHECKING:
    from ernie_magic.api.requests import ChatOptions


def with_changes_since(asked: ChatOptions, before: ChatOptions, now: ChatOptions) -> ChatOptions:
    """Return the options that a prompt was asked with, with what has changed in a panel since.

    Parameters
    ----------
    asked
        What the prompt was asked with, in a cell or here.
    before, now
        What the panel said when it was asked, or first shown there, and what it says now; with the
        conversation's own system prompt, "" where none is sent, None for the session's.
    """
    names = {*before.parameters, *now.parameters}
    changed = {name for name in names if before.parameters.get(name) != now.parameters.get(name)}
    kept = {name: value for name, value in asked.parameters.items() if name not in changed}
    given = {name: now.parameters.get(name) for name in changed}
    options = replace(asked, parameters=replace_parameters(kept, given))
    if before.model != now.model:
        # These decide together who answers.
        options = replace(options, model=now.model, endpoint="", plugins=())
    if before.system != now.system:
        # The conversation's and the session's are sent without being given.
        options = replace(options, system="" if now.system == "" else None)
    return options
