"""The rules of the house, as tests."""

import ast
import graphlib
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import ernie_magic

PACKAGE = Path(ernie_magic.__file__).parent
CORE = [
    p
    for p in PACKAGE.rglob("*.py")
    if p.relative_to(PACKAGE).parts[0] not in ("notebook", "cli.py")
]


@cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path):
    for node in ast.walk(tree_of(path)):
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


# From the ground up, as the reference lists them: each imports only what stands to its left.
FLOORS = [
    "text",
    "errors",
    "api",
    "config",
    "storage",
    "runtime",
    "wire",
    "client",
    "calls",
    "qianfan",
    "session",
    "notebook",
    "cli",
]
FLOOR = {room: floor for floor, room in enumerate(FLOORS)}


def at_run_time(path):
    """The package's modules that a file imports when it is itself imported.

    Imports under TYPE_CHECKING or inside functions do not count.
    """
    for node in tree_of(path).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ernie_magic"):
            parts = node.module.split(".")
            yield from ([parts[1]] if len(parts) > 1 else [alias.name for alias in node.names])


def imported_names(body, *, in_functions, for_types):
    """What these statements import of the package, as pairs of module and name: when they run, and
    if asked also what their functions import later, and what is imported for types only.
    """
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module.startswith("ernie_magic"):
            home = node.module.removeprefix("ernie_magic").lstrip(".")
            yield from ((home, f"{home}.{alias.name}".lstrip(".")) for alias in node.names)
        inner = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not in_functions:
            inner = []
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not for_types:
            inner = node.orelse
        yield from imported_names(inner, in_functions=in_functions, for_types=for_types)


# `ernie.panel()` is a convenience, as `DataFrame.plot` is in pandas.
ALLOWED_CYCLE = {("session", "notebook.panels.panel")}


@pytest.mark.parametrize(
    ("in_functions", "for_types"),
    [(False, False), (True, False), (True, True)],
    ids=["at module level", "inside functions too", "for types too"],
)
def test_no_modules_import_each_other_in_a_circle(in_functions, for_types):
    paths = {
        ".".join(p.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): p
        for p in PACKAGE.rglob("*.py")
    }
    # Python runs the package's own `__init__` before any module, so it is on no circle that matters
    # as long as it imports nothing of ours when it runs.
    front_door = tree_of(paths.pop("__init__")).body
    assert not [*imported_names(front_door, in_functions=False, for_types=False)]
    graph = {}
    for name, path in paths.items():
        body = tree_of(path).body
        imported = {
            full if full in paths else home
            for home, full in imported_names(body, in_functions=in_functions, for_types=for_types)
        }
        graph[name] = {
            module for module in imported & paths.keys() if (name, module) not in ALLOWED_CYCLE
        }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as circle:
        pytest.fail(" <- ".join(circle.args[1]))


def test_each_room_imports_only_what_stands_below_it():
    upward = []
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).with_suffix("").parts[0]
        if room in ("emulator", "__init__", "__main__"):
            continue
        upward += [
            (room, found)
            for found in at_run_time(path)
            if found in FLOOR and found != room and FLOOR[found] > FLOOR[room]
        ]
    assert upward == []
    assert {
        path.relative_to(PACKAGE).with_suffix("").parts[0] for path in PACKAGE.rglob("*.py")
    } - {"__init__", "__main__", "emulator"} == set(FLOOR)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_reference_draws_the_rooms_in_their_order(language):
    page = PACKAGE.parent / "notebooks" / "reference" / language / "develop.md"
    lines = page.read_text(encoding="utf-8").splitlines()
    drawn = next(line for line in lines if line.startswith("`text/` → "))
    assert [room.strip("`/") for room in drawn.split(" → ")] == FLOORS


def test_tests_stand_in_the_rooms_of_the_package():
    tests = Path(__file__).parent
    files = [
        path.relative_to(tests)
        for path in tests.glob("*/**/test_*.py")
        if path.relative_to(tests).parts[0] not in ("kernel", "browser", "benchmarks")
    ]
    assert [file for file in files if not (PACKAGE / file.parent).is_dir()] == []
    # Named like the only module of that name, which is in another room.
    modules = Counter(path.name for path in PACKAGE.rglob("*.py"))
    misplaced = []
    for file in files:
        name = file.name.removeprefix("test_")
        if modules[name] == 1 and not (PACKAGE / file.with_name(name)).exists():
            misplaced.append(file)
    assert misplaced == []


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
