"""Prompts are compared on rows of a table."""

import asyncio
from dataclasses import replace

import pandas as pd
import pytest

from ernie_magic.emulator.faults import Fault
from ernie_magic.errors import AuthenticationFailed, InvalidOption
from ernie_magic.notebook.display.templates import evaluation_html, evaluation_text
from ernie_magic.qianfan.templates.evaluation import JUDGE_COLUMNS, read_judgements
from ernie_magic.text import pattern_search

ROWS = [
    {"text": "cats", "expected": "cats"},
    {"text": "dogs", "expected": " dogs\n"},
    {"text": "{text}", "expected": "[a-z]+"},
]


@pytest.fixture
def prompts(ernie):
    """One that answers with the row's text, and one that adds to it."""
    ernie.templates.save("same", "[[echo]]{text}")
    return ["same", ernie.templates.make("[[echo]](text)!", identifier="()")]


JUDGED = ["What are {text}?", "Describe {text}."]


def asked(emulator):
    return [
        request.body["messages"][-1]["content"]
        for request in emulator.requests
        if request.path.endswith("/chat/completions")
    ]


def test_exact_scores_are_in_the_order_of_prompts_and_rows(ernie, emulator, prompts):
    result = ernie.templates.evaluate(prompts, pd.DataFrame(ROWS))
    assert result.prompts == [
        ["[[echo]]cats", "[[echo]]dogs", "[[echo]]{text}"],
        ["[[echo]]cats!", "[[echo]]dogs!", "[[echo]]{text}!"],
    ]
    assert result.answers == [["cats", "dogs", "{text}"], ["cats!", "dogs!", "{text}!"]]
    assert result.scores == [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    assert result.means == [pytest.approx(2 / 3), 0.0]
    assert result.best.name == "same"
    assert result.names == ["same", "#2"]
    assert result.usage.total_tokens > 0
    assert repr(result) == "Evaluation(2 x 3, method='exact', best='same' (0.67))"
    assert len(asked(emulator)) == 6
    assert result.to_pandas().columns.tolist() == [
        *("text", "expected", "prompt", "answer", "score", "error")
    ]
    assert result.to_rows()[1] == {
        "text": "dogs",
        "expected": " dogs\n",
        "prompt": "same",
        "answer": "dogs",
        "score": 1.0,
        "error": "",
    }
    assert not ernie.history


def test_a_regular_expression_is_found_in_the_answer(ernie, prompts):
    result = ernie.templates.evaluate(prompts, ROWS, method="regex")
    assert result.scores == [[1.0, 0.0, 1.0], [1.0, 0.0, 1.0]]
    with pytest.raises(InvalidOption, match=r"\(\[ is not a regular expression: unterminated"):
        ernie.templates.evaluate("a", [{"expected": "(["}], method="regex")


def test_a_pattern_that_takes_for_ever_costs_its_row_only(ernie, monkeypatch):
    monkeypatch.setattr(pattern_search, "SEARCH_SECONDS", 0.2)
    rows = [
        {"text": "a" * 60 + "b", "expected": "b$"},
        {"text": "a" * 60 + "b", "expected": "(a|aa)+$"},
        {"text": "a", "expected": "(a|aa)+$"},
    ]
    result = ernie.templates.evaluate("[[echo]]{text}", rows, method="regex")
    assert result.scores == [[1.0, None, 1.0]]
    [[before, told, after]] = result.errors
    assert (before, after) == ("", "")
    assert told.startswith("row 2: whether (a|aa)+$ is in the answer was not decided within")
    assert "\n" not in told


def test_similarity_is_that_of_the_vectors(ernie, prompts):
    rows = [*ROWS[:2], {"text": "cats", "expected": "the tax return"}, {"text": "", "expected": ""}]
    result = ernie.templates.evaluate(prompts, rows, method="similarity")
    assert result.scores[0][0] == pytest.approx(1.0)
    assert result.scores[0][2] < 0.9
    assert result.scores[0][3] is None  # an empty answer is an error of its row
    assert "the answer is empty" in result.errors[0][3]
    assert result.judge_model == "embedding-v1"


def test_a_judge_of_one_s_choice_gives_scores(ernie, emulator):
    result = asyncio.run(
        ernie.templates.aevaluate(
            JUDGED[0],
            ROWS[:2],
            method="judge",
            judge_model="ernie-4.5-turbo-32k",
            criteria="it is short",
        )
    )
    assert all(0 <= score <= 1 for score in result.scores[0])
    assert result.judge_model == "ernie-4.5-turbo-32k"
    judged = asked(emulator)[2:]
    assert len(judged) == 2
    assert "Criterion: it is short" in judged[0]
    assert f"[The model's answer]\n{result.answers[0][0]}" in judged[0]
    # Without a column of expected answers the judge has only the prompt.
    result = ernie.templates.evaluate(JUDGED[0], [{"text": "cats"}], method="judge")
    assert result.expected == []
    assert "[Expected answer]\n(none given)" in asked(emulator)[-1]


def test_a_judge_s_score_out_of_range_is_no_score(ernie):
    words = ['{"score": 85, "reason": ""}', '{"score": -1, "reason": ""}', '{"score": 5}', "well"]
    texts = [f"[[echo]]{each}" for each in words]
    judged = ernie.map("{{text}}", texts, schema=JUDGE_COLUMNS)
    scored = read_judgements(["a", "b", None, "c", "d"], judged, "en")
    assert scored.scores == [None, None, None, 0.5, None]
    assert scored.errors[:3] == [
        "the score 85 is not from 0 to 10",
        "the score -1 is not from 0 to 10",
        "",
    ]
    assert "reason" in scored.errors[3]
    assert "not a JSON object" in scored.errors[4]


def test_it_is_resumed_from_the_ledger(ernie, emulator):
    first = ernie.templates.evaluate(JUDGED, ROWS, method="judge")
    emulator.requests.clear()
    again = ernie.templates.evaluate(JUDGED, ROWS, method="judge", resume=True)
    assert again.scores == first.scores
    assert not asked(emulator)
    more = [*ROWS, {"text": "birds", "expected": "birds"}]
    ernie.templates.evaluate(JUDGED, more, method="judge", resume=True)
    assert len(asked(emulator)) == 4  # two prompts about the new row, and two judgements


def test_what_was_paid_for_before_a_failure_is_not_asked_again(ernie, emulator, prompts):
    ernie.settings.retry_count = 1
    emulator.faults.extend([Fault(times=3), Fault(code="invalid_iam_token")])
    with pytest.raises(AuthenticationFailed):
        ernie.templates.evaluate(prompts, ROWS, in_flight=1)
    assert len(asked(emulator)) == 4
    emulator.requests.clear()
    result = ernie.templates.evaluate(prompts, ROWS, in_flight=1, resume=True)
    assert result.scores == [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    assert len(asked(emulator)) == 3


def test_a_row_that_failed_has_no_score_and_the_others_have(ernie, prompts):
    rows = [ROWS[0], {"text": "x" * 100_000, "expected": "y"}, {"text": None, "expected": None}]
    result = ernie.templates.evaluate(prompts[1:], rows)
    assert result.scores[0][:2] == [1.0 - 1.0, None]
    assert "characters" in result.errors[0][1] or "tokens" in result.errors[0][1]
    assert result.answers[0][2] == "!"
    assert result.means == [0.0]
    shown = evaluation_text(result, "en")
    assert "     –" in shown
    assert "1 without a score" in shown


def test_the_best_prompt_is_so_on_the_rows_that_all_have_a_score_of(ernie, prompts):
    result = ernie.templates.evaluate(prompts, ROWS)
    failed = replace(result, scores=[[0.9, 0.9, 1.0], [None, None, 1.0]])
    assert failed.best is failed.templates[0]
    assert failed.means == [pytest.approx(2.8 / 3), 1.0]
    assert "best='same' (0.93)" in repr(failed)
    assert replace(result, scores=[[0.9, 0.2, 0.1], [None, 0.3, 0.2]]).best.name != "same"
    assert replace(result, scores=[[0.9, None, None], [None, 1.0, 1.0]]).best is None
    assert replace(result, scores=[[None] * 3, [0.0] * 3]).best is result.templates[1]


@pytest.mark.parametrize("method", ["exact", "regex", "similarity", "judge"])
def test_where_no_row_can_be_asked_nothing_has_a_score(ernie, emulator, method):
    rows = [{"text": "x" * 100_000, "expected": ""}]
    result = ernie.templates.evaluate("{text}", rows, method=method)
    assert (result.scores, result.best, result.means) == ([[None]], None, [None])
    assert "1 without a score" in evaluation_text(result, "en")
    assert not asked(emulator)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"method": "exakt"}, r"no method exakt.*did you mean exact\?"),
        ({"expected": "expect"}, r"no column expect .*did you mean expected\?"),
        ({"rows": [{"expected": "a"}]}, "template 'same': variables without a value: text"),
        ({"rows": [{"texts": 1, "expected": "a"}]}, r"texts was given: did you mean text\?"),
        ({"rows": []}, "at least one prompt and one row"),
        ({"templates": []}, "at least one prompt and one row"),
        ({"templates": ["{x}"]}, "{x} is not a variable"),
        ({"templates": [5]}, "a template is a text, not int"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_asked(ernie, emulator, prompts, options, told):
    with pytest.raises(InvalidOption, match=told):
        ernie.templates.evaluate(**{"templates": prompts, "rows": ROWS, **options})
    assert not emulator.requests


def test_scores_are_shown_as_a_heat_map_and_as_text(ernie, prompts):
    ernie.templates.save("same", "[[echo]]{text} <b>$x$</b>")
    result = ernie.templates.evaluate(prompts, ROWS)
    text = evaluation_text(result, "en").splitlines()
    assert text[0].split() == ["mean", "1", "2", "3"]
    assert text[1].split() == ["1.", "same", "0.00", "0.00", "0.00", "0.00"]
    assert text[3].startswith("[ernie-3.5-8k · exact match · best: same (0.00) · ")
    markup = evaluation_html(result, "zh")
    assert markup.count("background:rgba(37,99,235,0.00)") == 8
    assert "<b>" not in markup
    assert "$x$" not in markup.replace('title="', "").partition("<details>")[2]
    assert "完全一致" in markup
