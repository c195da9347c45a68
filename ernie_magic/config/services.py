"""The services as data: their addresses, keys and names; and what the form of a key reveals."""

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
        The name that people use.
    base_url : str
        Its address, "" when it has none of its own.
    key_variables : tuple of str
        Environment variables with a key (also read from `.env`); the first one found is used.
    pair_variables : tuple of pairs of str
        Those with an access key and a secret key; the first complete pair is used.
    base_url_variable, path : str
        The variable with an address, and the path appended to it.
    key_page : str
        Where a person gets a key.
    strict : bool
        The table's ranges are this service's: they are checked before sending.
    asks_usage : bool
        A stream reports usage only when `stream_options` asks for it.
    protocol : {"openai", "qianfan-v1"}
    link_lifetime : float | None
        Seconds for which a picture's link is valid, as documented.
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
        """The rules that requests to it are checked against."""
        return Rules(self.strict, self.protocol)


DAY = 86_400.0  # seconds

# The names of the official SDK (https://github.com/baidubce/bce-qianfan-sdk), and the one that most
# tools use for the permanent key.
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
    link_lifetime=7 * DAY,  # https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns
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
    link_lifetime=DAY,  # https://cloud.baidu.com/doc/qianfan-api/s/8m7u6un8a
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
    """A key sent as `Authorization: Bearer` (RFC 6750)."""

    key: Key


@dataclass(frozen=True)
class BearerFromPair:
    """An access key and a secret key, exchanged at IAM for a temporary bearer token
    (https://cloud.baidu.com/doc/IAM/s/Mm2x80phi).
    """

    pair: Pair
    iam_url: str = IAM_URL


@dataclass(frozen=True)
class AccessToken:
    """A token sent as `access_token` in the query
    (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf).
    """

    token: Key


@dataclass(frozen=True)
class TokenFromPair:
    """An application's API Key and Secret Key, exchanged by OAuth for an `access_token`
    (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf).
    """

    pair: Pair
    url: str


@dataclass(frozen=True)
class Signature:
    """An access key and a secret key that sign each call
    (https://cloud.baidu.com/doc/Reference/s/njwvz1yfu).
    """

    pair: Pair


@dataclass(frozen=True)
class Login:
    """The name and the password in a base URL, sent as `Authorization: Basic` (RFC 7617)."""

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
        None where the server requires none.
    headers : dict
        Sent with each call (`appid`).
    console_url : str
        Where Qianfan V1 lists its services; "" where that is unknown.
    withheld : bool
        There is a key, but from another place than the address: it is not sent.
    """

    service: Service
    base_url: str
    credential: Credential | None = None
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    console_url: str = CONSOLE_URL
    withheld: bool = False

    @property
    def rules(self) -> Rules:
        """The rules that a request is checked against."""
        return self.service.rules

    @property
    def account(self) -> tuple[str, Credential | None]:
        """What limits and lists of models belong to."""
        return self.base_url, self.credential


def shown_url(url: str) -> str:
    """Return a URL in a form safe to show: its password is a key, and so may be parts of its
    query.
    """
    # Also one whose password contains a slash.
    shown = re.sub(r"//[^/@]*:.*@", "//•••@", url, flags=re.DOTALL)
    return re.sub(r"[?#].+", "?•••", re.sub(r"//[^/@]*@", "//•••@", shown), flags=re.DOTALL)


class Address(str):
    """A base URL without its name and password, which are a credential.

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
        The password contains characters that end it.
    """

    __slots__ = ("login",)
    login: Login | None

    def __new__(cls, url: str) -> Address:  # noqa: D102, PYI034  (Self is in typing from Python 3.11)
        login = None
        try:
            parts = urlsplit(url.strip())
            user, at, host = parts.netloc.rpartition("@")
        except ValueError:  # not an address: reported where it is used
            at, parts = "", urlsplit("")
        if at:
            name, _, password = user.partition(":")
            Key(password)  # in its written form it is a key too
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
    """Return a base URL without what people paste with it: white space, a slash at the end,
    `/chat/completions`.
    """
    return url.strip().rstrip("/").removesuffix("/chat/completions").rstrip("/")
