"""Tables in files: a prompt gets what stands in the file."""

import copy
import io
import json
import sys
import zipfile
from datetime import datetime

import pandas as pd
import pytest

from ernie_magic import errors
from ernie_magic.calls.tables import frames
from ernie_magic.calls.tables.template import Template
from ernie_magic.text.whole_values import whole_text


def values_of(file, content, column="x"):
    if isinstance(content, str):
        content = content.encode()
    file.write_bytes(content)
    rows = frames.rows_of(frames.copy_table(file))
    return [None if row[column] != row[column] else row[column] for row in rows]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("x\n007\n012\n", ["007", "012"]),
        ("x,y\nNA,1\nnull,1\nNone,1\n,1\n", ["NA", "null", "None", None]),
        ("x,y\n1,a\n,b\n3,c\n", [1, None, 3]),
        ("x,y\n1,a,\n2,b,\n", [1, 2]),  # each row ends with a separator, its header does not
        ("x\n5\n4.5\n", [5, 4.5]),
        ("x\n1.10\n1.9\n", ["1.10", "1.9"]),
        ("x\n1e5\n1_0\n", ["1e5", "1_0"]),
        ("x\n12345678901234567890123\n5\n", [12345678901234567890123, 5]),
        ("x\nTrue\nFalse\n", [True, False]),
        ("x\nTRUE\nno\n", ["TRUE", "no"]),
        ("x\ninf\n-0\n", ["inf", "-0"]),
        ('x\n"a, ""b""\r\nc"\n', ['a, "b"\r\nc']),
    ],
)
def test_values_of_a_csv_file_stay_as_they_are_written(tmp_path, text, values):
    assert values_of(tmp_path / "a.csv", text) == values
    assert values_of(tmp_path / "a.tsv", text.replace(",", "\t").replace("\t ", ", ")) == values


@pytest.mark.parametrize(
    ("rows", "values"),
    [
        ([{"x": "007"}, {"x": "1.10"}], ["007", "1.10"]),
        ([{"x": "2024-01-05"}], ["2024-01-05"]),
        ([{"x": 1}, {"x": None}, {"y": 3}], [1, None, None]),
        ([{"x": True}, {"x": None}], [True, None]),
        ([{"x": 12345678901234567890123}], [12345678901234567890123]),
        ([{"x": 1}, {"x": 0.5}, {"x": "a"}], [1, 0.5, "a"]),
        ([{"x": 0.1 + 0.2}, {"x": 1.0}], [0.1 + 0.2, 1.0]),
        ([{"x": {"a": "007"}}, {"x": [1, 2]}], [{"a": "007"}, [1, 2]]),
    ],
)
def test_values_of_a_json_file_stay_as_they_are_written(tmp_path, rows, values):
    lines = "\n\n".join(map(json.dumps, rows))
    for name, text in (("a.jsonl", lines), ("a.json", json.dumps(rows))):
        read = values_of(tmp_path / name, text)
        assert read == values
        assert list(map(type, read)) == list(map(type, values))


@pytest.mark.parametrize(
    ("name", "text", "rows"),
    [
        ("a.csv", 'x;y\n1,5;a\n2;"b;c"\n', [("1,5", "a"), ("2", "b;c")]),
        ("a.csv", "sep=;\r\nx;y\r\n1;a\r\n", [(1, "a")]),
        ("a.csv", '"sep=|"\nx|y\n1|a\n', [(1, "a")]),
        ("a.csv", "x\ty\n1\ta,b\n", [(1, "a,b")]),
        ("a.tsv", "x,y\n1,a\n", [(1, "a")]),
        ("a.csv", "\ufeffx;y\n1;a\n\n", [(1, "a")]),
        ("a.csv", "x;y\n" + '"1\n;";a\n' * 9_000, [("1\n;", "a")] * 9_000),
        ("a.csv", "x,y\na;b,c\n", [("a;b", "c")]),
        ("a.jsonl", '[{"x": 1, "y": 2}]\n', [(1, 2)]),
        ("a.jsonl", '{"x": 1,\n "y": 2}\n', [(1, 2)]),
        ("a.jsonl", '\x1e{"x": 1, "y": 2}\r\n\r\n', [(1, 2)]),
        ("a.json", '{"x": 1, "y": 2}\n{"x": 3, "y": 4}\n', [(1, 2), (3, 4)]),
        ("a.json", '{"x": 1, "y": 2}', [(1, 2)]),
        ("a.json", '{"x": "long", "y": ["a", "b"]}', [("long", ["a", "b"])]),
        ("a.json", '{"x": [], "y": {"a": 1, "b": 2}}', [([], {"a": 1, "b": 2})]),
    ],
)
def test_a_table_is_read_by_what_the_file_has(tmp_path, name, text, rows):
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    found = frames.rows_of(frames.copy_table(tmp_path / name))
    assert [tuple(row.values()) for row in found] == rows
    assert list(found[0]) == ["x", "y"]


@pytest.mark.parametrize("text", ["x\na;b\nc\n", "x;y\na\n", "x y\na;b\n", "x\n1;2\n"])
def test_what_separates_some_rows_only_is_text(tmp_path, text):
    header, value = text.split("\n")[:2]
    assert values_of(tmp_path / "a.csv", text, header)[0] == value


def test_rows_of_several_kinds_are_told(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"x": 1}\n"y"\n')
    with pytest.raises(errors.InvalidOption, match=r"a.jsonl cannot be read: some of its rows are"):
        frames.copy_table(tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    "written", ["1.10", "1e5", "-0.50", "0.1234567890123456789", "1e400", "1.0", "7"]
)
def test_a_number_of_a_json_file_is_sent_as_it_is_written(tmp_path, written):
    for name in ("a.json", "a.jsonl"):
        value = values_of(tmp_path / name, f'{{"x": {written}}}')[0]
        assert str(value) == written
        assert whole_text(copy.deepcopy(value)) == written
    assert values_of(tmp_path / "a.json", '[{"x": 1.10}, {"x": 2.5}]') == [1.1, 2.5]


def test_days_of_a_sheet_have_no_time_unless_one_of_them_does(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    day, moment = datetime(2024, 1, 5), datetime(2024, 1, 6, 8, 30)  # noqa: DTZ001  (as sheets are)
    book = openpyxl.Workbook()
    for row in (["day", "at"], [day, day], ["soon", moment], [None, None]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    content = frames.read_table(frames.copy_table(tmp_path / "a.xlsx"))
    rows = frames.rows_in_words(content)
    template = Template.parse("{{day}}|{{at}}", ("day", "at"))
    assert list(map(template.fill, rows[:2])) == [
        "2024-01-05|2024-01-05 00:00:00",
        "soon|2024-01-06 08:30:00",
    ]


WRITTEN = {
    "whole and not": ([1, 2.5, None], ["1", "2.5", ""], "float64"),
    "as text has them": (["1.10", "1e5", "2"], ["1.10", "1e5", "2"], "float64"),
    "whole beside a gap": ([1, None, 3], ["1", "", "3"], "Int64"),
    "too large for a float": ([2**53 + 1, 0.5], ["9007199254740993", "0.5"], "object"),
    "beside a word": ([1, 2.5, "n/a"], ["1", "2.5", "n/a"], "object"),
    "beside a switch": ([1, 2.5, True], ["1", "2.5", "True"], "object"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_column_of_numbers_is_sent_as_written_and_comes_back_as_numbers(tmp_path, name):
    values, texts, kind = WRITTEN[name]
    numbers = [value if name == "as text has them" else json.dumps(value) for value in values]
    lines = "".join(f'{{"x": {number}}}\n' for number in numbers)
    (tmp_path / "a.jsonl").write_text(lines)
    table = frames.copy_table(tmp_path / "a.jsonl")
    rows = frames.rows_of(frames.first_rows(table.copy(), 9))
    assert [Template.parse("{{x}}", ("x",)).fill(row) for row in rows] == texts
    made = frames.with_columns(table, rows, {"answer": ("str", ["a"] * len(rows))})
    assert str(made["x"].dtype) == kind
    assert str(table["x"].dtype) == kind.replace("float64", "object")  # as it was


def test_columns_of_a_sheet_have_the_types_of_pandas(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    day = datetime(2024, 1, 5)  # noqa: DTZ001  (as sheets are)
    for row in (["n", "share", "day"], [1, 1, day], [2, 2.5, None], [3, None, day]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    table = frames.copy_table(tmp_path / "a.xlsx")
    made = frames.with_columns(table, [], {"answer": ("str", ["a"] * 3)})
    assert list(map(str, made.dtypes)) == ["int64", "float64", "datetime64[us]", "object"]
    assert frames.rows_in_words(frames.read_table(table))[0] == {
        "n": 1,
        "share": 1,
        "day": day.date(),
    }


def write_sheets(file, change=lambda book: None, /, **sheets):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    change(book)
    book.save(file)


ROWS = [["id", "text", "stars"], [1, "good", 5]]


def test_rows_above_a_sheet_s_header_are_told(tmp_path):
    write_sheets(tmp_path / "a.xlsx", data=[["Report 2024"], [], *ROWS])
    with pytest.raises(errors.InvalidOption, match=r"other rows stand above.*skiprows=2"):
        frames.copy_table(tmp_path / "a.xlsx")
    write_sheets(tmp_path / "b.xlsx", data=ROWS, notes=[["read me"]])
    assert frames.rows_of(frames.copy_table(tmp_path / "b.xlsx"))[0]["text"] == "good"


def test_which_of_several_sheets_was_read_is_told(tmp_path, session):
    write_sheets(tmp_path / "a.xlsx", May=ROWS, June=ROWS, later=[])
    mapped = session.map("[[echo]]{{text}}", str(tmp_path / "a.xlsx"))
    told = " ".join(note.en for note in mapped.notes)
    assert "only the first sheet, May, was read, and not June:" in told
    assert 'pd.read_excel(…, sheet_name="June")' in told
    again = session.map("[[echo]]{{text}}", mapped.table)  # which is no sheet
    assert "sheet" not in " ".join(note.en for note in again.notes)
    write_sheets(tmp_path / "b.xlsx", May=ROWS, later=[])
    assert not session.map("[[echo]]{{text}}", str(tmp_path / "b.xlsx")).notes


def test_a_merged_cell_counts_for_each_of_its_rows(tmp_path):
    def merge(book):
        for cells in ("A1:B1", "A2:A3", "A4:B5", "C3:C5"):
            book.active.merge_cells(cells)

    rows = [["a", None, "c"], ["A", 1, "x"], [None, 2, 0], ["B", 3, None], [None, None, None]]
    write_sheets(tmp_path / "a.xlsx", merge, data=rows, other=ROWS)
    table = frames.copy_table(tmp_path / "a.xlsx")
    assert table["a"].tolist() == ["A", "A", "B", "B"]
    assert table["c"].tolist() == ["x", 0, 0, 0]
    assert table.iloc[:, 1].tolist()[:2] == [1, 2]
    assert table.iloc[:, 1].isna().tolist() == [False, False, True, True]


def test_merged_cells_of_a_header_of_two_rows_stay(tmp_path):
    def merge(book):
        for cells in ("A1:A2", "A3:A4"):
            book.active.merge_cells(cells)

    rows = [["a", "b"], [None, 1], ["A", 2], [None, 3]]
    write_sheets(tmp_path / "a.xlsx", merge, data=rows)
    assert frames.copy_table(tmp_path / "a.xlsx")["a"].tolist()[1:] == ["A", "A"]
    assert frames.copy_table(tmp_path / "a.xlsx")["a"].isna().tolist() == [True, False, False]


def test_a_hidden_sheet_is_not_the_one_that_is_read(tmp_path, session):
    def hide(book):
        book["lists"].sheet_state = "hidden"
        book["codes"].sheet_state = "veryHidden"

    write_sheets(tmp_path / "a.xlsx", hide, lists=[["text"], ["=1+1"]], May=ROWS, codes=ROWS)
    mapped = session.map("[[echo]]{{text}}", str(tmp_path / "a.xlsx"))
    assert mapped.table["text"].tolist() == ["good"]
    assert not mapped.notes


def test_hidden_rows_that_are_asked_are_told(tmp_path, session):
    def hide(book):
        for number in (1, 3, 4, 900):
            book.active.row_dimensions[number].hidden = True

    rows = [["text"], ["a"], ["b"], ["c"], ["d"]]
    write_sheets(tmp_path / "a.xlsx", hide, data=rows)
    mapped = session.map("[[echo]]{{text}}", str(tmp_path / "a.xlsx"))
    (note,) = mapped.notes
    assert note.en.startswith("⚠ rows that the sheet hides or filters out are asked too (2);")
    again = session.map("[[echo]]{{text}}", mapped.table)
    assert not any("hides" in note.en for note in again.notes)


def test_an_empty_sheet_is_an_error_as_an_empty_file_is(tmp_path):
    write_sheets(tmp_path / "a.xlsx", data=[])
    with pytest.raises(errors.InvalidOption, match="its sheet, data, is empty"):
        frames.copy_table(tmp_path / "a.xlsx")
    write_sheets(tmp_path / "b.xlsx", data=[["text"]])
    assert frames.copy_table(tmp_path / "b.xlsx").empty


def test_a_title_above_two_columns_is_told(tmp_path):
    rows = [["text", "n"], ["good", 1]]
    write_sheets(tmp_path / "a.xlsx", data=[["Report 2026"], [None], *rows])
    with pytest.raises(errors.InvalidOption, match=r"other rows stand above.*skiprows=2"):
        frames.copy_table(tmp_path / "a.xlsx")
    write_sheets(tmp_path / "b.xlsx", data=[["text"], ["good"], ["bad", "why"]])
    assert len(frames.copy_table(tmp_path / "b.xlsx")) == 2


def test_an_empty_first_sheet_names_the_others(tmp_path):
    write_sheets(tmp_path / "a.xlsx", cover=[], data=ROWS)
    with pytest.raises(errors.InvalidOption, match=r"cover, is empty.*sheet_name=\"data\""):
        frames.copy_table(tmp_path / "a.xlsx")


def test_names_that_pandas_reads_as_dates_are_names(tmp_path):
    text = '{"created_at": 1700000000, "date": "2024-01-05"}'
    assert values_of(tmp_path / "a.jsonl", text, "created_at") == [1700000000]
    assert values_of(tmp_path / "a.jsonl", text, "date") == ["2024-01-05"]


def test_a_json_file_may_be_a_list_of_texts_or_an_object_of_columns(tmp_path):
    assert values_of(tmp_path / "a.json", '["a", "b"]', "text") == ["a", "b"]
    assert values_of(tmp_path / "a.json", '{"x": ["007", "b"]}') == ["007", "b"]
    assert values_of(tmp_path / "a.json", '{"x": {"0": "a", "1": "b"}}') == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    ['{"data": [{"x": "a"}, {"x": "b"}]}', '{"total": 2, "items": [{"x": "a"}, {"x": "b"}]}'],
)
def test_a_json_file_may_have_its_rows_in_an_object(tmp_path, text):
    assert values_of(tmp_path / "a.json", text) == ["a", "b"]


@pytest.mark.parametrize("orient", ["split", "table", "index", "records", "columns"])
@pytest.mark.parametrize("labels", [None, ["x", "y"]], ids=["numbered", "labelled"])
def test_a_json_file_is_read_as_pandas_writes_it(tmp_path, orient, labels):
    if labels and orient == "index":
        return  # its labels look like columns
    frame = pd.DataFrame({"x": ["007", "b"], "n": [1, 2]}, index=labels)
    frame.to_json(tmp_path / "a.json", orient=orient)
    table = frames.copy_table(tmp_path / "a.json")
    columns = [name for name in table.columns if not (labels and name == "index")]
    assert (columns, table["x"].tolist()) == (["x", "n"], ["007", "b"])


def test_names_of_values_that_are_no_table_are_columns(tmp_path):
    content = '{"columns": ["a", "b"], "data": [[1], [2]]}'
    assert values_of(tmp_path / "a.json", content, "columns") == ["a", "b"]
    numbered = '{"0": {"0": "a", "1": "b"}, "1": {"0": "c", "1": "d"}}'
    assert values_of(tmp_path / "a.json", numbered, "1") == ["c", "d"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (r'"a \"q\" b"', [r'a "q" b']),
        (r'"a \"q, z\" b"', [r'a "q, z" b']),
        (r'"\"all of it\""', [r'"all of it"']),
        (r'"ends in \\"', [r"ends in \\"]),
        (r'"C:\new\"', ["C:\\new\\"]),
        (r'"say ""a \""b\""!"""', [r'say "a \"b\"!"']),
        (r"a \"q\" b", [r"a \"q\" b"]),
    ],
)
def test_quotation_marks_of_a_csv_may_have_backslashes(tmp_path, text, values):
    assert values_of(tmp_path / "a.csv", f"id,x\n1,{text}\n", "x") == values
    assert values_of(tmp_path / "a.tsv", f"id\tx\n1\t{text}\n", "x") == values


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("big5", "蘋果很好吃，香蕉也不錯，客服態度很差。"),
        ("euc_kr", "사과가 아주 맛있고 배송도 빨랐습니다"),
        ("shift_jis", "りんごはとてもおいしいです"),
        ("euc_jp", "りんごはとてもおいしいです"),
        ("gbk", "苹果很好吃，客服态度很差。"),
    ],
)
def test_a_csv_of_east_asia_is_read_in_its_own_charset(tmp_path, encoding, text):
    file = tmp_path / "a.csv"
    file.write_bytes(f"id,text\n1,{text}\n".encode(encoding))
    assert frames.copy_table(str(file))["text"].tolist() == [text]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_text_file_is_read_in_the_encodings_of_excel(tmp_path, encoding):
    for name, text in (("a.csv", "x\n好吃\n"), ("a.jsonl", '{"x": "好吃"}\n')):
        assert values_of(tmp_path / name, text.encode(encoding)) == ["好吃"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "x,y\n1,2,3\n4,5\n", "line 2 has 3 values, and the header 2"),
        ("a.csv", "x,y\n1,2\n4,5,6\n", "line 3 has 3 values, and the header 2"),
        ("a.csv", 'x,y\n"a\nb",2\n\n4,5,6\n', "line 5 has 3 values"),
        ("a.csv", "comment\nnice, really\nbad\n", 'has a comma in quotation marks: "…, …"'),
        ("a.tsv", "x\ty\n1\t2\n4\t5\t6\n", "line 3 has .* a tab in quotation marks"),
        ("a.csv", "# exported\nx,y\n1,2\n", "1 line stands above its header.*skiprows=1"),
        ("a.csv", "# exported\n\n# by a, b\nx,y\n1,2\n", "3 lines stand above its header"),
        ("a.csv", "#,y\n1,2\n4,5,6\n", "line 3 has 3 values, and the header 2"),
        ("a.csv", "# 导出\n城市,评论,分\n北京,好,1\n", "1 line stands above its header"),
        ("a.csv", "问卷,,\n\n城市,评论,分\n北京,好,1\n", "skiprows=2"),
        ("a.jsonl", '{"x": 1}\n\n{"x": \n', "line 3: "),
        ("a.json", "[" * 200_000, "recursion"),
    ],
)
def test_a_file_whose_values_would_be_lost_or_moved_is_refused(tmp_path, name, text, told):
    with pytest.raises(errors.InvalidOption, match=told) as caught:
        values_of(tmp_path / name, text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("x\nétat\nnaïf\n", "cp1252"),  # each accent and the letter after it: GB 18030 as well
        ("x\nétat d'âme, à\n", "latin-1"),
        ("x\ncafé\n", "cp1252"),
    ],
)
def test_a_western_encoding_is_told_and_not_read_as_rare_chinese(tmp_path, text, encoding):
    with pytest.raises(errors.InvalidOption, match="cannot be read: the file is neither"):
        values_of(tmp_path / "a.csv", text.encode(encoding))


@pytest.mark.parametrize("text", ["x\n好吃，€5\n镕\n", "x\n“…”\n", "x\n一、二\n"])
def test_rare_characters_among_common_ones_are_read(tmp_path, text):
    values = [line for line in text.split("\n")[1:] if line]
    file = (tmp_path / "a.tsv", text.encode("gb18030"))
    assert values_of(*file) == values


@pytest.mark.parametrize("encodings", [("utf-8", "gbk"), ("gbk", "utf-8")])
def test_a_file_in_two_encodings_is_told(tmp_path, encodings):
    for lines in ("id,text\n1,好吃\n", "2,难吃\n"), ("评论\n好吃\n", "难吃，等了一个小时\n"):
        parts = (part.encode(encoding) for part, encoding in zip(lines, encodings, strict=True))
        with pytest.raises(errors.InvalidOption, match="some lines of the file are UTF-8"):
            values_of(tmp_path / "a.csv", b"".join(parts))


def test_whole_numbers_of_a_parquet_file_stay_whole_beside_a_gap(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"x": [1, None, 3], "y": ["007", None, "NA"], "z": [True, None, False]})
    parquet.write_table(table, tmp_path / "a.parquet")
    rows = frames.rows_of(frames.copy_table(tmp_path / "a.parquet"))
    assert [str(row["x"]) for row in rows] == ["1", "None", "3"]
    assert [str(row["y"]) for row in rows][::2] == ["007", "NA"]
    assert [str(row["z"]) for row in rows] == ["True", "None", "False"]


def test_a_parquet_file_s_named_index_is_a_column(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"x": [1]}, index=pd.Index(["a"], name="key")).to_parquet(tmp_path / "a.parquet")
    assert frames.rows_of(frames.copy_table(tmp_path / "a.parquet")) == [{"key": "a", "x": 1}]


def test_a_library_that_a_file_requires_is_named(tmp_path, monkeypatch):
    for module in ("pyarrow", "fastparquet", "openpyxl", "python_calamine"):
        monkeypatch.setitem(sys.modules, module, None)
    workbook = io.BytesIO()
    with zipfile.ZipFile(workbook, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    for name, content, module in (
        ("a.parquet", b"PAR1", "pyarrow"),
        ("a.xlsx", workbook.getvalue(), "openpyxl"),
    ):
        with pytest.raises(
            errors.InvalidOption, match=f"first %pip install {module}; ernie-magic.tables"
        ):
            values_of(tmp_path / name, content)


def test_a_path_of_a_table_that_is_not_there_is_told(tmp_path):
    for path in ("nope.csv", tmp_path / "nope.JSONL"):
        with pytest.raises(errors.InvalidOption, match=r"no such file: .*nope"):
            frames.copy_table(path)
    assert frames.copy_table("a text") == "a text"
