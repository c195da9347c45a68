"""Arrays of pixels as pictures: NumPy's, and what other libraries turn into NumPy's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.calls.images.conversion import encode_image
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text, untranslated

if TYPE_CHECKING:
    import numpy as np

_CHANNELS = (3, 4)  # RGB, RGBA
_PLANE = 2  # dimensions: height and width
_PICTURE = 3  # and channels
_BATCH = 4  # of pictures
_MAX_VALUE = 255
_PASS = Text("传入 {written}", "pass {written}")
_CHANNELS_FIRST = Text("通道在最前面：传入 {written}", "its channels come first: pass {written}")
_SEVERAL = Text("这是多张图片：传入 {written}", "these are several pictures: pass {written}")
_SHAPES = Text(
    "数组形状可为 (高, 宽)、(高, 宽, 1)、(高, 宽, 3)、(高, 宽, 4)，类型为 uint8、bool 或 0..1 的"
    "浮点数",
    "an array has the shape (height, width), (height, width, 1), (height, width, 3) or (height, "
    "width, 4), and uint8, bool or floats from 0 to 1",
)


def is_array(given: object) -> bool:
    """Whether it is an array, or becomes one as PyTorch's and TensorFlow's tensors do."""
    if hasattr(given, "__array_interface__"):
        return True
    is_shaped = hasattr(given, "dtype") and len(getattr(given, "shape", ())) >= _PLANE
    return is_shaped and hasattr(given, "__array__")


def encode_array(given: Any) -> bytes:
    """Return an array of gray, RGB or RGBA values as PNG.

    Raises
    ------
    InvalidOption
        It has another shape, or other values.
    """
    import numpy as np
    from PIL import Image

    array = np.asarray(given)
    if array.ndim == _PICTURE and array.shape[2] == 1:
        array = array[:, :, 0]
    is_picture = array.ndim == _PLANE or (array.ndim == _PICTURE and array.shape[2] in _CHANNELS)
    pixels = _to_bytes(array)
    if pixels is None or not is_picture or not array.size:
        raise InvalidOption(
            Text(
                "{dtype} 类型、形状 {shape} 的数组不是图片",
                "an array of {dtype} and shape {shape} is not a picture",
            ).fill(dtype=array.dtype, shape=np.shape(given)),
            advice=_advise(given, array, is_picture=is_picture),
        )
    return encode_image(Image.fromarray(np.ascontiguousarray(pixels)))


def _to_bytes(array: np.ndarray) -> np.ndarray | None:
    """Return an array's values from 0 to 255, None where it is not clear what they mean."""
    if array.dtype == "uint8":
        return array
    if array.dtype == bool:
        return array.astype("uint8") * _MAX_VALUE
    if array.dtype.kind == "f" and _is_within(array, 0, 1):
        pixels: np.ndarray = (array * _MAX_VALUE).round().astype("uint8")
        return pixels
    return None


def _is_within(array: np.ndarray, least: float, most: float) -> bool:
    """Whether all values are numbers of this range."""
    if array.dtype.kind not in "iuf" or not array.size:
        return False
    # A comparison with NaN is false.
    return bool(array.min() >= least and array.max() <= most)


def _advise(given: Any, array: np.ndarray, *, is_picture: bool) -> Text:
    """Return what to write instead of an array that is no picture as it stands."""
    shape = array.shape
    if is_picture:
        return _advise_on_values(given, array)
    if array.ndim == _BATCH and shape[0] == 1:
        return _write(_PASS, "array[0]")
    if array.ndim == _BATCH and shape[0]:
        return _write(_SEVERAL, "list(array)")
    if array.ndim == _PICTURE and shape[0] == 1:
        return _write(_CHANNELS_FIRST, "array[0]")
    if array.ndim == _PICTURE and shape[0] in _CHANNELS:
        turned = "array.transpose(1, 2, 0)"
        if hasattr(given, "permute"):
            turned = "array.permute(1, 2, 0)"
        return _write(_CHANNELS_FIRST, turned)
    return _SHAPES


def _advise_on_values(given: Any, array: np.ndarray) -> Text:
    written = "array"
    if not hasattr(given, "astype"):
        written = "numpy.asarray(array)"
    if array.dtype.kind == "f" and _is_within(array, -1, 1):
        return _write(_PASS, f"({written} + 1) / 2")
    if _is_within(array, 0, _MAX_VALUE):
        return _write(_PASS, f'{written}.astype("uint8")')
    return _SHAPES


def _write(advice: Text, written: str) -> Text:
    return advice.fill(written=untranslated(written))
