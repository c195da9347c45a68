"""`POST /wenxinworkshop/{dataset,entity,etl,enhance}/…`: the data of V1's console.

Its pages are withdrawn; it is here for the official client, whose every field that it reads is sent
(https://github.com/baidubce/bce-qianfan-sdk, resources/console/data.py and its
tests/utils/mock_server.py). States are numbers: of an import and an export -1 none, 1 running, 2
done, 3 failed; of a release 0 none, 1 running, 2 done, 3 failed; of a task 1 running, 2 done. A
state of 0 after an import began would be a failure to the client, so none is ever sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from ernie_magic.emulator.platform.console import (
    PlatformRoute,
    StateMachine,
    Store,
    invalid_field,
)
from ernie_magic.emulator.platform.dataset_files import link_to_file
from ernie_magic.emulator.platform.datasets import SAMPLES_PER_FILE
from ernie_magic.emulator.platform.values import FAILING, format_v1_time
from ernie_magic.emulator.refusals import ConsoleRefusal

if TYPE_CHECKING:
    from ernie_magic.emulator.platform.console import PlatformCall

_RUNNING, _DONE, _FAILED = "1", "2", "3"
_TEXT_TYPES = (4, 7)
_PROJECTS = (20, 401, 402, 705)
_DIALOGUE = 20
_MAX_ENTITIES = 30  # a page of them
_STAGES = ("clean", "filter", "deduplication", "desensitization")


@dataclass
class V1Dataset:
    """A version of a dataset, which is what V1 calls a dataset."""

    id: str
    number: int
    name: str
    data_type: int
    project: int
    template: int
    storage: dict[str, Any]
    storage_type: str
    created: str
    imported: StateMachine = field(default_factory=lambda: StateMachine(["-1"]))
    released: StateMachine = field(default_factory=lambda: StateMachine(["0"]))
    exported: StateMachine = field(default_factory=lambda: StateMachine(["-1"]))
    exports: list[dict[str, Any]] = field(default_factory=list)
    is_annotated: bool = False
    entities: dict[str, Any] = field(default_factory=dict)
    modified: str = field(default_factory=format_v1_time)

    @property
    def entity_count(self) -> int:
        """How many entities it has, which are made up."""
        if self.imported.current != _DONE:
            return 0
        return len(self.entities)


@dataclass
class DataTask:
    """A cleaning (ETL) or an augmentation."""

    id: str
    body: dict[str, Any]
    started: str
    states: StateMachine


class V1Data:
    """The data of V1 of one emulator."""

    def __init__(self) -> None:
        self.datasets: Store[V1Dataset] = Store("ds")
        self.cleanings: Store[DataTask] = Store("etl")
        self.augmentations: Store[DataTask] = Store("aug")
        self.numbers = count(46_563)


def create_dataset(call: PlatformCall) -> dict[str, Any]:
    """`dataset/create`."""
    state = call.state_of(V1Data)
    body = call.body
    project, template = body.get("projectType"), body.get("templateType")
    if project not in _PROJECTS or not str(template).startswith(str(project)):
        raise invalid_field("templateType")
    if body.get("dataType") not in _TEXT_TYPES:
        raise invalid_field("dataType")
    storage_type = call.text("storageType")
    if storage_type not in ("sysBos", "usrBos"):
        raise invalid_field("storageType")
    dataset_id = state.datasets.new_id()
    dataset = V1Dataset(
        dataset_id,
        next(state.numbers),
        call.text("name", limit=100),
        body["dataType"],
        project,
        int(str(template)),
        _read_storage(call, storage_type, dataset_id),
        storage_type,
        format_v1_time(),
    )
    state.datasets.add(dataset, dataset_id)
    return {
        "id": dataset.number,
        "groupId": dataset.number,
        "groupPK": str(dataset.number),
        "datasetId": dataset_id,
        "versionId": 1,
        "groupName": dataset.name,
        "displayName": "",
        "dataType": dataset.data_type,
        "projectType": dataset.project,
        "templateType": dataset.template,
        "storageInfo": dataset.storage,
        "importStatus": -1,
        "importProgress": 0,
        "exportStatus": -1,
        "releaseStatus": 0,
        "errCode": None,
        "createTime": dataset.created,
        "modifyTime": dataset.created,
    }


def _read_storage(call: PlatformCall, storage_type: str, dataset_id: str) -> dict[str, Any]:
    if storage_type == "sysBos":
        path = f"/easydata/_system_/dataset/{dataset_id}/texts"
        return {
            "storageId": "easydata",
            "storageName": "easydata",
            "storagePath": path,
            "rawStoragePath": "",
            "region": "bj",
        }
    bucket, path = call.text("storageId"), call.text("rawStoragePath")
    return {
        "storageId": bucket,
        "storageName": bucket,
        "storagePath": f"/{bucket}/{path}",
        "rawStoragePath": path,
        "region": "bj",
    }


def import_data(call: PlatformCall) -> bool:
    """`dataset/import`: it runs, then is done, or failed where the file is named so."""
    dataset = _find_dataset(call)
    files = call.body.get("files")
    if not isinstance(files, list) or len(files) != 1 or not isinstance(files[0], str):
        raise invalid_field("files")
    if not files[0] or call.body.get("importFrom") not in (1, 2):
        raise invalid_field("importFrom")
    if dataset.imported.current == _RUNNING:
        raise ConsoleRefusal(400, "500100", "an import of this dataset is running")
    end = _FAILED if FAILING in files[0] else _DONE
    dataset.imported = StateMachine([_RUNNING, end])
    dataset.is_annotated = bool(call.body.get("annotated"))
    dataset.modified = format_v1_time()
    first = len(dataset.entities)
    for number in range(first, first + SAMPLES_PER_FILE):
        dataset.entities[f"{dataset.id}-{number}"] = None
    return True


def describe_dataset(call: PlatformCall) -> dict[str, Any]:
    """`dataset/info`."""
    dataset = _find_dataset(call)
    return {
        "groupPK": str(dataset.number),
        "name": dataset.name,
        "dataType": dataset.data_type,
        "versionInfo": {
            "id": dataset.number,
            "groupId": dataset.number,
            "datasetId": dataset.number,
            "datasetPK": dataset.id,
            "versionId": 1,
            "projectType": dataset.project,
            "templateType": dataset.template,
            "dataType": dataset.data_type,
            "storageType": dataset.storage_type,
            "storage": dataset.storage,
            "createTime": dataset.created,
            **_look_at_states(dataset, call),
        },
    }


def list_states(call: PlatformCall) -> dict[str, Any]:
    """`dataset/statusList`: an object by the ids that were asked for."""
    state = call.state_of(V1Data)
    ids = call.body.get("datasetIds")
    if not isinstance(ids, list) or not ids:
        raise invalid_field("datasetIds")
    found = {str(one): state.datasets.find(one, "datasetIds") for one in ids}
    return {one: _look_at_states(dataset, call) for one, dataset in found.items()}


def _look_at_states(dataset: V1Dataset, call: PlatformCall) -> dict[str, Any]:
    imported = int(dataset.imported.look())
    is_failed = imported == int(_FAILED)
    return {
        "importStatus": imported,
        "importProgress": 100 if imported == int(_DONE) else 0,
        "importErrorInfo": link_to_file(call, "errors.csv") if is_failed else None,
        "exportStatus": int(dataset.exported.look()),
        "exportProgress": 0,
        "releaseStatus": int(dataset.released.look()),
        "releaseProgress": 0,
        "releaseErrCode": 0,
        "releaseStoragePath": f"{dataset.storage['storagePath']}/jsonl",
        "enhanceStatus": -1,
        "etlStatus": 0,
        "errCode": 55 if is_failed else None,
        "entityCount": dataset.entity_count,
        "annotatedEntityCount": dataset.entity_count if dataset.is_annotated else 0,
        "labelCount": 1,
        "characterCount": 0,
        "modifyTime": dataset.modified,
        "exportRecordCount": len(dataset.exports),
    }


def describe_import_error(call: PlatformCall) -> dict[str, Any]:
    """`dataset/importErrorDetail`."""
    dataset = _find_dataset(call)
    return {
        "dataType": "file",
        "downloadUrl": link_to_file(call, "errors.csv"),
        "isZip": 0,
        "projectType": dataset.project,
        "content": [{"sequence": 1, "sampleName": "", "textLocation": 3, "textContent": ""}],
    }


def release_dataset(call: PlatformCall) -> bool:
    """`dataset/release`: it runs, then is done; one without data or answers is refused."""
    dataset = _find_dataset(call)
    needs_answers = dataset.project == _DIALOGUE and not dataset.is_annotated
    if not dataset.entity_count or needs_answers:
        raise ConsoleRefusal(400, "500101", "the dataset has no annotated data")
    dataset.released = StateMachine([_RUNNING, _DONE])
    return True


def export_dataset(call: PlatformCall) -> bool:
    """`dataset/export`: it runs, then is done."""
    dataset = _find_dataset(call)
    if call.body.get("exportTo") not in (0, 1) or call.body.get("exportType") not in (1, 2):
        raise invalid_field("exportTo")
    if not dataset.entity_count:
        raise ConsoleRefusal(400, "500102", "the dataset has no data")
    dataset.exported = StateMachine([_RUNNING, _DONE])
    dataset.exports.append(
        {
            "creatorName": "emulator",
            "storageId": call.body.get("storageId", "easydata-upload"),
            "storagePath": "path",
            "size": 0.01,
            "exportFormat": 0,
            "exportType": call.body["exportType"],
            "status": int(_DONE),
            "recordNum": dataset.entity_count,
            "exportTo": call.body["exportTo"],
            "downloadUrl": link_to_file(call, "data.zip"),
            "startTime": format_v1_time(),
            "finishTime": format_v1_time(),
        }
    )
    return True


def list_exports(call: PlatformCall) -> list[dict[str, Any]]:
    """`dataset/exportRecord`."""
    return _find_dataset(call).exports


def delete_dataset(call: PlatformCall) -> dict[str, Any]:
    """`dataset/delete`: not while an import or a release runs."""
    dataset = _find_dataset(call)
    if _RUNNING in (dataset.imported.current, dataset.released.current):
        raise ConsoleRefusal(400, "500103", "the dataset is in use")
    call.state_of(V1Data).datasets.remove(dataset.id, "datasetId")
    return {"versionCount": 0}


def list_entities(call: PlatformCall) -> dict[str, Any]:
    """`entity/list`: a page; the content of each is behind its `url`."""
    dataset = _find_dataset(call)
    call.number("pageSize", 20, 1, _MAX_ENTITIES)
    ids = list(dataset.entities) if dataset.entity_count else []
    rows = [{"id": one, "url": link_to_file(call, "sample.txt"), "labels": []} for one in ids]
    return {"total": len(rows), "items": call.numbered_page(rows)}


def annotate_entity(call: PlatformCall) -> bool:
    """`entity/annotate`."""
    dataset = _find_dataset(call)
    entity_id = call.text("id")
    if entity_id not in dataset.entities:
        raise invalid_field("id")
    dataset.entities[entity_id] = call.body.get("content") or call.body.get("labels")
    dataset.is_annotated = True
    dataset.modified = format_v1_time()
    return True


def delete_entities(call: PlatformCall) -> dict[str, Any]:
    """`entity/delete`."""
    dataset = _find_dataset(call)
    ids = call.body.get("id")
    if not isinstance(ids, list):
        raise invalid_field("id")
    failed = [one for one in ids if one not in dataset.entities]
    for one in ids:
        dataset.entities.pop(one, None)
    return {"failedOnes": failed}


def create_cleaning(call: PlatformCall) -> dict[str, Any]:
    """`etl/create`: plain text only."""
    state = call.state_of(V1Data)
    for name in ("sourceDatasetId", "destDatasetId"):
        state.datasets.find(call.body.get(name), name)
    operations = call.body.get("operationsV2")
    if not isinstance(operations, dict) or set(operations) - set(_STAGES):
        raise invalid_field("operationsV2")
    task = DataTask(
        state.cleanings.new_id(), dict(call.body), format_v1_time(), StateMachine([_RUNNING, _DONE])
    )
    return {"id": state.cleanings.add(task, task.id)}


def describe_cleaning(call: PlatformCall) -> dict[str, Any]:
    """`etl/detail`: its state moves with each look."""
    task = call.state_of(V1Data).cleanings.find(call.body.get("etlId"), "etlId")
    return _cleaning_row(task, task.states.look(), call)


def _cleaning_row(task: DataTask, status: str, call: PlatformCall) -> dict[str, Any]:
    datasets = call.state_of(V1Data).datasets
    source, target = task.body["sourceDatasetId"], task.body["destDatasetId"]
    total = datasets.find(source, "sourceDatasetId").entity_count if source in datasets else 0
    remaining = total if status == _DONE else 0
    return {
        "id": task.id,
        "etlStrId": task.id,
        "etlTaskName": task.body.get("etlTaskName", ""),
        "sourceDatasetStrId": source,
        "destDatasetStrId": target,
        "entityCount": total,
        "entityType": 2,
        "operationsV2": task.body["operationsV2"],
        "result": {"remaining_entity": remaining, "failReason": "", "pauseReason": ""},
        "remainingEntity": remaining,
        "processStatus": int(status),
        "startTime": task.started,
        "modifyTime": format_v1_time(),
    }


def list_cleanings(call: PlatformCall) -> dict[str, Any]:
    """`etl/list`."""
    tasks = call.state_of(V1Data).cleanings.values()
    rows = [_cleaning_row(task, task.states.current, call) for task in tasks]
    running = sum(row["processStatus"] == int(_RUNNING) for row in rows)
    return {
        "processingCount": running,
        "total": len(rows),
        "items": call.numbered_page(rows, default_size=10),
    }


def delete_cleanings(call: PlatformCall) -> bool:
    """`etl/delete`."""
    return _delete_tasks(call, call.state_of(V1Data).cleanings, "etlIds")


def create_augmentation(call: PlatformCall) -> dict[str, Any]:
    """`enhance/create`."""
    state = call.state_of(V1Data)
    for name in ("sourceDatasetId", "destDatasetId"):
        state.datasets.find(call.body.get(name), name)
    call.number("numSeedFewshot", 1, 1, 10)
    call.number("numInstancesToGenerate", 1, 1, 5000)
    task = DataTask(
        state.augmentations.new_id(),
        dict(call.body),
        format_v1_time(),
        StateMachine([_RUNNING, _DONE]),
    )
    return {"id": state.augmentations.add(task, task.id)}


def describe_augmentation(call: PlatformCall) -> dict[str, Any]:
    """`enhance/detail`: its state moves with each look."""
    task = call.state_of(V1Data).augmentations.find(call.body.get("taskId"), "taskId")
    return _augmentation_row(task, task.states.look())


def _augmentation_row(task: DataTask, status: str) -> dict[str, Any]:
    return {**task.body, "id": task.id, "status": int(status), "startTime": task.started}


def list_augmentations(call: PlatformCall) -> dict[str, Any]:
    """`enhance/list`."""
    tasks = call.state_of(V1Data).augmentations.values()
    rows = [_augmentation_row(task, task.states.current) for task in tasks]
    return {"total": len(rows), "items": call.numbered_page(rows, default_size=10)}


def delete_augmentations(call: PlatformCall) -> bool:
    """`enhance/delete`."""
    return _delete_tasks(call, call.state_of(V1Data).augmentations, "taskIds")


def _delete_tasks(call: PlatformCall, tasks: Store[DataTask], name: str) -> bool:
    """Delete tasks; one that runs still is stopped by it."""
    ids = call.body.get(name)
    if not isinstance(ids, list) or not ids:
        raise invalid_field(name)
    for one in ids:
        tasks.find(one, name)
    for one in ids:
        tasks.remove(one, name)
    return True


def _find_dataset(call: PlatformCall) -> V1Dataset:
    return call.state_of(V1Data).datasets.find(call.body.get("datasetId"), "datasetId")


_HANDLERS = {
    "dataset/create": create_dataset,
    "dataset/import": import_data,
    "dataset/info": describe_dataset,
    "dataset/statusList": list_states,
    "dataset/importErrorDetail": describe_import_error,
    "dataset/release": release_dataset,
    "dataset/export": export_dataset,
    "dataset/exportRecord": list_exports,
    "dataset/delete": delete_dataset,
    "entity/list": list_entities,
    "entity/annotate": annotate_entity,
    "entity/delete": delete_entities,
    "etl/create": create_cleaning,
    "etl/detail": describe_cleaning,
    "etl/list": list_cleanings,
    "etl/delete": delete_cleanings,
    "enhance/create": create_augmentation,
    "enhance/detail": describe_augmentation,
    "enhance/list": list_augmentations,
    "enhance/delete": delete_augmentations,
}
ROUTES: tuple[PlatformRoute, ...] = tuple(
    PlatformRoute("POST", f"/wenxinworkshop/{path}", handler) for path, handler in _HANDLERS.items()
)
