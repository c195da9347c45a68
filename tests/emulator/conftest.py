"""Shared by the tests of the emulator's access and bounds."""

import contextlib
import socket
import time

import httpx
import pytest

CHAT = "/llm/lmapi/v3/chat/completions"
V1_CHAT = "/rpc/2.0/ai_custom/v1/wenxinworkshop/chat/ernie_speed?access_token=any"
OAUTH = "/oauth/2.0/token?grant_type=client_credentials&client_id=a&client_secret=b"
QUESTION = {"model": "ernie-3.5-8k", "messages": [{"role": "user", "content": "[[echo]]hi"}]}


@pytest.fixture
def http(emulator):
    """A plain client, which loads no certificates, and an empty log."""
    emulator.requests.clear()
    with httpx.Client(
        base_url=emulator.url,
        headers={"Authorization": "Bearer any"},
        trust_env=False,
        verify=False,  # noqa: S501
    ) as client:
        yield client


def port_of(emulator):
    return int(emulator.url.rpartition(":")[2])


def exchange(emulator, raw, timeout=10):
    """What the server replies until it closes: status, head and body; (0, b"", b"") for nothing."""
    with socket.create_connection(("127.0.0.1", port_of(emulator)), timeout) as connection:
        received = b""
        with contextlib.suppress(ConnectionError):
            connection.sendall(raw)
            while piece := connection.recv(65536):
                received += piece
    head, _, content = received.partition(b"\r\n\r\n")
    return (int(head.split()[1]) if head else 0), head, content


def wait_until(is_so, seconds=5):
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_so()
