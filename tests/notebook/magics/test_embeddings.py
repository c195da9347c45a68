"""`%%ernie_embed` and the magics that look at vectors, in a shell without a kernel."""

import numpy as np
import pandas as pd
import pytest

from ernie_magic.api.results import Embeddings
from ernie_magic.notebook.magics.prompt_values import prompt_text

TEXTS = "推荐一些美食\n给我讲个故事\n\n讲一个睡前故事"


def test_a_text_a_line_becomes_vectors(run, shell, ernie):
    result, out = run(f"%%ernie_embed --as v\n{TEXTS}")
    assert result.success
    vectors = shell.user_ns["v"]
    assert isinstance(vectors, Embeddings)
    assert (vectors.shape, np.asarray(vectors).dtype, ernie.last) == ((3, 384), np.float32, vectors)
    assert "1. 推荐一些美食" in out
    assert out.splitlines()[-1].startswith("[embedding-v1 · 3 texts x 384 dimensions · ")
    _, out = run(f"%%ernie_embed\n{TEXTS}\nanother one")
    assert " dimensions · 3 already known · " in out.splitlines()[-1]


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_a_line_ends_as_python_s_do(run, shell, end):
    shell.user_ns["value"] = "c\r"  # a value is embedded as it is
    run(f"%%ernie_embed --as v{end}a{end}b{end}{{{{value}}}}{end}d{end}")
    assert shell.user_ns["v"].texts == ("a", "b", "c\r", "d")
    shell.run_cell_magic("ernie_embed", "--as w", f"a{end}b")
    assert shell.user_ns["w"].texts == ("a", "b")


@pytest.mark.parametrize(
    ("lines", "texts"),
    [
        ("{{poem}}\nlast", ("moon\nriver", "last")),
        ("about {{poem}}", ("about moon\nriver",)),
        ("first\n  {{names}}\n", ("first", '甲, "x"', "乙\n丙")),
        ("{{column}}", ('甲, "x"', "乙\n丙")),
        ("{{array}}\n{{ [name for name\n in names] }}", ("p", "q", '甲, "x"', "乙\n丙")),
    ],
)
def test_a_value_with_line_breaks_is_one_text_and_a_column_alone_is_its_items(
    run, shell, lines, texts
):
    shell.user_ns |= {
        "poem": "moon\nriver",
        "names": ['甲, "x"', "乙\n丙"],
        "column": pd.Series(['甲, "x"', "乙\n丙"]),
        "array": np.array(["p", "q"]),
    }
    result, _ = run(f"%%ernie_embed --as v\n{lines}")
    assert result.success
    assert shell.user_ns["v"].texts == texts


def test_heat_plane_and_search(run, shell):
    run(f"%%ernie_embed --as v\n{TEXTS}")
    heat = run("%ernie_heat v")[0].result
    assert heat.similarities.shape == (3, 3)
    assert "2. 给我讲个故事" in repr(heat)
    assert "title=" in heat._repr_html_()
    plane = run("%ernie_map2d v --method pca")[0].result
    assert plane.points.shape == (3, 2)
    assert "<text" in plane._repr_html_()
    assert "1. 推荐一些美食" in repr(plane)
    found = run("word = '故事'\n%ernie_search v 讲{{word}} -k 2")[0].result
    assert [row[2] for row in found.rows] in (
        ["给我讲个故事", "讲一个睡前故事"],
        ["讲一个睡前故事", "给我讲个故事"],
    )
    shell.user_ns["texts"] = ["a", "b"]
    assert run("%ernie_heat texts")[0].result.embeddings.texts == ("a", "b")


@pytest.mark.parametrize("text", ["<b>x</b>", '"><script>alert(1)</script>', "a\n\tb & c"])
def test_texts_are_shown_as_they_are(run, shell, text):
    shell.user_ns["texts"] = [text, "b"]
    for line in ("%ernie_heat texts", "%ernie_map2d texts"):
        shown = run(line)[0].result._repr_html_()
        assert "<script" not in shown
        assert "<b>" not in shown


@pytest.mark.parametrize("written", ["reviews", "{{reviews}}", "reviews --as v"])
def test_a_variable_on_the_first_line_is_pointed_to_the_next(run, shell, written):
    shell.user_ns["reviews"] = ["a", "b"]
    _, out = run(f"%%ernie_embed {written}\n")
    assert out.endswith(
        "reviews stands on the first line. What to do: write it on the line below, {{reviews}}: "
        "each of its items is a text.\n"
    )
    assert "'rewievs' is not an option" in run("%%ernie_embed rewievs\nx")[1]


def test_one_text_is_counted_as_one(run):
    _, out = run("%%ernie_embed\nalone")
    assert "1 text x 384 dimensions" in out


def test_a_text_that_stands_twice_in_a_call_was_not_known_before(run):
    assert "already known" not in run("%%ernie_embed\ntwice\ntwice\nonce")[1]
    assert " dimensions · 2 already known · " in run("%%ernie_embed\ntwice\nonce\nnew\nnew")[1]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("%ernie_search texts 好吃 --invalid skip", [["1", "好吃"], ["3", "难吃"]]),
        ("%ernie_search texts --invalid=skip 好吃 -k=1", [["1", "好吃"]]),
        ('%ernie_search texts "-n 100" --invalid skip -k 1', None),
    ],
)
def test_a_search_leaves_out_empty_texts_and_counts_them(run, shell, line, found):
    shell.user_ns["texts"] = ["好吃", None, "难吃", ""]
    result, out = run(line)
    assert result.success, out
    if found is not None:
        assert [[row[0], row[2]] for row in result.result.rows] == found
    for magic in ("%ernie_heat", "%ernie_map2d"):
        assert run(f"{magic} texts --invalid skip")[0].result.embeddings.texts == ("好吃", "难吃")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("%ernie_search texts one -n 100", "no option -n. What to do: -k 3 shows three texts; if"),
        ("%ernie_search texts one --top_k 3", "no option --top-k. What to do: -k 3 shows"),
        ("%ernie_search texts one --invlid skip", "What to do: write --invalid; if it is part"),
        ("%ernie_search texts one \u2014invalid cut", "invalid 'cut' is not one of: error |"),
        ("%ernie_search texts one -k", "-k needs a value. What to do: for example -k 3"),
        ("%ernie_map2d texts --methd pca", "no option --methd. What to do: write --method."),
        ("%ernie_map2d", "texts). What to do: for example %ernie_map2d vectors."),
        ("%ernie_search", "for example %ernie_search vectors something tasty."),
        ("%ernie_search -k 3 texts one", "usage: %ernie_search VARIABLE QUERY"),
    ],
)
def test_an_option_of_a_vectors_line_is_not_looked_for(run, shell, emulator, line, told):
    shell.user_ns["texts"] = ["a", "b"]
    emulator.requests.clear()
    result, out = run(line)
    assert not result.success
    assert told in out
    assert not emulator.requests


def test_what_a_search_found_is_taken_by_its_place(run, shell):
    shell.user_ns.update(texts=["好吃", "天气", "难吃"], pd=pd)
    hits = run("hits = %ernie_search texts 好吃 -k 2\nhits")[0].result
    assert (hits[0].text, hits[0].index) == ("好吃", 0)
    assert [hit.text for hit in hits] == [hit.text for hit in hits[:2]]
    assert list(pd.DataFrame(hits).columns) == ["text", "score", "index"]
    assert len(hits) == 2
    assert "好吃" in prompt_text(hits, "hits")
    assert "Found" not in prompt_text(hits, "hits")


def test_a_search_for_nothing_names_the_variable_that_was_typed(run, shell):
    shell.user_ns["句子"] = ["好吃"]
    _, out = run("%ernie_search 句子")
    assert "for example %ernie_search 句子 something tasty" in out
