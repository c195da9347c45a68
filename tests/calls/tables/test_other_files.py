"""Files that hold no table: what each is, and what to do, in a line."""

import gzip
import io
import zipfile

import pytest
from PIL import Image

from ernie_magic.calls.tables import frames
from ernie_magic.errors import InvalidOption
from ernie_magic.session import Session


def picture():
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return out.getvalue()


def archive():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        opened.writestr("a.csv", "a\n1\n")
    return out.getvalue()


def name_case(value):
    # An archive's bytes have the time in them, and xdist's workers must agree on the names.
    return value if isinstance(value, str) else "content"


OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)


@pytest.mark.parametrize(
    ("name", "content", "kind", "advice"),
    [
        ("a.png", picture(), "a picture", "%%ernie --image "),
        ("a.docx", archive(), "a document", "save its table as .csv or .xlsx"),
        ("a.pdf", b"%PDF-1.7", "a document", "save its table as .csv or .xlsx"),
        ("a.zip", archive(), "a compressed file", "unpack it first"),
        ("a.csv.gz", gzip.compress(b"a\n1\n"), "a compressed file", "unpack it first"),
        ("a.xls", OLD_OFFICE, "a spreadsheet of another format", "save it as .xlsx or .csv"),
        ("a.txt", b"one\ntwo\n", "a plain text file", "texts = open("),
        ("a", b"one\ntwo\n", "a plain text file", "texts = open("),
        ("a.bin", b"\1\0\2", "a binary file", "read it into a DataFrame first"),
        ("a.html", b"<html>", "a web page", "pd.read_html"),
        ("a.db", b"SQLite format 3\0", "a database", "pd.read_sql"),
    ],
    ids=name_case,
)
def test_a_file_that_is_no_table_is_called_what_it_is(tmp_path, name, content, kind, advice):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidOption) as caught:
        frames.copy_table(str(tmp_path / name))
    line = caught.value.line("en")
    assert line.startswith(f"{name} is {kind}, which is not read as a table. What to do: ")
    assert advice in line


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", picture(), "a picture"),
        ("a.csv", archive(), "a ZIP or Office file"),
        ("a.csv", b"\n <!DOCTYPE html><html>", "a web page"),
        ("a.xlsx", OLD_OFFICE, "an Office file of the old format, or with a password"),
        ("a.xlsx", b"a,b\n1,2\n", "a plain text file"),
        ("a.parquet", picture(), "a picture"),
    ],
    ids=name_case,
)
def test_the_content_counts_where_a_table_s_name_says_otherwise(tmp_path, name, content, kind):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidOption) as caught:
        frames.copy_table(tmp_path / name)
    assert caught.value.line("en").startswith(f"{name} is {kind}, which is not read as a table.")


@pytest.mark.parametrize("text", ["BM,PAR1\n1,2\n", "GIF,b\n1,2\n", "PK,b\n1,2\n"])
def test_a_header_that_resembles_a_format_is_a_header(tmp_path, text):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    assert len(frames.copy_table(tmp_path / "a.csv")) == 1


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.jsonl", "a.xlsx", "a.txt"])
def test_an_empty_file_is_told_as_that(tmp_path, name):
    (tmp_path / name).write_bytes(b"\n")
    with pytest.raises(InvalidOption) as caught:
        frames.copy_table(tmp_path / name)
    assert caught.value.line("en").startswith(f"the file {name} is empty.")


@pytest.mark.parametrize(("content", "value"), [('"x"', "'x'"), ("null", "None"), ("5", "5")])
def test_json_of_a_single_value_is_no_table(tmp_path, content, value):
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(InvalidOption, match=f"it holds the single value {value}") as caught:
        frames.copy_table(tmp_path / "a.json")
    assert "write an object per row, or a list of texts" in caught.value.line("en")


def test_a_folder_and_a_web_address_are_told_as_that(tmp_path):
    with pytest.raises(InvalidOption) as caught:
        frames.copy_table(str(tmp_path))
    assert caught.value.line("en").startswith(f"{tmp_path.name} is a folder, which is not read")
    with Session(service="emulator", language="en") as session, pytest.raises(InvalidOption) as web:
        session.map("{{a}}", "https://a.example/a.csv")
    assert web.value.line("en") == (
        "https://a.example/a.csv is a web address, not a file. What to do: read it first: "
        "df = pd.read_csv(address)."
    )
