"""The field of a request that a service refuses, where the service names it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ernie_magic.api.messages import count_pictures
from ernie_magic.text.language import Text
from ernie_magic.wire.error_codes import LACKS_FEATURE, READS_TEXT_ONLY, WRONG_FIELD
from ernie_magic.wire.refusals.meanings import says_no_pictures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.errors import BadRequest

_REFUSED = Text("它不接受 {field}", "it does not accept {field}")
_LEAVE_OUT = Text(
    "去掉 {name} 或换一个值；别的模型也许接受（%ernie models）",
    "leave {name} out or give it another value; another model may accept it (%ernie models)",
)
_GIVE_ANOTHER = Text("去掉 {name} 或换一个值", "leave {name} out or give it another value")
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
# A message with a picture is a list of parts, which servers of text models do not take.
_WANTS_ONE_TEXT = re.compile(
    r"\bcontent\b\W{0,6}(?:value |field )?(?:must|should) be (?:a |of type )?(?:valid )?str",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z_]{1,16}")


def name_refused_field(
    error: BadRequest,
    body: Mapping[str, Any],
    *,
    of_platform: bool = False,
) -> None:
    """Name the sent field that a service's words are about, as cause and advice, where the error
    would only say that some field is wrong; also the pictures, which it may refuse by the form of
    their message.

    Parameters
    ----------
    error
        What the service's reply was read as; it is changed.
    body
        The request as it was sent.
    of_platform
        Whether it went to Qianfan's platform, where no model takes the fields.
    """
    if error.cause not in (WRONG_FIELD, LACKS_FEATURE):
        return
    if _may_be_about_pictures(error.message) and count_pictures(body.get("messages", ())):
        error.cause, error.advice = READS_TEXT_ONLY
        return
    name = find_refused_field(error.message, body)
    if not name:
        return
    error.cause = _REFUSED.fill(field=_write_field(name, body[name]))
    advice = _GIVE_ANOTHER if of_platform else _LEAVE_OUT
    error.advice = advice.fill(name=name)


def _may_be_about_pictures(message: str) -> bool:
    """Whether a message's words are about pictures, if any were sent: a service's own code may have
    gone before them.
    """
    return bool(_WANTS_ONE_TEXT.search(message)) or says_no_pictures(message)


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
