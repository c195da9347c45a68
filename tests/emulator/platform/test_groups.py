"""Every group of the platform, with bodies that no client would send."""

import re
from pathlib import Path

import httpx
import pytest

from ernie_magic.api.platform import KEY_GROUPS
from ernie_magic.config.keys import Key, Pair
from ernie_magic.emulator import platform
from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY
from ernie_magic.emulator.platform.groups import ACTIONS, ROUTES
from ernie_magic.wire.auth import signed_headers

PAIR = Pair(Key(ACCESS_KEY, secret=False), Key(SECRET_KEY, secret=False))
FOLDER = Path(platform.__file__).parent
SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
# What handlers read of a body, by whichever helper.
FIELDS = sorted(set(re.findall(r"\(\s*\"([a-z]\w+)\"", SOURCE)))
PATHS = [("POST", f"/v2/{group}?Action={name}") for group in ACTIONS for name in ACTIONS[group]] + [
    (route.method, re.sub(r"{\w+(:path)?}", "unknown", route.path)) for route in ROUTES
]
VALUES = [None, -1, 1e300, "x", [1], {"a": 1}, [{"a": None}]]


def credential(method, path, url):
    """What a path's family carries."""
    group = path.removeprefix("/v2/").partition("?")[0]
    is_signed = path.startswith("/wenxinworkshop/") or ("Action=" in path)
    if is_signed and group not in KEY_GROUPS:
        return signed_headers(PAIR, method, f"{url}{path}")
    return {"Authorization": "Bearer any"}


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_no_value_of_a_field_breaks_a_group(emulator, value):
    body = dict.fromkeys(FIELDS, value)
    broken = []
    with httpx.Client(base_url=emulator.url, trust_env=False, verify=False) as client:  # noqa: S501
        for method, path in PATHS:
            sent = body if method == "POST" else None
            headers = credential(method, path, emulator.url)
            try:
                status = client.request(method, path, json=sent, headers=headers).status_code
            except httpx.TransportError:  # what fails closes its connection
                status = 0
            if not 200 <= status < 500 or status in (401, 403):
                broken.append((method, path, status))
    assert broken == []


def test_the_fields_that_groups_read_are_found():
    assert {"serviceId", "modelId", "taskId", "maxKeys"} <= set(FIELDS)
