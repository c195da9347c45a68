"""Generated pictures: the received bytes, and what made them.

Bytes pass through: what arrived intact is never encoded again. Each picture is decoded once when it
arrives (to see whether it is whole, its real size, and to make a thumbnail), outside the threads
that others wait for, and the pixels are released; `image` decodes on demand. Pillow is imported
with the first picture.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn, overload

from ernie_magic.api.public_names import SuggestsNames, names_by_use, out_of_range
from ernie_magic.api.results import Result
from ernie_magic.api.usage import Usage, simulated_note
from ernie_magic.calls.images import contact_sheet as sheets
from ernie_magic.calls.images import files as picture_files
from ernie_magic.calls.images import metadata
from ernie_magic.calls.images.color_modes import to_png_mode
from ernie_magic.calls.images.formats import (
    PNG,
    Format,
    damaged_picture,
    format_of,
    is_slow_to_decode,
    only_a_link,
    too_many_pixels,
    unreadable_picture,
)
from ernie_magic.text.counts import PICTURES
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import clip_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from PIL.Image import Image

    from ernie_magic.api.requests import ImageRequest
    from ernie_magic.errors import ErnieError
    from ernie_magic.text.language import Text

# Four times the largest documented picture (2048 x 2048,
# https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns): more is a decompression bomb.
MAX_PIXELS = 4096 * 4096
# Formats that Pillow decodes in Python, at about 3 s for a million pixels, while all else waits:
# no more than the largest documented picture has.
_SLOW_FORMATS = ("QOI", "DDS", "BLP")
_MAX_SLOW_PIXELS = 2048 * 2048
# Scans of a JPEG: a progressive one has about ten, and each is a pass over all its pixels.
MAX_SCANS = 64
# (pixels of the longer side, JPEG quality), the best first: the first one that fits is a picture's
# thumbnail. Four of them take at most 400 kB in the saved notebook, base64 included.
THUMBNAILS = ((512, 82), (512, 65), (512, 45), (384, 45), (256, 45), (128, 45))
THUMBNAIL_BYTES = 72_000
_SHEET_SIDES = {1: 512, 2: 384}  # pixels of a picture on the sheet, by the number of pictures
_MAX_REPR_CHARACTERS = 30  # of a prompt
_INNER_HEADERS = re.compile(rb"(?:IHDR|ihdr)(.{4})(.{4})", re.DOTALL)

_IN_ORDER_OF_USE = ("save", "image", "size", "seed", "prompt", "parameters", "content", "url")
_INTERNAL = ("page_form", "preview", "reported_seed")


def decode_image(content: bytes, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode bytes to a Pillow image.

    Raises
    ------
    ProtocolError
        It is not a picture, is damaged, or has more than `max_pixels` (16.8 million); of a format
        that is slow to decode, more than 4.2 million.
    """
    found = format_of(content)
    if is_slow_to_decode(content):
        raise unreadable_picture(f"plain {found.name}")
    module, name = found.reader
    try:
        reader = getattr(import_module(module), name)
    except ImportError:  # AVIF came with Pillow 11.3
        raise unreadable_picture(found.name) from None
    if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > MAX_SCANS:
        raise damaged_picture()
    if found.name in ("ICO", "ICNS"):
        _check_inner_pictures(content)
    if found.name in _SLOW_FORMATS:
        max_pixels = _MAX_SLOW_PIXELS
    try:
        image: Image = reader(io.BytesIO(content))
        if image.width * image.height <= max_pixels:
            image.load()
            if image.mode == "P" and image.palette is None:
                # An icon's, whose colors Pillow keeps elsewhere, and loses in a copy before 10.3.
                return image.convert("RGB")
            return image
    except Exception:  # noqa: BLE001  (Pillow raises nearly anything for a broken file)
        raise damaged_picture() from None
    raise too_many_pixels(image.size, max_pixels)


def _check_inner_pictures(content: bytes) -> None:
    """Check the sizes that the pictures inside an icon give: the icon's own entry may give another
    (PNG specification, 11.2.2; ISO/IEC 15444-1, I.5.3.1).

    Raises
    ------
    ProtocolError
        One has too many pixels.
    """
    for header in _INNER_HEADERS.finditer(content):
        first, second = (int.from_bytes(side, "big") for side in header.group(1, 2))
        if first * second > MAX_PIXELS:
            raise too_many_pixels((first, second), MAX_PIXELS)


class Preview(NamedTuple):
    """What is kept from decoding a picture once.

    Attributes
    ----------
    size : tuple of int
        The real width and height in pixels.
    thumbnail : bytes
        A JPEG whose longer side has at most 512 pixels.
    """

    size: tuple[int, int]
    thumbnail: bytes


def make_preview(content: bytes) -> Preview:
    """Decode a picture once.

    Raises
    ------
    ProtocolError
        As in `decode_image`.
    """
    image = decode_image(content)
    return Preview(image.size, _make_thumbnail(image))


def _make_thumbnail(image: Image) -> bytes:
    from PIL import ImageOps

    # A thumbnail carries no orientation (EXIF 2.3, tag 0x0112): it is turned.
    small = ImageOps.exif_transpose(image)
    if image.mode != "RGB":
        small = sheets.remove_transparency(small)
    for side, quality in THUMBNAILS:
        if max(small.size) > side:
            small = small.resize(sheets.fit_size(small.size, side), reducing_gap=2.0)
        out = io.BytesIO()
        small.save(out, "JPEG", quality=quality)
        if out.tell() <= THUMBNAIL_BYTES:
            break
    return out.getvalue()


@dataclass(frozen=True, repr=False, eq=False)
class Picture(SuggestsNames):
    """One generated picture. A notebook displays it.

    Attributes
    ----------
    request : ImageRequest
        The request that made it.
    content : bytes
        As received, also when it could not be decoded; b"" while only its link is known.
    url : str
        Valid for a few days at most, "" when the service sent the bytes.
    index : int
        Its position among those of one call, from 0.
    revised_prompt : str
        The service's revision of the prompt, "" when it did not say.
    reported_seed : int | None
        The seed that the service reports.
    model, service, id : str
        Those of the reply.
    problem : ErnieError | None
        Why there is no picture; the others of the call are unaffected.
    preview : Preview | None
        Its size and thumbnail.
    """

    request: ImageRequest
    content: bytes = b""
    url: str = ""
    index: int = 0
    revised_prompt: str = ""
    reported_seed: int | None = None
    model: str = ""
    service: str = ""
    id: str = ""
    problem: ErnieError | None = None
    preview: Preview | None = None

    @property
    def prompt(self) -> str:
        """The prompt."""
        return self.request.prompt

    @property
    def seed(self) -> int | None:
        """The seed that the service reports for this picture, else the one that was sent with the
        call; None when neither is known.
        """
        if self.reported_seed is not None:
            return self.reported_seed
        sent = self.request.parameters.get("seed")
        if isinstance(sent, int):
            return sent
        return None

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The request parameters besides the prompt."""
        return self.request.parameters

    _python_value_: ClassVar[None] = None
    _meant_by: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("array", "img", "pil", "picture"), "image"),
        **dict.fromkeys(("b64_json", "base64", "bytes", "data", "read"), "content"),
        **dict.fromkeys(("show", "display", "thumbnail", "resize"), "image"),
    }

    @property
    def _required_bytes(self) -> bytes:
        """Return the bytes; raise when there are none."""
        if self.problem:
            raise self.problem
        if not self.content:
            raise only_a_link()
        return self.content

    @property
    def format(self) -> Format:
        """The file format, by the first bytes: Pillow's name ("PNG"), with `.mime` and
        `.extension`.

        Raises
        ------
        ErnieError
            There are no bytes: it failed, or was not downloaded.
        """
        return format_of(self._required_bytes)

    @property
    def size(self) -> tuple[int, int]:
        """The real width and height in pixels; the requested size is in `request.parameters`.

        Raises
        ------
        ErnieError
            There are no bytes.
        """
        if self.preview:
            return self.preview.size
        return self.image.size

    @cached_property
    def image(self) -> Image:
        """A Pillow image, decoded on first use and then kept.

        Raises
        ------
        ErnieError
            There are no bytes.
        """
        return decode_image(self._required_bytes)

    @property
    def page_form(self) -> tuple[str, bytes]:
        """Media type and bytes that a page draws: as received, or a PNG of them.

        Raises
        ------
        ErnieError
            There are no bytes.
        """
        if self.format.is_drawn_by_pages:
            return self.format.mime, self.content
        from PIL import ImageOps

        out = io.BytesIO()
        to_png_mode(ImageOps.exif_transpose(self.image)).save(out, "PNG")
        return PNG.mime, out.getvalue()

    @cached_property
    def thumbnail(self) -> bytes:
        """A JPEG whose longer side has at most 512 pixels.

        Raises
        ------
        ErnieError
            There are no bytes.
        """
        return (self.preview or make_preview(self._required_bytes)).thumbnail

    @property
    def metadata(self) -> dict[str, Any]:
        """Return what is kept with it in a file: enough to make it again (`%ernie_image redo`)."""
        return metadata.picture_metadata(self)

    def to_bytes(self) -> bytes:
        """Return the file: a PNG with its parameters inside, anything else as received."""
        return metadata.with_metadata(self)

    def save(
        self,
        path: str | Path = picture_files.PATTERN,
        *,
        overwrite: bool = False,
        **others: NoReturn,
    ) -> Path:
        """Write it with its parameters (including prompt and `user`): inside a PNG, beside a JPEG
        or WebP as `NAME.json`.

        Parameters
        ----------
        path
            Where to write it. `{prompt}`, `{seed}`, `{i}`, `{model}` and `{time}` are filled in;
            the extension becomes that of the picture's format; in a folder the file gets a name
            made from the prompt.
        overwrite
            Replace an existing file; otherwise a number is added: `cat (2).png`.

        Returns
        -------
        Path
            Where it was written.

        Raises
        ------
        InvalidOption
            An unknown field in braces, the file cannot be written, or only the link is known.
        WrongArguments
            `others`, which are of Pillow: `image.save` takes them.
        ErnieError
            Its `problem`, when it failed.
        """
        picture_files.refuse_options(others, "image.save(…)")
        return picture_files.save_pictures([self], path, overwrite=overwrite)[0].path

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        import numpy as np

        return np.array(self.image, dtype=dtype)  # always its own copy

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """The received bytes, in base64 as all of Jupyter's pictures; the front end draws them."""
        text = {"text/plain": repr(self)}
        if not self.content or self.problem:
            return text
        mime, content = self.page_form
        return {mime: base64.b64encode(content).decode(), **text}

    def __dir__(self) -> list[str]:
        return names_by_use(super().__dir__(), _IN_ORDER_OF_USE, _INTERNAL)

    @printable
    def __repr__(self) -> str:
        facts = [repr(clip_text(self.prompt, _MAX_REPR_CHARACTERS))]
        if self.content and not self.problem:
            facts.append("x".join(map(str, self.size)))
        elif self.url:
            facts.append(f"url={self.url!r}")
        if self.problem:
            facts.append(f"problem={str(self.problem)!r}")
        if self.seed is not None:
            facts.append(f"seed={self.seed}")
        return f"Picture({', '.join(facts)}{simulated_note(self.service)})"


@dataclass(frozen=True, repr=False, eq=False)
class ImageSet(Result, Sequence[Picture]):
    """The pictures of one call, or a slice of them: `cats[0]` displays itself;
    `cats.save("cat-{i}")`, `cats.sheet()`, `cats.grid`.

    Attributes
    ----------
    pictures : tuple of Picture
    request : ImageRequest
    usage : Usage
    model, service, id : str
    seconds : float
        How long the call took, including downloads.
    expires_at : float | None
        When the links expire, in seconds since the epoch; None when there are none or the service
        does not say.
    raw : dict
        The whole reply, when no picture was found in it; else empty.
    words : str
        What the model wrote beside its pictures, "" for nothing.
    notes : tuple of Text
        What to know about the call: the service sent fewer pictures than were requested.
    """

    pictures: tuple[Picture, ...]
    request: ImageRequest
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    service: str = ""
    id: str = ""
    seconds: float = 0.0
    expires_at: float | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    notes: tuple[Text, ...] = ()

    _python_value_: ClassVar[None] = None

    @property
    def prompt(self) -> str:
        """The prompt."""
        return self.request.prompt

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The request parameters besides the prompt."""
        return self.request.parameters

    @property
    def seed(self) -> int | None:
        """The first picture's seed."""
        if not self.pictures:
            return None
        return self.pictures[0].seed

    @property
    def good(self) -> list[Picture]:
        """The received pictures, without those that failed."""
        return [picture for picture in self.pictures if picture.problem is None]

    @property
    def partial(self) -> bool:
        """Whether some failed, or were stopped."""
        return len(self.good) < len(self.pictures)

    @property
    def is_empty(self) -> bool:
        """Whether there are no pictures, not even failed ones."""
        return not self.pictures

    def save(
        self,
        pattern: str | Path = picture_files.PATTERN,
        *,
        overwrite: bool = False,
        **others: NoReturn,
    ) -> list[Path]:
        """Write the received pictures; see `Picture.save`."""
        picture_files.refuse_options(others, "[0].image.save(…)")
        saved = picture_files.save_pictures(self.good, pattern, overwrite=overwrite)
        return [file.path for file in saved]

    def sheet(self, columns: int | None = None, side: int = 256) -> Image:
        """Return a contact sheet: the pictures in a grid, prompt and seed under each.

        Parameters
        ----------
        columns
            Number of columns; when None, as many as make the sheet about square.
        side
            Pixels of a picture's longer side.
        """
        return sheets.build_contact_sheet(self.good, columns, side, captions=True)

    @property
    def grid(self) -> Image:
        """The pictures in a grid, without captions."""
        return sheets.build_contact_sheet(self.good, None, 512, captions=False)

    def __len__(self) -> int:
        return len(self.pictures)

    @overload
    def __getitem__(self, index: int) -> Picture: ...
    @overload
    def __getitem__(self, index: slice) -> ImageSet: ...
    def __getitem__(self, index: int | slice) -> Picture | ImageSet:
        if isinstance(index, slice):
            return replace(self, pictures=self.pictures[index])
        try:
            return self.pictures[index]
        except IndexError:
            raise out_of_range(index, len(self), PICTURES) from None

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {**self.as_one_picture(), "text/plain": repr(self)}

    def as_one_picture(self) -> dict[str, str]:
        """The contact sheet by its media type, in base64, for readers that show no HTML (PDF by
        nbconvert); {} where no picture is here.
        """
        if not any(picture.content for picture in self.good):
            return {}
        out = io.BytesIO()
        self.sheet(side=_SHEET_SIDES.get(len(self.good), 256)).save(out, "JPEG", quality=82)
        return {"image/jpeg": base64.b64encode(out.getvalue()).decode()}

    @printable
    def __repr__(self) -> str:
        facts = [PICTURES.say("en", len(self))]
        if self.partial:
            facts.append(f"{len(self) - len(self.good)} failed")
        facts += [note.en.removeprefix("⚠ ") for note in self.notes]
        facts += [repr(clip_text(self.prompt, _MAX_REPR_CHARACTERS)), f"model={self.model!r}"]
        return f"ImageSet({', '.join(facts)}{simulated_note(self.service)})"
