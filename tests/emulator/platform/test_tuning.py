"""The emulator's tuning: what moves with each look, what is refused."""

import httpx
import pytest

from ernie_magic.config.keys import Key, Pair
from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY
from ernie_magic.wire.auth import signed_headers

PAIR = Pair(Key(ACCESS_KEY, secret=False), Key(SECRET_KEY, secret=False))
JOB = {"name": "cats", "model": "ERNIE-Speed-8K", "trainMode": "SFT"}
DATA = {"sourceType": "Platform", "versions": [{"versionId": "ds-1"}], "splitRatio": 20}
TASK = {
    "parameterScale": "LoRA",
    "hyperParameterConfig": {"epoch": 1},
    "datasetConfig": DATA,
}


@pytest.fixture
def send(emulator):
    """Send a path of the console; return the reply."""
    with httpx.Client(base_url=emulator.url, trust_env=False, verify=False) as client:  # noqa: S501

        def send_signed(path, body):
            headers = signed_headers(PAIR, "POST", f"{emulator.url}{path}")
            return client.post(path, json=body, headers=headers)

        yield send_signed


@pytest.fixture
def act(send):
    """Call an action of tuning; return its result."""

    def call(action, **body):
        reply = send(f"/v2/finetuning?Action={action}", body)
        assert reply.status_code == 200, reply.text
        return reply.json()["result"]

    return call


@pytest.fixture
def task(act):
    job = act("CreateFineTuningJob", **JOB)
    return act("CreateFineTuningTask", **job, **TASK)


def look(act, task):
    return act("DescribeFineTuningTask", taskId=task["taskId"])


def test_a_task_moves_with_each_look_and_is_done_at_the_sixth(act, task):
    seen = [look(act, task) for _ in range(7)]
    assert [(each["runStatus"], each.get("runProgress")) for each in seen] == [
        *(("Running", f"{done}%") for done in (0, 20, 40, 60, 80)),
        ("Done", None),
        ("Done", None),
    ]
    assert [each["finishDate"].startswith("0000") for each in seen] == [True] * 5 + [False] * 2
    assert seen[-1] == seen[-2]
    assert all("metrics" not in each for each in seen[:5])
    assert set(seen[5]["checkpointList"][0]) == {"step", "trainingLoss", "perplexity"}


def test_lists_do_not_move_a_task(act, task):
    for _ in range(3):
        (row,) = act("DescribeFineTuningTasks", jobId=task["jobId"])["taskList"]
        assert row["runStatus"] == "Running"
    assert look(act, task)["runProgress"] == "0%"


def test_a_task_is_stopped_once_and_stays(act, task):
    look(act, task)
    assert act("StopFineTuningTask", taskId=task["taskId"]) is True
    assert act("StopFineTuningTask", taskId=task["taskId"]) is False
    assert act("StopFineTuningTask", taskId="task-none") is False
    assert look(act, task)["runStatus"] == "Stopped"


def test_tasks_and_jobs_are_deleted_once_they_have_ended(act, send, task):
    for action, body in (
        ("DeleteFineTuningTask", {"taskId": task["taskId"]}),
        ("DeleteFineTuningJob", {"jobId": task["jobId"]}),
    ):
        assert send(f"/v2/finetuning?Action={action}", body).status_code == 400
    act("StopFineTuningTask", taskId=task["taskId"])
    assert act("DeleteFineTuningJob", jobId=task["jobId"]) is True
    gone = send("/v2/finetuning?Action=DescribeFineTuningTask", {"taskId": task["taskId"]})
    assert (gone.status_code, gone.json()["code"]) == (400, "InappropriateJSON")


@pytest.mark.parametrize(
    ("action", "changed", "field"),
    [
        ("CreateFineTuningJob", {"name": ""}, "name"),
        ("CreateFineTuningJob", {"model": "ERNIE-9"}, "model"),
        ("CreateFineTuningJob", {"trainMode": "KTO"}, "trainMode"),
        ("CreateFineTuningTask", {"jobId": "job-none"}, "jobId"),
        ("CreateFineTuningTask", {"parameterScale": "PromptTuning"}, "parameterScale"),
        ("CreateFineTuningTask", {"hyperParameterConfig": None}, "hyperParameterConfig"),
        ("CreateFineTuningTask", {"hyperParameterConfig": {"epoch": 51}}, "epoch"),
        ("CreateFineTuningTask", {"hyperParameterConfig": {"epoch": "1"}}, "epoch"),
        ("CreateFineTuningTask", {"hyperParameterConfig": {"loraRank": 3}}, "loraRank"),
        ("CreateFineTuningTask", {"datasetConfig": {**DATA, "splitRatio": None}}, "splitRatio"),
        ("CreateFineTuningTask", {"datasetConfig": {**DATA, "splitRatio": 101}}, "splitRatio"),
        ("CreateFineTuningTask", {"datasetConfig": {**DATA, "versions": []}}, "versions"),
        ("CreateFineTuningTask", {"datasetConfig": {**DATA, "sourceType": "Disk"}}, "sourceType"),
    ],
)
def test_what_does_not_fit_is_refused_by_the_name_of_its_field(send, task, action, changed, field):
    body = {**JOB, "jobId": task["jobId"], **TASK, **changed}
    reply = send(f"/v2/finetuning?Action={action}", body)
    assert reply.status_code == 400
    assert f"param[{field}] invalid" in reply.json()["message"]


def test_jobs_are_listed_by_pages_by_mode_and_by_model(act):
    made = [
        act("CreateFineTuningJob", **{**JOB, "trainMode": mode, "model": "ERNIE-Lite-8K-0308"})
        for mode in ("KTO", "KTO", "DPO")
    ]
    wanted = {"trainModel": "KTO", "model": "ERNIE-Lite-8K-0308", "maxKeys": 1}
    first = act("DescribeFineTuningJobs", **wanted)
    second = act("DescribeFineTuningJobs", marker=first["pageInfo"]["nextMarker"], **wanted)
    shown = [page["jobList"][0]["jobId"] for page in (first, second)]
    assert shown == [job["jobId"] for job in made[:2]]
    assert second["pageInfo"]["isTruncated"] is False


def test_v1_s_jobs_run_to_their_end_or_are_stopped(send):
    def call(path, **body):
        reply = send(f"/wenxinworkshop/finetune/{path}", body).json()
        assert set(reply) == {"log_id", "result"}, reply
        return reply["result"]

    task = call("createTask", name="v1", baseTrainType="ERNIE-Speed", trainType="ERNIE-Speed-8K")
    assert task["uuid"].startswith("job-")
    ids = []
    for _ in range(2):
        job = call("createJob", taskId=task["id"], peftType="LoRA", trainMode="SFT")
        ids.append({"taskId": task["id"], "jobId": job["id"]})
    seen = [call("jobDetail", **ids[0]) for _ in range(11)]
    assert [each["progress"] for each in seen] == [*range(0, 101, 10)]
    assert [each["trainStatus"] for each in seen] == ["RUNNING"] * 10 + ["FINISH"]
    assert call("stopJob", **ids[1]) is True
    assert call("jobDetail", **ids[1])["trainStatus"] == "STOP"
    refused = send("/wenxinworkshop/finetune/jobDetail", {"taskId": 1, "jobId": ids[0]["jobId"]})
    assert set(refused.json()) == {"log_id", "error_code", "error_msg"}
