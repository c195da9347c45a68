"""Tables for a page and for a terminal."""

import io
import sys

from ernie_magic.notebook.display.html_table import Table, display_width


def test_a_table_keeps_its_columns_when_a_cell_holds_controls():
    lines = repr(
        Table(["model", "n"], [["evil\x1b[2J\u202e", "1"], ["ernie", "2"]], "note\x07")
    ).splitlines()
    assert lines == [
        "model             n",
        "----------------  -",
        "evil␛[2J<U+202E>  1",
        "ernie             2",
        "note␇",
    ]


def test_a_table_aligns_chinese_and_escapes_html():
    table = Table(["名", "b"], [["<i>北京</i>", "1"], ["x", "2"]], "note")
    lines = repr(table).split("\n")
    assert len({display_width(line[: line.rindex(" ")]) for line in lines[2:4]}) == 1
    assert "&lt;i&gt;北京" in table._repr_html_()


def test_short_code_stays_on_one_line():
    rows = [["%ernie knowledge", "%%ernie --temperature 0.3 --as answer", "x " * 30]]
    markup = Table(["command", "example", "long"], rows, code=(0, 1, 2))._repr_html_()
    assert '<code style="white-space:nowrap">%ernie knowledge</code>' in markup
    assert '<code style="white-space:nowrap">%%ernie --temperature 0.3 --as answer</code>' in markup
    assert '<code style="white-space:pre-wrap">x x' in markup


def test_a_models_name_is_not_broken_at_its_hyphens_and_words_are():
    markup = Table(["model", "note"], [["ernie-4.5-turbo-128k", "a well-kept list"]])._repr_html_()
    assert 'white-space:nowrap">ernie-4.5-turbo-128k<' in markup
    assert 'white-space:pre-wrap">a well-kept list<' in markup
    for remark in (" (default)", "（默认）"):
        markup = Table(["value"], [[f"ernie-4.5-turbo-128k{remark}"]])._repr_html_()
        assert f'white-space:nowrap">ernie-4.5-turbo-128k{remark}<' in markup


def test_a_table_of_very_many_rows_shows_the_first_ones_and_how_many_there_are():
    rows = [[f"row {number}", str(number)] for number in range(20_000)]
    table = Table(["name", "n"], rows, "note", folded=500, folded_title="older")
    page, text = table._repr_html_(), repr(table)
    assert len(page) < 300_000
    assert page.count("<tr>") == 1_001
    assert "… 1,000 / 20,000<br>note" in page
    assert text.splitlines()[-3:] == ["row 999  999", "… 1,000 / 20,000", "note"]
    assert len(table) == 20_000


def test_a_note_that_tells_of_the_emulator_has_the_chip_of_other_footers():
    table = Table(["a"], [["b"]], "first · built-in emulator, not a real model\nsecond")
    said = "built-in emulator, not a real model"
    assert f'nowrap">{said}</span><br>second</small>' in table._repr_html_()
    assert repr(table).endswith(f"first · {said}\nsecond")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_table_fits_into_a_terminal_and_is_whole_elsewhere(monkeypatch):
    words = "tokens left of the rate limits; reset forgets those learned, 包括频率限制 and others"
    table = Table(["command", "what", "n"], [["%ernie limits", words, "1"], ["x", "y", "22"]])
    wide = repr(table)
    assert max(map(display_width, wide.splitlines())) > 80
    monkeypatch.setenv("COLUMNS", "50")
    assert repr(table) == wide
    monkeypatch.setattr(sys, "stdout", Terminal())
    lines = repr(table).splitlines()
    assert max(map(display_width, lines)) <= 50
    assert lines[2].startswith("%ernie limits  tokens left")
    assert lines[3].startswith(" " * 15)
    said = " ".join(line[15:].removesuffix(" 1").strip() for line in lines[2:-1]).split()
    assert said == words.split()
    assert lines[-1].startswith("x ")


def test_a_word_wider_than_its_column_is_broken(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setattr(sys, "stdout", Terminal())
    lines = repr(Table(["a"], [["字" * 25]])).splitlines()
    assert max(map(display_width, lines)) <= 20
    assert "".join(lines[2:]) == "字" * 25
