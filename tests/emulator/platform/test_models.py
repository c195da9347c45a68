"""Models of the platform: sets, versions, publishing, compressing."""

import pytest

from ernie_magic import errors
from ernie_magic.session import Session


@pytest.fixture(scope="module")
def session():
    with Session(service="emulator") as session:
        yield session


def act(session, action, **body):
    return session.wire.call("model", action, body)["result"]


def v1(session, path, **body):
    return session.wire.post(f"/wenxinworkshop/modelrepo/{path}", body)["result"]


def test_a_training_becomes_a_version_of_a_model(session):
    set_id = act(session, "CreateCustomModelSet", modelSetName="mine")["modelSetId"]
    meta = {"taskId": "task-1", "jobId": "job-1"}
    made = act(session, "CreateCustomModel", modelSetId=set_id, sourceType="Train", trainMeta=meta)
    states = [act(session, "DescribeModel", modelId=made["modelId"])["status"] for _ in range(3)]
    assert states == ["Creating", "Ready", "Ready"]
    found = act(session, "DescribeModelSet", modelSetName="mine")
    assert (found["modelSetId"], found["modelIds"]) == (set_id, [made["modelId"]])
    assert act(session, "DescribeCustomModelSets")["modelSetList"][-1]["modelSetId"] == set_id
    assert act(session, "DeleteModel", modelId=made["modelId"]) is True
    assert act(session, "DescribeModelSet", modelSetId=set_id)["modelIds"] == []
    assert act(session, "DeleteModelSet", modelSetId=set_id) is True
    with pytest.raises(errors.BadRequest):
        act(session, "DescribeModelSet", modelSetId=set_id)


def test_a_published_model_is_based_on_the_one_that_was_tuned(session):
    job = session.wire.call(
        "finetuning",
        "CreateFineTuningJob",
        {"name": "lite", "model": "ERNIE-Lite-8K-0308", "trainMode": "SFT"},
    )["result"]["jobId"]
    data = {"sourceType": "Platform", "versions": [{"versionId": "ds-1"}], "splitRatio": 20}
    task = session.wire.call(
        "finetuning",
        "CreateFineTuningTask",
        {
            "jobId": job,
            "parameterScale": "LoRA",
            "hyperParameterConfig": {"epoch": 1},
            "datasetConfig": data,
        },
    )["result"]["taskId"]
    meta = {"taskId": job, "iterationId": task}
    made = v1(session, "publishTrainModel", isNewModel=True, modelName="lite", versionMeta=meta)
    found = act(session, "DescribeModel", modelId=made["versionIdStr"])
    assert found["model"].startswith("ernie-lite-8k")


def test_preset_models_are_those_of_the_catalogue_under_the_same_ids(session):
    found = act(session, "DescribeSystemModelSets", maxKeys=100)
    row = next(row for row in found["modelSetList"] if row["modelSetName"] == "ernie-3.5-8k")
    described = act(session, "DescribeSystemModel", modelId=row["modelIds"][0])
    assert (described["model"], described["status"]) == ("ernie-3.5-8k", "Ready")
    with Session(service="emulator") as other:
        again = act(other, "DescribeModelSet", modelSetName="ernie-3.5-8k")
    assert again["modelIds"] == row["modelIds"]


def test_v1_publishes_a_training_and_finds_it_by_both_ids(session):
    meta = {"taskId": "job-7", "iterationId": "task-7"}
    made = v1(session, "publishTrainModel", isNewModel=True, modelName="old", versionMeta=meta)
    assert made["modelIDStr"].startswith("am-")
    for version in (made["versionId"], made["versionIdStr"]):
        detail = v1(session, "modelVersionDetail", modelVersionId=version)
        source = detail["sourceExtra"]["trainSourceExtra"]
        assert (source["taskIdStr"], source["runIdStr"]) == ("job-7", "task-7")
    assert detail["state"] == "Ready"
    listed = v1(session, "modelDetail", modelId=made["modelId"])
    assert listed["modelVersionList"][0]["modelVersionIdStr"] == made["versionIdStr"]
    assert v1(session, "model/user/list", pageNo=1, nameFilter="old")["total"] == 1
    assert v1(session, "model/preset/list", pageSize=2)["total"] > 2
    assert v1(session, "model/version/batchDelete", modelVersionIds=[made["versionId"]]) is True
    assert v1(session, "model/batchDelete", modelIDs=[made["modelId"]]) is True
    with pytest.raises(errors.ServiceError, match=r"param\[modelVersionId\]"):
        v1(session, "modelVersionDetail", modelVersionId=made["versionId"])


def test_a_model_is_compressed_into_another_version(session):
    set_id = act(session, "CreateCustomModelSet", modelSetName="big")["modelSetId"]
    source = act(session, "CreateCustomModel", modelSetId=set_id, sourceType="Train", trainMeta={})
    config = {"strategy": "Quantization", "weight": "INT8-PTQ"}
    given = {"sourceModelId": source["modelId"], "modelSetId": set_id, "config": config}
    task = act(session, "CreateModelCompTask", name="small", **given)
    looks = [act(session, "DescribeModelCompTask", modelCompTaskId=task) for _ in range(3)]
    assert [look["status"] for look in looks] == ["creating", "running", "succeeded"]
    assert act(session, "DescribeModel", modelId=looks[-1]["modelId"])["modelSetId"] == set_id
    stopped = act(session, "CreateModelCompTask", name="no", **given)
    act(session, "CancelModelCompTask", modelCompTaskId=stopped)
    looks = [act(session, "DescribeModelCompTask", modelCompTaskId=stopped) for _ in range(2)]
    assert [look["status"] for look in looks] == ["stopping", "stopped"]
    listed = act(session, "DescribeModelCompTasks", sourceModelId=source["modelId"])
    assert len(listed["modelCompTaskList"]) == 2
    assert act(session, "DeleteModelCompTask", modelCompTaskId=stopped) is True


def test_a_chat_template_is_uploaded_in_a_signed_form(session, tmp_path):
    file = tmp_path / "template.py"
    file.write_text("def build(messages): ...\n")
    path = "/v2/model?Action=CreateModelCustomConf"
    made = session.wire.upload(path, file, field="customSpecFile")
    assert made["result"]["fileName"] == "template.py"
    logged = session.client._emulator.requests[-1]
    assert logged.body["files"] == {"customSpecFile": {"name": "template.py", "size": 25}}
    with pytest.raises(errors.BadRequest, match="customSpecFile"):
        session.wire.upload(path, b"x", field="customSpecFile", name="template.txt")
    with pytest.raises(errors.InvalidOption, match="cannot be read"):
        session.wire.upload(path, tmp_path / "missing.py")
    with pytest.raises(errors.InvalidOption, match="is empty"):
        session.wire.upload(path, b"", name="empty.py")
