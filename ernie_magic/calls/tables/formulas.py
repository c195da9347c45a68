"""Formulas of a workbook that no program has computed: the file has no values for their cells."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

from ernie_magic.calls.tables.workbook_parts import find_sheet_part, local_name
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAX_CELLS = 5  # in an error
_NOT_COMPUTED = Text(
    "单元格 {cells} 里的公式还没有算过，文件里没有它们的值",
    "the formulas in {cells} were never computed: the file has no values for these cells",
)
_COMPUTE = Text(
    "用 Excel、WPS 或 LibreOffice 打开并保存一次；或自己用 pd.read_excel 读成 DataFrame，"
    "这些单元格是空的",
    "open the file in Excel or LibreOffice and save it; or read it into a DataFrame with "
    "pd.read_excel, which leaves them empty",
)


class _Formula(NamedTuple):
    """A cell with a formula, as the file has it ("CT_Cell" in ECMA-376, part 1, section 18.3.1.4).

    Attributes
    ----------
    cell : str
        Where it is: "B2".
    value : str
        What the program that saved the file has computed, "" for nothing.
    is_text : bool
        That program says that the value is a text, which may be empty.
    """

    cell: str
    value: str
    is_text: bool


def check_formulas(file: Path, sheet: str) -> None:
    """Check that the formulas of a sheet have been computed. Programs that write
    one without computing it leave the value out, as openpyxl does, or write 0 and have it computed
    when it is opened, as XlsxWriter does ("Formula Results" on
    https://xlsxwriter.readthedocs.io/working_with_formulas.html).

    Raises
    ------
    InvalidOption
    """
    formulas = list[_Formula]()
    is_computed_later = False
    # What is no workbook after all is told by its reader.
    with (
        suppress(KeyError, ValueError, zipfile.BadZipFile, ET.ParseError),
        zipfile.ZipFile(file) as archive,
    ):
        is_computed_later = b"fullCalcOnLoad" in archive.read("xl/workbook.xml")
        formulas = list(_iterate_formulas(archive.read(find_sheet_part(archive, sheet))))
    missing = [formula for formula in formulas if not formula.value and not formula.is_text]
    if is_computed_later and all(formula.value in ("", "0") for formula in formulas):
        missing = formulas
    if missing:
        cells = ", ".join(formula.cell for formula in missing[:_MAX_CELLS])
        if len(missing) > _MAX_CELLS:
            cells += " …"
        raise InvalidOption(_NOT_COMPUTED.fill(cells=cells), advice=_COMPUTE)


def _iterate_formulas(sheet: bytes) -> Iterator[_Formula]:
    """Iterate over the cells with formulas, in the order of the sheet."""
    if b"<f" not in sheet and b":f" not in sheet:
        return
    for _, element in ET.iterparse(io.BytesIO(sheet)):  # noqa: S314
        if local_name(element.tag) != "c":
            continue
        parts = {local_name(part.tag): part.text or "" for part in element}
        if "f" in parts:
            is_text = element.get("t") == "str"
            yield _Formula(element.get("r", "?"), parts.get("v", ""), is_text)
        element.clear()
