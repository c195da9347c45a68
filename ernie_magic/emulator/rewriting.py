"""A prompt rewritten, as far as rules without a model can: the same variables, in clearer form.

It answers whoever asks in chat for a new prompt between `<START>` and `<END>`, as the official
client's `Prompt.simplify` does, and the platform's optimisation tasks
(https://cloud.baidu.com/doc/WENXINWORKSHOP/s/olr8svd33).
"""

from __future__ import annotations

import re

START, END = "<START>", "<END>"
_HAN = re.compile(r"[\u4e00-\u9fff]")
# What stands right before the prompt that is to be rewritten.
_HEADING = re.compile(r"(?:提示词|prompt)(?:是)?\s*[：:]\s*\n\s*", re.IGNORECASE)
_CLOSING = re.compile(r"\n\s*===")
_BLANKS = re.compile(r"[ \t]+")
_WORDS = {
    "zh": ("任务", "要求", "条理清楚，不要重复", "只写结果，不要多余的话", "请一步一步思考"),
    "en": (
        "Task",
        "Requirements",
        "Be clear, and say nothing twice",
        "Write only the result",
        "Think step by step",
    ),
}


def answer_rewriting(question: str) -> str | None:
    """The answer to a prompt that asks to rewrite another one; None for any other prompt."""
    if START not in question or END not in question:
        return None
    heading = _HEADING.search(question)
    if heading is None:
        return None
    prompt = _CLOSING.split(question[heading.end() :], maxsplit=1)[0]
    return f"{START}\n{rewrite_prompt(prompt.strip())}\n{END}"


def rewrite_prompt(
    prompt: str, *, improve: bool = True, shorten: bool = False, thinks: bool = False
) -> str:
    """A prompt in clearer form; every word of it stays, but for lines that it holds twice.

    Parameters
    ----------
    improve
        With headings for task and requirements.
    shorten
        Without runs of blanks, and without a line that occurs twice.
    thinks
        With the request to think step by step.
    """
    language = "zh" if _HAN.search(prompt) else "en"
    task, requirements, clear, brief, think = _WORDS[language]
    text = prompt
    if shorten:
        text = "\n".join(dict.fromkeys(_BLANKS.sub(" ", line).strip() for line in text.split("\n")))
    wanted = [f"- {line}" for line in (clear, brief)] if improve else []
    if thinks:
        wanted.append(f"- {think}")
    if not wanted:
        return text
    return "\n".join([f"# {task}", text, "", f"# {requirements}", *wanted])
