"""The images tab: pictures of the session, made again, varied and saved."""

import base64


def batches(tab):
    return [batch for batch in tab.gallery.children if "ernie-batch" in batch._dom_classes]


def cards(tab):
    return [card for batch in batches(tab) for card in batch.children[1].children]


def head(batch):
    return batch.children[0].value


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
    assert [len(batch.children[1].children) for batch in batches(image)] == [2]
    assert "<b>一只猫</b><small>Stable-Diffusion-XL · 1024x1024 · seed 42 · " in head(
        batches(image)[0]
    )
    session.image("from a cell")
    assert [head(batch).split("</b>")[0] for batch in batches(image)] == [
        "<b>from a cell",
        "<b>一只猫",
    ]
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


def test_reuse_keeps_a_model_that_was_chosen(tab, run):
    image = tab("image")
    image.selection.picker.selected_model = "ERNIE-Image"
    run(image, "a cat")
    press(cards(image)[0], 1)
    assert image.selection.picker.resolved_model == "ERNIE-Image"


def test_a_picture_is_asked_for_as_often_as_the_panel_says(tab, run, session, emulator, bodies):
    image = tab("image")
    session.settings.retry_count = 4
    image.selection.controls.by_name["retry_count"].number_input.value = 2
    image.selection.controls.by_name["backoff_factor"].value = 0.0
    emulator.faults.add(code="rpm_rate_limit_exceeded", times=9)
    run(image, "cat")
    assert len(bodies("/images/generations")) == 2
    assert image.composer.status.is_error
    emulator.faults.clear()
    code = image.generate_code()[0]
    assert "--retry-count 2 --backoff-factor 0.0" in str(code.magic.en)
    assert "retry_count=2, backoff_factor=0.0" in code.python
    assert "max_retries=1)" in code.openai.en


def test_an_empty_gallery_offers_prompts_and_one_is_drawn_by_a_click(tab, wait, session):
    image = tab("image")
    assert image.gallery.children == (image.start,)
    image.start.children[1].click()
    wait(lambda: not image.is_busy)
    assert [images[0].prompt for images in session.images] == ["A white cat in a red hat"]
    assert len(cards(image)) == len(image.gallery.children) == 1


def test_pictures_being_made_have_their_places_in_their_ratio(tab, wait, emulator):
    image = tab("image")
    emulator.faults.add(delay=0.6, times=1, path="/images")
    image.selection.controls.by_name["n"].value = 3
    image.selection.controls.by_name["size"].value = "1024x576"
    image.composer.prompt.value = "a cat"
    image.send_prompt()
    (batch,) = batches(image)
    assert head(batch).startswith("<b>a cat</b>")
    places = batch.children[1].value
    assert places.count('style="aspect-ratio:1024 / 576"') == 3
    wait(lambda: not image.is_busy)
    assert len(cards(image)) == 3
    emulator.faults.add(status=500, path="/images")
    image.send_prompt()
    wait(lambda: not image.is_busy)
    assert len(cards(image)) == 3
    assert len(batches(image)) == 1


def test_the_large_view_gets_the_picture_as_it_was_received(panel, session, monkeypatch):
    session.image("a cat")
    opened = panel("image")
    sent = []
    monkeypatch.setattr(opened._frontend, "send", sent.append)
    opened._on_frontend_message({"op": "original", "picture": 1})
    content = base64.b64encode(session.images[0][0].content).decode()
    assert sent == [{"op": "original", "picture": 1, "address": f"data:image/png;base64,{content}"}]
    opened._on_frontend_message({"op": "original", "picture": 99})
    assert sent[1]["address"] == ""
