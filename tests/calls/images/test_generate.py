"""Pictures as they arrive: as bytes, as links, and as anything else that a server may send instead."""

import asyncio
import base64
import io
import json
import struct
import time
import zlib
from urllib.parse import quote

import pytest
from PIL import Image

from ernie_magic import errors
from ernie_magic.calls.images import generate as drawing
from ernie_magic.calls.images import pictures
from ernie_magic.config.keys import Key
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.notebook.display.images import summary_line
from ernie_magic.session import Session
from ernie_magic.wire import downloads
from tests.loopback_server import read_request
from tests.raw_server import Server, http

KEY = "sk-CANARYcanary0123456789ABCDEF"


def file_of(kind="PNG", size=(40, 30), mode="RGB"):
    out = io.BytesIO()
    Image.new(mode, size, "red" if mode != "L" else 80).save(out, kind)
    return out.getvalue()


GOOD = file_of()
SVG = (
    b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
)


def packed(content):
    return base64.b64encode(content).decode()


def bomb(kind):
    """A small file with very many pixels."""
    if kind == "PNG":

        def chunk(name, data):
            return (
                struct.pack(">I", len(data))
                + name
                + data
                + struct.pack(">I", zlib.crc32(name + data))
            )

        rows = zlib.compress(bytes(30_001) * 2000)
        return (
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", rows)
            + chunk(b"IEND", b"")
        )
    content = bytearray(file_of(kind))
    if kind == "GIF":
        content[6:10] = struct.pack("<HH", 60_000, 60_000)
    if kind == "JPEG":
        at = content.index(b"\xff\xc0") + 5
        content[at : at + 4] = struct.pack(">HH", 60_000, 60_000)
    return bytes(content)


class Pages(Server):
    """Answers `POST` with a reply of pictures, `GET` with the page at its path."""

    def __init__(self):
        self.pages = {}
        self.asked = []
        self.reply = b""
        super().__init__(keep_alive=False)

    async def _serve(self, reader, writer):
        request = await read_request(reader)
        self.asked.append(request.head.decode())
        reply = self.reply
        if request.method != "POST":
            reply = self.pages[request.target]
        for part in [reply] if isinstance(reply, bytes) else reply:
            writer.write(part if isinstance(part, bytes) else b"")
            await writer.drain()
            if isinstance(part, float):
                await asyncio.sleep(part)

    def gives(self, *data, **facts):
        self.reply = http(
            json.dumps({"created": 1_700_000_000, "data": list(data), **facts}),
            kind="application/json",
        )

    def page(self, content, status="200 OK", kind="image/png", **headers):
        path = f"/page-{len(self.pages)}.png"
        self.pages[path] = http(content, status, kind, **headers)
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture(scope="module")
def server():
    server = Pages()
    yield server
    server.stop()


@pytest.fixture
def session(server):
    server.asked.clear()
    with Session(
        ErnieSettings(
            service="aistudio",
            base_url=f"http://127.0.0.1:{server.port}/v1",
            api_key=KEY,
            image_model="Stable-Diffusion-XL",
            retry_count=3,
            backoff_factor=0.01,
        )
    ) as session:
        yield session


@pytest.mark.parametrize("field", ["b64_json", "b64_image"])
@pytest.mark.parametrize(
    "text",
    [
        packed(GOOD),
        "data:image/png;base64," + packed(GOOD),
        "\n".join([packed(GOOD)[:76], packed(GOOD)[76:]]),
        packed(GOOD).rstrip("="),
        base64.urlsafe_b64encode(GOOD).decode(),
        base64.urlsafe_b64encode(GOOD).decode().rstrip("="),
        packed(GOOD) + "==",
        "data:image/png;base64," + base64.urlsafe_b64encode(GOOD).decode().rstrip("="),
        "\ufeff" + packed(GOOD),
        "\xa0" + packed(GOOD)[:50] + "\u200b" + packed(GOOD)[50:] + "\xa0",
        json.dumps(packed(GOOD)),
        quote(packed(GOOD), safe=""),
        "\ufeffdata:image/png;base64,\r\n" + quote(packed(GOOD), safe=""),
        packed(GOOD).replace("/", "\\/")[:40] + "\\n" + packed(GOOD).replace("/", "\\/")[40:],
        repr(base64.b64encode(GOOD)),
        "image/png;base64," + packed(GOOD),
        f"![a cat](data:image/png;base64,{packed(GOOD)} 'x')",
        f'<img alt="a" src="data:image/png;base64,{packed(GOOD)}"/>',
        f"url(data:image/png;base64,data:image/png;base64,{packed(GOOD)})",
        f"data:image/png;base64,{packed(GOOD)}#cat",
    ],
)
def test_bytes_come_as_they_were(server, session, field, text):
    server.gives({field: text, "url": None, "revised_prompt": "a cat"})
    found = session.image("猫", seed=3)
    assert [one.content for one in found] == [GOOD]
    assert (found[0].size, found[0].seed, found[0].revised_prompt, found[0].format.name) == (
        (40, 30),
        3,
        "a cat",
        "PNG",
    )
    assert session.images == [found]
    assert session.last is found


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (packed(b"\0\1 no picture"), b"\0\1 no picture"),
        (packed(GOOD[:20]), GOOD[:20]),
        (packed(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
        ("*no* base64", b"*no* base64"),
    ],
)
def test_bytes_that_cannot_be_decoded_stay_at_hand(server, session, text, content):
    server.gives({"b64_json": packed(GOOD)}, {"b64_json": text})
    found = session.image("猫", n=2)
    assert [bool(one.problem) for one in found] == [False, True]
    assert found[1].content == content
    assert ".content" in str(found[1].problem)
    with pytest.raises(errors.ProtocolError):
        found[1].save()
    server.gives({"b64_json": text})
    with pytest.raises(errors.ProtocolError):
        session.image("猫")
    assert session.images[-1][0].content == content


def test_a_key_in_what_is_no_picture_is_hidden(server, session):
    server.gives({"b64_json": packed(f"your key is {KEY}".encode())})
    with pytest.raises(errors.ProtocolError):
        session.image("猫")
    kept = session.images[-1][0].content
    assert kept
    assert KEY[:8].encode() not in kept
    server.gives({"url": server.page(f"your key is {KEY}".encode())})
    with pytest.raises(errors.ProtocolError):
        session.image("猫")
    kept = session.images[-1][0].content
    assert kept.startswith(b"your key is ")
    assert KEY[:8].encode() not in kept


def test_a_cut_jpeg_stays_as_it_came_though_its_tables_spell_part_of_a_key(server, session):
    Key("sk-Abcdefghij-7Qv2mK81-456789")
    cut = file_of("JPEG")[:500]
    server.gives({"b64_json": packed(cut)})
    with pytest.raises(errors.ProtocolError):
        session.image("猫")
    assert session.images[-1][0].content == cut


def test_a_link_whose_bytes_were_no_picture_is_fetched_again(server, session):
    server.gives({"url": server.page(b"not yet")}, {"url": server.page(GOOD)})
    found = session.image("猫", n=2)
    assert found[0].content == b"not yet"
    before = len(server.asked)
    session.download(found)
    assert len(server.asked) == before + 1


def test_a_seed_that_the_service_tells_is_the_picture_s(server, session):
    server.gives(
        {"b64_json": packed(GOOD), "seed": 99, "index": 2}, {"b64_json": packed(GOOD), "index": 1}
    )
    assert [one.seed for one in session.image("猫", n=2)] == [None, 99]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_link_is_downloaded_at_once_without_the_key(server, session, kind):
    content = file_of(kind)
    server.gives({"url": server.page(content, kind="text/plain")})
    found = session.image("猫")
    assert (found[0].content, found[0].format.name) == (content, kind)
    asked = [head for head in server.asked if head.startswith("GET")]
    assert len(asked) == 1
    assert "authorization" not in asked[0].lower()
    assert found.expires_at == 1_700_000_000 + 7 * 86_400


def test_a_link_may_be_left_where_it_is(server, session):
    server.gives({"url": "https://example.com/x.png"})
    found = session.image("猫", download=False)
    assert (found[0].url, found[0].content, found.partial) == (
        "https://example.com/x.png",
        b"",
        False,
    )


def test_links_of_baidu_s_storage_are_made_secure(server, session):
    server.gives(
        {"url": "http://qianfan-img-gen.bj.bcebos.com/x.png?a=b"},
        {"url": "http://example.com/http://x.bcebos.com"},
    )
    assert [one.url for one in session.image("猫", download=False)] == [
        "https://qianfan-img-gen.bj.bcebos.com/x.png?a=b",
        "http://example.com/http://x.bcebos.com",
    ]


HOSTILE = {
    "truncated base64": (packed(GOOD)[:61], "not valid base64"),
    "no base64": ("<html>sorry</html>", "not valid base64"),
    "a truncated picture": (packed(file_of(size=(400, 300))[:-300]), "incomplete or damaged"),
    "HTML": (packed(b"<!doctype html><p>no"), "a web page"),
    "SVG": (packed(SVG), "an SVG, which may carry a script"),
    "JSON": (packed(b'{"error": 1}'), "JSON text"),
    "text": (packed(b"sorry"), "something else"),
    "a PNG's beginning": (packed(GOOD[:20]), "incomplete or damaged"),
    "a PNG bomb": (packed(bomb("PNG")), "30000x30000 pixels, more than 16.8 million"),
    "a GIF bomb": (packed(bomb("GIF")), "60000x60000 pixels"),
    "a JPEG bomb": (packed(bomb("JPEG")), "60000x60000 pixels"),
    "nothing": ("", "nothing"),
    "a number": (7, "nothing"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_one_bad_picture_among_four_is_told_and_the_good_ones_are_kept(server, session, name):
    bad, told = HOSTILE[name]
    server.gives(
        {"b64_json": packed(GOOD)},
        {"b64_json": bad},
        {"b64_json": packed(GOOD)},
        {"url": server.page(GOOD)},
    )
    found = session.image("猫", n=4)
    assert [bool(one.problem) for one in found] == [False, True, False, False]
    assert told in str(found[1].problem)
    assert "\n" not in str(found[1].problem)
    assert (len(found.good), found.partial) == (3, True)


def drawings(server):
    return {
        "base64": {"b64_json": packed(SVG)},
        "a data address": {"url": f"data:image/svg+xml;base64,{packed(SVG)}"},
        "a data address in words": {"url": f"data:image/svg+xml;utf8,{SVG.decode()}"},
        "a link": {"url": server.page(SVG, kind="image/svg+xml")},
    }


@pytest.mark.parametrize(
    "name", ["base64", "a data address", "a data address in words", "a link", "the reply itself"]
)
def test_a_drawing_that_was_made_is_kept_and_not_asked_for_again(server, session, name):
    if name == "the reply itself":
        server.reply = http(SVG, kind="image/svg+xml")
    else:
        server.gives(drawings(server)[name])
    with pytest.raises(errors.ProtocolError) as caught:
        session.image("猫")
    line = caught.value.line("en")
    assert "an SVG, which may carry a script, and is not drawn here" in line
    assert "again" not in line
    assert "expired" not in line
    assert caught.value.answer[0].content == session.last[0].content == SVG


REFUSED = {
    # https://www.volcengine.com/docs/82379/1541523
    "Volcengine's": {
        "error": {"code": "OutputImageSensitiveContentDetected", "message": "blocked"}
    },
    # https://help.aliyun.com/zh/model-studio/text-to-image-v2-api-reference
    "DashScope's": {"code": "InternalError.Timeout", "message": "blocked"},
    "beside an empty link": {"url": "", "error": {"message": "blocked"}},
    "a sentence": {"error": "blocked"},
    "Vertex AI's": {"raiFilteredReason": "blocked: safety filter"},
    "a status": {"status": "failed", "message": "blocked"},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_stands_in_the_place_of_one_picture_is_told(server, session, name):
    server.gives({"b64_json": packed(GOOD)}, REFUSED[name])
    found = session.image("猫", n=2)
    assert (len(found.good), found[0].problem, found.partial) == (1, None, True)
    assert "blocked" in found[1].problem.line("en")
    server.gives(REFUSED[name])
    with pytest.raises(errors.ErnieError) as caught:
        session.image("猫")
    assert "blocked" in caught.value.line("en")


@pytest.mark.parametrize("name", [name for name in HOSTILE if name not in ("nothing", "a number")])
def test_when_none_is_good_the_call_fails_and_what_came_is_kept(server, session, name):
    bad, told = HOSTILE[name]
    server.gives({"b64_json": bad})
    with pytest.raises(errors.ProtocolError, match=told) as caught:
        session.image("猫")
    assert session.images == [caught.value.answer]
    assert session.usage.total.requests == 1  # it was made all the same


@pytest.mark.parametrize(
    "data",
    [
        None,
        7,
        {},
        [],
        [None],
        [7],
        ["x"],
        [{}],
        [{"url": 7}],
        [{"url": ["x"]}],
        [{"b64_json": {"a": 1}}],
    ],
)
def test_a_reply_without_pictures_is_no_reply(server, session, data):
    server.reply = http(json.dumps({"data": data}), kind="application/json")
    with pytest.raises(errors.ProtocolError):
        session.image("猫")


B64 = packed(GOOD)
URI = f"data:image/png;base64,{B64}"
SHAPES = {
    "image_base64": {"data": [{"image_base64": B64}]},
    "base64 in a list": {"images": [B64]},
    "an object as data": {"data": {"b64_json": B64}},
    "a list in data": {"data": {"images": [B64]}},
    "the text itself as data": {"data": B64},
    "a bare list": [{"b64_json": B64}],
    "artifacts": {"artifacts": [{"base64": B64, "seed": 3, "finishReason": "SUCCESS"}]},
    "predictions": {"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": B64}]},
    "a result": {"result": {"image": B64}, "success": True},
    "JSON in a text": {"result": json.dumps({"images": [B64]})},
    "parts": {"candidates": [{"content": {"parts": [{"text": "ok"}, {"inlineData": {"data": B64}}]}}]},
    "a chat's message": {"choices": [{"message": {"images": [{"image_url": {"url": URI}}]}}]},
    "no known format, by its name": {"images": [packed(file_of("TGA"))]},
    "an empty list of the usual name": {"data": [], "images": [B64]},
    "what was sent repeated": {"input": {"image": packed(file_of("GIF"))}, "output": [B64]},
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_a_picture_is_found_under_other_names(server, session, name):
    server.reply = http(json.dumps(SHAPES[name]), kind="application/json")
    found = session.image("猫")
    assert [one.size for one in found] == [(40, 30)]
    assert found.raw == {}


@pytest.mark.parametrize(
    "shape",
    [
        '{"images": [{"url": "URL"}]}',
        '{"data": [{"image_url": "URL"}]}',
        '{"data": [{"image_url": {"url": "URL"}}]}',
        '{"output": {"results": [{"url": "URL"}]}}',
        '{"output": ["URL"]}',
        '{"result": {"data": {"task_result": {"images": [{"img_url": "URL"}]}}}}',
        '{"data": null, "image_urls": ["URL"], "thumbnail": "http://127.0.0.1:1/x.png"}',
    ],
)
def test_a_link_is_found_under_other_names(server, session, shape):
    text = shape.replace("URL", server.page(GOOD))
    server.reply = http(text, kind="application/json")
    assert [one.content for one in session.image("猫")] == [GOOD]


@pytest.mark.parametrize(
    "reply",
    [{"data": [{"blob": "x" * 30}]}, {"input": {"image": B64}}, {"pictures": {"first": 7}}],
)
def test_a_reply_whose_picture_is_not_found_stays_at_hand(server, session, reply):
    server.reply = http(json.dumps(reply), kind="application/json")
    with pytest.raises(errors.ProtocolError, match=r"ernie\.last\.raw") as caught:
        session.image("猫")
    assert caught.value.answer.raw == reply
    assert session.last is caught.value.answer
    assert session.images == []
    assert "base_url" not in str(caught.value)


def test_bytes_that_came_by_no_link_are_not_called_expired(server, session):
    for content in (b"sorry", b"<html>", file_of("PNG")[:-30]):
        server.gives({"b64_json": packed(content)})
        with pytest.raises(errors.ProtocolError) as caught:
            session.image("猫")
        assert "expired" not in str(caught.value)
    server.gives({"url": server.page(b"<html>sorry")})
    with pytest.raises(errors.ProtocolError, match="expired"):
        session.image("猫")


def failing_links(server):
    url = f"http://127.0.0.1:{server.port}"
    return {
        "gone": (server.page(b"", "404 Not Found"), "HTTP 404"),
        "HTML": (server.page(b"<html>login", kind="text/html"), "a web page"),
        "SVG": (server.page(SVG, kind="image/svg+xml"), "an SVG"),
        "another host": (
            server.page(b"", "302 Found", Location="http://localhost:1/x"),
            "another host",
        ),
        "a circle": (
            server.page(b"", "302 Found", Location=f"{url}/page-{len(server.pages)}.png"),
            "too many redirects",
        ),
        "a file by redirect": (
            server.page(b"", "302 Found", Location="file:///etc/passwd"),
            "another host",
        ),
        "a file": ("file:///etc/passwd", "not an http(s) URL (file:)"),
        "ftp": ("ftp://127.0.0.1/x", "not an http(s) URL (ftp:)"),
        "nobody there": ("http://127.0.0.1:1/x.png", "could not be downloaded"),
        "no host": ("http://", "not an http(s) URL"),
        "a broken address": ("http://[::1", "could not be downloaded"),
        "large": (server.page(b"", Content_Length=str(200 * 1024 * 1024)), "exceeds 32 MB"),
        "script": ("javascript:alert(1)", "not an http(s) URL"),
    }


@pytest.mark.parametrize(
    "name",
    [
        "gone",
        "HTML",
        "SVG",
        "another host",
        "a circle",
        "a file by redirect",
        "a file",
        "ftp",
        "nobody there",
        "no host",
        "a broken address",
        "large",
        "script",
    ],
)
def test_a_link_that_leads_nowhere_good_is_told_and_the_others_are_kept(server, session, name):
    url, told = failing_links(server)[name]
    server.gives({"url": url}, {"url": server.page(GOOD)})
    found = session.image("猫", n=2)
    assert told in str(found[0].problem)
    assert found[1].content == GOOD
    assert found[0].url == url


def test_a_redirect_within_the_host_is_followed(server, session):
    server.gives({"url": server.page(b"", "302 Found", Location=server.page(GOOD))})
    assert session.image("猫")[0].content == GOOD


REMOTE = "https://aistudio.baidu.com/llm/lmapi/v3"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fd00::1]",
        "0.0.0.0",  # noqa: S104
        "100.100.100.200",
        "2130706433",
        "0x7f.1",
        "127.1",
    ],
)
def test_a_service_out_there_cannot_make_us_ask_this_machine_or_its_network(host):
    with pytest.raises(errors.ProtocolError, match="points to this machine or its network"):
        asyncio.run(downloads._check_link(f"http://{host}/x.png", REMOTE))


@pytest.mark.parametrize(
    ("url", "base_url"),
    [
        ("http://198.18.0.7/x", REMOTE),
        ("http://8.8.8.8/x", REMOTE),
        ("http://192.168.1.5:9000/x", "http://192.168.1.5:8000/v1"),
        ("http://127.0.0.1/x", "http://localhost:1/v1"),
        ("http://10.0.0.1/x", "http://127.0.0.1:1/v1"),
    ],
)
def test_what_may_be_followed(url, base_url):
    asyncio.run(downloads._check_link(url, base_url))


def test_a_picture_that_drips_is_given_up_in_time_and_its_link_kept(server, session, monkeypatch):
    monkeypatch.setattr(downloads, "TIMEOUT", 0.5)
    path = "/drip.png"
    server.pages[path] = [http(b"", kind="image/png"), *[b"\x89", 0.2] * 20]
    server.gives({"url": f"http://127.0.0.1:{server.port}{path}"}, {"b64_json": packed(GOOD)})
    began = time.monotonic()
    found = session.image("猫", n=2)
    assert time.monotonic() - began < 3
    assert "took more than 0.5 s" in str(found[0].problem)
    assert found[1].content == GOOD


def test_a_reply_of_200_mb_is_not_read(server, session):
    server.reply = [http(b"", kind="application/json"), *[b" " * 1024 * 1024] * 200]
    with pytest.raises(errors.ProtocolError, match="exceeds 128 MB and was not fully read"):
        session.image("猫")


def test_an_image_post_that_timed_out_is_never_sent_again(server, session):
    session.settings.request_timeout = 0.3
    server.reply = [2.0, b""]
    with pytest.raises(errors.RequestTimeout):
        session.image("猫")
    assert len(server.asked) == 1


def test_what_came_before_a_stop_is_kept(server, session):
    path = "/slow.png"
    server.pages[path] = [http(b"", kind="image/png"), 30.0]
    server.gives({"b64_json": packed(GOOD)}, {"url": f"http://127.0.0.1:{server.port}{path}"})
    stream = session.begin_image("猫", n=2)
    while not any(head.startswith("GET") for head in server.asked):
        time.sleep(0.01)
    time.sleep(0.1)
    found = stream.stop()
    assert [bool(one.problem) for one in found] == [False, True]
    assert found[0].content == GOOD
    assert "stopped before this picture arrived" in str(found[1].problem)
    assert session.images == [found]


def test_what_is_waited_for_is_told_each_second(server, session):
    server.reply = [
        2.3,
        http(json.dumps({"data": [{"b64_json": packed(GOOD)}]}), kind="application/json"),
    ]
    told = [
        (delta.notice.en, delta.waited)
        for batch in session.begin_image("猫").iter_batches()
        for delta in batch
    ]
    assert told == [("making the picture", 0), ("making the picture", 1), ("making the picture", 2)]


def test_a_picture_is_decoded_once_and_its_pixels_let_go(server, session, monkeypatch):
    count = []
    decoded = pictures.decode_image
    monkeypatch.setattr(
        pictures, "decode_image", lambda content: count.append(1) or decoded(content)
    )
    server.gives({"b64_json": packed(GOOD)})
    found = session.image("猫")
    assert (found[0].size, found[0].thumbnail[:2], len(count)) == ((40, 30), b"\xff\xd8", 1)
    assert found[0].image is found[0].image
    assert len(count) == 2


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_every_kind_of_png_gets_a_thumbnail(mode):
    found = pictures.make_preview(
        file_of(mode=mode, size=(700, 100))
        if mode not in ("RGBA", "LA", "P", "1", "I;16")
        else _of_mode(mode)
    )
    assert found.size == (700, 100)
    with Image.open(io.BytesIO(found.thumbnail)) as image:
        assert (image.size, image.mode) == ((512, 73), "RGB")


def _of_mode(mode):
    out = io.BytesIO()
    Image.new(mode, (700, 100)).save(out, "PNG")
    return out.getvalue()


def test_the_most_decoded_at_once_stays_small():
    assert drawing._MAX_DECODING * pictures.MAX_PIXELS * 4 <= 1.5 * 128 * 1024 * 1024


def test_after_a_retry_the_wait_is_told_as_what_it_is(server, session):
    limited = http(
        json.dumps({"error": {"code": "rpm_rate_limit_exceeded", "message": "x"}}),
        "429 Too Many Requests",
        "application/json",
        Retry_After="0",
    )
    good = http(json.dumps({"data": [{"b64_json": packed(GOOD)}]}), kind="application/json")
    replies = iter([[limited], [1.5, good]])

    class Turns(list):
        def __iter__(self):
            return iter(next(replies))

    server.reply = Turns()
    told = [
        delta.notice.en for batch in session.begin_image("猫").iter_batches() for delta in batch
    ]
    assert told[0] == "making the picture"
    assert told[-1] == "making the picture"
    assert len(told) > 2


def test_pictures_of_which_only_the_link_is_here_are_downloaded_later(server, session):
    server.gives({"url": server.page(GOOD)}, {"url": server.page(GOOD)})
    links = session.image("猫", n=2, download=False)
    found = session.download(links)
    assert [one.content for one in found] == [GOOD, GOOD]
    assert (found.request, session.images) == (links.request, [links, found])
    assert session.download(links[1])[0].content == GOOD
    assert session.download(found)[0] is found[0]
    assert len([head for head in server.asked if head.startswith("POST")]) == 1


def test_a_download_that_the_network_failed_is_tried_again(server, session):
    server.gives({"url": server.page(b"", "503 Service Unavailable")})
    with pytest.raises(errors.ProtocolError, match="HTTP 503"):
        session.image("猫")
    assert len([head for head in server.asked if head.startswith("GET")]) == 3
    assert len([head for head in server.asked if head.startswith("POST")]) == 1


class InTurn:
    """A page that answers each request with the next of its replies, the last one again."""

    def __init__(self, *replies):
        self._replies = list(replies)

    def __iter__(self):
        if len(self._replies) > 1:
            return iter([self._replies.pop(0)])
        return iter(self._replies)


@pytest.mark.parametrize(
    "status",
    [
        *("403 Forbidden", "404 Not Found", "408 Request Timeout", "425 Too Early"),
        *("429 Too Many Requests", "500 Internal Server Error", "502 Bad Gateway"),
        *("503 Service Unavailable", "504 Gateway Timeout", "507 Insufficient Storage"),
    ],
)
def test_a_link_that_is_not_there_yet_is_fetched_again_and_kept(server, session, status):
    refused = http(b"later", status, "text/plain", Retry_After="0.02")
    link = server.page(GOOD)
    path = link.removeprefix(f"http://127.0.0.1:{server.port}")
    server.pages[path] = InTurn(refused, refused, server.pages[path])
    server.gives({"url": link})
    assert session.image("猫")[0].content == GOOD
    server.pages[path] = InTurn(refused)
    with pytest.raises(errors.ProtocolError) as caught:
        session.image("猫")
    assert f"HTTP {status[:3]}" in str(caught.value)
    assert "the link is kept in the picture's .url" in str(caught.value)
    assert (caught.value.answer[0].url, session.last) == (link, caught.value.answer)
    assert len([head for head in server.asked if head.startswith("GET")]) == 6
    assert len([head for head in server.asked if head.startswith("POST")]) == 2
    server.pages[path] = http(GOOD, kind="image/png")
    assert session.download(session.last)[0].content == GOOD


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "410 Gone"])
def test_a_link_that_will_never_lead_anywhere_is_asked_once(server, session, status):
    server.gives({"url": server.page(b"", status)})
    with pytest.raises(errors.ProtocolError, match=f"HTTP {status[:3]}"):
        session.image("猫")
    assert len([head for head in server.asked if head.startswith("GET")]) == 1


def test_fewer_pictures_than_requested_are_told(server, session):
    server.gives({"b64_json": packed(GOOD)})
    found = session.image("猫", n=2)
    told = "2 pictures were requested, and the service sent 1"
    assert [note.en for note in found.notes] == [f"⚠ {told}"]
    assert told in repr(found)
    assert told in summary_line(found, "en")
    server.gives(*[{"b64_json": packed(GOOD)}] * 3)
    assert session.image("猫", n=2).notes == session.image("猫").notes == ()


@pytest.mark.parametrize(
    "error",
    [
        {"code": 500, "message": "1 of 2 images failed"},
        {"code": "OutputImageSensitiveContentDetected", "message": "1 of 2 images failed"},
        {"message": "1 of 2 images failed"},
    ],
)
def test_pictures_beside_an_error_about_others_are_kept(server, session, error):
    server.gives({"b64_json": packed(GOOD)}, error=error)
    found = session.image("猫", n=2)
    assert found[0].content == GOOD
    assert [note.en for note in found.notes][1] == "⚠ the service also said: 1 of 2 images failed"
    server.gives({"url": "", "b64_json": None}, error=error)
    with pytest.raises(errors.ServiceError):
        session.image("猫", n=2)


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        ({"text": "A cat."}, "A cat."),
        ({"choices": [{"message": {"content": "A cat."}}]}, "A cat."),
        (
            {"choices": [{"message": {"content": [{"type": "text", "text": "A cat."}]}}]},
            "A cat.",
        ),
        (
            {"candidates": [{"content": {"parts": [{"text": "A cat."}, {"text": "Red."}]}}]},
            "A cat.\nRed.",
        ),
        ({"output": {"text": "A cat."}}, "A cat."),
        ({"output_text": "A cat.", "content": "A cat."}, "A cat."),
        ({"reply": " A\ncat. "}, "A\ncat."),
        ({"message": "success", "msg": "ok", "result": "done", "prompt": "猫", "text": "猫"}, ""),
        ({"text": None, "content": 5, "answer": {}, "texts": []}, ""),
        ({"text": "at https://host/cat.png", "content": packed(GOOD)}, "at https://host/cat.png"),
    ],
)
def test_what_the_model_writes_beside_its_pictures_is_kept(server, session, beside, words):
    server.gives({"b64_json": packed(GOOD), "text": ""}, **beside)
    found = session.image("猫")
    assert (found[0].content, found.words) == (GOOD, words)
    assert ("the model also wrote: " in summary_line(found, "en")) == bool(words)


def test_whatever_goes_wrong_in_one_picture_is_its_own(server, session, monkeypatch):
    preview = drawing.make_preview
    count = []
    monkeypatch.setattr(
        drawing,
        "make_preview",
        lambda content: count.append(1) or (1 / 0 if len(count) == 2 else preview(content)),
    )
    server.gives(*[{"b64_json": packed(GOOD)}] * 3)
    found = session.image("猫", n=3)
    assert len(found.good) == 2
    assert "incomplete or damaged" in str(next(one.problem for one in found if one.problem))


@pytest.mark.parametrize("value", ["x", -5, 1e300, True, None, [], float("nan"), "NaN", {"a": 1}])
@pytest.mark.parametrize(
    "name", ["created", "index", "seed", "usage", "model", "id", "revised_prompt"]
)
def test_odd_facts_beside_a_picture_do_no_harm(server, session, name, value):
    picture = {
        "b64_json": packed(GOOD),
        **({name: value} if name in ("index", "seed", "revised_prompt") else {}),
    }
    server.gives(picture, **({name: value} if name not in picture else {}))
    found = session.image("猫")
    assert found[0].content == GOOD
    assert repr(found)


def test_a_sheet_of_long_prompts_is_quick_and_a_set_can_be_sliced(server, session):
    server.gives(*[{"b64_json": packed(GOOD)}] * 4)
    found = session.image("猫" * 1024, n=4)
    began = time.process_time()
    assert found.sheet(columns=2, side=256).size == (536, 616)
    assert found.grid.size == (1048, 1048)
    assert time.process_time() - began < 5  # it took 20 s when each letter was measured
    assert (len(found[1:3]), found[1:3].prompt) == (2, found.prompt)
    assert set(found._repr_mimebundle_()) == {"image/jpeg", "text/plain"}


def broken_gif():
    """Its frame is larger than its screen: Pillow raises an error of its own kind."""
    frame = b"\0\0\0," + struct.pack("<HHHH", 0, 0, 65535, 65535) + b"\0\x02\x02D\x01\0;"
    return b"GIF89a" + struct.pack("<HH", 10, 10) + frame


@pytest.mark.parametrize(
    "bad",
    [
        {"b64_json": packed(broken_gif())},
        {"b64_json": " "},
        {"b64_json": "data:image/png;base64,"},
        {"url": "304 Not Modified"},
        {"url": "302 Found"},
        {"url": "204 No Content"},
        {"url": "200 OK"},
    ],
    ids=str,
)
def test_no_odd_picture_takes_the_others_with_it(server, session, bad):
    if "url" in bad:
        bad = {"url": server.page(b"", bad["url"])}
    server.gives(bad, {"b64_json": packed(GOOD)})
    found = session.image("猫", n=2)
    assert [bool(one.problem) for one in found] == [True, False]
    assert repr(found[0]).startswith("Picture('猫'")


def test_no_more_pictures_are_fetched_than_were_asked_for(server, session):
    server.gives(*[{"url": server.page(GOOD)}] * 50)
    found = session.image("猫")
    assert len(found) == 4
    assert "more pictures than the 4 that were taken" in found.notes[0].en
    assert len([head for head in server.asked if head.startswith("GET")]) == 4


def test_pictures_that_came_are_kept_though_fewer_were_asked_for(server, session):
    server.gives(*[{"b64_json": packed(GOOD)}] * 9)
    found = session.image("猫", n=2)
    assert ([one.content for one in found], found.notes) == ([GOOD] * 9, ())
    server.gives(*[{"b64_json": packed(GOOD)}] * 40)
    found = session.image("猫")
    assert len(found) == 32
    assert "more pictures than the 32 that were taken" in found.notes[0].en


def test_a_data_uri_in_the_place_of_a_link_is_a_picture(server, session):
    server.gives({"url": "data:image/png;base64," + packed(GOOD)})
    found = session.image("猫")
    assert (found[0].content, found[0].url) == (GOOD, "")


def test_what_a_server_says_beside_a_picture_is_harmless(server, session):
    server.gives(
        {"b64_json": packed(GOOD), "revised_prompt": f"half \ud800 {KEY[:20]} \x1b]0;x\x07"},
        model="m" * 5000,
        usage={"total_tokens": int("9" * 400)},
    )
    found = session.image("猫")
    assert found[0].revised_prompt == "half � ••• ]0;x"
    assert (len(found.model), found.usage.total_tokens) == (200, 0)


def test_a_reply_packed_twice_or_of_millions_of_values_is_refused(server, session):
    server.gives(
        {"url": server.page(b"x" * 100, Content_Encoding="gzip, gzip")}, {"b64_json": packed(GOOD)}
    )
    assert "exceeds 32 MB" in str(session.image("猫", n=2)[0].problem)
    server.reply = http(b'{"data": [' + b"0," * 2_500_000 + b"0]}", kind="application/json")
    with pytest.raises(errors.ProtocolError):
        session.image("猫")


def test_a_jpeg_of_very_many_scans_is_refused():
    out = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(out, "JPEG", progressive=True)
    content = out.getvalue()
    at = content.rindex(b"\xff\xda")
    with pytest.raises(errors.ProtocolError, match="incomplete or damaged"):
        pictures.make_preview(content[:at] + content[at:-2] * 100 + b"\xff\xd9")
    assert pictures.make_preview(content).size == (64, 64)


def test_a_stop_does_not_wait_for_a_slow_decoding(server, session, monkeypatch):
    monkeypatch.setattr(drawing, "make_preview", lambda _content: time.sleep(3))
    server.gives({"b64_json": packed(GOOD)})
    stream = session.begin_image("猫")
    time.sleep(0.3)
    began = time.monotonic()
    found = stream.stop()
    assert time.monotonic() - began < 1.5
    assert found[0].content == GOOD
    assert "stopped before" in repr(found[0])


def test_sixteen_bits_of_grey_keep_their_shades():
    out = io.BytesIO()
    Image.linear_gradient("L").convert("I").point(lambda value: value * 257).convert("I;16").save(
        out, "PNG"
    )
    with Image.open(io.BytesIO(pictures.make_preview(out.getvalue()).thumbnail)) as image:
        assert 100 < image.convert("L").resize((1, 1)).getpixel((0, 0)) < 155


def test_awaited_all_calls_for_pictures_do_the_same(server, session):
    async def work():
        server.gives({"url": server.page(GOOD)})
        links = await session.aimage("猫", seed=5, download=False)
        return (
            links,
            await session.adownload(links),
            await session.aredo(links),
            await session.avary(links, style="Anime"),
        )

    links, downloaded, again, varied = asyncio.run(work())
    assert (links[0].content, downloaded[0].content, again.request) == (b"", GOOD, links.request)
    assert varied.parameters == {"style": "Anime", "seed": 6}


BARE = {
    "a file": ("image/png", GOOD),
    "a file without a type": ("application/octet-stream", file_of("JPEG")),
    "base64": ("text/plain", B64.encode()),
    "base64 as JSON": ("application/json", json.dumps(B64).encode()),
    "a data: URI": ("text/plain", URI.encode()),
}


@pytest.mark.parametrize("name", BARE)
def test_a_reply_that_is_itself_a_picture_is_kept(server, session, name):
    kind, body = BARE[name]
    server.reply = http(body, kind=kind)
    assert [one.size for one in session.image("猫")] == [(40, 30)]


def test_a_link_without_a_host_is_on_the_service_s_own(server, session):
    server.pages["/files/cat.png"] = http(GOOD, kind="image/png")
    server.reply = http(json.dumps({"data": [{"url": "/files/cat.png"}]}), kind="application/json")
    (found,) = session.image("猫")
    assert found.size == (40, 30)
