"""Which model a call gets that names none."""

from types import SimpleNamespace

import pytest

from ernie_magic.api import default_model, models
from ernie_magic.api.models import Listed

SET = SimpleNamespace(model="my-chat", image_model="my-images", embedding_model="my-vectors")
UNSET = SimpleNamespace(model="", image_model="", embedding_model="")


def choose_model(kind, settings, service, offered=(), **given):
    listed = [Listed(id_, {}) for id_ in offered]
    return default_model.configured_or_default_model(kind, settings, service, listed, **given)


@pytest.mark.parametrize(
    ("kind", "configured"),
    [("chat", "my-chat"), ("image", "my-images"), ("embedding", "my-vectors")],
)
def test_the_model_that_is_set_precedes_what_is_on_offer(kind, configured):
    offered = ["ernie-4.5-turbo-128k", "Stable-Diffusion-XL", "embedding-v1"]
    assert choose_model(kind, SET, "aistudio", offered) == configured


@pytest.mark.parametrize(
    ("kind", "service", "offered", "chosen"),
    [
        ("chat", "aistudio", ["x", "ERNIE-4.5-Turbo-32k", "ernie-5.0"], "ernie-5.0"),
        ("chat", "aistudio", ["bge-large-zh", "x", "deepseek-v9"], "deepseek-v9"),
        ("chat", "local", ["bge-large-zh", "x"], "x"),
        ("chat", "local", ["my-code-edit"], "my-code-edit"),
        ("image", "aistudio", ["flux-x", "stable-diffusion-xl"], "stable-diffusion-xl"),
        ("image", "qianfan", ["Stable-Diffusion-XL", "irag-1.0"], "irag-1.0"),
        ("image", "qianfan", ["x", "flux-x", "Stable-Diffusion-XL"], "flux-x"),
        ("embedding", "local", ["x", "bge-m3", "my-embedding"], "bge-m3"),
        ("embedding", "local", ["x", "BAAI/bge-m3"], "BAAI/bge-m3"),
        ("chat", "local", ["BAAI/bge-m3", "baidu/ERNIE-4.5-21B"], "baidu/ERNIE-4.5-21B"),
        ("chat", "local", ["whisper-1", "tts-1-hd", "dall-e-3", "gpt-4o"], "gpt-4o"),
        ("chat", "local", ["omni-moderation-latest", "Qwen/Qwen3-ASR", "glm-4"], "glm-4"),
        ("chat", "local", ["e5-mistral-7b", "kolors", "my-speechless-13b"], "my-speechless-13b"),
        ("image", "local", ["gpt-4o", "dall-e-3"], "dall-e-3"),
        ("image", "aistudio", ["ERNIE-Image-Turbo"], "ERNIE-Image-Turbo"),
        ("rerank", "qianfan", ["x", "some-reranker-v2"], "some-reranker-v2"),
    ],
)
def test_the_default_model_is_the_preferred_one_on_offer_else_any_of_its_kind(
    kind, service, offered, chosen
):
    assert choose_model(kind, UNSET, service, offered) == chosen


@pytest.mark.parametrize("offered", [[], ["x"]])
@pytest.mark.parametrize(
    ("kind", "service", "chosen"),
    [
        ("image", "aistudio", "Stable-Diffusion-XL"),
        ("image", "qianfan", "irag-1.0"),
        ("embedding", "aistudio", "embedding-v1"),
        ("rerank", "aistudio", "bce-reranker-base"),
    ],
)
def test_where_none_of_its_kind_is_on_offer_the_default_is_the_catalogue_s(
    kind, service, offered, chosen
):
    assert choose_model(kind, UNSET, service, offered) == chosen


@pytest.mark.parametrize("kind", ["chat", "image", "embedding", "rerank"])
@pytest.mark.parametrize("offered", [[], ["sd-image-edit"]])
def test_a_server_of_another_make_has_no_default_that_it_does_not_offer(kind, offered):
    if kind == "chat":
        offered = ["bge-m3"] * bool(offered)
    assert choose_model(kind, UNSET, "local", offered) == ""
    assert choose_model(kind, SET, "local", offered) in ("my-chat", "my-images", "my-vectors", "")


def test_the_default_chat_model_without_a_list_depends_on_what_it_has_to_read():
    for service in ("aistudio", "qianfan"):
        chosen = choose_model("chat", UNSET, service)
        assert chosen == "ernie-4.5-turbo-128k"
        assert not models.find_model(chosen).retired
    assert choose_model("chat", UNSET, "qianfan-v1") == "ernie-3.5-8k"  # the others have no path
    assert choose_model("chat", UNSET, "aistudio", needs_vision=True) == "ernie-4.5-turbo-vl"
