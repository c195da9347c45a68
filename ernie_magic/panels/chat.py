"""The chat tab: a conversation of the session, with everything that its parameters are."""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ernie_magic import as_code, markdown
from ernie_magic.display import answer as answers
from ernie_magic.display.stream import GrowingView
from ernie_magic.errors import ErnieError
from ernie_magic.language import Text
from ernie_magic.panels.code_box import CodeBox
from ernie_magic.panels.controls import Controls
from ernie_magic.panels.front import Transcript
from ernie_magic.panels.model_picker import ModelPicker
from ernie_magic.panels.parts import Composer, button, column, row
from ernie_magic.panels.tab import Tab
from ernie_magic.panels.work import Work
from ernie_magic.picture_formats import format_of
from ernie_magic.requests import ChatOptions
from ernie_magic.session import MAIN
from ernie_magic.tokens import estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ernie_magic.as_code import Code
    from ernie_magic.conversation import Conversation
    from ernie_magic.history import Turn
    from ernie_magic.language import Language
    from ernie_magic.panels.model_picker import ModelList
    from ernie_magic.results import Answer
    from ernie_magic.session import Session
    from ernie_magic.stream import Stream

_ASK = Text("问点什么…", "Ask something…")
_SYSTEM, _SYSTEM_HINT = Text("人设", "System prompt"), Text("对这个对话一直有效", "holds for this conversation")
_CONVERSATION, _NEW, _CLEAR = Text("对话", "Conversation"), Text("新对话", "New"), Text("清空", "Clear")
_SURE = Text("再按一次清空 {n} 轮", "Press again: forget {n} turns")
_ATTACH = Text("附图片", "Attach picture")
_ATTACHED = Text("附 {names}", "with {names}")
_TOKENS = Text("约 {n} token，连同历史约 {all}", "about {n} tokens, with the history about {all}")
_THOUGHT = Text("思考过程（{n} 字）", "reasoning ({n} characters)")
_KEPT = Text("上一次的回答留着：新的没有完成", "the earlier answer stays: the new one was not completed")
_PARAMETERS = Text("参数", "Parameters")
_YOU = Text("你", "You")
_OPEN = "open"


class BlocksView(GrowingView[int]):
    """The blocks of a turn that is open; see `ernie_magic.display.stream`."""

    def __init__(self, language: Language, transcript: Transcript, id_: str) -> None:
        super().__init__(language)
        self._transcript, self._id, self._count = transcript, id_, 0

    def _put(self, place: int | None, text: str) -> int:
        if place is None:
            place, self._count = self._count, self._count + 1
        self._transcript.block(self._id, place, text)
        return place


def shown_turn(id_: str, prompt: str, images: Sequence[str] = (), answer: Answer | None = None, *, language: Language, actions: Sequence[str] = ()) -> dict[str, Any]:
    """A turn as the transcript takes it; without an answer it is open."""
    turn = {"id": id_, "prompt": prompt, "images": list(images), "blocks": [], "text": "", "reasoning": "", "reasoning_title": "", "model": "", "footer": "",
            "open": answer is None, "actions": list(actions)}
    if answer is None:
        return turn
    tools = "\n\n".join(f"<small>{html.escape(answers.tool_run(run, language))}</small>" for run in answer.tool_runs)
    blocks = [block for block in (tools, markdown.for_notebook(answer.text).rstrip()) if block]
    return {**turn, "blocks": blocks, "text": answer.text, "reasoning": answer.reasoning, "reasoning_title": _THOUGHT.say(language, n=len(answer.reasoning)),
            "model": answer.model, "footer": answers.summary(answer, language)}


class ChatTab(Tab):
    """Prompt, transcript, parameters; see `Tab`."""

    title = Text("对话", "Chat")

    def __init__(self, session: Session, listed: ModelList, saved: Callable[[], object]) -> None:
        super().__init__(session, listed, saved)
        say = self.language
        self._name = MAIN
        self._shown: list[tuple[str, Turn, int]] = []  # id, turn, tokens
        self._count = 0
        self._unwatch: Callable[[], None] | None = None
        self._filling = False
        self._sure = False
        style, wide = {"description_width": "initial"}, widgets.Layout(width="auto")
        self.transcript = Transcript(say, self._acted)
        self.attach = widgets.FileUpload(accept="image/*", multiple=True, description=_ATTACH.say(say), layout=wide)
        self.attach.observe(lambda _change: self._typed(), "value")
        self.composer = Composer(say, "chat", self.send, self.stop, placeholder=_ASK, extras=(self.attach,))
        self.composer.prompt.observe(lambda _change: self._typed(), "value")
        self.conversations = widgets.Dropdown(description=_CONVERSATION.say(say), style=style, layout=wide)
        self.clear = button(_CLEAR.say(say), self._clear)
        self.system = widgets.Textarea(description=_SYSTEM.say(say), placeholder=_SYSTEM_HINT.say(say), rows=2, style=style, layout=wide)
        self.system.observe(self._told_system, "value")
        self.work: Work[Answer] = Work(say, self.composer.status, self._busy)
        self.controls = Controls("chat", say, session.settings.kept, self._changed)
        self.picker = ModelPicker(session, listed, "chat", say, self._changed)
        self.box = CodeBox(say, self.code)
        self._fit()
        self.conversations.observe(self._switched, "value")
        head = row(self.conversations, button(_NEW.say(say), self._new), self.clear)
        main = column(head, self.transcript, self.composer.widget, self.box.widget, name="ernie-main")
        side = column(self.picker.widget, self.system, self.controls.widget, name="ernie-side")
        self.widget = row(main, side, name="ernie-tab")

    # --- what it shows ---------------------------------------------------------------------------------------------

    @property
    def conversation(self) -> Conversation:
        """The one that is shown."""
        return self.session[self._name]

    def follow(self) -> None:
        """Show this conversation's turns as they are, and as they become."""
        self.leave()
        self._unwatch = self.conversation.history.changed.add(self._sync)
        self._names()
        self._filling = True
        self.system.value = self.conversation.system
        self._filling = False
        self._sync()

    def leave(self) -> None:
        """Nobody looks any more."""
        if self._unwatch:
            self._unwatch()
            self._unwatch = None

    def _names(self) -> None:
        self._filling = True
        self.conversations.options = list(dict.fromkeys([MAIN, *self.session.conversations]))
        self.conversations.value = self._name
        self._filling = False

    def _sync(self) -> None:
        """The transcript as the history is; while an answer streams, that waits for its end."""
        if self.work.busy:
            return
        known = {id(turn): (id_, tokens) for id_, turn, tokens in self._shown}
        shown = []
        for turn in self.conversation.history:
            id_, tokens = known.get(id(turn), ("", 0))
            if not id_:
                self._count += 1
                id_, tokens = f"turn-{self._count}", sum(estimate(text) for text in (turn.prompt, turn.answer.text))
            shown.append((id_, turn, tokens))
        self._shown = shown
        last = len(shown) - 1
        self.transcript.show([
            shown_turn(id_, turn.prompt, [part["image_url"]["url"] for part in turn.images], turn.answer, language=self.language,
                       actions=("edit", "regenerate") if i == last else ("edit",))
            for i, (id_, turn, _) in enumerate(shown)])
        self._typed()
        self.saved()

    def _busy(self, is_busy: bool) -> None:
        self.composer.busy(is_busy)
        self.clear.disabled = self.conversations.disabled = is_busy
        if not is_busy:
            self.transcript.drop([_OPEN])
            self._names()
            self._sync()

    def _fit(self) -> None:
        self.controls.fit(self.picker.resolved, self.session.settings.chosen().rules)

    def _changed(self) -> None:
        self._fit()
        self.box.refresh()

    def _typed(self) -> None:
        text = self.composer.prompt.value
        history = sum(tokens for _, _, tokens in self._shown) + estimate(self.system.value)
        tokens = estimate(text)
        names = [_ATTACHED.say(self.language, names=", ".join(file["name"] for file in self.attach.value))] if self.attach.value else []
        self.composer.note(" · ".join([*names, *([_TOKENS.say(self.language, n=tokens, all=tokens + history)] if text or names else [])]))
        self._disarm()
        self.box.refresh()

    # --- what it does ----------------------------------------------------------------------------------------------

    def _options(self, images: Sequence[bytes] = ()) -> ChatOptions:
        return ChatOptions(self.controls.given, self.picker.value, images=list(images) or None)

    def send(self) -> None:
        """Ask what stands in the prompt."""
        prompt, images = self.composer.text, [bytes(file["content"]) for file in self.attach.value]
        self._ask(lambda: self.conversation.ask(prompt, self._options(images)), prompt, [_address(image) for image in images], came_from_prompt=True)

    def _ask(self, make: Callable[[], Stream[Answer]], prompt: str, images: Sequence[str], *, came_from_prompt: bool = False, hides: Sequence[str] = ()) -> None:
        self._fit()
        view = BlocksView(self.language, self.transcript, _OPEN)
        attached = self.attach.value

        def end(answer: Answer | None, problem: BaseException | None) -> None:
            # What was asked and not answered is given back; what was written meanwhile is kept.
            if came_from_prompt and answer is None and problem is not None and not self.composer.prompt.value:
                self.composer.prompt.value, self.attach.value = prompt, attached

        def made() -> Stream[Answer]:
            stream = make()
            self.transcript.drop(hides)
            self.transcript.put(shown_turn(_OPEN, prompt, images, language=self.language))
            return stream

        if self.work.begin(made, view.show, end):
            if came_from_prompt:
                self.composer.prompt.value, self.attach.value = "", ()
            self.transcript.to_end()

    @property
    def busy(self) -> bool:
        """Whether a call is under way."""
        return self.work.busy

    def stop(self) -> None:
        """Stop; what came stays as a partial turn."""
        self.work.stop()

    def _acted(self, message: Mapping[str, Any]) -> None:
        place = next((i for i, (id_, _, _) in enumerate(self._shown) if id_ == message.get("id")), None)
        if place is None:
            return
        turn = self._shown[place][1]
        images = [part["image_url"]["url"] for part in turn.images]
        if message["op"] == "regenerate":
            self._ask(lambda: self.conversation.ask_again(self._options()), turn.prompt, images, hides=[self._shown[place][0]])
        elif message["op"] == "edit":
            self._fork(place, message["text"], images)

    def _fork(self, place: int, prompt: str, images: Sequence[str]) -> None:
        """Another conversation from before that turn, with another question; this one stays as it is."""
        if self.work.busy:
            self.work.begin(lambda: self.conversation.ask(prompt, self._options()), lambda _: None, lambda _, __: None)  # refused, and told
            return
        self._name = self.conversation.fork(place).name
        self.follow()
        self._ask(lambda: self.conversation.ask(prompt, ChatOptions(self.controls.given, self.picker.value, images=list(images) or None)), prompt, images)

    def _told_system(self, _change: object) -> None:
        if not self._filling:
            self.conversation.system = self.system.value
            self.box.refresh()

    def _switched(self, _change: object) -> None:
        if not self._filling and self.conversations.value:
            self._name = self.conversations.value
            self.follow()
            self.transcript.to_end()

    def _new(self) -> None:
        if not self.work.busy:
            self._name = self.conversation.fork(0).name
            self.follow()

    def _clear(self) -> None:
        """Forget the turns, when it is pressed twice."""
        turns = len(self.conversation.history)
        if not self._sure and turns:
            self._sure, self.clear.description = True, _SURE.say(self.language, n=turns)
            return
        self._disarm()
        self.conversation.reset()

    def _disarm(self) -> None:
        if self._sure:
            self._sure, self.clear.description = False, _CLEAR.say(self.language)

    # --- what is kept of it ----------------------------------------------------------------------------------------

    def code(self) -> list[Code]:
        """The question as code."""
        images = [bytes(file["content"]) for file in self.attach.value]
        prompt = self.composer.text or _ASK.say(self.language)
        request = self.conversation.plan(prompt, self._options(images)).request(self.picker.resolved)
        return [as_code.of_chat(request, self.session.endpoint(), conversation=self._name, given=self.controls.given, model=self.picker.value or "",
                               system=self.conversation.system, files=[file["name"] for file in self.attach.value])]

    def saved_markdown(self) -> list[str]:
        """The transcript, with the answers as their cells would show them."""
        you = _YOU.say(self.language)
        return [f"**{you}**\n\n{quoted(turn.prompt)}\n\n{answers.bundle(turn.answer, self.language)[0]['text/markdown']}" for turn in self.conversation.history]


def quoted(prompt: str) -> str:
    """A question as Markdown, its lines kept."""
    return "\n".join(f"> {line}  " for line in markdown.for_notebook(prompt).split("\n"))


def _address(image: bytes) -> str:
    try:
        mime = format_of(image).mime
    except ErnieError:  # asking will say so
        mime = "application/octet-stream"
    return f"data:{mime};base64,{base64.b64encode(image).decode()}"
