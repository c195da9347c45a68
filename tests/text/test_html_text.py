"""The words of HTML."""

import pytest

from ernie_magic.text.html_text import words_of_html


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p><b>You</b></p><blockquote>hi<br>there</blockquote>", "You\n\nhi\nthere"),
        ("<style>p{color:red}</style><p>a &lt;b&gt; &amp; c</p>", "a <b> & c"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n\n- two"),
        ("<table><tr><th>a</th><td>b</td></tr></table>", "a\tb"),
        ("<details><summary>4 tokens</summary>id x</details>", "4 tokens\nid x"),
        ('<img src="data:,x" alt="A cat"><img src="y">', "[A cat][image]"),
        ("<pre>x = 1\n  y</pre>", "x = 1\n  y"),
        ("", ""),
    ],
)
def test_each_block_s_words_stand_on_lines_of_their_own(markup, words):
    assert words_of_html(markup) == words
