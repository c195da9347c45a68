"""What the emulator answers: simulated, and labelled so, yet Markdown worth showing.

The same question and seed give the same answer. Directives in the prompt produce exact replies for
tests and trials:

    [[echo]]          the rest of the prompt, to the byte
    [[chunks=2000]]   a reply of exactly that many deltas
    [[pace=5ms]]      the time between deltas
    [[reasoning]]     thoughts first, as a reasoning model sends them
    [[flag=3]]        the safety flag of the answer
    [[finish=length]] the finish reason
    [[clear]]         need_clear_history: the service asks to clear the conversation
"""

from __future__ import annotations

import json
import random
import re
import textwrap
from dataclasses import dataclass, field
from typing import Any

from ernie_magic.api import models
from ernie_magic.emulator import sight, tools
from ernie_magic.emulator.checks import text_of
from ernie_magic.emulator.schemas import quoted_texts, sample_value

_HAN = re.compile(r"[\u4e00-\u9fff]")
_DIRECTIVE = re.compile(
    r"\[\[(echo|reasoning|chunks=\d+|pace=\d+(?:\.\d+)?ms|flag=\d+|finish=\w+|clear)\]\]"
)
_PIECE = re.compile(
    r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]{1,4}|\s*[^\s\u3400-\u9fff\u3000-\u303f\uff00-\uffef]+|\s+"
)
_LENGTH = re.compile(r"(\d{2,5})\s*(?:字|个字|words?)")
MAX_DELTAS = 100_000


@dataclass(frozen=True)
class Reply:
    """An answer, cut into the deltas it is streamed in.

    Attributes
    ----------
    pieces, reasoning : list of str
    finish_reason : str
        "normal" when complete, "stop" at a stop word, "length" at the limit(AI Studio's page).
    flag : int
    pace : float | None
        Seconds between deltas, None for the server's own.
    function_calls : list of dict
        Functions to call: `name`, `arguments`.
    clears_history : bool
        The history must be cleared.
    """

    pieces: list[str]
    reasoning: list[str]
    finish_reason: str
    flag: int
    pace: float | None
    function_calls: list[dict[str, str]] = field(default_factory=list)
    clears_history: bool = False

    @property
    def full_text(self) -> str:
        """The whole answer."""
        return "".join(self.pieces)


def generate_reply(
    messages: list[dict[str, Any]], given: dict[str, Any], model: str, seed: int
) -> Reply:
    """The answer to these messages."""
    if messages[-1]["role"] in ("tool", "function"):
        return _reply_from_results(messages)
    if function_calls := _choose_calls(text_of(messages[-1]), given, seed):
        return Reply([], [], "tool_calls", 0, None, function_calls)
    return _reply_in_words(messages, given, model, seed)


def _reply_from_results(messages: list[dict[str, Any]]) -> Reply:
    """The answer to the results of tools, which end the conversation."""
    chinese = any(_HAN.search(text_of(message)) for message in messages)
    results = [message for message in messages if message["role"] in ("tool", "function")]
    paragraphs = [
        tools.answer_from_result(message, chinese=chinese)
        for message in results[-_count_results(messages) :]
    ]
    return Reply(_split_into_deltas("\n\n".join(paragraphs)), [], "normal", 0, None)


def _choose_calls(prompt: str, given: dict[str, Any], seed: int) -> list[dict[str, str]]:
    """The functions to call, with their arguments."""
    functions = [
        tool["function"]
        for tool in given.get("tools") or ()
        if isinstance(tool.get("function"), dict)
    ]
    called = tools.choose_functions(
        functions,
        given.get("tool_choice", "auto"),
        prompt,
        parallel=given.get("parallel_tool_calls", True),
    )
    return [
        {
            "name": function["name"],
            "arguments": tools.fill_arguments(function, prompt, seed),
        }
        for function in called
    ]


def _reply_in_words(
    messages: list[dict[str, Any]], given: dict[str, Any], model: str, seed: int
) -> Reply:
    """An answer in words, as the directives in the prompt say."""
    prompt = text_of(messages[-1])
    directives = dict(_split_directive(directive) for directive in _DIRECTIVE.findall(prompt))
    question = _DIRECTIVE.sub("", prompt)
    rng = random.Random(  # noqa: S311
        json.dumps(
            [seed, given.get("seed"), given.get("temperature"), model, messages],
            sort_keys=True,
            default=str,
        )
    )
    chinese = bool(_HAN.search(question))
    if "chunks" in directives:
        count = min(int(directives["chunks"]), MAX_DELTAS)
        pieces = [_numbered_word(i, chinese=chinese) for i in range(count)]
    elif "echo" in directives:
        pieces = _split_into_deltas(question)
    elif _wants_json(given):
        pieces = _split_into_deltas(_generate_json(question, rng, given["response_format"], seed))
    else:
        pieces = _split_into_deltas(
            _generate_markdown(question.strip(), messages, rng, chinese=chinese)
        )
    pieces, finish = _apply_limits(pieces, given)
    reasoning: list[str] = []
    if "reasoning" in directives or _is_thinking(model):
        reasoning = _split_into_deltas(_generate_reasoning(question, chinese=chinese))
    pace: float | None = None
    if "pace" in directives:
        pace = float(directives["pace"].removesuffix("ms")) / 1000
    return Reply(
        pieces,
        reasoning,
        directives.get("finish", finish),
        int(directives.get("flag", 0)),
        pace,
        clears_history="clear" in directives,
    )


def _is_thinking(model: str) -> bool:
    entry = models.find_model(model)
    return entry is not None and "thinking" in entry.capabilities


def _count_results(messages: list[dict[str, Any]]) -> int:
    """How many tool results end the conversation."""
    count = 0
    for message in reversed(messages):
        if message["role"] not in ("tool", "function"):
            break
        count += 1
    return count


def _split_directive(directive: str) -> tuple[str, str]:
    name, _, value = directive.partition("=")
    return name, value


def _split_into_deltas(text: str) -> list[str]:
    """One to four Chinese characters or one word at a time; nothing is lost."""
    return _PIECE.findall(text)


def _numbered_word(i: int, *, chinese: bool) -> str:
    if i and i % 60 == 0:
        return f"\n\n## {i}\n\n"
    if chinese:
        return f"第{i}段，"
    return f"word{i} "


def _apply_limits(pieces: list[str], given: dict[str, Any]) -> tuple[list[str], str]:
    text = "".join(pieces)
    positions = [position for word in given.get("stop") or () if (position := text.find(word)) >= 0]
    if positions:
        return _split_into_deltas(text[: min(positions)]), "stop"
    limits = [given[name] for name in ("max_tokens", "max_completion_tokens") if name in given]
    max_deltas = min(limits, default=len(pieces))
    if len(pieces) > max_deltas:
        return pieces[:max_deltas], "length"
    return pieces, "normal"


def _wants_json(given: dict[str, Any]) -> bool:
    wanted = given.get("response_format")
    return isinstance(wanted, dict) and wanted.get("type") in ("json_object", "json_schema")


def _generate_json(
    question: str, rng: random.Random, response_format: dict[str, Any], seed: int
) -> str:
    if response_format["type"] == "json_schema":
        described = response_format["json_schema"]
        return json.dumps(
            sample_value(described.get("schema") or described, question, "", seed),
            ensure_ascii=False,
            indent=2,
        )
    if keys := _named_keys(question):
        named = {key: f"模拟的 simulated {key}" for key in keys}
        return json.dumps(named, ensure_ascii=False, indent=2)
    items = [
        {"name": name, "score": round(rng.uniform(1, 5), 1)}
        for name in rng.sample(["北京", "上海", "杭州", "成都", "西安", "广州"], 3)
    ]
    return json.dumps(
        {"simulated": True, "prompt": question.strip()[:60], "items": items},
        ensure_ascii=False,
        indent=2,
    )


def _named_keys(question: str) -> list[str]:
    """The keys that a prompt asks an object to have, in quotation marks."""
    if not re.search(r"\b(?:keys?|fields?)\b|键|字段", question):
        return []
    return [key for key in quoted_texts(question) if re.fullmatch(r"\w{1,40}", key)]


def _generate_reasoning(question: str, *, chinese: bool) -> str:
    topic = _extract_topic(question)
    if chinese:
        return f"用户想了解“{topic}”。先弄清问题，再想该用列表还是表格。这是模拟的思考过程，没有真实模型参与。"
    return f"The user asks about {topic!r}. First the question, then whether a list or a table fits. These thoughts are simulated."


def _extract_topic(question: str) -> str:
    first = re.split(r"[。！？!?\n：:;；]", question.strip())[0]
    if _HAN.search(first):
        return first[:24].strip()
    return textwrap.shorten(first, 48, placeholder=" …") or "…"


def _generate_markdown(
    question: str, messages: list[dict[str, Any]], rng: random.Random, *, chinese: bool
) -> str:
    parts = [_generate_opening(question, chinese=chinese)]
    earlier = [text_of(m) for m in messages[:-1] if m["role"] == "user"]
    lower = question.lower()
    if earlier and re.search(r"刚才|之前|上一个|earlier|before|just ask", lower):
        parts.append(_recall_question(earlier, chinese=chinese))
    if looked := [sight.describe_image(url) for url in sight.image_urls_in(messages[-1:])]:
        parts.append(_name_pictures(looked, chinese=chinese))
    if messages[0]["role"] == "system":
        parts.append(_quote_system_prompt(text_of(messages[0]), chinese=chinese))
    sections = [
        (r"列表|清单|要点|小标题|list|points", _generate_list),
        (r"表格|表|table", _generate_table),
        (r"代码|函数|python|code|function|program", _generate_code),
        (r"公式|数学|证明|角|积分|\\pi|formula|math|equation|\$", _generate_formula),
    ]
    chosen = [section for pattern, section in sections if re.search(pattern, lower)]
    if not chosen and len(question) > 12:  # noqa: PLR2004  (a greeting stays short)
        chosen = [_generate_list]
    parts += [section(rng, chinese=chinese) for section in chosen]
    if wanted := _LENGTH.search(lower):
        parts.append(_generate_long_text(int(wanted.group(1)), chinese=chinese))
    return "\n\n".join(parts)


def _recall_question(earlier: list[str], *, chinese: bool) -> str:
    last = _DIRECTIVE.sub("", earlier[-1]).strip()[:60]
    if chinese:
        return f"你刚才问的是：“{last}”，这是第 {len(earlier) + 1} 轮。"
    return f'You asked before: "{last}". This is turn {len(earlier) + 1}.'


def _name_pictures(pictures: list[str], *, chinese: bool) -> str:
    if chinese:
        return f"收到 {len(pictures)} 张图片：{'、'.join(pictures)}。"
    return f"Pictures received: {', '.join(pictures)}."


def _quote_system_prompt(prompt: str, *, chinese: bool) -> str:
    beginning = prompt.strip()[:40]
    if chinese:
        return f"> 系统提示词：{beginning}"
    return f"> System prompt: {beginning}"


def _generate_opening(question: str, *, chinese: bool) -> str:
    topic = _extract_topic(question)
    if chinese:
        return f"### {topic}\n\n你好！这是**内置模拟器**的回答，没有真实模型参与；设置密钥后，这里就是文心的回答。"
    return f"### {topic}\n\nHello! This answer is **simulated**: no model was asked. With a key set, ERNIE's own words stand here."


def _generate_list(rng: random.Random, *, chinese: bool) -> str:
    points = [
        "**Background**: when, where and who",
        "**Point**: one thing at a time",
        "**Example**: something close at hand",
        "**Summary**: one sentence at the end",
    ]
    if chinese:
        points = [
            "**背景**：先交代时间、地点和人物",
            "**要点**：一次只讲一件事",
            "**例子**：用身边的事说明",
            "**小结**：一句话收尾",
        ]
    return "\n".join(f"{i}. {point}" for i, point in enumerate(rng.sample(points, 3), start=1))


def _generate_table(rng: random.Random, *, chinese: bool) -> str:
    head = ("name", "time", "stars")
    names = ["lake", "temple", "old street", "palace", "garden", "altar"]
    if chinese:
        head = ("名称", "用时", "推荐")
        names = ["西湖", "灵隐寺", "河坊街", "故宫", "颐和园", "天坛"]
    rows = [
        f"| {name} | {rng.randint(1, 5)} h | {'★' * rng.randint(3, 5)} |"
        for name in rng.sample(names, 3)
    ]
    return "\n".join([f"| {' | '.join(head)} |", "|---|---:|:---|", *rows])


def _generate_code(rng: random.Random, *, chinese: bool) -> str:
    n = rng.randint(5, 12)
    says = "the first Fibonacci numbers"
    if chinese:
        says = "前几个斐波那契数"
    return f'```python\ndef fib(n: int) -> list[int]:\n    """{says}"""\n    a, b, out = 0, 1, []\n    for _ in range(n):\n        out.append(a)\n        a, b = b, a + b\n    return out\n\nprint(fib({n}))\n```'


def _generate_formula(rng: random.Random, *, chinese: bool) -> str:
    n = rng.randint(3, 9)
    sentence = "Inline $e^{i\\pi} + 1 = 0$; a price of $5 is no formula. And a display:"
    if chinese:
        sentence = "行内公式 $e^{i\\pi} + 1 = 0$，价格 $5 不是公式；独立公式："
    return f"{sentence}\n\n$$\\sum_{{k=1}}^{{{n}}} k = \\frac{{{n} \\cdot {n + 1}}}{{2}} = {n * (n + 1) // 2}$$"


def _generate_long_text(count: int, *, chinese: bool) -> str:
    unit, size = "The quick brown fox jumps over the lazy dog. ", 9  # words
    if chinese:
        unit = "春江潮水连海平，海上明月共潮生。"
        size = len(unit)
    sentences = [unit] * max(1, count // size)
    return "\n\n".join("".join(sentences[i : i + 12]).strip() for i in range(0, len(sentences), 12))
