"""Whether what is printed may have escape codes (ECMA-48) that set it in bold or dim."""

from __future__ import annotations

import builtins
import os
import sys


def takes_escape_codes() -> bool:
    """Whether whoever reads standard output obeys escape codes.

    A notebook's page does. Elsewhere the terminal may not (`TERM=dumb`), its user may not want
    them (https://no-color.org, IPython's `--colors=NoColor`), or the output is a file.
    """
    # IPython puts it there while a cell runs; nothing here imports IPython.
    shell = getattr(builtins, "get_ipython", lambda: None)()
    if str(getattr(shell, "colors", "")).lower() == "nocolor":
        return False
    if getattr(shell, "kernel", None) is not None:
        return True
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    # What people put in the place of `sys.stdout` may only write.
    return bool(getattr(sys.stdout, "isatty", bool)())
