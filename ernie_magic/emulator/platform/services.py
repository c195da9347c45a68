"""`POST /v2/service?Action=…`: services that were deployed, and those that are preset.

Source: "模型服务" (https://cloud.baidu.com/doc/qianfan-api/s/kmm2wd9z1) and the official client
(https://github.com/baidubce/bce-qianfan-sdk, resources/console/service.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.emulator.platform.console import (
    PlatformRoute,
    StateMachine,
    Store,
    invalid_field,
)
from ernie_magic.emulator.platform.values import format_time
from ernie_magic.emulator.refusals import ConsoleRefusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.emulator.platform.console import PlatformCall

_SUFFIX = re.compile(r"[a-z0-9_-]{1,19}[a-z0-9]")
_NAME_LENGTH = range(2, 21)  # characters
_MAX_QPS = 50


@dataclass
class DeployedService:
    """A service that was deployed."""

    id: str
    name: str
    description: str
    model_set_id: str
    model_id: str
    suffix: str
    resource: dict[str, Any]
    payment: str
    created: str
    states: StateMachine


class Services:
    """The services of one emulator."""

    def __init__(self) -> None:
        self.deployed: Store[DeployedService] = Store("svco")


def create_service(call: PlatformCall) -> dict[str, Any]:
    """`CreateService`: it is New, then Deploying, then Serving, by looks."""
    services = call.state_of(Services).deployed
    name = call.text("name")
    suffix = call.text("urlSuffix")
    if len(name) not in _NAME_LENGTH:
        raise invalid_field("name")
    if not _SUFFIX.fullmatch(suffix):
        raise invalid_field("urlSuffix")
    if any(suffix == service.suffix for service in services.values()):
        raise ConsoleRefusal(400, "InappropriateJSON", "The urlSuffix exists already.")
    resource = call.body.get("resourceConfig") or {}
    if not isinstance(resource, dict) or not 0 < resource.get("qps", 1) <= _MAX_QPS:
        raise invalid_field("resourceConfig")
    billing = call.body.get("billing") or {}
    service = DeployedService(
        services.new_id(),
        name,
        call.text("description", default="", limit=500),
        call.text("modelSetId"),
        call.text("modelId"),
        suffix,
        resource,
        str(billing.get("paymentTiming", "Postpaid")),
        format_time(),
        StateMachine(["New", "Deploying", "Serving"]),
    )
    if name == "mock_failed":
        service.states = StateMachine(["New", "Deploying", "Failed"])
    services.add(service, service.id)
    return {"serviceId": service.id, "instanceId": service.id.replace("svco", "ins")}


def describe_services(call: PlatformCall) -> dict[str, Any]:
    """`DescribeServices`: a page of those that were deployed. Their states do not move."""
    rows = [
        _details(service, service.states.current, call)
        for service in call.state_of(Services).deployed.values()
    ]
    wanted_name = call.text("name", default="")
    kept = [row for row in rows if wanted_name in row["name"] and _is_wanted(row, call.body)]
    page, info = call.page(kept, "serviceId")
    return {"pageInfo": info, "serviceList": page}


def describe_service(call: PlatformCall) -> dict[str, Any]:
    """`DescribeService`: its state moves with each look."""
    service = call.state_of(Services).deployed.find(call.body.get("serviceId"), "serviceId")
    return _details(service, service.states.look(), call)


def _is_wanted(row: dict[str, Any], body: dict[str, Any]) -> bool:
    """Whether a row passes the lists of a request, of which an empty one wants everything."""
    for name in ("serviceType", "runStatus"):
        wanted = body.get(name)
        if isinstance(wanted, list) and wanted and row[name] not in wanted:
            return False
    return True


def _details(service: DeployedService, status: str, call: PlatformCall) -> dict[str, Any]:
    return {
        "serviceId": service.id,
        "modelSetId": service.model_set_id,
        "modelId": service.model_id,
        "baseModel": "ERNIE-Speed-8K",
        "name": service.name,
        "description": service.description,
        "url": f"{call.server_url}/v2/chat/completions",
        "endpoint": service.suffix,
        "serviceType": "chat",
        "runStatus": status,
        "updateStatus": "None",
        "chargeType": "ComputingUnit",
        "payType": service.payment,
        "chargeStatus": "Opened",
        "resourceConfig": service.resource,
        "createTime": service.created,
    }


ACTIONS: dict[str, Callable[[PlatformCall], Any]] = {
    "CreateService": create_service,
    "DescribeServices": describe_services,
    "DescribeService": describe_service,
}
ROUTES: tuple[PlatformRoute, ...] = ()
