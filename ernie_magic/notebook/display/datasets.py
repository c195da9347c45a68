"""How data for tuning is shown: samples, and the datasets of Qianfan's platform, as tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ernie_magic.notebook.display.html_table import Table, clip_to_line
from ernie_magic.notebook.display.origin import with_origin
from ernie_magic.text.counts import SAMPLES
from ernie_magic.text.language import Language, Text, counted
from ernie_magic.text.moments import local_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.calls.datasets.dataset import Dataset
    from ernie_magic.qianfan.datasets.records import DatasetRecord

_SHOWN = 5  # samples
_CELL = 60  # characters of a value
_DATASETS = counted("个数据集", "dataset")
_FIRST = Text("，显示前 {n} 个", ", the first {n} shown")
_UNANSWERED = Text("没有回答", "no answers")
_NO_DATASETS = Text(
    "平台上还没有数据集：ernie.datasets.create(…)",
    "no datasets on the platform yet: ernie.datasets.create(…)",
)
_FROM_BOS = Text(
    "数据只能从 BOS 导入：ernie.datasets.import_files('{name}', 'bos:/桶/…')",
    "data comes from BOS alone: ernie.datasets.import_files('{name}', 'bos:/bucket/…')",
)


def samples_table(dataset: Dataset, language: Language) -> Table:
    """The first samples of a dataset, a row for each turn."""
    shown = dataset[:_SHOWN]
    rows = shown.to_rows()
    columns = list(rows[0]) if rows else ["–"]
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    facts = [dataset.format.name, SAMPLES.say(language, len(dataset))]
    if len(shown) < len(dataset):
        facts[-1] += _FIRST.say(language, n=len(shown))
    if not dataset.is_annotated and dataset.format.name not in ("Prompt", "Text"):
        facts.append(_UNANSWERED.say(language))
    notes = [note.say(language) for note in dataset.notes]
    return Table(columns, cells, "\n".join([" · ".join(facts), *notes]))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False)
    return clip_to_line(value, _CELL)


def datasets_table(records: Sequence[DatasetRecord], language: Language) -> Table:
    """The datasets of the platform."""
    headers = {
        "zh": ["名称", "格式", "存放", "ID", "创建时间"],
        "en": ["name", "format", "storage", "id", "created"],
    }
    rows = [
        [record.name, record.format, record.storage, record.id, local_moment(record.created)]
        for record in records
    ]
    note = _DATASETS.say(language, len(rows))
    if not rows:
        note = _NO_DATASETS.say(language)
    return Table(headers[language], rows, with_origin(note, records, language))


def dataset_table(record: DatasetRecord, language: Language) -> Table:
    """One dataset with its versions."""
    headers = {
        "zh": ["版本", "导入", "发布", "样本", "ID"],
        "en": ["version", "import", "publishing", "samples", "id"],
    }
    rows = [
        [
            f"V{version.number}" if version.number else "",
            version.import_state,
            version.publish_state,
            "" if version.samples is None else f"{version.samples:,}",
            version.id,
        ]
        for version in record.versions
    ]
    known = (record.name, record.format, record.storage, record.id)
    facts = " · ".join(fact for fact in known if fact)
    hint = _FROM_BOS.say(language, name=record.name or record.id)
    facts = with_origin(facts, [record], language)
    return Table(headers[language], rows, f"{facts}\n{hint}")
