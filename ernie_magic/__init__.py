"""ernie_magic: talk to Baidu's ERNIE models from a notebook. `%load_ext ernie_magic` puts the
session `ernie` there.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ernie_magic.api.results import Answer
    from ernie_magic.api.usage import Usage
    from ernie_magic.calls.images.pictures import ImageSet, Picture
    from ernie_magic.errors import ErnieError, Interrupted
    from ernie_magic.session import Session

__version__ = "0.1.0"

_HOMES = {
    "Answer": "api.results",
    "ErnieError": "errors",
    "ImageSet": "calls.images.pictures",
    "Interrupted": "errors",
    "Picture": "calls.images.pictures",
    "Session": "session",
    "Usage": "api.usage",
}
__all__ = [
    "Answer",
    "ErnieError",
    "ImageSet",
    "Interrupted",
    "Picture",
    "Session",
    "Usage",
    "__version__",
    "load_ipython_extension",
    "unload_ipython_extension",
]


def __getattr__(name: str) -> Any:
    if home := _HOMES.get(name):
        return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext ernie_magic`."""
    from ernie_magic.notebook.extension import load_extension

    load_extension(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """`%unload_ext ernie_magic`."""
    from ernie_magic.notebook.extension import unload_extension

    unload_extension(shell)
