"""Pictures for vision models: whatever is at hand becomes a part of the message."""

import base64
import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from IPython import display
from PIL import Image

from ernie_magic.api.requests import ImageRequest
from ernie_magic.calls.chat import attachments
from ernie_magic.calls.images.pictures import ImageSet, Picture
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.errors import BadRequest, InvalidMessages, InvalidOption
from ernie_magic.notebook.display.chat import summary_line
from ernie_magic.session import Session

REQUEST = ImageRequest(model="m", prompt="猫")


def file_of(kind="PNG", size=(40, 30)):
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind)
    return out.getvalue()


FILE_BASE64 = base64.b64encode(file_of()).decode()


def opened(part):
    mime, _, packed = part["image_url"]["url"].partition(";base64,")
    with Image.open(io.BytesIO(base64.b64decode(packed))) as image:
        image.load()
        return mime, image


@pytest.mark.parametrize(
    ("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
def test_a_picture_s_bytes_and_file_pass_as_they_are(kind, mime, tmp_path):
    content = file_of(kind)
    file = tmp_path / "x"
    file.write_bytes(content)
    expected = {
        "type": "image_url",
        "image_url": {"url": f"data:{mime};base64,{base64.b64encode(content).decode()}"},
    }
    for given in (content, bytearray(content), file, str(file), Picture(REQUEST, content)):
        assert attachments.image_parts(given) == [expected]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_what_a_notebook_shows_as_a_picture_is_one(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("~x.pic").write_bytes(file_of(kind))
    try:
        as_bytes = display.Image(data=file_of(kind), format=kind.lower())
    except ValueError:
        pytest.skip("this IPython embeds no such picture")
    as_file = display.Image(filename="~x.pic", format=kind.lower())
    for given in (as_bytes, as_file, display.Image(url="~x.pic"), "~x.pic"):
        (part,) = attachments.image_parts(given)
        assert opened(part)[0] == f"data:image/{kind.lower()}"
    assert attachments.image_parts(display.Image(url="https://example.com/x")) == (
        attachments.image_parts("https://example.com/x")
    )


@pytest.mark.parametrize(
    "beginning", ["data:image/png;base64,", "image/png;base64,", "image/png;v=1;base64,"]
)
def test_a_data_address_may_lack_its_scheme(beginning):
    packed = base64.b64encode(file_of()).decode()
    assert attachments.image_parts(beginning + packed) == attachments.image_parts(file_of())


@pytest.mark.parametrize("url", ["https://example.com/x.png", "http://example.com/x"])
def test_an_address_is_sent_as_it_is(url):
    assert attachments.image_parts(url) == [{"type": "image_url", "image_url": {"url": url}}]
    assert attachments.image_parts(Picture(REQUEST, url=url)) == attachments.image_parts(url)


class Figure:
    """Like matplotlib's."""

    def savefig(self, out, format):  # noqa: A002  (matplotlib's name)
        assert format == "png"
        out.write(file_of())


class Axes:
    figure = Figure()


class Tensor:
    """Like PyTorch's: NumPy makes an array of it, which it is not itself."""

    def __init__(self, array):
        self._array = array
        self.shape, self.dtype = array.shape, "torch.float64"

    def __array__(self, dtype=None, copy=None):
        return self._array

    def permute(self, *axes):
        return Tensor(self._array.transpose(axes))


class Chart:
    def _repr_png_(self):
        return base64.b64encode(file_of()).decode(), {"width": 40}


@pytest.mark.parametrize(
    "given",
    [
        Figure(),
        Axes(),
        Chart(),
        Image.new("RGB", (40, 30)),
        np.zeros((30, 40, 3), "uint8"),
        np.zeros((30, 40, 4), "uint8"),
        np.zeros((30, 40), "uint8"),
        np.zeros((30, 40, 1), "uint8"),
        np.ones((30, 40, 1)) / 2,
        Tensor(np.ones((30, 40, 3)) / 2),
        np.ones((30, 40)) / 2,
        np.asfortranarray(np.zeros((30, 40, 3), "uint8")),
    ],
    ids=lambda given: type(given).__name__,
)
def test_what_draws_itself_becomes_a_png(given):
    mime, image = opened(attachments.image_parts(given)[0])
    assert (mime, image.size) == ("data:image/png", (40, 30))


class Broken:
    def _repr_png_(self):
        raise RuntimeError("usetex")


itself = []
itself.append(itself)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (Broken(), "Broken cannot be drawn: usetex"),
        (itself, "list is not a picture"),
        ("data:image/png;base64,AAAAA", "no valid base64"),
        ("data:image/svg+xml;base64,PHN2Zy8+", "SVG"),
        ("~nobody-of-this-name/x.png", "no such file: ~nobody-of-this-name/x.png"),
        (np.full((2, 2), np.nan), "is not a picture"),
    ],
)
def test_what_breaks_while_it_is_drawn_is_told_in_a_line(given, told):
    with pytest.raises(InvalidOption, match=told):
        attachments.image_parts(given)


def grey(value, mode):
    return Image.new(mode, (40, 30), value)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (Image.new("RGB", (40, 30), (200, 30, 60)).convert("CMYK"), (200, 30, 60)),
        (Image.new("RGB", (40, 30), (200, 30, 60)).convert("YCbCr"), (200, 30, 60)),
        (Image.new("HSV", (40, 30), (0, 255, 255)), (255, 0, 0)),
        (Image.new("LAB", (40, 30), (255, 128, 128)), (255, 255, 255)),
        (Image.new("RGBX", (40, 30), (9, 8, 7, 255)), (9, 8, 7)),
        (Image.new("RGBA", (40, 30), (100, 50, 20, 128)).convert("RGBa"), (100, 50, 20, 128)),
        (Image.new("LA", (40, 30), (100, 128)).convert("La"), (100, 128)),
        (Image.new("RGB", (40, 30), "red").quantize(4).convert("PA"), (255, 0, 0, 255)),
        (grey(0.5, "F"), 128),
        (grey(200.0, "F"), 200),
        (grey(200, "I"), 200),
        (grey(65535, "I"), 255),
        (grey(-7, "I"), 0),
        (grey(300, "I;16"), 75),
        (grey(4000, "I;16"), 249),
        (grey(40_000, "I;16"), 156),
        (grey(257 * 100, "I;16B"), 100),
        (grey(1, "1"), 255),
    ],
    ids=lambda value: getattr(value, "mode", None),
)
def test_a_pillow_image_of_any_mode_becomes_a_png_of_its_colors(given, shown):
    before = given.copy()
    mime, image = opened(attachments.image_parts(given)[0])
    assert (mime, image.size) == ("data:image/png", (40, 30))
    assert image.getpixel((0, 0)) == pytest.approx(shown, abs=2)
    assert (given.mode, given.tobytes()) == (before.mode, before.tobytes())


def test_a_png_of_gray_in_16_bits_is_sent_in_8():
    out = io.BytesIO()
    grey(40_000, "I;16").save(out, "PNG")
    _, image = opened(attachments.image_parts(out.getvalue())[0])
    assert (image.mode, image.getpixel((0, 0))) == ("L", 156)


def test_numbers_of_any_range_are_drawn_from_the_least_to_the_greatest():
    given = Image.fromarray(np.array([[-1000.0, 0.0, 1000.0]], "float32"))
    _, image = opened(attachments.image_parts(given)[0])
    assert list(image.tobytes()) == [0, 128, 255]
    with pytest.raises(InvalidOption, match=r"so it has no gray levels.*scale it to 0…255"):
        attachments.image_parts(Image.fromarray(np.array([[np.inf, 0.0]], "float32")))


def test_a_converted_image_loses_the_profile_of_its_former_colors():
    given = Image.new("CMYK", (40, 30))
    given.info["icc_profile"] = b"of CMYK"
    _, image = opened(attachments.image_parts(given)[0])
    assert "icc_profile" not in image.info


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF", "PNG"])
@pytest.mark.parametrize(("orientation", "size"), [(1, (40, 30)), (3, (40, 30)), (6, (30, 40))])
def test_an_opened_photo_is_sent_as_a_viewer_shows_it(kind, orientation, size):
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    photo = Image.new("RGB", (40, 30), "red")
    photo.paste("blue", (0, 0, 40, 8))  # at the top of what the camera stored
    photo.save(out, kind, exif=exif)
    _, image = opened(attachments.image_parts(Image.open(io.BytesIO(out.getvalue())))[0])
    assert (image.size, image.getexif().get(0x0112, 1)) == (size, 1)
    blue = {1: (20, 2), 3: (20, 27), 6: (27, 20)}[orientation]
    assert image.getpixel(blue)[2] > 200


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "JPEG2000", "TGA", "PPM", "SGI"])
def test_a_file_that_vision_services_refuse_is_sent_as_png(kind, tmp_path):
    content = file_of(kind)
    file = tmp_path / "scan"
    file.write_bytes(content)
    for given in (content, file, io.BytesIO(content), Picture(REQUEST, content)):
        mime, image = opened(attachments.image_parts(given)[0])
        assert (mime, image.format, image.size) == ("data:image/png", "PNG", (40, 30))
        assert image.convert("RGB").getpixel((5, 5)) == pytest.approx((255, 0, 0), abs=2)


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        (Image.new("I;16", (40, 30), 4000), 249),
        (Image.new("F", (40, 30), 0.5), 128),
        (Image.new("CMYK", (40, 30), (0, 255, 255, 0)), (255, 0, 0)),
        (Image.new("1", (40, 30), 1), 255),
    ],
    ids=lambda value: getattr(value, "mode", None),
)
def test_a_tiff_of_any_mode_is_sent_as_pillow_s_image_of_it(image, shown):
    out = io.BytesIO()
    image.save(out, "TIFF")
    from_file = attachments.image_parts(out.getvalue())
    assert from_file == attachments.image_parts(Image.open(io.BytesIO(out.getvalue())))
    assert opened(from_file[0])[1].getpixel((5, 5)) == pytest.approx(shown, abs=2)


def photo_of(kind, orientation, size=(40, 30)):
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    photo = Image.new("RGB", size, "red")
    photo.paste("blue", (0, 0, size[0], 8))  # at the top of what the camera stored
    photo.save(out, kind, exif=exif, icc_profile=b"of the camera")
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "sent_as"), [("JPEG", "JPEG"), ("WEBP", "PNG"), ("PNG", "PNG"), ("TIFF", "PNG")]
)
@pytest.mark.parametrize(("orientation", "blue"), [(3, (20, 27)), (6, (27, 20)), (8, (2, 20))])
def test_a_photo_s_file_is_sent_upright(kind, sent_as, orientation, blue):
    mime, image = opened(attachments.image_parts(photo_of(kind, orientation))[0])
    assert (mime, image.format) == (f"data:image/{sent_as.lower()}", sent_as)
    assert image.getexif().get(0x0112, 1) == 1
    assert image.size == ((40, 30) if orientation == 3 else (30, 40))
    assert image.getpixel(blue)[2] > 200
    assert image.info["icc_profile"] == b"of the camera"


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_an_upright_photo_s_file_stays_byte_for_byte(kind):
    content = photo_of(kind, 1)
    (part,) = attachments.image_parts(content)
    assert part["image_url"]["url"].endswith(base64.b64encode(content).decode())


def test_a_photo_that_cannot_be_turned_is_the_service_s_to_judge():
    cut = photo_of("JPEG", 6, (400, 300))[:900]
    (part,) = attachments.image_parts(cut)
    assert part["image_url"]["url"].endswith(base64.b64encode(cut).decode())


@pytest.mark.parametrize(("limit", "is_turned"), [(40_000, True), (9_000, False)])
def test_turning_a_photo_does_not_make_it_too_large_to_send(monkeypatch, limit, is_turned):
    monkeypatch.setattr("ernie_magic.calls.images.conversion.MAX_IMAGE_BYTES", limit)
    noise = np.random.default_rng(0).integers(0, 255, (150, 200, 3), "uint8")
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    Image.fromarray(noise).save(out, "JPEG", quality=60, exif=exif)
    _, image = opened(attachments.image_parts(out.getvalue())[0])
    assert image.size == ((150, 200) if is_turned else (200, 150))


def test_a_damaged_file_that_must_be_converted_is_told_in_a_line():
    with pytest.raises(InvalidOption, match="cannot be used: the picture is incomplete or damaged"):
        attachments.image_parts(file_of("BMP")[:-500])


def test_what_is_too_large_as_png_is_sent_as_jpeg(monkeypatch):
    monkeypatch.setattr("ernie_magic.calls.images.conversion.MAX_IMAGE_BYTES", 30_000)
    noise = np.random.default_rng(0).integers(0, 255, (100, 150, 3), "uint8")
    mime, image = opened(attachments.image_parts(Image.fromarray(noise))[0])
    assert (mime, image.size) == ("data:image/jpeg", (150, 100))


@pytest.mark.parametrize("read", [bytes, io.BytesIO, "path", "address"])
@pytest.mark.parametrize("kind", ["TIFF", "BMP", "PPM", "TGA"])
def test_a_file_that_is_converted_is_measured_as_it_is_sent(tmp_path, monkeypatch, kind, read):
    content = file_of(kind, (200, 150))
    monkeypatch.setattr("ernie_magic.calls.chat.attachments.MAX_IMAGE_BYTES", 30_000)
    assert len(content) > 30_000
    (tmp_path / "scan").write_bytes(content)
    given = {
        "path": tmp_path / "scan",
        "address": "data:image/tiff;base64," + base64.b64encode(content).decode(),
    }.get(read) or read(content)
    mime, image = opened(attachments.image_parts(given)[0])
    assert (mime, image.size) == ("data:image/png", (200, 150))


def test_a_file_that_is_too_large_after_conversion_too_is_refused(monkeypatch):
    for module in ("chat.attachments", "images.conversion"):
        monkeypatch.setattr(f"ernie_magic.calls.{module}.MAX_IMAGE_BYTES", 3_000)
    noise, out = np.random.default_rng(0).integers(0, 255, (100, 150, 3), "uint8"), io.BytesIO()
    Image.fromarray(noise).save(out, "TIFF")
    with pytest.raises(InvalidOption, match="the picture is larger than"):
        attachments.image_parts(out.getvalue())


def test_base64_of_either_alphabet_and_without_padding_is_read():
    content = file_of("JPEG", (41, 31)) + b"\xfb\xff\xfe"
    expected = attachments.image_parts(content)
    packed = base64.urlsafe_b64encode(content).decode()
    assert {"-", "_"} & set(packed)
    escaped = base64.b64encode(content).decode().replace("+", "%2B").replace("=", "%3D")
    lines = "\r\n".join(packed[i : i + 76] for i in range(0, len(packed), 76))
    for text in (packed, packed.rstrip("="), escaped, lines, f"  {packed}\n"):
        assert attachments.image_parts(f"data:image/jpeg;base64,{text}") == expected
    assert attachments.image_parts(f"DATA:image/jpeg;name=x;base64,{packed}") == expected


def test_base64_alone_is_a_picture_and_so_are_truth_values():
    packed = base64.b64encode(file_of()).decode()
    assert attachments.image_parts(packed) == attachments.image_parts(file_of())
    with pytest.raises(InvalidOption, match="no such file"):
        attachments.image_parts("x" * 200)
    (part,) = attachments.image_parts(np.array([[True, False]]))
    assert [opened(part)[1].getpixel((x, 0)) for x in (0, 1)] == [255, 0]


def test_a_data_uri_is_looked_at_like_any_picture():
    uri = "data:image/png;base64," + base64.b64encode(file_of()).decode()
    assert attachments.image_parts(uri) == attachments.image_parts(file_of())
    assert attachments.image_parts(None) == []


def test_values_from_0_to_1_are_grey_levels():
    _, image = opened(attachments.image_parts(np.array([[0.0, 0.5, 1.0]]))[0])
    assert list(image.tobytes()) == [0, 128, 255]


def test_an_open_file_and_any_bytes_are_a_picture(tmp_path):
    content = file_of()
    (tmp_path / "a.png").write_bytes(content)
    in_memory = io.BytesIO(content)
    in_memory.read()  # where a caller left it does not matter
    with (tmp_path / "a.png").open("rb") as file:
        given = [file, in_memory, memoryview(content), bytearray(content)]
        parts = attachments.image_parts(given)
    assert parts == attachments.image_parts([content] * len(given))
    with pytest.raises(InvalidOption, match="closed file"):
        attachments.image_parts(file)


def test_several_are_several_parts():
    one = Picture(REQUEST, file_of())
    assert len(attachments.image_parts([one, ImageSet((one, one), REQUEST), file_of("JPEG")])) == 4


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "cannot be used: .*SVG"),
        (b"", "cannot be used: .*nothing"),
        ("/no/such/file.png", "no such file: /no/such/file.png"),
        ("/", r"/ is a folder, not a picture.*glob"),
        ("", "the path of a picture is empty"),
        (["  "], "the path of a picture is empty"),
        (7, "int is not a picture"),
        (np.zeros((3, 4, 5)), r"shape \(3, 4, 5\) is not a picture"),
        (np.array([[2.0]]), "is not a picture"),
        (np.zeros((0, 4), "uint8"), "is not a picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(11 * 1024 * 1024), "larger than 10 MB"),
        ({"a": 1}, "dict is not a picture"),
        ([None], "the list of pictures holds None"),
        ([file_of(), [None]], "the list of pictures holds None"),
        (io.StringIO("x"), "the file is open as text"),
        (io.BytesIO(b"x"), "cannot be used"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_picture_is_told_in_a_line(given, told):
    with pytest.raises(InvalidOption, match=told) as caught:
        attachments.image_parts(given)
    assert "\n" not in str(caught.value)


RGB = np.zeros((30, 40, 3), "uint8")


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (RGB.transpose(2, 0, 1), "array.transpose(1, 2, 0)"),
        (np.zeros((4, 30, 40)), "array.transpose(1, 2, 0)"),
        (Tensor(RGB.transpose(2, 0, 1)), "array.permute(1, 2, 0)"),
        (np.zeros((1, 30, 40)), "array[0]"),
        (np.zeros((1, 30, 40, 3)), "array[0]"),
        (np.zeros((2, 30, 40, 3)), "list(array)"),
        (RGB.astype(int), 'array.astype("uint8")'),
        (RGB.astype("float32") + 200.5, 'array.astype("uint8")'),
        (Tensor(RGB.astype(int)), 'numpy.asarray(array).astype("uint8")'),
        (RGB / 2 - 1, "(array + 1) / 2"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_an_array_of_another_shape_or_range_is_told_with_what_to_write(given, written):
    with pytest.raises(InvalidOption) as caught:
        attachments.image_parts(given)
    assert written in caught.value.advice.en
    names = {"array": given, "numpy": np, "list": list}
    attachments.image_parts(eval(caught.value.advice.en.rpartition("pass ")[2], names))


@pytest.fixture
def session(emulator):
    emulator.requests.clear()
    with Session(
        ErnieSettings(
            service="aistudio", base_url=emulator.base_url, api_key="any-key", retry_count=1
        )
    ) as session:
        yield session


def test_a_model_that_sees_is_chosen_and_told_of_the_picture(session, emulator):
    answer = session.chat("这是什么？", images=[file_of(), file_of("JPEG")])
    assert "收到 2 张图片：PNG 40x30、JPEG 40x30" in answer.text
    assert answer.model == "ernie-4.5-turbo-vl"
    assert [part["type"] for part in emulator.requests[-1].body["messages"][-1]["content"]] == [
        "text",
        "image_url",
        "image_url",
    ]


def test_pictures_go_along_with_later_questions_until_the_history_is_cleared(session, emulator):
    first = session.chat("这是什么？", images=file_of())
    second = session.chat("什么颜色？")
    told = "this model was chosen for the earlier pictures"
    assert told not in summary_line(first, "en")
    assert told in summary_line(second, "en")
    sent = emulator.requests[-1].body
    assert [isinstance(message["content"], list) for message in sent["messages"]] == [
        True,
        False,
        False,
    ]
    assert sent["model"] == "ernie-4.5-turbo-vl"
    session.reset()
    session.chat("你好")
    assert emulator.requests[-1].body["model"] == "ernie-4.5-turbo-128k"


def test_a_model_that_does_not_see_is_refused_before_sending(session, emulator):
    for ask in (
        lambda: session.chat("?", model="ernie-3.5-8k", images=file_of()),
        lambda: session.chat(
            [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "?"}, *attachments.image_parts(file_of())],
                }
            ],
            model="ernie-3.5-8k",
        ),
    ):
        with pytest.raises(
            InvalidOption,
            match=r"ernie-3\.5-8k does not take pictures\. What to do: use a model that does: ernie-5.0",
        ):
            ask()
    assert not emulator.requests


def test_pictures_beside_whole_messages_are_refused(session):
    with pytest.raises(InvalidOption, match="images can only be sent with a text prompt"):
        session.chat([{"role": "user", "content": "?"}], images=file_of())
    with pytest.raises(InvalidMessages):
        session.chat("", images=file_of())
    assert session.chat([{"role": "user", "content": "?"}], images=[]).text


def part_sent(session, field):
    content = [{"type": "image_url", "image_url": field}, {"type": "text", "text": "?"}]
    answer = session.chat([{"role": "user", "content": content}])
    assert content[0]["image_url"] is field  # the caller's own list stays as it is
    return answer.request.messages[0]["content"][0]


@pytest.mark.parametrize(
    "as_field",
    [
        lambda file: {"url": str(file)},
        str,
        lambda file: {"url": file},
        lambda file: {"url": file.as_uri()},
        lambda file: {"url": file.read_bytes()},
        Image.open,
    ],
    ids=["address", "bare", "Path", "file:", "bytes", "Pillow"],
)
def test_a_picture_of_this_machine_in_a_message_is_attached(session, tmp_path, as_field):
    (tmp_path / "photo.png").write_bytes(file_of())
    mime, image = opened(part_sent(session, as_field(tmp_path / "photo.png")))
    assert (mime, image.size) == ("data:image/png", (40, 30))


def test_what_stands_beside_a_picture_in_a_message_stays(session, tmp_path):
    (tmp_path / "photo.png").write_bytes(file_of())
    part = part_sent(session, {"url": str(tmp_path / "photo.png"), "detail": "low"})
    assert part["image_url"]["detail"] == "low"


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ({"url": "holiday.jpg"}, "no such file: holiday.jpg"),
        ("file:///no/such", "no such file"),
        ({"url": Path(__file__)}, "the picture cannot be used"),
        ({"url": 7}, "int is not a picture"),
    ],
)
def test_what_is_no_picture_in_a_message_is_refused_before_sending(session, emulator, field, told):
    with pytest.raises(InvalidOption, match=told):
        part_sent(session, field)
    assert not emulator.requests


@pytest.mark.parametrize(
    "address",
    [
        "https://a.example/a.png",
        "data:image/png;base64,AA",
        "ms://id",
        "file-a1b2",
        "",
        FILE_BASE64,
    ],
)
def test_an_address_in_a_message_is_the_service_s_to_read(address):
    for field in (address, {"url": address}):
        message = {"role": "user", "content": [{"type": "image_url", "image_url": field}]}
        assert attachments.attach_pictures(message) == message


def test_the_service_s_refusal_of_a_picture_is_told(session):
    with pytest.raises(BadRequest):
        session.chat("?", images=b"\x89PNG\r\n\x1a\n")


class FigureWithoutChinese:
    def savefig(self, out, format):  # noqa: A002  (matplotlib's name)
        for code in range(20_320, 20_340):
            warnings.warn(f"Glyph {code} (CJK) missing from font(s) DejaVu Sans.", stacklevel=1)
        warnings.warn("tight layout not applied", stacklevel=1)
        out.write(file_of())


def test_a_figure_s_missing_characters_are_told_in_one_warning():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        attachments.image_parts(FigureWithoutChinese())
    messages = [str(each.message) for each in told]
    assert messages[0] == "tight layout not applied"
    assert messages[1].startswith("the figure's font lacks 20 of its characters, which are boxes")
    assert len(messages) == 2
