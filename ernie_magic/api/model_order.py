"""The order in which models are offered: in panels, after `-m` and by `%ernie models`."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from ernie_magic.api.default_model import PREFERRED_CHAT
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ernie_magic.api.models import Listed

_KINDS = ("chat", "completion", "image", "embedding", "rerank")


class ModelGroup(IntEnum):
    """What people look for in a list of models, the first first."""

    RECOMMENDED = 0
    SEES = 1
    THINKS = 2
    OTHER = 3
    UNKNOWN = 4
    RETIRED = 5


GROUP_TITLES = {
    ModelGroup.RECOMMENDED: Text("推荐", "Recommended"),
    ModelGroup.SEES: Text("看图", "Sees pictures"),
    ModelGroup.THINKS: Text("思考", "Thinking"),
    ModelGroup.OTHER: Text("更多", "More"),
    ModelGroup.UNKNOWN: Text("其他", "Other kinds"),
    ModelGroup.RETIRED: Text("据报已下线", "Reported retired"),
}


def group_model(listed: Listed) -> ModelGroup:
    """Return the group of a model of the service's list."""
    known = listed.known
    if known is not None and known.retired:
        return ModelGroup.RETIRED
    if listed.kind is None:
        return ModelGroup.UNKNOWN
    if listed.id in PREFERRED_CHAT:
        return ModelGroup.RECOMMENDED
    if known is not None and "vision" in known.capabilities:
        return ModelGroup.SEES
    if known is not None and "thinking" in known.capabilities:
        return ModelGroup.THINKS
    return ModelGroup.OTHER


def sort_models(listed: Iterable[Listed]) -> list[Listed]:
    """Sort models by kind, by what people look for, and by name; retired ones last of all."""
    return sorted(listed, key=_sort_key)


def _sort_key(listed: Listed) -> tuple[bool, int, int, int, str]:
    group = group_model(listed)
    kind = len(_KINDS)
    if listed.kind is not None:
        kind = _KINDS.index(listed.kind)
    preference = 0
    if group is ModelGroup.RECOMMENDED:
        preference = PREFERRED_CHAT.index(listed.id)
    return group is ModelGroup.RETIRED, kind, group, preference, listed.id.lower()
