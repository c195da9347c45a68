"""Pictures in messages, for vision models: checked, and described in the answer."""

from __future__ import annotations

import base64
import colorsys
import io
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ernie_magic.api import models
from ernie_magic.api.parameters import MAX_IMAGE_BYTES
from ernie_magic.emulator.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

# The largest hue of each name, in degrees.
_HUES = (
    (15, ("红", "red")),
    (45, ("橙", "orange")),
    (70, ("黄", "yellow")),
    (165, ("绿", "green")),
    (200, ("青", "cyan")),
    (255, ("蓝", "blue")),
    (290, ("紫", "purple")),
    (340, ("粉", "pink")),
    (360, ("红", "red")),
)


def image_urls_in(messages: Iterable[dict[str, Any]]) -> list[str]:
    """The addresses of the pictures in messages: links or `data:` URIs."""
    urls = []
    for message in messages:
        content = message.get("content")
        if not isinstance(content, list):
            continue
        for part in content:
            if isinstance(part, dict) and part.get("type") == "image_url":
                url = part.get("image_url")
                if isinstance(url, dict):
                    url = url.get("url")
                urls.append(str(url))
    return urls


def check_images(messages: list[dict[str, Any]], model: str) -> None:
    """Check that the model accepts pictures, and that they are pictures.

    Raises
    ------
    Refusal
    """
    urls = image_urls_in(messages)
    entry = models.find_model(model)
    if urls and (entry is None or "vision" not in entry.capabilities):
        raise Refusal("invalid_messages", f"the model {model} does not take images")
    if image_urls_in(message for message in messages if message["role"] != "user"):
        raise Refusal("invalid_messages", "only messages of the role user can hold images")
    for url in urls:
        describe_image(url)


def describe_image(url: str) -> str:
    """A picture in a few words: `PNG 1024x768`, or `a link`, which is not followed.

    Raises
    ------
    Refusal
        It is not a picture, or is too large.
    """
    if is_link(url):
        return "a link"
    from PIL import Image

    raw = decode_data_url(url)
    if len(raw) > MAX_IMAGE_BYTES:
        raise Refusal("invalid_image_url", "the image is too large")
    try:
        image = Image.open(io.BytesIO(raw))
    # What Pillow raises for data that is not a picture, or for a picture that would exhaust memory.
    except (
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ):
        raise Refusal("invalid_image_url") from None
    return f"{image.format} {image.width}x{image.height}"


def name_colour(url: str, *, chinese: bool) -> str:
    """The average colour of a picture that came as data, named; "" for a link."""
    if is_link(url):
        return ""
    from PIL import Image

    with Image.open(io.BytesIO(decode_data_url(url))) as image:
        # A JPEG is decoded small.
        image.draft("RGB", (64, 64))
        average = image.convert("RGB").resize((1, 1), Image.Resampling.BOX)
    red, green, blue = average.tobytes()[:3]
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    named = next(names for most, names in _HUES if hue * 360 <= most)
    if value < 0.2:  # noqa: PLR2004
        named = ("黑", "black")
    elif saturation < 0.12:  # noqa: PLR2004
        named = ("灰", "grey")
        if value > 0.85:  # noqa: PLR2004
            named = ("白", "white")
    if chinese:
        return f"{named[0]}色（#{red:02x}{green:02x}{blue:02x}）"
    return f"{named[1]} (#{red:02x}{green:02x}{blue:02x})"


def is_link(url: str) -> bool:
    """Whether an address is a link to a host. A scheme's case has no meaning (RFC 3986, 3.1)."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def decode_data_url(url: str) -> bytes:
    """The bytes of a `data:` URI (RFC 2397), in base64.

    Raises
    ------
    Refusal
        It is something else.
    """
    head, _, data = url.partition(",")
    scheme, _, kind = head.lower().partition(":")
    if scheme != "data" or not kind.endswith(";base64"):
        raise Refusal("invalid_image_url")
    packed = "".join(unquote(data).split())
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except ValueError:
        raise Refusal("invalid_image_url") from None
