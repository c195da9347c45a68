"""Which deployed service a session uses from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.calls.task_states import has_failed, with_reason
from ernie_magic.config.deployed import check_endpoint_name, choose_endpoint
from ernie_magic.config.services import LOCAL
from ernie_magic.errors import InvalidOption, MissingKey
from ernie_magic.qianfan.services.group import PlatformService
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.client import Client
    from ernie_magic.qianfan.services.group import Services

# The setting that names a service, by its kind.
_SETTINGS = {"text2image": "image_endpoint", "embeddings": "embedding_endpoint"}
_CHAT_SETTING = "endpoint"


def find_endpoint(
    client: Client,
    services: Services,
    name: str,
) -> tuple[PlatformService, str]:
    """Return a deployed service, and the setting that makes calls use it.

    Parameters
    ----------
    name
        Its name, its endpoint or its id.

    Raises
    ------
    InvalidOption
        There is none, it does not serve, or the service in use has none.
    ErnieError
    """
    settings = client.settings
    service = settings.choose_service()
    if service is LOCAL or not service.has_deployments:
        # On a server of the user's own a name is all there is.
        endpoint = client.localizing_errors(
            lambda: choose_endpoint("chat", settings, service, None, name)
        )
        return PlatformService("", endpoint, endpoint=endpoint), _CHAT_SETTING
    try:
        found = services.get(name)
    except MissingKey:  # with an API key alone it can be called, but not looked up
        endpoint = client.localizing_errors(lambda: check_endpoint_name(name))
        return PlatformService("", endpoint, endpoint=endpoint), _CHAT_SETTING
    if not found.is_serving:
        raise client.with_language(_not_serving_error(found))
    return found, _SETTINGS.get(found.kind, _CHAT_SETTING)


def _not_serving_error(service: PlatformService) -> InvalidOption:
    if has_failed(service.state):
        return InvalidOption(
            Text("{name} 不能调用：{state}", "{name} cannot be called: {state}").fill(
                name=service.name, state=with_reason(service.state, service.reason)
            ),
            advice=Text(
                "在千帆控制台处理，或换一个：%ernie services",
                "see to it in Qianfan's console, or use another one: %ernie services",
            ),
        )
    return InvalidOption(
        Text("{name} 还不能调用：{state}", "{name} cannot be called yet: {state}").fill(
            name=service.name, state=service.state
        ),
        advice=Text(
            '等它就绪：ernie.services.watch("{name}")',
            'to wait for it: ernie.services.watch("{name}")',
        ).fill(name=service.name),
    )
