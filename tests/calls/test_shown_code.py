"""The code that a panel shows is run: in a real shell and by the official client. Each form sends
what the panel would.
"""

import base64
import contextlib
import io
import os
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ernie_magic.api.requests import ChatOptions, embedding_request, image_request
from ernie_magic.calls import as_code, openai_code
from ernie_magic.calls.images.generate import ImageGeneration
from ernie_magic.text.visible import make_controls_visible
from ernie_magic.wire import openai_style

SEES, CHATS = "ernie-4.5-turbo-vl", "ernie-4.5-turbo-128k"
PIECES = [
    "hello",
    "你好",
    "　全角　",
    " ",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\t",
    "\x85",
    "\u2028",
    "\x0b",
    "\x0c",
    "\x00",
    "\x1b[31m",
    "\u202e",
    "'",
    '"',
    "'''",
    '"""',
    "\\",
    "\\n",
    "\\\\",
    "{{",
    "}}",
    "{",
    "}",
    "{{'a'}}",
    "{{1/0}}",
    "{x}",
    "%%ernie",
    "%time",
    "!ls",
    "?",
    "??",
    "#",
    "--",
    "-",
    "--stop x",
    "--verbatim",
    "$HOME",
    "`id`",
    ">>> ",
    "... ",
    "In [1]: ",
    "   ...: ",
    "    indented",
    "   \n",
    "a=b",
    "=",
    "f(",
    "👩‍👩‍👧",
    "שלום",
    "\ufeff",
]
TEXT = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join).filter(str.strip)
ODD = [
    "text\n",
    "\ntext",
    " text ",
    "a\n   \nb",
    ">>> one\n>>> two",
    "one\n>>> two\n... three",
    "In [1]: x",
    "...: y",
    "    four\n      six",
    "%%ernie\nx",
    "?",
    "x?",
    "!ls",
    "# a",
    "--",
    "-1",
    "a\rb",
    "a\r\nb",
    "a\x85b",
    "a\u2028b",
    "{{",
    "}} {{ }}",
    "{{'x'}}",
    "'''\"\"\"",
    "\\",
    "trailing \\",
    "\x00",
    "$x {y}",
    "\u202eabc",
    "x" * 3000,
    "--verbatim",
]
FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MANY = settings(FEW, max_examples=1000)


def png(colour):
    """A picture of one pixel, different for every colour."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"\0" + bytes(colour)))
        + chunk(b"IEND", b"")
    )


def bodies_of(emulator, run, path):
    emulator.requests.clear()
    run()
    return [logged.body for logged in emulator.requests if logged.path.endswith(path)]


def run_cell(shell, code):
    result = shell.run_cell(code)
    assert (result.error_before_exec, result.error_in_exec) == (None, None)


def run_client(code):
    os.environ["AI_STUDIO_API_KEY"] = "canary-key-of-the-shell"
    names = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code, "code", "exec"), names)
    names["client"].close()


def assert_all_send(shell, emulator, code, wire, reset=lambda: None):
    for form in (code.magic.en, code.magic.zh, code.python):
        assert make_controls_visible(form) == form
        assert "\r" not in form
        reset()
        assert bodies_of(emulator, lambda form=form: run_cell(shell, form), wire.path) == [
            wire.body
        ], form
    found = bodies_of(emulator, lambda: run_client(code.openai.en), wire.path)
    assert [
        {name: value for name, value in body.items() if name != "encoding_format"} for body in found
    ] == [wire.body]


def ask_all(
    shell,
    emulator,
    prompt,
    *,
    name="main",
    system="",
    stop=(),
    extra=None,
    history=True,
    stream=None,
    given_=None,
):
    ernie = shell.user_ns["ernie"]
    conversation = ernie[name]
    conversation.reset()
    conversation.system = system
    options = ChatOptions(
        {**(given_ or {}), **({"stop": list(stop)} if stop else {})},
        CHATS,
        extra=extra or {},
        history=history,
        stream=stream,
    )
    request = conversation.plan_prompt(prompt, options).build_request(CHATS)
    code = as_code.code_for_chat(
        request,
        ernie.endpoint(),
        conversation=name,
        given=options.parameters,
        model=CHATS,
        system=system,
        history=history,
    )
    assert_all_send(shell, emulator, code, openai_style.chat(request), conversation.reset)
    return code


STOPS = st.lists(TEXT.map(lambda text: text[:20]).filter(str.strip), max_size=4)
EXTRA = st.dictionaries(
    TEXT,
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.lists(TEXT, max_size=2),
    max_size=2,
)


def check_question(shell, emulator, prompt, system, stop, extra):
    ask_all(
        shell,
        emulator,
        prompt,
        name="a 'b' {{c}}" if len(prompt) % 2 else "main",
        system=system,
        stop=stop,
        extra=extra,
    )


@given(TEXT, st.just("") | TEXT, STOPS, EXTRA)
@example("a", "You are terse.\n", ["\n"], {"a=b": 1, "": 2, "--x": "{{y}}"})
@example("%%ernie", "", [], {})
@example("hello}}", "you}}", [], {})
@example("two\n%ernie history", "", ["\n"], {"x": "{{y}}"})
@FEW
def test_every_form_of_a_question_sends_the_same(shell, emulator, prompt, system, stop, extra):
    check_question(shell, emulator, prompt, system, stop, extra)


@pytest.mark.slow
@given(TEXT, st.just("") | TEXT, STOPS, EXTRA)
@MANY
def test_every_form_of_a_question_sends_the_same_at_length(
    shell, emulator, prompt, system, stop, extra
):
    check_question(shell, emulator, prompt, system, stop, extra)


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_a_text_is_sent_as_it_was_written(shell, emulator, text):
    ask_all(shell, emulator, text, system=text, stop=[text[:20]])


def test_a_conversation_that_is_not_kept_tools_and_every_kind_of_value(shell, emulator):
    tool = {
        "type": "function",
        "function": {
            "name": "f",
            "description": "it's {{so}}\n",
            "parameters": {"type": "object", "properties": {}},
        },
    }
    given_ = {
        "tools": [tool],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "temperature": 0.30000000000000004,
        "seed": 7.0,
        "enable_thinking": False,
        "web_search": {"enable": True, "search_mode": "auto"},
        "metadata": {"a=b": "{{c}}", "--": "\n"},
        "response_format": {"type": "json_object"},
        "user": "--",
    }
    ask_all(shell, emulator, "hi", history=False, stream=True, given_=given_)
    del given_["user"]  # which a line cannot express
    assert ask_all(
        shell, emulator, "hi", history=False, stream=False, given_=given_
    ).magic.en.startswith("%%ernie ")


IMAGE_NAMES = [
    "cat.png",
    "a cat.png",
    "it's.png",
    'a"b.png',
    "'); import os; os.environ.update(PWNED='1'); ('.png",
    "__import__('os').environ.update(PWNED='1').png",
    "cat",
    "{{1}}.png",
    "back\\slash.png",
    "new\nline.png",
    "~root",
    "~",
    "-m.png",
    "--",
    "data:x",
    "a\u202eb.png",
    "图 片.png",
    "p.jpg",
    "a{b}.png",
    " lead.png",
    "$HOME.png",
    "x' + \"y.png",
]


@pytest.mark.parametrize(
    "names", [*([name] for name in IMAGE_NAMES), ["one.png", "x'.png", "three"]], ids=ascii
)
def test_a_picture_goes_along_whatever_its_file_is_called(shell, emulator, names):
    ernie = shell.user_ns["ernie"]
    shell.user_ns["cat"] = "a variable of that name"
    contents = [png((i, 0, 0)) for i in range(len(names))]
    for name, content in zip(names, contents, strict=True):
        Path(name).write_bytes(content)
    prompt = "what is data:image/png;base64,AAAA' " + "B" * 300
    request = ernie.conversation.plan_prompt(
        prompt, ChatOptions(model=SEES, images=contents)
    ).build_request(SEES)
    code = as_code.code_for_chat(
        request, ernie.endpoint(), conversation="main", given={}, model=SEES, files=names
    )
    assert_all_send(shell, emulator, code, openai_style.chat(request), ernie.reset)
    assert "PWNED" not in os.environ


def test_a_file_that_is_not_there_is_not_run_by_its_name(shell, emulator):
    name = "get_ipython().user_ns.update(pwned=1).png"
    ernie = shell.user_ns["ernie"]
    request = ernie.conversation.plan_prompt(
        "?", ChatOptions(model=SEES, images=[png((1, 2, 3))])
    ).build_request(SEES)
    code = as_code.code_for_chat(
        request, ernie.endpoint(), conversation="main", given={}, model=SEES, files=[name]
    )
    for form in (code.magic.en, code.python):
        assert shell.run_cell(form).error_in_exec is not None
    with pytest.raises(FileNotFoundError):
        run_client(code.openai.en)
    assert "pwned" not in shell.user_ns
    assert list(emulator.requests) == []


def test_pictures_of_earlier_turns_are_left_for_the_reader_and_nothing_wrong_is_sent(
    shell, emulator, monkeypatch
):
    ernie = shell.user_ns["ernie"]
    monkeypatch.setattr(
        openai_code, "_LONGEST_ADDRESS", 50
    )  # the emulator's log truncates longer ones
    large = png((1, 2, 3))
    ernie.chat("look", model=SEES, images=[large])
    request = ernie.conversation.plan_prompt("again", ChatOptions(model=SEES)).build_request(SEES)
    code = as_code.code_for_chat(
        request, ernie.endpoint(), conversation="main", given={}, model=SEES
    )
    emulator.requests.clear()
    with pytest.raises(NameError, match="earlier_picture_1"):
        run_client(code.openai.en)
    assert list(emulator.requests) == []
    address = f"data:image/png;base64,{base64.b64encode(large).decode()}"
    names = {"earlier_picture_1": address}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(code.openai.en, names)
    names["client"].close()
    assert emulator.requests[-1].body == openai_style.chat(request).body
    last = ernie.history[-1]
    again = ernie.conversation.plan_prompt(
        last.prompt, ChatOptions(model=SEES), replaced_turn=last
    ).build_request(SEES)
    shown = as_code.code_for_chat(
        again, ernie.endpoint(), conversation="main", given={}, model=SEES
    )
    emulator.requests.clear()
    run_cell(shell, shown.python)
    assert emulator.requests[-1].body["messages"][-1] == again.messages[-1]


async def only_the_link(_self, picture, _unpacking):
    return picture


def check_picture(shell, emulator, monkeypatch, prompt, negative, extra):
    ernie = shell.user_ns["ernie"]
    given_ = {"size": "768x768", "seed": 7, **({"negative_prompt": negative} if negative else {})}
    request = image_request(
        prompt, model="Stable-Diffusion-XL", given=given_, extra=extra, rules=ernie.endpoint().rules
    )
    code = as_code.code_for_image(
        request, ernie.endpoint(), given=given_, model="Stable-Diffusion-XL"
    )
    # Drawing a picture takes longer than everything else.
    monkeypatch.setattr(ImageGeneration, "_download_picture", only_the_link)
    assert_all_send(shell, emulator, code, openai_style.images(request))


@given(TEXT, st.just("") | TEXT, EXTRA)
@settings(FEW, max_examples=10)
def test_every_form_of_a_call_for_pictures_sends_the_same(
    shell, emulator, monkeypatch, prompt, negative, extra
):
    check_picture(shell, emulator, monkeypatch, prompt, negative, extra)


@given(st.lists(TEXT, min_size=1, max_size=4, unique=True))
@example([" a ", "{{b}}", "c\x00"])
@example(["two\nlines"])
@example(["%%ernie", "{{b}}"])
@example(["hello}}"])
@FEW
def test_every_form_of_a_call_for_vectors_sends_the_same(shell, emulator, texts):
    ernie = shell.user_ns["ernie"]
    ernie.settings.cache = False
    request = embedding_request(
        texts, model="embedding-v1", given={}, extra={}, rules=ernie.endpoint().rules
    )
    code = as_code.code_for_embedding(request, ernie.endpoint(), model="embedding-v1")
    assert_all_send(shell, emulator, code, openai_style.embeddings(request))


@pytest.mark.parametrize(
    "cell",
    [
        "%%ernie --no-history\n{}",
        "\n\n%%ernie --no-history\n{}",
        "%%time\n%%ernie --no-history\n{}",
        "%%capture out\n%%ernie --no-history\n{}",
    ],
)
@pytest.mark.parametrize(
    "prompt",
    [
        ">>> 1 + 1\n2",
        ">>> a\n... b",
        "In [1]: x\n   ...: y",
        "  a\n   \n  b",
        "...: a",
        "a\n\t\nb\n  ",
    ],
)
def test_a_cell_s_prompt_is_sent_as_it_was_typed(shell, emulator, cell, prompt):
    (body,) = bodies_of(emulator, lambda: run_cell(shell, cell.format(prompt)), "/chat/completions")
    assert body["messages"][-1]["content"] == prompt


def test_a_cell_that_was_pasted_with_prompts_or_indented_still_works(shell, emulator):
    for cell in (
        "In [3]: %%ernie --no-history\n   ...: hello\n   ...: you",
        "    %%ernie --no-history\n    hello\n    you",
    ):
        (body,) = bodies_of(emulator, lambda cell=cell: run_cell(shell, cell), "/chat/completions")
        assert body["messages"][-1]["content"] == "hello\nyou"
