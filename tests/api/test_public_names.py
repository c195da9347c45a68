"""Names that an object does not have: the one that is meant is told, and Python's own ways to ask go
on working.
"""

import copy
import pickle

import numpy as np
import pytest

from ernie_magic import errors
from ernie_magic.api.public_names import SuggestsNames
from ernie_magic.api.requests import EmbeddingRequest
from ernie_magic.api.results import Answer, Embeddings
from ernie_magic.api.usage import Usage
from ernie_magic.calls.chat.history import History, Turn
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.session import Session

ANSWER = Answer("hi", None)
VECTORS = Embeddings(("a",), np.ones((1, 3)), EmbeddingRequest(model="m", texts=("a",)), Usage())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("answer.txt", "text"),
        ("answer.content", "text"),
        ("answer.reasoning_content", "reasoning"),
        ("vectors.embedding", "vectors"),
        ("turn.promt", "prompt"),
        ("history.mesages", "messages"),
        ("settings.temprature", "temperature"),
        ("session.ask", "chat"),
        ("session.embeddings", "embed"),
        ("session.temperature", "settings.temperature"),
        ("session.files.lst", "list"),
        ("session['x'].ask", "chat"),
        ("session.usage.tokens", "total"),
        ("session.stream('hi').text", "result()"),
    ],
)
def test_an_attribute_that_is_not_there_names_the_one_that_is_meant(written, meant):
    with Session(service="emulator", language="en") as session:
        names = {
            "answer": ANSWER,
            "vectors": VECTORS,
            "turn": Turn("a", ANSWER),
            "history": History(),
            "settings": session.settings,
            "session": session,
        }
        with pytest.raises(errors.UnknownAttribute) as caught:
            eval(written, names)
    line = caught.value.line("en")
    assert "has no attribute" in line
    assert line.endswith(f"What to do: did you mean {meant}?")


def test_it_is_told_in_the_language_of_the_session():
    with Session(service="emulator", language="zh") as session:
        with pytest.raises(AttributeError, match="Session 没有 ask。怎么办：是不是 chat？"):
            session.ask("hi")
        with pytest.raises(AttributeError, match="Conversation 没有 ask。"):
            session["x"].ask("hi")


def test_where_no_name_is_near_tab_is():
    with pytest.raises(errors.UnknownAttribute) as caught:
        ANSWER.zzzzzz  # noqa: B018
    assert caught.value.line("en") == (
        "Answer has no attribute zzzzzz. What to do: Tab behind the dot lists all it has."
    )


def test_python_asks_for_names_as_ever():
    assert not hasattr(ANSWER, "dtype")
    assert getattr(ANSWER, "dtype", 5) == 5
    for copied in (copy.deepcopy(ANSWER), pickle.loads(pickle.dumps(ANSWER))):  # noqa: S301
        assert (type(copied), vars(copied)) == (Answer, vars(ANSWER))
    assert copy.copy(ErnieSettings(model="m")).model == "m"


def test_a_property_that_fails_fails_by_its_own_error():
    class Broken(SuggestsNames):
        @property
        def text(self):
            return None.strip()

    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'strip'"):
        Broken().text  # noqa: B018


def test_no_name_is_looked_for_before_the_error_is_told(monkeypatch):
    monkeypatch.setattr(SuggestsNames, "_advise_on", lambda *_: pytest.fail("looked for"))
    assert not hasattr(ANSWER, "columns")


@pytest.mark.parametrize("name", ["temperature", "model", "endpoint", "api_key"])
def test_a_setting_is_not_set_on_the_session_itself(name):
    with Session(service="emulator", language="en") as session:
        with pytest.raises(errors.UnknownAttribute) as caught:
            setattr(session, name, "sk-1234567890")
        assert caught.value.line("en").endswith(f"What to do: write ernie.settings.{name} = ….")
        assert "sk-" not in str(caught.value)
        session.note = "of the user's own"
