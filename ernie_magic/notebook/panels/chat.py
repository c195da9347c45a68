"""The chat tab: a conversation of the session, with all its parameters."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ernie_magic.api.requests import ChatOptions
from ernie_magic.calls import as_code
from ernie_magic.calls.chat.history import MAIN
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.display import chat as answers
from ernie_magic.notebook.panels.answer_versions import AnswerVersions
from ernie_magic.notebook.panels.asked_again import with_changes_since
from ernie_magic.notebook.panels.attached_pictures import AttachedPictures
from ernie_magic.notebook.panels.conversation_menu import ConversationMenu
from ernie_magic.notebook.panels.frontend import Transcript
from ernie_magic.notebook.panels.prompt_values import fill_prompt, find_single_braces
from ernie_magic.notebook.panels.static_output import section_html
from ernie_magic.notebook.panels.system_prompt import SystemPrompt
from ernie_magic.notebook.panels.tab import Tab
from ernie_magic.notebook.panels.task import Task
from ernie_magic.notebook.panels.turns import (
    BlocksView,
    ShownTurn,
    open_turn,
    saved_open_turn_html,
    saved_question_html,
)
from ernie_magic.notebook.panels.widgets import (
    Composer,
    Status,
    make_icon_button,
)
from ernie_magic.text.language import Text
from ernie_magic.text.tokens import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ernie_magic.api.results import Answer
    from ernie_magic.calls.as_code import Code
    from ernie_magic.calls.chat.conversation import Conversation
    from ernie_magic.notebook.panels.attached_pictures import AttachedPicture
    from ernie_magic.runtime.stream import Stream

_ASK = Text("问点什么…", "Ask something…")
_CONVERSATION = Text("对话", "Conversation")
_NEW = Text("新对话", "New")
_EXAMPLES = (
    Text("用一句话介绍杭州", "Introduce Hangzhou in one sentence"),
    Text("用表格列出三个城市", "List three cities in a table"),
    Text("写一个判断质数的 Python 函数", "Write a Python function that tests for primes"),
)
_DELETED = Text("对话 {name} 已删除", "the conversation {name} was deleted")
_TOKENS = Text("约 {n} token，连同历史约 {all}", "tokens: about {n}, with the history about {all}")
_KEPT = Text("已停止；上一次的回答留着", "stopped; the earlier answer stays")
_ANSWERED_ELSEWHERE = Text(
    "{name} 正在别的面板或单元里回答：等它结束，或换一个对话",
    "{name} is being answered in another panel or cell: wait until it ends, or choose another "
    "conversation",
)
_ONLY_LAST = Text("只能重新回答最后一轮", "only the last turn can be answered again")


class ChatTab(Tab):
    """Prompt, transcript, parameters; see `Tab`."""

    title = Text("对话", "Chat")

    def _build_widget(self) -> widgets.Widget:
        language = self.language
        # One that was deleted while it is answered stays until its answer is there.
        self.shown_conversation = self.session[MAIN]
        self._shown_turns: list[ShownTurn] = []
        # As they were shown last, of conversations that this panel has left.
        self._left_turns: dict[Conversation, list[ShownTurn]] = {}
        self._turn_ids = count(1)
        self._open_turn_id = ""  # the id of the turn being answered
        # What the panel said when that was asked.
        self._open_turn_options: ChatOptions | None = None
        self._lock = threading.RLock()  # turns are added and removed on the callers' threads
        self._is_updating = False
        # By conversations that are not shown.
        self._left_pictures: dict[Conversation, tuple[AttachedPicture, ...]] = {}
        self._versions = AnswerVersions()
        self.transcript = Transcript(
            language, self._on_transcript_message, [text.say(language) for text in _EXAMPLES]
        )
        self.composer = self._make_composer()
        self.conversations = widgets.Dropdown(
            description=_CONVERSATION.say(language),
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )
        self.conversations.add_class("ernie-conversations")
        self.system_prompt = SystemPrompt(
            self.session, language, lambda: self.shown_conversation, self._on_prompt_changed
        )
        self.task: Task[Answer] = Task(language, self.composer.status, self._on_busy_changed)
        self.menu = ConversationMenu(self)
        self.selection = self.make_selection("chat")
        self.conversations.observe(self._on_conversation_selected, "value")
        return self.lay_out(
            self.transcript,
            self.selection.picker.widget,
            self.system_prompt.field,
            self.system_prompt.leave_out,
            self.selection.controls.widget,
        )

    def _header_widgets(self) -> tuple[widgets.Widget, ...]:
        """The conversation, a new one, and a menu of what can be done to it."""
        new_button = make_icon_button("plus", _NEW.say(self.language), self._start_conversation)
        return self.conversations, new_button, *self.menu.widgets

    def _make_composer(self) -> Composer:
        """The prompt, with the pictures attached to it."""
        status = Status()
        self.attached = AttachedPictures(self.language, status, self._on_pictures_changed)
        composer = Composer(
            self.language,
            "chat",
            self.send_prompt,
            self.stop_call,
            placeholder=_ASK,
            status=status,
            extras=(self.attached.button,),
            above=(self.attached.thumbnails,),
            is_cleared=True,
        )
        composer.prompt.observe(lambda _change: self._on_prompt_changed(), "value")
        return composer

    # --- what it shows ----------------------------------------------------------------------------

    def follow_session(self) -> None:
        """Show this conversation's turns, now and as they change."""
        self.stop_following()
        self.watch_changes(self.shown_conversation.history.changed, self._sync_transcript)
        self.watch_changes(self.session.changed, self._on_session_changed)
        self.selection.update_controls()
        self._on_session_changed()
        self.menu.update()
        self._sync_transcript()

    def on_settings_changed(self) -> None:
        """Show the session's system prompt as well."""
        super().on_settings_changed()
        self.system_prompt.show()

    def _on_session_changed(self) -> None:
        """Show names and system prompt as they are now."""
        if self.shown_conversation not in self.session.conversations.values():
            if not self.task.is_busy:
                self._leave_deleted()
            return
        self._update_conversation_names()
        self.system_prompt.show()

    def _leave_deleted(self) -> None:
        """Show the main conversation in place of one that was deleted."""
        name = self.shown_conversation.name
        self.show_conversation(MAIN)
        message = _DELETED.say(self.language, name=name)
        self.composer.status.show_message(message, passes=True)

    def _update_conversation_names(self) -> None:
        names = list(dict.fromkeys([MAIN, *self.session.conversations]))
        name = self.shown_conversation.name
        if names == list(self.conversations.options) and self.conversations.value == name:
            return
        self._is_updating = True
        self.conversations.options = names
        self.conversations.value = name
        self._is_updating = False
        self.menu.update()
        self.code_box.refresh_code()

    def answered_elsewhere(self) -> str:
        """What is said while the conversation that is shown is answered somewhere else."""
        return _ANSWERED_ELSEWHERE.say(self.language, name=self.shown_conversation.name)

    def _sync_transcript(self) -> None:
        """Make the transcript match the history; while an answer streams, wait until it ends."""
        with self._lock:
            if self._open_turn_id:
                return
            if self.composer.status.text == self.answered_elsewhere():
                self.composer.status.show_message("")  # that answer has come
            left_turns = self._left_turns.get(self.shown_conversation, [])
            known_turns = {id(each.turn): each for each in [*left_turns, *self._shown_turns]}
            panel_options = self._open_turn_options or self._panel_options()
            self._shown_turns = [
                known_turns.get(id(turn))
                or ShownTurn.from_turn(
                    turn,
                    f"turn-{next(self._turn_ids)}",
                    self.language,
                    panel_options,
                    remote_images=self.session.settings.remote_images,
                )
                for turn in self.shown_conversation.history
            ]
            entries = [
                {
                    **shown.transcript_entry,
                    "actions": ["edit", "fork"],
                    "version": self._versions.describe(shown.turn),
                }
                for shown in self._shown_turns
            ]
            for last_entry in entries[-1:]:
                last_entry["actions"] = ["edit", "regenerate", "fork"]
            self.transcript.show_turns(entries)
        self._update_vision()
        self._on_prompt_changed()
        self.save_output()

    def _on_busy_changed(self, is_busy: bool) -> None:
        self.composer.set_busy(is_busy)
        self.menu.clear_button.disabled = self.conversations.disabled = is_busy
        if not is_busy:
            self._on_session_changed()
            self._sync_transcript()

    def _on_prompt_changed(self) -> None:
        text = self.composer.prompt.value
        history = sum(shown_turn.tokens for shown_turn in self._shown_turns)
        history += estimate_tokens(self.system_prompt.sent)
        note = ""
        if text:
            tokens = estimate_tokens(text)
            note = _TOKENS.say(self.language, n=tokens, all=tokens + history)
        self.composer.show_note(note)
        self.menu.disarm()
        self.code_box.refresh_code()

    def _on_pictures_changed(self) -> None:
        self._update_vision()
        self._on_prompt_changed()

    def _update_vision(self) -> None:
        """Name the default model that sees where pictures are attached, or were asked about."""
        turns = self.shown_conversation.history
        needs_vision = bool(self.attached.pictures) or any(turn.images for turn in turns)
        if needs_vision != self.selection.picker.needs_vision:
            self.selection.picker.needs_vision = needs_vision
            self.selection.on_settings_changed()

    # --- what it does -----------------------------------------------------------------------------

    def _chat_options(self, images: Sequence[bytes | str] = ()) -> ChatOptions:
        return ChatOptions(
            self.selection.request_parameters,
            self.selection.selected_model,
            system=""
            if self.system_prompt.given == ""
            else None,  # the conversation's own otherwise
            images=list(images) or None,
        )

    def _panel_options(self) -> ChatOptions:
        """What the panel says, with the system prompt in it."""
        return replace(self._chat_options(), system=self.system_prompt.given)

    def _options_again(self, shown_turn: ShownTurn) -> ChatOptions:
        """What a turn is asked again with: as it was asked, with what was changed here since."""
        asked = shown_turn.turn.options
        if asked is None:  # it came from a file
            return self._chat_options()
        return with_changes_since(asked, shown_turn.panel_options, self._panel_options())

    def _send_example(self, prompt: str) -> None:
        self.send_prompt(prompt)  # what is being written stays

    def send_prompt(self, prompt: str | None = None) -> None:
        """Send a prompt that the page has taken out of its box, or what is written there."""
        is_taken = prompt is not None
        prompt = (self.composer.prompt_text if prompt is None else prompt).strip()
        try:
            filled = self.fill_prompt(prompt)
        except ErnieError as error:
            self.task.report_problem(error)
            if is_taken:
                self.composer.return_prompt(prompt)
            return
        self._ask_prompt(prompt, filled, is_taken=is_taken)

    def _ask_prompt(self, prompt: str, filled: str, *, is_taken: bool) -> None:
        """Ask what a prompt says with its values filled in; it is put back as it was written."""
        attached = self.attached.pictures
        images = [picture.content for picture in attached]
        unfilled = find_single_braces(prompt) if self.composer.fill_in.value else ()

        def ask_and_clear() -> Stream[Answer]:
            options = replace(self._chat_options(images), unfilled=unfilled)
            stream = self.shown_conversation.ask_with_options(filled, options, in_background=True)
            # Before anything reads the stream: one that fails at once puts the prompt back.
            # Keep what was written meanwhile.
            if not is_taken and self.composer.prompt_text == prompt:
                self.composer.prompt.value = ""
            self.attached.pictures = ()
            return stream

        has_begun = self._start_call(
            ask_and_clear,
            filled,
            [picture.address for picture in attached],
            self._chat_options(),
            lambda: self._restore_prompt(prompt, attached),
        )
        if is_taken and not has_begun:
            self.composer.return_prompt(prompt)

    def _restore_prompt(self, prompt: str, attached: Sequence[AttachedPicture] = ()) -> None:
        """Put an unanswered prompt back, with its pictures."""
        self.composer.return_prompt(prompt)
        self.attached.pictures = (*attached, *self.attached.pictures)

    def _start_call(
        self,
        make_stream: Callable[[], Stream[Answer]],
        prompt: str,
        images: Sequence[str],
        options: ChatOptions,
        on_no_turn: Callable[[], object],
        replaced: ShownTurn | None = None,
    ) -> bool:
        """Begin a call and show it; return whether it has begun.

        Parameters
        ----------
        make_stream
            Makes the call.
        prompt, images
            As they are shown.
        options
            What it is asked with: they say which model answers.
        on_no_turn
            Called when no turn resulted.
        replaced
            The turn that it replaces.
        """
        if not self.task.is_busy and self.shown_conversation.is_answering:
            # Sent now, it would not know of that turn, and might stand before it.
            self.composer.status.show_message(self.answered_elsewhere(), is_error=True)
            return False
        self.selection.update_controls()
        id_ = f"open-{next(self._turn_ids)}"
        view = BlocksView(
            self.language,
            self.transcript,
            id_,
            save_turn=self.save_output,
            remote_images=self.session.settings.remote_images,
        )
        model = options.model or options.endpoint or self.selection.picker.default_model
        view.name_model(model)
        panel_options = self._panel_options()

        def start_stream() -> Stream[Answer]:
            stream = make_stream()
            with self._lock:
                self._open_turn_id = id_
                self._open_turn_options = panel_options
                if replaced is not None:
                    self.transcript.drop_turns([replaced.turn_id])
                self.transcript.put_turn(open_turn(id_, prompt, images, model))
            self.save_output()
            return stream

        def show_outcome(answer: Answer | None, problem: BaseException | None) -> None:
            with self._lock:
                self._open_turn_id = ""
                if replaced is not None:
                    self._versions.keep_replaced(
                        replaced.turn, self.shown_conversation.history, answer
                    )
                self._sync_transcript()  # remove the open turn once its replacement has been rendered
                self._open_turn_options = None
            if any(turn.answer is answer for turn in self.shown_conversation.history):
                return
            if answer is not None and problem is None:
                if answer.history_cleared:
                    return
                self._tell_unkept(answer)
            on_no_turn()

        if not self.task.start_call(
            start_stream, view.show_deltas, show_outcome, view.get_redraw_time
        ):
            return False
        self.transcript.scroll_to_end()
        return True

    def _tell_unkept(self, answer: Answer) -> None:
        """Tell of a whole answer that makes no turn what its cell would: it has no text."""
        if answer.partial or answer.text.strip():
            return  # it was stopped; or the conversation was reset meanwhile
        parts = [
            answers.summary_line(answer, self.language),
            *answers.beside_text_lines(answer, self.language),
        ]
        self.composer.status.show_message(" · ".join(parts), is_error=True)

    def _on_transcript_message(self, message: Mapping[str, Any]) -> None:
        """Handle what a reader does to a turn of the transcript."""
        if message.get("op") == "example":
            self._send_example(str(message.get("text", "")))
            return
        index = next(
            (
                i
                for i, shown_turn in enumerate(self._shown_turns)
                if shown_turn.turn_id == message.get("id")
            ),
            None,
        )
        if index is None:
            return
        if message.get("op") == "regenerate":
            self._regenerate_turn(index)
        elif message.get("op") == "edit":
            self._fork_from_turn(index, str(message.get("text", "")).strip())
        elif message.get("op") == "fork" and not self.task.is_busy:
            self.show_conversation(self.shown_conversation.fork(index + 1).name)
        elif message.get("op") == "version" and not self.task.is_busy:
            self._versions.show_other(
                self._shown_turns[index].turn,
                int(message.get("step", 0)),
                self.shown_conversation.history,
            )

    def _regenerate_turn(self, index: int) -> None:
        """Ask for another answer to the last prompt."""
        shown_turn = self._shown_turns[index]
        if shown_turn is not self._shown_turns[-1]:  # the page shows an outdated state
            self.composer.status.show_message(_ONLY_LAST.say(self.language), is_error=True)
            return

        def say_answer_kept() -> None:
            if not self.composer.status.is_error:  # an error says more
                self.composer.status.show_message(_KEPT.say(self.language), passes=True)

        options = self._options_again(shown_turn)
        self._start_call(
            lambda: self.shown_conversation.ask_again(options, in_background=True),
            shown_turn.turn.prompt,
            shown_turn.transcript_entry["images"],
            options,
            say_answer_kept,
            shown_turn,
        )

    def _fork_from_turn(self, index: int, prompt: str) -> None:
        """Fork the conversation before that turn, with another prompt.

        This conversation stays as it is, and becomes current again if no answer results.
        """
        previous = self.shown_conversation
        shown_turn = self._shown_turns[index]
        written = prompt

        def return_to_editor() -> None:
            self.transcript.edit_again(shown_turn.turn_id, written)

        # Braces that came with a value are words; where there were none, they were typed now.
        if "{{" not in shown_turn.turn.prompt:
            try:
                prompt = fill_prompt(written)
            except ErnieError as error:
                self.task.report_problem(error)
                return_to_editor()
                return
        images = shown_turn.transcript_entry["images"]
        options = replace(self._options_again(shown_turn), images=images or None, unfilled=())

        def start_fork() -> Stream[Answer]:
            # Errors are shown before anything has changed.
            self.shown_conversation.plan_prompt(prompt, options)
            fork = self.shown_conversation.fork(index)
            stream = fork.ask_with_options(prompt, options, in_background=True)
            self.show_conversation(fork.name)
            return stream

        def undo_fork() -> None:
            fork_name = self.shown_conversation.name
            self.show_conversation(previous.name)
            self.session.conversations.pop(fork_name, None)
            return_to_editor()

        if not self._start_call(start_fork, prompt, images, options, undo_fork):
            return_to_editor()

    def show_conversation(self, name: str) -> None:
        """Show the conversation of that name, with the pictures attached there."""
        self._left_pictures[self.shown_conversation] = self.attached.pictures
        self._left_turns[self.shown_conversation] = self._shown_turns
        self.shown_conversation = self.session[name]
        self.attached.pictures = self._left_pictures.pop(self.shown_conversation, ())
        self.follow_session()

    def _on_conversation_selected(self, _change: object) -> None:
        if not self._is_updating and self.conversations.value and not self.task.is_busy:
            self.show_conversation(self.conversations.value)
            self.transcript.scroll_to_end()

    def _start_conversation(self) -> None:
        if not self.task.is_busy:
            self.show_conversation(self.shown_conversation.fork(0).name)

    # --- what is saved of it ----------------------------------------------------------------------

    def generate_code(self) -> list[Code]:
        """The prompt as code."""
        self.selection.update_controls()
        images = [picture.content for picture in self.attached.pictures]
        prompt = self.composer.prompt_text
        last = None
        if not prompt and self.shown_conversation.history:
            # Nothing is written: show the last prompt.
            last = self.shown_conversation.history[-1]
            prompt = last.prompt
        elif not prompt:
            prompt = _ASK.say(self.language)
        request = self.shown_conversation.plan_prompt(
            prompt, self._chat_options(images), replaced_turn=last
        ).build_request(self.selection.picker.resolved_model)
        return [
            as_code.code_for_chat(
                request,
                self.session.endpoint(),
                conversation=self.shown_conversation.name,
                given=self.selection.request_parameters,
                model=self.selection.selected_model or "",
                system=self.shown_conversation.system,
                leaves_out_system=self.system_prompt.given == "",
                files=[picture.name for picture in self.attached.pictures],
                prompt_code="" if last else self.prompt_code(prompt),
            )
        ]

    def saved_turns(self) -> list[str]:
        """The transcript, with each answer as its cell would show it; of the last, what has come.
        Conversations that were shown before follow, by their names.
        """
        saved = [shown_turn.saved_html for shown_turn in self._shown_turns]
        for entry in self.transcript.shown_turns:
            if entry["open"]:
                question_html = saved_question_html(entry["prompt"], self.language)
                answer_html = saved_open_turn_html(
                    entry, self.language, is_simulated=self.session.client.is_simulated()
                )
                saved.append(question_html + answer_html)
        for conversation, turns in self._left_turns.items():
            is_there = conversation in self.session.conversations.values()
            if turns and is_there and conversation is not self.shown_conversation:
                first, *others = (turn.saved_html for turn in turns)
                saved += [section_html(conversation.name) + first, *others]
        return saved
