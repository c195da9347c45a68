"""What became of the requests of a batch, as the service's files tell."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.http_status import OK
from ernie_magic.qianfan.listing import Listing
from ernie_magic.text.encodings import printable
from ernie_magic.text.redact import redact_values

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_WORDS = 500  # characters of an error
# What a response has beside its body.
_AROUND_BODY = frozenset({"status_code", "request_id"})


@dataclass(frozen=True)
class BatchResult:
    """What became of one request.

    Attributes
    ----------
    custom_id : str
    status : int
        The reply's HTTP status, 0 where there was none.
    body : dict
        The reply.
    error : str
        The service's words where there is no reply, "" otherwise.
    """

    custom_id: str
    status: int
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    error: str = ""


class BatchResults(Listing[BatchResult]):
    """The results of a batch, in the order of its requests' ids as the service wrote them."""

    @printable
    def __repr__(self) -> str:
        failed = sum(bool(result.error) or result.status != OK for result in self)
        simulated = ", simulated=True" if self.is_simulated else ""
        return f"BatchResults({len(self)}, {failed} failed{simulated})"


def read_results(content: bytes) -> BatchResults:
    """Return the results in a file; lines that are not JSON are left out."""
    results = BatchResults()
    for line in content.decode("utf-8-sig", "replace").split("\n"):
        try:
            row = redact_values(values.parse_json(line))
        except ValueError:
            continue
        if isinstance(row, dict):
            results.append(_read_result(row))
    return results


def _read_result(row: Mapping[str, Any]) -> BatchResult:
    """Return the result in a line: as documented, or with JSON as text, with words alone for an
    error, or with the reply in place of the response around it.
    """
    response = _as_object_or_words(row.get("response"))
    status, body = 0, response
    if isinstance(response, dict):
        status = values.as_whole_number(response.get("status_code")) or 0
        if "body" in response or not response.keys().isdisjoint(_AROUND_BODY):
            body = _as_object_or_words(response.get("body"))
        elif response:
            status = OK
    failure = _as_object_or_words(row.get("error"))
    words = failure
    if isinstance(failure, dict):
        words = values.as_name(failure.get("message")) or values.as_name(failure.get("code"))
    if isinstance(body, str):
        words = words or body
    return BatchResult(
        values.as_name(row.get("custom_id")), status, values.as_object(body), str(words)
    )


def _as_object_or_words(told: object) -> dict[str, Any] | str:
    """Return an object, also one that is written as JSON in a text; else a text's words, "" for
    anything else.
    """
    if isinstance(told, str):
        with suppress(ValueError):
            parsed = redact_values(values.parse_json(told))
            if isinstance(parsed, dict):
                return parsed
        return values.as_name(told, _MAX_WORDS).strip()
    return dict(values.as_object(told))
