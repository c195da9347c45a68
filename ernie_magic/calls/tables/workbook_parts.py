"""What the parts of a workbook say of a sheet beside its values: merged cells and hidden rows
(ECMA-376, part 1, sections 18.3.1.55 and 18.3.1.73).
"""

from __future__ import annotations

import re
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from pathlib import Path

_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s")
_ROW = re.compile(rb"<(?:\w+:)?row\s[^>]*>")
_HIDDEN = re.compile(rb"\shidden=[\"'](?:1|true)[\"']")
_NUMBER = re.compile(rb"\sr=[\"'](\d{1,7})[\"']")


def find_sheet_part(archive: zipfile.ZipFile, name: str) -> str:
    """Return the name of the part that holds a sheet.

    Raises
    ------
    KeyError, ET.ParseError
        There is none, or this is no workbook.
    """
    # Here and elsewhere: expat itself bounds what entities grow to.
    workbook = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
    sheets = [each for each in workbook.iter() if local_name(each.tag) == "sheet"]
    attributes = {sheet.get("name"): sheet.attrib for sheet in sheets}[name]
    id_ = {local_name(key): value for key, value in attributes.items()}["id"]
    relations = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    target = {each.get("Id"): each.attrib["Target"] for each in relations}[id_]
    if target.startswith("/"):
        return target[1:]
    return f"xl/{target}"


def local_name(tag: str) -> str:
    """Return a name without its namespace, of which the format has two."""
    return tag.rpartition("}")[2]


def read_sheet_part(file: Path, name: str) -> bytes:
    """Return the part that holds a sheet, b"" where there is none."""
    # What is no workbook after all is told by its reader.
    with (
        suppress(KeyError, ValueError, zipfile.BadZipFile, ET.ParseError),
        zipfile.ZipFile(file) as archive,
    ):
        return archive.read(find_sheet_part(archive, name))
    return b""


def has_merged_cells(part: bytes) -> bool:
    """Whether cells of a sheet are merged."""
    return _MERGED.search(part) is not None


def count_hidden_rows(part: bytes, last_row: int) -> int:
    """Return how many rows below a sheet's first one are hidden, by hand or by a filter, up to the
    last one that has values.
    """
    if b"hidden=" not in part:
        return 0
    hidden = [tag for tag in _ROW.findall(part) if _HIDDEN.search(tag)]
    numbers = [int(found[1]) for tag in hidden if (found := _NUMBER.search(tag))]
    return sum(1 < number <= last_row for number in numbers)


def load_without_merged_cells(file: Path, name: str) -> Any:
    """Return a workbook whose sheet has the value of a merged cell in each row that the cell
    reaches over, as it looks: the file has it in the first one only. A header stays as it is.
    """
    import openpyxl

    workbook = openpyxl.load_workbook(file, data_only=True)
    sheet = workbook[name]
    header = next((n for n, row in enumerate(sheet.values, 1) if any(row)), 1)
    for merged in list(sheet.merged_cells.ranges):
        first_row, column = merged.min_row, merged.min_col
        sheet.unmerge_cells(merged.coord)
        if first_row <= header:
            continue
        value = sheet.cell(first_row, column).value
        for row in range(first_row + 1, merged.max_row + 1):
            sheet.cell(row, column).value = value
    return workbook
