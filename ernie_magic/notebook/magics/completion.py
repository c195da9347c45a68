"""Tab completion on the first line of `%%ernie` and after `%ernie`; after `ernie.`, where it is in
the order of use; and of the arguments of our calls.

Elsewhere it costs nothing: the options are imported at the first Tab on a line of our magics.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from IPython.core import completer

from ernie_magic.api.public_names import SuggestsNames

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.completer import CompletionContext, IPCompleter

    from ernie_magic.session import Session

_MAGIC_LINE = re.compile(r"%%?ernie")
# A variable, attributes of it, and the beginning of one more: `ernie.settings.te`.
_ATTRIBUTE = re.compile(r"(?:^|[^\w.)\]])([^\W\d]\w*)\.((?:\w+\.)*)(\w*)$")
# Variables of which an attribute is named.
_OWNERS = re.compile(r"\b([^\W\d]\w*)\.")
_NOTHING: list[completer.SimpleCompletion] = []
# Marks what is put into the shell (`extension.py`).
TAG = "_ernie_magic"


def _trust_names(*, trusted: bool) -> None:
    """Tell IPython whether it may follow the attributes of our objects on Tab: it evaluates nothing
    of a class that has a `__getattr__` it does not know ("Completer.evaluation" on
    https://ipython.readthedocs.io/en/stable/config/options/terminal.html). Ours only raises.
    """
    try:
        from IPython.core.guarded_eval import EVALUATION_POLICIES
    except ImportError:  # before IPython 8.8
        return
    known: set[Any] = getattr(EVALUATION_POLICIES["limited"], "allowed_getattr", set())
    if trusted:
        known.add(SuggestsNames)
    else:
        known.discard(SuggestsNames)


def add_completer(
    ip_completer: IPCompleter,
    session: Session,
    namespace: Mapping[str, Any],
) -> None:
    """Complete our lines; `namespace` holds the user's variables."""
    _trust_names(trusted=True)
    if hasattr(completer, "context_matcher"):
        ip_completer.custom_matchers += [
            _make_matcher(session, namespace),
            _make_attribute_matcher(namespace),
            _make_argument_matcher(ip_completer, namespace),
        ]
        return
    # IPython 7 has no matchers that know the cursor's line, but commands with a completer.
    commands: Any = ip_completer.custom_completers
    commands.add_re(_MAGIC_LINE, _make_command_completer(session, namespace))


def remove_completer(ip_completer: IPCompleter) -> None:
    """Remove what `add_completer` added, by this import of the module or an earlier one."""
    _trust_names(trusted=False)
    matchers = ip_completer.custom_matchers
    matchers[:] = [matcher for matcher in matchers if not hasattr(matcher, TAG)]
    commands: Any = ip_completer.custom_completers
    commands.regexs.pop(_MAGIC_LINE, None)


def _make_matcher(session: Session, namespace: Mapping[str, Any]) -> Any:
    @completer.context_matcher(identifier="ernie_magic")
    def complete_line(context: CompletionContext) -> dict[str, Any]:
        found: list[str] = []
        # The prompt below the first line is prose: offer nothing there.
        if not context.cursor_line:
            found = _list_candidates(session, namespace, context.line_with_cursor, context.token)
        return {
            "completions": [completer.SimpleCompletion(text, type="magic") for text in found],
            "ordered": True,  # models as the panel and `%ernie models` have them
            "suppress": bool(found),
        }

    setattr(complete_line, TAG, True)
    return complete_line


def _make_attribute_matcher(namespace: Mapping[str, Any]) -> Any:
    @completer.context_matcher(identifier="ernie_magic.attributes")
    def complete_attribute(context: CompletionContext) -> dict[str, Any]:
        started = ""
        found = _NOTHING
        if not _MAGIC_LINE.match(context.full_text):
            started, found = _list_attributes(namespace, context.text_until_cursor)
        # IPython sorts what is not said to be in order, and adds Jedi's.
        return {
            "completions": found,
            "matched_fragment": started,
            "ordered": True,
            "suppress": bool(found),
        }

    setattr(complete_attribute, TAG, True)
    return complete_attribute


def _list_attributes(
    namespace: Mapping[str, Any],
    text: str,
) -> tuple[str, list[completer.SimpleCompletion]]:
    """Return the beginning of a name, and the public names of one of our objects that have it;
    none behind any other object.
    """
    attribute = _ATTRIBUTE.search(text)
    if attribute is None:
        return "", _NOTHING
    variable, path, started = attribute.groups()
    owner = namespace.get(variable)
    for name in path.split(".")[:-1]:
        if not _has_order(owner):
            return "", _NOTHING
        owner = getattr(owner, name, None)
    if not _has_order(owner):
        return "", _NOTHING
    return started, [
        completer.SimpleCompletion(name, type=_type_of(type(owner), name))
        for name in owner.__dir__()
        if name.startswith(started) and not name.startswith("_")
    ]


def _make_argument_matcher(ip_completer: IPCompleter, namespace: Mapping[str, Any]) -> Any:
    # Jedi, which knows the arguments as well, reads Python's own modules at its first Tab, and a
    # page waits for one second only: so they come from IPython, which asks their signature.
    @completer.context_matcher(identifier="ernie_magic.arguments")
    def complete_argument(context: CompletionContext) -> dict[str, Any]:
        found: list[str] = []
        line, token = context.text_until_cursor, context.token
        is_value = line.removesuffix(token).rstrip().endswith("=")
        if not is_value and _names_one_of_ours(namespace, line):
            found = ip_completer.python_func_kw_matches(token)
        if found and token:
            found += ip_completer.global_matches(token)
        return {
            "completions": [
                completer.SimpleCompletion(text, type=_type_of_argument(text)) for text in found
            ],
            "suppress": bool(found),
        }

    setattr(complete_argument, TAG, True)
    return complete_argument


def _names_one_of_ours(namespace: Mapping[str, Any], line: str) -> bool:
    return any(_has_order(namespace.get(name)) for name in _OWNERS.findall(line))


def _type_of_argument(text: str) -> str:
    if text.endswith("="):
        return "param"
    return "instance"


def _has_order(value: object) -> bool:
    """Whether it is one of our objects that tell the order of use of their names."""
    owner = type(value)
    return owner.__module__.startswith("ernie_magic.") and owner.__dir__ is not object.__dir__


def _type_of(owner: type, name: str) -> str:
    """Return what a page shows beside a completion."""
    if callable(getattr(owner, name, None)):
        return "function"
    return "instance"


def _make_command_completer(session: Session, namespace: Mapping[str, Any]) -> Any:
    def complete_command(event: Any) -> list[str]:
        return _list_candidates(session, namespace, event.text_until_cursor, event.symbol)

    return complete_command


def _list_candidates(
    session: Session,
    namespace: Mapping[str, Any],
    line: str,
    token: str,
) -> list[str]:
    if not _MAGIC_LINE.match(line) or " " not in line:
        return []
    from ernie_magic.notebook.magics.completion_candidates import list_candidates

    return list_candidates(session, namespace, line.split(" "), token)
