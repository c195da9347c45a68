"""Calls are declared once: what waits and what awaits looks and behaves as if it were written out."""

import ast
import asyncio
import inspect
import pickle
import subprocess
import sys
import typing
from collections import defaultdict
from pathlib import Path

import pytest

import ernie_magic
from ernie_magic.api.results import Answer, Embeddings
from ernie_magic.calls.chat.conversation import Conversation
from ernie_magic.calls.raw import RawCalls
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.errors import InvalidOption, WrongArguments
from ernie_magic.runtime import progress, stream
from ernie_magic.session import Session

PACKAGE = Path(ernie_magic.__file__).parent


@pytest.fixture
def session(emulator):
    settings = ErnieSettings(service="aistudio", base_url=emulator.base_url, api_key="any-key")
    with Session(settings) as session:
        yield session


BEGUN_BY = {
    (Session, "chat"): "stream",
    (Session, "complete"): "stream_completion",
    **{
        (Session, name): f"begin_{name}"
        for name in (
            "count_tokens", "download", "embed", "image", "map", "models", "redo", "rerank",
            "search", "vary",
        )
    },
    (Conversation, "chat"): "stream",
    (Conversation, "regenerate"): "_begin_regenerate",
    (RawCalls, "get"): "_begin_get",
    (RawCalls, "post"): "_begin_post",
}  # fmt: skip
OWNERS = {owner.__name__ for owner, _ in BEGUN_BY}
TWINS = [
    pytest.param(owner, name, begin, id=f"{owner.__name__}.{name}")
    for (owner, name), begin in BEGUN_BY.items()
]


def parameters(function):
    arguments = function.args
    named = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    return tuple(each.arg for each in named if each.arg != "self")


def test_no_list_of_parameters_stands_twice_among_the_calls():
    declared = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        for owner in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(owner, ast.ClassDef) or owner.name not in OWNERS:
                continue
            for function in ast.walk(owner):
                if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    names = frozenset(parameters(function)) - {"progress"}
                    if len(names) >= 4:
                        declared[names].add(f"{owner.name}.{function.name}")
    assert len(declared) >= 6
    assert [names for names in declared.values() if len(names) > 1] == []


@pytest.mark.parametrize(("owner", "name", "begin"), TWINS)
def test_both_forms_have_the_name_and_the_parameters_of_the_call(owner, name, begin):
    source = inspect.signature(getattr(owner, begin))
    for form in (name, f"a{name}"):
        function = getattr(owner, form)
        assert function.__name__ == form
        assert function.__qualname__ == f"{owner.__name__}.{form}"
        assert function.__module__ == owner.__module__
        assert pickle.loads(pickle.dumps(function)) is function  # noqa: S301
        assert inspect.iscoroutinefunction(function) == (form != name)
        shown = inspect.signature(function)
        assert shown.parameters == source.parameters
        assert shown.return_annotation in source.return_annotation
        assert not shown.return_annotation.startswith(("Stream", "Steps"))
        assert function.__annotations__["return"] == shown.return_annotation
        assert begin in inspect.getsource(function)


@pytest.mark.parametrize(("owner", "name", "begin"), TWINS)
def test_the_awaited_form_says_so_in_one_line_and_explains_the_same_parameters(owner, name, begin):
    waits, awaits = inspect.getdoc(getattr(owner, name)), inspect.getdoc(getattr(owner, f"a{name}"))
    source = inspect.getdoc(getattr(owner, begin))
    assert awaits.partition("\n\n")[0] == f"Call `{name}` and await its result."
    assert waits.partition("\n\n")[2] == awaits.partition("\n\n")[2] == source.partition("\n\n")[2]
    explained = waits.partition("\nParameters\n---")[2]
    if name in {"embed", "map", "image", "rerank", "complete", "search"}:
        for parameter in inspect.signature(getattr(owner, begin)).parameters:
            assert parameter == "self" or parameter in explained


def test_the_result_is_that_of_the_stream_in_both_forms(session):
    assert session.chat("[[echo]]hi").text == "hi"
    assert asyncio.run(session.achat("[[echo]]hi")).text == "hi"
    conversation = session["tutor"]
    conversation.chat("[[echo]]hi")
    assert isinstance(conversation.regenerate(), Answer)
    assert isinstance(asyncio.run(conversation.aregenerate()), Answer)
    assert isinstance(session.embed("a"), Embeddings)
    assert session.wire.get("/models") == asyncio.run(session.wire.aget("/models"))


def test_searching_makes_the_vectors_first_in_both_forms(session):
    texts = ["cats", "dogs", "trains"]
    found = session.search("cats", texts, 2)
    assert len(found) == 2
    assert asyncio.run(session.asearch("cats", texts, 2)) == found
    assert session.search("cats", session.embed(texts), 2) == found
    assert session.last.vectors.shape[0] == 1  # the query's


def test_an_override_of_what_begins_a_call_reaches_both_forms():
    class Recording(Session):
        def begin_image(self, prompt, **options):
            return Done((prompt, options))

    class Done:
        def __init__(self, value):
            self.value = value

        def result(self):
            return self.value

        async def aresult(self):
            return self.value

    session = Recording()
    assert session.image("cat", n=2) == ("cat", {"n": 2})
    assert asyncio.run(session.aimage("cat", n=2)) == ("cat", {"n": 2})
    session.begin_image = lambda prompt: Done(prompt.upper())
    assert session.image("cat") == "CAT"
    session.image = lambda: "replaced"
    assert session.image() == "replaced"


def test_arguments_that_do_not_fit_are_reported_under_the_name_that_was_called(session):
    session.settings.language = "en"
    with pytest.raises(
        TypeError, match=r"^image\(\) needs prompt\. .*write image\(prompt, model=…\)"
    ):
        session.image()
    with pytest.raises(TypeError, match=r"^acount_tokens\(\) has no option modle\. .*mean model\?"):
        asyncio.run(session.acount_tokens("x", modle="y"))
    with pytest.raises(TypeError, match=r"^Session\.image\(\) missing 2 .*'self' and 'prompt'$"):
        Session.image()
    with pytest.raises(InvalidOption, match="begin"):
        session.image("cat", begin=1, name=2)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("s.chat()", "chat() needs prompt. What to do: write chat(prompt, name=…)."),
        ("s['x'].stream()", "stream() needs prompt. What to do: write stream(prompt, model=…)."),
        ("s.map('x')", "map() needs rows. What to do: write map(prompt, rows, schema=…)."),
        ("s.rerank(model='m')", "rerank() needs query, documents. "),
        (
            "s.embed('a', 'b')",
            (
                "embed() takes texts without a name, and 2 values were given. What to do: several go "
                "into one list: embed([…, …]); the others by name: embed(texts, model=…)."
            ),
        ),
        (
            "s.chat('a', 'ernie-3.5-8k')",
            (
                "chat() takes prompt without a name, and 2 values were given. What to do: give the "
                "others by name: chat(prompt, name=…)."
            ),
        ),
        ("s.chat('a', prompt='b')", "prompt was given to chat() twice. What to do: keep one"),
        ("s.knowledge.search()", "search() needs question"),
    ],
)
def test_arguments_that_do_not_fit_are_told_in_one_line(session, call, told):
    session.settings.language = "en"
    with pytest.raises(WrongArguments) as caught:
        eval(call, {"s": session})
    assert isinstance(caught.value, TypeError)
    assert caught.value.line("en").startswith(told)


def test_they_are_told_in_the_language_of_the_session(session):
    session.settings.language = "zh"
    with pytest.raises(WrongArguments, match=r"^chat\(\) 缺少 prompt。怎么办：写成 chat\(prompt"):
        session.chat()


def test_an_error_within_a_call_is_raised_as_it_is():
    class Broken(Session):
        def begin_image(self, prompt):
            return prompt + 1

    with pytest.raises(TypeError, match="can only concatenate str"):
        Broken().image("cat")


@pytest.mark.parametrize("shown", [True, False])
def test_a_bar_is_shown_while_slow_work_is_waited_for_if_asked_for(
    session, emulator, monkeypatch, capsys, shown
):
    monkeypatch.setattr(progress, "_DELAY", 0.0)
    monkeypatch.setattr(progress, "BAR_INTERVAL", 0.0)
    monkeypatch.setattr(stream, "BAR_INTERVAL", 0.0)
    session.settings.language = "en"
    for _ in range(8):
        emulator.faults.add(path="/embeddings", delay=0.1)
    texts = [f"bar {i}" for i in range(64)]
    session.embed(texts, cache=False, in_flight=1, progress=shown)
    assert ("vectors: " in capsys.readouterr().err) is shown
    asyncio.run(session.aembed(texts, cache=False, in_flight=1, progress=shown))
    assert ("vectors: " in capsys.readouterr().err) is shown


PROGRAM = """
from ernie_magic.api.results import Embeddings
from ernie_magic.calls.images.pictures import ImageSet
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.errors import InvalidOption
from ernie_magic.runtime import progress, stream
from ernie_magic.session import Session
async def main(ernie: Session) -> None:
    reveal_type(ernie.image("cat", download=False, n=2))
    reveal_type(await ernie.aimage("cat"))
    reveal_type(ernie.search("cat", ["dog"], 3))
    reveal_type(await ernie["tutor"].aregenerate(temperature=0.5))
    ernie.embed(["a"], in_flight="8")
    await ernie.acount_tokens()
    ernie.chat("x", temperature=0.3, stop=["a"], model="m", images="a.png", tools=[print])
    ernie.chat("x", temperatur=0.3)
    await ernie["tutor"].achat("x", temperature="hot")
    ernie.redo("cat.png", n="2")
"""


def test_the_first_argument_may_have_the_name_of_openai_s_client(session):
    messages = [{"role": "user", "content": "[[echo]]a"}]
    assert str(session.chat(messages=messages)) == str(session.chat(messages)) == "a"
    assert str(asyncio.run(session.achat(messages=messages))) == "a"
    assert len(session.embed(input=["a", "b"])) == 2
    assert "".join(map(str, session.stream(messages=messages))) == "a"
    assert "".join(map(str, session["x"].stream(input="[[echo]]a"))) == "a"
    assert str(session.chat(input="[[echo]]a", model="ernie-3.5-8k")) == "a"
    assert session.count_tokens(messages="a b") == session.count_tokens("a b")
    with pytest.raises(TypeError, match=r"^chat\(\) (needs|缺少) ?prompt"):
        session["x"].chat()
    with pytest.raises(InvalidOption, match="a list of messages is the first argument"):
        session.chat("hi", messages=messages)
    with pytest.raises(TypeError, match=r"^chat\(\) (needs|缺少) ?prompt"):
        session.chat(model="m")


@pytest.mark.slow
def test_a_type_checker_sees_results_and_wrong_arguments(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(tmp_path),
         str(tmp_path / "program.py")],
        capture_output=True, text=True, cwd=PACKAGE.parent, timeout=300, check=False,
    )  # fmt: skip
    seen = [line.partition(": ")[2] for line in done.stdout.splitlines() if "program.py" in line]
    assert [line for line in seen if "Revealed" in line] == [
        'note: Revealed type is "ernie_magic.calls.images.pictures.ImageSet"',
        'note: Revealed type is "ernie_magic.calls.images.pictures.ImageSet"',
        'note: Revealed type is "list[ernie_magic.calls.embeddings.similarity.Found]"',
        'note: Revealed type is "ernie_magic.api.results.Answer"',
    ], done.stdout
    errors = [line for line in seen if line.startswith("error")]
    assert len(errors) == 5
    assert '"in_flight"' in errors[0]
    assert "Too few arguments" in errors[1]
    assert 'did you mean "temperature"' in errors[2]
    assert '"temperature" has incompatible type "str"; expected "float | None"' in errors[3]
    assert '"n" has incompatible type "str"; expected "int | None"' in errors[4]


def test_type_hints_name_the_result():
    hints = typing.get_type_hints(
        Session.count_tokens, localns={"TokenCount": int}, include_extras=True
    )
    assert hints["return"] is int
