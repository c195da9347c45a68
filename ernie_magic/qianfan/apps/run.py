"""One question to an application, on the I/O thread: its conversation, its files, its answer, and
the tools that it asks for on the way.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ernie_magic.api.http_status import BAD_REQUEST, GONE, NOT_FOUND
from ernie_magic.api.requests import ChatRequest
from ernie_magic.api.usage import sum_reported
from ernie_magic.calls.chat import text_parts
from ernie_magic.calls.chat.app_conversations import AppConversation
from ernie_magic.calls.chat.tool_results import MAX_RUNS
from ernie_magic.calls.chat.turn import Asked, run_tools
from ernie_magic.errors import ErnieError, ServiceError
from ernie_magic.qianfan.creation import created_id
from ernie_magic.runtime.events import Delta
from ernie_magic.text.language import Text
from ernie_magic.text.paragraphs import join_parts
from ernie_magic.wire.app_reader import AppReader
from ernie_magic.wire.prepared_call import Clock, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ernie_magic.api.results import Answer, ToolRun
    from ernie_magic.calls.chat.conversation import Conversation
    from ernie_magic.calls.chat.history import Turn
    from ernie_magic.qianfan.console import PlatformCall
    from ernie_magic.wire.request import Form

CREATE = "/v2/app/conversation"
UPLOAD = "/v2/app/conversation/file/upload"
RUN = "/v2/app/conversation/runs"
_RENEWED = Text(
    "应用的会话已过期（有效期 7 天），已另开一个：它不记得之前的内容",
    "the application's conversation has expired (after 7 days), and another was begun: it does not "
    "remember what was said before",
)
_STARTS_OVER = Text(
    "应用另开了一个会话：它不记得前面的各轮",
    "the application begins a new conversation: it remembers none of the earlier turns",
)
_ONCE = ("tools", "action")  # fields that are not sent again with the results of tools
_RESUME = "resume"  # the action that answers a question back
_ABOUT_RESUMING = re.compile(r"\b(?:interrupt|action|resume)|中断")  # words of its refusal
_ASK_AGAIN = Text(
    "应用的反问已失效：从头再问一次",
    "what the application had asked back is not open any more: ask it from the beginning",
)
_GONE = (BAD_REQUEST, NOT_FOUND, GONE)  # statuses of what is not there any more


@dataclass(frozen=True, kw_only=True)
class AppRequest(ChatRequest):
    """A question to an application.

    Attributes
    ----------
    app_id : str
    files : tuple of str
        Names of the files that were attached.
    is_renewed : bool
        The application's conversation had expired, and another was begun.
    starts_over : bool
        Another was begun since the earlier turns here are of another one, or some were taken away.
    asks_back : bool
        The application, a flow, asks something back.
    keeps_turn : bool
        The next prompt answers it, since the turn is kept.
    failed_step : str
        What the service says of a step that failed on the way, "" for none.
    """

    app_id: str
    files: tuple[str, ...] = ()
    is_renewed: bool = False
    starts_over: bool = False
    asks_back: bool = False
    keeps_turn: bool = True
    failed_step: str = ""


@dataclass(frozen=True)
class AppQuestion:
    """What an application is asked.

    Attributes
    ----------
    app_id, name : str
        `name` is what the user calls it.
    prompt : str
    forms : tuple of Form
        The files to attach.
    tools : tuple of dict
        As they are sent.
    functions : dict
        Python functions among them, by name.
    role : str
        Replaces the application's own instruction, "" for that.
    parameters : dict
        The application's own variables.
    stream : bool
    keeps_turn : bool
        Whether it belongs to the conversation; otherwise the application begins another for it.
    """

    app_id: str
    name: str
    prompt: str
    forms: tuple[Form, ...] = ()
    tools: tuple[Mapping[str, Any], ...] = ()
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    role: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    stream: bool = True
    keeps_turn: bool = True

    def build_request(self) -> AppRequest:
        """Return the request that an answer keeps, before anything is known of the answer."""
        return AppRequest(
            model=self.name,
            messages=({"role": "user", "content": self.prompt},),
            stream=self.stream,
            parameters={"tools": list(self.tools)} if self.tools else {},
            extra=dict(self.parameters),
            app_id=self.app_id,
            files=tuple(form.files[0].name for form in self.forms),
            keeps_turn=self.keeps_turn,
        )


class AppRun:
    """A question to an application under way.

    Parameters
    ----------
    call
    question
    conversation
        Remembers the application's own conversation.
    """

    def __init__(
        self,
        call: PlatformCall,
        question: AppQuestion,
        conversation: Conversation,
    ) -> None:
        self._call = call
        self._question = question
        self._conversation = conversation
        self._clock = Clock()
        self._earlier: list[Answer] = []  # what came before each round of tools
        self._runs: list[ToolRun] = []
        self._is_renewed = False
        self._starts_over = False
        self._asks_back = False
        self._failed_step = ""
        self._key: object = None  # the application's, among the conversation's

    async def ask(self) -> Asked:
        """Ask until the application asks for no tool of ours.

        Raises
        ------
        ErnieError
            It failed before there was anything of an answer.
        """
        body = await self._begin()
        while True:
            reply = await self._read(body)
            if self._must_renew(reply):
                self._is_renewed = True
                body = await self._begin()
                continue
            # One that always asks for a tool would never end.
            is_last = len(self._runs) >= MAX_RUNS or not self._calls_ours(reply.reader.tool_calls)
            if reply.problem or is_last:
                return self._finish(reply, reply.problem)
            self._earlier.append(reply.build_answer())
            try:
                outputs = await self._run_tools(reply.reader.tool_calls)
            except (ErnieError, asyncio.CancelledError) as problem:
                return self._finish(reply, problem)
            # As the official client does: the application has been told of its tools.
            body = {name: body[name] for name in body if name not in _ONCE}
            body |= {"query": "", "tool_outputs": outputs}

    async def _begin(self) -> dict[str, Any]:
        """Return the request of the question, in a conversation of the application that exists."""
        question = self._question
        conversation_id = await self._open_conversation()
        file_ids = [await self._upload(form, conversation_id) for form in question.forms]
        body: dict[str, Any] = {
            "app_id": question.app_id,
            "conversation_id": conversation_id,
            "query": question.prompt,
            "stream": question.stream,
        }
        if file_ids:
            body["file_ids"] = file_ids
        if question.tools:
            body["tools"] = list(question.tools)
        if question.parameters:
            body["parameters"] = dict(question.parameters)
        if question_id := self._known_question(conversation_id):
            body["action"] = _answer_question(question_id)
        if question.role:
            body["custom_metadata"] = {"override_role_instruction": question.role}
        return body

    async def _open_conversation(self) -> str:
        """Return the id of the application's conversation; a new one where there is none yet, or
        it has expired.
        """
        endpoint = await self._call.endpoint_of(RUN)
        key = self._key = (endpoint.account, self._question.app_id)
        known = self._conversation.app_conversations
        remembered = known.get(key)
        if self._question.keeps_turn and not self._is_renewed:
            remembered = self._check_turns(remembered)
        if remembered and self._question.keeps_turn and not self._is_renewed:
            if not remembered.has_expired:
                return remembered.id
            self._is_renewed = True
        if self._is_renewed:
            self._call.emit(Delta(notice=_RENEWED))
        if self._starts_over:
            self._call.emit(Delta(notice=_STARTS_OVER))
        began = time.time()
        body = {"app_id": self._question.app_id}
        conversation_id = await created_id(
            self._call.request("POST", CREATE, body), "conversation_id"
        )
        created = AppConversation(conversation_id, began)
        if self._question.keeps_turn:
            known[key] = created
        return created.id

    def _known_question(self, conversation_id: str) -> str:
        """Return the id of the question back that is open in the application's conversation."""
        remembered = self._conversation.app_conversations.get(self._key)
        if remembered is None or remembered.id != conversation_id:
            return ""
        return remembered.question_id

    def _remember_question(
        self,
        conversation_id: str,
        reader: AppReader,
        problem: BaseException | None,
    ) -> None:
        """Remember what the application asks back: a reply that has begun has taken the answer to
        the question before it.
        """
        self._asks_back = bool(reader.question_id)
        self._failed_step = reader.failed_step or self._failed_step
        is_refused = not reader.started and _is_not_open(problem)
        known = self._conversation.app_conversations
        remembered = known.get(self._key)
        if remembered is None or remembered.id != conversation_id:
            return  # it was reset meanwhile, or keeps no turn
        if remembered.question_id and is_refused and isinstance(problem, ErnieError):
            problem.advice = _ASK_AGAIN
        if reader.started or is_refused:
            known[self._key] = remembered._replace(question_id=reader.question_id)

    def _check_turns(self, remembered: AppConversation | None) -> AppConversation | None:
        """Return the application's conversation if it holds the turns that are here; None where
        they belong to another one, as in a fork, or where some of its turns were taken away, which
        it would go on to know.
        """
        turns = [turn for turn in self._conversation.history if self._has_answered(turn)]
        if remembered is None:
            self._starts_over = bool(turns)
            return None
        if sum(turn.time >= remembered.began for turn in turns) < remembered.turns:
            self._starts_over = True
            return None
        return remembered

    def _has_answered(self, turn: Turn) -> bool:
        """Whether the application has answered a turn; one from a file tells its name alone."""
        request = turn.answer.request
        if isinstance(request, AppRequest):
            return request.app_id == self._question.app_id
        names = (self._question.name, self._question.app_id)
        return turn.options is None and turn.answer.model in names

    def count_turn(self) -> None:
        """Remember that the answer was kept as a turn."""
        known = self._conversation.app_conversations
        if remembered := known.get(self._key):
            known[self._key] = remembered._replace(turns=remembered.turns + 1)

    async def _upload(self, form: Form, conversation_id: str) -> str:
        fields = {"app_id": self._question.app_id, "conversation_id": conversation_id}
        sent = self._call.request("POST", UPLOAD, form=form._replace(fields=fields))
        return await created_id(sent, "id")

    async def _read(self, body: Mapping[str, Any]) -> Reply:
        """Send the question, or the results of tools, and read what the application answers."""
        reader = AppReader(self._question.build_request())
        emit = text_parts.emit_after(
            join_parts(answer.text for answer in self._earlier),
            self._mark_and_emit,
            thoughts_before=join_parts(answer.reasoning for answer in self._earlier),
        )
        call = self._call.replace_emit(emit)
        problem: ErnieError | asyncio.CancelledError | None = None
        try:
            await call.read_reply(RUN, body, reader)
        except (ErnieError, asyncio.CancelledError) as error:
            problem = error
        finally:
            self._clock.mark_end()
        self._remember_question(body["conversation_id"], reader, problem)
        service = await self._call.service_of(RUN)
        if reader.started:
            self._call.count_usage(service, reader.model, reader.usage)
        return Reply(reader, problem, self._clock, service)

    def _mark_and_emit(self, delta: Delta) -> None:
        if not delta.notice:
            self._clock.mark_first_text()
        self._call.emit(delta)

    def _must_renew(self, reply: Reply) -> bool:
        """Whether the service has forgotten the conversation that we remembered."""
        problem = reply.problem
        if not isinstance(problem, ServiceError) or self._is_renewed or self._runs:
            return False
        told = f"{problem.code} {problem.message}".lower()
        is_gone = problem.status in _GONE and ("conversation" in told or "会话" in told)
        return is_gone and not reply.reader.started

    def _calls_ours(self, requested: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the tools that are asked for are ours to call."""
        names = {call["function"]["name"] for call in requested}
        return bool(names) and names <= self._question.functions.keys()

    async def _run_tools(self, requested: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
        """Call the tools; return their results as the application is given them."""
        allowed = MAX_RUNS - len(self._runs)
        runs = await run_tools(
            requested, allowed, self._question.functions, self._call.emit, self._question.name
        )
        self._runs += runs[:allowed]
        return [
            {"tool_call_id": str(call["id"]), "output": run.content}
            for call, run in zip(requested, runs, strict=True)
        ]

    def _finish(self, reply: Reply, problem: ErnieError | asyncio.CancelledError | None) -> Asked:
        answer = reply.build_answer(partial=problem is not None)
        answers = [*self._earlier, answer]
        answer = answer.with_changes(
            request=replace(
                self._question.build_request(),
                is_renewed=self._is_renewed,
                starts_over=self._starts_over,
                asks_back=self._asks_back,
                failed_step=self._failed_step,
            ),
            text=join_parts(each.text for each in answers),
            reasoning=join_parts(each.reasoning for each in answers),
            tool_runs=tuple(self._runs),
            search=_each_once(source for each in answers for source in each.search),
            images=tuple(dict.fromkeys(image for each in answers for image in each.images)),
            files=tuple(dict.fromkeys(link for each in answers for link in each.files)),
        )
        if self._earlier:
            answer = answer.with_changes(usage=sum_reported([each.usage for each in answers]))
        asked = Asked(answer, (), problem)
        if isinstance(problem, ErnieError):
            problem.answer = answer if asked.has_answer_to_keep else None
        return asked


def _each_once(sources: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Return sources without those that a later round of tools names again."""
    found: list[Mapping[str, Any]] = []
    for source in sources:
        if source not in found:
            found.append(source)
    return tuple(found)


def _answer_question(question_id: str) -> dict[str, Any]:
    """Return the action by which a prompt answers what a flow has asked back."""
    event = {"id": question_id, "type": "chat"}
    return {"action_type": _RESUME, "parameters": {"interrupt_event": event}}


def _is_not_open(problem: BaseException | None) -> bool:
    """Whether the service refuses a prompt since what it answers is not asked any more."""
    if not isinstance(problem, ServiceError) or problem.status not in _GONE:
        return False
    return bool(_ABOUT_RESUMING.search(f"{problem.code} {problem.message}".lower()))
