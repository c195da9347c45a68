"""Which service a session talks to, its address and its key: from settings, then environment, then
`.env`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import urlsplit

from ernie_magic.config.addresses import BaseUrl, check_base_url, clean_base_url, split_query
from ernie_magic.config.credentials import (
    AccessToken,
    Bearer,
    BearerFromPair,
    Credential,
    Endpoint,
    Login,
    Signature,
    TokenFromPair,
)
from ernie_magic.config.keys import Key, Pair, is_placeholder
from ernie_magic.config.services import (
    AI_STUDIO,
    APP_ID_VARIABLE,
    CONSOLE_URL,
    CONSOLE_URL_VARIABLE,
    EMULATOR,
    IAM_PAIR,
    IAM_URL,
    IAM_URL_VARIABLE,
    LOCAL,
    OAUTH_PAIR,
    QIANFAN,
    QIANFAN_V1,
    SERVICES,
    Service,
)
from ernie_magic.config.variables import (
    DOTENV,
    ENVIRONMENT,
    REFERENCE,
    read_variable,
    readable_sources,
)
from ernie_magic.errors import InvalidOption, MissingKey
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.config.headers import ExtraHeaders


# Where a key or an address comes from.
SESSION = "session"
OWN = "own"
# A key is only sent to an address that it may trust. Whoever writes an environment may also name an
# address for the keys of its `.env` files and sessions. A folder's `.env`, which may be a
# stranger's, and an address that was typed in get only their own keys. A service's own address gets
# all of its keys.
TRUSTED = {
    OWN: (SESSION, ENVIRONMENT, DOTENV),
    ENVIRONMENT: (SESSION, ENVIRONMENT, DOTENV),
    DOTENV: (DOTENV,),
    SESSION: (SESSION,),
}
# How the keys of Baidu's services begin and end.
_KEY_ENDS = re.compile(r"[\w-].*(?<=[\w=-])", re.ASCII | re.DOTALL)
# Marks of what a key is copied from, beside it.
_BRACKETS = ("<>", "()", "[]", "{}")
_BEFORE_KEY = tuple("`\"'\\,;:=>")
_AFTER_KEY = tuple("`\"'\\,;")
_SECRETS = tuple(
    name
    for service in SERVICES.values()
    for name in (
        *service.key_variables,
        *(half for pair in service.pair_variables for half in pair),
    )
)


class EndpointSettings(Protocol):
    """What says where to send (`ernie_magic.config.settings.ErnieSettings`)."""

    @property
    def service(self) -> str:
        """The name of the service, "" for the first that has a key."""

    @property
    def api_key(self) -> Key | None:
        """The key, None for that of the environment."""

    @property
    def secret_key(self) -> Key | None:
        """The secret half of `access_key` or `api_key`, None for a key without one."""

    @property
    def access_key(self) -> Key | None:
        """The access key of a pair for IAM, None for none."""

    @property
    def bearer_token(self) -> Key | None:
        """A key of Qianfan V2, None for none."""

    @property
    def own_key(self) -> Key | None:
        """Whichever of the three keys is set, None for that of the environment."""

    @property
    def app_id(self) -> str:
        """The application that calls of Qianfan V2 are billed to, "" for the environment's."""

    @property
    def headers(self) -> ExtraHeaders:
        """Headers for every request."""

    @property
    def base_url(self) -> BaseUrl:
        """The address, "" for that of the environment or the service's own."""


def choose_service(settings: EndpointSettings) -> Service:
    """Return the service: the one that was set, else the first whose variables are set, else the
    emulator.
    """
    if settings.service:
        return SERVICES[settings.service]
    return _service_of_session(settings) or _service_of_variables()


def _service_of_session(settings: EndpointSettings) -> Service | None:
    if settings.access_key or settings.bearer_token or settings.app_id:
        return QIANFAN  # only Qianfan has these
    if settings.base_url:
        return _service_of_address(settings.base_url)
    if settings.api_key:
        return AI_STUDIO
    return None


def _service_of_address(base_url: BaseUrl) -> Service:
    """Return the service that an address belongs to: what is none of Baidu's is any server of
    OpenAI's form.
    """
    host = urlsplit(base_url).hostname
    for service in SERVICES.values():
        if service.base_url and urlsplit(service.base_url).hostname == host:
            return service
    return LOCAL


def _service_of_variables() -> Service:
    # A service with a key precedes one with only an address.
    for service in (AI_STUDIO, QIANFAN, QIANFAN_V1):
        if any(read_variable(name)[0] for name in service.key_variables) or pair_variables_set(
            service
        ):
            return service
    for service in (AI_STUDIO, QIANFAN, QIANFAN_V1):
        if read_variable(service.base_url_variable)[0]:
            return service
    # A key alone is for openai.com, which we do not call: an address says which server is meant.
    if read_variable(LOCAL.base_url_variable)[0]:
        return LOCAL
    return EMULATOR


def find_key(service: Service) -> tuple[str, str, str]:
    """Return a service's key from the variables: its value, where it was found, and the variable
    (both of a pair); "" where there is none.
    """
    for name in service.key_variables:
        value, where = read_variable(name)
        if value:
            return value, where, name
    if names := pair_variables_set(service):
        return (*read_variable(names[0]), " + ".join(names))
    return "", "", next(iter(service.key_variables), "")


def build_endpoint(settings: EndpointSettings) -> Endpoint:
    """Return where to send: the service, its address and its credential.

    The emulator's address is filled in once it has started.

    Raises
    ------
    MissingKey
        The service's own address is used and no key is set; or an address is required and there is
        none.
    InvalidOption
        The address is not valid, or the key is of another kind.
    """
    service = choose_service(settings)
    remember_keys()
    if service.is_simulated:
        key = Bearer(Key("emulator", secret=False))
        return Endpoint(service, "", key, extra_headers=settings.headers)
    resolved_url = resolve_base_url(settings, service)
    base_url = resolved_url.url
    credential, withheld = _find_credential(settings, service, resolved_url)
    if resolved_url.login and credential:
        raise _two_credentials_error()
    credential = credential or resolved_url.login
    withheld = withheld and not resolved_url.login
    if credential is None and resolved_url.source != SESSION:
        check_incomplete_pair(service)
    if credential is None and split_query(base_url)[0] == service.base_url:
        raise _missing_key_error(service)
    headers = _application_header(settings, service)
    check_headers(settings.headers, headers, credential, resolved_url)
    console = _console_url(settings, service, base_url)
    return Endpoint(
        service,
        BaseUrl(base_url),
        credential,
        headers,
        settings.headers,
        BaseUrl(console),
        withheld,
        query=dict(resolved_url.query_keys),
    )


def find_announced_end(settings: EndpointSettings) -> Text | None:
    """Return what was announced about the end of the chosen service, if its own address is used."""
    service = choose_service(settings)
    if service.announced_end is None:
        return None
    return announced_end(service, resolve_base_url(settings, service).url)


def announced_end(service: Service, base_url: str) -> Text | None:
    """Return what was announced about the end of a service at its own address; None for another
    address.
    """
    if split_query(base_url)[0] == service.base_url:
        return service.announced_end
    return None


def _two_credentials_error() -> InvalidOption:
    return InvalidOption(
        Text(
            "服务地址里有密码，又另外设置了密钥",
            "the base URL contains a password, and a key is set as well",
        ),
        Text("一次请求只能带一个", "a request can carry only one of them"),
        Text(
            "去掉地址里的密码，或取消密钥：%ernie config api_key default",
            "take the password out of the address, or unset the key: %ernie config api_key default",
        ),
    )


def _application_header(settings: EndpointSettings, service: Service) -> dict[str, str]:
    """Return the header that names the application which Qianfan V2 bills."""
    app_id = settings.app_id or read_variable(APP_ID_VARIABLE)[0]
    if service is not QIANFAN or not app_id:
        return {}
    if not _is_header_word(app_id):
        raise InvalidOption(
            Text("app_id 含有不合法的字符", "the app_id contains invalid characters"),
            advice=Text("重新复制，形如 app-xxxx", "copy it again; it looks like app-xxxx"),
        )
    return {"appid": app_id}


def _is_header_word(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def check_headers(
    extra: ExtraHeaders,
    headers: Mapping[str, str],
    credential: Credential | None,
    resolved_url: ResolvedUrl,
) -> None:
    """Check that a person's headers may go to an address, and replace nothing that is sent."""
    if extra and SESSION not in TRUSTED[resolved_url.source]:
        raise InvalidOption(
            Text("请求头没有发送", "the headers were not sent"),
            Text(
                "请求头在会话里设置，地址却来自 .env",
                "they are set in the session, and the address is from a .env file",
            ),
            Text(
                "用 %ernie config base_url 设置地址，或取消：%ernie config headers default",
                "set the address by %ernie config base_url, or unset them: %ernie config headers "
                "default",
            ),
        )
    for name in extra:
        is_signed = isinstance(credential, Signature) and name.lower().startswith("x-bce-")
        if name.lower() in headers or is_signed:
            raise InvalidOption(
                Text("请求头 {name} 已由服务占用", "the header {name} is the service's").fill(
                    name=name
                ),
                advice=Text(
                    "去掉它；应用的 ID 用 app_id", "leave it out; an application's id is app_id"
                ),
            )


def _console_url(settings: EndpointSettings, service: Service, base_url: str) -> str:
    """Return the address of the list of models that a key of Qianfan's sees."""
    if service is not QIANFAN_V1:
        return ""
    own = ""  # a user of another server is not told about Baidu's models
    if split_query(base_url)[0] == service.base_url:
        own = CONSOLE_URL
    sources = _key_sources(settings, service)
    address, query = split_query(_additional_url(CONSOLE_URL_VARIABLE, own, sources))
    return clean_base_url(f"{address.removesuffix(QIANFAN.path)}?{query}")


def _missing_key_error(service: Service) -> MissingKey:
    names = [*service.key_variables[:1], *(" + ".join(pair) for pair in service.pair_variables)]
    return MissingKey(
        Text("{service} 需要密钥，但没有设置", "{service} requires a key and none is set").fill(
            service=service.label
        ),
        advice=Text(
            "到 {page} 复制密钥，写进环境变量或 .env 的 {names}；想先试用：%ernie use emulator",
            "copy a key from {page} into {names}, in the environment or a .env file; to try "
            "without one: %ernie use emulator",
        ).fill(page=service.key_page, names=Text(" 或 ".join(names), " or ".join(names))),
    )


class ResolvedUrl(NamedTuple):
    """A service's address, where it comes from, and the login and keys that came with it."""

    url: str
    source: str
    login: Login | None = None
    query_keys: tuple[tuple[str, Key], ...] = ()


def remember_keys() -> None:
    """Register every key that is set, whichever service it is for: none of them is shown or sent in
    a prompt.
    """
    for source in readable_sources():
        for name in _SECRETS:
            Key(source.get(name) or "")


def _key_sources(settings: EndpointSettings, service: Service) -> tuple[str, ...]:
    """Return where the key of a service comes from; for a pair, both places."""
    if settings.own_key:
        return (SESSION,)
    single = next(
        (where for name in service.key_variables if (where := read_variable(name)[1])), ""
    )
    if single:
        return (single,)
    return tuple(read_variable(name)[1] for name in pair_variables_set(service) or ())


def _additional_url(name: str, own: str, sources: tuple[str, ...]) -> str:
    """Return another address that keys from these sources are sent to; the service's own where the
    variable's is not for them.
    """
    written_url, where = read_variable(name)
    if not written_url or not all(source in TRUSTED[where] for source in sources):
        return own
    address = BaseUrl(clean_base_url(written_url))
    check_base_url(address)
    if address.login or address.query_keys:
        raise InvalidOption(
            Text("{name} 里不能有密码", "{name} cannot contain a password").fill(name=name),
            advice=Text(
                "去掉地址里的用户名和密码", "take the name and the password out of the address"
            ),
        )
    return str(address)


def _find_credential(
    settings: EndpointSettings,
    service: Service,
    resolved_url: ResolvedUrl,
) -> tuple[Credential | None, bool]:
    """Return the settings' own key, else a variable's; and whether there is one that this address
    may not have.
    """
    check_own_keys(settings, service)
    trusted = TRUSTED[resolved_url.source]
    base_url = resolved_url.url
    key = settings.own_key or Key("")
    if key and SESSION not in trusted:
        return None, True
    if key and settings.secret_key:
        pair = Pair(key, settings.secret_key)
        names = IAM_PAIR
        if not settings.access_key:
            names = _names_of_pair(service, key)
        return _pair_credential(pair, names, (SESSION,), service, base_url), False
    if not key:
        key = _find_single_key(service, trusted)
    if not key and (found := pair_variables_set(service, trusted)):
        pair = Pair(*(Key(read_variable(name)[0]) for name in found))
        sources = tuple(read_variable(name)[1] for name in found)
        return _pair_credential(pair, found, sources, service, base_url), False
    if not key:
        return None, bool(find_key(service)[1])
    check_key(key, service.name, service, base_url)
    if service.protocol == "openai":
        return Bearer(key), False
    return AccessToken(key), False


def check_own_keys(settings: EndpointSettings, service: Service) -> None:
    """Check that the keys given in the session are one credential, and one of this service.

    Raises
    ------
    MissingKey
        One half of a pair is missing.
    InvalidOption
        There are two, or the service has none of this kind.
    """
    given = [name for name in ("api_key", "bearer_token", "access_key") if getattr(settings, name)]
    if len(given) > 1:
        raise InvalidOption(
            Text("{names} 都设置了", "{names} are all set").fill(names=", ".join(given)),
            Text("一次请求只能带一个", "a request can carry only one of them"),
            Text(
                "取消一个：%ernie config {name} default", "unset one: %ernie config {name} default"
            ).fill(name=given[0]),
        )
    if settings.access_key and not settings.secret_key:
        raise _incomplete_pair_error("access_key", "secret_key")
    if settings.secret_key and not (settings.access_key or settings.api_key):
        raise _incomplete_pair_error("secret_key", "access_key")
    by_service = {"access_key": (QIANFAN, QIANFAN_V1), "bearer_token": (QIANFAN,)}
    for name in given:
        if service not in by_service.get(name, (service,)):
            raise InvalidOption(
                Text("{service} 没有 {name}", "{service} has no {name}").fill(
                    service=service.label, name=name
                ),
                advice=Text(
                    "它用于千帆：%ernie use qianfan；其他服务用 api_key",
                    "it is for Qianfan: %ernie use qianfan; elsewhere use api_key",
                ),
            )


def _incomplete_pair_error(given: str, missing: str) -> MissingKey:
    return MissingKey(
        Text("设置了 {there}，但缺少 {missing}", "{there} is set, but {missing} is not").fill(
            there=given, missing=missing
        ),
        advice=Text("两个要成对设置", "both must be set"),
    )


def _find_single_key(service: Service, trusted: tuple[str, ...]) -> Key:
    """Return the first key that these sources have, an empty one when there is none."""
    for name in service.key_variables:
        value, where = read_variable(name)
        if value and where in trusted:
            return Key(value)
    return Key("")


def _names_of_pair(service: Service, access_key: Key) -> tuple[str, str]:
    """Return the variables that a pair belongs in which was given without them.

    Of V1's two kinds of pairs only the IAM access key can be recognised; otherwise an application's
    key is assumed.
    """
    from ernie_magic.config.key_kinds import misplaced_key

    if service.protocol == "openai":
        return IAM_PAIR
    is_application_key = misplaced_key(OAUTH_PAIR[0], access_key) is None
    if is_application_key or misplaced_key(IAM_PAIR[0], access_key) is not None:
        return OAUTH_PAIR
    return IAM_PAIR


def _pair_credential(
    pair: Pair,
    names: tuple[str, str],
    sources: tuple[str, ...],
    service: Service,
    base_url: str,
) -> Credential:
    check_key(pair.access, names[0], service, base_url)
    check_characters(pair.secret, service)
    if service.protocol == "openai":
        return BearerFromPair(pair, _additional_url(IAM_URL_VARIABLE, IAM_URL, sources))
    if names == IAM_PAIR:
        return Signature(pair)
    return TokenFromPair(pair, split_query(base_url)[0].removesuffix(service.path))


def pair_variables_set(
    service: Service,
    trusted: tuple[str, ...] = (ENVIRONMENT, DOTENV),
) -> tuple[str, str] | None:
    """Return the first pair of variables of a service of which both are set, None where there is
    none.
    """
    return next(
        (
            names
            for names in service.pair_variables
            if all(read_variable(name)[1] in trusted for name in names)
        ),
        None,
    )


def check_incomplete_pair(service: Service) -> None:
    """Reject one variable of a pair without the other: a slip, not a choice."""
    if halves := find_half_pair(service):
        raise _incomplete_pair_error(*halves)


def find_half_pair(service: Service) -> tuple[str, str] | None:
    """Return the variable of a pair that is set, and the one that is not; None where there is no
    such pair.
    """
    for names in service.pair_variables:
        there = [name for name in names if read_variable(name)[0]]
        if len(there) == 1:
            missing = next(name for name in names if name not in there)
            return there[0], missing
    return None


def resolve_base_url(settings: EndpointSettings, service: Service) -> ResolvedUrl:
    """Return the service's address."""
    address = settings.base_url
    source = SESSION
    if not address:
        written_url, where = read_variable(service.base_url_variable)
        address = BaseUrl(service.base_url)
        source = OWN
        if written_url:
            address = BaseUrl(written_url)
            source = where
    url = clean_base_url(address)
    if source in (ENVIRONMENT, DOTENV):
        address_part, query = split_query(url)
        url = clean_base_url(f"{address_part.removesuffix(service.path)}{service.path}?{query}")
    if not url:
        raise MissingKey(
            Text("{service}没有设置地址", "no address is set for {service}").fill(
                service=service.label
            ),
            advice=Text(
                "设置 {name}，或 %ernie config base_url http://127.0.0.1:8000/v1",
                "set {name}, or %ernie config base_url http://127.0.0.1:8000/v1",
            ).fill(name=service.base_url_variable),
        )
    check_base_url(url)
    if split_query(url)[0] == service.base_url:
        source = OWN
    return ResolvedUrl(url, source, address.login, address.query_keys)


def check_key(key: Key, key_target: str, service: Service, base_url: str) -> None:
    """Check the form of a key.

    Parameters
    ----------
    key_target
        The variable or the service that it is for.
    service, base_url
        Where it goes: another server may have keys of any form.

    Raises
    ------
    InvalidOption
        It is of another kind, or no key at all.
    """
    from ernie_magic.config.key_kinds import misplaced_key

    check_characters(key, service)
    # Another server behind the same variables may have keys of any form.
    if split_query(base_url)[0] == service.base_url and (
        mismatch := misplaced_key(key_target, key)
    ):
        kind, advice = mismatch
        wanted: Text | str = key_target
        if key_target == service.name:
            wanted = service.label
        raise InvalidOption(
            Text("这是{kind}，{place} 不认", "this is {kind}, which {place} does not accept").fill(
                kind=kind, place=wanted
            ),
            advice=advice,
        )


def check_characters(key: Key, service: Service) -> None:
    """Check that a key has no characters that are none of a key's. A server that asks for none is
    given any placeholder.

    Raises
    ------
    InvalidOption
    """
    text = key.reveal()
    if not _is_header_word(text):
        raise InvalidOption(
            Text("密钥含有不合法的字符", "the key has characters that no key contains"),
            Text("复制时带上了别的文字或换行", "other text or a line end was copied with it"),
            Text("重新复制密钥", "copy the key again"),
        )
    if service is LOCAL and is_placeholder(text):
        return
    if found := REFERENCE.search(text):
        raise InvalidOption(
            Text(
                "密钥里的 ${{{name}}} 没有换成值",
                "${{{name}}} in the key was not replaced by a value",
            ).fill(name=found[1]),
            Text(
                "只有同一个 .env 里定义的变量才会替换",
                "only variables that the same .env defines are",
            ),
            Text("直接写密钥", "write the key itself"),
        )
    if _has_marks_beside(text, service):
        raise InvalidOption(
            Text("密钥的开头或结尾有标点符号", "the key begins or ends with a punctuation mark"),
            Text(
                "把引号、逗号、分号或括号也当作了密钥",
                "a quote, a comma, a semicolon or a bracket was taken for a part of it",
            ),
            Text("只留密钥本身", "leave only the key itself"),
        )


def _has_marks_beside(text: str, service: Service) -> bool:
    """Whether a text begins or ends with what no key does; another server may have keys of nearly
    any form.
    """
    if service is not LOCAL:
        return _KEY_ENDS.fullmatch(text) is None
    is_in_brackets = text[:1] + text[-1:] in _BRACKETS
    return is_in_brackets or text.startswith(_BEFORE_KEY) or text.endswith(_AFTER_KEY)
