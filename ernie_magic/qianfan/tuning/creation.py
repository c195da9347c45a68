"""Create a job and its task, each once: also when a call is made again after it was stopped, was
refused, or lost its reply.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.errors import BadRequest, ErnieError, OutcomeUnknown
from ernie_magic.qianfan.creation import create_once, created_id
from ernie_magic.qianfan.tuning.tasks import WAITING, TuningTask, read_task
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ernie_magic.qianfan.console import PlatformCall
    from ernie_magic.qianfan.tuning.plan import TuningPlan

GROUP = "finetuning"
_JOB = Text("作业“{name}”", "the job {name!r}")
_TASK = Text("作业 {job} 的任务", "a task of the job {job}")
_LIST_FIRST = Text(
    "重建之前先查看：%ernie tuning 或 ernie.tuning.jobs()、ernie.tuning.list()；同样的调用会先查找",
    "list before you create again: %ernie tuning, or ernie.tuning.jobs() and ernie.tuning.list(); "
    "the same call looks for it first",
)


class TuningCreation:
    """What the calls of one session have created in one account.

    Attributes
    ----------
    tasks : dict of str
        The task of each plan, by its key.
    jobs : dict of str
        Jobs that have no task yet, by the key of theirs.
    lost : set of str
        The keys of what may have been created: it is looked for before it is created.
    """

    def __init__(self) -> None:
        self.tasks: dict[str, str] = {}
        self.jobs: dict[str, str] = {}
        self.lost: set[str] = set()
        # The tasks that a job had before, by the key of the one that may have been added.
        self._earlier: dict[str, set[str]] = {}
        self._lock = asyncio.Lock()

    async def create(self, call: PlatformCall, plan: TuningPlan) -> TuningTask:
        """Create what of a plan does not exist yet, and return its task.

        Raises
        ------
        OutcomeUnknown
            A reply was lost.
        ErnieError
        """
        async with self._lock:
            return await self._create_missing(call, plan)

    async def _create_missing(self, call: PlatformCall, plan: TuningPlan) -> TuningTask:
        if known := await self._find_known_task(call, plan):
            return known
        job_id = plan.job_id or await self._ensure_job(call, plan)
        task_id = await self._ensure_task(call, plan, job_id)
        self.tasks[plan.key] = task_id
        self.jobs.pop(plan.job_key, None)
        return TuningTask(
            task_id,
            job_id,
            plan.name,
            plan.model,
            plan.mode,
            plan.scale,
            WAITING,
            is_simulated=call.is_simulated,
        )

    async def _find_known_task(self, call: PlatformCall, plan: TuningPlan) -> TuningTask | None:
        """Return the task that the same call created before; None where there is none that runs or
        is done.
        """
        task_id = self.tasks.get(plan.key)
        if task_id is None:
            return None
        try:
            task = await fetch_task(call, task_id)
        except BadRequest:  # it was deleted
            task = None
        if task is None or task.has_failed:
            del self.tasks[plan.key]
            return None
        return task

    async def _ensure_job(self, call: PlatformCall, plan: TuningPlan) -> str:
        """Return the job without a task that a call created before, or a new one."""
        key = plan.job_key
        job_id = await _existing_job(call, self.jobs.get(key, ""))
        if not job_id and key in self.lost:
            job_id = await _find_lost_job(call, plan)
        if not job_id:
            with self._noting_loss(key):
                job_id = await create_once(
                    created_id(call.action(GROUP, "CreateFineTuningJob", plan.job_body()), "jobId"),
                    _JOB.fill(name=plan.name),
                    _LIST_FIRST,
                )
        self.lost.discard(key)
        self.jobs[key] = job_id
        return job_id

    async def _ensure_task(self, call: PlatformCall, plan: TuningPlan, job_id: str) -> str:
        """Return the task that a call whose reply was lost has created, or a new one."""
        if plan.key in self.lost:
            found = await _list_task_ids(call, job_id) - self._earlier[plan.key]
            if found:
                self.lost.discard(plan.key)
                return max(found)
        self._earlier[plan.key] = set()
        if plan.job_id:
            self._earlier[plan.key] = await _list_task_ids(call, job_id)
        try:
            with self._noting_loss(plan.key):
                return await create_once(
                    created_id(
                        call.action(GROUP, "CreateFineTuningTask", plan.task_body(job_id)), "taskId"
                    ),
                    _TASK.fill(job=job_id),
                    _LIST_FIRST,
                )
        except OutcomeUnknown:
            raise
        except ErnieError as error:
            if not plan.job_id:
                tell_kept_job(error, job_id)
            raise

    @contextmanager
    def _noting_loss(self, key: str) -> Iterator[None]:
        """Note that something may have been created, unless it was refused or its reply came."""
        self.lost.add(key)
        try:
            yield
        except OutcomeUnknown:
            raise
        except ErnieError:
            self.lost.discard(key)
            raise
        self.lost.discard(key)


async def fetch_task(call: PlatformCall, task_id: str) -> TuningTask:
    """Return a task as it is now.

    Raises
    ------
    ErnieError
    """
    told = await call.describe(GROUP, "DescribeFineTuningTask", {"taskId": task_id})
    return read_task(told, is_simulated=call.is_simulated)


async def _existing_job(call: PlatformCall, job_id: str) -> str:
    """Return the id of a job that is still there, else ""."""
    if not job_id:
        return ""
    try:
        await _list_task_ids(call, job_id)
    except BadRequest:  # it was deleted
        return ""
    return job_id


async def _list_task_ids(call: PlatformCall, job_id: str) -> set[str]:
    listed = await call.list_items(
        GROUP, "DescribeFineTuningTasks", {"jobId": job_id}, list_name="taskList"
    )
    return {_id_in(entry, "taskId") for entry in listed}


async def _find_lost_job(call: PlatformCall, plan: TuningPlan) -> str:
    """Return the job that a call whose reply was lost has created; "" for none."""
    listed = await call.list_items(
        GROUP, "DescribeFineTuningJobs", {"model": plan.model}, list_name="jobList"
    )
    alike = [
        entry
        for entry in values.as_objects(listed)
        if (entry.get("name"), entry.get("trainMode")) == (plan.name, plan.mode)
    ]
    newest = max(alike, key=lambda entry: str(entry.get("createDate")), default=None)
    return _id_in(newest, "jobId")


def _id_in(reply: Any, name: str) -> str:
    return values.as_name(values.as_object(reply).get(name))


def tell_kept_job(error: ErnieError, job_id: str) -> None:
    """Tell in a task's error that its job exists, and is used again."""
    error.what = Text(
        "作业 {job} 已创建，任务没有创建：{why}",
        "the job {job} was created, its task was not: {why}",
    ).fill(job=job_id, why=error.what)
    again = Text(
        "再次调用时沿用作业 {job}，不会另建",
        "call it again: the job {job} is used, and no other is created",
    ).fill(job=job_id)
    if error.advice is not None:
        again = Text(f"{error.advice.zh}；{again.zh}", f"{error.advice.en}; {again.en}")
    error.advice = again
