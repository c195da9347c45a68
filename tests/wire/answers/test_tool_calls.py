"""Tool calls as models write them: names and arguments that are nearly right."""

import json

import pytest

from ernie_magic.wire.answers.tool_arguments import join_arguments, with_sendable_arguments
from ernie_magic.wire.answers.tool_calls import ToolCallAssembler, read_tool_calls
from ernie_magic.wire.answers.tool_names import find_tool_name, offered_names


@pytest.mark.parametrize(
    "written",
    [
        '{"n": 1,}',
        '{"n": 1, }\n',
        '```json\n{"n": 1}\n```',
        '```\n{"n": 1,\n}\n```',
        "{'n': 1}",
        'Here it is: {"n": 1}',
        '"{\\"n\\": 1}"',
        ' {"n": 1} ',
        '\ufeff{"n": 1}',
        '<think>so</think>{"n": 1}',
    ],
)  # fmt: skip
def test_arguments_that_are_nearly_json_are_made_json(written):
    assert json.loads(join_arguments([written])) == {"n": 1}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('{"a": ["x,]", ",}"],}', {"a": ["x,]", ",}"]}),
        ('{"a": "\\",}",}', {"a": '",}'}),
        ("{'a': True, 'b': None,}", {"a": True, "b": None}),
        ('{"a": "line\nline"}', {"a": "line\nline"}),
        ('{"a": [1, 2,],\n}', {"a": [1, 2]}),
        ("{n: 1}", {"n": 1}),
    ],
)
def test_a_comma_inside_a_text_is_no_trailing_comma(written, expected):
    assert json.loads(join_arguments([written])) == expected


@pytest.mark.parametrize("written", ["[]", " [ ] ", '""', '"{}"', '"[]"'])
def test_nothing_is_an_empty_object(written):
    assert join_arguments([written]) == "{}"


@pytest.mark.parametrize("written", ['{"n": ', "n = 1", "", "[1, 2]", "{n = 1}"])
def test_arguments_that_no_one_can_read_stay_as_they_are(written):
    assert join_arguments([written]) == written


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("", "{}"),
        (None, "{}"),
        ("null", "{}"),
        (" \n", "{}"),
        ('["Paris"]', "{}"),
        ('"Paris"', "{}"),
        ("42", "{}"),
        ("true", "{}"),
        ('{"city":', "{}"),
        ("city = Paris", "{}"),
        ("[" * 100_000, "{}"),
        ('{"a": ' * 100_000, "{}"),
        ("{'city': 'Paris'}", '{"city": "Paris"}'),
        ('{"a": "line\nline"}', '{"a": "line\\nline"}'),
        ('{"x": NaN, "y": -Infinity}', '{"x": null, "y": null}'),
        ('{"a":1.10,  "a":2}', '{"a":1.10,  "a":2}'),
        ({"city": "Paris"}, {"city": "Paris"}),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_sent_back_of_a_call_is_an_object_that_strict_servers_read(written, sent):
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": written}}
    message = {"role": "assistant", "content": "", "tool_calls": [call]}
    expected = {**call, "function": {"name": "f", "arguments": sent}}
    assert with_sendable_arguments(message) == {**message, "tool_calls": [expected]}
    assert call["function"]["arguments"] == written


def test_a_message_without_calls_is_sent_as_it_is():
    for message in ({"role": "user", "content": "hi"}, {"role": "assistant", "tool_calls": None}):
        assert with_sendable_arguments(message) == message


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("f", "f"),
        ("functions.f", "f"),
        ("functions.f:0", "f"),
        ("f()", "f"),
        ("f({})", "f"),
        (" f\n", "f"),
        ("`f`", "f"),
        ("F", "f"),
        ("tools/get_weather", "get_weather"),
        ("get_weather<|channel|>commentary", "get_weather"),
        ("functions.get_weather<|constrain|>json", "get_weather"),
        ("get-weather", "get_weather"),
        ("getWeather", "get_weather"),
        ("default_api.getWeather()", "get_weather"),
        ("f.get_weather", "get_weather"),
        ("g", "g"),
        ("Aa", "Aa"),
        ("aA", "aA"),
        ("", ""),
    ],
)
def test_a_tool_is_found_by_nearly_its_name(written, meant):
    assert find_tool_name(written, ["f", "get_weather", "AA", "aa"]) == meant


def test_offered_tools_are_named_in_both_protocols():
    tool = {"type": "function", "function": {"name": "f"}}
    assert offered_names({"tools": [tool], "functions": [{"name": "g"}]}) == ["f", "g"]
    assert offered_names({}) == []


def test_a_call_among_the_parts_of_a_content_is_a_call():
    part = {"type": "tool_use", "id": "x", "name": "f", "input": {"a": 1}}
    read_ = read_tool_calls({"content": [{"type": "text", "text": "let me see"}, part]})
    about = {"name": "f", "arguments": {"a": 1}}
    assert read_ == ([{"id": "x", "function": about}], "")
    listed = {"id": "y", "type": "function", "function": {"name": "g", "arguments": "{}"}}
    (piece,) = read_tool_calls({"content": [part], "tool_calls": [listed]}).pieces
    assert piece["id"] == "y"
    assert read_tool_calls({"toolCalls": [listed]}).pieces == [piece]
    assert read_tool_calls({"content": [{"type": "server_tool_use", "name": "f"}]}).pieces == []


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("ids", [("a", "b"), ("a", "a"), (None, None)], ids=str)
def test_arguments_that_are_encoded_again_begin_a_call_of_their_own(times, ids):
    calls = ToolCallAssembler(["w"])
    given = [{"city": "Paris", "n": 1}, {"city": 'Ro"m}e', "n": 2}]
    for id_, value in zip(ids, given, strict=True):
        arguments = value
        for _ in range(times):
            arguments = json.dumps(arguments)
        calls.add_pieces(
            [{"index": 0, "id": id_, "function": {"name": "w", "arguments": arguments}}]
        )
    read = [json.loads(call["function"]["arguments"]) for call in calls.join_pieces()]
    assert read == given


PARIS, ROME = '{"city": "Paris"}', '{"city": "R}{m"}'


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (PARIS + ROME, [PARIS, ROME]),
        (f"{PARIS}\n{ROME} ", [PARIS, ROME]),
        (PARIS * 3, [PARIS]),
        ("{}" + PARIS + ROME, [PARIS, ROME]),
        (PARIS + ROME[:-2], [PARIS]),
        (PARIS + " and " + ROME, [PARIS]),
    ],
)
def test_arguments_one_behind_the_other_are_calls_of_their_own(written, read):
    """What is cut off or stands among words is no second call."""
    for size in 1, 7, len(written):
        calls = ToolCallAssembler(["w"])
        named = {"index": 0, "id": "a", "x": {"y": "signature"}, "function": {"name": "w"}}
        calls.add_pieces([named])
        for start in range(0, len(written), size):
            piece = {"index": 0, "function": {"arguments": written[start : start + size]}}
            calls.add_pieces([piece])
        found = calls.join_pieces()
        assert [json.loads(call["function"]["arguments"]) for call in found] == [
            json.loads(arguments) for arguments in read
        ]
        assert len({call["id"] for call in found}) == len(found)
        assert found[0]["id"] == "a"
        assert {call["function"]["name"] for call in found} == {"w"}
