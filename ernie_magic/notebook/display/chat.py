"""An answer as it is saved: one HTML output with the text, folded reasoning and a one-line footer."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ernie_magic.api.finish_reasons import is_filter, is_known_reason
from ernie_magic.notebook.display.answer_pictures import (
    file_lines,
    files_html,
    picture_lines,
    pictures_html,
)
from ernie_magic.notebook.display.folded import (
    MAX_CHARACTERS,
    MAX_ITEMS,
    MORE,
    folded_html,
    folded_lines_html,
)
from ernie_magic.notebook.display.origin import EMULATED, line_html
from ernie_magic.notebook.display.sources import is_passage, source_lines, sources_html
from ernie_magic.notebook.display.style import ANSWER_STYLE, framed_answer, note_html
from ernie_magic.text.counts import TOKENS
from ernie_magic.text.data_pictures import name_pictures
from ernie_magic.text.language import Counted, Language, Text, clip_text
from ernie_magic.text.markdown import to_html
from ernie_magic.text.sanitize import plain_html, preformatted_html

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.api.results import Answer, ToolRun

SECONDS = Text("{n} 秒", "{n} s")
PARTIAL = Text("未完成", "partial")
# Below what has come of an answer. It is what a kernel that dies meanwhile leaves there, so it does
# not promise more.
_UNFINISHED = Text("… 未完成", "… partial")
END_UNSEEN = Text(
    "⚠ 可能未完成：服务给了结束原因，却没有发 [DONE]，连接也没有结束",
    "⚠ perhaps partial: the service gave a reason to finish, but neither sent [DONE] nor closed",
)
_FLAGS = {
    1: Text("⚠ 内容审核：低风险", "⚠ content review: low risk"),
    2: Text(
        "⚠ 内容审核：对话已锁定，%ernie reset 后重新开始",
        "⚠ content review: conversation locked until %ernie reset",
    ),
}
_EMPTY = Text("⚠ 回答是空的", "⚠ the answer is empty")
_ONLY_THOUGHTS = Text("⚠ 只有思考，没有回答", "⚠ thoughts only, and no answer")
_CUT = Text("⚠ 达到长度上限，回答不完整", "⚠ cut at the length limit")
_FILTERED = Text("⚠ 内容被审核截断或替换", "⚠ cut or replaced by content review")
_ENDED = Text(
    "⚠ 结束原因不明（{reason}），回答可能不完整",
    "⚠ ended for an unknown reason ({reason}): it may be incomplete",
)
_TRIMMED = Text("⚠ 为放得下，已略去最早的 {n} 轮", "⚠ the oldest turns were left out to fit: {n}")
_DROPS_SYSTEM = Text(
    '上一轮的系统提示词没有再发；要一直用：ernie["{name}"].system = "…"',
    'the system prompt of the turn before was not sent again: ernie["{name}"].system = "…" keeps '
    "one",
)
_UNFILLED = Text(
    "{{{name}}} 照原样发送了，变量的值写 {{{{{name}}}}}",
    "{{{name}}} was sent as it is: a variable's value is {{{{{name}}}}}",
)
_TOOLS = Text("用了工具 {names}", "tools used: {names}")
_TOOL = Text("工具 {name}{arguments} → {content}", "tool {name}{arguments} → {content}")
_CALL = Text("请求调用，由你执行：{call}", "a call that is left to you: {call}")
_CLEARED = Text("⚠ 应服务要求已清空历史", "⚠ history cleared as the service asked")
_NOTHING_FOUND = Text(
    "⚠ 知识库里没有找到有关的内容：{names}", "⚠ nothing about it was found in: {names}"
)
_OFFERING_TOOLS = frozenset({"tools", "functions"})  # parameters that offer some
_MUCH_OF_TOOL = 20_000  # characters: some 5,000 tokens or more
_LONG_RESULT = Text(
    "⚠ 工具 {name} 的结果有 {n:,} 个字符，这个对话的每次提问都会再发送",
    "⚠ the tool {name} returned {n:,} characters, sent again with each prompt of this conversation",
)
_WRITTEN_CALL = Text(
    "⚠ 模型把工具调用写成了文字，服务器没有识别：检查服务器的工具调用设置",
    "⚠ the model wrote a tool call as text, which the server did not read: check the server's "
    "settings for tool calls",
)
_RENEWED = Text(
    "⚠ 应用的会话已过期，另开了一个：它不记得之前的内容",
    "⚠ the application's conversation had expired: in the new one it remembers nothing before",
)
_STARTS_OVER = Text(
    "⚠ 应用在这里另开了一个会话：它不记得前面的各轮",
    "⚠ the application begins a new conversation here: it remembers none of the earlier turns",
)
_ASKS_BACK = Text(
    "应用在等你的回答：写在下一个提示词里（-s 名称 或 %ernie reset 重新开始）",
    "the application waits for your answer: send it as the next prompt (-s NAME or %ernie reset "
    "starts over)",
)
_ASKS_IN_VAIN = Text(
    "应用在反问，但这一轮不保留，无法回答：去掉 --no-history 再问",
    "the application asks back, which cannot be answered since the turn is not kept: ask without "
    "--no-history",
)
_FAILED_STEP = Text("⚠ 应用的一步失败了：{told}", "⚠ a step of the application failed: {told}")
_OVERLAPS = Text(
    "⚠ 提问时这个对话还有一个问题在回答：那一轮没有一起发送",
    "⚠ another prompt of this conversation was still being answered: that turn was not sent along",
)
_PLAIN_ENDS = ("normal", "stop")
_PLAIN_END = Text("正常结束（{reason}）", "complete ({reason})")
_MAX_ARGUMENTS = 2000  # characters of the arguments of a call that is left to the caller
_SEES_EARLIER = Text(
    "为前面的图片选的模型；-s 名称 或 %ernie reset 后又是默认模型",
    "this model was chosen for the earlier pictures; -s NAME or %ernie reset is back to the default",
)
_LONG_FIELD = 100  # characters of a request's field as JSON
_MAX_JSON = 200_000  # characters of an answer that is shown as JSON
# How a text that is JSON begins: `[1]` may begin a sentence, and `{` a formula.
JSON_BEGINS = re.compile(r"\{\s*(?:\"|\}$)|\[\s*[\[{\"\d\]-]")
REASONING = Counted(
    Text("思考过程（{n:,} 字）", "reasoning ({n:,} characters)"),
    Text("思考过程（{n:,} 字）", "reasoning ({n:,} character)"),
)
SENT = Text("请求参数", "parameters sent")
_ROWS = {
    "prompt": Text("提示词 token", "prompt tokens"),
    "completion": Text("回答 token", "completion tokens"),
    "first": Text("首字延迟", "time to first text"),
    "speed": Text("每秒 token", "tokens per second"),
    "search": Text("搜索 token", "search tokens"),
    "finish": Text("结束原因", "finish reason"),
    "id": Text("请求编号", "request id"),
    "sent": SENT,
    "messages": Text("发送的消息数", "messages sent"),
}


def summary_line(answer: Answer, language: Language) -> str:
    """The footer's one line: model, tokens, seconds; what is not as it should be; whether
    simulated.
    """
    parts = [answer.model]
    if answer.usage:
        parts.append(TOKENS.say(language, n=answer.usage.total_tokens))
    parts.append(describe_seconds(answer.seconds, language))
    parts += [note.say(language) for note in abnormal_notes(answer)]
    if answer.is_simulated:
        parts.append(EMULATED.say(language))
    return " · ".join(parts)


def describe_seconds(seconds: float, language: Language, *, decimals: int = 1) -> str:
    """How long something took: `3.1 s`, `<0.1 s`."""
    number = f"{seconds:.{decimals}f}"
    shortest = 10**-decimals
    if seconds < shortest:
        number = f"<{shortest}"
    return SECONDS.say(language, n=number)


def unfinished_line(language: Language, *, is_simulated: bool) -> str:
    """The line below what has come of an answer; whether simulated."""
    parts = [_UNFINISHED.say(language)]
    if is_simulated:
        parts.append(EMULATED.say(language))
    return " · ".join(parts)


def unfinished_html(line: str) -> str:
    """The line of `unfinished_line`, as HTML."""
    return f"<div>{note_html(plain_html(line))}</div>"


def abnormal_notes(answer: Answer) -> list[Text]:
    """What a reader must know of an answer that is not as it should be; nothing for most."""
    notes = [*_moderation_notes(answer), *_request_notes(answer)]
    if not _OFFERING_TOOLS.isdisjoint(answer.request.parameters):
        from ernie_magic.calls.chat.written_calls import has_written_call

        if has_written_call(answer):
            notes.append(_WRITTEN_CALL)
    longest = max(answer.tool_runs, key=lambda run: len(run.content), default=None)
    if longest is not None and len(longest.content) > _MUCH_OF_TOOL:
        name = clip_text(longest.name, MAX_CHARACTERS)
        notes.append(_LONG_RESULT.fill(name=name, n=len(longest.content)))
    if answer.end_unseen:
        return [END_UNSEEN, *notes]
    if answer.partial:
        return [PARTIAL, *notes]
    return [*_emptiness_notes(answer), *notes]


def _emptiness_notes(answer: Answer) -> list[Text]:
    """What is missing in a whole answer: models end so after a thought, or at once."""
    if answer.text.strip() or answer.images or answer.files or answer.tool_calls:
        return []
    if getattr(answer.request, "asks_back", False):
        return []  # a flow may ask without words
    if answer.reasoning.strip():
        return [_ONLY_THOUGHTS]
    return [_EMPTY]


def _moderation_notes(answer: Answer) -> list[Text]:
    """What content review says about an answer that may be shown."""
    notes = []
    if answer.flag in _FLAGS:
        notes.append(_FLAGS[answer.flag])
    if answer.is_truncated:
        notes.append(_CUT)
    elif is_filter(answer.finish_reason):
        notes.append(_FILTERED)
    elif not is_known_reason(answer.finish_reason):
        notes.append(_ENDED.fill(reason=answer.finish_reason))
    if answer.history_cleared:
        notes.append(_CLEARED)
    return notes


def _request_notes(answer: Answer) -> list[Text]:
    """What was sent otherwise than its author may think."""
    notes = []
    if getattr(answer.request, "sees_earlier", False):
        notes.append(_SEES_EARLIER)
    if getattr(answer.request, "is_renewed", False):
        notes.append(_RENEWED)
    if getattr(answer.request, "starts_over", False):
        notes.append(_STARTS_OVER)
    if getattr(answer.request, "asks_back", False):
        is_open = getattr(answer.request, "keeps_turn", True)
        notes.append(_ASKS_BACK if is_open else _ASKS_IN_VAIN)
    failed_step = getattr(answer.request, "failed_step", "")
    if failed_step and not answer.partial:  # otherwise it is told as what ended the answer
        notes.append(_FAILED_STEP.fill(told=clip_text(failed_step, MAX_CHARACTERS)))
    notes += unfilled_notes(getattr(answer.request, "unfilled", ()))
    searched = getattr(answer.request, "knowledge", ())
    if searched and not any(map(is_passage, answer.search)):
        notes.append(_NOTHING_FOUND.fill(names=", ".join(searched)))
    if name := getattr(answer.request, "drops_system_of", ""):
        notes.append(_DROPS_SYSTEM.fill(name=name))
    if getattr(answer.request, "overlaps", False):
        notes.append(_OVERLAPS)
    if trimmed := getattr(answer.request, "trimmed", 0):
        notes.append(_TRIMMED.fill(n=trimmed))
    return notes


def unfilled_notes(names: Sequence[str]) -> list[Text]:
    """What is said of variables whose names stand in single braces in what was sent."""
    return [_UNFILLED.fill(name=name) for name in names[:1]]


def _describe_sent(answer: Answer) -> str:
    """The fields of the request, the shortest first: descriptions of tools are long, and cut."""
    sent = answer.sent or {**answer.request.parameters, **answer.request.extra}
    written = {
        name: json.dumps({name: value}, ensure_ascii=False, default=str)[1:-1]
        for name, value in sent.items()
    }
    by_length = sorted(written.values(), key=lambda field: len(field) > _LONG_FIELD)
    return f"{{{', '.join(by_length)}}}" if by_length else ""


def footer_html(answer: Answer, language: Language) -> str:
    """The footer as folded HTML that also works on GitHub, in nbviewer and with a dead kernel."""
    facts: dict[str, str] = {}
    if answer.usage:
        facts["prompt"] = f"{answer.usage.prompt_tokens:,}"
        facts["completion"] = f"{answer.usage.completion_tokens:,}"
    if answer.first_seconds is not None:
        facts["first"] = describe_seconds(answer.first_seconds, language, decimals=2)
    if rate := answer.statistic.avg_output_tokens_per_second:
        facts["speed"] = f"{rate:.1f}"
    if answer.usage and answer.usage.search_tokens:
        facts["search"] = f"{answer.usage.search_tokens:,}"
    facts["finish"] = _describe_end(answer.finish_reason, language)
    facts["messages"] = str(len(answer.messages) - 1)
    facts["id"] = answer.id
    if sent := _describe_sent(answer):
        facts["sent"] = sent
    rows = {_ROWS[name].say(language): fact for name, fact in facts.items() if fact}
    return folded_html(line_html(summary_line(answer, language)), facts_html(rows))


def _describe_end(reason: str, language: Language) -> str:
    """Why an answer ended: the service's own word, and what it means where it is a plain end."""
    if reason in _PLAIN_ENDS:
        return _PLAIN_END.say(language, reason=reason)
    return reason


def facts_html(rows: Mapping[str, str]) -> str:
    """Facts with their names, in two columns."""
    lines = [
        f"<tr><th>{plain_html(name)}</th>"
        f"<td>{plain_html(clip_text(fact, MAX_CHARACTERS))}</td></tr>"
        for name, fact in rows.items()
    ]
    return f'<table class="ernie-facts"><tbody>{"".join(lines)}</tbody></table>'


def tool_runs_html(answer: Answer, language: Language) -> str:
    """The tools called on the way, folded."""
    runs = answer.tool_runs
    if not runs:
        return ""
    names = ", ".join(
        dict.fromkeys(clip_text(run.name, MAX_CHARACTERS) for run in runs[:MAX_ITEMS])
    )
    lines = [plain_html(tool_run_text(run, language)) for run in runs[:MAX_ITEMS]]
    return folded_lines_html(_TOOLS.say(language, names=names), lines, language, len(runs))


def tool_run_text(run: ToolRun, language: Language) -> str:
    """One call of a tool, on one line."""
    name, arguments, content = (
        clip_text(words, MAX_CHARACTERS) for words in (run.name, str(run.arguments), run.content)
    )
    return _TOOL.say(language, name=name, arguments=f"({arguments})", content=content)


def tool_call_lines(answer: Answer, language: Language) -> list[str]:
    """The calls of tools that the answer leaves to the caller: names and arguments, a line each."""
    lines = [
        _CALL.say(language, call=_tool_call_text(call)) for call in answer.tool_calls[:MAX_ITEMS]
    ]
    left_out = len(answer.tool_calls) - len(lines)
    if left_out > 0:
        lines.append(MORE.say(language, n=left_out))
    return lines


def _tool_call_text(call: Mapping[str, Any]) -> str:
    function = call.get("function") or {}
    name = clip_text(str(function.get("name") or ""), MAX_CHARACTERS)
    return f"{name}({clip_text(str(function.get('arguments') or ''), _MAX_ARGUMENTS)})"


def tool_calls_html(answer: Answer, language: Language) -> str:
    """The calls of tools that the answer leaves to the caller."""
    lines = tool_call_lines(answer, language)
    if not lines:
        return ""
    return f"<p>{'<br>'.join(map(plain_html, lines))}</p>"


def beside_text_lines(answer: Answer, language: Language) -> list[str]:
    """What an answer has besides words, a line each: pictures, other files, and calls left to the
    caller.
    """
    return [
        *picture_lines(answer, language),
        *file_lines(answer, language),
        *tool_call_lines(answer, language),
    ]


def beside_text_html(answer: Answer, language: Language) -> str:
    """What an answer has besides words: pictures, other files, and calls left to the caller."""
    files = pictures_html(answer, language) + files_html(answer, language)
    return files + tool_calls_html(answer, language)


def reasoning_html(text: str, language: Language, *, unformatted: bool = False) -> str:
    """A reasoning model's thoughts, folded."""
    if not text:
        return ""
    title = plain_html(REASONING.say(language, n=len(text)))
    if unformatted:
        return folded_html(title, preformatted_html(text))
    return folded_html(title, to_html(text))


def text_html(answer: Answer, *, remote_images: bool = False) -> str:
    """The answer's text as HTML; one that is JSON as a block of code."""
    if block := json_block(answer.text):
        return to_html(block)
    return to_html(answer.text, remote_images=remote_images)


def json_block(text: str) -> str:
    """The text as a fenced block where all of it is a JSON object or list, "" for any other.

    Valid JSON has no line that could end the fence: a string holds no line breaks (RFC 8259,
    section 7).
    """
    written = text.strip()
    if not JSON_BEGINS.match(written) or len(written) > _MAX_JSON:
        return ""
    try:
        parsed = json.loads(written, object_pairs_hook=_unique_names)
        if "\n" not in written:
            written = json.dumps(parsed, ensure_ascii=False, indent=2, allow_nan=False)
    except (ValueError, RecursionError):
        return ""
    return f"```json\n{written}\n```"


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are all kept; one that has a name twice is shown as it was written."""
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("a name is there twice")
    return named


def mime_bundle(
    answer: Answer,
    language: Language,
    *,
    remote_images: bool = False,
    unformatted: bool = False,
) -> tuple[dict[str, str], dict[str, Any]]:
    """The MIME bundle of the saved output, and its metadata.

    The metadata says what made it, for whoever reads the file later.

    Parameters
    ----------
    remote_images
        Show web pictures that the answer names; without it they are links.
    unformatted
        Show the text as it was written, which takes no time to render.
    """
    if unformatted:
        text = preformatted_html(answer.text)
    else:
        text = text_html(answer, remote_images=remote_images)
    plain_parts = [
        name_pictures(answer.text),
        *beside_text_lines(answer, language),
        *source_lines(answer),
    ]
    words = "\n".join(part for part in plain_parts if part)
    framed = framed_answer(answer_html(answer, language, text, unformatted=unformatted))
    data = {
        "text/html": f"{framed}{ANSWER_STYLE}",
        "text/plain": f"{words}\n\n[{summary_line(answer, language)}]",
    }
    made_by = {
        "model": answer.model,
        "id": answer.id,
        "service": answer.service,
        "partial": answer.partial,
        "finish_reason": answer.finish_reason,
        "parameters": dict(answer.request.parameters),
    }
    return data, {"ernie_magic": json.loads(json.dumps(made_by, default=str))}


def answer_html(answer: Answer, language: Language, text: str, *, unformatted: bool = False) -> str:
    """Everything shown for an answer, around its text as HTML."""
    parts = [
        reasoning_html(answer.reasoning, language, unformatted=unformatted),
        tool_runs_html(answer, language),
        text,
        beside_text_html(answer, language),
        sources_html(answer, language),
        footer_html(answer, language),
    ]
    return "\n".join(part for part in parts if part)
