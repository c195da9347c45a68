"""What is known of a model's id, and guessed of one that is unknown."""

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
