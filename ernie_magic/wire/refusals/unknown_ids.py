"""Ids that a request names and its service does not know."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from ernie_magic.api import values
from ernie_magic.api.account_things import Kind, kind_named_by
from ernie_magic.api.http_status import GONE, NOT_FOUND
from ernie_magic.api.platform import READS
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ernie_magic.errors import BadRequest
    from ernie_magic.wire.request import WireRequest

_UNKNOWN = Text("没有{noun} {id}", "there is no {noun} {id}")
_SAID = Text("{what}（服务说：{said}）", "{what} (the service said: {said})")
_CAUSE = Text(
    "ID 写错，它已被删除，或属于另一个账号",
    "the id is wrong, it was deleted, or it is another account's",
)
_NOT_IN_THIS_STATE = Text(
    "{cause}；或它现在的状态不允许这样做", "{cause}; or its state does not allow this now"
)
_MAX_ID = 100  # characters
_SAID_SHOWN = 200
_GROUP = re.compile(r"/v2/(\w+)(?:\?Action=(\w+)|/|$)")
# Files and batches have their ids in the path.
_IN_PATH = re.compile(r"/(file|batch)(?:e?s)/([^/?]+)")
_MISSING = re.compile(
    r"invalid|no such|(?:not|n't) (?:be )?(?:found?|find|exist)|\bno \w+ (?:was )?found"
    r"|不存在|未找到|找不到|无效|已删除",
    re.IGNORECASE,
)
# What servers say about a path that they do not have.
_BARE = re.compile(r"\W*(?:404|error)?\W*not found\W*", re.IGNORECASE)


class _Named(NamedTuple):
    field: str
    id: str
    kind: Kind


def explain_unknown_id(error: BadRequest, request: WireRequest) -> bool:
    """Say in an error which id of the request the service does not know, and how the right ones are
    listed; return whether it is about one.

    Parameters
    ----------
    error
        What the service's reply was read as; it is changed.
    request
        Of the platform, or about files and batches.
    """
    named = list(_named_by(request))
    about = next((one for one in named if _is_about(one, error, len(named))), None)
    if about is None:
        return False
    what = _UNKNOWN.fill(noun=about.kind.noun, id=about.id[:_MAX_ID])
    if error.message:
        what = _SAID.fill(what=what, said=error.message[:_SAID_SHOWN])
    error.what = what
    error.cause = _CAUSE
    if not _only_reads(request):
        error.cause = _NOT_IN_THIS_STATE.fill(cause=_CAUSE)
    error.advice = about.kind.list_all
    return True


def _named_by(request: WireRequest) -> Iterator[_Named]:
    """Yield what a request names by ids that its caller may have given."""
    found = _GROUP.search(request.path)
    group = found[1] if found else ""
    for field, value in _fields_of(request).items():
        kind = kind_named_by(group, field)
        given = _written(value)
        if kind is not None and given:
            yield _Named(field, given, kind)
    if in_path := _IN_PATH.search(request.path):
        field = f"{in_path[1]}_id"
        kind = kind_named_by("", field)
        if kind is not None:
            yield _Named(field, unquote(in_path[2]), kind)


def _fields_of(request: WireRequest) -> Mapping[str, object]:
    fields: dict[str, object] = {**(request.body or {})}
    if request.form is not None:
        fields |= request.form.fields
        # An upload to a knowledge base has its fields there.
        with suppress(ValueError):
            fields |= values.as_object(values.parse_json(request.form.fields.get("payload", "")))
    return fields


def _written(value: object) -> str:
    """Return an id, or several, as they are shown."""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return ", ".join(each for each in value if isinstance(each, str))
    return ""


def _is_about(named: _Named, error: BadRequest, count: int) -> bool:
    said = error.message
    if not _MISSING.search(said) or _BARE.fullmatch(said):
        return False
    if named.id in said:
        return True
    if re.search(rf"(?<![\w.-]){re.escape(named.field)}(?![\w-])", said, re.IGNORECASE):
        return True
    # It is the only thing that can be meant.
    return count == 1 and error.status in (NOT_FOUND, GONE)


def _only_reads(request: WireRequest) -> bool:
    found = _GROUP.search(request.path)
    if found and found[2]:
        return found[2].startswith(READS)
    return request.method == "GET" or request.path.endswith(("/search", "/query"))
