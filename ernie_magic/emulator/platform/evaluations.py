"""`POST /v2/eval?Action=…`: models, or answers of theirs, that are compared.

A task is Pending, then Doing, then Done, by looks; one whose name begins with `mock_failed` ends as
Failed. The requests are those of the official client (https://github.com/baidubce/bce-qianfan-sdk,
resources/console/eval.py) and of https://cloud.baidu.com/doc/qianfan-api/s/Jmm4kavy6. The fields of
the answers and the words for states are not documented: they are V1's here.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.emulator.platform.console import StateMachine, Store, invalid_field
from ernie_magic.emulator.platform.values import FAILING, UNFINISHED, format_time
from ernie_magic.emulator.refusals import ConsoleRefusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.emulator.platform.console import PlatformCall

_DONE, _FAILED = "Done", "Failed"
_OVER = (_DONE, _FAILED)
# The kinds of objects, with the configuration that each needs and the list of objects in it.
_OBJECTS = {
    "model": ("evalModelConfig", "evalModelConfigList", "modelId"),
    "inferDataset": ("evalInferDatasetConfig", "evalInferDatasetConfigList", "inferDatasetId"),
}
_MODES = ("rule", "model", "manual", "rule,model")
_MAX_OBJECTS = 5
_METRICS = ("accuracy", "f1Score", "rouge_1", "rouge_2", "rouge_l", "bleu4")


@dataclass
class EvaluationTask:
    """A comparison."""

    name: str
    description: str
    kind: str
    objects: list[str]
    mode: str
    config: dict[str, Any]
    created: str
    states: StateMachine
    ended: str = UNFINISHED


class Evaluations:
    """The comparisons of one emulator."""

    def __init__(self) -> None:
        self.tasks: Store[EvaluationTask] = Store("task")


def create_task(call: PlatformCall) -> dict[str, Any]:
    """`CreateEvalTask`."""
    name = call.text("taskName", limit=100)
    kind = call.text("evalObjectType")
    if kind not in _OBJECTS:
        raise invalid_field("evalObjectType")
    config = call.body.get("evalConfig")
    if not isinstance(config, dict) or config.get("evalMode") not in _MODES:
        raise invalid_field("evalConfig")
    states = ["Pending", "Doing", _DONE]
    if name.startswith(FAILING):
        states[-1] = _FAILED
    task = EvaluationTask(
        name,
        call.text("description", default="", limit=500),
        kind,
        _read_objects(call.body.get("evalObjectConfig"), kind),
        str(config["evalMode"]),
        config,
        format_time(),
        StateMachine(states),
    )
    return {"taskId": call.state_of(Evaluations).tasks.add(task)}


def list_tasks(call: PlatformCall) -> dict[str, Any]:
    """`DescribeEvalTasks`: a page of them. Their states do not move."""
    wanted_mode = call.text("evalType", default="")
    sought = call.text("keyFilter", default="")
    rows = [
        _describe(task_id, task, task.states.current)
        for task_id, task in call.state_of(Evaluations).tasks.items()
        if wanted_mode in ("", task.mode)
        and any(sought in text for text in (task.name, task_id, *task.objects))
    ]
    page, info = call.page(rows, "taskId")
    return {"pageInfo": info, "taskList": page}


def describe_task(call: PlatformCall) -> dict[str, Any]:
    """`DescribeEvalTask`: its state moves with each look."""
    task_id, task = _find(call)
    state = task.states.look()
    if state in _OVER and task.ended == UNFINISHED:
        task.ended = format_time()
    return {**_describe(task_id, task, state), "evalConfig": task.config}


def describe_report(call: PlatformCall) -> dict[str, Any]:
    """`DescribeEvalTaskReport`: figures that are the same for the same names, of a task that is
    Done.
    """
    task_id, task = _find(call)
    if task.ended == UNFINISHED or task.states.current != _DONE:
        raise ConsoleRefusal(400, "InappropriateJSON", "the task is not done: it has no report")
    reports = [
        {
            "evalObjectId": each,
            "effectMetric": {metric: _figure(f"{each}.{metric}") for metric in _METRICS},
        }
        for each in task.objects
    ]
    return {"taskId": task_id, "taskName": task.name, "reportList": reports}


def delete_task(call: PlatformCall) -> bool:
    """`DeleteEvalTask`."""
    call.state_of(Evaluations).tasks.remove(call.text("taskId"), "taskId")
    return True


def _find(call: PlatformCall) -> tuple[str, EvaluationTask]:
    task_id = call.text("taskId")
    return task_id, call.state_of(Evaluations).tasks.find(task_id, "taskId")


def _read_objects(given: object, kind: str) -> list[str]:
    """The ids of what is compared: one to five."""
    config_name, list_name, id_name = _OBJECTS[kind]
    config = given.get(config_name) if isinstance(given, dict) else None
    listed = config.get(list_name) if isinstance(config, dict) else None
    if not isinstance(listed, list) or not 1 <= len(listed) <= _MAX_OBJECTS:
        raise invalid_field("evalObjectConfig")
    ids = [each.get(id_name) if isinstance(each, dict) else None for each in listed]
    if not all(isinstance(each, str) and each for each in ids):
        raise invalid_field(id_name)
    return [str(each) for each in ids]


def _describe(task_id: str, task: EvaluationTask, state: str) -> dict[str, Any]:
    return {
        "taskId": task_id,
        "taskName": task.name,
        "description": task.description,
        "evalObjectType": task.kind,
        "evalObjectIds": task.objects,
        "evalMode": task.mode,
        "state": state,
        "createTime": task.created,
        "finishTime": task.ended,
    }


def _figure(name: str) -> float:
    """A figure from 0.5 to 1: nothing was measured."""
    return round(0.5 + zlib.crc32(name.encode()) % 5_000 / 10_000, 4)


ACTIONS: dict[str, Callable[[PlatformCall], Any]] = {
    "CreateEvalTask": create_task,
    "DescribeEvalTasks": list_tasks,
    "DescribeEvalTask": describe_task,
    "DescribeEvalTaskReport": describe_report,
    "DeleteEvalTask": delete_task,
}
