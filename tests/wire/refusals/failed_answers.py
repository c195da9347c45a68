"""Failures told with HTTP 200, and a session that meets them."""

from ernie_magic.config.settings import ErnieSettings
from ernie_magic.session import Session
from tests.raw_server import chunk

HALF = chunk({"content": "half"})
STOP = chunk({}, finish_reason="stop")
ROLE = chunk({"role": "assistant", "content": ""})
KEY = "sk-CANARYcanary0123456789ABCDEF"
LIMIT = {"message": "Provider returned error", "code": 429}


def session_for(server, service="aistudio", **settings):
    return Session(
        ErnieSettings(
            service=service,
            base_url=f"{server.url}/v1",
            model="ernie-speed-8k",
            **{"api_key": KEY, "retry_count": 1, "backoff_factor": 0.0, **settings},
        )
    )


def body(content=None, reason="stop", **fields):
    message = {"role": "assistant", "content": content}
    return {"id": "x", "choices": [{"message": message, "finish_reason": reason}], **fields}


def named(name, data):
    return f"event: {name}\ndata: {data}\n\n"
