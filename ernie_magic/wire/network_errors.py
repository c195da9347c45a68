"""Turn a failure of the network into one error of the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ernie_magic.config.addresses import redact_url
from ernie_magic.config.services import SERVICES
from ernie_magic.errors import ErnieError, ProtocolError, RequestTimeout, ServiceUnreachable
from ernie_magic.text.language import Text, untranslated
from ernie_magic.text.redact import redact
from ernie_magic.wire.failures import stream_cut_error
from ernie_magic.wire.route_errors import find_route_fault, name_ignored, name_proxy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.config.ignored import Ignored
    from ernie_magic.config.proxies import Proxy


def network_error(
    error: Exception,
    address: str,
    timeout: float,
    *,
    started: bool = False,
    has_reply: bool = False,
    harmless: bool = False,
    ignored: Sequence[Ignored] = (),
    proxy: Proxy | None = None,
) -> ErnieError:
    """Return the error of the tree for an httpx exception.

    Parameters
    ----------
    address
        Where the request was sent.
    timeout
        Seconds without data that were allowed.
    started
        Whether part of the answer had arrived.
    has_reply
        Whether the reply had begun.
    harmless
        Whether the request may be sent again although it may have been carried out (a GET).
    ignored
        The settings for the way that were left out.
    proxy
        Through which the request was to go.
    """
    import httpx

    if not started and (fault := find_route_fault(error, address, ignored)):
        return fault
    host = untranslated(redact_url(address))
    if isinstance(
        error,
        httpx.ConnectTimeout
        | httpx.ConnectError
        | httpx.UnsupportedProtocol
        | httpx.InvalidURL
        | httpx.ProxyError
        | UnicodeError,
    ):
        unreachable = _unreachable_error(
            host, redact(str(error), strict=True) or type(error).__name__
        )
        name_proxy(unreachable, proxy)
        name_ignored(unreachable, ignored)
        # The request was never sent.
        unreachable.retryable = isinstance(error, httpx.ConnectTimeout | httpx.ConnectError)
        unreachable.timed_out = isinstance(error, httpx.ConnectTimeout)
        return unreachable
    if isinstance(error, httpx.TimeoutException):
        return _no_data_error(timeout)
    if isinstance(error, httpx.DecodingError):
        return ProtocolError(
            Text("服务的压缩数据已损坏", "the service's compressed reply is damaged"),
            Text("服务或中间的代理出错", "the service, or a proxy in between, failed"),
            Text("再试一次", "try again"),
        )
    if started:
        return stream_cut_error()
    hung_up = _cut_error(host) if has_reply else _hung_up_error(host, address)
    name_proxy(hung_up, proxy)
    name_ignored(hung_up, ignored)
    hung_up.retryable = harmless
    hung_up.was_sent = True
    return hung_up


def _unreachable_error(host: Text, why: str) -> ServiceUnreachable:
    return ServiceUnreachable(
        Text("连不上 {host}（{why}）", "cannot reach {host} ({why})").fill(host=host, why=why),
        Text(
            "服务没有运行、地址写错，或网络不通",
            "it is not running, the address is wrong, or there is no network",
        ),
        Text(
            "检查 %ernie config base_url；%ernie doctor 可测试",
            "check %ernie config base_url; %ernie doctor tests it",
        ),
    )


def _is_public(address: str) -> bool:
    """Whether an address is Baidu's, which asks nobody for a certificate."""
    host = urlsplit(address).hostname or ""
    return any(
        service.base_url and host == urlsplit(service.base_url).hostname
        for service in SERVICES.values()
    )


def _cut_error(host: Text) -> ServiceUnreachable:
    return ServiceUnreachable(
        Text(
            "{host} 的回复没有传完，连接就断了",
            "the connection to {host} closed before its reply was complete",
        ).fill(host=host),
        Text(
            "服务或中间的代理出错，或网络中断",
            "the service, a proxy in between or the network failed",
        ),
        Text("再试一次", "try again"),
    )


def _hung_up_error(host: Text, address: str) -> ServiceUnreachable:
    error = ServiceUnreachable(
        Text("{host} 没有回答就断开了连接", "{host} hung up without an answer").fill(host=host),
        Text("服务出错或网络中断", "the service or the network failed"),
        Text("再试一次", "try again"),
    )
    if address.lower().startswith("http:"):  # to which servers with TLS say nothing
        error.cause = Text(
            "服务出错、网络中断，或服务器只说 HTTPS",
            "the service or the network failed, or the server speaks HTTPS only",
        )
        error.advice = Text(
            "再试一次；服务器用 TLS 时地址写 https://",
            "try again; where the server uses TLS, write https:// in its address",
        )
    elif not _is_public(address):
        error.cause = Text(
            "服务出错、网络中断，或服务器要求客户端证书（双向 TLS）",
            "the service or the network failed, or the server requires a certificate of the client "
            "(mutual TLS)",
        )
        error.advice = Text(
            "再试一次；需要证书时，在本机用 stunnel、nginx 等带上证书转发，把 base_url 指向它",
            "try again; where a certificate is required, run a local proxy that presents it "
            "(stunnel, nginx) and name that in base_url",
        )
    return error


def _no_data_error(timeout: float) -> RequestTimeout:
    return RequestTimeout(
        Text("{seconds:g} 秒内没有收到数据", "no data was received within {seconds:g} s").fill(
            seconds=timeout
        ),
        Text(
            "服务繁忙，或模型思考得太久",
            "the service is busy, or the model is thinking for too long",
        ),
        Text(
            "再试，或用 %ernie config request_timeout 放宽",
            "try again, or allow more with %ernie config request_timeout",
        ),
    )
