"""`/wenxinworkshop/prompt/…`: V1's prompt templates, labels, optimisation and evaluation.

Sources: the pages from https://cloud.baidu.com/doc/WENXINWORKSHOP/s/Hlp7waib4 on, as the official
client has them (https://github.com/baidubce/bce-qianfan-sdk, resources/console/prompt.py and
common/prompt).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.emulator import rewriting, vectors
from ernie_magic.emulator.platform.console import (
    PlatformRoute,
    StateMachine,
    Store,
    invalid_field,
)
from ernie_magic.emulator.platform.templates import (
    TEXT_TO_IMAGE,
    TEXT_TO_TEXT,
    Templates,
    change_content,
    change_negative_content,
    read_identifier,
    read_variables,
    render_content,
)
from ernie_magic.emulator.platform.values import format_time
from ernie_magic.text.pattern_search import PatternSearch

if TYPE_CHECKING:
    from ernie_magic.emulator.platform.console import PlatformCall
    from ernie_magic.emulator.platform.templates import StoredTemplate

_TEMPLATE = "/wenxinworkshop/prompt/template"
_MAX_NAME = 100  # characters
_MAX_CONTENT = 20_000  # characters
_MAX_FRAMEWORK = 3
_RUNNING, _DONE = 1, 2
# The operations of an optimisation, each once, with the values that it may have.
_QUALITY, _SHORTEN, _ROUNDS, _THINK = 1, 2, 3, 4
_PAYLOADS = {_QUALITY: (0, 1), _SHORTEN: (0, 1), _ROUNDS: (1, 2), _THINK: (0, 1)}
_SEMANTIC, _REGEX, _EXACT = 1, 2, 3
_VECTORS = "embedding-v1"
_MAX_PATTERN = 200  # characters
_MAX_RESPONSE = 10_000  # characters


@dataclass
class Optimization:
    """A prompt that is being rewritten."""

    content: str
    operations: dict[int, int]
    app_id: Any
    service_name: Any
    states: StateMachine
    created: str


class Optimizations:
    """The optimisation tasks of one emulator."""

    def __init__(self) -> None:
        self.tasks: Store[Optimization] = Store("task")


def create_template(call: PlatformCall) -> dict[str, Any]:
    """`template/create`."""
    templates = call.state_of(Templates)
    content = call.text("templateContent", limit=_MAX_CONTENT)
    identifier = read_identifier(call)
    scene = call.number("sceneType", TEXT_TO_TEXT, TEXT_TO_TEXT, TEXT_TO_IMAGE)
    framework = call.number("frameworkType", 0, 0, _MAX_FRAMEWORK)
    template = templates.make(
        call.text("templateName", limit=_MAX_NAME),
        content,
        identifier,
        read_variables(call, "templateVariables", content, identifier),
        _label_names(call),
    )
    template.scene = scene
    template.framework = framework
    change_negative_content(call, template)
    return _ids(template)


def update_template(call: PlatformCall) -> dict[str, Any]:
    """`template/update`: the fields that are given."""
    template = call.state_of(Templates).find_own(call.body.get("templateId"), "templateId")
    change_content(call, template)
    if "labelIds" in call.body:
        template.labels = _label_names(call)
    change_negative_content(call, template)
    return _ids(template)


def delete_template(call: PlatformCall) -> bool:
    """`template/delete`."""
    templates = call.state_of(Templates)
    template = templates.find_own(call.body.get("templateId"), "templateId")
    templates.templates.remove(template.id, "templateId")
    return True


def describe_template(call: PlatformCall) -> dict[str, Any]:
    """`template/info`: one template, rendered with the further fields of the request."""
    template = call.state_of(Templates).find(call.text("id"), "id")
    rendered = render_content(template.content, template.identifier, template.variables, call.body)
    described = {**_describe(template, call), "content": rendered}
    if template.negative_content:
        described["negativeContent"] = render_content(
            template.negative_content, template.identifier, template.negative_variables, call.body
        )
    return described


def list_templates(call: PlatformCall) -> dict[str, Any]:
    """`template/list`: a page of them."""
    kind = call.number("type", 0, 0, 2)
    found = call.state_of(Templates).search(
        call.text("name", default=""), call.body.get("labelIds") or ()
    )
    rows = [_describe(each, call) for each in found if not kind or each.type == kind]
    return {"total": len(rows), "items": call.numbered_page(rows, 10)}


def list_labels(call: PlatformCall) -> dict[str, Any]:
    """`label/list`: a page of them."""
    rows = [label.describe() for label in call.state_of(Templates).labels.values()]
    return {"total": len(rows), "items": call.numbered_page(rows, 10)}


def create_optimization(call: PlatformCall) -> dict[str, Any]:
    """`singleOptimize/create`: a task that is running at the first look and then done."""
    task = Optimization(
        call.text("content", limit=_MAX_CONTENT),
        _read_operations(call.body.get("operations")),
        call.body.get("appID", 0),
        call.body.get("serviceName", ""),
        StateMachine([str(_RUNNING), str(_DONE)]),
        format_time(),
    )
    return {"id": call.state_of(Optimizations).tasks.add(task)}


def describe_optimization(call: PlatformCall) -> dict[str, Any]:
    """`singleOptimize/info`."""
    task_id = call.text("id")
    task = call.state_of(Optimizations).tasks.find(task_id, "id")
    status = int(task.states.look())
    optimized = ""
    if status == _DONE:
        optimized = rewriting.rewrite_prompt(
            task.content,
            improve=bool(task.operations[_QUALITY]),
            shorten=bool(task.operations[_SHORTEN]),
            thinks=bool(task.operations[_THINK]),
        )
    return {
        "id": task_id,
        "content": task.content,
        "optimizeContent": optimized,
        "operations": [
            {"opType": kind, "payload": payload} for kind, payload in task.operations.items()
        ],
        "processStatus": status,
        "appId": task.app_id,
        "serviceName": task.service_name,
        "createTime": task.created,
    }


def predict_scores(call: PlatformCall) -> dict[str, Any]:
    """`evaluate/predict`: the score of each answer to each scene."""
    kind = call.number("type", 0, _SEMANTIC, _EXACT)
    scenes = [(_text(scene.get("scene"), "scene"), _answers(scene)) for scene in _data(call)]
    if kind == _REGEX:
        return {"scores": _pattern_scores(scenes)}
    scores = [[_score(kind, expected, each) for each in answers] for expected, answers in scenes]
    return {"scores": scores}


def summarize(call: PlatformCall) -> dict[str, Any]:
    """`evaluate/summary`: some words on the answers to each prompt."""
    responses = []
    for index, prompt in enumerate(_data(call)):
        answers = _answers(prompt)
        scenes = prompt.get("scenes")
        expected = [
            scene.get("expected_target") for scene in scenes or () if isinstance(scene, dict)
        ]
        same = sum(answer == target for answer, target in zip(answers, expected, strict=False))
        told = (
            f"模拟的总结：{len(answers)} 个回答中 {same} 个与期望完全一致；"
            f"没有真实模型参与。(simulated: {same} of {len(answers)} answers are as expected)"
        )
        responses.append({"id": str(index), "response": told, "errorCode": 0, "errorMsg": ""})
    return {"responses": responses}


def _read_operations(given: object) -> dict[int, int]:
    """The operations of an optimisation: all of them, each once."""
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise invalid_field("operations")
    payloads = {str(each.get("opType")): each.get("payload") for each in given}
    is_complete = len(given) == len(_PAYLOADS) == len(payloads)
    operations = {}
    for kind, allowed in _PAYLOADS.items():
        payload = payloads.get(str(kind))
        if not is_complete or payload not in allowed:
            raise invalid_field("operations")
        operations[kind] = int(payload)
    return operations


def _data(call: PlatformCall) -> list[dict[str, Any]]:
    data = call.body.get("data")
    if not isinstance(data, list) or not data or not all(isinstance(each, dict) for each in data):
        raise invalid_field("data")
    return data


def _answers(scene: dict[str, Any]) -> list[str]:
    answers = scene.get("response_list")
    if not isinstance(answers, list):
        raise invalid_field("response_list")
    return [_text(answer, "response_list") for answer in answers]


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or len(value) > _MAX_RESPONSE:
        raise invalid_field(name)
    return value


def _score(kind: int, expected: str, answer: str) -> float:
    """The score of an answer, from 0 to 1."""
    if kind == _EXACT:
        return float(answer == expected)
    one, other = (vectors.embed_text(text, _VECTORS, 0) for text in (expected, answer))
    return round(max(0.0, sum(x * y for x, y in zip(one, other, strict=True))), 4)


def _pattern_scores(scenes: list[tuple[str, list[str]]]) -> list[list[float]]:
    """The scores of answers in which a pattern is to be found; 0 as well where that takes too
    long.
    """
    for pattern, _ in scenes:
        _check_pattern(pattern)
    searches = [(pattern, answer) for pattern, answers in scenes for answer in answers]
    found = iter(PatternSearch(searches).run())
    return [[float(bool(next(found))) for _ in answers] for _, answers in scenes]


def _check_pattern(pattern: str) -> None:
    if len(pattern) > _MAX_PATTERN:
        raise invalid_field("scene")
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        raise invalid_field("scene") from None


def _label_names(call: PlatformCall) -> list[str]:
    """The names of the labels whose ids a request has."""
    labels = call.state_of(Templates).labels
    given = call.body.get("labelIds") or []
    if not isinstance(given, list):
        raise invalid_field("labelIds")
    return [labels.find(label_id, "labelIds").name for label_id in given]


def _ids(template: StoredTemplate) -> dict[str, Any]:
    return {"templateId": template.number, "templatePK": template.id}


def _describe(template: StoredTemplate, call: PlatformCall) -> dict[str, Any]:
    labels = call.state_of(Templates).labels.values()
    described: dict[str, Any] = {
        **_ids(template),
        "templateName": template.name,
        "templateContent": template.content,
        "templateVariables": ",".join(template.variables),
        "variableIdentifier": template.identifier,
        "creatorName": "emulator",
        "type": template.type,
        "sceneType": template.scene,
        "frameworkType": template.framework,
        "labels": [label.describe() for label in labels if label.name in template.labels],
        "createTime": template.created,
        "updateTime": template.updated,
    }
    if template.scene == TEXT_TO_IMAGE:
        described["negativeTemplateContent"] = template.negative_content
        # The official client reads "" as a variable without a name.
        if template.negative_variables:
            described["negativeTemplateVariables"] = ",".join(template.negative_variables)
    return described


ROUTES: tuple[PlatformRoute, ...] = tuple(
    PlatformRoute("POST", path, handler)
    for path, handler in (
        (f"{_TEMPLATE}/create", create_template),
        (f"{_TEMPLATE}/update", update_template),
        (f"{_TEMPLATE}/delete", delete_template),
        (f"{_TEMPLATE}/info", describe_template),
        (f"{_TEMPLATE}/list", list_templates),
        ("/wenxinworkshop/prompt/label/list", list_labels),
        ("/wenxinworkshop/prompt/singleOptimize/create", create_optimization),
        ("/wenxinworkshop/prompt/singleOptimize/info", describe_optimization),
        ("/wenxinworkshop/prompt/evaluate/predict", predict_scores),
        ("/wenxinworkshop/prompt/evaluate/summary", summarize),
    )
)
