"""Proxies of the environment: read as curl reads them; what cannot be read is left out and named."""

import asyncio
import urllib.request

import pytest

from ernie_magic.config import proxies
from ernie_magic.config.proxies import is_this_machine, read_proxies
from ernie_magic.text.redact import redact
from ernie_magic.wire.routes import plan_route

PROXY = "http://proxy.example:3128"


@pytest.fixture
def through(monkeypatch):
    """The URL of the proxy that an address is reached through, with these variables."""

    def through_(url, **variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        proxy = read_proxies().choose(url)
        return proxy and proxy.url

    return through_


@pytest.mark.parametrize(
    ("entry", "direct", "proxied"),
    [
        ("[fd00::1]", "http://[fd00::1]/", "http://[fd00::2]/"),
        ("fd00::1", "http://[fd00::1]:8000/", "http://[fd00::2]/"),
        ("[fd00::1]:8000", "http://[fd00::1]:8000/", "http://[fd00::1]:9000/"),
        ("fd07:b51a:cc66:f0::/64", "http://[fd07:b51a:cc66:f0::9]/", "http://[fd07::9]/"),
        ("[fe80::]/10", "http://[fe80::1]/", "http://[fd00::1]/"),
        ("10.0.0.0/8", "http://10.9.8.7:8000/v1", "http://11.9.8.7/"),
        ("192.168.1.5/24", "http://192.168.1.9/", "http://192.168.2.9/"),
        ("10.1.2.3:8000", "http://10.1.2.3:8000/", "http://10.1.2.3:9000/"),
        ("192.168.*", "http://192.168.2.9/", "http://192.169.2.9/"),
        ("baidu.com", "https://a.baidu.com/", "https://notbaidu.com/"),
        (".baidu.com", "https://baidu.com/", "https://baidu.com.cn/"),
        ("*.baidu.com", "https://a.baidu.com/", "https://baidu.org/"),
        ("Baidu.COM.", "https://aistudio.BAIDU.com/", "https://baidu.org/"),
        ("a.example, b.example", "https://b.example/", "https://c.example/"),
        ("a.example b.example", "https://b.example/", "https://c.example/"),
        ("a.example,b.example\r", "https://b.example/", "https://c.example/"),
        ("http://a.example", "http://a.example/", "https://a.example/"),
        ("https://a.example/", "https://a.example/", "http://a.example/"),
        ("<local>", "http://intranet/", "https://a.example/"),
        ("a.example；b.example", "https://b.example/", "https://c.example/"),
        ('"a.example,b.example"', "https://a.example/", "https://c.example/"),
        ("例子.中国", "https://a.例子.中国/", "https://例.中国/"),
        ("*.例子.中国", "https://a.xn--fsqu00a.xn--fiqs8s/", "https://xn--fsqu00a.example/"),
        ("xn--fsqu00a.xn--fiqs8s", "https://例子.中国/", "https://例.中国/"),
        ("a.example:443", "https://a.example/", "https://a.example:8443/"),
    ],
)
def test_each_form_of_an_entry_of_no_proxy_is_understood(through, entry, direct, proxied):
    variables = {"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY, "NO_PROXY": entry}
    assert through(direct, **variables) is None
    assert through(proxied) == PROXY
    assert read_proxies().ignored == ()


def test_a_star_exempts_everything(through):
    assert through("https://a.example/", ALL_PROXY=PROXY, NO_PROXY="localhost,*") is None


@pytest.mark.parametrize(
    "entry", ["fd00::/999", "10.0.0.0/8/8", "[::1", "a.example:http", "user@x"]
)
def test_an_entry_that_means_nothing_is_named_and_the_others_hold(through, entry):
    variables = {"ALL_PROXY": PROXY, "NO_PROXY": f"a.example,{entry},b.example"}
    assert through("https://a.example/", **variables) is None
    assert through("https://b.example/") is None
    assert through("https://c.example/") == PROXY
    (ignored,) = read_proxies().ignored
    assert ignored.name == "NO_PROXY"
    assert "is not a host name" in ignored.line.en


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (f"{PROXY}\r", PROXY),
        (f" {PROXY}\n", PROXY),
        (f'"{PROXY}"', PROXY),
        (f"'{PROXY}'\r", PROXY),
        ("proxy.example:3128", PROXY),
        ("socks5h://127.0.0.1:1080", "socks5://127.0.0.1:1080"),
        ("socks://127.0.0.1:7891/", "socks5://127.0.0.1:7891/"),
        ("SOCKS5://127.0.0.1:1080", "socks5://127.0.0.1:1080"),
        ("http://[fd00::1]:3128", "http://[fd00::1]:3128"),
        (f"\ufeff{PROXY}\u200b", PROXY),
        (f"<{PROXY}>,", PROXY),
        (f"“{PROXY}”", PROXY),
    ],
)
def test_a_proxy_is_read_as_it_is_meant(through, written, read):
    assert through("https://a.example/", ALL_PROXY=written) == read


@pytest.mark.parametrize(
    "written",
    [
        "socks4://127.0.0.1:1080",
        "foo://bar",
        "http://",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://[::1",
        "http://a\tb:80",
        "://x",
        "http://user:canary-pass#word@127.0.0.1:80",
        "http://user:canary-pass/word@127.0.0.1:80",
        "http://proxy.example/proxy.pac",
        "pac+http://proxy.example/x",
        "http://wpad/wpad.dat",
        "DIRECT",
        "none",
        "true",
        "$HTTP_PROXY",
        "${PROXY}",
        "%PROXY%",
        "http//proxy.example:80",
        "http://http://proxy.example:80",
        "PROXY proxy.example:8080; DIRECT",
        "http=proxy.example:80;https=proxy.example:80",
    ],
)
def test_a_proxy_that_cannot_be_read_is_left_out_and_named(through, written):
    variables = {"HTTPS_PROXY": written, "HTTP_PROXY": PROXY}
    assert through("https://a.example/", **variables) is None
    assert through("http://a.example/") == PROXY
    (ignored,) = read_proxies().ignored
    assert ignored.line.en.startswith("HTTPS_PROXY is left out: ")
    assert "canary" not in ignored.line.en


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("http://proxy.example/proxy.pac", "is the address of a script (PAC)"),
        ("http://user:canary-pass#word@127.0.0.1:80", "write a /, ? or # of its password as %2F"),
        ("DIRECT", "DIRECT is not a proxy's address"),
    ],
)
def test_why_a_proxy_cannot_be_read_is_told(through, written, why):
    through("https://a.example/", HTTPS_PROXY=written)
    (ignored,) = read_proxies().ignored
    assert why in ignored.line.en


def test_the_lower_case_name_has_precedence_and_an_empty_one_means_none(through):
    assert through("http://a.example/", http_proxy="", HTTP_PROXY=PROXY) is None
    assert through("http://a.example/", http_proxy="http://small:1") == "http://small:1"
    assert read_proxies().by_scheme["http"].shown == "http_proxy=http://small:1"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST.", "app.localhost", "[::1]", "0.0.0.0",  # noqa: S104
        "[::ffff:127.0.0.1]", "[::]",
    ],
)  # fmt: skip
def test_this_machine_is_reached_directly(through, host):
    assert is_this_machine(host)
    assert through(f"http://{host}:8000/v1", ALL_PROXY=PROXY, HTTP_PROXY=PROXY) is None


@pytest.mark.parametrize(
    "host",
    [
        "127.1", "127.0.1", "2130706433", "0x7f.1", "0x7F000001", "0177.0.0.1", "017700000001",
        "127.1.", "0", "127.0.0.01", "１２７.0.0.1", "0x7f.0.0x0.1", "::ffff:127.0.0.1",
    ],
)  # fmt: skip
def test_this_machine_is_known_in_every_spelling_that_a_resolver_reads(host):
    assert is_this_machine(host)


@pytest.mark.parametrize("host", ["126.1", "2130706434000", "0x", "1.2.3.4.5", "127.1.a", "256"])
def test_other_numbers_are_not_this_machine(host):
    assert not is_this_machine(host)


@pytest.mark.parametrize("host", ["128.0.0.1", "localhost.example", "10.0.0.1", "mylocalhost", ""])
def test_other_machines_are_not_this_one(host):
    assert not is_this_machine(host)


@pytest.mark.parametrize(
    "written",
    [
        "http://me:canary-secret@proxy.example:3128",
        "me:canary-secret@proxy.example:3128",
        "socks5h://me:canary-secret@proxy.example:3128",
        "https://:canary-secret@proxy.example:3128/",
        "http://me:canary%2Dsecret@proxy.example:3128",
        "http://me:canary:secret%21word@proxy.example:3128",
        "http://canary-user@proxy.example:3128",
        "http://me@corp.example:canary-secret@proxy.example:3128",
        "http://me:canary@secret@proxy.example:3128",
    ],
)
def test_a_password_is_shown_nowhere(written, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", written)
    found = read_proxies()
    proxy = found.by_scheme["https"]
    assert "canary" not in proxy.shown
    assert "proxy.example:3128" in proxy.shown
    assert (
        "canary" not in f"{proxy!r} {found!r} {asyncio.run(plan_route('https://a.example/v1'))!r}"
    )
    assert "proxy.example:3128" in repr(proxy)


def test_a_proxy_s_password_is_redacted_as_written_and_as_meant(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "http://me:canary%21secret@proxy.example:3128")
    read_proxies()
    assert redact("sent canary%21secret, meant canary!secret") == "sent •••, meant •••"


@pytest.fixture
def system(monkeypatch):
    """A system's settings, as macOS and Windows have them; returns the hosts it was asked about."""
    asked = []

    def proxy_bypass(host):
        asked.append(host)
        return host.startswith("inner")

    monkeypatch.setattr(urllib.request, "getproxies", lambda: {"http": PROXY, "https": PROXY})
    monkeypatch.setattr(urllib.request, "proxy_bypass", proxy_bypass)
    proxies._ask_system.cache_clear()
    yield asked
    proxies._ask_system.cache_clear()


def test_the_system_is_asked_for_its_exceptions_once_for_each_host(through, system):
    for _ in range(3):
        assert through("https://inner.example/") is None
        assert through("https://outer.example./v1") == PROXY
    assert sorted(set(system)) == ["inner.example", "outer.example"]
    assert len(system) <= 4  # half a minute may end in between
    assert read_proxies().of_system


def test_the_system_is_not_asked_where_a_variable_is_set(through, system):
    assert through("https://inner.example/", HTTP_PROXY="http://own.example:1") is None
    assert through("http://inner.example/") == "http://own.example:1"
    assert (system, read_proxies().of_system) == ([], False)


def test_what_did_not_change_is_parsed_once(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    assert read_proxies() is read_proxies()
    first = read_proxies()
    monkeypatch.setenv("https_proxy", PROXY)
    assert read_proxies().by_scheme["https"].name == "https_proxy"
    monkeypatch.delenv("https_proxy")
    assert read_proxies() is first
