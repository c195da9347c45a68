"""`%ernie batches`: batches of the service in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ernie_magic.qianfan.batches.group import Batch, BatchList
    from ernie_magic.session import Session


def show_batches(session: Session, words: list[str]) -> Batch | BatchList:
    """List the batches; with an id, wait until that one has ended."""
    if words:
        return session.batches.watch(words[0])
    return session.batches.list()
