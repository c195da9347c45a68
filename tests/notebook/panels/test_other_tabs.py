"""Images, vectors, comparison: each on the session."""

import pytest


@pytest.fixture
def tab(panel, wait):
    def tab_(name):
        return panel(name).tabs[name]

    return tab_


@pytest.fixture
def run(wait):
    def run_(tab, text):
        tab.composer.prompt.value = text
        tab.composer.send_button.click()
        wait(lambda: not tab.is_busy)

    return run_


def cards(tab):
    return [card for card in tab.gallery.children if "ernie-card" in card._dom_classes]


def press(card, place):
    card.children[1].children[place].click()


def test_pictures_are_the_session_s_and_the_cells_pictures_appear(tab, run, session, bodies):
    image = tab("image")
    image.selection.controls.by_name["n"].number_input.value = 2
    image.selection.controls.by_name["seed"].value = 42
    image.selection.controls.by_name["seed"].lock.value = True
    image.selection.controls.by_name["style"].dropdown.value = "Anime"
    run(image, "一只猫")
    assert bodies("/images/generations")[-1] == {
        "model": "Stable-Diffusion-XL",
        "prompt": "一只猫",
        "n": 2,
        "style": "Anime",
        "seed": 42,
    }
    assert len(session.images[-1]) == len(cards(image)) == 2
    assert "data:image/jpeg;base64," in cards(image)[0].children[0].value
    assert "seed 42 (1 of 2)" in cards(image)[0].children[0].value
    session.image("from a cell")
    assert "from a cell" in cards(image)[0].children[0].value
    assert image.saved_html().count("<img") == 3


def test_vary_reuse_and_save(tab, run, session, bodies, wait):
    image = tab("image")
    image.selection.controls.by_name["seed"].value = 7
    image.selection.controls.by_name["seed"].lock.value = True
    run(image, "a cat")
    press(cards(image)[0], 0)
    wait(lambda: not image.is_busy)
    assert bodies("/images/generations")[-1]["seed"] == 8
    image.selection.controls.set_values({})
    image.composer.prompt.value = ""
    press(cards(image)[1], 1)
    assert (image.composer.prompt.value, image.selection.controls.request_parameters) == (
        "a cat",
        {"seed": 7},
    )
    press(cards(image)[1], 2)
    assert image.composer.status.text.startswith("saved: ")
    from pathlib import Path

    assert [file.suffix for file in Path.cwd().iterdir()] == [".png"]


def test_a_call_for_pictures_that_fails_is_told(tab, run, emulator, session):
    image = tab("image")
    emulator.faults.add(status=500, path="/images")
    run(image, "a cat")
    assert image.composer.status.is_error
    assert (session.images, image.composer.prompt.value) == ([], "a cat")


def test_vectors_are_drawn_and_the_nearest_are_found(tab, run, session):
    embed = tab("embed")
    run(embed, "猫在睡觉\n\n猫在吃鱼\n股票大涨\n")
    assert session.last is embed.embeddings
    assert list(embed.embeddings.texts) == ["猫在睡觉", "猫在吃鱼", "股票大涨"]
    assert embed.composer.status.text == ""
    assert embed.view_output.value.count("<td title") == 9
    assert "猫在吃鱼" in embed.nearest_output.value.split("</tr>")[1]
    embed.selected.value = 2
    assert "股票大涨" not in embed.nearest_output.value
    embed.view.value = "plane"
    assert "<svg" in embed.view_output.value
    assert "<table" in embed.saved_html()


def test_no_texts_are_told(tab, run):
    embed = tab("embed")
    run(embed, " ")
    assert embed.composer.status.is_error
    run(embed, "one")
    assert not embed.composer.status.is_error
    assert embed.view_output.value.count("<td title") == 1


def test_columns_have_their_own_model_and_parameters_and_leave_no_turn(tab, run, session, bodies):
    compare = tab("compare")
    compare.column_count.value = 3
    compare.columns[0].selection.picker.selected_model = "ernie-speed-8k"
    compare.columns[1].selection.picker.selected_model = "ernie-5.0"
    compare.columns[1].selection.controls.by_name["temperature"].number_input.value = 0.1
    run(compare, "hi")
    sent = sorted((body["model"], body.get("temperature")) for body in bodies()[-3:])
    assert sent == [("ernie-4.5-turbo-32k", None), ("ernie-5.0", 0.1), ("ernie-speed-8k", None)]
    assert len(session.history) == 0
    assert [column.transcript.shown_turns[0]["model"] for column in compare.columns] == [
        "ernie-speed-8k",
        "ernie-5.0",
        "ernie-4.5-turbo-32k",
    ]
    (piece,) = compare.saved_turns()
    assert piece.startswith("<blockquote>hi</blockquote>")
    assert piece.count("<b>ernie-") == 3


def test_one_column_that_fails_leaves_the_others(tab, run, emulator):
    compare = tab("compare")
    compare.columns[0].selection.picker.selected_model = "no-such-model-at-all"
    run(compare, "hi")
    assert compare.columns[0].status.is_error
    assert not compare.columns[1].status.is_error
    assert len(compare.columns[1].transcript.shown_turns) == 1


def test_a_second_question_while_one_column_is_at_work_is_refused_for_all(tab, emulator, wait):
    compare = tab("compare")
    emulator.faults.add(delay=0.4, times=1)
    compare.composer.prompt.value = "AAA"
    compare.send_prompt()
    compare.composer.prompt.value = "BBB"
    compare.send_prompt()
    assert compare.composer.status.is_error
    wait(lambda: not compare.is_busy)
    assert {column.prompt for column in compare.columns} == {"AAA"}


def test_each_saved_answer_stands_under_its_question(tab, run):
    compare = tab("compare")
    compare.column_count.value = 3
    run(compare, "AAA")
    compare.column_count.value = 2
    run(compare, "BBB")
    (piece,) = compare.saved_turns()
    assert (
        piece.count("BBB</blockquote>"),
        piece.count("AAA</blockquote>"),
        piece.count("<b>ernie-"),
    ) == (1, 0, 2)


def test_reuse_keeps_a_model_that_was_chosen(tab, run):
    image = tab("image")
    image.selection.picker.selected_model = "ERNIE-Image"
    run(image, "a cat")
    press(cards(image)[0], 1)
    assert image.selection.picker.resolved_model == "ERNIE-Image"


def test_the_code_of_each_tab(tab):
    image, embed, compare = tab("image"), tab("embed"), tab("compare")
    image.selection.controls.by_name["style"].dropdown.value = "3D Model"
    image.composer.prompt.value = "山"
    image.code_box.show.value = True
    assert image.code_box.cells == ["%%ernie_image --style '3D Model'\n山"]
    embed.composer.prompt.value = "一\n二"
    embed.code_box.show.value = True
    assert embed.code_box.cells == ["%%ernie_embed\n一\n二"]
    compare.composer.prompt.value = "hi"
    compare.code_box.show.value = True
    assert compare.code_box.cells == [
        "%%ernie --no-history\nhi",
        "%%ernie -m ernie-5.0 --no-history\nhi",
    ]


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
