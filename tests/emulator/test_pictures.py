"""Pictures that the emulator draws."""

import pytest


@pytest.mark.parametrize("prompt", ["a\rb", "a\x85b", "a\nb", "\x00", "字\u2028"])
def test_a_picture_is_drawn_whatever_its_prompt_holds(prompt):
    from ernie_magic.emulator import pictures

    assert pictures.draw_picture(prompt, "Base", (1024, 1024), 1).startswith(b"\x89PNG")
