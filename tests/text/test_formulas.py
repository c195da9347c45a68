"""Plain mathematics is typeset; a formula that would act is shown as its source."""

import pytest

from ernie_magic.text.formulas import is_plain_mathematics
from ernie_magic.text.markdown import to_html

MATHEMATICS = [
    "\\sum_{i=1}^n i",
    "\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}",
    "\\left( \\frac{a}{b} \\right)",
    "\\text{如果 } x > 0",
    "\\operatorname*{argmax}_x",
    "\\color{red}{x}",
    "\\textcolor{#ff0000}{x}",
    "\\ce{H2O}",
    "a \\\\[6pt] b",
    "\\hspace{1em}",
    "\\mathbb{R}\\to\\infty",
    "\\begin{array}{c|c} a & b \\\\ \\hline c & d \\end{array}",
    "x\\tag{1}",
    "\\{a\\}\\;\\%",
    "\\begin{alignat}{2} a &= b & c &= d \\end{alignat}",
    "\\begin{alignedat}[t]{2}a\\end{alignedat}",
    "\\pmb{x} + \\pmb{y} \\pmb x",
    "\\frac{\\pmb{x}}{\\pmb{y}}",
    "\\underbracket{x}",
    "\\skew{4}\\hat{A}",
    "a \\centernot\\implies b \\centernot{\\to} c",
]

PROGRAMS = [
    "\\href{javascript:alert(1)}{x}",
    "\\unicode[x;background:url(//a.b)]{65}",
    "\\require{html}x",
    "\\class{lm-Widget}{x}",
    "\\cssId{main}{x}",
    "\\style{color:red}{x}",
    "\\def\\a{\\a\\a}\\a",
    "\\newcommand{\\frac}{x}",
    "\\let\\sin\\cos",
    "\\bbox[border:1px]{x}",
    "\\rule{9999em}{9999em}",
    "\\raise 99em{x}",
    "\\hspace{999em}",
    "a\\\\[9999em]b",
    "\\begin{array}{*{99999}{c}}x\\end{array}",
    "\\color{url(//a.b)}{x}",
    "\\begin{evil}x\\end{evil}",
    "\\data{x}{y}",
    '\\mmlToken{mi}[href="javascript:x"]{x}',
    "\\texttip{a}{b}",
    "\\" + "href{javascript:x}{y}",
    "{" * 40 + "}" * 40,
    "\\sqrt" * 60 + "x",
    "x" * 5000,
    "\\includegraphics{http://a.b/c}",
    "\\eqref{x}",
    "\\\x00",
    "\\begin{alignat}{2000000}x\\end{alignat}",
    "\\begin{alignat*}{9999}x\\end{alignat*}",
    "\\begin{alignedat}[t]{2000000}x\\end{alignedat}",
    "\\begin{alignat}\\relax{99}x\\end{alignat}",
    "\\pmb{" * 20 + "x" + "}" * 20,
    "\\pmb{a\\centernot{b}}",
    "\\underbracket[9999em][9999em]{x}",
    "\\overbracket [99em]{x}",
    "\\shoveleft[999em]{x}",
    "\\skew{999999}{x}y",
    "\\centerOver{a}{\\pmb x}",
    "\\centerOver{a} {\\pmb x}",
    "\\pmb\\pmb x",
    "\\pmb{{x}\\overbracket{y}}",
    "\\Braket{a" + "|b" * 1000 + "}",
    "\\ce{" + "(" * 1500 + "}",
]


@pytest.mark.parametrize("tex", MATHEMATICS)
def test_plain_mathematics_is_typeset(tex):
    assert is_plain_mathematics(tex)


@pytest.mark.parametrize("tex", PROGRAMS)
def test_tex_that_links_styles_defines_loads_or_never_ends_is_shown_as_its_source(tex):
    assert not is_plain_mathematics(tex)
    made = to_html(f"${tex}$")
    assert "<span>\\(" not in made
