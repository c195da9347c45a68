"""A server whose replies are given byte by byte."""

import pytest

from tests.raw_server import Server


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.stop()
