"""Formulas that no program has computed are told with their cells; all others are read."""

import re
import zipfile

import pytest

from ernie_magic.calls.tables import frames
from ernie_magic.errors import InvalidOption

openpyxl = pytest.importorskip("openpyxl")


def write_book(file, rows, change=lambda sheet: sheet, *, computed_later=True):
    """Write a workbook, and change the text of its first sheet as another program writes it."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.create_sheet("notes").append(["=1+1"])
    book.save(file)
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    parts[name] = change(parts[name].decode()).encode()
    if not computed_later:
        parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b'fullCalcOnLoad="1"', b"")
    with zipfile.ZipFile(file, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)


def with_values(value, kind=""):
    """Change a sheet's formulas to have this value."""

    def change(sheet):
        sheet = re.sub(r"(<c r=\"\w+\")(?=><f>)", rf"\1{kind}", sheet)
        return re.sub(r"</f><v ?/>|</f><v></v>", f"</f><v>{value}</v>", sheet)

    return change


ROWS = [["text", "n"], ["good", "=1+1"], ['=A2&"x"', 4], ["bad", 5]]


def test_formulas_that_were_never_computed_are_told_with_their_cells(tmp_path):
    write_book(tmp_path / "a.xlsx", ROWS)
    with pytest.raises(InvalidOption, match=r"the formulas in B2, A3 were never computed: .*save"):
        frames.copy_table(tmp_path / "a.xlsx")
    many = [["text"], *(["=1+1"] for _ in range(9))]
    write_book(tmp_path / "b.xlsx", many)
    with pytest.raises(InvalidOption, match=r"in A2, A3, A4, A5, A6 … were never"):
        frames.copy_table(tmp_path / "b.xlsx")


def test_zeros_that_stand_in_for_values_are_told(tmp_path):
    write_book(tmp_path / "a.xlsx", ROWS, with_values("0"))
    with pytest.raises(InvalidOption, match="the formulas in B2, A3 were never computed"):
        frames.copy_table(tmp_path / "a.xlsx")


@pytest.mark.parametrize(
    ("change", "values"),
    [(with_values("2"), [2, 4, 5]), (with_values("0"), [0, 4, 5])],
    ids=["a number", "zeros that a program has computed"],
)
def test_computed_formulas_are_read(tmp_path, change, values):
    write_book(tmp_path / "a.xlsx", ROWS, change, computed_later=False)
    rows = frames.rows_of(frames.copy_table(tmp_path / "a.xlsx"))
    assert [row["n"] for row in rows] == values


def test_a_formula_whose_value_is_an_empty_text_was_computed(tmp_path):
    write_book(tmp_path / "a.xlsx", ROWS, with_values("", ' t="str"'), computed_later=False)
    rows = frames.rows_of(frames.copy_table(tmp_path / "a.xlsx"))
    assert [row["text"] for row in rows][::2] == ["good", "bad"]


def test_formulas_of_other_sheets_are_not_looked_at(tmp_path):
    write_book(tmp_path / "a.xlsx", [["text"], ["good"]])
    assert frames.rows_of(frames.copy_table(tmp_path / "a.xlsx")) == [{"text": "good"}]
