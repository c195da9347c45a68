"""Prompt templates on Qianfan: the actions of `/v2/promptTemplates`.

Source: "Prompt工程" (https://cloud.baidu.com/doc/qianfan-api/s/bmo6x92ft). The service also renders
a template, but in which field of its reply is not documented: texts are always rendered here.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.errors import BadRequest, InvalidOption
from ernie_magic.qianfan.templates.files import TemplateList
from ernie_magic.qianfan.templates.prompt_template import (
    DEFAULT_IDENTIFIER,
    IDENTIFIERS,
    MAX_NAME,
    PromptTemplate,
    has_found_variables,
)
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.qianfan.console import PlatformCall

GROUP = "promptTemplates"
_ID = re.compile(r"pt-\w+")
_KINDS = {True: "System", False: "Custom"}
_PRESET_TYPES = ("System", "1")
_MAX_LISTED = 5  # ids in an error
_SEVERAL = Text("平台上有几个模板叫 {name}：{ids}", "several templates are called {name}: {ids}")
_BY_ID = Text("用 ID 指定一个", "name one by its id")
_NONE = Text("平台上没有模板 {name}", "there is no template {name} on the service")
_LIST_REMOTE = Text(
    "%ernie template list --remote 列出平台上的", "%ernie template list --remote shows them"
)
_IS_PRESET = Text("{name} 是平台预置的，不能删除", "{name} is preset and cannot be deleted")


async def list_remote(call: PlatformCall, sought: str, *, preset: bool | None) -> TemplateList:
    """Return the templates on the service, by name.

    Parameters
    ----------
    sought
        Only those with these words in name or text.
    preset
        Only the service's own, or only the account's; both when None.
    """
    body: dict[str, Any] = {}
    if sought:
        body["name"] = sought
    if preset is not None:
        body["type"] = _KINDS[preset]
    rows = await call.list_items(GROUP, "DescribePromptTemplates", body, list_name="items")
    templates = [read_template(row) for row in values.as_objects(rows)]
    return TemplateList(
        sorted(templates, key=lambda each: each.name.lower()),
        is_local=False,
        is_simulated=call.is_simulated,
    )


async def find_remote(call: PlatformCall, name: str) -> PromptTemplate:
    """Return a template by its id (`pt-…`) or its very name: the account's own, else a preset one.

    Raises
    ------
    InvalidOption
        There is none, or the account has several of that name.
    """
    found = None
    if _ID.fullmatch(name):
        found = await _find_by_id(call, name)
    if found is None:
        found = await _find_named(call, name)
    if found is None:
        raise InvalidOption(_NONE.fill(name=name), advice=_LIST_REMOTE)
    return found


async def push_template(call: PlatformCall, template: PromptTemplate) -> PromptTemplate:
    """Change the template on the service that has its id or its name, or create one; return it
    with its id there.

    A second call finds what the first has created, also where its reply was lost.

    Raises
    ------
    ErnieError
    """
    known = await _find_own(call, template)
    body = _content_of(template)
    if known is not None:
        body["templateId"] = known.id
        await call.action(GROUP, "ModifyPromptTemplate", body)
        return replace(template, id=known.id)
    created = await call.action(GROUP, "CreatePromptTemplate", body)
    return replace(template, id=values.as_name(values.as_object(created).get("templateId")))


async def delete_remote(call: PlatformCall, name: str) -> PromptTemplate:
    """Delete a template on the service by its id or its name; return what it was.

    Raises
    ------
    InvalidOption
        There is none, the account has several of that name, or it is preset.
    """
    template = await find_remote(call, name)
    if template.is_preset:
        raise InvalidOption(_IS_PRESET.fill(name=template.name))
    await call.action(GROUP, "DeletePromptTemplate", {"templateId": template.id})
    return template


def read_template(row: Mapping[str, Any]) -> PromptTemplate:
    """Return a template as the service describes it; lists of names are read as texts too."""
    identifier = values.as_text(row.get("variableIdentifier"))
    if identifier not in IDENTIFIERS:
        identifier = DEFAULT_IDENTIFIER
    return PromptTemplate(
        values.as_text(row.get("templateContent")),
        values.as_name(row.get("templateName"), MAX_NAME).strip(),
        identifier,
        _read_names(row.get("templateVariables")),
        values.as_text(row.get("negativeTemplateContent")),
        _read_names(row.get("negativeTemplateVariables")),
        _read_names(row.get("labels")),
        values.as_name(row.get("templateId") or row.get("templatePK")),
        is_preset=values.as_name(row.get("type")) in _PRESET_TYPES,
    )


async def _find_by_id(call: PlatformCall, template_id: str) -> PromptTemplate | None:
    body = {"templateId": template_id}
    try:
        described = await call.action(GROUP, "DescribePromptTemplate", body)
    except BadRequest:  # no id, or it was deleted there
        return None
    return read_template(values.as_object(described))


async def _find_own(call: PlatformCall, template: PromptTemplate) -> PromptTemplate | None:
    """Return the account's template that a local one belongs to, None for none."""
    if template.id:
        known = await _find_by_id(call, template.id)
        if known is not None and not known.is_preset:
            return known
    return await _find_named(call, template.name, own_only=True)


async def _find_named(
    call: PlatformCall, name: str, *, own_only: bool = False
) -> PromptTemplate | None:
    for preset in (False, True):
        if preset and own_only:
            break
        listed = await list_remote(call, name, preset=preset)
        named = [template for template in listed if template.name == name]
        if len(named) > 1:
            ids = ", ".join(template.id for template in named[:_MAX_LISTED])
            raise InvalidOption(_SEVERAL.fill(name=name, ids=ids), advice=_BY_ID)
        if named:
            return named[0]
    return None


def _content_of(template: PromptTemplate) -> dict[str, Any]:
    """Return what the service is told of a template."""
    body: dict[str, Any] = {
        "templateName": template.name,
        "templateContent": template.text,
        "variableIdentifier": template.identifier,
    }
    # The page of the API does not list it: it is sent where the text does not tell them.
    if not has_found_variables(template.text, template.identifier, template.variables):
        body["templateVariables"] = ",".join(template.variables)
    if template.labels:
        body["labels"] = list(template.labels)
    if template.negative_text:
        body["sceneType"] = "TextToImage"
        body["negativeTemplateContent"] = template.negative_text
        body["negativeTemplateVariables"] = ",".join(template.negative_variables)
    return body


def _read_names(given: object) -> tuple[str, ...]:
    """Return names from a list of them, of objects with one, or from a text with commas."""
    if isinstance(given, str):
        given = given.split(",")
    names = []
    for entry in values.as_list(given):
        label = values.as_object(entry).get("labelName", entry)
        names.append(values.as_name(label).strip())
    return tuple(dict.fromkeys(name for name in names if name))
