"""The parts of an entity: where its values are read, and what is sent to set them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import Struct, field

from firmware_profiles import values
from firmware_profiles.decoders.ha_discovery.config import Config
from firmware_profiles.decoders.ha_discovery.template import Templates, Value
from firmware_profiles.units import number
from firmware_profiles.vocabulary import unit_of

Write = Callable[[Any], Any]
"""A canonical value to what is sent: text, or keys of a JSON object; None: it cannot be."""


class Source(NamedTuple):
    """One property of one topic."""

    topic: str
    property: str
    unit: str | None
    instance: str | None
    value: Value
    convert: values.Convert


class Setter(NamedTuple):
    """Where and how a property is set."""

    topic: str
    write: Write


class Limits(NamedTuple):
    """What a property takes."""

    values: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


class Thing(Struct):
    """One entity: its sources, setters and verbs, and the state it was last in.

    A setter's name is its property, `PROPERTY@WHICH` for one of several.
    """

    config: Config
    templates: Templates
    instance: str | None = None
    sources: list[Source] = field(default_factory=list)
    setters: dict[str, Setter] = field(default_factory=dict)
    verbs: dict[str, tuple[str, str]] = field(default_factory=dict)
    limits: dict[str, Limits] = field(default_factory=dict)
    channel: str = "state"
    on: bool | None = None
    wrap: Callable[[dict[str, Any], float | None], str | None] | None = None

    def key(self, *template_keys: str) -> str:
        """The payload key that the first of these templates reads."""
        return next((self.templates.key(self.config.text(key)) for key in template_keys), "")

    def value(self, *template_keys: str) -> Value:
        """The value by the first of these templates that is given."""
        options = self.config.options
        given = next((options[key] for key in template_keys if key in options), None)
        return self.templates.value(given)

    def read(
        self,
        property: str,
        topic: str,
        convert: values.Convert,
        value: Value,
        *,
        unit: str | None = None,
        instance: str | None = None,
    ) -> None:
        """Read a property from the topic of an option, if it is given."""
        at = self.config.text(topic)
        if at:
            unit, instance = unit or unit_of(property), instance or self.instance
            self.sources.append(Source(at, property, unit, instance, value, convert))

    def set(
        self,
        property: str,
        topic: str,
        write: Callable[[Any], Any],
        template: str = "",
        name: str = "",
    ) -> None:
        """Set a property on the topic of an option, if it is given.

        The command template knows the raw value as `value`, and as `name`.
        """
        at = self.config.text(topic)
        if not at:
            return
        source = self.config.options.get(template)
        render = self.templates.command(source)

        def wire(value: Any) -> Any:
            raw = write(value)
            if raw is None or source is None:
                return raw
            return render({"value": raw, name or "value": raw, "entity_id": "", "name": ""})

        self.setters[property] = Setter(at, wire)

    def call(self, instance: str) -> None:
        """Give the entity and its sources another instance; those of their own keep theirs."""
        self.sources = [
            source._replace(instance=instance) if source.instance == self.instance else source
            for source in self.sources
        ]
        self.instance = instance

    def verb(self, word: str, payload: str, topic: str = "command_topic") -> None:
        """Carry out a verb by a fixed payload; an empty one is not supported."""
        at = self.config.text(topic)
        if at and payload:
            self.verbs[word] = (at, payload)

    def switched(self, convert: Callable[[Any], bool | None]) -> values.Convert:
        """A conversion to `on` and `off` that remembers the state, for `toggle`."""

        def state(value: Any) -> str | None:
            on = convert(value)
            if on is None:
                return None
            self.on = on
            return "on" if on else "off"

        return state

    def on_off(self, on: str, off: str, topic: str = "command_topic") -> None:
        """`state`, turn_on and turn_off by two payloads."""
        self.verb("turn_on", on, topic)
        self.verb("turn_off", off, topic)
        self.set("state", topic, lambda value: chosen({"on": on, "off": off}, value))


def chosen(words: Mapping[str, str], value: Any) -> str | None:
    """The payload of a word; true and false are on and off."""
    if isinstance(value, bool):
        value = "on" if value else "off"
    return words.get(str(value).strip().lower()) or None


def span(low: float, high: float) -> values.Convert:
    """A conversion of low…high to 0…100 %; low may be the larger."""

    def convert(value: Any) -> float | None:
        raw = number(value)
        if raw is None or high == low:
            return None
        return round(min(max((raw - low) * 100 / (high - low), 0.0), 100.0), 1)

    return convert


def unspan(low: float, high: float) -> Callable[[Any], int | None]:
    """A conversion of 0…100 % to low…high in whole steps."""

    def convert(value: Any) -> int | None:
        share = number(value)
        if share is None:
            return None
        return round(low + min(max(share, 0.0), 100.0) * (high - low) / 100)

    return convert


def brief(value: Any) -> Any:
    """A number as it is written: whole ones without a point."""
    raw = number(value)
    if raw is None:
        return None
    return int(raw) if raw == int(raw) else raw
