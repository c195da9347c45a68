"""The protocol of Qianfan V1: a path for each model, `system` beside the messages, `result` and
`is_end`.

See https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf for a chat, and the official client
(https://github.com/baidubce/bce-qianfan-sdk) for the other calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ernie_magic.api import models, parameters, values
from ernie_magic.api.catalogue import CATALOGUE
from ernie_magic.api.messages import count_pictures
from ernie_magic.config.addresses import url_below
from ernie_magic.config.credentials import Signature
from ernie_magic.errors import InvalidMessages, InvalidOption
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import close_matches
from ernie_magic.wire import v1_plugins
from ernie_magic.wire.answers.tool_arguments import sendable_arguments
from ernie_magic.wire.pictures.requests import as_picture_request
from ernie_magic.wire.reader import Reader
from ernie_magic.wire.request import WireRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.messages import Message
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
    from ernie_magic.runtime.events import Delta

# The first part of a call's path, by kind: the rest names the model or the deployed service.
_FOLDERS: dict[Kind, str] = {
    "chat": "chat",
    "completion": "completions",
    "embedding": "embeddings",
    "image": "text2image",
    "rerank": "reranker",
}
_PICTURE_QUESTIONS = "/image2text/"
_CALL_ID = "_call"  # stands in a converted message until its result is found
_LIST_PATH = "/wenxinworkshop/service/list"  # of the console
_NOT_THE_END = frozenset({"false", "0", "no"})  # other ways to write false
_COUNTED_MODELS = frozenset(
    {
        "ernie-4.0-8k",
        "ernie-3.5-8k",
        "ernie-speed-8k",
        "ernie-speed-128k",
        "ernie-lite-8k",
        "ernie-tiny-8k",
        "ernie-char-8k",
    }
)
_MAX_COUNTED_CHARACTERS = 512_000


def list_models(endpoint: Endpoint) -> WireRequest | None:
    """Build the console's `POST /wenxinworkshop/service/list`; None where the call cannot be
    signed, or nothing is known of the console.
    """
    if not isinstance(endpoint.credential, Signature) or not endpoint.console_url:
        return None
    return WireRequest("POST", url_below(endpoint.console_url, _LIST_PATH), {})


def read_model_list(reply: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return both groups of the console's services in the usual form: Baidu's and the user's own.
    Without a reply they are the catalogue's.
    """
    if reply is None:
        return {"data": [{"id": m.id, "url": m.path} for m in CATALOGUE if m.path]}
    groups = values.as_object(reply.get("result"))
    entries = [
        entry for name in ("common", "custom") for entry in values.as_objects(groups.get(name))
    ]
    return {"data": [{**entry, "id": entry.get("name")} for entry in entries]}


def read_paths(listed: Sequence[Listed]) -> dict[str, str]:
    """Return the models' paths: the ends of the addresses that the list gives."""
    addresses = {entry.id.lower(): values.as_text(entry.raw.get("url")) for entry in listed}
    return {
        id_: "/" + "/".join(url.rstrip("/").split("/")[-2:])
        for id_, url in addresses.items()
        if url
    }


def model_path(
    model: str,
    kind: Kind,
    endpoint: str = "",
    listed: Mapping[str, str] | None = None,
) -> str:
    """Return the path of a model, or of the user-deployed service.

    Parameters
    ----------
    endpoint
        The deployed service's own API name.
    listed
        Paths by model from the live list; they take precedence over the catalogue's.

    Raises
    ------
    InvalidOption
        V1 has no path for this model.
    """
    if endpoint:
        return f"/{_FOLDERS[kind]}/{quote(endpoint, safe='')}"
    entry = models.find_model(model)
    path = (listed or {}).get(model.lower(), "")
    if entry:
        path = path or entry.path
    if path and path.startswith(f"/{_FOLDERS[kind]}/"):
        return path
    known = [m.id for m in CATALOGUE if m.path and m.kind == kind]
    advice = Text(
        "自己部署的服务用 --endpoint 名称；其他模型用 %ernie use qianfan",
        "for a service of your own use --endpoint NAME; for other models %ernie use qianfan",
    )
    if close := close_matches(model, known):
        advice = Text(
            "自己部署的服务用 --endpoint 名称；相近的模型：{near}",
            "for a service of your own use --endpoint NAME; similar ids: {near}",
        ).fill(near=", ".join(close))
    raise InvalidOption(
        Text(
            "千帆 V1 没有模型 {model} 的路径", "Qianfan V1 has no path for the model {model}"
        ).fill(model=model),
        Text(
            "V1 只有较早的模型；新模型在 V2", "V1 has only the older models; newer ones are on V2"
        ),
        advice,
    )


def chat(request: ChatRequest) -> WireRequest:
    """Build `POST /chat/{model}`: the system prompt is a field of its own, the number of messages
    is odd. A question about a picture goes to `/image2text/{model}`, one to plugins to theirs.
    """
    if request.plugins:
        return v1_plugins.build_request(request)
    if count_pictures(request.messages) or _is_about_pictures(request.model):
        return _picture_question(request)
    messages = _v1_messages(request.messages)
    system = {}
    if messages and messages[0]["role"] == "system":
        system = {"system": messages.pop(0)["content"]}
        entry = models.find_model(request.model)
        if entry and "system" in entry.unsupported:
            raise InvalidOption(
                Text(
                    "模型 {model} 不支持系统提示词（system）",
                    "the model {model} takes no system prompt",
                ).fill(model=entry.id),
                advice=Text(
                    "去掉 --system，或把它写进提示词", "leave it out, or write it into the prompt"
                ),
            )
    if len(messages) % 2 == 0:
        raise InvalidMessages(
            Text(
                "千帆 V1 要求消息数为奇数，这里有 {n} 条",
                "Qianfan V1 requires an odd number of messages, not {n}",
            ).fill(n=len(messages)),
            advice=Text(
                "user 和 assistant 依次交替，最后是 user",
                "user and assistant alternate, and user is last",
            ),
        )
    body = {"messages": messages, **system, "stream": request.stream}
    return _post("chat", request, {**body, **_v1_parameters(request.parameters, "chat")})


def _is_about_pictures(model: str) -> bool:
    entry = models.find_model(model)
    return entry is not None and entry.path.startswith(_PICTURE_QUESTIONS)


def _picture_question(request: ChatRequest) -> WireRequest:
    """Build `POST /image2text/{model}`: one question about the last picture, without a history, as
    the official client does (https://github.com/baidubce/bce-qianfan-sdk,
    resources/images/image2text.py).

    Raises
    ------
    InvalidOption
        There is no picture, or only a link to one.
    """
    pictures = [
        values.as_object(part.get("image_url")).get("url")
        for message in request.messages
        if isinstance(message["content"], list)
        for part in message["content"]
        if part.get("type") == "image_url"
    ]
    picture = values.as_text(pictures[-1]) if pictures else ""
    head, comma, data = picture.partition(",")
    if not comma or not head.startswith("data:"):
        raise InvalidOption(
            Text(
                "千帆 V1 的图生文要图片本身：--image 文件或变量",
                "Qianfan V1's image2text takes the picture itself: --image FILE or VARIABLE",
            )
        )
    path = f"{_PICTURE_QUESTIONS}{quote(request.endpoint, safe='')}"
    if not request.endpoint:
        entry = models.find_model(request.model)
        path = entry.path if entry else path
    body = {"prompt": request.prompt, "image": data, "stream": request.stream}
    body |= _v1_parameters(request.parameters, "chat")
    return WireRequest(
        "POST",
        path,
        {**body, **request.extra},
        request.sent_model,
        request.tokens,
        request.stream,
    )


def has_completion(model: str, _service: Service) -> bool:
    """Whether a model has a path below `/completions`."""
    return models.kind_of(model) == "completion"


def completion(request: CompletionRequest) -> WireRequest:
    """Build `POST /completions/{model}`."""
    return _post(
        "completion",
        request,
        {
            "prompt": request.prompt,
            "stream": request.stream,
            **_v1_parameters(request.parameters, "chat"),
        },
    )


def embeddings(request: EmbeddingRequest) -> WireRequest:
    """Build `POST /embeddings/{model}`."""
    return _post(
        "embedding",
        request,
        {"input": list(request.texts), **_v1_parameters(request.parameters, "embedding")},
    )


def images(request: ImageRequest) -> WireRequest:
    """Build `POST /text2image/{model}`; pictures are returned as `b64_image` only."""
    return as_picture_request(
        _post(
            "image",
            request,
            {"prompt": request.prompt, **_v1_parameters(request.parameters, "image")},
        )
    )


def rerank(request: RerankRequest) -> WireRequest:
    """Build `POST /reranker/{model}` (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/mlvvrcjbq)."""
    return _post(
        "rerank",
        request,
        {
            "query": request.query,
            "documents": list(request.documents),
            **_v1_parameters(request.parameters, "rerank"),
        },
    )


def token_count(text: str, model: str) -> WireRequest | None:
    """Build `POST /tokenizer/erniebot`; None for a text that is empty or too long, and for a model
    that it does not count (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/dlr4v9cn1).
    """
    if model.lower() not in _COUNTED_MODELS or not 0 < len(text) <= _MAX_COUNTED_CHARACTERS:
        return None
    return WireRequest("POST", "/tokenizer/erniebot", {"prompt": text, "model": model}, "tokenizer")


def _post(kind: Kind, request: Any, body: Mapping[str, Any]) -> WireRequest:
    path = model_path(request.model, kind, request.endpoint, request.paths)
    return WireRequest(
        "POST",
        path,
        {**body, **request.extra},
        request.sent_model,
        request.tokens,
        bool(body.get("stream")),
    )


def _v1_parameters(given: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """Return parameters under V1's own names and in its own forms."""
    table = parameters.parameters_of(kind)
    fields = {table[name].v1 or name: value for name, value in given.items()}
    if isinstance(wanted := fields.get("response_format"), dict):
        fields["response_format"] = wanted["type"]
    if fields.get("tool_choice") == "auto":
        del fields["tool_choice"]  # V1's default, which has no value of its own
    if "functions" in fields:
        fields["functions"] = [tool["function"] for tool in fields["functions"]]
    return fields


def _v1_messages(messages: Sequence[Message]) -> list[Message]:
    """Return the messages in V1's form: one `function_call` at a time, each followed by its result
    as `function`.
    """
    converted: list[Message] = []
    for message in messages:
        if message["role"] == "tool":
            _insert_tool_result(converted, message)
        elif message.get("tool_calls"):
            converted += _function_calls(message)
        else:
            converted.append(dict(message))
    return [
        {name: value for name, value in message.items() if name != _CALL_ID}
        for message in converted
    ]


def _insert_tool_result(converted: list[Message], message: Message) -> None:
    """Put a result behind the call it belongs to: V2 has all calls first, then all results."""
    result = {
        "role": "function",
        "name": message.get("name") or "",
        "content": message["content"],
    }
    converted.insert(_position_of_result(converted, message.get("tool_call_id")), result)


def _position_of_result(converted: list[Message], call_id: str | None) -> int:
    """Return the place behind the first call of this id that has no result yet; of any id where
    the result has none, as V1 allows.
    """
    for position, before in enumerate(converted, start=1):
        is_answered = position < len(converted) and converted[position]["role"] == "function"
        if is_answered or "function_call" not in before:
            continue
        if call_id is None or before.get(_CALL_ID) == call_id:
            return position
    return len(converted)


def _function_calls(message: Message) -> Iterator[Message]:
    """Yield a message for each tool call of one; the text stands in the first."""
    content = message.get("content") or ""
    for call in message["tool_calls"]:
        function = call["function"]
        yield {
            "role": "assistant",
            "content": content,
            "function_call": {
                "name": function["name"],
                "arguments": sendable_arguments(function.get("arguments")),
            },
            _CALL_ID: call.get("id"),
        }
        content = ""


class V1Reader(Reader):
    """Reads `result` and `is_end`. A stream numbers its pieces (`sentence_id` on
    https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf): one that is sent again is no new text,
    and where one is missing the answer is not whole.
    """

    says_each_time = True
    numbers_pieces = True

    def reset(self) -> None:  # noqa: D102  (the base's)
        super().reset()
        self._numbered: dict[int, str] = {}
        self._last_number: int | None = None
        self._counts = False  # the numbers rise: some servers give all pieces the same one

    def feed(self, chunk: dict[str, Any]) -> Delta | None:  # noqa: D102  (the base's)
        number = chunk.get("sentence_id")
        text = chunk.get("result")
        if self.numbers_pieces and type(number) is int and type(text) is str:
            chunk["result"] = self._new_text(number, text)
        return super().feed(chunk)

    def _new_text(self, number: int, text: str) -> str:
        """Return the text of a piece, "" for one that has arrived before."""
        last = self._last_number
        if self._counts and text and self._numbered.get(number) == text:
            return ""
        if last is not None:
            self.is_cut = self.is_cut or number > last + 1
            self._counts = self._counts or number == last + 1
        self._last_number = number
        self._numbered[number] = text
        return text

    @staticmethod
    def is_whole_reply(payload: Mapping[str, Any]) -> bool:  # noqa: D102  (the base's)
        return any(name in payload for name in ("result", "function_call", "tool_calls"))

    def _facts_and_content(
        self,
        chunk: Mapping[str, Any],
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        calls = {name: chunk[name] for name in ("function_call", "tool_calls") if name in chunk}
        return chunk, {"content": chunk.get("result"), **calls}

    def _take_text(self, chunk: dict[str, Any]) -> str | None:
        if type(chunk.get("result")) is not str:
            return None
        # Both grow while the answer arrives.
        self._counted: dict[str, Any] = {
            name: chunk.pop(name) for name in ("created", "sentence_id") if name in chunk
        }
        return chunk.pop("result")  # type: ignore[no-any-return]

    def _restore_text(self, chunk: dict[str, Any], text: str) -> None:
        chunk.update(self._counted, result=text)

    def _is_last_chunk(self, facts: Mapping[str, Any], reason: str) -> bool:
        # What does not say that it is the end is none: a ping, or a chunk before a cut.
        is_end = facts.get("is_end")
        if is_end is None:
            return bool(reason)
        return values.as_name(is_end).lower() not in _NOT_THE_END and is_end is not False

    def _raw_body(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return {**self._meta, **self._choice, "result": message["content"], "usage": self._usage}


class PluginReader(V1Reader):
    """Reads what plugins answer: a chat's chunks, with what the plugins say of themselves beside
    them or in events of their own.
    """

    own_fields = frozenset(v1_plugins.META_FIELDS)
    numbers_pieces = False  # events of a plugin have numbers of their own

    @staticmethod
    def is_whole_reply(payload: Mapping[str, Any]) -> bool:  # noqa: D102  (the base's)
        return V1Reader.is_whole_reply(payload) or v1_plugins.is_meta(payload)

    def _facts_and_content(
        self,
        chunk: Mapping[str, Any],
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        facts, part = super()._facts_and_content(v1_plugins.without_meta(chunk))
        if sources := v1_plugins.read_sources(chunk.get("meta_info") or chunk):
            facts = {**facts, "search_results": sources}
        return facts, part

    def _is_last_chunk(self, facts: Mapping[str, Any], reason: str) -> bool:
        # Events of a plugin have an end of their own.
        return "result" in facts and super()._is_last_chunk(facts, reason)


def reader(request: ChatRequest | CompletionRequest) -> Reader:
    """Return what collects the reply to a chat or a completion."""
    if getattr(request, "plugins", ()):
        return PluginReader(request)
    return V1Reader(request)
