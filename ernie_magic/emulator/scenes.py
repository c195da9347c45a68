"""What a prompt asks to be drawn, read from its words: who, with what on, where, and when."""

from __future__ import annotations

import re
from dataclasses import dataclass

Colour = tuple[int, int, int]


def rgb(code: str) -> Colour:
    """A colour as pages write it: `#d63430`."""
    red, green, blue = bytes.fromhex(code.removeprefix("#"))
    return red, green, blue


_COLOURS: dict[str, Colour] = {
    "红|red|scarlet|crimson": rgb("#d63430"),
    "蓝|blue": rgb("#2e68c4"),
    "绿|green": rgb("#429654"),
    "黄|yellow": rgb("#f6cc48"),
    "白|white": rgb("#f6f4ee"),
    "黑|black": rgb("#2e2e36"),
    "橘|橙|orange|ginger": rgb("#ec9442"),
    "紫|purple|violet": rgb("#845cb2"),
    "粉|pink": rgb("#f0a4b2"),
    "灰|gr[ae]y": rgb("#94969c"),
    "棕|褐|咖啡色|brown": rgb("#92623e"),
    "金|gold(?:en)?": rgb("#deac3c"),
    "银|silver": rgb("#c0c6ce"),
    "青|cyan|teal|turquoise": rgb("#40a4a8"),
}
# Who may sit in the foreground, in the order of who is looked for first.
_ANIMALS = {
    "panda": "熊猫|panda",
    "cat": "猫(?!头鹰)|cats?|kittens?|kitty",
    "dog": "狗|犬|dogs?|pupp(?:y|ies)|corgi|husky|柯基|哈士奇",
    "rabbit": "兔|rabbits?|bunn(?:y|ies)|hares?",
    "fox": "狐狸|fox(?:es)?",
    "bear": "熊|bears?|teddy",
    "mouse": "老鼠|仓鼠|mouse|mice|hamsters?",
    "penguin": "企鹅|penguins?",
    "dragon": "(?<![恐尼])龙(?![虾井卷眼门])|dragons?",
    "tiger": "(?<!马)虎(?!牙)|tigers?",
    "lion": "狮|lions?",
    "elephant": "大象|小象|elephants?",
    "monkey": "猴|monkeys?",
    "horse": "(?<![河罗海])马(?![路克拉桶尔上来戏达卡虎赛])|horses?|pon(?:y|ies)",
    "cow": "(?<![蜗吹])牛(?![奶肉仔顿津])|cows?|bulls?",
    "sheep": "羊(?!毛|肉)|sheep|lambs?|goats?",
    "pig": "猪(?!肉)|pigs?|piglets?",
    "frog": "青蛙|frogs?",
    "turtle": "龟|turtles?|tortoises?",
    "snake": "蛇|snakes?",
    "butterfly": "蝴蝶(?!结)|butterfl(?:y|ies)",
    "fish": "鱼(?![竿香])|fish(?:es)?|goldfish",
    "bird": "鸟|鸡|鸭|猫头鹰|birds?|chick(?:en)?s?|ducks?|owls?|parrots?",
    "robot": "机器人|robots?|android",
    "person": (
        "女孩|男孩|孩子|人物|老人|女人|男人|老师|学生|宇航员|少女|少年|国王|女王|公主|king|queen"
        "|princess|prince|girls?|boys?|child|children|kids?|woman|man"
        "|person|people|teacher|student|astronaut"
    ),
}
_THINGS = {
    "house": "房|屋|木屋|村|house|cabin|cottage|hut|village|home",
    "pagoda": "塔(?!罗)|寺|庙|亭|宫|pagoda|temple|palace|pavilion",
    "lighthouse": "灯塔|lighthouse",
    "boat": "(?<!飞)船|帆|boat|ship|sail(?:ing|boat)?|yacht",
    "balloon": "气球|balloon",
    "car": "汽车|小车|轿车|跑车|cars?|taxi|bus",
    "castle": "城堡|castles?",
    "bridge": "桥|bridges?",
    "airplane": "飞机|(?:air)?planes?|aircraft",
    "rocket": "火箭|飞船|rockets?|spaceships?",
    "train": "火车|高铁|列车|trains?",
    "bicycle": "自行车|单车|bicycles?|bikes?",
    "rainbow": "彩虹|rainbows?",
    "umbrella": "伞|umbrellas?",
    "lantern": "灯笼|lanterns?",
    "cake": "蛋糕|cakes?",
    "apple": "苹果|apples?",
    "mushroom": "蘑菇|mushrooms?",
    "cup": "杯|咖啡(?!色|馆)|cups?|mugs?|coffee|tea",
    "heart": "爱心|心形|红心|hearts?",
    "tree": "树|森林|林|trees?|forest|woods?|竹|bamboo",
    "flowers": "花|flowers?|roses?|tulips?|blossoms?|garden|meadow|春|spring",
}
_WORN = {
    "hat": "帽|hats?|caps?|beanie",
    "scarf": "围巾|scar(?:f|ves)|领巾",
    "glasses": "眼镜|墨镜|glasses|sunglasses|goggles",
    "bow": "蝴蝶结|领结|bow ?tie|bow|ribbon",
    "crown": "王冠|皇冠|crown|king|queen|国王|女王|公主|princess",
}
_WORN_COLOURS: dict[str, Colour] = {
    "hat": rgb("#d63430"),
    "scarf": rgb("#ce4a3a"),
    "glasses": rgb("#2c2c34"),
    "bow": rgb("#d64a52"),
    "crown": rgb("#eaba3a"),
}
_TIMES = {
    "night": "夜|月亮|月光|星空|星星|晚上|night|moon|stars?|starry|midnight|neon",
    "sunset": "日落|夕阳|黄昏|晚霞|落日|日出|清晨|sunset|dusk|sunrise|dawn|golden hour",
}
_PLACES = {
    "sea": (
        "海|湖|沙滩|水面|(?<!飞)船|灯塔|港|岛|鱼(?![竿香])|sea|ocean|beach|lake|boat|ship|sail(?:ing|boat)?|lighthouse"
        "|island|harbou?r|fish(?:es)?|goldfish"
    ),
    "city": "城市|街|高楼|都市|摩天|city|street|skyline|downtown|skyscrapers?|cyberpunk",
    "mountains": "山|峰|mountains?|peaks?|alps|hik(?:e|ing)|cliffs?",
}
_WEATHER = {
    "snow": "雪|冬|圣诞|snow|winter|christmas|ice",
    "rain": "雨(?!伞)|rain|storm",
}
_COUNTS = {
    4: "四[只条个位]|4 ?[只条个位]|four|4",
    3: "三[只条个位]|3 ?[只条个位]|three|3|几[只条个位]|一群|some|several|many",
    2: "[两二双][只条个位]|2 ?[只条个位]|two|2|一对|a pair of|both",
}


@dataclass(frozen=True)
class Scene:
    """A picture's parts.

    Attributes
    ----------
    animal : str
        Who sits in the foreground; "" for nobody.
    animal_colour : tuple of int or None
        None for the usual one.
    count : int
    worn : dict
        What they wear -> its colour.
    things : dict
        What stands around -> its colour, None for the usual one.
    time : str
        "day", "sunset" or "night".
    place : str
        "hills", "mountains", "sea" or "city".
    weather : str
        "snow", "rain" or "".
    shows_sun : bool
        Whether the prompt asks for it.
    """

    animal: str
    animal_colour: Colour | None
    count: int
    worn: dict[str, Colour]
    things: dict[str, Colour | None]
    time: str
    place: str
    weather: str
    shows_sun: bool


def read_scene(prompt: str) -> Scene:
    """The parts of a picture that a prompt names, in Chinese or English."""
    words = prompt.lower()
    animal = _first_named(_ANIMALS, words)
    colour = None
    count = 1
    if animal:
        colour = _colour_of(_ANIMALS[animal], words)
        count = next((n for n, said in _COUNTS.items() if _is_named(said, words)), 1)
    return Scene(
        animal,
        colour,
        count,
        {
            worn: _colour_of(named, words) or _WORN_COLOURS[worn]
            for worn, named in _WORN.items()
            if _is_named(named, words)
        },
        {
            thing: _colour_of(named, words)
            for thing, named in _THINGS.items()
            if _is_named(named, words)
        },
        _first_named(_TIMES, words) or "day",
        _first_named(_PLACES, words) or "hills",
        _first_named(_WEATHER, words),
        _is_named("太阳|阳光|日出|日落|sun|sunset|sunrise|sunny", words),
    )


def _first_named(table: dict[str, str], words: str) -> str:
    return next((name for name, named in table.items() if _is_named(named, words)), "")


def _is_named(named: str, words: str) -> bool:
    return _pattern(named).search(words) is not None


def _pattern(named: str) -> re.Pattern[str]:
    # An English word stands alone: no cat in "education".
    return re.compile(rf"(?<![a-z])(?:{named})(?![a-z])")


def _colour_of(named: str, words: str) -> Colour | None:
    """The colour that is said right before a thing, or after it: "a hat in red"."""
    best: tuple[int, Colour] | None = None
    for said, colour in _COLOURS.items():
        before = re.search(
            rf"(?<![a-z])(?:{said})色?的? ?(?:[a-z]+ |[\u4e00-\u9fff]{{0,2}})(?:{named})(?![a-z])",
            words,
        )
        after = re.search(rf"(?:{named})(?: in | is |是|为)(?:{said})", words)
        if found := before or after:
            distance = found.end() - found.start()
            if best is None or distance < best[0]:
                best = (distance, colour)
    if best is None:
        return None
    return best[1]
