"""The OpenAI-style API of AI Studio and of Qianfan V2: chat, images, embeddings, rerank, models.

Sources: AI Studio, "大模型 API" (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns); Qianfan V2, chat
completions (https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb).
"""

from __future__ import annotations

import base64
import json
import re
import struct
import time
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from ernie_magic.api.catalogue import CATALOGUE
from ernie_magic.emulator import checks, openai_fields
from ernie_magic.emulator.access import PICTURES
from ernie_magic.emulator.refusals import Refusal, request_id
from ernie_magic.emulator.replies import Reply, asked_in, generate_reply

if TYPE_CHECKING:
    from ernie_magic.emulator.calls import IncomingCall
    from ernie_magic.emulator.iam import Iam

PREFIX = "/llm/lmapi/v3"
QIANFAN_PREFIX = "/v2"
_FOUND = {"index": 1, "url": "https://example.com/simulated", "title": "模拟的搜索结果 simulated"}
_SEARCH_TOKENS = 120  # what a search adds to a prompt here


def authorize_request(headers: dict[str, str], iam: Iam) -> str:
    """Accept any bearer key but those in the error table; return what limits are counted by.

    Raises
    ------
    Refusal
    """
    scheme, _, key = headers.get("authorization", "").partition(" ")
    key = key.strip()
    if (
        scheme.lower() != "bearer"
        or not key
        or key.startswith("bad")
        or not iam.is_valid_token(key)
    ):
        raise Refusal("invalid_iam_token")
    if headers.get("appid", "").startswith("bad"):
        raise Refusal("invalid_appid")
    if key.startswith("limited"):
        kind = key.removeprefix("limited").removeprefix("-").split("-")[0]
        if kind not in ("tpm", "preemptible", "user", "cluster"):
            kind = "rpm"
        raise Refusal(f"{kind}_rate_limit_exceeded")
    return key


def list_models(_call: IncomingCall) -> Response:
    """`GET /models`."""
    data = [_model_row(model.id) for model in CATALOGUE if model.v2]
    return JSONResponse({"object": "list", "data": data})


def retrieve_model(call: IncomingCall) -> Response:
    """`GET /models/{model}`.

    Raises
    ------
    Refusal
        There is no such model.
    """
    wanted = call.path_params["model"]
    if wanted not in {model.id for model in CATALOGUE if model.v2}:
        raise Refusal("no_such_model", f"The model {wanted!r:.100} does not exist")
    return JSONResponse(_model_row(wanted))


def _model_row(model: str) -> dict[str, Any]:
    return {"id": model, "object": "model", "created": 1_735_689_600, "owned_by": "baidu"}


def handle_chat(call: IncomingCall) -> Response:
    """`POST /chat/completions`, plain or streamed."""
    body = call.json_object()
    model = checks.check_model(call.with_base_model(body), "chat")
    call.check_rate_limit(model)
    messages = checks.check_messages(body, model)
    given = checks.check_parameters(body, "chat", model)
    openai_fields.check_chat_fields(body, given, model)
    last = asked_in(messages[-1])
    for word, code in (
        ("[[error]]", "internal_error"),
        ("[[dispatch_error]]", "dispatch_internal_error"),
    ):
        if word in last:
            raise Refusal(code)
    generated = generate_reply(messages, given, model, call.seed)
    searched = bool((given.get("web_search") or {}).get("enable"))
    usage = _build_usage(
        "".join(checks.text_of(m) for m in messages),
        generated.full_text + "".join(generated.reasoning),
        searched=searched,
    )
    call.record_tokens(usage["total_tokens"])
    head = {"id": request_id(), "created": int(time.time()), "model": model}
    if searched:
        head["search_results"] = [_FOUND]
    if body.get("stream"):
        chunks = _stream_chunks(generated, head)
        _add_usage(chunks, usage, call, body)
        return call.stream_response([_pack_chunk(chunk) for chunk in chunks], generated.pace)
    choice = {
        "index": 0,
        "message": _answer_message(generated),
        "finish_reason": generated.finish_reason,
        **_safety_fields(generated),
    }
    return JSONResponse({**head, "object": "chat.completion", "choices": [choice], "usage": usage})


def _add_usage(
    chunks: list[dict[str, Any]],
    usage: dict[str, Any],
    call: IncomingCall,
    body: dict[str, Any],
) -> None:
    """Write usage into the last chunk: AI Studio always, with null in the others; Qianfan on
    request only (`stream_options.include_usage`), with no field in the others, since its official
    client's asynchronous streams fail on null.
    """
    if call.path.startswith(PREFIX):
        for chunk in chunks:
            chunk["usage"] = None
        chunks[-1]["usage"] = usage
    elif (body.get("stream_options") or {}).get("include_usage"):
        chunks[-1]["usage"] = usage


def _pack_chunk(chunk: dict[str, Any]) -> str:
    return json.dumps(chunk, ensure_ascii=False)


def _answer_message(generated: Reply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": generated.full_text}
    if generated.reasoning:
        message["reasoning_content"] = "".join(generated.reasoning)
    if generated.function_calls:
        message["tool_calls"] = _tool_calls(generated)
    return message


def _stream_chunks(generated: Reply, head: dict[str, Any]) -> list[dict[str, Any]]:
    """The stream's events: thoughts, text, and a last chunk with the finish reason.

    The first names the role.
    """
    head = {**head, "object": "chat.completion.chunk"}
    deltas: list[dict[str, Any]] = [
        {"reasoning_content": piece} for piece in generated.reasoning
    ] + [{"content": piece} for piece in generated.pieces]
    # Each tool call is sent whole, in one delta: the official client, `qianfan`, joins no parts.
    deltas += [
        {"content": "", "tool_calls": [{"index": i, **tool_call}]}
        for i, tool_call in enumerate(_tool_calls(generated))
    ]
    deltas.append({"content": ""})
    deltas[0] = {"role": "assistant", **deltas[0]}
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta} for delta in deltas]
    choices[-1] |= {"finish_reason": generated.finish_reason, **_safety_fields(generated)}
    return [{**head, "choices": [choice]} for choice in choices]


def _tool_calls(generated: Reply) -> list[dict[str, Any]]:
    return [
        {"id": request_id().removeprefix("as-") + "000000", "type": "function", "function": called}
        for called in generated.function_calls
    ]


def _safety_fields(generated: Reply) -> dict[str, Any]:
    fields: dict[str, Any] = {"flag": generated.flag}
    if generated.flag:
        fields["ban_round"] = -1
    if generated.clears_history:
        fields["need_clear_history"] = True
    return fields


def _build_usage(prompt: str, answer: str, *, searched: bool) -> dict[str, Any]:
    prompt_tokens = checks.count_tokens(prompt)
    answer_tokens = checks.count_tokens(answer)
    search_tokens = 0
    if searched:
        search_tokens = _SEARCH_TOKENS
    return {
        "prompt_tokens": prompt_tokens + search_tokens,
        "prompt_tokens_details": {"search_tokens": search_tokens},
        "completion_tokens": answer_tokens,
        "total_tokens": prompt_tokens + answer_tokens + search_tokens,
    }


def handle_images(call: IncomingCall) -> Response:
    """`POST /images/generations`: links to pictures that this server draws, or base64 data."""
    from ernie_magic.emulator import pictures_call

    body = call.json_object()
    model = checks.check_model(call.with_base_model(body), "image")
    call.check_rate_limit(model)
    prompt, given, seed = pictures_call.check_image_request(call, body, model)
    data: list[dict[str, Any]] = []
    if given.get("response_format", "url") == "b64_json":
        data = [
            {"b64_json": packed, "index": i}
            for i, packed in enumerate(pictures_call.draw_images(call, body, model))
        ]
    else:
        style = given.get("style", "Base")
        size = given.get("size", "1024x1024")
        for i in range(given.get("n", 1)):
            query = {"prompt": prompt, "style": style, "size": size, "seed": str(seed + i)}
            data.append({"url": call.signed_link(PICTURES, query), "index": i})
    return JSONResponse({"created": int(time.time()), "data": data})


def handle_edits(call: IncomingCall) -> Response:
    """`POST /images/edits`: the pictures with what the prompt names drawn into them. They are data,
    whatever `response_format` says: a link is signed for what is drawn from words alone.
    """
    from ernie_magic.emulator import pictures_call

    drawn = pictures_call.edit_images(call)
    data = [{"b64_json": packed, "index": i} for i, packed in enumerate(drawn)]
    return JSONResponse({"created": int(time.time()), "data": data})


def serve_picture(call: IncomingCall) -> Response:
    """A picture behind a link of `handle_images`; no key is required, since links are signed."""
    from ernie_magic.emulator import pictures

    query = call.query
    size = query.get("size", "")
    if not re.fullmatch(r"\d{2,4}x\d{2,4}", size) or not query.get("seed", "").isdigit():
        raise Refusal("malformed_json", "Invalid Argument: size or seed")
    width, height = (int(side) for side in size.split("x"))
    return Response(
        pictures.draw_picture(
            query.get("prompt", ""), query.get("style", "Base"), (width, height), int(query["seed"])
        ),
        media_type="image/png",
    )


def handle_embeddings(call: IncomingCall) -> Response:
    """`POST /embeddings`; base64 on request, as openai-python does."""
    from ernie_magic.emulator import vectors

    body = call.json_object()
    model = checks.check_model(call.with_base_model(body), "embedding")
    call.check_rate_limit(model)
    texts = checks.check_texts(body, model)
    openai_fields.check_embedding_fields(body, model, vectors.length_of(model))
    in_base64 = body.get("encoding_format") == "base64"
    data = []
    for i, text in enumerate(texts):
        vector: list[float] | str = vectors.embed_text(text, model, call.seed)
        if in_base64:
            vector = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
        data.append({"object": "embedding", "embedding": vector, "index": i})
    tokens = sum(checks.count_tokens(text) for text in texts)
    return JSONResponse(
        {
            "object": "embedding_list",
            "data": data,
            "model": model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
    )


def handle_rerank(call: IncomingCall) -> Response:
    """`POST /rerankers`, as the official client (`qianfan`) calls it, and `/rerank`.

    The page "重排序" (https://cloud.baidu.com/doc/qianfan-api/s/2m7u4zt74) documents the latter.
    """
    from ernie_magic.emulator import ranks

    body = call.json_object()
    model = checks.check_model(call.with_base_model(body), "rerank")
    call.check_rate_limit(model)
    query, documents, results = ranks.rank_documents(body, model, call.seed)
    tokens = sum(checks.count_tokens(text) for text in (query, *documents))
    return JSONResponse(
        {
            "id": request_id(),
            "object": "rerank_list",
            "created": int(time.time()),
            "results": results,
            "model": model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
    )
