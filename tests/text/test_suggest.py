"""Names that resemble a misspelled one."""

import time

import pytest

from ernie_magic.text.suggest import close_matches, did_you_mean

OPTIONS = ["--temperature", "--top-p", "--penalty-score", "--temp", "--user", "--stop"]


@pytest.mark.parametrize(
    ("name", "known"),
    [("enable_search", "disable_search"), ("disable-cache", "enable-cache"), ("min_p", "max_p")],
)
def test_the_opposite_is_not_what_was_meant(name, known):
    assert close_matches(name, [known]) == ()
    assert close_matches(f"{known}s", [known]) == (known,)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("--temprature", ("--temperature",)),
        ("--TEMPERATUR", ("--temperature",)),
        ("--tempe", ("--temperature", "--temp")),  # an abbreviation comes before what is close
        ("zzzzzz", ()),
        ("--base-url", ()),  # `--user` shares some letters with it, and is not near
        ("--no", ()),
        ("--steps", ()),
        ("--tpo-p", ("--top-p",)),
        ("--score", ("--penalty-score",)),
        ("--temporary", ("--temp",)),
        ("--penalty-scroe-x", ("--penalty-score",)),
        ("", ()),
    ],
)
def test_what_is_close_is_found_whatever_its_case(name, found):
    assert close_matches(name, OPTIONS)[: len(found) or None] == found


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("dokter", ("doctor",)),
        ("mohdles", ("models",)),
        ("dokte", ()),  # short
        ("toktor", ()),  # begins otherwise
        ("lymxts", ()),  # two are as near
    ],
)
def test_a_name_that_resembles_only_one_may_differ_a_little_more(name, found):
    assert close_matches(name, ["doctor", "models", "limits", "lamots"]) == found


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ERNIE-Sped", ("ERNIE-Speed-8K",)),
        ("ernie-x2", ("ernie-x1-turbo-32k",)),
        ("deepseak-v3", ("deepseek-v3.1",)),
        ("ernie-5.0", ()),
        ("gpt-4o", ()),
        ("a-b", ()),
    ],
)
def test_a_slip_in_the_first_words_of_a_name_is_found(name, found):
    models = ["ERNIE-Speed-8K", "ernie-x1-turbo-32k", "deepseek-v3.1", "ernie-4.5-21b", "a-c-d"]
    assert close_matches(name, models) == found


def test_names_are_suggested_as_they_are_written_and_at_most_as_many_as_asked_for():
    assert close_matches("ernie-image", ["ERNIE-Image", "ERNIE-Image-Turbo"], 1) == (
        "ERNIE-Image-Turbo",
    )
    assert close_matches("ernie-imge", ["ERNIE-Image", "ERNIE-Image-Turbo"], 2) == ("ERNIE-Image",)


def test_a_name_longer_than_any_is_not_looked_for():
    long = "x" * 201
    assert close_matches(long, [long[:-1]]) == ()
    assert close_matches(long[:-1], [long]) == ()
    assert close_matches(long[:-1], [long[:-1] + ""]) == (long[:-1],)


def test_ten_thousand_long_names_cost_no_more_than_a_moment():
    began = time.thread_time()
    assert not close_matches("x" * 199, [f"{'y' * 190}{i}" for i in range(10_000)])
    assert time.thread_time() - began < 2.0


def test_the_question_is_in_both_languages_and_only_asked_where_something_is_close():
    assert did_you_mean("txet", ["text", "label"]) == ("是不是 text？", "did you mean text?")
    assert did_you_mean("zzzz", ["text", "label"]) is None


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("--temp", "--temperature, --template"),
        ("--top", "--top-k, --top-p"),
        ("--tool", "--tools, --tool-choice"),
        ("--think", "--thinking"),
        ("--templ", "--template"),
        ("--temprature", "--temperature"),
    ],
)
def test_an_abbreviation_names_all_that_it_may_stand_for(name, told):
    known = ["--template", "--temperature", "--top-p", "--top-k", "--thinking", "--thinking-budget"]
    known += ["--tool-choice", "--tools"]
    assert did_you_mean(name, known).en == f"did you mean {told}?"
