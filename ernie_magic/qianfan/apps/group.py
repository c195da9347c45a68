"""`ernie.apps`: applications that were built on Qianfan."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.account_things import APP
from ernie_magic.api.keywords import check_dicts, check_types
from ernie_magic.api.messages import check_sendable
from ernie_magic.api.parameters import parameters_of
from ernie_magic.api.public_names import CallGroup
from ernie_magic.calls.chat.tools import split_tools
from ernie_magic.calls.uploads import list_paths, read_form
from ernie_magic.errors import InvalidMessages, InvalidOption
from ernie_magic.qianfan.apps.run import RUN, AppQuestion, AppRun
from ernie_magic.qianfan.listing import Listing
from ernie_magic.qianfan.lookup import UUID, find_named, name_of
from ernie_magic.runtime.once import awaited, blocking
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ernie_magic.api.results import Answer
    from ernie_magic.calls.chat.conversation import Conversation
    from ernie_magic.qianfan.console import Console, PlatformCall
    from ernie_magic.runtime.stream import Stream

GROUP = "app"


@dataclass(frozen=True)
class App:
    """An application.

    Attributes
    ----------
    id, name, description : str
    kind : str
        "agent" or "chatflow", as the service says.
    is_published : bool | None
        Only those can be asked; None where the service does not say.
    raw : dict
        As the service describes it.
    is_simulated : bool
        Whether the emulator told of it.
    """

    id: str
    name: str
    description: str = ""
    kind: str = ""
    is_published: bool | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    is_simulated: bool = False


class AppList(Listing[App]):
    """The applications of an account."""


class Apps(CallGroup):
    """Applications that were built on Qianfan: `ernie.apps.chat("demo", "咖啡豆能退吗？")`, and in
    a cell `%%ernie --app demo`.

    An application is given by its id, or by its name. It keeps a conversation of its own for each
    of this session's conversations, for seven days. What a flow asks back is answered by the next
    prompt of the conversation. The emulator has three applications; `demo-flow` is a flow.

    Parameters
    ----------
    console
        Makes the calls.
    get_conversation
        Returns the session's current conversation.
    """

    _path = "ernie.apps"
    _in_order_of_use = ("list", "chat", "stream", "get")

    def __init__(self, console: Console, get_conversation: Callable[[], Conversation]) -> None:
        self._console = console
        self._get_conversation = get_conversation

    def _begin_list(self) -> Stream[AppList]:
        """Return the applications of the account.

        Raises
        ------
        ErnieError
        """
        self._console.client.route_path(RUN, is_action=True)
        return self._console.start_work(_list_apps)

    def _begin_get(self, app: str | App) -> Stream[App]:
        """Return an application, with its settings in `raw`.

        Parameters
        ----------
        app
            Its id or its name.

        Raises
        ------
        ErnieError
        """
        client = self._console.client
        client.route_path(RUN, is_action=True)
        name = client.localizing_errors(lambda: name_of(app, APP))

        async def work(call: PlatformCall) -> App:
            app_id = await _find_id(call, name)
            told = await call.describe(GROUP, "DescribeApp", {"id": app_id})
            return _read_app(told, is_simulated=call.is_simulated)

        return self._console.start_work(work)

    def stream(
        self,
        app: str | App,
        prompt: str,
        *,
        files: str | Path | Sequence[str | Path] | None = None,
        tools: Any = None,
        system: str | None = None,
        stream: bool | None = None,
        history: bool = True,
        parameters: Mapping[str, Any] | None = None,
        conversation: Conversation | None = None,
    ) -> Stream[Answer]:
        """Ask an application, and get the answer piece by piece.

        Parameters
        ----------
        app
            Its id or its name.
        prompt
            The question.
        files
            Files to attach: a path, or several. The application keeps them for its conversation.
        tools
            Python functions that it may call. Tools in the API's form are only shown to it: what it
            asks of them is in `answer.tool_calls`, and their results cannot be sent.
        system
            Replaces the application's own instruction, for this question.
        stream
            False asks for the answer in one piece.
        history
            False begins a conversation of its own for the question, and keeps no turn.
        parameters
            The application's own variables, by name.
        conversation
            The conversation that it belongs to; the current one when None.

        Raises
        ------
        UsageError
            At once: something in the call is wrong, and nothing is sent.
        ServiceError
            A step of the application failed; `answer` has what it had said before.
        """
        client = self._console.client
        client.route_path(RUN, is_action=True)
        client.localizing_errors(lambda: _check_conversation(conversation))
        kept_in = conversation or self._get_conversation()
        settings = client.settings.take_snapshot()
        build = partial(
            _build_question,
            app,
            prompt,
            files=files,
            tools=tools,
            system="" if system is None else system,
            stream=settings.stream if stream is None else stream,
            history=history,
            parameters={} if parameters is None else parameters,
        )
        question = client.localizing_errors(build)
        generation = kept_in.generation

        async def work(call: PlatformCall) -> Answer:
            complete = question
            if not UUID.fullmatch(question.app_id):
                complete = replace(question, app_id=await _find_id(call, question.app_id))
            run = AppRun(call, complete, kept_in)
            asked = await run.ask()
            if history and kept_in.record_answer(prompt, asked, generation):
                run.count_turn()
            return asked.answer_or_raise()

        return self._console.start_work(work)

    list = blocking(_begin_list)
    alist = awaited(_begin_list)
    get = blocking(_begin_get)
    aget = awaited(_begin_get)
    astream = stream
    chat = blocking(stream, "chat", "Ask an application, and wait for the whole answer.")
    achat = awaited(stream, "achat")


def _check_conversation(given: object) -> None:
    from ernie_magic.calls.chat.conversation import Conversation

    if given is None or isinstance(given, Conversation):
        return
    raise InvalidOption(
        Text("conversation 要是对话，不是 {given}", "{given} is not a conversation").fill(
            given=f"{given!r:.40}"
        ),
        advice=Text("例如 ernie.conversation", "for example ernie.conversation"),
    )


def _build_question(
    app: object,
    prompt: object,
    *,
    files: Any,
    tools: Any,
    system: str,
    stream: bool,
    history: bool,
    parameters: Mapping[str, Any],
) -> AppQuestion:
    """Return what an application is asked, with the files read.

    Raises
    ------
    UsageError
    """
    name = name_of(app, APP)
    if not isinstance(prompt, str) or not prompt.strip():
        raise InvalidMessages(Text("提示词为空", "the prompt is empty"))
    check_types(system=system, stream=stream, history=history)
    check_dicts(parameters=parameters)
    check_sendable([prompt, system, dict(parameters)])
    described, functions = split_tools(tools)
    if described is not None:
        described = parameters_of("chat")["tools"].check_value(described)
    paths = list_paths(files or ())
    return AppQuestion(
        name,
        name,
        prompt,
        tuple(read_form(path, {}) for path in paths),
        tuple(values.as_objects(described)),
        functions,
        system,
        dict(parameters),
        stream,
        history,
    )


async def _list_apps(call: PlatformCall) -> AppList:
    rows = await call.list_items(GROUP, "DescribeApps", {}, list_name="data")
    return call.build_listing(AppList, rows, _read_app)


async def _find_id(call: PlatformCall, app: str) -> str:
    """Return the id of an application.

    Raises
    ------
    InvalidOption
        There is none of that name, or there are several.
    """
    if UUID.fullmatch(app):
        return app
    return find_named(app, await _list_apps(call), APP).id


def _read_app(row: object, *, is_simulated: bool) -> App:
    fields = values.as_object(row)
    published = fields.get("isPublished")
    return App(
        values.as_name(fields.get("id")),
        values.as_name(fields.get("name")),
        values.as_safe_text(values.as_text(fields.get("description"))),
        values.as_name(fields.get("appType")),
        published if isinstance(published, bool) else None,
        dict(fields),
        is_simulated,
    )
