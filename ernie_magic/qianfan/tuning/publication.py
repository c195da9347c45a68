"""Publish a tuning task as a model, once, and wait until the model is ready.

Sources: "模型管理" (https://cloud.baidu.com/doc/qianfan-api/s/7mnimyrcg) and the official client
(https://github.com/baidubce/bce-qianfan-sdk, `model/model.py`). V1 calls a job "task", and a task
"iteration".
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api import values
from ernie_magic.calls.task_states import is_over, with_reason
from ernie_magic.errors import ErnieError, InvalidOption, OutcomeUnknown, ServiceError
from ernie_magic.qianfan.creation import create_once, created_id, required_field
from ernie_magic.qianfan.services.group import MODELS, list_version_ids
from ernie_magic.qianfan.tuning.tasks import PublishedModel, TuningTask
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.qianfan.console import PlatformCall

_PUBLISH_V1 = "/wenxinworkshop/modelrepo/publishTrainModel"
_VERSION_V1 = "/wenxinworkshop/modelrepo/modelVersionDetail"
_MODEL = Text("模型“{name}”", "the model {name!r}")
_STATE = Text("模型 {model}：{state}", "model {model}: {state}")
_LIST_FIRST = Text(
    '先查看自己的模型（ernie.wire.call("model", "DescribeCustomModelSets")），再决定是否重新发布',
    'list your models (ernie.wire.call("model", "DescribeCustomModelSets")) before you publish '
    "it again",
)
_V1_MAY_BE_OFF = Text(
    "这里用的是 V1 控制台的 publishTrainModel，它的文档已撤下，接口可能停用；"
    'V2 用 publish(…, model_set="am-…", train_meta={…})，或在控制台发布',
    "this is publishTrainModel of the V1 console, whose pages are withdrawn and which may be off; "
    'V2 is publish(…, model_set="am-…", train_meta={…}), or publish it in the console',
)
_STILL_PUBLISHING = Text(
    "不再等待；模型 {model} 仍在发布：同样的调用接着等，不会再发布一次",
    "no longer waited for; the model {model} is still being published: the same call waits for it "
    "again, and does not publish twice",
)


class PublishOrder(NamedTuple):
    """What is published, and as what.

    Attributes
    ----------
    task : TuningTask
    name : str
        The model's.
    model_set : str
        The model that it becomes a version of, "" for a new one.
    step : int | None
        The checkpoint; the last one when None.
    train_meta : dict | None
        V2's `trainMeta`; V1 publishes when None.
    """

    task: TuningTask
    name: str
    model_set: str
    step: int | None
    train_meta: Mapping[str, Any] | None

    @property
    def key(self) -> str:
        """What is the same of two orders that are the same."""
        given = [self.task.id, self.name, self.model_set, self.step, self.train_meta]
        return json.dumps(given, default=str, sort_keys=True)

    def body_v1(self) -> dict[str, Any]:
        """Return what V1 takes."""
        version: dict[str, Any] = {"taskId": self.task.job_id, "iterationId": self.task.id}
        if self.step is not None:
            version["step"] = self.step
        if self.model_set:
            return {"isNewModel": False, "modelId": self.model_set, "versionMeta": version}
        return {"isNewModel": True, "modelName": self.name, "versionMeta": version}

    def body_v2(self) -> dict[str, Any]:
        """Return what V2 takes."""
        return {
            "modelSetId": self.model_set,
            "sourceType": "Train",
            "trainMeta": dict(self.train_meta or {}),
        }


class _Ids(NamedTuple):
    """The ids of a model and of its version."""

    set_id: str
    version_id: str


class Publication:
    """The models that a session has published."""

    def __init__(self) -> None:
        self._published: dict[str, _Ids] = {}
        # The versions that there were before, by the key of what may have been published.
        self._sending: dict[str, set[_Ids]] = {}
        self._lock = asyncio.Lock()

    async def publish(
        self,
        call: PlatformCall,
        order: PublishOrder,
    ) -> PublishedModel:
        """Publish what was not published yet, and return the model once it is ready or has failed.

        Raises
        ------
        InvalidOption
            The task is not done; V2 needs the model's id.
        OutcomeUnknown
            The reply was lost.
        ErnieError
        """
        async with self._lock:
            if order.key not in self._published:
                self._published[order.key] = await self._send(call, order)
        return await _wait_until_ready(call, order, self._published[order.key])

    async def _send(self, call: PlatformCall, order: PublishOrder) -> _Ids:
        _check_order(order)
        versions = await _list_versions(call, order)
        # What may have been published is looked for before it is published again.
        found = versions - self._sending.get(order.key, versions)
        if found:
            del self._sending[order.key]
            return max(found)
        self._sending[order.key] = versions
        what = _MODEL.fill(name=order.name)
        try:
            ids = await create_once(_request_publication(call, order), what, _LIST_FIRST)
        except OutcomeUnknown:
            raise
        except ErnieError as error:
            del self._sending[order.key]
            if order.train_meta is None and isinstance(error, ServiceError):
                error.advice = _V1_MAY_BE_OFF
            raise
        del self._sending[order.key]
        return ids


async def _request_publication(call: PlatformCall, order: PublishOrder) -> _Ids:
    """Publish, and return the ids.

    Raises
    ------
    ProtocolError
        The reply has none.
    ErnieError
    """
    if order.train_meta is not None:
        sent = call.action("model", "CreateCustomModel", order.body_v2())
        return _Ids(order.model_set, await created_id(sent, "modelId"))
    told = values.as_object(await call.request("POST", _PUBLISH_V1, order.body_v1()))
    return _Ids(required_field(told, "modelIDStr"), required_field(told, "versionIdStr"))


async def _list_versions(call: PlatformCall, order: PublishOrder) -> set[_Ids]:
    """Return the versions of the models that it may be a version of."""
    sets: Sequence[Mapping[str, Any]] = [{"modelSetId": order.model_set}]
    if not order.model_set:
        listed = values.as_objects(await call.list_items(MODELS, "DescribeCustomModelSets"))
        sets = [each for each in listed if each.get("modelSetName") == order.name]
    return {
        _Ids(values.as_name(each.get("modelSetId")), version_id)
        for each in sets
        for version_id in await list_version_ids(call, each)
    }


async def _wait_until_ready(
    call: PlatformCall,
    order: PublishOrder,
    ids: _Ids,
) -> PublishedModel:
    async def look() -> PublishedModel:
        state = await _fetch_state(call, order, ids.version_id)
        return PublishedModel(
            ids.set_id,
            ids.version_id,
            order.name,
            state,
            order.task.id,
            is_by_v1=order.train_meta is None,
            is_simulated=call.is_simulated,
        )

    return await call.watch_task(
        look,
        is_over=lambda model: is_over(model.state),
        still_running=_STILL_PUBLISHING.fill(model=ids.version_id),
        notice=lambda model: _STATE.fill(model=model.id, state=model.state),
    )


async def _fetch_state(call: PlatformCall, order: PublishOrder, version_id: str) -> str:
    """Return the state of a model's version.

    Raises
    ------
    ProtocolError
        The reply has none.
    ErnieError
    """
    if order.train_meta is None:
        body = {"modelVersionId": version_id}
        told = await call.request("POST", _VERSION_V1, body, repeatable=True)
        return required_field(values.as_object(told), "state")
    return required_field(
        await call.describe(MODELS, "DescribeModel", {"modelId": version_id}), "status"
    )


def _check_order(order: PublishOrder) -> None:
    task = order.task
    if task.has_failed:
        raise InvalidOption(
            Text(
                "任务 {task} 没有成功，不能发布：{state}",
                "the task {task} has not ended well, and cannot be published: {state}",
            ).fill(task=task.id, state=with_reason(task.state, task.reason)),
            advice=Text(
                "改好数据或参数，用 ernie.tuning.create(…) 再训练",
                "correct the data or the options, and train again: ernie.tuning.create(…)",
            ),
        )
    if not task.is_done:
        raise InvalidOption(
            Text(
                "任务 {task} 是 {state}，不能发布",
                "the task {task} is {state}: it cannot be published",
            ).fill(task=task.id, state=task.state or "?"),
            advice=Text(
                '等它完成：ernie.tuning.watch("{task}")',
                'wait until it is done: ernie.tuning.watch("{task}")',
            ).fill(task=task.id),
        )
    if order.train_meta is not None and not order.model_set:
        raise InvalidOption(
            Text(
                "用 train_meta 发布要给出 model_set", "to publish with train_meta needs model_set"
            ),
            Text(
                "V2 的 CreateCustomModel 在已有的模型下创建版本",
                "V2's CreateCustomModel creates a version of a model that exists",
            ),
            Text("ID 形如 am-…", "ids look like am-…"),
        )
