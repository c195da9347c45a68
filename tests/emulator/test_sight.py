"""Pictures in messages."""

import base64
import zlib

from .conftest import CHAT


def test_a_picture_of_a_billion_pixels_is_refused(http):
    head = (
        b"\x89PNG\r\n\x1a\n"
        b"\x00\x00\x00\x0dIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    )
    head += zlib.crc32(head[12:]).to_bytes(4, "big")
    content = [
        {"type": "text", "text": "?"},
        {
            "type": "image_url",
            "image_url": {"url": f"data:image/png;base64,{base64.b64encode(head).decode()}"},
        },
    ]
    response = http.post(
        CHAT,
        json={"model": "ernie-4.5-turbo-vl", "messages": [{"role": "user", "content": content}]},
    )
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_image_url")
