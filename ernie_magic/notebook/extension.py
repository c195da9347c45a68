"""Loading: put the session into the namespace, add magics and completer, make `%%ernie` an await.

Everything put into the shell carries a tag, and loading first removes what carries it. A module
that was imported again (autoreload, a deleted `sys.modules` entry) thus replaces its earlier self
instead of standing beside it.
"""

from __future__ import annotations

import importlib
import re
import sys
from typing import TYPE_CHECKING, Any, TypeVar, cast

from IPython.core.inputtransformer2 import cell_magic

from ernie_magic.notebook.magics.completion import matcher
from ernie_magic.notebook.magics.magics import ErnieMagics
from ernie_magic.runtime.interrupts import CELLS
from ernie_magic.session import Session
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from IPython.core.interactiveshell import InteractiveShell

NAME = "ernie"
# What the awaiting door calls: for a cell magic, and for a cell that is one line which makes or
# fetches pictures.
AWAITED = {
    "%%ernie": "cell_async",
    "%%ernie_image": "image_cell_async",
    "%%ernie_embed": "embed_cell_async",
    "%%ernie_map": "map_cell_async",
}
AWAITED_LINE = re.compile(r"%ernie_image +(?=redo |vary |download )(.*)")
_NEEDED_BY_CELLS = ("ernie_magic.notebook.magics.bodies", "ernie_magic.core", "httpx")
_TAG = "_ernie_magic"
_TAKEN = Text(
    "变量 {name} 是你的，没有覆盖；要用会话：del {name} 后 %reload_ext ernie_magic",
    "the variable {name} is yours and was kept; to have the session: del {name}, then "
    "%reload_ext ernie_magic",
)
_Function = TypeVar("_Function", bound="Callable[..., Any]")


def load(shell: InteractiveShell) -> None:
    """Put everything in place; what an earlier load left is replaced, but its session is kept."""
    session = _session(shell)
    unload(shell)
    taken = NAME in shell.user_ns and not _is_session(shell.user_ns[NAME])
    if taken:
        print(_TAKEN.say(session.settings.spoken, name=NAME))
    else:
        shell.push({NAME: session})
    shell.register_magics(ErnieMagics(shell, session))
    # IPython's annotation says shells; its list holds any Configurable.
    configurables = cast("list[Any]", shell.configurables)
    if session.settings not in configurables:
        configurables.append(session.settings)
    door = _Door(shell)
    shell.input_transformers_cleanup.insert(0, _tagged(door.take, has_side_effects=True))
    shell.input_transformers_cleanup.append(_tagged(door.transform, has_side_effects=True))
    shell.events.register("pre_execute", _tagged(CELLS.enter))
    shell.events.register("post_execute", _tagged(CELLS.leave))
    # Otherwise it was loaded before, and the cells it is loaded in have been counted.
    if CELLS.depth == 0:
        for _ in range(_cells_on_the_stack()):
            CELLS.enter()
    # `%reset` removes the session's name: it is put back before the next cell.
    shell.events.register(
        "pre_run_cell", _tagged(lambda _info: shell.user_ns.setdefault(NAME, session))
    )
    if shell.Completer is not None:
        shell.Completer.custom_matchers.append(_tagged(matcher(session, shell.user_ns)))
    _warm(shell)


def unload(shell: InteractiveShell) -> None:
    """Remove everything but the session in the namespace."""
    cleanup = shell.input_transformers_cleanup
    cleanup[:] = [f for f in cleanup if not hasattr(f, _TAG)]
    for event in ("pre_execute", "post_execute", "pre_run_cell"):
        for callback in [f for f in shell.events.callbacks[event] if hasattr(f, _TAG)]:
            shell.events.unregister(event, callback)
    if shell.Completer is not None:
        matchers = shell.Completer.custom_matchers
        matchers[:] = [f for f in matchers if not hasattr(f, _TAG)]
    for kind in ("line", "cell"):
        for name in [
            name
            for name in shell.magics_manager.magics[kind]
            if name == NAME or name.startswith(f"{NAME}_")
        ]:
            shell.magics_manager.magics[kind].pop(name)


class _Door:
    """Decides how a cell magic runs: awaited for a notebook's own cell, waited for otherwise."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell

    def take(self, lines: list[str]) -> list[str]:
        """Take a cell that is or contains one of ours before IPython cleans it up as if it were
        Python.

        IPython would remove what looks like a prompt (`>>> `, `In [1]: `) from the beginnings of
        lines, and blanks from otherwise empty lines; below a magic they are the user's words. An
        indented cell, or one pasted with prompts, goes through IPython's own cleaning.
        """
        kept = lines[next((i for i, line in enumerate(lines) if line.strip()), 0) :]
        if (
            not kept
            or not kept[0].startswith("%%")
            or not any(
                line.split(None, 1)[:1] and line.split(None, 1)[0] in AWAITED for line in kept
            )
        ):
            return lines
        taken: list[str] = cell_magic(self.transform(kept))
        return taken

    def transform(self, lines: list[str]) -> list[str]:
        """Turn the magic and its body into an `await`, in a kernel, at the top level."""
        first, *body = lines or [""]
        name, _, line = first.rstrip().partition(" ")
        if getattr(self._shell, "kernel", None) is None or CELLS.depth or not self._shell.autoawait:
            return lines
        home = f"get_ipython().magics_manager.registry[{ErnieMagics.__name__!r}].bodies"
        if name in AWAITED:
            return [f"await {home}.{AWAITED[name]}({line!r}, {''.join(body)!r})\n"]
        if not "".join(body).strip() and (found := AWAITED_LINE.fullmatch(first.rstrip())):
            return [f"await {home}.image_line_async({found.group(1)!r})\n"]
        return lines


def _cells_on_the_stack() -> int:
    """How many cells are running on this thread, each started by the one before.

    A notebook run by `%run` counts as two.
    """
    frame: FrameType | None = sys._getframe()  # noqa: SLF001  (inspect.stack() reads the source of each frame: 100 ms)
    count = 0
    while frame is not None:
        count += frame.f_code.co_name == "run_cell_async"
        frame = frame.f_back
    return count


def _session(shell: InteractiveShell) -> Session:
    """The session that already exists, from any import of the module; else a new one."""
    registered = shell.magics_manager.registry.get(ErnieMagics.__name__)
    for found in (getattr(registered, "session", None), shell.user_ns.get(NAME)):
        if _is_session(found):
            return cast("Session", found)
    from ernie_magic.config.settings import ErnieSettings

    return Session(ErnieSettings(parent=shell))


def _is_session(found: object) -> bool:
    # Compared by name: it may come from an earlier import, as another class of the same name.
    return type(found).__name__ == Session.__name__ and hasattr(found, "conversations")


def _tagged(function: _Function, *, has_side_effects: bool = False) -> _Function:
    """A wrapper that carries the tag; bound methods accept no attributes."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    wrapper.__dict__.update(function.__dict__)
    setattr(wrapper, _TAG, True)
    # IPython skips such a transformer when it only asks whether a cell is complete.
    wrapper.has_side_effects = has_side_effects  # type: ignore[attr-defined]
    return wrapper  # type: ignore[return-value]


def _warm(shell: InteractiveShell) -> None:
    """In a kernel, import what calls need in the background once the loading cell has ended.

    The first question then need not wait for it.
    """
    if getattr(shell, "kernel", None) is None:
        return

    def once() -> None:
        from ernie_magic.runtime.io_thread import IO

        shell.events.unregister("post_execute", warm)
        for name in _NEEDED_BY_CELLS:
            IO.get().call_soon_threadsafe(importlib.import_module, name)

    warm = _tagged(once)
    shell.events.register("post_execute", warm)
