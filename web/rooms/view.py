"""One room's page: everything that it shows, gathered as far as its reader may see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from registry.bookings.days import RoomDay, day_of
from registry.bookings.projections import FullBooking, PublicState, VisibleBooking
from registry.bookings.queries import (
    booking_room,
    bookings_between,
    evidence_of,
    public_room_state,
    state_for,
)
from registry.bookings.rules import may_book
from registry.bookings.state import SOON, UNDO, StateKind
from registry.devices.models import Device, DeviceKind, Trace
from registry.devices.occupancy import Verdict, patience, sensor_of, verdicts
from registry.devices.presence_log import traces_of
from registry.devices.queries import devices_of_room, watch
from registry.rooms.hours import Hours, opening_spans
from registry.rooms.models import Occupancy, Room
from registry.rooms.queries import hours_of
from web.devices.view import DeviceHealth, health_of, is_near
from web.devices.words import doubt_words, kind_word, reason_word
from web.kit.page_context import PageContext
from web.kit.timeline import Axis, axis_of, spans_of
from web.rooms.plan import OpenDays, PlanSlot, blocked_span, next_free, opening_week, plan

AHEAD_DAYS = 14
SHOWN_NEXT = 6
LEAST_FREE = timedelta(minutes=30)
INSTANT = timedelta(minutes=2)  # what is narrower would not be seen


@dataclass(frozen=True, slots=True)
class SensorLine:
    """One device of the room: its health, and on the day's line what it saw as far as that is kept."""

    device: Device
    kind: str
    health: DeviceHealth
    last_heard: str
    says: str
    slots: list[PlanSlot] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Release:
    """A booking that was given back, with what the sensors said then."""

    booking: FullBooking
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
    plan: list[PlanSlot]
    running: VisibleBooking | None
    next: list[VisibleBooking]
    free: tuple[datetime, datetime] | None
    after_free: VisibleBooking | None
    releases: list[Release]
    sensors: list[SensorLine]
    panels: list[SensorLine]
    opening: list[OpenDays]
    always_open: bool


def claims_nothing(room: Room, state: PublicState) -> bool:
    """Nobody books it and no sensor sees it: to call it free would say more than is known."""
    is_idle = state.state in (StateKind.FREE, StateKind.SOON)
    return not room.bookable and state.occupancy is Occupancy.UNKNOWN and is_idle


def turns_of(state: PublicState) -> list[datetime | None]:
    """When time alone changes what is said of a room, as far as its state tells it."""
    begins = state.next_starts_at
    return [state.until, begins, begins and begins - SOON]


async def view_of(room: Room, context: PageContext) -> RoomView:
    """Gather a room's page. ``room`` has its building and site fetched."""
    hours, now = await hours_of(room), context.now
    day = (await day_of([room], context.viewer, context.today))[0]
    axis = axis_of(context.today, hours.zone, [*spans_of([day]), (now, now + timedelta(minutes=1))])
    ahead = (await bookings_between([room], now, now + timedelta(days=AHEAD_DAYS), context.viewer))[room.id]
    free = _free(hours, ahead, context) if not day.times_hidden else None
    devices = await devices_of_room(room.id)
    near = is_near(room, context)
    traces = await traces_of(room, axis.since, axis.until) if near else {}
    presence = [sensor_of(device) for device in devices if device.kind is DeviceKind.PRESENCE]
    judged = verdicts(presence, now, (await watch()).since)
    judgements = {sensor.code: judgement for sensor, judgement in judged}
    lines = [_line(device, traces.get(device.id, []), near, judgements, axis, context) for device in devices]
    return RoomView(
        room=room,
        state=await state_for(room, context.viewer, now),
        door=await public_room_state(room.id, now),
        near=near,
        times_hidden=day.times_hidden,
        bookable=room.bookable and context.may("bookings.make") and may_book(await booking_room(room), context.viewer),
        axis=axis,
        plan=plan(day, axis, context),
        running=next((booking for booking in ahead if booking.starts_at <= now < booking.ends_at), None),
        next=[booking for booking in ahead if booking.starts_at > now][:SHOWN_NEXT],
        free=free,
        after_free=next((booking for booking in ahead if free and blocked_span(booking)[0] == free[1]), None),
        releases=await _releases(day, room, context),
        sensors=[line for line in lines if line.device.kind is not DeviceKind.DOOR_PANEL],
        panels=[line for line in lines if line.device.kind is DeviceKind.DOOR_PANEL],
        opening=opening_week(hours, context.today),
        always_open=not hours.spans,
    )


def _free(hours: Hours, ahead: Sequence[VisibleBooking], context: PageContext) -> tuple[datetime, datetime] | None:
    opening = [
        span for offset in range(AHEAD_DAYS) for span in opening_spans(hours, context.today + timedelta(days=offset))
    ]
    return next_free(opening, [blocked_span(booking) for booking in ahead], context.now, LEAST_FREE)


async def _releases(day: RoomDay, room: Room, context: PageContext) -> list[Release]:
    """Today's, and right after midnight yesterday's that can still be undone."""
    now = context.now
    bookings = list(day.bookings)
    if (now - UNDO).astimezone(context.zone).date() != context.today:
        bookings = (await bookings_between([room], now - UNDO, now, context.viewer))[room.id] + bookings
    releases = {one.id: one for one in bookings if isinstance(one, FullBooking) and one.released_at}
    evidence = await evidence_of(list(releases))
    return [_release(booking, evidence.get(str(booking.id)) or {}, now) for booking in releases.values()]


def _release(booking: FullBooking, evidence: dict[str, Any], now: datetime) -> Release:
    since = evidence.get("vacant_since")
    return Release(
        booking=booking,
        evidence=list(evidence.get("sensors", [])),
        vacant_since=datetime.fromisoformat(since) if since else None,
        can_undo=booking.released_at is not None and now <= min(booking.released_at + UNDO, booking.planned_ends_at),
    )


def _line(
    device: Device, traces: list[Trace], near: bool, judgements: Mapping[str, Verdict], axis: Axis, context: PageContext
) -> SensorLine:
    judgement = judgements.get(device.code) if near else None
    says = reason_word(judgement.reason, context) if judgement else ""
    if judgement and judgement.doubt:
        says = doubt_words(judgement.reason, judgement.since, context)
    return SensorLine(
        device=device,
        kind=device.asset.name if device.asset else kind_word(device, context),
        health=health_of(device, context),
        last_heard=context.ago(device.heard_at),
        says=says,
        slots=presence_slots(device, traces, axis, context.now) if near else [],
    )


def presence_slots(device: Device, traces: Sequence[Trace], axis: Axis, now: datetime) -> list[PlanSlot]:
    """When a presence sensor saw somebody this day, and its silence since. Of a Help Point room there are no traces,
    only the sensor's last word.
    """
    slots: list[PlanSlot] = []
    if device.kind is not DeviceKind.PRESENCE or device.heard_at is None:
        return slots
    last = device.confirmed_at or device.heard_at
    is_silent = now - last > patience(timedelta(seconds=device.heartbeat_seconds)) or device.online is False
    until = last if is_silent else now
    for trace in traces:
        slots += _stretch("presence", trace.since, max(trace.until or until, trace.since + INSTANT), axis)
    if not traces and device.occupied and device.changed_at:
        slots += _stretch("presence", device.changed_at, until, axis)
    elif not traces and device.positive_at:
        slots += _stretch("presence", device.positive_at - INSTANT, device.positive_at, axis)
    if is_silent:
        slots += _stretch("silent", last, now, axis)
    return slots


def _stretch(kind: str, start: datetime, end: datetime, axis: Axis) -> list[PlanSlot]:
    if end <= axis.since or start >= axis.until:
        return []
    return [PlanSlot(kind, axis.minute(start), axis.minute(end))]
