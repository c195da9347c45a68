"""What holds for all tabs of a panel."""

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
