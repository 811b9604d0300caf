"""The device families. Hygiene first, then the one codec that knows the topic; every message gets an answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from devices.codecs import generic, native, zigbee2mqtt
from devices.messages import Decoded, Incoming
from devices.payload import Refused, read
from devices.topics import BadTopic, split


@dataclass(frozen=True, slots=True)
class Family:
    """A device family: which topics are its own, how it is read, what to subscribe to when it is switched on."""

    name: str
    matches: Callable[[Incoming], bool]
    decode: Callable[[Incoming], Decoded]
    filters: tuple[str, ...] = ()


NATIVE = Family(native.FAMILY, native.matches, native.decode)
GENERIC = Family(generic.FAMILY, generic.matches, generic.decode)
FAMILIES = {
    family.name: family
    for family in (
        NATIVE,
        Family(zigbee2mqtt.FAMILY, zigbee2mqtt.matches, zigbee2mqtt.decode, ("zigbee2mqtt/#",)),
        GENERIC,
    )
}


def decode(
    topic: str,
    payload: bytes,
    retained: bool,
    binding: Mapping[str, str],
    now: datetime,
    prefix: str = "izba",
) -> Decoded:
    """What Izba understands of a message. Never raises for anything that a broker can hand over."""
    try:
        levels = tuple(split(topic))
    except BadTopic as fault:
        return _refused("", "", str(fault))
    incoming = Incoming(topic, levels, None, retained, binding, now, prefix)
    family = family_of(incoming)
    if not payload:
        told = family.decode(incoming)
        return Decoded(family.name, told.device, other=_nothing(told, retained))
    try:
        value = read(payload)
    except Refused as fault:
        return _refused(family.name, family.decode(incoming).device, str(fault))
    return family.decode(Incoming(topic, levels, value, retained, binding, now, prefix))


def family_of(incoming: Incoming) -> Family:
    """The family of a topic; a binding may name it."""
    bound = FAMILIES.get(incoming.binding.get("family", ""))
    if bound:
        return bound
    return next((family for family in FAMILIES.values() if family.matches(incoming)), GENERIC)


def _nothing(told: Decoded, retained: bool) -> dict[str, object]:
    if isinstance(told.other.get("ignored"), str):
        return {"ignored": told.other["ignored"]}
    return {"deleted": True} if retained else {"reason": "empty, not retained: nothing"}


def _refused(family: str, device: str, reason: str) -> Decoded:
    return Decoded(family, device, refused=reason, other={"reason" if "levels:" in reason else "error": reason})
