"""What comes of a prompt about each row of a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ernie_magic.api.results import Result
from ernie_magic.api.usage import Usage, simulated_note
from ernie_magic.calls.tables.schema import ERROR
from ernie_magic.errors import InvalidOption, RowsFailed
from ernie_magic.text.counts import ROWS
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Text, clip_text
from ernie_magic.text.sanitize import without_formulas
from ernie_magic.text.suggest import DID_YOU_MEAN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ernie_magic.calls.datasets.dataset import Dataset

_RESUME = Text(
    "加 --resume 再运行就只问缺的行（Python 里是 resume=True）",
    "run it again with --resume to ask only for the missing rows (in Python resume=True)",
)
_ALL_FAILED = Text("没有一行成功：{rows}失败", "no row succeeded: {rows} failed")
_FIRST_REASON = Text("第一行：{reason}", "the first row says: {reason}")
_ASK_AGAIN = Text(
    "每行的原因在 {column} 列；改好后加 --resume 再运行",
    "the column {column} has the reason of each; mend it, then run it again with --resume",
)
_NOT_THE_TABLE = Text("结果不是表格本身，只能读", "a result is read like its table, and is not it")
_USE_TABLE = Text(
    "写 result.table：pd.DataFrame(result.table)、result.table[列] = …",
    "write result.table: pd.DataFrame(result.table), result.table[column] = …",
)
_REASON_SHOWN = 300  # characters


def _refuse_array(*_: object, **__: object) -> Any:
    raise InvalidOption(_NOT_THE_TABLE, advice=_USE_TABLE)


@dataclass(frozen=True, repr=False, eq=False)
class Mapped(Result):
    """A table with the answers to a prompt about each row. `len`, `[…]` and `for` are the table's.

    Attributes
    ----------
    table : DataFrame | list of dict
        A DataFrame when one was given, else a list; with the output columns and `error` at its end
        (`answer_2`, `error_2` where the table has its own `answer` or `error`).
    rows : list of dict
        The same data as rows.
    errors : dict
        Why a row has no answer, by its position from 0.
    usage : Usage
        Of this call.
    asked : int
        Rows that the service answered in this call.
    model, service : str
    seconds : float
        How long it took, in seconds.
    partial : bool
        Stopped, or failed permanently: rows are missing.
    columns : tuple of str
        The rows' columns, also when there are no rows.
    error_column : str
        The column that says why a row has no answer.
    notes : tuple of Text
        What to know about the columns: which are named otherwise, which were replaced; and how
        many answers may not be whole.
    yuan : float
        What this call cost in CNY; 0.0 where no price is known.
    prompts : tuple of str
        What was asked about each row, without what typed columns add to it.
    answer_columns : tuple of str
        The columns of answers.
    unread : dict
        The whole answers that do not fit the columns, by position from 0: they are paid for.
    cut : dict
        The reason to finish of answers that may not be whole ("length", "content_filter"), by
        position from 0: as `is_truncated` of a single answer. Their rows are no failures.
    reused : int
        Rows whose answers were in the ledger.
    sent : int
        Rows sent to the service in this call, those included that failed there.
    unasked : int
        Rows that were not asked for: the run was stopped, or it was a preview.
    """

    table: Any
    rows: list[dict[str, Any]]
    errors: dict[int, str] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    asked: int = 0
    model: str = ""
    service: str = ""
    seconds: float = 0.0
    partial: bool = False
    columns: tuple[str, ...] = ()
    error_column: str = ERROR
    notes: tuple[Text, ...] = ()
    yuan: float = 0.0
    prompts: tuple[str, ...] = field(default=(), repr=False)
    answer_columns: tuple[str, ...] = ()
    unread: dict[int, str] = field(default_factory=dict, repr=False)
    cut: dict[int, str] = field(default_factory=dict)
    reused: int = 0
    sent: int = 0
    unasked: int = 0

    _meant_by: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("data", "dataframe", "df", "result", "results"), "table"
    )

    def _advise_on(self, name: str) -> Text:
        if hasattr(self.table, name):
            return DID_YOU_MEAN.fill(close=f"table.{name}")
        return super()._advise_on(name)

    def _python_value_(self) -> Any:
        return self.table

    def to_dataset(
        self,
        format: str = "PromptResponse",  # noqa: A002  (the platform's word)
        *,
        system: str = "",
        response: str = "",
    ) -> Dataset:
        """Return the rows as a dataset for tuning: what was asked, and what was answered. Rows
        without an answer are left out.

        Parameters
        ----------
        format
            `"PromptResponse"`, `"Role"`, or `"Prompt"` for the prompts alone.
        system
            The system prompt of each sample, "" for none.
        response
            The column of `table` with the answers; when "" the only column of answers, or all of
            them as one JSON object. What you corrected in the table counts.

        Raises
        ------
        InvalidDataset
            Nothing is left, or an answer is empty.
        InvalidOption
            There is no such column or format.

        Returns
        -------
        Dataset
            With `write`, `to_frame` and `notes`.
        """
        from ernie_magic.calls.datasets.from_chats import dataset_of_rows

        return dataset_of_rows(self, format, system=system, response=response)

    @property
    def is_empty(self) -> bool:
        """Whether there are no rows."""
        return not self.rows

    @property
    def resume_advice(self) -> Text:
        """How to get the rows that are missing."""
        return _RESUME

    def build_failure(self) -> RowsFailed | None:
        """Return the error of a table without a row that succeeded; None for other tables."""
        if not self.errors or len(self.errors) + self.unasked < len(self.rows):
            return None
        reason = clip_text(self.errors[min(self.errors)].rstrip("。."), _REASON_SHOWN)
        failure = RowsFailed(
            _ALL_FAILED.fill(rows=ROWS.fill(len(self.errors))),
            _FIRST_REASON.fill(reason=reason),
            _ASK_AGAIN.fill(column=self.error_column),
        )
        failure.answer = self
        return failure

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.table)

    def __getitem__(self, key: Any) -> Any:
        return self.table[key]

    def __setitem__(self, key: object, value: object) -> None:
        raise InvalidOption(_NOT_THE_TABLE, advice=_USE_TABLE)

    @property
    def __array__(self) -> Callable[..., Any]:
        """Numpy and pandas, who take a table's own iteration over its names for its data, are told
        where the data are; a list they read by themselves.
        """
        if not hasattr(self.table, "columns"):
            raise AttributeError("a list has no array of its own")
        return _refuse_array

    @property
    def _repr_html_(self) -> Callable[[], str]:
        """The table's own HTML, with the models' words kept from MathJax. A list has none, and
        neither has this then: who displays it falls back to its text.
        """
        own = getattr(self.table, "_repr_html_", None)
        if own is None:
            raise AttributeError("a list has no HTML")
        return lambda: without_formulas(own())

    @printable
    def __repr__(self) -> str:
        facts = [ROWS.say("en", len(self))]
        if self.errors:
            facts.append(f"{len(self.errors)} failed")
        if self.cut:
            facts.append(f"{len(self.cut)} cut")
        facts += [f"model={self.model!r}", f"tokens={self.usage.total_tokens}"]
        if self.partial:
            facts.append("partial=True")
        return f"Mapped({', '.join(facts)}{simulated_note(self.service)})"
