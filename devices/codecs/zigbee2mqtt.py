"""Zigbee2MQTT: ``<base>/<friendly name>`` with JSON, ``…/availability`` and the bridge.

A friendly name may hold slashes and spaces. An occupancy that comes with an illuminance or battery report is a cached
one (zigbee2mqtt issues 467, 3496), so ``last_seen``, where it is switched on, decides whether it confirms anything.
"""

import re
from dataclasses import replace
from typing import Any

from devices.codecs.draft import FACTS, Draft
from devices.codecs.message import Decoded, Incoming
from devices.codecs.payload import PlainText
from devices.codecs.values import clean, up_down
from devices.topics import Route

FAMILY = "zigbee2mqtt"
BRIDGE = "bridge"  # stands for a device where a bridge speaks of itself
BRIDGE_TOPICS = frozenset({
    "state", "info", "devices", "groups", "definitions", "extensions", "converters", "event", "logging", "response",
    "request", "health",
})  # fmt: skip
NAMES = ("renamed", "name", "left", "discovered", "about")  # of devices, where a bridge speaks of them
BASES = ("zigbee2mqtt", "z2m")
COMMANDS = frozenset({"set", "get"})
NO_COMMAND = "a command topic, not telemetry"
NO_STATE = "an attribute that says nothing of the room"
# radar sensors that tell a kind of movement instead of a boolean, or beside one
MOVEMENT = (
    "presence_state", "motion_state", "human_motion_state", "motion_status", "occupancy_status", "presence_status",
)  # fmt: skip
NOBODY = frozenset({
    "none", "absent", "no_motion", "no_movement", "unoccupied", "nobody", "no_one", "no_presence", "no_people", "empty",
    "unmanned",
})  # fmt: skip
SOMEBODY = frozenset({
    "presence", "present", "move", "moving", "movement", "static", "small", "medium", "large", "peaceful",
    "small_movement", "medium_movement", "large_movement", "motionless", "near", "far", "breathe", "occupied",
    "motion", "stationary", "active", "standing_still", "standing", "still", "sitting", "lying", "sleeping", "walking",
    "breath", "breathing", "micro", "someone", "somebody", "person", "human", "manned", "approach", "approaching",
})  # fmt: skip
# beside the presence itself: another name for it, or a part of the room. That a part is empty says nothing of the rest
_SIGN = re.compile(
    r"(?:occupied|motion|pir|human|human_presence)$"
    r"|(?:occupancy|presence|motion)_(?:\d+|l\d|in|out|or|zone_?\w*|area_?\w*|region_?\w*)$"
    r"|(?:zone|area|region)_?\w+?_(?:occupancy|presence|occupied)$"
)
# of every device, each on a topic of its own where Zigbee2MQTT is set so
_BARREN = re.compile(r"last_seen$|linkquality$|voltage$|battery_low$|update-\w+$")
LONGEST_NAME = 200  # of a device's address in the register
SINGLE = frozenset({"occupancy", "presence", "battery", "contact", "tamper", *FACTS})
_REGION = re.compile(r"region_(\d+)_(?:enter|leave|occupied|unoccupied)$")


def base_of(levels: tuple[str, ...]) -> int:
    """How many levels the base topic has, 0 if this is no topic of this family."""
    return next((place + 1 for place, level in enumerate(levels[:-1]) if level.casefold() in BASES), 0)


def matches(route: Route) -> bool:
    """A topic below a base that was set, or with one of the usual ones in front."""
    return bool(route.base) or base_of(route.levels) > 0


def decode(incoming: Incoming) -> Decoded:
    """What a message of a Zigbee2MQTT base topic says. A device's name is its address: with the stem of its base."""
    route, levels = incoming.route, incoming.route.levels
    depth = route.base.count("/") + 1 if route.base else base_of(levels) or min(1, len(levels) - 1)
    inner = _inner_bridge(levels[depth:])
    stem = route.stem + "".join(f"{level}/" for level in levels[depth : depth + inner])
    decoded = _decode(incoming, levels[depth + inner :])
    if stem:
        named = {key: f"{stem}{decoded.other[key]}" for key in NAMES if decoded.other.get(key)}
        device = decoded.device if decoded.device == BRIDGE else f"{stem}{decoded.device}"
        decoded = replace(decoded, device=device, other={**decoded.other, **named})
    return replace(decoded, bridge="/".join(levels[: depth + inner]))


def _inner_bridge(name: tuple[str, ...]) -> int:
    """How many levels further down another bridge has its base, 0 where there is none."""
    return next((at for at in range(1, len(name) - 1) if name[at] == BRIDGE and name[at + 1] in BRIDGE_TOPICS), 0)


def _decode(incoming: Incoming, name: tuple[str, ...]) -> Decoded:
    if name[0] == BRIDGE:
        return _bridge(incoming, name)
    if len(name) > 1 and (name[-1] in COMMANDS or name[-2] in COMMANDS):
        at = -1 if name[-1] in COMMANDS else -2
        return Decoded(FAMILY, "/".join(name[:at]), other={"ignored": NO_COMMAND})
    if len(name) > 1 and name[-1] == "availability":
        return _availability(incoming, "/".join(name[:-1]))
    if isinstance(incoming.value, dict):
        return _state(incoming, "/".join(name), incoming.value)
    if len(name) > 1 and name[-1] in SINGLE and not isinstance(incoming.value, list):
        return _state(incoming, "/".join(name[:-1]), {name[-1]: _unquoted(incoming.value)})
    if len(name) > 1 and _BARREN.match(name[-1]) and not isinstance(incoming.value, list):
        return Decoded(FAMILY, "/".join(name[:-1]), other={"ignored": NO_STATE})
    other = {"ignored": True, "reason": "not an object"}
    return Decoded(FAMILY, "/".join(name), other=other, is_unknown=True)


def _unquoted(value: Any) -> Any:
    return str(value) if isinstance(value, PlainText) else value


def _state(incoming: Incoming, device: str, values: dict[str, Any]) -> Decoded:
    draft = Draft(incoming)
    bound = incoming.route.binding.get("occupancy", incoming.route.binding.get("occupancy_key", ""))
    for key in [bound] if bound else ["occupancy", "presence"]:
        if key in values:
            draft.take_presence(values[key])
    if not bound:
        _movement(draft, values)
    if "people" in values:
        draft.take_people(values["people"])
    draft.take_signs(values, filter(_SIGN.match, values))
    if "battery" in values:
        draft.take_battery(values["battery"])
    if "contact" in values:
        draft.take_contact(values["contact"])
    draft.stamp = values.get("last_seen")
    draft.take_health({key: values[key] for key in ("tamper",) if key in values})
    draft.take_facts(values, values)
    _region(draft)
    return draft.finish(FAMILY, device)


def _movement(draft: Draft, values: dict[str, Any]) -> None:
    """A word that is in neither list may be somebody: the presence is not known then."""
    for key in MOVEMENT:
        if key not in values:
            continue
        word = values[key].strip().casefold() if isinstance(values[key], str) else ""
        if word in NOBODY | SOMEBODY:
            draft.take_presence(word in SOMEBODY)
            draft.other[key] = word
        else:
            draft.take_presence(values[key])


def _region(draft: Draft) -> None:
    """Evidence for one region is none for the room: another region may hold somebody."""
    action = draft.other.get("action")
    match = _REGION.match(action) if isinstance(action, str) else None
    if match:
        draft.other["region"] = int(match[1])


def _availability(incoming: Incoming, device: str) -> Decoded:
    online = up_down(incoming.value)
    if online is None:
        other = {"reason": "neither online nor offline"}
        return Decoded(FAMILY, device, other=other, is_unknown=incoming.value is None)
    # what a device says while its bridge does not hear it is lost
    return Decoded(FAMILY, device, online=online, is_unknown=not online)


def _bridge(incoming: Incoming, name: tuple[str, ...]) -> Decoded:
    about, value = name[1] if len(name) > 1 else "", incoming.value
    if about == "state":
        online = up_down(value)
        scope: dict[str, Any] = {"scope": "bridge"}
        if online is None:
            scope["reason"] = "neither online nor offline"
        return Decoded(FAMILY, BRIDGE, online=online, other=scope)
    if about == "event" and isinstance(value, dict):
        return Decoded(FAMILY, BRIDGE, other=_event(value))
    if about == "response" and isinstance(value, dict):
        return Decoded(FAMILY, BRIDGE, other=_response(name[2:], value))
    if about == "devices" and isinstance(value, list):
        return Decoded(FAMILY, BRIDGE, other=_inventory(value))
    if about == "request":
        return Decoded(FAMILY, BRIDGE, other={"ignored": NO_COMMAND})
    return Decoded(FAMILY, BRIDGE, other={"ignored": True})


def _response(about: tuple[str, ...], value: dict[str, Any]) -> dict[str, Any]:
    """What the bridge answers to a request; of a device that it has renamed or removed, its former name."""
    inner = value.get("data")
    data: dict[str, Any] = inner if isinstance(inner, dict) else {}
    other: dict[str, Any] = {"response_to": _scalar(value.get("transaction"))}
    if value.get("status") == "ok" and about == ("device", "rename"):
        other |= {"renamed": _scalar(data.get("from")), "name": _scalar(data.get("to"))}
    if value.get("status") == "ok" and about == ("device", "remove"):
        other["left"] = _scalar(data.get("id"))
    return other


def _event(value: dict[str, Any]) -> dict[str, Any]:
    inner = value.get("data")
    data: dict[str, Any] = inner if isinstance(inner, dict) else {}
    called = data.get("friendly_name") or data.get("ieee_address")
    if value.get("type") == "device_interview":
        return {"interview": _scalar(data.get("status")), "about": _scalar(called)}
    if value.get("type") in ("device_joined", "device_announce"):
        return {"discovered": _scalar(called)}
    if value.get("type") == "device_leave":
        return {"left": _scalar(called)}
    return {"ignored": True}


def _inventory(value: list[Any]) -> dict[str, Any]:
    """The bridge's list of devices. One that it does not support has a definition that it made up, or none yet."""
    end = [one for one in value if isinstance(one, dict) and one.get("type") != "Coordinator"]
    return {
        "inventory": [_scalar(one.get("friendly_name")) for one in end][:500],
        "unsupported": [_scalar(one.get("friendly_name")) for one in end if not _is_supported(one)][:500],
    }


def _is_supported(device: dict[str, Any]) -> bool:
    return device.get("definition") is not None and device.get("supported") is not False


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value, LONGEST_NAME)
    return value if isinstance(value, int | float | bool | type(None)) else None
