"""The console script: `ernie-magic demo | emulator | doctor`."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

from ernie_magic import __version__
from ernie_magic.storage import files
from ernie_magic.text.command_line import CommandLine
from ernie_magic.text.encodings import accept_any_text
from ernie_magic.text.language import Language, Text, system_language

_HERE = Path(__file__).parent
_DESCRIPTION = Text("文心大模型的 Jupyter 魔法", "Jupyter magics for ERNIE models")
_COMMANDS = {
    "demo": Text("打开快速上手笔记本", "open JupyterLab on the quickstart"),
    "emulator": Text("运行模拟器", "serve the emulator"),
    "doctor": Text("检查密钥、网络和版本", "check key, network and versions"),
}
_VERSION = Text("显示版本", "show the version and exit")
_FOLDER = Text("笔记本的文件夹", "folder for the notebooks")
_CHECK_LINE = Text("{mark} {name}：{value}", "{mark} {name}: {value}")
_NO_LAB = Text(
    '没有安装 JupyterLab。请运行：pip install "ernie-magic[lab]"',
    'JupyterLab is not installed. Run: pip install "ernie-magic[lab]"',
)
_OPENING = Text(
    "正在打开 {path}（Ctrl-C 结束）。没有密钥也能运行：内置模拟器会回答。",
    "Opening {path} (Ctrl-C ends it). It runs without a key: the built-in emulator answers.",
)
_KEPT = Text(
    "{folder} 里已存在、保留不动：{names}（要新的，删掉它再运行）",
    "already exists in {folder}, and is left as it is: {names} (for a new one, delete it first)",
)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit status.

    Parameters
    ----------
    arguments
        The command line's; `sys.argv` when None.
    """
    accept_any_text(sys.stdout, sys.stderr)
    language = system_language()
    parser = CommandLine(language, prog="ernie-magic", description=_DESCRIPTION.say(language))
    parser.add_option("--version", _VERSION, action="version", version=f"%(prog)s {__version__}")
    by_name = parser.add_commands(_COMMANDS, emulator={"has_help": False})
    by_name["demo"].add_option("--dir", _FOLDER, type=Path, default=Path("ernie-demo"))
    parsed, rest = parser.parse_known_args(arguments)
    if parsed.command == "demo":
        return run_demo(parsed.dir, rest)
    if parsed.command == "emulator":
        from ernie_magic.emulator.__main__ import main as serve

        return serve(rest, "ernie-magic emulator")
    if rest:
        by_name["doctor"].error(f"unrecognized arguments: {' '.join(rest)}")
    return run_doctor()


def run_demo(folder: Path, lab_arguments: list[str]) -> int:
    """Open JupyterLab on a copy of the notebooks; unknown arguments are passed on to JupyterLab."""
    language = system_language()
    if importlib.util.find_spec("jupyterlab") is None:
        print(_NO_LAB.say(language), file=sys.stderr)
        return 1
    _copy_notebooks(folder, language)
    print(_OPENING.say(language, path=folder / "quickstart.ipynb"), flush=True)
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={folder.resolve()}",
        "--LabApp.default_url=/lab/tree/quickstart.ipynb",
        *lab_arguments,
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0 and "--allow-root" not in lab_arguments:
        # In a container people are root, which JupyterLab refuses by default.
        command.append("--allow-root")
    # The notebook's kernel must be this environment's, not another one that is installed for the
    # user.
    environment = {**os.environ, "JUPYTER_PREFER_ENV_PATH": "1"}
    if os.name == "posix":  # become JupyterLab: a signal then ends it, not only its parent
        os.execve(sys.executable, command, environment)  # noqa: S606  (our own interpreter)
    return subprocess.call(command, env=environment)  # noqa: S603


def run_doctor() -> int:
    """Print what works and what does not; return 1 when something does not."""
    from ernie_magic.calls.doctor import MARKS, run_checks
    from ernie_magic.session import Session
    from ernie_magic.text.visible import make_controls_visible

    session = Session()
    try:
        checks = run_checks(session.client, in_terminal=True)
    finally:
        session.close()
    language = session.settings.interface_language
    lines = []
    for check in checks:
        value = make_controls_visible(check.value.say(language))
        name = check.name.say(language)
        lines.append(_CHECK_LINE.say(language, mark=MARKS[check.ok], name=name, value=value))
    try:
        print("\n".join(lines), flush=True)
    except OSError:  # nobody reads it any more (`| head -1`), or the disk is full
        _discard_output()
    return int(any(check.ok is False for check in checks))


def _discard_output() -> None:
    """Let nothing more be written, as https://docs.python.org/3/library/signal.html advises for a
    broken pipe: the interpreter would fail once more at its end.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def notebooks_folder() -> Path:
    """Return where the notebooks are: inside an installed package, beside it in a checkout."""
    packaged = _HERE / "notebooks"
    if packaged.is_dir():
        return packaged
    return _HERE.parent / "notebooks"


def _copy_notebooks(folder: Path, language: Language) -> None:
    """Copy the missing ones, without outputs, and the reference that they link to: what a person
    has is not overwritten.
    """
    origin = notebooks_folder()
    kept = dict[str, None]()
    for source in (*sorted(origin.glob("*.ipynb")), *sorted(origin.glob("reference/*/*.md"))):
        path = source.relative_to(origin)
        target = folder / path
        content = source.read_bytes()
        if source.suffix == ".ipynb":
            content = _without_outputs(content)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            files.write_new([target], content)
        elif target.read_bytes() != content:
            kept[path.parts[0]] = None
    if kept:
        print(_KEPT.say(language, folder=folder, names=", ".join(kept)))


def _without_outputs(notebook: bytes) -> bytes:
    """Return a notebook as it was before it ran: its reader is to run it."""
    content = json.loads(notebook)
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell.update(execution_count=None, outputs=[])
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


if __name__ == "__main__":
    sys.exit(main())
