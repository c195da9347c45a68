"""What is wrong with a dataset, and where: every fault with its file, line and field, several of
them told at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ernie_magic.errors import InvalidDataset
from ernie_magic.text.language import LANGUAGES, Text, clip_text

if TYPE_CHECKING:
    from ernie_magic.text.language import Language

MAX_TOLD = 10  # faults in an error's line
MAX_KEPT = 1000  # faults in `InvalidDataset.faults`: the others are counted
_MAX_VALUE = 40  # characters of a value in a fault

LINE = Text("第 {number} 行", "line {number}")
ROW = Text("第 {number} 行", "row {number}")
SAMPLE = Text("第 {number} 个样本", "sample {number}")
_TURN = Text("第 {turn} 轮", "turn {turn}")
_COUNTED = Text("{name} 有 {count} 处不对：{told}", "{name}: {count} problems: {told}")
_FIRST = Text(
    "{name} 有 {count} 处不对，前 {shown} 处：{told}",
    "{name}: {count} problems, the first {shown} are: {told}",
)
_ONE = Text("{name}：{told}", "{name}: {told}")
_TABLE = Text("表", "the table")


class Problem(NamedTuple):
    """What is wrong with one sample.

    Attributes
    ----------
    field : str
        As it is written in the file; "" for the whole.
    what, advice : Text
        What is wrong, and what to do.
    turn : int
        Which turn of the conversation, from 1; 0 where it has only one.
    """

    field: str
    what: Text
    advice: Text
    turn: int = 0


class Place(NamedTuple):
    """Where a sample is.

    Attributes
    ----------
    number : int
        From 1; 0 for the file as a whole.
    unit : Text
        What is counted: lines, rows or samples.
    file : str
        The file inside an archive, "" for any other.
    """

    number: int = 0
    unit: Text = LINE
    file: str = ""


class DatasetFault(NamedTuple):
    """One fault of a dataset.

    Attributes
    ----------
    file : str
        The file inside an archive, "" for any other.
    line : int
        The line of the file, or the row of the table, from 1; 0 for the whole.
    turn : int
        Which turn of the conversation, from 1; 0 where it has only one.
    field : str
        "" for the whole line.
    what, advice : Text
        What is wrong, and what to do.
    unit : Text
        What `line` counts.
    """

    file: str
    line: int
    turn: int
    field: str
    what: Text
    advice: Text
    unit: Text = LINE

    def say(self, language: Language) -> str:
        """Return the fault in words."""
        parts = [self.file]
        if self.line:
            parts.append(self.unit.say(language, number=self.line))
        if self.turn:
            parts.append(_TURN.say(language, turn=self.turn))
        parts.append(self.field)
        comma, colon, stop = ", ", ": ", "; "
        if language == "zh":
            comma, colon, stop = " ", "：", "；"
        place = comma.join(part for part in parts if part)
        told = self.what.say(language) + stop + self.advice.say(language)
        if not place:
            return told
        return place + colon + told


class FaultLog:
    """The faults found so far in one file or table.

    Parameters
    ----------
    name
        The file's name; "" for a table.
    """

    def __init__(self, name: str = "") -> None:
        self._name = name
        self._faults: list[DatasetFault] = []
        self.count = 0

    def add(self, place: Place, problem: Problem) -> None:
        """Note a fault."""
        self.count += 1
        if len(self._faults) < MAX_KEPT:
            self._faults.append(
                DatasetFault(
                    place.file,
                    place.number,
                    problem.turn,
                    problem.field,
                    problem.what,
                    problem.advice,
                    place.unit,
                )
            )

    def raise_if_any(self) -> None:
        """Raise all of them as one error.

        Raises
        ------
        InvalidDataset
        """
        if not self.count:
            return
        name: Text | str = self._name or _TABLE
        template = _ONE
        if self.count > 1:
            template = _COUNTED
        if self.count > MAX_TOLD:
            template = _FIRST
        told = Text(*(self._tell(language) for language in LANGUAGES))
        error = InvalidDataset(
            template.fill(name=name, count=self.count, shown=MAX_TOLD, told=told)
        )
        error.faults = tuple(self._faults)
        error.fault_count = self.count
        raise error

    def _tell(self, language: Language) -> str:
        sentences = [fault.say(language) for fault in self._faults[:MAX_TOLD]]
        if len(sentences) == 1:
            return sentences[0]
        numbered = enumerate(sentences, start=1)
        return " ".join(f"({number}) {sentence}" for number, sentence in numbered)


def shown_value(value: object) -> str:
    """Return the beginning of a value, as an error shows it."""
    return clip_text(repr(value), _MAX_VALUE)
