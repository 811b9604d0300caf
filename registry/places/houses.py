"""Sites, buildings and rooms that come in, are described otherwise and are closed. Nothing that has a past is deleted:
a closed room is in no list and cannot be booked, and its history, its bookings and its address stay.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.bookings.queries import booking_room
from registry.bookings.release import settle_touched
from registry.core import history
from registry.core.errors import Conflict, NotFound
from registry.core.events import PlacesChanged, RoomChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.ids import may_be_name
from registry.core.statements import column
from registry.core.transaction import transaction
from registry.places.actions import ChangedRoom, RoomChanges, apply
from registry.rooms.lock import changing
from registry.rooms.models import Building, Room, Site
from registry.rooms.places import NewBuilding, NewRoom, NewSite, open_building, open_room, open_site
from registry.rooms.queries import site_by_code

NAMED = 5  # open rooms that a refusal names


@dataclass(frozen=True, slots=True)
class SiteChanges:
    """What is to become of a site; None stays as it is."""

    name: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class BuildingChanges:
    """What is to become of a building; None stays as it is."""

    address: str | None = None
    note: str | None = None
    step_free: bool | None = None


async def add_place(new: NewSite, actor: Actor, now: datetime, request_key: RequestKey | None = None) -> Site:
    """Add a site. Raises as :func:`registry.rooms.places.open_site`."""
    async with transaction() as change:
        site = await open_site(new, actor, now)
        change.happened(PlacesChanged())
        await record(request_key, site)
    return site


async def change_site(code: str, changes: SiteChanges, actor: Actor, now: datetime) -> Site:
    """Name a site otherwise, or set it to another clock: its rooms are looked at anew. Raises NotFound("site.unknown")
    and what is wrong of it.
    """
    former = await site_by_code(code)
    has_other_clock = changes.timezone not in (None, "", former.timezone)
    room_ids = await column(Room.filter(building__site_id=former.id), "id") if has_other_clock else []
    async with changing(*room_ids) as change:
        site = await site_by_code(code, is_locked=True)
        name, timezone = changes.name, changes.timezone
        wish = NewSite(site.code, site.name if name is None else name, timezone or site.timezone)
        for fault in wish.faults().values():
            raise fault
        await _write(site, {"name": wish.name.strip(), "timezone": wish.timezone}, f"site:{site.id}", actor, now)
        change.happened(PlacesChanged())
        if room_ids:
            await Room.filter(id__in=room_ids).update(next_change_at=now)
    return site


async def add_house(
    new: NewBuilding, site_code: str, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> Building:
    """Add a building to a site. Raises NotFound("site.unknown"), and as ``add_place``."""
    async with transaction() as change:
        site = await site_by_code(site_code)
        building = await open_building(new, site.id, actor, now)
        change.happened(PlacesChanged())
        await record(request_key, building)
    return building


async def change_building(code: str, changes: BuildingChanges, actor: Actor, now: datetime) -> Building:
    """Describe a building otherwise. Raises NotFound("building.unknown") and what is wrong of it."""
    async with transaction() as change:
        building = await _locked_building(code)
        wish = NewBuilding(
            building.code,
            building.address if changes.address is None else changes.address,
            building.note if changes.note is None else changes.note,
            building.step_free if changes.step_free is None else changes.step_free,
        )
        for fault in wish.faults().values():
            raise fault
        columns = {"address": wish.address.strip(), "note": wish.note.strip(), "step_free": wish.step_free}
        await _write(building, columns, f"building:{building.id}", actor, now)
        change.happened(PlacesChanged())
    return building


async def close_building(
    code: str,
    is_closed: bool,
    actor: Actor,
    now: datetime,
    reason: str = "",
    request_key: RequestKey | None = None,
) -> Building:
    """Close a building whose rooms are all closed, or open it again. Raises NotFound("building.unknown"),
    Conflict("building.has_rooms") with the first of its open rooms.
    """
    async with transaction() as change:
        building = await _locked_building(code)
        if is_closed == (building.closed_at is not None):
            await record(request_key, building)
            return building
        rooms = Room.filter(building_id=building.id, closed_at__isnull=True).order_by("code")
        if is_closed and (codes := await column(rooms, "code")):
            named = ", ".join(codes[:NAMED]) + (" …" if len(codes) > NAMED else "")
            raise Conflict("building.has_rooms", building=building.code, rooms=named, count=len(codes))
        building.closed_at = now if is_closed else None
        await building.save(update_fields=["closed_at"])
        action = "closed" if is_closed else "reopened"
        await history.write(f"building:{building.id}", action, actor, now, reason=reason)
        change.happened(PlacesChanged())
        await record(request_key, building)
    return building


async def add_room(
    new: NewRoom,
    building_code: str,
    changes: RoomChanges,
    actor: Actor,
    now: datetime,
    request_key: RequestKey | None = None,
) -> Room:
    """Add a room to a building, with what is said of its rules. Raises NotFound("building.unknown"),
    Conflict: building.closed, room.exists; and as ``change_rooms``.
    """
    async with transaction() as change:
        building = await _locked_building(building_code)
        if building.closed_at is not None:
            raise Conflict("building.closed", building=building.code)
        room = await open_room(new, building.id, actor, now)
        change.happened(PlacesChanged())
        before, after = await apply(room, changes, now)
        if after:
            await history.write(f"room:{room.id}", "changed", actor, now, before=before, after=after)
        change.happened(RoomChanged(room.id, room.revision))
        await record(request_key, room)
    return room


async def close_room(
    room_id: int, actor: Actor, now: datetime, reason: str = "", request_key: RequestKey | None = None
) -> ChangedRoom:
    """Close a room for good: nobody books it any more, and it is in no list. Its bookings ahead stay as they are. One
    that is closed stays so. Raises NotFound("room.unknown").
    """
    async with changing(room_id) as change:
        room, former = change.room, await booking_room(change.room)
        if room.closed_at is None:
            before, room.closed_at, room.bookable = {"bookable": room.bookable}, now, False
            await room.save(update_fields=["closed_at", "bookable"])
            after = {"bookable": False}
            await history.write(f"room:{room.id}", "closed", actor, now, before=before, after=after, reason=reason)
            change.happened(PlacesChanged())
            await settle_touched(change, room, now)
        else:
            change.keep_quiet(room)
        closed_room = ChangedRoom(room, former)
        await record(request_key, closed_room)
    return closed_room


async def reopen_room(room_id: int, actor: Actor, now: datetime, request_key: RequestKey | None = None) -> ChangedRoom:
    """Take a closed room into use again, as it was before. Raises NotFound("room.unknown"),
    Conflict("building.closed").
    """
    async with changing(room_id) as change:
        room, former = change.room, await booking_room(change.room)
        if room.closed_at is not None:
            building = await Building.select_for_update().get(id=room.building_id)
            if building.closed_at is not None:
                raise Conflict("building.closed", building=building.code)
            room.closed_at, room.bookable = None, await _was_bookable(room)
            await room.save(update_fields=["closed_at", "bookable"])
            after = {"bookable": room.bookable}
            await history.write(f"room:{room.id}", "reopened", actor, now, before={"bookable": False}, after=after)
            change.happened(PlacesChanged())
            await settle_touched(change, room, now)
        else:
            change.keep_quiet(room)
        open_again = ChangedRoom(room, former)
        await record(request_key, open_again)
    return open_again


async def _was_bookable(room: Room) -> bool:
    """Whether a closed room was booked before; as it stands where nothing tells of its closing."""
    closing = await history.last_of(f"room:{room.id}", "closed")
    return bool((closing.before or {}).get("bookable")) if closing else room.bookable


async def _locked_building(code: str) -> Building:
    """Raises NotFound("building.unknown")."""
    building = await Building.select_for_update().get_or_none(code=code) if may_be_name(code, 40) else None
    if building is None:
        raise NotFound("building.unknown", building=code[:40])
    return building


async def _write(place: Site | Building, columns: Mapping[str, Any], thing: str, actor: Actor, now: datetime) -> None:
    """Store what differs, with its history."""
    before = {name: getattr(place, name) for name, value in columns.items() if getattr(place, name) != value}
    if before:
        after = {name: columns[name] for name in before}
        place.update_from_dict(after)
        await place.save(update_fields=list(after))
        await history.write(thing, "changed", actor, now, before=before, after=after)
