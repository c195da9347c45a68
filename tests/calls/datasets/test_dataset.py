"""Datasets read, checked and written: what is written is what is read, and every fault has its line."""

import json
import pickle
import sys
import time
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ernie_magic import errors
from ernie_magic.calls.datasets.dataset import Dataset, make_dataset, read_dataset
from ernie_magic.calls.datasets.files import FileWriter
from ernie_magic.calls.datasets.formats import FORMATS

TEXTS = st.text(min_size=1, max_size=40).filter(str.strip)
WEIGHTS = st.sampled_from([0, 1])


EARLIER = st.fixed_dictionaries({"prompt": TEXTS, "response": TEXTS})


def turns_of(last, *, earlier=EARLIER):
    """Conversations whose turns before the last are answered."""
    system = st.one_of(st.just({}), st.fixed_dictionaries({"system": TEXTS}))
    return st.tuples(st.lists(earlier, max_size=2), last, system).map(
        lambda drawn: _with_system([*drawn[0], drawn[1]], drawn[2])
    )


def _with_system(rows, system):
    return [{**system, **rows[0]}, *rows[1:]]


@st.composite
def ranked(draw):
    answers = draw(st.lists(TEXTS, min_size=2, max_size=3))
    row = {"prompt": draw(TEXTS), "response": [[answer] for answer in answers]}
    if draw(st.booleans()):
        row["score"] = draw(
            st.lists(st.integers(0, 9), min_size=len(answers), max_size=len(answers))
        )
    return row


@st.composite
def messages(draw):
    found = [{"role": "system", "content": draw(TEXTS)}] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 2))):
        found.append({"role": "user", "content": draw(TEXTS)})
        found.append({"role": "assistant", "content": draw(TEXTS), "weight": draw(WEIGHTS)})
    return [{"messages": found}]


@st.composite
def pairs(draw):
    better = draw(TEXTS)
    worse = draw(TEXTS.filter(lambda text: text != better))
    return {"prompt": draw(TEXTS), "chosen": better, "rejected": worse}


SINGLE = st.one_of(
    st.fixed_dictionaries({"prompt": TEXTS, "chosen": TEXTS}),
    st.fixed_dictionaries({"prompt": TEXTS, "rejected": TEXTS}),
)
ANSWERED = st.fixed_dictionaries({"prompt": TEXTS, "response": TEXTS}, optional={"weight": WEIGHTS})
SAMPLES = {
    "PromptResponse": turns_of(ANSWERED, earlier=ANSWERED),
    "PromptSortedresponses": turns_of(ranked()),
    "Prompt": st.fixed_dictionaries({"prompt": TEXTS}).map(lambda row: [row]),
    "Role": messages(),
    "DPO_PromptChosenRejected": turns_of(pairs()),
    "KTO_PromptChosenRejected": turns_of(SINGLE),
    "Text": st.fixed_dictionaries({"text": TEXTS}).map(lambda row: [row]),
}


def test_every_format_has_a_strategy_here():
    assert set(SAMPLES) == {form.name for form in FORMATS}


def fits_a_line(text):
    """Whether a .txt can hold it: not one that would be told as JSON, which has its own test."""
    is_line = len(text.replace("\r", "\n").split("\n")) == 1
    return is_line and not text.lstrip().startswith(("\ufeff", "{", "[{"))


@pytest.mark.parametrize("name", SAMPLES)
@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_written_is_read_again(tmp_path, name, data):
    made = make_dataset(data.draw(st.lists(SAMPLES[name], min_size=1, max_size=3)), name)
    kinds = [".jsonl", ".csv"]
    if name not in ("Text", "Prompt"):
        kinds.append(".zip")
    elif all(fits_a_line(text) for sample in made for text in sample[0].values()):
        kinds += [".txt", ".zip"]
    if sys.version_info < (3, 11) and "\\x00" in str(made.samples):
        kinds.remove(".csv")  # which Python writes from 3.11 on
    for kind in kinds:
        file = tmp_path / f"data{kind}"
        # What `write` writes, without waiting for the disk.
        file.write_bytes(FileWriter(made.format, {}, nested=True).encode_file(file.name, made))
        assert read_dataset(file, name).samples == made.samples, kind
    for nested in (True, False):
        file.with_suffix(".jsonl").write_text(
            "\r\n\r\n".join(made.lines(nested=nested)), encoding="utf-8-sig", newline=""
        )
        assert read_dataset(file.with_suffix(".jsonl"), name).samples == made.samples
    for table in (made.to_rows(), made.to_frame()):
        assert read_dataset(table, name).samples == made.samples


def test_a_polars_table_is_read_and_lists_of_texts_are(tmp_path):
    polars = pytest.importorskip("polars")
    table = polars.DataFrame(
        {"prompt": ["q", "r"], "response": [["a", "b"], ["c", "d"]], "score": [[1, 0], [3, 2]]}
    )
    read = read_dataset(table)
    assert read.format.name == "PromptSortedresponses"
    assert read[1] == ({"prompt": "r", "response": ("c", "d"), "score": (3, 2)},)
    assert read_dataset(["one", "two"]).samples == (({"text": "one"},), ({"text": "two"},))


# The lines of the platform's own pages.
EXAMPLES = {
    "PromptResponse": '[{"system":"你是一个AI学习助手。","prompt":"我想了解一下机器学习是什么。","response":"机器学习是人工智能的一个分支..."}]\n'
    '[{"prompt":"可以请你用热情的语气回答我的问题吗？","response":[["当然可以"]],"weight": 1},{"prompt":"法国的首都是哪里","response":[["巴黎"]],"weight": 0}]',
    "PromptSortedresponses": '[{"prompt": "具体一些.", "response": [["当然可以"]]}, {"prompt": "机器学习是什么", "response": [["跨学科的"], ["人工智能的分支"]], "score": [1, 0]}]\n'
    '[{"prompt": "p", "response": [["a", "b"]]}]',
    "Prompt": '{"prompt": "请根据下面的新闻生成摘要"}\n[{"prompt": "packed"}]',
    "Role": '{"messages":[{"role":"system","content":"你是一个AI学习助手。"},{"role":"user","content":"我想了解一下机器学习是什么。"},{"role":"assistant","content":"机器学习是人工智能的一个分支..."}]}\n'
    '{"messages":[{"role":"user","content":"天气"},{"role":"assistant","content":"","tool_calls":[{"id":"1"}]},{"role":"tool","content":"晴"},{"role":"assistant","content":"晴天"}],"tools":[{}]}',
    "DPO_PromptChosenRejected": '[{"user":"生成一个标题吧。","assistant":"好的"},{"user":"会导致失业么？","chosen":"是的","rejected":"不是的"}]',
    "KTO_PromptChosenRejected": '[{"system":"你是一个人工智能助手。","user":"hello","rejected":"leave me alone"}]\n[{"user":"你好","chosen":"很高兴认识你"}]',
    "Text": '{"text": "一段语料"}',
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_lines_of_the_platform_s_pages_are_read_and_recognised(tmp_path, name):
    file = tmp_path / "data.jsonl"
    file.write_text(EXAMPLES[name], encoding="utf-8")
    read = read_dataset(file)
    assert read.format.name == name
    again = [json.loads(line) for line in read.lines(nested=False)]
    first = json.loads(EXAMPLES[name].splitlines()[0])
    assert again[0] == first
    assert read.notes == ()


def test_a_line_of_pairs_is_written_in_the_platform_s_names():
    made = read_dataset([{"prompt": "q", "chosen": "a", "rejected": "b"}])
    assert list(made.lines()) == ['[{"user": "q", "chosen": "a", "rejected": "b"}]']
    made = read_dataset([{"prompt": "q", "response": "a"}])
    assert list(made.lines()) == ['[{"prompt": "q", "response": [["a"]]}]']


def test_other_names_of_fields_are_a_setting(tmp_path):
    given = {"prompt": "问题", "response": "答案"}
    made = read_dataset([{"问题": "q", "答案": "a", "编号": 7}], "sft", fields=given)
    assert made.samples == (({"prompt": "q", "response": "a"},),)
    file = made.write(tmp_path / "a.jsonl")
    assert json.loads(file.read_text(encoding="utf-8")) == [{"问题": "q", "答案": [["a"]]}]
    assert read_dataset(file, "sft", fields=given).samples == made.samples
    with pytest.raises(errors.InvalidOption, match="no column prompt; there are: 问题, 答案"):
        read_dataset([{"问题": "q", "答案": "a"}], "sft")


Q, A = '{"prompt": "q", "response": [["a"]]}', '{"prompt": "q"}'
FAULTS = [
    ("PromptResponse", Q, "line 1: is an object, not a list of turns"),
    ("PromptResponse", f"[{Q}]\n\n[[{Q}]]", "line 3: is a list, not an object"),
    ("PromptResponse", f"\ufeff[{Q}]\r\n\r\n[{Q}", "line 3: is not JSON"),
    ("PromptResponse", f"[{Q}]\n[]", "line 2: is an empty list"),
    ("PromptResponse", '[{"prompt": NaN}]', "line 1: NaN is not a number"),
    ("PromptResponse", '[{"prompt": "q", "prompt": "r"}]', "the field prompt is there twice"),
    ("PromptResponse", '[{"prompt": null}]', "prompt: must be a text, not null"),
    ("PromptResponse", '[{"prompt": " \\t"}]', "prompt: is empty"),
    ("PromptResponse", '[{"prompt": "\\ud83d"}]', "prompt: holds half a character"),
    ("PromptResponse", '[{"prompt": "q", "reponse": "a"}]', "did you mean response?"),
    ("PromptResponse", '[{"prompt": "q", "response": ["a"]}]', "response: is nested wrongly"),
    ("PromptResponse", '[{"prompt": "q", "response": [[]]}]', "response: is nested wrongly"),
    ("PromptResponse", '[{"prompt": "q", "response": [["a"], ["b"]]}]', "has 2 answers, not one"),
    ("PromptResponse", '[{"prompt": "q", "response": "a", "weight": 2}]', "weight: must be 0 or 1"),
    ("PromptResponse", f"[{A}, {Q}]", "turn 1, response: is missing"),
    ("PromptResponse", '[{"response": "a"}]', "line 1, prompt: is missing"),
    ("PromptResponse", f'[{Q}, {{"system": "s", "prompt": "q"}}]', "turn 2, system: belongs only"),
    ("PromptResponse", f"[{Q}]\n[{A}]", "line 2: has no answer, though others have"),
    ("PromptResponse", "\n\n", "has no samples"),
    ("PromptResponse", "[" * 100_000, "nested too deeply"),
    ("PromptResponse", f'[{{"prompt": {"9" * 5000}}}]', "line 1: is not JSON: Exceeds the limit"),
    ("sorted", '[{"prompt": "q", "response": [["a"]]}]', "has one answer, which ranks nothing"),
    ("sorted", '[{"prompt": "q", "response": [["a", "b"]], "score": [1]}]', "1 score for 2 answers"),
    ("sorted", '[{"prompt": "q", "response": [["a", "b"]], "score": [1, "0"]}]', "whole numbers"),
    ("Prompt", f"[{A}, {A}]", "line 1: is a list, not an object"),
    ("Role", '{"messages": []}', "must be a list of messages"),
    ("Role", '{"messages": [{"role": "bot", "content": "a"}]}', "message 1 has the role 'bot'"),
    ("Role", '{"messages": [{"role": "assistant", "content": "a"}]}', "does not begin with a user"),
    ("Role", '{"messages": [{"role": "user", "content": ""}]}', "message 1 is empty"),
    ("Role", '{"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}', "two user messages in a row"),
    ("Role", '{"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]}', "a system message that is not the first"),
    ("DPO", '[{"user": "q", "chosen": "a"}]', "line 1, rejected: is missing"),
    ("DPO", '[{"user": "q", "chosen": "a", "rejected": "a"}]', "is the same as chosen"),
    ("DPO", '[{"user": "q", "assistant": "x", "chosen": "a", "rejected": "b"}]', "assistant: belongs only in turns before"),
    ("KTO", '[{"user": "q", "chosen": "a", "rejected": "b"}]', "must be one of the two, there are 2"),
    ("KTO", '[{"user": "q"}]', "must be one of the two, there are 0"),
    ("Text", '{"txt": "a"}', "line 1, txt: is not a field of this format; did you mean text?"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "told"), FAULTS, ids=[told for *_, told in FAULTS])
def test_a_fault_is_told_with_its_line_and_field(tmp_path, name, content, told):
    file = tmp_path / "data.jsonl"
    file.write_bytes(content.encode())
    with pytest.raises(errors.InvalidDataset) as caught:
        read_dataset(file, name)
    line = caught.value.line("en")
    assert line.startswith("data.jsonl: ")
    assert told in line
    assert "\n" not in line
    assert "; " in line  # what to do
    assert "；" in caught.value.line("zh")


def test_ten_faults_are_told_and_all_are_counted(tmp_path):
    file = tmp_path / "data.jsonl"
    file.write_text("{}\n" * 2500)
    with pytest.raises(errors.InvalidDataset) as caught:
        read_dataset(file, "PromptResponse")
    line = caught.value.line("en")
    assert line.startswith("data.jsonl: 2500 problems, the first 10 are: (1) line 1: ")
    assert "(10) line 10: " in line
    assert "(11)" not in line
    assert caught.value.fault_count == 2500
    assert [fault.line for fault in caught.value.faults] == list(range(1, 1001))


def test_faults_of_a_table_have_its_rows():
    with pytest.raises(errors.InvalidDataset) as caught:
        read_dataset([{"prompt": "q", "response": "a"}, {"prompt": float("nan"), "response": 5}])
    assert caught.value.line("en").startswith(
        "the table: row 2, response: must be a text, not a number"
    )
    rows = [{"_group": 1, "prompt": "q"}, {"_group": None, "prompt": "r"}]
    with pytest.raises(errors.InvalidDataset, match="row 2, _group: has no number"):
        read_dataset(rows)


def test_fields_that_no_format_has_are_left_out_and_named(tmp_path):
    file = tmp_path / "data.jsonl"
    file.write_text('[{"prompt": "q", "response": "a", "source": "x"}]\n' * 3)
    (note,) = read_dataset(file).notes
    assert note.en == "not part of the format, left out: source"


def test_what_the_platform_would_cut_is_told():
    turns = [{"prompt": "q", "response": "a"}] * 151
    (note,) = make_dataset([turns], "PromptResponse").notes
    assert "1 sample has more than 150 turns" in note.en


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("PromptRespose", "did you mean PromptResponse?"),
        ("SFT_FIM", "the lines of SFT_FIM are not documented"),
        ("PromptImage", "are not documented"),
    ],
)
def test_an_unknown_format_is_told(name, told):
    with pytest.raises(errors.InvalidOption, match=told):
        read_dataset([{"prompt": "q"}], name)


def test_a_dataset_is_a_sequence_and_says_what_it_is(tmp_path):
    made = read_dataset([{"prompt": f"q{i}"} for i in range(5)])
    assert repr(made) == "Dataset(5 samples, Prompt)"
    assert isinstance(made[:2], Dataset)
    assert made[:2].samples == (({"prompt": "q0"},), ({"prompt": "q1"},))
    unanswered = read_dataset([{"prompt": "q"}], "PromptResponse")
    assert repr(unanswered) == "Dataset(1 sample, PromptResponse, no answers)"
    assert not unanswered.is_annotated


def test_a_dataset_is_read_as_another_format_and_pickled():
    made = read_dataset([{"prompt": "q", "response": "a"}])
    assert read_dataset(made) is made
    assert read_dataset(made, "sft") is made
    assert list(read_dataset(made, "Prompt").lines()) == ['{"prompt": "q"}']
    again = pickle.loads(pickle.dumps(made))  # noqa: S301
    assert again == made
    assert again.format is made.format


def test_a_file_is_not_replaced_unless_asked_for(tmp_path):
    made = read_dataset(["a"])
    file = made.write(tmp_path / "new" / "a.txt")
    assert file.read_bytes() == b"a\n"
    with pytest.raises(errors.InvalidOption, match=r"already exists.*overwrite=True"):
        made[:0].write(file)
    assert read_dataset(["b"]).write(file, overwrite=True).read_bytes() == b"b\n"
    for name, told in (
        ("a.parquet", ".parquet files cannot be written"),
        ("a", "use one of .jsonl"),
    ):
        with pytest.raises(errors.InvalidOption, match=told):
            made.write(tmp_path / name)
    with pytest.raises(errors.InvalidDataset, match="sample 1: has line breaks"):
        read_dataset(["a\nb"]).write(tmp_path / "b.txt")
    with pytest.raises(errors.InvalidOption, match=r"are no lines of a .txt"):
        read_dataset([{"messages": [{"role": "user", "content": "a"}]}]).write(tmp_path / "c.txt")


def test_the_same_samples_make_the_same_archive(tmp_path):
    made = read_dataset(["a", "b"])
    first, second = made.write(tmp_path / "a.zip"), tmp_path / "again" / "a.zip"
    assert first.read_bytes() == made.write(second).read_bytes()
    assert zipfile.ZipFile(first).namelist() == ["a.txt"]


def seconds_for(tmp_path, lines, content):
    file = tmp_path / "data.jsonl"
    file.write_text(content * lines)
    began = time.perf_counter()
    try:
        read = read_dataset(file, "PromptResponse")
        file = tmp_path / "data.csv"
        file.write_bytes(FileWriter(read.format, {}, nested=True).encode_file(file.name, read))
        assert len(read_dataset(file).samples) == lines
    except errors.InvalidDataset as error:
        assert error.fault_count == lines  # noqa: PT017
    return time.perf_counter() - began


@pytest.mark.parametrize(
    "content", ['[{"prompt": "q", "response": [["a"]], "extra": 1}]\n', '[{"promt": "q"}]\n']
)
def test_the_time_grows_with_the_lines(tmp_path, content):
    few, many = (
        min(seconds_for(tmp_path, lines, content) for _ in range(3)) for lines in (500, 5000)
    )
    assert many < 40 * few  # of a square it would be 100


@pytest.mark.slow
def test_a_hundred_thousand_lines_take_seconds(tmp_path):
    assert seconds_for(tmp_path, 100_000, f"[{Q}]\n") < 30
