"""The rules of the house, as tests."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ernie_magic

PACKAGE = Path(ernie_magic.__file__).parent
CORE = [
    p
    for p in PACKAGE.rglob("*.py")
    if p.relative_to(PACKAGE).parts[0] not in ("notebook", "cli.py")
]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", CORE, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_core_knows_neither_ipython_nor_widgets(path):
    if path.name == "__init__.py" and path.parent == PACKAGE:
        return  # its type annotations name the shell
    assert not [
        name
        for name in imports(path)
        if name.split(".")[0] in ("IPython", "ipywidgets", "anywidget")
    ]


# From the ground up, as the README lists them: each imports only what stands to its left.
FLOORS = [
    "text",
    "errors",
    "api",
    "config",
    "storage",
    "runtime",
    "wire",
    "calls",
    "core",
    "session",
    "notebook",
    "cli",
]
FLOOR = {room: floor for floor, room in enumerate(FLOORS)}


def at_run_time(path):
    """The package's modules that a file imports when it is itself imported.

    Imports under TYPE_CHECKING or inside functions do not count.
    """
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ernie_magic"):
            parts = node.module.split(".")
            yield from ([parts[1]] if len(parts) > 1 else [alias.name for alias in node.names])


def test_each_room_imports_only_what_stands_below_it():
    upward = []
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).with_suffix("").parts[0]
        if room in ("emulator", "__init__"):
            continue
        upward += [
            (room, found)
            for found in at_run_time(path)
            if found in FLOOR and found != room and FLOOR[found] > FLOOR[room]
        ]
    assert upward == []
    assert {
        path.relative_to(PACKAGE).with_suffix("").parts[0] for path in PACKAGE.rglob("*.py")
    } - {"__init__", "emulator"} == set(FLOOR)


def test_readme_draws_the_rooms_in_their_order():
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    drawn = next(line for line in readme.splitlines() if line.startswith("`text/` → "))
    assert [room.strip("`/") for room in drawn.split(" → ")] == FLOORS


def test_the_emulator_never_uses_the_client_s_wire_code():
    shared = {"text", "errors", "api"}
    for path in (PACKAGE / "emulator").rglob("*.py"):
        for name in imports(path):
            if name.startswith("ernie_magic.") and not name.startswith("ernie_magic.emulator"):
                assert name.split(".")[1] in shared, (path.name, name)


def test_importing_the_package_and_its_session_loads_nothing_heavy():
    code = (
        "import sys, ernie_magic.session, ernie_magic.emulator; "
        "print([m for m in ('IPython', 'httpx', 'ipywidgets', 'anywidget', 'PIL', 'numpy', "
        "'openai', 'starlette', 'uvicorn', 'dotenv', 'tqdm', 'sqlite3', 'pandas', 'markdown_it', "
        "'mdit_py_plugins', 'linkify_it', 'nh3', 'pygments') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_the_package_exports():
    assert ernie_magic.__all__ == [
        "Answer",
        "ErnieError",
        "ImageSet",
        "Interrupted",
        "Picture",
        "Session",
        "Usage",
        "__version__",
        "load_ipython_extension",
        "unload_ipython_extension",
    ]
    assert all(getattr(ernie_magic, name) for name in ernie_magic.__all__)
