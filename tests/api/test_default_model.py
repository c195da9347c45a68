"""Which model a call gets that names none."""

from types import SimpleNamespace

import pytest

from ernie_magic.api.default_model import choose_model

SET = SimpleNamespace(model="my-chat", image_model="my-images", embedding_model="my-vectors")
UNSET = SimpleNamespace(model="", image_model="", embedding_model="")


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
        ("image", "aistudio", ["flux-x", "stable-diffusion-xl"], "stable-diffusion-xl"),
        ("image", "qianfan", ["Stable-Diffusion-XL", "irag-1.0"], "irag-1.0"),
        ("image", "qianfan", ["x", "flux-x", "Stable-Diffusion-XL"], "flux-x"),
        ("embedding", "local", ["x", "bge-m3", "my-embedding"], "bge-m3"),
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
        ("embedding", "local", "embedding-v1"),
        ("rerank", "aistudio", "bce-reranker-base"),
    ],
)
def test_where_none_of_its_kind_is_on_offer_the_default_is_the_catalogue_s(
    kind, service, offered, chosen
):
    assert choose_model(kind, UNSET, service, offered) == chosen


def test_the_default_chat_model_without_a_list_depends_on_what_it_has_to_read():
    assert choose_model("chat", UNSET, "aistudio") == "ernie-3.5-8k"
    assert choose_model("chat", UNSET, "aistudio", needs_vision=True) == "ernie-4.5-turbo-vl"
