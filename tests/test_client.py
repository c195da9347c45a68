"""Which model a call asks for, and how streams report usage, on servers of all kinds."""

import pytest

from ernie_magic import errors
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.notebook.magics.completion_candidates import list_model_ids
from ernie_magic.session import Session
from tests.model_server import Service


@pytest.fixture(scope="module")
def service():
    service = Service()
    yield service
    service.stop()


@pytest.fixture
def session_on(service):
    """Return a session on the server, which is a service of this name."""
    service.listed, service.refusal, service.status = {"data": []}, None, 400
    service.refused_fields = ("stream_options",)
    service.asked.clear()
    sessions = []

    def session_on(name="local", **settings):
        given = {"retry_count": 1, "cache": False, "language": "en", **settings}
        sessions.append(
            Session(ErnieSettings(service=name, base_url=f"{service.url}/v1", api_key="k", **given))
        )
        return sessions[-1]

    yield session_on
    for session in sessions:
        session.close()


LISTS = {
    "OpenAI's": {"object": "list", "data": [{"id": "my-model"}]},
    "a bare list": [{"id": "my-model"}],
    "a bare list of one with a name": [{"name": "my-model"}],
    "a list of names": ["my-model"],
    "names as data": {"data": ["my-model"]},
    "Ollama's": {"models": [{"name": "my-model", "model": "my-model", "size": 5}]},
    "null beside models": {"object": "list", "data": None, "models": [{"name": "my-model"}]},
    "nothing beside models": {"data": [], "models": [{"name": "my-model"}]},
    "llama.cpp's": {"models": [{"name": "x", "model": "x"}], "data": [{"id": "my-model"}]},
    "wrapped twice": {"data": {"models": [{"id": "my-model"}]}},
    "a table by id": {"data": {"my-model": {"owned_by": "me"}}},
    "a result": {"result": [{"model": "my-model"}], "code": 0, "msg": "success"},
    "one without a name first": {"data": [{}, 5, None, {"id": ""}, {"id": "my-model"}]},
    "text-generation-webui's": {"model_names": ["my-model"], "lora_names": []},
    "DashScope's": {"output": {"models": [{"model_name": "my-model"}]}},
    "a code beside data": {"code": 20000, "message": "Ok", "data": [{"id": "my-model"}]},
    "pages": {"results": [{"slug": "my-model"}], "next": None},
    "GitHub's": [{"id": "azureml://registries/a/models/my-model/versions/2", "name": "my-model"}],
    "an id beside a name": [{"id": "my-model", "name": "My Model"}],
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_models_is_read_in_any_of_its_forms_and_its_model_asked(
    service, session_on, name
):
    service.listed, session = LISTS[name], session_on()
    assert "my-model" in [entry.id for entry in session.models()]
    session.chat("hi", stream=False)
    assert service.bodies[0]["model"] in ("my-model", "x")


def test_the_models_on_offer_are_those_of_the_account_in_use(service, session_on):
    service.listed, session = {"data": [{"id": "first-model"}]}, session_on()
    session.models()
    assert list_model_ids(session) == ["first-model"]
    for name, value in (("base_url", f"{service.url}/v2"), ("api_key", "another-key")):
        setattr(session.settings, name, value)
        assert session.listed_models() == []
        assert "ernie-3.5-8k" in list_model_ids(session)
        service.listed = {"data": [{"id": f"model-by-{name}"}]}
        session.models()
        assert list_model_ids(session) == [f"model-by-{name}"]
    session.settings.base_url, session.settings.api_key = f"{service.url}/v1", "k"
    assert list_model_ids(session) == ["first-model"]
    session.use("qianfan")  # there is no key: nothing can be known
    assert session.listed_models() == []


def test_the_emulator_s_list_is_known_as_any_other():
    with Session(service="emulator") as session:
        assert session.listed_models() == []
        assert session.models() == session.listed_models() != []


UNUSABLE = {
    "none": None,
    "null": {"object": "list", "data": None},
    "empty": {"data": []},
    "an empty bare list": [],
    "no names": {"data": [{}, {"object": "model"}]},
    "a page": "<html>hello</html>",
    "an error": {"error": {"message": "model name is empty"}},
    "other kinds": {
        "data": [{"id": "bge-m3"}, {"id": "BAAI/bge-reranker-v2"}, {"id": "sdxl-image"}]
    },
}


@pytest.mark.parametrize("name", UNUSABLE)
@pytest.mark.parametrize("call", ["chat", "complete", "map"])
def test_a_server_that_names_no_model_is_asked_for_none_and_the_user_told(
    service, session_on, name, call
):
    service.listed, session = UNUSABLE[name], session_on()
    asks = {
        "chat": lambda: session.chat("hi"),
        "complete": lambda: session.complete("hi"),
        "map": lambda: session.map("say {{text}}", ["a"]),
    }
    with pytest.raises(errors.InvalidOption, match="choose one with -m") as caught:
        asks[call]()
    assert service.bodies == []
    assert "ernie-3.5-8k" not in str(caught.value)
    session.chat("hi", model="mine")
    session.settings.model = "set"
    session.chat("hi")
    assert [body["model"] for body in service.bodies] == ["mine", "set"]


def test_a_server_that_loads_its_model_later_is_asked_for_its_list_again(service, session_on):
    service.listed, session = {"data": []}, session_on()
    for listed in ({"data": []}, None):
        service.listed = listed
        with pytest.raises(errors.InvalidOption, match="choose one with -m"):
            session.chat("hi")
    service.listed = {"data": [{"id": "llama"}]}
    session.chat("hi")
    session.chat("hi")
    assert [body["model"] for body in service.bodies] == ["llama", "llama"]
    assert service.paths.count("/v1/models") == 3


def test_a_server_that_does_not_run_is_told_as_that_and_not_as_a_missing_model(session_on):
    session = session_on()
    session.settings.base_url, session.settings.api_key = "http://127.0.0.1:9/v1", "k"
    for ask in (session.chat, session.image, session.embed):
        with pytest.raises(errors.ServiceUnreachable, match=r"127\.0\.0\.1:9"):
            ask("hi")


def test_a_bare_list_is_a_raw_reply_as_it_came(service, session_on):
    service.listed = [{"id": "my-model"}]
    assert session_on().wire.get("/models") == [{"id": "my-model"}]


def test_a_listed_model_says_its_kind_its_context_and_its_price(service, session_on):
    service.listed = [{"id": "m", "type": "chat", "context_length": 8, "pricing": {"prompt": "1"}}]
    (entry,) = session_on("qianfan").models()
    assert (entry.kind, entry.context_length, entry.pricing) == ("chat", 8, "1")


def test_null_for_a_list_of_models_is_an_empty_list(service, session_on):
    service.listed = {"object": "list", "data": None}
    assert session_on().models() == []


def test_an_answer_to_a_baidu_service_without_a_list_has_a_model_of_today(service, session_on):
    service.listed = None
    session_on("aistudio").chat("hi", stream=False)
    assert service.bodies[0]["model"] == "ernie-4.5-turbo-128k"


def make_picture(session):
    return session.image("a cat", download=False)


OTHER_CALLS = {
    "image": make_picture,
    "embedding": lambda session: session.embed("hi"),
    "rerank": lambda session: session.rerank("q", ["d"]),
}
OFFERED = {
    "image": ({"id": "ERNIE-Image-Turbo"}, "Stable-Diffusion-XL"),
    "embedding": ({"id": "bge-large-zh"}, "embedding-v1"),
    "rerank": ({"id": "qwen3-reranker-8b"}, "bce-reranker-base"),
}


@pytest.mark.parametrize("kind", OTHER_CALLS)
def test_the_live_list_which_is_asked_once_chooses_the_default_of_each_kind(
    service, session_on, kind
):
    offered, documented = OFFERED[kind]
    service.listed = {"data": [{"id": "ernie-4.5-turbo-128k"}, offered]}
    session = session_on("aistudio")
    OTHER_CALLS[kind](session)
    OTHER_CALLS[kind](session)
    assert [body["model"] for body in service.bodies] == [offered["id"]] * 2
    assert service.paths.count("/v1/models") == 1
    service.listed = {"data": [offered, {"id": documented}]}
    OTHER_CALLS[kind](session_on("aistudio"))
    service.listed = None
    OTHER_CALLS[kind](session_on("aistudio"))
    assert [body["model"] for body in service.bodies[2:]] == [documented] * 2


@pytest.mark.parametrize("kind", OTHER_CALLS)
def test_a_local_server_is_asked_for_no_documented_default_of_any_kind(service, session_on, kind):
    service.listed, session = {"data": [{"id": "llama"}]}, session_on()
    with pytest.raises(errors.InvalidOption, match="choose one with -m"):
        OTHER_CALLS[kind](session)
    assert service.bodies == []


def test_what_is_wrong_with_any_model_is_told_before_the_list_is_asked(service, session_on):
    session = session_on("aistudio")
    for wrong in (
        lambda: session.image("a cat", n=9),
        lambda: session.image(""),
        lambda: session.embed([]),
        lambda: session.rerank("q", []),
    ):
        with pytest.raises(errors.UsageError):
            wrong()
    assert service.asked == []


def test_the_chosen_model_s_own_rules_are_checked(service, session_on):
    service.listed = {"data": [{"id": "Stable-Diffusion-XL"}]}
    with pytest.raises(errors.InvalidOption, match="use_pe is not for the model"):
        session_on("aistudio").image("a cat", use_pe=True)
    service.listed = {"data": [{"id": "ERNIE-Image-Turbo"}]}
    session_on("aistudio").image("a cat", use_pe=True, download=False)
    assert [(body["model"], body["use_pe"]) for body in service.bodies] == [
        ("ERNIE-Image-Turbo", True)
    ]


def test_texts_that_can_be_read_only_once_are_embedded(service, session_on):
    service.listed = {"data": [{"id": "bge-large-zh"}]}
    session_on("aistudio").embed(text for text in ("a", "b"))
    assert service.bodies[0]["input"] == ["a", "b"]


@pytest.mark.parametrize(
    ("listed", "chosen"),
    [
        ([{"id": "new-1", "type": "text2video"}, {"id": "new-2", "type": "text2image"}], "new-2"),
        ([{"id": "new-1", "type": "image2image"}, {"id": "new-2", "type": "text2image"}], "new-2"),
        ([{"id": "image-1", "type": "chat"}, {"id": "new-2", "type": "text2image"}], "new-2"),
        ([{"id": "musesteamer-air-image"}, {"id": "qwen-image"}], "qwen-image"),
        ([{"id": "qwen-image-edit"}, {"id": "qwen-image"}], "qwen-image"),
        ([{"id": "flux.1-schnell"}, {"id": "qwen-image"}], "qwen-image"),
        (
            [{"id": "a", "architecture": {"modality": "text+image->image"}}, {"id": "qwen-image"}],
            "qwen-image",
        ),
        ([{"id": "a", "architecture": {"modality": "text->image"}}], "a"),
    ],
)
def test_the_kind_that_the_list_states_decides_the_default(service, session_on, listed, chosen):
    service.listed = {"data": [{"id": "ernie-5.0", "type": "chat"}, *listed]}
    make_picture(session_on("qianfan"))
    assert service.bodies[0]["model"] == chosen


@pytest.mark.parametrize(
    ("facts", "kept"),
    [
        ({}, 3),
        ({"context_length": 100_000}, 3),
        ({"context_length": 400}, 1),
        ({"context_length": 100_000, "max_input_tokens": 400}, 1),
    ],
)
def test_the_oldest_turns_are_left_out_where_the_live_context_is_too_short(
    service, session_on, facts, kept
):
    service.listed = {"data": [{"id": "new-1", "type": "chat", **facts}]}
    session = session_on("qianfan")
    for _ in range(4):
        session.chat("字" * 150, stream=False)
    assert len(service.bodies[-1]["messages"]) == 2 * kept + 1
    assert session.last.request.trimmed == 3 - kept


def test_no_chat_is_sent_to_a_model_that_makes_films(service, session_on):
    service.listed = {
        "data": [{"id": "x-1", "type": "text2video"}, {"id": "x-2"}, {"id": "x-3", "type": "chat"}]
    }
    session_on("qianfan").chat("hi", stream=False)
    assert service.bodies[0]["model"] == "x-3"


_MUSESTEAMER = 'ernie.wire.post("/musesteamer/images/generations", {…})'


@pytest.mark.parametrize(
    ("model", "advice"),
    [
        ("musesteamer-air-image", _MUSESTEAMER),
        ("MuseSteamer-Air-Image", _MUSESTEAMER),
        ("ernie-irag-edit", "edit="),
        ("qwen-image-edit", "edit="),
        ("qwen-image-edit-plus", "edit="),
    ],
)
def test_a_picture_model_that_never_answers_here_is_told_before_sending(
    service, session_on, model, advice
):
    session = session_on("qianfan")
    with pytest.raises(errors.InvalidOption, match="never answers under /images/gen") as caught:
        session.image("a cat", model=model)
    assert advice in str(caught.value)
    session.settings.image_model = model
    with pytest.raises(errors.InvalidOption, match="never answers"):
        session.image("a cat")
    assert service.bodies == []
    session_on("local").image("a cat", model=model, download=False)  # its own server may
    assert service.bodies[0]["model"] == model


REFUSALS = {
    "OpenAI's words": (
        400,
        {"error": {"message": "Unrecognized request argument supplied: stream_options"}},
    ),
    "a validator's": (
        422,
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"]}]},
    ),
    "vLLM's": (
        400,
        {"object": "error", "message": "[{'type': 'extra_forbidden', 'loc': ('body',)}]"},
    ),
    "plain words": (400, "stream_options is not supported"),
    "in Chinese": (400, {"error": {"code": "1210", "message": "不支持的参数"}}),
    "with status 200": (200, {"error": {"message": "unknown parameter: streamOptions"}}),
    "a failure": (500, {"detail": "create() got an unexpected keyword argument 'stream_options'"}),
    "a param": (400, {"error": {"message": "bad request", "param": "stream_options"}}),
    "the inner field": (400, {"error": {"message": "include_usage: no such field"}}),
    "Go's": (400, {"error": 'json: unknown field "stream_options"'}),
    "Mistral's": (422, {"message": {"detail": [{"msg": "Extra inputs are not permitted"}]}}),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_server_that_refuses_stream_options_is_asked_once_without_and_remembered(
    service, session_on, name
):
    session = session_on(model="m")
    service.status, service.refusal = REFUSALS[name]
    assert session.chat("hi").text == "ok"
    assert session.chat("hi").text == "ok"
    assert session.complete("hi").text == "ok"
    assert ["stream_options" in body for body in service.bodies] == [True, False, False, False]


def test_stream_options_of_the_user_s_own_are_sent_as_they_are(service, session_on):
    session = session_on(model="m")
    service.refusal = {"error": {"message": "unknown field stream_options"}}
    with pytest.raises(errors.BadRequest):
        session.chat("hi", stream_options={"include_usage": False})
    assert [body["stream_options"] for body in service.bodies] == [{"include_usage": False}]


@pytest.mark.parametrize(
    ("status", "refusal", "fields", "count"),
    [
        (400, {"error": {"message": "no such model"}}, ("model",), 1),
        (401, {"error": {"message": "bad key, stream_options or not"}}, ("model",), 1),
        (429, {"error": {"message": "too many, stream_options or not"}}, ("model",), 1),
        (400, {"error": {"message": "unknown field top_q"}}, ("model",), 2),
    ],
)
def test_another_refusal_stays_what_it_is_and_is_not_remembered(
    service, session_on, status, refusal, fields, count
):
    session = session_on(model="m")
    service.status, service.refusal, service.refused_fields = status, refusal, fields
    with pytest.raises(errors.ServiceError, match=refusal["error"]["message"]):
        session.chat("hi")
    assert len(service.bodies) == count
    service.refusal = None
    session.chat("hi")
    assert service.bodies[-1]["stream_options"] == {"include_usage": True}


def test_an_address_s_query_follows_each_path(service, session_on):
    base = f"{service.url}/openai/deployments/gpt"
    for written in (
        f"{base}?api-version=2024-02-01",
        f"{base}/?api-version=2024-02-01",
        f"{base}/chat/completions?api-version=2024-02-01",
        f" {base}/?api-version=2024-02-01#top ",
    ):
        service.asked.clear()
        session = session_on(model="m")
        session.settings.base_url, session.settings.api_key = written, "k-azure"
        session.chat("hi")
        session.wire.get("/models?limit=5")
        session.wire.get("/models?api-version=2025")
        assert service.paths == [
            "/openai/deployments/gpt/chat/completions?api-version=2024-02-01",
            "/openai/deployments/gpt/models?api-version=2024-02-01&limit=5",
            "/openai/deployments/gpt/models?api-version=2025",
        ]
