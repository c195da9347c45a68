"""What Tab and a question mark get from a real kernel, as a page asks for it."""

import pytest

from tests.ipython_versions import needs_ipython_8

from .conftest import TIMEOUT


def complete(kernel, code):
    reply = kernel.client.complete(code, reply=True, timeout=TIMEOUT)["content"]
    assert reply["status"] == "ok"
    return [code[: reply["cursor_start"]] + match for match in reply["matches"]]


@needs_ipython_8
@pytest.mark.parametrize("use_jedi", [True, False], ids=["Jedi", "IPython's own"])
def test_tab_completes_keyword_arguments_and_names_in_the_order_of_use(kernel, use_jedi):
    kernel.run(f'get_ipython().Completer.use_jedi = {use_jedi}\ntutor = ernie["tutor"]')
    try:
        for call in ('await ernie.achat("x", ', "tutor.stream('x', ", "ernie.image('x', "):
            assert complete(kernel, f"{call}see") == [f"{call}seed="]
        assert complete(kernel, "ernie.redo('a', wat") == ["ernie.redo('a', watermark="]
        assert complete(kernel, "ernie.")[:3] == ["ernie.chat", "ernie.stream", "ernie.image"]
        assert complete(kernel, "ernie.settings.temp") == ["ernie.settings.temperature"]
    finally:
        kernel.run("get_ipython().Completer.use_jedi = True")


def test_a_question_mark_shows_each_parameter(kernel):
    reply = kernel.client.inspect("ernie.chat(", 10, reply=True, timeout=TIMEOUT)["content"]
    text = reply["data"]["text/plain"]
    assert "temperature" in text
    assert "float in (0.0, 1.0]; 0.95 by default" in text


@pytest.mark.slow
def test_jedi_alone_knows_the_arguments_of_a_call_over_several_lines(kernel):
    code = 'await ernie.achat(\n    "x",\n    see'
    assert complete(kernel, code) == [f"{code}d="]
