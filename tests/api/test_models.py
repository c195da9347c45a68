"""What is known of a model's id, and guessed of one that is unknown."""

from types import SimpleNamespace

import pytest

from ernie_magic.api import models
from ernie_magic.api.catalogue import CATALOGUE


def test_an_id_and_its_other_names_are_found_whatever_their_case():
    for model in CATALOGUE:
        for name in (model.id, *model.names):
            assert models.find_model(name.upper()) == models.find_model(name.lower()) is not None
        assert models.find_model(model.id) is model
    assert models.find_model("nobody-s-model") is None


@pytest.mark.parametrize(
    ("model_id", "kind"),
    [
        ("ernie-3.5-8k", "chat"),
        ("ernie-99-preview", "chat"),
        ("DeepSeek-V9", "chat"),
        ("some-Reranker-v2", "rerank"),
        ("bge-small-xx", "embedding"),
        ("my-embedding", "embedding"),
        ("ernie-image-9", "image"),
        ("Stable-Diffusion-9", "image"),
        ("flux-x", "image"),
        ("nobody-s-model", None),
    ],
)
def test_the_kind_of_an_unknown_id_is_guessed_from_its_name(model_id, kind):
    assert models.kind_of(model_id) == kind
    assert models.Listed(model_id, {}).kind == kind


def test_a_listed_model_knows_its_entry():
    assert models.Listed("ERNIE-3.5-8K", {}).known is models.find_model("ernie-3.5-8k")
    assert models.Listed("nobody-s-model", {}).known is None


SET = SimpleNamespace(model="my-chat", image_model="my-images", embedding_model="my-vectors")
UNSET = SimpleNamespace(model="", image_model="", embedding_model="")


@pytest.mark.parametrize(
    ("kind", "configured"),
    [("chat", "my-chat"), ("image", "my-images"), ("embedding", "my-vectors")],
)
def test_the_model_that_is_set_precedes_what_is_on_offer(kind, configured):
    offered = ["ernie-4.5-turbo-128k", "Stable-Diffusion-XL", "embedding-v1"]
    assert models.choose_model(kind, SET, "aistudio", offered) == configured


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
    assert models.choose_model(kind, UNSET, service, offered) == chosen


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
    assert models.choose_model(kind, UNSET, service, offered) == chosen


def test_the_default_chat_model_without_a_list_depends_on_what_it_has_to_read():
    assert models.choose_model("chat", UNSET, "aistudio") == "ernie-3.5-8k"
    assert models.choose_model("chat", UNSET, "aistudio", needs_vision=True) == "ernie-4.5-turbo-vl"
