"""Pictures in a chat's reply: parts of its content, or a field beside it.

Services write them as OpenAI's `image_url` and OpenRouter's `images`
(https://openrouter.ai/docs/features/multimodal/image-generation), as Anthropic's `source`, as
Gemini's `inline_data`, or as `b64_json`.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from ernie_magic.api.answer_images import AnswerImage
from ernie_magic.api.values import as_safe_text
from ernie_magic.text.data_pictures import find_data_uris
from ernie_magic.wire.pictures.fields import PictureSearch, is_picture_file
from ernie_magic.wire.replies import decode_base64

if TYPE_CHECKING:
    from collections.abc import Iterable

# Fields of a message that hold pictures beside its content.
PICTURE_FIELDS = ("images", "image")
_MAX_PICTURES = 32  # of one answer: the rest stays in `.raw`
_LINK = re.compile(r"https?://[^\s]+$", re.IGNORECASE)
_SVG = "data:image/svg"  # a text, which may carry a script: kept, and never drawn
_MAX_LINK = 8192  # characters


def find_pictures(parts: object) -> list[AnswerImage]:
    """Return the pictures in a part of a message, or in a list of parts; what is no picture is left
    out.
    """
    # The search takes out what it finds; the texts themselves are not copied.
    holder = {"images": copy.deepcopy(parts)}
    found = PictureSearch(_MAX_PICTURES).find_pictures(holder)
    images = (_read_picture(picture.b64, picture.link) for picture in found)
    return [image for image in images if image is not None]


def find_written_pictures(text: str) -> list[AnswerImage]:
    """Return the pictures that a text holds itself, as Markdown writes them."""
    images = (_read_picture(uri, "") for uri in find_data_uris(text))
    return [image for image in images if image is not None]


def _read_picture(b64: str, link: str) -> AnswerImage | None:
    if b64:
        try:
            content = decode_base64(b64)
        except ValueError:
            return None
        is_drawing = b64[: len(_SVG)].lower() == _SVG and content.lstrip().startswith(b"<")
        return AnswerImage(content) if is_picture_file(content) or is_drawing else None
    if _LINK.match(link) and len(link) <= _MAX_LINK:
        return AnswerImage(url=as_safe_text(link))
    return None


class PictureCollector:
    """The pictures of one answer, each once: a stream may repeat them in its last chunk."""

    def __init__(self) -> None:
        self._images: dict[AnswerImage, None] = {}
        self.parts: list[Any] = []  # of the content, as they came

    @property
    def images(self) -> tuple[AnswerImage, ...]:
        """The pictures in their order."""
        return tuple(self._images)

    def add(self, images: Iterable[AnswerImage]) -> bool:
        """Add pictures; whether any of them is new."""
        before = len(self._images)
        for image in images:
            if len(self._images) < _MAX_PICTURES:
                self._images.setdefault(image)
        return len(self._images) > before
