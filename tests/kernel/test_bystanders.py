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


# What other code does in the first 0.3 s of the next cell.
OTHERS = {
    "a thread that prints": "later(print, 'MINE')",
    "a thread that displays": "later(display, HTML('<b>MINE</b>'))",
    "a logger": "later(logging.getLogger('of the user').warning, 'MINE')",
    "the loop": (
        "asyncio.get_running_loop().call_later("
        "0.2, lambda: display(HTML('<b>MINE</b>')), context=contextvars.Context())"
    ),
}
BEGIN = """import asyncio, contextvars, logging, sys, threading
from IPython.display import HTML, clear_output, display
logger = logging.getLogger('of the user')
logger.handlers, logger.propagate = [logging.StreamHandler(sys.stderr)], False
def later(function, *args):
    timer = threading.Timer(0.2, function, args)
    timer.start()
"""


def run_beside(kernel, other, cell):
    """Run a cell in whose first 0.3 s other code writes there."""
    other_id = kernel.start(BEGIN + other)
    return kernel.finish(other_id, kernel.start(cell))[1]


def seen(ran):
    return [
        output.get("text") or output.get("evalue") or output["data"].get("text/html", "")
        for output in ran.outputs
    ]


@pytest.mark.parametrize("other", OTHERS)
def test_what_other_code_writes_into_a_cell_while_its_answer_is_awaited_stays(
    kernel, emulator, other
):
    emulator.faults.add(delay=0.4)
    ran = run_beside(kernel, OTHERS[other], "%%ernie\n[[echo]]**hi**")
    assert ran.status == "ok", ran.error
    shown = seen(ran)
    assert [text for text in shown if "MINE" in text]
    (answer,) = (output["data"] for output in ran.outputs if "hi" in str(output))
    assert "<strong>hi</strong>" in answer["text/html"]
    assert "<details>" in answer["text/html"]
    assert "<style>" in answer["text/html"]  # it is framed, as in a cell of its own
    assert answer["text/plain"].startswith("**hi**\n\n[ernie-3.5-8k · ")
    assert not ran.of("clear_output")


def test_what_is_written_in_the_midst_of_a_long_answer_stays_and_no_word_is_lost(kernel):
    cell = "%%ernie\n[[chunks=60]][[pace=10ms]]" + "长" * 30
    ran = run_beside(kernel, OTHERS["a thread that prints"], cell)
    assert "MINE\n" in ran.text
    shown = "".join(seen(ran))
    assert [word for word in range(60) if shown.count(f"第{word}段") != 1] == []
    assert shown.count("<details>") == 1
    assert "partial" not in shown


@pytest.mark.parametrize("pace", ["30ms", "0ms"])
def test_an_answer_is_whole_in_a_cell_that_other_code_clears_meanwhile(kernel, emulator, pace):
    emulator.faults.add(delay=0.3 if pace == "0ms" else 0)
    cell = f"%%ernie\n[[chunks=15]][[pace={pace}]]Q"
    ran = run_beside(kernel, "later(clear_output); print('before')", cell)
    shown = "".join(seen(ran))
    assert [word for word in range(15) if shown.count(f"word{word} ") > 1] == []
    assert "word0 " in shown
    assert "word14" in shown
    assert "<details>" in shown


def test_a_picture_that_fails_leaves_what_other_code_wrote_and_no_wait(kernel, emulator):
    emulator.faults.add(delay=0.4, status=400, path="/images/generations")
    ran = run_beside(kernel, OTHERS["a thread that prints"], "%%ernie_image\n一只白猫")
    assert ran.status == "error"
    assert "MINE\n" in ran.text
    assert "…" not in "".join(seen(ran)[:-1])


def test_what_stands_in_the_cell_before_its_magic_begins_stays(kernel):
    kernel.run(
        "def early():\n    print('EARLY', flush=True)\n"
        "get_ipython().events.register('pre_execute', early)"
    )
    ran = kernel.run("%%ernie\n[[echo]]hi")
    assert ran.text == "EARLY\n"
    assert "<details>" in seen(ran)[-1]
    kernel.run("get_ipython().events.unregister('pre_execute', early)")
    (alone,) = kernel.run("%%ernie\n[[echo]]hi").outputs
    assert "<details>" in alone["data"]["text/html"]


def test_unloading_leaves_the_kernel_s_session_as_it_was(unloaded_kernel):
    observed = "'send' in vars(get_ipython().display_pub.session)"
    unloaded_kernel.run("%load_ext ernie_magic\n%reload_ext ernie_magic")
    assert unloaded_kernel.value(observed) == "True"
    unloaded_kernel.run("%unload_ext ernie_magic")
    assert unloaded_kernel.value(observed) == "False"
