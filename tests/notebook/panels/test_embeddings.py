"""The embeddings tab: vectors are drawn, and the nearest are found."""


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


def test_a_negative_similarity_has_one_minus_sign_in_the_list_and_in_the_map(tab, run):
    embed = tab("embed")
    run(embed, "猫在睡觉\n猫在吃鱼\n今天天气很好")
    shown = embed.nearest_output.value + embed.view_output.value
    assert "−0.087<" in shown
    assert "−0.09<" in shown
    assert "-0.0" not in shown
