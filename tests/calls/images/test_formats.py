"""Formats of pictures, recognised by their bytes."""

import base64
import copy
import io

import pytest
from PIL import Image, features

from ernie_magic.api.requests import ImageRequest
from ernie_magic.calls.images.formats import EXTENSIONS, format_of
from ernie_magic.calls.images.pictures import Picture, decode_image, make_preview
from ernie_magic.errors import ProtocolError


def file_of(kind, **options):
    out = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(out, kind, **options)
    return out.getvalue()


def only_with(kind):
    """Skip where this Pillow was built without the format."""
    # Before 11.3 Pillow has not heard of AVIF, and warns.
    if kind == "AVIF" and ("avif" not in features.modules or not features.check("avif")):
        pytest.skip("this Pillow has no AVIF")
    if kind not in ("AVIF", "JPEG2000") and not can_write(kind):
        pytest.skip(f"this Pillow writes no {kind}")
    return kind


def can_write(kind):
    """Whether this Pillow writes the format; QOI it only reads before 11."""
    Image.init()
    return kind in Image.SAVE


MIMES = {
    "JPEG2000": "image/jp2",
    "PPM": "image/x-portable-anymap",
    "TGA": "image/x-tga",
    "PCX": "image/x-pcx",
    "DDS": "image/vnd-ms.dds",
    "DIB": "image/bmp",
}
DRAWN = ["PNG", "JPEG", "WEBP", "GIF"]
RARE = ["AVIF", "BMP", "TIFF", "JPEG2000", "QOI", "PPM", "TGA", "SGI", "PCX", "DDS", "DIB"]


@pytest.mark.parametrize("kind", [*DRAWN, *RARE])
def test_what_pillow_writes_is_recognised_and_decoded(kind):
    content = file_of(only_with(kind))
    found = format_of(content)
    assert (found.name, found.mime) == (kind, MIMES.get(kind, f"image/{kind.lower()}"))
    assert found.extension in EXTENSIONS
    assert decode_image(content).size == (20, 10)
    assert make_preview(content).size == (20, 10)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\0\0\0\x1cftypavis\0\0\0\0avismif1miaf", "AVIF"),
        # The major brand is the container's; only the compatible ones tell AVIF.
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
        (b"MM\0*" + bytes(20), "TIFF"),
        (b"II+\0" + bytes(20), "TIFF"),  # of more than 4 GB
        (b"\xff\x4f\xff\x51\0\x2f", "JPEG2000"),  # without a container
        (b"BM" + bytes(12) + b"\x7c\0\0\0", "BMP"),
    ],
)
def test_a_format_s_other_beginnings_are_recognised(content, name):
    assert format_of(content).name == name


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1miaf", "HEIC"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    ],
)
def test_a_picture_that_is_not_read_here_is_called_by_its_name(content, name):
    with pytest.raises(ProtocolError) as caught:
        format_of(content)
    assert f"the picture is {name}, which cannot be decoded here" in caught.value.line("en")


def test_a_picture_that_a_notebook_does_not_draw_is_shown_as_png():
    request = ImageRequest(model="m", prompt="猫")
    jpeg = file_of("JPEG")
    assert Picture(request, jpeg).page_form == ("image/jpeg", jpeg)
    for kind in ("TIFF", "QOI", "PPM", "TGA", "SGI", "PCX", "DDS", "DIB", "BMP"):
        if not can_write(kind):
            continue
        picture = Picture(request, file_of(kind))
        shown = picture._repr_mimebundle_()
        drawn = Image.open(io.BytesIO(base64.b64decode(shown["image/png"])))
        assert drawn.getpixel((0, 0)) == (255, 0, 0)
        assert (picture.content, picture.to_bytes()) == (file_of(kind), file_of(kind))


@pytest.mark.parametrize("kind", ["ICO", "ICNS"])
@pytest.mark.parametrize("mode", ["RGB", "P", "1"])
def test_an_icon_is_shown_as_png(kind, mode):
    out = io.BytesIO()
    Image.new("RGB", (32, 32), "white").convert(mode).save(out, kind)
    mime, shown = Picture(ImageRequest(model="m", prompt="猫"), out.getvalue()).page_form
    assert mime == "image/png"
    pixel = Image.open(io.BytesIO(shown)).convert("RGB").getpixel((9, 9))
    assert pixel == (255, 255, 255)


@pytest.mark.parametrize("kind", ["ICO", "ICNS"])
def test_an_icon_whose_inner_picture_is_a_bomb_is_not_decoded(kind):
    out = io.BytesIO()
    Image.new("RGB", (32, 32)).save(out, kind)
    header = b"IHDR" + (60_000).to_bytes(4, "big") * 2
    content = out.getvalue()
    at = content.index(b"IHDR")
    with pytest.raises(ProtocolError, match="60000x60000"):
        decode_image(content[:at] + header + content[at + len(header) :])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_thumbnail_is_upright(kind):
    turned = Image.Exif()
    turned[0x0112] = 6  # a quarter turn clockwise
    preview = make_preview(file_of(kind, exif=turned))
    assert Image.open(io.BytesIO(preview.thumbnail)).size == (10, 20)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "got nothing"),
        (b" \n\t", "got nothing"),
        (b"<!DOCTYPE html><html>", "a web page or XML"),
        (b"<?xml version='1.0'?><!-- x --><SVG onload=alert(1)>", "an SVG"),
        (b"\xef\xbb\xbf\n<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN'>\n<svg/>", "an SVG"),
        (b"<!DOCTYPE html><body><svg width='9'></svg>gone", "a web page or XML"),
        (b"<svgs>", "a web page or XML"),
        (b"<" * 500_000, "a web page or XML"),
        (b"<!--" * 200_000, "a web page or XML"),
        (b'  {"error": 1}', "JSON text"),
        (b"RIFF\0\0\0\0WAVEfmt ", "something else"),
        (b"\x89PNG\r\n", "something else"),
        (b"BM", "something else"),
        (b"P6ab", "something else"),
        (b"P3 is a console of 2006, and 7 games", "something else"),
        (b"P6\n" + b"#" * 5_000_000 + b"\n1 1\n255\nabc", "something else"),
        (b"\n\n{}", "JSON text"),
        (b"\nno picture at all", "something else"),
        (bytes(40), "something else"),
        ("抱歉，没有图片。".encode() * 3, "something else"),
    ],
)
def test_what_is_no_picture_is_told_by_its_kind(content, told):
    with pytest.raises(ProtocolError) as caught:
        format_of(content)
    assert told in caught.value.line("en")


def test_a_comment_in_a_header_is_no_pixel():
    content = b"P6\n# made by hand\n1 # wide\n1\n255\n\xff\0\0"
    assert decode_image(content).getpixel((0, 0)) == (255, 0, 0)


def test_pixels_in_words_by_the_million_are_not_decoded():
    words = b"P3\n2000 2000\n255\n" + b"1 " * 1_100_000
    with pytest.raises(ProtocolError) as caught:
        decode_image(words)
    assert "plain PPM, which cannot be decoded here" in caught.value.line("en")


def test_what_is_shown_as_png_is_upright():
    kind = only_with("AVIF")
    turned = Image.Exif()
    turned[0x0112] = 6
    content = file_of(kind, exif=turned.tobytes())
    picture = Picture(ImageRequest(model="m", prompt="p"), content)
    assert Image.open(io.BytesIO(picture.page_form[1])).size == (10, 20)


def test_formats_that_are_decoded_slowly_have_fewer_pixels():
    whole = b"qoif" + (2049).to_bytes(4, "big") * 2 + b"\4\0" + b"\xfd" * 70_000
    with pytest.raises(ProtocolError) as caught:
        decode_image(whole)
    assert "2049x2049 pixels, more than 4.2 million" in caught.value.line("en")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF"])
def test_a_picture_s_format_is_its_name_as_pillow_writes_it(kind):
    found = Picture(ImageRequest(model="m", prompt="p"), file_of(kind)).format
    assert (found == kind, str(found), f"{found}", repr(found)) == (True, kind, kind, repr(kind))
    assert (found.name, found.mime) == (kind, f"image/{kind.lower()}")
    again = copy.deepcopy(found)
    assert (again, again.mime) == (found, found.mime)
