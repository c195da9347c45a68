"""The types of request parameters: how a value of each is read from text, converted to what the API
takes, and checked.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any, ClassVar

from ernie_magic.api import models
from ernie_magic.api.parameter import EXAMPLE, NOT_A_CHOICE, Parameter, Type, WrongType, clip_value
from ernie_magic.api.text_lists import parse_structure, split_list, split_typed_list
from ernie_magic.api.tool_names import name_of_callable
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text, untranslated
from ernie_magic.text.plain_values import plain_value
from ernie_magic.text.suggest import did_you_mean

FORMATS = ("text", "json_object", "json_schema")
TOOL_CHOICES = ("none", "auto", "required")
# Words of other servers: Mistral's and Gemini's.
_OTHER_TOOL_CHOICES = ("any", "validated")
SWITCH_WORDS = {True: "on", False: "off"}
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

# Where other protocols have a tool's parameters, and what is known of a function.
_OTHER_SCHEMAS = ("input_schema", "inputSchema")
_FUNCTION_FIELDS = ("name", "description", "parameters", "strict")
_NEAREST_SIZES = 2  # that an error names
_SIZE = re.compile(r"\s*(\d{2,5})\s*(?:[xX×*,，]\s*(\d{2,5})\s*)?")
# What other servers call a size: `2K`, `auto`, `16:9`, `portrait_4_3`; and no half of one.
_OTHER_SIZE = re.compile(r"(?!\d+[xX×*])[\w.:-]{1,20}")


# What an error names as the values of a switch: so Python may pass them as well.
_LISTED_SWITCHES = {"on": True, "off": False}


# What to do about a number, by whether the limit itself is excluded.
_LOWEST = {
    False: Text("最小 {limit}；不写则用默认值", "use at least {limit}, or leave it out"),
    True: Text("写大于 {limit} 的数；不写则用默认值", "use more than {limit}, or leave it out"),
}
_HIGHEST = {
    False: Text("最大 {limit}；不写则用默认值", "use at most {limit}, or leave it out"),
    True: Text("写小于 {limit} 的数；不写则用默认值", "use less than {limit}, or leave it out"),
}
_EXAMPLE_NUMBER = 42
# In English too in these quotes: Python's would double the backslash.
_BACKSLASH = Text(
    "{option} 的值“{value}”里，反斜杠可能是换行，也可能是它本身",
    "in {option} “{value}” the backslash may begin a line end or be itself",
)
_WRITE_LIST = Text(
    '写成 JSON：换行是 {option} ["\\n…"]，反斜杠本身是 {option} ["\\\\n…"]',
    'write JSON: a line end is {option} ["\\n…"], a backslash is {option} ["\\\\n…"]',
)


_SIZES = Text("写成 1024x1024；可选：{range}", "write 1024x1024; choices: {range}")
_SIZE_FORM = Text("写成 1024x1024", "write 1024x1024")
_PICTURE_ADDRESS = re.compile(r"https?://\S|data:image/", re.IGNORECASE)


class Number(Parameter):
    """A number in a range."""

    type: ClassVar[Type] = "float"
    annotation = "float"
    type_name = Text("数字", "a number")
    out_of_range = Text(
        "{option} 的值 {value} 超出范围 {range}", "{option} {value} is out of range {range}"
    )

    def _parse_text(self, text: str) -> float:
        # A Chinese keyboard's wide digits and point are the same number (NFKC).
        return float(unicodedata.normalize("NFKC", text))

    def _format_limit(self, limit: float) -> str:
        return str(float(limit))

    def format_range(self, model: str | None = None) -> str:
        """The range as people write it: `(0, 1.0]`."""
        low, high = self.limits_for(model)
        if low is None and high is None:
            return ""
        left, right = "(-∞", "∞)"
        if low is not None:
            opening = "(" if self.open_minimum else "["
            left = opening + self._format_limit(low)
        if high is not None:
            closing = ")" if self.open_maximum else "]"
            right = self._format_limit(high) + closing
        return f"{left}, {right}"

    def _convert_value(self, value: object, model: str | None) -> float:  # noqa: ARG002
        if isinstance(value, (bool, str)):
            raise self._wrong_type_error(value)
        try:
            # Scalars of numpy and Decimals are welcome.
            number = float(plain_value(value))
        except (TypeError, ValueError, OverflowError):
            raise self._wrong_type_error(value) from None
        if not math.isfinite(number):
            raise self._wrong_type_error(value)
        return number

    def _advice_for(self, value: object, model: str | None) -> Text | None:
        """Return the nearest number that is allowed."""
        low, high = self.limits_for(model)
        is_high = high is not None and float(value) >= high  # type: ignore[arg-type]
        limit = low
        is_open = self.open_minimum
        words = _LOWEST
        if is_high:
            limit = high
            is_open = self.open_maximum
            words = _HIGHEST
        if limit is None:
            return None
        return words[is_open].fill(limit=self._format_limit(limit))

    @property
    def usage_example(self) -> Text | None:
        """How it is written as an option: with its default, or a number of its range."""
        low, high = self.limits_for(None)
        value = self.default
        if value is None and low is not None and high is not None:
            value = min((low + high) / 2, _EXAMPLE_NUMBER)
        if not isinstance(value, (int, float)):
            return None
        return EXAMPLE.fill(option=self.shown_option, value=self._format_limit(value))

    def _check_range(self, value: float, model: str | None) -> None:
        """Refuse a number that is out of range."""
        low, high = self.limits_for(model)
        if low is not None and (value < low or (self.open_minimum and value == low)):
            raise self._out_of_range_error(value, model)
        if high is not None and (value > high or (self.open_maximum and value == high)):
            raise self._out_of_range_error(value, model)


class WholeNumber(Number):
    """A whole number in a range."""

    type: ClassVar[Type] = "int"
    annotation = "int"
    type_name = Text("整数", "a whole number")

    def _parse_text(self, text: str) -> int:
        return int(text)

    def _format_limit(self, limit: float) -> str:
        return str(int(limit))

    def _convert_value(self, value: object, model: str | None) -> int:
        number = super()._convert_value(value, model)
        if number != int(number):
            raise self._wrong_type_error(value)
        return int(value)  # type: ignore[call-overload, no-any-return]  # of the value itself: a float has only 53 bits


class Temperature(Number):
    """A number for which the service refuses 0."""

    def _advice_for(self, value: object, model: str | None) -> Text | None:
        if value != 0:
            return super()._advice_for(value, model)
        return Text(
            "服务不接受 0；要稳定的输出请用 0.01，并给出 --seed",
            "the service refuses 0; for steady answers use 0.01 and give --seed",
        )


class AnswerLength(WholeNumber):
    """Tokens of an answer: newer models accept far more than the documented 2048, and for an
    unknown id the service decides.
    """

    def limits_for(self, model: str | None = None) -> tuple[float | None, float | None]:
        """The catalogue's range for `model`."""
        if not model:
            return self.minimum, self.maximum
        entry = models.find_model(model)
        if entry is None:
            return self.minimum, None
        low, high = entry.max_output
        if self.minimum is not None:
            low = min(low, int(self.minimum))
        return float(low), float(high)

    def format_range(self, model: str | None = None) -> str:
        """The range of `model`; without one, `[2, …]`: each model has its own limit."""
        if model:
            return super().format_range(model)
        return f"[{self._format_limit(self.minimum or 0)}, …]"


class Switch(Parameter):
    """On or off."""

    type: ClassVar[Type] = "bool"
    annotation = "bool"
    type_name = Text("开关（on 或 off）", "a switch (on or off)")
    takes_switch = True

    def _parse_text(self, text: str) -> bool:
        return SWITCHES[text.lower()]

    def _convert_value(self, value: object, model: str | None) -> bool:  # noqa: ARG002
        if isinstance(value, str):
            value = _LISTED_SWITCHES.get(value.strip().lower(), value)
        if not isinstance(value, bool):
            raise self._wrong_type_error(value)
        return value


class String(Parameter):
    """A text, or one of a few words in any case: `anime` is `Anime`."""

    type: ClassVar[Type] = "str"
    annotation = "str"
    type_name = Text("文本", "text")

    def _convert_value(self, value: object, model: str | None) -> str:  # noqa: ARG002
        if not isinstance(value, str):
            raise self._wrong_type_error(value)
        by_lower = {choice.lower(): choice for choice in self.choices}
        return by_lower.get(value.lower(), value)

    def _check_range(self, value: str, model: str | None) -> None:
        if self.choices and value not in self.choices:
            raise self._out_of_range_error(value, model)
        if self.max_length and len(value) > self.max_length:
            raise self._too_long_error(value)


class Identifier(String):
    """A text that must not be blank."""

    def _check_range(self, value: str, model: str | None) -> None:
        if not value.strip():
            raise InvalidOption(
                Text("{option} 不能为空", "{option} must not be empty").fill(option=self.name),
                advice=Text("去掉它，或写上标识", "leave it out, or write an id"),
            )
        super()._check_range(value, model)


class PictureAddress(String):
    """The address of a picture, which the service fetches: it reads no file and no variable."""

    def _check_range(self, value: str, model: str | None) -> None:
        if not _PICTURE_ADDRESS.match(value):
            raise InvalidOption(
                Text(
                    "{option} 要写图片的网址，不是“{value}”",
                    "{option} requires the address of a picture, not {value!r}",
                ).fill(option=self.name, value=value[:100]),
                advice=Text(
                    "写 https://… 的网址，变量里的网址写 {{变量}}；服务不读本机的文件",
                    "write an address such as https://…, or {{variable}} for one in a variable; "
                    "the service reads no file of yours",
                ),
            )
        super()._check_range(value, model)


class StringList(Parameter):
    """Texts; a single one is a list of one."""

    type: ClassVar[Type] = "strings"
    annotation = "str | Sequence[str]"
    type_name = Text("文本列表", "a list of texts")

    def parse_text(self, texts: str | list[str]) -> list[str]:
        """Return the texts of an option that may be repeated."""
        if isinstance(texts, str):
            texts = [texts]
        return [item for text in texts for item in self._split_text(text)]

    def _split_text(self, text: str) -> list[str]:
        try:
            return split_typed_list(text)
        except ValueError:
            raise InvalidOption(
                _BACKSLASH.fill(option=self.name, value=clip_value(text)),
                advice=_WRITE_LIST.fill(option=self.option_name),
            ) from None

    def _convert_value(self, value: object, model: str | None) -> list[str]:  # noqa: ARG002
        items = split_list(value) if isinstance(value, str) else value
        if not isinstance(items, (list, tuple)) or not all(isinstance(i, str) for i in items):
            raise self._wrong_type_error(value)
        return list(items)

    def _check_range(self, value: list[str], model: str | None) -> None:  # noqa: ARG002
        if self.max_items and len(value) > self.max_items:
            raise InvalidOption(
                Text(
                    "{option} 最多 {most} 个，这里有 {count} 个",
                    "{option} takes at most {most} items, not {count}",
                ).fill(option=self.name, most=self.max_items, count=len(value))
            )
        for item in value:
            if not item:
                raise InvalidOption(
                    Text("{option} 不能为空", "{option} must not be empty").fill(option=self.name)
                )
            if self.max_length and len(item) > self.max_length:
                raise self._too_long_error(item)


class ResponseFormat(Parameter):
    """The format of an answer, in the object form, which openai-python sends and which is the only
    one other servers accept.

    AI Studio's API page (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns) shows the bare word.
    """

    type: ClassVar[Type] = "format"
    annotation = "str | Mapping[str, Any]"
    type_name = Text("输出格式", "a response format")

    def _parse_text(self, text: str) -> Any:
        return parse_structure(text)

    def _convert_value(self, value: object, model: str | None) -> dict[str, Any]:  # noqa: ARG002
        if isinstance(value, str):
            value = self._parse_given_text(value)
        given = _as_format(value)
        kind = given.get("type")
        if not isinstance(kind, str) or not _FORMAT.fullmatch(kind):
            error = self._out_of_range_error(kind, None)
            error.advice = _GIVE_SCHEMA
            raise error
        if kind == "json_schema" and not isinstance(given.get("json_schema"), dict):
            raise InvalidOption(
                Text(
                    "{option} 为 json_schema 时要给出 json_schema 对象",
                    "{option} json_schema requires the json_schema object",
                ).fill(option=self.name),
                advice=untranslated(
                    '{"type": "json_schema", "json_schema": {"name": "…", "schema": {…}}}'
                ),
            )
        return given

    def _check_range(self, value: dict[str, Any], model: str | None) -> None:
        if value["type"] not in FORMATS:
            raise self._out_of_range_error(value["type"], model)

    def _is_v1_form(self, value: dict[str, Any]) -> bool:
        return bool(value["type"] != "json_schema")


# A word of the API or of another server, not a list of fields.
_FORMAT = re.compile(r"[\w.\-]+")
_GIVE_SCHEMA = Text(
    "给出 pydantic 的类或 JSON schema 字典；别的类型（dataclass、list[…]、Literal）的由 "
    "pydantic.TypeAdapter(类型).json_schema() 生成",
    "pass a class of pydantic's or a JSON schema as a dictionary; of another type (a dataclass, "
    "list[…], Literal) pydantic.TypeAdapter(TYPE).json_schema() makes one",
)


def _as_format(value: Any) -> dict[str, Any]:
    """Return a response format as an object; a bare schema and a model of pydantic's become one."""
    if hasattr(value, "model_json_schema"):
        model = value if isinstance(value, type) else type(value)
        value = {"name": model.__name__, "schema": value.model_json_schema()}
    if not isinstance(value, dict):
        return {"type": value}
    if "type" not in value and isinstance(value.get("json_schema"), dict):
        return {"type": "json_schema", **value}
    if "type" not in value and isinstance(value.get("schema"), dict):
        return {"type": "json_schema", "json_schema": {"name": "answer", **value}}
    if _is_json_schema(value):
        return {"type": "json_schema", "json_schema": {"name": "answer", "schema": value}}
    return value


# What a schema has (https://json-schema.org/draft/2020-12/json-schema-core) and a format has not.
_SCHEMA_WORDS = frozenset(
    {"properties", "items", "$ref", "$defs", "anyOf", "oneOf", "allOf", "enum", "const"}
)
_SCHEMA_TYPES = ("object", "array", "string", "number", "integer", "boolean")


def _is_json_schema(value: dict[str, Any]) -> bool:
    return value.get("type") in _SCHEMA_TYPES or not _SCHEMA_WORDS.isdisjoint(value)


class JsonObject(Parameter):
    """An object, as the API takes it."""

    type: ClassVar[Type] = "object"
    annotation = "Mapping[str, Any]"
    type_name = Text(" JSON 对象", "a JSON object")

    def _parse_text(self, text: str) -> Any:
        if text.lower() in SWITCHES:
            return SWITCHES[text.lower()]
        return parse_structure(text)

    def _convert_value(self, value: object, model: str | None) -> dict[str, Any]:  # noqa: ARG002
        if isinstance(value, str):
            value = self._parse_given_text(value)
        if not isinstance(value, dict):
            raise self._wrong_type_error(value)
        return value


class WebSearch(JsonObject):
    """An object, for which a switch may stand."""

    annotation = "bool | Mapping[str, Any]"
    takes_switch = True

    def _convert_value(self, value: object, model: str | None) -> dict[str, Any]:
        if isinstance(value, str):
            value = _LISTED_SWITCHES.get(value.strip().lower(), value)
        if isinstance(value, bool):
            return {"enable": value}
        return super()._convert_value(value, model)

    def _expected_values(self) -> Text:
        return Text('：on | off | {"enable": true, …}', ': on | off | {"enable": true, …}')


_THINKING = ("enabled", "disabled", "auto", "adaptive")


class Thinking(JsonObject):
    """`{"type": "enabled"}`, for which a switch or the type alone may stand."""

    annotation = "bool | str | Mapping[str, Any]"
    takes_switch = True

    def _convert_value(self, value: object, model: str | None) -> dict[str, Any]:
        if isinstance(value, str):
            value = _LISTED_SWITCHES.get(value.strip().lower(), value)
        if isinstance(value, bool):
            return {"type": "enabled" if value else "disabled"}
        if isinstance(value, str) and value.isidentifier():
            word = value.lower()
            if word not in _THINKING and (meant := did_you_mean(word, (*_THINKING, "on", "off"))):
                raise InvalidOption(self._wrong_type_error(value).what, advice=meant)
            return {"type": value}
        return super()._convert_value(value, model)

    def _expected_values(self) -> Text:
        return untranslated(': on | off | {"type": "enabled", …}')


class TextPairs(JsonObject):
    """An object of a few pairs of texts."""

    annotation = "Mapping[str, str]"

    def _check_range(self, value: dict[str, Any], model: str | None) -> None:  # noqa: ARG002
        too_many = self.max_items is not None and len(value) > self.max_items
        if too_many or not all(isinstance(text, str) for pair in value.items() for text in pair):
            raise InvalidOption(
                Text(
                    "{option} 最多 {most} 对，键和值都是文本",
                    "{option} takes at most {most} pairs of texts",
                ).fill(option=self.name, most=self.max_items)
            )


class ToolChoice(Parameter):
    """Which tool the model must call: a word, a tool's name or function, or an object that names
    one.
    """

    type: ClassVar[Type] = "choice"
    annotation = "str | Mapping[str, Any]"
    type_name = Text("名称或 JSON 对象", "a name or a JSON object")

    def _parse_text(self, text: str) -> Any:
        return parse_structure(text)

    def _convert_value(self, value: object, model: str | None) -> str | dict[str, Any]:  # noqa: ARG002
        if isinstance(value, str):
            value = self._parse_given_text(value)
        if callable(value):
            value = name_of_callable(value) or value
        if not isinstance(value, (dict, str)):
            raise self._wrong_type_error(value)
        if isinstance(value, str) and value not in (*TOOL_CHOICES, *_OTHER_TOOL_CHOICES):
            value = {"name": value}
        if isinstance(value, dict) and "name" in value and "function" not in value:
            return {"type": "function", "function": {"name": value["name"]}}
        return value

    def _check_range(self, value: str | dict[str, Any], model: str | None) -> None:  # noqa: ARG002
        if isinstance(value, str) and value not in TOOL_CHOICES:
            choices = [*TOOL_CHOICES, '{"type": "function", "function": {"name": …}}']
            raise InvalidOption(
                NOT_A_CHOICE.fill(
                    option=self.name, value=clip_value(value), range=" | ".join(choices)
                )
            )

    def _is_v1_form(self, value: str | dict[str, Any]) -> bool:
        return value == "auto" or isinstance(value, dict)


# Where LangChain's `@tool` and LlamaIndex have it.
_FUNCTION_OF_TOOL = Text(
    "给出工具里的函数：tools=[名称.func]", "give the function that it holds: tools=[name.func]"
)


class ToolList(Parameter):
    """Tools in the form of Qianfan V2 (https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb); a bare
    function, as V1 writes it, is wrapped.
    """

    type: ClassVar[Type] = "tools"
    annotation = "Callable[..., Any] | Mapping[str, Any] | Sequence[Any]"
    type_name = Text("工具列表", "a list of tools")

    def _parse_text(self, text: str) -> Any:
        return parse_structure(text)

    def _convert_value(self, value: object, model: str | None) -> list[dict[str, Any]]:  # noqa: ARG002
        if isinstance(value, str):
            value = self._parse_given_text(value)
        items = [value] if isinstance(value, dict) else value
        if not isinstance(items, (list, tuple)) or not items:
            raise self._no_tool_error(value)
        return [self._convert_tool(item) for item in items]

    def _no_tool_error(self, value: object) -> WrongType:
        """Return the error for what is no tool; of another library's tool it names the function."""
        wrong = self._wrong_type_error(value)
        if callable(getattr(value, "func", None)):
            wrong.advice = _FUNCTION_OF_TOOL
        return wrong

    def _convert_tool(self, item: object) -> dict[str, Any]:
        if not isinstance(item, dict):
            raise self._no_tool_error(item)
        tool = _as_tool(item)
        name = tool["type"]
        if name == "function":
            function = tool.get("function")
            name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str) or not name.strip():
            raise InvalidOption(
                Text("{option}：每个函数都要有 name", "{option}: each function needs a name").fill(
                    option=self.name
                )
            )
        return tool

    def _expected_values(self) -> Text:
        form = '[{"type": "function", "function": {"name": "…"}}]'
        return Text(f"：Python 函数，或 {form}", f": Python functions, or {form}")

    def _is_v1_form(self, value: list[dict[str, Any]]) -> bool:
        return all(tool["type"] == "function" for tool in value)


def _as_tool(item: dict[str, Any]) -> dict[str, Any]:
    """Return a tool in the form of Qianfan V2: a bare function is wrapped, and so are the tools of
    other protocols, which have its fields at their top: OpenAI's Responses
    (https://platform.openai.com/docs/guides/function-calling), Anthropic's Messages
    (https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview) and MCP
    (https://modelcontextprotocol.io/specification/2025-06-18/server/tools).
    """
    kind = item.get("type", "function")
    schema = next((item[name] for name in _OTHER_SCHEMAS if name in item), None)
    if schema is not None:
        kind = "function"
    elif "type" not in item:
        return {"type": "function", "function": item}
    if kind != "function" or "function" in item or "name" not in item:
        return item
    function = {name: item[name] for name in _FUNCTION_FIELDS if name in item}
    if schema is not None:
        function["parameters"] = schema
    return {"type": "function", "function": function}


class PictureSize(Parameter):
    """Width and height of a picture, `1024x768`; a pair of numbers, other separators and one number
    for a square are accepted. Servers of others may have words for it.
    """

    type: ClassVar[Type] = "size"
    annotation = "str | int | tuple[int, int]"
    type_name = Text("尺寸（宽 x 高，像素）", "a size (width x height in pixels)")

    def format_range(self, model: str | None = None) -> str:
        """The sizes that a catalogued model makes, "" where none are known."""
        entry = models.find_model(model or "")
        if entry is None:
            return ""
        return " | ".join(entry.sizes)

    def _convert_value(self, value: object, model: str | None) -> str:
        if isinstance(value, (tuple, list)):
            value = "x".join(str(side) for side in value)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise self._not_a_size_error(value, model)
        if match := _SIZE.fullmatch(value):
            width, height = match.groups()
            return f"{int(width)}x{int(height or width)}"
        if not _OTHER_SIZE.fullmatch(value):
            raise self._not_a_size_error(value, model)
        return value

    def _not_a_size_error(self, value: object, model: str | None) -> WrongType:
        wrong = self._wrong_type_error(value)
        choices = self.format_range(model) or self.format_range("Stable-Diffusion-XL")
        return WrongType(wrong.what, wrong.what, _SIZES.fill(range=choices), _SIZE_FORM)

    def _advice_for(self, value: object, model: str | None) -> Text | None:
        """Return the sizes that are nearest in shape and area."""
        entry = models.find_model(model or "")
        if entry is None:
            return None
        distances = {size: _size_distance(size, str(value)) for size in entry.sizes}
        nearest = sorted(distances, key=distances.__getitem__)[:_NEAREST_SIZES]
        return Text("最接近的：{sizes}", "nearest sizes: {sizes}").fill(sizes=", ".join(nearest))

    def _check_range(self, value: str, model: str | None) -> None:
        if not _SIZE.fullmatch(value):
            raise self._not_a_size_error(value, model)
        entry = models.find_model(model or "")
        if entry and entry.sizes and not entry.other_sizes and value not in entry.sizes:
            raise self._out_of_range_error(value, model)


def _size_distance(size: str, other: str) -> float:
    """How far two sizes are apart, as logarithms of factors: their shapes count more than their
    areas.
    """
    width, height = (max(1, int(side)) for side in size.split("x"))
    other_width, other_height = (max(1, int(side)) for side in other.split("x"))
    shape = math.log(width / height * other_height / other_width)
    area = math.log(width * height / (other_width * other_height))
    return 2 * abs(shape) + abs(area)
