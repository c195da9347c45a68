"""`ernie.datasets`: data for tuning, here and on Qianfan's platform.

The platform takes data from BOS, Baidu's object storage, alone: no call uploads a file. So a
dataset is written here (`write`), put into a bucket with BOS's own tools, and imported from its
address.

Sources: https://cloud.baidu.com/doc/qianfan-api/s/Dlyyahjtt (create), lmnzqpt7v (import) and the
official client (https://github.com/baidubce/bce-qianfan-sdk, resources/console/data.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.api.keywords import check_dicts, check_texts
from ernie_magic.api.public_names import CallGroup
from ernie_magic.calls.task_states import has_succeeded
from ernie_magic.qianfan.creation import check_deletion
from ernie_magic.qianfan.datasets.calls import (
    GROUP,
    Transfer,
    check_addresses,
    create_body,
    create_in_group,
    describe_dataset,
    fill_dataset,
    find_dataset_id,
    find_same,
    find_version_id,
    follow_transfer,
    list_datasets,
    look_at_version,
    storage_body,
    transfer_once,
    wait_for_publishing,
)
from ernie_magic.qianfan.datasets.records import (
    DatasetList,
    DatasetRecord,
    TransferRecord,
    VersionRecord,
    read_dataset_record,
    read_version,
)
from ernie_magic.runtime.events import Delta
from ernie_magic.runtime.once import awaited, blocking
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.calls.datasets.dataset import Dataset
    from ernie_magic.qianfan.console import Console, PlatformCall
    from ernie_magic.runtime.stream import Stream

_IMPORTED = Text("导入", "imported")
_EXPORTED = Text("导出", "exported")
_PUBLISHED = Text("发布", "published")
_DATASET = Text("数据集“{name}”", "the dataset {name!r}")
_VERSION = Text("数据集 {dataset} 的版本", "a version of the dataset {dataset}")
_IS_THERE = Text(
    "已经有叫“{name}”的数据集（{id}），没有再建一个",
    "there is a dataset {name!r} already ({id}): no other was created",
)
_FROM_BOS = Text(
    "数据只能从 BOS 导入这个数据集：ernie.datasets.import_files(…, 'bos:/桶/…')",
    "data comes into this dataset from BOS alone: ernie.datasets.import_files(…, 'bos:/bucket/…')",
)


def _has_data(record: DatasetRecord) -> bool:
    """Whether something was imported into the newest version."""
    return bool(record.versions) and has_succeeded(record.versions[-1].import_state)


class Datasets(CallGroup):
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

    _path = "ernie.datasets"
    _in_order_of_use = (
        "read",
        "list",
        "get",
        "create",
        "import_files",
        "publish",
        "export",
        "delete",
    )

    def __init__(self, console: Console) -> None:
        self._console = console

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

        self._console.client.localizing_errors(lambda: check_dicts(fields=fields))

        return self._console.client.localizing_errors(
            lambda: read_dataset(source, format, fields=fields)
        )

    # --- on the platform --------------------------------------------------------------------------

    def _begin_list(self) -> Stream[DatasetList]:
        """Return the datasets of the account.

        Raises
        ------
        ErnieError
        """

        async def work(call: PlatformCall) -> DatasetList:
            return await list_datasets(call)

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
            return await describe_dataset(call, dataset)

        return self._console.start_work(work)

    def _begin_create(
        self,
        name: str,
        format: str,  # noqa: A002  (the platform's word)
        *,
        storage: str = "",
        files: str | Sequence[str] = (),
    ) -> Stream[DatasetRecord]:
        """Create a dataset, with an empty first version. Data comes into it from BOS alone: name
        its files here, or import them later (`import_files`).

        One of this name and format that is there is returned, and none is created; files are
        imported into it only while its newest version has none.

        Parameters
        ----------
        name
        format
            As in `read`; also `"SFT_FIM"`, `"PromptImage"` and `"PromptImageResponse"`.
        storage
            The folder of a bucket of yours that shall hold it, `bos:/bucket/dir/`; the platform
            keeps it when "".
        files
            BOS addresses to import at once, as in `import_files`; that is waited for. A local file
            is refused before anything is created.

        Raises
        ------
        InvalidOption
            At once, or one of this name has another format; nothing is created.
        ServiceError
            The import failed. The dataset exists, and the error has its id.
        ErnieError
        """
        client = self._console.client
        body = client.localizing_errors(lambda: create_body(name, format, storage))
        addresses = client.localizing_errors(lambda: check_addresses(files, may_be_none=True))

        async def work(call: PlatformCall) -> DatasetRecord:
            call.emit(Delta(notice=_FROM_BOS))
            record = await find_same(call, body)
            if record is not None:
                call.emit(Delta(notice=_IS_THERE.fill(name=name, id=record.id)))
            else:
                made = await create_in_group(call, "CreateDataset", body, _DATASET.fill(name=name))
                row = {**body, **made}
                versions = (read_version(row),)
                record = read_dataset_record(row, versions, is_simulated=call.is_simulated)
            if not addresses or _has_data(record):
                return record
            return await fill_dataset(call, record, addresses)

        return self._console.start_work(work, progress_title=_IMPORTED)

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
            dataset_id = await find_dataset_id(call, dataset)
            body = {"datasetId": dataset_id}
            if description:
                body["description"] = description
            what = _VERSION.fill(dataset=dataset_id)
            made = await create_in_group(call, "CreateDatasetVersion", body, what)
            return read_version({**body, **made})

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
            return await look_at_version(call, await find_version_id(call, version))

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
        addresses = self._console.client.localizing_errors(lambda: check_addresses(files))

        async def work(call: PlatformCall) -> TransferRecord:
            body = {"versionId": await find_version_id(call, version), "files": addresses}
            return await transfer_once(call, "import", body, wait=wait)

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
            version_id = await find_version_id(call, version)
            await call.action(GROUP, "PublishDatasetVersion", {"versionId": version_id})
            if not wait:
                return await look_at_version(call, version_id)
            return await wait_for_publishing(call, version_id)

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
        target = self._console.client.localizing_errors(lambda: storage_body(storage))

        async def work(call: PlatformCall) -> TransferRecord:
            body = {"versionId": await find_version_id(call, version), **target}
            return await transfer_once(call, "export", body, wait=wait)

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
        NotConfirmed
            Nothing was deleted.
        ErnieError
        """
        self._check_deletion(dataset, confirm=confirm)

        async def work(call: PlatformCall) -> None:
            dataset_id = await find_dataset_id(call, dataset)
            await call.action(GROUP, "DeleteDataset", {"datasetId": dataset_id})

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
        NotConfirmed
            Nothing was deleted.
        ErnieError
        """
        self._check_deletion(version, confirm=confirm)

        async def work(call: PlatformCall) -> None:
            body = {"versionId": version.id if isinstance(version, VersionRecord) else version}
            await call.action(GROUP, "DeleteDatasetVersion", body)

        return self._console.start_work(work)

    def _check_deletion(
        self,
        thing: str | DatasetRecord | VersionRecord,
        *,
        confirm: bool,
    ) -> None:
        client = self._console.client
        if isinstance(thing, (DatasetRecord, VersionRecord)):
            name = thing.name or thing.id
        else:
            client.localizing_errors(lambda: check_texts(id=thing))
            name = thing
        client.localizing_errors(lambda: check_deletion(name, thing, confirm=confirm))

    def _watch(
        self,
        task: str | TransferRecord,
        direction: str,
        title: Text,
    ) -> Stream[TransferRecord]:
        task_id = task.id if isinstance(task, TransferRecord) else task

        async def work(call: PlatformCall) -> TransferRecord:
            return await follow_transfer(call, Transfer(task_id, direction), wait=True)

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
