"""Whose certificates are trusted: those of `SSL_CERT_FILE`, else of `SSL_CERT_DIR` (OpenSSL,
"SSL_CTX_set_default_verify_paths"), else of requests' `REQUESTS_CA_BUNDLE` or curl's
`CURL_CA_BUNDLE`, which company networks set, else certifi's.

Certificates that the user has named are checked as before Python 3.13, which refuses a company's
root certificate that does not say in the newest form that it is one
(https://github.com/python/cpython/issues/133564). The chain, the dates and the name of the server
are checked as ever.

A variable that names no certificates is left out and named: the HTTP library would fail with "No
such file or directory" for every address, also for one without TLS.
"""

from __future__ import annotations

import os
import re
import ssl
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ernie_magic.config.ignored import Ignored
from ernie_magic.config.variables import strip_quotes
from ernie_magic.text.language import Text, untranslated

FILE = "SSL_CERT_FILE"
FOLDER = "SSL_CERT_DIR"
KEY_LOG = "SSLKEYLOGFILE"
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
NAMES_OF_CERTIFICATES = (FILE, FOLDER, *_BUNDLES)
_NAMES = (KEY_LOG, *NAMES_OF_CERTIFICATES)
_NO_FILE = Text("没有文件 {path}", "there is no file {path}")
_IS_FOLDER = Text(
    "没有文件 {path}：它是文件夹，应写进 SSL_CERT_DIR",
    "there is no file {path}: it is a folder, which SSL_CERT_DIR is for",
)
_NO_FOLDER = Text("没有文件夹 {path}", "there is no folder {path}")
_NO_CERTIFICATES = Text(
    "{path} 里没有可用的证书（{said}）", "{path} holds no usable certificates ({said})"
)
_NOT_HASHED = Text(
    "先运行 openssl rehash", "they are found by a hash in their names: run openssl rehash on it"
)
# A certificate in a folder is found by the hash of its subject (OpenSSL, "openssl-rehash").
_HASHED_NAME = re.compile(r"[0-9a-f]{8}\.\d+")
_CANNOT_WRITE = Text("{path} 不能写入", "{path} cannot be written")


class Certificates(NamedTuple):
    """Trusted certificates.

    Attributes
    ----------
    context : SSLContext
    source : str
        The variable and its value, or "certifi".
    ignored : tuple of Ignored
        What cannot be read.
    unread : tuple of str
        The variables that name other certificates, which count only where that of `source` names
        none.
    """

    context: ssl.SSLContext
    source: str
    ignored: tuple[Ignored, ...]
    unread: tuple[str, ...] = ()


def read_certificates() -> Certificates:
    """Return the certificates that the environment names; read again when one of them changes."""
    values = tuple(strip_quotes(os.environ.get(name, "")) for name in _NAMES)
    return _load_certificates(values, tuple(_modified(value) for value in values))


def _holds_certificates(folder: str) -> bool:
    """Whether OpenSSL finds a certificate in a folder."""
    with suppress(OSError, ValueError):
        return any(
            _HASHED_NAME.fullmatch(file.name) and _is_certificate(file)
            for file in Path(folder).iterdir()
        )
    return False


def _is_certificate(file: Path) -> bool:
    with suppress(OSError, ValueError):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
        return True
    return False


def _modified(path: str) -> float:
    """Return when a file, or one of several folders, was changed last."""
    return max(_modified_alone(part) for part in (path, *path.split(os.pathsep)))


def _modified_alone(path: str) -> float:
    try:
        return os.stat(path).st_mtime  # noqa: PTH116  (a path with a NUL raises ValueError)
    except (OSError, ValueError):
        return 0.0


@lru_cache(maxsize=4)
def _load_certificates(values: tuple[str, ...], _modified: tuple[float, ...]) -> Certificates:
    named = dict(zip(_NAMES, values, strict=True))
    key_log = named.pop(KEY_LOG)
    ignored: list[Ignored] = []
    for name, value in named.items():
        if not value:
            continue
        context: ssl.SSLContext | Text
        if name == FOLDER:
            context = _read_folder(value, key_log, ignored)
        else:
            context = _read_file(value, key_log, ignored)
        if isinstance(context, ssl.SSLContext):
            later = [*named][[*named].index(name) + 1 :]
            unread = tuple(each for each in later if named[each] not in ("", value))
            return Certificates(context, f"{name}={value}", tuple(ignored), unread)
        ignored.append(Ignored(name, context))
    import certifi

    context = _create_context(ignored, key_log, certifi.where(), None)
    return Certificates(context, "certifi", tuple(ignored))


def _read_file(path: str, key_log: str, ignored: list[Ignored]) -> ssl.SSLContext | Text:
    """Return what trusts the certificates of a file, or why it holds none; of a folder too, which
    requests takes in the same variable.
    """
    try:
        if _holds_certificates(path):
            return _create_named_context(ignored, key_log, None, path)
        return _create_named_context(ignored, key_log, path, None)
    except (OSError, ValueError) as error:
        return _explain_file(path, error)


def _read_folder(path: str, key_log: str, ignored: list[Ignored]) -> ssl.SSLContext | Text:
    """Return what trusts the certificates of a folder, or of several, or why they hold none."""
    folders = [part for part in path.split(os.pathsep) if Path(part).is_dir()]
    if any(_holds_certificates(part) for part in folders):
        return _create_named_context(ignored, key_log, None, path)
    if folders:
        return _NO_CERTIFICATES.fill(path=path, said=_NOT_HASHED)
    return _NO_FOLDER.fill(path=path)


def _create_named_context(
    ignored: list[Ignored],
    key_log: str,
    file: str | None,
    folder: str | None,
) -> ssl.SSLContext:
    """Return what trusts certificates that the user has named, without the strict check of their
    form (RFC 5280, section 4.2.1.9), which Python does by default since 3.13.
    """
    context = _create_context(ignored, key_log, file, folder)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _create_context(
    ignored: list[Ignored],
    key_log: str,
    file: str | None,
    folder: str | None,
) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=file, capath=folder)
    except OSError:
        if not key_log:
            raise
    # Python opens the file of SSLKEYLOGFILE for each context, and raises if it cannot.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(file, folder)
    ignored.append(Ignored(KEY_LOG, _CANNOT_WRITE.fill(path=key_log)))
    return context


def _explain_file(path: str, error: Exception) -> Text:
    is_file = False
    with suppress(OSError, ValueError):
        if Path(path).is_dir():
            return _IS_FOLDER.fill(path=path)
        is_file = Path(path).is_file()
    if not is_file:
        return _NO_FILE.fill(path=path)
    said = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return _NO_CERTIFICATES.fill(path=path, said=untranslated(str(said)))
