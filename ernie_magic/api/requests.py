"""Frozen requests, and the one normaliser that magic, Python call and panel share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ernie_magic.api import models, parameters
from ernie_magic.api.keywords import CHAT_OPTIONS, OPTIONS_BY_CALL
from ernie_magic.api.messages import (
    Message,
    check_chat_length,
    check_length,
    check_messages,
    check_sendable,
    check_text,
    check_vision,
    message_text,
    too_long_error,
)
from ernie_magic.api.parameter import Rules, clip_value
from ernie_magic.api.unfit_texts import (
    PASS_ONE_TEXT,
    check_invalid,
    clip_to_model,
    unfit_texts_error,
)
from ernie_magic.errors import InvalidMessages, InvalidOption, combine_errors
from ernie_magic.text.language import Text, untranslated
from ernie_magic.text.tokens import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from ernie_magic.api.catalogue import Kind

Function = Callable[..., Any]


@dataclass(frozen=True)
class ChatOptions:
    """What a caller gives besides the prompt; None means not given. Magic, Python and panel all use
    it.

    Attributes
    ----------
    parameters : dict
        Request parameters by API name.
    model, system : str | None
    stream : bool | None
    history : bool | None
        Whether earlier turns are sent and this one is kept: None does so with a text prompt.
    extra : dict
        Fields the table does not know.
    endpoint : str
        The name of a user-deployed service, "" for a preset one.
    functions : dict
        Python functions among the tools, by name: called when the model asks.
    images : object
        Pictures sent with the prompt, None for none; in the forms that
        `ernie_magic.calls.chat.attachments.image_parts` accepts.
    knowledge : object
        Knowledge bases that are searched for what the answer is made from: names or ids, None for
        none (`ernie_magic.api.passages.check_knowledge`).
    plugins : object
        Plugins of Qianfan V1, None for none (`ernie_magic.api.plugins.check_plugins`).
    unfilled : tuple of str
        Variables whose names stand in single braces in the prompt, where they are sent as they are.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    system: str | None = None
    stream: bool | None = None
    history: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    endpoint: str = ""
    functions: Mapping[str, Function] = field(default_factory=dict)
    images: Any = None
    knowledge: Any = None
    plugins: Any = None
    unfilled: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Request:
    """What every call has.

    Attributes
    ----------
    model : str
    parameters : dict
        Only what was given, checked against the table; for an absent one the service's default
        applies.
    extra : dict
        Fields the table does not know, sent as they are.
    endpoint : str
        The name of a user-deployed service, "" for a preset one.
    paths : dict
        Qianfan V1's paths by model, as far as its live list gives them.
    adaptable : frozenset of str
        What the caller did not choose, so that it may be sent otherwise to a server that refuses
        it: "response_format", "stream", and of earlier messages "reasoning" and "tools".
    """

    model: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    endpoint: str = ""
    paths: Mapping[str, str] = field(default_factory=dict, repr=False)
    adaptable: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @property
    def sent_model(self) -> str:
        """What the request is sent to: the deployed service, else the model."""
        return self.endpoint or self.model

    @property
    def tokens(self) -> int:
        """Estimated tokens of what is sent."""
        return estimate_tokens("".join(self._texts()))

    def names(self, words: str) -> bool:
        """Whether these words stand in what is sent."""
        return any(words in text for text in self._texts())

    def _texts(self) -> Iterable[str]:
        return ()


@dataclass(frozen=True, kw_only=True)
class ChatRequest(Request):
    """A chat call as it will be sent.

    Attributes
    ----------
    messages : tuple of dict
        `role`, `content` and perhaps `name`.
    stream : bool
    trimmed : int
        How many of the oldest turns were left out to fit the model.
    sees_earlier : bool
        The default model was passed over for one that sees the pictures of earlier turns.
    overlaps : bool
        Another prompt of its conversation was still being answered: that turn is not sent.
    knowledge : tuple of str
        The knowledge bases that were searched for it.
    plugins : tuple of str
        The plugins of Qianfan V1 that are asked in place of a model.
    unfilled : tuple of str
        Variables whose names stand in single braces in the prompt.
    drops_system_of : str
        The conversation whose last turn had a system prompt of its own, which is not sent again; ""
        for none.
    """

    messages: tuple[Message, ...]
    stream: bool = True
    trimmed: int = 0
    sees_earlier: bool = False
    knowledge: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    unfilled: tuple[str, ...] = field(default=(), repr=False, compare=False)
    overlaps: bool = field(default=False, repr=False, compare=False)
    drops_system_of: str = field(default="", repr=False, compare=False)

    @property
    def prompt(self) -> str:
        """The text of the last message."""
        return message_text(self.messages[-1])

    def _texts(self) -> Iterable[str]:
        return (message_text(message) for message in self.messages)


@dataclass(frozen=True, kw_only=True)
class CompletionRequest(Request):
    """A text to continue (续写).

    Attributes
    ----------
    prompt : str
    stream : bool
    """

    prompt: str
    stream: bool = True

    @property
    def messages(self) -> tuple[Message, ...]:
        """The prompt as messages, for whoever continues in a chat."""
        return ({"role": "user", "content": self.prompt},)

    def _texts(self) -> Iterable[str]:
        return (self.prompt,)


@dataclass(frozen=True, kw_only=True)
class EmbeddingRequest(Request):
    """Texts to turn into vectors ("向量" on https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns), in as
    many calls as needed.

    Attributes
    ----------
    texts : tuple of str
    skipped : frozenset of int
        Positions of texts that are not sent because they are empty or too long.
    invalid : str
        What to do with a text that the service refuses as too long: "error", "truncate" or "skip".
    """

    texts: tuple[str, ...]
    skipped: frozenset[int] = frozenset()
    invalid: str = "error"

    def _texts(self) -> Iterable[str]:
        return self.texts


@dataclass(frozen=True, kw_only=True)
class ImageRequest(Request):
    """Pictures to make ("文生图" on https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns).

    Attributes
    ----------
    prompt : str
    images : tuple of str
        What is edited: addresses, or `data:` URIs; none for a new picture.
    mask : str
        Where it is edited, a `data:` URI; "" for everywhere.
    as_form : bool
        Whether an edit is sent as a form with files, as OpenAI's API has it
        (https://platform.openai.com/docs/api-reference/images/createEdit), not as JSON.
    """

    prompt: str
    images: tuple[str, ...] = field(default=(), repr=False)
    mask: str = field(default="", repr=False)
    as_form: bool = False

    def _texts(self) -> Iterable[str]:
        return (self.prompt,)


@dataclass(frozen=True, kw_only=True)
class RerankRequest(Request):
    """Documents to rank by how well they answer a query
    (https://cloud.baidu.com/doc/qianfan-api/s/2m7u4zt74).

    Attributes
    ----------
    query : str
    documents : tuple of str
    """

    query: str
    documents: tuple[str, ...]

    def _texts(self) -> Iterable[str]:
        return (self.query, *self.documents)


_TABLE_RULES = Rules()
_KEPT = Text("{name} 是在会话里设置的", "{name} is set for the session")
_KEEP_NO_LONGER = Text(
    "%ernie config {name} default 取消设置", "%ernie config {name} default unsets it"
)


def chat_request(
    messages: Sequence[Mapping[str, Any]],
    *,
    model: str,
    given: Mapping[str, Any],
    extra: Mapping[str, Any] | None = None,
    stream: bool = True,
    rules: Rules = _TABLE_RULES,
    endpoint: str = "",
    paths: Mapping[str, str] | None = None,
    trimmed: int = 0,
    max_input_tokens: int | None = None,
) -> ChatRequest:
    """Build the request for these messages; it is checked before anything is sent.

    Parameters
    ----------
    messages
        In the order in which they are sent.
    model
        Sent unchanged; the catalogue only adds rules for ids it knows.
    given
        Parameters by API name; None means not given.
    extra
        Fields the table does not know.
    rules
        The ranges and fields that apply.
    endpoint, paths, trimmed
        As in `ChatRequest`.
    max_input_tokens
        The model's longest input by the live list, None where that does not say.

    Raises
    ------
    InvalidOption
        A parameter is unknown, out of range or not supported by this model or service.
    InvalidMessages
        Empty content, an unknown role, roles in the wrong order, or more characters than the model
        accepts ("message 说明" on https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns).
    """
    checked = checked_parameters("chat", given, model, rules)
    _check_tool_choice(checked, rules)
    _check_extra("chat", extra, rules, [list(messages), checked, model])
    checked_messages = tuple(check_messages(messages, rules))
    check_vision(checked_messages, model, rules, endpoint)
    texts = [message_text(message) for message in checked_messages]
    check_chat_length(texts, model, rules, max_input_tokens)
    return ChatRequest(
        model=model,
        messages=checked_messages,
        parameters=checked,
        extra=dict(extra or {}),
        stream=stream,
        endpoint=endpoint,
        paths=paths or {},
        trimmed=trimmed,
    )


def completion_request(
    prompt: str,
    *,
    model: str,
    given: Mapping[str, Any],
    extra: Mapping[str, Any],
    stream: bool,
    rules: Rules,
    endpoint: str = "",
) -> CompletionRequest:
    """Build the request to continue this text; raises what `chat_request` raises."""
    check_names("completion", given, parameters.COMPLETION)
    checked = checked_parameters("chat", given, model, rules)
    check_text(prompt)
    _check_extra("chat", extra, rules, [prompt, checked])
    check_chat_length([prompt], model, rules)
    return CompletionRequest(
        model=model,
        prompt=prompt,
        parameters=checked,
        extra=dict(extra),
        stream=stream,
        endpoint=endpoint,
    )


def embedding_request(
    texts: Sequence[str],
    *,
    model: str,
    given: Mapping[str, Any],
    extra: Mapping[str, Any],
    rules: Rules,
    endpoint: str = "",
    invalid: str = "error",
) -> EmbeddingRequest:
    """Build the request for the vectors of these texts ("向量" on
    https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns).

    Parameters
    ----------
    invalid
        What to do with texts that are empty or too long: "error", "truncate" (empty ones are
        skipped) or "skip".

    Raises
    ------
    InvalidOption
    InvalidMessages
        There is no text, or one is empty or too long; the error names its position.
    """
    check_invalid(invalid)
    checked = checked_parameters("embedding", given, model, rules)
    if not texts:
        raise InvalidMessages(Text("没有文本", "there are no texts"), advice=PASS_ONE_TEXT)
    texts = [_plain_text(n, text) for n, text in enumerate(texts, start=1)]
    fitting = [clip_to_model(text, model, rules) for text in texts]
    empty = {i for i, text in enumerate(texts) if not text.strip()}
    too_long = {i for i, text in enumerate(texts) if fitting[i] != text} - empty
    sent_texts = fitting if invalid == "truncate" else texts
    _check_extra("embedding", extra, rules, [sent_texts, checked])
    if invalid == "error" and (empty or too_long):
        raise unfit_texts_error(texts, empty, too_long, model)
    skipped = empty | too_long if invalid == "skip" else empty
    return EmbeddingRequest(
        model=model,
        texts=tuple(sent_texts),
        skipped=frozenset(skipped),
        invalid=invalid,
        parameters=checked,
        extra=dict(extra),
        endpoint=endpoint,
    )


def _plain_text(n: int, given: object) -> str:
    """Return a text, an empty one for what is missing (None, NaN, pandas' NA)."""
    if is_missing(given):
        return ""
    if not isinstance(given, str):
        raise InvalidMessages(
            Text("第 {n} 条应为文本，实际是 {kind}", "text {n} must be a string, not {kind}").fill(
                n=n, kind=type(given).__name__
            )
        )
    return given


def is_missing(value: object) -> bool:
    """Whether a value is missing from a column: None, any library's NaN or NaT, pandas' NA, numpy's
    masked one.
    """
    if value is None or type(value).__name__ in ("NAType", "MaskedConstant"):
        return True
    if isinstance(value, Decimal):
        return value.is_nan()  # a signalling NaN may not be compared
    try:
        # All of them, and only they, differ from themselves; an array is compared item by item.
        differs = value != value  # noqa: PLR0124
        return type(differs).__name__ in ("bool", "bool_") and bool(differs)
    except Exception:  # noqa: BLE001  (whatever a stranger's class raises when it is compared)
        return False


def image_request(
    prompt: str,
    *,
    model: str,
    given: Mapping[str, Any],
    extra: Mapping[str, Any],
    rules: Rules,
    endpoint: str = "",
    images: tuple[str, ...] = (),
    mask: str = "",
) -> ImageRequest:
    """Build the request for pictures ("文生图" on https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns),
    or for edited ones (https://cloud.baidu.com/doc/qianfan-api/s/Rm9m76ekf).

    Raises
    ------
    InvalidOption
    InvalidMessages
        The prompt is empty or too long.
    """
    if images and rules.protocol != "openai":
        raise _no_edits_error()
    if not endpoint:
        _check_image_model(model, rules, is_edit=bool(images))
    if mask and rules.strict and not endpoint:
        _check_mask(model)
    checked = checked_parameters("image", given, model, rules)
    check_text(prompt)
    _check_extra("image", extra, rules, [prompt, checked])
    check_length(len(prompt), model, rules)
    return ImageRequest(
        model=model,
        prompt=prompt,
        parameters=checked,
        extra=dict(extra),
        endpoint=endpoint,
        images=images,
        mask=mask,
        as_form=bool(images) and not rules.strict,
    )


def _check_mask(model: str) -> None:
    """Reject a mask for a model that is known to take none: it would edit the picture everywhere,
    and bill that.
    """
    entry = models.find_model(model)
    if entry is None or entry.has_ability("mask"):
        return
    raise InvalidOption(
        Text(
            "模型 {model} 不用 mask，会改整张图", "{model} takes no mask: it edits everywhere"
        ).fill(model=entry.id),
        advice=Text(
            "去掉 mask，或改用 ernie-irag-edit",
            "leave the mask out, or use ernie-irag-edit",
        ),
    )


def _no_edits_error() -> InvalidOption:
    return InvalidOption(
        Text("千帆 V1 不能改图片", "Qianfan V1 cannot edit pictures"),
        advice=Text(
            "改用千帆 V2：%ernie use qianfan", "use Qianfan V2 instead: %ernie use qianfan"
        ),
    )


def _check_image_model(model: str, rules: Rules, *, is_edit: bool) -> None:
    """Reject a model that is for another call: here it would never answer.

    Raises
    ------
    InvalidOption
    """
    if not rules.strict or rules.protocol != "openai" or model == models.UNDECIDED:
        return
    path = models.own_image_path(model)
    if is_edit:
        _check_edit_model(model, path)
        return
    if not path:
        return
    advice = Text(
        '换一个模型（%ernie models image），或 ernie.wire.post("{path}", {{…}})',
        'use another model (%ernie models image), or ernie.wire.post("{path}", {{…}})',
    ).fill(path=path)
    if path == models.EDITS_PATH:
        advice = Text(
            "它改图片：用 --edit 给出要改的图片（Python：edit=）",
            "it edits pictures: name one with --edit (in Python: edit=)",
        )
    raise InvalidOption(
        Text(
            "{model} 在 /images/generations 下不会回答，所以没有发送",
            "{model} never answers under /images/generations, so nothing was sent",
        ).fill(model=model),
        Text("它用自己的接口 {path}", "it has a path of its own, {path}").fill(path=path),
        advice,
    )


def _check_edit_model(model: str, path: str) -> None:
    entry = models.find_model(model)
    if path == models.EDITS_PATH or entry is None:
        return
    raise InvalidOption(
        Text("{model} 不能改图片", "{model} cannot edit pictures").fill(model=model),
        advice=Text(
            "用 -m qwen-image-edit 或 -m ernie-irag-edit",
            "use -m qwen-image-edit or -m ernie-irag-edit",
        ),
    )


_ONE_QUERY = Text("查询是一段文本，不是 {kind}", "the query is one text, not {kind}")
_QUERY_THEN_DOCUMENTS = Text(
    "查询写在前面：ernie.rerank(query, documents)",
    "the query comes first: ernie.rerank(query, documents)",
)


def _check_query(query: object) -> None:
    """Check that a query is one text, and not the documents, which come after it."""
    if not isinstance(query, str):
        kind = type(query).__name__
        raise InvalidMessages(_ONE_QUERY.fill(kind=kind), advice=_QUERY_THEN_DOCUMENTS)
    check_text(query)


def _check_documents(documents: Sequence[object]) -> None:
    """Check that each document is a text: before it is looked at as JSON."""
    for i, document in enumerate(documents, start=1):
        if not isinstance(document, str):
            kind = type(document).__name__
            message = Text(
                "第 {n} 篇文档应为文本，实际是 {kind}", "document {n} must be a string, not {kind}"
            )
            raise InvalidMessages(message.fill(n=i, kind=kind))
        if not document:
            raise InvalidMessages(Text("第 {n} 篇文档为空", "document {n} is empty").fill(n=i))


def rerank_request(
    query: str,
    documents: Sequence[str],
    *,
    model: str,
    given: Mapping[str, Any],
    extra: Mapping[str, Any],
    rules: Rules,
    endpoint: str = "",
) -> RerankRequest:
    """Build the request to rank documents: at most 64 of 4,096 characters, a query of 1,600
    (https://cloud.baidu.com/doc/qianfan-api/s/2m7u4zt74).

    Raises
    ------
    InvalidOption
    InvalidMessages
        The query or a document is empty or too long, or there are too many documents.
    """
    checked = checked_parameters("rerank", given, model, rules)
    _check_query(query)
    _check_documents(documents)
    _check_extra("rerank", extra, rules, [query, list(documents), checked])
    entry = models.find_model(model)
    max_documents = entry.batch if entry else parameters.MAX_DOCUMENTS
    if not documents or (rules.strict and len(documents) > max_documents):
        raise InvalidMessages(
            Text(
                "一次 1 到 {most} 篇文档，这里有 {n} 篇",
                "1 to {most} documents at a time, not {n}",
            ).fill(most=max_documents, n=len(documents))
        )
    if rules.strict and len(query) > parameters.MAX_QUERY:
        raise too_long_error(Text("查询", "the query"), len(query), parameters.MAX_QUERY)
    for i, document in enumerate(documents, start=1):
        check_length(
            len(document), model, rules, subject=Text("第 {n} 篇文档", "document {n}").fill(n=i)
        )
    return RerankRequest(
        model=model,
        query=query,
        documents=tuple(documents),
        parameters=checked,
        extra=dict(extra),
        endpoint=endpoint,
    )


def checked_parameters(
    kind: Kind,
    given: Mapping[str, Any],
    model: str,
    rules: Rules,
) -> dict[str, Any]:
    """Check the given parameters; return those of the body in the table's order and under its
    names.

    Raises
    ------
    InvalidOption
        It tells everything that is wrong.
    """
    table = parameters.parameters_of(kind)
    checked: dict[str, Any] = {}
    problems: list[InvalidOption] = []
    for name_given, value in given.items():
        if value is None:
            continue
        name = parameters.canonical_name(name_given, kind, strict=rules.strict)
        if name not in table or name == "model":
            problems.append(parameters.unknown_option(name_given, [*table, *OPTIONS_BY_CALL[kind]]))
            continue
        if name in checked:
            problems.append(_given_twice_error(name))
            continue
        # What we follow ourselves has our own range, whoever made the server.
        is_strict = rules.strict or table[name].client_side
        try:
            checked[name] = table[name].check_value(
                value, model, strict=is_strict, protocol=rules.protocol
            )
        except InvalidOption as error:
            problems.append(error)
    if problems:
        raise combine_errors(problems)
    if rules.format_as_word and kind == "chat" and "response_format" in checked:
        checked["response_format"] = _format_word(checked["response_format"])
    return {
        name: checked[name] for name, p in table.items() if name in checked and not p.client_side
    }


def check_session_parameters(
    kind: Kind,
    kept: Mapping[str, Any],
    sent: Mapping[str, Any],
    model: str,
    rules: Rules,
) -> None:
    """Check what a session keeps, as far as it is sent: who gets the error has not written it in
    this call.

    Parameters
    ----------
    kept
        The session's parameters.
    sent
        Those of the call, with the session's among them.

    Raises
    ------
    InvalidOption
    """
    for name, value in kept.items():
        if sent.get(name) is not value:
            continue
        try:
            checked_parameters(kind, {name: value}, model, rules)
        except InvalidOption as error:
            error.cause = _KEPT.fill(name=name)
            error.add_advice(_KEEP_NO_LONGER.fill(name=name))
            raise


def check_names(call: str, given: Iterable[str], accepted: Collection[str]) -> None:
    """Check the parameters' names of a call that takes not all that a chat does.

    Parameters
    ----------
    call
        By its name in `keywords.OPTIONS_BY_CALL`.
    accepted
        The names of the parameters that it takes.

    Raises
    ------
    InvalidOption
        It tells every unknown one.
    """
    known = (*accepted, *OPTIONS_BY_CALL[call])
    others = {*parameters.parameters_of("chat"), *CHAT_OPTIONS}.difference(known)
    unknown = [name for name in given if parameters.canonical_name(name, "chat") not in accepted]
    if unknown:
        raise combine_errors([parameters.unknown_option(name, known, others) for name in unknown])


def _given_twice_error(name: str) -> InvalidOption:
    return InvalidOption(
        Text("{name} 给了两次，两个名称", "{name} was given twice, under two names").fill(
            name=name
        ),
        advice=Text("留下一个", "keep one of them"),
    )


def _format_word(response_format: dict[str, Any]) -> object:
    """Return the word of a format that has nothing else to say."""
    if response_format["type"] == "json_schema":
        return response_format
    return response_format["type"]


def _check_tool_choice(checked: Mapping[str, Any], rules: Rules) -> None:
    """Check that a tool that must be called is among the tools ("tool_choice 说明" on
    https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb).

    Raises
    ------
    InvalidOption
    """
    choice = checked.get("tool_choice")
    if not rules.strict or choice in (None, "none", "auto"):
        return
    names = [
        (tool.get("function") or {}).get("name") or tool["type"]
        for tool in checked.get("tools") or ()
    ]
    advice = Text(
        "同时用 tools 给出工具，或不写 tool_choice", "pass tools as well, or leave tool_choice out"
    )
    if names:
        advice = Text("tools 里有：{names}", "tools has: {names}").fill(names=", ".join(names))
    if choice == "required":
        if names:
            return
        raise InvalidOption(
            Text(
                'tool_choice 为 "required"，但没有工具',
                'tool_choice is "required", but there are no tools',
            ),
            advice=advice,
        )
    function = choice.get("function")
    name = choice.get("type")
    if name == "function" or function is not None:
        name = function.get("name") if isinstance(function, dict) else None
    if not name:
        raise InvalidOption(
            Text("tool_choice 没有写工具名", "tool_choice names no tool"),
            advice=untranslated('{"type": "function", "function": {"name": "…"}}'),
        )
    if name not in names:
        raise InvalidOption(
            Text(
                "tool_choice 指定的 {name} 不在 tools 里", "tool_choice names {name}, not in tools"
            ).fill(name=clip_value(name)),
            advice=advice,
        )


# What the openai client takes beside a request's fields
# (https://github.com/openai/openai-python#undocumented-request-params).
_OPENAI_ARGUMENTS = {
    "extra_body": Text(
        "直接写其中的字段：--param top_k=20，Python 里 extra={…}",
        "give its fields themselves: --param top_k=20, in Python extra={…}",
    ),
    "extra_headers": Text(
        "请求头在会话里设置：%ernie config headers",
        "headers are set for the session: %ernie config headers",
    ),
    "extra_query": Text(
        "写进地址：%ernie config base_url", "put it into the address: %ernie config base_url"
    ),
}
# The fields of a request: no `extra` may replace what was checked.
_BODY_FIELDS = ("messages", "stream", "prompt", "input", "query", "documents", "system")


def _check_extra(
    kind: Kind,
    extra: Mapping[str, Any] | None,
    rules: Rules,
    sent: list[Any],
) -> None:
    """Check that no extra field replaces one that is checked elsewhere, and that the whole request
    can be sent.

    Raises
    ------
    InvalidOption, InvalidMessages
    """
    table = parameters.parameters_of(kind)
    for name in extra or {}:
        if name in _OPENAI_ARGUMENTS:
            raise InvalidOption(
                Text(
                    "{name} 是 openai 客户端的参数，不是请求的字段",
                    "{name} is an argument of the openai client, not a field of a request",
                ).fill(name=name),
                advice=_OPENAI_ARGUMENTS[name],
            )
        known = table.get(parameters.canonical_name(name, kind))
        if (known is not None and known.in_protocol(rules.protocol)) or name in _BODY_FIELDS:
            raise InvalidOption(
                Text("{name} 不能作为额外字段", "{name} cannot be an extra field").fill(name=name),
                advice=Text(
                    "它有自己的选项，那里会检查取值",
                    "it has an option of its own, where its value is checked",
                ),
            )
    check_sendable([*sent, dict(extra or {})])
