"""Ids of tools' calls in what is sent: each stands for one call, and its result has it too."""

import pytest

from ernie_magic.wire.call_ids import plain_call_id, with_plain_call_ids, with_unique_call_ids


def calls(*ids):
    return {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": id_, "function": {"name": "f", "arguments": "{}"}} for id_ in ids],
    }


def result(id_):
    return {"role": "tool", "tool_call_id": id_, "content": "5"}


def ids_of(messages):
    return [
        [call["id"] for call in message["tool_calls"]]
        if "tool_calls" in message
        else message.get("tool_call_id", message["role"])
        for message in messages
    ]


USER = {"role": "user", "content": "q"}
ONE = plain_call_id(1)
TWO = plain_call_id(2)


@pytest.mark.parametrize(
    ("messages", "sent"),
    [
        ([USER, calls("a"), result("a"), calls("b"), result("b")],
         ["user", ["a"], "a", ["b"], "b"]),
        ([calls("a"), result("a"), calls("a"), result("a"), calls("a"), result("a")],
         [["a"], "a", [ONE], ONE, [TWO], TWO]),
        ([calls("a", "a"), result("a"), result("a")], [["a", ONE], "a", ONE]),
        ([calls("a", "b"), result("b"), result("a"), USER, calls("b", "a"), result("a"), result("b")],
         [["a", "b"], "b", "a", "user", [ONE, TWO], TWO, ONE]),
        ([calls(ONE), result(ONE), calls(ONE), result(ONE)], [[ONE], ONE, [TWO], TWO]),
        ([calls("a"), result("a"), calls("a"), result("a"), calls(ONE), result(ONE)],
         [["a"], "a", [TWO], TWO, [ONE], ONE]),
        ([calls("", None), result("a")], [["", None], "a"]),
        ([result("a"), USER], ["a", "user"]),
    ],
    ids=str,
)  # fmt: skip
def test_an_id_that_is_repeated_is_another_call_s(messages, sent):
    before = ids_of(messages)
    assert ids_of(with_unique_call_ids(messages)) == sent
    assert ids_of(messages) == before


@pytest.mark.parametrize(
    "given", ["call_49c89af0", "functions.weather:0", "x" * 64, "天气", "a", "call_0000", "a\n"]
)
def test_a_plain_id_stands_for_one_that_a_server_refuses(given):
    messages = [calls(given, "abcdEFGH1"), result("abcdEFGH1"), result(given)]
    assert ids_of(with_plain_call_ids(messages)) == [[ONE, "abcdEFGH1"], "abcdEFGH1", ONE]


def test_messages_without_a_refused_id_stay_as_they_are():
    messages = [USER, calls(ONE), result(ONE), {"role": "assistant", "content": "done"}]
    assert with_plain_call_ids(messages) == messages
