"""Turns and the conversations that they form."""

from __future__ import annotations

import time
from collections.abc import MutableSequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar, overload

from ernie_magic.api.public_names import (
    SuggestsNames,
    names_by_use,
    out_of_range,
    refusing_changes,
)
from ernie_magic.calls.chat.text_parts import last_part
from ernie_magic.errors import InvalidMessages
from ernie_magic.runtime.observers import Watchers
from ernie_magic.text.data_pictures import name_pictures
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Text, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ernie_magic.api.messages import Message, Part
    from ernie_magic.api.requests import ChatOptions
    from ernie_magic.api.results import Answer
    from ernie_magic.calls.datasets.dataset import Dataset

# The conversation that cells and the session's own methods use.
MAIN = "main"
TURNS = counted("轮", "turn")

_NO_TURN = Text(
    "一轮是提示词和它的回答，不能是 {kind}", "a turn is a prompt and its answer, not {kind}"
)
_WHOLE_TURNS = Text(
    "ernie.chat(…) 会自己记一轮；已有的消息用 ernie.history.extend(messages) 加入；"
    "要改第一轮，写成 "
    'ernie.history[0] = ernie.history[0].with_changes(answer="…")',
    "ernie.chat(…) adds its turn itself; messages that you have are added by "
    "ernie.history.extend(messages), and the first turn is changed by "
    'ernie.history[0] = ernie.history[0].with_changes(answer="…")',
)
_CHANGE_TURN = Text(
    '换成改过的：ernie.history[0] = ernie.history[0].with_changes(answer="…")',
    'put a changed one in its place: ernie.history[0] = ernie.history[0].with_changes(answer="…")',
)
_NO_ANSWER = Text("这一轮没有回答", "the turn has no answer")
_NO_PROMPT = Text("这一轮的提示词是空的", "the turn's prompt is empty")
_DELETE_IT = Text("要去掉一轮，写成 del ernie.history[0]", "del ernie.history[0] removes a turn")
PICTURE_STAND_IN = "[image]"  # what stands for one in a text


def user_message(prompt: str, images: Sequence[Part] = ()) -> Message:
    """Return a prompt as a message; with pictures its content is in parts."""
    if not images:
        return {"role": "user", "content": prompt}
    return {"role": "user", "content": [{"type": "text", "text": prompt}, *images]}


@refusing_changes(_CHANGE_TURN)
@dataclass(frozen=True)
class Turn(SuggestsNames):
    """A prompt and its answer.

    Attributes
    ----------
    prompt : str
    answer : Answer
        `answer.partial` when it was stopped or cut off.
    rounds : tuple of messages
        Tool calls and their results, between the two, with what the service added to the calls.
    images : tuple of message parts
        Pictures sent with the prompt.
    time : float
        Seconds since the epoch, when the turn entered the history.
    options : ChatOptions | None
        What was given with the prompt, which `regenerate` gives again; None when it is not known.
    """

    prompt: str
    answer: Answer
    rounds: tuple[Message, ...] = field(default=(), repr=False)
    images: tuple[Part, ...] = field(default=(), repr=False)
    time: float = field(default_factory=time.time, repr=False)
    options: ChatOptions | None = field(default=None, repr=False, compare=False)

    _meant_by: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("question", "query", "user"), "prompt"),
        **dict.fromkeys(("content", "text", "reply", "response", "assistant"), "answer"),
    }

    def with_changes(self, *, prompt: str | None = None, answer: str | None = None) -> Turn:
        """Return the turn with another prompt or another answer, to put in its place:
        `history[0] = history[0].with_changes(answer="…")`. Another answer has called no tools.

        Raises
        ------
        InvalidMessages
            The prompt is empty: services refuse each later prompt with it.
        """
        changes: dict[str, Any] = {}
        if prompt is not None:
            if not str(prompt).strip() and not self.images:
                raise InvalidMessages(_NO_PROMPT, advice=_DELETE_IT)
            changes["prompt"] = str(prompt)
        if answer is not None:
            changes["answer"] = self.answer.with_changes(text=str(answer))
            changes["rounds"] = ()
        return replace(self, **changes)

    @property
    def answer_in_words(self) -> str:
        """The answer's text, with words in the place of pictures that it holds itself: their base64
        would be paid for as text. Where it is pictures only, as many stand-ins, since services
        refuse an empty message, and most of them pictures in a model's; the links of other files.
        """
        return name_pictures(self.answer.text) or self._stand_ins

    @property
    def transcript(self) -> str:
        """The turn in words, each behind its role."""
        return f"user: {self.prompt}\n\nassistant: {self.answer_in_words}"

    def _python_value_(self) -> str:
        return self.transcript

    def __getstate__(self) -> dict[str, Any]:
        # Python functions among the options' tools belong to this process.
        return {**vars(self), "options": None}

    @property
    def _stand_ins(self) -> str:
        return PICTURE_STAND_IN * len(self.answer.images) or "\n".join(self.answer.files)

    @property
    def messages(self) -> list[Message]:
        """The turn as the API's messages, without what a service added to tool calls: any service
        takes them.
        """
        return self._messages_with(_without_additions(message) for message in self.rounds)

    def messages_for(self, service: str, model: str) -> list[Message]:
        """Return the turn as the messages that are sent to a model.

        The service that asked for its tools gets back what it added to the calls: DeepSeek requires
        its thoughts about them with each later prompt as well
        (https://api-docs.deepseek.com/guides/thinking_mode).
        """
        request = self.answer.request
        if self.answer.service != service or request is None or request.model != model:
            return self.messages
        return self._messages_with(self.rounds)

    def _messages_with(self, rounds: Iterable[Message]) -> list[Message]:
        said_in_rounds = [
            message["content"] for message in self.rounds if message["role"] == "assistant"
        ]
        said_last = last_part(self.answer.text, said_in_rounds)
        return [
            user_message(self.prompt, self.images),
            *rounds,
            {"role": "assistant", "content": name_pictures(said_last) or self._stand_ins},
        ]


def _without_additions(message: Message) -> Message:
    """Return a message of a round without the fields that a service added."""
    if "tool_calls" not in message:
        return message
    calls = [
        {
            **{name: call[name] for name in ("id", "type") if name in call},
            "function": {name: call["function"][name] for name in ("name", "arguments")},
        }
        for call in message["tool_calls"]
    ]
    return {"role": message["role"], "content": message["content"], "tool_calls": calls}


class History(SuggestsNames, MutableSequence[Turn]):
    """The turns of one conversation, oldest first. It is edited as a list is: `history.pop()`,
    `del history[:-4]`, `history.extend(messages)`; slices and sums are Histories too.

    A turn is kept only when it has both a prompt and an answer, so `messages()` always follows the
    service's order of roles: user, assistant, user, assistant … ("message 说明" on
    https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns).

    Attributes
    ----------
    changed : Watchers
        Called after each change.
    """

    _meant_by: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("save", "to_json", "dump"), "ernie.conversation.save"),
        **dict.fromkeys(("add", "add_message", "push"), "extend"),
        "copy": "history[:]",
    }

    def __init__(self, turns: Sequence[Turn] = ()) -> None:
        self._turns = list(turns)
        self.changed = Watchers()

    def append(self, turn: Turn) -> None:
        """Add a turn; one without any answered text, picture or file is dropped (the API refuses
        empty messages).

        Raises
        ------
        InvalidMessages
            It is not a turn: a single message, say.
        """
        if _check_turn(turn).answer_in_words:
            self._turns.append(turn)
            self.changed.notify_watchers()

    def insert(self, index: int, turn: Turn) -> None:
        """Insert a turn before the one of that index, of the forms that `append` takes."""
        self[index:index] = [_check_turn(turn)]

    def extend(self, turns: Iterable[Turn | Message]) -> None:
        """Add turns, or messages that form turns: `[{"role": "user", "content": "…"}, {"role":
        "assistant", "content": "…"}]`.

        Raises
        ------
        InvalidMessages
            A message has no answer, or no prompt before it.
        """
        self[len(self) :] = turns

    def replace(self, old: Turn, new: Turn) -> None:
        """Replace a turn by another; do nothing if that turn is gone or the new one has no answered
        text, picture or file.
        """
        index = next((i for i, turn in enumerate(self._turns) if turn is old), None)
        if index is not None and new.answer_in_words:
            self._turns[index] = new
            self.changed.notify_watchers()

    def messages(self) -> list[Message]:
        """Return all turns as messages, ready to be followed by the next prompt."""
        return [message for turn in self._turns for message in turn.messages]

    def to_dataset(
        self,
        format: str = "PromptResponse",  # noqa: A002  (the platform's word)
        *,
        system: str = "",
        per_turn: bool = False,
    ) -> Dataset:
        """Return the turns as a dataset for tuning: one conversation.

        Turns that were stopped or cut off are left out, and so are turns with pictures, which the
        text formats cannot hold. Of tool calls only the whole answer stays.

        Parameters
        ----------
        format
            `"PromptResponse"`, `"Role"`, or `"Prompt"` for the prompts alone.
        system
            The system prompt; a conversation's own `to_dataset` fills it in.
        per_turn
            Make a sample of each turn, as if it had been asked alone. `"Prompt"` always does.

        Raises
        ------
        InvalidDataset
            Nothing is left.
        InvalidOption
            No conversation can be written in this format.

        Returns
        -------
        Dataset
            With `write`, `to_frame` and `notes`.
        """
        from ernie_magic.calls.datasets.from_chats import dataset_of_turns

        return dataset_of_turns(self._turns, format, system=system, per_turn=per_turn)

    def clear(self) -> None:
        """Forget every turn."""
        self._turns.clear()
        self.changed.notify_watchers()

    def __len__(self) -> int:
        return len(self._turns)

    @overload
    def __getitem__(self, index: int) -> Turn: ...
    @overload
    def __getitem__(self, index: slice) -> History: ...
    def __getitem__(self, index: int | slice) -> Turn | History:
        if isinstance(index, slice):
            return History(self._turns[index])
        try:
            return self._turns[index]
        except IndexError:
            raise out_of_range(index, len(self), TURNS) from None

    @overload
    def __setitem__(self, index: int, turns: Turn) -> None: ...
    @overload
    def __setitem__(self, index: slice, turns: Iterable[Turn | Message]) -> None: ...
    def __setitem__(self, index: int | slice, turns: Turn | Iterable[Turn | Message]) -> None:
        if not isinstance(index, slice):
            turn = _check_turn(turns)
            if not turn.answer_in_words:
                raise InvalidMessages(_NO_ANSWER, advice=_DELETE_IT)
            self._turns[index] = turn
        elif added := read_turns(turns):
            self._turns[index] = added
        elif not self._turns[index]:
            return
        else:
            del self._turns[index]
        self.changed.notify_watchers()

    def __add__(self, turns: Iterable[Turn | Message]) -> History:
        return History([*self._turns, *read_turns(turns)])

    def __delitem__(self, index: int | slice) -> None:
        del self._turns[index]
        self.changed.notify_watchers()

    def __reduce__(self) -> tuple[type[History], tuple[list[Turn]]]:
        # Who watches it does not watch a copy.
        return History, ([*self._turns],)

    def __dir__(self) -> list[str]:
        return names_by_use(
            super().__dir__(),
            ("messages", "clear", "pop", "extend", "to_dataset"),
            ("append", "changed", "replace"),
        )

    def _python_value_(self) -> str:
        return "\n\n".join(turn.transcript for turn in self._turns)

    @printable
    def __repr__(self) -> str:
        return f"History({TURNS.say('en', len(self))})"


def _check_turn(turn: object) -> Turn:
    """Refuse what is no turn."""
    if not isinstance(turn, Turn):
        raise InvalidMessages(_NO_TURN.fill(kind=type(turn).__name__), advice=_WHOLE_TURNS)
    return turn


def read_turns(given: object) -> list[Turn]:
    """Return the turns in a list, and those that messages in it form; without those that have no
    answer.

    Raises
    ------
    InvalidMessages
        It is no list of these; a message has no answer, or no prompt before it.
    InvalidOption
        A picture cannot be used.
    """
    # What a session is made of stays light; messages come from elsewhere, and seldom.
    from ernie_magic.calls.chat import message_turns

    turns: list[Turn] = []
    first = 1
    for are_turns, run in groupby(message_turns.check_items(given), _is_turn):
        items = list(run)
        first_of_run, first = first, first + len(items)
        if not are_turns:
            items = [Turn(*each) for each in message_turns.read_exchanges(items, first_of_run)]
        turns += items
    return [turn for turn in turns if turn.answer_in_words]


def _is_turn(item: object) -> bool:
    return isinstance(item, Turn)
