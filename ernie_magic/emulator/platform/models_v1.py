"""V1's models, `POST /wenxinworkshop/modelrepo/…`: the same as V2's, by numbers too.

Source: the official client (https://github.com/baidubce/bce-qianfan-sdk,
resources/console/model.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.emulator.platform.console import PlatformRoute, invalid_field
from ernie_magic.emulator.platform.models import Models, tuned_model

if TYPE_CHECKING:
    from ernie_magic.emulator.platform.console import PlatformCall
    from ernie_magic.emulator.platform.models import ModelSet, ModelVersion


def model_detail(call: PlatformCall) -> dict[str, Any]:
    """`modelDetail`: a model with its versions."""
    models = call.state_of(Models)
    model_set = models.find_set(call.body.get("modelId"), "modelId")
    versions = [
        {**_version_fields(models, version, version.states.current), "version": str(number)}
        for number, version in enumerate(reversed(models.versions_of(model_set.id)), start=1)
    ]
    return {
        "modelId": model_set.number,
        "modelIdStr": model_set.id,
        "modelName": model_set.name,
        "source": model_set.source,
        "createTime": model_set.created,
        "modelVersionList": versions,
    }


def version_detail(call: PlatformCall) -> dict[str, Any]:
    """`modelVersionDetail`: a version, which moves with each look."""
    models = call.state_of(Models)
    version = models.find_version(call.body.get("modelVersionId"), "modelVersionId")
    return {
        **_version_fields(models, version, version.states.look()),
        "sourceExtra": {
            "trainSourceExtra": {
                # V2's words; with `Str`, V1's own for the same.
                "taskId": version.task_id,
                "runId": version.job_id,
                "taskIdStr": version.job_id,
                "runIdStr": version.task_id,
                "iterationVersion": 1,
            }
        },
        "params": "{}",
    }


def publish_model(call: PlatformCall) -> dict[str, Any]:
    """`publishTrainModel`: V1's "task" is V2's job, and its "iteration" V2's task."""
    models = call.state_of(Models)
    meta = call.body.get("versionMeta")
    if not isinstance(meta, dict) or not meta.get("taskId") or not meta.get("iterationId"):
        raise invalid_field("versionMeta")
    if call.body.get("isNewModel"):
        model_set = models.add_set(call.text("modelName", limit=50))
    else:
        model_set = models.find_set(call.body.get("modelId"), "modelId")
    version = models.publish(
        model_set,
        "Train",
        base_model=tuned_model(call, meta["iterationId"]),
        job_id=str(meta["taskId"]),
        task_id=str(meta["iterationId"]),
    )
    return {
        "modelIDStr": model_set.id,
        "modelId": model_set.number,
        "version": str(len(models.versions_of(model_set.id))),
        "versionId": version.number,
        "versionIdStr": version.id,
    }


def list_presets(call: PlatformCall) -> dict[str, Any]:
    """`model/preset/list`."""
    models = call.state_of(Models)
    return _numbered_sets(call, models, models.preset_sets)


def list_own(call: PlatformCall) -> dict[str, Any]:
    """`model/user/list`."""
    models = call.state_of(Models)
    return _numbered_sets(call, models, models.sets.values())


def _numbered_sets(call: PlatformCall, models: Models, sets: list[ModelSet]) -> dict[str, Any]:
    sought = call.text("nameFilter", default="")
    rows = [
        {
            "modelId": model_set.number,
            "modelIdStr": model_set.id,
            "modelName": model_set.name,
            "versionCount": len(models.versions_of(model_set.id)),
            "createTime": model_set.created,
        }
        for model_set in sets
        if sought in model_set.name
    ]
    return {"total": len(rows), "items": call.numbered_page(rows)}


def delete_own(call: PlatformCall) -> bool:
    """`model/batchDelete`."""
    models = call.state_of(Models)
    for each in _ids(call, "modelIDs"):
        model_set = models.sets.remove(models.find_set(each, "modelIDs").id, "modelIDs")
        for version in models.versions_of(model_set.id):
            models.versions.remove(version.id, "modelIDs")
    return True


def delete_versions(call: PlatformCall) -> bool:
    """`model/version/batchDelete`."""
    models = call.state_of(Models)
    for each in _ids(call, "modelVersionIds"):
        version = models.find_version(each, "modelVersionIds")
        models.versions.remove(version.id, "modelVersionIds")
    return True


def _ids(call: PlatformCall, name: str) -> list[Any]:
    given = call.body.get(name)
    if not isinstance(given, list) or not given:
        raise invalid_field(name)
    return given


def _version_fields(models: Models, version: ModelVersion, state: str) -> dict[str, Any]:
    return {
        "modelId": models.find_set(version.set_id).number,
        "modelIdStr": version.set_id,
        "modelName": version.name,
        "modelVersionId": version.number,
        "modelVersionIdStr": version.id,
        "version": "1",
        "sourceType": version.source,
        "state": state,
        "description": version.description,
        "createTime": version.created,
    }


_V1 = "/wenxinworkshop/modelrepo/"
ROUTES: tuple[PlatformRoute, ...] = (
    PlatformRoute("POST", f"{_V1}modelDetail", model_detail),
    PlatformRoute("POST", f"{_V1}modelVersionDetail", version_detail),
    PlatformRoute("POST", f"{_V1}publishTrainModel", publish_model),
    PlatformRoute("POST", f"{_V1}model/preset/list", list_presets),
    PlatformRoute("POST", f"{_V1}model/user/list", list_own),
    PlatformRoute("POST", f"{_V1}model/batchDelete", delete_own),
    PlatformRoute("POST", f"{_V1}model/version/batchDelete", delete_versions),
)
