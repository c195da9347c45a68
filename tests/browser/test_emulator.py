"""In a real Chromium, a page of another origin can neither read nor change the emulator."""

import http.server
import json
import threading

import pytest

HOSTILE = """<!doctype html><title>hostile</title><body><script>
const root = %(root)s, chat = root + "/llm/lmapi/v3/chat/completions", log = root + "/emulator/requests", faults = root + "/emulator/faults";
const question = JSON.stringify({model: "ernie-3.5-8k", messages: [{role: "user", content: "from the page"}]}), fault = JSON.stringify({status: 500});
const json = {"Content-Type": "application/json"}, outcomes = {};
const said = (name, work) => Promise.resolve().then(work).then(value => { outcomes[name] = String(value); }, () => { outcomes[name] = "failed"; });
const text = response => response.type === "opaque" ? "opaque" : response.text();
const element = (tag, from) => new Promise((done, failed) => {
    const made = document.createElement(tag);
    made.onload = () => done("loaded " + tag); made.onerror = failed;
    made[tag === "link" ? "href" : "src"] = from;
    if (tag === "link") made.rel = "stylesheet";
    document.body.append(made);
});
const form = (action, enctype) => {
    const frame = document.createElement("iframe"), made = document.createElement("form"), field = document.createElement("input");
    frame.name = "f" + Math.random(); made.target = frame.name; made.action = action; made.method = "POST"; made.enctype = enctype;
    field.name = question.slice(0, -1) + ', "x": "'; field.value = '"}'; made.append(field); document.body.append(frame, made); made.submit();
    return new Promise(done => { frame.onload = () => done("sent"); setTimeout(() => done("sent"), 1000); });
};
Promise.all([
    said("read models", () => fetch(root + "/llm/lmapi/v3/models", {headers: {Authorization: "Bearer k"}}).then(text)),
    said("read log", () => fetch(log).then(text)), said("read log by token", () => fetch(log, {headers: {Authorization: "Bearer guess"}}).then(text)),
    said("read front page", () => fetch(root).then(text)), said("ask", () => fetch(chat, {method: "POST", headers: json, body: question}).then(text)),
    said("ask as text", () => fetch(chat, {method: "POST", mode: "no-cors", headers: {"Content-Type": "text/plain"}, body: question}).then(text)),
    said("ask as a blob", () => fetch(chat, {method: "POST", mode: "no-cors", body: new Blob([question])}).then(text)),
    said("fault as text", () => fetch(faults, {method: "POST", mode: "no-cors", body: fault}).then(text)),
    said("delete", () => fetch(faults, {method: "DELETE"}).then(text)), said("beacon", () => navigator.sendBeacon(faults, fault)),
    said("beacon chat", () => navigator.sendBeacon(chat, new Blob([question], {type: "text/plain"}))),
    said("form", () => form(chat, "text/plain")), said("form fault", () => form(faults, "application/x-www-form-urlencoded")), said("form parts", () => form(chat, "multipart/form-data")),
    said("token", () => fetch(root + "/oauth/2.0/token?grant_type=client_credentials&client_id=a&client_secret=b", {mode: "no-cors"}).then(text)),
    said("image", () => element("img", root + "/emulator/picture.png?prompt=x&style=Base&size=9999x9999&seed=1")),
    said("script", () => element("script", root + "/emulator/requests")), said("style", () => element("link", root + "/llm/lmapi/v3/models")),
    said("socket", () => new Promise((done, failed) => { const s = new WebSocket(root.replace("http", "ws") + "/"); s.onopen = done; s.onerror = failed; })),
    said("events", () => new Promise((done, failed) => { const s = new EventSource(log); s.onopen = done; s.onerror = () => { s.close(); failed(); }; })),
]).then(() => { window.outcomes = outcomes; });
</script>"""
# The browser tells a page no more than this about these requests.
SENT = (
    "form",
    "form fault",
    "form parts",
    "beacon",
    "beacon chat",
)
# Nor about these: their effect is looked for in the emulator.
OPAQUE = (
    "ask as text",
    "ask as a blob",
    "fault as text",
    "token",
)


@pytest.fixture
def hostile(emulator):
    """A page of another origin; its port."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write((HOSTILE % {"root": json.dumps(emulator.url)}).encode())

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def tab(browser):
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("localhost", "evil.localhost")),
    ],
)
def test_a_page_of_another_origin_reads_nothing_and_changes_nothing(emulator, hostile, tab, host):
    emulator.requests.clear()
    tab.goto(f"http://{host}:{hostile}/")
    tab.wait_for_function("window.outcomes")
    outcomes = tab.evaluate("window.outcomes")
    assert len(outcomes) == 20
    assert {
        name: came
        for name, came in outcomes.items()
        if name not in (*SENT, *OPAQUE) and came != "failed"
    } == {}
    assert {outcomes[name] for name in OPAQUE} <= {"opaque", "failed"}
    assert not emulator.requests
    assert not emulator.faults._waiting
    assert not emulator.oauth._tokens._expiry_times


def test_a_name_that_is_bound_to_this_machine_is_refused_and_the_own_address_is_not(
    emulator, hostile, tab
):
    port = emulator.url.rpartition(":")[2]
    # Chromium resolves it to 127.0.0.1, like a rebound name.
    response = tab.goto(f"http://evil.localhost:{port}/")
    assert (response.status, response.json()["error"]["code"]) == (403, "forbidden_host")
    assert tab.goto(f"{emulator.url}/").status == 200
    assert "模拟器" in tab.inner_text("h1")


def test_a_link_of_another_page_opens_the_front_page_and_a_picture_is_shown(emulator, hostile, tab):
    import httpx

    asked = {"model": "Stable-Diffusion-XL", "prompt": "一只猫 & a cat", "size": "768x768"}
    link = httpx.post(
        f"{emulator.base_url}/images/generations", json=asked, headers={"Authorization": "Bearer k"}
    ).json()["data"][0]["url"]
    tab.goto(f"http://localhost:{hostile}/")
    tab.wait_for_function("window.outcomes")
    width = tab.evaluate(
        "link => new Promise((done, failed) => { const i = new Image(); i.onload = () => "
        "done(i.naturalWidth); i.onerror = failed; i.src = link; })",
        link,
    )
    assert width == 768
    tab.evaluate(
        "root => { const a = document.createElement('a'); a.href = root; "
        "document.body.append(a); a.click(); }",
        emulator.url,
    )
    tab.wait_for_url(f"{emulator.url}/")
    assert "模拟器" in tab.inner_text("h1")
