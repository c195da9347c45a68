"""Work on other threads, processes and machines, carried there by an existing executor; we bring
none.

A key is never sent with the work: a worker finds its own in the usual places (its environment or
`.env`), and only for the intended address. Workers in other processes share the account's limits by
taking an equal part each.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from ernie_magic.calls.embeddings.embed import request_vectors
from ernie_magic.calls.tables.rows import RowSender, ask_many
from ernie_magic.client import Client
from ernie_magic.config.headers import ExtraHeaders
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.errors import InvalidOption, MissingKey
from ernie_magic.text.language import Text
from ernie_magic.wire.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ernie_magic.api.requests import ChatRequest, EmbeddingRequest
    from ernie_magic.calls.embeddings.embed import AskForVectors
    from ernie_magic.calls.tables.rows import AskRows, Outcome
    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.config.settings import Snapshot
    from ernie_magic.wire.prepared_call import PreparedCall
    from ernie_magic.wire.replies import VectorsReply
    from ernie_magic.wire.request import Context

ResultT = TypeVar("ResultT")

_IS_CLASS = Text("{name} 是类，不是 executor", "{name} is a class, and no executor yet")
_MAKE_ONE = Text("写成 executor={name}()", "write executor={name}()")
_TAKES_NO_WORK = Text("executor 不再接受任务：{said}", "the executor takes no more work: {said}")
_MAKE_ANOTHER = Text(
    "另建一个，在它的 with 语句里调用", "make another one, and call within its with statement"
)
_DEFAULT_WORKERS = 4  # workers of an executor that does not report how many it has
_ROWS_AT_ONCE = 20  # that a worker is given


@dataclass(frozen=True)
class WorkerSetup:
    """What a worker needs to make calls for us.

    Attributes
    ----------
    endpoint, settings
        The caller's; pickled without the credential and the keys that stood in the address.
    workers : int
        How many share the account's limits.
    process_id : int
        The caller's process id.
    needs_key : bool
        Whether the service requires a credential, or a key in its address.
    header_names : tuple of str
        The user's own headers, which stay here.
    """

    endpoint: Endpoint
    settings: Snapshot
    workers: int
    process_id: int
    needs_key: bool
    header_names: tuple[str, ...] = ()

    @classmethod
    def for_call(cls, endpoint: Endpoint, settings: Snapshot, workers: int) -> WorkerSetup:
        """Return the setup of a call that this process makes."""
        needs_key = endpoint.credential is not None or bool(endpoint.query)
        return cls(
            endpoint, settings, workers, os.getpid(), needs_key, tuple(endpoint.extra_headers)
        )

    def __getstate__(self) -> dict[str, Any]:
        endpoint = replace(
            self.endpoint, credential=None, query={}, headers={}, extra_headers=ExtraHeaders()
        )
        return {**self.__dict__, "endpoint": endpoint}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def local_endpoint(self) -> Endpoint:
        """Return the endpoint with this process's credential.

        Raises
        ------
        MissingKey, InvalidOption
            The worker has no key, or one for another address.
        """
        if self.process_id == os.getpid():
            return self.endpoint
        LIMITS.share = 1 / self.workers
        if self.header_names:
            raise InvalidOption(
                Text(
                    "请求头 {names} 不发送到工作进程",
                    "the headers {names} are not sent to worker processes",
                ).fill(names=", ".join(self.header_names)),
                Text("它们可能是密钥", "they may be keys"),
                Text("去掉 executor，或用线程池", "leave out the executor, or use one of threads"),
            )
        if not self.needs_key:
            return self.endpoint
        try:
            own = ErnieSettings(service=self.endpoint.service.name).build_endpoint()
        except MissingKey as error:
            error.advice = Text(
                "密钥不发送到工作进程：在每个工作进程的环境变量或 .env 里设置",
                "keys are not sent to worker processes: set one in each one's environment or .env",
            )
            raise
        if not own.service.is_simulated and own.base_url != self.endpoint.base_url:
            raise InvalidOption(
                Text("工作进程的服务地址不同", "the worker has another address for the service"),
                advice=Text(
                    "在工作进程的环境里设置同样的地址",
                    "set the same address in the worker's environment",
                ),
            )
        return replace(own, base_url=self.endpoint.base_url)


@lru_cache(maxsize=1)
def _process_client(_process: int) -> Client:
    """Return the client of this process; a forked one has its own."""
    return Client(ErnieSettings())


def ask_on_worker(setup: WorkerSetup, requests: Sequence[ChatRequest]) -> list[Outcome]:
    """Ask for some rows, on a worker."""
    client = _process_client(os.getpid())
    stream = client.start_call(
        lambda call: ask_many(call, requests), setup.settings, setup.local_endpoint()
    )
    return list(stream.result())


def embed_on_worker(setup: WorkerSetup, request: EmbeddingRequest) -> VectorsReply:
    """Make one call for vectors, on a worker."""
    client = _process_client(os.getpid())
    stream = client.start_call(
        lambda call: request_vectors(call, request), setup.settings, setup.local_endpoint()
    )
    return stream.result()


class RemoteExecutor:
    """An executor of any kind.

    Parameters
    ----------
    executor
        A `concurrent.futures` executor, or an object that provides one (`get_executor`: a
        `dask.distributed.Client`).

    Raises
    ------
    InvalidOption
        It is neither of these.
    """

    def __init__(self, executor: Any) -> None:
        if isinstance(executor, type):
            raise InvalidOption(
                _IS_CLASS.fill(name=executor.__name__),
                advice=_MAKE_ONE.fill(name=executor.__name__),
            )
        self.workers = _count_workers(executor)
        self._executor = executor
        if hasattr(executor, "get_executor"):
            self._executor = executor.get_executor(pure=False)
        if not callable(getattr(self._executor, "submit", None)):
            raise InvalidOption(
                Text("{kind} 不能执行任务", "{kind} cannot run work").fill(
                    kind=type(executor).__name__
                ),
                advice=Text(
                    "给出 dask.distributed.Client 或 concurrent.futures 的 executor",
                    "pass a dask.distributed.Client or an executor of concurrent.futures",
                ),
            )

    @property
    def row_sender(self) -> RowSender:
        """What asks for the rows of a table on the workers."""
        return RowSender(self._submit_chats, _ROWS_AT_ONCE, self.workers)

    def _submit_chats(self, call: PreparedCall) -> AskRows:
        """Return what asks for some rows on a worker."""
        setup = WorkerSetup.for_call(call.endpoint, call.settings, self.workers)
        return lambda requests: self._submit(ask_on_worker, setup, list(requests))

    def submit_embeddings(self, context: Context) -> AskForVectors:
        """Return what asks for a batch of vectors on a worker."""
        setup = WorkerSetup.for_call(context.endpoint, context.settings, self.workers)
        return lambda request: self._submit(embed_on_worker, setup, request)

    def _submit(self, work: Callable[..., ResultT], *given: object) -> asyncio.Future[ResultT]:
        try:
            return asyncio.wrap_future(self._executor.submit(work, *given))
        except RuntimeError as error:  # it was shut down, or a process of it was killed
            raise InvalidOption(
                _TAKES_NO_WORK.fill(said=f"{error!s:.100}"), advice=_MAKE_ANOTHER
            ) from None


def _count_workers(executor: Any) -> int:
    if hasattr(executor, "scheduler_info"):
        threads: dict[str, int] = executor.nthreads()
        return max(1, sum(threads.values()))
    max_workers = getattr(executor, "_max_workers", None)
    return max_workers if isinstance(max_workers, int) and max_workers > 0 else _DEFAULT_WORKERS
