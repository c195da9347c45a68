"""`ernie.knowledge`: knowledge bases, their documents, and what a search finds in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ernie_magic.api.account_things import KNOWLEDGE_BASE
from ernie_magic.api.keywords import as_listed
from ernie_magic.api.public_names import CallGroup
from ernie_magic.calls.uploads import list_paths, read_form
from ernie_magic.errors import ErnieError, InvalidOption
from ernie_magic.qianfan.creation import check_deletion
from ernie_magic.qianfan.knowledge.calls import (
    GROUP,
    SEARCH,
    SearchLimits,
    add_documents,
    check_new_name,
    check_search,
    create_base,
    documents_body,
    find_base_id,
    find_passages,
    finish_adding,
    list_bases,
    list_documents,
    source_of,
    upload_file,
    watch_documents,
)
from ernie_magic.qianfan.knowledge.records import (
    Document,
    DocumentList,
    KnowledgeBase,
    KnowledgeBaseList,
    PassageList,
    read_base,
)
from ernie_magic.qianfan.lookup import name_of
from ernie_magic.runtime.events import Delta
from ernie_magic.runtime.once import awaited, blocking
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from ernie_magic.api.passages import Passage
    from ernie_magic.qianfan.console import Console, PlatformCall
    from ernie_magic.runtime.stream import Stream

_UPLOADING = Text("上传", "upload")
_PARSING = Text("解析文档", "reading the documents")
_SEARCHING = Text("正在检索知识库 {names}", "searching the knowledge base {names}")


class Knowledge(CallGroup):
    """Knowledge bases of Qianfan: `ernie.knowledge.search("退货要几天", "demo")`.

    A chat is answered from one by `ernie.chat("…", knowledge="demo")`, and in a cell by `%%ernie
    --knowledge demo`.

    A knowledge base is given by its name, its id, or as `list` returns it. The emulator has one,
    "demo".

    Parameters
    ----------
    console
        Makes the calls.
    """

    _path = "ernie.knowledge"
    _in_order_of_use = (
        "list",
        "search",
        "create",
        "upload",
        "add",
        "documents",
        "watch",
        "get",
        "delete_document",
        "delete",
    )
    _internal_names = ("prepare_search",)

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
            return await list_bases(call, body)

        return self._start(work)

    def _begin_get(self, name: str | KnowledgeBase) -> Stream[KnowledgeBase]:
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
            base_id = await find_base_id(call, name)
            told = await call.describe(GROUP, "DescribeKnowledgeBase", {"id": base_id})
            return read_base(told, is_simulated=call.is_simulated)

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
        self._console.client.localizing_errors(lambda: check_new_name(name))
        body: dict[str, Any] = {"name": name, "config": {"index": {"type": "public"}}}
        if description:
            body["description"] = description

        async def work(call: PlatformCall) -> KnowledgeBase:
            return await create_base(call, body)

        return self._start(work)

    def _begin_delete(self, name: str | KnowledgeBase, *, confirm: bool = False) -> Stream[None]:
        """Delete a knowledge base with its documents. Nothing brings it back.

        Parameters
        ----------
        name
            Its name or its id.
        confirm
            Must be True.

        Raises
        ------
        NotConfirmed
            Nothing was deleted.
        ErnieError
        """
        client = self._console.client
        client.localizing_errors(
            lambda: check_deletion(name_of(name, KNOWLEDGE_BASE), name, confirm=confirm)
        )

        async def work(call: PlatformCall) -> None:
            base_id = await find_base_id(call, name)
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

    def _begin_documents(self, name: str | KnowledgeBase) -> Stream[DocumentList]:
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
            return await list_documents(call, await find_base_id(call, name))

        return self._start(work)

    def _begin_upload(
        self,
        name: str | KnowledgeBase,
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
            False returns once they are registered; `watch` waits for them later.

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
            base_id = await find_base_id(call, name)
            payload = documents_body(base_id, {"type": "file"}, content_format, process_option)
            ids: list[str] = []
            for form in forms:
                ids.append(await upload_file(call, payload, form, ids))
            return await finish_adding(call, base_id, ids, wait=wait)

        return self._start(work, progress_title=_UPLOADING)

    def _begin_add(
        self,
        name: str | KnowledgeBase,
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
        source = self._console.client.localizing_errors(lambda: source_of(addresses, depth))

        async def work(call: PlatformCall) -> DocumentList:
            base_id = await find_base_id(call, name)
            body = documents_body(base_id, source, content_format, process_option)
            ids = await add_documents(call, body)
            return await finish_adding(call, base_id, ids, wait=wait)

        return self._start(work, progress_title=_PARSING)

    def _begin_watch(
        self,
        name: str | KnowledgeBase,
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
            for document in self._console.client.localizing_errors(
                lambda: as_listed("documents", documents or ())
            )
        ]

        async def work(call: PlatformCall) -> DocumentList:
            return await watch_documents(call, await find_base_id(call, name), ids)

        return self._start(work, progress_title=_PARSING)

    def _begin_delete_document(
        self,
        name: str | KnowledgeBase,
        document: Document | str,
    ) -> Stream[None]:
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
            base_id = await find_base_id(call, name)
            query = urlencode({"knowledge_base_id": base_id, "document_id": document_id})
            await call.request("DELETE", f"/v2/knowledge_base/document?{query}")

        return self._start(work)

    documents = blocking(_begin_documents)
    adocuments = awaited(_begin_documents)
    upload = blocking(_begin_upload)
    aupload = awaited(_begin_upload)
    add = blocking(_begin_add)
    aadd = awaited(_begin_add)
    watch = blocking(_begin_watch)
    awatch = awaited(_begin_watch)
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
        limits = SearchLimits(top, threshold, kind)
        wanted = self._console.client.localizing_errors(
            lambda: check_search(question, names, limits)
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
        client.route_path(SEARCH, is_action=True)
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
        self._console.client.route_path(SEARCH, is_action=True)  # a missing key is told at once
        return self._console.start_work(work, progress_title=progress_title)

    def _localize(self, error: ErnieError) -> ErnieError:
        return self._console.client.with_language(error)
