"""`POST /v2/dataset?Action=…`: datasets, their versions, imports, exports and publishing.

Sources: "数据管理" (https://cloud.baidu.com/doc/qianfan-api/s/lmnzqpt7v, Lmnzr4pth, 1mnzr9j3b,
9mnzr02r9) and the official client (https://github.com/baidubce/bce-qianfan-sdk,
resources/console/data.py, `Data.V2`). What lists, deletions and exports return is not public: the
names here are formed like those of the other groups.

No bucket is read: an imported file counts as a hundred samples. One whose name has `mock_failed` in
it fails, and so does publishing a dataset of that name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.emulator.platform.console import StateMachine, Store, invalid_field
from ernie_magic.emulator.platform.dataset_files import link_to_file
from ernie_magic.emulator.platform.values import FAILING, UNFINISHED, format_time
from ernie_magic.emulator.refusals import ConsoleRefusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.emulator.platform.console import PlatformCall

FORMATS = (
    "PromptResponse",
    "Role",
    "SFT_FIM",
    "Text",
    "DPO_PromptChosenRejected",
    "KTO_PromptChosenRejected",
    "PromptSortedresponses",
    "Prompt",
    "PromptImage",
    "PromptImageResponse",
)
SAMPLES_PER_FILE = 100
_BOS = re.compile(r"bos:/[^/\s]+/\S*")
_FILE_KINDS = (".jsonl", ".zip", ".tar.gz", ".xlsx", ".csv", ".txt")
_MAX_FILES = 100
_IN_PROGRESS = ("Created", "Importing", "Publishing", "Exporting")
_PERCENT = {"Created": 0, "Importing": 50, "Exporting": 50}


@dataclass
class StoredDataset:
    """A dataset."""

    id: str
    name: str
    format: str
    storage_type: str
    storage_path: str
    created: str


@dataclass
class TransferTask:
    """An import or an export."""

    id: str
    version_id: str
    files: list[str]
    states: StateMachine
    started: str
    storage_type: str = ""
    storage_path: str = ""


@dataclass
class DatasetVersion:
    """A version of a dataset."""

    id: str
    dataset_id: str
    number: int
    description: str
    created: str
    publish: StateMachine = field(default_factory=lambda: StateMachine(["Unpublished"]))
    imported: TransferTask | None = None

    @property
    def import_status(self) -> str:
        """The state of its import, without moving it."""
        return self.imported.states.current if self.imported else "Created"

    @property
    def sample_count(self) -> int:
        """How many samples it has, which are made up."""
        if self.imported is None or self.import_status != "ImportFinished":
            return 0
        return SAMPLES_PER_FILE * len(self.imported.files)


class Datasets:
    """The datasets of one emulator."""

    def __init__(self) -> None:
        self.datasets: Store[StoredDataset] = Store("dg")
        self.versions: Store[DatasetVersion] = Store("ds")
        self.imports: Store[TransferTask] = Store("task")
        self.exports: Store[TransferTask] = Store("task")

    def versions_of(self, dataset_id: str) -> list[DatasetVersion]:
        """The versions of a dataset, oldest first."""
        return [one for one in self.versions.values() if one.dataset_id == dataset_id]

    def add_version(self, dataset_id: str, description: str = "") -> DatasetVersion:
        """A new, empty version."""
        number = max((one.number for one in self.versions_of(dataset_id)), default=0) + 1
        version = DatasetVersion(
            self.versions.new_id(), dataset_id, number, description, format_time()
        )
        self.versions.add(version, version.id)
        return version


def create_dataset(call: PlatformCall) -> dict[str, Any]:
    """`CreateDataset`: its first version is made at once."""
    state = call.state_of(Datasets)
    storage_type, storage_path = _read_storage(call)
    dataset = StoredDataset(
        state.datasets.new_id(),
        call.text("datasetName", limit=100),
        call.text("dataFormat"),
        storage_type,
        storage_path,
        format_time(),
    )
    if dataset.format not in FORMATS:
        raise invalid_field("dataFormat")
    state.datasets.add(dataset, dataset.id)
    version = state.add_version(dataset.id)
    return {"datasetId": dataset.id, "versionId": version.id}


def _read_storage(call: PlatformCall) -> tuple[str, str]:
    kind = call.text("storageType")
    path = call.text("storagePath", default="")
    if kind not in ("BOS", "sysStorage"):
        raise invalid_field("storageType")
    if kind == "BOS" and not (_BOS.fullmatch(path) and path.endswith("/")):
        raise invalid_field("storagePath")
    return kind, path


def describe_datasets(call: PlatformCall) -> dict[str, Any]:
    """`DescribeDatasets`: a page of them."""
    state = call.state_of(Datasets)
    rows = [
        {
            "datasetId": dataset.id,
            "datasetName": dataset.name,
            "dataFormat": dataset.format,
            "storageType": dataset.storage_type,
            "storagePath": dataset.storage_path,
            "versionCount": len(state.versions_of(dataset.id)),
            "createTime": dataset.created,
        }
        for dataset in state.datasets.values()
    ]
    page, info = call.page(rows, "datasetId")
    return {"pageInfo": info, "datasetList": page}


def delete_dataset(call: PlatformCall) -> dict[str, Any]:
    """`DeleteDataset`, with its versions; none of them may be on the move."""
    state = call.state_of(Datasets)
    dataset = state.datasets.find(call.body.get("datasetId"), "datasetId")
    versions = state.versions_of(dataset.id)
    for version in versions:
        _check_deletable(version)
    for version in versions:
        state.versions.remove(version.id, "versionId")
    state.datasets.remove(dataset.id, "datasetId")
    return {"datasetId": dataset.id}


def create_version(call: PlatformCall) -> dict[str, Any]:
    """`CreateDatasetVersion`: it inherits nothing from older ones."""
    state = call.state_of(Datasets)
    dataset = state.datasets.find(call.body.get("datasetId"), "datasetId")
    version = state.add_version(dataset.id, call.text("description", default="", limit=500))
    return {"datasetId": dataset.id, "versionId": version.id}


def describe_version(call: PlatformCall) -> dict[str, Any]:
    """`DescribeDatasetVersion`: its states move with each look."""
    state, version = _find_version(call)
    row = _version_row(state, version)
    version.publish.look()
    if version.imported:
        version.imported.states.look()
    return row


def describe_versions(call: PlatformCall) -> dict[str, Any]:
    """`DescribeDatasetVersions`: a page of a dataset's. Their states do not move."""
    state = call.state_of(Datasets)
    dataset = state.datasets.find(call.body.get("datasetId"), "datasetId")
    wanted = call.body.get("filter") or {}
    if not isinstance(wanted, dict):
        raise invalid_field("filter")
    rows = [_version_row(state, version) for version in state.versions_of(dataset.id)]
    kept = [
        row
        for row in rows
        if row["importStatus"] in (wanted.get("importStatusList") or [row["importStatus"]])
        and row["publishStatus"] in (wanted.get("publishStatusList") or [row["publishStatus"]])
    ]
    page, info = call.page(kept, "versionId")
    return {"pageInfo": info, "versionList": page}


def publish_version(call: PlatformCall) -> dict[str, Any]:
    """`PublishDatasetVersion`: it is Publishing, then Published, by looks."""
    state, version = _find_version(call)
    if version.import_status != "ImportFinished" or version.publish.current == "Publishing":
        raise ConsoleRefusal(400, "InappropriateStatus", "The version can not be published now.")
    end = "Published"
    if state.datasets.find(version.dataset_id, "datasetId").name == FAILING:
        end = "PublishFailed"
    version.publish = StateMachine(["Publishing", end])
    return {"versionId": version.id}


def delete_version(call: PlatformCall) -> dict[str, Any]:
    """`DeleteDatasetVersion`."""
    state, version = _find_version(call)
    _check_deletable(version)
    state.versions.remove(version.id, "versionId")
    return {"versionId": version.id}


def create_import(call: PlatformCall) -> dict[str, Any]:
    """`CreateImportTask`: it is Created, Importing, then ImportFinished or ImportFailed."""
    state, version = _find_version(call)
    files = call.body.get("files")
    if not isinstance(files, list) or not 1 <= len(files) <= _MAX_FILES:
        raise invalid_field("files")
    for file in files:
        _check_file(file, len(files))
    if version.imported and version.import_status in _IN_PROGRESS:
        raise ConsoleRefusal(400, "InappropriateStatus", "The version is importing.")
    end = "ImportFailed" if any(FAILING in file for file in files) else "ImportFinished"
    task = _start_task(state.imports, version, ["Created", "Importing", end])
    task.files = files
    version.imported = task
    return {"taskId": task.id}


def _check_file(file: object, count: int) -> None:
    """Check an address: one folder, or files of the kinds that can be read."""
    if not isinstance(file, str) or not _BOS.fullmatch(file):
        raise invalid_field("files")
    is_folder = file.endswith("/")
    if (is_folder and count > 1) or (not is_folder and not file.endswith(_FILE_KINDS)):
        raise invalid_field("files")


def describe_import(call: PlatformCall) -> dict[str, Any]:
    """`DescribeImportTask`: its state moves with each look."""
    state = call.state_of(Datasets)
    task = state.imports.find(call.body.get("taskId"), "taskId")
    status = task.states.look()
    is_done = status == "ImportFinished"
    row = {
        "taskId": task.id,
        "versionId": task.version_id,
        "importStatus": status,
        "progress": str(_PERCENT.get(status, 100)),
        "sizeMB": 0.1 * len(task.files) if is_done else 0,
        "sampleCount": SAMPLES_PER_FILE * len(task.files) if is_done else 0,
        "creator": "emulator",
        "startTime": task.started,
        "finishTime": UNFINISHED if status in _IN_PROGRESS else format_time(),
    }
    if status == "ImportFailed":
        row["errDownloadUrl"] = link_to_file(call, "errors.csv")
    return row


def create_export(call: PlatformCall) -> dict[str, Any]:
    """`CreateExportTask`: it is Created, Exporting, then ExportFinished."""
    state, version = _find_version(call)
    storage_type, storage_path = _read_storage(call)
    if version.import_status != "ImportFinished":
        raise ConsoleRefusal(400, "InappropriateStatus", "The version has no data.")
    task = _start_task(state.exports, version, ["Created", "Exporting", "ExportFinished"])
    task.storage_type, task.storage_path = storage_type, storage_path
    return {"taskId": task.id}


def describe_export(call: PlatformCall) -> dict[str, Any]:
    """`DescribeExportTask`: its state moves with each look."""
    task = call.state_of(Datasets).exports.find(call.body.get("taskId"), "taskId")
    status = task.states.look()
    row = {
        "taskId": task.id,
        "versionId": task.version_id,
        "exportStatus": status,
        "progress": str(_PERCENT.get(status, 100)),
        "storageType": task.storage_type,
        "storagePath": task.storage_path,
        "startTime": task.started,
        "finishTime": UNFINISHED if status in _IN_PROGRESS else format_time(),
    }
    if status == "ExportFinished" and task.storage_type == "sysStorage":
        row["downloadUrl"] = link_to_file(call, "data.zip")
    return row


def _find_version(call: PlatformCall) -> tuple[Datasets, DatasetVersion]:
    state = call.state_of(Datasets)
    return state, state.versions.find(call.body.get("versionId"), "versionId")


def _start_task(
    tasks: Store[TransferTask],
    version: DatasetVersion,
    states: list[str],
) -> TransferTask:
    task = TransferTask(tasks.new_id(), version.id, [], StateMachine(states), format_time())
    tasks.add(task, task.id)
    return task


def _check_deletable(version: DatasetVersion) -> None:
    is_importing = version.imported is not None and version.import_status in _IN_PROGRESS
    if is_importing or version.publish.current in _IN_PROGRESS:
        raise ConsoleRefusal(400, "InappropriateStatus", "The version is importing or publishing.")


def _version_row(state: Datasets, version: DatasetVersion) -> dict[str, Any]:
    dataset = state.datasets.find(version.dataset_id, "datasetId")
    return {
        "datasetId": dataset.id,
        "versionId": version.id,
        "versionNumber": version.number,
        "datasetName": dataset.name,
        "description": version.description,
        "dataFormat": dataset.format,
        "storageType": dataset.storage_type,
        "storagePath": dataset.storage_path,
        "importStatus": version.import_status,
        "publishStatus": version.publish.current,
        "sampleCount": version.sample_count,
        "createTime": version.created,
    }


ACTIONS: dict[str, Callable[[PlatformCall], Any]] = {
    "CreateDataset": create_dataset,
    "DescribeDatasets": describe_datasets,
    "DeleteDataset": delete_dataset,
    "CreateDatasetVersion": create_version,
    "DescribeDatasetVersion": describe_version,
    "DescribeDatasetVersions": describe_versions,
    "PublishDatasetVersion": publish_version,
    "DeleteDatasetVersion": delete_version,
    "CreateImportTask": create_import,
    "DescribeImportTask": describe_import,
    "CreateExportTask": create_export,
    "DescribeExportTask": describe_export,
}
