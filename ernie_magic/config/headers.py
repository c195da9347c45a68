"""Headers that a person adds to every request, for a gateway in front of a service: their values
may be secrets, and are never shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ernie_magic.config.keys import Key, is_key_name, resembles_key
from ernie_magic.errors import InvalidOption
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}")  # a token (RFC 9110, section 5.6.2)
_VALUE = re.compile(r"[\x20-\x7e\t]{1,8192}")
_PAIR = re.compile(r"\s*([^\s:]+)\s*:\s*(.*)", re.DOTALL)
# What says who calls: a key has its own setting, where it is checked and kept to its address.
_CREDENTIALS = frozenset({"authorization", "proxy-authorization"})
# What says how a message is sent: each call writes these itself (RFC 9110, RFC 9112).
_OF_THE_MESSAGE = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-bce-date",
    }
)
_WORDS = re.compile(r"[\s;=]+")  # `Bearer abc`, and a cookie's `a=b; c=d`
_WORD_OF_A_KEY = 8  # characters: a shorter word is not redacted in texts
_ADVICE = Text(
    '写成 {"X-Name": "值"}，或 X-Name: 值',
    'write {"X-Name": "value"}, or X-Name: value',
)


class ExtraHeaders(Mapping[str, Key]):
    """Headers by name; a repr shows the names only.

    Parameters
    ----------
    given
        Names and values; None for none.

    Raises
    ------
    InvalidOption
        A name or a value that no header has, a name that is there twice in another case, or a
        header that is not for a person to set.
    """

    def __init__(self, given: Mapping[str, str | Key] | None = None) -> None:
        self._values: dict[str, Key] = {}
        for name, value in (given or {}).items():
            checked = _check_name(name)
            if checked.lower() in {known.lower() for known in self._values}:
                raise InvalidOption(
                    Text("请求头 {name} 给了两次", "the header {name} is given twice").fill(
                        name=checked
                    ),
                    advice=Text(
                        "请求头名称不分大小写，去掉一个",
                        "header names ignore case: leave one out",
                    ),
                )
            self._values[checked] = _check_value(checked, value)

    @classmethod
    def parse_text(cls, text: str) -> ExtraHeaders:
        """Read what a person typed: a JSON object, or one `Name: value`.

        Raises
        ------
        InvalidOption
            It is neither, or has what no header has.
        """
        if text.lstrip().startswith("{"):
            try:
                given = json.loads(text)
            except (ValueError, RecursionError):
                raise _malformed_error() from None
            return cls(given)
        pair = _PAIR.fullmatch(text)
        if pair is None:
            raise _malformed_error()
        return cls({pair.group(1): pair.group(2)})

    def reveal(self) -> dict[str, str]:
        """The headers themselves, for the wire only."""
        return {name: value.reveal() for name, value in self._values.items()}

    def __getitem__(self, name: str) -> Key:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    @printable
    def __repr__(self) -> str:
        from ernie_magic.text.redact import HIDDEN

        return f"{{{', '.join(f'{name}: {HIDDEN}' for name in self._values)}}}"

    def __reduce__(self) -> tuple[type[ExtraHeaders], tuple[()]]:
        if self._values:
            raise TypeError("headers are not pickled: a value may be a key")
        return ExtraHeaders, ()


def _malformed_error() -> InvalidOption:
    return InvalidOption(
        Text(
            "headers 的写法不对，没有设置",
            "the headers could not be read, so nothing was set",
        ),
        advice=_ADVICE,
    )


def _check_name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name.strip()):
        raise InvalidOption(
            Text("“{name}”不是请求头的名称", "{name!r} is not the name of a header").fill(
                name=f"{name!s:.40}"
            ),
            Text("名称只能用字母、数字和 -", "a name has letters, digits and -"),
            _ADVICE,
        )
    name = name.strip()
    if name.lower() in _CREDENTIALS:
        raise InvalidOption(
            Text("{name} 不能设为请求头", "{name} cannot be set as a header").fill(name=name),
            Text("它会替换密钥", "it would replace the key"),
            Text(
                "密钥写进 api_key，代理的密码写进代理的地址",
                "put the key into api_key, and a proxy's password into the proxy's address",
            ),
        )
    if name.lower() in _OF_THE_MESSAGE:
        raise InvalidOption(
            Text("{name} 不能设为请求头", "{name} cannot be set as a header").fill(name=name),
            Text("每次请求自己写这一项", "each request writes it itself"),
            Text("去掉它", "leave it out"),
        )
    return name


def _check_value(name: str, value: object) -> Key:
    """Return a header's value; the words of a secret are redacted wherever they appear."""
    if isinstance(value, Key):
        value = value.reveal()
    if not isinstance(value, str) or not _VALUE.fullmatch(value.strip()):
        raise InvalidOption(
            Text("请求头 {name} 的值无效", "the value of the header {name} is not valid").fill(
                name=name
            ),
            Text(
                "只能是一行 ASCII 文本，不能为空",
                "it must be one line of ASCII text, and not empty",
            ),
            _ADVICE,
        )
    for word in _WORDS.split(value):
        is_secret = is_key_name(name) or ("/" not in word and resembles_key(word))
        if is_secret and len(word) >= _WORD_OF_A_KEY:
            Key(word)
    return Key(value, secret=False)


def as_headers(given: Any) -> ExtraHeaders:
    """Return what was given as headers.

    Raises
    ------
    InvalidOption
    """
    if isinstance(given, ExtraHeaders):
        return given
    if isinstance(given, str):
        return ExtraHeaders.parse_text(given)
    if given is None or isinstance(given, Mapping):
        return ExtraHeaders(given)
    raise _malformed_error()
