"""`ernie.datasets`: data for tuning, here and on Qianfan's platform.

The platform takes data from BOS, Baidu's object storage, alone: no call uploads a file. So a
dataset is written here (`write`), put into a bucket with BOS's own tools, and imported from its
address.

Sources: https://cloud.baidu.com/doc/qianfan-api/s/Dlyyahjtt (create), lmnzqpt7v (import) and the
official client (https://github.com/baidubce/bce-qianfan-sdk, resources/console/data.py).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.public_names import names_by_use
from ernie_magic.calls.datasets.formats import UNREADABLE, find_format
from ernie_magic.errors import InvalidOption, ProtocolError, ServiceError
from ernie_magic.qianfan.console import QUICK_PAUSE
from ernie_magic.qianfan.dataset_records import (
    DATASET_ID,
    VERSION_ID,
    DatasetRecord,
    TransferRecord,
    VersionRecord,
    is_failed,
    is_finished,
    read_dataset_record,
    read_transfer,
    read_version,
)
from ernie_magic.runtime.events import Delta
from ernie_magic.runtime.once import awaited, blocking
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.calls.datasets.dataset import Dataset
    from ernie_magic.qianfan.console import Console, PlatformCall
    from ernie_magic.runtime.stream import Stream

_GROUP = "dataset"
_BOS_FILE = re.compile(r"bos:/[^/\s]+/\S+")
_BOS_FOLDER = re.compile(r"bos:/[^/\s]+/(?:\S*/)?")
_FILE_KINDS = (".jsonl", ".zip", ".tar.gz", ".xlsx", ".csv", ".txt")
_IMPORTED = Text("导入", "imported")
_EXPORTED = Text("导出", "exported")
_PUBLISHED = Text("发布", "published")
_TASK = Text(
    "任务 {task}：{status}（中断后用 ernie.datasets.{watch}('{task}') 接着等）",
    "task {task}: {status} (after an interrupt, wait again with ernie.datasets.{watch}('{task}'))",
)
_BOS_ONLY = Text(
    "平台只从 BOS 导入，没有接口直接上传本地文件：先用控制台、bcecmd 或 BOS 的 SDK 把文件放进"
    "自己的桶，再写它的地址，例如 bos:/桶/目录/train.jsonl",
    "the platform imports from BOS alone, no call uploads a local file: put the file into your "
    "bucket with the console, bcecmd or BOS's SDK, then give its address, such as "
    "bos:/bucket/dir/train.jsonl",
)
_FROM_BOS = Text(
    "数据只能从 BOS 导入这个数据集：ernie.datasets.import_files(…, 'bos:/桶/…')",
    "data comes into this dataset from BOS alone: ernie.datasets.import_files(…, 'bos:/bucket/…')",
)
_STORED_IN_BOS = Text(
    "写 bos:/桶/目录/（自己的桶），或去掉 storage，由平台保管",
    "write bos:/bucket/dir/ (a bucket of yours), or leave storage out: the platform keeps it",
)


class Datasets:
    """Data for tuning: `read` reads and checks it here; the other calls are about datasets on
    Qianfan's platform, which need an access key and a secret key.

    The platform imports from BOS alone. The way from a conversation to a dataset that can be tuned
    on: `ernie.history.to_dataset().write("train.jsonl")`, put the file into your bucket,
    `made = ernie.datasets.create("mine", "PromptResponse")`,
    `ernie.datasets.import_files(made, "bos:/bucket/dir/train.jsonl")`,
    `ernie.datasets.publish(made)`.

    Where a dataset is asked for, its name or id (`dg-…`) may be given, or what `create` and `get`
    return; where a version is, its id (`ds-…`), a record of it, or a dataset, whose newest version
    is meant.

    Parameters
    ----------
    console
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def __dir__(self) -> list[str]:
        return names_by_use(
            super().__dir__(),
            ("read", "list", "get", "create", "import_files", "publish", "export"),
        )

    # --- here -------------------------------------------------------------------------------------

    def read(
        self,
        source: object,
        format: str = "",  # noqa: A002  (the platform's word)
        *,
        fields: Mapping[str, str] | None = None,
    ) -> Dataset:
        """Read a file or a table as data for tuning, and check every sample. Nothing is sent.

        Parameters
        ----------
        source
            A file (`.jsonl`, `.json`, `.csv`, `.tsv`, `.txt`, `.zip` of these, `.xlsx`,
            `.parquet`), or a table: a DataFrame of pandas or polars, a list of dictionaries, a list
            of texts.
        format
            The platform's name (`"PromptResponse"`, `"Role"`, `"DPO_PromptChosenRejected"` …) or a
            short one (`"DPO"`, `"KTO"`, `"sorted"`); recognised by the fields when "".
        fields
            What the file or table calls a field, where that is not the usual name:
            `{"prompt": "问题", "response": "答案"}`.

        Raises
        ------
        InvalidDataset
            With the line and field of each fault.
        InvalidOption
            The file cannot be read, or its format is not recognised.

        Returns
        -------
        Dataset
            With `write`, `to_frame`, `lines` and `notes`.
        """
        from ernie_magic.calls.datasets.dataset import read_dataset

        return self._console.client.localizing_errors(
            lambda: read_dataset(source, format, fields=fields)
        )

    # --- on the platform --------------------------------------------------------------------------

    def _begin_list(self) -> Stream[list[DatasetRecord]]:
        """List the account's datasets.

        Raises
        ------
        ErnieError
        """

        async def work(call: PlatformCall) -> list[DatasetRecord]:
            rows = await call.list_items(_GROUP, "DescribeDatasets")
            return [read_dataset_record(row) for row in rows]

        return self._console.start_work(work)

    def _begin_get(self, dataset: str | DatasetRecord) -> Stream[DatasetRecord]:
        """Return a dataset with all its versions.

        Parameters
        ----------
        dataset
            Its name or id.

        Raises
        ------
        InvalidOption
            There is none of that name, or there are several.
        ErnieError
        """

        async def work(call: PlatformCall) -> DatasetRecord:
            return await _describe(call, dataset)

        return self._console.start_work(work)

    def _begin_create(
        self,
        name: str,
        format: str,  # noqa: A002  (the platform's word)
        *,
        storage: str = "",
    ) -> Stream[DatasetRecord]:
        """Create a dataset, with an empty first version. Data comes into it from BOS alone
        (`import_files`).

        Parameters
        ----------
        name
        format
            As in `read`; also `"SFT_FIM"`, `"PromptImage"` and `"PromptImageResponse"`.
        storage
            The folder of a bucket of yours that shall hold it, `bos:/bucket/dir/`; the platform
            keeps it when "".

        Raises
        ------
        InvalidOption
            At once; nothing is created.
        ErnieError
        """
        body = self._console.client.localizing_errors(lambda: _create_body(name, format, storage))

        async def work(call: PlatformCall) -> DatasetRecord:
            call.emit(Delta(notice=_FROM_BOS))
            made = await call.action(_GROUP, "CreateDataset", body)
            row = {**body, **values.as_object(made)}
            return read_dataset_record(row, (read_version(row),))

        return self._console.start_work(work)

    def _begin_add_version(
        self,
        dataset: str | DatasetRecord,
        description: str = "",
    ) -> Stream[VersionRecord]:
        """Create another version of a dataset: an empty one, which inherits nothing.

        Parameters
        ----------
        dataset
            Its name or id.
        description

        Raises
        ------
        ErnieError
        """

        async def work(call: PlatformCall) -> VersionRecord:
            dataset_id = await _find_id(call, dataset)
            body = {"datasetId": dataset_id}
            if description:
                body["description"] = description
            made = await call.action(_GROUP, "CreateDatasetVersion", body)
            return read_version({**body, **values.as_object(made)})

        return self._console.start_work(work)

    def _begin_get_version(
        self,
        version: str | VersionRecord | DatasetRecord,
    ) -> Stream[VersionRecord]:
        """Return a version with its states.

        Parameters
        ----------
        version
            Its id, or a dataset, whose newest version is meant.

        Raises
        ------
        ErnieError
        """

        async def work(call: PlatformCall) -> VersionRecord:
            return await _look_at_version(call, await _find_version_id(call, version))

        return self._console.start_work(work)

    def _begin_import_files(
        self,
        version: str | VersionRecord | DatasetRecord,
        files: str | Sequence[str],
        *,
        wait: bool = True,
    ) -> Stream[TransferRecord]:
        """Import files from BOS into a version, and wait until that is done.

        The task is created once. An interrupt ends the waiting, not the import: `watch_import` with
        the task's id, which is shown, waits on.

        Parameters
        ----------
        version
            Its id, or a dataset, whose newest version is meant.
        files
            BOS addresses: one folder, `bos:/bucket/dir/`, or any number of files,
            `bos:/bucket/dir/train.jsonl`. A local file cannot be imported.
        wait
            Wait until it has ended; otherwise return when it has begun.

        Raises
        ------
        InvalidOption
            At once: an address is not of BOS. Nothing is created.
        ServiceError
            The import failed: it tells where its faults can be downloaded.
        ErnieError
        """
        addresses = self._console.client.localizing_errors(lambda: _check_addresses(files))

        async def work(call: PlatformCall) -> TransferRecord:
            version_id = await _find_version_id(call, version)
            body = {"versionId": version_id, "files": addresses}
            made = await call.action(_GROUP, "CreateImportTask", body)
            return await _follow(call, _Transfer(_task_id(made), "import"), wait=wait)

        return self._console.start_work(work, progress_title=_IMPORTED)

    def _begin_watch_import(self, task: str | TransferRecord) -> Stream[TransferRecord]:
        """Wait until an import has ended that was begun before.

        Parameters
        ----------
        task
            Its id, or what `import_files(…, wait=False)` returned.

        Raises
        ------
        ServiceError
            The import failed: it tells where its faults can be downloaded.
        ErnieError
        """
        return self._watch(task, "import", _IMPORTED)

    def _begin_publish(
        self,
        version: str | VersionRecord | DatasetRecord,
        *,
        wait: bool = True,
    ) -> Stream[VersionRecord]:
        """Publish a version, so that it can be tuned on, and wait until that is done. It can no
        longer be changed then.

        Parameters
        ----------
        version
            Its id, or a dataset, whose newest version is meant.
        wait
            Wait until it has ended; otherwise return when it has begun.

        Raises
        ------
        ServiceError
            It failed: not all samples may have answers.
        ErnieError
        """

        async def work(call: PlatformCall) -> VersionRecord:
            version_id = await _find_version_id(call, version)
            await call.action(_GROUP, "PublishDatasetVersion", {"versionId": version_id})
            if not wait:
                return await _look_at_version(call, version_id)
            return await _wait_for_publishing(call, version_id)

        return self._console.start_work(work, progress_title=_PUBLISHED)

    def _begin_export(
        self,
        version: str | VersionRecord | DatasetRecord,
        storage: str = "",
        *,
        wait: bool = True,
    ) -> Stream[TransferRecord]:
        """Export a version, and wait until that is done; `watch_export` waits on after an
        interrupt.

        Parameters
        ----------
        version
            Its id, or a dataset, whose newest version is meant.
        storage
            The folder of a bucket of yours, `bos:/bucket/dir/`; the platform's own storage when "".
        wait
            Wait until it has ended; otherwise return when it has begun.

        Raises
        ------
        InvalidOption
            At once: the folder is not of BOS.
        ErnieError
        """
        target = self._console.client.localizing_errors(lambda: _storage_body(storage))

        async def work(call: PlatformCall) -> TransferRecord:
            body = {"versionId": await _find_version_id(call, version), **target}
            made = await call.action(_GROUP, "CreateExportTask", body)
            return await _follow(call, _Transfer(_task_id(made), "export"), wait=wait)

        return self._console.start_work(work, progress_title=_EXPORTED)

    def _begin_watch_export(self, task: str | TransferRecord) -> Stream[TransferRecord]:
        """Wait until an export has ended that was begun before.

        Parameters
        ----------
        task
            Its id, or what `export(…, wait=False)` returned.

        Raises
        ------
        ErnieError
        """
        return self._watch(task, "export", _EXPORTED)

    def _begin_delete(
        self,
        dataset: str | DatasetRecord,
        *,
        confirm: bool = False,
    ) -> Stream[None]:
        """Delete a dataset with all its versions. Nothing brings it back.

        Parameters
        ----------
        dataset
            Its name or id.
        confirm
            Must be True.

        Raises
        ------
        InvalidOption
            It was not confirmed; nothing was deleted.
        ErnieError
        """
        self._check_confirmed(dataset, confirm=confirm)

        async def work(call: PlatformCall) -> None:
            dataset_id = await _find_id(call, dataset)
            await call.action(_GROUP, "DeleteDataset", {"datasetId": dataset_id})

        return self._console.start_work(work)

    def _begin_delete_version(
        self,
        version: str | VersionRecord,
        *,
        confirm: bool = False,
    ) -> Stream[None]:
        """Delete a version. Nothing brings it back.

        Parameters
        ----------
        version
            Its id.
        confirm
            Must be True.

        Raises
        ------
        InvalidOption
            It was not confirmed; nothing was deleted.
        ErnieError
        """
        self._check_confirmed(version, confirm=confirm)

        async def work(call: PlatformCall) -> None:
            body = {"versionId": version.id if isinstance(version, VersionRecord) else version}
            await call.action(_GROUP, "DeleteDatasetVersion", body)

        return self._console.start_work(work)

    def _check_confirmed(
        self,
        thing: str | DatasetRecord | VersionRecord,
        *,
        confirm: bool,
    ) -> None:
        if confirm is True:
            return
        name = thing if isinstance(thing, str) else thing.name or thing.id
        raise self._console.client.with_language(
            InvalidOption(
                Text("{name} 会被永久删除", "{name} would be deleted for good").fill(name=name),
                advice=Text("确定就写 confirm=True", "pass confirm=True if that is meant"),
            )
        )

    def _watch(
        self,
        task: str | TransferRecord,
        direction: str,
        title: Text,
    ) -> Stream[TransferRecord]:
        task_id = task.id if isinstance(task, TransferRecord) else task

        async def work(call: PlatformCall) -> TransferRecord:
            return await _follow(call, _Transfer(task_id, direction), wait=True)

        return self._console.start_work(work, progress_title=title)

    list = blocking(_begin_list)
    alist = awaited(_begin_list)
    get = blocking(_begin_get)
    aget = awaited(_begin_get)
    create = blocking(_begin_create)
    acreate = awaited(_begin_create)
    add_version = blocking(_begin_add_version)
    aadd_version = awaited(_begin_add_version)
    get_version = blocking(_begin_get_version)
    aget_version = awaited(_begin_get_version)
    import_files = blocking(_begin_import_files)
    aimport_files = awaited(_begin_import_files)
    watch_import = blocking(_begin_watch_import)
    awatch_import = awaited(_begin_watch_import)
    publish = blocking(_begin_publish)
    apublish = awaited(_begin_publish)
    export = blocking(_begin_export)
    aexport = awaited(_begin_export)
    watch_export = blocking(_begin_watch_export)
    awatch_export = awaited(_begin_watch_export)
    delete = blocking(_begin_delete)
    adelete = awaited(_begin_delete)
    delete_version = blocking(_begin_delete_version)
    adelete_version = awaited(_begin_delete_version)


# --- what is sent ---------------------------------------------------------------------------------


def _create_body(name: str, format_name: str, storage: str) -> dict[str, Any]:
    """Return the body of `CreateDataset`.

    Raises
    ------
    InvalidOption
    """
    if not isinstance(name, str) or not name.strip():
        raise InvalidOption(
            Text("数据集要有名字", "a dataset must have a name"),
            advice=Text(
                "例如 ernie.datasets.create('mine', 'PromptResponse')",
                "for example ernie.datasets.create('mine', 'PromptResponse')",
            ),
        )
    known = format_name if format_name in UNREADABLE else find_format(format_name).name
    return {"datasetName": name, "dataFormat": known, **_storage_body(storage)}


def _storage_body(storage: str) -> dict[str, Any]:
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


def _check_addresses(files: str | Sequence[str]) -> list[str]:
    """Return the addresses to import.

    Raises
    ------
    InvalidOption
        One is not of BOS, or they cannot be imported together.
    """
    addresses = [files] if isinstance(files, (str, Path)) else list(files)
    if not addresses:
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


async def _find_id(call: PlatformCall, dataset: str | DatasetRecord) -> str:
    """Return the id of a dataset that is named.

    Raises
    ------
    InvalidOption
        There is none of that name, or there are several.
    """
    if isinstance(dataset, DatasetRecord):
        return dataset.id
    if dataset.startswith(DATASET_ID):
        return dataset
    return (await _find_by_name(call, dataset)).id


async def _find_by_name(call: PlatformCall, name: str) -> DatasetRecord:
    rows = await call.list_items(_GROUP, "DescribeDatasets")
    records = [read_dataset_record(row) for row in rows]
    found = [record for record in records if record.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidOption(
            Text("有 {count} 个数据集叫 {name}", "{count} datasets are called {name}").fill(
                count=len(found), name=name
            ),
            advice=Text("写它的 id：{ids}", "give its id: {ids}").fill(
                ids=", ".join(record.id for record in found)
            ),
        )
    raise InvalidOption(
        Text("没有数据集 {name}", "there is no dataset {name}").fill(name=f"{name:.100}"),
        advice=did_you_mean(name, [record.name for record in records])
        or Text("ernie.datasets.list() 列出全部", "ernie.datasets.list() lists them all"),
    )


async def _describe(call: PlatformCall, dataset: str | DatasetRecord) -> DatasetRecord:
    """Return a dataset with its versions."""
    if isinstance(dataset, str) and not dataset.startswith(DATASET_ID):
        dataset = await _find_by_name(call, dataset)
    dataset_id = await _find_id(call, dataset)
    rows = await call.list_items(_GROUP, "DescribeDatasetVersions", {"datasetId": dataset_id})
    versions = tuple(sorted(map(read_version, rows), key=lambda version: version.number))
    if isinstance(dataset, DatasetRecord):
        return read_dataset_record(
            {"datasetId": dataset_id, "datasetName": dataset.name, **dataset.details}, versions
        )
    # An id alone: its versions tell the rest.
    return read_dataset_record({"datasetId": dataset_id, **_first_details(versions)}, versions)


def _first_details(versions: Sequence[VersionRecord]) -> Mapping[str, Any]:
    return next((version.details for version in versions), {})


async def _find_version_id(
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
    found = await _describe(call, version)
    if not found.versions:
        raise InvalidOption(
            Text("数据集 {name} 没有版本", "the dataset {name} has no version").fill(
                name=found.name or found.id
            ),
            advice=Text("先 ernie.datasets.add_version(…)", "first ernie.datasets.add_version(…)"),
        )
    return found.versions[-1].id


async def _look_at_version(call: PlatformCall, version_id: str) -> VersionRecord:
    reply = await call.action(_GROUP, "DescribeDatasetVersion", {"versionId": version_id})
    return read_version({"versionId": version_id, **values.as_object(reply)})


# --- waiting --------------------------------------------------------------------------------------


def _task_id(reply: object) -> str:
    """Return the id of a task that was created.

    Raises
    ------
    ProtocolError
        The reply has none.
    """
    task_id = values.as_name(values.as_object(reply).get("taskId"))
    if not task_id:
        raise ProtocolError(
            Text("回复里没有任务的编号", "the reply has no id of a task"),
            advice=Text("在控制台看任务有没有创建", "look in the console whether it was created"),
        )
    return task_id


class _Transfer:
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
        reply = await call.action(_GROUP, self._action, {"taskId": self.task_id})
        return read_transfer(self.task_id, reply)

    def describe(self, record: TransferRecord) -> Text:
        """Say how far it is, and how it is waited for again."""
        return _TASK.fill(
            task=self.task_id, status=record.status or "?", watch=f"watch_{self.direction}"
        )


async def _follow(call: PlatformCall, transfer: _Transfer, *, wait: bool) -> TransferRecord:
    """Return a transfer, when it has ended if it shall be waited for.

    Raises
    ------
    ServiceError
        It failed.
    """
    if not wait:
        return await transfer.look(call)
    record = await call.wait_for_task(
        lambda: transfer.look(call),
        is_over=lambda record: record.is_over,
        percent=lambda record: 100.0 if is_finished(record.status) else record.percent,
        notice=transfer.describe,
        pause=QUICK_PAUSE,
    )
    if record.has_failed:
        raise _transfer_failed(record)
    return record


def _transfer_failed(record: TransferRecord) -> ServiceError:
    advice = Text("看平台控制台里的原因", "see the reason in the platform's console")
    if record.errors_link:
        advice = Text(
            "错误明细：{link}；改好文件再导入",
            "its faults: {link}; correct the file and import it again",
        ).fill(link=record.errors_link)
    return ServiceError(
        Text("任务 {task} 失败：{status}", "the task {task} failed: {status}").fill(
            task=record.id, status=record.status
        ),
        Text("文件不合数据集的格式", "the files do not have the dataset's format"),
        advice,
        code=record.status,
    )


async def _wait_for_publishing(call: PlatformCall, version_id: str) -> VersionRecord:
    version = await call.wait_for_task(
        lambda: _look_at_version(call, version_id),
        is_over=lambda version: _is_publishing_over(version.publish_status),
        notice=lambda version: Text("版本 {id}：{status}", "version {id}: {status}").fill(
            id=version_id, status=version.publish_status or "?"
        ),
        pause=QUICK_PAUSE,
    )
    if is_failed(version.publish_status):
        raise ServiceError(
            Text("版本 {id} 发布失败", "publishing the version {id} failed").fill(id=version_id),
            Text("不是每个样本都有回答", "not every sample has an answer"),
            Text("补全后再发布", "complete them, then publish again"),
            code=version.publish_status,
        )
    return version


def _is_publishing_over(status: str) -> bool:
    return not status or is_finished(status) or is_failed(status)
