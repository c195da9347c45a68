"""What a prompt mentions that a tool is asked about: the duck of "What do 3 portions of duck
cost?".
"""

from __future__ import annotations

import re

_CLAUSE_END = re.compile(r"[,.?!;:\n，。？！；：]")
_WORD = re.compile(r"[A-Za-z][\w'-]*|\d[\d.]*")
# Words that ask, count or measure.
_EMPTY_WORDS = """
    a an the is are was were be of to in on at for from with by about and or how what when where
    who which why do does did can could would should will you it its my me your our we i they there
    this that these those much many please tell give show find look looks check search say see let
    know get need want use using buy order orders cost costs price prices worth charge now
    today currently portion portions piece pieces cup cups bottle bottles kilo kilos pair pairs box
    boxes pack packs called named total all any some have has left up
"""
_BEFORE_NAMES = "of for about called named from in to"
_EMPTY_CHINESE = re.compile(
    r"多少钱|是多少|有多少|多少|什么|怎么样|怎么|如何|哪些|请问|请|帮我|帮忙|告诉我|我想|想|知道"
    r"|一下|查询|查一查|查查|查|看看|看|一共|总共|今天|现在|价格|价钱|天气|气温|库存|状态|电话|地址|订单|还有|有没有|是|的|了|吗|呢|要|买"
    r"|(?<![A-Za-z0-9-])[零一二两三四五六七八九十百千\d]+(?:[份个杯件斤本张只碗瓶盒元块台条位]|公斤)?"
)
# What may be asked for, where a tool lists it.
_LIST = re.compile(
    r"(?::|\(|such as|for example|e\.g\.|one of|including)"
    r"\s*([^.:();\n]*(?:,|/|\bor\b)[^.:();\n]*)",
    re.IGNORECASE,
)
_CHINESE_LIST = re.compile(r"[\u4e00-\u9fff]+(?:、[\u4e00-\u9fff]+)+")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_OTHER_SCRIPT = re.compile(r"[^\x00-\x7f\u4e00-\u9fff]")


def find_mentioned(prompt: str, told: str) -> str:
    """Return what a prompt mentions besides what it asks for; "" where that cannot be told.

    Parameters
    ----------
    prompt
    told
        The words of the tool, which say what is asked for.
    """
    if listed := _find_listed(prompt, told):
        return listed
    clause = next((each for each in _CLAUSE_END.split(prompt) if each.strip()), "")
    if _OTHER_SCRIPT.search(clause):
        return ""
    if _HAN.search(clause):
        return _find_in_chinese(clause, told)
    return _find_in_english(clause, told)


def _find_listed(prompt: str, told: str) -> str:
    """The longest of what a tool says that it knows, as it writes it: "tea, noodles, duck"."""
    known = [
        item.strip(" '\"`“”‘’")
        for found in _LIST.finditer(told)
        for item in re.split(r",\s*|/|\bor\b|\band\b", found[1])
    ]
    for found in _CHINESE_LIST.finditer(told):
        first, *others = found[0].split("、")
        known += [first[start:] for start in range(len(first))] + others
    named = [item for item in known if item and _names(prompt, item)]
    return max(named, key=len, default="")


def _names(prompt: str, item: str) -> bool:
    """Whether a prompt has an item, as a word of its own where words have blanks between them."""
    if _HAN.search(item):
        return item in prompt
    return bool(re.search(rf"(?<!\w){re.escape(item)}(?!\w)", prompt, re.IGNORECASE))


def _find_in_english(clause: str, told: str) -> str:
    """The words after a preposition, else the first that say anything, else a number."""
    before_names = _BEFORE_NAMES.split()
    empty = {word.lower() for word in re.findall(r"[A-Za-z]+", told)} | {*_EMPTY_WORDS.split()}
    runs: list[tuple[bool, str]] = []
    before, run = "", slice(0, 0)
    is_open = False
    for found in _WORD.finditer(clause):
        word = found[0].lower()
        if word in empty or word[0].isdigit():
            is_open = False
        elif is_open:
            run = slice(run.start, found.end())
            runs[-1] = (runs[-1][0], clause[run])
        else:
            run = slice(found.start(), found.end())
            runs.append((before in before_names, clause[run]))
            is_open = True
        before = word
    named = [words for is_named, words in runs if is_named]
    numbers = re.findall(r"\d[\d.]*", clause)
    return next(iter([*named, *(words for _, words in runs), *numbers]), "")


def _find_in_chinese(clause: str, told: str) -> str:
    """The longest piece between words that ask, count or measure."""
    for run in sorted(re.findall(r"[\u4e00-\u9fff]{2,}", told), key=len, reverse=True):
        clause = clause.replace(run, " ")
    pieces = [piece.strip() for piece in _EMPTY_CHINESE.sub(" ", clause).split()]
    return max(pieces, key=len, default="")
