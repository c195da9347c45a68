"""Values of the wrong kind: one line that names them, nothing sent, nothing lost."""

import pytest

from ernie_magic import errors
from ernie_magic.session import Session

PROMPTS = [
    None,
    5,
    object(),
    float("nan"),
    b"hi",
    ["hi"],
    [None],
    {"role": "user", "content": "x"},
    (),
    [],
]


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: type(prompt).__name__)
def test_a_prompt_that_is_none(ernie, emulator, prompt):
    with pytest.raises(errors.InvalidMessages):
        ernie.chat(prompt)
    assert not emulator.requests


@pytest.mark.parametrize(
    "given",
    [
        {"model": 5},
        {"model": ["a"]},
        {"model": b"x"},
        {"model": "\ud800"},
        {"extra": [1]},
        {"extra": "ab"},
        {"stream": "no"},
        {"stream": 5},
        {"history": "no"},
        {"system": 7},
        {"endpoint": 3},
        {"nothing": 1},
        {"temperature": "hot"},
        {"temperature": 99},
        {"stop": 5},
    ],
    ids=str,
)
def test_an_option_that_is_none(ernie, emulator, given):
    with pytest.raises(errors.UsageError) as caught:
        ernie.chat("hi", **given)
    assert "\n" not in str(caught.value)
    assert not emulator.requests


SETTINGS = [
    ("model", 5),
    ("model", None),
    ("language", "fr"),
    ("service", "x"),
    ("request_timeout", -1),
    ("request_timeout", "a"),
    ("request_timeout", float("nan")),
    ("retry_count", -1),
    ("retry_count", 1.5),
    ("backoff_factor", -1),
    ("base_url", 5),
    ("temprature", 0.5),
    ("temperature", "hot"),
    ("temperature", 99),
    ("api_key", 5),
]


@pytest.mark.parametrize(("name", "value"), SETTINGS)
def test_a_setting_that_is_none_keeps_the_one_before(ernie, name, value):
    before = getattr(ernie.settings, name, None)
    with pytest.raises(errors.InvalidOption) as caught:
        setattr(ernie.settings, name, value)
    assert "\n" not in str(caught.value)
    assert getattr(ernie.settings, name, None) == before


def test_a_misspelled_setting_names_the_right_one(ernie):
    with pytest.raises(errors.InvalidOption, match="did you mean temperature"):
        ernie.settings.temprature = 0.5
    with pytest.raises(errors.InvalidOption, match="did you mean temperature"):
        Session(temprature=0.5)


@pytest.mark.parametrize(
    "call",
    [
        lambda e: e.use(5),
        lambda e: e.use(None),
        lambda e: e[5],
        lambda e: e[None],
        lambda e: e.wire.get("models"),
        lambda e: e.wire.get("//elsewhere/x"),
        lambda e: e.embed([]),
        lambda e: e.embed([""]),
        lambda e: e.embed(["x", 7]),
        lambda e: e.embed("x" * 1001),
        lambda e: e.image(""),
        lambda e: e.image("x" * 1025),
        lambda e: e.rerank("", ["a"]),
        lambda e: e.rerank("q", []),
        lambda e: e.complete(" "),
        lambda e: e.complete("x", tools=[]),
    ],
)
def test_other_calls(ernie, emulator, call):
    with pytest.raises(errors.UsageError):
        call(ernie)
    # What only some models refuse is told once the live list has chosen one.
    assert {request.path.rpartition("/")[2] for request in emulator.requests} <= {"models"}


EXPRESSIONS = {
    "deep": "{{" + "-" * 20000 + "1}}",
    "long": "{{a" + ".b" * 20000 + "}}",
    "mute": '{{(_ for _ in ()).throw(type("E",(Exception,),{"__str__":lambda s:1/0})())}}',
    "exit": "{{(_ for _ in ()).throw(SystemExit(3))}}",
    "cancelled": "{{(_ for _ in ()).throw(__import__('asyncio').CancelledError())}}",
    "closed": "{{(_ for _ in ()).throw(GeneratorExit())}}",
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_that_fails_in_any_way_is_one_line(run, shell, name):
    shell.user_ns["prompt"] = EXPRESSIONS[name]
    result, _ = run("get_ipython().run_cell_magic('ernie', '--no-history', prompt)")
    assert type(result.error_in_exec).__name__ == "InvalidExpression"
    assert run("%%ernie\n[[echo]]hi")[0].success


@pytest.mark.parametrize(
    "line",
    ["--as print", "--as ernie", "--as In", "--as 5x", f"--param x={'[' * 60_000}"],
    ids=lambda line: line[:12],
)
def test_a_line_that_would_do_harm(run, shell, line):
    result, _ = run(f"%%ernie {line}\n[[echo]]hi")
    if line.startswith("--as"):
        assert type(result.error_in_exec).__name__ == "InvalidOption"
    assert "print" not in shell.user_ns
