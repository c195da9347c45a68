"""The OpenAI-style protocol: AI Studio (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns), Qianfan V2
(https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb), and any compatible server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.models import EDITS_PATH
from ernie_magic.runtime.events import Delta
from ernie_magic.wire.answers.choices import ChoicePicker
from ernie_magic.wire.answers.content import REASONING, with_words_as_text
from ernie_magic.wire.answers.raw_pieces import PER_TOKEN
from ernie_magic.wire.answers.tool_arguments import with_sendable_arguments
from ernie_magic.wire.call_ids import with_unique_call_ids
from ernie_magic.wire.pictures.edit_forms import edit_form
from ernie_magic.wire.pictures.requests import as_picture_request
from ernie_magic.wire.reader import Reader
from ernie_magic.wire.request import WireRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.api.models import Listed
    from ernie_magic.api.requests import (
        ChatRequest,
        CompletionRequest,
        EmbeddingRequest,
        ImageRequest,
        RerankRequest,
    )
    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.config.services import Service
    from ernie_magic.wire.answers.content import Content

MODELS = WireRequest("GET", "/models", list_name="data")
# Names of the same: the text, the reasoning, and the tool calls.
_TEXT = ("content", "refusal")
_OF_MESSAGE = ("content", *REASONING, "tool_calls")
_REPEATED = (_TEXT, REASONING, ("tool_calls", "function_call"))
_WHOLE_TEXT = "final_content"  # RAGFlow's, in the last delta
RERANKERS = "/rerankers"
RERANK = "/rerank"
# In the order in which they are tried.
RANKING_PATHS = (RERANKERS, RERANK, "/reranks")


def list_models(_endpoint: Endpoint) -> WireRequest:
    """Build `GET /models`."""
    return MODELS


def read_model_list(reply: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the reply: it has the usual form."""
    return dict(reply or {})


def read_paths(_listed: Sequence[Listed]) -> dict[str, str]:
    """Return no paths: all models share them."""
    return {}


def chat(request: ChatRequest) -> WireRequest:
    """Build `POST /chat/completions`; `model` names a user-deployed service, if there is one."""
    body = {
        "model": request.sent_model,
        "messages": with_unique_call_ids(list(map(with_sendable_arguments, request.messages))),
        "stream": request.stream,
    }
    return _post("/chat/completions", request, body, stream=request.stream)


def has_completion(_model: str, service: Service) -> bool:
    """Whether a service has `/completions`: Baidu's have not, other servers always."""
    return not service.strict


def completion(request: CompletionRequest) -> WireRequest:
    """Build `POST /completions`."""
    body = {
        "model": request.sent_model,
        "prompt": request.prompt,
        "stream": request.stream,
    }
    return _post("/completions", request, body, stream=request.stream)


def embeddings(request: EmbeddingRequest) -> WireRequest:
    """Build `POST /embeddings`."""
    return _post(
        "/embeddings",
        request,
        {"model": request.sent_model, "input": list(request.texts)},
    )._replace(list_name="data")


def images(request: ImageRequest) -> WireRequest:
    """Build `POST /images/generations`, or `/images/edits`."""
    body: dict[str, Any] = {"model": request.sent_model, "prompt": request.prompt}
    if not request.images:
        return _post_pictures("/images/generations", request, body)
    if request.as_form:
        built = _post_pictures(EDITS_PATH, request, body)
        form = edit_form(built.body or {}, request.images, request.mask)
        return built._replace(body=None, form=form)
    body["image"] = list(request.images)
    if len(request.images) == 1:  # only some models take a list
        body["image"] = request.images[0]
    if request.mask:
        body["mask"] = request.mask
    return _post_pictures(EDITS_PATH, request, body)


def _post_pictures(path: str, request: ImageRequest, body: Mapping[str, Any]) -> WireRequest:
    return as_picture_request(_post(path, request, body))._replace(list_name="data")


def rerank(request: RerankRequest) -> WireRequest:
    """Build `POST /rerankers`, as the official client does
    (https://github.com/baidubce/bce-qianfan-sdk); the API page has `/rerank`
    (https://cloud.baidu.com/doc/qianfan-api/s/2m7u4zt74), which a server without the first is asked
    for.
    """
    return _post(
        RERANKERS,
        request,
        {
            "model": request.sent_model,
            "query": request.query,
            "documents": list(request.documents),
        },
    )._replace(list_name="results")


def token_count(_text: str, _model: str) -> None:
    """Return None: these services count no tokens."""


def _post(path: str, request: Any, body: Mapping[str, Any], *, stream: bool = False) -> WireRequest:
    fields = {**body, **request.parameters, **request.extra}
    return WireRequest("POST", path, fields, request.sent_model, request.tokens, stream)


class OpenAIReader(Reader):
    """Reads chunks and whole replies: `choices[0].delta`, `.message`, or a completion's `.text`."""

    def reset(self) -> None:  # noqa: D102  (the base's)
        super().reset()
        asked = {**self.request.parameters, **self.request.extra}.get("n")
        self._is_json = _asks_for_json(self.request)
        self._is_several = (values.as_whole_number(asked) or 1) > 1
        self._choices = ChoicePicker(may_be_several=self._is_several)
        # Fields that arrive in pieces, so that a whole message repeats them.
        self._streamed: set[str] = set()
        self._said_again: dict[str, Any] = {}  # those that this chunk repeats

    @staticmethod
    def is_whole_reply(payload: Mapping[str, Any]) -> bool:  # noqa: D102  (the base's)
        return "choices" in payload

    def _facts_and_content(
        self,
        chunk: Mapping[str, Any],
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        choices = chunk.get("choices")
        if isinstance(choices, dict):
            choices = [choices]
        choice = self._choices.pick(values.as_objects(choices))
        part = _as_object(choice.get("delta"))
        self._said_again = {}
        self._is_message = not part
        if part:
            part = self._with_whole_message(part, choice.get("message"))
            for names in _REPEATED:
                if any(part.get(name) for name in names):
                    self._streamed.update(names)
        else:
            part = self._without_repetition(_message_of(choice))
        text = choice.get("text")  # of a completion
        if text is not None and text is not False and not part.get("content"):
            part = {**part, "content": text}
            self._is_message = False
            if text:
                self._streamed.update(_TEXT)
        return choice, with_words_as_text(part, is_json=self._is_json)

    def _with_whole_message(self, part: Mapping[str, Any], whole: object) -> Mapping[str, Any]:
        """Return a delta with the whole message that stands beside it in the last chunk of some
        streams: what it adds is read, or all of it where nothing has arrived.
        """
        message = values.as_object(whole)
        if not message:
            return part
        if self.is_empty:
            return {**part, **{name: value for name, value in message.items() if value}}
        self._said_again = {name: message[name] for name in _OF_MESSAGE if message.get(name)}
        return part

    def _without_repetition(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a whole message, without the words and calls that have already arrived in pieces:
        some gateways end a stream with all of it. Of calls whose arguments did not, it has them.
        """
        arrived = self._streamed
        if not self.argument_characters:
            arrived = arrived - {"tool_calls"}
        self._said_again = {name: message[name] for name in message if name in arrived}
        return {name: value for name, value in message.items() if name not in arrived}

    def _read_content(
        self,
        content: Content,
        part: Mapping[str, Any],
        *,
        is_last: bool,
    ) -> Delta | None:
        if self._said_again:
            # A gateway may have lost the last pieces, and has them in the whole message.
            thoughts = (self._said_again[name] for name in REASONING if name in self._said_again)
            if text := self._text.rest_of(self._said_again.get("content")):
                content = content._replace(text=text)
            if reasoning := self._reasoning.rest_of(next(thoughts, None)):
                content = content._replace(reasoning=reasoning)
                part = {name: value for name, value in part.items() if name not in REASONING}
        delta = super()._read_content(content, part, is_last=is_last)
        if whole := part.get(_WHOLE_TEXT):
            self._text.compare_with_whole(whole)
        return delta

    @property
    def unread_content(self) -> str:  # noqa: D102  (the base's)
        unread = super().unread_content
        if not unread and self.is_empty and self._choices.has_dropped:
            return "choices"
        return unread

    def flush_remaining(self) -> Delta | None:  # noqa: D102  (the base's)
        delta = None
        if held := self._choices.take_held():
            delta = self._read_whole_chunk({"choices": [held]})
        rest = super().flush_remaining()
        if delta is None or rest is None:
            return delta or rest
        return Delta(delta.text + rest.text, delta.reasoning + rest.reasoning)

    def _read_whole_chunk(self, chunk: dict[str, Any]) -> Delta | None:
        delta = super()._read_whole_chunk(chunk)
        if self._is_several:
            self._raw_pieces.add_others(values.as_objects(chunk.get("choices")), self._choice)
        return delta

    def _repeats_nothing(self, chunk: dict[str, Any]) -> bool:
        facts, _ = self._facts_and_content(chunk)
        if self._is_several or facts is not chunk["choices"][0] or facts.get("text"):
            return False
        if any(facts.get(name) for name in PER_TOKEN):
            return False
        return super()._repeats_nothing(chunk)

    def _take_text(self, chunk: dict[str, Any]) -> str | None:
        try:
            delta = chunk["choices"][0]["delta"]
            return delta.pop("content") if type(delta["content"]) is str else None
        except (KeyError, TypeError, IndexError, AttributeError):
            return None

    def _restore_text(self, chunk: dict[str, Any], text: str) -> None:
        chunk["choices"][0]["delta"]["content"] = text

    def _is_last_chunk(self, _facts: Mapping[str, Any], reason: str) -> bool:
        return bool(reason)

    def _raw_body(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **self._meta,
            "choices": [
                {**self._choice, **self._raw_pieces.fields, "message": message},
                *self._raw_pieces.other_choices,
            ],
            "usage": self._usage,
        }


def _message_of(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a choice's message, which some servers write in a list, or without an object."""
    for name in ("message", "messages"):
        if message := _as_message(choice.get(name)):
            return message
    return {name: choice[name] for name in _OF_MESSAGE if choice.get(name)}


def _as_message(message: object) -> Mapping[str, Any]:
    """Return a message, which is an object, perhaps in a list, or its words alone."""
    if isinstance(message, str) and message:
        return {"content": message}
    return _as_object(message)


def _as_object(value: object) -> Mapping[str, Any]:
    """Return an object, also out of a list of one; {} for anything else."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return values.as_object(value)


def _asks_for_json(request: ChatRequest | CompletionRequest) -> bool:
    form = {**request.parameters, **request.extra}.get("response_format")
    return values.as_object(form).get("type", form) in ("json_object", "json_schema")


def reader(request: ChatRequest | CompletionRequest) -> Reader:
    """Return what collects the reply to a chat or a completion."""
    return OpenAIReader(request)
