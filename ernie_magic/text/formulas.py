"""Formulas: which TeX a page may typeset.

MathJax runs TeX as a program: it loads packages, defines macros for the whole page, adds links,
sets styles and fetches files. A formula that uses anything but the mathematics listed here is shown
as its source.

The names are MathJax's own (https://docs.mathjax.org/en/v3.2/input/tex/macros/index.html), except
those that link (`href`), style (`class`, `style`, `cssId`, `bbox`, `unicode`), define (`def`,
`newcommand`), load (`require`) or shift by a length (`rule`, `kern`, `raise`).
"""

from __future__ import annotations

import re

# Characters of a formula: MathJax recurses, and lays out nested parts repeatedly.
MAX_CHARACTERS = 4000
_MAX_DEPTH = 30
_MAX_COMMANDS_IN_A_ROW = 40  # `\sqrt\sqrt…` nests without a brace

_COMMANDS_TEXT = """
acute aleph alpha amalg angle approx approxeq arccos arcsin arctan arg Arrowvert arrowvert
ast asymp atop backepsilon backprime backsim backsimeq backslash bar barwedge Bbb Bbbk
bcancel because beta beth between bf Big big bigcap bigcirc bigcup Bigg bigg Biggl biggl
Biggm biggm Biggr biggr Bigl bigl Bigm bigm bigodot bigoplus bigotimes Bigr bigr bigsqcup
bigstar bigtriangledown bigtriangleup biguplus bigvee bigwedge binom blacklozenge
blacksquare blacktriangle blacktriangledown blacktriangleleft blacktriangleright bm bmod
boldsymbol bot bowtie Box boxdot boxed boxminus boxplus boxtimes Bra bra brace bracevert
brack Braket braket breve buildrel bullet Bumpeq bumpeq cal cancel cancelto Cap cap cdot
cdotp cdots ce celsius centerdot centernot centerOver cfrac check checkmark chi choose circ
circeq circlearrowleft circlearrowright circledast circledcirc circleddash circledR circledS
clubsuit colon Coloneqq coloneqq color complement cong coprod cos cosh cot coth csc Cup cup
curlyeqprec curlyeqsucc curlyvee curlywedge curvearrowleft curvearrowright dagger daleth
dashleftarrow dashrightarrow dashv dbinom dblcolon ddagger ddddot dddot ddot ddots deg
degree Delta delta det dfrac diagdown diagup Diamond diamond diamondsuit digamma dim
displaystyle div divideontimes dot Doteq doteq doteqdot dotplus dots dotsb dotsc dotsi dotsm
dotso doublebarwedge doublecap doublecup Downarrow downarrow downdownarrows downharpoonleft
downharpoonright ell emptyset enspace epsilon eqcirc eqqcolon eqsim eqslantgtr eqslantless
equiv eta eth exists exp fallingdotseq fbox Finv flat forall frac frak frown Game Gamma
gamma gcd ge geq geqq geqslant gets gg ggg gggtr gimel gnapprox gneq gneqq gnsim grave gt
gtrapprox gtrdot gtreqless gtreqqless gtrless gtrsim gvertneqq hat hbar hbox hdashline
hdotsfor heartsuit hfil hfill hline hom hookleftarrow hookrightarrow hphantom hslash hspace
Huge huge idotsint iff iiiint iiint iint Im imath impliedby implies in inf infty injlim int
intercal intop iota it jmath Join kappa ker Ket ket Ketbra ketbra Lambda lambda land langle
LARGE Large large LaTeX lbrace lbrack lceil ldotp ldots le leadsto left Leftarrow leftarrow
leftarrowtail leftharpoondown leftharpoonup leftleftarrows Leftrightarrow leftrightarrow
leftrightarrows leftrightharpoons leftrightsquigarrow leftthreetimes leq leqq leqslant
lessapprox lessdot lesseqgtr lesseqqgtr lessgtr lesssim lfloor lg lgroup lhd lim liminf
limits limsup ll llcorner Lleftarrow lll llless lmoustache ln lnapprox lneq lneqq lnot lnsim
log Longleftarrow longleftarrow Longleftrightarrow longleftrightarrow longmapsto
Longrightarrow longrightarrow looparrowleft looparrowright lor lozenge lparen lrcorner Lsh
lt ltimes lVert lvert lvertneqq maltese mapsto mathbb mathbf mathbfcal mathbffrak mathbfit
mathbfscr mathbfsf mathbfsfit mathbfsfup mathbfup mathbin mathcal mathclap mathclose
mathfrak mathinner mathit mathnormal mathop mathopen mathord mathpunct mathrel mathring
mathrm mathscr mathsf mathsfit mathsfup mathstrut mathtt mathup max mbox measuredangle mho
micro mid middle min mit mod models mp mu multimap nabla natural ncong ne nearrow neg
negmedspace negthickspace negthinspace neq newline nexists ngeq ngeqq ngeqslant ngtr ni
nLeftarrow nleftarrow nLeftrightarrow nleftrightarrow nleq nleqq nleqslant nless nmid
nobreakspace nolimits nonscript nonumber normalsize not notag notin nparallel nprec npreceq
nRightarrow nrightarrow nshortmid nshortparallel nsim nsubseteq nsubseteqq nsucc nsucceq
nsupseteq nsupseteqq ntriangleleft ntrianglelefteq ntriangleright ntrianglerighteq nu nVDash
nVdash nvDash nvdash nwarrow odot ohm oint oldstyle Omega omega omicron ominus operatorname
oplus oslash otimes over overbrace overbracket overleftarrow overleftrightarrow overline
overparen overrightarrow overset overunderset overwithdelims owns parallel partial perp
perthousand phantom Phi phi Pi pi pitchfork pm pmb pmod pod Pr prec precapprox preccurlyeq
preceq precnapprox precneqq precnsim precsim prime prod projlim propto Psi psi pu qquad quad
rangle rbrace rbrack rceil Re restriction rfloor rgroup rhd rho right Rightarrow rightarrow
rightarrowtail rightharpoondown rightharpoonup rightleftarrows rightleftharpoons
rightrightarrows rightsquigarrow rightthreetimes risingdotseq rm rmoustache root rparen
Rrightarrow Rsh rtimes rVert rvert S scr scriptscriptstyle scriptsize scriptstyle searrow
sec Set set setminus sf sharp shortmid shortparallel shoveleft shoveright sideset Sigma
sigma sim simeq sin sinh skew small smallfrown smallint smallsetminus smallsmile smash smile
space spadesuit sphericalangle sqcap sqcup sqrt sqsubset sqsubseteq sqsupset sqsupseteq
square stackbin stackrel star strut Subset subset subseteq subseteqq subsetneq subsetneqq
substack succ succapprox succcurlyeq succeq succnapprox succneqq succnsim succsim sum sup
Supset supset supseteq supseteqq supsetneq supsetneqq surd swarrow symbb symbf symbfcal
symbffrak symbfit symbfscr symbfsf symbfsfit symbfsfup symbfup symcal symfrak symit
symnormal symrm symscr symsf symsfit symsfup symtt symup tag tan tanh tau tbinom TeX text
textbf textcolor textit textnormal textrm textsf textstyle texttt textup tfrac therefore
Theta theta thickapprox thicksim thinspace tilde times Tiny tiny to top triangle
triangledown triangleleft trianglelefteq triangleq triangleright trianglerighteq tt
twoheadleftarrow twoheadrightarrow ulcorner underbrace underbracket underleftarrow
underleftrightarrow underline underparen underrightarrow underset unlhd unrhd upalpha
Uparrow uparrow upbeta upchi Updelta updelta Updownarrow updownarrow upepsilon upeta Upgamma
upgamma upharpoonleft upharpoonright upiota upkappa Uplambda uplambda uplus upmu upnu
Upomega upomega upomicron Upphi upphi Uppi uppi Uppsi uppsi uprho Upsigma upsigma Upsilon
upsilon uptau Uptheta uptheta upuparrows Upupsilon upupsilon upvarepsilon upvarphi upvarpi
upvarrho upvarsigma upvartheta Upxi upxi upzeta urcorner varDelta varepsilon varGamma
varinjlim varkappa varLambda varliminf varlimsup varnothing varOmega varPhi varphi varPi
varpi varprojlim varpropto varPsi varrho varSigma varsigma varsubsetneq varsubsetneqq
varsupsetneq varsupsetneqq varTheta vartheta vartriangle vartriangleleft vartriangleright
varUpsilon varXi vcentcolon vcenter Vdash vDash vdash vdots vec vee veebar Vert vert
vphantom vspace Vvdash wedge widehat widetilde wp wr xcancel Xi xi xLeftarrow xleftarrow
xleftrightarrow xRightarrow xrightarrow yen zeta
"""
_COMMANDS = frozenset(_COMMANDS_TEXT.split())
_SYMBOLS = frozenset(r"\,;:!>{}|_&%#$") | {" ", "\n"}
_ENVIRONMENTS_TEXT = """
equation align alignat aligned alignedat gather gathered multline flalign split eqnarray
array matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix cases dcases rcases drcases
subarray
"""
_ENVIRONMENTS = frozenset(_ENVIRONMENTS_TEXT.split())
# The number of column pairs. MathJax makes as many as it is told to: a million took 7 seconds.
_PAIRS = re.compile(r"\s*(?:\[[tbc]\]\s*)?\{\s*\d{1,2}\s*\}")
_ENVIRONMENTS_WITH_PAIRS = ("alignat", "alignedat")
# Macros that expand their arguments twice, each with the number of these: each level of nesting
# doubles the work.
_DOUBLING = {
    r"\pmb": 1,
    r"\centerOver": 2,
    r"\centernot": 1,
    r"\overbracket": 1,
    r"\underbracket": 1,
}
# MathJax's work for these grows with the square of their content: 4,000 characters took 3 to 5
# seconds.
_QUADRATIC = re.compile(r"\\(?:ce|pu|Bra|Ket|Ketbra|Braket|Set)(?![a-zA-Z])")
_MAX_QUADRATIC = 1000  # characters
_WORD = re.compile(r"\\[a-zA-Z]+|\\.|\S", re.DOTALL)
_COMMAND = re.compile(r"\\([a-zA-Z]+|.)", re.DOTALL)
_BEGIN_OR_END = re.compile(r"\\(?:begin|end)\s*\{([a-zA-Z]+)\*?\}")
_LABEL = re.compile(r"\\label\s*\{[^{}\\]*\}")
_LENGTH = r"-?\d{0,2}(?:\.\d{1,3})?\s*(?:em|ex|pt|mu|px|mm|cm)"
# What a command may be given, where some arguments are not harmless.
_ARGUMENTS = {
    "color": re.compile(r"\s*\{(?:[a-zA-Z]+|#[0-9a-fA-F]{3,6})\}"),
    "hspace": re.compile(rf"\*?\s*\{{{_LENGTH}\}}"),
    "\\": re.compile(rf"(?:\*?\s*\[{_LENGTH}\])?(?!\s*\[)"),
}
_NO_LENGTH = re.compile(r"(?!\s*\[)")  # `\overbracket[99em]` is a bar of that thickness
_ARGUMENTS |= dict.fromkeys(("overbracket", "underbracket", "shoveleft", "shoveright"), _NO_LENGTH)
_ARGUMENTS["skew"] = re.compile(r"\s*(?:\d|\{-?\d{1,2}\})")
_ARGUMENTS |= {"textcolor": _ARGUMENTS["color"], "vspace": _ARGUMENTS["hspace"]}
_REPEATED_COLUMN = re.compile(r"\\begin\s*\{array\}[^\\]*\*\s*\{")  # `{*{9999}{c}}`
_ROW_OF_COMMANDS = re.compile(rf"(?:\\[a-zA-Z]+\s*){{{_MAX_COMMANDS_IN_A_ROW},}}")


def without_labels(source: str) -> str:
    r"""Return the formula without `\label{…}`: labels belong to the page, where each may occur only
    once.
    """
    return _LABEL.sub("", source)


def is_plain_mathematics(source: str) -> bool:
    """Whether this TeX only draws a formula, in bounded time."""
    if len(source) > MAX_CHARACTERS or _nesting(source) > _MAX_DEPTH:
        return False
    if _REPEATED_COLUMN.search(source) or _ROW_OF_COMMANDS.search(source):
        return False
    if len(source) > _MAX_QUADRATIC and _QUADRATIC.search(source):
        return False
    if _doubles_within_another(source):
        return False
    return all(_is_allowed(match, source) for match in _COMMAND.finditer(source))


def _is_allowed(match: re.Match[str], source: str) -> bool:
    name = match.group(1)
    if name in ("begin", "end"):
        environment = _BEGIN_OR_END.match(source, match.start())
        if environment is None or environment.group(1) not in _ENVIRONMENTS:
            return False
        if name == "end" or environment.group(1) not in _ENVIRONMENTS_WITH_PAIRS:
            return True
        return _PAIRS.match(source, environment.end()) is not None
    if name in _ARGUMENTS:
        return _ARGUMENTS[name].match(source, match.end()) is not None
    return name in _COMMANDS or name in _SYMBOLS


def _doubles_within_another(source: str) -> bool:
    r"""Whether a macro that doubles its argument occurs in the argument of another:
    `\pmb{\pmb{x}}`.
    """
    depth = arguments = outer = 0  # `arguments` of the macro at depth `outer` are still to be read
    for word in _WORD.findall(source):
        if word in _DOUBLING:
            if arguments:
                return True
            outer = depth
            arguments = _DOUBLING[word]
            continue
        if word == "{":
            depth += 1
        elif word == "}":
            depth -= 1
        if arguments and (depth < outer or (depth == outer and word != "{")):
            arguments -= 1
    return False


def _nesting(source: str) -> int:
    """Return how deeply groups, environments and fences are nested."""
    depth = deepest = 0
    for match in re.finditer(r"\\(?:begin|left)\b|\\(?:end|right)\b|\\.|[{}]", source, re.DOTALL):
        token = match.group()
        if token in ("{", "\\begin", "\\left"):
            depth += 1
            deepest = max(deepest, depth)
        elif token in ("}", "\\end", "\\right"):
            depth -= 1
    return deepest
