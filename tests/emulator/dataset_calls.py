"""The official client's class of datasets: made, imported, exported, downloaded and saved.

What it saves to the platform goes to a bucket on BOS, which is not emulated. Usage: python -m
tests.emulator.dataset_calls FOLDER. Prints one JSON object.
"""

import json
import sys
from pathlib import Path

from qianfan.dataset import Dataset
from qianfan.dataset.data_source import QianfanDataSource
from qianfan.resources import Data
from qianfan.resources.console import consts


def main(folder):
    source = QianfanDataSource.create_bare_dataset(
        "cats",
        consts.DataTemplateType.NonSortedConversation,
        storage_type=consts.DataStorageType.PublicBos,
    )
    Data.create_data_import_task(
        source.id, True, consts.DataSourceType.PrivateBos, "bos:/bucket/rows.jsonl"
    )
    while Data.get_dataset_info(source.id)["result"]["versionInfo"]["importStatus"] != 2:
        pass
    file = folder / "rows.jsonl"
    saved = []
    for _ in range(2):  # the second time its latest export is compared with the last change
        dataset = Dataset.load(qianfan_dataset_id=source.id)
        dataset.save(data_file=str(file))
        saved.append(file.read_text("utf-8"))
    exports = Data.get_dataset_export_records(source.id)["result"]
    facts = {"rows": dataset.row_number(), "saved": saved, "exports": len(exports)}
    print(json.dumps(facts, ensure_ascii=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
