"""Making a picture again: the request that made it, wherever it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ernie_magic.api import models, parameters
from ernie_magic.api.requests import ImageRequest
from ernie_magic.calls.images import files as picture_files
from ernie_magic.calls.images.pictures import ImageSet, Picture, preview
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    Remakable = Picture | ImageSet | Mapping[str, Any] | str | Path

_REQUEST = ("prompt", "model", "extra", "endpoint")


def recipe(what: Remakable) -> Mapping[str, Any]:
    """Return `prompt`, `model`, `parameters` and the rest of what made a picture
    (`Picture.metadata`).

    Parameters
    ----------
    what
        A picture, a set, a file that was saved with its parameters, or those parameters.

    Raises
    ------
    InvalidOption
        It is none of these, or the file contains no parameters.
    """
    if isinstance(what, ImageSet) and what:
        return picture_files.metadata(what[0])
    if isinstance(what, Picture):
        return picture_files.metadata(what)
    if isinstance(what, (str, Path)):
        return picture_files.read_metadata(what)
    if isinstance(what, Mapping) and picture_files.is_ours(what):
        return what
    raise InvalidOption(
        Text(
            "{kind} 不能再生成：要图片、文件或保存的参数",
            "{kind} cannot be made again: a picture, a file or its parameters can",
        ).fill(kind=type(what).__name__)
    )


def opened(what: Remakable) -> ImageSet:
    """Return a picture as a set of one, a set unchanged, and a file's picture with what made it.

    Raises
    ------
    InvalidOption
        As in `recipe`.
    ProtocolError
        The file does not contain a whole picture.
    """
    if isinstance(what, ImageSet):
        return what
    if isinstance(what, (str, Path)):
        made, content = (
            recipe(what),
            picture_files.beginning_of(Path(what).expanduser(), picture_files.MAX_FILE),
        )
        request = ImageRequest(
            model=made["model"],
            prompt=made["prompt"],
            parameters=made.get("parameters", {}),
            extra=made.get("extra", {}),
            endpoint=made.get("endpoint", ""),
        )
        what = Picture(
            request,
            content,
            model=made["model"],
            service=str(made.get("service", "")),
            id=str(made.get("id", "")),
            reported_seed=seed_of(made),
            preview=preview(content),
        )
    if not isinstance(what, Picture):
        raise InvalidOption(
            Text("{kind} 不是图片", "{kind} is not a picture").fill(kind=type(what).__name__)
        )
    return ImageSet((what,), what.request, model=what.model, service=what.service, id=what.id)


def again(made: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `Session.image` that make it again with changes; a change to None
    removes an argument.
    """
    request = {
        "extra": {},
        "endpoint": "",
        **{name: made[name] for name in _REQUEST if name in made},
    }
    given = dict(made.get("parameters", {}))
    if "seed" not in given and (reported := seed_of(made)) is not None:
        given |= {"seed": reported, "n": None}  # the service reported this picture's own seed
    if (entry := models.find(str(changes.get("model") or ""))) and entry.id != made["model"]:
        # Parameters that the other model does not support are left out.
        given = {
            name: value
            for name, value in given.items()
            if not (needs := parameters.of("image")[name].needs) or needs in entry.takes
        }
        given = {
            name: value
            for name, value in given.items()
            if name != "size" or entry.other_sizes or value in entry.sizes
        }
    given = {**given, **request, **changes}
    return {name: value for name, value in given.items() if value is not None or name == "prompt"}


def varied(made: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments for a variation: one picture, with the next seed where the seed is
    known.
    """
    known = seed_of(made)
    # One call may make several pictures, each with the next seed: take the first one after them
    # all.
    n, place = made.get("parameters", {}).get("n", 1), made.get("index", 0)
    after = (
        known + n + place
        if known is not None and isinstance(n, int) and isinstance(place, int)
        else known
    )
    return again(made, {"n": None, "seed": after, **changes})


def seed_of(made: Mapping[str, Any]) -> int | None:
    """Return the seed of a picture, if known."""
    found = made.get("seed", made.get("parameters", {}).get("seed"))
    return found if isinstance(found, int) and not isinstance(found, bool) else None
