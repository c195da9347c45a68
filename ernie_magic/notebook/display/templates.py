"""How prompt templates are shown: as tables; a rewritten prompt beside the old one; scores of
prompts as a heat map.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ernie_magic.api.models import is_simulated
from ernie_magic.notebook.display.heat_map import (
    cell_html,
    column_head_html,
    empty_cell_html,
    row_head_html,
    table_html,
    title_attribute,
)
from ernie_magic.notebook.display.html_table import Table, clip_to_line, display_width
from ernie_magic.notebook.display.origin import EMULATED, line_html, with_origin
from ernie_magic.notebook.display.style import NOTE_STYLE, note_html
from ernie_magic.qianfan.templates.files import template_folder
from ernie_magic.qianfan.templates.prompt_template import (
    DEFAULT_IDENTIFIER,
    DOUBLE_BRACES,
    split_identifier,
)
from ernie_magic.text.counts import TOKENS
from ernie_magic.text.language import Language, Text, counted
from ernie_magic.text.sanitize import plain_html
from ernie_magic.text.visible import make_controls_visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.qianfan.templates.evaluation import Evaluation
    from ernie_magic.qianfan.templates.files import TemplateList
    from ernie_magic.qianfan.templates.optimization import Change, Optimized
    from ernie_magic.qianfan.templates.prompt_template import PromptTemplate

_TEXT_CHARACTERS = 60  # of a text in a row of a table
_LABEL_CHARACTERS = 24  # of a prompt's label in plain text
_MAX_COLUMNS = 30  # rows of the data in a heat map
_MAX_ANSWERS = 100  # answers in the folded table
_TEMPLATES = counted("个模板", "template")
_FOLDER = Text("，在 {folder}", " in {folder}")
_SAVE_ONE = Text(
    "保存一个：%ernie template save trip 安排{city}的{days}天行程",
    "save one: %ernie template save trip Plan {days} days in {city}",
)
_PRESET = Text("预置", "preset")
_UNREAD = Text("⚠ {file}：{problem}", "⚠ {file}: {problem}")
_PLAIN = (DEFAULT_IDENTIFIER, DOUBLE_BRACES)  # identifiers that the variables show
_FACTS = {
    "name": Text("名称", "name"),
    "variables": Text("变量", "variables"),
    "identifier": Text("变量的标识符", "variables are marked by"),
    "labels": Text("标签", "labels"),
    "id": Text("平台上的 ID", "id on the service"),
    "text": Text("文本", "text"),
    "negative_text": Text("反向文本", "negative text"),
}
# Legible in both themes; where a page removes styles, `ins` and `del` still tell them apart.
_STYLES = {
    "removed": "background:rgba(220,38,38,.22);text-decoration:line-through",
    "added": "background:rgba(22,163,74,.25);text-decoration:none",
}
_TAGS = {"removed": "del", "added": "ins"}
# As `git diff --word-diff` marks them.
_MARKS = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
_LOST = Text("⚠ 新提示词里没有了：{names}", "⚠ the new prompt lacks: {names}")
_NEW_TEXT = Text("新提示词", "the new prompt")
_METHODS = {
    "exact": Text("完全一致", "exact match"),
    "regex": Text("正则匹配", "regular expression"),
    "similarity": Text("向量相似度（{model}）", "similarity of vectors ({model})"),
    "judge": Text("评分模型 {model}", "judged by {model}"),
}
_MEAN = Text("平均", "mean")
_BEST = Text("最好：{name}（{mean:.2f}）", "best: {name} ({mean:.2f})")
_UNSCORED = counted("个没有得分", "without a score", "without a score")
_MORE_ROWS = Text("显示前 {n} 行", "the first {n} rows shown")
_ANSWERS = Text("全部回答", "all answers")
_ANSWER_HEADERS = {
    "zh": ["提示词", "行", "期望", "回答", "得分", "错误"],
    "en": ["prompt", "row", "expected", "answer", "score", "error"],
}


def templates_table(templates: TemplateList, language: Language) -> Table:
    """Templates with their variables and the beginnings of their texts."""
    headers = {
        "zh": ["名称", "变量", "文本", "平台上的 ID"],
        "en": ["name", "variables", "text", "id on the service"],
    }
    rows = [
        [
            template.name,
            mark_variables(template),
            clip_to_line(template.text, _TEXT_CHARACTERS),
            describe_id(template, language),
        ]
        for template in templates
    ]
    note = _TEMPLATES.say(language, len(templates))
    if templates.is_local:
        note += _FOLDER.say(language, folder=template_folder())
    lines = [with_origin(note, templates, language)]
    if templates.is_local and not templates:
        lines.append(_SAVE_ONE.say(language))
    for file, problem in templates.problems.items():
        lines.append(_UNREAD.say(language, file=file, problem=problem.line(language)))
    shown = len(headers[language])
    if not any(row[-1] for row in rows):
        shown -= 1  # none of them is on the service
    visible = [row[:shown] for row in rows]
    return Table(headers[language][:shown], visible, "\n".join(lines), code=(1,))


def template_text(template: PromptTemplate, language: Language) -> str:
    """One template as text: what is known of it, and its own text line by line."""
    table = template_table(template, language)
    table = replace(table, rows=[row for row in table.rows if row[1] != template.text])
    return f"{table!r}\n\n{make_controls_visible(template.text)}"


def template_table(template: PromptTemplate, language: Language) -> Table:
    """One template with all that is known of it."""
    values = {
        "name": template.name,
        "variables": mark_variables(template),
        "identifier": template.identifier if template.identifier not in _PLAIN else "",
        "labels": ", ".join(template.labels),
        "id": describe_id(template, language),
        "text": template.text,
        "negative_text": template.negative_text,
    }
    rows = [[_FACTS[name].say(language), value] for name, value in values.items() if value]
    return Table({"zh": ["模板", ""], "en": ["template", ""]}[language], rows)


def mark_variables(template: PromptTemplate) -> str:
    """A template's variables as its text has them."""
    left, right = split_identifier(template.identifier)
    return " ".join(f"{left}{name}{right}" for name in template.all_variables)


def describe_id(template: PromptTemplate, language: Language) -> str:
    """A template's id on the service, and whether it is the service's own."""
    if template.is_preset:
        return f"{template.id} · {_PRESET.say(language)}"
    return template.id


# --- a rewritten prompt ---------------------------------------------------------------------------


def optimized_html(optimized: Optimized, language: Language) -> str:
    """The two texts in one, with what was removed and added in colour; the new one below it."""
    changed = "".join(map(_change_html, optimized.changes))
    new_text = (
        f"<details><summary>{note_html(_NEW_TEXT.say(language))}</summary>"
        f'<pre style="white-space:pre-wrap">{plain_html(optimized.after.text)}</pre></details>'
    )
    line = note_html(line_html(_optimized_line(optimized, language)))
    box = f'<div style="white-space:pre-wrap;overflow-wrap:anywhere">{changed}</div>'
    return f"{box}{new_text}{line}{NOTE_STYLE}"


def optimized_text(optimized: Optimized, language: Language) -> str:
    """The same as text, marked as by `git diff --word-diff`."""
    marked = []
    for change in optimized.changes:
        opening, closing = _MARKS[change.kind]
        marked.append(f"{opening}{change.text}{closing}")
    text = make_controls_visible("".join(marked))
    return f"{text}\n[{_optimized_line(optimized, language)}]"


def _change_html(change: Change) -> str:
    markup = plain_html(change.text)
    if change.kind == "same":
        return markup
    tag = _TAGS[change.kind]
    return f'<{tag} style="{_STYLES[change.kind]}">{markup}</{tag}>'


def _optimized_line(optimized: Optimized, language: Language) -> str:
    answer = optimized.answer
    parts = [answer.model]
    if answer.usage is not None:
        parts.append(TOKENS.say(language, n=answer.usage.total_tokens))
    if optimized.lost:
        parts.append(_LOST.say(language, names=", ".join(optimized.lost)))
    if answer.is_simulated:
        parts.append(EMULATED.say(language))
    return " · ".join(parts)


# --- scores ---------------------------------------------------------------------------------------


def evaluation_html(evaluation: Evaluation, language: Language) -> str:
    """The scores as a heat map, prompts down and rows across; all answers folded below it."""
    count = min(len(evaluation.rows), _MAX_COLUMNS)
    heads = [column_head_html(_MEAN.say(language), "")]
    heads += [column_head_html(str(j + 1), _describe_row(evaluation, j)) for j in range(count)]
    rows = []
    for i, label in enumerate(_labels(evaluation)):
        cells = [_score_html(evaluation.means[i], "")]
        cells += [
            _score_html(evaluation.scores[i][j], _describe_cell(evaluation, i, j))
            for j in range(count)
        ]
        rows.append(f"{row_head_html(i + 1, label)}{''.join(cells)}")
    folded = (
        f"<details><summary>{note_html(_ANSWERS.say(language))}</summary>"
        f"{_answers_table(evaluation, language)._repr_html_()}</details>"
    )
    line = note_html(line_html(_evaluation_line(evaluation, language)))
    return f"{table_html(heads, rows)}{folded}{line}{NOTE_STYLE}"


def evaluation_text(evaluation: Evaluation, language: Language) -> str:
    """The scores as aligned text."""
    count = min(len(evaluation.rows), _MAX_COLUMNS)
    labels = [
        f"{i}. {make_controls_visible(clip_to_line(label, _LABEL_CHARACTERS))}"
        for i, label in enumerate(_labels(evaluation), start=1)
    ]
    wide = max(map(display_width, labels))
    mean = _MEAN.say(language)
    head = " " * (wide + 6 - display_width(mean)) + mean
    lines = [head + "".join(f"{j + 1:>6}" for j in range(count))]
    for i, label in enumerate(labels):
        scores = [evaluation.means[i], *evaluation.scores[i][:count]]
        blanks = " " * (wide - display_width(label))
        lines.append(f"{label}{blanks}{''.join(map(_score_text, scores))}")
    return "\n".join([*lines, f"[{_evaluation_line(evaluation, language)}]"])


def _labels(evaluation: Evaluation) -> Sequence[str]:
    """What stands before the scores of each prompt: its name, or its text."""
    return [template.name or template.text for template in evaluation.templates]


def _score_text(score: float | None) -> str:
    if score is None:
        return f"{'–':>6}"
    return f"{score:6.2f}"


def _score_html(score: float | None, title: str) -> str:
    if score is None:
        return empty_cell_html(title)
    return cell_html(score, title)


def _describe_row(evaluation: Evaluation, row: int) -> str:
    return " · ".join(f"{name}: {value}" for name, value in evaluation.rows[row].items())


def _describe_cell(evaluation: Evaluation, prompt: int, row: int) -> str:
    """What is shown on hover over a score: answer and expected answer, or the error."""
    lines = [evaluation.errors[prompt][row] or evaluation.answers[prompt][row] or ""]
    if evaluation.expected:
        lines.append(evaluation.expected[row])
    return "&#10;".join(map(title_attribute, lines))


def _answers_table(evaluation: Evaluation, language: Language) -> Table:
    rows = []
    for i, name in enumerate(evaluation.names):
        for j in range(len(evaluation.rows)):
            score = evaluation.scores[i][j]
            rows.append(
                [
                    name,
                    str(j + 1),
                    clip_to_line("".join(evaluation.expected[j : j + 1])),
                    clip_to_line(evaluation.answers[i][j] or ""),
                    "" if score is None else f"{score:.2f}",
                    evaluation.errors[i][j],
                ]
            )
    return Table(_ANSWER_HEADERS[language], rows[:_MAX_ANSWERS])


def _evaluation_line(evaluation: Evaluation, language: Language) -> str:
    parts = []
    if evaluation.model:  # none where nothing was asked
        parts.append(evaluation.model)
    method = _METHODS[evaluation.method]
    parts.append(method.say(language, model=evaluation.judge_model or "–"))
    if evaluation.best is not None:
        best = evaluation.templates.index(evaluation.best)
        mean = evaluation.means[best]
        parts.append(_BEST.say(language, name=evaluation.names[best], mean=mean))
    unscored = sum(score is None for scores in evaluation.scores for score in scores)
    if unscored:
        parts.append(_UNSCORED.say(language, unscored))
    if len(evaluation.rows) > _MAX_COLUMNS:
        parts.append(_MORE_ROWS.say(language, n=_MAX_COLUMNS))
    parts.append(TOKENS.say(language, n=evaluation.usage.total_tokens))
    if is_simulated(evaluation.service):
        parts.append(EMULATED.say(language))
    return " · ".join(parts)
