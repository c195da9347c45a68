"""Datasets of what was asked and answered here."""

import json

import pandas as pd
import polars as pl
import pytest

from ernie_magic import errors
from ernie_magic.api.results import Answer
from ernie_magic.calls.chat.history import History, Turn
from ernie_magic.calls.datasets.dataset import read_dataset
from ernie_magic.calls.tables.result import Mapped

PART = {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}}


def turn(prompt, answer="a", images=(), **given):
    return Turn(prompt, Answer(answer, None, **given), images=images)


HISTORY = History([turn("q1", "a1"), turn("q2", "a2")])


def test_a_history_is_one_conversation():
    made = HISTORY.to_dataset(system="be brief")
    first = '{"system": "be brief", "prompt": "q1", "response": [["a1"]]}'
    assert list(made.lines()) == [f'[{first}, {{"prompt": "q2", "response": [["a2"]]}}]']
    (line,) = HISTORY.to_dataset("Role").lines()
    assert json.loads(line) == {"messages": HISTORY.messages()}


def test_each_turn_may_be_a_sample_of_its_own():
    made = HISTORY.to_dataset(system="s", per_turn=True)
    assert made.to_rows() == [
        {"system": "s", "prompt": "q1", "response": "a1"},
        {"system": "s", "prompt": "q2", "response": "a2"},
    ]
    assert list(HISTORY[1:].to_dataset("prompt").lines()) == ['{"prompt": "q2"}']


def test_what_cannot_teach_is_left_out_and_told():
    history = History(
        [
            turn("cut", partial=True),
            turn("seen", images=(PART,)),
            turn("kept", service="emulator"),
        ]
    )
    made = history.to_dataset()
    assert made.to_rows() == [{"prompt": "kept", "response": "a"}]
    assert [note.en for note in made.notes] == [
        "2 turns left out (not whole, or with pictures)",
        "⚠ the answers are the emulator's, not a model's",
    ]
    with pytest.raises(errors.InvalidDataset, match="has no samples"):
        history[:2].to_dataset()
    with pytest.raises(errors.InvalidOption, match="cannot be written as DPO_PromptChosenRejected"):
        history.to_dataset("DPO")


def test_a_conversation_brings_its_system_prompt(session):
    conversation = session["tutor"]
    conversation.history.append(turn("q"))
    session.settings.system = "the session's"
    assert conversation.to_dataset()[0][0]["system"] == "the session's"
    conversation.system = "its own"
    assert conversation.to_dataset()[0][0]["system"] == "its own"
    assert "system" not in conversation.to_dataset(system="")[0][0]


def mapped(table, rows, **given):
    defaults = {
        "error_column": "error",
        "prompts": tuple(f"about {row['text']}" for row in rows),
        "answer_columns": ("answer",),
        "service": "aistudio",
    }
    return Mapped(table, rows, **(defaults | given))


ROWS = [
    {"text": "x", "answer": "good", "error": None},
    {"text": "y", "answer": None, "error": "429"},
    {"text": "z", "answer": "bad", "error": None},
]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, list])
def test_answered_rows_are_samples(make):
    made = mapped(make(ROWS), ROWS).to_dataset(system="s")
    assert made.to_rows() == [
        {"system": "s", "prompt": "about x", "response": "good"},
        {"system": "s", "prompt": "about z", "response": "bad"},
    ]
    assert [note.en for note in made.notes] == ["1 row left out (no answer)"]


def test_answers_that_were_corrected_in_the_table_count():
    table = pd.DataFrame(ROWS)
    answered = mapped(table, ROWS)
    table.loc[2, "answer"] = "better"
    table["mine"] = ["1", "2", None]
    assert answered.to_dataset()[1][0]["response"] == "better"
    assert [s[0]["response"] for s in answered.to_dataset(response="mine")] == ["1"]
    with pytest.raises(errors.InvalidOption, match=r"no column mien.*did you mean mine"):
        answered.to_dataset(response="mien")
    table.loc[3] = table.loc[2]
    with pytest.raises(errors.InvalidOption, match="other rows"):
        answered.to_dataset()


def test_typed_columns_are_one_answer_in_json():
    rows = [{"text": "x", "label": "好", "score": 5, "error": None}]
    for make in (list, pl.DataFrame, lambda given: pd.DataFrame(given).astype({"score": "Int64"})):
        answered = mapped(make(rows), rows, answer_columns=("label", "score"))
        assert answered.to_dataset()[0][0]["response"] == '{"label": "好", "score": 5}'
        assert answered.to_dataset(response="score")[0][0]["response"] == "5"


def test_an_answered_table_becomes_a_file_that_is_read_again(session, tmp_path):
    answered = session.map("[[echo]]{{text}}", [{"text": "好"}, {"text": "坏"}])
    made = answered.to_dataset()
    assert [sample[0] for sample in made] == [
        {"prompt": "[[echo]]好", "response": "好"},
        {"prompt": "[[echo]]坏", "response": "坏"},
    ]
    assert read_dataset(made.write(tmp_path / "train.jsonl")).samples == made.samples
