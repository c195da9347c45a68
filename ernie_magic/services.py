"""The services as data: where they are, how they are keyed, what they are called."""

from __future__ import annotations

from dataclasses import dataclass

from ernie_magic.keys import Key  # noqa: TC001  (a dataclass field, resolved at run time by tools)
from ernie_magic.language import Text


@dataclass(frozen=True)
class Service:
    """One kind of server.

    Attributes
    ----------
    name : str
        What `%ernie use NAME` takes.
    label : Text
        What people call it.
    base_url : str
        Its address, "" when there is none before it starts.
    key_variable, base_url_variable : str
        Environment variables (also read from `.env`).
    key_page : str
        Where a person gets a key.
    """

    name: str
    label: Text
    base_url: str = ""
    key_variable: str = ""
    base_url_variable: str = ""
    key_page: str = ""


AI_STUDIO = Service(
    "aistudio", Text("AI Studio 星河", "AI Studio"), "https://aistudio.baidu.com/llm/lmapi/v3",
    "AI_STUDIO_API_KEY", "AI_STUDIO_BASE_URL", "https://aistudio.baidu.com/account/accessToken",
)
EMULATOR = Service("emulator", Text("内置模拟器", "built-in emulator"))

SERVICES: dict[str, Service] = {service.name: service for service in (AI_STUDIO, EMULATOR)}


@dataclass(frozen=True)
class Endpoint:
    """A service as this session reaches it: an address and perhaps a key."""

    service: Service
    base_url: str
    key: Key | None = None


def clean_base_url(url: str) -> str:
    """A base URL without what people paste along: white space, a slash at the end, `/chat/completions`."""
    return url.strip().rstrip("/").removesuffix("/chat/completions").rstrip("/")
