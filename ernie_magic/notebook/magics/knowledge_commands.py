"""`%ernie knowledge` and `%ernie apps`: what an account has on Qianfan to answer from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.notebook.display.knowledge import apps_table, bases_table, documents_table
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.notebook.display.html_table import Table
    from ernie_magic.session import Session

_ASK = Text("提问：%%ernie --knowledge 名称", "to ask: %%ernie --knowledge NAME")


def show_knowledge(session: Session, words: list[str]) -> Table:
    """List the knowledge bases, or the documents of one."""
    language = session.settings.interface_language
    if not words:
        return bases_table(session.knowledge.list(), language)
    (name,) = words
    note = f"{name} · {_ASK.say(language)}"
    return documents_table(session.knowledge.documents(name), language, note)


def list_apps(session: Session, _words: list[str]) -> Table:
    """List the applications."""
    return apps_table(session.apps.list(), session.settings.interface_language)
