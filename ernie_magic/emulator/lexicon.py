"""Words of both languages by what they mean: a topic's words are close to one another, and a
judgement's words have a sign.

Each line of a table is a meaning: its name, then its words in Chinese and in English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# Topic -> its meanings. A meaning shares its topic with the others below the same heading.
_TOPICS = {
    "weather": """
        weather 天气 气候 气象 weather climate forecast
        sun 晴 晴天 晴朗 阳光 太阳 sunny sun sunshine
        rain 雨 下雨 大雨 小雨 暴雨 雨天 雷雨 rain rainy raining shower storm umbrella 雨伞
        snow 雪 下雪 大雪 snow snowy
        cloud 云 多云 阴天 阴 cloud cloudy overcast
        wind 风 大风 刮风 台风 wind windy typhoon
        heat 炎热 酷热 高温 气温 温度 hot heat temperature degree
        cold 寒冷 冷 降温 cold freezing chilly
    """,
    "food": """
        food 美食 食物 食品 小吃 特产 吃 吃的 好吃的 菜 菜品 food eat eating dish snack cuisine
        meal 早餐 午餐 晚餐 早饭 午饭 晚饭 饭 餐 breakfast lunch dinner meal supper
        restaurant 餐厅 餐馆 饭店 饭馆 馆子 食堂 小馆 restaurant diner cafeteria
        tasty 好吃 很好吃 真好吃 太好吃 美味 可口 香 鲜美 新鲜 delicious tasty yummy fresh
        taste 味道 口味 taste flavour flavor
        seafood 海鲜 鱼 虾 蟹 螃蟹 seafood fish shrimp crab
        noodle 面 面条 面馆 拉面 米饭 米 饺子 包子 noodle noodles rice dumpling pasta bread 面包
        meat 肉 红烧肉 牛肉 羊肉 猪肉 鸡肉 烤鸭 毛肚 meat beef pork chicken duck
        spicy 辣 麻辣 太辣 火锅 锅底 spicy hotpot chili
        drink 茶 咖啡 牛奶 酒 饮料 喝 tea coffee milk wine drink beer juice
        fruit 水果 苹果 香蕉 橙子 葡萄 西瓜 fruit apple banana orange grape watermelon
        vegetable 蔬菜 青菜 香菜 豆腐 番茄 vegetable tofu tomato
        cook 做饭 烹饪 菜谱 食谱 厨师 炒 cook cooking recipe chef
    """,
    "service": """
        staff 服务 服务员 店员 老板 客服 态度 招待 service waiter waitress staff clerk
        wait 等 等了 久等 很久 排队 上菜 慢 太慢 wait waited waiting queue slow
        delivery 快递 物流 发货 送货 外卖 配送 包装 delivery shipping package courier
        refund 退款 退货 换货 售后 投诉 refund return complaint
    """,
    "finance": """
        stock 股票 股市 股价 大盘 stock stocks share shares market markets 市场
        fall 下跌 大跌 暴跌 跌 下降 fell fall falling drop dropped decline
        rise 上涨 大涨 涨 上升 rose rise rising surge gain
        money 钱 资金 现金 存款 工资 收入 money cash salary income
        bank 银行 贷款 利率 利息 bank loan interest rate
        invest 投资 基金 理财 债券 invest investment fund bond
        economy 经济 金融 财经 通胀 economy economic finance financial inflation
        price 价格 价钱 便宜 贵 price cheap expensive cost
    """,
    "travel": """
        travel 旅游 旅行 出游 自驾 自驾游 度假 travel trip tour journey vacation holiday
        sight 景点 景区 名胜 西湖 故宫 长城 sight sights attraction landmark
        hotel 酒店 宾馆 民宿 hotel hostel inn
        flight 飞机 航班 机场 机票 flight plane airport ticket
        train 火车 高铁 动车 车站 地铁 train railway station subway metro
        route 路线 线路 地图 导航 route road map
        mountain 山 爬山 登山 高山 mountain hill hiking
        sea 海 海边 大海 海滩 沙滩 sea beach ocean coast
    """,
    "place": """
        beijing 北京 beijing
        shanghai 上海 shanghai
        hangzhou 杭州 hangzhou
        city 城市 city town 城镇 首都 capital
        country 国家 中国 country china nation
    """,
    "animal": """
        cat 猫 小猫 猫咪 cat kitten
        dog 狗 小狗 犬 dog puppy
        bird 鸟 小鸟 bird
        pet 宠物 pet pets
        panda 熊猫 大熊猫 panda
        rabbit 兔 兔子 rabbit bunny
        horse 马 horse
        animal 动物 animal animals wildlife
    """,
    "technology": """
        computer 电脑 计算机 笔记本 computer laptop pc
        phone 手机 电话 phone smartphone mobile
        program 编程 程序 代码 软件 python program programming code software function 函数
        ai 人工智能 大模型 模型 机器学习 深度学习 神经网络 ai model learning neural
        network 网络 互联网 网站 network internet website web
        data 数据 数据库 表格 data database table
        technology 科技 技术 芯片 technology tech chip
        robot 机器人 robot
    """,
    "sport": """
        football 足球 football soccer
        basketball 篮球 basketball nba
        run 跑步 马拉松 跑 run running marathon
        swim 游泳 swim swimming
        match 比赛 球赛 冠军 球队 决赛 match game champion team championship final
        sport 运动 体育 健身 锻炼 sport sports exercise fitness gym
    """,
    "health": """
        doctor 医生 医院 看病 护士 doctor hospital nurse clinic
        illness 病 疾病 感冒 发烧 头疼 肚子疼 疼 sick illness disease flu fever headache pain
        medicine 药 药品 疫苗 medicine drug vaccine
        health 健康 养生 睡眠 health healthy sleep
    """,
    "learning": """
        school 学校 大学 小学 中学 school university college
        student 学生 同学 student pupil
        teacher 老师 教师 teacher professor
        study 学习 上课 课程 考试 作业 复习 study learn class course exam homework
        maths 数学 几何 三角形 方程 公式 maths math geometry triangle equation formula
        book 书 读书 图书 阅读 小说 book books read reading novel library
    """,
    "art": """
        art 娱乐 艺术 文化 综艺 art entertainment culture
        story 故事 童话 讲故事 story tale fairy
        music 音乐 歌 歌曲 唱歌 钢琴 music song sing piano
        film 电影 影片 电视剧 演员 film movie cinema actor
        picture 画 图片 照片 绘画 摄影 picture painting photo drawing
        poem 诗 诗歌 古诗 poem poetry
        game 游戏 game games
    """,
    "feeling": """
        happy 高兴 开心 快乐 愉快 幸福 happy glad joy joyful
        sad 难过 伤心 悲伤 sad unhappy sorrow
        angry 生气 愤怒 气愤 angry furious
        afraid 害怕 恐惧 担心 afraid scared worried
        love 爱 喜欢 love like
    """,
    "family": """
        child 孩子 小孩 儿童 宝宝 child children kid kids baby
        parent 父母 妈妈 爸爸 母亲 父亲 mother father parent mom dad
        home 家 房子 家庭 home house family
        friend 朋友 friend friends
        date 约会 婚礼 wedding
    """,
    "nature": """
        flower 花 花朵 玫瑰 樱花 flower rose blossom
        tree 树 树木 森林 tree forest woods
        river 河 江 湖 river lake
        spring 春天 春 spring
        summer 夏天 summer
        autumn 秋天 秋 autumn
        winter 冬天 冬 winter
        moon 月亮 月 星星 moon star stars
    """,
}
# The meaning that names a topic, where it is not called as the topic is.
_HEADS = {"service": "staff"}
# Meanings of no topic: they make a sentence's colour, not its subject.
_PLAIN = """
    good 好 真好 很好 不错 棒 优秀 出色 nice good great fine excellent wonderful lovely
    bad 坏 差 糟糕 不好 很差 bad terrible awful poor
    recommend 推荐 建议 recommend suggest
    greeting 你好 您好 hello hi greetings
    thanks 谢谢 感谢 thanks thank
    morning 早上 早晨 morning
    night 晚上 夜里 睡前 night bedtime
    today 今天 今日 today
    tomorrow 明天 tomorrow
"""
# What a tool does, in both languages; these say nothing of a sentence's subject.
_ACTIONS = """
    add 加 加上 相加 求和 总和 之和 add addition sum plus total
    subtract 减 减去 相减 之差 subtract subtraction minus difference
    multiply 乘 乘以 相乘 之积 multiply multiplication times product
    divide 除 除以 相除 divide division divided quotient
    calculate 计算 算一算 算一下 等于几 等于多少 计算器 calculate calculator calculation compute
    translate 翻译 译成 译为 translate translation translator
    search 搜索 搜一下 查找 检索 search lookup
    time 时间 几点 时刻 time clock
    day 日期 几号 星期几 周几 date weekday
    meeting 日程 会议 开会 日历 meeting calendar schedule event appointment
    exchange 汇率 换算 兑换 外汇 换成 exchange currency convert conversion converter
    email 邮件 邮箱 email mail
    message 短信 消息 message sms
    order 订单 下单 order
    reserve 预订 预定 订一张 订一间 reserve reservation booking
    remind 提醒 闹钟 remind reminder alarm
    light 灯 开灯 关灯 light lamp
    distance 距离 多远 多少公里 distance far
    news 新闻 头条 news headline
    prime 素数 质数 prime
    random 随机 骰子 random dice
    password 密码 password
    population 人口 population inhabitant
    summarize 总结 摘要 概括 summarize summary
    weight 体重 重量 公斤 weight
"""
# Words that hold a word with a meaning without having it.
_MEANINGLESS = (
    "这家 那家 一家 哪家 大家 家电 面对 面前 方面 里面 上面 下面 画面 花钱 马上 等等 爱好"
)
_POSITIVE = """
    好 真好 很好 好吃 好喝 好用 好看 好听 好评 喜欢 喜爱 爱 满意 棒 赞 不错 优秀 出色 完美 精彩
    美味 可口 香 鲜美 新鲜 过瘾 劲道 浓郁 热情 周到 贴心 暖心 耐心 友好 安静 干净 整洁 卫生好 舒服
    舒适 舒心 方便 快捷 很快 便宜 实惠 划算 值得 值 免费 推荐 惊喜 开心 高兴 快乐 愉快 幸福 感动
    感谢 谢谢 漂亮 美丽 很美 真美 优美 精致 清晰 流畅 稳定 耐用 适合 主动 一流 顶级 必去 必吃
    回购 还会再来 挺快 真快 好快 发货快 上菜快 可圈可点
    肥而不腻 物美价廉 无可挑剔 物超所值 名不虚传 good great nice excellent amazing awesome
    wonderful fantastic perfect lovely love loved loves like liked enjoy enjoyed delicious tasty
    fresh friendly kind helpful attentive warm clean comfortable cozy quiet fast quick cheap
    affordable worth recommend recommended happy glad pleased satisfied best beautiful impressive
    brilliant superb reliable smooth fun thanks outstanding easy free favorite favourite positive
    pleasant charming sturdy crisp
"""
_NEGATIVE = """
    差 太差 很差 坏 坏了 糟 糟糕 差评 讨厌 失望 难吃 难喝 难看 难闻 难用 难受 慢 太慢 很慢 等了
    排队 久等 贵 太贵 偏贵 脏 油腻 怪味 异味 腥 臭 太辣 太咸 太油 太甜 太淡 吵 太吵 吵闹 嘈杂 拥挤
    冷淡 冷漠 敷衍 恶劣 粗鲁 疼 肚子疼 拉肚子 生气 愤怒 伤心 难过 垃圾 骗 骗人 上当 后悔 破 破损
    破旧 卡顿 死机 故障 退款 退货 投诉 不值 不值得 不行 一无是处 名不副实 不敢恭维 不怎么样 不咋样
    没用 不推荐 不满 不好 再也不 不会再来 踩雷 避雷 坑 问题 错误 失败 漏水 发霉 过期 无聊
    bad terrible awful horrible poor worst worse hate hated dislike disappointed disappointing
    slow dirty rude cold stale bland greasy noisy crowded expensive overpriced broken broke late
    wait waited waiting boring refund annoying angry sad useless fail failed failure waste never
    problem problems complain complaint disgusting unhappy unfriendly uncomfortable ugly wrong
    negative crash crashed crashes lag faulty defective scam smelly tasteless soggy
"""
# Neither praise nor complaint: rather content, and rather not.
_PASSABLE = """
    还行 还可以 还好 尚可 凑合 将就 过得去 马马虎虎 中规中矩 无功无过 差强人意
    okay ok passable acceptable alright tolerable
"""
_PLAIN_QUALITY = """
    一般 一般般 普通 普普通通 平平 平平无奇 平淡 中等 毫无亮点 没有亮点
    average mediocre meh unremarkable
"""
# Words so bad that to deny them is no praise: "not terrible".
_DREADFUL = """
    难吃 难喝 难看 难闻 难用 难受 糟 糟糕 不好 不行 terrible awful horrible worst disgusting
"""
_STRONG = re.compile(
    r"极了|五星|满分|力荐|强推|强烈推荐|非常|特别|超级|超赞|绝了|惊艳|完美|一流|无可挑剔|最(?!近|后|初|终)|太[^，。！]{1,4}了"
    r"|\b(?:very|extremely|absolutely|best|worst|amazing|excellent|perfect|fantastic|awesome"
    r"|superb|terrible|awful|horrible|disgusting)\b",
    re.IGNORECASE,
)
# Words that hold a word with a sign without having it.
_UNSIGNED = """
    香菜 香港 香蕉 不过 你好 您好 好像 好几 价值 爱好 慢慢 值班 正好 刚好 好在 一般来说 破案 快餐
    差不多 无差别 出差 邮差 时差 温差 好友 好奇 坑道 问题不大 没问题 破纪录 贵宾 贵州 贵阳 宝贵
    真值 数值 好莱坞 首先 普通话
"""
_NEGATIONS = re.compile(
    r"(?:不(?:是|太|够|怎么|那么|会|能|算|再|觉得)?|毫无|并非|别|未|不甚|[算谈说称]不上"
    r"|没(?:有)?(?:让(?:我|人|大家)?|觉得|感到|(?:想象|预期|以前|之前|传说)(?:中|的|得)*)?)"
    r"(?:很|太|多|那么|这么|什么|特别|非常)?(?:地|的)?$"
)
_ENGLISH_NEGATIONS = re.compile(
    r"\b(?:not(?! (?:only|just))|no|never|hardly|barely|without|neither|nor"
    r"|\w+n't|(?:is|was|do|did|does|would|wo|could|ca)nt)\b"
)
_BUT = re.compile(r"不过|但是|但|可是|然而|\b(?:but|however|though|yet)\b", re.IGNORECASE)
_PAUSE = re.compile(r"[,.;:!?]")
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_ENGLISH = re.compile(r"[a-z]+(?:'[a-z]+)?")
_DENIAL = 14  # characters before a word in which a denial of it begins
MAX_HAN = 4  # characters of the longest word that is looked up


def find_meanings(text: str) -> list[tuple[str, str]]:
    """The meanings of a text's words, in order: pairs of meaning and topic, "" for no topic."""
    table = _meanings()
    found = []
    for run in _HAN.findall(text):
        found += [table[word] for _, word in _longest_words(run, table) if table[word][0]]
    for word in _ENGLISH.findall(text.lower()):
        if known := next((form for form in word_forms(word) if form in table), None):
            found.append(table[known])
    return found


def find_actions(text: str) -> set[str]:
    """What a text asks to do, or a tool does: the names of the actions."""
    table = _actions()
    found = {table[word] for run in _HAN.findall(text) for _, word in _longest_words(run, table)}
    for word in _ENGLISH.findall(text.lower()):
        found |= {table[form] for form in word_forms(word) if form in table}
    return found


def head_topic(meaning: str) -> str:
    """The topic that a meaning stands for, if it names all of it; "" for all others.

    Who asks about service asks about all of it, who asks about the price about that only.
    """
    topic, _, name = meaning.partition(".")
    if name in (topic, _HEADS.get(topic)):
        return topic
    return ""


@dataclass(frozen=True)
class Sentiment:
    """What a text's words say of its writer's mind.

    Attributes
    ----------
    praise, complaints : int
        How many words of either.
    lukewarm : int
        How many words are neither, though they judge: "so-so".
    level : int
        1 for praise, 2 where several words praise, 3 where one is strong; negative for complaints;
        0 for neither, or as much of both.
    leaning : int
        1 or -1: to which side it falls where one has to be chosen.
    """

    praise: int
    complaints: int
    lukewarm: int
    level: int
    leaning: int

    @property
    def is_silent(self) -> bool:
        """Whether no word judges."""
        return not self.praise + self.complaints + self.lukewarm


def judge_sentiment(text: str) -> Sentiment:
    """Judge a text by its words; "not good" complains, "not terrible" is neither."""
    signs = list(
        chain.from_iterable(
            (*_han_signs(clause), *_english_signs(clause)) for clause in _BUT.split(text)
        )
    )
    praise, complaints = signs.count("good"), signs.count("bad")
    lukewarm = len(signs) - praise - complaints
    level = (praise > complaints) - (praise < complaints)
    is_one_sided = not lukewarm and not (praise and complaints)
    if is_one_sided and _STRONG.search(text) and not _is_denied(text):
        level *= 3
    elif is_one_sided and max(praise, complaints) > 1:
        level *= 2
    leaning = -1
    if level > 0 or (level == 0 and signs.count("passable") > signs.count("plain")):
        leaning = 1
    return Sentiment(praise, complaints, lukewarm, level, leaning)


def _is_denied(text: str) -> bool:
    """Whether a strong word stands behind a negation: "not very good"."""
    strong = _STRONG.search(text)
    before = text[: strong.start()].lower() if strong else ""
    words = _ENGLISH.findall(before)[-3:]
    return bool(_NEGATIONS.search(before) or _ENGLISH_NEGATIONS.search(" ".join(words)))


def _negate(word: str, sign: str) -> str:
    """The sign of a word that is denied."""
    if word in _DREADFUL.split():
        return "passable"
    return {"good": "bad", "passable": "bad", "": ""}.get(sign, "good")


def _han_signs(clause: str) -> list[str]:
    signs = _signs()
    found = []
    for run in _HAN.findall(clause):
        words = dict(_longest_words(run, signs))
        for start, word in words.items():
            sign = signs[word]
            if word == "好" and signs.get(words.get(start + 1, "")) == "bad":
                continue  # "好难吃": how bad it is
            if _NEGATIONS.search(run, max(0, start - _DENIAL), start):
                sign = _negate(word, sign)
            found.append(sign)
    return [sign for sign in found if sign]


def _english_signs(clause: str) -> list[str]:
    signs = _signs()
    found = []
    for part in _PAUSE.split(clause.lower()):
        words = _ENGLISH.findall(part)
        known = [next((form for form in word_forms(word) if form in signs), "") for word in words]
        for i, word in enumerate(known):
            sign = signs.get(word, "")
            # "not a very good place": a negation reaches three words.
            reached = " ".join(words[max(0, i - 3) : i + 1]).removesuffix(words[i])
            if _ENGLISH_NEGATIONS.search(reached):
                sign = _negate(word, sign)
            # "never disappointed" denies, "never again" complains.
            if word != "never" or not any(known[i + 1 : i + 4]):
                found.append(sign)
    return [sign for sign in found if sign]


def _longest_words(run: str, known: Mapping[str, Any]) -> list[tuple[int, str]]:
    """The known words of a run of characters, each as long as possible, with its position."""
    found = []
    start = 0
    while start < len(run):
        for length in range(min(MAX_HAN, len(run) - start), 0, -1):
            word = run[start : start + length]
            if word in known:
                found.append((start, word))
                start += length
                break
        else:
            start += 1
    return found


def word_forms(word: str) -> list[str]:
    """A word as it is, and without the endings of a plural and of a verb."""
    forms = [word]
    for ending in ("s", "es", "ed", "ing", "ly", "n't"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            forms += [word.removesuffix(ending), word.removesuffix(ending) + "e"]
    return forms


@lru_cache(maxsize=1)
def _meanings() -> dict[str, tuple[str, str]]:
    table = dict.fromkeys(_MEANINGLESS.split(), ("", ""))
    for topic, lines in (*_TOPICS.items(), ("", _PLAIN)):
        for line in lines.strip().splitlines():
            meaning, *words = line.split()
            for word in (meaning, *words):
                table.setdefault(word, (f"{topic}.{meaning}", topic))
    return table


@lru_cache(maxsize=1)
def _actions() -> dict[str, str]:
    table = dict[str, str]()
    for line in _ACTIONS.strip().splitlines():
        action, *words = line.split()
        table |= dict.fromkeys(words, action)
    return table


@lru_cache(maxsize=1)
def _signs() -> dict[str, str]:
    tables = {
        "good": _POSITIVE,
        "bad": _NEGATIVE,
        "passable": _PASSABLE,
        "plain": _PLAIN_QUALITY,
        "": _UNSIGNED,
    }
    return {word: sign for sign, words in tables.items() for word in words.split()}
