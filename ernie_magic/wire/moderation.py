"""The result of the service's content review of an answer, and what follows ("flag" on
https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns).

0, absent   safe
1           low risk: shown with a note
2           shown, but the conversation must not continue: it is locked until it is reset
3           must not be shown: nothing of it is rendered or kept
4           withdrawn: removed from what was already shown, and not kept
other       an unknown flag of 2 or more counts as 3
"""

from __future__ import annotations

from ernie_magic.errors import AnswerWithdrawn, ConversationLocked
from ernie_magic.text.language import Text

LOCKS_CONVERSATION = 2
BLOCKED = 3

_RESET = Text("%ernie reset 清空后重新开始", "start again with %ernie reset")


def content_blocked(
    flag: int,
    request_id: str,
    *,
    ban_round: int | None,
    locked: bool,
) -> AnswerWithdrawn:
    """Return the error that replaces an answer that must not be shown.

    Parameters
    ----------
    ban_round
        Which round the flag is about, as far as the service says.
    locked
        Whether it belonged to a conversation, which is now locked.
    """
    advice = Text("换一种问法", "ask differently")
    if locked:
        advice = Text(
            "换一种问法；此对话已锁定，{reset}",
            "ask differently; this conversation is locked, {reset}",
        ).fill(reset=_RESET)
    cause = Text(
        "内容审核判定回答不安全（flag={flag}）", "content review found it unsafe (flag {flag})"
    )
    if ban_round is not None and ban_round > 0:
        cause = Text(
            "内容审核判定第 {round} 轮不安全（flag={flag}）",
            "content review found round {round} unsafe (flag {flag})",
        )
    error = AnswerWithdrawn(
        Text(
            "服务撤回了这个回答，内容不显示也不保留",
            "the service withdrew this answer; it is neither shown nor kept",
        ),
        cause.fill(flag=flag, round=ban_round),
        advice,
        status=200,
        request_id=request_id,
    )
    error.flag = flag
    error.ban_round = ban_round
    return error


def conversation_locked(name: str) -> ConversationLocked:
    """Return the error for a prompt in a locked conversation."""
    return ConversationLocked(
        Text(
            "对话 {name} 已锁定，没有发送", "the conversation {name} is locked; nothing was sent"
        ).fill(name=name),
        Text("服务要求不再继续这个对话", "the service has blocked this conversation"),
        _RESET,
    )
