"""A dataset in memory: checked samples of one format, from a file, a table or a conversation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ernie_magic.api.public_names import names_by_use
from ernie_magic.calls.datasets import files
from ernie_magic.calls.datasets.faults import SAMPLE, FaultLog, Place, Problem
from ernie_magic.calls.datasets.formats import (
    MAX_TURNS,
    Format,
    check_field_names,
    find_format,
)
from ernie_magic.calls.datasets.frames import decode_table, encode_rows
from ernie_magic.calls.datasets.guess import guess_format, guess_format_of_file
from ernie_magic.calls.datasets.lines import decode_row
from ernie_magic.calls.tables import frames
from ernie_magic.calls.tables.files import read_table_file
from ernie_magic.errors import InvalidOption
from ernie_magic.text.counts import SAMPLES
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Counted, Text, clip_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ernie_magic.calls.datasets.formats import Sample

_TABLE_FILES = (".xlsx", ".parquet")
_MAX_NAMED = 5  # fields or files in a note
_LEFT_OUT = Text("没有用到：{names}", "not part of the format, left out: {names}")
_LONG = Counted(
    Text(
        "{n} 个样本超过 {limit} 轮，平台会截断",
        "{n} samples have more than {limit} turns: the platform cuts them",
    ),
    Text(
        "{n} 个样本超过 {limit} 轮，平台会截断",
        "{n} sample has more than {limit} turns: the platform cuts it",
    ),
)


@dataclass(frozen=True, repr=False)
class Dataset(Sequence["Sample"]):
    """Samples for tuning, each checked against one format of the platform.

    `len(data)`, `data[0]`, `data[:100]` and `for sample in data` work as on a list. A sample is a
    tuple of its turns, each a dict of `prompt`, `response` and so on; `data.to_frame()` is a
    DataFrame of them, and `data.write("train.jsonl")` the platform's file.

    Attributes
    ----------
    format : Format
        `format.name` is the platform's `dataFormat`.
    samples : tuple of tuples of dict
    name : str
        The file that it was read from, "" for none.
    notes : tuple of Text
        What to know: fields that were left out, samples that the platform will cut.
    """

    format: Format
    samples: tuple[Sample, ...]
    name: str = ""
    notes: tuple[Text, ...] = ()
    _fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_annotated(self) -> bool:
        """Whether the samples have answers: the platform publishes, and tunes on, no others."""
        return bool(self.samples) and self.format.is_annotated(self.samples[0])

    def to_rows(self) -> list[dict[str, Any]]:
        """Return a dict for each turn; those of one conversation have the same `_group`."""
        return encode_rows(self.samples, self.format, self._fields)[1]

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each turn; see `to_rows`."""
        import pandas as pd

        columns, rows = encode_rows(self.samples, self.format, self._fields)
        return pd.DataFrame(rows, columns=columns, dtype=object)

    def lines(self, *, nested: bool = True) -> Iterator[str]:
        """Iterate over the samples as the lines of a JSON lines file, without their ends.

        Parameters
        ----------
        nested
            Write the answers of PromptResponse as `[["…"]]`, as the official client requires them;
            False writes texts, as the platform's newer pages do. Both are read.
        """
        return files.FileWriter(self.format, self._fields, nested).encode_lines(self.samples)

    def write(self, path: str | Path, *, overwrite: bool = False, nested: bool = True) -> Path:
        """Write a file: `.jsonl`, `.csv`, `.txt` (Text and Prompt, one sample a line) or `.zip` of
        one of them (`.txt` for Text, else `.jsonl`).

        The platform imports from BOS alone: put the file into your bucket, then import its address.

        Parameters
        ----------
        path
            Where to write it; folders are made.
        overwrite
            Replace a file of that name.
        nested
            As in `lines`.

        Raises
        ------
        InvalidOption
            There is such a file already, it cannot be written, or its kind cannot hold the samples.

        Returns
        -------
        Path
        """
        writer = files.FileWriter(self.format, self._fields, nested)
        content = writer.encode_file(Path(path).name, self.samples)
        return files.write_file(path, content, overwrite=overwrite)

    def __len__(self) -> int:
        return len(self.samples)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Dataset: ...
    def __getitem__(self, index: int | slice) -> Sample | Dataset:
        if isinstance(index, slice):
            return replace(self, samples=self.samples[index])
        return self.samples[index]

    def __dir__(self) -> list[str]:
        return names_by_use(
            super().__dir__(),
            ("write", "to_frame", "to_rows", "lines", "format", "samples", "notes"),
        )

    @printable
    def __repr__(self) -> str:
        facts = [SAMPLES.say("en", len(self)), self.format.name]
        if not self.is_annotated and self.format.name not in ("Prompt", "Text"):
            facts.append("no answers")
        if self.name:
            facts.append(repr(self.name))
        return f"Dataset({', '.join(facts)})"


def read_dataset(
    source: object,
    format: str | Format = "",  # noqa: A002  (the platform's word)
    *,
    fields: Mapping[str, str] | None = None,
) -> Dataset:
    """Return the dataset in a file or a table, every sample checked.

    Parameters
    ----------
    source
        A file (`.jsonl`, `.json`, `.csv`, `.tsv`, `.txt`, `.zip` of these, `.xlsx`, `.parquet`), or
        a table: a DataFrame of pandas or polars, a list of dictionaries, a list of texts.
    format
        The platform's name (`"PromptResponse"`, `"Role"`, `"DPO_PromptChosenRejected"` …) or a
        short one (`"DPO"`, `"KTO"`, `"sorted"`); recognised by the fields when "".
    fields
        What the file or table calls a field, where that is not the usual name:
        `{"prompt": "问题", "response": "答案"}`.

    Raises
    ------
    InvalidDataset
        With the line and field of each fault.
    InvalidOption
        The file cannot be read, or its format is not recognised.

    Returns
    -------
    Dataset
    """
    if isinstance(source, Dataset):
        if not format or find_format(format) is source.format:
            return source
        source = source.to_rows()
    if isinstance(source, (str, Path)):
        return _read_file(_expand_home(source), format, fields or {})
    return _read_table(source, format, fields or {})


def _expand_home(path: str | Path) -> Path:
    with suppress(RuntimeError):  # no such user: there is no such file either
        return Path(path).expanduser()
    return Path(path)


def _read_file(path: Path, format_name: str | Format, fields: Mapping[str, str]) -> Dataset:
    kind = path.suffix.lower()
    if kind in _TABLE_FILES:
        files.read_bytes(path)
        return _read_table(read_table_file(path), format_name, fields, path.name)
    if kind not in (*files.TEXT_KINDS, files.ARCHIVE):
        raise InvalidOption(
            Text("读不了 {kind} 文件", "{kind} files are not read").fill(kind=kind or path.name),
            advice=Text("可用：{kinds}", "use one of {kinds}").fill(
                kinds=" ".join((*files.TEXT_KINDS, files.ARCHIVE, *_TABLE_FILES))
            ),
        )
    content = files.read_bytes(path)
    form = find_format(format_name or guess_format_of_file(kind, content))
    reader = files.FileReader(form, check_field_names(fields, form), FaultLog(path.name), Counter())
    if kind == files.ARCHIVE:
        samples = reader.read_archive(content)
    else:
        samples = reader.read_content(kind, content)
    return _build(samples, reader, path.name)


def _read_table(
    table: object,
    format_name: str | Format,
    fields: Mapping[str, str],
    name: str = "",
) -> Dataset:
    columns, rows = frames.read_table(table)
    form = find_format(format_name or guess_format(columns, rows))
    reader = files.FileReader(form, check_field_names(fields, form), FaultLog(name), Counter())
    numbered = enumerate(rows, start=1)
    samples = decode_table(columns, numbered, form, reader.fields, reader.log, reader.left_out)
    return _build(samples, reader, name)


def make_dataset(
    conversations: Iterable[Sequence[Mapping[str, Any]]],
    format: str | Format,  # noqa: A002  (the platform's word)
) -> Dataset:
    """Return a dataset of these conversations, every sample checked.

    Parameters
    ----------
    conversations
        Each is its turns: mappings of field names to values.

    Raises
    ------
    InvalidDataset
    """
    form = find_format(format)
    reader = files.FileReader(form, {}, FaultLog(), Counter())
    names = {name: name for name in form.readers}
    samples = []
    for number, turns in enumerate(conversations, start=1):
        place = Place(number, SAMPLE)
        rows = []
        for turn in turns:
            row, problems = decode_row(turn, form, names, reader.left_out)
            rows.append(row)
            for problem in problems:
                reader.log.add(place, problem)
        for problem in form.rule(tuple(rows), names):
            reader.log.add(place, problem)
        samples.append((place, tuple(rows)))
    return _build(samples, reader, "")


def _build(
    placed: Sequence[tuple[Place, Sample]],
    reader: files.FileReader,
    name: str,
) -> Dataset:
    """Return the dataset of samples that were read.

    Raises
    ------
    InvalidDataset
    """
    form, log = reader.form, reader.log
    if not placed and not log.count:
        what = Text("没有样本", "has no samples")
        log.add(Place(), Problem("", what, Text("检查内容和格式", "check its content and format")))
    if not log.count:
        _check_annotation(placed, form, log)
    log.raise_if_any()
    samples = tuple(sample for _, sample in placed)
    return Dataset(form, samples, name, tuple(_describe(samples, reader)), reader.fields)


def _check_annotation(
    placed: Sequence[tuple[Place, Sample]],
    form: Format,
    log: FaultLog,
) -> None:
    """Check that all samples have answers, or none has."""
    lacking = [place for place, sample in placed if not form.is_annotated(sample)]
    if len(lacking) == len(placed):
        return
    for place in lacking:
        what = Text("没有回答，别的样本有", "has no answer, though others have")
        advice = Text("补上回答，或分成两个数据集", "add it, or make two datasets of them")
        log.add(place, Problem("", what, advice))


def _describe(samples: Sequence[Sample], reader: files.FileReader) -> Iterator[Text]:
    """Describe what to know about samples."""
    if reader.left_out:
        shown = [clip_text(name, 40) for name in list(reader.left_out)[:_MAX_NAMED]]
        rest = len(reader.left_out) - len(shown)
        if rest:
            shown.append(f"… (+{rest})")
        yield _LEFT_OUT.fill(names=", ".join(shown))
    count = sum(len(sample) > MAX_TURNS for sample in samples)
    if count:
        yield _LONG.fill(count, limit=MAX_TURNS)
