"""The error tree: one line, one root."""

from ernie_magic import errors
from ernie_magic.errors import ErnieError, InvalidOption
from ernie_magic.qianfan.creation import StoppedWork
from ernie_magic.text.language import Text, untranslated


def test_an_error_is_one_line_of_visible_characters():
    error = InvalidOption(
        untranslated("no model \x1b]0;pwned\x07\r\n\u202eid\x85 \ud800"), language="en"
    )
    assert str(error) == "no model ␛]0;pwned␇ <U+202E>id <U+D800>."


def test_a_library_s_english_sentence_and_a_chinese_one_have_a_space_between_them():
    error = InvalidOption(
        Text("读不了：{said}", "cannot be read: {said}").fill(said="install it manually."),
        advice=Text("先安装", "install it"),
    )
    assert error.line("zh") == "读不了：install it manually. 怎么办：先安装。"
    assert error.line("en") == "cannot be read: install it manually. What to do: install it."
    assert InvalidOption(Text("甲", "a"), advice=Text("乙", "b")).line("zh") == "甲。怎么办：乙。"


def test_the_repr_of_an_error_is_its_class_and_its_line():
    # What a log's %r, a task's repr and a column of exceptions show.
    error = InvalidOption(Text("错了", "wrong"), advice=Text("改", "mend"), language="en")
    assert repr(error) == "InvalidOption('wrong. What to do: mend.')"
    error.language = "zh"
    assert repr(error) == "InvalidOption('错了。怎么办：改。')"


def test_the_tree_has_one_root():
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, Exception)]
    assert all(issubclass(c, ErnieError) for c in classes)
    assert not issubclass(errors.Interrupted, Exception)  # a KeyboardInterrupt: "Run all" halts


def test_a_stopped_call_tells_what_goes_on_without_it():
    message = untranslated("the task goes on")
    stopped = StoppedWork(message)
    for error in (errors.interruption(stopped, "zh"), errors.stop_error(stopped, "en")):
        assert str(error).rstrip(".") == "the task goes on"
        assert error.answer is stopped
