"""What a door panel may do, on MQTT or on its page: book now, check in, extend, end, undo an end, report a fault.

Nobody is named. A door does what it offers and nothing else, to the booking that it showed and to no other, and a
repeated tap does it once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from registry.bookings.actions import book, check_in, end, extend, undo_release
from registry.bookings.models import Booking, Status
from registry.bookings.room_snapshot import RoomSnapshot, derive, snapshot_at
from registry.bookings.rules import BookingRequest
from registry.core.cache import Cache
from registry.core.errors import Conflict, Forbidden, Invalid, NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestAnswer, RequestKey, act_once, digest_of
from registry.core.transaction import transaction
from registry.devices.models import Device, DeviceKind
from registry.doors.policy import PIN, PROOFS, check_pin, checked_proofs, door_id, ways_to_end
from registry.doors.queries import after_the_last, door, door_room, from_minute
from registry.doors.view import FAULTS, MINUTES_TO_BOOK, MINUTES_TO_EXTEND, Act, DoorState, DoorView, OpenDoor, acts
from registry.faults.actions import NewReport, report
from registry.faults.records import Filed
from registry.people.actions import hasher

COMMANDS = ("book", "check_in", "extend", "end", "undo", "report_fault")
ID_LENGTH = 200
WRONG_PINS, PIN_WAIT_MINUTES = 5, 5

_wrong_pins: Cache[int, int] = Cache(PIN_WAIT_MINUTES * 60)


@dataclass(frozen=True, slots=True)
class PanelCommand:
    """One tap. ``id`` is the panel's own and the same for a repeated tap; ``minutes`` to book (15, 30, 60) or extend
    (5, 10, 15); ``kind`` of a fault; ``booking`` and ``revision`` as the door showed them; ``proof`` is the room's PIN.
    """

    id: str
    command: str
    minutes: int | None = None
    kind: str | None = None
    booking: str | None = None
    revision: int | None = None
    proof: str | None = field(default=None, repr=False)


async def panel_command(device: Device, command: PanelCommand, now: datetime) -> Booking | None:
    """Do what was tapped; the booking it was about, None for a fault report.

    Raises Invalid("panel.bad_command"), NotFound("panel.unknown"), Forbidden("panel.not_allowed"),
    Conflict("door.other_booking") when the door shows another booking by now or this one otherwise,
    Forbidden("door.proof_needed", "door.wrong_pin", "door.pin_wait"), and what booking refuses, with ``alternatives``
    where there are any.
    """
    _check(command)
    if device.kind is not DeviceKind.DOOR_PANEL or device.room_id is None:
        raise NotFound("panel.unknown")
    room_id = device.room_id

    async def act(request_key: RequestKey | None) -> Booking | None:
        if not device.enabled:
            raise Forbidden("panel.not_allowed")
        snapshot = await snapshot_at(room_id, -1, now)
        view = await door(room_id, now, device, snapshot.room.revision)
        tap = _Tap(command, snapshot, view, Actor(device.code, "panel"), now, request_key)
        if not tap.is_offered:
            raise Forbidden("panel.not_allowed")
        return await _ACTS[command.command](tap)

    # not of the minutes: the same tap, sent twice around the turn of a minute, is the same
    digest = digest_of(command.command, command.booking) if command.booking else digest_of(command.command)
    request_key = RequestKey(f"panel:{device.code}", command.id, digest, now)
    answer = await act_once(request_key, act, _answering)
    return await Booking.get_or_none(id=UUID(answer.body)) if answer.body else None


async def _answering(result: Booking | Filed | None) -> RequestAnswer:
    """A tap is answered by the booking it was about, a fault report by nothing."""
    return RequestAnswer(body=str(result.id) if isinstance(result, Booking) else "")


async def door_settings(proofs: Sequence[str] | None, pin: str | None) -> dict[str, str]:
    """The columns of a room that say what allows the end, at its door, of what was not booked there; None leaves it as
    it is, an empty ``pin`` takes the room's PIN away.

    Raises Invalid: door.bad_proof, door.bad_pin.
    """
    settings = {} if proofs is None else {"door_proofs": checked_proofs(proofs)}
    if pin:
        check_pin(pin)
        return settings | {"door_pin": await asyncio.to_thread(hasher.hash, pin)}
    return settings if pin is None else settings | {"door_pin": ""}


def forget_wrong_pins(room_id: int) -> None:
    """The room has another PIN, or none: nobody waits for having mistyped the former."""
    _wrong_pins.discard(room_id)


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
    return (None, *MINUTES_TO_EXTEND) if command == "extend" else (None,)


@dataclass(frozen=True, slots=True)
class _Tap:
    command: PanelCommand
    snapshot: RoomSnapshot
    view: DoorView
    actor: Actor
    now: datetime
    request_key: RequestKey | None

    @property
    def room_id(self) -> int:
        return self.snapshot.room.id

    @property
    def is_offered(self) -> bool:
        command = self.command.command
        if command == "report_fault":
            return True
        return isinstance(self.view, OpenDoor) and (self.snapshot.room.panel_books or command == "check_in")


async def _book(tap: _Tap) -> Booking | None:
    minute = from_minute(tap.now)
    former = await Booking.filter(room_id=tap.room_id, blocked_to__gt=minute, blocked_to__lte=tap.now)
    starts_at = after_the_last((booking.blocked_to for booking in former), tap.now)
    ends_at = minute + timedelta(minutes=tap.command.minutes or MINUTES_TO_BOOK[0])
    request = BookingRequest(tap.snapshot.room.code, starts_at, ends_at, source="panel")
    try:
        return await book(request, None, tap.actor, tap.now, tap.request_key)
    except Conflict as refusal:
        # what stands in the way names an institution, and nobody at a door may read that
        refusal.params.pop("conflicts", None)
        raise


async def _seen(tap: _Tap) -> Booking:
    """The booking that the door showed to who tapped, if it still shows that one and as it was. Raises
    Conflict("door.other_booking").
    """
    about = tap.view.booking if isinstance(tap.view, OpenDoor) else ""
    name, revision, room = tap.command.booking, tap.command.revision, tap.snapshot.room
    if name is None and Act("undo") in acts(tap.view) and tap.command.command == "undo":
        name = about  # there is only one to be had back
    is_late = revision is not None and not room.plan_revision <= revision <= room.revision
    # who knows the register's own id of a booking names the same one by it
    slot = next((slot for slot in tap.snapshot.slots if name in (door_id(slot.id), str(slot.id))), None)
    if is_late or slot is None or about != door_id(slot.id):
        raise Conflict("door.other_booking")
    booking = await Booking.get(id=slot.id)
    if (booking.status, booking.ends_at) != (slot.status, slot.ends_at):
        raise Conflict("door.other_booking")
    return booking


async def _do(tap: _Tap, act: Callable[..., Awaitable[Booking]], booking: Booking, **more: int) -> Booking:
    """Do it to the booking as it was seen, or not at all."""
    try:
        return await act(
            booking.id, None, tap.actor, tap.now, request_key=tap.request_key, if_revision=booking.revision, **more
        )
    except Conflict as refusal:
        if refusal.code == "request.stale":
            raise Conflict("door.other_booking") from refusal
        raise


async def _check_in(tap: _Tap) -> Booking | None:
    booking = await _seen(tap)
    is_over = booking.status not in (Status.CONFIRMED, Status.CHECKED_IN)
    return await _do(tap, undo_release if is_over else check_in, booking)


async def _extend(tap: _Tap) -> Booking | None:
    return await _do(tap, extend, await _seen(tap), minutes=tap.command.minutes or MINUTES_TO_EXTEND[0])


async def _end(tap: _Tap) -> Booking | None:
    booking = await _seen(tap)
    if tap.view.state is not DoorState.BUSY:
        raise Forbidden("panel.not_allowed")  # its people may yet come
    await _must_be_proved(tap, booking)
    return await _do(tap, end, booking)


async def _must_be_proved(tap: _Tap, booking: Booking) -> None:
    """Raises Forbidden: door.proof_needed, door.wrong_pin, door.pin_wait."""
    proofs, state = (await door_room(tap.snapshot.room)).proofs, derive(tap.snapshot, tap.now).state
    ways = ways_to_end(proofs, booking.source, state.occupancy)
    if ways == ():
        return
    if tap.command.proof and ways and PIN in ways:
        await _must_be_the_pin(tap.room_id, tap.command.proof, tap.snapshot.room.door_pin)
        return
    raise Forbidden("door.proof_needed", proofs=", ".join(proof for proof in PROOFS if proof in proofs) or "–")


async def _must_be_the_pin(room_id: int, pin: str, pin_hash: str) -> None:
    """Counted before it is looked at: many at once are still counted one by one."""
    count = _wrong_pins.get(room_id, 0)
    if count >= WRONG_PINS:
        raise Forbidden("door.pin_wait", minutes=PIN_WAIT_MINUTES)
    _wrong_pins.put(room_id, count + 1)
    if not await asyncio.to_thread(hasher.verify, pin[:100], pin_hash):
        raise Forbidden("door.wrong_pin")
    _wrong_pins.discard(room_id)


async def _undo(tap: _Tap) -> Booking | None:
    booking = await _seen(tap)
    if booking.status in (Status.CONFIRMED, Status.CHECKED_IN):
        raise Conflict("booking.nothing_to_do")
    return await _do(tap, undo_release, booking)


async def _report_fault(tap: _Tap) -> Booking | None:
    await report(NewReport(tap.room_id, kind=str(tap.command.kind)), tap.actor, tap.now, tap.request_key)
    return None


_ACTS: dict[str, Callable[[_Tap], Awaitable[Booking | None]]] = {
    "book": _book,
    "check_in": _check_in,
    "extend": _extend,
    "end": _end,
    "undo": _undo,
    "report_fault": _report_fault,
}
