"""What a server does in its own way, found out by asking it, and remembered.

The protocols' documents leave some things open: whether a stream reports usage on request
(`stream_options`), which of two paths ranks documents, how many texts a call for vectors may have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ernie_magic.api.http_status import METHOD_NOT_ALLOWED, NOT_FOUND, NOT_IMPLEMENTED
from ernie_magic.config.addresses import split_query
from ernie_magic.errors import ErnieError, ProtocolError, ServiceError
from ernie_magic.wire import openai_style
from ernie_magic.wire.adaptations import adapt_request, find_adaptation, refuses_stream_options
from ernie_magic.wire.error_codes import NO_SUCH_MODEL

if TYPE_CHECKING:
    from collections.abc import Collection

    from ernie_magic.wire.http import HttpClient
    from ernie_magic.wire.reader import Reader
    from ernie_magic.wire.request import Context, WireRequest

_NO_SUCH_PATH = (NOT_FOUND, METHOD_NOT_ALLOWED, NOT_IMPLEMENTED)
# Servers and gateways that say so beside other statuses; AWS's gateway says it of a missing token.
_SAYS_NO_SUCH_PATH = re.compile(
    r"(?:unknown|unrecognized|unexpected|unsupported|invalid)"
    r" (?:request )?(?:url|endpoint|path|route)"
    r"|\b(?:path|route|endpoint|url)\b.{0,40}(?:not found|not exist|not supported)"
    r"|no route matched|\bno such (?:path|route|endpoint)|missing authentication token",
    re.IGNORECASE,
)


@dataclass
class ServerQuirks:
    """What one account's server was found to do in its own way.

    Attributes
    ----------
    refuses_stream_options : bool
    rerank_path : str
        The path that ranks documents, "" where the usual one does or none was needed yet.
    reranks_at_root : bool
        Whether it ranks them beside the `/v1` of its address.
    texts_per_call : dict
        Most texts of one call for vectors, by model, where it refused more.
    adaptations : dict
        Names of adaptations, by model, with which it took what it had refused.
    """

    refuses_stream_options: bool = False
    rerank_path: str = ""
    reranks_at_root: bool = False
    texts_per_call: dict[str, int] = field(default_factory=dict)
    adaptations: dict[str, tuple[str, ...]] = field(default_factory=dict)


async def send_adapting(
    http: HttpClient,
    request: WireRequest,
    reader: Reader,
    context: Context,
    quirks: ServerQuirks,
    adaptable: Collection[str],
) -> WireRequest:
    """Send a chat or a completion, and return it as it was taken. Where the server refuses a field
    that the caller did not choose, or its name, it is asked once more with what is sent instead,
    and so from then on.

    Parameters
    ----------
    adaptable
        The fields that the caller did not choose.

    Raises
    ------
    ErnieError
    """
    names = quirks.adaptations.get(request.model, ())
    while True:
        adapted = adapt_request(request, names, adaptable)
        try:
            await send_asking_for_usage(http, adapted, reader, context, quirks)
        except ServiceError as error:
            if reader.started:
                raise
            name = find_adaptation(error, adapted, names, adaptable)
            if not name:
                raise
            names = (*names, name)
        else:
            break
    if names:
        known = quirks.adaptations.get(request.model, ())
        quirks.adaptations[request.model] = tuple(dict.fromkeys((*known, *names)))
    return adapted


async def send_asking_for_usage(
    http: HttpClient,
    request: WireRequest,
    reader: Reader,
    context: Context,
    quirks: ServerQuirks,
) -> None:
    """Send a chat or a completion; where a stream reports usage only on request, request it
    (`stream_options`). A server that refuses that is asked again without, and so from then on.

    Raises
    ------
    ErnieError
    """
    body = request.body or {}
    is_asked_for = request.stream and context.endpoint.service.requests_usage
    if not is_asked_for or "stream_options" in body or quirks.refuses_stream_options:
        await http.send_and_read(request, reader, context)
        return
    asking = request._replace(body={**body, "stream_options": {"include_usage": True}})
    try:
        await http.send_and_read(asking, reader, context)
    except ServiceError as error:
        if reader.started or not refuses_stream_options(error, body):
            raise
    else:
        return
    await http.send_and_read(request, reader, context)
    quirks.refuses_stream_options = True


async def send_rerank(
    http: HttpClient,
    request: WireRequest,
    context: Context,
    quirks: ServerQuirks,
) -> dict[str, Any]:
    """Send documents to be ranked to the path that the server has: the usual ones, that of Text
    Embeddings Inference beside `/v1` (https://huggingface.github.io/text-embeddings-inference), or
    DashScope's (https://help.aliyun.com/zh/model-studio/text-rerank-api).

    Raises
    ------
    ErnieError
    """
    if request.path != openai_style.RERANKERS:
        return await http.send_json(request, context)
    root = _root_context(context)
    if quirks.reranks_at_root and root:
        return await http.send_json(_as_texts(request), root)
    if quirks.rerank_path:
        return await http.send_json(request._replace(path=quirks.rerank_path), context)
    ways = [(request._replace(path=path), context) for path in openai_style.RANKING_PATHS]
    if root:
        ways.insert(-1, (_as_texts(request), root))
    missing: list[ErnieError] = []
    for way, its_context in ways:
        at_root = its_context is not context
        try:
            payload = await http.send_json(way, its_context)
        except ErnieError as error:
            if _lacks_path(error, request.model):
                missing.append(error)
                continue
            if missing and isinstance(error, ServiceError) and not at_root:
                quirks.rerank_path = way.path
            raise
        quirks.reranks_at_root = at_root
        if missing and not at_root:
            quirks.rerank_path = way.path
        return payload
    raise missing[0]


def _root_context(context: Context) -> Context | None:
    """Return the context of calls beside the `/v1` in which an address ends; None for any other,
    and for Baidu's services.
    """
    endpoint = context.endpoint
    address, query = split_query(endpoint.base_url)
    root = address.rstrip("/").removesuffix("/v1")
    if endpoint.service.strict or root == address.rstrip("/"):
        return None
    base_url = f"{root}?{query}" if query else root
    return replace(context, endpoint=replace(endpoint, base_url=base_url))


def _as_texts(request: WireRequest) -> WireRequest:
    """Return a request for ranks with Text Embeddings Inference's name for the documents."""
    body = dict(request.body or {})
    body["texts"] = body.pop("documents", [])
    return request._replace(path=openai_style.RERANK, body=body)


def _lacks_path(error: ErnieError, model: str) -> bool:
    """Whether a server says that it has no such path, rather than no such model: also by the page
    that it has for any unknown path.
    """
    if isinstance(error, ProtocolError):
        return error.body.lstrip().startswith("<")
    if not isinstance(error, ServiceError):
        return False
    is_said = bool(_SAYS_NO_SUCH_PATH.search(error.message))
    if error.status not in _NO_SUCH_PATH and not is_said:
        return False
    name = rf"(?<![\w.-]){re.escape(model)}(?![\w.-])"
    names_model = re.search(name, error.message, re.IGNORECASE)
    return error.code not in NO_SUCH_MODEL and names_model is None
