"""The application that is a flow: it registers the return of an order, and asks back on its way
(a workflow with "信息收集节点", `action` of "对话" on
https://cloud.baidu.com/doc/qianfan-api/s/7m7wqq361).
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.emulator.access import PICTURES
from ernie_magic.emulator.platform.app_steps import EventMaker, Step, count_usage, make_step
from ernie_magic.emulator.platform.console import invalid_field
from ernie_magic.emulator.replies import split_into_deltas

if TYPE_CHECKING:
    from ernie_magic.emulator.platform.console import PlatformCall

_HAN = re.compile(r"[\u4e00-\u9fff]")
_KIND = "chatflow"


class _Words(NamedTuple):
    begin: str
    questions: tuple[str, ...]
    thought: str
    end: str
    picture: str


_WORDS = {
    "zh": _Words(
        "好的，帮您登记退货。",
        ("请告诉我订单号。", "订单 {0}：退货的原因是什么？"),
        "订单 {0} 没有超过退货期限，可以登记。",
        "已登记订单 {0} 的退货，原因：{1}。退货标签见图。",
        "退货标签 {0}",
    ),
    "en": _Words(
        "All right, I will register a return for you.",
        ("What is the number of the order?", "Order {0}: why is it returned?"),
        "Order {0} is within the time for returns and can be registered.",
        "The return of order {0} is registered, reason: {1}. The picture is its label.",
        "return label {0}",
    ),
}


@dataclass
class FlowState:
    """How far a conversation has come in the flow.

    Attributes
    ----------
    question_id : str
        Of the question that waits for an answer, "" for none.
    language : str
    answers : list of str
        What was collected.
    """

    question_id: str = ""
    language: str = "zh"
    answers: list[str] = field(default_factory=list)


def run_flow(call: PlatformCall, state: FlowState, query: str) -> list[Step]:
    """Return the steps until the flow's next question, or its end. Without `action` it begins
    anew, whatever it waits for.

    Raises
    ------
    ConsoleRefusal
        `action` answers no question that is open.
    """
    events = EventMaker()
    action = call.body.get("action")
    if action is None:
        state.answers = []
        state.language = "zh" if _HAN.search(query) else "en"
        words = _WORDS[state.language]
        steps = [_say(events, words.begin)]
    else:
        _check_action(action, state.question_id)
        state.answers.append(query)
        words = _WORDS[state.language]
        steps = []
    state.question_id = ""
    if len(state.answers) < len(words.questions):
        question = words.questions[len(state.answers)].format(*state.answers)
        return [*steps, _say(events, question), _wait(events, state)]
    return [*steps, *_end(call, events, state, query)]


def _check_action(action: Any, question_id: str) -> None:
    expected = {
        "action_type": "resume",
        "parameters": {"interrupt_event": {"id": question_id, "type": "chat"}},
    }
    if not question_id or action != expected:
        raise invalid_field("action")


def _say(events: EventMaker, message: str) -> Step:
    outputs = {"message": message, "message_id": str(uuid.uuid4())}
    return make_step(events.make("publish_message", "done", _KIND, outputs=outputs))


def _wait(events: EventMaker, state: FlowState) -> Step:
    state.question_id = str(uuid.uuid4())
    outputs = {"interrupt_event_id": state.question_id, "interrupt_event_type": "chat"}
    event = events.make("chatflow_interrupt", "done", _KIND, outputs=outputs)
    return make_step(event, is_last=True)


def _end(call: PlatformCall, events: EventMaker, state: FlowState, query: str) -> list[Step]:
    words = _WORDS[state.language]
    thought, text, caption = (
        template.format(*state.answers) for template in (words.thought, words.end, words.picture)
    )
    link = call.incoming.signed_link(
        PICTURES, {"prompt": caption, "style": "Base", "size": "512x512", "seed": "1"}
    )
    thinking = events.make("text", "running", "chat_reasoning", outputs={"text": thought})
    picture = events.make("image", "done", "ImageComponent", outputs={"image": link})
    done = events.make("text", "done", _KIND, usage=count_usage(query, text))
    pieces = [make_step(answer=piece) for piece in split_into_deltas(text)]
    return [make_step(thinking), *pieces, make_step(picture), make_step(done, is_last=True)]
