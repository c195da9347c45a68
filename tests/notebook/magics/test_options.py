"""The first line of `%%ernie`."""

import json
import shlex
import time
from contextlib import suppress
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ernie_magic.api.parameters import parameters_of
from ernie_magic.calls.chat.tools import split_tools
from ernie_magic.errors import InvalidExpression, InvalidOption
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
        "stop": ["。", "\n"],
        "seed": 7,
        "response_format": "json_object",
    }
    assert (said.chat.system, said.chat.stream, said.chat.history) == ("be brief", False, False)
    assert said.chat.extra == {"top_k": 5, "safety": "low"}
    assert (said.as_name, said.session) == ("a", "tutor")


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("--top_p 0.4", {"top_p": 0.4}),
        ("--top_p=0.4 --max_completion_tokens 9", {"top_p": 0.4, "max_completion_tokens": 9}),
        ("--retry_count 2", {"retry_count": 2}),
        ("--stop --a_b", {"stop": ["--a_b"]}),
    ],
)
def test_a_name_may_be_written_as_on_the_api_s_page(text, fields):
    assert line(text).chat.parameters == fields


@pytest.mark.parametrize(
    ("written", "value"),
    [("True", True), ("False", False), ("None", None), ("true", True), ("Trueish", "Trueish")],
)
def test_a_field_of_param_may_be_a_constant_as_python_writes_it(written, value):
    assert line(f"--param x={written}").chat.extra == {"x": value}


FIELDS = {
    "a": {"k": [1, None]},
    "b": ["x", 'y "z"'],
    "c": None,
    "d": True,
    "e": np.int64(5),
    "f": np.array([1.5, 2.0]),
    "g": (1, 2),
    "h": "007",
    "i": 'a "b" = c',
    "j": {"n": np.float32(0.5)},
    "k": PurePosixPath("/x"),
}
SENT = FIELDS | {"e": 5, "f": [1.5, 2.0], "g": [1, 2], "j": {"n": 0.5}, "k": "/x"}


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("written", ["--param {0}={{{{{0}}}}}", "--param=x={{{{ {0} }}}}"])
def test_a_variable_in_a_field_is_sent_as_what_it_is(name, written):
    extra = parse_chat_line(written.format(name), FIELDS).chat.extra
    assert list(extra.values()) == [SENT[name]]
    assert type(*extra.values()) is type(SENT[name])


def test_a_field_with_words_around_a_variable_is_a_text():
    found = parse_chat_line("--param x=v{{e}} --param {{'y=1'}} --param z={{g[0]}}0", FIELDS)
    assert found.chat.extra == {"x": "v5", "y": 1, "z": 10}


STOPS = {
    '--stop ["a","b"]': ["a", "b"],
    '--stop ["a", "b"] --stop c': ["a", "b", "c"],
    "--stop {{['a', 'b']}}": ["a", "b"],
    "--stop {{words}}": ["a", "it's"],
    '--stop ["\\n"]': ["\n"],
    '--stop ["\\nUser:", "。"]': ["\nUser:", "。"],
    '--stop {{"\\n"}}': ["\n"],
    "--stop {{latex}} --stop {{words[1]}}": [r"\nabla", "it's"],
    '--stop "\\n"': ["\n"],
    '--stop "\\n\\nUser:" --stop \\t': ["\n\nUser:", "\t"],
    '--stop ["\\\\nabla"]': ["\\nabla"],
    "--stop [a, b]": ["a", "b"],
    "--stop [“a”,‘b’]": ["a", "b"],
    "--stop “a”，“b”": ["a", "b"],
    '--stop "。","？"': ["。", "？"],
    '--stop="。","？"': ["。", "？"],
    "--stop 'a','b' --stop c": ["a", "b", "c"],
    "--stop (a, b)": ["a", "b"],
    "--stop a,b": ["a,b"],
    "--stop [END]": ["[END]"],
    "--stop (a)": ["(a)"],
    "--stop []": ["[]"],
    "--stop [1]": ["[1]"],
    "--stop [": ["["],
    "--stop {}": ["{}"],
}


@pytest.mark.parametrize("text", STOPS)
def test_a_list_of_stop_words_is_a_list_and_may_have_line_breaks(text):
    names = {"words": ["a", "it's"], "latex": r"\nabla"}
    assert parse_chat_line(text, names).chat.parameters == {"stop": STOPS[text]}


def test_a_backslash_that_may_be_itself_is_told():
    with pytest.raises(InvalidOption) as caught:
        line("--stop \\nabla")
    assert caught.value.line("en") == (
        "in stop “\\nabla” the backslash may begin a line end or be itself. What to do: write JSON: a "
        'line end is --stop ["\\n…"], a backslash is --stop ["\\\\n…"].'
    )


def test_quotations_with_commas_stay_one_text_where_one_is_taken():
    assert line('--system "a","b"').chat.system == "a,b"


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"strict": True, "x": None}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"a": [True, None]}}}
NAMESPACE = {
    "schema": SCHEMA,
    "schema_text": json.dumps(SCHEMA),
    "tool": TOOL,
    "tool_text": json.dumps(TOOL),
    "tools_text": json.dumps([TOOL]),
    "off": {"enable": True},  # a word is a word
    "deep": {"type": "enabled", "budget_tokens": 200},
    "choice": {"type": "function", "function": {"name": "f"}},
}


@pytest.mark.parametrize(
    ("option", "name", "sent"),
    [
        ("--response-format schema", "response_format", SCHEMA),
        ("--response-format schema_text", "response_format", SCHEMA),
        ("--response-format {{schema}}", "response_format", SCHEMA),
        ("--response-format {{schema_text}}", "response_format", SCHEMA),
        ("--tools tool", "tools", [TOOL]),
        ("--tools tool_text", "tools", [TOOL]),
        ("--tools tools_text", "tools", [TOOL]),
        ("--tools {{tool}}", "tools", [TOOL]),
        ("--tools [tool]", "tools", [TOOL]),
        ("--tools [ tool , ]", "tools", [TOOL]),
        ("--tools (tool,)", "tools", [TOOL]),
        ("--tools tool,", "tools", [TOOL]),
        ("--tools {{[tool]}}", "tools", [TOOL]),
        ("--tools {{tools_text}}", "tools", [TOOL]),
        ("--thinking deep", "thinking", NAMESPACE["deep"]),
        ("--thinking {{deep}}", "thinking", NAMESPACE["deep"]),
        ("--web-search off", "web_search", {"enable": False}),
        ("--web-search {{off}}", "web_search", {"enable": True}),
        ("--tools tool --tool-choice choice", "tool_choice", NAMESPACE["choice"]),
        ("--tools tool --tool-choice {{choice}}", "tool_choice", NAMESPACE["choice"]),
    ],
)
def test_a_variable_is_read_the_same_by_each_option(option, name, sent):
    given = parse_chat_line(option, NAMESPACE).chat.parameters[name]
    if name == "tools":
        given, functions = split_tools(given)
        assert not functions
    assert parameters_of("chat")[name].check_value(given, "ernie-5.1") == sent


def look_up(city):
    return city


@pytest.mark.parametrize(
    ("written", "tools"),
    [
        ("--tools {{look_up}}", [look_up]),
        ("--tools={{ look_up }}", [look_up]),
        ("--tools {{[look_up, tool]}}", [look_up, TOOL]),
        ("--tools tool,{{look_up}}", [TOOL, look_up]),
        ("--functions {{look_up}}", [look_up]),
        ("--tools {{name_of_tool}}", [TOOL]),
        ("--tools {{all_tools[0]}}", [look_up]),
        ("--tools {{(look_up, tool)}}", [look_up, TOOL]),
        ("--tools {{all_tools}}", [look_up, TOOL]),
    ],
)
def test_braces_around_the_name_of_a_tool_add_nothing(written, tools):
    names = {**NAMESPACE, "look_up": look_up, "name_of_tool": "tool"}
    names["all_tools"] = [look_up, TOOL]
    assert parse_chat_line(written, names).chat.parameters["tools"] == tools


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
        (
            "--temperature hot",
            (
                "temperature 'hot' is not a number in (0.0, 1.0]. What to do: for example "
                "--temperature 0.95."
            ),
        ),
        (
            "--seed 1.5",
            (
                "seed '1.5' is not a whole number in (0, 2147483647). What to do: for example "
                "--seed 42."
            ),
        ),
        ("--top-p", "--top-p needs a value. What to do: for example --top-p 0.7."),
        ("--as", "--as needs a value. What to do: write --as NAME."),
        (
            "--as 1x",
            (
                "--as '1x' is not a variable's name. What to do: use letters, digits and _, not a "
                "digit first."
            ),
        ),
        (
            "--as ernie",
            (
                "--as 'ernie' is not a variable's name. What to do: Python, IPython or this extension "
                "has one of that name: use another, such as ernie_."
            ),
        ),
        (
            "--no",
            (
                "no option --no. What to do: %%ernie? lists all options; a field that is none of them: "
                "--param name=value."
            ),
        ),
        (
            "--base-url http://x/v1",
            (
                "no option --base-url. What to do: it is set for the session: %ernie config base_url "
                "VALUE, or ernie.settings.base_url = …."
            ),
        ),
        (
            "--stream",
            (
                "no option --stream. What to do: answers stream already; --no-stream gets one in "
                "one piece."
            ),
        ),
        *(
            (
                f"{typed} canary-key",
                (
                    f"no option {typed}. What to do: it is set for the session: %ernie config api_key "
                    "VALUE, or ernie.settings.api_key = …."
                ),
            )
            for typed in ("--api-key", "--api_key", "--key", "--token")
        ),
        (
            "--service qianfan",
            "no option --service. What to do: %ernie use chooses the service; alone it lists all of them.",
        ),
        ("-n 3", "no option -n. What to do: -n is an option of %%ernie_image."),
        ("-x", "no option -x. What to do: short options are: -m, -s."),
        (
            "--size 512x512",
            "no option --size. What to do: --size is an option of %%ernie_image.",
        ),
        ("--help", "no option --help. What to do: %%ernie? shows all options and examples."),
        (
            "--as class",
            (
                "--as 'class' is not a variable's name. What to do: Python, IPython or this extension "
                "has one of that name: use another, such as class_."
            ),
        ),
        ("--param top_k", "--param requires name=value, not 'top_k'."),
        ("--temp 0.3", "no option --temp. What to do: did you mean --temperature, --template?"),
        ("--img a.png", "no option --img. What to do: did you mean --image?"),
        (
            "--stop a, b --seed 3",
            (
                "the value of --stop ends at a blank. What to do: put all of it in double quotes: "
                '--stop "a, b".'
            ),
        ),
        (
            "--image a.png, b.png、 c.png",
            (
                "the value of --image ends at a blank. What to do: write it once for each: "
                "--image a.png --image b.png --image c.png."
            ),
        ),
        (
            "hello",
            (
                "'hello' is not an option. What to do: the prompt goes on the next line; a value "
                "with spaces goes in double quotes; the model is given by -m."
            ),
        ),
        (
            "--system 'tis",
            (
                "a quotation is not closed: --system 'tis. What to do: put a value with spaces or "
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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "--tools slow get_weather",
            "write it once for each: --tools slow --tools get_weather.",
        ),
        (
            "--temperature 0.3 --image cats[0] cats[1] --raw",
            "write it once for each: --image cats[0] --image cats[1].",
        ),
        ("--tools slow What is the weather", "'What' is not an option. What to do: the prompt"),
        ("--stop slow get_weather", "'get_weather' is not an option. What to do: the prompt"),
    ],
)
def test_names_behind_an_option_are_told_to_be_written_once_for_each(text, told):
    names = {"slow": print, "get_weather": print, "cats": [1, 2]}
    with pytest.raises(InvalidOption) as caught:
        parse_chat_line(text, names)
    assert told in caught.value.line("en")


@pytest.mark.parametrize(
    ("text", "count", "told"),
    [
        ("--temprature 1 --topp 1", 2, ["no option --temprature", "no option --topp"]),
        ("--temperature hot --seed x", 2, ["temperature 'hot'", "seed 'x'"]),
        ("--foo --as 1x --param y", 3, ["no option --foo", "--as '1x'", "--param requires"]),
        ("--seed --top-p --raw", 2, ["--seed needs a value", "--top-p needs a value"]),
        ("--seed 1 --seed=2 --foo", 2, ["no option --foo", "--seed was given twice"]),
        ("--raw=1 --foo=2 hello", 2, ["--raw does not take a value", "no option --foo"]),
    ],
)
def test_all_wrong_options_of_a_line_are_told_at_once(text, count, told):
    with pytest.raises(InvalidOption, match=f"^{count} options are wrong: ") as caught:
        line(text)
    assert all(part in caught.value.line("en") for part in told)
    assert "\n" not in caught.value.line("zh")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("--session a --session b", "--session"),
        ("-s a --session b", "--session"),
        ("--session=a -s=b", "-s"),
        ("-m a --model b", "--model"),
        ("--temperature 0.3 --temperature 0.3", "--temperature"),
        ("--top_p 1 --top-p 1", "--top-p"),
        ("--system a --as x --system b", "--system"),
        ("--as a --as b", "--as"),
        ("--web-search --web-search off", "--web-search"),
        ("--seed 1 --seed 2 --seed 3", "--seed"),
        ("--endpoint a --endpoint b", "--endpoint"),
        ("--param a=1 --param b=1 --param a=2", "--param a"),
    ],
)
def test_an_option_of_one_value_is_given_once(text, told):
    with pytest.raises(InvalidOption) as caught:
        line(text)
    expected = f"{told} was given twice. What to do: keep one of them."
    assert caught.value.line("en") == expected
    assert line("--stop a --stop b --raw --raw --param a=1 --param b=1").raw


_PLAIN = st.text(st.sampled_from("ab，-="), min_size=1, max_size=6)
_QUOTED = st.builds("{0}{1}{0}".format, st.sampled_from("'\""), st.text("ab \t\r\n-=", max_size=6))


@given(st.lists(st.one_of(_PLAIN, _QUOTED, st.builds("a={}".format, _QUOTED))))
def test_words_without_backslashes_are_split_as_a_shell_would(words):
    line = " ".join(words)
    assert split_words(line) == shlex.split(line)


@given(st.lists(st.text(st.sampled_from("ab '\"\\\t\nC:/-="), max_size=12)))
def test_what_the_shell_s_own_quoting_protects_arrives_unchanged(words):
    assert split_words(shlex.join(words)) == words


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (r"C:\new\table", [r"C:\new\table"]),
        (r"--system C:\new\table --user u", ["--system", r"C:\new\table", "--user", "u"]),
        ("C:\\dir\\", ["C:\\dir\\"]),
        ("C:\\dir\\ --full", ["C:\\dir\\", "--full"]),
        (r"\\server\share\x.png", [r"\\server\share\x.png"]),
        (r'"\\server\our share\x.png"', [r"\\server\our share\x.png"]),
        (r'"C:\my cats\t.png"', [r"C:\my cats\t.png"]),
        (r'--save "C:\my cats\" --full', ["--save", "C:\\my cats\\", "--full"]),
        (r'"C:\my cats\" "D:\my dogs\"', ["C:\\my cats\\", "D:\\my dogs\\"]),
        (r'"my cats\"', ["my cats\\"]),
        (r'"..\my cats\" -n 2', ["..\\my cats\\", "-n", "2"]),
        (r'"C:/my cats\" x', ["C:/my cats\\", "x"]),
        (r"'C:\my cats\' x", ["C:\\my cats\\", "x"]),
        (r'C:\"my cats"\t.png', ['C:\\"my', 'cats"\\t.png']),
        (r"D:\n\t\"x", ['D:\\n\\t\\"x']),
        (r'"C:\my cats', None),
        (r'"say \"hi\" now"', ['say "hi" now']),
        (r'"{\"type\": \"json_object\"}"', ['{"type": "json_object"}']),
        (r"don\'t", ["don't"]),
        (r'"\d+\.\d"', [r"\d+\.\d"]),
        (r'"ends in two \\"', ["ends in two \\"]),
        (r"\frac{a}{b}", [r"\frac{a}{b}"]),
        ("\\", ["\\"]),
        (r'--system "C:\{{name + "x"}}\b c\"', ["--system", 'C:\\{{name + "x"}}\\b c\\']),
        (r'"open \"', ["open \\"]),
    ],
)
def test_a_backslash_is_a_backslash(typed, words):
    if words is None:
        with pytest.raises(InvalidOption, match="a quotation is not closed"):
            split_words(typed)
    else:
        assert split_words(typed) == words


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("--to “情感， 分数:int” --as x", ["--to", "情感， 分数:int", "--as", "x"]),
        ("“say 'hi'”", ["say 'hi'"]),
        ("“{{a + b}}”", ["{{a + b}}"]),
        ("--stop “”", ["--stop", ""]),
        ("“C:\\my cats\\”", ["C:\\my cats\\"]),
        ('--system "说“你 好”"', ["--system", "说“你 好”"]),
        ("说“你 好”", ["说“你", "好”"]),
        ("“你”好 “吗", ["“你”好", "“吗"]),
        ("“ ” ”", [" ", "”"]),
        ("“a" * 5_000, ["“a" * 5_000]),
    ],
)
def test_the_quotes_of_a_chinese_keyboard_quote_a_whole_word(typed, words):
    assert split_words(typed) == words


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("rock'n'roll -y", ["rock'n'roll", "-y"]),
        ("O'Brien", ["O'Brien"]),
        ('5" 6\'2"', ['5"', "6'2\""]),
        ('r"C:\\new"', ['r"C:\\new"']),
        ("C:\\O'Brien\\it's.png", ["C:\\O'Brien\\it's.png"]),
        ('pics["my"]', ['pics["my"]']),
        ("'it''s'", ["it's"]),
        ("'it\\'s' -y", ["it's", "-y"]),
        ("'don't' 'rock'n'roll'", ["don't", "rock'n'roll"]),
        ('"say ""hi"" now"', ['say "hi" now']),
        ('"""abc""" ""', ['"abc"', ""]),
        ('""hi"" -y', ["hi", "-y"]),
        ('"C:\\dir"\\x', ["C:\\dir\\x"]),
        ('"a \\"\\" b"', ['a "" b']),
        ('a="x y" b=c"d', ["a=x y", 'b=c"d']),
        ("a=“x y” b=‘don’t go’ it’s", ["a=x y", "b=don’t go", "it’s"]),
        ("a=“x”y", ["a=“x”y"]),
        ("--system\u3000你　好 x", ["--system", "你　好", "x"]),
        ("-m\u00a0a\u00a0--top-p\u3000.5", ["-m", "a", "--top-p", ".5"]),
        ("'a\u3000--b'", ["a\u3000--b"]),
        ("\ufeff--seed\u200b 7\u200b", ["--seed", "7"]),
        ("-m a\u00a0\u3000 x\u200by\u3000", ["-m", "a", "x\u200by"]),
        ("”a b” „c d“ ＂e f＂ ＇g h＇ ’i j’", ["a b", "c d", "e f", "g h", "i j"]),
    ],
)
def test_a_quote_quotes_only_where_a_value_begins(typed, words):
    assert split_words(typed) == words


@pytest.mark.parametrize(
    "end", ["“", "=“", "'", '"', 'a="', "\\'", "a'", "[a, ", "\u3000", "‘a’", '"" ']
)
def test_a_long_line_is_split_in_linear_time(end):
    began = time.process_time()
    with suppress(InvalidOption):
        split_words(end * 10_000)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("typed", "system"),
    [
        ("--system --", "--"),
        ("--system=--", "--"),
        ('--system "--"', "--"),
        ('--system "--temperature"', "--temperature"),
        ("--system {{flag}} --top-p 0.5", "--verbatim"),
        ('--system "-m" --temperature 0.5', "-m"),
        ("--system＝“你 好”", "你 好"),
        ("--system \t=x", "=x"),
    ],
)
def test_a_quoted_value_is_no_option(typed, system):
    assert parse_chat_line(typed, {"flag": "--verbatim"}).chat.system == system


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        (
            "--tool-choice {'type': 'function', 'function': {'name': 'q'}}",
            ("tool_choice", {"type": "function", "function": {"name": "q"}}),
        ),
        ("--web-search {'enable': True}", ("web_search", {"enable": True})),
        ("--stop ['a b', 'c']", ("stop", ["a b", "c"])),
    ],
)
def test_a_list_or_dictionary_may_be_written_as_python_has_it(typed, sent):
    assert dict([sent]) == line(typed).chat.parameters


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("{'b': [1, None, True]}", {"b": [1, None, True]}),
        ("['it''s', 2]", ["its", 2]),
        ("'{1, 2}'", "{1, 2}"),
        ("{x}", "{x}"),
        ("('x', 1)", "('x', 1)"),
    ],
)
def test_a_field_is_decoded_where_it_is_a_structure(typed, value):
    assert line(f"--param a={typed}").chat.extra == {"a": value}


@pytest.mark.parametrize("typed", ["=", "=x", "--param a = 1", "＝1"])
def test_a_sign_alone_is_told(typed):
    with pytest.raises(InvalidOption, match=r"is not an option|requires name=value"):
        line(typed)


def test_the_signs_of_a_chinese_keyboard_are_read():
    said = line("--top_p＝０．５ --param a＝1 --param b=“x y”\u3000--seed\u30007")
    assert said.chat.parameters == {"top_p": 0.5, "seed": 7}
    assert said.chat.extra == {"a": 1, "b": "x y"}


@pytest.mark.parametrize(
    "typed",
    [
        "—temperature",
        "——temperature",
        "temperature=0.3",
        "–temperature",
        "－－top_p",
        "—top-p=0.5",
        "−max-tokens",
        "‐‐top-p",
        "⸺seed",
    ],
)
def test_a_dash_for_the_hyphens_of_an_option_is_told(typed):
    with pytest.raises(InvalidOption) as caught:
        line(f"{typed} 0.5")
    name = typed.strip("—–－−‐⸺").partition("=")[0].replace("_", "-")
    assert caught.value.line("en") == (
        f"{typed!r} is not an option. What to do: an option begins with two hyphens: --{name}."
    )


def test_a_windows_path_is_found_and_sent_as_typed():
    Path("pics").mkdir()
    Path("pics\\t.png").touch()  # on Linux a file of that name, on Windows one in the folder
    said = line(r"--image pics\t.png --image 'pics\t.png' --system C:\new\table --as out")
    assert said.chat.images == ["pics\\t.png", "pics\\t.png"]
    assert (said.chat.system, said.as_name) == (r"C:\new\table", "out")


@pytest.mark.parametrize(
    ("typed", "read"),
    [("ｏｕｔ", "out"), ("e\u0301te\u0301", "\u00e9t\u00e9"), ("ﬁt", "fit"), ("情感", "情感")],
)
def test_a_variable_has_the_name_that_python_reads(typed, read):
    assert line(f"--as {typed}").as_name == read
    names = {}
    exec(f"{typed} = 1", names)
    assert read in names


@pytest.mark.parametrize(
    "typed", ["ｅｒｎｉｅ", "ｃｌａｓｓ", "ｌｉｓｔ", "①", "__builtins__", "__name__", "_oh"]
)
def test_a_reserved_name_is_refused_however_it_is_typed(typed):
    with pytest.raises(InvalidOption, match="is not a variable's name"):
        line(f"--as {typed}")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('--x {"a": [1, "b c"]} -y', ["--x", '{"a": [1, "b c"]}', "-y"]),
        ('--param stop=["a b"]', ["--param", 'stop=["a b"]']),
        ('--x [1] "two words"', ["--x", "[1]", "two words"]),
        ("--system 'use [\"a\"] now'", ["--system", 'use ["a"] now']),
        ('--x "[1, 2]"', ["--x", "[1, 2]"]),
        ('--x {{ {"a": 1} }} -y ["{{b}}"]', ["--x", '{{ {"a": 1} }}', "-y", '["{{b}}"]']),
        ('--x ["a"]b', ["--x", '["a"]b']),
        ('--x [{"a": 1}, [2', ["--x", '[{"a":', "1},", "[2"]),
        ("--x [a, b] (c , d)", ["--x", "[a, b]", "(c , d)"]),
        ("--x {'a': [1, None]} -y", ["--x", "{'a': [1, None]}", "-y"]),
        ("--x ['a b', \"it's\"] a=('b', 1)", ["--x", "['a b', \"it's\"]", "a=('b', 1)"]),
        ("--x {'a': b} [it's", ["--x", "{'a':", "b}", "[it's"]),
        ("--x [a，b] -y", ["--x", "[a，b]", "-y"]),
        ("[ " * 5_000, ["["] * 5_000),
    ],
)
def test_json_on_a_line_is_one_word_with_its_quotes(line, words):
    assert split_words(line) == words


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("--temperature $t", "$t"),
        ("--temperature {t}", "{t}"),
        ("--temperature=${t}", "${t}"),
        ("--system $t", "$t"),
        ("--system '{ t }'", "{ t }"),
        ("--param top_k=$t", "$t"),
        ("-m {t}", "{t}"),
    ],
)
def test_a_variable_as_ipython_fills_one_in_is_told_with_our_braces(line, source):
    with pytest.raises(InvalidExpression) as caught:
        parse_chat_line(line, {"t": 0.5})
    said = caught.value.line("en")
    assert f"{source} is not replaced by the variable's value" in said
    assert "write {{t}}" in said


@pytest.mark.parametrize(
    "system", ["$5", "$nosuch", "{nosuch}", "a $t b", "{t: 1}", "$print", "k={t}"]
)
def test_other_dollars_and_braces_of_an_option_stay(system):
    chat = parse_chat_line(f"--system '{system}'", {"t": 0.5, "print": print}).chat
    assert chat.system == system
