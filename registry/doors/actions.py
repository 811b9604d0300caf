"""What a door panel may do, on MQTT or on its page: book now, check in, extend, end, report a fault.

Nobody is named. A door does what it offers and nothing else, and a repeated tap does it once.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from registry.bookings.actions import book, check_in, end, extend, undo_release
from registry.bookings.models import Booking, Kind, Status
from registry.bookings.rules import BookingRequest
from registry.bookings.state import CHECK_IN_EARLY, RUNNING, UNDO
from registry.core.errors import Conflict, Forbidden, Invalid, NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestAnswer, RequestKey, act_once, digest_of
from registry.core.transaction import transaction
from registry.devices.models import Device, DeviceKind
from registry.doors.queries import after_the_last, door_room, from_minute
from registry.doors.view import FAULTS, MINUTES_TO_BOOK, MINUTES_TO_EXTEND
from registry.faults.actions import NewReport, report
from registry.faults.records import Filed
from registry.rooms.models import Room

COMMANDS = ("book", "check_in", "extend", "end", "report_fault")
ID_LENGTH = 200


@dataclass(frozen=True, slots=True)
class PanelCommand:
    """One tap. ``id`` is the panel's own and the same for a repeated tap; ``minutes`` to book (15, 30, 60) or extend
    (15); ``kind`` of a fault.
    """

    id: str
    command: str
    minutes: int | None = None
    kind: str | None = None


async def panel_command(device: Device, command: PanelCommand, now: datetime) -> Booking | None:
    """Do what was tapped; the booking it was about, None for a fault report.

    Raises Invalid("panel.bad_command"), NotFound("panel.unknown"), Forbidden("panel.not_allowed"), and what booking
    refuses, with ``alternatives`` where there are any.
    """
    _check(command)
    if device.kind is not DeviceKind.DOOR_PANEL or device.room_id is None:
        raise NotFound("panel.unknown")
    room = await Room.get_or_none(id=device.room_id)
    if room is None:
        raise NotFound("panel.unknown")

    async def act(request_key: RequestKey | None) -> Booking | None:
        if not device.enabled or not await _offers(room, command.command):
            raise Forbidden("panel.not_allowed")
        return await _ACTS[command.command](_Tap(command, room, Actor(device.code, "panel"), now, request_key))

    # not of the minutes: the same tap, sent twice around the turn of a minute, is the same
    request_key = RequestKey(f"panel:{device.code}", command.id, digest_of(command.command), now)
    answer = await act_once(request_key, act, _answering)
    return await Booking.get_or_none(id=UUID(answer.body)) if answer.body else None


async def _answering(result: Booking | Filed | None) -> RequestAnswer:
    """A tap is answered by the booking it was about, a fault report by nothing."""
    return RequestAnswer(body=str(result.id) if isinstance(result, Booking) else "")


async def note_panels(device_ids: Collection[int], now: datetime) -> None:
    """These door panels were in touch: they asked for their door, or somebody tapped. No room changes by it."""
    async with transaction():
        await Device.filter(id__in=list(device_ids), kind=DeviceKind.DOOR_PANEL).update(heard_at=now, online=True)


def _check(command: PanelCommand) -> None:
    faults = {
        "id": not isinstance(command.id, str) or not 0 < len(command.id) <= ID_LENGTH,
        "command": command.command not in COMMANDS,
        "minutes": command.minutes not in _minutes(command.command),
        "kind": command.kind not in (FAULTS if command.command == "report_fault" else (None,)),
    }
    for name, is_bad in faults.items():
        if is_bad:
            raise Invalid("panel.bad_command", reason=name)


def _minutes(command: str) -> tuple[int | None, ...]:
    if command == "book":
        return (None, *MINUTES_TO_BOOK)
    return (None, MINUTES_TO_EXTEND) if command == "extend" else (None,)


async def _offers(room: Room, command: str) -> bool:
    if command == "report_fault":
        return True
    return (await door_room(room)).is_open and (room.panel_books or command == "check_in")


@dataclass(frozen=True, slots=True)
class _Tap:
    command: PanelCommand
    room: Room
    actor: Actor
    now: datetime
    request_key: RequestKey | None


async def _book(tap: _Tap) -> Booking | None:
    minute = from_minute(tap.now)
    former = await Booking.filter(room_id=tap.room.id, blocked_to__gt=minute, blocked_to__lte=tap.now)
    starts_at = after_the_last((booking.blocked_to for booking in former), tap.now)
    ends_at = minute + timedelta(minutes=tap.command.minutes or MINUTES_TO_BOOK[0])
    request = BookingRequest(tap.room.code, starts_at, ends_at, source="panel")
    try:
        return await book(request, None, tap.actor, tap.now, tap.request_key)
    except Conflict as refusal:
        # what stands in the way names an institution, and nobody at a door may read that
        refusal.params.pop("conflicts", None)
        raise


async def _check_in(tap: _Tap) -> Booking | None:
    now = tap.now
    coming = (
        await Booking.filter(
            room_id=tap.room.id, starts_at__lte=now + CHECK_IN_EARLY, ends_at__gt=now, status=Status.CONFIRMED
        )
        .exclude(kind=Kind.BLOCK)
        .order_by("starts_at")
        .first()
    )
    if coming:
        return await check_in(coming.id, None, tap.actor, now, request_key=tap.request_key)
    running = await _running(tap)
    if running:
        return await check_in(running.id, None, tap.actor, now, request_key=tap.request_key)
    released = (
        await Booking.filter(room_id=tap.room.id, released_at__gte=now - UNDO, planned_ends_at__gt=now)
        .order_by("-released_at")
        .first()
    )
    if released is None:
        raise Conflict("booking.nothing_to_do")
    return await undo_release(released.id, None, tap.actor, now, request_key=tap.request_key)


async def _running(tap: _Tap) -> Booking | None:
    bookings = Booking.filter(room_id=tap.room.id, starts_at__lte=tap.now, ends_at__gt=tap.now)
    return await bookings.filter(status__in=[str(status) for status in RUNNING]).exclude(kind=Kind.BLOCK).first()


async def _must_run(tap: _Tap) -> Booking:
    running = await _running(tap)
    if running is None:
        raise Conflict("booking.nothing_to_do")
    return running


async def _extend(tap: _Tap) -> Booking | None:
    running = await _must_run(tap)
    return await extend(running.id, None, tap.actor, tap.now, minutes=MINUTES_TO_EXTEND, request_key=tap.request_key)


async def _end(tap: _Tap) -> Booking | None:
    running = await _must_run(tap)
    return await end(running.id, None, tap.actor, tap.now, request_key=tap.request_key)


async def _report_fault(tap: _Tap) -> Booking | None:
    await report(NewReport(tap.room.id, kind=str(tap.command.kind)), tap.actor, tap.now, tap.request_key)
    return None


_ACTS: dict[str, Callable[[_Tap], Awaitable[Booking | None]]] = {
    "book": _book,
    "check_in": _check_in,
    "extend": _extend,
    "end": _end,
    "report_fault": _report_fault,
}
