"""What HTML made of untrusted text may hold, read as a browser reads it.

html5lib follows the WHATWG's parsing rules (https://html.spec.whatwg.org/#parsing).
"""

import re

import html5lib

TAGS = set(
    re.findall(
        r"\w+",
        """
a b blockquote br code del details div em h1 h2 h3 h4 h5 h6 hr i input ins kbd li mark ol p pre s
small span strong sub summary sup table tbody td th thead tr u ul
""",
    )
)
ATTRIBUTES = {
    "a": {"href", "rel", "title", "target"},
    "input": {"type", "checked", "disabled"},
    "ol": {"start"},
    "pre": {"style"},
    "span": {"style"},
    "td": {"style", "align"},
    "th": {"style", "align"},
}
EVERYWHERE = {"class", "role", "aria-level", "aria-label", "dir"}
ADDRESS = re.compile(r"(?:https?://|mailto:)[^\x00-\x20\"<>\\`]*", re.IGNORECASE)
# Pygments' class names are at most three characters long.
CLASS = re.compile(
    r"ernie-[a-z-]+|highlight|jp-toc-ignore|language-[\w+#.-]+|[a-z][a-z0-9]{0,2}|task-list-item|contains-task-list"
)
ALIGN = re.compile(
    r"text-align:\s*(?:left|right|center);?|white-space:\s*pre-wrap;?|margin-bottom:\s*1em;?"
)
REL = {"noopener", "noreferrer", "nofollow"}


def violations(html):
    """Forbidden content of this HTML, in words; [] if everything is allowed."""
    tree = html5lib.parseFragment(html, treebuilder="etree", namespaceHTMLElements=False)
    found = []
    for node in tree.iter():
        if node is tree:
            continue
        if not isinstance(node.tag, str):
            found.append("a comment")
            continue
        if node.tag not in TAGS:
            found.append(f"<{node.tag}>")
        for name, value in node.attrib.items():
            found += _attribute(node.tag, str(name), value)
        if (
            node.tag == "a"
            and "href" in node.attrib
            and not set(node.get("rel", "").split()) >= REL
        ):
            found.append("a link without its rel")
        if node.tag == "input" and (
            node.get("type") != "checkbox" or "disabled" not in node.attrib
        ):
            found.append("an input that takes something")
    return found


def _attribute(tag, name, value):
    said = [f"<{tag} {name}={value!r}>"]
    if name not in EVERYWHERE | ATTRIBUTES.get(tag, set()):
        return said
    if name == "href" and not ADDRESS.fullmatch(value):
        return said
    if name == "class" and not all(CLASS.fullmatch(one) for one in value.split()):
        return said
    if name == "style" and not ALIGN.fullmatch(value):
        return said
    return []
