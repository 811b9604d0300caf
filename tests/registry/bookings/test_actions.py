"""Booking a room and what follows, on both databases."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from registry.bookings import actions, rules
from registry.bookings.actions import BookingChanges, book, cancel, change, check_in, end, extend, undo_release
from registry.bookings.models import Booking, Kind, Status
from registry.bookings.rules import BookingRequest
from registry.core import events, seals
from registry.core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from registry.core.history import Actor, HistoryEntry
from registry.core.idempotency import RequestAnswer, RequestKey, act_once, digest_of
from registry.outbox.models import Notice
from registry.people.models import Role
from registry.rooms.models import HoursPolicy, Room, Visibility
from tests.make import HOUR, NOW, make_booking, make_opening, make_people, make_person, make_room, refused, wish

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
MINUTE = timedelta(minutes=1)
ACTOR = Actor("alice", "test")


async def test_a_booking_holds_its_time_and_is_told():
    alice, *_ = await make_people()
    room = await make_room(setup_minutes=5, cleanup_minutes=10)
    booking = await book(wish(room, title="Narada"), alice, ACTOR, NOW)
    row = await Booking.get(id=booking.id)
    assert (row.status, row.organizer_id, row.institution_id) == (Status.CONFIRMED, alice.id, alice.institution_id)
    assert (row.blocked_from, row.blocked_to) == (row.starts_at - 5 * MINUTE, row.ends_at + 10 * MINUTE)
    entry = await HistoryEntry.get(object=f"booking:{booking.id}")
    assert (entry.action, entry.after["title"]) == ("booked", "Narada")
    fresh = await Room.get(id=room.id)
    assert fresh.revision == 1
    assert fresh.next_change_at == row.starts_at - 15 * MINUTE


async def test_a_booking_of_another_day_writes_its_room_with_the_lock(statements):
    alice, *_ = await make_people()
    room = await make_room()
    await book(wish(room, start=50 * 60), alice, ACTOR, NOW)
    before = len(statements)
    await book(wish(room, start=60 * 60), alice, ACTOR, NOW)
    assert len([one for one in statements[before:] if one.text.startswith("UPDATE") and "room" in one.text]) == 1
    assert (await Room.get(id=room.id)).revision == 2


async def test_a_refused_booking_leaves_the_revision():
    alice, *_ = await make_people()
    room = await make_room()
    await book(wish(room), alice, ACTOR, NOW)
    await refused(book(wish(room), alice, ACTOR, NOW))
    assert (await Room.get(id=room.id)).revision == 1


async def test_a_booking_of_another_day_wakes_no_door():
    alice, *_ = await make_people()
    room = await make_room()
    log = []
    leave = events.on(log.append)
    for start in (60, 24 * 60, 48 * 60):
        await book(wish(room, start=start), alice, ACTOR, NOW)
    leave()
    assert [(event.revision, event.is_near) for event in log] == [(1, True), (2, True), (3, False)]


async def test_a_taken_room_helps():
    alice, _, charlie = await make_people()
    room = await make_room(code="A")
    other = await make_room(code="B", building_id=room.building_id, capacity=20)
    await book(wish(room, title="Tajne"), alice, ACTOR, NOW)
    refusal = await refused(book(wish(room, start=30), charlie, ACTOR, NOW))
    assert refusal.code == "booking.overlap"
    (conflict,) = refusal.params["conflicts"]
    assert datetime.fromisoformat(conflict["starts_at"]) == NOW + HOUR
    assert "Tajne" not in str(refusal.params)
    offers = {(offer["room"], offer["reason"]) for offer in refusal.params["alternatives"]}
    assert offers == {("A", "later"), ("A", "shorter"), ("B", "other_room")}
    for offer in refusal.params["alternatives"]:
        starts_at, ends_at = (datetime.fromisoformat(offer[key]) for key in ("starts_at", "ends_at"))
        booking = await book(BookingRequest(offer["room"], starts_at, ends_at), charlie, ACTOR, NOW)
        await cancel(booking.id, charlie, ACTOR, NOW)
    assert await Booking.filter(room_id=other.id).count() == 1


async def test_touching_bookings_do_not_overlap_but_clean_up_does():
    alice, *_ = await make_people()
    room = await make_room()
    await book(wish(room), alice, ACTOR, NOW)
    await book(wish(room, start=120), alice, ACTOR, NOW)
    await book(wish(room, start=0), alice, ACTOR, NOW)
    tidy = await make_room(cleanup_minutes=10)
    await book(wish(tidy), alice, ACTOR, NOW)
    assert (await refused(book(wish(tidy, start=125), alice, ACTOR, NOW))).code == "booking.overlap"
    await book(wish(tidy, start=130), alice, ACTOR, NOW)


async def test_thirty_two_at_once_get_one_booking():
    alice, *_ = await make_people()
    room = await make_room()
    for slot in range(5):
        answers = await asyncio.gather(
            *(book(wish(room, start=60 + 60 * slot), alice, ACTOR, NOW) for _ in range(32)), return_exceptions=True
        )
        assert sum(isinstance(answer, Booking) for answer in answers) == 1
        assert {answer.code for answer in answers if isinstance(answer, Refusal)} == {"booking.overlap"}
    assert await Booking.all().count() == 5


async def test_a_repeated_key_books_once():
    alice, bob, _ = await make_people()
    room = await make_room()

    async def answering(booking):
        return RequestAnswer(201, str(booking.id))

    async def tap(person, start=60):
        key = RequestKey(f"person:{person.id}", "tap-1", digest_of(start), NOW)
        request = wish(room, start=start)
        return await act_once(key, lambda key: book(request, person, ACTOR, NOW, key), answering)

    answers = await asyncio.gather(*(tap(alice) for _ in range(5)))
    assert answers == [RequestAnswer(201, str((await Booking.get()).id))] * 5
    assert (await refused(tap(alice, start=180))).code == "request.key_reused"
    await tap(bob, start=180)


async def test_an_unknown_room_and_another_organizer():
    alice, bob, _ = await make_people()
    room = await make_room()
    gone = replace(wish(room), room="none")
    assert isinstance(await refused(book(gone, alice, ACTOR, NOW)), NotFound)
    for login in ("charlie", "eve"):
        assert (await refused(book(wish(room, organizer=login), alice, ACTOR, NOW))).code == "booking.for_another"
    await make_person("former", institution_id=alice.institution_id, is_active=False)
    gone = wish(room, organizer="former")
    assert (await refused(book(gone, alice, ACTOR, NOW))).code == "booking.organizer_gone"
    theirs = await book(wish(room, start=180, organizer="bob"), alice, Actor("alice", "web", alice.id), NOW)
    assert (theirs.organizer_id, theirs.institution_id) == (bob.id, bob.institution_id)
    entry = await HistoryEntry.get(object=f"booking:{theirs.id}")
    assert (entry.actor, entry.after["organizer"]) == ("alice", "bob")
    assert [notice.kind for notice in await Notice.filter(person=bob)] == ["booking.booked"]
    boss = await make_person("boss", role=Role.COORDINATOR)
    booking = await book(wish(room, organizer="bob"), boss, ACTOR, NOW)
    assert (booking.organizer_id, booking.institution_id) == (bob.id, bob.institution_id)
    assert (await refused(book(wish(room, organizer="eve"), boss, ACTOR, NOW))).code == "person.unknown"


async def test_a_refused_booking_leaves_nothing():
    alice, *_ = await make_people()
    room = await make_room()
    assert isinstance(await refused(book(wish(room, title="x" * 201), alice, ACTOR, NOW)), Invalid)
    assert (await Room.get(id=room.id)).revision == 0
    assert await Booking.all().count() == 0
    assert await HistoryEntry.all().count() == 0


async def test_strict_hours_close_a_room():
    alice, *_ = await make_people()
    room = await make_room(opening=await make_opening(), hours_policy=HoursPolicy.STRICT)
    assert (await refused(book(wish(room, start=9 * 60), alice, ACTOR, NOW))).code == "booking.closed"
    lax = await make_room(opening=await make_opening())
    await book(wish(lax, start=9 * 60), alice, ACTOR, NOW)


async def test_who_may_check_in_extend_end_and_cancel():
    alice, bob, charlie = await make_people()
    room = await make_room(check_in=True)
    booking = await book(wish(room), alice, ACTOR, NOW)
    start = booking.starts_at
    assert (await refused(check_in(booking.id, alice, ACTOR, NOW))).code == "booking.check_in_early"
    assert isinstance(await refused(check_in(booking.id, charlie, ACTOR, start)), Forbidden)
    await check_in(booking.id, bob, ACTOR, start)
    assert isinstance(await refused(extend(booking.id, bob, ACTOR, start)), Forbidden)
    longer = await extend(booking.id, alice, ACTOR, start + MINUTE, minutes=30)
    assert longer.ends_at == start + 90 * MINUTE
    assert isinstance(await refused(end(booking.id, charlie, ACTOR, start + HOUR)), Forbidden)
    over = await end(booking.id, alice, ACTOR, start + HOUR)
    assert (over.status, over.ends_at, over.planned_ends_at) == (Status.ENDED, start + HOUR, start + 90 * MINUTE)
    assert isinstance(await refused(cancel(booking.id, alice, ACTOR, start + HOUR)), Conflict)
    walked, broken = await seals.verify()
    assert (walked, broken) == (4, None)


async def test_extending_into_the_next_booking_is_refused():
    alice, *_ = await make_people()
    room = await make_room()
    booking = await book(wish(room, start=0), alice, ACTOR, NOW)
    await book(wish(room, start=60), alice, ACTOR, NOW)
    assert (await refused(extend(booking.id, alice, ACTOR, NOW + MINUTE))).code == "booking.overlap"
    assert (await Booking.get(id=booking.id)).ends_at == NOW + HOUR


async def test_extending_twice_with_one_key_extends_once():
    room = await make_room()
    booking = await make_booking(NOW, room=room)

    async def answering(booking):
        return RequestAnswer(body=booking.ends_at.isoformat())

    async def tap():
        key = RequestKey("panel:door", "e-1", "", NOW)
        return await act_once(
            key, lambda key: extend(booking.id, None, ACTOR, NOW + MINUTE, request_key=key), answering
        )

    assert await asyncio.gather(tap(), tap()) == [await tap()] * 2
    assert (await Booking.get(id=booking.id)).ends_at == NOW + 75 * MINUTE


async def test_cancelling_frees_the_time():
    alice, bob, _ = await make_people()
    room = await make_room()
    booking = await book(wish(room), alice, ACTOR, NOW)
    assert isinstance(await refused(cancel(booking.id, bob, ACTOR, NOW)), Forbidden)
    await cancel(booking.id, alice, ACTOR, NOW, reason="choroba")
    await book(wish(room), bob, ACTOR, NOW)
    assert (await HistoryEntry.filter(object=f"booking:{booking.id}", action="cancelled").get()).reason == "choroba"


async def test_changing_words_span_and_room():
    alice, bob, _ = await make_people()
    room, other = await make_room(), await make_room()
    booking = await book(wish(room, title="Narada"), alice, ACTOR, NOW)
    assert isinstance(await refused(change(booking.id, BookingChanges(title="Moje"), bob, ACTOR, NOW)), Forbidden)
    assert (
        await refused(change(booking.id, BookingChanges(title="x"), alice, ACTOR, NOW, if_revision=9))
    ).code == "request.stale"
    renamed = await change(booking.id, BookingChanges(title="Odprawa", attendees=4), alice, ACTOR, NOW, if_revision=1)
    assert (renamed.title, renamed.attendees, renamed.revision) == ("Odprawa", 4, 2)
    later = BookingChanges(starts_at=booking.starts_at + HOUR, ends_at=booking.ends_at + HOUR, room=other.code)
    later_booking = await change(booking.id, later, alice, ACTOR, NOW)
    assert (later_booking.room_id, later_booking.starts_at) == (other.id, booking.starts_at + HOUR)
    await book(wish(room), bob, ACTOR, NOW)
    back = BookingChanges(room=room.code, starts_at=booking.starts_at, ends_at=booking.ends_at)
    refusal = await refused(change(booking.id, back, alice, ACTOR, NOW))
    assert refusal.code == "booking.overlap"
    assert refusal.params["alternatives"]


async def test_a_running_booking_can_still_be_renamed():
    alice, *_ = await make_people()
    booking = await make_booking(NOW - HOUR, NOW + HOUR, organizer=alice)
    assert (await change(booking.id, BookingChanges(title="Nowa"), alice, ACTOR, NOW)).title == "Nowa"
    early = BookingChanges(starts_at=NOW - 2 * HOUR)
    assert (await refused(change(booking.id, early, alice, ACTOR, NOW))).code == "booking.too_early"


async def test_a_release_is_undone_once_and_then_left_alone():
    alice, bob, charlie = await make_people()
    room = await make_room(check_in=True, no_show_minutes=10)
    booking = await make_booking(
        NOW - 10 * MINUTE, NOW, room=room, organizer=alice, institution_id=alice.institution_id,
        status=Status.RELEASED, released_at=NOW, release_reason="no_show",
    )  # fmt: skip
    await Booking.filter(id=booking.id).update(planned_ends_at=NOW + HOUR)
    assert isinstance(await refused(undo_release(booking.id, charlie, ACTOR, NOW + MINUTE)), Forbidden)
    assert (await refused(undo_release(booking.id, bob, ACTOR, NOW + 11 * MINUTE))).code == "booking.undo_late"
    back = await undo_release(booking.id, bob, ACTOR, NOW + 9 * MINUTE)
    assert (back.status, back.ends_at, back.protected) == (Status.CHECKED_IN, NOW + HOUR, True)


async def test_a_release_that_somebody_used_cannot_be_undone():
    alice, _, charlie = await make_people()
    room = await make_room()
    booking = await make_booking(
        NOW - 10 * MINUTE, NOW, room=room, organizer=alice, institution_id=alice.institution_id,
        status=Status.RELEASED, released_at=NOW, release_reason="no_show",
    )  # fmt: skip
    await Booking.filter(id=booking.id).update(planned_ends_at=NOW + HOUR)
    await book(wish(room, start=5), charlie, ACTOR, NOW + MINUTE)
    assert (await refused(undo_release(booking.id, alice, ACTOR, NOW + 2 * MINUTE))).code == "booking.overlap"


async def test_a_help_point_room_tells_a_stranger_nothing():
    alice, _, charlie = await make_people()
    room = await make_room(visibility=Visibility.CONFIDENTIAL)
    await book(wish(room, kind=Kind.INTERVIEW, attendees=3), alice, ACTOR, NOW)
    refusal = await refused(book(wish(room), charlie, ACTOR, NOW))
    assert [set(conflict) for conflict in refusal.params["conflicts"]] == [{"room", "starts_at", "ends_at"}]


async def test_a_hidden_room_tells_not_even_times():
    room = await make_room(visibility=Visibility.HIDDEN)
    officer, member = await make_person(role=Role.DUTY), await make_person()
    await book(wish(room, kind=Kind.INTERVIEW), officer, ACTOR, NOW)
    refusal = await refused(book(wish(room, kind=Kind.INTERVIEW), member, ACTOR, NOW))
    assert (refusal.code, refusal.params) == ("room.not_yours", {"room": room.code})


async def test_booking_for_now_is_checked_in_and_settles_the_room():
    alice, *_ = await make_people()
    room = await make_room(check_in=True, no_show_minutes=10)
    booking = await book(wish(room, start=0, minutes=15), alice, ACTOR, NOW)
    assert (booking.status, booking.checked_in_by) == (Status.CHECKED_IN, "lead")
    assert (await Room.get(id=room.id)).next_change_at == NOW + 7 * MINUTE


@pytest.mark.parametrize("code", ["", "x" * 10_000, "ZW\x0001", "none"])
async def test_what_could_be_no_room_is_no_room(code):
    alice, *_ = await make_people()
    room = await make_room()
    assert (await refused(book(replace(wish(room), room=code), alice, ACTOR, NOW))).code == "room.unknown"


async def test_a_rule_on_the_span_holds_for_every_way_to_come_by_one(monkeypatch):
    alice = await make_person("alice")
    room, released = await make_room(), await make_room()
    running = await make_booking(NOW - HOUR, NOW + HOUR, room=room, organizer=alice)
    empty = await make_booking(
        NOW - HOUR, NOW, room=released, organizer=alice, status=Status.RELEASED, released_at=NOW,
        planned_ends_at=NOW + HOUR,
    )  # fmt: skip

    def new_rule(request, room, now, has_started=False):
        yield Conflict("booking.too_far", room=room.code, days=1)

    for module in (rules, actions):
        monkeypatch.setattr(module, "span_reasons", new_rule)
    for act in (
        book(wish(room, start=120), alice, ACTOR, NOW),
        change(running.id, BookingChanges(ends_at=NOW + 2 * HOUR), alice, ACTOR, NOW),
        extend(running.id, alice, ACTOR, NOW),
        undo_release(empty.id, alice, ACTOR, NOW),
    ):
        assert (await refused(act)).code == "booking.too_far"
