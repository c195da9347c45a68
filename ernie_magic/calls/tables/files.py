"""Tables in files, read by pandas."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ernie_magic.errors import InvalidOption, exception_message
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

_ENCODINGS = ("utf-8-sig", "gb18030")  # Excel in China writes a CSV in the second
_MAX_SAID = 150  # characters of what pandas says


def _read_csv(pandas: ModuleType, file: Path) -> Any:
    return _read_text(lambda encoding: pandas.read_csv(file, encoding=encoding))


def _read_tsv(pandas: ModuleType, file: Path) -> Any:
    return _read_text(lambda encoding: pandas.read_csv(file, sep="\t", encoding=encoding))


def _read_json_lines(pandas: ModuleType, file: Path) -> Any:
    return _read_text(lambda encoding: pandas.read_json(file, lines=True, encoding=encoding))


def _read_json(pandas: ModuleType, file: Path) -> Any:
    return _read_text(lambda encoding: pandas.read_json(file, encoding=encoding))


def _read_parquet(pandas: ModuleType, file: Path) -> Any:
    return pandas.read_parquet(file)


def _read_excel(pandas: ModuleType, file: Path) -> Any:
    return pandas.read_excel(file)


def _read_text(read: Callable[[str], Any]) -> Any:
    """Read a text file in the first encoding that fits."""
    first, other = _ENCODINGS
    with suppress(UnicodeDecodeError):
        return read(first)
    return read(other)


_READERS: Mapping[str, Callable[[ModuleType, Path], Any]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".json": _read_json,
    ".parquet": _read_parquet,
    ".xlsx": _read_excel,
}


def find_table_file(path: str | Path) -> Path | None:
    """Return the file of a table that a path names, None for any other text."""
    with suppress(OSError, ValueError, RuntimeError):  # too long, a null byte, an unknown home
        file = Path(path).expanduser()
        if file.suffix.lower() in _READERS and file.is_file():
            return file
    return None


def read_table_file(file: Path) -> Any:
    """Return a file's table as a DataFrame.

    Raises
    ------
    InvalidOption
        pandas is missing, or what it needs for this kind of file; or it cannot read the file.
    """
    try:
        import pandas as pd

        return _READERS[file.suffix.lower()](pd, file)
    except ImportError as error:
        module = getattr(error, "name", None) or "pandas"
        advice = Text("先 %pip install {module}", "first %pip install {module}").fill(module=module)
        reason = exception_message(error)
    except Exception as error:  # noqa: BLE001  (each of pandas' readers has errors of its own)
        advice = Text(
            "检查文件；或自己读成 DataFrame 再用",
            "check the file, or read it into a DataFrame first",
        )
        reason = exception_message(error)
    raise InvalidOption(
        Text("读不了表格 {file}：{said}", "the table {file} cannot be read: {said}").fill(
            file=file.name, said=reason[:_MAX_SAID]
        ),
        advice=advice,
    )
