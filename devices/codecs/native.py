"""Izba's own format: ``<prefix>/devices/<device>/reading`` and ``…/status`` (docs/reference/topics.md)."""

from devices.codecs.draft import Draft
from devices.codecs.message import Decoded, Incoming
from devices.codecs.payload import PlainText
from devices.codecs.values import clean, up_down
from devices.topics import Route, TopicKind

FAMILY = "native"
SIGNS = ("occupancy", "presence", "motion", "pir")


def matches(route: Route) -> bool:
    """All of the tree below the prefix."""
    return route.own is not None


def decode(incoming: Incoming) -> Decoded:
    """What a message of Izba's own tree says."""
    own = incoming.route.own
    if own is None or own.kind is TopicKind.OTHER:
        return Decoded(FAMILY, "", other={"ignored": "not a topic of Izba"})
    if own.kind is TopicKind.READING:
        return _reading(incoming, own.name)
    if own.kind is TopicKind.DEVICE_STATUS:
        return _status(incoming, own.name)
    if own.kind is TopicKind.PANEL_COMMAND:
        return _command(incoming, own.name)
    return Decoded(FAMILY, own.name, other={"ignored": "Izba's own message"})


def _reading(incoming: Incoming, device: str) -> Decoded:
    draft, value = Draft(incoming), incoming.value
    if not isinstance(value, dict):
        return _bare(draft, device)
    if "occupied" in value:
        draft.take_presence(value["occupied"])
    if "people" in value:
        draft.take_people(value["people"])
    draft.take_signs(value, SIGNS)
    if "battery" in value:
        draft.take_battery(value["battery"])
    if "contact" in value:
        draft.take_contact(value["contact"])
    draft.stamp = value.get("at")
    draft.take_health(value)
    draft.take_facts(value, value)
    return draft.finish(FAMILY, device)


def _bare(draft: Draft, device: str) -> Decoded:
    """``true`` or ``ON`` alone is taken as the occupancy; a list or a number is no reading."""
    value = draft.incoming.value
    if isinstance(value, bool | PlainText):
        draft.take_presence(value)
        draft.other["coerced"] = True
        return draft.finish(FAMILY, device)
    return Decoded(FAMILY, device, refused="not an object", other={"error": "not an object"}, is_unknown=True)


def _status(incoming: Incoming, device: str) -> Decoded:
    online = up_down(incoming.value)
    if online is None:
        return Decoded(FAMILY, device, other={"reason": "neither online nor offline"})
    return Decoded(FAMILY, device, online=online)


def _command(incoming: Incoming, panel: str) -> Decoded:
    value = incoming.value
    name = value.get("command") if isinstance(value, dict) else None
    other = {"ignored": "a command topic, not telemetry"}
    if isinstance(name, str):
        other["command"] = clean(name)
    return Decoded(FAMILY, panel, other=other)
