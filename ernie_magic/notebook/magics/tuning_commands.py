"""`%ernie tuning`: models that can be tuned, your jobs and tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.words import YES_FLAG
from ernie_magic.qianfan.creation import unconfirmed
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.session import Session

TUNING_WORDS = ("models", "stop")
_NOT_STOPPED = Text(
    "没有停止：任务 {task} 停止后不能继续",
    "nothing was stopped: the task {task} cannot be continued afterwards",
)
_ADD_YES = Text("确定的话，加上 --yes", "if this is what you want, add --yes")
_USAGE = Text(
    "用法：%ernie tuning [models [模型] | 任务 | stop 任务 --yes]",
    "usage: %ernie tuning [models [MODEL] | TASK | stop TASK --yes]",
)


def run_tuning_command(session: Session, words: list[str]) -> Any:
    """Show models, jobs and tasks; wait for a task; stop one.

    Raises
    ------
    InvalidOption
        An unknown word (the closest is named) or wrong arguments.
    NotConfirmed
        A task would be stopped, without `--yes`.
    """
    if not words:
        return session.tuning.overview()
    first, *rest = words
    if first == "models":
        _refuse_extra(rest[1:])
        return session.tuning.models(*rest)
    if first == "stop":
        return _stop_task(session, rest)
    _refuse_extra(rest)
    if first.startswith("task-"):
        return session.tuning.watch(first)
    if first.startswith("job-"):
        return session.tuning.list(first)
    raise InvalidOption(
        Text("%ernie tuning 不认识“{word}”", "%ernie tuning does not know {word!r}").fill(
            word=first
        ),
        advice=did_you_mean(first, TUNING_WORDS) or _USAGE,
    )


def _stop_task(session: Session, words: Sequence[str]) -> Any:
    names = [word for word in words if word != YES_FLAG]
    if len(names) != 1:
        raise InvalidOption(_USAGE)
    if YES_FLAG not in words:
        task = session.tuning.get(names[0])
        raise unconfirmed(_NOT_STOPPED.fill(task=task.id), task, _ADD_YES)
    return session.tuning.stop(names[0])


def _refuse_extra(words: Sequence[str]) -> None:
    if words:
        raise InvalidOption(
            Text("%ernie tuning 不认识“{extra}”", "%ernie tuning does not know {extra!r}").fill(
                extra=" ".join(words)
            ),
            advice=_USAGE,
        )
