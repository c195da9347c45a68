"""Batches of requests in a file (https://platform.openai.com/docs/api-reference/batch,
https://cloud.baidu.com/doc/qianfan-api/s/Oml4r78ea), answered as each request by itself would be.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.api.http_status import OK
from ernie_magic.emulator import aistudio
from ernie_magic.emulator.platform.console import StateMachine, Store, invalid_field
from ernie_magic.emulator.platform.files import (
    Files,
    find_file,
    list_page,
    routes_below_both,
)
from ernie_magic.emulator.refusals import ConsoleRefusal, Refusal, request_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from ernie_magic.emulator.calls import IncomingCall
    from ernie_magic.emulator.platform.console import PlatformCall

MAX_REQUESTS = 5000
_DAY = 86_400  # seconds
_WINDOW = "24h"
# What a batch may ask for, by the end of the path.
_ENDPOINTS: dict[str, Callable[[IncomingCall], Response]] = {
    "/chat/completions": aistudio.handle_chat,
    "/embeddings": aistudio.handle_embeddings,
    "/images/generations": aistudio.handle_images,
    "/images/edits": aistudio.handle_edits,
}
_WORKING = ("in_progress", "in_progress", "finalizing")


@dataclass
class _Batch:
    """A batch.

    Attributes
    ----------
    fields : dict
        What it was made with.
    requests : list of dict
        The lines of its file; none where the file is not valid.
    machine : StateMachine
    created : int
        Seconds since the epoch.
    errors : list of dict
        What is wrong with its file.
    completed, failed : int
        Requests that were answered, and refused.
    outputs : dict
        The ids of the files of answers and of refusals.
    """

    fields: dict[str, Any]
    requests: list[dict[str, Any]]
    machine: StateMachine
    created: int
    errors: list[dict[str, Any]]
    completed: int = 0
    failed: int = 0
    outputs: dict[str, str] = field(default_factory=dict)


class _Batches:
    """The batches of one emulator."""

    def __init__(self) -> None:
        self.batches: Store[_Batch] = Store("batch")


def _create_batch(call: PlatformCall) -> dict[str, Any]:
    endpoint = call.text("endpoint")
    if _handler_of(endpoint) is None:
        raise invalid_field("endpoint")
    if call.text("completion_window") != _WINDOW:
        raise invalid_field("completion_window")
    file_id = call.text("input_file_id")
    requests, errors = _read_requests(find_file(call, file_id).content, endpoint)
    states = ["validating", *_WORKING, "completed"]
    if errors:
        states = ["validating", "failed"]
    batch = _Batch(
        {
            "endpoint": endpoint,
            "input_file_id": file_id,
            "completion_window": _WINDOW,
            "metadata": call.body.get("metadata"),
        },
        requests,
        StateMachine(states),
        int(time.time()),
        errors,
    )
    batch_id = call.state_of(_Batches).batches.add(batch)
    return _batch_row(batch_id, batch, "validating")


def _handler_of(endpoint: str) -> Callable[[IncomingCall], Response] | None:
    for path, handler in _ENDPOINTS.items():
        if endpoint.endswith(path):
            return handler
    return None


def _read_requests(
    content: bytes,
    endpoint: str,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The requests of a file, and what is wrong with its lines."""
    requests: list[dict[str, Any]] = []
    errors = []
    seen: set[str] = set()
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        problem = _line_problem(line, endpoint, seen)
        if problem:
            errors.append(_file_error(*problem, number))
            continue
        requests.append(json.loads(line))
        seen.add(requests[-1]["custom_id"])
    if not requests and not errors:
        errors.append(_file_error("empty_file", "The file is empty."))
    if len(requests) > MAX_REQUESTS:
        message = f"The file has more than {MAX_REQUESTS} requests."
        errors.append(_file_error("too_many_tasks", message))
    return requests, errors


def _file_error(code: str, message: str, line: int | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "line": line, "param": None}


def _line_problem(line: bytes, endpoint: str, seen: set[str]) -> tuple[str, str] | None:
    try:
        request = json.loads(line)
    except ValueError:
        return "invalid_json_line", "This line is not parseable as valid JSON."
    if not isinstance(request, dict) or not isinstance(request.get("body"), dict):
        return "missing_required_parameter", "Missing required parameter: body."
    custom_id = request.get("custom_id")
    if not isinstance(custom_id, str) or not custom_id:
        return "missing_required_parameter", "Missing required parameter: custom_id."
    if custom_id in seen:
        return "duplicate_custom_id", f"The custom_id {custom_id:.60} is used more than once."
    if request.get("method") != "POST" or request.get("url") != endpoint:
        return "mismatched_url", f"The method and url must be POST {endpoint:.60}."
    return None


def _retrieve_batch(call: PlatformCall) -> dict[str, Any]:
    batch_id = call.path_params["batch_id"]
    batch = _find_batch(call, batch_id)
    state = batch.machine.look()
    if state == "in_progress":
        batch.completed = len(batch.requests) // 2
    if state in ("finalizing", "completed", "cancelled") and not batch.outputs:
        _answer_requests(call, batch)
    return _batch_row(batch_id, batch, state)


def _find_batch(call: PlatformCall, batch_id: str) -> _Batch:
    batches = call.state_of(_Batches).batches
    if batch_id not in batches:
        raise ConsoleRefusal(404, "not_found", f"No batch found with id '{batch_id:.60}'.")
    return batches.find(batch_id, "batch_id")


def _answer_requests(call: PlatformCall, batch: _Batch) -> None:
    """Answer what is asked, in an order of its own, as services do; a batch that was cancelled has
    answers to the first half.
    """
    handler = _handler_of(batch.fields["endpoint"])
    assert handler is not None  # noqa: S101  (checked when it was created)
    requests = batch.requests
    if "cancelled" in batch.machine.states:
        requests = requests[: len(requests) // 2]
    answers: list[str] = []
    refusals: list[str] = []
    for request in reversed(requests):
        asked = {**request["body"], "stream": False}
        status, body = _answer_request(call.incoming.with_body(asked), handler)
        row = {
            "id": f"batch_req_{request_id().removeprefix('as-')}",
            "custom_id": request["custom_id"],
            "response": {"status_code": status, "request_id": request_id(), "body": body},
            "error": None,
        }
        kept = refusals
        if status == OK:
            kept = answers
        kept.append(json.dumps(row, ensure_ascii=False))
    files = call.state_of(Files)
    for name, lines in (("output", answers), ("error", refusals)):
        if lines:
            content = "".join(f"{line}\n" for line in lines).encode()
            batch.outputs[name] = files.add(f"batch_{name}.jsonl", "batch_output", content)
    batch.completed = len(answers)
    batch.failed = len(refusals)


def _answer_request(
    call: IncomingCall,
    handler: Callable[[IncomingCall], Response],
) -> tuple[int, Any]:
    try:
        response = handler(call)
    except Refusal as refusal:
        return refusal.status, refusal.body
    return response.status_code, json.loads(bytes(response.body))


def _cancel_batch(call: PlatformCall) -> dict[str, Any]:
    batch_id = call.path_params["batch_id"]
    batch = _find_batch(call, batch_id)
    if batch.machine.last_seen in ("completed", "failed", "cancelled"):
        raise ConsoleRefusal(
            409, "conflict", f"Cannot cancel a batch that is {batch.machine.last_seen}"
        )
    batch.machine = StateMachine(["cancelling", "cancelled"])
    return _batch_row(batch_id, batch, "cancelling")


def _list_batches(call: PlatformCall) -> dict[str, Any]:
    rows = [
        _batch_row(batch_id, batch, batch.machine.last_seen)
        for batch_id, batch in reversed(call.state_of(_Batches).batches.items())
    ]
    return list_page(call, rows)


def _batch_row(batch_id: str, batch: _Batch, state: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": batch_id,
        "object": "batch",
        **batch.fields,
        "status": state,
        "created_at": batch.created,
        "expires_at": batch.created + _DAY,
        "request_counts": {
            "total": len(batch.requests),
            "completed": batch.completed,
            "failed": batch.failed,
        },
        "output_file_id": None,
        "error_file_id": None,
        "errors": None,
    }
    if state == "failed":
        row["errors"] = {"object": "list", "data": batch.errors}
    if state in ("completed", "cancelled"):
        row["output_file_id"] = batch.outputs.get("output")
        row["error_file_id"] = batch.outputs.get("error")
    return row


ROUTES = routes_below_both(
    (
        ("POST", "/batches", _create_batch),
        ("GET", "/batches", _list_batches),
        ("GET", "/batches/{batch_id}", _retrieve_batch),
        ("POST", "/batches/{batch_id}/cancel", _cancel_batch),
    )
)
