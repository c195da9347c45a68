"""Turns, and the messages that they become."""

import base64
import copy
import pickle

import pytest

from ernie_magic.api.answer_images import AnswerImage
from ernie_magic.api.requests import ChatRequest
from ernie_magic.api.results import Answer
from ernie_magic.calls.chat.history import History, Turn
from ernie_magic.errors import InvalidDataset, InvalidMessages, OutOfRange, UnknownAttribute


def turn(prompt, answer="a", **given):
    return Turn(prompt, Answer(answer, None), **given)


def test_turns_become_messages_in_the_service_s_order_of_roles():
    function = {"name": "add", "arguments": "{}"}
    call = {
        "role": "assistant",
        "content": "let me see",
        "tool_calls": [{"id": "a", "type": "function", "function": function}],
    }
    result = {"role": "tool", "content": "5"}
    history = History([turn("q", "let me see: five", rounds=(call, result)), turn("on", "ok")])
    assert history.messages() == [
        {"role": "user", "content": "q"},
        call,
        result,
        {"role": "assistant", "content": ": five"},  # what was said before the tool is not repeated
        {"role": "user", "content": "on"},
        {"role": "assistant", "content": "ok"},
    ]


def test_a_prompt_with_pictures_is_in_parts():
    part = {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}}
    (message, _) = turn("q", images=(part,)).messages
    assert message["content"] == [{"type": "text", "text": "q"}, part]


def test_a_turn_without_an_answer_is_not_kept_and_replaces_none():
    first = turn("first")
    history = History([first])
    history.append(turn("nothing", ""))
    history.replace(first, turn("nothing", ""))
    history.replace(turn("first"), turn("a turn that is not there"))
    assert list(history) == [first]
    history.replace(first, other := turn("other"))
    assert list(history) == [other]


def test_an_answer_of_pictures_alone_is_a_turn_and_a_stand_in_in_words():
    picture = AnswerImage(url="https://a.b/c.png")
    drawn = Turn("draw", Answer("", None, images=(picture, picture)))
    history = History([turn("first")])
    history.append(drawn)
    history.replace(history[0], drawn)
    assert list(history) == [drawn, drawn]
    assert history.messages()[-1] == {"role": "assistant", "content": "[image][image]"}
    with pytest.raises(InvalidDataset):
        history.to_dataset()
    recorded = Turn("read aloud", Answer("", None, files=("https://a.b/a.mp3",)))
    assert recorded.messages[-1]["content"] == "https://a.b/a.mp3"
    call = {"role": "assistant", "content": "let me see", "tool_calls": []}
    rounds = (call, {"role": "tool", "content": "5"})
    after_a_tool = Turn("draw", Answer("let me see", None, images=(picture,)), rounds)
    assert after_a_tool.messages[-1]["content"] == "[image]"


@pytest.mark.parametrize(
    ("change", "times"),
    [
        (lambda history: history.append(turn("x")), 1),
        (lambda history: history.append(turn("x", "")), 0),
        (lambda history: history.replace(history[0], turn("x")), 1),
        (lambda history: history.__delitem__(-1), 1),
        (lambda history: history.clear(), 1),
        (lambda history: history[:1].clear(), 0),  # a slice is a history of its own
        (lambda history: history.pop(), 1),
        (lambda history: history.insert(0, turn("x")), 1),
        (lambda history: history.extend([turn("x"), turn("y")]), 1),
        (lambda history: history.extend([]), 0),
        (lambda history: history.__setitem__(0, turn("x")), 1),
        (lambda history: history.__setitem__(slice(None), []), 1),
        (lambda history: history[:1] + history[1:], 0),
    ],
)
def test_each_change_is_told_once(change, times):
    history, told = History([turn("a"), turn("b")]), []
    history.changed.add_watcher(lambda: told.append(len(history)))
    change(history)
    assert len(told) == times


def test_a_history_says_how_long_it_is():
    assert repr(History([turn("a")])) == "History(1 turn)"
    assert repr(History([turn("a"), turn("b")])[1:]) == "History(1 turn)"
    assert repr(History()) == "History(0 turns)"


def test_a_picture_that_an_answer_s_text_holds_goes_back_in_words():
    packed = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(200))).decode()
    text = f"Here: ![a cat](data:image/png;base64,{packed})"
    drawn = Turn("draw", Answer(text, ChatRequest(model="m", messages=())))
    assert drawn.messages[-1] == {"role": "assistant", "content": "Here: [a cat ↓]"}
    assert drawn.answer_in_words == "Here: [a cat ↓]"
    assert drawn.answer.messages[-1] == {"role": "assistant", "content": "Here: [a cat ↓]"}
    assert drawn.answer.text == text


def test_a_history_is_edited_as_a_list_is():
    a, b, c = turn("a"), turn("b"), turn("c")
    history = History([a, b, c])
    assert history.pop() is c
    history.insert(0, c)
    history.remove(b)
    assert list(history) == [c, a]
    history += [b]
    history[1:2] = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]
    assert [each.prompt for each in history] == ["c", "x", "b"]
    trimmed = history[:1] + history[-1:]
    assert ([*trimmed], type(trimmed)) == ([c, b], History)


@pytest.mark.parametrize(
    "change",
    [
        lambda history: history.append({"role": "user", "content": "x"}),
        lambda history: history.append(("a", "b")),
        lambda history: history.insert(0, "x"),
        lambda history: history.__setitem__(0, "x"),
    ],
    ids=["message", "pair", "insert", "replace"],
)
def test_what_is_no_turn_is_refused_with_the_way(change):
    history = History([turn("a")])
    with pytest.raises(InvalidMessages) as caught:
        change(history)
    assert "are added by ernie.history.extend(messages)" in caught.value.line("en")
    assert len(history) == 1


def test_a_turn_is_changed_by_another_in_its_place():
    call = {"role": "assistant", "content": "let me see", "tool_calls": []}
    history = History([turn("q", "let me see: five", rounds=(call,))])
    for name, owner in (("prompt", history[0]), ("text", history[0].answer)):
        with pytest.raises(UnknownAttribute) as caught:
            setattr(owner, name, "x")
        assert 'history[0].with_changes(answer="…")' in caught.value.line("en")
    history[0] = history[0].with_changes(answer="six")
    assert history[0].messages == [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "six"},
    ]
    assert history[0].with_changes(prompt="p").prompt == "p"
    with pytest.raises(InvalidMessages):
        history[0] = history[0].with_changes(answer="")


@pytest.mark.parametrize(
    "make_copy",
    [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))],  # noqa: S301
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_of_a_history_is_one_of_its_own(make_copy):
    history, told = History([turn("a"), turn("b")]), []
    history.changed.add_watcher(lambda: told.append("change"))
    other = make_copy(history)
    del other[0]
    assert ([each.prompt for each in other], len(history), told) == (["b"], 2, [])


def test_a_place_without_a_turn_is_told():
    with pytest.raises(OutOfRange, match=r"there is no \[0\] in 0 turns"):
        History()[0]
    assert [*History()] == []
