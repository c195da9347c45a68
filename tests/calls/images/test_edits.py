"""Pictures that are edited: what is sent, and what is refused before anything is billed."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from ernie_magic.calls.images.edits import read_edit_sources
from ernie_magic.errors import InvalidOption
from ernie_magic.session import Session


def picture(size=(256, 256), colour="red"):
    return Image.new("RGB", size, colour)


def as_png(image):
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def opened(address):
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))


@pytest.fixture
def local(emulator):
    """A session that takes the emulator for anybody's OpenAI-compatible server."""
    emulator.requests.clear()
    with Session(
        service="local", base_url=emulator.base_url, api_key="k-edits", language="en"
    ) as session:
        yield session


def test_an_edit_is_sent_with_its_picture_as_data(session, emulator):
    edited = session.image("add a red hat", edit=picture())
    (sent,) = [call.body for call in emulator.requests if call.path.endswith("/images/edits")]
    assert sent["model"] == edited.request.model == "qwen-image-edit"
    assert sent["prompt"] == "add a red hat"
    assert opened(edited.request.images[0]).size == (256, 256)
    assert sent["image"].startswith(edited.request.images[0][:30])  # the log clips long texts
    assert edited[0].image.size == (256, 256)
    assert session.images == [edited]


def test_several_pictures_are_a_list(session, emulator):
    session.image("side by side", edit=[picture(), picture(colour="blue")])
    assert len(emulator.requests[-1].body["image"]) == 2


def test_a_mask_leaves_the_rest_as_it_was(session):
    mask = np.zeros((256, 256), bool)
    mask[:128] = True
    options = {"model": "ernie-irag-edit", "feature": "repaint", "seed": 1}
    edited = session.image("night", edit=picture(), mask=mask, **options)[0].image.convert("RGB")
    assert edited.getpixel((128, 160)) == (255, 0, 0)
    assert edited.getpixel((128, 20)) != (255, 0, 0)


@pytest.mark.parametrize(
    "mask",
    [
        np.eye(128, dtype=bool),
        np.eye(128),
        np.eye(128, dtype="uint8") * 255,
        Image.fromarray(np.eye(128, dtype="uint8") * 200),
    ],
    ids=["booleans", "floats", "bytes", "a picture"],
)
def test_every_kind_of_mask_is_black_and_white(mask):
    sources = read_edit_sources(picture((128, 128)), mask, strict=True)
    assert np.array_equal(np.asarray(opened(sources.mask)), np.eye(128) * 255)


def test_a_mask_chooses_a_model_that_takes_one(session):
    edited = session.image("night", edit=picture(), mask=picture())
    assert edited.request.model == "ernie-irag-edit"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"edit": []}, "there is no picture in edit"),
        ({"mask": picture()}, "there is a mask and no picture to edit"),
        ({"edit": [picture()] * 4}, "at most 3 pictures in one call"),
        ({"edit": picture((127, 256))}, "127x256"),
        ({"edit": picture((1100, 200))}, "1100x200"),
        ({"edit": picture(), "mask": picture((256, 255))}, "they must have one size"),
        ({"edit": picture(), "mask": "https://example.com/m.png"}, "cannot be an address"),
        ({"edit": picture(), "mask": []}, "the mask is one picture, not 0"),
        ({"edit": picture(), "mask": [picture()] * 2}, "the mask is one picture, not 2"),
        ({"edit": as_png(picture())[:60]}, "the picture cannot be used"),
        ({"edit": picture(), "mask": as_png(picture())[:60]}, "the picture cannot be used"),
        ({"edit": as_png(picture()).replace(b"IDAT", b"IDAX")}, "the picture cannot be used"),
        ({"edit": picture(), "model": "Stable-Diffusion-XL"}, "cannot edit pictures"),
        ({"edit": picture(), "feature": "erase"}, "feature"),
        (
            {"edit": picture(), "mask": picture(), "model": "qwen-image-edit"},
            "qwen-image-edit takes no mask",
        ),
        ({"model": "qwen-image-edit"}, "name one with --edit"),
    ],
)
def test_what_cannot_be_edited_is_told_before_it_is_sent(emulator, options, words):
    with Session(
        service="aistudio", base_url=emulator.base_url, api_key="k-edits", language="en"
    ) as session:
        emulator.requests.clear()
        with pytest.raises(InvalidOption, match=words):
            session.image("x", **options)
        assert not [call for call in emulator.requests if call.method == "POST"]


def test_an_animation_is_refused_by_its_format(session):
    out = io.BytesIO()
    picture().save(out, "GIF")
    with pytest.raises(InvalidOption, match="GIF"):
        session.image("x", edit=out.getvalue())


def test_qianfan_v1_has_no_edits():
    with (
        Session(service="qianfan-v1", api_key="24.token", language="en") as session,
        pytest.raises(InvalidOption, match="Qianfan V1 cannot edit"),
    ):
        session.image("x", edit=picture())


def test_another_server_is_sent_a_form_as_openai_has_it(local, emulator):
    local.image("add a tree", edit=[picture(), picture()], model="qwen-image-edit", n=2)
    body = emulator.requests[-1].body
    assert body["fields"] == {"model": "qwen-image-edit", "prompt": "add a tree", "n": "2"}
    assert set(body["files"]) == {"image[]"}


def test_a_form_holds_no_address(local):
    with pytest.raises(InvalidOption, match="takes files of pictures"):
        local.image("x", edit="https://example.com/cat.png", model="qwen-image-edit")


def test_it_is_made_again_from_the_same_picture(session, tmp_path):
    edited = session.image("add a hat", edit=picture(), seed=3)
    assert session.redo(edited)[0].content == edited[0].content
    file = edited[0].save(tmp_path / "edited.png")
    with pytest.raises(InvalidOption, match="edit"):
        session.redo(file)
    assert session.redo(file, edit=picture())[0].content == edited[0].content
