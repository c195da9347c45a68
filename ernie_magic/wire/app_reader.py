"""Reads what an application of Qianfan answers: steps with events, of which `answer` is the text.

Source: the official client (https://github.com/baidubce/app-builder,
python/core/console/appbuilder_client).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.runtime.events import Delta
from ernie_magic.text.paragraphs import StreamedParts, join_parts
from ernie_magic.wire.answers import app_events
from ernie_magic.wire.answers.content import REASONING
from ernie_magic.wire.failures import empty_app_answer_error
from ernie_magic.wire.reader import Reader
from ernie_magic.wire.refusals.parsing import parse_refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.api.results import Answer
    from ernie_magic.errors import ErnieError

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_MAX_FILES = 100  # of one answer: the rest stays in `.raw`
_ANSWER = "answer"  # the part of the text that is no message of a flow


class AppReader(Reader):
    """Reads `answer` and `content`.

    Attributes
    ----------
    conversation_id : str
        As the service names it, "" when it does not.
    question_id : str
        Of the question back with which a flow waits for an answer, "" for none.
    failed_step : str
        What the service says of a step that failed, "" for none.
    """

    says_each_time = True

    def reset(self) -> None:  # noqa: D102  (the base's)
        super().reset()
        self.conversation_id = self.question_id = self.failed_step = ""
        self._counted = dict.fromkeys(_COUNTS, 0)
        self._messages: dict[str, str] = {}  # of a flow, by their ids
        self._log = app_events.EventLog()
        self._files: dict[str, None] = {}  # links, each once: an event may come again
        self._words = StreamedParts()
        self._has_answer = False  # words in `answer`
        self._texts: dict[str, str] = {}  # of steps, by their kinds, while it has none
        self._thoughts = StreamedParts()
        self._thoughts_of: dict[str, list[str]] = {}  # steps, by their kinds

    @property
    def is_empty(self) -> bool:  # noqa: D102  (the base's)
        return super().is_empty and not (self._files or self.question_id)

    def empty_error(self, body: str, request_id: str) -> ErnieError | None:  # noqa: D102  (the base's)
        # That an application has come to its end is no reason to finish, as a model's is.
        return empty_app_answer_error(body, request_id) if self.is_empty else None

    @property
    def id(self) -> str:
        """The service's id of the call, "" when it gave none."""
        return values.as_name(self._meta.get("request_id"))

    @staticmethod
    def is_whole_reply(payload: Mapping[str, Any]) -> bool:  # noqa: D102  (the base's)
        return "answer" in payload and ("content" in payload or "is_completion" in payload)

    def _facts_and_content(
        self,
        chunk: Mapping[str, Any],
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        events = values.as_objects(chunk.get("content"))
        self.conversation_id = self.conversation_id or values.as_name(chunk.get("conversation_id"))
        calls = [call for event in events for call in app_events.read_calls(event)]
        facts: dict[str, Any] = {}
        if calls:
            facts["finish_reason"] = "tool_calls"
        elif values.is_true(chunk.get("is_completion")):
            facts["finish_reason"] = "stop"
        if references := [each for event in events for each in app_events.read_references(event)]:
            facts["search_results"] = references
        if usage := self._add_up(events):
            facts["usage"] = usage
        self._keep(events)
        part = {
            "content": self._read_words(chunk, events),
            REASONING[0]: self._read_thoughts(events),
            "images": [each for event in events for each in app_events.read_pictures(event)],
            "tool_calls": calls,
        }
        has_answer = bool(
            part["content"] or part["images"] or any(map(app_events.read_files, events))
        )
        self._judge_failure(events, has_answer=has_answer)
        return facts, {name: value for name, value in part.items() if value or name == "content"}

    def _judge_failure(self, events: Sequence[Mapping[str, Any]], *, has_answer: bool) -> None:
        """Note whether the application has failed: a step that failed, such as a tool, is no
        failure of an answer that goes on behind it.
        """
        failed = next(filter(app_events.is_failed, reversed(events)), None)
        if failed:
            self.failed_step = app_events.describe_failure(failed)["message"]
        if failed and (failed is events[-1] or not has_answer):
            self.failure = parse_refusal({"error": app_events.describe_failure(failed)})
        elif has_answer:
            self.failure = None

    def _keep(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Keep what events have besides words: all of it, files, a question back."""
        for event in events:
            self._log.add(event)
            self.question_id = app_events.read_question(event) or self.question_id
            for link in app_events.read_files(event):
                if len(self._files) < _MAX_FILES:
                    self._files.setdefault(link)

    def _read_words(self, chunk: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> str:
        """Return the words of a chunk: of the answer, and those that a flow says on its way, each
        message a paragraph. They stand behind the answer's piece, as the official client joins
        them, and before an answer in one piece, which is the flow's end.
        """
        answer = values.as_text(chunk.get("answer"))
        messages = [
            message
            for message in filter(None, map(app_events.read_message, events))
            if message.text.strip() != answer.strip()
        ]
        self._has_answer = self._has_answer or bool(answer)
        if not self._has_answer:
            self._keep_texts(events)
        if self._whole_reply is not None:
            return "".join(map(self._add_message, messages)) + self._words.add(_ANSWER, answer)
        return self._words.add(_ANSWER, answer) + "".join(map(self._add_message, messages))

    def _add_message(self, message: app_events.Message) -> str:
        """Return what a message of a flow adds: its event may come again, with more of it."""
        id_ = message.id or f"no id {len(self._messages)}"
        before = self._messages.get(id_, "")
        added = message.text.removeprefix(before)
        self._messages[id_] = before + added
        return self._words.add(f"message {id_}", added)

    def _add_sources(
        self,
        _chunk: Mapping[str, Any],
        facts: Mapping[str, Any],
        _part: Mapping[str, Any],
    ) -> None:
        self._sources.add_chunk({}, facts, {})  # the events have been read

    def _keep_texts(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Keep the words of steps, which `answer` repeats: where it does not, they are all there
        is.
        """
        for event in events:
            if text := app_events.read_text(event):
                kind = values.as_name(event.get("event_type"))
                before = self._texts.get(kind, "")
                self._texts[kind] = before + text.removeprefix(before)

    def flush_remaining(self) -> Delta | None:  # noqa: D102  (the base's)
        delta = None
        if self._texts and not self._has_answer:
            delta = self._read_whole_chunk({_ANSWER: join_parts(self._texts.values())})
        rest = super().flush_remaining()
        if delta is None or rest is None:
            return delta or rest
        return Delta(delta.text + rest.text, delta.reasoning + rest.reasoning)

    def _read_thoughts(self, events: Sequence[Mapping[str, Any]]) -> str:
        """Return the thoughts of events; one that is done may have all of its step's again."""
        added = ""
        for event in events:
            if not (thoughts := app_events.read_thoughts(event)):
                continue
            kind = values.as_name(event.get("event_type"))
            before = self._thoughts_of.setdefault(kind, [])
            if not (app_events.is_done(event) and thoughts == "".join(before)):
                before.append(thoughts)
                added += self._thoughts.add(kind, thoughts)
            if app_events.is_done(event):
                before.clear()
        return added

    def _add_up(self, events: Sequence[Mapping[str, Any]]) -> Mapping[str, int] | None:
        """Return the tokens of all steps so far, where these events count some."""
        counted = [usage for event in events if (usage := values.as_object(event.get("usage")))]
        for usage in counted:
            for name in _COUNTS:
                self._counted[name] += values.as_whole_number(usage.get(name)) or 0
        if not counted:
            return None
        return dict(self._counted)

    def _take_text(self, _chunk: dict[str, Any]) -> str | None:
        return None  # each step has events of its own, so that each chunk is read in full

    def _restore_text(self, _chunk: dict[str, Any], _text: str) -> None:
        """Do nothing: no text is taken."""

    def _is_last_chunk(self, _facts: Mapping[str, Any], reason: str) -> bool:
        return bool(reason)

    def build_answer(  # noqa: D102  (the base's)
        self,
        *,
        seconds: float,
        first_seconds: float | None,
        partial: bool,
        service: str,
    ) -> Answer:
        answer = super().build_answer(
            seconds=seconds, first_seconds=first_seconds, partial=partial, service=service
        )
        return answer.with_changes(files=tuple(self._files))

    def _raw_body(self, message: Mapping[str, Any]) -> dict[str, Any]:
        last = {"is_completion": self.finished} if "is_completion" in self._meta else {}
        return {
            **self._meta,
            **last,
            "answer": message["content"],
            "content": self._log.events,
            "usage": self._usage,
        }
