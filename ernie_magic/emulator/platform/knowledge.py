"""`POST /v2/knowledgeBase?Action=…` and the searches: knowledge bases whose documents are really
read, cut into chunks and searched, by the emulator's own vectors.

A document is queuing, then parsing, then indexing, then available: its state moves with each list
of documents that shows it. Files that are not text cannot be parsed here; pages of the web are not
fetched, and say so.

Sources: "知识库" (https://cloud.baidu.com/doc/qianfan-api/s/jm7x0gkcd) and the official client
(https://github.com/baidubce/app-builder, python/core/console/knowledge_base).
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.emulator import checks
from ernie_magic.emulator.platform import demo_documents
from ernie_magic.emulator.platform.console import (
    PlatformRoute,
    StateMachine,
    Store,
    invalid_field,
)
from ernie_magic.emulator.platform.values import format_time, request_uuid
from ernie_magic.emulator.relevance import SENTENCE_END, rate_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ernie_magic.emulator.platform.console import PlatformCall

_STEPS = ["queuing", "parsing", "indexing", "available"]
_FAILED_STEPS = ["queuing", "parsing", "parseError"]
_TARGET_LENGTH = 600  # characters of a chunk
_LENGTHS = range(300, 1201)
_MAX_DOCUMENTS = 1000
_MAX_CHUNKS = 5000  # of one emulator
_MAX_QUESTION = 2000  # characters
_TEXT_SUFFIXES = (".txt", ".md", ".csv", ".json", ".jsonl", ".html", ".htm", ".tsv")
_THRESHOLD = 0.4  # the score that a chunk has to have, unless the search says otherwise
_TOP = 6
_MAX_TOP = 40
_PARAGRAPH = re.compile(r"\n\s*\n")


@dataclass
class Chunk:
    """A part of a document that is searched for."""

    id: str
    document_id: str
    content: str
    type: str = "RAW"
    enabled: bool = True
    created: int = field(default_factory=lambda: int(time.time()))


@dataclass
class Document:
    """A document of a knowledge base."""

    id: str
    name: str
    source: str
    content: str
    target_length: int
    states: StateMachine
    size: int = 0
    url: str = ""
    created: str = field(default_factory=format_time)
    chunks: list[Chunk] = field(default_factory=list)

    def look(self) -> str:
        """The state now; when it becomes available, its text has been cut into chunks."""
        state = self.states.look()
        if state == "available" and not self.chunks:
            self.chunks = [
                Chunk(request_uuid(), self.id, text)
                for text in split_text(self.content, self.target_length)
            ]
        return state


@dataclass
class KnowledgeBase:
    """A knowledge base."""

    id: str
    name: str
    description: str
    config: dict[str, Any]
    documents: Store[Document] = field(default_factory=lambda: Store("document", _MAX_DOCUMENTS))
    created: str = field(default_factory=format_time)


class KnowledgeBases:
    """The knowledge bases of one emulator: the demonstration, and those that were created."""

    def __init__(self) -> None:
        self.bases: Store[KnowledgeBase] = Store("knowledge")
        self._documents_by_token: dict[tuple[str, str], list[str]] = {}
        demo = KnowledgeBase(
            demo_documents.BASE_ID,
            demo_documents.BASE_NAME,
            demo_documents.BASE_DESCRIPTION,
            {"index": {"type": "public"}},
        )
        self.bases.add(demo, demo.id)
        for name, content in demo_documents.DOCUMENTS.items():
            document = _make_document(name, "file", content, _TARGET_LENGTH, ["available"])
            document.look()
            demo.documents.add(document, document.id)

    def find_base(self, call: PlatformCall, name: str = "id") -> KnowledgeBase:
        """The knowledge base that a call names."""
        return self.bases.find(call.body.get(name), name)

    def once(
        self, call: PlatformCall, base: KnowledgeBase, add: Callable[[], list[str]]
    ) -> list[str]:
        """Add documents; another request with the same `clientToken` adds nothing more."""
        token = call.incoming.query.get("clientToken", "")
        key = (base.id, token)
        if not token:
            return add()
        if key not in self._documents_by_token:
            self._documents_by_token[key] = add()
        return self._documents_by_token[key]

    def iterate_chunks(self, base: KnowledgeBase) -> Iterable[tuple[Document, Chunk]]:
        """The chunks that a search may find."""
        for document in base.documents.values():
            for chunk in document.chunks:
                if chunk.enabled:
                    yield document, chunk


# --- knowledge bases ------------------------------------------------------------------------------


def create_base(call: PlatformCall) -> dict[str, Any]:
    """`CreateKnowledgeBase`."""
    name = call.text("name", limit=50)
    config = call.body.get("config") or {"index": {"type": "public"}}
    index = config.get("index") if isinstance(config, dict) else None
    if not isinstance(index, dict) or index.get("type") not in ("public", "bes", "vdb"):
        raise invalid_field("config")
    shown = {name: value for name, value in index.items() if name not in ("username", "password")}
    base = KnowledgeBase(
        request_uuid(),
        name,
        call.text("description", default="", limit=400),
        {**config, "index": shown},
    )
    call.state_of(KnowledgeBases).bases.add(base, base.id)
    return _describe_base(base)


def describe_bases(call: PlatformCall) -> dict[str, Any]:
    """`DescribeKnowledgeBases`: a page of those whose name has the keyword in it."""
    keyword = call.text("keyword", default="", limit=100).lower()
    rows = [
        _describe_base(base)
        for base in call.state_of(KnowledgeBases).bases.values()
        if keyword in base.name.lower()
    ]
    page, info = call.page(rows, "id")
    return {"data": page, **info}


def describe_base(call: PlatformCall) -> dict[str, Any]:
    """`DescribeKnowledgeBase`."""
    return _describe_base(call.state_of(KnowledgeBases).find_base(call))


def modify_base(call: PlatformCall) -> dict[str, Any]:
    """`ModifyKnowledgeBase`."""
    base = call.state_of(KnowledgeBases).find_base(call)
    base.name = call.text("name", default=base.name, limit=50)
    base.description = call.text("description", default=base.description, limit=400)
    return {}


def delete_base(call: PlatformCall) -> dict[str, Any]:
    """`DeleteKnowledgeBase`."""
    call.state_of(KnowledgeBases).bases.remove(call.body.get("id"), "id")
    return {}


def _describe_base(base: KnowledgeBase) -> dict[str, Any]:
    return {
        "id": base.id,
        "name": base.name,
        "description": base.description,
        "config": base.config,
        "documentCount": len(base.documents),
        "createdAt": base.created,
    }


# --- documents ------------------------------------------------------------------------------------


def create_documents(call: PlatformCall) -> dict[str, Any]:
    """`CreateDocuments`: pages of the web, or files on BOS. They are not fetched here."""
    state = call.state_of(KnowledgeBases)
    base = state.find_base(call)
    source = call.body.get("source")
    if not isinstance(source, dict) or source.get("type") not in ("web", "bos"):
        raise invalid_field("source")
    urls = source.get("urls")
    if not isinstance(urls, list) or not urls or not all(map(_is_address, urls)):
        raise invalid_field("urls")
    length = _target_length(call.body)

    def add() -> list[str]:
        return [_add_page(base, url, source["type"], length) for url in urls]

    return {"documentIds": state.once(call, base, add)}


def upload_document(call: PlatformCall) -> dict[str, Any]:
    """`UploadDocuments`: one file of a form, whose field `payload` says where it belongs."""
    state = call.state_of(KnowledgeBases)
    try:
        payload = json.loads(call.form.fields.get("payload", ""))
    except ValueError:
        raise invalid_field("payload") from None
    if not isinstance(payload, dict) or (payload.get("source") or {}).get("type") != "file":
        raise invalid_field("payload")
    base = state.bases.find(payload.get("id"), "id")
    file = call.form.files.get("file")
    if file is None or not file.content:
        raise invalid_field("file")
    length = _target_length(payload)

    def add() -> list[str]:
        text = read_text(file.name, file.content)
        steps = _FAILED_STEPS if text is None else _STEPS
        document = _make_document(file.name, "file", text or "", length, steps)
        document.size = len(file.content)
        base.documents.add(document, document.id)
        return [document.id]

    (document_id,) = state.once(call, base, add)
    return {"documentId": document_id}


def describe_documents(call: PlatformCall) -> dict[str, Any]:
    """`DescribeDocuments`: the states of those on the page move."""
    base = call.state_of(KnowledgeBases).find_base(call, "knowledgeBaseId")
    rows = [{"id": document_id} for document_id, _ in base.documents.items()]
    page, info = call.page(rows, "id")
    data = [_describe_document(base.documents.find(row["id"], "id")) for row in page]
    return {"data": data, "totalCount": len(rows), **info}


def list_documents(call: PlatformCall) -> dict[str, Any]:
    """`GET /v2/knowledge_base/documents`, the older list."""
    base = _find_older_base(call)
    documents = [
        {
            "id": document.id,
            "name": document.name,
            "created_at": int(time.time()),
            "word_count": len(document.content),
            "enabled": True,
            "meta": {"source": document.source, "file_id": document.id},
        }
        for document in base.documents.values()
    ]
    return {"request_id": request_uuid(), "data": documents}


def delete_document(call: PlatformCall) -> dict[str, Any]:
    """`DELETE /v2/knowledge_base/document`, which the official client calls."""
    base = _find_older_base(call)
    base.documents.remove(call.incoming.query.get("document_id"), "document_id")
    return {"request_id": request_uuid()}


def _find_older_base(call: PlatformCall) -> KnowledgeBase:
    name = "knowledge_base_id"
    return call.state_of(KnowledgeBases).bases.find(call.incoming.query.get(name), name)


def _make_document(
    name: str,
    source: str,
    content: str,
    target_length: int,
    steps: list[str],
) -> Document:
    return Document(request_uuid(), name, source, content, target_length, StateMachine(list(steps)))


def _add_page(base: KnowledgeBase, url: str, source: str, target_length: int) -> str:
    content = (
        f"模拟的网页：{url}。内置模拟器不访问网络，没有读取它的内容。\n\n"
        f"A simulated page: {url}. The emulator does not use the network, and has not read it."
    )
    document = _make_document(url.rstrip("/"), source, content, target_length, _STEPS)
    document.url = url
    return base.documents.add(document, document.id)


def _describe_document(document: Document) -> dict[str, Any]:
    status = document.look()
    return {
        # The list had `id` and `displayStatus`, and has had the other two since 2025-12.
        "id": document.id,
        "documentId": document.id,
        "name": document.name,
        "createdAt": document.created,
        "wordCount": len(document.content),
        "enabled": True,
        "displayStatus": status,
        "status": status,
        "meta": {
            "source": document.source,
            "wordCount": len(document.content),
            "fileSize": document.size,
            "url": document.url,
            "fileId": document.id,
        },
    }


def _target_length(body: dict[str, Any]) -> int:
    """How long chunks may be, as `processOption` says."""
    option = body.get("processOption") or {}
    chunker = option.get("chunker") if isinstance(option, dict) else None
    separator = chunker.get("separator") if isinstance(chunker, dict) else None
    if not isinstance(separator, dict):
        return _TARGET_LENGTH
    length = separator.get("targetLength")
    if not isinstance(length, int) or length not in _LENGTHS:
        raise invalid_field("targetLength")
    return length


def _is_address(url: object) -> bool:
    return isinstance(url, str) and re.match(r"(?:https?|bos)://\S+$", url) is not None


def read_text(name: str, content: bytes) -> str | None:
    """The text of a file; None where it is of another kind."""
    if not name.lower().endswith(_TEXT_SUFFIXES):
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", "replace")


def split_text(text: str, target_length: int) -> list[str]:
    """A text in parts of whole paragraphs, or of whole sentences where one is too long."""
    parts: list[str] = []
    for paragraph in _PARAGRAPH.split(text.replace("\r\n", "\n")):
        for piece in _split_paragraph(paragraph.strip(), target_length):
            if parts and len(parts[-1]) + len(piece) + 2 <= target_length:
                parts[-1] += f"\n\n{piece}"
            else:
                parts.append(piece)
    return parts[:_MAX_CHUNKS]


def _split_paragraph(paragraph: str, target_length: int) -> list[str]:
    if len(paragraph) <= target_length:
        return [paragraph] if paragraph else []
    pieces = [""]
    for sentence in filter(None, SENTENCE_END.split(paragraph)):
        for start in range(0, len(sentence), target_length):
            part = sentence[start : start + target_length]
            if len(pieces[-1]) + len(part) > target_length:
                pieces.append("")
            pieces[-1] += part
    return [piece for piece in pieces if piece.strip()]


# --- chunks ---------------------------------------------------------------------------------------


def create_chunk(call: PlatformCall) -> dict[str, Any]:
    """`CreateChunk`."""
    base = call.state_of(KnowledgeBases).find_base(call, "knowledgeBaseId")
    document = base.documents.find(call.body.get("documentId"), "documentId")
    chunk = Chunk(request_uuid(), document.id, call.text("content"), "NEW")
    document.chunks.append(chunk)
    return {"id": chunk.id}


def modify_chunk(call: PlatformCall) -> dict[str, Any]:
    """`ModifyChunk`."""
    _, chunk = _find_chunk(call)
    chunk.content = call.text("content", default=chunk.content)
    chunk.enabled = bool(call.body.get("enable", chunk.enabled))
    return {}


def delete_chunk(call: PlatformCall) -> dict[str, Any]:
    """`DeleteChunk`."""
    document, chunk = _find_chunk(call)
    document.chunks.remove(chunk)
    return {}


def describe_chunk(call: PlatformCall) -> dict[str, Any]:
    """`DescribeChunk`."""
    _, chunk = _find_chunk(call)
    return _describe_chunk(call, chunk)


def describe_chunks(call: PlatformCall) -> dict[str, Any]:
    """`DescribeChunks`: a page of those with the keyword in them."""
    base = call.state_of(KnowledgeBases).find_base(call, "knowledgeBaseId")
    document = base.documents.find(call.body.get("documentId"), "documentId")
    keyword = call.text("keyword", default="", limit=_MAX_QUESTION)
    rows = [
        _describe_chunk(call, chunk)
        for chunk in document.chunks
        if keyword in chunk.content and call.body.get("type") in (None, chunk.type)
    ]
    page, info = call.page(rows, "id")
    return {"data": page, **info}


def _find_chunk(call: PlatformCall) -> tuple[Document, Chunk]:
    base = call.state_of(KnowledgeBases).find_base(call, "knowledgeBaseId")
    for document in base.documents.values():
        for chunk in document.chunks:
            if chunk.id == call.body.get("chunkId"):
                return document, chunk
    raise invalid_field("chunkId")


def _describe_chunk(call: PlatformCall, chunk: Chunk) -> dict[str, Any]:
    return {
        "id": chunk.id,
        "type": chunk.type,
        "knowledgeBaseId": call.body.get("knowledgeBaseId"),
        "documentId": chunk.document_id,
        "content": chunk.content,
        "enabled": chunk.enabled,
        "wordCount": len(chunk.content),
        "tokenCount": checks.count_tokens(chunk.content),
        "status": "completed",
        "statusMessage": "",
        "imageUrls": [],
        "createTime": chunk.created,
        "updateTime": chunk.created,
    }


# --- search ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """A chunk that a search found."""

    base: KnowledgeBase
    document: Document
    chunk: Chunk
    score: float


def search_chunks(call: PlatformCall) -> dict[str, Any]:
    """`POST /v2/knowledgebases/search`."""
    query = call.body.get("query")
    if not isinstance(query, list) or not query:
        raise invalid_field("query")
    texts = [part.get("text") for part in query if isinstance(part, dict)]
    top = call.number("top_k", _TOP, 1, _MAX_TOP)
    threshold = _read_share(call, "score_threshold")
    found = _find_chunks(call, "\n".join(map(str, filter(None, texts))), threshold)[:top]
    return {
        "chunks": [
            {
                "chunk_id": each.chunk.id,
                "content": [{"type": "text", "text": each.chunk.content}],
                "recall": {"score": each.score},
                "rerank": {"score": each.score},
                "meta": {"update_time": each.chunk.created},
                "doc_info": {
                    "doc_id": each.document.id,
                    "doc_name": each.document.name,
                    "knowledgebase_id": each.base.id,
                    "url": each.document.url,
                },
            }
            for each in found
        ]
    }


def query_chunks(call: PlatformCall) -> dict[str, Any]:
    """`POST /v2/knowledgebases/query`, the older search."""
    top = call.number("top", _TOP, 1, 800)
    skip = call.number("skip", 0, 0, 10_000)
    threshold = _read_share(call, "rank_score_threshold")
    found = _find_chunks(call, call.text("query", limit=_MAX_QUESTION), threshold)
    stamp = format_time()
    chunks = [
        {
            "chunk_id": each.chunk.id,
            "knowledgebase_id": each.base.id,
            "document_id": each.document.id,
            "document_name": each.document.name,
            "meta": {"url": each.document.url},
            "chunk_type": "text",
            "content": each.chunk.content,
            "create_time": stamp,
            "update_time": stamp,
            "retrieval_score": each.score,
            "rank_score": each.score,
        }
        for each in found[skip : skip + top]
    ]
    return {"chunks": chunks, "total_count": len(found)}


def _find_chunks(call: PlatformCall, question: str, threshold: float) -> list[Found]:
    """Chunks of the knowledge bases that a search names, the best first."""
    if not question.strip() or len(question) > _MAX_QUESTION:
        raise invalid_field("query")
    ids = call.body.get("knowledgebase_ids")
    if not isinstance(ids, list) or not ids:
        raise invalid_field("knowledgebase_ids")
    state = call.state_of(KnowledgeBases)
    found = []
    for base_id in ids:
        base = state.bases.find(base_id, "knowledgebase_ids")
        for document, chunk in state.iterate_chunks(base):
            if _passes_filters(call.body.get("metadata_filters"), document.id):
                score = rate_text(question, chunk.content, call.incoming.seed)
                found.append(Found(base, document, chunk, score))
    kept = [each for each in found if each.score >= threshold]
    return sorted(kept, key=lambda each: -each.score)


def _read_share(call: PlatformCall, name: str) -> float:
    value = call.body.get(name)
    if value is None:
        return _THRESHOLD
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1:
        raise invalid_field(name)
    return float(value)


def _passes_filters(filters: object, document_id: str) -> bool:
    """Whether a document passes `metadata_filters`."""
    if not isinstance(filters, dict) or not filters.get("filters"):
        return True
    results = []
    for each in filters["filters"]:
        values = each.get("value")
        wanted = values if isinstance(values, list) else [values]
        is_among = document_id in wanted
        results.append(is_among != (each.get("operator") == "not_in"))
    if filters.get("condition") == "or":
        return any(results)
    return all(results)


ACTIONS: dict[str, Callable[[PlatformCall], Any]] = {
    "CreateKnowledgeBase": create_base,
    "DescribeKnowledgeBases": describe_bases,
    "DescribeKnowledgeBase": describe_base,
    "ModifyKnowledgeBase": modify_base,
    "DeleteKnowledgeBase": delete_base,
    "CreateDocuments": create_documents,
    "UploadDocuments": upload_document,
    "DescribeDocuments": describe_documents,
    "CreateChunk": create_chunk,
    "ModifyChunk": modify_chunk,
    "DeleteChunk": delete_chunk,
    "DescribeChunk": describe_chunk,
    "DescribeChunks": describe_chunks,
}
ROUTES: tuple[PlatformRoute, ...] = (
    PlatformRoute("POST", "/v2/knowledgebases/search", search_chunks),
    PlatformRoute("POST", "/v2/knowledgebases/query", query_chunks),
    PlatformRoute("GET", "/v2/knowledge_base/documents", list_documents, has_envelope=False),
    PlatformRoute("DELETE", "/v2/knowledge_base/document", delete_document, has_envelope=False),
)
