"""Who gets an answer: programs on this machine, and no web page; the controls require a token."""

import json
import os
import re
import socket
import subprocess
import sys

import httpx
import pytest

from ernie_magic.emulator import start

from .conftest import CHAT, OAUTH, QUESTION, V1_CHAT, exchange, port_of

EVERYWHERE = "0.0.0.0"  # noqa: S104
FETCH = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
IMAGE = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
FOLLOWED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def get(emulator, *, target="/", version="1.1", **headers):
    lines = [
        f"GET {target} HTTP/{version}",
        *(f"{name.rstrip('_')}: {value}" for name, value in headers.items()),
        "Connection: close",
        "",
        "",
    ]
    return exchange(emulator, "\r\n".join(lines).encode())


def error_of(content):
    return json.loads(content)["error"]


# --- Host -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:{port}",
        "localhost:{port}",
        "LOCALHOST:{port}",
        "LocalHost:{port}",
        "localhost.:{port}",
        "[::1]:{port}",
        "[0:0:0:0:0:0:0:1]:{port}",
        "[0000::0001]:{port}",
        "[::ffff:127.0.0.1]:{port}",
        "127.0.0.1.:{port}",
        " localhost:{port} ",
    ],
)
def test_loopback_names_with_the_port_are_answered_however_they_are_written(emulator, host):
    assert get(emulator, Host=host.format(port=port_of(emulator)))[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:{port}",
        "evil.example",
        "localhost.evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "evil-localhost:{port}",
        "localhost",
        "127.0.0.1",
        "localhost:1",
        "localhost:{port}0",
        "localhost:-{port}",
        "localhost:",
        "[::1]",
        "[::1]:1",
        "[::2]:{port}",
        "::1:{port}",
        "[::1:{port}",
        "0.0.0.0:{port}",
        "127.0.0.2:{port}",
        "2130706433:{port}",
        "0x7f.0.0.1:{port}",
        "127.1:{port}",
        "127.0.0.01:{port}",
        "localhost..:{port}",
        ".localhost:{port}",
        "user@localhost:{port}",
        "localhost:{port}@evil.example",
        "localhost:{port}/",
        "localhost:{port},evil.example",
        "localhost:{port} evil.example",
        "*",
        "",
        "localhost\\:{port}",
        "xn--localhost-:{port}",
        "[fe80::1%25eth0]:{port}",
    ],
)
def test_any_other_host_is_refused(emulator, host):
    status, _, content = get(emulator, Host=host.format(port=port_of(emulator)))
    assert (status, error_of(content)["code"], error_of(content)["type"]) == (
        403,
        "forbidden_host",
        "access_denied",
    )
    assert "localhost" in error_of(content)["message"]


def test_no_host_and_two_hosts_are_refused(emulator):
    own = f"127.0.0.1:{port_of(emulator)}"
    assert get(emulator, version="1.0")[0] == 403
    assert get(emulator, version="1.0", Host=own)[0] == 200
    assert get(emulator)[0] == 400
    assert get(emulator, Host=own, host_="evil.example")[0] == 400
    assert get(emulator, Host="evil.example", host_=own)[0] == 400
    assert get(emulator, Host=own, host_=own, version="1.0")[0] in (400, 403)


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://127.0.0.1:{port}/", "127.0.0.1:{port}", 200),
        ("HTTP://127.0.0.1:{port}", "127.0.0.1:{port}", 200),
        ("http://127.0.0.1:{port}/nothing", "127.0.0.1:{port}", 404),
        ("http://evil.example/", "127.0.0.1:{port}", 403),
        ("http://127.0.0.1:{port}/", "evil.example", 403),
        ("https://127.0.0.1:{port}/", "127.0.0.1:{port}", 403),
        ("http://user@127.0.0.1:{port}/", "127.0.0.1:{port}", 403),
        ("http://127.0.0.1:{port}@evil.example/", "127.0.0.1:{port}", 403),
        ("ftp://127.0.0.1:{port}/", "127.0.0.1:{port}", 403),
        ("//evil.example/", "127.0.0.1:{port}", 404),
        ("evil.example:443", "127.0.0.1:{port}", 403),
        ("http://[::1/", "127.0.0.1:{port}", 403),
    ],
)
def test_an_absolute_target_names_this_server_or_is_refused(emulator, target, host, status):
    assert (
        get(
            emulator,
            target=target.format(port=port_of(emulator)),
            Host=host.format(port=port_of(emulator)),
        )[0]
        == status
    )


def test_a_server_on_all_addresses_is_answered_at_each_but_at_no_name():
    with start(port=0, host=EVERYWHERE, latency=0) as emulator:
        port = port_of(emulator)
        for host in ("127.0.0.1", "localhost", EVERYWHERE):
            assert get(emulator, Host=f"{host}:{port}")[0] == 200
        assert get(emulator, Host=f"evil.example:{port}")[0] == 403


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_a_server_on_ipv6_is_answered_there():
    try:
        emulator = start(host="::1", latency=0)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with emulator:
        assert httpx.get(emulator.url, trust_env=False).status_code == 200
        assert (
            httpx.get(emulator.url, trust_env=False, headers={"Host": "[::2]"}).status_code == 403
        )


# --- pages of another origin ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "file://",
        "https://evil.example",
        "http://evil.example:{port}",
        "http://localhost:8888",
        "http://127.0.0.1:8888",
        "http://127.0.0.1",
        "https://127.0.0.1:{port}",
        "http://localhost:{port}",
        "http://[::1]:{port}",
        "http://127.0.0.1:{port}.evil.example",
        "http://127.0.0.1:{port}0",
        "http://evil.example/http://127.0.0.1:{port}",
        "http://user@127.0.0.1:{port}",
        "vscode-webview://abc",
        "chrome-extension://abc",
        "http://127.0.0.1:{port} http://evil.example",
        "127.0.0.1:{port}",
        "",
        "*",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_of_another_origin_is_refused(emulator, http, origin, method):
    given = {"Origin": origin.format(port=port_of(emulator))}
    response = http.request(method, CHAT, json=QUESTION, headers=given)
    assert (response.status_code, response.json()["error"]["code"]) == (403, "forbidden_origin")
    assert "access-control-allow-origin" not in response.headers
    assert not emulator.requests


def test_the_server_s_own_page_may_ask(emulator, http):
    assert (
        http.post(
            CHAT, json=QUESTION, headers={"Origin": emulator.url, "Sec-Fetch-Site": "same-origin"}
        ).status_code
        == 200
    )
    assert (
        http.post(CHAT, json=QUESTION, headers={"Origin": emulator.url.upper()}).status_code == 200
    )
    assert http.get("/", headers={"Sec-Fetch-Site": "none", **FOLLOWED}).status_code == 200


@pytest.mark.parametrize(
    "site", ["cross-site", "same-site", "", "CROSS-SITE", "same-origin, cross-site", "unheard-of"]
)
def test_what_a_browser_says_of_another_site_is_refused_but_for_links_and_pictures(
    emulator, http, site
):
    link = http.post(
        "/llm/lmapi/v3/images/generations",
        json={"model": "Stable-Diffusion-XL", "prompt": "a cat", "size": "768x768"},
    ).json()["data"][0]["url"]
    emulator.requests.clear()
    models = "/llm/lmapi/v3/models"
    for path, how in (
        (models, FETCH),
        (models, IMAGE),
        (models, FOLLOWED),
        (OAUTH, FOLLOWED),
        ("/", FETCH),
        ("/", {**FOLLOWED, "Sec-Fetch-Dest": "iframe"}),
        ("/", {}),
        (link, FETCH),
        (link, {**FOLLOWED, "Sec-Fetch-Dest": "object"}),
    ):
        assert http.get(path, headers={"Sec-Fetch-Site": site, **how}).status_code == 403, (
            path,
            how,
        )
    assert (
        http.post(CHAT, json=QUESTION, headers={"Sec-Fetch-Site": site, **FOLLOWED}).status_code
        == 403
    )
    assert not emulator.requests
    assert http.get("/", headers={"Sec-Fetch-Site": site, **FOLLOWED}).status_code == 200
    assert (
        http.get(link, headers={"Sec-Fetch-Site": site, **IMAGE}).headers["content-type"]
        == "image/png"
    )
    assert http.get(link, headers={"Sec-Fetch-Site": site, **FOLLOWED}).status_code == 200


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "TEXT/PLAIN",
        "text/json",
        "application/json, text/plain",
        "text/plain; application/json",
        "application/jsonp",
        "application/json+x",
        "*/*",
        "",
        "json",
        "application",
    ],
)
@pytest.mark.parametrize("path", [CHAT, V1_CHAT, OAUTH, "/emulator/faults"])
def test_a_post_that_a_page_could_send_without_asking_changes_nothing(emulator, http, kind, path):
    headers = {
        "Content-Type": kind,
        **({"Authorization": f"Bearer {emulator.token}"} if "emulator" in path else {}),
    }
    response = http.post(
        path, content=json.dumps({"status": 500} if "faults" in path else QUESTION), headers=headers
    )
    assert response.status_code == 415
    assert "application/json" in response.text
    assert ("error_code" in response.json()) == path.startswith("/rpc/")
    assert not emulator.requests
    assert http.post(CHAT, json=QUESTION).status_code == 200  # no fault is waiting


def test_a_body_without_a_type_is_no_json(http):
    for path in (CHAT, OAUTH):
        response = http.post(path, content=json.dumps(QUESTION))
        assert (response.status_code, response.json()["error"]["code"]) == (400, "malformed_json")


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        'application/json;charset="UTF-8"',
    ],
)
def test_json_is_taken_however_its_type_is_written(http, kind):
    assert (
        http.post(CHAT, content=json.dumps(QUESTION), headers={"Content-Type": kind}).status_code
        == 200
    )


@pytest.mark.parametrize(
    "path",
    [
        CHAT,
        V1_CHAT,
        OAUTH,
        "/",
        "/emulator/faults",
        "/emulator/requests",
        "/llm/lmapi/v3/models",
        "/nothing",
        "*",
    ],
)
def test_nothing_is_granted_to_a_preflight(emulator, path):
    wants = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,authorization",
        "Access-Control-Request-Private-Network": "true",
    }
    for origin, statuses in ((emulator.url, (404, 405, 200)), ("https://evil.example", (403,))):
        lines = [
            f"OPTIONS {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port_of(emulator)}",
            f"Origin: {origin}",
            *(f"{k}: {v}" for k, v in wants.items()),
            "Connection: close",
            "",
            "",
        ]
        status, head, _ = exchange(emulator, "\r\n".join(lines).encode())
        assert status in statuses
        assert b"access-control" not in head.lower()


@pytest.mark.parametrize(
    "change",
    [
        lambda q: q.set("size", "9999x9999"),
        lambda q: q.set("prompt", "another"),
        lambda q: q.set("seed", "8"),
        lambda q: q.set("style", "Anime"),
        lambda q: q.remove("signature"),
        lambda q: q.set("signature", ""),
        lambda q: q.set("signature", "0" * 64),
        lambda q: q.set("signature", "é"),
        lambda q: q.set("more", "1"),
        lambda q: q.remove("style"),
        lambda _q: httpx.QueryParams({"size": "768x768", "seed": "1"}),
    ],
)
def test_only_pictures_that_were_asked_for_are_drawn(emulator, http, change):
    asked = {"model": "Stable-Diffusion-XL", "prompt": "a cat & 猫", "size": "768x768", "seed": 7}
    link = httpx.URL(
        http.post("/llm/lmapi/v3/images/generations", json=asked).json()["data"][0]["url"]
    )
    assert http.get(link).status_code == 200
    response = http.get(link.copy_with(params=change(link.params)))
    assert (response.status_code, response.json()["error"]["code"]) == (403, "invalid_picture_link")
    assert [entry.path for entry in emulator.requests] == [
        "/llm/lmapi/v3/images/generations",
        "/emulator/picture.png",
    ]


# --- the controls ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer any",
        "Bearer {token}x",
        "Bearer {cut}",
        "Basic {token}",
        "{token}",
        "Bearer {lower}!",
        "Bearer é",
        "bearer\t{token}",
        "Bearer {token},{token}",
    ],
)
def test_the_controls_want_the_token(emulator, http, given):
    token = emulator.token
    headers = {
        "Authorization": given.format(token=token, cut=token[:-1], lower=token.lower()).encode(
            "latin-1"
        )
    }
    for method, path in (("GET", "requests"), ("POST", "faults"), ("DELETE", "faults")):
        response = http.request(
            method,
            f"/emulator/{path}",
            headers=headers,
            **({"json": {"status": 500}} if method == "POST" else {}),
        )
        assert (response.status_code, response.json()["error"]["code"]) == (
            401,
            "invalid_emulator_token",
        )
        assert token not in response.text
    assert http.post(CHAT, json=QUESTION).status_code == 200


def test_each_emulator_has_a_token_of_its_own_and_shows_it_nowhere_but_in_the_terminal(
    emulator, http
):
    with start(latency=0) as other:
        assert len({other.token, emulator.token}) == 2
    assert len(emulator.token) >= 32
    assert emulator.token not in http.get("/").text
    http.get(
        "/emulator/requests", headers={"Authorization": f"Bearer {emulator.token}"}
    ).raise_for_status()
    assert emulator.token not in repr(list(emulator.requests))


@pytest.mark.parametrize(
    "command", [["-m", "ernie_magic.emulator"], ["-m", "ernie_magic.cli", "emulator"]]
)
def test_who_starts_it_by_hand_is_told_the_token(command):
    with subprocess.Popen(
        [sys.executable, *command, "--latency", "0"],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    ) as process:
        url, token = re.search(r"(http://\S+).*token: ([\w-]+)", process.stdout.readline()).groups()
        root = url.partition("/llm/")[0]
        assert (
            httpx.get(
                f"{root}/emulator/requests",
                headers={"Authorization": f"Bearer {token}"},
                trust_env=False,
            ).json()
            == []
        )
        process.terminate()
        process.wait(10)
