"""Searches for regular expressions that a user or a request brings, each within a time limit.

A pattern such as `(a+)+$` may take longer than any life (catastrophic backtracking), and Python's
`re` has no time limit and holds the interpreter's lock meanwhile: no other thread of the process
would run. So they run in a process of their own. (The `regex` package has a time limit, but writes
nested repetitions out: `((a{1000}){1000}){1000}` takes all memory.)
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SEARCH_SECONDS = 1.0  # for one search
# The texts of one pattern that ran out of time; then its other texts are not searched any more.
_MAX_OVERDUE = 3
_WORKER = Path(__file__).with_name("pattern_worker.py")


class PatternSearch:
    """Searches in a process of their own.

    Parameters
    ----------
    searches
        Pairs of a pattern, which `re` can compile, and a text.
    """

    def __init__(self, searches: Sequence[tuple[str, str]]) -> None:
        self._searches = searches
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False

    def run(self) -> list[bool | None]:
        """Return whether each pattern is found in its text; None where that could not be said
        within `SEARCH_SECONDS`, or where it was stopped.
        """
        found: list[bool | None] = [None] * len(self._searches)
        overdue: Counter[str] = Counter()
        pending = list(range(len(self._searches)))
        while pending and not self._is_stopped:
            results = self._run_worker([self._searches[index] for index in pending])
            for index, result in zip(pending, results, strict=False):
                found[index] = result
            unfinished = pending[len(results) :]
            if unfinished:  # the worker ended in the first of them
                overdue[self._searches[unfinished[0]][0]] += 1
            pending = [
                index
                for index in unfinished[1:]
                if overdue[self._searches[index][0]] < _MAX_OVERDUE
            ]
        return found

    def stop(self) -> None:
        """End the process; `run` returns soon."""
        with self._lock:
            self._is_stopped = True
            if self._process is not None:
                self._process.kill()

    def _run_worker(self, searches: Sequence[tuple[str, str]]) -> list[bool]:
        """Return the results up to the first search that took too long."""
        with self._lock:
            if self._is_stopped:
                return []
            # Without site packages and the environment's variables: it starts in some 20 ms.
            command = [sys.executable, "-I", "-S", str(_WORKER)]
            self._process = subprocess.Popen(  # noqa: S603  (our own file)
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        written, _ = self._process.communicate(json.dumps([SEARCH_SECONDS, searches]).encode())
        return [digit == ord("1") for digit in written]
