"""Help and Tab on the session's calls, in a real shell."""

import pytest
from IPython.core.completer import provisionalcompleter


@pytest.mark.parametrize("name", ["image", "aimage", "embed", "aembed", "map", "amap", "rerank"])
def test_a_question_mark_shows_the_signature_and_the_parameters(shell, ernie, name):
    found = shell.object_inspect(f"ernie.{name}", detail_level=0)
    assert found["definition"].startswith(f"ernie.{name}(")
    assert "model: str | None = None" in found["definition"]
    assert "Stream" not in found["definition"]
    assert "Parameters\n----------" in found["docstring"]
    assert "def begin_" in shell.object_inspect(f"ernie.{name}", detail_level=1)["source"]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("ernie.image(down", "download="),
        ("ernie.aimage(down", "download="),
        ("ernie.embed(prog", "progress="),
        ("await ernie.amap('x', rows, resu", "resume="),
        ("ernie.rerank(docu", "documents="),
        ("ernie.complete('x', endp", "endpoint="),
        ("tutor.chat('x', hist", "history="),
        ("ernie.wire.post(bo", "body="),
    ],
)
def test_tab_offers_the_arguments_of_a_call(shell, ernie, typed, offered):
    shell.Completer.use_jedi = False
    shell.user_ns["tutor"] = ernie["tutor"]
    with provisionalcompleter():
        texts = {each.text for each in shell.Completer.completions(typed, len(typed))}
    assert offered in texts
