"""Where settings come from, in order; and a key is only ever shown as "set"."""

import os
import threading
import time

import pytest

from ernie_magic.config import variables
from ernie_magic.config.credentials import Bearer, BearerFromPair, Signature
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.config.variables import name_in_use, read_variable
from ernie_magic.errors import InvalidOption, MissingKey
from ernie_magic.session import Session

OFFICIAL = "https://aistudio.baidu.com/llm/lmapi/v3"


def endpoint(settings):
    return settings.build_endpoint()


def test_with_nothing_set_it_is_the_emulator():
    assert endpoint(ErnieSettings()).service.name == "emulator"


@pytest.mark.parametrize(("name", "default"), [("system", "''"), ("cache", "True")])
def test_none_for_a_setting_tells_what_unsets_it(name, default):
    with pytest.raises(InvalidOption, match=rf"ernie\.settings\.{name} = {default}"):
        setattr(ErnieSettings(), name, None)


def test_a_key_in_the_environment_chooses_ai_studio(monkeypatch):
    monkeypatch.setenv("AI_STUDIO_API_KEY", " key-from-env \n")
    found = endpoint(ErnieSettings())
    assert (found.service.name, found.base_url, found.credential.key.reveal()) == (
        "aistudio",
        OFFICIAL,
        "key-from-env",
    )


def test_a_key_in_a_dotenv_file_is_found_and_found_again_when_the_file_changes(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text('AI_STUDIO_API_KEY="dot$env"\n')
    settings = ErnieSettings()
    assert endpoint(settings).credential.key.reveal() == "dot$env"
    (tmp_path / ".env").write_text("")
    import os

    os.utime(tmp_path / ".env", (1, 1))
    assert endpoint(settings).service.name == "emulator"


@pytest.mark.parametrize("written", ['"k-12345678"', "'k-12345678'", ' "k-12345678" \r\n'])
def test_quotes_that_docker_leaves_around_a_key_are_none_of_it(monkeypatch, written):
    monkeypatch.setenv("AI_STUDIO_API_KEY", written)
    assert endpoint(ErnieSettings()).credential.key.reveal() == "k-12345678"


KEY = "0123456789abcdef0123"


@pytest.mark.parametrize(
    "line", ["ai_studio_api_key={}", "AI-Studio-API-Key={}", "ＡＩ_STUDIO_API_KEY={}", "{}"]
)
def test_a_dotenv_s_name_may_be_written_in_small_or_wide_letters(tmp_path, line):
    lines = line.format(KEY)
    if line == "{}":
        lines = f"ai_studio_api_key=other\nAI_STUDIO_API_KEY={KEY}"
    (tmp_path / ".env").write_text(f"{lines}\n", "utf-8")
    assert read_variable("AI_STUDIO_API_KEY") == (KEY, ".env")


@pytest.mark.parametrize(
    ("lines", "rest"),
    [
        (f"AI_STUDIO_API_KEY={KEY[:9]}\n{KEY[9:]}\nFOO=1\n", 2),
        (f"# a\nQIANFAN_SK=\n  {KEY}\n", 3),
        (f"openai_api_key=sk-{KEY}\nabc\n", 2),
        (f"QIANFAN_ACCESS_TOKEN=24.{KEY}\n{KEY}2592000==\n", 2),
    ],
)
def test_a_key_on_two_lines_of_a_dotenv_is_told(tmp_path, lines, rest):
    (tmp_path / ".env").write_text(lines)
    with pytest.raises(InvalidOption) as caught:
        read_variable("AI_STUDIO_API_KEY")
    told = caught.value.line("en")
    assert f"line {rest} of" in told
    assert f"on line {rest - 1}. What to do: put the key on one line." in told
    assert not any(part in told for part in (KEY[:9], KEY[9:]))


@pytest.mark.parametrize("after", ["FOO", "BAR=", "foo=", "\n\nmykey", "# x", "---", "export A"])
def test_other_lines_below_a_key_are_none_of_it(tmp_path, after):
    (tmp_path / ".env").write_text(f"AI_STUDIO_API_KEY={KEY}\n{after}\n")
    assert read_variable("AI_STUDIO_API_KEY") == (KEY, ".env")


def test_the_older_name_of_openai_s_address_is_read(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("OPENAI_API_BASE=http://127.0.0.1:1/v1\n")
    assert ErnieSettings().choose_service().name == "local"
    assert ErnieSettings(service="local").build_endpoint().base_url == "http://127.0.0.1:1/v1"
    assert name_in_use("OPENAI_BASE_URL") == "OPENAI_API_BASE"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:2/v1")
    assert ErnieSettings(service="local").build_endpoint().base_url == "http://127.0.0.1:2/v1"
    assert name_in_use("OPENAI_BASE_URL") == "OPENAI_BASE_URL"


@pytest.mark.parametrize(
    "written", ["{};", "{},", "<{}>", "`{}`", '\\"{}\\"', "={}", "{}\\", "[{}]", "'{}", ">{}"]
)
@pytest.mark.parametrize("service", ["aistudio", "qianfan-v1", "local"])
def test_a_key_with_the_marks_beside_it_is_told_without_it(tmp_path, written, service):
    lines = f"AI_STUDIO_API_KEY={written.format(KEY)}\n"
    if service == "qianfan-v1":
        lines = f"QIANFAN_AK=abcdefgh\nQIANFAN_SK={written.format(KEY)}\n"
    if service == "local":
        url = "OPENAI_BASE_URL=http://127.0.0.1:1/v1"
        lines = f"{url}\nOPENAI_API_KEY={written.format(KEY)}\n"
    (tmp_path / ".env").write_text(lines)
    with pytest.raises(InvalidOption) as caught:
        ErnieSettings(service=service).build_endpoint()
    told = caught.value.line("en")
    assert KEY not in told
    if written != "'{}":  # an open quotation: the line cannot be read
        assert told.startswith("the key begins or ends with a punctuation mark.")


@pytest.mark.parametrize("written", ["**{}**", "{}.", "|{}|", "({}", "{}:"])
def test_marks_that_no_key_of_baidu_s_has_are_told(written):
    with pytest.raises(InvalidOption, match="punctuation mark"):
        ErnieSettings(service="qianfan", api_key=written.format(KEY)).build_endpoint()
    settings = ErnieSettings(
        service="local", base_url="http://127.0.0.1:1/v1", api_key=written.format(KEY)
    )
    assert settings.build_endpoint().credential.key.reveal() == written.format(KEY)


def test_a_server_that_asks_for_no_key_is_given_any_placeholder():
    url = "http://127.0.0.1:1/v1"
    for key in ("<your_api_key>", "[none]", "EMPTY"):
        settings = ErnieSettings(service="local", base_url=url, api_key=key)
        assert settings.build_endpoint().credential.key.reveal() == key


def test_setting_beats_environment_beats_dotenv(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("AI_STUDIO_API_KEY=from-dotenv\n")
    monkeypatch.setenv("AI_STUDIO_API_KEY", "from-environment")
    settings = ErnieSettings()
    assert endpoint(settings).credential.key.reveal() == "from-environment"
    settings.api_key = "from-setting"
    assert endpoint(settings).credential.key.reveal() == "from-setting"


@pytest.mark.parametrize(
    "pasted",
    [
        "http://h:1/v1",
        "http://h:1/v1/",
        " http://h:1/v1/chat/completions/ ",
        '"http://h:1/v1"',
        "'http://h:1/v1'\r",
    ],
)
def test_an_address_is_cleaned_of_what_people_paste(monkeypatch, pasted):
    monkeypatch.setenv("AI_STUDIO_BASE_URL", pasted)
    assert endpoint(ErnieSettings()).base_url == "http://h:1/v1"


def test_another_server_needs_no_key(monkeypatch):
    monkeypatch.setenv("AI_STUDIO_BASE_URL", "http://127.0.0.1:8080/v1")
    assert endpoint(ErnieSettings()).credential is None


def test_the_official_address_without_a_key_says_what_to_do():
    with pytest.raises(MissingKey) as caught:
        endpoint(ErnieSettings(service="aistudio"))
    assert "AI_STUDIO_API_KEY" in caught.value.line("zh")
    assert "https://aistudio.baidu.com/account/accessToken" in caught.value.line("en")


CHOICES = [
    ({"QIANFAN_API_KEY": "bce-v3/ALTAK-x/0123"}, "qianfan", "https://qianfan.baidubce.com/v2"),
    ({"QIANFAN_BEARER_TOKEN": "bce-v3/ALTAK-x/0123"}, "qianfan", "https://qianfan.baidubce.com/v2"),
    (
        {"QIANFAN_ACCESS_KEY": "a", "QIANFAN_SECRET_KEY": "s"},
        "qianfan",
        "https://qianfan.baidubce.com/v2",
    ),
    ({"QIANFAN_ACCESS_KEY": "a"}, "emulator", None),
    (
        {"QIANFAN_API_KEY": "k", "QIANFAN_CONSOLE_API_BASE_URL": "http://127.0.0.1:5"},
        "qianfan",
        "http://127.0.0.1:5/v2",
    ),
    ({"OPENAI_BASE_URL": "http://127.0.0.1:8000/v1/"}, "local", "http://127.0.0.1:8000/v1"),
    ({"OPENAI_API_KEY": "sk-x"}, "emulator", None),
    ({"OPENAI_BASE_URL": "http://h/v1", "AI_STUDIO_API_KEY": "k"}, "aistudio", OFFICIAL),
]


@pytest.mark.parametrize(("variables", "name", "url"), CHOICES)
def test_the_variables_people_have_already_choose_the_service(monkeypatch, variables, name, url):
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    found = endpoint(ErnieSettings())
    assert found.service.name == name
    assert url in (None, found.base_url)


def test_the_app_id_is_sent_as_a_header(monkeypatch):
    monkeypatch.setenv("QIANFAN_APP_ID", "app-1")
    assert endpoint(ErnieSettings(service="qianfan", api_key="k")).headers == {"appid": "app-1"}


def test_a_local_server_without_an_address_says_how_to_set_one():
    with pytest.raises(MissingKey, match="OPENAI_BASE_URL"):
        endpoint(ErnieSettings(service="local"))


def test_no_help_or_repr_shows_the_key():
    settings = ErnieSettings(api_key="canary-canary-canary-1")
    assert "canary" not in settings.class_get_help(settings) + repr(settings.api_key) + str(
        settings.trait_values()
    )


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("temperature", "0.3", 0.3),
        ("max-completion-tokens", "100", 100),
        ("model", "m", "m"),
        ("language", "zh", "zh"),
        ("stream", "off", False),
        ("request_timeout", "5", 5.0),
        ("service", "emulator", "emulator"),
    ],
)
def test_what_a_person_types_becomes_a_value(name, text, value):
    settings = ErnieSettings()
    settings.assign_text(name, text)
    assert getattr(settings, name.replace("-", "_")) == value
    settings.assign_text(name, "")
    assert getattr(settings, name.replace("-", "_")) == getattr(
        ErnieSettings(), name.replace("-", "_")
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("temperature", "5"),
        ("temperature", "x"),
        ("service", "openai"),
        ("language", "fr"),
        ("nothing", "1"),
        ("request_timeout", "soon"),
        ("request_timeout", "0"),
    ],
)
def test_what_is_no_value_is_refused_in_one_line(name, text):
    with pytest.raises(InvalidOption) as caught:
        ErnieSettings().assign_text(name, text)
    assert "\n" not in caught.value.line("zh")


PAIR = {"access_key": "ALTAKsession01234567", "secret_key": "its-secret-0123456789"}
BEARER = "bce-v3/ALTAK-session/0123456789"


@pytest.mark.parametrize(
    ("given", "service", "kind", "headers"),
    [
        (PAIR, "qianfan", BearerFromPair, {}),
        ({**PAIR, "app_id": "app-1"}, "qianfan", BearerFromPair, {"appid": "app-1"}),
        ({"bearer_token": BEARER}, "qianfan", Bearer, {}),
        ({"bearer_token": BEARER, "app_id": "app-1"}, "qianfan", Bearer, {"appid": "app-1"}),
        ({"api_key": BEARER, "app_id": "app-1"}, "qianfan", Bearer, {"appid": "app-1"}),
        ({**PAIR, "service": "qianfan-v1"}, "qianfan-v1", Signature, {}),
        ({**PAIR, "service": "qianfan-v1", "app_id": "app-1"}, "qianfan-v1", Signature, {}),
    ],
    ids=str,
)
def test_qianfan_s_own_names_of_keys_are_settings(monkeypatch, given, service, kind, headers):
    monkeypatch.setenv("AI_STUDIO_API_KEY", "the-environment-s-own-key")
    monkeypatch.setenv("QIANFAN_API_KEY", "bce-v3/ALTAK-environment/9876543210")
    monkeypatch.setenv("QIANFAN_APP_ID", "app-of-the-environment")
    found = endpoint(ErnieSettings(**given))
    if service == "qianfan" and not headers:
        headers = {"appid": "app-of-the-environment"}
    assert (found.service.name, type(found.credential), found.headers) == (service, kind, headers)
    if kind is Bearer:
        assert found.credential.key.reveal() == BEARER
    else:
        assert [key.reveal() for key in found.credential.pair] == list(PAIR.values())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"access_key": "ALTAKsession01234567"}, "access_key is set, but secret_key is not"),
        ({"secret_key": "its-secret-0123456789", "service": "qianfan"}, "but access_key is not"),
        ({**PAIR, "api_key": BEARER}, "api_key, access_key are all set"),
        ({"bearer_token": BEARER, "api_key": BEARER}, "api_key, bearer_token are all set"),
        ({**PAIR, "service": "aistudio"}, "AI Studio has no access_key"),
        ({"bearer_token": BEARER, "service": "aistudio"}, "AI Studio has no bearer_token"),
        ({"bearer_token": BEARER, "service": "qianfan-v1"}, "Qianfan V1 has no bearer_token"),
        ({"api_key": BEARER, "app_id": "app 1"}, "the app_id contains invalid characters"),
        ({"api_key": BEARER, "app_id": "app-1\r\nx: y"}, "the app_id contains invalid characters"),
        ({"bearer_token": "24.0123456789abcdef0123456789abcdef.2592000.1.1-1"}, "access_token"),
        ({**PAIR, "access_key": BEARER}, "a Qianfan V2 API key"),
    ],
    ids=str,
)
def test_keys_that_do_not_go_together_are_told(given, told):
    with pytest.raises((InvalidOption, MissingKey), match=told) as caught:
        endpoint(ErnieSettings(**given))
    for key in (*PAIR.values(), BEARER):
        assert key not in caught.value.line("zh") + caught.value.line("en")


@pytest.mark.parametrize("name", ["access_key", "bearer_token", "secret_key", "api_key"])
def test_no_key_is_shown_and_none_is_taken_that_is_not_text(name):
    settings = ErnieSettings(**{name: "canary-of-a-setting-0123"})
    assert "canary" not in repr(settings) + str(settings.trait_values())
    with pytest.raises(InvalidOption) as caught:
        setattr(settings, name, ["canary-of-a-setting-0123"])
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("given", [PAIR, {"bearer_token": BEARER}], ids=["pair", "bearer"])
def test_keys_of_a_session_do_not_go_to_an_address_of_a_folder_s_dotenv(
    given, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        "QIANFAN_CONSOLE_API_BASE_URL=http://a.example\nQIANFAN_IAM_BASE_URL=http://a.example\n"
    )
    found = endpoint(ErnieSettings(**given))
    assert (found.credential, found.withheld) == (None, True)


def test_another_service_gets_nothing_that_was_given_for_the_one_before():
    session = Session(**PAIR, app_id="app-1", endpoint="mine", image_endpoint="drawn")
    session.use("aistudio")
    assert repr(session.settings) == "ErnieSettings(service='aistudio')"


@pytest.mark.parametrize("given", ["https://a.example/v1", "a/b", "a b", "名/字", "?x"])
def test_a_deployed_service_is_set_by_its_name(given):
    with pytest.raises(InvalidOption, match="endpoint is a service's name, not an addr") as caught:
        ErnieSettings(endpoint=given)
    assert "use the name at the end of the service's address" in caught.value.line("en")
    settings = ErnieSettings(endpoint=" ngxxxol8_test1 ")
    assert settings.endpoint == "ngxxxol8_test1"
    settings.assign_text("endpoint", "")
    assert settings.endpoint == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_dotenv_that_is_a_pipe_is_read_if_somebody_writes_and_not_waited_for(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    pipe = tmp_path / ".env"
    os.mkfifo(pipe)
    monkeypatch.setattr(variables, "_PIPE_PATIENCE", 0.2)
    begin = time.monotonic()
    for _ in range(3):
        with pytest.raises(InvalidOption, match="a pipe that nobody writes to"):
            Session(language="en").endpoint()
    assert time.monotonic() - begin < 1.5
    variables._read_pipe.cache_clear()
    monkeypatch.setattr(variables, "_PIPE_PATIENCE", 5.0)
    writing = threading.Thread(target=pipe.write_text, args=("AI_STUDIO_API_KEY=of-a-pipe\n",))
    writing.start()
    assert Session(language="en").endpoint().service.name == "aistudio"
    writing.join()


UNUSED = {
    "api_key": "any-key-of-nobody",
    "bearer_token": "any-token-of-nobody",
    "base_url": "http://127.0.0.1:9/v1",
    "headers": {"X-Team": "a"},
    "app_id": "app-1",
}


@pytest.mark.parametrize("name", UNUSED)
def test_what_the_emulator_ignores_is_told_in_whatever_order_it_is_given(name):
    given = {"service": "emulator", name: UNUSED[name], "language": "en", "temperature": 0.5}
    for order in (given, dict(reversed(given.items()))):
        with pytest.warns(UserWarning, match=f"ignores {name}") as told:
            Session(**order)
        assert len(told) == 1
        assert told[0].filename == __file__


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_wrong_setting_is_told_in_the_session_s_language_in_whatever_order(language):
    words = {"en": "out of range", "zh": "超出范围"}
    given = {"language": language, "temperature": 70.0}
    for order in (given, dict(reversed(given.items()))):
        with pytest.raises(InvalidOption, match=words[language]):
            Session(**order)
