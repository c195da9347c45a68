"""A key goes only to an address from the same source as the key; a password in an address is a key."""

import base64
import http.server
import io
import json
import os
import pickle
import threading
import traceback
from contextlib import redirect_stdout, suppress
from pathlib import Path

import pytest

from ernie_magic import errors
from ernie_magic.config.addresses import (
    BaseUrl,
    check_base_url,
    clean_base_url,
    redact_url,
    url_below,
)
from ernie_magic.config.services import CONSOLE_URL, IAM_URL
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics import commands
from ernie_magic.session import Session
from ernie_magic.text.redact import redact

KEY, ACCESS, SECRET = (
    "zq-key-0123456789-abcdef",
    "ALTAKq8w7e6r5t4y3u2i1o0p",
    "5f4e3d2c1b0a99887766554433221100",
)
PASSWORD = "pw-canary-77-xyzw"
OFFICIAL_V1 = "https://aip.baidubce.com"


class Stranger:
    """Answers every request with a token and an answer, and remembers what it received."""

    def __init__(self):
        stranger = self
        self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("content-length") or 0))
                stranger.seen.append(f"{self.path} {self.headers.as_string()}")
                body = json.dumps(
                    {
                        "token": "the-stranger-s-own-token",
                        "data": [],
                        "choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}],
                    }
                ).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer  # noqa: N815  (the names that the base class calls)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture(scope="module")
def stranger():
    stranger = Stranger()
    yield stranger
    stranger.stop()


@pytest.fixture(autouse=True)
def _forgets(stranger):
    stranger.seen.clear()


def dotenv(**variables):
    path = Path(".env")
    path.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    os.utime(path, (len(str(variables)), 1))


KEYS = {
    "AI_STUDIO_API_KEY": KEY,
    "QIANFAN_API_KEY": KEY,
    "QIANFAN_ACCESS_KEY": ACCESS,
    "QIANFAN_SECRET_KEY": SECRET,
    "QIANFAN_AK": KEY,
    "QIANFAN_SK": SECRET,
    "QIANFAN_ACCESS_TOKEN": KEY,
    "OPENAI_API_KEY": KEY,
}
PLACES = (
    "AI_STUDIO_BASE_URL",
    "QIANFAN_BASE_URL",
    "QIANFAN_CONSOLE_API_BASE_URL",
    "QIANFAN_IAM_BASE_URL",
    "OPENAI_BASE_URL",
)
WAYS = {
    "aistudio": ["AI_STUDIO_API_KEY"],
    "qianfan": ["QIANFAN_API_KEY"],
    "qianfan by pair": ["QIANFAN_ACCESS_KEY", "QIANFAN_SECRET_KEY"],
    "qianfan-v1": ["QIANFAN_AK", "QIANFAN_SK"],
    "qianfan-v1 by signature": ["QIANFAN_ACCESS_KEY", "QIANFAN_SECRET_KEY"],
    "qianfan-v1 by token": ["QIANFAN_ACCESS_TOKEN"],
    "local": ["OPENAI_API_KEY"],
}


def addresses(endpoint):
    """Where a call's key may go."""
    credential = endpoint.credential
    return [
        place
        for place in (
            endpoint.base_url,
            endpoint.console_url,
            getattr(credential, "iam_url", ""),
            getattr(credential, "url", ""),
        )
        if credential and place
    ]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("source", ["environment", "session"])
def test_no_address_of_a_folder_s_dotenv_gets_a_key_from_elsewhere(
    monkeypatch, stranger, way, place, source
):
    dotenv(**{place: stranger.url})
    settings = {"service": way.split()[0]}
    if source == "environment":
        for name in WAYS[way]:
            monkeypatch.setenv(name, KEYS[name])
    else:
        settings |= dict(
            zip(("api_key", "secret_key"), (KEYS[name] for name in WAYS[way]), strict=False)
        )
    with Session(**settings) as session:
        try:
            endpoint = session.settings.build_endpoint()
        except errors.MissingKey:  # `local` then has no address
            return
        assert not [place for place in addresses(endpoint) if place.startswith(stranger.url)]


def test_a_folder_s_own_pair_goes_to_its_own_addresses(stranger):
    dotenv(
        QIANFAN_ACCESS_KEY=ACCESS,
        QIANFAN_SECRET_KEY=SECRET,
        QIANFAN_IAM_BASE_URL=stranger.url,
        QIANFAN_CONSOLE_API_BASE_URL=stranger.url,
    )
    with Session(service="qianfan", model="m", retry_count=1) as session:
        assert session.chat("hi", stream=False).text == "ok"
    assert "/v1/BCE-BEARER/token" in stranger.seen[0]
    assert "Bearer the-stranger-s-own-token" in stranger.seen[1]


def test_the_environment_s_addresses_get_the_keys_of_sessions_and_files(monkeypatch, stranger):
    monkeypatch.setenv("QIANFAN_IAM_BASE_URL", stranger.url)
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", stranger.url)
    assert (
        Session(service="qianfan", api_key=ACCESS, secret_key=SECRET)
        .settings.build_endpoint()
        .credential.iam_url
        == stranger.url
    )
    dotenv(QIANFAN_ACCESS_KEY=ACCESS, QIANFAN_SECRET_KEY=SECRET)
    assert Session(service="qianfan").settings.build_endpoint().credential.iam_url == stranger.url


def test_a_pair_of_which_one_half_is_the_environment_s_does_not_go_to_a_dotenv_s_address(
    monkeypatch, stranger
):
    monkeypatch.setenv("QIANFAN_ACCESS_KEY", ACCESS)
    dotenv(QIANFAN_SECRET_KEY=SECRET, QIANFAN_IAM_BASE_URL=stranger.url)
    assert Session(service="qianfan").settings.build_endpoint().credential.iam_url == IAM_URL


def test_a_console_s_address_is_baidu_s_only_where_the_service_is(monkeypatch):
    monkeypatch.setenv("QIANFAN_ACCESS_KEY", ACCESS)
    monkeypatch.setenv("QIANFAN_SECRET_KEY", SECRET)
    assert Session(service="qianfan-v1").settings.build_endpoint().console_url == CONSOLE_URL
    monkeypatch.setenv("QIANFAN_BASE_URL", "http://127.0.0.1:9")
    with Session(service="qianfan-v1") as session:
        assert session.settings.build_endpoint().console_url == ""
        assert "ernie-3.5-8k" in [entry.id for entry in session.models()]  # the catalogue's


def test_a_key_that_was_not_sent_is_told_when_the_service_wants_one(monkeypatch, emulator):
    dotenv(AI_STUDIO_BASE_URL=emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", KEY)
    with (
        Session(model="m", retry_count=1) as session,
        pytest.raises(errors.AuthenticationFailed, match="come from different places"),
    ):
        session.chat("hi")


# --- a password in an address ---------------------------------------------------------------------


def url_of(stranger, password=PASSWORD):
    return stranger.url.replace("//", f"//me:{password}@") + "/v1"


def test_it_is_sent_as_basic_and_shown_nowhere(stranger):
    with Session(service="local", base_url=url_of(stranger), model="m", retry_count=1) as session:
        answer = session.chat("hi", stream=False)
        assert f"Basic {base64.b64encode(f'me:{PASSWORD}'.encode()).decode()}" in stranger.seen[-1]
        out = io.StringIO()
        with redirect_stdout(out):
            for line in (
                "config",
                "config base_url",
                f"config base_url {url_of(stranger)}",
                "doctor",
            ):
                print(commands.run_command(session, line))
        settings = session.settings
        shown = "".join(
            [
                repr(settings),
                repr(settings.trait_values()),
                repr(settings.build_endpoint()),
                str(settings.base_url),
                out.getvalue(),
                repr(pickle.dumps(answer)),
                repr(vars(session)),
                repr(pickle.dumps(settings.base_url)),
                settings.class_get_help(settings),
            ]
        )
    assert PASSWORD[:8] not in shown
    assert "//•••@127.0.0.1" in out.getvalue()


def test_it_comes_from_a_variable_too(monkeypatch, stranger):
    monkeypatch.setenv("OPENAI_BASE_URL", url_of(stranger, "p%40ss-w0rd"))
    with Session(model="m", retry_count=1) as session:
        session.chat("hi", stream=False)
        assert base64.b64encode(b"me:p@ss-w0rd").decode() in stranger.seen[-1]
        assert "ss-w0rd" not in repr(session.settings.build_endpoint())


def test_it_does_not_take_the_place_of_a_key(monkeypatch, stranger):
    with (
        Session(service="local", base_url=url_of(stranger), api_key=KEY, model="m") as session,
        pytest.raises(errors.InvalidOption, match="a key is set as well") as caught,
    ):
        session.chat("hi")
    assert PASSWORD not in str(caught.value)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)  # not for an address that was set in the session
    with Session(service="local", base_url=url_of(stranger), model="m", retry_count=1) as session:
        session.chat("hi", stream=False)
    assert [KEY in seen for seen in stranger.seen] == [False]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host:443/v1?user=a@b.c", "https://host:443/v1?•••"),
        ("https://host:443?user=a@b.c", "https://host:443?•••"),
        ("http://[::1]:8000/v1?a=1&user=a@b.c", "http://[::1]:8000/v1?•••"),
        ("http://127.0.0.1:65535/v1/?mail=a:b@c", "http://127.0.0.1:65535/v1/?•••"),
        ("http://h:80/v1?x-user=a%40b@c#top", "http://h:80/v1?•••"),
        ("http://h/v1?back=http://a:b@c", "http://h/v1?•••"),
        ("http://h/v1?back=//a:b@c", "http://h/v1?•••"),
        ("https://h/v1?user=a@b.c", "https://h/v1?•••"),
    ],
)
def test_an_at_sign_in_the_query_is_no_password_s_end(url, shown):
    endpoint = Session(service="local", base_url=url).settings.build_endpoint()
    assert endpoint.base_url == url.partition("#")[0].replace("/?", "?")
    assert endpoint.credential is None
    assert redact_url(url) == shown


PATH_KEYS = {
    "an OpenAI key": "sk-canaryCANARY0123456789abcdef",
    "one of letters": "sk-canarycanarycanary",
    "a project's": "sk-proj-canary_CANARY-0123456789",
    "of Qianfan": "bce-v3/ALTAK-canary0123456789AB/canary0123456789abcdefcanary0123456789ab",
    "hexadecimal": b"0canary9".hex() * 3,
    "a token": "tok_canaryA3dE5gH7jK9mN1pQ3",
    "a UUID": "c4a4a712-3d5e-4f6a-8b9c-c4a4a7123d5e",
    "in percent": "sk%2Dcanary0123456789%41bcdef",
    "base64": "Y2FuYXJ5Y2FuYXJ5MDEyMzQ1Njc4OQ==",
    "before a dot": "canary0123456789abcdef.chat",
}


@pytest.mark.parametrize("name", PATH_KEYS)
def test_a_key_in_the_path_is_sent_and_never_shown(stranger, name):
    key = PATH_KEYS[name]
    url = url_of(stranger).replace("/v1", f"/{key}/v1")
    assert key in url
    session = Session(service="local", base_url=url, model="m", retry_count=1, language="en")
    session.chat("hi", stream=False)
    assert any(f"/{key}/v1/chat/completions" in seen for seen in stranger.seen)
    session.settings.base_url = f"http://127.0.0.1:9/{key}/v1?api-version=1"
    with pytest.raises(errors.ErnieError) as caught:
        session.chat("hi")
    code = session.settings.build_endpoint()
    shown = [
        *(repr(session.settings), repr(session.settings.base_url), repr(code), repr(session)),
        *(str(caught.value), redact_url(url), repr(session.limits())),
        repr(vars(caught.value)),
    ]
    for part in (part for part in key.split("/") if part != "bce-v3"):
        for text in shown:
            assert part not in text
            assert part[-8:] not in text
    assert "/•••" in repr(session.settings)


@pytest.mark.parametrize(
    "path",
    [
        "/openai/deployments/gpt-4o-2024-08-06/v1",
        "/v2/app/ernie-4.5-turbo-128k",
        "/serving-endpoints/meta-llama-3-1-70b-instruct",
        "/api/v1/inference/production-cluster-1",
        "/team2/sk/v1",
    ],
)
def test_what_is_no_key_in_a_path_is_shown(path):
    url = f"https://my-resource-abc123def456ghi.openai.example{path}"
    assert redact_url(url) == url
    assert url in repr(Session(service="local", base_url=url).settings)


@pytest.mark.parametrize(
    "password",
    [
        "a/canary-b", "12/canary-b", "a?canary-b", "a#canary-b", "12?canary-b", "12#canary-b",
        "12/3?canary-b", "99999/v1?x=canary-b", "0?x=canary-b", "a/v1?x=canary-b", "1:2?x=canary-b",
    ],
)  # fmt: skip
def test_one_that_would_end_the_address_is_told(monkeypatch, stranger, password):
    with pytest.raises(errors.InvalidOption, match="%2F") as caught:
        Session(service="local", base_url=url_of(stranger, password))
    assert "canary" not in str(caught.value)
    monkeypatch.setenv("OPENAI_BASE_URL", url_of(stranger, password))
    with pytest.raises(errors.InvalidOption, match="%2F") as caught:
        Session(service="local").endpoint()
    assert "canary" not in str(caught.value) + redact_url(url_of(stranger, password))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/v1?version=canary-123456",
        "http://127.0.0.1:9/v1?key=canary-123456",
        "http://127.0.0.1:9/v1#canary-123456",
    ],
)
def test_a_query_in_an_address_is_not_shown(url):
    with (
        Session(service="local", base_url=url, model="m", retry_count=1) as session,
        pytest.raises(errors.ServiceUnreachable) as caught,
    ):
        session.chat("hi")
    assert "canary" not in str(caught.value)


QUERY_KEYS = ("api_key", "key", "code", "access-token", "subscription-key", "sig", "Password")


@pytest.mark.parametrize("name", QUERY_KEYS)
def test_a_key_in_an_address_s_query_is_sent_and_shown_nowhere(stranger, name):
    url = f"{stranger.url}/v1?api-version=7&{name}=canary%2Bqwertyuiop#top"
    with Session(service="local", base_url=url, model="m", retry_count=1) as session:
        session.chat("hi", stream=False)
        shown = io.StringIO()
        with redirect_stdout(shown):
            commands.run_command(session, "config base_url")
        endpoint = session.endpoint()
        parts = (endpoint, session.settings.base_url, shown.getvalue(), endpoint.account)
        assert "canary" not in repr(parts)
        assert "canary" not in repr(pickle.dumps(session.settings.base_url))
    assert f"/v1/chat/completions?api-version=7&{name}=canary%2Bqwertyuiop " in stranger.seen[-1]


def test_a_key_in_an_address_s_query_is_not_sent_to_another_address(stranger, monkeypatch):
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", stranger.url)
    url = f"{stranger.url}/v1?code=canary-qwertyuiop"
    with (
        Session(
            service="qianfan-v1", base_url=url, api_key=ACCESS, secret_key=SECRET, retry_count=1
        ) as session,
        suppress(errors.ErnieError),
    ):
        session.models()
    assert not any("canary" in seen for seen in stranger.seen)


@pytest.mark.parametrize(
    ("base_url", "path", "url"),
    [
        ("http://h/v1", "/models", "http://h/v1/models"),
        ("http://h/v1?a=1", "/models", "http://h/v1/models?a=1"),
        ("http://h/v1?a=1&b=%2F", "/models?c=3", "http://h/v1/models?a=1&b=%2F&c=3"),
        ("http://h/v1?a=1&b=2", "/models?a=3", "http://h/v1/models?b=2&a=3"),
        ("http://h?a=1", "/models", "http://h/models?a=1"),
        ("http://h/v1?a=1", "http://other/x", "http://other/x"),
    ],
)
def test_the_query_of_an_address_follows_the_path(base_url, path, url):
    assert url_below(base_url, path) == url


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        (" http://h/v1/ ", "http://h/v1"),
        ("http://h/v1/?a=b/", "http://h/v1?a=b/"),
        ("http://h/v1?", "http://h/v1"),
        ("http://h/v1#", "http://h/v1"),
        ("http://h/v1#/chat?x=1", "http://h/v1"),
        ("http://h/v1?a=1#b", "http://h/v1?a=1"),
        ("http://h/v1/chat/completions?a=1", "http://h/v1?a=1"),
        ("http://h/v1/chat/completions/", "http://h/v1"),
        ("http://h/v1/chat", "http://h/v1"),
        ("http://h/chat", "http://h/chat"),  # a path of its own
        ("http://http://h/v1", "http://h/v1"),
        ("https://http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("http://h/v1?next=/chat/completions", "http://h/v1?next=/chat/completions"),
        ("http://h/v1\u200b", "http://h/v1"),
        ("\ufeffhttp://h\u2060:8/v1\u00ad/", "http://h:8/v1"),
        ("http://h//v1//", "http://h/v1"),
        ("http://h/v1/models", "http://h/v1"),
        ("http://h/v1/completions", "http://h/v1"),
        ("http://h/v1/responses/", "http://h/v1"),
        ("http://h/v1/messages", "http://h/v1"),
        ("http://h/v1/embeddings?a=1", "http://h/v1?a=1"),
        ("https://h/api/paas/v4/images/generations", "https://h/api/paas/v4"),
        ("https://h/compatible-mode/v1/rerank", "https://h/compatible-mode/v1"),
        ("https://h/v1beta/openai/models", "https://h/v1beta/openai"),
        ("https://h/openai/deployments/d/embeddings?api-version=1", "https://h/openai/deployments/d?api-version=1"),
        ("http://127.0.0.1:11434/api/chat", "http://127.0.0.1:11434/v1"),
        ("http://127.0.0.1:11434/api", "http://127.0.0.1:11434/v1"),
        ("https://gateway.example/api/chat", "https://gateway.example/api/chat"),
        ("http://h：8/模型：1", "http://h:8/模型：1"),
        ('"http://h/v1"', "http://h/v1"),
        ('http://h/v1"', "http://h/v1"),
        ("'http://h/v1", "http://h/v1"),
        ("http://h/v1”,", "http://h/v1"),
        ("<http://h/v1>", "http://h/v1"),
        ("“http://h/v1”，", "http://h/v1"),
        ("[the docs](http://h/v1)", "http://h/v1"),
        ("`POST http://h/v1/chat/completions`", "http://h/v1"),
        ("POST http://h/v1/chat/completions", "http://h/v1"),
        ("http://h/v1.", "http://h/v1"),
        ("http：//h：8／v1", "http://h:8/v1"),
        ("http:\\\\h\\v1", "http://h/v1"),
        ("https://r.services.ai.azure.com/models", "https://r.services.ai.azure.com/models"),
        ("http://h/embeddings", "http://h/embeddings"),
        ("http://proxy/https://h/v1", "http://proxy/https://h/v1"),
        ("http://[::1]", "http://[::1]"),
        ("http://localhost.", "http://localhost."),
        ("http://h/(a)", "http://h/(a)"),
    ],
)  # fmt: skip
def test_what_is_pasted_with_an_address_is_dropped_and_its_query_is_kept(written, cleaned):
    assert BaseUrl(written).login is None
    assert clean_base_url(BaseUrl(written)) == cleaned
    assert clean_base_url(written) == cleaned


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("127.0.0.1:8000/v1", "write http:// before it: http://127.0.0.1:8000/v1"),
        ("localhost:8000", "write http:// before it: http://localhost:8000"),
        ("api.example.com/v1", "write https:// before it: https://api.example.com/v1"),
        ("ftp://api.example.com/v1", "write it like https://host:port/path"),
        ("my server", "write it like https://host:port/path"),
        ("http://h:99999/v1", "write it like https://host:port/path"),
    ],
)
def test_an_address_without_its_scheme_is_told_with_one(written, advice):
    with pytest.raises(errors.InvalidOption) as caught:
        check_base_url(clean_base_url(BaseUrl(written)))
    assert advice in caught.value.line("en")


@pytest.mark.parametrize("where", ["?api-version=7", "/?api-version=7", "/v2?api-version=7"])
def test_a_path_that_a_service_appends_stands_before_the_query(monkeypatch, where):
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", f"http://127.0.0.1:9{where}")
    monkeypatch.setenv("QIANFAN_API_KEY", "bce-v3/ALTAK-x/0123")
    endpoint = Session(service="qianfan").settings.build_endpoint()
    assert endpoint.base_url == "http://127.0.0.1:9/v2?api-version=7"


def test_a_service_s_own_address_with_a_query_is_its_own(monkeypatch):
    monkeypatch.setenv("QIANFAN_API_KEY", "bce-v3/ALTAK-x/0123")
    session = Session(service="qianfan", base_url="https://qianfan.baidubce.com/v2?trace=on")
    assert session.settings.build_endpoint().credential is not None


@pytest.mark.parametrize(
    "url", ["", "http://h/v1", "https://[::1]:8/v1", "https://h/@me/v1", "h:1", "http://["]
)
def test_an_address_without_one_stays(url):
    assert (str(BaseUrl(url)), BaseUrl(url).login) == (url, None)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("tokenizer=cl100k_base", "cl100k_base"),
        ("author=platform-engineering", "platform engineering"),
        ("zipcode=production", "production"),
        ("code_version=deployment", "deployment"),
    ],
)
def test_words_of_a_query_stay_in_it_and_in_answers(query, words):
    address = BaseUrl(f"http://h/v1?{query}")
    assert (str(address), address.query_keys) == (f"http://h/v1?{query}", ())
    assert redact(f"about {words}, engine_error") == f"about {words}, engine_error"


@pytest.mark.parametrize(
    "rest",
    [
        "?ak=SECRET", "?sk=SECRET", "?subscription=SECRET", "?jwt=SECRET", "?bearer=SECRET",
        "?access=SECRET", "?k=SECRET", "?SECRET", "#token=SECRET", "#SECRET", "?x=SECRET",
        "?api-version=7&a=1&SECRET", "?api-version=SECRET8f3k2m9x7q5w1z",
    ],
)  # fmt: skip
def test_a_repr_shows_no_value_of_a_query_but_a_version(rest):
    settings = ErnieSettings(base_url=f"http://h/v1{rest.replace('SECRET', 'canary-qwertyuiop')}")
    assert "canary" not in repr(settings)
    assert "http://h/v1" in repr(settings)
    assert "api-version=2024-10-21" in repr(BaseUrl("http://h/v1?api-version=2024-10-21"))


@pytest.mark.parametrize("host", ["host/v1", "host:8000/v1", "127.0.0.1", "h/v1?a=1"])
def test_a_login_is_cut_off_without_a_scheme_as_well(host):
    address = BaseUrl(f"user:canary-qwertyuiop@{host}")
    assert str(address) == host
    assert address.login is not None
    assert "canary" not in redact_url(f"user:canary-qwertyuiop@{host}")


SLIPS = [
    {"headers": {"X Y": "canary-8f3k2m9x7q5w1z"}},
    {"headers": "X Y canary-8f3k2m9x7q5w1z"},
    {"headers": ["canary-8f3k2m9x7q5w1z"]},
    {"base_url": "http://user:canary-8f3k2m9x7q5w1z@[::bad/v1"},
    {
        "service": "aistudio",
        "base_url": "http://h/v1?api_key=canary-8f3k2m9x7q5w1z",
        "temperature": 9,
    },
    {"base_url": ["canary-8f3k2m9x7q5w1z"]},
    {"api_key": ["canary-8f3k2m9x7q5w1z"]},
]


@pytest.mark.parametrize("make", [Session, ErnieSettings])
@pytest.mark.parametrize("values", [*SLIPS, {**SLIPS[4], "nosuch": 1}], ids=str)
def test_no_frame_of_a_slip_s_error_holds_what_was_given(make, values):
    with pytest.raises(InvalidOption) as caught:
        make(**values)
    error, shown = caught.value, ""
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename != __file__:
                shown += repr(frame.f_locals)
        error = error.__context__
    assert "canary" not in shown + str(caught.value)


def test_an_assignment_s_error_holds_no_header_either():
    settings = ErnieSettings()
    with pytest.raises(InvalidOption) as caught:
        settings.headers = {"X Y": "canary-8f3k2m9x7q5w1z"}
    for frame, _ in traceback.walk_tb(caught.value.__traceback__.tb_next):
        assert "canary" not in repr(frame.f_locals)
