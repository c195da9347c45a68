"""The calls about datasets of the platform: what is sent, how names are looked up, and how tasks
are waited for.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.account_things import DATASET
from ernie_magic.api.keywords import as_listed
from ernie_magic.calls.datasets.formats import UNREADABLE, find_format
from ernie_magic.calls.task_states import (
    has_failed,
    has_succeeded,
    is_over,
    reason_in,
    with_reason,
)
from ernie_magic.errors import InvalidOption, ProtocolError, ServiceError
from ernie_magic.qianfan.console import QUICK_PAUSE
from ernie_magic.qianfan.creation import create_once
from ernie_magic.qianfan.datasets.records import (
    DATASET_ID,
    VERSION_ID,
    DatasetList,
    DatasetRecord,
    TransferRecord,
    VersionRecord,
    read_dataset_record,
    read_transfer,
    read_version,
)
from ernie_magic.qianfan.lookup import find_named, name_of
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.qianfan.console import PlatformCall

GROUP = "dataset"
_BOS_FILE = re.compile(r"bos:/[^/\s]+/\S+")
_BOS_FOLDER = re.compile(r"bos:/[^/\s]+/(?:\S*/)?")
_FILE_KINDS = (".jsonl", ".zip", ".tar.gz", ".xlsx", ".csv", ".txt")
_TASK = Text("任务 {task}：{status}", "task {task}: {status}")
_STILL_RUNNING = Text(
    "不再等待；任务 {task} 仍在运行：ernie.datasets.{watch}('{task}') 接着等",
    "no longer waited for; the task {task} goes on: wait again with "
    "ernie.datasets.{watch}('{task}')",
)
_STILL_PUBLISHING = Text(
    "不再等待；版本 {id} 仍在发布：ernie.datasets.get_version('{id}') 看状态",
    "no longer waited for; the version {id} is still being published: see "
    "ernie.datasets.get_version('{id}')",
)
_TRANSFERS = {
    "import": Text("版本 {version} 的导入任务", "an import into the version {version}"),
    "export": Text("版本 {version} 的导出任务", "an export of the version {version}"),
}
_EXISTS = Text(
    "文件不合数据集的格式；数据集 {id} 已经创建",
    "the files do not have the dataset's format; the dataset {id} exists",
)
_LIST_FIRST = Text(
    "再创建之前先看：ernie.datasets.get(…) 或 %ernie datasets",
    "look before you create it again: ernie.datasets.get(…) or %ernie datasets",
)
_BOS_ONLY = Text(
    "平台只从 BOS 导入，没有接口直接上传本地文件：先用控制台、bcecmd 或 BOS 的 SDK 把文件放进"
    "自己的桶，再写它的地址，例如 bos:/桶/目录/train.jsonl",
    "the platform imports from BOS alone, no call uploads a local file: put the file into your "
    "bucket with the console, bcecmd or BOS's SDK, then give its address, such as "
    "bos:/bucket/dir/train.jsonl",
)
_STORED_IN_BOS = Text(
    "写 bos:/桶/目录/（自己的桶），或去掉 storage，由平台保管",
    "write bos:/bucket/dir/ (a bucket of yours), or leave storage out: the platform keeps it",
)


# --- what is sent ---------------------------------------------------------------------------------


def create_body(name: str, format_name: str, storage: str) -> dict[str, Any]:
    """Return the body of `CreateDataset`.

    Raises
    ------
    InvalidOption
    """
    if not isinstance(name, str) or not name.strip():
        raise InvalidOption(
            Text("数据集要有名称", "a dataset must have a name"),
            advice=Text(
                "例如 ernie.datasets.create('mine', 'PromptResponse')",
                "for example ernie.datasets.create('mine', 'PromptResponse')",
            ),
        )
    known = format_name if format_name in UNREADABLE else find_format(format_name).name
    return {"datasetName": name, "dataFormat": known, **storage_body(storage)}


def storage_body(storage: str) -> dict[str, Any]:
    """Return where data shall be, as the platform has it.

    Raises
    ------
    InvalidOption
        It is not a folder in BOS.
    """
    if not storage:
        return {"storageType": "sysStorage"}
    folder = storage if str(storage).endswith("/") else f"{storage}/"
    if not _BOS_FOLDER.fullmatch(folder):
        raise InvalidOption(
            Text("{storage} 不是 BOS 的目录", "{storage} is not a folder in BOS").fill(
                storage=f"{storage!s:.100}"
            ),
            advice=_STORED_IN_BOS,
        )
    return {"storageType": "BOS", "storagePath": folder}


def check_addresses(files: str | Sequence[str], *, may_be_none: bool = False) -> list[str]:
    """Return the addresses to import.

    Raises
    ------
    InvalidOption
        One is not of BOS, or they cannot be imported together.
    """
    given = [files] if isinstance(files, (str, Path)) else files
    addresses = as_listed("files", given)
    if not addresses and not may_be_none:
        raise InvalidOption(
            Text("没有要导入的文件", "there are no files to import"), advice=_BOS_ONLY
        )
    for address in addresses:
        is_address = isinstance(address, str) and (
            _BOS_FILE.fullmatch(address) or _BOS_FOLDER.fullmatch(address)
        )
        if not is_address:
            raise InvalidOption(
                Text("{file} 不是 BOS 的地址", "{file} is not an address in BOS").fill(
                    file=f"{address!s:.100}"
                ),
                advice=_BOS_ONLY,
            )
        if not address.endswith(("/", *_FILE_KINDS)):
            raise InvalidOption(
                Text(
                    "平台不导入这种文件：{file}", "the platform imports no such file: {file}"
                ).fill(file=f"{address:.100}"),
                advice=Text(
                    "可用：{kinds}，或以 / 结尾的目录", "use {kinds}, or a folder ending in /"
                ).fill(kinds=" ".join(_FILE_KINDS)),
            )
    if len(addresses) > 1 and any(address.endswith("/") for address in addresses):
        raise InvalidOption(
            Text("目录只能单独导入", "a folder is imported alone"),
            advice=Text("分几次导入，或写出各个文件", "import it by itself, or name its files"),
        )
    return addresses


# --- looking things up ----------------------------------------------------------------------------


async def find_dataset_id(call: PlatformCall, dataset: str | DatasetRecord) -> str:
    """Return the id of a dataset that is named.

    Raises
    ------
    InvalidOption
        There is none of that name, or there are several.
    """
    name = name_of(dataset, DATASET)
    if name.startswith(DATASET_ID):
        return name
    return (await _find_by_name(call, name)).id


async def list_datasets(call: PlatformCall) -> DatasetList:
    """Return the datasets of the account."""
    rows = await call.list_items(GROUP, "DescribeDatasets")
    records = [read_dataset_record(row, is_simulated=call.is_simulated) for row in rows]
    return DatasetList(records, is_simulated=call.is_simulated)


async def _find_by_name(call: PlatformCall, name: str) -> DatasetRecord:
    return find_named(name, await list_datasets(call), DATASET)


async def describe_dataset(call: PlatformCall, dataset: str | DatasetRecord) -> DatasetRecord:
    """Return a dataset with its versions."""
    if isinstance(dataset, str) and not dataset.startswith(DATASET_ID):
        dataset = await _find_by_name(call, name_of(dataset, DATASET))
    dataset_id = await find_dataset_id(call, dataset)
    rows = await call.list_items(GROUP, "DescribeDatasetVersions", {"datasetId": dataset_id})
    versions = tuple(sorted(map(read_version, rows), key=lambda version: version.number))
    # An id alone: its versions tell the rest.
    known = _first_raw(versions)
    if isinstance(dataset, DatasetRecord):
        known = {"datasetName": dataset.name, **dataset.raw}
    return read_dataset_record(
        {"datasetId": dataset_id, **known}, versions, is_simulated=call.is_simulated
    )


def _first_raw(versions: Sequence[VersionRecord]) -> Mapping[str, Any]:
    return next((version.raw for version in versions), {})


async def find_version_id(
    call: PlatformCall,
    version: str | VersionRecord | DatasetRecord,
) -> str:
    """Return the id of a version; a dataset's newest one.

    Raises
    ------
    InvalidOption
        The dataset has no version.
    """
    if isinstance(version, VersionRecord):
        return version.id
    if isinstance(version, str) and version.startswith(VERSION_ID):
        return version
    found = await describe_dataset(call, version)
    if not found.versions:
        raise InvalidOption(
            Text("数据集 {name} 没有版本", "the dataset {name} has no version").fill(
                name=found.name or found.id
            ),
            advice=Text("先 ernie.datasets.add_version(…)", "first ernie.datasets.add_version(…)"),
        )
    return found.versions[-1].id


async def look_at_version(call: PlatformCall, version_id: str) -> VersionRecord:
    """Return a version with its states."""
    reply = await call.describe(GROUP, "DescribeDatasetVersion", {"versionId": version_id})
    return read_version({"versionId": version_id, **values.as_object(reply)})


async def find_same(call: PlatformCall, body: Mapping[str, Any]) -> DatasetRecord | None:
    """Return the dataset of a name, with its versions; None where there is none yet.

    Parameters
    ----------
    body
        What would create it.

    Raises
    ------
    InvalidOption
        It has another format, or there are several.
    """
    name = body["datasetName"]
    named = [one for one in await list_datasets(call) if one.name == name]
    if not named:
        return None
    found = find_named(name, named, DATASET)
    if found.format not in ("", body["dataFormat"]):
        raise InvalidOption(
            Text(
                "已经有叫“{name}”的数据集，格式是 {format}",
                "there is a dataset {name!r} already, whose format is {format}",
            ).fill(name=name, format=found.format),
            advice=Text(
                '换个名称；或用那一个：ernie.datasets.get("{name}")',
                'choose another name, or use that one: ernie.datasets.get("{name}")',
            ).fill(name=name),
        )
    return await describe_dataset(call, found)


# --- creating and waiting -------------------------------------------------------------------------


async def create_in_group(
    call: PlatformCall,
    action: str,
    body: Mapping[str, Any],
    what: Text,
) -> Mapping[str, Any]:
    """Call an action that creates something, once; return its result.

    Parameters
    ----------
    what
        What is created: "the dataset “cats”".

    Raises
    ------
    OutcomeUnknown
        It was sent, and its reply was lost.
    """
    made = await create_once(call.action(GROUP, action, body), what, _LIST_FIRST)
    return values.as_object(made)


async def transfer_once(
    call: PlatformCall,
    direction: str,
    body: Mapping[str, Any],
    *,
    wait: bool,
) -> TransferRecord:
    """Create an import or an export, and wait until it has ended if it shall be waited for.

    Parameters
    ----------
    direction
        "import" or "export".

    Raises
    ------
    OutcomeUnknown
        It was sent, and its reply was lost.
    ServiceError
        It failed.
    """
    what = _TRANSFERS[direction].fill(version=body["versionId"])
    made = await create_in_group(call, f"Create{direction.capitalize()}Task", body, what)
    return await follow_transfer(call, Transfer(read_task_id(made), direction), wait=wait)


def read_task_id(reply: object) -> str:
    """Return the id of a task that was created.

    Raises
    ------
    ProtocolError
        The reply has none.
    """
    task_id = values.as_name(values.as_object(reply).get("taskId"))
    if not task_id:
        raise ProtocolError(
            Text("回复里没有任务的 ID", "the reply has no id of a task"),
            advice=Text("在控制台看任务有没有创建", "look in the console whether it was created"),
        )
    return task_id


class Transfer:
    """An import or an export that is waited for.

    Parameters
    ----------
    task_id
    direction
        "import" or "export".
    """

    def __init__(self, task_id: str, direction: str) -> None:
        self.task_id = task_id
        self.direction = direction
        self._action = f"Describe{direction.capitalize()}Task"

    async def look(self, call: PlatformCall) -> TransferRecord:
        """Ask how far it is."""
        reply = await call.describe(GROUP, self._action, {"taskId": self.task_id})
        return read_transfer(self.task_id, reply)

    def describe(self, record: TransferRecord) -> Text:
        """Say how far it is."""
        return _TASK.fill(task=self.task_id, status=record.state or "?")

    def describe_stopped(self) -> Text:
        """Say how it is waited for again."""
        return _STILL_RUNNING.fill(task=self.task_id, watch=f"watch_{self.direction}")


async def fill_dataset(
    call: PlatformCall,
    record: DatasetRecord,
    addresses: list[str],
) -> DatasetRecord:
    """Import files into a dataset that has just been created, and return it with its version.

    Raises
    ------
    ServiceError
        The import failed; it says that the dataset exists.
    """
    body = {"versionId": record.versions[-1].id, "files": addresses}
    try:
        await transfer_once(call, "import", body, wait=True)
    except ServiceError as error:
        error.cause = _EXISTS.fill(id=record.id)
        raise
    return await describe_dataset(call, record)


async def follow_transfer(
    call: PlatformCall,
    transfer: Transfer,
    *,
    wait: bool,
) -> TransferRecord:
    """Return a transfer, when it has ended if it shall be waited for.

    Raises
    ------
    ServiceError
        It failed.
    """
    if not wait:
        return await transfer.look(call)
    record = await call.watch_task(
        lambda: transfer.look(call),
        is_over=lambda record: record.is_over,
        still_running=transfer.describe_stopped(),
        percent=_percent_done,
        notice=transfer.describe,
        pause=QUICK_PAUSE,
    )
    if record.has_failed:
        raise _transfer_failed(record)
    return record


def _percent_done(record: TransferRecord) -> float:
    if has_succeeded(record.state):
        return 100.0
    return record.percent


def _transfer_failed(record: TransferRecord) -> ServiceError:
    advice = Text("看平台控制台里的原因", "see the reason in the platform's console")
    if record.errors_link:
        advice = Text(
            "错误明细：{link}；改好文件再导入",
            "its faults: {link}; correct the file and import it again",
        ).fill(link=record.errors_link)
    return ServiceError(
        Text("任务 {task} 失败：{status}", "the task {task} failed: {status}").fill(
            task=record.id, status=with_reason(record.state, record.reason)
        ),
        Text("文件不合数据集的格式", "the files do not have the dataset's format"),
        advice,
        code=record.state,
    )


async def wait_for_publishing(
    call: PlatformCall,
    version_id: str,
) -> VersionRecord:
    """Wait until a version is published, and return it.

    Raises
    ------
    ServiceError
        It failed.
    """
    version = await _look_until_published(call, version_id)
    if has_failed(version.publish_state):
        state = with_reason(version.publish_state, reason_in(version.raw, version.publish_state))
        raise ServiceError(
            Text(
                "版本 {id} 发布失败（{state}）", "publishing the version {id} failed ({state})"
            ).fill(id=version_id, state=state),
            Text("不是每个样本都有回答", "not every sample has an answer"),
            Text("补全后再发布", "complete them, then publish again"),
            code=version.publish_state,
        )
    return version


async def _look_until_published(call: PlatformCall, version_id: str) -> VersionRecord:
    return await call.watch_task(
        lambda: look_at_version(call, version_id),
        is_over=lambda version: _is_publishing_over(version.publish_state),
        still_running=_STILL_PUBLISHING.fill(id=version_id),
        notice=lambda version: Text("版本 {id}：{status}", "version {id}: {status}").fill(
            id=version_id, status=version.publish_state or "?"
        ),
        pause=QUICK_PAUSE,
    )


def _is_publishing_over(state: str) -> bool:
    return not state or is_over(state)
