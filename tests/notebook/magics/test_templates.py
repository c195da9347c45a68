"""`--template` and `--var`, `%ernie template`, and what Tab offers there."""

import pytest
from IPython.core.completer import provisionalcompleter

from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.commands import run_command
from ernie_magic.qianfan.templates.files import list_templates, save_template
from ernie_magic.qianfan.templates.prompt_template import make_template
from ernie_magic.session import Session


@pytest.fixture(autouse=True)
def _templates():
    for name, text in (
        ("trip", "[[echo]]Plan {days} days in {city}."),
        ("translate", "[[echo]]Into {lang}: {text}"),
        ("我的 模板", "[[echo]]hi"),
    ):
        save_template(make_template(text, name=name))


@pytest.fixture(scope="module")
def session():
    with Session(language="en") as session:
        yield session


def sent(emulator):
    return [
        request.body["messages"][-1]["content"].removeprefix("[[echo]]")
        for request in emulator.requests
        if request.path.endswith("/chat/completions")
    ]


@pytest.mark.parametrize(
    ("cell", "prompt"),
    [
        ("%%ernie --template trip --var city=杭州 --var days=3", "Plan 3 days in 杭州."),
        ("%%ernie --template trip --var 'city=a b' --var days=3\n\n", "Plan 3 days in a b."),
        (
            "%%ernie --template=trip --var=city={days} --var=days={{place}}\nBe brief, {{place}}.\n",
            "Plan Xi'an days in {days}.\n\nBe brief, Xi'an.",
        ),
        (
            "%%ernie --template translate --var lang=German\ngood {text} {{place}}",
            "Into German: good {text} Xi'an",
        ),
        ("%%ernie --template translate --var lang=a --var text=b\nmore", "Into a: b\n\nmore"),
        ("%%ernie --template translate --verbatim --var lang={{a}}\n{{b}}", "Into {{a}}: {{b}}"),
        ('%%ernie --template "我的 模板"\n', "hi"),
        ("%%ernie --template trip --var city=c=d --var days=", "Plan  days in c=d."),
    ],
)
def test_a_template_is_the_prompt(run, shell, ernie, emulator, cell, prompt):
    shell.user_ns["place"] = "Xi'an"
    result, _ = run(cell)
    assert result.success
    assert sent(emulator) == [prompt]
    assert ernie.history[-1].prompt.removeprefix("[[echo]]") == prompt


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (
            "%%ernie --template trip\nhi",
            "variables without a value: days, city. What to do: give days=… (in a cell --var days=…).",
        ),
        (
            "%%ernie --template trip --var ctiy=a --var days=1\nhi",
            "template 'trip' has no ctiy. What to do: did you mean city?",
        ),
        ("%%ernie --template trp\nhi", "no template trp. What to do: did you mean trip?"),
        (
            "%%ernie --template trip --var city\nhi",
            "a variable's value is written name=value, not 'city'.",
        ),
        (
            "%%ernie --template trip --var city=a --var city=b\nhi",
            "the variable city is given twice.",
        ),
        ("%%ernie --var city=a\nhi", "--var goes with --template."),
        ('%%ernie --template "我的 模板" --var a=1\nhi', "What to do: it has no variables."),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_sent(run, emulator, cell, told):
    result, out = run(cell)
    assert not result.success
    assert told in str(result.error_in_exec) + out
    assert not sent(emulator)


@pytest.mark.parametrize(
    ("cell", "prompts"),
    [
        ("%%ernie_map rows --template translate --var lang=German\n", ["Into German: {a}", "Into German: b"]),
        ("%%ernie_map rows --template translate --var lang=German\nPolitely, {{who}}.", ["Into German: {a}\n\nPolitely, Ann.", "Into German: b\n\nPolitely, Bob."]),
        ("%%ernie_map notes --template translate --var lang=x --col 评论", ["Into x: {lang}"]),
        ("%%ernie_map notes --template translate --var lang=x\nThe note {{评论}}", ["Into x: The note {lang}"]),
        ("%%ernie_map rows --template translate --var lang=x --var text=y --col who", ["Into x: y\n\nAnn", "Into x: y\n\nBob"]),
    ],
)  # fmt: skip
def test_the_variables_of_a_template_are_columns(run, shell, emulator, cell, prompts):
    shell.user_ns["rows"] = [{"text": "{a}", "who": "Ann"}, {"text": "b", "who": "Bob"}]
    shell.user_ns["notes"] = [{"评论": "{lang}"}]
    result, _ = run(cell)
    assert result.success
    assert sorted(sent(emulator)) == sorted(prompts)


def test_a_template_of_pictures_has_its_negative_text(run, ernie):
    save_template(make_template("a {animal}", name="pet", negative_text="no {other}"))
    run("%%ernie_image --template pet --var animal=cat --var other=dog\nin the snow")
    assert ernie.last.prompt == "a cat\n\nin the snow"
    assert ernie.last.parameters["negative_prompt"] == "no dog"
    run("%%ernie_image --template pet --var animal=cat --negative-prompt fog")
    assert (ernie.last.prompt, ernie.last.parameters["negative_prompt"]) == ("a cat", "fog")
    result, _ = run("%%ernie_image --template pet --var animal=cat")
    assert "variables without a value: other" in str(result.error_in_exec)


def test_what_is_neither_given_nor_a_column_is_told(run, shell, emulator):
    shell.user_ns["rows"] = [{"words": "a"}]
    result, out = run("%%ernie_map rows --template translate\n")
    assert not result.success
    assert "variables without a value: lang, text" in str(result.error_in_exec) + out
    assert not sent(emulator)


def test_the_command_lists_shows_saves_renders_and_removes(run):
    table = run("%ernie template")[0].result
    assert [row[:2] for row in table.rows] == [
        ["translate", "{lang} {text}"],
        ["trip", "{days} {city}"],
        ["我的 模板", ""],
    ]
    assert "3 templates in " in table.note
    assert [row[0] for row in run("%ernie template list plan")[0].result.rows] == ["trip"]
    result, out = run("%ernie template save greet --identifier {{}} Hello {{name}}, {x} $HOME")
    saved = result.result
    assert (saved.text, saved.variables) == ("Hello {{name}}, {x} $HOME", ("name",))
    assert out.endswith("\n\nHello {{name}}, {x} $HOME\n")
    assert run("%ernie template show greet")[0].result == saved
    _, out = run("%ernie template render greet name='Ann Lee'")
    assert out == "Hello Ann Lee, {x} $HOME\n"
    _, out = run("%ernie template render greet --var name='Ann Lee'")
    assert out == "Hello Ann Lee, {x} $HOME\n"
    _, out = run("%ernie template delete greet")
    assert out.endswith("greet.txt is deleted\n")
    assert list_templates().names == ["translate", "trip", "我的 模板"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("a Don't ask {name}'s  age", "Don't ask {name}'s  age"),
        ('a {"a": "b", "c": {{name}}}', '{"a": "b", "c": {{name}}}'),
        ('a "Say {{name}}"', "Say {{name}}"),
        ('a "one" and "two"', '"one" and "two"'),
        ('"a" --identifier=(()) C:\\new\\table ((name))', "C:\\new\\table ((name))"),
        ("a --verbose is an option", "--verbose is an option"),
        ("a {{1 + 1}}", "{{1 + 1}}"),
        ("a Go to [city] --identifier []", "Go to [city]"),
        ("a 'Go to ((city))' --identifier=(())", "Go to ((city))"),
        ("a 'What is --identifier {name}'", "What is --identifier {name}"),
        ("a What is --force", "What is --force"),
    ],
)
def test_a_saved_text_stays_as_it_is_typed(session, line, text):
    if "{{" in line:
        line = line.replace("a ", "a --identifier [[]] ", 1)
    assert run_command(session, f"template save {line}").text == text
    assert list_templates().names[0] == "a"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("template lst", "%ernie template has no 'lst'. What to do: did you mean list?"),
        ("template show", "usage: %ernie template show NAME"),
        ("template show trip translate", "usage: %ernie template show NAME"),
        ("template save", "usage: %ernie template save NAME TEXT. What to do: for example %"),
        ("template save a", "usage: %ernie template save NAME"),
        ("template save a --identifier <> b", "no identifier <>"),
        ("template save a b --identifier <>", "no identifier <>"),
        ("template save a --identifer [] b", "--identifer stands within the template's text"),
        ("template save a b --identifier [] c", "before the text or behind it"),
        ("template save a b --identifier", "--identifier stands within"),
        ("template save a [city] —identifier []", "—identifier stands within"),
        ("template save a {x}", "{x} is not a variable"),
        ("template render trip days=1", "without a value: city"),
        ('template render "trip', "a quotation is not closed"),
        ("template render", "usage: %ernie template render NAME VARIABLE=VALUE …. What to do: for"),
        ("template render trip Rome", "a variable's value is written name=value, not 'Rome'"),
        ("template save a {{city}} in {days}", "the text has both {{city}} and {days}. What to do"),
        ("template save a {{ city }}", "What to do: write {{city}}, without blanks"),
        (
            "template show nix",
            "save it first: %ernie template save nix Plan a day in {city} (in Py",
        ),
        ('template show "a b"', '%ernie template save "a b" Plan'),
        ("template show nix", "; %ernie template lists those that you have"),
        ("template delete tri", "did you mean trip?"),
    ],
)
def test_a_wrong_command_is_told(session, line, told):
    with pytest.raises(InvalidOption) as caught:
        run_command(session, line)
    assert told in caught.value.line("en")


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("安排{{city}}的{{days}}天", ("city", "days")),
        ('{"a": 1} for {{city}}', ("city",)),
        ("{{city}} and {x} {0}", ("city",)),
        ("Plan {city}", ("city",)),
        ("none", ()),
    ],
)
def test_a_template_may_have_the_double_braces_of_cells(session, run, emulator, text, variables):
    saved = run_command(session, f"template save mine {text}")
    assert saved.variables == variables
    assert list_templates().problems == {}
    assert session.templates.get("mine") == saved
    values = " ".join(f"--var {name}=X" for name in variables)
    run(f"%%ernie --template mine {values}\n")
    assert sent(emulator) == [saved.render(dict.fromkeys(variables, "X"))]


def test_an_empty_list_says_how_a_template_is_saved(session):
    for name in list_templates().names:
        session.templates.delete(name)
    note = run_command(session, "template").note
    assert note.endswith("\nsave one: %ernie template save trip Plan {days} days in {city}")


def test_a_file_that_cannot_be_read_is_in_the_note(session):
    path = save_template(make_template("a", name="bad"))
    path.write_text("{x}", "utf-8")
    assert "⚠ bad.txt: {x} is not a variable" in run_command(session, "template").note


def test_templates_and_results_appear_in_the_set_language(shell, ernie):
    ernie.settings.language = "zh"
    format_plain = shell.display_formatter.formatters["text/plain"]
    format_html = shell.display_formatter.formatters["text/html"]
    assert "3 个模板" in format_plain(ernie.templates)
    assert "[[echo]]Into {lang}" in format_plain(ernie.templates.list())
    assert "变量" in format_html(ernie.templates.get("trip"))
    assert "标识符" not in format_html(ernie.templates.get("trip"))
    assert "标识符" in format_html(ernie.templates.make("[city]", identifier="[]"))
    optimized = ernie.templates.optimize("Write a poem.")
    assert "</ins>" in format_html(optimized)
    assert "{+# Task" in format_plain(optimized)
    result = ernie.templates.evaluate("{text}", [{"text": "1 + 1", "expected": "2"}])
    assert "完全一致" in format_html(result)
    assert "完全一致" in format_plain(result)


def test_tab_offers_names_and_variables(shell):
    shell.Completer.use_jedi = False

    def offered(line):
        with provisionalcompleter():
            return {c.text for c in shell.Completer.completions(line, len(line))}

    assert "template" in offered("%ernie tem")
    assert offered("%ernie template ") == {
        *("list", "show", "save", "delete", "render", "pull", "push")
    }
    assert offered("%ernie template push tr") == {"trip", "translate"}
    assert not {"trip", "translate"} & offered("%ernie template pull tr")
    assert offered("%ernie template pull trip --") == {"--yes"}
    assert offered("%ernie template show t") == {"trip", "translate"}
    assert '"我的 模板"' in offered("%ernie template delete ")
    assert offered("%ernie template render trip ") == {"days=", "city="}
    assert offered("%ernie template render trip days=3 ") == {"city="}
    assert "{{}}" in offered("%ernie template save x --identifier ")
    assert offered("%%ernie --template tra") == {"translate"}
    assert offered("%%ernie --template trip --var ") == {"days=", "city="}
    assert offered("%%ernie --template trip --var city=a --var ") == {"days="}
    assert offered("%%ernie_map rows --template=translate --var ") == {"lang=", "text="}


@pytest.mark.parametrize("words", ["--yes Go to {city}", "Go to {city} --yes"])
def test_a_template_of_an_earlier_session_is_replaced_by_yes(session, words):
    with pytest.raises(InvalidOption, match="replace it by --yes"):
        run_command(session, "template save trip Go to {city}")
    assert run_command(session, f"template save trip {words}").text == "Go to {city}"
