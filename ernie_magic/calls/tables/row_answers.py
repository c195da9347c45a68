"""What a run over a table knows of its rows: their values, or why there are none, and what was
spent for them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.api.usage import Usage
from ernie_magic.calls.tables.schema import Column, parse_answer
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ernie_magic.calls.tables.rows import Outcome
    from ernie_magic.text.language import Language

    TypedColumns = dict[str, tuple[str, list[Any]]]

_NOT_ASKED = Text(
    "还没有问：加 --resume 再运行（Python：resume=True）",
    "not asked yet: run it again with --resume (in Python resume=True)",
)
_NOT_WHOLE = Text(
    "⚠ {n} 行的回答可能不完整（{reason}）", "⚠ answers that may not be whole: {n} ({reason})"
)


@dataclass
class RowAnswers:
    """What is known of the rows so far, by their positions from 0.

    Attributes
    ----------
    columns : tuple of Column
        Those that an answer is split into; none for the whole answer.
    language : str
        Of what is said about failed rows.
    values : dict
        Each row's values by column, of which a malformed answer has only some.
    errors : dict
        Why a row has no answer, or not all of it.
    unread : dict
        Whole answers that do not fit the columns.
    cut : dict
        The reason to finish of answers that may not be whole.
    usage : Usage
    model : str
        That of the last answer.
    asked, sent, reused : int
        Rows answered by the service, sent to it, and found in the ledger.
    malformed : int
        Rows that are both in `values` and in `errors`: some of their values are wrong.
    """

    columns: tuple[Column, ...]
    language: Language
    values: dict[int, dict[str, Any]] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    unread: dict[int, str] = field(default_factory=dict)
    cut: dict[int, str] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    asked: int = 0
    sent: int = 0
    reused: int = 0
    malformed: int = 0

    @property
    def finished(self) -> int:
        """How many rows have an answer, or failed."""
        return len(self.values) + len(self.errors) - self.malformed

    def record_outcome(self, index: int, outcome: Outcome) -> None:
        """Record what was answered about a row, or why nothing was."""
        self.sent += 1
        if outcome.error:
            self.errors[index] = outcome.error
            return
        self._record_ending(index, outcome.reason)
        self.model = outcome.model
        self.usage += outcome.usage
        self.asked += 1
        self.values[index], wrong = parse_answer(outcome.text, self.columns, outcome.reason)
        self.unread.pop(index, None)
        if wrong:
            self.malformed += 1
            self.errors[index] = wrong.say(self.language)
            if outcome.text.strip():
                self.unread[index] = outcome.text

    def reuse_values(self, index: int, values: dict[str, Any], reason: str) -> None:
        """Use the values of an answer from the ledger.

        Parameters
        ----------
        reason
            The reason to finish of an answer that may not be whole, "" for others.
        """
        self.values[index] = values
        self.reused += 1
        self._record_ending(index, reason)

    def _record_ending(self, index: int, reason: str) -> None:
        self.cut.pop(index, None)  # of the answer before, which could not be read
        if reason:
            self.cut[index] = reason

    def describe_endings(self) -> Iterator[Text]:
        """Describe the answers that may not be whole."""
        for reason, count in sorted(Counter(self.cut.values()).items()):
            yield _NOT_WHOLE.fill(n=count, reason=reason)

    def fill_columns(
        self, outputs: Sequence[Column], error_column: str, row_count: int
    ) -> TypedColumns:
        """Return type and values of a table's new columns, by name."""
        typed: TypedColumns = {
            column.name: (column.type, [None] * row_count)
            for column in (*outputs, Column(error_column))
        }
        for index, values in self.values.items():
            # An answer of the wrong form has no values.
            for column, value in zip(outputs, values.values(), strict=False):
                typed[column.name][1][index] = value
        errors = typed[error_column][1]
        for index in range(row_count):
            if index not in self.values and index not in self.errors:
                errors[index] = _NOT_ASKED.say(self.language)
        for index, message in self.errors.items():
            errors[index] = message
        return typed
