"""Which simulated models think first, and what switches that off.

`enable_thinking` does for ernie-5.0-thinking-preview, where it is true by default
(https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb); the other ERNIE 5 are taken to be alike. X1
always thinks (https://cloud.baidu.com/doc/qianfan-docs/s/Wm95lyynv). `thinking` is the switch of
DeepSeek, Kimi and GLM; ERNIE takes it and does not heed it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api import models
from ernie_magic.text.language import Text, untranslated

if TYPE_CHECKING:
    from collections.abc import Mapping

_SWITCHABLE = "ernie-5."
_ALWAYS = Text(
    "{model} 总会思考，{given} 关不掉。", " {model} always thinks: {given} does not switch it off."
)
_OTHER_SWITCH = Text(
    "ERNIE 不认 thinking：关闭思考用 enable_thinking=false。",
    " ERNIE does not heed thinking: enable_thinking=false switches this off.",
)


def thinks(model: str, given: Mapping[str, Any]) -> bool:
    """Whether a model thinks before it answers a request with these parameters."""
    entry = models.find_model(model)
    if entry is None or "thinking" not in entry.capabilities:
        return False
    return not (_can_switch(model) and _is_off(given.get("enable_thinking")))


def explain_switch(model: str, given: Mapping[str, Any]) -> Text:
    """Return why a model thinks although a parameter asks it not to, "" where none does."""
    off = [name for name in ("enable_thinking", "thinking") if _is_off(given.get(name))]
    if not off:
        return untranslated("")
    if _can_switch(model):
        return _OTHER_SWITCH
    return _ALWAYS.fill(model=model, given=off[0])


def _can_switch(model: str) -> bool:
    return model.lower().startswith(_SWITCHABLE)


def _is_off(value: object) -> bool:
    if isinstance(value, dict):
        value = value.get("type")
    return value is False or value == "disabled"
