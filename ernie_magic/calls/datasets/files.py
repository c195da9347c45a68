r"""Datasets in files: JSON lines, CSV, plain text, and archives of these.

Text is read in the encodings of `ernie_magic.calls.tables.files`, and written as UTF-8 without a
byte order mark, the only encoding that the platform accepts. A line ends at `\n`, `\r\n` or a
lone `\r`; lines without visible characters hold no sample, but are counted.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.calls.datasets.faults import LINE, SAMPLE, FaultLog, Place, Problem
from ernie_magic.calls.datasets.frames import decode_table, encode_rows
from ernie_magic.calls.datasets.lines import decode_line, encode_sample, parse_json_line
from ernie_magic.calls.tables.files import decode_text
from ernie_magic.calls.tables.frames import read_table
from ernie_magic.errors import InvalidOption
from ernie_magic.storage import files
from ernie_magic.text.language import Text, counted
from ernie_magic.text.line_ends import split_lines

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ernie_magic.calls.datasets.formats import Format, Sample

JSON_LINES = (".jsonl", ".ndjson")
JSON_DOCUMENT = ".json"
SEPARATORS = {".csv": ",", ".tsv": "\t"}
TEXT_KINDS = (*JSON_LINES, JSON_DOCUMENT, *SEPARATORS, ".txt")
ARCHIVE = ".zip"
WRITABLE = (".jsonl", ".csv", ".txt", ARCHIVE)
_OTHER_LENGTH = Text("有 {values}，表头有 {columns}", "has {values} for {columns}")
_VALUES, _COLUMNS = counted("个值", "value"), counted("列", "column")
_ONE_TEXT = ("Text", "Prompt")  # formats whose sample can be a line of a .txt file
_MAX_BYTES = 5 * 1024**3  # of an archive's files: more than that the platform refuses
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the same samples make the same bytes
_MAX_CELL = 2**31 - 1  # characters of a cell: the largest limit that `csv` takes on every system
_SAMPLE_FIELDS = frozenset({"prompt", "response", "messages", "text", "user", "chosen", "rejected"})
_BYTE_ORDER_MARK = "\ufeff"  # stands inside a file where two were joined
_LOOKED_AT = 1000  # characters at the beginning of a file
_MAX_PATH = 150  # characters of a path in an error
_MAX_SAID = 80  # characters of what a reader says


_ONE_DOCUMENT = Problem(
    "",
    Text(
        "是一个跨行的 JSON 值，不是每行一个", "is one JSON value on several lines, not one on each"
    ),
    Text("把文件改名为 .json 就能读", "name the file .json to have it read"),
)
_JSON_IN_TEXT = Problem(
    "",
    Text("是 JSON，不是纯文本", "holds JSON, not plain text"),
    Text("把文件改名为 .jsonl", "name the file .jsonl"),
)
_NO_PLAIN_TEXT = Text(".txt 的一行写不下 {form} 的样本", "samples of {form} are no lines of a .txt")
_WRITE_JSON = Text("用 .jsonl", "use a .jsonl file")
_NO_LIST = Problem(
    "",
    Text("不是样本的列表", "is not a list of samples"),
    Text("写成 [样本, 样本, …]", "write it as [sample, sample, …]"),
)


class FileReader(NamedTuple):
    """How the files of one dataset are read.

    Attributes
    ----------
    form : Format
    fields : mapping of str to str
        What the files call a field, where that is not the usual name.
    log : FaultLog
    left_out : Counter
        Counts the fields that no format has, and the files of an archive that hold no samples.
    """

    form: Format
    fields: Mapping[str, str]
    log: FaultLog
    left_out: Counter[str]

    def read_content(self, kind: str, content: bytes, file: str = "") -> list[tuple[Place, Sample]]:
        """Return a file's samples, each with its place.

        Parameters
        ----------
        kind
            The extension of its name, in small letters.
        file
            Its name inside an archive.
        """
        text = self._decode(content, file)
        if text is None:
            return []
        if kind in SEPARATORS:
            return self._read_separated(text, SEPARATORS[kind], file)
        if kind == JSON_DOCUMENT:
            return self._read_document(text, file)
        read = self._read_json_line
        if kind == ".txt":
            read = self._read_text_line
        problem = _find_wrong_kind(kind, text, self.form)
        if problem is not None:
            self.log.add(Place(0, LINE, file), problem)
            return []
        samples = []
        for number, line in enumerate(split_lines(text), start=1):
            own = line.removeprefix(_BYTE_ORDER_MARK)
            if own.strip():
                place = Place(number, LINE, file)
                sample, problems = read(own)
                for problem in problems:
                    self.log.add(place, problem)
                samples.append((place, sample))
        return samples

    def _decode(self, content: bytes, file: str) -> str | None:
        """Return a file's text; None where it is in no known encoding, which the log tells."""
        try:
            return decode_text(content)
        except (InvalidOption, UnicodeDecodeError):
            place = Place(_first_undecodable_line(content), LINE, file)
            what = Text("不是 UTF-8 文本", "is not text in UTF-8")
            self.log.add(place, Problem("", what, Text("另存为 UTF-8", "save it as UTF-8")))
            return None

    def _read_document(self, text: str, file: str) -> list[tuple[Place, Sample]]:
        """Return the samples of a file that is one JSON list: of lists of turns, or of objects,
        which are the rows of a table.
        """
        content = parse_json_line(text)
        if not isinstance(content, list):
            problem = content if isinstance(content, Problem) else _NO_LIST
            self.log.add(Place(0, LINE, file), problem)
            return []
        if content and all(isinstance(row, dict) for row in content):
            columns, rows = read_table(content)
            return decode_table(
                columns,
                enumerate(rows, start=1),
                self.form,
                self.fields,
                self.log,
                self.left_out,
                unit=SAMPLE,
                file=file,
            )
        names = self.form.names_in_lines(self.fields)
        samples = []
        for number, value in enumerate(content, start=1):
            place = Place(number, SAMPLE, file)
            sample, problems = decode_line(value, self.form, names, self.left_out)
            for problem in problems:
                self.log.add(place, problem)
            samples.append((place, sample))
        return samples

    def _read_json_line(self, line: str) -> tuple[Sample, list[Problem]]:
        value = parse_json_line(line)
        if isinstance(value, Problem):
            return (), [value]
        names = self.form.names_in_lines(self.fields)
        return decode_line(value, self.form, names, self.left_out)

    def _read_text_line(self, line: str) -> tuple[Sample, list[Problem]]:
        name = next(iter(self.form.readers))
        return ({name: line},), []

    def _read_separated(
        self,
        text: str,
        separator: str,
        file: str,
    ) -> list[tuple[Place, Sample]]:
        records = iterate_records(text, separator, file, self.log)
        _, header = next(records, (0, []))
        if not header:
            return []
        twice = next((name for name in header if header.count(name) > 1), None)
        if twice is not None:
            what = Text("表头里出现两次", "is in the header twice")
            advice = Text("给其中一列换个名字", "rename one of the columns")
            self.log.add(Place(1, LINE, file), Problem(twice, what, advice))
            return []
        rows = _fit_to_header(records, header, file, self.log)
        return decode_table(
            header, rows, self.form, self.fields, self.log, self.left_out, unit=LINE, file=file
        )

    def read_archive(self, content: bytes) -> list[tuple[Place, Sample]]:
        """Return the samples of all text files in an archive, each with its place."""
        samples = []
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for member in readable_members(archive, self.left_out):
                    kind = PurePosixPath(member.filename).suffix.lower()
                    samples += self.read_content(kind, archive.read(member), member.filename)
        except (
            zipfile.BadZipFile,
            RuntimeError,
            NotImplementedError,
            OSError,
            ValueError,
        ) as error:
            what = Text("不是能读的压缩包：{said}", "cannot be unpacked: {said}")
            advice = Text("重新压缩为不加密的 zip", "make a zip of it again, without a password")
            self.log.add(Place(), Problem("", what.fill(said=str(error)[:_MAX_SAID]), advice))
        return samples


def _find_wrong_kind(kind: str, text: str, form: Format) -> Problem | None:
    """Return the problem that a file's content is not of the kind that its name says; None where it
    is.
    """
    if kind != ".txt":
        return _ONE_DOCUMENT if _is_one_document(text) else None
    if _begins_with_json(text):
        return _JSON_IN_TEXT
    if form.name in _ONE_TEXT:
        return None
    return Problem("", _NO_PLAIN_TEXT.fill(form=form.name), _WRITE_JSON)


def _begins_with_json(text: str) -> bool:
    """Whether the first line is a sample in JSON; a prompt that is any other JSON is a prompt."""
    first = text.lstrip().split("\n", 1)[0]
    if not first.startswith(("{", "[{")):
        return False
    value = parse_json_line(first)
    if isinstance(value, list):
        value = value[0]
    return isinstance(value, dict) and not _SAMPLE_FIELDS.isdisjoint(value)


def _is_one_document(text: str) -> bool:
    """Whether JSON stands on several lines, such as an indented list: no line of it is JSON."""
    beginning = text.lstrip()[:_LOOKED_AT]
    first, *rest = beginning.split("\n", 1)
    if not rest or first.strip() not in ("[", "{", "[{", "[["):
        return False
    return not isinstance(parse_json_line(text), Problem)


def _first_undecodable_line(content: bytes) -> int:
    """Return the number of the line with the first byte that is not UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start) + 1
    return 1


@contextmanager
def _cells_of_any_length() -> Iterator[None]:
    """Let `csv` read prompts of more than 128 kB, its limit for the whole process."""
    limit = csv.field_size_limit(_MAX_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def iterate_records(
    text: str,
    separator: str,
    file: str,
    log: FaultLog,
) -> Iterator[tuple[int, list[str]]]:
    """Iterate over the records of a CSV file that are not blank, each with the number of its first
    line. The log tells where they end because a quote is wrong.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    first_line = 1
    with _cells_of_any_length():
        try:
            for record in reader:
                if any(cell.strip() for cell in record):
                    yield first_line, record
                first_line = reader.line_num + 1
        except csv.Error as error:
            what = Text("读不了：{said}", "cannot be read: {said}").fill(said=error)
            advice = Text(
                '检查引号：内容里的 " 写两次', 'check the quotes: write " in a text twice'
            )
            log.add(Place(first_line, LINE, file), Problem("", what, advice))


def _fit_to_header(
    records: Iterable[tuple[int, list[str]]],
    header: Sequence[str],
    file: str,
    log: FaultLog,
) -> Iterator[tuple[int, dict[str, str]]]:
    """Iterate over records by column; the log tells which are shorter or longer than the header."""
    for number, record in records:
        if len(record) != len(header):
            advice = Text(
                "含逗号或换行的内容要加引号", "put a text with a separator or line break in quotes"
            )
            what = _OTHER_LENGTH.fill(
                values=_VALUES.fill(len(record)), columns=_COLUMNS.fill(len(header))
            )
            problem = Problem("", what, advice)
            log.add(Place(number, LINE, file), problem)
            continue
        yield number, dict(zip(header, record, strict=True))


def readable_members(
    archive: zipfile.ZipFile,
    left_out: Counter[str],
) -> list[zipfile.ZipInfo]:
    """Return the archive's text files.

    Raises
    ------
    ValueError
        They are larger than what the platform takes.
    """
    members = []
    for member in archive.infolist():
        path = PurePosixPath(member.filename)
        is_hidden = path.name.startswith(".") or path.parts[:1] == ("__MACOSX",)
        if member.is_dir() or is_hidden:
            continue
        if path.suffix.lower() in TEXT_KINDS:
            members.append(member)
        else:
            left_out[member.filename] += 1
    if sum(member.file_size for member in members) > _MAX_BYTES:
        raise ValueError("more than 5 GB when unpacked")
    return members


# --- writing --------------------------------------------------------------------------------------


class FileWriter(NamedTuple):
    """How samples are written.

    Attributes
    ----------
    form : Format
    fields : mapping of str to str
        What the file shall call a field, where that is not the usual name.
    nested : bool
        Write the only answer of a turn as `[["…"]]`.
    """

    form: Format
    fields: Mapping[str, str]
    nested: bool

    def encode_lines(self, samples: Sequence[Sample]) -> Iterator[str]:
        """Iterate over the samples as lines of JSON, without their ends."""
        names = self.form.names_in_lines(self.fields)
        for sample in samples:
            yield encode_sample(sample, self.form, names, nested=self.nested)

    def encode_file(self, name: str, samples: Sequence[Sample]) -> bytes:
        """Return the content of a file of that name.

        Raises
        ------
        InvalidOption
            It is of no kind that can be written, or cannot hold these samples.
        """
        kind = PurePosixPath(name).suffix.lower()
        if kind == ".jsonl":
            return "".join(f"{line}\n" for line in self.encode_lines(samples)).encode()
        if kind == ".csv":
            return self._encode_csv(samples).encode()
        if kind == ".txt":
            return self._encode_texts(samples).encode()
        if kind == ARCHIVE:
            return self._encode_archive(name, samples)
        raise InvalidOption(
            Text("写不了 {kind} 文件", "{kind} files cannot be written").fill(kind=kind or name),
            advice=Text("可用：{kinds}", "use one of {kinds}").fill(kinds=" ".join(WRITABLE)),
        )

    def _encode_csv(self, samples: Sequence[Sample]) -> str:
        columns, rows = encode_rows(samples, self.form, self.fields)
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(columns)
        try:
            writer.writerows([_csv_cell(row[column]) for column in columns] for row in rows)
        except csv.Error as error:  # Python 3.10 writes no NUL
            raise InvalidOption(
                Text("写不成 CSV：{said}", "it cannot be written as CSV: {said}").fill(said=error),
                advice=Text("写成 .jsonl", "write a .jsonl"),
            ) from None
        return out.getvalue()

    def _encode_texts(self, samples: Sequence[Sample]) -> str:
        log = FaultLog(self.form.name)
        if self.form.name not in _ONE_TEXT:
            raise InvalidOption(_NO_PLAIN_TEXT.fill(form=self.form.name), advice=_WRITE_JSON)
        texts = [next(iter(sample[0].values())) for sample in samples]
        for number, text in enumerate(texts, start=1):
            if len(split_lines(text)) > 1 or text.startswith(_BYTE_ORDER_MARK):
                what = Text(
                    "有换行或字节序标记，写不成 .txt 的一行",
                    "has line breaks or a byte order mark, and is not a line of a .txt",
                )
                advice = Text("拆成几个样本，或写成 .jsonl", "split it, or write a .jsonl file")
                log.add(Place(number, SAMPLE), Problem("", what, advice))
        content = "".join(f"{text}\n" for text in texts)
        if _begins_with_json(content):  # it would not be read again
            log.add(Place(1, SAMPLE), Problem("", _JSON_IN_TEXT.what, _WRITE_JSON))
        log.raise_if_any()
        return content

    def _encode_archive(self, name: str, samples: Sequence[Sample]) -> bytes:
        kind = ".jsonl"
        if self.form.name == "Text":
            kind = ".txt"
        inner = f"{PurePosixPath(name).stem}{kind}"
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            member = zipfile.ZipInfo(inner, _ZIP_TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, self.encode_file(inner, samples))
        return out.getvalue()


def write_file(path: str | Path, content: bytes, *, overwrite: bool) -> Path:
    """Write a file that is whole or not there; its folder is made if need be.

    Raises
    ------
    InvalidOption
        It cannot be written, or is there already and must not be replaced.
    """
    try:
        file = Path(path).expanduser()
        file.parent.mkdir(parents=True, exist_ok=True)
        if overwrite:
            files.write_over(file, content)
        else:
            files.write_new([file], content)
    except FileExistsError:
        raise InvalidOption(
            Text("已有文件 {file}", "the file {file} already exists").fill(file=path),
            advice=Text(
                "换个名字，或写 overwrite=True", "choose another name, or pass overwrite=True"
            ),
        ) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise InvalidOption(
            Text("无法写入 {file}：{said}", "{file} cannot be written: {said}").fill(
                file=path, said=getattr(error, "strerror", "") or error
            ),
            advice=Text("换一个位置", "choose another place"),
        ) from None
    return file


def read_bytes(path: Path) -> bytes:
    """Return a file's content.

    Raises
    ------
    InvalidOption
        There is none, or it cannot be read.
    """
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise InvalidOption(
            Text("读不了 {file}：{said}", "{file} cannot be read: {said}").fill(
                file=str(path)[:_MAX_PATH], said=getattr(error, "strerror", "") or error
            ),
            advice=Text("检查文件名和所在的文件夹", "check its name and folder"),
        ) from None


def _csv_cell(value: Any) -> Any:
    """Return a cell's value as CSV holds it: lists and objects as JSON."""
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    return value
