"""The services as data: their addresses, keys and names; and what the form of a key reveals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ernie_magic.api.models import is_simulated
from ernie_magic.api.parameter import Rules
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.api.parameter import Protocol


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
    requests_usage : bool
        A stream reports usage only when `stream_options` asks for it.
    protocol : {"openai", "qianfan-v1"}
    format_as_word : bool
        See `Rules`.
    has_deployments : bool
        It serves models that a person deployed, by the name of the service (`endpoint`).
    link_lifetime : float | None
        Seconds for which a picture's link is valid, as documented.
    prices_in_yuan : bool
        Its list of models gives prices in CNY per 1,000 tokens
        (https://cloud.baidu.com/doc/qianfan-api/s/Amwbl43sp).
    announced_end : Text | None
        What its maker announced about its end, and what to use.
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
    requests_usage: bool = False
    protocol: Protocol = "openai"
    format_as_word: bool = False
    has_deployments: bool = True
    link_lifetime: float | None = None
    prices_in_yuan: bool = False
    announced_end: Text | None = None

    @property
    def is_simulated(self) -> bool:
        """Whether it is the emulator: no model answers, and its address is a new one each time."""
        return is_simulated(self.name)

    @property
    def rules(self) -> Rules:
        """The rules that requests to it are checked against."""
        return Rules(self.strict, self.protocol, self.format_as_word)


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
    format_as_word=True,
    has_deployments=False,
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
    requests_usage=True,
    prices_in_yuan=True,
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
    announced_end=Text(
        "百度宣布千帆 V1 的接口自 2026-08-31 起停用：改用千帆 V2（%ernie use qianfan，"
        "密钥 QIANFAN_API_KEY）",
        "Baidu announced that Qianfan V1's calls are off since 2026-08-31: use Qianfan V2 "
        "(%ernie use qianfan, with a key in QIANFAN_API_KEY)",
    ),
)
LOCAL = Service(
    "local",
    Text("OpenAI 兼容服务", "OpenAI-compatible server"),
    "",
    ("OPENAI_API_KEY",),
    base_url_variable="OPENAI_BASE_URL",
    strict=False,
    requests_usage=True,
)
EMULATOR = Service(
    "emulator",
    Text("内置模拟器", "built-in emulator"),
    format_as_word=True,
)

SERVICES: dict[str, Service] = {
    service.name: service for service in (AI_STUDIO, QIANFAN, QIANFAN_V1, LOCAL, EMULATOR)
}
# Other names that people use, by what they stand for.
ALIASES = {
    "openai": LOCAL.name,
    **dict.fromkeys(("星河", "飞桨", "飞桨星河"), AI_STUDIO.name),
    **dict.fromkeys(("千帆", "百度千帆"), QIANFAN.name),
    **dict.fromkeys(("模拟器", "内置模拟器"), EMULATOR.name),
    **dict.fromkeys(("本地", "兼容服务"), LOCAL.name),
}
IAM_URL = "https://iam.bj.baidubce.com"
IAM_URL_VARIABLE = "QIANFAN_IAM_BASE_URL"
CONSOLE_URL = "https://qianfan.baidubce.com"
CONSOLE_URL_VARIABLE = "QIANFAN_CONSOLE_API_BASE_URL"
APP_ID_VARIABLE = "QIANFAN_APP_ID"
