"""`ernie-magic demo | emulator | doctor`."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ernie_magic
from ernie_magic import cli


def test_demo_starts_jupyterlab_of_this_environment_on_the_quickstart(
    monkeypatch, tmp_path, capsys
):
    called = {}
    monkeypatch.setattr(
        os, "execve", lambda _, command, env: called.update(command=command, env=env)
    )
    monkeypatch.setattr(
        subprocess, "call", lambda command, env: called.update(command=command, env=env) or 0
    )
    assert cli.main(["demo", "--dir", str(tmp_path / "d"), "--no-browser"]) == 0
    assert called["command"][:3] == [sys.executable, "-m", "jupyterlab"]
    assert "--no-browser" in called["command"]
    assert "--LabApp.default_url=/lab/tree/quickstart.ipynb" in called["command"]
    assert called["env"]["JUPYTER_PREFER_ENV_PATH"] == "1"
    assert (tmp_path / "d" / "quickstart.ipynb").is_file()
    assert "built-in emulator" in capsys.readouterr().out


def test_demo_leaves_a_changed_notebook_alone_and_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(os, "execve", lambda *_: None)
    monkeypatch.setattr(subprocess, "call", lambda *_, **__: 0)
    (tmp_path / "quickstart.ipynb").write_text("mine")
    cli.main(["demo", "--dir", str(tmp_path)])
    assert (tmp_path / "quickstart.ipynb").read_text() == "mine"
    assert "already exists" in capsys.readouterr().out


def test_demo_copies_notebooks_that_have_not_run(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "execve", lambda *_: None)
    monkeypatch.setattr(subprocess, "call", lambda *_, **__: 0)
    cli.main(["demo", "--dir", str(tmp_path)])
    for source in cli.notebooks_folder().glob("*.ipynb"):
        shown, copied = (
            json.loads(path.read_text(encoding="utf-8"))["cells"]
            for path in (source, tmp_path / source.name)
        )
        assert [cell["source"] for cell in copied] == [cell["source"] for cell in shown]
        assert not any(cell.get("outputs") for cell in copied)


def test_the_version_is_shown(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"ernie-magic {ernie_magic.__version__}\n"


LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def test_every_link_of_what_demo_copies_leads_to_what_it_copies(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(os, "execve", lambda *_: None)
    monkeypatch.setattr(subprocess, "call", lambda *_, **__: 0)
    cli.main(["demo", "--dir", str(tmp_path / "new" / "demo")])
    linked = 0
    for file in (tmp_path / "new" / "demo").rglob("*.*"):
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        for link in LINK.findall(text):
            if link.endswith((".md", ".ipynb")):
                assert (file.parent / link).exists(), f"{file.name}: {link}"
                linked += 1
    assert linked > 50
    (tmp_path / "new" / "demo" / "reference" / "en" / "chat.md").write_text("mine")
    capsys.readouterr()
    cli.main(["demo", "--dir", str(tmp_path / "new" / "demo")])
    assert "is left as it is: reference (" in capsys.readouterr().out


def test_a_wheel_holds_every_notebook_that_demo_copies():
    project = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    included = re.findall(r'^"(notebooks/[^"]+)" = "ernie_magic/\1"$', project, re.MULTILINE)
    names = {f"notebooks/{path.name}" for path in cli.notebooks_folder().glob("*.ipynb")}
    assert {*names, "notebooks/reference"} == set(included)


def test_demo_without_jupyterlab_says_how_to_get_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda _: None)
    assert cli.main(["demo", "--dir", str(tmp_path)]) == 1
    assert 'pip install "ernie-magic[lab]"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variables", "status", "told"),
    [
        ({}, 0, "built-in emulator"),
        (
            {
                "AI_STUDIO_BASE_URL": "http://127.0.0.1:9/v1",
                "AI_STUDIO_API_KEY": "canary-0123456789",
            },
            1,
            "✗",
        ),
    ],
)
def test_doctor_prints_what_it_found_and_never_the_key(
    monkeypatch, capsys, variables, status, told
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cli.main(["doctor"]) == status
    out = capsys.readouterr().out
    assert told in out
    assert "canary" not in out


MISTAKES = [
    (["dmo"], "ernie-magic: no command dmo; did you mean demo?", "没有命令 dmo；是不是 demo？"),
    (["help"], "no command help; choices: demo, emulator, doctor", "没有命令 help；可选：demo"),
    ([], "a command is missing; choices: demo, emulator, doctor", "缺少命令；可选：demo"),
    (["doctor", "--x"], "ernie-magic doctor: --x is not known here", "不认识 --x"),
    (
        ["emulator", "--prt", "5"],
        "--prt 5 is not known here; did you mean --port?",
        "是不是 --port",
    ),
    (["emulator", "--port", "a"], "--port 'a' is not a whole number", "--port 的值“a”不是整数"),
    (["emulator", "--latency=x"], "--latency 'x' is not a number", "--latency 的值“x”不是数字"),
    (["emulator", "--seed"], "--seed needs a value", "--seed 后面缺少值"),
    (["demo", "--dir"], "ernie-magic demo: --dir needs a value", "--dir 后面缺少值"),
]


@pytest.mark.parametrize(("arguments", "en", "zh"), MISTAKES, ids=lambda value: None)
def test_a_mistake_is_told_in_the_language_of_the_terminal(monkeypatch, capsys, arguments, en, zh):
    for locale, told in (("en_US.UTF-8", en), ("zh_CN.UTF-8", zh)):
        monkeypatch.setenv("LANG", locale)
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        assert ended.value.code == 2
        usage, *_, line = capsys.readouterr().err.splitlines()
        assert told in line
        assert usage.startswith(
            ("用法：" if locale.startswith("zh") else "usage: ") + "ernie-magic"
        )


@pytest.mark.parametrize("command", [[], ["demo"], ["emulator"], ["doctor"]], ids=str)
def test_help_is_in_one_language(monkeypatch, capsys, command):
    for locale, is_chinese in (("en_US.UTF-8", False), ("zh_CN.UTF-8", True)):
        monkeypatch.setenv("LANG", locale)
        with pytest.raises(SystemExit):
            cli.main([*command, "--help"])
        out = capsys.readouterr().out
        assert bool(re.search("[\u4e00-\u9fff]", out)) is is_chinese
        english = {"usage", "options", "show", "exit", "command", "commands", "folder", "seconds"}
        assert is_chinese is english.isdisjoint(re.findall("[a-z]+", out))


def test_the_doctor_of_a_terminal_speaks_of_no_cell(monkeypatch, capsys):
    for locale, cell in (("en_US.UTF-8", "cell"), ("zh_CN.UTF-8", "单元格")):
        monkeypatch.setenv("LANG", locale)
        cli.main(["doctor"])
        out = capsys.readouterr().out
        assert "AI_STUDIO_API_KEY=…" in out
        assert cell not in out


def test_the_console_script_is_there():
    done = subprocess.run(
        [sys.executable, "-m", "ernie_magic", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("usage: ernie-magic ")
    assert all(word in done.stdout for word in ("demo", "emulator", "doctor"))
    assert (
        Path(sys.executable).parent
        / ("ernie-magic.exe" if sys.platform == "win32" else "ernie-magic")
    ).exists()


DEMO_WITHOUT_JUPYTER = """
import os, subprocess
os.execve = subprocess.call = lambda *_, **__: 0
import ernie_magic
from ernie_magic import cli
cli.main(["demo", "--dir", "old"])
"""


@pytest.mark.parametrize("encoding", ["gbk", "cp1252", "ascii"])
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["doctor"], "OK reachable: yes, "),
        (["--help"], "Jupyter magics for ERNIE models"),
        (["emulator", "--help"], "a local stand-in"),
        (["emulator", "--port", "99999999"], "cannot listen on"),
        (["demo", "--dir", "old"], "already exists"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_output_that_lacks_characters_ends_no_command(encoding, arguments, told):
    """The doctor's marks and all words in Chinese are not in every encoding."""
    Path("old").mkdir()
    Path("old", "quickstart.ipynb").write_text("mine")
    command = [sys.executable, "-m", "ernie_magic.cli", *arguments]
    if arguments[0] == "demo":
        command = [sys.executable, "-c", DEMO_WITHOUT_JUPYTER]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
        timeout=60,
    )
    out = (done.stdout + done.stderr).decode(encoding)
    assert "UnicodeEncodeError" not in out
    assert told in out
    assert done.returncode == int("99999999" in arguments)


@pytest.mark.skipif(sys.platform == "win32", reason="a signal ends it")
def test_the_emulator_serves_where_its_first_line_cannot_be_shown():
    process = subprocess.Popen(
        [sys.executable, "-m", "ernie_magic.emulator"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        stdout=subprocess.PIPE,
    )
    try:
        assert b"http://127.0.0.1:" in process.stdout.readline()
    finally:
        process.terminate()
        assert process.wait(10) == 0
        process.stdout.close()


def test_doctor_ends_calmly_where_nobody_reads_its_output():
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    command = [sys.executable, "-m", "ernie_magic.cli", "doctor"]
    try:
        ended = subprocess.run(command, stdout=writing_end, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writing_end)
    assert ended.stderr == b""
    assert ended.returncode in (0, 1)
