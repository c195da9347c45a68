"""`%ernie batches`, and what a cell shows of batches."""

import pytest

from ernie_magic.notebook.display.batches import batches_table, results_table
from ernie_magic.qianfan.batches.group import Batch
from ernie_magic.qianfan.batches.results import BatchResult
from ernie_magic.text.language import LANGUAGES

BODY = {"model": "ernie-3.5-8k", "messages": [{"role": "user", "content": "[[echo]]hi <b>"}]}


@pytest.fixture
def batch(ernie):
    """A batch on the session's own emulator."""
    ernie.settings.service = "emulator"
    return ernie.batches.create([BODY, {**BODY, "model": "nobody"}], confirm=True)


def test_batches_are_listed_and_watched(run, ernie):
    ernie.settings.service = "emulator"
    assert "no batches yet: %%ernie_map TABLE --batch" in run("%ernie batches")[1]
    made = ernie.batches.create([BODY], confirm=True)
    _, printed = run("%ernie batches")
    assert made.id in printed
    assert "1 batch · %ernie batches BATCH waits" in printed
    assert "emulator" in printed
    _, printed = run(f"%ernie batches {made.id}")
    assert "completed" in printed
    result, _ = run("%ernie batches batch-nobody")
    assert "batch-nobody" in str(result.error_in_exec)


def test_what_became_of_a_batch_is_a_table(run, shell, ernie, batch):
    ernie.batches.watch(batch)
    for code, words in (
        (f"ernie.batches.get({batch.id!r})", ["<table>", batch.id, "completed"]),
        (f"ernie.batches.results({batch.id!r})", ["hi &lt;b&gt;", "404", "row-1", "2 results"]),
        ("ernie.files.list()", ["batch.jsonl", "batch_output"]),
        ("ernie.batch_inference.list()", ["0 tasks of batch inference"]),
    ):
        result, printed = run(code)
        data, _ = shell.display_formatter.format(result.result, include={"text/html"})
        assert not [word for word in words if word not in data["text/html"]], code
        assert " object at 0x" not in printed


def test_unknown_states_and_hostile_results_are_shown_as_text():
    batch = Batch("batch-1", "dreaming", problems=("line 2: <script>",))
    results = [
        BatchResult("a", 0, {"choices": [{"message": 3}]}),
        BatchResult("b", 0, error="x\ny"),
    ]
    for language in LANGUAGES:
        table = batches_table([batch], language)
        assert "dreaming" in repr(table)
        assert "<script>" not in table._repr_html_()
        assert "x" in repr(results_table(results, language))
