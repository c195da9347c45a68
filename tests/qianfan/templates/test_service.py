"""Templates go to Qianfan and come from there."""

import asyncio

import pytest

from ernie_magic.emulator.faults import Fault
from ernie_magic.errors import ErnieError, InvalidOption, MissingKey
from ernie_magic.qianfan.templates.service import read_template
from ernie_magic.session import Session


@pytest.fixture(scope="module")
def session():
    with Session(service="emulator", language="en") as session:
        yield session


@pytest.fixture
def templates(session):
    yield session.templates
    for template in session.templates.list_remote(preset=False):
        session.templates.delete_remote(template.id)


def test_presets_of_both_languages_are_listed(templates):
    listed = templates.list_remote()
    assert {"旅行计划", "Translate"} <= set(listed.names)
    assert all(template.is_preset for template in listed)
    assert templates.list_remote("旅行").names == ["旅行计划"]
    assert templates.list_remote(preset=False) == []
    assert asyncio.run(templates.alist_remote("translate", preset=True)).names == ["Translate"]


def test_a_template_is_pulled_into_a_file(templates):
    pulled = templates.pull("旅行计划", save_as="trip")
    assert pulled.id.startswith("pt-")
    assert templates.get("trip") == pulled
    assert templates.render("trip", city="杭州", days=3).startswith("为杭州写一份3天的旅行计划")
    assert templates.pull(pulled.id).name == "旅行计划"
    for name in ("nothing", "pt-none", "pt-"):
        with pytest.raises(InvalidOption, match=f"no template {name} on the service"):
            templates.pull(name)


def test_a_text_that_was_changed_here_is_not_replaced_unasked(templates):
    templates.pull("Translate")
    assert templates.pull("Translate") == templates.get("Translate")
    templates.save("Translate", "my own {text}")
    with pytest.raises(InvalidOption, match="another Translate is stored"):
        templates.pull("Translate")
    assert templates.pull("Translate", save_as="theirs").name == "theirs"
    assert templates.get("Translate").text == "my own {text}"
    assert "into {language}" in templates.pull("Translate", replace=True).text


def test_a_template_that_is_pushed_several_times_at_once_is_created_once(templates):
    templates.save("at once", "a {city}")
    pushing = [templates._begin_push("at once") for _ in range(3)]
    assert len({stream.result().id for stream in pushing}) == 1


def test_a_pushed_template_is_created_once_and_changed_after_that(templates):
    templates.save("greet", "Hello [[name]]", identifier="[[]]", labels=["a", "b"])
    pushed = templates.push("greet")
    assert templates.get("greet").id == pushed.id
    templates.save("greet", "Bye [[name]], [[place]]", identifier="[[]]")  # its id is forgotten
    assert templates.push("greet").id == pushed.id
    [listed] = templates.list_remote(preset=False)
    assert (listed.text, listed.variables) == ("Bye [[name]], [[place]]", ("name", "place"))
    assert listed.identifier == "[[]]"
    assert listed.labels == ("a", "b")


def test_a_renamed_template_is_found_by_its_id(templates):
    templates.save("old", "a")
    pushed = templates.push("old")
    saved = templates.get("old")
    path = templates.delete("old")
    path.write_text(f"---\nname: new\nid: {saved.id}\n---\nb\n", "utf-8")
    assert templates.push("new").id == pushed.id
    assert templates.list_remote(preset=False).names == ["new"]
    # Where that is gone, one is created.
    templates.delete_remote("new")
    assert templates.push("new").id != pushed.id
    assert templates.list_remote(preset=False).names == ["new"]


def test_variables_that_the_text_does_not_tell_and_a_negative_text_survive(templates):
    templates.save("odd", '{"a": {text}}', variables=["text"])
    templates.save("cat", "a {cat}", negative_text="no {dog}")
    templates.push("odd")
    templates.push("cat")
    assert templates.pull("odd").variables == ("text",)
    cat = templates.pull("cat")
    assert (cat.negative_text, cat.negative_variables) == ("no {dog}", ("dog",))


def test_a_create_whose_reply_was_lost_is_not_repeated(session, templates):
    emulator = session.client._emulator
    templates.save("lost", "a")
    emulator.requests.clear()
    emulator.faults.extend([Fault(lose_reply=True, action="CreatePromptTemplate")])
    with pytest.raises(ErnieError):
        templates.push("lost")
    assert [one.action for one in emulator.requests].count("CreatePromptTemplate") == 1
    assert templates.push("lost").id == templates.list_remote("lost")[0].id
    assert len(templates.list_remote("lost")) == 1


def test_two_of_one_name_are_told_apart_by_their_ids(session, templates):
    for text in "ab":
        body = {"templateName": "twin", "templateContent": text, "variableIdentifier": "{}"}
        session.wire.call("promptTemplates", "CreatePromptTemplate", body)
    with pytest.raises(InvalidOption, match=r"several templates are called twin: pt-\w+, pt-\w+"):
        templates.pull("twin")
    assert templates.pull(templates.list_remote("twin")[1].id).text in "ab"


def test_what_is_preset_is_not_deleted(templates):
    with pytest.raises(InvalidOption, match="Translate is preset and cannot be deleted"):
        templates.delete_remote("Translate")


def test_a_missing_key_and_a_missing_template_are_told_at_once(templates):
    with pytest.raises(InvalidOption, match="no template nothing"):
        templates.push("nothing")
    with (
        Session(service="aistudio", api_key="k", language="en") as other,
        pytest.raises(MissingKey),
    ):
        other.templates.list_remote()


@pytest.mark.parametrize(
    ("row", "facts"),
    [
        ({}, ("", "", "{}", (), ())),
        (
            {
                "templateName": "a\nb\x1b",
                "templateContent": 5,
                "variableIdentifier": "<>",
                "templateVariables": "x,y,",
                "labels": [{"labelName": "l"}, "m", None],
            },
            ("a b", "", "{}", ("x", "y"), ("l", "m")),
        ),
        ({"templateVariables": None, "labels": "a,b"}, ("", "", "{}", (), ("a", "b"))),
    ],
)
def test_whatever_the_service_writes_is_read(row, facts):
    read = read_template(row)
    assert (read.name, read.text, read.identifier, read.variables, read.labels) == facts


def test_the_commands_show_them(session, templates):
    from ernie_magic.notebook.magics.commands import run_command

    templates.save("greet", "Hello {name}")
    assert run_command(session, "template push greet").id.startswith("pt-")
    assert run_command(session, "template list --remote greet").rows[0][0] == "greet"
    preset = run_command(session, "template list --remote Translate")
    assert preset.rows[0][3].endswith(" · preset")
    assert preset.note == "1 template · built-in emulator, not a real model"
    assert run_command(session, "template pull 情感分析").name == "情感分析"
    templates.save("情感分析", "mine")
    with pytest.raises(InvalidOption, match="replace it by --yes"):
        run_command(session, "template pull 情感分析")
    assert run_command(session, "template pull 情感分析 --yes").text != "mine"
