"""Calls of the official client's Service and Model, V1 and V2, and its way from a tuned model to an
answer of it.

Run by `tests.emulator.qianfan_calls`, which has loaded the client.
"""

from datetime import datetime, timezone

from qianfan import errors
from qianfan.model import DeployConfig
from qianfan.model import Model as TunedModel
from qianfan.model.consts import ServiceType
from qianfan.resources import FineTune, Model, Service
from qianfan.resources.console.utils import call_action

TIMES = (datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 1, 2, tzinfo=timezone.utc))


def call_models_v2(said):
    v2 = Model.V2
    set_id = v2.create_custom_model_set("official", "Text2Text")["result"]["modelSetId"]
    made = v2.create_custom_model(set_id, "Train", "made of a task", {"taskId": "task-1"})
    model_id = made["result"]["modelId"]
    said("model states", states=[v2.describe_model(model_id)["result"]["status"] for _ in range(2)])
    found = v2.describe_model_set(model_set_id=set_id)["result"]
    by_name = v2.describe_model_set(model_set_name="official")["result"]
    said("model set", ids=found["modelIds"], same=found == by_name, wanted=[model_id])
    presets = v2.describe_system_model_sets(max_keys=3)["result"]
    said("preset sets", count=len(presets["modelSetList"]), page=presets["pageInfo"])
    preset_id = presets["modelSetList"][0]["modelIds"][0]
    preset = call_action("/v2/model", "DescribeSystemModel", {"modelId": preset_id})["result"]
    said("preset model", status=preset["status"], source=preset["sourceInfo"]["sourceType"])
    own = v2.describe_custom_model_sets()["result"]["modelSetList"]
    said("own sets", names=[row["modelSetName"] for row in own])
    conf = v2.describe_model_system_advanced_conf("chat")["result"]
    said("conf", conf=conf["modelApplicationType"])
    said("own conf", id=v2.describe_model_custom_advanced_conf(model_id)["result"]["modelId"])
    v2.create_model_export_model(model_id)
    states = [v2.describe_model_export_model(model_id)["result"] for _ in range(2)]
    said("export", states=[state["exportStatus"] for state in states])
    config = {"strategy": "Quantization", "weight": "INT8-PTQ"}
    task = v2.create_model_comp_task("small", model_id, config, set_id)["result"]
    looks = [v2.describe_model_comp_task(task)["result"]["status"] for _ in range(3)]
    said("compression", states=looks)
    said("compressions", count=len(v2.describe_model_comp_tasks()["result"]["modelCompTaskList"]))
    said("cancel", done=v2.cancel_model_comp_task(task)["result"])
    said("delete task", done=v2.delete_model_comp_task(task)["result"])
    said("delete model", done=v2.delete_model(model_id)["result"])
    said("delete set", done=v2.delete_model_set(set_id)["result"])
    # `create_custom_model_conf` fails in the client itself, which copies the open file.
    try:
        v2.describe_model("amv-nobody")
    except errors.RequestError as error:
        said("unknown model", is_named="param[modelId]" in str(error))


def call_models_v1(said):
    meta = {"taskId": "job-1", "iterationId": "task-1"}
    made = Model.publish(is_new=True, version_meta=meta, model_name="old")["result"]
    detail = Model.detail(made["versionIdStr"])["result"]
    said("v1 version", state=detail["state"], set=detail["modelIdStr"] == made["modelIDStr"])
    listed = Model.list(made["modelIDStr"])["result"]
    said("v1 model", versions=len(listed["modelVersionList"]), name=listed["modelName"])
    said("v1 presets", total=Model.preset_list()["result"]["total"])
    said("v1 own", total=Model.user_list(name_filter="old")["result"]["total"])
    call_evaluation(said, made)
    said("v1 delete version", done=Model.batch_delete_model_version([made["versionId"]])["result"])
    said("v1 delete model", done=Model.batch_delete_model([made["modelIDStr"]])["result"])


def call_evaluation(said, made):
    info = [{"modelId": made["modelId"], "modelVersionId": made["versionId"]}]
    task = Model.create_evaluation_task("compare", info, "ds-1", {"evalMode": "rule"})["result"]
    task_id = task["evalIdStr"]
    looks = [Model.get_evaluation_info(task_id)["result"]["state"] for _ in range(3)]
    report = Model.get_evaluation_result(task_id)["result"]
    said("v1 evaluation", states=looks, metrics=sorted(report[0]["effectMetric"]))
    rows = Model.get_evaluation_result_list(task["evalId"], page_size=1)["result"]
    said("v1 results", total=rows["total"], shown=len(rows["items"]))
    export = Model.create_evaluation_result_export_task(task_id)["result"]["exportIDStr"]
    looks = [Model.get_evaluation_result_export_task_status(export)["result"] for _ in range(3)]
    said("v1 export", states=[look["state"] for look in looks], link=looks[-1]["downloadUrl"])
    names = {row["modelName"] for row in Model.evaluable_model_list()["result"]}
    said("v1 evaluable", has_own="old" in names)
    said("v1 stop", done=Model.stop_evaluation_task(task_id)["result"])
    said("v1 delete task", done=Model.batch_delete_evaluation_result([task_id])["result"])


def call_services(said):
    v2 = Service.V2
    billing = {"paymentTiming": "Postpaid"}
    resource = {"type": "GPU-I-2", "qps": 1.0}
    made = v2.create_service("am-1", "amv-1", "official", "official", resource, billing)["result"]
    service_id = made["serviceId"]
    looks = [v2.service_detail(service_id)["result"]["runStatus"] for _ in range(3)]
    said("service states", states=looks)
    listed = v2.service_list(name="official", run_status=["Serving"])["result"]
    said("services", ids=[row["serviceId"] for row in listed["serviceList"]], wanted=[service_id])
    metric = v2.service_metric(*TIMES, service_id=[service_id])["result"]
    said("metric", names=[row["serviceName"] for row in metric["serviceList"]])
    said("modify", id=v2.modify_service(service_id, "am-2", "amv-2")["result"]["serviceId"])
    presets = v2.describe_preset_services(service_type=["embeddings"])["result"]["serviceList"]
    said("presets", kinds=sorted({row["serviceType"] for row in presets}))
    groups = Service.list(["chat"])["result"]
    said("v1 services", kinds=sorted({row["apiType"] for row in groups["common"]}))
    version = Model.preset_list()["result"]["items"][0]["modelIdStr"]
    version = Model.V2.describe_model_set(model_set_id=version)["result"]["modelIds"][0]
    old = Service.create(1, version, "old", "old_uri", 1)["result"]
    looks = [Service.get(old["serviceId"])["result"]["serviceStatus"] for _ in range(3)]
    said("v1 states", states=looks)


def deploy_a_tuned_model(said):
    """The client's own way from a tuned model to an answer of it."""
    job = FineTune.V2.create_job("tuned", "ERNIE-Speed-8K", "SFT")["result"]["jobId"]
    said("job", id=job[:4])
    data = {"sourceType": "Platform", "versions": [{"versionId": "ds-1"}], "splitRatio": 20}
    task = FineTune.V2.create_task(job, "LoRA", {"epoch": 1}, data)["result"]["taskId"]
    model = TunedModel(task_id=task, job_id=job)
    model.publish("tuned-model")
    said("published", set=model.set_id[:3], id=model.id[:4])
    config = DeployConfig(
        name="tuned", endpoint_suffix="tuned", replicas=1, service_type=ServiceType.Chat
    )
    service = model.deploy(config)
    answer = service.exec({"messages": [{"role": "user", "content": "[[echo]]你好"}]})
    said("deployed", endpoint=service.endpoint[8:], result=answer["result"])


def call_all(said):
    """Make all of these calls."""
    call_models_v2(said)
    call_models_v1(said)
    call_services(said)
    deploy_a_tuned_model(said)
