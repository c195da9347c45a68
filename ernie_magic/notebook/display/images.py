"""How pictures are shown: thumbnails with seed and prompt, progress, and one saved output.

The grid is HTML that depends on nothing else: it looks the same in a saved notebook, on GitHub, in
nbviewer and with a dead kernel.
"""

from __future__ import annotations

import base64
import html
import json
import time
from typing import TYPE_CHECKING, Any

from ernie_magic.errors import Stopped
from ernie_magic.notebook.display.chat import (
    PARTIAL,
    SENT,
    describe_seconds,
)
from ernie_magic.notebook.display.folded import folded_html
from ernie_magic.notebook.display.html_table import Table
from ernie_magic.notebook.display.origin import EMULATED, line_html
from ernie_magic.notebook.display.style import NOTE_STYLE
from ernie_magic.text.counts import PICTURES, TOKENS
from ernie_magic.text.language import Language, Text, clip_text
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.calls.images.files import SavedFile
    from ernie_magic.calls.images.pictures import ImageSet, Picture

_FAILED = Text("{n} 张失败", "{n} failed")
_SEED = Text("种子 {seed}", "seed {seed}")
_NO_SEED = Text("未给出种子", "no seed reported")
_NO_SEED_OF_SEVERAL = Text("未给出种子（第 {i}/{n} 张）", "no seed reported ({i} of {n})")
_NO_SEED_WHY = Text(
    "没有给 --seed，服务也没有返回种子：再生成的不一定一样",
    "no --seed was given and the service reported none: made again, the picture may differ",
)
_LINK = Text("链接", "link")
_LINKS_END = Text("链接 {date} 过期", "links expire {date}")
_LINKS_EMULATED = Text("链接在模拟器关闭后失效", "links last as long as the emulator")
_SAVED = Text("已保存：{files}", "saved: {files}")
_OVERWRITE = Text("；要替换就加 --overwrite", "; --overwrite replaces them")
_ORIGINALS = Text(
    "这里是缩略图；原图在 {name}，用 .save() 存成文件",
    "shown small; the original is in {name}, .save() writes it to a file",
)
_OF_SEVERAL = Text("种子 {seed}（第 {i}/{n} 张）", "seed {seed} ({i} of {n})")
_OTHER_SIZE = Text("{real}（要的是 {asked}）", "{real} (requested {asked})")
_REVISED = Text("服务改写的提示词", "the prompt as the service revised it")
_ID = Text("请求编号", "request id")
_WORDS = Text("模型还写道：{words}", "the model also wrote: {words}")
_GAP = 12  # pixels between pictures
_SIDES = {1: 512, 2: 400, 3: 300, 4: 360}  # pixels of a picture's width, by the number of pictures
_COLUMNS = {4: 2}  # pictures side by side, by their number; else up to four
_REVISED_SHOWN = 2000  # characters
_PROMPT = 60  # characters of a prompt under its picture


def summary_line(images: ImageSet, language: Language, notes: Sequence[Text] = ()) -> str:
    """The footer's one line: model, number of pictures, seconds, when the links expire, and what a
    cell has to say.
    """
    good = len(images.good)
    parts = [images.model, PICTURES.say(language, n=good)]
    failed = [
        picture
        for picture in images
        if picture.problem and not isinstance(picture.problem, Stopped)
    ]
    if failed:
        parts.append(_FAILED.say(language, n=len(failed)))
    if good + len(failed) < len(images):
        parts.append(PARTIAL.say(language))
    if images.usage.total_tokens:
        parts.append(TOKENS.say(language, n=images.usage.total_tokens))
    if images.seconds:
        parts.append(describe_seconds(images.seconds, language))
    if links_note := _links_note(images, language):
        parts.append(links_note)
    parts += [*_notes(images, language), *(note.say(language) for note in notes)]
    if images.is_simulated:
        parts.append(EMULATED.say(language))
    return " · ".join(parts)


def _notes(images: ImageSet, language: Language) -> list[str]:
    """What is unexpected in a call's pictures."""
    notes = [note.say(language) for note in images.notes]
    if images.words:
        notes.append(_WORDS.say(language, words=clip_text(" ".join(images.words.split()), _PROMPT)))
    return notes


def _links_note(images: ImageSet, language: Language) -> str:
    if not any(picture.url for picture in images):
        return ""
    if images.is_simulated:
        return _LINKS_EMULATED.say(language)
    if not images.expires_at:
        return ""
    date = time.strftime("%Y-%m-%d %H:%M", time.localtime(images.expires_at))
    return _LINKS_END.say(language, date=date)


def caption_text(picture: Picture, language: Language) -> str:
    """What stands under a picture: its prompt, seed and real size."""
    parts = [
        clip_text(" ".join(picture.prompt.split()), _PROMPT),
        _seed_text(picture).say(language),
    ]
    if picture.preview:
        size = "{}x{}".format(*picture.preview.size)
        requested_size = picture.request.parameters.get("size")
        if requested_size not in (None, size):
            size = _OTHER_SIZE.say(language, real=size, asked=requested_size)
        parts.append(size)
    return " · ".join(parts)


def short_caption(picture: Picture, language: Language) -> str:
    """What distinguishes a picture from the others of its call: the seed that the service reports
    for it; "" if it reports none.
    """
    if picture.reported_seed is None:
        return ""
    return _seed_text(picture).say(language)


def batch_facts(images: ImageSet, language: Language) -> str:
    """What the pictures of one call have in common: model, size, seed, seconds; failures."""
    parts = [images.model]
    sizes = dict.fromkeys(
        "{}x{}".format(*picture.preview.size) for picture in images.good if picture.preview
    )
    parts += sizes
    if (seed := images.request.parameters.get("seed")) is not None:
        parts.append(_SEED.say(language, seed=seed))
    failed = len(images) - len(images.good)
    if failed:
        parts.append(_FAILED.say(language, n=failed))
    if images.seconds:
        parts.append(describe_seconds(images.seconds, language))
    parts += _notes(images, language)
    return " · ".join(part for part in parts if part)


def _seed_text(picture: Picture) -> Text:
    """A picture's seed. A seed sent for several pictures belongs to the call, so the picture's
    place is shown with it.
    """
    n = picture.request.parameters.get("n", 1)
    note = _SEED
    if picture.seed is None:
        note = _NO_SEED if n == 1 else _NO_SEED_OF_SEVERAL
    elif picture.reported_seed is None and n != 1:
        note = _OF_SEVERAL
    return note.fill(seed=picture.seed, i=picture.index + 1, n=n)


def mime_bundle(
    images: ImageSet,
    language: Language,
    *,
    full: bool = False,
    name: str = "ernie.images[-1]",
    saved_files: Sequence[SavedFile] = (),
    notes: Sequence[Text] = (),
) -> tuple[dict[str, str], dict[str, Any]]:
    """The MIME bundle of the saved output, and its metadata.

    The metadata says what made it, for whoever reads the file later.

    Parameters
    ----------
    full
        Embed the originals instead of thumbnails.
    name
        Where the originals are: a variable; "" for the file that was shown.
    saved_files
        The files that were written.
    notes
        What the cell has to say of them.
    """
    picture_width = "auto"
    grid_width = "none"
    if not full:
        side = _SIDES.get(len(images), _SIDES[3])
        columns = _COLUMNS.get(len(images), 4)
        picture_width = f"{side}px"
        grid_width = f"{columns * (side + _GAP)}px"
    figures = [figure_html(picture, language, picture_width, full=full) for picture in images]
    data = {
        "text/html": _side_by_side_html(figures, grid_width)
        + _saved_html(saved_files, language)
        + footer_html(images, language, full=full, name="" if saved_files else name, notes=notes)
        + NOTE_STYLE,
        **images.as_one_picture(),
        "text/plain": pictures_text(images, language, saved_files, notes),
    }
    made_by = {
        "model": images.model,
        "id": images.id,
        "service": images.service,
        "partial": images.partial,
        "prompt": images.prompt,
        "parameters": dict(images.parameters),
        "seeds": [picture.seed for picture in images],
    }
    return data, {"ernie_magic": json.loads(json.dumps(made_by, default=str))}


def recipes_table(recipes: Sequence[Mapping[str, Any]], language: Language) -> Table:
    """The parameters of pictures; where they differ, a column for each picture."""
    columns = [{name: _parameter_text(value) for name, value in each.items()} for each in recipes]
    names = dict.fromkeys(name for column in columns for name in column)
    headers = {"zh": ["参数", "值"], "en": ["parameter", "value"]}[language]
    if any(column != columns[0] for column in columns):
        headers[1:] = [f"#{each.get('index', 0) + 1}" for each in recipes]
    else:
        columns = columns[:1]
    rows = [[name, *(column.get(name, "") for column in columns)] for name in names]
    return Table(headers, rows)


def _parameter_text(value: object) -> str:
    """A parameter of a picture's recipe, as its table shows it."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def gallery_html(pictures: Sequence[Picture], language: Language) -> str:
    """Pictures of any calls, small, as HTML; "" if there are none."""
    if not pictures:
        return ""
    figures = [figure_html(picture, language, f"{_SIDES[3]}px") for picture in pictures]
    return _side_by_side_html(figures, "none")


def _side_by_side_html(figures: Sequence[str], width: str) -> str:
    return f'<div style="display:flex;flex-wrap:wrap;gap:{_GAP}px;align-items:flex-start;max-width:{width}">{"".join(figures)}</div>'


def figure_html(
    picture: Picture,
    language: Language,
    width: str,
    *,
    full: bool = False,
    caption: str | None = None,
) -> str:
    """One picture with its caption, as HTML; or what went wrong with it."""
    if caption is None:
        caption = caption_text(picture, language)
    words = f'<figcaption style="font-size:85%;margin-top:.4em;overflow-wrap:anywhere">{plain_html(caption)}</figcaption>'
    style = f"margin:0;flex:0 1 {width};min-width:0"
    alt = html.escape(picture.prompt, quote=True)
    if picture.problem:
        problem_html = f'<div style="border:1px dashed currentColor;padding:1em;overflow-wrap:anywhere">{plain_html(str(picture.problem))}{_link_html(picture, language)}</div>'
        return f'<figure style="{style}">{problem_html}{words}</figure>'
    source = _source_attribute(picture, full=full)
    return f'<figure style="{style}"><img src="{source}" alt="{alt}" style="max-width:100%;height:auto;display:block;border-radius:8px">{words}</figure>'


def _source_attribute(picture: Picture, *, full: bool) -> str:
    """An `img` element's `src`: the picture or its thumbnail, or the link to one not here."""
    if picture.content:
        mime = "image/jpeg"
        content = picture.thumbnail
        if full:
            mime, content = picture.page_form
        return f"data:{mime};base64,{base64.b64encode(content).decode()}"
    return html.escape(picture.url, quote=True) if _is_web_address(picture.url) else ""


def _is_web_address(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _link_html(picture: Picture, language: Language) -> str:
    """Only web addresses become links."""
    if not _is_web_address(picture.url):
        return ""
    return f' <a href="{html.escape(picture.url, quote=True)}">{_LINK.say(language)}</a>'


def footer_html(
    images: ImageSet,
    language: Language,
    *,
    full: bool,
    name: str,
    notes: Sequence[Text] = (),
) -> str:
    """The footer as folded HTML; it names where the originals are, unless the name is ""."""
    rows = []
    if name and not full and any(picture.content for picture in images.good):
        rows.append(plain_html(_ORIGINALS.say(language, name=name)))
    if images.good and images.good[0].seed is None:
        rows.append(plain_html(_NO_SEED_WHY.say(language)))
    sent = {**images.parameters, **images.request.extra}
    if sent:
        rows.append(
            f"{plain_html(SENT.say(language))}: <code>{plain_html(json.dumps(sent, ensure_ascii=False, default=str))}</code>"
        )
    rows += [
        f"{plain_html(_REVISED.say(language))}: {plain_html(clip_text(revised, _REVISED_SHOWN))}"
        for revised in dict.fromkeys(p.revised_prompt for p in images if p.revised_prompt)
    ]
    if images.id:
        rows.append(f"{plain_html(_ID.say(language))}: <code>{plain_html(images.id)}</code>")
    links = " ".join(
        f"#{picture.index + 1}{_link_html(picture, language)}"
        for picture in images
        if _is_web_address(picture.url)
    )
    if links:
        rows.append(links)
    return folded_html(
        line_html(summary_line(images, language, notes)),
        f"<small>{'<br>'.join(rows)}</small>",
    )


def _saved_text(saved_files: Sequence[SavedFile], language: Language) -> str:
    line = _SAVED.say(language, files=", ".join(f.describe().say(language) for f in saved_files))
    if any(file.taken for file in saved_files):
        line += _OVERWRITE.say(language)
    return line


def _saved_html(saved_files: Sequence[SavedFile], language: Language) -> str:
    """What was written, and under which names: not folded, since nobody would look."""
    if not saved_files:
        return ""
    return f"<div><small>{plain_html(_saved_text(saved_files, language))}</small></div>"


def _picture_text(picture: Picture, language: Language) -> str:
    if picture.problem:
        return f"{picture.problem} {picture.url}".strip()
    caption = caption_text(picture, language)
    if picture.content:
        return caption
    return f"{caption} · {picture.url}"


def pictures_text(
    images: ImageSet,
    language: Language,
    saved_files: Sequence[SavedFile] = (),
    notes: Sequence[Text] = (),
) -> str:
    """The pictures in words: for a terminal, and for screen readers."""
    lines = [f"#{picture.index + 1} {_picture_text(picture, language)}" for picture in images]
    if saved_files:
        lines.append(_saved_text(saved_files, language))
    return "\n".join([*lines, f"[{summary_line(images, language, notes)}]"])
