"""What the emulator says to a question it has no answer to: so, and nothing that looks like one.

Who asks for a form alone ("a table, please") sees one. No sentence comes twice in one answer,
however long it is to be.
"""

from __future__ import annotations

import re
from itertools import chain, count, islice, zip_longest
from typing import TYPE_CHECKING

from ernie_magic.emulator.cities import CITIES
from ernie_magic.emulator.lengths import LONG, find_length

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

_HAN = re.compile(r"[\u4e00-\u9fff]")
_CLAUSE = re.compile(r"[。！？!?\n：:;；，,]")
_MAX_TOPIC = 40
# Forms that a question may ask for, and the words around them that name no subject.
_FORM_WORDS = re.compile(
    r"列表|清单|要点|小标题|表格?|代码|函数|公式|数学|演示|示例|例子"
    r"|\b(?:lists?|(?:bullet )?points?|tables?|python|code|functions?|programs?|formulas?"
    r"|math|equations?|examples?)\b"
)
_PLAIN_WORDS = re.compile(
    r"请|给我|帮我|我想|想要|用|写|来|看|要|显示|解释|一|几|两|些|个|张|段|条|份|下|和|与|及|再|的|吧|\d"
    r"|\b(?:please|give|show|write|explain|make|me|i|want|a|an|the|some|any|of|in|with|and|or"
    r"|to|see)\b"
)
# Not the question's words: below the prompt they would be read as the answer's title.
_HEADING_ZH = "### 模拟的回答"
_HEADING_EN = "### A simulated reply"
_OPENINGS_ZH = (
    "这个问题不在内置模拟器背过的答案里，所以这里没有内容可答，只有格式可看。",
    "内置模拟器只背了一些常见问题的答案，这一个还没有；它没有接入真实模型，也不会编。",
    "模拟器收到了这个提示词，但不懂它的意思：它不是模型，只会回答背过的问题。",
    "这里应答的是模拟器，不是文心；这个问题要等接上真实的模型才有答案。",
    "老实说，模拟器不知道。它能让你试遍流式输出、停止、历史和参数，却不会思考。",
)
_CLOSINGS_ZH = (
    "`%ernie doctor` 告诉你怎样设置密钥，之后同一个单元格就由文心回答。",
    "在 `.env` 里写上 `AI_STUDIO_API_KEY`，再运行一次这个单元格即可。",
    "想看看它会什么：试试“介绍一下北京”或“为什么天空是蓝色的？”。",
    "背过的问题例如“什么是递归”“讲个故事”“太阳系有哪些行星”。",
)
_OPENINGS_EN = (
    "This is a simulated reply: no answer to that is written down here, and none is invented.",
    "The answer here is simulated: this question is not among those that the emulator knows.",
    "Only a simulated reply: the emulator is not a model, and does not understand the prompt.",
    "A simulated service cannot tell: it lets you try everything here, but it does not think.",
    "To be honest, a simulated reply is all there is: this question needs a real model.",
)
_CLOSINGS_EN = (
    "`%ernie doctor` shows how to set a key; then the same cell is answered by ERNIE.",
    "Put `AI_STUDIO_API_KEY` into a `.env` file and run the cell again.",
    'To see what it knows, try "Tell me about Beijing" or "Why is the sky blue?".',
    'It does know, for example, "What is recursion?", "Tell me a joke" and "List the planets".',
)
_FILLING_ZH = (
    "模拟器背的到此为止。为了让回答和要的一样长（可以试试停止按钮），下面是与问题无关的常识："
)
_FILLING_EN = (
    "This is all that the emulator knows of it. To be as long as asked for (try the stop button), "
    "the simulated reply goes on with facts about other things:"
)
_LISTS_ZH: tuple[tuple[str, ...], ...] = (
    ("**春**：立春到立夏", "**夏**：立夏到立秋", "**秋**：立秋到立冬", "**冬**：立冬到立春"),
    (
        "**纸**：东汉蔡伦改进",
        "**印刷**：北宋毕昇用活字",
        "**指南针**：宋代用于航海",
        "**火药**：唐代已有配方",
    ),
    ("**长江**：约 6,300 公里", "**黄河**：约 5,464 公里", "**珠江**：约 2,320 公里"),
)
_LISTS_EN: tuple[tuple[str, ...], ...] = (
    ("**Spring**: March to May", "**Summer**: June to August", "**Autumn**: September to November"),
    ("**Nile**: about 6,650 km", "**Amazon**: about 6,400 km", "**Yangtze**: about 6,300 km"),
    ("**Solid**: keeps its shape", "**Liquid**: keeps its volume", "**Gas**: keeps neither"),
)
_CODES = (
    "def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n\n\nprint(gcd(48, 36))",
    "words = 'to be or not to be'.split()\nprint({word: words.count(word) for word in words})",
    "def is_palindrome(text):\n    return text == text[::-1]\n\n\nprint(is_palindrome('level'))",
    "squares = [n * n for n in range(1, 6)]\nprint(squares)  # [1, 4, 9, 16, 25]",
)
_FORMULAS = (
    r"$$e^{i\pi} + 1 = 0$$",
    r"$$\int_{-\infty}^{\infty} e^{-x^2}\,dx = \sqrt{\pi}$$",
    r"$$x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}$$",
    r"$$\sum_{k=1}^{n} k = \frac{n(n+1)}{2}$$",
)
_SENTENCES_ZH = """
    光从太阳到地球大约要走八分钟二十秒。
    水在标准大气压下的沸点是一百摄氏度。
    熊猫一天有十几个小时都在吃竹子。
    蜜蜂用跳舞告诉同伴花在哪里。
    《红楼梦》的前八十回出自曹雪芹之手。
    长江是亚洲最长的河流。
    围棋的棋盘有十九路，共三百六十一个交叉点。
    人的成年骨骼一般有二百零六块。
    钢琴有八十八个键，其中黑键三十六个。
    闰年有三百六十六天，通常四年一次。
    蜂鸟可以停在空中，也可以倒着飞。
    钻石和石墨都由碳组成，只是原子的排列不同。
    声音在空气里一秒钟大约走三百四十米。
    月球总是以同一面朝向地球。
    章鱼有三颗心脏，血是蓝色的。
    二十四节气从立春开始，到大寒结束。
"""
_SENTENCES_EN = """
    Light takes about eight minutes and twenty seconds from the Sun to the Earth.
    A giant panda spends more than ten hours a day eating bamboo.
    Bees dance to tell one another where the flowers are.
    A piano has 88 keys, of which 36 are black.
    Diamond and graphite are both carbon, with the atoms arranged differently.
    An octopus has three hearts, and its blood is blue.
    The Moon always shows the same face to the Earth.
    Sound travels about 340 metres in a second through air.
    A leap year has 366 days, and usually comes every four years.
    A hummingbird can hover, and even fly backwards.
    The adult human skeleton usually has 206 bones.
    A Go board has nineteen lines each way, which cross at 361 points.
"""
_CAPITALS_ZH = (
    "山西太原 辽宁沈阳 吉林长春 江苏南京 浙江杭州 安徽合肥 福建福州 江西南昌 山东济南 河南郑州 "
    "湖北武汉 湖南长沙 广东广州 海南海口 四川成都 贵州贵阳 云南昆明 陕西西安 甘肃兰州 青海西宁"
)
_CAPITALS_EN = (
    "China:Beijing France:Paris Japan:Tokyo Italy:Rome Spain:Madrid Egypt:Cairo Kenya:Nairobi "
    "Canada:Ottawa Peru:Lima Chile:Santiago Norway:Oslo Sweden:Stockholm Finland:Helsinki "
    "Poland:Warsaw Greece:Athens Portugal:Lisbon Austria:Vienna Thailand:Bangkok Vietnam:Hanoi"
)
_ELEMENTS = (
    "氢 hydrogen H,氦 helium He,锂 lithium Li,铍 beryllium Be,硼 boron B,碳 carbon C,氮 nitrogen N,"
    "氧 oxygen O,氟 fluorine F,氖 neon Ne,钠 sodium Na,镁 magnesium Mg,铝 aluminium Al,"
    "硅 silicon Si,磷 phosphorus P,硫 sulfur S,氯 chlorine Cl,氩 argon Ar,钾 potassium K,"
    "钙 calcium Ca"
)


def compose_fallback(question: str, rng: random.Random, *, chinese: bool) -> list[str]:
    """The paragraphs of an answer to a question that nobody wrote an answer to."""
    heading, openings, closings = _HEADING_EN, _OPENINGS_EN, _CLOSINGS_EN
    if chinese:
        heading, openings, closings = _HEADING_ZH, _OPENINGS_ZH, _CLOSINGS_ZH
    parts = [heading, rng.choice(openings)]
    lower = question.lower()
    sections = (
        (r"列表|清单|要点|小标题|list|points", _compose_list),
        (r"表格|表|table", _compose_table),
        (r"代码|函数|python|code|function|program", _compose_code),
        (r"公式|数学|证明|角|积分|\\pi|formula|math|equation|\$", _compose_formula),
    )
    # Code below "I do not know" would be taken for the code that was asked for.
    if _asks_for_forms_only(lower):
        parts += [
            compose(rng, chinese=chinese) for asked, compose in sections if re.search(asked, lower)
        ]
    if wanted := find_length(question, chinese=chinese):
        parts += _compose_text(wanted, rng, chinese=chinese)
    return [*parts, rng.choice(closings)]


def _asks_for_forms_only(question: str) -> bool:
    """Whether a question names a table, code or another form, and no subject."""
    others = _PLAIN_WORDS.sub(" ", _FORM_WORDS.sub(" ", question))
    return re.search(r"\w", others) is None


def compose_missing_forms(
    question: str,
    answer: str,
    rng: random.Random,
    *,
    chinese: bool,
) -> list[str]:
    """What a question asks to see and its answer does not have: a table, code, a formula."""
    forms = (
        (r"列表|\ba list\b", r"^(?:-|\d+\.) ", _compose_list),
        (r"表格|\ba table\b", r"^\|", _compose_table),
        (r"公式|\bformula\b", r"\$", _compose_formula),
        (r"代码|\bcode\b", "```", _compose_code),
    )
    return [
        compose(rng, chinese=chinese)
        for asked, seen, compose in forms
        if re.search(asked, question, re.IGNORECASE) and not re.search(seen, answer, re.MULTILINE)
    ]


def compose_missing_length(
    question: str, answer: str, rng: random.Random, *, chinese: bool
) -> list[str]:
    """What makes an answer that is written down as long as the question asks: facts, which say that
    they are not about it.
    """
    wanted = find_length(question, chinese=chinese)
    missing = wanted - len(answer if chinese else answer.split())
    if wanted < LONG or missing <= 0:
        return []
    note = _FILLING_EN
    if chinese:
        note = _FILLING_ZH
    return [note, *_compose_text(missing, rng, chinese=chinese)]


def extract_topic(question: str) -> str:
    """What a question is about: its beginning as it is written, never cut inside a word or a
    clause.
    """
    first = "".join(question.strip().splitlines()[:1])
    ends = [clause.start() for clause in _CLAUSE.finditer(first)]
    fitting = [end for end in (*ends, len(first)) if 0 < end <= _MAX_TOPIC]
    if fitting:
        return first[: fitting[-1]].strip().rstrip("。.，,：:；;")
    cut = question.strip()[:_MAX_TOPIC]
    if _HAN.search(cut):
        return f"{cut}…"
    return f"{cut.rsplit(' ', 1)[0]} …"


def _compose_list(rng: random.Random, *, chinese: bool) -> str:
    lists = _LISTS_EN
    if chinese:
        lists = _LISTS_ZH
    points = rng.choice(lists)
    return "\n".join(f"{i}. {point}" for i, point in enumerate(points, start=1))


def _compose_table(rng: random.Random, *, chinese: bool) -> str:
    head = "| City | Inhabitants | Country |"
    if chinese:
        head = "| 城市 | 人口 | 国家 |"
    rows = []
    for city in rng.sample(CITIES, 3):
        names = (city.en, city.country_en)
        if chinese:
            names = (city.zh, city.country_zh)
        rows.append(f"| {names[0]} | {city.population:,} | {names[1]} |")
    return "\n".join([head, "|---|---:|:---|", *rows])


def _compose_code(rng: random.Random, *, chinese: bool) -> str:  # noqa: ARG001  (code is code)
    return f"```python\n{rng.choice(_CODES)}\n```"


def _compose_formula(rng: random.Random, *, chinese: bool) -> str:
    sentence = "A formula (a price such as $5 stays text):"
    if chinese:
        sentence = "一个公式（$5 这样的价格仍是文字）："
    return f"{sentence}\n\n{rng.choice(_FORMULAS)}"


def _compose_text(length: int, rng: random.Random, *, chinese: bool) -> list[str]:
    """Paragraphs of about this many characters or words: facts, none of them twice."""
    sentences = list(islice(_facts(chinese=chinese), 40 + length // 4))
    start = rng.randrange(20)
    kept: list[str] = []
    size = 0
    for sentence in sentences[start:] + sentences[:start]:
        if size >= length:
            break
        kept.append(sentence)
        if chinese:
            size += len(sentence)
        else:
            size += len(sentence.split())
    join = " "
    if chinese:
        join = ""
    return [join.join(kept[i : i + 8]) for i in range(0, len(kept), 8)]


def _facts(*, chinese: bool) -> Iterator[str]:
    """True sentences without end, each once."""
    elements = [element.split() for element in _ELEMENTS.split(",")]
    if chinese:
        capitals = [f"{each[:-2]}的省会是{each[-2:]}。" for each in _CAPITALS_ZH.split()]
        named = [
            f"{zh}的元素符号是 {symbol}，原子序数是 {i}。"
            for i, (zh, _, symbol) in enumerate(elements, start=1)
        ]
        told = _SENTENCES_ZH.split()
        sums = (f"{n} 的平方是 {n * n}，立方是 {n**3}。" for n in count(2))
    else:
        pairs = (each.split(":") for each in _CAPITALS_EN.split())
        capitals = [f"The capital of {country} is {city}." for country, city in pairs]
        named = [
            f"The symbol of {en} is {symbol}, and its atomic number is {i}."
            for i, (_, en, symbol) in enumerate(elements, start=1)
        ]
        told = [sentence.strip() for sentence in _SENTENCES_EN.strip().splitlines()]
        sums = (f"The square of {n} is {n * n}, its cube {n**3}." for n in count(2))
    mixed = chain.from_iterable(zip_longest(told, capitals, named, fillvalue=""))
    return chain((sentence for sentence in mixed if sentence), sums)
