"""Base URLs as people write them: cleaned, without secrets when shown, and separated from their
login.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus, urlsplit, urlunsplit

from ernie_magic.config.keys import UNSEEN, Key, Pair, is_key_name, resembles_key
from ernie_magic.errors import InvalidOption
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.config.credentials import Login


# Whose values in a query a repr shows.
_HARMLESS = frozenset({"api-version", "api_version", "apiversion"})
_HARMLESS_VALUE = re.compile(r"[\w.-]{1,24}")
_URL_PARTS = re.compile(r"(?P<head>(?:[^/?#]*//)?[^/?#]*)(?P<path>[^?#]*)(?P<rest>.*)", re.DOTALL)
_PATH_PART = re.compile(r"[^/]+")
_MARKED_KEY = re.compile(r"sk[-_][\w.-]{8,}")
_SHORTEST_KEY = 8  # characters
_LAST_PORT = 65_535
# A host with a port, a path and `?name=`: an @ after that is the query's.
_QUERY_AFTER_PORT = re.compile(
    r"[^/?#@]*//(?:\[[^\]/?#@]*\]|[^:/?#@]+):(?P<port>\d{1,5})(?:/[^?#@]*)?\?(?=[\w.~%\[\]-]+=)"
)
_INVISIBLE = re.compile(f"[{UNSEEN}]")
_EDGES = re.compile(rf"^[\s{UNSEEN}]+|[\s{UNSEEN},;，；。、]+$")
_METHOD = re.compile(r"^(?:GET|POST|curl)\s+(?=\S+$)")
_MARKDOWN_LINK = re.compile(r"\[[^\]]*\]\(([^\s()]+)\)")
_QUOTES = dict(zip("\"'`<(“‘「『《【（", "\"'`>)”’」』》】）", strict=True))
_MARKS = "\"'`“”‘’"
# Full-width signs of an input method, and Windows' slash, as browsers read them (WHATWG, "URL").
_OTHER_SIGNS = str.maketrans({"：": ":", "／": "/", "．": ".", "\\": "/"})
# A host without its scheme: `127.0.0.1:8000/v1`, `api.example.com/v1`, `localhost:8000`.
_HOST_FIRST = re.compile(
    r"(?:[\w-]+(?:\.[\w-]+)+|localhost|\[[0-9a-f:]+\])(?P<port>:\d{1,5})?(?:/[^\s@]*)?",
    re.IGNORECASE,
)
_REPEATED_SCHEME = re.compile(r"^(?:https?://)+(?=https?://)", re.IGNORECASE)
_REPEATED_SLASHES = re.compile(r"(?<!:)/{2,}")  # not those of an address in the path
# Paths of calls as documents have them, each below the base URL; behind a version only where a base
# URL may end so itself: Azure's is `…/models`.
_PATHS_OF_CALLS = (
    (re.compile(r"/chat/completions$"), ""),
    (re.compile(r"(?<=/)(v\d+\w*)/chat$"), r"\1"),
    (
        re.compile(
            r"(?<=/)(v\d+\w*|openai)((?:/[\w.-]+)*?)/(?:completions|responses|messages|embeddings"
            r"|models|rerank(?:s|ers?)?|moderations|images/\w+|audio/\w+|files|batches)$"
        ),
        r"\1\2",
    ),
)
# Ollama's own API, beside which it has OpenAI's (https://docs.ollama.com/api/openai-compatibility).
_OLLAMAS_PORT = ":11434"
_OLLAMAS_PATH = re.compile(r"/api(?:/(?:chat|generate|tags|embed|embeddings))?")
# A password whose / ? or # ends the address before its @.
_CUT_PASSWORD = re.compile(r"[^/]*//[^/@]*:[^@]*@")


def redact_url(url: str) -> str:
    """Return a URL in a form safe to show: its password is a key, and so may be parts of its path
    and its query.
    """
    head, path, query = _split_path(_hide_login(url))
    return f"{head}{_PATH_PART.sub(_hide_path_key, path)}{query}"


def _hide_login(url: str) -> str:
    """Return a URL without its password and its query."""
    if end := _end_of_certain_address(url):
        return f"{url[:end]}•••"
    if _lacks_scheme(url):
        return _hide_login(f"//{url.strip()}").removeprefix("//")
    # Also one whose password contains a slash.
    shown = re.sub(r"//[^/@]*:.*@", "//•••@", url, flags=re.DOTALL)
    return re.sub(r"[?#].+", "?•••", re.sub(r"//[^/]*@", "//•••@", shown), flags=re.DOTALL)


def _split_path(url: str) -> tuple[str, str, str]:
    """Return what is before a URL's path, the path, and what is behind it."""
    found = _URL_PARTS.match(url)
    if found is None:
        return url, "", ""
    return found["head"], found["path"], found["rest"]


def _hide_path_key(part: re.Match[str]) -> str:
    if _is_path_key(part[0]):
        return "•••"
    return part[0]


def _is_path_key(part: str) -> bool:
    """Whether a part of a path is a key, as some gateways have it: `http://host/sk-…/v1`."""
    written = unquote(part)
    return resembles_key(written) or _MARKED_KEY.fullmatch(written) is not None


def _lacks_scheme(url: str) -> bool:
    """Whether an address with an @ has no scheme: `user:password@host/v1`."""
    before, at, _ = url.partition("@")
    return bool(at) and "//" not in before


def _end_of_certain_address(url: str) -> int:
    """Return where the query of an address begins that certainly has no login, 0 for others."""
    found = _QUERY_AFTER_PORT.match(url)
    if found is None or not 0 < int(found["port"]) <= _LAST_PORT:
        return 0
    return found.end()


class BaseUrl(str):
    """A base URL without its name and password, which are a credential, and without the keys in its
    query (`?api_key=…`). The rest of the query stays (`?api-version=…`), and so does a key in its
    path, which is a part of the address: it is sent, and never shown.

    Parameters
    ----------
    url
        As a person writes it.

    Attributes
    ----------
    login : Login | None
    query_keys : tuple of pairs of str and Key

    Raises
    ------
    InvalidOption
        The password contains characters that end it.
    """

    __slots__ = ("login", "query_keys")
    login: Login | None
    query_keys: tuple[tuple[str, Key], ...]

    def __new__(cls, url: str) -> BaseUrl:  # noqa: D102, PYI034  (Self is in typing from Python 3.11)
        login = None
        lead = ""
        url = unwrap_pasted(url)
        if _lacks_scheme(url):
            url = f"//{url.strip()}"
            lead = "//"
        try:
            parts = urlsplit(url.strip())
            user, at, host = parts.netloc.rpartition("@")
        except ValueError:  # not an address: reported where it is used
            at = ""
            parts = urlsplit("")
        if at:
            from ernie_magic.config.credentials import Login

            name, _, password = user.partition(":")
            Key(password)  # in its written form it is a key too
            login = Login(Pair(Key(unquote(name), secret=False), Key(unquote(password))))
            url = urlunsplit(parts._replace(netloc=host))
        elif _CUT_PASSWORD.match(url) and not _end_of_certain_address(url.strip()):
            raise InvalidOption(
                Text(
                    "服务地址里的密码含有 / ? # 等字符",
                    "the password in the base URL contains a /, a ? or a #",
                ),
                advice=Text(
                    "写成 %2F %3F %23；路径里的 @ 写成 %40",
                    "write them as %2F, %3F and %23, and an @ of the path as %40",
                ),
            )
        url, query_keys = _take_query_keys(url.removeprefix(lead))
        _, path, _ = _split_path(url)
        for part in filter(_is_path_key, _PATH_PART.findall(path)):
            Key(part)  # in its written form it is a key too
            Key(unquote(part))
        self = super().__new__(cls, url)
        self.login = login
        self.query_keys = query_keys
        return self

    @printable
    def __repr__(self) -> str:
        return repr(_show_harmless_query(self))

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


def _take_query_keys(url: str) -> tuple[str, tuple[tuple[str, Key], ...]]:
    """Return a URL without the keys in its query, and these; and without its fragment, which is
    never sent (RFC 9110, section 4.2.5).
    """
    head, _, fragment = url.partition("#")
    _remember_key_like(fragment.rpartition("=")[2])
    address, mark, query = head.partition("?")
    kept = []
    keys = []
    for item in query.split("&"):
        name, equals, value = item.partition("=")
        if _is_key_item(unquote_plus(name), value):
            Key(value)  # in its written form it is a key too
            keys.append((unquote_plus(name), Key(unquote_plus(value))))
        else:
            if not equals:
                _remember_key_like(item)
            kept.append(item)
    if not keys:
        return head, ()
    rest = "&".join(kept)
    return f"{address}{mark if rest else ''}{rest}", tuple(keys)


def _is_key_item(name: str, value: str) -> bool:
    if is_key_name(name):
        return len(value) >= _SHORTEST_KEY
    return "/" not in value and resembles_key(unquote_plus(value))


def _remember_key_like(text: str) -> None:
    if resembles_key(text):
        Key(text)


def _show_harmless_query(url: str) -> str:
    """Return a URL in which a value of its query is shown only under a name that has no secrets."""
    address, mark, query = url.partition("?")
    if not mark:
        return redact_url(url)
    shown = []
    for item in query.split("&"):
        name, equals, value = item.partition("=")
        if not equals:
            shown.append("•••")
        elif name.lower() in _HARMLESS and _HARMLESS_VALUE.fullmatch(value):
            shown.append(item)
        else:
            shown.append(f"{name}=•••")
    return f"{redact_url(address)}?{'&'.join(shown)}"


def clean_base_url(url: str) -> str:
    """Return a base URL without what people paste with it: white space and characters that nobody
    sees, quotation marks, a request's method, a second scheme, a slash at the end, the path of a
    call, a fragment, which is never sent (RFC 9110, section 4.2.5). Its query stays.
    """
    address, _, query = unwrap_pasted(url).partition("#")[0].partition("?")
    address = _REPEATED_SCHEME.sub("", _INVISIBLE.sub("", address))
    if "@" not in address:  # a name and a password have their own rules
        address = _normalize_signs(address)
    host, path = _split_host(address)
    path = _REPEATED_SLASHES.sub("/", path).rstrip("/")
    if path:
        path = path.rstrip(".")
    for pattern, replacement in _PATHS_OF_CALLS:
        path = pattern.sub(replacement, path)
    if host.endswith(_OLLAMAS_PORT) and _OLLAMAS_PATH.fullmatch(path):
        path = "/v1"
    address = f"{host}{path}".rstrip("/")
    if not query:
        return address
    return f"{address}?{query}"


def unwrap_pasted(text: str) -> str:
    """Return an address without what stands around it where it was copied from: white space, a
    method, quotation marks, Markdown's brackets, a comma.
    """
    text = _EDGES.sub("", text)
    while len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        text = _EDGES.sub("", text[1:-1])
    text = text.strip(_MARKS)  # of a pair whose other half was not copied
    if link := _MARKDOWN_LINK.fullmatch(text):
        text = link[1]
    return _METHOD.sub("", text)


def _normalize_signs(address: str) -> str:
    """Return an address with the signs of a URL up to its path, which may have any."""
    if not is_absolute(address):
        return address.translate(_OTHER_SIGNS)
    host, path = _split_host(address)
    return f"{host.translate(_OTHER_SIGNS)}{path}"


def _split_host(address: str) -> tuple[str, str]:
    """Return an address up to its path, and the path."""
    scheme, mark, rest = address.rpartition("://")
    if address.count("://") > 1:  # a proxy whose path is an address
        scheme, mark, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host}", f"{slash}{path}"


def split_query(url: str) -> tuple[str, str]:
    """Return a URL without its query, and the query."""
    address, _, query = url.partition("?")
    return address, query


def is_absolute(url: str) -> bool:
    """Whether this is a whole http URL, rather than a path below one; a scheme is the same in
    either case (RFC 3986, section 3.1).
    """
    return url.lower().startswith(("http://", "https://"))


def url_below(base_url: str, path: str) -> str:
    """Return the URL of a path below a base URL, whose query follows the path: Azure's addresses
    have an `api-version` (https://learn.microsoft.com/azure/ai-services/openai/reference).

    Parameters
    ----------
    path
        It may have a query of its own, which replaces what is named alike; a whole URL is returned
        unchanged.
    """
    if is_absolute(path):
        return path
    address, query = split_query(base_url)
    path, own_query = split_query(path)
    own_items = [item for item in own_query.split("&") if item]
    own_names = {item.partition("=")[0] for item in own_items}
    items = [item for item in query.split("&") if item and item.partition("=")[0] not in own_names]
    joined = "&".join([*items, *own_items])
    if not joined:
        return f"{address}{path}"
    return f"{address}{path}?{joined}"


def check_base_url(url: str) -> None:
    """Check that a base URL is a web address.

    Raises
    ------
    InvalidOption
    """
    try:
        parts = urlsplit(url)
        url.encode()
        good = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and not any(c.isspace() for c in url)
        )
    except ValueError:  # urllib's error for an invalid port
        good = False
    if not good:
        advice = Text("应形如 https://主机:端口/路径", "write it like https://host:port/path")
        if found := _HOST_FIRST.fullmatch(url):
            scheme = "https"
            if found["port"]:  # as servers of one's own have it
                scheme = "http"
            advice = Text("写上 {scheme}://：{url}", "write {scheme}:// before it: {url}").fill(
                scheme=scheme, url=redact_url(f"{scheme}://{url}")
            )
        raise InvalidOption(
            Text("服务地址 {url} 不是网址", "the base URL {url} is not a web address").fill(
                url=redact_url(url)
            ),
            advice=advice,
        )
