"""Some cities and their people, for questions that ask for any.

Populations: China's census of 2020 (https://www.stats.gov.cn/sj/pcsj/rkpc/d7c/) and those of the
countries named, of the same years; of the municipality, or of the city proper abroad.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class City:
    """A city: its names, its people, and where it lies."""

    zh: str
    en: str
    population: int
    latitude: float
    longitude: float
    country_zh: str = "中国"
    country_en: str = "China"


CITIES = (
    City("上海", "Shanghai", 24_870_895, 31.2, 121.5),
    City("北京", "Beijing", 21_893_095, 39.9, 116.4),
    City("杭州", "Hangzhou", 11_936_010, 30.3, 120.2),
    City("广州", "Guangzhou", 18_676_605, 23.1, 113.3),
    City("成都", "Chengdu", 20_937_757, 30.7, 104.1),
    City("深圳", "Shenzhen", 17_560_061, 22.5, 114.1),
    City("武汉", "Wuhan", 12_326_518, 30.6, 114.3),
    City("西安", "Xi'an", 12_952_907, 34.3, 108.9),
    City("天津", "Tianjin", 13_866_009, 39.1, 117.2),
    City("重庆", "Chongqing", 32_054_159, 29.6, 106.6),
    City("南京", "Nanjing", 9_314_685, 32.1, 118.8),
    City("苏州", "Suzhou", 12_748_262, 31.3, 120.6),
    City("东京", "Tokyo", 14_047_594, 35.7, 139.7, "日本", "Japan"),
    City("伦敦", "London", 8_799_800, 51.5, -0.1, "英国", "United Kingdom"),
    City("纽约", "New York", 8_804_190, 40.7, -74.0, "美国", "United States"),
    City("巴黎", "Paris", 2_165_423, 48.9, 2.3, "法国", "France"),
)
_COUNTED = re.compile(
    r"(\d{1,2}|[一两二三四五六七八九十])\s*[个座]|\b(\d{1,2}|two|three|four|five|six|seven|eight|nine|ten)\b",
    re.IGNORECASE,
)
_DIGITS = {word: i for i, word in enumerate("零一二三四五六七八九十")} | {"两": 2}
_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DIGITS |= {word: i for i, word in enumerate(_WORDS, start=2)}
_ASKED = re.compile(r"城市|\bcit(?:y|ies)\b", re.IGNORECASE)
_FACTS = (
    (re.compile(r"人口|人数|population|people|inhabitants", re.IGNORECASE), "population"),
    (re.compile(r"纬度|^lat", re.IGNORECASE), "latitude"),
    (re.compile(r"经度|^l(?:on|ng)", re.IGNORECASE), "longitude"),
    (re.compile(r"国家|国$|country|nation", re.IGNORECASE), "country"),
    (re.compile(r"城市|名称|名字|^名$|cit(?:y|ies)|^name|title", re.IGNORECASE), "name"),
)


def named_cities(prompt: str) -> list[City]:
    """The cities that a prompt names, in its order."""
    places = {city: max(prompt.find(city.zh), prompt.find(city.en)) for city in CITIES}
    return sorted((city for city in CITIES if places[city] >= 0), key=places.__getitem__)


def asked_cities(prompt: str) -> list[City]:
    """The cities that answer a prompt: those it names, or as many as it asks for.

    Returns
    -------
    list of City
        Empty if it asks for no city.
    """
    if named := named_cities(prompt):
        return named
    if not _ASKED.search(prompt):
        return []
    return list(CITIES[: count_asked(prompt)])


def count_asked(prompt: str, default: int = 3) -> int:
    """How many things a prompt asks for: "三个", "five"."""
    found = _COUNTED.search(prompt)
    if found is None:
        return default
    words = (found[1] or found[2]).lower()
    if words.isdecimal():
        return max(1, min(int(words), len(CITIES)))
    return _DIGITS[words]


def city_fact(city: City, name: str, *, chinese: bool) -> str | float | None:
    """What a field of this name says about a city; None for one that is not known."""
    fact = next((fact for pattern, fact in _FACTS if pattern.search(name)), "")
    if fact in ("population", "latitude", "longitude"):
        value: float = getattr(city, fact)
        return value
    language = "en"
    if chinese:
        language = "zh"
    if fact == "country":
        return str(getattr(city, f"country_{language}"))
    if fact == "name":
        return str(getattr(city, language))
    return None
