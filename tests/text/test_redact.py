"""A key is removed from text in whatever form it appears; text without a key stays as it is."""

import base64
import io
import json
import random
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ernie_magic.config.keys import Key
from ernie_magic.text.redact import EventRedactor, StreamRedactor, redact, redact_values

KEYS = {
    "a bearer key": "sk-CANARYcanary0123456789ABCDEF",
    "a Qianfan key": "bce-v3/ALTAK-CaNaRyCaNaRy/0f1e2d3c4b5a69788796a5b4c3d2e1f001234567",
    "an application's key": "Abc9xYz0Qw8eRt7yUi6oPa5s",
    "an access token": "24.0f1e2d3c4b5a69788796a5b4c3d2e1f0.2592000.1987654321.282335-77",
}
FORMS = {
    "as it is": lambda key: key,
    "without its first character": lambda key: key[1:],
    "dashes between": "-".join,
    "groups of four": lambda key: " ".join(key[i : i + 4] for i in range(0, len(key), 4)),
    "percent-encoded": lambda key: "".join(f"%{ord(c):02X}" for c in key),
    "quoted": lambda key: quote(key, safe=""),
    "hexadecimal": lambda key: key.encode().hex(),
    "reversed": lambda key: key[::-1],
    "upper case": str.upper,
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 behind one": lambda key: base64.b64encode(b":" + key.encode()).decode(),
    "base64 behind two": lambda key: base64.urlsafe_b64encode(b"k:" + key.encode()).decode(),
    "zero-width spaces": "\u200b".join,
    "eight of it": lambda key: key[-17:-9],
}


def runs(shown, form, skip=0):
    """Runs of eight characters of a form that are shown."""
    return [form[i : i + 8] for i in range(skip, len(form) - 7) if form[i : i + 8] in shown]


def jpeg(size):
    """A JPEG in base64, with the tables that nearly every JPEG has."""
    file = io.BytesIO()
    noise = random.Random(size).randbytes(3 * size * size)  # noqa: S311
    Image.frombytes("RGB", (size, size), noise).save(file, "JPEG")
    return base64.b64encode(file.getvalue()).decode()


def streamed(text, size, **options):
    stream = StreamRedactor(**options)
    return "".join(
        [
            *(stream.feed(text[i : i + size]) for i in range(0, len(text), size)),
            stream.flush_remaining(),
        ]
    )


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_taken_out_however_a_stream_is_cut(name, form):
    Key(KEYS[name])
    echo = FORMS[form](KEYS[name])
    text = f"看：{echo}，and {echo} ok"
    for size in (1, 2, 3, 7, 1000):
        shown = streamed(text, size)
        assert runs(shown, echo) == []
        assert shown.startswith("看：")
        assert shown.endswith(" ok")
    assert runs(redact(text), echo) == []


ORDINARY = [
    (
        "Your key begins with bce-v3/ALTAK- and is found on the console; an OpenAI key begins with "
        "sk-proj-."
    ),
    "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15",
    "expires_in: 2592000.",
    "1. a\n2. b\n3. c\n4. d\n5. e\n6. f\n7. g\n8. h\n9. i",
    "第1段，第2段，第3段，第4段，第5段，第6段，第7段，第8段",
    '```json\n{"api_key": "sk-..."}\n```',
    "LM Studio, not-needed",
    "The worker's own key is the worker\u2019s.",
    "an Ünïcode İstanbul ﬁne 𝔘 e\u0301",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_stay(text):
    for key in (
        *KEYS.values(),
        "sk-proj-Zq81mKx02LpWv7Tn4Rb6",
        "lm-studio",
        "EMPTY",
        "1234567",
        "the-worker-s-own-key",
    ):
        Key(key)
    assert redact(text) == text
    assert all(streamed(text, size) == text for size in (1, 3, 1000))


@given(st.text(max_size=200), st.integers(1, 30))
def test_a_text_without_a_key_comes_out_of_a_stream_as_it_went_in(text, size):
    for key in KEYS.values():
        Key(key)
    assert streamed(text, size) == text == redact(text)


def test_a_short_key_is_hidden_whole_and_only_as_it_is():
    Key("token-abd193")
    Key("ollama7x")
    assert (
        redact("the key token-abd193 of ollama7x, not Token-ABD193 or token-abd")
        == "the key ••• of •••, not Token-ABD193 or token-abd"
    )
    assert streamed("a token-abd193 token-abd194", 1) == "a ••• token-abd194"


@pytest.mark.parametrize(
    "placeholder",
    [
        "sk-no-key-required",
        "not-needed",
        "lm-studio",
        "token-abc123",
        "EMPTY",
        "your_api_key_here",
        "<your-access-token>",
        "sk-1234567890abcdef",
        "sk-xxxxxxxxxxxxxxxx",
        "00000000000000000000",
        "local-development-key",
        "sk-placeholder-not-used",
        "this-key-is-not-required",
        "anything-goes-here",
    ],
)
def test_a_public_placeholder_hides_no_words_of_an_answer(placeholder):
    Key(placeholder)
    text = f"All are required; access 1234567890, a placeholder for development: {placeholder}."
    assert redact(text, strict=True) == text == streamed(text, 3)


@pytest.mark.parametrize(
    "key",
    [
        "sk-no-key-7Qv2mK81",
        "correct-horse-battery-staple",
        "your-key-is-zanzibar",
        "sk-1234567890abcdeg3",
        "abcdefgh-hgfedcba-qwerty",
        "local-9f8e7d6c5b4a",
    ],
)
def test_a_key_with_one_part_of_its_own_is_hidden(key):
    Key(key)
    assert redact(f"it is {key}.") == "it is •••."


def test_a_key_of_words_is_hidden_as_it_is_written():
    Key("the-worker-s-own-key")
    assert (
        redact("it is the-worker-s-own-key, or theworkersownkey, or the-worker-s")
        == "it is •••, or •••, or •••"
    )


def test_what_waits_is_short_and_comes_with_the_next_piece():
    for key in KEYS.values():
        Key(key)
    stream = StreamRedactor()
    given_ = [stream.feed(piece) for piece in ("the sk-", "y ", "is canary", " yellow", "。")]
    assert "".join(given_) == "the sk-y is canary yellow。"
    assert all(
        len("".join(given_[:i]))
        >= len("".join(("the sk-", "y ", "is canary", " yellow", "。")[:i])) - 8
        for i in range(1, 6)
    )


def test_where_nothing_may_wait_seven_characters_are_the_most_that_is_seen():
    key = KEYS["an application's key"]
    Key(key)
    for size in (1, 2, 5, 100):
        assert runs(streamed(f"a {key} b", size, holds_back=False), key) == []


def test_values_are_redacted_whatever_their_shape():
    key = KEYS["a bearer key"]
    Key(key)
    deep = found = {}
    for _ in range(5000):
        found["in"] = [{}]
        found = found["in"][0]
    found[f"name {key}"] = [1, key, {"x": f"<{key}>", "vector": [0.5] * 10}]
    redact_values(deep)
    assert found == {"name •••": [1, "•••", {"x": "<•••>", "vector": [0.5] * 10}]}
    assert redact_values([0.5, key]) == [0.5, "•••"]
    assert redact_values(key) == "•••"


def test_the_data_of_a_picture_stay_but_for_a_whole_key():
    key = KEYS["a bearer key"]
    Key(key)
    noise = base64.b64encode(random.Random(4).randbytes(60_000)).decode()  # noqa: S311
    packed = redact_values(
        {
            "data": [
                {"b64_json": noise + key[:9]},
                {"b64_json": noise + base64.b64encode(key.encode()).decode()},
            ]
        }
    )
    assert packed["data"][0]["b64_json"] == noise + key[:9]
    assert base64.b64encode(key.encode()).decode()[2:-2] not in packed["data"][1]["b64_json"]


@pytest.mark.parametrize("begin", ["", "data:image/jpeg;base64,"], ids=["bare", "data-uri"])
@pytest.mark.parametrize("size", [8, 300], ids=["small", "large"])
@pytest.mark.parametrize("field", ["b64_json", "bytesBase64Encoded", "image", "url"])
def test_a_jpeg_whose_tables_spell_part_of_a_key_stays_whole(field, size, begin):
    Key("sk-Abcdefghij-7Qv2mK81-456789")
    packed = begin + jpeg(size)
    assert redact_values({field: packed}) == {field: packed}
    assert redact_values([packed]) == [packed]


def test_a_key_in_what_only_begins_as_a_picture_is_removed():
    key = KEYS["an application's key"]
    Key(key)
    for text in (f"/9j/4AAQSkZJ {key[:12]}", f"/9j/{key}", f"PDF {key[:9]}", f"QkFB{key[2:12]}"):
        assert runs(redact_values({"image": text})["image"], key) == []


def test_a_key_split_over_the_events_of_a_stream_is_taken_out_of_them():
    key = KEYS["a Qianfan key"]
    Key(key)
    redactor = EventRedactor()
    events = [
        redactor.feed({"id": "x", "choices": [{"delta": {"content": c}}]}) for c in f"a {key} b"
    ]
    assert (
        runs("".join(event["choices"][0]["delta"]["content"] for event in events), key, skip=7)
        == []
    )


@pytest.mark.parametrize(
    "unit", ["a", "sk-CANAR", "Abc9xYz0Qw8eRt7yUi6oPa5", "\\u00", "-", "0123456789", "%41"]
)
def test_it_takes_a_time_that_grows_with_the_text_and_no_faster(unit):
    for key in KEYS.values():
        Key(key)

    def seconds(count):
        text = unit * (count // len(unit))
        best = 9.0
        for _ in range(3):
            began = time.process_time()
            redact(text)
            streamed(text[: count // 10], 7)
            best = min(best, time.process_time() - began)
        return best

    seconds(1000)
    assert seconds(160_000) < 2.6 * seconds(80_000) + 0.02


def test_a_key_in_json_s_own_escapes_is_found(tmp_path):
    key = KEYS["a bearer key"]
    Key(key)
    escaped = "".join(f"\\u{ord(c):04x}" for c in key)
    assert runs(redact(f'{{"message": "{escaped}"}}'), escaped, skip=6) == []
    assert redact_values(json.loads(f'["{escaped}"]')) == ["•••"]


ONE, OTHER = "zq-first-key-0123456789", "bq-other-key-9876543210z"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_of_several_keys_each_is_taken_out_of_a_stream_however_it_is_cut(size):
    Key(ONE)
    Key(OTHER)
    text = f"a {OTHER} z {ONE}{OTHER} zq-firs b"
    redactor = StreamRedactor()
    shown = (
        "".join(redactor.feed(text[i : i + size]) for i in range(0, len(text), size))
        + redactor.flush_remaining()
    )
    assert shown == "a ••• z •••••• zq-firs b"
