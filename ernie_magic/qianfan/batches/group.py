"""`ernie.batches`: many requests in a file, which a service answers within a day for less
(https://platform.openai.com/docs/api-reference/batch,
https://cloud.baidu.com/doc/qianfan-api/s/Oml4r78ea).

The page of Qianfan V2 does not tell the paths, which are a setting (`batches_path`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ernie_magic.api import values
from ernie_magic.api.models import is_simulated
from ernie_magic.api.public_names import CallGroup
from ernie_magic.calls.task_states import has_succeeded, is_over
from ernie_magic.calls.watching import Pace, pace_of, watch_task
from ernie_magic.errors import ErnieError, InvalidOption, ProtocolError
from ernie_magic.qianfan.batches.results import BatchResults, read_results
from ernie_magic.qianfan.console import LONG_PAUSE
from ernie_magic.qianfan.creation import (
    StoppedWork,
    check_billing,
    create_once,
    telling_stop,
)
from ernie_magic.qianfan.files import ServicePaths, start_work
from ernie_magic.qianfan.listing import Listing
from ernie_magic.qianfan.lookup import id_of
from ernie_magic.runtime.once import awaited, blocking
from ernie_magic.text.language import Text, counted
from ernie_magic.wire.request import Form, UploadedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ernie_magic.client import Client
    from ernie_magic.runtime.stream import Stream

_WINDOW = "24h"
# A version as a part of a path.
_VERSION = re.compile(r"/v\d+\w*(?=/|$)")
# Of Qianfan V2.
MAX_REQUESTS = 5000
_WHOLE = 100  # percent
_PROBLEMS_SHOWN = 3
_RUNNING = Text("批量任务", "batch")
_REQUESTS = counted("个请求", "request")
_STATE = Text(
    "批量任务 {batch}：{state}，{done}/{total}", "the batch {batch}: {state}, {done} of {total}"
)
_STILL_RUNNING = Text(
    "不再等待；批量任务 {batch} 仍在进行：%ernie batches {batch} 接着等",
    "no longer watched; the batch {batch} goes on: %ernie batches {batch} watches it again",
)
_LIST_FIRST = Text(
    "用 ernie.batches.list() 看一看，再决定是否重新提交",
    "look at ernie.batches.list() before you send it again",
)


@dataclass(frozen=True)
class Batch:
    """A batch.

    Attributes
    ----------
    id, state, endpoint : str
    total, completed, failed : int
        Requests.
    input_file, output_file, error_file : str
        Ids of files, "" where there is none yet.
    problems : tuple of str
        What is wrong with the batch as a whole.
    is_simulated : bool
        Whether the emulator has it.
    raw : dict
        What the service said.
    """

    id: str
    state: str
    endpoint: str = ""
    total: int = 0
    completed: int = 0
    failed: int = 0
    input_file: str = ""
    output_file: str = ""
    error_file: str = ""
    problems: tuple[str, ...] = ()
    is_simulated: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, in whichever way."""
        return is_over(self.state)

    @property
    def is_complete(self) -> bool:
        """Whether it has ended well."""
        return has_succeeded(self.state)

    @property
    def percent(self) -> float:
        """How much of it is done, 0 to 100."""
        if not self.total:
            return 0.0
        return _WHOLE * (self.completed + self.failed) / self.total


class BatchList(Listing[Batch]):
    """Batches, in the service's order."""

    def _describe(self, item: Batch) -> str:
        return f"{item.id} {item.state}"


def read_batch(reply: Mapping[str, Any], *, simulated: bool = False) -> Batch:
    """Return a batch as a reply describes it.

    Parameters
    ----------
    reply
    simulated
        Whether the emulator replied.
    """
    counts = values.as_object(reply.get("request_counts"))
    errors = values.as_object(reply.get("errors"))
    return Batch(
        values.as_name(reply.get("id")),
        values.as_name(reply.get("status")).lower(),
        values.as_name(reply.get("endpoint")),
        values.as_whole_number(counts.get("total")) or 0,
        values.as_whole_number(counts.get("completed")) or 0,
        values.as_whole_number(counts.get("failed")) or 0,
        values.as_name(reply.get("input_file_id")),
        values.as_name(reply.get("output_file_id")),
        values.as_name(reply.get("error_file_id")),
        tuple(map(_describe_problem, values.as_objects(errors.get("data")))),
        simulated,
        dict(reply),
    )


def _describe_problem(problem: Mapping[str, Any]) -> str:
    words = values.as_name(problem.get("message")) or values.as_name(problem.get("code"))
    line = values.as_whole_number(problem.get("line"))
    if line is None:
        return words
    return f"line {line}: {words}"


def batch_url(base_url: str, path: str = "/chat/completions") -> str:
    """Return what a line of the file names as its URL: the path of a call, from the version in the
    base URL's path on; as given where that begins with a version itself.

    What stands before the version belongs to a provider's addresses alone: DashScope's
    `/compatible-mode/v1`, Groq's `/openai/v1`, Zhipu's `/api/paas/v4`
    (https://help.aliyun.com/zh/model-studio/batch-interfaces-compatible-with-openai).
    """
    if _VERSION.match(path):
        return path
    base_path = urlsplit(base_url).path.rstrip("/")
    return base_path[_start_of_version(base_path) :] + path


def _start_of_version(path: str) -> int:
    """Return where the last version in a path begins, 0 for none."""
    return max((found.start() for found in _VERSION.finditer(path)), default=0)


def batch_form(lines: Iterable[Mapping[str, Any]], name: str = "batch.jsonl") -> Form:
    """Return the form that sends a batch's file."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    file = UploadedFile("file", name, text.encode(), "application/jsonl")
    return Form((file,), {"purpose": "batch"})


class BatchCalls:
    """The requests of one call about batches.

    Parameters
    ----------
    paths

    Attributes
    ----------
    seen : set of str
        Ids of batches that this call has created, or looked at.
    """

    def __init__(self, paths: ServicePaths) -> None:
        self._paths = paths
        self.seen: set[str] = set()

    @property
    def pause(self) -> float:
        """Seconds between two looks."""
        return self._pace().pause

    def _pace(self) -> Pace:
        return pace_of(LONG_PAUSE, simulated=is_simulated(self._paths.call.service))

    async def create(
        self,
        file_id: str,
        url: str,
        window: str = _WINDOW,
        metadata: Mapping[str, str] | None = None,
    ) -> Batch:
        """Begin a batch over a file that the service has; never twice.

        Raises
        ------
        OutcomeUnknown
            The reply was lost.
        ErnieError
        """
        body: dict[str, Any] = {
            "input_file_id": file_id,
            "endpoint": url,
            "completion_window": window,
        }
        if metadata:
            body["metadata"] = dict(metadata)
        return await create_once(self._send(body), _of_file(file_id), _LIST_FIRST)

    async def _send(self, body: Mapping[str, Any]) -> Batch:
        batch = self._read(await self._paths.send("POST", self._paths.batch_path(), body))
        if not batch.id:
            raise ProtocolError(Text("回复里没有 id", "the reply has no id"))
        self.seen.add(batch.id)
        return batch

    async def find(self, file_id: str) -> Batch | None:
        """Return the batch over a file, None where the service has none."""
        batches = await self.list_all()
        return next((each for each in batches if each.input_file == file_id), None)

    async def look(self, batch_id: str) -> Batch:
        """Return what is known of a batch."""
        batch = self._read(await self._paths.send("GET", self._paths.batch_path(batch_id)))
        if not batch.state:
            raise ProtocolError(Text("回复里没有 status", "the reply has no status"))
        self.seen.add(batch_id)
        return batch

    async def cancel(self, batch_id: str) -> Batch:
        """Cancel a batch."""
        path = self._paths.batch_path(batch_id, "cancel")
        return self._read(await self._paths.send("POST", path, {}))

    async def list_all(self) -> BatchList:
        """Return the batches of the account."""
        rows = await self._paths.list_all(self._paths.batch_path(), {})
        return BatchList(map(self._read, rows), is_simulated=self._paths.is_simulated)

    def _read(self, reply: Mapping[str, Any]) -> Batch:
        return read_batch(reply, simulated=self._paths.is_simulated)

    async def watch(
        self,
        batch_id: str,
        percent: Callable[[Batch], float] | None = None,
    ) -> Batch:
        """Look at a batch until it has ended; when cancelled, it goes on.

        Parameters
        ----------
        percent
            How much is done, for the bar; no bar when None.
        """
        call = self._paths.call
        return await watch_task(
            lambda: self.look(batch_id),
            call.emit,
            is_over=lambda batch: batch.is_over,
            still_running=_STILL_RUNNING.fill(batch=batch_id),
            percent=percent,
            notice=lambda batch: _STATE.fill(
                batch=batch.id,
                state=batch.state,
                done=batch.completed + batch.failed,
                total=batch.total,
            ),
            pace=self._pace,
        )

    async def read_results(self, batch: Batch) -> BatchResults:
        """Return what became of the requests of a batch, as far as its files tell."""
        results = BatchResults(is_simulated=self._paths.is_simulated)
        for file_id in (batch.output_file, batch.error_file):
            if file_id:
                results += read_results(await self._paths.read_content(file_id))
        return results


def _of_file(file_id: str) -> Text:
    return Text("文件 {file} 的批量任务", "the batch of the file {file}").fill(file=file_id)


def failed_batch_error(batch: Batch) -> ErnieError:
    """Return the error of a batch that has ended without its results."""
    if batch.is_complete and not batch.problems:
        return ErnieError(
            Text(
                "批量任务 {batch} 已完成，但服务没有给出结果文件",
                "the batch {batch} is completed, and the service names no file with its results",
            ).fill(batch=batch.id),
            advice=Text(
                '过一会儿用 ernie.batches.results("{batch}") 再看；重新提交会再次计费',
                'look again later: ernie.batches.results("{batch}"); another batch is billed again',
            ).fill(batch=batch.id),
        )
    problems = "; ".join(batch.problems[:_PROBLEMS_SHOWN]) or batch.state
    return ErnieError(
        Text("批量任务 {batch} 没有完成：{why}", "the batch {batch} did not complete: {why}").fill(
            batch=batch.id, why=problems
        ),
        advice=Text(
            "改好后再提交；已有的结果在 ernie.batches.results 里",
            "mend it and send it again; what there is of results is in ernie.batches.results",
        ),
    )


class Batches(CallGroup):
    """Batches of the service in use: `ernie.batches.create(requests, confirm=True)`,
    `watch(batch)`, `results(batch)`, `list()`, `cancel(batch)`.

    `ernie.map(…, batch=True)` does all of it for a table.

    Parameters
    ----------
    get_client
        Called when a call begins.
    """

    _path = "ernie.batches"
    _in_order_of_use = ("create", "watch", "results", "list", "get", "cancel")

    def __init__(self, get_client: Callable[[], Client]) -> None:
        self._get_client = get_client

    def _begin_create(
        self,
        requests: Sequence[Mapping[str, Any]] | str,
        *,
        path: str = "/chat/completions",
        window: str = _WINDOW,
        metadata: Mapping[str, str] | None = None,
        confirm: bool = False,
    ) -> Stream[Batch]:
        """Begin a batch. It is billed.

        Parameters
        ----------
        requests
            The bodies of requests, at most 5,000, which get the ids "row-0", "row-1" …; or the id
            of a file of whole lines that the service has (`ernie.files.upload`).
        path
            The call that each body is for, below the service's base URL, or with its version, as
            `/v1/chat/completions`.
        window
            Within which time it is to be answered; the services know "24h".
        metadata
            Words of your own that the service keeps with it.
        confirm
            Without it nothing is sent: the error tells what would be.

        Raises
        ------
        NotConfirmed
        OutcomeUnknown
            The reply was lost: it may have been created.
        ErnieError
        """
        client = self._get_client()
        client.localizing_errors(lambda: _check_requests(requests, path, window, confirm=confirm))

        async def work(paths: ServicePaths) -> Batch:
            url = batch_url(paths.call.endpoint.base_url, path)
            if isinstance(requests, str):
                file_id = requests
            else:
                file_id = (await paths.upload(batch_form(make_lines(requests, url)))).id
            return await BatchCalls(paths).create(file_id, url, window, metadata)

        return start_work(self._get_client, work)

    create = blocking(_begin_create)
    acreate = awaited(_begin_create)

    def _begin_get(self, batch: str | Batch) -> Stream[Batch]:
        """Return what is known of a batch.

        Parameters
        ----------
        batch
            The batch or its id.

        Raises
        ------
        ErnieError
        """
        return start_work(self._get_client, lambda paths: BatchCalls(paths).look(id_of(batch)))

    get = blocking(_begin_get)
    aget = awaited(_begin_get)

    def _begin_watch(self, batch: str | Batch) -> Stream[Batch]:
        """Wait until a batch has ended, with a bar. An interrupt ends the waiting only.

        Parameters
        ----------
        batch
            The batch or its id.

        Raises
        ------
        ErnieError
        """

        async def work(paths: ServicePaths) -> Batch:
            batch_id = id_of(batch)
            with telling_stop(StoppedWork(_STILL_RUNNING.fill(batch=batch_id))):
                return await BatchCalls(paths).watch(batch_id, lambda seen: seen.percent)

        return start_work(self._get_client, work, _RUNNING)

    watch = blocking(_begin_watch)
    awatch = awaited(_begin_watch)

    def _begin_results(self, batch: str | Batch) -> Stream[BatchResults]:
        """Return what became of the requests of a batch, answered and refused ones.

        Parameters
        ----------
        batch
            The batch or its id.

        Raises
        ------
        ErnieError
        """

        async def work(paths: ServicePaths) -> BatchResults:
            calls = BatchCalls(paths)
            return await calls.read_results(await calls.look(id_of(batch)))

        return start_work(self._get_client, work)

    results = blocking(_begin_results)
    aresults = awaited(_begin_results)

    def _begin_cancel(self, batch: str | Batch) -> Stream[Batch]:
        """Cancel a batch; what was answered by then is billed.

        Parameters
        ----------
        batch
            The batch or its id.

        Raises
        ------
        ErnieError
        """
        return start_work(self._get_client, lambda paths: BatchCalls(paths).cancel(id_of(batch)))

    cancel = blocking(_begin_cancel)
    acancel = awaited(_begin_cancel)

    def _begin_list(self) -> Stream[BatchList]:
        """Return the batches of the account.

        Raises
        ------
        ErnieError
        """
        return start_work(self._get_client, lambda paths: BatchCalls(paths).list_all())

    list = blocking(_begin_list)
    alist = awaited(_begin_list)


def _check_requests(requests: object, path: str, window: str, *, confirm: bool) -> None:
    if isinstance(requests, str):
        id_of(requests)
        content = Text("文件 {file} 里的请求", "the requests of the file {file}")
        content = content.fill(file=requests)
    else:
        bodies = _check_bodies(requests)
        models = ", ".join(dict.fromkeys(str(body.get("model") or "?") for body in bodies))
        content = Text("{count}（{models}）", "{count} ({models})")
        content = content.fill(count=_REQUESTS.fill(len(bodies)), models=models)
    what = Text(
        "向 {path} 提交一个批量任务，{window} 内完成，其中是{content}",
        "send a batch of {content} to {path}, to be answered within {window}",
    )
    what = what.fill(path=path, window=window, content=content)
    check_billing(what, requests, confirm=confirm)


def _check_bodies(requests: object) -> Sequence[Mapping[str, Any]]:
    if not isinstance(requests, (list, tuple)) or not all(
        isinstance(body, dict) for body in requests
    ):
        raise InvalidOption(
            Text("请求要是字典的列表", "the requests must be a list of dicts"),
            advice=Text(
                '例如 [{{"model": …, "messages": […]}}]',
                'for example [{{"model": …, "messages": […]}}]',
            ).fill(x=0),
        )
    if not 0 < len(requests) <= MAX_REQUESTS:
        raise InvalidOption(
            Text("要有 1 到 {most} 个请求", "there must be 1 to {most} requests").fill(
                most=MAX_REQUESTS
            ),
            advice=Text("分成几批", "send them as several batches"),
        )
    return requests


def make_lines(
    bodies: Iterable[Mapping[str, Any]],
    url: str,
) -> list[dict[str, Any]]:
    """Return the lines of a batch's file: the body of each request under an id by its place."""
    return [
        {"custom_id": f"row-{i}", "method": "POST", "url": url, "body": dict(body)}
        for i, body in enumerate(bodies)
    ]
