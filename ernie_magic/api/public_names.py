"""What `dir()`, Tab and a cell's end show of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence


class CallGroup:
    """A group of calls of the session, such as `ernie.services`: a cell that ends with it shows
    which calls there are.
    """

    _path = ""  # how it is written

    def __repr__(self) -> str:
        names = [name for name in dir(self) if not name.startswith(("_", "begin_"))]
        awaited = {f"a{name}" for name in names}
        calls = ", ".join(f"{name}()" for name in names if name not in awaited)
        return f"{self._path}: {calls} · {self._path}?"


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
