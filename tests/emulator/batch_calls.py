"""Calls of the official client's batch inference.

Run by `tests.emulator.qianfan_calls`, which has loaded the client.
"""

from qianfan.resources import Data


def call_all(said):
    created = Data.create_offline_batch_inference_task(
        "rows", "bos:/bucket/in/", "bos:/bucket/out/", endpoint="ernie-speed-8k"
    )["result"]
    looks = [Data.get_offline_batch_inference_task(created["taskId"])["result"] for _ in range(4)]
    listed = Data.list_offline_batch_inference_task(run_status=["Done"])["result"]
    other = Data.create_offline_batch_inference_task(
        "more", "bos:/bucket/in/", "bos:/bucket/out/", model_id="amv-1"
    )["result"]
    said(
        "batch inference",
        states=[look["runStatus"] for look in looks],
        listed=created["taskId"] in [task["taskId"] for task in listed["taskList"]],
        stopped=Data.stop_offline_batch_inference_task(other["taskId"])["result"],
    )
