"""JSON that is found in what a model writes."""

import time

import pytest

from ernie_magic.text.json_text import find_json, has_only_thoughts


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1]}', {"a": [1]}),
        ('As said in [1], the result is {"a": 1}', {"a": 1}),
        ('see [the page](https://a.b), then ["x"]', ["x"]),
        ('<think>{"a": 0}</think>{"a": 1}', {"a": 1}),
        ('{"a": "two\nlines"}', {"a": "two\nlines"}),
        ("the list is [1, 2]", [1, 2]),
        ("```json\n[1]\n```", [1]),
        ('{"a": [1, 2,],}', {"a": [1, 2]}),
        ("{'a': True, 'b': None, 'c': 'it\\'s \"x\"'}", {"a": True, "b": None, "c": 'it\'s "x"'}),
        ('{"a"：1.5，“b”："一、二"}', {"a": 1.5, "b": "一、二"}),
        ("['甲', '乙']", ["甲", "乙"]),
        ("So: ['甲', '乙'].", ["甲", "乙"]),
        ("{a: .5, b: +1, c: −2, 3: 4.}", {"a": 0.5, "b": 1, "c": -2, "3": 4.0}),
        ("/* as asked */ {a: 1} // end", {"a": 1}),
        ("{'a'} and {it is: so} then {\"a\": 1}", {"a": 1}),
    ],
)
def test_the_value_is_found(text, value):
    assert find_json(text) == value


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '"' + '\\"' * 50_000, ", " * 50_000 + "{", "{a: " * 50_000, "{'" * 50_000],
)
def test_the_work_grows_with_the_length_of_what_is_no_json(text):
    began = time.thread_time()
    with pytest.raises(ValueError, match="no JSON"):
        find_json(text)
    assert time.thread_time() - began < 2


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, 2], "b": "cut o',
        '```json\n{"items": [{"x": 1}, {"x": 2',
        '["a", {"b": 1}, "c',
        "[1]x",
        "{'a': 1, 'b': 'cut o",
        "{'a': {\"b\": 1}, 'c",
        "d['key'] of {it}",
        "[,]",
        "{'a': 1, ...}",
    ],
)
def test_what_is_cut_off_gives_no_value_from_inside_it(text):
    with pytest.raises(ValueError, match="no JSON"):
        find_json(text)


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("<think>hm</think>", True),
        ("\n<think>hm</think>\n\n", True),
        ("<think>hm", True),
        ("<thinking>hm</thinking>", True),
        ("<think>hm</think>A", False),
        ("the tags are <think>hm</think>", False),
        ("A", False),
    ],
)
def test_a_text_that_ends_before_the_answer_has_only_thoughts(text, only):
    assert has_only_thoughts(text) is only


@pytest.mark.parametrize(
    "written",
    [
        r"$\alpha+\frac{1}{2}$",
        r"\beta \theta \nu \rho",
        r"\begin{cases} a \\ b \end{cases}",
        r"\in \text{ok}",
        r"2 \times 3 \neq 5",
        r"D:\data\new\file.txt",
        r"C:\temp\data",
        r"\bword\b",
        r"中\u文",
    ],
)
def test_backslashes_of_latex_and_of_paths_are_read_as_they_stand(written):
    assert find_json(f'{{"a": "{written}"}}') == {"a": written}
    assert find_json(f'So: {{"a": "{written}"}}.') == {"a": written}


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r"\\frac{1}{2}", r"\frac{1}{2}"),
        (r"\\frac12 \times 3", r"\frac12 \times 3"),
        (r"\\(x\\) \frac12", r"\(x\) \frac12"),
        (r"a \\\\ b \frac12", r"a \\ b \frac12"),
        (r"\(x\)\nSo we", "\\(x\\)\nSo we"),
        (r"\frac12\n\n所以", "\\frac12\n\n所以"),
        (r"\frac12 \"b\"", '\\frac12 "b"'),
        (r"\theta", "\theta"),
        (r"A:\nHello\tb", "A:\nHello\tb"),
        (r"1\tan\t2", "1\tan\t2"),
        (r"\\[x\\]\n\\beta", "\\[x\\]\n\\beta"),
        (r"C:\\Users\\new\n", "C:\\Users\\new\n"),
    ],
)
def test_escapes_of_json_stay_escapes(written, text):
    assert find_json(f'{{"a": "{written}"}}') == {"a": text}
