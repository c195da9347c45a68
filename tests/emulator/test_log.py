"""The log of requests is bounded, and holds neither keys nor pictures."""

import base64
import io
import os

from PIL import Image

from ernie_magic.emulator import log

from .conftest import CHAT, QUESTION


def test_pictures_are_not_kept_in_the_log(emulator, http):
    file = io.BytesIO()
    Image.frombytes("RGB", (600, 600), os.urandom(600 * 600 * 3)).save(file, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    content = [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": url}}]
    for _ in range(3):
        response = http.post(
            CHAT,
            json={
                "model": "ernie-4.5-turbo-vl",
                "messages": [{"role": "user", "content": content}],
            },
        )
        assert "PNG 600x600" in response.json()["choices"][0]["message"]["content"]
    (logged,) = {repr(entry.body) for entry in emulator.requests}
    assert len(url) > 1_000_000
    assert len(logged) < 400
    assert f"… ({len(url)} characters)" in logged


def test_the_log_is_bounded_in_entries_and_in_bytes(monkeypatch):
    kept = log.RequestLog()
    for i in range(log.MAX_ENTRIES + 10):
        kept.log_request("GET", f"/{i}", {})
    assert (len(kept), kept[0].path) == (log.MAX_ENTRIES, "/10")
    kept.clear()
    for i in range(200):
        kept.log_request("POST", f"/{i}", {"x": "y" * 60_000}, {"prompt": "文" * 99_000})
    assert (
        sum(len(entry.body["prompt"]) + len(entry.headers["x"]) for entry in kept) <= log.MAX_BYTES
    )
    assert kept[-1].path == "/199"
    kept.log_request("POST", "/", {}, [[]] * 100_000)
    assert kept[-1].body.startswith("… (")
    assert kept.log_request("POST", "/", {}, "x" * 10**6).body.endswith(f"… ({10**6} characters)")


def test_the_log_holds_no_key_and_no_cookie(emulator, http):
    secret = "canary-0123456789"
    for headers in (
        {"Authorization": secret},
        {"Authorization": f"Token {secret}"},
        {"Authorization": f"Bearer {secret}"},
        {"Authorization": f"{secret} x"},
        {"Cookie": f"_xsrf={secret}"},
        {"X-Api-Key": secret},
        {"Api-Key": secret},
        {"Proxy-Authorization": f"Basic {secret}"},
    ):
        http.post(CHAT, json=QUESTION, headers=headers)
    assert len(emulator.requests) == 8
    assert secret not in repr(list(emulator.requests))
