"""`POST /v2/promptTemplates?Action=…` and `/v2/promptLabels?Action=…`: prompt templates.

Sources: "Prompt工程" (https://cloud.baidu.com/doc/qianfan-api/s/bmo6x92ft) and the official client
(https://github.com/baidubce/bce-qianfan-sdk, resources/console/prompt.py). In which field V2 gives
the rendered text is not documented: here it is `content`, as in V1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.emulator.platform.console import Store, invalid_field
from ernie_magic.emulator.platform.values import format_time
from ernie_magic.emulator.refusals import ConsoleRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ernie_magic.emulator.platform.console import PlatformCall

IDENTIFIERS = ("{}", "{{}}", "[]", "[[]]", "()", "(())")
PRESET, OWN = 1, 2
TEXT_TO_TEXT, TEXT_TO_IMAGE = 1, 2
_SCENES = {"TextToText": TEXT_TO_TEXT, "TextToImage": TEXT_TO_IMAGE}
_TYPES = {"System": PRESET, "Custom": OWN}
_VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{1,29}")
_MAX_LABELS = 3
_MAX_NAME = 100  # characters
_MAX_CONTENT = 20_000  # characters
_COLORS = ("#2468F2", "#30BF13", "#FF9326", "#8F5CFF")
_FIRST_NUMBER = 10_001  # V1's ids are numbers
_PRESETS = (
    ("文本翻译", "请把下面的文字译成{language}：\n{text}", ("翻译",)),
    ("情感分析", "判断下面评论的情感，只回答正面、负面或中性：\n{text}", ("分类",)),
    ("旅行计划", "为{city}写一份{days}天的旅行计划，按天列出，每天三个景点。", ("创作",)),
    ("Translate", "Translate the text below into {language}:\n{text}", ("translation",)),
    ("Summarize", "Summarize the text below in {count} sentences:\n{text}", ("summary",)),
)


@dataclass
class Label:
    """A label of templates."""

    id: str
    name: str
    color: str
    type: int = OWN

    def describe(self) -> dict[str, Any]:
        """The label as lists have it."""
        return {
            "labelId": self.id,
            "labelName": self.name,
            "color": self.color,
            "type": self.type,
        }


@dataclass
class StoredTemplate:
    """A template."""

    id: str
    number: int
    name: str
    content: str
    identifier: str
    variables: list[str]
    labels: list[str]
    scene: int = TEXT_TO_TEXT
    framework: int = 0
    negative_content: str = ""
    negative_variables: list[str] = field(default_factory=list)
    hyper_parameters: dict[str, Any] = field(default_factory=dict)
    type: int = OWN
    created: str = field(default_factory=format_time)
    updated: str = field(default_factory=format_time)


class Templates:
    """The templates and labels of one emulator; a few templates are preset."""

    def __init__(self) -> None:
        self.labels: Store[Label] = Store("pl")
        self.templates: Store[StoredTemplate] = Store("pt")
        for name, content, labels in _PRESETS:
            template = self.make(name, content, "{}", find_variables(content, "{}"), list(labels))
            template.type = PRESET
        for label in self.labels.values():
            label.type = PRESET

    def make(
        self, name: str, content: str, identifier: str, variables: list[str], labels: list[str]
    ) -> StoredTemplate:
        """A new template; labels that are not there yet are made."""
        template = StoredTemplate(
            self.templates.new_id(),
            _FIRST_NUMBER + len(self.templates),
            name,
            content,
            identifier,
            variables,
            [self.make_label(label).name for label in labels],
        )
        taken = {each.number for each in self.templates.values()}
        while template.number in taken:
            template.number += 1
        self.templates.add(template, template.id)
        return template

    def make_label(self, name: str) -> Label:
        """The label of a name, a new one where there is none."""
        known = next((label for label in self.labels.values() if label.name == name), None)
        if known is not None:
            return known
        label = Label(self.labels.new_id(), name, _COLORS[len(self.labels) % len(_COLORS)])
        self.labels.add(label, label.id)
        return label

    def find(self, template_id: object, name: str) -> StoredTemplate:
        """The template of an id, which V1 also writes as a number.

        Raises
        ------
        ConsoleRefusal
        """
        for template in self.templates.values():
            if str(template.number) == str(template_id):
                return template
        return self.templates.find(template_id, name)

    def find_own(self, template_id: object, name: str) -> StoredTemplate:
        """The template of an id, if it is not preset.

        Raises
        ------
        ConsoleRefusal
        """
        template = self.find(template_id, name)
        if template.type == PRESET:
            raise ConsoleRefusal(403, "AccessDenied", "a preset template cannot be changed")
        return template

    def search(self, name: str, label_ids: Iterable[object]) -> list[StoredTemplate]:
        """The templates with these words in name or content, and with one of the labels."""
        wanted = {str(each) for each in label_ids}
        names = {label.name for label in self.labels.values() if label.id in wanted}
        return [
            template
            for template in self.templates.values()
            if name.lower() in f"{template.name}\n{template.content}".lower()
            and (not wanted or not names.isdisjoint(template.labels))
        ]


def find_variables(content: str, identifier: str) -> list[str]:
    """The variables of a text, each once.

    Raises
    ------
    ConsoleRefusal
        What the identifier marks is no variable's name.
    """
    middle = len(identifier) // 2
    left, right = re.escape(identifier[:middle]), re.escape(identifier[middle:])
    found = dict.fromkeys(re.findall(f"{left}(.*?){right}", content))
    if not all(map(_VARIABLE.fullmatch, found)):
        raise invalid_field("templateContent")
    return list(found)


def render_content(
    content: str, identifier: str, variables: list[str], body: dict[str, Any]
) -> str:
    """A text with the variables that a request gives; others stay."""
    given = [name for name in variables if name in body]
    if not given:
        return content
    middle = len(identifier) // 2
    left, right = re.escape(identifier[:middle]), re.escape(identifier[middle:])
    names = "|".join(map(re.escape, given))
    return re.sub(f"{left}({names}){right}", lambda found: str(body[found[1]]), content)


def read_variables(call: PlatformCall, name: str, content: str, identifier: str) -> list[str]:
    """The variables that a request lists, else those of the text.

    Raises
    ------
    ConsoleRefusal
    """
    listed = call.body.get(name)
    if listed is None:
        return find_variables(content, identifier)
    if not isinstance(listed, str):
        raise invalid_field(name)
    return list(dict.fromkeys(part for part in listed.split(",") if part))


def read_identifier(call: PlatformCall, *, default: str | None = None) -> str:
    """The identifier that a request names.

    Raises
    ------
    ConsoleRefusal
    """
    identifier = call.text("variableIdentifier", default=default)
    if identifier not in IDENTIFIERS:
        raise invalid_field("variableIdentifier")
    return identifier


def read_labels(call: PlatformCall) -> list[str]:
    """The names of labels that a request has.

    Raises
    ------
    ConsoleRefusal
    """
    labels = call.body.get("labels") or []
    is_list = isinstance(labels, list) and all(isinstance(each, str) for each in labels)
    if not is_list or len(labels) > _MAX_LABELS:
        raise invalid_field("labels")
    return labels


def create_template(call: PlatformCall) -> dict[str, Any]:
    """`CreatePromptTemplate`."""
    content = call.text("templateContent", limit=_MAX_CONTENT)
    identifier = read_identifier(call)
    template = call.state_of(Templates).make(
        call.text("templateName", limit=_MAX_NAME),
        content,
        identifier,
        read_variables(call, "templateVariables", content, identifier),
        read_labels(call),
    )
    scene = call.text("sceneType", default="TextToText")
    if scene not in _SCENES:
        raise invalid_field("sceneType")
    template.scene = _SCENES[scene]
    _change_rest(call, template)
    return {"templateId": template.id}


def modify_template(call: PlatformCall) -> dict[str, Any]:
    """`ModifyPromptTemplate`: the fields that are given."""
    templates = call.state_of(Templates)
    template = templates.find_own(call.text("templateId"), "templateId")
    change_content(call, template)
    if "labels" in call.body:
        template.labels = [templates.make_label(label).name for label in read_labels(call)]
    _change_rest(call, template)
    return {"templateId": template.id}


def change_content(call: PlatformCall, template: StoredTemplate) -> None:
    """Change name, text, identifier and variables as a request says.

    Raises
    ------
    ConsoleRefusal
    """
    name = call.text("templateName", default=template.name, limit=_MAX_NAME)
    content = call.text("templateContent", default=template.content, limit=_MAX_CONTENT)
    identifier = read_identifier(call, default=template.identifier)
    is_changed = (content, identifier) != (template.content, template.identifier)
    if is_changed or "templateVariables" in call.body:
        template.variables = read_variables(call, "templateVariables", content, identifier)
    template.name, template.content, template.identifier = name, content, identifier
    template.updated = format_time()


def change_negative_content(call: PlatformCall, template: StoredTemplate) -> None:
    """Change the negative text and its variables as a request says.

    Raises
    ------
    ConsoleRefusal
    """
    if "negativeTemplateContent" in call.body:
        negative = call.text("negativeTemplateContent", default="", limit=_MAX_CONTENT)
        template.negative_content = negative
        template.negative_variables = read_variables(
            call, "negativeTemplateVariables", negative, template.identifier
        )


def describe_template(call: PlatformCall) -> dict[str, Any]:
    """`DescribePromptTemplate`: one template, rendered with the further fields of the request."""
    template = call.state_of(Templates).find(call.text("templateId"), "templateId")
    return {**_describe(template), **_rendered(template, call.body)}


def list_templates(call: PlatformCall) -> dict[str, Any]:
    """`DescribePromptTemplates`: a page of them."""
    kind = call.text("type", default="")
    if kind and kind not in _TYPES:
        raise invalid_field("type")
    found = call.state_of(Templates).search(
        call.text("name", default=""), call.body.get("labelIds") or ()
    )
    rows = [_describe(each) for each in found if not kind or each.type == _TYPES[kind]]
    page, info = call.page(rows, "templateId")
    return {"pageInfo": info, "items": page}


def delete_template(call: PlatformCall) -> bool:
    """`DeletePromptTemplate`."""
    templates = call.state_of(Templates)
    template = templates.find_own(call.text("templateId"), "templateId")
    templates.templates.remove(template.id, "templateId")
    return True


def create_labels(call: PlatformCall) -> dict[str, Any]:
    """`CreatePromptLabel`: several by their names."""
    names = call.body.get("name")
    is_list = isinstance(names, list) and all(isinstance(name, str) and name for name in names)
    if not is_list or not names:
        raise invalid_field("name")
    labels = [call.state_of(Templates).make_label(name) for name in names]
    return {"labels": [label.describe() for label in labels]}


def list_labels(call: PlatformCall) -> dict[str, Any]:
    """`DescribePromptLabels`: a page of them."""
    rows = [label.describe() for label in call.state_of(Templates).labels.values()]
    page, info = call.page(rows, "labelId")
    return {"pageInfo": info, "items": page}


def delete_label(call: PlatformCall) -> bool:
    """`DeletePromptLabel`: templates lose it."""
    templates = call.state_of(Templates)
    label = templates.labels.find(call.text("labelId"), "labelId")
    if label.type == PRESET:
        raise ConsoleRefusal(403, "AccessDenied", "a preset label cannot be deleted")
    templates.labels.remove(label.id, "labelId")
    for template in templates.templates.values():
        template.labels = [name for name in template.labels if name != label.name]
    return True


def _change_rest(call: PlatformCall, template: StoredTemplate) -> None:
    change_negative_content(call, template)
    given = call.body.get("hyperParameters")
    if given is not None and not isinstance(given, dict):
        raise invalid_field("hyperParameters")
    template.hyper_parameters = given or template.hyper_parameters


def _rendered(template: StoredTemplate, body: dict[str, Any]) -> dict[str, Any]:
    rendered = {
        "content": render_content(template.content, template.identifier, template.variables, body)
    }
    if template.negative_content:
        rendered["negativeContent"] = render_content(
            template.negative_content, template.identifier, template.negative_variables, body
        )
    return rendered


def _describe(template: StoredTemplate) -> dict[str, Any]:
    scene = next(name for name, number in _SCENES.items() if number == template.scene)
    kind = next(name for name, number in _TYPES.items() if number == template.type)
    described: dict[str, Any] = {
        "templateId": template.id,
        "templateName": template.name,
        "templateContent": template.content,
        "templateVariables": template.variables,
        "variableIdentifier": template.identifier,
        "sceneType": scene,
        "type": kind,
        "labels": template.labels,
        "createTime": template.created,
        "modifyTime": template.updated,
    }
    if template.scene == TEXT_TO_IMAGE:
        described["negativeTemplateContent"] = template.negative_content
        described["negativeTemplateVariables"] = template.negative_variables
    if template.hyper_parameters:
        described["hyperParameters"] = template.hyper_parameters
    return described


ACTIONS: dict[str, Callable[[PlatformCall], Any]] = {
    "CreatePromptTemplate": create_template,
    "DescribePromptTemplate": describe_template,
    "DescribePromptTemplates": list_templates,
    "ModifyPromptTemplate": modify_template,
    "DeletePromptTemplate": delete_template,
}
LABEL_ACTIONS: dict[str, Callable[[PlatformCall], Any]] = {
    "CreatePromptLabel": create_labels,
    "DescribePromptLabels": list_labels,
    "DeletePromptLabel": delete_label,
}
