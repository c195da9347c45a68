"""Settings of the environment that cannot be used: they are left out, and named."""

from __future__ import annotations

from typing import NamedTuple

from ernie_magic.text.language import Text

_LEFT_OUT = Text("没有采用 {name}：{why}", "{name} is left out: {why}")


class Ignored(NamedTuple):
    """A setting that is left out.

    Attributes
    ----------
    name : str
        The variable.
    why : Text
    """

    name: str
    why: Text

    @property
    def line(self) -> Text:
        """What is left out, and why."""
        return _LEFT_OUT.fill(name=self.name, why=self.why)
