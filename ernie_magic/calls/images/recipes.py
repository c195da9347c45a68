"""Making a picture again: the request that made it, wherever it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ernie_magic.api import models, parameters
from ernie_magic.api.requests import ImageRequest
from ernie_magic.calls.images import metadata
from ernie_magic.calls.images.pictures import ImageSet, Picture, make_preview
from ernie_magic.errors import InvalidOption
from ernie_magic.storage.paths import find_path
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    Remakable = Picture | ImageSet | Mapping[str, Any] | str | Path

_REQUEST = ("prompt", "model", "extra", "endpoint")


def read_recipe(what: Remakable) -> Mapping[str, Any]:
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
        return metadata.picture_metadata(what[0])
    if isinstance(what, Picture):
        return metadata.picture_metadata(what)
    if isinstance(what, (str, Path)):
        return metadata.read_metadata(what)
    if isinstance(what, Mapping) and metadata.is_recipe(what):
        return what
    raise InvalidOption(
        Text(
            "{kind} 不能再生成：要图片、文件或保存的参数",
            "{kind} cannot be made again: a picture, a file or its parameters can",
        ).fill(kind=type(what).__name__)
    )


def open_pictures(what: Remakable) -> ImageSet:
    """Return a picture as a set of one, a set unchanged, and a file's picture with what made it.

    Raises
    ------
    InvalidOption
        As in `read_recipe`.
    ProtocolError
        The file does not contain a whole picture.
    """
    if isinstance(what, ImageSet):
        return what
    if isinstance(what, (str, Path)):
        saved_recipe = read_recipe(what)
        content = metadata.read_file_beginning(find_path(what), metadata.MAX_FILE)
        request = ImageRequest(
            model=saved_recipe["model"],
            prompt=saved_recipe["prompt"],
            parameters=saved_recipe.get("parameters", {}),
            extra=saved_recipe.get("extra", {}),
            endpoint=saved_recipe.get("endpoint", ""),
        )
        what = Picture(
            request,
            content,
            model=saved_recipe["model"],
            service=str(saved_recipe.get("service", "")),
            id=str(saved_recipe.get("id", "")),
            reported_seed=seed_of(saved_recipe),
            preview=make_preview(content),
        )
    if not isinstance(what, Picture):
        raise InvalidOption(
            Text("{kind} 不是图片", "{kind} is not a picture").fill(kind=type(what).__name__)
        )
    return ImageSet((what,), what.request, model=what.model, service=what.service, id=what.id)


def with_sources(what: Remakable, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes, and what a picture was edited from, which only the picture itself has,
    not its file.
    """
    request = getattr(what, "request", None)
    if not isinstance(request, ImageRequest) or not request.images:
        return {**changes}
    return {"edit": list(request.images), "mask": request.mask or None, **changes}


def redo_options(recipe: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `Session.image` that make it again with changes; a change to None
    removes an argument.

    Raises
    ------
    InvalidOption
        It was edited from a picture that is not here.
    """
    if recipe.get("edited") and "edit" not in changes:
        raise InvalidOption(
            Text(
                "这张图片是改出来的，它的文件里没有原图",
                "the picture was edited from another one, which its file does not hold",
            ),
            advice=Text("用 edit 给出原图", "name that one with edit"),
        )
    request = {
        "extra": {},
        "endpoint": "",
        **{name: recipe[name] for name in _REQUEST if name in recipe},
    }
    # A field may have entered the table after the picture was made.
    table = parameters.parameters_of("image")
    extra = request["extra"]
    became_known = {name for name in extra if name in table and name != "model"}
    request["extra"] = {name: value for name, value in extra.items() if name not in became_known}
    given = {**{name: extra[name] for name in became_known}, **recipe.get("parameters", {})}
    if "seed" not in given and (reported := seed_of(recipe)) is not None:
        given |= {"seed": reported, "n": None}  # the service reported this picture's own seed
    if (entry := models.find_model(str(changes.get("model") or ""))) and entry.id != recipe[
        "model"
    ]:
        # Parameters that the other model does not support are left out.
        given = {
            name: value
            for name, value in given.items()
            if not (required_capability := table[name].requires)
            or required_capability in entry.capabilities
        }
        given = {
            name: value
            for name, value in given.items()
            if name != "size" or entry.other_sizes or value in entry.sizes
        }
    given = {**given, **request, **changes}
    return {name: value for name, value in given.items() if value is not None or name == "prompt"}


def vary_options(recipe: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments for a variation: one picture, with the first seed after those of its
    call where the seed is known.
    """
    return redo_options(recipe, {"n": None, "seed": _seed_after_call(recipe), **changes})


def _seed_after_call(recipe: Mapping[str, Any]) -> int | None:
    """Return the seed for another picture than those of its call, None if its own is not known.

    A call's pictures may have consecutive seeds; the API's page tells only what one seed means.
    """
    known_seed = seed_of(recipe)
    sent = recipe.get("parameters", {})
    n = sent.get("n", 1)
    index = recipe.get("index", 0)
    if known_seed is None or not isinstance(n, int) or not isinstance(index, int):
        return known_seed
    own_seed = known_seed
    if known_seed == sent.get("seed"):  # the call's, not one that is reported for each picture
        own_seed += index
    highest = parameters.parameters_of("image")["seed"].maximum
    assert highest is not None  # noqa: S101  (the table has it)
    return (own_seed + n) % (int(highest) + 1)


def seed_of(recipe: Mapping[str, Any]) -> int | None:
    """Return the seed of a picture, if known."""
    found = recipe.get("seed", recipe.get("parameters", {}).get("seed"))
    if isinstance(found, bool) or not isinstance(found, int):
        return None
    return found
