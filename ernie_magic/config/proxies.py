"""Proxies, as the environment or the system names them: `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` …

There is no standard for these variables; they are read as curl reads them
(https://everything.curl.dev/usingcurl/proxies/env.html), in either case. The HTTP library fails as
a whole for one entry that it cannot read (https://github.com/encode/httpx/issues/3221); here such
an entry is left out and named. This machine is always reached directly.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import os
import re
import socket
import time
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ernie_magic.config.addresses import redact_url, unwrap_pasted
from ernie_magic.config.ignored import Ignored
from ernie_magic.config.keys import Key
from ernie_magic.config.variables import strip_quotes
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SCHEMES = ("http", "https", "all")
# What the HTTP library calls them. Chromium takes `socks://`, which GNOME's settings write, for
# version 5; either way the name is looked up by the proxy.
_KINDS = {
    "http": "http",
    "https": "https",
    "socks": "socks5",
    "socks5": "socks5",
    "socks5h": "socks5",
}
_ASKED_EVERY = 30.0  # seconds that the system's exceptions are remembered
_LOCAL = "<local>"
_PORTS = {"http": 80, "https": 443}
# An IPv4 address as `inet_aton` reads it, and with it every resolver: `127.1`, `0x7f.1`,
# `2130706433` (POSIX, "inet_addr").
_OLD_IPV4 = re.compile(r"(?:0x[0-9a-f]+|[0-9]+)(?:\.(?:0x[0-9a-f]+|[0-9]+)){0,3}\.?", re.IGNORECASE)
_BRACKETS = re.compile(r"\[([^\[\]]*)\](/\d+)?(?::(\d+))?")
_NOT_A_URL = Text("{value} 不是代理地址", "{value} is not a proxy's address")
_OTHER_KIND = Text(
    "{kind}:// 不是支持的代理类型（http、https、socks5）",
    "{kind}:// is not a supported kind of proxy (http, https, socks5)",
)
_PAC_FILE = Text(
    "{value} 是自动配置脚本（PAC）的地址；写上脚本里的代理：http://主机:端口",
    "{value} is the address of a script (PAC); write the proxy that it names: http://host:port",
)
_CUT_PASSWORD = Text(
    "{value} 不是代理地址；密码里的 / ? # 要写成 %2F %3F %23",
    "{value} is not a proxy's address; write a /, ? or # of its password as %2F, %3F or %23",
)
# What stands in a proxy's place where none is meant, and how scripts' addresses end.
_NO_PROXY_MEANT = frozenset(
    {"direct", "none", "null", "nil", "off", "false", "no", "undefined", "disabled"}
    | {"true", "on", "yes", "auto", "system", "0", "1", "-"}
)
# What a host's name may hold: `$PROXY` and `%PROXY%` were to be replaced by a shell.
_PROXY_HOST = re.compile(r"[\w.-]+|[0-9a-f:.]+(?:%[\w.%-]+)?", re.IGNORECASE)
_PAC = re.compile(r"pac\+|.*(?:\.pac|/wpad\.dat)(?:[?#].*)?$", re.IGNORECASE | re.DOTALL)
_NOT_A_HOST = Text(
    "{value} 不是主机名、IP 地址或网段", "{value} is not a host name, an IP address or a network"
)


@dataclass(frozen=True, repr=False)
class Proxy:
    """A proxy.

    Attributes
    ----------
    name : str
        The variable, or the part of the system's settings, that names it.
    url : str
        Its address, with its password.
    """

    name: str
    url: str

    @property
    def shown(self) -> str:
        """Variable and address, without the password."""
        return f"{self.name}={redact_url(self.url)}"

    @printable
    def __repr__(self) -> str:
        return f"Proxy({self.shown})"

    @property
    def has_login(self) -> bool:
        """Whether its address has a name."""
        return bool(urlsplit(self.url).username)

    @property
    def is_socks(self) -> bool:
        """Whether it is a SOCKS proxy."""
        return self.url.startswith("socks")


@dataclass(frozen=True)
class Exempt:
    """Hosts that are reached without a proxy: one entry of `NO_PROXY`.

    Attributes
    ----------
    host : str
        A pattern for names; a name stands for what is below it as well. Windows' `<local>` stands
        for names without a dot.
    network : ip_network | None
        Addresses instead.
    port : int | None
    scheme : str
        "" for any.
    """

    host: str = ""
    network: Network | None = None
    port: int | None = None
    scheme: str = ""

    def covers(self, scheme: str, host: str, port: int) -> bool:
        """Whether an address belongs to it."""
        if self.scheme not in ("", scheme) or self.port not in (None, port):
            return False
        if self.host == _LOCAL:
            return "." not in host and parse_address(host) is None
        if self.network is None:
            return any(
                fnmatch.fnmatchcase(host, pattern) for pattern in (self.host, f"*.{self.host}")
            )
        address = parse_address(host)
        return (
            address is not None
            and address.version == self.network.version
            and address in self.network
        )


@dataclass(frozen=True)
class Proxies:
    """What the environment says about proxies.

    Attributes
    ----------
    by_scheme : mapping of str to Proxy
        For "http", "https" and "all".
    exempt : tuple of Exempt
    ignored : tuple of Ignored
        What cannot be read.
    no_proxy : str
        Variable and value of the exceptions, "" when there are none.
    of_system : bool
        Whether they are the system's, which has exceptions of its own.
    """

    by_scheme: Mapping[str, Proxy]
    exempt: tuple[Exempt, ...]
    ignored: tuple[Ignored, ...]
    no_proxy: str = ""
    of_system: bool = False

    def choose(self, url: str) -> Proxy | None:
        """Return the proxy for an address, None for a direct connection. Those of the system block
        (`_is_exempt_by_system`).
        """
        parts = urlsplit(url)
        host = _in_ascii((parts.hostname or "").rstrip("."))
        if is_this_machine(host):
            return None
        proxy = self.by_scheme.get(parts.scheme) or self.by_scheme.get("all")
        port = parts.port or _PORTS.get(parts.scheme, 0)
        if any(exempt.covers(parts.scheme, host, port) for exempt in self.exempt):
            return None
        if proxy is not None and self.of_system and _is_exempt_by_system(host):
            return None
        return proxy


def parse_address(host: str) -> Address | None:
    """Return the IP address that a host is written as, None for a name."""
    host = unicodedata.normalize("NFKC", host)
    with suppress(ValueError):
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
        return getattr(address, "ipv4_mapped", None) or address
    if _OLD_IPV4.fullmatch(host):
        with suppress(OSError, ValueError):
            return ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
    return None


def is_this_machine(host: str) -> bool:
    """Whether a host is this machine (RFC 6761, section 6.3, for names)."""
    host = host.lower().rstrip(".")
    address = parse_address(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def read_proxies() -> Proxies:
    """Read the environment's proxies, or the system's where the environment has none."""
    from urllib.request import getproxies, getproxies_environment  # not at load

    found = getproxies_environment()
    of_system = not found
    if of_system:
        found = getproxies()
    names = {scheme: _variable_name(scheme) for scheme in (*SCHEMES, "no")}
    items = tuple((scheme, strip_quotes(value)) for scheme, value in found.items())
    return _parse_proxies(items, tuple(names.items()), of_system=of_system)


@lru_cache(maxsize=8)  # each request asks for them
def _parse_proxies(
    items: tuple[tuple[str, str], ...],
    name_items: tuple[tuple[str, str], ...],
    *,
    of_system: bool,
) -> Proxies:
    """Return what these values mean.

    Parameters
    ----------
    items
        Pairs of a scheme, or "no", and a value.
    name_items
        The variable of each.
    """
    found = dict(items)
    names = dict(name_items)
    by_scheme: dict[str, Proxy] = {}
    ignored: list[Ignored] = []
    for scheme in SCHEMES:
        written = found.get(scheme, "")
        if not written.strip():
            continue
        name = names[scheme]
        url = _read_proxy_url(written)
        if isinstance(url, Text):
            ignored.append(Ignored(name, url))
        else:
            by_scheme[scheme] = Proxy(name, url)
    exempt: list[Exempt] = []
    exceptions = found.get("no", "").strip()
    for entry in re.split(r"[,;，；、\s]+", exceptions):
        if rule := _read_exempt(entry):
            exempt.append(rule)
        elif entry:
            why = _NOT_A_HOST.fill(value=_printable(redact_url(entry)))
            ignored.append(Ignored(names["no"], why))
    no_proxy = ""
    if exceptions:
        no_proxy = f"{names['no']}={_printable(redact_url(exceptions))}"
    return Proxies(by_scheme, tuple(exempt), tuple(ignored), no_proxy, of_system)


def _variable_name(scheme: str) -> str:
    """Return the variable's name as it is written; a lower-case one has precedence."""
    name = f"{scheme}_proxy"
    if os.environ.get(name):
        return name
    return next((n for n in os.environ if n.lower() == name and os.environ[n]), name)


def _why_no_proxy(url: str) -> Text | None:
    """Return what an address is that looks like a proxy's and is none; None for any other."""
    _, _, rest = url.partition("://")
    if _PAC.match(url):
        return _PAC_FILE
    if re.search(r"[/?#][^@]*@", rest):
        return _CUT_PASSWORD
    if rest.lower() in _NO_PROXY_MEANT:
        return _NOT_A_URL
    return None


def _read_proxy_url(written: str) -> str | Text:
    """Return a proxy's address as the HTTP library reads it, or why it cannot."""
    url = unwrap_pasted(written)
    if "://" not in url:
        url = f"http://{url}"
    shown = _printable(redact_url(url))
    if why := _why_no_proxy(url):
        return why.fill(value=shown)
    wrong = _NOT_A_URL.fill(value=shown)
    if any(c.isspace() or not c.isprintable() for c in url):
        return wrong
    kind, _, rest = url.partition("://")
    if kind.lower() not in _KINDS:
        return _OTHER_KIND.fill(kind=_printable(kind))
    try:
        parts = urlsplit(url)
        is_host = _PROXY_HOST.fullmatch(parts.hostname or "") is not None
        if not is_host or parts.port == 0 or parts.path.startswith("//"):
            return wrong
    except ValueError:  # urllib's error for an invalid port or IPv6 address
        return wrong
    if parts.password:
        Key(parts.password)  # in its written form it is a key too
        Key(unquote(parts.password))
    return f"{_KINDS[kind.lower()]}://{rest}"


def _read_exempt(entry: str) -> Exempt | None:
    """Return the meaning of an entry of `NO_PROXY`; None when it has none."""
    if entry.lower() == _LOCAL:
        return Exempt(_LOCAL)
    scheme, _, rest = entry.strip().lower().rstrip("/").rpartition("://")
    if scheme == "all":
        scheme = ""
    host = rest
    port = ""
    if bracketed := _BRACKETS.fullmatch(rest):
        host = bracketed[1] + (bracketed[2] or "")
        port = bracketed[3] or ""
    elif rest.count(":") == 1:
        host, _, port = rest.partition(":")
    if port and not (port.isascii() and port.isdigit()):
        return None
    number = int(port) if port else None
    with suppress(ValueError):
        network = ipaddress.ip_network(re.sub(r"%[^/]*", "", host), strict=False)
        return Exempt(network=network, port=number, scheme=scheme)
    name = host.removeprefix("*.").strip(".")
    if not re.fullmatch(r"[\w.*-]+", name):
        return None
    return Exempt(_in_ascii(name), port=number, scheme=scheme)


def _in_ascii(host: str) -> str:
    """Return a host's name with its international labels as they are sent (RFC 3490): an address
    may be written either way.
    """
    if host.isascii():
        return host
    labels = []
    for label in re.split(r"[.。．]", host):
        sent = label
        with suppress(UnicodeError):
            sent = label.encode("idna").decode("ascii")
        labels.append(sent)
    return ".".join(labels)


def _is_exempt_by_system(host: str) -> bool:
    """Whether the exceptions of macOS or Windows name a host; asked for at most twice a minute.

    They may be networks, so the host's name is looked up, which blocks.
    """
    return _ask_system(host, int(time.monotonic() // _ASKED_EVERY))


@lru_cache(maxsize=256)
def _ask_system(host: str, _period: int) -> bool:
    from urllib.request import proxy_bypass

    return bool(proxy_bypass(host))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)[:100]
