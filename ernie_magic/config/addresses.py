"""Base URLs as people write them: cleaned, without secrets when shown, and separated from their
login.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from ernie_magic.config.keys import Key, Pair
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.config.credentials import Login


def redact_url(url: str) -> str:
    """Return a URL in a form safe to show: its password is a key, and so may be parts of its
    query.
    """
    # Also one whose password contains a slash.
    shown = re.sub(r"//[^/@]*:.*@", "//•••@", url, flags=re.DOTALL)
    return re.sub(r"[?#].+", "?•••", re.sub(r"//[^/@]*@", "//•••@", shown), flags=re.DOTALL)


class BaseUrl(str):
    """A base URL without its name and password, which are a credential.

    Parameters
    ----------
    url
        As a person writes it.

    Attributes
    ----------
    login : Login | None

    Raises
    ------
    InvalidOption
        The password contains characters that end it.
    """

    __slots__ = ("login",)
    login: Login | None

    def __new__(cls, url: str) -> BaseUrl:  # noqa: D102, PYI034  (Self is in typing from Python 3.11)
        login = None
        try:
            parts = urlsplit(url.strip())
            user, at, host = parts.netloc.rpartition("@")
        except ValueError:  # not an address: reported where it is used
            at, parts = "", urlsplit("")
        if at:
            from ernie_magic.config.credentials import Login

            name, _, password = user.partition(":")
            Key(password)  # in its written form it is a key too
            login = Login(Pair(Key(unquote(name), secret=False), Key(unquote(password))))
            url = urlunsplit(parts._replace(netloc=host))
        elif re.search(r"//[^/@]*:[^@]*@", url):
            raise InvalidOption(
                Text(
                    "服务地址里的密码含有 / ? # 等字符",
                    "the password in the base URL contains a /, a ? or a #",
                ),
                advice=Text("写成 %2F %3F %23", "write them as %2F, %3F and %23"),
            )
        self = super().__new__(cls, url)
        self.login = login
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


def clean_base_url(url: str) -> str:
    """Return a base URL without what people paste with it: white space, a slash at the end,
    `/chat/completions`.
    """
    return url.strip().rstrip("/").removesuffix("/chat/completions").rstrip("/")
