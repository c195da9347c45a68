"""One pool of connections, closed with the process: nothing is left to the garbage collector."""

import os
import subprocess
import sys

import pytest

from ernie_magic.emulator import start
from ernie_magic.session import Session
from ernie_magic.wire import http
from ernie_magic.wire.request import WireRequest

SCRIPT = """
import asyncio
from ernie_magic.session import Session
session = Session(model="ernie-3.5-8k")
session.chat("[[echo]]hi")
session.embed("x")
session.models()
stream = session.stream("[[chunks=1000]][[pace=20ms]]")
next(iter(stream))          # left open at the end
asyncio.run(session.achat("[[echo]]hi", history=False))
print(session.history)
"""


@pytest.mark.parametrize(
    "how",
    [
        ["-c", SCRIPT],
        ["-m", "IPython", "--no-banner", "--quick", "-c", "%load_ext ernie_magic\n%run script.py"],
    ],
    ids=["python", "ipython"],
)
def test_a_process_that_closes_nothing_itself_ends_without_a_warning(emulator, how, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    env = {
        **os.environ,
        "AI_STUDIO_BASE_URL": emulator.base_url,
        "AI_STUDIO_API_KEY": "k",
        "PYTHONWARNINGS": "default,ignore::DeprecationWarning",
        "HOME": str(tmp_path),
        "IPYTHONDIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, *how],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "History(" in done.stdout, done.stderr
    assert "unclosed" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert "was destroyed" not in done.stderr
    assert done.returncode == 0


def test_the_built_in_emulator_ends_with_it_too(tmp_path):
    script = "from ernie_magic.session import Session\nprint(Session(model='ernie-3.5-8k').chat('[[echo]]hi'))"
    env = {
        **os.environ,
        "PYTHONWARNINGS": "default,ignore::DeprecationWarning",
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("hi\n", "", 0)


def test_all_calls_go_through_one_pool_and_keep_its_connection(monkeypatch):
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-pool")
    with (
        start(latency=0) as emulator,
        Session(
            service="aistudio",
            model="ernie-3.5-8k",
            base_url=emulator.base_url,
            api_key="k-pool-k-pool",
        ) as session,
    ):
        connections = emulator._server.server_state.connections
        for call in (
            lambda: session.chat("[[echo]]hi"),
            lambda: session.embed("x"),
            session.models,
            lambda: session.rerank("q", ["a"]),
            lambda: session.wire.get("/models"),
            lambda: session.complete("[[echo]]hi"),
            lambda: session["other"].chat("[[echo]]hi"),
        ):
            call()
            assert len(connections) == 1


@pytest.mark.parametrize(
    ("path", "is_absolute"),
    [
        ("/models", False),
        ("models", False),
        ("//other.example/x", False),
        ("https", False),
        ("http://other.example/x", True),
        ("https://other.example/x", True),
        ("HTTPS://other.example/x", True),
        ("Http://other.example/x", True),
    ],
)
def test_another_address_gets_neither_keys_nor_headers_and_each_path_below_both(path, is_absolute):
    key, word = "abcdefgh-of-the-address", "word-of-the-header"
    base_url = f"http://ernie.example/v1?api_key={key}"
    with Session(base_url=base_url, headers={"X-Gate": word}) as session:
        endpoint = session.client.endpoint()
    request = WireRequest("GET", path)
    url = str(http._address_of(endpoint, request))
    headers = http._headers_for(endpoint, request)
    assert request.is_absolute == is_absolute
    assert (key in url, word in headers.values()) == (not is_absolute, not is_absolute)
    assert url.startswith("http://ernie.example/v1") == (not is_absolute)
