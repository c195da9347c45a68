"""The three frameworks by which Qianfan's pages build a prompt: base, CRISPE and few-shot.

The words and their order are those of the service's own client (`Prompt.base_prompt`,
`crispe_prompt` and `fewshot_prompt` in https://github.com/baidubce/bce-qianfan-sdk), also where
they look odd: a base prompt keeps its empty lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.api.keywords import as_listed
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterable


def base_prompt(
    instruction: str,
    background: str = "",
    data: str = "",
    output_format: str = "",
) -> str:
    """Return a prompt of four lines (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/Zlo55g7t3).

    Parameters
    ----------
    instruction
        指令: what to do.
    background
        背景信息: what one has to know for it.
    data
        补充数据: what to do it with.
    output_format
        输出格式: how the answer looks.
    """
    parts = (("背景信息", background), ("补充数据", data), ("输出格式", output_format))
    lines = [f"{title}:{part}" if part else "" for title, part in parts]
    return "\n".join([f"指令:{instruction}", *lines])


def crispe_prompt(
    statement: str,
    capacity: str = "",
    insight: str = "",
    personality: str = "",
    experiment: str = "",
) -> str:
    """Return a prompt of the parts that are given
    (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/Hlo56qd21).

    Parameters
    ----------
    statement
        指令: what to do.
    capacity
        能力与角色: who answers.
    insight
        背景信息: what one has to know for it.
    personality
        输出风格: in which style.
    experiment
        输出范围: within which bounds.
    """
    parts = (
        ("能力与角色", capacity),
        ("背景信息", insight),
        ("指令", statement),
        ("输出风格", personality),
        ("输出范围", experiment),
    )
    return "\n".join(f"{title}：{part}" for title, part in parts if part)


def few_shot_prompt(examples: Iterable[tuple[str, str]], instruction: str = "") -> str:
    """Return a prompt with examples (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/Nlo57dbf4).

    Parameters
    ----------
    examples
        Pairs of an input and the output that is expected for it; at least one.
    instruction
        What stands above them; "" for nothing.

    Raises
    ------
    InvalidOption
        There is no example, or one is not a pair.
    """
    pairs = [_check_pair(example) for example in as_listed("examples", examples)]
    if not pairs:
        raise InvalidOption(
            Text("至少要一个例子", "at least one example is required"),
            advice=Text(
                '例如 [("今天很开心", "正面")]', 'for example [("a lovely day", "positive")]'
            ),
        )
    shown = [f"输入:{given}\n输出:{expected}" for given, expected in pairs]
    return "\n\n".join([instruction, *shown] if instruction else shown)


def _check_pair(example: object) -> tuple[object, object]:
    if isinstance(example, (tuple, list)) and len(example) == 2:  # noqa: PLR2004
        given, expected = example
        return given, expected
    raise InvalidOption(
        Text("{example} 不是一对输入和输出", "{example} is not a pair of input and output").fill(
            example=f"{example!r:.60}"
        ),
        advice=Text('例如 ("今天很开心", "正面")', 'for example ("a lovely day", "positive")'),
    )
