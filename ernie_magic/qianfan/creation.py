"""Create something on the platform once; what is billed or deleted for good only if it is
confirmed.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ernie_magic.api import values
from ernie_magic.errors import (
    ErnieError,
    IncompleteAnswer,
    NotConfirmed,
    OutcomeUnknown,
    ProtocolError,
    RequestTimeout,
    ServerError,
    ServiceUnreachable,
)
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Mapping

ResultT = TypeVar("ResultT")
_MAY_EXIST = Text("{what} 可能已经创建（{why}）", "{what} may have been created ({why})")
_REPLY_LOST = Text(
    "请求已经发出，没有收到成败的答复，所以没有再发一次",
    "the request was sent and no reply says what became of it, so it was not sent again",
)
_BILLED = Text(
    "没有创建任何东西：这会{what}，并产生费用",
    "nothing was created: this would {what}, which is billed",
)
_FOR_GOOD = Text(
    "没有删除：{name} 会连同其中的内容被永久删除",
    "nothing was deleted: {name} and all in it would be deleted for good",
)
_CONFIRM = Text("确定的话，加上 confirm=True", "if this is what you want, add confirm=True")


@dataclass(frozen=True)
class StoppedWork:
    """What a stopped call tells: what goes on without it, or may have been created.

    Attributes
    ----------
    stop_message : Text
    """

    stop_message: Text
    partial: bool = True
    service: str = ""
    model: str = ""
    usage: None = None
    is_empty: bool = False


class WorkStopped(asyncio.CancelledError):
    """A call was stopped while it was creating or watching something: whoever started it has the
    call return `work`.

    Attributes
    ----------
    work : StoppedWork
        What the call returns in its place.
    """

    def __init__(self, work: StoppedWork) -> None:
        super().__init__()
        self.work = work


async def create_once(request: Awaitable[ResultT], what: Text, advice: Text) -> ResultT:
    """Await a request that creates something, and tell where it may have done so.

    Parameters
    ----------
    request
        It is not repeated.
    what
        What is created: "the job “cats”".
    advice
        How to find out whether it exists.

    Raises
    ------
    OutcomeUnknown
        It was sent, and its reply was lost.
    WorkStopped
        It was stopped meanwhile: `Console.start_work` has the call tell so.
    ErnieError
        It was refused, or never sent.
    """
    try:
        with telling_stop(stopped_creation(what, advice)):
            return await request
    except ErnieError as error:
        if not may_have_been_carried_out(error):
            raise
        raise OutcomeUnknown(
            _MAY_EXIST.fill(what=what, why=error.what), _REPLY_LOST, advice
        ) from None


async def created_id(request: Awaitable[object], name: str) -> str:
    """Await a request that creates something, and return its id.

    Parameters
    ----------
    request
    name
        The field of the reply that has it.

    Raises
    ------
    ProtocolError
        The reply has none.
    ErnieError
    """
    return required_field(values.as_object(await request), name)


def required_field(reply: Mapping[str, Any], name: str) -> str:
    """Return the text in a field that a reply has to have: an id, a state.

    Raises
    ------
    ProtocolError
    """
    found = values.as_name(reply.get(name))
    if not found:
        raise ProtocolError(Text("回复里没有 {name}", "the reply has no {name}").fill(name=name))
    return found


@contextmanager
def telling_stop(stopped: StoppedWork) -> Iterator[None]:
    """While something is created or watched: a stop tells this (`tell_stopped`).

    Raises
    ------
    WorkStopped
    """
    try:
        yield
    except WorkStopped:  # what it was stopped in tells more
        raise
    except asyncio.CancelledError:
        raise WorkStopped(stopped) from None


async def tell_stopped(work: Awaitable[ResultT]) -> ResultT | StoppedWork:
    """Await a call's work, and return what it tells where it was stopped while it was creating or
    watching something.
    """
    try:
        return await work
    except WorkStopped as stopped:
        return stopped.work


def may_have_been_carried_out(error: ErnieError) -> bool:
    """Whether a request that failed in this way may have had its effect all the same."""
    if isinstance(error, ServiceUnreachable):
        return error.was_sent
    return isinstance(error, RequestTimeout | IncompleteAnswer | ProtocolError | ServerError)


def stopped_creation(what: Text, advice: Text) -> StoppedWork:
    """Return what a call tells that was stopped while it was creating something."""
    why = Text("在创建时停止", "stopped meanwhile")
    message = _MAY_EXIST.fill(what=what, why=why)
    return StoppedWork(Text(f"{message.zh}；{advice.zh}", f"{message.en}; {advice.en}"))


def check_billing(what: Text, plan: object, *, confirm: object) -> None:
    """Check that what would be billed is confirmed.

    Parameters
    ----------
    what
        Exactly what would be done: "deploy amv-1 as hello".
    plan
        The same, as an object that a cell can show.
    confirm
        True and nothing else confirms it.

    Raises
    ------
    NotConfirmed
    """
    if confirm is not True:
        raise unconfirmed(_BILLED.fill(what=what), plan)


def check_deletion(name: str, plan: object, *, confirm: object) -> None:
    """Check that a deletion which cannot be undone is confirmed.

    Parameters
    ----------
    name
        What would be deleted, with all that is in it.
    plan
        The same, as it was given.
    confirm
        True and nothing else confirms it.

    Raises
    ------
    NotConfirmed
    """
    if confirm is not True:
        raise unconfirmed(_FOR_GOOD.fill(name=name), plan)


def unconfirmed(what: Text, plan: object, advice: Text = _CONFIRM) -> NotConfirmed:
    """Return the error of a call that was not confirmed.

    Parameters
    ----------
    what
        That nothing was done, and what would have been.
    plan
        The same, as an object that a cell can show.
    advice
        How it is confirmed.
    """
    error = NotConfirmed(what, advice=advice)
    error.plan = plan
    return error
