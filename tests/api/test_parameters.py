"""The parameter table: what each option accepts, and what its errors say."""

import json
import math
from typing import Literal

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ernie_magic.api import parameters
from ernie_magic.api.parameter import Rules
from ernie_magic.errors import InvalidOption

CHAT = parameters.parameters_of("chat")

# The chat parameters of each service's API page.
DOCUMENTED = {
    "AI Studio": [
        "model",
        "temperature",
        "top_p",
        "penalty_score",
        "max_completion_tokens",
        "stop",
        "seed",
        "frequency_penalty",
        "presence_penalty",
        "response_format",
    ],
    "Qianfan V2": [
        "stream_options",
        "user",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "retry_count",
        "request_timeout",
        "backoff_factor",
    ],
    "Qianfan V2, today": [
        "max_tokens",
        "reasoning_effort",
        "enable_thinking",
        "thinking",
        "thinking_budget",
        "thinking_strategy",
        "repetition_penalty",
    ],
    "Qianfan V1, ERNIE-Speed-8K": ["min_output_tokens", "max_output_tokens", "user_id", "metadata"],
    "Qianfan V1, Dolly-12B": ["top_k"],
    "Qianfan V1, functions": ["functions"],
}


@pytest.mark.parametrize("source", DOCUMENTED)
def test_the_documents_chat_parameters_are_all_in_the_table_under_their_names(source):
    assert [
        name for name in DOCUMENTED[source] if parameters.canonical_name(name, "chat") not in CHAT
    ] == []


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("temperature", 1, 1.0),
        ("temperature", 0.01, 0.01),
        ("top_p", 0, 0.0),
        ("penalty_score", 2, 2.0),
        ("max_completion_tokens", 2, 2),
        ("max_completion_tokens", 2048.0, 2048),
        ("seed", 1, 1),
        ("stop", "。", ["。"]),
        ("stop", ("a", "b"), ["a", "b"]),
        ("stop", '["a","b"]', ["a", "b"]),
        ("stop", "['a', '\\n']", ["a", "\n"]),
        ("stop", "[]", ["[]"]),
        ("stop", ["[]", '["a"]'], ["[]", '["a"]']),
        ("response_format", '{"type": "json_object"}', {"type": "json_object"}),
        ("response_format", "json_object", {"type": "json_object"}),
        ("response_format", {"type": "text"}, {"type": "text"}),
        ("user", "u1", "u1"),
    ],
)
def test_values_in_range_are_sent_in_the_api_s_form(name, value, sent):
    assert CHAT[name].check_value(value, "ernie-3.5-8k") == sent


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0),
        ("temperature", 1.01),
        ("temperature", math.nan),
        ("temperature", True),
        ("temperature", "0.5"),
        ("top_p", -0.1),
        ("penalty_score", 0.9),
        ("max_completion_tokens", 1),
        ("max_completion_tokens", 2049),
        ("max_completion_tokens", 2.5),
        ("seed", 0),
        ("seed", 2_147_483_647),
        ("stop", ["a"] * 5),
        ("stop", ["x" * 21]),
        ("stop", [""]),
        ("stop", 3),
        ("response_format", "xml"),
        ("user", 5),
    ],
)
def test_values_out_of_range_are_refused_with_the_option_s_name(name, value):
    with pytest.raises(InvalidOption) as caught:
        CHAT[name].check_value(value, "ernie-3.5-8k")
    assert name in caught.value.line("en")
    assert name in caught.value.line("zh")


def test_the_error_names_option_value_and_range_in_both_languages():
    with pytest.raises(InvalidOption) as caught:
        CHAT["top_p"].check_value(1.5)
    assert caught.value.line("en") == (
        "top_p 1.5 is out of range [0.0, 1.0]. What to do: use at most 1.0, or leave it out."
    )
    assert caught.value.line("zh") == (
        "top_p 的值 1.5 超出范围 [0.0, 1.0]。怎么办：最大 1.0；不写则用默认值。"
    )


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("temperature", -1, "use more than 0.0"),
        ("temperature", 2, "use at most 1.0"),
        ("top_p", -0.1, "use at least 0.0"),
        ("max_tokens", 10**6, "use at most 65536"),
        ("seed", 2**31 - 1, "use less than 2147483647"),
        ("reasoning_effort", "hihg", "did you mean high?"),
        ("reasoning_effort", "bogus", "choose one of them"),
        ("thinking", "enable", "did you mean enabled?"),
    ],
)
def test_an_error_of_range_says_what_to_do(name, value, advice):
    with pytest.raises(InvalidOption) as caught:
        CHAT[name].check_value(value, "ernie-5.1")
    assert f"What to do: {advice}" in caught.value.line("en")


def test_temperature_zero_is_told_what_to_do_instead():
    with pytest.raises(InvalidOption, match=r"use 0\.01"):
        CHAT["temperature"].check_value(0)


def test_penalties_are_only_for_the_models_the_seed_names():
    with pytest.raises(InvalidOption, match="ernie-speed-8k"):
        CHAT["frequency_penalty"].check_value(0.5, "ernie-3.5-8k")
    assert CHAT["frequency_penalty"].check_value(0.5, "ernie-speed-8k") == 0.5
    assert CHAT["frequency_penalty"].check_value(0.5, "a-model-nobody-knows") == 0.5


def test_the_catalogue_widens_the_range_for_newer_models_and_the_service_judges_unknown_ones():
    assert CHAT["max_completion_tokens"].check_value(12_288, "ernie-4.5-turbo-128k") == 12_288
    assert CHAT["max_completion_tokens"].check_value(1_000_000, "a-model-nobody-knows") == 1_000_000


def test_a_wrong_choice_names_the_nearest():
    with pytest.raises(InvalidOption, match="did you mean Anime"):
        parameters.parameters_of("image")["style"].check_value("Anmie")


def test_an_unknown_name_names_the_nearest():
    assert "did you mean temperature" in parameters.unknown_option("temprature", CHAT).line("en")
    for other, ours in (("max_retries", "retry_count"), ("timeout", "request_timeout")):
        assert parameters.unknown_option(other, CHAT).line("en") == (
            f"no option {other}. What to do: did you mean {ours}?"
        )


@pytest.mark.parametrize(
    ("size", "nearest"),
    [
        ("500x500", "768x768, 1024x1024"),
        ("1920x1080", "2048x1152, "),
        ("800x600", "1024x768, "),
        ("100x2000", "576x1024, "),
        ("9000x9000", "2048x2048, "),
    ],
)
def test_a_size_that_is_not_offered_is_told_the_nearest(size, nearest):
    with pytest.raises(InvalidOption, match=f"What to do: nearest sizes: {nearest}"):
        parameters.parameters_of("image")["size"].check_value(size, "Stable-Diffusion-XL")


def test_a_limit_that_depends_on_the_model_is_told_only_for_a_model():
    length = CHAT["max_completion_tokens"]
    assert length.format_range() == "[2, …]"
    assert length.format_range("ernie-4.5-turbo-128k") == "[2, 12288]"


@given(st.floats(min_value=0, max_value=1, exclude_min=True))
def test_any_temperature_in_range_survives_its_own_text(value):
    assert CHAT["temperature"].check_value(CHAT["temperature"].parse_text(repr(value))) == value


@given(st.text())
def test_parse_never_fails_with_anything_but_our_own_error(text):
    for parameter in CHAT.values():
        try:
            parameter.check_value(parameter.parse_text(text))
        except InvalidOption as error:
            assert "\n" not in error.line("en")  # noqa: PT017  (any outcome is fine, but for this)


def test_choices_and_sizes_are_understood_however_they_are_written():
    assert parameters.parameters_of("image")["style"].check_value("pixel art") == "Pixel Art"
    size = parameters.parameters_of("image")["size"]
    assert [
        size.check_value(given) for given in ("1024", 1024, "1024,768", "1024×768", (768, 768))
    ] == [
        "1024x1024",
        "1024x1024",
        "1024x768",
        "1024x768",
        "768x768",
    ]
    with pytest.raises(InvalidOption, match=r"write 1024x1024; choices: 1024x1024 \| 768x768"):
        size.check_value("16:9", "Stable-Diffusion-XL")
    assert parameters.parameters_of("image")["use_pe"].parse_text("关") is False


@pytest.mark.parametrize(
    ("name", "given", "sent"),
    [
        ("max_tokens", 1, 1),
        ("max_tokens", 65_536, 65_536),
        ("thinking_budget", 100, 100),
        ("reasoning_effort", "High", "high"),
        ("reasoning_effort", "xhigh", "xhigh"),
        ("thinking_strategy", "short_think", "short_think"),
        ("thinking", True, {"type": "enabled"}),
        ("thinking", "disabled", {"type": "disabled"}),
        (
            "thinking",
            {"type": "enabled", "budget_tokens": 9},
            {"type": "enabled", "budget_tokens": 9},
        ),
        ("repetition_penalty", 1.05, 1.05),
    ],
)
def test_today_s_parameters_are_sent_in_the_api_s_form(name, given, sent):
    assert CHAT[name].check_value(given, "ernie-5.1") == sent
    assert CHAT[name].check_value(CHAT[name].parse_text(typed(given)), "ernie-5.1") == sent


def typed(value):
    """A value as it is typed after an option."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return json.dumps(value) if isinstance(value, dict) else str(value)


@pytest.mark.parametrize(
    ("name", "given", "sent"),
    [
        ("web_search", "on", {"enable": True}),
        ("web_search", "Off", {"enable": False}),
        ("web_search", '{"enable": true}', {"enable": True}),
        ("thinking", "on", {"type": "enabled"}),
        ("thinking", "off", {"type": "disabled"}),
        ("thinking", '{"type": "enabled"}', {"type": "enabled"}),
        ("enable_thinking", "on", True),
        ("parallel_tool_calls", "off", False),
        ("tool_choice", '{"type": "function"}', {"type": "function"}),
    ],
)
def test_python_takes_what_an_error_lists(name, given, sent):
    assert CHAT[name].check_value(given, "ernie-5.1") == sent


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", 0),
        ("max_tokens", 65_537),
        ("thinking_budget", 99),
        ("reasoning_effort", ""),
        ("thinking_strategy", "think_hard"),
        ("thinking", 5),
        ("thinking", "{"),
        ("repetition_penalty", 0),
        ("user", ""),
        ("user", " \n"),
    ],
)
def test_today_s_parameters_have_rules_too(name, value):
    with pytest.raises(InvalidOption, match=name):
        CHAT[name].check_value(value, "ernie-5.1")


@pytest.mark.parametrize(
    "name", ["thinking_budget", "reasoning_effort", "thinking_strategy", "thinking"]
)
def test_how_to_think_is_for_models_that_do(name):
    value = {"thinking_budget": 200, "thinking_strategy": "short_think"}.get(name, "low")
    with pytest.raises(InvalidOption, match=r"use one of: ernie-5\.1"):
        CHAT[name].check_value(value, "ernie-3.5-8k")
    assert CHAT[name].check_value(value, "deepseek-v4-pro")


@pytest.mark.parametrize("value", ["cat", "猫.png", "C:\\cat.png", "file:///cat.png", "https://"])
def test_a_picture_that_a_service_fetches_needs_an_address(value):
    with pytest.raises(InvalidOption, match="requires the address of a picture"):
        parameters.parameters_of("image")["refer_image"].check_value(value, "irag-1.0")


def test_a_picture_s_reference_and_extended_prompt_are_for_the_models_that_take_them():
    image = parameters.parameters_of("image")
    assert image["refer_image"].check_value("https://e.com/a.png", "irag-1.0")
    with pytest.raises(InvalidOption, match=r"use one of: irag-1\.0"):
        image["refer_image"].check_value("https://e.com/a.png", "ERNIE-Image-Turbo")
    assert image["prompt_extend"].check_value(False, "qwen-image") is False
    with pytest.raises(InvalidOption, match=r"leave it out\.$"):
        image["prompt_extend"].check_value(True, "Stable-Diffusion-XL")


def test_what_a_call_sets_for_itself_is_in_each_kind_of_call_and_tells_the_documents_default():
    for kind in ("chat", "image", "embedding", "rerank"):
        table = parameters.parameters_of(kind)
        for name, documented in (
            ("retry_count", 1),
            ("request_timeout", 60),
            ("backoff_factor", 0),
        ):
            assert f"({documented} in the API's pages)" in table[name].help.en
            assert f"（API 文档为 {documented}）" in table[name].help.zh


@pytest.mark.parametrize(
    ("rules", "sent"),
    [
        (Rules(protocol="openai"), {"temperature": 0.5}),
        (Rules(protocol="qianfan-v1"), {"temperature": 0.5, "disable_search": True}),
        (Rules(strict=False), {"temperature": 0.5, "disable_search": True}),
    ],
    ids=["V2", "V1", "a server of one's own"],
)
def test_a_call_s_parameters_go_before_a_session_s_and_none_of_another_protocol_is_sent(
    rules, sent
):
    kept = {"temperature": 0.2, "disable_search": True}
    own = {"temperature": 0.5, "disable_search": None}
    assert parameters.merge_parameters("chat", kept, own, rules) == sent


@pytest.mark.parametrize(
    ("kind", "name", "value", "told"),
    [
        (
            "chat",
            "temperature",
            "hot",
            "temperature 'hot' is not a number. What to do: for example ",
        ),
        ("chat", "seed", "x", "seed 'x' is not a whole number. What to do: for example --seed 42."),
        ("chat", "max_tokens", [], "max_tokens '[]' is not a whole number. What to do: for"),
        ("chat", "reasoning_effort", 3, "reasoning_effort '3' is not text. What to do: for"),
        (
            "image",
            "size",
            "12x",
            "size '12x' is not a size (width x height in pixels). What to do:",
        ),
        ("image", "n", "two", "n 'two' is not a whole number. What to do: for example -n 1."),
        ("chat", "web_search", "x", "web_search 'x' is not a JSON object: on | off"),
    ],
)
def test_a_range_is_told_only_of_a_service_whose_it_is(kind, name, value, told):
    parameter = parameters.parameters_of(kind)[name]
    with pytest.raises(InvalidOption) as elsewhere:
        parameter.check_value(value, "some-model", strict=False)
    assert elsewhere.value.line("en").startswith(told)
    assert "1536x1536" not in elsewhere.value.line("en")
    with pytest.raises(InvalidOption) as documented:
        parameter.check_value(value, "ernie-3.5-8k")
    assert name == "web_search" or len(documented.value.line("en")) > len(
        elsewhere.value.line("en")
    )


@pytest.mark.parametrize("size", ["2K", "auto", "16:9", "portrait_4_3"])
def test_a_server_of_others_may_have_words_for_a_size(size):
    parameter = parameters.parameters_of("image")["size"]
    assert parameter.check_value(size, "doubao-seedream-4-0", strict=False) == size
    with pytest.raises(InvalidOption, match="is not a size"):
        parameter.check_value(size, "Stable-Diffusion-XL")


class City(pydantic.BaseModel):
    name: str


SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}}


@pytest.mark.parametrize(
    ("given", "name", "schema"),
    [
        (SCHEMA, "answer", SCHEMA),
        ({"name": "city", "schema": SCHEMA}, "city", SCHEMA),
        ({"schema": SCHEMA}, "answer", SCHEMA),
        ({"json_schema": {"name": "city", "schema": SCHEMA}}, "city", SCHEMA),
        (City, "City", City.model_json_schema()),
        (City(name="x"), "City", City.model_json_schema()),
        *(
            (schema, "answer", schema)
            for schema in (
                {"type": "object"},
                {"type": "array"},
                {"type": "string", "enum": ["a", "b"]},
                {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                {"$defs": {"x": SCHEMA}, "$ref": "#/$defs/x"},
            )
        ),
    ],
)
def test_a_schema_alone_is_a_format(given, name, schema):
    parameter = parameters.parameters_of("chat")["response_format"]
    made = parameter.check_value(given, "ernie-4.5-turbo-128k")
    assert made == {"type": "json_schema", "json_schema": {"name": name, "schema": schema}}


@pytest.mark.parametrize("given", [list[int], Literal["a", "b"], "name, n:int", dict], ids=str)
def test_what_is_no_format_is_told_which_classes_and_schemas_are(given):
    parameter = parameters.parameters_of("chat")["response_format"]
    with pytest.raises(InvalidOption, match=r"pydantic\.TypeAdapter\(TYPE\)\.json_schema"):
        parameter.check_value(given, "llama", strict=False)


def test_a_server_of_others_may_have_formats_of_its_own():
    parameter = parameters.parameters_of("chat")["response_format"]
    grammar = {"type": "grammar", "value": "root ::= 'a'"}
    assert parameter.check_value(grammar, "llama", strict=False) == grammar
    with pytest.raises(InvalidOption, match="is not one of"):
        parameter.check_value(grammar, "ernie-4.5-turbo-128k")
