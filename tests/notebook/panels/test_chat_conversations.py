"""The conversations that the chat tab shows: what is done to them in one place is seen in all."""

import json

import pytest

from ernie_magic.errors import InvalidOption


@pytest.fixture
def chats(panel):
    """Two panels of one notebook."""
    return [panel("chat").tabs["chat"] for _ in range(2)]


def delete_twice(tab):
    tab.menu.delete_button.click()
    tab.menu.delete_button.click()


@pytest.mark.parametrize("how", ["del", "pop", "clear", "panel"])
def test_a_conversation_that_is_deleted_is_shown_nowhere(chats, session, run, how, prompts):
    session["tutor"].chat("hi")
    for tab in chats:
        tab.conversations.value = "tutor"
    if how == "del":
        del session.conversations["tutor"]
    elif how == "pop":
        session.conversations.pop("tutor")
    elif how == "clear":
        session.conversations.clear()
    else:
        delete_twice(chats[0])
    for tab in chats:
        assert (tab.conversations.value, tab.conversations.options) == ("main", ("main",))
        assert (prompts(tab), tab.composer.status.text) == (
            [],
            "the conversation tutor was deleted",
        )
    run(chats[1], "more")
    assert [turn.prompt for turn in session.history] == prompts(chats[0]) == ["more"]
    assert "tutor" not in session


def test_a_fork_that_fails_is_known_to_no_panel(chats, session, emulator, wait):
    session.chat("one")
    emulator.faults.add(status=400, times=1)
    first, second = chats
    first._on_transcript_message(
        {"op": "edit", "id": first.transcript.shown_turns[0]["id"], "text": "uno"}
    )
    wait(lambda: not first.is_busy)
    assert second.conversations.options == first.conversations.options == ("main",)
    assert "deleted" not in first.composer.status.text


def test_a_conversation_that_is_deleted_while_it_is_answered_is_left_after_its_answer(
    panel, session, emulator, wait, prompts
):
    tab = panel("chat").tabs["chat"]
    session["tutor"].chat("hi")
    tab.conversations.value = "tutor"
    emulator.faults.add(delay=0.3, times=1)
    tab.composer.prompt.value = "one"
    tab.composer.send_button.click()
    del session["tutor"]
    assert "tutor" not in session
    wait(lambda: not tab.task._lock.locked())  # a moment longer than it is busy
    assert (tab.conversations.value, prompts(tab), list(session.conversations)) == (
        "main",
        [],
        ["main"],
    )
    assert (tab.composer.prompt.value, tab.composer.status.text) == (
        "",
        "the conversation tutor was deleted",
    )


def test_a_conversation_that_another_panel_answers_is_not_deleted(chats, session, emulator, wait):
    session["tutor"].chat("hi")
    for tab in chats:
        tab.conversations.value = "tutor"
    emulator.faults.add(delay=0.3, times=1)
    chats[0].composer.prompt.value = "one"
    chats[0].composer.send_button.click()
    delete_twice(chats[1])
    assert "tutor is being answered" in chats[1].composer.status.text
    wait(lambda: not chats[0].is_busy)
    assert [turn.prompt for turn in session["tutor"].history] == ["hi", "one"]


def test_a_system_prompt_that_is_set_elsewhere_stands_in_every_panel(chats, session, run, bodies):
    session.conversation.system = "Be brief"
    assert [tab.system_prompt.field.value for tab in chats] == ["Be brief"] * 2
    chats[0].system_prompt.field.value = "Be a pirate"
    assert (chats[1].system_prompt.field.value, session.conversation.system) == ("Be a pirate",) * 2
    run(chats[1], "hi")
    assert bodies()[-1]["messages"][0] == {"role": "system", "content": "Be a pirate"}
    session["tutor"].system = "Be kind"
    assert [tab.system_prompt.field.value for tab in chats] == ["Be a pirate"] * 2


def upload(button, content):
    part = {"op": "part", "id": "1", "last": True, "name": "a.json", "size": len(content)}
    button._handle_custom_msg(part, [content])


def test_a_conversation_is_saved_to_a_file_and_loaded_in_another_session(
    chat, ask, session, panel, tmp_path, monkeypatch, prompts
):
    monkeypatch.chdir(tmp_path)
    chat.menu.save_button.click()
    assert chat.composer.status.is_error
    session.conversation.system = "be brief"
    ask("one")
    chat.menu.save_button.click()
    assert chat.composer.status.text == "saved: main.json"
    chat.menu.save_button.click()
    assert chat.composer.status.text == "saved: main (2).json"
    content = (tmp_path / "main.json").read_bytes()
    upload(chat.menu.load_button, content)
    assert chat.conversations.value == "main-2"
    assert prompts(chat) == ["one"]
    assert chat.system_prompt.field.value == "be brief"
    assert session["main-2"].history[0].answer.text == session.history[0].answer.text
    assert chat.composer.status.text == "loaded: main-2 (1 turn)"
    hostile = content.replace(b"one", b"<script>evil()</script>")
    upload(chat.menu.load_button, hostile)
    turn = chat.transcript.shown_turns[0]
    assert turn["prompt"] == "<script>evil()</script>"  # the page writes it as text
    assert "<script" not in "".join(turn["blocks"])
    assert "<script" not in chat.saved_turns()[0]
    lossy = json.loads(content)
    lossy["turns"][0]["images"] = ["data:image/png;base64,AAAA", "https://host.example/a.png"]
    upload(chat.menu.load_button, json.dumps(lossy).encode())
    assert "1 picture in the file could not be read" in chat.composer.status.text
    turn = chat.transcript.shown_turns[0]
    assert (turn["images"], turn["draws_links"]) == (["https://host.example/a.png"], False)
    upload(chat.menu.load_button, b'{"format": "something else"}')
    assert chat.composer.status.is_error
    assert chat.conversations.value == "main-4"


def test_a_conversation_made_elsewhere_can_be_chosen(chat, session, prompts):
    session["tutor"].chat("hi")
    assert list(chat.conversations.options) == ["main", "tutor"]
    chat.conversations.value = "tutor"
    assert prompts(chat) == ["hi"]


def test_a_conversation_is_renamed_and_deleted_and_main_stays(chat, ask, session, prompts):
    assert (chat.menu.rename_field.value, chat.menu.rename_field.disabled) == ("main", True)
    assert chat.menu.delete_button.disabled
    session["tutor"].chat("hi")
    chat.conversations.value = "tutor"
    chat.menu.rename_field.value = "main"
    assert (chat.composer.status.is_error, chat.menu.rename_field.value) == (True, "tutor")
    chat.menu.rename_field.value = " lessons "
    assert list(chat.conversations.options) == list(session.conversations) == ["main", "lessons"]
    assert (session["lessons"].name, prompts(chat)) == ("lessons", ["hi"])
    ask("more")
    assert [turn.prompt for turn in session["lessons"].history] == ["hi", "more"]
    chat.menu.delete_button.click()
    assert (chat.menu.delete_button.description, "lessons" in session.conversations) == (
        "Sure?",
        True,
    )
    chat.menu.delete_button.click()
    assert (list(session.conversations), chat.conversations.value) == (["main"], "main")


def test_a_conversation_that_is_renamed_elsewhere_stays_in_the_panel(chat, ask, session, prompts):
    session["tutor"].chat("hi")
    chat.conversations.value = "tutor"
    session["tutor"].rename("lessons")
    names = ["main", "lessons"]
    assert list(chat.conversations.options) == list(session.conversations) == names
    assert (chat.conversations.value, chat.menu.rename_field.value) == ("lessons", "lessons")
    ask("more")
    assert prompts(chat) == ["hi", "more"]
    assert list(session.conversations) == names
    session["other"].rename("another")
    assert list(chat.conversations.options) == [*names, "another"]
    assert (chat.conversations.value, prompts(chat)) == ("lessons", ["hi", "more"])
    with pytest.warns(UserWarning, match="begin a new conversation main"):
        session.conversation.rename("first")
    chat.conversations.value = "first"
    assert chat.conversations.value == "first"


def test_a_conversation_that_is_deleted_elsewhere_is_no_longer_shown(chat, ask, session, prompts):
    session["tutor"].chat("hi")
    chat.conversations.value = "tutor"
    del session["tutor"]
    assert (chat.conversations.value, prompts(chat)) == ("main", [])
    assert "tutor" not in chat.conversations.options
    ask("more")
    assert ("tutor" in session, prompts(chat)) == (False, ["more"])


def test_the_system_prompt_is_the_conversation_s(chat, ask, session, bodies):
    chat.system_prompt.field.value = "be brief"
    assert session.conversation.system == "be brief"
    ask("hi")
    assert bodies()[-1]["messages"][0] == {"role": "system", "content": "be brief"}


def test_the_session_s_system_prompt_stands_in_the_empty_field_and_is_counted(chat, session):
    hint = chat.system_prompt.field.placeholder
    session.settings.system = "Answer as a pirate " * 20
    assert chat.system_prompt.field.placeholder == session.settings.system
    chat.composer.prompt.value = "hi there"
    long = chat.composer.notes.value
    chat.system_prompt.field.value = "brief"
    assert session.conversation.system == "brief"
    chat.composer.prompt.value = "hi"
    chat.composer.prompt.value = "hi there"
    assert chat.composer.notes.value != long  # its own goes before the session's
    session.settings.system = ""
    assert chat.system_prompt.field.placeholder == hint


def test_clear_wants_a_second_press(chat, ask, session, prompts):
    ask("one")
    chat.menu.clear_button.click()
    assert (len(session.history), chat.menu.clear_button.description) == (1, "Sure?")
    assert chat.composer.status.text == "press again to forget 1 turn of 'main', for good"
    chat.composer.prompt.value = "typing takes it back"
    assert chat.menu.clear_button.description == "Clear"
    chat.menu.clear_button.click()
    chat.menu.clear_button.click()
    assert (len(session.history), prompts(chat)) == (0, [])


def test_a_conversation_is_continued_from_a_turn_in_another(chat, ask, session, prompts):
    ask("one")
    ask("two")
    chat._on_transcript_message({"op": "fork", "id": chat.transcript.shown_turns[0]["id"]})
    assert (chat.conversations.value, prompts(chat)) == ("main-2", ["one"])
    assert [turn.prompt for turn in session.history] == ["one", "two"]


def test_an_edited_turn_forks_and_the_conversation_it_came_from_stays(
    chat, ask, session, wait, bodies, prompts
):
    ask("one")
    ask("two")
    chat._on_transcript_message(
        {"op": "edit", "id": chat.transcript.shown_turns[0]["id"], "text": "uno"}
    )
    wait(lambda: not chat.is_busy)
    assert [turn.prompt for turn in session.history] == ["one", "two"]
    assert [turn.prompt for turn in session["main-2"].history] == prompts(chat) == ["uno"]
    assert chat.conversations.value == "main-2"
    chat.conversations.value = "main"
    assert prompts(chat) == ["one", "two"]
    chat._on_transcript_message(
        {"op": "edit", "id": chat.transcript.shown_turns[1]["id"], "text": "dos"}
    )
    wait(lambda: not chat.is_busy)
    assert [turn.prompt for turn in session["main-3"].history] == ["one", "dos"]


def test_an_edit_that_fails_leaves_the_conversation_and_gives_the_text_back(
    chat, ask, emulator, wait, session, prompts
):
    ask("one")
    sent, send = [], chat.transcript.send
    chat.transcript.send = lambda message: (sent.append(message), send(message))
    chat.composer.prompt.value = "a draft"
    emulator.faults.add(status=400, times=1)
    id_ = chat.transcript.shown_turns[0]["id"]
    chat._on_transcript_message({"op": "edit", "id": id_, "text": "my careful edit"})
    wait(lambda: not chat.is_busy)
    assert (list(session.conversations), prompts(chat), chat.composer.prompt.value) == (
        ["main"],
        ["one"],
        "a draft",
    )
    assert {"op": "edit_again", "id": id_, "text": "my careful edit"} in sent
    assert chat.composer.status.is_error
    chat._on_transcript_message(
        {"op": "edit", "id": chat.transcript.shown_turns[0]["id"], "text": " "}
    )
    assert list(session.conversations) == ["main"]


def test_the_saved_form_keeps_conversations_that_were_left(chat, ask, session):
    ask("one")
    chat._start_conversation()
    assert "<blockquote>one</blockquote>" in "".join(chat.saved_turns())
    ask("two")
    own, left = chat.saved_turns()
    assert own.startswith("<p><b>You</b></p><blockquote>two</blockquote>")
    assert left.startswith('<h5 class="ernie-saved-section">main</h5>')
    assert "<blockquote>one</blockquote>" in left
    name = chat.shown_conversation.name
    chat.show_conversation("main")
    assert [name in piece for piece in chat.saved_turns()] == [False, True]
    session.conversations.pop(name)
    assert len(chat.saved_turns()) == 1


def test_a_fork_of_all_turns_of_a_locked_conversation_is_locked(session):
    session.chat("one")
    session.chat("two")
    session.conversation.locked = True
    assert session.conversation.fork().locked
    assert not session.conversation.fork(1).locked
    with pytest.raises(InvalidOption, match="a conversation main already exists"):
        session.conversation.fork(name="main")


def test_the_session_s_system_prompt_can_be_left_out(chat, ask, session, bodies):
    toggle = chat.system_prompt.leave_out
    assert toggle.layout.display == "none"
    session.settings.system = "Answer as a pirate"
    assert toggle.layout.display is None
    ask("one")
    assert bodies()[-1]["messages"][0]["content"] == "Answer as a pirate"
    toggle.value = True
    ask("two")
    assert [message["role"] for message in bodies()[-1]["messages"]] == [
        "user",
        "assistant",
        "user",
    ]
    chat.composer.prompt.value = "three"
    (code,) = chat.generate_code()
    assert code.magic.en == '%%ernie --system ""\nthree'
    assert code.python == "ernie.chat('three', system='')"
    toggle.value = False  # so that the next answer to it has it again
    chat._on_transcript_message({"op": "regenerate", "id": chat.transcript.shown_turns[-1]["id"]})
    chat.task.thread.join()
    assert bodies()[-1]["messages"][0]["content"] == "Answer as a pirate"
    toggle.value = True
    chat.system_prompt.field.value = "Be French"
    assert toggle.layout.display == "none"
    ask("four")
    assert bodies()[-1]["messages"][0]["content"] == "Be French"


def test_a_result_leaves_a_system_prompt_that_is_being_typed(chat, session):
    field = chat.system_prompt.field
    field.value = "Be"
    with field.hold_trait_notifications():  # as ipywidgets does with what a page sends
        field.value = "Be brief"
        session.changed.notify_watchers()  # on another thread
    assert (field.value, session.conversation.system) == ("Be brief", "Be brief")
    session.conversation.system = "Be kind"
    assert field.value == "Be kind"
