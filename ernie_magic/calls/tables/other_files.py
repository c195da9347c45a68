"""Files that hold no table: what each is, and how to make a table of it."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, NamedTuple

from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text, clip_text

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = 512  # bytes that show what a file is
_MAX_ADDRESS = 100  # characters in an error


class _Kind(NamedTuple):
    """What a file is, and what to do with it; `{file}` stands for its name."""

    name: Text
    advice: Text


_READABLE = Text(
    "直接能读的是 .csv .tsv .json .jsonl .parquet .xlsx",
    "what can be read directly is .csv .tsv .json .jsonl .parquet .xlsx",
)
_READ_FIRST = Text(
    "先自己读成 DataFrame；{readable}", "read it into a DataFrame first; {readable}"
).fill(readable=_READABLE)
_EXPORT = Text("另存为 .xlsx 或 .csv", "save it as .xlsx or .csv")
_PICTURE = _Kind(
    Text("图片", "a picture"),
    Text(
        "问一张图片用 %%ernie --image {file}；{readable}",
        "%%ernie --image {file} asks about a picture; {readable}",
    ),
)
_DOCUMENT = _Kind(
    Text("文档", "a document"),
    Text(
        "把里面的表存成 .csv 或 .xlsx，或先读成文本列表",
        "save its table as .csv or .xlsx, or read its texts into a list first",
    ),
)
_SHEET = _Kind(Text("别的格式的电子表格", "a spreadsheet of another format"), _EXPORT)
_OLD_OFFICE = _Kind(
    Text("旧格式或加了密码的 Office 文件", "an Office file of the old format, or with a password"),
    _EXPORT,
)
_ARCHIVE = _Kind(
    Text("压缩文件", "a compressed file"),
    Text("先解压，再写里面的文件名", "unpack it first, and name the file in it"),
)
_DATABASE = _Kind(
    Text("数据库", "a database"),
    Text("先读成 DataFrame：pd.read_sql(…)", "read it into a DataFrame first: pd.read_sql(…)"),
)
_WEB_PAGE = _Kind(
    Text("网页", "a web page"),
    Text(
        "先读成 DataFrame：pd.read_html(…)[0]", "read it into a DataFrame first: pd.read_html(…)[0]"
    ),
)
_PLAIN_TEXT = _Kind(
    Text("纯文本文件", "a plain text file"),
    Text(
        '一行一条就读成列表：texts = open("{file}", encoding="utf-8").read().splitlines()；'
        "是表格就把扩展名改成 .csv",
        'one text per line: texts = open("{file}", encoding="utf-8").read().splitlines(); '
        "rename a table to .csv",
    ),
)
_FOLDER = _Kind(
    Text("文件夹", "a folder"),
    Text("写里面的一个文件；{readable}", "name a file in it; {readable}"),
)
_PARQUET = _Kind(
    Text("Parquet 文件", "a Parquet file"),
    Text("把扩展名改成 .parquet", "rename it to .parquet"),
)
_ZIP = _Kind(
    Text("ZIP 或 Office 文件", "a ZIP or Office file"),
    Text(
        "Excel 文件的扩展名是 .xlsx；压缩文件先解压",
        "an Excel file is named .xlsx; unpack an archive first",
    ),
)
_UNKNOWN = _Kind(Text("二进制文件", "a binary file"), _READ_FIRST)

# The first bytes of formats (https://en.wikipedia.org/wiki/List_of_file_signatures).
_SIGNATURES = (
    *((start, _PICTURE) for start in (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0")),
    (b"%PDF", _DOCUMENT),
    (b"{\\rtf", _DOCUMENT),
    (b"\xd0\xcf\x11\xe0", _OLD_OFFICE),
    *(
        (start, _ARCHIVE)
        for start in (b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh91AY", b"\xfd7zXZ")
    ),
    (b"SQLite format 3", _DATABASE),
    (b"PAR1\x15", _PARQUET),
    (b"PK\x03\x04", _ZIP),
)
_HTML_STARTS = (b"<!doctype html", b"<html")
_BY_SUFFIX = {
    **dict.fromkeys((".xls", ".xlsm", ".ods", ".numbers", ".et"), _SHEET),
    **dict.fromkeys((".pdf", ".doc", ".docx", ".ppt", ".pptx", ".wps", ".rtf"), _DOCUMENT),
    **dict.fromkeys((".zip", ".gz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz"), _ARCHIVE),
    **dict.fromkeys((".webp", ".heic", ".svg", ".avif", ".jpg", ".jpeg", ".png"), _PICTURE),
    **dict.fromkeys((".db", ".sqlite", ".sqlite3", ".mdb", ".accdb"), _DATABASE),
    **dict.fromkeys((".html", ".htm", ".mhtml"), _WEB_PAGE),
}
# The first bytes of what is read: text has none.
_EXPECTED = {".xlsx": b"PK", ".parquet": b"PAR1"}


def no_table_error(file: Path) -> InvalidOption:
    """Return the error for a file or a folder whose name is not that of a table."""
    if file.is_dir():
        return _make_error(file, _FOLDER)
    head = _read_head(file)
    if not head.strip():
        return _empty_error(file)
    kind = _BY_SUFFIX.get(file.suffix.lower()) or _find_signature(head)
    return _make_error(file, kind or _kind_of_rest(head))


def web_address_error(address: str) -> InvalidOption:
    """Return the error for a table on the web."""
    return InvalidOption(
        Text("{address} 是网址，不是文件", "{address} is a web address, not a file").fill(
            address=clip_text(address, _MAX_ADDRESS)
        ),
        advice=Text(
            "先读成 DataFrame：df = pd.read_csv(网址)", "read it first: df = pd.read_csv(address)"
        ),
    )


def check_content(file: Path) -> None:
    """Check that a file is what its name says, as far as its first bytes tell.

    Raises
    ------
    InvalidOption
        It is empty, or of another format.
    """
    head = _read_head(file)
    if not head.strip() and len(head) < _HEAD:
        raise _empty_error(file)
    expected = _EXPECTED.get(file.suffix.lower())
    if expected is not None:
        if not head.startswith(expected):
            raise _make_error(file, _find_signature(head) or _kind_of_rest(head))
    elif (kind := _find_signature(head)) is not None:
        raise _make_error(file, kind)


def _kind_of_rest(head: bytes) -> _Kind:
    """Return the kind of a file whose first bytes are no format's."""
    return _PLAIN_TEXT if _is_text(head) else _UNKNOWN


def _read_head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_HEAD)


def _find_signature(head: bytes) -> _Kind | None:
    if head.lstrip()[:20].lower().startswith(_HTML_STARTS):
        return _WEB_PAGE
    return next((kind for start, kind in _SIGNATURES if head.startswith(start)), None)


def _is_text(head: bytes) -> bool:
    return b"\0" not in head or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def _empty_error(file: Path) -> InvalidOption:
    return InvalidOption(
        Text("文件 {file} 是空的", "the file {file} is empty").fill(file=file.name),
        advice=Text("检查是不是这个文件", "check whether it is the right one"),
    )


def _make_error(file: Path, kind: _Kind) -> InvalidOption:
    return InvalidOption(
        Text(
            "{file} 是{kind}，不能直接当表格读", "{file} is {kind}, which is not read as a table"
        ).fill(file=file.name, kind=kind.name),
        advice=kind.advice.fill(file=str(file), readable=_READABLE),
    )
