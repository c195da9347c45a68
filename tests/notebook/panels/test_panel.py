"""What holds for all tabs of a panel."""

import ipywidgets

from ernie_magic.notebook.panels import static_output
from ernie_magic.notebook.panels.embeddings import EmbedTab
from ernie_magic.notebook.panels.panel import TABS


def test_the_tab_that_was_left_is_hidden_while_another_is_built(panel, monkeypatch):
    opened = panel("chat", "embed")
    meanwhile = []

    def displays():
        return {name: tab.widget.layout.display for name, tab in opened.tabs.items()}

    class Watched(EmbedTab):
        def __init__(self, *given):
            meanwhile.append(displays())
            super().__init__(*given)

    monkeypatch.setitem(TABS, "embed", Watched)
    assert displays() == {"chat": None}
    opened.choice.value = "embed"
    assert meanwhile == [{"chat": "none"}]
    assert displays() == {"chat": "none", "embed": None}
    opened.choice.value = "chat"
    assert displays() == {"chat": None, "embed": "none"}
    assert len(meanwhile) == 1


def test_a_panel_says_in_a_terminal_that_it_needs_a_notebook(panel, capsys):
    panel("chat")._ipython_display_()
    told = "the panel needs a notebook (JupyterLab, Notebook or VS Code); here %%ernie asks"
    assert told in capsys.readouterr().out


def test_a_panel_saved_before_anything_was_asked_says_how_it_is_opened_again(panel, session):
    unused = panel("chat", "image")
    markup, turns = unused._static_content()
    assert turns == []
    assert "ERNIE panel, saved before anything was asked" in markup
    assert "run %load_ext ernie_magic, then this cell" in markup
    session.settings.language = "zh"
    assert "请先运行 %load_ext ernie_magic，再运行这个单元格" in panel("chat")._static_content()[0]
    session.chat("hi")
    assert unused._static_content()[0] == ""  # what was asked stands there


def test_a_panel_s_widget_stands_in_a_layout_of_one_s_own(panel):
    box = ipywidgets.VBox([panel("chat").widget])
    assert box.children[0].children


def test_a_saved_transcript_has_words_for_readers_without_html(panel, session):
    session.chat("[[echo]]**yes** & no")
    (piece,) = panel("chat")._static_content()[1]
    saved = static_output._saved_data(1, piece)
    assert "\nyes & no\n" in saved["text/plain"]
    assert saved["text/plain"].startswith("You\n")
