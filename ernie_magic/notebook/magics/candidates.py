"""What Tab offers on a line of our magics: options, model ids, choices. Never the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api import models, parameters
from ernie_magic.calls.images.pictures import ImageSet, Picture
from ernie_magic.config.services import SERVICES
from ernie_magic.notebook.magics import commands
from ernie_magic.notebook.magics import images as image_line
from ernie_magic.notebook.magics.chat import CHAT_GRAMMAR
from ernie_magic.notebook.magics.embeddings import EMBED_GRAMMAR
from ernie_magic.notebook.magics.tables import MAP_GRAMMAR
from ernie_magic.text.language import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ernie_magic.notebook.magics.options import Grammar
    from ernie_magic.session import Session


_GRAMMARS = {
    "%%ernie": CHAT_GRAMMAR,
    "%%ernie_embed": EMBED_GRAMMAR,
    "%%ernie_map": MAP_GRAMMAR,
    "%%ernie_image": image_line.IMAGE_GRAMMAR,
    "%ernie_image": image_line.IMAGE_COMMAND_GRAMMAR,
}


def candidates(
    session: Session, namespace: Mapping[str, Any], words: list[str], token: str
) -> list[str]:
    """What may replace `token`, the end of a line's last word; nothing on another magic's line."""
    started = words[-1]
    before = words[-2] if len(words) > 2 else ""  # noqa: PLR2004
    known: Iterable[str]
    if words[0] == "%ernie":
        known = {
            "use": SERVICES,
            "lang": LANGUAGES,
            "models": session.known_models(),
            "reset": session.conversations,
            "config": session.settings.trait_names(config=True),
            "model": session.known_models(),
            "-s": session.conversations,
        }.get(before, commands.COMMANDS if len(words) == 2 else ())  # noqa: PLR2004
    elif grammar := _GRAMMARS.get(words[0]):
        known = _option_values(session, namespace, grammar, before)
        if not known and words[0] == "%ernie_image" and len(words) == 2:  # noqa: PLR2004
            known = image_line.IMAGE_COMMANDS
        elif not known and words[0] == "%ernie_image" and len(words) == 3:  # noqa: PLR2004
            known = _picture_variables(namespace)
        known = known or grammar.all_flags()
    else:
        return []
    # IPython replaces the token at the cursor, which may begin after a dash or dot in the word.
    kept = len(started) - len(token)
    return [word[kept:] for word in known if word.lower().startswith(started.lower())]


def _picture_variables(namespace: Mapping[str, Any]) -> list[str]:
    """The user's variables that hold pictures."""
    return [
        name
        for name, value in namespace.items()
        if not name.startswith("_") and isinstance(value, (Picture, ImageSet))
    ]


def _option_values(
    session: Session, namespace: Mapping[str, Any], grammar: Grammar, option: str
) -> Iterable[str]:
    if option in ("-m", "--model"):
        return [
            name for name in session.known_models() if models.kind_of(name) in (grammar.kind, None)
        ]
    if option in ("--image", "--preview"):
        return _picture_variables(namespace) if option == "--image" else ("url",)
    if option in ("--tools", "--functions"):
        return [
            name
            for name, value in namespace.items()
            if callable(value)
            and not name.startswith("_")
            and getattr(value, "__module__", "") == "__main__"
        ]
    if option in ("-s", "--session"):
        return session.conversations
    parameter = next(
        (p for p in parameters.parameters_of(grammar.kind).values() if p.option_name == option),
        None,
    )
    return _parameter_choices(parameter) if parameter else ()


def _parameter_choices(parameter: parameters.Parameter) -> Iterable[str]:
    if parameter.type == "bool" or parameter.name == "web_search":
        return ("on", "off")
    choices = parameters.TOOL_CHOICES if parameter.name == "tool_choice" else ()
    return parameter.choices or choices
