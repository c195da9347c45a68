"""`%%ernie --knowledge` and `--app` in a real IPython shell, on the emulator alone."""

import re

import pytest

from ernie_magic.errors import InvalidOption


@pytest.fixture
def ernie(ernie, monkeypatch):
    monkeypatch.setenv("ERNIE_EMULATOR_LATENCY", "0")
    ernie.use("emulator")
    return ernie


@pytest.mark.usefixtures("ernie")
def test_a_cell_is_answered_with_numbered_sources_and_says_that_it_is_simulated(run, shell):
    _, out = run("%%ernie --knowledge demo --as a\nHow long does shipping take?")
    assert "Shipping takes 2 to 3 days: what is ordered before 16:00" in out
    assert "[1] lark-coffee.md: " in out
    assert "simulated" in out
    assert "not a real model" in out
    assert shell.user_ns["a"].search[0]["title"] == "lark-coffee.md"
    data, _ = shell.display_formatter.format(shell.user_ns["a"])
    sources = data["text/html"].split("sources in knowledge bases (1)")[1]
    assert "Shipping takes 2 to 3 days" in sources  # the sentence that is cited
    shell.user_ns["q"] = "{{1/0}} 水箱"
    _, out = run("%%ernie --knowledge demo\n{{q}}")
    assert "1.8 升" in out


@pytest.mark.usefixtures("ernie")
def test_an_application_answers_a_cell_and_belongs_to_its_conversation(run, ernie, tmp_path):
    (tmp_path / "rules.txt").write_text("图书馆周一闭馆。", "utf-8")
    _, out = run(f'%%ernie --app demo-chat -s lib --file "{tmp_path}/rules.txt"\n哪天闭馆？')
    assert "图书馆周一闭馆 [1]" in out
    assert "[demo-chat · " in out
    assert len(ernie["lib"].history) == 1
    assert not ernie.history


@pytest.mark.usefixtures("ernie")
def test_a_cell_answers_what_an_application_asked_back_in_the_cell_before(run):
    _, out = run("%%ernie --app demo-flow\nI want to return an order")
    assert "What is the number of the order?" in out
    assert (
        "waits for your answer: send it as the next prompt (-s NAME or %ernie reset starts over)"
        in out
    )
    _, out = run("%%ernie --app demo-flow\nA-17")
    assert "Order A-17: why is it returned?" in out
    _, out = run("%%ernie --app demo-flow\ntoo sour")
    assert "The return of order A-17 is registered, reason: too sour." in out
    assert "waits for your answer" not in out
    _, alone = run("%%ernie --app demo-flow --no-history\nI want to return an order")
    assert "cannot be answered since the turn is not kept: ask without --no-history" in alone
    assert re.search(r"link of a picture: http://127\.0\.0\.1:\d+/emulator/picture\.png\?", out)


@pytest.mark.usefixtures("ernie")
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--app demo --temperature 0.3 -m ernie-3.5-8k", r"--model, --temperature|--temperature, "),
        ("--app demo --knowledge demo", "--app does not take --knowledge"),
        ("--file a.txt", "--file is for --app"),
        ("--app demo --file nowhere.txt", "nowhere.txt"),
        ("--knowledge", "needs a value"),
        ('--knowledge ""', "by its name or its id"),
    ],
)
def test_options_that_do_not_go_together_are_refused(run, line, told):
    result, _ = run(f"%%ernie {line}\nhi")
    assert isinstance(result.error_in_exec, InvalidOption)
    assert re.search(told, str(result.error_in_exec)), str(result.error_in_exec)


@pytest.mark.usefixtures("ernie")
def test_what_an_account_has_is_shown_as_tables(run):
    result, out = run("%ernie knowledge")
    assert result.result.rows[0][0] == "demo"
    result, _ = run("%ernie knowledge demo")
    assert [row[1] for row in result.result.rows] == ["ready"] * 3
    result, _ = run("%ernie apps")
    assert [row[0] for row in result.result.rows] == ["demo", "demo-chat", "demo-flow"]
    for told in ("%ernie knowledge", "%ernie knowledge demo", "%ernie apps"):
        assert run(told)[0].result.note.endswith(" · built-in emulator, not a real model"), told
    _, out = run("ernie.knowledge.search('水箱', 'demo')")
    assert "[1]" in out
    assert "云雀K2咖啡机.md" in out
    for value in (
        "ernie.knowledge.get('demo')",
        "ernie.knowledge.documents('demo')[0]",
        "ernie.knowledge.search('水箱', 'demo')[0]",
        "ernie.apps.get('demo')",
    ):
        _, out = run(value)
        assert "---" in out, value
        assert ("not a real model" in out) is ("search" not in value), value
