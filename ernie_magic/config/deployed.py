"""Services that a person deployed on Qianfan, by their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.api.catalogue import Kind
    from ernie_magic.config.services import Service

# The setting that names a deployed service, by kind of call.
_ENDPOINTS: dict[Kind, str] = {
    "chat": "endpoint",
    "image": "image_endpoint",
    "embedding": "embedding_endpoint",
}
# The name of a service that a person deployed, as it stands in an address.
_SERVICE_NAME = re.compile(r"[\w.-]+")
_NO_DEPLOYMENTS = Text("{service} 没有自己部署的服务", "{service} has no services of your own")
_FOR_QIANFAN = Text(
    "endpoint 用于千帆：%ernie use qianfan-v1",
    "an endpoint is for Qianfan: %ernie use qianfan-v1",
)
_UNSET_ENDPOINT = Text(
    "endpoint 用于千帆：%ernie use qianfan-v1；取消设置：%ernie config {name} default",
    "an endpoint is for Qianfan: %ernie use qianfan-v1; to unset it: %ernie config {name} default",
)


def check_endpoint_name(name: object) -> str:
    """Return the name of a service that a person deployed.

    Raises
    ------
    InvalidOption
        It is an address, or no name at all.
    """
    if isinstance(name, str) and _SERVICE_NAME.fullmatch(name):
        return name
    raise InvalidOption(
        Text(
            "endpoint 是服务名，不是地址：{name}",
            "endpoint is a service's name, not an address: {name}",
        ).fill(name=f"{name!s:.60}"),
        advice=Text(
            "填服务地址末尾的名称；网址填进 base_url",
            "use the name at the end of the service's address; an address is base_url",
        ),
    )


def configured_endpoint(kind: Kind, settings: object) -> str:
    """Return the deployed service that the settings name for a kind of call, "" for none."""
    if kind not in _ENDPOINTS:
        return ""
    return str(getattr(settings, _ENDPOINTS[kind]))


def choose_endpoint(
    kind: Kind,
    settings: object,
    service: Service,
    model: str | None,
    endpoint: str = "",
) -> str:
    """Return the deployed service that a call asks: the one it names; else, unless it names a
    model, the setting's; "" for none.

    Raises
    ------
    InvalidOption
        It is no name, or the service has no deployed services.
    """
    advice = _FOR_QIANFAN
    if not (endpoint or model):
        endpoint = configured_endpoint(kind, settings)
        advice = _UNSET_ENDPOINT.fill(name=_ENDPOINTS.get(kind, ""))
    if not endpoint:
        return ""
    check_endpoint_name(endpoint)
    if not service.has_deployments:
        raise InvalidOption(_NO_DEPLOYMENTS.fill(service=service.label), advice=advice)
    return endpoint
