"""The chat tab: a conversation of the session, with all its parameters."""

from __future__ import annotations

import html
import threading
from itertools import count
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ernie_magic.api.requests import ChatOptions
from ernie_magic.calls import as_code
from ernie_magic.calls.chat import attachments
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.panels.code_box import CodeBox
from ernie_magic.notebook.panels.frontend import Transcript
from ernie_magic.notebook.panels.selection import Chosen
from ernie_magic.notebook.panels.tab import Tab
from ernie_magic.notebook.panels.task import Work
from ernie_magic.notebook.panels.turns import BlocksView, ShownTurn, open_turn
from ernie_magic.notebook.panels.widgets import Composer, button, column, row, seen
from ernie_magic.session import MAIN
from ernie_magic.text.language import Text
from ernie_magic.text.tokens import estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ernie_magic.api.results import Answer
    from ernie_magic.calls.as_code import Code
    from ernie_magic.calls.chat.conversation import Conversation
    from ernie_magic.notebook.panels.model_picker import ModelList
    from ernie_magic.runtime.stream import Stream
    from ernie_magic.session import Session

_ASK = Text("问点什么…", "Ask something…")
_SYSTEM, _SYSTEM_HINT = (
    Text("系统提示词", "System prompt"),
    Text("对这个对话有效，新对话沿用", "applies to this conversation and to new ones"),
)
_CONVERSATION, _NEW, _CLEAR = (
    Text("对话", "Conversation"),
    Text("新对话", "New"),
    Text("清空", "Clear"),
)
_SURE = Text("再按一次：清空（{n}）", "Press again to clear ({n})")
_PATIENCE = 4.0  # seconds within which a second press clears
_ATTACH, _DETACH = Text("添加图片", "Add picture"), Text("移除图片", "Remove pictures")
_TOKENS = Text("约 {n} token，连同历史约 {all}", "tokens: about {n}, with the history about {all}")
_KEPT = Text("已停止；上一次的回答留着", "stopped; the earlier answer stays")
_ONLY_LAST = Text("只能重新回答最后一轮", "only the last turn can be answered again")


class ChatTab(Tab):
    """Prompt, transcript, parameters; see `Tab`."""

    title = Text("对话", "Chat")

    def __init__(self, session: Session, listed: ModelList, saved: Callable[[], object]) -> None:
        super().__init__(session, listed, saved)
        say = self.language
        self._name = MAIN
        self._shown: list[ShownTurn] = []
        self._ids = count(1)
        self._open = ""  # the id of the turn being answered
        self._lock = threading.RLock()  # turns are added and removed on the callers' threads
        self._filling = False
        self._sure = False
        style, wide = {"description_width": "initial"}, widgets.Layout(width="auto")
        self.transcript = Transcript(say, self._acted)
        self.attach = widgets.FileUpload(
            accept="image/*", multiple=True, description=_ATTACH.say(say), layout=wide
        )
        self.attach.observe(lambda _change: self._attached(), "value")
        self.detach = button(_DETACH.say(say), self._detach)
        self.thumbnails = widgets.HTML()
        self.composer = Composer(
            say,
            "chat",
            self.send,
            self.stop,
            placeholder=_ASK,
            extras=(self.attach, self.detach, self.thumbnails),
        )
        self.composer.prompt.observe(lambda _change: self._typed(), "value")
        self.conversations = widgets.Dropdown(
            description=_CONVERSATION.say(say), style=style, layout=wide
        )
        self.clear = button(_CLEAR.say(say), self._clear)
        self.system = widgets.Textarea(
            description=_SYSTEM.say(say),
            placeholder=_SYSTEM_HINT.say(say),
            rows=2,
            style=style,
            layout=wide,
        )
        self.system.observe(self._told_system, "value")
        self.work: Work[Answer] = Work(say, self.composer.status, self._busy)
        self.box = CodeBox(say, self.code)
        self.chosen = Chosen(session, listed, "chat", say, self.box.refresh)
        self._attached()
        self.conversations.observe(self._switched, "value")
        head = row(self.conversations, button(_NEW.say(say), self._new), self.clear)
        main = column(
            head, self.transcript, self.composer.widget, self.box.widget, name="ernie-main"
        )
        side = column(
            self.chosen.picker.widget, self.system, self.chosen.controls.widget, name="ernie-side"
        )
        self.widget = row(main, side, name="ernie-tab")

    # --- what it shows ----------------------------------------------------------------------------

    @property
    def conversation(self) -> Conversation:
        """The conversation shown."""
        return self.session[self._name]

    def follow(self) -> None:
        """Show this conversation's turns, now and as they change."""
        self.leave()
        self.watch(self.conversation.history.changed, self._sync)
        self.watch(self.session.changed, self._names)
        self.chosen.fit()
        self._names()
        self._filling = True
        self.system.value = self.conversation.system
        self._filling = False
        self._sync()

    def _names(self) -> None:
        names = list(dict.fromkeys([MAIN, *self.session.conversations]))
        if names == list(self.conversations.options) and self.conversations.value == self._name:
            return
        self._filling = True
        self.conversations.options = names
        self.conversations.value = self._name
        self._filling = False

    def _sync(self) -> None:
        """Make the transcript match the history; while an answer streams, wait until it ends."""
        with self._lock:
            if self._open:
                return
            known = {id(shown.turn): shown for shown in self._shown}
            self._shown = [
                known.get(id(turn))
                or ShownTurn.of(
                    turn,
                    f"turn-{next(self._ids)}",
                    self.language,
                    remote_images=self.session.settings.remote_images,
                )
                for turn in self.conversation.history
            ]
            self.transcript.show(
                [
                    {
                        **shown.shown,
                        "actions": ["edit", "regenerate"] if shown is self._shown[-1] else ["edit"],
                    }
                    for shown in self._shown
                ]
            )
        self._typed()
        self.saved()

    def _busy(self, is_busy: bool) -> None:
        self.composer.busy(is_busy)
        self.clear.disabled = self.conversations.disabled = is_busy
        if not is_busy:
            self._names()
            self._sync()

    def _typed(self) -> None:
        text = self.composer.prompt.value
        history = sum(shown.tokens for shown in self._shown) + estimate(self.system.value)
        tokens = estimate(text)
        self.composer.note(
            _TOKENS.say(self.language, n=tokens, all=tokens + history) if text else ""
        )
        self._disarm()
        self.box.refresh()

    def _attached(self) -> None:
        """The attached pictures, small."""
        files = self.attach.value
        self.chosen.picker.sees = bool(files)
        self.chosen.settled()
        self.thumbnails.value = "".join(
            f'<img src="{_address(bytes(file["content"]))}" alt="{html.escape(file["name"])}" title="{html.escape(file["name"])}" style="height:48px;margin-right:4px">'
            for file in files
        )
        for widget in (self.detach, self.thumbnails):
            seen(widget, visible=bool(files))
        self._typed()

    def _detach(self) -> None:
        self.attach.value = ()

    # --- what it does -----------------------------------------------------------------------------

    def _options(self, images: Sequence[bytes] = ()) -> ChatOptions:
        return ChatOptions(self.chosen.given, self.chosen.model, images=list(images) or None)

    def send(self) -> None:
        """Send the prompt."""
        prompt, attached = self.composer.text, self.attach.value
        images = [bytes(file["content"]) for file in attached]
        if self._ask(
            lambda: self.conversation.ask(prompt, self._options(images)),
            prompt,
            [_address(image) for image in images],
            lambda: self._give_back(prompt, attached),
        ):
            if self.composer.text == prompt:  # keep what was written meanwhile
                self.composer.prompt.value = ""
            self.attach.value = ()

    def _give_back(self, prompt: str, attached: tuple[Any, ...] = ()) -> None:
        """Put an unanswered prompt back, before anything written meanwhile."""
        self.composer.prompt.value = "\n\n".join(
            text for text in (prompt, self.composer.prompt.value) if text
        )
        self.attach.value = (*attached, *self.attach.value)

    def _ask(
        self,
        make: Callable[[], Stream[Answer]],
        prompt: str,
        images: Sequence[str],
        lost: Callable[[], object],
        hides: Sequence[str] = (),
    ) -> bool:
        """Begin a call and show it; return whether it has begun.

        Parameters
        ----------
        make
            Makes the call.
        prompt, images
            As they are shown.
        lost
            Called when no turn resulted.
        hides
            Turns that it replaces.
        """
        self.chosen.fit()
        id_ = f"open-{next(self._ids)}"
        view = BlocksView(
            self.language, self.transcript, id_, remote_images=self.session.settings.remote_images
        )

        def made() -> Stream[Answer]:
            stream = make()
            with self._lock:
                self._open = id_
                self.transcript.drop(hides)
                self.transcript.put(open_turn(id_, prompt, images, self.chosen.picker.resolved))
            return stream

        def end(answer: Answer | None, _problem: BaseException | None) -> None:
            with self._lock:
                self._open = ""
                self._sync()  # remove the open turn once its replacement has been rendered
            if not any(turn.answer is answer for turn in self.conversation.history) and not (
                answer and answer.history_cleared
            ):
                lost()

        if not self.work.begin(made, view.show, end):
            return False
        self.transcript.to_end()
        return True

    def _acted(self, message: Mapping[str, Any]) -> None:
        """Handle what a reader does to a turn of the transcript."""
        place = next(
            (i for i, shown in enumerate(self._shown) if shown.id == message.get("id")), None
        )
        if place is None:
            return
        if message.get("op") == "regenerate":
            self._again(place)
        elif message.get("op") == "edit":
            self._fork(place, str(message.get("text", "")).strip())

    def _again(self, place: int) -> None:
        """Ask the last question again."""
        shown = self._shown[place]
        if shown is not self._shown[-1]:  # the page shows an outdated state
            self.composer.status.say(_ONLY_LAST.say(self.language), wrong=True)
            return

        def kept() -> None:
            if not self.composer.status.wrong:  # an error says more
                self.composer.status.say(_KEPT.say(self.language))

        self._ask(
            lambda: self.conversation.ask_again(self._options()),
            shown.turn.prompt,
            shown.shown["images"],
            kept,
            [shown.id],
        )

    def _fork(self, place: int, prompt: str) -> None:
        """Fork the conversation before that turn, with another question.

        This conversation stays as it is, and becomes current again if no answer results.
        """
        before, images = self._name, self._shown[place].shown["images"]
        options = ChatOptions(self.chosen.given, self.chosen.model, images=list(images) or None)

        def forked() -> Stream[Answer]:
            # Errors are shown before anything has changed.
            self.conversation.plan(prompt, options)
            fork = self.conversation.fork(place)
            stream = fork.ask(prompt, options)
            self._show(fork.name)
            return stream

        def lost() -> None:
            self.session.conversations.pop(self._name, None)
            self._show(before)
            self._give_back(prompt)

        self._ask(forked, prompt, images, lost)

    def _show(self, name: str) -> None:
        """Show the conversation of that name."""
        self._name = name
        self.follow()

    def _told_system(self, _change: object) -> None:
        if not self._filling:
            self.conversation.system = self.system.value
            self.box.refresh()

    def _switched(self, _change: object) -> None:
        if not self._filling and self.conversations.value and not self.work.busy:
            self._show(self.conversations.value)
            self.transcript.to_end()

    def _new(self) -> None:
        if not self.work.busy:
            self._show(self.conversation.fork(0).name)

    def _clear(self) -> None:
        """Forget the turns, after a second press."""
        turns = len(self.conversation.history)
        if not self._sure and turns:
            self._sure, self.clear.description = True, _SURE.say(self.language, n=turns)
            forget = threading.Timer(_PATIENCE, self._disarm)
            forget.daemon = True
            forget.start()
            return
        self._disarm()
        self.conversation.reset()

    def _disarm(self) -> None:
        if self._sure:
            self._sure, self.clear.description = False, _CLEAR.say(self.language)

    # --- what is saved of it ----------------------------------------------------------------------

    def code(self) -> list[Code]:
        """The question as code."""
        self.chosen.fit()
        images = [bytes(file["content"]) for file in self.attach.value]
        # Nothing is written: show the last question.
        last = (
            self.conversation.history[-1]
            if self.conversation.history and not self.composer.text
            else None
        )
        prompt = last.prompt if last else self.composer.text or _ASK.say(self.language)
        request = self.conversation.plan(prompt, self._options(images), instead=last).request(
            self.chosen.picker.resolved
        )
        return [
            as_code.of_chat(
                request,
                self.session.endpoint(),
                conversation=self._name,
                given=self.chosen.given,
                model=self.chosen.model or "",
                system=self.conversation.system,
                files=[file["name"] for file in self.attach.value],
            )
        ]

    def saved_turns(self) -> list[str]:
        """The transcript, with each answer as its cell would show it."""
        return [shown.kept for shown in self._shown]


def _address(image: bytes) -> str:
    """A picture's address as it is sent; "" if it has none, which asking will report."""
    try:
        return str(attachments.parts(image)[0]["image_url"]["url"])
    except InvalidOption:
        return ""
