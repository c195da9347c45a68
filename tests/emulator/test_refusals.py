"""Each row of the error table, provoked over HTTP; faults; the command line."""

import os
import signal
import subprocess
import sys
import threading

import httpx
import pytest

from ernie_magic.emulator import start
from ernie_magic.emulator.refusals import TABLE, V1

CHAT, IMAGES, EMBEDDINGS, MODELS = "chat/completions", "images/generations", "embeddings", "models"
LONG = "长" * 20_001


def chat(*messages, model="ernie-3.5-8k", **given):
    return {
        "model": model,
        "messages": [
            {"role": role, "content": content} for role, content in messages or [("user", "hi")]
        ],
        **given,
    }


PROVOKED = [
    (400, "malformed_json", CHAT, b"{oops", {}),
    (400, "malformed_json", CHAT, b"[]", {}),
    (400, "malformed_json", CHAT, chat(temperature=0), {}),
    (400, "malformed_json", CHAT, chat(top_p=2), {}),
    (400, "malformed_json", EMBEDDINGS, {"model": "embedding-v1", "input": ["x"] * 17}, {}),
    (400, "malformed_json", EMBEDDINGS, {"model": "embedding-v1", "input": [""]}, {}),
    (400, "malformed_json", IMAGES, {"model": "Stable-Diffusion-XL", "prompt": "cat", "n": 5}, {}),
    (
        400,
        "malformed_json",
        IMAGES,
        {"model": "Stable-Diffusion-XL", "prompt": "cat", "size": "1x1"},
        {},
    ),
    (400, "invalid_model", CHAT, {"messages": []}, {}),
    (400, "invalid_model", CHAT, chat(model="Stable-Diffusion-XL"), {}),
    (400, "invalid_messages", CHAT, {"model": "ernie-3.5-8k", "messages": []}, {}),
    (400, "invalid_messages", CHAT, chat(("assistant", "hi")), {}),
    (400, "invalid_messages", CHAT, chat(("user", "a"), ("user", "b")), {}),
    (400, "invalid_messages", CHAT, chat(("user", "a"), ("assistant", "b")), {}),
    (400, "invalid_messages", CHAT, chat(("user", " \n")), {}),
    (400, "invalid_messages", CHAT, chat(("system", "a")), {}),
    (400, "invalid_messages", CHAT, chat(("robot", "a")), {}),
    (400, "characters_too_long", CHAT, chat(("user", LONG)), {}),
    (400, "invalid_user_id", CHAT, chat(user=""), {}),
    (400, "tokens_too_long", CHAT, chat(("user", LONG[:6000])), {}),
    (400, "characters_too_long", EMBEDDINGS, {"model": "embedding-v1", "input": ["a" * 1001]}, {}),
    (401, "no_parameter_permission", CHAT, chat(presence_penalty=1), {}),
    (401, "invalid_model", CHAT, chat(model="forbidden-model"), {}),
    (401, "invalid_appid", CHAT, chat(), {"appid": "bad-app"}),
    (401, "invalid_iam_token", CHAT, chat(), {"Authorization": "Bearer bad"}),
    (401, "invalid_iam_token", CHAT, chat(), {"Authorization": ""}),
    (403, "system_unsafe", CHAT, chat(("system", "[[unsafe]]"), ("user", "hi")), {}),
    (403, "user_setting_unsafe", CHAT, chat(("user", "[[unsafe]]")), {}),
    (403, "functions_unsafe", CHAT, chat(functions=[{"name": "[[unsafe]]"}]), {}),
    (404, "no_such_model", CHAT, chat(model="gpt-4"), {}),
    (405, "method_not_supported", CHAT, None, {}),
    (429, "rpm_rate_limit_exceeded", CHAT, chat(), {"Authorization": "bearer limited"}),
    (429, "tpm_rate_limit_exceeded", CHAT, chat(), {"Authorization": "Bearer limited-tpm"}),
    (
        429,
        "preemptible_rate_limit_exceeded",
        CHAT,
        chat(),
        {"Authorization": "Bearer limited-preemptible"},
    ),
    (429, "user_rate_limit_exceeded", CHAT, chat(), {"Authorization": "Bearer limited-user"}),
    (429, "cluster_rate_limit_exceeded", CHAT, chat(), {"Authorization": "Bearer limited-cluster"}),
    (500, "internal_error", CHAT, chat(("user", "[[error]]")), {}),
    (500, "dispatch_internal_error", CHAT, chat(("user", "[[dispatch_error]]")), {}),
]


def controls(emulator):
    return {"Authorization": f"Bearer {emulator.token}"}


def send(emulator, path, body, headers):
    url = f"{emulator.base_url}/{path}"
    headers = {"Authorization": "Bearer any", **headers}
    if body is None:
        return httpx.get(url, headers=headers)
    return httpx.post(
        url, headers=headers, **({"content": body} if isinstance(body, bytes) else {"json": body})
    )


@pytest.mark.parametrize(
    ("status", "code", "path", "body", "headers"),
    PROVOKED,
    ids=lambda v: v if isinstance(v, str) and len(v) < 40 else "",
)
def test_each_refusal_has_its_status_type_and_code(emulator, status, code, path, body, headers):
    response = send(emulator, path, body, headers)
    row = next(row for row in TABLE if (row.status, row.code) == (status, code))
    assert (
        response.status_code,
        response.json()["error"]["code"],
        response.json()["error"]["type"],
    ) == (status, code, row.type)
    assert response.json()["error"]["message"]
    assert response.json()["id"].startswith("as-")


def test_every_row_of_the_seed_s_table_is_provoked_above():
    assert {
        (row.status, row.code) for row in TABLE if row.type != V1 and row.trigger != "a fault"
    } == {(status, code) for status, code, *_ in PROVOKED}


def test_the_log_holds_no_key(emulator):
    send(emulator, CHAT, chat(), {"Authorization": "Bearer canary-0123456789"})
    assert emulator.requests[-1].headers["authorization"] == "Bearer ***"
    assert (
        "canary"
        not in httpx.get(f"{emulator.url}/emulator/requests", headers=controls(emulator))
        .raise_for_status()
        .text
    )


def test_the_stream_is_events_and_done(emulator):
    response = send(emulator, CHAT, chat(("user", "[[echo]]你好")) | {"stream": True}, {})
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert [line[:6] for line in response.text.split("\n\n")] == ["data: ", "data: ", "data: ", ""]
    assert response.text.endswith("data: [DONE]\n\n")


def test_bytes_may_come_one_by_one(emulator):
    whole = send(emulator, CHAT, chat(("user", "[[echo]]你好")) | {"stream": True}, {}).text
    emulator.faults.add(split=True)
    split = send(emulator, CHAT, chat(("user", "[[echo]]你好")) | {"stream": True}, {}).text
    assert split.count("你好") == whole.count("你好") == 1


def test_stopping_is_quick_even_with_a_stalled_stream_and_leaves_no_thread():
    before = set(threading.enumerate())
    emulator = start(latency=0)
    emulator.faults.add(stall_after=1)
    with (
        httpx.Client(timeout=5) as client,
        client.stream(
            "POST",
            f"{emulator.base_url}/{CHAT}",
            headers={"Authorization": "Bearer k"},
            json=chat(("user", "[[chunks=9]]")) | {"stream": True},
        ) as response,
    ):
        pieces = response.iter_raw()  # which closes the connection once it is dropped
        next(pieces)
        emulator.stop()
        emulator.stop()
        left = set(threading.enumerate()) - before
        assert not [thread for thread in left if thread.name == "ernie-emulator"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_its_address_in_one_line_and_ends_in_order(number):
    with subprocess.Popen(
        [sys.executable, "-m", "ernie_magic.emulator", "--latency", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    ) as process:
        line = process.stdout.readline()
        url = next(word for word in line.split() if word.startswith("http"))
        assert url.endswith("/llm/lmapi/v3")
        assert httpx.get(f"{url}/models", headers={"Authorization": "Bearer k"}).status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, "", "")


def test_who_listens_everywhere_is_told_that_callers_elsewhere_are_refused():
    with subprocess.Popen(
        [sys.executable, "-m", "ernie_magic.emulator", "--host", "0.0.0.0"],  # noqa: S104
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert "answers at localhost only" in process.stderr.readline()
        finally:
            process.terminate()
            process.wait(timeout=10)


def test_a_taken_port_is_told_in_one_line(emulator):
    port = emulator.url.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "ernie_magic.emulator", "--port", port],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
