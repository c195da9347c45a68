"""A key never shows, not even in part."""

import pickle

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ernie_magic.config.keys import Key, is_key_name, resembles_key
from ernie_magic.text.redact import HIDDEN, redact

CANARY = "bce-v3/ALTAK-CaNaRyCaNaRy/0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("around", ["\u200b", "\ufeff", " \u2060\n", "\u00a0\u200e"])
def test_what_nobody_sees_around_a_key_is_stripped(around):
    assert Key(f"{around}abc{around}").reveal() == "abc"
    assert Key("a\u200bc").reveal() == "a\u200bc"  # told where it is used


def test_white_space_is_stripped():
    assert Key(" k1234567\r\n").reveal() == "k1234567"


@pytest.mark.parametrize("shown", [repr, str, "{}".format, "{!r}".format])
def test_no_form_of_a_key_shows_it(shown):
    assert "CaNaRy" not in shown(Key(CANARY))


def test_a_key_is_not_pickled():
    with pytest.raises(TypeError):
        pickle.dumps(Key(CANARY))


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {CANARY}.",
        f"key={CANARY[:20]}…",
        f"Bearer {CANARY[10:]}",
        f"you sent bce-****{CANARY[-4:]}",
        f"you sent {CANARY[:6]}***",
        f"{CANARY[:4]}...{CANARY[-4:]}",
    ],
)
def test_what_a_server_echoes_is_hidden(text):
    Key(CANARY)
    shown = redact(text, strict=True)
    assert HIDDEN in shown
    assert CANARY[-4:] not in shown
    assert "CaNaRy" not in shown


def test_other_text_stays():
    Key(CANARY)
    assert (
        redact("model ernie-3.5-8k not found ... try **bold** text…", strict=True)
        == "model ernie-3.5-8k not found ... try **bold** text…"
    )


@given(
    st.text("abcdefghijklmnop0123456789-_", min_size=16, max_size=60),
    st.text(max_size=30),
    st.data(),
)
def test_no_part_of_six_characters_survives(key, around, data):
    assume(len(set(key)) > 6)
    Key(key)
    start = data.draw(st.integers(0, len(key) - 6))
    end = data.draw(st.integers(start + 6, len(key)))
    assert key[start:end] not in redact(around + key[start:end] + around, strict=True)


@pytest.mark.parametrize(
    "name",
    [
        "key", "api_key", "APIKey", "apiKey", "access-token", "Ocp-Apim-Subscription-Key", "sig",
        "X-Amz-Signature", "Password", "code", "ak", "sk", "jwt", "bearer", "access", "k",
        "subscription", "X-Session-Id", "Cookie", "X-Auth", "authtoken", "key2", "secret_value",
        "dbpassword", "licensekey", "accountkey", "gatewaytoken", "sharedsecret", "accesskeyid", "passcode",
    ],
)  # fmt: skip
def test_a_name_whose_last_word_says_so_is_a_key_s(name):
    assert is_key_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "tokenizer", "author", "zipcode", "code_version", "max_tokens", "keyboard", "passport",
        "signal", "X-Author", "monkey", "keyspace", "accessible", "X-Env", "encoder", "",
    ],
)  # fmt: skip
def test_a_name_that_only_contains_such_a_word_is_none(name):
    assert not is_key_name(name)


@pytest.mark.parametrize(
    ("text", "resembles"),
    [
        ("gateway-8f3k2m9x7q5w1z", True),
        ("550e8400-e29b-41d4-a716-446655440000", True),
        ("0123456789abcdef0123", True),
        ("AbCdefGhijKlmnop1", True),
        ("eyJhbGciOiJIUzI1NiJ9.e30.abc", True),
        ("production-cluster-1", False),
        ("platform-engineering", False),
        ("ernie-4.5-turbo-128k-preview", False),
        ("aistudio-notebook-2024-07-18", False),
        ("us-east1-production2", False),
        ("k8s-prod-cluster1", False),
        ("20240718120000000", False),
    ],
)
def test_a_key_is_told_from_words_with_a_number(text, resembles):
    assert resembles_key(text) is resembles
