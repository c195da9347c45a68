"""A key never shows, not even in part."""

import pickle

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ernie_magic.config.keys import Key
from ernie_magic.text.redact import HIDDEN, redact

CANARY = "bce-v3/ALTAK-CaNaRyCaNaRy/0123456789abcdef0123456789abcdef"


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
