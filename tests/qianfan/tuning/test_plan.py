"""What a tuning would create, and everything that is wrong with it at once."""

import pytest

from ernie_magic.emulator.platform.tunable_models import list_tunable_models
from ernie_magic.errors import InvalidOption
from ernie_magic.qianfan.datasets.records import DatasetRecord, VersionRecord
from ernie_magic.qianfan.tuning.hyperparameters import read_tunable_models
from ernie_magic.qianfan.tuning.plan import TuningRequest, make_plan

MODELS = read_tunable_models(list_tunable_models())


def plan(data="ds-1", *, name="cats", model="ERNIE-Speed-8K", mode="SFT", scale="", **given):
    split = given.pop("split_ratio", 20)
    job = given.pop("job", "")
    extra = given.pop("extra", {})
    request = TuningRequest(name, model, data, mode, scale, split, "", job, extra, given)
    return make_plan(request, MODELS)


def test_what_is_sent_is_the_given_values_among_the_defaults():
    made = plan(epoch=3, learning_rate=0.0005, model="ernie-speed-8k")
    assert made.job_body() == {"name": "cats", "model": "ERNIE-Speed-8K", "trainMode": "SFT"}
    body = made.task_body("job-1")
    assert body["parameterScale"] == "LoRA"
    assert body["hyperParameterConfig"] == {
        "epoch": 3,
        "learningRate": 0.0005,
        "maxSeqLen": 4096,
        "loggingSteps": 1,
        "warmupRatio": 0.1,
        "weightDecay": 0.01,
        "gradientAccumulationSteps": 0,
        "pseudoSamplingProb": 0,
        "loraRank": 8,
        "loraAllLinear": "True",
    }
    assert made.given == ("epoch", "learningRate")


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        ("ds-1", {"sourceType": "Platform", "versions": [{"versionId": "ds-1"}]}),
        (
            {"ds-1": 0.5, "ds-2": 2},
            {
                "sourceType": "Platform",
                "versions": [
                    {"versionId": "ds-1", "samplingRate": 0.5},
                    {"versionId": "ds-2", "samplingRate": 2},
                ],
            },
        ),
        (
            ["bos:/cats/a.jsonl", "bos://cats/b.jsonl"],
            {
                "sourceType": "Bos",
                "versions": [
                    {"versionBosUri": "bos:/cats/a.jsonl"},
                    {"versionBosUri": "bos:/cats/b.jsonl"},
                ],
            },
        ),
        (
            VersionRecord("ds-9"),
            {"sourceType": "Platform", "versions": [{"versionId": "ds-9"}]},
        ),
        (
            DatasetRecord(
                "dg-1", versions=(VersionRecord("ds-8", number=2), VersionRecord("ds-7", number=1))
            ),
            {"sourceType": "Platform", "versions": [{"versionId": "ds-8"}]},
        ),
    ],
)
def test_data_are_versions_of_datasets_or_files_on_bos(data, sent):
    assert plan(data, split_ratio=0).task_body("job-1")["datasetConfig"] == {
        **sent,
        "splitRatio": 0,
    }


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": " "}, "the job needs a name"),
        ({"model": "ERNIE-Sped-8K"}, "did you mean ERNIE-Speed-8K?"),
        ({"mode": "SFTT"}, "did you mean SFT?"),
        ({"scale": "Lora-2"}, "did you mean LoRA?"),
        ({"mode": "KTO"}, "choices: SFT, PostPretrain, DPO"),
        ({"lerning_rate": 1}, "did you mean learningRate?"),
        ({"saveStep": 64}, "SFT LoRA has no hyper-parameter saveStep"),
        ({"split_ratio": 21}, "give a number in 0 – 20"),
        ({"split_ratio": True}, "split_ratio=True does not fit"),
        ({"data": "dg-1"}, "dg-1 is nothing to train on"),
        ({"data": []}, "there are no data to train on"),
        ({"data": None}, "there are no data to train on"),
        ({"data": ["ds-1", "bos:/a"]}, "cannot be mixed"),
        ({"data": {"ds-1": 11}}, "ds-1=11 does not fit"),
        ({"data": {"ds-1": None}}, "ds-1=None does not fit"),
        ({"extra": {"jobId": "job-1"}}, "extra cannot have jobId"),
        ({"epoch": 1, "Epoch": 2}, "epoch is given twice"),
        ({"learning_rate": 1e-5, "learningRate": 1e-5}, "learningRate is given twice"),
        ({"job": "task-1"}, "task-1 is not the id of a job"),
    ],
)
def test_a_fault_is_told_with_what_to_do(given, told):
    with pytest.raises(InvalidOption) as caught:
        plan(**given)
    assert told in caught.value.line("en")
    assert len(caught.value.problems) == 1


def test_all_faults_are_told_at_once():
    with pytest.raises(InvalidOption) as caught:
        plan(["x"], name="", epoch=0, lora_rank=3, epohc=1, split_ratio=-1)
    assert len(caught.value.problems) == 6
