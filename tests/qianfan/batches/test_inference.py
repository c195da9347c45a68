"""Batch inference of the console."""

import pytest

from ernie_magic import errors
from ernie_magic.session import Session

PLACE = {"input": "bos:/bucket/in/", "output": "bos:/bucket/out/"}


@pytest.fixture(scope="module")
def inference():
    with Session(service="emulator", language="en") as session:
        yield session.batch_inference


def test_a_task_is_created_watched_and_listed(inference):
    task = inference.create("rows", endpoint="ernie-4.5-turbo-128k", confirm=True, **PLACE)
    assert (task.name, task.state, task.input) == ("rows", "Queuing", "bos:/bucket/in/")
    stream = inference._begin_watch(task)
    seen = [
        delta.progress.done
        for deltas in stream.iter_batches()
        for delta in deltas
        if delta.progress
    ]
    assert seen == [50, 50, 100]
    assert stream.result().state == "Done"
    assert task.id in [each.id for each in inference.list()]


def test_a_watch_that_is_stopped_says_that_the_task_goes_on(inference):
    task = inference.create("rows", endpoint="x", confirm=True, **PLACE)
    stream = inference._begin_watch(task)
    next(stream.iter_batches())
    told = stream.stop().stop_message.en
    assert told.endswith(f"ernie.batch_inference.watch('{task.id}') watches it again")
    assert inference.watch(task).is_over


def test_a_task_is_stopped(inference):
    task = inference.create("rows", model="amv-1", confirm=True, **PLACE)
    assert inference.stop(task)
    assert inference.get(task).state == "Stopped"


def test_nothing_is_created_without_a_confirmation(inference):
    before = inference.list()
    with pytest.raises(errors.NotConfirmed) as caught:
        inference.create("rows", endpoint="x", parameters={"top_p": 0.5}, **PLACE)
    told = "'rows': x answers what is in bos:/bucket/in/, its answers go to bos:/bucket/out/"
    assert f"{told}, inferenceParams={{'top_p': 0.5}}, which is billed" in str(caught.value)
    assert inference.list() == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "x"}, "2 to 20"),
        ({"name": "x" * 21}, "2 to 20"),
        ({"description": "x" * 501}, "500"),
        ({"model": "amv-1"}, "one of endpoint and model"),
        ({"endpoint": ""}, "one of endpoint and model"),
        ({"input": "rows.jsonl"}, "not an address on BOS"),
        ({"output": "https://example.com/"}, "not an address on BOS"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_sent(inference, changes, words):
    given = {"name": "rows", "endpoint": "x", **PLACE, **changes}
    with pytest.raises(errors.InvalidOption, match=words):
        inference.create(given.pop("name"), confirm=True, **given)


def test_an_unknown_task_is_refused(inference):
    with pytest.raises(errors.ServiceError):
        inference.get("infer-nobody")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"name": None}, "name is a text, not None"),
        ({"input": 5}, "input is a text, not 5"),
        ({"description": 5}, "description is a text"),
        ({"parameters": "x"}, "parameters is a dict, not 'x'"),
        ({"extra": 5}, "extra is a dict, not 5"),
    ],
)
def test_arguments_of_a_wrong_type_are_told(inference, option, words):
    given = {"name": "rows", "endpoint": "x", "confirm": True, **PLACE, **option}
    with pytest.raises(errors.InvalidOption, match=words):
        inference.create(**given)
