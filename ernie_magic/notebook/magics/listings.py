"""`%ernie models`, `history`, `usage` and `limits`: what the session knows, as tables."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ernie_magic.api.catalogue import KIND_NAMES, KindName
from ernie_magic.api.default_model import configured_or_default_model
from ernie_magic.api.model_order import sort_models
from ernie_magic.api.models import is_simulated
from ernie_magic.config.addresses import redact_url
from ernie_magic.config.services import EMULATOR, QIANFAN
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.display.html_table import Table, clip_to_line
from ernie_magic.text.language import Language, Text, untranslated

if TYPE_CHECKING:
    from ernie_magic.api.catalogue import Kind, Model
    from ernie_magic.api.models import Listed
    from ernie_magic.calls.chat.conversation import Conversation
    from ernie_magic.calls.chat.history import Turn
    from ernie_magic.session import Session

_KINDS_WITH_DEFAULT: tuple[Kind, ...] = ("chat", "image", "embedding")
_MAX_MODEL_ROWS = 1000  # models in the table
_OPTIONAL = (2, 5)  # columns that few lists fill: the context and the price
_PARTIAL = Text("（未完成）", " (partial)")
_UNKNOWN_KIND = KindName(untranslated("?"), untranslated("?"))
_MORE = Text(
    "；这里只列前 {n} 个，%ernie models 名称 可筛选",
    "; the first {n} are listed here, %ernie models NAME finds others",
)


def find_conversation(session: Session, name: str) -> Conversation:
    """The conversation of that name; an unknown name is an error, not a new conversation."""
    if name and name not in session.conversations:
        known_names = ", ".join(session.conversations) or "–"
        raise InvalidOption(
            Text(
                "没有叫 {name} 的对话，可选：{known}", "no conversation {name}; choices: {known}"
            ).fill(name=name, known=known_names)
        )
    if not name:
        return session.conversation
    return session[name]


def list_models(session: Session, words: list[str]) -> Table:
    """List the live models; an argument filters by a part of the id or by the kind."""
    language = session.settings.interface_language
    sought = "".join(words).lower()
    found = []
    for entry in sort_models(session.models()):
        kind_name = _UNKNOWN_KIND
        if entry.kind:
            kind_name = KIND_NAMES[entry.kind]
        # `%ernie models image` lists them whatever their ids are.
        if sought in entry.id.lower() or sought in kind_name.words:
            found.append((entry, kind_name.label.say(language)))
    rows = [
        [entry.id, kind_label, *_describe_model(entry, language)]
        for entry, kind_label in found[:_MAX_MODEL_ROWS]
    ]
    _mark_defaults(session, rows)
    headers = [header.say(language) for header in _model_headers(session)]
    # Many lists give no more than ids.
    given = [n for n, header in enumerate(headers) if n not in _OPTIONAL or any(r[n] for r in rows)]
    note = Text(
        "{n} 个模型，来自{where}的实时列表；“说明”来自本地目录",
        "{n} models, live from {where}; notes come from the local catalogue",
    )
    note_text = note.say(language, n=len(found), where=_model_source(session).say(language))
    if len(found) > _MAX_MODEL_ROWS:
        note_text += _MORE.say(language, n=_MAX_MODEL_ROWS)
    return Table([headers[n] for n in given], [[row[n] for n in given] for row in rows], note_text)


def _mark_defaults(session: Session, rows: list[list[str]]) -> None:
    """Say in the notes which models a call uses that names none."""
    settings = session.settings
    service = settings.choose_service().name
    listed = session.listed_models()
    defaults = {
        configured_or_default_model(kind, settings, service, listed) for kind in _KINDS_WITH_DEFAULT
    }
    mark = Text("默认", "default").say(settings.interface_language)
    for row in rows:
        if row[0] in defaults:
            row[-1] = " · ".join(note for note in (mark, row[-1]) if note)


def _model_headers(session: Session) -> list[Text]:
    price = Text("价格（输入 / 输出）", "price (input / output)")
    if session.endpoint().service is QIANFAN:
        price = Text("价格（元/千 token，输入 / 输出）", "CNY per 1,000 tokens (input / output)")
    return [
        Text("模型", "model"),
        Text("类型", "type"),
        Text("上下文（token）", "context (tokens)"),
        Text("最长输入（token）", "longest input (tokens)"),
        Text("最长输出", "longest output"),
        price,
        Text("说明", "notes"),
    ]


def _model_source(session: Session) -> Text:
    endpoint = session.endpoint()
    if is_simulated(session.client.service_name(endpoint)):
        return EMULATOR.label
    return untranslated(f" {redact_url(endpoint.base_url)} ")


def _describe_model(listed: Listed, language: Language) -> list[str]:
    """What the list says of a model's lengths and prices, else what the catalogue does; notes."""
    facts = listed.facts
    entry = listed.known
    notes = ""
    longest_input = facts.longest_input
    longest_output = facts.longest_output
    if entry is not None:
        notes = _describe_abilities(entry, language)
        longest_input = longest_input or entry.max_input_tokens
        if entry.kind == "chat":
            longest_output = longest_output or entry.max_output[1]
    input_text = _describe_tokens(longest_input)
    if entry is not None:
        input_text = input_text or "?"
    return [
        _describe_tokens(facts.context),
        input_text,
        str(longest_output or ""),
        listed.pricing,
        notes,
    ]


def _describe_tokens(number: int | None) -> str:
    return f"{number:,}" if number else ""


def _describe_abilities(entry: Model, language: Language) -> str:
    names = {
        "penalties": Text("支持频率/存在惩罚", "accepts penalties"),
        "vision": Text("图像理解", "accepts pictures"),
        "top_k": untranslated("top_k"),
        "diffusion": untranslated("Stable Diffusion"),
        "enhancer": Text("提示词润色", "prompt enhancer"),
        "thinking": Text("深度思考", "reasoning"),
        "reference": Text("可给参考图", "reference picture"),
        "tools": Text("支持工具", "tools"),
    }
    notes = [names[ability].say(language) for ability in sorted(entry.capabilities)]
    if entry.retired:
        notes.append(
            Text("据报上游已于 {date} 下线", "reported retired upstream since {date}").say(
                language, date=entry.retired
            )
        )
    return "; ".join(notes)


def show_history(session: Session, words: list[str]) -> Table:
    """Show the turns as a table: `history`, `history -n 3`, `history -s tutor`."""
    language = session.settings.interface_language
    limit, name = _parse_history_options(words)
    conversation = find_conversation(session, name)
    turns = list(enumerate(conversation.history, start=1))
    # `turns[-0:]` is all of them.
    rows = [[str(i), *_describe_turn(turn, language)] for i, turn in turns[-limit:]]
    headers = {
        "zh": ["#", "时间", "问", "答", "模型", "token"],
        "en": ["#", "time", "prompt", "answer", "model", "tokens"],
    }
    note = Text("对话 {name} 共 {n} 轮", "conversation {name}: {n} turns").say(
        language, name=conversation.name, n=len(turns)
    )
    return Table(headers[language], rows, note)


def _describe_turn(turn: Turn, language: Language) -> list[str]:
    answer = turn.answer
    mark = _PARTIAL.say(language) if answer.partial else ""
    return [
        time.strftime("%H:%M:%S", time.localtime(turn.time)),
        clip_to_line(turn.prompt),
        clip_to_line(answer.text) + mark,
        answer.model,
        str(answer.usage.total_tokens) if answer.usage else "?",
    ]


def _parse_history_options(words: list[str]) -> tuple[int, str]:
    limit = 0
    name = ""
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


def show_limits(session: Session) -> Table:
    """What the services allow per minute and at once, and what is left."""
    language = session.settings.interface_language
    sources = {
        "headers": Text("服务的响应头", "the service's headers"),
        "429": Text("由 429 推测", "guessed from a 429"),
        "": Text("未知", "not known"),
    }
    known_limits = [limit for limit in session.limits() if limit.is_known]
    rows = [
        [
            limit.service,
            limit.model,
            _describe_remaining(limit.remaining_requests, limit.requests),
            _describe_remaining(limit.remaining_tokens, limit.tokens),
            _describe_number(limit.max_concurrency),
            _describe_number(limit.per_second),
            sources[limit.learned].say(language),
        ]
        for limit in known_limits
    ]
    headers = {
        "zh": [
            "服务",
            "模型",
            "剩余请求 / 每分钟",
            "剩余 token / 每分钟",
            "同时",
            "每秒约",
            "来源",
        ],
        "en": [
            "service",
            "model",
            "requests left / a minute",
            "tokens left / a minute",
            "at a time",
            "about a second",
            "learned from",
        ],
    }
    note = Text(
        "限额按账户计算，本内核的所有调用共用；还没有调用过的不在表中",
        "limits belong to the account and are shared by every call in this kernel; what was "
        "not called yet is not listed",
    )
    return Table(headers[language], rows, note.say(language))


def _describe_number(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:.3g}"


def _describe_remaining(remaining: int | None, maximum: int | None) -> str:
    return f"{remaining:,} / {maximum:,}" if maximum else "?"
