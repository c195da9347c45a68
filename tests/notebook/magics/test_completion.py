"""Tab completes options, models and variables."""

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter

from ernie_magic.api.catalogue import CATALOGUE
from ernie_magic.notebook.magics.completion_candidates import list_candidates
from tests.ipython_versions import needs_ipython_8


def test_completion_offers_options_models_and_choices_on_the_first_line_only(shell):
    shell.Completer.use_jedi = False

    def offered(text):
        with provisionalcompleter():
            return {c.text for c in shell.Completer.completions(text, len(text))}

    assert "--temperature" in offered("%%ernie --temp") | {
        f"--{text}" for text in offered("%%ernie --temp")
    }
    assert any(
        "ernie-4.5-turbo-128k".endswith(text) for text in offered("%%ernie -m ernie-4.5-turbo-1")
    )
    assert offered("%ernie do") == {"doctor"}
    assert offered("%ernie use em") == {"emulator"}
    assert not any("temperature" in text for text in offered("%%ernie\n--temp"))


def test_tab_offers_models_in_the_order_of_the_panel_and_of_the_table(shell):
    shell.Completer.use_jedi = False
    line = "%%ernie -m "
    with provisionalcompleter():
        offered = [c.text for c in shell.Completer.completions(line, len(line))]
    assert offered[:3] == ["ernie-4.5-turbo-128k", "ernie-5.0", "ernie-4.5-turbo-32k"]
    assert offered.index("ernie-4.5-turbo-vl") < offered.index("ernie-3.5-128k")


@needs_ipython_8
def test_tab_completes_options_models_and_pictures(run, shell):
    run("%%ernie_image --as cats\n猫")

    def completed(line):
        with provisionalcompleter():
            return {c.text for c in shell.Completer.completions(line, len(line))}

    assert {"--negative-prompt", "--save"} <= completed("%%ernie_image --")
    assert completed("%%ernie_image -m ERNIE-") == {"ERNIE-Image", "ERNIE-Image-Turbo"}
    assert completed("%%ernie_image --edit cats -m ") == {"qwen-image-edit", "ernie-irag-edit"}
    assert "cats" in completed("%%ernie_image --edit ca")
    assert "ernie-4.0-8k" not in completed("%%ernie_image -m ernie")
    assert completed("%%ernie_image --style Ani") == {"Anime"}
    assert "cats" in completed("%ernie_image redo ca")
    assert completed("%ernie_image re") == {"redo"}
    assert "cats" in completed("%%ernie --image ca")


def test_a_question_mark_shows_each_parameter_and_two_the_source(run, shell):
    run("pass")
    session = shell.user_ns["ernie"]
    shown = shell.inspector.info(session.chat, "ernie.chat", detail_level=0)
    assert "\n    prompt: str | Sequence[Message],\n" in shown["definition"]
    assert "\n    temperature: float | None = None,\n" in shown["definition"]
    assert shown["definition"].endswith(") -> Answer")
    assert "temperature : float in (0.0, 1.0]; 0.95 by default" in shown["docstring"]
    source = shell.inspector.info(session.image, "ernie.image", detail_level=1)["source"]
    assert "def begin_image(" in source


@needs_ipython_8
def test_tab_completes_keyword_arguments_and_names_in_the_order_of_use(run, shell):
    run('tutor = ernie["tutor"]')
    shell.Completer.use_jedi = False  # in a kernel: tests/kernel/test_completion.py

    def offered(code):
        with provisionalcompleter():
            return [c.text for c in shell.Completer.completions(code, len(code))]

    for code, expected in {
        'await ernie.achat("x", tem': ["temperature="],
        'ernie.begin_image("x", guid': ["guidance_scale="],
        'tutor.stream("x", max_': ["max_completion_tokens=", "max_tokens="],
        "ernie.redo(tutor, wat": ["watermark="],
    }.items():
        assert offered(code) == expected
    assert "tutor" in offered('ernie.chat("x", tu')
    assert offered('ernie.chat("x", t')[:2] == ["temperature=", "thinking="]
    assert "tutor" in offered('ernie.chat("x", t')
    assert "system=" in offered("ernie.chat(")
    assert "temperature=" not in offered('ernie.chat("x", temperature=1, tem')
    assert offered('ernie.chat("x", system=tuto') == ["tutor"]
    assert offered("print(tutor, se")[:1] == ["sep="]
    assert offered("ernie.")[:5] == ["chat", "stream", "image", "embed", "map"]
    assert offered("x = 1\ntutor.")[:3] == ["chat", "stream", "history"]
    assert offered("ernie.settings.")[:2] == ["service", "model"]
    assert offered("ernie.settings.temp") == ["temperature"]
    assert offered("ernie.client.")[:1] != ["chat"]
    assert "chat" not in offered("shell.")
    assert offered("%%ernie\nAsk ernie.")[:2] != ["chat", "stream"]


def test_dir_has_no_internals_and_begins_with_what_is_used_most(run, shell):
    run("%%ernie\nhi")
    session = shell.user_ns["ernie"]
    for owner, first, internal in (
        (session, ["chat", "stream", "image"], {"changed", "client", "with_language"}),
        (session["tutor"], ["chat", "stream", "history"], {"ask_with_options", "plan_prompt"}),
        (session.history, ["messages", "clear"], {"append", "changed", "replace"}),
        (session.usage, ["total", "by_model"], {"add"}),
        (session.last, ["text"], set()),
        (session.settings, ["service", "model"], {"assign_text", "trait_names", "observe"}),
    ):
        names = owner.__dir__()
        assert names[: len(first)] == first
        assert not internal & {*names}
        assert all(hasattr(owner, name) for name in (*names, *internal))
        assert len(names) == len({*names})
    assert {"__class__", "__init__"} <= {*dir(session)}


@needs_ipython_8
def test_tab_lists_models_in_the_order_of_the_table(run, shell, ernie):
    table = run("%ernie models chat")[0].result
    offered = list_candidates(ernie, {}, ["%%ernie", "-m", ""], "")
    retired = [model.id for model in CATALOGUE if model.retired]
    assert offered == [row[0] for row in table.rows if row[0] not in retired]
    with provisionalcompleter():
        line = "%%ernie -m "
        texts = [each.text for each in shell.Completer.completions(line, len(line))]
    assert texts[:2] == ["ernie-4.5-turbo-128k", "ernie-5.0"]


def test_tab_offers_retired_models_only_where_nothing_else_fits(run, ernie):
    def offered(word):
        return list_candidates(ernie, {}, ["%%ernie", "-m", word], word)

    for _ in range(2):
        assert {"ernie-4.5-turbo-128k", "ernie-4.5-turbo-vl"} <= set(offered("ernie-4"))
        assert not [model for model in offered("ernie-4") if model.startswith("ernie-4.0")]
        assert "ernie-4.0-8k" in offered("ernie-4.0")
        run("%ernie models chat")  # the live list, too, has them


def test_before_the_live_list_is_known_only_models_of_the_service_are_offered(ernie):
    offered = list_candidates(ernie, {}, ["%%ernie", "-m", ""], "")
    assert offered[0] == "ernie-4.5-turbo-128k"
    assert "ChatLaw" not in offered
    ernie.use("qianfan-v1")
    assert "ChatLaw" in list_candidates(ernie, {}, ["%%ernie", "-m", ""], "")


def weather(city: str) -> str:
    return city


NAMESPACE = {
    "weather": weather,
    "tools": [{"type": "function", "function": {"name": "f"}}],
    "df": pd.DataFrame({"t": ["a"]}),
    "rows": [{"t": "a"}],
    "texts": ["a", "b"],
    "number": 5,
    "_hidden": ["a"],
}


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("%ernie history -", ["-n", "-s"]),
        ("%ernie history -n 3 -", ["-n", "-s"]),
        ("%ernie limits ", ["reset"]),
        ("%ernie panel chat im", ["image"]),
        ("%ernie config langu", ["language"]),
        ("%ernie config language ", ["zh", "en", "default"]),
        ("%ernie config stream ", ["on", "off", "default"]),
        ("%ernie config service em", ["emulator"]),
        ("%ernie config model ernie-4.5-turbo-1", ["ernie-4.5-turbo-128k"]),
        ("%ernie config response-format json_o", ["json_object"]),
        ("%%ernie --tools ", ["weather", "tools"]),
        ("%%ernie --thinking ", ["on", "off"]),
        ("%%ernie_map ", ["df", "rows"]),
        ("%%ernie_map df --t", ["--temperature", "--template", "--thinking"]),
        ("%ernie_heat ", ["texts"]),
        ("%ernie_search te", ["texts"]),
        ("%ernie_map2d texts --method ", ["pca", "umap"]),
        ("%%ernie_embed --invalid ", ["error", "truncate", "skip"]),
        ("%%ernie_image -m irag-1.0 --size ", ["1024x1024", "512x512", "2048x2048"]),
    ],
)
def test_tab_offers_what_may_follow(ernie, line, offered):
    weather.__module__ = "__main__"
    words = line.split(" ")
    found = list_candidates(ernie, NAMESPACE, words, words[-1])
    assert found[: len(offered)] == offered
