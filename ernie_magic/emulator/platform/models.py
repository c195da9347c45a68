"""`POST /v2/model?Action=…`: models, their versions, and the tasks that make smaller ones of them.

Sources: "模型管理" (https://cloud.baidu.com/doc/qianfan-api/s/7mnimyrcg) and the official client
(https://github.com/baidubce/bce-qianfan-sdk, resources/console/model.py). Where the documentation
names no fields of a reply, they are named like those of the others.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.api.catalogue import CATALOGUE
from ernie_magic.api.models import find_model
from ernie_magic.emulator.platform.console import StateMachine, Store, invalid_field
from ernie_magic.emulator.platform.tuning import Tuning
from ernie_magic.emulator.platform.values import format_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.api.catalogue import Kind, Model
    from ernie_magic.emulator.platform.console import PlatformCall

SET_TYPES = ("Text2Text", "Text2Image", "TextRepresentation", "ImageUnderstanding", "Industry")
BASE_MODEL = "ernie-speed-8k"  # what a version is made from that does not say
_STRATEGIES = ("Quantization", "Sparsity")
_MAX_CONF = 1024 * 1024  # bytes
_APPLICATIONS: dict[Kind, str] = {
    "chat": "chat",
    "completion": "completion",
    "embedding": "embedding",
    "rerank": "reranker",
    "image": "Text-to-Image",
}
_SET_TYPE_OF: dict[Kind, str] = {"embedding": "TextRepresentation", "image": "Text2Image"}


@dataclass
class ModelVersion:
    """One version of a model.

    Attributes
    ----------
    id : str
        `amv-…`.
    number : int
        Its id in V1.
    source : str
        As the platform writes it: "Train", "Import", "Acceleration", "PlatformPreset".
    base_model : str
    job_id, task_id : str
        The training that it comes from, "" for none.
    """

    id: str
    number: int
    set_id: str
    name: str
    source: str
    base_model: str
    states: StateMachine
    description: str = ""
    job_id: str = ""
    task_id: str = ""
    kind: Kind = "chat"
    created: str = field(default_factory=format_time)


@dataclass
class ModelSet:
    """A model, which has versions."""

    id: str
    number: int
    name: str
    type: str
    source: str = "UserCreate"
    labels: list[str] = field(default_factory=list)
    created: str = field(default_factory=format_time)


@dataclass
class CompressionTask:
    """A task that makes a smaller model of one."""

    id: str
    name: str
    source_id: str
    set_id: str
    config: dict[str, Any]
    states: StateMachine
    model_id: str = ""


class Models:
    """The models of one emulator: those of the catalogue are preset."""

    def __init__(self) -> None:
        self.sets: Store[ModelSet] = Store("am")
        self.versions: Store[ModelVersion] = Store("amv")
        self.tasks: Store[CompressionTask] = Store("mct")
        self.exports: dict[str, StateMachine] = {}
        self.confs: dict[str, str] = {}
        self._numbers = itertools.count(10_001)
        self.preset_sets = [_preset_set(model, index) for index, model in _presets()]
        self.preset_versions = [_preset_version(model, index) for index, model in _presets()]

    def add_set(self, name: str, kind: str = "Text2Text") -> ModelSet:
        """A new model without a version."""
        model_set = ModelSet(self.sets.new_id(), next(self._numbers), name, kind)
        self.sets.add(model_set, model_set.id)
        return model_set

    def publish(
        self,
        model_set: ModelSet,
        source: str,
        *,
        base_model: str = BASE_MODEL,
        job_id: str = "",
        task_id: str = "",
        description: str = "",
    ) -> ModelVersion:
        """A new version of a model: it is being created at the first look, then it is ready."""
        version = ModelVersion(
            self.versions.new_id(),
            next(self._numbers),
            model_set.id,
            model_set.name,
            source,
            base_model,
            StateMachine(["Creating", "Ready"]),
            description,
            job_id,
            task_id,
            kind=_kind_of(base_model),
        )
        self.versions.add(version, version.id)
        return version

    def find_set(self, set_id: object, name: str = "modelSetId") -> ModelSet:
        """A model by its id, its number in V1 or its name.

        Raises
        ------
        ConsoleRefusal
            There is none.
        """
        for model_set in (*self.preset_sets, *self.sets.values()):
            if str(set_id) in (model_set.id, str(model_set.number), model_set.name):
                return model_set
        raise invalid_field(name)

    def find_version(self, version_id: object, name: str = "modelId") -> ModelVersion:
        """A version by its id or its number in V1.

        Raises
        ------
        ConsoleRefusal
            There is none.
        """
        for version in (*self.preset_versions, *self.versions.values()):
            if str(version_id) in (version.id, str(version.number)):
                return version
        raise invalid_field(name)

    def versions_of(self, set_id: str) -> list[ModelVersion]:
        """The versions of a model, newest first, as the official client expects."""
        versions = [*self.preset_versions, *self.versions.values()]
        return [version for version in reversed(versions) if version.set_id == set_id]

    def base_model_of(self, version_id: object) -> str:
        """The model behind a version, also for an unknown one."""
        for version in (*self.preset_versions, *self.versions.values()):
            if version.id == version_id:
                return version.base_model
        return BASE_MODEL


def _presets() -> list[tuple[int, Model]]:
    return list(enumerate(model for model in CATALOGUE if model.v2 and model.kind in _APPLICATIONS))


def stable_id(prefix: str, name: str) -> str:
    """An id in the platform's form that each emulator gives to the same thing."""
    return f"{prefix}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _kind_of(base_model: str) -> Kind:
    return next((model.kind for model in CATALOGUE if model.id == base_model), "chat")


def _preset_set(model: Model, index: int) -> ModelSet:
    return ModelSet(
        stable_id("am", model.id),
        index + 1,
        model.id,
        _SET_TYPE_OF.get(model.kind, "Text2Text"),
        "PlatformPreset",
        created="2025-01-01T00:00:00Z",
    )


def _preset_version(model: Model, index: int) -> ModelVersion:
    return ModelVersion(
        stable_id("amv", model.id),
        index + 1,
        stable_id("am", model.id),
        model.id,
        "PlatformPreset",
        model.id,
        StateMachine(["Ready"]),
        kind=model.kind,
        created="2025-01-01T00:00:00Z",
    )


def create_set(call: PlatformCall) -> dict[str, Any]:
    """`CreateCustomModelSet`."""
    models = call.state_of(Models)
    name = call.text("modelSetName", limit=50)
    kind = call.text("modelType", default="Text2Text")
    if kind not in SET_TYPES:
        raise invalid_field("modelType")
    if any(name == model_set.name for model_set in models.sets.values()):
        raise invalid_field("modelSetName")
    model_set = models.add_set(name, kind)
    return {"modelSetId": model_set.id}


def describe_system_sets(call: PlatformCall) -> dict[str, Any]:
    """`DescribeSystemModelSets`: those of the catalogue."""
    models = call.state_of(Models)
    return _page_of_sets(call, models, models.preset_sets)


def describe_custom_sets(call: PlatformCall) -> dict[str, Any]:
    """`DescribeCustomModelSets`: the user's own."""
    models = call.state_of(Models)
    return _page_of_sets(call, models, models.sets.values())


def _page_of_sets(call: PlatformCall, models: Models, sets: list[ModelSet]) -> dict[str, Any]:
    page, info = call.page([_set_row(models, each) for each in sets], "modelSetId")
    return {"pageInfo": info, "modelSetList": page}


def describe_set(call: PlatformCall) -> dict[str, Any]:
    """`DescribeModelSet`, by id or by name."""
    models = call.state_of(Models)
    wanted = call.body.get("modelSetId") or call.body.get("modelSetName")
    return _set_row(models, models.find_set(wanted))


def delete_set(call: PlatformCall) -> bool:
    """`DeleteModelSet`, with its versions."""
    models = call.state_of(Models)
    set_id = call.text("modelSetId")
    models.sets.remove(set_id, "modelSetId")
    for version in models.versions_of(set_id):
        models.versions.remove(version.id, "modelId")
    return True


def create_model(call: PlatformCall) -> dict[str, Any]:
    """`CreateCustomModel`: a training becomes a model, or files do."""
    models = call.state_of(Models)
    source = call.text("sourceType")
    model_set = models.sets.find(call.body.get("modelSetId"), "modelSetId")
    meta_name = {"Train": "trainMeta", "Import": "importMeta"}.get(source)
    if meta_name is None:
        raise invalid_field("sourceType")
    meta = call.body.get(meta_name)
    if not isinstance(meta, dict):
        raise invalid_field(meta_name)
    version = models.publish(
        model_set,
        source,
        base_model=tuned_model(call, meta.get("taskId")),
        job_id=str(meta.get("jobId") or ""),
        task_id=str(meta.get("taskId") or ""),
        description=call.text("description", default="", limit=500),
    )
    return {"modelSetId": model_set.id, "modelId": version.id}


def tuned_model(call: PlatformCall, task_id: object) -> str:
    """The model that a task tuned: by its id in the catalogue, or as the platform calls it."""
    for known_id, task in call.state_of(Tuning).tasks.items():
        if known_id == task_id:
            entry = find_model(task.job.model)
            return entry.id if entry else task.job.model
    return BASE_MODEL


def describe_model(call: PlatformCall) -> dict[str, Any]:
    """`DescribeModel` and `DescribeSystemModel`: a version, which moves with each look."""
    version = call.state_of(Models).find_version(call.body.get("modelId"))
    return version_row(version, version.states.look())


def delete_model(call: PlatformCall) -> bool:
    """`DeleteModel`: one version."""
    call.state_of(Models).versions.remove(call.body.get("modelId"), "modelId")
    return True


def create_conf(call: PlatformCall) -> dict[str, Any]:
    """`CreateModelCustomConf`: a Python file with the chat template of an imported model."""
    file = call.form.files.get("customSpecFile")
    if file is None or not file.name.endswith(".py") or len(file.content) > _MAX_CONF:
        raise invalid_field("customSpecFile")
    conf_id = stable_id("conf", file.name)
    call.state_of(Models).confs[conf_id] = file.content.decode("utf-8", "replace")
    return {"customSpecFileId": conf_id, "fileName": file.name}


def describe_system_conf(call: PlatformCall) -> dict[str, Any]:
    """`DescribeModelSystemAdvancedConf`."""
    application = call.text("modelApplicationType")
    if application not in ("chat", "completion"):
        raise invalid_field("modelApplicationType")
    return {
        "modelApplicationType": application,
        "modelFormat": call.text("modelFormat", default="HuggingFace.Transformers"),
        "advancedConf": {"torchDtype": "auto"},
    }


def describe_custom_conf(call: PlatformCall) -> dict[str, Any]:
    """`DescribeModelCustomAdvancedConf`."""
    version = call.state_of(Models).find_version(call.body.get("modelId"))
    return {"modelId": version.id, "advancedConf": {"torchDtype": "auto"}}


def create_export(call: PlatformCall) -> dict[str, Any]:
    """`CreateModelExportTask`."""
    models = call.state_of(Models)
    version = models.find_version(call.body.get("modelId"))
    models.exports[version.id] = StateMachine(["Running", "Done"])
    return {"modelId": version.id}


def describe_export(call: PlatformCall) -> dict[str, Any]:
    """`DescribeModelExportTask`."""
    models = call.state_of(Models)
    states = models.exports.get(str(call.body.get("modelId")))
    if states is None:
        raise invalid_field("modelId")
    return {"modelId": call.body["modelId"], "exportStatus": states.look()}


def create_compression(call: PlatformCall) -> str:
    """`CreateModelCompTask`: its result is the task's id itself."""
    models = call.state_of(Models)
    source = models.find_version(call.body.get("sourceModelId"), "sourceModelId")
    model_set = models.find_set(call.body.get("modelSetId"))
    config = call.body.get("config")
    if not isinstance(config, dict) or config.get("strategy") not in _STRATEGIES:
        raise invalid_field("config")
    states = StateMachine(["creating", "running", "succeeded"])
    task = CompressionTask(
        models.tasks.new_id(), call.text("name"), source.id, model_set.id, config, states
    )
    return models.tasks.add(task, task.id)


def describe_compressions(call: PlatformCall) -> dict[str, Any]:
    """`DescribeModelCompTasks`."""
    tasks = call.state_of(Models).tasks.values()
    source = call.text("sourceModelId", default="")
    wanted = [task for task in tasks if source in ("", task.source_id)]
    rows = [_task_row(task, task.states.current) for task in wanted]
    page, info = call.page(rows, "modelCompTaskId")
    return {"pageInfo": info, "modelCompTaskList": page}


def describe_compression(call: PlatformCall) -> dict[str, Any]:
    """`DescribeModelCompTask`: when it has succeeded there is a new version."""
    models = call.state_of(Models)
    task = models.tasks.find(call.body.get("modelCompTaskId"), "modelCompTaskId")
    status = task.states.look()
    if status == "succeeded" and not task.model_id:
        source = models.find_version(task.source_id)
        made = models.publish(
            models.find_set(task.set_id), "Acceleration", base_model=source.base_model
        )
        task.model_id = made.id
    return _task_row(task, status)


def cancel_compression(call: PlatformCall) -> bool:
    """`CancelModelCompTask`."""
    task = call.state_of(Models).tasks.find(call.body.get("modelCompTaskId"), "modelCompTaskId")
    if not task.states.is_over:
        task.states = StateMachine(["stopping", "stopped"])
    return True


def delete_compression(call: PlatformCall) -> bool:
    """`DeleteModelCompTask`."""
    call.state_of(Models).tasks.remove(call.body.get("modelCompTaskId"), "modelCompTaskId")
    return True


def _set_row(models: Models, model_set: ModelSet) -> dict[str, Any]:
    return {
        "modelSetId": model_set.id,
        "modelSetName": model_set.name,
        "source": model_set.source,
        "modelType": model_set.type,
        "labels": model_set.labels,
        "createTime": model_set.created,
        "modifyTime": model_set.created,
        "modelIds": [version.id for version in models.versions_of(model_set.id)],
    }


def version_row(version: ModelVersion, status: str) -> dict[str, Any]:
    """A version as `DescribeModel` tells it."""
    is_own = version.source != "PlatformPreset"
    return {
        "modelSetId": version.set_id,
        "modelId": version.id,
        "modelName": version.name,
        "status": status,
        "model": version.base_model,
        "sourceInfo": {"sourceType": version.source, "taskId": version.task_id},
        "description": version.description,
        "createTime": version.created,
        "modifyTime": version.created,
        "modelApplicationType": _APPLICATIONS[version.kind],
        "isSupportDeploy": is_own,
        "isSupportModelComp": is_own,
        "isSupportEvaluation": version.kind == "chat",
        "capabilities": {},
    }


def _task_row(task: CompressionTask, status: str) -> dict[str, Any]:
    return {
        "modelCompTaskId": task.id,
        "name": task.name,
        "sourceModelId": task.source_id,
        "modelSetId": task.set_id,
        "config": task.config,
        "status": status,
        "modelId": task.model_id,
        "failedReason": "",
    }


ACTIONS: dict[str, Callable[[PlatformCall], Any]] = {
    "CreateCustomModelSet": create_set,
    "DescribeSystemModelSets": describe_system_sets,
    "DescribeCustomModelSets": describe_custom_sets,
    "DescribeModelSet": describe_set,
    "DeleteModelSet": delete_set,
    "CreateCustomModel": create_model,
    "DescribeModel": describe_model,
    "DescribeSystemModel": describe_model,
    "DeleteModel": delete_model,
    "CreateModelCustomConf": create_conf,
    "DescribeModelSystemAdvancedConf": describe_system_conf,
    "DescribeModelCustomAdvancedConf": describe_custom_conf,
    "CreateModelExportTask": create_export,
    "DescribeModelExportTask": describe_export,
    "CreateModelCompTask": create_compression,
    "DescribeModelCompTasks": describe_compressions,
    "DescribeModelCompTask": describe_compression,
    "CancelModelCompTask": cancel_compression,
    "DeleteModelCompTask": delete_compression,
}
