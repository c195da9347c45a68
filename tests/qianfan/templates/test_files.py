"""Templates in files: readable, exact, and where a notebook's files are."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ernie_magic.errors import InvalidOption
from ernie_magic.qianfan.templates.files import (
    delete_template,
    find_template,
    format_template,
    list_templates,
    parse_template,
    save_template,
    template_folder,
)
from ernie_magic.qianfan.templates.prompt_template import IDENTIFIERS, make_template

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=60)
NAMES = TEXTS.map(str.strip).filter(lambda name: name and name.isprintable())


@settings(max_examples=25)
@given(
    name=NAMES,
    text=st.one_of(TEXTS, st.sampled_from(["---\nname: x\n---\ny", "\n", "a\n\n", ""])),
    identifier=st.sampled_from(IDENTIFIERS),
    variables=st.lists(st.from_regex(r"[^\s,][^\n,]{0,3}[^\s,]", fullmatch=True), max_size=2),
    negative=TEXTS,
    label=st.from_regex(r"\w{1,5}", fullmatch=True),
)
def test_a_file_holds_a_template_exactly(name, text, identifier, variables, negative, label):
    template = make_template(
        text,
        name=name,
        identifier=identifier,
        variables=variables,
        negative_text=negative,
        negative_variables=[],
        labels=[label],
        template_id="pt-1",
    )
    read = parse_template(format_template(template), "file")
    assert (read, read.id) == (template, "pt-1")


def test_a_file_is_readable_and_has_only_what_the_text_does_not_tell():
    assert format_template(make_template("Plan {days} days in {city}.", name="trip")) == (
        "---\nname: trip\nidentifier: {}\n---\nPlan {days} days in {city}.\n"
    )
    explicit = make_template('{"a": {text}}', name="json", variables=["text"])
    assert "variables: text\n" in format_template(explicit)


def test_a_text_that_was_edited_by_hand_has_the_variables_it_shows():
    path = save_template(make_template("in {city}", name="trip"))
    path.write_text(path.read_text("utf-8").replace("in", "{days} days in"), "utf-8")
    assert find_template("trip").variables == ("days", "city")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("in {city}", "in {city}"),
        ("in {city}\r\n", "in {city}"),
        ("---\ntitle: a page\n---\n{city}\n", "---\ntitle: a page\n---\n{city}"),
        ("---\n{city}", "---\n{city}"),
        ("---\nidentifier: [[]]\n---\n{a}[[city]]", "{a}[[city]]"),
    ],
)
def test_a_file_without_a_head_is_a_text(content, text):
    template_folder().mkdir(parents=True)
    (template_folder() / "trip.txt").write_bytes(content.encode())
    template = find_template("trip")
    assert (template.text, template.variables) == (text, ("city",))


def test_files_are_beside_the_notebook_if_there_is_a_folder_for_them(tmp_path):
    assert save_template(make_template("a", name="x")).is_relative_to(tmp_path / "home")
    Path(".ernie").mkdir()
    assert save_template(make_template("b", name="x")) == Path.cwd() / ".ernie/templates/x.txt"
    assert find_template("x").text == "b"


def test_names_that_no_file_can_have_are_kept_apart():
    for name in ("a/b", "a:b", "../../b", "con", "行程 计划", "a.txt"):
        save_template(make_template(name, name=name))
    assert {each.name: each.text for each in list_templates()} == {
        name: name for name in ("a/b", "a:b", "../../b", "con", "行程 计划", "a.txt")
    }
    assert {path.parent for path in template_folder().rglob("*.txt")} == {template_folder()}
    delete_template("a/b")
    assert find_template("a:b").text == "a:b"
    with pytest.raises(InvalidOption, match="no template a/b"):
        delete_template("a/b")


def test_saving_again_replaces_it_in_its_own_file():
    first = save_template(make_template("a", name="x"))
    assert save_template(make_template("b", name="x")) == first
    assert [each.text for each in list_templates()] == ["b"]


def test_a_file_that_cannot_be_read_does_not_hide_the_others():
    save_template(make_template("a", name="good"))
    folder = template_folder()
    (folder / "bad.txt").write_text("---\nname: bad\nidentifer: {}\n---\na", "utf-8")
    (folder / "marks.txt").write_text("{x}", "utf-8")
    (folder / "gbk.txt").write_bytes("提示词".encode("gbk"))
    (folder / "twice.txt").write_text("---\nname: good\n---\nb", "utf-8")
    (folder / "long.txt").write_bytes(b"a" * 1_000_001)
    (folder / "folder.txt").mkdir()
    found = list_templates()
    assert found.names == ["good"]
    assert "did you mean identifier?" in found.problems["bad.txt"].line("en")
    assert "{x} is not a variable" in found.problems["marks.txt"].line("en")
    assert "save it as UTF-8 text" in found.problems["gbk.txt"].line("en")
    assert "is called good too" in found.problems["twice.txt"].line("en")
    assert "too long" in found.problems["long.txt"].line("en")
    with pytest.raises(InvalidOption, match="did you mean identifier"):
        find_template("bad")


def test_an_unknown_name_is_told_with_what_may_be_meant():
    with pytest.raises(InvalidOption, match="save it first: %ernie template save trip Plan"):
        find_template("trip")
    save_template(make_template("a", name="trip"))
    with pytest.raises(InvalidOption, match=r"did you mean trip\?"):
        find_template("tripp")
    with pytest.raises(InvalidOption, match="%ernie template lists those that you have"):
        find_template("行程")


def test_what_cannot_be_written_is_told():
    with pytest.raises(InvalidOption, match="no name yet"):
        save_template(make_template("a"))
    template_folder().parent.mkdir(parents=True)
    template_folder().write_text("a file")
    with pytest.raises(InvalidOption, match="cannot be written"):
        save_template(make_template("a", name="x"))


def test_a_search_looks_at_names_and_texts():
    save_template(make_template("in {city}", name="Trip"))
    save_template(make_template("hello", name="greet"))
    assert list_templates("trip").names == ["Trip"]
    assert list_templates("HELLO").names == ["greet"]
    assert list_templates().names == ["greet", "Trip"]
    assert repr(list_templates()) == "TemplateList(2: greet, Trip)"
