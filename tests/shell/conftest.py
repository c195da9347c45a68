"""A real IPython shell with the extension loaded, and its session on this run's emulator."""

import pytest
from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture
def shell(emulator, monkeypatch):
    """An IPython shell like a script's: no kernel, no terminal."""
    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "canary-key-of-the-shell")
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "ernie_magic")
    emulator.requests.clear()
    session = shell.user_ns["ernie"]
    session.settings.retry_count = 1  # retries have their own tests
    yield shell
    session.close()
    shell.run_line_magic("unload_ext", "ernie_magic")
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


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
