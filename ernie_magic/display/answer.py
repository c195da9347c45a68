"""An answer as it is saved: one Markdown output with the whole text, folded reasoning and a folded one-line footer."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

from ernie_magic import markdown
from ernie_magic.language import Language, Text

if TYPE_CHECKING:
    from ernie_magic.results import Answer
    from ernie_magic.tools import ToolRun

TOKENS = Text("{n} token", "{n} tokens")
SECONDS = Text("{n} 秒", "{n} s")
EMULATED = Text("内置模拟器，非真实模型", "built-in emulator, not a real model")
PARTIAL = Text("未完成", "partial")
_FLAGS = {1: Text("⚠ 内容审核：低风险", "⚠ content review: low risk"),
          2: Text("⚠ 内容审核：对话已锁定，%ernie reset 后重新开始", "⚠ content review: conversation locked until %ernie reset")}
_CUT = Text("⚠ 达到长度上限，回答不完整", "⚠ cut at the length limit")
_FILTERED = Text("⚠ 内容被审核截断或替换", "⚠ cut or replaced by content review")
_TRIMMED = Text("⚠ 为放得下，已略去最早的 {n} 轮", "⚠ the oldest turns were left out to fit: {n}")
_TOOLS = Text("用了工具 {names}", "tools used: {names}")
_TOOL = Text("工具 {name}{arguments} → {content}", "tool {name}{arguments} → {content}")
_CLEARED = Text("⚠ 应服务要求已清空历史", "⚠ history cleared as the service asked")
_SOURCES = Text("搜索来源（{n}）", "sources ({n})")
_SHOWN = 300  # characters of a tool's result
_REASONING = Text("思考过程（{n} 字）", "reasoning ({n} characters)")
SENT = Text("请求参数", "parameters sent")
_ROWS = {
    "prompt": Text("提示词 token", "prompt tokens"),
    "completion": Text("回答 token", "completion tokens"),
    "first": Text("首字延迟", "time to first text"),
    "speed": Text("每秒 token", "tokens a second"),
    "search": Text("搜索 token", "search tokens"),
    "finish": Text("结束原因", "finish reason"),
    "id": Text("请求编号", "request id"),
    "sent": SENT,
    "messages": Text("发送的消息数", "messages sent"),
}


def summary(answer: Answer, language: Language) -> str:
    """The footer's one line: model, tokens, seconds, finish reason; and that it is simulated or partial when it is."""
    parts = [answer.model]
    if answer.usage:
        parts.append(TOKENS.say(language, n=answer.usage.total_tokens))
    parts.append(SECONDS.say(language, n=f"{answer.seconds:.1f}"))
    if answer.finish_reason:
        parts.append(answer.finish_reason)
    if answer.partial:
        parts.append(PARTIAL.say(language))
    parts += [note.say(language) for note in _notes(answer)]
    if answer.service == "emulator":
        parts.append(EMULATED.say(language))
    return " · ".join(parts)


def _notes(answer: Answer) -> list[Text]:
    """What content review says of an answer that may be shown."""
    notes = [_FLAGS[answer.flag]] if answer.flag in _FLAGS else []
    notes += [_CUT] if answer.is_truncated else []
    notes += [_FILTERED] if answer.finish_reason == "content_filter" else []
    notes += [_CLEARED] if answer.history_cleared else []
    trimmed = getattr(answer.request, "trimmed", 0)
    return notes + ([_TRIMMED.fill(n=trimmed)] if trimmed else [])


def footer(answer: Answer, language: Language) -> str:
    """The footer as folded HTML that GitHub, nbviewer and a dead kernel show too."""
    facts: dict[str, str] = {}
    if answer.usage:
        facts["prompt"] = str(answer.usage.prompt_tokens)
        facts["completion"] = str(answer.usage.completion_tokens)
    if answer.first_seconds is not None:
        facts["first"] = SECONDS.say(language, n=f"{answer.first_seconds:.2f}")
    facts["finish"] = answer.finish_reason
    facts["id"] = answer.id
    facts["messages"] = str(len(answer.messages) - 1)
    facts["speed"] = f"{rate:.1f}" if (rate := answer.statistic.avg_output_tokens_per_second) else ""
    if answer.usage and answer.usage.search_tokens:
        facts["search"] = str(answer.usage.search_tokens)
    sent = {**answer.request.parameters, **answer.request.extra}
    facts["sent"] = json.dumps(sent, ensure_ascii=False, default=str) if sent else ""
    rows = "<br>".join(
        f"{html.escape(_ROWS[name].say(language))}: <code>{html.escape(fact)}</code>" for name, fact in facts.items() if fact)
    return folded(f"<small>{html.escape(summary(answer, language))}</small>", f"<small>{rows}</small>")


def tool_runs(answer: Answer, language: Language) -> str:
    """The tools that were called on the way, folded."""
    lines = "<br>".join(html.escape(tool_run(run, language)) for run in answer.tool_runs)
    return folded(f"<small>{_TOOLS.say(language, names=html.escape(', '.join(run.name for run in answer.tool_runs)))}</small>", f"<small>{lines}</small>") if lines else ""


def tool_run(run: ToolRun, language: Language) -> str:
    """One call of a tool, in a line."""
    return _TOOL.say(language, name=run.name, arguments=f"({run.arguments})", content=run.content if len(run.content) <= _SHOWN else run.content[:_SHOWN] + "…")


def sources(answer: Answer, language: Language) -> str:
    """The pages that a web search found, folded; only addresses of the web become links."""
    items = []
    for found in answer.search:
        url, title = str(found.get("url") or ""), str(found.get("title") or found.get("url") or "")
        shown = html.escape(title)
        items.append(f'<a href="{html.escape(url)}">{shown}</a>' if url.startswith(("https://", "http://")) else shown)
    return folded(f"<small>{_SOURCES.say(language, n=len(items))}</small>", "<small>" + "<br>".join(items) + "</small>") if items else ""


def reasoning(text: str, language: Language) -> str:
    """A thinking model's thoughts, folded."""
    title = html.escape(_REASONING.say(language, n=len(text)))
    return folded(f"<small>{title}</small>", f"\n\n{markdown.for_notebook(text)}\n\n") if text else ""


def bundle(answer: Answer, language: Language) -> tuple[dict[str, str], dict[str, Any]]:
    """The MIME bundle of the saved output, and its metadata (what made it: for whoever reads the file later)."""
    parts = [reasoning(answer.reasoning, language), tool_runs(answer, language), markdown.for_notebook(markdown.closed(answer.text) if answer.partial or answer.is_truncated else answer.text).rstrip(),
             sources(answer, language), footer(answer, language)]
    data = {
        "text/markdown": "\n\n".join(part for part in parts if part),
        "text/plain": f"{answer.text}\n\n[{summary(answer, language)}]",
    }
    made_by = {"model": answer.model, "id": answer.id, "service": answer.service, "partial": answer.partial,
               "finish_reason": answer.finish_reason, "parameters": dict(answer.request.parameters)}
    return data, {"ernie_magic": json.loads(json.dumps(made_by, default=str))}


def folded(title: str, body: str) -> str:
    """A line that opens."""
    return f"<details><summary>{title}</summary>{body}</details>"
