"""Qianfan V1: a path for each model, `result`, errors with HTTP 200.

Sources: "ERNIE-Speed-8K" (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf) and the official
client (https://github.com/baidubce/bce-qianfan-sdk).
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from ernie_magic.api import models, parameters
from ernie_magic.api.catalogue import CATALOGUE
from ernie_magic.emulator import checks, pictures_call, ranks, vectors
from ernie_magic.emulator.refusals import V1_PREFIX, Refusal, request_id
from ernie_magic.emulator.replies import Reply, generate_reply

if TYPE_CHECKING:
    from starlette.requests import Request

    from ernie_magic.api.catalogue import Kind, Model
    from ernie_magic.emulator.calls import IncomingCall, ServerState

# The console prefixes a deployed service's name with eight letters or digits.
_DEPLOYED = re.compile(r"/chat/([a-z0-9]{8}_[\w-]+|your_custom_endpoint|your_endpoint)")
_OWN_PICTURE_QUESTION = re.compile(r"/image2text/[a-z0-9]{8}_[\w-]+")
_TOKENIZERS = (
    "ernie-4.0-8k",
    "ernie-3.5-8k",
    "ernie-speed-8k",
    "ernie-speed-128k",
    "ernie-lite-8k",
    "ernie-tiny-8k",
    "ernie-char-8k",
)
_PICTURE_QUESTIONS = "/image2text/"
_MAX_COUNTED = 512_000  # characters


def authorize_request(request: Request, state: ServerState) -> str:
    """Authenticate by `access_token` or by signature; return what limits are counted by.

    Raises
    ------
    Refusal
    """
    if "access_token" in request.query_params:
        if code := state.oauth.token_problem(request.query_params["access_token"]):
            raise Refusal(code)
        return request.query_params["access_token"]
    if not (signed := request.headers.get("authorization", "")):
        raise Refusal("13")
    if problem := state.iam.signature_problem(request):
        raise Refusal("14", f"IAM Certification failed: {problem[1]}")
    return signed.split("/")[1]


def handle_call(call: IncomingCall) -> Response:
    """Any `POST` below the prefix: the path says which model.

    Raises
    ------
    Refusal
        In V1's numbers.
    """
    path = call.path.removeprefix(V1_PREFIX)
    if path == "/tokenizer/erniebot":
        return handle_tokenizer(call)
    if "plugin" in path:
        from ernie_magic.emulator.platform import plugins

        if plugins.is_plugin_path(path):
            return plugins.handle_plugin(call, path)
    entry = next((model for model in CATALOGUE if model.path == path), None)
    if entry is None and (deployment := call.find_deployment(path.rpartition("/")[2])):
        entry = models.find_model(deployment.base_model)
    if entry is None and _DEPLOYED.fullmatch(path):
        entry = models.find_model("Dolly-12B")
    if entry is None and _OWN_PICTURE_QUESTION.fullmatch(path):
        entry = models.find_model("Fuyu-8B")
    if path.rpartition("/")[2].startswith("forbidden"):
        raise Refusal("6")
    if entry is None:
        raise Refusal("3")
    call.check_rate_limit(path)
    if path.startswith(_PICTURE_QUESTIONS):
        return handle_picture_question(call, entry)
    handler = {
        "chat": handle_chat,
        "completion": handle_chat,
        "embedding": handle_embeddings,
        "image": handle_images,
        "rerank": handle_rerank,
    }[entry.kind]
    return handler(call, entry)


def handle_chat(call: IncomingCall, entry: Model) -> Response:
    """`POST /chat/…` and `/completions/…`, plain or streamed."""
    body = _json_body(call)
    given = _check_parameters(body, "chat", entry)
    is_chat = entry.kind == "chat"
    if is_chat:
        messages = _check_messages(body, entry)
        kind = "chat.completion"
    else:
        messages = _check_prompt(body, entry)
        kind = "completion"
    if "[[error]]" in checks.text_of(messages[-1]):
        raise Refusal("336000")
    for tool in given.get("tools") or []:
        if not str(tool["function"].get("name") or "").strip():
            raise Refusal("336003", "Invalid parameter: functions.name can not be blank")
    generated = generate_reply(messages, given, entry.id, call.seed)
    prompt_tokens = sum(checks.count_tokens(checks.text_of(message)) for message in messages)
    call.record_tokens(prompt_tokens + checks.count_tokens(generated.full_text))
    head = {"id": request_id(), "object": kind, "created": int(time.time())}
    if body.get("stream"):
        return call.stream_response(_stream_events(generated, head, prompt_tokens), generated.pace)
    facts = _answer_fields(generated, prompt_tokens, checks.count_tokens(generated.full_text))
    reply = {**head, "result": generated.full_text, **facts, **_search_fields(body)}
    if not is_chat:
        reply["is_safe"] = 1
    return JSONResponse(reply)


def handle_picture_question(call: IncomingCall, entry: Model) -> Response:
    """`POST /image2text/…`: a prompt and a picture in base64, without a `data:` prefix."""
    body = _json_body(call)
    prompt, image = body.get("prompt"), body.get("image")
    if not isinstance(prompt, str) or not prompt.strip():
        raise Refusal("336001", "Invalid Argument: prompt can not be empty")
    if not isinstance(image, str) or not image:
        raise Refusal("336001", "Invalid Argument: image can not be empty")
    _check_safety("", [{"content": prompt}])
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}}
    question = {"role": "user", "content": [{"type": "text", "text": prompt}, picture]}
    try:
        generated = generate_reply([question], {}, entry.id, call.seed)
    except Refusal:
        raise Refusal("336003", "Invalid parameter: image") from None
    prompt_tokens = checks.count_tokens(prompt)
    call.record_tokens(prompt_tokens + checks.count_tokens(generated.full_text))
    head = {"id": request_id(), "object": "chat.completion", "created": int(time.time())}
    if body.get("stream"):
        return call.stream_response(_stream_events(generated, head, prompt_tokens), generated.pace)
    facts = _answer_fields(generated, prompt_tokens, checks.count_tokens(generated.full_text))
    return JSONResponse({**head, "result": generated.full_text, "is_safe": 1, **facts})


def _stream_events(generated: Reply, head: dict[str, Any], prompt_tokens: int) -> list[str]:
    """A stream's events: the last one has `is_end` and the full usage; there is no [DONE]."""
    events = []
    facts: dict[str, Any] = {
        "is_truncated": False,
        "need_clear_history": False,
        "usage": _token_counts(prompt_tokens, 0),
    }
    for i, piece in enumerate([*generated.pieces, ""]):
        last = i == len(generated.pieces)
        if last:
            answer_tokens = checks.count_tokens(generated.full_text)
            facts = _answer_fields(generated, prompt_tokens, answer_tokens)
        events.append(
            json.dumps(
                {**head, "sentence_id": i, "is_end": last, "result": piece, **facts},
                ensure_ascii=False,
            )
        )
    return events


def _answer_fields(generated: Reply, prompt_tokens: int, answer_tokens: int) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "is_truncated": generated.finish_reason == "length",
        "need_clear_history": generated.clears_history,
    }
    if generated.clears_history:
        fields["ban_round"] = -1
    fields["finish_reason"] = generated.finish_reason
    if generated.flag:
        fields["flag"] = generated.flag
    if generated.function_calls:
        fields["finish_reason"] = "function_call"
        fields["function_call"] = {**generated.function_calls[0], "thoughts": "simulated"}
    fields["usage"] = _token_counts(prompt_tokens, answer_tokens)
    return fields


def _token_counts(prompt_tokens: int, answer_tokens: int) -> dict[str, int]:
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": answer_tokens,
        "total_tokens": prompt_tokens + answer_tokens,
    }


def _search_fields(body: dict[str, Any]) -> dict[str, Any]:
    if not body.get("enable_trace"):
        return {}
    found = {
        "index": 1,
        "url": "https://example.com/simulated",
        "title": "模拟的搜索结果 simulated",
    }
    return {"search_info": {"search_results": [found]}}


def _check_messages(body: dict[str, Any], entry: Model) -> list[dict[str, Any]]:
    messages = body.get("messages")
    if (
        not isinstance(messages, list)
        or not messages
        or not all(isinstance(message, dict) for message in messages)
    ):
        raise Refusal("336001", "Invalid Argument: the messages can not be empty")
    if len(messages) % 2 == 0:
        raise Refusal("336006")
    for i, message in enumerate(messages):
        asks = message.get("role") in ("user", "function")
        if (i % 2 == 0) != asks or (i % 2 and message.get("role") != "assistant"):
            raise Refusal("336006", checks.role_problem(i))
        if not checks.has_plain_texts(message):
            raise Refusal("336003", "the text of a message must be a string")
        if not checks.text_of(message).strip() and not message.get("function_call"):
            raise Refusal("336003", "the content of a message can not be empty")
    system = body.get("system") or ""
    if system and "system" in entry.unsupported:
        raise Refusal("336003", "Invalid parameter: system")
    _check_safety(system, messages)
    _check_length(system + "".join(checks.text_of(message) for message in messages), entry)
    if system:
        return [{"role": "system", "content": system}, *messages]
    return messages


def _check_prompt(body: dict[str, Any], entry: Model) -> list[dict[str, Any]]:
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise Refusal("336001", "Invalid Argument: prompt can not be empty")
    _check_safety("", [{"content": prompt}])
    _check_length(prompt, entry)
    return [{"role": "user", "content": prompt}]


def _check_safety(system: str, messages: list[dict[str, Any]]) -> None:
    if checks.UNSAFE in system:
        raise Refusal("336104")
    if any(checks.UNSAFE in checks.text_of(message) for message in messages):
        raise Refusal("336105")


def _check_length(text: str, entry: Model) -> None:
    if entry.max_characters and len(text) > entry.max_characters:
        raise Refusal("336007", limit=entry.max_characters)
    if entry.max_input_tokens and checks.count_tokens(text) > entry.max_input_tokens:
        raise Refusal("336103")


def _json_body(call: IncomingCall) -> dict[str, Any]:
    try:
        return call.json_object()
    except Refusal:
        raise Refusal("336002") from None


def _check_parameters(body: dict[str, Any], kind: Kind, entry: Model) -> dict[str, Any]:
    """The fields that V1 documents, checked by the shared table. Others pass, as in the service."""
    named = {
        p.name: body[p.v1 or p.name]
        for p in parameters.parameters_of(kind).values()
        if p.in_protocol("qianfan-v1") and body.get(p.v1 or p.name) is not None
    }
    try:
        return checks.check_parameters(named, kind, entry.id, "qianfan-v1")
    except Refusal as refusal:
        raise refusal.in_v1() from None


def handle_embeddings(call: IncomingCall, entry: Model) -> Response:
    """`POST /embeddings/…`."""
    try:
        texts = checks.check_texts(_json_body(call), entry.id)
    except Refusal as refusal:
        raise refusal.in_v1() from None
    data = [
        {
            "object": "embedding",
            "embedding": vectors.embed_text(text, entry.id, call.seed),
            "index": i,
        }
        for i, text in enumerate(texts)
    ]
    return JSONResponse(
        {
            "id": request_id(),
            "object": "embedding_list",
            "created": int(time.time()),
            "data": data,
            "usage": _build_usage(call, texts),
        }
    )


def handle_images(call: IncomingCall, entry: Model) -> Response:
    """`POST /text2image/…`: always base64, counted from 1."""
    body = _json_body(call)
    try:
        drawn = pictures_call.draw_images(call, body, entry.id)
    except Refusal as refusal:
        raise refusal.in_v1() from None
    data = [
        {"object": "image", "b64_image": packed, "index": i}
        for i, packed in enumerate(drawn, start=1)
    ]
    return JSONResponse(
        {
            "id": request_id(),
            "object": "image",
            "created": int(time.time()),
            "data": data,
            "usage": _build_usage(call, [str(body["prompt"])]),
        }
    )


def handle_rerank(call: IncomingCall, entry: Model) -> Response:
    """`POST /reranker/…`."""
    try:
        query, documents, results = ranks.rank_documents(_json_body(call), entry.id, call.seed)
    except Refusal as refusal:
        raise refusal.in_v1() from None
    return JSONResponse(
        {
            "id": request_id(),
            "object": "reranker_list",
            "created": int(time.time()),
            "results": results,
            "usage": _build_usage(call, [query, *documents]),
        }
    )


def handle_tokenizer(call: IncomingCall) -> Response:
    """`POST /tokenizer/erniebot`."""
    body = _json_body(call)
    prompt = body.get("prompt")
    model = str(body.get("model") or "ernie-3.5-8k").lower()
    if not isinstance(prompt, str) or not prompt:
        raise Refusal("336001", "Invalid Argument: prompt can not be empty")
    if len(prompt) > _MAX_COUNTED:
        raise Refusal("336007", limit=_MAX_COUNTED)
    if model not in _TOKENIZERS:
        raise Refusal("336003", "Invalid parameter: model")
    call.check_rate_limit("tokenizer")
    return JSONResponse(
        {
            "id": request_id(),
            "object": "tokenizer.erniebot",
            "created": int(time.time()),
            "usage": _build_usage(call, [prompt]),
        }
    )


def build_service_list(server_url: str) -> dict[str, list[dict[str, Any]]]:
    """The console's list of services, by the names of its groups."""
    common = [
        {
            "name": model.id,
            "url": f"{server_url}{V1_PREFIX}{model.path}",
            "apiType": model.path.split("/")[1],
            "chargeStatus": "OPENED",
            "versionList": [{"trainType": "", "serviceStatus": "Done"}],
        }
        for model in CATALOGUE
        if model.path
    ]
    deployed = {
        "name": "your_custom_endpoint",
        "url": f"{server_url}{V1_PREFIX}/chat/your_custom_endpoint",
        "apiType": "chat",
        "baseModel": "Dolly-12B",
        "chargeStatus": "OPENED",
        "versionList": [{"trainType": "", "serviceStatus": "Done"}],
    }
    return {"common": common, "custom": [deployed]}


def _build_usage(call: IncomingCall, texts: list[str]) -> dict[str, int]:
    tokens = sum(checks.count_tokens(text) for text in texts)
    call.record_tokens(tokens)
    return {"prompt_tokens": tokens, "total_tokens": tokens}
