"""Environment variables, and those of the nearest `.env`."""

from __future__ import annotations

import codecs
import errno
import io
import os
import re
import select
import stat
import time
import unicodedata
from contextlib import suppress
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ernie_magic.config.keys import Key, resembles_key
from ernie_magic.config.work_folders import WORK_FOLDERS
from ernie_magic.errors import InvalidOption
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotenv.parser import Binding

# Where a value was found.
ENVIRONMENT = "environment"
DOTENV = ".env"
WHERE = {ENVIRONMENT: Text("环境变量", "environment")}
_OUR_VARIABLES = re.compile(r"(?:AI_STUDIO|QIANFAN|OPENAI)_[A-Z_]+")
_PIPE_PATIENCE = 1.0  # seconds for somebody to write to a pipe
_PIPE_RETRY = 30.0  # seconds after which it is read again
_MAX_PIPE = 1024 * 1024  # bytes
_MAX_BEGINNING = 64 * 1024  # bytes
_QUOTES = ('"', "'")
_NAME = re.compile(r"[\w.-]+")
_DOTENV_WORDS = re.compile(r"[^\s=\"']+")
# What old clients of OpenAI call it (openai-python before 1.0), and many tutorials still do.
_OTHER_NAMES = {"OPENAI_BASE_URL": "OPENAI_API_BASE"}
# Where people look for `.env`: what editors make of its name.
_MISNAMED = (".env.txt", "env.txt", ".env.rtf", ".env.local", ".ENV", "_env", "env")
# As docker compose and python-dotenv write it: `${NAME}`, `${NAME:-default}`.
REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}", re.ASCII)
_BARE_WORD = re.compile(r"[^\s=#]+=*")
_SECRET = re.compile(r"\w+_(?:KEY|TOKEN|AK|SK)")
# One word without an equals sign but at its end, as the rest of a key is; names are of capitals.
_REST_OF_KEY = re.compile(r"[ \t]*(?![A-Z_]+\s*\Z)(?=\S*\w)([\w.~+/-]+=*)\s*", re.ASCII)
_WRAPPED = (
    Text("{path} 的第 {line} 行不是 名称=值", "line {line} of {path} is not NAME=value"),
    Text(
        "像是第 {before} 行 {name} 的密钥折到了下一行",
        "it looks like the rest of the key of {name} on line {before}",
    ),
    Text("把密钥放在同一行", "put the key on one line"),
)
_UNREADABLE = (
    Text("读不懂 {path} 的第 {line} 行", "line {line} of {path} cannot be read"),
    Text(
        "引号没有成对、没有等号，或这一行是别的写法（set、declare、YAML、JSON 等）",
        "a quote is not closed, there is no equals sign, or the line is written for "
        "something else (a shell's set or declare, YAML, JSON)",
    ),
    Text("写成 名称=值，别的都去掉", "write it as NAME=value and nothing else"),
)


def read_variable(name: str) -> tuple[str, str]:
    """Return an environment variable's value and where it was found: `("…", "environment")`, `("…",
    ".env")` or `("", "")`.
    """
    return _find_variable(name)[:2]


def name_in_use(name: str) -> str:
    """Return which variable `read_variable` reads for this one: itself, or its older name."""
    return _find_variable(name)[2]


def _find_variable(name: str) -> tuple[str, str, str]:
    """Return a variable's value, where it was found, and under which name."""
    names = [name]
    if name in _OTHER_NAMES:
        names.append(_OTHER_NAMES[name])
    for each in names:
        if value := strip_quotes(os.environ.get(each, "")):
            return value, ENVIRONMENT, each
    for each in names:
        if value := (_read_dotenv().get(each) or "").strip():
            return value, DOTENV, each
    return "", "", name


def find_misnamed_file() -> str:
    """Return the path of a file that was meant to be a `.env`, at or above the working directory;
    "" where there is none.
    """
    with suppress(OSError):
        for folder in (Path.cwd(), *Path.cwd().parents):
            for name in _MISNAMED:
                if _names_our_variables(folder / name):
                    return str(folder / name)
    return ""


def _names_our_variables(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            beginning = file.read(_MAX_BEGINNING)
    except OSError:
        return False
    text = beginning.replace(b"\0", b"").decode("utf-8", "replace")  # of UTF-16, too
    return _OUR_VARIABLES.search(text) is not None


def strip_quotes(value: str) -> str:
    """Return a variable's value without white space and quotes around it, which Docker's
    `--env-file` leaves there (https://docs.docker.com/reference/cli/docker/container/run/).
    """
    value = value.strip()
    if len(value) > 1 and value[0] in _QUOTES and value[0] == value[-1]:
        return value[1:-1].strip()
    return value


def readable_sources() -> list[Mapping[str, str | None]]:
    """Return all variables: of the environment, and of a `.env` that can be read."""
    sources: list[Mapping[str, str | None]] = [os.environ]
    # A problem with the file is reported when something in it is needed.
    with suppress(InvalidOption):
        sources.append(_find_dotenv().values)
    return sources


class _Dotenv(NamedTuple):
    """What a `.env` says, and what is wrong with its lines about us, "" where nothing is: what
    happened, the likely cause, what to do.
    """

    values: Mapping[str, str | None] = MappingProxyType({})
    path: str = ""
    problem: tuple[Text, ...] = ()

    @printable
    def __repr__(self) -> str:
        return f"_Dotenv({self.path})"  # the values may be keys, and frames of tracebacks are shown


def _read_dotenv() -> Mapping[str, str | None]:
    """Return what the nearest `.env` says.

    Raises
    ------
    InvalidOption
        It cannot be read, or a line of it that names one of our variables cannot.
    """
    found = _find_dotenv()
    if found.problem:
        raise InvalidOption(*found.problem)
    return found.values


def _find_dotenv() -> _Dotenv:
    """Read the nearest `.env` at or above the working folder, or one that it was before; read it
    again when the file changes.
    """
    path = WORK_FOLDERS.find(DOTENV, _look_for_dotenv)
    with suppress(OSError):
        if path is not None:
            return _parse_dotenv(str(path), path.stat().st_mtime)
    return _Dotenv()


def _look_for_dotenv(folder: Path) -> Path | None:
    """Return the nearest `.env` at or above a folder: a file, or a pipe."""
    paths = (above / DOTENV for above in (folder, *folder.parents))
    return next((path for path in paths if path.is_file() or path.is_fifo()), None)


@lru_cache(maxsize=1)
def _parse_dotenv(path: str, _changed: float) -> _Dotenv:
    from dotenv.parser import parse_stream  # `dotenv_values` only logs what it cannot read

    bindings = list(parse_stream(io.StringIO(_decode_dotenv(path))))
    unreadable_line = 0
    for binding in bindings:
        if not (binding.error or _is_ours_in_disguise(binding.key)):
            continue
        for word in _DOTENV_WORDS.findall(binding.original.string):
            if resembles_key(word):
                Key(word)
        if found := _OUR_VARIABLES.search(binding.original.string):
            before = binding.original.string[: found.start()].count("\n")
            unreadable_line = unreadable_line or binding.original.line + before
    problem = _find_wrapped_key(bindings, path)
    if unreadable_line:
        problem = tuple(text.fill(path=path, line=str(unreadable_line)) for text in _UNREADABLE)
    values = {binding.key: binding.value for binding in bindings if binding.key is not None}
    return _Dotenv(_with_our_names(_expand_references(values)), path, problem)


def _expand_references(values: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return variables with each `${NAME}` that the file itself defines replaced by its value.

    Not by the environment's: a folder's `.env` would send its keys to an address of its own. A `$`
    without braces is one: keys may hold it.
    """
    expanded = dict(values)
    for name, value in values.items():
        expanded[name] = value and REFERENCE.sub(
            lambda found: expanded.get(found[1]) or found[2] or found[0], value
        )
    return expanded


def find_bare_key() -> tuple[str, int] | None:
    """Return the path of the `.env` and the line of it that is a key without a name; None where
    there is none, or a variable of ours as well.
    """
    from dotenv.parser import parse_stream

    with suppress(InvalidOption):
        found = _find_dotenv()
        if not found.path or any(map(_OUR_VARIABLES.fullmatch, found.values)):
            return None
        for binding in parse_stream(io.StringIO(_decode_dotenv(found.path))):
            written = binding.original.string
            word = written.strip()
            if _BARE_WORD.fullmatch(word) and resembles_key(word):
                Key(word)
                above = written[: written.index(word)].count("\n")
                return found.path, binding.original.line + above
    return None


def _find_wrapped_key(bindings: Sequence[Binding], path: str) -> tuple[Text, ...]:
    """Return what is wrong where an editor has put a key on two lines; nothing where none has."""
    for first, second in pairwise(bindings):
        rest = _REST_OF_KEY.fullmatch(second.original.string)
        name = _our_name(first.key or "")
        if rest is None or not _SECRET.fullmatch(name) or not _OUR_VARIABLES.fullmatch(name):
            continue
        if "=" in rest[1] and not resembles_key(rest[1]):
            continue  # a variable that is set to nothing
        Key((first.value or "") + rest[1])
        for part in (first.value or "", rest[1]):
            if resembles_key(part):
                Key(part)
        line = second.original.line
        facts = {"path": path, "line": str(line), "before": str(line - 1), "name": name}
        return tuple(text.fill(**facts) for text in _WRAPPED)
    return ()


def _our_name(name: str) -> str:
    """Return a variable's name as ours are written: in capitals, with underscores, and not in wide
    letters.
    """
    return unicodedata.normalize("NFKC", name).upper().replace("-", "_")


def _with_our_names(values: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return variables with ours by their own names, however these are written: `qianfan_ak`."""
    renamed = {_our_name(name): value for name, value in values.items()}
    ours = {name: value for name, value in renamed.items() if _OUR_VARIABLES.fullmatch(name)}
    return {**ours, **values}


def _is_ours_in_disguise(name: str | None) -> bool:
    """Whether what was read as a name is more than the name of one of our variables: a line of
    JSON, of PowerShell, or with a full-width equals sign.
    """
    if name is None or _NAME.fullmatch(name):
        return False
    return _OUR_VARIABLES.search(name) is not None


def _read_once(path: Path) -> bytes:
    """Return the content of a file, or of a pipe that a manager of keys serves.

    Raises
    ------
    OSError
        Also where nobody writes to the pipe.
    """
    if not stat.S_ISFIFO(path.stat().st_mode):
        return path.read_bytes()
    content = _read_pipe(path, time.monotonic() // _PIPE_RETRY)
    if content is None:
        raise TimeoutError(errno.ETIMEDOUT, "a pipe that nobody writes to")
    return content


@lru_cache(maxsize=1)
def _read_pipe(path: Path, _period: float) -> bytes | None:
    """Return what is written to a pipe, None where nobody writes; the same for some seconds, since
    each variable is looked up by itself.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        content = b""
        while select.select([descriptor], [], [], _PIPE_PATIENCE)[0]:
            piece = os.read(descriptor, _MAX_PIPE)
            content += piece
            if not piece or len(content) > _MAX_PIPE:
                return content
    finally:
        os.close(descriptor)
    return None


def _decode_dotenv(path: str) -> str:
    """Return the text of a `.env`.

    Raises
    ------
    InvalidOption
        It cannot be read, or is in another encoding than UTF-8, or UTF-16 with its mark.
    """
    try:
        content = _read_once(Path(path))
        # Editors on Windows begin a file with a byte order mark, and PowerShell 5 writes UTF-16.
        encoding = "utf-8-sig"
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            encoding = "utf-16"
        text = content.decode(encoding)
    except UnicodeError:
        text = "\0"
    except OSError as error:
        raise InvalidOption(
            Text("读不了 {path}（{said}）", "{path} cannot be read ({said})").fill(
                path=path, said=error.strerror or type(error).__name__
            ),
            advice=Text("检查文件的权限，或删掉它", "check its permissions, or remove it"),
        ) from None
    if "\0" not in text:  # as UTF-16 without a mark, and UTF-32, have between all letters
        return text
    del text  # it may hold a key, and frames of tracebacks are shown
    raise InvalidOption(
        Text("{path} 不是 UTF-8 编码", "{path} is not UTF-8").fill(path=path),
        Text("记事本可能存成了 GBK（ANSI）", "an editor may have saved it in another encoding"),
        Text("用 UTF-8 重新保存", "save it again as UTF-8"),
    )
