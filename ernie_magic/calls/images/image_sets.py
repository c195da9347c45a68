"""The sets of pictures that a session made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.text.counts import PICTURES
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import counted

if TYPE_CHECKING:
    from ernie_magic.calls.images.pictures import ImageSet

_SETS = counted("组", "set")


class ImageSets(list["ImageSet"]):
    """Sets of pictures, oldest first."""

    @printable
    def __repr__(self) -> str:
        pictures = sum(len(images) for images in self)
        return f"ImageSets({_SETS.say('en', len(self))}, {PICTURES.say('en', pictures)})"
