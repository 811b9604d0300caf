"""What a booking needs and what of it works: told once each time that it differs."""

import re

import pytest

from registry.bookings.models import Booking
from registry.bookings.readiness import tell_of_readiness
from registry.outbox.models import Notice
from registry.rooms.models import Room, StandardItem
from tests.conftest import Database
from tests.make import HOUR, NOW, make_asset, make_booking, make_person, make_room
from tests.statements import Statements, plan


async def furnished(**columns: object) -> Room:
    room = await make_room(**columns)
    await StandardItem.create(room=room, name="Projektor", feature="projector")
    return room


async def test_a_projector_that_breaks_and_works_again_is_told_each_time(
    database: Database, statements: Statements
) -> None:
    room, alice = await furnished(code="A"), await make_person()
    projector = await make_asset(name="Projektor", room=room)
    booking = await make_booking(NOW + HOUR, room=room, organizer=alice, needs=["projector", "video"])
    await make_booking(NOW + 3 * HOUR, room=room, organizer=alice)
    await make_booking(NOW + 300 * HOUR, room=room, organizer=alice, needs=["projector"])
    assert await tell_of_readiness(NOW) == 0
    for condition, number in (("faulty", 1), ("in_repair", 0), ("ok", 1), ("faulty", 1)):
        await type(projector).filter(id=projector.id).update(condition=condition)
        assert await tell_of_readiness(NOW) == number, condition
        with statements.at_most(5):
            assert await tell_of_readiness(NOW) == 0
    notices = await Notice.all().order_by("id")
    assert [notice.kind for notice in notices] == ["readiness.lost", "readiness.regained", "readiness.lost"]
    assert {(notice.person_id, notice.thing) for notice in notices} == {(alice.id, f"booking:{booking.id}")}
    assert (notices[0].facts["room"], notices[0].facts["feature"]) == ("A", "projector")


async def test_a_booking_that_was_moved_from_afar_is_told_of_again(database: Database) -> None:
    room, alice = await furnished(), await make_person()
    await make_asset(name="Projektor", room=room, condition="faulty")
    booking = await make_booking(NOW + HOUR, room=room, organizer=alice, needs=["projector"])
    assert await tell_of_readiness(NOW) == 1
    later = NOW + 60 * 24 * HOUR
    times = {"starts_at": later, "ends_at": later + HOUR, "blocked_from": later, "blocked_to": later + HOUR}
    await Booking.filter(id=booking.id).update(**times)
    assert await tell_of_readiness(later) == 0, "they know"
    await Notice.filter(person=alice).update(kind="readiness.regained")
    assert await tell_of_readiness(later) == 1
    assert await Notice.all().count() == 2


@pytest.mark.parametrize("is_moved", [True, False])
async def test_where_nothing_is_missed_any_more_it_is_told(database: Database, is_moved: bool) -> None:
    """They were told that the projector does not work, and then they got a room of which nobody says what it holds."""
    room, alice = await furnished(), await make_person()
    await make_asset(name="Projektor", room=room, condition="faulty")
    booking = await make_booking(NOW + HOUR, room=room, organizer=alice, needs=["projector"])
    assert await tell_of_readiness(NOW) == 1
    if is_moved:
        await Booking.filter(id=booking.id).update(room_id=(await make_room()).id)
    else:
        await StandardItem.filter(room=room).delete()
    assert [await tell_of_readiness(NOW) for _ in range(2)] == [1, 0]
    assert (await Notice.all().order_by("-id").first()).kind == "readiness.regained"  # type: ignore[union-attr]  # there is one


async def test_no_table_that_grows_is_read_whole(database: Database, statements: Statements) -> None:
    for room in [await furnished() for _ in range(2)]:
        await make_asset(name="Projektor", room=room, condition="faulty")
        await make_booking(NOW + HOUR, room=room, organizer=await make_person(), needs=["projector"])
    await tell_of_readiness(NOW)
    statements.clear()
    await tell_of_readiness(NOW)
    texts = {
        table: text
        for table in ("booking", "notice")
        for text in [one.text for one in statements if f'FROM "{table}"' in one.text]
    }
    plans = {table: await plan(text) for table, text in texts.items()}
    (subjects,) = [one.text for one in statements if "FROM notice" in one.text]
    lost = await plan(subjects)
    # PostgreSQL may take the index of the days alone: it goes by what other tests have left in its statistics
    assert re.search(r"\(kind=\? AND at>\?\)|Index Cond: .*\(?at >= ", lost), lost
    assert "Seq Scan on notice" not in lost, lost
    assert re.search(r"\(room_id(=\?| = )", plans["booking"]), plans  # its rooms are what the index is asked for
    assert "notice" in plans["notice"], plans
    for name, answer in plans.items():
        assert f"SCAN {name}" not in answer, answer
        assert f"Seq Scan on {name}" not in answer, answer


async def test_of_a_shy_room_it_is_not_told_what_broke(database: Database) -> None:
    for visibility, names in (("confidential", {"starts_at", "ends_at", "former_starts_at", "former_ends_at"}),
                              ("hidden", set())):  # fmt: skip
        room, person = await furnished(visibility=visibility), await make_person()
        await make_asset(name="Projektor", room=room, condition="faulty")
        await make_booking(NOW + HOUR, room=room, organizer=person, needs=["projector"])
        await tell_of_readiness(NOW)
        assert set((await Notice.get(person=person)).facts) == names


async def test_without_needs_nothing_is_asked_further(database: Database, statements: Statements) -> None:
    await make_booking(NOW + HOUR, organizer=await make_person())
    with statements.at_most(1):
        assert await tell_of_readiness(NOW) == 0
