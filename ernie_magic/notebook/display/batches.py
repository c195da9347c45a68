"""Batches, their results, the files that they are made of, and tasks of batch inference, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.api import values
from ernie_magic.notebook.display.html_table import Table, clip_to_line
from ernie_magic.notebook.display.origin import with_origin
from ernie_magic.text.language import Language, Text, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.qianfan.batches.group import Batch
    from ernie_magic.qianfan.batches.inference import InferenceTask
    from ernie_magic.qianfan.batches.results import BatchResult
    from ernie_magic.qianfan.files import StoredFile

_ANSWER = 80  # characters of an answer in a row
_MAX_RESULTS = 100  # rows
_BATCHES = counted("个批量任务", "batch", "batches")
_RESULTS = counted("个结果", "result")
_FIRST = Text("，显示前 {n} 个", ", the first {n} shown")
_FILES = counted("个文件", "file")
_TASKS = counted("个批量推理任务", "task of batch inference", "tasks of batch inference")
_WATCH = Text(
    "%ernie batches ID 等它完成；ernie.batches.results(ID) 取结果",
    "%ernie batches BATCH waits until it is over; ernie.batches.results(BATCH) has the results",
)
_NO_BATCHES = Text(
    "还没有批量任务：%%ernie_map 表 --batch，或 ernie.batches.create(…)",
    "no batches yet: %%ernie_map TABLE --batch, or ernie.batches.create(…)",
)
_STATES = {
    "validating": Text("校验中", "validating"),
    "in_progress": Text("进行中", "in progress"),
    "finalizing": Text("整理结果", "finalizing"),
    "completed": Text("完成", "completed"),
    "failed": Text("失败", "failed"),
    "expired": Text("已过期", "expired"),
    "cancelling": Text("取消中", "cancelling"),
    "cancelled": Text("已取消", "cancelled"),
}


def batches_table(batches: Sequence[Batch], language: Language) -> Table:
    """Batches with how far they are."""
    headers = {
        "zh": ["批量任务", "状态", "请求", "完成", "失败", "接口"],
        "en": ["batch", "state", "requests", "completed", "failed", "call"],
    }
    rows = [
        [
            batch.id,
            _describe_state(batch.state, language),
            f"{batch.total:,}",
            f"{batch.completed:,}",
            f"{batch.failed:,}",
            batch.endpoint,
        ]
        for batch in batches
    ]
    note = _NO_BATCHES.say(language)
    if rows:
        note = f"{_BATCHES.say(language, len(rows))} · {_WATCH.say(language)}"
    problems = [problem for batch in batches for problem in batch.problems]
    lines = [with_origin(note, batches, language), *problems]
    return Table(headers[language], rows, "\n".join(lines))


def _describe_state(state: str, language: Language) -> str:
    if state in _STATES:
        return _STATES[state].say(language)
    return state


def results_table(results: Sequence[BatchResult], language: Language) -> Table:
    """What became of the requests of a batch."""
    headers = {"zh": ["请求", "HTTP", "结果"], "en": ["request", "HTTP", "result"]}
    rows = [
        [result.custom_id, str(result.status or ""), _describe_result(result)]
        for result in results[:_MAX_RESULTS]
    ]
    note = _RESULTS.say(language, len(results))
    if len(rows) < len(results):
        note += _FIRST.say(language, n=len(rows))
    return Table(headers[language], rows, with_origin(note, results, language))


def _describe_result(result: BatchResult) -> str:
    """The beginning of an answer, else of the error."""
    choices = values.as_objects(result.body.get("choices"))
    message = values.as_object(choices[0].get("message")) if choices else {}
    failure = values.as_object(result.body.get("error"))
    words = (result.error, values.as_text(message.get("content")), failure.get("message"))
    return clip_to_line(next((str(word) for word in words if word), ""), _ANSWER)


def files_table(files: Sequence[StoredFile], language: Language) -> Table:
    """Files that a service keeps."""
    headers = {
        "zh": ["文件", "名字", "用途", "字节", "状态"],
        "en": ["file", "name", "purpose", "bytes", "state"],
    }
    rows = [[file.id, file.name, file.purpose, f"{file.size:,}", file.state] for file in files]
    note = with_origin(_FILES.say(language, len(rows)), files, language)
    return Table(headers[language], rows, note)


def inference_table(tasks: Sequence[InferenceTask], language: Language) -> Table:
    """Tasks of batch inference."""
    headers = {
        "zh": ["任务", "名称", "状态", "进度", "模型", "输入", "输出"],
        "en": ["task", "name", "state", "done", "model", "input", "output"],
    }
    rows = [
        [
            task.id,
            task.name,
            task.state,
            f"{task.percent:.0f}%",
            task.endpoint or task.model,
            task.input,
            task.output,
        ]
        for task in tasks
    ]
    note = with_origin(_TASKS.say(language, len(rows)), tasks, language)
    return Table(headers[language], rows, note)
