"""JSON that a request or its prompt asks for: by a schema, by a form shown in the prompt, by keys.

Source: Qianfan V2, chat completions (https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb),
`response_format`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ernie_magic.emulator import cities, judgements
from ernie_magic.emulator.schemas import quoted_texts, sample_value

_FORM = re.compile(r"\{[^{}]{0,200}\"[^{}\"]{1,60}\"\s{0,9}:[^{}]{0,400}\}")
_PAIR = re.compile(r"\"([^\"]+)\"\s*:\s*(<[^>]*>|\"[^\"]*\"|\[[^\]]*\]|[^,}]+)")
_TYPES = (
    (re.compile(r"int|整数", re.IGNORECASE), "integer"),
    (re.compile(r"float|number|decimal|小数|数字", re.IGNORECASE), "number"),
    (re.compile(r"bool|true|false", re.IGNORECASE), "boolean"),
    (re.compile(r"list|array|列表|^\[", re.IGNORECASE), "array"),
    (re.compile(r"^-?\d+$"), "integer"),
    (re.compile(r"^-?\d+\.\d+$"), "number"),
)
_TYPE_BY_NAME = (
    (re.compile(r"^(?:is|has|mentions)_|是否|有没有|^提到"), "boolean"),
    (
        re.compile(r"人口|population|分数|评分|score|rating|count|数量|age|年龄", re.IGNORECASE),
        "integer",
    ),
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_ASKS_FOR_TABLE = re.compile(r"表|\btable\b", re.IGNORECASE)
_ASKS_FOR_JSON = re.compile(r"\bJSON\b", re.IGNORECASE)
_NOTHING_ELSE = re.compile(
    r"只(?:输出|返回|回答)|不要别的|nothing else|only (?:the |a )?JSON", re.IGNORECASE
)


def generate_json(question: str, response_format: dict[str, Any], seed: int) -> str:
    """The text of a JSON object: the parameter `response_format` asks for it."""
    if response_format["type"] == "json_schema":
        described = response_format["json_schema"]
        value = sample_value(described.get("schema") or described, question, "", seed)
    else:
        value = compose_object(question, seed)
        if value is None:
            value = {
                "simulated": True,
                "prompt": question.strip()[:60],
                "items": [_describe_city(city, question) for city in cities.CITIES[:3]],
            }
    return _dump(value)


def answer_in_json(question: str, seed: int) -> str | None:
    """JSON that a prompt asks for in words; None if it asks for none."""
    if not _ASKS_FOR_JSON.search(question) and not _FORM.search(question):
        return None
    value = compose_object(question, seed)
    if value is None:
        return None
    if _NOTHING_ELSE.search(question):
        return _dump(value)
    return f"```json\n{_dump(value)}\n```"


def answer_in_table(question: str) -> str | None:
    """A table of the cities that a prompt asks for, with their people; None if it asks for none."""
    asked = cities.asked_cities(question)
    is_about_people = re.search(r"人口|population|inhabitants", question, re.IGNORECASE)
    # "三个城市" is answered with their facts, "北京的景点" is not.
    is_open = not cities.named_cities(question) and _ASKS_FOR_TABLE.search(question)
    if not asked or not (is_about_people or is_open):
        return None
    chinese = bool(_HAN.search(question))
    heads = ["City", "Population", "Country"]
    if chinese:
        heads = ["城市", "人口", "国家"]
    rows = [heads, [":---", "---:", ":---"]]
    for city in asked:
        name, country = (
            str(cities.city_fact(city, fact, chinese=chinese)) for fact in ("name", "country")
        )
        rows.append([name, f"{city.population:,}", country])
    columns = 3
    if is_about_people:
        columns = 2
    return "\n".join(f"| {' | '.join(row[:columns])} |" for row in rows)


def compose_object(question: str, seed: int) -> dict[str, Any] | None:
    """The object that a prompt describes; None if it describes none."""
    if form := _FORM.search(question):
        pairs = _PAIR.findall(form[0])
        fields = {name: {"type": _type_of(value.strip())} for name, value in pairs}
        value: dict[str, Any] = sample_value({"properties": fields}, question, "", seed)
        return value
    if names := _named_keys(question):
        return {name: _value_of(name, question, seed) for name in names}
    if asked := cities.asked_cities(question):
        return {"cities": [_describe_city(city, question) for city in asked]}
    if judgements.is_judgement(question):
        return dict(judge_in_words(question, seed))
    return None


def judge_in_words(question: str, seed: int) -> list[tuple[str, str | float]]:
    """What a prompt asks to judge, and the judgement of each."""
    found: list[tuple[str, str | float]] = []
    for group in judgements.find_choices(question):
        name = re.split(r"[的，,。.：:\s]|判断|分析|给出|评价", group.label)[-1] or "label"
        found.append((name, judgements.choose(group.options, question, seed)))
    if scale := judgements.find_scale(question):
        name = "score"
        if _HAN.search(question):
            name = "分数"
        rating = judgements.rate(name, question, scale, seed)
        if scale[1] - scale[0] <= judgements.SMALL_SCALE:
            found.append((name, round(rating, 2)))
        else:
            found.append((name, round(rating)))
    return found


def _describe_city(city: cities.City, question: str) -> dict[str, Any]:
    chinese = bool(_HAN.search(question))
    told = {"name": cities.city_fact(city, "name", chinese=chinese), "population": city.population}
    if re.search(r"坐标|经纬|coordinates|latitude", question, re.IGNORECASE):
        told |= {"latitude": city.latitude, "longitude": city.longitude}
    if re.search(r"国家|countr", question, re.IGNORECASE):
        told["country"] = cities.city_fact(city, "country", chinese=chinese)
    return told


def _value_of(name: str, question: str, seed: int) -> Any:
    if offered := judgements.choose_for(name, question, seed):
        return offered
    if named := cities.asked_cities(question):
        is_chinese = bool(_HAN.search(question))
        if (fact := cities.city_fact(named[0], name, chinese=is_chinese)) is not None:
            return fact
    kind = next((kind for pattern, kind in _TYPE_BY_NAME if pattern.search(name)), "")
    if kind:
        return sample_value({"type": kind}, question, name, seed)
    return f"模拟的 simulated {name}"


def _type_of(shown: str) -> str:
    return next((kind for pattern, kind in _TYPES if pattern.search(shown)), "string")


def _named_keys(question: str) -> list[str]:
    """The keys that a prompt asks an object to have, in quotation marks."""
    if not re.search(r"\b(?:keys?|fields?)\b|键|字段", question):
        return []
    return [key for key in quoted_texts(question) if re.fullmatch(r"\w{1,40}", key)]


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
