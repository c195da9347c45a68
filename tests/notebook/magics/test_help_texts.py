"""The examples in the magics' help are cells that work."""

import re

import pytest

from ernie_magic.notebook.magics.help_texts import HELP


def examples(magic):
    """The cells of a magic's help, indented by four."""
    text = HELP[magic].partition("/ Examples\n")[2].partition("\n结果")[0]
    blocks = [re.sub("(?m)^ {4}", "", block) for block in text.split("\n\n")]
    return [block for block in blocks if block.startswith(magic)]


@pytest.mark.parametrize(
    ("magic", "sent"),
    [
        ("%%ernie", {"min_p": 0.05, "chat_template_kwargs": {"enable_thinking": False}}),
        ("%%ernie_image", {"quality": "high"}),
        ("%%ernie_embed", {"encoding_format": "float"}),
        ("%%ernie_map", {"min_p": 0.05}),
    ],
)
def test_the_example_of_param_sends_fields_that_are_not_in_the_table(
    magic, sent, run, shell, emulator
):
    shell.user_ns["df"] = [{"text": "你好"}]
    (example,) = [cell for cell in examples(magic) if "--param" in cell]
    result, _ = run(example)
    assert result.success, result.error_in_exec
    # A picture's link is followed afterwards.
    body = next(logged.body for logged in reversed(emulator.requests) if logged.body)
    assert sent.items() <= body.items()
