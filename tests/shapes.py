r"""Shapes of input on which a parser may take more than linear time.

They repeat, nest, or open and never close. Each makes a text of about the requested length. They
are those of CommonMark's own pathological tests
(https://github.com/commonmark/commonmark-spec/blob/master/test/pathological_tests.py), of reports
on Markdown renderers, and of issue trackers of models' front ends.
"""

from itertools import count

FENCE = "```"


def repeated(piece, before="", after=""):
    """This piece, repeated up to that many characters."""
    return lambda size: before + piece * (size // len(piece)) + after


def nested(opening, middle, closing):
    return lambda size: (
        opening * (size // (len(opening) + len(closing)))
        + middle
        + closing * (size // (len(opening) + len(closing)))
    )


def numbered(piece):
    """That many pieces, each with its number."""

    def made(size):
        pieces, length = [], 0
        for i in count():
            if length >= size:
                return "".join(pieces)
            pieces.append(piece.format(i))
            length += len(pieces[-1])
        return ""

    return made


def runs_of(mark, between):
    """Growing runs of a mark: none closes another."""

    def made(size):
        pieces, length = [], 0
        for i in count(1):
            if length >= size:
                return between.join(pieces)
            pieces.append(mark * i)
            length += i + len(between)
        return ""

    return made


SHAPES = {
    "link ends with entities": repeated("](&amp;"),
    "brackets of formulas that end in dollars": repeated("\\(", after="$\\)"),
    "brackets of formulas": repeated("\\("),
    "closed brackets of formulas": repeated("\\(x\\) "),
    "square brackets of formulas": repeated("\\["),
    "formulas that end otherwise": repeated("\\(x\\] "),
    "opening brackets": repeated("["),
    "closing brackets": repeated("]"),
    "nested brackets": nested("[", "a", "]"),
    "nested brackets with links": nested("[", "a", "](b)"),
    "picture openings": repeated("!["),
    "nested pictures": nested("![", "a", "](b)"),
    "link middles": repeated("]("),
    "links that never end": repeated("[a](<b"),
    "links that never end in blanks": repeated('[a](b "c'),
    "links": repeated("[a](https://b.c) "),
    "empty links": repeated("[]() "),
    "links in round brackets": repeated("[a]((("),
    "emphasis openings": repeated("*a "),
    "underscores": repeated("_ "),
    "emphasis mixes": repeated("**a*"),
    "emphasis that nests": nested("*a **a ", "b", "** a* "),
    "stars": repeated("*"),
    "underscores in words": repeated("a_b"),
    "mixed marks": repeated("*_**__~~"),
    "tildes": repeated("~~"),
    "strikethrough": repeated("~~a~ "),
    "growing runs of backticks": runs_of("`", "e"),
    "backticks": repeated("`"),
    "single backticks": repeated("`a` "),
    "angle brackets": repeated("<"),
    "tags that never end": repeated("<a "),
    "tags with attributes": repeated("<a href='x' "),
    "comments": repeated("<!--"),
    "processing instructions": repeated("<?"),
    "declarations": repeated("<!A "),
    "cdata": repeated("<![CDATA["),
    "closing tags": repeated("</b>"),
    "tags": repeated("<b>a</b>"),
    "open tags": repeated("<b>"),
    "ampersands": repeated("&"),
    "entities": repeated("&amp;"),
    "numeric entities": repeated("&#60;"),
    "entities that never end": repeated("&aaaaaaa"),
    "a table of many columns": lambda size: (
        "|"
        + "a|" * (size // 8)
        + "\n|"
        + "-|" * (size // 8)
        + "\n|"
        + "a|" * (size // 8)
        + "\n"
        + "|a\n" * (size // 16)
    ),
    "a table of many rows": repeated("| a | b |\n", "| a | b |\n|---|---|\n"),
    "table heads": repeated("| a |\n|---|\n\n"),
    "bars": repeated("|"),
    "a table's rule": repeated("-|"),
    "a table of formulas": repeated("| $a$ | `b` |\n", "| a | b |\n|---|---|\n"),
    "nested quotes": repeated("> ", after="a"),
    "quotes": repeated("> a\n"),
    "quotes of growing depth": lambda size: "\n".join(
        ">" * i + " a" for i in range(1, int((2 * size) ** 0.5))
    ),
    "nested lists": lambda size: "".join(" " * (2 * i) + "- a\n" for i in range(1, int(size**0.5))),
    "nested lists in a line": repeated("- ", after="a"),
    "lists": repeated("- a\n"),
    "loose lists": repeated("- a\n\n"),
    "numbered lists": numbered("{}. a\n"),
    "task lists": repeated("- [ ] a\n"),
    "lists with blank items": repeated("-\n"),
    "list that alternates": repeated("- a\n* a\n"),
    "definitions": numbered("[a{}]: b\n"),
    "one definition over and over": repeated("[a]: b\n"),
    "definitions and their uses": lambda size: (
        numbered("[a{}]: b\n")(size // 2) + "\n" + numbered("[a{}] ")(size // 2)
    ),
    "definitions that never end": repeated("[a]: <b\n"),
    "titles that never end": repeated("[a]: b '\n"),
    "fences that never close": repeated(f"{FENCE}\n{FENCE}`\n"),
    "one fence that never closes": repeated("a = 1\n", f"{FENCE}python\n"),
    "a fence of brackets": repeated("(", f"{FENCE}python\n", f"\n{FENCE}"),
    "a fence of quotes": repeated("'\"", f"{FENCE}javascript\n", f"\n{FENCE}"),
    "fences": repeated(f"{FENCE}python\na = 1\n{FENCE}\n"),
    "fences in lists": repeated(f"- {FENCE}\n"),
    "a long info string": repeated("a", FENCE, "\nb\n"),
    "dollars": repeated("$"),
    "dollars with letters": repeated("$a"),
    "formulas": repeated("$a$ "),
    "double dollars": repeated("$$a"),
    "double dollars on lines": repeated("$$\na\n"),
    "prices": repeated("$5 "),
    "dollars and backslashes": repeated("\\$"),
    "environments": repeated("\\begin{a}"),
    "environments that nest": nested("\\begin{align}", "a", "\\end{align}"),
    "environments on lines": repeated("\\begin{align}\na\n\\end{align}\n"),
    "braces": repeated("${", after="}$"),
    "commands": repeated("\\frac", "$", "$"),
    "one long formula": repeated("x+", "$$", "$$"),
    "references": repeated("\\ref{a}"),
    "backslashes": repeated("\\"),
    "backslashes and line ends": repeated("\\\n"),
    "one long line": repeated("a"),
    "one long line of words": repeated("word "),
    "Chinese": repeated("春江潮水连海平，海上明月共潮生。"),
    "emoji": repeated("👨‍👩‍👧‍👦🎉"),
    "combining marks": repeated("a\u0301\u0302"),
    "addresses": repeated("https://a.b/c "),
    "addresses with brackets": repeated("https://a.b/((("),
    "bare domains": repeated("www."),
    "autolinks": repeated("<https://a.b> "),
    "mail addresses": repeated("a@b.c "),
    "at signs": repeated("a@"),
    "colons": repeated("http:"),
    "headings": repeated("# a\n"),
    "heading marks": repeated("#"),
    "headings that end": repeated("# a #", after="\n"),
    "underlined headings": repeated("a\n=\n"),
    "equals signs": repeated("=\n"),
    "rules": repeated("---\n"),
    "tiny paragraphs": repeated("a\n\n"),
    "lines": repeated("a\n"),
    "line ends": repeated("\n"),
    "carriage returns": repeated("\r"),
    "blanks": repeated(" ", "a", "b"),
    "blank lines with blanks": repeated("   \n"),
    "tabs": repeated("\t", "a", "b"),
    "tabs and lines": repeated("\t\n- \n"),
    "hard breaks": repeated("a  \n"),
    "indented code": repeated("    a\n"),
    "footnotes": numbered("[^{}]: a\n"),
    "inline footnotes": repeated("^[a"),
    "zero bytes": repeated("\0"),
    "html that opens details": repeated("<details>\n"),
    "backticks and brackets": repeated("`["),
    "backticks and dollars": repeated("`$"),
    "quotes and apostrophes": repeated("\"'"),
}
