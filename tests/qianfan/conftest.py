"""A session on this run's emulator."""

import pytest


@pytest.fixture
def ernie(emulator, monkeypatch):
    from ernie_magic.session import Session

    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-templates")
    emulator.requests.clear()
    with Session(model="ernie-3.5-8k", backoff_factor=0.0) as session:
        yield session
