"""`ernie.wire`: calls that the session has no method for, with the address, the credential, the
retries and the limits of the family that their path belongs to.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ernie_magic.api.models import is_simulated
from ernie_magic.api.platform import READS
from ernie_magic.api.public_names import CallGroup
from ernie_magic.errors import InvalidOption
from ernie_magic.runtime.once import awaited, blocking
from ernie_magic.text.language import Text, untranslated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from pathlib import Path

    from ernie_magic.calls.paging import Pages
    from ernie_magic.client import Client
    from ernie_magic.config.platform import Route
    from ernie_magic.runtime.stream import Stream
    from ernie_magic.wire.prepared_call import PreparedCall
    from ernie_magic.wire.request import Form, WireRequest


_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)  # of a group and of an action
_UPLOADING = Text("字节", "bytes")
_WAITING = Text("等待任务", "waiting for the task")
_STILL_RUNNING = Text(
    "不再等待；任务不受影响，同样的调用接着等",
    "no longer waited for; the task is not affected, and the same call waits for it again",
)


class RawCalls(CallGroup):
    """Any path of the service, and of Qianfan's platform: `ernie.wire.post("/responses", {"model":
    …})` returns the reply as the service sent it.

    A path tells which family of calls it belongs to. `/v2/<group>?Action=…` and
    `/wenxinworkshop/…` are the console's: they are signed with `QIANFAN_ACCESS_KEY` and
    `QIANFAN_SECRET_KEY`. `/v2/knowledgeBase?Action=…`, `/v2/knowledgebases/…`, `/v2/app/…` and
    other paths below `/v2/` carry the API key of Qianfan. Any other path is below the address of
    the service in use. A key goes to its own host only. With the emulator all of it works without
    a key.

    Requests are neither checked nor kept in the history. What may change something is sent again
    only when it cannot have been carried out.

    Parameters
    ----------
    get_client
        Called when a request begins: a session imports its client with the first one.
    """

    _path = "ernie.wire"
    _in_order_of_use = ("get", "post", "call", "iterate", "watch", "delete", "upload", "stream")

    def __init__(self, get_client: Callable[[], Client]) -> None:
        self._get_client = get_client

    def _start_request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        **options: Any,
    ) -> Stream[Any]:
        """Start a request; the options are those of `_build_request`."""
        from ernie_magic.calls.paging import BARE_LIST

        client = self._get_client()
        request, route = self._build_request(method, path, body, **options)
        settings = client.settings.take_snapshot()

        async def send_request(call: PreparedCall) -> Any:
            if request.stream:
                return await client.http.stream_events(request, call.context)
            reply = await call.http.read_anything(request, call.context)
            return reply.get(BARE_LIST, reply) if isinstance(reply, dict) else reply

        title = _UPLOADING if request.form else None
        return client.start_call(send_request, settings, route.endpoint, progress_title=title)

    def _build_request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        stream: bool = False,
        repeatable: bool = False,
        form: Form | None = None,
        is_action: bool = False,
    ) -> tuple[WireRequest, Route]:
        """Return a request as it is sent, and where.

        Raises
        ------
        UsageError
        """
        from ernie_magic.api.messages import check_sendable
        from ernie_magic.calls.paging import BARE_LIST
        from ernie_magic.wire.request import WireRequest

        client = self._get_client()
        client.localizing_errors(lambda: _check_path_and_body(path, body, stream=stream))
        route = client.route_path(path, is_action=is_action)
        sent = [path, body, dict(form.fields) if form else {}]
        client.localizing_errors(lambda: check_sendable(sent))
        model = ""
        if not route.is_platform:
            model = str((body or {}).get("model") or "")
        request = WireRequest(
            method,
            route.path,
            body,
            model,
            stream=stream,
            repeatable=repeatable or method == "GET",
            list_name=BARE_LIST,
            has_envelope=route.is_platform,
            form=form,
        )
        return request, route

    def _begin_get(self, path: str) -> Stream[dict[str, Any]]:
        """`GET` a path; return its JSON, or its text or bytes where the service sends those.

        What is looked up may have failed, as a batch or a job: its error is part of the reply.

        Parameters
        ----------
        path
            Begins with `/`; may have a query. A whole URL is accepted below the service's own
            addresses.

        Raises
        ------
        ErnieError
        """
        return self._start_request("GET", path, None)

    get = blocking(_begin_get)
    aget = awaited(_begin_get)

    def _begin_post(self, path: str, body: Mapping[str, Any]) -> Stream[dict[str, Any]]:
        """`POST` JSON to a path; return its JSON, or its text or bytes where the service sends
        those.

        Parameters
        ----------
        path
            As in `get`.
        body
            The JSON object to send.

        Raises
        ------
        ErnieError
        """
        return self._start_request("POST", path, body)

    post = blocking(_begin_post)
    apost = awaited(_begin_post)

    def _begin_delete(self, path: str) -> Stream[dict[str, Any]]:
        """`DELETE` a path; return its JSON.

        Parameters
        ----------
        path
            As in `get`.

        Raises
        ------
        ErnieError
        """
        return self._start_request("DELETE", path, None)

    delete = blocking(_begin_delete)
    adelete = awaited(_begin_delete)

    def _begin_upload(
        self,
        path: str,
        file: str | Path | bytes,
        fields: Mapping[str, Any] | None = None,
        *,
        field: str = "file",
        name: str = "",
    ) -> Stream[dict[str, Any]]:
        """`POST` a file as a form (`multipart/form-data`); return the JSON of the reply.

        Parameters
        ----------
        path
            As in `get`.
        file
            The file to send, or its content.
        fields
            The form's other fields; what is no text is sent as JSON.
        field
            The name of the file's own field.
        name
            What the file is called there; its own name when "".

        Raises
        ------
        ErnieError
            Also where the file cannot be read.
        """
        from ernie_magic.calls.uploads import read_form

        form = self._get_client().localizing_errors(
            lambda: read_form(file, fields or {}, field=field, name=name)
        )
        return self._start_request("POST", path, None, form=form)

    upload = blocking(_begin_upload)
    aupload = awaited(_begin_upload)

    def _begin_call(
        self,
        group: str,
        action: str,
        body: Mapping[str, Any] | None = None,
    ) -> Stream[dict[str, Any]]:
        """Call an action of Qianfan's console, `POST /v2/<group>?Action=<action>`; return its JSON
        as the service sent it.

        Parameters
        ----------
        group
            "model", "service", "finetuning", "dataset", "promptTemplates", "eval",
            "batchinference", "knowledgeBase", "app", or any other.
        action
            As documented: "DescribeServices". One that only reads is sent again after a failure of
            the service.
        body
            What the action takes.

        Raises
        ------
        MissingKey
            The console's calls are signed with an access key and a secret key.
        ErnieError
        """
        client = self._get_client()
        path = client.localizing_errors(lambda: action_path(group, action))
        return self._start_request(
            "POST", path, body or {}, repeatable=is_read(action), is_action=True
        )

    call = blocking(_begin_call)
    acall = awaited(_begin_call)

    def iterate(
        self,
        group: str,
        action: str,
        body: Mapping[str, Any] | None = None,
        *,
        list_name: str = "",
    ) -> Pages:
        """Iterate over the entries of a list of Qianfan's console, with `for` or `async for`; each
        page is requested when it is reached.

        Parameters
        ----------
        group, action, body
            As in `call`: "service", "DescribeServices".
        list_name
            The field with the entries; the only list in the reply when "".

        Raises
        ------
        ErnieError
            When it is iterated.
        """
        from ernie_magic.api.keywords import check_dicts, check_texts
        from ernie_magic.calls.paging import Pages

        localizing_errors = self._get_client().localizing_errors
        localizing_errors(lambda: check_texts(list_name=list_name))
        localizing_errors(lambda: check_dicts(body=body))
        return Pages(
            lambda request: self._begin_call(group, action, request), body or {}, list_name
        )

    def _begin_watch(
        self,
        group: str,
        action: str,
        body: Mapping[str, Any],
        *,
        pause: float = 30.0,
    ) -> Stream[Any]:
        """Wait for a task of Qianfan's platform: repeat an action that describes it until the task
        is over, and return the last description. An interrupt ends the waiting, not the task.

        Parameters
        ----------
        group, action, body
            As in `call`; the action only describes: "finetuning", "DescribeFineTuningTask",
            {"taskId": "task-…"}.
        pause
            Seconds between two looks; shorter with the emulator.

        Raises
        ------
        InvalidOption
            The action may create something, or what it describes has no state.
        ErnieError
        Interrupted
        """
        from ernie_magic.api import values
        from ernie_magic.calls.paging import result_of
        from ernie_magic.calls.task_states import (
            is_over,
            percent_in,
            reason_in,
            state_in,
            with_reason,
        )
        from ernie_magic.calls.watching import check_pause, pace_of, watch_task

        client = self._get_client()
        client.localizing_errors(lambda: check_pause(pause))
        path = client.localizing_errors(lambda: _path_of_look(group, action))
        request, route = self._build_request("POST", path, body, repeatable=True, is_action=True)

        async def watch(call: PreparedCall) -> Any:
            async def look() -> Any:
                return result_of(await call.send_json(request))

            def notice(seen: Any) -> Text:
                state = state_in(seen) or ""
                reason = reason_in(values.as_object(seen), state)
                return untranslated(with_reason(state, reason))

            return await watch_task(
                look,
                call.emit,
                is_over=lambda seen: is_over(_required_state(state_in(seen))),
                still_running=_STILL_RUNNING,
                percent=percent_in,
                notice=notice,
                pace=lambda: pace_of(pause, simulated=is_simulated(call.service)),
            )

        settings = client.settings.take_snapshot()
        return client.start_call(watch, settings, route.endpoint, progress_title=_WAITING)

    watch = blocking(_begin_watch)
    awatch = awaited(_begin_watch)

    def stream(self, path: str, body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """`POST` JSON, and iterate over the events of the streamed reply.

        Parameters
        ----------
        path, body
            As in `post`.

        Raises
        ------
        ErnieError
            When it is iterated; at once when the path or the body is invalid.
        """
        return self._iterate_events(self._start_request("POST", path, body, stream=True))

    def _iterate_events(self, stream: Stream[Any]) -> Iterator[Mapping[str, Any]]:
        for batch in stream.iter_batches():
            for delta in batch:
                if delta.event is not None:
                    yield delta.event
        stream.result()

    def astream(self, path: str, body: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
        """Call `stream` from a coroutine."""
        return self._aiterate_events(self._start_request("POST", path, body, stream=True))

    async def _aiterate_events(self, stream: Stream[Any]) -> AsyncIterator[Mapping[str, Any]]:
        async for batch in stream.aiter_batches():
            for delta in batch:
                if delta.event is not None:
                    yield delta.event
        await stream.aresult()


def action_path(group: str, action: str) -> str:
    """Return the path of an action of the platform.

    Raises
    ------
    InvalidOption
        One of the two is no name.
    """
    for name in (group, action):
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidOption(
                Text(
                    "{name} 不是接口的名称",
                    "{name} is not the name of a group or of an action",
                ).fill(name=f"{name!s:.60}"),
                advice=Text(
                    '例如 ernie.wire.call("service", "DescribeServices")',
                    'for example ernie.wire.call("service", "DescribeServices")',
                ),
            )
    return f"/v2/{group}?Action={action}"


def _path_of_look(group: str, action: str) -> str:
    """Return the path of an action that only describes.

    Raises
    ------
    InvalidOption
        It may create something each time.
    """
    path = action_path(group, action)
    if is_read(action):
        return path
    raise InvalidOption(
        Text("{action} 不是查询", "{action} does not only describe").fill(action=action),
        Text("等待会反复调用它", "waiting calls it again and again"),
        Text("用 Describe… 的操作等待", "wait with an action named Describe…"),
    )


def _required_state(state: str | None) -> str:
    if state is not None:
        return state
    raise InvalidOption(
        Text("回复里没有任务的状态", "the reply has no state of a task"),
        advice=Text(
            "用描述单个任务的操作，例如 DescribeFineTuningTask",
            "use an action that describes one task, such as DescribeFineTuningTask",
        ),
    )


def is_read(action: str) -> bool:
    """Whether an action changes nothing, as its name tells: it may be sent again."""
    return action.startswith(READS)


def _check_path_and_body(path: object, body: object, *, stream: bool) -> None:
    from ernie_magic.config.addresses import is_absolute

    is_path = isinstance(path, str) and path.startswith("/") and not path.startswith("//")
    if not is_path and not (isinstance(path, str) and is_absolute(path)):
        raise InvalidOption(
            Text("路径要以 / 开头：{path}", "a path must begin with /: {path}").fill(
                path=f"{path!s:.60}"
            ),
            advice=Text('例如 ernie.wire.get("/models")', 'for example ernie.wire.get("/models")'),
        )
    if body is not None and not isinstance(body, dict):
        raise InvalidOption(Text("请求体要是字典", "the body must be a dict"))
    if body and body.get("stream") and not stream:
        raise InvalidOption(
            Text(
                "流式的回复用 ernie.wire.stream(…) 读取",
                "read a streamed reply with ernie.wire.stream(…)",
            )
        )
