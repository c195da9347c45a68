"""What `dir()`, Tab and a cell's end show of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence


def names_by_use(
    names: Iterable[str],
    first: Sequence[str],
    internal: Container[str] = (),
) -> list[str]:
    """Return the names for `__dir__`: those that people use most, then the other public ones, then
    the private ones.

    Parameters
    ----------
    names
        All of them.
    first
        Those that come first, in their order; one that is not among the names is left out.
    internal
        Those that only this package uses; they are left out.
    """
    known = {name for name in names if name not in internal}
    leading = [name for name in dict.fromkeys(first) if name in known]
    others = sorted(known.difference(leading), key=lambda name: (name.startswith("_"), name))
    return leading + others


class CallGroup:
    """A group of calls of the session, such as `ernie.services`: Tab and a cell that ends with it
    show which calls there are, those that people use most first.

    A class sets `_path`, how it is written; `_in_order_of_use`, the names that come first; and
    `_internal_names`, those that only this package uses.
    """

    _path: ClassVar[str] = ""
    _in_order_of_use: ClassVar[Sequence[str]] = ()
    _internal_names: ClassVar[Container[str]] = ()

    def __dir__(self) -> list[str]:
        return names_by_use(super().__dir__(), self._in_order_of_use, self._internal_names)

    def __repr__(self) -> str:
        names = [name for name in self.__dir__() if not name.startswith("_")]
        awaited = {f"a{name}" for name in names}
        calls = [name for name in names if name not in awaited and self._is_call(name)]
        shown = ", ".join(f"{name}()" for name in calls)
        return f"{self._path}: {shown} · {self._path}?"

    def _is_call(self, name: str) -> bool:
        return callable(getattr(type(self), name, None))
