"""How data for tuning is shown."""

from ernie_magic.calls.datasets.dataset import read_dataset
from ernie_magic.notebook.display.datasets import dataset_table, datasets_table, samples_table
from ernie_magic.qianfan.datasets.records import read_dataset_record, read_version

ROW = {"datasetId": "dg-1", "datasetName": "<b>mine", "dataFormat": "Role", "storageType": "BOS", "storagePath": "bos:/b/"}  # fmt: skip


def test_the_first_samples_are_shown_with_what_to_know():
    made = read_dataset(
        [{"prompt": f"<i>q{n}\nx", "response": ["a", "b"], "score": [1, 0]} for n in range(7)]
    )
    table = samples_table(made, "en")
    assert len(table) == 5
    assert table.note == "PromptSortedresponses · 7 samples, the first 5 shown"
    assert '["a", "b"]' in repr(table)
    assert "&lt;i&gt;q0 x" in table._repr_html_()
    unanswered = samples_table(read_dataset([{"prompt": "q"}], "sft"), "zh")
    assert unanswered.note == "PromptResponse · 1 个样本 · 没有回答"
    assert len(samples_table(made[:0], "en")) == 0


def test_datasets_of_the_platform_are_tables():
    versions = tuple(
        read_version({"versionId": f"ds-{n}", "versionNumber": n, **more})
        for n, more in enumerate([{}, {"importStatus": "ImportFinished", "sampleCount": 1200}])
    )
    record = read_dataset_record(ROW, versions)
    table = datasets_table([record], "en")
    assert "bos:/b/" in repr(table)
    assert "&lt;b&gt;mine" in table._repr_html_()
    assert table.note == "1 dataset"
    assert "ernie.datasets.create" in datasets_table([], "zh").note
    text = repr(dataset_table(record, "en"))
    assert "1,200" in text
    assert "ImportFinished" in text
    assert "data comes from BOS alone: ernie.datasets.import_files('<b>mine'" in text
