"""Warnings that point at the user's line, however many of our frames are between."""

from __future__ import annotations

import sys
import warnings

_PACKAGE = __name__.partition(".")[0]


def warn_user(said: str) -> None:
    """Warn at the first frame that is not ours (`skip_file_prefixes` of Python 3.12 does the same).

    Parameters
    ----------
    said
        In the user's language.
    """
    frame, level = sys._getframe(), 1  # noqa: SLF001  (Python's documented name)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        frame, level = frame.f_back, level + 1
    warnings.warn(said, stacklevel=level)
