"""The services as data: where they are, how they are keyed, what they are called; and what a key's look tells."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ernie_magic.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.keys import Key, Pair


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
    pair_variables : tuple of str
        Those with an access key and a secret key, which are exchanged for a temporary key.
    base_url_variable, path : str
        The variable with an address, and what is appended to it.
    key_page : str
        Where a person gets a key.
    strict : bool
        The table's ranges are this service's: they are checked before sending.
    asks_usage : bool
        Usage comes in a stream only when `stream_options` asks for it.
    """

    name: str
    label: Text
    base_url: str = ""
    key_variables: tuple[str, ...] = ()
    pair_variables: tuple[str, ...] = ()
    base_url_variable: str = ""
    path: str = ""
    key_page: str = ""
    strict: bool = True
    asks_usage: bool = False


AI_STUDIO = Service(
    "aistudio", Text("AI Studio 星河", "AI Studio"), "https://aistudio.baidu.com/llm/lmapi/v3", ("AI_STUDIO_API_KEY",),
    base_url_variable="AI_STUDIO_BASE_URL", key_page="https://aistudio.baidu.com/account/accessToken",
)
# The official SDK's names (reference qianfan-wire 0 and 8), and the one that most tools use for the permanent key.
QIANFAN = Service(
    "qianfan", Text("百度千帆 V2", "Baidu Qianfan V2"), "https://qianfan.baidubce.com/v2", ("QIANFAN_API_KEY", "QIANFAN_BEARER_TOKEN"),
    ("QIANFAN_ACCESS_KEY", "QIANFAN_SECRET_KEY"), "QIANFAN_CONSOLE_API_BASE_URL", "/v2",
    "https://console.bce.baidu.com/iam/#/iam/apikey/list", asks_usage=True,
)
LOCAL = Service(
    "local", Text("OpenAI 兼容服务", "OpenAI-compatible server"), "", ("OPENAI_API_KEY",), base_url_variable="OPENAI_BASE_URL",
    strict=False, asks_usage=True,
)
EMULATOR = Service("emulator", Text("内置模拟器", "built-in emulator"))

SERVICES: dict[str, Service] = {service.name: service for service in (AI_STUDIO, QIANFAN, LOCAL, EMULATOR)}
IAM_URL, IAM_URL_VARIABLE = "https://iam.bj.baidubce.com", "QIANFAN_IAM_BASE_URL"
APP_ID_VARIABLE = "QIANFAN_APP_ID"


@dataclass(frozen=True)
class Endpoint:
    """A service as this session reaches it.

    Attributes
    ----------
    service : Service
    base_url : str
    key : Key | None
        Sent as the bearer key.
    pair : Pair | None
        Exchanged at `iam_url` for a temporary key when there is no `key`.
    headers : dict
        Sent along (`appid`).
    """

    service: Service
    base_url: str
    key: Key | None = None
    pair: Pair | None = None
    iam_url: str = IAM_URL
    headers: Mapping[str, str] = field(default_factory=dict)


def clean_base_url(url: str) -> str:
    """A base URL without what people paste along: white space, a slash at the end, `/chat/completions`."""
    return url.strip().rstrip("/").removesuffix("/chat/completions").rstrip("/")


# What each kind of key looks like (reference qianfan-wire 1.1 and 4.1; its section 9: the kinds are what people mix up).
_KINDS: tuple[tuple[re.Pattern[str], Text, tuple[str, ...]], ...] = (
    (re.compile(r"bce-v3/"), Text("千帆 V2 的 API Key", "a Qianfan V2 API key"), ("qianfan",)),
    (re.compile(r"2[45]\.[0-9a-f]{32}\.\d+\.\d+"), Text("千帆 V1 的 access_token", "a Qianfan V1 access_token"), ()),
    (re.compile(r"ALTAK[A-Za-z0-9]"), Text("IAM 的 Access Key（要和 Secret Key 成对使用）", "an IAM access key (it goes with a secret key)"), ()),
    (re.compile(r"sk-"), Text("OpenAI 式的密钥", "an OpenAI-style key"), ("local",)),
)


def mixed_up(service: Service, key: Key) -> tuple[Text, tuple[str, ...]] | None:
    """What kind of key this looks like, and which services take that, when it is of another service; else None."""
    for look, kind, takers in _KINDS:
        if look.match(key.reveal()):
            return None if service.name in takers or service.name == "local" else (kind, takers)
    return None
