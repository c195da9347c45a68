"""Texts that have no vector: they are empty, or too long for the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.api import models
from ernie_magic.errors import InvalidMessages, InvalidOption
from ernie_magic.text.language import Text
from ernie_magic.text.tokens import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from ernie_magic.api.parameter import Rules

INVALID = ("error", "truncate", "skip")
PASS_ONE_TEXT = Text("至少给一条", "pass at least one")
SHORTEN_TEXTS = Text(
    '缩短它们；或 --invalid truncate 截断，--invalid skip 跳过（Python：invalid="truncate"）',
    "shorten them; or cut them with --invalid truncate, leave them out with --invalid skip "
    '(in Python: invalid="truncate")',
)
LEAVE_OUT_TEXTS = Text(
    '去掉它们；或用 --invalid skip 跳过（Python：invalid="skip"）',
    'remove them; or leave them out with --invalid skip (in Python: invalid="skip")',
)
_EMPTY = Text("第 {places} 条文本为空", "texts {places} are empty")
_ONE_EMPTY = Text("第 {places} 条文本为空", "text {places} is empty")
_TOO_LONG = Text("第 {places} 条文本太长", "texts {places} are too long")
_ONE_TOO_LONG = Text("第 {places} 条文本太长", "text {places} is too long")
_ALL_EMPTY = Text("文本为空", "the text is empty")
_BOTH = Text("{empty}，{too_long}", "{empty}, and {too_long}")
_LENGTHS = Text(
    "{texts}（第 {n} 条有 {count} 个字符，约 {tokens} token；"
    "{model} 最多 {most} 个字符、{limit} token）",
    "{texts} (text {n} has {count} characters, about {tokens} tokens; {model} takes {most} "
    "characters and {limit} tokens)",
)
_WRITE_TEXT = Text("写上内容", "write something")
_MAX_NAMED_POSITIONS = 10  # in an error


def check_invalid(invalid: str) -> None:
    """Check the value of `invalid`, what to do with texts that are unfit.

    Raises
    ------
    InvalidOption
    """
    if invalid not in INVALID:
        raise InvalidOption(
            Text(
                "invalid 的值“{value}”不在可选值中：{known}",
                "invalid {value!r} is not one of: {known}",
            ).fill(value=f"{invalid!s:.40}", known=" | ".join(INVALID))
        )


def clip_to_model(text: str, model: str, rules: Rules) -> str:
    """Return as much of a text as the model accepts, by characters and by estimated tokens."""
    entry = models.find_model(model)
    if not rules.strict or entry is None:
        return text
    fits = text
    if entry.max_characters:
        fits = text[: entry.max_characters]
    max_tokens = entry.max_input_tokens
    if max_tokens is None or estimate_tokens(fits) <= max_tokens:
        return fits
    low, high = 0, len(fits)
    while low < high:
        middle = (low + high + 1) // 2
        if estimate_tokens(fits[:middle]) <= max_tokens:
            low = middle
        else:
            high = middle - 1
    return fits[:low]


def unfit_texts_error(
    texts: Sequence[str], empty: Collection[int], too_long: Collection[int], model: str
) -> InvalidMessages:
    """Return the error for texts of which some, by their positions, are empty or too long."""
    if not too_long:
        if len(texts) == 1:
            return InvalidMessages(_ALL_EMPTY, advice=_WRITE_TEXT)
        return InvalidMessages(_name_places(_ONE_EMPTY, _EMPTY, empty), advice=LEAVE_OUT_TEXTS)
    what = _name_places(_ONE_TOO_LONG, _TOO_LONG, too_long)
    if empty:
        what = _BOTH.fill(empty=_name_places(_ONE_EMPTY, _EMPTY, empty), too_long=what)
    entry = models.find_model(model)
    assert entry is not None  # noqa: S101  (only a known model has a length)
    first = min(too_long)
    what = _LENGTHS.fill(
        texts=what,
        n=first + 1,
        count=len(texts[first]),
        tokens=estimate_tokens(texts[first]),
        model=model,
        most=entry.max_characters or "∞",
        limit=entry.max_input_tokens or "∞",
    )
    return InvalidMessages(what, advice=SHORTEN_TEXTS)


def _name_places(one: Text, several: Text, positions: Iterable[int]) -> Text:
    places = sorted(positions)
    named = ", ".join(str(place + 1) for place in places[:_MAX_NAMED_POSITIONS])
    if len(places) > _MAX_NAMED_POSITIONS:
        named += " …"
    template = one if len(places) == 1 else several
    return template.fill(places=named)
