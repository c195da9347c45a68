"""`%%ernie` in a real IPython shell, against the emulator."""

import pytest

from ernie_magic import errors
from ernie_magic.errors import ErnieError


def test_the_answer_is_printed_as_text_with_a_footer(run, ernie):
    result, out = run("%%ernie\n[[echo]]你好，文心")
    assert result.success
    assert result.result is None  # one output per cell
    assert out.startswith("你好，文心\n\n[")
    assert str(ernie.last) == "你好，文心"


def test_as_binds_the_typed_answer(run, shell):
    run("%%ernie --as a\n[[echo]]hi")
    answer = shell.user_ns["a"]
    assert (str(answer), answer.partial, answer.finish_reason) == ("hi", False, "normal")
    assert (
        answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    )


def test_options_are_sent_and_nothing_else(run, emulator):
    run(
        "%%ernie -m ernie-speed-8k --temperature 0.3 --stop 。 --frequency-penalty 0.5 --param "
        'top_k=5 --system "be brief"\nhi'
    )
    assert emulator.requests[-1].body == {
        "model": "ernie-speed-8k",
        "stream": True,
        "temperature": 0.3,
        "stop": ["。"],
        "frequency_penalty": 0.5,
        "top_k": 5,
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}],
    }


def test_the_conversation_goes_on_and_named_ones_are_apart(run, ernie, emulator):
    run("%%ernie\n[[echo]]one")
    run("%%ernie\n[[echo]]two")
    run("%%ernie -s tutor\n[[echo]]three")
    run("%%ernie --no-history\n[[echo]]four")
    roles = [
        [m["role"] for m in request.body["messages"]]
        for request in emulator.requests
        if request.body
    ]
    assert roles == [["user"], ["user", "assistant", "user"], ["user"], ["user"]]
    assert [turn.answer.text for turn in ernie.history] == ["one", "two"]
    assert [turn.answer.text for turn in ernie["tutor"].history] == ["three"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_windows_path_and_lines_of_windows_are_sent_as_they_were_written(run, emulator, end):
    run(f"%%ernie --no-history --system C:\\new\\table\\{end}first{end}second{end}")
    assert emulator.requests[-1].body["messages"] == [
        {"role": "system", "content": "C:\\new\\table\\"},
        {"role": "user", "content": "first\nsecond"},
    ]


def test_expressions_are_interpolated_once_and_braces_stay(run, shell, emulator):
    shell.user_ns["city"] = "{{secret}}"
    run('%%ernie\nvisit {{city}} {"a": {"b": 1}} {} $x')
    assert (
        emulator.requests[-1].body["messages"][-1]["content"]
        == 'visit {{secret}} {"a": {"b": 1}} {} $x'
    )


def test_verbatim_leaves_double_braces_alone(run, emulator):
    run("%%ernie --verbatim\n{{ user.name }}")
    assert emulator.requests[-1].body["messages"][-1]["content"] == "{{ user.name }}"


def test_a_kept_setting_is_sent_and_an_option_overrides_it(run, emulator):
    run("%ernie config temperature 0.2")
    run("%%ernie\nhi")
    run("%%ernie --temperature 0.7\nhi")
    run("%config ErnieSettings.top_p = 0.4")
    run("%%ernie\nhi")
    sent = [request.body for request in emulator.requests if request.body]
    assert [body["temperature"] for body in sent] == [0.2, 0.7, 0.2]
    assert sent[2]["top_p"] == 0.4


def test_no_stream_asks_for_one_piece(run, emulator):
    _, out = run("%%ernie --no-stream\n[[echo]]whole")
    assert emulator.requests[-1].body["stream"] is False
    assert out.startswith("whole")


def test_reasoning_is_kept_apart(run, ernie):
    run("%%ernie\n[[reasoning]][[echo]]answer")
    assert ernie.last.reasoning
    assert str(ernie.last) == "answer"


MISTAKES = [
    ("%%ernie --temprature 0.3\nhi", "InvalidOption", "did you mean --temperature"),
    ("%%ernie --temperature 3\nhi", "InvalidOption", "temperature 3.0 is out of range (0.0, 1.0]"),
    (
        "%%ernie -m ernie-3.5-8k --presence-penalty 1\nhi",
        "InvalidOption",
        "not for the model ernie-3.5-8k",
    ),
    ("%%ernie\n \n", "InvalidMessages", "the prompt is empty"),
    ("%%ernie\n{{nobody}}", "InvalidExpression", "the name nobody is not defined"),
    ("%%ernie -m ernie-3.5-8\nhi", "ModelNotFound", "similar models: ernie-3.5-8k"),
    ("%ernie histroy", "InvalidOption", "did you mean history"),
    (
        "%ernie use openrouter",
        "InvalidOption",
        "choices: aistudio, qianfan, qianfan-v1, local, emulator",
    ),
    ("%ernie config temprature 1", "InvalidOption", "did you mean temperature"),
]


@pytest.mark.parametrize(("cell", "name", "told"), MISTAKES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_mistake_fails_the_cell_with_one_line_and_leaves_everything(
    run, ernie, cell, name, told, language
):
    run("%%ernie\n[[echo]]before")
    ernie.settings.language = language
    result, out = run(cell)
    assert isinstance(result.error_in_exec, ErnieError)
    assert type(result.error_in_exec).__name__ == name
    line = str(result.error_in_exec)
    assert "\n" not in line
    assert line in out
    assert (told in line) == (language == "en")
    assert "Traceback" not in out
    assert [turn.prompt for turn in ernie.history] == ["[[echo]]before"]
    assert str(ernie.last) == "before"


FAULTS = [
    ({"status": 500}, "ServerError"),
    ({"code": "rpm_rate_limit_exceeded"}, "RateLimited"),
    ({"code": "no_such_model"}, "ModelNotFound"),
    ({"code": "user_setting_unsafe"}, "UnsafeRequest"),
    ({"html": True}, "ProtocolError"),
    ({"empty": True}, "ProtocolError"),
    ({"bare_json_error": True}, "ServiceError"),
    ({"echo_key": True}, "AuthenticationFailed"),
]


@pytest.mark.parametrize(("fault", "name"), FAULTS, ids=str)
def test_each_refusal_fails_the_cell_with_one_line_and_leaves_no_trace(
    run, ernie, emulator, fault, name
):
    run("%%ernie -m ernie-3.5-8k\n[[echo]]before")
    emulator.faults.add(**fault)
    result, out = run("%%ernie -m ernie-3.5-8k\n[[echo]]after")
    assert name in {c.__name__ for c in type(result.error_in_exec).__mro__}
    assert str(result.error_in_exec) in out
    assert "canary" not in out
    assert [turn.answer.text for turn in ernie.history] == ["before"]
    run("%%ernie -m ernie-3.5-8k\n[[echo]]again")
    assert str(ernie.last) == "again"


@pytest.mark.parametrize(
    "fault",
    [{"cut_after": 3}, {"malformed_after": 3}, {"error_after": 3}],
    ids=lambda v: next(iter(v)),
)
def test_a_stream_that_breaks_keeps_what_came_as_a_partial_turn(run, ernie, emulator, fault):
    emulator.faults.add(**fault)
    result, out = run("%%ernie --as a\n[[echo]]" + "这是一段比较长的文字。" * 5)
    error = result.error_in_exec
    assert isinstance(error, ErnieError)
    assert ernie.last.partial
    assert ernie.last is error.answer
    assert "这是" in ernie.last.text
    assert ernie.last.text in out
    assert ernie.history[-1].answer is ernie.last
    assert ernie.last.text != "这是一段比较长的文字。" * 5


def test_wrong_key_is_told_without_the_key(run, ernie):
    ernie.settings.api_key = "bad-canary-0123456789"
    result, out = run("%%ernie\nhi")
    assert type(result.error_in_exec).__name__ == "AuthenticationFailed"
    assert "canary" not in out


def test_a_server_that_is_down_is_told_with_its_address(run, ernie):
    ernie.settings.base_url = "http://127.0.0.1:9/v1"
    result, out = run("%%ernie -m m\nhi")
    assert type(result.error_in_exec).__name__ == "ServiceUnreachable"
    assert "127.0.0.1:9" in out


def test_the_help_shows_examples_and_every_option(shell, run):
    assert run("%%ernie?")[0].success
    for option in ("--temperature", "--as", "--param", "Examples"):
        assert option in shell.find_cell_magic("ernie").__doc__


def test_a_cell_may_say_how_often_it_is_sent(run, emulator, ernie):
    ernie.settings.retry_count = 5
    emulator.faults.add(code="rpm_rate_limit_exceeded", times=9)
    result, _ = run("%%ernie --retry-count 2 --backoff-factor 0 --request-timeout 9.5\nhi")
    assert isinstance(result.error_in_exec, errors.RateLimited)
    assert len([each for each in emulator.requests if "chat" in each.path]) == 2
    result, _ = run("%%ernie --retry-count two\nhi")
    assert "retry_count 'two' is not a whole number in [0, 10]" in str(result.error_in_exec)


def test_a_cell_names_today_s_parameters(run, emulator):
    run(
        "%%ernie -m ernie-5.0 --thinking on --thinking-budget 200 --reasoning-effort high "
        "--thinking-strategy short_think --max-tokens 300 --repetition-penalty 1.1\n[[echo]]hi"
    )
    body = emulator.requests[-1].body
    assert {name: body[name] for name in body.keys() - {"messages", "model", "stream"}} == {
        "max_tokens": 300,
        "repetition_penalty": 1.1,
        "thinking_budget": 200,
        "reasoning_effort": "high",
        "thinking_strategy": "short_think",
        "thinking": {"type": "enabled"},
    }


def test_a_variable_in_single_braces_is_told_below_the_answer(run, shell, ernie, emulator):
    shell.user_ns["city"] = "杭州"
    _, out = run("%%ernie --no-history\n[[echo]]介绍{city}")
    assert out.startswith("介绍{city}\n\n[")
    assert "{city} was sent as it is: a variable's value is {{city}}" in out
    for quiet in ("%%ernie --verbatim\n[[echo]]介绍{city}", "%%ernie\n[[echo]]{{city}}{nosuch}"):
        assert "was sent as it is" not in run(quiet)[1]


@pytest.mark.parametrize(
    "code",
    [
        "%%ernie_image{verbatim}\nA street in {{city}}",
        "%%ernie_embed{verbatim}\nA street in {{city}}\nand another",
        "%%ernie_map texts{verbatim}\n{{{{text}}}} of {{city}}",
        "%%ernie_map many{verbatim}\n{{{{text}}}} of {{city}}",
        "%%ernie_map rows{verbatim}\n{{{{name}}}} of {{city}}",
    ],
)
def test_a_variable_in_single_braces_is_told_below_every_result(run, shell, code):
    shell.user_ns |= {"texts": ["a"], "many": ["a"] * 60, "rows": [{"name": "a", "city": "b"}]}
    if " rows" not in code:
        shell.user_ns["city"] = "杭州"
    told = "{city} was sent as it is: a variable's value is {{city}}"
    assert told in run(code.format(verbatim=""))[1]
    assert told not in run(code.format(verbatim=" --verbatim"))[1]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("%%ernie\n介绍{{ctiy", "{{ctiy is not closed by }}"),
        ('%%ernie --system "city}}"\nhi', "city}} is not opened by {{"),
        ("%%ernie_image\ncity}}", "city}} is not opened by {{"),
        ("%%ernie_embed\na\n{{ctiy", "{{ctiy is not closed by }}"),
        ("%%ernie_map texts\n{{text}} in city}}", "city}} is not opened by {{"),
        ("%%ernie\n介绍{{city", "{{city is not closed by }}"),
        ("%%ernie\n介绍｛｛city｝｝", "｛｛city｝｝ has full-width braces"),
        ('%%ernie --system "in {{city"\nhi', "{{city is not closed by }}"),
        ("%%ernie_image\n{{city", "{{city is not closed by }}"),
        ("%%ernie_embed\n{{city\n", "{{city is not closed by }}"),
        ("%%ernie_map texts\n{{text}} in {{city", "{{city is not closed by }}"),
        ("%%ernie_map texts\n{{text", "{{text would be sent as it is with each row"),
    ],
)
def test_braces_that_fill_nothing_in_cost_nothing(run, shell, emulator, code, told):
    shell.user_ns |= {"city": "杭州", "texts": ["a"]}
    emulator.requests.clear()
    result, _ = run(code)
    assert told in str(result.error_in_exec)
    assert not emulator.requests


@pytest.mark.parametrize(
    "name",
    [
        *(
            "你是老师",
            "你的任务是翻译",
            "请用中文回答",
            "扮演李白",
            "You are a teacher",
            "you’re a poet",
        ),
        *("Act as a lawyer", "Answer in French", "Be brief", "a conversation about " + "x" * 40),
    ],
)
def test_a_system_prompt_in_the_place_of_a_conversation_s_name_is_told(run, ernie, emulator, name):
    emulator.requests.clear()
    result, _ = run(f'%%ernie -s "{name}"\nhi')
    line = str(result.error_in_exec)
    assert "-s names a conversation" in line
    assert f'a system prompt is --system "{name[:30]}' in line
    assert not emulator.requests
    assert name not in ernie.conversations
    ernie[name].system = "be brief"
    assert run(f'%%ernie -s "{name}"\nhi')[0].success


@pytest.mark.parametrize(
    "name", ["tutor", "老师", "你好", "请假条", "answer sheet", "beer", "act 2"]
)
def test_a_name_is_a_conversation_s(run, ernie, name):
    assert run(f'%%ernie -s "{name}"\nhi')[0].success
    assert len(ernie[name].history) == 1


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("杭州", "--tools: it is of type str, not a function. What to do: name a function; "),
        (3, "--tools: it is of type int, not a function"),
    ],
)
def test_a_variable_that_is_no_tool_is_told_with_the_functions_there_are(run, shell, value, told):
    shell.user_ns |= {"it": value, "weather": lambda city: city}
    result, _ = run("%%ernie --tools it\nhi")
    assert told in str(result.error_in_exec)
    assert "weather" in str(result.error_in_exec)


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("%%ernie\n%%ernie --temperature 0.3\nhi", "%%ernie --temperature 0.3"),
        ("%%ernie\nhi\n\n%%ernie\nagain", "%%ernie"),
        ("%%ernie\nhi\n%ernie_search v x", "%ernie_search v x"),
        ("%%ernie_image\na cat\n%%ernie_image -n 2\na dog", "%%ernie_image -n 2"),
        ("%%ernie_embed\na\n%ernie use", "%ernie use"),
        ("%%ernie_map rows\n{{x}}\n%%ernie_map rows\n{{x}}", "%%ernie_map rows"),
    ],
)
def test_a_magic_within_a_cell_is_not_sent_as_words(run, shell, emulator, cell, line):
    shell.user_ns["rows"] = [{"x": "a"}]
    result, out = run(cell)
    assert not result.success
    assert f"a second magic stands in the cell's text: {line}. What to do: write one magic" in out
    assert not emulator.requests


@pytest.mark.parametrize(
    "text",
    [
        "What does\n```\n%%ernie -m x\n```\nmean?",
        "explain %%ernie --raw",
        "%%ernie_magic is a package",
        "100\n%ernies",
    ],
)
def test_words_about_magics_are_sent(run, emulator, text):
    assert run(f"%%ernie\n{text}")[0].success
    assert run("%%ernie --verbatim\n%%ernie --raw")[0].success
    sent = [
        request.body["messages"][-1]["content"] for request in emulator.requests if request.body
    ]
    assert sent == [text, "%%ernie --raw"]
