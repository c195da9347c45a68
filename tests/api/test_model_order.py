"""Models in the order in which they are offered."""

from ernie_magic.api.model_order import ModelGroup, group_model, sort_models
from ernie_magic.api.models import Listed


def ids(*names):
    return [entry.id for entry in sort_models(Listed(name, {}) for name in names)]


def test_recommended_ones_lead_by_preference_and_retired_ones_end_whatever_their_kind():
    assert ids(
        "embedding-v1",
        "flux.1-schnell",
        "ernie-x1.1-preview",
        "Stable-Diffusion-XL",
        "ernie-4.5-turbo-vl",
        "ernie-5.0",
        "ernie-speed-8k",
        "ernie-4.5-turbo-128k",
        "someone-s-own",
    ) == [
        "ernie-4.5-turbo-128k",
        "ernie-5.0",
        "ernie-4.5-turbo-vl",
        "ernie-x1.1-preview",
        "Stable-Diffusion-XL",
        "embedding-v1",
        "someone-s-own",
        "ernie-speed-8k",
        "flux.1-schnell",
    ]


def test_a_model_that_nobody_knows_has_its_own_group():
    assert group_model(Listed("someone-s-own", {})) is ModelGroup.UNKNOWN
