"""The table of request parameters. Magic options, sliders, validation, documentation and the
emulator read it.

A parameter that is not given is not sent: the service's own default applies, and `default` here
only documents it. Where AI Studio's API page and today's service differ, the model's catalogue
entry decides (`Model.max_output`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ernie_magic.api.parameter import Parameter, clip_value
from ernie_magic.api.parameter_types import (
    FORMATS,
    AnswerLength,
    Identifier,
    JsonObject,
    Number,
    PictureAddress,
    PictureSize,
    ResponseFormat,
    String,
    StringList,
    Switch,
    Temperature,
    TextPairs,
    Thinking,
    ToolChoice,
    ToolList,
    WebSearch,
    WholeNumber,
)
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import DID_YOU_MEAN, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.parameter import Rules

STYLES = (
    "Base",
    "3D Model",
    "Analog Film",
    "Anime",
    "Cinematic",
    "Comic Book",
    "Craft Clay",
    "Digital Art",
    "Enhance",
    "Fantasy Art",
    "Isometric",
    "Line Art",
    "Lowpoly",
    "Neonpunk",
    "Origami",
    "Photographic",
    "Pixel Art",
    "Texture",
)
_STYLES_IN_CHINESE = {
    "默认": "Base",
    "基础": "Base",
    "三维": "3D Model",
    "3D": "3D Model",
    "胶片": "Analog Film",
    "动漫": "Anime",
    "动画": "Anime",
    "二次元": "Anime",
    "电影": "Cinematic",
    "漫画": "Comic Book",
    "黏土": "Craft Clay",
    "粘土": "Craft Clay",
    "数字": "Digital Art",
    "增强": "Enhance",
    "奇幻": "Fantasy Art",
    "幻想": "Fantasy Art",
    "等距": "Isometric",
    "线条": "Line Art",
    "线稿": "Line Art",
    "低多边形": "Lowpoly",
    "霓虹": "Neonpunk",
    "赛博朋克": "Neonpunk",
    "折纸": "Origami",
    "摄影": "Photographic",
    "照片": "Photographic",
    "写实": "Photographic",
    "像素": "Pixel Art",
    "纹理": "Texture",
}
SAMPLERS = (
    "Euler",
    "Euler a",
    "DPM++ 2M",
    "DPM++ 2M Karras",
    "LMS Karras",
    "DPM++ SDE",
    "DPM++ SDE Karras",
    "DPM2 a Karras",
    "Heun",
    "DPM++ 2M SDE",
    "DPM++ 2M SDE Karras",
    "DPM2",
    "DPM2 Karras",
    "DPM2 a",
    "LMS",
)

_ERNIE_IMAGE = "public clients of ERNIE-Image"
_QIANFAN_V2 = "https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb"
_MODEL = Text(
    "模型 ID（`%ernie models` 列出可用的）",
    "model id (`%ernie models` lists what the service offers)",
)

_RETRY_COUNT = Text(
    "最多发送几次（含第一次）；默认 3（API 文档为 1）",
    "maximum attempts, including the first; default 3 (1 in the API's pages)",
)
# A picture may have been paid for: see `ernie_magic.wire.pictures.requests`.
_RETRY_COUNT_OF_PICTURES = Text(
    "最多发送几次（含第一次）；默认 3（API 文档为 1）：429、502、503、529 后再发，"
    "单独给出时 504 以外的 5xx 也再发，超时不再发",
    "maximum attempts, including the first; default 3 (1 in the API's pages): after 429, 502, 503 "
    "and 529; if given here, after any 5xx but 504 too; never after a timeout",
)


def _call_settings(kind: Kind) -> tuple[Number, ...]:
    """Return what the API's pages list among a request's fields ("文生图" on
    https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns) and the official client follows itself
    (https://github.com/baidubce/bce-qianfan-sdk). By default the session's settings of the same
    names apply, and `default` is theirs.
    """
    return (
        WholeNumber(
            "retry_count",
            kind,
            _RETRY_COUNT_OF_PICTURES if kind == "image" else _RETRY_COUNT,
            0,
            10,
            step=1,
            default=3,
            client_side=True,
            group="request",
        ),
        Number(
            "request_timeout",
            kind,
            Text(
                "秒：多久收不到数据算超时；默认 300（API 文档为 60）",
                "seconds without data before giving up; default 300 (60 in the API's pages)",
            ),
            0.1,
            86_400,
            step=0.1,
            # The official client's for text: a thinking model may be silent for minutes.
            default=300.0,
            client_side=True,
            group="request",
        ),
        Number(
            "backoff_factor",
            kind,
            Text(
                "重试等待的系数（秒，每次翻倍）；默认 1（API 文档为 0）",
                "seconds from which the waits between attempts grow, doubled each time; default 1 "
                "(0 in the API's pages)",
            ),
            0,
            60,
            step=0.1,
            default=1.0,
            client_side=True,
            group="request",
        ),
    )


PARAMETERS: tuple[Parameter, ...] = (
    # Chat. `model` and `messages` are part of the request itself.
    String("model", "chat", _MODEL, short="-m"),
    Temperature(
        "temperature",
        "chat",
        Text(
            "随机性：越高越发散，越低越确定；不能为 0",
            "randomness: higher is freer, lower is steadier; never 0",
        ),
        0,
        1,
        open_minimum=True,
        step=0.05,
        default=0.95,
    ),
    Number(
        "top_p",
        "chat",
        Text(
            "多样性：取值越大，用词越丰富", "diversity: the larger, the richer the choice of words"
        ),
        0,
        1,
        step=0.05,
        default=0.7,
        group="sampling",
    ),
    Number(
        "penalty_score",
        "chat",
        Text(
            "文心模型对已出现内容的惩罚，越大重复越少（其他模型用 repetition_penalty）",
            "ERNIE models' penalty on what was already said: higher repeats less (others take "
            "repetition_penalty)",
        ),
        1,
        2,
        step=0.05,
        default=1.0,
        group="sampling",
    ),
    AnswerLength(
        "max_completion_tokens",
        "chat",
        Text(
            "回答最多多少 token，连思考一起算（上限因模型而异）",
            "most tokens in the answer and its thoughts (the limit depends on the model)",
        ),
        2,
        2048,
        step=1,
        v1="max_output_tokens",
    ),
    AnswerLength(
        "max_tokens",
        "chat",
        Text(
            "回答最多多少 token，不含思考（max_completion_tokens 连思考一起算）",
            "most tokens in the answer without its thoughts (max_completion_tokens counts both)",
        ),
        1,
        2048,
        step=1,
        source=_QIANFAN_V2,
        v1=None,
        elsewhere="max_output_tokens",
        group="sampling",
    ),
    WholeNumber(
        "min_output_tokens",
        "chat",
        Text("回答最少多少 token", "fewest tokens in the answer"),
        2,
        2048,
        step=1,
        source="https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf",
        v1_only=True,
        group="qianfan-v1",
    ),
    WholeNumber(
        "top_k",
        "chat",
        Text("每步只从概率最高的 k 个 token 中取", "choose each token from the k most likely"),
        1,
        step=1,
        requires="top_k",
        source="https://github.com/baidubce/bce-qianfan-sdk",
        v1_only=True,
        group="qianfan-v1",
    ),
    StringList(
        "stop",
        "chat",
        Text(
            "停止词：输出到它为止；可重复给出", "stop words: the answer ends there; may be repeated"
        ),
        max_items=4,
        max_length=20,
        group="sampling",
    ),
    WholeNumber(
        "seed",
        "chat",
        Text(
            "随机种子：相同种子和参数尽量得到相同回答",
            "seed: the same seed and parameters give the same answer where possible",
        ),
        0,
        2_147_483_647,
        open_minimum=True,
        open_maximum=True,
        step=1,
        v1=None,
        group="sampling",
    ),
    Number(
        "frequency_penalty",
        "chat",
        Text(
            "按出现频率惩罚 token，减少逐字重复",
            "penalty by frequency, against word-for-word repeats",
        ),
        -2,
        2,
        step=0.1,
        requires="penalties",
        group="sampling",
    ),
    Number(
        "presence_penalty",
        "chat",
        Text("惩罚出现过的 token，鼓励新话题", "penalty on tokens already present, for new topics"),
        -2,
        2,
        step=0.1,
        requires="penalties",
        group="sampling",
    ),
    Number(
        "repetition_penalty",
        "chat",
        Text(
            "其他模型（如 Qwen）的重复惩罚：大于 1 时减少重复，范围因模型而异"
            "（文心用 penalty_score）",
            "penalty on repeats of other models, such as Qwen: above 1 there are fewer; the range "
            "depends on the model (ERNIE takes penalty_score)",
        ),
        0,
        open_minimum=True,
        step=0.05,
        source=_QIANFAN_V2,
        v1=None,
        group="sampling",
    ),
    ResponseFormat(
        "response_format",
        "chat",
        Text(
            "输出格式；json_schema 用 JSON 给出",
            "the format of the answer; json_schema is given as JSON",
        ),
        choices=FORMATS,
        default="text",
    ),
    ToolList(
        "tools",
        "chat",
        Text(
            "工具：Python 函数或工具列表的变量名，可重复；函数会被自动调用",
            "tools: the variable of a Python function or of a list of tools, may be repeated; "
            "functions are called for you",
        ),
        source="https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
        v1="functions",
        group="tools",
    ),
    ToolChoice(
        "tool_choice",
        "chat",
        Text(
            "none、auto、required 或工具的名称（也可写 JSON）",
            "none, auto, required, or the name of a tool (or JSON)",
        ),
        default="auto",
        source="https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
        group="tools",
    ),
    Switch(
        "parallel_tool_calls",
        "chat",
        Text("一次可以调用几个工具", "several tools may be called at once"),
        default=True,
        source="https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
        v1=None,
        group="tools",
    ),
    WebSearch(
        "web_search",
        "chat",
        Text("联网搜索：on，或 JSON", "search the web: on, or JSON"),
        source="https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
        v1=None,
        group="tools",
    ),
    Switch(
        "enable_thinking",
        "chat",
        Text(
            "先思考再回答（能思考的模型；X1 总会思考）",
            "think before answering (models that can; X1 always does)",
        ),
        source="https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
        v1=None,
        group="thinking",
    ),
    WholeNumber(
        "thinking_budget",
        "chat",
        Text("思考最多多少 token", "most tokens to think"),
        100,
        step=1,
        default=16_384,
        requires="thinking",
        source=_QIANFAN_V2,
        v1=None,
        group="thinking",
    ),
    String(
        "reasoning_effort",
        "chat",
        Text("思考的力度（取值因模型而异）", "how hard to think (the words depend on the model)"),
        choices=("none", "minimal", "low", "medium", "high", "xhigh", "max"),
        requires="thinking",
        source=_QIANFAN_V2,
        v1=None,
        group="thinking",
    ),
    String(
        "thinking_strategy",
        "chat",
        Text("思考的方式：简短或草稿", "the way to think: short, or in drafts"),
        choices=("short_think", "chain_of_draft"),
        requires="thinking",
        source=_QIANFAN_V2,
        v1=None,
        group="thinking",
    ),
    Thinking(
        "thinking",
        "chat",
        Text(
            "先思考再回答（DeepSeek、Kimi、GLM 的开关；ERNIE 的是 "
            "enable_thinking）：on、off 或 JSON",
            "think before answering (the switch of DeepSeek, Kimi and GLM; ERNIE's is "
            "enable_thinking): on, off or JSON",
        ),
        requires="thinking",
        source=_QIANFAN_V2,
        v1=None,
        group="thinking",
    ),
    Switch(
        "disable_search",
        "chat",
        Text("不联网搜索", "do not search the web"),
        source="https://github.com/baidubce/bce-qianfan-sdk",
        v1_only=True,
        group="qianfan-v1",
    ),
    Switch(
        "enable_citation",
        "chat",
        Text("标出引用来源", "mark the sources"),
        source="https://github.com/baidubce/bce-qianfan-sdk",
        v1_only=True,
        group="qianfan-v1",
    ),
    JsonObject(
        "stream_options",
        "chat",
        Text("流式选项（JSON），如 include_usage", "stream options (JSON), such as include_usage"),
        source="https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
        v1=None,
        group="request",
    ),
    TextPairs(
        "metadata",
        "chat",
        Text("附加信息（JSON）：最多 16 对文本", "metadata (JSON): at most 16 pairs of texts"),
        max_items=16,
        source="https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf",
        group="request",
    ),
    Identifier(
        "user",
        "chat",
        Text("最终用户的标识", "an id for the end user"),
        source="https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
        v1="user_id",
        group="request",
    ),
    *_call_settings("chat"),
    # Pictures.
    String("model", "image", _MODEL, short="-m"),
    String(
        "negative_prompt",
        "image",
        Text("不希望出现的内容", "what the picture must not show"),
        max_length=1024,
        requires="diffusion",
    ),
    PictureSize(
        "size",
        "image",
        Text("宽 x 高（像素）", "width x height in pixels"),
        default="1024x1024",
    ),
    WholeNumber(
        "n", "image", Text("张数", "how many pictures"), 1, 4, step=1, default=1, short="-n"
    ),
    String(
        "style",
        "image",
        Text("风格", "style"),
        choices=STYLES,
        choices_in_chinese=tuple(_STYLES_IN_CHINESE.items()),
        default="Base",
        requires="diffusion",
    ),
    WholeNumber(
        "seed",
        "image",
        Text(
            "随机种子：相同种子和参数得到同一张图",
            "seed: the same seed and parameters make the same picture",
        ),
        0,
        4_294_967_295,
        step=1,
    ),
    WholeNumber(
        "steps",
        "image",
        Text("迭代轮次", "iterations"),
        10,
        50,
        step=1,
        default=20,
        requires="diffusion",
        group="sampling",
    ),
    Number(
        "cfg_scale",
        "image",
        Text("与提示词的相关性", "how closely to follow the prompt"),
        0,
        30,
        step=0.5,
        default=5,
        requires="diffusion",
        group="sampling",
    ),
    String(
        "sampler_index",
        "image",
        Text("采样方式", "sampler"),
        choices=SAMPLERS,
        default="Euler a",
        requires="diffusion",
        group="sampling",
    ),
    Switch(
        "use_pe",
        "image",
        Text(
            "让服务润色提示词；要画准确的文字时请关闭",
            "let the service enhance the prompt; off for exact text in a picture",
        ),
        requires="enhancer",
        source=_ERNIE_IMAGE,
        group="some-models",
    ),
    WholeNumber(
        "num_inference_steps",
        "image",
        Text("推理步数", "inference steps"),
        1,
        50,
        step=1,
        requires="enhancer",
        source=_ERNIE_IMAGE,
        group="sampling",
    ),
    Number(
        "guidance_scale",
        "image",
        Text("与提示词的相关性", "how closely to follow the prompt"),
        0,
        20,
        step=0.5,
        requires="enhancer",
        source=_ERNIE_IMAGE,
        group="sampling",
    ),
    Switch(
        "watermark",
        "image",
        Text("加水印", "add a watermark"),
        default=False,
        requires="enhancer",
        source=_ERNIE_IMAGE,
        group="some-models",
    ),
    String(
        "response_format",
        "image",
        Text(
            "服务返回链接（7 天有效）还是 base64 数据",
            "whether the service sends a link (valid 7 days) or base64 data",
        ),
        choices=("url", "b64_json"),
        v1=None,
        group="request",
    ),
    Identifier(
        "user",
        "image",
        Text("最终用户的标识", "an id for the end user"),
        source="https://github.com/baidubce/bce-qianfan-sdk",
        v1="user_id",
        group="request",
    ),
    PictureAddress(
        "refer_image",
        "image",
        Text("参考图的网址", "the address of a picture to follow"),
        requires="reference",
        source="https://cloud.baidu.com/doc/qianfan-api/s/8m7u6un8a",
        v1=None,
        group="some-models",
    ),
    String(
        "feature",
        "image",
        Text(
            "怎样改图片：擦除、重绘或变体",
            "how to edit a picture: erase, repaint or vary it",
        ),
        choices=("erase", "repaint", "variation"),
        requires="mask",
        source="https://cloud.baidu.com/doc/qianfan-api/s/Rm9m76ekf",
        v1=None,
        group="some-models",
    ),
    Switch(
        "prompt_extend",
        "image",
        Text(
            "让服务扩写提示词（qwen-image、MuseSteamer）",
            "let the service extend the prompt (qwen-image, MuseSteamer)",
        ),
        default=True,
        requires="prompt_extend",
        source="https://cloud.baidu.com/doc/qianfan-api/s/Ymio9i9i4",
        v1=None,
        group="some-models",
    ),
    *_call_settings("image"),
    # Vectors and ranking.
    String("model", "embedding", _MODEL, short="-m"),
    Identifier(
        "user",
        "embedding",
        Text("最终用户的标识", "an id for the end user"),
        source="https://github.com/baidubce/bce-qianfan-sdk",
        v1="user_id",
        group="request",
    ),
    *_call_settings("embedding"),
    String("model", "rerank", _MODEL, short="-m"),
    WholeNumber(
        "top_n",
        "rerank",
        Text("只返回前几个", "how many to return"),
        1,
        64,
        step=1,
        source="https://cloud.baidu.com/doc/qianfan-api/s/2m7u4zt74",
    ),
    Identifier(
        "user",
        "rerank",
        Text("最终用户的标识", "an id for the end user"),
        source="https://cloud.baidu.com/doc/qianfan-api/s/2m7u4zt74",
        v1="user_id",
        group="request",
    ),
    *_call_settings("rerank"),
)

# What a call may set for itself, in every kind of call.
CALL_SETTINGS = {p.name: p for p in _call_settings("chat")}

# A completion is a chat of one prompt, with these of its parameters.
COMPLETION = (
    "temperature",
    "top_k",
    "top_p",
    "penalty_score",
    "max_completion_tokens",
    "stop",
    "seed",
    "max_tokens",
    "user",
    *CALL_SETTINGS,
)

# Characters of a picture's prompt (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns)
MAX_PROMPT = 1024
# Bytes of a picture in a message.
MAX_IMAGE_BYTES = 10 * 1024 * 1024
MAX_TEXTS = 16  # texts in one embeddings call (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns)
# Documents to rank, characters of the query (https://cloud.baidu.com/doc/qianfan-api/s/2m7u4zt74)
MAX_DOCUMENTS = 64
MAX_QUERY = 1_600

_BY_KIND: dict[str, dict[str, Parameter]] = {}
for _p in PARAMETERS:
    _BY_KIND.setdefault(_p.kind, {})[_p.name] = _p


def parameters_of(kind: Kind) -> Mapping[str, Parameter]:
    """Return the parameters of a kind of request, by name, in the table's order."""
    return _BY_KIND[kind]


def canonical_name(name: str, kind: Kind, *, strict: bool = True) -> str:
    """Return the table's name for a field that Qianfan V1 calls otherwise (`max_output_tokens`,
    `user_id`, `functions`).

    Parameters
    ----------
    strict
        Whether the service is one whose documents the table follows (`Rules.strict`). Servers of
        other makes may not know the newest name: Ollama's page has `max_tokens` only
        (https://docs.ollama.com/api/openai-compatibility).
    """
    if not strict:
        for parameter in _BY_KIND[kind].values():
            if parameter.elsewhere and parameter.elsewhere == name:
                return parameter.name
    return next((p.name for p in _BY_KIND[kind].values() if p.v1 == name and name), name)


_SHORT_FLAG = re.compile(r"-\w")
_MAGICS: Mapping[Kind, str] = {
    "chat": "%%ernie",
    "image": "%%ernie_image",
    "embedding": "%%ernie_embed",
}
# What the openai library calls otherwise, and no likeness finds.
_OTHER_NAMES = {
    "max_retries": "retry_count",
    "--max-retries": "--retry-count",
    "to": "schema",
    "columns": "schema",
    "--schema": "--to",
    "--json-schema": "--to",
    "--columns": "--to",
    "max_concurrency": "in_flight",
    "n_jobs": "in_flight",
    "timeout": "request_timeout",
    "function_call": "tool_choice",
    "instructions": "system",
    "system_prompt": "system",
    **dict.fromkeys(("--img", "--pic", "--picture", "--photo"), "--image"),
    **dict.fromkeys(("--output", "--out", "--into"), "--save"),
    **dict.fromkeys(("--count", "--number", "--num"), "-n"),
    **dict.fromkeys(("--width", "--height", "--resolution", "--ratio"), "--size"),
    **dict.fromkeys(("--conversation", "--chat", "--thread"), "--session"),
    **dict.fromkeys(("--clear", "--new", "--fresh"), "--no-history"),
    **dict.fromkeys(("--workers", "--concurrency", "--parallel", "--jobs"), "--in-flight"),
}
# The same where a call has no option of the first name.
_SECOND_NAMES = {
    "json": "response_format",
    "json_mode": "response_format",
    "--json": "--response-format json_object",
    **dict.fromkeys(("--schema", "--json-schema", "--format"), "--response-format"),
    **dict.fromkeys(("--output", "--out", "--into"), "--as"),
    **dict.fromkeys(("--image", "--img", "--pic", "--picture", "--photo"), "--edit"),
    **dict.fromkeys(("image", "images"), "edit"),
}


def _name_here(name: str, known: Collection[str]) -> str:
    """Return what a call names that which has another name in a magic or a library; underscores
    around a name are written where Python has the word itself.
    """
    bare = name.strip("_")
    for here in (_OTHER_NAMES.get(bare, bare), _SECOND_NAMES.get(bare, bare)):
        if here.partition(" ")[0] in known:
            return here
    return bare or name


def unknown_option(
    name: str,
    known: Iterable[str],
    others: Collection[str] = (),
    list_all: Text | None = None,
) -> InvalidOption:
    """Return the error for a name that is not in the table; it suggests the closest one that is.
    One that other calls of its kind take is told to be none of this call's.

    Parameters
    ----------
    others
        What only other calls take, which is not suggested.
    list_all
        What lists the options, where a magic is typed.
    """
    known = tuple(known)
    if name in known or name in others:
        return InvalidOption(
            Text("这种调用没有 {name}", "this call takes no {name}").fill(name=name),
            advice=Text("去掉它", "leave it out"),
        )
    suggestion = _name_other_magic(name) or _name_setting(name) or _OTHER_CLIENTS.get(name)
    if suggestion is None and (option := _find_by_chinese(name, known)):
        suggestion = DID_YOU_MEAN.fill(close=option)
    if suggestion is None and _SHORT_FLAG.fullmatch(name):
        # One letter resembles every other: the nearest says nothing.
        flags = ", ".join(sorted(flag for flag in known if _SHORT_FLAG.fullmatch(flag)))
        suggestion = Text("短选项有：{flags}", "short options are: {flags}").fill(flags=flags)
    if suggestion is None:
        here = _name_here(name, known)
        suggestion = did_you_mean(here, known)
        if here.partition(" ")[0] in known:  # with its value, perhaps
            suggestion = DID_YOU_MEAN.fill(close=here)
    return InvalidOption(
        Text("没有选项 {name}", "no option {name}").fill(name=clip_value(name)),
        advice=suggestion or list_all or _FIELD,
    )


_FIELD = Text(
    "表中没有的字段：--param 名=值，在 Python 里用 extra={…}",
    "a field the table does not know: --param name=value, in Python extra={…}",
)
# What belongs to a session rather than to a call, by the names that people try.
_SETTINGS = {
    "api_key": ("api_key", "key", "apikey", "token", "access_token"),
    "base_url": ("base_url", "api_base", "baseurl", "url", "host", "azure_endpoint"),
    "headers": ("headers", "extra_headers", "default_headers", "header"),
    "language": ("language", "lang"),
    **{name: (name,) for name in ("secret_key", "access_key", "bearer_token", "app_id")},
}
_OF_SESSION = Text(
    "在会话里设置：%ernie config {name} 值，Python 里 ernie.settings.{name} = …",
    "it is set for the session: %ernie config {name} VALUE, or ernie.settings.{name} = …",
)
_SERVICE_OF_SESSION = Text(
    "服务用 %ernie use 选择；只写 %ernie use 列出全部",
    "%ernie use chooses the service; alone it lists all of them",
)


def _name_setting(name: str) -> Text | None:
    """Return where something is set that belongs to the session; None for anything else."""
    bare = name.strip("-_").replace("-", "_").lower()
    if bare in ("service", "provider"):
        return _SERVICE_OF_SESSION
    for setting, names in _SETTINGS.items():
        if bare in names:
            return _OF_SESSION.fill(name=setting)
    return None


# Options by the words that this interface has for them.
_IN_CHINESE = {
    "温度": "--temperature",
    "模型": "--model",
    "系统": "--system",
    "系统提示词": "--system",
    "种子": "--seed",
    "尺寸": "--size",
    "大小": "--size",
    "张数": "-n",
    "风格": "--style",
    "停止词": "--stop",
    "工具": "--tools",
    "联网": "--web-search",
    "联网搜索": "--web-search",
    "图片": "--image",
}


def _find_by_chinese(name: str, known: Collection[str]) -> str:
    """Return the option that a Chinese word means, as a magic or Python writes it; "" for none."""
    option = _IN_CHINESE.get(name.strip("-"), "")
    in_python = option.lstrip("-").replace("-", "_")
    others = (_SECOND_NAMES.get(option), _SECOND_NAMES.get(in_python))
    return next((form for form in (option, in_python, *others) if form and form in known), "")


_COLUMN_IN_PROMPT = Text(
    "列写在 ernie.map 的提示词里：{{列名}}",
    "a column goes into the prompt of ernie.map: {{column}}",
)
# Names of OpenAI's client, and of a magic's options, that mean no argument here.
_OTHER_CLIENTS = {
    "col": _COLUMN_IN_PROMPT,
    "column": _COLUMN_IN_PROMPT,
    "messages": Text(
        "消息列表是第一个参数：ernie.chat([…])",
        "a list of messages is the first argument: ernie.chat([…])",
    ),
    "--stream": Text(
        "回答本来就是流式的；要整段返回用 --no-stream",
        "answers stream already; --no-stream gets one in one piece",
    ),
}


def _name_other_magic(flag: str) -> Text | None:
    """Return which magic has an option that another one has not; None for no option of ours."""
    for parameter in PARAMETERS:
        if flag in (parameter.short, parameter.option_name) and parameter.kind in _MAGICS:
            told = Text("{flag} 是 {magic} 的选项", "{flag} is an option of {magic}")
            return told.fill(flag=flag, magic=_MAGICS[parameter.kind])
    return None


# Names of one thing: of two at once, servers refuse the pair.
_LENGTHS = frozenset({"max_tokens", "max_completion_tokens", "max_output_tokens"})


def merge_parameters(
    kind: Kind,
    kept: Mapping[str, Any],
    given: Mapping[str, Any],
    rules: Rules,
) -> dict[str, Any]:
    """Return the parameters of a call: a session's, and the call's own, which go before them.

    Parameters
    ----------
    kept
        What a session keeps; what it keeps for a service of another protocol is left out.
    given
        The call's own; None leaves the session's value.
    """
    known = parameters_of(kind)
    of_service = {
        name: value
        for name, value in kept.items()
        if not rules.strict or known[name].in_protocol(rules.protocol)
    }
    return replace_parameters(of_service, given)


def replace_parameters(earlier: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters with others in their places; one that is None leaves the earlier value."""
    own = {name: value for name, value in given.items() if value is not None}
    replaced = {*own, *(_LENGTHS if not _LENGTHS.isdisjoint(own) else ())}
    return {name: value for name, value in earlier.items() if name not in replaced} | own
