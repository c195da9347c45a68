"""What Tab offers on a line of our magics: options, model ids, choices. Never the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api import models, parameters
from ernie_magic.api.parameter_types import TOOL_CHOICES
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


def list_candidates(
    session: Session,
    namespace: Mapping[str, Any],
    words: list[str],
    token: str,
) -> list[str]:
    """What may replace `token`, the end of a line's last word; nothing on another magic's line."""
    magic = words[0]
    started = words[-1]
    known: Iterable[str] = ()
    if magic == "%ernie":
        known = _command_words(session, words)
    elif grammar := _GRAMMARS.get(magic):
        known = _option_values(session, namespace, grammar, _word_before(words))
        if not known and magic == "%ernie_image":
            known = _image_command_words(namespace, words)
        known = known or grammar.all_flags()
    # IPython replaces the token at the cursor, which may begin after a dash or dot in the word.
    kept = len(started) - len(token)
    return [word[kept:] for word in known if word.lower().startswith(started.lower())]


def _word_before(words: list[str]) -> str:
    """The word before the last, "" if that is the magic itself."""
    return words[-2] if len(words) > 2 else ""  # noqa: PLR2004


def _command_words(session: Session, words: list[str]) -> Iterable[str]:
    """The commands of `%ernie`, or what may follow the one before."""
    if len(words) == 2:  # noqa: PLR2004
        return commands.COMMANDS
    followers: dict[str, Iterable[str]] = {
        "use": SERVICES,
        "lang": LANGUAGES,
        "models": session.known_models(),
        "reset": session.conversations,
        "config": session.settings.trait_names(config=True),
        "model": session.known_models(),
        "-s": session.conversations,
    }
    return followers.get(_word_before(words), ())


def _image_command_words(namespace: Mapping[str, Any], words: list[str]) -> Iterable[str]:
    """The commands of `%ernie_image`, then the variables that one may be given."""
    if len(words) == 2:  # noqa: PLR2004
        return image_line.IMAGE_COMMANDS
    if len(words) == 3:  # noqa: PLR2004
        return _picture_variables(namespace)
    return ()


def _picture_variables(namespace: Mapping[str, Any]) -> list[str]:
    """The user's variables that hold pictures."""
    return [
        name
        for name, value in namespace.items()
        if not name.startswith("_") and isinstance(value, (Picture, ImageSet))
    ]


def _option_values(
    session: Session,
    namespace: Mapping[str, Any],
    grammar: Grammar,
    option: str,
) -> Iterable[str]:
    if option in ("-m", "--model"):
        return [
            name for name in session.known_models() if models.kind_of(name) in (grammar.kind, None)
        ]
    if option == "--image":
        return _picture_variables(namespace)
    if option == "--preview":
        return ("url",)
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
    return _parameter_choices(grammar, option)


def _parameter_choices(grammar: Grammar, option: str) -> Iterable[str]:
    """The values of a request parameter's option that has only some."""
    for parameter in parameters.parameters_of(grammar.kind).values():
        if parameter.option_name != option:
            continue
        if parameter.takes_switch:
            return ("on", "off")
        if parameter.type == "choice":
            return TOOL_CHOICES
        return parameter.choices
    return ()
