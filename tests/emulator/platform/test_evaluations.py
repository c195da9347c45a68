"""The emulator compares models, as the official client asks for it."""

import pytest

from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY
from ernie_magic.emulator.platform.console import PlatformCall
from ernie_magic.emulator.platform.evaluations import ACTIONS
from ernie_magic.emulator.platform.state import PlatformState
from ernie_magic.emulator.refusals import ConsoleRefusal
from tests.emulator.test_qianfan_client import run

MODULE = "tests.emulator.platform.qianfan_prompt_calls"
KEYS = {"QIANFAN_ACCESS_KEY": ACCESS_KEY, "QIANFAN_SECRET_KEY": SECRET_KEY}
MODELS = {"evalModelConfig": {"versionId": "ds-1", "evalModelConfigList": [{"modelId": "amv-1"}]}}
TASK = {
    "taskName": "compare",
    "evalObjectType": "model",
    "evalObjectConfig": MODELS,
    "evalConfig": {"evalMode": "rule"},
}


def test_the_official_client_s_evaluations(emulator, tmp_path):
    got = run(emulator, tmp_path, "eval", KEYS, MODULE)
    assert "failed" not in got, got["failed"]
    assert got["created"]["taskId"].startswith("task-")
    assert got["states"]["states"] == ["Pending", "Doing", "Done", "Done"]
    assert got["states"]["last"]["finishTime"] > got["states"]["last"]["createTime"][:4]
    assert got["listed"]["names"] == ["compare", "other"]
    assert [each["evalObjectId"] for each in got["report"]["reportList"]] == ["amv-1", "amv-2"]
    assert got["deleted"]["result"] is True
    for call in ("early", "gone"):
        assert got[call]["error"] == "RequestError"
    assert "has no report" in got["early"]["message"]


def call(state, name, **body):
    class Incoming:
        is_empty = False

        def json_object(self):
            return body

    return ACTIONS[name](PlatformCall(Incoming(), state, {}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"taskName": ""},
        {"evalObjectType": "prompt"},
        {"evalObjectType": "inferDataset"},
        {"evalObjectConfig": {}},
        {"evalObjectConfig": {"evalModelConfig": {"evalModelConfigList": []}}},
        {"evalObjectConfig": {"evalModelConfig": {"evalModelConfigList": [{"modelId": 1}]}}},
        {"evalObjectConfig": {"evalModelConfig": {"evalModelConfigList": [{"modelId": "a"}] * 6}}},
        {"evalConfig": {}},
        {"evalConfig": {"evalMode": "none"}},
    ],
)
def test_wrong_fields_are_refused(wrong):
    with pytest.raises(ConsoleRefusal):
        call(PlatformState(), "CreateEvalTask", **{**TASK, **wrong})


def test_a_failed_task_has_no_report_and_lists_do_not_move_states():
    state = PlatformState()
    task_id = call(state, "CreateEvalTask", **{**TASK, "taskName": "mock_failed"})["taskId"]
    for _ in range(3):
        assert call(state, "DescribeEvalTasks", maxKeys=5)["taskList"][0]["state"] == "Pending"
    states = [call(state, "DescribeEvalTask", taskId=task_id)["state"] for _ in range(3)]
    assert states == ["Pending", "Doing", "Failed"]
    with pytest.raises(ConsoleRefusal):
        call(state, "DescribeEvalTaskReport", taskId=task_id)
    assert call(state, "DescribeEvalTasks", keyFilter="none")["taskList"] == []
    assert call(state, "DescribeEvalTasks", keyFilter="amv-1")["taskList"]
    assert call(state, "DescribeEvalTasks", evalType="manual")["taskList"] == []
