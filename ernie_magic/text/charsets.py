"""What charset a text is in that declares none and is not UTF-8.

The charsets of East Asia put common characters into certain rows (GB 2312, KS X 1001 and JIS X 0208
by their lead bytes, Big5 by its levels), so a text is in the one in which most of its characters
are common. That tells texts of eight characters apart without fail. Shorter ones may be read in
several ways, whatever the rule: there the charset of the user's own locale goes first, and then
simplified Chinese, since the services here are Chinese.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import NamedTuple

from ernie_magic.text.language import locale_name

_SAMPLE = 64 * 1024  # bytes that are looked at
_BEFORE = 256  # bytes before the first that is not UTF-8, which are looked at too
_BOUNDARIES = (b'"', b" ", b"\n")  # bytes that are a part of no character of several
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\xfe]")
# And those of GB 18030 of four, of which it has all that is in Unicode.
_GB_18030 = re.compile(rb"[\x81-\xfe](?:[\x40-\xfe]|[0-9][\x81-\xfe][0-9])")
# Rows of letters and marks (Greek, Cyrillic, kana, pinyin), and hanzi by their pronunciation.
_GB_COMMON = re.compile(
    rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]|\xa4[\xa1-\xf3]|\xa5[\xa1-\xf6]|\xa6[\xa1-\xf5]"
    rb"|\xa7[\xa1-\xf1]|\xa8[\xa1-\xe9]|\xa9[\xa4-\xef]|[\xa8\xa9][\x40-\xa0]"
    rb"|[\x81-\xfe][0-9][\x81-\xfe][0-9]"
)
_CYRILLIC = re.compile(rb"[\xa8\xb8\xc0-\xff]+")  # Windows' letters
_UNUSED = ("Co", "Cn")  # Unicode's categories of what is no character
_RUN = re.compile(rb"[\x80-\xff]+")
_LEVEL_2 = re.compile(rb"[\xd8-\xf7][\xa1-\xfe]")
_RARE = 0.3
_BESIDE_LETTER = re.compile(r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]")
_NONE = re.compile(rb"(?!)")
_KANA = re.compile("[ぁ-ヿ]")
_SHORT = 8  # characters that may be read in several charsets
_MIN_SHARE = 0.6  # of the characters that are common, in a charset that is believed
_KANA_SHARE = 0.25  # of the characters of a Japanese text, at least
_OWN_LANGUAGE = 0.1  # what it counts that a text is of the charset's own language
# The commonest syllables of Korean: of Chinese that is read as Korean one in forty is among them.
_SYLLABLES = frozenset(
    "이다는에의가을로고하지를은도한사기대어서나인자시부아그리스게해정일수있보장라전들안상우"
    "으면요습니까여했원주공구화문유동조성제만세것같오과내와모할네무말더거"
)
# Characters that are among the commonest of Chinese, of Japanese, or of both.
_COMMONEST = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后"
    "小么心多天而能好都然没日于起还发成事只作当想看文无开手用主行方又如前所本见经头面公同三已老从动两长"
    "知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业"
    "最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代入先山五太水万市"
    "味语東語時話見書読食飲駅車電買売休店円京田友何今気私彼思言持間場物勉強首都元週毎午後国"
)
_SYLLABLE_SHARE = 0.25  # of the characters of a Korean text, at least
_BY_CHANCE = 4  # characters of two bytes, for each damaged one, that are not UTF-8 by chance
_CYRILLIC_RUN = 3  # bytes of words stand together; letters with accents stand alone


class _Charset(NamedTuple):
    """A charset of two bytes a character.

    Attributes
    ----------
    name : str
        Python's.
    common : Pattern
        Its common characters and its punctuation.
    rare : Pattern
        Those that occur in it all the same, and count less.
    character : Pattern
        Any that is not ASCII.
    """

    name: str
    common: re.Pattern[bytes]
    rare: re.Pattern[bytes] = _NONE
    character: re.Pattern[bytes] = _PAIR

    def weigh_character(self, pair: bytes) -> float:
        """Return how common a character is, from 0 to 1."""
        if self.common.fullmatch(pair):
            return 1.0
        if self.rare.fullmatch(pair):
            return _RARE
        return 0.0


_EAST_ASIAN = (
    _Charset("gb18030", _GB_COMMON, _LEVEL_2, _GB_18030),
    _Charset("big5", re.compile(rb"[\xa1-\xc6][\x40-\x7e\xa1-\xfe]")),
    _Charset("euc_kr", re.compile(rb"[\xa1\xa3\xb0-\xc8][\xa1-\xfe]")),
    _Charset("euc_jp", re.compile(rb"[\xa1\xa3-\xa5\xb0-\xcf][\xa1-\xfe]")),
    _Charset("shift_jis", re.compile(rb"[\x81-\x83\x88-\x97][\x40-\x7e\x80-\xfc]")),
)
# By the beginning of a locale's name, as POSIX and Windows write it.
_OWN_CHARSETS = {
    ("ko", "korean"): ("euc_kr",),
    ("ja", "japanese"): ("shift_jis", "euc_jp"),
    ("zh_cn", "zh_sg", "chinese (simplified)"): ("gb18030",),
    ("zh_tw", "zh_hk", "chinese (traditional)"): ("big5",),
}
EAST_ASIAN = frozenset(charset.name for charset in _EAST_ASIAN)


def decode_text(raw: bytes | bytearray) -> str:
    """Return a text in UTF-8, or in the charset that it seems to be in; a byte that is invalid
    there does not spoil the others.
    """
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError:
        return str(raw, detect_charset(raw), "replace")


def detect_charset(raw: bytes | bytearray) -> str:
    """Return Python's name of the charset that these bytes are in, "utf-8" where that is only
    damaged.
    """
    sample = _take_sample(raw)
    if _is_damaged_utf_8(sample) or _is_cut_utf_8(sample):
        return "utf-8"
    if own := _find_own_charset(sample):
        return own
    scores = {charset.name: _score(charset, sample) for charset in _EAST_ASIAN}
    best = max(scores, key=lambda name: scores[name])
    if best == "euc_jp" and scores["gb18030"] >= 1 and _has_more_common_hanzi(sample):
        best = "gb18030"
    if scores[best] >= _MIN_SHARE:
        return best
    if _is_rare_chinese(sample):
        return "gb18030"
    lengths = [len(run) for run in _RUN.findall(sample)]
    in_words = sum(length for length in lengths if length >= _CYRILLIC_RUN)
    if 2 * in_words >= sum(lengths):
        return "cp1251"
    return "cp1252"


def _has_more_common_hanzi(raw: bytes) -> bool:
    """Whether a text with kana, which both have in the same places, has more of the commonest
    characters in GB 18030 than in EUC-JP.
    """
    counts = {}
    for name in ("gb18030", "euc_jp"):
        text = _decode_sample(raw, name)
        counts[name] = sum(character in _COMMONEST for character in text)
    return counts["gb18030"] > counts["euc_jp"]


def _is_rare_chinese(raw: bytes) -> bool:
    """Whether a text can be GB 18030 whose characters all are seldom in it: those of names, and
    traditional ones. Of another charset letters with accents stand beside letters without.
    """
    if _CYRILLIC.fullmatch(b"".join(_RUN.findall(raw))):
        return False
    try:
        text = _decode_sample(raw, "gb18030")
    except UnicodeDecodeError:
        return False
    if _BESIDE_LETTER.search(text):
        return False
    return not any(unicodedata.category(character) in _UNUSED for character in text)


def _take_sample(raw: bytes | bytearray) -> bytes:
    """Return some bytes from the first one on that is not UTF-8, with the word that it is in: what
    stands before it there may be UTF-8 by chance.
    """
    try:
        codecs.utf_8_decode(raw)
    except UnicodeDecodeError as error:
        bad = error.start
    else:
        return bytes(raw[:_SAMPLE])
    start = max(raw.rfind(mark, max(0, bad - _BEFORE), bad) for mark in _BOUNDARIES) + 1
    start = start or bad
    return bytes(raw[start : start + _SAMPLE])


def _decode_sample(raw: bytes, charset: str) -> str:
    """Return the text of some bytes, whose last character may be cut.

    Raises
    ------
    UnicodeDecodeError
    """
    return codecs.getincrementaldecoder(charset)("strict").decode(raw)


def _is_damaged_utf_8(raw: bytes) -> bool:
    """Whether most of it is UTF-8; two bytes that are a character there may be so by chance."""
    text = raw.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    of_two_bytes = sum("\x7f" < character < "\u0800" for character in text)
    longer = sum(character >= "\u0800" for character in text) - damaged
    is_mostly_whole = longer > damaged or of_two_bytes > _BY_CHANCE * damaged
    return "\0" in text or damaged <= 1 or is_mostly_whole


def _is_cut_utf_8(raw: bytes) -> bool:
    """Whether it is UTF-8 but for what stands within characters: a server has cut them apart, and
    has written each piece into an object of its own.
    """
    runs = _RUN.findall(raw)
    try:
        codecs.utf_8_decode(b"".join(runs))
    except UnicodeDecodeError:
        return False
    return len(runs) > 1


def _find_own_charset(raw: bytes) -> str:
    """Return the charset of the user's locale in which a short text has common characters only; ""
    for any other text.
    """
    place = locale_name().lower()
    names = next((names for begun, names in _OWN_CHARSETS.items() if place.startswith(begun)), ())
    if not names or len(_PAIR.findall(raw)) > _SHORT:
        return ""
    own = (charset for charset in _EAST_ASIAN if charset.name in names)
    return next((charset.name for charset in own if _share(charset, raw) == 1), "")


def _share(charset: _Charset, raw: bytes) -> float:
    """Return the share of common characters; -1 where it cannot be in this charset."""
    pairs = charset.character.findall(raw)
    try:
        _decode_sample(raw, charset.name)
    except UnicodeDecodeError:
        return -1.0
    if not pairs:
        return -1.0
    return sum(map(charset.weigh_character, pairs)) / len(pairs)


def _score(charset: _Charset, raw: bytes) -> float:
    """Return the share of common characters; -1 where it cannot be in this charset, or is not of
    its language.
    """
    share = _share(charset, raw)
    if share < 0:
        return share
    text = _decode_sample(raw, charset.name)
    pairs = _PAIR.findall(raw)
    if charset.name in ("gb18030", "big5"):
        return share
    if charset.name == "euc_kr":
        common = sum(character in _SYLLABLES for character in text)
        is_of_language = share == 1 and common >= max(2, _SYLLABLE_SHARE * len(pairs))
    else:
        is_of_language = len(_KANA.findall(text)) >= _KANA_SHARE * len(pairs)
    if not is_of_language:
        return -1.0
    return share + _OWN_LANGUAGE
