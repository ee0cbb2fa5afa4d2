"""How events, readings and runs become rows: dictionaries for what repeats, one row for all."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Struct

from edge_agent.ledger.rows import Row, Rows
from schemas.device import Change
from schemas.event import Event
from schemas.identity import text_id
from schemas.run import Effect, RunRecord, StepRecord

PLACES = 8
MAX_PAYLOAD = 1 << 20
_ID, _PAYLOAD, _V1, _MORE, _FORM = 4, 5, 6, 14, 15
_NO_READINGS = (None,) * PLACES
_NO_RUN = (None,) * 4
_OPEN = frozenset({"queued", "running", "waiting"})
_SALTS_A_PIPELINE = 64
_TYPES = {float: "n", int: "i", bool: "b", str: "t"}
_signature = attrgetter("property", "instance", "unit", "key", "device")
_BIG = 1 << 53


class Detail(Struct, omit_defaults=True):
    """What a run's row says beyond its columns, as JSON."""

    trigger: dict[str, Any] = {}
    steps: Sequence[StepRecord] = ()
    effects: Sequence[Effect] = ()
    error: str = ""
    inputs: dict[str, Any] = {}
    variables: dict[str, Any] = {}
    labels: dict[str, str] = {}
    parent: str = ""
    event: str = ""


class More(Struct, omit_defaults=True):
    """What an event's row says beyond its columns, as JSON; `raw` is base64, `size` in bytes."""

    texts: list[Any] = []
    raw: str = ""
    size: int = 0
    principal: str = ""
    tenant: str = ""
    session: str = ""
    trace_id: str = ""
    idempotency_key: str = ""
    privacy: str = ""


def micros(seconds: float) -> int:
    """Epoch seconds as microseconds, the ledger's unit."""
    return int(seconds * 1e6 + 0.5)


def to_json(value: Any) -> str:
    """JSON text of anything; what JSON has no form for becomes its text."""
    try:
        return _encoder.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        return _encoder.encode(_plain(value, 0)).decode()


def _plain(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if -(1 << 63) <= value < 1 << 63 else str(value)
    if depth > 50:
        return "…"
    if isinstance(value, dict):
        return {_plain(str(k), 0): _plain(v, depth + 1) for k, v in value.items()}
    if isinstance(value, Struct):
        value = [getattr(value, name) for name in value.__struct_fields__]
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, depth + 1) for item in value]
    return _plain(str(value), 0)


_encoder = msgspec.json.Encoder(enc_hook=str)


class Packer:
    """Turns records into rows, and keeps the dictionaries that `kinds` and `forms` hold."""

    def __init__(
        self,
        seq: int,
        kinds: int,
        forms: Iterable[tuple[int, str, str, str, str, int | None]],
        open_runs: Iterable[int],
    ) -> None:
        self.seq = seq
        self.open_runs = set(open_runs)
        self._kinds: dict[Any, tuple[int, str]] = {}
        self._last_kind = kinds
        self._forms = {tuple(form[1:]): form[0] for form in forms}
        self._last_form = max(self._forms.values(), default=0)
        self._salts: dict[str, set[int]] = {}
        for _, pipeline, _, _, _, salt in self._forms_rows():
            self._salts.setdefault(pipeline, set()).add(salt)

    def _forms_rows(self) -> Iterable[tuple[int, str, str, str, str, int]]:
        for (pipeline, version, trigger, state, salt), number in self._forms.items():
            if salt is not None:
                yield number, pipeline, version, trigger, state, salt

    def event(self, rows: Rows, event: Event, changes: Sequence[Change]) -> None:
        """Add an event and its readings; the run it starts may still join its row."""
        self.seq += 1
        ts = int(event.ts * 1e6 + 0.5)
        more: More | None = None
        try:
            payload = event.raw.decode()
        except UnicodeDecodeError:
            payload = None
            more = More(raw=base64.b64encode(event.raw[:MAX_PAYLOAD]).decode())
        if not payload and event.payload is not None and more is None and not event.raw:
            payload = to_json(event.payload)
        if payload is not None and len(payload) > MAX_PAYLOAD:
            more = More(size=len(payload))
            payload = payload[:MAX_PAYLOAD]
        received = None if event.received == event.ts else micros(event.received)
        row = [self.seq, ts, received, 0, event.id, payload]
        if changes:
            values = [change.value for change in changes]
            types = tuple(map(type, values))
            key = (
                event.source,
                event.channel,
                event.retain,
                types,
                tuple(map(_signature, changes)),
            )
            found = self._kinds.get(key)
            if found is None:
                found = self._new_kind(rows, key, event, changes, types)
            row[3], plan = found
            if not plan:
                row += values
                row += _NO_READINGS[len(values) :]
            else:
                more = more or More()
                row += _spread(values, plan, more.texts)
        else:
            key = (event.source, event.channel, event.retain)
            found = self._kinds.get(key)
            row[3] = (found or self._new_kind(rows, key, event, (), ()))[0]
            row += _NO_READINGS
        if event.principal or event.trace_id or event.session or event.idempotency_key:
            more = _with_context(more or More(), event)
        row.append(None if more is None else to_json(more))
        row += _NO_RUN
        rows.entries.append(row)
        rows.mergeable[event.id] = row

    def run(self, rows: Rows, record: RunRecord) -> None:
        """Add a run: to its event's row when it has ended in the same commit, else its own."""
        if record.state in _OPEN:
            self._open_run(rows, record)
            return
        if record.id in self.open_runs:
            self.open_runs.discard(record.id)
            rows.open_runs[record.id] = None
        salt = record.id ^ record.event
        trigger = str(record.trigger.get("id", ""))
        key = (record.pipeline, record.version, trigger, record.state, salt)
        form = self._forms.get(key)
        if form is None:
            form, salt_known = self._new_form(rows, key)
        else:
            salt_known = True
        started = int(record.started * 1e6 + 0.5)
        finished = None if record.finished is None else int(record.finished * 1e6 + 0.5)
        if salt_known:
            tail = (form, started, finished, to_json(_detail(record, "")))
            row = rows.mergeable.pop(record.event, None)
            if row is not None:
                row[_FORM:] = tail
                return
            identity = record.event
        else:
            tail = (form, started, finished, to_json(_detail(record, str(record.event))))
            identity = record.id
        self.seq += 1
        rows.entries.append(
            [self.seq, started, None, 0, identity, None, *_NO_READINGS, None, *tail]
        )

    def _open_run(self, rows: Rows, record: RunRecord) -> None:
        self.seq += 1
        self.open_runs.add(record.id)
        rows.open_runs[record.id] = [
            record.id,
            self.seq,
            record.event,
            record.pipeline,
            record.version,
            str(record.trigger.get("id", "")),
            record.state,
            micros(record.started),
            None,
            to_json(_detail(record, "")),
        ]

    def _new_kind(
        self,
        rows: Rows,
        key: Any,
        event: Event,
        changes: Sequence[Change],
        types: tuple[type, ...],
    ) -> tuple[int, str]:
        if len(self._kinds) >= 20_000:
            self._kinds.clear()  # a bound for homes whose topics never repeat
        self._last_kind += 1
        number = self._last_kind
        rows.kinds.append([number, event.channel, event.source, event.retain])
        plan = "".join(_TYPES.get(kind, "j") for kind in types)
        column = text = 0
        spread = ""
        for change, letter in zip(changes, plan, strict=True):
            if letter in "nib" and column < PLACES:
                column += 1
                place = column
            else:
                letter = "x" if letter in "nib" else letter
                place = text
                text += 1
            spread += letter
            rows.items.append(
                [number, place, letter, change.key, change.device]
                + [change.property, change.instance, change.unit]
            )
        self._kinds[key] = found = (number, spread if text else "")
        return found

    def _new_form(self, rows: Rows, key: tuple[str, str, str, str, int]) -> tuple[int, bool]:
        pipeline, version, trigger, state, salt = key
        salts = self._salts.setdefault(pipeline, set())
        known = salt in salts or len(salts) < _SALTS_A_PIPELINE
        if known:
            salts.add(salt)
        stored = (pipeline, version, trigger, state, salt if known else None)
        if (form := self._forms.get(stored)) is not None:
            return form, known
        self._last_form += 1
        self._forms[stored] = self._last_form
        rows.forms.append([self._last_form, *stored])
        return self._last_form, known


def _detail(record: RunRecord, event: str) -> Detail:
    trigger = record.trigger
    if "id" in trigger:
        trigger = {name: value for name, value in trigger.items() if name != "id"}
    return Detail(
        trigger,
        record.steps,
        record.effects,
        record.error,
        record.inputs,
        record.variables,
        record.labels,
        text_id(record.parent) if record.parent else "",
        event,
    )


def _spread(values: Sequence[Any], plan: str, texts: list[Any]) -> Row:
    columns: Row = []
    for value, letter in zip(values, plan, strict=True):
        if letter in "nib":
            columns.append(value)
        else:
            texts.append(value)
    columns += _NO_READINGS[len(columns) :]
    return columns


def _with_context(more: More, event: Event) -> More:
    more.principal = event.principal
    more.tenant = event.tenant
    more.session = event.session
    more.trace_id = event.trace_id
    more.idempotency_key = event.idempotency_key
    more.privacy = event.privacy
    return more
