"""Qianfan's platform: which family of its APIs a path belongs to, and the address and the
credential of each.

Three families share one host. The models and what is called with an API key (knowledge bases, apps,
files) carry it as a bearer token; the console's calls are signed with an access key and a secret
key (https://cloud.baidu.com/doc/qianfan-api/s/wm9cvs292).
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import parse_qs, unquote

from ernie_magic.api.platform import CHARGE_GROUP, KEY_GROUPS, SIMULATED_PAIR
from ernie_magic.config.addresses import BaseUrl, redact_url, split_query
from ernie_magic.config.credentials import Bearer, Endpoint, Signature
from ernie_magic.config.endpoints import (
    SESSION,
    TRUSTED,
    build_endpoint,
    check_headers,
    check_incomplete_pair,
    check_key,
    check_own_keys,
    choose_service,
    pair_variables_set,
    remember_keys,
    resolve_base_url,
)
from ernie_magic.config.headers import ExtraHeaders
from ernie_magic.config.keys import Key, Pair
from ernie_magic.config.services import IAM_PAIR, LOCAL, QIANFAN, QIANFAN_V1, V1_PREFIX
from ernie_magic.config.variables import read_variable
from ernie_magic.errors import ErnieError, InvalidOption, MissingKey
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.config.endpoints import EndpointSettings, ResolvedUrl
    from ernie_magic.config.services import Service

# Below the address of the service in use; at the platform, with an API key; there, signed.
Family = Literal["service", "key", "pair"]

_CONSOLE_V1 = "/wenxinworkshop/"
_AT_THE_HOST = ("/v2/", "/video/", "/beta/video/")
_MODEL_CALLS = frozenset(
    {
        "chat",
        "completions",
        "embeddings",
        "images",
        "models",
        "rerank",
        "rerankers",
        "responses",
    }
)
_KEY_PAGE = "https://console.bce.baidu.com/iam/#/iam/accesslist"


class Route(NamedTuple):
    """Where a path is sent.

    Attributes
    ----------
    endpoint : Endpoint
    path : str
        Below its base URL.
    """

    endpoint: Endpoint
    path: str

    @property
    def is_platform(self) -> bool:
        """Whether it is one of the platform's calls, whose replies have an envelope; those of
        models have none.
        """
        group = split_query(self.path)[0].removeprefix("/v2/").partition("/")[0]
        return self.endpoint.is_platform and group not in _MODEL_CALLS


def family_of_path(path: str, service: Service) -> Family:
    """Return the family that a path belongs to, which it tells by its beginning and by `Action`.

    Parameters
    ----------
    path
        Begins with `/`; may have a query.
    service
        The one in use: on a server of the user's own each path is that server's.

    Raises
    ------
    InvalidOption
        It is one of the calls that buy.
    """
    given, query = split_query(path)
    if service is LOCAL:
        return "service"
    address = _resolve(given)
    if address.startswith(V1_PREFIX) and service is not QIANFAN_V1:
        return "pair"
    if address.startswith(_CONSOLE_V1):
        return "pair"
    group = address.removeprefix("/v2").lstrip("/").partition("/")[0]
    if group == CHARGE_GROUP:
        raise _charge_error()
    if not address.startswith(_AT_THE_HOST):
        return "service"
    if "Action" in parse_qs(query) and group not in KEY_GROUPS:
        return "pair"
    return "key"


def _resolve(path: str) -> str:
    """Return a path as a service reads it: without dots, doubled slashes and escapes (RFC 3986,
    section 6.2.2).
    """
    return "/" + posixpath.normpath(unquote(path)).lstrip("/")


def route_path(settings: EndpointSettings, path: str, *, is_action: bool = False) -> Route:
    """Return where a path is sent, with the credential of its family.

    Parameters
    ----------
    settings
    path
        Begins with `/`; may have a query.
    is_action
        It is the platform's, whatever the service in use.

    Raises
    ------
    MissingKey, InvalidOption
    """
    service = choose_service(settings)
    if is_action and service is LOCAL:
        service = QIANFAN
    family = family_of_path(path, service)
    if family == "service":
        return Route(build_endpoint(settings), path.removeprefix(V1_PREFIX))
    return Route(build_platform_endpoint(settings, family), path)


class PlatformRoutes:
    """The platform's endpoints as they are now, for calls that last: what is set later does not
    change them.

    Parameters
    ----------
    settings
    """

    def __init__(self, settings: EndpointSettings) -> None:
        self._by_key = _attempt(settings, "key")
        self._by_pair = _attempt(settings, "pair")

    def route_path(self, path: str) -> Route:
        """Return where a path is sent, with the credential of its family.

        Raises
        ------
        MissingKey, InvalidOption
        """
        found = self._by_key
        if family_of_path(path, QIANFAN) == "pair":
            found = self._by_pair
        if isinstance(found, ErnieError):
            raise found
        return Route(found, path)


def _attempt(settings: EndpointSettings, family: Family) -> Endpoint | ErnieError:
    """Return an endpoint, or why there is none: a call may not need it."""
    try:
        return build_platform_endpoint(settings, family)
    except ErnieError as error:
        return error


def own_addresses(endpoint: Endpoint, settings: EndpointSettings) -> tuple[str, ...]:
    """Return the addresses below which a whole URL may lie: that of the service in use, and the
    platform's where it has one beside it.

    Raises
    ------
    InvalidOption
    """
    service = endpoint.service
    if service is LOCAL:
        return (endpoint.base_url,)
    platform = _root_of(resolve_base_url(_platform_settings(settings, service), QIANFAN).url)
    # What is below both is a path of the platform, whose family it tells.
    if _root_of(endpoint.base_url) == platform:
        return (platform,)
    return endpoint.base_url, platform


def path_below(url: str, addresses: tuple[str, ...]) -> str:
    """Return the path of a whole URL that is below one of these addresses: a key goes to no other
    host.

    Raises
    ------
    InvalidOption
        It is another host's.
    """
    for address in addresses:
        base = split_query(address)[0]
        rest = url[len(base) :]
        if base and url.lower().startswith(base.lower()) and rest.startswith("/"):
            return rest
    raise InvalidOption(
        Text(
            "{url} 不在所用服务的地址之下，密钥不会发到别处",
            "{url} is not below the service's own address, and keys are sent nowhere else",
        ).fill(url=redact_url(url)),
        advice=Text(
            "只写路径，例如 /v2/models；换地址用 %ernie config base_url",
            "give the path only, such as /v2/models; %ernie config base_url sets another address",
        ),
    )


def build_platform_endpoint(settings: EndpointSettings, family: Family) -> Endpoint:
    """Return the platform's host with the credential of a family, whichever service answers chats.

    The emulator's address is filled in once it has started.

    Parameters
    ----------
    settings
        Their keys count where the service in use is Qianfan; otherwise only the variables do.
    family
        "key" or "pair".

    Raises
    ------
    MissingKey
        No key of this kind is set.
    InvalidOption
    """
    service = choose_service(settings)
    remember_keys()
    if service.is_simulated:
        return _simulated_endpoint(settings, service, family)
    own = _platform_settings(settings, service)
    if family == "key":
        endpoint = build_endpoint(own)
        return replace(endpoint, base_url=_root_of(endpoint.base_url), is_platform=True)
    resolved_url = resolve_base_url(own, QIANFAN)
    credential = Signature(_find_pair(own, resolved_url))
    check_headers(own.headers, {}, credential, resolved_url)
    return Endpoint(
        QIANFAN,
        _root_of(resolved_url.url),
        credential,
        extra_headers=own.headers,
        query=dict(resolved_url.query_keys),
        is_platform=True,
    )


@dataclass(frozen=True)
class _VariableSettings:
    """What a session that talks to another service has for the platform: a pair at most, since its
    other keys and its address are that service's.
    """

    access_key: Key | None = None
    secret_key: Key | None = None
    service: str = QIANFAN.name
    api_key: Key | None = None
    bearer_token: Key | None = None
    app_id: str = ""
    headers: ExtraHeaders = field(default_factory=ExtraHeaders)
    base_url: BaseUrl = field(default_factory=lambda: BaseUrl(""))

    @property
    def own_key(self) -> Key | None:
        return self.access_key


def _platform_settings(settings: EndpointSettings, service: Service) -> EndpointSettings:
    if service is QIANFAN:
        return settings
    if service is QIANFAN_V1 and settings.access_key:
        return _VariableSettings(settings.access_key, settings.secret_key)
    return _VariableSettings()


def _simulated_endpoint(
    settings: EndpointSettings,
    service: Service,
    family: Family,
) -> Endpoint:
    """Return the emulator's own credential: everything works without a key there."""
    credential: Bearer | Signature = Bearer(Key("emulator", secret=False))
    if family == "pair":
        credential = Signature(Pair(*(Key(half, secret=False) for half in SIMULATED_PAIR)))
    return Endpoint(service, "", credential, extra_headers=settings.headers, is_platform=True)


def _find_pair(settings: EndpointSettings, resolved_url: ResolvedUrl) -> Pair:
    """Return the access key and the secret key that sign calls to an address.

    Raises
    ------
    MissingKey, InvalidOption
    """
    check_own_keys(settings, QIANFAN)
    trusted = TRUSTED[resolved_url.source]
    access = settings.access_key
    if settings.secret_key:
        access = access or settings.api_key
    pair = None
    if access and settings.secret_key and SESSION in trusted:
        pair = Pair(access, settings.secret_key)
    elif names := pair_variables_set(QIANFAN, trusted):
        pair = Pair(*(Key(read_variable(name)[0]) for name in names))
    if pair is None:
        is_withheld = bool(access and settings.secret_key) or bool(pair_variables_set(QIANFAN))
        if not is_withheld:
            check_incomplete_pair(QIANFAN)
        raise _missing_pair_error(is_withheld=is_withheld)
    check_key(pair.access, IAM_PAIR[0], QIANFAN, resolved_url.url)
    return pair


def _root_of(url: str) -> str:
    """Return the address of the host whose API of models has this one."""
    address, query = split_query(url)
    root = address.removesuffix(QIANFAN.path)
    if not query:
        return root
    return f"{root}?{query}"


def _missing_pair_error(*, is_withheld: bool) -> MissingKey:
    cause = Text(
        "控制台接口（?Action=、/wenxinworkshop/）不接受 API Key",
        "the console's calls (?Action=, /wenxinworkshop/) do not accept an API key",
    )
    if is_withheld:
        cause = Text(
            "密钥和地址不是在同一处设置的，所以没有发送",
            "the keys and the address come from different places, so they were not sent",
        )
    return MissingKey(
        Text(
            "千帆控制台的接口要用 Access Key 和 Secret Key 签名，但没有设置",
            "calls of Qianfan's console are signed with an access key and a secret key, and none "
            "is set",
        ),
        cause,
        Text(
            "到 {page} 创建，写进环境变量或 .env 的 {names}；想先试用：%ernie use emulator",
            "create them at {page} and put them into {names}, in the environment or a .env file; "
            "to try without: %ernie use emulator",
        ).fill(page=_KEY_PAGE, names=Text(" 和 ".join(IAM_PAIR), " and ".join(IAM_PAIR))),
    )


def _charge_error() -> InvalidOption:
    return InvalidOption(
        Text("这里不调用 /v2/charge", "calls of /v2/charge are not made from here"),
        Text("这些接口会购买资源", "they buy resources"),
        Text("到千帆控制台购买", "buy them in Qianfan's console"),
    )
