"""What a cell shows of the session and of what it holds."""

import pytest

from ernie_magic.api.listed_facts import TokenPrice
from ernie_magic.api.usage import Usage
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook import extension
from ernie_magic.notebook.display import rich_forms
from ernie_magic.notebook.display.session_tables import plain_words, usage_table
from ernie_magic.session import Session
from ernie_magic.text.language import Text
from tests.ipython_versions import needs_ipython_8


@pytest.fixture
def shown(shell, run):
    """show(code): the HTML and the words that IPython makes of an expression's value."""

    def show(code):
        result, printed = run(code)
        assert result.success, result.error_in_exec
        data, _ = shell.display_formatter.format(result.result, include={"text/html"})
        assert data["text/html"].count("<style>") <= 1
        return data["text/html"], printed

    return show


def test_the_session_and_what_it_holds_are_tables(run, shown, ernie):
    run("%%ernie\n[[echo]]# **标题**\n\n`a` <b>")
    run("%%ernie -s tutor\n[[echo]]hi")
    ernie["tutor"].system = "老师"
    run("%%ernie_image --as cats\n猫")
    for code, words in {
        "ernie": ["service", "AI Studio", "main, tutor", "2 turns", "3 requests"],
        "ernie.history": ["prompt", "标题 a &lt;b&gt;", "1 turn"],
        "ernie.history[0]": ["标题 a &lt;b&gt;"],
        "ernie['tutor']": ["tutor: 1 turn"],
        "ernie.conversations": ["conversation", "tutor", "老师"],
        "ernie.usage": ["total tokens", "aistudio"],
        "ernie.settings": ["Service and key", "temperature", "default"],
        "ernie.models()": ["max output", "ernie-4.5-turbo-128k"],
        "ernie.images": ["<img ", "1 call · 1 picture"],
        "ernie.history[0].answer": ["ernie-note", "ernie-answer"],
    }.items():
        html, printed = shown(code)
        assert not [word for word in words if word not in html], code
        assert " object at 0x" not in printed
        assert "canary" not in html + printed
    assert "<b>" not in shown("ernie.history")[0]


@needs_ipython_8
def test_values_within_a_tuple_stay_short(run, ernie):
    run("%%ernie\n[[echo]]hi")
    _, printed = run("(ernie.history, ernie.usage, ernie.conversations, ernie.images)")
    assert printed.removeprefix("Out[0]: \n").splitlines() == [
        "(History(1 turn),",
        f" {ernie.usage!r},",
        " Conversations('main': 1 turn),",
        " ImageSets(0 sets, 0 pictures))",
    ]


@needs_ipython_8
def test_without_the_extension_nothing_of_ours_is_left(shell, run, ernie):
    run("%%ernie\n[[echo]]hi")
    shell.run_line_magic("unload_ext", "ernie_magic")
    shell.user_ns["history"] = ernie.history
    _, printed = run("history")
    assert printed == "Out[0]: History(1 turn)\n"
    shell.run_line_magic("load_ext", "ernie_magic")
    assert "prompt" in run("history")[1]


def test_forms_are_in_the_set_language_and_the_emulator_is_marked(run, shown, ernie):
    ernie.settings.language = "zh"
    ernie.usage.add("emulator", "m", Usage(1, 2, 3))
    html, printed = shown("ernie.usage")
    assert "emulator（模拟，不计费）" in html
    assert "共 1 次请求，3 token" in printed


@pytest.mark.parametrize(
    ("service", "cost"), [("qianfan", "¥0.0145"), ("aistudio", ""), ("emulator", "")]
)
def test_usage_names_the_cost_where_the_list_has_prices_in_yuan(service, cost, monkeypatch):
    with Session(service="emulator", language="en") as session:
        session.usage.add(service, "m", Usage(10_000, 2_000, 12_000))
        price = {"id": "m", "pricing": {"prompt": "0.0008", "completion": "0.00325"}}
        from ernie_magic.api.models import Listed

        monkeypatch.setattr(session, "listed_models", lambda: [Listed("m", price)])
        table = usage_table(session.usage, session, "en")
        assert ("cost" in table.headers) is bool(cost)
        assert cost in table.note
        assert (cost in table.rows[0]) is bool(cost)


def test_usage_has_columns_for_cached_tokens_and_thoughts_where_any_were_reported():
    with Session(service="emulator", language="en") as session:
        session.usage.add("local", "m", Usage(1000, 50, 1050))
        plain = usage_table(session.usage, session, "en").headers
        assert not [header for header in plain if "of these" in header]
        session.usage.add("local", "n", Usage(1000, 50, 1050, cached_tokens=900))
        table = usage_table(session.usage, session, "en")
        cached = table.headers.index("of these cached")
        assert [row[cached] for row in table.rows] == ["0", "900"]
        session.usage.add("local", "m", Usage(10, 50, 60, reasoning_tokens=40))
        assert "of these thoughts" in usage_table(session.usage, session, "en").headers


def test_a_price_in_tiers_is_no_price_of_a_token():
    from ernie_magic.api.models import Listed

    def price(**pricing):
        return Listed("m", {"pricing": pricing}).token_price

    assert price(prompt="0.5") == TokenPrice(0.5, 0.0)
    assert price(prompt=[{"price": 1, "up_to": 32}]) is None
    assert price() is None


def test_an_answer_in_a_row_has_no_marks_of_markdown():
    assert plain_words("### 三 **城**\n- `a`\n> b") == "三 城 a b"
    assert plain_words("```python\ndef f(): pass\n```\n~~~\nx") == "def f(): pass x"
    assert plain_words("```f()``` is `python`") == "f() is python"
    assert plain_words("| 城 | 人 |\n|:---|---:|\n| 甲 | 1 |") == "城 · 人 甲 · 1"


def test_each_registered_type_has_a_form():
    assert {name for _, name in extension._RICH_TYPES} == set(rich_forms._MAKERS)


def test_a_session_whose_env_file_cannot_be_read_says_so_in_a_page(shown, ernie, monkeypatch):
    def fail(_settings):
        raise InvalidOption(Text("<坏>", "<bad>"))

    monkeypatch.setattr(type(ernie.settings), "choose_service", fail)
    assert "&lt;bad&gt;" in shown("ernie")[0]


def test_a_ranking_and_the_preview_of_a_table_say_that_they_are_simulated(run, shown, ernie):
    run("%ernie use emulator")
    assert "built-in emulator" in shown("ernie.rerank('fruit', ['apple', 'car'])")[0]
    run("rows = [f'row {i}' for i in range(60)]")
    _, printed = run("%%ernie_map rows --as out\n[[echo]]{{text}}")
    assert "a preview of" in printed
    assert "built-in emulator" in printed


def test_a_token_count_is_in_the_language_that_is_set(shown, ernie):
    assert "2 tokens, estimate: Chinese characters" in shown("ernie.count_tokens('你好')")[1]
    ernie.settings.language = "zh"
    assert "2 token，估算：汉字数" in shown("ernie.count_tokens('你好')")[1]
    assert "main：0 轮" in shown("ernie.conversation")[1]


@needs_ipython_8
def test_an_answer_is_shown_in_lines_and_what_a_terminal_obeys_is_visible(run, ernie):
    _, printed = run("ernie.chat('[[echo]]# one\\n\\ntwo \\x1b[2J')")
    assert printed.startswith("Out[0]: \n# one\n\ntwo ␛[2J\n\n[ernie-")
    _, printed = run("[ernie.history[0].answer]")
    assert printed.startswith("Out[0]: [Answer(")
