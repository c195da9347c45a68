"""The emulator's prompt templates, as the official client calls them: V1, V2, `Prompt` and its hub."""

import pytest

from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY
from ernie_magic.emulator.platform.console import PlatformCall
from ernie_magic.emulator.platform.state import PlatformState
from ernie_magic.emulator.platform.templates import ACTIONS, LABEL_ACTIONS
from ernie_magic.emulator.platform.templates_v1 import ROUTES
from ernie_magic.emulator.refusals import ConsoleRefusal
from ernie_magic.text import pattern_search
from tests.emulator.test_qianfan_client import run

MODULE = "tests.emulator.platform.qianfan_prompt_calls"
KEYS = {"QIANFAN_ACCESS_KEY": ACCESS_KEY, "QIANFAN_SECRET_KEY": SECRET_KEY}


@pytest.fixture(scope="module")
def got(emulator, tmp_path_factory):
    """What the official client received, by call."""
    received = run(emulator, tmp_path_factory.mktemp("home"), "prompts", KEYS, MODULE)
    assert "failed" not in received, received["failed"]
    return received


def test_the_official_client_s_prompts_and_hub(got):
    assert got["created"]["success"] is True
    assert got["created"]["result"]["templatePK"].startswith("pt-")
    for kind in ("int", "str"):
        rendered = got[f"rendered by {kind}"]
        assert rendered["content"] == "Plan 3 days in {days}."
        assert rendered["templateContent"] == "Plan {days} days in {city}."
        assert rendered["templateVariables"] == "days,city"
    assert got["labels"]["total"] >= 5
    assert len(got["labels"]["items"]) == 1
    [updated] = got["updated"]["items"]
    assert (updated["templateName"], updated["templateVariables"]) == ("trips", "city")
    assert updated["labels"] == got["labels"]["items"]
    assert got["by label"]["total"] == 2
    assert got["preset"]["total"] == 5
    assert [row["templateName"] for row in got["preset"]["items"]] == ["文本翻译", "情感分析"]
    assert (got["bad"]["success"], got["bad"]["status"]) == (False, 400)
    assert "variableIdentifier" in got["bad"]["message"]["global"]
    assert got["deleted"]["result"] is True
    assert got["gone"]["success"] is False
    assert got["hub"] == {"call": "hub", "same_id": True, "rendered": "one x", "type": 2}
    assert (got["hub preset"]["type"], got["hub preset"]["variables"]) == (1, ["city", "days"])
    assert got["hub preset"]["labels"] == 1
    assert "does not exist" in got["hub gone"]["message"]
    # Optimisation moves by looks: the client looks twice.
    assert got["optimized"]["text"].startswith("# Task\nPlan {days} days\n")
    assert "Think step by step" in got["optimized"]["text"]
    assert got["optimization refused"]["success"] is False
    assert got["evaluated"]["scores"] == [1.0, 0.0]
    assert "1 of 1 answers are as expected" in got["evaluated"]["summaries"][0]
    [[same, other]] = got["scores 1"]["scores"]
    assert (same, other < 0.9) == (1.0, True)
    assert got["scores 2"]["scores"] == [[1.0, 0.0]]
    assert "In {city}" in got["simplified"]["text"]


def test_the_official_client_s_prompts_of_v2(got):
    got = {name.removeprefix("v2 "): call for name, call in got.items() if name.startswith("v2 ")}
    assert set(got["created"]) == {"call", "requestId", "result"}
    assert got["rendered"]["content"] == "Plan 3 days."
    assert got["rendered"]["templateVariables"] == ["days"]
    assert got["rendered"]["labels"] == ["a", "b"]
    updated = got["updated"]
    assert (updated["templateName"], updated["templateContent"]) == ("trips", "In {{city}}")
    assert (updated["templateVariables"], updated["labels"]) == (["city"], ["b"])
    assert got["image"]["sceneType"] == "TextToImage"
    assert got["image"]["negativeContent"] == "no x"
    assert got["image"]["hyperParameters"] == {"size": "1024x1024"}
    assert got["pages"]["names"] == ["trips", "cat"]
    assert got["reversed"]["items"][0]["templateName"] == "cat"
    assert got["preset"]["names"] == ["Translate"]
    assert {"a", "b", "c"} <= {label["labelName"] for label in got["labels"]["items"]}
    assert all(label["labelId"].startswith("pl-") for label in got["labels"]["items"])
    assert got["deleted"]["result"] is True
    for call, told in (
        ("gone", "param[templateId] invalid"),
        ("preset stays", "preset template"),
        ("bad", "param[variableIdentifier] invalid"),
    ):
        assert got[call]["error"] == "RequestError"
        assert told in got[call]["message"]


TEMPLATE = {"templateName": "a", "templateContent": "{city}", "variableIdentifier": "{}"}
HANDLERS = {
    **ACTIONS,
    **LABEL_ACTIONS,
    **{route.path.removeprefix("/wenxinworkshop/prompt/"): route.handler for route in ROUTES},
}
OPERATIONS = [{"opType": kind, "payload": 1} for kind in (1, 2, 3, 4)]


def call(state, handler, **body):
    class Incoming:
        is_empty = False

        def json_object(self):
            return body

    return HANDLERS[handler](PlatformCall(Incoming(), state, {}))


@pytest.mark.parametrize(
    ("handler", "body"),
    [
        ("CreatePromptTemplate", {**TEMPLATE, "templateContent": ""}),
        ("CreatePromptTemplate", {**TEMPLATE, "templateContent": "{x}"}),
        ("CreatePromptTemplate", {**TEMPLATE, "templateVariables": ["city"]}),
        ("CreatePromptTemplate", {**TEMPLATE, "variableIdentifier": ""}),
        ("CreatePromptTemplate", {**TEMPLATE, "labels": ["a", "b", "c", "d"]}),
        ("CreatePromptTemplate", {**TEMPLATE, "labels": "a"}),
        ("CreatePromptTemplate", {**TEMPLATE, "sceneType": "TextToVideo"}),
        ("CreatePromptTemplate", {**TEMPLATE, "hyperParameters": []}),
        ("DescribePromptTemplates", {"type": "Mine"}),
        ("DescribePromptTemplate", {"templateId": "pt-none"}),
        ("CreatePromptLabel", {"name": "a"}),
        ("CreatePromptLabel", {"name": []}),
        ("DeletePromptLabel", {"labelId": "pl-none"}),
        ("template/create", {**TEMPLATE, "labelIds": ["pl-none"]}),
        ("template/create", {**TEMPLATE, "frameworkType": 4}),
        ("template/info", {"id": 10001}),
        ("singleOptimize/create", {"content": "a", "operations": OPERATIONS[:3]}),
        ("singleOptimize/create", {"content": "a", "operations": [*OPERATIONS, OPERATIONS[0]]}),
        ("singleOptimize/create", {"content": "a", "operations": [{"opType": []}]}),
        ("singleOptimize/create", {"content": "a", "operations": 4}),
        ("singleOptimize/info", {"id": "task-none"}),
        ("evaluate/predict", {"type": 4, "data": [{"scene": "a", "response_list": ["a"]}]}),
        ("evaluate/predict", {"type": 2, "data": [{"scene": "([", "response_list": ["a"]}]}),
        ("evaluate/predict", {"type": 3, "data": [{"scene": "a"}]}),
        ("evaluate/summary", {"data": []}),
    ],
)
def test_wrong_fields_are_refused(handler, body):
    with pytest.raises(ConsoleRefusal):
        call(PlatformState(), handler, **body)


def test_a_scene_s_pattern_that_takes_for_ever_matches_nothing(monkeypatch):
    monkeypatch.setattr(pattern_search, "SEARCH_SECONDS", 0.1)
    scene = {"scene": "^(a|aa)+$", "response_list": ["aaab", "a" * 60 + "b", "aaa"]}
    scored = call(PlatformState(), "evaluate/predict", type=2, data=[scene])
    assert scored == {"scores": [[0.0, 0.0, 1.0]]}


def test_a_deleted_label_is_on_no_template():
    state = PlatformState()
    template_id = call(state, "CreatePromptTemplate", **TEMPLATE, labels=["mine"])["templateId"]
    labels = call(state, "DescribePromptLabels", maxKeys=100)["items"]
    [mine] = [label for label in labels if label["labelName"] == "mine"]
    call(state, "DeletePromptLabel", labelId=mine["labelId"])
    assert call(state, "DescribePromptTemplate", templateId=template_id)["labels"] == []
    with pytest.raises(ConsoleRefusal, match="AccessDenied"):
        call(state, "DeletePromptLabel", labelId=labels[0]["labelId"])


def test_an_optimisation_runs_and_then_is_done():
    state = PlatformState()
    task_id = call(state, "singleOptimize/create", content="写诗", operations=OPERATIONS)["id"]
    assert task_id.startswith("task-")
    seen = [call(state, "singleOptimize/info", id=task_id) for _ in range(3)]
    assert [one["processStatus"] for one in seen] == [1, 2, 2]
    assert [bool(one["optimizeContent"]) for one in seen] == [False, True, True]
    assert seen[0]["operations"] == OPERATIONS
