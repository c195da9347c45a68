"""Refusals of permission in a run over a table: of everything, or of what one row says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.calls.tables.row_answers import RowAnswers
    from ernie_magic.errors import PermissionDenied

# Rows that are refused one after the other before the run ends: what their texts say cannot be it.
_MOST_WITHOUT_ANSWER = 10
_OWN_CAUSE = Text(
    "别的行有回答，多半是这一行的文字（SQL、代码、命令等）触发了拦截",
    "other rows are answered, so something in this row's text (SQL, code, a command) has probably "
    "triggered it",
)
_OWN_ADVICE = Text(
    "改写这一行的文字，或请服务方放行",
    "reword this row's text, or ask the service to let it through",
)


class Denials:
    """Tell the rows whose own text is refused from a refusal of all.

    Firewalls and some content reviews refuse a text with the words of a missing permission
    (https://github.com/anthropics/claude-code/issues/58294): where other rows have answers, it is
    one row's failure.

    Parameters
    ----------
    answers
        Where the rows' errors stand.
    """

    def __init__(self, answers: RowAnswers) -> None:
        self._answers = answers
        self._denied: dict[int, PermissionDenied] = {}  # before any row had an answer
        self._without_answer = 0
        self._last: PermissionDenied | None = None

    def record_answer(self) -> None:
        """Record that a row was answered."""
        self._without_answer = 0
        for index, error in self._denied.items():
            self._blame_row(index, error)
        self._denied.clear()

    def record_denial(self, index: int, error: PermissionDenied) -> None:
        """Record that a row was refused."""
        self._last = error
        self._without_answer += 1
        if self._answers.values:
            self._blame_row(index, error)
        else:
            self._denied[index] = error

    def raise_if_general(self, *, is_end: bool = False) -> None:
        """Raise the last refusal where every row seems to be refused.

        Parameters
        ----------
        is_end
            All rows were asked.

        Raises
        ------
        PermissionDenied
            Too many were refused in a row, or none has an answer at the end.
        """
        is_unanswered = is_end and not self._answers.values
        if self._last and (is_unanswered or self._without_answer >= _MOST_WITHOUT_ANSWER):
            raise self._last

    def _blame_row(self, index: int, error: PermissionDenied) -> None:
        error.cause = _OWN_CAUSE
        error.advice = _OWN_ADVICE
        self._answers.errors[index] = error.line(self._answers.language)
