"""What is asked about places by who runs them: how a room is set, and what a change would do before it is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.expressions import Q
from tortoise.functions import Count

from registry.assets.queries import names_in_room
from registry.assets.rules import feature_of
from registry.bookings.queries import booking_room, proposed_booking_room
from registry.bookings.room_snapshot import snapshot_of
from registry.bookings.rules import BookingRoom
from registry.bookings.state import running
from registry.core.errors import NotFound, Refusal
from registry.core.ids import may_be_name
from registry.devices.queries import devices_of_room
from registry.people.models import Institution, Person
from registry.people.queries import institutions_of
from registry.places.misfits import Misfit, bookings_ahead, count_ahead, misfits_among
from registry.places.rules import class_reasons, setting_faults
from registry.places.settings import proposal_of, settings_of
from registry.rooms.models import Building, OpeningProfile, Room
from registry.rooms.standards import StandardLine


@dataclass(frozen=True, slots=True)
class RoomSetup:
    """A room as it is set: beside its columns its opening profile's code, who alone may book it, who approves."""

    room: Room
    opening: str | None
    institutions: Sequence[Institution]
    approvers: Sequence[Person]


@dataclass(frozen=True, slots=True)
class RoomTies:
    """What still hangs on a room: its bookings ahead, the pieces that stand there, the devices that hang there."""

    bookings: int
    pieces: int
    devices: int


@dataclass(frozen=True, slots=True)
class RoomProposal:
    """What a room would be by a change that was not made: why it cannot, by setting, and what would no longer fit.

    ``titles`` are how many bookings ahead have one, counted where the rules differ.
    """

    room: Room
    faults: Mapping[str, Refusal]
    misfits: Sequence[Misfit]
    titles: int


async def setup_of(room: Room) -> RoomSetup:
    """How a fetched room is set."""
    profile = await OpeningProfile.get_or_none(id=room.opening_id) if room.opening_id else None
    return RoomSetup(
        room,
        profile.code if profile else None,
        await room.institutions.all().order_by("code"),  # type: ignore[arg-type]  # the noun above its own models
        await room.approvers.all().order_by("login"),  # type: ignore[arg-type]  # as above
    )


async def ties_of(room_id: int, now: datetime) -> RoomTies:
    """What somebody who closes a room should know of."""
    return RoomTies(
        await count_ahead(room_id, now),
        sum((await names_in_room(room_id)).values()),
        len(await devices_of_room(room_id)),
    )


async def rooms_on_list(q: str, with_closed: bool, start: int, limit: int) -> tuple[list[Room], int]:
    """A part of the rooms whose code, number or name holds these words, with their building and site, in the order of
    the house; and how many there are.
    """
    rooms = Room.all() if with_closed else Room.filter(closed_at__isnull=True)
    for word in q.split():
        rooms = rooms.filter(
            Q(code__icontains=word) | Q(number__icontains=word) | Q(name__icontains=word) | Q(name_en__icontains=word)
        )
    total = await rooms.count()
    part = rooms.select_related("building__site").order_by("building_id", "-floor", "number", "code")
    return await part.offset(start).limit(limit), total


async def closed_count() -> int:
    """How many rooms are closed."""
    return await Room.filter(closed_at__isnull=False).count()


async def names_of_rooms() -> list[tuple[str, str, str]]:
    """The code and the names in Polish and English of every room in use, by code."""
    rooms = Room.filter(closed_at__isnull=True).order_by("code")
    return list(await rooms.values_list("code", "name", "name_en"))


async def standing_lines(room_id: int) -> list[StandardLine]:
    """A standard of what stands in a room now."""
    return [StandardLine(name, pieces, feature_of(name)) for name, pieces in (await names_in_room(room_id)).items()]


async def buildings_in_order() -> list[Building]:
    """Every building with its site, the closed ones last, by its code."""
    rows = await Building.all().select_related("site").order_by("code")
    return sorted(rows, key=lambda building: building.closed_at is not None)


async def building_by_code(code: str) -> Building:
    """A building with its site. Raises NotFound("building.unknown")."""
    building = await Building.get_or_none(code=code).select_related("site") if may_be_name(code, 40) else None
    if building is None:
        raise NotFound("building.unknown", building=code[:40])
    return building


async def room_counts() -> dict[int, int]:
    """How many rooms in use each building has, by its id."""
    counts = Room.filter(closed_at__isnull=True).annotate(many=Count("id")).group_by("building_id")
    return {int(building_id): int(many) for building_id, many in await counts.values_list("building_id", "many")}


async def opening_profiles() -> list[OpeningProfile]:
    """Every named week of opening hours, by its code."""
    return await OpeningProfile.all().order_by("code")


async def institutions_named(codes: Sequence[str]) -> list[Institution]:
    """The institutions with these codes. Raises NotFound("institution.unknown") for the first that there is not."""
    institutions = await institutions_of(codes)
    known_codes = {institution.code for institution in institutions}
    for code in codes:
        if code not in known_codes:
            raise NotFound("institution.unknown", institution=code[:80])
    return institutions


async def institutions_of_rooms(room_ids: Sequence[int]) -> dict[int, list[str]]:
    """The codes of the institutions that alone may book these rooms, by the room's id; one that all may book is not
    among them.
    """
    codes: dict[int, list[str]] = {}
    if not room_ids:
        return codes
    pairs = Room.filter(id__in=list(room_ids), institutions__id__not_isnull=True).order_by("institutions__code")
    for room_id, code in await pairs.values_list("id", "institutions__code"):
        codes.setdefault(room_id, []).append(code)
    return codes


async def misfits_of(room: Room, former: BookingRoom, now: datetime) -> list[Misfit]:
    """The bookings ahead of a room, as it is now, that fitted before it was set otherwise."""
    after = await booking_room(room)
    if after == former:
        return []
    return await misfits_among(await bookings_ahead(room.id, now), former, after, now)


async def proposed(
    room: Room, settings: Mapping[str, Any], institution_ids: Sequence[int], now: datetime
) -> RoomProposal:
    """What a fetched room would be with these settings and for these institutions alone."""
    present = settings_of(room)
    changes = {name: value for name, value in settings.items() if present[name] != value}
    faults = setting_faults(changes, present)
    proposal = proposal_of(room, {name: value for name, value in changes.items() if name not in faults})
    is_running = running((await snapshot_of(room, now)).slots, now) is not None
    for refusal in class_reasons(room.code, room.visibility, proposal.visibility, is_running):
        faults["visibility"] = refusal
    former, after = await booking_room(room), await proposed_booking_room(proposal, institution_ids)
    bookings = await bookings_ahead(room.id, now) if after != former else []
    return RoomProposal(
        room=proposal,
        faults=faults,
        misfits=await misfits_among(bookings, former, after, now),
        titles=sum(1 for booking in bookings if booking.title),
    )
