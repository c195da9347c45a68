"""Tools, as the emulator's model uses them."""

import json

import pytest

from ernie_magic.emulator.replies import generate_reply
from ernie_magic.emulator.tools import choose_functions, fill_arguments

WEATHER = {"name": "get_current_weather", "description": "天气查询工具"}
ADD = {
    "name": "add",
    "description": "",
    "parameters": {
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "default": 0}},
        "required": ["a"],
    },
}


@pytest.mark.parametrize(
    ("choice", "prompt", "parallel", "names"),
    [
        ("auto", "北京天气", True, ["get_current_weather"]),
        ("auto", "what WEATHER, and add", True, ["get_current_weather", "add"]),
        ("auto", "what weather, and add", False, ["get_current_weather"]),
        ("auto", "get the current news", True, []),  # words of most names tell nothing
        ("none", "北京天气", True, []),
        ("required", "hello", True, ["get_current_weather"]),
        ({"type": "function", "function": {"name": "add"}}, "北京天气", True, ["add"]),
    ],
    ids=str,
)
def test_a_function_is_called_when_its_name_or_description_is_meant(
    choice, prompt, parallel, names
):
    chosen = choose_functions([WEATHER, ADD], choice, prompt, parallel=parallel)
    assert [tool["name"] for tool in chosen] == names


RATE = {"name": "exchange_rate", "description": "Exchange rate between two currencies"}
CITY_WEATHER = {"name": "getWeather", "description": "Return the weather for a given city"}
FLIGHT = {"name": "lookup", "parameters": {"properties": {"flight_number": {}}}}
CHINESE = {"name": "tool1", "description": "查询指定城市的天气"}


@pytest.mark.parametrize(
    ("tool", "prompt", "is_called"),
    [
        (CITY_WEATHER, "北京天气怎么样", True),
        (CITY_WEATHER, "明天上海会下雨吗？", True),
        (CITY_WEATHER, "哪个城市最大？", False),
        (CITY_WEATHER, "写一段代码", False),
        (CITY_WEATHER, "Which city is given first?", False),
        (CHINESE, "What's the weather in Paris?", True),
        (CHINESE, "这个城市有什么好吃的", False),
        (RATE, "100 美元兑换多少人民币", True),
        (RATE, "今天的汇率", True),
        (RATE, "心率是多少", False),
        (ADD, "3加5等于几", True),
        (ADD, "12+30=?", True),
        (ADD, "我想参加加拿大的比赛", False),
        (ADD, "what is my address?", False),
        (FLIGHT, "CA123 航班几点到", True),
        ({"name": "get_current_time"}, "现在几点了", True),
        ({"name": "translate_text"}, "把这句话翻译成英文", True),
        ({"name": "send_email"}, "给老板写封邮件", True),
        ({"name": "create_calendar_event"}, "明天下午三点提醒我开会", True),
        ({"name": "count_primes"}, "100 以内有多少个素数", True),
        ({"name": "book_hotel"}, "在上海订一家酒店", True),
        ({"name": "calculator"}, "计算 (3+5)*2", True),
        ({"name": "get_user_info", "description": "Get information about a user"}, "你好", False),
        ({"name": "send_sms", "description": "Send a text message"}, "hello", False),
        ({"name": "查天气"}, "Will it rain tomorrow?", True),
    ],
    ids=str,
)
def test_a_tool_is_called_in_either_language_by_what_its_words_mean(tool, prompt, is_called):
    chosen = choose_functions([tool], "auto", prompt, parallel=True)
    assert bool(chosen) is is_called


def test_the_answer_to_a_tool_s_result_is_in_the_language_of_the_question():
    def answer(question, content):
        messages = [
            {"role": "user", "content": "你好"},
            {"role": "assistant", "content": "hello"},
            {"role": "user", "content": question},
            {"role": "assistant", "content": "", "tool_calls": []},
            {"role": "tool", "name": "weather", "content": content},
        ]
        return generate_reply(messages, {}, "ernie-3.5-8k", 0).full_text

    assert answer("What is the weather in Beijing?", "晴").startswith("According to `weather`")
    assert answer("北京天气", "sunny").startswith("根据 `weather` 的结果")


def test_arguments_are_filled_from_the_prompt_and_defaults_left_out():
    assert json.loads(fill_arguments(ADD, "add 3 and 5", 0)) == {"a": 3}
    both = {**ADD, "parameters": {**ADD["parameters"], "required": ["a", "b"]}}
    assert json.loads(fill_arguments(both, "add 3 and 5", 0)) == {"a": 3, "b": 5}


CUSTOMER = {
    "name": "create_customer",
    "parameters": {
        "type": "object",
        "properties": {"customer_name": {"type": "string"}, "note": {"type": "string"}},
    },
}


@pytest.mark.parametrize(
    ("prompt", "name", "note"),
    [
        ("Create a customer named '你好啊集团' (Hello Group)", "你好啊集团", "你好啊集团"),
        (
            "Create 'こんにちは株式会社' with the note \"日本の会社\"",
            "こんにちは株式会社",
            "日本の会社",
        ),
        ("客户名“Ωμέγα”，备注『한국어 🎉』", "Ωμέγα", "한국어 🎉"),
        ("don't lose «Łukasz Żółć»: it's a name", "Łukasz Żółć", "Łukasz Żółć"),
        ("Customer: Zoë, née Müller 👩‍👩‍👧", "Customer: Zoë, née Müller 👩‍👩‍👧", None),
        ("العميل: شركة مرحبا، في القاهرة", "العميل: شركة مرحبا، في القاهرة", None),
        ("客户是𠮷野家，生僻字㐂也要保留", "客户是𠮷野家，生僻字㐂也要保留", None),
        ("Create the customer Acme. Then stop", "Acme", "Create the customer Acme"),
        ("给北京的客户“北方”写信", "北方", "北方"),
    ],
)
def test_arguments_keep_the_prompt_s_letters_whatever_their_script(prompt, name, note):
    packed = fill_arguments(CUSTOMER, prompt, 0)
    assert json.loads(packed) == {"customer_name": name, "note": note or name}
    assert "\\u" not in packed


def test_an_argument_has_the_format_that_its_schema_names():
    day = {"type": "string", "format": "date"}
    tool = {"name": "book", "parameters": {"properties": {"since": day}, "required": ["since"]}}
    asked = "Book a table for 3 people on 2026-12-24"
    assert json.loads(fill_arguments(tool, asked, 0)) == {"since": "2026-12-24"}


@pytest.mark.parametrize(
    ("prompt", "name", "value"),
    [
        ("3 to the power of 2", "x", 3),
        ("half of 2.5", "x", 2.5),
        ("杭州今天 3 点的天气", "city", "杭州"),
        ("find 'ab' 3 times", "what", "ab"),
        ("say hello", "x", "say hello"),
    ],
)
def test_an_argument_of_no_type_is_the_prompt_s_number_where_it_has_nothing_else(
    prompt, name, value
):
    tool = {"name": "f", "parameters": {"properties": {name: {}}, "required": [name]}}
    assert json.loads(fill_arguments(tool, prompt, 1)) == {name: value}


def test_a_place_is_the_prompt_s_city_even_where_something_else_is_quoted():
    tool = {"parameters": {"properties": {"location": {"type": "string"}}}}
    assert json.loads(fill_arguments(tool, "用“摄氏度”说北京的天气", 0)) == {"location": "北京"}


def tool(tool_name, description, **properties):
    return {"name": tool_name, "description": description, "parameters": {"properties": properties}}


TEXT = {"type": "string"}
PRICE = tool("price_of", "Price of a product in yuan.", product=TEXT)
LISTING = tool("price_of", "Price of a product: tea, green tea, noodles or duck.", product=TEXT)
LISTING_ZH = tool("价格", "商品的价格，元。商品有茶、面条、烤鸭", 商品=TEXT)


@pytest.mark.parametrize(
    ("tool", "prompt", "value"),
    [
        (PRICE, "What do 3 portions of duck cost?", "duck"),
        (PRICE, "how much is the green tea", "green tea"),
        (PRICE, "三份烤鸭多少钱？", "烤鸭"),
        (PRICE, "请问一杯咖啡的价格是多少", "咖啡"),
        (tool("stock", "Number of pieces in stock", product=TEXT), "还有多少茶叶", "茶叶"),
        (tool("order_status", "Status of an order", id=TEXT), "Where is order A123?", "A123"),
        (tool("order_status", "Status of an order", id=TEXT), "Where is order 2023?", "2023"),
        (tool("order_status", "Status of an order", id=TEXT), "订单 A123 到哪了？", "A123"),
        (tool("weather", "Weather of a city", city=TEXT), "今天婺源的天气怎么样", "婺源"),
        (tool("find", "Look up a person", name=TEXT), "Who is Li Hua?", "Li Hua"),
        (tool("search", "Search the web", query=TEXT), "search Li Hua", "search Li Hua"),
        (LISTING, "What do 3 portions of Duck cost?", "duck"),
        (LISTING, "tea?", "tea"),
        (LISTING, "how much is the green tea", "green tea"),
        (LISTING_ZH, "两碗面条多少钱？", "面条"),
        (LISTING_ZH, "茶多少钱", "茶"),
    ],
)
def test_an_argument_is_what_the_prompt_mentions_besides_the_tool_s_own_words(tool, prompt, value):
    assert [*json.loads(fill_arguments(tool, prompt, 0)).values()] == [value]


def test_a_number_that_nothing_else_takes_is_for_a_number_with_a_default():
    quantity = {"type": "integer", "default": 1}
    ordered = tool("price_of", "Price of a product.", product=TEXT, quantity=quantity)
    asked = json.loads(fill_arguments(ordered, "What do 3 portions of duck cost?", 0))
    assert asked == {"product": "duck", "quantity": 3}
    assert json.loads(fill_arguments(ordered, "What does duck cost?", 0)) == {"product": "duck"}
