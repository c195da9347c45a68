"""Judgements of the emulator: choices, scales, and yes or no."""

import json
import time

import pytest

from ernie_magic.emulator import judgements, lexicon
from ernie_magic.emulator.replies import generate_reply
from ernie_magic.emulator.schemas import sample_value

TASK = "判断这条餐厅评论的情感（好评/差评/中评），打 1 到 5 分，并判断是否提到服务："
REVIEW = {
    "type": "object",
    "properties": {
        "情感": {"type": "string"},
        "分数": {"type": "integer"},
        "提到服务": {"type": "boolean"},
    },
}
# The reviews of notebooks/tables.ipynb.
REVIEWS = {
    "红烧肉肥而不腻，米饭可以免费加": ("好评", {4, 5}, False),
    "上菜太慢，等了四十分钟": ("差评", {1, 2}, True),
    "服务员很热情，主动给孩子拿了小碗": ("好评", {4, 5}, True),
    "毛肚新鲜，锅底很香，辣得过瘾": ("好评", {4, 5}, False),
    "太辣了，吃完肚子疼": ("差评", {1, 2}, False),
    "排队一个小时，不过味道值得": ("中评", {2, 3, 4}, True),
    "鱼很新鲜，清蒸就很好吃": ("好评", {4, 5}, False),
    "虾不新鲜，有股怪味": ("差评", {1, 2}, False),
    "能看到海，环境安静，适合约会": ("好评", {4, 5}, False),
    "面条劲道，汤头浓郁": ("好评", {4, 5}, False),
    "桌子油腻，卫生一般": ("差评", {1, 2}, False),
    "老板记得我不吃香菜，暖心": ("好评", {4, 5}, True),
}


@pytest.mark.parametrize("review", REVIEWS)
def test_a_review_is_judged_by_its_words(review):
    feeling, scores, has_service = REVIEWS[review]
    found = sample_value(REVIEW, TASK + review, "", 0)
    assert (found["情感"], found["提到服务"]) == (feeling, has_service)
    assert found["分数"] in scores


# One judgement chooses the word and the number: none of these once agreed.
FEELINGS = {
    "中评": (
        *("还行吧", "一般", "不难吃", "凑合", "味道一般，服务也一般", "不难看", "普通", "中规中矩"),
        *("so-so, okay", "the food was not terrible", "average", "周三去的"),
    ),
    "好评": (
        *("不贵，味道也不错", "没让我失望", "不后悔", "服务热情，味道一般", "非常好吃", "not bad"),
        *("快递挺快的", "没什么不好，挺好的", "not only tasty but also cheap", "I can't complain"),
        *("一点也不吵", "never disappointed, great soup", "不差"),
    ),
    "差评": (
        *(
            "不好吃",
            "没有想象中好吃",
            "算不上好吃",
            "不怎么样",
            "太难吃了",
            "不推荐",
            "并不难吃但很贵",
        ),
        *("好难吃", "一无是处", "I wouldn't recommend it", "neither clean nor quiet"),
        *("not very good", "I don't like it", "服务敷衍"),
    ),
}
SCALES = {
    "1 到 5": {"好评": {4, 5}, "中评": {3}, "差评": {1, 2}},
    "1 到 10": {"好评": {8, 9, 10}, "中评": {5, 6}, "差评": {1, 2, 3}},
    "1 到 3": {"好评": {3}, "中评": {2}, "差评": {1}},
}


@pytest.mark.parametrize("scale", SCALES)
def test_a_sentiment_and_its_number_never_disagree(scale):
    for feeling, reviews in FEELINGS.items():
        for review in reviews:
            task = f"判断情感（好评/差评/中评），打 {scale} 分：{review}"
            found = sample_value(REVIEW, task, "", 0)
            assert found["情感"] == feeling, review
            assert found["分数"] in SCALES[scale][feeling], review


def test_a_number_that_no_scale_is_named_for_follows_the_sentiment_too():
    for feeling, reviews in FEELINGS.items():
        for review in reviews:
            prompt = f"判断情感：{review}"
            assert (
                sample_value({"type": "integer"}, prompt, "stars", 0) in SCALES["1 到 5"][feeling]
            )


@pytest.mark.parametrize(
    "about",
    [
        "2026-10-26",
        "2026-10-26 00:00:00",
        "26-10-2026",
        "2026/10/01-2026/10/07",
        "10:30-11:00",
        "10月1-7日",
        "2026年1-12月",
    ],
)
def test_the_numbers_of_a_date_or_a_time_are_no_scale(about):
    prompt = f"Judge this review of {about} (price 26): Lovely tea, slow service"
    assert judgements.find_scale(prompt, "stars") is None
    assert 1 <= sample_value({"type": "integer"}, prompt, "stars", 0) <= 5


def test_what_is_offered_for_one_field_is_not_the_value_of_another():
    schema = {"properties": {"sentiment": {"type": "string"}, "topics": {"type": "string"}}}
    prompt = "Judge sentiment (positive/negative), topics: The noodles were delicious"
    found = sample_value(schema, prompt, "", 0)
    assert found["sentiment"] == "positive"
    assert found["topics"] not in ("positive", "negative")


def test_what_is_urgent_is_a_strong_complaint_or_says_so():
    schema = {"type": "boolean"}
    for text, is_urgent in [("Fine tea", False), ("The site is down, call me asap", True)]:
        prompt = f"Judge the sentiment (positive/negative) of this review, urgent: {text}"
        assert sample_value(schema, prompt, "urgent", 0) is is_urgent


def test_yes_and_no_of_an_unknown_name_are_not_always_yes():
    asked = {sample_value({"type": "boolean"}, f"Is it spam: text {i}", "qzx", 0) for i in range(9)}
    assert asked == {True, False}


def test_a_long_review_is_judged_at_once():
    began = time.thread_time()
    for piece in ("好", "不好", "没有想象的", "isn't good "):
        lexicon.judge_sentiment(piece * 3000)
    assert time.thread_time() - began < 2


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("这条评论给几颗星（1 到 5）？还行吧", "3"),
        ("给这条评论打几分，1-5：不难吃", "3"),
        ("How many stars (1 to 5) does this review give? Never again, it was awful.", "1"),
    ],
)
def test_a_question_for_stars_is_a_judgement(prompt, told):
    messages = [{"role": "user", "content": prompt}]
    assert generate_reply(messages, {}, "ernie-3.5-8k", 0).full_text == told


def test_scores_spread_over_the_scale():
    found = {sample_value(REVIEW, TASK + review, "", 0)["分数"] for review in REVIEWS}
    assert len(found) >= 4
    found = {
        sample_value({"type": "integer"}, f"打 1 到 10 分：第 {i} 号", "score", 0)
        for i in range(60)
    }
    assert found == set(range(1, 11))


@pytest.mark.parametrize(
    ("prompt", "chosen"),
    [
        ("Is it positive, negative or neutral? The food was cold and the waiter rude.", "negative"),
        ("Classify the sentiment (positive/negative/neutral): I love it", "positive"),
        ("Classify the sentiment (positive/negative/neutral): not a good place", "negative"),
        ("情感极性判断，输出 positive 或 negative：电池很耐用", "positive"),
        ("Options: Happy, Sad, Angry. Tweet: My train was late again, furious!", "Angry"),
        ("请把这句话分类为[投诉|咨询|表扬]：快递三天了还没到，我要退款", "投诉"),
        ("Is this about sports? yes/no\nText: The team won the championship", "yes"),
        ("sentiment [good|bad]: It broke after two days", "bad"),
        ("文本：物流很慢，客服态度差。\n请判断情感：正面、负面、中性", "负面"),
        ("这条评论是好评还是差评？味道好极了", "好评"),
        ("很好吃，下次还来。以上评论的情感是（好评/差评）？", "好评"),
        ("满意度（非常满意/满意/一般/不满意/非常不满意）：垃圾，太差了，骗人", "非常不满意"),
        ("满意度（非常满意/满意/一般/不满意/非常不满意）：还可以，推荐", "满意"),
        (
            "Classify into one of: sports, politics, technology.\nText: The new chip is fast",
            "technology",
        ),
        ("从下面选一个类别：体育、财经、科技。股市大涨，投资者高兴", "财经"),
        ("新闻分类（体育/财经/科技/娱乐）：这部电影很好看", "娱乐"),
        ("是否提到价格？回答（是/否）：太贵了", "是"),
        ("是否提到价格？回答（是/否）：服务员很热情", "否"),
        ("Does it mention food? Answer (yes/no): The noodles were fine", "yes"),
        ("优先级（高/中/低）：服务器崩溃，请马上处理", "高"),
        ("优先级（高/中/低）：想了解一下新功能", "低"),
    ],
)
def test_one_of_the_words_is_chosen_by_what_the_text_says(prompt, chosen):
    assert judgements.choose_for("", prompt, 0) == chosen


@pytest.mark.parametrize(
    "prompt",
    [
        "tell me about cats/dogs",
        "km/h 是什么",
        "讲讲机器学习（监督学习、无监督学习）的区别",
        "你好（早上）",
    ],
)
def test_slashes_and_brackets_of_other_prompts_offer_no_choice(prompt):
    assert judgements.find_choices(prompt) == []
    assert not judgements.is_judgement(prompt)


@pytest.mark.parametrize(
    ("name", "prompt", "is_true"),
    [
        ("mentions_service", f"{TASK}上菜太慢", True),
        ("mentions_service", f"{TASK}牛肉不错", False),
        ("is_positive", "Review: I love it", True),
        ("is_negative", "评论：太脏", True),
        ("has_price", "评论：价格贵", True),
        ("提到环境", "评论：面条劲道", False),
        ("是否推荐", "评论：值得再来", True),
        ("is_question", "留言：今天几点开门？", True),
        ("is_question", "留言：今天开门", False),
        ("flag", "判断是否提到天气：下雨了", True),
        ("flag", "判断是否提到天气：股市大跌", False),
    ],
)
def test_yes_or_no_follows_the_words_of_the_text(name, prompt, is_true):
    assert sample_value({"type": "boolean"}, prompt, name, 0) is is_true


def test_an_enum_is_chosen_by_the_text_and_bounds_are_kept():
    schema = {
        "properties": {
            "sentiment": {"enum": ["positive", "negative", "neutral"]},
            "topic": {"enum": ["food", "service", "price"]},
            "score": {"type": "number", "minimum": 0, "maximum": 1},
        }
    }
    found = sample_value(schema, "The waiter was rude and slow. Score from 0 to 1.", "", 0)
    assert (found["sentiment"], found["topic"]) == ("negative", "service")
    assert 0 <= found["score"] < 0.4


CITY = {"properties": {"name": {"type": "string"}, "population": {"type": "integer"}}}
PEOPLE = {"上海": 24_870_895, "北京": 21_893_095, "杭州": 11_936_010}


def test_three_cities_and_their_people_come_as_asked():
    schema = {"properties": {"cities": {"type": "array", "items": CITY}}}
    found = sample_value(schema, "以 JSON 给出三个城市和人口", "", 0)
    assert found == {
        "cities": [{"name": name, "population": people} for name, people in PEOPLE.items()]
    }
    schema = {"type": "array", "items": {"properties": {"城市": {}, "人口": {"type": "integer"}}}}
    assert sample_value(schema, "两个城市的人口", "", 0) == [
        {"城市": "上海", "人口": PEOPLE["上海"]},
        {"城市": "北京", "人口": PEOPLE["北京"]},
    ]
    schema = {"type": "array", "items": {"type": "string"}}
    found = sample_value({"properties": {"cities": schema}}, "Name five cities", "", 0)
    assert (len(found["cities"]), found["cities"][0]) == (5, "Shanghai")
    found = sample_value(CITY, "How many people live in Tokyo?", "", 0)
    assert found == {"name": "Tokyo", "population": 14_047_594}


def test_the_same_prompt_has_the_same_judgement_through_the_api():
    given = {"response_format": {"type": "json_schema", "json_schema": {"schema": REVIEW}}}
    messages = [{"role": "user", "content": f"{TASK}虾不新鲜，有股怪味"}]
    found = [generate_reply(messages, given, "ernie-3.5-8k", 0).full_text for _ in range(2)]
    assert found[0] == found[1]
    assert json.loads(found[0])["情感"] == "差评"


@pytest.mark.parametrize(
    ("field", "review", "feeling"),
    [
        ("sentiment", "Judge: The noodles were really delicious", "positive"),
        ("sentiment", "Judge: We waited an hour and the soup was cold", "negative"),
        ("情感", "判断这条评论的情感，并打 1 到 5 分：味道很好，服务热情", "正面"),
        ("情感", "判断这条评论的情感，并打 1 到 5 分：等了一小时，汤是凉的", "负面"),
    ],
)
def test_a_sentiment_follows_the_text_also_where_the_prompt_offers_no_words(field, review, feeling):
    schema = {"properties": {field: {"type": "string"}, "reason": {"type": "string"}}}
    prompt = f'{review}\n\nanswer with one JSON object: {{"{field}": <string>, "reason": <string>}}'
    value = sample_value(schema, prompt, "", 1)
    assert value[field] == feeling
    assert value["reason"]
    assert review.endswith(value["reason"])  # the review, not the names of fields


# A praise, a complaint, and neither; what each number is between.
PROBABILITIES = {
    "这条评论为正面的概率，0 到 1：": ("p", (0.6, 1), (0, 0.4)),
    "Probability (0 to 1) that this review is positive: ": ("p", (0.6, 1), (0, 0.4)),
    "probability 0 to 1: ": ("p", (0.6, 1), (0, 0.4)),
    "负面的概率（0-1）：": ("p", (0, 0.4), (0.6, 1)),
    "How likely is it that this is a complaint? Answer with a number between 0 and 1: ": (
        "likelihood",
        (0, 0.4),
        (0.6, 1),
    ),
    "给情感打分，-1 到 1：": ("score", (0.2, 1), (-1, -0.2)),
    "Sentiment score in [0, 1]: ": ("x", (0.6, 1), (0, 0.4)),
    "好评的概率，用百分比：": ("概率", (60, 100), (0, 40)),
    "Classify this review as good or bad, with your confidence: ": (
        "confidence",
        (0.6, 1),
        (0.6, 1),
    ),
    "Rate: ": ("stars", (4, 5), (1, 2)),
    "推荐的可能性，0-10 分：": ("nps", (6, 10), (0, 4)),
    "情感强度，-5 到 5：": ("强度", (1, 5), (-5, -1)),
}


@pytest.mark.parametrize("task", PROBABILITIES)
def test_a_probability_follows_the_text_it_is_of(task):
    name, of_praise, of_blame = PROBABILITIES[task]
    schema = {"properties": {name: {"type": "number"}}}
    texts = ("这家店太棒了，服务热情", "太差了，再也不来")
    if task.isascii():
        texts = ("Great food, loved it", "Terrible, never again")
    for text, (low, high) in zip(texts, (of_praise, of_blame), strict=True):
        number = sample_value(schema, task + text, "", 0)[name]
        assert low <= number <= high, (text, number)


def test_numbers_of_a_prompt_that_rates_nothing_stay_themselves():
    schema = {"properties": {"a": {"type": "number"}, "b": {"type": "number"}}}
    assert sample_value(schema, "the sum of 3 and 5", "", 0) == {"a": 3.0, "b": 5.0}
    price = {"properties": {"price": {"type": "number"}}}
    assert sample_value(price, "Rate from 1 to 5, and the price: 42 yuan", "", 0)["price"] == 1.0


@pytest.mark.parametrize(
    ("task", "name", "best"),
    [
        ("评价满意度 0-100：", "满意度", 100),
        ("0-100 评估质量：", "质量", 100),
        ("好感度 1 到 10：", "好感度", 10),
        ("How satisfied is the guest, 0-100? ", "satisfaction", 100),
        ("Evaluate the quality (1-10): ", "quality", 10),
    ],
)
def test_what_is_rated_by_another_word_than_score_lies_in_its_scale(task, name, best):
    schema = {"properties": {name: {"type": "number"}}}
    praise, blame = ("非常好吃，推荐", "太难吃了，再也不来")
    if task.isascii():
        praise, blame = ("Great food, loved it", "Terrible, never again")
    assert sample_value(schema, task + praise, "", 0)[name] > best * 0.7
    assert sample_value(schema, task + blame, "", 0)[name] < best * 0.4


WORDINGS = {
    "满意度 0-100": ("满意度", 0, 100),
    "满意度（0 到 100）": ("满意度", 0, 100),
    "满意度，百分制": ("满意度", 0, 100),
    "从0分到100分": ("满意度", 0, 100),
    "０－１００": ("满意度", 0, 100),
    "0%-100%": ("满意度", 0, 100),
    "满意程度 1~10": ("满意程度", 1, 10),
    "0-10 的推荐意愿": ("推荐意愿", 0, 10),
    "NPS 0-10": ("nps", 0, 10),
    "热情 0~100": ("热情", 0, 100),
    "1-10分": ("x", 1, 10),
    "满分10分": ("x", 1, 10),
    "满分一百": ("得分", 1, 100),
    "十分制": ("评分", 1, 10),
    "五星制": ("评分", 1, 5),
    "out of 5": ("rating", 1, 5),
    "out of ten": ("score", 1, 10),
    "x/10": ("score", 1, 10),
    "from 0 to 100": ("satisfaction", 0, 100),
    "1 star to 5 stars": ("stars", 1, 5),
    "0..100": ("score", 0, 100),
}


@pytest.mark.parametrize("task", WORDINGS)
@pytest.mark.parametrize("separator", ["\n", "：", ": "])
def test_a_scale_is_read_in_each_wording_and_its_numbers_vary(task, separator):
    name, low, high = WORDINGS[task]
    texts = [
        "很好吃，下次再来",
        "太难吃了",
        "The food was great",
        "Terrible",
        "订单号 20231 已发货",
    ]
    schema = {"properties": {name: {"type": "number"}}}
    numbers = [sample_value(schema, f"{task}{separator}{text}", "", 0)[name] for text in texts]
    assert all(low <= number <= high for number in numbers), numbers
    assert len(set(numbers)) >= 4  # one digit after the point: two may agree
    middle = (low + high) / 2
    assert [number > middle for number in numbers[:4]] == [True, False, True, False]


def test_a_number_of_the_text_within_a_named_range_is_a_fact():
    schema = {"properties": {"年龄": {"type": "integer"}}}
    assert sample_value(schema, "年龄 18-60：张三，25 岁", "", 0) == {"年龄": 25}
    assert 18 <= sample_value(schema, "年龄 18-60：张三", "", 0)["年龄"] <= 60


def test_a_range_in_the_text_itself_is_no_scale():
    schema = {"properties": {"stars": {"type": "integer"}}}
    text = "We waited 2-3 hours and the soup was cold"
    assert sample_value(schema, f"Rate from 1 to 5: {text}", "", 0)["stars"] <= 2


@pytest.mark.parametrize(
    ("prompt", "stars"),
    [
        ("Judge 味道太差了，再也不来", (1, 2)),
        ("Judge 非常好吃，强烈推荐", (4, 5)),
        ("Please rate the food was awful", (1, 2)),
        ("判断 the food was great", (4, 5)),
    ],
)
def test_a_text_may_follow_a_bare_task_in_either_language(prompt, stars):
    prompt += '\n\n(answer with one JSON object and nothing else): {"stars": <integer>}'
    assert stars[0] <= sample_value({"type": "integer"}, prompt, "stars", 0) <= stars[1]
