"""The list of models: live, searchable, and replaced by the catalogue when it cannot be had."""

import pytest


def test_the_list_of_models_is_live_searchable_and_grouped(tab, session, emulator):
    picker = tab("chat").selection.picker
    labels = [label for label, _ in picker.dropdown.options]
    assert labels[0] == "default (ernie-4.5-turbo-128k)"
    assert labels[1].startswith("── chat · ")
    assert not any("Stable-Diffusion" in label or "embedding" in label for label in labels)
    picker.search_box.value = "speed"
    assert all(
        "speed" in value or not value or value.startswith("\0")
        for _, value in picker.dropdown.options
    )
    picker.search_box.value = "my-own-model"
    assert picker.dropdown.options[-1] == (
        "my-own-model (not in the list, sent as it is)",
        "my-own-model",
    )
    picker.dropdown.value = "my-own-model"
    assert picker.selected_model == picker.resolved_model == "my-own-model"
    heading = next(
        (
            value
            for _, value in tab("image").selection.picker.dropdown.options
            if value.startswith("\0")
        )
    )
    other = tab("image").selection.picker
    other.dropdown.value = heading
    assert (other.selected_model, other.dropdown.value) == (None, "")


def test_a_list_of_models_that_breaks_is_no_list_that_loads_for_ever(panel, session, monkeypatch):
    made = panel("chat")
    monkeypatch.setattr(session, "models", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        made._model_list._fetch_models()
    assert not made._model_list.is_loading


def test_no_model_is_chosen_by_its_place_while_the_list_is_replaced(
    panel, session, monkeypatch, wait_for_models
):
    picker = panel("chat").tabs["chat"].selection.picker
    assert not picker.dropdown.disabled
    disabled = []
    monkeypatch.setattr(session, "models", lambda: disabled.append(picker.dropdown.disabled) or [])
    picker._model_list.load_models()
    wait_for_models()
    assert (disabled, picker.dropdown.disabled) == ([True], False)


def test_a_list_that_cannot_be_had_is_told_and_the_catalogue_stands_in(panel, emulator):
    emulator.faults.add(status=500, path="/models")
    made = panel("chat")
    assert len(made.tabs["chat"].selection.picker.dropdown.options) > 10
    assert any("ernie-error" in getattr(child, "value", "") for child in made.widget.children)
