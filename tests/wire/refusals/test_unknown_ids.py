"""Ids that a service does not know, in errors of its own words."""

import pytest

from ernie_magic.errors import BadRequest
from ernie_magic.text.language import Text
from ernie_magic.wire.refusals.unknown_ids import explain_unknown_id
from ernie_magic.wire.request import Form, WireRequest

INVALID = "The request param[{field}] invalid."


def refused(message, status=400):
    return BadRequest(Text("不行", "no"), status=status, message=message)


def explain(error, path, body=None, **given):
    method = given.pop("method", "POST")
    is_about = explain_unknown_id(error, WireRequest(method, path, body, **given))
    assert is_about is (error.what.en != "no")
    return error.line("en")


@pytest.mark.parametrize(
    ("group", "action", "field", "noun", "advice"),
    [
        ("finetuning", "DescribeFineTuningTask", "taskId", "tuning task", "%ernie tuning"),
        ("finetuning", "DescribeFineTuningTasks", "jobId", "tuning job", "%ernie tuning"),
        ("service", "DescribeService", "serviceId", "service", "%ernie services"),
        ("model", "DescribeModel", "modelId", "model version", "%ernie models --mine"),
        ("dataset", "DescribeDataset", "datasetId", "dataset", "%ernie datasets"),
        ("dataset", "DescribeImportTask", "taskId", "import or export task", "returned"),
        ("batchinference", "DescribeBatchInferenceTask", "taskId", "inference task", "list()"),
        ("knowledgeBase", "DescribeKnowledgeBase", "id", "knowledge base", "%ernie knowledge"),
        ("app", "DescribeApp", "id", "application", "%ernie apps"),
    ],
)
def test_an_id_that_the_platform_does_not_know_is_told_with_where_the_right_ones_are(
    group, action, field, noun, advice
):
    path = f"/v2/{group}?Action={action}"
    line = explain(refused(INVALID.format(field=field)), path, {field: "typo-1"})
    assert line.startswith(f"there is no {noun} typo-1 (the service said: The request param[")
    assert advice in line
    assert "state" not in line


def test_what_changes_something_may_be_refused_for_its_state():
    path = "/v2/finetuning?Action=StopFineTuningTask"
    line = explain(refused(INVALID.format(field="taskId")), path, {"taskId": "task-1"})
    assert "or its state does not allow this now" in line


def test_an_upload_names_its_knowledge_base_in_its_form():
    form = Form((), {"payload": '{"id": "kb-1"}'})
    path = "/v2/knowledgeBase?Action=UploadDocuments&clientToken=1"
    line = explain(refused(INVALID.format(field="id")), path, form=form)
    assert line.startswith("there is no knowledge base kb-1")


@pytest.mark.parametrize(
    ("path", "message", "told"),
    [
        ("/batches/batch_1", "No batch found with id 'batch_1'.", "there is no batch batch_1"),
        ("/v1/batches/batch_1/cancel", "batch does not exist", "there is no batch batch_1"),
        ("/v2/files/file%2F1/content", "No such File object", "there is no file file/1"),
        ("/files/file-1", "文件不存在", "there is no file file-1"),
    ],
)
def test_files_and_batches_are_named_in_the_path(path, message, told):
    assert explain(refused(message, 404), path, method="GET").startswith(told)


def test_a_file_is_named_in_the_body_of_a_batch():
    line = explain(refused("No such File object: f-1", 404), "/batches", {"input_file_id": "f-1"})
    assert line.startswith("there is no file f-1")


@pytest.mark.parametrize(
    ("message", "status", "path", "body"),
    [
        ("Not Found", 404, "/v1/batches/batch_1", None),
        ("404 page not found", 404, "/v1/chat/completions", {"model": "m"}),
        (INVALID.format(field="name"), 400, "/v2/dataset?Action=X", {"datasetId": "dg-1"}),
        ("taskId is being processed", 400, "/v2/finetuning?Action=X", {"taskId": "task-1"}),
        ("quota exceeded", 400, "/v2/finetuning?Action=X", {"taskId": "task-1"}),
        (INVALID.format(field="taskId"), 400, "/v2/finetuning?Action=X", {"taskId": None}),
        ("", 404, "/v2/finetuning?Action=X", {"taskId": "task-1"}),
    ],
)
def test_what_is_about_something_else_is_left_alone(message, status, path, body):
    assert explain(refused(message, status), path, body).startswith("no.")
