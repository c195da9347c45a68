"""`ernie.knowledge`: knowledge bases, their documents, and what a search finds in them."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from ernie_magic.api import values
from ernie_magic.api.passages import check_knowledge
from ernie_magic.api.public_names import names_by_use
from ernie_magic.calls.uploads import list_paths, read_form
from ernie_magic.errors import ErnieError, InvalidOption, ServiceError, TransportError
from ernie_magic.qianfan.console import QUICK_PAUSE
from ernie_magic.qianfan.knowledge_data import (
    Document,
    DocumentList,
    KnowledgeBase,
    KnowledgeBaseList,
    PassageList,
    read_base,
    read_document,
    read_passages,
)
from ernie_magic.runtime.events import Delta
from ernie_magic.runtime.once import awaited, blocking
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from ernie_magic.api.passages import Passage
    from ernie_magic.qianfan.console import Console, PlatformCall
    from ernie_magic.runtime.stream import Stream
    from ernie_magic.wire.request import Form

GROUP = "knowledgeBase"
_SEARCH = "/v2/knowledgebases/search"
_OLDER_SEARCH = "/v2/knowledgebases/query"
_IN_ORDER_OF_USE = (
    "list",
    "search",
    "create",
    "upload",
    "add",
    "documents",
    "wait_until_ready",
    "get",
    "delete_document",
    "delete",
)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_BOS = re.compile(r"bos://|https?://[^/]*\bbcebos\.com(?:[:/]|$)", re.IGNORECASE)
_MAX_TOP = 40
_MAX_NAME = 50  # characters
_MAX_QUESTION = 2_000  # characters that a search is given
_KINDS = ("fulltext", "semantic", "hybrid")
_NOT_FOUND = 404
_LOOK_AFTER_FAILURE = 5.0  # seconds to find out whether a document was registered all the same
_UPLOADING = Text("上传", "upload")
_PARSING = Text("解析文档", "reading the documents")
_SEARCHING = Text("正在检索知识库 {names}", "searching the knowledge base {names}")
_STATES = Text("{done} / {total} 可检索 · {states}", "{done} of {total} ready · {states}")


class Knowledge:
    """Knowledge bases of Qianfan: `ernie.knowledge.search("退货要几天", "demo")`.

    A chat is answered from one by `ernie.chat("…", knowledge="demo")`, and in a cell by `%%ernie
    --knowledge demo`.

    A knowledge base is given by its name or its id. The emulator has one, "demo".

    Parameters
    ----------
    console
        Makes the calls.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    # --- knowledge bases --------------------------------------------------------------------------

    def _begin_list(self, sought: str = "") -> Stream[KnowledgeBaseList]:
        """Return the knowledge bases of the account.

        Parameters
        ----------
        sought
            Only those with these words in the name.

        Raises
        ------
        ErnieError
        """
        body = {"keyword": sought} if sought else {}

        async def work(call: PlatformCall) -> KnowledgeBaseList:
            return await _list_bases(call, body)

        return self._start(work)

    def _begin_get(self, name: str) -> Stream[KnowledgeBase]:
        """Return a knowledge base.

        Parameters
        ----------
        name
            Its name or its id.

        Raises
        ------
        ErnieError
        """

        async def work(call: PlatformCall) -> KnowledgeBase:
            base_id = await _find_id(call, name)
            return read_base(await call.action(GROUP, "DescribeKnowledgeBase", {"id": base_id}))

        return self._start(work)

    def _begin_create(self, name: str, description: str = "") -> Stream[KnowledgeBase]:
        """Create a knowledge base, on the service's shared index.

        Parameters
        ----------
        name
            At most 50 characters.
        description
            What it is about.

        Raises
        ------
        ErnieError
        """
        self._console.client.localizing_errors(lambda: _check_new_name(name))
        body: dict[str, Any] = {"name": name, "config": {"index": {"type": "public"}}}
        if description:
            body["description"] = description

        async def work(call: PlatformCall) -> KnowledgeBase:
            return read_base(await call.request("POST", _path("CreateKnowledgeBase"), body))

        return self._start(work)

    def _begin_delete(self, name: str) -> Stream[None]:
        """Delete a knowledge base with its documents; this cannot be undone.

        Parameters
        ----------
        name
            Its name or its id.

        Raises
        ------
        ErnieError
        """

        async def work(call: PlatformCall) -> None:
            base_id = await _find_id(call, name)
            await call.action(GROUP, "DeleteKnowledgeBase", {"id": base_id})

        return self._start(work)

    list = blocking(_begin_list)
    alist = awaited(_begin_list)
    get = blocking(_begin_get)
    aget = awaited(_begin_get)
    create = blocking(_begin_create)
    acreate = awaited(_begin_create)
    delete = blocking(_begin_delete)
    adelete = awaited(_begin_delete)

    # --- documents --------------------------------------------------------------------------------

    def _begin_documents(self, name: str) -> Stream[DocumentList]:
        """Return the documents of a knowledge base, with their states.

        Parameters
        ----------
        name
            Its name or its id.

        Raises
        ------
        ErnieError
        """

        async def work(call: PlatformCall) -> DocumentList:
            return await _list_documents(call, await _find_id(call, name))

        return self._start(work)

    def _begin_upload(
        self,
        name: str,
        files: str | Path | Sequence[str | Path],
        *,
        content_format: str = "rawText",
        process_option: Mapping[str, Any] | None = None,
        wait: bool = True,
    ) -> Stream[DocumentList]:
        """Add files of this machine to a knowledge base, one after another, and wait until a search
        finds what is in them.

        Parameters
        ----------
        name
            The knowledge base's name or its id.
        files
            A path, or several: txt, md, pdf, docx, pptx, xlsx, csv, json …
        content_format
            "rawText"; "qa" for pairs of questions and answers.
        process_option
            How the service reads and cuts them (`processOption` on
            https://cloud.baidu.com/doc/qianfan-api/s/mlz17z1iz); its default when None.
        wait
            False returns once they are registered; `wait_until_ready` waits for them later.

        Returns
        -------
        DocumentList
            Those that were added.

        Raises
        ------
        InvalidOption
            A file cannot be read: nothing was sent.
        TransportError
            An upload broke off; it tells what is registered.
        ErnieError
        """
        client = self._console.client
        paths = client.localizing_errors(lambda: list_paths(files))
        if not paths:
            raise self._localize(InvalidOption(Text("没有给出文件", "no file is given")))
        forms = client.localizing_errors(lambda: [read_form(path, {}) for path in paths])

        async def work(call: PlatformCall) -> DocumentList:
            base_id = await _find_id(call, name)
            payload: dict[str, Any] = {
                "id": base_id,
                "source": {"type": "file"},
                "contentFormat": content_format,
            }
            if process_option:
                payload["processOption"] = dict(process_option)
            ids: list[str] = []
            for form in forms:
                ids.append(await _upload_file(call, payload, form, ids))
            return await _finish_adding(call, base_id, ids, wait=wait)

        return self._start(work, progress_title=_UPLOADING)

    def _begin_add(
        self,
        name: str,
        addresses: str | Sequence[str],
        *,
        depth: int = 1,
        content_format: str = "rawText",
        process_option: Mapping[str, Any] | None = None,
        wait: bool = True,
    ) -> Stream[DocumentList]:
        """Add pages of the web, or files on BOS, which the service fetches itself.

        Parameters
        ----------
        name
            The knowledge base's name or its id.
        addresses
            `https://…` for pages; `bos://…`, or addresses of bcebos.com, for files on BOS.
        depth
            How far links of a page are followed; 1 for not at all.
        content_format, process_option, wait
            As in `upload`.

        Raises
        ------
        InvalidOption
            Addresses of both kinds are given, or one of neither.
        ErnieError
        """
        source = self._console.client.localizing_errors(lambda: _source_of(addresses, depth))

        async def work(call: PlatformCall) -> DocumentList:
            base_id = await _find_id(call, name)
            body: dict[str, Any] = {
                "id": base_id,
                "source": source,
                "contentFormat": content_format,
            }
            if process_option:
                body["processOption"] = dict(process_option)
            reply = await call.request("POST", _path("CreateDocuments"), body)
            told = values.as_list(values.as_object(reply).get("documentIds"))
            return await _finish_adding(call, base_id, values.as_names(told), wait=wait)

        return self._start(work, progress_title=_PARSING)

    def _begin_wait_until_ready(
        self,
        name: str,
        documents: Sequence[Document | str] | None = None,
    ) -> Stream[DocumentList]:
        """Wait until a search finds what is in the documents. An interrupt ends the waiting only.

        Parameters
        ----------
        name
            The knowledge base's name or its id.
        documents
            Which ones, or their ids; all when None.

        Raises
        ------
        ServiceError
            The service cannot read one of them; the message names it.
        ErnieError
        """
        ids = [
            document.id if isinstance(document, Document) else document
            for document in documents or ()
        ]

        async def work(call: PlatformCall) -> DocumentList:
            return await _wait_for_documents(call, await _find_id(call, name), ids)

        return self._start(work, progress_title=_PARSING)

    def _begin_delete_document(self, name: str, document: Document | str) -> Stream[None]:
        """Delete a document of a knowledge base.

        The call is the one of the official client (https://github.com/baidubce/app-builder): the
        documentation names no newer one.

        Parameters
        ----------
        name
            The knowledge base's name or its id.
        document
            The document or its id.

        Raises
        ------
        ErnieError
        """
        document_id = document.id if isinstance(document, Document) else document

        async def work(call: PlatformCall) -> None:
            base_id = await _find_id(call, name)
            query = urlencode({"knowledge_base_id": base_id, "document_id": document_id})
            await call.request("DELETE", f"/v2/knowledge_base/document?{query}")

        return self._start(work)

    documents = blocking(_begin_documents)
    adocuments = awaited(_begin_documents)
    upload = blocking(_begin_upload)
    aupload = awaited(_begin_upload)
    add = blocking(_begin_add)
    aadd = awaited(_begin_add)
    wait_until_ready = blocking(_begin_wait_until_ready)
    await_until_ready = awaited(_begin_wait_until_ready)
    delete_document = blocking(_begin_delete_document)
    adelete_document = awaited(_begin_delete_document)

    # --- search -----------------------------------------------------------------------------------

    def _begin_search(
        self,
        question: str,
        names: str | Sequence[str],
        *,
        top: int | None = None,
        threshold: float | None = None,
        kind: str | None = None,
    ) -> Stream[PassageList]:
        """Return the passages of documents that fit a question, the best first.

        Parameters
        ----------
        question
            What to look for.
        names
            A knowledge base's name or id, or several.
        top
            At most this many passages, 1 to 40; the service's default, 6, when None.
        threshold
            The score that a passage needs, 0 to 1; the service's default, 0.4, when None.
        kind
            "fulltext", "semantic" or "hybrid"; the service's default when None.

        Raises
        ------
        ErnieError
        """
        limits = _Limits(top, threshold, kind)
        wanted = self._console.client.localizing_errors(
            lambda: _check_search(question, names, limits)
        )
        return self._start(lambda call: find_passages(call, question, wanted, limits))

    search = blocking(_begin_search)
    asearch = awaited(_begin_search)

    def prepare_search(
        self,
        names: Sequence[str],
    ) -> Callable[[str, Callable[[Delta], None]], Awaitable[Sequence[Passage]]]:
        """Return what searches these knowledge bases for a question, on the I/O thread, with the
        credential that is set now; it is given the question and where to report progress.

        Raises
        ------
        MissingKey, InvalidOption
        """
        client = self._console.client
        client.route_path(_SEARCH, is_action=True)
        open_call = self._console.prepare_call()

        async def search(question: str, emit: Callable[[Delta], None]) -> Sequence[Passage]:
            emit(Delta(notice=_SEARCHING.fill(names=", ".join(names))))
            return await find_passages(open_call(emit), question, names)

        return search

    def _start(
        self,
        work: Callable[[PlatformCall], Awaitable[Any]],
        *,
        progress_title: Text | None = None,
    ) -> Stream[Any]:
        self._console.client.route_path(_SEARCH, is_action=True)  # a missing key is told at once
        return self._console.start_work(work, progress_title=progress_title)

    def _localize(self, error: ErnieError) -> ErnieError:
        return self._console.client.with_language(error)

    def __dir__(self) -> Sequence[str]:
        return names_by_use(super().__dir__(), _IN_ORDER_OF_USE, ("prepare_search",))

    def __repr__(self) -> str:
        return "Knowledge()"


class _Limits(NamedTuple):
    """What a search says of its results; None for the service's defaults."""

    top: int | None = None
    threshold: float | None = None
    kind: str | None = None


def _check_search(question: object, names: object, limits: _Limits) -> tuple[str, ...]:
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
    for name, value, low, high in (
        ("top", limits.top, 1, _MAX_TOP),
        ("threshold", limits.threshold, 0, 1),
    ):
        _check_number(name, value, low, high)
    wanted = check_knowledge(names)
    if not wanted:
        raise InvalidOption(Text("没有给出知识库", "no knowledge base is given"))
    return wanted


def _check_number(name: str, value: object, low: int, high: int) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    is_number = is_whole or (isinstance(value, float) and high == 1)
    if value is None or (is_number and low <= value <= high):  # type: ignore[operator]
        return
    raise InvalidOption(
        Text(
            "{name} 的值 {value} 不在 {low}–{high} 之间", "{name} {value} is not in {low}–{high}"
        ).fill(name=name, value=f"{value!r:.40}", low=low, high=high)
    )


def _check_new_name(name: object) -> None:
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
    limits: _Limits | None = None,
) -> PassageList:
    """Return what knowledge bases hold about a question, the best first.

    A service without the current search is asked by the older one.

    Raises
    ------
    ErnieError
    """
    limits = limits or _Limits()
    bases = await _find_ids(call, names)
    asked = question.strip()[:_MAX_QUESTION]
    try:
        reply = await call.request(
            "POST", _SEARCH, _search_body(asked, [*bases], limits), repeatable=True
        )
    except ServiceError as error:
        if error.status != _NOT_FOUND:
            raise
        reply = await call.request(
            "POST", _OLDER_SEARCH, _older_body(asked, [*bases], limits), repeatable=True
        )
    return PassageList(read_passages(reply, bases))


def _search_body(question: str, ids: Sequence[str], limits: _Limits) -> dict[str, Any]:
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


def _older_body(question: str, ids: Sequence[str], limits: _Limits) -> dict[str, Any]:
    body: dict[str, Any] = {"query": question, "knowledgebase_ids": list(ids)}
    if limits.kind:
        body["type"] = limits.kind
    if limits.top is not None:
        body["top"] = limits.top
    if limits.threshold is not None:
        body["rank_score_threshold"] = limits.threshold
    return body


async def _find_ids(call: PlatformCall, names: Sequence[str]) -> dict[str, str]:
    """Return the names of knowledge bases by their ids."""
    return {await _find_id(call, name): name for name in names}


async def _find_id(call: PlatformCall, name: str) -> str:
    """Return the id of a knowledge base.

    Raises
    ------
    InvalidOption
        There is none of that name, or there are several.
    """
    check_knowledge([name])
    if _ID.fullmatch(name):
        return name
    found = [base.id for base in await _list_bases(call, {"keyword": name}) if base.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidOption(
            Text("有 {n} 个知识库叫 {name}", "{n} knowledge bases are called {name}").fill(
                n=len(found), name=name
            ),
            advice=Text("写其中一个的 ID：{ids}", "give the id of one of them: {ids}").fill(
                ids=", ".join(found)
            ),
        )
    known = [base.name for base in await _list_bases(call, {})]
    raise InvalidOption(
        Text("没有叫 {name} 的知识库", "no knowledge base is called {name}").fill(name=name),
        advice=did_you_mean(name, known)
        or Text("%ernie knowledge 列出全部", "%ernie knowledge lists them all"),
    )


async def _list_bases(call: PlatformCall, body: Mapping[str, Any]) -> KnowledgeBaseList:
    rows = await call.list_items(GROUP, "DescribeKnowledgeBases", body, list_name="data")
    return KnowledgeBaseList(map(read_base, values.as_objects(rows)))


async def _list_documents(call: PlatformCall, base_id: str) -> DocumentList:
    body = {"knowledgeBaseId": base_id}
    rows = await call.list_items(GROUP, "DescribeDocuments", body, list_name="data")
    return DocumentList(map(read_document, values.as_objects(rows)))


async def _upload_file(
    call: PlatformCall,
    payload: Mapping[str, Any],
    form: Form,
    uploaded: Sequence[str],
) -> str:
    """Send one file; return the id of its document.

    Raises
    ------
    TransportError
        It broke off; the error tells whether the file is registered.
    ErnieError
    """
    fields = {"payload": json.dumps(payload, ensure_ascii=False)}
    try:
        reply = await call.request(
            "POST", _path("UploadDocuments"), form=form._replace(fields=fields)
        )
    except TransportError as error:
        name = form.files[0].name
        error.advice = await _advise_after_failure(call, payload["id"], name, len(uploaded))
        error.what = Text(
            "{name} 没有传完：{what}", "{name} was not uploaded completely: {what}"
        ).fill(name=name, what=error.what)
        raise
    return values.as_name(values.as_object(reply).get("documentId"))


async def _advise_after_failure(
    call: PlatformCall,
    base_id: str,
    name: str,
    uploaded: int,
) -> Text:
    """Return what to do after an upload that broke off: the service is asked what it has."""
    before = Text("", "")
    if uploaded:
        before = Text("此前的 {n} 个文件已登记；", "the {n} files before it are registered; ").fill(
            n=uploaded
        )
    try:
        looking = _list_documents(call, base_id)
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


async def _finish_adding(
    call: PlatformCall,
    base_id: str,
    ids: Sequence[str],
    *,
    wait: bool,
) -> DocumentList:
    """Return the documents that were added, once they are ready where that is waited for."""
    if wait:
        return await _wait_for_documents(call, base_id, ids)
    return _keep(await _list_documents(call, base_id), ids)


async def _wait_for_documents(
    call: PlatformCall,
    base_id: str,
    ids: Sequence[str],
) -> DocumentList:
    """Look at documents until nothing more happens to them; at all of them without ids.

    Raises
    ------
    ServiceError
        The service cannot read one.
    """

    async def look() -> DocumentList:
        return _keep(await _list_documents(call, base_id), ids)

    documents = await call.wait_for_task(
        look,
        is_over=lambda documents: all(document.is_settled for document in documents),
        percent=_percent_settled,
        notice=_describe_states,
        pause=QUICK_PAUSE,
    )
    if failed := [document for document in documents if not document.is_usable]:
        raise _unreadable_error(failed)
    return documents


def _keep(documents: DocumentList, ids: Sequence[str]) -> DocumentList:
    if not ids:
        return documents
    return DocumentList(document for document in documents if document.id in ids)


def _percent_settled(documents: DocumentList) -> float:
    settled = sum(document.is_settled for document in documents)
    return 100 * settled / (len(documents) or 1)


def _describe_states(documents: DocumentList) -> Text:
    ready = sum(document.is_usable for document in documents)
    states = ", ".join(dict.fromkeys(document.status for document in documents))
    return _STATES.fill(done=ready, total=len(documents), states=states)


def _unreadable_error(documents: Sequence[Document]) -> ServiceError:
    told = ", ".join(f"{document.name} ({document.status})" for document in documents)
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


def _source_of(given: object, depth: int) -> dict[str, Any]:
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


def _path(action: str) -> str:
    """Return the path of an action that adds something, with a token: the service carries out
    requests of the same token once.
    """
    return f"/v2/{GROUP}?Action={action}&clientToken={uuid.uuid4()}"
