"""Services and models of a user's own on Qianfan, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.notebook.display.html_table import Table
from ernie_magic.notebook.display.origin import with_origin
from ernie_magic.text.language import Text, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.qianfan.services.group import OwnModel, PlatformService
    from ernie_magic.text.language import Language

_SERVICE_HEADERS = {
    "zh": ["服务", "状态", "类型", "基础模型", "调用名", "地址"],
    "en": ["service", "state", "type", "base model", "endpoint", "address"],
}
_MODEL_HEADERS = {
    "zh": ["模型", "状态", "来源", "基础模型", "版本", "调用名"],
    "en": ["model", "state", "source", "base model", "version", "endpoint"],
}
_DETAIL_HEADERS = {"zh": ["项目", "值"], "en": ["field", "value"]}
_SERVICES = counted("个自己部署的服务", "service of your own", "services of your own")
_PRESET = counted("个预置服务", "preset service")
_MODELS = counted("个自己的模型版本", "version of your own models", "versions of your own models")
_OWN = Text("自己部署的", "deployed by you")
_PLATFORM_S = Text("平台预置", "preset by the platform")
_USE_ONE = Text(
    "{services}；使用其中一个：%ernie use endpoint 名称",
    "{services}; to use one: %ernie use endpoint NAME",
)
_NO_MODELS = Text(
    "{models}；调优任务发布后出现在这里",
    "{models}; a tuning task that was published appears here",
)


def services_table(services: Sequence[PlatformService], language: Language) -> Table:
    """The user's own services, then the platform's, which are folded."""
    own = [service for service in services if not service.is_preset]
    preset = [service for service in services if service.is_preset]
    headings = {}
    if own and preset:
        headings[0] = _OWN.say(language)
    folded = len(preset) if own else 0
    if preset and not own:
        headings[0] = _PLATFORM_S.say(language)
    note = _USE_ONE.fill(services=_SERVICES.fill(len(own))).say(language)
    return Table(
        _SERVICE_HEADERS[language],
        [_service_row(service) for service in (*own, *preset)],
        with_origin(note, services, language),
        headings,
        folded,
        _PRESET.say(language, len(preset)),
    )


def service_table(service: PlatformService, language: Language) -> Table:
    """All that is known of one service."""
    labels = _SERVICE_HEADERS[language]
    rows = [[label, value] for label, value in zip(labels, _service_row(service), strict=True)]
    rows.append([Text("原因", "reason").say(language), service.reason])
    rows.append(["id", service.id])
    rows.append([Text("模型版本", "model version").say(language), service.model_id])
    note = with_origin("", [service], language)
    return Table(_DETAIL_HEADERS[language], [row for row in rows if row[1]], note)


def own_models_table(models: Sequence[OwnModel], language: Language) -> Table:
    """The versions of the user's own models."""
    rows = [
        [
            model.name,
            model.state,
            model.source,
            model.base_model,
            model.id,
            ", ".join(model.endpoints),
        ]
        for model in models
    ]
    note = _NO_MODELS.fill(models=_MODELS.fill(len(models))).say(language)
    note = with_origin(note, models, language)
    return Table(_MODEL_HEADERS[language], rows, note)


def _service_row(service: PlatformService) -> list[str]:
    return [
        service.name,
        service.state,
        service.kind,
        service.base_model,
        service.endpoint,
        service.url,
    ]
