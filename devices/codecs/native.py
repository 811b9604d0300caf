"""Izba's own format: ``<prefix>/devices/<device>/reading`` and ``…/status`` (docs/reference/topics.md)."""

from devices.codecs.draft import Draft
from devices.codecs.values import clean, up_down
from devices.messages import Decoded, Incoming
from devices.payload import Word
from devices.topics import Own, Part, Topics

FAMILY = "native"


def matches(incoming: Incoming) -> bool:
    return Topics(incoming.prefix).is_own(incoming.topic)


def decode(incoming: Incoming) -> Decoded:
    """What a message of Izba's own tree says."""
    own = Topics(incoming.prefix).parse(incoming.topic)
    if own is None:
        return Decoded(FAMILY, "", other={"ignored": "not a topic of Izba"})
    if own.part is Part.READING:
        return _reading(incoming, own)
    if own.part is Part.DEVICE_STATUS:
        return _status(incoming, own)
    if own.part is Part.PANEL_COMMAND:
        return _command(incoming, own)
    return Decoded(FAMILY, own.name, other={"ignored": "Izba's own message"})


def _reading(incoming: Incoming, own: Own) -> Decoded:
    draft, value = Draft(incoming), incoming.value
    if not isinstance(value, dict):
        return _bare(draft, own)
    if "occupied" in value:
        draft.take_presence(value["occupied"])
    if "people" in value:
        draft.take_people(value["people"])
    if "battery" in value:
        draft.take_battery(value["battery"])
    if "contact" in value:
        draft.take_contact(value["contact"])
    draft.stamp = value.get("at")
    draft.take_health(value)
    draft.take_facts(value, value)
    return draft.finish(FAMILY, own.name)


def _bare(draft: Draft, own: Own) -> Decoded:
    """``true`` or ``ON`` alone is taken as the occupancy; a list or a number is no reading."""
    value = draft.incoming.value
    if isinstance(value, bool | Word):
        draft.take_presence(value)
        draft.other["coerced"] = True
        return draft.finish(FAMILY, own.name)
    return Decoded(FAMILY, own.name, refused="not an object", other={"error": "not an object"})


def _status(incoming: Incoming, own: Own) -> Decoded:
    online = up_down(incoming.value)
    if online is None:
        return Decoded(FAMILY, own.name, other={"reason": "neither online nor offline"})
    return Decoded(FAMILY, own.name, online=online)


def _command(incoming: Incoming, own: Own) -> Decoded:
    value = incoming.value
    name = value.get("command") if isinstance(value, dict) else None
    other = {"ignored": "a command topic, not telemetry"}
    if isinstance(name, str):
        other["command"] = clean(name)
    return Decoded(FAMILY, own.name, other=other)
