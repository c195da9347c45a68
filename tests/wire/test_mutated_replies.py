"""Each field of each reply replaced by each of 23 odd values.

A complete answer is shown and bound, and what is raised is of our tree. Through real HTTP. CI runs
some hundreds of them, drawn with a seed; the slow suite runs all 12,000.
"""

import json
import pickle
import random
import warnings

import numpy as np
import pytest

from ernie_magic import errors
from ernie_magic.api.requests import ChatOptions
from ernie_magic.api.results import Answer
from ernie_magic.calls import as_code
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.notebook.display import chat as answers
from ernie_magic.notebook.display import embeddings as vectors
from ernie_magic.notebook.display import images as pictures
from ernie_magic.notebook.display.chat import mime_bundle
from ernie_magic.notebook.display.html_table import Table
from ernie_magic.notebook.panels.turns import ShownTurn
from ernie_magic.session import Session
from ernie_magic.wire import limits
from ernie_magic.wire.auth import Credentials
from tests.raw_server import Server
from tests.wire import mutations
from tests.wire.mutations import HEADERS, ODD, ODD_HEADERS, SHAPES, fields, is_own, mutated

TEXT = "春江潮水"
TOOL = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}},
}
ONE_BY_ONE = random.Random(12)  # noqa: S311
MODEL = {
    "qianfan-v1": "ernie-speed-8k",
    "qianfan-v1-iam": "ernie-speed-8k",
    "oauth": "ernie-speed-8k",
}


@pytest.fixture(scope="module")
def server():
    server = Server(keep_alive=True)
    yield server
    server.stop()


@pytest.fixture
def sessions(server, monkeypatch):
    """A session for each service and each kind of key, made on demand."""
    for name in ("QIANFAN_IAM_BASE_URL", "QIANFAN_CONSOLE_API_BASE_URL"):
        monkeypatch.setenv(name, server.url)
    made = {}

    def session(name):
        if name not in made:
            service = {"oauth": "qianfan-v1", "iam": "qianfan", "qianfan-v1-iam": "qianfan-v1"}.get(
                name, name
            )
            secret = (
                {"secret_key": "a-secret-of-some-length"}
                if name in ("oauth", "iam", "qianfan-v1-iam")
                else {}
            )
            key = (
                "ALTAKabcdefghijklmnopqrstuv"
                if name in ("iam", "qianfan-v1-iam")
                else "an-application-key"
            )
            made[name] = Session(
                ErnieSettings(
                    service=service,
                    base_url=server.url,
                    api_key=key,
                    model=MODEL.get(name, "ernie-3.5-8k"),
                    retry_count=1,
                    **secret,
                )
            )
        return made[name]

    yield session
    for one in made.values():
        one.close()


CALLS = {
    "chat": lambda session: session.chat("hi", stream=False),
    "stream": lambda session: session.chat("hi"),
    "tools": lambda session: session.chat("hi", tools=[TOOL]),
    "tools, whole": lambda session: session.chat("hi", tools=[TOOL], stream=False),
    "complete": lambda session: session.complete("hi", stream=False),
    "embed": lambda session: session.embed(["a", "b", "c"], cache=False),
    "rerank": lambda session: session.rerank("q", ["a", "b"]),
    "models": lambda session: session.models(),
    "count_tokens": lambda session: session.count_tokens("hi"),
    "image": lambda session: session.image("猫"),
}


def shown(*texts):
    """Whether Jupyter could send it on."""
    for text in texts:
        json.dumps(text, ensure_ascii=False).encode()


def check_answer(answer, session):
    language = "zh"
    shown(
        str(answer),
        repr(answer),
        answers.summary_line(answer, language),
        *mime_bundle(answer, language),
    )
    assert len(repr(answer)) < 2000
    assert isinstance(answer.statistic.total_latency, float)
    assert pickle.loads(pickle.dumps(answer)).text == answer.text  # noqa: S301
    json.dumps(answer.messages)
    assert session.last is answer
    for turn in session.history:
        at = ShownTurn.from_turn(turn, "t1", language, ChatOptions())
        shown(at.transcript_entry, at.saved_html, at.tokens)
    if hasattr(answer.request, "messages"):
        code = as_code.code_for_chat(
            answer.request, session.endpoint(), conversation="main", given={}
        )
        shown(code.magic.zh, code.python, code.openai.zh)


def check(result, session):
    """Whatever arrived can be looked at in every way."""
    shown(str(result), repr(result), repr(session.usage), repr(session))
    pickle.dumps(result)
    # The attributes that IPython asks for.
    for name in [name for name in dir(result) if name.startswith("_repr_")]:
        getattr(result, name)()
    if isinstance(result, Answer):
        check_answer(result, session)
    elif hasattr(result, "pictures"):
        shown(
            *pictures.mime_bundle(result, "zh"),
            pictures.pictures_text(result, "en"),
            *(repr(picture) for picture in result),
        )
    elif hasattr(result, "vectors"):
        shown(*vectors.mime_bundle(result, "zh"))
    elif isinstance(result, list):
        table = Table(["id", "kind"], [[listed.id, str(listed.kind)] for listed in result])
        shown(repr(table), table._repr_html_())


def check_error(error, session):
    """It is one line, and what arrived before it can be looked at too."""
    shown(error.line("zh"), error.line("en"), repr(error))
    assert len(error.line("en")) < 3000
    if isinstance(error.answer, Answer):
        check_answer(error.answer, session)


def whole(result):
    """Whether it is the whole answer."""
    if isinstance(result, Answer):
        return result.text == TEXT and not result.partial
    if hasattr(result, "pictures"):
        return len(result.good) == len(result.pictures) > 0
    if hasattr(result, "vectors"):
        return bool(np.isfinite(result.vectors).all()) and result.shape == (3, 2)
    return len(result) > 0 if hasattr(result, "__len__") else int(result) == 3


def ask(server, session, shape, raw):
    """The result of a call that gets this reply, or its error."""
    server.replies = {
        "": raw,
        "/0.png": mutations.http(mutations.png(), kind="image/png"),
        "/1.png": mutations.http(mutations.png(), kind="image/png"),
    }
    if shape.path:
        (rest,) = shape.others.values()
        server.replies = {"": mutations.http(mutations.written(rest, None)), shape.path: raw}
        session.client.http._credentials = Credentials()  # the token is requested again
    limits.LIMITS.forget_all()
    session.reset()
    session.last = None
    try:
        result = CALLS[shape.call](session)
    except errors.ErnieError as error:
        check_error(error, session)
        return error
    check(result, session)
    return result


def one(server, sessions, name, at, odd):
    shape = SHAPES[name]
    found = ask(
        server,
        sessions(shape.service),
        shape,
        mutations.reply(shape, *mutated(shape.body, at, ODD[odd]), link=server.url),
    )
    if not is_own(shape, at) and at not in shape.free:
        assert not isinstance(found, errors.ErnieError), found.line("en")
        assert whole(found)


ALL = [
    (name, at, odd) for name, shape in SHAPES.items() for at in fields(shape.body) for odd in ODD
]


def every(server, sessions, cases):
    failed = []
    for case in cases:
        try:
            one(server, sessions, *case)
        except BaseException as error:  # noqa: BLE001  (all of them are told, not the first)
            failed.append((case, f"{type(error).__name__}: {error}"[:200]))
    assert not failed, (len(failed), failed[:20])


@pytest.mark.parametrize("name", SHAPES)
def test_the_shapes_themselves_are_answers(server, sessions, name):
    shape = SHAPES[name]
    found = ask(
        server,
        sessions(shape.service),
        shape,
        mutations.reply(shape, shape.body, None, link=server.url),
    )
    assert isinstance(found, errors.ErnieError) == name.startswith("error")
    assert name.startswith("error") or whole(found)


def test_400_mutated_replies(server, sessions):
    every(server, sessions, ONE_BY_ONE.sample(ALL, 400))


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPES)
def test_all_mutated_replies(server, sessions, name):
    every(server, sessions, [case for case in ALL if case[0] == name])


def test_there_are_some_12_000_of_them():
    assert len(ODD) == 23
    assert len(ALL) > 12_000


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize(
    "name",
    [
        "chat, AI Studio",
        "error 429, code",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("stream, V1", "vectors", "links", "OAuth")
        ),
    ],
)
def test_no_header_takes_an_answer_away(server, sessions, name, header):
    shape = SHAPES[name]
    for value in ODD_HEADERS:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = ask(
                server,
                sessions(shape.service),
                shape,
                mutations.reply(shape, shape.body, None, ((header, value),), server.url),
            )
        if shape.status == 200 and header != "Content-Type":
            assert whole(found), (header, value)
        elif header != "Content-Type":
            assert isinstance(found, errors.RateLimited), (header, value)
