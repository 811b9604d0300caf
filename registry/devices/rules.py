"""What follows from what a device last said."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from registry.core.errors import N_, Reason
from registry.devices.models import DeviceKind, DeviceState
from registry.devices.occupancy import patience

LOW_BATTERY = 20  # percent; at 5 a sensor is no longer believed (registry/devices/occupancy.py)


def device_state(
    online: bool | None, battery: int | None, heard_at: datetime | None, heartbeat: timedelta, now: datetime
) -> DeviceState:
    """Silent: offline, or not heard for three heartbeats and 90 minutes. Low battery: at 20 % or less."""
    return _state(online, battery, is_late(heard_at, heartbeat, now))


def is_late(heard_at: datetime | None, heartbeat: timedelta, now: datetime) -> bool | None:
    """Whether a device that was heard then should have been heard since; None for one that never was."""
    return None if heard_at is None else now - heard_at >= patience(heartbeat)


def _state(online: bool | None, battery: int | None, late: bool | None) -> DeviceState:
    if online is False or late is not False:
        return DeviceState.SILENT
    if battery is not None and battery <= LOW_BATTERY:
        return DeviceState.LOW_BATTERY
    return DeviceState.ALIVE


# what a key of a device's messages may mean; "." as a key is the whole message, where it is a single value
MEANINGS = ("occupancy", "people", "battery", "online")
KEY_LENGTH = 100
CODE_LENGTH = 64
# the languages that a door speaks
PANEL_LANGUAGES = ("pl", "en", "uk", "ru")
_CROSSED = str.maketrans("łŁ", "lL")  # Unicode takes its stroke for no accent
_FORBIDDEN = frozenset("+#\0")
_NOT_IN_A_CODE = re.compile(r"[^A-Za-z0-9._-]+")


def address_fault(family: str, address: str) -> Reason | None:
    """Why no message can come from a device of this family at this address, None where one can."""
    if family == "native":
        return None
    if len(address) > 200:
        return Reason(N_("it is too long"))
    if set(address) & _FORBIDDEN:
        return Reason(N_("no + and no # may be in it: name the one topic that the device publishes to"))
    if not all(address.removeprefix("/").split("/")):
        return Reason(N_("a level between two slashes is empty"))
    return None


def keys_fault(family: str, keys: Mapping[str, str]) -> Reason | None:
    """Why a device's keys cannot mean that, None where they can."""
    if family == "native" and keys:
        return Reason(N_("a device of Izba's own format says in Izba's words what its values mean"))
    unknown = ", ".join(sorted(keys.keys() - set(MEANINGS)))
    if unknown:
        return Reason(N_("{unknown} is none of {meanings}"), unknown=unknown[:100], meanings=", ".join(MEANINGS))
    if not all(0 < len(key) <= KEY_LENGTH for key in keys.values()):
        return Reason(N_("a key has 1 to {most} characters"), most=KEY_LENGTH)
    return None


def languages_fault(languages: Sequence[str]) -> Reason | None:
    """Why a panel cannot speak these languages in this order, None where it can."""
    unknown = [one for one in languages if one not in PANEL_LANGUAGES]
    if unknown:
        return Reason(
            N_("{unknown} is none of {languages}"), unknown=unknown[0][:20], languages=", ".join(PANEL_LANGUAGES)
        )
    if not languages:
        return Reason(N_("a panel speaks one language at least"))
    return Reason(N_("a language stands twice")) if len(set(languages)) < len(languages) else None


def proposed_codes(address: str) -> tuple[str, ...]:
    """Names for the device of this address that the register takes, the best one first: the last signs of the address
    that may stand in one, and the same with a number behind it.
    """
    plain = "".join(one for one in unicodedata.normalize("NFKD", address.translate(_CROSSED)) if one.isascii())
    name = _NOT_IN_A_CODE.sub("-", plain).strip("._-")[-CODE_LENGTH:].lstrip("._-") or "device"
    return name, *(f"{name[: CODE_LENGTH - 2]}-{number}" for number in range(2, 8))


class HealthState(StrEnum):
    """How a device is, for those who look after it."""

    ALIVE = "alive"
    LOW_BATTERY = "low_battery"
    SILENT = "silent"
    DISTRUSTED = "distrusted"
    OFF = "off"
    NEW = "new"  # never heard
    UNPAIRED = "unpaired"
    PAIRED = "paired"  # and not heard yet


WORRIES = frozenset({HealthState.LOW_BATTERY, HealthState.SILENT, HealthState.DISTRUSTED})


class HealthSigns(NamedTuple):
    """What a device's health is judged by: many show the same, whenever each was heard."""

    kind: DeviceKind
    enabled: bool
    has_key: bool
    online: bool | None
    battery: int | None
    distrust: str
    is_late: bool | None


def health_state(signs: HealthSigns) -> HealthState:
    """How a device is: what it last said against what it should have said by now."""
    if not signs.enabled:
        return HealthState.OFF
    is_panel = signs.kind is DeviceKind.DOOR_PANEL
    if is_panel and not signs.has_key:
        return HealthState.UNPAIRED
    if signs.is_late is None and signs.online is not False:
        return HealthState.PAIRED if is_panel else HealthState.NEW
    state = _state(signs.online, signs.battery, signs.is_late)
    if state is not DeviceState.SILENT and signs.distrust:
        return HealthState.DISTRUSTED
    return HealthState(state)
