"""Knowledge bases, their documents, what a search found in them, and applications, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.notebook.display.html_table import Table, clip_to_line
from ernie_magic.notebook.display.origin import with_origin
from ernie_magic.text.language import Language, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.api.passages import Passage
    from ernie_magic.qianfan.apps.group import App
    from ernie_magic.qianfan.knowledge.records import Document, KnowledgeBase

_WORDS = 60  # characters of a description
_PASSAGE = 160  # characters of a passage
_STATES = {
    "notConfigured": Text("待配置", "to be configured"),
    "queuing": Text("排队中", "queuing"),
    "parsing": Text("解析中", "parsing"),
    "indexing": Text("处理中", "indexing"),
    "available": Text("可检索", "ready"),
    "parseError": Text("解析失败", "could not be read"),
    "error": Text("处理失败", "failed"),
}
_NO_BASES = Text(
    "还没有知识库：ernie.knowledge.create(名称)",
    "no knowledge base yet: ernie.knowledge.create(NAME)",
)
_BASES = Text(
    "%ernie knowledge 名称 列出文档；提问：%%ernie --knowledge 名称",
    "%ernie knowledge NAME lists the documents; to ask: %%ernie --knowledge NAME",
)
_NO_DOCUMENTS = Text(
    "还没有文档：ernie.knowledge.upload(名称, 文件)",
    "no document yet: ernie.knowledge.upload(NAME, FILE)",
)
_NO_PASSAGES = Text("没有找到", "nothing was found")
_APPS = Text("提问：%%ernie --app 名称", "to ask: %%ernie --app NAME")
_NO_APPS = Text(
    "还没有已发布的应用：在千帆控制台创建",
    "no published application yet: build one in Qianfan's console",
)


def bases_table(bases: Sequence[KnowledgeBase], language: Language) -> Table:
    """Knowledge bases, with what they are about."""
    rows = [[base.name, clip_to_line(base.description, _WORDS), base.id] for base in bases]
    headers = {"zh": ["知识库", "说明", "ID"], "en": ["knowledge base", "description", "id"]}
    note = _BASES if rows else _NO_BASES
    return Table(headers[language], rows, with_origin(note.say(language), bases, language))


def documents_table(documents: Sequence[Document], language: Language, note: str = "") -> Table:
    """Documents of a knowledge base, with their states."""
    rows = [
        [
            document.name,
            _describe_state(document.state, language),
            "" if document.words is None else f"{document.words:,}",
            document.id,
        ]
        for document in documents
    ]
    headers = {
        "zh": ["文档", "状态", "字数", "ID"],
        "en": ["document", "state", "characters", "id"],
    }
    if not rows:
        note = _NO_DOCUMENTS.say(language)
    return Table(headers[language], rows, with_origin(note, documents, language))


def _describe_state(state: str, language: Language) -> str:
    if state in _STATES:
        return _STATES[state].say(language)
    return state


def passages_table(passages: Sequence[Passage], language: Language) -> Table:
    """What a search has found, numbered as an answer cites it."""
    rows = [
        [
            f"[{number}]",
            passage.title,
            "" if passage.score is None else f"{passage.score:.3f}",
            clip_to_line(passage.text, _PASSAGE),
        ]
        for number, passage in enumerate(passages, start=1)
    ]
    headers = {"zh": ["#", "文档", "得分", "内容"], "en": ["#", "document", "score", "passage"]}
    note = "" if rows else _NO_PASSAGES.say(language)
    return Table(headers[language], rows, with_origin(note, passages, language))


def apps_table(apps: Sequence[App], language: Language) -> Table:
    """Applications, with what they are for."""
    rows = [[app.name, clip_to_line(app.description, _WORDS), app.kind, app.id] for app in apps]
    headers = {
        "zh": ["应用", "说明", "类型", "ID"],
        "en": ["application", "description", "kind", "id"],
    }
    note = _APPS if rows else _NO_APPS
    return Table(headers[language], rows, with_origin(note.say(language), apps, language))
