"""The plugins of Qianfan V1, and what has replaced them.

Sources: "千帆插件" (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/iljcncvrf) and the official client
(https://github.com/baidubce/bce-qianfan-sdk, resources/llm/plugin.py). The service has moved their
applications to others, and has announced the end of V1's calls for 2026-08-31.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api.parameters import CALL_SETTINGS
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from ernie_magic.api.requests import ChatOptions

# The model decides by itself which of an application's plugins it needs.
AUTO = "auto"
# Of an application with plugins, by the names that are given here.
_OF_AN_APP = {
    "knowledge": "uuid-zhishiku",
    "image": "uuid-chatocr",
    "weather": "uuid-weatherforecast",
}
IMAGE_PLUGIN = _OF_AN_APP["image"]
# Of ERNIE Bot, which needs no application.
_OF_ERNIE_BOT = ("eChart", "ImageAI", "ChatFile", "ChatFilePlus")
ERNIE_BOT_MODEL = "EBPluginV2"
MAX_PLUGINS = 3
MAX_QUERY = 1_000  # characters of a question to an application with plugins
_TAKEN = frozenset({"temperature", "top_p", "penalty_score", "user", *CALL_SETTINGS})
_SUCCESSORS = {
    "uuid-zhishiku": Text("知识库用 --knowledge 名称", "for a knowledge base use --knowledge NAME"),
    "uuid-chatocr": Text(
        "图片问答用 --image 图片，模型要能看图",
        "for questions about a picture use --image with a model that sees",
    ),
    "uuid-weatherforecast": Text(
        "天气用 --tools 交给它你的函数，或 --app 应用",
        "for the weather give it a function by --tools, or use --app",
    ),
}
_OTHER_SUCCESSOR = Text(
    "用 --app 应用，或 --tools 交给它你的函数", "use --app, or give it functions by --tools"
)


def check_plugins(given: object) -> tuple[str, ...]:
    """Return the ids of plugins, as they are sent; one may be given alone.

    Raises
    ------
    InvalidOption
        One is unknown, there are more than three, or they belong to different calls.
    """
    names: Any = () if given is None else given
    if isinstance(names, str):
        names = (names,)
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise _unknown_plugin(f"{given!r:.40}")
    ids = tuple(dict.fromkeys(str(_OF_AN_APP.get(name, name)) for name in names))
    for plugin in ids:
        known = (*_OF_AN_APP.values(), *_OF_ERNIE_BOT, AUTO)
        if plugin not in known and not plugin.startswith("uuid-"):
            raise _unknown_plugin(plugin)
    if len(ids) > MAX_PLUGINS or (AUTO in ids and len(ids) > 1):
        raise InvalidOption(
            Text("最多 {n} 个插件，auto 单独用", "at most {n} plugins, and auto alone").fill(
                n=MAX_PLUGINS
            )
        )
    return ids


def check_plugin_options(options: ChatOptions) -> None:
    """Check that a question to plugins has nothing that they do not take.

    Raises
    ------
    InvalidOption
    """
    unused = [name for name in options.parameters if name not in _TAKEN]
    others = (("system", options.system), ("knowledge", options.knowledge))
    unused += [name for name, value in others if value]
    if unused:
        raise InvalidOption(
            Text("插件不用 {names}", "plugins do not take {names}").fill(names=", ".join(unused)),
            advice=Text("去掉它们", "leave them out"),
        )


def is_of_ernie_bot(plugins: tuple[str, ...]) -> bool:
    """Whether these are ERNIE Bot's, which are asked without an application."""
    return bool(set(plugins) & set(_OF_ERNIE_BOT))


def gone_error(plugins: tuple[str, ...]) -> InvalidOption:
    """Return the error for plugins on a service without them, with what has replaced them."""
    advice = [_SUCCESSORS.get(plugin, _OTHER_SUCCESSOR) for plugin in plugins]
    said = list(dict.fromkeys(advice))
    return InvalidOption(
        Text("插件只有千帆 V1 有", "only Qianfan V1 has plugins"),
        Text(
            "插件应用 2024-07 起已迁到应用和知识库",
            "since 2024-07 applications and knowledge bases have replaced them",
        ),
        Text("；".join(each.zh for each in said), "; ".join(each.en for each in said)),
    )


def _unknown_plugin(name: str) -> InvalidOption:
    known = (*_OF_AN_APP, *_OF_ERNIE_BOT, AUTO)
    return InvalidOption(
        Text("没有插件 {name}", "no plugin {name}").fill(name=name[:60]),
        advice=did_you_mean(name, known)
        or Text("可选：{known}", "choices: {known}").fill(known=", ".join(known)),
    )
