"""Headers of the user's own: what may be one, where they go, and that no value is shown."""

import pickle

import pytest

from ernie_magic import errors
from ernie_magic.config.headers import ExtraHeaders
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.session import Session
from ernie_magic.text.redact import redact

SECRET = "gateway-8f3k2m9x7q5w1z"
STUDIO = "https://aistudio.baidu.com/llm/lmapi/v3"


@pytest.mark.parametrize(
    ("given", "revealed"),
    [
        ({"X-Client-Platform": "aistudio"}, {"X-Client-Platform": "aistudio"}),
        ({" x-a ": " b c\t"}, {"x-a": "b c"}),
        ("X-A: b: c", {"X-A": "b: c"}),
        ('{"X-A": "b", "User-Agent": "mine/1"}', {"X-A": "b", "User-Agent": "mine/1"}),
        ({"Cookie": "a=b; c=d"}, {"Cookie": "a=b; c=d"}),
        ({"HTTP-Referer": "https://a.example/n"}, {"HTTP-Referer": "https://a.example/n"}),
        (None, {}),
        ({}, {}),
    ],
)
def test_headers_are_given_as_people_write_them(given, revealed):
    assert ErnieSettings(headers=given).headers.reveal() == revealed


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"Authorization": SECRET}, "it would replace the key"),
        ({"authorization": SECRET}, "put the key into api_key"),
        ({"PROXY-Authorization": SECRET}, "it would replace the key"),
        ({"Host": "a"}, "Host cannot be set as a header"),
        ({"content-type": "text/plain"}, "each request writes it itself"),
        ({"Transfer-Encoding": "chunked"}, "cannot be set"),
        ({"X A": SECRET}, "'X A' is not the name of a header"),
        ({"X:A": SECRET}, "is not the name"),
        ({"": SECRET}, "is not the name"),
        ({"名": SECRET}, "is not the name"),
        ({"X-A\r\nX-B": SECRET}, "is not the name"),
        ({1: SECRET}, "is not the name"),
        ({"X-A": f"{SECRET}\r\nX-B: c"}, "the value of the header X-A is not valid"),
        ({"X-A": f"{SECRET}\x00"}, "is not valid"),
        ({"X-A": f"{SECRET}值"}, "one line of ASCII text"),
        ({"X-A": ""}, "is not valid"),
        ({"X-A": 1}, "is not valid"),
        ({"X-A": None}, "is not valid"),
        ({"X-A": SECRET, "x-a": "b"}, "x-a is given twice.*header names ignore case"),
        ([("X-A", SECRET)], "could not be read, so nothing was set"),
        (f"X-A {SECRET}", "could not be read, so nothing was set"),
        (f'{{"X-A": "{SECRET}"', "could not be read, so nothing was set"),
        (5, "could not be read, so nothing was set"),
    ],
)
def test_what_is_no_header_is_told_without_its_value(given, told):
    with pytest.raises(errors.InvalidOption, match=told) as caught:
        ErnieSettings(headers=given)
    assert SECRET not in caught.value.line("zh") + caught.value.line("en")


def test_no_value_is_shown_or_pickled():
    settings = ErnieSettings(headers={"X-Gateway-Token": SECRET, "X-Team": "blue"})
    shown = repr(settings) + repr(settings.headers) + str(settings.headers) + str(vars(settings))
    assert "X-Gateway-Token" in shown
    assert SECRET not in shown
    assert "blue" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(settings.headers)


@pytest.mark.parametrize(
    ("name", "value", "hidden"),
    [
        ("X-Gateway-Token", SECRET, SECRET),
        ("X-Team", SECRET, SECRET),
        ("X-Api-Key", "Bearer lowercaseonly", "lowercaseonly"),
        ("Cookie", f"sid={SECRET}; theme=dark", SECRET),
        # Words that texts have too.
        ("X-Client-Platform", "aistudio", ""),
        ("HTTP-Referer", "https://example.com/notebook1", ""),
        ("X-Auth", "short", ""),
    ],
)
def test_a_secret_value_is_redacted_wherever_it_appears(name, value, hidden):
    ExtraHeaders({name: value})
    assert redact(f"refused: {value} is unknown") == f"refused: {value} is unknown".replace(
        hidden or "\0", "•••"
    )


@pytest.fixture
def headers_of(emulator, monkeypatch):
    """Return the headers of the last request whose path has these characters."""
    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-headers")
    emulator.requests.clear()
    return lambda path: next(r.headers for r in reversed(emulator.requests) if path in r.path)


def test_every_call_has_them_and_still_its_own(headers_of):
    with Session(model="ernie-3.5-8k", headers={"X-Team": "blue", "User-Agent": "me/1"}) as session:
        session.chat("hi")
        session.models()
        session.embed("hi", cache=False)
    for path in ("/chat", "/models", "/embeddings"):
        sent = headers_of(path)
        assert (sent["x-team"], sent["user-agent"]) == ("blue", "me/1")
        assert "authorization" in sent
    assert headers_of("/chat")["accept"] == "text/event-stream"


def test_another_service_does_not_get_them():
    session = Session(api_key="k-headers-123456", headers={"X-Team": "blue"}, app_id="")
    assert session.endpoint().extra_headers.reveal() == {"X-Team": "blue"}
    session.use("local")
    assert len(session.settings.headers) == 0


def test_an_address_of_a_folder_s_dotenv_does_not_get_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("AI_STUDIO_BASE_URL=http://somewhere.example/v1\n")
    session = Session(headers={"X-Gateway-Token": SECRET})
    with pytest.raises(errors.InvalidOption, match=r"the headers were not sent.*\.env"):
        session.chat("hi")
    session.settings.base_url = "http://127.0.0.1:1/v1"
    assert session.endpoint().extra_headers.reveal() == {"X-Gateway-Token": SECRET}


def test_a_list_at_another_address_does_not_get_them(emulator, monkeypatch):
    from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY

    monkeypatch.setenv("QIANFAN_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", emulator.url)
    emulator.requests.clear()
    with Session(
        service="qianfan-v1",
        model="ernie-speed-8k",
        access_key=ACCESS_KEY,
        secret_key=SECRET_KEY,
        headers={"X-Team": "blue"},
    ) as session:
        session.models()
        session.chat("hi")
    seen = {request.path: request.headers.get("x-team") for request in emulator.requests}
    assert set(seen.values()) == {None, "blue"}
    assert [path for path, team in seen.items() if team is None] == ["/wenxinworkshop/service/list"]


@pytest.mark.parametrize(
    "settings",
    [
        {"service": "qianfan", "api_key": "bce-v3/ALTAK-h/0123", "app_id": "app-1"},
        {"service": "qianfan-v1", "access_key": "ALTAKheaders01234567", "secret_key": "s-012345"},
    ],
    ids=["appid", "signature"],
)
def test_one_that_the_service_uses_is_told(settings):
    name = "AppID" if "app_id" in settings else "X-BCE-Account"
    session = Session(**settings, headers={name: "x"})
    with pytest.raises(errors.InvalidOption, match=f"the header {name} is the service's"):
        session.endpoint()


def test_a_command_sets_them_and_shows_their_names_only(run, ernie):
    _, out = run(f'%ernie config headers {{"X-Gateway-Token": "{SECRET}", "X-B": "blue"}}')
    assert "headers = {X-Gateway-Token: •••, X-B: •••}" in out
    assert ernie.settings.headers.reveal() == {"X-Gateway-Token": SECRET, "X-B": "blue"}
    run("%ernie config headers X-C: some words")
    assert ernie.settings.headers.reveal() == {"X-C": "some words"}
    shown = run("%ernie config")[0].result
    assert "some words" not in repr(shown) + shown._repr_html_()
    assert "X-C: •••" in repr(shown)
    run("%ernie config headers default")
    assert len(ernie.settings.headers) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Env", "production-cluster-1"),
        ("X-Author", "platform-engineering"),
        ("X-Tokenizer", "sentencepiece"),
        ("X-Region", "us-east1-production2"),
    ],
)
def test_words_of_a_header_are_not_erased_from_texts(name, value):
    assert value not in repr(ExtraHeaders({name: value}))
    assert redact(f"the {value} of engineering in production") == (
        f"the {value} of engineering in production"
    )
