"""Kinds of keys that are mixed up are told by their look."""

from dataclasses import replace

import pytest

from ernie_magic import errors
from ernie_magic.config.key_kinds import likely_cause
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.errors import InvalidOption
from ernie_magic.session import Session
from tests.config.test_settings import endpoint


@pytest.fixture
def session():
    with Session(
        ErnieSettings(service="qianfan-v1", model="ernie-speed-8k", backoff_factor=0.0)
    ) as session:
        yield session


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (
            {"QIANFAN_AK": "ALTAKabcdefghijklmnopqr", "QIANFAN_SK": "s"},
            "an IAM access key (it goes with a secret key), which QIANFAN_AK does not accept",
        ),
        ({"QIANFAN_AK": "bce-v3/ALTAK-x/0123456789", "QIANFAN_SK": "s"}, "a Qianfan V2 API key"),
        (
            {"QIANFAN_ACCESS_KEY": "PfHVN4v3GjjE3vV24FzZdGhB", "QIANFAN_SECRET_KEY": "s"},
            "the API Key of a Qianfan application",
        ),
        ({"QIANFAN_ACCESS_TOKEN": "sk-0123456789abcdef"}, "an OpenAI-style key"),
    ],
)
def test_kinds_of_keys_that_are_mixed_up_are_told_by_their_look(
    session, monkeypatch, variables, told
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(errors.InvalidOption) as caught:
        session.chat("hi")
    assert told in caught.value.line("en")
    assert "What to do:" in caught.value.line("en")


@pytest.mark.parametrize(
    ("service", "key", "told"),
    [
        (
            "aistudio",
            "bce-v3/ALTAK-abc/0123456789abcdef",
            (
                "a Qianfan V2 API key, which AI Studio does not accept. What to do: use %ernie use "
                "qianfan"
            ),
        ),
        (
            "aistudio",
            "24.0123456789abcdef0123456789abcdef.2592000.1700000000.282335-1",
            "a Qianfan V1 access_token",
        ),
        (
            "qianfan",
            "24.0123456789abcdef0123456789abcdef.2592000.1700000000.282335-1",
            "a Qianfan V1 access_token",
        ),
        ("qianfan", "ALTAKabcdefghijklmnop", "an IAM access key (it goes with a secret key)"),
        ("qianfan", "sk-0123456789", "switch with %ernie use local"),
    ],
)
def test_a_key_of_another_kind_is_told_apart_by_its_look(service, key, told):
    with pytest.raises(InvalidOption) as caught:
        endpoint(ErnieSettings(service=service, api_key=key))
    assert told in caught.value.line("en")
    assert key[:8] not in caught.value.line("en")


def test_azure_s_older_addresses_are_told_to_take_the_key_in_a_header():
    older = endpoint(
        ErnieSettings(
            service="local",
            base_url="https://x.openai.azure.com/openai/deployments/gpt?api-version=2024-06-01",
            api_key="0123456789abcdef0123456789abcdef",
        )
    )
    cause, advice = likely_cause(older)
    assert cause.en.endswith("takes the key in the header api-key")
    assert "https://….azure.com/openai/v1" in advice.en
    newer = replace(older, base_url="https://x.openai.azure.com/openai/v1")
    assert likely_cause(newer) is None
