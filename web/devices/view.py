"""The page of devices: each with its health, a page of sensors and a page of panels at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.bookings.projections import sees_times
from registry.devices.models import Device
from registry.devices.queries import DeviceOrder, known_codes, listed_devices, signs_of
from registry.devices.rules import health_state, proposed_codes
from registry.rooms.models import HELP_POINT, Room, Visibility
from web.devices.words import HEALTH_WORDS, doubt_of, keys_word, kind_word, refusal_word
from web.kit.page_context import PageContext
from web.kit.words import N_

PAGE = 50


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """``state`` is a HealthState; the word is translated."""

    state: str
    word: str
    tone: str
    symbol: str


def is_near(room: Room, context: PageContext) -> bool:
    """Whether a reader may know when people were in the room: not of the Help Point's rooms, unless at work there."""
    return room.visibility not in HELP_POINT or sees_times(Visibility.HIDDEN, context.viewer)


def health_of(device: Device, context: PageContext) -> DeviceHealth:
    """How a device is now."""
    state = health_state(signs_of(device, context.now))
    word, tone, symbol = HEALTH_WORDS[state]
    return DeviceHealth(state, context.say(word), tone, symbol)


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device of the list."""

    device: Device
    kind: str
    health: DeviceHealth
    last_heard: str
    refusal: str = ""  # when something that it sent was refused last, and why
    doubt: str = ""  # why what it sees is not believed to the last
    keys: str = ""  # which key of what it sends means what, where somebody said so


@dataclass(frozen=True, slots=True)
class DeviceTable:
    """One page of the sensors, or of the panels; ``start`` is the place of its first row, counted from 0."""

    rows: list[DeviceRow]
    total: int
    start: int

    @property
    def has_batteries(self) -> bool:
        return any(row.device.battery is not None for row in self.rows)

    @property
    def previous(self) -> int | None:
        return max(self.start - PAGE, 0) if self.start else None

    @property
    def next(self) -> int | None:
        following = self.start + PAGE
        return following if following < self.total else None


async def device_tables(
    order: DeviceOrder, sensors_from: int, panels_from: int, context: PageContext
) -> tuple[DeviceTable, DeviceTable]:
    """The page of sensors and the page of panels that begin at these places."""
    parts = order.sensors[sensors_from : sensors_from + PAGE], order.panels[panels_from : panels_from + PAGE]
    devices = {device.id: device for device in await listed_devices([*parts[0], *parts[1]])}
    sensors, panels = ([_row(devices[pk], context) for pk in part if pk in devices] for part in parts)
    return (
        DeviceTable(sensors, len(order.sensors), sensors_from),
        DeviceTable(panels, len(order.panels), panels_from),
    )


def _row(device: Device, context: PageContext) -> DeviceRow:
    return DeviceRow(
        device=device,
        kind=device.asset.name if device.asset else kind_word(device, context),
        health=health_of(device, context),
        last_heard=context.ago(device.heard_at),
        refusal=_refusal(device, context),
        doubt=doubt_of(device, device.room, context) if device.room and is_near(device.room, context) else "",
        keys=keys_word(device, context),
    )


def _refusal(device: Device, context: PageContext) -> str:
    if not device.refusal:
        return ""
    about = {"time": context.ago(device.refused_at), "reason": refusal_word(device.refusal, context)}
    return context.say(N_("a message was refused %(time)s: %(reason)s")) % about


@dataclass(frozen=True, slots=True)
class StrangerRow:
    """Something that spoke and that nobody has bound. ``code`` is a name that the register takes as it stands."""

    topic: str
    family: str
    device: str
    code: str
    count: int
    last_heard: str
    payload: str
    note: str  # why nothing follows from what it said, empty where something does
    understood: bool
    formerly: str = ""  # the code of the device that had another name in its network before

    @property
    def proposal(self) -> dict[str, str]:
        """What its form holds at first."""
        return {"code": self.code, "sensing": "", "room": "", "occupancy_key": ""}


async def stranger_rows(strangers: Sequence[Mapping[str, Any]], context: PageContext) -> list[StrangerRow]:
    """The strangers in their order, each with a name of its own."""
    proposals = [proposed_codes(row["device"]) for row in strangers]
    codes = await known_codes({name for names in proposals for name in names})
    rows = []
    for row, names in zip(strangers, proposals, strict=True):
        code = next((name for name in names if name not in codes), names[-1])
        codes.add(code)
        rows.append(_stranger(row, code, context))
    return rows


def _stranger(row: Mapping[str, Any], code: str, context: PageContext) -> StrangerRow:
    refused, understood = row["said"].get("refused", ""), bool(row.get("understood", True))
    note = refusal_word(refused, context) if refused else ""
    return StrangerRow(
        topic=row["topic"],
        family=row["family"],
        device=row["device"],
        code=code,
        count=row["count"],
        last_heard=context.ago(row["last_at"]),
        payload=(row["payloads"] or [""])[-1],
        note=note if understood else context.say(N_("none of its keys is understood: say which one is the presence")),
        understood=understood,
        formerly=str(row.get("formerly") or ""),
    )
