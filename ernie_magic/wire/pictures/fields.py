"""Where a reply holds its pictures.

AI Studio and Qianfan document `data[].b64_json`, `.b64_image` and `.url`. Other servers that offer
`/images/generations` use fields of their own: `images` as a list of base64 (stable-diffusion-webui)
or of objects (fal), `artifacts[].base64` (Stability), `output` as a list of links (Replicate),
`predictions[].bytesBase64Encoded` (Vertex AI), `data[].image_url.url`. A picture has been paid for
when it arrives, so it is looked for by what the fields hold, whatever they are called.
"""

from __future__ import annotations

import base64
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api import values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping, MutableSequence

# Names without case, dashes and underscores. Any text in one of the first is meant as base64, an
# address in one of the second as a link; in one of the third it may be either.
_BASE64 = frozenset(
    {
        *("b64json", "b64image", "b64", "b64data", "base64", "base64image", "base64data"),
        *("imageb64", "imagebase64", "image64", "imgb64", "imgbase64", "bytesbase64encoded"),
        *("imagebytes", "imagedata", "binarydatabase64", "base64string", "imagebase64data"),
    }
)
_LINKS = frozenset(
    {
        *("url", "urls", "uri", "link", "links", "href", "src", "imageurl", "imageurls", "imguri"),
        *("imgurl", "imgurls", "imageuri", "imagelink", "picurl", "pictureurl", "fileurl"),
        *("downloadurl", "publicurl", "signedurl", "outputurl", "resulturl", "cdnurl"),
    }
)
_EITHER = frozenset(
    {
        *("data", "image", "images", "img", "imgs", "picture", "pictures", "pic", "pics", "photo"),
        *("photos", "file", "files", "result", "results", "output", "outputs", "content", "body"),
        *("artifacts", "predictions", "generations", "generatedimages", "items", "list", "bytes"),
        *("samples", "response", "finalimage", "imagelist", "resultimage", "resultimages"),
    }
)
# What a reply repeats of the request, or has beside its pictures.
_ASIDE = frozenset(
    {
        *("input", "inputs", "request", "params", "parameters", "prompt", "usage", "error"),
        *("thumbnail", "thumbnails", "thumb", "preview", "mask", "icon", "logo", "avatar", "meta"),
        *("metadata", "initimage", "initimages", "sourceimage", "referimage", "inputimage"),
        *("inputimages", "originalimage", "referenceimages", "info", "logs", "links"),
    }
)
# The model's words beside its pictures, and what may hold them.
_WORDS = frozenset({"text", "texts", "content", "outputtext", "answer", "reply"})
_HOLDERS = frozenset(
    {
        *("message", "delta", "parts", "candidates", "choices", "output", "outputs"),
        *("data", "result", "results", "images", "response", "body"),
    }
)
_SIGNATURES = (
    *(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"qoif", b"icns"),
    *(b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51", b"8BPS", b"\0\0\1\0", b"DDS ", b"\0\0\0\x0cJXL "),
)
# A drawing in XML (https://www.w3.org/TR/SVG2/intro.html#Namespace), behind what XML allows before
# its first element; a page may have one inside.
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*"
    rb"(?:(?:<\?[^>]{0,500}\?>|<!--.{0,500}?-->|<!DOCTYPE\s+svg[^>]{0,500}>)\s*){0,5}"
    rb"<(?:svg:)?svg[\s/>]",
    re.IGNORECASE | re.DOTALL,
)
_LINK = re.compile(r"\s*https?://\S", re.IGNORECASE)
_START = 48  # characters of base64 that show what begins there
_BASE64_TEXT = re.compile(r"[\w+/=\-\s]{64}", re.ASCII)
_NO_NAME = re.compile(r"[\W_]+")
# What a clipboard or a JSON text inside another leaves around base64.
OUTER_MARKS = "\"'`\ufeff\u200b\u200c\u200d\u2060\xa0 \t\r\n"
_MAX_DEPTH = 8
_MAX_VALUES = 5000  # looked at: a reply of pictures has a few dozen


class Found(NamedTuple):
    """A picture as a reply holds it.

    Attributes
    ----------
    b64, link : str
        base64 or a `data:` URI, and an address; "" for what is not there.
    facts : dict
        What stands beside it: `index`, `seed`, `revised_prompt`.
    """

    b64: str
    link: str
    facts: dict[str, Any]


def find_bare_picture(content: bytes | bytearray) -> str:
    """Return the base64 of a reply that is itself a picture: its file, as Stability's and Hugging
    Face's APIs answer, or its base64; "" for any other.
    """
    if is_picture_file(content) or is_svg(content):
        return base64.b64encode(content).decode()
    start = content[: 2 * _START].decode("ascii", "ignore").lstrip(OUTER_MARKS)
    if start[:11].lower() == "data:image/" or _begins_picture(start):
        return content.decode("utf-8", "replace")
    return ""


def find_words(payload: Mapping[str, Any]) -> list[str]:
    """Return what the model wrote beside its pictures, after these were found."""
    return list(_iterate_words(payload, "", 0))


def _iterate_words(value: object, name: str, depth: int) -> Iterator[str]:
    """Iterate over the words in a field of that plain name."""
    if isinstance(value, str) and name in _WORDS:
        if value.strip() and not _read_text(name, value):
            yield value.strip()
        return
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value[:_MAX_VALUES]:
            yield from _iterate_words(item, name, depth + 1)
    if isinstance(value, dict):
        for key, inner in value.items():
            plain = _plain_name(key)
            if plain in _WORDS or plain in _HOLDERS:
                yield from _iterate_words(inner, plain, depth + 1)


class PictureSearch:
    """One search through a reply.

    Parameters
    ----------
    max_pictures
        How many are taken at most.
    """

    def __init__(self, max_pictures: int) -> None:
        self._max_pictures = max_pictures
        self._values_left = _MAX_VALUES

    def find_pictures(self, payload: MutableMapping[str, Any]) -> list[Found]:
        """Return the pictures of a reply in its order, and take their base64 out of it: it is
        large, and should not exist twice. A list's object without a picture is found as an empty
        one, where others of that list have one.
        """
        # The documented list first: what stands beside it is something else.
        ordered = sorted(payload, key=lambda name: name != "data")
        for name in ordered:
            found = self._search_field(payload, name, 1)
            if any(one.b64 or one.link for one in found):
                return found
        return self._take_own(payload)

    def _search_field(self, holder: Any, key: Any, depth: int) -> list[Found]:
        """Return what one field holds, an object or a list."""
        value = holder[key]
        name = _plain_name(key)
        self._values_left -= 1
        if name in _ASIDE or depth > _MAX_DEPTH or self._values_left < 0:
            return []
        if isinstance(value, str) and value[:1] in ("{", "["):
            with suppress(ValueError, RecursionError):
                value = holder[key] = json.loads(value)
        if isinstance(value, list):
            return self._search_list(value, name, depth)
        if isinstance(value, dict):
            return self._search_object(value, depth)
        return []

    def _search_object(self, value: dict[str, Any], depth: int) -> list[Found]:
        if own := self._take_own(value):
            return own
        for name in list(value):
            if found := self._search_field(value, name, depth + 1):
                return found
        return []

    def _search_list(self, items: MutableSequence[Any], name: str, depth: int) -> list[Found]:
        pictures: list[Found] = []
        for position, item in enumerate(items[: self._max_pictures]):
            if isinstance(item, str):
                if one := _read_text(name, item):
                    items[position] = None
                    pictures.append(one)
                continue
            if isinstance(item, list):
                pictures += self._search_list(item, name, depth + 1)
                continue
            if isinstance(item, dict):
                inner = self._search_object(item, depth + 1)
                if not inner and name in _EITHER and name != "content":
                    inner = [Found("", "", item)]
                pictures += inner
        if any(one.b64 or one.link for one in pictures):
            return pictures
        return []

    def _take_own(self, holder: MutableMapping[str, Any]) -> list[Found]:
        """Return the picture that an object's own texts are: a link, base64, or both."""
        b64 = ""
        link = ""
        for key in list(holder):
            if (read := self._read_field(holder, key)) is None:
                continue
            if read.b64:
                b64 = b64 or read.b64
                holder.pop(key)
            link = link or read.link
        if b64 or link:
            return [Found(b64, link, dict(holder))]
        return []

    @staticmethod
    def _read_field(holder: MutableMapping[str, Any], key: str) -> Found | None:
        name = _plain_name(key)
        value = holder[key]
        if name in _ASIDE:
            return None
        if isinstance(value, dict) and name in _LINKS and isinstance(value.get("url"), str):
            return _read_text("url", value["url"])  # as chat messages have it: image_url.url
        if not isinstance(value, str):
            return None
        read = _read_text(name, value)
        if read is None and name == "url" and value.strip():
            return Found("", value, {})  # documented: what is wrong with it is told
        return read


def _read_text(name: str, text: str) -> Found | None:
    """Return the picture that a field's text is, None for any other text."""
    if _LINK.match(text):
        if name in _LINKS or name in _EITHER or name in _BASE64:
            return Found("", text.strip(), {})
        return None
    if _is_base64(name, text):
        return Found(text, "", {})
    return None


def _is_base64(name: str, text: str) -> bool:
    """Whether a field's text is meant as a picture's base64."""
    bare = text.strip(OUTER_MARKS)
    if name in _BASE64 or bare[:5].lower() == "data:":
        return bool(bare)
    if name in _EITHER and _BASE64_TEXT.match(bare):
        return True
    return _begins_picture(bare)


def _begins_picture(text: str) -> bool:
    """Whether a text is the base64 of what begins as a picture does."""
    start = text[:_START].replace("-", "+").replace("_", "/")
    try:
        content = base64.b64decode(start[: len(start) // 4 * 4], validate=True)
    except ValueError:
        return False
    return is_picture_file(content)


def is_picture_file(content: bytes | bytearray) -> bool:
    """Whether a file begins as a picture does."""
    return content.startswith(_SIGNATURES) or content[4:8] == b"ftyp"


def is_svg(content: bytes | bytearray) -> bool:
    """Whether a file is an SVG: drawing instructions in text, which may hold a script."""
    return _SVG.match(content) is not None


def _plain_name(key: object) -> str:
    return _NO_NAME.sub("", values.as_text(key)).lower()
