"""The services as data: where they are, how they are keyed, what they are called."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from ernie_magic.api.parameters import Rules
from ernie_magic.config.keys import Key, Pair
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.api.parameters import Protocol


@dataclass(frozen=True)
class Service:
    """One kind of server.

    Attributes
    ----------
    name : str
        What `%ernie use NAME` takes.
    label : Text
        What people call it.
    base_url : str
        Its address, "" when it has none of its own.
    key_variables : tuple of str
        Environment variables with a key (also read from `.env`), the first one found is taken.
    pair_variables : tuple of pairs of str
        Those with an identifying key and a secret key; the first complete pair is taken.
    base_url_variable, path : str
        The variable with an address, and what is appended to it.
    key_page : str
        Where a person gets a key.
    strict : bool
        The table's ranges are this service's: they are checked before sending.
    asks_usage : bool
        Usage comes in a stream only when `stream_options` asks for it.
    protocol : {"openai", "qianfan-v1"}
    link_lifetime : float | None
        Seconds that a picture's link lasts, as the documents say.
    """

    name: str
    label: Text
    base_url: str = ""
    key_variables: tuple[str, ...] = ()
    pair_variables: tuple[tuple[str, str], ...] = ()
    base_url_variable: str = ""
    path: str = ""
    key_page: str = ""
    strict: bool = True
    asks_usage: bool = False
    protocol: Protocol = "openai"
    link_lifetime: float | None = None

    @property
    def rules(self) -> Rules:
        """What requests to it are checked by."""
        return Rules(self.strict, self.protocol)


DAY = 86_400.0  # seconds

# The official SDK's names (reference qianfan-wire 0 and 8), and the one that most tools use for the
# permanent key.
IAM_PAIR = ("QIANFAN_ACCESS_KEY", "QIANFAN_SECRET_KEY")
OAUTH_PAIR = ("QIANFAN_AK", "QIANFAN_SK")
V1_PREFIX = "/rpc/2.0/ai_custom/v1/wenxinworkshop"

AI_STUDIO = Service(
    "aistudio",
    Text("AI Studio 星河", "AI Studio"),
    "https://aistudio.baidu.com/llm/lmapi/v3",
    ("AI_STUDIO_API_KEY",),
    base_url_variable="AI_STUDIO_BASE_URL",
    key_page="https://aistudio.baidu.com/account/accessToken",
    link_lifetime=7 * DAY,  # seed 000
)
QIANFAN = Service(
    "qianfan",
    Text("百度千帆 V2", "Baidu Qianfan V2"),
    "https://qianfan.baidubce.com/v2",
    ("QIANFAN_API_KEY", "QIANFAN_BEARER_TOKEN"),
    (IAM_PAIR,),
    "QIANFAN_CONSOLE_API_BASE_URL",
    "/v2",
    "https://console.bce.baidu.com/iam/#/iam/apikey/list",
    asks_usage=True,
    link_lifetime=DAY,  # reference aistudio-and-ernie-today 2.5
)
QIANFAN_V1 = Service(
    "qianfan-v1",
    Text("百度千帆 V1", "Baidu Qianfan V1"),
    f"https://aip.baidubce.com{V1_PREFIX}",
    ("QIANFAN_ACCESS_TOKEN",),
    (OAUTH_PAIR, IAM_PAIR),
    "QIANFAN_BASE_URL",
    V1_PREFIX,
    "https://console.bce.baidu.com/qianfan/ais/console/applicationConsole/application",
    protocol="qianfan-v1",
)
LOCAL = Service(
    "local",
    Text("OpenAI 兼容服务", "OpenAI-compatible server"),
    "",
    ("OPENAI_API_KEY",),
    base_url_variable="OPENAI_BASE_URL",
    strict=False,
    asks_usage=True,
)
EMULATOR = Service("emulator", Text("内置模拟器", "built-in emulator"))

SERVICES: dict[str, Service] = {
    service.name: service for service in (AI_STUDIO, QIANFAN, QIANFAN_V1, LOCAL, EMULATOR)
}
IAM_URL, IAM_URL_VARIABLE = "https://iam.bj.baidubce.com", "QIANFAN_IAM_BASE_URL"
CONSOLE_URL, CONSOLE_URL_VARIABLE = "https://qianfan.baidubce.com", "QIANFAN_CONSOLE_API_BASE_URL"
APP_ID_VARIABLE = "QIANFAN_APP_ID"


@dataclass(frozen=True)
class Bearer:
    """A key sent as `Authorization: Bearer` (seeds 000 and 002)."""

    key: Key


@dataclass(frozen=True)
class BearerFromPair:
    """Access key and secret key, exchanged at IAM for a temporary bearer token (reference
    qianfan-wire 4.1).
    """

    pair: Pair
    iam_url: str = IAM_URL


@dataclass(frozen=True)
class AccessToken:
    """A token sent as `access_token` in the query (seed 003)."""

    token: Key


@dataclass(frozen=True)
class TokenFromPair:
    """An application's API Key and Secret Key, exchanged by OAuth for an `access_token` (seed
    003).
    """

    pair: Pair
    url: str


@dataclass(frozen=True)
class Signature:
    """Access key and secret key that sign each call (seed 003; reference qianfan-wire 1.2)."""

    pair: Pair


@dataclass(frozen=True)
class Login:
    """The name and the password of a base URL, sent as `Authorization: Basic` (RFC 7617)."""

    pair: Pair


Credential = Bearer | BearerFromPair | AccessToken | TokenFromPair | Signature | Login


@dataclass(frozen=True)
class Endpoint:
    """A service as this session reaches it.

    Attributes
    ----------
    service : Service
    base_url : str
    credential : Credential | None
        None where the server wants none.
    headers : dict
        Sent along (`appid`).
    console_url : str
        Where Qianfan V1 lists its services; "" where that is not known.
    withheld : bool
        There is a key, but not from where the address is: it is not sent.
    """

    service: Service
    base_url: str
    credential: Credential | None = None
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    console_url: str = CONSOLE_URL
    withheld: bool = False

    @property
    def rules(self) -> Rules:
        """Whose rules a request is checked by."""
        return self.service.rules

    @property
    def account(self) -> tuple[str, Credential | None]:
        """What limits and lists of models belong to."""
        return self.base_url, self.credential


def shown_url(url: str) -> str:
    """A URL as it may be shown: a password in it is a key, and so may be what stands in its
    query.
    """
    shown = re.sub(
        r"//[^/@]*:.*@", "//•••@", url, flags=re.DOTALL
    )  # also one whose password holds a slash
    return re.sub(r"[?#].+", "?•••", re.sub(r"//[^/@]*@", "//•••@", shown), flags=re.DOTALL)


class Address(str):
    """A base URL without the name and the password that it came with: those are a credential.

    Parameters
    ----------
    url
        As a person writes it.

    Attributes
    ----------
    login : Login | None

    Raises
    ------
    InvalidOption
        A password holds characters that end it.
    """

    __slots__ = ("login",)
    login: Login | None

    def __new__(cls, url: str) -> Address:  # noqa: D102, PYI034  (Self is in typing from Python 3.11)
        login = None
        try:
            parts = urlsplit(url.strip())
            user, at, host = parts.netloc.rpartition("@")
        except ValueError:  # no address at all: told where it is used
            at, parts = "", urlsplit("")
        if at:
            name, _, password = user.partition(":")
            Key(password)  # as it stands there it is a key too
            login = Login(Pair(Key(unquote(name), secret=False), Key(unquote(password))))
            url = urlunsplit(parts._replace(netloc=host))
        elif re.search(r"//[^/@]*:[^@]*@", url):
            raise InvalidOption(
                Text(
                    "服务地址里的密码含有 / ? # 等字符",
                    "the password in the base URL holds a /, a ? or a #",
                ),
                advice=Text("写成 %2F %3F %23", "write them as %2F, %3F and %23"),
            )
        self = super().__new__(cls, url)
        self.login = login
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


def clean_base_url(url: str) -> str:
    """A base URL without what people paste along: white space, a slash at the end,
    `/chat/completions`.
    """
    return url.strip().rstrip("/").removesuffix("/chat/completions").rstrip("/")
