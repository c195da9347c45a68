"""Calls of the official client's prompt and evaluation resources, in a process of their own.

Usage: python -m tests.emulator.platform.qianfan_prompt_calls prompts|eval. Prints one JSON object
per call.
"""

import os
import sys
import time
import types

import qianfan
from qianfan.common import Prompt
from qianfan.common.hub import hub
from qianfan.common.prompt import prompt as prompt_module
from qianfan.consts import PromptFrameworkType, PromptSceneType, PromptScoreStandard, PromptType
from qianfan.errors import QianfanError, RequestError
from qianfan.resources import Prompt as Resource
from qianfan.resources.console.eval import Eval

from tests.emulator.qianfan_calls import said


def refused(call, action):
    try:
        action()
    except (QianfanError, RequestError) as error:
        said(call, error=type(error).__name__, message=str(error))


def v1():
    made = Resource.create("trip", "Plan {days} days in {city}.").body
    said("created", **made)
    number, key = made["result"]["templateId"], made["result"]["templatePK"]
    for template_id in (number, key):
        info = Resource.info(str(template_id), days="3", city="{days}").body["result"]
        said(f"rendered by {type(template_id).__name__}", **info)
    labels = Resource.list_labels(0, 1).body["result"]
    said("labels", **labels)
    label_id = labels["items"][0]["labelId"]
    Resource.update(key, name="trips", template="In {city}", label_ids=[label_id])
    listed = Resource.list(name="trips", type=PromptType.User).body["result"]
    said("updated", **listed)
    said("by label", total=Resource.list(label_ids=[label_id]).body["result"]["total"])
    said("preset", **Resource.list(page_size=2, type=PromptType.Preset).body["result"])
    said("bad", **Resource.create("bad", "{x}", variables=None or [], identifier="<>").body)
    said("deleted", **Resource.delete(key).body)
    said("gone", **Resource.info(key).body)
    hub_calls()
    tasks()


def hub_calls():
    prompt = Prompt(
        "no {cat}",
        name="picture",
        scene_type=PromptSceneType.Text2Image,
        framework_type=PromptFrameworkType.Basic,
    )
    hub.push(prompt)
    prompt.set_template("one {cat}")
    hub.push(prompt)
    loaded = hub.load("prompt/picture")
    same_id = loaded.id == prompt.id
    said("hub", same_id=same_id, rendered=loaded.render(cat="x")[0], type=loaded.type)
    preset = hub.load("prompt/旅行计划")
    said("hub preset", type=preset.type, variables=preset.variables, labels=len(preset.labels))
    loaded.delete()
    refused("hub gone", lambda: hub.load("prompt/picture"))


def tasks():
    # It waits for a second between two looks.
    prompt_module.time = types.SimpleNamespace(sleep=lambda _seconds: time.sleep(0.01))
    optimized = Prompt("Plan  {days} days").optimize(simplify_prompt=True, enable_cot=True)
    said("optimized", text=optimized.template)
    operations = [{"opType": kind, "payload": 1} for kind in (1, 2, 3)]
    said("optimization refused", **Resource.create_optimiztion_task("a", operations).body)
    results = Prompt.evaluate(
        [Prompt("[[echo]]{text}"), Prompt("[[echo]]{text}!")],
        [{"args": {"text": "cats"}, "expected": "cats"}],
        qianfan.Completion(model="SQLCoder-7B"),
        standard=PromptScoreStandard.Exact,
    )
    said(
        "evaluated",
        scores=[result.scene[0]["score"] for result in results],
        summaries=[result.summary for result in results],
    )
    for kind, scene in ((1, "cats"), (2, "^c.t")):
        data = [{"scene": scene, "response_list": ["cats", "trains"]}]
        scores = Resource.evaluation_score(kind, data).body["result"]["scores"]
        said(f"scores {kind}", scores=scores)
    said("simplified", text=Prompt("In {city}").simplify(config={"model": "SQLCoder-7B"}).template)


def v2():
    prompts = Resource.V2
    made = prompts.create("trip", "Plan {days} days.", labels=["a", "b"]).body
    said("v2 created", **made)
    template_id = made["result"]["templateId"]
    said("v2 rendered", **prompts.info(template_id, days="3").body["result"])
    prompts.update(template_id, template_name="trips", template_content="In {{city}}",
                   variable_identifier="{{}}", labels=["b"])  # fmt: skip
    said("v2 updated", **prompts.info(template_id).body["result"])
    image = prompts.create(
        "cat", "a cat", scene_type="TextToImage", negative_template="no {dog}",
        hyper_parameters={"size": "1024x1024"},
    ).body["result"]["templateId"]  # fmt: skip
    said("v2 image", **prompts.info(image, dog="x").body["result"])
    first = prompts.list(max_keys=1, type="Custom").body["result"]
    rest = prompts.list(marker=first["pageInfo"]["nextMarker"], type="Custom").body["result"]
    said("v2 pages", names=[row["templateName"] for row in first["items"] + rest["items"]])
    said("v2 reversed", **prompts.list(max_keys=1, page_reverse=True).body["result"])
    preset = prompts.list(name="translate", type="System").body["result"]["items"]
    said("v2 preset", names=[row["templateName"] for row in preset])
    labels = prompts.create_label(["c"]).body["result"]["labels"]
    said("v2 labels", **prompts.list_labels(max_keys=100).body["result"])
    prompts.delete_label(labels[0]["labelId"])
    said("v2 deleted", **prompts.delete(template_id).body)
    refused("v2 gone", lambda: prompts.info(template_id))
    refused("v2 preset stays", lambda: prompts.delete(preset[0]["templateId"]))
    refused(
        "v2 bad", lambda: prompts.create("bad", "{x}", variables=["x"], variable_identifier="<>")
    )


def prompts():
    v1()
    v2()


def evaluate_models():
    evaluation = Eval.V2
    models = [{"modelId": "amv-1"}, {"modelId": "amv-2"}]
    objects = {"evalModelConfig": {"versionId": "ds-1", "evalModelConfigList": models}}
    config = {"evalMode": "rule"}
    made = evaluation.create_eval_task("compare", "model", objects, config).body["result"]
    said("created", **made)
    task_id = made["taskId"]
    refused("early", lambda: evaluation.describe_eval_task_report(task_id))
    seen = [evaluation.describe_eval_task(task_id).body["result"] for _ in range(4)]
    said("states", states=[one["state"] for one in seen], last=seen[-1])
    evaluation.create_eval_task("other", "model", objects, config)
    first = evaluation.describe_eval_tasks("rule", max_keys=1).body["result"]
    marker = first["pageInfo"]["nextMarker"]
    rest = evaluation.describe_eval_tasks("rule", marker=marker).body["result"]
    said("listed", names=[row["taskName"] for row in first["taskList"] + rest["taskList"]])
    said("report", **evaluation.describe_eval_task_report(task_id).body["result"])
    said("deleted", **evaluation.delete_eval_task(task_id).body)
    refused("gone", lambda: evaluation.describe_eval_task(task_id))


try:
    {"prompts": prompts, "eval": evaluate_models}[sys.argv[1]]()
except Exception as error:  # noqa: BLE001
    said("failed", error=type(error).__name__, message=str(error)[:300])
sys.stdout.flush()
os._exit(0)
