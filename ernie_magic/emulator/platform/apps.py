"""`/v2/app/…`: applications that are talked to, with conversations, files and tools.

Two of them are there: one answers from the demonstration's knowledge base, the other from what is
written down. An application calls the tools that a request brings, and answers from the text files
that were attached to the conversation.

Sources: the official client (https://github.com/baidubce/app-builder,
python/core/console/appbuilder_client) and https://cloud.baidu.com/doc/qianfan-api/s/Smh4sutup.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from ernie_magic.api.passages import Passage
from ernie_magic.emulator import tools
from ernie_magic.emulator.platform import demo_documents, knowledge
from ernie_magic.emulator.platform.app_flow import FlowState, run_flow
from ernie_magic.emulator.platform.app_steps import EventMaker, count_usage, make_step
from ernie_magic.emulator.platform.console import PlatformRoute, Store, invalid_field
from ernie_magic.emulator.platform.values import request_uuid
from ernie_magic.emulator.quoted_answers import answer_from_passages
from ernie_magic.emulator.refusals import ConsoleRefusal
from ernie_magic.emulator.relevance import rate_text
from ernie_magic.emulator.replies import generate_reply, split_into_deltas

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.emulator.platform.console import PlatformCall

SHOP_APP = "ab0f0000-0000-4000-8000-000000000001"
CHAT_APP = "ab0f0000-0000-4000-8000-000000000002"
FLOW_APP = "ab0f0000-0000-4000-8000-000000000003"
_MODEL = "ernie-3.5-8k"
_LIFETIME = 7 * 86_400  # seconds of a conversation
_MAX_CONVERSATIONS = 1000
_MIN_SCORE = 0.4
_MAX_REFERENCES = 3
_HAN = re.compile(r"[\u4e00-\u9fff]")
_FAILURE = "[[app_error]]"  # a question with this fails while it is answered
_FAILURE_CODE = 10005
_APPS: dict[str, dict[str, Any]] = {
    SHOP_APP: {
        "name": "demo",
        "description": "演示：云雀咖啡的客服 / demonstration: the service desk of a made-up shop",
        "appType": "agent",
    },
    CHAT_APP: {
        "name": "demo-chat",
        "description": "演示：可带工具和文件的助手 / demonstration: takes tools and files",
        "appType": "agent",
    },
    FLOW_APP: {
        "name": "demo-flow",
        "description": "演示：会反问的工作流，登记退货 / demonstration: a flow that asks back",
        "appType": "chatflow",
    },
}


@dataclass
class Conversation:
    """A conversation with an application."""

    app_id: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, Passage] = field(default_factory=dict)
    waiting_calls: list[dict[str, Any]] = field(default_factory=list)
    flow: FlowState = field(default_factory=FlowState)
    began: float = field(default_factory=time.time)

    @property
    def is_expired(self) -> bool:
        """Whether it is older than seven days."""
        return time.time() - self.began > _LIFETIME


class Apps:
    """The conversations of one emulator."""

    def __init__(self) -> None:
        self.conversations: Store[Conversation] = Store("conversation", _MAX_CONVERSATIONS)

    def expire_all(self) -> None:
        """Let every conversation expire, as after seven days."""
        for conversation in self.conversations.values():
            conversation.began = 0.0

    def find_conversation(self, app_id: object, conversation_id: object) -> Conversation:
        """The conversation of an id.

        Raises
        ------
        ConsoleRefusal
            There is none of that application, or it has expired.
        """
        found = None
        if conversation_id in self.conversations:
            found = self.conversations.find(conversation_id, "conversation_id")
        if found is None or found.app_id != app_id or found.is_expired:
            raise ConsoleRefusal(
                400, "InvalidConversation", "the conversation_id does not exist or has expired"
            )
        return found


def describe_apps(call: PlatformCall) -> dict[str, Any]:
    """`DescribeApps`."""
    rows = [_describe_app(app_id) for app_id in _APPS]
    page, info = call.page(rows, "id")
    return {"data": page, **info}


def describe_app(call: PlatformCall) -> dict[str, Any]:
    """`DescribeApp`."""
    app_id = _find_app(call.body.get("id"), "id")
    bases = []
    if app_id == SHOP_APP:
        bases = [{"id": demo_documents.BASE_ID, "name": demo_documents.BASE_NAME}]
    return {
        **_describe_app(app_id),
        "instruction": "模拟 / simulated",
        "prologue": "",
        "exampleQueries": ["咖啡豆拆封后能退吗？", "How long does shipping take?"],
        "followupQueries": {},
        "components": [],
        "knowledgeBaseConfig": {"knowledgeBases": bases},
        "modelConfig": {},
    }


def _describe_app(app_id: str) -> dict[str, Any]:
    return {"id": app_id, **_APPS[app_id], "isPublished": True, "updateTime": 1_764_547_200}


def _find_app(app_id: object, name: str) -> str:
    if not isinstance(app_id, str) or app_id not in _APPS:
        raise invalid_field(name)
    return app_id


def create_conversation(call: PlatformCall) -> dict[str, Any]:
    """`POST /v2/app/conversation`."""
    app_id = _find_app(call.body.get("app_id"), "app_id")
    conversation_id = request_uuid()
    call.state_of(Apps).conversations.add(Conversation(app_id), conversation_id)
    return {"conversation_id": conversation_id}


def upload_file(call: PlatformCall) -> dict[str, Any]:
    """`POST /v2/app/conversation/file/upload`: a file, or the address of one."""
    form = call.form
    app_id = _find_app(form.fields.get("app_id"), "app_id")
    conversation_id = form.fields.get("conversation_id")
    conversation = call.state_of(Apps).find_conversation(app_id, conversation_id)
    file = form.files.get("file")
    if file is not None:
        text = knowledge.read_text(file.name, file.content) or ""
        passage = Passage(text, file.name)
    elif form.fields.get("file_url"):
        passage = Passage("", form.fields["file_url"])
    else:
        raise invalid_field("file")
    file_id = request_uuid()
    conversation.files[file_id] = passage
    return {"id": file_id, "conversation_id": conversation_id}


def run_app(call: PlatformCall) -> Response:
    """`POST /v2/app/conversation/runs`, in one piece or streamed."""
    app_id = _find_app(call.body.get("app_id"), "app_id")
    conversation_id = call.body.get("conversation_id")
    conversation = call.state_of(Apps).find_conversation(app_id, conversation_id)
    head = {
        "request_id": request_uuid(),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "conversation_id": conversation_id,
        "message_id": request_uuid(),
    }
    run = _Run(call, conversation)
    steps = run.answer()
    chunks = [{**head, **step} for step in steps]
    if call.body.get("stream"):
        packed = [json.dumps(chunk, ensure_ascii=False) for chunk in chunks]
        return call.incoming.stream_response(packed, None, has_done=False)
    whole = {
        **head,
        "answer": "".join(chunk["answer"] for chunk in chunks),
        "is_completion": True,
        "content": [event for chunk in chunks for event in chunk["content"]],
    }
    return JSONResponse(whole)


class _Run:
    """One question to an application, and the steps of its answer."""

    def __init__(self, call: PlatformCall, conversation: Conversation) -> None:
        self._call = call
        self._conversation = conversation
        self._seed = call.incoming.seed
        self._query = call.text("query", default="", limit=2000)
        self._events = EventMaker()

    def answer(self) -> list[dict[str, Any]]:
        """The steps, each with what it adds to the answer and with its events."""
        outputs = self._call.body.get("tool_outputs")
        if outputs:
            return self._answer_from_outputs(outputs)
        if not self._query:
            raise invalid_field("query")
        if self._conversation.app_id == FLOW_APP:
            return run_flow(self._call, self._conversation.flow, self._query)
        if called := self._choose_calls():
            return [self._interrupt(called)]
        passages = self._find_passages()
        steps = []
        if passages:
            steps = [self._show_references(passages)]
            text = answer_from_passages(self._query, passages, self._seed)
        else:
            text = self._answer_in_words()
        if _FAILURE in self._query:
            return [*steps, *self._show_text(text[:20]), self._fail()]
        return [*steps, *self._finish(text)]

    def _choose_calls(self) -> list[dict[str, Any]]:
        """The calls of the request's tools that fit the question."""
        functions = [
            tool["function"]
            for tool in self._call.body.get("tools") or ()
            if isinstance(tool, dict) and isinstance(tool.get("function"), dict)
        ]
        chosen = tools.choose_functions(functions, "auto", self._query, parallel=True)
        calls = []
        for function in chosen:
            arguments = json.loads(tools.fill_arguments(function, self._query, self._seed))
            called = {"name": function["name"], "arguments": arguments}
            calls.append({"id": request_uuid(), "type": "function", "function": called})
        return calls

    def _interrupt(self, called: list[dict[str, Any]]) -> dict[str, Any]:
        """The step that asks for tools: the caller has them run, and sends their outputs."""
        self._conversation.messages.append({"role": "user", "content": self._query})
        self._conversation.waiting_calls = called
        event = self._events.make("function_call", "interrupt", tool_calls=called)
        event["event_type"] = "Interrupt"
        return make_step(event, is_last=True)

    def _answer_from_outputs(self, outputs: Any) -> list[dict[str, Any]]:
        waiting = {call["id"]: call for call in self._conversation.waiting_calls}
        is_list = isinstance(outputs, list) and all(isinstance(each, dict) for each in outputs)
        if not is_list or {each.get("tool_call_id") for each in outputs} != waiting.keys():
            raise invalid_field("tool_outputs")
        self._conversation.waiting_calls = []
        self._query = self._conversation.messages.pop()["content"]
        chinese = bool(_HAN.search(self._query))
        paragraphs = [
            tools.answer_from_result(
                waiting[each["tool_call_id"]]["function"]["name"],
                str(each.get("output") or ""),
                chinese=chinese,
            )
            for each in outputs
        ]
        return self._finish("\n\n".join(paragraphs))

    def _find_passages(self) -> list[Passage]:
        """What the conversation's files and the application's knowledge base say about it."""
        wanted = self._call.body.get("file_ids") or []
        if not isinstance(wanted, list) or not set(wanted) <= self._conversation.files.keys():
            raise invalid_field("file_ids")
        candidates = [
            Passage(part, passage.title)
            for passage in self._conversation.files.values()
            for part in knowledge.split_text(passage.text, 600)
        ]
        if self._conversation.app_id == SHOP_APP:
            state = self._call.state_of(knowledge.KnowledgeBases)
            if demo_documents.BASE_ID in state.bases:
                base = state.bases.find(demo_documents.BASE_ID, "id")
                candidates += [
                    Passage(
                        chunk.content,
                        document.name,
                        knowledge_base=base.id,
                        document_id=document.id,
                        id=chunk.id,
                    )
                    for document, chunk in state.iterate_chunks(base)
                ]
        rated = [(rate_text(self._query, each.text, self._seed), each) for each in candidates]
        good = sorted((each for each in rated if each[0] >= _MIN_SCORE), key=lambda each: -each[0])
        return [passage for _, passage in good[:_MAX_REFERENCES]]

    def _show_references(self, passages: list[Passage]) -> dict[str, Any]:
        references = [
            {
                "id": str(number),
                "from": "search_db",
                "url": "",
                "content": passage.text,
                "segment_id": passage.id,
                "document_id": passage.document_id,
                "dataset_id": passage.knowledge_base,
                "document_name": passage.title,
                "knowledgebase_id": passage.knowledge_base,
            }
            for number, passage in enumerate(passages, start=1)
        ]
        event = self._events.make("rag", "done", outputs={"text": "", "references": references})
        event["event_type"] = "RAGAgent"
        return make_step(event)

    def _answer_in_words(self) -> str:
        messages = [*self._conversation.messages, {"role": "user", "content": self._query}]
        metadata = self._call.body.get("custom_metadata") or {}
        if role := metadata.get("override_role_instruction"):
            messages.insert(0, {"role": "system", "content": str(role)})
        return generate_reply(messages, {}, _MODEL, self._seed).full_text

    def _show_text(self, text: str) -> list[dict[str, Any]]:
        return [
            make_step(
                self._events.make("text", "running", outputs={"text": piece}),
                answer=piece,
            )
            for piece in split_into_deltas(text)
        ]

    def _finish(self, text: str) -> list[dict[str, Any]]:
        """The answer piece by piece, and its end."""
        self._conversation.messages += [
            {"role": "user", "content": self._query},
            {"role": "assistant", "content": text},
        ]
        done = self._events.make(
            "text", "done", outputs={"text": ""}, usage=count_usage(self._query, text)
        )
        success = self._events.make("status", "success")
        return [*self._show_text(text), make_step(done), make_step(success, is_last=True)]

    def _fail(self) -> dict[str, Any]:
        event = self._events.make("status", "error")
        event["event_code"] = _FAILURE_CODE
        event["event_message"] = "the component failed, as asked"
        return make_step(event, is_last=True)


def rate_answer(call: PlatformCall) -> dict[str, Any]:
    """`POST /v2/app/conversation/feedback`."""
    app_id = _find_app(call.body.get("app_id"), "app_id")
    call.state_of(Apps).find_conversation(app_id, call.body.get("conversation_id"))
    call.text("message_id")
    if call.body.get("type") not in ("cancel", "upvote", "downvote"):
        raise invalid_field("type")
    return {}


ACTIONS: dict[str, Callable[[PlatformCall], Any]] = {
    "DescribeApps": describe_apps,
    "DescribeApp": describe_app,
}
ROUTES: tuple[PlatformRoute, ...] = (
    PlatformRoute("POST", "/v2/app/conversation", create_conversation),
    PlatformRoute("POST", "/v2/app/conversation/file/upload", upload_file),
    PlatformRoute("POST", "/v2/app/conversation/runs", run_app),
    PlatformRoute("POST", "/v2/app/conversation/feedback", rate_answer),
)
