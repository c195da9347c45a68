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
from ernie_magic.emulator.refusals import Refusal, request_id
from ernie_magic.emulator.replies import Reply, reply

if TYPE_CHECKING:
    from starlette.requests import Request

    from ernie_magic.api.catalogue import Kind, Model
    from ernie_magic.emulator.calls import Call, State

PREFIX = "/rpc/2.0/ai_custom/v1/wenxinworkshop"
SERVICE_LIST = "/wenxinworkshop/service/list"
# The console prefixes a deployed service's name with eight letters or digits.
_DEPLOYED = re.compile(r"/chat/([a-z0-9]{8}_\w+|your_custom_endpoint|your_endpoint)")
_TOKENIZERS = (
    "ernie-4.0-8k",
    "ernie-3.5-8k",
    "ernie-speed-8k",
    "ernie-speed-128k",
    "ernie-lite-8k",
    "ernie-tiny-8k",
    "ernie-char-8k",
)
_MAX_COUNTED = 512_000  # characters


def authorise(request: Request, state: State) -> str:
    """Authenticate by `access_token` or by signature; return what limits are counted by.

    Raises
    ------
    Refusal
    """
    if "access_token" in request.query_params:
        if code := state.oauth.problem(request.query_params["access_token"]):
            raise Refusal(code)
        return request.query_params["access_token"]
    if not (signed := request.headers.get("authorization", "")):
        raise Refusal("13")
    if problem := state.iam.problem(request):
        raise Refusal("14", f"IAM Certification failed: {problem[1]}")
    return signed.split("/")[1]


def answer(call: Call) -> Response:
    """Any `POST` below the prefix: the path says which model.

    Raises
    ------
    Refusal
        In V1's numbers.
    """
    path = call.path.removeprefix(PREFIX)
    if path == "/tokenizer/erniebot":
        return tokenizer(call)
    entry = next((model for model in CATALOGUE if model.path == path), None)
    if entry is None and _DEPLOYED.fullmatch(path):
        entry = models.find("Dolly-12B")
    if path.rpartition("/")[2].startswith("forbidden"):
        raise Refusal("6")
    if entry is None:
        raise Refusal("3")
    call.admit(path)
    handler = {
        "chat": chat,
        "completion": chat,
        "embedding": embeddings,
        "image": images,
        "rerank": rerank,
    }[entry.kind]
    return handler(call, entry)


def chat(call: Call, entry: Model) -> Response:
    """`POST /chat/…` and `/completions/…`, plain or streamed."""
    body = _body(call)
    given = _parameters(body, "chat", entry)
    is_chat = entry.kind == "chat"
    messages = _messages(body, entry) if is_chat else _prompt(body, entry)
    for word, code in (("[[error]]", "336000"),):
        if word in checks.text_of(messages[-1]):
            raise Refusal(code)
    for tool in given.get("tools") or []:
        if not str(tool["function"].get("name") or "").strip():
            raise Refusal("336003", "Invalid parameter: functions.name can not be blank")
    made = reply(messages, given, entry.id, call.seed)
    asked = sum(checks.count_tokens(checks.text_of(message)) for message in messages)
    call.spend(asked + checks.count_tokens(made.text))
    head = {
        "id": request_id(),
        "object": "chat.completion" if is_chat else "completion",
        "created": int(time.time()),
    }
    if body.get("stream"):
        return call.stream(_events(made, head, asked), made.pace)
    facts = _facts(made, asked, checks.count_tokens(made.text))
    return JSONResponse(
        {
            **head,
            "result": made.text,
            **facts,
            **_search(body),
            **({} if is_chat else {"is_safe": 1}),
        }
    )


def _events(made: Reply, head: dict[str, Any], asked: int) -> list[str]:
    """A stream's events: the last one has `is_end` and the full usage; there is no [DONE]."""
    events = []
    for i, piece in enumerate([*made.pieces, ""]):
        last = i == len(made.pieces)
        facts = (
            _facts(made, asked, checks.count_tokens(made.text))
            if last
            else {
                "is_truncated": False,
                "need_clear_history": False,
                "usage": {"prompt_tokens": asked, "completion_tokens": 0, "total_tokens": asked},
            }
        )
        events.append(
            json.dumps(
                {**head, "sentence_id": i, "is_end": last, "result": piece, **facts},
                ensure_ascii=False,
            )
        )
    return events


def _facts(made: Reply, asked: int, said: int) -> dict[str, Any]:
    called = {"function_call": {**made.calls[0], "thoughts": "simulated"}} if made.calls else {}
    return {
        "is_truncated": made.finish == "length",
        "need_clear_history": made.clear,
        **({"ban_round": -1} if made.clear else {}),
        "finish_reason": "function_call" if made.calls else made.finish,
        **({"flag": made.flag} if made.flag else {}),
        **called,
        "usage": {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said},
    }


def _search(body: dict[str, Any]) -> dict[str, Any]:
    found = {
        "index": 1,
        "url": "https://example.com/simulated",
        "title": "模拟的搜索结果 simulated",
    }
    return {"search_info": {"search_results": [found]}} if body.get("enable_trace") else {}


def _messages(body: dict[str, Any], entry: Model) -> list[dict[str, Any]]:
    found = body.get("messages")
    if (
        not isinstance(found, list)
        or not found
        or not all(isinstance(message, dict) for message in found)
    ):
        raise Refusal("336001", "Invalid Argument: the messages can not be empty")
    if len(found) % 2 == 0:
        raise Refusal("336006")
    for i, message in enumerate(found):
        asks = message.get("role") in ("user", "function")
        if (i % 2 == 0) != asks or (i % 2 and message.get("role") != "assistant"):
            raise Refusal(
                "336006",
                f"the role of message with {'odd' if i % 2 == 0 else 'even'} index "
                "in the messages must be "
                f"{'user or function' if i % 2 == 0 else 'assistant'}",
            )
        if not checks.has_plain_texts(message):
            raise Refusal("336003", "the text of a message must be a string")
        if not checks.text_of(message).strip() and not message.get("function_call"):
            raise Refusal("336003", "the content of a message can not be empty")
    system = body.get("system") or ""
    if system and "system" in entry.refuses:
        raise Refusal("336003", "Invalid parameter: system")
    _check_safety(system, found)
    _check_length(system + "".join(checks.text_of(message) for message in found), entry)
    return [*([{"role": "system", "content": system}] if system else []), *found]


def _prompt(body: dict[str, Any], entry: Model) -> list[dict[str, Any]]:
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


def _body(call: Call) -> dict[str, Any]:
    try:
        return call.json()
    except Refusal:
        raise Refusal("336002") from None


def _parameters(body: dict[str, Any], kind: Kind, entry: Model) -> dict[str, Any]:
    """The fields that V1 documents, checked by the shared table. Others pass, as in the service."""
    named = {
        p.name: body[p.v1 or p.name]
        for p in parameters.of(kind).values()
        if p.known_to("qianfan-v1") and body.get(p.v1 or p.name) is not None
    }
    try:
        return checks.parameters_of(named, kind, entry.id)
    except Refusal as refusal:
        raise refusal.in_v1() from None


def embeddings(call: Call, entry: Model) -> Response:
    """`POST /embeddings/…`."""
    try:
        texts = checks.texts_of(_body(call), entry.id)
    except Refusal as refusal:
        raise refusal.in_v1() from None
    data = [
        {"object": "embedding", "embedding": vectors.embed(text, entry.id, call.seed), "index": i}
        for i, text in enumerate(texts)
    ]
    return JSONResponse(
        {
            "id": request_id(),
            "object": "embedding_list",
            "created": int(time.time()),
            "data": data,
            "usage": _counted(call, texts),
        }
    )


def images(call: Call, entry: Model) -> Response:
    """`POST /text2image/…`: always base64, counted from 1."""
    body = _body(call)
    try:
        drawn = pictures_call.drawn(call, body, entry.id)
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
            "usage": _counted(call, [str(body["prompt"])]),
        }
    )


def rerank(call: Call, entry: Model) -> Response:
    """`POST /reranker/…`."""
    try:
        query, documents, results = ranks.ranked(_body(call), entry.id, call.seed)
    except Refusal as refusal:
        raise refusal.in_v1() from None
    return JSONResponse(
        {
            "id": request_id(),
            "object": "reranker_list",
            "created": int(time.time()),
            "results": results,
            "usage": _counted(call, [query, *documents]),
        }
    )


def tokenizer(call: Call) -> Response:
    """`POST /tokenizer/erniebot`."""
    body = _body(call)
    prompt, model = body.get("prompt"), str(body.get("model") or "ernie-3.5-8k").lower()
    if not isinstance(prompt, str) or not prompt:
        raise Refusal("336001", "Invalid Argument: prompt can not be empty")
    if len(prompt) > _MAX_COUNTED:
        raise Refusal("336007", limit=_MAX_COUNTED)
    if model not in _TOKENIZERS:
        raise Refusal("336003", "Invalid parameter: model")
    call.admit("tokenizer")
    return JSONResponse(
        {
            "id": request_id(),
            "object": "tokenizer.erniebot",
            "created": int(time.time()),
            "usage": _counted(call, [prompt]),
        }
    )


def services(server_url: str) -> dict[str, Any]:
    """The console's list of services."""
    kinds: dict[str, str] = {
        "embedding": "embeddings",
        "image": "text2image",
        "rerank": "reranker",
        "completion": "completions",
    }
    common = [
        {
            "name": model.id,
            "url": f"{server_url}{PREFIX}{model.path}",
            "apiType": kinds.get(model.kind, model.kind),
            "chargeStatus": "OPENED",
            "versionList": [{"trainType": "", "serviceStatus": "Done"}],
        }
        for model in CATALOGUE
        if model.path
    ]
    return {"log_id": request_id(), "result": {"common": common, "custom": []}}


def _counted(call: Call, texts: list[str]) -> dict[str, int]:
    tokens = sum(checks.count_tokens(text) for text in texts)
    call.spend(tokens)
    return {"prompt_tokens": tokens, "total_tokens": tokens}
