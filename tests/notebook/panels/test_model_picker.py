"""The list of models: live, searchable, and replaced by the catalogue when it cannot be had."""

import pytest

from tests.model_server import Service


def listed(picker):
    return [entry["id"] for group in picker.box.groups for entry in group["models"]]


def test_the_list_of_models_is_live_and_grouped_by_what_people_look_for(tab, session, emulator):
    picker = tab("chat").selection.picker
    default, *groups = picker.box.groups
    assert default["models"] == [{"id": "", "label": "default (ernie-4.5-turbo-128k)", "facts": ""}]
    labels = [group["label"] for group in groups]
    assert labels[:3] == ["Recommended", "Sees pictures", "Thinking"]
    assert labels[-1] == "Reported retired"
    assert [group["folded"] for group in groups] == [False] * (len(groups) - 1) + [True]
    assert "ernie-4.5-turbo-vl" in [entry["id"] for entry in groups[1]["models"]]
    assert groups[0]["models"][0]["facts"].endswith("12,288 output")
    ids = listed(picker)
    assert len(ids) == len(set(ids))
    assert not any("Stable-Diffusion" in id_ or "embedding" in id_ for id_ in ids)
    embedding = tab("embed").selection.picker
    facts = [entry["facts"] for group in embedding.box.groups for entry in group["models"]]
    assert "384 context" in facts
    images = listed(tab("image").selection.picker)
    assert "Stable-Diffusion-XL" in images
    assert "ernie-speed-8k" not in images


@pytest.mark.parametrize(
    ("message", "chosen"),
    [
        ({"op": "choose", "model": "ernie-5.0"}, "ernie-5.0"),
        ({"op": "choose", "model": ""}, None),
        ({"op": "search", "text": "speed-8"}, "ernie-speed-8k"),
        ({"op": "search", "text": " ERNIE-SPEED-8K"}, "ernie-speed-8k"),
        ({"op": "search", "text": "my-own"}, "my-own"),
        ({"op": "search", "text": " "}, None),
    ],
)
def test_a_model_is_chosen_by_its_id_or_by_what_is_typed(tab, message, chosen):
    picker = tab("chat").selection.picker
    picker._on_message(message)
    assert picker.selected_model == chosen
    assert picker.box.current["id"] == (chosen or "")
    note = "not in the list, sent as it is" if chosen == "my-own" else ""
    assert picker.box.current["note"] == note


def test_a_list_of_models_that_breaks_is_no_list_that_loads_for_ever(panel, session, monkeypatch):
    made = panel("chat")
    monkeypatch.setattr(session, "models", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        made._model_list._fetch_models()
    assert not made._model_list.is_loading


def test_the_list_says_that_it_loads_and_a_choice_made_meanwhile_is_kept(
    panel, session, monkeypatch, wait_for_models
):
    picker = panel("chat").tabs["chat"].selection.picker
    assert not picker.box.is_loading
    loading = []

    def list_models():
        loading.append(picker.box.is_loading)
        picker._on_message({"op": "choose", "model": "ernie-5.0"})
        return []

    monkeypatch.setattr(session, "models", list_models)
    picker._on_message({"op": "reload"})
    wait_for_models()
    assert (loading, picker.box.is_loading) == ([True], False)
    assert picker.selected_model == "ernie-5.0"


def test_a_list_that_cannot_be_had_is_told_and_the_catalogue_stands_in(panel, emulator):
    emulator.faults.add(status=500, path="/models")
    made = panel("chat")
    assert len(listed(made.tabs["chat"].selection.picker)) > 10
    assert any("ernie-error" in getattr(child, "value", "") for child in made.widget.children)


def test_the_default_is_of_the_service_in_use(panel, session, run, monkeypatch, wait_for_models):
    chat = panel("chat").tabs["chat"]
    picker = chat.selection.picker
    assert picker.default_model == "ernie-4.5-turbo-128k"
    server = Service()
    server.listed = {"data": [{"id": "my-model"}]}
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    try:
        session.use("local")
        wait_for_models()
        assert picker.default_model == "my-model"
        assert picker._model_list.model_ids == ["my-model"]
        run(chat, "hi")
        assert server.bodies[-1]["model"] == "my-model"
        assert server.paths.count("/v1/models") == 1
    finally:
        server.stop()


def test_advice_about_models_names_the_list_beside_the_prompt(panel, session, run):
    from ernie_magic.api.default_model import no_model_error
    from ernie_magic.api.models import Listed
    from ernie_magic.notebook.panels.advice import line_in_panel

    tab = panel("chat").tabs["chat"]
    tab.selection.picker.selected_model = "ernie-4.5-turbo-129k"
    run(tab, "hi")
    line = tab.composer.status.text
    assert "ernie-4.5-turbo-128k" in line
    assert "; the list of models has all" in line
    for kind in ("chat", "image", "embedding", "rerank"):
        error = no_model_error(kind, [Listed("m1", {}), Listed("m2", {})])
        for language, choose in (
            ("en", "choose one from the list of models"),
            ("zh", "模型列表里选一个"),
        ):
            said = line_in_panel(error, language)
            assert choose in said
            assert not any(word in said for word in ("%ernie", "-m", "Python"))
