"""An edit of pictures as the form that OpenAI's API takes
(https://platform.openai.com/docs/api-reference/images/createEdit).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text
from ernie_magic.wire.replies import decode_base64
from ernie_magic.wire.request import Form, UploadedFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


def edit_form(fields: Mapping[str, Any], images: Sequence[str], mask: str) -> Form:
    """Return the form: `image`, or `image[]` for each of several, `mask`, and the other fields.

    Parameters
    ----------
    fields
    images
        `data:` URIs (RFC 2397).
    mask
        Another one, "" for none.

    Raises
    ------
    InvalidOption
        A picture is an address, which a form cannot hold.
    """
    field = "image"
    if len(images) > 1:
        field = "image[]"
    files = [_picture_file(field, address) for address in images]
    if mask:
        files.append(_picture_file("mask", mask))
    return Form(tuple(files), {name: _written(value) for name, value in fields.items()})


def _written(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value)


def _picture_file(field: str, address: str) -> UploadedFile:
    if not address.startswith("data:"):
        raise InvalidOption(
            Text(
                "这个服务只收图片文件，不收网址",
                "this server takes files of pictures, and no address",
            ),
            advice=Text("先下载，再用 edit 给出文件", "download it, and name the file with edit"),
        )
    media_type = address[len("data:") :].partition(";")[0]
    name = f"{field.rstrip('[]')}.{media_type.partition('/')[2]}"
    return UploadedFile(field, name, decode_base64(address), media_type)
