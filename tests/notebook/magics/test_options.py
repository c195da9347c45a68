"""The first line of `%%ernie`."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.chat import CHAT_GRAMMAR, parse_chat_line
from ernie_magic.notebook.magics.words import split_words

NAMES = {"t": 0.3, "name": "小 明"}


def line(text):
    return parse_chat_line(text, NAMES)


def test_an_empty_line_says_nothing():
    said = line("")
    assert said.chat.parameters == {}
    assert (said.chat.model, said.chat.system, said.chat.stream, said.chat.history) == (
        None,
        None,
        None,
        True,
    )


def test_every_option_of_the_issue_is_there():
    assert set(CHAT_GRAMMAR.all_flags()) >= {
        "-m",
        "--model",
        "--system",
        "--temperature",
        "--top-p",
        "--penalty-score",
        "--max-completion-tokens",
        "--stop",
        "--seed",
        "--frequency-penalty",
        "--presence-penalty",
        "--response-format",
        "--user",
        "--as",
        "-s",
        "--session",
        "--no-history",
        "--no-stream",
        "--raw",
        "--param",
    }


def test_options_become_the_api_s_fields():
    said = line(
        '-m ernie-speed-8k --temperature 0.3 --stop 。 --stop "\\n" --seed 7 --response-format '
        'json_object --system "be brief" '
        "--as a -s tutor --no-history --no-stream --param top_k=5 --param safety=low"
    )
    assert said.chat.model == "ernie-speed-8k"
    assert said.chat.parameters == {
        "temperature": 0.3,
        "stop": ["。", "\\n"],
        "seed": 7,
        "response_format": "json_object",
    }
    assert (said.chat.system, said.chat.stream, said.chat.history) == ("be brief", False, False)
    assert said.chat.extra == {"top_k": 5, "safety": "low"}
    assert (said.as_name, said.session) == ("a", "tutor")


def test_values_may_be_expressions_with_spaces():
    said = line("--temperature {{ t * 2 }} --system 你是{{name}}的老师")
    assert said.chat.parameters == {"temperature": 0.6}
    assert said.chat.system == "你是小 明的老师"


@pytest.mark.parametrize(
    ("text", "parameters", "system"),
    [
        ("--seed=-5", {"seed": -5}, None),
        ("--presence-penalty -0.5", {"presence_penalty": -0.5}, None),
        ("--system '- be brief'", {}, "- be brief"),
        ("--system -x", {}, "-x"),
    ],
)
def test_a_value_may_begin_with_a_dash(text, parameters, system):
    assert (line(text).chat.parameters, line(text).chat.system) == (parameters, system)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("--temprature 0.3", "no option --temprature. What to do: did you mean --temperature?"),
        ("--temperature hot", "temperature 'hot' is not a number in (0.0, 1.0]."),
        ("--seed 1.5", "seed '1.5' is not a whole number in (0, 2147483647)."),
        ("--temperature", "--temperature needs a value."),
        ("--as 1x", "--as '1x' is not a variable's name."),
        ("--as ernie", "--as 'ernie' is not a variable's name."),
        ("--no", "no option --no. What to do: did you mean --stop?"),
        ("--help", "no option --help. What to do: %%ernie? shows all options and examples."),
        ("--as class", "--as 'class' is not a variable's name."),
        ("--param top_k", "--param requires name=value, not 'top_k'."),
        (
            "hello",
            (
                "'hello' is not an option. What to do: the prompt goes on the next line; a value "
                "with spaces goes in double quotes; the model is given by -m."
            ),
        ),
        (
            "--system don't",
            (
                "a quotation is not closed: --system don't. What to do: put a value with spaces or "
                "an apostrophe in double quotes."
            ),
        ),
    ],
)
def test_mistakes_are_one_clear_line(text, told):
    with pytest.raises(InvalidOption) as caught:
        line(text)
    assert caught.value.line("en") == told
    assert caught.value.line("zh") != told


@given(st.text(st.sampled_from("ab '\"\\\t\r\n\u3000-="), max_size=12))
def test_a_line_is_split_as_a_shell_would(line):
    try:
        expected = shlex.split(line)
    except ValueError:
        with pytest.raises(InvalidOption):
            split_words(line)
    else:
        assert split_words(line) == expected
