"""The compare tab: models side by side, apart from any conversation."""

import re


def test_columns_have_their_own_model_and_parameters_and_leave_no_turn(tab, run, session, bodies):
    compare = tab("compare")
    compare.column_count.value = 3
    compare.columns[0].selection.picker.selected_model = "ernie-speed-8k"
    compare.columns[1].selection.picker.selected_model = "ernie-5.0"
    compare.columns[1].selection.controls.by_name["temperature"].number_input.value = 0.1
    run(compare, "hi")
    sent = sorted((body["model"], body.get("temperature")) for body in bodies()[-3:])
    assert sent == [("ernie-4.5-turbo-32k", None), ("ernie-5.0", 0.1), ("ernie-speed-8k", None)]
    assert len(session.history) == 0
    assert [column.transcript.shown_turns[0]["model"] for column in compare.columns] == [
        "ernie-speed-8k",
        "ernie-5.0",
        "ernie-4.5-turbo-32k",
    ]
    (piece,) = compare.saved_turns()
    assert piece.startswith("<blockquote>hi</blockquote>")
    assert piece.count("<b>ernie-") == 3


def test_each_answer_has_its_tokens_seconds_and_rate(tab, run):
    compare = tab("compare")
    assert compare.start.layout.display is None
    run(compare, "hi")
    assert compare.start.layout.display == "none"
    for column in compare.columns:
        named = re.findall("<b>(.*?)</b><small>(.*?)</small>", column.measures.value)
        assert [name for _, name in named] == ["time", "tokens", "tokens/s"]
        assert named[0][0].endswith(" s")
        assert all(value.isdigit() for value, _ in named[1:])


def test_an_answer_begins_on_one_line_whether_its_model_thinks_first_or_not(tab, run):
    compare = tab("compare")
    compare.columns[1].selection.picker.selected_model = "ernie-5.0"
    run(compare, "hi")
    quiet, thinking = (column.transcript.shown_turns[0] for column in compare.columns)
    assert (quiet["reasoning"], quiet["reasoning_title"][:9]) == ("", "reasoning")
    assert thinking["reasoning"]
    # The thought has a place of its own: no block of the text says it.
    assert not any("<details" in block for block in thinking["blocks"])


def test_one_column_that_fails_leaves_the_others(tab, run, emulator):
    compare = tab("compare")
    compare.columns[0].selection.picker.selected_model = "no-such-model-at-all"
    run(compare, "hi")
    assert compare.columns[0].status.is_error
    assert not compare.columns[1].status.is_error
    assert len(compare.columns[1].transcript.shown_turns) == 1


def test_a_second_question_while_one_column_is_at_work_is_refused_for_all(tab, emulator, wait):
    compare = tab("compare")
    emulator.faults.add(delay=0.4, times=1)
    compare.composer.prompt.value = "AAA"
    compare.send_prompt()
    compare.composer.prompt.value = "BBB"
    compare.send_prompt()
    assert compare.composer.status.is_error
    wait(lambda: not compare.is_busy)
    assert {column.prompt for column in compare.columns} == {"AAA"}


def test_each_column_says_which_model_it_waits_for(tab, emulator, wait):
    compare = tab("compare")
    compare.columns[1].selection.picker.selected_model = "ernie-speed-8k"
    emulator.faults.add(delay=0.9, times=2)
    compare.composer.prompt.value = "hi"
    compare.send_prompt()
    blocks = lambda column: str([t["blocks"] for t in column.transcript.shown_turns])  # noqa: E731
    wait(lambda: all("ernie-waiting" in blocks(column) for column in compare.columns))
    assert "… ernie-4.5-turbo-128k · " in blocks(compare.columns[0])
    assert "… ernie-speed-8k · " in blocks(compare.columns[1])
    wait(lambda: not compare.is_busy)
    assert not any("ernie-waiting" in blocks(column) for column in compare.columns)


def test_each_saved_answer_stands_under_its_question(tab, run):
    compare = tab("compare")
    compare.column_count.value = 3
    run(compare, "AAA")
    compare.column_count.value = 2
    run(compare, "BBB")
    (piece,) = compare.saved_turns()
    assert (
        piece.count("BBB</blockquote>"),
        piece.count("AAA</blockquote>"),
        piece.count("<b>ernie-"),
    ) == (1, 0, 2)


def test_what_has_come_in_each_column_is_saved_before_its_end(tab, run, emulator, wait):
    compare = tab("compare")
    run(compare, "earlier")
    emulator._state.delta_delay = 0.03
    saved = []
    for saving in (compare, *compare.columns):
        saving.save_output = saving._save_output = lambda: saved.append(compare.saved_turns())
    compare.composer.prompt.value = "[[chunks=50]] hi"
    compare.send_prompt()
    wait(lambda: not compare.is_busy)
    emulator._state.delta_delay = 0
    assert [pieces[0].count("… partial") for pieces in saved][:2] == [1, 2]
    half = next(pieces[0] for pieces in saved if pieces[0].count("word9 ") == 2)
    assert half.count("<blockquote>[[chunks=50]] hi</blockquote>") == 1
    assert half.count("<b>ernie-") == 2
    assert "earlier" not in half
    assert saved[-1][0].count("word49") == 2
    assert "partial" not in saved[-1][0]


def test_the_system_prompt_is_that_of_the_conversation_that_the_chat_shows(
    panel, session, run, bodies
):
    made = panel()
    made.choice.value = "compare"
    compare = made.tabs["compare"]
    assert compare.composer.notes.value == ""
    session.settings.system = "Be a pirate"
    assert compare.composer.notes.value == "system prompt (the session&#x27;s): Be a pirate"
    made.tabs["chat"]._start_conversation()
    made.tabs["chat"].system_prompt.field.value = "Be French"
    note = "system prompt (of the conversation main-2): Be French"
    assert compare.composer.notes.value == note
    run(compare, "hi")
    assert {body["messages"][0]["content"] for body in bodies()[-2:]} == {"Be French"}
    assert "Be French" in str(compare.generate_code())
    session["main-2"].system = ""
    run(compare, "hi")
    assert {body["messages"][0]["content"] for body in bodies()[-2:]} == {"Be a pirate"}
    made.tabs["chat"].conversations.value = "main"
    session.conversation.system = "Be brief"
    made.choice.value = "chat"
    made.choice.value = "compare"
    assert compare.composer.notes.value == "system prompt (of the conversation main): Be brief"
