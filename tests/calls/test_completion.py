"""A text continued."""

import pytest

from ernie_magic import errors


def test_a_misspelled_model_is_refused_with_the_closest_id(session):
    with pytest.raises(errors.ModelNotFound, match=r"similar models: ernie-3\.5-8k") as caught:
        session.complete("once upon", model="ernie-3.5-8")
    assert caught.value.answer is None
    assert caught.value.suggestions[0] == "ernie-3.5-8k"


def test_a_model_of_another_kind_is_told_as_one(session, emulator):
    emulator.faults.add(code="no_such_model")
    with pytest.raises(errors.ModelNotFound, match="SQLCoder-7B is a completion model"):
        session.complete("select 1", model="SQLCoder-7B")
