"""Values of typed columns, as models write them: `5分`, `$1,234.50`, `✓`.

What may mean two things is none: `85%` is 85 or 0.85, `4/10` is 4 or 0.4, `1,5` is one number or
two, and `30 min` stands in a column beside `2 h`.
"""

from __future__ import annotations

import math
import re
from typing import Any

from ernie_magic.api.parameter_types import SWITCHES
from ernie_magic.text.json_text import NumberText
from ernie_magic.text.language import whole_characters

INT64 = 2**63  # the range of a column of whole numbers
# What models write for yes and no beside the words of an option.
_YES = (
    *("y", "t", "right", "correct", "✓", "✔", "✔️", "☑", "✅", "√"),
    *("对", "对的", "真", "有", "是的", "正确", "会", "能", "可以", "肯定"),
)
_NO = (
    *("n", "f", "wrong", "incorrect", "not correct", "✗", "✘", "✖", "✕", "❌", "×"),
    *("错", "错的", "假", "无", "不", "不是", "不对", "没有", "错误", "不正确", "不会", "不能"),
    *("不可以", "否定"),
)
_ANSWERED_SWITCHES = SWITCHES | dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
_AROUND_WORDS = ".。!！ \t\r\n\"'“”‘’「」"
# Signs and marks of numbers as typographers and Chinese keyboards write them.
_NUMBER_MARKS = str.maketrans("−－＋，．", "--+,.")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_CURRENCIES = r"(?:US|HK|CA|A|NT)?[$＄]|[¥￥€£]|RMB|CNY|USD|EUR|GBP|HKD|JPY|人民币"
# Units in which a column of numbers is counted whichever text it is about; not those of measures,
# of which a text has its own (kg and g, days and hours), nor what multiplies (万, k).
_UNITS = (
    r"分|星|颗星|个|人|位|名|次|条|件|岁|元|圆|块|块钱|人民币|元人民币|美元|欧元|英镑|日元|港元|港币"
    r"|stars?|points?|pts?|yuan|RMB|CNY|USD|EUR|GBP|HKD|JPY|dollars?|euros?|[€£元]"
)
_AMOUNT = re.compile(
    rf"(?P<sign>[+-]?)(?:{_CURRENCIES})?\s*(?P<number>\d[\d,]*(?:\.\d*)?)\s*(?:{_UNITS})?",
    re.IGNORECASE,
)
_STARS = re.compile("([★⭐]\ufe0f?)+☆*")


def convert_value(value: Any, kind: str) -> Any:
    """Return the value as this type; None when it cannot be converted, or may mean several.

    Parameters
    ----------
    value
        As JSON has it, with `NumberText` for numbers that are not whole.
    kind
        "str", "int", "float" or "bool".
    """
    if kind == "str":
        return _convert_text(value)
    if isinstance(value, list) and len(value) == 1:
        (value,) = value
    if value is None or isinstance(value, (dict, list)):
        return None
    if kind == "bool":
        return _convert_switch(value)
    try:
        return _convert_number(value, kind)
    except (TypeError, ValueError, OverflowError):
        return None


def _convert_text(value: Any) -> str | None:
    """Return what the answer has for a value, and the items of a list in a row."""
    if isinstance(value, list):
        items = [_convert_item(item) for item in value]
        if None in items:
            return None
        return ", ".join(map(str, items))
    return _convert_item(value)


def _convert_item(value: Any) -> str | None:
    if value is None or isinstance(value, (dict, list)):
        return None
    if isinstance(value, bool):
        return str(value).lower()  # as JSON has it
    return whole_characters(str(value))


def _convert_switch(value: Any) -> bool | None:
    """Return yes or no for a word or a sign of it, for 1 and for 0."""
    word = str(value).strip(_AROUND_WORDS).lower()
    if word in _ANSWERED_SWITCHES:
        return _ANSWERED_SWITCHES[word]
    if isinstance(value, NumberText):
        return {1.0: True, 0.0: False}.get(float(value))
    return None


def _convert_number(value: Any, kind: str) -> float | None:
    """Return a number, for a column of whole ones an `int` of at most 64 bits.

    Raises
    ------
    TypeError, ValueError, OverflowError
        It is not one.
    """
    if isinstance(value, str):
        value = _find_digits(value)
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number):
        return None
    if kind == "float":
        return number
    # A float has only 53 bits: a whole number is read as an integer.
    whole = int(number)
    if isinstance(value, int) or (isinstance(value, str) and value.lstrip("+-").isdecimal()):
        whole = int(value)
    if number != int(number) or not -INT64 <= whole < INT64:
        return None
    return whole


def _find_digits(text: str) -> str:
    """Return a number as Python reads it: `−4`, `1,000`, `￥12.50`, `5 分`, `★★★★☆`; any other text
    as it is.
    """
    digits = text.strip().translate(_NUMBER_MARKS)
    if _STARS.fullmatch(digits):
        return str(digits.count("★") + digits.count("⭐"))
    if amount := _AMOUNT.fullmatch(digits):
        digits = amount["sign"] + amount["number"]
    if _THOUSANDS.fullmatch(digits):
        return digits.replace(",", "")
    return digits
