"""Pictures in messages."""

import base64
import io
import zlib
from urllib.parse import quote

import pytest
from PIL import Image

from .conftest import CHAT


def encode_picture(kind):
    packed = io.BytesIO()
    Image.new("RGB", (60, 40)).save(packed, kind)
    return base64.b64encode(packed.getvalue()).decode()


def ask_about(http, *urls, text=""):
    content = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    if text:
        content.insert(0, {"type": "text", "text": text})
    messages = [{"role": "user", "content": content}]
    return http.post(CHAT, json={"model": "ernie-4.5-turbo-vl", "messages": messages})


PNG = encode_picture("PNG")
PICTURES = {
    "https://example.com/a.png": "a link",
    "HTTP://Example.com/图.png?x=1&y=2#z": "a link",
    "http://[::1]:8000/a": "a link",
    f"data:image/png;base64,{PNG}": "PNG 60x40",
    f"DATA:image/PNG;BASE64,{PNG}": "PNG 60x40",
    f"data:;charset=utf-8;base64,{PNG.rstrip('=')}": "PNG 60x40",
    f"data:image/png;base64,{quote(PNG, safe='')}": "PNG 60x40",
    f"data:image/png;base64,{PNG[:40]}\n{PNG[40:]}": "PNG 60x40",
    f"data:image/webp;base64,{encode_picture('WEBP')}": "WEBP 60x40",
}


@pytest.mark.parametrize("url", PICTURES, ids=lambda url: url[:34])
def test_a_picture_is_accepted_as_a_link_and_as_data_with_or_without_words(http, url):
    for text in ("What is this?", ""):
        response = ask_about(http, url, text=text)
        assert response.status_code == 200, response.text
        content = response.json()["choices"][0]["message"]["content"]
        assert f"Pictures received: {PICTURES[url]}." in content


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "http://[",
        "ftp://x/y",
        "file:///etc/hosts",
        "data:,hi",
        PNG,
        "data:image/png;base64,AAAA",
        "data:image/png;base64,?",
        f"data:image/png,{PNG}",
    ],
    ids=lambda url: url[:34],
)
def test_what_leads_to_no_picture_is_refused(http, url):
    response = ask_about(http, url, text="?")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_image_url")


def test_a_picture_of_a_billion_pixels_is_refused(http):
    head = (
        b"\x89PNG\r\n\x1a\n"
        b"\x00\x00\x00\x0dIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    )
    head += zlib.crc32(head[12:]).to_bytes(4, "big")
    url = f"data:image/png;base64,{base64.b64encode(head).decode()}"
    response = ask_about(http, url, text="?")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_image_url")
