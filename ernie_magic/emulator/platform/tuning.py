"""Tuning on the emulator: jobs, and their tasks, which run as they are looked at.

A task is Running at 0 %, 20 %, 40 %, 60 % and 80 %, and Done at the sixth look; V1's is FINISH at
the eleventh. One in a job whose name begins with `mock_failed` is Failed. What has ended stays
until it is deleted.

Sources: https://cloud.baidu.com/doc/qianfan-api/s/lmo1afnju, and the official client's mock server
(https://github.com/baidubce/bce-qianfan-sdk, python/qianfan/tests/utils/mock_server.py).
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.emulator.platform.console import (
    PlatformRoute,
    StateMachine,
    Store,
    invalid_field,
)
from ernie_magic.emulator.platform.tunable_models import (
    find_tunable_model,
    first_unfit,
    list_tunable_models,
    scales_of,
)
from ernie_magic.emulator.platform.values import FAILING, UNFINISHED, format_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.emulator.platform.console import PlatformCall

_DONE = "Done"
_FAILED = "Failed"
_STOPPED = "Stopped"
_V1_LOOKS = 10  # looks at a running task of V1
_MAX_SPLIT = 100  # percent of the data that are held out
_STEPS = (64, 128, 192, 256, 281)  # at which checkpoints are saved
_HALVING_STEPS = 60  # steps in which the loss falls to a half
_FIRST_LOSS = 2.4
_LEAST_LOSS = 0.05
# Numbers of V1 begin here.
_FIRST_NUMBER = 17_000


@dataclass
class TuningJob:
    """A job: tasks that tune one model in one mode.

    Attributes
    ----------
    id : str
    name, description, model, mode : str
    created : str
    """

    id: str
    name: str
    description: str
    model: str
    mode: str
    created: str

    @property
    def fails(self) -> bool:
        """Whether its tasks fail."""
        return self.name.startswith(FAILING)


@dataclass
class TuningTask:
    """A task of a job.

    Attributes
    ----------
    id : str
    job : TuningJob
    scale : str
        Which parameters are changed.
    run : StateMachine
    created, finished : str
    """

    id: str
    job: TuningJob
    scale: str
    run: StateMachine
    created: str
    finished: str = UNFINISHED

    def look(self) -> str:
        """Move on, and return the state."""
        state = self.run.look()
        self._note_end()
        return state

    def stop(self) -> bool:
        """Stop it; whether it was running."""
        if not self.is_running:
            return False
        self.run.end_in(_STOPPED)
        self.run.look()
        self._note_end()
        return True

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return not self.run.is_over

    def _note_end(self) -> None:
        if self.run.is_over and self.finished == UNFINISHED:
            self.finished = format_time()


@dataclass
class Tuning:
    """The jobs and tasks of an emulator, and V1's numbers for them."""

    jobs: Store[TuningJob] = field(default_factory=lambda: Store("job"))
    tasks: Store[TuningTask] = field(default_factory=lambda: Store("task"))
    numbers: dict[int, str] = field(default_factory=dict)

    def number_of(self, thing_id: str) -> int:
        """V1's number for an id."""
        number = _FIRST_NUMBER + len(self.numbers)
        self.numbers[number] = thing_id
        return number

    def id_of(self, given: object) -> object:
        """The id of V1's number, or the id itself."""
        if isinstance(given, int):
            return self.numbers.get(given, "")
        return given


def _new_job(call: PlatformCall, name: str, model: str, mode: str) -> TuningJob:
    state = call.state_of(Tuning)
    description = call.text("description", default="", limit=500)
    job = TuningJob(state.jobs.new_id(), name, description, model, mode, format_time())
    state.jobs.add(job, job.id)
    return job


def _new_task(call: PlatformCall, job: TuningJob, scale: str, states: list[str]) -> TuningTask:
    state = call.state_of(Tuning)
    if job.fails:
        states = [_FAILED]
    task = TuningTask(state.tasks.new_id(), job, scale, StateMachine(states), format_time())
    state.tasks.add(task, task.id)
    return task


# --- V2 -------------------------------------------------------------------------------------------


def create_job(call: PlatformCall) -> dict[str, Any]:
    """`CreateFineTuningJob`."""
    name = call.text("name", limit=200)
    model = find_tunable_model(call.text("model"))
    mode = call.text("trainMode")
    if not model:
        raise invalid_field("model")
    if not scales_of(model, mode):
        raise invalid_field("trainMode")
    return {"jobId": _new_job(call, name, model, mode).id}


def create_task(call: PlatformCall) -> dict[str, Any]:
    """`CreateFineTuningTask`."""
    job = call.state_of(Tuning).jobs.find(call.text("jobId"), "jobId")
    scale = call.text("parameterScale")
    if scale not in scales_of(job.model, job.mode):
        raise invalid_field("parameterScale")
    _check_hyper_parameters(call.body.get("hyperParameterConfig"), job, scale)
    _check_dataset(call.body.get("datasetConfig"))
    task = _new_task(call, job, scale, ["0%", "20%", "40%", "60%", "80%", _DONE])
    return {"jobId": job.id, "taskId": task.id}


def _check_hyper_parameters(given: object, job: TuningJob, scale: str) -> None:
    if not isinstance(given, dict):
        raise invalid_field("hyperParameterConfig")
    if unfit := first_unfit(job.model, job.mode, scale, given):
        raise invalid_field(unfit)


def _check_dataset(given: object) -> None:
    if not isinstance(given, dict):
        raise invalid_field("datasetConfig")
    if given.get("sourceType") not in ("Platform", "Bos", "Afs"):
        raise invalid_field("sourceType")
    # The pages say `versions`; the official client's own test sends `datasets`.
    versions = given.get("versions") or given.get("datasets")
    if not isinstance(versions, list) or not all(isinstance(each, dict) for each in versions):
        raise invalid_field("versions")
    split = given.get("splitRatio")
    if isinstance(split, bool) or not isinstance(split, int | float):
        raise invalid_field("splitRatio")
    if not 0 <= split <= _MAX_SPLIT:
        raise invalid_field("splitRatio")


def list_jobs(call: PlatformCall) -> dict[str, Any]:
    """`DescribeFineTuningJobs`."""
    mode = call.body.get("trainModel") or call.body.get("trainMode")
    model = call.body.get("model")
    rows = [
        _job_json(job)
        for job in call.state_of(Tuning).jobs.values()
        if mode in (None, job.mode) and model in (None, job.model)
    ]
    shown, page = call.page(rows, "jobId")
    return {"jobList": shown, "pageInfo": page}


def _job_json(job: TuningJob) -> dict[str, Any]:
    return {
        "jobId": job.id,
        "name": job.name,
        "description": job.description,
        "model": job.model,
        "trainMode": job.mode,
        "createDate": job.created,
    }


def list_tasks(call: PlatformCall) -> dict[str, Any]:
    """`DescribeFineTuningTasks`."""
    state = call.state_of(Tuning)
    job = state.jobs.find(call.text("jobId"), "jobId")
    rows = [_task_json(task, task.run.current) for task in state.tasks.values() if task.job is job]
    shown, page = call.page(rows, "taskId")
    return {"taskList": shown, "pageInfo": page}


def describe_task(call: PlatformCall) -> dict[str, Any]:
    """`DescribeFineTuningTask`: a look, with which the task moves on."""
    task = call.state_of(Tuning).tasks.find(call.text("taskId"), "taskId")
    seen = task.look()
    details = _task_json(task, seen)
    details["vdlLink"] = f"{call.server_url}/qianfan/visualdl/{task.id}"
    if seen.endswith("%"):
        details["runProgress"] = seen
    if seen == _DONE:
        details["metrics"] = _metrics_of(task)
        details["checkpointList"] = _checkpoints_of(task)
    return details


def _task_json(task: TuningTask, seen: str) -> dict[str, Any]:
    job = task.job
    status = seen
    if seen.endswith("%"):
        status = "Running"
    return {
        "taskId": task.id,
        "jobId": job.id,
        "jobName": job.name,
        "jobDescription": job.description,
        "model": job.model,
        "trainMode": job.mode,
        "parameterScale": task.scale,
        "runStatus": status,
        "createDate": task.created,
        "finishDate": task.finished,
    }


def _share_of(task: TuningTask) -> float:
    """A number from 0 to 1 that a task always has: its figures differ from those of others."""
    facts = f"{task.job.name}|{task.job.model}|{task.scale}"
    return zlib.crc32(facts.encode()) % 1000 / 1000


def _metrics_of(task: TuningTask) -> dict[str, str]:
    share = _share_of(task)
    base = {"BLEU-4": 30.0, "ROUGE-1": 45.0, "ROUGE-2": 25.0, "ROUGE-L": 42.0}
    return {name: f"{value + 20 * share:.2f}%" for name, value in base.items()}


def _checkpoints_of(task: TuningTask) -> list[dict[str, Any]]:
    first = _FIRST_LOSS * (0.75 + _share_of(task) / 2)
    checkpoints = []
    for step in _STEPS:
        loss = _LEAST_LOSS + first * 0.5 ** (step / _HALVING_STEPS)
        checkpoints.append({"step": step, "trainingLoss": loss, "perplexity": math.exp(loss)})
    return checkpoints


def stop_task(call: PlatformCall) -> bool:
    """`StopFineTuningTask`: whether it was running."""
    tasks = call.state_of(Tuning).tasks
    task_id = call.text("taskId")
    return task_id in tasks and tasks.find(task_id, "taskId").stop()


def delete_task(call: PlatformCall) -> bool:
    """`DeleteFineTuningTask`: one that has ended."""
    tasks = call.state_of(Tuning).tasks
    task = tasks.find(call.text("taskId"), "taskId")
    if task.is_running:
        raise invalid_field("taskId")
    tasks.remove(task.id, "taskId")
    return True


def delete_job(call: PlatformCall) -> bool:
    """`DeleteFineTuningJob`, with its tasks; none of which may be running."""
    state = call.state_of(Tuning)
    job = state.jobs.find(call.text("jobId"), "jobId")
    tasks = [task for task in state.tasks.values() if task.job is job]
    if any(task.is_running for task in tasks):
        raise invalid_field("jobId")
    for task in tasks:
        state.tasks.remove(task.id, "taskId")
    state.jobs.remove(job.id, "jobId")
    return True


def list_models(_call: PlatformCall) -> list[dict[str, Any]]:
    """`DescribeFineTuningSupportModels`."""
    return list_tunable_models()


ACTIONS: dict[str, Callable[[PlatformCall], Any]] = {
    "CreateFineTuningJob": create_job,
    "CreateFineTuningTask": create_task,
    "DescribeFineTuningJobs": list_jobs,
    "DescribeFineTuningTasks": list_tasks,
    "DescribeFineTuningTask": describe_task,
    "StopFineTuningTask": stop_task,
    "DeleteFineTuningTask": delete_task,
    "DeleteFineTuningJob": delete_job,
    "DescribeFineTuningSupportModels": list_models,
}

# --- V1, whose "task" is V2's job, and whose "job" is V2's task -----------------------------------


def create_v1_task(call: PlatformCall) -> dict[str, Any]:
    """`/wenxinworkshop/finetune/createTask`."""
    job = _new_job(call, call.text("name", limit=200), call.text("trainType"), "SFT")
    return {
        "id": call.state_of(Tuning).number_of(job.id),
        "uuid": job.id,
        "name": job.name,
        "description": job.description,
        "createTime": job.created.replace("T", " ").rstrip("Z"),
    }


def create_v1_job(call: PlatformCall) -> dict[str, Any]:
    """`/wenxinworkshop/finetune/createJob`."""
    state = call.state_of(Tuning)
    job = state.jobs.find(state.id_of(call.body.get("taskId")), "taskId")
    steps = [f"{100 * done // _V1_LOOKS}%" for done in range(_V1_LOOKS)]
    task = _new_task(call, job, call.text("peftType", default="ALL"), [*steps, _DONE])
    return {"id": state.number_of(task.id), "uuid": task.id}


def describe_v1_job(call: PlatformCall) -> dict[str, Any]:
    """`/wenxinworkshop/finetune/jobDetail`: a look, with which it moves on."""
    task = _find_v1_job(call)
    seen = task.look()
    progress = 100
    status = {_DONE: "FINISH", _FAILED: "FAIL", _STOPPED: "STOP"}.get(seen, "RUNNING")
    if seen.endswith("%"):
        progress = int(seen.removesuffix("%"))
    return {
        "id": call.body.get("jobId"),
        "taskId": call.body.get("taskId"),
        "taskName": task.job.name,
        "description": "",
        "version": 1,
        "trainType": task.job.model,
        "trainMode": task.job.mode,
        "peftType": task.scale,
        "trainStatus": status,
        "progress": progress,
        "runTime": 60 * progress,
        "vdlLink": f"{call.server_url}/qianfan/visualdl/{task.id}",
        "startTime": task.created.replace("T", " ").rstrip("Z"),
        "finishTime": task.finished.replace("T", " ").rstrip("Z"),
    }


def stop_v1_job(call: PlatformCall) -> bool:
    """`/wenxinworkshop/finetune/stopJob`."""
    return _find_v1_job(call).stop()


def _find_v1_job(call: PlatformCall) -> TuningTask:
    state = call.state_of(Tuning)
    task = state.tasks.find(state.id_of(call.body.get("jobId")), "jobId")
    if task.job.id != state.id_of(call.body.get("taskId")):
        raise invalid_field("taskId")
    return task


_V1 = "/wenxinworkshop/finetune"
ROUTES: tuple[PlatformRoute, ...] = (
    PlatformRoute("POST", f"{_V1}/createTask", create_v1_task),
    PlatformRoute("POST", f"{_V1}/createJob", create_v1_job),
    PlatformRoute("POST", f"{_V1}/jobDetail", describe_v1_job),
    PlatformRoute("POST", f"{_V1}/stopJob", stop_v1_job),
)
