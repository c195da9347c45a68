"""The tables of notebooks/reference, made from the tables that the package itself reads.

A page says in words what no table knows; between two marks it holds a table, which

    python -m tests.tools.reference

makes anew. A test holds each page equal to what this would write.
"""

from __future__ import annotations

import inspect
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ernie_magic import errors
from ernie_magic.api import parameters
from ernie_magic.api.catalogue import CATALOGUE, KIND_NAMES
from ernie_magic.api.parameter import GROUP_TITLES
from ernie_magic.api.parameter_types import AnswerLength
from ernie_magic.calls.datasets.formats import FORMATS
from ernie_magic.config import services
from ernie_magic.config.settings import SESSION_PARAMETERS, ErnieSettings
from ernie_magic.notebook.magics.chat import CHAT_GRAMMAR
from ernie_magic.notebook.magics.commands import COMMANDS
from ernie_magic.notebook.magics.embeddings import EMBED_GRAMMAR
from ernie_magic.notebook.magics.images import IMAGE_COMMANDS, IMAGE_GRAMMAR
from ernie_magic.notebook.magics.tables import MAP_GRAMMAR
from ernie_magic.text.language import LANGUAGES, Language, Text, untranslated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ernie_magic.api.catalogue import Kind, Model
    from ernie_magic.api.parameter import Group, Parameter
    from ernie_magic.config.services import Service
    from ernie_magic.notebook.magics.options import Grammar, Option

ROOT = Path(__file__).parents[2]
READMES: dict[Language, Path] = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}
FOLDERS: dict[Language, Path] = {
    "en": ROOT / "notebooks" / "reference" / "en",
    "zh": ROOT / "notebooks" / "reference" / "zh-CN",
}
_MARKED = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_MAX_MODELS_NAMED = 3

_OPTION = Text("选项", "Option")
_VALUES = Text("取值", "Values")
_DEFAULT = Text("不写时", "If omitted")
_MEANING = Text("作用", "What it does")
_FOR = Text("适用于", "For")
_MODEL = Text("模型", "Model")
_KIND = Text("用途", "For")
_SETTING = Text("设置", "Setting")
_COMMAND = Text("命令", "Command")
_EXAMPLE = Text("例", "Example")
_CLASS = Text("类", "Class")
_FORMAT = Text("格式", "Format")
_CONTENT = Text("内容", "What it holds")
_LINE = Text("一行", "A line")
_SERVICE = Text("服务", "Service")
_KEY = Text("密钥的变量", "Variables with the key")
_ADDRESS = Text("地址（和改它的变量）", "Address, and the variable for another one")
_VARIABLE = Text("变量", "Variable")
_INPUT = Text("输入", "Input")
_OUTPUT = Text("最大输出", "Max output")
_ABILITIES = Text("能力", "Abilities")
_SIZES = Text("尺寸", "Sizes")
_RETIRED = Text("下线", "Retired")
_BATCH = Text("一次几条", "In one call")
_PATH = Text("V1 路径", "Path on V1")

_V1_ONLY = Text("千帆 V1", "Qianfan V1")
_NOT_V1 = Text("千帆 V1 没有", "not Qianfan V1")
_ABILITY_NAMES = {
    "penalties": Text("频率和存在惩罚", "penalties"),
    "tools": Text("工具", "tools"),
    "top_k": Text(" top_k ", "top_k"),
    "vision": Text("看图", "vision"),
    "thinking": Text("思考", "reasoning"),
    "diffusion": Text("风格、采样器、反向提示词", "styles, samplers, negative prompt"),
    "enhancer": Text("润色提示词", "prompt enhancer"),
    "reference": Text("参考图", "a picture to follow"),
    "prompt_extend": Text("扩写提示词", "extends the prompt"),
}
_WITH_ABILITY = Text("支持{ability}的[模型](models.md)", "[models](models.md) with {ability}")
# Models of an ability that the catalogue does not hold (`Parameter.requires`).
_OTHER_MODELS = {"prompt_extend": untranslated("qwen-image, MuseSteamer")}

# --- Markdown -------------------------------------------------------------------------------------


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a column that is empty in every row is left out."""
    listed = [list(row) for row in rows]
    kept = [i for i in range(len(headers)) if any(row[i] for row in listed)]
    lines = [[headers[i] for i in kept], ["---"] * len(kept)]
    lines += [[_escape_cell(row[i]) for i in kept] for row in listed]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _escape_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _codes(texts: Iterable[str]) -> str:
    return " ".join(_code(text) for text in texts)


# --- options --------------------------------------------------------------------------------------


def group_table(language: Language, grammar: Grammar, group: Group) -> str:
    """Return the table of a magic's options that its help lists in one group."""
    chosen = [p for p in parameters.parameters_of(grammar.kind).values() if p.group == group]
    rows = [_parameter_row(parameter, language) for parameter in chosen]
    rows += [_option_row(option, language) for option in grammar.options if option.group == group]
    return table(_option_headers(language), rows)


def all_groups_table(language: Language, grammar: Grammar) -> str:
    """Return the table of all options of a magic, in the order of the groups."""
    chosen = [
        parameter
        for group in GROUP_TITLES
        for parameter in parameters.parameters_of(grammar.kind).values()
        if parameter.group == group
    ]
    rows = [_parameter_row(parameter, language) for parameter in chosen]
    rows += [_option_row(option, language) for option in grammar.options]
    return table(_option_headers(language), rows)


def parameter_table(language: Language, kind: Kind) -> str:
    """Return the table of the parameters of a kind of call that has no magic."""
    chosen = parameters.parameters_of(kind).values()
    return table(_option_headers(language), [_parameter_row(p, language) for p in chosen])


def _option_headers(language: Language) -> list[str]:
    return [text.say(language) for text in (_OPTION, _VALUES, _DEFAULT, _MEANING, _FOR)]


def _option_row(option: Option, language: Language) -> list[str]:
    return [_code(option.usage), "", "", option.help.say(language), ""]


def _parameter_row(parameter: Parameter, language: Language) -> list[str]:
    return [
        _codes(_flags(parameter)),
        _describe_values(parameter, language),
        _describe_default(parameter.default),
        parameter.help.say(language),
        _describe_support(parameter, language),
    ]


def _flags(parameter: Parameter) -> list[str]:
    v1 = "--" + (parameter.v1 or "").replace("_", "-")
    flags = (parameter.short, parameter.option_name, v1)
    return list(dict.fromkeys(flag for flag in flags if flag not in ("", "--")))


def _describe_values(parameter: Parameter, language: Language) -> str:
    if parameter.choices:
        return _codes(parameter.format_range().split(" | "))
    bounds = parameter.format_range()
    if bounds:
        return _in_words(parameter, language)
    if parameter.takes_switch:
        return "`on` `off`"
    return parameter.type_name.say(language) if parameter.type != "str" else ""


def _in_words(parameter: Parameter, language: Language) -> str:
    """Return a range as people say it: `0–1`, and which end is not part of it."""
    low, high = parameter.minimum, parameter.maximum
    if high is None:
        if parameter.open_minimum:
            return Text("大于 {low:g}", "above {low:g}").say(language, low=low)
        return Text("{low:g} 起", "from {low:g}").say(language, low=low)
    words = f"{_number(low)}–{_number(high)}"
    if isinstance(parameter, AnswerLength):
        most = max(entry.max_output[1] for entry in CATALOGUE)
        words = f"{_number(low)}–{_number(most)}"
        return words + Text("，因[模型](models.md)而异", ", by [model](models.md)").say(language)
    excluded = [
        _number(end)
        for end, is_open in (
            (low, parameter.open_minimum),
            (high, parameter.open_maximum),
        )
        if is_open
    ]
    if len(excluded) > 1:
        return words + Text("（不含两端）", " (neither end)").say(language)
    if excluded:
        words += Text("（不含 {end}）", " (not {end})").say(language, end=excluded[0])
    return words


def _number(value: float | None) -> str:
    return f"{value:,.10g}"


def _describe_default(default: object) -> str:
    if default is None:
        return ""
    if isinstance(default, bool):
        return _code("on" if default else "off")
    if isinstance(default, int | float):
        return _number(default)
    return _code(str(default))


def _describe_support(parameter: Parameter, language: Language) -> str:
    parts = []
    if parameter.requires:
        parts.append(_describe_models(parameter, language))
    if parameter.v1_only:
        parts.append(_V1_ONLY.say(language))
    elif parameter.v1 is None and parameter.kind == "chat":
        parts.append(_NOT_V1.say(language))
    return Text("；", "; ").say(language).join(part for part in parts if part)


def _describe_models(parameter: Parameter, language: Language) -> str:
    if parameter.requires in _OTHER_MODELS:
        return _OTHER_MODELS[parameter.requires].say(language)
    models = [
        entry.id
        for entry in CATALOGUE
        if entry.kind == parameter.kind and entry.has_ability(parameter.requires)
    ]
    if len(models) <= _MAX_MODELS_NAMED:
        return ", ".join(models)
    return _WITH_ABILITY.say(language, ability=_ABILITY_NAMES[parameter.requires].say(language))


def option_table(language: Language, grammar: Grammar) -> str:
    """Return the table of a magic's options that are no parameters of the request."""
    headers = [text.say(language) for text in (_OPTION, _MEANING)]
    rows = [[_code(option.usage), option.help.say(language)] for option in grammar.options]
    return table(headers, rows)


# --- commands, settings, services -----------------------------------------------------------------


def command_table(language: Language) -> str:
    """Return the table of `%ernie`'s commands."""
    headers = [text.say(language) for text in (_COMMAND, _MEANING, _EXAMPLE)]
    rows = [
        [_code(f"%ernie {word}"), command.help.say(language), _code(command.example.say(language))]
        for word, command in COMMANDS.items()
    ]
    return table(headers, rows)


def image_command_table(language: Language) -> str:
    """Return the table of `%ernie_image`'s commands."""
    headers = [text.say(language) for text in (_COMMAND, _MEANING)]
    return table(
        headers,
        [
            [_code(f"%ernie_image {word}"), help_.say(language)]
            for word, help_ in IMAGE_COMMANDS.items()
        ],
    )


def setting_table(language: Language) -> str:
    """Return the table of the settings that are no parameters of a request."""
    headers = [text.say(language) for text in (_SETTING, _DEFAULT, _MEANING)]
    rows = []
    for name, trait in ErnieSettings.class_traits(config=True).items():
        if name in SESSION_PARAMETERS:
            continue
        default = trait.default_value
        if not isinstance(default, bool | int | float):
            default = None  # not set: looked for elsewhere
        help_ = Text(*trait.help.split(" / ", 1))
        rows.append([_code(name), _describe_default(default), help_.say(language)])
    return table(headers, rows)


def session_parameter_list(language: Language) -> str:
    """Return the request's parameters that a session may keep."""
    del language
    return f"{_codes(SESSION_PARAMETERS)}\n"


def service_table(language: Language) -> str:
    """Return the table of the services, in the order in which they are looked for."""
    headers = [text.say(language) for text in (_SERVICE, _KEY, _ADDRESS)]
    rows = []
    for service in services.SERVICES.values():
        address = " ".join(map(_code, filter(None, (service.base_url, service.base_url_variable))))
        rows.append(
            [
                f"{_code(service.name)} {service.label.say(language)}",
                _key_variables(service, language),
                address,
            ]
        )
    return table(headers, rows)


_GET_ONE = Text("在哪里获取", "Where to get one")
_PAGE = Text("控制台", "console")


def key_table(language: Language) -> str:
    """Return the table of the services that need a key: its variables, and where to get one."""
    headers = [text.say(language) for text in (_SERVICE, _KEY, _GET_ONE)]
    rows = []
    for service in services.SERVICES.values():
        if service.is_simulated:
            continue
        keys = _key_variables(service, language)
        if not service.base_url:
            keys = f"{_code(service.base_url_variable)}, {keys}"
        link = f"[{_PAGE.say(language)}]({service.key_page})" if service.key_page else ""
        rows.append([service.label.say(language), keys, link])
    return table(headers, rows)


def _key_variables(service: Service, language: Language) -> str:
    keys = [_code(name) for name in service.key_variables]
    keys += [" + ".join(map(_code, pair)) for pair in service.pair_variables]
    return Text("，或 ", ", or ").say(language).join(keys)


_VARIABLES: dict[str, Text] = {
    services.APP_ID_VARIABLE: Text(
        "千帆应用的 ID，用于分账", "the id of a Qianfan application, to split the bill"
    ),
    services.IAM_URL_VARIABLE: Text(
        "用 Access Key 换取令牌的地址", "the address where a pair of keys is exchanged for a token"
    ),
    "ERNIE_EMULATOR_LATENCY": Text(
        "内置模拟器每段文字之间的秒数，0 为全速",
        "seconds between the built-in emulator's pieces of text; 0 is full speed",
    ),
    "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY": Text(
        "代理，含 SOCKS；写法同 curl；本机地址总是直连",
        "proxies, SOCKS too, read as curl reads them; this machine is always reached directly",
    ),
    "SSL_CERT_FILE, SSL_CERT_DIR": Text(
        "另外信任的证书，如公司网关的；没有可用的证书时注明并使用 certifi 的",
        "trusted certificates, such as a company gateway's; certifi's are used, and the variable "
        "is named, where it holds none",
    ),
    "SSLKEYLOGFILE": Text(
        "写入 TLS 会话密钥的文件，用于排查网络问题",
        "a file to which TLS session keys are written, to look into network problems",
    ),
    "LC_ALL, LC_MESSAGES, LANG": Text(
        "界面和错误的语言：zh 开头为中文，否则英文；`%ernie lang` 优先",
        "the language of interface and errors: Chinese if it begins with zh, otherwise English; "
        "`%ernie lang` goes before it",
    ),
    "XDG_CACHE_HOME, XDG_DATA_HOME": Text(
        "Linux 上向量缓存和表格台账所在的文件夹",
        "on Linux, the folders of the vectors' cache and of the tables' ledger",
    ),
}


def variable_table(language: Language) -> str:
    """Return the environment variables that are no service's own."""
    headers = [text.say(language) for text in (_VARIABLE, _MEANING)]
    return table(
        headers,
        [[_codes(names.split(", ")), text.say(language)] for names, text in _VARIABLES.items()],
    )


# --- models ---------------------------------------------------------------------------------------


def _models(kinds: Iterable[Kind], *, v2: bool) -> Iterator[Model]:
    chosen = tuple(kinds)
    found = [entry for entry in CATALOGUE if entry.kind in chosen and entry.v2 == v2]
    yield from sorted(found, key=lambda entry: bool(entry.retired))


def chat_model_table(language: Language, *, v2: bool) -> str:
    """Return the table of the chat models that AI Studio and Qianfan V2 document, or only V1."""
    headers = [
        text.say(language) for text in (_MODEL, _INPUT, _OUTPUT, _ABILITIES, _RETIRED, _PATH)
    ]
    rows = [
        [
            _code(entry.id),
            _describe_input(entry, language),
            f"{entry.max_output[1]:,}",
            _describe_abilities(entry, language),
            entry.retired,
            "" if v2 else _code(entry.path),
        ]
        for entry in _models(("chat", "completion"), v2=v2)
    ]
    return table(headers, rows)


def _describe_input(entry: Model, language: Language) -> str:
    tokens, characters = entry.max_input_tokens, entry.max_characters
    parts = []
    if tokens:
        parts.append(Text("{n:,} token", "{n:,} tokens").say(language, n=tokens))
    if characters:
        parts.append(Text("{n:,} 字", "{n:,} characters").say(language, n=characters))
    return Text("、", ", ").say(language).join(parts)


def _describe_abilities(entry: Model, language: Language) -> str:
    names = [name for name in _ABILITY_NAMES if name in entry.capabilities | entry.v1_capabilities]
    words = [_ABILITY_NAMES[name].say(language) for name in names]
    if "system" in entry.unsupported:
        words.append(Text("不支持系统提示词", "no system prompt").say(language))
    return Text("、", ", ").say(language).join(words)


def image_model_table(language: Language) -> str:
    """Return the table of the models that make pictures."""
    headers = [text.say(language) for text in (_MODEL, _INPUT, _ABILITIES, _SIZES, _RETIRED)]
    rows = [
        [
            _code(entry.id),
            _describe_input(entry, language),
            _describe_abilities(entry, language),
            " ".join(entry.sizes)
            + (Text("，也接受其他", ", and others").say(language) if entry.other_sizes else ""),
            entry.retired,
        ]
        for entry in _models(("image",), v2=True)
    ]
    return table(headers, rows)


def vector_model_table(language: Language) -> str:
    """Return the table of the models for vectors and ranking."""
    headers = [text.say(language) for text in (_MODEL, _KIND, _INPUT, _BATCH)]
    rows = [
        [
            _code(entry.id),
            KIND_NAMES[entry.kind].label.say(language),
            _describe_input(entry, language),
            str(entry.batch),
        ]
        for entry in _models(("embedding", "rerank"), v2=True)
    ]
    return table(headers, rows)


# --- errors ---------------------------------------------------------------------------------------

# English is the docstring's first sentence.
_ERRORS_ZH = {
    "ErnieError": "本包的任何失败",
    "UsageError": "调用写得不对；什么也没有发送",
    "InvalidOption": "选项或参数不认识、写法不对、超出范围或不适用于这个模型",
    "InvalidDataset": "精调数据有错；`faults` 里是每一处的行、字段和改法",
    "InvalidMessages": "消息不合服务的规则（空内容、角色顺序）",
    "ConversationLocked": "服务禁止这个对话继续",
    "InvalidExpression": "提示词里的 `{{表达式}}` 不是 Python 表达式，或计算出错",
    "UnknownAttribute": "没有这个属性（`answer.txt`）；也是 AttributeError",
    "OutOfRange": "结果里没有这个位置（两张图片的 `cats[5]`）；也是 IndexError",
    "WrongArguments": "参数不合：少了一个，或没写名字的太多；也是 TypeError",
    "NotTransferable": "对象有连接和密钥，只能留在这个进程（`pickle.dumps(ernie)`）；也是 TypeError",
    "MissingKey": "选定的服务需要密钥，还没有设置",
    "TransportError": "网络失败",
    "ServiceUnreachable": "连不上，或还没收到内容就断开",
    "RequestTimeout": "`request_timeout` 秒内没有数据",
    "IncompleteAnswer": "回答中途断开；`answer` 里是收到的部分",
    "OutcomeUnknown": "要创建的东西可能已经存在：回复丢失，不会再创建一次",
    "NotConfirmed": "会产生费用或永久删除，而没有确认；`plan` 里是将要创建或删除的内容",
    "Stopped": "在另一个任务里的调用被停止",
    "RowsFailed": "表的每一行都失败；`answer` 里是表，每行有原因",
    "ProtocolError": "返回的内容不符合 API 文档",
    "ServiceError": "服务拒绝或失败",
    "BadRequest": "400：请求违反服务的规则",
    "MessagesRefused": "400 invalid_messages",
    "InputTooLong": "400：超过模型能接受的字符或 token 数",
    "ModelNotFound": "404：没有这个模型；`suggestions` 里是相近的",
    "AuthenticationFailed": "401：密钥不对、过期或种类不符",
    "PermissionDenied": "401 或 403：密钥有效，但无权使用这个模型、应用或参数",
    "QuotaExhausted": "402：账户里没有 token 了",
    "UnsafeRequest": "403：请求或模型据此生成的内容没有通过内容审核",
    "AnswerWithdrawn": "服务撤回了回答；文字不保留",
    "RateLimited": "429：每分钟的请求或 token 太多，或同时太多；`retryable` 为假时是按天的限额",
    "ServerError": "5xx：服务故障",
    "Interrupted": (
        "用户停止了调用；`answer` 里是收到的部分。它是 KeyboardInterrupt，所以“全部运行”会停下"
    ),
}


def error_table(language: Language) -> str:
    """Return the tree of errors as a table: a class below the one that it is a kind of."""
    headers = [text.say(language) for text in (_CLASS, _MEANING)]
    rows = [
        [f"{'&emsp;' * depth}{_code(kind.__name__)}", _describe_error(kind, language)]
        for kind, depth in (*_walk_errors(errors.ErnieError, 0), (errors.Interrupted, 0))
    ]
    return table(headers, rows)


def _walk_errors(kind: type[BaseException], depth: int) -> Iterator[tuple[type, int]]:
    yield kind, depth
    for sub in kind.__subclasses__():
        if sub.__module__ == errors.__name__:
            yield from _walk_errors(sub, depth + 1)


def _describe_error(kind: type, language: Language) -> str:
    summary = (inspect.getdoc(kind) or "").split("\n\n")[0]
    sentence = re.split(r"\.(?:\s|$)", " ".join(summary.split()))[0]
    sentence = re.sub(r',?\s*(?:"\w+" on )?https?://[^\s)]+', "", sentence)
    return Text(_ERRORS_ZH[kind.__name__], sentence).say(language)


# --- pages ----------------------------------------------------------------------------------------


def dataset_table(language: Language) -> str:
    """Return the formats of data for tuning, with a line of each."""
    headers = [text.say(language) for text in (_FORMAT, _CONTENT, _LINE)]
    rows = [[_code(form.name), form.label.say(language), _code(form.example)] for form in FORMATS]
    return table(headers, rows)


TABLES: dict[str, Callable[[Language], str]] = {
    "dataset-formats": dataset_table,
    **{
        f"chat-{group}": partial(group_table, grammar=CHAT_GRAMMAR, group=group)
        for group in GROUP_TITLES
        if any(p.group == group for p in parameters.parameters_of("chat").values())
    },
    "image-options": partial(all_groups_table, grammar=IMAGE_GRAMMAR),
    "image-commands": image_command_table,
    "embedding-options": partial(all_groups_table, grammar=EMBED_GRAMMAR),
    "rerank-parameters": partial(parameter_table, kind="rerank"),
    "map-options": partial(option_table, grammar=MAP_GRAMMAR),
    "commands": command_table,
    "settings": setting_table,
    "session-parameters": session_parameter_list,
    "keys": key_table,
    "services": service_table,
    "variables": variable_table,
    "models-chat": partial(chat_model_table, v2=True),
    "models-v1": partial(chat_model_table, v2=False),
    "models-image": image_model_table,
    "models-vectors": vector_model_table,
    "errors": error_table,
}


def pages() -> Iterator[tuple[Language, Path]]:
    """Yield every page, and both README files, with their languages."""
    for language in LANGUAGES:
        for path in (READMES[language], *sorted(FOLDERS[language].glob("*.md"))):
            yield language, path


def refresh_tables(page: str, language: Language) -> str:
    """Return a page with each of its tables made anew."""
    return _MARKED.sub(lambda found: found[1] + TABLES[found[2]](language) + found[3], page)


def main() -> None:
    """Refresh all pages."""
    for language, path in pages():
        page = path.read_text(encoding="utf-8")
        path.write_text(refresh_tables(page, language), encoding="utf-8")


if __name__ == "__main__":
    main()
