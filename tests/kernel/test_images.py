"""`%%ernie_image` in a real kernel: one output that becomes the pictures, and the stop button."""

import pytest

DOORS = {
    "the magic": "%%ernie_image {line}\n{prompt}",
    "the plain door": "get_ipython().run_cell_magic('ernie_image', {line!r}, {prompt!r})",
}


@pytest.fixture(params=DOORS)
def cell(request):
    return lambda line, prompt: DOORS[request.param].format(line=line, prompt=prompt)


def calls(emulator):
    return [logged for logged in emulator.requests if logged.path.endswith("/images/generations")]


def test_one_output_tells_what_is_waited_for_and_becomes_the_pictures(kernel, emulator, cell):
    emulator.faults.add(delay=1.2)
    ran = kernel.run(cell("-n 2 --seed 3 --as cats", "一只白猫"))
    assert ran.status == "ok"
    (output,) = ran.outputs
    assert output["data"]["text/html"].count("<img ") == 2
    assert output["data"]["text/plain"].startswith("#1 一只白猫 · seed 3 (1 of 2) · 1024x1024\n#2")
    seen = [
        content["data"]["text/plain"]
        for _, content in [*ran.of("display_data"), *ran.of("update_display_data")]
    ]
    assert seen[:2] == ["… making the picture · 0 s", "… making the picture · 1 s"]
    assert kernel.value("cats is ernie.last is ernie.images[-1], len(cats)") == "True 2"


def test_a_stop_while_waiting_leaves_nothing_behind_and_sends_nothing_again(kernel, emulator, cell):
    emulator.faults.add(delay=30)
    ran = kernel.run(cell("--as none", "猫"), interrupt_after=0.3)
    assert (ran.error["ename"], len(ran.error["traceback"])) == ("Interrupted", 1)
    assert ran.idle - kernel.interrupted < 0.5
    assert len(calls(emulator)) == 1
    assert "making" not in str(ran.outputs)
    assert kernel.value("'none' in globals()") == "False"
    assert kernel.run("%%ernie_image\n猫").status == "ok"


def test_a_stop_while_downloading_keeps_the_pictures_that_came_and_the_links(
    kernel, emulator, cell
):
    emulator.faults.add(delay=0, path="/emulator/picture")
    emulator.faults.add(delay=30, path="/emulator/picture")
    ran = kernel.run(cell("-n 2 --as cats", "猫"), interrupt_after=1.0)
    assert ran.error["ename"] == "Interrupted"
    assert (
        kernel.value("cats is ernie.last, len(cats.good), cats.partial, all(p.url for p in cats)")
        == "True 1 True True"
    )
    (output, _) = ran.outputs
    assert output["data"]["text/html"].count("<img ") == 1
    assert "stopped before this picture arrived" in output["data"]["text/html"]


def test_making_one_again_is_awaited_too_and_can_be_stopped(kernel, emulator):
    kernel.run("%%ernie_image --seed 4 --as cats\n猫")
    emulator.faults.add(delay=30)
    ran = kernel.run("%ernie_image vary cats --as other", interrupt_after=0.3)
    assert ran.error["ename"] == "Interrupted"
    assert kernel.run("%ernie_image vary cats --as other").status == "ok"
    assert "await" in kernel.value("get_ipython().history_manager.input_hist_parsed[-2]")
    assert kernel.value("other.seed, len(other)") == "5 1"


def test_captured_there_is_one_output_with_the_pictures(kernel):
    ran = kernel.run("%%capture out\nget_ipython().run_cell_magic('ernie_image', '', '猫')")
    assert ran.outputs == []
    assert (
        kernel.value("len(out.outputs), out.outputs[0].data['text/html'].count('<img ')") == "1 1"
    )


def test_a_failed_call_leaves_its_error_alone(kernel, emulator, cell):
    emulator.faults.add(code="user_setting_unsafe")
    ran = kernel.run(cell("", "猫"))
    assert ran.error["ename"] == "UnsafeRequest"
    assert "making" not in str(ran.outputs)


def test_a_picture_shows_itself_as_it_came(kernel):
    kernel.run("%%ernie_image --size 768x768 --as cats\n猫")
    (output,) = kernel.run("cats[0]").outputs
    assert set(output["data"]) == {"image/png", "text/plain"}
    assert output["data"]["text/plain"] == "Picture('猫', 768x768)"
    (output,) = kernel.run("cats").outputs
    assert set(output["data"]) == {"image/jpeg", "text/plain"}


def test_show_puts_the_picture_above_its_parameters(kernel, tmp_path):
    kernel.run(f"%%ernie_image --size 768x768 --seed 8 --save {tmp_path}/cat\n猫")
    picture, table = kernel.run(f"%ernie_image show {tmp_path}/cat.png").outputs
    assert picture["data"]["text/html"].count("<img ") == 1
    assert '"seed": 8' in table["data"]["text/plain"]
