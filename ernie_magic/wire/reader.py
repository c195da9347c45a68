"""What collects a chat's or a completion's reply, chunk by chunk, in every protocol.

`replies` reads the other replies.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from ernie_magic.api import values
from ernie_magic.api.finish_reasons import find_reason, is_truncation, names_failure, tells_cut
from ernie_magic.api.requests import CompletionRequest
from ernie_magic.api.results import Answer
from ernie_magic.api.usage import Usage
from ernie_magic.api.values import as_name, as_safe_text
from ernie_magic.runtime.events import Delta
from ernie_magic.text.language import whole_characters
from ernie_magic.text.redact import redact, redact_values
from ernie_magic.wire.answers.content import (
    REASONING,
    Content,
    read_content,
    thoughts_in_details,
    words_in,
)
from ernie_magic.wire.answers.message_fields import HARMLESS, find_unread_field
from ernie_magic.wire.answers.pictures import (
    PICTURE_FIELDS,
    PictureCollector,
    find_pictures,
    find_written_pictures,
)
from ernie_magic.wire.answers.raw_pieces import PER_TOKEN, RawPieces
from ernie_magic.wire.answers.sources import SourceCollector
from ernie_magic.wire.answers.streamed_text import StreamedText
from ernie_magic.wire.answers.thoughts import (
    END_OF_THOUGHTS,
    ThoughtMarks,
    ThoughtTags,
    split_thoughts,
)
from ernie_magic.wire.answers.tool_calls import ToolCallAssembler, announces_call, read_tool_calls
from ernie_magic.wire.answers.tool_names import offered_names
from ernie_magic.wire.answers.usage import usage_of
from ernie_magic.wire.answers.vendor_fields import join_details, vendor_fields
from ernie_magic.wire.failures import empty_answer_error
from ernie_magic.wire.refusals.parsing import is_vendor_object, parse_refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.api.requests import ChatRequest
    from ernie_magic.errors import ErnieError

_MAX_ITEMS = 1000  # of a list that arrives in pieces
# Fields that `Reader` puts together from their pieces: those of a message, and those beside it.
_ASSEMBLED = frozenset({"content", "tool_calls", "function_call", "refusal", *REASONING})
# Fields of a delta that may add something in each chunk, besides its text.
_ADDING = (
    *(_ASSEMBLED - {"content"}),
    *("audio", "reasoning_details", "thinking_blocks", "extra_content"),
)
_APART_FROM_CHOICE = frozenset({"delta", "message", "text", "usage", "result", *PER_TOKEN})
# Fields that mark an answer as cut off: Qianfan V1's, and other servers'.
_TRUNCATED = ("is_truncated", "truncated", "incomplete")


class Reader(ABC):
    """Collect a reply, chunk by chunk, into an `Answer`. A whole (not streamed) reply is read as
    one chunk.

    Attributes
    ----------
    started : bool
        Whether any chunk has arrived.
    finished : bool
        Whether the service said that this was all.
    awaits_end : bool
        Whether nothing of the answer has followed the last reason to finish. One beside text does
        not count once text has followed another.
    is_end_usual : bool
        Whether the last reason to finish had a chunk of its own behind the text.
    is_end_sure : bool
        Whether the number of tokens shows that this reason to finish is the last one.
    end_unseen : bool
        Whether the stream fell silent after a reason to finish, and was not read to its end: more
        may have been to come.
    finish_reason : str
    is_cut : bool
        Whether the reply's own status or an event's name says that the answer was cut off.
    flag : int
        The most severe safety flag so far.
    must_clear : bool
        The service asked for the history to be cleared.
    failure : dict | None
        The refusal that stands inside a choice (`refusals.parse_refusal`).
    unknown_shape : str
        What the content had that cannot be read as text, "" for nothing.
    continues : bool
        Whether more of the answer arrived after a reason to finish, which is then not to be relied
        on.
    gains : int
        Grows with each chunk that brings text, thoughts, tool calls or another number of tokens,
        once the service said that this was all; other chunks do not mean that it will end later.
    """

    # Whether the last chunk's words stand in a message, which may be whole each time.
    _is_message = False
    # Whether each chunk says if it is the last one, so that a claim is to be believed.
    says_each_time: ClassVar[bool] = False
    # Fields in which a code or a message is no failure of the reply.
    own_fields: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, request: ChatRequest | CompletionRequest) -> None:
        self.request = request
        self._spent: Usage | None = None  # by what was refused
        self._usage: dict[str, Any] | None = None
        self.reset()

    def reset(self) -> None:
        """Forget everything that has arrived, but not what it cost: the request is sent again."""
        self._spent = self.usage
        self.started = self.finished = self.must_clear = self.is_cut = False
        self.awaits_end = self.is_end_usual = self.is_end_sure = self.end_unseen = False
        self.finish_reason = ""
        self.failure: Mapping[str, str] | None = None
        self.unknown_shape = self._unknown_call = self._skipped_part = ""
        self.continues = False
        self.gains = 0
        self.flag = 0
        self._text = StreamedText()
        self._reasoning = StreamedText()
        self._tool_calls = ToolCallAssembler(offered_names(self.request.parameters))
        self._usage = None
        self._meta: dict[str, Any] = {}
        self._choice: dict[str, Any] = {}
        self._raw_pieces = RawPieces()
        self._message: dict[str, Any] = {}  # its fields that come in one piece
        self._pictures = PictureCollector()
        self._reasoning_name = REASONING[0]
        self._has_named_reasoning = False  # in a field of that name, and not among the content
        self._whole_reply: dict[str, Any] | None = None
        self._sources = SourceCollector()
        self._repeated_chunk: dict[str, Any] | None = None
        self._thought_marks = ThoughtMarks()
        self._thought_tags = ThoughtTags(is_asked_for=self.request.names)
        # A completion continues its prompt, whatever that is.
        self._thought_tags.is_past = isinstance(self.request, CompletionRequest)

    @property
    def is_empty(self) -> bool:
        """Whether nothing of an answer has arrived: no text, thought, picture, tool call or safety
        flag.
        """
        return not (
            self._text
            or self._reasoning
            or not self._tool_calls.is_empty
            or self._pictures.images
            or self.flag
            or self.must_clear
        )

    def empty_error(self, body: str, request_id: str) -> ErnieError | None:
        """Return the error for a reply that ended without anything in it, None for any other: a
        model may end with a reason and without a word.

        Parameters
        ----------
        body
            What arrived instead.
        """
        if not self.is_empty or self.finish_reason:
            return None
        return empty_answer_error(body, request_id)

    @property
    def id(self) -> str:
        """The service's id of the call, "" when it gave none."""
        return as_name(self._meta.get("id"))

    @property
    def usage(self) -> Usage | None:
        """Tokens of the call, with those of what was refused and sent again; None until the service
        reports them.
        """
        if self._usage is None:
            return self._spent
        return (self._spent or Usage()) + usage_of(self._usage)

    @property
    def model(self) -> str:
        """The model's id as the service reports it."""
        return as_name(self._meta.get("model")) or as_safe_text(self.request.sent_model)

    @property
    def ban_round(self) -> int | None:
        """Which round the safety flag is about, -1 for this one; None when the service did not
        say.
        """
        for source in (self._choice, self._meta):
            if (found := values.as_whole_number(source.get("ban_round"))) is not None:
                return found
        return None

    @property
    def total_tokens(self) -> int | None:
        """The total tokens of what was sent last."""
        if self._usage is None:
            return None
        return usage_of(self._usage).total_tokens

    @staticmethod
    @abstractmethod
    def is_whole_reply(payload: Mapping[str, Any]) -> bool:
        """Whether this body is a whole reply of the protocol."""

    @abstractmethod
    def _facts_and_content(
        self,
        chunk: Mapping[str, Any],
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return the chunk's facts (finish reason, flag …), and its content: `content`,
        `reasoning_content`, `tool_calls`.
        """

    @abstractmethod
    def _is_last_chunk(self, facts: Mapping[str, Any], reason: str) -> bool:
        """Whether this chunk is the last one with content; `reason` is its reason to finish."""

    @abstractmethod
    def _raw_body(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return a stream's chunks as one body."""

    @abstractmethod
    def _take_text(self, chunk: dict[str, Any]) -> str | None:
        """Take the text out of a chunk, and whatever differs from chunk to chunk without meaning;
        return None when it has no text.
        """

    @abstractmethod
    def _restore_text(self, chunk: dict[str, Any], text: str) -> None:
        """Undo `_take_text`, as far as the text is concerned."""

    def feed(self, chunk: dict[str, Any]) -> Delta | None:
        """Return what this chunk adds; None when it adds no text (usage, a role, an empty list of
        choices).

        Most chunks of a stream differ from the one before in nothing but their text. The rest has
        been read already, so only the text is taken (this halves the cost of a stream;
        tests/benchmarks).
        """
        text = self._take_text(chunk)
        if text is None:
            delta = self._read_whole_chunk(chunk)
            if self.finished:
                self._repeated_chunk = None  # text that follows is read in full: it `continues`
            return delta
        is_plain = chunk == self._repeated_chunk and self._text.may_add_plain(text)
        if is_plain and whole_characters(text) is text:
            text = self._text.add_plain(text)
            if not self._thought_tags.is_past:
                return _delta_of(*self._thought_tags.split(text))
            return Delta(text) if text else None
        self._restore_text(chunk, text)
        delta = self._read_whole_chunk(chunk)
        self._take_text(chunk)
        self._repeated_chunk = None
        may_repeat = self._text.is_plain and not self.finished
        if may_repeat and self._repeats_nothing(chunk):
            self._repeated_chunk = chunk
        return delta

    def feed_whole(self, reply: dict[str, Any]) -> Delta | None:
        """Return what a reply in one piece has; it is kept as it came, without keys."""
        self._whole_reply = redact_values(dict(reply))
        if not self._thought_tags.is_past:
            self._thought_tags = ThoughtTags(is_whole=True, is_asked_for=self.request.names)
        return self.feed(reply)

    def _repeats_nothing(self, chunk: dict[str, Any]) -> bool:
        """Whether reading this chunk again would change nothing: it brought no reasoning and no
        tools. Pages found are known by then.
        """
        _, part = self._facts_and_content(chunk)
        return not any(part.get(name) for name in _ADDING)

    def _read_whole_chunk(self, chunk: dict[str, Any]) -> Delta | None:
        """Read everything that a chunk may contain."""
        self.started = True
        was_finished = self.finished
        was_empty = self.is_empty
        for name, value in chunk.items():
            if name not in ("choices", "usage", "result") and self._meta.get(name) is None:
                self._meta[redact(name)] = redact_values(value)
        usage_before = self._usage
        facts, part = self._facts_and_content(chunk)
        # It may be null, on each chunk or in the last: the last meaningful one counts. Moonshot has
        # it in the choice.
        usage = values.as_object(chunk.get("usage") or facts.get("usage"))
        if usage:
            self._usage = redact_values(dict(usage))
        reason = find_reason(facts, part, chunk)
        self.is_cut = self.is_cut or tells_cut(chunk)
        self.finish_reason = reason or self.finish_reason
        is_last = self._is_last_chunk(facts, reason)
        for source in (facts, part):
            if not HARMLESS.issuperset(source) and (failure := _find_failure(source)) is not None:
                self.failure = failure
                is_last = True
        self.finished = self.finished or is_last
        for flag in (chunk.get("flag"), facts.get("flag")):
            # SDKs disagree on its type.
            self.flag = max(self.flag, values.as_whole_number(flag) or 0)
        self.must_clear = self.must_clear or any(
            values.is_true(source.get("need_clear_history")) for source in (chunk, facts)
        )
        _merge_fields(self._choice, {k: v for k, v in facts.items() if k not in _APART_FROM_CHOICE})
        in_one_piece = {k: v for k, v in part.items() if v is None or k not in _ASSEMBLED}
        _merge_fields(self._message, _continue_lists(self._message, in_one_piece))
        self._raw_pieces.add(facts, part)
        self._add_sources(chunk, facts, part)
        calls, unknown = read_tool_calls(part)
        self._tool_calls.add_pieces(calls)
        self._unknown_call = self._unknown_call or unknown
        content = read_content(part.get("content"))
        delta = self._read_content(content, part, is_last=is_last)
        brings = self._add_pictures(content, part) or bool(delta or calls)
        self.continues = self.continues or (was_finished and brings)
        self.gains += bool(brings or self._usage != usage_before)
        self.awaits_end = self._awaits_end_after(brings=brings, is_last=is_last)
        is_counted = bool(usage) and (was_finished or usage_before is None)
        if brings:
            self.is_end_usual = False
            self.is_end_sure = is_last and self.says_each_time and not was_empty
        elif self.finished:
            self._judge_end(
                is_last=is_last, is_counted=is_counted and (was_finished or not was_empty)
            )
        return delta

    def _add_sources(
        self,
        chunk: Mapping[str, Any],
        facts: Mapping[str, Any],
        part: Mapping[str, Any],
    ) -> None:
        """Add what a chunk was made from."""
        self._sources.add_chunk(chunk, facts, part)

    def _awaits_end_after(self, *, brings: bool, is_last: bool) -> bool:
        """Whether `awaits_end` holds after a chunk."""
        if brings and self.continues:
            return False
        return is_last or (self.awaits_end and not brings)

    def _judge_end(self, *, is_last: bool, is_counted: bool) -> None:
        """Judge what a chunk without text tells of the end.

        Parameters
        ----------
        is_last
            It has a reason to finish.
        is_counted
            It has the number of tokens, for the first time or after a reason to finish.
        """
        has_answer = not self.is_empty
        self.is_end_usual = self.is_end_usual or (is_last and has_answer)
        is_certain = self.says_each_time and has_answer
        self.is_end_sure = self.is_end_sure or is_counted or is_certain

    def _add_pictures(self, content: Content, part: Mapping[str, Any]) -> bool:
        """Add the pictures of a chunk; whether any is new."""
        images = list(content.images)
        for name in PICTURE_FIELDS:
            if part.get(name):
                images += find_pictures(part[name])
        is_new = self._pictures.add(images)
        if is_new:
            self._pictures.parts += redact_values(list(content.pictures))
        return is_new

    def _read_content(
        self,
        content: Content,
        part: Mapping[str, Any],
        *,
        is_last: bool,
    ) -> Delta | None:
        """Read the text and the reasoning of a chunk."""
        content = self._thought_marks.move_thoughts(content, part)
        self.unknown_shape = self.unknown_shape or content.unknown
        self._skipped_part = self._skipped_part or content.skipped
        # A server that sends the reasoning under two names repeats itself.
        name = next((name for name in REASONING if part.get(name)), "")
        self._reasoning_name = name or self._reasoning_name
        self._has_named_reasoning = self._has_named_reasoning or bool(name)
        spoken = values.as_object(part.get("audio")).get("transcript")
        # The transcript of a spoken answer repeats its text where there is one.
        said = (content.text or words_in(spoken)) + words_in(part.get("refusal"))
        thoughts = words_in(part.get(name)) or self._thoughts_in_details(part)
        if content.reasoning or thoughts:
            self._thought_tags.follows_thoughts = True
        text = self._text.add(said, is_message=self._is_message, is_last=is_last)
        reasoning = self._reasoning.add(
            content.reasoning + thoughts, is_message=self._is_message, is_last=is_last
        )
        words, thoughts = self._thought_tags.split(text)
        return _delta_of(words, reasoning + thoughts)

    def _thoughts_in_details(self, part: Mapping[str, Any]) -> str:
        """Return the thoughts of a chunk that has them only in details."""
        if self._has_named_reasoning:
            return ""  # the details repeat them, also in a chunk of their own
        details = part.get("reasoning_details") or part.get("thinking_blocks")
        thoughts = thoughts_in_details(details)
        if thoughts and self._is_message and self._reasoning:
            return self._reasoning.rest_of(thoughts)  # the whole message after its pieces
        return thoughts

    def flush_remaining(self) -> Delta | None:
        """Return the last of the text, when the end of the stream had to be seen before it could be
        shown.
        """
        words, thoughts = self._thought_tags.split(self._text.flush_remaining())
        last_words, last_thoughts = self._thought_tags.flush_remaining()
        reasoning = self._reasoning.flush_remaining() + thoughts + last_thoughts
        return _delta_of(words + last_words, reasoning)

    @property
    def words_and_thoughts(self) -> tuple[str, str]:
        """The text that has arrived, without the thoughts with which it begins, and these. Only now
        a closing tag shows that a stream has begun with thoughts, where it has no opening one.
        """
        text = str(self._text)
        if not self._thought_tags.has_tags and END_OF_THOUGHTS not in text:
            return text, ""
        return split_thoughts(
            text,
            is_whole=True,
            follows_thoughts=self._thought_tags.follows_thoughts,
            is_asked_for=self.request.names,
        )

    @property
    def reasoning(self) -> str:
        """The thoughts that have arrived, wherever they stood."""
        return str(self._reasoning) + self.words_and_thoughts[1]

    @property
    def tool_calls(self) -> tuple[dict[str, Any], ...]:
        """The tool calls that the model asks for, each whole."""
        return self._tool_calls.join_pieces()

    @property
    def unreadable_call(self) -> str:
        """What is wrong with the tool calls of an answer that has no text, now that all is there,
        "" for nothing: one cannot be read or names no tool, or none is there although the reason
        to finish says so.
        """
        if self.words_and_thoughts[0] or self.flag:
            return ""
        missing = announces_call(self.finish_reason) and self._tool_calls.is_empty
        if missing or self._unknown_call or self._tool_calls.lacks_name:
            return "tool_calls"
        return ""

    @property
    def unread_content(self) -> str:
        """Which field has what a chat model answered with instead of words, such as pictures, or
        words under a name that is not known; "" where it has words, or nothing.
        """
        if not self.is_empty:
            return ""
        return self._skipped_part or find_unread_field(self._message, self._choice, self._meta)

    @property
    def argument_characters(self) -> int:
        """The characters of all tool calls' arguments together."""
        return self._tool_calls.argument_characters

    @property
    def assistant_message(self) -> dict[str, Any]:
        """The model's message, ready to be sent back."""
        message: dict[str, Any] = {"role": "assistant", "content": self.words_and_thoughts[0]}
        if not self._tool_calls.is_empty:
            message["tool_calls"] = list(self.tool_calls)
            message.update(self.sent_back)
        return message

    @property
    def sent_back(self) -> dict[str, Any]:
        """The fields of the service's own that it expects back with the results of tools."""
        fields = vendor_fields(self._message)
        if self._has_named_reasoning and self._reasoning:
            fields[self._reasoning_name] = str(self._reasoning)
        return fields

    @property
    def is_truncated(self) -> bool:
        """Whether the reply says that it was cut off by a limit of its length."""
        return is_truncation(self.finish_reason) or self._is_marked_truncated()

    def _is_marked_truncated(self) -> bool:
        """Whether the reply says so otherwise than by its reason to finish."""
        return self.is_cut or any(
            values.is_true(source.get(name))
            for source in (self._choice, self._message, self._meta)
            for name in _TRUNCATED
        )

    def build_answer(
        self,
        *,
        seconds: float,
        first_seconds: float | None,
        partial: bool,
        service: str,
    ) -> Answer:
        """Return the answer so far."""
        self.flush_remaining()
        text, _ = self.words_and_thoughts
        self._pictures.add(find_written_pictures(text))
        raw = self._whole_reply
        if raw is None:
            message = {**self._message, **self.assistant_message, "content": str(self._text)}
            if self._reasoning:
                message[self._reasoning_name] = str(self._reasoning)
            if audio := self._raw_pieces.audio:
                message["audio"] = audio
            if self._pictures.parts:
                message["images"] = [
                    *values.as_list(message.get("images")),
                    *self._pictures.parts,
                ]
            raw = self._raw_body(message)
        return Answer(
            text=text,
            reasoning=self.reasoning,
            request=self.request,
            usage=self.usage,
            model=self.model,
            finish_reason=self.finish_reason,
            tool_calls=self.tool_calls,
            partial=partial or self.end_unseen,
            end_unseen=self.end_unseen and not partial,
            seconds=seconds,
            first_seconds=first_seconds,
            id=self.id,
            flag=self.flag,
            ban_round=self.ban_round,
            is_truncated=self.is_truncated,
            history_cleared=self.must_clear,
            search=tuple(self._sources.pages),
            service=service,
            raw=raw,
            images=self._pictures.images,
            sent_back=self.sent_back,
        )


def _delta_of(text: str, reasoning: str) -> Delta | None:
    """Return what may be shown now, None for nothing."""
    if not text and not reasoning:
        return None
    return Delta(text, reasoning)


def _find_failure(source: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the refusal in a choice or a message; an object in it that is no error may tell of
    something else, such as a tool that failed.
    """
    return parse_refusal(
        {
            name: value
            for name, value in source.items()
            if not isinstance(value, dict) or names_failure(name) or is_vendor_object(name)
        }
    )


def _merge_fields(merged: dict[str, Any], fields: Mapping[str, Any]) -> None:
    """Add the fields of a chunk: the last value counts, but null only where there is no other."""
    for name, value in fields.items():
        if value is not None or name not in merged:
            merged[redact(name)] = redact_values(value)


def _continue_lists(merged: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a chunk's message, whose lists continue those that came before:
    pictures and notes arrive one by one, and some streams repeat them all in the end.
    """
    return {name: _continue_list(name, merged.get(name), value) for name, value in fields.items()}


def _continue_list(name: str, before: object, value: Any) -> Any:
    if name == "reasoning_details" and isinstance(value, list):
        return join_details(values.as_list(before), value)
    if not (isinstance(before, list) and isinstance(value, list)):
        return value
    return [*before, *(item for item in value if item not in before)][:_MAX_ITEMS]
