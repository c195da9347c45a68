"""Tab completion on the first line of `%%ernie` and after `%ernie`.

Elsewhere it costs nothing: the options are imported at the first Tab on a line of our magics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ernie_magic.session import Session

    Matcher = Callable[[CompletionContext], dict[str, Any]]


def make_completion_matcher(session: Session, namespace: Mapping[str, Any]) -> Matcher:
    """A completer for IPython (`shell.Completer.custom_matchers`); `namespace` holds the user's
    variables.
    """

    @context_matcher(identifier="ernie_magic")
    def complete_line(context: CompletionContext) -> dict[str, Any]:
        line = context.line_with_cursor
        # The prompt below the first line is prose: offer nothing there.
        if context.cursor_line or not line.startswith(("%ernie", "%%ernie")) or " " not in line:
            return {"completions": [], "suppress": False}
        from ernie_magic.notebook.magics.completion_candidates import list_candidates

        found = list_candidates(session, namespace, line.split(" "), context.token)
        return {
            "completions": [SimpleCompletion(text, type="magic") for text in found],
            "suppress": bool(found),
        }

    return cast("Matcher", complete_line)
