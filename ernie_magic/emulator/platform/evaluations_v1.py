"""V1's comparisons of models, `POST /wenxinworkshop/modelrepo/eval/…`.

A task is Pending, then Doing, then Done, by looks. Source: the official client
(https://github.com/baidubce/bce-qianfan-sdk, resources/console/model.py).
"""

from __future__ import annotations

import itertools
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.emulator.platform.console import (
    PlatformRoute,
    StateMachine,
    Store,
    invalid_field,
)
from ernie_magic.emulator.platform.dataset_files import link_to_file
from ernie_magic.emulator.platform.models import Models
from ernie_magic.emulator.platform.values import format_time

if TYPE_CHECKING:
    from ernie_magic.emulator.platform.console import PlatformCall
    from ernie_magic.emulator.platform.models import ModelVersion

_METRICS = ("accuracy", "f1Score", "rouge_1", "rouge_2", "rouge_l", "bleu4", "avgJudgeScore")
_OVER = ("Done", "Stopped")
_RESULTS = 2  # rows of a task's results


@dataclass
class Comparison:
    """A task that compares versions of models."""

    number: int
    name: str
    versions: list[ModelVersion]
    dataset_id: str
    config: dict[str, Any]
    states: StateMachine = field(default_factory=lambda: StateMachine(["Pending", "Doing", "Done"]))
    created: str = field(default_factory=format_time)


class Comparisons:
    """The comparisons of one emulator, and the exports of their results."""

    def __init__(self) -> None:
        self.tasks: Store[Comparison] = Store("ame")
        self.exports: Store[StateMachine] = Store("export")
        self.numbers = itertools.count(701)

    def find(self, given: object, name: str) -> tuple[str, Comparison]:
        """A task by its id or its number.

        Raises
        ------
        ConsoleRefusal
            There is none.
        """
        for task_id, task in self.tasks.items():
            if str(given) in (task_id, str(task.number)):
                return task_id, task
        raise invalid_field(name)


def create_task(call: PlatformCall) -> dict[str, Any]:
    """`create`: versions of models are asked what a dataset asks."""
    models = call.state_of(Models)
    listed = call.body.get("versionEvalInfo")
    config = call.body.get("evalStandardConf")
    is_list = isinstance(listed, list) and all(isinstance(each, dict) for each in listed)
    if not is_list or not listed:
        raise invalid_field("versionEvalInfo")
    if not isinstance(config, dict):
        raise invalid_field("evalStandardConf")
    versions = [
        models.find_version(each.get("modelVersionId"), "versionEvalInfo") for each in listed
    ]
    comparisons = call.state_of(Comparisons)
    task = Comparison(
        next(comparisons.numbers),
        call.text("name", limit=50),
        versions,
        call.text("datasetId"),
        config,
    )
    return {"evalId": task.number, "evalIdStr": comparisons.tasks.add(task)}


def describe_task(call: PlatformCall) -> dict[str, Any]:
    """`detail`: its state moves with each look."""
    task_id, task = call.state_of(Comparisons).find(call.body.get("id"), "id")
    return {
        "id": task.number,
        "evalIdStr": task_id,
        "name": task.name,
        "state": task.states.look(),
        "datasetId": task.dataset_id,
        "evalStandardConf": task.config,
        "evalUnits": [_unit(version) for version in task.versions],
        "createTime": task.created,
    }


def describe_report(call: PlatformCall) -> list[dict[str, Any]]:
    """`report`: figures that are the same for the same versions; none before it is done."""
    _, task = call.state_of(Comparisons).find(call.body.get("id"), "id")
    if task.states.last_seen != "Done":
        return []
    return [
        {**_unit(version), "effectMetric": {name: _figure(version, name) for name in _METRICS}}
        for version in task.versions
    ]


def cancel_task(call: PlatformCall) -> bool:
    """`cancel`."""
    _, task = call.state_of(Comparisons).find(call.body.get("id"), "id")
    if task.states.last_seen not in _OVER:
        task.states = StateMachine(["Stopping", "Stopped"])
    return True


def delete_tasks(call: PlatformCall) -> bool:
    """`delete`."""
    comparisons = call.state_of(Comparisons)
    given = call.body.get("evalIds")
    if not isinstance(given, list):
        raise invalid_field("evalIds")
    for each in given:
        task_id, _ = comparisons.find(each, "evalIds")
        comparisons.tasks.remove(task_id, "evalIds")
    return True


def list_models(call: PlatformCall) -> list[dict[str, Any]]:
    """`model/list`: the versions that can be compared."""
    models = call.state_of(Models)
    versions = [*models.preset_versions, *models.versions.values()]
    return [
        {
            "modelId": models.find_set(version.set_id).number,
            "modelIdStr": version.set_id,
            "modelName": version.name,
            "modelVersionList": [_unit(version)],
        }
        for version in versions
        if version.kind == "chat"
    ]


def list_results(call: PlatformCall) -> dict[str, Any]:
    """`result/list`: a few rows for each version."""
    _, task = call.state_of(Comparisons).find(call.body.get("id"), "id")
    rows = [
        {
            "id": f"{version.id}-{index}",
            "prompt": "simulated",
            "prediction": "simulated",
            "evalUnitId": version.id,
            "metrics": {name: _figure(version, f"{name}{index}") for name in _METRICS},
        }
        for version in task.versions
        for index in range(_RESULTS)
    ]
    return {"total": len(rows), "items": call.numbered_page(rows)}


def export_results(call: PlatformCall) -> dict[str, Any]:
    """`result/export`."""
    comparisons = call.state_of(Comparisons)
    comparisons.find(call.body.get("id"), "id")
    export_id = comparisons.exports.add(StateMachine(["Pending", "Uploading", "Done"]))
    return {"exportIDStr": export_id}


def describe_export(call: PlatformCall) -> dict[str, Any]:
    """`result/export/info`: it moves with each look."""
    export_id = call.text("exportID")
    state = call.state_of(Comparisons).exports.find(export_id, "exportID").look()
    url = ""
    if state == "Done":
        url = link_to_file(call, "data.zip")
    return {"exportIDStr": export_id, "state": state, "downloadUrl": url}


def _unit(version: ModelVersion) -> dict[str, Any]:
    return {
        "modelName": version.name,
        "modelVersion": "1",
        "modelVersionId": version.number,
        "modelVersionIdStr": version.id,
        "state": "Done",
    }


def _figure(version: ModelVersion, name: str) -> float:
    """A figure from 0.5 to 1: nothing was measured."""
    return round(0.5 + zlib.crc32(f"{version.id}.{name}".encode()) % 5_000 / 10_000, 4)


_V1 = "/wenxinworkshop/modelrepo/eval/"
ROUTES: tuple[PlatformRoute, ...] = (
    PlatformRoute("POST", f"{_V1}create", create_task),
    PlatformRoute("POST", f"{_V1}detail", describe_task),
    PlatformRoute("POST", f"{_V1}report", describe_report),
    PlatformRoute("POST", f"{_V1}cancel", cancel_task),
    PlatformRoute("POST", f"{_V1}delete", delete_tasks),
    PlatformRoute("POST", f"{_V1}model/list", list_models),
    PlatformRoute("POST", f"{_V1}result/list", list_results),
    PlatformRoute("POST", f"{_V1}result/export", export_results),
    PlatformRoute("POST", f"{_V1}result/export/info", describe_export),
)
