"""Loading: put the session into the namespace, add magics and completer, make `%%ernie` an await.

Everything put into the shell carries a tag, and loading first removes what carries it. A module
that was imported again (autoreload, a deleted `sys.modules` entry) thus replaces its earlier self
instead of standing beside it.
"""

from __future__ import annotations

import importlib
import re
import sys
from typing import TYPE_CHECKING, Any, TypeVar, cast

from IPython.core.inputtransformer2 import EscapedCommand, HelpEnd, cell_magic

from ernie_magic.notebook.kernel_outputs import observe_outputs, stop_observing_outputs
from ernie_magic.notebook.line_values import LineValueTransformer
from ernie_magic.notebook.magics.completion import TAG, add_completer, remove_completer
from ernie_magic.notebook.magics.magics import ErnieMagics
from ernie_magic.runtime.interrupts import CELLS
from ernie_magic.session import Session
from ernie_magic.text.blanks import WIDE_BLANKS
from ernie_magic.text.encodings import accept_any_text, restore_error_handlers
from ernie_magic.text.language import Text, prefer_language

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

    from IPython.core.interactiveshell import InteractiveShell

SESSION_NAME = "ernie"
# The methods that an awaited cell calls: for a cell magic, and for a cell that is one line which
# makes or downloads pictures.
ASYNC_CELL_METHODS = {
    "%%ernie": "chat_cell_async",
    "%%ernie_image": "image_cell_async",
    "%%ernie_embed": "embed_cell_async",
    "%%ernie_map": "map_cell_async",
}
ASYNC_LINE_PATTERN = re.compile(r"%ernie_image +(?=redo |vary |download )(.*)")
# IPython reads a magic's name up to the first space: one of a page or a Chinese keyboard is none.
_BLANKS_AFTER_NAME = re.compile(
    rf"([ \t]*%%?ernie(?:_[a-z]+)?)[ \t{WIDE_BLANKS}]*[\t{WIDE_BLANKS}][ \t{WIDE_BLANKS}]*"
)
_LINE_OF_TEXT = re.compile(r"%ernie\w*[ \t]+\S+[ \t]+\S.*\?\s*\Z")
# Values that `ernie_magic.notebook.display.rich_forms` knows how to show: module and class.
_RICH_TYPES = (
    ("session", "Session"),
    ("api.models", "ModelList"),
    ("api.results", "Answer"),
    ("api.results", "Embeddings"),
    ("api.results", "Ranking"),
    ("api.usage_log", "UsageLog"),
    ("calls.chat.conversation", "Conversation"),
    ("calls.chat.conversations", "Conversations"),
    ("calls.chat.history", "History"),
    ("calls.chat.history", "Turn"),
    ("calls.datasets.dataset", "Dataset"),
    ("calls.images.image_sets", "ImageSets"),
    ("calls.tables.result", "Mapped"),
    ("config.settings", "ErnieSettings"),
    ("qianfan.batches.inference", "InferenceTask"),
    ("qianfan.batches.inference", "InferenceTasks"),
    ("qianfan.batches.group", "Batch"),
    ("qianfan.batches.group", "BatchList"),
    ("qianfan.batches.results", "BatchResults"),
    ("qianfan.datasets.records", "DatasetList"),
    ("qianfan.datasets.records", "DatasetRecord"),
    ("qianfan.templates.evaluation", "Evaluation"),
    ("qianfan.files", "StoredFile"),
    ("qianfan.files", "StoredFiles"),
    ("qianfan.tuning.hyperparameters", "TunableModels"),
    ("qianfan.templates.optimization", "Optimized"),
    ("qianfan.templates.prompt_template", "PromptTemplate"),
    ("qianfan.templates.files", "TemplateList"),
    ("qianfan.templates.group", "Templates"),
    ("qianfan.services.group", "OwnModels"),
    ("qianfan.services.group", "PlatformService"),
    ("qianfan.services.group", "ServiceList"),
    ("qianfan.tuning.plan", "TuningPlan"),
    ("qianfan.tuning.tasks", "PublishedModel"),
    ("qianfan.tuning.tasks", "TuningJobs"),
    ("qianfan.tuning.tasks", "TuningOverview"),
    ("qianfan.tuning.tasks", "TuningTask"),
    ("qianfan.tuning.tasks", "TuningTasks"),
    ("api.passages", "Passage"),
    ("qianfan.apps.group", "App"),
    ("qianfan.apps.group", "AppList"),
    ("qianfan.knowledge.records", "Document"),
    ("qianfan.knowledge.records", "DocumentList"),
    ("qianfan.knowledge.records", "KnowledgeBase"),
    ("qianfan.knowledge.records", "KnowledgeBaseList"),
    ("qianfan.knowledge.records", "PassageList"),
    ("text.tokens", "TokenCount"),
)
_NEEDED_BY_CELLS = ("ernie_magic.notebook.magics.cells", "ernie_magic.client", "httpx")
_REGISTERED_MAGICS = f"get_ipython().magics_manager.registry[{ErnieMagics.__name__!r}]"
_NAME_TAKEN = Text(
    "变量 {name} 是你的，没有覆盖；要用会话：del {name} 后 %reload_ext ernie_magic",
    "the variable {name} is yours and was kept; to have the session: del {name}, then "
    "%reload_ext ernie_magic",
)
_Function = TypeVar("_Function", bound="Callable[..., Any]")


def load_extension(shell: InteractiveShell) -> None:
    """Put everything in place; what an earlier load left is replaced, but its session is kept."""
    session = _find_or_create_session(shell)
    unload_extension(shell)
    name_is_taken = SESSION_NAME in shell.user_ns and not _is_session(shell.user_ns[SESSION_NAME])
    if name_is_taken:
        print(_NAME_TAKEN.say(session.settings.interface_language, name=SESSION_NAME))
    else:
        shell.push({SESSION_NAME: session})
    shell.register_magics(ErnieMagics(shell, session))
    # IPython, not we, prints the values of expressions and the errors, which may hold characters
    # that a terminal in GBK or cp1252 lacks: so the user's own outputs are changed, not copies.
    # What is no TextIOWrapper, such as a kernel's stream, cannot be: `fit_encoding` serves it.
    accept_any_text(sys.stdout, sys.stderr)
    _register_rich_forms(shell, session)
    prefer_language(session.settings.language)
    session.settings.observe(_prefer_new_language, "language")
    # IPython's annotation says shells; its list holds any Configurable.
    configurables = cast("list[Any]", shell.configurables)
    if session.settings not in configurables:
        configurables.append(session.settings)
    cell_rewriter = _CellRewriter(shell)
    shell.input_transformers_cleanup.insert(
        0, _tag_callback(cell_rewriter.protect_prompt, has_side_effects=True)
    )
    shell.input_transformers_cleanup.append(
        _tag_callback(cell_rewriter.rewrite_as_await, has_side_effects=True)
    )
    shell.input_transformer_manager.token_transformers.append(_LineOfText)
    line_values = LineValueTransformer(shell, SESSION_NAME, f"{_REGISTERED_MAGICS}.show_line")
    setattr(line_values, TAG, True)
    shell.ast_transformers.append(line_values)
    observe_outputs(shell)
    shell.events.register("pre_execute", _tag_callback(CELLS.enter_cell))
    shell.events.register("post_execute", _tag_callback(CELLS.leave_cell))
    # Otherwise it was loaded before, and the cells it is loaded in have been counted.
    if CELLS.depth == 0:
        for _ in range(_count_running_cells()):
            CELLS.enter_cell()
    # `%reset` removes the session's name: it is put back before the next cell.
    shell.events.register(
        "pre_run_cell", _tag_callback(lambda _info: shell.user_ns.setdefault(SESSION_NAME, session))
    )
    if shell.Completer is not None:
        add_completer(shell.Completer, session, shell.user_ns)
    _import_httpx_later(shell)


def _prefer_new_language(change: Mapping[str, Any]) -> None:
    prefer_language(change["new"])


def unload_extension(shell: InteractiveShell) -> None:
    """Remove everything but the session in the namespace."""
    restore_error_handlers(sys.stdout, sys.stderr)
    prefer_language("")
    _forget_rich_forms(shell)
    cleanup = shell.input_transformers_cleanup
    cleanup[:] = [f for f in cleanup if not hasattr(f, TAG)]
    manager = shell.input_transformer_manager
    for transformers in (manager.token_transformers, shell.ast_transformers):
        transformers[:] = [f for f in transformers if not hasattr(f, TAG)]
    stop_observing_outputs(shell)
    for event in ("pre_execute", "post_execute", "pre_run_cell"):
        for callback in [f for f in shell.events.callbacks[event] if hasattr(f, TAG)]:
            shell.events.unregister(event, callback)
    if shell.Completer is not None:
        remove_completer(shell.Completer)
    for kind in ("line", "cell"):
        for name in [
            name
            for name in shell.magics_manager.magics[kind]
            if name == SESSION_NAME or name.startswith(f"{SESSION_NAME}_")
        ]:
            shell.magics_manager.magics[kind].pop(name)


def _register_rich_forms(shell: InteractiveShell, session: Session) -> None:
    """Tell IPython by name which values have a form of ours; it asks when it shows one."""

    def make_form(value: Any) -> Any:
        from ernie_magic.notebook.display.rich_forms import make_form

        return make_form(value, session)

    def print_form(value: Any, printer: Any, _cycle: bool) -> None:
        # Within a tuple or a list there is no room for a table.
        is_inner = len(printer.stack) > 1
        printer.text(repr(value) if is_inner else make_form(value).text)

    for module, name in _RICH_TYPES:
        for formatter, function in (
            (_formatter(shell, "text/html"), lambda value: make_form(value).html),
            (_formatter(shell, "text/plain"), print_form),
        ):
            formatter.for_type_by_name(f"ernie_magic.{module}", name, function)


def _forget_rich_forms(shell: InteractiveShell) -> None:
    for module, name in _RICH_TYPES:
        for mime in ("text/html", "text/plain"):
            _formatter(shell, mime).pop(f"ernie_magic.{module}.{name}", None)


def _formatter(shell: InteractiveShell, mime: str) -> Any:
    display_formatter: Any = shell.display_formatter
    return display_formatter.formatters[mime]


class _CellRewriter:
    """Decides how a cell magic runs: awaited for a notebook's own cell, waited for otherwise."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell

    def protect_prompt(self, lines: list[str]) -> list[str]:
        """Take a cell that is or contains one of ours before IPython cleans it up as if it were
        Python.

        IPython would remove what looks like a prompt (`>>> `, `In [1]: `) from the beginnings of
        lines, and blanks from otherwise empty lines; below a magic they are the user's words. An
        indented cell, or one pasted with prompts, goes through IPython's own cleaning.
        """
        lines = _separate_names(lines)
        content_lines = lines[next((i for i, line in enumerate(lines) if line.strip()), 0) :]
        if (
            not content_lines
            or not content_lines[0].startswith("%%")
            or not any(
                line.split(None, 1)[:1] and line.split(None, 1)[0] in ASYNC_CELL_METHODS
                for line in content_lines
            )
        ):
            return lines
        # IPython would read the magic's name with the CR of a CRLF.
        content_lines[0] = content_lines[0].rstrip("\r\n") + "\n"
        # It refuses a cell of one line, which is one with `--template`.
        if len(content_lines) == 1:
            content_lines.append("\n")
        rewritten: list[str] = cell_magic(self.rewrite_as_await(content_lines))
        return rewritten

    def rewrite_as_await(self, lines: list[str]) -> list[str]:
        """Turn the magic and its body into an `await`, in a kernel, at the top level."""
        first, *body = lines or [""]
        name, _, line = first.rstrip().partition(" ")
        if getattr(self._shell, "kernel", None) is None or CELLS.depth or not self._shell.autoawait:
            return lines
        registered_magics = f"{_REGISTERED_MAGICS}.cells"
        if name in ASYNC_CELL_METHODS:
            method = ASYNC_CELL_METHODS[name]
            prompt = "".join(body)
            return [f"await {registered_magics}.{method}({line!r}, {prompt!r})\n"]
        if not "".join(body).strip() and (matched := ASYNC_LINE_PATTERN.fullmatch(first.rstrip())):
            return [f"await {registered_magics}.image_line_async({matched.group(1)!r})\n"]
        return lines


def _separate_name(line: str) -> str:
    if found := _BLANKS_AFTER_NAME.match(line):
        return f"{found[1]} {line[found.end() :]}"
    return line


def _separate_names(lines: list[str]) -> list[str]:
    """Write a space between a magic's name and its line; below another cell magic lines are the
    user's words.
    """
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    last = first + 1 if lines[first:] and lines[first].lstrip().startswith("%%") else len(lines)
    separated = [_separate_name(line) for line in lines[:last]]
    return separated + lines[last:]


class _LineOfText(EscapedCommand):
    """A line magic of ours whose text ends in `?` (`%ernie config system What is it?`): for IPython
    the mark asks for help about the last word, and the line would not run.
    """

    priority = HelpEnd.priority - 1

    @classmethod
    def find(cls, tokens_by_line: Any) -> _LineOfText | None:
        """Find the first such line; `%ernie?` and `%ernie config?` ask for help."""
        for line in tokens_by_line:
            first = next((token for token in line if token.string.strip()), None)
            if first is not None and _LINE_OF_TEXT.match(first.line[first.start[1] :]):
                return cls(first.start)
        return None


setattr(_LineOfText, TAG, True)


def _count_running_cells() -> int:
    """How many cells are running on this thread, each started by the one before.

    A notebook run by `%run` counts as two.
    """
    frame: FrameType | None = sys._getframe()  # noqa: SLF001  (inspect.stack() reads the source of each frame: 100 ms)
    count = 0
    while frame is not None:
        count += frame.f_code.co_name == "run_cell_async"
        frame = frame.f_back
    return count


def _find_or_create_session(shell: InteractiveShell) -> Session:
    """The session that already exists, from any import of the module; else a new one."""
    registered = shell.magics_manager.registry.get(ErnieMagics.__name__)
    for candidate in (getattr(registered, "session", None), shell.user_ns.get(SESSION_NAME)):
        if _is_session(candidate):
            return cast("Session", candidate)
    from ernie_magic.config.settings import ErnieSettings

    return Session(ErnieSettings(parent=shell))


def _is_session(candidate: object) -> bool:
    # Compared by name: it may come from an earlier import, as another class of the same name.
    return type(candidate).__name__ == Session.__name__ and hasattr(candidate, "conversations")


def _tag_callback(function: _Function, *, has_side_effects: bool = False) -> _Function:
    """A wrapper that carries the tag; bound methods accept no attributes."""

    def tagged_wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    tagged_wrapper.__dict__.update(function.__dict__)
    setattr(tagged_wrapper, TAG, True)
    # IPython skips such a transformer when it only asks whether a cell is complete.
    tagged_wrapper.has_side_effects = has_side_effects  # type: ignore[attr-defined]
    return tagged_wrapper  # type: ignore[return-value]


def _import_httpx_later(shell: InteractiveShell) -> None:
    """In a kernel, import what calls need in the background once the loading cell has ended.

    The first question then need not wait for it.
    """
    if getattr(shell, "kernel", None) is None:
        return

    def import_httpx_once() -> None:
        from ernie_magic.runtime.io_thread import IO

        shell.events.unregister("post_execute", tagged_import)
        for name in _NEEDED_BY_CELLS:
            IO.running_loop().call_soon_threadsafe(importlib.import_module, name)

    tagged_import = _tag_callback(import_httpx_once)
    shell.events.register("post_execute", tagged_import)
