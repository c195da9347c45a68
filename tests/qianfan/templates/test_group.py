"""`ernie.templates`, without the service's own ones."""

import pytest

from ernie_magic.errors import InvalidOption
from ernie_magic.session import Session


def test_a_template_is_saved_rendered_and_removed(ernie):
    saved = ernie.templates.save("trip", "Plan {days} days in {city}.", labels=["travel"])
    assert ernie.templates.get("trip") == saved
    assert ernie.templates.list().names == ["trip"]
    assert ernie.templates.render("trip", days=3, city="{days}") == "Plan 3 days in {days}."
    assert ernie.templates.render("trip", {"days": 1}, city=2) == "Plan 1 days in 2."
    assert repr(ernie.templates) == "Templates(1)"
    assert not ernie.templates.delete("trip").exists()
    assert ernie.templates.list() == []


def test_a_template_is_saved_under_another_name(ernie):
    made = ernie.templates.make("[[ab]] {x}", identifier="[[]]")
    saved = ernie.templates.save("copy", made)
    assert (saved.name, saved.identifier, saved.variables) == ("copy", "[[]]", ("ab",))
    with pytest.raises(InvalidOption, match="is a text, not int"):
        ernie.templates.save("number", 5)


def test_a_template_named_name_is_rendered_with_a_variable_named_name(ernie):
    ernie.templates.save("name", "{name} {values}")
    assert ernie.templates.render("name", name="a", values="b") == "a b"


def test_errors_are_in_the_session_s_language(ernie):
    ernie.settings.language = "zh"
    with pytest.raises(InvalidOption, match="没有叫 trip 的模板"):
        ernie.templates.get("trip")


def test_frameworks_build_prompts(ernie):
    assert ernie.templates.base("翻译", "口语", "你好", "英文") == (
        "指令:翻译\n背景信息:口语\n补充数据:你好\n输出格式:英文"
    )
    assert ernie.templates.crispe("翻译", capacity="译者") == "能力与角色：译者\n指令：翻译"
    assert ernie.templates.few_shot([("好吃", "正面")], "判断情感") == (
        "判断情感\n\n输入:好吃\n输出:正面"
    )


def test_tab_shows_them_in_the_order_of_use(ernie):
    assert "templates" in dir(ernie)
    assert ernie.templates.__dir__()[:4] == ["list", "get", "save", "delete"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda templates: templates.list(5), "sought is a text, not 5"),
        (lambda templates: templates.render("kept", 5), "values is a dict, not 5"),
        (lambda templates: templates.render("kept", ["city"]), "values is a dict"),
        (lambda templates: templates.make("x", variables=5), "variables is a list, not 5"),
        (lambda templates: templates.save("x", "y", labels=5), "labels is a list, not 5"),
        (lambda templates: templates.save("x", "y", labels=[5]), "is a text, not 5"),
        (lambda templates: templates.few_shot(5), "examples is a list, not 5"),
        (lambda templates: templates.optimize("kept", 5), "goal is a text, not 5"),
        (lambda templates: templates.evaluate(5, []), "templates is a list, not 5"),
        (lambda templates: templates.evaluate("kept", [], expected=5), "expected is a text"),
        (lambda templates: templates.evaluate("kept", [], criteria=5), "criteria is a text"),
    ],
)
def test_arguments_of_a_wrong_type_are_told(ernie, call, words):
    ernie.templates.save("kept", "{city}", labels=["half \ud800"])
    with pytest.raises(InvalidOption, match=words):
        call(ernie.templates)


def test_a_template_of_another_session_is_replaced_only_if_that_is_asked_for(ernie):
    ernie.templates.save("trip", "Plan {days} days.")
    ernie.templates.save("trip", "Plan {days} days in {city}.")  # one's own
    with Session(model="ernie-3.5-8k") as other:
        other.templates.save("trip", "Plan {days} days in {city}.")  # the same text
    with Session(model="ernie-3.5-8k", language="en") as other:
        with pytest.raises(InvalidOption, match=r"another trip is stored: .*replace=True"):
            other.templates.save("trip", "Go to {city}")
        assert other.templates.get("trip").text == "Plan {days} days in {city}."
        other.templates.save("trip", "Go to {city}", replace=True)
        other.templates.save("trip", "Go to {place}")
    with pytest.raises(InvalidOption):
        ernie.templates.save("trip", "Plan {days} days.")
    assert ernie.templates.get("trip").text == "Go to {place}"
