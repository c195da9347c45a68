"""Datasets in files that others wrote: Excel, Windows, archives."""

import io
import json
import zipfile

import pytest

from ernie_magic import errors
from ernie_magic.calls.datasets.dataset import read_dataset


def write(file, content, encoding="utf-8"):
    file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_text_files_are_read_in_every_usual_form(tmp_path, encoding, ends):
    lines = ["第一段语料", "", "第二段语料 ", "  "]
    read = read_dataset(write(tmp_path / "a.txt", ends.join(lines), encoding))
    assert read.samples == (({"text": "第一段语料"},), ({"text": "第二段语料 "},))


def test_joined_files_may_have_a_mark_inside(tmp_path):
    content = '\ufeff[{"prompt": "q"}]\n\ufeff[{"prompt": "r"}]\n'
    assert len(read_dataset(write(tmp_path / "a.jsonl", content), "PromptResponse")) == 2


def test_a_separator_of_unicode_inside_a_text_ends_no_line(tmp_path):
    content = '[{"prompt": "a\u2028b\x85c\x0cd"}]'.replace("\x0c", "\\f")
    (sample,) = read_dataset(write(tmp_path / "a.jsonl", content), "PromptResponse")
    assert sample[0]["prompt"] == "a\u2028b\x85c\x0cd"


def test_a_line_that_is_no_text_is_told(tmp_path):
    content = b'[{"prompt": "q"}]\n[{"prompt": "r"}]\n[{"prompt": "caf\xe9 d\xe9j\xe0"}]\n'
    with pytest.raises(errors.InvalidDataset, match=r"a.jsonl: line 3: is not text in UTF-8; save"):
        read_dataset(write(tmp_path / "a.jsonl", content), "PromptResponse")


def test_values_of_a_csv_file_are_texts_as_they_are_written(tmp_path):
    content = 'prompt,response,id\n"q, ""r""\r\ns",007,1\n\nNA,1e5,2\n'
    read = read_dataset(write(tmp_path / "a.csv", content))
    assert [sample[0] for sample in read] == [
        {"prompt": 'q, "r"\r\ns', "response": "007"},
        {"prompt": "NA", "response": "1e5"},
    ]
    tabs = write(tmp_path / "a.tsv", "prompt\tresponse\nq\ta,b\n")
    assert read_dataset(tabs).samples == (({"prompt": "q", "response": "a,b"},),)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('prompt,response\n"a\nb",x\n\nq\n', "line 5: has 1 value for 2 columns"),
        ("prompt,response\nq,a,b\n", "line 2: has 3 values for 2 columns"),
        ('prompt,response\nq,a\nq,"a\nb\n', "line 3: cannot be read: unexpected end of data"),
        ('prompt,response\nq,"a"b\n', "line 2: cannot be read"),
        ("prompt,prompt\nq,a\n", "line 1, prompt: is in the header twice"),
        ("prompt,response\n\n ,a\n", "line 3, prompt: is empty"),
        ("prompt,response\n,a\n", "line 2, prompt: is missing"),
        ("prompt,response\n", "has no samples"),
        ("", "has no samples"),
    ],
)
def test_a_fault_of_a_csv_file_is_told_with_its_line(tmp_path, content, told):
    with pytest.raises(errors.InvalidDataset) as caught:
        read_dataset(write(tmp_path / "a.csv", content), "PromptResponse")
    assert told in caught.value.line("en")


def test_a_cell_may_be_longer_than_python_s_limit(tmp_path):
    content = f"prompt,response\n{'长' * 200_000},a\n"
    (sample,) = read_dataset(write(tmp_path / "a.csv", content))
    assert len(sample[0]["prompt"]) == 200_000
    import csv

    assert csv.field_size_limit() == 131_072


def archive(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return out.getvalue()


def test_an_archive_of_texts_is_read_file_by_file(tmp_path):
    content = archive(
        **{
            "语料/a.txt": "一\n\n二\n",
            "b.txt": "三".encode("gb18030"),
            "__MACOSX/._a.txt": "junk",
            ".hidden.txt": "junk",
            "readme.md": "junk",
        }
    )
    read = read_dataset(write(tmp_path / "a.zip", content))
    assert [sample[0]["text"] for sample in read] == ["一", "二", "三"]
    assert [note.en for note in read.notes] == ["not part of the format, left out: readme.md"]


def test_a_fault_inside_an_archive_names_its_file(tmp_path):
    content = archive(**{"x/a.jsonl": '[{"prompt": "q"}]', "x/b.jsonl": "\n{}"})
    with pytest.raises(errors.InvalidDataset, match=r"a.zip: x/b.jsonl, line 2: is an object"):
        read_dataset(write(tmp_path / "a.zip", content), "PromptResponse")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"not a zip"])
def test_a_broken_archive_is_told(tmp_path, content):
    with pytest.raises(errors.InvalidDataset, match="cannot be unpacked"):
        read_dataset(write(tmp_path / "a.zip", content))


def test_an_archive_that_lies_about_its_content_is_told(tmp_path):
    content = bytearray(archive(**{"a.txt": "some text"}))
    position = content.index(b"some text")
    content[position] ^= 1
    with pytest.raises(errors.InvalidDataset, match="cannot be unpacked: Bad CRC-32"):
        read_dataset(write(tmp_path / "a.zip", bytes(content)))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing.jsonl", "No such file"),
        ("null\0.jsonl", "null byte"),
        ("~nobody-here/a.jsonl", "No such file"),
        ("a.xml", ".xml files are not read"),
        ("a.docx", ".docx files are not read"),
        ("no extension", "use one of .jsonl"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path, name, told):
    with pytest.raises(errors.InvalidOption, match=told):
        read_dataset(name)


@pytest.mark.parametrize("indent", [None, 2])
def test_one_json_list_is_read_as_samples_or_as_a_table(tmp_path, indent):
    turns = [{"user": "q", "chosen": "a", "rejected": "b"}]
    written = json.dumps([turns, turns], indent=indent)
    read = read_dataset(write(tmp_path / "a.json", written))
    assert (read.format.name, len(read)) == ("DPO_PromptChosenRejected", 2)
    rows = json.dumps([{"prompt": "q", "response": "a"}, {"prompt": "r", "response": "b"}])
    assert len(read_dataset(write(tmp_path / "b.json", rows), "sft")) == 2
    broken = json.dumps([turns, [{"user": ""}], 5])
    with pytest.raises(
        errors.InvalidDataset, match=r"sample 2, user: is empty.*sample 3: is a number"
    ):
        read_dataset(write(tmp_path / "c.json", broken))
    with pytest.raises(errors.InvalidDataset, match="is not a list of samples"):
        read_dataset(write(tmp_path / "d.json", '{"prompt": "q"}'), "sft")


def test_an_indented_list_in_a_jsonl_file_is_one_fault(tmp_path):
    written = json.dumps([[{"prompt": "q", "response": "a"}]] * 50, indent=2)
    with pytest.raises(
        errors.InvalidDataset, match=r"several lines.*name the file .json"
    ) as caught:
        read_dataset(write(tmp_path / "a.jsonl", written))
    assert caught.value.fault_count == 1


def test_misspelled_columns_are_told_and_other_ones_named(tmp_path):
    for name, content in (
        ("a.csv", "prompt,reponse\nq,a\n"),
        ("a.json", '[{"prompt": "q", "reponse": "a"}]'),
    ):
        with pytest.raises(
            errors.InvalidOption, match=r"no column response.*'response': 'reponse'"
        ):
            read_dataset(write(tmp_path / name, content))
    with pytest.raises(errors.InvalidDataset, match="promt: is not a field"):
        read_dataset(write(tmp_path / "a.jsonl", '[{"promt": "q"}]'))
    read = read_dataset(write(tmp_path / "b.csv", "id,prompt,response,source\n1,q,a,x\n"))
    assert [note.en for note in read.notes] == ["not part of the format, left out: id, source"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('[{"prompt": "q", "completion": "a"}]', "did you mean response? If so rename it, or pass fields={'response': 'completion'}"),
        ('[{"instruction": "q", "output": "a"}]', "did you mean prompt?"),
        ('{"prompt": "q", "response": "a"}', "or read the lines as a table: pd.read_json"),
        ("[{'prompt': 'q', 'response': 'a'}]", "write the file with json.dumps, not with str"),
        ('[{"prompt": "q", "response": "a "b""}]', "is not JSON: Expecting ',' delimiter (column 34)"),
    ],
)  # fmt: skip
def test_files_of_other_tools_are_told_how_to_be_read(tmp_path, content, told):
    with pytest.raises(errors.InvalidDataset) as caught:
        read_dataset(write(tmp_path / "a.jsonl", content))
    assert told in caught.value.line("en")


def test_names_of_other_tools_are_no_silent_loss(tmp_path):
    rows = [{"instruction": "q", "output": "a"}]
    with pytest.raises(errors.InvalidOption, match=r"fields={'prompt': 'instruction'}"):
        read_dataset(rows)
    names = {"prompt": "instruction", "response": "output"}
    assert read_dataset(rows, "sft", fields=names)[0] == ({"prompt": "q", "response": "a"},)
    pairs = [{"prompt": "q", "chosen": "a", "rejected": "b", "answer": "x"}]
    assert read_dataset(pairs).notes[0].en == "not part of the format, left out: answer"
    assert read_dataset([{"prompt": "q", "answer": "x"}], "Prompt")[0] == ({"prompt": "q"},)


def test_json_in_a_file_of_plain_text_is_told(tmp_path):
    for content in ('{"prompt": "a"}\n{"prompt": "b"}', '\n[{"prompt": "a"}]'):
        with pytest.raises(
            errors.InvalidDataset, match=r"holds JSON, not plain text; name .*jsonl"
        ):
            read_dataset(write(tmp_path / "a.txt", content))
    with pytest.raises(errors.InvalidDataset, match=r"samples of PromptResponse are no lines of a"):
        read_dataset(write(tmp_path / "c.txt", "q\n"), "sft")
    assert read_dataset(write(tmp_path / "d.txt", "q\n"), "prompt")[0] == ({"prompt": "q"},)
    for content in ("[1] a citation\n{x}\n", '{"city": "杭州"}\n[{}]\n'):
        assert len(read_dataset(write(tmp_path / "b.txt", content))) == 2
    with pytest.raises(errors.InvalidDataset, match=r"sample 1: holds JSON.*use a .jsonl file"):
        read_dataset(['{"prompt": "q"}', "b"]).write(tmp_path / "e.txt")
