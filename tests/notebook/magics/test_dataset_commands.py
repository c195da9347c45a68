"""`%ernie datasets`: what is on Qianfan's platform."""

from ernie_magic.notebook.magics.commands import COMMANDS
from ernie_magic.text.language import LANGUAGES


def test_datasets_and_their_versions_are_listed(platform, run, ernie):
    result, _ = run("%ernie datasets")
    assert "no datasets on the platform yet" in repr(result.result)
    made = ernie.datasets.create("support", "DPO")
    ernie.datasets.import_files(made, "bos:/bucket/dir/", wait=False)
    ernie.datasets.get_version(made)  # which moves it on
    result, _ = run("%ernie datasets")
    assert "DPO_PromptChosenRejected" in repr(result.result)
    ernie.datasets.create("客服问答", "DPO")
    for language in LANGUAGES:
        assert run(COMMANDS["datasets"].example.say(language))[0].success
    result, _ = run("%ernie datasets support")
    assert "ImportFinished  Unpublished" in repr(result.result)
    assert "data comes from BOS alone" in repr(result.result)
    _, told = run("%ernie datasets suport")
    assert "there is no dataset suport" in told
    assert "did you mean support?" in told


def test_datasets_that_the_emulator_told_of_say_so(run, shell, ernie):
    ernie.settings.service = "emulator"
    made = ernie.datasets.create("support", "sft")
    noted = f"{made.id} · built-in emulator, not a real model"
    for code in ("%ernie datasets support", "ernie.datasets.get('support')"):
        result, _ = run(code)
        data, _ = shell.display_formatter.format(result.result)
        assert f"{noted}\ndata comes from BOS alone" in data["text/plain"], code
        assert "not a real model</span><br>data comes from BOS alone" in data["text/html"], code
        assert f"{noted}\ndata comes from BOS alone" in data["text/plain"], code
    note = run("%ernie datasets")[0].result.note
    assert note == "1 dataset · built-in emulator, not a real model"


def test_datasets_are_tables_where_a_cell_ends_with_them(platform, run, shell, ernie):
    made = ernie.datasets.create("shown", "sft")
    for code, words in (
        ("ernie.datasets.get('shown')", ["<table>", made.id, "data comes from BOS alone"]),
        ("ernie.datasets.read([{'prompt': 'q', 'response': '<b>'}])", ["&lt;b&gt;", "1 sample"]),
    ):
        result, printed = run(code)
        data, _ = shell.display_formatter.format(result.result, include={"text/html"})
        assert not [word for word in words if word not in data["text/html"]]
        assert " object at 0x" not in printed
