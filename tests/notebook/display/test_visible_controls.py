"""A terminal obeys nothing that a model, a service or a tool says; the results keep it exactly."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from ernie_magic.api import requests, results
from ernie_magic.api.models import Listed
from ernie_magic.api.results import ToolRun
from ernie_magic.api.usage import Usage
from ernie_magic.calls.images import pictures
from ernie_magic.calls.tables.result import Mapped
from ernie_magic.notebook.display import embeddings as vectors
from ernie_magic.notebook.display import images as shown_pictures
from ernie_magic.notebook.display import tables as mapped
from ernie_magic.notebook.display.pending import TextView as ResultTextView
from ernie_magic.notebook.display.streaming import TextView
from ernie_magic.runtime.events import Delta
from ernie_magic.text.language import untranslated

HOSTILE = "\x1b]52;c;cm0gLXJm\x07\x1b[2J\x9b31mpaid\rfree\x08\x00\x7f\u202egnp.exe\u2066\u200f\u2028\U000e0041\ud800"
OBEYED = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)


def assert_visible(printed):
    assert "␛]52;c;cm0gLXJm␇" in printed
    assert not OBEYED.search(printed), printed


@pytest.mark.parametrize("options", ["", "--raw", "--no-stream"])
def test_an_answer_is_printed_visibly_and_kept_exactly(shell, ernie, capsys, options):
    said = HOSTILE.replace("\ud800", "")  # a prompt with half a character cannot be sent
    shell.run_cell_magic("ernie", f"--as answer {options}", f"[[echo]]{said}")
    assert_visible(capsys.readouterr().out)
    assert shell.user_ns["answer"].text == str(shell.user_ns["answer"]) == said
    shell.run_cell("%ernie history")
    shell.run_cell("answer")
    shell.run_cell("ernie.history[-1]")
    assert not OBEYED.search(capsys.readouterr().out)


def test_thoughts_notices_tools_and_the_footer(capsys):
    request = requests.ChatRequest(model="m", messages=({"role": "user", "content": "hi"},))
    answer = results.Answer("text", request, model=HOSTILE, finish_reason=HOSTILE)
    for delta in (
        Delta(notice=untranslated(HOSTILE)),
        Delta(reasoning=HOSTILE),
        Delta(tool=ToolRun(HOSTILE, HOSTILE, HOSTILE)),
        Delta(text=HOSTILE),
    ):
        view = TextView("en", colours=True)
        view.show_deltas([delta])
        assert_visible(capsys.readouterr().out)
        view.show_result(answer)
        assert_visible(capsys.readouterr().out)


def test_a_sequence_and_a_line_end_may_come_in_pieces(capsys):
    view = TextView("en", colours=False)
    for piece in ("a\x1b", "]0;t\x07", "b\r", "\nc\r", "d\r"):
        view.show_deltas([Delta(text=piece)])
    view.show_result(None)
    assert capsys.readouterr().out.startswith("a␛]0;t␇b\r\nc␍d")


def test_pictures_tables_and_vectors(capsys):
    view = ResultTextView("en")
    out = io.BytesIO()
    Image.new("RGB", (2, 2)).save(out, "PNG")
    request = requests.ImageRequest(model=HOSTILE, prompt=HOSTILE)
    one = pictures.Picture(request, out.getvalue(), model=HOSTILE)
    images = pictures.ImageSet(
        (one, pictures.Picture(request, url=f"https://x/{HOSTILE}")), request, model=HOSTILE
    )
    texts = results.Embeddings(
        (HOSTILE, "b"),
        np.eye(2, dtype="float32"),
        requests.EmbeddingRequest(model="m", texts=("a", "b")),
        Usage(),
        HOSTILE,
    )
    table = Mapped(
        [],
        [{HOSTILE: HOSTILE, "error": HOSTILE}],
        {0: HOSTILE},
        model=HOSTILE,
        columns=(HOSTILE, "error"),
    )
    for bundle in (
        shown_pictures.mime_bundle(images, "en"),
        vectors.mime_bundle(texts, "en"),
        mapped.mime_bundle(table, "en"),
    ):
        ResultTextView("en").show_result(bundle)
        assert_visible(capsys.readouterr().out)
    view.show_deltas([Delta(notice=untranslated(HOSTILE))])
    assert_visible(capsys.readouterr().out)
    assert_visible(repr(vectors.Plane(texts, np.eye(2, dtype="float32"), HOSTILE, "en")))
    for found in (one, images, texts, table):
        assert not OBEYED.search(repr(found))


def test_the_list_of_models_and_the_examination(ernie, run, monkeypatch):
    monkeypatch.setattr(type(ernie), "models", lambda _self: [Listed(HOSTILE, {})])
    assert_visible(run("%ernie models")[1])
    assert not OBEYED.search(run("%ernie doctor")[1])
    ernie.settings.model = HOSTILE
    assert_visible(run("%ernie config model")[1])
    assert_visible(run("%ernie doctor")[1])
