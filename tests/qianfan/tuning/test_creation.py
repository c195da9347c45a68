"""Jobs and tasks are created once, whatever happens on the way."""

import asyncio
import json
import time

import pytest

from ernie_magic import errors
from ernie_magic.emulator import start
from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY
from ernie_magic.emulator.platform.tunable_models import list_tunable_models
from ernie_magic.session import Session
from tests.raw_server import Server, http

JOB, TASK = "CreateFineTuningJob", "CreateFineTuningTask"


@pytest.fixture(scope="module")
def emulated():
    with Session(service="emulator", language="en", retry_count=3, backoff_factor=0) as session:
        yield session


@pytest.fixture
def wire(emulated):
    """The emulator, with an empty log and no faults."""
    emulator = emulated.client._start_emulator()
    emulator.requests.clear()
    yield emulator
    emulator.faults.clear()


@pytest.fixture
def create(request, emulated):
    """Create a task in a job that is named like the test."""

    def create_task(name=request.node.name, **given):
        arguments = {"confirm": True, "epoch": 2, **given}
        return emulated.tuning.create(name, "ERNIE-Speed-8K", "ds-1", **arguments)

    return create_task


def created(emulator):
    return [request.action for request in emulator.requests if request.action.startswith("Create")]


def test_nothing_is_created_without_a_confirmation(wire, create):
    with pytest.raises(errors.NotConfirmed) as caught:
        create("cats", confirm=False)
    assert created(wire) == []
    assert caught.value.plan.hyper_parameters["epoch"] == 2
    line = caught.value.line("en")
    assert "create the job 'cats' and a task: SFT LoRA of ERNIE-Speed-8K on ds-1" in line
    assert "epoch=2" in line
    assert "confirm=True" in line


def test_faults_are_told_before_anything_is_created(wire, create):
    with pytest.raises(errors.InvalidOption):
        create(epoch=99)
    assert created(wire) == []


def test_what_the_plan_shows_is_what_is_sent(wire, create, emulated):
    plan = emulated.tuning.plan("planned", "ERNIE-Speed-8K", "ds-1", epoch=2)
    task = create("planned")
    job, sent = (request.body for request in wire.requests if request.action in (JOB, TASK))
    assert job == plan.job_body()
    assert sent == plan.task_body(task.job_id)


def test_the_same_call_again_returns_the_same_task(wire, create):
    task = create()
    again = create()
    assert (again.id, again.state) == (task.id, "Running")
    assert created(wire) == [JOB, TASK]
    assert create(epoch=3).id != task.id


def test_a_task_that_was_stopped_is_created_anew(wire, create, emulated):
    task = create()
    assert emulated.tuning.stop(task).state == "Stopped"
    assert create().id != task.id
    assert created(wire) == [JOB, TASK, JOB, TASK]


@pytest.mark.parametrize("action", [JOB, TASK])
def test_a_lost_reply_is_told_and_the_request_is_not_sent_again(wire, create, action):
    wire.faults.add(action=action, lose_reply=True)
    with pytest.raises(errors.OutcomeUnknown) as caught:
        create()
    line = caught.value.line("en")
    assert "may have been created" in line
    assert "list before you create again" in line
    assert created(wire).count(action) == 1


@pytest.mark.parametrize("action", [JOB, TASK])
def test_what_a_lost_reply_has_created_is_found_by_the_same_call(wire, create, emulated, action):
    wire.faults.add(action=action, lose_reply=True)
    with pytest.raises(errors.OutcomeUnknown):
        create()
    task = create()
    assert created(wire) == [JOB, TASK]
    assert [each.id for each in emulated.tuning.list(task.job_id)] == [task.id]


@pytest.mark.parametrize("fault", [{"status": 500}, {"code": "internal_error"}, {"html": True}])
def test_a_service_that_failed_may_have_created_it(wire, create, fault):
    wire.faults.add(action=TASK, **fault)
    with pytest.raises(errors.OutcomeUnknown):
        create()
    create()
    assert created(wire) == [JOB, TASK, TASK]  # nothing was there


def test_a_job_whose_task_is_refused_is_told_and_used_again(wire, create, emulated):
    wire.faults.add(action=TASK, code="malformed_json")
    with pytest.raises(errors.BadRequest) as caught:
        create()
    (job,) = [each for each in emulated.tuning.jobs() if each.id in caught.value.line("en")]
    assert f"the job {job.id} was created, its task was not" in caught.value.line("en")
    assert create().job_id == job.id
    assert created(wire) == [JOB, TASK, TASK]


def test_a_refused_job_is_simply_created_again(wire, create):
    wire.faults.add(action=JOB, code="malformed_json")
    with pytest.raises(errors.BadRequest):
        create()
    wire.requests.clear()
    create()
    assert [request.action for request in wire.requests][1:] == [JOB, TASK]


def test_a_task_is_added_to_a_job_and_a_lost_one_is_not_taken_for_an_earlier_one(
    wire, create, emulated
):
    first = create()
    wire.faults.add(action=TASK, lose_reply=True)
    with pytest.raises(errors.OutcomeUnknown):
        create(job=first.job_id, epoch=5)
    second = create(job=first.job_id, epoch=5)
    assert (second.job_id, second.id == first.id) == (first.job_id, False)
    assert created(wire) == [JOB, TASK, TASK]
    assert len(emulated.tuning.list(first.job_id)) == 2


def test_calls_at_the_same_time_create_one_task(wire, emulated):
    async def create_both():
        calls = (
            emulated.tuning.acreate("both", "ERNIE-Speed-8K", "ds-1", confirm=True)
            for _ in range(2)
        )
        return await asyncio.gather(*calls)

    first, second = asyncio.run(create_both())
    assert first.id == second.id
    assert created(wire) == [JOB, TASK]


def test_what_was_deleted_meanwhile_is_created_anew(wire, create, emulated):
    task = create()
    emulated.tuning.stop(task)
    emulated.tuning.delete(task.job_id, confirm=True)
    assert create().id != task.id
    wire.faults.add(action=TASK, code="malformed_json")
    with pytest.raises(errors.BadRequest) as caught:
        create("kept")
    (job,) = [each for each in emulated.tuning.jobs() if each.id in caught.value.line("en")]
    emulated.tuning.delete(job, confirm=True)
    assert create("kept").job_id != job.id


def test_another_account_has_tasks_of_its_own(wire, create, emulated, monkeypatch):
    task = create()
    monkeypatch.setenv("QIANFAN_ACCESS_KEY", ACCESS_KEY)
    monkeypatch.setenv("QIANFAN_SECRET_KEY", SECRET_KEY)
    with start(latency=0) as elsewhere:
        monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", elsewhere.url)
        emulated.use("qianfan")
        other = create()
        emulated.use("emulator")
        assert created(elsewhere) == [JOB, TASK]
    assert other.id != task.id
    assert create().id == task.id
    assert created(wire) == [JOB, TASK]


def test_a_reply_without_an_id_may_have_created_it():
    path = "/v2/finetuning?Action="
    listed = json.dumps({"requestId": "x", "result": list_tunable_models()})
    with Server() as server:
        server.replies = {
            f"{path}Describe": http(listed, kind="application/json"),
            f"{path}Create": http('{"requestId": "x", "result": {}}', kind="application/json"),
        }
        keys = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
        with (
            Session(service="qianfan", base_url=f"{server.url}/v2", **keys) as session,
            pytest.raises(errors.OutcomeUnknown, match="the reply has no jobId"),
        ):
            session.tuning.create("cats", "ERNIE-Speed-8K", "ds-1", confirm=True)
        assert len(server.requests) == 2


def test_a_create_that_is_stopped_meanwhile_may_have_been_carried_out(wire, create, emulated):
    wire.faults.add(action=JOB, delay=60)
    stream = emulated.tuning._begin_create("slow", "ERNIE-Speed-8K", "ds-1", confirm=True)
    while not wire.requests or wire.requests[-1].action != JOB:
        time.sleep(0.01)
    stopped = stream.stop()
    assert "the job 'slow' may have been created" in stopped.stop_message.en
    assert str(errors.interruption(stopped, "en")) == stopped.stop_message.en
    emulated.tuning.create("slow", "ERNIE-Speed-8K", "ds-1", confirm=True)
    listed = [each for each in emulated.tuning.jobs() if each.name == "slow"]
    assert len(listed) == 1
