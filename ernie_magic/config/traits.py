"""Kinds of settings: how a value of each is checked and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import TraitError, TraitType

from ernie_magic.api.models import UNDECIDED
from ernie_magic.config.addresses import BaseUrl
from ernie_magic.config.headers import ExtraHeaders, as_headers
from ernie_magic.config.keys import Key

if TYPE_CHECKING:
    from ernie_magic.api.parameter import Parameter

    _AnyTrait = TraitType[Any, Any]
else:
    _AnyTrait = TraitType  # traitlets before 5.10 cannot be subscripted


class KeyTrait(_AnyTrait):
    """A key: given as text, stored as a `Key`, so that `%config` cannot print it."""

    default_value = None
    allow_none = True
    info_text = "an API key (write only)"

    def validate(self, _obj: object, value: object) -> Key | None:
        """Return a key, whether it is given as one or as text."""
        if isinstance(value, str):
            value = Key(value)
        if isinstance(value, Key):
            return value
        # Not traitlets' own error, which would show the value.
        raise TraitError(f"{self.name}: a key is text")


class HeadersTrait(_AnyTrait):
    """Headers for every request; their values are never shown."""

    default_value = ExtraHeaders()
    info_text = "headers by name"

    def validate(self, _obj: object, value: object) -> ExtraHeaders:
        """Return headers (`as_headers`)."""
        return as_headers(value)


class EndpointTrait(_AnyTrait):
    """The name of a service that a person deployed."""

    default_value = ""
    info_text = "a service's name"

    def validate(self, _obj: object, value: object) -> str:
        """Return a service's name (`check_endpoint_name`), or ""."""
        if not isinstance(value, str):
            raise TraitError(f"{self.name}: a name is text")
        name = value.strip()
        if not name:
            return ""
        # Not at load: few have deployed a service.
        from ernie_magic.config.deployed import check_endpoint_name

        return check_endpoint_name(name)


class BaseUrlTrait(_AnyTrait):
    """A base URL. Its password is a key, and kept where `%config` cannot print it."""

    default_value = BaseUrl("")
    info_text = "a base URL"

    def validate(self, _obj: object, value: object) -> BaseUrl:
        """Return an address without its password and keys."""
        if isinstance(value, BaseUrl):
            return value
        if isinstance(value, str):
            return BaseUrl(value)
        raise TraitError(f"{self.name}: an address is text")


class ParameterTrait(_AnyTrait):
    """A request parameter as a setting; the table checks it."""

    default_value = None
    allow_none = True

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(
            help=f"{parameter.help.zh} / {parameter.help.en} {parameter.format_range()}"
        )
        self.parameter = parameter

    def validate(self, obj: Any, value: object) -> Any:
        """Return a value that the table allows."""
        # The ranges are those of the chosen service; requests to another one leave out what it does
        # not support.
        from ernie_magic.config import endpoints

        return self.parameter.check_value(
            value,
            getattr(obj, "model", "") or UNDECIDED,
            strict=endpoints.choose_service(obj).strict,
        )


class NumberTrait(_AnyTrait):
    """A number that is not a request parameter, checked in the same way."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter.default, help=f"{parameter.help.zh} / {parameter.help.en}")
        self.parameter = parameter

    def validate(self, _obj: object, value: object) -> Any:
        """Return a number in its range."""
        return self.parameter.check_value(value)
