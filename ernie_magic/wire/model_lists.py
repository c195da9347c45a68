"""The live lists of models, by account: what is on offer, which model a call uses that names none,
and what a list tells of a model.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ernie_magic.api import models, values
from ernie_magic.api.catalogue import CATALOGUE, KIND_NAMES
from ernie_magic.api.default_model import default_model, no_model_error
from ernie_magic.api.http_status import GONE, METHOD_NOT_ALLOWED, NOT_FOUND
from ernie_magic.api.models import Listed
from ernie_magic.config.addresses import redact_url, split_query
from ernie_magic.config.endpoints import announced_end
from ernie_magic.errors import (
    AuthenticationFailed,
    ErnieError,
    ModelNotFound,
    PermissionDenied,
    ServiceError,
    TransportError,
)
from ernie_magic.runtime.io_thread import in_thread_if_long
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import close_matches
from ernie_magic.wire.error_codes import NOT_IN_SCOPE, WRONG_ADDRESS
from ernie_magic.wire.protocols import protocol_of
from ernie_magic.wire.replies import parse_models
from ernie_magic.wire.request import Context

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.listed_facts import TokenPrice
    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.config.services import Service
    from ernie_magic.wire.http import HttpClient

LIST_ALL_MODELS = Text("%ernie models 列出全部", "%ernie models lists all")
_SIMILAR = Text("相近的模型：{near}；{all}", "similar models: {near}; {all}")
_OTHER_KIND = Text(
    "{model} 是{kind}模型，这里要文生文模型",
    "{model} is {kind} model; this call requires a chat model",
)
_NO_SUCH_PATH = (NOT_FOUND, METHOD_NOT_ALLOWED)
_GONE = (*_NO_SUCH_PATH, GONE)
_LACKS_KIND = Text(
    "服务没有{kind}接口；地址没有错，它的模型列表读得到",
    "the server has no {kind} calls; the address is right, since its list of models is there",
)
_OTHER_SERVICE = Text(
    "换用有它的服务（%ernie use 列出；Python：Session(service=…)）",
    "use another service for it (%ernie use lists them; in Python Session(service=…))",
)
_ASK_ALL_THE_SAME = Text(
    "对话也许照样能用，用 -m 写明模型", "chats may work all the same, with a model that -m names"
)
_NO_LIST = (
    Text("服务在这个地址没有模型列表", "the server has no list of models at this address"),
    Text(
        "有的服务不列出模型，对话照样能用；或地址（base_url）不对",
        "some servers list none and answer all the same; or the base URL is wrong",
    ),
    Text(
        "用 -m 写明模型提问；若也没有这个接口，检查 %ernie config base_url",
        "ask with a model that -m names; if that finds no endpoint either, check "
        "%ernie config base_url",
    ),
)
_MAX_COMPARED_MODELS = 10_000  # models among which a misspelled one is looked for
_MAX_SUGGESTIONS = 4  # models named when none resembles the requested one
# Where a list tells the model behind a deployed service: Qianfan's "DescribeService", older lists
# of V1, and OpenAI-compatible servers.
_BASE_MODEL_FIELDS = ("baseModel", "base_model", "modelName", "model", "root")
_LIST_TIMEOUT = 30.0  # seconds
_LIST_RETRY_SECONDS = 300.0  # a list that could not be fetched is not requested again before


@dataclass(frozen=True)
class _ModelList:
    """One account's list, with the paths by model that it tells (Qianfan V1)."""

    entries: list[Listed]
    by_id: dict[str, Listed]  # in lower case
    paths: dict[str, str]


_UNREADABLE_LIST = Text(
    "这个服务的模型列表读不到：{what}", "the server's list of models cannot be read: {what}"
)


class ModelLists:
    """The live lists of models, by account.

    Parameters
    ----------
    http
        Fetches them.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._lists: dict[object, _ModelList] = {}
        self._no_list_until: dict[object, float] = {}  # by account; monotonic

    def listed(self, endpoint: Endpoint) -> Sequence[Listed]:
        """Return the list of an endpoint's account; none before it was fetched."""
        known = self._lists.get(endpoint.account)
        return known.entries if known else ()

    def paths(self, endpoint: Endpoint) -> dict[str, str]:
        """Return the paths by model that the live list tells: only Qianfan V1's does."""
        known = self._lists.get(endpoint.account)
        return known.paths if known else {}

    def remember_list(self, listed: list[Listed], endpoint: Endpoint) -> None:
        """Keep a list as that of an endpoint's account."""
        by_id: dict[str, Listed] = {}
        for entry in listed:
            by_id.setdefault(entry.id.lower(), entry)
        paths = protocol_of(endpoint).read_paths(listed)
        self._lists[endpoint.account] = _ModelList(listed, by_id, paths)

    def _find_entry(self, model: str, endpoint: Endpoint) -> Listed | None:
        """Return a model's entry in the live list, None before that was fetched."""
        known = self._lists.get(endpoint.account)
        return known.by_id.get(model.lower()) if known else None

    async def fetch_list(self, context: Context) -> list[Listed]:
        """Return the live list; where the service gives none to this key, the catalogue's."""
        timeout = min(_LIST_TIMEOUT, context.settings.timeout)
        endpoint = context.endpoint
        # What a list waits for is not reported.
        context = Context(endpoint, replace(context.settings, timeout=timeout), lambda _delta: None)
        protocol = protocol_of(endpoint)
        reply: Mapping[str, Any] | None = None
        if request := protocol.list_models(endpoint):
            try:
                reply = await self._http.send_json(request, context)
            except ServiceError as error:
                _name_missing_list(error, endpoint)
                raise
        payload = protocol.read_model_list(reply)

        def parse_and_remember() -> list[Listed]:
            listed = parse_models(payload)
            self.remember_list(listed, endpoint)
            return listed

        lengths = [len(value) for value in payload.values() if isinstance(value, list)]
        return await in_thread_if_long(max(lengths, default=0), parse_and_remember)

    async def _fetch_quickly(self, context: Context) -> list[Listed]:
        settings = replace(context.settings, retry_count=1)
        return await self.fetch_list(replace(context, settings=settings))

    async def _has_list(self, context: Context) -> bool:
        """Whether an address is a service's: it has a list of models."""
        try:
            return bool(await self._fetch_quickly(context))
        except (ErnieError, asyncio.CancelledError):
            return False

    def max_input_tokens(self, model: str, endpoint: Endpoint) -> int | None:
        """Return a model's longest input in tokens by the live list, None before that was fetched
        and where it does not say. The context, which also holds the answer, counts only where the
        catalogue does not know the input.
        """
        entry = self._find_entry(model, endpoint)
        if entry is None:
            return None
        if entry.known is not None and entry.known.max_input_tokens:
            return entry.facts.longest_input
        return entry.facts.max_input_tokens

    def token_price(self, model: str, endpoint: Endpoint) -> TokenPrice | None:
        """Return what 1,000 tokens of a model cost in CNY, by the live list; None before that was
        fetched, and where it names no price or no currency.
        """
        if not endpoint.service.prices_in_yuan:
            return None
        entry = self._find_entry(model, endpoint)
        return entry.token_price if entry else None

    def base_model(self, deployed: str, endpoint: Endpoint) -> str:
        """Return the model behind a service that a user deployed, where the live list, once
        fetched, tells one that the catalogue knows: its rules hold. Else return the service's name.
        """
        if not deployed:
            return ""
        for entry in self.listed(endpoint):
            tail = values.as_text(entry.raw.get("url")).rstrip("/").rpartition("/")[2]
            if deployed not in (entry.id, tail):
                continue
            reported = (values.as_text(entry.raw.get(name)) for name in _BASE_MODEL_FIELDS)
            return next(
                (base.id for name in reported if (base := models.find_model(name))), deployed
            )
        return deployed

    async def choose_model(
        self,
        kind: Kind,
        context: Context,
        *,
        needs_vision: bool = False,
    ) -> str:
        """Return the model of a call where none is named or set: the live list, which is requested
        once, decides.

        Raises
        ------
        InvalidOption
            There is none: the server is not Baidu's, and its list names none of this kind.
        ErnieError
            The same, since the server cannot be reached or refuses the key.
        """
        endpoint = context.endpoint
        offered = self.listed(endpoint)
        problem: ErnieError | None = None
        if self._should_fetch(endpoint):
            try:
                offered = await self._fetch_quickly(context)
            except ErnieError as error:  # the call itself will report the error
                self._no_list_until[endpoint.account] = time.monotonic() + _LIST_RETRY_SECONDS
                problem = error
        model = await in_thread_if_long(
            len(offered),
            lambda: default_model(kind, endpoint.service.name, offered, needs_vision=needs_vision),
        )
        if model:
            return model
        if isinstance(problem, (TransportError, AuthenticationFailed)):
            raise problem
        no_model = no_model_error(kind, offered)
        if problem is not None:
            no_model.cause = _UNREADABLE_LIST.fill(what=problem.what)
        if endpoint.account not in self._lists:
            _name_version_path(no_model, endpoint)
        raise no_model

    def _should_fetch(self, endpoint: Endpoint) -> bool:
        """Whether a default model is looked for in a new list."""
        known = self._lists.get(endpoint.account)
        if known is None and time.monotonic() > self._no_list_until.get(endpoint.account, 0.0):
            return True
        # Where only the list names models, a server may have started, or loaded one, meanwhile.
        return not endpoint.service.strict and not (known and known.entries)

    async def with_suggestions(
        self,
        error: ErnieError,
        model: str,
        context: Context,
        kind: Kind,
    ) -> ErnieError:
        """Add to a refused model the closest ids that the service does offer for this kind of
        call; to a refusal of a service that may have been switched off, that this was announced.
        """
        endpoint = context.endpoint
        end = announced_end(endpoint.service, endpoint.base_url)
        if end and _is_of_ended_service(error):
            error.advice = end
            return error
        if isinstance(error, ServiceError) and error.status in _NO_SUCH_PATH:
            _name_version_path(error, endpoint)
        if error.cause == WRONG_ADDRESS and kind != "chat" and await self._has_list(context):
            error.cause = _LACKS_KIND.fill(kind=KIND_NAMES[kind].label)
            error.advice = _OTHER_SERVICE
        if not isinstance(error, ModelNotFound):
            return error
        try:
            offered = await self._fetch_quickly(context)
        except (ErnieError, asyncio.CancelledError):
            offered = []
            if endpoint.service.strict:
                offered = [Listed(entry.id, {}) for entry in CATALOGUE]
        similar = await in_thread_if_long(len(offered), _similar_models, model, kind, offered)
        error.suggestions = tuple(similar)
        if kind == "chat" and (other := models.kind_of(model)) and other != "chat":
            error.cause = _OTHER_KIND.fill(model=model, kind=KIND_NAMES[other].phrase)
        if error.suggestions:
            error.advice = _SIMILAR.fill(near=", ".join(error.suggestions), all=LIST_ALL_MODELS)
        return error


def _is_of_ended_service(error: ErnieError) -> bool:
    """Whether a service that was switched off answers so: it knows neither call nor caller."""
    if not isinstance(error, ServiceError):
        return False
    return isinstance(error, (ModelNotFound, PermissionDenied)) or error.status in _GONE


def _name_version_path(error: ErnieError, endpoint: Endpoint) -> None:
    """Add to an error of a server of another make that its address may lack `/v1`, where it has no
    path at all.
    """
    address, _ = split_query(endpoint.base_url)
    if endpoint.service.strict or isinstance(error, ModelNotFound) or urlsplit(address).path:
        return
    error.cause = Text(
        "地址里没有路径；多数服务的接口在 /v1 下",
        "the address has no path, and most servers have theirs below /v1",
    )
    error.advice = Text(
        "用 %ernie config base_url {url}/v1", "try %ernie config base_url {url}/v1"
    ).fill(url=redact_url(address))


def lacks_list(error: ErnieError, service: Service) -> bool:
    """Whether a server of another make says that it has no list of models: it may have a chat."""
    is_path = isinstance(error, ServiceError) and error.status in _NO_SUCH_PATH
    return is_path and not service.strict and not isinstance(error, ModelNotFound)


def may_not_list(error: ErnieError) -> bool:
    """Whether a key is restricted to other calls than that for the list: it may be good for chats
    (https://help.openai.com/en/articles/8867743-assign-api-key-permissions).
    """
    return error.cause == NOT_IN_SCOPE


def _name_missing_list(error: ServiceError, endpoint: Endpoint) -> None:
    """Tell of a list that is missing, or not to be read, that the rest need not be."""
    if may_not_list(error):
        error.add_advice(_ASK_ALL_THE_SAME)
    if lacks_list(error, endpoint.service):
        error.what, error.cause, error.advice = _NO_LIST
        _name_version_path(error, endpoint)


def _similar_models(model: str, kind: Kind, offered: Sequence[Listed]) -> Sequence[str]:
    """Return the models on offer for this kind of call whose ids are closest to a refused one."""
    # A chat model's name may tell nothing of its kind.
    wanted = (kind, None) if kind == "chat" else (kind,)
    fitting = [
        entry.id
        for entry in offered[:_MAX_COMPARED_MODELS]
        if entry.kind in wanted and entry.is_callable and entry.id.lower() != model.lower()
    ]
    similar = close_matches(model, fitting)
    if not similar and kind != "chat":
        return fitting[:_MAX_SUGGESTIONS]
    return similar
