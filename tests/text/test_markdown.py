"""Markdown becomes HTML in which every tag is ours: formulas and money are told apart, code is
coloured, nothing is active.
"""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ernie_magic.text.markdown import highlight_code, to_html
from ernie_magic.text.sanitize import sanitize

DOLLAR, BACKSLASH = "<span>$</span>", "<span>\\</span>"


def inline(tex):
    return f"<span>\\({tex}\\)</span>"


def display(tex):
    return f"<span>\\[{tex}\\]</span>"


def paragraph(text):
    found = re.fullmatch(r"<p>(.*)</p>\n", to_html(text), re.DOTALL)
    assert found, to_html(text)
    return found.group(1)


# --- formulas and money ---------------------------------------------------------------------------

FORMULAS = [
    ("$x^2$", inline("x^2")),
    ("$E=mc^2$", inline("E=mc^2")),
    ("$n$ 个", inline("n") + " 个"),
    ("$5x+3$", inline("5x+3")),
    ("$5$", inline("5")),
    ("当 $n=5$ 时", f"当 {inline('n=5')} 时"),
    ("$\\frac{1}{2}$,$y$", f"{inline(chr(92) + 'frac{1}{2}')},{inline('y')}"),
    ("\\(a+b\\)", inline("a+b")),
    ("所以 \\( n \\) 是", f"所以 {inline('n')} 是"),
    ("$a<b$", inline("a&lt;b")),
    ("so $$x$$ here", f"so {display('x')} here"),
    ("so \\[x\\] here", f"so {display('x')} here"),
    ("$$\\int_0^1 x\\,dx$$", display("\\int_0^1 x\\,dx")),
    ("$$\na\n$$", display("a")),
    ("\\[\nx^2\n\\]", display("x^2")),
    ("\\[ x^2 \\]", display("x^2")),
    ("\\begin{align}\na &= b\n\\end{align}", display("\\begin{align}\na &amp;= b\n\\end{align}")),
    ("$x \\label{eq:1}$", inline("x ")),
    ("CO$_2$ and H$_2$O", f"CO{inline('_2')} and H{inline('_2')}O"),
    ("10$^{-3}$, 2$\\times$3", f"10{inline('^{-3}')}, 2{inline(chr(92) + 'times')}3"),
    ("90$^\\circ$C", f"90{inline('^' + chr(92) + 'circ')}C"),
    ("the $n$th", f"the {inline('n')}th"),
    ("$k$NN", inline("k") + "NN"),
    ("$x$s.", inline("x") + "s."),
]
MONEY = [
    ("costs $5 and $10", "costs {d}5 and {d}10"),
    ("$5-$10", "{d}5-{d}10"),
    ("US$100", "US{d}100"),
    ("$HOME/$PATH", "{d}HOME/{d}PATH"),
    ("价格是$5到$10之间", "价格是{d}5到{d}10之间"),
    ("$5 (US$) or $6", "{d}5 (US{d}) or {d}6"),
    ("between $1,000 and $2,000", "between {d}1,000 and {d}2,000"),
    ("3$ or 4$", "3{d} or 4{d}"),
    ("US$10,$20", "US{d}10,{d}20"),
    ("$HOME\\bin;$PATH", "{d}HOME{b}bin;{d}PATH"),
    ("$A/$stuff", "{d}A/{d}stuff"),
    ("a $ b", "a {d} b"),
    ("$3 个苹果和 2 个梨$", "{d}3 个苹果和 2 个梨{d}"),
    ("$$ unclosed", "{d}{d} unclosed"),
    ("\\$5", "{d}5"),
    ("\\(never", "(never"),
    ("C:\\new", "C:{b}new"),
    ("&#36;x&#36;", "{d}x{d}"),
]


@pytest.mark.parametrize(("text", "made"), FORMULAS)
def test_a_formula_is_left_to_the_page(text, made):
    assert made in to_html(text)


@pytest.mark.parametrize(("text", "made"), MONEY)
def test_money_and_backslashes_are_kept_from_the_page_s_mathjax(text, made):
    assert paragraph(text) == made.format(d=DOLLAR, b=BACKSLASH)


def test_chinese_punctuation_ends_a_bare_address():
    made = to_html("见 https://例子.com/路径，接着（https://a.b/c）看：https://d.e；完")
    assert re.findall('href="([^"]*)"', made) == [
        "https://xn--fsqu00a.com/%E8%B7%AF%E5%BE%84",
        "https://a.b/c",
        "https://d.e",
    ]
    assert "</a>，接着（" in made


@pytest.mark.parametrize("text", ["&#98;&#99;&#101;", "&#x62;&#X63;", "**&#0098;**"])
def test_letters_spelled_as_numbers_are_shown_as_they_are_written(text):
    assert text.strip("*").replace("&", "&amp;") in to_html(text)


def test_dollars_over_two_paragraphs_are_no_formula():
    assert to_html("$a\n\nb$") == f"<p>{DOLLAR}a</p>\n<p>b{DOLLAR}</p>\n"


def test_dollars_in_code_are_text():
    assert paragraph("`$x$` and ``$`$``") == "<code>$x$</code> and <code>$`$</code>"
    assert "echo $HOME $5" in to_html("```\necho $HOME $5\n```")


def test_an_open_formula_is_shown_as_its_source_while_more_is_to_come():
    assert (
        to_html("see\n\n$$\n\\frac{1", unfinished=True)
        == "<p>see</p>\n<pre><code>\\frac{1</code></pre>\n"
    )
    assert to_html("\\[\n\\frac{1", unfinished=True) == "<pre><code>\\frac{1</code></pre>\n"


# --- what is formatted ----------------------------------------------------------------------------

FORMATTED = [
    ("**a** *b* ~~c~~ `d`", "<p><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>\n"),
    ("a<br>b", "<p>a<br>\nb</p>\n"),
    ("H<sub>2</sub>O", "<p>H<sub>2</sub>O</p>\n"),
    ("# h", '<h1 class="jp-toc-ignore">h</h1>\n'),
    ("3. c\n4. d", '<ol start="3">\n<li>c</li>\n<li>d</li>\n</ol>\n'),
    ("> q", "<blockquote>\n<p>q</p>\n</blockquote>\n"),
    ("1 < 2 <= 3", "<p>1 &lt; 2 &lt;= 3</p>\n"),
    ("a\rb", "<p>a\nb</p>\n"),
    ("List<int>", "<p>List&lt;int&gt;</p>\n"),
    ("[x](https://a.b)", '<p><a href="https://a.b" rel="noopener noreferrer nofollow">x</a></p>\n'),
    (
        "见https://a.b。",
        '<p>见<a href="https://a.b" rel="noopener noreferrer nofollow">https://a.b</a>。</p>\n',
    ),
    (
        "<https://a.b>",
        '<p><a href="https://a.b" rel="noopener noreferrer nofollow">https://a.b</a></p>\n',
    ),
    (
        "[x][1]\n\n[1]: https://a.b",
        '<p><a href="https://a.b" rel="noopener noreferrer nofollow">x</a></p>\n',
    ),
    (
        "[m](mailto:a@b.c)",
        '<p><a href="mailto:a@b.c" rel="noopener noreferrer nofollow">m</a></p>\n',
    ),
    ("", ""),
    ("\n \n", ""),
]


@pytest.mark.parametrize(("text", "made"), FORMATTED)
def test_what_markdown_formats(text, made):
    assert to_html(text) == made


def test_a_table_keeps_its_alignment():
    made = to_html("| a | b |\n|:-:|--:|\n| 1 | $x$ |")
    assert '<th style="text-align:center">a</th>' in made
    assert f'<td style="text-align:right">{inline("x")}</td>' in made
    assert '<td style="text-align:left">1</td>' in to_html("| a |\n|---|\n| 1 |")


def test_a_task_list_has_boxes_that_cannot_be_ticked():
    assert (
        '<li class="task-list-item"><input checked="checked" type="checkbox" disabled=""> done</li>'
        in to_html("- [x] done\n- [ ] to do")
    )


def test_code_is_coloured_by_the_page_s_theme():
    made = to_html("```python\ndef f(): return '<b>'\n```")
    assert made.startswith(
        '<pre class="highlight" style="margin-bottom:1em"><span class="k">def</span> <span '
        'class="nf">f</span>'
    )
    assert "&lt;b&gt;" in made
    assert re.sub("<[^>]*>", "", made).strip() == "def f(): return '&lt;b&gt;'"


@pytest.mark.parametrize(
    "language",
    [
        "python",
        "js",
        "json",
        "bash",
        "sql",
        "java",
        "c++",
        "rust",
        "go",
        "html",
        "yaml",
        "no-such-language",
        "",
        '"><img src=x onerror=y>',
    ],
)
def test_no_character_of_code_is_lost(language):
    code = "x = {'a': \"<b>&\"} # $5 \\n\n\n  - 'y'; /* ` */\n"
    made = to_html(f"````{language}\n{code}````")
    text = re.sub("<[^>]*>", "", made)
    assert unescape(text).strip("\n") == code.strip("\n")


@pytest.mark.parametrize("first", ["1. a\n\n", "- a\n", "- b\n- a\n  - c\n\n"])
def test_long_code_in_a_list_is_one_block(first):
    made = to_html(
        first + "   ```python\n" + "   print('hello')\n" * 1500 + "   ```\n\nafter **it**\n"
    )
    assert made.count("<pre") == 1
    assert made.endswith("<p>after <strong>it</strong></p>\n")


def test_a_long_code_block_is_one_block():
    assert to_html("```python\n" + "print('hello')\n" * 1500 + "```\n").count("<pre") == 1


# --- what acts ------------------------------------------------------------------------------------

TAGS = {
    "p",
    "br",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "blockquote",
    "pre",
    "code",
    "em",
    "strong",
    "s",
    "del",
    "ins",
    "mark",
    "sub",
    "sup",
    "kbd",
    "u",
    "b",
    "i",
    "small",
    "span",
    "div",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "a",
    "input",
}
ATTRIBUTE = re.compile(
    r'class="(?:[\w -]+)"|href="(?:https?://|mailto:)[^"<>]*"|rel="noopener noreferrer '
    r'nofollow"|title="[^"<>]*"|start="\d+"|style="(?:text-align:(?:left|right|center)|margin-bottom:1em)"|type="checkbox"|checked="(?:checked)?"|disabled=""'
)


def assert_all_is_ours(markup):
    for tag, attributes in re.findall(r"<([^\s>]*)([^>]*)>", markup):
        assert tag.lstrip("/") in TAGS, tag
        assert not ATTRIBUTE.sub("", attributes).strip(), attributes


ACTIVE = [
    "<img src=x onerror=evil()>",
    "<IMG SRC=x ONERROR=evil()>",
    "<script>evil()</script>",
    "<svg onload=evil()>",
    "<iframe srcdoc='x'>",
    "<style>*{display:none}</style>",
    "<div class='ernie-panel'>",
    "<details ontoggle=evil() open>",
    "<a href='javascript:evil()'>x</a>",
    '<form action="https://a.b">',
    "<math><mi xlink:href=x>",
    "$<img src=x onerror=evil()>$",
    "<?php ?>",
    "<!DOCTYPE x>",
    "<!-- a -->",
    "> <img src=x onerror=evil()>",
    "| `a | <img src=x onerror=evil()> ` |\n|---|---|",
    "`a\n# b <img src=x onerror=evil()> `",
    "- ```\n<img src=x onerror=evil()>",
    "- a\n  ```\n<img src=x onerror=evil()>",
    "text\n        ```\n<img src=x onerror=evil()>",
    "<b\nonclick=evil()>",
    "<br/onclick=evil()>",
    '<b title="x"onclick=evil()>',
    "<div>`<img src=x onerror=evil()>`",
    "<details>\n```\n<img src=x onerror=evil()>",
    "`https://x.com/`<img src=x onerror=evil()>`",
    "[a](b`c) <img src=x onerror=evil()>",
    "~~`~~<img src=x onerror=evil()>`",
    "para\n\t```\n\t<img src=x onerror=evil()>",
    "para\n2. ```\n   <img src=x onerror=evil()>",
    "a\r```\r<img src=x onerror=evil()>",
    "```\nx\n    ```\n<img src=x onerror=evil()>",
    "text\n- item\n\n    <img src=x onerror=evil()>",
    '![$" onerror="evil()$](x)',
    '```"><img src=x onerror=evil()>\nx\n```',
    "- [q]: javascript:evil()",
    "[x](java&#9;script:evil())",
    "<sub><img src=x onerror=evil()></sub>",
    "<sub>a</sup>",
    "[<img src=x onerror=evil()>](https://a.b)",
    '[x](https://a.b "<img src=x onerror=evil()>")',
    '[x](https://a.b/" onclick="evil())',
    "https://a.b/<img src=x onerror=evil()>",
    "![a](https://a.b/c.png)",
    '![" onload=evil()](https://a.b/c.png "t")',
    "[x]: https://a.b\n![x]",
    '<https://a.b/"onclick=evil()>',
    "[x](javascript:evil())",
    "[x](JaVaScRiPt:evil())",
    "[x]( javascript:evil())",
    "[x](<javascript:evil()>)",
    "[x](vbscript:x)",
    "[x](data:text/html,x)",
    "![x](javascript:evil())",
    "[x](/api/contents)",
    "[x]:\njavascript:evil()\n\n[x]",
    "[x](//a.b)",
    "[x](file:///etc/passwd)",
    "[x](https:\\\\a.b)",
    "[x](\x01javascript:evil())",
    "[x](attachment:x)",
    "[x](#main)",
]


@pytest.mark.parametrize("text", ACTIVE)
@pytest.mark.parametrize("around", ["{}", "> {}", "- {}", "text\n\n{}\n\ntext", "**{}**"])
def test_what_would_act_is_text(text, around):
    made = to_html(around.format(text))
    assert_all_is_ours(made)
    assert sanitize(made) == made


FRAGMENTS = [
    "<img src=x onerror=evil()>",
    "<script>",
    "</p>",
    "`",
    "```",
    "~~~",
    "$",
    "$$",
    "\\(",
    "\\)",
    "\\[",
    "[",
    "]",
    "](",
    "](javascript:x)",
    "](https://a.b)",
    "![",
    "<",
    ">",
    "&lt;",
    "&#60;",
    "*",
    "**",
    "|",
    "|-|-|",
    "- ",
    "1. ",
    "> ",
    "# ",
    "\n",
    "\n\n",
    "    ",
    "\t",
    "\r",
    "a",
    "字",
    " ",
    "<br>",
    "<sub>",
    "</sub>",
    "https://a.b",
    "\\",
    "\x00",
    "\u202e",
    '"',
    "'",
    "=",
    "onerror=",
    "href=",
]


@given(
    st.lists(st.sampled_from(FRAGMENTS), max_size=40) | st.lists(st.text(max_size=6), max_size=20)
)
def test_whatever_is_written_every_tag_is_ours(parts):
    made = to_html("".join(parts))
    assert_all_is_ours(made)


def test_pictures_of_the_web_are_links_unless_they_are_wanted():
    link = '<p><a href="https://a.b/c.png" rel="noopener noreferrer nofollow">↗ cat</a></p>\n'
    assert to_html("![cat](https://a.b/c.png)") == link
    assert to_html("![cat][1]\n\n[1]: https://a.b/c.png") == link
    shown = to_html("![cat](https://a.b/c.png)", remote_images=True)
    assert (
        shown
        == '<p><img src="https://a.b/c.png" alt="cat" referrerpolicy="no-referrer" loading="lazy"></p>\n'
    )
    assert "<img" not in to_html("![cat](data:image/png;base64,AA)", remote_images=True)


@pytest.mark.parametrize("tex", ["|x|", "P(A|B)", "\\{x|x>0\\}", "|a|+|b|", "\\left|x\\right|"])
@pytest.mark.parametrize("marks", ["${}$", "\\({}\\)"])
def test_a_formula_in_a_table_may_hold_pipes(tex, marks):
    made = to_html(f"| a | b |\n|---|---|\n| {marks.format(tex)} | y |")
    assert (
        f'<td style="text-align:left">{inline(tex.replace(">", "&gt;"))}</td>\n<td style="text-align:left">y</td>'
        in made
    )


@pytest.mark.parametrize(
    "row",
    [
        "|$5|$6|",
        "|$5|$|",
        "| $5 | $6 |",
        "|$HOME|$PATH|",
        "|\\$5|6$|",
        "|$x | y$|",
        "| `$a` | `$b` |",
    ],
)
def test_money_in_a_table_hides_no_cell(row):
    assert to_html(f"|a|b|\n|-|-|\n{row}").count("<td") == 2
    assert not re.search("<td[^>]*></td>", to_html(f"|a|b|\n|-|-|\n{row}"))


def test_a_picture_in_a_link_leaves_the_link_whole():
    link = '<a href="https://a.b" rel="noopener noreferrer nofollow">↗ badge</a>'
    assert to_html("[![badge](https://img.example/a.png)](https://a.b)") == f"<p>{link}</p>\n"
    assert to_html("[x](https://a.b) ![y](https://c.d)").count("<a ") == 2


def test_code_may_begin_with_blank_lines():
    assert '<pre class="highlight" style="margin-bottom:1em"><span></span>\n\nx\n</pre>' in to_html(
        "```\n\n\nx\n```"
    )


@pytest.mark.parametrize(
    "inner",
    [
        "$a + b$",
        "`print(a, b)`",
        "[some link text](https://a.b/c)",
        "**bold words here**",
        "\\(a + b\\)",
    ],
)
@pytest.mark.parametrize("moved", range(0, 66, 5))
def test_a_long_paragraph_is_cut_between_what_stands_together(inner, moved):
    text = (
        "x" * moved + " " + f"This is an ordinary sentence with {inner} in the middle of it. " * 60
    )
    assert to_html(text).count(to_html(f"x {inner}")[5:-5]) == 60


def test_code_in_a_language_nobody_has_looked_at_is_plain():
    assert highlight_code("a < b", "brainfuck") == "a &lt; b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**注意：**请看", "<strong>注意：</strong>请看"),
        ("他说**“好”**是真的", "他说<strong>“好”</strong>是真的"),
        ("这是**「重点」**内容", "这是<strong>「重点」</strong>内容"),
        ("用**《红楼梦》**举例", "用<strong>《红楼梦》</strong>举例"),
        ("**结论（摘要）**如下", "<strong>结论（摘要）</strong>如下"),
        ("约**50%**的人", "约<strong>50%</strong>的人"),
        ("打开**`a.py`**文件", "打开<strong><code>a.py</code></strong>文件"),
        ("很*“小”*的", "很<em>“小”</em>的"),
        ("これは**「重要」**です", "これは<strong>「重要」</strong>です"),
        ("이것은 **'중요'**합니다", "이것은 <strong>'중요'</strong>합니다"),
        # With a blank inside, or between Latin words, as CommonMark has it.
        ("** 不是**强调", "** 不是**强调"),
        ('a**"b"**c', 'a**"b"**c'),
        ("2*3*4", "2<em>3</em>4"),
        ("snake_名_case", "snake_名_case"),
    ],
)
def test_emphasis_in_chinese_needs_no_blanks(text, shown):
    assert to_html(text) == f"<p>{shown}</p>\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nice^[1]^.", "nice<sup>[1]</sup>."),
        ("杭州^[1][2]^很美^[3]^", "杭州<sup>[1][2]</sup>很美<sup>[3]</sup>"),
        ("**bold^[1]^**", "<strong>bold<sup>[1]</sup></strong>"),
        ("x^2 + y^2", "x^2 + y^2"),
        ("^[a]^ ^[1] ^[]^ ^1^", "^[a]^ ^[1] ^[]^ ^1^"),
        ("`a^[1]^`", "<code>a^[1]^</code>"),
        ("^[1234]^", "^[1234]^"),
    ],
)
def test_a_citation_of_a_search_is_a_small_raised_number(text, shown):
    assert paragraph(text) == shown
