"""A value that fits a JSON schema, filled with the words of a prompt where it has some.

Source: JSON Schema (https://json-schema.org/draft/2020-12/json-schema-validation), as far as tools
and structured answers use it.
"""

from __future__ import annotations

import math
import random
import re
from typing import Any

from ernie_magic.emulator import cities, judgements, text_formats
from ernie_magic.emulator.patterns import text_for_pattern, words_of
from ernie_magic.emulator.refusals import Refusal

_PLACE = re.compile(r"location|city|place|地|城|区域", re.IGNORECASE)
_DATE = re.compile(r"(?<![a-z])(?:time|date)|日期|时间|YYYY")
# Such a parameter takes the prompt's own words.
_FREE_TEXT = re.compile(
    r"query|question|text|message|prompt|content|sql|code|expression|sentence|note|问题|内容|文本",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
# An apostrophe stands inside a word: "don't" opens no quotation.
_QUOTED = re.compile(
    r"""(?<![A-Za-z0-9])'([^'\n]+)'(?![A-Za-z0-9])|"([^"\n]+)"|`([^`\n]+)`"""
    r"|“([^”\n]+)”|‘([^’\n]+)’|「([^」\n]+)」|『([^』\n]+)』|《([^》\n]+)》|«([^»\n]+)»"
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_CLAUSE_END = re.compile(r"[,.?!\n]")
_TEXT_RULES = frozenset({"format", "pattern", "minLength", "maxLength"})
MAX_WORDS = 200  # characters of a prompt that become one text
MAX_COUNT = 1_000  # characters or items that a schema may demand
# A small schema whose parts refer to one another may describe a value of any size.
MAX_SIZE = 1_000_000
_VALUE_SIZE = 100
_MOST = 1e300


def sample_value(
    schema: Any,
    prompt: str,
    name: str,
    seed: int,
    *,
    root: Any = None,
    mentioned: str = "",
) -> Any:
    """A value that fits a schema, from the prompt where it has one.

    Parameters
    ----------
    schema
        The schema, or the part of one.
    prompt, name
        Where the value is looked for, and what it is for.
    seed
        The same seed gives the same value.
    root
        The schema that references point into; None for `schema` itself.
    mentioned
        What a text is where the prompt has nothing else for it; "" for the prompt's beginning.

    Raises
    ------
    Refusal
        It is not a schema, refers to a part that it has not, or no finite value fits it.
    """
    if root is None:
        root = schema
    try:
        return _Sampler(root, prompt, seed, mentioned).sample(schema, name)
    except (_EndlessError, RecursionError):
        raise Refusal("malformed_json", "Invalid Argument: the schema has no end") from None


def quoted_texts(prompt: str) -> list[str]:
    """What stands in quotation marks."""
    return ["".join(groups).strip() for groups in _QUOTED.findall(prompt)]


def check_object(given: Any, name: str) -> dict[str, Any]:
    """An object, or {} for null.

    Raises
    ------
    Refusal
    """
    if given is not None and not isinstance(given, dict):
        raise Refusal("malformed_json", f"Invalid Argument: {name:.80} must be an object")
    return given or {}


def check_list(given: Any, name: str) -> list[Any]:
    """A list, or [] for null.

    Raises
    ------
    Refusal
    """
    if given is not None and not isinstance(given, list):
        raise Refusal("malformed_json", f"Invalid Argument: {name} must be a list")
    return given or []


class _EndlessError(Exception):
    """A part of the schema contains itself: what may be left out here is left out."""


class _Sampler:
    """One value's making: the schema that references point into, and the prompt."""

    def __init__(self, root: Any, prompt: str, seed: int, mentioned: str) -> None:
        self._mentioned = mentioned
        self._root = root
        self._prompt = prompt
        self._seed = seed
        numbers = [float(number) for number in _NUMBER.findall(prompt)]
        self._numbers = [number for number in numbers if math.isfinite(number)]
        self._quoted = quoted_texts(prompt)
        self._cities = cities.asked_cities(prompt)
        self._city = 0  # the one that is told about
        self._names: frozenset[str] = frozenset()  # of the fields beside the one that is made
        self._open: list[str] = []  # the references being followed
        self._size = self._texts = 0

    def sample(self, schema: Any, name: str) -> Any:
        """A value that fits a part of the schema."""
        self._spend(_VALUE_SIZE + len(name))
        # pydantic writes true and false for "anything" and "nothing".
        if isinstance(schema, bool):
            schema = {"type": "string"}
        schema = check_object(schema, "schema")
        if "$ref" in schema:
            return self._sample_reference(schema, name)
        if "const" in schema or schema.get("enum"):
            return self._sample_constant(schema, name)
        if parts := check_list(schema.get("allOf"), "allOf"):
            parts = [self._resolve(part) for part in parts]
            return self.sample(_merge([{**schema, "allOf": None}, *parts]), name)
        if choices := check_list(schema.get("anyOf") or schema.get("oneOf"), "anyOf"):
            return self._sample_one_of(choices, name)
        return self._sample_type(schema, name)

    def _spend(self, size: int) -> None:
        self._size += size
        if self._size > MAX_SIZE:
            raise Refusal("malformed_json", "Invalid Argument: the schema is too large")

    def _sample_constant(self, schema: dict[str, Any], name: str) -> Any:
        choices = [schema.get("const")]
        if "const" not in schema:
            choices = check_list(schema["enum"], "enum")
        named = [one for one in choices if str(one) in self._prompt]
        chosen = next(iter(named), choices[0])
        words = tuple(one for one in choices if isinstance(one, str))
        # None or several stand in the prompt: the text that it asks about decides.
        if len(named) != 1 and len(words) > 1 and judgements.is_decided(words, self._prompt, name):
            chosen = judgements.choose(words, self._prompt, self._seed)
        self._spend(len(str(chosen)))
        return chosen

    def _sample_reference(self, schema: dict[str, Any], name: str) -> Any:
        reference = str(schema["$ref"])
        if reference in self._open:
            raise _EndlessError
        self._open.append(reference)
        try:
            return self.sample(self._resolve(schema), name)
        finally:
            self._open.pop()

    def _resolve(self, schema: Any) -> Any:
        """What a reference within the schema refers to (RFC 6901); anything else as it is."""
        if not isinstance(schema, dict) or "$ref" not in schema:
            return schema
        reference = str(schema["$ref"])
        target = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(target, dict) or key not in target:
                raise Refusal("malformed_json", f"Invalid Argument: no {reference:.80} in schema")
            target = target[key]
        return target

    def _sample_one_of(self, choices: list[Any], name: str) -> Any:
        """The first choice that has an end, null the last of all."""
        for choice in sorted(choices, key=lambda each: each == {"type": "null"}):
            if found := self._sample_if_finite(choice, name):
                return found[0]
        raise _EndlessError

    def _sample_if_finite(self, schema: Any, name: str) -> list[Any]:
        """The value, in a list; an empty list if the schema has no end here."""
        try:
            return [self.sample(schema, name)]
        except _EndlessError:
            return []

    def _sample_type(self, schema: dict[str, Any], name: str) -> Any:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((each for each in kind if each != "null"), "null")
        if kind is None:
            kind = self._guess_type(schema, name)
        if kind in ("integer", "number"):
            return self._sample_number(schema, name, is_whole=kind == "integer")
        if kind == "null":
            return None
        if kind == "boolean":
            return judgements.is_true(name, self._prompt)
        if kind == "array":
            return self._sample_array(schema, name)
        if kind == "object":
            return self._sample_object(schema)
        return self._sample_text(schema, name)

    def _guess_type(self, schema: dict[str, Any], name: str) -> str:
        """The type of a value that may have any: a number where the prompt has nothing else."""
        if "properties" in schema:
            return "object"
        is_for_text = (
            _PLACE.search(name) or _DATE.search(name) or not _TEXT_RULES.isdisjoint(schema)
        )
        if is_for_text or self._quoted or self._cities or not self._numbers:
            return "string"
        if self._numbers[0].is_integer():
            return "integer"
        return "number"

    def _sample_number(self, schema: dict[str, Any], name: str, *, is_whole: bool) -> float:
        least, most = _bounds(schema)
        number = max(least, min(self._choose_number(name, least, most), most))
        if is_whole and judgements.is_score(name, self._prompt):
            number = round(number)
        if is_whole:
            whole = math.floor(number)
            if whole < least:
                whole = math.ceil(least)
            return whole
        return number

    def _choose_number(self, name: str, least: float, most: float) -> float:
        """The city's number, one of the scale, one of the prompt, or any."""
        if isinstance(fact := self._city_fact(name), (int, float)):
            return fact
        if judgements.is_score(name, self._prompt):
            low, high = _scale_of(judgements.find_scale(self._prompt, name), least, most)
            digits = 1
            if high - low <= judgements.SMALL_SCALE:
                digits = 2
            return round(judgements.rate(name, self._prompt, (low, high), self._seed), digits)
        if facts := judgements.find_facts(name, self._prompt):
            return facts[0]
        # The second parameter takes the second number: the sum of 3 and 5.
        position = {"b": 1, "y": 1, "c": 2, "z": 2}.get(name, 0)
        if self._numbers:
            return self._numbers[min(position, len(self._numbers) - 1)]
        return float(random.Random(f"{self._seed}{name}").randint(1, 5))  # noqa: S311

    def _city_fact(self, name: str) -> str | float | None:
        if not self._cities:
            return None
        city = self._cities[min(self._city, len(self._cities) - 1)]
        return cities.city_fact(city, name, chinese=bool(_HAN.search(self._prompt)))

    def _sample_array(self, schema: dict[str, Any], name: str) -> list[Any]:
        least = _count(schema.get("minItems"))
        parts = check_list(schema.get("prefixItems"), "prefixItems")
        each = schema.get("items") or {"type": "string"}
        count = max(1, least)
        # "三个城市和人口": as many as are asked for, each with its own facts.
        is_cities = self._is_about_cities(each, name)
        if is_cities:
            most = _numeric(schema.get("maxItems"), MAX_COUNT)
            count = int(min(max(len(self._cities), least), most))
        items = [*parts, *[each] * (count - len(parts))]
        values = []
        try:
            for i, item in enumerate(items):
                if is_cities:
                    self._city = i
                values.append(self.sample(item, name))
        except _EndlessError:
            if least:
                raise
            return []
        self._city = 0
        return values

    def _is_about_cities(self, item: Any, name: str) -> bool:
        """Whether a list's items are the cities that the prompt asks for."""
        item = self._resolve(item)
        if not self._cities or self._city or not isinstance(item, dict):
            return False
        names = [name, *check_object(item.get("properties"), "properties")]
        if item.get("type") == "string":
            names = [name]
        return any(self._city_fact(each) is not None for each in names)

    def _sample_object(self, schema: dict[str, Any]) -> dict[str, Any]:
        required = check_list(schema.get("required"), "required")
        value: dict[str, Any] = {}
        properties = check_object(schema.get("properties"), "properties")
        # A prompt names the fields that it asks for; they are not what it is about.
        self._quoted = [words for words in self._quoted if words not in properties]
        self._names |= properties.keys()
        for name, kind in properties.items():
            if found := self._sample_if_finite(kind, name):
                value[name] = found[0]
            elif name in required:
                raise _EndlessError
        return value

    def _sample_text(self, schema: dict[str, Any], name: str) -> str:
        text = self._ruled_text(schema, name)
        if text is None:
            text = self._worded_text(schema, name)
        self._spend(len(text))
        return text

    def _ruled_text(self, schema: dict[str, Any], name: str) -> str | None:
        """A text by the schema's pattern or format; None where it has none that is known here."""
        key = f"{self._seed}{name}"
        text = None
        if isinstance(pattern := schema.get("pattern"), str):
            words = [self._judge(name), *self._quoted, *words_of(self._prompt)]
            words.append(text_formats.write_date(self._prompt))
            text = text_for_pattern(
                pattern, [word for word in words if word], *_lengths(schema), key
            )
        if text is None:
            kind = str(schema.get("format") or "")
            text = text_formats.write_text(kind, self._prompt, key)
        return text

    def _worded_text(self, schema: dict[str, Any], name: str) -> str:
        """A text of the prompt's words."""
        described = f"{schema.get('format') or ''}{schema.get('description') or ''}"
        if _DATE.search(name + described):
            return text_formats.write_date(self._prompt)
        text = self._judge(name) or self._choose_words(
            is_place=bool(_PLACE.search(name + described)),
            is_free=schema.get("type") is None or bool(_FREE_TEXT.search(name)),
        )
        least, most = _lengths(schema)
        return text.ljust(least, "…")[:most]

    def _judge(self, name: str) -> str:
        """The word that the prompt offers for a field, or the city's; "" for neither."""
        if offered := judgements.choose_for(name, self._prompt, self._seed, self._names - {name}):
            return offered
        if name and isinstance(fact := self._city_fact(name), str):
            return fact
        return ""

    def _choose_words(self, *, is_place: bool, is_free: bool) -> str:
        """The city, what is quoted or mentioned, or the beginning: whatever the script, no letter
        is lost.
        """
        named = cities.named_cities(self._prompt)
        city = ""
        if named:
            city = next(one for one in (named[0].zh, named[0].en) if one in self._prompt)
        if city and (is_place or not self._quoted):
            return city
        if self._quoted:
            quoted = self._quoted[min(self._texts, len(self._quoted) - 1)]
            self._texts += 1
            return quoted[:MAX_WORDS]
        if self._mentioned and not is_free:
            return self._mentioned[:MAX_WORDS]
        words = self._prompt
        if judgements.is_judgement(words):
            words = judgements.find_subject(words)
        words = judgements.without_json(words).strip()
        if words.isascii():
            words = _CLAUSE_END.split(words)[0]
        return words[:MAX_WORDS] or "…"


def _merge(parts: list[Any]) -> dict[str, Any]:
    """The schema that several parts make together."""
    merged: dict[str, Any] = {}
    for part in parts:
        each = dict(check_object(part, "schema"))
        each["properties"] = {
            **check_object(merged.get("properties"), "properties"),
            **check_object(each.get("properties"), "properties"),
        }
        each["required"] = [
            *check_list(merged.get("required"), "required"),
            *check_list(each.get("required"), "required"),
        ]
        merged |= each
    if not merged["properties"]:
        del merged["properties"]
    return {key: value for key, value in merged.items() if value is not None}


def _bounds(schema: dict[str, Any]) -> tuple[float, float]:
    """The least and the most that a number may be."""
    least = _numeric(schema.get("minimum"), -math.inf)
    most = _numeric(schema.get("maximum"), math.inf)
    # One that is excluded is left by one: 0 < x < 1 is 0.5.
    above = _numeric(schema.get("exclusiveMinimum"), -math.inf)
    below = _numeric(schema.get("exclusiveMaximum"), math.inf)
    step = min(1.0, (min(most, below) - max(least, above)) / 2)
    return max(least, above + step), min(most, below - step)


def _scale_of(
    asked: tuple[float, float] | None,
    least: float,
    most: float,
) -> tuple[float, float]:
    """The scale of a score: the one that the prompt names, else the schema's, else 1 to 5."""
    if asked is not None:
        return max(asked[0], least), min(asked[1], most)
    if math.isfinite(least) and math.isfinite(most):
        return least, most
    return max(1, least), min(5, most)


def _numeric(given: Any, default: float) -> float:
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return default
    if not -_MOST < given < _MOST:  # 1e999 is JSON, and so is an integer of a thousand digits
        return default
    return float(given)


def _lengths(schema: dict[str, Any]) -> tuple[int, int]:
    """The least and the greatest length that a text may have."""
    return _count(schema.get("minLength")), int(_numeric(schema.get("maxLength"), MAX_COUNT))


def _count(given: Any) -> int:
    """A schema's count of characters or items, within reason."""
    return int(max(0, min(_numeric(given, 0), MAX_COUNT)))
