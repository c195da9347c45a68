"""A picture's link is followed to the very address that was checked, whatever its name resolves to
next (DNS rebinding).
"""

import asyncio
import http.server
import ipaddress
import shutil
import socket
import ssl
import subprocess
import sys
import threading

import httpx
import pytest

from ernie_magic import errors
from ernie_magic.wire import downloads

pytestmark = pytest.mark.skipif(
    sys.platform == "darwin", reason="this machine has one loopback address only"
)

REMOTE = "https://aistudio.baidu.com/llm/lmapi/v3"
# Of two addresses of this machine one plays the outside world.
OUTSIDE, INSIDE = (
    "127.0.0.2",
    "127.0.0.1",
)


class Place:
    """A web server at an address that says who it is; `/there` redirects to `/`."""

    def __init__(self, address, port=0, context=None):
        place = self
        self.hosts = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                place.hosts.append(self.headers["Host"])
                body = address.encode()
                self.send_response(302 if self.path == "/there" else 200)
                if self.path == "/there":
                    self.send_header("Location", "/")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass

        self._server = Server((address, port), Handler)
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def places():
    inside = Place(INSIDE)
    # In this order: the other tests' ports are of this machine's usual address, none of this one.
    outside = Place(OUTSIDE, inside.port)
    yield outside, inside
    outside.stop()
    inside.stop()


@pytest.fixture
def names(monkeypatch):
    """The results of each name's look-ups, the last one forever; only `INSIDE` counts as local."""
    known, found = {}, socket.getaddrinfo

    def getaddrinfo(host, port, *args, **kwargs):
        host = host.decode() if isinstance(host, bytes) else host
        answers = known.get(host)
        if answers is None:
            return found(host, port, *args, **kwargs)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, int(port or 0)))
            for address in answer
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(
        downloads, "_is_private_address", lambda address: address == ipaddress.ip_address(INSIDE)
    )
    return known


def fetch(url):
    async def fetched():
        async with httpx.AsyncClient(trust_env=False) as http:
            return await downloads.fetch_picture(http, url, REMOTE)

    return asyncio.run(fetched())


def test_a_name_that_changes_between_check_and_connection_leads_nowhere_else(places, names):
    outside, inside = places
    names["pictures.example"] = [[OUTSIDE], [INSIDE]]
    assert fetch(f"http://pictures.example:{outside.port}/") == OUTSIDE.encode()
    assert (outside.hosts, inside.hosts) == ([f"pictures.example:{outside.port}"], [])


def test_a_redirect_is_checked_and_followed_to_its_own_address(places, names):
    outside, inside = places
    names["pictures.example"] = [[OUTSIDE], [INSIDE]]
    with pytest.raises(errors.ProtocolError, match="points to this machine"):
        fetch(f"http://pictures.example:{outside.port}/there")
    names["pictures.example"] = [[OUTSIDE], [OUTSIDE], [INSIDE]]
    assert fetch(f"http://pictures.example:{outside.port}/there") == OUTSIDE.encode()
    assert inside.hosts == []


def test_one_inner_address_among_others_is_enough_to_refuse(places, names):
    names["pictures.example"] = [[OUTSIDE, INSIDE]]
    with pytest.raises(errors.ProtocolError, match="points to this machine"):
        fetch(f"http://pictures.example:{places[0].port}/")


def test_the_next_address_is_tried_when_one_cannot_be_reached(places, names):
    names["pictures.example"] = [["127.0.0.3", OUTSIDE]]
    assert fetch(f"http://pictures.example:{places[0].port}/") == OUTSIDE.encode()


def test_a_name_that_is_not_known_is_not_looked_up_again(names, monkeypatch):
    looked_up = []

    def unknown(host, *_args, **_kwargs):
        looked_up.append(host)
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(errors.ServiceUnreachable, match=r"the host nowhere\.example is unknown"):
        fetch("http://nowhere.example/")
    assert looked_up == ["nowhere.example"]


@pytest.mark.parametrize(
    "url",
    [
        "http://pictures.example\\@127.0.0.1/x",
        "http://127.0.0.1#@pictures.example/",
        "http://pictures.example@127.0.0.1/",
        "http:/127.0.0.1/",
        "//127.0.0.1/x",
    ],
)
def test_a_link_that_two_readers_may_read_differently_leads_nowhere_inside(places, names, url):
    names["pictures.example"] = [[OUTSIDE]]
    with pytest.raises(errors.ErnieError):
        fetch(url.replace("127.0.0.1", f"127.0.0.1:{places[1].port}"))
    assert places[1].hosts == []


def test_behind_a_proxy_the_name_goes_to_the_proxy(names, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    names["pictures.example"] = [[OUTSIDE]]
    assert asyncio.run(downloads._check_link("http://pictures.example/x", REMOTE)) == []
    assert asyncio.run(downloads._check_link("https://pictures.example/x", REMOTE)) == [OUTSIDE]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no certificate without openssl")
def test_a_certificate_is_checked_for_the_link_s_name(names, monkeypatch, tmp_path):
    subprocess.run(
        [  # noqa: S607
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
            "-days",
            "2",
            "-subj",
            "/CN=pictures.example",
            "-addext",
            "subjectAltName=DNS:pictures.example",
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    asked = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    place = Place(OUTSIDE, context=context)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    names["pictures.example"] = names["other.example"] = [[OUTSIDE]]
    try:
        assert fetch(f"https://pictures.example:{place.port}/") == OUTSIDE.encode()
        with pytest.raises(errors.ServiceUnreachable, match="certificate"):
            fetch(f"https://other.example:{place.port}/")
    finally:
        place.stop()
    assert asked == ["pictures.example", "other.example"]
