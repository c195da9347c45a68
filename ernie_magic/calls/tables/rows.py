"""Prompts about rows of a table, on the I/O thread: each stands alone, several at the same time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from ernie_magic.api.finish_reasons import is_whole_reason
from ernie_magic.api.usage import Usage
from ernie_magic.errors import (
    AuthenticationFailed,
    ErnieError,
    InvalidOption,
    MissingKey,
    ModelNotFound,
    PermissionDenied,
    QuotaExhausted,
    RateLimited,
)
from ernie_magic.text.json_text import is_object
from ernie_magic.wire.prepared_call import Clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ernie_magic.api.requests import ChatRequest
    from ernie_magic.api.results import Answer
    from ernie_magic.runtime.events import Delta
    from ernie_magic.text.language import Language
    from ernie_magic.wire.prepared_call import PreparedCall

    AskRows = Callable[[Sequence[ChatRequest]], Awaitable[list["Outcome"]]]

# These fail every row alike: continuing would only fail, or cost, more.
FATAL_ERRORS = (
    AuthenticationFailed,
    PermissionDenied,
    QuotaExhausted,
    ModelNotFound,
    InvalidOption,
    MissingKey,
)
# Why an answer may not be whole whose stream was not read to its end.
_NO_LAST_WORD = "no [DONE]"


class Outcome(NamedTuple):
    """The outcome of one prompt: an answer's text, or why there is none.

    Attributes
    ----------
    text, model : str
    usage : Usage
    error : str
        "" when there is an answer.
    reason : str
        The reason to finish of an answer that may not be whole, "" for others.
    denial : PermissionDenied | None
        What `error` says, where only the other rows tell whether it is about this one.
    """

    text: str
    model: str
    usage: Usage
    error: str = ""
    reason: str = ""
    denial: PermissionDenied | None = None


class RowSender(NamedTuple):
    """What asks for rows elsewhere than from this process, one by one.

    Attributes
    ----------
    submit : callable
        Given the call, returns what asks for some rows.
    rows_at_once : int
        How many it is given.
    max_concurrency : int
        How often at the same time.
    """

    submit: Callable[[PreparedCall], AskRows]
    rows_at_once: int
    max_concurrency: int


async def await_outcome(ask: Awaitable[Answer], language: Language) -> Outcome:
    """Return an answer, or in one line why there is none; an error that would fail every row is
    raised.
    """
    try:
        answer = await ask
    except FATAL_ERRORS as error:
        if isinstance(error, PermissionDenied) and error.may_be_about_text:
            return Outcome("", "", Usage(), error.line(language), denial=error)
        raise
    except ErnieError as error:
        if isinstance(error, RateLimited) and (error.is_lasting or not error.retryable):
            raise  # a day's limit, or one that a minute does not end
        return Outcome("", "", Usage(), error.line(language))
    return outcome_of_answer(answer)


def outcome_of_answer(answer: Answer) -> Outcome:
    """Return what a table keeps of an answer."""
    reason = ""
    if answer.is_truncated or not is_whole_reason(answer.finish_reason):
        reason = answer.finish_reason or "length"
    elif answer.end_unseen:
        reason = _NO_LAST_WORD
    text = answer.text
    if not text.strip() and is_object(answer.reasoning):
        # vLLM takes an answer in JSON for a thought, once it is asked for JSON
        # (https://github.com/vllm-project/vllm/issues/15618).
        text = answer.reasoning
    return Outcome(text, answer.model, answer.usage or Usage(), reason=reason)


async def ask_many(call: PreparedCall, requests: Sequence[ChatRequest]) -> list[Outcome]:
    """Return the outcomes of prompts that stand alone, several at the same time."""
    asking = asyncio.Semaphore(call.settings.in_flight)

    async def ask_one(request: ChatRequest) -> Outcome:
        async with asking:
            return await await_outcome(ask_once(call, request), call.settings.language)

    tasks = [asyncio.ensure_future(ask_one(request)) for request in requests]
    try:
        return list(await asyncio.gather(*tasks))
    except Exception:
        for task in tasks:  # it would fail them all, so the others need not be asked
            task.cancel()
        raise


async def ask_once(call: PreparedCall, request: ChatRequest) -> Answer:
    """Ask one prompt that stands alone: no turn, no tools; only waits are reported."""

    def emit_notice(delta: Delta) -> None:
        if delta.notice:
            call.emit(delta)

    clock = Clock()
    quiet_call = call.replace_emit(emit_notice)
    reply = await quiet_call.read_reply(call.protocol.chat(request), request, clock)
    if reply.is_blocked:
        raise reply.blocked_error()
    if reply.problem:
        raise reply.problem
    return reply.build_answer()
