"""The kinds of things that an account has on a service, by their nouns and by how they are listed,
and the fields of requests that name one by its id.
"""

from __future__ import annotations

from typing import NamedTuple

from ernie_magic.text.language import Text


class Kind(NamedTuple):
    """A kind of things that have names or ids.

    Attributes
    ----------
    noun : Text
        What one is called; in English its plural ends in "s".
    list_all : Text
        How all of them are listed: "%ernie apps lists them all".
    """

    noun: Text
    list_all: Text


def _listed_by(noun: Text, call: str) -> Kind:
    return Kind(noun, Text("{call} 列出全部", "{call} lists them all").fill(call=call))


APP = _listed_by(Text("应用", "application"), "%ernie apps")
BATCH = _listed_by(Text("批量任务", "batch"), "%ernie batches")
DATASET = _listed_by(Text("数据集", "dataset"), "%ernie datasets")
KNOWLEDGE_BASE = _listed_by(Text("知识库", "knowledge base"), "%ernie knowledge")
SERVICE = _listed_by(Text("服务", "service"), "%ernie services")
_DATASET_VERSION = _listed_by(
    Text("数据集版本", "dataset version"), "ernie.datasets.get(…).versions"
)
_DOCUMENT = _listed_by(Text("文档", "document"), "ernie.knowledge.documents(…)")
_FILE = _listed_by(Text("文件", "file"), "ernie.files.list()")
_INFERENCE_TASK = _listed_by(Text("批量推理任务", "inference task"), "ernie.batch_inference.list()")
_JOB = _listed_by(Text("调优作业", "tuning job"), "%ernie tuning")
_MODEL = _listed_by(Text("自己的模型", "own model"), "%ernie models --mine")
_MODEL_VERSION = _listed_by(Text("模型版本", "model version"), "%ernie models --mine")
_TEMPLATE = _listed_by(Text("提示词模板", "prompt template"), "%ernie template list --remote")
_TUNING_TASK = _listed_by(Text("调优任务", "tuning task"), "%ernie tuning")
_TRANSFER = Kind(
    Text("导入或导出任务", "import or export task"),
    Text("用导入、导出时返回的 ID", "use the id that the import or export returned"),
)
# By the group of the action, "" for all others, and the field.
_FIELDS = {
    ("", "app_id"): APP,
    ("", "batch_id"): BATCH,
    ("", "datasetId"): DATASET,
    ("", "documentId"): _DOCUMENT,
    ("", "documentIds"): _DOCUMENT,
    ("", "file_id"): _FILE,
    ("", "input_file_id"): _FILE,
    ("", "jobId"): _JOB,
    ("", "knowledgeBaseId"): KNOWLEDGE_BASE,
    ("", "knowledgebase_ids"): KNOWLEDGE_BASE,
    ("", "modelId"): _MODEL_VERSION,
    ("", "modelSetId"): _MODEL,
    ("", "serviceId"): SERVICE,
    ("", "templateId"): _TEMPLATE,
    ("", "versionId"): _DATASET_VERSION,
    ("app", "id"): APP,
    ("batchinference", "taskId"): _INFERENCE_TASK,
    ("dataset", "taskId"): _TRANSFER,
    ("finetuning", "taskId"): _TUNING_TASK,
    ("knowledgeBase", "id"): KNOWLEDGE_BASE,
    ("knowledgebases", "id"): KNOWLEDGE_BASE,
}


def kind_named_by(group: str, field: str) -> Kind | None:
    """Return what a field of a request names by its id; None where it names nothing known.

    Parameters
    ----------
    group
        Of the platform's action: "finetuning"; "" for a request of another kind.
    field
    """
    return _FIELDS.get((group, field)) or _FIELDS.get(("", field))
