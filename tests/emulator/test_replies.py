"""Directives in a prompt, and the limits of an answer."""

import json
import re

import pytest

from ernie_magic.emulator.fallback import extract_topic
from ernie_magic.emulator.prepared import find_answer
from ernie_magic.emulator.replies import generate_reply


def reply(prompt, model="ernie-3.5-8k", seed=0, **given):
    return generate_reply([{"role": "user", "content": prompt}], given, model, seed)


@pytest.mark.parametrize(
    "text", ["hi there,  two\n\n blanks ", "你好，世界 and 一些词", "`x` **y**\t"]
)
def test_an_echo_is_the_prompt_to_the_byte(text):
    assert reply(f"[[echo]]{text}").full_text == text


def test_chunks_are_counted_and_pace_flag_finish_and_clear_are_set():
    found = reply("[[chunks=61]][[pace=2.5ms]][[flag=3]][[finish=content_filter]][[clear]]")
    assert len(found.pieces) == 61
    assert found.pieces[60] == "\n\n## 60\n\n"
    assert (found.pace, found.flag, found.finish_reason, found.clears_history) == (
        0.0025,
        3,
        "content_filter",
        True,
    )
    plain = reply("hi")
    assert (plain.pace, plain.flag, plain.finish_reason, plain.clears_history) == (
        None,
        0,
        "normal",
        False,
    )


def test_an_answer_ends_at_a_stop_word_or_at_its_limit():
    found = reply("[[echo]]one two three two", stop=["three", "two"])
    assert (found.full_text, found.finish_reason) == ("one ", "stop")
    found = reply("[[echo]]one two three", max_completion_tokens=2)
    assert (found.full_text, found.finish_reason) == ("one two", "length")
    assert reply("[[echo]]one two", max_completion_tokens=2).finish_reason == "normal"


def test_the_same_question_and_seed_give_the_same_answer():
    question = "给我一个表格和一段代码"
    assert reply(question) == reply(question)
    assert len({reply(question, seed=seed).full_text for seed in range(5)}) > 1


def test_only_reasoning_models_and_those_asked_to_think_first():
    assert reply("hi").reasoning == []
    assert "".join(reply("[[reasoning]]hi").reasoning).startswith("The user asks about 'hi'")
    assert reply("hi", model="ernie-5.0-thinking-preview").reasoning


OFF = {
    "enable_thinking": {"enable_thinking": False},
    "thinking": {"thinking": {"type": "disabled"}},
}
# https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb, https://cloud.baidu.com/doc/qianfan-docs/s/Wm95lyynv
SWITCHES = {
    ("ernie-5.0-thinking-preview", "enable_thinking"): None,
    ("ernie-5.0", "enable_thinking"): None,
    ("ernie-5.1", "enable_thinking"): None,
    ("ernie-5.1", "thinking"): "enable_thinking=false switches this off.",
    ("ernie-x1.1-preview", "enable_thinking"): "ernie-x1.1-preview always thinks: enable_thinking does not switch it off.",
    ("ernie-x1.1-preview", "thinking"): "ernie-x1.1-preview always thinks: thinking does not switch it off.",
}  # fmt: skip


@pytest.mark.parametrize(("model", "switch"), SWITCHES, ids=str)
def test_thinking_is_switched_off_where_the_service_can_and_else_the_thoughts_say_why(
    model, switch
):
    note = SWITCHES[model, switch]
    thoughts = "".join(reply("hi", model=model, **OFF[switch]).reasoning)
    if note is None:
        assert thoughts == ""
    else:
        assert thoughts.endswith(note)
    assert "switch" not in "".join(reply("hi", model=model, enable_thinking=True).reasoning)


@pytest.mark.parametrize(
    ("question", "held"),
    [
        ("a list, please", "1. **"),
        ("一个表格", "|---|---:|:---|"),
        ("python code", "```python"),
        ("写 300 字", "模拟器"),
    ],
)
def test_what_is_asked_for_is_in_the_answer_which_says_that_it_is_simulated(question, held):
    text = reply(question).full_text
    assert held in text
    assert "模拟" in text or "simulated" in text


def test_json_fits_the_schema():
    schema = {
        "type": "object",
        "properties": {"city": {"enum": ["北京", "上海"]}, "n": {"type": "integer"}},
    }
    given = {"type": "json_schema", "json_schema": {"schema": schema}}
    assert json.loads(reply("上海 7", response_format=given).full_text) == {"city": "上海", "n": 7}
    assert json.loads(reply("x", response_format={"type": "json_object"}).full_text)["simulated"]


# The prompts of README.md and of the notebooks, and what a good answer to each holds.
@pytest.mark.parametrize(
    ("question", "held"),
    [
        ("用一句话介绍 杭州", ["浙江", "西湖"]),
        (
            '用一句话介绍 杭州，并给出 JSON 里的坐标，形如 {"lat": 30.2}',
            ["西湖", "```json", '"lat": 30.3'],
        ),
        ("介绍一下北京：一个小标题、一个列表、一张表格", ["### ", "1. **", "|:---", "故宫"]),
        ("介绍一下北京", ["首都", "故宫"]),
        ("Why does the sum of the angles of a triangle equal $\\pi$?", ["$$", "\\pi"]),
        ("Count from one to five", ["one, two, three, four, five"]),
        ("用五个字夸夸杭州", ["山水皆入画"]),
        ("你好，请介绍一下AI Studio", ["AI Studio", "飞桨"]),
        ("北京有哪些好吃的？", ["烤鸭"]),
        ("北京有哪些著名景点", ["故宫", "天坛"]),
        ("给我推荐一些自驾游路线", ["G318"]),
        ("1加1为什么等于2?", ["后继", "$1 + 1"]),
        ("Please introduce The Great Wall", ["Ming", "21,196"]),
        ("换一个话题：介绍西湖", ["苏堤"]),
        ("你好", ["模拟器", "%ernie doctor"]),
        ("hi", ["simulated", "%ernie doctor"]),
        ("Tell me about Beijing", ["capital", "Forbidden City"]),
        ("Introduce Hangzhou in one sentence", ["West Lake"]),
        ("为什么天空是蓝色的？", ["瑞利散射"]),
        ("Why is the sky blue?", ["Rayleigh"]),
        ("用 Python 写一个快速排序", ["```python", "def quicksort"]),
        ("Write quicksort in Python", ["```python", "def quicksort"]),
        ("什么是递归？", ["factorial"]),
        ("What is machine learning?", ["Supervised"]),
        ("什么是大语言模型", ["token"]),
        ("讲个笑话", ["西瓜"]),
        ("tell me a joke", ["eggs"]),
        ("写一首关于春天的诗", ["**春到湖边**"]),
        ("Write a poem", ["blossom"]),
        ("给我讲个故事", ["灯塔"]),
        ("What is the capital of France?", ["Paris"]),
        ("勾股定理是什么", ["a^2 + b^2 = c^2"]),
        ("太阳系有哪些行星", ["海王星"]),
        ("番茄炒蛋怎么做", ["鸡蛋"]),
        ("What does temperature do?", ["random"]),
        ("What can you do?", ["%%ernie_map"]),
        ("12*7=?", ["**84**"]),
        ("What is 3.5 + 4?", ["**7.5**"]),
        ("北京天气怎么样", ["--tools"]),
        ("三个城市和人口", ["| 城市 | 人口 |", "| 上海 | 24,870,895 |"]),
        ("用表格列出三个城市", ["| 城市 | 人口 | 国家 |", "| 北京 | 21,893,095 | 中国 |"]),
        ("a table of four cities", ["| City | Population | Country |", "| Shanghai |"]),
        ("How many inhabitants has Tokyo? Its population, please", ["| Tokyo | 14,047,594 |"]),
        ("你是什么模型？", ["模拟器"]),
        ("test", ["simulated"]),
        ("什么是AI", ["机器学习"]),
        ("Introduce Shanghai", ["Yangtze"]),
        ("介绍成都", ["四川"]),
    ],
)
def test_what_a_newcomer_asks_has_a_good_answer(question, held):
    text = reply(question).full_text
    assert all(words in text for words in held), text
    assert reply(question, seed=1).full_text == text


def test_the_code_of_prepared_answers_runs_and_prints_what_it_says():
    for question in (
        "快速排序",
        "斐波那契数列",
        "100 以内的素数",
        "什么是递归",
        "primes",
        "recursion",
    ):
        code = reply(question).full_text.split("```python\n")[1].split("```")[0]
        told = code.rstrip().rpartition("  # ")[2]
        printed = []
        exec(code, {"print": printed.append})
        assert [str(value) for value in printed] == [told]


@pytest.mark.parametrize(
    "question",
    [
        "谈谈量子计算与传统计算的区别",
        "翻译成英文：今天天气很好",
        "Which is better, tea or coffee?",
        "你更喜欢猫还是狗？",
        "How do I fix my bicycle?",
        "写 3000 字",
        "write 900 words about cats",
        "请用列表、表格、代码和公式说说音乐",
        "Explain a list, a table, some code and a formula",
    ],
)
def test_a_question_without_an_answer_is_told_so_and_no_sentence_comes_twice(question):
    answers = [reply(question, seed=seed).full_text for seed in range(8)]
    assert len({text.split("\n\n")[1] for text in answers}) > 2
    for text in answers:
        assert "模拟" in text or "simulated" in text
        body = text.split("```")[0::2]
        sentences = re.findall(r"[^。.！!？?\n|]{8,}[。.！!？?]", "".join(body))
        assert len(sentences) == len(set(sentences))


@pytest.mark.parametrize(
    "question",
    [
        "写一个 Python 函数计算汉诺塔",
        "How do I sort a linked list in python?",
        "用代码实现一个聊天室",
        "列一张表格，比较茶和咖啡",
        "Prove Fermat's little theorem with a formula",
    ],
)
def test_nothing_that_looks_like_an_answer_stands_below_i_do_not_know(question):
    text = reply(question).full_text
    assert not re.search(r"```|^\||^\d\. |\$\$", text, re.MULTILINE)


@pytest.mark.parametrize(
    "question",
    [
        *("写一篇很长的杭州文章", "写一个非常长的故事", "写一篇关于量子的长文", "写长一点：茶"),
        *("写一篇两千字的文章介绍杭州", "介绍一下北京，3000 字", "讲一个特别长的睡前故事"),
        *("Write a very long article about Beijing", "Tell me a long story", "I want a long poem"),
        *("a 2000-word essay on tea", "Write 1,500 words about Hangzhou"),
        *("Explain recursion at length", "Give me a lengthy report on pandas"),
    ],
)
def test_a_long_text_is_long_enough_to_be_stopped_and_says_that_it_is_simulated(question):
    made = reply(question)
    for city, known in (("杭州", "西湖"), ("北京", "故宫"), ("Hangzhou", "West Lake")):
        assert city not in question or known in made.full_text
    assert len(made.pieces) > 500
    assert re.search(r"模拟|simulated", made.full_text)


@pytest.mark.parametrize(
    "question",
    [
        *("长江有多长？", "长城很长吗", "《红楼梦》是长篇小说吗", "介绍一下长沙"),
        *("How long is the Nile?", "Tell me how long a marathon takes", "I waited a long time"),
        *("Write as long as you like", "Write a short poem, not long ago"),
    ],
)
def test_a_question_about_length_gets_no_long_answer(question):
    assert len(reply(question).pieces) < 250


@pytest.mark.parametrize(("question", "size"), [("写 300 字", 300), ("写 5000 字", 5000)])
def test_a_text_is_about_as_long_as_was_asked(question, size):
    assert size <= len(reply(question).full_text) < size * 1.2 + 200


def test_a_topic_is_never_cut_inside_a_clause():
    long = "请用尽可能通俗的语言说明，为什么在量子力学里测量会改变系统的状态，并举三个例子，再写一段总结"
    topic = extract_topic(long)
    assert long.startswith(topic)
    assert long[len(topic)] in "，。"


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        ("写一份关于猫的报告", "### 模拟的回答"),
        ("介绍一下火星", "### 模拟的回答"),
        ("Write an essay about spring", "### A simulated reply"),
    ],
)
def test_the_heading_of_a_reply_is_not_the_question_once_more(question, heading):
    text = reply(question).full_text
    assert text.splitlines()[0] == heading
    assert question not in text


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Compare: tea, coffee; and why?", "Compare: tea, coffee; and why?"),
        ("比较一下：茶、咖啡；哪个好？", "比较一下：茶、咖啡；哪个好？"),
        ("Let us talk about whales.", "Let us talk about whales"),
        (
            "Is 3.5 a prime; or, is 7 one, and what is a prime anyway",
            "Is 3.5 a prime; or, is 7 one",
        ),
    ],
)
def test_a_topic_keeps_its_punctuation(question, topic):
    assert extract_topic(question) == topic


@pytest.mark.parametrize("given", [{}, {"response_format": {"type": "json_object"}}])
def test_three_cities_and_their_people_are_given_as_json(given):
    text = reply("以 JSON 给出三个城市和人口", **given).full_text
    found = json.loads(text.removeprefix("```json").removesuffix("```"))
    assert [city["name"] for city in found["cities"]] == ["上海", "北京", "杭州"]
    assert all(city["population"] > 1_000_000 for city in found["cities"])


def test_a_judgement_asked_for_in_words_is_given_in_words_or_in_the_form_that_is_shown():
    assert reply("判断情感（好评/差评）：虾不新鲜").full_text == "差评"
    both = reply("判断情感（好评/差评），打 1 到 5 分：虾不新鲜").full_text
    assert both.splitlines()[0] == "- 情感：差评"
    form = '{"情感": <string>, "分数": <integer>, "提到服务": <true or false>}'
    asked = f"判断情感（好评/差评），打 1 到 5 分：上菜太慢\n\n只输出一个 JSON 对象，不要别的文字: {form}"
    found = json.loads(reply(asked).full_text)
    assert found == {"情感": "差评", "分数": found["分数"], "提到服务": True}
    assert found["分数"] in (1, 2)


def test_the_task_may_stand_in_the_system_prompt():
    messages = [
        {"role": "system", "content": "Classify the sentiment: positive, negative or neutral."},
        {"role": "user", "content": "The soup was cold."},
    ]
    assert generate_reply(messages, {}, "ernie-3.5-8k", 0).full_text == "negative"


def test_what_was_asked_before_is_told_with_its_city():
    messages = [
        {"role": "user", "content": "用一句话介绍 杭州"},
        {"role": "assistant", "content": "…"},
        {"role": "user", "content": "我刚才问了哪座城市？"},
    ]
    text = generate_reply(messages, {}, "ernie-3.5-8k", 0).full_text
    assert text == "你刚才问的是杭州：“用一句话介绍 杭州”，这是第 2 轮。"


def follow_up(*prompts):
    messages = [{"role": "user", "content": prompt} for prompt in prompts]
    return generate_reply(messages, {}, "ernie-4.5-turbo-128k", seed=0).full_text


@pytest.mark.parametrize(
    ("prompts", "held"),
    [
        (["Introduce Hangzhou in one sentence", "And what should I eat there?"], "Dongpo pork"),
        (["用一句话介绍 杭州", "那里有什么好吃的？"], "东坡肉"),
        (["用一句话介绍 杭州", "有什么特产"], "东坡肉"),
        (["介绍一下北京", "那里有什么好吃的？", "有哪些景点？"], "故宫"),
        (["Tell me about Beijing", "What is there to eat?", "what food?"], "Roast duck"),
        (["Introduce Shanghai", "what are the best dishes in that city?"], "Xiaolongbao"),
        (["Tell me about Hangzhou", "What should I see there?"], "Lingyin"),
        (["Introduce Hangzhou", "北京有哪些好吃的？"], "烤鸭"),
        (["Introduce Hangzhou in one sentence", "那边有什么小吃？"], "东坡肉"),
        (["用一句话介绍成都", "当地有什么美食"], "麻婆豆腐"),
        (["介绍一下西安", "那里吃什么？"], "泡馍"),
    ],
)
def test_a_follow_up_is_about_the_city_that_was_talked_about(prompts, held):
    assert held in follow_up(*prompts)


@pytest.mark.parametrize(
    "prompts",
    [
        ["那里有什么好吃的？"],
        ["介绍一下北京", "写一个快速排序", "介绍一下它的语法"],
        ["Compare Beijing and Hangzhou", "What should I eat there?"],
        ["Introduce Hangzhou", "Is there a way to sort faster?"],
        ["Introduce Hangzhou", "Why is it so?"],
    ],
)
def test_what_points_back_to_no_one_city_stays_unanswered(prompts):
    text = follow_up(*prompts)
    assert "模拟" in text or "simulated" in text


@pytest.mark.parametrize("prompt", ["写一个 Python 函数 is_prime 并解释", "写函数 isprime，并说明"])
def test_a_function_that_is_named_is_written_and_explained(prompt):
    text = follow_up(prompt)
    assert "def is_prime(number)" in text
    assert "平方根为止就够了" in text
    assert "第一轮" in reply("我刚才问了什么？").full_text


def test_prompts_of_any_size_and_shape_are_answered_at_once():
    # Their brackets, lists and ranges would keep a careless pattern busy for minutes.
    for piece in ("{", "（a/", '"a":{', "a, ", "是", "1 到 ", "：判断", "x "):
        assert reply(piece * 50_000).pieces


@pytest.mark.parametrize(
    "question",
    [
        "12 + 30 / 4",
        "1 + 2 + 3",
        "100 - 20 - 5",
        "What is 1,000 * 3?",
        "Write a poem about the sea",
        "写一首关于秋天的诗",
        "Tell me a story about a dragon",
        "讲个关于恐龙的故事",
        "什么是递归神经网络？",
    ],
)
def test_a_question_that_only_resembles_a_prepared_one_is_not_answered_by_it(question):
    assert find_answer(question, chinese=not question.isascii()) is None


@pytest.mark.parametrize(
    ("prompt", "begins"),
    [
        ("安排 杭州 的一天", "### 杭州的一天"),
        ("Plan a day in 杭州", "### 杭州的一天"),
        ("Plan a day in Hangzhou", "### A day in Hangzhou"),
    ],
)
def test_the_template_of_readme_is_answered(prompt, begins):
    assert reply(prompt).full_text.startswith(begins)
