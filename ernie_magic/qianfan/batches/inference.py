"""`ernie.batch_inference`: batch inference of Qianfan's console, whose data are on BOS
(https://cloud.baidu.com/doc/qianfan-api/s/Tmo1ftuwg).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.keywords import check_dicts, check_texts
from ernie_magic.api.public_names import CallGroup
from ernie_magic.calls.task_states import is_over, reason_in, with_reason
from ernie_magic.errors import InvalidOption
from ernie_magic.qianfan.console import LONG_PAUSE
from ernie_magic.qianfan.creation import check_billing, create_once, created_id
from ernie_magic.qianfan.listing import Listing
from ernie_magic.qianfan.lookup import id_of
from ernie_magic.runtime.once import awaited, blocking
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.qianfan.console import Console, PlatformCall
    from ernie_magic.runtime.stream import Stream

GROUP = "batchinference"
_BOS = re.compile(r"bos:/[^/\s]\S*")
_NAME_LENGTH = (2, 20)  # characters
_MAX_DESCRIPTION = 500  # characters
_TOLD = ("name", "endpoint", "modelId", "inputBosUri", "outputBosUri")
_RUNNING = Text("批量推理", "batch inference")
_STATE = Text("任务 {task}：{state}", "the task {task}: {state}")
_STILL_RUNNING = Text(
    "不再等待；任务 {task} 仍在运行：ernie.batch_inference.watch('{task}') 接着等",
    "no longer watched; the task {task} goes on: ernie.batch_inference.watch('{task}') watches it "
    "again",
)
_LIST_FIRST = Text(
    "用 ernie.batch_inference.list() 看一看，再决定是否重新创建",
    "look at ernie.batch_inference.list() before you create it again",
)


@dataclass(frozen=True)
class InferenceTask:
    """A task.

    Attributes
    ----------
    id : str
        "infer-…".
    name, state, endpoint, model : str
        `endpoint` or `model` says what answers.
    percent : float
        How much is done, 0 to 100.
    input, output : str
        Addresses on BOS; the results are in a folder below `output`.
    folder : str
        That folder's name, "" where it is not known yet.
    is_simulated : bool
        Whether the emulator runs it.
    raw : dict
        What the service said.
    """

    id: str
    name: str
    state: str
    endpoint: str = ""
    model: str = ""
    percent: float = 0.0
    input: str = ""
    output: str = ""
    folder: str = ""
    is_simulated: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, in whichever way."""
        return is_over(self.state)

    @property
    def reason(self) -> str:
        """Why it has failed, in the service's words; "" where it has not, or does not say."""
        return reason_in(self.raw, self.state)


class InferenceTasks(Listing[InferenceTask]):
    """Tasks, in the service's order."""

    def _describe(self, item: InferenceTask) -> str:
        return f"{item.id} {item.state}"


def read_task(reply: Mapping[str, Any], *, is_simulated: bool = False) -> InferenceTask:
    """Return a task as a reply describes it."""
    progress = str(reply.get("progress") or 0).rstrip("%")
    return InferenceTask(
        values.as_name(reply.get("taskId")),
        values.as_name(reply.get("name")),
        values.as_name(reply.get("runStatus")),
        values.as_name(reply.get("endpoint")),
        values.as_name(reply.get("modelId")),
        values.as_number(progress) or 0.0,
        values.as_name(reply.get("inputBosUri")),
        values.as_name(reply.get("outputBosUri")),
        values.as_name(reply.get("outputDir")),
        is_simulated,
        dict(reply),
    )


class BatchInference(CallGroup):
    """Tasks of batch inference: `ernie.batch_inference.create(…, confirm=True)`, `watch(task)`,
    `list()`, `stop(task)`.

    Parameters
    ----------
    console
        Makes the calls.
    """

    _path = "ernie.batch_inference"
    _in_order_of_use = ("create", "watch", "list", "get", "stop")

    def __init__(self, console: Console) -> None:
        self._console = console

    def _begin_create(
        self,
        name: str,
        *,
        input: str,  # noqa: A002  (what it is)
        output: str,
        endpoint: str = "",
        model: str = "",
        description: str = "",
        parameters: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        confirm: bool = False,
    ) -> Stream[InferenceTask]:
        """Create a task. It is billed.

        Parameters
        ----------
        name
            2 to 20 characters.
        input, output
            Folders on BOS, "bos:/bucket/folder/": at most 100 files of together 300 MB, each line
            `{"id": …, "query": …}`. Nothing is uploaded from here.
        endpoint
            The model id that answers; or `model`.
        model
            The version of a model of your own ("amv-…"); or `endpoint`.
        description
            At most 500 characters.
        parameters
            The parameters of inference (`inferenceParams`).
        extra
            Further fields as the API writes them.
        confirm
            Without it nothing is created: the error tells what would be.

        Raises
        ------
        NotConfirmed
        InvalidOption
            Something is wrong with what was given.
        OutcomeUnknown
            The reply was lost: it may have been created.
        ErnieError
        """
        self._console.client.localizing_errors(
            lambda: check_texts(
                name=name,
                input=input,
                output=output,
                endpoint=endpoint,
                model=model,
                description=description,
            )
        )
        self._console.client.localizing_errors(
            lambda: check_dicts(parameters=parameters, extra=extra)
        )
        fields: dict[str, Any] = {
            "name": name,
            "description": description or None,
            "endpoint": endpoint or None,
            "modelId": model or None,
            "inferenceParams": dict(parameters or {}) or None,
            "inputBosUri": input,
            "outputBosUri": output,
            **(extra or {}),
        }
        body = {field_name: value for field_name, value in fields.items() if value is not None}
        self._console.client.localizing_errors(lambda: _check_task(body, confirm=confirm))
        what = Text("批量推理任务“{name}”", "the task of batch inference {name!r}").fill(name=name)

        async def work(call: PlatformCall) -> InferenceTask:
            sent = call.action(GROUP, "CreateBatchInferenceTask", body, repeatable=False)
            task_id = await create_once(created_id(sent, "taskId"), what, _LIST_FIRST)
            return await _look(call, task_id)

        return self._console.start_work(work)

    create = blocking(_begin_create)
    acreate = awaited(_begin_create)

    def _begin_get(self, task: str | InferenceTask) -> Stream[InferenceTask]:
        """Return what is known of a task.

        Parameters
        ----------
        task
            The task or its id ("infer-…").

        Raises
        ------
        ErnieError
        """
        return self._console.start_work(lambda call: _look(call, id_of(task)))

    get = blocking(_begin_get)
    aget = awaited(_begin_get)

    def _begin_watch(self, task: str | InferenceTask) -> Stream[InferenceTask]:
        """Wait until a task has ended, with a bar. An interrupt ends the waiting only.

        Parameters
        ----------
        task
            The task or its id ("infer-…").

        Raises
        ------
        ErnieError
        """

        async def work(call: PlatformCall) -> InferenceTask:
            task_id = id_of(task)
            return await call.watch_task(
                lambda: _look(call, task_id),
                is_over=lambda seen: seen.is_over,
                still_running=_STILL_RUNNING.fill(task=task_id),
                percent=lambda seen: seen.percent,
                notice=lambda seen: _STATE.fill(
                    task=task_id, state=with_reason(seen.state, seen.reason)
                ),
                pause=LONG_PAUSE,
            )

        return self._console.start_work(work, progress_title=_RUNNING)

    watch = blocking(_begin_watch)
    awatch = awaited(_begin_watch)

    def _begin_stop(self, task: str | InferenceTask) -> Stream[bool]:
        """Stop a task; return whether the service says so.

        Parameters
        ----------
        task
            The task or its id ("infer-…").

        Raises
        ------
        ErnieError
        """

        async def work(call: PlatformCall) -> bool:
            reply = await call.action(GROUP, "StopBatchInferenceTask", {"taskId": id_of(task)})
            return reply is not False

        return self._console.start_work(work)

    stop = blocking(_begin_stop)
    astop = awaited(_begin_stop)

    def _begin_list(self) -> Stream[InferenceTasks]:
        """Return the tasks of the account.

        Raises
        ------
        ErnieError
        """

        async def work(call: PlatformCall) -> InferenceTasks:
            rows = await call.list_items(
                GROUP, "DescribeBatchInferenceTasks", {"runStatus": []}, list_name="taskList"
            )
            return call.build_listing(InferenceTasks, rows, read_task)

        return self._console.start_work(work)

    list = blocking(_begin_list)
    alist = awaited(_begin_list)


async def _look(call: PlatformCall, task_id: str) -> InferenceTask:
    reply = await call.describe(GROUP, "DescribeBatchInferenceTask", {"taskId": task_id})
    told = {"taskId": task_id, **reply}
    return read_task(told, is_simulated=call.is_simulated)


def _check_task(body: Mapping[str, Any], *, confirm: bool) -> None:
    low, high = _NAME_LENGTH
    if not low <= len(body["name"]) <= high:
        raise InvalidOption(
            Text("名称要 {low} 到 {high} 个字", "a name has {low} to {high} characters").fill(
                low=low, high=high
            )
        )
    if len(body.get("description", "")) > _MAX_DESCRIPTION:
        raise InvalidOption(
            Text("描述最多 {most} 个字", "a description has at most {most} characters").fill(
                most=_MAX_DESCRIPTION
            )
        )
    if ("endpoint" in body) == ("modelId" in body):
        raise InvalidOption(
            Text("endpoint 和 model 要给出其中一个", "give one of endpoint and model")
        )
    for name in ("inputBosUri", "outputBosUri"):
        if not _BOS.fullmatch(body[name]):
            raise InvalidOption(
                Text("{where} 不是 BOS 上的地址", "{where} is not an address on BOS").fill(
                    where=body[name][:100]
                ),
                advice=Text(
                    "先把文件放到 BOS 上，写成 bos:/桶/目录/",
                    "put the files on BOS first, and write bos:/bucket/folder/",
                ),
            )
    check_billing(_describe_creation(body), body, confirm=confirm)


def _describe_creation(body: Mapping[str, Any]) -> Text:
    """Return exactly what a task would do."""
    others = [f"{name}={value}" for name, value in body.items() if name not in _TOLD]
    return Text(
        "创建批量推理任务“{name}”：{model} 回答 {input} 里的请求，结果写到 {output}{others}",
        "create the task of batch inference {name!r}: {model} answers what is in {input}, its "
        "answers go to {output}{others}",
    ).fill(
        name=body["name"],
        model=body.get("endpoint") or body["modelId"],
        input=body["inputBosUri"],
        output=body["outputBosUri"],
        others="".join(f", {other}" for other in others),
    )
