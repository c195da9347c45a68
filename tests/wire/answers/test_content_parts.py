"""Parts of an answer that are no words: pictures, sources, and traces of a service's own tools."""

import pytest

from ernie_magic import errors
from tests.wire.chunks import read_body

PAGE = {"url": "http://x/page.html", "title": "t"}


TRACES = {
    "Anthropic's search": [
        {"type": "server_tool_use", "name": "web_search", "input": {"query": "q"}},
        {"type": "web_search_tool_result", "content": [{"type": "web_search_result", **PAGE}]},
    ],
    "Mistral's": [{"type": "tool_reference", "tool": "web_search", **PAGE}],
    "a citation": [{"type": "citation", **PAGE}],
    "OpenAI's citation": [{"type": "url_citation", "url_citation": PAGE}],
    "search results": [{"type": "search_result", "source": PAGE}],
}


@pytest.mark.parametrize("name", TRACES)
def test_parts_that_tell_where_an_answer_comes_from_are_its_sources(name):
    answer = read_body({"content": [{"type": "text", "text": "A"}, *TRACES[name]]})
    assert (answer.text, answer.images) == ("A", ())
    assert [(page["url"], page["title"]) for page in answer.search] == [("http://x/page.html", "t")]
    with pytest.raises(errors.ProtocolError, match="cannot be read"):
        read_body({"content": TRACES[name]})


NO_PICTURES = [
    {"type": "video_url", "video_url": {"url": "http://x/y.mp4"}},
    {"type": "video", "video": "http://x/y.mp4", "image": "http://x/first.png"},
    {"type": "audio_url", "audio_url": {"url": "http://x/y.mp3"}},
    {"type": "file_url", "file_url": {"url": "http://x/y.pdf"}},
    {"type": "file", "file": {"url": "http://x/y"}},
    {"type": "resource", "resource": {"uri": "http://x"}},
    {"type": "card", "url": "http://x/page.html"},
    {"url": "http://x/page.html"},
]


@pytest.mark.parametrize("part", NO_PICTURES, ids=str)
def test_a_link_of_something_else_is_no_picture(part):
    for content in [part], [{"type": "text", "text": "A"}, part]:
        with pytest.raises(errors.ProtocolError, match="cannot be read"):
            read_body({"content": content})


PICTURES = [
    {"type": "image_url", "image_url": {"url": "http://x/y"}},
    {"type": "output_image", "url": "http://x/y"},
    {"image": "http://x/y"},
    {"type": "file", "file": {"url": "http://x/y", "mime_type": "image/png"}},
    {"type": "media", "url": "http://x/y.png?a=1"},
]


@pytest.mark.parametrize("part", PICTURES, ids=str)
def test_a_link_is_a_picture_s_where_something_says_so(part):
    assert read_body({"content": [part]}).images[0].url.startswith("http://x/y")
