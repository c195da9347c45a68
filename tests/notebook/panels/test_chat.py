"""The chat tab: one session with the magics, and nothing that the user had is lost."""

import re
import time

import pytest

from ernie_magic import Session
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.display.chat import describe_seconds
from ernie_magic.text.markdown import to_html


def test_a_question_is_a_turn_of_the_session(chat, ask, session, bodies, prompts):
    ask(" 你好 ")
    assert [turn.prompt for turn in session.history] == prompts(chat) == ["你好"]
    assert bodies()[-1] == {
        "model": "ernie-4.5-turbo-128k",
        "messages": [{"role": "user", "content": "你好"}],
        "stream": True,
    }
    shown = chat.transcript.shown_turns[0]
    assert shown["blocks"] == [to_html(session.history[0].answer.text)]
    answer = session.history[0].answer
    took = describe_seconds(answer.seconds, "en")
    assert shown["footer"] == f"{answer.usage.total_tokens} tokens · {took}"
    assert shown["details"].startswith("ernie-4.5-turbo-128k · ")
    assert (shown["open"], shown["actions"], chat.composer.prompt.value) == (
        False,
        ["edit", "regenerate", "fork"],
        "",
    )


def test_a_turn_made_elsewhere_appears_and_one_that_goes_disappears(chat, ask, session, prompts):
    session.chat("from a cell")
    assert prompts(chat) == ["from a cell"]
    ask("from the panel")
    assert [turn["actions"] for turn in chat.transcript.shown_turns] == [
        ["edit", "fork"],
        ["edit", "regenerate", "fork"],
    ]
    del session.history[0]
    assert prompts(chat) == ["from the panel"]
    session.reset()
    assert prompts(chat) == []


def test_two_panels_show_one_conversation(panel, session, wait, prompts):
    first, second = panel("chat").tabs["chat"], panel("chat").tabs["chat"]
    first.composer.prompt.value = "one"
    first.composer.send_button.click()
    wait(lambda: prompts(second) == ["one"] and not first.is_busy)
    wait(lambda: not session.conversation.is_answering)  # the turn is there a moment before
    second.composer.prompt.value = "two"
    second.composer.send_button.click()
    wait(lambda: prompts(first) == ["one", "two"])
    assert prompts(second) == ["one", "two"]


def test_a_conversation_that_is_answered_in_another_panel_takes_no_question(
    panel, session, emulator, wait
):
    first, second = panel("chat").tabs["chat"], panel("chat").tabs["chat"]
    emulator.faults.add(delay=0.3, times=1)
    first.composer.prompt.value = "one"
    first.composer.send_button.click()
    second.composer.prompt.value = "two"
    second.composer.send_button.click()
    assert second.composer.status.text == (
        "main is being answered in another panel or cell: wait until it ends, or choose another "
        "conversation"
    )
    assert second.composer.prompt.value == "two"
    wait(lambda: not first.is_busy)
    wait(lambda: second.composer.status.text == "")  # it tells of what is over
    second.composer.send_button.click()
    wait(lambda: not second.is_busy)
    assert [turn.prompt for turn in session.history] == ["one", "two"]


def test_it_streams_in_blocks_and_stops(chat, session, emulator, wait):
    emulator._state.delta_delay = 0.02
    try:
        chat.composer.prompt.value = "写一篇长文"
        chat.composer.send_button.click()
        wait(
            lambda: chat.transcript.shown_turns and chat.transcript.shown_turns[0]["blocks"],
            "the first text",
        )
        assert (chat.composer.send_button.disabled, chat.composer.stop_button.disabled) == (
            True,
            False,
        )
        stopped = time.monotonic()
        chat.composer.stop_button.click()
        wait(lambda: not chat.is_busy)
        assert time.monotonic() - stopped < 0.2
    finally:
        emulator._state.delta_delay = 0
    assert session.history[-1].answer.partial
    assert chat.composer.status.text == "stopped"
    assert "ernie-passing" in chat.composer.status.widget.value  # errors stay
    assert chat.transcript.shown_turns[-1]["notes"] == "partial"
    assert (chat.composer.send_button.disabled, chat.composer.stop_button.disabled) == (False, True)


def test_a_second_question_while_one_is_answered_is_refused_and_told(chat, session, emulator, wait):
    emulator.faults.add(delay=0.3, times=1)
    chat.composer.prompt.value = "one"
    chat.composer.send_button.click()
    chat.composer.prompt.value = "two"
    chat.send_prompt()
    assert chat.composer.status.text == "still running: stop it, or wait until it ends"
    assert chat.composer.prompt.value == "two"
    wait(lambda: not chat.is_busy)
    assert [turn.prompt for turn in session.history] == ["one"]


def test_what_fails_is_told_in_a_line_and_gives_the_question_back(
    chat, ask, session, emulator, prompts
):
    emulator.faults.add(status=500)
    ask("will it work?")
    assert chat.composer.status.is_error
    assert "\n" not in chat.composer.status.text
    assert "canary" not in chat.composer.status.widget.value
    assert (chat.composer.prompt.value, prompts(chat), len(session.history)) == (
        "will it work?",
        [],
        0,
    )


@pytest.mark.parametrize("op", ["ask", "regenerate"])
def test_an_answer_without_text_is_told_as_in_a_cell(chat, ask, session, wait, op):
    ask("[[echo]]hi")
    status = chat.composer.status
    if op == "ask":
        ask("[[echo]]")
    else:
        session.history[0] = session.history[0].with_changes(prompt="[[echo]]")
        id_ = chat.transcript.shown_turns[-1]["id"]
        chat._on_transcript_message({"op": "regenerate", "id": id_})
        wait(lambda: not chat.is_busy)
    assert status.is_error
    assert re.match(r"ernie-4.5-turbo-128k · \d+ tokens? · ", status.text)
    assert status.text.endswith(" · ⚠ the answer is empty")
    assert [turn.answer.text for turn in session.history] == ["hi"]
    assert chat.composer.prompt.value == ("[[echo]]" if op == "ask" else "")


def test_a_question_that_failed_comes_before_what_was_typed_meanwhile(chat, emulator, wait):
    emulator.faults.add(status=400, delay=0.1, times=1)
    chat.composer.prompt.value = "the long question"
    chat.send_prompt()
    chat.composer.prompt.value = "the next"
    wait(lambda: not chat.is_busy)
    assert chat.composer.prompt.value == "the long question\n\nthe next"


def test_a_question_whose_conversation_was_reset_meanwhile_is_given_back(
    chat, emulator, wait, session, prompts
):
    emulator.faults.add(delay=0.2, times=1)
    chat.composer.prompt.value = "one"
    chat.send_prompt()
    session.reset()
    wait(lambda: not chat.is_busy)
    assert (chat.composer.prompt.value, prompts(chat)) == ("one", [])


def test_a_question_asked_the_moment_the_last_has_ended_is_shown(
    chat, session, emulator, wait, prompts
):
    for i in range(5):
        chat.composer.prompt.value = f"question {i}"
        wait(lambda: chat.task.start_call is not None and not chat.composer.send_button.disabled)
        while chat.task._lock.locked():
            pass
        chat.send_prompt()
        assert any(turn["open"] for turn in chat.transcript.shown_turns) or not chat.is_busy
    wait(lambda: not chat.is_busy)
    assert prompts(chat) == [f"question {i}" for i in range(5)]


def test_what_fails_while_a_panel_draws_fails_no_cell(chat, session):
    chat.save_output = lambda: 1 / 0
    assert session.chat("from a cell").text
    assert chat.composer.status.text.startswith("the panel failed: ZeroDivisionError")


def test_an_empty_prompt_is_told_before_anything_is_sent(chat, ask, emulator):
    ask("  ")
    assert chat.composer.status.text.startswith("the prompt is empty")
    assert [logged for logged in emulator.requests if logged.path.endswith("/completions")] == []


def test_an_empty_conversation_offers_prompts_and_one_is_asked_by_a_click(chat, session, wait):
    assert len(chat.transcript.examples) == 3
    chat._on_transcript_message({"op": "example", "text": chat.transcript.examples[1]})
    wait(lambda: not chat.is_busy)
    assert [turn.prompt for turn in session.history] == ["List three cities in a table"]


def test_tokens_are_estimated_while_typing(chat, ask):
    ask("你好")
    chat.composer.prompt.value = "再说一次"
    assert chat.composer.notes.value.startswith("tokens: about 4, with the history about ")


def test_a_panel_that_is_closed_stops_and_one_that_is_shown_again_goes_on(
    panel, session, emulator, wait, prompts
):
    made = panel("chat")
    chat = made.tabs["chat"]
    emulator.faults.add(delay=2, times=1)
    chat.composer.prompt.value = "one"
    chat.composer.send_button.click()
    made._on_frontend_message({"op": "closed"})
    wait(lambda: not chat.is_busy)
    wait(lambda: not chat._unsubscribers)
    session.chat("while nobody looks")
    assert prompts(chat) == []
    made._on_frontend_message({"op": "opened"})
    assert prompts(chat) == ["while nobody looks"]


def test_the_saved_form_holds_questions_and_answers(chat, ask, session):
    ask("第一行\n第二行")
    (piece,) = chat.saved_turns()
    chat.composer.prompt.value = ""
    assert piece.startswith("<p><b>You</b></p><blockquote>第一行<br>第二行</blockquote>")
    assert to_html(session.history[0].answer.text) in piece


def test_ctrl_enter_sends_what_stands_there_not_what_was_told_last(panel, session, wait):
    made = panel("chat")
    chat = made.tabs["chat"]
    chat.composer.prompt.value = "half"
    made._on_frontend_message({"op": "send", "where": "ernie-at-chat", "text": "half and half"})
    wait(lambda: not chat.is_busy)
    assert [turn.prompt for turn in session.history] == ["half and half"]


def test_the_code_is_that_of_the_state(chat):
    chat.composer.prompt.value = "杭州"
    chat.selection.controls.by_name["top_p"].number_input.value = 0.5
    chat.selection.picker.selected_model = "ernie-speed-8k"
    chat.code_box.show.value = True
    assert chat.code_box.cells == ["%%ernie -m ernie-speed-8k --top-p 0.5\n杭州"]
    chat.code_box.form.value = "python"
    assert chat.code_box.cells == ["ernie.chat('杭州', model='ernie-speed-8k', top_p=0.5)"]
    chat.composer.prompt.value = "北京"
    assert "'北京'" in chat.code_box.cells[0]


def test_the_code_of_an_empty_prompt_is_that_of_the_last_question(chat, ask):
    ask("杭州")
    chat.code_box.show.value = True
    chat.code_box.form.value = "openai"
    assert chat.code_box.cells[0].count("'role': 'user', 'content': '杭州'") == 1


def test_what_the_session_s_settings_become_is_shown_at_once(panel, session):
    made = panel("chat")
    chat = made.tabs["chat"]
    session.settings.model, session.settings.temperature = "ernie-speed-8k", 0.2
    assert chat.selection.picker.box.current["label"] == "default (ernie-speed-8k)"
    assert "frequency_penalty" in chat.selection.controls.by_name
    temperature = chat.selection.controls.by_name["temperature"]
    assert temperature.number_input.value == 0.2
    assert temperature.default_toggle.tooltip == "Reset: Temperature is the session's setting, 0.2"
    session.use("emulator")
    assert "the built-in emulator answers" in made._service_status.text


def test_what_is_written_while_a_question_is_sent_stays(chat, wait):
    chat.composer.prompt.value = "one"
    asked = chat.shown_conversation.ask_with_options

    def slow(*args, **options):
        chat.composer.prompt.value = "two, written meanwhile"
        return asked(*args, **options)

    chat.shown_conversation.ask_with_options = slow
    chat.send_prompt()
    wait(lambda: not chat.is_busy)
    assert chat.composer.prompt.value == "two, written meanwhile"


def test_what_is_waited_for_and_thought_before_the_text_gives_way_to_it(chat):
    from ernie_magic.notebook.panels.turns import BlocksView, open_turn
    from ernie_magic.runtime.events import Delta
    from ernie_magic.text.language import Text

    chat.transcript.put_turn(open_turn("one", "q"))
    view = BlocksView("en", chat.transcript, "one")
    view.show_deltas([Delta(notice=Text("等", "waiting"))])
    view.show_deltas([Delta(reasoning="I think")])
    assert chat.transcript.shown_turns[-1]["is_thinking"]
    view.show_deltas([Delta(text="hello")])
    turn = chat.transcript.shown_turns[-1]
    assert turn["blocks"] == ["<p>hello</p>\n"]
    assert (turn["reasoning_title"], turn["reasoning"]) == ("reasoning (7 characters)", "I think")
    assert not turn["is_thinking"]


def test_an_open_turn_says_which_model_is_waited_for_until_the_first_word(chat, emulator, wait):
    emulator.faults.add(delay=0.9)
    seen, put_block = [], chat.transcript.put_block

    def record_block(id_, key, text):
        seen.append((time.monotonic(), key, text))
        put_block(id_, key, text)

    chat.transcript.put_block = record_block
    began = time.monotonic()
    chat.composer.prompt.value = "[[echo]]hello"
    chat.send_prompt()
    wait(lambda: not chat.is_busy)
    lines = [(at - began, text) for at, _, text in seen if "ernie-waiting" in text]
    assert "… ernie-4.5-turbo-128k · 1 s</small>" in lines[0][1]
    assert 0.65 < lines[0][0] < 1.5
    assert {key for _, key, _ in seen} == {0}  # the first word takes the line's block
    assert chat.transcript.shown_turns[-1]["blocks"] == [to_html("hello")]


def test_stop_works_while_the_line_shows_and_leaves_no_turn(chat, emulator, wait, prompts):
    emulator.faults.add(delay=30)
    chat.composer.prompt.value = "hi"
    chat.send_prompt()
    wait(lambda: any("ernie-waiting" in str(t["blocks"]) for t in chat.transcript.shown_turns))
    began = time.monotonic()
    chat.stop_call()
    wait(lambda: not chat.is_busy)
    assert time.monotonic() - began < 0.5
    assert (prompts(chat), chat.composer.status.text) == ([], "stopped")
    assert chat.composer.prompt.value == "hi"


def test_a_retry_is_told_in_the_status_while_the_line_counts_and_gone_at_the_end(
    chat, session, emulator, wait, prompts
):
    session.settings.retry_count, session.settings.backoff_factor = 2, 0.1
    emulator.faults.add(status=500)
    emulator.faults.add(status=500, delay=1.0)
    chat.composer.prompt.value = "hi"
    chat.send_prompt()
    wait(lambda: any("ernie-waiting" in str(t["blocks"]) for t in chat.transcript.shown_turns))
    assert "trying again in" in chat.composer.status.text
    wait(lambda: not chat.is_busy)
    assert chat.composer.status.is_error
    assert "trying again" not in chat.composer.status.text
    assert prompts(chat) == []


def test_other_models_and_settings_leave_no_widgets_behind(chat):
    import ipywidgets

    models = ("ernie-speed-8k", "ernie-5.0", "ernie-4.5-turbo-128k")

    def count():
        for model in models:
            chat.selection.picker.selected_model = model
        return len(ipywidgets.widgets.widget._instances)

    first = count()
    assert [count() for _ in range(3)] == [first] * 3


def test_a_tab_that_is_none_is_told_with_the_nearest(session):
    with pytest.raises(InvalidOption, match="did you mean image"):
        session.panel("images")


def test_without_a_key_the_panel_says_that_the_emulator_answers(panel):
    with Session(language="en") as session:
        made = panel("chat", of=session)
        assert "the built-in emulator answers" in made._service_status.text
        assert "ernie" in made.tabs["chat"].selection.picker.resolved_model


def test_a_deployed_service_that_is_used_answers_in_the_panel(panel, wait):
    with Session(service="emulator") as session:
        made = session.services.deploy("mine", "amv-any", model_set_id="am-any", confirm=True)
        served = session.services.watch(made)
        tab = panel("chat", of=session).tabs["chat"]
        session.use_endpoint("mine")
        assert tab.selection.picker.resolved_model == served.endpoint
        tab.composer.prompt.value = "[[echo]]hi"
        tab.composer.send_button.click()
        wait(lambda: not tab.is_busy, "the answer")
        assert session.history[0].answer.text == "hi"
        assert session.client._emulator.requests[-1].body["model"] == served.endpoint


def test_where_the_emulator_stands_in_for_a_service_the_header_says_so(panel, session):
    from ernie_magic.emulator import start

    made = panel("chat")
    assert made._service_chip.description == made._service_status.text == "AI Studio"
    with start(latency=0) as stand_in:
        session.settings.base_url = stand_in.base_url
        session.models()
        made._on_settings_changed()
        assert made._service_chip.description == "built-in emulator"
        assert "answers in the place of AI Studio" in made._service_status.text
        assert "ernie-simulated" in made._service_chip._dom_classes
        assert "ernie-simulated" in made.widget._dom_classes  # so that no turn says it again
        other = panel("chat")  # its own list tells
        assert other._service_chip.description == "built-in emulator"


def test_what_a_turn_leaves_open_ends_with_it_in_the_saved_form(chat, session):

    from ernie_magic.calls.chat.history import Turn

    answer = session.chat("a <b>c</b> List<int> *x*")
    session.history.append(Turn("next", answer.with_changes(text="```python\nx = 1", partial=True)))
    first, second = chat.saved_turns()
    assert "<blockquote>a &lt;b&gt;c&lt;/b&gt; List&lt;int&gt; *x*</blockquote>" in first
    assert '<pre class="highlight" style="margin-bottom:1em"><span class="n">x</span>' in second
    assert second.count("<div") == second.count("</div>")


def test_a_deployed_service_answers_in_the_panel(emulator, monkeypatch, panel, run):
    monkeypatch.setenv("QIANFAN_BASE_URL", emulator.url)
    emulator.requests.clear()
    with Session(
        service="qianfan-v1",
        api_key="24.0123456789abcdef0123456789abcdef.2592000.1999999999.282335-1",
        endpoint="ngxxxol8_test1",
    ) as session:
        session.settings.base_url = f"{emulator.url}/rpc/2.0/ai_custom/v1/wenxinworkshop"
        tab = panel("chat", of=session).tabs["chat"]
        assert "ngxxxol8_test1" in tab.selection.picker.box.current["label"]
        run(tab, "[[echo]]hi")
        assert [turn.answer.text for turn in session.history] == ["hi"]
        assert emulator.requests[-1].path.endswith("/chat/ngxxxol8_test1")
        (code,) = tab.generate_code()
        assert "endpoint='ngxxxol8_test1'" in code.python
        assert "--endpoint ngxxxol8_test1" in code.magic.en
        tab.selection.picker.selected_model = "ernie-speed-8k"
        run(tab, "[[echo]]hi")
        assert emulator.requests[-1].path.endswith("/chat/ernie_speed")


def test_what_has_come_of_an_answer_is_saved_before_its_end(chat, emulator, wait, run):
    run(chat, "[[echo]]before")
    emulator._state.delta_delay = 0.03
    saved = []
    chat.save_output = lambda: saved.append(chat.saved_turns())
    chat.composer.prompt.value = "[[chunks=50]] <b>"
    chat.send_prompt()
    wait(lambda: not chat.is_busy)
    emulator._state.delta_delay = 0
    first, second, *_, last = saved
    assert "before" in first[0]
    assert "[[chunks=50]] &lt;b&gt;" in first[1]
    assert "partial" in first[1]  # from the moment when it is sent
    assert "word9 " in second[1]
    assert second[1].endswith("… partial</small></div></div>")
    assert "word49" in last[1]
    assert "partial" not in last[1]


def test_a_call_that_leaves_no_turn_leaves_nothing_in_what_is_saved(chat, emulator, wait):
    emulator.faults.add(delay=0.2, status=400)
    saved = []
    chat.save_output = lambda: saved.append(chat.saved_turns())
    chat.composer.prompt.value = "one"
    chat.send_prompt()
    wait(lambda: not chat.is_busy)
    assert "partial" in saved[0][0]
    assert saved[-1] == []


def test_a_prompt_that_stands_there_already_is_not_put_back_twice(chat):
    chat.composer.prompt.value = "hello"  # what the page sent, after the box was cleared
    chat._restore_prompt("hello")
    assert chat.composer.prompt.value == "hello"
    chat.composer.prompt.value = "and more"
    chat._restore_prompt("hello")
    assert chat.composer.prompt.value == "hello\n\nand more"


def test_what_tells_of_something_that_is_over_leaves_and_what_came_after_it_stays(
    chat, wait, monkeypatch
):
    monkeypatch.setattr("ernie_magic.notebook.panels.widgets._PASSES_AFTER", 0.1)
    status = chat.composer.status
    status.show_message("saved", passes=True)
    status.show_message("an error", is_error=True)
    time.sleep(0.2)
    assert status.text == "an error"
    status.show_message("saved", passes=True)
    wait(lambda: status.text == "")
    assert (status.widget.value, status.widget.layout.display) == ("", "none")
