"""Turns as a panel shows them, and as the notebook saves them."""

import itertools

from ernie_magic.api.requests import ChatOptions, chat_request
from ernie_magic.api.results import Answer
from ernie_magic.calls.chat.history import Turn
from ernie_magic.notebook.panels import turns

ANSWER = Answer(
    "**ok** `x`",
    chat_request([{"role": "user", "content": "hi"}], model="m", given={}),
    model="m",
    reasoning="hm",
    seconds=1.0,
)


def test_an_open_turn_becomes_an_answered_one_of_the_same_id_and_fields():
    opened = turns.open_turn("t1", "hi")
    answered = turns.answered_turn("t1", "hi", [], ANSWER, "en", "<p>ok</p>")
    assert opened.keys() == answered.keys()
    assert (opened["open"], answered["open"]) == (True, False)
    assert (answered["id"], answered["text"], answered["blocks"]) == (
        "t1",
        "**ok** `x`",
        ["<p>ok</p>"],
    )
    assert answered["reasoning_title"] == "reasoning (2 characters)"


def test_a_footer_says_what_is_abnormal_apart_and_the_rest_in_a_tooltip():

    for partial, notes in ((False, ""), (True, "partial")):
        shown = turns.answered_turn("t", "hi", [], ANSWER.with_changes(partial=partial), "en", "")
        assert (shown["footer"], shown["notes"]) == ("1.0 s", notes)
        assert shown["details"].startswith("m · 1.0 s")
    shown = turns.answered_turn("t", "hi", [], ANSWER.with_changes(service="emulator"), "zh", "")
    assert (shown["footer"], shown["mark"]) == ("1.0 秒", "模拟")
    assert turns.answered_turn("t", "hi", [], ANSWER, "zh", "")["mark"] == ""


def test_an_open_turn_is_saved_with_what_has_come_and_says_that_it_is_partial():
    opened = turns.open_turn("t1", "hi") | {"reasoning": "hm", "blocks": ["<p>so</p>", ""]}
    saved = turns.saved_open_turn_html(opened, "en", is_simulated=False)
    assert [part for part in ("hm", "<p>so</p>", "… partial</small>") if part not in saved] == []
    saved = turns.saved_open_turn_html(opened, "zh", is_simulated=True)
    assert "… 未完成 · 内置模拟器，非真实模型</small>" in saved


def test_an_open_turn_is_saved_each_second_and_less_often_the_longer_it_takes(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(turns.time, "monotonic", lambda: now)
    pace = turns.SavePace()
    assert pace.get_due_time() is None  # nothing has come
    saved_at = []
    while now < 1600:
        pace.note_news()
        if pace.take_due():
            saved_at.append(now - 1000)
        now += 0.1
    assert [round(seconds) for seconds in saved_at[:10]] == list(range(1, 11))
    assert len(saved_at) < 65
    for earlier, later in itertools.pairwise(saved_at):
        assert later - earlier < max(1.0, later * 0.1) + 0.2
    now += 100
    assert pace.take_due()
    now += 100
    assert not pace.take_due()


def test_a_prompt_is_saved_as_its_words():
    assert turns.saved_prompt_html("<b>a\n& c") == "<blockquote>&lt;b&gt;a<br>&amp; c</blockquote>"


def test_a_turn_of_the_history_is_shown_with_its_pictures_and_saved_with_its_prompt():
    part = {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}}
    shown = turns.ShownTurn.from_turn(
        Turn("<i>你好", ANSWER, images=(part,)), "t9", "en", ChatOptions()
    )
    assert shown.turn_id == "t9"
    assert shown.transcript_entry["images"] == ["https://a.b/c.png"]
    assert "<strong>ok</strong>" in shown.transcript_entry["blocks"][0]
    assert "<blockquote>&lt;i&gt;你好</blockquote>" in shown.saved_html
    assert shown.tokens == 2 + 1 + 2  # characters, the words of the prompt and of the answer
