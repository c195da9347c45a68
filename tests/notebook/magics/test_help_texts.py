"""The examples in the magics' help are cells that work."""

import re

import pytest

from ernie_magic.api.parameter import GROUP_TITLES
from ernie_magic.api.parameters import SAMPLERS
from ernie_magic.notebook.magics.help_texts import describe_magic
from tests.ipython_versions import needs_ipython_8


def examples(magic):
    """The cells of a magic's help, indented by four."""
    text = describe_magic(magic).partition("\nExamples\n")[2].partition("\nResult")[0]
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


@needs_ipython_8
@pytest.mark.parametrize("magic", ["%%ernie", "%%ernie_image", "%%ernie_embed", "%%ernie_map"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_help_is_in_the_set_language_and_lists_each_option_once_in_its_group(
    magic, language, shell, ernie
):
    ernie.settings.language = language
    text = shell.object_inspect(magic)["docstring"]
    assert bool(re.search("[\u4e00-\u9fff]", text)) is (language == "zh")
    options = re.findall(r"(?m)^ {4}(?:-\w, )?(--[\w-]+)", text)
    assert len(options) == len(set(options))
    titles = [title.say(language) for title in GROUP_TITLES.values()]
    groups = [line for line in text.splitlines() if line in titles]
    assert groups == [title for title in titles if title in groups]
    assert groups[0] == GROUP_TITLES["everyday"].say(language)


@needs_ipython_8
def test_options_of_qianfan_v1_stand_last_and_ranges_are_those_of_the_default_model(shell, ernie):
    ernie.settings.model = "ernie-4.5-turbo-128k"
    text = shell.object_inspect("%%ernie")["docstring"]
    everyday, _, rest = text.partition("\nSampling\n")
    assert "[2, 12288]" in everyday
    assert "--min-output-tokens" not in everyday
    assert "--min-output-tokens" in rest.partition("\nQianfan V1\n")[2]


@pytest.mark.parametrize("magic", ["%%ernie", "%%ernie_image"])
def test_choices_stand_below_the_help_and_none_is_broken(magic):
    lines = [line.strip() for line in describe_magic(magic).splitlines()]
    assert any(line.startswith("one of: ") for line in lines)
    assert not any(line.startswith("|") or ") (" in line for line in lines)
    if magic == "%%ernie_image":
        listed = " ".join(lines)
        assert all(f"{sampler}," in listed for sampler in SAMPLERS[:-1])


@needs_ipython_8
@pytest.mark.parametrize("magic", ["%ernie", "%ernie_image", "%ernie_heat", "%ernie_search"])
def test_help_of_line_magics_is_in_the_set_language(magic, shell, ernie):
    ernie.settings.language = "en"
    assert not re.search("[\u4e00-\u9fff]", shell.object_inspect(magic)["docstring"])
    ernie.settings.language = "zh"
    assert re.search("[\u4e00-\u9fff]", shell.object_inspect(magic)["docstring"])
