"""`ernie.files`: files that a service keeps, to work on them
(https://platform.openai.com/docs/api-reference/files).

Qianfan V2 has them for batches (https://cloud.baidu.com/doc/qianfan-api/s/Oml4r78ea); its page does
not tell the paths, which are a setting (`files_path`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from ernie_magic.api import values
from ernie_magic.api.models import is_simulated
from ernie_magic.api.public_names import CallGroup
from ernie_magic.calls.paging import AfterPaging, PageWalk, entries_of
from ernie_magic.errors import InvalidOption
from ernie_magic.qianfan.creation import tell_stopped
from ernie_magic.qianfan.listing import Listing
from ernie_magic.qianfan.lookup import id_of
from ernie_magic.runtime.once import awaited, blocking
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path
    from typing import TypeVar

    from ernie_magic.client import Client
    from ernie_magic.config.settings import ErnieSettings
    from ernie_magic.runtime.stream import Stream
    from ernie_magic.wire.prepared_call import PreparedCall
    from ernie_magic.wire.request import Form, WireRequest

    ResultT = TypeVar("ResultT")

_LIST = "data"
_BYTES = Text("字节", "bytes")
_PAGE = 100  # entries
MAX_CONTENT = 512 * 1024 * 1024  # bytes of a file that is read


@dataclass(frozen=True)
class StoredFile:
    """A file that the service keeps.

    Attributes
    ----------
    id, name, purpose, state : str
    size : int
        Bytes.
    created : int
        Seconds since the epoch.
    is_simulated : bool
        Whether the emulator keeps it.
    raw : dict
        What the service said.
    """

    id: str
    name: str
    purpose: str
    state: str
    size: int
    created: int
    is_simulated: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


class StoredFiles(Listing[StoredFile]):
    """Files, in the service's order."""

    def _describe(self, item: StoredFile) -> str:
        return item.id


def read_file(reply: Mapping[str, Any], *, is_simulated: bool = False) -> StoredFile:
    """Return a file as a reply describes it."""
    return StoredFile(
        values.as_name(reply.get("id")),
        values.as_name(reply.get("filename")),
        values.as_name(reply.get("purpose")),
        values.as_name(reply.get("status")),
        values.as_whole_number(reply.get("bytes")) or 0,
        values.as_whole_number(reply.get("created_at")) or 0,
        is_simulated,
        dict(reply),
    )


class ServicePaths:
    """Requests of one call below the paths for files and for batches.

    Parameters
    ----------
    call
    settings
        Has the paths (`files_path`, `batches_path`).

    Raises
    ------
    InvalidOption
        The service is Qianfan V1, which has neither.
    """

    def __init__(self, call: PreparedCall, settings: ErnieSettings) -> None:
        if call.endpoint.service.protocol != "openai":
            raise InvalidOption(
                Text("千帆 V1 没有文件和批量任务", "Qianfan V1 has neither files nor batches"),
                advice=Text(
                    "改用千帆 V2：%ernie use qianfan；数据在 BOS 上的用 ernie.batch_inference",
                    "use Qianfan V2 instead: %ernie use qianfan; for data on BOS there is "
                    "ernie.batch_inference",
                ),
            )
        self.call = call
        self._files = settings.files_path
        self._batches = settings.batches_path

    @property
    def is_simulated(self) -> bool:
        """Whether the emulator answers."""
        return is_simulated(self.call.service)

    async def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        form: Form | None = None,
    ) -> dict[str, Any]:
        """Send a request and return the reply; a POST is never sent twice.

        Raises
        ------
        ErnieError
        """
        return await self.call.send_json(self._request(method, path, body, form))

    def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        form: Form | None = None,
    ) -> WireRequest:
        from ernie_magic.wire.request import WireRequest

        # A batch that failed is no failure of the call that asks for it.
        return WireRequest(
            method, path, body, repeatable=method == "GET", form=form, has_envelope=True
        )

    def file_path(self, file_id: str = "", part: str = "") -> str:
        """Return the path of a file, of a part of it, or of all files."""
        return _join_path(self._files, file_id, part)

    def batch_path(self, batch_id: str = "", part: str = "") -> str:
        """Return the path of a batch, of what is done with it, or of all batches."""
        return _join_path(self._batches, batch_id, part)

    async def upload(self, form: Form) -> StoredFile:
        """Send a file."""
        reply = await self.send("POST", self.file_path(), form=form)
        return read_file(reply, is_simulated=self.is_simulated)

    async def read_content(self, file_id: str) -> bytes:
        """Return what is in a file."""
        request = self._request("GET", self.file_path(file_id, "content"))
        return await self.call.http.read_content(
            request._replace(max_bytes=MAX_CONTENT), self.call.context
        )

    async def list_all(self, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the entries of all pages of a list, which follow by `after`."""
        rows: list[dict[str, Any]] = []
        walk = PageWalk(AfterPaging(_PAGE), query)
        while walk.request is not None:
            reply = await self.send("GET", f"{path}?{urlencode(walk.request)}")
            rows += values.as_objects(entries_of(reply, _LIST))
            walk.advance(reply)
        return rows


def _join_path(base: str, thing_id: str, part: str) -> str:
    segments = [quote(segment, safe="") for segment in (thing_id, part) if segment]
    return "/".join([base.rstrip("/"), *segments])


def start_work(
    get_client: Callable[[], Client],
    work: Callable[[ServicePaths], Awaitable[ResultT]],
    progress_title: Text | None = None,
) -> Stream[ResultT]:
    """Start a call of files or batches of the service in use.

    Parameters
    ----------
    work
        Makes the requests, on the I/O thread.
    progress_title
        As in `Client.start_call`.
    """
    client = get_client()
    settings, endpoint = client.settings_and_endpoint()

    async def run(call: PreparedCall) -> Any:
        return await tell_stopped(work(ServicePaths(call, client.settings)))

    return client.start_call(run, settings, endpoint, progress_title=progress_title)


class Files(CallGroup):
    """Files that the service keeps: `ernie.files.upload("rows.jsonl")`, `list()`, `content(id)`,
    `delete(id)`.

    Parameters
    ----------
    get_client
        Called when a call begins.
    """

    _path = "ernie.files"
    _in_order_of_use = ("upload", "list", "get", "content", "delete")

    def __init__(self, get_client: Callable[[], Client]) -> None:
        self._get_client = get_client

    def _begin_upload(
        self,
        file: str | Path | bytes,
        *,
        purpose: str = "batch",
        name: str = "",
    ) -> Stream[StoredFile]:
        """Send a file.

        Parameters
        ----------
        file
            Where it is, or its content.
        purpose
            What it is for, in the service's words: "batch", "fine-tune" …
        name
            What it is called there; its own name when "".

        Raises
        ------
        InvalidOption
            It cannot be read, is empty, or larger than 512 MiB.
        ErnieError
        """
        from ernie_magic.calls.uploads import read_form

        form = self._get_client().localizing_errors(
            lambda: read_form(file, {"purpose": purpose}, name=name)
        )
        return start_work(self._get_client, lambda paths: paths.upload(form), _BYTES)

    upload = blocking(_begin_upload)
    aupload = awaited(_begin_upload)

    def _begin_list(self, *, purpose: str = "") -> Stream[StoredFiles]:
        """Return the files, of one purpose where it is given.

        Parameters
        ----------
        purpose
            As in `upload`; all when "".

        Raises
        ------
        ErnieError
        """

        async def work(paths: ServicePaths) -> StoredFiles:
            query = {"purpose": purpose} if purpose else {}
            rows = await paths.list_all(paths.file_path(), query)
            files = [read_file(row, is_simulated=paths.is_simulated) for row in rows]
            return StoredFiles(files, is_simulated=paths.is_simulated)

        return start_work(self._get_client, work)

    list = blocking(_begin_list)
    alist = awaited(_begin_list)

    def _begin_get(self, file: str | StoredFile) -> Stream[StoredFile]:
        """Return what is known of a file.

        Parameters
        ----------
        file
            The file or its id.

        Raises
        ------
        ErnieError
        """

        async def work(paths: ServicePaths) -> StoredFile:
            reply = await paths.send("GET", paths.file_path(id_of(file)))
            return read_file(reply, is_simulated=paths.is_simulated)

        return start_work(self._get_client, work)

    get = blocking(_begin_get)
    aget = awaited(_begin_get)

    def _begin_content(self, file: str | StoredFile) -> Stream[bytes]:
        """Return what is in a file, at most 512 MiB.

        Parameters
        ----------
        file
            The file or its id.

        Raises
        ------
        ErnieError
        """
        return start_work(self._get_client, lambda paths: paths.read_content(id_of(file)))

    content = blocking(_begin_content)
    acontent = awaited(_begin_content)

    def _begin_delete(self, file: str | StoredFile) -> Stream[bool]:
        """Delete a file; return whether the service says so.

        Parameters
        ----------
        file
            The file or its id.

        Raises
        ------
        ErnieError
        """

        async def work(paths: ServicePaths) -> bool:
            reply = await paths.send("DELETE", paths.file_path(id_of(file)))
            return bool(reply.get("deleted", True))

        return start_work(self._get_client, work)

    delete = blocking(_begin_delete)
    adelete = awaited(_begin_delete)
