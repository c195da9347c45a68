"""`%ernie WORD`: the line magic's commands."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ernie_magic.calls import doctor
from ernie_magic.config import endpoints
from ernie_magic.config.addresses import BaseUrl, redact_url
from ernie_magic.errors import ErnieError, InvalidOption
from ernie_magic.notebook.display.html_table import Table, clip_text
from ernie_magic.notebook.magics.options import split_words
from ernie_magic.text.language import LANGUAGES, Language, Text, untranslated
from ernie_magic.text.suggest import did_you_mean
from ernie_magic.text.visible import make_controls_visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.api.catalogue import Model
    from ernie_magic.calls.chat.conversation import Conversation
    from ernie_magic.session import Session


def _print_message(session: Session, text: Text, **values: object) -> None:
    print(make_controls_visible(text.say(session.settings.interface_language, **values)))


def _find_conversation(session: Session, name: str) -> Conversation:
    """The conversation of that name; an unknown name is an error, not a new conversation."""
    if name and name not in session.conversations:
        known_names = ", ".join(session.conversations) or "–"
        raise InvalidOption(
            Text(
                "没有叫 {name} 的对话，已有：{known}", "no conversation {name}; there are: {known}"
            ).fill(name=name, known=known_names)
        )
    return session[name] if name else session.conversation


_MAX_MODEL_ROWS = 1000  # models in the table
_NOT_SET = Text("（未设置）", "(not set)")
_MORE = Text(
    "；这里只列前 {n} 个，%ernie models 名称 可筛选",
    "; the first {n} are listed here, %ernie models NAME finds others",
)
# What people call the kinds of models: `%ernie models image` lists them whatever their ids are.
_KIND_WORDS = {
    "chat": ("chat", "文生文", "对话"),
    "completion": ("completion", "续写"),
    "image": ("image", "images", "picture", "pictures", "文生图", "图片"),
    "embedding": ("embedding", "embeddings", "vector", "vectors", "向量"),
    "rerank": ("rerank", "排序"),
}


def list_models(session: Session, words: list[str]) -> Table:
    """List the live models; an argument filters by a part of the id or by the kind."""
    language = session.settings.interface_language
    kinds = {
        "chat": Text("文生文", "chat"),
        "completion": Text("续写", "completion"),
        "image": Text("文生图", "image"),
        "embedding": Text("向量", "embedding"),
        "rerank": Text("排序", "rerank"),
    }
    rows = []
    wanted = words[0].lower() if words else ""
    for entry in session.models():
        if wanted not in entry.id.lower() and wanted not in _KIND_WORDS.get(entry.kind or "", ()):
            continue
        kind = kinds[entry.kind].say(language) if entry.kind else "?"
        rows.append([entry.id, kind, *_describe_model(entry.known, language)])
    headers = {
        "zh": ["模型", "类型", "最长输入（token）", "最长输出", "说明"],
        "en": ["model", "type", "longest input (tokens)", "longest output", "notes"],
    }
    note = Text(
        "{n} 个模型，来自{where}的实时列表；“说明”来自本地目录",
        "{n} models, live from {where}; notes come from the local catalogue",
    )
    note_text = note.say(language, n=len(rows), where=_model_source(session).say(language))
    if len(rows) > _MAX_MODEL_ROWS:
        note_text += _MORE.say(language, n=_MAX_MODEL_ROWS)
    return Table(headers[language], rows[:_MAX_MODEL_ROWS], note_text)


def _model_source(session: Session) -> Text:
    endpoint = session.endpoint()
    return (
        endpoint.service.label
        if endpoint.service.is_simulated
        else untranslated(f" {redact_url(endpoint.base_url)} ")
    )


def _describe_model(entry: Model | None, language: Language) -> list[str]:
    if entry is None:
        return ["", "", ""]
    names = {
        "penalties": Text("支持频率/存在惩罚", "accepts penalties"),
        "vision": Text("图像理解", "accepts pictures"),
        "top_k": untranslated("top_k"),
        "diffusion": untranslated("Stable Diffusion"),
        "enhancer": Text("提示词润色", "prompt enhancer"),
        "thinking": Text("深度思考", "reasoning"),
        "tools": Text("支持工具", "tools"),
    }
    notes = [names[ability].say(language) for ability in sorted(entry.capabilities)]
    if entry.retired:
        notes.append(
            Text("据报上游已于 {date} 下线", "reported retired upstream since {date}").say(
                language, date=entry.retired
            )
        )
    output = str(entry.max_output[1]) if entry.kind == "chat" else ""
    return [
        f"{entry.max_input_tokens:,}" if entry.max_input_tokens else "?",
        output,
        "; ".join(notes),
    ]


def show_history(session: Session, words: list[str]) -> Table:
    """Show the turns as a table: `history`, `history -n 3`, `history -s tutor`."""
    language = session.settings.interface_language
    limit, name = _parse_history_options(words)
    conversation = _find_conversation(session, name)
    turns = list(enumerate(conversation.history, start=1))
    marks = {True: Text("（未完成）", " (partial)").say(language), False: ""}
    rows = [
        [
            str(i),
            time.strftime("%H:%M:%S", time.localtime(turn.time)),
            clip_text(turn.prompt),
            clip_text(turn.answer.text) + marks[turn.answer.partial],
            turn.answer.model,
            str(turn.answer.usage.total_tokens) if turn.answer.usage else "?",
        ]
        for i, turn in (turns[-limit:] if limit else turns)
    ]
    headers = {
        "zh": ["#", "时间", "问", "答", "模型", "token"],
        "en": ["#", "time", "prompt", "answer", "model", "tokens"],
    }
    note = Text("对话 {name} 共 {n} 轮", "conversation {name}: {n} turns").say(
        language, name=conversation.name, n=len(turns)
    )
    return Table(headers[language], rows, note)


def _parse_history_options(words: list[str]) -> tuple[int, str]:
    limit, name = 0, ""
    rest = list(words)
    while rest:
        flag = rest.pop(0)
        if flag not in ("-n", "-s", "--session") or not rest:
            raise InvalidOption(
                Text(
                    "用法：%ernie history [-n 条数] [-s 对话名]",
                    "usage: %ernie history [-n TURNS] [-s NAME]",
                )
            )
        value = rest.pop(0)
        if flag != "-n":
            name = value
        elif value.isdigit() and int(value) > 0:
            limit = int(value)
        else:
            raise InvalidOption(
                Text(
                    "-n 的值“{value}”不是正整数", "-n {value!r} is not a positive whole number"
                ).fill(value=value)
            )
    return limit, name


def show_usage(session: Session, _words: list[str]) -> Table:
    """Tokens by service and model."""
    language = session.settings.interface_language
    rows = [
        [
            service,
            model,
            str(s.requests),
            str(s.usage.prompt_tokens),
            str(s.usage.completion_tokens),
            str(s.usage.total_tokens),
        ]
        for (service, model), s in session.usage.by_model.items()
    ]
    total = session.usage.total
    headers = {
        "zh": ["服务", "模型", "请求", "提示词 token", "回答 token", "合计"],
        "en": ["service", "model", "requests", "prompt tokens", "completion tokens", "total"],
    }
    note = Text("共 {requests} 次请求，{tokens} token", "{requests} requests, {tokens} tokens").say(
        language, requests=total.requests, tokens=total.usage.total_tokens
    )
    if total.uncounted:
        note += Text(
            "；其中 {n} 次服务未报告用量", "; for {n} of them the service reported no count"
        ).say(language, n=total.uncounted)
    return Table(headers[language], rows, note)


def show_limits(session: Session, _words: list[str]) -> Table:
    """What the services allow per minute, and what is left."""
    language = session.settings.interface_language
    sources = {
        "headers": Text("服务的响应头", "the service's headers"),
        "429": Text("由 429 推测", "guessed from a 429"),
        "": Text("未知", "not known"),
    }
    known_limits = [limit for limit in session.limits() if limit.requests or limit.tokens]
    rows = [
        [
            limit.service,
            limit.model,
            *(
                f"{remaining:,} / {maximum:,}" if maximum else "?"
                for remaining, maximum in (
                    (limit.remaining_requests, limit.requests),
                    (limit.remaining_tokens, limit.tokens),
                )
            ),
            sources[limit.learned].say(language),
        ]
        for limit in known_limits
    ]
    headers = {
        "zh": ["服务", "模型", "剩余请求 / 每分钟", "剩余 token / 每分钟", "来源"],
        "en": [
            "service",
            "model",
            "requests left / a minute",
            "tokens left / a minute",
            "learned from",
        ],
    }
    note = Text(
        "限额按账户计算，本内核的所有调用共用；还没有调用过的不在表中",
        "limits belong to the account and are shared by every call in this kernel; what was "
        "not called yet is not listed",
    )
    return Table(headers[language], rows, note.say(language))


def reset_conversation(session: Session, words: list[str]) -> None:
    """Forget a conversation's turns."""
    conversation = _find_conversation(session, words[0] if words else "")
    count = len(conversation.history)
    conversation.reset()
    _print_message(
        session,
        Text("已清空对话 {name} 的 {n} 轮", "conversation {name}: {n} turns forgotten"),
        name=conversation.name,
        n=count,
    )


def use_service(session: Session, words: list[str]) -> None:
    """Choose the service."""
    if words:
        session.use(words[0])
    _print_message(
        session,
        Text("现在使用 {service}", "now using {service}"),
        service=session.settings.choose_service().label.say(session.settings.interface_language),
    )
    try:
        session.settings.build_endpoint()
    except ErnieError as error:  # it is chosen, but cannot be called yet
        print(error.line(session.settings.interface_language))


def configure_settings(session: Session, words: list[str]) -> Table | None:
    """`config` shows every setting, `config NAME` one; `config NAME VALUE` sets it, `config NAME
    ""` unsets it.
    """
    settings, language = session.settings, session.settings.interface_language
    if len(words) == 1 and "=" in words[0]:
        words = words[0].split("=", 1)
    if len(words) >= 2:  # noqa: PLR2004
        settings.assign_text(words[0], " ".join(words[1:]) if words[1:] != ["default"] else "")
        name = words[0].replace("-", "_")
        if name in ("api_key", "secret_key", "base_url"):
            use_service(session, [])
        print(
            make_controls_visible(
                f"{name} = "
                f"{_describe_setting(session, name) or _NOT_SET.say(settings.interface_language)}"
            )
        )
        return None
    names = [
        name
        for name in settings.trait_names(config=True)
        if not words or name == words[0].replace("-", "_")
    ]
    if not names:
        settings.assign_text(words[0], "")  # raises, naming the closest setting
    unset = _NOT_SET.say(language)
    rows = [
        [
            name,
            _describe_setting(session, name) or unset,
            _localized_help(settings.traits()[name].help, language),
        ]
        for name in sorted(names)
    ]
    headers = {"zh": ["设置", "值", "说明"], "en": ["setting", "value", "meaning"]}
    instructions = Text(
        "修改：%ernie config 名称 值；恢复默认：%ernie config 名称 default；也可用 %config "
        "ErnieSettings 或 ernie.settings",
        "change: %ernie config NAME VALUE; unset: %ernie config NAME default; or %config "
        "ErnieSettings, ernie.settings",
    )
    return Table(headers[language], rows, instructions.say(language))


def _localized_help(both: str, language: Language) -> str:
    """A trait's help in both languages, since `%config` shows it unchanged."""
    zh, _, en = both.partition(" / ")
    return zh if language == "zh" or not en else en


def _describe_setting(session: Session, name: str) -> str:
    """A setting's value, and its origin unless that is the session; never a key."""
    settings, service = session.settings, session.settings.choose_service()
    value = getattr(settings, name)
    if name == "service" and not value:
        return f"{service.name} (auto)"
    if name == "api_key":
        _, source, variable = endpoints.find_key(service)
        displayed = doctor.SET.say(settings.interface_language)
        source = doctor.WHERE.get(source, untranslated(source)).say(settings.interface_language)
        is_found = variable and endpoints.find_key(service)[0]
        elsewhere = f"{displayed} ({source} {variable})" if is_found else ""
        return displayed if value else elsewhere
    if name == "base_url" and not value:
        configured_url, source = endpoints.read_variable(service.base_url_variable)
        if not configured_url:
            return service.base_url
        location = doctor.WHERE.get(source, untranslated(source)).say(settings.interface_language)
        return f"{redact_url(configured_url)} ({location} {service.base_url_variable})"
    if isinstance(value, BaseUrl) and value.login:
        return str(value).replace("//", "//•••@", 1)
    return "" if value in (None, "") else redact_url(str(value))


def open_panel(session: Session, words: list[str]) -> Any:
    """Show sliders, chat, pictures and vectors."""
    return session.panel(*words)


def set_language(session: Session, words: list[str]) -> None:
    """Chinese or English."""
    if words and words[0] not in LANGUAGES:
        raise InvalidOption(Text("用法：%ernie lang zh 或 en", "usage: %ernie lang zh or en"))
    if words:
        session.settings.language = words[0]
    _print_message(session, Text("界面语言：中文", "language: English"))


def run_doctor(session: Session, _words: list[str]) -> Table:
    """Check what works and what does not."""
    language = session.settings.interface_language
    rows = [
        [doctor.MARKS[check.ok], check.name.say(language), check.value.say(language)]
        for check in doctor.run_checks(session)
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
    "limits": (show_limits, Text("频率限制还剩多少", "what is left of the rate limits")),
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
