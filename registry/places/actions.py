"""What changes places: how a room is set, several at once, with everything that follows from it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from registry.bookings.queries import booking_room
from registry.bookings.release import settle_touched
from registry.bookings.room_snapshot import load
from registry.bookings.rules import BookingRoom
from registry.bookings.state import running
from registry.core import history
from registry.core.errors import Conflict, Invalid
from registry.core.events import PlacesChanged
from registry.core.history import Actor
from registry.core.statements import column
from registry.doors.actions import forget_wrong_pins
from registry.doors.policy import PIN
from registry.people.models import Institution, Person
from registry.places.rules import class_reasons, crosses, may_be_asked, setting_faults
from registry.places.settings import mark_of, settings_of
from registry.rooms.lock import changing
from registry.rooms.models import OpeningProfile, Room


@dataclass(frozen=True, slots=True)
class RoomChanges:
    """What is to become of a room: its settings by column, who alone may book it, who approves; None stays."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    institutions: Sequence[Institution] | None = None
    approvers: Sequence[Person] | None = None


@dataclass(frozen=True, slots=True)
class ChangedRoom:
    """A room as it is set now, and what the rules of booking looked at before."""

    room: Room
    former: BookingRoom


async def change_rooms(
    room_ids: Collection[int],
    changes: RoomChanges,
    actor: Actor,
    now: datetime,
    *,
    reason: str = "",
    if_revision: int | None = None,
    if_mark: str = "",
) -> list[ChangedRoom]:
    """Set rooms otherwise, all or none of them, in the order of their ids. Bookings that no longer fit stay as they
    are. ``if_mark`` is what ``mark_of`` said when a form was opened.

    Raises NotFound("room.unknown"), Invalid: room.bad_number, room.no_name, room.lengths_crossed, opening.unknown,
    door.no_pin, room.bad_approver; Conflict: room.class_in_use, room.closed, request.stale.
    """
    changed_rooms = []
    async with changing(*room_ids, *await _neighbours(room_ids, changes)) as change:
        for room in [room for room in change.rooms.values() if room.id in set(room_ids)]:
            institution_ids = await column(room.institutions.all(), "id")
            is_stale = if_mark and if_mark != mark_of(room, institution_ids)
            if (
                is_stale
                and not _is_so_already(room, institution_ids, changes)
                or if_revision not in (None, room.revision)
            ):
                raise Conflict("request.stale", revision=room.revision)
            if room.closed_at is not None:
                raise Conflict("room.closed", room=room.code)
            former = await booking_room(room)
            before, after = await apply(room, changes, now)
            if after:
                await history.write(f"room:{room.id}", "changed", actor, now, before=before, after=after, reason=reason)
                await settle_touched(change, room, now)
            else:
                change.keep_quiet(room)
            changed_rooms.append(ChangedRoom(room, former))
        if change.events:  # first: what is kept of places is forgotten before anybody looks
            change.events.insert(0, PlacesChanged())
    if "door_pin" in changes.settings:
        for room_id in room_ids:
            forget_wrong_pins(room_id)
    return changed_rooms


def _is_so_already(room: Room, institution_ids: Collection[int], changes: RoomChanges) -> bool:
    """Whether a room is set as it should be: of a form that was sent twice the second changes nothing."""
    same_people = changes.institutions is None or {one.id for one in changes.institutions} == set(institution_ids)
    return same_people and all(getattr(room, name) == value for name, value in changes.settings.items())


async def _profiles(changes: RoomChanges) -> dict[int | None, str | None]:
    """The codes of all opening profiles by id, where one is chosen. Raises Invalid("opening.unknown")."""
    if "opening_id" not in changes.settings:
        return {}
    profiles: dict[int | None, str | None] = dict(await OpeningProfile.all().values_list("id", "code"))
    profiles[None] = None
    if changes.settings["opening_id"] not in profiles:
        raise Invalid("opening.unknown", profile=changes.settings["opening_id"])
    return profiles


async def _neighbours(room_ids: Collection[int], changes: RoomChanges) -> list[int]:
    """The rooms beside those that join the Help Point or leave it: no door may tell which of them it was."""
    if "visibility" not in changes.settings:
        return []
    rooms = await Room.filter(id__in=list(room_ids))
    moving = [room for room in rooms if crosses(room.visibility, changes.settings["visibility"])]
    places = {(room.building_id, room.floor) for room in moving}
    beside: list[int] = []
    for building_id, floor in places:
        beside += await column(Room.filter(building_id=building_id, floor=floor), "id")
    return beside


async def apply(room: Room, changes: RoomChanges, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Store what differs of a room that the caller has locked or just made; what the history says of it, before and
    after. Raises as :func:`change_rooms`.
    """
    profiles, present = await _profiles(changes), settings_of(room)
    settings = {name: value for name, value in changes.settings.items() if present[name] != value}
    for fault in setting_faults(settings, present).values():
        raise fault
    if "visibility" in settings:
        is_running = running((await load(room, now)).slots, now) is not None
        for refusal in class_reasons(room.code, room.visibility, settings["visibility"], is_running):
            raise refusal
    before = {name: present[name] for name in settings}
    room.update_from_dict(settings)
    if PIN in room.door_proofs.split(",") and not room.door_pin:
        raise Invalid("door.no_pin")
    if settings:
        await room.save(update_fields=list(settings))
    after = dict(settings)
    for side in (before, after):
        if "opening_id" in side:
            side["opening"] = profiles[side.pop("opening_id")]
        if "door_pin" in side:  # whether it is another PIN is not for the history to tell beyond that it was set
            side["has_pin"] = bool(side.pop("door_pin"))
    await _put(room, "institutions", "code", changes.institutions, before, after)
    if changes.approvers:
        former = await column(room.approvers.all(), "login")
        for person in changes.approvers:
            if person.login not in former and not may_be_asked(person, room.visibility):
                raise Invalid("room.bad_approver", name=person.name)
    await _put(room, "approvers", "login", changes.approvers, before, after)
    return before, after


async def _put(
    room: Room,
    name: str,
    key: str,
    records: Sequence[Institution] | Sequence[Person] | None,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """Let these stand in the place of who stood there."""
    if records is None:
        return
    relation = getattr(room, name)
    former, fresh = sorted(await column(relation.all(), key)), sorted(getattr(record, key) for record in records)
    if former != fresh:
        await relation.clear()
        if records:
            await relation.add(*records)
        before[name], after[name] = former, fresh
