"""`%ernie tuning` in a shell."""

import pytest

from ernie_magic.notebook.magics.completion_candidates import list_candidates


@pytest.fixture
def tuner(ernie):
    """The shell's session, on its own emulator."""
    ernie.settings.service = "emulator"
    return ernie.tuning


@pytest.fixture
def task(request, tuner):
    return tuner.create(request.node.name, "ERNIE-Speed-8K", "ds-1", confirm=True)


def line(run, code):
    """What a line printed, and its error."""
    result, printed = run(code)
    return printed, str(result.error_in_exec or "")


def test_models_and_the_hyper_parameters_of_one(run, tuner):
    assert "ERNIE-Lite-8K-0308" in line(run, "%ernie tuning models")[0]
    assert "loraTargetModules" in line(run, "%ernie tuning models ernie-4.5-21b-a3b")[0]
    for told in ("%ernie tuning models", "%ernie tuning models ERNIE-Speed-8K"):
        assert " · built-in emulator, not a real model" in line(run, told)[0], told
    _, error = line(run, "%ernie tuning models ERNIE-Sped-8K")
    assert "did you mean ERNIE-Speed-8K?" in error


def test_tasks_are_listed_and_watched(run, task):
    assert task.id in line(run, "%ernie tuning")[0]
    assert "not a real model" in line(run, "%ernie tuning")[0]
    assert "not a real model" in line(run, "ernie.tuning.jobs()")[0]
    shown, _ = line(run, f"%ernie tuning {task.id}")
    assert "done" in shown
    assert "training loss" in shown
    assert task.id in line(run, f"%ernie tuning {task.job_id}")[0]


def test_a_task_is_stopped_only_with_yes(run, task, tuner):
    _, error = line(run, f"%ernie tuning stop {task.id}")
    assert "add --yes" in error
    assert tuner.get(task).state == "Running"
    assert "stopped" in line(run, f"%ernie tuning stop {task.id} --yes")[0]
    assert tuner.get(task).state == "Stopped"


def test_what_it_does_not_know_is_told(run, tuner):
    # One shell for all: each costs a third of a second.
    for words, told in (
        ("modles", "did you mean models?"),
        ("stop", "usage: %ernie tuning"),
        ("stop task-1 task-2", "usage: %ernie tuning"),
        ("stop job-1 --yes", "job-1 is not the id of a task"),
        ("models a b", "does not know 'b'"),
        ("task-1 task-2", "does not know 'task-2'"),
        ("task-none", "taskId"),
    ):
        assert told in line(run, f"%ernie tuning {words}")[1], words


def test_tab_offers_its_words_and_the_tasks_of_this_session(ernie, task):
    def candidates(typed):
        return list_candidates(ernie, {}, typed.split(" "), typed.split(" ")[-1])

    assert candidates("%ernie tuning ") == ["models", "stop", task.id]
    assert candidates("%ernie tuning stop ta") == [task.id]
    assert candidates(f"%ernie tuning stop {task.id} --") == ["--yes"]
