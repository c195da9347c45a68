"""The only use of nest_asyncio: plain code inside a running loop that must finish a user's
coroutine.

Such a coroutine comes from an `async def` tool when the prompt was sent without `await`.
nest_asyncio patches the process and cannot be undone, so it is imported on that path only. Where it
would lose messages (measured: ipykernel 7 and later), it is refused with advice.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from ernie_magic.errors import UsageError
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Coroutine

ResultT = TypeVar("ResultT")


class NestedLoop(UsageError):
    """A coroutine cannot be waited for here."""


_LOSES_MESSAGES = 7  # ipykernel's version


def finish_coroutine(coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Return the coroutine's result, from plain code: in a loop of its own, or in the one that is
    already running here.

    Raises
    ------
    NestedLoop
        The running loop is a kernel's, which would lose messages.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    kernel = sys.modules.get("ipykernel")
    if (
        kernel is not None
        and kernel.version_info[0] >= _LOSES_MESSAGES
        and threading.current_thread() is threading.main_thread()
    ):
        coroutine.close()
        raise NestedLoop(
            Text("异步工具（async def）不能在这里等待", "an async tool cannot be waited for here"),
            Text("笔记本的事件循环正在运行", "the notebook's own event loop is running"),
            Text(
                "改用 await ernie.achat(…) 或 %%ernie --tools …",
                "use await ernie.achat(…) or %%ernie --tools …",
            ),
        )
    import nest_asyncio

    nest_asyncio.apply(loop)
    return loop.run_until_complete(coroutine)
