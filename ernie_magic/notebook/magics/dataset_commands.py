"""`%ernie datasets`: data for tuning on Qianfan's platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.notebook.display.datasets import dataset_table, datasets_table

if TYPE_CHECKING:
    from ernie_magic.notebook.display.html_table import Table
    from ernie_magic.session import Session


def list_datasets(session: Session, words: list[str]) -> Table:
    """List the datasets; with a name or id, that one's versions and their states."""
    language = session.settings.interface_language
    if words:
        return dataset_table(session.datasets.get(words[0]), language)
    return datasets_table(session.datasets.list(), language)
