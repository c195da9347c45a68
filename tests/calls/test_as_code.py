"""A call as code: the magic, the Python call and the official client's make equal requests."""

import contextlib
import io
import os
import subprocess
import sys
from types import SimpleNamespace
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ernie_magic import Session
from ernie_magic.api import parameters
from ernie_magic.api.requests import ChatOptions, chat_request, embedding_request, image_request
from ernie_magic.calls import as_code
from ernie_magic.notebook.magics.chat import parse_chat_line
from ernie_magic.notebook.magics.embeddings import parse_embed_line
from ernie_magic.notebook.magics.images import parse_image_line
from ernie_magic.notebook.magics.interpolate import interpolate
from ernie_magic.text.language import LANGUAGES
from tests.model_server import Service

# Before 0.28 httpx drops the empty values of an address to which parameters are added.
KEEPS_EMPTY_VALUES = tuple(map(int, httpx.__version__.split(".")[:2])) >= (0, 28)
TEXT = (
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=30)
    .filter(str.strip)
    .map(str.strip)
)
LINES = st.lists(TEXT, min_size=1, max_size=3).map("\n".join)
ODD = st.sampled_from(
    [
        '{{"a": 1}}',
        "{{city}}",
        'it\'s "so"',
        "\\n \\",
        "--top-p 1",
        "$x$ {y}",
        '"""',
        "`code`",
        "#注释",
        '["a", "b"]',
        "['x']",
        "trailing \\",
    ]
)
PROMPT = LINES | ODD
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([0.05, 0.5, 1.0]),
        "top_p": st.sampled_from([0.0, 0.35]),
        "seed": st.integers(1, 2**31 - 2),
        "max_completion_tokens": st.integers(2, 12288),
        "stop": st.lists(
            (TEXT | ODD).map(lambda text: text[:20].strip() or "-"), min_size=1, max_size=4
        ),
        "response_format": st.just({"type": "json_object"}),
        "web_search": st.sampled_from([{"enable": True}, {"enable": False}]),
        "penalty_score": st.just(1.5),
        "enable_thinking": st.booleans(),
    },
)
IMAGES = st.fixed_dictionaries(
    {},
    optional={
        "negative_prompt": TEXT | ODD,
        "size": st.sampled_from(["1024x768", "2048x2048"]),
        "n": st.integers(1, 4),
        "style": st.sampled_from(parameters.STYLES),
        "seed": st.integers(0, 99),
        "steps": st.integers(10, 50),
        "cfg_scale": st.sampled_from([0.5, 30.0]),
        "sampler_index": st.sampled_from(parameters.SAMPLERS),
    },
)
ONCE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def session(emulator):
    emulator.requests.clear()
    with Session(
        service="aistudio",
        base_url=emulator.base_url,
        api_key="canary-key-of-code",
        retry_count=1,
        cache=False,
    ) as session:
        yield session


def cell(text, magic):
    """A magic's line and the text below it."""
    head, below = text.split("\n", 1)
    assert head.split(" ", 1)[0] == magic
    return head.removeprefix(magic), below


def body(said, below):
    return below if said.verbatim else interpolate(below, {})


def sent_by(code, emulator, **names):
    """Run code of the official client; return the body that the emulator received."""
    os.environ["AI_STUDIO_API_KEY"] = "canary-key-of-code"
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code, "code", "exec"), names)
    names.get("client") and names["client"].close()
    return emulator.requests[-1].body


@given(
    PROMPT,
    PARAMETERS,
    st.sampled_from(["", "ernie-4.5-turbo-128k"]),
    st.just("") | PROMPT,
    st.sampled_from(["main", "tutor", "对话 2"]),
    st.booleans(),
)
@ONCE
def test_three_forms_of_a_question_are_one_request(
    session, prompt, given_, model, system, name, history
):
    conversation = session[name]
    conversation.system = system
    options = ChatOptions(given_, model or None, history=history)
    request = conversation.plan_prompt(prompt, options).build_request("ernie-4.5-turbo-128k")
    code = as_code.code_for_chat(
        request,
        session.endpoint(),
        conversation=name,
        given=request.parameters,
        model=model,
        system=system,
        history=history,
    )
    asked = []

    class Recorder:
        def __getitem__(self, other):
            asked.append(other)
            return self

        def chat(self, prompt, **options):
            beside = {
                key: options.pop(key) for key in ("model", "system", "history") if key in options
            }
            asked.append(
                conversation.plan_prompt(prompt, ChatOptions(options, **beside)).build_request(
                    "ernie-4.5-turbo-128k"
                )
            )

    exec(code.python, {"ernie": Recorder()})
    assert asked == ([request] if name == "main" else [name, request])
    fits = "--" not in [system, *given_.get("stop", [])]
    assert code.magic.en.startswith("#") is not fits
    if not fits:
        assert code.magic.en.splitlines()[1:] == code.python.splitlines()
        return
    line, below = cell(code.magic.en, "%%ernie")
    said = parse_chat_line(line, {})
    assert said.session == ("" if name == "main" else name)
    assert (
        conversation.plan_prompt(body(said, below).strip("\n"), said.chat).build_request(
            "ernie-4.5-turbo-128k"
        )
        == request
    )


@given(PROMPT, PARAMETERS)
@settings(ONCE, max_examples=15)
def test_the_official_client_sends_the_same_body(session, emulator, prompt, given_):
    options = ChatOptions(given_, "ernie-4.5-turbo-128k")
    request = session.conversation.plan_prompt(prompt, options).build_request(
        "ernie-4.5-turbo-128k"
    )
    code = as_code.code_for_chat(request, session.endpoint(), conversation="main", given=given_)
    session.reset()
    answer = session.chat(prompt, model="ernie-4.5-turbo-128k", **given_)
    assert answer.request == request
    ours = emulator.requests[-1].body
    session.reset()
    assert sent_by(code.openai.zh, emulator) == ours


@given(PROMPT, IMAGES, st.sampled_from(["", "Stable-Diffusion-XL"]))
@settings(ONCE, max_examples=30)
def test_three_forms_of_pictures_are_one_request(session, prompt, given_, model):
    at = session.endpoint()

    def made(prompt, model=None, **given):
        return image_request(
            prompt, model=model or "Stable-Diffusion-XL", given=given, extra={}, rules=at.rules
        )

    request = made(prompt, **given_)
    code = as_code.code_for_image(request, at, given=given_, model=model)
    assert (
        eval(code.python, {"ernie": type("Recorder", (), {"image": staticmethod(made)})}) == request
    )
    if not code.magic.zh.startswith("#"):
        line, below = cell(code.magic.zh, "%%ernie_image")
        said = parse_image_line(line, {})
        assert made(body(said, below).strip(), **said.options) == request
    assert f"model={request.model!r}" in code.openai.en
    assert "client.images.generate(" in code.openai.en


def test_the_official_client_makes_the_same_pictures_and_vectors(session, emulator):
    at = session.endpoint()
    given_ = {"style": "Anime", "n": 2, "seed": 7}
    session.image("一只猫", **given_)
    ours = next(
        logged.body
        for logged in reversed(emulator.requests)
        if logged.path.endswith("/images/generations")
    )
    request = image_request(
        "一只猫", model="Stable-Diffusion-XL", given=given_, extra={}, rules=at.rules
    )
    assert sent_by(as_code.code_for_image(request, at, given=given_).openai.en, emulator) == ours
    request = embedding_request(
        ["推荐美食", "it's"], model="embedding-v1", given={}, extra={}, rules=at.rules
    )
    code = as_code.code_for_embedding(request, at)
    theirs = sent_by(code.openai.en, emulator)
    assert {name: value for name, value in theirs.items() if name != "encoding_format"} == {
        "model": "embedding-v1",
        "input": ["推荐美食", "it's"],
    }
    line, below = cell(code.magic.en, "%%ernie_embed")
    assert (parse_embed_line(line, {}).options, below.split("\n")) == ({}, ["推荐美食", "it's"])


def test_what_does_not_fit_into_a_magic_is_said_in_python(session):
    at = session.endpoint()
    request = embedding_request(
        ["one\ntwo"], model="embedding-v1", given={}, extra={}, rules=at.rules
    )
    assert [
        as_code.code_for_embedding(request, at).magic.say(language)[0] for language in LANGUAGES
    ] == [
        "#",
        "#",
    ]
    conversation = session["long"]
    conversation.system = "--"
    request = conversation.plan_prompt("hi", ChatOptions()).build_request("ernie-3.5-8k")
    code = as_code.code_for_chat(
        request, at, conversation="long", given={}, system=conversation.system
    )
    assert "Python" in code.magic.zh
    assert code.magic.zh.endswith(code.python)


def test_qianfan_v1_has_no_calls_for_the_official_client_and_says_so(session):
    session.settings.service, session.settings.base_url, session.settings.api_key = (
        "qianfan-v1",
        "",
        "canary-token-of-v1",
    )
    request = session.conversation.plan_prompt("hi", ChatOptions()).build_request("ernie-3.5-8k")
    code = as_code.code_for_chat(request, session.endpoint(), conversation="main", given={}).openai
    assert code.zh.startswith("# 千帆 V1 没有 OpenAI 兼容接口")
    assert "https://qianfan.baidubce.com/v2" in code.en
    assert "canary" not in code.en


KEY = "canary-0123456789abcdef0123456789abcdef01"
KEY_OF_V2 = "bce-v3/ALTAK-canary12/0123456789abcdef0123456789abcdef01234567"
PAIR = {"QIANFAN_ACCESS_KEY": "ALTAKcanaryx7Qm2Zt9Lw4Vb", "QIANFAN_SECRET_KEY": "canary5sF8jH2kL9"}
KEY_PLACES = {
    "an environment": ({"AI_STUDIO_API_KEY": KEY}, {}, KEY),
    "a .env": ({}, {"AI_STUDIO_API_KEY": KEY}, KEY),
    "a .env of V2": ({}, {"QIANFAN_API_KEY": KEY_OF_V2}, KEY_OF_V2),
    "a second variable": ({"QIANFAN_BEARER_TOKEN": KEY_OF_V2}, {}, KEY_OF_V2),
    "a second variable in a .env": ({}, {"QIANFAN_BEARER_TOKEN": KEY_OF_V2}, KEY_OF_V2),
    "a server's .env": (
        {},
        {"OPENAI_BASE_URL": "http://h.example/v1", "OPENAI_API_KEY": KEY},
        KEY,
    ),
    "V1 beside a key of V2": (
        {"QIANFAN_BEARER_TOKEN": KEY_OF_V2, "QIANFAN_AK": "ak-canary", "QIANFAN_SK": "sk-canary"},
        {},
        KEY_OF_V2,
    ),
    "no key that a server needs": ({"OPENAI_BASE_URL": "http://h.example/v1"}, {}, "none"),
    "no key that another address needs": (
        {"AI_STUDIO_BASE_URL": "http://h.example/v1"},
        {},
        "none",
    ),
}


CLIENT_THAT_PRINTS_ITS_KEY = """
class OpenAI:
    def __init__(self, api_key, **_):
        print(api_key)
"""


def client_code(session, service=""):
    if service:
        session.settings.service = service
    endpoint = session.settings.build_endpoint()
    request = embedding_request(["hi"], model="g", given={}, extra={}, rules=endpoint.rules)
    return as_code.code_for_embedding(request, endpoint, model="g").openai


def set_variables(variables, monkeypatch):
    monkeypatch.delenv("AI_STUDIO_API_KEY", raising=False)  # as `sent_by` leaves it
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("place", KEY_PLACES)
def test_the_official_client_has_the_key_wherever_the_session_has_it_from(
    place, monkeypatch, tmp_path
):
    variables, dotenv, key = KEY_PLACES[place]
    monkeypatch.chdir(tmp_path)
    lines = [f"{name}={value}" for name, value in dotenv.items()]
    (tmp_path / ".env").write_text("\n".join(lines))
    set_variables(variables, monkeypatch)
    code = client_code(Session(), "qianfan-v1" if "V1" in place else "").en
    assert "canary" not in code
    (tmp_path / "code.py").write_text(code.partition("\nreply = ")[0])
    (tmp_path / "openai.py").write_text(CLIENT_THAT_PRINTS_ITS_KEY)
    ran = subprocess.run(
        [sys.executable, "code.py"], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.stdout.strip(), ran.stderr) == (key, "")


@pytest.mark.parametrize(
    ("variables", "given", "service", "told"),
    [
        (PAIR, {}, "", "QIANFAN_API_KEY"),
        ({"QIANFAN_ACCESS_TOKEN": "24.canary"}, {}, "qianfan-v1", "QIANFAN_API_KEY"),
        ({}, {"api_key": KEY}, "", "AI_STUDIO_API_KEY"),
        ({"AI_STUDIO_API_KEY": "another-key-0123456"}, {"api_key": KEY}, "", "AI_STUDIO_API_KEY"),
        ({}, {"bearer_token": KEY_OF_V2}, "", "QIANFAN_API_KEY"),
        ({}, {"access_key": "ALTAKcanaryx7Qm2Zt9Lw4Vb", "secret_key": "canary5sF8"}, "", "API key"),
    ],
    ids=["pair", "V1", "session", "another", "session, V2", "session's pair"],
)
def test_the_official_client_s_code_says_which_variable_is_still_to_be_set(
    variables, given, service, told, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    set_variables(variables, monkeypatch)
    code = client_code(Session(**given), service)
    notes = [line for line in code.en.splitlines() if line.startswith("#")]
    assert told in notes[-1]
    assert "环境变量" in code.zh
    assert "canary" not in code.en


def test_no_key_and_no_picture_s_bytes_are_in_the_code(session):
    import PIL.Image

    request = session.conversation.plan_prompt(
        "what is this",
        ChatOptions(model="ernie-4.5-turbo-vl", images=PIL.Image.effect_noise((64, 64), 90)),
    ).build_request("ernie-4.5-turbo-vl")
    code = as_code.code_for_chat(
        request,
        session.endpoint(),
        conversation="main",
        given={},
        model="ernie-4.5-turbo-vl",
        files=["a cat.png"],
    )
    assert "canary" not in code.openai.en
    assert "picture('a cat.png')" in code.openai.en
    assert "base64,i" not in code.openai.en
    assert "--image 'a cat.png'" in code.magic.en
    assert "images=['a cat.png']" in code.python


@pytest.mark.parametrize(("name", "orientation"), [("scan.tif", 1), ("photo.jpg", 6)])
def test_a_converted_file_is_converted_by_the_client_s_code_as_well(
    session, tmp_path, name, orientation
):
    import PIL.Image

    file, exif = tmp_path / name, PIL.Image.Exif()
    exif[0x0112] = orientation
    PIL.Image.new("RGB", (64, 40), "red").save(file, exif=exif)
    options = ChatOptions(model="ernie-4.5-turbo-vl", images=str(file))
    request = session.conversation.plan_prompt("what?", options).build_request(options.model)
    openai = as_code.code_for_chat(
        request, session.endpoint(), conversation="main", given={}, files=[str(file)]
    ).openai.en
    body = {}
    client = SimpleNamespace(
        chat=SimpleNamespace(completions=SimpleNamespace(create=lambda **sent: body.update(sent)))
    )
    helpers = openai.partition("client = ")[0].replace("from openai import OpenAI", "")
    call = openai[openai.index("client.chat") :].partition("\n)")[0]
    exec(f"{helpers}\n{call}\n)", {"client": client})
    assert body["messages"] == list(request.messages)


def test_the_query_of_an_address_is_the_client_s_and_a_key_in_it_is_not_shown():
    url = "https://h.example/openai/deployments/g?api-version=7&preview=&code=canary-qwertyuiop"
    endpoint = Session(service="local", base_url=url, model="g").settings.build_endpoint()
    request = image_request("a cat", model="g", given={}, extra={}, rules=endpoint.rules)
    code = as_code.code_for_image(request, endpoint, given={}, model="g").openai.en
    assert (
        "base_url='https://h.example/openai/deployments/g', default_query={'api-version': '7', "
        "'preview': '', 'code': os.environ[\"CODE\"]})" in code
    )
    assert "canary" not in code


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("v=1&a=&key=canary-key%2Bone", {"KEY": "canary-key+one"}),
        ("api-key=canary-key-one&v=1&a=", {"API_KEY": "canary-key-one"}),
        (
            "v=1&sig=canary-key-one&a=&access.token=canary-two",
            {"SIG": "canary-key-one", "ACCESS_TOKEN": "canary-two"},
        ),
    ],
)
def test_the_official_client_sends_the_keys_of_an_address(query, variables, monkeypatch):
    server = Service()
    try:
        with Session(service="local", base_url=f"{server.url}/v1?{query}", cache=False) as session:
            session.embed("hi", model="g")
            at = session.endpoint()
        request = embedding_request(["hi"], model="g", given={}, extra={}, rules=at.rules)
        code = as_code.code_for_embedding(request, at, model="g").openai.en
        assert "canary" not in code
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        names = {}
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(code, "code", "exec"), names)
        names["client"].close()
        ours, theirs = (
            sorted(parse_qsl(path.partition("?")[2], keep_blank_values=KEEPS_EMPTY_VALUES))
            for path in server.paths
        )
        assert theirs == ours
        assert dict(ours)["v"] == "1"
        assert not KEEPS_EMPTY_VALUES or dict(ours)["a"] == ""
        assert set(variables.values()) < set(dict(ours).values())
    finally:
        server.stop()


def test_a_length_that_was_sent_under_another_name_is_shown_under_it():
    with Session(service="local", base_url="http://h.example/v1", model="g") as session:
        at = session.endpoint()
    given = {"max_output_tokens": 9}
    messages = [{"role": "user", "content": "hi"}]
    request = chat_request(messages, model="g", given=given, rules=at.rules)
    code = as_code.code_for_chat(request, at, conversation="main", given=given, model="g")
    assert "--max-tokens 9" in code.magic.en
    assert "max_tokens=9" in code.python
    assert "max_tokens=9" in code.openai.en
    assert "completion" not in code.magic.en + code.python
