"""What the two forms of the API share."""

import pytest

from ernie_magic.api.requests import chat_request
from ernie_magic.wire import openai_style, protocol, qianfan_v1


@pytest.mark.parametrize(
    "found",
    [None, 5, [], {"prompt_tokens": True, "total_tokens": "x"}, {"prompt_tokens_details": 3}],
)
def test_usage_that_is_nonsense_is_nothing(found):
    assert protocol.usage_of(found).total_tokens == 0


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
