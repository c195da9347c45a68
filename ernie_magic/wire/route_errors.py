"""Faults on the way to a service: its certificate, a proxy, the settings for both."""

from __future__ import annotations

import re
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from ernie_magic.api import values
from ernie_magic.config.addresses import redact_url
from ernie_magic.config.certificates import NAMES_OF_CERTIFICATES, read_certificates
from ernie_magic.errors import ServiceUnreachable
from ernie_magic.text.language import Text, untranslated
from ernie_magic.text.redact import redact
from ernie_magic.wire.error_codes import REQUIRES_CERTIFICATE
from ernie_magic.wire.failures import clip_said

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
# What httpcore says of a SOCKS proxy that refuses a login, or the lack of one (RFC 1928, RFC 1929).
_SOCKS_LOGIN = re.compile(r"invalid username/password|no acceptable methods", re.IGNORECASE)
_SUPPORTED_LOGIN = "basic"
_MISSING_LOGIN = (
    Text("代理要求用户名和密码", "the proxy requires a name and a password"),
    Text(
        "写进 {name}：{kind}://用户名:密码@主机:端口",
        "write them in {name}: {kind}://name:password@host:port",
    ),
)
_WRONG_LOGIN = (
    Text(
        "代理不接受 {name} 里的用户名和密码",
        "the proxy does not accept the name and password in {name}",
    ),
    Text(
        "核对它们；其中的 @ : / # 写成 %40 %3A %2F %23",
        "check them; write an @, :, / or # in them as %40, %3A, %2F or %23",
    ),
)
_OTHER_LOGIN = (
    Text(
        "代理要求 {schemes} 登录，这里只支持 Basic",
        "the proxy requires a login by {schemes}, and only Basic is supported here",
    ),
    Text(
        "在本机运行一个代为登录的代理（如 px、cntlm），把 {name} 指向它；或把主机写进 NO_PROXY",
        "run a local proxy that logs in for you (px, cntlm) and name it in {name}, or list the "
        "host in NO_PROXY",
    ),
)
# How a proxy shows that a reply is its own.
_OWN_HEADERS = ("x-squid-error", "proxy-authenticate", "proxy-status", "x-bluecoat-via")
_PROXY_SERVERS = re.compile(
    r"squid|privoxy|tinyproxy|zscaler|bluecoat|mwg|forcepoint|mitmproxy|3proxy|polipo",
    re.IGNORECASE,
)
_CERTIFICATE = Text(
    "{host} 的证书不可信（{said}）", "the certificate of {host} is not trusted ({said})"
)
_NO_HTTPS = (
    Text(
        "这个端口不支持 https，或中间有代理、防火墙",
        "the port does not speak https, or a proxy or firewall is in between",
    ),
    Text(
        "本机和内网的服务常用 http://；检查 %ernie config base_url",
        "local servers often use http://; check %ernie config base_url",
    ),
)
# TLS 1.3's alert 116 (RFC 8446, section 6.2), and 42, which can only be about the client's: in
# OpenSSL's words.
_CERTIFICATE_REQUIRED = re.compile(
    r"certificate[_ ]required|alert[_ ]bad[_ ]certificate", re.IGNORECASE
)
# Alert 40: what TLS 1.2 has for a missing certificate too (RFC 5246, section 7.4.6).
_HANDSHAKE_FAILURE = re.compile(r"alert[_ ]handshake[_ ]failure", re.IGNORECASE)
_NOTHING_IN_COMMON = (
    Text(
        "双方没有共同的加密方式，或服务要求客户端证书（双向 TLS）",
        "the server shares no cipher with this machine, or requires a certificate of the client "
        "(mutual TLS)",
    ),
    Text(
        "升级 Python 的 OpenSSL；需要证书时，在本机用 stunnel、nginx 等带上证书转发，"
        "把 base_url 指向它",
        "update Python's OpenSSL; where a certificate is required, run a local proxy that presents "
        "it (stunnel, nginx) and name that in base_url",
    ),
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
_UNREAD = Text(
    "{cause}；现在只信任 {used}，不读 {unread}",
    "{cause}; {used} is what is trusted, and {unread} is not read beside it",
)
_UNSET = Text(
    "检查或去掉 {name}；不需要代理的主机写进 NO_PROXY；%ernie doctor 会显示代理",
    "check or unset {name}, or list the host in NO_PROXY; %ernie doctor shows the proxies",
)


_OR_THE_PROXY = Text(
    "{cause}，或代理 {proxy} 到服务的线路断了", "{cause}, or the proxy {proxy} cannot reach it"
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
    of_certificates = [setting for setting in ignored if setting.name in NAMES_OF_CERTIFICATES]
    if isinstance(error, ProxyFailed):
        return _proxy_error(error, host, tls_error, of_certificates)
    if isinstance(tls_error, ssl.SSLCertVerificationError):
        return _certificate_error(tls_error, host, of_certificates)
    if tls_error is None:
        return None
    # With TLS 1.3 a client has finished its handshake before the server reads its certificate.
    if isinstance(error, httpx.ConnectError) or _CERTIFICATE_REQUIRED.search(str(tls_error)):
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
        return _refused_by_proxy_error(error.proxy, host, said, error.login_schemes)
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


def name_proxy(error: ErnieError, proxy: Proxy | None) -> None:
    """Name the proxy that a request was to go through as a likely cause of an error of the network.

    Parameters
    ----------
    proxy
        None where there is none.
    """
    if proxy is None or error.cause is None:
        return
    error.cause = _OR_THE_PROXY.fill(cause=error.cause, proxy=proxy.shown)
    error.add_advice(_UNSET.fill(name=proxy.name))


def _refused_by_proxy_error(
    proxy: Proxy,
    host: Text,
    said: str,
    login_schemes: Sequence[str],
) -> ServiceUnreachable:
    """Return the error for a proxy that answers in its own name: it cannot reach the service, or
    does not let the request pass.
    """
    cause = Text(
        "代理连不上这个服务，或不允许访问它", "the proxy cannot reach the service, or forbids it"
    )
    advice = _UNSET
    is_socks_login = proxy.is_socks and _SOCKS_LOGIN.search(said)
    if is_socks_login or said.startswith(_LOGIN_REQUIRED):
        cause, advice = _explain_login(proxy, login_schemes)
        cause = cause.fill(name=proxy.name)
    return ServiceUnreachable(
        Text(
            "{proxy} 没有接通 {host}（{said}）", "{proxy} did not connect to {host} ({said})"
        ).fill(
            proxy=_PROXY.fill(proxy=proxy.shown),
            host=host,
            said=clip_said(said),
        ),
        cause,
        advice.fill(name=proxy.name, kind=proxy.url.partition("://")[0]),
    )


def _explain_login(proxy: Proxy, login_schemes: Sequence[str]) -> tuple[Text, Text]:
    """Return why a proxy asks for a login, and what to do."""
    folded = [scheme.lower() for scheme in login_schemes]
    if folded and _SUPPORTED_LOGIN not in folded:
        offered = untranslated(", ".join(login_schemes))
        return _OTHER_LOGIN[0].fill(schemes=offered), _OTHER_LOGIN[1]
    if proxy.has_login:
        return _WRONG_LOGIN
    return _MISSING_LOGIN


def proxy_reply_error(response: httpx.Response, body: bytes) -> ServiceUnreachable | None:
    """Return the error for a reply that is a proxy's own; None for a service's.

    A plain http request gets a proxy's refusal as its reply. A service's own refusal is JSON.
    """
    from ernie_magic.wire.routes import PROXY, read_login_schemes

    proxy = response.extensions.get(PROXY)
    if proxy is None or not _may_be_proxys(response):
        return None
    with suppress(ValueError):
        if isinstance(values.parse_json(body.decode("utf-8", "replace")), dict):
            return None
    host = untranslated(redact_url(str(response.url.copy_with(query=None))))
    said = f"{response.status_code} {response.reason_phrase}"
    schemes = read_login_schemes(response.headers.get_list("proxy-authenticate"))
    return _refused_by_proxy_error(proxy, host, redact(said, strict=True), schemes)


def _may_be_proxys(response: httpx.Response) -> bool:
    """Whether a refusal that came through a proxy may be the proxy's own, by its status or by a
    header that proxies add to their pages.
    """
    if response.status_code in _PROXY_STATUSES:
        return True
    if any(name in response.headers for name in _OWN_HEADERS):
        return True
    return bool(_PROXY_SERVERS.search(response.headers.get("server", "")))


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
    said = clip_said(error.verify_message)
    failure = ServiceUnreachable(_CERTIFICATE.fill(host=owner, said=said), cause, advice)
    if cause is _ISSUER[0]:
        name_ignored(failure, ignored)
        trusted = read_certificates()
        if trusted.unread and not ignored:
            failure.cause = _UNREAD.fill(
                cause=cause, used=trusted.source, unread=", ".join(trusted.unread)
            )
    return failure


def _tls_error(error: ssl.SSLError, host: Text) -> ServiceUnreachable:
    # Python's own code may raise it without a reason.
    reason = getattr(error, "reason", None) or str(error)
    cause, advice = _NO_HTTPS
    if _CERTIFICATE_REQUIRED.search(reason):
        cause, advice = REQUIRES_CERTIFICATE
    elif _HANDSHAKE_FAILURE.search(reason):
        cause, advice = _NOTHING_IN_COMMON
    said = clip_said(reason)
    return ServiceUnreachable(
        Text("与 {host} 的加密连接失败（{said}）", "no TLS connection to {host} ({said})").fill(
            host=host, said=said
        ),
        cause,
        advice,
    )


def _dead_proxy_error(proxy: Proxy, said: str) -> ServiceUnreachable:
    return ServiceUnreachable(
        Text("连不上{proxy}（{said}）", "cannot reach {proxy} ({said})").fill(
            proxy=_PROXY.fill(proxy=proxy.shown),
            said=clip_said(said),
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
