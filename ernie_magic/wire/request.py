"""A request as it is sent, and what every request of one call shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.config.addresses import is_absolute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.config.settings import Snapshot
    from ernie_magic.runtime.events import Delta

CONNECT_TIMEOUT = 10.0  # seconds


_CONTENT_FIELDS = frozenset({"model", "messages", "prompt", "system", "stream"})


class UploadedFile(NamedTuple):
    """A file in a form.

    Attributes
    ----------
    field : str
        The name of its part of the form.
    name : str
        The file's own.
    content : bytes
    media_type : str
    """

    field: str
    name: str
    content: bytes
    media_type: str = "application/octet-stream"


class Form(NamedTuple):
    """A form with files (`multipart/form-data`, RFC 7578).

    Attributes
    ----------
    files : tuple of UploadedFile
    fields : dict of str
    """

    files: tuple[UploadedFile, ...]
    fields: Mapping[str, str]

    @property
    def size(self) -> int:
        """The bytes of its files."""
        return sum(len(file.content) for file in self.files)


class WireRequest(NamedTuple):
    """A request as it is sent.

    Attributes
    ----------
    method : str
    path : str
        Below the endpoint's base URL; or a whole URL.
    body : dict | None
    model : str
        The model whose limit it counts against.
    tokens : int
        An estimate of the tokens it uses.
    stream : bool
    repeatable : bool
        Whether it may be sent again after a 5xx, after which it may have been carried out (never an
        image).
    resent_after, resent_if_asked : set of int
        Statuses after which one that is not repeatable is sent again all the same; the second ones
        where the call has a `retry_count` of its own.
    max_bytes : int
        Most bytes of a reply in one piece: a longer one is rejected.
    list_name : str
        The name under which a reply is read that is a bare list, "" to reject it.
    has_envelope : bool
        Whether the reply is one of Qianfan's platform: only its envelope reports a failure, and a
        status inside it is a task's.
    form : Form | None
        Sent in place of a body.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    model: str = ""
    tokens: int = 0
    stream: bool = False
    repeatable: bool = True
    resent_after: frozenset[int] = frozenset()
    resent_if_asked: frozenset[int] = frozenset()
    max_bytes: int = 32 * 1024 * 1024
    list_name: str = ""
    has_envelope: bool = False
    form: Form | None = None

    @property
    def content_type(self) -> str:
        """The media type of its body, "" for a form's, whose boundary is not known before."""
        if self.form is not None:
            return ""
        return "application/json"

    @property
    def own_fields(self) -> dict[str, Any]:
        """The body's fields besides the model and what it is asked."""
        body = self.body or {}
        return {name: value for name, value in body.items() if name not in _CONTENT_FIELDS}

    @property
    def is_absolute(self) -> bool:
        """Whether it goes to an address of its own, which gets no key of the endpoint's."""
        return is_absolute(self.path)


@dataclass(frozen=True)
class Context:
    """What every request of one call shares.

    Attributes
    ----------
    endpoint : Endpoint
        With its address.
    settings : Snapshot
        As they were when the call began.
    emit : callable
        Called on the I/O thread with each piece of the answer, and with what the call waits for.
    """

    endpoint: Endpoint
    settings: Snapshot
    emit: Callable[[Delta], None]
