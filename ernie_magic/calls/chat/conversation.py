"""Conversations: turns that belong together, and the ways to send the next prompt."""

from __future__ import annotations

import operator
import re
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, cast

from ernie_magic.api.keywords import CHAT_OPTIONS
from ernie_magic.api.models import UNDECIDED
from ernie_magic.api.public_names import ASKING, SuggestsNames, names_by_use
from ernie_magic.api.requests import ChatOptions
from ernie_magic.api.signatures import explained
from ernie_magic.calls.chat import message_turns, saved
from ernie_magic.calls.chat.earlier_options import with_earlier_options, with_earlier_sources
from ernie_magic.calls.chat.fitting import FittingRequests, ask_fitting_turn
from ernie_magic.calls.chat.history import MAIN, TURNS, History, Turn
from ernie_magic.calls.chat.planning import ConversationState, make_plan
from ernie_magic.calls.chat.turns_in_cell import TurnsInCell
from ernie_magic.calls.chat.waiting import wait_for_turns
from ernie_magic.config.settings import SETTING_NAMES
from ernie_magic.errors import (
    ErnieError,
    InvalidOption,
    NotTransferable,
    UnknownAttribute,
)
from ernie_magic.runtime.once import awaited, blocking, with_other_names
from ernie_magic.runtime.under_way import UnderWay
from ernie_magic.runtime.user_warnings import warn_user
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Text
from ernie_magic.wire import moderation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from typing_extensions import Unpack

    from ernie_magic.api.keywords import ChatArguments, ChatParameters
    from ernie_magic.api.messages import Message
    from ernie_magic.api.passages import Passage
    from ernie_magic.api.requests import ChatRequest
    from ernie_magic.api.results import Answer
    from ernie_magic.calls.chat.app_conversations import AppConversation
    from ernie_magic.calls.chat.attachments import ImageLike
    from ernie_magic.calls.chat.conversations import Conversations
    from ernie_magic.calls.chat.plan import Plan
    from ernie_magic.calls.chat.turn import Asked
    from ernie_magic.calls.datasets.dataset import Dataset
    from ernie_magic.client import Client
    from ernie_magic.runtime.call import Call
    from ernie_magic.runtime.events import Delta
    from ernie_magic.runtime.stream import Stream
    from ernie_magic.wire.prepared_call import PreparedCall

    # Given the names of knowledge bases, it returns what finds passages for a question and reports
    # progress meanwhile.
    FindPassages = Callable[[str, Callable[[Delta], None]], Awaitable[Sequence[Passage]]]
    PrepareSearch = Callable[[Sequence[str]], FindPassages]


_IN_ORDER_OF_USE = (
    "chat",
    "stream",
    "history",
    "regenerate",
    "system",
    "reset",
    "fork",
    "rename",
    "save",
    "to_dataset",
    "name",
    "locked",
)
_INTERNAL = (
    "app_conversations",
    "ask_again",
    "ask_with_options",
    "generation",
    "is_answering",
    "plan_prompt",
    "record_answer",
    "replace_turns",
    "with_language",
    "write_file",
)
_STAYS = Text(
    "对话属于它的会话，不能发送到别的进程",
    "a conversation belongs to its session, and is not sent to another process",
)
_SAVE = Text(
    ".save(…) 把它存成文件，ernie.load_conversation(…) 再加载",
    ".save(…) writes it to a file, which ernie.load_conversation(…) reads",
)
# `ernie["tutor"].temperature = 0.3` would set nothing.
_NO_SETTING = Text(
    "{name} 是设置，不能赋给一个对话", "{name} is a setting, which a conversation does not have"
)
_GIVE_IT = Text(
    "每次提问时给：chat(…, {name}=…)；或对所有对话：ernie.settings.{name} = …",
    "give it with each prompt, chat(…, {name}=…), or to all conversations: "
    "ernie.settings.{name} = …",
)

_MAIN_RENAMED = Text(
    "单元格和 ernie.chat 现在会新开一个对话 main；继续这个对话：%%ernie -s {name}，"
    'ernie["{name}"].chat(…)',
    "cells and ernie.chat begin a new conversation main now; this one goes on with "
    '%%ernie -s {name}, or ernie["{name}"].chat(…)',
)


class Conversation(SuggestsNames):
    """Turns that belong together, on a session. `ernie["tutor"]` is one; the session's own methods
    use the current one.

    Parameters
    ----------
    client
        Asks the prompts.
    name
    others
        All conversations of the session by name, this one too.
    open_other
        Returns the conversation of a name; a new one when there is none yet.
    prepare_search
        Returns what searches some knowledge bases, with the credential of now.

    Attributes
    ----------
    name : str
        Another name is given by `rename`, or by `conversation.name = "…"`.
    history : History
        `conversation.history = …` replaces its turns by other turns, or by messages.
    system : str
        This conversation's system prompt; with "" the session's setting applies.
    locked : bool
        The service has blocked this conversation (see `ernie_magic.wire.moderation`); `reset()`
        unlocks it.
    """

    _meant_by: ClassVar[Mapping[str, str]] = {
        **ASKING,
        **dict.fromkeys(("messages", "turns"), "history"),
        **dict.fromkeys(("clear", "forget"), "reset"),
    }

    def __init__(
        self,
        client: Client,
        name: str,
        others: Conversations[Conversation],
        open_other: Callable[[str], Conversation],
        prepare_search: PrepareSearch,
    ) -> None:
        self._client = client
        self._others = others
        self._open_other = open_other
        self._prepare_search = prepare_search
        self._name = name
        self._history = History()
        self.system = ""
        self.locked = False
        # Conversations on the service's side, which applications keep, by account and application.
        self.app_conversations: dict[object, AppConversation] = {}
        self._turns_in_cell = TurnsInCell()
        self._turns_under_way: UnderWay[Call[Delta, Answer]] = UnderWay()
        self._background_turns: UnderWay[Stream[Answer]] = UnderWay()
        self._requests = FittingRequests(client)
        self._generation = 0  # a prompt from before a reset leaves no turn after it

    @property
    def name(self) -> str:
        """The name that the session knows it by."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        if name != self._name:
            self.rename(name)

    @property
    def history(self) -> History:
        """The turns, oldest first; also what has come of a stream that was just left."""
        for call in self._turns_under_way.list_running():
            call.wait_if_stopping()
        return self._history

    @history.setter
    def history(self, turns: Iterable[Turn | Message]) -> None:
        if turns is not self._history:  # `conversation.history += …` has changed it already
            self._client.localizing_errors(lambda: self.replace_turns(turns))

    def replace_turns(self, turns: Iterable[Turn | Message]) -> None:
        """Replace all turns by others, or by messages, which may begin with a system prompt.

        Raises
        ------
        InvalidMessages
            A message has no answer, or no prompt before it.
        InvalidOption
            A picture in a message cannot be used.
        """
        system, items = message_turns.split_system_prompt(turns)
        self._history[:] = items
        if system is not None:
            self.system = system

    @property
    def generation(self) -> int:
        """A number that changes with each reset."""
        return self._generation

    @property
    def is_answering(self) -> bool:
        """Whether a prompt is being answered that will leave a turn here."""
        return bool(self._turns_under_way.list_running())

    def reset(self) -> None:
        """Forget the turns, and unlock; an answer still in progress leaves no turn."""
        self.history.clear()
        self.app_conversations.clear()
        self.locked = False
        self._generation += 1

    def fork(self, turns: int | None = None, name: str = "") -> Conversation:
        """Create another conversation that begins with this one's turns; this one is unchanged.

        Parameters
        ----------
        turns
            How many of them, 0 or more; all when None.
        name
            The new conversation's name; an unused one like `main-2` when "".

        Raises
        ------
        InvalidOption
            A conversation of that name exists, or the number is none.

        Returns
        -------
        Conversation
            Locked when this one is and the new one has all its turns.
        """
        if turns is not None:
            turns = self._client.localizing_errors(lambda: _check_count(turns))
        taken = self._others
        name = name or next(
            name
            for n in count(2)
            if (name := f"{re.sub(r'-[0-9]+$', '', self.name)}-{n}") not in taken
        )
        self._check_free(name)
        other = self._open_other(name)
        other.system = self.system
        for turn in self.history[:turns]:
            other.history.append(turn)
        # The turns before the one that was blocked may be continued.
        other.locked = self.locked and len(other.history) == len(self.history)
        return other

    def rename(self, name: str) -> None:
        """Give it another name; its place among the session's conversations stays. After `main` is
        renamed, cells and `ernie.chat` begin a new one, which a warning says.

        Raises
        ------
        InvalidOption
            A conversation of that name exists.
        """
        self._check_free(name)
        old_name = self.name
        self._name = name
        self._others.rename(old_name, name)
        if old_name == MAIN:
            # Cells use whatever is called main: without a word they would ask without its turns.
            said = _MAIN_RENAMED.fill(name=name).say(self._client.settings.interface_language)
            warn_user(said)

    def save(self, path: str | Path | None = None, *, overwrite: bool = False) -> Path:
        """Write its turns to a JSON file, which `ernie.load_conversation` reads.

        A picture that was given as a web address is written as that address. Answers without text
        or pictures are left out, and so are the options that prompts were asked with, which
        `regenerate` gives again.

        Parameters
        ----------
        path
            Where to write it; named after the conversation, in the current folder, when None.
        overwrite
            Replace a file of that name. Otherwise it stays, and a number is added, `main (2).json`,
            which a warning says.

        Raises
        ------
        InvalidOption
            The file cannot be written.

        Returns
        -------
        Path
            Where it was written.
        """
        written = self.write_file(path, overwrite=overwrite)
        for note in written.describe_changes():
            warn_user(note.say(self._client.settings.interface_language))
        return written.path

    def write_file(
        self, path: str | Path | None = None, *, overwrite: bool = False
    ) -> saved.WrittenConversation:
        """Do what `save` does, and return what it warns of.

        Raises
        ------
        InvalidOption
        """
        try:
            return saved.write_conversation(
                self.name, self.system, self.history, path, overwrite=overwrite
            )
        except InvalidOption as error:
            raise self.with_language(error) from None

    def to_dataset(
        self,
        format: str = "PromptResponse",  # noqa: A002  (the platform's word)
        *,
        system: str | None = None,
        per_turn: bool = False,
    ) -> Dataset:
        """Return the turns as a dataset for tuning, with the conversation's system prompt; see
        `History.to_dataset`.

        Parameters
        ----------
        format, per_turn
            As there.
        system
            Another system prompt, "" for none; the one that is asked with when None.

        Raises
        ------
        InvalidOption
        """
        if system is None:
            system = self.system or self._client.settings.system
        try:
            return self.history.to_dataset(format, system=system, per_turn=per_turn)
        except InvalidOption as error:
            raise self.with_language(error) from None

    def _check_free(self, name: str) -> None:
        """Refuse a name that another conversation has, and what is no name."""
        if not isinstance(name, str) or not name:
            raise self.with_language(unnamed_conversation())
        if name in self._others:
            raise self.with_language(
                InvalidOption(
                    Text("已有叫 {name} 的对话", "a conversation {name} already exists").fill(
                        name=name
                    )
                )
            )

    @explained
    def _begin_regenerate(self, **options: Unpack[ChatArguments]) -> Stream[Answer]:
        """Send the last prompt again as it was asked, with other options where they are given, and
        wait for the answer.

        What was given with the prompt is given again: model, system prompt, tools, parameters;
        `system=""`, `tools=[]` and `knowledge=[]` leave these out. What was a setting is what the
        setting is now. A turn that was loaded from a file, or made of messages, has the prompt and
        its pictures alone.

        The new answer replaces the old one when it is complete; if it is stopped or fails, the old
        one stays.

        Raises
        ------
        InvalidOption
            There is no turn yet.
        ErnieError
        """
        given = _chat_options({**options})
        if self.history:
            given = with_earlier_options(given, self.history[-1].options)
        return self.ask_again(given)

    regenerate = blocking(_begin_regenerate)
    aregenerate = awaited(_begin_regenerate)

    def ask_again(self, options: ChatOptions, *, in_background: bool = False) -> Stream[Answer]:
        """Start a call that sends the last prompt again, with these options alone.

        Parameters
        ----------
        options
        in_background
            A thread of its own reads the answer: prompts may wait for it.

        Raises
        ------
        InvalidOption
            There is no turn yet, or an application answered it.
        """
        if not self.history:
            raise self.with_language(
                InvalidOption(
                    Text("还没有可以重新回答的问题", "there is no prompt to send again yet")
                )
            )
        last_turn = self.history[-1]
        options = self._client.localizing_errors(
            lambda: with_earlier_sources(options, last_turn.answer.request)
        )
        return self.ask_with_options(
            last_turn.prompt, options, replaced_turn=last_turn, in_background=in_background
        )

    def ask_with_options(
        self,
        prompt: str | Sequence[Message],
        options: ChatOptions,
        *,
        replaced_turn: Turn | None = None,
        on_model: Callable[[str], object] = lambda _model: None,
        in_background: bool = False,
        after_background: bool = False,
    ) -> Stream[Answer]:
        """Send a prompt with options; every other way to ask ends here.

        Parameters
        ----------
        prompt
            A prompt that follows this conversation's turns; or whole messages, which stand alone
            and leave no turn.
        options
            All other options.
        replaced_turn
            The turn that the answer replaces once it is complete; later turns are not sent.
        on_model
            Called on the I/O thread with the model, once it is chosen.
        in_background
            A thread of its own reads the answer, as a panel's does: prompts may wait for it.
        after_background
            Wait for such turns of this conversation first, and send them too. A tool that one of
            them calls must not ask so.

        Raises
        ------
        UsageError
            Something is wrong already; nothing is sent.
        """
        plan = self._client.localizing_errors(
            lambda: self._make_plan(prompt, options, replaced_turn)
        )

        find_passages = None
        if plan.options.knowledge:
            find_passages = self._prepare_search(plan.options.knowledge)

        turns_before: list[Stream[Answer]] = []
        if after_background and plan.is_turn:
            turns_before = self._background_turns.list_running()

        async def ask_and_record(call: PreparedCall, request: ChatRequest) -> Answer:
            nonlocal plan
            on_model(request.model)
            if turns_before:
                await wait_for_turns(call, turns_before)
                plan = plan.following(self.history)
                request = self._requests.build_again(plan, request)
            passages: Sequence[Passage] = ()
            quoting = plan
            if find_passages is not None:
                found = await find_passages(plan.prompt or "", call.emit)
                passages = self._requests.fit_passages(plan, request.model, found)
                quoting = plan.quote(passages)
                request = self._requests.build_again(quoting, request)
            asked = await ask_fitting_turn(
                call,
                plan,
                request,
                partial(self._apply_safety_flag, plan),
                partial(self._requests.build_again, quoting, request),
                self._requests.inferred_limits,
            )
            asked = asked.with_sources(passages)
            # Before anything else is waited for: a stop must not lose the turn.
            self._record_turn(plan, asked, options)
            if isinstance(asked.problem, ErnieError):
                await call.with_suggestions(asked.problem, request.model, "chat")
            return asked.answer_or_raise()

        stream = self._client.start_model_call(
            plan.target,
            partial(self._requests.build, plan),
            ask_and_record,
            needs_vision=plan.needs_vision,
        )
        if plan.is_turn:
            self._turns_under_way.add(stream.call)
            if said := self._turns_in_cell.add():
                warn_user(said.say(self._client.settings.interface_language))
            if in_background:
                self._background_turns.add(stream)
        return stream

    def plan_prompt(
        self,
        prompt: str | Sequence[Message],
        options: ChatOptions,
        *,
        replaced_turn: Turn | None = None,
    ) -> Plan:
        """Return the prompt as it is now, checked as far as possible without the network.

        Raises
        ------
        UsageError
        """
        plan = self._make_plan(prompt, options, replaced_turn)
        self._requests.build(plan, plan.target.model or UNDECIDED)
        return plan

    def _make_plan(
        self, prompt: str | Sequence[Message], options: ChatOptions, replaced_turn: Turn | None
    ) -> Plan:
        """Return the prompt as it is now; what the model's rules refuse is not checked."""
        state = ConversationState(
            self.name, self.history, self.system, self.locked, self._generation, self.is_answering
        )
        return make_plan(state, self._client, prompt, options, replaced_turn)

    def _apply_safety_flag(self, plan: Plan, flag: int) -> None:
        """Lock, if the service has blocked this conversation."""
        if plan.is_turn and plan.generation == self._generation:
            self.locked = self.locked or flag >= moderation.LOCKS_CONVERSATION

    def _record_turn(self, plan: Plan, asked: Asked, options: ChatOptions) -> None:
        """Keep what was received as a turn; the service may ask to forget the earlier ones.

        Parameters
        ----------
        options
            As they were given, with the functions among the tools.
        """
        if plan.prompt is None or not plan.is_turn or plan.generation != self._generation:
            return
        answer = asked.answer
        if answer is None or not asked.has_answer_to_keep:
            return
        # The turn has its pictures itself.
        options = replace(options, images=None)
        turn = Turn(plan.prompt, answer, asked.rounds, plan.images, options=options)
        if answer.history_cleared:
            self.history.clear()
        elif plan.replaced_turn is None:
            self.history.append(turn)
        elif answer.end_unseen or not answer.partial:
            self.history.replace(plan.replaced_turn, turn)

    def record_answer(self, prompt: str, asked: Asked, generation: int) -> bool:
        """Keep a prompt that something else than a chat has answered, and its answer, as a turn.

        Parameters
        ----------
        generation
            What it was when the prompt was asked: after a reset the turn is dropped.

        Returns
        -------
        bool
            Whether it was kept.
        """
        if asked.answer is None or not asked.has_answer_to_keep or generation != self._generation:
            return False
        turn = Turn(prompt, asked.answer)
        self.history.append(turn)
        return bool(turn.answer_in_words)

    @with_other_names
    @explained
    def stream(
        self,
        prompt: str | Sequence[Message],
        *,
        model: str | None = None,
        system: str | None = None,
        stream: bool | None = None,
        history: bool | None = None,
        endpoint: str = "",
        extra: dict[str, Any] | None = None,
        images: ImageLike | Sequence[ImageLike] | None = None,
        knowledge: str | Sequence[str] | None = None,
        plugins: str | Sequence[str] | None = None,
        **parameters: Unpack[ChatParameters],
    ) -> Stream[Answer]:
        """Send a prompt, and get the answer piece by piece: `for piece in ernie.stream("…")`, or
        `async for`.

        Raises
        ------
        UsageError
            At once: something in the call is wrong, and nothing is sent.
        TransportError, ServiceError
            While the answer is received; `help(ernie_magic.errors)` shows the tree.
        """
        return self.ask_with_options(
            prompt,
            ChatOptions(
                parameters,
                model,
                system,
                stream,
                history,
                extra or {},
                endpoint,
                images=images,
                knowledge=knowledge,
                plugins=plugins,
            ),
        )

    astream = stream  # one object is both: `async for piece in ernie.astream("…")`
    chat = blocking(stream, "chat", "Send a prompt and wait for the whole answer.")
    achat = awaited(stream, "achat")

    def with_language(self, error: ErnieError) -> ErnieError:
        """Return the error in the session's language."""
        return self._client.with_language(error)

    def __copy__(self) -> Conversation:
        return self.fork()

    def __deepcopy__(self, _: object) -> Conversation:
        return self.fork()  # its turns do not change

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise self.with_language(NotTransferable(_STAYS, advice=_SAVE))

    def __setattr__(self, name: str, value: object) -> None:
        if name in SETTING_NAMES - {"system"}:
            value = None  # it may be a key, which no frame of a traceback holds
            raise self.with_language(
                UnknownAttribute(_NO_SETTING.fill(name=name), advice=_GIVE_IT.fill(name=name))
            )
        if name == "system" and not isinstance(value, str):
            raise self.with_language(
                InvalidOption(
                    Text(
                        "系统提示词要是文本，不是 {kind}",
                        "a system prompt must be a text, not {kind}",
                    ).fill(kind=type(value).__name__),
                    advice=Text('不要系统提示词就写 ""', 'for none write ""'),
                )
            )
        is_news = name == "system" and value != vars(self).get("system", "")
        super().__setattr__(name, value)
        if is_news:
            self._others.changed.notify_watchers()  # panels show it

    def __dir__(self) -> list[str]:
        return names_by_use(super().__dir__(), _IN_ORDER_OF_USE, _INTERNAL)

    def _python_value_(self) -> History:
        return self.history

    @printable
    def __repr__(self) -> str:
        return f"Conversation({self.name!r}, {TURNS.say('en', len(self.history))})"


def unnamed_conversation() -> InvalidOption:
    """Return the error for a conversation's name that is no text, or an empty one."""
    return InvalidOption(
        Text("对话名要是文本", "a conversation's name must be a text"),
        advice=Text('例如 ernie["tutor"]', 'for example ernie["tutor"]'),
    )


def _chat_options(given: dict[str, Any]) -> ChatOptions:
    """Collect the arguments of `stream`."""
    return ChatOptions(
        {name: value for name, value in given.items() if name not in CHAT_OPTIONS},
        **{name: given[name] for name in CHAT_OPTIONS if name in given},
    )


_FORK_TURNS = Text(
    "例如 fork(3)；除最后一轮外全要：fork(len(conversation.history) - 1)",
    "for example fork(3); all but the last: fork(len(conversation.history) - 1)",
)
_FORK_NAMED = Text(
    '名字写 fork(name="{name}")；只要前 3 轮：fork(3, "{name}")',
    'a name goes as fork(name="{name}"); with the first three turns: fork(3, "{name}")',
)


def _check_count(turns: object) -> int:
    """Return how many turns are meant.

    Raises
    ------
    InvalidOption
    """
    if not isinstance(turns, bool):
        with suppress(TypeError):
            if (count := operator.index(cast("Any", turns))) >= 0:
                return count
    advice = _FORK_TURNS
    if isinstance(turns, str):
        advice = _FORK_NAMED.fill(name=turns)
    raise InvalidOption(
        Text(
            "turns 是从头起的轮数，要是 0 或正整数，不是 {given!r}",
            "turns is a number of turns from the beginning, 0 or more, not {given!r}",
        ).fill(given=turns),
        advice=advice,
    )
