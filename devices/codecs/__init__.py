"""The device families. Hygiene first, then the one codec that knows the topic; every message gets an answer.

To add a family: copy ``blueprint.py``, enter it into ``FAMILIES``, and put its samples into
``tests/data/mqtt/<family>.jsonl``.
"""

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from devices.codecs import generic, native, zigbee2mqtt
from devices.codecs.message import Decoded, Incoming
from devices.codecs.payload import Refused, read
from devices.topics import Route, Topics


@dataclass(frozen=True, slots=True)
class Family:
    """A device family: which topics are its own, and how it is read."""

    name: str
    matches: Callable[[Route], bool]
    decode: Callable[[Incoming], Decoded]
    is_bridged: bool = False  # it speaks below base topics that are set


GENERIC = Family(generic.FAMILY, generic.matches, generic.decode)
FAMILIES = {
    family.name: family
    for family in (
        Family(native.FAMILY, native.matches, native.decode),
        Family(zigbee2mqtt.FAMILY, zigbee2mqtt.matches, zigbee2mqtt.decode, is_bridged=True),
        GENERIC,
    )
}


def filters_of(families: Iterable[str], topics: Topics) -> list[str]:
    """What to subscribe to for these families; names that are none have nothing."""
    is_bridged = any(FAMILIES[name].is_bridged for name in families if name in FAMILIES)
    return topics.foreign_filters() if is_bridged else []


def decode(route: Route, payload: bytes, retained: bool, now: datetime) -> Decoded:
    """What Izba understands of a message. Never raises for anything that a broker can hand over."""
    if route.fault:
        return _refused("", "", route.fault)
    family = family_of(route)
    try:
        value = read(payload) if payload else None
    except Refused as fault:
        silent = _silent(family, route, retained, now)
        # whatever it would have said of the presence is not known
        refusal = _refused(family.name, silent.device, str(fault))
        return replace(refusal, is_unknown=not _is_command(silent), bridge=silent.bridge)
    if not payload:
        return _emptied(family, _silent(family, route, retained, now), retained)
    return family.decode(Incoming(route, value, retained, now))


def family_of(route: Route) -> Family:
    """The family of a topic; a binding may name it."""
    bound = FAMILIES.get(route.binding.get("family", ""))
    return bound or next((family for family in FAMILIES.values() if family.matches(route)), GENERIC)


def _silent(family: Family, route: Route, retained: bool, now: datetime) -> Decoded:
    """What the topic alone says: the device."""
    return family.decode(Incoming(route, None, retained, now))


def _emptied(family: Family, silent: Decoded, retained: bool) -> Decoded:
    """A topic that is emptied has lost its device: a bridge does that when it renames or removes one. Who listens at
    that moment is told so by a message that is not a retained one. An attribute's own topic that is empty says of the
    presence no more than null would.
    """
    other: dict[str, Any] = (
        {"deleted": True} if retained or family.is_bridged else {"reason": "empty, not retained: nothing"}
    )
    if _is_command(silent):
        other = {"ignored": silent.other["ignored"]}
    unknown = silent.is_unknown if family.is_bridged else not _is_command(silent)
    return Decoded(silent.family, silent.device, other=other, is_unknown=unknown, bridge=silent.bridge)


def _is_command(silent: Decoded) -> bool:
    """Whether a topic carries what others send to a device: nothing on it is the device's own word."""
    return isinstance(silent.other.get("ignored"), str)


def _refused(family: str, device: str, reason: str) -> Decoded:
    return Decoded(family, device, refused=reason, other={"reason" if "levels:" in reason else "error": reason})


# ``izba devices decode``


def decode_line(
    topic: str, payload: bytes, retained: bool, bind: Mapping[str, Any], now: datetime, prefix: str = "izba"
) -> dict[str, Any]:
    """One message as ``{family, device, occupied, people, battery, online, other, refused?}``. Never raises.

    ``bind`` is what an operator would configure: ``occupancy``, ``people``, ``battery`` or ``online`` with the key of
    the value, ``family`` with a codec's name.
    """
    binding = {str(key): str(value) for key, value in bind.items()}
    values = decode(Topics(prefix).route(topic, binding), payload, retained, now).as_dict()
    values["device"] = values["device"].encode("utf-8", "replace").decode()
    return values


class _Sample(msgspec.Struct):
    """A message in a file: the payload is text, or base64 when it says so."""

    topic: str
    payload: str = ""
    payload_encoding: str = ""
    retain: Any = None
    binding: Any = None

    @property
    def raw(self) -> bytes:
        return base64.b64decode(self.payload) if self.payload_encoding == "base64" else self.payload.encode()


_sample = msgspec.json.Decoder(_Sample).decode


def decode_sample(line: bytes, bind: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """One line of a file of messages, as ``decode_line``. What is no message is refused. Never raises."""
    try:
        sample = _sample(line)
        payload = sample.raw
    except ValueError as fault:  # msgspec's and base64's are of this kind
        reason = f"not a message in a file: {fault}"
        return Decoded("", "", refused=reason, other={"error": reason}).as_dict()
    binding = sample.binding if isinstance(sample.binding, dict) else {}
    return decode_line(sample.topic, payload, bool(sample.retain), {**binding, **bind}, now)
