"""The small front ends that ipywidgets lacks: the transcript, the list of models, and keyboard and
screen reader use.

They are JavaScript in this folder, sent by anywidget as it is: there is no build step, and nothing
is fetched when they run.
"""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ernie_magic.notebook.display.chat import PARTIAL
from ernie_magic.notebook.panels.control import DEFAULT, OUT_OF_RANGE
from ernie_magic.text.language import Language, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_HERE = Path(__file__).parent

_TRANSCRIPT_LABELS = {
    "transcript": Text("对话记录", "transcript"),
    "empty": Text("问点什么，或从这里开始", "Ask something, or start here"),
    "fork": Text("从这里另开对话", "Continue from here in a new conversation"),
    "previous": Text("上一个回答", "Previous answer"),
    "next": Text("下一个回答", "Next answer"),
    "you": Text("你", "you"),
    "model": Text("模型", "model"),
    "picture": Text("随提示词附上的图片", "an attached picture"),
    "copy": Text("复制", "Copy"),
    "copied": Text("已复制", "Copied"),
    "not_copied": Text("浏览器不允许复制", "The browser forbids it"),
    "edit": Text("编辑", "Edit"),
    "regenerate": Text("重新回答", "Regenerate"),
    "edit_label": Text("修改提示词", "edit the prompt"),
    "send_edit": Text("从这里分叉", "Fork from here"),
    "cancel": Text("取消", "Cancel"),
}
_MODEL_LABELS = {
    "model": Text("模型", "Model"),
    "reload": Text("刷新列表", "Reload list"),
    "as_is": Text("用 {model}（不在列表中）", "use {model} (not in the list)"),
}
_FRONTEND_LABELS = {
    "copied": Text("已复制", "copied"),
    "not_copied": Text("浏览器不允许复制：请选中后复制", "the browser forbids it: select and copy"),
    "inserted": Text("已在下方插入单元格", "inserted as a cell below"),
    "queued": Text(
        "内核正在运行单元格，结束后处理", "the kernel is running a cell: this comes next"
    ),
    "not_inserted": Text(
        "这个前端不能插入单元格：已复制", "this front end cannot insert cells: copied instead"
    ),
    "unanswered": Text(
        "内核没有回应：如果它重启过，请先运行 %load_ext ernie_magic，再运行这个单元格",
        "the kernel does not answer: if it was restarted, run %load_ext ernie_magic, then this cell",
    ),
    "no_server": Text(
        "没有连上 Jupyter 服务器：连上之后才处理",
        "no connection to the Jupyter server: this waits until it is back",
    ),
    "away": Text(
        "没有连上 Jupyter 服务器：连上之后面板接着用",
        "no connection to the Jupyter server: the panel continues once it is back",
    ),
    "restarted": Text(
        "内核已重启：要继续使用面板，请先运行 %load_ext ernie_magic，再运行这个单元格（面板会是空的）",
        "the kernel was restarted: to use the panel, run %load_ext ernie_magic, then this cell, which "
        "shows an empty one",
    ),
    "stopped": Text(
        "内核已停止：要继续使用面板，请启动内核，运行 %load_ext ernie_magic，再运行这个单元格（面板会是空的）",
        "the kernel has stopped: to use the panel, start it, run %load_ext ernie_magic, then this "
        "cell, which shows an empty one",
    ),
    "partial": PARTIAL,
    "close": Text("关闭", "Close"),
    "default": DEFAULT,
    "out_of_range": OUT_OF_RANGE,
}


def _make_id() -> str:
    """Return an id that no other kernel of the page uses: one may have replaced another."""
    return uuid.uuid4().hex


class PanelFrontend(anywidget.AnyWidget):
    """What one panel needs of its page.

    Keys that send, names of slider handles, the clipboard, new cells, and notice of its end.

    Parameters
    ----------
    language
    on_message
        Called with each message: `{"op": "send", "where": …, "text": …, "texts": …}` (what stands
        in other fields, by their ids), `{"op": "opened"}`, `{"op": "resend"}`, `{"op": "closed"}`,
        `{"op": "original", "picture": …}`, `{"op": "taken", "id": …}` (a prompt
        is back in its box).
    """

    _esm = _HERE / "frontend.js"
    _css = _HERE / "frontend.css"
    _id = traitlets.Unicode().tag(sync=True)
    root = traitlets.Unicode().tag(sync=True)
    labels: Any = traitlets.Dict().tag(sync=True)
    # Prompts that the page puts back into their boxes: `{"id": …, "where": …, "text": …}` each.
    returned: Any = traitlets.List().tag(sync=True)

    def __init__(
        self,
        language: Language,
        on_message: Callable[[Mapping[str, Any]], object],
    ) -> None:
        super().__init__(labels=_translate_labels(_FRONTEND_LABELS, language), _id=_make_id())
        self._was_opened = False
        self._on_message = on_message
        self.on_msg(self._on_page_message)

    def _on_page_message(
        self,
        _widget: object,
        message: Mapping[str, Any],
        _buffers: object,
    ) -> None:
        if message.get("op") == "opened":
            self._was_opened = True
        if message.get("op") == "taken":
            self.returned = [each for each in self.returned if each["id"] != message.get("id")]
        self._on_message(message)

    def return_prompt(self, where: str, prompt: str) -> bool:
        """Let the page put a prompt back into its box; return whether there has been a page.

        What the page writes, and what it has not sent yet, would undo what is written here.
        """
        if not self._was_opened:
            return False
        if prompt:
            self.returned = [*self.returned, {"id": _make_id(), "where": where, "text": prompt}]
        return True


class Transcript(anywidget.AnyWidget):
    """Turns as they arrive. What is shown is also kept here, for views that open later.

    A delta costs one message.

    Parameters
    ----------
    language
    on_message
        Called with what a reader does: `{"op": "edit", "id": …, "text": …}`, `{"op": "regenerate",
        "id": …}`, `{"op": "fork", "id": …}`, `{"op": "version", "id": …, "step": …}`,
        `{"op": "example", "text": …}`.
    examples
        Prompts that an empty transcript offers.
    """

    _esm = _HERE / "transcript.js"
    _id = traitlets.Unicode().tag(sync=True)
    labels: Any = traitlets.Dict().tag(sync=True)
    examples: Any = traitlets.List().tag(sync=True)

    def __init__(
        self,
        language: Language,
        on_message: Callable[[Mapping[str, Any]], object] = lambda _message: None,
        examples: Sequence[str] = (),
    ) -> None:
        super().__init__(
            labels=_translate_labels(_TRANSCRIPT_LABELS, language),
            examples=list(examples),
            _id=_make_id(),
        )
        self._turns: dict[str, dict[str, Any]] = {}
        self._lock = threading.RLock()  # a reader's thread and the page's messages
        self._on_message = on_message
        self.on_msg(self._on_page_message)

    def _on_page_message(
        self,
        _widget: object,
        message: Mapping[str, Any],
        _buffers: object,
    ) -> None:
        if message.get("op") == "hello":
            self._send_all_turns()
        else:
            self._on_message(message)

    @property
    def shown_turns(self) -> list[dict[str, Any]]:
        """What is shown, in the form in which it is sent."""
        return list(self._turns.values())

    def _send_all_turns(self) -> None:
        with self._lock:
            self.send({"op": "all", "turns": self.shown_turns})

    def put_turn(self, turn: Mapping[str, Any]) -> None:
        """Show a turn: append a new one, replace a known one.

        Parameters
        ----------
        turn
            `id`, `prompt`, `images` (addresses), `blocks` (HTML), `text`, `reasoning`,
            `reasoning_title`, `is_thinking` (the thought grows), `model`, `footer`, `mark`
            (that no model answered), `notes`, `details`, `version` (its number and their count,
            or None), `open`, `actions` ("edit", "regenerate", "fork"; copying is always
            possible).
        """
        with self._lock:
            self._turns[turn["id"]] = dict(turn)
            self.send({"op": "put", "turn": self._turns[turn["id"]]})

    def put_block(self, id_: str, key: int, text: str) -> None:
        """Show one block of an open turn: the only thing a delta sends."""
        with self._lock:
            if id_ in self._turns:
                blocks = self._turns[id_]["blocks"]
                blocks[key:] = [text, *blocks[key + 1 :]]
                self.send({"op": "block", "id": id_, "key": key, "html": text})

    def put_thought(self, id_: str, title: str, text: str, *, is_growing: bool = False) -> None:
        """Show an open turn's thought: its end while it grows, folded once it is complete."""
        with self._lock:
            if id_ in self._turns:
                thought = {"reasoning": text, "reasoning_title": title, "is_thinking": is_growing}
                self._turns[id_] |= thought
                self.send({"op": "thought", "id": id_, "thought": thought})

    def drop_turns(self, ids: Sequence[str]) -> None:
        """Remove turns."""
        with self._lock:
            dropped_ids = [id_ for id_ in ids if self._turns.pop(id_, None)]
            if dropped_ids:
                self.send({"op": "drop", "ids": dropped_ids})

    def show_turns(self, turns: Sequence[Mapping[str, Any]]) -> None:
        """Show these turns and no others; turns already shown are not sent again."""
        with self._lock:
            wanted_ids = [turn["id"] for turn in turns]
            self.drop_turns([id_ for id_ in self._turns if id_ not in wanted_ids])
            # The order differs: send all again.
            if list(self._turns) != wanted_ids[: len(self._turns)]:
                self._turns = {turn["id"]: dict(turn) for turn in turns}
                self._send_all_turns()
                return
            for turn in turns:
                if self._turns.get(turn["id"]) != turn:
                    self.put_turn(turn)

    def edit_again(self, id_: str, text: str) -> None:
        """Open a turn's editor with a prompt that could not be asked."""
        self.send({"op": "edit_again", "id": id_, "text": text})

    def scroll_to_end(self) -> None:
        """Scroll to the end."""
        self.send({"op": "end"})


class ModelBox(anywidget.AnyWidget):
    """One field for a model, with a list that what is typed filters.

    Parameters
    ----------
    language
    on_message
        Called with what a reader does: `{"op": "choose", "model": …}` ("" for the default),
        `{"op": "search", "text": …}`, `{"op": "reload"}`.
    """

    _esm = _HERE / "model_box.js"
    labels: Any = traitlets.Dict().tag(sync=True)
    # `{"label": …, "folded": …, "models": [{"id": …, "label": …, "facts": …}]}` each.
    groups: Any = traitlets.List().tag(sync=True)
    # `{"id": …, "label": …, "note": …}`.
    current: Any = traitlets.Dict({"id": "", "label": "", "note": ""}).tag(sync=True)
    is_loading = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        language: Language,
        on_message: Callable[[Mapping[str, Any]], object],
    ) -> None:
        super().__init__(labels=_translate_labels(_MODEL_LABELS, language))
        self.on_msg(lambda _widget, message, _buffers: on_message(message))


def _translate_labels(labels: Mapping[str, Text], language: Language) -> dict[str, str]:
    return {name: text.say(language) for name, text in labels.items()}
