"""A terminal: text as it arrives, Ctrl-C back to the prompt."""

import os
import re
import subprocess
import sys
import time

import pytest

pexpect = pytest.importorskip("pexpect", reason="a pseudo terminal")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo terminal")


@pytest.fixture
def terminal(emulator):
    env = {
        **os.environ,
        "AI_STUDIO_BASE_URL": emulator.base_url,
        "AI_STUDIO_API_KEY": "k-terminal",
        "TERM": "xterm",
        "LC_ALL": "C.UTF-8",
        "LANG": "en_US.UTF-8",
    }
    child = pexpect.spawn(
        sys.executable,
        [
            "-m",
            "IPython",
            "--simple-prompt",
            "--no-banner",
            "--colors=NoColor",
            "--ext=ernie_magic",
        ],
        env=env,
        encoding="utf-8",
        timeout=30,
    )
    child.expect(r"In \[1\]: ")
    yield child
    child.close(force=True)


def ask(terminal, prompt):
    terminal.sendline(f"get_ipython().run_cell_magic('ernie', '--no-history', '{prompt}')")


def test_text_is_printed_as_it_comes_with_a_footer(terminal):
    ask(terminal, "[[chunks=40]][[pace=20ms]]")
    terminal.expect("word5 ")
    begin = time.monotonic()
    terminal.expect("word39")
    assert time.monotonic() - begin > 0.3
    terminal.expect(r"\[ernie-4\.5-turbo-128k · \d+ tokens · ")
    terminal.expect(r"In \[2\]: ")


def test_ctrl_c_comes_back_to_the_prompt_with_one_line(terminal, emulator):
    ask(terminal, "[[chunks=500]][[pace=20ms]]")
    terminal.expect("word5 ")
    terminal.sendintr()
    begin = time.monotonic()
    terminal.expect("Interrupted.*stopped and disconnected")
    terminal.expect(r"In \[2\]: ")
    assert time.monotonic() - begin < 1
    end = time.monotonic() + 2
    while emulator.open_streams and time.monotonic() < end:
        time.sleep(0.01)
    assert emulator.open_streams == 0


def send_interrupt(terminal, emulator, cell):
    """Run a cell that asks the emulator, interrupt it, and return what is printed until the next
    prompt.
    """
    emulator.requests.clear()
    terminal.sendline(cell)
    wait_until(lambda: emulator.requests, 20)
    time.sleep(0.3)
    terminal.sendintr()
    begin = time.monotonic()
    terminal.expect(r"In \[\d+\]: ")
    assert time.monotonic() - begin < 2
    return terminal.before


def wait_until(is_reached, seconds=5):
    end = time.monotonic() + seconds
    while not is_reached() and time.monotonic() < end:
        time.sleep(0.01)
    assert is_reached()


SLOW = "[[chunks=900]][[pace=20ms]]"
AWAITING = {
    "achat": f"await ernie.achat('{SLOW}')",
    "aresult": f"await ernie.stream('{SLOW}').aresult()",
    "astream": f"async for _ in ernie.astream('{SLOW}'): pass",
    "amap": f"await ernie.amap('{SLOW} {{{{t}}}}', [{{'t': str(i)}} for i in range(60)])",
    "gather": (
        "import asyncio; await asyncio.gather("
        f"*(ernie.achat('{SLOW}', history=False) for _ in range(3)))"
    ),
    "a task": f"import asyncio; await asyncio.ensure_future(ernie.achat('{SLOW}'))",
}


@pytest.mark.parametrize("name", AWAITING)
def test_ctrl_c_ends_a_call_that_a_cell_awaits(terminal, emulator, name):
    if name == "amap":  # its rows are not streamed
        emulator.faults.add(delay=0.2, times=100)
    printed = send_interrupt(terminal, emulator, AWAITING[name])
    emulator.faults.clear()
    assert re.search("Interrupted|Stopped", printed)
    wait_until(lambda: emulator.open_streams == 0)
    asked = len(emulator.requests)
    terminal.sendline("import asyncio; await asyncio.sleep(0.5)")
    terminal.expect(r"In \[\d+\]: ")
    assert "Error" not in terminal.before
    assert len(emulator.requests) == asked
    terminal.sendline("import time; time.sleep(60)")
    time.sleep(0.3)
    terminal.sendintr()
    terminal.expect("KeyboardInterrupt", timeout=2)
    terminal.expect(r"In \[\d+\]: ")


def test_a_stopped_await_keeps_its_place_in_the_history(terminal, emulator):
    send_interrupt(terminal, emulator, f"await ernie.achat('{SLOW} B')")
    terminal.sendline("_ = ernie.chat('[[echo]]C')")
    terminal.expect(r"In \[\d+\]: ")
    terminal.sendline("[(turn.prompt[-1], turn.answer.partial) for turn in ernie.history]")
    terminal.expect_exact("[('B', True), ('C', False)]")


@pytest.mark.parametrize("way", ["plain", "awaiting"])
def test_ctrl_c_is_not_taken_by_a_call_of_an_earlier_cell(terminal, emulator, way):
    """It waits in a loop that no longer runs, or runs for another cell."""
    terminal.sendline(
        f"import asyncio; t = asyncio.ensure_future(ernie.achat('{SLOW}')); await asyncio.sleep(0.3)"
    )
    terminal.expect(r"In \[\d+\]: ")
    sleep = {"plain": "import time; time.sleep(60)", "awaiting": "await asyncio.sleep(60)"}[way]
    terminal.sendline(sleep)
    time.sleep(0.5)
    terminal.sendintr()
    terminal.expect("KeyboardInterrupt", timeout=2)
    terminal.expect(r"In \[\d+\]: ")
    assert emulator.open_streams == 1


def test_leaving_an_awaiting_loop_early_closes_the_stream(terminal, emulator):
    emulator.requests.clear()
    terminal.sendline(f"async for _ in ernie.astream('{SLOW}'): break")
    terminal.expect(r"In \[\d+\]: ")
    assert emulator.requests
    wait_until(lambda: emulator.open_streams == 0)


def test_a_terminal_without_colors_gets_no_escape_codes(terminal):
    """The terminal of these tests has `--colors=NoColor`."""
    ask(terminal, "[[reasoning]][[chunks=3]]")
    terminal.expect(r"In \[2\]: ")
    printed = terminal.before
    ask(terminal, "[[error]]")
    terminal.expect(r"In \[3\]: ")
    printed += terminal.before
    assert "word2" in printed
    assert "Error: " in printed
    assert not re.search("\x1b\\[[0-9;]*m", printed)


def test_an_answer_cannot_write_the_clipboard_or_the_title(terminal):
    ask(terminal, r"[[echo]]\x1b]52;c;cm0gLXJm\x07\x1b]0;pwned\x07 end")
    terminal.expect("␛]52;c;cm0gLXJm␇␛]0;pwned␇ end")
    terminal.expect(r"\[ernie-4\.5-turbo-128k")
    terminal.expect(r"In \[2\]: ")


CELLS_WITH_ANY_TEXT = """%load_ext ernie_magic
run = get_ipython().run_cell_magic
run('ernie', '--as answer', '[[echo]]✓ 你好 · naïve 😀')
run('ernie_embed', '', '你好')
ernie.last
answer
%ernie doctor
%ernie usage
%ernie models
ernie.settings.model = 'no-such-model-模'
run('ernie', '', '你好')
ernie.settings.model = ''
print('end reached', answer.text == '✓ 你好 · naïve 😀')
del answer
"""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "gbk"])
def test_no_call_ends_for_a_character_that_a_terminal_lacks(emulator, encoding):
    in_chinese = CELLS_WITH_ANY_TEXT.replace("%load_ext ernie_magic", "%ernie lang zh")
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor"],
        input=(CELLS_WITH_ANY_TEXT + in_chinese).encode(
            "ascii", "backslashreplace"
        ),  # as escapes in Python's strings
        env={
            **os.environ,
            "AI_STUDIO_BASE_URL": emulator.base_url,
            "AI_STUDIO_API_KEY": "k-terminal",
            "PYTHONIOENCODING": encoding,
        },
        capture_output=True,
        timeout=60,
        check=False,
    )
    out = done.stdout.decode(encoding)
    assert "UnicodeEncodeError" not in out + done.stderr.decode(encoding)
    assert out.count("end reached True") == 2
    assert ("模型" in out) == (encoding == "gbk")
