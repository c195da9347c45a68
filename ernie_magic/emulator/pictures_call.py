"""A call for pictures, checked and drawn: the same for every protocol."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api import models, parameters
from ernie_magic.emulator import checks, sight
from ernie_magic.emulator.refusals import Refusal

if TYPE_CHECKING:
    from ernie_magic.emulator.calls import IncomingCall


def check_image_request(
    call: IncomingCall,
    body: dict[str, Any],
    model: str,
) -> tuple[str, dict[str, Any], int]:
    """The prompt, the parameters and the seed of a call for pictures.

    Source: AI Studio, "大模型 API", 文生图 (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns).

    Raises
    ------
    Refusal
    """
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise Refusal("malformed_json", "Invalid Argument: prompt can not be empty")
    entry = models.find_model(model)
    max_characters = parameters.MAX_PROMPT
    if entry and entry.max_characters:
        max_characters = entry.max_characters
    if len(prompt) > max_characters:
        raise Refusal("characters_too_long", limit=max_characters)
    if checks.UNSAFE in prompt:
        raise Refusal("user_setting_unsafe")
    given = checks.check_parameters(body, "image", model)
    facts = (str(call.seed), str(call.next_drawing()), json.dumps(given, sort_keys=True), prompt)
    own_seed = zlib.crc32("|".join(facts).encode())
    return prompt, given, given.get("seed", own_seed)


def draw_images(call: IncomingCall, body: dict[str, Any], model: str) -> list[str]:
    """The pictures as base64.

    Raises
    ------
    Refusal
    """
    # Pillow is loaded with the first picture.
    from ernie_magic.emulator import pictures

    prompt, given, seed = check_image_request(call, body, model)
    width, height = (int(side) for side in given.get("size", "1024x1024").split("x"))
    return [
        base64.b64encode(
            pictures.draw_picture(prompt, given.get("style", "Base"), (width, height), seed + i)
        ).decode()
        for i in range(given.get("n", 1))
    ]


class _Edit(NamedTuple):
    """What a call edits: the pictures' bytes, and the mask's, empty for everywhere."""

    images: list[bytes]
    mask: bytes


def edit_images(call: IncomingCall) -> list[str]:
    """The pictures of a call of `/images/edits` as base64.

    The page of Qianfan V2 (https://cloud.baidu.com/doc/qianfan-api/s/Rm9m76ekf) has a JSON body;
    OpenAI's client sends a form.

    Raises
    ------
    Refusal
    """
    # Pillow is loaded with the first picture.
    from ernie_magic.emulator import pictures

    body, edit = _read_edit(call)
    model = checks.check_model(body, "image")
    if models.own_image_path(model) != models.EDITS_PATH:
        raise Refusal("invalid_model", f"the model {model!r} does not edit", status=400)
    call.check_rate_limit(model)
    prompt, given, seed = check_image_request(call, body, model)
    size = None
    if "size" in given:
        width, height = given["size"].split("x")
        size = (int(width), int(height))
    drawn = [
        pictures.edit_picture(edit.images[0], prompt, seed + i, size=size, mask=edit.mask)
        for i in range(given.get("n", 1))
    ]
    return [base64.b64encode(picture).decode() for picture in drawn]


def _read_edit(call: IncomingCall) -> tuple[dict[str, Any], _Edit]:
    if call.form is not None:
        files = call.form.uploads
        images = [file.content for field, file in files if field in ("image", "image[]")]
        masks = [file.content for field, file in files if field == "mask"]
        body: dict[str, Any] = {**call.form.fields}
        for name in ("n", "seed"):
            if body.get(name, "").isdecimal():
                body[name] = int(body[name])
    else:
        body = call.json_object()
        images = [_read_picture(url) for url in _listed(body.get("image"))]
        masks = [_read_picture(url) for url in _listed(body.get("mask"))]
    if not images:
        raise Refusal("invalid_argument", "Invalid Argument: image can not be empty")
    for content in (*images, *masks):
        _check_picture(content)
    return body, _Edit(images, b"".join(masks[:1]))


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    return [value]


def _read_picture(url: object) -> bytes:
    """The bytes of a picture that came as data; a link is not followed.

    Raises
    ------
    Refusal
    """
    if sight.is_link(str(url)):
        raise Refusal("invalid_image_url", "the emulator does not follow links: send the picture")
    return sight.decode_data_url(str(url))


def _check_picture(content: bytes) -> None:
    sight.describe_image(f"data:image/*;base64,{base64.b64encode(content).decode()}")
