"""What the links of datasets lead to: the faults of an import, samples of an export."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from starlette.responses import Response

from ernie_magic.emulator.access import FILES
from ernie_magic.emulator.refusals import Refusal

if TYPE_CHECKING:
    from ernie_magic.emulator.calls import IncomingCall
    from ernie_magic.emulator.platform.console import PlatformCall

_FAULTS = "\ufeff行,原因\r\n3,response 为空\r\n7,不是合法的 JSON\r\n"
_SAMPLE = '[{"prompt": "模拟的样本", "response": [["不是真实数据"]]}]'
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def link_to_file(call: PlatformCall, name: str) -> str:
    """A link to one of the files: "errors.csv", "sample.txt" or "data.zip"."""
    return call.incoming.signed_link(FILES, {"file": name})


def serve_file(call: IncomingCall) -> Response:
    """The file that a link names.

    Raises
    ------
    Refusal
    """
    name = call.query.get("file", "")
    contents = {
        "errors.csv": _FAULTS.encode(),
        "sample.txt": _SAMPLE.encode(),
        "data.zip": _zip_sample(),
    }
    if name not in contents:
        raise Refusal("invalid_picture_link")
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(contents[name], media_type="application/octet-stream", headers=headers)


def _zip_sample() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("1.jsonl", _ZIP_TIME), _SAMPLE)
    return out.getvalue()
