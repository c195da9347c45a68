"""Pictures as files: their parameters are saved with them and restored."""

import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from ernie_magic.api import models, parameters
from ernie_magic.api.parameter import Rules
from ernie_magic.api.requests import ImageRequest, image_request
from ernie_magic.calls.images import files as picture_files
from ernie_magic.calls.images import metadata
from ernie_magic.calls.images.pictures import ImageSet, Picture
from ernie_magic.config.keys import Key
from ernie_magic.errors import ErnieError, InvalidOption
from ernie_magic.session import Session


def file_of(kind="PNG", size=(8, 6), mode="RGB"):
    out = io.BytesIO()
    Image.new(mode, size, "red" if mode != "L" else 80).save(out, kind)
    return out.getvalue()


def picture(content=None, **facts):
    request = ImageRequest(
        model="Stable-Diffusion-XL",
        prompt=facts.pop("prompt", "一只白猫，红帽子"),
        parameters=facts.pop("parameters", {"seed": 7}),
    )
    return Picture(request, file_of() if content is None else content, **facts)


def value_of(parameter):
    """Values that a parameter accepts on Stable-Diffusion-XL."""
    if parameter.type == "size":
        return st.sampled_from(models.find_model("Stable-Diffusion-XL").sizes)
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    if parameter.type == "bool":
        return st.booleans()
    if parameter.type == "str":
        return st.text(
            st.characters(exclude_categories=("Cs",)),
            min_size=1,
            max_size=parameter.max_length or 40,
        ).filter(str.strip)  # an end user's id is not blank
    low, high = parameter.minimum, parameter.maximum
    return st.integers(int(low), int(high)) if parameter.type == "int" else st.floats(low, high)


TABLE = [p for p in parameters.parameters_of("image").values() if p.name != "model"]
REQUESTS = st.one_of(
    [
        st.builds(
            lambda prompt, given, extra, model=model: image_request(
                prompt, model=model, given=given, extra=extra, rules=Rules()
            ),
            st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=200).filter(
                str.strip
            ),
            st.fixed_dictionaries(
                {},
                optional={
                    p.name: (
                        st.sampled_from(models.find_model(model).sizes)
                        if p.type == "size"
                        else value_of(p)
                    )
                    for p in TABLE
                    if p.supported_by(model)
                },
            ),
            st.dictionaries(
                st.sampled_from(["mask_image", "other"]),
                st.one_of(
                    st.text(st.characters(exclude_categories=("Cs",))), st.integers(), st.none()
                ),
            ),
        )
        for model in ("Stable-Diffusion-XL", "ERNIE-Image", "ERNIE-Image-Turbo")
    ]
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(request=REQUESTS, kind=st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]))
def test_a_picture_written_here_makes_an_equal_request_through_redo(request, kind, tmp_path, asked):
    written = Picture(request, file_of(kind), index=1).save(tmp_path / "cat-{i}")
    session, sent = asked
    session.begin_redo(written)
    assert sent.pop() == request


@pytest.fixture
def asked(monkeypatch):
    """A session, and the requests that it would send."""
    session, sent = Session(), []

    def record_request(target, build, *_):
        sent.append(build(target.model))

    monkeypatch.setattr(session.client, "start_model_call", record_request)
    return session, sent


def test_every_byte_of_a_png_stays_but_for_one_chunk_more():
    content = file_of()
    made = picture(content).to_bytes()
    added = len(made) - len(content)
    end = len(content) - 12  # IEND is the last chunk
    assert made[:end] + made[end + added :] == content
    assert made[end + 4 : end + 8] == b"iTXt"
    with Image.open(io.BytesIO(made)) as image:
        assert json.loads(image.text["ernie_magic"])["prompt"] == "一只白猫，红帽子"
        image.load()


def test_written_twice_it_holds_the_last_one_only():
    once = picture().to_bytes()
    again = picture(once, prompt="狗").to_bytes()
    assert again.count(b"ernie_magic") == 1
    assert picture(again, prompt="狗").to_bytes() == again


@pytest.mark.parametrize(
    ("kind", "ending"), [("PNG", ".png"), ("JPEG", ".jpg"), ("WEBP", ".webp"), ("GIF", ".gif")]
)
def test_the_ending_is_that_of_the_bytes_and_others_than_png_are_written_as_they_came(
    kind, ending, tmp_path
):
    content = file_of(kind)
    file = picture(content).save(tmp_path / "cat.png")
    assert file == tmp_path / f"cat{ending}"
    assert (file.read_bytes() == content) is (kind != "PNG")
    assert metadata.sidecar_path(file).exists() is (kind != "PNG")


def test_a_file_that_is_there_is_not_overwritten(tmp_path):
    names = [picture().save(tmp_path / "cat.png").name for _ in range(3)]
    assert names == ["cat.png", "cat (2).png", "cat (3).png"]


def test_the_fields_of_a_name(tmp_path):
    one = picture(index=1, parameters={"seed": 42}, prompt="../a cat: 猫/狗\n")
    assert (
        one.save(tmp_path / "{model}-{seed}-{i}-{prompt}").name
        == "Stable-Diffusion-XL-42-2-a-cat-猫-狗.png"
    )
    assert one.save(tmp_path).parent == tmp_path
    assert one.save(f"{tmp_path}/new/").parent == tmp_path / "new"
    assert picture(prompt="???").save(f"{tmp_path}/" + "{prompt}").name == "picture.png"
    with pytest.raises(
        InvalidOption,
        match=r"a file's name has no field \{time.x\}. What to do: fields: \{prompt\} \{seed\} \{i\} \{model\} \{time\}",
    ):
        one.save("{time.x}")


def test_several_get_numbers(tmp_path):
    both = ImageSet((picture(index=0), picture(file_of("JPEG"), index=1)), picture().request)
    assert [file.name for file in both.save(tmp_path / "cat.png")] == ["cat-1.png", "cat-2.jpg"]


def test_a_place_that_cannot_be_written_is_told_in_a_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        InvalidOption,
        match=r"cannot be written: .*What to do: choose another place; the pictures are still in the variable",
    ):
        picture().save(tmp_path / "file" / "cat")


def test_no_key_gets_into_a_file(tmp_path):
    Key("sk-canary-canary-0123456789")
    request = ImageRequest(
        model="m",
        prompt="sk-canary-canary-0123456789",
        extra={"token": "sk-canary-canary-0123456789"},
    )
    for kind in ("PNG", "JPEG"):
        file = Picture(request, file_of(kind)).save(tmp_path / "x")
        assert b"canary" not in file.read_bytes() + (
            metadata.sidecar_path(file).read_bytes() if kind == "JPEG" else b""
        )


def png_with(text):
    info = PngImagePlugin.PngInfo()
    info.add_itxt("ernie_magic", text)
    out = io.BytesIO()
    Image.new("RGB", (2, 2)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def test_a_picture_that_failed_or_is_only_a_link_cannot_be_saved(tmp_path):
    with pytest.raises(ErnieError):
        Picture(picture().request, problem=InvalidOption(picture_files.Text("坏", "bad"))).save(
            tmp_path
        )
    with pytest.raises(InvalidOption, match="only the link of this picture is here"):
        Picture(picture().request, url="https://example.com/x.png").save(tmp_path)


def test_over_another_when_asked(tmp_path):
    picture().save(tmp_path / "cat.png")
    again = picture(prompt="狗").save(tmp_path / "cat.png", overwrite=True)
    assert again == tmp_path / "cat.png"
    assert metadata.read_metadata(again)["prompt"] == "狗"
    picture(file_of("JPEG")).save(tmp_path / "dog")
    assert picture(file_of("JPEG")).save(tmp_path / "dog").name == "dog (2).jpg"


def test_a_name_of_an_unknown_seed(tmp_path):
    assert picture(parameters={}).save(f"{tmp_path}/" + "{seed}").name == "noseed.png"


def test_names_stay_where_they_were_meant(tmp_path):
    evil = Picture(ImageRequest(model="..", prompt=".."), file_of())
    assert evil.save(f"{tmp_path}/a/" + "{model}/{prompt}").parent == tmp_path / "a" / "model"


def test_what_was_not_written_whole_is_taken_away(tmp_path):
    (tmp_path / "cat.jpg.json").symlink_to(tmp_path / "victim")
    (tmp_path / "victim").write_text("precious")
    assert picture(file_of("JPEG")).save(tmp_path / "cat").name == "cat (2).jpg"
    assert (tmp_path / "victim").read_text() == "precious"
    with pytest.raises(InvalidOption, match="cannot be written"):
        picture().save("~nobody-of-this-name/x")
    assert sorted(path.name for path in tmp_path.iterdir() if "cat" in path.name) == [
        "cat (2).jpg",
        "cat (2).jpg.json",
        "cat.jpg.json",
    ]


@pytest.mark.parametrize(("kind", "extension"), [("PNG", "png"), ("JPEG", "jpg")])
def test_a_file_under_another_name_than_asked_for_says_so(tmp_path, kind, extension):
    pattern = tmp_path / f"cat.{extension}"
    first, second = (
        picture_files.save_pictures([picture(file_of(kind))], pattern)[0] for _ in range(2)
    )
    assert (first.path.name, first.taken) == (f"cat.{extension}", None)
    assert first.describe().en == str(first.path)
    assert second.taken == first.path
    assert second.describe().en == (
        f"{tmp_path / f'cat (2).{extension}'} (cat.{extension} already exists)"
    )
    assert (
        picture_files.save_pictures([picture(file_of(kind))], pattern, overwrite=True)[0].taken
        is None
    )
