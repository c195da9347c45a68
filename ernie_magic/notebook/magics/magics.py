"""The magics by name.

Their code and their options are imported when the first of them runs, when somebody asks for help,
or at the first Tab.
"""

from __future__ import annotations

from copy import copy
from functools import cached_property, update_wrapper
from types import MethodType
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from IPython.display import display

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from ernie_magic.notebook.display.embeddings import Heat, Plane
    from ernie_magic.notebook.display.html_table import Table
    from ernie_magic.notebook.magics.cells import CellMagics
    from ernie_magic.notebook.magics.line_magics import LineMagics
    from ernie_magic.session import Session


class _Documented:
    # A function, as a class holds one, whose docstring lists every option and is built when it is
    # read, by `%%ernie?` or Shift-Tab: then it is in the language that is set. A docstring here
    # would take its place.
    def __init__(self, magic: str, function: Callable[..., Any]) -> None:
        update_wrapper(self, function, assigned=("__module__", "__name__", "__qualname__"))
        self._magic = magic
        self._function = function
        self.session: Session | None = None

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        from ernie_magic.notebook.magics.help_texts import describe_magic

        return describe_magic(self._magic, self.session)

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        bound = copy(self)  # with what decorators have marked it with
        bound.session = instance.session
        return MethodType(bound, instance)

    def __call__(self, *args: Any) -> Any:
        return self._function(*args)


def _documented(magic: str) -> Callable[[Callable[..., Any]], Any]:
    return lambda function: _Documented(magic, function)


@magics_class
class ErnieMagics(Magics):
    """`%%ernie`, `%%ernie_image`, `%ernie` and the others over one session."""

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell, session: Session) -> None:
        # Its methods are bound, and registered, with the session.
        self.session = session
        super().__init__(shell)

    @cached_property
    def cells(self) -> CellMagics:
        """The code of the cell magics and of `%ernie_image`."""
        from ernie_magic.notebook.magics.cells import CellMagics

        return CellMagics(self.shell, self.session)

    @cached_property
    def lines(self) -> LineMagics:
        """The code of the other line magics."""
        from ernie_magic.notebook.magics.line_magics import LineMagics

        return LineMagics(self.shell, self.session)

    def show_line(self, name: str, line: str) -> None:
        """Run a line magic and show its value, as IPython does with a cell's last expression."""
        value = self.shell.run_line_magic(name, line)
        if value is not None:
            display(value)

    # `$` and `{` are the user's text; our own {{expr}} works the same in awaited and other cells
    @no_var_expand
    @cell_magic("ernie")
    @_documented("%%ernie")
    def cell(self, line: str, cell: str) -> None:
        """Run `%%ernie`; its help is in `help_texts`."""
        self.cells.chat_cell(line, cell)

    @no_var_expand
    @cell_magic("ernie_image")
    @_documented("%%ernie_image")
    def image_cell(self, line: str, cell: str) -> None:
        """Run `%%ernie_image`; its help is in `help_texts`."""
        self.cells.image_cell(line, cell)

    @no_var_expand
    @cell_magic("ernie_embed")
    @_documented("%%ernie_embed")
    def embed_cell(self, line: str, cell: str) -> None:
        """Run `%%ernie_embed`; its help is in `help_texts`."""
        self.cells.embed_cell(line, cell)

    @no_var_expand
    @cell_magic("ernie_map")
    @_documented("%%ernie_map")
    def map_cell(self, line: str, cell: str) -> None:
        """Run `%%ernie_map`; its help is in `help_texts`."""
        self.cells.map_cell(line, cell)

    @no_var_expand
    @line_magic("ernie")
    @_documented("%ernie")
    def line(self, line: str) -> Any:
        """Run `%ernie`; its help is in `help_texts`."""
        return self.lines.run_command(line)

    @no_var_expand
    @line_magic("ernie_image")
    @_documented("%ernie_image")
    def image_line(self, line: str) -> Table | None:
        """Run `%ernie_image`; its help is in `help_texts`."""
        return self.cells.image_line(line)

    @no_var_expand
    @line_magic("ernie_heat")
    @_documented("%ernie_heat")
    def heat_line(self, line: str) -> Heat:
        """Run `%ernie_heat`; its help is in `help_texts`."""
        return self.lines.show_heat(line)

    @no_var_expand
    @line_magic("ernie_map2d")
    @_documented("%ernie_map2d")
    def plane_line(self, line: str) -> Plane:
        """Run `%ernie_map2d`; its help is in `help_texts`."""
        return self.lines.show_plane(line)

    @no_var_expand
    @line_magic("ernie_search")
    @_documented("%ernie_search")
    def search_line(self, line: str) -> Table:
        """Run `%ernie_search`; its help is in `help_texts`."""
        return self.lines.search_texts(line)
