"""Faults on the way to a service: its certificate, a proxy, the settings for both."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from ernie_magic.api import values
from ernie_magic.config.addresses import redact_url
from ernie_magic.config.certificates import FILE, FOLDER
from ernie_magic.errors import ServiceUnreachable
from ernie_magic.text.language import Text, clip_text, untranslated
from ernie_magic.text.redact import redact
from ernie_magic.wire.failures import SAID_SHOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from ernie_magic.config.ignored import Ignored
    from ernie_magic.config.proxies import Proxy
    from ernie_magic.errors import ErnieError
    from ernie_magic.wire.routes import ProxyFailed

# Statuses that a proxy answers with in its own name.
_PROXY_STATUSES = (407, 502, 503, 504)
_LOGIN_REQUIRED = "407"
_CERTIFICATE = Text(
    "{host} 的证书不可信（{said}）", "the certificate of {host} is not trusted ({said})"
)
_PROXY = Text("代理 {proxy}", "the proxy {proxy}")
# OpenSSL, "X509_STORE_CTX_get_error": what is wrong with a certificate, by its number.
_WRONG_TIME = (9, 10)
_WRONG_NAME = (62, 64)
_TIME = (
    Text(
        "证书已过期或尚未生效，或本机时间不对",
        "it has expired or is not valid yet, or this machine's clock is wrong",
    ),
    Text(
        "核对本机的日期和时间；否则请服务方更新证书",
        "check this machine's date and time; otherwise the service must renew it",
    ),
)
_NAME = (
    Text("证书是给另一个主机名的", "it was issued for another host name"),
    Text("检查 %ernie config base_url 里的主机名", "check the host name in %ernie config base_url"),
)
_ISSUER = (
    Text(
        "公司网络或代理替换了证书，或服务用的是自签证书",
        "a company network or a proxy replaces certificates, or the service signed its own",
    ),
    Text(
        "把签发者的证书（PEM 文件）写进 SSL_CERT_FILE；%ernie doctor 会显示正在用的证书",
        "name the issuer's certificate (a PEM file) in SSL_CERT_FILE; %ernie doctor shows what is "
        "used",
    ),
)
_UNSET = Text(
    "检查或去掉 {name}；不需要代理的主机写进 NO_PROXY；%ernie doctor 会显示代理",
    "check or unset {name}, or list the host in NO_PROXY; %ernie doctor shows the proxies",
)


def find_route_fault(
    error: BaseException,
    address: str,
    ignored: Sequence[Ignored] = (),
) -> ServiceUnreachable | None:
    """Return the error for a fault on the way: of a certificate, of TLS or of a proxy; None when it
    is none of these. Sending again does not help.

    Parameters
    ----------
    address
        Where the request was sent.
    ignored
        The settings that were left out: one may have named the issuer of a certificate.
    """
    import httpx

    from ernie_magic.wire.routes import ProxyFailed, SocksMissing

    host = untranslated(redact_url(address))
    if isinstance(error, SocksMissing):
        return _socks_missing_error(error.proxy)
    tls_error = _find_tls_error(error)
    of_certificates = [setting for setting in ignored if setting.name in (FILE, FOLDER)]
    if isinstance(error, ProxyFailed):
        return _proxy_error(error, host, tls_error, of_certificates)
    if isinstance(tls_error, ssl.SSLCertVerificationError):
        return _certificate_error(tls_error, host, of_certificates)
    if tls_error is not None and isinstance(error, httpx.ConnectError):
        return _tls_error(tls_error, host)
    return None


def _proxy_error(
    error: ProxyFailed,
    host: Text,
    tls_error: ssl.SSLError | None,
    ignored: Sequence[Ignored],
) -> ServiceUnreachable:
    if isinstance(tls_error, ssl.SSLCertVerificationError):
        return _certificate_error(tls_error, _PROXY.fill(proxy=error.proxy.shown), ignored)
    said = redact(str(error), strict=True) or type(error.__cause__).__name__
    if error.answered:
        return _refused_by_proxy_error(error.proxy, host, said)
    if tls_error is not None:
        return _proxy_without_tls_error(error.proxy, said)
    return _dead_proxy_error(error.proxy, said)


def name_ignored(error: ErnieError, ignored: Sequence[Ignored]) -> None:
    """Name the settings that were left out as a likely cause of an error that has no certain one.

    Parameters
    ----------
    ignored
        Those that might have mattered.
    """
    if ignored:
        lines = [setting.line for setting in ignored[:3]]
        error.cause = Text("；".join(t.zh for t in lines), "; ".join(t.en for t in lines))


def _refused_by_proxy_error(proxy: Proxy, host: Text, said: str) -> ServiceUnreachable:
    """Return the error for a proxy that answers in its own name: it cannot reach the service, or
    does not let the request pass.
    """
    cause = Text(
        "代理连不上这个服务，或不允许访问它", "the proxy cannot reach the service, or forbids it"
    )
    advice = _UNSET.fill(name=proxy.name)
    if said.startswith(_LOGIN_REQUIRED):
        cause = Text("代理要求用户名和密码", "the proxy requires a name and a password")
        advice = Text(
            "写进 {name}：http://用户名:密码@主机:端口",
            "write them in {name}: http://name:password@host:port",
        ).fill(name=proxy.name)
    return ServiceUnreachable(
        Text(
            "{proxy} 没有接通 {host}（{said}）", "{proxy} did not connect to {host} ({said})"
        ).fill(
            proxy=_PROXY.fill(proxy=proxy.shown),
            host=host,
            said=untranslated(clip_text(said, SAID_SHOWN)),
        ),
        cause,
        advice,
    )


def proxy_reply_error(response: httpx.Response, body: bytes) -> ServiceUnreachable | None:
    """Return the error for a reply that is a proxy's own; None for a service's.

    A plain http request gets a proxy's refusal as its reply. A service's own refusal is JSON.
    """
    from ernie_magic.wire.routes import PROXY

    proxy = response.extensions.get(PROXY)
    if proxy is None or response.status_code not in _PROXY_STATUSES:
        return None
    with suppress(ValueError):
        if isinstance(values.parse_json(body.decode("utf-8", "replace")), dict):
            return None
    host = untranslated(redact_url(str(response.url.copy_with(query=None))))
    said = f"{response.status_code} {response.reason_phrase}"
    return _refused_by_proxy_error(proxy, host, redact(said, strict=True))


def _find_tls_error(error: BaseException) -> ssl.SSLError | None:
    """Return the TLS error behind an error of the HTTP library; None for a connection that was
    closed: that may pass.
    """
    from ernie_magic.wire.routes import TLS_HANG_UPS

    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        if isinstance(current, TLS_HANG_UPS):
            return None
        if isinstance(current, ssl.SSLError):
            return current
        seen.append(current)
        # Also what is hidden: httpcore's pool raises a failed handshake anew, `from None`.
        current = current.__cause__ or current.__context__
    return None


def _certificate_error(
    error: ssl.SSLCertVerificationError,
    owner: Text,
    ignored: Sequence[Ignored],
) -> ServiceUnreachable:
    cause, advice = _ISSUER
    if error.verify_code in _WRONG_TIME:
        cause, advice = _TIME
    elif error.verify_code in _WRONG_NAME:
        cause, advice = _NAME
    said = untranslated(clip_text(error.verify_message, SAID_SHOWN))
    failure = ServiceUnreachable(_CERTIFICATE.fill(host=owner, said=said), cause, advice)
    if cause is _ISSUER[0]:
        name_ignored(failure, ignored)
    return failure


def _tls_error(error: ssl.SSLError, host: Text) -> ServiceUnreachable:
    # Python's own code may raise it without a reason.
    said = untranslated(clip_text(getattr(error, "reason", None) or str(error), SAID_SHOWN))
    return ServiceUnreachable(
        Text("与 {host} 的加密连接失败（{said}）", "no TLS connection to {host} ({said})").fill(
            host=host, said=said
        ),
        Text(
            "这个端口不支持 https，或中间有代理、防火墙",
            "the port does not speak https, or a proxy or firewall is in between",
        ),
        Text(
            "本机和内网的服务常用 http://；检查 %ernie config base_url",
            "local servers often use http://; check %ernie config base_url",
        ),
    )


def _dead_proxy_error(proxy: Proxy, said: str) -> ServiceUnreachable:
    return ServiceUnreachable(
        Text("连不上{proxy}（{said}）", "cannot reach {proxy} ({said})").fill(
            proxy=_PROXY.fill(proxy=proxy.shown),
            said=untranslated(clip_text(said, SAID_SHOWN)),
        ),
        Text(
            "代理没有运行，或它的地址、端口或类型写错了",
            "it is not running, or its address, port or kind is wrong",
        ),
        _UNSET.fill(name=proxy.name),
    )


def _proxy_without_tls_error(proxy: Proxy, said: str) -> ServiceUnreachable:
    error = _dead_proxy_error(proxy, said)
    error.cause = Text(
        "代理地址以 https:// 开头，但多数代理只用 http:// 连接",
        "its address begins with https://, and most proxies are connected to by http://",
    )
    error.advice = Text("把 {name} 写成 http://主机:端口", "write {name} as http://host:port").fill(
        name=proxy.name
    )
    return error


def _socks_missing_error(proxy: Proxy) -> ServiceUnreachable:
    return ServiceUnreachable(
        Text(
            "没有安装 socks 代理（{proxy}）需要的 socksio",
            "socksio, which the socks proxy {proxy} requires, is not installed",
        ).fill(proxy=proxy.shown),
        None,
        Text("运行 pip install socksio", "run pip install socksio"),
    )
