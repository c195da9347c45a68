"""A text that declares no charset: East Asia's are told apart, and damaged UTF-8 stays UTF-8."""

import json

import pytest

from ernie_magic.text.charsets import decode_text, detect_charset

TEXTS = {
    "gb18030": (
        "北京是中华人民共和国的首都，也是全国的政治、文化中心。人工智能正在改变我们的生活方式，帮助人们"
        "更快地找到需要的信息。你还想了解什么？苹果、香蕉和橙子都是常见的水果，富含维生素。"
    ),
    "big5": (
        "臺北是臺灣的首都，也是全國的政治、文化中心。人工智慧正在改變我們的生活方式，幫助人們更快地找到"
        "需要的資訊。你還想了解什麼？蘋果、香蕉和橙子都是常見的水果，富含維生素。"
    ),
    "euc_kr": (
        "서울은 대한민국의 수도이며 정치와 문화의 중심지입니다. 인공지능은 우리의 생활 방식을 바꾸고 "
        "있으며 사람들이 정보를 더 빨리 찾도록 돕습니다. 오늘은 날씨가 좋아서 산책하기에 좋습니다."
    ),
    "shift_jis": (
        "東京は日本の首都であり、政治と文化の中心です。今日はいい天気なので、散歩に出かけましょう。"
    ),
    "euc_jp": (
        "東京は日本の首都であり、政治と文化の中心です。今日はいい天気なので、散歩に出かけましょう。"
    ),
    "cp1251": "Москва — столица России и крупнейший город страны. Что ещё вы хотите узнать?",
    "cp1252": "Köln liegt am Rhein, und die Straße führt über die Brücke. Où est la forêt d’été ?",
}


@pytest.mark.parametrize("size", [12, 40])
@pytest.mark.parametrize("charset", TEXTS)
def test_a_text_is_read_in_its_charset_from_wherever_it_begins(charset, size):
    whole = TEXTS[charset]
    for start in range(0, max(1, len(whole) - size), 3):
        text = whole[start : start + size]
        if sum(character > "\x7f" for character in text) < 3:
            continue  # hardly anything to tell it by
        reply = json.dumps({"id": "x", "content": text, "n": 3}, ensure_ascii=False)
        assert json.loads(decode_text(reply.encode(charset)))["content"] == text


@pytest.mark.parametrize(
    "text", ["你好", "是", "今天天气很好", "好的，没问题", "模型：你好！", "3.14 是圆周率"]
)
def test_a_short_text_is_simplified_chinese(text):
    assert decode_text(f'{{"a": "{text}"}}'.encode("gbk")) == f'{{"a": "{text}"}}'


@pytest.mark.parametrize(
    "raw",
    [
        "你好，世界。".encode() + b"\xff" + "今天天气很好".encode(),
        "你好，世界。".encode()[:-1],
        b"abc\xffdef",
        b"abc\xe4",
        "é".encode() * 9 + b"\xc3",
        "🙂🙂".encode() + b"\xf0\x9f",
        bytearray("ab\xe4".encode("latin-1")),
    ],
)
def test_damaged_utf_8_stays_utf_8(raw):
    assert decode_text(raw) == raw.decode("utf-8", "replace")
    assert "\ufffd" in decode_text(raw)


def test_what_is_looked_at_is_bounded():
    assert detect_charset(TEXTS["big5"].encode("big5") * 9000) == "big5"
    text = "a" * 300_000 + TEXTS["gb18030"] * 2000
    assert decode_text(text.encode("gbk")) == text


@pytest.mark.parametrize(
    "text", ["评论,n\n好吃,1\n难吃,2", "很好", "发货快", "服务很好", "东西不好"]
)
def test_short_chinese_is_not_read_as_korean(text):
    assert decode_text(text.encode("gb18030")) == text


@pytest.mark.parametrize(
    ("place", "charset", "text"),
    [
        ("ko_KR.UTF-8", "euc_kr", "안녕"),
        ("ko_KR", "euc_kr", "a,b\n네,배송\n"),
        ("ja_JP.UTF-8", "shift_jis", "東京"),
        ("ja_JP", "euc_jp", "日本"),
        ("zh_TW", "big5", "你好"),
        ("zh_CN", "gb18030", "很好"),
        ("ja_JP", "gb18030", TEXTS["gb18030"]),
    ],
)
def test_a_short_text_is_of_the_user_s_own_language(monkeypatch, place, charset, text):
    monkeypatch.setenv("LC_ALL", place)
    assert decode_text(text.encode(charset)) == text


@pytest.mark.parametrize("text", ["좋아요", "배송이 빨라요", "가격이 비싸요", "안녕하세요"])
def test_short_korean_is_known_by_its_commonest_syllables(text):
    assert decode_text(text.encode("euc_kr")) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "pinyin\nnǐ hǎo\nxièxie\n",
            "ā á ǎ à",
            "汉字,拼音\n你好,nǐ hǎo\n",
            "第0课：老师说 lǎoshī shuō",
        ),
        *(
            "text\nПривет, как дела\nСпасибо\n",
            "слово,中文\nпривет,你好\n",
            "αβγ\nΔx\n",
            "Ελλάδα,希腊",
        ),
        *("ㄅㄆㄇ,波\n", "おはようございます\n", "㎡,面积\n", "①②③\n", "caf\u00e9\ncr\u00e8me\n"),
        *("姓名\n喆\n煊\n珺\n翀\n", "赵喆\n孙珺\n", "評論\n這個餐廳非常好\n服務很差\n", "𠮷野家"),
        *(
            "美味しい\n勉強する\n",
            "カタカナ,片假名\n",
            "text\n美味しい\n日本語\n",
            "食べる,吃\n飲む,喝\n",
        ),
        *("t\n😋\n😡\n", "caf\u00e9 na\u00efve\nMüller\n"),
    ],
)
def test_gb_18030_is_read_whatever_it_holds(text):
    assert decode_text(text.encode("gb18030")) == text


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        *[
            (text, "big5")
            for text in ("姓名\n陳怡君\n林志豪\n", "評論\n很好吃\n", "謝謝你", "臺灣")
        ],
        *[(text, "cp1251") for text in ("Ёлка", "да\nнет\n", "Отзыв\nхорошо\nплохо\n")],
        *[(text, "cp1252") for text in ("Öl\nÄr\nÜb\n", "Größe\nFüße\n", "ÉTÉ", "ção\n")],
        *[(text, "shift_jis") for text in ("おいしい\nまずい\n", "商品が届きません")],
    ],
)
def test_what_is_not_chinese_is_not_read_as_rare_chinese(text, charset):
    assert decode_text(text.encode(charset)) == text
