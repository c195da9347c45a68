"""Everything that the emulator tells says so, an empty list too."""

import pytest

from ernie_magic.notebook.display.rich_forms import make_form
from ernie_magic.session import Session

LISTS = {
    "services": lambda ernie: ernie.services.list(),
    "preset services": lambda ernie: ernie.services.list(preset=True),
    "own models": lambda ernie: ernie.services.models(),
    "templates on the service": lambda ernie: ernie.templates.list_remote(),
    "no templates on the service": lambda ernie: ernie.templates.list_remote("no such words"),
    "knowledge bases": lambda ernie: ernie.knowledge.list(),
    "applications": lambda ernie: ernie.apps.list(),
    "datasets": lambda ernie: ernie.datasets.list(),
    "tuning": lambda ernie: ernie.tuning.overview(),
    "jobs": lambda ernie: ernie.tuning.jobs(),
    "tunable models": lambda ernie: ernie.tuning.models(),
    "batches": lambda ernie: ernie.batches.list(),
    "files": lambda ernie: ernie.files.list(),
    "files of a purpose": lambda ernie: ernie.files.list(purpose="none-has-it"),
    "a file": lambda ernie: ernie.files.upload(b"{}\n", name="a.jsonl"),
    "tasks of batch inference": lambda ernie: ernie.batch_inference.list(),
}


@pytest.fixture(scope="module")
def ernie():
    with Session(service="emulator", language="en") as session:
        yield session


@pytest.mark.parametrize("name", LISTS)
def test_what_the_emulator_lists_says_so(ernie, name):
    listed = LISTS[name](ernie)
    form = make_form(listed, ernie)
    assert "built-in emulator" in form.html
    assert "built-in emulator" in form.text
    if isinstance(listed, list):
        assert repr(listed).endswith("simulated=True)")


def test_an_empty_base_of_knowledge_and_its_passages_say_so(ernie):
    ernie.knowledge.create("empty", description="nothing yet")
    for told in (ernie.knowledge.documents("empty"), ernie.knowledge.search("x", "empty")):
        assert not told
        assert "built-in emulator" in make_form(told, ernie).text


def test_own_templates_are_not_the_emulator_s(ernie, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".ernie").mkdir()
    assert "emulator" not in make_form(ernie.templates.list(), ernie).text
