"""Conversations as files: JSON of the turns, to be continued in another kernel.

The functions of tools belong to the kernel that ran them: their calls and results are written, and
they themselves are not.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ernie_magic.api import values
from ernie_magic.api.requests import ChatRequest
from ernie_magic.api.results import Answer
from ernie_magic.api.usage import Usage
from ernie_magic.calls.chat import attachments, message_turns
from ernie_magic.calls.chat.history import PICTURE_STAND_IN, Turn, read_turns, user_message
from ernie_magic.calls.images.metadata import read_file_beginning
from ernie_magic.errors import InvalidOption
from ernie_magic.storage import files
from ernie_magic.storage.paths import find_path
from ernie_magic.text.counts import PICTURES
from ernie_magic.text.data_pictures import name_pictures
from ernie_magic.text.language import Text
from ernie_magic.text.redact import redact_values
from ernie_magic.wire.answers.pictures import find_pictures
from ernie_magic.wire.answers.sources import MAX_PAGES
from ernie_magic.wire.pictures.fields import is_svg

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ernie_magic.api.answer_images import AnswerImage
    from ernie_magic.api.messages import Message, Part

_FORMAT = "ernie_magic.conversation"
_VERSION = 1
_EXTENSION = ".json"
_PICTURE_ADDRESSES = ("data:", "https://", "http://")
_RESERVED_BYTES = 16  # bytes of a file's name for its number and extension
_MAX_BYTES = 64 * 1024 * 1024  # bytes of a file that is read: six pictures of the largest size
_UNKNOWN_PICTURE = "image/unknown"  # its first bytes say what it is


_LOST = Text(
    "文件里有 {pictures}读不出来，没有加载；其余都在",
    "{pictures} in the file could not be read: left out, all else is here",
)

_TAKEN = Text(
    "{taken} 已存在，没有改动；对话存到了 {name}。要替换它，写 overwrite=True",
    "{taken} exists already and is unchanged: the conversation is in {name}; "
    "overwrite=True replaces a file",
)
_TOO_LARGE = Text(
    "连同回答里的图片，文件就大到无法再加载，所以图片没有存；用 answer.images[0].save(…) 单独存",
    "with the answers' pictures the file would be too large to be loaded: they are left out; "
    "answer.images[0].save(…) writes one",
)


@dataclass(frozen=True)
class SavedConversation:
    """What a file holds of a conversation.

    Attributes
    ----------
    name, system : str
    turns : tuple of Turn
    lost_pictures : int
        How many of its pictures cannot be read, and are left out of their turns.
    """

    name: str
    system: str
    turns: tuple[Turn, ...]
    lost_pictures: int = 0

    def describe_losses(self) -> Text | None:
        """Return what of the file is not here; None when all is."""
        if not self.lost_pictures:
            return None
        return _LOST.fill(pictures=PICTURES.fill(self.lost_pictures))


class WrittenConversation(NamedTuple):
    """A file that a conversation was written to.

    Attributes
    ----------
    path : Path
    taken : str
        The name that was asked for, where a file of that name stays; "" for the file's own.
    pictures_left_out : bool
        Whether the answers' pictures are not in it, since it would be too large to be read.
    """

    path: Path
    taken: str = ""
    pictures_left_out: bool = False

    def describe_changes(self) -> list[Text]:
        """Return what is not as one expects."""
        notes = []
        if self.taken:
            notes.append(_TAKEN.fill(taken=self.taken, name=self.path.name))
        if self.pictures_left_out:
            notes.append(_TOO_LARGE)
        return notes


def write_conversation(
    name: str,
    system: str,
    turns: Sequence[Turn],
    path: str | Path | None = None,
    *,
    overwrite: bool = False,
) -> WrittenConversation:
    """Write a conversation to a file; see `Conversation.save`."""
    own_name = files.sanitize_name(name, reserve=_RESERVED_BYTES, otherwise="chat")
    if isinstance(path, str) and not path.strip():
        raise InvalidOption(
            Text("文件名是空的", "the file's name is empty"),
            advice=Text(
                "写一个名字；不写就存到 {file}", "give a name; without one it is {file}"
            ).fill(file=f"{own_name}{_EXTENSION}"),
        )
    try:
        content = _file_content(name, system, turns)
        pictures_left_out = len(content) > _MAX_BYTES
        if pictures_left_out:
            content = _file_content(name, system, turns, with_pictures=False)
        wanted = Path(path or own_name).expanduser()
        if wanted.is_dir():
            wanted /= own_name
        wanted.parent.mkdir(parents=True, exist_ok=True)
        stem = wanted.name.removesuffix(_EXTENSION)
        first = wanted.with_name(f"{stem}{_EXTENSION}")
        if overwrite:
            files.write_over(first, content)
            return WrittenConversation(first, pictures_left_out=pictures_left_out)
        names = (wanted.with_name(f"{stem}{_number(n)}{_EXTENSION}") for n in count(1))
        written = files.write_new(names, content)
        taken = first.name if written != first else ""
        return WrittenConversation(written, taken, pictures_left_out)
    except (OSError, TypeError, ValueError, RuntimeError) as error:
        raise InvalidOption(
            Text("无法写入 {file}：{said}", "{file} cannot be written: {said}").fill(
                file=path or own_name, said=getattr(error, "strerror", "") or error
            ),
            advice=Text("换一个位置", "choose another place"),
        ) from None


def _number(number: int) -> str:
    return "" if number == 1 else f" ({number})"


def _file_content(
    name: str, system: str, turns: Sequence[Turn], *, with_pictures: bool = True
) -> bytes:
    content = {
        "format": _FORMAT,
        "version": _VERSION,
        "name": name,
        "system": system,
        "turns": [_turn_to_json(turn, with_pictures=with_pictures) for turn in turns],
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _turn_to_json(turn: Turn, *, with_pictures: bool) -> dict[str, Any]:
    """Return a turn as the file holds it.

    Parameters
    ----------
    with_pictures
        Whether the answer's pictures are written; words stand for them otherwise.
    """
    answer = turn.answer
    text = turn.answer_in_words
    images: list[str] = []
    if (with_pictures and answer.images) or (answer.files and not answer.images):
        text = name_pictures(answer.text)
        images = [_picture_address(image) for image in answer.images]
    usage = None
    if answer.usage is not None:
        usage = asdict(answer.usage)
    return {
        "prompt": turn.prompt,
        "images": [part["image_url"]["url"] for part in turn.images],
        "time": turn.time,
        "rounds": [*turn.rounds],
        "answer": {
            "text": text,
            "images": images,
            "files": [*answer.files],
            "search": [*answer.search],
            "reasoning": answer.reasoning,
            "seconds": answer.seconds,
            "partial": answer.partial,
            "usage": usage,
            "model": answer.model,
            "finish_reason": answer.finish_reason,
            "id": answer.id,
            "service": answer.service,
        },
    }


def _picture_address(image: AnswerImage) -> str:
    """Return an answer's picture as a link: its own, or one that holds the file."""
    if not image.content:
        return image.url
    mime = image.mime or _UNKNOWN_PICTURE
    if is_svg(image.content):
        mime = "image/svg+xml"
    return f"data:{mime};base64,{base64.b64encode(image.content).decode()}"


def read_source(
    source: str | Path | bytes | bytearray | memoryview | Sequence[Message],
) -> SavedConversation:
    """Read a conversation from a file, its content, or the API's messages.

    Raises
    ------
    InvalidOption, InvalidMessages
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return parse_conversation(bytes(source))
    if isinstance(source, Sequence) and not any(isinstance(each, str) for each in source):
        return _read_messages(source)
    # What is neither is told as a path that cannot be read.
    return parse_conversation(read_file(cast("str | Path", source)))


def read_file(path: str | Path) -> bytes:
    """Read a file that `write_conversation` wrote; of one that is larger than those, only its
    beginning.

    Raises
    ------
    InvalidOption
        It cannot be read.
    """
    try:
        return read_file_beginning(find_path(path), _MAX_BYTES + 1)
    except (OSError, TypeError, ValueError, RuntimeError) as error:
        raise InvalidOption(
            Text("读不了 {file}：{said}", "{file} cannot be read: {said}").fill(
                file=path, said=getattr(error, "strerror", "") or error
            ),
            advice=Text("检查文件名", "check its name"),
        ) from None


def parse_conversation(content: bytes) -> SavedConversation:
    """Parse a file's content. It may come from anyone: each value is checked, and no picture is
    fetched; one that is a link stays a link.

    Raises
    ------
    InvalidOption
        It is not a saved conversation.
    InvalidMessages
        It is messages, and they are no turns.
    """
    if len(content) > _MAX_BYTES:
        raise _not_a_conversation()
    try:
        parsed = values.parse_json(content.decode("utf-8-sig"))
    except ValueError:
        raise _not_a_conversation() from None
    saved = values.as_object(parsed)
    messages = values.as_list(saved.get("messages", parsed))
    if messages and "format" not in saved:
        return _read_messages_of_file(messages)
    given = saved.get("turns")
    turns = values.as_objects(given)
    if saved.get("format") != _FORMAT or not isinstance(given, list) or len(turns) < len(given):
        raise _not_a_conversation()
    if saved.get("version") != _VERSION:
        raise InvalidOption(
            Text(
                "这份对话由另一个版本的 ernie_magic 保存",
                "another version of ernie_magic saved this",
            ),
            advice=Text("更新 ernie_magic 后再加载", "update ernie_magic, then load it again"),
        )
    read = [_turn_from_json(turn) for turn in turns]
    answered = [each for each in read if each.turn.answer_in_words]
    return SavedConversation(
        values.as_name(saved.get("name")),
        values.as_text(saved.get("system")),
        tuple(each.turn for each in answered),
        sum(each.lost_pictures for each in answered),
    )


def _read_messages(messages: Sequence[object]) -> SavedConversation:
    system, items = message_turns.split_system_prompt(messages)
    return SavedConversation("", system or "", tuple(read_turns(items)))


def _read_messages_of_file(messages: Sequence[object]) -> SavedConversation:
    """Return the conversation that messages of a file form, without pictures that are files of this
    machine: the messages may come from anyone.
    """
    found = [*map(_drop_unknown_pictures, messages)]
    lost_pictures = sum(lost for _, lost in found)
    return replace(_read_messages([each for each, _ in found]), lost_pictures=lost_pictures)


def _drop_unknown_pictures(message: object) -> tuple[object, int]:
    """Return a message without the pictures that are left out, and how many these are."""
    content = values.as_object(message).get("content")
    if not isinstance(message, dict) or not isinstance(content, list):
        return message, 0
    parts = [part for part in content if _is_known_part(part)]
    return {**message, "content": parts}, len(content) - len(parts)


def _is_known_part(part: object) -> bool:
    """Whether a part is no picture, or one that is in the file itself or behind a web address."""
    given = values.as_object(part).get("image_url")
    address = values.as_object(given).get("url", given)
    return given is None or bool([*_parse_images([address])])


class _ReadTurn(NamedTuple):
    turn: Turn
    lost_pictures: int


def _turn_from_json(saved: Mapping[str, Any]) -> _ReadTurn:
    prompt = values.as_text(saved.get("prompt"))
    addresses = values.as_list(saved.get("images"))
    images = tuple(_parse_images(addresses))
    answer = values.as_object(saved.get("answer"))
    text = values.as_text(answer.get("text"))
    drawn_addresses = values.as_list(answer.get("images"))
    drawn = tuple(_parse_answer_images(drawn_addresses))
    if not text and not drawn:
        text = PICTURE_STAND_IN * len(drawn_addresses)
    model = values.as_name(answer.get("model"))
    request = ChatRequest(model=model, messages=(user_message(prompt, images),))
    turn = Turn(
        prompt,
        Answer(
            text,
            request,
            reasoning=values.as_text(answer.get("reasoning")),
            usage=_parse_usage(answer.get("usage")),
            seconds=values.as_seconds(answer.get("seconds")) or 0.0,
            partial=values.is_true(answer.get("partial")),
            model=model,
            finish_reason=values.as_name(answer.get("finish_reason")),
            id=values.as_name(answer.get("id")),
            service=values.as_name(answer.get("service")),
            images=drawn,
            files=tuple(_parse_links(values.as_list(answer.get("files"))[:MAX_PAGES])),
            search=tuple(redact_values(values.as_objects(answer.get("search"))[:MAX_PAGES])),
        ),
        rounds=message_turns.read_rounds(values.as_list(saved.get("rounds"))),
        images=images,
        time=min(values.as_seconds(saved.get("time")) or 0.0, time.time()),
    )
    lost_pictures = len(addresses) - len(images) + len(drawn_addresses) - len(drawn)
    return _ReadTurn(turn, lost_pictures)


def _parse_images(addresses: Sequence[object]) -> Iterator[Part]:
    """Iterate over the pictures that are in the file itself or behind a web address, and can be
    read. The address is not fetched: neither here nor by the page that shows the conversation.
    """
    for address in addresses:
        if not isinstance(address, str) or not address.startswith(_PICTURE_ADDRESSES):
            continue
        with suppress(InvalidOption):
            yield from attachments.image_parts(address)


def _parse_answer_images(addresses: Sequence[object]) -> Iterator[AnswerImage]:
    """Iterate over the pictures of an answer that are in the file itself or behind a web address,
    and can be read, as a service's are: no link is followed.
    """
    for address in addresses:
        if isinstance(address, str) and address.startswith(_PICTURE_ADDRESSES):
            yield from find_pictures([{"type": "image_url", "image_url": {"url": address}}])


def _parse_links(addresses: Sequence[object]) -> Iterator[str]:
    """Iterate over the links of an answer's other files, none of which is followed."""
    for address in addresses:
        if isinstance(address, str) and address.startswith(("https://", "http://")):
            yield values.as_safe_text(address)


def _parse_usage(saved: object) -> Usage | None:
    counts = values.as_object(saved)
    if not counts:
        return None
    return Usage(
        *(values.as_whole_number(counts.get(part.name)) or 0 for part in fields(Usage)),
    )


def _not_a_conversation() -> InvalidOption:
    return InvalidOption(
        Text("这不是保存的对话", "this is not a saved conversation"),
        advice=Text(
            "选一个由“保存”或 ernie.conversation.save(…) 写出的 .json 文件，或消息列表的",
            "choose a .json file that Save or ernie.conversation.save(…) has written, or one of "
            "messages",
        ),
    )
