"""Services and models of a user's own on Qianfan, beside those that are preset.

See "模型服务" and "模型管理" (https://cloud.baidu.com/doc/qianfan-api/s/kmm2wd9z1,
https://cloud.baidu.com/doc/qianfan-api/s/7mnimyrcg).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.account_things import SERVICE
from ernie_magic.api.keywords import check_number, check_texts
from ernie_magic.api.public_names import CallGroup
from ernie_magic.calls.task_states import is_over, reason_in, with_reason
from ernie_magic.errors import InvalidOption
from ernie_magic.qianfan.console import LONG_PAUSE
from ernie_magic.qianfan.creation import check_billing, create_once, created_id
from ernie_magic.qianfan.listing import Listing
from ernie_magic.qianfan.lookup import find_named, name_of
from ernie_magic.runtime.once import awaited, blocking
from ernie_magic.text.language import Text, counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.qianfan.console import Console, PlatformCall
    from ernie_magic.runtime.stream import Stream

GROUP = "service"
MODELS = "model"
SERVING = "Serving"
READY = "Ready"
_FAILED = "Failed"
_NAME_IS_TAKEN = Text(
    "已经有叫“{name}”的服务，部署的是 {model}",
    "there is a service {name!r} already, of {model}",
)
_WATCH_OR_RENAME = Text(
    '换个名称；或用那一个：ernie.services.watch("{name}")',
    'choose another name, or use that one: ernie.services.watch("{name}")',
)
_NAME = re.compile(r".{2,20}")
_SUFFIX = re.compile(r"[a-z0-9_-]{1,19}[a-z0-9]")
_DEFAULT_RESOURCE = "GPU-I-2"  # the official client's
# Percent, as states show no more.
_PROGRESS = {"": 0, "New": 10}
_BEING_DEPLOYED = 50
_WHOLE = 100
_MAX_DESCRIPTION = 500  # characters
_MAX_QPS = 50
_LENGTHS = {"Hour": counted("小时", "hour"), "Month": counted("个月", "month")}
_DEPLOYING = Text("部署", "deployment")
_NAMED = Text("服务“{name}”", "the service {name!r}")
_LIST_FIRST = Text(
    "再次部署之前先用 %ernie services 查看", "list with %ernie services before you deploy it again"
)
_STATE = Text("{name}：{state}", "{name}: {state}")
_STILL_DEPLOYING = Text(
    "不再等待；服务 {name} 还在部署，同样的调用可以接着等",
    "no longer waited for; the service {name} is still being deployed, and the same call waits for "
    "it again",
)


@dataclass(frozen=True)
class PlatformService:
    """A service on Qianfan.

    Attributes
    ----------
    id : str
        `svco-…`.
    name : str
    state : str
        In the platform's words: "New", "Deploying", "Serving", "Failed", "Stopped".
    base_model : str
        The model behind it, "" where the platform does not tell.
    endpoint : str
        What a call names it by: `endpoint=` or `%ernie use endpoint NAME`.
    url : str
        Its address.
    kind : str
        "chat", "completions", "embeddings", "text2image", "image2text", "reranker".
    model_id, model_set_id : str
        The version of a model that is deployed, and the model.
    is_preset : bool
        Whether it is the platform's own.
    is_simulated : bool
        Whether the emulator told of it.
    raw : dict
        All that the platform tells of it.
    """

    id: str
    name: str
    state: str = ""
    base_model: str = ""
    endpoint: str = ""
    url: str = ""
    kind: str = ""
    model_id: str = ""
    model_set_id: str = ""
    is_preset: bool = False
    is_simulated: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_serving(self) -> bool:
        """Whether it can be called."""
        return self.state == SERVING

    @property
    def reason(self) -> str:
        """Why it has failed, in the platform's words; "" where it has not, or does not say."""
        return reason_in(self.raw, self.state)


@dataclass(frozen=True)
class OwnModel:
    """A version of a model of the user's own.

    Attributes
    ----------
    id : str
        `amv-…`.
    set_id, name : str
        The model that it is a version of.
    state : str
        "Creating", "Ready" or "Fail".
    base_model : str
        The model that it was made from.
    source : str
        "Train", "Import" or "Acceleration".
    endpoints : tuple of str
        The services that serve it.
    is_simulated : bool
        Whether the emulator told of it.
    raw : dict
        All that the platform tells of it.
    """

    id: str
    set_id: str
    name: str
    state: str = ""
    base_model: str = ""
    source: str = ""
    endpoints: tuple[str, ...] = ()
    is_simulated: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


class ServiceList(Listing[PlatformService]):
    """Services, oldest first; a table where a cell shows it."""


class OwnModels(Listing[OwnModel]):
    """Versions of models; a table where a cell shows it."""


class Services(CallGroup):
    """Services on Qianfan: `ernie.services.list()`, `get("name")`, `deploy(…, confirm=True)`,
    `watch("name")`; and the models of one's own, `models()`.

    Parameters
    ----------
    console
    """

    _path = "ernie.services"
    _in_order_of_use = ("list", "get", "models", "deploy", "watch")
    _internal_names = ("begin_deploy",)

    def __init__(self, console: Console) -> None:
        self._console = console

    def _begin_list(self, *, preset: bool = False) -> Stream[ServiceList]:
        """List the services that were deployed.

        Parameters
        ----------
        preset
            List the platform's own, too.

        Raises
        ------
        ErnieError
        """

        async def work(call: PlatformCall) -> ServiceList:
            found = await _list_deployed(call)
            if preset:
                found += await _list_preset(call)
            return found

        return self._console.start_work(work)

    list = blocking(_begin_list)
    alist = awaited(_begin_list)

    def _begin_get(self, service: str | PlatformService) -> Stream[PlatformService]:
        """Return a service as it is now.

        Parameters
        ----------
        service
            Its name, its endpoint or its id (`svco-…`); of the platform's own the name.

        Raises
        ------
        InvalidOption
            There is none.
        ErnieError
        """
        wanted = self._name_of(service)

        async def work(call: PlatformCall) -> PlatformService:
            try:
                service_id = await _find_id(call, wanted)
            except InvalidOption:
                for preset in await _list_preset(call):
                    if wanted in (preset.name, preset.endpoint):
                        return preset
                raise
            return await _describe(call, service_id)

        return self._console.start_work(work)

    get = blocking(_begin_get)
    aget = awaited(_begin_get)

    def begin_deploy(
        self,
        name: str,
        model_id: str,
        *,
        model_set_id: str = "",
        suffix: str = "",
        description: str = "",
        resource: str = _DEFAULT_RESOURCE,
        replicas: int = 1,
        qps: float | None = None,
        hours: int | None = None,
        months: int | None = None,
        confirm: bool = False,
    ) -> Stream[PlatformService]:
        """Deploy a version of a model as a service, which costs money: nothing is sent without
        `confirm=True`. It returns as soon as the platform has accepted it: `watch` waits until it
        serves. A service of this name and version that is there is returned, and none is created.

        Parameters
        ----------
        name
            2 to 20 characters.
        model_id
            `amv-…`, as `models()` lists them.
        model_set_id
            `am-…`; looked up when "".
        suffix
            The end of its address: 2 to 20 of a-z, 0-9, _ and -; made of the name when "".
        resource, replicas
            The machine and how many.
        qps
            Requests per second, above 0 and at most 50.
        hours, months
            Paid in advance for that long; by use where neither is given.
        confirm
            That it may cost money.

        Raises
        ------
        NotConfirmed
            Without `confirm=True`: it says what would be done.
        InvalidOption
            Something is wrong with what is given; or another version has a service of this name.
        OutcomeUnknown
            The reply was lost: it may have been deployed.
        ErnieError
        """
        self._console.client.localizing_errors(
            lambda: _check_options(
                {
                    "name": name,
                    "model_id": model_id,
                    "model_set_id": model_set_id,
                    "suffix": suffix,
                    "description": description,
                    "resource": resource,
                },
                {"replicas": replicas, "qps": qps, "hours": hours, "months": months},
            )
        )
        body: dict[str, Any] = {
            "modelSetId": model_set_id,
            "modelId": model_id,
            "name": name,
            "urlSuffix": suffix or _suffix_of(name),
            "description": description,
            "resourceConfig": {"type": resource, "replicasCount": replicas},
            "billing": _billing(hours, months),
        }
        if qps is not None:
            body["resourceConfig"]["qps"] = qps
        self._console.client.localizing_errors(lambda: _check_deployment(body, confirm=confirm))

        async def work(call: PlatformCall) -> PlatformService:
            if present := _find_same(await _list_deployed(call), name, model_id):
                return present
            if not model_set_id:
                version = await call.describe(MODELS, "DescribeModel", {"modelId": model_id})
                body["modelSetId"] = values.as_text(version.get("modelSetId"))
            what = _NAMED.fill(name=name)
            sent = created_id(call.action(GROUP, "CreateService", body), "serviceId")
            service_id = await create_once(sent, what, _LIST_FIRST)
            return PlatformService(
                service_id,
                name,
                "New",
                model_id=model_id,
                model_set_id=body["modelSetId"],
                is_simulated=call.is_simulated,
            )

        return self._console.start_work(work)

    deploy = blocking(begin_deploy)
    adeploy = awaited(begin_deploy)

    def _begin_watch(
        self,
        service: str | PlatformService,
        *,
        pause: float = LONG_PAUSE,
    ) -> Stream[PlatformService]:
        """Wait until a service serves, or has failed. An interrupt ends the waiting, not the
        deployment; it can be watched again.

        Parameters
        ----------
        service
            As in `get`; or what `deploy` returned.
        pause
            Seconds between two looks; shorter with the emulator.

        Raises
        ------
        InvalidOption
            There is none.
        ErnieError
        Interrupted
        """
        wanted = self._name_of(service)

        async def work(call: PlatformCall) -> PlatformService:
            service_id = await _find_id(call, wanted)

            async def look() -> PlatformService:
                return await _describe(call, service_id)

            return await call.watch_task(
                look,
                is_over=lambda found: is_over(found.state),
                still_running=_STILL_DEPLOYING.fill(name=wanted),
                percent=_percent_deployed,
                notice=lambda found: _STATE.fill(
                    name=found.name, state=with_reason(found.state, found.reason)
                ),
                pause=pause,
            )

        return self._console.start_work(work, progress_title=_DEPLOYING)

    watch = blocking(_begin_watch)
    awatch = awaited(_begin_watch)

    def _begin_models(self) -> Stream[OwnModels]:
        """List the versions of the models of one's own, with the services that serve them.

        Raises
        ------
        ErnieError
        """

        async def work(call: PlatformCall) -> OwnModels:
            services = await _list_deployed(call)
            sets = await call.list_items(MODELS, "DescribeCustomModelSets")
            found = OwnModels(is_simulated=call.is_simulated)
            for row in sets:
                for model_id in await list_version_ids(call, values.as_object(row)):
                    detail = await call.describe(MODELS, "DescribeModel", {"modelId": model_id})
                    model = read_model(detail, model_id, services)
                    found.append(replace(model, is_simulated=call.is_simulated))
            return found

        return self._console.start_work(work)

    models = blocking(_begin_models)
    amodels = awaited(_begin_models)

    def _name_of(self, service: str | PlatformService) -> str:
        return self._console.client.localizing_errors(lambda: name_of(service, SERVICE))


def _percent_deployed(service: PlatformService) -> float:
    if is_over(service.state):
        return _WHOLE
    return _PROGRESS.get(service.state, _BEING_DEPLOYED)


def _find_same(
    services: Sequence[PlatformService],
    name: str,
    model_id: str,
) -> PlatformService | None:
    """Return the service of this name and version, None for none; one that has failed is none.

    Raises
    ------
    InvalidOption
        The service of this name has another version: with a second one, no name tells them apart.
    """
    named = next((one for one in services if one.name == name and one.state != _FAILED), None)
    if named is None or named.model_id in ("", model_id):
        return named
    raise InvalidOption(
        _NAME_IS_TAKEN.fill(name=name, model=named.model_id),
        advice=_WATCH_OR_RENAME.fill(name=name),
    )


def read_service(
    row: Mapping[str, Any],
    *,
    is_preset: bool = False,
    is_simulated: bool = False,
) -> PlatformService:
    """Return a service that the platform describes."""

    def text(*names: str) -> str:
        return next((found for name in names if (found := values.as_name(row.get(name)))), "")

    url = text("url")
    endpoint = text("endpoint")
    if not endpoint or endpoint.startswith("http"):
        # The official client takes the end of the address, too.
        endpoint = url.rstrip("/").rpartition("/")[2]
    return PlatformService(
        text("serviceId"),
        text("name", "serviceName"),
        text("runStatus"),
        text("baseModel"),
        endpoint,
        url,
        text("serviceType"),
        text("modelId"),
        text("modelSetId"),
        is_preset,
        is_simulated,
        row,
    )


def read_model(
    row: Mapping[str, Any],
    model_id: str,
    services: Sequence[PlatformService],
) -> OwnModel:
    """Return a version of a model that the platform describes."""
    source = row.get("sourceInfo")
    if isinstance(source, dict):
        source = source.get("sourceType")
    served = tuple(
        service.endpoint
        for service in services
        # Earlier descriptions have the version as `modelVersionId`.
        if model_id in (service.model_id, service.raw.get("modelVersionId"))
    )
    return OwnModel(
        model_id,
        values.as_name(row.get("modelSetId")),
        values.as_name(row.get("modelName")),
        values.as_name(row.get("status")),
        values.as_name(row.get("model")),
        values.as_name(source),
        served,
        raw=row,
    )


async def _list_deployed(call: PlatformCall) -> ServiceList:
    rows = await call.list_items(GROUP, "DescribeServices")
    return call.build_listing(ServiceList, rows, read_service)


async def _list_preset(call: PlatformCall) -> ServiceList:
    rows = await call.list_items(GROUP, "DescribePresetServices")
    read_preset = partial(read_service, is_preset=True)
    return call.build_listing(ServiceList, rows, read_preset)


async def list_version_ids(call: PlatformCall, row: Mapping[str, Any]) -> list[str]:
    """Return the ids of a model's versions: the list tells them, or else its description."""
    ids = row.get("modelIds")
    if not isinstance(ids, list):
        wanted = {"modelSetId": row.get("modelSetId")}
        found = await call.action(MODELS, "DescribeModelSet", wanted)
        ids = values.as_object(found).get("modelIds")
    if not isinstance(ids, list):
        return []
    return [each for each in map(_version_id, ids) if each]


def _version_id(listed: object) -> str:
    """Return the id in a list of versions, whose entries are ids or descriptions."""
    if isinstance(listed, dict):
        return values.as_name(listed.get("modelId"))
    return values.as_name(listed)


async def _describe(call: PlatformCall, service_id: str) -> PlatformService:
    described = await call.describe(GROUP, "DescribeService", {"serviceId": service_id})
    if not described.get("serviceId"):
        described = {**described, "serviceId": service_id}
    return read_service(described, is_simulated=call.is_simulated)


async def _find_id(call: PlatformCall, wanted: str) -> str:
    """Return the id of a service that is named.

    Raises
    ------
    InvalidOption
        There is none.
    """
    if wanted.startswith("svco-"):
        return wanted
    services = await _list_deployed(call)
    return find_named(wanted, services, SERVICE, _endpoint_names).id


def _endpoint_names(service: PlatformService) -> tuple[str, str]:
    return service.endpoint, _own_part(service.endpoint)


def _own_part(endpoint: str) -> str:
    """Return the user's own part of an endpoint: the console puts eight characters before it."""
    return endpoint.partition("_")[2]


def _suffix_of(name: str) -> str:
    return re.sub(r"[^a-z0-9_-]+", "_", name.lower()).strip("_-")[:20]


def _billing(hours: int | None, months: int | None) -> dict[str, Any]:
    if hours is None and months is None:
        return {"paymentTiming": "Postpaid"}
    unit, length = ("Month", months) if months else ("Hour", hours)
    return {
        "paymentTiming": "Prepaid",
        "reservation": {"reservationTimeUnit": unit, "reservationLength": length},
    }


def _check_options(texts: Mapping[str, object], amounts: Mapping[str, object]) -> None:
    """Check what is billed, before it is shown or sent.

    Raises
    ------
    InvalidOption
    """
    check_texts(**texts)
    if len(str(texts["description"])) > _MAX_DESCRIPTION:
        raise InvalidOption(
            Text("描述最多 {most} 个字", "a description has at most {most} characters").fill(
                most=_MAX_DESCRIPTION
            )
        )
    if amounts["hours"] is not None and amounts["months"] is not None:
        raise InvalidOption(
            Text("hours 和 months 只能给一个", "only one of hours and months can be given")
        )
    check_number("replicas", amounts["replicas"], 1)
    for name in ("hours", "months"):
        if amounts[name] is not None:
            check_number(name, amounts[name], 1)
    if (qps := amounts["qps"]) is None:
        return
    check_number("qps", qps, 0, _MAX_QPS, is_whole=False)
    if not qps:
        raise InvalidOption(Text("qps 要大于 0", "qps 0 is none: it is above 0"))


def _check_deployment(body: Mapping[str, Any], *, confirm: bool) -> None:
    """Check a deployment before anything is sent.

    Raises
    ------
    InvalidOption, NotConfirmed
    """
    if not _NAME.fullmatch(body["name"]):
        raise InvalidOption(
            Text("服务名要有 2 到 20 个字符", "a service's name has 2 to 20 characters")
        )
    if not _SUFFIX.fullmatch(body["urlSuffix"]):
        raise InvalidOption(
            Text(
                "suffix 要是 2 到 20 个 a-z、0-9、_ 或 -，以字母或数字结尾",
                "suffix is 2 to 20 of a-z, 0-9, _ and -, and ends with a letter or a digit",
            )
        )
    check_billing(_describe_deployment(body), body, confirm=confirm)


def _describe_deployment(body: Mapping[str, Any]) -> Text:
    """Return exactly what a deployment would do."""
    resource = body["resourceConfig"]
    billing = body["billing"]
    payment = Text("按使用付费", "paid by use")
    if "reservation" in billing:
        reserved = billing["reservation"]
        length = _LENGTHS[reserved["reservationTimeUnit"]].fill(reserved["reservationLength"])
        payment = Text("预付 {length}", "{length} paid in advance").fill(length=length)
    machines = f"{resource['replicasCount']} × {resource['type']}"
    if "qps" in resource:
        machines = f"{machines}, {resource['qps']:g} QPS"
    return Text(
        "把 {model} 部署为 {name}（{machines}，{payment}，调用名以 {suffix} 结尾）",
        "deploy {model} as {name} ({machines}, {payment}, called by …_{suffix})",
    ).fill(
        model=body["modelId"],
        name=body["name"],
        machines=machines,
        payment=payment,
        suffix=body["urlSuffix"],
    )
