"""Somebody leaves: what hangs on them, and who takes it over, on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from registry.assets.models import Asset, Lifecycle
from registry.assets.transitions import IN_THE_OFFICE
from registry.bookings.awaiting import answerers_of
from registry.bookings.models import Booking, Kind
from registry.core.errors import Forbidden
from registry.core.history import SYSTEM, Actor, HistoryEntry
from registry.departures import actions
from registry.departures.actions import deactivate
from registry.departures.queries import load_numbers, loads_of
from registry.departures.rules import LoadKind
from registry.duties.models import Duty
from registry.faults.models import Fault
from registry.people.accounts import change_person
from registry.people.models import Person, Role
from registry.rooms.models import Room, Visibility
from tests.make import (
    HOUR,
    NOW,
    make_asset,
    make_booking,
    make_institution,
    make_person,
    make_room,
    refused,
)
from tests.statements import Statements, plan

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
ALL = {"custody": 2, "bookings": 2, "duties": 1, "approvals": 1, "faults": 1}


def to(login: str, *kinds: LoadKind) -> dict[LoadKind, str]:
    return dict.fromkeys(kinds or tuple(LoadKind), login)


async def laden(login: str = "leaver") -> Person:
    """Somebody with two assets, two bookings ahead and one behind, a duty ahead and an open fault."""
    person = await make_person(login)
    for _ in range(2):
        await make_asset(custodian=person, room=await make_room())
    room = await make_room()
    for starts_at, status in (
        (NOW - 3 * HOUR, "ended"),
        (NOW - HOUR / 2, "checked_in"),
        (NOW + 30 * HOUR, "confirmed"),
    ):
        whose = {"organizer": person, "institution_id": person.institution_id}
        await make_booking(starts_at, room=room, status=status, **whose)
    await make_booking(NOW + 40 * HOUR, room=room, organizer=person, status="cancelled")
    for starts_at in (NOW - 30 * HOUR, NOW + 2 * HOUR):
        times = {"starts_at": starts_at, "ends_at": starts_at + HOUR}
        await Duty.create(room=await make_room(), person=person, roster="DY", name="D", **times)
    await room.approvers.add(person, await make_person())
    for state in ("taken", "resolved"):
        await Fault.create(room=room, owner=person, state=state, opened_at=NOW, changed_at=NOW)
    return person


def plain(numbers: Any) -> dict[str, int]:
    return {str(kind): number for kind, number in numbers.items()}


async def test_who_approves_in_their_place_is_asked_from_then_on() -> None:
    person = await laden()
    room, heir = await Room.get(approvers__id=person.id), await make_person("heir", role=Role.FACILITIES)
    assert person.id in (await answerers_of([(room, Kind.MEETING)]))[0], "it is remembered"
    await deactivate("LEAVER", to("heir"), SYSTEM, NOW)
    assert {person.id, heir.id} & set((await answerers_of([(room, Kind.MEETING)]))[0]) == {heir.id}


async def test_what_hangs_on_somebody_is_counted_and_shown() -> None:
    person, other = await laden(), await make_person()
    loads = {load.kind: load for load in await loads_of(person.id, NOW)}
    assert plain({kind: load.number for kind, load in loads.items()}) == ALL
    assert loads[LoadKind.BOOKINGS].until == NOW + 31 * HOUR
    assert len(loads[LoadKind.CUSTODY].examples) == 2
    numbers = await load_numbers([person.id, other.id], NOW)
    assert (plain(numbers[person.id]), numbers[other.id]) == (ALL, {})
    assert await loads_of(other.id, NOW) == []
    assert await load_numbers([], NOW) == {}


async def test_one_act_hands_everything_over_and_closes_the_account() -> None:
    person = await laden()
    heir = await make_person("heir", role=Role.FACILITIES)
    departure = await deactivate("LEAVER", to("heir"), SYSTEM, NOW)
    assert (plain(departure.handed_over), plain(departure.remaining)) == (ALL, {})
    assert not (await Person.get(id=person.id)).is_active
    assert await Asset.filter(custodian_id=heir.id).count() == 2
    assert await Booking.filter(organizer_id=heir.id, institution_id=heir.institution_id).count() == 2
    assert await Booking.filter(organizer_id=person.id).count() == 2, "what is over and what was cancelled stays theirs"
    assert await Duty.filter(person_id=heir.id).count() == 1
    assert await Fault.filter(owner_id=heir.id).count() == 1
    assert await Room.filter(approvers__id=heir.id).count() == 1
    assert await Room.filter(approvers__id=person.id).count() == 0
    entries = sorted({(entry.object.partition(":")[0], entry.action) for entry in await HistoryEntry.all()})
    assert entries == [
        ("asset", "assigned"), ("booking", "handed_over"), ("document", "issued"), ("fault", "fault_handed_over"),
        ("person", "closed"), ("room", "changed"), ("roster", "handed_over"),
    ]  # fmt: skip


async def test_a_kind_without_an_heir_stays_and_can_be_handed_over_later() -> None:
    await laden()
    await make_person("heir")
    departure = await deactivate("leaver", to("heir", LoadKind.CUSTODY), SYSTEM, NOW)
    assert plain(departure.handed_over) == {"custody": 2}
    assert plain(departure.remaining) == {"bookings": 2, "duties": 1, "approvals": 1, "faults": 1}
    later = await deactivate("leaver", to("heir", LoadKind.BOOKINGS, LoadKind.DUTIES), SYSTEM, NOW)
    assert plain(later.remaining) == {"approvals": 1, "faults": 1}
    assert await HistoryEntry.filter(action="closed").count() == 1


@pytest.mark.databases("sqlite")  # which guesses by the number of people, and read every piece of the office for fifty
async def test_what_many_people_have_is_counted_from_an_index(statements: Statements) -> None:
    ids = list(range(1, 51))
    await load_numbers(ids, NOW)
    (text,) = (one.text for one in statements if 'FROM "asset"' in one.text)
    states = [str(state) for state in sorted(IN_THE_OFFICE)]
    assert "USING COVERING INDEX idx_asset_custodi" in await plan(text, [*ids, *states])


async def test_a_piece_that_left_the_office_stays_with_whom_it_was() -> None:
    person = await make_person("leaver")
    await make_person("heir")
    in_store = await make_asset(custodian=person, lifecycle=Lifecycle.IN_STORE)
    away = sorted(set(Lifecycle) - IN_THE_OFFICE)
    former_pieces = [await make_asset(custodian=person, lifecycle=one) for one in away]
    assert [(load.kind, load.number) for load in await loads_of(person.id, NOW)] == [(LoadKind.CUSTODY, 1)]
    departure = await deactivate("leaver", to("heir"), SYSTEM, NOW)
    assert (plain(departure.handed_over), plain(departure.remaining)) == ({"custody": 1}, {})
    assert await Asset.filter(custodian_id=person.id).order_by("id").values_list("id", flat=True) == [
        piece.id for piece in former_pieces
    ]
    assert (await Asset.get(id=in_store.id)).custodian_id != person.id


async def heir_closes(_: Person) -> None:
    await change_person("heir", {"is_active": False}, SYSTEM, NOW)


async def heir_is_promoted(_: Person) -> None:
    await change_person("heir", {"role": Role.ADMIN}, SYSTEM, NOW)


async def fault_is_mended(leaver: Person) -> None:
    await Fault.filter(owner_id=leaver.id, state="taken").update(state="resolved")


async def fault_is_taken(leaver: Person) -> None:
    await Fault.create(room=await make_room(), owner=leaver, state="taken", opened_at=NOW, changed_at=NOW)


async def another_approves(leaver: Person) -> None:
    await (await Room.get(approvers__id=leaver.id)).approvers.remove(leaver)


async def piece_is_entrusted(leaver: Person) -> None:
    await make_asset(custodian=leaver)


async def room_is_booked(leaver: Person) -> None:
    await make_booking(NOW + 70 * HOUR, organizer=leaver)


@pytest.mark.parametrize(
    ("happens", "code"),
    [
        (fault_is_mended, "request.stale"), (fault_is_taken, "request.stale"), (another_approves, "request.stale"),
        (piece_is_entrusted, "request.stale"), (room_is_booked, "request.stale"), (heir_is_promoted, "request.stale"),
        (heir_closes, "person.closed"),
    ],
)  # fmt: skip
async def test_what_changes_between_the_look_and_the_locks_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch, happens: Callable[[Person], Awaitable[None]], code: str
) -> None:
    leaver = await laden()
    await make_person("heir", role=Role.FACILITIES), await make_person(role=Role.ADMIN)
    look = actions._refuse_obstacles

    async def look_slowly(*looked_at: Any) -> None:
        await look(*looked_at)
        await happens(leaver)

    monkeypatch.setattr(actions, "_refuse_obstacles", look_slowly)
    assert (await refused(deactivate("leaver", to("heir"), SYSTEM, NOW))).code == code
    assert (await Person.get(id=leaver.id)).is_active
    assert not await HistoryEntry.filter(action__in=["assigned", "handed_over", "fault_handed_over"]).exists()


async def test_two_who_leave_at_once_have_one_heir() -> None:
    await laden("one"), await laden("two")
    heir = await make_person("heir", role=Role.ADMIN)
    departures = await asyncio.gather(*(deactivate(login, to("heir"), SYSTEM, NOW) for login in ("one", "two")))
    assert [plain(departure.handed_over) for departure in departures] == [ALL, ALL]
    assert await Asset.filter(custodian_id=heir.id).count() == 4


async def test_who_cannot_take_a_thing_over_takes_nothing() -> None:
    person = await laden()
    institution = await make_institution()
    hidden = await make_room(code="H-1", visibility=Visibility.HIDDEN)
    await make_booking(NOW + 50 * HOUR, room=hidden, organizer=person)
    member = await make_person("heir", institution=institution)
    refusal = await refused(deactivate("leaver", to("heir"), SYSTEM, NOW))
    assert refusal.code == "person.cannot_take"
    assert [one["kind"] for one in refusal.params["refused"]] == ["bookings", "faults"]
    assert "H-1" in str(refusal)
    assert (await Person.get(id=person.id)).is_active
    assert await Asset.filter(custodian_id=member.id).count() == 0
    await make_person("auditor", role=Role.AUDITOR)
    block = await make_booking(NOW + 60 * HOUR, organizer=person, kind=Kind.BLOCK)
    for login in ("auditor", "heir"):
        refusal = await refused(deactivate("leaver", to(login, LoadKind.BOOKINGS), SYSTEM, NOW))
        assert (await Room.get(id=block.room_id)).code in str(refusal)


async def test_an_heir_is_somebody_else_with_an_open_account() -> None:
    await laden()
    await make_person("gone", is_active=False)
    await make_person("over", active_until=NOW)
    cases = {"leaver": "person.own_heir", "gone": "person.closed", "over": "person.closed", "nobody": "person.unknown"}
    for login, code in cases.items():
        assert (await refused(deactivate("leaver", to(login), SYSTEM, NOW))).code == code
    assert (await refused(deactivate("nobody", {}, SYSTEM, NOW))).code == "person.unknown"
    assert (await refused(deactivate("leaver", {}, SYSTEM, NOW, 7))).code == "request.stale"


async def test_the_last_administrator_does_not_leave() -> None:
    admin = await make_person("admin", role=Role.ADMIN)
    await make_asset(custodian=admin)
    await make_person("heir")
    assert (await refused(deactivate("admin", to("heir"), SYSTEM, NOW))).code == "person.last_administrator"
    assert await Asset.filter(custodian_id=admin.id).count() == 1, "nothing is half done"
    assert await HistoryEntry.all().count() == 0


async def test_two_administrators_who_remove_each_other_leave_one() -> None:
    one, two = await make_person("one", role=Role.ADMIN), await make_person("two", role=Role.ADMIN)
    acts = [deactivate(theirs.login, {}, Actor(by.name, "web", by.id), NOW) for by, theirs in ((one, two), (two, one))]
    outcomes = await asyncio.gather(*acts, return_exceptions=True)
    assert sum(isinstance(outcome, Forbidden) for outcome in outcomes) == 1, outcomes
    assert await Person.filter(is_active=True, role=Role.ADMIN).count() == 1


async def test_whoever_watches_a_room_is_told() -> None:
    await laden()
    await make_person("heir", role=Role.FACILITIES)
    former = {room.id: room.revision for room in await Room.all()}
    await deactivate("leaver", to("heir"), SYSTEM, NOW)
    booked = await Booking.all().values_list("room_id", flat=True)
    duties = await Duty.filter(starts_at__gt=NOW).values_list("room_id", flat=True)
    revised = {room.id for room in await Room.all() if room.revision > former[room.id]}
    assert revised == {*booked, *duties}
