"""What every trigger, condition and step is: a frozen struct whose fields are its configuration."""

from typing import ClassVar

from msgspec import Struct

from schemas.fields import field_name


class Component(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=field_name, gc=False
):
    """A configured component; the docstring is its manual page, annotations document its fields.

    `main` names the field that takes a bare value (`- delay: 5m`); with `whole` the entire mapping
    under the component key goes to `main` (`- set: {a: 1}`).
    """

    main: ClassVar[str] = ""
    whole: ClassVar[bool] = False
