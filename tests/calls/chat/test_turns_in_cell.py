"""A cell that asks many prompts in one conversation is told what that means."""

import warnings

import pytest

from ernie_magic.runtime.interrupts import CELLS


@pytest.fixture
def cell(monkeypatch):
    monkeypatch.setattr(CELLS, "running", 7)


def test_ten_prompts_of_one_cell_in_one_conversation_are_told_once(session, cell):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for i in range(12):
            session.chat(f"[[echo]]{i}")
    assert len(told) == 1
    assert "each sent with all before it" in str(told[0].message)
    assert told[0].filename == __file__


def test_prompts_that_stand_alone_and_those_of_no_cell_are_not_counted(session, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for i in range(12):
            session.chat(f"[[echo]]{i}")
        session.reset()
        monkeypatch.setattr(CELLS, "running", 7)
        for i in range(12):
            session.chat(f"[[echo]]{i}", history=False)
