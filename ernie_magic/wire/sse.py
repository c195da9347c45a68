"""Server-sent events, as services really send them
(https://html.spec.whatwg.org/multipage/server-sent-events.html, and the deviations of gateways).

Bytes may be split anywhere: inside a character, inside CRLF, inside a line. The time is linear in
the size of the input.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, NamedTuple

from ernie_magic.api.finish_reasons import names_failure

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIELDS = ("data", "event", "id", "retry")
# Not str.splitlines, which also splits at U+2028 and other characters that occur inside JSON
# strings.
_LINE_END = re.compile(r"\r\n|\n|\r")
_LAST_WORDS = ("[done]", "done")  # in lower case
# What gateways write at the end in place of them, as a word or as an event's name.
_END_WORD = re.compile(
    r"\s*[\[<]\|?(?:done|end|eof|eos|stop|finish(?:ed)?|completed?|close)\|?[\]>]\s*",
    re.IGNORECASE,
)
# Of the whole: the end of a block or of an item (`content_block_stop`, `output_item.done`) is none.
_END_NAME = re.compile(
    r"\s*(?:(?:response|messages?|stream|chat|answer|conversation|completion|agent|workflow|session)"
    r"[\W_])*(?:done|end(?:ed)?|eof|eos|stop(?:ped)?|finish(?:ed)?|completed?|closed?)\s*",
    re.IGNORECASE,
)
# What stands between events that are written into one: also a line break that was escaped.
_BETWEEN_OBJECTS = re.compile(r"(?:\s|\\n|\\r|data:)*", re.IGNORECASE)
_ESCAPED_END = re.compile(r"(?:\\[nr])+\Z")
_OBJECTS = json.JSONDecoder(strict=False)


# A byte that is no character: as `surrogateescape` writes it.
_BYTES = re.compile("[\udc80-\udcff]+")


def _write_as_halves(error: UnicodeError) -> tuple[str, int]:
    """Return, in place of bytes that are no character, half characters as JSON writes them: some
    servers write a character's bytes into two events, where `CharacterJoiner` joins them.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _escape_bytes(error.object[error.start : error.end]), error.end


def _escape_bytes(raw: bytes) -> str:
    return "".join(f"\\udc{byte:02x}" for byte in raw)


_HALVES = "ernie_magic.halves"
codecs.register_error(_HALVES, _write_as_halves)


class Event(NamedTuple):
    """One event.

    Attributes
    ----------
    data : str
        The joined `data:` lines, or the text of a line that is not a field.
    name : str
        The `event:` field, "" when there is none.
    bare : bool
        The line had no field name: some gateways put an error's bare JSON into the stream.
    whole : bool
        It was terminated; otherwise the reply ended inside it.
    """

    data: str
    name: str = ""
    bare: bool = False
    whole: bool = True


def is_last_word(text: str) -> bool:
    """Whether an event's text ends the stream: `[DONE]`, which gateways also write with blanks
    around it, in other letters, or without its brackets.
    """
    return text.strip().lower() in _LAST_WORDS


def is_end_word(text: str) -> bool:
    """Whether an event's text is another word for the end (`[END]`), behind which tokens may still
    be told.
    """
    return _END_WORD.fullmatch(text) is not None


def is_end_name(name: str) -> bool:
    """Whether an event of this name, or a state, is the end: `done`, `message_stop`."""
    return _END_NAME.fullmatch(name) is not None


def split_glued(event: Event) -> list[Event]:
    """Return the events that a gateway has written into one: JSON objects one behind the other,
    perhaps each with its `data:`; [] when it is anything else.
    """
    pieces = []
    text = event.data
    position = _skip_gap(text, 0)
    while position < len(text):
        start = position
        if text[start] == "{":
            try:
                _, position = _OBJECTS.raw_decode(text, start)
            except (ValueError, RecursionError):
                return []
        elif is_last_word(_ESCAPED_END.sub("", text[start:])):
            pieces.append(event._replace(data="[DONE]"))
            break
        else:
            return []
        pieces.append(event._replace(data=text[start:position]))
        position = _skip_gap(text, position)
    return pieces


def _skip_gap(text: str, position: int) -> int:
    """Return where the next event begins."""
    if gap := _BETWEEN_OBJECTS.match(text, position):
        return gap.end()
    return position


class Decoder:
    """Turn chunks of bytes into events."""

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._parts: list[str] = []  # of the line that has not ended yet
        self._data: list[str] = []
        self._name = ""
        self._first = True
        self._waiting_characters = 0
        self._idle = True  # nothing is held back: no part of a character, a line or an event

    def feed(self, chunk: bytes) -> Sequence[Event]:
        """Return the events that this chunk completes."""
        # Nearly every chunk is one or a few whole events of one line, which need none of what
        # follows.
        if self._idle and chunk[-2:] == b"\n\n" and chunk[:7] == b"data: {" and b"\r" not in chunk:
            if chunk.find(b"\n") == len(chunk) - 2:
                return (Event(chunk[6:-2].decode("utf-8", _HALVES)),)
            text = chunk[6:-2].decode("utf-8", _HALVES)
            lines = text.split("\n\ndata: ")
            if text.count("\n") == 2 * len(lines) - 2 and all(line[:1] == "{" for line in lines):
                return [Event(line) for line in lines]
        events = self._take_text(self._utf8.decode(chunk))
        self._idle = not (self._parts or self._data or self._name or self._utf8.getstate()[0])
        return events

    @property
    def waiting_characters(self) -> int:
        """Characters held back until the end of their line or event."""
        return self._waiting_characters

    def flush_remaining(self) -> list[Event]:
        """Return what is left when the reply ends: a last line or event without a terminator, which
        may be incomplete.
        """
        return [
            event._replace(whole=False)
            for event in self._take_text(self._utf8.decode(b"", final=True) + "\n\n")
        ]

    def flush_complete(self) -> list[Event]:
        """Return what was complete when the connection broke: a CR at the very end was an end of
        line.
        """
        if self._ends_with_carriage_return():
            return self._take_text("\n")
        return []

    def _ends_with_carriage_return(self) -> bool:
        return bool(self._parts) and self._parts[-1].endswith("\r")

    def _take_text(self, text: str) -> list[Event]:
        if self._first and text:
            text = text.removeprefix("\ufeff")
            self._first = False
        self._waiting_characters += len(text)
        # A CR at the end of a chunk may be half of CRLF, so it was held back.
        if text and self._ends_with_carriage_return():
            self._parts[-1] = self._parts[-1][:-1]
            text = "\r" + text
        if not _LINE_END.search(text):
            if text:
                self._parts.append(text)
            return []
        *lines, rest = _LINE_END.split(text)
        if text.endswith("\r"):
            # It is not known yet whether a LF follows: keep the line open, with its CR.
            rest = lines.pop() + "\r"
        events: list[Event] = []
        for line in lines:
            self._parts.append(line)
            whole = "".join(self._parts)
            self._parts.clear()
            if event := self._take_line(whole):
                events.append(event)
        if rest:
            self._parts.append(rest)
        return events

    def _take_line(self, line: str) -> Event | None:
        if not line:
            return self._finish_event()
        if not line.isascii():
            line = _without_bytes(line)
        if line.startswith(":"):
            return None  # a comment: keep-alive
        field, _, value = line.partition(":")
        if field == "error" and value.strip():
            # llama.cpp's servers write a failure as a field of its own.
            self._waiting_characters = 0
            return Event(value.strip(), "error")
        field = field.strip().lower()  # gateways indent fields, and write `Data:`
        if field not in _FIELDS:
            self._waiting_characters = 0
            return Event(line, bare=True)
        value = value.removeprefix(" ")
        event = None
        if field == "data":
            if self._is_followed_by(value):
                event = self._finish_event()
            self._data.append(value)
        elif field == "event":
            self._name = value
        return event  # id and retry mean nothing here

    def _is_followed_by(self, value: str) -> bool:
        """Whether a `data:` line begins another event than the lines before it, which some servers
        do not end with an empty line: no JSON goes on like this.
        """
        if not self._data or not self._data[-1].rstrip().endswith("}"):
            return False
        return value.lstrip()[:1] == "{" or is_last_word(value)

    def _finish_event(self) -> Event | None:
        data = "\n".join(self._data)
        name = self._name
        self._waiting_characters = 0
        self._data.clear()
        self._name = ""
        # A gateway may wrap a comment as data; an empty event contains nothing, but may be a
        # failure, or the end, by its name.
        if not data.strip() or data.lstrip().startswith(":"):
            if names_failure(name) or is_end_name(name):
                return Event("", name)
            return None
        return Event(data, name)


def _without_bytes(line: str) -> str:
    """Return a line whose bytes that are no character are halves of one in its JSON, or U+FFFD."""
    if not _BYTES.search(line):
        return line
    if '{"' not in line:
        return line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return _BYTES.sub(
        lambda found: _escape_bytes(found[0].encode("utf-8", "surrogateescape")), line
    )
