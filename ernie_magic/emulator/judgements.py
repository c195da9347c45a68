"""Judgements that a prompt asks for: one of some words, a number of a scale, yes or no.

A prompt holds a task ("判断情感（好评/差评），打 1 到 5 分：") and a text that is judged. The text
is looked for first; its words, by the lexicon of both languages, decide.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ernie_magic.emulator import lexicon, scales

if TYPE_CHECKING:
    from collections.abc import Collection

_TASK = re.compile(
    r"判断|分类|归类|打分|评分|打\s*\d|选择|选出|选一个|情感|情绪|属于|是否|几颗?星|几分|多少分"
    r"|输出|回答|请|提取|标注|概率|可能性|置信度|评价|评估|满意度|好感度"
    r"|\b(?:probability|likelihood|how likely|confidence|classify|categori[sz]e|rate|score"
    r"|evaluate|assess|satisfaction"
    r"|sentiment|label|choose|pick|decide|judge|answer|respond|whether"
    r"|is (?:it|this|the following)|which|return|output|from \d+ to \d+|how many stars)\b",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"[（(\[【]([^（）()\[\]【】{}\n]{3,160})[)）\]】]")
_SLASHED = re.compile(
    r"(?<![\w/:.])([A-Za-z\u4e00-\u9fff][\w\u4e00-\u9fff-]{0,15}"
    r"(?:\s?[/|｜]\s?[A-Za-z\u4e00-\u9fff][\w\u4e00-\u9fff-]{0,15}){1,11})(?![\w/])"
)
_EITHER = re.compile(
    r"(?:是|为|属于|选)([\u4e00-\u9fff、，]{1,24}?)(?:还是|或者?)([\u4e00-\u9fff]{1,5})"
)
_LISTED = re.compile(
    r"(?:one of|choose from|options|labels|categories|classes|类别|选项|标签|分类"
    r"|(?:情感|情绪|倾向)(?=[:：]))(?: are| is|是|为|有)?"
    r"\s*[:：]?\s*([^.。\n：:？?]{3,160})",
    re.IGNORECASE,
)
_FEELING_LABEL = re.compile(r"(?:情感|情绪|倾向)[:：]")
_OR = re.compile(
    r"(?<![a-z-])((?:[a-z-]+(?:, |、))*[a-z-]+),?\s*(?:\bor\b|或者?|还是)\s*([a-z-]+)(?![a-z-])",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"\s*(?:[/|｜、，,;；]|\s或者?\s|或者?|还是|\bor\b)\s*", re.IGNORECASE)
# A number that tells how likely something is; one of such a name is, whatever the prompt says.
_PROBABILITY = re.compile(
    r"概率|可能性|置信度|百分比"
    r"|\b(?:probability|likelihood|how likely|confidence|percent(?:age)?)\b",
    re.IGNORECASE,
)
_PROBABILITY_NAME = re.compile(
    r"概率|可能性|置信|百分比|probab|likelihood|confiden|percent|(?<![a-z])prob(?![a-z])",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"百分|percent", re.IGNORECASE)
_CONFIDENCE = re.compile(r"置信|confiden", re.IGNORECASE)
_SCORE_NAME = re.compile(
    r"分|星|评级|等级|程度|满意度|好感|强度|质量"
    r"|score|rat(?:e|ing)|stars?|points?|grade|level|satisfaction|intensity|quality",
    re.IGNORECASE,
)
# A field of such a name holds words of its own, and not one of the prompt's choices.
_FREE_NAME = re.compile(
    r"原因|理由|摘要|总结|关键词|名|标题|说明|建议|reason|why|summar|keyword|name|title|comment|note|advice",
    re.IGNORECASE,
)
_COLON = re.compile(r"[:：]")
_BARE_TASK = re.compile(
    r"\s*(?:please |请)?(?:judge|rate|assess|evaluate|score|判断|评价|评估|打分)\s+(.+)",
    re.IGNORECASE | re.DOTALL,
)
_SENTENCE = re.compile(r"[^。！？!?\n;；]+[。！？!?\n;；]*")
_LABELLED = re.compile(r"^\s*[\w\u4e00-\u9fff ]{1,12}[:：]\s*")
_ABOUT = re.compile(
    r"是否|有没有|有无|提到了?|提及|涉及|包含|含有|关于|了$|吗$|(?:^|_|\b)(?:is|has|have|does|mentions?|"
    r"mentioned|contains?|about|the|a|an|of|any)(?=_|\b)",
    re.IGNORECASE,
)
_WHETHER = re.compile(
    r"是否([\u4e00-\u9fff]{2,8})|whether (?:it |the \w+ )?([a-z ]{3,40})", re.IGNORECASE
)
_POSITIVE_NAME = re.compile(
    r"正面|积极|好评|满意|推荐|喜欢|positive|satisfied|recommend|happy|liked?|good", re.IGNORECASE
)
_NEGATIVE_NAME = re.compile(
    r"负面|消极|差评|不满|投诉|抱怨|生气|negative|complain|unhappy|angry|bad", re.IGNORECASE
)
_NEUTRAL_NAME = re.compile(
    r"中评|中性|中立|一般|普通|还行|尚可|neutral|mixed|average|okay", re.IGNORECASE
)
_SENTIMENT = re.compile(
    r"情感|情绪|好评|差评|评论|点评|满意度|sentiment|review|feedback", re.IGNORECASE
)
# A field of such a name is one of three words where a prompt offers none.
_FEELING_NAME = re.compile(r"情感|情绪|倾向|sentiment|polarity|mood", re.IGNORECASE)
_FEELINGS_ZH = ("正面", "中性", "负面")
_FEELINGS_EN = ("positive", "neutral", "negative")
# Where a judgement stands on a scale, from 0 to 1, and how far chance moves it.
_POSITIONS = {0: (0.5, 0.04), 1: (0.82, 0.04), 2: (0.91, 0.09), 3: (0.95, 0.04)}
_STRONG = re.compile(r"非常|很|极|强烈|very|strong|extreme", re.IGNORECASE)
_YES = ("是", "对", "有", "真", "yes", "true", "y")
_NO = ("否", "不是", "不", "错", "无", "没有", "假", "no", "false", "n")
_URGENT = re.compile(
    r"紧急|马上|立刻|尽快|崩溃|宕机|无法|urgent|asap|immediately|crash|down\b", re.IGNORECASE
)
_URGENT_NAME = re.compile(r"紧急|加急|urgent|priority", re.IGNORECASE)
_HIGH, _LOW = (
    re.compile(r"高|紧急|high|urgent", re.IGNORECASE),
    re.compile(r"低|不紧急|普通|low|normal", re.IGNORECASE),
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_FORM = re.compile(r"\{[^{}]{0,400}\}")
SMALL_SCALE = 2.0  # of -1 to 1: its numbers have two digits after the point
_MAX_OPTIONS = 12
_REACH = 1500  # characters
_MAX_OPTION = 24  # characters


@dataclass(frozen=True)
class Choices:
    """Words to choose among, and the words before them, which say what for."""

    options: tuple[str, ...]
    label: str
    start: int
    end: int


def is_judgement(prompt: str) -> bool:
    """Whether a prompt asks to judge a text that it holds."""
    choices = find_choices(prompt)
    is_labelled = bool(choices and _COLON.search(prompt, choices[-1].end))
    is_task = bool(_TASK.search(prompt) and (choices or find_scale(prompt)))
    return (is_task or is_labelled) and bool(_find_text(prompt))


def find_subject(prompt: str) -> str:
    """The text that a prompt asks about, without the task; what is left if no text stands apart."""
    if text := _find_text(prompt):
        return text
    words = without_json(_within_reach(prompt))
    for choices in reversed(find_choices(words)):
        words = words[: choices.start] + words[choices.end :]
    return words.strip()


@lru_cache(maxsize=64)
def _find_text(prompt: str) -> str:
    """The text that stands apart from the task: behind a colon, or in sentences of its own."""
    words = without_json(_within_reach(prompt))
    spans = [(each.start, each.end) for each in find_choices(words)]
    after = max((end for _, end in spans), default=0)
    for colon in _COLON.finditer(words, after):
        head, tail = words[: colon.start()], words[colon.end() :]
        is_task = bool(spans or _is_task(head))
        if len(tail.strip()) > 1 and is_task and not _is_task(tail):
            return tail.strip()
    kept = "".join(
        sentence[0]
        for sentence in _SENTENCE.finditer(words)
        if not _is_task(sentence[0])
        and not any(start < sentence.end() and sentence.start() < end for start, end in spans)
    )
    return _LABELLED.sub("", kept.strip()) or _find_object(words)


def _find_object(words: str) -> str:
    """What follows a bare "judge", where it says how somebody feels: a text, and no part of the
    task.
    """
    found = _BARE_TASK.match(words)
    if not found or _is_task(found[1]) or lexicon.judge_sentiment(found[1]).is_silent:
        return ""
    return found[1].strip()


def _is_task(words: str) -> bool:
    """Whether words say what is to be judged, or on which scale."""
    return bool(_TASK.search(words)) or scales.is_scale_only(words)


def _within_reach(prompt: str) -> str:
    """A prompt's beginning and end: a task stands at either."""
    if len(prompt) <= 2 * _REACH:
        return prompt
    return f"{prompt[:_REACH]}\n{prompt[-_REACH:]}"


def without_json(words: str) -> str:
    """A prompt without the lines that describe JSON, if there are others."""
    lines = words.splitlines()
    kept = [each for each in lines if "json" not in each.lower() and not _FORM.search(each)]
    if any(each.strip() for each in kept):
        return "\n".join(kept)
    return _FORM.sub("", words)


@lru_cache(maxsize=64)
def find_choices(prompt: str) -> list[Choices]:
    """The groups of words among which a prompt asks to choose."""
    prompt = _within_reach(prompt)
    found: list[Choices] = []
    for pattern in (_BRACKETED, _SLASHED, _EITHER, _LISTED, _OR):
        for match in pattern.finditer(prompt):
            is_new = not any(
                each.start < match.end() and match.start() < each.end for each in found
            )
            is_task = pattern in (_EITHER, _LISTED) or bool(_TASK.search(prompt))
            if is_new and (options := _read_options(match, is_task=is_task)):
                label = prompt[max(0, match.start() - 24) : match.start()]
                found.append(Choices(options, label, match.start(), match.end()))
    return sorted(found, key=lambda each: each.start)


def _read_options(match: re.Match[str], *, is_task: bool) -> tuple[str, ...]:
    words = "/".join(group for group in match.groups() if group)
    # Slashes in brackets offer a choice by themselves: "情感（好评/差评）".
    is_offer = match.re is _BRACKETED and re.search(r"[/|｜]", words)
    if not is_task and not is_offer:
        return ()
    if re.match(r"\s*(?:e\.g\.|i\.e\.|比如|例如|如)|https?:", words):
        return ()
    options = [_trim_option(each) for each in _SPLIT.split(words)]
    options = [each for each in options if each]
    if _FEELING_LABEL.match(match[0]) and not _are_feelings(words, options):
        return ()
    is_list = 1 < len(options) <= _MAX_OPTIONS and len(set(options)) == len(options)
    if not is_list or any(len(each) > _MAX_OPTION or each.isdecimal() for each in options):
        return ()
    if any(len(_HAN.findall(each)) > 8 for each in options):  # noqa: PLR2004
        return ()
    return tuple(options)


def _are_feelings(words: str, options: list[str]) -> bool:
    """Whether the words behind "sentiment:" are choices, and not the text that is judged."""
    most = _MAX_OPTION
    if re.search(r"[，,;；]", words):
        most = 2
    signs = {_sign_of(each) for each in options}
    return {1, -1} <= signs and all(len(each) <= most for each in options)


def _trim_option(words: str) -> str:
    words = words.strip("\"'“”‘’ .。")
    if len(words) < 3:  # noqa: PLR2004  (是, 中: such a word is an option itself)
        return words
    return re.sub(r"^(?:[是为]|(?:an?|the|is|as) )|(?:之一|中|里)$", "", words)


def find_scale(prompt: str, name: str = "") -> tuple[float, float] | None:
    """The least and the most of the scale a prompt asks a number of, for a field of that name."""
    task = _find_task(prompt)
    is_probability = bool(_PROBABILITY.search(task) or _PROBABILITY_NAME.search(name))
    is_rated = is_probability or scales.is_scale_only(task)
    limits = scales.find_limits(_within_reach(prompt), name, is_rated=is_rated)
    if limits is not None:
        return limits
    if not is_probability:
        return None
    if _PERCENT.search(task) or _PERCENT.search(name):
        return 0, 100
    return 0, 1


def _find_task(prompt: str) -> str:
    """What a prompt says besides the text that it asks about."""
    subject = _find_text(prompt)
    return prompt.replace(subject, "", 1) if subject else prompt


def choose_for(name: str, prompt: str, seed: int, other_names: Collection[str] = ()) -> str | None:
    """The word that a prompt offers for the field of this name, or a feeling; None if it offers
    none.

    Parameters
    ----------
    other_names
        Other fields: what is offered for one of these is not for this one.
    """
    groups = find_choices(prompt)
    if not groups and _FEELING_NAME.search(name):
        if _HAN.search(name):
            return choose(_FEELINGS_ZH, prompt, seed)
        return choose(_FEELINGS_EN, prompt, seed)
    named = [each for each in groups if _is_offered_for(name, each)]
    if not named and not _FREE_NAME.search(name):
        named = [
            each
            for each in groups
            if not any(_is_offered_for(other, each) for other in other_names)
        ]
    if not named:
        return None
    return choose(named[0].options, prompt, seed)


def _is_offered_for(name: str, choices: Choices) -> bool:
    return bool(name) and name.lower() in choices.label.lower()


def is_decided(options: tuple[str, ...], prompt: str, name: str) -> bool:
    """Whether a prompt says enough to choose among words that a schema offers."""
    subject = find_subject(prompt)
    judges = (_choose_sentiment, _choose_topic, _choose_urgency)
    if any(judge(options, subject, prompt) is not None for judge in judges):
        return True
    return any(set(each.options) == set(options) for each in find_choices(prompt)) and bool(name)


def choose(options: tuple[str, ...], prompt: str, seed: int) -> str:
    """One of some words, by what the prompt's text says; by chance if it says nothing."""
    subject = find_subject(prompt)
    for judge in (_choose_sentiment, _choose_answer, _choose_named, _choose_topic, _choose_urgency):
        if (chosen := judge(options, subject, prompt)) is not None:
            return chosen
    return options[_spread(f"{seed}{subject}{options}", len(options))]


def _choose_sentiment(options: tuple[str, ...], subject: str, _prompt: str) -> str | None:
    signs = [_sign_of(option) for option in options]
    if 1 not in signs or -1 not in signs:
        return None
    feeling = lexicon.judge_sentiment(subject)
    sign = (feeling.level > 0) - (feeling.level < 0)
    if sign == 0 and 0 not in signs:
        if feeling.is_silent:
            return None
        sign = feeling.leaning
    fitting = [each for each, its_sign in zip(options, signs, strict=True) if its_sign == sign]
    if len(fitting) > 1:
        if nearest := _choose_topic(tuple(fitting), subject, _prompt):
            return nearest
        is_strong = abs(feeling.level) > 1
        fitting = [each for each in fitting if bool(_STRONG.search(each)) == is_strong] or fitting
    return fitting[0]


def _sign_of(option: str) -> int | None:
    """1 for a word of praise, -1 for a complaint, 0 for neither of both; None for other words."""
    if _NEUTRAL_NAME.search(option):
        return 0
    if _NEGATIVE_NAME.search(option):
        return -1
    if _POSITIVE_NAME.search(option):
        return 1
    feeling = lexicon.judge_sentiment(option)
    if feeling.is_silent:
        return None
    return (feeling.level > 0) - (feeling.level < 0)


def _choose_answer(options: tuple[str, ...], subject: str, prompt: str) -> str | None:
    yes = next((each for each in options if each.lower() in _YES), None)
    no = next((each for each in options if each.lower() in _NO), None)
    if yes is None or no is None:
        return None
    if is_true("", prompt, subject):
        return yes
    return no


def _choose_named(options: tuple[str, ...], subject: str, _prompt: str) -> str | None:
    lower = subject.lower()
    return next((each for each in options if each.lower() in lower), None)


def _choose_topic(options: tuple[str, ...], subject: str, _prompt: str) -> str | None:
    said = lexicon.find_meanings(subject)
    best = 0
    chosen = None
    for option in options:
        asked = lexicon.find_meanings(option)
        topics = {topic for _, topic in asked if topic}
        score = sum(meaning in {one for one, _ in asked} for meaning, _ in said)
        score = 2 * score + sum(topic in topics for _, topic in said)
        if score > best:
            best = score
            chosen = option
    return chosen


def _choose_urgency(options: tuple[str, ...], subject: str, _prompt: str) -> str | None:
    high = next((each for each in options if _HIGH.search(each) and not _LOW.search(each)), None)
    low = next((each for each in options if _LOW.search(each)), None)
    if high is None or low is None:
        return None
    if _URGENT.search(subject):
        return high
    rest = [each for each in options if each not in (high, low)]
    if rest and lexicon.judge_sentiment(subject).complaints:
        return rest[0]
    return low


def rate(name: str, prompt: str, scale: tuple[float, float], seed: int) -> float:
    """A number of a scale, by the judgement that chooses words too: its upper part for praise, its
    lower for complaints, its middle for neither; anything where nothing is judged.
    """
    subject = find_subject(prompt)
    low, high = scale
    chance = _spread(f"{seed}{subject}{name}", 1000) / 1000
    feeling = lexicon.judge_sentiment(subject)
    if feeling.is_silent and not _asks_for_sentiment(prompt):
        return low + (high - low) * chance
    position, reach = _POSITIONS[abs(feeling.level)]
    position += reach * (2 * chance - 1)
    if feeling.level < 0 and not _CONFIDENCE.search(name):
        position = 1 - position
    if _is_about_complaints(name, _find_task(prompt)):
        position = 1 - position
    return low + (high - low) * position


def _is_about_complaints(name: str, task: str) -> bool:
    """Whether a field's number is high for a complaint: the probability that a text is negative."""
    asked = [name]
    if _PROBABILITY.search(task):
        asked.append(task)
    for each in asked:
        words = _PROBABILITY_NAME.sub("", _PROBABILITY.sub("", each))  # "likely" is no "like"
        is_positive, is_negative = _POSITIVE_NAME.search(words), _NEGATIVE_NAME.search(words)
        if is_positive or is_negative:
            return not is_positive
    return False


def _asks_for_sentiment(prompt: str) -> bool:
    if _SENTIMENT.search(prompt):
        return True
    signs = [{_sign_of(each) for each in group.options} for group in find_choices(prompt)]
    return any({1, -1} <= each for each in signs)


def is_score(name: str, prompt: str) -> bool:
    """Whether the field of this name holds a number that tells how good something is."""
    scale = find_scale(prompt, name)
    if scale is None:
        text = _find_text(prompt)
        is_felt = _asks_for_sentiment(prompt) or not lexicon.judge_sentiment(text).is_silent
        is_judged = bool(text) and is_felt
        return is_judged and bool(_SCORE_NAME.search(name))
    if not name or _SCORE_NAME.search(name) or _PROBABILITY_NAME.search(name):
        return True
    if scale[1] <= 1:  # nothing else is a number of such a scale, whatever it is called
        return True
    if scales.is_named_scale(prompt, name):
        return not find_facts(name, prompt)
    text = scales.without_scales(_find_text(prompt))
    return bool(text) and not re.search(r"\d", text)  # it holds no other number


def find_facts(name: str, prompt: str) -> list[float]:
    """The numbers that the prompt's text has for a field whose range stands beside its name: the
    age of a person is no judgement.
    """
    scale = find_scale(prompt, name)
    if scale is None or not scales.is_named_scale(prompt, name):
        return []
    text = scales.without_scales(_find_text(prompt))
    numbers = [float(number) for number in re.findall(r"-?\d{1,9}(?:\.\d+)?", text)]
    return [number for number in numbers if scale[0] <= number <= scale[1]]


def is_true(name: str, prompt: str, subject: str | None = None) -> bool:
    """Whether a text has what a field is named for, or what the prompt asks "whether" of."""
    if subject is None:
        subject = find_subject(prompt)
    asked = _ABOUT.sub("", name).strip("_ ")
    if not _HAN.search(asked) and not lexicon.find_meanings(asked.replace("_", " ")):
        found = _WHETHER.search(prompt)
        if found and not _POSITIVE_NAME.search(name) and not _NEGATIVE_NAME.search(name):
            asked = _ABOUT.sub("", found[1] or found[2]).strip()
    level = lexicon.judge_sentiment(subject).level
    if _NEGATIVE_NAME.search(asked):
        return level < 0
    if _POSITIVE_NAME.search(asked):
        return level > 0
    if _URGENT_NAME.search(asked):
        return level < -1 or bool(_URGENT.search(subject))
    if re.search(r"问题|疑问|提问|question", asked, re.IGNORECASE):
        return bool(re.search(r"[？?]|吗|怎么|为什么", subject))
    return _is_mentioned(asked, subject)


def _is_mentioned(asked: str, subject: str) -> bool:
    meanings = lexicon.find_meanings(asked.replace("_", " "))
    if not asked or asked.lower() in subject.lower():
        return True
    if not meanings:
        # Nothing is known of these words: a part of them will do, or chance decides.
        pairs = [asked[i : i + 2] for i in range(len(asked) - 1) if _HAN.search(asked)]
        if not pairs:
            return bool(_spread(f"{asked}{subject}", 2))
        return any(pair in subject for pair in pairs)
    said = lexicon.find_meanings(subject)
    heads = {lexicon.head_topic(meaning) for meaning, _ in meanings} - {""}
    wanted = {meaning for meaning, topic in meanings if topic}
    return any(meaning in wanted or topic in heads for meaning, topic in said)


def _spread(words: str, count: int) -> int:
    # crc32, not hash(): hash() differs between processes.
    return zlib.crc32(words.encode()) % count
