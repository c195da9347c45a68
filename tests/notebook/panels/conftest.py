"""Panels in this process: widgets work without a page, and are clicked by their own methods."""

import threading
import time

import ipywidgets
import pytest

from ernie_magic import Session


def is_at_rest(tab):
    """Whether a tab takes another call: a moment after it is no longer busy."""
    task = getattr(tab, "task", None)
    return not tab.is_busy and not (task and task._lock.locked())


@pytest.fixture
def session(emulator):
    session = Session(
        service="aistudio",
        base_url=emulator.base_url,
        api_key="canary-key-of-panels",
        retry_count=1,
    )
    emulator.requests.clear()
    yield session
    session.close()


@pytest.fixture
def wait():
    """Wait for a condition, at most 10 seconds."""

    def wait_(condition, what="it"):
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end, f"waited for {what}"
            time.sleep(0.005)

    return wait_


@pytest.fixture
def wait_for_models(wait):
    """Wait until no list of models is being loaded."""
    return lambda: wait(
        lambda: "ernie-panel-models" not in {thread.name for thread in threading.enumerate()},
        "the models",
    )


@pytest.fixture
def panel(session, wait, wait_for_models):
    """A panel on the session, in English, whose list of models has loaded."""
    made = []

    def panel_(*tabs, of=session):
        panel = of.panel(*tabs)
        made.append(panel)
        wait_for_models()
        return panel

    yield panel_
    for panel in made:
        panel.close()
        for tab in panel.tabs.values():
            wait(lambda tab=tab: not tab.is_busy, "the end of a call")
    ipywidgets.Widget.close_all()


@pytest.fixture
def bodies(emulator):
    """The bodies of the calls of a path so far."""
    return lambda path="/chat/completions": [
        logged.body for logged in emulator.requests if logged.path.endswith(path)
    ]


@pytest.fixture
def tab(panel, wait):
    def tab_(name):
        return panel(name).tabs[name]

    return tab_


@pytest.fixture
def run(wait):
    def run_(tab, text):
        tab.composer.prompt.value = text
        tab.composer.send_button.click()
        wait(lambda: is_at_rest(tab))

    return run_


@pytest.fixture
def chat(panel):
    return panel("chat").tabs["chat"]


@pytest.fixture
def ask(chat, wait):
    def ask_(text):
        chat.composer.prompt.value = text
        chat.composer.send_button.click()
        wait(lambda: is_at_rest(chat), "the answer")

    return ask_


@pytest.fixture
def prompts():
    """The prompts of the turns that a chat tab shows."""
    return lambda tab: [turn["prompt"] for turn in tab.transcript.shown_turns]
