"""The pages of the lists of Qianfan's platform, and how they follow one another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.errors import ProtocolError
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from ernie_magic.runtime.once import Pending

MAX_PAGE = 100  # entries that one page may have
# What a page says of itself; some services write an empty list as null, or leave it out.
_ABOUT_PAGES = frozenset(
    {"pageInfo", "isTruncated", "nextMarker", "maxKeys", "total", "totalCount", "has_more"}
)
BARE_LIST = "\0list"  # where a reply that is a list has it (`WireRequest.list_name`)


@dataclass(frozen=True)
class Paging(ABC):
    """How the pages of a list follow one another.

    Attributes
    ----------
    first : dict
        What the first request has.
    """

    first: Mapping[str, Any]

    @abstractmethod
    def next_request(self, request: Mapping[str, Any], reply: Any) -> Mapping[str, Any] | None:
        """Return the request for the page after this reply; None after the last one."""


class MarkerPaging(Paging):
    """By `marker` and `maxKeys`, as V2 does; the reply says whether there is more."""

    def __init__(self, page_size: int = MAX_PAGE) -> None:
        super().__init__({"maxKeys": page_size})

    def next_request(self, request: Mapping[str, Any], reply: Any) -> Mapping[str, Any] | None:
        """Return the request for the page after this reply; None after the last one."""
        told = values.as_object(reply)
        page = values.as_object(told.get("pageInfo")) or told
        marker = page.get("nextMarker")
        has_more = values.is_true(page.get("isTruncated")) and isinstance(marker, (str, int))
        # A marker that leads nowhere else would be asked for again and again.
        if not has_more or not marker or marker == request.get("marker"):
            return None
        return {**request, "marker": marker}


class AfterPaging(Paging):
    """By `after`, the id of the last entry, as lists of OpenAI's form do."""

    def __init__(self, page_size: int = MAX_PAGE) -> None:
        super().__init__({"limit": page_size})

    def next_request(self, request: Mapping[str, Any], reply: Any) -> Mapping[str, Any] | None:
        """Return the request for the page after this reply; None after the last one."""
        told = values.as_object(reply)
        entries = values.as_objects(told.get("data"))
        after = ""
        if entries:
            after = values.as_name(entries[-1].get("id"))
        if not after or not values.is_true(told.get("has_more")):
            return None
        return {**request, "after": after}


class PageWalk:
    """The requests of a list's pages, one after another; none is made twice, wherever the markers
    lead.

    Parameters
    ----------
    paging
    body
        What the first request has beside the paging's own.

    Attributes
    ----------
    request : dict | None
        The next one; None after the last page.
    """

    def __init__(self, paging: Paging, body: Mapping[str, Any]) -> None:
        self._paging = paging
        self.request: Mapping[str, Any] | None = {**paging.first, **body}
        self._made: set[str] = set()

    def advance(self, reply: Any) -> None:
        """Go on to the page after this reply."""
        assert self.request is not None  # noqa: S101  (it was just answered)
        self._made.add(repr(self.request))
        self.request = self._paging.next_request(self.request, reply)
        if repr(self.request) in self._made:
            self.request = None


class Pages:
    """The entries of a list, page by page: iterate with `for` or `async for`. Each iteration starts
    with the first page.

    Parameters
    ----------
    request_page
        Begins the request of a page.
    body
        What the first request has.
    list_name
        As in `items_of`.
    """

    def __init__(
        self,
        request_page: Callable[[Mapping[str, Any]], Pending[Mapping[str, Any]]],
        body: Mapping[str, Any],
        list_name: str = "",
    ) -> None:
        self._request_page = request_page
        self._list_name = list_name
        self._body = body

    def __iter__(self) -> Iterator[Any]:
        walk = PageWalk(MarkerPaging(), self._body)
        while walk.request is not None:
            reply = self._request_page(walk.request).result()
            yield from entries_of(reply, self._list_name)
            walk.advance(result_of(reply))

    async def __aiter__(self) -> AsyncIterator[Any]:
        walk = PageWalk(MarkerPaging(), self._body)
        while walk.request is not None:
            reply = await self._request_page(walk.request).aresult()
            for item in entries_of(reply, self._list_name):
                yield item
            walk.advance(result_of(reply))


def result_of(reply: Any) -> Any:
    """Return what a reply has in its envelope: `result`, a bare list, or all of it."""
    if not isinstance(reply, dict):
        return reply
    if BARE_LIST in reply:
        return reply[BARE_LIST]
    return reply.get("result", reply)


def entries_of(reply: Any, list_name: str = "") -> list[Any]:
    """Return the entries of a page whose reply is still in its envelope.

    Parameters
    ----------
    reply
        The whole reply, as it came.
    list_name
        As in `items_of`.

    Raises
    ------
    ProtocolError
        It is no page of a list: an empty list is told in some way, `{}` tells nothing.
    """
    page = result_of(reply)
    if not _is_page(reply, page):
        raise ProtocolError(
            Text("回复里没有列表", "the reply has no list"),
            Text(
                "服务或中间的网关没有好好回答", "the service, or a gateway before it, is at fault"
            ),
            Text("过一会儿再试", "try again later"),
        )
    return items_of(page, list_name)


def _is_page(reply: Any, page: Any) -> bool:
    if isinstance(page, list):
        # Without an envelope, an empty one may be anything.
        return bool(page) or BARE_LIST not in values.as_object(reply)
    fields = values.as_object(page)
    has_list = any(isinstance(value, list) for value in fields.values())
    return has_list or not _ABOUT_PAGES.isdisjoint(fields)


def items_of(reply: Any, list_name: str = "") -> list[Any]:
    """Return the entries of a page.

    Parameters
    ----------
    reply
        The result of a request.
    list_name
        The field with the entries; when "", or where the reply has no such field, the only list in
        it, or the only one of objects: of many lists the documentation does not tell the name.
    """
    if isinstance(reply, list):
        return reply
    fields = values.as_object(reply)
    if isinstance(named := fields.get(list_name), list):
        return named
    lists = [value for value in fields.values() if isinstance(value, list)]
    of_objects = [
        value for value in lists if value and all(isinstance(each, dict) for each in value)
    ]
    if len(lists) == 1:
        return lists[0]
    if len(of_objects) == 1:
        return of_objects[0]
    return []
