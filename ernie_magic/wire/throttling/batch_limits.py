"""How many texts a service takes in one call for vectors, as it says when it refuses more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ernie_magic.api.http_status import BAD_REQUEST, CONTENT_TOO_LARGE, UNPROCESSABLE
from ernie_magic.wire.error_codes import ABOUT_THE_ACCOUNT

if TYPE_CHECKING:
    from ernie_magic.errors import ServiceError

_STATUSES = (BAD_REQUEST, CONTENT_TOO_LARGE, UNPROCESSABLE)
_TEXTS = r"\b(?:inputs?|texts|items|contents|documents)\b"
# Words for the number of texts: DashScope's, OpenAI's, Azure's, Hugging Face's, Cohere's,
# Mistral's, Google's, Qianfan's, Zhipu's.
_ABOUT_THE_NUMBER = re.compile(
    r"batch|too many (?:inputs|texts|items|documents|requests in)|arrays? too (?:long|large)"
    r"|array.{0,40}(?:maximum|at most|above)|above_max_length|too_long"
    rf"|(?:number|total|count|max\w*|at most|up to)\b.{{0,40}}{_TEXTS}"
    rf"|{_TEXTS}.{{0,60}}(?:at most|exceed|max|more than|larger than)"
    r"|数组|批量|批次|条数|数量|个数|[0-9]\s*(?:条|个|段)",
    re.IGNORECASE | re.DOTALL,
)
# Words for one text that is too long, however many there are.
_ABOUT_THE_LENGTH = re.compile(
    r"physical batch|context length|context window|max_position|\btokens?\b|characters|字符",
    re.IGNORECASE,
)
# Words for the tokens of all texts together: Voyage's, OpenAI's, Mistral's, Chinese gateways'.
_ABOUT_ALL_TOKENS = re.compile(
    r"\btokens? (?:\w+ )?(?:per|in|of) (?:(?:the|this|an?|your|each|one|submitted|single) )*"
    r"(?:batch|request)\b|batch (?:\w+ ){0,2}tokens\b|tokens_per_(?:batch|request)"
    r"|(?:批次?|请求)的?(?:总 ?token|token ?总数)",
    re.IGNORECASE,
)
_BODY = re.compile(r"(?:entity|content|payload|body|request) (?:is )?too large", re.IGNORECASE)
_STATED = re.compile(
    r"(?:at most|max\w*|larger than|greater than|more than|less than|exceeds?|limit\w*|up to|within"
    r"|<=?|≤|不超过|不能超过|不得超过|不大于|最大|最多|上限|限制)\D{0,60}?(\d+)",
    re.IGNORECASE,
)
_IS_LESS_THAN = re.compile(r"\d+\s*(?:>=?|exceeds)\D{0,60}?(\d+)", re.IGNORECASE)


def find_batch_limit(error: ServiceError, count: int) -> int | None:
    """Return how many texts a call may have, where that is what a service refused; half of them
    where it does not say, or has a limit of their tokens. None for any other refusal.

    Parameters
    ----------
    count
        The texts of the call that was refused.
    """
    if count < 2 or isinstance(error, ABOUT_THE_ACCOUNT) or error.status not in _STATUSES:  # noqa: PLR2004  (one text is no batch)
        return None
    said = f"{error.message} {error.body}"
    about_batch = re.search(r"batch[ _]?size|too many", said, re.IGNORECASE)
    # A proxy's page, which may have no words at all.
    is_too_large = error.status == CONTENT_TOO_LARGE and (not error.message or _BODY.search(said))
    is_about_number = is_too_large or _ABOUT_THE_NUMBER.search(said)
    if "physical batch" in said.lower():
        return None
    if _ABOUT_ALL_TOKENS.search(said):
        return count // 2  # the stated number is of tokens
    is_about_length = _ABOUT_THE_LENGTH.search(said) and not about_batch
    if not is_about_number or is_about_length:
        return None
    for stated in (_IS_LESS_THAN, _STATED):
        for found in stated.finditer(said):
            if 0 < int(found[1][:9]) < count:
                return int(found[1])
    return count // 2
