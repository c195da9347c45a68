"""The catalogue of models, as data."""

import re

from ernie_magic.api import models
from ernie_magic.api.catalogue import CATALOGUE
from ernie_magic.api.default_model import FALLBACK_CHAT, PREFERRED_CHAT, PREFERRED_VISION


def test_no_name_belongs_to_two_models():
    names = [name.lower() for model in CATALOGUE for name in {model.id, *model.names}]
    assert sorted(names) == sorted(set(names))


def test_facts_are_plausible_dated_and_have_a_source():
    for model in CATALOGUE:
        lowest, highest = model.max_output
        assert 1 <= lowest <= highest, model.id
        assert model.source, model.id
        assert re.fullmatch(r"|20\d\d-\d\d(-\d\d)?", model.retired), model.id
        assert all(re.fullmatch(r"\d+x\d+", size) for size in model.sizes), model.id
        assert not model.sizes or model.kind == "image", model.id


def test_the_preferred_models_are_in_it_and_of_their_kind():
    for model_id in (*PREFERRED_CHAT, FALLBACK_CHAT):
        assert models.find_model(model_id).kind == "chat"
    for model_id in PREFERRED_VISION:
        assert "vision" in models.find_model(model_id).capabilities
