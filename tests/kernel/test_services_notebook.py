"""Every SDK example of the seeds has its counterpart in notebooks/services.ipynb, and each of them
runs.
"""

import os
import re

import nbformat
import pytest
from nbclient import NotebookClient

from .test_loading import QUICKSTART

SERVICES = QUICKSTART.with_name("services.ipynb")

# What the documents' examples do (seeds 000 to 004), and what the counterpart must have shown.
EXAMPLES = {
    "000 chat": (r"%%ernie -m ernie-3.5-8k --system", "AI Studio"),
    "000 chat in Python": (r"^answer = ernie.chat", "completion_tokens="),
    "000 several turns": (r"我刚才问了什么", "北京有哪些好吃的"),
    "000 streaming": (r'for piece in ernie.stream\("你好", model', "模拟"),
    "000 async": (r"await ernie.achat", "True"),
    "000 picture by link": (r'response_format="url"', "True"),
    "000 picture by bytes": (r"b64_json", "ImageSet(1 picture,"),
    "000 vectors": (r'^ernie.embed\(\["推荐一些美食", "给我讲个故事"\]\)', "2 x 384"),
    "000 models": (r"^%ernie models", "embedding-v1"),
    "002 plain": (r"stream=False", "平台助手"),
    "002 streamed": (r"^stream = ernie.stream", "Statistic(first_token_latency="),
    "002 function call": (r"%%ernie .*--tools", "20"),
    "002 function call in two steps": (r"^tools = \[", '"temperature": "20"'),
    "002 json_schema": (r"json_schema", '"score": 5'),
    "001 tutorial": (r"1加1", "1加1"),
    "003 one turn": (r"介绍一下北京.*history=False", "介绍一下北京"),
    "003 several turns": (r"^messages = \[", "北京有哪些著名景点"),
    "003 streamed": (r"自驾游", "自驾游"),
    "004 deployed": (r'^print\(ernie.chat\("hi", endpoint', "hi"),
    "004 several turns": (r"The Great Wall", "Please introduce The Great Wall"),
    "004 streamed": (r'for piece in ernie.stream\("hi", endpoint', "hi"),
    "001 completion": (r"ernie.complete", "simulated"),
    "001 picture": (r"^ernie.image", "PNG"),
    "001 tokens": (r"^ernie.count_tokens.*model", "model='ernie-3.5-8k'"),
    "001 vectors": (r"bge-large-zh", "2 x 1024"),
    "rerank": (r"ernie.rerank", "猫喜欢吃鱼"),
    "estimate": (r'^ernie.count_tokens\("[^"]*"\)$', "estimate"),
    "any other call": (r"ernie.wire", "list"),
}


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    notebook = nbformat.read(SERVICES, as_version=4)
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AI_STUDIO_", "QIANFAN_", "OPENAI_"))
    } | {"ERNIE_EMULATOR_LATENCY": "0"}
    NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}},
    ).execute(env=env)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell):
    return "".join(
        output.get("text", "") + "".join(str(value) for value in output.get("data", {}).values())
        for output in cell.outputs
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_counterpart_of_an_example_runs_and_shows_what_it_should(cells, name):
    pattern, seen = EXAMPLES[name]
    found = [cell for cell in cells if re.search(pattern, cell.source, re.MULTILINE)]
    assert found, f"no cell for {name}"
    assert any(seen in shown(cell) for cell in found), [shown(cell)[:300] for cell in found]


def test_nothing_goes_to_standard_error(cells):
    assert [
        output.text for cell in cells for output in cell.outputs if output.get("name") == "stderr"
    ] == []
