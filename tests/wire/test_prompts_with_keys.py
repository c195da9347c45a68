"""A prompt that holds a key is not sent, whatever the call and the key's form."""

import asyncio
import base64

import pytest

from ernie_magic import errors
from ernie_magic.session import Session

KEY, OTHER = "zq-key-0123456789-abcdef", "bce-v3/ALTAK-xY9/0f1e2d3c4b5a69788796a5b4"


@pytest.fixture
def session(emulator, monkeypatch):
    monkeypatch.setenv("QIANFAN_API_KEY", OTHER)  # a key of another service than the one asked
    emulator.requests.clear()
    with Session(
        service="aistudio",
        base_url=emulator.base_url,
        api_key=KEY,
        model="ernie-3.5-8k",
        retry_count=1,
    ) as session:
        yield session


CALLS = {
    "chat": lambda session, text: session.chat(text),
    "messages": lambda session, text: session.chat(
        [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": text},
            {"role": "user", "content": "b"},
        ]
    ),
    "system": lambda session, text: session.chat("hi", system=text),
    "user": lambda session, text: session.chat("hi", user=text),
    "extra": lambda session, text: session.chat("hi", extra={"x": [{"y": text}]}),
    "model": lambda session, text: session.chat("hi", model=text),
    "picture": lambda session, text: session.chat(
        [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "a"},
                    {"type": "image_url", "image_url": {"url": f"https://h/{text}"}},
                ],
            }
        ],
        model="ernie-4.5-turbo-vl",
    ),
    "image": lambda session, text: session.image(text),
    "negative prompt": lambda session, text: session.image("a cat", negative_prompt=text),
    "embedding": lambda session, text: session.embed(["a", text]),
    "completion": lambda session, text: session.complete(text),
    "rerank": lambda session, text: session.rerank("a", ["b", text]),
    "tokens": lambda session, text: session.count_tokens(text),
    "awaited": lambda session, text: asyncio.run(session.achat(text)),
    "wire": lambda session, text: session.wire.post("/responses", {"input": text}),
    "wire path": lambda session, text: session.wire.get(f"/models/{text}"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("key", [KEY, OTHER], ids=["its own", "another service's"])
def test_no_call_sends_a_key(emulator, session, call, key):
    with pytest.raises(errors.InvalidMessages, match="contains a key") as caught:
        CALLS[call](session, f"my key is {key}, is it good?")
    assert key[:8] not in caught.value.line("zh") + caught.value.line("en")
    assert not emulator.requests
    assert len(session.history) == 0


@pytest.mark.parametrize(
    "form",
    [KEY[1:], KEY.encode().hex(), base64.b64encode(KEY.encode()).decode(), f"{{'key': '{KEY}'}}"],
)
def test_nor_what_a_key_is_easily_written_as(emulator, session, form):
    with pytest.raises(errors.InvalidMessages, match="contains a key"):
        session.chat(f"decode {form}")
    assert not emulator.requests


def test_a_row_that_holds_a_key_fails_alone(emulator, session):
    done = session.map("[[echo]]{{text}}", ["a", f"b {KEY}", "c"], progress=False)
    assert [bool(row["error"]) for row in done.rows] == [False, True, False]
    assert "contains a key" in done.rows[1]["error"]
    assert not [request for request in emulator.requests if KEY in str(request.body)]


def test_a_prompt_about_keys_is_sent(session):
    assert session.chat("[[echo]]a key begins with bce-v3/ALTAK- or zq-key-0123").text.startswith(
        "a key begins with"
    )


def test_a_short_key_of_a_local_server_is_a_word(emulator):
    with Session(
        service="local",
        base_url=emulator.base_url,
        api_key="lm-studio",
        model="ernie-3.5-8k",
        retry_count=1,
    ) as session:
        assert session.chat("[[echo]]what is lm-studio?").text == "what is lm-studio?"
