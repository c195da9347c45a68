"""Everything else in the kernel is left alone: background calls, other cells, threads, the user's
own names.
"""

import time

import nbformat
import pytest


def test_an_interrupt_is_for_the_cell_that_runs_not_for_a_call_in_the_background(kernel, emulator):
    kernel.run(
        "import asyncio\nbackground = "
        "asyncio.create_task(ernie.achat('[[chunks=60]][[pace=20ms]]', history=False))"
    )
    ran = kernel.run("for _ in range(50): await asyncio.sleep(0.1)", interrupt_after=-0.3)
    assert ran.status == "error"
    assert ran.idle - kernel.interrupted < 1
    assert kernel.value("(await background).partial") == "False"


def test_an_interrupt_between_cells_stops_no_call_in_the_background(kernel):
    kernel.run(
        "import asyncio\nbackground = "
        "asyncio.create_task(ernie.achat('[[chunks=40]][[pace=20ms]]', history=False))"
    )
    kernel.manager.interrupt_kernel()
    time.sleep(0.2)
    assert kernel.value("(await background).partial") == "False"


def test_a_gather_in_the_running_cell_is_stopped(kernel):
    ran = kernel.run(
        "import asyncio\nawait asyncio.gather(*[ernie.achat('[[chunks=500]][[pace=20ms]]', "
        "history=False) for _ in range(3)])",
        interrupt_after=-0.4,
    )
    assert ran.error["ename"] == "Stopped"
    assert ran.idle - kernel.interrupted < 0.5


def test_magics_in_threads_lose_no_output_of_the_cell(kernel):
    ran = kernel.run("""
import threading
name = 'x'
threads = [threading.Thread(target=lambda: get_ipython().run_cell_magic('ernie', '--no-history', '[[echo]]{{name}}')) for _ in range(20)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print('joined')""")
    assert ran.status == "ok"
    assert "joined" in ran.text
    assert kernel.value("1 + 1") == "2"


@pytest.mark.parametrize(
    "code",
    [
        (
            "get_ipython().run_cell_magic('ernie', '--no-history', '{{(_ for _ in "
            "()).throw(ValueError(chr(0xd800)))}}')"
        ),
        "%%ernie --foo{{chr(0xd800)}}\nhi",
        "%%ernie -m {{chr(0xd800)}}\nhi",
        (
            "ernie.settings.base_url = 'http://\\ud800'\ntry:\n    ernie.chat('hi')\nfinally:\n    "
            "ernie.settings.base_url = ''"
        ),
    ],
    ids=["expression", "option", "model", "address"],
)
def test_half_characters_in_an_error_are_told_and_nothing_hangs(kernel, code):
    ran = kernel.run(code)
    assert ran.status == "error"
    assert len(ran.error["traceback"]) == 1
    assert kernel.value("1 + 1") == "2"


def test_a_notebook_that_loads_the_extension_can_be_run_by_another(unloaded_kernel, tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(source)
            for source in (
                "%load_ext ernie_magic\nernie.settings.model = 'ernie-3.5-8k'",
                "%%ernie --as inner\n[[echo]]hi",
                "print('third', inner)",
            )
        ]
    )
    nbformat.write(notebook, tmp_path / "inner.ipynb")
    ran = unloaded_kernel.run(f"%run {tmp_path / 'inner.ipynb'}")
    assert ran.status == "ok", ran.error
    assert "third hi" in ran.text
    ran = unloaded_kernel.run(
        "%reload_ext ernie_magic\nprint(get_ipython().run_cell('%%ernie --as "
        "again\\n[[echo]]hey').success, again)"
    )
    assert "True hey" in ran.text, ran.error
    assert unloaded_kernel.run("%%ernie\n[[echo]]on").status == "ok"


def test_a_name_of_the_user_is_not_overwritten(unloaded_kernel):
    ran = unloaded_kernel.run("ernie = 'my data'\n%load_ext ernie_magic\nprint(ernie)")
    assert "my data" in ran.text
    assert "the variable ernie is yours and was kept" in ran.text
    assert (
        unloaded_kernel.run(
            "del ernie\n%reload_ext ernie_magic\nernie.settings.model = "
            "'ernie-3.5-8k'\nprint(ernie.chat('[[echo]]hi'))"
        ).text.strip()
        == "hi"
    )


@pytest.mark.parametrize(
    "says",
    [
        "print('PRINTED')",
        "from IPython.display import HTML, display; display(HTML('<b>PRINTED</b>'))",
    ],
    ids=["print", "display"],
)
def test_what_a_tool_prints_or_displays_stays(kernel, says):
    kernel.run(
        f"def weather(location: str) -> str:\n    '''天气查询工具'''\n    {says}\n    return 'sunny'"
    )
    ran = kernel.run("%%ernie --tools weather --no-history\n北京天气")
    shown = "".join(str(output) for output in ran.outputs)
    assert "PRINTED" in shown
    assert "sunny" in shown
    assert shown.count("simulated") + shown.count("模拟") >= 1
    kernel.run("def weather(location: str) -> str:\n    '''天气查询工具'''\n    return 'sunny'")
    # A silent tool leaves one output.
    (output,) = kernel.run("%%ernie --tools weather --no-history\n北京天气").outputs
    assert "sunny" in output["data"]["text/html"]
    assert output["data"]["text/html"].startswith(
        '<div class="ernie-answer"><details><summary><small class="ernie-note">tools used: weather'
    )
