"""Turns of a conversation: what is kept, locked and counted."""

import asyncio
import copy
import pickle
import warnings
from concurrent.futures import ProcessPoolExecutor

import pytest

from ernie_magic import errors
from ernie_magic.api.requests import ChatOptions
from ernie_magic.calls.chat.conversation import Conversation
from ernie_magic.emulator import aistudio
from ernie_magic.session import Session


@pytest.fixture
def studio(emulator, monkeypatch):
    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-trust")
    with Session(model="ernie-3.5-8k", backoff_factor=0.0) as session:
        yield session


def test_an_answer_from_before_a_reset_leaves_no_turn_after_it(studio):
    stream = studio.stream("[[chunks=30]][[pace=10ms]]")
    next(iter(stream))
    studio.reset()
    assert stream.result().text
    assert len(studio.history) == 0


LONG = "[[chunks=200]][[pace=20ms]]"


def leave(studio):
    for _ in studio.stream(LONG):
        break


def leave_generator(studio):
    pieces = iter(studio.stream(LONG))
    next(pieces)
    pieces.close()


def leave_block(studio):
    with studio.stream(LONG) as stream:
        next(iter(stream))


def leave_awaited(studio):
    async def read():
        async for _ in studio.astream(LONG):
            break

    asyncio.run(read())


@pytest.mark.parametrize("leave", [leave, leave_generator, leave_block, leave_awaited])
def test_a_stream_that_was_left_is_a_turn_for_whatever_follows(studio, emulator, leave, tmp_path):
    studio.chat("[[echo]]one")
    leave(studio)
    assert [turn.prompt for turn in studio.history] == ["[[echo]]one", LONG]
    leave(studio)
    assert studio.conversation.save(tmp_path / "c.json").read_text("utf-8").count('"prompt"') == 3
    leave(studio)
    assert len(studio.conversation.fork().history) == 4
    leave(studio)
    emulator.requests.clear()
    studio.chat("[[echo]]next")
    asked = emulator.requests[-1].body["messages"]
    assert [message["content"] for message in asked if message["role"] == "user"] == [
        "[[echo]]one",
        *[LONG] * 4,
        "[[echo]]next",
    ]


def test_what_stands_alone_locks_no_conversation(studio):
    assert studio.chat([{"role": "user", "content": "[[echo]][[flag=2]]hi"}]).flag == 2
    assert studio.chat("[[echo]][[flag=2]]hi", history=False).flag == 2
    assert studio.chat("[[echo]]on").text == "on"
    with pytest.raises(errors.AnswerWithdrawn) as caught:
        studio.complete("[[echo]][[flag=3]]hi")
    assert "locked" not in caught.value.line("en")


def test_every_reply_is_counted_also_those_before_a_failure(studio, emulator):
    def weather(location: str) -> str:
        """天气查询工具"""
        emulator.faults.add(code="no_such_model")
        return "晴"

    with pytest.raises(errors.ModelNotFound):
        studio.chat("北京天气", tools=[weather])
    assert studio.usage.total.requests == 1
    with pytest.raises(errors.AnswerWithdrawn):
        studio.chat("[[echo]][[flag=3]]hi")
    assert studio.usage.total.requests == 2


def test_a_blocked_conversation_is_locked_before_a_tool_of_the_reply_runs(studio, monkeypatch):
    monkeypatch.setattr(aistudio, "_safety_fields", lambda _generated: {"flag": 2})
    locked = []

    def weather(location: str) -> str:
        """天气查询工具"""
        locked.append(studio.conversation.locked)
        return "晴"

    studio.chat("北京天气", tools=[weather])
    assert locked == [True]


def test_a_turn_is_kept_before_models_are_suggested(studio, emulator, monkeypatch):
    """The list may take long, and a stop may come meanwhile."""
    turns = []

    async def with_suggestions(_client, _error, *_):
        turns.append(len(studio.history))

    monkeypatch.setattr(type(studio.client.model_lists), "with_suggestions", with_suggestions)
    emulator.faults.add(cut_after=5)
    with pytest.raises(errors.IncompleteAnswer):
        studio.chat("[[chunks=30]]", stream=True)
    assert turns == [1]


ASK = {"role": "user", "content": "[[echo]]hi"}
SAY = {"role": "assistant", "content": "hello"}
BE = {"role": "system", "content": "be brief"}


@pytest.mark.parametrize("messages", [[ASK], [ASK, SAY, ASK], (ASK,)])
def test_a_system_prompt_beside_a_list_of_messages_is_sent(studio, emulator, messages):
    studio.chat(messages, system="你是老师")
    assert emulator.requests[-1].body["messages"] == [
        {"role": "system", "content": "你是老师"},
        *messages,
    ]
    assert len(studio.history) == 0
    studio.chat(messages, system="")
    assert emulator.requests[-1].body["messages"] == list(messages)


def test_so_is_the_conversation_s_or_the_setting_s_where_the_list_has_none(studio, emulator):
    studio.settings.system = "setting"
    for system in "setting", "conversation":
        studio.conversation.system = system
        for options in {}, {"system": None}, {"history": False}:
            studio.chat([ASK], **options)
            sent = emulator.requests[-1].body["messages"]
            assert sent == [{"role": "system", "content": system}, ASK]
    assert studio.conversation.plan_prompt([BE, ASK], ChatOptions()).system_messages == ()
    studio.chat([ASK], system="")
    assert emulator.requests[-1].body["messages"] == [ASK]
    assert len(studio.history) == 0


def test_history_beside_a_list_of_messages_is_refused(studio, emulator):
    emulator.requests.clear()
    for ask in studio.chat, studio.stream:
        with pytest.raises(errors.InvalidOption, match="history=True cannot be given"):
            ask([ASK], history=True)
    assert not emulator.requests
    studio.chat("[[echo]]hi", history=True)
    assert len(studio.history) == 1


@pytest.mark.parametrize("own", [BE, {**BE, "role": "developer"}])
def test_two_system_prompts_are_refused(studio, emulator, own):
    emulator.requests.clear()
    with pytest.raises(errors.InvalidOption, match="a system message of its own") as caught:
        studio.chat([own, ASK], system="你是老师")
    assert "只留一个" in caught.value.line("zh")
    assert not emulator.requests


@pytest.mark.parametrize("messages", [[("user", "hi")], [ASK, ("user", "hi")]])
def test_what_is_no_message_in_a_list_is_named(studio, messages):
    with pytest.raises(errors.InvalidMessages, match=r"not list\[tuple\]"):
        studio.chat(messages)


@pytest.mark.parametrize("name", ["", 5, None])
def test_a_conversation_s_name_is_a_text(studio, name):
    with pytest.raises(errors.InvalidOption, match="name must be a text"):
        studio["tutor"].rename(name)
    with pytest.raises(errors.InvalidOption, match="name must be a text"):
        studio[name]
    assert list(studio.conversations) == ["tutor"]


def test_an_answer_is_a_prompt_and_its_turn_keeps_the_words_alone(studio):
    with Session() as session:
        first = session.chat("hello")
        session.chat(first)
        turn = session.history[-1]
        assert turn.prompt == first.text
        assert type(turn.prompt) is type(turn.messages[0]["content"]) is str


MESSAGES = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]


@pytest.mark.parametrize("owner", ["session", "conversation"])
def test_a_history_is_replaced_by_an_assignment(studio, owner):
    target = {"session": studio, "conversation": studio.conversation}[owner]
    told = []
    before = studio.history
    before.changed.add_watcher(lambda: told.append(len(before)))
    target.history = [{"role": "system", "content": "s"}, *MESSAGES, *MESSAGES]
    assert (studio.history.messages(), studio.conversation.system) == ([*MESSAGES] * 2, "s")
    target.history = target.history[-1:]
    target.history += MESSAGES
    target.history = []
    assert target.history is before  # a panel watches it
    assert (told, studio.conversation.system) == ([2, 1, 2, 0], "s")
    assert studio.chat("[[echo]]x").request.messages[0]["content"] == "s"


def test_an_assignment_that_is_no_history_leaves_the_turns(studio):
    studio.settings.language = "zh"
    studio.history = MESSAGES
    for wrong in (None, "x", MESSAGES[:1], [1]):
        with pytest.raises(errors.InvalidMessages, match="消息"):
            studio.history = wrong
    assert studio.history.messages() == MESSAGES


def test_a_conversation_is_found_in_the_session_and_renamed_by_its_name(studio):
    studio["tutor"].history = MESSAGES
    studio["tutor"].name = "prof"
    assert [*studio] == ["prof"]
    assert ("prof" in studio, "tutor" in studio, 3 in studio) == (True, False, False)
    studio["prof"].name = "prof"
    with pytest.raises(errors.InvalidOption, match="already exists"):
        studio["x"].name = "prof"


def test_what_would_set_nothing_says_where_it_is_set(studio):
    with pytest.raises(errors.UnknownAttribute, match=r"ernie\.settings\.temperature = …"):
        studio["tutor"].temperature = 0.1
    with pytest.raises(errors.UnknownAttribute, match=r'ernie\["tutor"\]\.chat'):
        studio.conversation = "tutor"
    studio["tutor"].system = "s"
    assert studio["tutor"].system == "s"


@pytest.mark.parametrize("make_copy", [copy.copy, copy.deepcopy, lambda it: copy.deepcopy([it])[0]])
def test_a_copy_of_a_conversation_is_a_fork(studio, make_copy):
    studio["tutor"].history = MESSAGES
    other = make_copy(studio["tutor"])
    other.history.extend(MESSAGES)
    assert (other.name, other is studio["tutor-2"]) == ("tutor-2", True)
    assert (len(other.history), len(studio["tutor"].history)) == (2, 1)


def ask_in_another_process(session):
    with ProcessPoolExecutor(1) as executor:
        return executor.submit(session.chat, "hi").result(timeout=60)


@pytest.mark.parametrize(
    "send",
    [
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        lambda session: pickle.dumps(session.chat),
        lambda session: pickle.dumps(session.services),
        lambda session: pickle.dumps(session.wire),
        ask_in_another_process,
    ],
    ids=["pickle", "copy", "deepcopy", "method", "group", "wire", "process"],
)
def test_a_session_stays_in_its_process_and_says_what_to_do(studio, send):
    with pytest.raises(errors.NotTransferable) as caught:
        send(studio)
    assert isinstance(caught.value, TypeError)
    assert 'threads can share it (ThreadPoolExecutor; in joblib backend="threading")' in str(
        caught.value
    )


def test_a_conversation_that_is_pickled_says_how_it_is_saved(studio):
    with pytest.raises(errors.NotTransferable, match=r"\.save\(…\) writes it to a file"):
        pickle.dumps(studio.conversation)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def as_sent(emulator):
    body = emulator.requests[-1].body
    names = ("model", "system", "temperature", "top_p", "max_completion_tokens", "tools", "min_p")
    system = [each["content"] for each in body["messages"] if each["role"] == "system"]
    return {name: body[name] for name in names if name in body} | {"system": system}


def test_a_prompt_is_sent_again_as_it_was_asked_but_for_what_is_given(studio, emulator):
    asked = {"system": "be a pirate", "tools": [add], "top_p": 0.5, "extra": {"min_p": 0.1}}
    studio.chat("[[echo]]hi", model="ernie-4.0-8k", temperature=0.2, **asked)
    before = as_sent(emulator)
    studio.conversation.regenerate(temperature=0.3)
    assert as_sent(emulator) == before | {"temperature": 0.3}
    studio.conversation.regenerate()  # as it was asked last
    assert as_sent(emulator) == before | {"temperature": 0.3}
    studio.conversation.fork().regenerate(model="ernie-4.5-turbo-128k", system="", tools=[])
    again = as_sent(emulator)
    assert (again["model"], again["system"]) == ("ernie-4.5-turbo-128k", [])
    assert "tools" not in again
    assert len(studio.history) == 1


def test_a_function_among_the_tools_is_called_for_a_prompt_that_is_sent_again(studio):
    cities = []

    def weather(location: str) -> str:
        """天气查询工具"""
        cities.append(location)
        return "晴"

    studio.chat("北京天气", tools=[weather])
    answer = studio.conversation.regenerate()
    assert (len(cities), len(answer.tool_runs)) == (2, 1)


def test_a_prompt_that_is_sent_again_follows_the_settings_of_now(studio, emulator):
    studio.chat("[[echo]]hi")
    studio.settings.model = "ernie-4.0-8k"
    studio.conversation.system = "be brief"
    studio.conversation.regenerate()
    assert as_sent(emulator) == {"model": "ernie-4.0-8k", "system": ["be brief"]}


def test_a_turn_is_pickled_without_the_functions_it_was_asked_with(studio):
    studio.chat("[[echo]]hi", tools=[add], temperature=0.2)
    (turn,) = pickle.loads(pickle.dumps(studio.history))  # noqa: S301  (its own)
    assert (str(turn.answer), turn.options) == ("hi", None)


@pytest.mark.parametrize("turns", [-1, "2", 1.5, True])
def test_what_is_no_number_of_turns_makes_no_fork(studio, turns):
    studio.history = MESSAGES
    with pytest.raises(errors.InvalidOption, match="turns is a number of turns"):
        studio.conversation.fork(turns)
    assert [*studio.conversations] == ["main"]


def test_a_fork_by_name_is_told_how_names_go(studio):
    with pytest.raises(errors.InvalidOption, match=r'fork\(name="branch"\).*fork\(3, "branch"\)'):
        studio.conversation.fork("branch")


@pytest.mark.parametrize("name", ["main", "课堂"])
def test_an_answer_knows_that_the_system_prompt_of_the_turn_before_was_not_sent(
    studio, emulator, name
):
    conversation = studio[name]
    conversation.chat("[[echo]]hi", system="be brief")
    answer = conversation.chat("[[echo]]hi")
    assert as_sent(emulator)["system"] == []
    assert answer.request.drops_system_of == name
    assert not conversation.chat("[[echo]]hi").request.drops_system_of  # told once


def test_a_system_prompt_that_is_sent_or_left_out_on_purpose_is_not_dropped(studio):
    conversation = studio["tutor"]

    def drops(**options):
        return conversation.chat("[[echo]]hi", **options).request.drops_system_of

    assert not drops(system="be brief")
    assert not drops(system="be long")
    assert not drops(history=False)
    assert not drops(system="")
    assert not drops(system="be brief")
    conversation.system = "be brief"
    assert not drops()


@pytest.mark.parametrize("rename", [Conversation.rename, Conversation.name.fset])
def test_renaming_main_says_that_cells_begin_a_new_one(studio, rename):
    studio.history = MESSAGES
    with pytest.warns(UserWarning, match=r"a new conversation main.*%%ernie -s maths") as told:
        rename(studio.conversation, "maths")
    assert told[0].filename == __file__
    assert (len(studio.history), len(studio["maths"].history)) == (0, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rename(studio["maths"], "sums")


def test_a_conversation_is_deleted_by_its_name(studio):
    told = []
    studio["tutor"].history = MESSAGES
    studio.changed.add_watcher(lambda: told.append([*studio]))
    del studio["tutor"]
    assert told == [[]]
    assert len(studio["tutor"].history) == 0
    with pytest.raises(errors.InvalidOption, match=r"there is no conversation tuter.*did you mean"):
        del studio["tuter"]


def test_a_prompt_beside_one_that_is_being_answered_says_that_it_is_sent_without_it(studio):
    stream = studio.stream("[[chunks=100]][[pace=10ms]]")
    pieces = iter(stream)  # kept: the stream ends with it
    next(pieces)
    beside = studio.chat("[[echo]]hi")
    assert (beside.request.overlaps, len(beside.request.messages)) == (True, 1)
    assert not studio.chat("[[echo]]hi", history=False).request.overlaps
    assert not studio["tutor"].chat("[[echo]]hi").request.overlaps
    assert not stream.result().request.overlaps
    assert not studio.chat("[[echo]]hi").request.overlaps


@pytest.mark.parametrize("wrong", [5, None, ["be brief"], {"role": "system"}], ids=str)
def test_a_system_prompt_is_a_text(studio, wrong):
    with pytest.raises(errors.InvalidOption, match="a system prompt must be a text"):
        studio.conversation.system = wrong
    assert studio.conversation.system == ""


def test_a_turn_is_not_given_an_empty_prompt(studio):
    studio.history = MESSAGES
    with pytest.raises(errors.InvalidMessages, match=r"prompt is empty.*removes a turn"):
        studio.history[0] = studio.history[0].with_changes(prompt=" ")
    assert studio.history.messages() == MESSAGES


def test_a_prompt_waits_for_turns_in_the_background_and_is_sent_with_them(studio):
    first = studio.conversation.ask_with_options(
        "[[chunks=20]][[pace=20ms]]", ChatOptions(), in_background=True
    )
    second = studio.conversation.ask_with_options(
        "[[echo]]hi", ChatOptions(), after_background=True
    )
    alone = studio.conversation.ask_with_options(
        "[[echo]]alone", ChatOptions(history=False), after_background=True
    )
    alone.result()
    assert not first.is_done
    notices = [
        delta.notice.en for batch in second.iter_batches() for delta in batch if delta.notice
    ]
    assert notices == ["waiting for the answer in the panel first"]
    answer = second.result()
    assert (first.is_done, answer.request.overlaps, len(answer.request.messages)) == (
        True,
        False,
        3,
    )
    assert [turn.answer for turn in studio.history] == [first.result(), answer]


def test_a_prompt_that_waits_for_a_turn_that_is_stopped_or_for_itself_goes_on(studio):
    first = studio.conversation.ask_with_options(
        "[[chunks=500]][[pace=20ms]]", ChatOptions(), in_background=True
    )
    second = studio.conversation.ask_with_options(
        "[[echo]]hi", ChatOptions(), in_background=True, after_background=True
    )
    first.close()
    assert second.result() == "hi"
    assert studio.history[-1].prompt == "[[echo]]hi"
