"""The page of devices: each with its health, a page of sensors and a page of panels at a time."""

from dataclasses import dataclass

from registry.bookings.projections import sees_times
from registry.devices.models import Device
from registry.devices.queries import DeviceOrder, devices_by_id, signs_of
from registry.devices.rules import health_state
from registry.rooms.models import HELP_POINT, Room, Visibility
from web.devices.words import HEALTH_WORDS, doubt_of, kind_word
from web.kit.page_context import PageContext

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
    state = health_state(signs_of(device), context.now)
    word, tone, symbol = HEALTH_WORDS[state]
    return DeviceHealth(state, context.say(word), tone, symbol)


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device of the list."""

    device: Device
    kind: str
    health: DeviceHealth
    last_heard: str
    doubt: str = ""  # why what it sees is not believed to the last


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
    devices = {device.id: device for device in await devices_by_id([*parts[0], *parts[1]])}
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
        doubt=doubt_of(device, device.room, context) if device.room and is_near(device.room, context) else "",
    )
