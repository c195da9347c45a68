"""Loading, reloading, resetting: one of everything, and no history lost."""

import subprocess
import sys

import pytest

from tests.ipython_versions import needs_ipython_8

# Loaded with the first call, with the first question about a magic's options, or never.
LATER = (
    "asyncio",
    "concurrent.futures",
    "difflib",
    "email",
    "hashlib",
    "html.entities",
    "importlib.metadata",
    "markdown_it",
    "nh3",
    "pygments.lexers",
    "sqlite3",
    "ssl",
    "zipfile",
    "ernie_magic.api.catalogue",
    "ernie_magic.api.requests",
    "ernie_magic.client",
    "ernie_magic.notebook.display",
    "ernie_magic.notebook.magics.cells",
    "ernie_magic.notebook.magics.options",
    "ernie_magic.text.redact",
)
LOADED = f"""
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "ernie_magic")
print([name for name in {LATER!r} if name in sys.modules and name not in before])
print("--top-p" in shell.object_inspect("%%ernie")["docstring"])
print(shell.complete("--temp", "%%ernie --temp", 14)[1])
"""


@needs_ipython_8
def test_loading_imports_nothing_that_only_a_cell_needs_and_help_is_whole_all_the_same(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == ["[]", "True", "['--temperature', '--template']"]


def counts(shell):
    tagged = [f for f in shell.input_transformers_cleanup if hasattr(f, "_ernie_magic")]
    hooks = [
        f
        for event in ("pre_execute", "post_execute", "pre_run_cell")
        for f in shell.events.callbacks[event]
        if hasattr(f, "_ernie_magic")
    ]
    matchers = [f for f in shell.Completer.custom_matchers if hasattr(f, "_ernie_magic")]
    return len(tagged), len(hooks), len(matchers)


@needs_ipython_8
def test_loading_again_keeps_the_session_and_one_of_everything(run, shell, ernie):
    run("%%ernie\n[[echo]]hi")
    run("%load_ext ernie_magic")
    run("%reload_ext ernie_magic")
    assert shell.user_ns["ernie"] is ernie
    assert len(ernie.history) == 1
    assert counts(shell) == (2, 3, 3)


@needs_ipython_8
def test_a_module_imported_anew_replaces_its_earlier_self(run, shell, ernie, monkeypatch):
    run("%%ernie\n[[echo]]hi")
    saved = dict(sys.modules)
    try:
        for name in [
            name for name in sys.modules if name.startswith("ernie_magic.notebook.magics")
        ]:
            del sys.modules[name]
        run(
            "import ernie_magic.notebook.extension; "
            "ernie_magic.notebook.extension.load_extension(get_ipython())"
        )
        assert counts(shell) == (2, 3, 3)
        assert shell.user_ns["ernie"] is ernie
        run("%%ernie\n[[echo]]again")
        assert len(ernie.history) == 2
    finally:
        for name in [
            name for name in sys.modules if name.startswith("ernie_magic.notebook.magics")
        ]:
            del sys.modules[name]
        sys.modules.update(
            {name: module for name, module in saved.items() if name.startswith("ernie_magic")}
        )


def test_reset_brings_the_session_back_with_its_history(run, shell, ernie):
    run("%%ernie\n[[echo]]hi")
    run("%reset -f")
    result, _ = run("len(ernie.history)")
    assert result.result == 1


def test_a_name_the_user_took_is_left_to_the_user(run, shell):
    run("ernie = 5")
    result, _ = run("ernie")
    assert result.result == 5
    result, _ = run("%%ernie\n[[echo]]hi")
    assert result.success


def test_unloading_takes_everything_out(run, shell):
    run("%unload_ext ernie_magic")
    assert counts(shell) == (0, 0, 0)
    assert shell.find_cell_magic("ernie") is None
    run("%load_ext ernie_magic")


BLOCKS = {
    "if True:\n    %ernie usage": 1,
    "for i in range(2):\n    %ernie usage": 2,
    "%ernie usage\nx = 1": 1,
    "%ernie usage\n%ernie usage": 2,
    "def f():\n    try:\n        %ernie usage\n    finally:\n        pass\nf()": 1,
    "match 1:\n    case 1:\n        %ernie usage": 1,
    "async def f():\n    %ernie usage\nawait f()": 1,
    "%ernie usage": 1,
    "%%time\n%ernie usage": 1,
    "table = %ernie usage": 0,
    "if True:\n    %ernie lang en": 0,
}


@pytest.mark.parametrize("cell", BLOCKS)
def test_a_line_s_value_is_shown_once_wherever_the_line_stands(run, cell):
    result, out = run(cell)
    assert result.success
    assert out.count("0 requests") == BLOCKS[cell]


def test_a_line_s_value_is_shown_as_the_shell_is_told_to(run, shell, monkeypatch):
    monkeypatch.setattr(shell, "ast_node_interactivity", "all")
    assert run("%ernie usage\n%ernie usage\nif 1:\n    %ernie usage")[1].count("0 requests") == 3
    monkeypatch.setattr(shell, "ast_node_interactivity", "none")
    assert run("%ernie usage\nif 1:\n    %ernie usage")[1] == ""


@pytest.mark.parametrize("blank", ["\u3000", "\u00a0", "\u200b", "\t", " \u3000", "\u3000 "])
def test_a_blank_of_a_page_or_a_keyboard_ends_a_magic_s_name(run, shell, blank):
    assert run(f"%%ernie{blank}--as a{blank}--temperature 0.5\n[[echo]]hi")[0].success
    assert shell.user_ns["a"].text == "hi"
    assert run(f"%%ernie{blank}\n[[echo]]hi")[0].success
    assert run(f"df = ['x']\n%ernie{blank}config temperature")[0].success
    assert run(f"%%ernie_map{blank}df --as b\n[[echo]]{{{{text}}}}")[0].success


def test_blanks_below_another_magic_s_line_stay(run, shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("%%writefile notes.md\n%ernie\u3000doctor\n")
    assert (tmp_path / "notes.md").read_text("utf-8") == "%ernie\u3000doctor\n"
