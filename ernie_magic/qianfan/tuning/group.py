"""`ernie.tuning`: tune a model on Qianfan, wait for it, and publish and deploy what comes of it.

Sources: "模型调优" (https://cloud.baidu.com/doc/qianfan-api/s/lmo1afnju), "模型管理"
(https://cloud.baidu.com/doc/qianfan-api/s/7mnimyrcg) and the official client
(https://github.com/baidubce/bce-qianfan-sdk).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ernie_magic.api.public_names import CallGroup
from ernie_magic.calls.task_states import with_reason
from ernie_magic.errors import InvalidOption
from ernie_magic.qianfan.console import LONG_PAUSE
from ernie_magic.qianfan.creation import check_billing, check_deletion
from ernie_magic.qianfan.services.group import Services
from ernie_magic.qianfan.tuning.creation import GROUP, TuningCreation, fetch_task
from ernie_magic.qianfan.tuning.hyperparameters import TunableModels, read_tunable_models
from ernie_magic.qianfan.tuning.plan import MAX_SPLIT, TuningPlan, TuningRequest, make_plan
from ernie_magic.qianfan.tuning.publication import Publication, PublishOrder
from ernie_magic.qianfan.tuning.tasks import (
    PublishedModel,
    TuningJob,
    TuningJobs,
    TuningOverview,
    TuningTask,
    TuningTasks,
    read_job,
    read_task,
)
from ernie_magic.runtime.once import awaited, blocking
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from ernie_magic.qianfan.console import Console, PlatformCall
    from ernie_magic.qianfan.services.group import PlatformService
    from ernie_magic.runtime.stream import Stream

_MAX_MODEL_NAME = 50  # characters
_TUNING = Text("调优", "tuning")
_PUBLISHING = Text("发布", "publishing")
_STATE = Text("任务 {task}：{state}", "task {task}: {state}")
_STILL_RUNNING = Text(
    "不再等待；任务 {task} 仍在运行：%ernie tuning {task} 或 ernie.tuning.watch 接着看",
    "no longer waited for; the task {task} goes on: watch it again with %ernie tuning {task} or "
    "ernie.tuning.watch",
)


class Tuning(CallGroup):
    """Tune models of Qianfan: `ernie.tuning.models()`, `plan(…)`, `create(…, confirm=True)`,
    `watch(task)`, `publish(task)`.

    What is billed is created only with `confirm=True`. The same call creates a task once: it
    returns the task that it created before, unless that has failed or was stopped.

    Parameters
    ----------
    console
        Makes the calls.
    """

    _path = "ernie.tuning"
    _in_order_of_use = (
        "models",
        "plan",
        "create",
        "watch",
        "get",
        "list",
        "jobs",
        "stop",
        "publish",
        "deploy",
        "delete",
    )

    def __init__(self, console: Console) -> None:
        self._console = console
        # By account: what was created with one is unknown to another, and to the emulator.
        self._creations: dict[Hashable, TuningCreation] = {}
        self._publications: dict[Hashable, Publication] = {}

    @property
    def created_tasks(self) -> Sequence[str]:
        """The ids of the tasks that this session has created."""
        return [task for creation in self._creations.values() for task in creation.tasks.values()]

    def _begin_models(self, name: str = "") -> Stream[TunableModels]:
        """Return the models that can be tuned, with the hyper-parameters of each way to do it.

        Parameters
        ----------
        name
            Only this one.

        Raises
        ------
        InvalidOption
            There is no such model.
        ErnieError
        """

        async def fetch(call: PlatformCall) -> TunableModels:
            found = await _fetch_models(call)
            if name:
                return TunableModels([found.find_model(name)])
            return found

        return self._console.start_work(fetch)

    models = blocking(_begin_models)
    amodels = awaited(_begin_models)

    def _begin_plan(
        self,
        name: str,
        model: str,
        data: object,
        *,
        train_mode: str = "SFT",
        parameter_scale: str = "",
        split_ratio: float = MAX_SPLIT,
        description: str = "",
        job: str | TuningJob = "",
        extra: Mapping[str, Any] | None = None,
        **hyper_parameters: object,
    ) -> Stream[TuningPlan]:
        """Return exactly what `create` would create with the same arguments. Nothing is created.

        Parameters
        ----------
        name, model, data, train_mode, parameter_scale, split_ratio, description, job, extra
            As in `create`.
        **hyper_parameters
            As in `create`.

        Raises
        ------
        InvalidOption
            All that is wrong, at once.
        ErnieError
        """
        request = TuningRequest(
            name,
            model,
            data,
            train_mode,
            parameter_scale,
            split_ratio,
            description,
            _id_of(job),
            extra or {},
            hyper_parameters,
        )
        return self._console.start_work(lambda call: _plan(call, request))

    plan = blocking(_begin_plan)
    aplan = awaited(_begin_plan)

    def _begin_create(
        self,
        name: str,
        model: str,
        data: object,
        *,
        train_mode: str = "SFT",
        parameter_scale: str = "",
        split_ratio: float = MAX_SPLIT,
        description: str = "",
        job: str | TuningJob = "",
        extra: Mapping[str, Any] | None = None,
        confirm: bool = False,
        **hyper_parameters: object,
    ) -> Stream[TuningTask]:
        """Create a job with a task that tunes a model. It is billed.

        Parameters
        ----------
        name
            The job's, 1 to 200 characters.
        model
            One of `models()`.
        data
            The id of a dataset's version ("ds-…") or an address on BOS ("bos:/…"), or a list of
            them, or a mapping of them to sampling rates from 0.01 to 10. A record of
            `ernie.datasets` stands for its newest version.
        train_mode
            "SFT", "PostPretrain", "DPO" or "KTO".
        parameter_scale
            "LoRA", "FullFineTuning" or "PromptTuning"; LoRA when "", where the model has it.
        split_ratio
            Percent of the data that are held out for the validation, 0 to 20.
        description
            The job's.
        job
            A job to which the task is added; a new one when "".
        extra
            Further fields of the task as the API writes them (`incrementTaskId`, `corpusConfig`,
            `resourceConfig`).
        confirm
            Without it nothing is created: the error tells what would be.
        **hyper_parameters
            By the service's names or in Python's spelling: `epoch=3, learning_rate=3e-5`. What is
            not given is the service's default.

        Raises
        ------
        NotConfirmed
            `plan` has what would be created.
        InvalidOption
            All that is wrong, at once.
        OutcomeUnknown
            The reply was lost: it may have been created.
        ErnieError
        """
        request = TuningRequest(
            name,
            model,
            data,
            train_mode,
            parameter_scale,
            split_ratio,
            description,
            _id_of(job),
            extra or {},
            hyper_parameters,
        )

        async def create(call: PlatformCall) -> TuningTask:
            plan = await _plan(call, request)
            check_billing(plan.describe(), plan, confirm=confirm)
            account = await call.account_of(GROUP)
            creation = self._creations.setdefault(account, TuningCreation())
            return await creation.create(call, plan)

        return self._console.start_work(create)

    create = blocking(_begin_create)
    acreate = awaited(_begin_create)

    def _begin_get(self, task: str | TuningTask) -> Stream[TuningTask]:
        """Return a task as it is now.

        Parameters
        ----------
        task
            Its id, "task-…", or the task.

        Raises
        ------
        ErnieError
        """
        task_id = self._task_id(task)
        return self._console.start_work(lambda call: fetch_task(call, task_id))

    get = blocking(_begin_get)
    aget = awaited(_begin_get)

    def _begin_watch(
        self,
        task: str | TuningTask,
        *,
        pause: float = LONG_PAUSE,
    ) -> Stream[TuningTask]:
        """Wait until a task has ended, with a progress bar, and return it: `is_done` says whether
        it has ended well, `reason` why not.

        An interrupt ends the waiting only: the task goes on, and can be watched again.

        Parameters
        ----------
        task
            Its id, "task-…", or the task.
        pause
            Seconds between two looks; shorter with the emulator.

        Raises
        ------
        ErnieError
        Interrupted
        """
        task_id = self._task_id(task)

        async def watch(call: PlatformCall) -> Any:
            return await call.watch_task(
                lambda: fetch_task(call, task_id),
                is_over=lambda seen: seen.is_over,
                still_running=_STILL_RUNNING.fill(task=task_id),
                percent=lambda seen: seen.percent,
                notice=_describe_state,
                pause=pause,
            )

        return self._console.start_work(watch, progress_title=_TUNING)

    watch = blocking(_begin_watch)
    awatch = awaited(_begin_watch)

    def _begin_stop(self, task: str | TuningTask) -> Stream[TuningTask]:
        """Stop a task, and return it as it is then. It cannot be continued.

        Parameters
        ----------
        task
            Its id, "task-…", or the task.

        Raises
        ------
        ErnieError
        """
        task_id = self._task_id(task)

        async def stop(call: PlatformCall) -> TuningTask:
            await call.action(GROUP, "StopFineTuningTask", {"taskId": task_id}, repeatable=True)
            return await fetch_task(call, task_id)

        return self._console.start_work(stop)

    stop = blocking(_begin_stop)
    astop = awaited(_begin_stop)

    def _begin_publish(
        self,
        task: str | TuningTask,
        name: str = "",
        *,
        model_set: str = "",
        step: int | None = None,
        train_meta: Mapping[str, Any] | None = None,
    ) -> Stream[PublishedModel]:
        """Publish a task that is done as a model, and wait until it is ready to be deployed.

        It is published once: the same call waits for the model that it has published before.

        Parameters
        ----------
        task
            Its id, "task-…", or the task.
        name
            The model's; the job's name when "".
        model_set
            The model ("am-…") that it becomes a version of; a new one when "".
        step
            The checkpoint; the last one when None.
        train_meta
            What `CreateCustomModel` (V2) takes as `trainMeta`: its fields are not documented.
            Without it `publishTrainModel` of V1 publishes, as the official client does; V1's pages
            are withdrawn.

        Raises
        ------
        InvalidOption
            The task is not done.
        OutcomeUnknown
            The reply was lost: it may have been published.
        ErnieError
        Interrupted
        """
        task_id = self._task_id(task)

        async def publish(call: PlatformCall) -> PublishedModel:
            seen = await fetch_task(call, task_id)
            called = name or seen.job_name[:_MAX_MODEL_NAME]
            order = PublishOrder(seen, called, model_set, step, train_meta)
            account = await call.account_of(GROUP)
            publication = self._publications.setdefault(account, Publication())
            return await publication.publish(call, order)

        return self._console.start_work(publish, progress_title=_PUBLISHING)

    publish = blocking(_begin_publish)
    apublish = awaited(_begin_publish)

    def _begin_deploy(
        self,
        model: PublishedModel,
        name: str,
        *,
        confirm: bool = False,
        **options: Any,
    ) -> Stream[PlatformService]:
        """Deploy a published model as a service, which is billed: `ernie.services.deploy` with the
        model's ids. `ernie.services.watch(…)` waits until it serves.

        Parameters
        ----------
        model
            What `publish` returned.
        name
            The service's, 2 to 20 characters.
        confirm
            Without it nothing is created: the error tells what would be.
        **options
            Those of `ernie.services.deploy`: `suffix`, `resource`, `replicas`, `qps`, `hours` …

        Raises
        ------
        InvalidOption
        ErnieError
        """
        self._console.client.localizing_errors(lambda: _check_model(model))
        return Services(self._console).begin_deploy(
            name, model.id, model_set_id=model.set_id, confirm=confirm, **options
        )

    deploy = blocking(_begin_deploy)
    adeploy = awaited(_begin_deploy)

    def _begin_jobs(self) -> Stream[TuningJobs]:
        """Return your jobs.

        Raises
        ------
        ErnieError
        """
        return self._console.start_work(_fetch_jobs)

    jobs = blocking(_begin_jobs)
    ajobs = awaited(_begin_jobs)

    def _begin_list(self, job: str | TuningJob = "") -> Stream[TuningTasks]:
        """Return the tasks of a job, or of all jobs.

        Parameters
        ----------
        job
            Its id, "job-…", or the job; all when "".

        Raises
        ------
        ErnieError
        """
        job_id = _id_of(job)

        async def fetch(call: PlatformCall) -> TuningTasks:
            ids = [job_id]
            if not job_id:
                ids = [each.id for each in await _fetch_jobs(call)]
            found = [task for each in ids for task in await _fetch_tasks(call, each)]
            return TuningTasks(found)

        return self._console.start_work(fetch)

    list = blocking(_begin_list)
    alist = awaited(_begin_list)

    def _begin_overview(self, count: int = 20) -> Stream[TuningOverview]:
        """Return the newest jobs with their tasks: what `%ernie tuning` shows.

        Parameters
        ----------
        count
            How many jobs; their tasks take a request each.

        Raises
        ------
        ErnieError
        """

        async def fetch(call: PlatformCall) -> TuningOverview:
            jobs = await _fetch_jobs(call)
            newest = sorted(jobs, key=lambda job: job.created, reverse=True)[:count]
            tasks = [task for job in newest for task in await _fetch_tasks(call, job.id)]
            return TuningOverview(tuple(newest), tuple(tasks), len(jobs), call.is_simulated)

        return self._console.start_work(fetch)

    overview = blocking(_begin_overview)
    aoverview = awaited(_begin_overview)

    def _begin_delete(
        self,
        what: str | TuningTask | TuningJob,
        *,
        confirm: bool = False,
    ) -> Stream[bool]:
        """Delete a task that has ended, or a job with its tasks. Nothing brings it back.

        Parameters
        ----------
        what
            The id, "task-…" or "job-…", or the task or job itself.
        confirm
            Must be True.

        Raises
        ------
        NotConfirmed
            Nothing was deleted.
        InvalidOption
            It is neither.
        ErnieError
        """
        found = _id_of(what)
        action, body = "DeleteFineTuningJob", {"jobId": found}
        if not found.startswith("job-"):
            action, body = "DeleteFineTuningTask", {"taskId": self._task_id(found)}
        client = self._console.client
        client.localizing_errors(lambda: check_deletion(found, what, confirm=confirm))
        return self._delete(action, body)

    delete = blocking(_begin_delete)
    adelete = awaited(_begin_delete)

    def _delete(self, action: str, body: Mapping[str, str]) -> Stream[bool]:
        async def delete(call: PlatformCall) -> bool:
            return bool(await call.action(GROUP, action, body))

        return self._console.start_work(delete)

    def _task_id(self, task: str | TuningTask) -> str:
        """Return a task's id.

        Raises
        ------
        InvalidOption
            It is none.
        """
        task_id = _id_of(task)
        if not task_id.startswith("task-"):
            self._console.client.localizing_errors(partial(_refuse_task, task_id))
        return task_id


async def _plan(call: PlatformCall, request: TuningRequest) -> TuningPlan:
    return make_plan(request, await _fetch_models(call))


async def _fetch_models(call: PlatformCall) -> TunableModels:
    told = await call.action(GROUP, "DescribeFineTuningSupportModels")
    return read_tunable_models(told, is_simulated=call.is_simulated)


async def _fetch_jobs(call: PlatformCall) -> TuningJobs:
    listed = await call.list_items(GROUP, "DescribeFineTuningJobs", list_name="jobList")
    return call.build_listing(TuningJobs, listed, read_job)


async def _fetch_tasks(call: PlatformCall, job_id: str) -> TuningTasks:
    listed = await call.list_items(
        GROUP, "DescribeFineTuningTasks", {"jobId": job_id}, list_name="taskList"
    )
    return call.build_listing(TuningTasks, listed, read_task)


def _describe_state(task: TuningTask) -> Text:
    return _STATE.fill(task=task.id, state=with_reason(task.state, task.reason))


def _id_of(what: object) -> str:
    """Return the id of a job, a task or a model, which may be given as such."""
    if isinstance(what, str):
        return what.strip()
    return str(getattr(what, "id", what))


def _check_model(model: object) -> None:
    if isinstance(model, PublishedModel):
        return
    raise InvalidOption(
        Text("{given} 不是 publish 的结果", "{given} is not what publish returned").fill(
            given=f"{model!r:.60}"
        ),
        advice=Text(
            '用编号部署：ernie.services.deploy(名称, "amv-…")',
            'by its id: ernie.services.deploy(NAME, "amv-…")',
        ),
    )


def _refuse_task(task_id: str) -> None:
    raise InvalidOption(
        Text("{task} 不是任务的 ID", "{task} is not the id of a task").fill(task=f"{task_id:.60}"),
        advice=Text(
            "ID 形如 task-…；ernie.tuning.list() 列出全部",
            "ids look like task-…; ernie.tuning.list() lists them",
        ),
    )
