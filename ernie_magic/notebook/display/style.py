"""How our outputs look beside the notebook's own text, in one style sheet that each saved output
carries: it works in JupyterLab, Notebook 7, other front ends and nbconvert's HTML, in both themes.

Colours are the page's variables, and greys that suit any background where a page has none. Where
styles are removed (GitHub, an untrusted notebook) the outputs are plain but complete.
"""

from __future__ import annotations

# While an answer streams, an output of this class marks its cell (`LIVE_STYLE`): what streams need
# not carry anything.
_LIVE_MARK = '<span class="ernie-streaming"></span>'
# Of HTML only: what the user's own code prints into the cell is not the model's.
_IN_LIVE_CELL = ".jp-OutputArea:has(.ernie-streaming)>.jp-OutputArea-child>.jp-RenderedHTML"
# The class is named three times where JupyterLab's own rules name as many.
_RULES = """
{answer}{{border-left:3px solid var(--jp-brand-color2,#90caf9);padding:3px 0 3px 12px;overflow-wrap:break-word}}
{answer} h1{{font-size:1.3em}}
{answer} h2{{font-size:1.2em}}
{answer} h3{{font-size:1.1em}}
{answer} :is(h4,h5,h6){{font-size:1em}}
{answer} :is(h1,h2,h3,h4,h5,h6){{font-weight:600;line-height:1.4;margin:.8em 0 .4em}}
{answer} :first-child:is(h1,h2,h3,h4,h5,h6){{margin-top:0}}
{answer} :not(pre)>code{{border-radius:4px}}
{answer} pre.highlight.highlight.highlight{{background:var(--jp-cell-editor-background,rgba(127,127,127,.1));border:1px solid var(--jp-cell-editor-border-color,rgba(127,127,127,.3));border-radius:4px;padding:.6em .8em;font-family:var(--jp-code-font-family,monospace);overflow-x:auto;white-space:pre;word-break:normal}}
"""
_NOTES = """
.ernie-note{opacity:.75}
summary:has(>.ernie-note)::marker{color:#888;font-size:.8em}
.ernie-facts.ernie-facts{margin:.3em 0 .3em 1em}
.ernie-facts.ernie-facts :is(th,td){text-align:left;vertical-align:top;font-weight:normal;padding:.15em 1.2em .15em 0;background:none;overflow-wrap:anywhere}
.ernie-facts.ernie-facts th{white-space:nowrap}
.ernie-facts.ernie-facts tr{background:none}
"""


def _one_line(rules: str) -> str:
    return rules.replace("\n", "")


NOTE_STYLE = f"<style>{_one_line(_NOTES)}</style>"
ANSWER_STYLE = (
    f"<style>{_one_line(_RULES.format(answer='.ernie-answer'))}{_one_line(_NOTES)}</style>"
)
_HIDE_MARK = ".jp-OutputArea-child:has(>.jp-OutputArea-output>.ernie-streaming){display:none}"
LIVE_STYLE = (
    f"{_LIVE_MARK}<style>{_one_line(_RULES.format(answer=_IN_LIVE_CELL))}"
    f"{_one_line(_NOTES)}{_HIDE_MARK}</style>"
)


def framed_answer(markup: str) -> str:
    """An answer's HTML in the frame that sets it apart from the notebook's own text."""
    return f'<div class="ernie-answer">{markup}</div>'


def note_html(markup: str) -> str:
    """A quiet line below what it is about."""
    return f'<small class="ernie-note">{markup}</small>'
