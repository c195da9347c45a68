"""The words and codes with which services say that a call failed, or that it did not."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.finish_reasons import names_failure

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_NAMES = 200  # of a body's fields that are examined
FAILURE_MESSAGES = (
    "errormsg",
    "errmsg",
    "errormessage",
    "errmessage",
    "errordescription",
    "errortext",
    "failurereason",
    "failreason",
    "faultstring",
)
_OTHER_MESSAGES = (
    *("retmsg", "returnmsg", "resultmsg", "statusmsg", "rtnmsg", "resmsg", "respmsg", "rspmsg"),
    *("responsemsg", "responsemessage", "bizmsg", "submsg"),
)
# Where a body without a message may have its words.
_OTHER_WORDS = (
    *("reason", "description", "details", "info", "desc", "tip", "tips", "hint", "cause", "remark"),
    *("title", "text", "body", "statusmessage", "statustext"),
)
# Fields of a reply whose texts are names, or an answer, and no words about it.
_NO_WORDS = frozenset(
    {
        *("id", "object", "model", "type", "role", "created", "provider", "servicetier"),
        *("answer", "content", "response", "output", "outputtext", "reply", "generatedtext"),
    }
)
_SUCCESS_CODE = re.compile(
    r"[a-z]?[0.]+|2\d\d0*|(?:200)?\s*ok|succ(?:ess\w*|eeded)?|normal|none|null|nil|false|true"
    r"|undefined|done|completed?|finished|processed|created|accepted",
    re.IGNORECASE,
)
_SUCCESS_MESSAGE = re.compile(
    r"\W*(?:(?:the\s+)?(?:request|response|answer|message|chat|call|task|generation)\s+)?"
    r"(?:(?:was|is|has been)\s+)?"
    r"(?:ok(?:ay)?|done|completed?|finished|normal|none|null|nil|undefined|false|fine|accepted"
    r"|processed|generated|answered|handled|valid|no[\s_-]*errors?|n/a)\W*",
    re.IGNORECASE,
)
_SUCCESS_WORDS = re.compile(
    r"成功|完成|完毕|正常|已(?:处理|生成|受理)|(?<![a-z])succ(?:ess\w*|eed\w*)?(?![a-z])",
    re.IGNORECASE,
)
_NO_SUCCESS = re.compile(
    r"[不未没非无]\S{0,2}(?:成功|完成|完毕|正常)|(?<![a-z])(?:not?|without)\W", re.IGNORECASE
)
# What a service says that does not go on, where an answer's end may say it in other words.
_REFUSED = re.compile(
    r"(?<!not )exceed|denied|forbidden|unauthori[sz]ed|expired|refused|reject|(?<!un)blocked|violat"
    r"|not (?:allowed|authenticated|authorized|available|permitted|enough)|over quota|too many|busy"
    r"|拒绝|超过|超出|受限|不足|欠费|繁忙|违规|禁止|未授权|过期",
    re.IGNORECASE,
)
# Words of a failure that was overcome.
_RECOVERED = re.compile(
    r"fail(?:ed|s|ing)?[\s_-]*over|f[ae]ll(?:s|en|ing)?[\s_-]*back|retried|recovered|resolved",
    re.IGNORECASE,
)


def fold_names(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body's fields by their names without case and separators; the first with a value
    counts.
    """
    folded: dict[str, Any] = {}
    for name, value in islice(body.items(), MAX_NAMES):
        plain = name.replace("_", "").replace("-", "").lower()
        if folded.get(plain) in (None, ""):
            folded[plain] = value
    return folded


def find_message(folded: Mapping[str, Any]) -> object:
    """Return a body's message."""
    for name in ("msg", "message"):
        # SGLang's is a list of what is wrong with each field.
        if isinstance(folded.get(name), str | list) and folded[name]:
            return folded[name]
    names = (*FAILURE_MESSAGES, *_OTHER_MESSAGES, "detail", "errors")
    words = next((folded[name] for name in names if folded.get(name)), None)
    if isinstance(words, dict):  # KoboldCpp's `detail`
        told = fold_names(words)
        inner_words = (told.get(name) for name in ("msg", "message"))
        return next((said for said in inner_words if isinstance(said, str) and said), words)
    if words is None and isinstance(inner := folded.get("message"), dict):  # Mistral's
        return inner.get("detail")
    return words


def find_other_words(folded: Mapping[str, Any]) -> str:
    """Return the words of a body that has no message: in a field that may have some, or else the
    first sentence in it; "" for none.
    """
    named = (name for name in folded if name.endswith(("msg", "message")))
    for name in (*named, *_OTHER_WORDS):
        if isinstance(words := folded.get(name), str) and words.strip():
            return words
    for name, words in folded.items():
        is_sentence = isinstance(words, str) and len(words.split()) > 1
        if is_sentence and name not in _NO_WORDS and not name.endswith("id"):
            return str(words)
    return ""


def means_success(code: object) -> bool:
    """Whether a code says that nothing failed."""
    if code is True:
        return True
    word = values.as_name(code).strip()
    return bool(word) and _SUCCESS_CODE.fullmatch(word) is not None


def says_success(message: object) -> bool:
    """Whether a message says that nothing failed."""
    if not isinstance(message, str) or not message.strip() or names_failure(message):
        return False
    if _SUCCESS_MESSAGE.fullmatch(message):
        return True
    return bool(_SUCCESS_WORDS.search(message)) and not _NO_SUCCESS.search(message)


def tells_failure(words: str) -> bool:
    """Whether words tell of a failure, or of a refusal, that was not overcome."""
    says_failure = names_failure(words) or bool(_REFUSED.search(words))
    return says_failure and not _RECOVERED.search(words)
