"""The field of a request that a service refuses, where the service names it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ernie_magic.text.language import Text
from ernie_magic.wire.error_codes import LACKS_FEATURE, WRONG_FIELD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.errors import BadRequest

_REFUSED = Text("它不接受 {field}", "it does not accept {field}")
_LEAVE_OUT = Text(
    "去掉 {name} 或换一个值；别的模型也许接受（%ernie models）",
    "leave {name} out or give it another value; another model may accept it (%ernie models)",
)
# What each request has: words about them are about more than a field.
_ALWAYS_SENT = frozenset({"model", "messages", "prompt", "input", "stream"})
# Names that are words of ordinary sentences too: they count in quotation marks, and where a
# sentence only says that they are not supported.
_ORDINARY_WORDS = frozenset(
    {"n", "stop", "user", "system", "tools", "functions", "thinking", "format", "store", "size"}
)
_NOT_SUPPORTED = (
    r" (?:is|are) (?:currently )?"
    r"(?:(?:not|un)[ -]?(?:supported|available|enabled|accepted)|disabled)"
)
_WORD = re.compile(r"[a-z_]{1,16}")


def name_refused_field(error: BadRequest, body: Mapping[str, Any]) -> None:
    """Name the sent field that a service's words are about, as cause and advice, where the error
    would only say that some field is wrong.

    Parameters
    ----------
    error
        What the service's reply was read as; it is changed.
    body
        The request as it was sent.
    """
    if error.cause not in (WRONG_FIELD, LACKS_FEATURE):
        return
    name = find_refused_field(error.message, body)
    if not name:
        return
    error.cause = _REFUSED.fill(field=_write_field(name, body[name]))
    error.advice = _LEAVE_OUT.fill(name=name)


def find_refused_field(message: str, body: Mapping[str, Any]) -> str:
    """Return the sent field that a service's words name first, "" for none."""
    named = {name: _find_name(name, message) for name in body if name not in _ALWAYS_SENT}
    found = {name: position for name, position in named.items() if position >= 0}
    return min(found, key=found.__getitem__, default="")


def _find_name(name: str, message: str) -> int:
    """Return where a message names a field, -1 where it does not."""
    written = rf"(?<![\w.-]){re.escape(name)}(?![\w-])"
    if name in _ORDINARY_WORDS:
        written = rf"(?<=['\"`‘“]){re.escape(name)}(?=['\"`’”])"
        written += (
            rf"|^(?:the )?(?:(?:parameter|argument|field|option) )?{name}(?={_NOT_SUPPORTED})"
        )
    found = re.search(written, message, re.IGNORECASE)
    if found is None:
        return -1
    return found.start()


def _write_field(name: str, value: object) -> str:
    """Return `temperature=0.2` or `effort=low`; of any other value, which may be long or secret,
    the name alone.
    """
    if isinstance(value, int | float) or (isinstance(value, str) and _WORD.fullmatch(value)):
        return f"{name}={value}"
    return name
