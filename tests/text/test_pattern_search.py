"""Regular expressions of users and requests are searched for within a time limit."""

import re
import threading
import time

import pytest

from ernie_magic.text import pattern_search
from ernie_magic.text.pattern_search import PatternSearch

ENDLESS = ("(a|aa)+$", "a" * 60 + "b")


def test_what_is_found_is_what_re_finds():
    searches = [
        ("[a-z]+", "{cats}"),
        ("^cats$", "cats "),
        ("a{e}", "ab"),  # fuzzy matching in other engines
        ("(?i)ÄPFEL", "äpfel"),
        ("\ud83d", "\ud83d"),
        ("", ""),
        (r"\d", "٣"),
        ("((a{1000}){1000}){1000}", "a"),
        ("京.$", "北京市\n"),
    ]
    expected = [re.search(pattern, text) is not None for pattern, text in searches]
    assert PatternSearch(searches).run() == expected
    assert PatternSearch([]).run() == []


def test_a_search_that_takes_too_long_is_given_up_and_the_others_are_done(monkeypatch):
    monkeypatch.setattr(pattern_search, "SEARCH_SECONDS", 0.1)
    searches = [("b", "b"), ENDLESS, ("b", "a"), ENDLESS, ENDLESS, ENDLESS, ENDLESS, ("b", "b")]
    begun = time.monotonic()
    assert PatternSearch(searches).run() == [True, None, False, None, None, None, None, True]
    # After three the pattern is not tried again.
    assert time.monotonic() - begun < 5 * 0.1 + 1


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * 40 + "b"),
        ("(?:a|a)*$", "a" * 60 + "b"),
        (r"^(\w+\s?)*$", "word " * 30 + "!"),
        ("(x+x+)+y", "x" * 60),
        ("(.*a){25}$", "a" * 60 + "b"),
        (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 80),
    ],
)
def test_no_pattern_holds_the_process(monkeypatch, pattern, text):
    monkeypatch.setattr(pattern_search, "SEARCH_SECONDS", 0.1)
    assert PatternSearch([(pattern, text)]).run() == [None]


def test_other_threads_run_meanwhile_and_can_stop_it():
    search = PatternSearch([ENDLESS])
    begun = time.monotonic()
    stopping = threading.Timer(0.1, search.stop)
    stopping.start()
    assert search.run() == [None]
    assert time.monotonic() - begun < pattern_search.SEARCH_SECONDS
    stopping.join()
    assert PatternSearch.run(search) == [None]
