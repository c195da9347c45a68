"""`{{name}}` in a panel's prompt is a value of the notebook, as in a cell."""

import ast

import pytest

from ernie_magic.notebook.panels import prompt_values

KEPT = "to send {{ as it is, press the {{ }} button below"


class Shell:
    def __init__(self, namespace):
        self.user_ns = namespace


@pytest.fixture
def values(monkeypatch):
    values = {"city": "Hangzhou", "n": 3, "row": {"name": "Li"}, "words": ["one", "two"]}
    monkeypatch.setattr(prompt_values, "get_ipython", lambda: Shell(values))
    return values


def send(tab, text):
    """As a page does."""
    tab.handle_submit({"where": tab.composer.prompt_class, "text": text})


@pytest.mark.usefixtures("values")
def test_a_chat_s_prompt_has_the_notebook_s_values(tab, wait, bodies, session):
    chat = tab("chat")
    send(chat, "Introduce {{city}} in {{n + 1}} words, {{row['name']}}")
    wait(lambda: not chat.is_busy)
    asked = "Introduce Hangzhou in 4 words, Li"
    assert bodies()[-1]["messages"][-1]["content"] == asked
    assert [turn.prompt for turn in session.history] == [asked]


@pytest.mark.usefixtures("values")
def test_the_other_tabs_prompts_have_them_too(tab, wait, bodies):
    for name, path in (("image", "/images/generations"), ("compare", "/chat/completions")):
        made = tab(name)
        send(made, "a street in {{city}}")
        wait(lambda made=made: not made.is_busy)
        assert "a street in Hangzhou" in str(bodies(path)[-1])
    embed = tab("embed")
    send(embed, "{{words}}\n{{city}}!\nthree")
    wait(lambda: not embed.is_busy)
    assert bodies("/embeddings")[-1]["input"] == ["one", "two", "Hangzhou!", "three"]


@pytest.mark.parametrize("name", ["chat", "image", "embed", "compare"])
@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("in {{ctiy}}", "{{ctiy}}: the name ctiy is not defined. What to do: did you mean city?"),
        ("in {{nosuchname}}", KEPT),
        ("in {{city", KEPT),
        ("in ｛｛city｝｝", KEPT),
        ("in {{1/0}}", KEPT),
        ("in {{ x | }}", KEPT),
    ],
)
@pytest.mark.usefixtures("values")
def test_a_name_without_a_value_is_told_and_nothing_is_sent(panel, name, prompt, told, bodies):
    made = panel(name)
    made._frontend._handle_custom_msg({"op": "opened"}, [])
    made_tab = made.tabs[name]
    send(made_tab, prompt)
    status = made_tab.composer.status
    assert status.is_error
    assert told in status.text
    assert "--verbatim" not in status.text
    assert not any(map(bodies, ("/chat/completions", "/images/generations", "/embeddings")))
    returned = [each["text"] for each in made._frontend.returned]
    assert returned == ([prompt] if name == "chat" else [])


@pytest.mark.usefixtures("values")
def test_braces_are_sent_as_they_stand_where_that_is_chosen(tab, wait, session):
    chat = tab("chat")
    shown = []
    for text in ("no braces", "{{ user }}"):
        chat.composer.prompt.value = text
        shown.append(chat.composer.fill_in.layout.display)
    assert shown == ["none", None]
    chat.composer.fill_in.value = False
    send(chat, "{{ user.name | upper }} {{city}}")
    wait(lambda: not chat.is_busy)
    assert session.history[-1].prompt == "{{ user.name | upper }} {{city}}"


def test_a_value_is_not_filled_in_again_when_its_turn_is_edited_or_its_picture_used_again(
    tab, values, wait, session
):
    values["page"] = "{{open('secret').read()}}"
    chat = tab("chat")
    send(chat, "sum up {{page}}")
    wait(lambda: not chat.is_busy)
    edited = f"{session.history[-1].prompt} in one line"
    assert edited == "sum up {{open('secret').read()}} in one line"
    turn = chat.transcript.shown_turns[-1]["id"]
    chat._on_transcript_message({"op": "edit", "id": turn, "text": edited})
    wait(lambda: [turn.prompt for turn in chat.shown_conversation.history] == [edited])
    image = tab("image")
    send(image, "{{page}}")
    wait(lambda: not image.is_busy)
    image._reuse_parameters(session.images[-1][0])
    assert (image.composer.prompt.value, image.composer.fill_in.value) == (values["page"], False)


@pytest.mark.usefixtures("values")
def test_a_name_that_is_typed_into_an_edit_is_filled_in(tab, wait):
    chat = tab("chat")
    send(chat, "hi")
    wait(lambda: not chat.is_busy)
    turn = chat.transcript.shown_turns[-1]["id"]
    chat._on_transcript_message({"op": "edit", "id": turn, "text": "in {{ctiy}}"})
    assert "did you mean city?" in chat.composer.status.text
    chat._on_transcript_message({"op": "edit", "id": turn, "text": "in {{city}}"})
    wait(lambda: not chat.is_busy)
    assert chat.shown_conversation.history[-1].prompt == "in Hangzhou"


@pytest.mark.usefixtures("values")
def test_a_prompt_that_failed_is_put_back_as_it_was_written(tab, wait, emulator):
    chat = tab("chat")
    emulator.faults.add(status=401, times=9)
    chat.composer.prompt.value = "in {{city}}"
    chat.send_prompt()
    wait(lambda: not chat.is_busy)
    emulator.faults.clear()
    assert chat.composer.prompt.value == "in {{city}}"


@pytest.mark.usefixtures("values")
def test_single_braces_around_a_variable_are_noted(tab, wait):
    chat = tab("chat")
    send(chat, "Introduce {city}")
    wait(lambda: not chat.is_busy)
    assert "{city}" in chat.transcript.shown_turns[-1]["notes"]


def code_of(made, form):
    made.code_box.show.value = True
    made.code_box.form.value = form
    (cell,) = made.code_box.cells
    return cell


@pytest.mark.parametrize(
    ("name", "magic", "python"),
    [
        ("chat", "%%ernie\n{}", "ernie.chat({})"),
        ("image", "%%ernie_image\n{}", "ernie.image({})"),
        ("embed", "%%ernie_embed\n{}", "ernie.embed([{}])"),
    ],
)
@pytest.mark.usefixtures("values")
def test_the_code_fills_the_same_values_in_and_evaluates_nothing(tab, name, magic, python):
    made = tab(name)
    prompt = "in {{city}} {x} {{nosuch()}}"
    made.composer.prompt.value = prompt
    assert code_of(made, "magic") == magic.format(prompt)
    assert code_of(made, "python") == python.format("f'in {city} {{x}} {nosuch()}'")
    assert "f'in {city} {{x}} {nosuch()}'" in code_of(made, "openai")
    made.composer.fill_in.value = False
    assert code_of(made, "magic") == magic.format(prompt).replace("\n", " --verbatim\n")
    assert code_of(made, "python") == python.format(repr(prompt))


@pytest.mark.parametrize(
    ("prompt", "filled"),
    [
        ("{{city}}", "Hangzhou"),
        ("it's {{city}}", "it's Hangzhou"),
        ("{{row['name']}} and \"{{n}}\"", 'Li and "3"'),
        ("a\nb {{n}}", "a\nb 3"),
        ("{{ {'a': 1}['a'] }}{", "1{"),
        ("{{{n}}}", "{3}"),
        ("{{f'{n:03d}'}}", "003"),
        ("{{n != 4}}", "True"),
    ],
)
def test_the_python_form_makes_the_prompt_that_is_sent(values, prompt, filled):
    code = prompt_values.python_code(prompt)
    assert ast.parse(code, mode="eval")
    assert eval(code, dict(values)) == filled == prompt_values.fill_prompt(prompt)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("chat", "the prompt is empty. What to do: write something in the box below."),
        ("image", "the prompt is empty. What to do: write something in the box below."),
        ("embed", "there are no texts. What to do: write them in the box below, one per line."),
    ],
)
def test_an_empty_box_is_told_as_the_panel_s(tab, name, told):
    made = tab(name)
    send(made, "  ")
    assert made.composer.status.text == told


def test_a_text_that_is_too_long_is_to_be_shortened(tab):
    embed = tab("embed")
    embed.selection.picker.selected_model = "embedding-v1"
    send(embed, "long " * 9000)
    assert embed.composer.status.text.endswith("What to do: shorten them.")
