"""What calls of knowledge bases are made of: names found, files sent, documents waited for, and the
search.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api import values
from ernie_magic.api.account_things import KNOWLEDGE_BASE
from ernie_magic.api.http_status import NOT_FOUND
from ernie_magic.api.keywords import check_number
from ernie_magic.api.passages import check_knowledge
from ernie_magic.errors import ErnieError, InvalidOption, ServiceError, TransportError
from ernie_magic.qianfan.console import QUICK_PAUSE
from ernie_magic.qianfan.creation import (
    StoppedWork,
    may_have_been_carried_out,
    required_field,
    stopped_creation,
    telling_stop,
)
from ernie_magic.qianfan.knowledge.records import (
    NOT_LISTED,
    Document,
    DocumentList,
    KnowledgeBase,
    KnowledgeBaseList,
    PassageList,
    read_base,
    read_document,
    read_passages,
)
from ernie_magic.qianfan.lookup import UUID, find_named, name_of
from ernie_magic.text.language import Counted, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.qianfan.console import PlatformCall
    from ernie_magic.wire.request import Form

GROUP = "knowledgeBase"
SEARCH = "/v2/knowledgebases/search"
_OLDER_SEARCH = "/v2/knowledgebases/query"
_BOS = re.compile(r"bos://|https?://[^/]*\bbcebos\.com(?:[:/]|$)", re.IGNORECASE)
_REGISTERED = Counted(
    Text("此前的 {n} 个文件已登记；", "the {n} files before it are registered; "),
    Text("此前的 {n} 个文件已登记；", "the file before it is registered; "),
)
_MAX_TOP = 40
_MAX_NAME = 50  # characters
_MAX_QUESTION = 2_000  # characters that a search is given
_KINDS = ("fulltext", "semantic", "hybrid")
# How often a list is looked at for a new document that it does not show yet: what was written is
# not at once to be read everywhere, and some lists hide what is being read.
_LATE_LOOKS = 30
_LOOK_AFTER_FAILURE = 5.0  # seconds to find out whether a document was registered all the same
_BASE = Text("知识库“{name}”", "the knowledge base {name!r}")
_LIST_FIRST = Text(
    "再次创建之前先用 %ernie knowledge 查看",
    "list with %ernie knowledge before you create it again",
)
_DOCUMENTS = Text("这些文档", "the documents")
_SEE_DOCUMENTS = Text(
    "再次添加之前先看 ernie.knowledge.documents(…)",
    "see ernie.knowledge.documents(…) before you add them again",
)
_UPLOAD_STOPPED = Text(
    "已停止：{before}{name} 可能已登记；先看 ernie.knowledge.documents(…) 再决定是否重传",
    "stopped: {before}{name} may be registered; see ernie.knowledge.documents(…) before uploading "
    "it again",
)
_STILL_READING = Text(
    "不再等待；文档已登记，服务仍在解析：ernie.knowledge.watch('{id}') 接着等",
    "no longer watched; the documents are registered and are still being read: "
    "ernie.knowledge.watch('{id}') watches them again",
)
_STATES = Text("{done} / {total} 可检索 · {states}", "{done} of {total} ready · {states}")


class SearchLimits(NamedTuple):
    """What a search says of its results; None for the service's defaults."""

    top: int | None = None
    threshold: float | None = None
    kind: str | None = None


def check_search(question: object, names: object, limits: SearchLimits) -> tuple[str, ...]:
    """Return the names of the knowledge bases that a search is for.

    Raises
    ------
    InvalidOption
        Something in it is wrong.
    """
    if not isinstance(question, str) or not question.strip():
        raise InvalidOption(
            Text("没有可检索的问题：{given}", "there is no question to search for: {given}").fill(
                given=f"{question!r:.40}"
            )
        )
    if limits.kind is not None and limits.kind not in _KINDS:
        raise InvalidOption(
            Text("没有 {kind} 这种检索，可选：{kinds}", "no search {kind}; choices: {kinds}").fill(
                kind=f"{limits.kind!s:.40}", kinds=", ".join(_KINDS)
            )
        )
    if limits.top is not None:
        check_number("top", limits.top, 1, _MAX_TOP)
    if limits.threshold is not None:
        check_number("threshold", limits.threshold, 0, 1, is_whole=False)
    wanted = check_knowledge(names)
    if not wanted:
        raise InvalidOption(Text("没有给出知识库", "no knowledge base is given"))
    return wanted


def check_new_name(name: object) -> None:
    """Check the name of a knowledge base that is to be created.

    Raises
    ------
    InvalidOption
    """
    if isinstance(name, str) and name.strip() and len(name) <= _MAX_NAME:
        return
    raise InvalidOption(
        Text(
            "知识库的名称要有 1 到 {n} 个字，不是 {given}",
            "a knowledge base's name has 1 to {n} characters, not {given}",
        ).fill(n=_MAX_NAME, given=f"{name!r:.60}")
    )


async def find_passages(
    call: PlatformCall,
    question: str,
    names: Sequence[str],
    limits: SearchLimits | None = None,
) -> PassageList:
    """Return what knowledge bases hold about a question, the best first.

    A service without the current search is asked by the older one.

    Raises
    ------
    ErnieError
    """
    limits = limits or SearchLimits()
    bases = await _find_base_ids(call, names)
    asked = question.strip()[:_MAX_QUESTION]
    try:
        reply = await call.request(
            "POST", SEARCH, _search_body(asked, [*bases], limits), repeatable=True
        )
    except ServiceError as error:
        if error.status != NOT_FOUND:
            raise
        reply = await call.request(
            "POST", _OLDER_SEARCH, _older_body(asked, [*bases], limits), repeatable=True
        )
    return PassageList(read_passages(reply, bases), is_simulated=call.is_simulated)


def _search_body(question: str, ids: Sequence[str], limits: SearchLimits) -> dict[str, Any]:
    body: dict[str, Any] = {
        "query": [{"type": "text", "text": question}],
        "knowledgebase_ids": list(ids),
    }
    if limits.kind:
        body["recall"] = {"type": limits.kind}
    if limits.top is not None:
        body["top_k"] = limits.top
    if limits.threshold is not None:
        body["score_threshold"] = limits.threshold
    return body


def _older_body(question: str, ids: Sequence[str], limits: SearchLimits) -> dict[str, Any]:
    body: dict[str, Any] = {"query": question, "knowledgebase_ids": list(ids)}
    if limits.kind:
        body["type"] = limits.kind
    if limits.top is not None:
        body["top"] = limits.top
    if limits.threshold is not None:
        body["rank_score_threshold"] = limits.threshold
    return body


async def _find_base_ids(call: PlatformCall, names: Sequence[str]) -> dict[str, str]:
    """Return the names of knowledge bases by their ids."""
    return {await find_base_id(call, name): name for name in names}


async def find_base_id(call: PlatformCall, name: str | KnowledgeBase) -> str:
    """Return the id of a knowledge base.

    Raises
    ------
    InvalidOption
        There is none of that name, or there are several.
    """
    wanted = name_of(name, KNOWLEDGE_BASE)
    if UUID.fullmatch(wanted):
        return wanted
    known = await list_bases(call, {"keyword": wanted})
    if all(base.name != wanted for base in known):
        known = await list_bases(call, {})  # the closest name is told
    return find_named(wanted, known, KNOWLEDGE_BASE).id


async def list_bases(call: PlatformCall, body: Mapping[str, Any]) -> KnowledgeBaseList:
    """Return the knowledge bases of the account.

    Parameters
    ----------
    body
        Which ones: `keyword`; {} for all.

    Raises
    ------
    ErnieError
    """
    rows = await call.list_items(GROUP, "DescribeKnowledgeBases", body, list_name="data")
    return call.build_listing(KnowledgeBaseList, rows, read_base)


async def list_documents(call: PlatformCall, base_id: str) -> DocumentList:
    """Return the documents of a knowledge base, with their states.

    Raises
    ------
    ErnieError
    """
    body = {"knowledgeBaseId": base_id}
    rows = await call.list_items(GROUP, "DescribeDocuments", body, list_name="data")
    return call.build_listing(DocumentList, rows, read_document)


async def create_base(call: PlatformCall, body: Mapping[str, Any]) -> KnowledgeBase:
    """Create a knowledge base.

    Raises
    ------
    TransportError
        The reply was lost; the error tells whether one of that name is there.
    ErnieError
    """
    sent = call.request("POST", _action_with_token("CreateKnowledgeBase"), body)
    try:
        with telling_stop(stopped_creation(_BASE.fill(name=body["name"]), _LIST_FIRST)):
            made = values.as_object(await sent)
    except TransportError as error:
        error.advice = await _advise_after_creation(call, body["name"])
        raise
    required_field(made, "id")
    return read_base(made, is_simulated=call.is_simulated)


async def _advise_after_creation(call: PlatformCall, name: str) -> Text:
    """Return what to do when it is not known whether a knowledge base was created."""
    try:
        looking = list_bases(call, {"keyword": name})
        bases = await asyncio.wait_for(looking, _LOOK_AFTER_FAILURE)
    except (ErnieError, asyncio.TimeoutError):
        return Text(
            "用 %ernie knowledge 看它是否已建好，没有再建",
            "see by %ernie knowledge whether it is there; if not, create it again",
        )
    if any(base.name == name for base in bases):
        return Text(
            "已有叫 {name} 的知识库：先看 %ernie knowledge，再决定是否重建",
            "a knowledge base {name} is there: see %ernie knowledge before creating it again",
        ).fill(name=name)
    return Text("它没有建成，再建一次即可", "it was not created; create it again")


def documents_body(
    base_id: str,
    source: Mapping[str, Any],
    content_format: str,
    process_option: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return what adds documents to a knowledge base.

    Parameters
    ----------
    source
        Where they come from, as the API writes it.
    content_format, process_option
        As in `Knowledge.upload`.
    """
    body: dict[str, Any] = {"id": base_id, "source": source, "contentFormat": content_format}
    if process_option:
        body["processOption"] = dict(process_option)
    return body


async def add_documents(call: PlatformCall, body: Mapping[str, Any]) -> list[str]:
    """Add documents that the service fetches; return their ids.

    Raises
    ------
    TransportError
        The reply was lost.
    ErnieError
    """
    sent = call.request("POST", _action_with_token("CreateDocuments"), body)
    try:
        with telling_stop(stopped_creation(_DOCUMENTS, _SEE_DOCUMENTS)):
            reply = values.as_object(await sent)
    except TransportError as error:
        error.advice = Text(
            "先用 ernie.knowledge.documents(…) 看是否已添加，没有再添加",
            "see by ernie.knowledge.documents(…) whether they were added; if not, add them again",
        )
        raise
    ids = [each for each in values.as_names(values.as_list(reply.get("documentIds"))) if each]
    if not ids:
        required_field(reply, "documentIds")
    return ids


async def upload_file(
    call: PlatformCall,
    payload: Mapping[str, Any],
    form: Form,
    uploaded: Sequence[str],
) -> str:
    """Send one file; return the id of its document.

    Raises
    ------
    WorkStopped
    ErnieError
        It broke off, or was refused; the error tells what is registered.
    """
    fields = {"payload": json.dumps(payload, ensure_ascii=False)}
    sent = call.request(
        "POST", _action_with_token("UploadDocuments"), form=form._replace(fields=fields)
    )
    name = form.files[0].name
    before = _describe_uploaded(len(uploaded))
    try:
        with telling_stop(StoppedWork(_UPLOAD_STOPPED.fill(before=before, name=name))):
            told = values.as_object(await sent)
        return values.as_name(told.get("id")) or required_field(told, "documentId")
    except ErnieError as error:
        error.what = Text(
            "{name} 没有传完：{what}", "{name} was not uploaded completely: {what}"
        ).fill(name=name, what=error.what)
        if isinstance(error, TransportError) or may_have_been_carried_out(error):
            error.advice = await _advise_after_failure(call, payload["id"], name, before)
        elif error.advice is not None:
            error.advice = Text("{before}{advice}", "{before}{advice}").fill(
                before=before, advice=error.advice
            )
        raise


def _describe_uploaded(count: int) -> Text:
    if not count:
        return Text("", "")
    return _REGISTERED.fill(count)


async def _advise_after_failure(
    call: PlatformCall,
    base_id: str,
    name: str,
    before: Text,
) -> Text:
    """Return what to do after an upload that broke off: the service is asked what it has."""
    try:
        looking = list_documents(call, base_id)
        documents = await asyncio.wait_for(looking, _LOOK_AFTER_FAILURE)
    except (ErnieError, asyncio.TimeoutError):
        return Text(
            "{before}用 ernie.knowledge.documents(…) 看它是否在库里，不在就再传一次",
            "{before}see by ernie.knowledge.documents(…) whether it is there; if not, upload it "
            "again",
        ).fill(before=before)
    if any(document.name == name for document in documents):
        return Text(
            "{before}知识库里有同名文档：先看 ernie.knowledge.documents(…)，再决定是否重传",
            "{before}a document of that name is registered: see ernie.knowledge.documents(…) "
            "before uploading it again",
        ).fill(before=before)
    return Text(
        "{before}知识库里没有登记它；再传一次即可",
        "{before}nothing of it is registered; upload it again",
    ).fill(before=before)


async def finish_adding(
    call: PlatformCall,
    base_id: str,
    ids: Sequence[str],
    *,
    wait: bool,
) -> DocumentList:
    """Return the documents that were added, once they are ready where that is waited for."""
    if wait:
        return await watch_documents(call, base_id, ids)
    documents = await list_documents(call, base_id)
    return _keep(documents, ids, missing=_missing_of(documents, ids))


async def watch_documents(
    call: PlatformCall,
    base_id: str,
    ids: Sequence[str],
) -> DocumentList:
    """Look at documents until nothing more happens to them; at all of them without ids.

    One that is not listed is under way, until it has been missing for many looks.

    Raises
    ------
    ServiceError
        The service cannot read one, or does not list it after many looks.
    """
    looks_without = 0

    async def look() -> DocumentList:
        nonlocal looks_without
        documents = await list_documents(call, base_id)
        missing = _missing_of(documents, ids)
        looks_without = looks_without + 1 if missing else 0
        if looks_without > _LATE_LOOKS:
            raise _unlisted_error(base_id, missing)
        return _keep(documents, ids, missing=missing)

    documents = await call.watch_task(
        look,
        is_over=lambda documents: all(document.is_settled for document in documents),
        still_running=_STILL_READING.fill(id=base_id),
        percent=_percent_settled,
        notice=_describe_states,
        pause=QUICK_PAUSE,
    )
    if failed := [document for document in documents if not document.is_usable]:
        raise _unreadable_error(failed)
    return documents


def _missing_of(documents: DocumentList, ids: Sequence[str]) -> list[str]:
    listed = {document.id for document in documents}
    return [each for each in ids if each not in listed]


def _keep(
    documents: DocumentList,
    ids: Sequence[str],
    *,
    missing: Sequence[str],
) -> DocumentList:
    """Return the documents of these ids, of all without ids, and those that are `missing`."""
    if not ids:
        return documents
    simulated = documents.is_simulated
    kept = [document for document in documents if document.id in ids]
    kept += [Document(each, each, NOT_LISTED, is_simulated=simulated) for each in missing]
    return DocumentList(kept, is_simulated=simulated)


def _unlisted_error(base_id: str, missing: Sequence[str]) -> ServiceError:
    return ServiceError(
        Text(
            "知识库里没有列出文档 {ids}",
            "the knowledge base does not list the documents {ids}",
        ).fill(ids=", ".join(missing)),
        Text(
            "服务还没有登记完，或它们已被删除",
            "the service has not finished registering them, or they were deleted",
        ),
        Text(
            "过一会儿用 ernie.knowledge.watch('{id}') 再看，不在再上传",
            "look again later with ernie.knowledge.watch('{id}'); if they are not there, upload "
            "them again",
        ).fill(id=base_id),
    )


def _percent_settled(documents: DocumentList) -> float:
    settled = sum(document.is_settled for document in documents)
    return 100 * settled / (len(documents) or 1)


def _describe_states(documents: DocumentList) -> Text:
    ready = sum(document.is_usable for document in documents)
    states = ", ".join(dict.fromkeys(document.state for document in documents))
    return _STATES.fill(done=ready, total=len(documents), states=states)


def _unreadable_error(documents: Sequence[Document]) -> ServiceError:
    told = ", ".join(f"{document.name} ({document.state})" for document in documents)
    return ServiceError(
        Text("文档不能用于检索：{told}", "documents are not ready for a search: {told}").fill(
            told=told
        ),
        Text(
            "服务读不了这种文件，或要先在控制台配置",
            "the service cannot read such a file, or it has to be configured in the console first",
        ),
        Text(
            "换成 txt、md、docx 或带文字的 pdf，或在千帆控制台查看原因",
            "use txt, md, docx or a pdf with text, or see the reason in Qianfan's console",
        ),
    )


def source_of(given: object, depth: int) -> dict[str, Any]:
    """Return where documents come from, by their addresses.

    Raises
    ------
    InvalidOption
        They are of both kinds, or of neither.
    """
    urls = [given] if isinstance(given, str) else given
    if not isinstance(urls, (list, tuple)):
        urls = [urls]
    addresses = [url for url in urls if isinstance(url, str)]
    on_bos = [bool(_BOS.match(address)) for address in addresses]
    is_web = all(re.match(r"https?://\S+$", address) for address in addresses)
    if not addresses or len(addresses) < len(urls) or not (all(on_bos) or is_web):
        raise InvalidOption(
            Text(
                "要给网页地址，或 BOS 地址", "addresses of pages, or of files on BOS, are expected"
            ),
            advice=Text(
                "例如 https://…；本机的文件用 upload", "for example https://…; for files use upload"
            ),
        )
    if all(on_bos):
        return {"type": "bos", "urls": addresses}
    if any(on_bos):
        raise InvalidOption(
            Text("网页和 BOS 文件不能一起给", "pages and files on BOS cannot be given together"),
            advice=Text("分两次添加", "add them in two calls"),
        )
    return {"type": "web", "urls": addresses, "urlDepth": depth}


def _action_with_token(action: str) -> str:
    """Return the path of an action that adds something, with a token: the service carries out
    requests of the same token once.
    """
    return f"/v2/{GROUP}?Action={action}&clientToken={uuid.uuid4()}"
