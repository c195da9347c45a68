"""`%ernie models`, `history`, `usage` and `limits`: what the session knows, as tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ernie_magic.api.catalogue import CATALOGUE, KIND_NAMES
from ernie_magic.calls.chat.history import TURNS
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.display.html_table import Table
from ernie_magic.notebook.display.services import (
    own_models_table,
    service_table,
    services_table,
)
from ernie_magic.notebook.display.session_tables import (
    ability_words,
    history_table,
    models_table,
    usage_table,
)
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from ernie_magic.api.models import Listed
    from ernie_magic.calls.chat.conversation import Conversation
    from ernie_magic.session import Session


_NO_TURNS = Text(
    "对话 {name} 里还没有内容：用 %%ernie 提问",
    "conversation {name}: no turns yet; ask with %%ernie",
)
_LIST_ALL = Text("%ernie models 列出全部", "%ernie models lists all")


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
    """List the live models; an argument filters by a part of the id or by the kind, and `--mine`
    lists the user's own.
    """
    if words == ["--mine"]:
        return own_models_table(session.services.models(), session.settings.interface_language)
    sought = "".join(words).lower()
    listed = session.models()
    entries = [entry for entry in listed if _matches(entry, sought)]
    language = session.settings.interface_language
    table = models_table(entries, session, language)
    if entries:
        return table
    kinds = [word for kind in KIND_NAMES.values() for word in kind.words]
    abilities = [word for entry in listed if entry.known for word in ability_words(entry.known)]
    names = [*(entry.id for entry in listed), *kinds, *dict.fromkeys(abilities)]
    closest = did_you_mean(sought, names) or _LIST_ALL
    return replace(table, note=f"{table.note} · {closest.say(language)}")


def list_services(session: Session, words: list[str]) -> Table:
    """List the services that were deployed, then the preset ones; a name shows one of them."""
    language = session.settings.interface_language
    if words:
        return service_table(session.services.get(words[0]), language)
    return services_table(session.services.list(preset=True), language)


def _matches(entry: Listed, sought: str) -> bool:
    """Whether this is in the id, or an ability or the kind: `%ernie models image` lists all that
    draw, `vision` all that see.
    """
    if sought in entry.id.lower():
        return True
    if entry.known is not None and sought in ability_words(entry.known):
        return True
    return entry.kind is not None and sought in KIND_NAMES[entry.kind].words


def show_history(session: Session, words: list[str]) -> Table:
    """Show the turns as a table: `history`, `history -n 3`, `history -s tutor`."""
    language = session.settings.interface_language
    limit, name = _parse_history_options(words)
    conversation = find_conversation(session, name)
    turns = list(enumerate(conversation.history, start=1))
    note = Text("对话 {name} 共 {turns}", "conversation {name}: {turns}").fill(
        name=conversation.name, turns=TURNS.fill(len(turns))
    )
    if not turns:
        note = _NO_TURNS.fill(name=conversation.name)
    # `turns[-0:]` is all of them.
    return history_table(turns[-limit:], note.say(language), language)


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
                ).fill(value=value),
                advice=Text("例如 %ernie history -n 3", "for example %ernie history -n 3"),
            )
    return limit, name


def show_usage(session: Session, _words: list[str]) -> Table:
    """Tokens by service and model."""
    return usage_table(session.usage, session, session.settings.interface_language)


def show_limits(session: Session) -> Table:
    """What the services allow per minute and at once, and what is left."""
    language = session.settings.interface_language
    sources = {
        "headers": Text("服务的响应头", "the service's headers"),
        "429": Text("由 429 推测", "guessed from a 429"),
        "": Text("未知", "not known"),
    }
    known_limits = [limit for limit in session.limits() if limit.is_known]
    ids = [*(entry.id for entry in CATALOGUE), *(entry.id for entry in session.listed_models())]
    spellings = {id_.lower(): id_ for id_ in ids}
    rows = [
        [
            limit.service,
            spellings.get(limit.model.lower(), limit.model),  # a limit is one for all spellings
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
            "并发",
            "每秒请求（约）",
            "来源",
        ],
        "en": [
            "service",
            "model",
            "requests left / per minute",
            "tokens left / per minute",
            "concurrent",
            "per second (about)",
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
