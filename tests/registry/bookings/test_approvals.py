"""A booking that awaits an answer has its time, and is answered once: approved, rejected, or declined at its start."""

import asyncio
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from registry.bookings.actions import BookingChanges, book, cancel, change, check_in, end, extend, undo_release
from registry.bookings.approval_reminders import remind_approvers
from registry.bookings.approvals import approve, reject, undo_answer
from registry.bookings.awaiting import answerers_of, approves, awaiting_ids, in_full
from registry.bookings.models import Booking, Kind, Status
from registry.bookings.preview import any_free_room
from registry.bookings.projections import FullBooking, MeetingSpan, viewer_of
from registry.bookings.queries import visible_booking
from registry.bookings.readings import advance_due
from registry.bookings.rules import BookingRequest
from registry.core.errors import Conflict, Refusal
from registry.core.history import Actor, HistoryEntry
from registry.outbox.models import Notice
from registry.people.models import Person, Role
from registry.rooms.models import Room, Visibility
from tests.conftest import Database
from tests.make import HOUR, MINUTE, NOW, make_booking, make_people, make_person, make_room, refused, wish
from tests.statements import Statements, plan

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


def of(person: Person) -> Actor:
    return Actor(person.name, "web", person.id)


class Scene(NamedTuple):
    """Alice asks, Carol approves, the boss runs rooms."""

    room: Room
    alice: Person
    carol: Person
    boss: Person

    async def asked(self, **fields: Any) -> Booking:
        return await book(wish(self.room, **{"title": "Narada"} | fields), self.alice, of(self.alice), NOW)


async def scene(**columns: Any) -> Scene:
    alice, *_ = await make_people()
    carol, boss = await make_person("carol"), await make_person("boss", role=Role.COORDINATOR)
    room = await make_room(code="SALA", **columns)
    await room.approvers.add(carol)
    return Scene(room, alice, carol, boss)


async def status_of(booking: Booking) -> Status:
    return (await Booking.get(id=booking.id)).status


async def told() -> list[tuple[str, int]]:
    return [(notice.kind, notice.person_id) for notice in await Notice.all().order_by("id")]


async def acts(booking: Booking) -> list[str]:
    return [entry.action for entry in await HistoryEntry.filter(object=f"booking:{booking.id}").order_by("seq")]


async def test_a_stranger_to_the_room_asks_and_its_time_is_taken():
    room, alice, carol, boss = await scene()
    booking = await book(wish(room, start=5, title="Narada"), alice, of(alice), NOW)
    assert (booking.status, booking.checked_in_at) == (Status.TENTATIVE, None)
    assert await told() == [("approval.requested", carol.id)]
    notice = await Notice.get()
    assert (notice.facts["room"], notice.facts["title"], notice.facts["by"]) == ("SALA", "Narada", alice.name)
    assert (await refused(book(wish(room, start=30), boss, of(boss), NOW))).code == "booking.overlap"
    assert (await book(wish(room, start=120), carol, of(carol), NOW)).status is Status.CONFIRMED
    assert (await book(wish(room, start=240), boss, of(boss), NOW)).status is Status.CONFIRMED
    assert (await refused(book(wish(room, start=0, minutes=5), None, Actor("p", "panel"), NOW))).code == (
        "booking.approval_late"
    )


async def test_a_room_without_approvers_is_booked_by_not_one_more_statement(statements: Statements) -> None:
    """The number is that of before there were approvals, at the first look and at the next."""
    alice, *_ = await make_people()
    rooms = [await make_room(), await make_room()]
    counts = []
    for start in (60, 180):
        for room in rooms:
            before = len(statements)
            await book(wish(room, start=start), alice, of(alice), NOW)
            counts.append(len(statements) - before)
    assert counts == [9, 9, 4, 4]


async def test_the_approver_answers_once():
    the = await scene()
    _, alice, carol, boss = the
    booking = await the.asked()
    assert (await refused(approve(booking.id, alice, of(alice), NOW))).code == "booking.not_to_answer"
    assert (await refused(approve(booking.id, carol, of(carol), NOW, if_revision=9))).code == "request.stale"
    await approve(booking.id, carol, of(carol), NOW, if_revision=booking.revision)
    assert await status_of(booking) is Status.CONFIRMED
    again = await approve(booking.id, carol, of(carol), NOW)
    assert again.revision == booking.revision + 1
    late = await refused(reject(booking.id, "za późno", boss, of(boss), NOW))
    assert (late.code, late.params["name"], str(late.params["status"])) == ("booking.answered", "Carol", "confirmed")
    assert await told() == [("approval.requested", carol.id), ("approval.granted", alice.id)]
    assert await acts(booking) == ["booked", "approved"]
    other = await the.asked(start=300)
    await cancel(other.id, alice, of(alice), NOW)
    assert (await refused(approve(other.id, carol, of(carol), NOW))).code == "booking.state"


async def test_a_rejection_gives_the_time_back_and_says_why():
    the = await scene()
    booking = await the.asked()
    assert (await refused(reject(booking.id, " ", the.carol, of(the.carol), NOW))).code == "booking.no_reason"
    await reject(booking.id, "sala w remoncie", the.carol, of(the.carol), NOW)
    assert await status_of(booking) is Status.REJECTED
    notice = await Notice.get(kind="approval.refused")
    assert (notice.person_id, notice.facts["text"]) == (the.alice.id, "sala w remoncie")
    assert (await HistoryEntry.get(action="rejected")).reason == "sala w remoncie"
    await book(wish(the.room), the.boss, of(the.boss), NOW)
    late = await refused(undo_answer(booking.id, the.carol, of(the.carol), NOW + MINUTE))
    assert late.code == "booking.overlap"


async def test_an_answer_is_taken_back_for_ten_minutes():
    the = await scene()
    booking = await the.asked()
    assert (await refused(undo_answer(booking.id, the.carol, of(the.carol), NOW))).code == "booking.answer_stands"
    for answer in (
        lambda: approve(booking.id, the.carol, of(the.carol), NOW),
        lambda: reject(booking.id, "x", the.carol, of(the.carol), NOW),
    ):
        await answer()
        undo = undo_answer(booking.id, the.carol, of(the.carol), NOW + 11 * MINUTE)
        assert (await refused(undo)).code == "booking.answer_stands"
        await undo_answer(booking.id, the.boss, of(the.boss), NOW + 9 * MINUTE)
        assert await status_of(booking) is Status.TENTATIVE
    assert [kind for kind, person_id in await told() if person_id == the.alice.id] == [
        "approval.granted", "approval.reopened", "approval.refused", "approval.reopened",
    ]  # fmt: skip


async def test_an_answer_that_is_taken_back_twice_is_taken_back_once():
    the = await scene()
    booking = await the.asked()
    await approve(booking.id, the.carol, of(the.carol), NOW)
    undone = await undo_answer(booking.id, the.carol, of(the.carol), NOW)
    assert (await undo_answer(booking.id, the.carol, of(the.carol), NOW)).revision == undone.revision
    assert (await refused(undo_answer(booking.id, the.boss, of(the.boss), NOW))).code == "booking.answer_stands"
    assert await acts(booking) == ["booked", "approved", "answer_undone"]


async def test_nothing_comes_back_to_life_in_a_room_that_was_closed_meanwhile():
    the = await scene()
    rejected, cancelled, approved = [await the.asked(start=start) for start in (60, 180, 300)]
    ended = await make_booking(NOW - HOUR, NOW + 30 * MINUTE, room=the.room, organizer=the.alice)
    await reject(rejected.id, "x", the.carol, of(the.carol), NOW)
    await cancel(cancelled.id, the.alice, of(the.alice), NOW)
    await approve(approved.id, the.carol, of(the.carol), NOW)
    await end(ended.id, the.alice, of(the.alice), NOW)
    await Room.filter(id=the.room.id).update(closed_at=NOW, bookable=False)
    for undo in (
        undo_answer(rejected.id, the.carol, of(the.carol), NOW),
        undo_release(cancelled.id, the.alice, of(the.alice), NOW),
        undo_release(ended.id, the.alice, of(the.alice), NOW),
    ):
        assert (await refused(undo)).code == "room.closed"
    await undo_answer(approved.id, the.carol, of(the.carol), NOW)
    assert await status_of(approved) is Status.TENTATIVE, "it takes nothing that it did not have"


async def test_another_time_asks_anew_and_a_shorter_one_does_not():
    the = await scene()
    booking = await the.asked()
    await approve(booking.id, the.carol, of(the.carol), NOW)
    shorter = BookingChanges(ends_at=booking.ends_at - 30 * MINUTE)
    assert (await change(booking.id, shorter, the.alice, of(the.alice), NOW)).status is Status.CONFIRMED
    later = BookingChanges(starts_at=NOW + 5 * HOUR, ends_at=NOW + 6 * HOUR)
    assert (await change(booking.id, later, the.alice, of(the.alice), NOW)).status is Status.TENTATIVE
    assert [kind for kind, person_id in await told() if person_id == the.carol.id] == ["approval.requested"] * 2
    assert (await refused(undo_answer(booking.id, the.carol, of(the.carol), NOW))).code == "booking.answer_stands"
    await approve(booking.id, the.boss, of(the.boss), NOW)
    free = await make_room(code="WOLNA")
    moved = BookingChanges(room=free.code)
    assert (await change(booking.id, moved, the.alice, of(the.alice), NOW)).status is Status.CONFIRMED
    back = BookingChanges(room="SALA")
    assert (await change(booking.id, back, the.alice, of(the.alice), NOW)).status is Status.TENTATIVE
    assert (await change(booking.id, moved, the.alice, of(the.alice), NOW)).status is Status.CONFIRMED


async def test_what_runs_is_extended_without_being_asked():
    the = await scene()
    booking = await make_booking(NOW - 10 * MINUTE, NOW + HOUR, room=the.room, organizer=the.alice)
    longer = await extend(booking.id, the.alice, of(the.alice), NOW)
    assert (longer.status, longer.ends_at) == (Status.CHECKED_IN, NOW + 75 * MINUTE)


async def test_at_its_start_it_is_declined_by_itself_and_nobody_checks_in():
    the = await scene(check_in=True, no_show_minutes=10)
    booking = await the.asked(start=60)
    early = check_in(booking.id, the.alice, of(the.alice), booking.starts_at - 5 * MINUTE)
    assert (await refused(early)).code == "booking.state"
    await advance_due(booking.starts_at - MINUTE)
    assert await status_of(booking) is Status.TENTATIVE
    answer = approve(booking.id, the.carol, of(the.carol), booking.starts_at)
    assert (await refused(answer)).code == "booking.answer_late"
    await advance_due(booking.starts_at)
    assert await status_of(booking) is Status.REJECTED
    assert await told() == [("approval.requested", the.carol.id), ("approval.lapsed", the.alice.id)]
    assert await acts(booking) == ["booked", "lapsed"]
    boss = await book(wish(the.room, start=60), the.boss, of(the.boss), booking.starts_at)
    assert boss.status is Status.CHECKED_IN


async def test_what_began_while_izba_was_off_is_declined_however_late():
    the = await scene()
    booking = await the.asked()
    await advance_due(NOW + timedelta(days=3))
    assert await status_of(booking) is Status.REJECTED


async def test_a_cancellation_withdraws_the_request_and_its_undo_asks_again():
    the = await scene()
    booking = await the.asked()
    await cancel(booking.id, the.alice, of(the.alice), NOW)
    assert len(await awaiting_ids(the.carol, NOW)) == 0
    await undo_release(booking.id, the.alice, of(the.alice), NOW + MINUTE)
    assert len(await awaiting_ids(the.carol, NOW)) == 1
    at = booking.starts_at - MINUTE
    await cancel(booking.id, the.alice, of(the.alice), at)
    assert (await refused(undo_release(booking.id, the.alice, of(the.alice), at + MINUTE))).code == "booking.undo_late"


async def test_a_request_meets_a_booking_and_an_answer_another_never_twice():
    the = await scene()
    wishes = [
        book(wish(the.room), person, of(person), NOW) for person in (the.alice, the.carol, the.boss) for _ in range(5)
    ]
    answers = await asyncio.gather(*wishes, return_exceptions=True)
    assert sum(isinstance(answer, Booking) for answer in answers) == 1
    booking = await the.asked(start=300)
    both = await asyncio.gather(
        approve(booking.id, the.carol, of(the.carol), NOW), reject(booking.id, "x", the.boss, of(the.boss), NOW),
        return_exceptions=True,
    )  # fmt: skip
    assert sorted(isinstance(one, Refusal) for one in both) == [False, True]
    assert await HistoryEntry.filter(action__in=["approved", "rejected"]).count() == 1


async def test_an_undone_rejection_and_a_booking_never_share_a_time():
    the = await scene()
    booking = await the.asked()
    await reject(booking.id, "x", the.carol, of(the.carol), NOW)
    answers = await asyncio.gather(
        undo_answer(booking.id, the.carol, of(the.carol), NOW), book(wish(the.room), the.boss, of(the.boss), NOW),
        return_exceptions=True,
    )  # fmt: skip
    assert [answer.code for answer in answers if isinstance(answer, Conflict)] in (
        ["booking.overlap"], ["booking.answer_stands"],
    )  # fmt: skip
    assert await Booking.filter(room=the.room).exclude(status=Status.REJECTED).count() == 1


async def test_who_approves_reads_what_awaits_and_what_they_answered():
    the = await scene()
    booking = await the.asked()
    before = await make_booking(NOW + 9 * HOUR, room=the.room, organizer=the.alice, title="Stara")
    assert [one.title for one, _ in await in_full(await awaiting_ids(the.carol, NOW))] == ["Narada"]
    assert (await approves(the.carol), await approves(the.boss), await approves(the.alice)) == (True, True, False)
    assert len(await awaiting_ids(the.boss, NOW)) == 1
    assert len(await awaiting_ids(the.alice, NOW)) == 0
    carol, charlie = viewer_of(the.carol), viewer_of(await Person.get(login="charlie"))
    assert isinstance((await visible_booking(booking.id, carol))[0], FullBooking)
    assert isinstance((await visible_booking(booking.id, charlie))[0], MeetingSpan)
    await reject(booking.id, "x", the.carol, of(the.carol), NOW)
    assert isinstance((await visible_booking(booking.id, carol))[0], FullBooking)
    assert isinstance((await visible_booking(before.id, carol))[0], MeetingSpan)


async def test_what_awaits_is_found_among_the_tentative_alone(statements: Statements) -> None:
    """Also where a statement is prepared once for any values: its status is written out."""
    the = await scene()
    for person in (the.carol, the.boss):
        before = len(statements)
        await awaiting_ids(person, NOW)
        assert "booking_tentative" in await plan(statements[before].text)


@pytest.mark.parametrize("visibility", [Visibility.CONFIDENTIAL, Visibility.HIDDEN])
async def test_in_the_help_point_only_who_works_there_is_asked_and_told_nothing(visibility: Visibility) -> None:
    the = await scene(visibility=visibility)
    officer, other = await make_person("officer", role=Role.DUTY), await make_person("other", role=Role.DUTY)
    await the.room.approvers.add(officer)
    booking = await book(wish(the.room, kind="consultation"), other, of(other), NOW)
    assert booking.status is Status.TENTATIVE
    assert await told() == [("approval.requested", officer.id)]
    assert set((await Notice.get()).facts) <= {"starts_at", "ends_at", "former_starts_at", "former_ends_at"}
    assert (len(await awaiting_ids(the.carol, NOW)), len(await awaiting_ids(officer, NOW))) == (0, 1)
    words = reject(booking.id, "bo tak", officer, of(officer), NOW)
    assert (await refused(words)).code == "booking.bad_reason"
    await reject(booking.id, "needed", officer, of(officer), NOW)
    assert "text" not in (await Notice.get(kind="approval.refused")).facts


async def test_a_visit_is_asked_of_those_who_see_it_in_a_room_that_was_opened_since() -> None:
    the = await scene(visibility=Visibility.CONFIDENTIAL)
    officer = await make_person("officer", role=Role.DUTY)
    booking = await book(wish(the.room, kind="consultation", start=23 * 60), officer, of(officer), NOW)
    await Room.filter(id=the.room.id).update(visibility="internal")
    room = await Room.get(id=the.room.id)
    pairs = [(room, Kind.MEETING), (room, booking.kind)]
    assert await answerers_of(pairs) == [[the.carol.id], [the.boss.id]]
    for answer in (approve, undo_answer):
        assert (await refused(answer(booking.id, the.carol, of(the.carol), NOW))).code == "booking.not_to_answer"
    assert not isinstance((await visible_booking(booking.id, viewer_of(the.carol)))[0], FullBooking)
    await remind_approvers(booking.starts_at - HOUR)
    assert await Notice.filter(kind="approval.due").values_list("person_id", flat=True) == [the.boss.id]
    assert (await approve(booking.id, the.boss, of(the.boss), NOW)).status is Status.CONFIRMED


async def test_who_was_asked_is_reminded_once_a_day_and_once_two_hours_before():
    the = await scene()
    booking = await the.asked(start=30 * 60)
    for hours, count in ((25, 0), (23.5, 1), (20, 1), (2, 2), (1, 2)):
        at = booking.starts_at - timedelta(hours=hours)
        await remind_approvers(at)
        assert await Notice.filter(kind="approval.due", person_id=the.carol.id).count() == count, hours
    await approve(booking.id, the.carol, of(the.carol), NOW)
    assert await remind_approvers(NOW) == 0
    soon = await the.asked(start=100)
    assert await remind_approvers(soon.starts_at - HOUR) == 0, "it was asked for shortly before"


async def test_what_was_asked_anew_a_moment_ago_needs_no_reminder():
    the = await scene()
    moved, undone = await the.asked(start=72 * 60), await the.asked(start=26 * 60)
    now = NOW + 2.5 * HOUR  # within a day of the one, and of where the other goes
    await approve(undone.id, the.carol, of(the.carol), now)
    changes = BookingChanges(starts_at=now + 20 * HOUR, ends_at=now + 21 * HOUR)
    await change(moved.id, changes, the.alice, of(the.alice), now)
    await undo_answer(undone.id, the.carol, of(the.carol), now)
    assert await remind_approvers(now) == 0
    assert await remind_approvers(now + 18 * HOUR + MINUTE) == 1, "of the nearer, two hours before"


async def test_any_free_room_is_first_one_that_needs_nobody_s_yes():
    the = await scene(capacity=4)
    await make_room(code="DUZA", capacity=20)
    for person, code in ((the.alice, "DUZA"), (the.carol, "SALA")):
        room = await any_free_room(BookingRequest("", NOW + HOUR, NOW + 2 * HOUR), person, NOW)
        assert room
        assert room.code == code


async def test_without_its_approvers_those_who_run_rooms_are_asked(database: Database) -> None:
    the = await scene()
    booking = await the.asked()
    await Person.filter(id=the.carol.id).update(is_active=False)
    assert await answerers_of([(the.room, Kind.MEETING)]) == [[the.boss.id]]
    await the.asked(start=300)
    assert (await told())[-1] == ("approval.requested", the.boss.id)
    await the.room.approvers.clear()
    assert await status_of(booking) is Status.TENTATIVE
    await approve(booking.id, the.boss, of(the.boss), NOW)
