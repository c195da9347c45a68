"""Every example of AI Studio's page, with the official `openai` client, against the emulator.

The page: "大模型 API" (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns).
"""

import asyncio
import base64
import io
import json
from datetime import date, datetime, time, timedelta, timezone
from uuid import UUID

import httpx
import pytest
from PIL import Image
from pydantic import AnyUrl, BaseModel, Field

SYSTEM = {
    "role": "system",
    "content": "你是 AI Studio 实训AI开发平台的开发者助理,你精通开发相关的知识,负责给开发者提供搜索帮助建议。",
}
HELLO = {"role": "user", "content": "你好,请介绍一下AI Studio"}


@pytest.fixture(scope="module")
def openai():
    """The official client: its import takes a second, which only the worker that runs these pays."""
    import openai

    return openai


@pytest.fixture
def client(openai, emulator):
    with openai.OpenAI(
        api_key="any-key-will-do", base_url=emulator.base_url, max_retries=0
    ) as client:
        yield client


def test_chat(client):
    completion = client.chat.completions.create(messages=[SYSTEM, HELLO], model="ernie-3.5-8k")
    assert "模拟" in completion.choices[0].message.content
    assert completion.choices[0].finish_reason == "normal"
    assert (
        completion.usage.total_tokens
        == completion.usage.prompt_tokens + completion.usage.completion_tokens
    )
    assert completion.object == "chat.completion"
    assert completion.id.startswith("as-")


def test_chat_of_several_turns(client):
    messages = [SYSTEM]
    for question in ("北京有什么好吃的?", "我刚才问了什么?"):
        messages.append({"role": "user", "content": question})
        answer = (
            client.chat.completions.create(model="ernie-3.5-8k", messages=messages)
            .choices[0]
            .message.content
        )
        messages.append({"role": "assistant", "content": answer})
    assert "北京有什么好吃的" in answer


def test_chat_streamed(client):
    completion = client.chat.completions.create(
        model="ernie-3.5-8k", messages=[SYSTEM, HELLO], stream=True
    )
    chunks = list(completion)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert "模拟" in text
    assert len(chunks) > 10
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1].usage.total_tokens > 0
    assert chunks[-1].choices[0].finish_reason == "normal"


@pytest.fixture(params=["AI Studio", "Qianfan V2"])
def either(request, openai, emulator):
    """The official client, on each of the two services."""
    base_url = {"AI Studio": emulator.base_url, "Qianfan V2": f"{emulator.url}/v2"}[request.param]
    with openai.OpenAI(api_key="any-key-will-do", base_url=base_url, max_retries=0) as client:
        yield client


class Customer(BaseModel):
    """What a structured answer or a tool's arguments hold."""

    customer_name: str
    employees: int | None
    branches: list["Customer"]


PROMPT = "Create a customer named 'こんにちは株式会社🎉' with 4 employees"
STREAMED = {
    "text": ("[[echo]]hi there", {}),
    "thoughts": ("[[reasoning]][[echo]]hi", {}),
    "nothing": ("[[echo]]", {}),
    "a structured answer": (PROMPT, {"response_format": Customer}),
    "a tool call": (PROMPT, {"tools": [Customer], "tool_choice": "required"}),
}


@pytest.mark.parametrize("kind", STREAMED)
def test_the_stream_helper_of_the_official_client_gathers_a_whole_answer(openai, either, kind):
    prompt, given = STREAMED[kind]
    if "tools" in given:
        tools = [openai.pydantic_function_tool(tool) for tool in given["tools"]]
        given = {**given, "tools": tools}
    with either.chat.completions.stream(
        model="ernie-4.5-turbo-128k", messages=[{"role": "user", "content": prompt}], **given
    ) as stream:
        chunks = [event.chunk for event in stream if event.type == "chunk"]
        completion = stream.get_final_completion()
    roles = [chunk.choices[0].delta.role for chunk in chunks]
    assert roles == ["assistant"] + [None] * (len(chunks) - 1)
    message = completion.choices[0].message
    assert message.role == "assistant"
    facts = {"customer_name": "こんにちは株式会社🎉", "employees": 4}
    expected = Customer(**facts, branches=[Customer(**facts, branches=[])])
    if kind == "a structured answer":
        assert message.parsed == expected
    elif kind == "a tool call":
        assert message.tool_calls[0].function.parsed_arguments == expected
    else:
        assert message.content == {"text": "hi there", "thoughts": "hi", "nothing": ""}[kind]


def read_frames(base_url, **given):
    """The events of a stream, as they are on the wire."""
    response = httpx.post(
        f"{base_url}/chat/completions",
        json={"model": "ernie-3.5-8k", "messages": [HELLO], "stream": True, **given},
        headers={"Authorization": "Bearer any"},
        trust_env=False,
        verify=False,  # noqa: S501
    )
    *frames, done = [line[6:] for line in response.text.splitlines() if line]
    assert done == "[DONE]"
    return [json.loads(frame) for frame in frames]


def test_qianfan_reports_usage_in_a_stream_on_request_only_and_never_as_null(emulator):
    for options in (None, {}, {"include_usage": False}):
        frames = read_frames(f"{emulator.url}/v2", stream_options=options)
        assert not [frame for frame in frames if "usage" in frame]
    *others, last = read_frames(f"{emulator.url}/v2", stream_options={"include_usage": True})
    assert not [frame for frame in others if "usage" in frame]
    assert last["usage"]["total_tokens"] > 0


def test_ai_studio_reports_usage_in_the_last_chunk_of_a_stream_and_null_before(emulator):
    *others, last = read_frames(emulator.base_url)
    assert [frame["usage"] for frame in others] == [None] * len(others)
    assert last["usage"]["total_tokens"] > 0


def test_the_same_seed_and_question_give_the_same_answer(client):
    def ask(**given):
        return (
            client.chat.completions.create(
                model="ernie-3.5-8k",
                messages=[{"role": "user", "content": "列表和表格各来一个"}],
                **given,
            )
            .choices[0]
            .message.content
        )

    assert ask(seed=1) == ask(seed=1)
    assert len({ask(seed=seed) for seed in range(1, 8)}) > 1


def test_chat_async(openai, emulator):
    async def main():
        async with openai.AsyncOpenAI(api_key="any", base_url=emulator.base_url) as client:
            whole = await client.chat.completions.create(
                messages=[SYSTEM, HELLO], model="ernie-3.5-8k"
            )
            stream = await client.chat.completions.create(
                messages=[SYSTEM, HELLO], model="ernie-3.5-8k", stream=True
            )
            text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
            return whole.choices[0].message.content, text

    whole, text = asyncio.run(main())
    assert whole == text


def test_parameters_that_openai_does_not_know_go_in_the_extra_body(openai, client, emulator):
    client.chat.completions.create(
        model="ernie-3.5-8k", messages=[HELLO], temperature=0.5, extra_body={"penalty_score": 1.5}
    )
    assert emulator.requests[-1].body["penalty_score"] == 1.5
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(
            model="ernie-3.5-8k", messages=[HELLO], extra_body={"penalty_score": 3}
        )
    assert (caught.value.status_code, caught.value.body["code"]) == (400, "malformed_json")


def test_stop_words_and_limits_end_the_answer(client):
    def ask(prompt, **given):
        return client.chat.completions.create(
            model="ernie-3.5-8k", messages=[{"role": "user", "content": prompt}], **given
        ).choices[0]

    choice = ask("[[echo]]一二三，四五六", stop=["，"])
    assert (choice.message.content, choice.finish_reason) == ("一二三", "stop")
    choice = ask("[[chunks=100]]", max_completion_tokens=5)
    assert (len(choice.message.content.split()), choice.finish_reason) == (5, "length")


def test_json_when_asked(client):
    for form in ({"type": "json_object"}, "json_object"):
        completion = client.chat.completions.create(
            model="ernie-3.5-8k", messages=[HELLO], extra_body={"response_format": form}
        )
        assert json.loads(completion.choices[0].message.content)["simulated"] is True


class Booking(BaseModel):
    day: date
    at: datetime
    until: time
    stay: timedelta
    id: UUID
    site: AnyUrl
    mail: str = Field(json_schema_extra={"format": "email"})
    code: str = Field(pattern="^[A-Z]{2}-[0-9]{4}$")
    phone: str = Field(pattern=r"^\+?[1-9]\d{6,14}$", min_length=9)


def test_formats_and_patterns_of_a_schema_are_kept(client):
    schema = {"name": "booking", "schema": Booking.model_json_schema()}
    answer = client.chat.completions.create(
        model="ernie-3.5-8k",
        messages=[{"role": "user", "content": "Book AB-1234 on 2026-12-24 at 6:30 pm"}],
        response_format={"type": "json_schema", "json_schema": schema},
    )
    booked = Booking.model_validate_json(answer.choices[0].message.content)
    assert (booked.day, booked.code) == (date(2026, 12, 24), "AB-1234")
    assert booked.at == datetime(2026, 12, 24, 18, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("prompt", "keys"),
    [
        ("Return a JSON with 'setup' and 'punchline' keys.", {"setup", "punchline"}),
        ("返回 JSON，含“标题”与“作者”两个字段", {"标题", "作者"}),
        ('JSON: the fields "a-b" and "n"', {"n"}),  # names only
        ("What is the key's name?", {"simulated", "prompt", "items"}),
    ],
)
def test_json_has_the_keys_that_the_prompt_names_and_says_that_it_is_simulated(
    client, prompt, keys
):
    completion = client.chat.completions.create(
        model="ernie-3.5-8k",
        messages=[{"role": "user", "content": prompt}],
        response_format={"type": "json_object"},
    )
    content = completion.choices[0].message.content
    assert set(json.loads(content)) == keys
    assert "simulated" in content


def test_images_as_links_and_as_data(client):
    link = (
        client.images.generate(
            prompt="一只白猫，红帽子",
            model="Stable-Diffusion-XL",
            response_format="url",
            extra_body={"seed": 7},
        )
        .data[0]
        .url
    )
    assert link.startswith("http://127.0.0.1:")
    raw = httpx.get(link).content  # without a key, like the real links
    data = client.images.generate(
        prompt="一只白猫，红帽子",
        model="Stable-Diffusion-XL",
        response_format="b64_json",
        n=2,
        extra_body={"seed": 7},
    ).data
    assert [image.b64_json is not None and image.url is None for image in data] == [True, True]
    assert base64.b64decode(data[0].b64_json) == raw
    assert data[1].b64_json != data[0].b64_json


@pytest.mark.parametrize("size", ["768x768", "1024x576", "576x1024"])
def test_a_picture_has_the_size_that_was_asked_and_its_mark(client, size):
    (image,) = client.images.generate(
        prompt="a red cat", model="Stable-Diffusion-XL", response_format="b64_json", size=size
    ).data
    picture = Image.open(io.BytesIO(base64.b64decode(image.b64_json)))
    assert (picture.format, "x".join(map(str, picture.size))) == ("PNG", size)
    corner = picture.crop((0, picture.height - 12, 60, picture.height))
    assert (0, 0, 0) in {colour for _, colour in corner.getcolors(10_000)}


def test_embeddings(client):
    found = client.embeddings.create(model="embedding-v1", input=["推荐一些美食", "给我讲个故事"])
    assert found.object == "embedding_list"
    assert [(item.index, len(item.embedding)) for item in found.data] == [(0, 384), (1, 384)]
    floats = (
        client.embeddings.create(
            model="embedding-v1", input=["推荐一些美食"], encoding_format="float"
        )
        .data[0]
        .embedding
    )
    assert max(abs(a - b) for a, b in zip(floats, found.data[0].embedding, strict=True)) < 1e-6


def test_texts_that_share_words_are_closer(client):
    texts = [
        "推荐一些美食",
        "推荐几家美食餐厅",
        "线性代数期末考试",
        "good food here",
        "really good food",
    ]
    vectors = [
        item.embedding
        for item in client.embeddings.create(
            model="embedding-v1", input=texts, encoding_format="float"
        ).data
    ]

    def cosine(i, j):
        return sum(a * b for a, b in zip(vectors[i], vectors[j], strict=True))

    assert abs(cosine(0, 0) - 1) < 1e-6
    assert cosine(0, 1) > cosine(0, 2) + 0.1
    assert cosine(3, 4) > cosine(3, 2) + 0.1


def test_models(client):
    ids = [model.id for model in client.models.list().data]
    assert {
        "ernie-3.5-8k",
        "ernie-lite-8k",
        "Stable-Diffusion-XL",
        "embedding-v1",
        "ernie-4.5-turbo-128k",
    } <= set(ids)


def test_one_model(openai, client):
    assert client.models.retrieve("ernie-3.5-8k").id == "ernie-3.5-8k"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nobody")


@pytest.mark.parametrize("count", [1, 2])
def test_edits(client, count):
    png = io.BytesIO()
    Image.new("RGB", (256, 128), "red").save(png, "PNG")
    files = [("cat.png", png.getvalue(), "image/png")] * count
    edited = client.images.edit(
        image=files[0] if count == 1 else files,
        mask=("mask.png", png.getvalue(), "image/png"),
        prompt="add a hat",
        model="qwen-image-edit",
        n=2,
    )
    pictures = [Image.open(io.BytesIO(base64.b64decode(made.b64_json))) for made in edited.data]
    assert [made.size for made in pictures] == [(256, 128)] * 2


def test_an_edit_needs_a_model_that_edits(openai, client):
    png = io.BytesIO()
    Image.new("RGB", (256, 128), "red").save(png, "PNG")
    with pytest.raises(openai.BadRequestError, match="does not edit"):
        client.images.edit(image=png.getvalue(), prompt="x", model="Stable-Diffusion-XL")


def batch_lines(*prompts, model="ernie-3.5-8k"):
    lines = [
        {
            "custom_id": f"row-{i}",
            "method": "POST",
            "url": "/v2/chat/completions",
            "body": {"model": model, "messages": [{"role": "user", "content": prompt}]},
        }
        for i, prompt in enumerate(prompts)
    ]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@pytest.fixture
def platform_client(openai, emulator):
    """The official client on Qianfan V2's address."""
    with openai.OpenAI(api_key="any", base_url=f"{emulator.url}/v2", max_retries=0) as client:
        yield client


def test_files(openai, platform_client):
    file = platform_client.files.create(file=("rows.jsonl", b'{"a": 1}\n'), purpose="batch")
    assert (file.filename, file.bytes, file.purpose) == ("rows.jsonl", 9, "batch")
    assert platform_client.files.retrieve(file.id) == file
    assert file.id in [each.id for each in platform_client.files.list(purpose="batch")]
    assert platform_client.files.content(file.id).read() == b'{"a": 1}\n'
    assert platform_client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        platform_client.files.retrieve(file.id)


def run_batch(client, content):
    file = client.files.create(file=("rows.jsonl", content), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v2/chat/completions", completion_window="24h"
    )
    seen = [batch.status]
    while seen[-1] not in ("completed", "failed", "cancelled"):
        batch = client.batches.retrieve(batch.id)
        seen.append(batch.status)
    return batch, seen


def test_a_batch(platform_client):
    batch, seen = run_batch(platform_client, batch_lines("你好", "[[error]]", "1+1=?"))
    assert seen == [
        "validating",
        "validating",
        "in_progress",
        "in_progress",
        "finalizing",
        "completed",
    ]
    counts = batch.request_counts
    assert (counts.total, counts.completed, counts.failed) == (3, 2, 1)
    lines = platform_client.files.content(batch.output_file_id).text.splitlines()
    answers = {row["custom_id"]: row["response"] for row in map(json.loads, lines)}
    assert list(answers) == ["row-2", "row-0"]
    assert "2" in answers["row-2"]["body"]["choices"][0]["message"]["content"]
    (refused,) = platform_client.files.content(batch.error_file_id).text.splitlines()
    assert json.loads(refused)["response"]["status_code"] == 500
    assert batch.id in [each.id for each in platform_client.batches.list(limit=1)]


def test_a_batch_whose_file_is_not_valid_fails_with_the_line(platform_client):
    batch, seen = run_batch(platform_client, batch_lines("a") + b"{\n" + batch_lines("b"))
    assert seen[-1] == "failed"
    assert [(error.code, error.line) for error in batch.errors.data] == [
        ("invalid_json_line", 2),
        ("duplicate_custom_id", 3),
    ]


def test_a_batch_is_cancelled(platform_client):
    file = platform_client.files.create(file=("rows.jsonl", batch_lines("a", "b")), purpose="batch")
    batch = platform_client.batches.create(
        input_file_id=file.id, endpoint="/v2/chat/completions", completion_window="24h"
    )
    assert platform_client.batches.cancel(batch.id).status == "cancelling"
    seen = [platform_client.batches.retrieve(batch.id).status for _ in range(2)]
    assert seen == ["cancelling", "cancelled"]


@pytest.mark.parametrize("path", ["", "/v1", "/v2/chat/completions", "/llm/lmapi/v3/models"])
def test_a_wrong_base_url_is_told_the_right_ones(openai, emulator, path):
    wrong = openai.OpenAI(api_key="any-key-will-do", base_url=emulator.url + path, max_retries=0)
    with wrong as client, pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(messages=[HELLO], model="ernie-3.5-8k")
    assert f"{emulator.url}/v2" in caught.value.message
    assert emulator.base_url in caught.value.message


TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
SPOKEN = [
    {"type": "text", "text": "hi"},
    {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
]
FILED = [{"type": "file", "file": {"file_data": "data:application/pdf;base64,AA"}}]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"n": 2}, "n is not supported by the model"),
        ({"logprobs": True}, "logprobs is not supported"),
        ({"logprobs": False, "top_logprobs": 2}, "top_logprobs is not supported"),
        ({"functions": [TOOL["function"]]}, "functions as tools"),
        ({"modalities": ["text", "audio"]}, "modalities is not supported"),
        ({"reasoning_effort": "low"}, "does not take reasoning_effort"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "nope"}}},
            "tool_choice names nope",
        ),
        ({"messages": [{"role": "user", "content": SPOKEN}]}, "the type of a part"),
        ({"messages": [{"role": "user", "content": SPOKEN[1:]}]}, "not input_audio"),
        ({"messages": [{"role": "user", "content": FILED}]}, "not file"),
    ],
)
def test_what_an_answer_would_lack_is_refused_by_name(openai, either, given, told):
    with pytest.raises(openai.BadRequestError, match=told):
        either.chat.completions.create(
            **{"messages": [HELLO], "model": "ernie-4.5-turbo-128k", **given}
        )


def test_a_tool_s_result_may_have_parts_and_its_name_is_that_of_the_call(either):
    calls = [
        {"id": f"c{i}", "type": "function", "function": {"name": name, "arguments": "{}"}}
        for i, name in enumerate(("get_weather", "get_news"))
    ]
    results = [
        {"role": "tool", "tool_call_id": "c1", "content": "quiet"},
        {
            "role": "tool",
            "tool_call_id": "c0",
            "content": [{"type": "text", "text": "sun"}, {"type": "text", "text": "ny"}],
        },
    ]
    answer = either.chat.completions.create(
        model="ernie-4.5-turbo-128k",
        messages=[HELLO, {"role": "assistant", "content": None, "tool_calls": calls}, *results],
    )
    told = answer.choices[0].message.content
    assert "`get_news` 的结果：quiet" in told
    assert "`get_weather` 的结果：sunny" in told


def test_what_asks_for_nothing_more_is_no_fault(either):
    completion = either.chat.completions.create(
        messages=[HELLO],
        model="ernie-4.5-turbo-128k",
        n=1,
        logprobs=False,
        modalities=["text"],
        logit_bias={},
        metadata={"run": "1"},
        tools=[TOOL],
        tool_choice="auto",
    )
    assert len(completion.choices) == 1


def test_vectors_have_one_length_and_two_encodings(openai, either):
    def embed(**given):
        return either.embeddings.create(model="embedding-v1", input="hi", **given).data[0].embedding

    assert len(embed(dimensions=384)) == 384
    assert base64.b64decode(embed(encoding_format="base64"))
    for given, told in (
        ({"dimensions": 256}, r"dimensions is not supported .* have 384 dimensions"),
        ({"dimensions": 256, "encoding_format": "base64"}, "dimensions is not supported"),
        ({"encoding_format": "hex"}, "encoding_format hex is not one of: float | base64"),
    ):
        with pytest.raises(openai.BadRequestError, match=told):
            embed(**given)


def test_a_parameter_that_a_model_for_pictures_lacks_is_no_fault_of_the_key(openai, either):
    with pytest.raises(openai.BadRequestError, match=r"irag-1\.0 does not take style"):
        either.images.generate(prompt="cat", model="irag-1.0", style="vivid")
    with pytest.raises(openai.BadRequestError, match="style vivid is not one of: Base"):
        either.images.generate(prompt="cat", model="Stable-Diffusion-XL", style="vivid")


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.responses.create(model="ernie-3.5-8k", input="hi"),
        lambda client: client.completions.create(model="ernie-3.5-8k", prompt="hi"),
        lambda client: client.moderations.create(input="hi"),
        lambda client: client.audio.speech.create(model="tts-1", voice="alloy", input="hi"),
    ],
    ids=["responses", "completions", "moderations", "audio"],
)
def test_a_call_that_the_service_lacks_is_told_which_it_has(openai, either, ask):
    with pytest.raises(openai.NotFoundError, match=r"each with /chat/completions, .* /models"):
        ask(either)
