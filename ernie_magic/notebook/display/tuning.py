"""How tuning is shown: models with their hyper-parameters, plans, jobs and tasks as tables; the loss
of a task as a curve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.notebook.display.curve import Curve
from ernie_magic.notebook.display.html_table import Table, clip_to_line
from ernie_magic.notebook.display.origin import EMULATED, line_html, with_origin
from ernie_magic.notebook.display.style import NOTE_STYLE, note_html
from ernie_magic.qianfan.tuning.tasks import RUNNING, TuningTasks
from ernie_magic.text.language import Language, Text, counted
from ernie_magic.text.moments import local_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.qianfan.tuning.hyperparameters import HyperParameter, TunableModel
    from ernie_magic.qianfan.tuning.plan import TuningPlan
    from ernie_magic.qianfan.tuning.tasks import (
        PublishedModel,
        TuningJob,
        TuningOverview,
        TuningTask,
    )

_MAX_POINTS = 500  # of a curve
_LINE_CHARACTERS = 80  # of a description
_MODELS = counted("个可调优的模型", "model that can be tuned", "models that can be tuned")
_JOBS = counted("个作业", "job")
_TASKS = counted("个任务", "task")
_ONE_MODEL = Text(
    "%ernie tuning models 模型 查看它的超参数",
    "%ernie tuning models MODEL shows its hyper-parameters",
)
_WATCH = Text(
    "%ernie tuning 任务 等它完成；%ernie tuning stop 任务 --yes 停止",
    "%ernie tuning TASK waits until it is done; %ernie tuning stop TASK --yes stops it",
)
_NEWEST = Text(
    "最新的 {n} 个作业，共 {total} 个；%ernie tuning 作业 查看其他的",
    "the newest {n} of {total} jobs; %ernie tuning JOB shows another one",
)
_CREATE = Text(
    "还没有创建；ernie.tuning.create(…, confirm=True) 创建，会产生费用",
    "not created yet; ernie.tuning.create(…, confirm=True) creates it, which is billed",
)
_BY_V1 = Text(
    "由 V1 控制台的 publishTrainModel 发布，它的文档已撤下",
    "published by publishTrainModel of the V1 console, whose pages are withdrawn",
)
_LOSS = Text("训练损失", "training loss")
_STEP = Text("步", "step")
_STATES = {
    "Waiting": Text("排队", "waiting"),
    "Running": Text("运行中", "running"),
    "Done": Text("完成", "done"),
    "Failed": Text("失败", "failed"),
    "Stopped": Text("已停止", "stopped"),
}


def models_table(models: Sequence[TunableModel], language: Language) -> Table:
    """The models and the ways to tune them; of a single one, its hyper-parameters."""
    if len(models) == 1:
        return hyper_parameters_table(models[0], language)
    headers = {
        "zh": ["模型", "训练方式", "训练方法"],
        "en": ["model", "training mode", "changes"],
    }
    rows = []
    for model in models:
        for mode in dict.fromkeys(method.mode for method in model.methods):
            scales = [method.scale for method in model.methods if method.mode == mode]
            rows.append([model.name, mode, ", ".join(scales)])
    note = f"{_MODELS.say(language, len(models))} · {_ONE_MODEL.say(language)}"
    return Table(headers[language], rows, with_origin(note, models, language))


def hyper_parameters_table(model: TunableModel, language: Language) -> Table:
    """The hyper-parameters of each way to tune a model."""
    headers = {
        "zh": ["超参数", "取值", "默认", "说明"],
        "en": ["hyper-parameter", "values", "default", "description"],
    }
    rows: list[list[str]] = []
    headings = {}
    for method in model.methods:
        headings[len(rows)] = f"{method.mode} · {method.scale}"
        rows += [_describe_hyper_parameter(each, language) for each in method.hyper_parameters]
    note = with_origin(model.name, [model], language)
    return Table(headers[language], rows, note, headings)


def _describe_hyper_parameter(parameter: HyperParameter, language: Language) -> list[str]:
    default = ""
    if parameter.default is not None:
        default = str(parameter.default)
    return [
        parameter.key,
        parameter.describe_allowed().say(language),
        default,
        clip_to_line(_describe_meaning(parameter, language), _LINE_CHARACTERS),
    ]


# The service describes them in Chinese only; by its names in lower case.
_IN_ENGLISH = {
    "epoch": "passes over the training data",
    "learningrate": "learning rate: too high does not converge, too low is slow",
    "maxseqlen": "sequence length: most tokens of one example",
    "batchsize": "batch size: examples in one step",
    "loggingsteps": "steps between two lines of the log",
    "warmupratio": "share of the steps in which the learning rate rises",
    "weightdecay": "weight decay, against overfitting",
    "gradientaccumulationsteps": "gradient accumulation: steps before an update",
    "pseudosamplingprob": "how often examples are joined into a dialogue of several turns",
    "checkpointcount": "checkpoints that are kept",
    "savestep": "steps between two checkpoints",
    "schedulername": "how the learning rate falls",
    "lorarank": "rank of LoRA's matrices",
    "loraalllinear": "whether LoRA is applied to all linear layers",
    "loratargetmodules": "layers that LoRA is applied to",
    "packing": "short examples are joined into one",
}


def _describe_meaning(parameter: HyperParameter, language: Language) -> str:
    """What a hyper-parameter is: in the service's words, in English in ours where we have some."""
    if language == "en" and (meaning := _IN_ENGLISH.get(parameter.key.lower())):
        return meaning
    return "：".join(word for word in (parameter.label, parameter.description) if word)


def plan_table(plan: TuningPlan, language: Language) -> Table:
    """Exactly what would be created."""
    headers = {"zh": ["将要创建", ""], "en": ["would be created", ""]}
    job = plan.job_id or f"{plan.name} ({_NEW_JOB.say(language)})"
    split = plan.dataset["splitRatio"]
    rows = [
        [_JOB.say(language), job],
        [_MODEL.say(language), plan.model],
        [_METHOD.say(language), f"{plan.mode} · {plan.scale}"],
        [_DATA.say(language), ", ".join(plan.data)],
        [_HELD_OUT.say(language), f"{split:g}%"],
        *([name, str(value)] for name, value in plan.extra.items()),
    ]
    headings = {len(rows): _HYPER_PARAMETERS.say(language)}
    for name, value in plan.hyper_parameters.items():
        mark = "" if name in plan.given else f" ({_DEFAULT.say(language)})"
        rows.append([name, f"{value}{mark}"])
    return Table(headers[language], rows, _CREATE.say(language), headings)


_NEW_JOB = Text("新作业", "a new job")
_JOB = Text("作业", "job")
_TASK = Text("任务", "task")
_MODEL = Text("模型", "model")
_METHOD = Text("训练方法", "method")
_DATA = Text("数据", "data")
_HELD_OUT = Text("作验证", "held out")
_HYPER_PARAMETERS = Text("超参数", "hyper-parameters")
_DEFAULT = Text("默认", "default")
_STATE = Text("状态", "state")
_REASON = Text("原因", "reason")
_CREATED = Text("创建", "created")
_FINISHED = Text("结束", "finished")
_CURVES = Text("曲线", "curves")


def jobs_table(jobs: Sequence[TuningJob], language: Language) -> Table:
    """Jobs, as the service lists them."""
    headers = {
        "zh": ["作业", "名称", "模型", "训练方式", "创建时间", "描述"],
        "en": ["job", "name", "model", "mode", "created", "description"],
    }
    rows = [
        [
            job.id,
            job.name,
            job.model,
            job.mode,
            local_moment(job.created),
            clip_to_line(job.description, _LINE_CHARACTERS),
        ]
        for job in jobs
    ]
    note = with_origin(_JOBS.say(language, len(jobs)), jobs, language)
    return Table(headers[language], rows, note)


def overview_table(overview: TuningOverview, language: Language) -> Table:
    """The newest jobs with their tasks, then those that have none."""
    more = ""
    if len(overview.jobs) < overview.job_count:
        counts = {"n": len(overview.jobs), "total": overview.job_count}
        more = _NEWEST.say(language, **counts)
    tasks = TuningTasks(overview.tasks, is_simulated=overview.is_simulated)
    return tasks_table(tasks, language, overview.jobs_without_tasks, more)


def tasks_table(
    tasks: Sequence[TuningTask],
    language: Language,
    jobs_without_tasks: Sequence[TuningJob] = (),
    more: str = "",
) -> Table:
    """Tasks below their jobs, then the jobs that have none.

    Parameters
    ----------
    more
        What the note tells of those that are not shown.
    """
    headers = {
        "zh": ["任务", "状态", "模型", "训练方法", "创建时间", "结束时间"],
        "en": ["task", "state", "model", "method", "created", "finished"],
    }
    headings = {}
    last_job = ""
    rows: list[list[str]] = []
    for task in tasks:
        if task.job_id != last_job:
            last_job = task.job_id
            headings[len(rows)] = f"{task.job_name} · {task.job_id}"
        method = f"{task.mode} · {task.scale}"
        state = describe_state(task, language)
        moments = [local_moment(task.created), local_moment(task.finished)]
        rows.append([task.id, state, task.model, method, *moments])
    for job in jobs_without_tasks:
        headings[len(rows)] = f"{job.name} · {job.id}"
        rows.append(["–", "", job.model, job.mode, local_moment(job.created), ""])
    told = [_TASKS.say(language, len(tasks)), more, _WATCH.say(language)]
    note = " · ".join(part for part in told if part)
    note = with_origin(note, (tasks, *tasks, *jobs_without_tasks), language)
    return Table(headers[language], rows, note, headings)


def describe_state(task: TuningTask, language: Language) -> str:
    """A task's state; while it runs, how much is done, where the service says so."""
    state = task.state
    if state in _STATES:
        state = _STATES[state].say(language)
    if task.state == RUNNING and task.percent:
        state = f"{state} {task.percent}%"
    return state


def task_html(task: TuningTask, language: Language) -> str:
    """A task: what is known of it, its metrics, and the curve of its loss."""
    parts = [task_table(task, language)._repr_html_()]
    if curve := loss_curve(task, language):
        parts.append(curve.drawing_html())
    if task.is_simulated:
        parts.append(note_html(line_html(EMULATED.say(language))) + NOTE_STYLE)
    return "".join(parts)


def task_text(task: TuningTask, language: Language) -> str:
    """The same as plain text."""
    parts = [repr(task_table(task, language))]
    if curve := loss_curve(task, language):
        parts.append(repr(curve))
    if task.is_simulated:
        parts.append(f"[{EMULATED.say(language)}]")
    return "\n".join(parts)


def task_table(task: TuningTask, language: Language) -> Table:
    """What is known of a task, with its metrics."""
    headers = [_TASK.say(language), task.id]
    known = [
        (_STATE, describe_state(task, language)),
        (_REASON, task.reason),
        (_JOB, f"{task.job_name} · {task.job_id}"),
        (_MODEL, task.model),
        (_METHOD, f"{task.mode} · {task.scale}"),
        (_CREATED, local_moment(task.created)),
        (_FINISHED, local_moment(task.finished)),
    ]
    if not task.is_simulated:  # the emulator has no such page
        known.append((_CURVES, task.link))
    rows = [[name.say(language), value] for name, value in known if value]
    rows += [[name, value] for name, value in task.metrics.items()]
    return Table(headers, rows)


def loss_curve(task: TuningTask, language: Language) -> Curve | None:
    """The loss by steps; None where it is not known of two at least."""
    points = [(point.step, point.loss) for point in task.checkpoints if point.loss is not None]
    if len(points) < 2:  # noqa: PLR2004
        return None
    if len(points) > _MAX_POINTS:
        points = [*points[:: len(points) // _MAX_POINTS], points[-1]]
    return Curve(points, _STEP.say(language), _LOSS.say(language))


def published_table(model: PublishedModel, language: Language) -> Table:
    """A model that a task was published as."""
    headers = {
        "zh": ["模型", "版本", "名称", "状态", "任务"],
        "en": ["model", "version", "name", "state", "task"],
    }
    notes = []
    if model.is_by_v1:
        notes.append(_BY_V1.say(language))
    if model.is_simulated:
        notes.append(EMULATED.say(language))
    row = [model.set_id, model.id, model.name, model.state, model.task_id]
    return Table(headers[language], [row], " · ".join(notes))
