"""`POST /v2/service?Action=…` and V1's `/wenxinworkshop/service/…`: services that were deployed,
and those that are preset.

Sources: "模型服务" (https://cloud.baidu.com/doc/qianfan-api/s/kmm2wd9z1) and the official client
(https://github.com/baidubce/bce-qianfan-sdk, resources/console/service.py). Where the documentation
names no fields of a reply, they are named like those of the others.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.api.catalogue import CATALOGUE
from ernie_magic.api.models import find_model
from ernie_magic.emulator import qianfan_v1
from ernie_magic.emulator.platform.console import (
    PlatformRoute,
    StateMachine,
    Store,
    invalid_field,
)
from ernie_magic.emulator.platform.models import BASE_MODEL, Models, stable_id
from ernie_magic.emulator.platform.state import Deployment
from ernie_magic.emulator.platform.values import FAILING, format_time
from ernie_magic.emulator.refusals import V1_PREFIX, ConsoleRefusal, request_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.emulator.platform.console import PlatformCall

_SUFFIX = re.compile(r"[a-z0-9_-]{1,19}[a-z0-9]")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_NAME_LENGTH = range(2, 21)  # characters
_MAX_QPS = 50
_REGIONS = ("bj", "bd")
_TIMINGS = ("Prepaid", "Postpaid")
_TYPES: dict[Kind, str] = {
    "chat": "chat",
    "completion": "completions",
    "embedding": "embeddings",
    "image": "text2image",
    "rerank": "reranker",
}
_COUNTED = (
    "inputTokensTotal",
    "outputTokensTotal",
    "tokensTotal",
    "succeedCallTotal",
    "failureCallTotal",
    "callTotal",
)
SERVING = "Serving"


@dataclass
class DeployedService:
    """A service that was deployed.

    Attributes
    ----------
    id : str
        `svco-…`.
    number : int
        Its id in V1.
    endpoint : str
        What stands in a call: the console puts eight characters before the user's own.
    """

    id: str
    number: int
    name: str
    endpoint: str
    model_set_id: str
    model_id: str
    base_model: str
    description: str = ""
    resource: dict[str, Any] = field(default_factory=dict)
    payment: str = "Postpaid"
    created: str = field(default_factory=format_time)
    states: StateMachine = field(
        default_factory=lambda: StateMachine(["New", "Deploying", SERVING])
    )


class Services:
    """The services of one emulator."""

    def __init__(self) -> None:
        self.deployed: Store[DeployedService] = Store("svco")
        self.numbers = itertools.count(501)

    def find(self, service_id: object) -> DeployedService:
        """A service by its id or its number in V1.

        Raises
        ------
        ConsoleRefusal
            There is none.
        """
        for service in self.deployed.values():
            if str(service_id) in (service.id, str(service.number)):
                return service
        raise invalid_field("serviceId")


# --- V2 -------------------------------------------------------------------------------------------


def create_service(call: PlatformCall) -> dict[str, Any]:
    """`CreateService`: it is New, then Deploying, then Serving, by looks."""
    name = call.text("name")
    if len(name) not in _NAME_LENGTH:
        raise invalid_field("name")
    resource = _check_resource(call.body.get("resourceConfig"))
    billing = call.body.get("billing") or {}
    timing = billing.get("paymentTiming", "Postpaid") if isinstance(billing, dict) else ""
    if timing not in _TIMINGS:
        raise invalid_field("billing")
    model_id = call.text("modelId")
    service = _deploy(call, name, call.text("urlSuffix"), call.text("modelSetId"), model_id)
    service.description = call.text("description", default="", limit=500)
    service.resource = resource
    service.payment = timing
    return {"serviceId": service.id, "instanceId": service.id.replace("svco", "ins")}


def _check_resource(resource: Any) -> dict[str, Any]:
    if resource is None:
        return {}
    if not isinstance(resource, dict):
        raise invalid_field("resourceConfig")
    qps = resource.get("qps", 1)
    is_possible = isinstance(qps, (int, float)) and 0 < qps <= _MAX_QPS
    if not is_possible or resource.get("region", "bj") not in _REGIONS:
        raise invalid_field("resourceConfig")
    return resource


def _deploy(
    call: PlatformCall,
    name: str,
    suffix: str,
    set_id: str,
    model_id: str,
) -> DeployedService:
    services = call.state_of(Services)
    if not _SUFFIX.fullmatch(suffix):
        raise invalid_field("urlSuffix")
    if any(service.endpoint.endswith(f"_{suffix}") for service in services.deployed.values()):
        raise ConsoleRefusal(400, "InappropriateJSON", "The urlSuffix exists already.")
    prefix = request_id().removeprefix("as-")[:8]
    service = DeployedService(
        services.deployed.new_id(),
        next(services.numbers),
        name,
        f"{prefix}_{suffix}",
        set_id,
        model_id,
        call.state_of(Models).base_model_of(model_id),
    )
    if name == FAILING:
        service.states = StateMachine(["New", "Deploying", "Failed"])
    services.deployed.add(service, service.id)
    return service


def describe_services(call: PlatformCall) -> dict[str, Any]:
    """`DescribeServices`: a page of those that were deployed. Their states do not move."""
    rows = [
        _details(service, service.states.last_seen, call)
        for service in call.state_of(Services).deployed.values()
    ]
    wanted_name = call.text("name", default="")
    kept = [row for row in rows if wanted_name in row["name"] and _is_wanted(row, call.body)]
    page, info = call.page(kept, "serviceId")
    return {"pageInfo": info, "serviceList": page}


def describe_service(call: PlatformCall) -> dict[str, Any]:
    """`DescribeService`: its state moves with each look."""
    service_id = call.body.get("serviceId")
    for preset in _preset_rows(call):
        if preset["serviceId"] == service_id:
            return preset
    service = call.state_of(Services).find(service_id)
    return _details(service, _look(service, call), call)


def describe_presets(call: PlatformCall) -> dict[str, Any]:
    """`DescribePresetServices`: those that the platform has for everybody."""
    wanted_ids = call.body.get("serviceIds")
    rows = [row for row in _preset_rows(call) if _is_wanted(row, call.body)]
    if isinstance(wanted_ids, list) and wanted_ids:
        rows = [row for row in rows if row["serviceId"] in wanted_ids]
    return {"serviceList": rows}


def describe_metric(call: PlatformCall) -> dict[str, Any]:
    """`DescribeServiceMetric`: nothing was called, as far as anybody counts here."""
    start, end = call.text("startTime"), call.text("endTime")
    for name, value in (("startTime", start), ("endTime", end)):
        if not _TIME.fullmatch(value):
            raise invalid_field(name)
    app_id = call.text("appId", default="app-emulator")
    wanted = call.body.get("serviceId")
    rows = [
        {
            "serviceId": service.id,
            "serviceName": service.name,
            "appList": [{"appId": app_id, "metric": dict.fromkeys(_COUNTED, 0)}],
        }
        for service in call.state_of(Services).deployed.values()
        if not isinstance(wanted, list) or service.id in wanted
    ]
    return {"startTime": start, "endTime": end, "serviceList": rows}


def modify_service(call: PlatformCall) -> dict[str, Any]:
    """`ModifyService`: another version of a model, which is deployed anew."""
    service = call.state_of(Services).find(call.body.get("serviceId"))
    service.model_set_id = call.text("modelSetId")
    service.model_id = call.text("modelId")
    service.base_model = call.state_of(Models).base_model_of(service.model_id)
    service.states = StateMachine(["Deploying", SERVING])
    return {"serviceId": service.id}


def _look(service: DeployedService, call: PlatformCall) -> str:
    """Look at a service: once it serves it can be called."""
    status = service.states.look()
    call.platform.deployments.pop(service.endpoint, None)
    if status == SERVING:
        stand_in = find_model(service.base_model)  # some models are only tuned, not called
        answering = stand_in.id if stand_in else BASE_MODEL
        deployment = Deployment(service.name, answering, _type_of(service.base_model))
        call.platform.deployments[service.endpoint] = deployment
    return status


def _is_wanted(row: dict[str, Any], body: dict[str, Any]) -> bool:
    """Whether a row passes the filters of a request; an empty one wants everything."""
    for name in ("serviceType", "runStatus", "chargeType", "chargeStatus", "payType"):
        wanted = body.get(name) or []
        if not isinstance(wanted, list):
            wanted = [wanted]
        if wanted and row[name] not in wanted:
            return False
    return True


def _type_of(base_model: str) -> str:
    for model in CATALOGUE:
        if model.id == base_model:
            return _TYPES[model.kind]
    return "chat"


def _details(service: DeployedService, status: str, call: PlatformCall) -> dict[str, Any]:
    kind = _type_of(service.base_model)
    return {
        "serviceId": service.id,
        "modelSetId": service.model_set_id,
        "modelId": service.model_id,
        "baseModel": service.base_model,
        "name": service.name,
        "description": service.description,
        "url": f"{call.server_url}{V1_PREFIX}/{kind}/{service.endpoint}",
        "endpoint": service.endpoint,
        "serviceType": kind,
        "runStatus": status,
        "updateStatus": "None",
        "chargeType": "ComputingUnit",
        "payType": service.payment,
        "chargeStatus": "Opened",
        "resourceConfig": service.resource,
        "createTime": service.created,
    }


def _preset_rows(call: PlatformCall) -> list[dict[str, Any]]:
    return [
        {
            "serviceId": stable_id("svco", model.id),
            "modelSetId": stable_id("am", model.id),
            "modelId": stable_id("amv", model.id),
            "baseModel": model.id,
            "name": model.id,
            "description": "",
            "url": f"{call.server_url}/v2",
            "endpoint": model.id,
            "serviceType": _TYPES[model.kind],
            "runStatus": SERVING,
            "updateStatus": "None",
            "chargeType": "Tokens",
            "payType": "Postpaid",
            "chargeStatus": "Opened",
            "createTime": "2025-01-01T00:00:00Z",
        }
        for model in CATALOGUE
        if model.v2 and model.kind in _TYPES
    ]


# --- V1 -------------------------------------------------------------------------------------------


def apply_service(call: PlatformCall) -> dict[str, Any]:
    """`service/apply`."""
    services = call.state_of(Services)
    models = call.state_of(Models)
    name = call.text("name", limit=50)
    version = models.find_version(call.body.get("modelVersionId"), "modelVersionId")
    service = _deploy(call, name, call.text("uri"), version.set_id, version.id)
    service.description = call.text("description", default="", limit=500)
    return {"result": True, "serviceId": services.find(service.id).number}


def service_detail(call: PlatformCall) -> dict[str, Any]:
    """`service/detail`."""
    service = call.state_of(Services).find(call.body.get("serviceId"))
    status = _look(service, call)
    kind = _type_of(service.base_model)
    return {
        "id": service.number,
        "modelId": service.model_id,
        "modelName": service.base_model,
        "name": service.name,
        "uri": service.endpoint,
        "fullUri": f"{call.server_url}{V1_PREFIX}/{kind}/{service.endpoint}",
        "serviceStatus": "Done" if status == SERVING else status,
        "applyStatus": "Done",
        "onlineTime": service.created,
        "payType": service.payment,
        "qps": service.resource.get("qps", 1),
        "description": service.description,
    }


def list_services(call: PlatformCall) -> dict[str, Any]:
    """`service/list`: the platform's own and the user's."""
    groups = qianfan_v1.build_service_list(call.server_url)
    for service in call.state_of(Services).deployed.values():
        row = _details(service, service.states.last_seen, call)
        version = {"trainType": "", "serviceStatus": row["runStatus"]}
        groups["custom"].append(
            {
                "name": service.name,
                "url": row["url"],
                "apiType": row["serviceType"],
                "baseModel": service.base_model,
                "chargeStatus": "OPENED",
                "versionList": [version],
            }
        )
    wanted = call.body.get("apiTypefilter")
    if not isinstance(wanted, list) or not wanted:
        return groups
    return {
        name: [row for row in rows if row["apiType"] in wanted] for name, rows in groups.items()
    }


ACTIONS: dict[str, Callable[[PlatformCall], Any]] = {
    "CreateService": create_service,
    "DescribeServices": describe_services,
    "DescribeService": describe_service,
    "DescribeServiceMetric": describe_metric,
    "ModifyService": modify_service,
    "DescribePresetServices": describe_presets,
}
_V1 = "/wenxinworkshop/service/"
ROUTES: tuple[PlatformRoute, ...] = (
    PlatformRoute("POST", f"{_V1}apply", apply_service),
    PlatformRoute("POST", f"{_V1}detail", service_detail),
    PlatformRoute("POST", f"{_V1}list", list_services),
)
