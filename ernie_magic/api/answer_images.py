"""Pictures that a chat model sent beside its words, or instead of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ernie_magic.errors import InvalidOption
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Text

# First bytes of the formats that pages draw (https://developer.mozilla.org/docs/Web/Media/Guides/Formats/Image_types).
_MIME_TYPES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)
# Media types that notebooks display by themselves.
_DISPLAYED = ("image/png", "image/jpeg", "image/gif")


@dataclass(frozen=True, repr=False)
class AnswerImage:
    """One picture of an answer. A notebook displays it.

    Attributes
    ----------
    content : bytes
        The file as it arrived; b"" while only its link is known.
    url : str
        Where it is; "" when the service sent the file itself.
    """

    content: bytes = b""
    url: str = ""

    @property
    def mime(self) -> str:
        """The media type by the first bytes; "" for a link, and for a format that pages do not
        draw.
        """
        return next((mime for start, mime in _MIME_TYPES if self.content.startswith(start)), "")

    def save(self, path: str | Path) -> Path:
        """Write the file as it arrived.

        Raises
        ------
        InvalidOption
            Only its link is known, there is such a file already, or it cannot be written.
        """
        if not self.content:
            raise InvalidOption(
                Text("这张图片只有链接", "only the link of this picture is known"),
                advice=Text("打开 .url 下载", "download it from .url"),
            )
        target = Path(path).expanduser()
        try:
            with target.open("xb") as file:
                file.write(self.content)
        except OSError as error:
            raise InvalidOption(
                Text(
                    "图片写不进 {path}：{why}", "the picture cannot be written to {path}: {why}"
                ).fill(path=str(target), why=error.strerror or type(error).__name__),
                advice=Text("换一个文件名", "use another name"),
            ) from None
        return target

    def _repr_mimebundle_(self, **_: object) -> dict[str, bytes | str]:
        text: dict[str, bytes | str] = {"text/plain": repr(self)}
        if self.mime in _DISPLAYED:
            return {self.mime: self.content, **text}
        return text

    @printable
    def __repr__(self) -> str:
        if not self.content:
            return f"AnswerImage(url={self.url!r})"
        return f"AnswerImage({self.mime or 'picture'}, {len(self.content):,} bytes)"
