"""The events of a call, which it emits while it runs: what a chunk adds to the answer, how far many
pieces of work have come, what the call waits for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.api.results import ToolRun
    from ernie_magic.runtime.caller_task import CallerTask
    from ernie_magic.text.language import Text


class Progress(NamedTuple):
    """The progress of many pieces of work.

    Attributes
    ----------
    done, total : int
        Pieces; those that failed are done.
    failed : int
    tokens : int
        Spent so far, in this run.
    yuan : float
        The cost of these tokens in CNY; 0.0 where no price is known.
    """

    done: int
    total: int
    failed: int = 0
    tokens: int = 0
    yuan: float = 0.0


class Delta(NamedTuple):
    """What one chunk adds to the answer.

    Attributes
    ----------
    text : str
    reasoning : str
        A thinking model's thoughts, before its text.
    notice : Text | None
        Not part of the answer: what the call is waiting for.
    waited : int | None
        With a notice that is repeated each second: seconds since the call began; None where they
        are not counted.
    progress : Progress | None
        Not part of the answer: the progress of many pieces of work.
    caller_task : CallerTask | None
        Not part of the answer: a tool to be called by whoever reads.
    tool : ToolRun | None
        Not part of the answer: a tool that was called.
    event : dict | None
        The whole event, for those who asked for just that (`ernie.wire.stream`).
    """

    text: str = ""
    reasoning: str = ""
    notice: Text | None = None
    waited: int | None = None
    progress: Progress | None = None
    caller_task: CallerTask[Any] | None = None
    tool: ToolRun | None = None
    event: Mapping[str, Any] | None = None
