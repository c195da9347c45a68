"""What the two forms of the API share."""

import copy
import json

import pytest

from ernie_magic.api.requests import chat_request
from ernie_magic.config.keys import Key
from ernie_magic.wire import openai_style, qianfan_v1
from ernie_magic.wire.answers.usage import usage_of


@pytest.mark.parametrize(
    "found",
    [None, 5, [], {"prompt_tokens": True, "total_tokens": "x"}, {"prompt_tokens_details": 3}],
)
def test_usage_that_is_nonsense_is_nothing(found):
    assert usage_of(found).total_tokens == 0


@pytest.mark.parametrize(
    ("found", "prompt", "cached"),
    [
        # DeepSeek, Moonshot, OpenAI's chats, its Responses
        ({"prompt_tokens": 1000, "prompt_cache_hit_tokens": 900}, 1000, 900),
        ({"prompt_tokens": 1000, "cached_tokens": 900}, 1000, 900),
        ({"prompt_tokens": 1000, "prompt_tokens_details": {"cached_tokens": 900}}, 1000, 900),
        ({"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 900}}, 1000, 900),
        # Anthropic, whose count is of the rest; a gateway to it, whose count is of all
        ({"input_tokens": 50, "cache_read_input_tokens": 900}, 950, 900),
        ({"input_tokens": 50, "cache_creation_input_tokens": 900}, 950, 0),
        ({"prompt_tokens": 1000, "cache_read_input_tokens": 900}, 1000, 900),
        ({"prompt_tokens": 1000, "prompt_cache_hit_tokens": "x", "cached_tokens": -1}, 1000, 0),
    ],
)
def test_tokens_from_a_cache_are_counted_by_whatever_name(found, prompt, cached):
    usage = usage_of({**found, "completion_tokens": 5})
    assert (usage.prompt_tokens, usage.cached_tokens) == (prompt, cached)
    assert usage.total_tokens == prompt + 5


@pytest.mark.parametrize(
    "found",
    [
        {"completion_tokens_details": {"reasoning_tokens": 40}},
        {"output_tokens_details": {"reasoning_tokens": 40}},
        {"reasoning_tokens": 40},
    ],
)
def test_tokens_of_thoughts_are_counted_by_whatever_name(found):
    assert usage_of({"completion_tokens": 50, **found}).reasoning_tokens == 40


PAGE = {"index": 1, "url": "https://a.b/1", "title": "one"}
OTHER = {"index": 2, "url": "https://a.b/2", "title": "two"}


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ([[PAGE]] * 19, [PAGE]),
        ([[PAGE], [PAGE, OTHER], [PAGE, OTHER]], [PAGE, OTHER]),
        ([[PAGE, PAGE]], [PAGE]),
        ([[PAGE], [{**PAGE, "title": "said otherwise"}]], [PAGE]),
        ([[PAGE, {**PAGE, "index": 2}]], [PAGE, {**PAGE, "index": 2}]),  # the text may say ^[2]^
        ([[{"title": "a"}], [{"title": "b"}], [{"title": "a"}]], [{"title": "a"}, {"title": "b"}]),
        ([[{"url": [1]}], [{"url": [1]}]], [{"url": [1]}]),
    ],
)
@pytest.mark.parametrize("form", ["openai", "qianfan-v1", "in the choice"])
def test_a_page_that_each_chunk_repeats_is_found_once(found, kept, form):
    request = chat_request([{"role": "user", "content": "hi"}], model="m", given={})
    make_reader = qianfan_v1.reader if form == "qianfan-v1" else openai_style.reader
    reader = make_reader(request)
    for pages in found:
        copies = [dict(page) for page in pages]
        choice = {"index": 0, "delta": {"content": "x"}}
        if form == "qianfan-v1":
            reader.feed({"result": "x", "search_info": {"search_results": copies}})
        elif form == "openai":
            reader.feed({"choices": [choice], "search_results": copies})
        else:
            reader.feed({"choices": [{**choice, "search_results": copies}]})
    answer = reader.build_answer(partial=False, service="s", seconds=1.0, first_seconds=None)
    assert list(answer.search) == kept
    assert answer.text == "x" * len(found)


# As on https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb, with the nulls that the service sends.
WHOLE_V2 = {
    "id": "as-1",
    "object": "chat.completion",
    "created": 1729503389,
    "model": "m",
    "service_tier": None,
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "name": None,
                "content": "您好",
                "content_type": "text",
                "reasoning_content": None,
                "function_call": None,
            },
            "finish_reason": "normal",
            "flag": 0,
            "logprobs": None,
        },
        {"index": 1, "message": {"role": "assistant", "content": "b"}, "finish_reason": "stop"},
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "other": None},
}
# As on https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf.
WHOLE_V1 = {
    "id": "as-2",
    "object": "chat.completion",
    "created": 1,
    "result": "您好",
    "is_truncated": False,
    "need_clear_history": False,
    "function_call": None,
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}


def answer_from(make_reader, chunks, *, whole=False):
    reader = make_reader(chat_request([{"role": "user", "content": "hi"}], model="m", given={}))
    for chunk in copy.deepcopy(chunks):
        (reader.feed_whole if whole else reader.feed)(chunk)
    return reader.build_answer(partial=False, service="s", seconds=1.0, first_seconds=None)


@pytest.mark.parametrize(
    ("make_reader", "reply"), [(openai_style.reader, WHOLE_V2), (qianfan_v1.reader, WHOLE_V1)]
)
def test_raw_is_a_whole_reply_as_it_came(make_reader, reply):
    answer = answer_from(make_reader, [reply], whole=True)
    assert answer.text == "您好"
    assert json.dumps(answer.raw) == json.dumps(reply)


def test_raw_of_a_stream_has_every_field_of_its_chunks_as_one_reply():
    def chunk(delta, **choice):
        choices = [{"index": 0, "delta": delta, "logprobs": None, **choice}]
        return {"id": "as-1", "model": "m", "service_tier": None, "choices": choices, "usage": None}

    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    role = {"role": "assistant", "name": None, "content_type": None, "content": ""}
    answer = answer_from(
        openai_style.reader,
        [
            chunk({**role, "tool_calls": None}),
            chunk({"reasoning": "hm"}),
            chunk({"content": "您", "content_type": "text"}),
            chunk({"content": "好"}),
            chunk({}, finish_reason="normal", flag=0),
            {"id": "as-1", "service_tier": "default", "choices": [], "usage": usage},
        ],
    )
    assert answer.raw == {
        "id": "as-1",
        "model": "m",
        "service_tier": "default",
        "choices": [
            {
                "index": 0,
                "logprobs": None,
                "finish_reason": "normal",
                "flag": 0,
                "message": {
                    "role": "assistant",
                    "name": None,
                    "content_type": "text",
                    "content": "您好",
                    "tool_calls": None,
                    "reasoning": "hm",
                },
            }
        ],
        "usage": usage,
    }


def test_raw_contains_no_key():
    key = Key("bce-v3/ALTAK-raw0/9f8e7d6c5b4a")
    reply = copy.deepcopy(WHOLE_V2)
    reply["choices"][0]["message"]["name"] = f"sent with {key.reveal()}"
    for whole in (True, False):
        answer = answer_from(openai_style.reader, [reply], whole=whole)
        assert "sent with" in str(answer.raw)
        assert "9f8e7d6c5b4a" not in str(answer.raw)


@pytest.mark.parametrize("make_reader", [openai_style.reader, qianfan_v1.reader])
@pytest.mark.parametrize("place", ["beside the choices", "in the choice"])
@pytest.mark.parametrize(("given", "expected"), [(2, 2), ("-1", -1), (None, None), ("x", None)])
def test_a_round_that_is_banned_is_read_wherever_it_stands(make_reader, place, given, expected):
    chunk = {"result": "x", "choices": [{"index": 0, "delta": {"content": "x"}}]}
    facts = chunk if place == "beside the choices" else chunk["choices"][0]
    if make_reader is qianfan_v1.reader:
        facts = chunk
    facts |= {"flag": 3, "ban_round": given}
    assert answer_from(make_reader, [chunk]).ban_round == expected
