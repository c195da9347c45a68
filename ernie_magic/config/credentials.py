"""Credentials as data, and endpoints: a service with its address and credential."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ernie_magic.config.headers import ExtraHeaders
from ernie_magic.config.services import CONSOLE_URL, IAM_URL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.api.parameter import Rules
    from ernie_magic.config.keys import Key, Pair
    from ernie_magic.config.services import Service


@dataclass(frozen=True)
class Bearer:
    """A key sent as `Authorization: Bearer` (RFC 6750)."""

    key: Key


@dataclass(frozen=True)
class BearerFromPair:
    """An access key and a secret key, exchanged at IAM for a temporary bearer token
    (https://cloud.baidu.com/doc/IAM/s/Mm2x80phi).
    """

    pair: Pair
    iam_url: str = IAM_URL


@dataclass(frozen=True)
class AccessToken:
    """A token sent as `access_token` in the query
    (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf).
    """

    token: Key


@dataclass(frozen=True)
class TokenFromPair:
    """An application's API Key and Secret Key, exchanged by OAuth for an `access_token`
    (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf).
    """

    pair: Pair
    url: str


@dataclass(frozen=True)
class Signature:
    """An access key and a secret key that sign each call
    (https://cloud.baidu.com/doc/Reference/s/njwvz1yfu).
    """

    pair: Pair


@dataclass(frozen=True)
class Login:
    """The name and the password in a base URL, sent as `Authorization: Basic` (RFC 7617)."""

    pair: Pair


Credential = Bearer | BearerFromPair | AccessToken | TokenFromPair | Signature | Login


@dataclass(frozen=True)
class Endpoint:
    """A service as this session reaches it.

    Attributes
    ----------
    service : Service
    base_url : str
    credential : Credential | None
        None where the server requires none.
    headers : dict
        Sent with each call (`appid`).
    extra_headers : ExtraHeaders
        The user's own, for calls below `base_url`.
    console_url : str
        Where Qianfan V1 lists its services; "" where that is unknown.
    withheld : bool
        There is a key, but from another place than the address: it is not sent.
    query : dict of str to Key
        Keys that stood in the address: sent in the query of each call.
    is_platform : bool
        Whether `base_url` is Qianfan's host itself, for the calls of its platform.
    """

    service: Service
    base_url: str
    credential: Credential | None = None
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    extra_headers: ExtraHeaders = field(default_factory=ExtraHeaders, hash=False)
    console_url: str = CONSOLE_URL
    withheld: bool = False
    query: Mapping[str, Key] = field(default_factory=dict, hash=False)
    is_platform: bool = False

    @property
    def rules(self) -> Rules:
        """The rules that a request is checked against."""
        return self.service.rules

    @property
    def account(
        self,
    ) -> tuple[str, Credential | None, frozenset[tuple[str, Key]], ExtraHeaders]:
        """What limits and lists of models belong to: an address, and all that may say who calls
        it.
        """
        keys_of_address = frozenset(self.query.items())
        return self.base_url, self.credential, keys_of_address, self.extra_headers
