"""Pictures behind links, fetched at once: links expire, and a notebook should last.

A link comes from a service, so it is not trusted. No key is sent with it, only http and https are
followed, and a redirect only within its host. A remote service cannot make us contact this machine
or its network: the connection goes to the address that was checked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ernie_magic.api.http_status import FORBIDDEN, NOT_FOUND, SERVER_ERROR, TOO_MANY_REQUESTS
from ernie_magic.errors import ErnieError, ProtocolError, RequestTimeout, ServiceUnreachable
from ernie_magic.text.language import Text
from ernie_magic.text.redact import redact
from ernie_magic.wire import whole_reply
from ernie_magic.wire.request import CONNECT_TIMEOUT
from ernie_magic.wire.route_errors import find_route_fault, name_ignored
from ernie_magic.wire.throttling.durations import retry_after_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

# Seconds for one picture: public clients wait 60 to 180.
TIMEOUT = 120.0
# Bytes: 2048 x 2048 pixels (the largest size on https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns) of
# four bytes are 16 MB before compression.
MAX_PICTURE = 32 * 1024 * 1024
MAX_REDIRECTS = 3
_TOO_LARGE = Text(
    "图片超过 {most} MB，没有下载完",
    "the picture exceeds {most} MB and was not fully downloaded",
)
# Not `ip.is_private`: that includes 198.18.0.0/15, which proxies assign to every name in the world
# (Clash's fake-ip).
_INSIDE = tuple(
    ipaddress.ip_network(net)
    for net in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "100::/64",
        "2002::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
_ENDED = Text("链接可能已过期，或网络有问题", "the link may have expired, or the network failed")
_AGAIN = Text(
    "链接还在图片的 .url 里；过一会儿再下载：%ernie_image download 或 ernie.download(…)",
    "the link is kept in the picture's .url; download it later: %ernie_image download, or "
    "ernie.download(…)",
)
_GONE = Text(
    "链接还在图片的 .url 里；再生成一次：%ernie_image redo 或 ernie.redo(…)；下次可加 "
    "--response-format b64_json 直接接收数据",
    "the link is kept in the picture's .url; make it again: %ernie_image redo, or ernie.redo(…); "
    "next time --response-format b64_json sends the data itself",
)
# Storage answers the last two also for a file that is not yet at all its places.
_PASSING = (408, 425, TOO_MANY_REQUESTS)
_NOT_YET = (FORBIDDEN, NOT_FOUND)


async def fetch_picture(http: httpx.AsyncClient, url: str, base_url: str) -> bytes:
    """Return the bytes behind a picture's link.

    Parameters
    ----------
    http
        The session's pool. What it sends with calls (the key) is not sent here.
    base_url
        The service that gave the link: it may name its own host wherever that is, and, if it is on
        this machine, any host.

    Raises
    ------
    ProtocolError
        The link may not be followed, or leads to more than 32 MB.
    ServiceUnreachable, RequestTimeout
    """
    import httpx

    from ernie_magic.wire.routes import list_ignored

    try:
        return await asyncio.wait_for(_follow_redirects(http, url, base_url), TIMEOUT)
    except asyncio.TimeoutError:
        error: ErnieError = RequestTimeout(
            Text("图片下载超过 {n} 秒", "the picture's download took more than {n} s").fill(
                n=f"{TIMEOUT:g}"
            ),
            Text(
                "网络慢，或链接的服务器没有响应",
                "the network is slow, or the link's server does not answer",
            ),
            _AGAIN,
        )
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, ValueError) as problem:
        ignored = await list_ignored(url)
        if fault := find_route_fault(problem, url, ignored):
            raise fault from None
        reason = redact(str(problem), strict=True)[:100] or type(problem).__name__
        error = ServiceUnreachable(
            Text("图片下载失败：{said}", "the picture could not be downloaded: {said}").fill(
                said=reason
            ),
            _ENDED,
            _AGAIN,
        )
        if isinstance(problem, httpx.TransportError | ssl.SSLError):
            error.retryable = True
            name_ignored(error, ignored)
    raise error


async def _follow_redirects(http: httpx.AsyncClient, url: str, base_url: str) -> bytes:
    import httpx

    link = httpx.URL(url)
    host = link.host
    for _ in range(MAX_REDIRECTS + 1):
        addresses = await _check_link(link, base_url)
        async with AsyncExitStack() as opened:
            pool = http
            if addresses:
                pool = await opened.enter_async_context(_direct_pool())
            response = await _open_first_reachable(
                pool, link, addresses, http.headers["User-Agent"]
            )
            opened.push_async_callback(response.aclose)
            if response.has_redirect_location:
                link = link.join(response.headers["location"])
                if link.host != host:
                    raise _refused_link_error(
                        Text("链接重定向到了另一台主机", "the link redirects to another host")
                    )
                continue
            if not response.is_success:
                raise _failed_download_error(response)
            return bytes(await whole_reply.read_bytes(response, MAX_PICTURE, _TOO_LARGE))
    raise _refused_link_error(Text("重定向次数过多", "too many redirects"))


def _failed_download_error(response: httpx.Response) -> ProtocolError:
    """Return the error of a refused download; asking for it again creates nothing."""
    status = response.status_code
    error = ProtocolError(
        Text(
            "图片下载失败：HTTP {status}", "the picture could not be downloaded: HTTP {status}"
        ).fill(status=status),
        _ENDED,
        _GONE,
        status=status,
    )
    error.retry_after = retry_after_seconds(response.headers)
    error.retryable = status in _NOT_YET
    if status in _PASSING or status >= SERVER_ERROR:
        error.advice = _AGAIN
        error.retryable = True
    return error


def _direct_pool() -> httpx.AsyncClient:
    """Return a pool for one name: a pool shared by many knows its connections by their address,
    whatever name they were opened for.
    """
    import httpx

    from ernie_magic.config.certificates import read_certificates

    transport = httpx.AsyncHTTPTransport(verify=read_certificates().context, trust_env=False)
    return httpx.AsyncClient(transport=transport, trust_env=False)


async def _open_first_reachable(
    pool: httpx.AsyncClient,
    link: httpx.URL,
    addresses: Sequence[str],
    agent: str,
) -> httpx.Response:
    """Return the response of the first address that can be reached.

    A name may have another address at the next look-up (DNS rebinding), so the connection goes to
    the very address that was checked. The request and the certificate check use the name
    (`sni_hostname`, httpx "Request extensions").
    """
    import httpx

    headers = {"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": agent}
    extensions: dict[str, Any] = {
        "timeout": httpx.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT).as_dict()
    }
    targets = [link]
    if addresses:
        headers["Host"] = link.netloc.decode("ascii")
        extensions["sni_hostname"] = link.raw_host.decode("ascii")
        targets = [link.copy_with(host=address) for address in addresses]
    for i, target in enumerate(targets, start=1):
        request = httpx.Request("GET", target, headers=headers, extensions=extensions)
        try:
            return await pool.send(request, stream=True, auth=None, follow_redirects=False)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            if i == len(targets):
                raise
    raise AssertionError("there is at least one place")


async def _check_link(url: httpx.URL | str, base_url: str) -> list[str]:
    """Return the addresses that the link may be followed to; none where its name may be used
    directly, or is looked up by a proxy.

    Raises
    ------
    ProtocolError
        The link may not be followed.
    ServiceUnreachable
        The name is unknown.
    """
    import httpx

    from ernie_magic.wire.routes import plan_route

    link = httpx.URL(url)
    host = link.raw_host.decode("ascii")
    if link.scheme not in ("http", "https") or not host:
        raise _refused_link_error(
            Text(
                "链接不是 http(s) 网址（{scheme}:）", "the link is not an http(s) URL ({scheme}:)"
            ).fill(scheme=link.scheme[:20])
        )
    own = urlsplit(base_url).hostname or ""
    if own in (link.host, host, "localhost") or any(
        address.is_loopback for address in _parse_ip_address(own)
    ):
        return []
    addresses = await _resolve_host(host)
    if any(_is_private_address(address) for address in addresses):
        raise _refused_link_error(
            Text(
                "链接指向本机或内网：{host}",
                "the link points to this machine or its network: {host}",
            ).fill(host=host[:100])
        )
    if (await plan_route(link)).route.proxy:
        return []
    if not addresses:
        raise ServiceUnreachable(
            Text("找不到主机 {host}", "the host {host} is unknown").fill(host=host[:100]),
            _ENDED,
            _AGAIN,
        )
    return list(dict.fromkeys(map(str, addresses)))


def _parse_ip_address(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        return []


async def _resolve_host(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Return a host's addresses; none for a name that is unknown here."""
    if literal := _parse_ip_address(host):
        return literal
    try:
        infos = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [
        address
        for info in infos
        for address in _parse_ip_address(str(info[4][0]).partition("%")[0])
    ]


def _is_private_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in net for net in _INSIDE if net.version == mapped.version)


def _refused_link_error(why: Text) -> ProtocolError:
    return ProtocolError(
        Text("没有下载图片：{why}", "the picture was not downloaded: {why}").fill(why=why),
        None,
        Text(
            "确认服务地址可信；--preview url 只显示链接",
            "check that the service can be trusted; --preview url shows only the link",
        ),
    )
