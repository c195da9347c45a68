"""The doctor examines the settings and the way to the service."""

import json
import re

import pytest

from tests.raw_server import Server, http


def test_doctor_finds_everything_well(run, ernie):
    ernie.settings.model = "ernie-3.5-8k"
    _, out = run("%ernie doctor")
    assert "✗" not in out
    assert "canary" not in out
    assert "ernie-3.5-8k is on the list" in out


def test_doctor_tells_a_server_that_is_down_and_does_not_fail(run, ernie):
    ernie.settings.base_url = "http://127.0.0.1:9/v1"
    result, out = run("%ernie doctor")
    assert result.success
    assert "✗" in out
    assert "127.0.0.1:9" in out


@pytest.mark.parametrize("status", ["404 Not Found", "405 Method Not Allowed"])
def test_a_server_that_lists_no_models_may_answer_all_the_same(run, ernie, status):
    server = Server()
    server.replies = {"/": http('{"error": {"message": "Not Found"}}', status, "application/json")}
    try:
        run("%ernie use local")
        ernie.settings.base_url = f"{server.url}/v1"
        for command, mark in (("%ernie doctor", "ⓘ  reachable"), ("%ernie models", "")):
            _, out = run(command)
            told = " ".join(out.split())
            assert " ".join(mark.split()) in told
            assert "the server has no list of models at this address" in told
            assert "ask with a model that -m names" in told
            assert "✗" not in out
            assert "%ernie doctor" not in out
    finally:
        server.stop()


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_key_that_may_not_list_models_may_be_good_for_chats(run, ernie, status):
    """As OpenAI's restricted keys."""
    said = "You have insufficient permissions for this operation. Missing scopes: api.model.read."
    server = Server()
    server.replies = {"/": http(json.dumps({"error": {"message": said}}), status, "text/json")}
    try:
        run("%ernie use local")
        ernie.settings.base_url = f"{server.url}/v1"
        _, out = run("%ernie doctor")
    finally:
        server.stop()
    told = " ".join(out.split())
    assert "ⓘ reachable" in told
    assert "the key's permissions (scopes) do not include it" in told
    assert "chats may work all the same, with a model that -m names" in told
    assert "✗" not in out


def test_doctor_shows_proxies_and_certificates_and_what_is_left_out(run, ernie, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:canary-word@127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "socks4://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "localhost,10.0.0.0/8")
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file.pem")
    _, out = run("%ernie doctor")
    assert "HTTPS_PROXY=http://•••@127.0.0.1:9" in out
    assert "NO_PROXY=localhost,10.0.0.0/8" in out
    assert "ALL_PROXY is left out: socks4:// is not a supported kind" in out
    assert "certifi" in out
    assert "SSL_CERT_FILE is left out: there is no file /no/such/file.pem" in out
    assert "canary" not in out
    assert "yes, " in out  # the emulator is reached all the same


def test_doctor_says_which_proxy_leads_to_the_service(run, ernie, monkeypatch):
    _, out = run("%ernie doctor")
    assert re.search("proxies +none", out)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    ernie.settings.base_url = "http://ernie.example/v1"
    _, out = run("%ernie doctor")
    assert "to this service: through HTTP_PROXY" in out
    assert "cannot reach the proxy HTTP_PROXY=http://127.0.0.1:9" in out
    monkeypatch.setenv("NO_PROXY", ".example")
    assert "to this service: directly" in run("%ernie doctor")[1]


def test_doctor_tells_a_dotenv_that_cannot_be_read_and_goes_on(run, ernie, monkeypatch, tmp_path):
    (tmp_path / ".env").write_text('AI_STUDIO_API_KEY="canary-word', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AI_STUDIO_API_KEY", raising=False)
    ernie.settings.service = ""
    result, out = run("%ernie doctor")
    assert result.success
    assert "packages" in out
    assert "certificates" in out
    assert "✗" in out
    assert "line 1 of" in out
    assert "canary" not in out


@pytest.mark.parametrize("name", ["AISTUDIO_API_KEY", "AI_STUDIO_KEY", "AI_STUDIO_API_KEYS"])
def test_doctor_names_a_misspelled_variable_and_not_its_value(
    run, ernie, monkeypatch, tmp_path, name
):
    monkeypatch.delenv("AI_STUDIO_API_KEY")
    ernie.settings.service = "emulator"
    monkeypatch.setenv("OPENAI_API_KEY", "canary-of-another")
    (tmp_path / "work" / ".env").write_text(f"{name}=canary-word\n")
    told = run("%ernie doctor")[1]
    assert f"The variable {name} is not read: did you mean AI_STUDIO_API_KEY?" in told
    assert "canary" not in told


KEY_SLIPS = {
    "half a pair": (
        {"QIANFAN_ACCESS_KEY": "ALTAKcanary"},
        "QIANFAN_ACCESS_KEY is set, but QIANFAN_SECRET_KEY is not",
    ),
    "the other half": (
        {"QIANFAN_SECRET_KEY": "canary"},
        "QIANFAN_SECRET_KEY is set, but QIANFAN_ACCESS_KEY is not",
    ),
    "half an application's": ({"QIANFAN_AK": "canary"}, "QIANFAN_AK is set, but QIANFAN_SK is not"),
    "a misspelled half": (
        {"QIANFAN_ACCESS_KEY": "ALTAKcanary", "QIANFAN_SECRETKEY": "canary"},
        "QIANFAN_SECRETKEY is not read: did you mean QIANFAN_SECRET_KEY?",
    ),
    "a misspelled key of V2": (
        {"QIANFAN_APIKEY": "canary"},
        "QIANFAN_APIKEY is not read: did you mean QIANFAN_API_KEY?",
    ),
    "erniebot's": (
        {"EB_ACCESS_TOKEN": "canary"},
        "EB_ACCESS_TOKEN is another tool's and is not read here",
    ),
    "aistudio-sdk's": (
        {"AISTUDIO_ACCESS_TOKEN": "canary"},
        "write its value as AI_STUDIO_API_KEY=…",
    ),
    "appbuilder's": ({"APPBUILDER_TOKEN": "canary"}, "write its value as QIANFAN_API_KEY=…"),
    "a short name": ({"QIANFAN_TOKEN": "canary"}, "write its value as QIANFAN_API_KEY=…"),
}


@pytest.mark.parametrize("where", ["environment", "a .env"])
@pytest.mark.parametrize("slip", KEY_SLIPS)
def test_doctor_names_what_was_meant_to_be_a_key(run, ernie, monkeypatch, tmp_path, slip, where):
    variables, expected = KEY_SLIPS[slip]
    monkeypatch.delenv("AI_STUDIO_API_KEY")
    monkeypatch.delenv("AI_STUDIO_BASE_URL")
    ernie.settings.service = ernie.settings.base_url = ""
    for name in ("QIANFAN_APP_ID", "SECRET_KEY", "OPENAI_API_TYPE"):  # none is a key of ours
        monkeypatch.setenv(name, "x")
    lines = [f"{name}={value}" for name, value in variables.items()]
    if where == "environment":
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        lines = []
    (tmp_path / "work" / ".env").write_text("\n".join(lines))
    told = " ".join(run("%ernie doctor")[1].split())
    assert expected in told
    assert "canary" not in told


@pytest.mark.parametrize("name", [".env.txt", "env.txt"])
def test_doctor_names_a_file_that_was_meant_to_be_a_dotenv(run, ernie, monkeypatch, tmp_path, name):
    monkeypatch.delenv("AI_STUDIO_API_KEY")
    ernie.settings.service = "emulator"
    inner = tmp_path / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    (tmp_path / name).write_text("nothing of ours\n")
    assert "is not read" not in run("%ernie doctor")[1]
    (tmp_path / name).write_text("AI_STUDIO_API_KEY=canary-word\n", "utf-16")
    told = run("%ernie doctor")[1]
    assert f"{tmp_path / name} is not read: the file's name must be .env" in told
    assert "canary" not in told


def test_doctor_names_a_key_without_the_address_of_its_server(run, ernie, monkeypatch):
    monkeypatch.delenv("AI_STUDIO_API_KEY")
    ernie.settings.service = "emulator"
    monkeypatch.setenv("OPENAI_API_KEY", "canary-of-another")
    told = run("%ernie doctor")[1]
    assert "OPENAI_API_KEY is there (environment), but not which server it is for" in told
    assert "set OPENAI_BASE_URL as well, or write a key of AI Studio as AI_STUDIO_API_KEY=…" in told
    assert "canary" not in told


@pytest.mark.parametrize("text", ["{key}", "\n# my key\n{key}\n", "\n\n{key}==\nA=1\n"])
def test_doctor_names_a_dotenv_s_key_without_a_name(run, ernie, monkeypatch, tmp_path, text):
    monkeypatch.delenv("AI_STUDIO_API_KEY")
    ernie.settings.service = "emulator"
    path = tmp_path / "work" / ".env"
    path.write_text(text.format(key="c4n4ry0123456789abcdef0123456789abcdef01"))
    told = run("%ernie doctor")[1]
    line = text.split("{")[0].count("\n") + 1
    assert f"Line {line} of {path} is a key without a name: write it as AI_STUDIO_API_KEY=…" in told
    assert "c4n4ry" not in told
    path.write_text("a note\nAI_STUDIO_MODEL=x\n")
    assert "without a name" not in run("%ernie doctor")[1]


@pytest.mark.parametrize(
    ("service", "mark", "said"),
    [
        ("emulator", "ⓘ", "as a line AI_STUDIO_API_KEY=…"),
        ("qianfan", "✗", "as a line QIANFAN_API_KEY=… or QIANFAN_ACCESS_KEY=… + "),
        ("qianfan-v1", "✗", "https://console.bce.baidu.com/qianfan/"),
        ("local", "ⓘ", "needed only if the server asks for one"),
    ],
)
def test_doctor_says_how_to_set_a_key(run, ernie, monkeypatch, service, mark, said):
    monkeypatch.delenv("AI_STUDIO_API_KEY")
    ernie.settings.service = service
    table = run("%ernie doctor")[0].result
    (row,) = [row for row in table.rows if row[1] == "key"]
    assert row[0] == mark
    assert said in row[2]


def test_doctor_names_the_source_of_a_key_and_never_the_key(run, ernie):
    rows = {row[1]: row for row in run("%ernie doctor")[0].result.rows}
    assert rows["key"] == ["✓", "key", "set (environment AI_STUDIO_API_KEY)"]
    assert {row[0] for row in rows.values()} == {"✓", "ⓘ"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_doctor_does_not_advise_to_run_the_doctor(run, ernie, language):
    ernie.settings.language = language
    ernie.settings.base_url = "http://127.0.0.1:9/v1"
    assert "%ernie doctor" in str(run("%%ernie\nhi")[0].error_in_exec)
    _, out = run("%ernie doctor")
    assert "%ernie config base_url" in out
    assert "%ernie doctor" not in out


@pytest.mark.parametrize("command", ["%ernie use qianfan-v1", "%ernie doctor"])
def test_who_uses_v1_is_told_that_it_was_announced_off(run, ernie, monkeypatch, command):
    monkeypatch.delenv("QIANFAN_BASE_URL", raising=False)
    ernie.settings.base_url = ""
    ernie.settings.service = "qianfan-v1"
    _, out = run(command)
    assert "off since 2026-08-31: use Qianfan V2" in " ".join(out.split())
    monkeypatch.setenv("QIANFAN_BASE_URL", "http://127.0.0.1:9")
    _, out = run(command)
    assert "2026-08-31" not in out
