"""What the platform tells of datasets, their versions, and imports and exports.

The documentation names few of the fields of a list; what is not among them stays in `raw`.
Sources: https://cloud.baidu.com/doc/qianfan-api/s/1mnzr9j3b (a version), Lmnzr4pth (an import) and
9mnzr02r9 (the states).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.calls.task_states import has_failed, is_over, reason_in
from ernie_magic.qianfan.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Mapping

DATASET_ID = "dg-"  # how ids begin
VERSION_ID = "ds-"
_ERRORS = "errDown"  # how the field with the link to an import's faults begins


@dataclass(frozen=True)
class VersionRecord:
    """A version of a dataset.

    Attributes
    ----------
    id, dataset_id, name : str
        Its own id (`ds-…`), the dataset's (`dg-…`) and the dataset's name.
    number : int
        1 for the first; 0 where it was not told.
    format : str
        The platform's `dataFormat`.
    import_state, publish_state : str
        As the platform has them: "ImportFinished", "Published" …
    samples : int | None
        None where it was not told.
    raw : dict
        All fields, as they came.
    """

    id: str
    dataset_id: str = ""
    name: str = ""
    number: int = 0
    format: str = ""
    import_state: str = ""
    publish_state: str = ""
    samples: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class DatasetRecord:
    """A dataset on the platform.

    Attributes
    ----------
    id, name, format : str
        Its id (`dg-…`), its name, the platform's `dataFormat`.
    storage : str
        Where it is: a BOS address, or "sysStorage".
    versions : tuple of VersionRecord
        Newest last; only of one that was asked for by name, or has just been created.
    created : str
        When, as the platform writes it.
    raw : dict
        All fields, as they came.
    is_simulated : bool
        Whether the emulator told of it.
    """

    id: str
    name: str = ""
    format: str = ""
    storage: str = ""
    versions: tuple[VersionRecord, ...] = ()
    created: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    is_simulated: bool = False


class DatasetList(Listing[DatasetRecord]):
    """Datasets on the platform; a table where a cell shows it."""


@dataclass(frozen=True)
class TransferRecord:
    """An import or an export.

    Attributes
    ----------
    id, version_id : str
        Its own id (`task-…`) and the version's.
    state : str
        As the platform has it: "Importing", "ImportFinished" …; "" where it was not told.
    percent : float
        How much is done, 0 to 100.
    samples : int | None
        How many samples were imported.
    size_mb : float | None
        Their size in megabytes.
    errors_link : str
        Where the faults of an import can be downloaded, "" for none.
    raw : dict
        All fields, as they came.
    """

    id: str
    version_id: str = ""
    state: str = ""
    percent: float = 0.0
    samples: int | None = None
    size_mb: float | None = None
    errors_link: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def has_failed(self) -> bool:
        """Whether it ended without success."""
        return has_failed(self.state)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or tells no state that could be waited for."""
        return not self.state or is_over(self.state)

    @property
    def reason(self) -> str:
        """Why it has failed, in the platform's words; "" where it has not, or does not say."""
        return reason_in(self.raw, self.state)


def read_version(reply: object) -> VersionRecord:
    """Return what a reply tells of a version."""
    fields = values.as_object(reply)
    return VersionRecord(
        values.as_name(fields.get("versionId")),
        values.as_name(fields.get("datasetId")),
        values.as_name(fields.get("datasetName")),
        values.as_whole_number(fields.get("versionNumber")) or 0,
        values.as_name(fields.get("dataFormat")),
        values.as_name(fields.get("importStatus")),
        values.as_name(fields.get("publishStatus")),
        values.as_whole_number(fields.get("sampleCount")),
        fields,
    )


def read_dataset_record(
    reply: object,
    versions: tuple[VersionRecord, ...] = (),
    *,
    is_simulated: bool = False,
) -> DatasetRecord:
    """Return what a reply tells of a dataset."""
    fields = values.as_object(reply)
    storage = values.as_name(fields.get("storagePath")) or values.as_name(fields.get("storageType"))
    return DatasetRecord(
        values.as_name(fields.get("datasetId")),
        values.as_name(fields.get("datasetName")),
        values.as_name(fields.get("dataFormat")),
        storage,
        versions,
        values.as_name(fields.get("createTime")),
        fields,
        is_simulated,
    )


def read_transfer(task_id: str, reply: object) -> TransferRecord:
    """Return what a reply tells of an import or an export."""
    fields = values.as_object(reply)
    links = [value for name, value in fields.items() if name.startswith(_ERRORS)]
    return TransferRecord(
        task_id,
        values.as_name(fields.get("versionId")),
        _read_state(fields),
        values.as_number(str(fields.get("progress", "")).rstrip("%")) or 0.0,
        values.as_whole_number(fields.get("sampleCount")),
        values.as_number(fields.get("sizeMB")),
        values.as_name(next(iter(links), ""), max_length=2000),
        fields,
    )


def _read_state(fields: Mapping[str, Any]) -> str:
    """Return the state: of exports the documentation does not tell the field's name."""
    names = ["importStatus", "exportStatus"]
    names += [name for name in fields if name.lower().endswith("status")]
    found = (values.as_name(fields.get(name)) for name in names)
    return next((state for state in found if state), "")
