"""Templates render as the official client's do, in one pass."""

import re
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ernie_magic.errors import InvalidOption
from ernie_magic.qianfan.templates.prompt_template import IDENTIFIERS, find_variables, make_template

NAMES = ("ab", "city", "A_1", "_x", "ab2", "a" * 30)
HALVES = ("{", "{{", "[", "[[", "(", "((", "}", "}}", "]", "]]", ")", "))")
MARKED = tuple(f"{i[: len(i) // 2]}{name}{i[len(i) // 2 :]}" for i in IDENTIFIERS for name in NAMES)
# Texts in which identifiers, names and line ends meet often.
PIECES = st.sampled_from(
    [*HALVES, *NAMES, *MARKED, *MARKED, "\n", " ", "x", "城市", "1a", "-", "\r"]
)
TEXTS = st.lists(PIECES, max_size=10).map("".join)
# What no text and no value holds.
STAND_INS = [chr(0xE000 + i) for i in range(500)]


@pytest.fixture(scope="module")
def official():
    """The official client's class of prompts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependencies, where they are compiled now
        from qianfan.common.prompt.prompt import Prompt

    return Prompt


def render_officially(prompt, values):
    """What the official client renders, with each value put in the place of its own mark at the
    end: so no value is read again.
    """
    marks = dict(zip(values, STAND_INS, strict=False))
    rendered, _ = prompt.render(**marks)
    by_mark = {mark: values[name] for name, mark in marks.items()}
    return re.sub("[\ue000-\uf8ff]", lambda found: by_mark[found[0]], rendered)


def check_against(official, identifier, text, data):
    from qianfan.errors import InvalidArgumentError

    try:
        prompt = official(template=text, identifier=identifier)
    except InvalidArgumentError:
        with pytest.raises(InvalidOption, match="is not a variable"):
            make_template(text, identifier=identifier)
        return
    template = make_template(text, identifier=identifier)
    assert list(template.variables) == list(dict.fromkeys(prompt.variables))
    values = {name: data.draw(TEXTS) for name in template.variables}
    assert template.render(values) == render_officially(prompt, values)


@settings(max_examples=100)
@given(text=TEXTS, data=st.data(), identifier=st.sampled_from(IDENTIFIERS))
def test_it_finds_and_fills_what_the_official_client_does(official, identifier, text, data):
    check_against(official, identifier, text, data)


@pytest.mark.slow
@settings(max_examples=3_000)
@given(text=TEXTS, data=st.data(), identifier=st.sampled_from(IDENTIFIERS))
def test_it_does_what_the_official_client_does_for_thousands(official, identifier, text, data):
    check_against(official, identifier, text, data)


@settings(max_examples=30)
@given(
    text=TEXTS,
    names=st.lists(st.sampled_from(NAMES), max_size=3),
    identifier=st.sampled_from(IDENTIFIERS),
)
def test_listed_variables_are_the_only_ones(official, text, names, identifier):
    prompt = official(template=text, identifier=identifier, variables=names)
    template = make_template(text, identifier=identifier, variables=names)
    values = {name: f"<{name}>" for name in names}
    assert template.render(values) == render_officially(prompt, values)


def test_a_value_that_holds_a_variable_is_not_replaced_again():
    template = make_template("{city} and {other}")
    assert template.render(city="{other}", other="{city}") == "{other} and {city}"
    assert make_template("[[aa]][[bb]]", identifier="[[]]").render(aa="[[", bb="aa]]") == "[[aa]]"


@pytest.mark.parametrize(
    "text", ["{x}", "{姓名}", "{}", '{"a": 1}', "{1a}", "{a b}", f"{{{'a' * 31}}}"]
)
def test_what_is_no_variable_is_told_with_the_ways_out(text):
    with pytest.raises(InvalidOption) as caught:
        make_template(text)
    line = caught.value.line("en")
    assert "2 to 30 letters, digits or underscores" in line
    assert "another identifier, such as --identifier {{}}, or list the variables in Python" in line
    # Both ways out.
    assert make_template(text, variables=[]).render() == text
    assert make_template(f"{text} [[city]]", identifier="[[]]").variables == ("city",)


def test_double_braces_are_recognized_and_both_kinds_at_once_refused():
    assert make_template('{"a": "{{city}}"}').identifier == "{{}}"
    assert make_template("a", negative_text="{{city}}").negative_variables == ("city",)
    with pytest.raises(InvalidOption, match=r"both \{\{v2\}\} and \{v1\}.*same braces"):
        make_template("{v1}{{v2}}")


def test_blanks_around_a_name_are_told():
    with pytest.raises(InvalidOption, match=r"write \{\{city\}\}, without blanks"):
        make_template("in {{ city }}", identifier="{{}}")


def test_a_name_of_30_letters_is_one_and_braces_over_two_lines_are_text():
    assert find_variables(f"{{{'a' * 30}}}", "{}") == ("a" * 30,)
    assert find_variables("{ab\ncd}", "{}") == ()
    assert make_template("{\nif (x) {\n").render() == "{\nif (x) {\n"
    assert make_template("f(x1) and (x1)", identifier="()").variables == ("x1",)


def test_listed_variables_may_have_any_name():
    assert make_template("{姓名}，{x}", variables=["姓名", "x"]).render(姓名="李", x=1) == "李，1"
    with pytest.raises(InvalidOption, match="is not a variable's name"):
        make_template("{a}", variables=["a,b"])


def test_all_that_is_missing_is_named_and_a_misspelling_told():
    template = make_template("{city} {days} {style}", name="trip")
    with pytest.raises(InvalidOption) as caught:
        template.render(days=3)
    assert "template 'trip': variables without a value: city, style" in caught.value.line("en")
    assert "give city=…" in caught.value.line("en")
    with pytest.raises(InvalidOption, match=r"ctiy was given: did you mean city\?"):
        template.render({"ctiy": 1, "days": 3, "style": ""})
    assert template.render(city="杭州", days=3, style=None, more="ignored") == "杭州 3 None"


@pytest.mark.parametrize("identifier", ["<>", "", "{", "{]", 5, "{{{}}}"])
def test_another_identifier_is_refused(identifier):
    with pytest.raises(InvalidOption, match="no identifier"):
        make_template("a", identifier=identifier)


@pytest.mark.parametrize("name", ["a\nb", " a", "a" * 101, "a\x1b[31m", 5])
def test_a_name_is_one_line(name):
    with pytest.raises(InvalidOption, match="is not a template's name"):
        make_template("a", name=name)


def test_a_negative_text_has_variables_of_its_own():
    template = make_template("a {cat}", negative_text="no {dog}")
    assert (template.variables, template.all_variables) == (("cat",), ("cat", "dog"))
    assert template.render(cat="x") == "a x"
    assert template.render_negative(dog="y") == "no y"


def test_at_most_three_labels():
    assert make_template("a", labels="x, y").labels == ("x", "y")
    with pytest.raises(InvalidOption, match="at most 3 labels"):
        make_template("a", labels=[*"abcd"])


def test_the_time_is_linear_in_the_text():
    began = time.thread_time()
    for text in ("{" * 100_000, "{{" * 50_000 + "a", "{ab} " * 10_000):
        make_template(text, variables=None).render(ab="x")
    assert time.thread_time() - began < 2


def test_it_shows_itself_briefly():
    template = make_template("Plan {days} days in {city}.", name="trip")
    assert str(template) == "Plan {days} days in {city}."
    assert repr(template) == (
        "PromptTemplate('trip', 'Plan {days} days in {city}.', identifier='{}', "
        "variables=['days', 'city'])"
    )
