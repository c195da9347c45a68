"""Knowledge bases and their documents, as the platform describes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.passages import Passage
from ernie_magic.calls.chat.history import PICTURE_STAND_IN
from ernie_magic.calls.task_states import has_failed, has_succeeded
from ernie_magic.errors import ProtocolError
from ernie_magic.qianfan.listing import Listing
from ernie_magic.text.language import Text
from ernie_magic.wire.answers.pictures import find_pictures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# States of a document ("DescribeDocuments" on
# https://cloud.baidu.com/doc/qianfan-api/s/jm7x0gkcd) after which nothing happens until somebody
# has configured it in the console.
WAITING = frozenset({"notConfigured"})
# Ours, for one that was just registered and is not in the service's list yet.
NOT_LISTED = "notListed"
_MAX_URL = 2_000  # characters


@dataclass(frozen=True)
class KnowledgeBase:
    """A knowledge base.

    Attributes
    ----------
    id, name, description : str
    created : str
        As the service writes it, "" where it does not say.
    raw : dict
        As the service describes it.
    is_simulated : bool
        Whether the emulator told of it.
    """

    id: str
    name: str
    description: str = ""
    created: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    is_simulated: bool = False


@dataclass(frozen=True)
class Document:
    """A document of a knowledge base.

    Attributes
    ----------
    id, name : str
    state : str
        "queuing", "parsing", "indexing", "available", "parseError" …, as the service says;
        "notListed" for one that was registered and is not in the service's list yet.
    words : int | None
        Characters of its text; None where the service does not say.
    created, url : str
        "" where the service does not say.
    raw : dict
        As the service describes it.
    is_simulated : bool
        Whether the emulator told of it.
    """

    id: str
    name: str
    state: str = ""
    words: int | None = None
    created: str = ""
    url: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    is_simulated: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether a search finds what is in it."""
        return has_succeeded(self.state)

    @property
    def has_failed(self) -> bool:
        """Whether the service could not read it."""
        return has_failed(self.state)

    @property
    def is_settled(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.is_usable or self.has_failed or self.state in WAITING


def read_base(row: Mapping[str, Any], *, is_simulated: bool = False) -> KnowledgeBase:
    """Return a knowledge base as the service describes it."""
    return KnowledgeBase(
        values.as_name(row.get("id")),
        values.as_name(row.get("name")),
        values.as_safe_text(values.as_text(row.get("description"))),
        values.as_name(row.get("createdAt")),
        raw=row,
        is_simulated=is_simulated,
    )


def read_document(row: Mapping[str, Any], *, is_simulated: bool = False) -> Document:
    """Return a document as the service describes it, by the names of before and after 2025-12."""
    meta = values.as_object(row.get("meta"))
    words = values.as_whole_number(row.get("wordCount"))
    if words is None:
        words = values.as_whole_number(meta.get("wordCount"))
    return Document(
        values.as_name(row.get("documentId") or row.get("id")),
        values.as_name(row.get("name")),
        values.as_name(row.get("status") or row.get("displayStatus")),
        words,
        values.as_name(row.get("createdAt")),
        values.as_name(meta.get("url"), _MAX_URL),
        raw=row,
        is_simulated=is_simulated,
    )


def read_passages(reply: object, names: Mapping[str, str]) -> list[Passage]:
    """Return what a search has found, the best first, in the form of either search.

    Parameters
    ----------
    names
        The names of the knowledge bases by their ids.

    Raises
    ------
    ProtocolError
        It has no list of passages, or none of them can be read: that is not "nothing was found",
        which a model would tell as a fact.
    """
    chunks = _find_chunks(reply)
    read = [_read_passage(chunk, names) for chunk in values.as_objects(chunks)]
    passages = [passage for passage in read if passage.text.strip()]
    if chunks is None or (chunks and not passages):
        raise _unreadable_reply(reply)
    return passages


def _find_chunks(reply: object) -> Sequence[Any] | None:
    """Return the passages of a reply, None where it has no list of them; where the current search
    puts them is not documented for sure.
    """
    fields = values.as_object(reply)
    data = fields.get("data")
    found = data if "data" in fields else reply
    for holder in (values.as_object(data), fields):
        if "chunks" in holder:
            # Null is how a service may write an empty list.
            found = [] if holder["chunks"] is None else holder["chunks"]
    return found if isinstance(found, list) else None


def _unreadable_reply(reply: object) -> ProtocolError:
    fields = values.as_object(reply)
    return ProtocolError(
        Text(
            "知识库检索的回复读不了",
            "the reply of the search in the knowledge base cannot be read",
        ),
        Text("服务用了这里还不认识的格式", "the service uses a form that is not known here"),
        Text(
            "用 ernie.wire.post 看原样的回复；问题没有发给模型",
            "see the reply as it is with ernie.wire.post; no model was asked",
        ),
        status=200,
        request_id=values.as_name(fields.get("requestId") or fields.get("request_id")),
    )


def _read_passage(chunk: Mapping[str, Any], names: Mapping[str, str]) -> Passage:
    document = values.as_object(chunk.get("doc_info"))
    meta = values.as_object(chunk.get("meta"))
    document_id = _first_name((document, "doc_id", "document_id", "id"), (chunk, "document_id"))
    title = _first_name(
        (document, "doc_name", "document_name", "name", "title"),
        (chunk, "document_name"),
        (meta, "doc_name", "document_name", "file_name", "title"),
    )
    base_id = _first_name(
        (document, "knowledgebase_id"), (chunk, "knowledgebase_id"), (meta, "knowledgebase_id")
    )
    base = names.get(base_id, base_id)
    if not base and len(names) == 1:
        (base,) = names.values()
    return Passage(
        text=_read_content(chunk.get("content") or chunk.get("text")),
        title=title or document_id,
        score=_read_score(chunk),
        knowledge_base=base,
        document_id=document_id,
        id=values.as_name(chunk.get("chunk_id")),
        url=values.as_name(document.get("url") or meta.get("url"), _MAX_URL),
    )


def _read_content(content: object) -> str:
    """Return the text of a chunk, which is one text or a list of parts; the addresses of its
    pictures where it has no text.
    """
    if isinstance(content, str):
        return values.as_safe_text(content)
    parts = values.as_objects(content)
    text = "\n".join(filter(None, (values.as_text(part.get("text")) for part in parts)))
    if not text.strip():
        text = "\n".join(picture.url or PICTURE_STAND_IN for picture in find_pictures(parts))
    return values.as_safe_text(text)


def _read_score(chunk: Mapping[str, Any]) -> float | None:
    """Return how well a chunk fits: as it was ranked, else as it was found."""
    for score in (
        values.as_object(chunk.get("rerank")).get("score"),
        chunk.get("rank_score"),
        values.as_object(chunk.get("recall")).get("score"),
        chunk.get("retrieval_score"),
    ):
        if (number := values.as_number(score)) is not None:
            return number
    return None


def _first_name(*places: tuple[Any, ...]) -> str:
    """Return the first of some fields that has a name; each place is an object and its fields."""
    for fields, *keys in places:
        for key in keys:
            if name := values.as_name(fields.get(key)):
                return name
    return ""


class KnowledgeBaseList(Listing[KnowledgeBase]):
    """The knowledge bases of an account."""


class DocumentList(Listing[Document]):
    """Documents of a knowledge base, with their states."""

    def _describe(self, item: Document) -> str:
        return f"{item.name} ({item.state})"


class PassageList(Listing[Passage]):
    """What a search has found, the best first."""

    def _describe(self, item: Passage) -> str:
        return item.title
