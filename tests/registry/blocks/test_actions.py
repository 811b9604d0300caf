"""Rooms are taken out of use, changed and given back; what is in the way is named and decided on."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from registry.blocks.actions import BlockChanges, cancel_block, change_block, make_block
from registry.blocks.queries import (
    block_by_id,
    blocks_between,
    blocks_hidden_from,
    bookings_of,
    obstacles,
    past_blocks,
)
from registry.blocks.rules import Clearance, Decision, NewBlock, OnConflict, Span, Way
from registry.bookings.actions import BookingChanges, book, change, end, extend, undo_release
from registry.bookings.models import Block, Booking, Kind, Status
from registry.bookings.projections import viewer_of
from registry.bookings.queries import room_state_of
from registry.bookings.state import StateKind
from registry.core.errors import Conflict
from registry.core.history import SYSTEM, HistoryEntry
from registry.outbox.models import Notice
from registry.people.models import Person, Role
from registry.rooms.models import Room, Visibility
from tests.conftest import Database
from tests.make import HOUR, NOW, make_booking, make_building, make_person, make_room, refused, wish
from tests.statements import Statements

REFUSE, KEEP, CANCEL = (Clearance(one) for one in OnConflict)


def at(start: float, end: float) -> Span:
    return NOW + start * HOUR, NOW + end * HOUR


def new(*rooms: Room, spans: tuple[Span, ...] = (at(1, 5),), **fields: object) -> NewBlock:
    default = {"reason": "malowanie", "public_text": {"pl": "Remont"}}
    return NewBlock(tuple(room.code for room in rooms), spans, **default | fields)  # type: ignore[arg-type]  # a test's defaults


async def make(block: NewBlock, clearance: Clearance = REFUSE, by: Person | None = None) -> Block:
    return await make_block(block, clearance, by or await coordinator(), SYSTEM, NOW)


async def coordinator() -> Person:
    return await make_person(role=Role.COORDINATOR)


async def times(room: Room, *statuses: Status) -> list[tuple[float, float]]:
    """The hours after NOW that blocks have of a room."""
    rows = Booking.filter(
        room_id=room.id, kind=Kind.BLOCK, status__in=[str(one) for one in statuses or (Status.CONFIRMED,)]
    )
    return [((row.starts_at - NOW) / HOUR, (row.ends_at - NOW) / HOUR) for row in await rows.order_by("starts_at")]


async def test_rooms_are_blocked_and_cannot_be_booked(database: Database) -> None:
    one, two = await make_room(), await make_room()
    block = await make(new(one, two))
    assert await times(one) == await times(two) == [(1, 5)]
    assert (await refused(book(wish(one, 120), await make_person(), SYSTEM, NOW))).code == "booking.overlap"
    entry = await HistoryEntry.get(object=f"block:{block.id}")
    assert (entry.action, entry.after["rooms"]) == ("blocked", [one.code, two.code])
    state = await room_state_of(await Room.get(id=one.id), NOW + 2 * HOUR)
    assert state.kind is StateKind.CLOSED


async def test_every_booking_in_the_way_is_named_and_nothing_is_done(database: Database) -> None:
    one, two = await make_room(), await make_room()
    for room in (one, two):
        await make_booking(NOW + 2 * HOUR, room=room, title="Narada")
    await make_booking(NOW + 6 * HOUR, room=one)
    refusal = await refused(make(new(one, two)))
    assert (refusal.code, refusal.params["count"]) == ("block.in_the_way", 2)
    assert [conflict["room"] for conflict in refusal.params["conflicts"]] == [one.code, two.code]
    assert await times(one) == await times(two) == []
    assert await Block.all().count() == 0


async def test_what_is_decided_already_is_not_asked_about(database: Database) -> None:
    room = await make_room()
    stays, other = [await make_booking(NOW + hours * HOUR, room=room) for hours in (2, 3)]
    refusal = await refused(make(new(room), Clearance(decisions={stays.id: Decision(Way.KEEP)})))
    assert (refusal.code, refusal.params["count"]) == ("block.in_the_way", 1)
    assert [conflict["id"] for conflict in refusal.params["conflicts"]] == [str(other.id)]


async def test_who_sees_less_reads_less_of_what_is_in_the_way(database: Database) -> None:
    room = await make_room(visibility=Visibility.CONFIDENTIAL)
    await make_booking(NOW + 2 * HOUR, room=room, kind=Kind.CONSULTATION)
    facilities = await make_person(role=Role.FACILITIES)
    refusal = await refused(make(new(room), by=facilities))
    assert set(refusal.params["conflicts"][0]) == {"room", "starts_at", "ends_at"}


async def test_a_block_beside_what_stays(database: Database) -> None:
    room = await make_room()
    await make_booking(NOW + 2 * HOUR, room=room, blocked_from=NOW + 1.5 * HOUR, blocked_to=NOW + 3.5 * HOUR)
    await make(new(room), KEEP)
    assert await times(room) == [(1, 1.5), (3.5, 5)]


async def test_nothing_left(database: Database) -> None:
    room = await make_room()
    await make_booking(NOW, NOW + 9 * HOUR, room=room)
    assert (await refused(make(new(room), KEEP))).code == "block.nothing_left"


async def test_what_is_in_the_way_is_cancelled_or_ended(database: Database) -> None:
    room = await make_room()
    running = await make_booking(NOW - HOUR, NOW + 2 * HOUR, room=room, status=Status.CHECKED_IN)
    later = await make_booking(NOW + 3 * HOUR, room=room)
    cleaning = await make_booking(NOW + 5 * HOUR, room=room, blocked_from=NOW + 4.5 * HOUR)
    await make(new(room), CANCEL)
    await running.refresh_from_db()
    assert (running.status, running.ends_at, running.planned_ends_at) == (Status.CHECKED_IN, NOW + HOUR, NOW + HOUR)
    await later.refresh_from_db()
    await cleaning.refresh_from_db()
    assert (later.status, cleaning.status) == (Status.CANCELLED, Status.CONFIRMED)
    assert await times(room) == [(1, 4.5)]
    entry = await HistoryEntry.filter(object=f"booking:{later.id}").order_by("-seq").first()
    assert entry
    assert (entry.action, entry.reason) == ("cancelled", "room_not_ready")


async def test_a_running_booking_ends_now_for_a_block_from_now(database: Database) -> None:
    room = await make_room()
    running = await make_booking(NOW - HOUR, NOW + 2 * HOUR, room=room, status=Status.CHECKED_IN)
    await make(new(room, spans=(at(0, 5),)), CANCEL)
    await running.refresh_from_db()
    assert (running.status, running.ends_at) == (Status.ENDED, NOW)
    assert await times(room) == [(0, 5)]


async def test_each_booking_its_own_way(database: Database) -> None:
    building = await make_building()
    one, two = await make_room(building=building), await make_room(building=building)
    stays, moves, goes = [await make_booking(NOW + hour * HOUR, room=one) for hour in (1, 2, 3)]
    decisions = {
        stays.id: Decision(Way.KEEP), moves.id: Decision(Way.MOVE, two.code), goes.id: Decision(Way.CANCEL),
    }  # fmt: skip
    await make(new(one), Clearance(decisions=decisions))
    rows = {row.id: row for row in await Booking.filter(kind=Kind.MEETING)}
    assert [rows[one.id].status for one in (stays, moves, goes)] == [
        Status.CONFIRMED, Status.CONFIRMED, Status.CANCELLED,
    ]  # fmt: skip
    assert rows[moves.id].room_id == two.id
    assert await times(one) == [(2, 5)]


async def test_whoever_has_to_give_way_is_told(database: Database) -> None:
    building, alice = await make_building(), await make_person()
    one, two = await make_room(building=building), await make_room(building=building)
    moves, goes = [await make_booking(NOW + hour * HOUR, room=one, organizer=alice) for hour in (2, 3)]
    decisions = {moves.id: Decision(Way.MOVE, two.code), goes.id: Decision(Way.CANCEL)}
    await make(new(one), Clearance(decisions=decisions))
    notices = {notice.thing: notice for notice in await Notice.filter(person_id=alice.id)}
    assert notices[f"booking:{moves.id}"].kind == "booking.moved"
    assert notices[f"booking:{goes.id}"].kind == "booking.cancelled"


@pytest.mark.parametrize(("room", "code"), [("", "block.no_other_room"), ("nowhere", "room.unknown")])
async def test_a_move_names_its_room(database: Database, room: str, code: str) -> None:
    one = await make_room()
    booking = await make_booking(NOW + 2 * HOUR, room=one)
    clearance = Clearance(decisions={booking.id: Decision(Way.MOVE, room)})
    assert (await refused(make(new(one), clearance))).code == code


async def test_a_move_into_a_taken_room_undoes_all(database: Database) -> None:
    one, two = await make_room(), await make_room()
    booking = await make_booking(NOW + 2 * HOUR, room=one)
    await make_booking(NOW + 2 * HOUR, room=two)
    refusal = await refused(make(new(one), Clearance(decisions={booking.id: Decision(Way.MOVE, two.code)})))
    assert (refusal.code, refusal.params["room"]) == ("booking.overlap", two.code)
    assert await times(one) == []


async def test_others_bookings_are_for_who_manages_them(database: Database) -> None:
    room, facilities = await make_room(), await make_person(role=Role.FACILITIES)
    await make_booking(NOW + 2 * HOUR, room=room)
    assert (await refused(make(new(room), CANCEL, facilities))).code == "booking.not_yours"
    await make(new(room), KEEP, facilities)
    assert await times(room) == [(1, 2), (3, 5)]


async def test_a_hidden_room_is_blocked_by_who_sees_its_times(database: Database) -> None:
    room = await make_room(visibility=Visibility.HIDDEN)
    assert (await refused(make(new(room), by=await make_person(role=Role.FACILITIES)))).code == "room.not_yours"
    await make(new(room))


async def test_refused_before_anything_is_locked(database: Database) -> None:
    room = await make_room()
    assert (await refused(make(new(room), by=await make_person()))).code == "auth.role"
    assert (await refused(make(new(room, reason="")))).code == "block.no_reason"
    unknown = NewBlock(("nowhere",), (at(1, 2),), "x")
    assert (await refused(make(unknown))).code == "room.unknown"


async def test_too_many_parts(database: Database) -> None:
    building = await make_building()
    rooms = [await make_room(building=building) for _ in range(40)]
    spans = tuple(at(24 * day, 24 * day + 1) for day in range(1, 59))
    assert (await refused(make(new(*rooms, spans=spans)))).code == "block.too_large"


async def test_of_many_at_once_one_wins_and_none_waits_for_ever(database: Database) -> None:
    rooms = [await make_room() for _ in range(4)]
    by = await coordinator()

    async def block(number: int) -> Block:
        order = rooms[number % 4 :] + rooms[: number % 4]
        return await make_block(new(*(order if number % 2 else reversed(order))), REFUSE, by, SYSTEM, NOW)

    answers = await asyncio.wait_for(
        asyncio.gather(*(block(number) for number in range(8)), return_exceptions=True), 60
    )
    assert sum(isinstance(answer, Block) for answer in answers) == 1
    assert [answer for answer in answers if not isinstance(answer, Block | Conflict)] == []
    for room in rooms:
        assert await times(room) == [(1, 5)]


async def test_a_booking_and_a_block_at_once_never_overlap(database: Database) -> None:
    rooms, by = [await make_room() for _ in range(6)], await coordinator()
    people = [await make_person() for _ in rooms]
    answers = await asyncio.gather(
        make_block(new(*rooms), REFUSE, by, SYSTEM, NOW),
        *(book(wish(room, 120), person, SYSTEM, NOW) for room, person in zip(rooms, people, strict=True)),
        return_exceptions=True,
    )
    assert [answer for answer in answers if not isinstance(answer, Block | Booking | Conflict)] == []
    for room in rooms:
        assert await Booking.filter(room=room, status=Status.CONFIRMED, starts_at__lt=NOW + 5 * HOUR).count() <= 1


async def test_other_times_take_and_give_back(database: Database) -> None:
    one, two = await make_room(), await make_room()
    block = await make(new(one, two, spans=(at(1, 3), at(6, 8))))
    changes = BlockChanges(rooms=(one.code,), spans=(at(1, 3), at(7, 9)), reason="wymiana okien")
    block = await change_block(block.id, changes, REFUSE, await coordinator(), SYSTEM, NOW)
    assert (block.revision, block.reason, block.rooms) == (2, "wymiana okien", [one.code])
    assert await times(one) == [(1, 3), (7, 9)]
    assert await times(two) == []
    assert await times(one, Status.CANCELLED) == [(6, 8)]
    assert len(await bookings_of(block.id)) == 5


async def test_a_running_block_goes_on_or_ends_now(database: Database) -> None:
    room, by = await make_room(), await coordinator()
    block = await make(new(room, spans=(at(0, 5),)))
    later = NOW + 2 * HOUR
    await change_block(block.id, BlockChanges(spans=(at(0, 9),)), REFUSE, by, SYSTEM, later)
    assert await times(room, Status.CONFIRMED, Status.ENDED) == [(0, 2), (2, 9)]
    await change_block(block.id, BlockChanges(reason="dłużej"), REFUSE, by, SYSTEM, later)
    assert await times(room, Status.CONFIRMED, Status.ENDED) == [(0, 2), (2, 9)]
    await cancel_block(block.id, by, SYSTEM, later + HOUR)
    assert await times(room, Status.CONFIRMED, Status.ENDED) == [(0, 2), (2, 3)]


async def test_a_change_meets_what_is_in_the_way(database: Database) -> None:
    room, by = await make_room(), await coordinator()
    block = await make(new(room))
    await make_booking(NOW + 6 * HOUR, room=room)
    changes = BlockChanges(spans=(at(1, 8),))
    assert (await refused(change_block(block.id, changes, REFUSE, by, SYSTEM, NOW))).code == "block.in_the_way"
    assert await times(room) == [(1, 5)]
    await change_block(block.id, changes, KEEP, by, SYSTEM, NOW)
    assert await times(room) == [(1, 6), (7, 8)]


async def test_a_block_that_is_over_or_another_by_now_stays(database: Database) -> None:
    room, by = await make_room(), await coordinator()
    block = await make(new(room))
    nothing = BlockChanges(reason="x")
    assert (await refused(change_block(block.id, nothing, REFUSE, by, SYSTEM, NOW, 7))).code == "request.stale"
    assert (await refused(cancel_block(block.id, by, SYSTEM, NOW, 7))).code == "request.stale"
    member = await make_person()
    assert (await refused(cancel_block(block.id, member, SYSTEM, NOW))).code == "auth.role"
    assert (await refused(cancel_block(block.id, by, SYSTEM, NOW + 9 * HOUR))).code == "block.over"
    first = await cancel_block(block.id, by, SYSTEM, NOW)
    again = await cancel_block(block.id, by, SYSTEM, NOW + HOUR)
    assert first.cancelled_at == again.cancelled_at == NOW
    assert (await refused(change_block(block.id, nothing, REFUSE, by, SYSTEM, NOW))).code == "block.over"
    assert await times(room) == []
    assert (await refused(cancel_block(UUID(int=5), by, SYSTEM, NOW))).code == "block.unknown"


async def test_obstacles_with_the_rooms_that_could_be_had(database: Database) -> None:
    building, by = await make_building(), await coordinator()
    one, two, three = [await make_room(building=building) for _ in range(3)]
    await make_booking(NOW + 2 * HOUR, room=one, title="Narada")
    await make_booking(NOW + 5 * HOUR, room=one, blocked_from=NOW + 4 * HOUR)
    await make_booking(NOW + 2 * HOUR, room=three)
    rows = await obstacles([one], [at(1, 5)], by, viewer_of(by), NOW)
    assert [(row.only_buffer, [room.code for room in row.rooms]) for row in rows] == [(False, [two.code]), (True, [])]
    stranger = await make_person()
    (first, _) = await obstacles([one], [at(1, 5)], stranger, viewer_of(stranger), NOW)
    assert (first.booking_id, first.rooms) == (None, ())
    hidden = await make_room(visibility=Visibility.HIDDEN)
    await make_booking(NOW + 2 * HOUR, room=hidden)
    assert await obstacles([hidden], [at(1, 5)], stranger, viewer_of(stranger), NOW) == []


async def test_blocks_are_listed(database: Database, statements: Statements) -> None:
    one, two = await make_room(), await make_room()
    first = await make(new(one, spans=(at(1, 2),)))
    second = await make(new(two, spans=(at(50, 51),)))
    ids, everything = [first.id, second.id], viewer_of(await coordinator())
    with statements.at_most(2):
        rows, total = await blocks_between(NOW, None, "", everything, 0, 10)
    assert ([row.id for row in rows], total) == (ids, 2)
    assert [row.id for row in (await blocks_between(NOW, NOW + 10 * HOUR, "", everything, 0, 10))[0]] == ids[:1]
    assert [row.id for row in (await blocks_between(NOW, None, two.code, everything, 0, 10))[0]] == ids[1:]
    await cancel_block(second.id, await coordinator(), SYSTEM, NOW)
    rows, _ = await blocks_between(NOW, None, "", everything, 0, 10, with_cancelled=False)
    assert [row.id for row in rows] == ids[:1]
    assert [row.id for row in (await past_blocks(NOW + timedelta(days=9), everything, 0, 10))[0]] == ids[::-1]


async def test_a_block_of_a_hidden_room_is_nothing_to_who_sees_no_times(
    database: Database, statements: Statements
) -> None:
    hidden, room = await make_room(visibility=Visibility.HIDDEN), await make_room()
    block, other = await make(new(hidden, room)), await make(new(room, spans=(at(6, 7),)))
    facilities = await make_person(role=Role.FACILITIES)
    viewer, past = viewer_of(facilities), NOW + timedelta(days=9)
    with statements.at_most(4):
        assert [row.id for row in (await blocks_between(NOW, None, "", viewer, 0, 10))[0]] == [other.id]
        assert (await past_blocks(past, viewer, 0, 10))[1] == 1
    assert await blocks_hidden_from(viewer, {block.id, other.id}) == {block.id}
    assert (await block_by_id(other.id, viewer)).id == other.id
    assert (await refused(block_by_id(block.id, viewer))).code == "block.unknown"
    for act in (
        change_block(block.id, BlockChanges(reason="inny"), REFUSE, facilities, SYSTEM, NOW),
        cancel_block(block.id, facilities, SYSTEM, NOW),
    ):
        assert (await refused(act)).code == "block.unknown"
    assert await times(hidden) == [(1, 5)]
    for viewer in (viewer_of(await coordinator()), viewer_of(await make_person(role=Role.DUTY))):
        assert (await blocks_between(NOW, None, "", viewer, 0, 10))[1] == 2
        assert await blocks_hidden_from(viewer, {block.id}) == set()


async def test_a_part_of_a_block_keeps_its_room_and_time(database: Database) -> None:
    one, two = await make_room(), await make_room()
    by, block = await coordinator(), await make(new(one))
    part = await Booking.get(block_id=block.id)
    for changes in (BookingChanges(room=two.code), BookingChanges(ends_at=NOW + 9 * HOUR)):
        refusal = await refused(change(part.id, changes, by, SYSTEM, NOW))
        assert (refusal.code, refusal.params["block"]) == ("booking.part_of_block", str(block.id))
    assert await times(one) == [(1, 5)]


async def test_a_running_part_of_a_block_ends_with_the_block_at_the_latest(database: Database) -> None:
    room = await make_room()
    by, block = await coordinator(), await make(new(room))
    part, running = await Booking.get(block_id=block.id), NOW + 2 * HOUR
    refusal = await refused(extend(part.id, by, SYSTEM, running))
    assert (refusal.code, refusal.params["block"]) == ("booking.part_of_block", str(block.id))
    assert await times(room) == [(1, 5)]
    await end(part.id, by, SYSTEM, running)
    assert (await undo_release(part.id, by, SYSTEM, running)).ends_at == part.ends_at


async def test_a_block_whose_part_lies_in_another_room_can_be_changed_and_given_back(database: Database) -> None:
    one, two = await make_room(), await make_room()
    blocks = [await make(new(one, spans=(span,))) for span in (at(1, 2), at(3, 4))]
    await Booking.filter(kind=Kind.BLOCK).update(room_id=two.id)
    by = await coordinator()
    await change_block(blocks[0].id, BlockChanges(spans=(at(6, 7),)), REFUSE, by, SYSTEM, NOW)
    await cancel_block(blocks[1].id, by, SYSTEM, NOW)
    assert (await times(one), await times(two)) == ([(6, 7)], [])


async def test_months_of_works_are_found_on_each_day(database: Database) -> None:
    room = await make_room()
    await make(new(room, spans=((NOW + HOUR, NOW + timedelta(days=70)),)))
    refusal = await refused(book(wish(room, 69 * 24 * 60), await make_person(), SYSTEM, NOW))
    assert refusal.code == "booking.overlap"
    assert await Booking.filter(kind=Kind.BLOCK).count() == 3
