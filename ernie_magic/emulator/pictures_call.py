"""A call for pictures, checked and drawn: the same for every protocol."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any

from ernie_magic.api import models, parameters
from ernie_magic.emulator import checks
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
