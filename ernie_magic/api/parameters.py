"""The table of request parameters. Magic options, sliders, validation, documentation and the
emulator read it.

A parameter that is not given is not sent: the service's own default applies, and `default` here
only documents it. Where AI Studio's API page and today's service differ, the model's catalogue
entry decides (`Model.max_output`).
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ernie_magic.api import models
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text, untranslated
from ernie_magic.text.suggest import close_matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ernie_magic.api.catalogue import Kind

Type = Literal[
    "float", "int", "bool", "str", "strings", "format", "object", "choice", "tools", "size"
]
Protocol = Literal["openai", "qianfan-v1"]

FORMATS = ("text", "json_object", "json_schema")
TOOL_CHOICES = ("none", "auto", "required")
SWITCHES = {
    "1": True,
    "true": True,
    "on": True,
    "yes": True,
    "是": True,
    "开": True,
    "0": False,
    "false": False,
    "off": False,
    "no": False,
    "否": False,
    "关": False,
}

_TYPE_NAMES: dict[str, Text] = {
    "float": Text("数字", "a number"),
    "int": Text("整数", "a whole number"),
    "str": Text("文本", "text"),
    "strings": Text("文本列表", "a list of texts"),
    "format": Text("输出格式", "a response format"),
    "bool": Text("开关（on 或 off）", "a switch (on or off)"),
    "object": Text(" JSON 对象", "a JSON object"),
    "choice": Text("名称或 JSON 对象", "a name or a JSON object"),
    "tools": Text("工具列表", "a list of tools"),
    "size": Text("尺寸（宽x高，像素）", "a size (width x height in pixels)"),
}


@dataclass(frozen=True)
class Rules:
    """Whose rules a request is checked by.

    Attributes
    ----------
    strict : bool
        The table's ranges are the service's. A server of another make has its own: there only types
        are checked.
    protocol : {"openai", "qianfan-v1"}
    """

    strict: bool = True
    protocol: Protocol = "openai"


@dataclass(frozen=True)
class Parameter:
    """One field of a request.

    Attributes
    ----------
    name : str
        The API's field name; the magic option is the same with dashes (`option`).
    kind : {"chat", "image", "embedding", "rerank"}
    type : {"float", "int", "bool", "str", "strings", "format", "object", "choice", "tools", "size"}
    help : Text
    minimum, maximum : float | None
        The range, both ends included unless `open_minimum` / `open_maximum`.
    step : float | None
        A slider's step.
    default : object
        What the service uses when the field is absent (None: unknown). Never sent.
    choices : tuple of str
    max_items, max_length : int | None
        For "strings": how many, and the characters of each. For "str": characters.
    requires : str
        The ability that a catalogued model must have to support it (`Model.capabilities`), "" for
        none.
    short : str
        The short magic option, "" for none.
    source : str
    v1 : str | None
        Its name on Qianfan V1: "" for the same name, None when V1 does not document it. The V1 name
        is accepted everywhere.
    v1_only : bool
        Only Qianfan V1 documents it.
    """

    name: str
    kind: Kind
    type: Type
    help: Text
    minimum: float | None = None
    maximum: float | None = None
    open_minimum: bool = False
    open_maximum: bool = False
    step: float | None = None
    default: object = None
    choices: tuple[str, ...] = ()
    max_items: int | None = None
    max_length: int | None = None
    requires: str = ""
    short: str = ""
    source: str = "https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns"
    v1: str | None = ""
    v1_only: bool = False

    def in_protocol(self, protocol: Protocol) -> bool:
        """Whether a protocol documents this field."""
        return self.v1 is not None if protocol == "qianfan-v1" else not self.v1_only

    def supported_by(self, model: str, protocol: Protocol | None = None) -> bool:
        """Whether a model, as far as is known, and a protocol support it."""
        entry = models.find_model(model)
        return (protocol is None or self.in_protocol(protocol)) and not (
            self.requires and entry and self.requires not in entry.capabilities
        )

    @property
    def option_name(self) -> str:
        """The magic option: `--top-p` for `top_p`."""
        return "--" + self.name.replace("_", "-")

    def limits_for(self, model: str | None = None) -> tuple[float | None, float | None]:
        """The range for `model`: the catalogue's, where it knows more than the table."""
        entry = models.find_model(model) if model else None
        if self.name == "max_completion_tokens" and model:
            # Newer models accept far more than the documented 2048; for an unknown id the service
            # decides.
            return (
                (float(entry.max_output[0]), float(entry.max_output[1]))
                if entry
                else (self.minimum, None)
            )
        return self.minimum, self.maximum

    def format_range(self, model: str | None = None) -> str:
        """The range as people write it, `(0, 1.0]`, or the choices; "" where neither is set."""
        if self.type == "size":
            entry = models.find_model(model) if model else None
            return " | ".join(entry.sizes) if entry else ""
        if self.choices:
            return " | ".join(self.choices)
        low, high = self.limits_for(model)
        if low is None and high is None:
            return ""
        number = float if self.type == "float" else int
        opening = "(" if self.open_minimum else "["
        closing = ")" if self.open_maximum else "]"
        left = "(-∞" if low is None else f"{opening}{number(low)}"
        right = "∞)" if high is None else f"{number(high)}{closing}"
        return f"{left}, {right}"

    def parse_text(self, texts: str | list[str]) -> Any:
        """Convert the text of a magic option to a value.

        Raises
        ------
        InvalidOption
            The text does not have this type.
        """
        if self.type == "strings":
            return list(texts) if isinstance(texts, list) else [texts]
        text = texts[-1] if isinstance(texts, list) else texts
        try:
            if self.type == "float":
                return float(text)
            if self.type == "int":
                return int(text)
            if self.type == "bool" or (self.type == "object" and text.lower() in SWITCHES):
                return SWITCHES[text.lower()]
            if self.type in ("format", "choice", "object", "tools") and text.lstrip().startswith(
                ("{", "[")
            ):
                return json.loads(text)
        except (ValueError, KeyError):
            raise self._wrong_type_error(text) from None
        return text

    def check_value(  # noqa: C901  (a line for each way to be wrong)
        self,
        given: object,
        model: str | None = None,
        *,
        strict: bool = True,
        protocol: Protocol | None = None,
    ) -> Any:
        """Return the value to send, or raise an error that names the option, the value and the
        range.

        Raises
        ------
        InvalidOption
            Wrong type. When `strict`, also: out of range, not a choice, too many or too long, or
            not supported by `model` or `protocol`.
        """
        value: Any = self._convert_value(given, model)
        if not strict:
            return value
        entry = models.find_model(model) if model else None
        if protocol and not self.in_protocol(protocol):
            raise InvalidOption(
                Text("{option} 不适用于{service}", "{option} is not for {service}").fill(
                    option=self.name, service=_PROTOCOLS[protocol]
                ),
                advice=Text(
                    "去掉它；一定要发送请用 --param",
                    "leave it out; to send it anyway use --param",
                ),
            )
        if protocol == "qianfan-v1":
            self._check_v1(value)
        if entry and not self.supported_by(entry.id):
            from ernie_magic.api.catalogue import CATALOGUE

            takers = ", ".join(
                m.id
                for m in CATALOGUE
                if self.requires in m.capabilities
                and m.kind == self.kind
                and (m.path if protocol == "qianfan-v1" else m.v2)
            )
            raise InvalidOption(
                Text("模型 {model} 不支持 {option}", "{option} is not for the model {model}").fill(
                    model=entry.id, option=self.name
                ),
                advice=Text(
                    "去掉它，或改用：{takers}", "leave it out, or use one of: {takers}"
                ).fill(takers=takers),
            )
        if self.type in ("float", "int"):
            self._check_range(value, model)
        elif (
            self.type == "size"
            and entry
            and entry.sizes
            and not entry.other_sizes
            and value not in entry.sizes
        ) or (self.choices and self.type == "str" and value not in self.choices):
            raise self._out_of_range_error(value, model)
        elif self.type == "strings":
            self._check_strings(value)
        elif self.name == "metadata":
            self._check_pairs(value)
        elif self.name == "tool_choice" and isinstance(value, str) and value not in TOOL_CHOICES:
            raise InvalidOption(
                Text(
                    "{option} 的值 {value} 不在可选值中：{choices}",
                    "{option} {value} is not one of: {choices}",
                ).fill(
                    option=self.name,
                    value=_clip_value(value),
                    choices=" | ".join(
                        [*TOOL_CHOICES, '{"type": "function", "function": {"name": …}}']
                    ),
                )
            )
        elif self.type == "str" and self.max_length and len(value) > self.max_length:
            raise self._too_long_error(value)
        return value

    def _check_v1(self, value: Any) -> None:
        """Check values of which V1 supports only one form."""
        wrong = (
            (self.name == "response_format" and value["type"] == "json_schema")
            or (self.name == "tool_choice" and isinstance(value, str) and value != "auto")
            or (self.name == "tools" and any(tool["type"] != "function" for tool in value))
        )
        if wrong:
            raise InvalidOption(
                Text(
                    "千帆 V1 不支持 {option} 的这个值",
                    "Qianfan V1 does not take this value of {option}",
                ).fill(option=self.name),
                advice=Text(
                    "V1 只有 text 和 json_object、指定的函数、函数类工具；其他用 %ernie use "
                    "qianfan",
                    "V1 has text and json_object, a specific function, and function tools; "
                    "for the rest %ernie use qianfan",
                ),
            )

    def _convert_value(self, value: object, model: str | None = None) -> Any:  # noqa: C901, PLR0911  (a line for each type)  # noqa: ANN401
        if self.type == "format":
            return self._convert_format(value)
        if self.type == "tools":
            return self._convert_tools(value)
        if self.type == "bool":
            if not isinstance(value, bool):
                raise self._wrong_type_error(value)
            return value
        if self.type == "size":
            return self._convert_size(value, model)
        if self.type == "object" and isinstance(value, bool) and self.name == "web_search":
            return {"enable": value}
        if self.type in ("object", "choice"):
            if not isinstance(value, dict) and not (
                self.type == "choice" and isinstance(value, str)
            ):
                raise self._wrong_type_error(value)
            return value
        if self.type == "strings":
            items = [value] if isinstance(value, str) else value
            if not isinstance(items, (list, tuple)) or not all(
                isinstance(item, str) for item in items
            ):
                raise self._wrong_type_error(value)
            return list(items)
        if self.type == "str":
            if not isinstance(value, str):
                raise self._wrong_type_error(value)
            # In any case: `anime` is `Anime`.
            return next(
                (choice for choice in self.choices if choice.lower() == value.lower()), value
            )
        return self._convert_number(value)

    def _convert_format(self, value: object) -> dict[str, Any]:
        """Return the object form, which openai-python sends and which is the only one other servers
        accept.

        AI Studio's API page (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns) shows the bare word.
        """
        kind = value.get("type") if isinstance(value, dict) else value
        if kind not in FORMATS:
            raise self._out_of_range_error(kind, None)
        if kind == "json_schema" and not (
            isinstance(value, dict) and isinstance(value.get("json_schema"), dict)
        ):
            raise InvalidOption(
                Text(
                    "{option} 为 json_schema 时要给出 json_schema 对象",
                    "{option} json_schema requires the json_schema object",
                ).fill(option=self.name),
                advice=untranslated(
                    '{"type": "json_schema", "json_schema": {"name": "…", "schema": {…}}}'
                ),
            )
        return value if isinstance(value, dict) else {"type": kind}

    def _convert_tools(self, value: object) -> list[dict[str, Any]]:
        """Return the tools in the form of Qianfan V2
        (https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb); a bare function, as V1 writes it, is
        wrapped.
        """
        items = [value] if isinstance(value, dict) else value
        if not isinstance(items, (list, tuple)) or not items:
            raise self._wrong_type_error(value)
        tools = []
        for item in items:
            if not isinstance(item, dict):
                raise self._wrong_type_error(item)
            tool = item if "type" in item else {"type": "function", "function": item}
            function = (
                tool.get("function") if tool["type"] == "function" else {"name": tool["type"]}
            )
            if (
                not isinstance(function, dict)
                or not isinstance(name := function.get("name"), str)
                or not name.strip()
            ):
                raise InvalidOption(
                    Text(
                        "{option}：每个函数都要有 name", "{option}: each function needs a name"
                    ).fill(option=self.name)
                )
            tools.append(tool)
        return tools

    def _convert_size(self, value: object, model: str | None) -> str:
        """Return `1024x768`; a pair of numbers, other separators and one number for a square are
        accepted.
        """
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, (tuple, list)):
            value = "x".join(str(side) for side in value)
        match = (
            re.fullmatch(r"\s*(\d{2,5})\s*(?:[xX×*,，]\s*(\d{2,5})\s*)?", value)
            if isinstance(value, str)
            else None
        )
        if match is None:
            wrong = self._wrong_type_error(value)
            wrong.advice = Text(
                "写成 1024x1024；可选：{range}", "write 1024x1024; choices: {range}"
            ).fill(range=self.format_range(model) or self.format_range("Stable-Diffusion-XL"))
            raise wrong
        return f"{int(match.group(1))}x{int(match.group(2) or match.group(1))}"

    def _convert_number(self, value: object) -> float:
        if isinstance(value, (bool, str)):
            raise self._wrong_type_error(value)
        try:
            number = float(value)  # type: ignore[arg-type]  # numpy scalars and Decimals are welcome
        except (TypeError, ValueError, OverflowError):
            raise self._wrong_type_error(value) from None
        if not math.isfinite(number) or (self.type == "int" and number != int(number)):
            raise self._wrong_type_error(value)
        # int() of the value itself: a float has only 53 bits.
        return number if self.type == "float" else int(value)  # type: ignore[call-overload]

    def _check_range(self, value: float, model: str | None) -> None:
        low, high = self.limits_for(model)
        below = low is not None and (value <= low if self.open_minimum else value < low)
        above = high is not None and (value >= high if self.open_maximum else value > high)
        if below or above:
            raise self._out_of_range_error(value, model)

    def _check_strings(self, items: list[str]) -> None:
        if self.max_items and len(items) > self.max_items:
            raise InvalidOption(
                Text(
                    "{option} 最多 {most} 个，这里有 {count} 个",
                    "{option} takes at most {most} items, not {count}",
                ).fill(option=self.name, most=self.max_items, count=len(items))
            )
        for item in items:
            if not item:
                raise InvalidOption(
                    Text("{option} 不能为空", "{option} must not be empty").fill(option=self.name)
                )
            if self.max_length and len(item) > self.max_length:
                raise self._too_long_error(item)

    def _check_pairs(self, pairs: dict[str, Any]) -> None:
        if len(pairs) > (self.max_items or len(pairs)) or not all(
            isinstance(text, str) for pair in pairs.items() for text in pair
        ):
            raise InvalidOption(
                Text(
                    "{option} 最多 {most} 对，键和值都是文本",
                    "{option} takes at most {most} pairs of texts",
                ).fill(option=self.name, most=self.max_items)
            )

    def _too_long_error(self, text: str) -> InvalidOption:
        return InvalidOption(
            Text(
                "{option} 的“{value}”有 {count} 个字符，最多 {most} 个",
                "{option} {value!r} has {count} characters, at most {most} are allowed",
            ).fill(option=self.name, value=_clip_value(text), count=len(text), most=self.max_length)
        )

    def _out_of_range_error(self, value: object, model: str | None) -> InvalidOption:
        advice = None
        if self.name == "temperature" and value == 0:
            advice = Text(
                "服务不接受 0；要稳定的输出请用 0.01，并给出 --seed",
                "the service refuses 0; for steady answers use 0.01 and give --seed",
            )
        elif (
            self.choices
            and isinstance(value, str)
            and (close := close_matches(value, self.choices, 1))
        ):
            advice = Text("是不是 {close}？", "did you mean {close}?").fill(close=close[0])
        message = (
            Text(
                "{option} 的值 {value} 不在可选值中：{range}",
                "{option} {value} is not one of: {range}",
            )
            if self.choices or self.type == "size"
            else Text(
                "{option} 的值 {value} 超出范围 {range}", "{option} {value} is out of range {range}"
            )
        )
        return InvalidOption(
            message.fill(
                option=self.name, value=_clip_value(value), range=self.format_range(model)
            ),
            advice=advice,
        )

    def _wrong_type_error(self, value: object) -> InvalidOption:
        bounds = self.format_range()
        if self.name == "web_search":
            bounds = 'on | off | {"enable": true, …}'
        allowed = Text(f"，范围 {bounds}", f" in {bounds}") if bounds else untranslated("")
        if self.choices or self.name == "web_search":
            allowed = Text(f"：{bounds}", f": {bounds}")
        what = Text(
            "{option} 的值“{value}”不是{type}{range}", "{option} {value!r} is not {type}{range}"
        )
        type_ = _TYPE_NAMES[self.type]
        return InvalidOption(
            what.fill(option=self.name, value=_clip_value(value), type=type_, range=allowed)
        )


def _clip_value(value: object) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else text[:37] + "…"  # noqa: PLR2004


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

_PROTOCOLS: dict[Protocol, Text] = {
    "openai": Text("这个服务，它是千帆 V1 的字段", "this service (it is a field of Qianfan V1)"),
    "qianfan-v1": Text("千帆 V1", "Qianfan V1"),
}
_ERNIE_IMAGE = "public clients of ERNIE-Image"
_MODEL = Text(
    "模型 ID（`%ernie models` 列出可用的）",
    "model id (`%ernie models` lists what the service offers)",
)

PARAMETERS: tuple[Parameter, ...] = (
    # Chat. `model` and `messages` are part of the request itself.
    Parameter("model", "chat", "str", _MODEL, short="-m"),
    Parameter(
        "temperature",
        "chat",
        "float",
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
    Parameter(
        "top_p",
        "chat",
        "float",
        Text(
            "多样性：取值越大，用词越丰富", "diversity: the larger, the richer the choice of words"
        ),
        0,
        1,
        step=0.05,
        default=0.7,
    ),
    Parameter(
        "penalty_score",
        "chat",
        "float",
        Text(
            "对已出现内容的惩罚，越大重复越少",
            "penalty on what was already said: higher repeats less",
        ),
        1,
        2,
        step=0.05,
        default=1.0,
    ),
    Parameter(
        "max_completion_tokens",
        "chat",
        "int",
        Text(
            "回答最多多少 token（上限因模型而异）",
            "most tokens in the answer (the limit depends on the model)",
        ),
        2,
        2048,
        step=1,
        v1="max_output_tokens",
    ),
    Parameter(
        "min_output_tokens",
        "chat",
        "int",
        Text("回答最少多少 token", "fewest tokens in the answer"),
        2,
        2048,
        step=1,
        source="https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf",
        v1_only=True,
    ),
    Parameter(
        "top_k",
        "chat",
        "int",
        Text("每步只从概率最高的 k 个 token 中取", "choose each token from the k most likely"),
        1,
        step=1,
        requires="top_k",
        source="https://github.com/baidubce/bce-qianfan-sdk",
        v1_only=True,
    ),
    Parameter(
        "stop",
        "chat",
        "strings",
        Text(
            "停止词：输出到它为止；可重复给出", "stop words: the answer ends there; may be repeated"
        ),
        max_items=4,
        max_length=20,
    ),
    Parameter(
        "seed",
        "chat",
        "int",
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
    ),
    Parameter(
        "frequency_penalty",
        "chat",
        "float",
        Text(
            "按出现频率惩罚 token，减少逐字重复",
            "penalty by frequency, against word-for-word repeats",
        ),
        -2,
        2,
        step=0.1,
        requires="penalties",
    ),
    Parameter(
        "presence_penalty",
        "chat",
        "float",
        Text("惩罚出现过的 token，鼓励新话题", "penalty on tokens already present, for new topics"),
        -2,
        2,
        step=0.1,
        requires="penalties",
    ),
    Parameter(
        "response_format",
        "chat",
        "format",
        Text(
            "输出格式；json_schema 用 JSON 给出",
            "the format of the answer; json_schema is given as JSON",
        ),
        choices=FORMATS,
        default="text",
    ),
    Parameter(
        "tools",
        "chat",
        "tools",
        Text(
            "工具：Python 函数或工具列表的变量名，可重复；函数会被自动调用",
            "tools: the variable of a Python function or of a list of tools, may be repeated; "
            "functions are called for you",
        ),
        source="https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
        v1="functions",
    ),
    Parameter(
        "tool_choice",
        "chat",
        "choice",
        Text(
            "none、auto、required 或指定工具（JSON）",
            "none, auto, required, or a specific tool (JSON)",
        ),
        default="auto",
        source="https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
    ),
    Parameter(
        "parallel_tool_calls",
        "chat",
        "bool",
        Text("一次可以调用几个工具", "several tools may be called at once"),
        default=True,
        source="https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
        v1=None,
    ),
    Parameter(
        "web_search",
        "chat",
        "object",
        Text("联网搜索：on，或 JSON", "search the web: on, or JSON"),
        source="https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
        v1=None,
    ),
    Parameter(
        "enable_thinking",
        "chat",
        "bool",
        Text("先思考再回答（能思考的模型）", "think before answering (models that can)"),
        source="https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
        v1=None,
    ),
    Parameter(
        "disable_search",
        "chat",
        "bool",
        Text("不联网搜索", "do not search the web"),
        source="https://github.com/baidubce/bce-qianfan-sdk",
        v1_only=True,
    ),
    Parameter(
        "enable_citation",
        "chat",
        "bool",
        Text("标出引用来源", "mark the sources"),
        source="https://github.com/baidubce/bce-qianfan-sdk",
        v1_only=True,
    ),
    Parameter(
        "stream_options",
        "chat",
        "object",
        Text("流式选项（JSON），如 include_usage", "stream options (JSON), such as include_usage"),
        source="https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
        v1=None,
    ),
    Parameter(
        "metadata",
        "chat",
        "object",
        Text("附加信息（JSON）：最多 16 对文本", "metadata (JSON): at most 16 pairs of texts"),
        max_items=16,
        source="https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf",
    ),
    Parameter(
        "user",
        "chat",
        "str",
        Text("最终用户的标识", "an id for the end user"),
        source="https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
        v1="user_id",
    ),
    # Pictures.
    Parameter("model", "image", "str", _MODEL, short="-m"),
    Parameter(
        "negative_prompt",
        "image",
        "str",
        Text("不希望出现的内容", "what the picture must not show"),
        max_length=1024,
        requires="diffusion",
    ),
    Parameter(
        "size",
        "image",
        "size",
        Text("宽x高（像素）", "width x height in pixels"),
        default="1024x1024",
    ),
    Parameter(
        "n", "image", "int", Text("张数", "how many pictures"), 1, 4, step=1, default=1, short="-n"
    ),
    Parameter(
        "style",
        "image",
        "str",
        Text("风格", "style"),
        choices=STYLES,
        default="Base",
        requires="diffusion",
    ),
    Parameter(
        "seed",
        "image",
        "int",
        Text(
            "随机种子：相同种子和参数得到同一张图",
            "seed: the same seed and parameters make the same picture",
        ),
        0,
        4_294_967_295,
        step=1,
    ),
    Parameter(
        "steps",
        "image",
        "int",
        Text("迭代轮次", "iterations"),
        10,
        50,
        step=1,
        default=20,
        requires="diffusion",
    ),
    Parameter(
        "cfg_scale",
        "image",
        "float",
        Text("与提示词的相关性", "how closely to follow the prompt"),
        0,
        30,
        step=0.5,
        default=5,
        requires="diffusion",
    ),
    Parameter(
        "sampler_index",
        "image",
        "str",
        Text("采样方式", "sampler"),
        choices=SAMPLERS,
        default="Euler a",
        requires="diffusion",
    ),
    Parameter(
        "use_pe",
        "image",
        "bool",
        Text(
            "让服务润色提示词；要画准确的文字时请关闭",
            "let the service enhance the prompt; off for exact text in a picture",
        ),
        requires="enhancer",
        source=_ERNIE_IMAGE,
    ),
    Parameter(
        "num_inference_steps",
        "image",
        "int",
        Text("推理步数", "inference steps"),
        1,
        50,
        step=1,
        requires="enhancer",
        source=_ERNIE_IMAGE,
    ),
    Parameter(
        "guidance_scale",
        "image",
        "float",
        Text("与提示词的相关性", "how closely to follow the prompt"),
        0,
        20,
        step=0.5,
        requires="enhancer",
        source=_ERNIE_IMAGE,
    ),
    Parameter(
        "watermark",
        "image",
        "bool",
        Text("加水印", "add a watermark"),
        default=False,
        requires="enhancer",
        source=_ERNIE_IMAGE,
    ),
    Parameter(
        "response_format",
        "image",
        "str",
        Text(
            "服务返回链接（7 天有效）还是 base64 数据",
            "whether the service sends a link (valid 7 days) or base64 data",
        ),
        choices=("url", "b64_json"),
        v1=None,
    ),
    Parameter(
        "user",
        "image",
        "str",
        Text("最终用户的标识", "an id for the end user"),
        source="https://github.com/baidubce/bce-qianfan-sdk",
        v1="user_id",
    ),
    # Vectors and ranking.
    Parameter("model", "embedding", "str", _MODEL, short="-m"),
    Parameter(
        "user",
        "embedding",
        "str",
        Text("最终用户的标识", "an id for the end user"),
        source="https://github.com/baidubce/bce-qianfan-sdk",
        v1="user_id",
    ),
    Parameter("model", "rerank", "str", _MODEL, short="-m"),
    Parameter(
        "top_n",
        "rerank",
        "int",
        Text("只返回前几个", "how many to return"),
        1,
        64,
        step=1,
        source="https://cloud.baidu.com/doc/qianfan-api/s/2m7u4zt74",
    ),
    Parameter(
        "user",
        "rerank",
        "str",
        Text("最终用户的标识", "an id for the end user"),
        source="https://cloud.baidu.com/doc/qianfan-api/s/2m7u4zt74",
        v1="user_id",
    ),
)

# A completion is a chat of one prompt, with these of its parameters.
COMPLETION = (
    "temperature",
    "top_k",
    "top_p",
    "penalty_score",
    "max_completion_tokens",
    "stop",
    "seed",
    "user",
)

# Characters of a picture's prompt (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns)
MAX_PROMPT = 1024
# Bytes of a picture in a message.
MAX_IMAGE_BYTES = 10 * 1024 * 1024
MAX_TEXTS = 16  # texts in one embeddings call (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns)
# Documents to rank, characters of the query (https://cloud.baidu.com/doc/qianfan-api/s/2m7u4zt74)
MAX_DOCUMENTS, MAX_QUERY = 64, 1_600

_BY_KIND: dict[str, dict[str, Parameter]] = {}
for _p in PARAMETERS:
    _BY_KIND.setdefault(_p.kind, {})[_p.name] = _p


def parameters_of(kind: Kind) -> Mapping[str, Parameter]:
    """Return the parameters of a kind of request, by name, in the table's order."""
    return _BY_KIND[kind]


def canonical_name(name: str, kind: Kind) -> str:
    """Return the table's name for a field that Qianfan V1 calls otherwise (`max_output_tokens`,
    `user_id`, `functions`).
    """
    return next((p.name for p in _BY_KIND[kind].values() if p.v1 == name and name), name)


def unknown_option(name: str, known: Iterable[str], shown: str = "") -> InvalidOption:
    """Return the error for a name that is not in the table; it suggests the closest one that is."""
    close = close_matches(name, known, 1)
    advice = (
        Text("是不是 {close}？", "did you mean {close}?").fill(close=close[0])
        if close
        else Text(
            "表中没有的字段：--param 名=值，在 Python 里用 extra={…}",
            "a field the table does not know: --param name=value, in Python extra={…}",
        )
    )
    return InvalidOption(
        Text("没有选项 {name}", "no option {name}").fill(name=_clip_value(shown or name)),
        advice=advice,
    )
