"""What holds for all tabs of a panel."""

import re

import ipywidgets
import pytest

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
    assert ">ERNIE panel</h4>" in markup
    assert "Saved before anything was asked" in markup
    assert "run %load_ext ernie_magic, then this cell" in markup
    session.settings.language = "zh"
    assert "请先运行 %load_ext ernie_magic，再运行这个单元格" in panel("chat")._static_content()[0]
    session.chat("hi")
    assert "before anything was asked" not in unused._static_content()[0]


@pytest.mark.parametrize(
    ("language", "title", "line", "sections"),
    [
        (
            "en",
            "ERNIE panel",
            "To use the panel, run %load_ext ernie_magic, then this cell",
            ("Chat", "Images", "Vectors", "Compare"),
        ),
        (
            "zh",
            "ERNIE 面板",
            "要继续使用面板，请先运行 %load_ext ernie_magic，再运行这个单元格",
            ("对话", "图片", "向量", "对比"),
        ),
    ],
)
def test_a_saved_panel_says_what_it_is_how_it_is_opened_and_whose_each_part_is(
    panel, session, run, language, title, line, sections
):
    session.settings.language = language
    made = panel()
    for name in ("chat", "image", "embed", "compare"):
        made.choice.value = name
        if name != "compare":
            run(made.tabs[name], "one\ntwo")
    chat_only = made._static_content()
    assert f'<h5 class="ernie-saved-section">{sections[3]}</h5>' not in "".join(chat_only[1])
    run(made.tabs["compare"], "three")
    run(made.tabs["chat"], "four")
    head, turns = made._static_content()
    assert head.startswith(f'<h4 class="ernie-saved-title">{title}</h4><p><small')
    assert line in head
    found = re.findall(r'<h5 class="ernie-saved-section">(.*?)</h5>', head + "".join(turns))
    assert found == [sections[1], sections[2], sections[0], sections[3]]


def test_a_panel_s_widget_stands_in_a_layout_of_one_s_own(panel):
    box = ipywidgets.VBox([panel("chat").widget])
    assert box.children[0].children


def test_a_saved_transcript_has_words_for_readers_without_html(panel, session):
    session.chat("[[echo]]**yes** & no")
    (piece,) = panel("chat")._static_content()[1]
    saved = static_output._saved_data(1, piece)
    assert "\nyes & no\n" in saved["text/plain"]
    assert saved["text/plain"].startswith("Chat\n")
    assert "\nYou\n" in saved["text/plain"]


def test_the_badge_of_a_service_without_its_key_is_not_that_of_one_that_answers(panel, session):
    made = panel("chat")
    chip = made._service_chip
    assert "ernie-unready" not in chip._dom_classes
    session.settings.base_url = session.settings.api_key = ""
    session.settings.service = "qianfan"
    assert "ernie-unready" in chip._dom_classes
    session.settings.api_key = "key-of-qianfan"
    assert "ernie-unready" not in chip._dom_classes


def test_what_was_said_of_one_service_s_list_leaves_with_that_service(panel, session):
    made = panel("chat")
    made._list_status.show_message("it requires a key", is_error=True)
    session.settings.service = "emulator"
    assert made._list_status.text == ""
