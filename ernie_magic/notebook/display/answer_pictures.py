"""The pictures of a chat's answer: small ones in the page, links as links."""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING

from ernie_magic.errors import ErnieError
from ernie_magic.notebook.display.style import note_html
from ernie_magic.text.language import Language, Text
from ernie_magic.text.sanitize import link_html, plain_html

if TYPE_CHECKING:
    from ernie_magic.api.answer_images import AnswerImage
    from ernie_magic.api.results import Answer

_PICTURE = Text(
    "图片：answer.images[{i}]（{facts}；{n:,} 字节）",
    "picture: answer.images[{i}] ({facts}; {n:,} bytes)",
)
_LINKED = Text("图片链接：{url}", "link of a picture: {url}")
_ORIGINALS = Text(
    "这里是缩略图；原图在回答的 .images 里，如 ernie.last.images[0].save('a.png')",
    "shown small; the originals are in the answer's .images, as ernie.last.images[0].save('a.png')",
)
_OTHER_FORMAT = Text("其他格式", "another format")
_STYLE = "max-width:100%;height:auto;display:block;border-radius:8px;margin-bottom:.5em"


def picture_lines(answer: Answer, language: Language) -> list[str]:
    """The pictures in words, a line each."""
    return [_line(image, position, language) for position, image in enumerate(answer.images)]


def _line(image: AnswerImage, position: int, language: Language) -> str:
    if image.url:
        return _LINKED.say(language, url=image.url)
    facts = image.mime or _OTHER_FORMAT.say(language)
    return _PICTURE.say(language, i=position, facts=facts, n=len(image.content))


def pictures_html(answer: Answer, language: Language) -> str:
    """The pictures as HTML; one that cannot be drawn, in words."""
    if not answer.images:
        return ""
    figures = [
        _figure_html(image, position, language) for position, image in enumerate(answer.images)
    ]
    if any(image.content for image in answer.images):
        figures.append(f"<p>{note_html(plain_html(_ORIGINALS.say(language)))}</p>")
    return "".join(figures)


def _figure_html(image: AnswerImage, position: int, language: Language) -> str:
    line = _line(image, position, language)
    if image.url:
        return f"<p>{link_html(image.url, line)}</p>"
    from ernie_magic.calls.images.pictures import make_preview

    try:
        thumbnail = make_preview(image.content).thumbnail
    except ErnieError as error:
        return f"<p>{plain_html(f'{line}: {error}')}</p>"
    source = base64.b64encode(thumbnail).decode()
    return f'<img src="data:image/jpeg;base64,{source}" alt="{html.escape(line)}" style="{_STYLE}">'
