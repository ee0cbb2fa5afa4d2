"""Services that tell people something: notifiers, speech, chats, the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.importers.home_assistant.services.call import Call, Service, Steps
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import is_template, items

_TEXTS = ("title", "message")
_LEVELS = {"critical": "error", "warn": "warning"}


def _notify(call: Call) -> Steps:
    """`notify.NAME`: a target of that name in hearth.yaml; the table may call it otherwise."""
    if call.verb == "persistent_notification":
        return _told(call, "persistent_notification")
    if call.verb in ("send_message", "reply"):
        return _told(call, *(known.name for known in call.entities))
    return _told(call, call.verb)


def _told(call: Call, *names: str) -> Steps:
    if "message" not in call.data and "title" not in call.data and "caption" not in call.data:
        raise Unsupported("there is no message")
    targets = [call.page.house.named("notify", name, name) for name in names]
    if not targets:
        raise Unsupported("nobody is named who is to be told")
    to = targets[0] if len(targets) == 1 else targets
    fields: dict[str, Any] = {"to": to}
    if call.data.get("title"):
        fields["title"] = _text(call, "title")
    fields["message"] = _text(call, "message") if "message" in call.data else _text(call, "caption")
    more = _more(call)
    return [{"notify": fields | ({"data": more} if more else {})}]


def _text(call: Call, key: str) -> str:
    value = call.value(key)
    return value if isinstance(value, str) else "" if value is None else str(value)


def _more(call: Call) -> dict[str, Any]:
    more = call.value("data")
    found = dict(more) if isinstance(more, Mapping) else {}
    if call.data.get("target") is not None:
        found["target"] = call.value("target")
    return found


def _create(call: Call) -> Steps:
    return _told(call, "persistent_notification")


def _telegram(call: Call) -> Steps:
    """A message or picture to a chat; who may read it is told by the target."""
    fields = {k: v for k, v in call.data.items() if k in ("title", "message", "caption")}
    fields.setdefault("message", fields.pop("caption", call.verb.removeprefix("send_")))
    more = {key: value for key, value in call.data.items() if key not in (*fields, "caption")}
    told = Call(call.domain, call.verb, {**fields, "data": more}, (), (), call.page)
    return _told(told, "telegram_bot")


def _say(call: Call) -> Steps:
    """Speech: the loudspeaker is the target."""
    players = [known.id for known in call.entities if known.domain == "media_player"]
    players += items(call.data.get("media_player_entity_id"))
    if any(is_template(player) for player in players) or call.selectors:
        raise Unsupported("a loudspeaker that is computed")
    data = {"message": call.data.get("message", "")}
    told = Call(call.domain, call.verb, data, (), (), call.page)
    names = [str(player).partition(".")[2] for player in players] or [call.domain]
    return _told(told, *names)


def _log(call: Call) -> Steps:
    name, message = call.value("name"), call.value("message", "")
    text = f"{name}: {message}" if name else str(message)
    fields: dict[str, Any] = {"message": text}
    level = str(call.data.get("level", "info" if call.domain == "logbook" else "error")).lower()
    level = _LEVELS.get(level, level)
    if level in ("debug", "warning", "error"):
        fields["level"] = level
    return [{"log": fields if len(fields) > 1 else text}]


PEOPLE: Mapping[str, Service] = {
    "notify.*": _notify, "persistent_notification.create": _create,
    "telegram_bot.send_message": _telegram, "telegram_bot.send_photo": _telegram,
    "telegram_bot.send_video": _telegram, "telegram_bot.send_document": _telegram,
    "tts.*": _say, "logbook.log": _log, "system_log.write": _log,
    "assist_satellite.announce": _say,
}  # fmt: skip
