"""Jobs and tasks of tuning as the platform describes them, and the model that one is published as.

Source: "DescribeFineTuningTask" (https://cloud.baidu.com/doc/qianfan-api/s/lmo1afnju) as the
official client reads it (https://github.com/baidubce/bce-qianfan-sdk, `trainer/actions.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.calls.task_states import has_failed, has_succeeded, is_over, reason_in, with_reason
from ernie_magic.qianfan.listing import Listing
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

WAITING = "Waiting"
RUNNING = "Running"
_UNFINISHED = "0000-"
_WHOLE = 100  # percent
_JOBS, _TASKS = counted("个作业", "job"), counted("个任务", "task")


@dataclass(frozen=True)
class TuningJob:
    """A job: tasks that tune one model in one mode.

    Attributes
    ----------
    id : str
        "job-…".
    name, description, model, mode, created : str
    is_simulated : bool
        Whether the emulator told of it.
    """

    id: str
    name: str
    model: str
    mode: str
    description: str = ""
    created: str = ""
    is_simulated: bool = False

    @printable
    def __repr__(self) -> str:
        return f"TuningJob({self.id}, {self.name!r}, {self.mode} of {self.model})"


class TuningJobs(Listing[TuningJob]):
    """Jobs, in the service's order."""

    def _describe(self, item: TuningJob) -> str:
        return item.id


@dataclass(frozen=True)
class Checkpoint:
    """A state of the model that was saved on the way.

    Attributes
    ----------
    step : int
    loss, perplexity : float | None
        On the data that are trained on; None where the service does not say.
    """

    step: int
    loss: float | None
    perplexity: float | None


@dataclass(frozen=True)
class TuningTask:
    """A task of a job: one run of the training.

    Attributes
    ----------
    id : str
        "task-…".
    job_id, job_name, model, mode, scale : str
    state : str
        "Waiting", "Running", "Done", "Failed" or "Stopped".
    percent : int
        How much of it is done.
    metrics : dict of str
        As the service writes them, once it is done: "BLEU-4": "16.56%".
    checkpoints : tuple of Checkpoint
        By step.
    created, finished : str
        "" while it has not.
    link : str
        The service's page with its curves.
    is_simulated : bool
        Whether the emulator made it up.
    raw : dict
        All that the platform tells of it.
    """

    id: str
    job_id: str
    job_name: str
    model: str
    mode: str
    scale: str
    state: str
    percent: int = 0
    metrics: Mapping[str, str] = field(default_factory=dict)
    checkpoints: tuple[Checkpoint, ...] = ()
    created: str = ""
    finished: str = ""
    link: str = ""
    is_simulated: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, in whichever way."""
        return is_over(self.state)

    @property
    def has_failed(self) -> bool:
        """Whether it has ended without success: it failed, or was stopped."""
        return has_failed(self.state)

    @property
    def reason(self) -> str:
        """Why it has failed, in the platform's words; "" where it has not, or does not say."""
        return reason_in(self.raw, self.state)

    @property
    def is_done(self) -> bool:
        """Whether it has ended well, and can be published."""
        return has_succeeded(self.state)

    @printable
    def __repr__(self) -> str:
        state = self.state
        if state == RUNNING:
            state = f"{state} {self.percent}%"
        state = with_reason(state, self.reason)
        return f"TuningTask({self.id}, {state}, {self.mode} {self.scale} of {self.model})"


class TuningTasks(Listing[TuningTask]):
    """Tasks, in the service's order."""

    def _describe(self, item: TuningTask) -> str:
        return f"{item.id} {item.state}"


@dataclass(frozen=True)
class TuningOverview:
    """The newest jobs with their tasks.

    Attributes
    ----------
    jobs : tuple of TuningJob
        Newest first.
    tasks : tuple of TuningTask
        Those of these jobs, in their order.
    job_count : int
        How many jobs there are in all.
    is_simulated : bool
        Whether the emulator told them.
    """

    jobs: tuple[TuningJob, ...]
    tasks: tuple[TuningTask, ...]
    job_count: int
    is_simulated: bool = False

    @property
    def jobs_without_tasks(self) -> list[TuningJob]:
        """The jobs that have none."""
        known = {task.job_id for task in self.tasks}
        return [job for job in self.jobs if job.id not in known]

    @printable
    def __repr__(self) -> str:
        jobs = _JOBS.say("en", self.job_count)
        return f"TuningOverview({jobs}, {_TASKS.say('en', len(self.tasks))})"


@dataclass(frozen=True)
class PublishedModel:
    """The model that a task was published as.

    Attributes
    ----------
    set_id : str
        The model's, "am-…".
    id : str
        The version's, "amv-…".
    name : str
    state : str
        "Creating", "Ready" or "Fail".
    task_id : str
    is_by_v1 : bool
        Whether V1's console published it, whose pages are withdrawn.
    is_simulated : bool
        Whether the emulator made it up.
    """

    set_id: str
    id: str
    name: str
    state: str
    task_id: str
    is_by_v1: bool = False
    is_simulated: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether it can be deployed."""
        return self.state == "Ready"


def read_job(told: Mapping[str, Any], *, is_simulated: bool = False) -> TuningJob:
    """Return a job of a reply."""
    return TuningJob(
        values.as_name(told.get("jobId")),
        values.as_name(told.get("name")),
        values.as_name(told.get("model")),
        values.as_name(told.get("trainMode")),
        values.as_name(told.get("description")),
        values.as_name(told.get("createDate")),
        is_simulated,
    )


def read_task(told: Mapping[str, Any], *, is_simulated: bool = False) -> TuningTask:
    """Return a task of a reply; what is not as documented is left out.

    Parameters
    ----------
    told
    is_simulated
        Whether the emulator replied.
    """
    state = values.as_name(told.get("runStatus"))
    return TuningTask(
        values.as_name(told.get("taskId")),
        values.as_name(told.get("jobId")),
        values.as_name(told.get("jobName")),
        values.as_name(told.get("model")),
        values.as_name(told.get("trainMode")),
        values.as_name(told.get("parameterScale")),
        state,
        _read_percent(told.get("runProgress"), state),
        _read_metrics(told.get("metrics")),
        _read_checkpoints(told.get("checkpointList")),
        values.as_name(told.get("createDate")),
        _read_end(told.get("finishDate")),
        values.as_name(told.get("vdlLink")),
        is_simulated,
        told,
    )


def _read_percent(told: object, state: str) -> int:
    if has_succeeded(state):
        return _WHOLE
    number = values.as_number(values.as_name(told).removesuffix("%"))
    if number is None:
        return 0
    return max(0, min(_WHOLE, round(number)))


def _read_metrics(told: object) -> dict[str, str]:
    return {
        values.as_name(name): values.as_name(value)
        for name, value in values.as_object(told).items()
        if values.as_name(value)
    }


def _read_checkpoints(told: object) -> tuple[Checkpoint, ...]:
    found = []
    for entry in values.as_objects(told):
        step = values.as_whole_number(entry.get("step"))
        if step is not None:
            loss = values.as_number(entry.get("trainingLoss"))
            found.append(Checkpoint(step, loss, values.as_number(entry.get("perplexity"))))
    return tuple(sorted(found, key=lambda checkpoint: checkpoint.step))


def _read_end(told: object) -> str:
    end = values.as_name(told)
    if end.startswith(_UNFINISHED):
        return ""
    return end
