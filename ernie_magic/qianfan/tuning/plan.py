"""Exactly what a tuning would create: a job and a task, checked before anything is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.errors import InvalidOption, combine_errors
from ernie_magic.qianfan.tuning.hyperparameters import HyperParameter
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.qianfan.tuning.hyperparameters import TunableModels, TuningMethod

MAX_SPLIT = 20  # percent of the data that may be held out
_SPLIT = HyperParameter("split_ratio", "float", "range", (0, MAX_SPLIT), None)
# How often each row of a dataset is used.
_RATE = HyperParameter("", "float", "range", (0.01, 10.0), None)
_PLATFORM, _BOS = "Platform", "Bos"
_MAX_NAME = 200  # characters
_OWN_FIELDS = frozenset({"jobId", "parameterScale", "hyperParameterConfig", "datasetConfig"})


class TuningRequest(NamedTuple):
    """What is asked for, as it was given.

    Attributes
    ----------
    name, model : str
    data : object
        Ids of dataset versions, or addresses on BOS; with a sampling rate each, as a mapping.
    train_mode, parameter_scale : str
    split_ratio : float
        Percent.
    description : str
    job : str
        The job to add the task to, "" for a new one.
    extra : dict
        Further fields of the task.
    hyper_parameters : dict
        By either spelling of their names.
    """

    name: str
    model: str
    data: object
    train_mode: str
    parameter_scale: str
    split_ratio: float
    description: str
    job: str
    extra: Mapping[str, Any]
    hyper_parameters: Mapping[str, object]


@dataclass(frozen=True)
class TuningPlan:
    """What `ernie.tuning.create` would create.

    Attributes
    ----------
    name, model, mode, scale, description : str
    hyper_parameters : dict
        All that are sent, by the service's names.
    given : tuple of str
        Those that are not the service's defaults.
    dataset : dict
        As it is sent.
    job_id : str
        The job that the task is added to, "" where one is created.
    extra : dict
        Further fields of the task.
    """

    name: str
    model: str
    mode: str
    scale: str
    description: str
    hyper_parameters: Mapping[str, Any]
    given: tuple[str, ...]
    dataset: Mapping[str, Any]
    job_id: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @printable
    def __repr__(self) -> str:
        return f"TuningPlan({self.name!r}, {self.mode} {self.scale} of {self.model})"

    @property
    def data(self) -> list[str]:
        """The ids or addresses of the data, with their sampling rates where these are given."""
        return [_describe_version(version) for version in self.dataset["versions"]]

    def job_body(self) -> dict[str, Any]:
        """Return what creates the job."""
        body = {"name": self.name, "model": self.model, "trainMode": self.mode}
        if self.description:
            body["description"] = self.description
        return body

    def task_body(self, job_id: str) -> dict[str, Any]:
        """Return what creates the task in a job."""
        return {
            "jobId": job_id,
            "parameterScale": self.scale,
            "hyperParameterConfig": dict(self.hyper_parameters),
            "datasetConfig": dict(self.dataset),
            **self.extra,
        }

    @property
    def job_key(self) -> str:
        """What is the same of two jobs that are the same."""
        return self.job_id or json.dumps(self.job_body(), sort_keys=True)

    @property
    def key(self) -> str:
        """What is the same of two calls that would create the same."""
        task = json.dumps(self.task_body(""), sort_keys=True, default=str)
        return f"{self.job_key}\n{task}"

    def describe(self) -> Text:
        """Return all of it on one line, as what a call would do."""
        told = [f"{name}={value}" for name, value in self.hyper_parameters.items()]
        job = Text("创建作业“{name}”", "create the job {name!r}").fill(name=self.name)
        if self.job_id:
            job = Text("在作业 {job} 里", "in the job {job}").fill(job=self.job_id)
        return Text(
            "{job}和一个任务：{model} 的 {mode} {scale}，数据 {data}（{split:g}% 作验证），{told}",
            "{job} and a task: {mode} {scale} of {model} on {data} ({split:g}% held out), {told}",
        ).fill(
            job=job,
            model=self.model,
            mode=self.mode,
            scale=self.scale,
            data=", ".join(self.data),
            split=self.dataset["splitRatio"],
            told=", ".join([*told, *self.extra]),
        )


def _describe_version(version: Mapping[str, Any]) -> str:
    name = str(version.get("versionId") or version.get("versionBosUri"))
    if "samplingRate" in version:
        return f"{name} × {version['samplingRate']:g}"
    return name


def make_plan(request: TuningRequest, models: TunableModels) -> TuningPlan:
    """Return what a request would create.

    Raises
    ------
    InvalidOption
        All that is wrong with it, at once.
    """
    problems: list[InvalidOption] = []
    method, name = _choose_method(request, models, problems)
    dataset = _build_dataset(request, problems)
    _check_texts(request, problems)
    chosen: dict[str, Any] = {}
    given: dict[str, Any] = {}
    if method is not None:
        given, unfit = method.fit_values(request.hyper_parameters)
        problems += unfit
        chosen = {**method.default_values(), **given}
    if problems or method is None:
        raise combine_errors(problems)
    return TuningPlan(
        request.name.strip(),
        name,
        method.mode,
        method.scale,
        request.description,
        chosen,
        tuple(given),
        dataset,
        request.job,
        dict(request.extra),
    )


def _choose_method(
    request: TuningRequest,
    models: TunableModels,
    problems: list[InvalidOption],
) -> tuple[TuningMethod | None, str]:
    """Return how the model is tuned, and its name as the service writes it."""
    try:
        model = models.find_model(request.model)
        return model.find_method(request.train_mode, request.parameter_scale), model.name
    except InvalidOption as error:
        problems.append(error)
        return None, ""


def _check_texts(request: TuningRequest, problems: list[InvalidOption]) -> None:
    name = request.name
    if not isinstance(name, str) or not name.strip() or len(name) > _MAX_NAME:
        problems.append(
            InvalidOption(
                Text("作业要有名称", "the job needs a name"),
                advice=Text("1 到 {most} 个字", "1 to {most} characters").fill(most=_MAX_NAME),
            )
        )
    if taken := sorted(_OWN_FIELDS.intersection(request.extra)):
        problems.append(
            InvalidOption(
                Text("extra 里不能有 {names}", "extra cannot have {names}").fill(
                    names=", ".join(taken)
                ),
                Text("这些字段由其他参数决定", "other arguments decide these fields"),
            )
        )
    if request.job and not str(request.job).startswith("job-"):
        problems.append(
            InvalidOption(
                Text("{job} 不是作业的 ID", "{job} is not the id of a job").fill(
                    job=f"{request.job!s:.60}"
                ),
                advice=Text("ID 形如 job-…", "ids look like job-…"),
            )
        )


def _build_dataset(request: TuningRequest, problems: list[InvalidOption]) -> dict[str, Any]:
    split = _check_number(_SPLIT, request.split_ratio, problems)
    versions = [
        _build_version(one, rate, problems) for one, rate in _list_data(request.data, problems)
    ]
    sources = {_BOS if "versionBosUri" in version else _PLATFORM for version in versions}
    if len(sources) > 1:
        problems.append(
            InvalidOption(
                Text(
                    "平台的数据集和 BOS 上的文件不能一起用",
                    "datasets of the platform and files on BOS cannot be mixed",
                )
            )
        )
    source = next(iter(sources), _PLATFORM)
    return {"sourceType": source, "versions": versions, "splitRatio": split}


def _check_number(
    rule: HyperParameter,
    given: object,
    problems: list[InvalidOption],
) -> float:
    try:
        return float(rule.fit_value(given))
    except InvalidOption as error:
        problems.append(error)
        return 0.0


def _list_data(given: object, problems: list[InvalidOption]) -> list[tuple[str, float | None]]:
    """Return the data with their sampling rates, None where none is given."""
    if isinstance(given, dict):
        return [
            (
                _version_id_of(one),
                _check_number(replace(_RATE, key=_version_id_of(one)), rate, problems),
            )
            for one, rate in given.items()
        ]
    listed = given
    if not isinstance(given, list | tuple):
        listed = [given]
    found = [(_version_id_of(one), None) for one in listed]  # type: ignore[attr-defined]
    if not found or not all(one for one, _ in found):
        problems.append(
            InvalidOption(
                Text("没有训练数据", "there are no data to train on"),
                advice=_DATA_ADVICE,
            )
        )
        return []
    return [*found]


def _version_id_of(one: object) -> str:
    """Return the id of a dataset's version: a text, or that of a record; of a dataset, that of its
    newest version.
    """
    if isinstance(one, str):
        return one.strip()
    if versions := getattr(one, "versions", ()):
        one = max(versions, key=lambda version: version.number)
    return str(getattr(one, "version_id", "") or getattr(one, "id", "") or "")


_DATA_ADVICE = Text(
    "给出数据集版本的 ID（ds-…）或 BOS 上的地址（bos:/…），可以是列表",
    "give the id of a dataset's version (ds-…) or an address on BOS (bos:/…), or a list of them",
)


def _build_version(
    one: str,
    rate: float | None,
    problems: list[InvalidOption],
) -> dict[str, Any]:
    version: dict[str, Any] = {}
    if one.startswith("ds-"):
        version["versionId"] = one
    elif one.startswith("bos:/"):
        version["versionBosUri"] = one.replace("bos://", "bos:/", 1)
    else:
        problems.append(
            InvalidOption(
                Text("{one} 不是训练数据", "{one} is nothing to train on").fill(one=f"{one:.60}"),
                advice=_DATA_ADVICE,
            )
        )
    if rate is not None:
        version["samplingRate"] = rate
    return version
