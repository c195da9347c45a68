"""The images tab: pictures of the session, made again, varied and saved."""


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
