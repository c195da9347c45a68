"""`%%ernie_embed`, `%%ernie_map` and the magics that look at vectors, in a shell without a kernel."""

import io
import itertools
import signal
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from ernie_magic.calls.tables.template import Template
from ernie_magic.errors import InvalidExpression
from ernie_magic.notebook.magics.tables import parse_map_line
from tests.calls.tables.test_request import ODD_NAMES


def test_a_question_for_each_row(run, shell, ernie):
    shell.user_ns["df"] = pd.DataFrame({"评论": ["好吃", "难吃"]})
    result, out = run(
        '%%ernie_map df --to "情感, 分数:int" --as out -m ernie-3.5-8k\n判断情感：{{评论}}'
    )
    assert result.success
    assert list(shell.user_ns["out"].columns) == ["评论", "情感", "分数", "error"]
    assert "ernie-3.5-8k · 2 rows · " in out
    run("tone = '客气'\n")
    run("%%ernie_map df --col 评论 --as out\n[[echo]]请{{tone}}地回答")
    assert shell.user_ns["out"]["answer"].tolist() == [
        "请客气地回答\n\n好吃",
        "请客气地回答\n\n难吃",
    ]
    assert not ernie.history
    run("%%ernie_map df['评论'] --as out\n[[echo]]{{text}}")
    assert [row["answer"] for row in shell.user_ns["out"]] == ["好吃", "难吃"]
    assert run("%ernie_heat df['评论']")[0].result.embeddings.texts == ("好吃", "难吃")


def prompts(emulator):
    return [
        request.body["messages"][-1]["content"]
        for request in emulator.requests
        if request.path.endswith("/chat/completions")
    ]


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("{{text}}: {{style}}", "a: {{name}}"),
        ("{{text}}: {{left}}name{{right}}", "a: {{name}}"),
        ("{{text}}: {{left}}name}}", "a: {{name}}"),
        ("{{text}}: {{ '{{' + 'name' + '}}' }}", "a: {{name}}"),
        ("{{text}}: {{tag(style)}}", "a: <{{name}}>"),
        ("{{text}}: {{f'{style}'}}{{ name }}", "a: {{name}}Ann"),
        ("{{text}}: {{table}}", "a: {'x': '{{text}}'}"),
    ],
)
def test_a_variable_s_braces_are_not_a_row_s_place(run, shell, emulator, cell, sent):
    shell.user_ns |= {
        "rows": [{"text": "a", "name": "Ann"}],
        "style": "{{name}}",
        "left": "{{",
        "right": "}}",
        "table": {"x": "{{text}}"},
        "tag": lambda words: f"<{words}>",
    }
    run(f"%%ernie_map rows\n{cell}")
    assert prompts(emulator) == [sent]


def test_the_column_of_an_option_is_looked_for_in_the_cell_s_own_text(run, shell, emulator):
    shell.user_ns |= {"rows": [{"text": "a", "name": "Ann"}], "style": "{{text}}"}
    run("%%ernie_map rows --col text\n{{style}} {{name}}")
    run("%%ernie_map rows --col text\n{{ text }}!")
    assert prompts(emulator) == ["{{text}} Ann\n\na", "a!"]


def test_a_variable_s_name_is_read_as_python_reads_it(run, shell, emulator):
    shell.user_ns |= {"rows": [{"text": "a"}], "tone": "kind"}
    run("%%ernie_map rows\n{{text}} {{ｔｏｎｅ}}")
    assert prompts(emulator) == ["a kind"]


def test_the_footer_names_the_columns_that_are_ours(run, shell):
    shell.user_ns["log"] = pd.DataFrame({"text": ["a", ""], "error": ["E11", "E12"]})
    _, out = run("%%ernie_map log --as out\n{{text}}")
    assert "the table's own column error is kept; error_2 says why a row failed" in out
    assert "1 row failed, see the column error_2" in out
    assert "E11" in out
    assert shell.user_ns["out"]["error"].tolist() == ["E11", "E12"]


@pytest.mark.parametrize("count", [1, 3, 60])
def test_a_cell_whose_rows_all_fail_fails_with_its_table_bound(run, shell, ernie, emulator, count):
    ernie.settings.retry_count = 1
    for _ in range(3):
        emulator.faults.add(code="user_setting_unsafe", path="/chat")
    shell.user_ns["rows"] = [f"row {i}" for i in range(count)]
    result, out = run("%%ernie_map rows --as out\n{{text}}")
    assert type(result.error_in_exec).__name__ == "RowsFailed"
    failed = len(shell.user_ns["out"])
    assert failed == min(count, 3)
    assert f"no row succeeded: {failed} row" in str(result.error_in_exec)
    assert "content review" in str(result.error_in_exec)
    assert all(row["error"] for row in shell.user_ns["out"])
    assert f"{failed} row" in out
    emulator.faults.clear()
    emulator.requests.clear()
    assert run("%%ernie_map rows --as out --resume --yes\n{{text}}")[0].success
    assert len(prompts(emulator)) == count


def test_a_filter_that_leaves_no_row_gives_an_empty_table(run, shell, emulator):
    shell.user_ns["df"] = pd.DataFrame({"name": ["Ann"], "t": ["a"]})
    result, out = run("%%ernie_map df[df.name=='nobody'] --to score:int --as out\n{{t}}")
    assert result.success
    assert list(shell.user_ns["out"].columns) == ["name", "t", "score", "error"]
    assert len(shell.user_ns["out"]) == 0
    assert "[0 rows · " in out
    assert not emulator.requests


def test_a_column_with_blanks_is_named_by_place_and_by_option(run, shell, emulator):
    shell.user_ns["df"] = pd.read_csv(io.StringIO("name, comment\nAnn, good"))
    run("%%ernie_map df\n{{name}}:{{comment}}{{ comment }}{{ comment}}")
    run("%%ernie_map df --col comment\nx")
    run('%%ernie_map df --col " comment"\nx {{comment}}')
    assert prompts(emulator) == ["Ann: good good good", "x\n\n good", "x  good"]


@pytest.mark.parametrize(("column", "written"), ODD_NAMES)
def test_a_column_of_any_name_is_named_in_a_cell(run, shell, emulator, column, written):
    shell.user_ns |= {"rows": [{column: "v", "other": "w"}], "tone": "kind"}
    result, out = run(f"%%ernie_map rows\n{{{{tone}}}} <{written}> {{{{ '{{{{other}}}}' }}}}")
    assert result.success, out
    assert prompts(emulator) == ["kind <v> {{other}}"]


def test_a_third_pair_of_braces_is_text_around_a_row_s_value(run, shell, emulator):
    shell.user_ns |= {
        "rows": [
            {"t": "v", "{t}": "w"},
        ],
        "tone": "kind",
    }
    shell.user_ns["plain"] = [{"t": "v"}]
    run("%%ernie_map plain\nQ {{{t}}} {{{ t }}} {{{{t}}}} {{{tone}}} {{t}}")
    run("%%ernie_map rows\nQ {{{t}}}")
    assert prompts(emulator) == ["Q {v} {v} {{v}} {kind} v", "Q w"]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_braces_mean_the_same_in_a_cell_and_in_python(count):
    row = {"t": "v", "a b": "w"}
    parsed = parse_map_line("rows", {"rows": [row]})
    for pieces in itertools.product(["{", "}", "{{t}}", "{{a b}}", "y "], repeat=count):
        written = "".join(pieces)
        # Told in a cell: an expression without anything in it, and one that is not closed.
        if "{{}}" in written or "{{y" in written:
            continue
        shared = parsed.fill_template(written, {})
        filled = [each.fill(row) for each in (shared, Template.parse(written, tuple(row)))]
        assert filled[0] == filled[1] != "", written


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("df.review", "{{review}}"),
        ('df["review"]', "{{text}}"),
        ("df.review --col review", ""),
        ('["a"]', "{{text}}"),
        ("{{df}}", "{{review}}"),
        ("“my a.csv”", "{{review}}"),
        ('df[df["review"] != "] b"]', "{{review}}"),
        ('df[df["review"].isin(["a", "b"])].head( 5 )', "{{review}}"),
        ('[{"review": "a"}]', "{{review}}"),
        ('{"review": ["a"]}', "{{review}}"),
    ],
)
def test_whatever_has_rows_is_a_table(run, shell, emulator, tmp_path, monkeypatch, source, written):
    shell.user_ns["df"] = pd.DataFrame({"review": ["a"]})
    monkeypatch.chdir(tmp_path)
    shell.user_ns["df"].to_csv("my a.csv")
    result, out = run(f"%%ernie_map {source}\nQ{written}")
    assert result.success, out
    assert "".join(prompts(emulator)[0].split()) == "Qa"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("Q {t}", "{t} would be sent as it is with each row. What to do: write {{t}}."),
        ("Q ｛｛t｝｝", "｛｛t｝｝ would be sent as it is with each row. What to do: write {{t}}."),
        ("Q { a b }", "{ a b } would be sent as it is with each row. What to do: write {{a b}}."),
        ("Q {{t}", "{{t} would be sent as it is with each row. What to do: write {{t}}."),
        ("{{tmpl}}", "{{t}} would be sent as it is with each row. What to do: braces in a "),
    ],
)
def test_braces_that_take_no_row_s_value_are_told_before_anything_is_paid(
    run, shell, emulator, written, told
):
    shell.user_ns |= {"rows": [{"t": "v", "a b": "w"}] * 2, "tmpl": "Judge {{t}}"}
    result, _ = run(f"%%ernie_map rows\n{written}")
    assert told in result.error_in_exec.line("en")
    assert not emulator.requests
    run(f"%%ernie_map rows --col t\n{written}")
    assert len(prompts(emulator)) == 2


def test_a_prompt_that_is_the_same_for_each_row_is_told(run, shell):
    shell.user_ns["rows"] = [{"t": "v"}] * 2
    _, out = run('%%ernie_map rows --yes\nWrite {"joke": …} in \\frac{a}{b}')
    assert "takes no column's value: the same was asked for each row" in out
    _, out = run("%%ernie_map rows\nWrite about {{t}}")
    assert "the same was asked" not in out


@pytest.mark.parametrize("headings", [(" ", "  "), ("\n", "\ufeff"), ("\t", "\u200b", "\u3000")])
def test_columns_whose_names_are_blank_are_no_option_s_column(run, shell, emulator, headings):
    shell.user_ns["rows"] = [{"text": "a", **dict.fromkeys(headings, "x")}]
    result, out = run("%%ernie_map rows\n{{text}}!")
    assert result.success, out
    run("%%ernie_map rows --col text\nhi")
    assert prompts(emulator) == ["a!", "hi\n\na"]


def test_verbatim_leaves_all_braces_that_name_no_column(run, shell, emulator):
    shell.user_ns["rows"] = [{"text": "a"}]
    result, out = run("%%ernie_map rows --verbatim\n{{text}}: {{ x | y }} {{nothing}} {{1 + 1}}")
    assert result.success, out
    assert prompts(emulator) == ["a: {{ x | y }} {{nothing}} {{1 + 1}}"]


TABLE = pd.DataFrame({"评论": ["好吃", "难吃"], "n": [1, 2]})


def write_table(file):
    writers = {
        ".csv": lambda: TABLE.to_csv(file, index=False, encoding="utf-8-sig"),
        ".tsv": lambda: TABLE.to_csv(file, index=False, sep="\t"),
        ".jsonl": lambda: TABLE.to_json(file, orient="records", lines=True),
        ".CSV": lambda: TABLE.to_csv(file, index=False, encoding="gb18030"),
    }
    writers[file.suffix]()


@pytest.mark.parametrize("name", ["评论.csv", "a-b.tsv", "rows.jsonl", "gbk.CSV"])
def test_a_file_is_a_table(run, shell, emulator, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / name)
    result, out = run(f"%%ernie_map {name} --as out\n[[echo]]{{{{评论}}}}{{{{n}}}}")
    assert result.success, out
    assert shell.user_ns["out"]["answer"].tolist() == ["好吃1", "难吃2"]
    assert len(shell.user_ns["ernie"].map("{{n}}", tmp_path / name).table) == 2


@pytest.mark.parametrize("written", ['"{path}"', "'{path}'", '"{path}" --yes'])
def test_a_file_s_path_with_blanks_stands_in_quotes(run, emulator, tmp_path, written):
    file = tmp_path / "my own rows.csv"
    file.write_text("id\n007\n")
    result, out = run(f"%%ernie_map {written.format(path=file)}\nis it {{{{id}}}}?")
    assert result.success, out
    assert prompts(emulator) == ["is it 007?"]


def test_many_rows_are_previewed_first_and_resume_pays_for_missing_ones(
    run, shell, ernie, emulator
):
    shell.user_ns["df"] = [{"text": f"第{i}行"} for i in range(60)]
    _, out = run("%%ernie_map df --as out\n[[echo]]{{text}}")
    assert "a preview of 3 rows; all 60 are about" in out
    assert "add --yes to run them" in out
    assert "; out holds the rows of the preview" in out
    assert [row["answer"] for row in shell.user_ns["out"]] == ["第0行", "第1行", "第2行"]
    assert len(emulator.requests) <= 4  # and perhaps the list of models
    emulator.requests.clear()
    run("%%ernie_map df --yes --as out\n[[echo]]{{text}}")
    assert len(emulator.requests) == 57  # the three of the preview are not paid for twice
    assert [row["answer"] for row in shell.user_ns["out"]] == [f"第{i}行" for i in range(60)]
    emulator.requests.clear()
    _, out = run("%%ernie_map df --resume --as out\n[[echo]]{{text}}")
    assert not emulator.requests
    assert "0 requested now" in out


def test_many_rows_that_an_earlier_run_has_left_are_previewed_too(run, shell, emulator):
    shell.user_ns["df"] = [{"text": f"第{i}行"} for i in range(60)]
    run("%%ernie_map df[:5] --as out\n[[echo]]{{text}}")
    emulator.requests.clear()
    _, out = run("%%ernie_map df --resume --as out\n[[echo]]{{text}}")
    assert prompts(emulator) == ["[[echo]]第5行", "[[echo]]第6行", "[[echo]]第7行"]
    assert "3 rows asked first; the 52 that have no answer yet are about" in out
    assert "add --yes to ask them all; out holds the table with the answers so far" in out
    assert [row["answer"] for row in shell.user_ns["out"]][:9] == [
        *(f"第{i}行" for i in range(8)),
        None,
    ]
    emulator.requests.clear()
    run("%%ernie_map df --yes --as out\n[[echo]]{{text}}")  # what was previewed is not paid twice
    assert len(prompts(emulator)) == 52
    assert [row["answer"] for row in shell.user_ns["out"]] == [f"第{i}行" for i in range(60)]


def test_a_changed_question_about_many_rows_is_previewed_with_resume_too(run, shell, emulator):
    shell.user_ns["df"] = [{"text": f"第{i}行"} for i in range(60)]
    run("%%ernie_map df --yes --as out\n[[echo]]{{text}}")
    emulator.requests.clear()
    run("%%ernie_map df --resume --as out\n[[echo]]{{text}}!")
    assert len(prompts(emulator)) == 3


def test_a_preview_of_the_rest_never_replaces_its_table_and_fails_with_its_rows(
    run, shell, emulator
):
    df = shell.user_ns["df"] = pd.DataFrame({"text": [f"row {i}" for i in range(60)]})
    result, _ = run("%%ernie_map df --resume --as df\n{{text}}")
    assert result.success
    assert shell.user_ns["df"] is df
    for _ in range(3):
        emulator.faults.add(code="user_setting_unsafe", path="/chat")
    result, _ = run("%%ernie_map df --resume\nso: {{text}}")
    assert "no row succeeded: 3 rows failed" in str(result.error_in_exec)


def test_rows_that_are_refused_here_are_none_of_an_earlier_run_s(run, shell, emulator):
    shell.user_ns["df"] = [{"text": ""}, {"text": "a"}]
    _, out = run("%%ernie_map df\n{{text}}")
    assert "requested now" not in out
    assert "1 row failed, see the column error" in out
    emulator.faults.add(code="user_setting_unsafe", path="/chat")
    shell.user_ns["df"].append({"text": "b"})
    _, out = run("%%ernie_map df --resume\n{{text}}")
    assert "1 requested now · 2 rows failed" in out


@pytest.mark.parametrize(
    "make", [pd.DataFrame, pl.DataFrame, dict, lambda columns: columns["text"]]
)
def test_a_preview_is_a_table_of_the_same_kind(run, shell, make):
    shell.user_ns["table"] = make({"text": [f"第{i}行" for i in range(60)]})
    run("%%ernie_map table --as out\n[[echo]]{{text}}")
    out = shell.user_ns["out"]
    assert len(out) == 3
    assert isinstance(out, make if make in (pd.DataFrame, pl.DataFrame) else list)
    answers = list(out["answer"]) if hasattr(out, "columns") else [row["answer"] for row in out]
    assert answers == ["第0行", "第1行", "第2行"]


@pytest.mark.parametrize("source", ["df", "df[df.n >= 0]", "(df)"])
def test_a_preview_never_replaces_the_table_that_it_is_of(run, shell, source):
    df = shell.user_ns["df"] = pd.DataFrame({"text": ["a"] * 60, "n": range(60)})
    _, out = run(f"%%ernie_map {source} --as df\n{{{{text}}}}")
    assert shell.user_ns["df"] is df
    assert "; df is your table and stays as it is until then" in out
    run(f"%%ernie_map {source} --as df --yes\n[[echo]]{{{{text}}}}")
    assert shell.user_ns["df"]["answer"].tolist() == ["a"] * 60


@pytest.mark.skipif(sys.platform == "win32", reason="no pthread_kill")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_interrupt_s_line_names_resume(run, shell, ernie, emulator, language):
    ernie.settings.language = language
    for _ in range(20):
        emulator.faults.add(path="/chat", delay=0.2)
    shell.user_ns["rows"] = [f"row {i}" for i in range(20)]
    main = threading.get_ident()

    def interrupt_the_fourth_row():
        while len(prompts(emulator)) < 4:
            time.sleep(0.01)
        signal.pthread_kill(main, signal.SIGINT)

    interrupting = threading.Thread(target=interrupt_the_fourth_row)
    interrupting.start()
    result, _ = run("%%ernie_map rows --in-flight 1 --as out\n[[echo]]{{text}}")
    interrupting.join()
    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    assert "--resume" in str(result.error_in_exec)
    assert " out" in str(result.error_in_exec)
    assert "ernie.last" not in str(result.error_in_exec)
    came = [row["answer"] for row in shell.user_ns["out"] if row["answer"]]
    assert 0 < len(came) < 20
    emulator.faults.clear()
    emulator.requests.clear()
    run("%%ernie_map rows --resume --as out\n[[echo]]{{text}}")
    assert len(prompts(emulator)) == 20 - len(came)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("%%ernie_embed\n \n", "no texts. What to do: write them on the lines below the magic"),
        ("%%ernie_embed x\na", "the texts go on the lines below"),
        ("%%ernie_embed --invalid cut\na", "is not one of: error | truncate | skip"),
        ("%ernie_heat", "usage: %ernie_heat VARIABLE"),
        ("%ernie_heat nothing", "no variable or file nothing"),
        ("%ernie_heat number", "not int"),
        ("%ernie_heat texts --more", "no option --more. What to do: its options: --invalid"),
        ("%ernie_heat texts more", "'more' is not known here"),
        ("%ernie_map2d texts --method tsne", "is not one of: auto | pca | umap"),
        ("%ernie_search texts", "there is nothing to look for"),
        ("%ernie_search texts a -k x", "-k 'x' is not a whole number from 1"),
        ("%ernie_search texts a -k 3 -k 5", "-k was given twice"),
        ("%%ernie_map\n{{text}}", "usage: %%ernie_map TABLE"),
        ("%%ernie_map nothing\n{{text}}", "no variable or file nothing"),
        ("%%ernie_map texts.xlsx\n{{text}}", "no variable or file texts.xlsx"),
        ("%%ernie_map frame\n{{frame.text}}", "a row's value is {{text}}; the whole column on"),
        ("%%ernie_map frame\n{{n}}: {{frame['text']}}", "{{list(frame['text'])}}"),
        ("%%ernie_map 'no such.csv' --yes\n{{text}}", "no variable or file no such.csv"),
        ("%%ernie_map texts --to a:date\n{{text}}", "'a:date' is not a column"),
        ("%%ernie_map texts --schema a\nx", "no option --schema. What to do: did you mean --to?"),
        ("%%ernie_map texts --columns a\nx", "did you mean --to?"),
        ("%%ernie_map texts --col txet\nx", "no column txet. What to do: did you mean text?"),
        ("%%ernie_map texts\n{{txet}}", "no column txet. What to do: did you mean text?"),
        ("%%ernie_map texts --tools len\n{{text}}", "cannot call tools"),
        ("%%ernie_map texts --in-flight x\n{{text}}", "--in-flight 'x' is not a whole number"),
        ("%%ernie_map texts --to a, b:int\n{{text}}", 'in double quotes: --to "a, b:int"'),
        ("%%ernie_map frame --col text,n\nx", "in the prompt write {{text}} {{n}}"),
        ("%%ernie_map number\n{{text}}", "int is not a table with rows"),
        ("%%ernie_map texts --temperature 7\n{{text}}", "use at most 1.0"),
        ("%%ernie_map texts --temperature 7 --foo\nx", "(2) temperature 7.0 is out of range"),
        ("%%ernie_map texts\n{{1/0}}", "What to do: try the expression in a cell of its own"),
        ("%%ernie_map texts\n{{text.upper()}}", "a row's value stands alone: {{text}}"),
        ("%%ernie_map texts\n{{ text | upper }}", "a row's value stands alone: {{text}}"),
        (
            "%%ernie_map frame\n{{n:.2f}}",
            "{{n:.2f}} formats the column n. What to do: a row's value",
        ),
        ("%%ernie_map frame\n{{ n!r }}", "formats the column n. What to do: a row's value stands"),
        ("%%ernie_map\n{{text}}", "for example %%ernie_map df --to sentiment, and on the next"),
        ("%%ernie_map texts\n{{id}} {{len(text)}}", "calculates with the column text"),
        ("%ernie_heat notes.txt", "notes.txt is a file, not vectors or texts"),
        ("%ernie_search 'notes.txt' x", "notes.txt is a file, not vectors or texts"),
        ("%%ernie_map bad.csv\nx", "the file bad.csv is empty"),
        ("%%ernie_map notes.txt\nx", "notes.txt is a plain text file"),
    ],
)
def test_mistakes_are_one_line(run, shell, code, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("")
    (tmp_path / "notes.txt").write_text("x")
    frame = pd.DataFrame({"text": ["a", "b"], "n": [1, 2]})
    shell.user_ns |= {"texts": ["a", "b"], "number": 7, "frame": frame}
    result, _ = run(code)
    error = result.error_before_exec or result.error_in_exec
    assert told in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ("--system 语气{{n}}", "--system"),
        ("--system='tone {{ n }}'", "--system"),
        ("--temperature {{n}}", "--temperature"),
        ("--seed {{n + 1}} --as out", "--seed"),
        ("--param user={{价格(元)}}", "--param"),
    ],
)
def test_a_row_s_value_in_an_option_is_told_to_go_into_the_prompt(shell, options, option):
    shell.user_ns["df"] = pd.DataFrame({"t": ["a"], "n": [1], "价格(元)": [2]})
    with pytest.raises(InvalidExpression) as caught:
        parse_map_line(f"df {options}", shell.user_ns)
    line = caught.value.line("en")
    assert f"{option} is one for all rows" in line
    assert "into the prompt" in line
    assert "in a cell above" not in line


def test_an_option_may_have_a_variable_that_is_named_as_a_column(shell):
    shell.user_ns |= {"df": pd.DataFrame({"n": [1]}), "n": 0.5}
    assert parse_map_line("df --temperature {{n}}", shell.user_ns).options["temperature"] == 0.5
    with pytest.raises(InvalidExpression, match="the name m is not defined"):
        parse_map_line("df --temperature {{m}}", shell.user_ns)


def test_the_same_question_about_several_rows_is_asked_on_purpose_only(run, shell, emulator):
    shell.user_ns |= {"rows": [{"review": "a"}, {"review": "b"}], "one": ["a"], "tone": "kind"}
    shell.user_ns["df"] = pd.DataFrame({"score": [1, 2, 3], "text": ["x", "y", "z"]})
    emulator.requests.clear()
    for cell, column in (("rows\nJudge it", "review"), ("df\nBe {{tone}}", "score")):
        result, _ = run(f"%%ernie_map {cell}")
        count = len(shell.user_ns[cell.split()[0]])
        assert str(result.error_in_exec) == (
            f"the prompt names no column: {count} rows would be asked the same. What to do: write "
            f"a column into the prompt, such as {{{{{column}}}}}; to ask the same on purpose add "
            "--yes."
        )
    assert not emulator.requests
    for cell in ("rows --yes\nJudge it", "rows --col review\nJudge it", "one\nJudge it"):
        assert run(f"%%ernie_map {cell}")[0].success


@pytest.mark.parametrize("flag", ["--out", "--save", "--csv"])
def test_a_result_is_saved_from_its_variable(run, flag):
    result, _ = run(f"%%ernie_map df {flag} a.xlsx\n{{{{text}}}}")
    assert "--as out, then out.to_excel(" in str(result.error_in_exec)


def test_another_sheet_of_a_file_is_read_by_pandas(run):
    result, _ = run("%%ernie_map a.xlsx --sheet B\n{{text}}")
    assert 'pd.read_excel("file.xlsx", sheet_name="…")' in str(result.error_in_exec)


@pytest.mark.parametrize("word", ["reviews.xls", "reviews", "review.xlsx", "reviews.CSV"])
def test_a_table_s_file_that_is_nearly_named_is_told(run, word):
    Path("reviews.xlsx").write_bytes(b"")
    Path("reviews.md").write_bytes(b"")
    result, _ = run(f"%%ernie_map {word}\n{{{{text}}}}")
    assert "did you mean reviews.xlsx?" in str(result.error_in_exec)


def test_a_run_in_which_nothing_was_asked_shows_no_table_and_keeps_the_variable(run, shell):
    shell.user_ns.update(df=[{"text": "a"}], out="mine")
    result, out = run("%%ernie_map df -m nomodel --as out\n{{text}}")
    assert type(result.error_in_exec).__name__ == "ModelNotFound"
    assert "not asked yet" not in out
    assert shell.user_ns["out"] == "mine"


def test_a_table_that_stopped_in_the_middle_says_how_many_rows_are_left(run, shell, emulator):
    shell.user_ns["rows"] = [f"row {i}" for i in range(20)]
    for _ in range(4):
        emulator.faults.add(path="/chat", delay=0.01)
    emulator.faults.add(path="/chat", code="invalid_iam_token")
    result, out = run("%%ernie_map rows --in-flight 1 --as out\n[[echo]]{{text}}")
    assert result.error_in_exec is not None
    left = [row for row in shell.user_ns["out"] if row["error"] and "not asked" in row["error"]]
    assert f"{len(left)} not asked yet: --resume continues" in out


def test_a_missing_value_is_an_empty_cell_as_it_is_sent(run, shell):
    shell.user_ns["df"] = pd.DataFrame({"text": ["a", None], "n": [1.5, float("nan")]})
    _, out = run("%%ernie_map df\n[[echo]]{{text}}{{n}}")
    assert "nan" not in out.lower()


def test_days_are_shown_as_days(run, shell):
    shell.user_ns["df"] = pd.DataFrame({"day": pd.to_datetime(["2026-10-01", "2026-10-02"])})
    _, out = run("%%ernie_map df\n[[echo]]{{day}}")
    assert "2026-10-01" in out
    assert "00:00:00" not in out
