"""Whatever speaks MQTT and has no codec: usual key names, or those that a binding names.

A binding is ``occupancy``, ``people``, ``battery`` or ``online`` (also ``occupancy_key`` …) with the key of the value;
a dot descends: ``LD2410.Out_pin``, ``params.input:0.state``.
"""

from collections.abc import Callable, Mapping
from typing import Any

from devices.codecs.draft import FACTS, Draft
from devices.codecs.message import Decoded, Incoming
from devices.codecs.payload import PlainText
from devices.codecs.values import up_down
from devices.topics import Route

FAMILY = "generic"
COMMANDS = frozenset({"cmd", "cmnd", "command", "commands", "set", "get", "request"})
OCCUPANCY = ("occupancy", "occupied", "presence", "motion", "pir")
PEOPLE = ("people", "people_count", "person_count", "persons")
BATTERY = ("battery", "bat", "batt", "battery_level")
ONLINE = ("lwt", "status", "online", "availability", "available")
STAMPS = ("at", "ts", "timestamp", "time", "last_seen")
NO_COMMAND = "a command topic: telemetry handlers must not act on it"
_MISSING = object()


def matches(route: Route) -> bool:
    """Whatever no other family knows."""
    return True


def decode(incoming: Incoming) -> Decoded:
    """What a message of an unknown family says, as far as its key names are the usual ones."""
    device, levels = incoming.route.topic, incoming.route.levels
    last = levels[-1].casefold()
    if any(level.casefold() in COMMANDS for level in levels):
        return Decoded(FAMILY, device, other={"ignored": NO_COMMAND})
    draft, value = Draft(incoming), incoming.value
    if isinstance(value, dict):
        _object(draft, value)
        if not draft.understood and last in ONLINE:
            draft.online = up_down(value)
    elif isinstance(value, list):
        draft.other["reason"] = "list is not a value"
        draft.tells_presence = last in OCCUPANCY
    else:
        _single(draft, last, value)
    return draft.finish(FAMILY, device)


def _object(draft: Draft, value: dict[str, Any]) -> None:
    binding = draft.incoming.route.binding
    for one in _values(value, binding, "occupancy", OCCUPANCY):
        draft.take_presence(one)
    for one in _values(value, binding, "people", PEOPLE)[:1]:
        draft.take_people(one)
    for one in _values(value, binding, "battery", BATTERY)[:1]:
        draft.take_battery(one)
    for one in _values(value, binding, "online", ()):
        draft.online = up_down(one)
    draft.stamp = next((value[key] for key in STAMPS if key in value), None)
    draft.take_health(value)
    draft.take_facts(value, value)


def _values(value: dict[str, Any], binding: Mapping[str, str], name: str, usual: tuple[str, ...]) -> list[Any]:
    """What stands under the key that the binding names, else under each of the usual ones."""
    bound = binding.get(name) or binding.get(f"{name}_key")
    if not bound:
        return [value[key] for key in usual if key in value]
    one = _at(value, bound)
    return [] if one is _MISSING else [one]


def _at(value: Any, path: str) -> Any:
    if not isinstance(value, dict):
        return _MISSING
    if path in value:
        return value[path]
    head, dot, rest = path.partition(".")
    return _at(value[head], rest) if dot and head in value else _MISSING


def _single(draft: Draft, last: str, value: Any) -> None:
    """One value on a topic of its own; a binding says what it is, or the topic's last level."""
    plain = str(value) if isinstance(value, PlainText) else value
    binding = draft.incoming.route.binding
    bound = next((name for name in _SINGLE if binding.get(name) in WHOLE), "")
    if bound:
        _SINGLE[bound](draft, plain)
    elif last in OCCUPANCY:
        draft.take_presence(plain)
    elif last in PEOPLE:
        draft.take_people(plain)
    elif last in BATTERY:
        draft.take_battery(plain)
    elif last in ONLINE:
        draft.online = up_down(plain)
    elif last in FACTS:
        draft.take_facts({last: plain}, [last])
    elif binding.get("kind") == "presence":  # whatever its topic is called
        draft.take_presence(plain)


def _take_online(draft: Draft, value: Any) -> None:
    draft.online = up_down(value)


WHOLE = ("payload", ".")  # as a key: the message itself
_SINGLE: dict[str, Callable[[Draft, Any], None]] = {
    "occupancy": Draft.take_presence,
    "people": Draft.take_people,
    "battery": Draft.take_battery,
    "online": _take_online,
}
