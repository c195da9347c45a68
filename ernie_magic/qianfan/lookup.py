"""Things of an account as a call names them: by the id, by the name, or as another call returned
them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, TypeVar

from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ernie_magic.api.account_things import Kind


class _Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


# The ids of knowledge bases and of applications.
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
NamedT = TypeVar("NamedT", bound=_Named)


def name_of(given: object, kind: Kind) -> str:
    """Return what names a thing: the text that is given, without blanks around it, or the id of the
    thing itself.

    Raises
    ------
    InvalidOption
        It is neither, or an empty text.
    """
    name = getattr(given, "id", given)
    if isinstance(name, str) and name.strip():
        return name.strip()
    raise InvalidOption(
        Text(
            "{noun}要给名称或 ID，不是 {given}",
            "the {noun} is given by its name or its id, not {given}",
        ).fill(noun=kind.noun, given=f"{given!r:.60}"),
        advice=kind.list_all,
    )


def find_named(
    name: str,
    known: Sequence[NamedT],
    kind: Kind,
    names_of: Callable[[NamedT], Sequence[str]] | None = None,
) -> NamedT:
    """Return the only thing of a name.

    Parameters
    ----------
    name
        Its name or its id.
    known
        All of its kind.
    names_of
        What else a thing is called, which counts where nothing has that name or id.

    Raises
    ------
    InvalidOption
        There is none of that name (the closest is told), or there are several.
    """
    found = [thing for thing in known if name in (thing.name, thing.id)]
    if not found and names_of is not None:
        found = [thing for thing in known if name in names_of(thing)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidOption(
            Text("有 {count} 个{noun}叫 {name}", "{count} {noun}s are called {name}").fill(
                count=len(found), noun=kind.noun, name=name
            ),
            advice=Text("写其中一个的 ID：{ids}", "give the id of one of them: {ids}").fill(
                ids=", ".join(thing.id for thing in found)
            ),
        )
    raise InvalidOption(
        Text("没有叫 {name} 的{noun}", "there is no {noun} {name}").fill(
            noun=kind.noun, name=f"{name:.100}"
        ),
        advice=did_you_mean(name, [thing.name for thing in known]) or kind.list_all,
    )


def id_of(thing: object) -> str:
    """Return the id of a thing that is given by itself or by its id.

    Raises
    ------
    InvalidOption
        It is neither.
    """
    thing_id = getattr(thing, "id", thing)
    if not isinstance(thing_id, str) or not thing_id.strip():
        raise InvalidOption(
            Text("{kind} 不是 ID", "{kind} is not an id").fill(kind=type(thing).__name__),
            advice=Text("给出 list() 里的 ID", "pass an id that list() shows"),
        )
    return thing_id.strip()
