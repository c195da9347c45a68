"""Every SDK example of Baidu's pages has its counterpart in notebooks/services.ipynb, and each
runs.

The pages: AI Studio, "大模型 API" (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns);
"ERNIE-Speed-8K" (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf); "Dolly-12B" of the same
series; and two tutorials for Qianfan V1 and V2.
"""

import re

import pytest

from tests.tools import notebooks

from .test_loading import QUICKSTART

SERVICES = QUICKSTART.with_name("services.ipynb")

# Each example of those pages: a pattern of its counterpart, and what that must have shown.
EXAMPLES = {
    "AI Studio: chat": (r"%%ernie -m ernie-4.5-turbo-128k --system", "AI Studio"),
    "AI Studio: chat in Python": (r"^answer = ernie.chat", "completion_tokens="),
    "AI Studio: several turns": (r"我刚才问了什么", "北京有哪些好吃的"),
    "AI Studio: streaming": (r'for piece in ernie.stream\("你好", model', "模拟"),
    "AI Studio: async": (r"await ernie.achat", "True"),
    "AI Studio: picture by link": (r'response_format="url"', "True"),
    "AI Studio: picture by bytes": (r"b64_json", "ImageSet(1 picture,"),
    "AI Studio: vectors": (r'^ernie.embed\(\["推荐一些美食", "给我讲个故事"\]\)', "2 x 384"),
    "AI Studio: models": (r"^%ernie models", "embedding-v1"),
    "Qianfan V2: plain": (r"stream=False", "平台助手"),
    "Qianfan V2: streamed": (r"^stream = ernie.stream", "Statistic(first_token_latency="),
    "Qianfan V2: function call": (r"%%ernie .*--tools", "20"),
    "Qianfan V2: function call in two steps": (r"^tool = \{", '"temperature": "20"'),
    "Qianfan V2: json_schema": (r"json_schema", '"score": 5'),
    "tutorial: one plus one": (r"1加1", "1加1"),
    "ERNIE-Speed: one turn": (r"介绍一下北京.*history=False", "古都"),
    "ERNIE-Speed: several turns": (r"^messages = \[", "北京有哪些著名景点"),
    "ERNIE-Speed: streamed": (r"自驾游", "自驾游"),
    "Dolly-12B: deployed": (r'^print\(ernie.chat\("hi", endpoint', "hi"),
    "Dolly-12B: several turns": (r"The Great Wall", "Ming dynasty"),
    "Dolly-12B: streamed": (r'for piece in ernie.stream\("hi", endpoint', "hi"),
    "tutorial: completion": (r"ernie.complete", "simulated"),
    "tutorial: picture": (r"^ernie.image", "PNG"),
    "tutorial: tokens": (r"/tokenizer/erniebot", "'prompt_tokens': 5"),
    "tutorial: vectors": (r"bge-large-zh", "2 x 1024"),
    "rerank": (r"ernie.rerank", "猫喜欢吃鱼"),
    "estimate": (r'^ernie.count_tokens\("[^"]*"\)$', "estimate"),
    "any other call": (r"ernie.wire", "list"),
}


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    return notebooks.run(SERVICES, tmp_path_factory.mktemp("services"))


@pytest.fixture(scope="module")
def cells(notebook):
    return list(notebooks.code_cells(notebook))


def test_the_committed_outputs_are_of_the_kinds_that_a_run_shows(notebook):
    assert notebooks.kinds_of_run(notebook) == notebooks.committed_kinds(SERVICES)


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
