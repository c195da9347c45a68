"""`%ernie WORD`: the line magic's commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.calls import doctor
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.display.html_table import Table
from ernie_magic.notebook.magics.listings import (
    find_conversation,
    list_models,
    show_history,
    show_limits,
    show_usage,
)
from ernie_magic.notebook.magics.settings_commands import (
    configure_settings,
    print_message,
    set_language,
    use_service,
)
from ernie_magic.notebook.magics.words import split_words
from ernie_magic.text.language import Text, untranslated
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.session import Session


def reset_conversation(session: Session, words: list[str]) -> None:
    """Forget a conversation's turns."""
    conversation = find_conversation(session, "".join(words))
    count = len(conversation.history)
    conversation.reset()
    print_message(
        session,
        Text("已清空对话 {name} 的 {n} 轮", "conversation {name}: {n} turns forgotten"),
        name=conversation.name,
        n=count,
    )


def handle_limits(session: Session, words: list[str]) -> Table | None:
    """Show the rate limits; `reset` forgets them.

    Raises
    ------
    InvalidOption
        Another word is given.
    """
    if not words:
        return show_limits(session)
    if words != ["reset"]:
        raise InvalidOption(
            Text("%ernie limits 不接受 {word}", "%ernie limits does not accept {word}").fill(
                word=untranslated(" ".join(words))
            ),
            advice=Text(
                "%ernie limits 查看，%ernie limits reset 清除",
                "%ernie limits shows them, %ernie limits reset forgets them",
            ),
        )
    print_message(
        session,
        Text(
            "已清除学到的频率限制（{n} 个）；下次调用会重新学习",
            "rate limits forgotten: {n}; the next calls learn them again",
        ),
        n=session.reset_limits(),
    )
    return None


def open_panel(session: Session, words: list[str]) -> Any:
    """Show sliders, chat, pictures and vectors."""
    return session.panel(*words)


def run_doctor(session: Session, _words: list[str]) -> Table:
    """Check what works and what does not."""
    language = session.settings.interface_language
    rows = [
        [doctor.MARKS[check.ok], check.name.say(language), check.value.say(language)]
        for check in doctor.run_checks(session.client)
    ]
    return Table({"zh": ["", "项目", "结果"], "en": ["", "check", "result"]}[language], rows)


COMMANDS: dict[str, tuple[Callable[[Session, list[str]], Any], Text]] = {
    "models": (
        list_models,
        Text(
            "实时模型列表；models turbo 只列含 turbo 的，models 图片 只列文生图模型",
            "the live list of models; `models turbo` and `models image` filter",
        ),
    ),
    "history": (
        show_history,
        Text("历史：history -n 3，history -s tutor", "the turns: history -n 3, history -s tutor"),
    ),
    "usage": (show_usage, Text("用了多少 token", "tokens spent")),
    "limits": (
        handle_limits,
        Text(
            "频率限制还剩多少；limits reset 清除学到的限制",
            "what is left of the rate limits; limits reset forgets those learned",
        ),
    ),
    "reset": (
        reset_conversation,
        Text("清空历史：reset，reset tutor", "forget the turns: reset, reset tutor"),
    ),
    "use": (
        use_service,
        Text(
            "选择服务：use aistudio | qianfan | qianfan-v1 | local | emulator",
            "choose the service: use aistudio | qianfan | qianfan-v1 | local | emulator",
        ),
    ),
    "config": (
        configure_settings,
        Text(
            "查看或修改设置：config temperature 0.3",
            "show or change settings: config temperature 0.3",
        ),
    ),
    "lang": (set_language, Text("界面语言：lang zh，lang en", "language: lang zh, lang en")),
    "panel": (
        open_panel,
        Text(
            "面板：panel 全部，panel image 只要图片（chat、image、embed、compare）",
            "sliders: panel for all tabs, panel image for one (chat, image, embed, compare)",
        ),
    ),
    "doctor": (
        run_doctor,
        Text("检查密钥、网络、模型和版本", "check key, network, model and versions"),
    ),
}

# How many words may follow each command.
_MAX_WORDS = {
    "models": 1,
    "history": 4,
    "limits": 1,
    "reset": 1,
    "use": 1,
    "config": 1000,
    "lang": 1,
    "panel": 4,
}

_ALL_COMMANDS = Text(
    "%ernie 列出全部命令；提问用 %%ernie", "%ernie lists them all; to ask something use %%ernie"
)

COMMANDS_HELP = "%ernie WORD\n\n" + "\n".join(
    f"    %ernie {word:<9}{help_.zh} / {help_.en}" for word, (_, help_) in COMMANDS.items()
)


def run_command(session: Session, line: str) -> Any:
    """Run a `%ernie` line; what it returns is the cell's value.

    Raises
    ------
    InvalidOption
        An unknown word (the closest is named) or wrong arguments.
    """
    words = split_words(line)
    if not words or words == ["help"]:
        language = session.settings.interface_language
        headers = {"zh": ["命令", "作用"], "en": ["command", "what it does"]}
        return Table(
            headers[language],
            [[f"%ernie {word}", text.say(language)] for word, (_, text) in COMMANDS.items()],
        )
    if words[0] not in COMMANDS:
        raise InvalidOption(
            Text("%ernie 没有命令“{word}”", "%ernie has no command {word!r}").fill(word=words[0]),
            advice=did_you_mean(words[0], COMMANDS) or _ALL_COMMANDS,
        )
    max_words = _MAX_WORDS.get(words[0], 0)
    if len(words) - 1 > max_words:
        raise InvalidOption(
            Text("%ernie {word} 不认识“{extra}”", "%ernie {word} does not know {extra!r}").fill(
                word=words[0], extra=" ".join(words[max_words + 1 :])
            )
        )
    return COMMANDS[words[0]][0](session, words[1:])
