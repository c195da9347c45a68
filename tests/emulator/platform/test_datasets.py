"""The emulator's datasets: V2 as the official client calls them, with states that move by looks."""

import pytest

from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY
from ernie_magic.emulator.platform.console import PlatformCall
from ernie_magic.emulator.platform.datasets import ACTIONS
from ernie_magic.emulator.platform.state import PlatformState
from ernie_magic.emulator.refusals import ConsoleRefusal
from tests.emulator.test_qianfan_client import run

MODULE = "tests.emulator.platform.qianfan_data_calls"
KEYS = {"QIANFAN_ACCESS_KEY": ACCESS_KEY, "QIANFAN_SECRET_KEY": SECRET_KEY}
BOS = {"storageType": "BOS", "storagePath": "bos:/b/d/"}


def test_the_official_client_s_datasets(emulator, tmp_path):
    got = run(emulator, tmp_path, "v2", KEYS, MODULE)
    assert "failed" not in got, got["failed"]
    assert got["created"]["datasetId"].startswith("dg-")
    assert got["created"]["versionId"].startswith("ds-")
    assert got["imported"]["states"] == ["Created", "Importing", "ImportFinished", "ImportFinished"]
    assert got["imported"]["last"]["progress"] == "100"
    assert got["imported"]["last"]["sampleCount"] == 100
    assert got["busy"] == {
        "call": "busy",
        "error": "RequestError",
        "message": got["busy"]["message"],
    }
    assert "param[versionId] invalid" in got["busy"]["message"]
    assert got["states"]["states"] == ["Publishing", "Published"]
    assert got["states"]["last"]["dataFormat"] == "PromptResponse"
    assert got["states"]["last"]["storagePath"] == "bos:/bucket/dir/"
    assert (got["versions"]["numbers"], got["versions"]["second"]) == ([1, 2], True)
    assert got["filtered"]["ids"] is True
    assert got["exported"]["states"] == ["Created", "Exporting", "ExportFinished"]
    assert got["exported"]["link"].startswith(emulator.url)
    assert got["listed"]["names"] == ["train"]
    assert "RequestError" in got["gone"]["error"]
    assert got["action"]["datasetId"].startswith("dg-")


def call_action(state, name, **body):
    class Incoming:
        is_empty = False

        def json_object(self):
            return body

        def signed_link(self, path, query):
            return f"{path}?{query}"

    return ACTIONS[name](PlatformCall(Incoming(), state, {}))


def with_version(state, name="d"):
    return call_action(state, "CreateDataset", datasetName=name, dataFormat="Role", **BOS)


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("CreateDataset", {"datasetName": "", "dataFormat": "Role", **BOS}, "datasetName"),
        ("CreateDataset", {"datasetName": "d", "dataFormat": "Rolle", **BOS}, "dataFormat"),
        ("CreateDataset", {"datasetName": "d", "dataFormat": "Role", "storageType": "S3"}, "storageType"),
        ("CreateDataset", {"datasetName": "d", "dataFormat": "Role", "storageType": "BOS", "storagePath": "/dir/"}, "storagePath"),
        ("CreateImportTask", {"files": ["train.jsonl"]}, "files"),
        ("CreateImportTask", {"files": []}, "files"),
        ("CreateImportTask", {"files": ["bos:/b/dir/", "bos:/b/a.jsonl"]}, "files"),
        ("CreateImportTask", {"files": ["bos:/b/a.docx"]}, "files"),
        ("DescribeDatasetVersion", {"versionId": "ds-none"}, "versionId"),
        ("DescribeImportTask", {}, "taskId"),
        ("CreateExportTask", {"storageType": "BOS"}, "storagePath"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_refused_by_its_name(action, body, field):
    state = PlatformState()
    body = {"versionId": with_version(state)["versionId"], **body}
    with pytest.raises(ConsoleRefusal, match="InappropriateJSON") as caught:
        call_action(state, action, **body)
    assert caught.value.message == f"The request param[{field}] invalid."


def test_what_is_on_the_move_is_not_deleted_or_published():
    state = PlatformState()
    made = with_version(state)
    version = {"versionId": made["versionId"]}
    for action in ("PublishDatasetVersion", "CreateExportTask"):
        with pytest.raises(ConsoleRefusal, match="InappropriateStatus"):
            call_action(state, action, **version, **BOS)
    call_action(state, "CreateImportTask", files=["bos:/b/d/"], **version)
    for action, body in (
        ("DeleteDatasetVersion", version),
        ("DeleteDataset", {"datasetId": made["datasetId"]}),
        ("CreateImportTask", {**version, "files": ["bos:/b/d/"]}),
    ):
        with pytest.raises(ConsoleRefusal, match="InappropriateStatus"):
            call_action(state, action, **body)
    for _ in range(3):
        last = call_action(state, "DescribeDatasetVersion", **version)
    assert last["importStatus"] == "ImportFinished"
    call_action(state, "DeleteDataset", datasetId=made["datasetId"])
    assert call_action(state, "DescribeDatasets")["datasetList"] == []


def test_a_name_makes_an_import_or_a_release_fail():
    state = PlatformState()
    version = {"versionId": with_version(state, "mock_failed")["versionId"]}
    for file, end in (("mock_failed.zip", "ImportFailed"), ("a.zip", "ImportFinished")):
        task = call_action(state, "CreateImportTask", files=[f"bos:/b/{file}"], **version)
        seen = [call_action(state, "DescribeImportTask", **task) for _ in range(3)]
        assert [one["importStatus"] for one in seen][-1] == end
        assert ("errDownloadUrl" in seen[-1]) is (end == "ImportFailed")
    call_action(state, "PublishDatasetVersion", **version)
    seen = [call_action(state, "DescribeDatasetVersion", **version) for _ in range(2)]
    assert [one["publishStatus"] for one in seen] == ["Publishing", "PublishFailed"]
