"""What a line magic returns is shown wherever the line stands: IPython shows the value of a cell's
last expression only.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from IPython.core.interactiveshell import InteractiveShell

# What holds further statements.
_BLOCKS = (ast.stmt, ast.excepthandler, ast.match_case)


class LineValueTransformer(ast.NodeTransformer):
    """Shows the values of our line magics that IPython would not: within an `if` or a loop, and
    before a cell's last statement.

    Parameters
    ----------
    shell
    prefix
        What the names of the magics begin with.
    show
        The expression of a function that is called as `run_line_magic`, and shows the value.
    """

    def __init__(self, shell: InteractiveShell, prefix: str, show: str) -> None:
        self._shell = shell
        self._prefix = prefix
        self._show = show

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """Go through a cell's statements."""
        interactivity = self._shell.ast_node_interactivity
        if interactivity == "none":  # the user wants no values
            return node
        shown = node.body[-1:]
        if interactivity == "all":
            shown = node.body
        shown = [statement for statement in shown if isinstance(statement, ast.Expr)]
        self._show_values(statement for statement in node.body if statement not in shown)
        return node

    def _show_values(self, nodes: Iterable[ast.AST]) -> None:
        """Change each of our lines among these statements, and in their blocks."""
        for node in nodes:
            if isinstance(node, ast.Expr) and (call := self._find_our_line(node.value)):
                call.func = ast.parse(self._show, mode="eval").body
            inner = ast.iter_child_nodes(node)
            self._show_values(child for child in inner if isinstance(child, _BLOCKS))

    def _find_our_line(self, node: ast.expr) -> ast.Call | None:
        """Return the call that IPython makes of `%ernie…`; None of any other expression."""
        match node:
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Call(func=ast.Name(id="get_ipython")), attr="run_line_magic"
                ),
                args=[ast.Constant(value=str(name)), *_],
            ) if name.startswith(self._prefix):
                return node
        return None
