"""A real model on a real server, behind AI_STUDIO_BASE_URL: `pytest -m real_server`.

It tests the protocol, never the words: any model will do, however small.
"""

import os

import pytest

from ernie_magic.config.settings import ErnieSettings
from ernie_magic.session import Session

# Read at import: the suite's own isolation removes these variables from the environment.
BASE_URL, KEY, MODEL = (
    os.environ.get(name, "")
    for name in ("AI_STUDIO_BASE_URL", "AI_STUDIO_API_KEY", "ERNIE_TEST_MODEL")
)

pytestmark = pytest.mark.real_server


@pytest.fixture
def session():
    if not BASE_URL:
        pytest.fail(
            "set AI_STUDIO_BASE_URL (and AI_STUDIO_API_KEY) to an OpenAI-compatible server",
            pytrace=False,
        )
    session = Session(
        ErnieSettings(service="aistudio", base_url=BASE_URL, api_key=KEY or None, model=MODEL)
    )
    yield session
    session.close()


def test_an_answer_comes_in_many_pieces_and_enters_the_history(session):
    pieces = list(session.stream("Count from one to ten, in words.", max_completion_tokens=60))
    assert len(pieces) > 5
    assert "".join(pieces) == session.last.text == session.history[-1].answer.text
    assert not session.last.partial
    assert session.last.finish_reason


def test_a_whole_answer_and_a_second_turn(session):
    first = session.chat("Say hello.", stream=False, max_completion_tokens=20)
    assert first.text
    assert first.usage.total_tokens > 0
    session.chat("And again.", max_completion_tokens=20)
    assert [m["role"] for m in session.last.request.messages] == ["user", "assistant", "user"]


def test_leaving_early_closes_the_stream_and_keeps_what_came(session):
    for piece in session.stream("Write a long story about the sea.", max_completion_tokens=400):
        if piece:
            break
    session.chat("Hello", history=False, max_completion_tokens=8)  # the server's slot is free again
    assert session.history[0].answer.partial


def test_the_server_s_own_list_names_the_default_model(session):
    ids = [entry.id for entry in session.models()]
    assert ids
    answer = session.chat("Hi", max_completion_tokens=8)
    assert answer.request.model in ids


def test_a_wrong_key_is_told_as_one(session):
    if not KEY:
        pytest.skip("this server takes no key")
    session.settings.api_key = "bad-canary-0123456789"
    with pytest.raises(Exception, match="key was not accepted") as caught:
        session.chat("Hi", model=MODEL or "any")
    assert "canary" not in str(caught.value)


def test_the_cell_magic_streams_from_it(session, tmp_path):
    import nbformat
    from nbclient import NotebookClient

    cells = [
        "%load_ext ernie_magic",
        "%%ernie --max-completion-tokens 40 --as a\nName three colours.",
        "print(len(a.text) > 0, a.partial)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    env = {**os.environ, "AI_STUDIO_BASE_URL": BASE_URL, "AI_STUDIO_API_KEY": KEY}
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(env=env)
    assert notebook.cells[2].outputs[0].text == "True False\n"
    assert "text/html" in notebook.cells[1].outputs[0].data
