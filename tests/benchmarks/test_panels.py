"""The cost of a delta does not grow with the transcript."""

import json
import time
from statistics import median

import ipywidgets
import pytest

from ernie_magic import Session
from ernie_magic.calls.chat.history import Turn
from ernie_magic.notebook.panels.turns import BlocksView, open_turn
from ernie_magic.runtime.events import Delta

PIECE = "春江潮水连海平，海上明月共潮生。"
DELTAS = 300


@pytest.fixture
def chat(emulator):
    """A chat tab with that many turns."""
    sessions = []

    def chat_(turns):
        session = Session(
            service="aistudio", base_url=emulator.base_url, api_key="canary-key-of-benchmarks"
        )
        sessions.append(session)
        answer = session.chat("用表格列出三个城市")
        for i in range(1, turns):
            session.history.append(Turn(f"问题 {i}", answer))
        return session.panel("chat").tabs["chat"]

    yield chat_
    for session in sessions:
        session.close()
    ipywidgets.Widget.close_all()


def test_a_delta_costs_the_same_under_2_and_200_turns(chat, bar):
    tabs = {turns: chat(turns) for turns in (2, 200)}
    sent = dict.fromkeys(tabs, 0)
    seconds = {turns: [] for turns in tabs}
    for turns, tab in tabs.items():
        plain = tab.transcript.send

        def counted(message, turns=turns, plain=plain):
            sent[turns] += len(json.dumps(message))
            plain(message)

        tab.transcript.send = counted
    for round_ in range(5):
        for turns, tab in tabs.items():
            id_ = f"open-{round_}"
            tab.transcript.put_turn(open_turn(id_, "写一篇文章"))
            view = BlocksView("zh", tab.transcript, id_)
            began = time.perf_counter()
            for _ in range(DELTAS):
                view.show_deltas([Delta(text=PIECE)])
            seconds[turns].append(time.perf_counter() - began)
    ratio = median(long / short for long, short in zip(seconds[200], seconds[2], strict=True))
    print(f"\na delta under 200 turns / under 2: time {ratio:.2f}, bytes {sent[200] / sent[2]:.3f}")
    assert sent[200] == sent[2]
    assert ratio < bar(1.5)
