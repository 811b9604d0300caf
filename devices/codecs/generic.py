"""Whatever speaks MQTT and has no codec: usual key names, or those that a binding names.

A binding is ``occupancy``, ``people``, ``battery`` or ``online`` (also ``occupancy_key`` …) with the key of the value;
a dot descends: ``LD2410.Out_pin``, ``params.input:0.state``.
"""

from collections.abc import Mapping
from typing import Any

from devices.codecs.draft import FACTS, Draft
from devices.codecs.values import up_down
from devices.messages import Decoded, Incoming
from devices.payload import Word

FAMILY = "generic"
COMMANDS = frozenset({"cmd", "cmnd", "command", "commands", "set", "get", "request"})
OCCUPANCY = ("occupancy", "occupied", "presence", "motion", "pir")
PEOPLE = ("people", "people_count", "person_count", "persons")
BATTERY = ("battery", "bat", "batt", "battery_level")
ONLINE = ("lwt", "status", "online", "availability", "available")
STAMPS = ("at", "ts", "timestamp", "time", "last_seen")
NO_COMMAND = "a command topic: telemetry handlers must not act on it"
_MISSING = object()


def matches(incoming: Incoming) -> bool:
    return True


def decode(incoming: Incoming) -> Decoded:
    """What a message of an unknown family says, as far as its key names are the usual ones."""
    device = incoming.topic
    last = incoming.levels[-1].casefold()
    if any(level.casefold() in COMMANDS for level in incoming.levels):
        return Decoded(FAMILY, device, other={"ignored": NO_COMMAND})
    draft, value = Draft(incoming), incoming.value
    if isinstance(value, dict):
        _object(draft, value)
        if not draft.understood and last in ONLINE:
            draft.online = up_down(value)
    elif isinstance(value, list):
        draft.other["reason"] = "list is not a value"
    else:
        _single(draft, last, value)
    return draft.finish(FAMILY, device)


def _object(draft: Draft, value: dict[str, Any]) -> None:
    binding = draft.incoming.binding
    for given in _found(value, binding, "occupancy", OCCUPANCY):
        draft.take_presence(given)
    for given in _found(value, binding, "people", PEOPLE)[:1]:
        draft.take_people(given)
    for given in _found(value, binding, "battery", BATTERY)[:1]:
        draft.take_battery(given)
    for given in _found(value, binding, "online", ()):
        draft.online = up_down(given)
    draft.stamp = next((value[key] for key in STAMPS if key in value), None)
    draft.take_health(value)
    draft.take_facts(value, value)


def _found(value: dict[str, Any], binding: Mapping[str, str], name: str, usual: tuple[str, ...]) -> list[Any]:
    bound = binding.get(name) or binding.get(f"{name}_key")
    if not bound:
        return [value[key] for key in usual if key in value]
    given = _at(value, bound)
    return [] if given is _MISSING else [given]


def _at(value: Any, path: str) -> Any:
    if not isinstance(value, dict):
        return _MISSING
    if path in value:
        return value[path]
    head, dot, rest = path.partition(".")
    return _at(value[head], rest) if dot and head in value else _MISSING


def _single(draft: Draft, last: str, value: Any) -> None:
    """One value on a topic of its own; the topic's last level says what it is."""
    plain = str(value) if isinstance(value, Word) else value
    if last in OCCUPANCY or draft.incoming.binding.get("occupancy") in ("payload", "."):
        draft.take_presence(plain)
    elif last in PEOPLE:
        draft.take_people(plain)
    elif last in BATTERY:
        draft.take_battery(plain)
    elif last in ONLINE:
        draft.online = up_down(plain)
    elif last in FACTS:
        draft.take_facts({last: plain}, [last])
