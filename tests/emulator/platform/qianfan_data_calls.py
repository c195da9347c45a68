"""Calls of the official client's data resources, in a process of their own.

Usage: python -m tests.emulator.platform.qianfan_data_calls v1|v2. Prints one JSON object per call.
"""

import os
import sys
import urllib.request

from qianfan.errors import QianfanError, RequestError
from qianfan.resources import Data
from qianfan.resources.console import consts
from qianfan.resources.console.utils import call_action

from tests.emulator.qianfan_calls import said


def refused(call, action):
    try:
        action()
    except (QianfanError, RequestError) as error:
        said(call, error=type(error).__name__, message=str(error))


def v2():
    data = Data.V2
    formats, storages = consts.V2.DatasetFormat, consts.V2.StorageType
    made = data.create_dataset(
        "train", formats.PromptResponse, storages.Bos, "bos:/bucket/dir"
    ).body["result"]
    said("created", **made)
    version = made["versionId"]
    task = data.create_dataset_version_import_task(version, ["bos:/bucket/dir/a.jsonl"])
    task_id = task.body["result"]["taskId"]
    seen = [data.get_dataset_version_import_task_info(task_id).body["result"] for _ in range(4)]
    said("imported", states=[one["importStatus"] for one in seen], last=seen[-1])
    refused("busy", lambda: data.delete_dataset_version("ds-none"))
    said("published", result=data.publish_dataset_version(version).body["result"])
    seen = [data.get_dataset_version_info(version).body["result"] for _ in range(2)]
    said("states", states=[one["publishStatus"] for one in seen], last=seen[-1])
    second = data.create_dataset_version(made["datasetId"], "second").body["result"]["versionId"]
    pages = [data.get_dataset_version_list(made["datasetId"], max_keys=1).body["result"]]
    marker = pages[0]["pageInfo"]["nextMarker"]
    pages.append(data.get_dataset_version_list(made["datasetId"], marker).body["result"])
    rows = [row for page in pages for row in page["versionList"]]
    said("versions", numbers=[row["versionNumber"] for row in rows], second=second == marker)
    wanted = {"publishStatusList": ["Published"]}
    kept = data.get_dataset_version_list(made["datasetId"], filter=wanted).body["result"]
    said("filtered", ids=[row["versionId"] for row in kept["versionList"]] == [version])
    task = data.create_dataset_version_export_task(version, storages.SysStorage)
    task_id = task.body["result"]["taskId"]
    seen = [data.get_dataset_version_export_task_info(task_id).body["result"] for _ in range(3)]
    said("exported", states=[one["exportStatus"] for one in seen], link=seen[-1]["downloadUrl"])
    listed = data.get_dataset_list().body["result"]["datasetList"]
    said("listed", names=[row["datasetName"] for row in listed])
    said("version deleted", result=data.delete_dataset_version(second).body["result"])
    said("deleted", result=data.delete_dataset(made["datasetId"]).body["result"])
    refused("gone", lambda: data.get_dataset_version_info(version))
    body = {"datasetName": "roles", "dataFormat": "Role", "storageType": "sysStorage"}
    said("action", **call_action("/v2/dataset", "CreateDataset", body).body["result"])


def create_v1(name, project=consts.DataProjectType.Conversation):
    template = consts.DataTemplateType.NonSortedConversation
    if project != consts.DataProjectType.Conversation:
        template = consts.DataTemplateType.GenericText
    made = Data.create_bare_dataset(
        name,
        consts.DataSetType.TextOnly,
        project,
        template,
        consts.DataStorageType.PrivateBos,
        "bucket",
        "dir",
    )
    return made.body["result"]


def import_v1(dataset_id, file="bos:/bucket/a.jsonl"):
    source = consts.DataSourceType.PrivateBos
    done = Data.create_data_import_task(dataset_id, True, source, file).body["result"]
    states = [
        Data.get_dataset_status_in_batch([dataset_id]).body["result"][dataset_id] for _ in range(2)
    ]
    return done, [state["importStatus"] for state in states]


def v1():
    made = create_v1("train")
    said("created", path=made["storageInfo"]["rawStoragePath"], name=made["groupName"])
    dataset = made["datasetId"]
    refused("empty", lambda: Data.release_dataset(dataset))
    said("imported", result=import_v1(dataset))
    info = Data.get_dataset_info(dataset).body["result"]["versionInfo"]
    said("info", pk=info["datasetPK"] == dataset, count=info["entityCount"])
    said("released", result=Data.release_dataset(dataset).body["result"])
    states = [
        Data.get_dataset_info(dataset).body["result"]["versionInfo"]["releaseStatus"]
        for _ in range(2)
    ]
    said("release", states=states)
    Data.create_dataset_export_task(dataset, consts.DataExportDestinationType.PlatformBos)
    record = Data.get_dataset_export_records(dataset).body["result"][0]
    with urllib.request.urlopen(record["downloadUrl"]) as reply:
        said("export", count=record["recordNum"], zip=reply.read(2).decode())
    entities = Data.list_all_entity_in_dataset(dataset, page_size=10).body["result"]
    first = entities["items"][0]["id"]
    content = [{"prompt": "q", "response": [["a"]]}]
    said(
        "entities",
        total=entities["total"],
        count=len(entities["items"]),
        annotated=Data.annotate_an_entity(first, dataset, content).body["result"],
        deleted=Data.delete_an_entity([first, "no"], dataset).body["result"],
    )
    failing = create_v1("failing")["datasetId"]
    said("failed import", result=import_v1(failing, "bos:/bucket/mock_failed.jsonl"))
    detail = Data.get_dataset_import_error_detail(failing, 55).body["result"]
    with urllib.request.urlopen(detail["downloadUrl"]) as reply:
        said("faults", text=reply.read().decode("utf-8-sig"))
    texts = create_v1("texts", consts.DataProjectType.GenericText)["datasetId"]
    import_v1(texts)
    operations = {"clean": [{"name": "remove_emoji", "args": {}}], "filter": []}
    etl = Data.create_dataset_etl_task("clean", texts, dataset, operations).body["result"]["id"]
    details = [Data.get_dataset_etl_task_info(etl).body["result"] for _ in range(2)]
    said(
        "etl",
        states=[one["processStatus"] for one in details],
        remaining=details[-1]["remainingEntity"],
        total=Data.get_dataset_etl_task_list().body["result"]["total"],
        deleted=Data.delete_dataset_etl_task([etl]).body["result"],
    )
    task = Data.create_dataset_augmenting_task("more", dataset, texts, "1", 2, 3, 4, 0.5)
    task_id = task.body["result"]["id"]
    states = [Data.get_dataset_augmenting_task_info(task_id).body["result"]["status"] for _ in "ab"]
    said(
        "augmentation",
        states=states,
        total=Data.get_dataset_aug_task_list().body["result"]["total"],
        deleted=Data.delete_dataset_augmenting_task([task_id]).body["result"],
    )
    said("deleted", result=Data.delete_dataset(dataset).body["result"])
    refused("gone", lambda: Data.get_dataset_info(dataset))


if __name__ == "__main__":
    try:
        {"v1": v1, "v2": v2}[sys.argv[1]]()
    except Exception as error:  # noqa: BLE001
        said("failed", error=type(error).__name__, message=str(error)[:300])
    sys.stdout.flush()
    os._exit(0)
