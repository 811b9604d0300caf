"""Somebody leaves: their account is closed, and what hangs on them goes to others, in one act."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from registry.assets.actions import passing, together
from registry.assets.models import Asset
from registry.assets.transitions import Answers, transition_named
from registry.bookings.handover import hand_bookings_over, rooms_that_bar
from registry.bookings.models import Booking
from registry.core import history
from registry.core.errors import Conflict
from registry.core.events import PlacesChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.statements import column
from registry.departures.queries import load_numbers, of_people
from registry.departures.rules import LoadKind, Obstacle, obstacle_faults, owner_obstacles
from registry.documents.actions import issue_for
from registry.duties.handover import hand_duties_over
from registry.duties.models import Duty
from registry.faults.models import Fault
from registry.faults.records import hand_over
from registry.people import rules
from registry.people.accounts import locked_account, store
from registry.people.administrators import keep_one_manager, lock_managers
from registry.people.models import Person
from registry.people.queries import forget_person, person_by_login
from registry.rooms.lock import RoomChange, changing
from registry.rooms.models import Room

Heirs = Mapping[LoadKind, str]


@dataclass(frozen=True, slots=True)
class Departure:
    """An account that was closed: how much of each kind others took over, and how much still hangs on it."""

    person: Person
    handed_over: Mapping[LoadKind, int]
    remaining: Mapping[LoadKind, int]


@dataclass(frozen=True, slots=True)
class _Estate:
    """What others take over."""

    assets: Sequence[Asset] = ()
    bookings: Sequence[Booking] = ()
    duties: Sequence[Duty] = ()
    approvals: Sequence[Room] = ()
    faults: Sequence[Fault] = ()

    @property
    def room_ids(self) -> set[int]:
        of_times = {booking.room_id for booking in self.bookings} | {duty.room_id for duty in self.duties}
        return of_times | {room.id for room in self.approvals}

    def rows(self, kind: LoadKind) -> Sequence[Any]:
        return {
            LoadKind.CUSTODY: self.assets,
            LoadKind.BOOKINGS: self.bookings,
            LoadKind.DUTIES: self.duties,
            LoadKind.APPROVALS: self.approvals,
            LoadKind.FAULTS: self.faults,
        }[kind]


async def deactivate(
    login: str,
    heirs: Heirs,
    actor: Actor,
    now: datetime,
    if_revision: int | None = None,
    request_key: RequestKey | None = None,
) -> Departure:
    """Close an account and give what hangs on it to others, by kind; a kind without an heir stays where it is. Of an
    account that is closed already, what still hangs on it.

    Raises NotFound("person.unknown"), Forbidden("auth.role"); Conflict: person.last_administrator, person.own_heir,
    person.closed, person.cannot_take, asset.refused, request.stale.
    """
    person = await person_by_login(login)
    takers = {kind: await _heir(heir, person, now) for kind, heir in heirs.items()}
    estate = await _estate(person, takers, now)
    await _refuse_obstacles(takers, estate)
    reason = f"{person.login} → {', '.join(sorted({heir.login for heir in takers.values()}))}"
    async with _passing(takers, estate, actor, now, reason) as change:
        estate = await _lock_estate(person, takers, estate, now)
        managers = await lock_managers(actor)  # people behind what hangs on them, as whoever takes a fault locks them
        await _lock_heirs(takers, person, now)
        account = await locked_account(person.login, if_revision)
        handed_over = await _hand_over(person, takers, estate, change, actor, now)
        await store(account, {"is_active": False}, actor, now)
        await keep_one_manager(managers, account.name)
        change.afterwards(lambda: forget_person(account.id))
        remaining = (await load_numbers([account.id], now))[account.id]
        departure = Departure(account, handed_over, remaining)
        await record(request_key, departure)
    return departure


async def _heir(login: str, person: Person, now: datetime) -> Person:
    heir = await person_by_login(login)
    _check_heir(heir, person, now)
    return heir


def _check_heir(heir: Person, person: Person, now: datetime) -> None:
    if heir.id == person.id:
        raise Conflict("person.own_heir", login=heir.login)
    if not rules.is_open(heir.is_active, heir.active_until, now):
        raise Conflict("person.closed", login=heir.login)


async def _lock_heirs(takers: Mapping[LoadKind, Person], person: Person, now: datetime) -> None:
    """Lock the heirs: they are still those who were looked at, and nobody closes or changes them meanwhile. What names
    them beside this, like a booking of theirs, does not wait.
    """
    looked_at = {heir.id: heir for heir in takers.values()}
    locked = Person.filter(id__in=list(looked_at)).order_by("id").select_for_update(no_key=True)
    for heir in await locked if looked_at else []:
        _check_heir(heir, person, now)
        if heir.revision != looked_at[heir.id].revision:
            raise Conflict("request.stale")  # another role or institution may take other things over


async def _lock_estate(person: Person, takers: Mapping[LoadKind, Person], estate: _Estate, now: datetime) -> _Estate:
    """Under the locks there hangs on somebody just what was looked at, as it is now; the pieces went to their heir
    already, and what is left is none. Raises Conflict("request.stale") where somebody booked, moved or took something
    meanwhile.
    """
    parts = {}
    for kind in takers:
        rows = of_people(kind, [person.id], now).order_by("id")
        fresh = await (rows.select_for_update() if kind is LoadKind.FAULTS else rows)
        former = () if kind is LoadKind.CUSTODY else estate.rows(kind)
        if [row.pk for row in fresh] != [row.pk for row in former]:
            raise Conflict("request.stale")
        if kind is not LoadKind.CUSTODY:
            parts[str(kind)] = fresh
    return replace(estate, **parts)


async def _estate(person: Person, takers: Mapping[LoadKind, Person], now: datetime) -> _Estate:
    names = {LoadKind.CUSTODY: "assets"} | {kind: str(kind) for kind in LoadKind if kind is not LoadKind.CUSTODY}
    parts = {names[kind]: await of_people(kind, [person.id], now).order_by("id") for kind in takers}
    return _Estate(**parts)


async def _refuse_obstacles(takers: Mapping[LoadKind, Person], estate: _Estate) -> None:
    obstacles: dict[LoadKind, tuple[str, Obstacle]] = {}
    for kind, heir in takers.items():
        if not estate.rows(kind):
            continue
        for obstacle in owner_obstacles(heir.role, kind):
            obstacles[kind] = heir.name, obstacle
        if kind is LoadKind.BOOKINGS:
            rooms = await Room.filter(id__in=[booking.room_id for booking in estate.bookings]).order_by("code")
            if codes := await rooms_that_bar(rooms, heir, {booking.kind for booking in estate.bookings}):
                obstacles[kind] = heir.name, Obstacle(kind, tuple(codes))
    for fault in obstacle_faults(obstacles):
        raise fault


@asynccontextmanager
async def _passing(
    takers: Mapping[LoadKind, Person], estate: _Estate, actor: Actor, now: datetime, reason: str
) -> AsyncIterator[RoomChange]:
    """The transaction of a departure, in which the assets went to their heir and the rooms of all else are locked."""
    rooms = estate.room_ids
    if not estate.assets:
        async with changing(*rooms) as change:
            yield change
        return
    answers = Answers(custodian_id=takers[LoadKind.CUSTODY].id, reason=reason)
    revisions = {asset.id: asset.revision for asset in estate.assets}
    async with passing(transition_named("assign"), revisions, answers, actor, now, together, rooms) as passage:
        for room_id in rooms:
            passage.change.compared.discard(room_id)
        await issue_for(passage)
        yield passage.change


async def _hand_over(
    person: Person, takers: Mapping[LoadKind, Person], estate: _Estate, change: RoomChange, actor: Actor, now: datetime
) -> dict[LoadKind, int]:
    """Write down whose all of a locked estate is from now on; how much of each kind was written, that of the pieces
    too.
    """
    numbers = {LoadKind.CUSTODY: len(estate.assets)}
    if estate.bookings:
        if not {booking.room_id for booking in estate.bookings} <= change.rooms.keys():
            raise Conflict("request.stale")
        in_order = sorted(estate.bookings, key=lambda booking: (booking.starts_at, booking.id))
        await hand_bookings_over(in_order, person, takers[LoadKind.BOOKINGS], change, actor, now)
        numbers[LoadKind.BOOKINGS] = len(in_order)
    if estate.duties:
        await hand_duties_over(estate.duties, person, takers[LoadKind.DUTIES], actor, now)
        numbers[LoadKind.DUTIES] = len(estate.duties)
    if estate.approvals:
        duty_rooms = {duty.room_id for duty in estate.duties}
        for room in estate.approvals:
            await _hand_approval_over(room, person, takers[LoadKind.APPROVALS], actor, now)
            if room.id not in duty_rooms:
                change.keep_quiet(room)  # nothing of it can be seen there
        change.events.insert(0, PlacesChanged())  # first: who answers is read anew before anybody looks
        numbers[LoadKind.APPROVALS] = len(estate.approvals)
    if estate.faults:
        for fault in estate.faults:
            await hand_over(change, fault, takers[LoadKind.FAULTS], actor, now)
        numbers[LoadKind.FAULTS] = len(estate.faults)
    return {kind: number for kind, number in numbers.items() if number}


async def _hand_approval_over(room: Room, person: Person, heir: Person, actor: Actor, now: datetime) -> None:
    """Let another person approve what is booked in a locked room."""
    former = sorted(await column(room.approvers.all(), "login"))
    await room.approvers.remove(person)
    await room.approvers.add(heir)
    before, after = {"approvers": former}, {"approvers": sorted({heir.login, *former} - {person.login})}
    await history.write(f"room:{room.id}", "changed", actor, now, before=before, after=after)
