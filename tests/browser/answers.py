"""Notebooks with saved answers, as a person opens them the next morning."""

import nbformat

from ernie_magic.api.requests import chat_request
from ernie_magic.api.results import Answer
from ernie_magic.notebook.display import chat as answers

OUTPUT = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output"
REQUEST = chat_request([{"role": "user", "content": "你好"}], model="ernie-3.5-8k", given={})
TOGETHER = 40  # outputs in a cell: JupyterLab shows fifty
# The user's own cells above and below them all: they show whether formulas keep their meaning.
SENTINEL = "# 我的\n\n$\\frac12 + \\sin x + \\int y$ $\\text{a}$ **b** [c](https://example.com)"


def in_parts(texts, size):
    """The texts in groups of that size."""
    return [texts[start : start + size] for start in range(0, len(texts), size)]


def published(text):
    """The saved output of an answer with this text."""
    answer = Answer(text=text, request=REQUEST, model="ernie-3.5-8k")
    data, metadata = answers.mime_bundle(answer, "zh")
    return nbformat.v4.new_output("display_data", data=data, metadata=metadata)


def cells_of(texts):
    """The cells of a notebook with one output per text, between two of the user's own."""
    outputs = in_parts([published(text) for text in texts], TOGETHER)
    code = [nbformat.v4.new_code_cell("1", outputs=some) for some in outputs]
    own = nbformat.v4.new_markdown_cell
    return [own(SENTINEL), *code, own(SENTINEL)]
