"""Faults on request: the one control for testing how a client handles network and service failures.

From Python, call `emulator.faults.add(status=500)`. Over HTTP, `POST /emulator/faults` with the
same fields as JSON (one fault or a list); `DELETE /emulator/faults` forgets them. Both require the
emulator's token as a Bearer token. For a single request, send the header `X-Emulator-Fault` with
the JSON.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields
from typing import Any

from ernie_magic.emulator.body import read_json
from ernie_magic.emulator.refusals import CONSOLE_STATUSES, TABLE, ConsoleRefusal, Refusal

MAX_DELAY = 600.0  # seconds
MAX_WAITING = 10_000  # faults


@dataclass
class Fault:
    """What goes wrong with the next calls.

    Attributes
    ----------
    status : int | None
        Answer with this HTTP status (400 to 599).
    code : str
        Answer with this row of the error table; with `error_after` or `bare_json_error` it is the
        error inside the stream.
    retry_after : float
        Seconds that a refusal with `code` asks the client to wait, in a Retry-After header.
    delay : float
        Seconds to wait first.
    cut_after, malformed_after, stall_after, error_after : int | None
        After that many chunks of a stream: hang up, send a broken chunk, send nothing more, send an
        error.
    html, empty, no_done, bare_json_error, echo_key : bool
        A web page; an empty stream; no [DONE]; an error's JSON without `data:`; a 401 that repeats
        the caller's key.
    split : bool
        Send each byte of a stream by itself.
    lose_reply : bool
        Carry out the call, and hang up within the reply.
    times : int
        How many calls it applies to.
    path : str
        Only calls whose path contains this; "" for every POST (a list of models is left alone).
    action : str
        Only this action of Qianfan's console: "CreateFineTuningTask"; "" for any.
    """

    status: int | None = None
    code: str = ""
    retry_after: float = 0.0
    delay: float = 0.0
    cut_after: int | None = None
    malformed_after: int | None = None
    stall_after: int | None = None
    error_after: int | None = None
    html: bool = False
    empty: bool = False
    no_done: bool = False
    bare_json_error: bool = False
    echo_key: bool = False
    split: bool = False
    lose_reply: bool = False
    times: int = 1
    path: str = ""
    action: str = ""

    @classmethod
    def from_json(cls, given: object) -> Fault:
        """The fault that a JSON object describes.

        Raises
        ------
        ValueError
            It names an unknown field or a value of another type.
        """
        if not isinstance(given, dict):
            raise ValueError("a fault is a JSON object")  # noqa: TRY004  (one error for all that is wrong with it)
        kinds = {field.name: field.type for field in fields(cls)}
        for name, value in given.items():
            if name not in kinds:
                raise ValueError(f"no fault {name!r:.80}; choices: {', '.join(kinds)}")
            if not _fits_type(value, str(kinds[name])):
                raise ValueError(f"{name} is {kinds[name]}, not {value!r:.80}")
        fault = cls(**given)
        codes = {row.code for row in TABLE} | CONSOLE_STATUSES.keys()
        if fault.code and fault.code not in codes:
            raise ValueError(f"no code {fault.code!r:.80} in the error table")
        if fault.status is not None and not 400 <= fault.status <= 599:  # noqa: PLR2004
            raise ValueError("status is from 400 to 599")
        if not 0 <= fault.delay <= MAX_DELAY:
            raise ValueError(f"delay is from 0 to {MAX_DELAY:g} seconds")
        return fault

    def matches(self, method: str, path: str, action: str) -> bool:
        """Whether it is for such a call."""
        if self.action and self.action != action:
            return False
        if self.path:
            return self.path in path
        return method == "POST"

    def refusal(self) -> Refusal:
        """The refusal that its code names, an internal error without one."""
        if status := CONSOLE_STATUSES.get(self.code):
            return ConsoleRefusal(self.status or status, self.code, "as asked")
        return Refusal(self.code or "internal_error", status=self.status if self.code else None)


def _fits_type(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "bool"
    if isinstance(value, int):
        return kind in ("int", "int | None", "float")
    return (
        (isinstance(value, float) and kind == "float")
        or (isinstance(value, str) and kind == "str")
        or (value is None and "None" in kind)
    )


class Faults:
    """The faults waiting for a call; the oldest that matches is used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, **given: Any) -> None:
        """Add a fault; the fields are those of `Fault`."""
        self.extend([Fault.from_json(given)])

    def extend(self, faults: list[Fault]) -> None:
        """Add several.

        Raises
        ------
        ValueError
            More than `MAX_WAITING` would wait.
        """
        with self._lock:
            if len(self._waiting) + len(faults) > MAX_WAITING:
                raise ValueError(f"at most {MAX_WAITING} faults can wait")
            self._waiting.extend(faults)

    def clear(self) -> None:
        """Forget the waiting faults."""
        with self._lock:
            self._waiting.clear()

    def take_matching(
        self,
        method: str,
        path: str,
        header: str | None,
        action: str = "",
    ) -> Fault:
        """The fault for this call: the header's, else the oldest that matches, else none."""
        if header:
            return Fault.from_json(read_json(header))
        with self._lock:
            for fault in self._waiting:
                if fault.matches(method, path, action):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                    return fault
        return Fault()
