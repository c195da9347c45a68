"""Calls of the official client's tuning, V1 and V2, and its trainer from data to the published model.

Run by `tests.emulator.qianfan_calls`, which has loaded the client.
"""

from qianfan.resources import FineTune
from qianfan.resources.console.consts import TrainParameterScale

DATA = "bos:/a-bucket/cats/train"


def call_v1(said):
    task = FineTune.create_task("cats", "ERNIE-Speed", "ERNIE-Speed-8K")["result"]
    job = FineTune.create_job(
        {
            "taskId": task["id"],
            "baseTrainType": "ERNIE-Speed",
            "trainType": "ERNIE-Speed-8K",
            "trainMode": "SFT",
            "peftType": "LoRA",
            "trainConfig": {"epoch": 1, "learningRate": 0.00003, "maxSeqLen": 4096},
            "trainset": [{"type": 1, "id": 12563}],
            "trainsetRate": 20,
        }
    )["result"]
    details = FineTune.get_job(task["id"], job["id"])["result"]
    stopped = FineTune.stop_job(task["id"], job["id"])["result"]
    said("tuning v1", status=details["trainStatus"], stopped=stopped)


def call_v2(said):
    models = FineTune.V2.supported_models()["result"]
    job = FineTune.V2.create_job("cats", "ERNIE-Speed-8K", "SFT")["result"]
    task = FineTune.V2.create_task(
        job["jobId"],
        TrainParameterScale.LoRA,
        {"epoch": 1},
        {"sourceType": "Platform", "versions": [{"versionId": "ds-1"}], "splitRatio": 20},
    )["result"]
    details = FineTune.V2.task_detail(task["taskId"])["result"]
    listed = FineTune.V2.task_list(job["jobId"])["result"]["taskList"]
    jobs = FineTune.V2.job_list(train_model="SFT", max_keys=100)["result"]["jobList"]
    said(
        "tuning v2",
        models=[model["model"] for model in models],
        progress=details["runProgress"],
        tasks=[each["taskId"] for each in listed] == [task["taskId"]],
        jobs=job["jobId"] in [each["jobId"] for each in jobs],
        stopped=FineTune.V2.stop_task(task["taskId"])["result"],
        deleted=[
            FineTune.V2.delete_task(task["taskId"])["result"],
            FineTune.V2.delete_job(job["jobId"])["result"],
        ],
    )


def call_trainer(said):
    from qianfan.trainer import LLMFinetune
    from qianfan.trainer.configs import TrainConfig

    config = TrainConfig(peft_type="LoRA", epoch=2, learning_rate=0.0003, lora_rank=4)
    trainer = LLMFinetune(
        train_type="ERNIE-Speed-8K",
        dataset_bos_path=DATA,
        train_config=config,
    )
    # `trainer.run()` does the same, and looks every ten seconds whether that has ended.
    output = trainer.ppls[0].exec_from({})
    said(
        "trainer",
        metrics=sorted(output["metrics"]),
        model=[output["model_set_id"][:3], output["model_id"][:4]],
        steps=[each["step"] for each in output["checkpoints"]],
    )


def call_all(said):
    call_v1(said)
    call_v2(said)
    call_trainer(said)
