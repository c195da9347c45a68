"""Every test leaves home, environment, network and processes as it found them."""

import ipaddress
import os
import socket
from collections import Counter
from pathlib import PurePosixPath

import pytest
from hypothesis import HealthCheck, settings

from ernie_magic.config.work_folders import WORK_FOLDERS
from ernie_magic.text import language, redact
from ernie_magic.wire import limits

PRIVATE = ("AI_STUDIO_", "QIANFAN_", "OPENAI_", "ERNIE_")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
CERTIFICATES = (
    *("ssl_cert_file", "ssl_cert_dir", "sslkeylogfile"),
    *("requests_ca_bundle", "curl_ca_bundle"),
)

# A busy machine is no reason to fail: an example has no deadline, and may be slow to make.
settings.register_profile(
    "no deadline", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("no deadline")


def pytest_addoption(parser):
    parser.addoption(
        "--strict-bars",
        action="store_true",
        help="benchmarks fail where they miss their bar; without it only at twice the bar, which no busy machine explains",
    )


@pytest.fixture(autouse=True)
def _isolated(tmp_path, monkeypatch):
    """A home of its own, no keys, proxies or certificates of the machine, no `.env` above.

    English by default.
    """
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        if name.startswith(PRIVATE) or name.lower() in (*PROXIES, *CERTIFICATES):
            monkeypatch.delenv(name)
    for name in (
        "HOME",
        "USERPROFILE",
        "IPYTHONDIR",
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_RUNTIME_DIR",
    ):
        folder = home if name in ("HOME", "USERPROFILE") else home / name.lower()
        folder.mkdir(exist_ok=True)
        monkeypatch.setenv(name, str(folder))
    for name in ("LC_ALL", "LC_MESSAGES", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    limits.LIMITS.forget_all()
    # Seconds: what is learned from a 429 need not last a real minute.
    monkeypatch.setattr(limits.LIMITS, "minute", 1.0)
    language.prefer_language("")
    redact.KNOWN.forget_all()  # a key of another test would be redacted in this one's texts
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setattr(WORK_FOLDERS, "_began_in", work)
    monkeypatch.setattr(WORK_FOLDERS, "_found_in", {})


@pytest.fixture(autouse=True, scope="session")
def _loopback_only():
    """No test reaches beyond this machine: a socket that tries raises."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def checked(address):
        host = address[0] if isinstance(address, tuple) else ""
        try:
            outside = bool(host) and not ipaddress.ip_address(host).is_loopback
        except ValueError:
            outside = host != "localhost"
        if outside:
            raise AssertionError(f"a test tried to reach {host}")
        return address

    socket.socket.connect = lambda self, address: connect(self, checked(address))
    socket.socket.connect_ex = lambda self, address: connect_ex(self, checked(address))
    yield
    socket.socket.connect, socket.socket.connect_ex = connect, connect_ex


@pytest.fixture(scope="module")
def emulator():
    """An emulator that does not wait, in the place of a service: it does not say what it is."""
    from ernie_magic.emulator import start

    with start(latency=0, announce=False) as emulator:
        yield emulator


@pytest.fixture(params=["aistudio", "qianfan"])
def session(request, emulator, monkeypatch):
    """A session on AI Studio, and one on Qianfan V2."""
    from ernie_magic.session import Session

    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-calls")
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_API_KEY", "bce-v3/ALTAK-x/0123")
    emulator.requests.clear()
    with Session(service=request.param, model="ernie-3.5-8k", backoff_factor=0.0) as session:
        yield session


@pytest.fixture(autouse=True)
def _no_faults_left(request):
    yield
    if "emulator" in request.fixturenames:
        request.getfixturevalue("emulator").faults.clear()


@pytest.fixture
def shell(emulator, monkeypatch):
    """A real IPython shell like a script's, with the extension loaded: no kernel, no terminal.

    Its session is on this run's emulator.
    """
    from tests.fresh_shell import open_shell

    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "canary-key-of-the-shell")
    with open_shell() as shell:
        emulator.requests.clear()
        shell.user_ns["ernie"].settings.retry_count = 1  # retries have their own tests
        yield shell


@pytest.fixture
def ernie(shell):
    return shell.user_ns["ernie"]


@pytest.fixture
def run(shell, capsys):
    """Run a cell; return its result and what it printed."""

    def run_(code):
        result = shell.run_cell(code)
        return result, capsys.readouterr().out

    return run_


# Folders and files whose tests run one after another, in this order: the longest first.
TOGETHER = ("browser", "test_hostile_documents", "kernel")


def group_of(folder, file):
    """The tests that one worker runs one after another: those of a file, or of one of `TOGETHER`."""
    if folder in ("browser", "kernel"):
        return next(name for name in (file, folder) if name in TOGETHER)
    return f"{folder}/{file}"


def pytest_collection_modifyitems(items):
    """Order tests: those of `TOGETHER`, then file by file, files with many tests first."""
    sizes = Counter(item.path for item in items)
    places = {}
    for item in items:
        folder, file = item.path.parent.name, item.path.stem
        if folder == "benchmarks":
            item.add_marker(pytest.mark.benchmark)
        place = (len(TOGETHER), -sizes[item.path])
        group = group_of(folder, file)
        if group in TOGETHER:
            place = (TOGETHER.index(group), 0)
        places[item] = place
    items.sort(key=places.__getitem__)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Tests with a page run one after another in one process, hostile documents in a second, tests
    with a kernel in a third: pages and kernels mostly wait. All others follow in whichever is free,
    file by file, so that what a file's tests share is made once.

    pytest-xdist's own groups (`xdist_group`) do nothing under pytest 9.2, which reads a test's id
    from another attribute than the one that pytest-xdist 3.8 writes to.

    While Playwright's sync API is active its thread has a running loop, in which asyncio.run()
    fails; it ends with the package of browser tests.
    """
    from xdist.scheduler import LoadScopeScheduling

    class GroupScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            path = PurePosixPath(nodeid.partition("::")[0])
            return group_of(path.parent.name, path.stem)

    return GroupScheduling(config, log)
