"""An async tool in a plain call inside a running loop."""

import asyncio
import sys

import pytest

from ernie_magic import errors
from tests.calls.chat.test_tool_rounds import ASK


def test_an_async_tool_in_a_plain_call_inside_a_running_loop(ernie, monkeypatch):
    """What nest_asyncio is for: a coroutine bound to a loop that is already running."""
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    code = """
import asyncio, sys
from ernie_magic.session import Session
async def weather(location: str) -> str:
    '天气查询工具'
    await asyncio.sleep(0)
    return location + ': sunny'
async def main():
    with Session(model="ernie-3.5-8k") as session:
        print(session.chat("北京天气", tools=[weather]).tool_runs[0].content)
asyncio.run(main())
print("nest_asyncio" in sys.modules)
"""
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split() == ["北京:", "sunny", "True"], done.stderr


def test_in_a_kernel_s_own_loop_it_is_refused_with_advice(ernie, monkeypatch):
    class Seven:
        version_info = (7, 4, 0)

    async def weather(location: str) -> str:
        """天气查询工具"""
        return location

    async def cell():
        return ernie.chat(ASK, tools=[weather])

    monkeypatch.setitem(sys.modules, "ipykernel", Seven)
    with pytest.raises(errors.UsageError, match=r"await ernie\.achat"):
        asyncio.run(cell())
    assert not ernie.history
