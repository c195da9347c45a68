"""What the form of a key reveals: its kind, and why a service rejects it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ernie_magic.config.credentials import AccessToken, Bearer, Login, TokenFromPair
from ernie_magic.config.services import IAM_PAIR, OAUTH_PAIR
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.config.keys import Key


@dataclass(frozen=True)
class _KeyPattern:
    """What a kind of key looks like, what it is called, which places accept it, and where it
    belongs.
    """

    pattern: re.Pattern[str]
    name: Text
    accepted_by: tuple[str, ...]
    advice: Text


# Kinds of keys that people mix up. A place is a service, for a key by itself, or the first variable
# of a pair.
_KEY_PATTERNS = (
    _KeyPattern(
        re.compile(r"bce-v3/"),
        Text("千帆 V2 的 API Key", "a Qianfan V2 API key"),
        ("qianfan", "local"),
        Text(
            "改用 %ernie use qianfan，写进 QIANFAN_API_KEY",
            "use %ernie use qianfan, and put it into QIANFAN_API_KEY",
        ),
    ),
    _KeyPattern(
        re.compile(r"2[45]\.[0-9a-f]{32}\.\d+\.\d+"),
        Text("千帆 V1 的 access_token", "a Qianfan V1 access_token"),
        ("qianfan-v1", "local"),
        Text(
            "改用 %ernie use qianfan-v1，写进 QIANFAN_ACCESS_TOKEN",
            "use %ernie use qianfan-v1, and put it into QIANFAN_ACCESS_TOKEN",
        ),
    ),
    _KeyPattern(
        re.compile(r"ALTAK[A-Za-z0-9]"),
        Text(
            "IAM 的 Access Key（要和 Secret Key 成对使用）",
            "an IAM access key (it goes with a secret key)",
        ),
        (IAM_PAIR[0], "local"),
        Text(
            "写进 QIANFAN_ACCESS_KEY 和 QIANFAN_SECRET_KEY",
            "put the two into QIANFAN_ACCESS_KEY and QIANFAN_SECRET_KEY",
        ),
    ),
    _KeyPattern(
        re.compile(r"sk-"),
        Text("OpenAI 式的密钥", "an OpenAI-style key"),
        ("local",),
        Text("改用 %ernie use local", "switch with %ernie use local"),
    ),
    _KeyPattern(
        re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9]{24}$"),
        Text(
            "千帆应用的 API Key（要和 Secret Key 成对使用）",
            "the API Key of a Qianfan application (it goes with a secret key)",
        ),
        (OAUTH_PAIR[0], "local"),
        Text("写进 QIANFAN_AK 和 QIANFAN_SK", "put the two into QIANFAN_AK and QIANFAN_SK"),
    ),
)

# Azure's addresses before its `/openai/v1`, which takes a key as others do
# (https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle).
_AZURE_DEPLOYMENT = re.compile(r"^https?://[^/]*\.azure\.com(?::\d+)?/openai/deployments/")
_AZURE_WANTS_HEADER = (
    Text(
        "Azure 的这种地址要求密钥放在请求头 api-key 里",
        "this kind of address of Azure's takes the key in the header api-key",
    ),
    Text(
        "base_url 改用 https://….azure.com/openai/v1，模型写部署名；"
        '或 ernie.settings.headers = {"api-key": os.environ["…"]}',
        "use the base_url https://….azure.com/openai/v1 and the deployment as the model; "
        'or ernie.settings.headers = {"api-key": os.environ["…"]}',
    ),
)


def likely_cause(endpoint: Endpoint) -> tuple[Text, Text] | None:
    """Return why a service refuses us, and what to do, where that can be told from here: no key, or
    one of another kind.
    """
    credential = endpoint.credential
    service = endpoint.service
    if endpoint.withheld:
        return (
            Text(
                "密钥和地址不是在同一处设置的，所以没有发送",
                "the key and the address come from different places, so the key was not sent",
            ),
            Text(
                "把两者设在同一处：.env、环境变量，或 %ernie config base_url 和 api_key",
                "set both in one place: in .env, in the environment, or by %ernie config "
                "base_url and api_key",
            ),
        )
    if isinstance(credential, Login):
        return (
            Text("服务地址里的用户名或密码不对", "the name or password in the base URL is wrong"),
            Text(
                "在设置地址的地方改正：%ernie config base_url 显示在哪里",
                "correct it where the address is set: %ernie config base_url shows where",
            ),
        )
    if credential is None:
        names = " / ".join(
            [*service.key_variables[:1], *(" + ".join(pair) for pair in service.pair_variables)]
        )
        return (
            Text("没有设置密钥", "no key is set"),
            Text(
                "设置 {names}，或 %ernie config api_key", "set {names}, or %ernie config api_key"
            ).fill(names=names),
        )
    key_target = service.name
    if isinstance(credential, Bearer):
        if _AZURE_DEPLOYMENT.search(endpoint.base_url):
            return _AZURE_WANTS_HEADER
        key = credential.key
    elif isinstance(credential, AccessToken):
        key = credential.token
    else:
        key = credential.pair.access
        key_target = IAM_PAIR[0]
        if isinstance(credential, TokenFromPair):
            key_target = OAUTH_PAIR[0]
    if mismatch := misplaced_key(key_target, key):
        return Text("这像是{kind}", "it looks like {kind}").fill(kind=mismatch[0]), mismatch[1]
    return None


def misplaced_key(key_target: str, key: Key) -> tuple[Text, Text] | None:
    """Return what kind of key this looks like and where it belongs, None if that is `key_target`.

    Parameters
    ----------
    key_target
        A service's name, or the variable of a pair's access key.
    """
    for key_pattern in _KEY_PATTERNS:
        if key_pattern.pattern.match(key.reveal()):
            if key_target in key_pattern.accepted_by:
                return None
            return key_pattern.name, key_pattern.advice
    return None
