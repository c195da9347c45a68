"""A key goes only where it belongs; forks, resets and second readers share nothing that they should
not.
"""

import contextlib
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

from ernie_magic import errors
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.config.variables import read_variable
from ernie_magic.session import Session


def test_the_environment_s_key_does_not_go_to_an_address_that_was_typed_in(monkeypatch):
    monkeypatch.setenv("AI_STUDIO_API_KEY", "the-environment-s-own-key")
    assert (
        Session(base_url="http://somewhere.example/v1").settings.build_endpoint().credential is None
    )
    assert (
        Session(base_url="http://somewhere.example/v1", api_key="its-own-key-its-own")
        .settings.build_endpoint()
        .credential
        is not None
    )
    # Its own address.
    assert (
        Session(base_url="https://aistudio.baidu.com/llm/lmapi/v3")
        .settings.build_endpoint()
        .credential
        is not None
    )


def test_a_folder_s_dotenv_does_not_send_the_environment_s_key_elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "the-environment-s-own-key")
    (tmp_path / ".env").write_text("AI_STUDIO_BASE_URL=http://somewhere.example/v1\n")
    found = Session().settings.build_endpoint()
    assert (found.base_url, found.credential) == ("http://somewhere.example/v1", None)
    (tmp_path / ".env").write_text(
        "AI_STUDIO_BASE_URL=http://somewhere.example/v1\nAI_STUDIO_API_KEY=the-folder-s-own-key\n"
    )
    os.utime(tmp_path / ".env", (1, 1))
    monkeypatch.delenv("AI_STUDIO_API_KEY")
    assert Session().settings.build_endpoint().credential.key.reveal() == "the-folder-s-own-key"


def test_another_service_does_not_get_the_key_and_address_of_the_one_before(monkeypatch):
    session = Session(
        service="local", base_url="http://127.0.0.1:8000/v1", api_key="local-key-123-local"
    )
    session.use("qianfan")
    assert (session.settings.api_key, session.settings.base_url) == (None, "")
    with pytest.raises(errors.MissingKey):
        session.endpoint()
    again = Session(
        service="local", base_url="http://127.0.0.1:8000/v1", api_key="local-key-123-local"
    )
    again.use("local")
    assert again.endpoint().credential.key.reveal() == "local-key-123-local"


def test_who_has_a_key_is_chosen_before_who_has_an_address(monkeypatch):
    monkeypatch.setenv("AI_STUDIO_BASE_URL", "http://127.0.0.1:1/v3")
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("QIANFAN_AK", "an-application-s-key")
    monkeypatch.setenv("QIANFAN_SK", "its-secret-its-secret")
    assert Session().settings.choose_service().name == "qianfan-v1"


@pytest.mark.parametrize(
    ("name", "missing"),
    [("QIANFAN_ACCESS_KEY", "QIANFAN_SECRET_KEY"), ("QIANFAN_SK", "QIANFAN_AK")],
)
def test_half_a_pair_is_told(monkeypatch, name, missing):
    monkeypatch.setenv(name, "one-half-of-a-pair-0123")
    with pytest.raises(errors.MissingKey, match=f"{name} is set, but {missing} is not"):
        Session(service="qianfan-v1").endpoint()


def test_no_key_is_not_called_a_wrong_key(emulator, monkeypatch):
    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    with (
        Session(model="ernie-3.5-8k") as session,
        pytest.raises(errors.AuthenticationFailed, match=r"no key is set.*set AI_STUDIO_API_KEY"),
    ):
        session.chat("hi")


def test_a_key_of_another_kind_is_told_when_the_service_refuses_it(emulator, monkeypatch):
    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "bce-v3/ALTAK-x/0123456789abcdef")
    emulator.faults.add(code="invalid_iam_token", times=2)
    with (
        Session(model="ernie-3.5-8k") as session,
        pytest.raises(errors.AuthenticationFailed, match="it looks like a Qianfan V2 API key"),
    ):
        session.chat("hi")


def test_a_dotenv_that_is_not_utf_8_is_told_with_its_name(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes("# 密钥\nAI_STUDIO_API_KEY=x\n".encode("gbk"))
    with Session() as session, pytest.raises(errors.InvalidOption, match=r"\.env is not UTF-8"):
        session.chat("hi")


@pytest.fixture
def studio(emulator, monkeypatch):
    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-trust")
    with Session(model="ernie-3.5-8k", backoff_factor=0.0) as session:
        yield session


def test_a_long_retry_after_is_told_and_holds_nobody_up(studio, emulator):
    emulator.faults.add(code="rpm_rate_limit_exceeded", retry_after=3600)
    with pytest.raises(errors.RateLimited, match="the service asks to wait 3600 s"):
        studio.chat("hi")
    assert studio.chat("[[echo]]hi").text == "hi"


def test_a_tool_s_half_characters_are_replaced(studio):
    def weather(location: str) -> str:
        """天气查询工具"""
        return os.fsdecode(b"a\xff.txt")

    assert "a\ufffd.txt" in studio.chat("北京天气", tools=[weather]).text


def test_tools_of_which_some_are_the_caller_s_are_left_to_the_caller(studio):
    def weather(location: str) -> str:
        """天气查询工具"""
        return "晴"

    theirs = {
        "type": "function",
        "function": {
            "name": "add",
            "description": "Add two numbers",
            "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}},
        },
    }
    answer = studio.chat("北京天气, and add 3", tools=[weather, theirs])
    assert {call["function"]["name"] for call in answer.tool_calls} == {"weather", "add"}
    assert answer.tool_runs == ()


@pytest.mark.parametrize(
    "extra",
    [
        {"prompt": "x"},
        {"messages": []},
        {"max_output_tokens": 9},
        {"system": "s"},
        {"temperature": 1},
    ],
    ids=str,
)
def test_extra_fields_cannot_get_past_the_checks(studio, extra):
    with pytest.raises(errors.InvalidOption, match="cannot be an extra field"):
        studio.chat("hi", extra=extra)
    with pytest.raises(errors.InvalidOption, match="given twice"):
        studio.chat("hi", max_completion_tokens=5, max_output_tokens=7)


def test_a_setting_that_the_service_does_not_take_is_left_out(emulator, monkeypatch):
    monkeypatch.setenv("QIANFAN_BASE_URL", emulator.url)
    monkeypatch.setenv(
        "QIANFAN_ACCESS_TOKEN", "24.0123456789abcdef0123456789abcdef.2592000.1999999999.282335-1"
    )
    with Session(service="qianfan-v1", model="ernie-3.5-8k", seed=5, temperature=0.5) as session:
        assert session.chat("[[echo]]hi").text == "hi"
        assert "seed" not in emulator.requests[-1].body


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_asks_with_a_loop_and_a_pool_of_its_own(studio):
    assert studio.chat("[[echo]]parent", history=False).text == "parent"
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(write, studio.chat("[[echo]]child", history=False).text.encode())
        except BaseException as error:  # noqa: BLE001
            os.write(write, repr(error).encode())
        finally:
            os._exit(0)
    os.close(write)
    timer = threading.Timer(20, lambda: os.kill(child, 9))
    timer.start()
    with os.fdopen(read, "rb") as pipe:
        told = pipe.read().decode()
    os.waitpid(child, 0)
    timer.cancel()
    assert told == "child"
    assert studio.chat("[[echo]]parent", history=False).text == "parent"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_first_variable_of_a_dotenv_is_read_behind_a_byte_order_mark(tmp_path, encoding):
    lines = "QIANFAN_API_KEY=bce-v3/ALTAK-x/0123\r\nAI_STUDIO_API_KEY=密-k\r\n"
    (tmp_path / ".env").write_bytes(lines.encode(encoding))
    assert read_variable("QIANFAN_API_KEY") == ("bce-v3/ALTAK-x/0123", ".env")
    assert read_variable("AI_STUDIO_API_KEY") == ("密-k", ".env")


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be deleted")
def test_a_deleted_working_folder_has_no_dotenv(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    try:
        assert read_variable("AI_STUDIO_API_KEY") == ("", "")
    finally:
        os.chdir(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="no folder is that deep")
def test_a_working_folder_that_cannot_be_reached_has_no_dotenv(tmp_path, monkeypatch):
    # Its path is longer than any that can be opened: the library says "Starting path not found",
    # as for a folder whose parent may no longer be searched.
    monkeypatch.chdir(tmp_path)
    name = "d" * 250
    try:
        for _ in range(20):
            Path(name).mkdir()
            os.chdir(name)
        assert read_variable("AI_STUDIO_API_KEY") == ("", "")
        with Session() as session:
            assert session.settings.build_endpoint().service.name == "emulator"
    finally:
        os.chdir(tmp_path)
        shutil.rmtree(name)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('AI_STUDIO_API_KEY="abc-0123456789', 1),
        ("AI_STUDIO_API_KEY='abc-0123456789\n", 1),
        ("\n# mine\nAI_STUDIO_API_KEY: abc-0123456789\n", 3),
        ("A=1\r\n\r\nAI_STUDIO_API_KEY abc-0123456789\r\n", 3),
        ('A="1\nAI_STUDIO_API_KEY="abc"\n', 2),
        ('OPENAI_API_KEY="abc" def\n', 1),
        ('export QIANFAN_API_KEY="bce-v3/x\nA=1\n', 1),
        ('set "AI_STUDIO_API_KEY=abc"\n', 1),
        ("declare -x AI_STUDIO_API_KEY=abc\n", 1),
        ("ENV AI_STUDIO_API_KEY=abc\n", 1),
        ('"AI_STUDIO_API_KEY"="abc"\n', 1),
        ('$env:AI_STUDIO_API_KEY="abc-0123456789"\n', 1),
        ("A=1\nAI_STUDIO_API_KEY＝abc-0123456789\n", 2),
        ('{"AI_STUDIO_API_KEY": "abc-0123456789"}\n', 1),
        ('{\n  "AI_STUDIO_API_KEY": "abc-0123456789"\n}\n', 2),
    ],
)
def test_a_dotenv_s_line_that_cannot_be_read_is_named(tmp_path, text, line):
    (tmp_path / ".env").write_bytes(text.encode())
    for service in ("", "local"):
        settings = ErnieSettings(service=service, language="en", base_url="http://127.0.0.1:9/v1")
        with pytest.raises(errors.InvalidOption, match=rf"line {line} of .*\.env cannot be read"):
            settings.build_endpoint()
    with Session(language="en") as session:
        assert repr(session) == "Session(service='?', model='default', 0 turns)"
        with pytest.raises(errors.InvalidOption, match=r"is not clo.*a shell's set"):
            session.chat("hi")


def test_a_dotenv_s_other_lines_need_not_be_readable(tmp_path):
    (tmp_path / ".env").write_text(
        'a note\nOTHER: x\nAI_STUDIO_API_KEY=k\nTHIRD="y\nAZURE_OPENAI_API_KEY\n'
    )
    assert read_variable("AI_STUDIO_API_KEY") == ("k", ".env")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${K}", "the-key"),
        ('"${K}"', "the-key"),
        ("a-${K}-b", "a-the-key-b"),
        ("${N:-the-default}", "the-default"),
        ("${N}", "${N}"),
        ("${OF_ENVIRONMENT}", "${OF_ENVIRONMENT}"),
        ("a$K", "a$K"),
    ],
)
def test_a_dotenv_s_own_variables_are_filled_in(tmp_path, monkeypatch, written, value):
    monkeypatch.setenv("OF_ENVIRONMENT", "another-s-key")
    (tmp_path / ".env").write_text(f"K=the-key\nAI_STUDIO_API_KEY={written}\n")
    assert read_variable("AI_STUDIO_API_KEY") == (value, ".env")


def test_a_variable_in_a_key_that_is_not_filled_in_is_named(tmp_path):
    (tmp_path / ".env").write_text("AI_STUDIO_API_KEY=${K}\n")
    with pytest.raises(errors.InvalidOption, match=r"\$\{K\} in the key was not replaced"):
        ErnieSettings(language="en").build_endpoint()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_a_dotenv_in_another_unicode_encoding_is_named(tmp_path, encoding):
    (tmp_path / ".env").write_bytes("AI_STUDIO_API_KEY=abc\n".encode(encoding))
    with pytest.raises(errors.InvalidOption, match=r"\.env is not UTF-8"):
        ErnieSettings(language="en").choose_service()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"max_output_tokens": 9}, {"max_tokens": 9}),
        ({"max_tokens": 9}, {"max_tokens": 9}),
        ({"max_completion_tokens": 9}, {"max_completion_tokens": 9}),
        (
            {"max_output_tokens": 9, "max_completion_tokens": 8},
            {"max_tokens": 9, "max_completion_tokens": 8},
        ),
    ],
    ids=str,
)
def test_a_server_of_another_make_gets_the_length_under_a_name_that_it_knows(emulator, given, sent):
    """Ollama and LM Studio document max_tokens only; Qianfan V1's name is known to neither."""
    with Session(service="local", base_url=emulator.base_url, model="m") as session:
        with contextlib.suppress(errors.ErnieError):
            session.chat("[[echo]]hi", **given)
        body = emulator.requests[-1].body
        assert {name: value for name, value in body.items() if name.startswith("max_")} == sent
        with pytest.raises(errors.InvalidOption, match="given twice"):
            session.chat("hi", max_output_tokens=5, max_tokens=7)


def test_the_documented_services_get_the_length_under_their_own_names(studio, emulator):
    studio.chat("[[echo]]hi", max_output_tokens=9)
    assert emulator.requests[-1].body["max_completion_tokens"] == 9
    assert "max_tokens" not in emulator.requests[-1].body


@pytest.mark.parametrize(
    ("base_url", "service"),
    [
        ("http://127.0.0.1:8000/v1", "local"),
        ("http://localhost:11434", "local"),
        ("https://api.deepseek.com", "local"),
        ("http://gateway.example/aistudio/v1", "local"),
        ("https://aistudio.baidu.com/llm/lmapi/v3", "aistudio"),
        ("https://QIANFAN.baidubce.com/v2", "qianfan"),
        ("https://aip.baidubce.com/rpc/2.0/ai_custom/v1/wenxinworkshop", "qianfan-v1"),
    ],
)
def test_an_address_says_which_service_it_is_where_none_was_chosen(base_url, service):
    settings = ErnieSettings(base_url=base_url, api_key="sk-Zt9Lw4Vb8Nc3Rg6Yh1")
    assert settings.choose_service().name == service
    settings.service = "aistudio"
    assert settings.choose_service().name == "aistudio"


def test_an_address_is_kept_when_its_kind_of_server_is_chosen_after_it():
    with Session(base_url="http://127.0.0.1:8000/v1", api_key="sk-Zt9Lw4Vb8Nc3Rg6Yh1") as session:
        session.use("local")
        assert session.endpoint().base_url == "http://127.0.0.1:8000/v1"
        assert session.endpoint().credential is not None
