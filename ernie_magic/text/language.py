"""Two languages in one place: every sentence that a person reads is a `Text` with Chinese and
English.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from ernie_magic.text.encodings import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


class Text(NamedTuple):
    """A sentence in both languages; `{name}` fields are filled by `say`.

    Parameters
    ----------
    zh, en
        The sentence in Chinese and in English, as `str.format` templates with named fields.
    """

    zh: str
    en: str

    @printable
    def __repr__(self) -> str:
        return f"Text(zh={self.zh!r}, en={self.en!r})"

    def say(self, language: Language, /, **values: object) -> str:
        """Return the sentence in `language`, its fields filled with `values` (which are never
        formatted again, and show no key).
        """
        template = self.en
        if language == "zh":
            template = self.zh
        if not values:
            return template
        # Here and below: to load the extension is to say nothing, and must cost little.
        from ernie_magic.text.redact import redact

        shown = {
            name: redact(str(value)) if isinstance(value, (str, os.PathLike)) else value
            for name, value in values.items()
        }
        if language == "zh":
            from ernie_magic.text.chinese import OwnWords, format_chinese

            own = {name for name, value in values.items() if isinstance(value, OwnWords)}
            return format_chinese(template, shown, own)
        return template.format(**shown)

    def fill(self, **values: object) -> Text:
        """Return both sentences with their fields filled; a value may itself be a `Text`."""
        return Text(*(self._fill_one(language, values) for language in LANGUAGES))

    def _fill_one(self, language: Language, values: Mapping[str, object]) -> str:
        from ernie_magic.text.chinese import OwnWords

        said = {k: OwnWords(v.say(language)) for k, v in values.items() if isinstance(v, Text)}
        return self.say(language, **{**values, **said})


class Counted(NamedTuple):
    """A number of things: one of them, and any other number.

    Parameters
    ----------
    many, one
        Templates with the field `n`, a number, and perhaps others.
    """

    many: Text
    one: Text

    def fill(self, n: float, **values: object) -> Text:
        """Return both sentences for this number, their other fields filled as `Text.fill` does."""
        template = self.many
        if n == 1:
            template = self.one
        return template.fill(n=n, **values)

    def say(self, language: Language, n: float, **values: object) -> str:
        """Return the sentence for this number in `language`."""
        return self.fill(n, **values).say(language)


def counted(zh: str, singular: str, plural: str = "") -> Counted:
    """Return `1 turn`, `2 turns`, in Chinese `1 轮`; the plural ends in `s` unless it is given."""
    plural = plural or f"{singular}s"
    return Counted(
        Text(f"{{n:,}} {zh}", f"{{n:,}} {plural}"), Text(f"{{n:,}} {zh}", f"{{n:,}} {singular}")
    )


def untranslated(text: str) -> Text:
    """Return a `Text` whose words are the same in both languages (a name, a server's message)."""
    return Text(text, text)


def clip_text(text: str, limit: int) -> str:
    """Return the beginning of a text, at most `limit` characters."""
    if len(text) <= limit:
        return text
    return text[: limit - 1] + "…"


# Bytes of characters in UTF-8, as `surrogateescape` writes them; behind the first half of a pair
# stands the second one. And the first bytes of one, of which others may follow.
_BYTES = re.compile("(?<![\ud800-\udbff])[\udc80-\udcff]+")
_CUT_CHARACTER = re.compile(
    "(?<![\ud800-\udbff])"
    "(?:[\udcc2-\udcf4]|[\udce0-\udcf4][\udc80-\udcbf]|[\udcf0-\udcf4][\udc80-\udcbf]{2})\\Z"
)


def whole_characters(text: str) -> str:
    """Return `text` without half characters (lone surrogates), which neither Jupyter nor a service
    can handle.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        text = _BYTES.sub(_decode_bytes, text)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _decode_bytes(found: re.Match[str]) -> str:
    return found[0].encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class CharacterJoiner:
    """Join a text that arrives in pieces which may cut a character into its two halves
    (surrogates, RFC 8259, section 7), or into its bytes (as `surrogateescape` writes them).
    """

    def __init__(self) -> None:
        self._half = ""

    @property
    def is_waiting(self) -> bool:
        """Whether half of a character waits for the other one."""
        return bool(self._half)

    def feed(self, piece: str) -> str:
        """Add a piece; return the text that is whole."""
        text = self._half + piece
        self._half = ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        elif "\udc80" <= text[-1:] <= "\udcff" and (cut := _CUT_CHARACTER.search(text)):
            text, self._half = text[: cut.start()], cut[0]
        return whole_characters(text)

    def flush_remaining(self) -> str:
        """Return what stands for a half that stayed alone."""
        half = self._half
        self._half = ""
        return whole_characters(half)


class _Preference:
    """The language that the user of this process chose, "" for the locale's."""

    language: Language | str = ""


def prefer_language(language: Language | str) -> None:
    """Use a language where none is given, in place of the locale's: results and their errors know
    no session. "" is for the locale's again.
    """
    _Preference.language = language


def system_language() -> Language:
    """Return the language that was chosen; else `"zh"` when the locale is Chinese, else `"en"`
    (POSIX: LC_ALL before LC_MESSAGES before LANG).
    """
    if _Preference.language == "zh":
        return "zh"
    if _Preference.language == "en":
        return "en"
    # POSIX writes `zh_CN`, Windows `Chinese_China`.
    if locale_name().lower().startswith(("zh", "chinese")):
        return "zh"
    return "en"


def locale_name() -> str:
    """Return the name of the user's locale, "" where there is none."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return value
    import locale

    return locale.getlocale()[0] or ""
