"""How code of the official `openai` client comes to the key that a session uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ernie_magic.config.credentials import Bearer, BearerFromPair
from ernie_magic.config.keys import Key
from ernie_magic.config.services import QIANFAN, QIANFAN_V1
from ernie_magic.config.variables import DOTENV, read_variable
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.config.credentials import Credential, Endpoint
    from ernie_magic.config.services import Service

_V1 = Text(
    "# 千帆 V1 没有 OpenAI 兼容接口，这里是千帆 V2 的写法",
    "# Qianfan V1 has no OpenAI-compatible calls: this is for Qianfan V2",
)
_KEY_OF_SESSION = Text(
    "# 密钥是在会话里设置的，请先写进环境变量 {variable}",
    "# the key was set in the session: put it into the environment variable {variable} first",
)
_NEEDS_API_KEY = Text(
    "# 这个客户端只用 API Key：到 {page} 创建，写进环境变量 {variable}",
    "# this client takes an API key only: create one at {page} and put it into the environment "
    "variable {variable}",
)
_CLIENT = "from openai import OpenAI"
_OF_ENVIRONMENT = ("import os", "", _CLIENT)
_OF_DOTENV = (
    "import os",
    "",
    "from dotenv import find_dotenv, load_dotenv",
    _CLIENT,
    "",
    "load_dotenv(find_dotenv(usecwd=True))",  # as a session finds it
)


class Access(NamedTuple):
    """What the client's code says about where it calls, and with which key.

    Attributes
    ----------
    key : str
        The expression for the key.
    base_url : str
    beginning : tuple of str
        The imports, and what the expression needs besides.
    notes : tuple of Text
        What a person has to do first.
    """

    key: str
    base_url: str
    beginning: tuple[str, ...] = _OF_ENVIRONMENT
    notes: tuple[Text, ...] = ()


def find_access(endpoint: Endpoint) -> Access:
    """Return where the client calls, and how it reads the key: from the variable that holds it, as
    `python-dotenv` reads a `.env`.
    """
    service = endpoint.service
    if service.is_simulated:
        return Access('"any"', endpoint.base_url, (_CLIENT,))
    if service is QIANFAN_V1:
        access = _read_key(QIANFAN, None, QIANFAN.base_url)
        return access._replace(notes=(_V1, *access.notes))
    if not isinstance(endpoint.credential, (Bearer, BearerFromPair)):  # a server that needs no key
        return Access(f'os.environ.get("{service.key_variables[0]}", "none")', endpoint.base_url)
    return _read_key(service, endpoint.credential, endpoint.base_url)


def _read_key(service: Service, credential: Credential | None, base_url: str) -> Access:
    """Return how the code reads a service's key.

    Parameters
    ----------
    credential
        What the session uses; None where it calls another service.
    """
    variable, where = _find_variable(service, credential)
    access = Access(f'os.environ["{variable}"]', base_url)
    if where == DOTENV:
        return access._replace(beginning=_OF_DOTENV)
    if where:
        return access
    note = _KEY_OF_SESSION if isinstance(credential, Bearer) else _NEEDS_API_KEY
    return access._replace(notes=(note.fill(variable=variable, page=service.key_page),))


def _find_variable(service: Service, credential: Credential | None) -> tuple[str, str]:
    """Return the variable that holds the key, and where it was found; the service's first one, and
    "", where none does.
    """
    for name in service.key_variables:
        value, where = read_variable(name)
        if value and (credential is None or credential == Bearer(Key(value))):
            return name, where
    return service.key_variables[0], ""
