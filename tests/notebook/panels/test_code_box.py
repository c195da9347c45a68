"""What a tab would run, as cells."""


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
