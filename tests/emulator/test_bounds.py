"""Bodies, the log, connections and memory are bounded; odd bytes are refused in the services' form."""

import contextlib
import json
import select
import socket
import time

import httpx
import pytest

from ernie_magic.emulator import access, faults, server, start

from .conftest import CHAT, OAUTH, QUESTION, V1_CHAT, exchange, port_of, wait_until


@pytest.mark.parametrize("path", [CHAT, V1_CHAT, "/emulator/faults", "/", "/nothing"])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_while_it_comes(
    emulator, http, monkeypatch, path, is_chunked
):
    monkeypatch.setattr(access, "MAX_BODY", 100_000)
    raw = json.dumps({"model": "x" * 200_000}).encode()
    response = http.post(
        path,
        content=iter([raw[:150_000], raw[150_000:]]) if is_chunked else raw,
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code == 413
    said = response.json()["error_msg"] if path == V1_CHAT else response.json()["error"]["message"]
    assert said == "the body is larger than 100000 bytes"
    assert not emulator.requests
    assert http.post(CHAT, json=QUESTION).status_code == 200


def test_a_length_that_nobody_sends_is_refused_at_once(emulator):
    for length in (access.MAX_BODY + 1, 10**12, 10**400):
        raw = f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1:{port_of(emulator)}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        assert exchange(emulator, raw.encode())[0] in (400, 413)


def test_the_bodies_of_all_requests_together_are_bounded(http, monkeypatch):
    monkeypatch.setattr(access, "MAX_BODIES", 50_000)
    response = http.post(CHAT, json={**QUESTION, "user": "x" * 60_000})
    assert (response.status_code, response.json()["error"]["code"]) == (
        429,
        "cluster_rate_limit_exceeded",
    )
    assert http.post(CHAT, json=QUESTION).status_code == 200  # the space held was released


def test_what_is_remembered_of_keys_and_tokens_is_bounded(emulator, http, monkeypatch):
    monkeypatch.setattr("ernie_magic.emulator.issued_tokens.MAX_TOKENS", 5)
    monkeypatch.setattr("ernie_magic.emulator.rates.MAX_COUNTED", 5)
    for i in range(20):
        http.get(OAUTH).raise_for_status()
        http.post(
            CHAT, json=QUESTION, headers={"Authorization": f"Bearer key-{i}"}
        ).raise_for_status()
    assert len(emulator.oauth._tokens._expiry_times) == 5
    assert len(emulator.rates._used) == 5
    monkeypatch.setattr(faults, "MAX_WAITING", 5)
    with pytest.raises(ValueError, match="at most 5"):
        emulator.faults.extend([faults.Fault()] * 6)


# --- odd bytes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "[" * 50_000,
        "{",
        "NaN",
        '{"delay": NaN}',
        '{"delay": 1e999}',
        '{"code": "' + "x" * 9000 + '"}',
        "[]",
        "5",
        '{"times": "x"}',
        "\\ud800",
    ],
)
def test_an_odd_fault_in_a_header_is_refused(http, header):
    response = http.post(CHAT, json=QUESTION, headers={"X-Emulator-Fault": header})
    assert response.status_code == 400
    assert len(response.json()["detail"]) < 500


@pytest.mark.parametrize(
    "query",
    [
        "expireInSeconds=x",
        "expireInSeconds=",
        "expireInSeconds=-1",
        "expireInSeconds=99999999999999",
        "expireInSeconds=1.5",
        "expireInSeconds=%C2%B2",
        "expireInSeconds=NaN",
        "expireInSeconds=1e5",
        "expireInSeconds=" + "9" * 5000,
        "expireInSeconds=%00",
    ],
)
def test_an_odd_lifetime_of_a_token_is_refused(http, query):
    from ernie_magic.config.keys import Key, Pair
    from ernie_magic.wire.auth import signed_headers

    url = f"{http.base_url}".rstrip("/") + f"/v1/BCE-BEARER/token?{query}"
    response = http.get(
        url,
        headers=signed_headers(
            Pair(Key("emulator-access-key"), Key("emulator-secret-key")), "GET", url
        ),
    )
    assert (response.status_code, response.json()["code"]) == (400, "InvalidParameter")


@pytest.mark.parametrize(
    "stamp",
    [
        "2024-13-01T00:00:00Z",
        "0000-00-00T00:00:00Z",
        "2024-02-30T00:00:00Z",
        "9999-99-99T99:99:99Z",
        "2024-01-01T24:00:00Z",
    ],
)
@pytest.mark.parametrize("seconds", ["300", "999999999", "9" * 5000])
def test_an_odd_signature_is_refused(http, stamp, seconds):
    signed = f"bce-auth-v1/emulator-access-key/{stamp}/{seconds}/host/{'0' * 64}"
    response = http.get("/v1/BCE-BEARER/token", headers={"Authorization": signed})
    assert (response.status_code, response.json()["code"]) == (403, "AccessDenied")
    assert (
        http.post(
            V1_CHAT.partition("?")[0], json=QUESTION, headers={"Authorization": signed}
        ).json()["error_code"]
        == 14
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nHost: {host}\r\n"
        + b"".join(b"X-%d: y\r\n" % i for i in range(10_000))
        + b"Connection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: {host}\r\nX: " + b"y" * 100_000,
        b"GET /" + b"y" * 100_000 + b" HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
    ],
)
def test_headers_beyond_64_kib_are_refused(emulator, raw):
    status, _, content = exchange(
        emulator, raw.replace(b"{host}", f"127.0.0.1:{port_of(emulator)}".encode())
    )
    assert status in (0, 431)  # 0: the server closed while we were still sending
    assert not content or json.loads(content)["error"]["code"] == "headers_too_large"


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: {host}\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: {host}\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : {host}\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: {host}\r\nX: a\x00b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\nHost: {host}\nX\n\n",
        b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_told_so_in_the_services_form(emulator, raw):
    status, head, content = exchange(
        emulator, raw.replace(b"{host}", f"127.0.0.1:{port_of(emulator)}".encode())
    )
    assert (status, json.loads(content)["error"]["code"]) == (400, "invalid_http_request")
    assert b"application/json" in head


# --- slow and many --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw", [b"", b"G", b"GET / HTTP/1.1\r\nHost: x", b"POST / HTTP/1.1\r\nX: y\r\n"]
)
def test_who_says_nothing_or_does_not_end_is_hung_up_on(emulator, monkeypatch, raw):
    monkeypatch.setattr(server, "HEAD_TIMEOUT", 0.1)
    began = time.monotonic()
    assert exchange(emulator, raw)[0] == 0
    assert time.monotonic() - began < 5


def test_dripping_does_not_prolong_it(emulator, monkeypatch):
    monkeypatch.setattr(server, "HEAD_TIMEOUT", 0.3)
    with socket.create_connection(("127.0.0.1", port_of(emulator)), 5) as connection:
        began = time.monotonic()
        connection.settimeout(0.05)
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < 10:
                connection.sendall(b"X")
                with contextlib.suppress(TimeoutError):
                    if not connection.recv(1):
                        break
        assert time.monotonic() - began < 5


def test_a_body_that_does_not_come_is_not_waited_for(emulator, monkeypatch):
    monkeypatch.setattr(access, "BODY_TIMEOUT", 0.2)
    raw = f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1:{port_of(emulator)}\r\nContent-Type: application/json\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{{"
    status, _, content = exchange(emulator, raw.encode())
    assert (status, json.loads(content)["error"]["code"]) == (408, "request_timeout")


def test_an_answer_may_take_longer_than_its_question(emulator, http, monkeypatch):
    monkeypatch.setattr(server, "HEAD_TIMEOUT", 0.1)
    monkeypatch.setattr(access, "BODY_TIMEOUT", 0.1)
    emulator.faults.add(delay=0.4)
    assert http.post(CHAT, json=QUESTION).status_code == 200
    assert http.post(CHAT, json=QUESTION).status_code == 200


def test_connections_beyond_a_bound_are_hung_up_on(monkeypatch):
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 20)
    with start(latency=0) as emulator:
        with contextlib.ExitStack() as stack:
            opened = [
                stack.enter_context(socket.create_connection(("127.0.0.1", port_of(emulator)), 5))
                for _ in range(60)
            ]
            while len(opened) > 20:
                readable, _, _ = select.select(opened, [], [], 5)
                assert readable, f"{len(opened)} are open"
                opened = [each for each in opened if each not in readable]
            assert not select.select(opened, [], [], 0.2)[0]
        wait_until(lambda: not emulator._server.server_state.connections)
        assert httpx.get(emulator.url, trust_env=False).status_code == 200


def test_nothing_waits_for_a_client_that_has_left(emulator, http):
    wait_until(lambda: not emulator._server.server_state.tasks)
    with pytest.raises(httpx.ReadTimeout):
        http.post(CHAT, json=QUESTION, headers={"X-Emulator-Fault": '{"delay": 600}'}, timeout=0.2)
    assert wait_until(lambda: not emulator._server.server_state.tasks)
    assert emulator.requests[-1].disconnected
