"""Pictures beside the words of a chat's reply: none is lost, however a service writes them."""

import base64
import json

import pytest

from ernie_magic import errors
from ernie_magic.notebook.display.chat import mime_bundle
from tests.wire.chunks import DONE, chunk, read, read_body

PNG = b"\x89PNG\r\n\x1a\n" + b"a picture" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"another one" * 20
PNG64, JPEG64 = (base64.b64encode(content).decode() for content in (PNG, JPEG))
DATA = f"data:image/png;base64,{PNG64}"
LINK = "https://example.com/cat.png?x=1"
STOP = chunk(finish_reason="stop")


def image_url(url):
    return {"type": "image_url", "image_url": {"url": url}}


PARTS = {
    "openai": image_url(DATA),
    "bare url": {"type": "image_url", "image_url": DATA},
    "b64_json": {"type": "image", "b64_json": PNG64},
    "anthropic": {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": PNG64},
    },
    "gemini": {"inline_data": {"mime_type": "image/png", "data": PNG64}},
    "geminiJson": {"inlineData": {"mimeType": "image/png", "data": PNG64}},
    "output": {"type": "output_image", "image_base64": PNG64},
    "image object": {"type": "image", "image": {"data": PNG64}},
    "image text": {"type": "image", "image": PNG64},
    "base64 in a url": {"type": "image_url", "image_url": {"url": PNG64}},
    "url-safe": {"type": "image", "b64_json": PNG64.replace("+", "-").replace("/", "_").rstrip("=")},
}  # fmt: skip


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_picture_among_the_parts_of_a_content_is_kept(part):
    content = [{"type": "text", "text": "a cat"}, part]
    for answer in (read_body({"content": content}), read(chunk(content=content), STOP, DONE)):
        assert answer.text == "a cat"
        assert [image.content for image in answer.images] == [PNG]
        assert answer.images[0].mime == "image/png"
    assert json.dumps(part) in json.dumps(answer.raw)


@pytest.mark.parametrize(
    "images",
    [
        [image_url(DATA)],
        [{"type": "image_url", "image_url": {"url": DATA}, "index": 0}],
        [DATA],
        [{"b64_json": PNG64}],
        [{"url": DATA}],
        DATA,
        {"url": DATA},
    ],
    ids=str,
)
def test_pictures_in_a_field_of_their_own_are_kept(images):
    for answer in (
        read_body({"content": "a cat", "images": images}),
        read(chunk(content="a cat"), chunk(images=images), STOP, DONE),
    ):
        assert answer.text == "a cat"
        assert [image.content for image in answer.images] == [PNG]


def test_each_streamed_picture_is_kept_once_and_all_are_in_raw():
    first, second = image_url(DATA), image_url(f"data:image/jpeg;base64,{JPEG64}")
    answer = read(
        chunk(content="two ", images=[first]),
        chunk(content="cats", images=[second]),
        chunk(images=[first, second]),
        STOP,
        DONE,
    )
    assert [image.content for image in answer.images] == [PNG, JPEG]
    assert answer.raw["choices"][0]["message"]["images"] == [first, second]


def test_a_link_stays_a_link():
    answer = read_body({"content": [{"type": "text", "text": "x"}, image_url(LINK)]})
    assert [(image.url, image.content) for image in answer.images] == [(LINK, b"")]


def test_pictures_alone_are_an_answer():
    for answer in (
        read_body({"content": "", "images": [image_url(DATA)]}),
        read(chunk(content=None, images=[image_url(DATA)]), STOP, DONE),
        read_body({"content": [image_url(DATA)]}),
    ):
        assert (answer.text, len(answer.images), answer.is_empty) == ("", 1, False)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "x", "", "data:,x"])
def test_what_is_no_picture_is_told(url):
    with pytest.raises(errors.ProtocolError):
        read_body({"content": [image_url(url)]})


def test_a_drawing_that_may_carry_a_script_is_kept_and_is_no_picture_for_a_page():
    svg = b"<svg onload='alert(1)'></svg>"
    url = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
    answer = read_body({"content": [{"type": "text", "text": "x"}, image_url(url)]})
    assert (answer.text, answer.images[0].content, answer.images[0].mime) == ("x", svg, "")
    data, _ = mime_bundle(answer, "en")
    assert "alert" not in data["text/html"]
    assert "<img" not in data["text/html"]


def test_an_answer_without_pictures_has_none():
    assert read_body({"content": "a cat", "images": None}).images == ()
    assert read_body({"content": "a cat", "images": []}).images == ()


def test_a_picture_that_markdown_holds_is_kept_and_shown_in_place_of_its_base64():
    written = f"here ![a *cat*]({DATA}) and ![]( <data:image/jpeg;base64,{JPEG64}> 't') end"
    pieces = [written[start : start + 7] for start in range(0, len(written), 7)]
    whole = read_body({"content": written})
    streamed = read(*(chunk(content=piece) for piece in pieces), STOP, DONE)
    for answer in (whole, streamed):
        assert answer.text == written
        assert [image.content for image in answer.images] == [PNG, JPEG]
        data, _ = mime_bundle(answer, "en")
        assert "here [a <em>cat</em> ↓] and [image/jpeg ↓] end" in data["text/html"]
        assert data["text/plain"].startswith("here [a *cat* ↓] and [image/jpeg ↓] end\npicture: ")
        assert PNG64[:40] not in data["text/html"] + data["text/plain"]


@pytest.mark.parametrize(
    "text",
    [
        "![x](data:image/png;base64,iVBORw0KGgo=)",
        f"![x](data:image/png;base64,{'QUJD' * 30})",
        f"![x](data:text/html;base64,{PNG64})",
        f"[x]({DATA})",
        DATA,
    ],
)
def test_what_is_no_picture_of_markdown_stays_text(text):
    answer = read_body({"content": text})
    assert (answer.text, answer.images) == (text, ())
    assert text in mime_bundle(answer, "en")[0]["text/plain"]
