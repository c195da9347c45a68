"""Keys are stored, sent and never shown: not in a repr, not in an error, not even in part."""

from __future__ import annotations

import logging
import re
from typing import NamedTuple, NoReturn

from ernie_magic.text.encodings import printable

# Characters that nobody sees, as pages and chats add them (Unicode's "format" characters).
UNSEEN = (
    "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\ufeff"
)
# The words that a credential's name ends with, however it begins (`X-Gateway-Token`, `dbpassword`);
# and, alone or behind a usual beginning, those that also end other words: `api_key` is none of
# `monkey`, `sig` and `code` are Azure's, `ak` and `sk` Baidu's.
_KEY_WORD = re.compile(
    r".*(?:token|secrets?|signature|passwd|password|passcode|passphrase|pwd|authorization"
    r"|credentials?|jwt|bearer)"
    r"|(?:api|app|auth|access|secret|private|client|subscription|session|refresh|security|id|user|x"
    r"|account|admin|db|encryption|gateway|license|master|service|shared|signing|storage)*"
    r"(?:keys?(?:id)?|sig|pass|pw|auth|authentication|cookies?|sessions?|ak|sk|access"
    r"|subscription|code|sid|k)"
)
_NOT_THE_LAST = frozenset({"id", "value", "v"})  # `session_id`, `key-2`
_NAME_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PARTS = re.compile(r"[A-Za-z0-9]+")
_RUNS = re.compile(r"[0-9]+|[A-Z]?[a-z]+|[A-Z]+")
_LEAST = 16  # characters of what is taken for a key by its form
_MIXED = 8  # characters of a part in which letters and digits alternate
_WORD_AND_NUMBER = 2  # runs: "cluster1", "v2", "2024q"
_LONGEST_NUMBER = 4  # digits after a word: "production2024"


def is_key_name(name: str) -> bool:
    """Whether a parameter or a header of this name holds a credential: its last word says so, which
    `tokenizer`, `author`, `zipcode` and `code_version` do not.
    """
    words = [word.lower() for word in _NAME_WORDS.findall(name)]
    while len(words) > 1 and words[-1] in _NOT_THE_LAST:
        words.pop()
    return bool(words) and _KEY_WORD.fullmatch(words[-1]) is not None


def resembles_key(text: str) -> bool:
    """Whether a text has the form of a key: letters and digits alternate in it, as they do not in
    words with a number (`production-cluster-1`, `ernie-4.5-turbo-128k`).
    """
    if len(text) < _LEAST or text.isalpha() or text.isdigit():
        return False
    return any(_is_random(part) for part in _PARTS.findall(text))


def _is_random(part: str) -> bool:
    if part.isdigit() or part.isalpha():
        return False
    runs = _RUNS.findall(part)
    if len(runs) > _WORD_AND_NUMBER:
        return len(part) >= _MIXED
    first, last = runs
    if first.isdigit():
        return len(first) > _LONGEST_NUMBER
    return len(part) >= _LEAST and len(last) > _LONGEST_NUMBER


# What the documents of servers write where a key would stand (llama.cpp's `sk-no-key-required`,
# LM Studio's `lm-studio`, vLLM's `token-abc123` and `EMPTY`): nobody's secret consists of these.
_WORDS_OF_PLACEHOLDERS = (
    "a abc access an anything any api change changeme development dummy empty enter example fake"
    " goes here insert is key keys llama lm local localhost my needed no none not nothing null"
    " ollama openai paste placeholder put replace required secret sk studio the this token unused"
    " used vllm whatever with xxx your"
)
_PLACEHOLDER_WORDS = frozenset(_WORDS_OF_PLACEHOLDERS.split())
_PLACEHOLDER_PARTS = re.compile(r"[^-_. <>\[\]{}]+")
_LEAST_IN_ORDER = 3  # characters: "abc", "123"
_ORDERS = ("0123456789" * 3, "1234567890" * 3, "abcdefghijklmnopqrstuvwxyz")


def is_placeholder(value: str) -> bool:
    """Whether what stands for a key is a public placeholder: words that documents use for one, or
    digits and letters in their order. A passphrase of other words is a secret, and so is anything
    with a part that may be random.
    """
    parts = _PLACEHOLDER_PARTS.findall(value.lower())
    return bool(parts) and all(map(_is_placeholder_part, parts))


def _is_placeholder_part(part: str) -> bool:
    if part in _PLACEHOLDER_WORDS:
        return True
    runs = re.findall(r"[0-9]+|[a-z]+|[^0-9a-z]+", part)
    return len(runs) <= _WORD_AND_NUMBER and all(map(_is_in_order, runs))


def _is_in_order(run: str) -> bool:
    """Whether a run of characters is one of them repeated, or counts upwards. Shorter ones are no
    more than chance.
    """
    if len(run) < _LEAST_IN_ORDER:
        return False
    return len(set(run)) == 1 or any(run in order for order in _ORDERS)


class Key:
    """A credential. `reveal()` is for the wire only.

    White space and characters that nobody sees are stripped: a pasted line end would make an
    invalid header (RFC 9110, section 5.5).

    Parameters
    ----------
    value
        The credential.
    secret
        False for a token that anybody may know (the emulator's): it is not hidden in texts, and
        neither is a public placeholder (`is_placeholder`).
    """

    __slots__ = ("_value",)

    def __init__(self, value: str, *, secret: bool = True) -> None:
        self._value = value.strip().strip(UNSEEN).strip()
        if secret and not is_placeholder(self._value):
            from ernie_magic.text.redact import KNOWN  # with the first key, not with the extension

            KNOWN.add_key(self._value)

    def reveal(self) -> str:
        """The credential itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    @printable
    def __repr__(self) -> str:
        from ernie_magic.text.redact import HIDDEN

        return f"Key({HIDDEN if self._value else 'not set'})"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")


class Pair(NamedTuple):
    """An access key and its secret key.

    Attributes
    ----------
    access, secret : Key
    """

    access: Key
    secret: Key


class LogFilter(logging.Filter):
    """Remove keys from what libraries log: httpx logs each URL, and Qianfan V1's tokens and secrets
    are in the query.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass every record, without keys."""
        from ernie_magic.text.redact import redact

        record.msg = redact(record.getMessage(), strict=True)
        record.args = ()
        return True
