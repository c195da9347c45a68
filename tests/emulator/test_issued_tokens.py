"""Issued tokens expire; the oldest are forgotten."""

import time

from ernie_magic.emulator import issued_tokens
from ernie_magic.emulator.issued_tokens import IssuedTokens


def test_a_token_expires_when_its_time_has_come_or_all_are_expired():
    tokens = IssuedTokens()
    tokens.remember_token("old", time.time() - 1)
    tokens.remember_token("new", time.time() + 60)
    assert [tokens.has_expired(token) for token in ("old", "new", "nobody's")] == [
        True,
        False,
        False,
    ]
    tokens.expire_all()
    assert tokens.has_expired("new")
    assert not tokens.has_expired("nobody's")


def test_beyond_the_bound_the_oldest_is_a_key_like_any_other(monkeypatch):
    monkeypatch.setattr(issued_tokens, "MAX_TOKENS", 2)
    tokens = IssuedTokens()
    for token in ("first", "second", "third"):
        tokens.remember_token(token, 0.0)
    assert [tokens.has_expired(token) for token in ("first", "second", "third")] == [
        False,
        True,
        True,
    ]
