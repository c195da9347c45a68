"""A real ipykernel through jupyter_client, and what a front end would see of it."""

import os
import queue
import time
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from jupyter_client.manager import KernelManager

from ernie_magic.emulator import start
from tests.used_kernel import FORGET

LOAD = "%load_ext ernie_magic\nernie.settings.model = 'ernie-3.5-8k'\nernie.models()"
TIMEOUT = 30.0
REPLY_TIMEOUT = 5.0  # of the reply to a cell that has ended


class NoReplyError(AssertionError):
    """The kernel never answered a cell that has ended.

    ipykernel 7 drops the reply of any cell when an interrupt arrives after the cell's code, while
    it flushes the streams: `execute_request` in its kernelbase.py, outside `_cancel_on_sigint`.

    Attributes
    ----------
    ran : Ran
        What the cell sent.
    """

    def __init__(self, ran):
        super().__init__("the kernel did not answer a cell that has ended")
        self.ran = ran


@dataclass
class Ran:
    """A cell that ran: its messages, with arrival times, folded into outputs as a front end does."""

    begin: float
    messages: list = field(default_factory=list)  # (seconds since the epoch, message)
    status: str = ""

    def of(self, kind):
        return [(at, m["content"]) for at, m in self.messages if m["msg_type"] == kind]

    @property
    def error(self):
        found = self.of("error")
        return found[-1][1] if found else None

    @property
    def idle(self):
        return next(at for at, content in self.of("status") if content["execution_state"] == "idle")

    @property
    def shown(self):
        """When each display arrived, and its HTML."""
        return [
            (at, m["content"]["data"].get("text/html", ""))
            for at, m in self.messages
            if m["msg_type"] in ("display_data", "update_display_data")
        ]

    @property
    def outputs(self):
        outputs, clear = [], False
        for _, message in self.messages:
            kind, content = message["msg_type"], message["content"]
            if kind == "clear_output":
                clear = True
            elif kind == "update_display_data":
                for output in outputs:
                    if output.get("id") == content["transient"]["display_id"]:
                        output["data"] = content["data"]
            elif kind in ("display_data", "execute_result", "stream", "error"):
                if clear:
                    outputs, clear = [], False
                outputs.append(
                    {"kind": kind, "id": content.get("transient", {}).get("display_id"), **content}
                )
        return outputs

    @property
    def text(self):
        return "".join(
            output.get("text", "") for output in self.outputs if output["kind"] == "stream"
        )


class Kernel:
    """A kernel and the client that watches it."""

    def __init__(self, env):
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env={**os.environ, **env})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def start(self, code):
        """Send a cell; return its id."""
        return self.client.execute(code)

    def finish(self, *ids, interrupt_after=None, interrupt_when=None):
        """Wait for cells; `interrupt_after` interrupts that many seconds after the first cell's
        first display, or after its beginning where it is negative; `interrupt_when` as soon as it
        returns true.
        """
        ran = {id_: Ran(time.time()) for id_ in ids}
        waiting, due = set(ids), None
        self.interrupted = 0.0
        end = time.monotonic() + TIMEOUT
        while waiting:
            assert time.monotonic() < end, f"no end of {waiting}"
            if interrupt_when and interrupt_when():
                interrupt_when, due = None, 0.0
            if due is not None and time.monotonic() >= due:
                due = None
                self.interrupted = time.time()
                self.manager.interrupt_kernel()
            try:
                message = self.client.get_iopub_msg(timeout=0.01)
            except queue.Empty:
                continue
            id_ = message["parent_header"].get("msg_id")
            if id_ not in ran:
                continue
            ran[id_].messages.append((time.time(), message))
            state = message["content"].get("execution_state")
            begun = (
                message["msg_type"] == "display_data"
                if interrupt_after is not None and interrupt_after >= 0
                else state == "busy"
            )
            if (
                interrupt_after is not None
                and begun
                and id_ == ids[0]
                and not self.interrupted
                and due is None
            ):
                due = time.monotonic() + abs(interrupt_after)
            if state == "idle":
                waiting.discard(id_)
        self._await_replies(ran)
        return [ran[id_] for id_ in ids]

    def _await_replies(self, ran):
        """Wait for the answers to cells that have ended."""
        waiting = set(ran)
        while waiting:
            try:
                reply = self.client.get_shell_msg(timeout=REPLY_TIMEOUT)
            except queue.Empty:
                raise NoReplyError(ran[next(iter(waiting))]) from None
            id_ = reply["parent_header"]["msg_id"]
            # A late answer to the question whether the kernel is ready belongs to no cell.
            if id_ in waiting:
                ran[id_].status = reply["content"]["status"]
                waiting.discard(id_)

    def watch(self, id_):
        """Wait for a message that is not a cell, and answers nothing on the shell channel."""
        ran, end = Ran(time.time()), time.monotonic() + TIMEOUT
        while not any(c["execution_state"] == "idle" for _, c in ran.of("status")):
            assert time.monotonic() < end, f"no end of {id_}"
            with suppress(queue.Empty):
                message = self.client.get_iopub_msg(timeout=0.1)
                if message["parent_header"].get("msg_id") == id_:
                    ran.messages.append((time.time(), message))
        return ran

    def run(self, code, **options):
        return self.finish(self.start(code), **options)[0]

    def value(self, expression):
        ran = self.run(f"print({expression})")
        assert ran.status == "ok", ran.error
        return ran.text.strip()

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@pytest.fixture(scope="package")
def emulator():
    """An emulator at full speed, except where a prompt sets its pace; it does not say what it
    is.
    """
    with start(latency=0, announce=False) as emulator:
        yield emulator


@pytest.fixture(scope="package")
def _process(emulator):
    """The kernel that all modules use one after another."""
    kernel = Kernel(
        {
            "AI_STUDIO_BASE_URL": emulator.base_url,
            "AI_STUDIO_API_KEY": "canary-key-of-the-kernel",
            "LANG": "en_US.UTF-8",
            "LC_ALL": "en_US.UTF-8",
            "PYTHONWARNINGS": "default",
        }
    )
    yield kernel
    kernel.close()


def load_anew(kernel):
    """Load the extension in a kernel that has forgotten what it did."""
    for code in (FORGET, LOAD):
        ran = kernel.run(code)
        assert ran.status == "ok", ran.error


@pytest.fixture(scope="module")
def _kernel(_process):
    load_anew(_process)
    return _process


@pytest.fixture
def kernel(_kernel, emulator):
    """A kernel with the extension loaded and an empty history."""
    _kernel.run("ernie.reset()")
    emulator.requests.clear()
    return _kernel


@pytest.fixture
def unloaded_kernel(_kernel, emulator):
    """A kernel in which nothing has run yet."""
    assert _kernel.run(FORGET).status == "ok"
    emulator.requests.clear()
    yield _kernel
    load_anew(_kernel)
