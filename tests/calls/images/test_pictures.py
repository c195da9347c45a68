"""Pictures are made again and varied."""

import re
from pathlib import Path

import numpy as np
import pytest

from ernie_magic.api.requests import ImageRequest
from ernie_magic.calls.images.pictures import ImageSet, Picture
from ernie_magic.errors import InvalidOption, OutOfRange, WrongArguments
from ernie_magic.session import Session
from tests.calls.images.test_files import file_of, picture


@pytest.fixture
def asked(monkeypatch):
    """A session, and the requests that it would send."""
    session, sent = Session(), []

    def record_request(target, build, *_):
        sent.append(build(target.model))

    monkeypatch.setattr(session.client, "start_model_call", record_request)
    return session, sent


def test_a_picture_a_set_a_file_and_its_parameters_are_all_made_again(asked, tmp_path):
    session, sent = asked
    cat = picture()
    for what in (
        cat,
        ImageSet((cat,), cat.request),
        cat.save(tmp_path / "cat"),
        str(cat.save(tmp_path / "cat")),
        cat.metadata,
    ):
        session.begin_redo(what)
        assert sent.pop() == cat.request
    session.begin_redo(cat, seed=None, n=2, prompt="一只黑猫")
    assert sent.pop() == ImageRequest(
        model="Stable-Diffusion-XL", prompt="一只黑猫", parameters={"n": 2}
    )


@pytest.mark.parametrize(
    "what", [3, None, {}, [], {"prompt": "x"}, {"prompt": 1, "model": "m"}, b"x"]
)
def test_what_cannot_be_made_again_is_told_in_a_line(asked, what):
    for begin in (asked[0].begin_redo, asked[0].begin_vary):
        with pytest.raises(InvalidOption, match="cannot be made again"):
            begin(what)


def test_a_variation_is_one_picture_with_the_next_seed(asked):
    session, sent = asked
    session.begin_vary(picture(parameters={"n": 3, "seed": 7, "style": "Anime"}), style="Base")
    assert sent.pop().parameters == {"style": "Base", "seed": 10}  # 8 and 9 belong to the other two
    session.begin_vary(picture(parameters={"n": 3}))
    assert sent.pop().parameters == {}
    session.begin_vary(picture(parameters={"seed": 7}, reported_seed=99))
    assert sent.pop().parameters == {"seed": 100}


@pytest.mark.parametrize(
    ("parameters", "index", "reported", "expected"),
    [
        ({"seed": 7}, 0, None, 8),
        ({"n": 1, "seed": 0}, 0, None, 1),
        ({"n": 2, "seed": 42}, 0, None, 44),
        ({"n": 2, "seed": 42}, 1, None, 45),
        ({"n": 4, "seed": 42}, 3, None, 49),
        ({"n": 2, "seed": 42}, 1, 42, 45),  # the service repeats what was sent
        # Each picture's own seed is reported, with and without one that was sent.
        ({"n": 4}, 3, 820_223_155, 820_223_159),
        ({"n": 2, "seed": 42}, 1, 43, 45),
        # The highest seed of the API's page is followed by the lowest.
        ({"seed": 4_294_967_295}, 0, None, 0),
        ({"n": 4, "seed": 4_294_967_293}, 1, None, 2),
    ],
)
def test_a_variation_has_the_first_seed_after_those_of_its_call(
    asked, parameters, index, reported, expected
):
    session, sent = asked
    session.begin_vary(picture(parameters=parameters, index=index, reported_seed=reported))
    assert sent.pop().parameters == {"seed": expected}


def test_the_seeds_of_a_variation_are_those_that_the_reference_names(asked):
    session, sent = asked
    folder = Path(__file__).parents[3] / "notebooks" / "reference" / "en"
    words = folder.joinpath("pictures.md").read_text(encoding="utf-8").split()
    n, seed, first, second = map(
        int, re.findall(r"`-n (\d) --seed (\d+)` give (\d+) and (\d+)", " ".join(words))[0]
    )
    for index, expected in enumerate((first, second)):
        session.begin_vary(picture(parameters={"n": n, "seed": seed}, index=index))
        assert sent.pop().parameters["seed"] == expected


def test_none_leaves_a_place_empty(asked):
    session, sent = asked
    request = ImageRequest(
        model="Stable-Diffusion-XL",
        prompt="猫",
        parameters={"negative_prompt": "狗"},
        extra={"a": 1},
        endpoint="mine",
    )
    session.begin_redo(Picture(request, file_of()), extra=None, endpoint=None, negative_prompt="")
    assert sent.pop() == ImageRequest(
        model="Stable-Diffusion-XL", prompt="猫", parameters={"negative_prompt": ""}
    )


def test_the_seed_that_the_service_told_makes_the_same_picture_again(asked):
    session, sent = asked
    session.begin_redo(picture(parameters={"n": 2}, reported_seed=77))
    assert sent.pop().parameters == {"seed": 77}


def test_a_variation_of_each_picture_is_another_one(asked):
    session, sent = asked
    for index in range(2):
        session.begin_vary(picture(parameters={"n": 2, "seed": 42}, index=index))
    assert [request.parameters["seed"] for request in sent] == [44, 45]


def test_another_model_is_not_asked_for_what_it_does_not_take(asked):
    session, sent = asked
    session.begin_redo(
        picture(parameters={"style": "Anime", "size": "768x768", "seed": 3}),
        model="Stable-Diffusion-XL",
    )
    assert sent.pop().parameters == {"style": "Anime", "size": "768x768", "seed": 3}
    session.begin_redo(
        picture(parameters={"style": "Anime", "size": "768x768", "seed": 3}), model="ERNIE-Image"
    )
    assert sent.pop().parameters == {"size": "768x768", "seed": 3}


def test_a_picture_is_an_array_too():
    assert np.asarray(picture(file_of(size=(8, 6)))).shape == (6, 8, 3)


@pytest.mark.parametrize("index", [2, 5, -3])
def test_a_place_without_a_picture_is_told_with_those_that_there_are(index):
    images = ImageSet((picture(), picture()), ImageRequest(model="m", prompt="猫"))
    with pytest.raises(OutOfRange, match=r"no \[-?\d\] in 2 pictures.*\[0\] to \[1\]") as caught:
        images[index]
    assert isinstance(caught.value, IndexError)
    assert len([*images]) == 2
    with pytest.raises(OutOfRange, match="in 0 pictures"):
        ImageSet((), ImageRequest(model="m", prompt="猫"))[0]


def test_options_of_pillow_are_told_where_they_are_taken(tmp_path):
    for save, method in (
        (picture().save, "image.save"),
        (ImageSet((picture(),), ImageRequest(model="m", prompt="猫")).save, r"\[0\].image.save"),
    ):
        with pytest.raises(WrongArguments, match=rf"no option quality.*\.{method}\(…\) takes"):
            save(tmp_path / "a.jpg", quality=80)
    assert not [*tmp_path.glob("a*")]
