"""The options of a prompt that is sent again: what it was asked with, and what is given now."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ernie_magic.api.parameters import replace_parameters
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.api.requests import ChatOptions

_TOOLS = frozenset({"tools", "functions"})
_OF_TOOLS = _TOOLS | {"tool_choice", "function_call", "parallel_tool_calls"}


def with_earlier_options(options: ChatOptions, earlier: ChatOptions | None) -> ChatOptions:
    """Return the options for a prompt that is sent again: those that it was asked with, where no
    others are given.
    """
    if earlier is None:
        return options
    # These three decide together who answers.
    if options.model is None and not options.endpoint and options.plugins is None:
        options = replace(
            options, model=earlier.model, endpoint=earlier.endpoint, plugins=earlier.plugins
        )
    for name in ("system", "stream", "history", "images", "knowledge"):
        if getattr(options, name) is None:
            options = replace(options, **{name: getattr(earlier, name)})
    kept, given = earlier.parameters, options.parameters
    if any(given.get(name) is not None for name in _TOOLS):
        # A choice among other tools may name none of these. An empty list is for none.
        kept = {name: value for name, value in kept.items() if name not in _OF_TOOLS}
        given = {name: value for name, value in given.items() if name not in _TOOLS or value != []}
    return replace(
        options,
        parameters=replace_parameters(kept, given),
        extra={**earlier.extra, **options.extra},
        unfilled=options.unfilled or earlier.unfilled,
    )


def with_earlier_sources(options: ChatOptions, earlier: object) -> ChatOptions:
    """Return the options for a prompt that is sent again: the same knowledge bases and plugins
    answer, unless others are given.

    Raises
    ------
    InvalidOption
        An application answered it.
    """
    if app := getattr(earlier, "app_id", ""):
        raise InvalidOption(
            Text("这一轮由应用 {app} 回答", "this turn was answered by the application {app}").fill(
                app=app
            ),
            advice=Text(
                "再问一次：%%ernie --app 名称，或 ernie.apps.chat(…)",
                "ask it again: %%ernie --app NAME, or ernie.apps.chat(…)",
            ),
        )
    if options.knowledge is None:
        options = replace(options, knowledge=getattr(earlier, "knowledge", ()) or None)
    if options.plugins is None and (plugins := getattr(earlier, "plugins", ())):
        endpoint = options.endpoint or getattr(earlier, "endpoint", "")
        options = replace(options, plugins=plugins, endpoint=endpoint)
    return options
