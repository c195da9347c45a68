"""Money is no formula; a growing text is cut where it reads well, and nothing is lost."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ernie_magic.markdown import Segmenter, for_notebook

KEPT = [
    "$x^2$", "$E=mc^2$", "$$\\int_0^1 x\\,dx$$", "$n$ 个", "当 $n=5$ 时", "$5x+3$", "$5$", "\\$5", "`$x`", "``$`$``",
    "```sh\necho $HOME $5\n```", "~~~\n$a and $b\n~~~", "\\begin{equation}x\\end{equation}", "$\\frac{1}{2}$,$y$", "    indented $5 and $6 code",
    "- item\n\n  ```\n  $5 $6\n  ```", "$$\na\n$$", "(a\\_b)",
]
ESCAPED = [
    ("costs $5 and $10", "costs \\$5 and \\$10"), ("$5-$10", "\\$5-\\$10"), ("US$100", "US\\$100"),
    ("$HOME/$PATH", "\\$HOME/\\$PATH"), ("价格是$5到$10之间", "价格是\\$5到\\$10之间"), ("$5 (US$) or $6", "\\$5 (US\\$) or \\$6"),
    ("between $1,000 and $2,000", "between \\$1,000 and \\$2,000"), ("3$ or 4$", "3\\$ or 4\\$"), ("a $ b", "a \\$ b"),
    ("$3 个苹果和 2 个梨$", "\\$3 个苹果和 2 个梨\\$"), ("$$ unclosed", "\\$\\$ unclosed"), ("- pay $5\n- pay $6", "- pay \\$5\n- pay \\$6"),
    ("$a\n\nb$", "\\$a\n\nb\\$"),
]
BRACKETS = [("\\(a+b\\)", "$a+b$"), ("\\[ x^2 \\]", "$$x^2$$"), ("所以 \\( n \\) 是", "所以 $n$ 是"), ("\\(never", "\\(never"), ("`\\(x\\)`", "`\\(x\\)`")]


@pytest.mark.parametrize("text", KEPT)
def test_formulas_and_code_stay(text):
    assert for_notebook(text) == text


@pytest.mark.parametrize(("text", "made"), ESCAPED)
def test_money_and_lone_dollars_are_escaped(text, made):
    assert for_notebook(text) == made


@pytest.mark.parametrize(("text", "made"), BRACKETS)
def test_brackets_become_dollars_when_they_are_closed(text, made):
    assert for_notebook(text) == made


MARKDOWNISH = st.text(st.sampled_from('$$$\\()[]`~\n ab5,.|-*>#1北京。{}^_<<</!:"='), max_size=80)


@given(MARKDOWNISH)
def test_twice_is_once(text):
    once = for_notebook(text)
    assert for_notebook(once) == once


@given(MARKDOWNISH | st.text())
def test_only_backslashes_and_dollars_change(text):
    def bare(t):
        return [c for c in t if c not in "\\$()[] \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" and not "\u2000" <= c <= "\u200a"]

    assert bare(for_notebook(text).replace("&lt;", "<")) == bare(text.replace("&lt;", "<"))


FORMATS = ["a<br>b", "H<sub>2</sub>O", "<details><summary>more</summary>text</details>", '<font color="red">红</font>', "<https://example.com>", "1 < 2 <= 3",
           '<a href="https://example.com" title="x">y</a>', '<td colspan=2 align="right">', "[x](https://a.b)", "[x](#here)", "[x](file.md)", "![x](data:image/png;base64,AA)",
           "```html\n<script>x</script>\n```", "`<script>`", "- a\n  ```html\n  <img onerror=x>\n  ```", "<!-- a -->", "[1]: https://a.b", "</p>"]
ACTIVE = ["<img src=x onerror=evil()>", "<IMG SRC=x ONERROR=evil()>", "<script>evil()</script>", "<svg onload=evil()>", "<iframe srcdoc='x'>", "<style>*{display:none}</style>", "<div class='ernie-panel'>",
          "<details ontoggle=evil() open>", "<a href='javascript:evil()'>x</a>", '<form action="https://a.b">', "<math><mi xlink:href=x>", "$<img src=x onerror=evil()>$", "<?php ?>", "<!DOCTYPE x>",
          "> <img src=x onerror=evil()>", "| `a | <img src=x onerror=evil()> ` |\n|---|---|", "`a\n# b <img src=x onerror=evil()> `", "- ```\n<img src=x onerror=evil()>", "- a\n  ```\n<img src=x onerror=evil()>",
          "text\n        ```\n<img src=x onerror=evil()>", "- a\n        ```\n        <img src=x onerror=evil()>", "<b\nonclick=evil()>", "<br/onclick=evil()>", '<b title="x"onclick=evil()>']
LINKS = ["[x](javascript:evil())", "[x](JaVaScRiPt:evil())", "[x]( javascript:evil())", "[x](<javascript:evil()>)", "[x](java&#115;cript:evil())", "[x](java&Tab;script:evil())", "[x](vbscript:x)",
         "[x](data:text/html,x)", "![x](javascript:evil())", "[x]: javascript:evil()", "> [x]: <javascript:evil()>", "[x]:\njavascript:evil()"]


@pytest.mark.parametrize("text", FORMATS)
def test_html_that_formats_and_code_and_links_stay(text):
    assert for_notebook(text) == text


@pytest.mark.parametrize("text", ACTIVE)
def test_html_that_does_more_is_shown_as_text(text):
    made = for_notebook(text)
    assert "&lt;" in made or "< img" in made
    assert not [found for found in re.findall(r"<[A-Za-z/!?][^<]*", made) if "evil" in found or "class" in found]


@pytest.mark.parametrize("text", LINKS)
def test_a_destination_that_is_no_address_makes_no_link(text):
    made = for_notebook(text)
    assert "]\\(" in made or "\\[x]" in made


def cut(text, size=4, **options):
    segmenter = Segmenter(**options)
    finished = []
    for i in range(0, len(text), size):
        finished += segmenter.feed(text[i : i + size])
    return finished, segmenter


PROSE = "\n\n".join(
    [f"## 第{i}节\n\n" + "这是一段比较长的中文说明，用来看看怎么分段。" * 6 + f"\n\n- 要点一 {i}\n- 要点二\n\n  接着说\n\n- 要点三\n\n```python\n\nprint({i})\n\n\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"
     for i in range(12)])


def test_ordinary_text_is_cut_at_block_borders_and_reads_the_same():
    finished, segmenter = cut(PROSE, minimum=200)
    assert len(finished) > 5
    for segment in finished:
        assert segment.count("```") % 2 == 0
        assert not segment.startswith((" ", "- 要点二", "- 要点三", "|--", "| 1"))
    assert "".join("".join(finished).split()) + "".join(segmenter.open.split()) == "".join(PROSE.split())
    assert segmenter.text == PROSE


@given(st.lists(st.sampled_from(["# h", "", "para。再来一句。 more text", "- a", "- b", "  c", "```", "$$", "x = 1", "| a | b |", "|---|---|", "> q", "1. n", "<pre>", "</pre>", "字" * 90, "~~~~"]), max_size=60),
       st.integers(1, 50), st.integers(1, 50))
def test_where_it_is_cut_depends_on_the_text_alone(lines, one, other):
    text = "\n".join(lines)
    first, a = cut(text, one, minimum=20)
    second, b = cut(text, other, minimum=20)
    assert first == second
    assert a.open == b.open
    assert a.text == b.text == text


@given(st.text(max_size=300), st.integers(1, 40))
def test_no_text_makes_it_fail_and_no_word_is_lost(text, size):
    finished, segmenter = cut(text, size, minimum=10)
    shown = "".join([*finished, segmenter.open])
    assert all(shown.count(c) >= text.count(c) for c in set(text) if c.isalnum())
    assert segmenter.text == text


HUGE = {
    "prose": PROSE * 40, "one line": "word " * 26_000, "one line of Chinese": "这是一句话。" * 21_000, "no space at all": "x" * 128_000,
    "newlines": "\n" * 128_000, "dollars": "$" * 128_000, "backticks": "`" * 128_000, "pipes": "| " * 64_000,
    "one fence": "```python\n" + "print('hello')\n" * 8_500 + "```\n", "one list": "- item of a list\n" * 7_500,
    "one table": "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 12_000, "one formula": "$$\n" + "x + y \\\\\n" * 14_000 + "$$\n",
}


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_text_stays_under_the_limit_of_outputs(name):
    finished, _ = cut(HUGE[name][:128_000], 400)
    assert len(finished) < 45


def test_a_cut_inside_a_fence_closes_it_and_opens_it_again():
    finished, segmenter = cut(HUGE["one fence"], 100)
    assert all(segment.startswith("```python\n") and segment.endswith("\n```\n") for segment in finished)
    assert segmenter.open.startswith("```python\n")


def test_a_cut_inside_a_table_gives_the_next_part_its_header():
    finished, segmenter = cut(HUGE["one table"], 100)
    assert all(segment.startswith("| a | b |\n|---|---|\n") for segment in [*finished, segmenter.open])


@pytest.mark.parametrize(("text", "shown"), [
    ("```python\nx = 1", "```python\nx = 1\n```"), ("~~~~\nx\n", "~~~~\nx\n~~~~"), ("```py\nx\n```\n", "```py\nx\n```\n"), ("a", "a"),
    ("see\n\n$$\n\\frac{1", "see\n\n```latex\n\\frac{1\n```"), ("$$x$$", "$$x$$"), ("```\nx\n``", "```\nx\n``\n```"),
])
def test_what_is_unclosed_is_closed_for_the_eye(text, shown):
    segmenter = Segmenter()
    segmenter.feed(text)
    assert segmenter.open == shown


def test_what_an_answer_of_2000_deltas_costs():
    text = (PROSE * 3)[:8000]
    segmenter, sent = Segmenter(), 0
    for i in range(0, len(text), 4):
        sent += sum(len(segment.encode()) for segment in segmenter.feed(text[i : i + 4]))
        if i % 32 == 0:
            sent += len(segmenter.open.encode())
    assert sent < 12 * len(text.encode())


def test_the_time_grows_with_the_text():
    def seconds(text):
        begin = time.process_time()
        cut(text)
        return time.process_time() - begin

    for name in ("one line", "newlines", "backticks", "pipes", "prose"):
        short, long = seconds(HUGE[name][:32_000]), seconds(HUGE[name][:128_000])
        assert long < 16 * max(short, 0.02), name  # 4 times the text: quadratic would be 16 times of what is not noise
