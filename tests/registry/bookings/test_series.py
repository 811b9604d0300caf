"""A series is booked, changed and cancelled whole, date by date, and never touches what is past."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from registry.bookings.actions import BookingChanges, book, change
from registry.bookings.actions import cancel as cancel_booking
from registry.bookings.approvals import reject
from registry.bookings.handover import hand_bookings_over
from registry.bookings.models import Booking, Kind, OnTaken, Series, Status
from registry.bookings.projections import viewer_of
from registry.bookings.rules import CANCELLATION_REASONS, BookingRequest
from registry.bookings.series_actions import book_series, cancel_series, change_series
from registry.bookings.series_plans import preview_change
from registry.bookings.series_queries import my_series, preview_series, series_by_id
from registry.bookings.series_rules import Scope, SeriesChanges, SeriesRequest
from registry.core.errors import Conflict
from registry.core.history import SYSTEM, Actor, HistoryEntry
from registry.core.idempotency import RequestAnswer, RequestKey, act_once
from registry.outbox.models import Notice
from registry.people.models import Person, Role
from registry.rooms.lock import changing
from registry.rooms.models import CalendarDay, HoursPolicy, Room, Site, Visibility
from tests.conftest import Database
from tests.make import HOUR, NOW, make_booking, make_opening, make_people, make_person, make_room, refused
from tests.statements import Statements


def wall(*parts: int) -> datetime:
    """What the clock on the wall shows."""
    return datetime(*parts)  # type: ignore[misc,arg-type]  # noqa: DTZ001  # naive by what it is, and short in a test


START = wall(2026, 12, 1, 9)  # a Tuesday, five days after NOW


def weekly(room: Room, **more: Any) -> SeriesRequest:
    default = {"rule": "FREQ=WEEKLY;COUNT=4", "minutes": 60, "title": "Narada"}
    return SeriesRequest(room=room.code, start=more.pop("start", START), **default | more)


def week(number: int, hours: float = 0) -> datetime:
    """The instant of the series' date of that week, 8:00 UTC in winter."""
    return datetime(2026, 12, 1, 8, tzinfo=UTC) + timedelta(weeks=number, hours=hours)


async def make(room: Room, by: Person, **more: Any) -> Series:
    return await book_series(weekly(room, **more), by, actor(by), NOW)


def actor(person: Person) -> Actor:
    return Actor(person.name, "page", person.id)


async def times(series: Series, *statuses: Status) -> list[datetime]:
    rows = Booking.filter(series_id=series.id, status__in=[str(one) for one in statuses or (Status.CONFIRMED,)])
    return [row.starts_at for row in await rows.order_by("starts_at")]


async def test_every_date_is_a_booking(database: Database) -> None:
    room, person = await make_room(), await make_person()
    series = await make(room, person)
    assert await times(series) == [week(number) for number in range(4)]
    one = await Booking.filter(series_id=series.id).first()
    assert one
    assert (one.organizer_id, one.title, one.occurrence[10:]) == (person.id, "Narada", "T09:00")
    entry = await HistoryEntry.get(object=f"series:{series.id}")
    assert (entry.action, entry.after["dates"]) == ("booked", 4)
    assert await HistoryEntry.filter(object__startswith="booking:").count() == 4
    assert await Notice.all().count() == 0


async def test_one_date_that_is_taken_refuses_all_and_each_is_named(database: Database) -> None:
    people = await make_people()
    room, other = await make_room(), await make_room()
    for number in (1, 2):
        await make_booking(week(number), room=room, title="Szkolenie", organizer=people.charlie)
    refusal = await refused(make(room, people.alice))
    assert (refusal.code, refusal.params["count"]) == ("series.in_the_way", 2)
    dates = refusal.params["dates"]
    assert [one["state"] for one in dates] == ["free", "overlap", "overlap", "free"]
    assert dates[1]["code"] == "booking.overlap"
    assert dates[1]["conflicts"][0]["kind"] == "meeting"
    assert "title" not in dates[1]["conflicts"][0]
    assert dates[1]["alternatives"][0]["room"] == other.code
    assert await Series.all().count() == 0
    assert await Booking.all().count() == 2


async def test_what_is_taken_is_skipped_and_named(database: Database) -> None:
    room, person = await make_room(), await make_person()
    await make_booking(week(1), room=room)
    series = await make(room, person, on_conflict=OnTaken.SKIP)
    assert await times(series) == [week(0), week(2), week(3)]
    assert series.skipped == {"2026-12-08T09:00": "booking.overlap"}


async def test_of_what_is_taken_throughout_nothing_is_left(database: Database) -> None:
    room = await make_room()
    await make_booking(week(-1), week(9), room=room)
    refusal = await refused(make(room, await make_person(), on_conflict=OnTaken.SKIP))
    assert (refusal.code, len(refusal.params["dates"])) == ("series.nothing_left", 4)


async def test_each_date_says_why_it_cannot_be_had(database: Database) -> None:
    opening = await make_opening()
    room = await make_room(opening=opening, hours_policy=HoursPolicy.STRICT, max_days_ahead=20)
    site = await Site.get(buildings__id=room.building_id)
    await CalendarDay.create(site=site, day=date(2026, 12, 2), name="Wolne")
    await make_booking(week(0) + 2 * timedelta(days=1), room=room)
    request = weekly(room, rule="FREQ=DAILY;COUNT=5", start=wall(2026, 12, 1, 9))
    preview = await preview_series(request, await make_person(), NOW)
    assert [line.state for line in preview.lines] == ["free", "holiday", "overlap", "free", "closed"]
    far = await preview_series(replace(request, start=wall(2026, 12, 15, 9)), await make_person(), NOW)
    assert [line.state for line in far.lines] == ["free", "free", "horizon", "horizon", "horizon"]
    past = await preview_series(replace(request, start=wall(2026, 11, 25, 9)), await make_person(), NOW)
    assert past.lines[0].state == "past"


async def test_days_off_are_left_out_where_that_is_wanted(database: Database) -> None:
    opening = await make_opening()
    room = await make_room(opening=opening, hours_policy=HoursPolicy.ADVISORY)
    site = await Site.get(buildings__id=room.building_id)
    await CalendarDay.create(site=site, day=week(1).date(), name="Wolne")
    series = await make(room, await make_person(), skips_holidays=True)
    assert await times(series) == [week(0), week(2), week(3)]
    assert series.skipped == {"2026-12-08T09:00": "series.holiday"}


async def test_a_holiday_is_left_out_also_where_the_room_never_closes(database: Database) -> None:
    room, person, eve = await make_room(), await make_person(), wall(2026, 12, 24, 9)
    request = weekly(room, start=eve, rule="FREQ=DAILY;COUNT=4")
    preview = await preview_series(request, person, NOW)
    assert [(line.state, line.is_day_off) for line in preview.lines][:2] == [("free", True), ("free", True)]
    left_out = await preview_series(replace(request, skips_holidays=True), person, NOW)
    assert [line.state for line in left_out.lines] == ["holiday", "holiday", "holiday", "free"]


async def test_dates_in_each_others_way_are_refused_before_anything(database: Database) -> None:
    room = await make_room(max_hours=24)
    refusal = await refused(make(room, await make_person(), rule="FREQ=DAILY;COUNT=3", minutes=24 * 60 + 1))
    assert refusal.code == "series.overlaps_itself"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"kind": Kind.BLOCK}, "booking.bad_kind"),
        ({"kind": Kind.CONSULTATION}, "booking.bad_kind"),
        ({"minutes": 0}, "booking.ends_before_start"),
        ({"minutes": 10**9}, "series.too_long"),
        ({"start": wall(9999, 12, 31, 9)}, "series.too_long"),
        ({"exdates": ("2026-13-01",)}, "series.bad_date"),
        ({"rdates": ("tomorrow",)}, "series.bad_date"),
        ({"rdates": ("2026-12-03",) * 401}, "series.too_many"),
        ({"title": "x" * 201}, "booking.title_too_long"),
        ({"organizer": "charlie"}, "booking.for_another"),
        ({"attendees": 900}, "booking.over_capacity"),
    ],
)
async def test_what_speaks_against_all_dates(database: Database, more: dict[str, Any], code: str) -> None:
    people = await make_people()
    assert (await refused(make(await make_room(), people.alice, **more))).code == code


async def test_dates_await_approval_and_who_answers_is_asked_once(database: Database) -> None:
    room, keeper, person = await make_room(), await make_person(), await make_person()
    await room.approvers.add(keeper)
    series = await make(room, person)
    assert len(await times(series, Status.TENTATIVE)) == 4
    notice = await Notice.get()
    assert (notice.person_id, notice.kind, notice.facts["dates"]) == (keeper.id, "approval.requested", 4)


async def test_for_somebody_else_one_notice(database: Database) -> None:
    coordinator, person = await make_person(role=Role.COORDINATOR), await make_person()
    series = await make(await make_room(), coordinator, organizer=person.login)
    notice = await Notice.get()
    assert (notice.person_id, notice.kind, notice.thing) == (person.id, "series.booked", f"series:{series.id}")
    await cancel_series(series.id, Scope.ALL, "", coordinator, actor(coordinator), NOW)
    assert await Notice.all().count() == 2


async def test_one_date_is_cancelled(database: Database) -> None:
    room, person = await make_room(), await make_person()
    series = await make(room, person)
    series = await cancel_series(series.id, Scope.THIS, "2026-12-08", person, actor(person), NOW)
    assert await times(series) == [week(0), week(2), week(3)]
    assert series.exdates == ["2026-12-08T09:00"]
    refusal = await refused(cancel_series(series.id, Scope.THIS, "2026-12-08", person, actor(person), NOW))
    assert refusal.code == "series.no_occurrence"


async def test_a_date_and_those_behind_it_are_cancelled(database: Database) -> None:
    room, person = await make_room(), await make_person()
    series = await make(room, person, rdates=("2026-12-03", "2026-12-30T11:00"))
    series = await cancel_series(series.id, Scope.FOLLOWING, "2026-12-15T09:00", person, actor(person), NOW)
    assert await times(series) == [week(0), week(0) + timedelta(days=2), week(1)]
    assert (series.rule, series.rdates) == ("FREQ=WEEKLY;UNTIL=20261215T085900", ["2026-12-03"])
    assert series.cancelled_at is None


async def test_what_is_past_stays_when_all_is_cancelled(database: Database) -> None:
    room, person = await make_room(), await make_person()
    series = await make(room, person)
    now = week(1, 0.5)  # the second runs
    series = await cancel_series(series.id, Scope.ALL, "", person, actor(person), now)
    assert await times(series, Status.CONFIRMED, Status.ENDED) == [week(0), week(1)]
    assert await times(series, Status.CANCELLED) == [week(2), week(3)]
    refusal = await refused(cancel_series(series.id, Scope.ALL, "", person, actor(person), now))
    assert refusal.code == "series.over"


async def test_all_of_a_series_is_cancelled(database: Database) -> None:
    room, person = await make_room(), await make_person()
    series = await make(room, person)
    series = await cancel_series(series.id, Scope.ALL, "", person, actor(person), NOW, reason="urlop")
    assert series.cancelled_at == NOW
    entry = await HistoryEntry.filter(object__startswith="booking:", action="cancelled").first()
    assert entry
    assert (entry.reason, entry.seq, entry.after["status"]) == ("urlop", 2, "cancelled")


async def test_only_its_organizer_and_who_runs_rooms(database: Database) -> None:
    people, room = await make_people(), await make_room()
    series = await make(room, people.alice)
    for person, code in ((people.bob, "booking.not_yours"), (people.charlie, "series.unknown")):
        for work in (
            cancel_series(series.id, Scope.ALL, "", person, actor(person), NOW),
            change_series(series.id, Scope.ALL, "", SeriesChanges(title="x"), person, actor(person), NOW),
            preview_change(series.id, Scope.ALL, "", SeriesChanges(title="x"), person, NOW),
        ):
            assert (await refused(work)).code == code


async def test_a_stale_series_is_left_alone(database: Database) -> None:
    room, person = await make_room(), await make_person()
    series = await make(room, person)
    for work in (
        cancel_series(series.id, Scope.ALL, "", person, actor(person), NOW, if_revision=7),
        change_series(series.id, Scope.ALL, "", SeriesChanges(title="x"), person, actor(person), NOW, 7),
        change_series(series.id, Scope.THIS, "2026-12-08", SeriesChanges(title="x"), person, actor(person), NOW, 7),
    ):
        assert (await refused(work)).code == "request.stale"


async def test_all_dates_move_by_an_hour_and_stay_the_same_bookings(database: Database) -> None:
    room, person = await make_room(), await make_person()
    series = await make(room, person)
    ids = {one.id for one in await Booking.all()}
    changes = SeriesChanges(start=START + HOUR, title="Zespół")
    changed = await change_series(series.id, Scope.ALL, "", changes, person, actor(person), NOW)
    assert changed.id == series.id
    assert await times(changed) == [week(number, 1) for number in range(4)]
    rows = await Booking.filter(series_id=series.id)
    assert {one.id for one in rows} == ids
    assert {(one.title, one.revision) for one in rows} == {("Zespół", 2)}
    entry = await HistoryEntry.filter(object=f"booking:{rows[0].id}").order_by("-seq").first()
    assert entry
    assert (entry.action, entry.before["title"], entry.after["title"]) == ("changed", "Narada", "Zespół")


async def test_a_change_from_a_date_on_splits_the_series(database: Database) -> None:
    room, person = await make_room(), await make_person()
    series = await make(room, person)
    changes = SeriesChanges(start=wall(2026, 12, 16, 10), minutes=90)  # from Tuesday at nine to Wednesday at ten
    rest = await change_series(series.id, Scope.FOLLOWING, "2026-12-15", changes, person, actor(person), NOW)
    assert rest.id != series.id
    assert rest.former_id == series.id
    assert await times(series) == [week(0), week(1)]
    assert await times(rest) == [week(2, 25), week(3, 25)]
    await series.refresh_from_db()
    assert series.rule == "FREQ=WEEKLY;UNTIL=20261215T085900"
    assert rest.rule == "FREQ=WEEKLY;UNTIL=20261223T100000"
    actions = await HistoryEntry.filter(object=f"series:{series.id}").order_by("seq").values_list("action", flat=True)
    assert list(actions) == ["booked", "split"]


async def test_the_past_is_not_touched_by_a_change_of_all(database: Database) -> None:
    room, person = await make_room(), await make_person()
    series = await make(room, person)
    rest = await change_series(
        series.id, Scope.ALL, "", SeriesChanges(title="Nowa"), person, actor(person), week(1, 0.5)
    )
    assert rest.former_id == series.id
    assert set(await Booking.filter(series_id=series.id).values_list("title", flat=True)) == {"Narada"}
    assert set(await Booking.filter(series_id=rest.id).values_list("title", flat=True)) == {"Nowa"}


async def test_dates_change_places_within_their_own_series(database: Database) -> None:
    """A series of two days in a row moves by one: each date takes the place of the next."""
    room, person = await make_room(), await make_person()
    series = await make(room, person, rule="FREQ=DAILY;COUNT=5")
    changes = SeriesChanges(start=START + timedelta(days=1))
    await change_series(series.id, Scope.ALL, "", changes, person, actor(person), NOW)
    assert await times(series) == [week(0) + timedelta(days=number) for number in range(1, 6)]


async def test_another_rule_books_more_and_cancels_what_falls_out(database: Database) -> None:
    room, person = await make_room(), await make_person()
    series = await make(room, person)
    changes = SeriesChanges(rule="FREQ=WEEKLY;COUNT=6;BYDAY=TU,TH")
    plan = await preview_change(series.id, Scope.ALL, "", changes, person, NOW)
    assert (len(plan.kept), len(plan.added), len(plan.lost)) == (4, 2, 0)
    await change_series(series.id, Scope.ALL, "", changes, person, actor(person), NOW)
    assert len(await times(series)) == 6
    await change_series(series.id, Scope.ALL, "", SeriesChanges(rule="FREQ=WEEKLY;COUNT=2"), person, actor(person), NOW)
    assert await times(series) == [week(0), week(1)]
    assert len(await times(series, Status.CANCELLED)) == 4


async def test_a_change_into_what_is_taken_changes_nothing_or_skips(database: Database) -> None:
    room, person = await make_room(), await make_person()
    series = await make(room, person)
    await make_booking(week(2, 1), room=room)
    changes = SeriesChanges(start=START + HOUR)
    refusal = await refused(change_series(series.id, Scope.ALL, "", changes, person, actor(person), NOW))
    assert (refusal.code, refusal.params["count"]) == ("series.in_the_way", 1)
    assert await times(series) == [week(number) for number in range(4)]
    changes = replace(changes, on_conflict=OnTaken.SKIP)
    series = await change_series(series.id, Scope.ALL, "", changes, person, actor(person), NOW)
    assert await times(series) == [week(0, 1), week(1, 1), week(3, 1)]
    assert await times(series, Status.CANCELLED) == [week(2)]
    assert series.skipped == {"2026-12-15T10:00": "booking.overlap"}


async def test_a_change_in_the_way_of_what_stays_of_the_series(database: Database) -> None:
    room, person = await make_room(), await make_person()
    series = await make(room, person)
    changes = SeriesChanges(start=wall(2026, 12, 8, 9, 30), rule="FREQ=WEEKLY;COUNT=2")
    refusal = await refused(
        change_series(series.id, Scope.FOLLOWING, "2026-12-15", changes, person, actor(person), NOW)
    )
    assert refusal.code == "series.in_the_way"


async def test_all_dates_get_another_room(database: Database) -> None:
    room, other, person = await make_room(), await make_room(), await make_person()
    series = await make(room, person)
    series = await change_series(series.id, Scope.ALL, "", SeriesChanges(room=other.code), person, actor(person), NOW)
    assert series.room_id == other.id
    assert await Booking.filter(room_id=other.id).count() == 4
    await book(BookingRequest(room.code, week(0), week(0, 1)), person, SYSTEM, NOW)  # the former room is free again


async def test_one_date_is_moved_and_stays_of_its_series(database: Database) -> None:
    room, person = await make_room(), await make_person()
    series = await make(room, person)
    changes = SeriesChanges(start=wall(2026, 12, 9, 12), minutes=30, words={"attendees": 3})
    await change_series(series.id, Scope.THIS, "2026-12-08", changes, person, actor(person), NOW)
    moved = await Booking.get(occurrence="2026-12-08T09:00")
    assert (moved.starts_at, moved.ends_at, moved.attendees) == (week(1, 27), week(1, 27.5), 3)
    plan = await preview_change(series.id, Scope.THIS, "2026-12-15", SeriesChanges(title="x"), person, NOW)
    assert (len(plan.preview.lines), plan.is_split) == (1, False)
    # what is left out stays as the date has it, in what is shown before too
    later = SeriesChanges(start=wall(2026, 12, 9, 15))
    for other in (later, SeriesChanges(room=(await make_room()).code)):
        (line,) = (await preview_change(series.id, Scope.THIS, "2026-12-08", other, person, NOW)).preview.lines
        assert line.request.starts_at == (week(1, 30) if other is later else week(1, 27))
        assert (line.request.ends_at - line.request.starts_at, line.request.attendees) == (HOUR / 2, 3)


async def test_a_visit_in_a_room_that_was_opened_since_is_cancelled_without_words(database: Database) -> None:
    coordinator = await make_person(role=Role.COORDINATOR)
    room = await make_room(visibility=Visibility.CONFIDENTIAL)
    series = await make(room, coordinator, title="", kind=Kind.CONSULTATION)
    await Room.filter(id=room.id).update(visibility=Visibility.PUBLIC)
    date = await Booking.get(occurrence="2026-12-08T09:00")
    for work in (
        cancel_booking(date.id, coordinator, actor(coordinator), NOW, "choroba dziecka"),
        cancel_series(series.id, Scope.ALL, "", coordinator, actor(coordinator), NOW, "choroba dziecka"),
    ):
        assert (await refused(work)).code == "booking.bad_reason"
    await Booking.filter(id=date.id).update(status=Status.TENTATIVE)
    answer = reject(date.id, "choroba dziecka", coordinator, actor(coordinator), NOW)
    assert (await refused(answer)).code == "booking.bad_reason"
    await cancel_booking(date.id, coordinator, actor(coordinator), NOW, next(iter(CANCELLATION_REASONS)))


@pytest.mark.parametrize("connections", [4])
async def test_of_two_changes_of_one_date_that_read_the_same_revision_one_is_stale(database: Database) -> None:
    room, other, person = await make_room(), await make_room(), await make_person()
    series = await make(room, person)
    await Booking.filter(occurrence="2026-12-08T09:00").update(room_id=other.id)  # its series' room is not its own

    async def attempt(title: str) -> str:
        changes = SeriesChanges(title=title)
        try:
            await change_series(series.id, Scope.THIS, "2026-12-08", changes, person, actor(person), NOW, 1)
        except Conflict as refusal:
            return refusal.code
        return title

    answers = await asyncio.gather(attempt("Pierwsza"), attempt("Druga"))
    titles = [answer for answer in answers if answer != "request.stale"]
    assert len(titles) == 1
    assert (await Booking.get(occurrence="2026-12-08T09:00")).title == titles[0]
    assert (await Series.get(id=series.id)).revision == 2
    assert await attempt("Trzecia") == "request.stale"


async def test_a_change_of_one_date_and_its_answer_are_one(database: Database) -> None:
    room, person = await make_room(), await make_person()
    series, changes = await make(room, person), SeriesChanges(title="Nowa")

    async def act(key: RequestKey | None) -> Series:
        return await change_series(
            series.id, Scope.THIS, "2026-12-08", changes, person, actor(person), NOW, request_key=key
        )

    async def dying(series: Series) -> RequestAnswer:
        raise RuntimeError("the power fails")

    async def answering(series: Series) -> RequestAnswer:
        return RequestAnswer(body=str(series.revision))

    with pytest.raises(RuntimeError, match="power"):
        await act_once(RequestKey("person:1", "k", "d", NOW), act, dying)
    assert not await Booking.filter(title="Nowa").exists()
    answers = [await act_once(RequestKey("person:1", "k", "d", NOW), act, answering) for _ in range(2)]
    assert [answer.body for answer in answers] == ["2", "2"]
    assert (await Series.get(id=series.id)).revision == 2


async def test_a_date_that_is_moved_into_what_is_taken_is_offered_another(database: Database) -> None:
    room, person = await make_room(), await make_person()
    series = await make(room, person)
    await make_booking(week(1, 3), room=room)
    changes = SeriesChanges(start=wall(2026, 12, 8, 12))
    work = change_series(series.id, Scope.THIS, "2026-12-08", changes, person, actor(person), NOW)
    refusal = await refused(work)
    assert refusal.code == "booking.overlap"
    assert refusal.params["alternatives"]
    assert (await Series.get(id=series.id)).revision == 1


async def test_other_words_leave_every_date_where_it_is(database: Database) -> None:
    """Those that were moved, given up or skipped one by one."""
    room, other, person = await make_room(), await make_room(), await make_person()
    await make_booking(week(3), room=room)
    series = await make(room, person, rule="FREQ=WEEKLY;COUNT=5", on_conflict=OnTaken.SKIP)
    first, second, third = await Booking.filter(series_id=series.id).order_by("starts_at").limit(3)
    await change(first.id, BookingChanges(room=other.code), person, SYSTEM, NOW)
    await change(second.id, BookingChanges(starts_at=week(1, 3), ends_at=week(1, 4)), person, SYSTEM, NOW)
    await cancel_booking(third.id, person, SYSTEM, NOW)
    changes = SeriesChanges(title="Nowa", on_conflict=OnTaken.REFUSE)
    series = await change_series(series.id, Scope.ALL, "", changes, person, actor(person), NOW)
    assert await times(series) == [week(0), week(1, 3), week(4)]
    assert {(one.room_id, one.title) for one in await Booking.filter(series_id=series.id, status="confirmed")} == {
        (other.id, "Nowa"), (room.id, "Nowa"),
    }  # fmt: skip
    assert series.skipped == {"2026-12-22T09:00": "booking.overlap"}
    # at another time the skipped date is free, and the one that was given up stays so
    later = SeriesChanges(start=START + HOUR)
    series = await change_series(series.id, Scope.ALL, "", later, person, actor(person), NOW)
    assert await times(series) == [week(0, 1), week(1, 1), week(3, 1), week(4, 1)]
    assert series.skipped == {}


async def test_who_takes_the_bookings_over_takes_the_series(database: Database) -> None:
    room, person, heir = await make_room(), await make_person(), await make_person()
    series = await make(room, person)
    bookings = await Booking.filter(series_id=series.id)
    async with changing(room.id) as locked:
        await hand_bookings_over(bookings, person, heir, locked, SYSTEM, NOW)
    await cancel_series(series.id, Scope.ALL, "", heir, actor(heir), NOW)
    assert (await series_by_id(series.id, viewer_of(heir))).organizer_id == heir.id


async def test_another_time_asks_anew(database: Database) -> None:
    room, keeper, person = await make_room(), await make_person(), await make_person()
    await room.approvers.add(keeper)
    series = await make(room, person)
    await Booking.filter().update(status=Status.CONFIRMED)  # approved
    await change_series(series.id, Scope.ALL, "", SeriesChanges(title="Nowa"), person, actor(person), NOW)
    assert len(await times(series)) == 4
    await change_series(series.id, Scope.ALL, "", SeriesChanges(start=START + HOUR), person, actor(person), NOW)
    assert len(await times(series, Status.TENTATIVE)) == 4
    assert await Notice.filter(kind="approval.requested").count() == 2


async def test_a_series_of_a_confidential_room_is_seen_by_who_works_there(database: Database) -> None:
    duty, member = await make_person(role=Role.DUTY), await make_person()
    room = await make_room(visibility=Visibility.CONFIDENTIAL)
    series = await make(room, duty, title="")
    assert (await series_by_id(series.id, viewer_of(duty))).kind is Kind.CONSULTATION
    assert (await refused(series_by_id(series.id, viewer_of(member)))).code == "series.unknown"


@pytest.mark.parametrize(
    ("visibility", "names"), [(Visibility.CONFIDENTIAL, {"starts_at", "ends_at"}), (Visibility.HIDDEN, set())]
)
async def test_a_date_that_went_to_a_help_point_room_is_cancelled_without_words(
    database: Database, visibility: Visibility, names: set[str]
) -> None:
    """Neither its history nor a notice says more than those of a single booking there would."""
    coordinator, person = await make_person(role=Role.COORDINATOR), await make_person()
    room, shy = await make_room(), await make_room(visibility=visibility)
    series = await make(room, person)
    await Booking.filter(occurrence="2026-12-08T09:00").update(room_id=shy.id, kind=Kind.CONSULTATION, title="")

    async def cancel(scope: Scope, day: str, reason: str) -> Series:
        return await cancel_series(series.id, scope, day, coordinator, actor(coordinator), NOW, reason)

    for scope, day in ((Scope.THIS, "2026-12-08"), (Scope.FOLLOWING, "2026-12-01"), (Scope.ALL, "")):
        assert (await refused(cancel(scope, day, "choroba dziecka"))).code == "booking.bad_reason"
    assert not await HistoryEntry.filter(action="cancelled").exists()

    await cancel(Scope.THIS, "2026-12-15", "urlop")  # the words of a date in an open room are its own
    await cancel(Scope.THIS, "2026-12-08", next(iter(CANCELLATION_REASONS)))
    open_date, shy_date = await Notice.filter(kind="series.cancelled").order_by("id")
    assert (open_date.facts["room"], open_date.facts["title"]) == (room.code, "Narada")
    assert {name for name, value in shy_date.facts.items() if value} == names


async def test_a_notice_of_many_dates_says_what_the_shyest_of_them_allows(database: Database) -> None:
    coordinator, person = await make_person(role=Role.COORDINATOR), await make_person()
    room, shy = await make_room(), await make_room(visibility=Visibility.HIDDEN)
    series = await make(room, person)
    await Booking.filter(occurrence="2026-12-08T09:00").update(room_id=shy.id, kind=Kind.CONSULTATION, title="")
    await cancel_series(series.id, Scope.ALL, "", coordinator, actor(coordinator), NOW)
    assert (await Notice.get(kind="series.cancelled")).facts == {}


async def test_my_series(database: Database) -> None:
    room, person = await make_room(), await make_person()
    later = await make(room, person, start=START + timedelta(days=1))
    sooner = await make(room, person)
    rows, total = await my_series(person, NOW, 10)
    assert total == 2
    assert [(one.series.id, one.coming) for one in rows] == [(sooner.id, 4), (later.id, 4)]
    assert rows[0].next_at == week(0)


@pytest.mark.parametrize("connections", [4])
async def test_two_series_across_each_other_never_share_a_slot(database: Database) -> None:
    """One every day, one each Tuesday and Thursday: whoever is first, no slot has two."""
    room = await make_room()
    people = [await make_person() for _ in range(4)]
    rules = ("FREQ=DAILY;COUNT=20", "FREQ=WEEKLY;COUNT=9;BYDAY=TU,TH") * 2

    async def attempt(person: Person, rule: str, on_conflict: OnTaken) -> str:
        try:
            await make(room, person, rule=rule, on_conflict=on_conflict)
        except Conflict as refusal:
            return refusal.code
        return ""

    ways = (OnTaken.REFUSE, OnTaken.SKIP, OnTaken.SKIP, OnTaken.REFUSE)
    answers = await asyncio.gather(*(attempt(*one) for one in zip(people, rules, ways, strict=True)))
    assert set(answers) <= {"", "series.in_the_way", "series.nothing_left"}
    assert "" in answers
    starts = [one.starts_at for one in await Booking.filter(status=Status.CONFIRMED)]
    assert len(starts) == len(set(starts)) >= 9


@pytest.mark.parametrize("connections", [4])
async def test_two_series_that_change_rooms_and_a_booking_between_never_share_a_slot(database: Database) -> None:
    """Each locks both rooms, and waits for the other: never for ever, and never two in one slot."""
    one, two, person = await make_room(), await make_room(), await make_person()
    first, second = await make(one, person, rule="FREQ=DAILY;COUNT=9"), await make(two, person)

    async def attempt(work: Awaitable[object]) -> str:
        try:
            await work
        except Conflict as refusal:
            return refusal.code
        return ""

    answers = await asyncio.gather(
        attempt(change_series(first.id, Scope.ALL, "", SeriesChanges(room=two.code), person, actor(person), NOW)),
        attempt(change_series(second.id, Scope.ALL, "", SeriesChanges(room=one.code), person, actor(person), NOW)),
        attempt(book(BookingRequest(one.code, week(2, 1), week(2, 2)), person, SYSTEM, NOW)),
        attempt(cancel_series(second.id, Scope.FOLLOWING, "2026-12-15", person, actor(person), NOW)),
    )
    assert set(answers) <= {"", "series.in_the_way", "request.stale", "series.no_occurrence"}
    slots = [(row.room_id, row.starts_at) for row in await Booking.filter(status=Status.CONFIRMED)]
    assert len(slots) == len(set(slots)) >= 12


async def test_as_few_statements_for_two_hundred_dates_as_for_four(database: Database, statements: Statements) -> None:
    room, person = await make_room(max_days_ahead=900), await make_person()
    request = weekly(room, rule="FREQ=DAILY;COUNT=200")
    await preview_series(weekly(room), person, NOW)
    with statements.at_most(3):
        await preview_series(request, person, NOW)
    with statements.at_most(14):
        await book_series(request, person, actor(person), NOW)
    with statements.at_most(8):
        await preview_series(request, person, NOW)  # each of them is taken now


async def test_days_off_that_a_change_leaves_out_and_dates_that_ask_anew(database: Database) -> None:
    room, keeper, person = await make_room(), await make_person(), await make_person()
    await room.approvers.add(keeper)
    series = await make(room, person, start=wall(2026, 12, 22, 9), rule="FREQ=DAILY;COUNT=3")
    await Booking.filter().update(status=Status.CONFIRMED)  # approved
    changes = SeriesChanges(rule="FREQ=DAILY;COUNT=5", skips_holidays=True)
    plan = await preview_change(series.id, Scope.ALL, "", changes, person, NOW)
    assert [line.state for line in plan.preview.lines] == ["free", "free", "holiday", "holiday", "holiday"]
    # the one that falls on a day off is taken back
    assert [act for act, *_ in plan.steps()] == ["stays", "stays", "cancelled", "skipped", "skipped"]
    wider = SeriesChanges(rule="FREQ=DAILY;COUNT=7")
    plan = await preview_change(series.id, Scope.ALL, "", wider, person, NOW)
    assert len(plan.asked) == 4
    series = await change_series(series.id, Scope.ALL, "", wider, person, actor(person), NOW)
    assert (len(await times(series)), len(await times(series, Status.TENTATIVE))) == (3, 4)
