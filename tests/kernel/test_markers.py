"""Every word of a reply other than the answer's text is shown literally: never as HTML, Markdown or
a formula.
"""

import base64
import io
import json
import threading
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from .conftest import Kernel

MARK = r"{}<img src=x onerror=evil()> \(\href{{javascript:evil()}}{{x}}\) $x$ ![x](https://evil.example/x.png) [x](javascript:evil()) **bold** &lt;b&gt;"
OURS = {
    "details",
    "summary",
    "small",
    "br",
    "code",
    "span",
    "p",
    "em",
    "progress",
    "strong",
    "blockquote",
    "div",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "a",
    "figure",
    "figcaption",
    "img",
    "pre",
    "h3",
    "b",
    "style",
    "svg",
    "rect",
    "g",
    "title",
    "circle",
    "text",
    "tspan",
}


def mark(field):
    return MARK.format(field)


def thought():
    """Thoughts are Markdown, rendered like answers: their formatting may take effect."""
    return mark("thought").replace("$x$ ", "").replace("**bold** ", "")


def png():
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


class Service(BaseHTTPRequestHandler):
    """A service whose every word is a marker."""

    protocol_version = "HTTP/1.1"
    refusals = 1

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.reply(
            {
                "object": "list",
                "data": [
                    {"id": name, "object": "model", "owned_by": mark("owner")}
                    for name in ("ernie-4.5-turbo-128k", mark("listed"))
                ],
            }
        )

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/images/generations"):
            picture = {"b64_json": png(), "revised_prompt": mark("revised"), "seed": mark("seed")}
            linked = {
                "url": "javascript:evil()//" + mark("link"),
                "revised_prompt": mark("revised2"),
            }
            self.reply(
                {"id": mark("id"), "model": mark("model"), "created": 1, "data": [picture, linked]}
            )
        elif self.path.endswith("/embeddings"):
            self.reply(
                {
                    "id": mark("id"),
                    "model": mark("model"),
                    "data": [
                        {"index": i, "embedding": [1.0, 0.5]} for i in range(len(asked["input"]))
                    ],
                    "usage": {"total_tokens": 2},
                }
            )
        elif "refuse" in str(asked["messages"][-1]):
            self.reply(
                {
                    "id": mark("id"),
                    "error": {
                        "code": mark("code"),
                        "type": mark("type"),
                        "message": mark("message"),
                    },
                },
                400,
            )
        elif "retry" in str(asked["messages"][-1]) and type(self).refusals:
            type(self).refusals -= 1
            self.reply({"error": {"code": "internal_error", "message": mark("limit")}}, 500)
        elif asked["messages"][-1]["role"] == "tool" or not asked.get("tools"):
            self.stream(
                asked,
                [{"reasoning_content": thought()}, {"content": "plain "}, {"content": "words"}],
            )
        else:
            call = {
                "index": 0,
                "id": mark("call"),
                "type": "function",
                "function": {"name": "look", "arguments": json.dumps({"what": mark("argument")})},
            }
            self.stream(asked, [{"tool_calls": [call]}])

    def stream(self, asked, deltas):
        frames = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
        frames.append(
            {
                "choices": [{"index": 0, "delta": {}, "finish_reason": mark("finish")}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
                "search_results": [
                    {
                        "index": 1,
                        "title": mark("title"),
                        "url": "javascript:evil()//" + mark("address"),
                    },
                    {
                        "index": 2,
                        "title": mark("title2"),
                        "url": 'https://a.b/"' + mark("address2"),
                    },
                ],
            }
        )
        body = (
            "".join(
                f"data: {json.dumps({'id': mark('id'), 'model': mark('model'), **frame})}\n\n"
                for frame in frames
            )
            + "data: [DONE]\n\n"
        )
        if mark("own") in str(asked["messages"][0]["content"]):  # a row of a table
            self.reply(
                {
                    "id": "1",
                    "choices": [
                        {
                            "index": 0,
                            "message": {"role": "assistant", "content": mark("cell")},
                            "finish_reason": "stop",
                        }
                    ],
                }
            )
        elif asked.get("stream"):
            self.send(body.encode(), "text/event-stream")
        else:
            message = {
                "role": "assistant",
                "content": "plain words",
                "reasoning_content": thought(),
            }
            self.reply(
                {
                    "id": mark("id"),
                    "model": mark("model"),
                    "choices": [{"index": 0, "message": message, "finish_reason": mark("finish")}],
                }
            )

    def reply(self, body, status=200):
        self.send(json.dumps(body).encode(), "application/json", status)

    def send(self, body, kind, status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-Id", "marks")
        self.end_headers()
        self.wfile.write(body)


TITLES = ("ernie-saved-title", "ernie-saved-section")  # of a saved panel


class Reader(HTMLParser):
    """Collects what would act in a page: tags and attributes that are not ours, and formulas."""

    def __init__(self, markup):
        super().__init__()
        self.found, self.within = [], []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.within.append(tag)
        is_title = tag in ("h4", "h5") and (dict(attributes).get("class") or "") in TITLES
        if tag not in OURS and not is_title:
            self.found.append(tag)
        for name, value in attributes:
            allowed = {"href": ("https://", "http://"), "src": ("data:image/",)}.get(name)
            if name.startswith("on") or (allowed and not value.startswith(allowed)):
                self.found.append((tag, name, value))

    def handle_endtag(self, tag):
        if tag in self.within:
            del self.within[len(self.within) - 1 - self.within[::-1].index(tag) :]

    def handle_data(self, data):
        if (
            not {"code", "pre"} & set(self.within)
            and ("\\" in data or "$" in data)
            and len(data.strip()) > 1
        ):
            self.found.append(data)
        if data == "bold":
            self.found.append(data)


@pytest.fixture(scope="module")
def service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def marked(service):
    kernel = Kernel(
        {
            "AI_STUDIO_BASE_URL": service,
            "AI_STUDIO_API_KEY": "canary-key-of-marks",
            "LANG": "en_US.UTF-8",
            "LC_ALL": "en_US.UTF-8",
        }
    )
    kernel.run(
        "%load_ext ernie_magic\nimport ipywidgets\nmark = "
        + repr(mark("own"))
        + "\ndef look(what: str) -> str:\n    return mark\n"
        + "import pandas\nframe = pandas.DataFrame({'a': [mark]})\n"
        + f"ernie.chat('hi')\nvectors = ernie.embed([{mark('text')!r}, 'b'])"
    )
    yield kernel
    kernel.close()


CELLS = {
    "chat": ("%%ernie\nhi", {"plain", "title", "title2", "finish", "thought"}),
    "refusal": ("%%ernie\nrefuse", {"message"}),
    "tools": ("%%ernie --tools look\nhi", {"argument", "own", "plain"}),
    "not streamed": ("%%ernie --no-stream\nhi", {"plain", "thought"}),
    "pictures": ("%%ernie_image -n 2\n" + mark("prompt"), {"revised", "prompt"}),
    "vectors": ("%%ernie_embed --as vectors\n" + mark("text") + "\nb", {"text"}),
    "heat map": ("%ernie_heat vectors", {"text"}),
    "plane": ("%ernie_map2d vectors", {"text"}),
    "map": ("%%ernie_map frame --as out\n{{a}}", {"cell"}),
    "mapped": ("ernie.map('{{a}}', frame)", {"cell"}),
    "models": ("%ernie models", {"listed"}),
    "history": ("%ernie history", {"hi"}),
    "usage": ("%ernie usage", set()),
    "answer": ("ernie.chat('hi')", {"plain"}),
    "panel": ("%ernie panel", {"title", "plain"}),
    "retry": (
        "%%ernie --no-history\nretry",
        {"limit", "plain"},
    ),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_reply_s_words_are_read_by_nobody(marked, name):
    cell, seen = CELLS[name]
    ran = marked.run(cell)
    pages = [
        m["content"]["data"]["text/html"]
        for _, m in ran.messages
        if m["msg_type"] in ("display_data", "update_display_data", "execute_result")
        and "text/html" in m["content"]["data"]
    ]
    for page in pages:
        assert Reader(page).found == []
        assert "text/markdown" not in page
    everything = "".join(pages) + ran.text + str(ran.error)
    assert not [word for word in seen if word not in everything], everything


def test_the_reader_finds_what_would_act():
    for hostile in (
        "<img src=x onerror=a()>",
        "<script>",
        "<a href='javascript:x'>",
        "<p>\\(x\\)</p>",
        "<p>costs $x$</p>",
        "<b>bold</b>",
    ):
        assert Reader(hostile).found
