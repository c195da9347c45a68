"""The console's batch inference, whose data are on BOS
(https://cloud.baidu.com/doc/qianfan-api/s/Tmo1ftuwg): nothing is read and nothing is written there.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.emulator.platform.console import StateMachine, Store, invalid_field
from ernie_magic.emulator.platform.values import format_time
from ernie_magic.emulator.refusals import ConsoleRefusal

if TYPE_CHECKING:
    from ernie_magic.emulator.platform.console import Actions, PlatformCall

_MAX_ALIVE = 20
_STATES = ("Queuing", "Running", "Running", "Done")
_PROGRESS = {"Queuing": 0, "Running": 50, "Done": 100}
_OVER = ("Done", "Stopped", "Failed")
_BOS = re.compile(r"bos:/[^/\s]+(/[^\s]*)?/?")


@dataclass
class _Task:
    """A task.

    Attributes
    ----------
    fields : dict
        What it was made with.
    machine : StateMachine
    created : float
        Seconds since the epoch.
    """

    fields: dict[str, Any]
    machine: StateMachine
    created: float


class _Tasks:
    """The tasks of one emulator."""

    def __init__(self) -> None:
        self.tasks: Store[_Task] = Store("infer")


def _create_task(call: PlatformCall) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": call.text("name", limit=20),
        "description": call.text("description", default="", limit=500),
        "endpoint": call.text("endpoint", default=""),
        "modelId": call.text("modelId", default=""),
        "inputBosUri": call.text("inputBosUri"),
        "outputBosUri": call.text("outputBosUri"),
    }
    if len(fields["name"]) < 2:  # noqa: PLR2004
        raise invalid_field("name")
    if bool(fields["endpoint"]) == bool(fields["modelId"]):
        raise invalid_field("endpoint")
    for name in ("inputBosUri", "outputBosUri"):
        if not _BOS.fullmatch(fields[name]):
            raise invalid_field(name)
    tasks = call.state_of(_Tasks).tasks
    alive = [task for task in tasks.values() if task.machine.last_seen not in _OVER]
    if len(alive) >= _MAX_ALIVE:
        raise ConsoleRefusal(
            400, "TaskRunningNumberExceedLimit", f"at most {_MAX_ALIVE} tasks may run"
        )
    return {"taskId": tasks.add(_Task(fields, StateMachine([*_STATES]), time.time()))}


def _task_row(task_id: str, task: _Task, state: str) -> dict[str, Any]:
    finished = ""
    if state in _OVER:
        finished = format_time()
    return {
        "taskId": task_id,
        **{name: value for name, value in task.fields.items() if value},
        "runStatus": state,
        "progress": _PROGRESS.get(state, 0),
        "outputDir": task_id.removeprefix("infer-").ljust(24, "0")[:24],
        "inputTokenUsage": 0,
        "outputTokenUsage": 0,
        "createTime": format_time(task.created),
        "finishTime": finished,
    }


def _describe_task(call: PlatformCall) -> dict[str, Any]:
    task_id = call.text("taskId")
    task = call.state_of(_Tasks).tasks.find(task_id, "taskId")
    return _task_row(task_id, task, task.machine.look())


def _describe_tasks(call: PlatformCall) -> dict[str, Any]:
    rows = [
        _task_row(task_id, task, task.machine.last_seen)
        for task_id, task in call.state_of(_Tasks).tasks.items()
    ]
    wanted = call.body.get("runStatus")
    if wanted:
        rows = [row for row in rows if row["runStatus"] in wanted]
    page, info = call.page(rows, "taskId")
    return {"taskList": page, "pageInfo": info}


def _stop_task(call: PlatformCall) -> bool:
    task = call.state_of(_Tasks).tasks.find(call.text("taskId"), "taskId")
    if task.machine.last_seen not in _OVER:
        task.machine.end_in("Stopped")
    return True


ACTIONS: Actions = {
    "CreateBatchInferenceTask": _create_task,
    "DescribeBatchInferenceTask": _describe_task,
    "DescribeBatchInferenceTasks": _describe_tasks,
    "StopBatchInferenceTask": _stop_task,
}
