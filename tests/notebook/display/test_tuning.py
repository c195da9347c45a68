"""How models, plans, jobs and tasks of tuning are shown, in both languages."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ernie_magic.emulator.platform.tunable_models import list_tunable_models
from ernie_magic.notebook.display.rich_forms import make_form
from ernie_magic.notebook.display.tuning import _describe_hyper_parameter
from ernie_magic.qianfan.tuning.hyperparameters import read_tunable_models
from ernie_magic.qianfan.tuning.plan import TuningRequest, make_plan
from ernie_magic.qianfan.tuning.tasks import (
    PublishedModel,
    TuningJob,
    TuningJobs,
    TuningOverview,
    TuningTasks,
    read_task,
)

MODELS = read_tunable_models(list_tunable_models())
TOLD = {
    "taskId": "task-1",
    "jobId": "job-1",
    "jobName": "<b>cats</b>",
    "model": "ERNIE-Speed-8K",
    "trainMode": "SFT",
    "parameterScale": "LoRA",
    "runStatus": "Running",
    "runProgress": "40%",
    "vdlLink": "https://console.bce.baidu.com/qianfan/visualdl",
}
DONE = {
    **TOLD,
    "runStatus": "Done",
    "metrics": {"BLEU-4": "16.56%"},
    "checkpointList": [
        {"step": 128, "trainingLoss": 0.5, "perplexity": 1.6},
        {"step": 64, "trainingLoss": "1.5"},
    ],
}


def shown(value, language="en"):
    return make_form(value, SimpleNamespace(settings=SimpleNamespace(interface_language=language)))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*DONE, *DONE["checkpointList"][0], "<b>", "$x$"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*DONE]), JSON, max_size=8))
@settings(max_examples=20)
def test_a_task_of_any_shape_is_shown(told):
    form = shown(read_task({**DONE, **told}))
    assert "<b>" not in form.html
    assert "\x1b" not in form.text


def test_a_list_of_models_shows_their_ways_and_one_model_its_hyper_parameters():
    assert "PostPretrain" in shown(MODELS).text
    one = shown(type(MODELS)(MODELS[:1]), "zh").text
    assert "SFT · LoRA" in one
    assert "1e-06 – 0.001" in one
    assert "学习率" in one


def test_a_plan_shows_everything_that_is_sent_and_what_is_a_default():
    request = TuningRequest(
        "cats",
        "ERNIE-Speed-8K",
        {"ds-1": 0.5},
        "SFT",
        "LoRA",
        10,
        "",
        "",
        {"seed": 1},
        {"epoch": 3},
    )
    plan = make_plan(request, MODELS)
    text = shown(plan).text
    rows = dict(line.split(maxsplit=1) for line in text.splitlines() if "  " in line)
    assert rows["epoch"] == "3"
    assert rows["loraRank"] == "8 (default)"
    assert rows["data"] == "ds-1 × 0.5"
    assert rows["seed"] == "1"
    assert set(plan.hyper_parameters) <= set(rows)


def test_a_task_that_is_done_shows_its_metrics_and_the_curve_of_its_loss():
    form = shown(read_task(DONE))
    assert "16.56%" in form.text
    assert "training loss █▁ 1.5 → 0.5 (step 64 – 128)" in form.text
    assert "<svg" in form.html
    assert "https://console.bce.baidu.com/qianfan/visualdl" in form.text
    assert "<b>cats" not in form.html


@pytest.mark.parametrize(
    "told",
    [
        TOLD,
        {**DONE, "checkpointList": DONE["checkpointList"][:1]},
        {**DONE, "checkpointList": [{"step": 1}, {"step": 2, "perplexity": 2}]},
        {**DONE, "checkpointList": None, "metrics": "none"},
        {},
    ],
)
def test_without_two_losses_there_is_no_curve(told):
    form = shown(read_task(told))
    assert "<svg" not in form.html
    assert "loss" not in form.text


def test_very_many_checkpoints_are_a_curve_that_a_page_can_bear():
    points = [{"step": step, "trainingLoss": 1 / (step + 1)} for step in range(6_000)]
    form = shown(read_task({**DONE, "checkpointList": points}))
    assert len(form.html) < 50_000
    assert max(map(len, form.text.splitlines())) < 200
    assert "(step 0 – 5999)" in form.text


def test_states_are_told_in_words_and_unknown_ones_as_they_are():
    states = ["Waiting", "Running", "Done", "Failed", "Stopped", "Frozen"]
    tasks = TuningTasks(read_task({**TOLD, "runStatus": state}) for state in states)
    text = shown(tasks, "zh").text
    for word in ("排队", "运行中 40%", "完成", "失败", "已停止", "Frozen"):
        assert word in text
    assert [task.is_over for task in tasks] == [False, False, True, True, True, True]


def test_what_the_emulator_made_up_says_so():
    task = replace(read_task(DONE), is_simulated=True)
    assert "not a real model" in shown(task).text
    assert "visualdl" not in shown(task).text  # it has no such page
    model = PublishedModel("am-1", "amv-1", "cats", "Ready", "task-1", True, True)
    assert "V1 控制台" in shown(model, "zh").html
    assert "非真实模型" in shown(model, "zh").html


def test_a_job_without_tasks_is_shown_below_those_with_tasks():
    job = TuningJob("job-2", "dogs", "ERNIE-Lite-8K-0308", "DPO")
    table = shown(TuningOverview((job,), (read_task(TOLD),), 30)).text
    assert table.index("task-1") < table.index("dogs · job-2")
    assert "the newest 1 of 30 jobs" in table
    assert "1 job" in shown(TuningJobs([job])).text


def test_hyper_parameters_are_described_in_the_language_that_is_set():
    for model in MODELS:
        for method in model.methods:
            for parameter in method.hyper_parameters:
                row = _describe_hyper_parameter(parameter, "en")
                assert row[3], parameter.key
                assert "".join(row).isascii() or "–" in row[1], row
    last = type(MODELS)(MODELS[-1:])
    english, chinese = shown(last).text, shown(last, "zh").text
    assert "passes over the training data" in english
    assert "训练集被完整学习的次数" in chinese


def test_a_hyper_parameter_without_english_words_keeps_the_service_s():
    parameter = replace(MODELS[0].methods[0].hyper_parameters[0], key="newOne")
    assert "迭代轮次" in _describe_hyper_parameter(parameter, "en")[3]


def test_a_task_s_moments_are_the_user_s(monkeypatch):
    task = replace(read_task(DONE, is_simulated=True), created="2026-11-28T16:46:43Z")
    text = shown(task).text
    assert "16:46:43Z" not in text
    assert re.search(r"created +2026-11-2[789] \d\d:46:43", text)
