"""Inside an output widget, a widget's callback or a display hook the final output is a display of
its own: what takes it there knows no `update_display_data`.
"""

import os

import nbformat
import pytest
from nbclient import NotebookClient

OUT = "import ipywidgets\nout = ipywidgets.Output()\n"
ASK = "get_ipython().run_cell_magic('ernie', '', '[[chunks=10]][[pace=60ms]]')"
DRAW = "get_ipython().run_cell_magic('ernie_image', '--seed 3', '猫')"
PLACES = {
    "with": f"{OUT}with out:\n    {{ask}}",
    "capture": f"{OUT}@out.capture()\ndef f():\n    {{ask}}\nf()",
    "nested": f"{OUT}with ipywidgets.Output(), out:\n    {{ask}}",
    "outer": f"{OUT}with out:\n    with ipywidgets.Output():\n        pass\n    {{ask}}",
    "interact": "import ipywidgets\n@ipywidgets.interact(x=1)\ndef f(x):\n    {ask}",
    "interactive_output": (
        "import ipywidgets\nipywidgets.interactive_output(lambda x: {ask}, "
        "{{'x': ipywidgets.IntSlider()}})"
    ),
    "a button": (
        f"{OUT}button = ipywidgets.Button()\n@button.on_click\n@out.capture()\ndef clicked(_):\n"
        "    {ask}\nbutton.click()"
    ),
    "a thread": (
        f"{OUT}import threading\ndef f():\n    with out:\n        {{ask}}\n"
        "t = threading.Thread(target=f)\nt.start(); t.join()"
    ),
    "a hook that takes messages": (
        "taken = []\npublisher = get_ipython().display_pub\npublisher.register_hook(taken.append)\n"
        "try:\n    {ask}\nfinally:\n    publisher.unregister_hook(taken.append)\n"
        "for message in taken:\n    publisher.session.send(publisher.pub_socket, message)"
    ),
}


def displays(ran):
    """What an output widget would show: it takes displays and drops updates."""
    return [
        content["data"]
        for _, content in ran.of("display_data")
        if "application/vnd.jupyter.widget-view+json" not in content["data"]
    ]


# Those that differ in how the output gets there; the others are forms of them.
DISTINCT = ("with", "interact", "a button", "a hook that takes messages")


@pytest.mark.parametrize(
    "place",
    [pytest.param(place, marks=[] if place in DISTINCT else pytest.mark.slow) for place in PLACES],
)
def test_an_answer_is_one_display_with_every_word(kernel, place):
    ran = kernel.run(PLACES[place].format(ask=ASK))
    assert ran.status == "ok", ran.error
    (data,) = displays(ran)
    assert "word9" in data["text/html"]
    assert "<details>" in data["text/html"]  # the footer
    assert not ran.of("clear_output") or place.startswith(
        "interact"
    )  # what the user put there stays
    assert not ran.of("update_display_data")


@pytest.mark.parametrize(
    ("ask", "shown"),
    [
        (DRAW, "<img "),
        ("get_ipython().run_line_magic('ernie_image', 'redo ernie.images[-1]')", "<img "),
        ("get_ipython().run_cell_magic('ernie_embed', '', 'a\\nb')", "<table"),
        (
            "get_ipython().run_cell_magic('ernie_map', 'rows', '[[echo]]{{x}}')",
            "<table",
        ),
    ],
    ids=["pictures", "pictures again", "vectors", "a table"],
)
def test_a_result_in_one_piece_is_the_only_display(kernel, emulator, ask, shown):
    kernel.run("%%ernie_image --seed 3\n猫")
    kernel.run("rows = [{'x': 1}, {'x': 2}]")
    emulator.faults.add(delay=1.2)
    ran = kernel.run(PLACES["with"].format(ask=ask))
    assert ran.status == "ok", ran.error
    (data,) = displays(ran)
    assert shown in data["text/html"]
    assert not ran.of("update_display_data")


def test_a_click_is_answered_with_one_display_wherever_it_goes(kernel):
    ran = kernel.run(
        f"import ipywidgets\nb = ipywidgets.Button()\n"
        f"b.on_click(lambda _: {ASK})\nprint(b.model_id)"
    )
    session = kernel.client.session
    content = {
        "comm_id": ran.text.strip(),
        "data": {"method": "custom", "content": {"event": "click"}},
    }
    message = session.msg("comm_msg", content)
    kernel.client.shell_channel.send(message)
    ran = kernel.watch(message["header"]["msg_id"])
    (data,) = displays(ran)
    assert "word9" in data["text/html"]
    assert not ran.of("update_display_data")


def test_what_is_withdrawn_or_stopped_in_an_output_widget_leaves_what_may_be_seen(kernel):
    ask = ASK.replace("[[chunks=10]]", "[[flag=4]][[chunks=10]]")
    ran = kernel.run(PLACES["with"].format(ask=ask))
    assert "word" not in str(displays(ran))
    assert "AnswerWithdrawn" in str([m["content"] for _, m in ran.messages])
    kernel.run("ernie.reset()")
    ran = kernel.run(
        PLACES["with"].format(ask=ASK.replace("=10]]", "=900]]")), interrupt_after=-0.8
    )
    (data,) = displays(ran)
    assert "word3" in data["text/html"]
    assert "partial" in data["text/html"]


def test_a_refusal_s_raw_reply_goes_where_the_error_goes(kernel, emulator):
    emulator.faults.add(status=401, code="invalid_iam_token", times=1, path="/chat/completions")
    ran = kernel.run(PLACES["with"].format(ask=ASK) + "\nprint('left the widget')")
    kinds = [message["msg_type"] for _, message in ran.messages]
    (data,) = displays(ran)
    assert "invalid_iam_token" in data["text/html"]
    # Before the widget is left, which is when its own error is shown.
    assert kinds.index("display_data") < kinds.index("stream")


def test_a_cell_after_it_and_one_whose_hook_only_looks_on_stream_as_ever(kernel):
    kernel.run(PLACES["with"].format(ask=ASK))
    assert len(kernel.run(ASK).of("update_display_data")) > 3
    tool = f"def look() -> str:\n    'Looks.'\n    {ASK}\n    return 'seen'\nernie.reset()"
    kernel.run(tool)
    ran = kernel.run("%%ernie --tools look\n用 look 看一看")
    assert ran.status == "ok", ran.error
    assert any("word3" in shown and "word9" not in shown for _, shown in ran.shown)


def messages_of_the_cell(ran):
    """What a page shows in the cell, not in a widget that takes what the cell displays."""
    taken = False
    for at, message in ran.messages:
        state = message["content"].get("data", {}).get("state", {})
        if message["msg_type"] == "comm_msg" and "msg_id" in state:
            taken = bool(state["msg_id"])
        elif not taken:
            yield at, message


@pytest.mark.parametrize(
    "ends",
    [0.4, pytest.param(1.2, marks=pytest.mark.slow)],
    ids=["before the end", "after the end"],
)
@pytest.mark.parametrize("ask", [ASK, f"%%ernie\n{ASK.split(chr(39))[-2]}"], ids=["call", "cell"])
def test_a_thread_that_enters_a_widget_takes_nothing_of_the_answer_around_it(kernel, ask, ends):
    enter = (
        f"{OUT}import threading, time\ndef enter():\n    time.sleep(0.2)\n    with out:\n"
        f"        print('in the widget')\n        time.sleep({ends} - 0.2)\n"
        "thread = threading.Thread(target=enter)\nthread.start()\n"
    )
    if ask == ASK:
        ran = kernel.run(enter + ask)
    else:
        ran = kernel.finish(kernel.start(enter), kernel.start(ask))[1]
    kernel.run("thread.join()")
    assert any(content["data"].get("state", {}).get("msg_id") for _, content in ran.of("comm_msg"))
    ran.messages[:] = messages_of_the_cell(ran)
    assert len(ran.of("update_display_data")) > 3
    (data,) = (output["data"] for output in ran.outputs if "data" in output)
    assert "word9" in data["text/html"]
    assert "<details>" in data["text/html"]
    assert "in the widget" not in ran.text


def test_a_panel_there_saves_what_is_asked_later_too(kernel):
    ran = kernel.run(f"{OUT}with out:\n    display(ernie.panel('chat'))")
    assert ran.status == "ok", ran.error
    assert len(ran.of("display_data")) == 2  # the panel, and what is saved of it
    ran = kernel.run("ernie.chat('[[echo]]hello from a cell');")
    assert not ran.of("update_display_data")  # the widget would drop it
    (saved,) = (
        content["data"]["state"]["outputs"]
        for _, content in ran.of("comm_msg")
        if "outputs" in content["data"].get("state", {})
    )
    assert [sorted(output["data"]) for output in saved] == [["text/html", "text/plain"]] * 2
    assert "hello from a cell" in saved[1]["data"]["text/html"]
    assert all("ernie-saved" in output["data"]["text/html"] for output in saved)
    shown = kernel.run("ernie.panel('chat')")  # in a cell it stays a display that is replaced
    assert len(shown.of("display_data")) == 3


def test_nbclient_saves_the_whole_answer_in_the_widget():
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(code)
            for code in (
                "%load_ext ernie_magic",
                f"{OUT}out",
                f"with out:\n    {ASK}\n    {DRAW}",
            )
        ]
    )
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AI_STUDIO_", "QIANFAN_", "OPENAI_"))
    }
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(
        env=env | {"ERNIE_EMULATOR_LATENCY": "0"}
    )
    states = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    (outputs,) = (
        state["state"]["outputs"]
        for state in states.values()
        if state["model_name"] == "OutputModel"
    )
    answer, pictures = (output["data"]["text/html"] for output in outputs)
    assert all(f"word{i}" in answer or f"第{i}段" in answer for i in range(10))
    assert "<img " in pictures
