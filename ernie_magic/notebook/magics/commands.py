"""`%ernie WORD`: the line magic's commands."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ernie_magic.calls import doctor
from ernie_magic.calls.chat.history import TURNS
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.display.html_table import Table
from ernie_magic.notebook.magics.batch_commands import show_batches
from ernie_magic.notebook.magics.dataset_commands import list_datasets
from ernie_magic.notebook.magics.habits import (
    COMMAND_HABITS,
    HELP_WORDS,
    PANEL_HABITS,
    find_magic,
    suggest_command,
    suggest_magic,
)
from ernie_magic.notebook.magics.knowledge_commands import list_apps, show_knowledge
from ernie_magic.notebook.magics.listings import (
    find_conversation,
    list_models,
    list_services,
    show_history,
    show_limits,
    show_usage,
)
from ernie_magic.notebook.magics.settings_commands import (
    configure_settings,
    print_message,
    read_setting,
    set_language,
    use_service,
)
from ernie_magic.notebook.magics.template_commands import run_template_command
from ernie_magic.notebook.magics.tuning_commands import run_tuning_command
from ernie_magic.notebook.magics.words import first_word, split_words
from ernie_magic.text.language import Text, untranslated
from ernie_magic.text.suggest import DID_YOU_MEAN

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from ernie_magic.session import Session
    from ernie_magic.text.language import Language


def reset_conversation(session: Session, words: list[str]) -> None:
    """Forget a conversation's turns."""
    conversation = find_conversation(session, "".join(words))
    count = len(conversation.history)
    conversation.reset()
    print_message(
        session,
        Text("已清空对话 {name} 的 {turns}", "conversation {name}: {turns} forgotten").fill(
            name=conversation.name, turns=TURNS.fill(count)
        ),
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
    for word in words:
        if meant := PANEL_HABITS.get(word.lower()):
            raise InvalidOption(
                Text("面板没有“{word}”", "the panel has no {word!r}").fill(word=word),
                advice=DID_YOU_MEAN.fill(close=meant),
            )
    return session.panel(*words)


def run_doctor(session: Session, _words: list[str]) -> Table:
    """Check what works and what does not."""
    language = session.settings.interface_language
    rows = [
        [doctor.MARKS[check.ok], check.name.say(language), check.value.say(language)]
        for check in doctor.run_checks(session.client)
    ]
    return Table({"zh": ["", "项目", "结果"], "en": ["", "check", "result"]}[language], rows)


@dataclass(frozen=True)
class Command:
    """A command of `%ernie`.

    Attributes
    ----------
    run : callable
        Given the session and the words after the command; its value is the cell's.
    help : Text
        What it does, in a few words.
    example : Text
    max_words : int
        How many words may follow.
    read_line : callable, optional
        Given what follows on the line and the user's variables, returns the words: for a command
        that takes a text with its quotes and blanks.
    """

    run: Callable[[Session, list[str]], Any]
    help: Text
    example: Text
    max_words: int = 0
    read_line: Callable[[str, Mapping[str, Any]], list[str]] | None = None


COMMANDS: dict[str, Command] = {
    "models": Command(
        list_models,
        Text(
            "服务的模型，推荐的在前；可按名称或类型筛选；--mine 列出自己的",
            "the service's models, recommended ones first; filter by name or type; --mine lists "
            "your own",
        ),
        Text("%ernie models 图片", "%ernie models image"),
        max_words=1,
    ),
    "services": Command(
        list_services,
        Text(
            "在千帆部署的服务和预置服务；services 名称 看一个",
            "services deployed on Qianfan, and preset ones; services NAME shows one",
        ),
        untranslated("%ernie services"),
        max_words=1,
    ),
    "history": Command(
        show_history,
        Text(
            "对话的各轮；-s tutor 看另一个对话；ernie[名称] 能 save、fork、rename，"
            "ernie.load_conversation 读取保存的",
            "the turns of a conversation; -s tutor shows another one; ernie[NAME] can save, fork "
            "and rename it, ernie.load_conversation reads a saved one",
        ),
        untranslated("%ernie history -n 3"),
        max_words=4,
    ),
    "usage": Command(
        show_usage, Text("用了多少 token", "tokens spent"), untranslated("%ernie usage")
    ),
    "limits": Command(
        handle_limits,
        Text(
            "频率限制还剩多少；reset 清除学到的",
            "what is left of the rate limits; reset forgets those learned",
        ),
        untranslated("%ernie limits reset"),
        max_words=1,
    ),
    "reset": Command(
        reset_conversation,
        Text(
            "清空对话；reset tutor 清空另一个",
            "forget the turns of a conversation; reset tutor those of another one",
        ),
        untranslated("%ernie reset"),
        max_words=1,
    ),
    "template": Command(
        run_template_command,
        Text(
            "提示词模板：list、show、save、delete、render；pull 和 push 与千帆同步",
            "your prompt templates: list, show, save, delete, render; pull and push exchange them "
            "with Qianfan",
        ),
        Text(
            "%ernie template save 行程 为{city}写{days}天的行程",
            "%ernie template save trip Plan {days} days in {city}",
        ),
        read_line=lambda line, _namespace: [line],
    ),
    "datasets": Command(
        list_datasets,
        Text(
            "千帆平台上的精调数据集；加名称看它的各个版本",
            "the datasets of Qianfan's platform; with a name, its versions and their states",
        ),
        Text("%ernie datasets 客服问答", "%ernie datasets support"),
        max_words=1,
    ),
    "tuning": Command(
        run_tuning_command,
        Text(
            "千帆上的调优任务；models 列出可调优的模型，加任务 ID 等它完成，stop 停止",
            "tuning tasks on Qianfan; models lists the models that can be tuned, a task's id waits "
            "for that task, stop ends it",
        ),
        untranslated("%ernie tuning models ERNIE-Speed-8K"),
        max_words=3,
    ),
    "batches": Command(
        show_batches,
        Text(
            "批量任务：列出全部；加 ID 等它完成；表格用 %%ernie_map --batch 提交",
            "batches: all of them; an id waits for one; %%ernie_map --batch sends a table as one",
        ),
        untranslated("%ernie batches"),
        max_words=1,
    ),
    "use": Command(
        use_service,
        Text(
            "选择服务：aistudio、qianfan、qianfan-v1、local、emulator；单独写则列出来；"
            "use endpoint 名称 用自己部署的",
            "choose the service: aistudio, qianfan, qianfan-v1, local, emulator; without a name it "
            "lists them; use endpoint NAME chooses one that you deployed",
        ),
        untranslated("%ernie use aistudio"),
        max_words=2,
    ),
    "config": Command(
        configure_settings,
        Text("查看或修改设置", "show or change settings"),
        untranslated("%ernie config temperature 0.3"),
        read_line=read_setting,
    ),
    "lang": Command(
        set_language,
        Text("界面语言：zh、en", "the language of messages: zh, en"),
        Text("%ernie lang en", "%ernie lang zh"),
        max_words=1,
    ),
    "panel": Command(
        open_panel,
        Text(
            "面板：滑块和对话、图片、向量、对比（chat、image、embed、compare）",
            "a panel with sliders: chat, image, embed and compare, or only some of them",
        ),
        untranslated("%ernie panel image"),
        max_words=4,
    ),
    "knowledge": Command(
        show_knowledge,
        Text(
            "千帆知识库；加名称列出其中的文档",
            "the knowledge bases on Qianfan; with a name, the documents of one",
        ),
        untranslated("%ernie knowledge demo"),
        max_words=1,
    ),
    "apps": Command(
        list_apps,
        Text("千帆上的应用", "the applications on Qianfan"),
        untranslated("%ernie apps"),
    ),
    "doctor": Command(
        run_doctor,
        Text(
            "检查密钥、网络、模型和版本；说明怎样设置密钥",
            "check key, network, model and versions; says how to set a key",
        ),
        untranslated("%ernie doctor"),
    ),
}

_WRITE_EXAMPLE = Text("写成 {example}", "write {example}")
_CANNOT_RESET = Text(
    "用量按会话累计，不能清零；%ernie reset 清空对话，重启内核后从零开始",
    "usage is counted for as long as the session lasts; %ernie reset forgets a conversation, and "
    "after a restart of the kernel usage starts from zero",
)
_HELP = Text("全部命令", "all commands")
_ALL_COMMANDS = Text(
    "%ernie 列出全部命令；提问用 %%ernie", "%ernie lists them all; to ask something use %%ernie"
)


def describe_commands(language: Language) -> str:
    """The commands as text: the docstring of `%ernie`."""
    lines = []
    width = max(map(len, COMMANDS)) + 2
    margin = " " * len("%ernie ")
    for word, command in COMMANDS.items():
        lines.append(f"    %ernie {word:<{width}}{command.help.say(language)}")
        lines.append(f"    {margin}{'':<{width}}{command.example.say(language)}")
    return "\n".join(["%ernie WORD", "", *lines])


def run_command(
    session: Session,
    line: str,
    namespace: Mapping[str, Any] = MappingProxyType({}),
) -> Any:
    """Run a `%ernie` line; what it returns is the cell's value.

    Parameters
    ----------
    namespace
        The user's variables, for `{{expr}}` in a setting's value.

    Raises
    ------
    InvalidOption
        An unknown word (the closest is named) or wrong arguments.
    """
    started, rest = first_word(line)
    if started in COMMANDS and (read_line := COMMANDS[started].read_line):
        return COMMANDS[started].run(session, read_line(rest.strip(), namespace))
    words = split_words(line)
    language = session.settings.interface_language
    if not words or (len(words) == 1 and words[0].lower() in HELP_WORDS):
        return list_magics(language)
    if words[0].lower() in HELP_WORDS:
        return find_magics(" ".join(words[1:]), language)
    name, *arguments = words
    if name not in COMMANDS:
        raise InvalidOption(
            Text("%ernie 没有命令“{word}”", "%ernie has no command {word!r}").fill(word=name),
            advice=_advise_on_word(name, " ".join(arguments), session.conversations),
        )
    command = COMMANDS[name]
    if len(arguments) > command.max_words:
        raise InvalidOption(
            Text("%ernie {word} 不认识“{extra}”", "%ernie {word} does not know {extra!r}").fill(
                word=name, extra=" ".join(arguments[command.max_words :])
            ),
            advice=_advise_on_extra(name, arguments),
        )
    return command.run(session, arguments)


def _advise_on_word(word: str, name: str = "", conversations: Collection[str] = ()) -> Text:
    """Return what does what a word says that is no command, or which command resembles it.

    Parameters
    ----------
    name, conversations
        As in `suggest_magic`.
    """
    helps = {name: command.help for name, command in COMMANDS.items()} | {"help": _HELP}
    return (
        suggest_magic(word, name, conversations)
        or suggest_command(word, helps, COMMAND_HABITS)
        or _ALL_COMMANDS
    )


def _advise_on_extra(name: str, words: list[str]) -> Text:
    """Return how a command is written; usage, which people want to reset, says why it cannot be."""
    if name == "usage" and "reset" in map(str.lower, words):
        return _CANNOT_RESET
    return _WRITE_EXAMPLE.fill(example=COMMANDS[name].example)


def list_magics(language: Language, word: str = "") -> Table:
    """Everything there is, by groups, with an example each: what `%ernie` alone shows.

    Parameters
    ----------
    word
        Only what is called so, or says so of itself; "" for all.
    """
    rows = list[list[str]]()
    headings = dict[int, str]()
    meant = find_magic(word)
    for title, entries in (*MAGICS, *_command_sections()):
        shown = [entry for entry in entries if entry[0] == meant or _mentions(entry, word)]
        if shown:
            headings[len(rows)] = title.say(language)
        for name, help_, example in shown:
            rows.append([name, help_.say(language), example.say(language)])
    headers = {"zh": ["写法", "作用", "例子"], "en": ["command", "what it does", "example"]}
    return Table(headers[language], rows, _HELP_NOTE.say(language), headings, code=(0, 2))


def find_magics(word: str, language: Language) -> Table:
    """What `%ernie help WORD` shows: the magics and commands that have to do with a word.

    Raises
    ------
    InvalidOption
        There is none.
    """
    table = list_magics(language, word)
    if not table.rows:
        raise InvalidOption(
            Text("没有和“{word}”有关的命令", "no command has to do with {word!r}").fill(word=word),
            advice=_advise_on_word(word),
        )
    return table


def _command_sections() -> Iterator[tuple[Text, tuple[tuple[str, Text, Text], ...]]]:
    for title, words in _COMMAND_GROUPS:
        commands = [(word, COMMANDS[word]) for word in words]
        yield title, tuple((f"%ernie {word}", each.help, each.example) for word, each in commands)


def _mentions(entry: tuple[str, Text, Text], word: str) -> bool:
    name, help_, example = entry
    told = f"{name}\n{help_.zh}\n{help_.en}\n{example.zh}\n{example.en}"
    return word.lower() in told.lower()


_HELP_NOTE = Text(
    "写法后加 ? 看全部选项，例如 %%ernie?；Python 里同样的调用：ernie.chat(…)、ernie.image(…)、"
    "ernie.embed([…])、ernie.map(…)",
    "add ? for all options, as in %%ernie?; the same calls in Python: ernie.chat(…), "
    "ernie.image(…), ernie.embed([…]), ernie.map(…)",
)
MAGICS: tuple[tuple[Text, tuple[tuple[str, Text, Text], ...]], ...] = (
    (
        Text("提问", "Ask"),
        (
            (
                "%%ernie",
                Text("问一个问题，回答边写边显示", "ask; the answer streams below"),
                untranslated("%%ernie --temperature 0.3 --as answer"),
            ),
        ),
    ),
    (
        Text("图片", "Pictures"),
        (
            (
                "%%ernie_image",
                Text("按描述画图", "make pictures from words"),
                untranslated("%%ernie_image -n 2 --style Anime --as cats"),
            ),
            (
                "%ernie_image",
                Text("再画、改一点、查看、下载", "make again, vary, show or download pictures"),
                untranslated("%ernie_image vary cats[0] --style Base"),
            ),
        ),
    ),
    (
        Text("向量", "Vectors"),
        (
            (
                "%%ernie_embed",
                Text("每行一条文本，变成向量", "vectors of texts, one per line"),
                untranslated("%%ernie_embed --as vectors"),
            ),
            (
                "%ernie_search",
                Text("按含义查找", "find texts by meaning"),
                Text("%ernie_search vectors 好吃的", "%ernie_search vectors something tasty"),
            ),
            (
                "%ernie_heat",
                Text("两两相似度的热图", "a heat map of similarities"),
                untranslated("%ernie_heat vectors"),
            ),
            (
                "%ernie_map2d",
                Text(
                    "相近的文本靠在一起的平面图",
                    "a plane on which similar texts lie close together",
                ),
                untranslated("%ernie_map2d vectors"),
            ),
        ),
    ),
    (
        Text("表格", "Tables"),
        (
            (
                "%%ernie_map",
                Text("对表的每一行提问", "ask about each row of a table"),
                Text(
                    '%%ernie_map df --to "情感, 分数:int" --as out',
                    '%%ernie_map df --to "sentiment, score:int" --as out',
                ),
            ),
        ),
    ),
)
_COMMAND_GROUPS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (Text("面板", "Panels"), ("panel",)),
    (Text("提示词模板", "Prompt templates"), ("template",)),
    (
        Text("千帆平台", "Qianfan's platform"),
        ("services", "knowledge", "apps", "datasets", "tuning", "batches"),
    ),
    (Text("对话与用量", "Conversations and usage"), ("history", "reset", "usage", "limits")),
    (
        Text("服务与设置", "Service and settings"),
        ("doctor", "use", "models", "config", "lang"),
    ),
)
