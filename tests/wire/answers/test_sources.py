"""The pages that an answer was made from, wherever a service tells of them."""

import pytest

from ernie_magic.config.keys import Key
from ernie_magic.wire import openai_style
from ernie_magic.wire.reading import check_whole_reply
from tests.wire.chunks import REQUEST

A, B = "https://a.example/x", "https://b.example/?q=1&r=2"


def cited(url, **others):
    return {"type": "url_citation", "url_citation": {"url": url, **others}}


# What stands beside the choices, in the choice, and in the message or delta.
TOLD = {
    # https://docs.bigmodel.cn/api-reference/模型-api/对话补全
    "Zhipu": (
        {
            "web_search": [
                {"title": "T", "link": A, "media": "M", "refer": "ref_1", "content": "c"},
                {
                    "title": "U",
                    "link": B,
                    "media": "M",
                    "refer": "ref_2",
                    "icon": "https://i.example",
                },
            ]
        },
        {},
        {},
    ),
    "Volcengine": (
        {
            "references": [
                {"url": A, "title": "T", "site_name": "S", "logo_url": "https://l.example"},
                {"url": B, "title": "U", "cover_image": {"url": "https://c.example/1.png"}},
            ]
        },
        {},
        {},
    ),
    # https://openrouter.ai/docs/features/web-search
    "OpenAI and OpenRouter": (
        {},
        {},
        {
            "annotations": [
                cited(A, title="T", content="c", start_index=1, end_index=5),
                cited(A, title="T", content="c", start_index=9, end_index=12),
                cited(B, title="U", start_index=3, end_index=4),
            ]
        },
    ),
    "xAI": ({"citations": [A, A, B]}, {}, {}),
    "Perplexity": (
        {
            "citations": [A, B],
            "search_results": [
                {"title": "T", "url": A, "date": "2025-01-01", "last_updated": None},
                {"title": "U", "url": B, "snippet": "s"},
            ],
            "images": [{"image_url": "https://i.example/1.png", "origin_url": "https://o.example"}],
            "related_questions": ["https://q.example ?"],
        },
        {},
        {},
    ),
    # https://console.groq.com/docs/web-search
    "Groq": (
        {},
        {},
        {
            "executed_tools": [
                {
                    "index": 0,
                    "type": "search",
                    "arguments": '{"query": "q"}',
                    "output": "Title: T",
                    "search_results": {
                        "results": [
                            {"title": "T", "url": A, "content": "c", "score": 0.9},
                            {"title": "U", "url": B, "content": "d", "score": 0.8},
                        ],
                        "images": ["https://i.example/1.png"],
                    },
                }
            ]
        },
    ),
    # https://ai.google.dev/gemini-api/docs/google-search
    "Gemini": (
        {},
        {
            "groundingMetadata": {
                "webSearchQueries": ["https://q.example"],
                "searchEntryPoint": {"renderedContent": "<a href='https://g.example'>"},
                "groundingChunks": [
                    {"web": {"uri": A, "title": "T"}},
                    {"web": {"uri": B, "title": "U"}},
                ],
                "groundingSupports": [{"groundingChunkIndices": [0]}],
            }
        },
        {},
    ),
    "LiteLLM": (
        {},
        {},
        {
            "provider_specific_fields": {
                "citations": [[{"type": "web_search_result_location", "url": A, "title": "T"}]],
                "web_search_results": [{"type": "web_search_result", "url": B, "title": "U"}],
            }
        },
    ),
    "DashScope": (
        {
            "search_info": {
                "search_results": [
                    {
                        "site_name": "S",
                        "icon": "https://i.example",
                        "index": 1,
                        "title": "T",
                        "url": A,
                    },
                    {"site_name": "S", "icon": "", "index": 2, "title": "U", "url": B},
                ]
            }
        },
        {},
        {},
    ),
    "Azure": (
        {},
        {},
        {
            "context": {
                "citations": [{"title": "T", "url": A, "content": "c"}, {"title": "U", "url": B}]
            }
        },
    ),
    "Cohere": (
        {},
        {},
        {
            "citations": [
                {
                    "start": 1,
                    "sources": [{"type": "document", "document": {"title": "T", "url": A}}],
                },
                {
                    "start": 2,
                    "sources": [{"type": "document", "document": {"name": "U", "url": B}}],
                },
            ]
        },
    ),
    "Bing's names": (
        {
            "httpResult": {
                "data": {"webPages": {"value": [{"name": "T", "url": A}, {"name": "U", "url": B}]}}
            }
        },
        {},
        {},
    ),
    "parts of Mistral's agents": (
        {},
        {},
        {
            "content": [
                {"type": "text", "text": "hi"},
                {
                    "type": "tool_reference",
                    "tool": "web_search",
                    "title": "T",
                    "url": A,
                    "source": "brave",
                },
                {"type": "reference", "reference_ids": [1]},
                {"type": "tool_reference", "tool": "web_search", "title": "U", "url": B},
            ]
        },
    ),
    "parts of Anthropic's": (
        {},
        {},
        {
            "content": [
                {
                    "type": "web_search_tool_result",
                    "content": [
                        {"type": "web_search_result", "url": B, "title": "U", "page_age": "1"}
                    ],
                },
                {
                    "type": "text",
                    "text": "hi",
                    "citations": [{"type": "web_search_result_location", "url": A, "title": "T"}],
                },
            ]
        },
    ),
}


TOLD |= {
    # https://cloud.baidu.com/doc/qianfan-api/s/em82g4tlk
    "Baidu AI search": (
        {
            "references": [
                {"id": 1, "title": "T", "url": A, "web_anchor": "a", "type": "web"},
                {
                    "id": 2,
                    "title": "U",
                    "url": B,
                    "type": "video",
                    "video": {"url": "https://v.example"},
                },
            ]
        },
        {},
        {},
    ),
    # https://cloud.tencent.com/document/product/1729/105701
    "Hunyuan": (
        {
            "search_info": {
                "search_results": [
                    {"index": 1, "title": "T", "url": A},
                    {"index": 2, "title": "U", "url": B},
                ],
                "mindmap": {"thumb_url": "https://m.example/1.png", "url": "https://m.example/2"},
                "relevant_entities": [{"name": "E", "content": ["x"], "referred": [1]}],
            }
        },
        {},
        {},
    ),
    "flat citations": (
        {},
        {},
        {
            "annotations": [
                {"type": "url_citation", "title": "T", "url": A, "logo_url": "https://l.example"},
                {
                    "type": "url_citation",
                    "title": "U",
                    "url": B,
                    "cover_image": {"url": "https://c.example"},
                },
            ]
        },
    ),
    # https://exa.ai/docs/reference/openai
    "Exa": (
        {
            "citations": [
                {"id": A, "url": A, "title": "T", "text": "t"},
                {"id": B, "url": B, "title": "U"},
            ]
        },
        {},
        {},
    ),
}


def whole(beside, choice, message):
    return {
        "id": "x",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "hi", **message},
                **choice,
                "finish_reason": "stop",
            }
        ],
        **beside,
    }


def streamed(beside, choice, delta):
    """Each piece has all of it once more."""
    text = {"content": "h"}
    yield {"id": "x", "choices": [{"index": 0, "delta": {**text, **delta}, **choice}], **beside}
    repeated = {name: value for name, value in delta.items() if name != "content"}
    yield {
        "id": "x",
        "choices": [{"index": 0, "delta": {"content": "", **repeated}, **choice}],
        **beside,
    }
    yield {"id": "x", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], **beside}


def read_whole(told):
    reader = openai_style.reader(REQUEST)
    check_whole_reply(reader, whole(*told), 200)
    return build(reader)


def build(reader):
    return reader.build_answer(partial=False, service="s", seconds=1.0, first_seconds=None)


@pytest.mark.parametrize("service", TOLD)
def test_each_source_is_found_once_with_its_title(service):
    answer = read_whole(TOLD[service])
    assert answer.text == "hi"
    assert not answer.images
    titles = {A: "T", B: "U"}
    if service == "xAI":
        titles = {A: None, B: None}
    found = [(page["url"], page.get("title")) for page in answer.search]
    assert sorted(found, key=str) == sorted(titles.items())


@pytest.mark.parametrize("service", TOLD)
def test_a_stream_s_sources_are_those_of_a_whole_reply(service):
    reader = openai_style.reader(REQUEST)
    for chunk in streamed(*TOLD[service]):
        reader.feed(chunk)
    assert list(build(reader).search) == list(read_whole(TOLD[service]).search)


@pytest.mark.parametrize(
    ("beside", "message"),
    [
        ({}, {"annotations": []}),
        ({"citations": None, "search_results": None}, {}),
        ({"citations": ["1", 2, None, {}]}, {}),
        ({"provider": "https://p.example", "link": "https://l.example"}, {}),
        ({"service": {"url": "https://s.example", "name": "S"}}, {}),
        ({"links": {"self": "https://s.example"}}, {}),
        (
            {"web_search": {"count": 1}},
            {"annotations": [{"type": "file_citation", "file_id": "f"}]},
        ),
        ({"search_images": [{"url": "https://i.example/1.png"}]}, {}),
        ({"reference_images": ["https://i.example/1.png"]}, {}),
        ({"references": [{"type": "image", "url": "https://i.example/1.png"}]}, {}),
        ({"references": ["javascript:alert(1)", {"url": "doc.pdf"}]}, {}),
        (
            {},
            {
                "annotations": [
                    {
                        "type": "file",
                        "file": {"content": [{"type": "image_url", "image_url": {"url": A}}]},
                    }
                ]
            },
        ),
    ],
)
def test_what_is_no_source_is_none(beside, message):
    answer = read_whole((beside, {}, message))
    assert (answer.text, list(answer.search)) == ("hi", [])


def test_a_source_keeps_what_the_service_says_of_it():
    [first, _] = read_whole(TOLD["Zhipu"]).search
    assert first == {
        "title": "T",
        "link": A,
        "url": A,
        "media": "M",
        "refer": "ref_1",
        "content": "c",
    }
    # A page of which more becomes known keeps its place.
    reader = openai_style.reader(REQUEST)
    for beside in ({"citations": [A, B]}, {"search_results": [{"url": B, "title": "U"}]}):
        reader.feed({"choices": [{"index": 0, "delta": {"content": "x"}}], **beside})
    assert list(build(reader).search) == [{"url": A}, {"url": B, "title": "U"}]


@pytest.mark.parametrize(
    ("beside", "message"),
    [
        # Zhipu's link may be empty; a file of one's own on Azure has none.
        ({"web_search": [{"title": "T", "link": "", "content": "c", "refer": "ref_1"}]}, {}),
        (
            {},
            {
                "context": {
                    "citations": [{"title": "T", "url": None, "filepath": "a.md", "content": "c"}]
                }
            },
        ),
    ],
)
def test_a_source_without_an_address_has_its_title_and_words(beside, message):
    [page] = read_whole((beside, {}, message)).search
    assert (page["title"], page["content"]) == ("T", "c")


def test_a_key_in_a_source_is_not_kept():
    key = Key("bce-v3/ALTAK-raw0/9f8e7d6c5b4a")
    answer = read_whole(({"citations": [f"https://a.example/?token={key.reveal()}"]}, {}, {}))
    assert len(answer.search) == 1
    assert key.reveal() not in repr(answer.search)


def test_many_and_deep_sources_are_bounded():
    deep = {"url": A}
    for _ in range(60):
        deep = {"sources": [deep]}
    many = [f"https://a.example/{i}" for i in range(3000)]
    answer = read_whole(({"references": deep, "citations": many}, {}, {}))
    assert len(answer.search) == 1000
    assert {"url": A} not in answer.search
