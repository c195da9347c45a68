import pytest

from ernie_magic.config.settings import ErnieSettings
from ernie_magic.session import Session
from tests.raw_server import Server


@pytest.fixture
def session(emulator):
    emulator.requests.clear()
    with Session(
        ErnieSettings(
            service="aistudio",
            base_url=emulator.base_url,
            api_key="any-key",
            model="ernie-3.5-8k",
            backoff_factor=0.01,
            retry_count=4,
        )
    ) as session:
        yield session


@pytest.fixture
def raw_session():
    server = Server()
    with Session(
        ErnieSettings(
            service="local",
            base_url=server.url,
            model="m",
            backoff_factor=0.0,
            retry_count=1,
        )
    ) as session:
        yield server, session
    server.stop()
