"""A session's emulator ends with it, and a forked process inherits nothing of it."""

import gc
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ernie_magic.emulator import start
from ernie_magic.session import Session

from .conftest import wait_until

PROC = Path("/proc/self")
FORKED = """
import os, socket, sys, time
from ernie_magic.session import Session

def sockets():
    links = []
    for number in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:
            pass
    held = {link[8:-1] for link in links if link.startswith("socket:")}
    rows = [line.split() for line in open("/proc/net/tcp").readlines()[1:]]
    return [row for row in rows if row[9] in held]

session = Session()
session.chat("hi")
url = session.endpoint().base_url
port = int(url.split(":")[2].split("/")[0])
accepted = [row for row in sockets() if row[1].endswith(f":{port:04X}")]
assert len(accepted) >= 2, accepted  # the listening one, and a connection
child = os.fork()
if child == 0:
    try:
        assert not [row for row in sockets() if row[1].endswith(f":{port:04X}")]
        assert session.client._emulator is None
        assert session.chat("hi").text
        assert session.endpoint().base_url != url
        session.close()
    except BaseException as error:
        print(repr(error), flush=True)
        os._exit(1)
    time.sleep(1.5)
    os._exit(0)
time.sleep(0.5)
assert session.chat("still there").text
session.close()
try:
    socket.create_connection(("127.0.0.1", port), 1).close()
except OSError:
    print("refused", flush=True)
else:
    print("answered", flush=True)
sys.exit(os.waitpid(child, 0)[1])
"""


def servers():
    return [thread for thread in threading.enumerate() if thread.name == "ernie-emulator"]


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch):
    monkeypatch.setenv("ERNIE_EMULATOR_LATENCY", "0")


def test_dropped_sessions_leave_no_server_no_thread_and_no_file():
    def counts():
        return [len(list(folder.iterdir())) for folder in (PROC / "task", PROC / "fd")]

    def use():
        Session().chat("hi")

    def has_no_server():
        # Again and again: the I/O thread may still hold the last call when it is first collected.
        gc.collect()
        return not servers()

    use()
    assert wait_until(has_no_server)
    before = counts() if PROC.is_dir() else None
    for _ in range(6):
        use()
    assert wait_until(has_no_server)
    if before:
        assert wait_until(
            lambda: all(now <= then + 1 for now, then in zip(counts(), before, strict=True))
        )


@pytest.mark.parametrize("is_streaming", [False, True])
def test_it_stops_at_once_and_so_do_its_streams(is_streaming):
    times = []
    for _ in range(3):
        emulator = start(latency=0)
        with Session(service="aistudio", base_url=emulator.base_url, api_key="k-any") as session:
            stream = session.stream("[[chunks=500]][[pace=50ms]]") if is_streaming else None
            if stream is not None:
                next(iter(stream))
            began = time.monotonic()
            emulator.stop()
            times.append(time.monotonic() - began)
            assert emulator.open_streams == 0
    assert min(times) < 0.1


def test_a_session_that_is_closed_and_used_again_has_another_server():
    with Session() as session:
        first = session.endpoint().base_url
        session.close()
        assert not servers()
        assert session.chat("hi").text
        second = session.endpoint().base_url
    assert first != second
    assert not servers()


def test_dropping_a_session_ends_no_other_s_server():
    with start(latency=0) as emulator, Session() as kept:
        kept.chat("hi")
        Session().chat("hi")
        gc.collect()
        assert wait_until(lambda: len(servers()) == 2)
        assert kept.chat("hi").text
        assert (
            socket.create_connection(("127.0.0.1", int(emulator.url.rpartition(":")[2])), 5).close()
            is None
        )


def test_a_script_that_leaves_its_session_open_ends_at_once_and_says_nothing():
    code = "from ernie_magic.session import Session; s = Session(); print(s.chat('hi').service)"
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "emulator\n", "")
    assert time.monotonic() - began < 15


@pytest.mark.skipif(not hasattr(os, "fork") or not PROC.is_dir(), reason="reads /proc")
def test_a_forked_process_holds_nothing_of_its_parent_s_server_and_starts_its_own():
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "refused\n", "")


def test_the_session_knows_the_token_of_the_server_it_starts():
    import httpx

    with Session() as session:
        root = re.match(r"http://[^/]+", session.endpoint().base_url).group(0)
        headers = {"Authorization": f"Bearer {session.client._emulator.token}"}
        assert httpx.get(f"{root}/emulator/requests", headers=headers, trust_env=False).json() == []
