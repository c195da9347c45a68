"""Tuning tasks: watched, stopped, listed, deleted, published."""

import asyncio
import threading

import pytest

from ernie_magic import errors
from ernie_magic.qianfan.tuning.publication import Publication, PublishOrder
from ernie_magic.qianfan.tuning.tasks import read_task
from ernie_magic.session import Session

LOOK = "DescribeFineTuningTask"


@pytest.fixture(scope="module")
def emulated():
    with Session(service="emulator", language="en") as session:
        yield session


@pytest.fixture
def wire(emulated):
    emulator = emulated.client._start_emulator()
    emulator.requests.clear()
    return emulator


@pytest.fixture
def create(request, emulated):
    """Create a task in a job that is named like the test."""

    def start(name=request.node.name, **given):
        return emulated.tuning.create(name, "ERNIE-Speed-8K", "ds-1", confirm=True, **given)

    return start


@pytest.fixture(scope="module")
def done(emulated):
    """A task that is done."""
    task = emulated.tuning.create("done", "ERNIE-Speed-8K", "ds-1", confirm=True)
    return emulated.tuning.watch(task)


def test_the_models_that_can_be_tuned_and_one_of_them(emulated):
    names = [model.name for model in emulated.tuning.models()]
    assert names == ["ERNIE-Speed-8K", "ERNIE-Lite-8K-0308", "ERNIE-4.5-21B-A3B"]
    (model,) = emulated.tuning.models("ernie-4.5-21b-a3b")
    packing = model.find_method("SFT", "lora").find_hyper_parameter("packing")
    assert (packing.key, packing.default) == ("Packing", True)
    with pytest.raises(errors.InvalidOption, match=r"did you mean ERNIE-Speed-8K\?"):
        emulated.tuning.models("ERNIE-Sped")


def test_a_watched_task_goes_to_its_end_with_its_progress(emulated, wire, create):
    task = create()
    stream = emulated.tuning._begin_watch(task)
    deltas = [delta for batch in stream.iter_batches() for delta in batch]
    seen = [delta.progress.done for delta in deltas if delta.progress]
    assert seen == [0, 20, 40, 60, 80, 100]
    done = stream.result()
    assert (done.id, done.state, done.percent, done.is_done) == (task.id, "Done", 100, True)
    assert set(done.metrics) == {"BLEU-4", "ROUGE-1", "ROUGE-2", "ROUGE-L"}
    steps = [point.step for point in done.checkpoints]
    losses = [point.loss for point in done.checkpoints]
    assert steps == sorted(steps)
    assert losses == sorted(losses, reverse=True)
    assert done.finished


def test_a_watch_that_is_stopped_leaves_the_task_running_and_creates_nothing(
    emulated, wire, create
):
    task = create()
    stream = emulated.tuning._begin_watch(task, pause=30)
    for _ in stream.iter_batches():
        break
    told = stream.stop().stop_message.en
    assert f"the task {task.id} goes on" in told
    assert f"%ernie tuning {task.id}" in told
    assert emulated.tuning.watch(task.id).is_done
    sent = [request.action for request in wire.requests]
    assert sent.count("CreateFineTuningTask") == sent.count("CreateFineTuningJob") == 1


def test_a_failed_task_is_returned_with_its_state(emulated, create):
    task = emulated.tuning.watch(create("mock_failed_one"))
    assert (task.state, task.is_over, task.is_done, task.checkpoints) == ("Failed", True, False, ())


@pytest.mark.parametrize(
    "fault", [{"status": 502, "times": 4}, {"html": True}, {"status": 429}], ids=str
)
def test_a_watch_goes_on_after_looks_that_failed(emulated, wire, create, fault):
    task = create()
    wire.faults.add(action=LOOK, **fault)
    assert emulated.tuning.watch(task).is_done


def test_a_watch_that_cannot_look_for_long_tells_that_the_task_goes_on(emulated, wire, create):
    task = create()
    wire.faults.add(action=LOOK, status=502, times=999)
    try:
        with pytest.raises(errors.ServerError) as caught:
            emulated.tuning.watch(task)
    finally:
        wire.faults.clear()
    assert f"the task {task.id} goes on: watch it again with" in str(caught.value)


def test_a_failed_task_tells_why(emulated):
    told = {"taskId": "task-1", "runStatus": "Fail", "errMsg": "line 3 is not JSON"}
    task = read_task(told)
    assert (task.is_over, task.is_done, task.has_failed) == (True, False, True)
    assert task.reason == "line 3 is not JSON"
    assert "Fail: line 3 is not JSON" in repr(task)
    assert task.raw == told
    order = PublishOrder(task, "m", "", None, None)
    with pytest.raises(errors.InvalidOption, match="line 3 is not JSON") as caught:
        asyncio.run(Publication().publish(None, order))
    assert "train again" in str(caught.value)


def test_a_stopped_task_ends_whoever_watches_it(emulated, create):
    task = create()
    stopper = threading.Timer(0.15, lambda: emulated.tuning.stop(task))
    stopper.start()
    assert emulated.tuning.watch(task).state == "Stopped"
    stopper.join()
    assert emulated.tuning.get(task).state == "Stopped"


def test_jobs_and_their_tasks_are_listed_and_deleted(emulated, create):
    task = create()
    (job,) = [each for each in emulated.tuning.jobs() if each.id == task.job_id]
    assert (job.model, job.mode) == ("ERNIE-Speed-8K", "SFT")
    assert [each.id for each in emulated.tuning.list(job)] == [task.id]
    with pytest.raises(errors.BadRequest):
        emulated.tuning.delete(task, confirm=True)  # it runs
    emulated.tuning.stop(task)
    with pytest.raises(errors.NotConfirmed, match=f"{task.id} and all in it would be deleted"):
        emulated.tuning.delete(task)
    assert emulated.tuning.delete(task, confirm=True)
    assert emulated.tuning.list(job) == []
    assert emulated.tuning.delete(job, confirm=True)
    assert job.id not in [each.id for each in emulated.tuning.jobs()]


@pytest.mark.parametrize("call", ["get", "watch", "stop", "publish", "delete"])
def test_what_is_no_task_is_refused_at_once(emulated, wire, call):
    with pytest.raises(errors.InvalidOption, match="ids look like task-"):
        getattr(emulated.tuning, call)("tsk-1")
    assert not wire.requests


def test_only_a_task_that_is_done_is_published(emulated, create):
    task = create()
    with pytest.raises(errors.InvalidOption, match="is Running: it cannot be published"):
        emulated.tuning.publish(task)


def test_a_task_is_published_once_and_ready_when_it_returns(emulated, wire, done):
    model = emulated.tuning.publish(done)
    again = emulated.tuning.publish(done.id)
    assert (model.name, model.state, model.is_ready) == (done.job_name, "Ready", True)
    assert (again.set_id, again.id) == (model.set_id, model.id)
    sent = [request for request in wire.requests if request.path.endswith("publishTrainModel")]
    assert [request.body for request in sent] == [
        {
            "isNewModel": True,
            "modelName": done.job_name,
            "versionMeta": {"taskId": done.job_id, "iterationId": done.id},
        }
    ]
    details = emulated.wire.call("model", "DescribeModel", {"modelId": model.id})["result"]
    assert details["model"] == "ernie-speed-8k"


def test_a_service_names_the_model_that_was_tuned_also_where_that_one_is_never_called(emulated):
    task = emulated.tuning.create("small", "ERNIE-4.5-21B-A3B", "ds-1", confirm=True)
    version = emulated.tuning.publish(emulated.tuning.watch(task))
    assert [model.base_model for model in emulated.services.models() if model.id == version.id] == [
        "ERNIE-4.5-21B-A3B"
    ]
    emulated.tuning.deploy(version, "small", confirm=True)
    service = emulated.services.watch("small")
    assert (service.base_model, service.kind) == ("ERNIE-4.5-21B-A3B", "chat")
    assert emulated.chat("hi", endpoint=service.endpoint).text


def test_a_checkpoint_becomes_another_version_of_a_model(emulated, done):
    model = emulated.tuning.publish(done, "the first")
    second = emulated.tuning.publish(done, model_set=model.set_id, step=128)
    assert second.set_id == model.set_id
    assert second.id != model.id


def test_v2_publishes_what_train_meta_says(emulated, wire, done):
    with pytest.raises(errors.InvalidOption, match="needs model_set"):
        emulated.tuning.publish(done, train_meta={"taskId": done.id})
    made = emulated.wire.call("model", "CreateCustomModelSet", {"modelSetName": "by V2"})
    set_id = made["result"]["modelSetId"]
    model = emulated.tuning.publish(done, model_set=set_id, train_meta={"taskId": done.id})
    assert (model.set_id, model.state) == (set_id, "Ready")
    sent = [request.body for request in wire.requests if request.action == "CreateCustomModel"]
    assert sent == [{"modelSetId": set_id, "sourceType": "Train", "trainMeta": {"taskId": done.id}}]


def test_a_publication_whose_reply_is_lost_is_not_sent_again(emulated, wire, done):
    wire.faults.add(path="publishTrainModel", lose_reply=True)
    with pytest.raises(errors.OutcomeUnknown, match="before you publish it again"):
        emulated.tuning.publish(done, "lost")
    model = emulated.tuning.publish(done, "lost")
    assert model.is_ready
    found = emulated.wire.call("model", "DescribeModelSet", {"modelSetName": "lost"})["result"]
    assert (found["modelSetId"], found["modelIds"]) == (model.set_id, [model.id])
    sent = [request for request in wire.requests if request.path.endswith("publishTrainModel")]
    assert len(sent) == 1


def test_another_version_whose_reply_is_lost_is_found_among_those_of_its_model(
    emulated, wire, done
):
    first = emulated.tuning.publish(done, "versions")
    wire.requests.clear()
    wire.faults.add(path="publishTrainModel", lose_reply=True)
    with pytest.raises(errors.OutcomeUnknown):
        emulated.tuning.publish(done, "versions", model_set=first.set_id)
    second = emulated.tuning.publish(done, "versions", model_set=first.set_id)
    assert (second.set_id, second.id != first.id) == (first.set_id, True)
    sent = [request for request in wire.requests if request.path.endswith("publishTrainModel")]
    assert len(sent) == 1


def test_a_publication_that_is_stopped_goes_on_and_is_waited_for_again(emulated, wire, done):
    stream = emulated.tuning._begin_publish(done, "stopped")
    for _ in stream.iter_batches():
        break  # it is being created
    told = stream.stop().stop_message.en
    assert "is still being published" in told
    model = emulated.tuning.publish(done, "stopped")
    assert model.id in told
    assert model.is_ready
    sent = [request for request in wire.requests if request.path.endswith("publishTrainModel")]
    assert len(sent) == 1


def test_a_refusal_by_v1_tells_that_it_may_be_off_and_how_v2_publishes(emulated, wire, done):
    wire.faults.add(path="publishTrainModel", code="malformed_json")
    with pytest.raises(errors.ServiceError, match="may be off; V2 is publish"):
        emulated.tuning.publish(done, "refused")
    model = emulated.tuning.publish(done, "refused")
    assert (model.state, model.is_by_v1) == ("Ready", True)


def test_a_published_model_is_deployed_when_it_is_confirmed(emulated, wire, done):
    model = emulated.tuning.publish(done, "deployed")
    with pytest.raises(errors.NotConfirmed, match="confirm=True"):
        emulated.tuning.deploy(model, "tuned")
    assert not [request for request in wire.requests if request.action == "CreateService"]
    service = emulated.tuning.deploy(model, "tuned", confirm=True)
    assert emulated.services.watch(service).is_serving
    (sent,) = [request.body for request in wire.requests if request.action == "CreateService"]
    assert (sent["modelSetId"], sent["modelId"]) == (model.set_id, model.id)


def test_the_overview_has_the_newest_jobs_with_their_tasks(emulated, create):
    create()
    found = emulated.tuning.overview(count=2)
    assert (len(found.jobs), found.job_count) == (2, len(emulated.tuning.jobs()))
    assert found.job_count > 2
    assert {task.job_id for task in found.tasks} <= {job.id for job in found.jobs}
    assert len(found.jobs_without_tasks) + len({task.job_id for task in found.tasks}) == 2
    assert repr(emulated.tuning).startswith("ernie.tuning: models(), plan()")


def test_only_what_was_published_is_deployed_by_it(emulated):
    with pytest.raises(errors.InvalidOption, match=r"ernie\.services\.deploy"):
        emulated.tuning.deploy("amv-1", "mine", confirm=True)
