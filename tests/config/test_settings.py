"""Where settings come from, in order; and a key is only ever shown as "set"."""

import pytest

from ernie_magic.config.settings import ErnieSettings
from ernie_magic.errors import InvalidOption, MissingKey

OFFICIAL = "https://aistudio.baidu.com/llm/lmapi/v3"


def endpoint(settings):
    return settings.build_endpoint()


def test_with_nothing_set_it_is_the_emulator():
    assert endpoint(ErnieSettings()).service.name == "emulator"


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


def test_setting_beats_environment_beats_dotenv(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("AI_STUDIO_API_KEY=from-dotenv\n")
    monkeypatch.setenv("AI_STUDIO_API_KEY", "from-environment")
    settings = ErnieSettings()
    assert endpoint(settings).credential.key.reveal() == "from-environment"
    settings.api_key = "from-setting"
    assert endpoint(settings).credential.key.reveal() == "from-setting"


@pytest.mark.parametrize(
    "pasted", ["http://h:1/v1", "http://h:1/v1/", " http://h:1/v1/chat/completions/ "]
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
