"""README, CI and the package say the same thing."""

import re
from pathlib import Path

from ernie_magic.notebook.magics import commands
from ernie_magic.notebook.magics.chat import CHAT_GRAMMAR
from ernie_magic.notebook.magics.embeddings import EMBED_GRAMMAR
from ernie_magic.notebook.magics.images import IMAGE_GRAMMAR
from ernie_magic.notebook.magics.tables import MAP_GRAMMAR

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def shell_lines():
    return [
        line
        for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
        for line in block.splitlines()
    ]


def test_the_two_lines_are_there_and_end_as_they_should():
    lines = [line for line in shell_lines() if line.startswith("python3 -m venv")]
    assert [line.split("&& ")[-1] for line in lines] == ["ernie-magic demo", "pytest"]


def test_ci_does_what_the_test_line_does():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert '-e ".[dev]"' in ci
    assert 'python -m pytest "$@"' in ci
    assert ci.rstrip().endswith("\nrun_tests")


def test_every_option_and_command_is_in_the_readme():
    for flag in [
        flag
        for flag in (
            *CHAT_GRAMMAR.all_flags(),
            *IMAGE_GRAMMAR.all_flags(),
            *EMBED_GRAMMAR.all_flags(),
            *MAP_GRAMMAR.all_flags(),
        )
        if flag.startswith("--") and flag not in ("--model", "--session")
    ]:
        assert f"`{flag}" in README, flag
    for word in commands.COMMANDS:
        assert re.search(rf"`(%ernie )?{word}`", README), word


def test_nothing_of_a_machine_or_a_registry_is_in_the_tree():
    for path in [
        *ROOT.glob("*.*"),
        *ROOT.glob("ernie_magic/**/*.py"),
        *ROOT.glob("notebooks/*.ipynb"),
        *ROOT.glob("tests/**/*.py"),
    ]:
        if path.is_file() and path.suffix in (".py", ".md", ".toml", ".ipynb", ".txt"):
            text = path.read_text(encoding="utf-8")
            assert str(ROOT) + "/" not in text, path
            assert "simple/" + "\n" not in text, path
