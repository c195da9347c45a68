"""Requests in real environments: proxies and certificates of this machine, as variables name them."""

import asyncio
import importlib.metadata
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from contextlib import suppress

import certifi
import httpx
import pytest

from ernie_magic import errors
from ernie_magic.config.proxies import read_proxies
from ernie_magic.runtime.io_thread import IO
from ernie_magic.session import Session
from ernie_magic.wire import downloads, http, routes
from ernie_magic.wire.network_errors import network_error
from ernie_magic.wire.routes import RoutedTransport
from tests.loopback_server import LoopbackServer, read_request
from tests.proxy_server import HAS_OPENSSL, ProxyServer, make_certificate
from tests.raw_server import Server

KEY = "sk-CANARYcanary0123456789ABCDEF"
SERVICE = "http://ernie.example/v1"
SECURE = "https://ernie.example/v1"
needs_openssl = pytest.mark.skipif(not HAS_OPENSSL, reason="no certificate without openssl")
REPLY = {
    "id": "x",
    "model": "m",
    "choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}],
}
BODY = json.dumps(REPLY).encode()
BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n<b>dead</b>\r\n"
DEAD = "127.0.0.1:9"


@pytest.fixture(scope="module")
def server():
    server = Server()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    server.replies = {"/v1/chat/completions": head + BODY}
    yield server
    server.stop()


@pytest.fixture
def open_proxy():
    opened = []

    def open_(*args, **options):
        opened.append(ProxyServer(*args, **options))
        return opened[-1]

    yield open_
    for proxy in opened:
        proxy.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"), "ernie.example")


@pytest.fixture
def ask(monkeypatch):
    """Ask a service with these variables; return the answer, or the error, and what was told."""

    def ask_(url=SERVICE, **variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        ask_.told = []
        with Session(model="m", base_url=url, api_key=KEY, stream=False) as session:
            stream = session.stream("hi")
            try:
                for deltas in stream.iter_batches():
                    ask_.told += [delta.notice.en for delta in deltas if delta.notice]
                return str(stream.result())
            except errors.ErnieError as error:
                return error

    return ask_


def retries(ask):
    return [notice for notice in ask.told if "trying again" in notice]


SCRIPT = """
from ernie_magic.session import Session
with Session(model="ernie-3.5-8k") as session:
    print(session.chat("[[echo]]fine"))
"""


@pytest.mark.parametrize(
    "variables",
    [
        {"all_proxy": "socks5://127.0.0.1:9", "http_proxy": "socks4://127.0.0.1:9"},
        {"NO_PROXY": "localhost,127.0.0.1,::1,[::1]", "HTTP_PROXY": f"http://{DEAD}"},
        {"NO_PROXY": "fd07:b51a:cc66:f0::/64,10.0.0.0/8", "HTTP_PROXY": f"http://{DEAD}\r"},
        {"SSL_CERT_FILE": "/no/such/file.pem", "SSLKEYLOGFILE": "/no/such/folder/keys"},
        {"HTTP_PROXY": "foo://bar", "HTTPS_PROXY": "http://[::1", "SSL_CERT_DIR": "/no/such"},
    ],
    ids="+".join,
)
@pytest.mark.parametrize("address", ["emulator", "built-in"])
def test_no_variable_stands_between_us_and_this_machine(emulator, variables, address):
    env = {**os.environ, **variables}
    if address == "emulator":
        env |= {"AI_STUDIO_BASE_URL": emulator.base_url, "AI_STUDIO_API_KEY": "k-environment"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("fine\n", "", 0)


@pytest.mark.parametrize("kind", ["http", "socks5", "socks5h", "socks"])
@pytest.mark.parametrize("ending", ["", "\r"])
def test_a_proxy_is_used(ask, server, open_proxy, kind, ending):
    proxy = open_proxy(server.port)
    assert ask(ALL_PROXY=f"{kind}://{proxy.address}{ending}") == "hi"
    assert len(proxy.asked) == 1
    assert "ernie.example" in proxy.asked[0]


@needs_openssl
@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_proxy_is_used_for_https(ask, server, open_proxy, certificate, kind):
    file, context = certificate
    service = open_proxy(server.port, context=context)
    proxy = open_proxy(service.port)
    address = f"{kind}://{proxy.address}"
    assert ask(SECURE, HTTPS_PROXY=address, SSL_CERT_FILE=str(file)) == "hi"
    assert proxy.asked == ["ernie.example:443"]


def test_a_change_of_the_environment_holds_at_once(monkeypatch, server, open_proxy):
    proxy = open_proxy(server.port)
    monkeypatch.setenv("HTTP_PROXY", f"http://{DEAD}")
    with Session(model="m", base_url=SERVICE, api_key=KEY, stream=False) as session:
        with pytest.raises(errors.ServiceUnreachable):
            session.chat("hi")
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
        assert str(session.chat("hi")) == "hi"


@pytest.mark.parametrize("kind", ["http", "https", "socks5"])
@pytest.mark.parametrize("url", [SERVICE, SECURE])
def test_a_dead_proxy_is_told_as_one_and_not_retried(ask, kind, url):
    error = ask(url, ALL_PROXY=f"{kind}://me:canary-word@{DEAD}")
    assert isinstance(error, errors.ServiceUnreachable)
    assert error.line("en").startswith(f"cannot reach the proxy ALL_PROXY={kind}://•••@{DEAD}")
    assert "unset ALL_PROXY" in error.line("en")
    assert "canary" not in error.line("zh")
    assert retries(ask) == []


@pytest.mark.parametrize("url", [SERVICE, SECURE])
def test_a_proxy_s_502_is_told_as_the_proxy_s(ask, open_proxy, url):
    proxy = open_proxy(refusal=BAD_GATEWAY)
    error = ask(url, ALL_PROXY=f"http://{proxy.address}")
    assert isinstance(error, errors.ServiceUnreachable)
    line = error.line("en")
    assert f"the proxy ALL_PROXY=http://{proxy.address} did not connect to {url}" in line
    assert "502 Bad Gateway" in line
    assert len(proxy.asked) == 1


def test_a_service_s_own_502_stays_one_behind_a_proxy(ask, open_proxy):
    body = b'{"error":{"code":"x","message":"overloaded"}}'
    head = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: %d\r\n\r\n" % len(body)
    proxy = open_proxy(refusal=head + body)
    error = ask(ALL_PROXY=f"http://{proxy.address}")
    assert isinstance(error, errors.ServerError)
    assert "overloaded" in str(error)


def test_a_socks_proxy_s_refusal_is_told(ask, open_proxy):
    proxy = open_proxy(refusal=b"\x04")
    error = ask(ALL_PROXY=f"socks5://{proxy.address}")
    assert f"the proxy ALL_PROXY=socks5://{proxy.address} did not connect" in error.line("en")
    assert "Host unreachable" in str(error)
    assert len(proxy.asked) == 1


@pytest.mark.parametrize("url", [SERVICE, SECURE])
def test_a_proxy_that_requires_a_login_says_so_and_gets_it(ask, open_proxy, server, url):
    proxy = open_proxy(server.port, login=b"Proxy-Authorization: Basic bWU6d29yZA==")
    error = ask(url, ALL_PROXY=f"http://{proxy.address}")
    assert "requires a name and a password" in error.line("en")
    if url == SERVICE:
        assert ask(url, ALL_PROXY=f"http://me:word@{proxy.address}") == "hi"


@pytest.mark.parametrize(
    ("login", "cause", "advice"),
    [
        ("", "requires a name and a password", "ALL_PROXY: socks5://name:password@host:port"),
        ("me:word@", "does not accept the name and password in ALL_PROXY", "write an @, :, / or #"),
    ],
    ids=["missing", "wrong"],
)
def test_a_socks_proxy_s_login_is_told_as_one(ask, open_proxy, login, cause, advice):
    proxy = open_proxy(login=b"any")
    line = ask(ALL_PROXY=f"socks5://{login}{proxy.address}").line("en")
    assert cause in line
    assert advice in line


LOGIN = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n%b\r\n"


@pytest.mark.parametrize("url", [SERVICE, SECURE])
@pytest.mark.parametrize(
    ("offered", "login", "said"),
    [
        (b'Proxy-Authenticate: Basic realm="x"\r\n', "", "requires a name and a password"),
        (b'Proxy-Authenticate: Basic realm="x"\r\n', "me:no@", "does not accept the name and password in ALL_PROXY"),
        (b"Proxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate\r\n", "", "a login by NTLM, Negotiate"),
        (b"Proxy-Authenticate: Negotiate, Basic realm=x\r\n", "", "requires a name and a password"),
        (b"Proxy-Authenticate: NTLM\r\n", "me:no@", "only Basic is supported"),
    ],
)  # fmt: skip
def test_what_a_proxy_asks_for_is_told(ask, open_proxy, url, offered, login, said):
    proxy = open_proxy(refusal=LOGIN % offered)
    error = ask(url, ALL_PROXY=f"http://{login}{proxy.address}")
    assert said in error.line("en")
    assert len(proxy.asked) == 1


def test_a_page_that_a_proxy_signs_is_told_as_the_proxy_s(ask, open_proxy):
    page = b"HTTP/1.1 403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\nContent-Length: 3\r\n\r\n<b>"
    proxy = open_proxy(refusal=page)
    error = ask(ALL_PROXY=f"http://{proxy.address}")
    assert isinstance(error, errors.ServiceUnreachable)
    assert f"the proxy ALL_PROXY=http://{proxy.address} did not connect" in error.line("en")


@pytest.mark.parametrize("url", [SERVICE, SECURE])
def test_a_proxy_of_another_kind_is_told(ask, open_proxy, server, url):
    proxy = open_proxy(server.port)
    assert "begins with https://" in ask(url, ALL_PROXY=f"https://{proxy.address}").line("en")
    http_only = open_proxy(server.port, socks=False)
    error = ask(url, ALL_PROXY=f"socks5://{http_only.address}")
    assert f"cannot reach the proxy ALL_PROXY=socks5://{http_only.address}" in error.line("en")


def test_a_socks_proxy_that_never_answers_is_given_up(ask, monkeypatch, server):
    monkeypatch.setattr(http, "CONNECT_TIMEOUT", 0.3)
    error = ask(ALL_PROXY=f"socks5://127.0.0.1:{server.port}")  # waits for the end of a request
    assert "cannot reach the proxy" in error.line("en")
    assert retries(ask) == []


class BrokenTunnel(LoopbackServer):
    """A proxy that answers a request with this and hangs up, or with nothing, and waits."""

    def __init__(self, reply):
        self.reply = reply
        super().__init__()

    async def _serve(self, reader, writer):
        await read_request(reader)
        writer.write(self.reply)
        await writer.drain()
        if not self.reply:
            await reader.read()


@pytest.fixture
def open_broken_tunnel():
    opened = []

    def open_(reply):
        opened.append(BrokenTunnel(reply))
        return f"http://127.0.0.1:{opened[-1].port}"

    yield open_
    for tunnel in opened:
        tunnel.stop()


def test_a_proxy_that_never_answers_connect_is_given_up(ask, monkeypatch, open_broken_tunnel):
    monkeypatch.setattr(http, "CONNECT_TIMEOUT", 0.3)
    proxy = open_broken_tunnel(b"")
    error = ask(SECURE, HTTPS_PROXY=proxy)
    assert f"cannot reach the proxy HTTPS_PROXY={proxy}" in error.line("en")


@pytest.mark.parametrize(
    ("url", "reply"),
    [(SECURE, b"HTTP/1.1 200 Connection established\r\n\r\n"), (SERVICE, b"\r\n")],
    ids=["a tunnel", "a request"],
)
def test_a_proxy_whose_way_on_is_cut_is_named(ask, open_broken_tunnel, url, reply):
    proxy = open_broken_tunnel(reply)
    line = ask(url, ALL_PROXY=proxy).line("en")
    assert f", or the proxy ALL_PROXY={proxy} cannot reach it" in line
    assert "check or unset ALL_PROXY" in line


def test_socks_without_its_library_is_asked_for_where_it_is_used(emulator, open_proxy, server):
    proxy = open_proxy(server.port)
    code = (
        "import importlib.util\nfound = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name: None if name == 'socksio' else found(name)\n"
        "from ernie_magic.session import Session\n"
        "def ask(url):\n"
        "    with Session(model='ernie-3.5-8k', base_url=url, api_key='k-socks') as session:\n"
        "        print(session.chat('[[echo]]fine'))\n"
        f"ask({emulator.base_url!r})\n"
        f"try: ask({SERVICE!r})\n"
        "except Exception as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "ALL_PROXY": f"socks5://{proxy.address}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    fine, told = done.stdout.splitlines()
    assert fine == "fine"
    assert "pip install socksio" in told


def test_socks_comes_with_the_install():
    required = importlib.metadata.requires("httpx") or []
    assert any(line.startswith("socksio") for line in required)
    import socksio  # noqa: F401  (pyproject.toml's httpx[socks])


@needs_openssl
def test_a_certificate_that_is_not_trusted_is_told_and_not_retried(
    ask, server, open_proxy, certificate, tmp_path
):
    file, context = certificate
    service = open_proxy(server.port, context=context)
    proxy = f"http://{open_proxy(service.port).address}"
    error = ask(SECURE, HTTPS_PROXY=proxy)
    assert error.line("en").startswith(
        f"the certificate of {SECURE} is not trusted (self-signed certificate)"
    )
    assert "SSL_CERT_FILE" in error.line("zh")
    assert retries(ask) == []
    other = ask("https://other.example/v1", SSL_CERT_FILE=str(file))
    assert "issued for another host name" in other.line("en")
    missing = ask(SECURE, SSL_CERT_FILE=str(tmp_path / "gone.pem"))
    assert "SSL_CERT_FILE is left out: there is no file" in missing.line("en")
    both = ask(SECURE, SSL_CERT_FILE=certifi.where(), REQUESTS_CA_BUNDLE=str(file))
    assert "REQUESTS_CA_BUNDLE is not read beside it" in both.line("en")


LEFT_OUT = "NO_PROXY is left out: [::1 is not a host name"


@pytest.mark.parametrize("url", [SERVICE, SECURE])
def test_what_is_left_out_does_not_explain_a_dead_proxy(ask, url):
    error = ask(url, ALL_PROXY=f"http://{DEAD}", NO_PROXY="[::1")
    assert "it is not running, or its address, port or kind is wrong" in error.line("en")
    assert "left out" not in error.line("en")


def test_what_is_left_out_may_explain_what_nothing_else_does(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "[::1")
    with (
        Session(
            model="m", base_url="http://ernie.invalid/v1", api_key=KEY, retry_count=1
        ) as session,
        pytest.raises(errors.ServiceUnreachable) as caught,
    ):
        session.chat("hi")
    assert LEFT_OUT in caught.value.line("en")


@needs_openssl
def test_what_is_left_out_explains_no_certificate_but_by_its_issuer(
    ask, server, open_proxy, tmp_path
):
    file, context = make_certificate(tmp_path, "ernie.example", expired=True)
    service = open_proxy(server.port, context=context)
    proxy = f"http://{open_proxy(service.port).address}"
    error = ask(SECURE, HTTPS_PROXY=proxy, SSL_CERT_FILE=str(file), NO_PROXY="[::1")
    assert "clock is wrong" in error.line("en")
    assert "left out" not in error.line("en")
    unknown = ask(SECURE, SSL_CERT_FILE=str(tmp_path / "gone.pem"))
    assert "SSL_CERT_FILE is left out: there is no file" in unknown.line("en")
    assert "NO_PROXY" not in unknown.line("en")


def download(url, base_url="http://localhost/v1"):
    async def fetched():
        async with httpx.AsyncClient(transport=RoutedTransport(), trust_env=False) as pool:
            await downloads.fetch_picture(pool, url, base_url)

    with pytest.raises(errors.ServiceUnreachable) as caught:
        asyncio.run(fetched())
    return caught.value


def test_a_picture_that_cannot_be_fetched_names_what_is_left_out(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "[::1")
    assert LEFT_OUT in download("http://pictures.invalid/cat.png").line("en")
    monkeypatch.setenv("HTTP_PROXY", f"http://{DEAD}")
    dead = download("http://pictures.invalid/cat.png").line("en")
    assert "cannot reach the proxy HTTP_PROXY" in dead
    assert "left out" not in dead


@needs_openssl
def test_a_certificate_that_expired_is_told(ask, server, open_proxy, tmp_path):
    file, context = make_certificate(tmp_path, "ernie.example", expired=True)
    service = open_proxy(server.port, context=context)
    proxy = f"http://{open_proxy(service.port).address}"
    error = ask(SECURE, HTTPS_PROXY=proxy, SSL_CERT_FILE=str(file))
    assert "clock is wrong" in error.line("en")


def test_https_to_a_server_that_speaks_http_is_told(ask, open_proxy):
    error = ask(f"https://{open_proxy().address}/v1")
    assert "does not speak https" in error.line("en")


class TlsServer:
    """Reads the beginning of a handshake, answers with the next of `replies` and hangs up; with a
    context, it does so after the handshake, a request and `head`.
    """

    def __init__(self, *replies, context=None, head=b""):
        self._replies, self.connections = replies, 0
        self._context, self._head = context, head
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            connection, _ = self._socket.accept()
            with connection:
                if not connection.recv(1, socket.MSG_PEEK):
                    return
                reply = self._replies[min(self.connections, len(self._replies) - 1)]
                self.connections += 1
                if self._context:
                    self._break_reply(connection, reply)
                else:
                    connection.recv(65536)
                    connection.sendall(reply)

    def _break_reply(self, connection, reply):
        secure = self._context.wrap_socket(connection, server_side=True)
        head, _, body = secure.recv(65536).partition(b"\r\n\r\n")
        size = re.search(rb"content-length: (\d+)", head.lower())
        while size and len(body) < int(size[1]):
            body += secure.recv(65536)
        secure.sendall(self._head)
        with socket.socket(fileno=secure.detach()) as plain:
            plain.sendall(reply)

    def stop(self):
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join(5)
        self._socket.close()


@pytest.fixture
def open_tls_server():
    opened = []

    def open_(*replies, **options):
        opened.append(TlsServer(*replies, **options))
        return opened[-1]

    yield open_
    for server in opened:
        server.stop()


HANG_UPS = {
    "nothing": b"",
    "half a record": b"\x16\x03\x03\x00\x7a\x02\x00",
    "close_notify": b"\x15\x03\x03\x00\x02\x01\x00",
}


@pytest.mark.parametrize("name", HANG_UPS)
def test_a_hang_up_in_the_handshake_is_no_fault_of_tls_and_tried_again(open_tls_server, name):
    server = open_tls_server(HANG_UPS[name])
    url = f"https://127.0.0.1:{server.port}/v1"
    with (
        Session(model="m", base_url=url, api_key=KEY, retry_count=3, backoff_factor=0) as session,
        pytest.raises(errors.ServiceUnreachable) as caught,
    ):
        session.chat("hi")
    assert "does not speak https" not in caught.value.line("en")
    assert server.connections == 3


def test_what_is_no_tls_is_told_as_that_and_not_tried_again(open_tls_server):
    for reply in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x28"):
        server = open_tls_server(reply)
        url = f"https://127.0.0.1:{server.port}/v1"
        with (
            Session(model="m", base_url=url, api_key=KEY, backoff_factor=0) as session,
            pytest.raises(errors.ServiceUnreachable, match="https"),
        ):
            session.chat("hi")
        assert server.connections == 1


def test_a_server_that_requires_a_certificate_of_the_client_is_told_as_that(open_tls_server):
    server = open_tls_server(b"\x15\x03\x03\x00\x02\x02\x74")  # RFC 8446: alert 116
    url = f"https://127.0.0.1:{server.port}/v1"
    with (
        Session(model="m", base_url=url, api_key=KEY, backoff_factor=0) as session,
        pytest.raises(errors.ServiceUnreachable, match="mutual TLS") as caught,
    ):
        session.chat("hi")
    assert "does not speak https" not in caught.value.line("en")
    assert server.connections == 1


def test_a_server_that_hangs_up_on_plain_http_may_speak_https_only(open_tls_server):
    server = open_tls_server(b"")
    with (
        Session(model="m", base_url=f"http://127.0.0.1:{server.port}/v1", api_key=KEY) as session,
        pytest.raises(errors.TransportError) as caught,
    ):
        session.chat("hi")
    assert "write https:// in its address" in caught.value.line("en")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: 1000\r\n\r\n"
PART = b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"half"}}]}\n\n'
END = b'data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
BAD_RECORD = b"\x17\x03\x03\x00\x20" + bytes(32)
BROKEN_BODIES = {
    "in a stream": (HEAD % b"text/event-stream" + PART, "closed before the answer was complete"),
    "before a stream": (HEAD % b"text/event-stream", "closed before its reply was complete"),
    "in a body": (HEAD % b"application/json" + b'{"id', "closed before its reply was complete"),
}


@pytest.fixture
def break_tls(open_tls_server, open_proxy, certificate, monkeypatch):
    """A service at `SECURE` that sends this, and then a record that is none."""

    def break_(head, record=BAD_RECORD):
        file, context = certificate
        broken = open_tls_server(record, context=context, head=head)
        monkeypatch.setenv("HTTPS_PROXY", f"http://{open_proxy(broken.port).address}")
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        return broken

    return break_


@needs_openssl
@pytest.mark.parametrize("record", [BAD_RECORD, b"plain words, no TLS"], ids=["mac", "kind"])
@pytest.mark.parametrize("name", BROKEN_BODIES)
def test_tls_that_breaks_in_a_reply_is_a_connection_that_closed(break_tls, name, record):
    head, told = BROKEN_BODIES[name]
    broken = break_tls(head, record)
    with (
        Session(
            model="m", base_url=SECURE, api_key=KEY, stream=name != "in a body", request_timeout=10
        ) as session,
        pytest.raises(errors.TransportError) as caught,
    ):
        session.chat("hi")
    assert told in caught.value.line("en")
    assert broken.connections == 1
    if name == "in a stream":
        assert caught.value.answer.text == "half"


@needs_openssl
def test_tls_that_breaks_after_an_answer_does_not_matter(break_tls):
    break_tls(HEAD % b"text/event-stream" + PART + END)
    with Session(model="m", base_url=SECURE, api_key=KEY, request_timeout=10) as session:
        assert str(session.chat("hi")) == "half"


@needs_openssl
def test_tls_that_breaks_in_a_picture_may_be_tried_again(break_tls):
    break_tls(HEAD % b"image/png" + b"half")
    error = download(f"{SECURE}/cat.png")
    assert "picture" in error.line("en")
    assert error.retryable


def test_what_python_raises_for_tls_without_a_reason_is_told():
    failed = httpx.ConnectError("bad")
    failed.__cause__ = ssl.SSLError("bad handshake")
    assert "bad handshake" in network_error(failed, SECURE, 1).line("en")


@pytest.mark.parametrize(
    ("alert", "told"),
    [
        (b"\x2a", "the server requires a certificate of the client (mutual TLS)"),
        (b"\x28", "shares no cipher with this machine, or requires a certificate of the client"),
    ],
)
def test_a_certificate_of_the_client_may_be_required_in_the_handshake(open_tls_server, alert, told):
    server = open_tls_server(b"\x15\x03\x03\x00\x02\x02" + alert)
    url = f"https://127.0.0.1:{server.port}/v1"
    with (
        Session(model="m", base_url=url, api_key=KEY) as session,
        pytest.raises(errors.ServiceUnreachable) as caught,
    ):
        session.chat("hi")
    assert told in caught.value.line("en")
    assert server.connections == 1


def test_a_certificate_of_the_client_is_a_cause_of_a_hang_up_but_of_baidu_s_services():
    hung_up = httpx.ReadError("")
    assert "(mutual TLS)" in network_error(hung_up, SECURE, 1).line("en")
    for address in ("https://qianfan.baidubce.com/v2/chat/completions", SERVICE):
        assert "mutual" not in network_error(hung_up, address, 1).line("en")


@needs_openssl
def test_a_reset_at_the_first_read_after_the_handshake_names_the_certificate(break_tls):
    break_tls(b"", record=b"")
    with (
        Session(model="m", base_url=SECURE, api_key=KEY) as session,
        pytest.raises(errors.ServiceUnreachable) as caught,
    ):
        session.chat("hi")
    assert "mutual TLS" in caught.value.line("en")


def test_a_certificate_of_the_client_may_be_required_after_the_handshake():
    failed = httpx.ReadError("")
    said = "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required"
    failed.__cause__ = ssl.SSLError(1, said)
    assert "mutual TLS" in network_error(failed, SECURE, 1).line("en")


def test_what_is_left_out_is_named_once(monkeypatch, server, open_proxy):
    proxy = open_proxy(server.port)
    monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
    monkeypatch.setenv("NO_PROXY", "[::1")
    with Session(model="m", base_url=SERVICE, api_key=KEY, stream=False) as session:
        told = []
        for _ in range(2):
            for deltas in session.stream("hi").iter_batches():
                told += [delta.notice.en for delta in deltas if delta.notice]
    assert told == ["NO_PROXY is left out: [::1 is not a host name, an IP address or a network"]


def test_a_system_that_looks_names_up_does_not_hold_the_loop(monkeypatch, server, open_proxy):
    proxy = open_proxy(server.port)
    threads, longest = [], []

    def proxy_bypass(_host):
        threads.append(threading.current_thread())
        time.sleep(0.3)
        return False

    monkeypatch.setattr(urllib.request, "getproxies", lambda: {"http": f"http://{proxy.address}"})
    monkeypatch.setattr(urllib.request, "proxy_bypass", proxy_bypass)

    async def tick():
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.01)
            longest.append(time.monotonic() - began)

    ticking = asyncio.run_coroutine_threadsafe(tick(), IO.running_loop())
    url = f"http://{uuid.uuid4()}.example/v1"
    with Session(model="m", base_url=url, api_key=KEY, stream=False) as session:
        assert str(session.chat("hi")) == "hi"
        assert str(session.chat("hi")) == "hi"
    ticking.cancel()
    assert len(threads) in (1, 2)  # half a minute may end in between
    assert max(longest) < 0.25


def test_a_request_reads_the_environment_once(ask, monkeypatch):
    reads = []

    def count_reads():
        reads.append(True)
        return read_proxies()

    monkeypatch.setattr(routes, "read_proxies", count_reads)
    assert "cannot reach the proxy" in ask(HTTP_PROXY=f"http://{DEAD}").line("en")
    assert len(reads) == 1


def test_connections_of_old_routes_are_closed_once_they_are_idle(server, open_proxy, monkeypatch):
    proxies = [f"http://user{i}@{open_proxy(server.port).address}" for i in range(12)]
    pools, closed = [], []

    def open_transport(route):
        transport = opened(route)
        close = transport.aclose

        async def note_closing():
            closed.append(route.proxy.url)
            await close()

        transport.aclose = note_closing
        pools.append(route.proxy.url)
        return transport

    opened = routes._open_transport
    monkeypatch.setattr(routes, "_open_transport", open_transport)

    async def ask_by_each():
        async with httpx.AsyncClient(transport=RoutedTransport(), trust_env=False) as pool:
            url = f"{SERVICE}/chat/completions"
            monkeypatch.setenv("HTTP_PROXY", proxies[0])
            async with pool.stream("GET", url) as slow:
                for proxy in proxies[1:]:
                    monkeypatch.setenv("HTTP_PROXY", proxy)
                    assert (await pool.get(url)).content == BODY
                assert closed == proxies[1:4]  # of the old ones, that one is still being read
                assert await slow.aread() == BODY
            assert closed == [*proxies[1:4], proxies[0]]
            monkeypatch.setenv("HTTP_PROXY", proxies[5])
            assert (await pool.get(url)).content == BODY
            assert (pools, len(closed)) == (proxies, 4)
        assert sorted(closed) == sorted(proxies)

    asyncio.run(ask_by_each())


def test_a_connection_that_is_being_made_when_all_are_closed_is_closed_too():
    server = Server(keep_alive=True)
    server.replies = {"/": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"}

    async def close_after(steps):
        transport = RoutedTransport()
        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
            asking = asyncio.ensure_future(client.get(server.url))
            for _ in range(steps):
                await asyncio.sleep(0)
            await transport.aclose()
            with suppress(httpx.TransportError):  # it was made already, and is cut
                assert (await asking).text == "hi"

    with server:
        for steps in range(40):
            asyncio.run(close_after(steps))
            give_up = time.monotonic() + 30
            while server.open_connections and time.monotonic() < give_up:
                time.sleep(0.001)
            assert not server.open_connections, steps
