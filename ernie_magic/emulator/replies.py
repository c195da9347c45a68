"""What the emulator answers: what is written down, what can be judged or worked out, or that it
does not know.

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
from dataclasses import dataclass, field
from typing import Any

from ernie_magic.api.passages import find_quoted
from ernie_magic.emulator import (
    cities,
    judgements,
    memory,
    prepared,
    rewriting,
    sight,
    structured,
    thinking,
    tools,
)
from ernie_magic.emulator.checks import text_of
from ernie_magic.emulator.fallback import (
    compose_fallback,
    compose_missing_forms,
    compose_missing_length,
    extract_topic,
)
from ernie_magic.emulator.follow_ups import name_subject

_HAN = re.compile(r"[\u4e00-\u9fff]")
_DIRECTIVE = re.compile(
    r"\[\[(echo|reasoning|chunks=\d+|pace=\d+(?:\.\d+)?ms|flag=\d+|finish=\w+|clear)\]\]"
)
_PIECE = re.compile(
    r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]{1,4}|\s*[^\s\u3400-\u9fff\u3000-\u303f\uff00-\uffef]+|\s+"
)
_RECALL = re.compile(
    r"刚才|刚刚|之前|上一个|上一次|\b(?:earlier|did i (?:just )?ask|just asked?|(?:last|previous) question"
    r"|ask(?:ed)? (?:you )?before)\b",
    re.IGNORECASE,
)
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
    messages: list[dict[str, Any]],
    given: dict[str, Any],
    model: str,
    seed: int,
) -> Reply:
    """The answer to these messages."""
    if messages[-1]["role"] in ("tool", "function"):
        return _reply_from_results(messages)
    if function_calls := _choose_calls(asked_in(messages[-1]), given, seed):
        return Reply([], [], "tool_calls", 0, None, function_calls)
    return _reply_in_words(messages, given, model, seed)


def asked_in(message: dict[str, Any]) -> str:
    """What a message asks: not the passages that it quotes, whose words are no instructions."""
    text = text_of(message)
    quoted = find_quoted(text)
    if quoted is None:
        return text
    return quoted.question


def _reply_from_results(messages: list[dict[str, Any]]) -> Reply:
    """The answer to the results of tools, which end the conversation."""
    asked = [text_of(message) for message in messages if message["role"] == "user"]
    chinese = bool(_HAN.search("".join(asked[-1:])))
    results = [message for message in messages if message["role"] in ("tool", "function")]
    called = _called_names(messages)
    paragraphs = [
        tools.answer_from_result(
            message.get("name") or called.get(str(message.get("tool_call_id"))) or "tool",
            text_of(message),
            chinese=chinese,
        )
        for message in results[-_count_results(messages) :]
    ]
    return Reply(split_into_deltas("\n\n".join(paragraphs)), [], "normal", 0, None)


def _called_names(messages: list[dict[str, Any]]) -> dict[str, str]:
    """The names of the functions that were called, by the calls' ids."""
    given = [message.get("tool_calls") for message in messages]
    return {
        str(call.get("id")): str(call["function"].get("name") or "")
        for calls in given
        if isinstance(calls, list)
        for call in calls
        if isinstance(call, dict) and isinstance(call.get("function"), dict)
    }


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
    messages: list[dict[str, Any]],
    given: dict[str, Any],
    model: str,
    seed: int,
) -> Reply:
    """An answer in words, as the directives in the prompt say."""
    prompt = text_of(messages[-1])
    quoted = find_quoted(prompt)
    if quoted is not None and not _wants_json(given):
        # Loaded with the first answer from passages: few ask for one.
        from ernie_magic.emulator.quoted_answers import answer_from_passages

        answer = answer_from_passages(quoted.question, quoted.passages, seed)
        pieces, finish = _apply_limits(split_into_deltas(answer), given)
        return Reply(pieces, [], finish, 0, None)
    directives = dict(_split_directive(directive) for directive in _DIRECTIVE.findall(prompt))
    question = _DIRECTIVE.sub("", prompt)
    task = _add_task(question, messages)
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
        pieces = split_into_deltas(question)
    elif _wants_json(given):
        pieces = split_into_deltas(structured.generate_json(task, given["response_format"], seed))
    else:
        pieces = split_into_deltas(
            "\n\n".join(_compose_paragraphs(question.strip(), messages, rng, seed))
        )
    pieces, finish = _apply_limits(pieces, given)
    reasoning: list[str] = []
    if "reasoning" in directives or thinking.thinks(model, given):
        thoughts = _generate_reasoning(question, chinese=chinese)
        note = thinking.explain_switch(model, given)
        reasoning = split_into_deltas(thoughts + note.say("zh" if chinese else "en"))
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


def split_into_deltas(text: str) -> list[str]:
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
        return split_into_deltas(text[: min(positions)]), "stop"
    limits = [given[name] for name in ("max_tokens", "max_completion_tokens") if name in given]
    max_deltas = min(limits, default=len(pieces))
    if len(pieces) > max_deltas:
        return pieces[:max_deltas], "length"
    return pieces, "normal"


def _wants_json(given: dict[str, Any]) -> bool:
    wanted = given.get("response_format")
    return isinstance(wanted, dict) and wanted.get("type") in ("json_object", "json_schema")


def _generate_reasoning(question: str, *, chinese: bool) -> str:
    topic = extract_topic(question)
    if chinese:
        return f"用户想了解“{topic}”。先弄清问题，再想该用列表还是表格。这是模拟的思考过程，没有真实模型参与。"
    return f"The user asks about {topic!r}. First the question, then whether a list or a table fits. These thoughts are simulated."


def _compose_paragraphs(
    question: str,
    messages: list[dict[str, Any]],
    rng: random.Random,
    seed: int,
) -> list[str]:
    """The paragraphs of an answer in words."""
    chinese = bool(_HAN.search(question))
    earlier = [text_of(m) for m in messages[:-1] if m["role"] == "user"]
    if rewritten := rewriting.answer_rewriting(question):
        return [rewritten]
    if recalled := _recall(question, earlier, chinese=chinese):
        return [recalled]
    if looked := [sight.describe_image(url) for url in sight.image_urls_in(messages[-1:])]:
        return [_name_pictures(looked, messages, chinese=chinese)]
    if judged := _judge_text(_add_task(question, messages), seed):
        return [judged]
    parts = []
    if answer := _find_answer(question, earlier, chinese=chinese):
        parts = [
            answer,
            *compose_missing_forms(question, answer, rng, chinese=chinese),
            *compose_missing_length(question, answer, rng, chinese=chinese),
        ]
    if in_json := structured.answer_in_json(question, seed):
        parts.append(in_json)
    elif not parts and (table := structured.answer_in_table(question)):
        parts.append(table)
    if not parts:
        parts = compose_fallback(question, rng, chinese=chinese)
    # Where the emulator speaks of itself, it says that the system prompt has come.
    if messages[0]["role"] == "system" and re.search(r"模拟|simulated", "".join(parts)):
        parts.append(_quote_system_prompt(text_of(messages[0]), chinese=chinese))
    return parts


def _find_answer(question: str, earlier: list[str], *, chinese: bool) -> str | None:
    """The answer that is written down to a question, or to what it means after earlier ones."""
    answer = prepared.find_answer(question, chinese=chinese)
    if answer is not None:
        return answer
    named = name_subject(question, earlier, chinese=chinese)
    return prepared.find_answer(named, chinese=chinese)


def _add_task(question: str, messages: list[dict[str, Any]]) -> str:
    """The question, with what the system prompt says is to be judged in it."""
    first = messages[0]
    if first["role"] != "system" or judgements.is_judgement(question):
        return question
    task = text_of(first)
    if not judgements.find_choices(task) and judgements.find_scale(task) is None:
        return question
    return f"{task.strip().rstrip('。.：:')}：{question}"


def _judge_text(question: str, seed: int) -> str:
    """The judgement of the text that a prompt holds; "" if it asks for none, or for JSON."""
    if "JSON" in question.upper() or not judgements.is_judgement(question):
        return ""
    judged = structured.judge_in_words(question, seed)
    if len(judged) == 1:
        return str(judged[0][1])
    separator = ": "
    if _HAN.search(question):
        separator = "："
    return "\n".join(f"- {name}{separator}{value}" for name, value in judged)


def _recall(question: str, earlier: list[str], *, chinese: bool) -> str | None:
    """What a question asks of earlier prompts; None where it asks nothing of them."""
    if fact := memory.recall_fact(question, earlier):
        return fact
    if _RECALL.search(question):
        return _recall_question(earlier, chinese=chinese)
    return None


def _recall_question(earlier: list[str], *, chinese: bool) -> str:
    if not earlier:
        if chinese:
            return "这是这个对话的第一轮，在此之前还没有问过什么。"
        return "This is the first turn of the conversation: nothing was asked before."
    last = _DIRECTIVE.sub("", earlier[-1]).strip()[:60]
    about = ""
    if chinese:
        if named := cities.named_cities(last):
            about = f"{'、'.join(city.zh for city in named)}："
        return f"你刚才问的是{about}“{last}”，这是第 {len(earlier) + 1} 轮。"
    if named := cities.named_cities(last):
        about = f"about {', '.join(city.en for city in named)}: "
    return f'You asked before {about}"{last}". This is turn {len(earlier) + 1}.'


_LINK_IN_CHINESE = {"a link": "链接"}


def _name_pictures(pictures: list[str], messages: list[dict[str, Any]], *, chinese: bool) -> str:
    colours = [
        sight.name_colour(url, chinese=chinese) for url in sight.image_urls_in(messages[-1:])
    ]
    if chinese:
        named = "、".join(_LINK_IN_CHINESE.get(picture, picture) for picture in pictures)
        told = f"收到 {len(pictures)} 张图片：{named}。"
        if any(colours):
            told += f"平均颜色：{'、'.join(each or '未知' for each in colours)}。"
        return f"{told}画的是什么，模拟器看不出来。"
    told = f"Pictures received: {', '.join(pictures)}."
    if any(colours):
        told += f" Average colour: {', '.join(each or 'unknown' for each in colours)}."
    return f"{told} What they show, a simulated reply cannot tell."


def _quote_system_prompt(prompt: str, *, chinese: bool) -> str:
    beginning = prompt.strip()[:40]
    if chinese:
        return f"> 系统提示词：{beginning}"
    return f"> System prompt: {beginning}"
