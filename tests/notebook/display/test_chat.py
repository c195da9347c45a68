"""An answer as it is saved: its text, and a footer that says what made it."""

import io
import json
from dataclasses import replace

import PIL.Image
import pytest

from ernie_magic.api.answer_images import AnswerImage
from ernie_magic.api.requests import chat_request
from ernie_magic.api.results import Answer, ToolRun
from ernie_magic.api.usage import Usage
from ernie_magic.errors import InvalidOption, ProtocolError
from ernie_magic.notebook.display import chat
from ernie_magic.notebook.display.origin import line_html
from ernie_magic.qianfan.apps.run import AppRequest

REQUEST = chat_request(
    [{"role": "user", "content": "hi"}], model="ernie-3.5-8k", given={"temperature": 0.5}
)


def answer(text="**hi**", **given):
    given = {"model": "m", "service": "aistudio", "seconds": 1.25, "finish_reason": "stop", **given}
    return Answer(text, REQUEST, **given)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({}, "m · 1.2 s"),
        ({"usage": Usage(1, 2, 3)}, "m · 3 tokens · 1.2 s"),
        ({"partial": True, "finish_reason": ""}, "m · 1.2 s · partial"),
        (
            {"partial": True, "end_unseen": True},
            (
                "m · 1.2 s · ⚠ perhaps partial: the service gave a reason to finish, but neither "
                "sent [DONE] nor closed"
            ),
        ),
        ({"seconds": 0.04}, "m · <0.1 s"),
        ({"seconds": 0.0}, "m · <0.1 s"),
        ({"seconds": 0.1}, "m · 0.1 s"),
        ({"flag": 1}, "m · 1.2 s · ⚠ content review: low risk"),
        ({"service": "emulator"}, "m · 1.2 s · built-in emulator, not a real model"),
        (
            {"finish_reason": "content_filter"},
            "m · 1.2 s · ⚠ cut or replaced by content review",
        ),
        ({"history_cleared": True}, "m · 1.2 s · ⚠ history cleared as the service asked"),
    ],
    ids=str,
)
def test_the_footer_says_what_made_it_and_what_is_missing(given, line):
    assert chat.summary_line(answer(**given), "en") == line


def test_the_saved_forms_hold_the_text_and_what_made_it():
    data, metadata = chat.mime_bundle(answer(id="as-1"), "en")
    assert data["text/plain"] == "**hi**\n\n[m · 1.2 s]"
    assert "<strong>hi</strong>" in data["text/html"]
    assert metadata == {
        "ernie_magic": {
            "model": "m",
            "id": "as-1",
            "service": "aistudio",
            "partial": False,
            "finish_reason": "stop",
            "parameters": {"temperature": 0.5},
        }
    }
    unformatted, _ = chat.mime_bundle(answer(), "en", unformatted=True)
    assert "**hi**" in unformatted["text/html"]


def test_the_folded_footer_names_what_was_sent():
    shown = chat.footer_html(answer(usage=Usage(7, 2, 9)), "en")
    assert shown.startswith("<details>")
    assert (
        f"<th>parameters sent</th><td>{json.dumps({'temperature': 0.5})}".replace('"', "&quot;")
        in shown
    )
    assert "<tr><th>prompt tokens</th><td>7</td></tr>" in shown
    assert "<tr><th>finish reason</th><td>complete (stop)</td></tr>" in shown


def test_what_was_sent_precedes_the_request_and_long_fields_come_last():
    sent = {"tools": [{"x": "y" * 400}], "response_format": {"type": "text"}, "seed": 3}
    shown = chat.footer_html(answer(sent=sent), "en").replace("&quot;", '"')
    assert '{"response_format": {"type": "text"}, "seed": 3, "tools": [' in shown


def test_names_arguments_and_results_of_tools_are_no_markup():
    run = ToolRun("<b>f</b>", '{"x": "<i>"}', "<script>")
    shown = chat.tool_runs_html(answer(tool_runs=(run,)), "en")
    assert "<b>" not in shown
    assert "<i>" not in shown
    assert "<script" not in shown
    assert chat.tool_runs_html(answer(), "en") == ""


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        ' [{"a": "<script>"}, null] ',
        '{\n  "城市": ["北京"]\n}',
        "[1, 2.5, -3e4]",
        "[]",
        "{}",
        '{"a": "```\\n# no heading"}',
    ],
)
def test_an_answer_that_is_json_is_a_block_of_code(text):
    shown = chat.text_html(answer(text))
    assert shown.startswith('<pre class="highlight"')
    assert shown.count("<pre") == 1
    assert "<script>" not in shown
    assert answer(text).json() == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "[1] says so",
        "{x} is a set",
        '{"a": 1} and more',
        "{",
        "[" * 5_000,
        '{"a":' * 5_000,
        "[[a]](https://a.b)",
        '{"a": NaN}',
    ],
    ids=range(8),
)
def test_what_only_begins_like_json_is_markdown(text):
    assert '<pre class="highlight"' not in chat.text_html(answer(text))


def test_json_is_shown_as_written_where_a_name_is_there_twice_or_lines_are_broken():
    for text in ('{"a": 1.0,\n"a": 2}', '{"a": 1.50,\n "b": 1E5}'):
        assert chat.json_block(text) in ("", f"```json\n{text}\n```")
    assert chat.json_block('{"a": 1, "a": 2}') == ""
    assert chat.json_block('{"a": [1]}') == '```json\n{\n  "a": [\n    1\n  ]\n}\n```'


def test_json_is_read_from_a_fence_and_from_within_words_and_else_refused():
    assert answer('```json\n{"a": 1}\n```').json() == {"a": 1}
    assert answer("好的：\n```\n[1, 2]\n```\n完。").json() == [1, 2]
    assert answer('The answer is {"a": {"b": "}"}}.').json() == {"a": {"b": "}"}}
    assert answer("{a: 1}").json() == {"a": 1}
    for text in ("no", "", "{a = 1}", "[" * 100_000):
        with pytest.raises(ProtocolError, match=r"answer is not JSON.*response_format"):
            answer(text).json()


CALL = {
    "id": "call-1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city": "<b>北京</b>"}'},
}


def test_a_call_that_is_left_to_the_caller_is_shown_with_name_and_arguments():
    left = answer("", tool_calls=(CALL, CALL), finish_reason="tool_calls")
    data, _ = chat.mime_bundle(left, "en")
    assert data["text/plain"].count('get_weather({"city": "<b>北京</b>"})') == 2
    assert "get_weather({" in data["text/html"]
    assert "北京" in data["text/html"]
    assert "<b>" not in data["text/html"]
    assert chat.tool_calls_html(answer(), "en") == ""


def test_calls_that_are_left_are_bounded_and_odd_ones_shown_all_the_same():
    calls = (
        {"function": None},
        {"function": {"name": "f", "arguments": "x" * 9_999}},
        *[CALL] * 60,
    )
    lines = chat.tool_call_lines(answer("", tool_calls=calls), "en")
    assert len(lines) == 51
    assert lines[-1] == "… and 12 more"
    assert max(map(len, lines)) < 2_100


def test_that_no_model_answered_is_said_once_as_a_chip():
    data, _ = chat.mime_bundle(answer(service="emulator"), "en")
    said = "built-in emulator, not a real model"
    assert data["text/html"].count(said) == 1
    assert "1.2 s <span style=" in data["text/html"]
    assert f'nowrap">{said}</span></small></summary>' in data["text/html"]
    assert data["text/plain"].count(said) == 1
    data, _ = chat.mime_bundle(answer(), "en")
    assert "<span style=" not in data["text/html"]


def test_what_a_server_sends_makes_no_chip_and_stays_text():
    line = "<b>m</b> · built-in emulator, not a real model"
    assert line_html(f"{line} · 1 s").startswith("&lt;b&gt;m")
    assert "<span" not in line_html(f"{line} · 1 s")
    assert line_html(line).startswith("&lt;b&gt;m&lt;/b&gt; <span")


def test_pictures_of_an_answer_are_shown_and_a_link_stays_a_link(tmp_path):
    made = io.BytesIO()
    PIL.Image.new("RGB", (800, 600), "red").save(made, "PNG")
    images = (
        AnswerImage(made.getvalue()),
        AnswerImage(url="https://example.com/a.png?b=<i>$x$"),
        AnswerImage(b"\x89PNG\r\n\x1a\nbroken"),
    )
    data, _ = chat.mime_bundle(answer(images=images), "en")
    markup = data["text/html"]
    assert markup.count("<img ") == 1
    assert 'src="data:image/jpeg;base64,' in markup
    assert '<a href="https://example.com/a.png?b=&lt;i&gt;$x$"' in markup
    assert "answer.images[2] (image/png; 14 bytes): " in markup
    assert "ernie.last.images[0].save" in markup
    assert "link of a picture: https://example.com/a.png" in data["text/plain"]
    assert images[0].save(tmp_path / "a.png").read_bytes() == made.getvalue()
    with pytest.raises(InvalidOption, match="cannot be written"):
        images[0].save(tmp_path / "a.png")
    with pytest.raises(InvalidOption, match="only the link"):
        images[1].save(tmp_path / "b.png")
    assert images[0]._repr_mimebundle_()["image/png"] == made.getvalue()


def test_a_step_that_failed_on_the_way_to_an_application_s_answer_is_told():
    request = AppRequest(model="app", messages=(), app_id="a", failed_step="no <b>quota</b>")
    whole = answer().with_changes(request=request)
    line = "⚠ a step of the application failed: no <b>quota</b>"
    assert line in chat.summary_line(whole, "en")
    assert "<b>" not in chat.footer_html(whole, "en")
    assert line not in chat.summary_line(whole.with_changes(partial=True), "en")


def test_other_files_of_an_answer_are_links_below_it_and_hostile_ones_stay_text():
    files = (
        "https://a.b/%E9%94%80%E9%87%8F.csv?sign=1&x=<b>",
        "https://a.b/",
        "javascript:alert(1)//<i>x</i>",
    )
    data, _ = chat.mime_bundle(answer(files=files), "en")
    markup = data["text/html"]
    assert '<a href="https://a.b/%E9%94%80%E9%87%8F.csv?sign=1&amp;x=&lt;b&gt;"' in markup
    assert ">file: 销量.csv</a>" in markup
    assert ">file: https://a.b/</a>" in markup
    assert "javascript" not in markup.replace("file: javascript", "")
    assert "<i>" not in markup
    assert "<audio" not in markup
    assert f"file: {files[0]}\n" in data["text/plain"]
    many, _ = chat.mime_bundle(answer(files=files * 30), "zh")
    assert "还有 40 项" in many["text/html"]


WRITTEN_CALLS = (
    '<tool_call>\n{"name": "weather", "arguments": {"city": "A"}}\n</tool_call>',
    "Let me look.\n<tool_call>\n<function=weather>\n</function>\n</tool_call>",
    '[TOOL_CALLS]weather{"city": "A"}',
    "<function=weather>{}</function>",
    '{"name": "weather", "parameters": {"city": "A"}}',
    '```json\n[{"name": "weather", "arguments": {}}]\n```',
)


def test_a_tool_call_that_a_model_wrote_as_text_is_told():
    tool = {"type": "function", "function": {"name": "weather", "parameters": {}}}
    offered = replace(REQUEST, parameters={"tools": [tool]})

    def is_told(text, request=offered, **given):
        notes = chat.abnormal_notes(Answer(text, request, **given))
        return any("wrote a tool call as text" in note.en for note in notes)

    assert all(map(is_told, WRITTEN_CALLS))
    assert not any(is_told(text, REQUEST) for text in WRITTEN_CALLS)
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    assert not is_told(WRITTEN_CALLS[0], tool_calls=(call,))
    for text in ("It is sunny.", '{"name": "weather"}', '{"name": "x", "arguments": {}}', "[1]"):
        assert not is_told(text)
    assert not is_told("Models write `<tool_call>` around calls.")


def test_an_answer_says_what_was_searched_in_vain_and_what_was_forgotten():
    def noted(request, **given):
        return [note.en for note in chat.abnormal_notes(Answer("x", request, **given))]

    searched = replace(REQUEST, knowledge=("demo", "b"))
    assert noted(searched) == ["⚠ nothing about it was found in: demo, b"]
    passage = {"index": 2, "title": "a.txt", "content": "Closed.", "document_id": "d"}
    assert noted(searched, search=(passage,)) == []
    renewed = AppRequest(model="a", messages=REQUEST.messages, app_id="a", is_renewed=True)
    assert "conversation had expired" in noted(renewed)[0]
    again = replace(renewed, is_renewed=False, starts_over=True)
    assert "remembers none of the earlier turns" in noted(again)[0]
    beside = replace(REQUEST, overlaps=True)
    assert "was still being answered" in noted(beside)[0]


@pytest.mark.parametrize(
    ("text", "given", "notes"),
    [
        ("", {}, ["⚠ the answer is empty"]),
        (" \n", {}, ["⚠ the answer is empty"]),
        ("", {"reasoning": "hm"}, ["⚠ thoughts only, and no answer"]),
        ("", {"tool_calls": ({"id": "a", "function": {"name": "f", "arguments": ""}},)}, []),
        ("", {"images": (AnswerImage(url="https://a.b/c.png"),)}, []),
        ("yes", {"reasoning": "hm"}, []),
    ],
)
def test_an_answer_without_words_says_so(text, given, notes):
    found = chat.abnormal_notes(answer(text, finish_reason="stop", **given))
    assert [note.en for note in found] == notes


def test_a_system_prompt_that_was_not_sent_again_is_told_with_how_one_is_kept():
    asked = Answer("hi", replace(REQUEST, drops_system_of="课堂"), finish_reason="stop")
    (note,) = chat.abnormal_notes(asked)
    assert note.en == (
        'the system prompt of the turn before was not sent again: ernie["课堂"].system = "…" keeps one'
    )


def test_a_tool_s_long_result_is_told_since_it_is_sent_again():
    short, long = (ToolRun("rows", "{}", "x" * length) for length in (20_000, 20_001))
    assert chat.abnormal_notes(answer(tool_runs=(short,))) == []
    (note,) = chat.abnormal_notes(answer(tool_runs=(short, long)))
    assert "the tool rows returned 20,001 characters" in note.en
