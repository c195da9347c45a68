"""Shared by the tests of magics."""

import pytest

from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY


@pytest.fixture
def platform(emulator, monkeypatch):
    """Qianfan's platform on this run's emulator, with the pair that signs its calls."""
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_IAM_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_ACCESS_KEY", ACCESS_KEY)
    monkeypatch.setenv("QIANFAN_SECRET_KEY", SECRET_KEY)
