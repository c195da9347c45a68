"""One prompt asked, on the I/O thread: its answer, with the rounds of tool calls in between."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api import models
from ernie_magic.api.usage import sum_reported
from ernie_magic.calls.chat import text_parts, tool_results, tools
from ernie_magic.errors import ErnieError
from ernie_magic.runtime.caller_task import CallerTask
from ernie_magic.runtime.events import Delta
from ernie_magic.runtime.nested_loop import NestedLoop
from ernie_magic.text.json_text import is_object
from ernie_magic.text.language import Text
from ernie_magic.text.paragraphs import join_parts
from ernie_magic.text.redact import redact
from ernie_magic.wire.answers.content import REASONING
from ernie_magic.wire.prepared_call import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ernie_magic.api.messages import Message
    from ernie_magic.api.passages import Passage
    from ernie_magic.api.requests import ChatRequest
    from ernie_magic.api.results import Answer, ToolRun
    from ernie_magic.api.usage import Usage
    from ernie_magic.calls.chat.plan import Plan
    from ernie_magic.wire.prepared_call import PreparedCall, Reply
    from ernie_magic.wire.reader import Reader

_CALLING = Text("正在调用工具 {name}", "calling the tool {name}")


class Asked(NamedTuple):
    """What came of a prompt.

    Attributes
    ----------
    answer : Answer | None
        As far as it arrived; None when nothing of it may be shown.
    rounds : tuple of messages
        Tool calls and their results, between the prompt and the answer.
    problem : ErnieError | CancelledError | None
        What ended it early.
    """

    answer: Answer | None
    rounds: tuple[Message, ...] = ()
    problem: ErnieError | asyncio.CancelledError | None = None

    @property
    def has_answer_to_keep(self) -> bool:
        """Whether there is a whole answer, or the beginning of one."""
        if self.answer is None:
            return False
        return self.problem is None or not self.answer.is_empty

    def with_sources(self, passages: Sequence[Passage]) -> Asked:
        """Return it with the passages that the answer was made from, before those it found."""
        if not passages or self.answer is None:
            return self
        sources = [passage.as_source(number) for number, passage in enumerate(passages, start=1)]
        answer = self.answer.with_changes(search=(*sources, *self.answer.search))
        if isinstance(self.problem, ErnieError) and self.problem.answer is self.answer:
            self.problem.answer = answer
        return self._replace(answer=answer)

    def answer_or_raise(self) -> Answer:
        """Return the answer; when the prompt was stopped, what had arrived.

        Raises
        ------
        ErnieError
            The prompt failed.
        """
        if isinstance(self.problem, ErnieError):
            raise self.problem
        assert self.answer is not None  # noqa: S101  (only a failed prompt has none)
        return self.answer


async def ask_turn(
    call: PreparedCall,
    plan: Plan,
    request: ChatRequest,
    on_flag: Callable[[int], object],
) -> Asked:
    """Ask and read the answer; Python functions among the tools are called on the way.

    Parameters
    ----------
    request
        The plan's, to a model.
    on_flag
        Called with the safety flag of each reply (see `ernie_magic.wire.moderation`), before any
        tool that it asks for.
    """
    prompt = _PromptInProgress(call, plan, request, on_flag)
    try:
        return await prompt.ask()
    except ErnieError as error:
        return Asked(None, (), error)


class _PromptInProgress:
    """A prompt under way: the request, which grows by each round of tool calls."""

    def __init__(
        self,
        call: PreparedCall,
        plan: Plan,
        request: ChatRequest,
        on_flag: Callable[[int], object],
    ) -> None:
        self._call = call
        self._plan = plan
        # Thoughts and results of tools in the caller's own messages are sent as they are.
        own_messages = request.messages if plan.prompt is None else ()
        adaptable = set(request.adaptable)
        if not any(name in message for message in own_messages for name in REASONING):
            adaptable.add("reasoning")
        if not any(message.get("role") == "tool" for message in own_messages):
            adaptable.add("tools")
        self._request = replace(request, adaptable=frozenset(adaptable))
        self._on_flag = on_flag
        self._clock = Clock()
        self._usages: list[Usage | None] = []  # of the rounds
        self._earlier_text = ""
        self._earlier_thoughts = ""
        self._rounds: list[Message] = []
        self._runs: list[ToolRun] = []
        self._sent: Mapping[str, Any] = {}

    async def ask(self) -> Asked:
        """Ask until an answer calls no tool of ours."""
        while True:
            wire_request = self._call.protocol.chat(self._request)
            self._sent = self._sent or wire_request.own_fields
            emit = text_parts.emit_after(
                self._earlier_text, self._call.emit, thoughts_before=self._earlier_thoughts
            )
            call = self._call.replace_emit(emit)
            reply = await call.read_reply(wire_request, self._request, self._clock)
            self._on_flag(reply.reader.flag)
            if reply.is_blocked:
                return Asked(None, (), reply.blocked_error(locked=self._plan.is_turn))
            is_ours = self._are_tools_ours(reply.reader) and not _is_call_cut(reply.reader)
            if reply.problem or not is_ours:
                return self._finish(reply, reply.problem)
            try:
                await self._answer_tool_calls(reply.reader)
            except (ErnieError, asyncio.CancelledError) as problem:
                return self._finish(reply, problem)

    def _are_tools_ours(self, reader: Reader) -> bool:
        """Whether the requested tools are ours to call: the caller has kept none of them for
        itself.
        """
        requested = {call["function"]["name"] for call in reader.tool_calls}
        described = {
            (tool.get("function") or {}).get("name")
            for tool in self._request.parameters.get("tools") or ()
        }
        functions = self._plan.options.functions
        if not (requested and described and functions):
            return False
        return not requested & (described - set(functions))

    async def _answer_tool_calls(self, reader: Reader) -> None:
        """Call the tools, and make the next request with their results."""
        requested = reader.tool_calls[: tools.MAX_ANSWERED]
        allowed = tool_results.MAX_RUNS - len(self._runs)
        runs = await run_tools(
            requested, allowed, self._plan.options.functions, self._call.emit, self._request.model
        )
        message = {**reader.assistant_message, "tool_calls": list(requested)}
        round_messages = [
            message,
            *(_tool_message(call, run) for call, run in zip(requested, runs, strict=True)),
        ]
        self._earlier_text = join_parts([self._earlier_text, message["content"]])
        self._rounds += round_messages
        self._runs += runs[:allowed]
        self._usages.append(reader.usage)
        self._earlier_thoughts = join_parts([self._earlier_thoughts, reader.reasoning])
        # A tool that had to be called was called: requiring it again would never end, nor would a
        # model that always asks.
        done_with = ["tool_choice"]
        if len(self._runs) >= tool_results.MAX_RUNS:
            done_with += ["tools", "parallel_tool_calls"]
        self._request = replace(
            self._request,
            messages=(*self._request.messages, *round_messages),
            parameters={
                name: value
                for name, value in self._request.parameters.items()
                if name not in done_with
            },
        )

    def _finish(self, reply: Reply, problem: ErnieError | asyncio.CancelledError | None) -> Asked:
        answer = reply.build_answer(partial=problem is not None)
        rounds: tuple[Message, ...] = ()
        if self._runs:
            # An answer that broke off before its last part has no rounds: the service accepts no
            # message without content.
            if answer.text:
                rounds = tuple(self._rounds)
            answer = answer.with_changes(
                text=redact(join_parts([self._earlier_text, answer.text])),
                tool_runs=tuple(self._runs),
                sent=self._sent,
                reasoning=redact(join_parts([self._earlier_thoughts, answer.reasoning])),
                usage=sum_reported([*self._usages, answer.usage]),
            )
        asked = Asked(answer, rounds, problem)
        if isinstance(problem, ErnieError):
            problem.answer = answer if asked.has_answer_to_keep else None
        return asked


async def run_tools(
    requested: Sequence[Mapping[str, Any]],
    max_runs: int,
    functions: Mapping[str, Callable[..., Any]],
    emit: Callable[[Delta], None],
    model: str,
) -> list[ToolRun]:
    """Return the result of each call. No more than `max_runs` are made, and the model is told that
    the others were not.

    Parameters
    ----------
    requested
        Calls as a model asks for them: `id`, and `function` with `name` and `arguments`.
    functions
        By name.
    emit
        Given the calls, which whoever reads carries out, and their results.
    model
        Whose input bounds the length of a result.
    """
    limit = _longest_result(model)
    done = [await _run_tool(call, functions, emit, limit) for call in requested[:max_runs]]
    return [*done, *(tool_results.skipped_tool_run(call) for call in requested[max_runs:])]


async def _run_tool(
    call: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]],
    emit: Callable[[Delta], None],
    max_characters: int,
) -> ToolRun:
    """Have a tool called by the reader; the model is told what goes wrong in it, and may try
    again.
    """
    function = functions.get(call["function"]["name"])
    if function is None:
        return tool_results.make_tool_run(call, error=_unknown_tool(call, functions))
    # Loaded with the first tool that is called.
    from ernie_magic.calls.chat.arguments import bind_arguments

    try:
        given = bind_arguments(function, call["function"]["arguments"])
        # The value becomes text where the function was called: its methods may belong to that
        # thread.
        caller_task: CallerTask[ToolRun] = CallerTask(
            lambda: function(*given.args, **given.kwargs),
            lambda value: tool_results.make_tool_run(call, value, max_characters=max_characters),
        )
        emit(Delta(notice=_CALLING.fill(name=call["function"]["name"]), caller_task=caller_task))
        run = await caller_task
    except NestedLoop:
        raise
    except Exception as error:  # noqa: BLE001  (the user's function may raise anything)
        run = tool_results.make_tool_run(call, error=error)
    emit(Delta(tool=run))
    return run


def _is_call_cut(reader: Reader) -> bool:
    """Whether the limit of length has cut a call off: asked for again, it is cut off again."""
    if not reader.is_truncated:
        return False
    written = (call["function"]["arguments"] for call in reader.tool_calls)
    return not all(is_object(arguments or "{}") for arguments in written)


def _unknown_tool(call: Mapping[str, Any], functions: Iterable[str]) -> LookupError:
    known = ", ".join(functions)
    return LookupError(f"there is no tool {call['function']['name']}; there are: {known}")


def _tool_message(call: Mapping[str, Any], run: ToolRun) -> Message:
    return {"role": "tool", "tool_call_id": call["id"], "name": run.name, "content": run.content}


def _longest_result(model: str) -> int:
    """Return the characters of a tool's result that leave room for the rest of the input."""
    entry = models.find_model(model)
    if entry is None or not entry.max_characters:
        return tool_results.MAX_CHARACTERS
    return entry.max_characters // 2
