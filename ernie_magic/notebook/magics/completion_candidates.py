"""What Tab offers on a line of our magics: options, model ids, choices. Never the network."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ernie_magic.api import models, parameters
from ernie_magic.api.catalogue import CATALOGUE
from ernie_magic.api.model_order import sort_models
from ernie_magic.api.parameter_types import TOOL_CHOICES
from ernie_magic.api.results import Embeddings
from ernie_magic.api.unfit_texts import INVALID
from ernie_magic.calls.images.pictures import ImageSet, Picture
from ernie_magic.config.services import SERVICES
from ernie_magic.config.settings import SESSION_PARAMETERS
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.display.settings_table import MODEL_SETTINGS
from ernie_magic.notebook.magics import commands
from ernie_magic.notebook.magics import images as image_line
from ernie_magic.notebook.magics.chat import CHAT_GRAMMAR
from ernie_magic.notebook.magics.embeddings import EMBED_GRAMMAR
from ernie_magic.notebook.magics.help_texts import default_model_of
from ernie_magic.notebook.magics.tables import MAP_GRAMMAR
from ernie_magic.notebook.magics.template_commands import (
    IDENTIFIER_FLAG,
    REMOTE_FLAG,
    TEMPLATE_COMMANDS,
)
from ernie_magic.notebook.magics.tuning_commands import TUNING_WORDS
from ernie_magic.notebook.magics.vector_lines import VECTOR_OPTIONS
from ernie_magic.notebook.magics.words import YES_FLAG
from ernie_magic.qianfan.templates.files import list_templates
from ernie_magic.qianfan.templates.prompt_template import IDENTIFIERS
from ernie_magic.text.language import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.notebook.magics.options import Grammar
    from ernie_magic.session import Session


_GRAMMARS = {
    "%%ernie": CHAT_GRAMMAR,
    "%%ernie_embed": EMBED_GRAMMAR,
    "%%ernie_map": MAP_GRAMMAR,
    "%%ernie_image": image_line.IMAGE_GRAMMAR,
    "%ernie_image": image_line.IMAGE_COMMAND_GRAMMAR,
}


_TABS = ("chat", "image", "embed", "compare")
_FIXED_VALUES = {"--preview": ("url",), "--invalid": INVALID, "--method": ("pca", "umap")}


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
        known = _command_words(session, namespace, words)
    elif magic in VECTOR_OPTIONS:
        known = _vector_words(namespace, words)
    elif magic == "%%ernie_map" and len(words) == 2:  # noqa: PLR2004
        known = _variables(namespace, _is_table)
    elif grammar := _GRAMMARS.get(magic):
        known = _option_values(session, namespace, grammar, _word_before(words), words)
        if not known and magic == "%ernie_image":
            known = _image_command_words(namespace, words)
        known = known or grammar.all_flags()
    # IPython replaces the token at the cursor, which may begin after a dash or dot in the word.
    kept = len(started) - len(token)
    fitting = [word for word in known if word.lower().startswith(started.lower())]
    return [word[kept:] for word in _prefer_alive(fitting)]


def _prefer_alive(words: list[str]) -> list[str]:
    """Leave out models that are reported retired, unless nothing else fits what is typed."""
    return [word for word in words if not _is_retired(word)] or words


def _is_retired(word: str) -> bool:
    """Whether a word is the id of a model that is reported retired."""
    known = models.find_model(word)
    return known is not None and bool(known.retired)


def _vector_words(namespace: Mapping[str, Any], words: list[str]) -> Iterable[str]:
    """The variables that hold vectors, then the options of these magics."""
    if len(words) == 2:  # noqa: PLR2004
        return _variables(namespace, _is_vectors)
    if values := _FIXED_VALUES.get(_word_before(words)):
        return values
    return VECTOR_OPTIONS[words[0]]


def _word_before(words: list[str]) -> str:
    """The word before the last, "" if that is the magic itself."""
    return words[-2] if len(words) > 2 else ""  # noqa: PLR2004


def _command_words(
    session: Session,
    namespace: Mapping[str, Any],
    words: list[str],
) -> Iterable[str]:
    """The commands of `%ernie`, or what may follow the one before."""
    if len(words) == 2:  # noqa: PLR2004
        return commands.COMMANDS
    before = _word_before(words)
    if words[1] == "history" and before not in ("-s", "--session", "-n"):
        return ("-n", "-s")
    makers: dict[str, Callable[[], Iterable[str]]] = {
        "config": lambda: _config_words(session, namespace, words),
        "template": lambda: _template_words(words),
        "tuning": lambda: _tuning_words(session, words),
        "panel": lambda: [tab for tab in _TABS if tab not in words],
    }
    if make := makers.get(words[1]):
        return make()
    followers: dict[str, Iterable[str]] = {
        "use": (*SERVICES, "endpoint"),
        "lang": LANGUAGES,
        "limits": ("reset",),
        "models": (*list_model_ids(session), "--mine"),
        "reset": session.conversations,
        "-s": session.conversations,
        "--session": session.conversations,
    }
    return followers.get(before, ())


def _config_words(
    session: Session,
    namespace: Mapping[str, Any],
    words: list[str],
) -> Iterable[str]:
    """The settings, or the values of the one that is named."""
    settings = session.settings
    if len(words) == 3:  # noqa: PLR2004
        return settings.trait_names(config=True)
    name = words[2].replace("-", "_")
    if name in MODEL_SETTINGS:
        return [*list_model_ids(session, MODEL_SETTINGS[name]), "default"]
    trait = settings.traits().get(name)
    values = [str(value) for value in getattr(trait, "values", None) or () if value]
    if isinstance(getattr(trait, "default_value", None), bool):
        values = ["on", "off"]
    if name in SESSION_PARAMETERS:
        option = SESSION_PARAMETERS[name].option_name
        values = list(_option_values(session, namespace, CHAT_GRAMMAR, option, words))
    return [*values, "default"]


def _template_words(words: list[str]) -> Iterable[str]:
    """The commands of `%ernie template`, then names of templates, then variables."""
    position = len(words)
    if position == 3:  # noqa: PLR2004
        return TEMPLATE_COMMANDS
    command = words[2]
    if position == 4:  # noqa: PLR2004
        # What is on the service is not known without the network.
        first_words = {"list": [REMOTE_FLAG], "pull": []}
        return first_words.get(command, _template_names())
    if command == "render":
        return _open_variables(words[3], words[4:-1])
    if command == "save" and _word_before(words) == IDENTIFIER_FLAG:
        return IDENTIFIERS
    flags = {"save": IDENTIFIER_FLAG, "pull": YES_FLAG}
    if command in flags and position == 5:  # noqa: PLR2004
        return (flags[command],)
    return ()


def _tuning_words(session: Session, words: list[str]) -> Iterable[str]:
    """The words of `%ernie tuning`, then the tasks that this session has created."""
    tasks = session.tuning.created_tasks
    if len(words) == 3:  # noqa: PLR2004
        return [*TUNING_WORDS, *tasks]
    if words[2] == "stop":
        return [*tasks, YES_FLAG]
    return ()


def _template_names() -> list[str]:
    """The names of the templates as they are typed: those with blanks in quotes."""
    return [f'"{name}"' if " " in name else name for name in list_templates().names]


def _open_variables(name: str, given: Sequence[str]) -> list[str]:
    """The variables of a template that have no value yet, with the sign before it.

    Parameters
    ----------
    given
        The words that may give values.
    """
    wanted = name.strip('"')
    named = {word.partition("=")[0] for word in given}
    return [
        f"{variable}="
        for template in list_templates()
        if template.name == wanted
        for variable in template.all_variables
        if variable not in named
    ]


def _variables_on_line(words: Sequence[str]) -> list[str]:
    """The variables of the template that a cell magic's line names, without those it gives."""
    # Also `--template=NAME`, which is one word.
    split = [part for word in words for part in word.split("=", 1)]
    name = next((value for flag, value in pairwise(split) if flag == "--template"), "")
    return _open_variables(name, words[:-1])


def _image_command_words(namespace: Mapping[str, Any], words: list[str]) -> Iterable[str]:
    """The commands of `%ernie_image`, then the variables that one may be given."""
    if len(words) == 2:  # noqa: PLR2004
        return image_line.IMAGE_COMMANDS
    if len(words) == 3:  # noqa: PLR2004
        return _picture_variables(namespace)
    return ()


def _picture_variables(namespace: Mapping[str, Any]) -> list[str]:
    """The user's variables that hold pictures."""
    return _variables(namespace, lambda value: isinstance(value, (Picture, ImageSet)))


def _option_values(
    session: Session,
    namespace: Mapping[str, Any],
    grammar: Grammar,
    option: str,
    words: Sequence[str],
) -> Iterable[str]:
    makers: dict[str, Callable[[], Iterable[str]]] = {
        "--model": lambda: _models_for(session, grammar, words),
        "--image": lambda: _picture_variables(namespace),
        "--edit": lambda: _picture_variables(namespace),
        "--mask": lambda: _picture_variables(namespace),
        "--tools": lambda: _variables(namespace, _is_tool),
        "--session": lambda: session.conversations,
        "--template": _template_names,
        "--var": lambda: _variables_on_line(words),
        "--size": lambda: _picture_sizes(session, words),
    }
    long_forms = {"-m": "--model", "-s": "--session", "--functions": "--tools"}
    make = makers.get(long_forms.get(option, option))
    if make is not None:
        return make()
    return _FIXED_VALUES.get(option) or _parameter_choices(grammar, option)


def list_model_ids(session: Session, kind: Kind | None = None) -> list[str]:
    """Model ids in the order of `%ernie models`, without the network: the account's live list, else
    the catalogue's for this service.

    Parameters
    ----------
    kind
        Of which kind, and of unknown kind; all when None.
    """
    entries = session.listed_models()
    if not entries:
        protocol = _protocol(session)
        known = [each for each in CATALOGUE if each.v2 or protocol == "qianfan-v1"]
        entries = [models.Listed(each.id, {}) for each in known]
    return [
        entry.id for entry in sort_models(entries) if kind is None or entry.kind in (kind, None)
    ]


def _models_for(session: Session, grammar: Grammar, words: Sequence[str]) -> list[str]:
    """The models of the kind of call; for pictures those that edit where the line has `--edit`,
    else those that do not.
    """
    ids = list_model_ids(session, grammar.kind)
    if grammar.kind != "image":
        return ids
    is_edit = "--edit" in words
    return [each for each in ids if (models.own_image_path(each) == models.EDITS_PATH) is is_edit]


def _protocol(session: Session) -> str:
    try:
        return session.settings.choose_service().protocol
    except ErnieError:  # a `.env` that cannot be read
        return ""


def _picture_sizes(session: Session, words: Sequence[str]) -> Iterable[str]:
    """The sizes of the model on the line, else of the default model."""
    # Also `--model=NAME`, which is one word.
    split = [part for word in words for part in word.split("=", 1)]
    model = next((value for flag, value in pairwise(split) if flag in ("-m", "--model")), "")
    known = models.find_model(model or default_model_of(session, "image"))
    return known.sizes if known else ()


def _variables(namespace: Mapping[str, Any], fits: Callable[[Any], bool]) -> list[str]:
    """The user's variables whose values fit."""
    return [name for name, value in namespace.items() if not name.startswith("_") and fits(value)]


def _is_tool(value: object) -> bool:
    """Whether it is a function of the user's, or tools as the API writes them."""
    if callable(value):
        return getattr(value, "__module__", "") == "__main__"
    if isinstance(value, list):
        return bool(value) and all(map(_is_tool, value))
    return isinstance(value, dict) and value.get("type") == "function"


def _is_table(value: object) -> bool:
    """Whether rows can be read from it: a DataFrame, a list of dictionaries."""
    if isinstance(value, list):
        return bool(value) and isinstance(value[0], dict) and not _is_tool(value)
    return type(value).__name__ == "DataFrame"


def _is_vectors(value: object) -> bool:
    """Whether a vector magic takes it: vectors, or texts."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(each, str) for each in value[:10])
    return isinstance(value, Embeddings)


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
