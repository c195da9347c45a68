"""Values of `{{expr}}` as the words of a prompt: whole, or refused with what to write instead."""

from __future__ import annotations

import functools
import inspect
import io
import math
import re
import types
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sized
from itertools import islice
from typing import Any

from ernie_magic.errors import InvalidExpression
from ernie_magic.text.counts import ROWS
from ernie_magic.text.language import Text, counted
from ernie_magic.text.plain_values import day_of_pandas, has_no_words, python_value
from ernie_magic.text.whole_values import ADDRESS, as_table, is_array, whole_text, write_table

# Characters of a value that is no text: what is longer was hardly meant, and costs accordingly.
MAX_CHARACTERS = 200_000
_MAX_ITEMS_CHECKED = 100

_IN_ANGLES = re.compile(r"<[^<>]*>")

_NONE = Text("{source} 的值是 None，没有内容", "the value of {source} is None: it has no words")
_RETURN = Text(
    "函数要用 return 返回文本：只打印或就地修改的返回 None；确实要写 None 就写 str(…)",
    "a function has to return its text: one that prints, or changes a value in place, returns "
    "None; str(…) writes None",
)
_FUNCTION = Text("{source} 是函数，不是文本", "{source} is a function, not a text")
_CLASS = Text("{source} 是类，不是文本", "{source} is a class, not a text")
_MODULE = Text("{source} 是模块，不是文本", "{source} is a module, not a text")
_LAZY = Text("{source} 还没有算出来，没有行", "{source} is not computed yet, so it has no rows")
_FILE = Text("{source} 是打开的文件，不是文本", "{source} is an open file, not a text")
_ITERATOR = Text("{source} 是迭代器，不是文本", "{source} is an iterator, not a text")
_AWAITABLE = Text("{source} 还没有等到结果", "{source} has not been awaited")
_OBJECT = Text("{source}（{kind}）没有文本形式", "{source} ({kind}) has no text of its own")
_CALL = Text(
    "调用它：{call}；要源代码用 inspect.getsource",
    "call it: {call}; inspect.getsource has its code",
)
_USE_INSTANCE = Text(
    "写它的一个对象，或 inspect.getsource 的源代码",
    "write an object of it, or its code by inspect.getsource",
)
_USE_MEMBER = Text(
    "写模块里的变量或函数的结果", "write a variable of it, or what its function returns"
)
_COLLECT = Text("用 .collect() 算出来", "compute it with .collect()")
_READ = Text("用 .read() 读出内容", "read it with .read()")
_LIST = Text("用 list(…) 取出内容", "take what it has with list(…)")
_AWAIT = Text("先在前面的单元格里 await 它", "await it in a cell above")
_USE_ATTRIBUTE = Text(
    "写它的某个属性，或给类加上 __str__", "write one of its attributes, or give its class a __str__"
)
_TOO_LONG = Text(
    "{source} 太长，没有发送：{size}，最多 {most} 个字符",
    "{source} is too long, so nothing was sent: {size}, at most {most} characters",
)
_TABLE_SIZE = Text(
    "{rows} {columns}，其中约 {fitting} 行放得下",
    "{rows} and {columns}, of which about {fitting} fit",
)
_TABLE_PART = Text(
    "发送一部分，如 df.head({fitting}) 或 df.describe()；确实要全部就写 df.to_csv()；"
    "逐行提问用 %%ernie_map",
    "send a part, such as df.head({fitting}) or df.describe(); df.to_csv() sends all of it; "
    "%%ernie_map asks about each row",
)
_COLUMNS = counted("列", "column")
_SIZE = Text("{n} 个字符", "{n} characters")
_ITEMS = Text("{items} 项", "{items} items")
_PART = Text(
    "发送一部分，如 [:100]；确实要全部就写 str(…)", "send a part, such as [:100]; str(…) sends all"
)


def prompt_text(value: Any, expression: str) -> str:
    """Return a value as the words that a prompt has for it.

    Raises
    ------
    InvalidExpression
        It is something that has no words, such as a function or None; or it is so long that it was
        hardly meant: a text is sent however long.
    """
    value = python_value(value)
    if isinstance(value, str):
        return str(value)
    source = f"{{{{{expression[:64]}}}}}"
    if value is None:
        raise InvalidExpression(_NONE.fill(source=source), advice=_RETURN)
    if has_no_words(value):
        raise _no_words(value, source)
    _check_has_words(value, source, expression)
    table = as_table(value)
    if table is not None:
        return _table_text(table, source)
    if is_array(value) and (items := math.prod(value.shape)) > MAX_CHARACTERS:
        raise _too_long(source, _ITEMS.fill(items=f"{items:,}"), _PART)
    text = whole_text(day_of_pandas(value))
    if ADDRESS.fullmatch(text) or _is_only_named(value, text):
        raise _no_words(value, source)
    if len(text) > MAX_CHARACTERS:
        size = _SIZE.fill(n=f"{len(text):,}")
        if isinstance(value, Sized):
            size = _ITEMS.fill(items=f"{len(value):,}")
        raise _too_long(source, size, _PART)
    return text


def _table_text(table: Any, source: str) -> str:
    written = write_table(table, MAX_CHARACTERS)
    if written.is_whole:
        return written.text
    fitting = f"{written.rows_written}"
    size = _TABLE_SIZE.fill(
        rows=ROWS.fill(written.rows), columns=_COLUMNS.fill(len(table.columns)), fitting=fitting
    )
    raise _too_long(source, size, _TABLE_PART.fill(fitting=fitting))


def _too_long(source: str, size: Text, advice: Text) -> InvalidExpression:
    return InvalidExpression(
        _TOO_LONG.fill(source=source, size=size, most=f"{MAX_CHARACTERS:,}"), advice=advice
    )


def _check_has_words(value: Any, source: str, expression: str) -> None:
    """Refuse what prints as its kind and address: no model can read that."""
    if inspect.isroutine(value) or isinstance(value, functools.partial):
        call = f"{{{{{expression[:64]}(…)}}}}"
        raise InvalidExpression(_FUNCTION.fill(source=source), advice=_CALL.fill(call=call))
    if isinstance(value, types.ModuleType):
        raise InvalidExpression(_MODULE.fill(source=source), advice=_USE_MEMBER)
    if isinstance(value, type) and str(value).startswith("<"):
        raise InvalidExpression(_CLASS.fill(source=source), advice=_USE_INSTANCE)
    if type(value).__name__ == "LazyFrame":  # of polars
        raise InvalidExpression(_LAZY.fill(source=source), advice=_COLLECT)
    if isinstance(value, io.IOBase):
        raise InvalidExpression(_FILE.fill(source=source), advice=_READ)
    items: Any = ()
    if isinstance(value, Mapping):
        items = value.values()
    elif isinstance(value, (list, tuple, set, frozenset)):
        items = value
    for item in islice(items, _MAX_ITEMS_CHECKED):
        if inspect.isroutine(item) or _prints_address(item) or has_no_words(item):
            raise _no_words(item, source)


def _is_only_named(value: object, text: str) -> bool:
    """Whether an object has no text but what a programmer sees: `<Response [200 OK]>`."""
    return type(value).__str__ is object.__str__ and _IN_ANGLES.fullmatch(text) is not None


def _prints_address(value: object) -> bool:
    """Whether a class says nothing of its objects but where they are."""
    kind = type(value)
    return kind.__repr__ is object.__repr__


def _no_words(value: object, source: str) -> InvalidExpression:
    if isinstance(value, Awaitable) and not has_no_words(value):
        return InvalidExpression(_AWAITABLE.fill(source=source), advice=_AWAIT)
    if isinstance(value, (Iterator, AsyncIterator)):
        return InvalidExpression(_ITERATOR.fill(source=source), advice=_LIST)
    return InvalidExpression(
        _OBJECT.fill(source=source, kind=type(value).__name__), advice=_USE_ATTRIBUTE
    )
