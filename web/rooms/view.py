"""One room's page: everything that it shows, gathered as far as its reader may see it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from registry.bookings.models import Booking
from registry.bookings.projections import FullBooking, PublicState, VisibleBooking, sees_times
from registry.bookings.queries import RoomDay, booking_room, bookings_between, day_of, public_room_state, state_for
from registry.bookings.rules import may_book
from registry.bookings.state import UNDO
from registry.devices.models import Device, DeviceKind, Trace
from registry.devices.occupancy import patience, sensor_of, verdict
from registry.devices.presence_log import traces_of
from registry.devices.queries import watch
from registry.rooms.hours import Hours, opening_spans
from registry.rooms.models import HELP_POINT, Room, Visibility
from registry.rooms.queries import hours_of
from web.devices.view import Health, health_of, kind_word, reason_word
from web.kit.page_context import Reader
from web.kit.timeline import Axis, axis_of, spans_of
from web.rooms.plan import OpenDays, Slot, blocked_span, next_free, opening_week, plan

AHEAD_DAYS = 14
SHOWN_NEXT = 6
LEAST_FREE = timedelta(minutes=30)
INSTANT = timedelta(minutes=2)  # what is narrower would not be seen


@dataclass(frozen=True, slots=True)
class SensorLine:
    """One device of the room: its health, and on the day's line what it saw as far as that is kept."""

    device: Device
    kind: str
    health: Health
    heard: str
    says: str
    slots: list[Slot] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Release:
    """A booking that was given back, with what the sensors said then."""

    seen: FullBooking
    evidence: list[dict[str, str]]
    vacant_since: datetime | None
    can_undo: bool


@dataclass(frozen=True, slots=True)
class RoomView:
    """What the template shows of one room."""

    room: Room
    state: PublicState
    door: PublicState
    near: bool
    times_hidden: bool
    bookable: bool
    axis: Axis
    plan: list[Slot]
    running: VisibleBooking | None
    next: list[VisibleBooking]
    free: tuple[datetime, datetime] | None
    after_free: VisibleBooking | None
    releases: list[Release]
    sensors: list[SensorLine]
    panels: list[SensorLine]
    opening: list[OpenDays]
    always_open: bool


async def view_of(room: Room, reader: Reader) -> RoomView:
    """Gather a room's page. ``room`` has its building and site fetched."""
    hours, now = await hours_of(room), reader.now
    day = (await day_of([room], reader.viewer, reader.today))[0]
    axis = axis_of(reader.today, hours.zone, [*spans_of([day]), (now, now + timedelta(minutes=1))])
    ahead = (await bookings_between([room], now, now + timedelta(days=AHEAD_DAYS), reader.viewer))[room.id]
    free = _free(hours, ahead, reader) if not day.times_hidden else None
    devices = await Device.filter(room_id=room.id).order_by("kind", "code").select_related("asset")
    near = is_near(room, reader)
    traces = await traces_of(room, axis.since, axis.until) if near else {}
    lines = [await _line(device, traces.get(device.id, []), axis, reader, near) for device in devices]
    return RoomView(
        room=room,
        state=await state_for(room, reader.viewer, now),
        door=await public_room_state(room.id, now),
        near=near,
        times_hidden=day.times_hidden,
        bookable=room.bookable and reader.may("bookings.make") and may_book(await booking_room(room), reader.viewer),
        axis=axis,
        plan=plan(day, axis, reader),
        running=next((seen for seen in ahead if seen.starts_at <= now < seen.ends_at), None),
        next=[seen for seen in ahead if seen.starts_at > now][:SHOWN_NEXT],
        free=free,
        after_free=next((seen for seen in ahead if free and blocked_span(seen)[0] == free[1]), None),
        releases=await _releases(day, room, reader),
        sensors=[line for line in lines if line.device.kind is not DeviceKind.DOOR_PANEL],
        panels=[line for line in lines if line.device.kind is DeviceKind.DOOR_PANEL],
        opening=opening_week(hours, reader.today),
        always_open=not hours.spans,
    )


def is_near(room: Room, reader: Reader) -> bool:
    """Whether a reader may know when people were in the room: not of the Help Point's rooms, unless at work there."""
    return room.visibility not in HELP_POINT or sees_times(Visibility.HIDDEN, reader.viewer)


def _free(hours: Hours, ahead: Sequence[VisibleBooking], reader: Reader) -> tuple[datetime, datetime] | None:
    opening = [
        span for offset in range(AHEAD_DAYS) for span in opening_spans(hours, reader.today + timedelta(days=offset))
    ]
    return next_free(opening, [blocked_span(seen) for seen in ahead], reader.now, LEAST_FREE)


async def _releases(day: RoomDay, room: Room, reader: Reader) -> list[Release]:
    """Today's, and right after midnight yesterday's that can still be undone."""
    now = reader.now
    held = {one.id: one for one in day.bookings if isinstance(one, FullBooking)}
    if (now - UNDO).astimezone(reader.fmt.zone).date() != reader.today:
        late = (await bookings_between([room], now - UNDO, now, reader.viewer))[room.id]
        held = {one.id: one for one in late if isinstance(one, FullBooking)} | held
    seen = [one for one in held.values() if one.released_at]
    if not seen:
        return []
    rows = await Booking.filter(id__in=[one.id for one in seen]).values_list("id", "evidence")
    stored = {str(pk): evidence for pk, evidence in rows}
    return [_release(one, stored.get(str(one.id)) or {}, now) for one in seen]


def _release(seen: FullBooking, evidence: dict[str, Any], now: datetime) -> Release:
    since = evidence.get("vacant_since")
    return Release(
        seen=seen,
        evidence=list(evidence.get("sensors", [])),
        vacant_since=datetime.fromisoformat(since) if since else None,
        can_undo=seen.released_at is not None and now <= min(seen.released_at + UNDO, seen.planned_ends_at),
    )


async def _line(device: Device, traces: list[Trace], axis: Axis, reader: Reader, near: bool) -> SensorLine:
    says = ""
    if device.kind is DeviceKind.PRESENCE and near:
        says = reason_word(verdict(sensor_of(device), reader.now, (await watch()).since).reason, reader)
    return SensorLine(
        device=device,
        kind=device.asset.name if device.asset else kind_word(device, reader),
        health=health_of(device, reader),
        heard=reader.ago(device.heard_at),
        says=says,
        slots=seen_bands(device, traces, axis, reader.now) if near else [],
    )


def seen_bands(device: Device, traces: Sequence[Trace], axis: Axis, now: datetime) -> list[Slot]:
    """When a presence sensor saw somebody this day, and its silence since. Of a Help Point room there are no traces,
    only the sensor's last word.
    """
    bands: list[Slot] = []
    if device.kind is not DeviceKind.PRESENCE or device.heard_at is None:
        return bands
    last = device.confirmed_at or device.heard_at
    silent = now - last > patience(timedelta(seconds=device.heartbeat_seconds)) or device.online is False
    until = last if silent else now
    for trace in traces:
        bands += _seen("presence", trace.since, max(trace.until or until, trace.since + INSTANT), axis)
    if not traces and device.occupied and device.changed_at:
        bands += _seen("presence", device.changed_at, until, axis)
    elif not traces and device.positive_at:
        bands += _seen("presence", device.positive_at - INSTANT, device.positive_at, axis)
    if silent:
        bands += _seen("silent", last, now, axis)
    return bands


def _seen(kind: str, start: datetime, end: datetime, axis: Axis) -> list[Slot]:
    if end <= axis.since or start >= axis.until:
        return []
    return [Slot(kind, axis.minute(start), axis.minute(end))]
