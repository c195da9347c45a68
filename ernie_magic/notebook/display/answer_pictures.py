"""The pictures of an answer, and other files that it has: small pictures in the page, links as
links.
"""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ernie_magic.errors import ErnieError
from ernie_magic.notebook.display.folded import MAX_ITEMS, MORE
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
_FILE = Text("文件：{name}", "file: {name}")
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


def file_lines(answer: Answer, language: Language) -> list[str]:
    """The links of an answer's other files, a line each."""
    lines = [_FILE.say(language, name=link) for link in answer.files[:MAX_ITEMS]]
    return [*lines, *_left_out(answer, language)]


def files_html(answer: Answer, language: Language) -> str:
    """The other files as links; nothing of them is fetched."""
    lines = [
        link_html(link, _FILE.say(language, name=_name_of(link)))
        for link in answer.files[:MAX_ITEMS]
    ]
    lines += map(plain_html, _left_out(answer, language))
    return f"<p>{'<br>'.join(lines)}</p>" if lines else ""


def _left_out(answer: Answer, language: Language) -> list[str]:
    left_out = len(answer.files) - MAX_ITEMS
    return [MORE.say(language, n=left_out)] if left_out > 0 else []


def _name_of(link: str) -> str:
    """The file's name by its link; the link itself where it ends in none."""
    path, _, _ = link.partition("?")
    return unquote(path.rpartition("/")[2]) or link


def _figure_html(image: AnswerImage, position: int, language: Language) -> str:
    if image.url:
        # The whole link, which may be signed, is its address.
        words = _LINKED.say(language, url=_name_of(image.url))
        return f"<p>{link_html(image.url, words)}</p>"
    line = _line(image, position, language)
    from ernie_magic.calls.images.pictures import make_preview

    try:
        thumbnail = make_preview(image.content).thumbnail
    except ErnieError as error:
        return f"<p>{plain_html(f'{line}: {error}')}</p>"
    source = base64.b64encode(thumbnail).decode()
    return f'<img src="data:image/jpeg;base64,{source}" alt="{html.escape(line)}" style="{_STYLE}">'
