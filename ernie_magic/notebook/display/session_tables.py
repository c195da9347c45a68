"""What a session knows, as tables: turns, conversations, usage, models."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from ernie_magic.api.catalogue import KIND_NAMES
from ernie_magic.api.default_model import configured_or_default_model
from ernie_magic.api.model_order import GROUP_TITLES, ModelGroup, group_model, sort_models
from ernie_magic.api.models import is_simulated
from ernie_magic.config.addresses import redact_url
from ernie_magic.config.services import EMULATOR, SERVICES
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.display.html_table import Table, clip_to_line
from ernie_magic.runtime.progress import format_yuan
from ernie_magic.text.counts import MODELS, REQUESTS, TOKENS
from ernie_magic.text.language import Language, Text, untranslated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ernie_magic.api.catalogue import Kind, Model
    from ernie_magic.api.models import Listed
    from ernie_magic.api.usage import Spent
    from ernie_magic.api.usage_log import UsageLog
    from ernie_magic.calls.chat.conversation import Conversation
    from ernie_magic.calls.chat.history import Turn
    from ernie_magic.session import Session

_PARTIAL = Text("（未完成）", " (partial)")
# What stands between a table's head and its rows in Markdown.
_RULE = re.compile(r"\|[|:\- ]*-[|:\- ]*")
_FENCE = re.compile(r" {0,3}(?:`{3,}|~{3,})[^`]*")  # of a block of code (CommonMark, section 4.5)
_WORDS = 48  # characters of a prompt or an answer in a row
_SIMULATED = Text("{service}（模拟，不计费）", "{service} (simulated, free)")
_MAX_MODEL_ROWS = 1000  # models in the table
_KINDS_WITH_DEFAULT: tuple[Kind, ...] = ("chat", "image", "embedding", "rerank")


def history_table(turns: Iterable[tuple[int, Turn]], note: str, language: Language) -> Table:
    """Numbered turns of a conversation."""
    rows = [[str(number), *_describe_turn(turn, language)] for number, turn in turns]
    headers = {
        "zh": ["#", "时间", "提示词", "回答", "模型", "token"],
        "en": ["#", "time", "prompt", "answer", "model", "tokens"],
    }
    return Table(headers[language], rows, note)


def _describe_turn(turn: Turn, language: Language) -> list[str]:
    answer = turn.answer
    mark = ""
    tokens = "?"
    if answer.partial:
        mark = _PARTIAL.say(language)
    if answer.usage:
        tokens = f"{answer.usage.total_tokens:,}"
    return [
        time.strftime("%H:%M:%S", time.localtime(turn.time)),
        clip_to_line(turn.prompt, _WORDS),
        clip_to_line(plain_words(turn.answer_in_words), _WORDS) + mark,
        answer.model,
        tokens,
    ]


def plain_words(markdown: str) -> str:
    """The beginning of an answer without the marks of Markdown, for a line of a table."""
    begun = markdown[: 8 * _WORDS]
    lines = [
        line for line in begun.splitlines() if not (_RULE.fullmatch(line) or _FENCE.fullmatch(line))
    ]
    return " ".join(map(_plain_line, lines)).replace("**", "").replace("`", "").replace("__", "")


def _plain_line(line: str) -> str:
    """A line without the marks at its beginning; of a table's row, its cells."""
    if not line.startswith("|"):
        return line.lstrip("#>-*+ \t")
    cells = [cell.strip() for cell in line.strip("| \t").split("|")]
    return " · ".join(cells)


def conversations_table(conversations: Mapping[str, Conversation], language: Language) -> Table:
    """The named conversations, with the last prompt of each."""
    rows = []
    for name, conversation in list(conversations.items()):
        turns = conversation.history
        last = clip_to_line(turns[-1].prompt, _WORDS) if turns else ""
        rows.append([name, f"{len(turns):,}", last, clip_to_line(conversation.system, _WORDS)])
    headers = {
        "zh": ["对话", "轮数", "最后的提示词", "系统提示词"],
        "en": ["conversation", "turns", "last prompt", "system prompt"],
    }
    note = Text(
        "ernie[名称] 打开一个对话；在单元格里用 %%ernie -s 名称",
        "ernie[NAME] opens one; in a cell: %%ernie -s NAME",
    )
    return Table(headers[language], rows, note.say(language))


# --- usage ----------------------------------------------------------------------------------------

_COUNTS = {
    Text("提示词 token", "prompt tokens"): "prompt_tokens",
    Text("其中命中缓存", "of these cached"): "cached_tokens",
    Text("回答 token", "answer tokens"): "completion_tokens",
    Text("其中思考", "of these thoughts"): "reasoning_tokens",
    Text("合计 token", "total tokens"): "total_tokens",
}
_SELDOM_REPORTED = ("cached_tokens", "reasoning_tokens")


def usage_table(usage: UsageLog, session: Session, language: Language) -> Table:
    """Tokens by service and model, with what they cost where the list of models has prices."""
    spent = usage.by_model
    costs = [_cost(session, service, model, each) for (service, model), each in spent.items()]
    columns = {
        Text("服务", "service"): [_name_service(service, language) for service, _ in spent],
        Text("模型", "model"): [model for _, model in spent],
        Text("请求", "requests"): [f"{each.requests:,}" for each in spent.values()],
    }
    counts = [each.usage for each in spent.values()]
    for header, name in _COUNTS.items():
        tokens = [getattr(each, name) for each in counts]
        # Most services do not report all of them.
        if any(tokens) or name not in _SELDOM_REPORTED:
            columns[header] = [f"{number:,}" for number in tokens]
    note = describe_spent(usage.total, language)
    if any(costs):
        columns[Text("费用", "cost")] = [format_yuan(cost) if cost else "" for cost in costs]
        note += f" · {format_yuan(sum(costs))}"
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    return Table([header.say(language) for header in columns], rows, note)


def describe_spent(spent: Spent, language: Language) -> str:
    """Requests and tokens, on one line."""
    note = Text("共 {requests}，{tokens}", "{requests}, {tokens}").fill(
        requests=REQUESTS.fill(spent.requests), tokens=TOKENS.fill(spent.usage.total_tokens)
    )
    line = note.say(language)
    if spent.uncounted:
        line += Text(
            "；其中 {n:,} 次服务未报告用量", "; for {n:,} of them the service reported no count"
        ).say(language, n=spent.uncounted)
    return line


def _name_service(name: str, language: Language) -> str:
    """A service by its name for `%ernie use`; whether no model answered there."""
    if is_simulated(name):
        return _SIMULATED.say(language, service=name)
    return name


def _cost(session: Session, service: str, model: str, spent: Spent) -> float:
    """What was spent on a model in CNY; 0.0 where no price is known."""
    if service not in SERVICES or not SERVICES[service].prices_in_yuan:
        return 0.0
    for entry in session.listed_models():
        if entry.id.lower() == model.lower() and entry.token_price is not None:
            tokens = spent.usage.total_tokens
            return entry.token_price.cost(tokens, spent.usage.completion_tokens)
    return 0.0


# --- models ---------------------------------------------------------------------------------------

_RETIRED_ROWS = Text(
    "{models}据报已下线（%ernie models 名称 可筛选）",
    "{models} reported retired (%ernie models NAME finds one)",
)
_MORE = Text(
    "；这里只列前 {n:,} 个，%ernie models 名称 可筛选",
    "; the first {n:,} are listed here, %ernie models NAME finds others",
)
_LIVE = Text("{models}，来自{where}的实时列表", "{models}, live from {where}")
_DEFAULT = Text("默认", "default")
_RETIRED = Text("据报上游已于 {date} 下线", "reported retired upstream since {date}")
_ABILITIES = {
    "thinking": Text("思考", "reasoning"),
    "vision": Text("看图", "vision"),
    "tools": Text("工具", "tools"),
    "penalties": Text("频率/存在惩罚", "penalties"),
    "top_k": untranslated("top_k"),
    "diffusion": untranslated("Stable Diffusion"),
    "enhancer": Text("提示词润色", "prompt enhancer"),
    "reference": Text("可给参考图", "reference picture"),
}


def models_table(entries: Sequence[Listed], session: Session, language: Language) -> Table:
    """Models with what the list says of each, else what the catalogue does: recommended ones
    first, those reported as retired last and folded.
    """
    shown, headings, retired = _ordered(entries[:_MAX_MODEL_ROWS], language)
    defaults = {_default_model(session, kind) for kind in _KINDS_WITH_DEFAULT}
    rows = [_describe_model(entry, entry.id in defaults, language) for entry in shown]
    headers = [header.say(language) for header in _model_headers(session)]
    # Many lists give no more than ids.
    given = [n for n in range(len(headers)) if n == 0 or any(row[n] for row in rows)]
    note = _LIVE.fill(models=MODELS.fill(len(entries)), where=_model_source(session))
    note_text = note.say(language)
    if len(entries) > _MAX_MODEL_ROWS:
        note_text += _MORE.say(language, n=_MAX_MODEL_ROWS)
    if retired == len(rows):  # what was looked for is shown
        retired = 0
    return Table(
        [headers[n] for n in given],
        [[row[n] for n in given] for row in rows],
        note_text,
        headings,
        retired,
        _RETIRED_ROWS.fill(models=MODELS.fill(retired)).say(language),
    )


def _ordered(
    entries: Sequence[Listed],
    language: Language,
) -> tuple[list[Listed], dict[int, str], int]:
    """The models by kind and group, the titles of the groups by row, and how many are retired."""
    ordered = sort_models(entries)
    headings: dict[int, str] = {}
    last_title = ""
    retired = 0
    for row, entry in enumerate(ordered):
        group = group_model(entry)
        if group is ModelGroup.RETIRED:
            retired += 1
            continue
        title = _title_group(entry, group, language)
        if title != last_title:
            headings[row] = last_title = title
    return ordered, headings, retired


def _title_group(entry: Listed, group: ModelGroup, language: Language) -> str:
    if entry.kind is None:
        return GROUP_TITLES[ModelGroup.UNKNOWN].say(language)
    title = KIND_NAMES[entry.kind].label.say(language)
    if entry.kind == "chat":
        return f"{title} · {GROUP_TITLES[group].say(language)}"
    return title


def _model_headers(session: Session) -> list[Text]:
    price = Text("价格（输入 / 输出）", "price (input / output)")
    if session.endpoint().service.prices_in_yuan:
        price = Text("价格（元/千 token，输入 / 输出）", "CNY per 1,000 tokens (input / output)")
    return [
        Text("模型", "model"),
        Text("类型", "type"),
        Text("上下文", "context"),
        Text("最长输入", "max input"),
        Text("最长输出", "max output"),
        price,
        Text("能力", "abilities"),
        Text("说明", "notes"),
    ]


def _model_source(session: Session) -> Text:
    endpoint = session.endpoint()
    if is_simulated(session.client.service_name(endpoint)):
        return EMULATOR.label
    address = redact_url(endpoint.base_url)
    return Text(f" {address} ", address)


def _describe_model(listed: Listed, is_default: bool, language: Language) -> list[str]:
    """A row: what the list says of a model's lengths and prices, else what the catalogue does."""
    facts = listed.facts
    entry = listed.known
    longest_input = facts.longest_input
    longest_output = facts.longest_output
    kind_label = "?"
    abilities = ""
    notes = list[str]()
    if listed.kind:
        kind_label = KIND_NAMES[listed.kind].label.say(language)
    if is_default:
        notes.append(_DEFAULT.say(language))
    if entry is not None:
        abilities = describe_abilities(entry, language)
        longest_input = longest_input or entry.max_input_tokens
        if entry.kind == "chat":
            longest_output = longest_output or entry.max_output[1]
        if entry.retired:
            notes.append(_RETIRED.say(language, date=entry.retired))
    return [
        listed.id,
        kind_label,
        _describe_tokens(facts.context),
        _describe_tokens(longest_input),
        _describe_tokens(longest_output),
        listed.pricing,
        abilities,
        "; ".join(notes),
    ]


def _default_model(session: Session, kind: Kind) -> str:
    """The model of a call that names none."""
    settings = session.settings
    try:
        service = settings.choose_service().name
    except ErnieError:
        return ""
    return configured_or_default_model(kind, settings, service, session.listed_models())


def _describe_tokens(number: int | None) -> str:
    return f"{number:,}" if number else ""


def ability_words(entry: Model) -> list[str]:
    """The words that a model's abilities are found by."""
    named = [name for ability, name in _ABILITIES.items() if ability in entry.capabilities]
    words = [*entry.capabilities, *(word for name in named for word in (name.zh, name.en))]
    if "vision" in entry.capabilities:
        words += ["视觉", "多模态", "multimodal"]
    return words


def describe_abilities(entry: Model, language: Language) -> str:
    """What a model can do besides what all of its kind can."""
    separator = "、" if language == "zh" else ", "
    return separator.join(
        name.say(language) for ability, name in _ABILITIES.items() if ability in entry.capabilities
    )
