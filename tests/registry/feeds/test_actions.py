"""Feeds: made once, read by their secret, withdrawn; and what changes when a booking does. On both databases."""

import asyncio
from datetime import timedelta

import pytest

from registry.bookings.models import Booking
from registry.core.history import SYSTEM, HistoryEntry
from registry.duties.models import Duty
from registry.feeds import actions
from registry.feeds.actions import FeedWish, make_feed, note_reading, withdraw_feed
from registry.feeds.models import CalendarFeed, FeedScope
from registry.feeds.queries import contents, etag_now, feed_by_secret, feeds_of
from registry.feeds.rules import secret_of
from registry.people.models import Person, Role
from registry.rooms.models import Room, Visibility
from tests.conftest import Database
from tests.make import NOW, make_booking, make_institution, make_person, make_room, refused
from tests.statements import Statements

pytestmark = pytest.mark.anyio
KEY = "k" * 40
ME, ROOM, INSTITUTION = FeedScope.ME, FeedScope.ROOM, FeedScope.INSTITUTION


async def read(feed: CalendarFeed) -> CalendarFeed:
    return await feed_by_secret(secret_of(KEY, feed.id), NOW)


async def test_a_feed_is_made_once_however_often_and_by_how_many_at_once(database: Database) -> None:
    person = await make_person()
    await make_room(code="Z-1")
    feeds = await asyncio.gather(*(make_feed(FeedWish(ROOM, "Z-1"), person, KEY, SYSTEM, NOW) for _ in range(5)))
    assert len({feed.id for feed in feeds}) == 1
    mine = await make_feed(FeedWish(ME), person, KEY, SYSTEM, NOW + timedelta(hours=1))
    assert [(row.scope, row.code) for row in await feeds_of(person)] == [(ME, ""), (ROOM, "Z-1")]
    assert (await read(mine)).person.id == person.id
    entries = await HistoryEntry.filter(object=f"person:{person.id}", action="feed made").order_by("seq")
    assert [entry.after for entry in entries] == [{"of": "Z-1", "scope": "room"}, {"of": "", "scope": "me"}]


async def test_with_another_server_key_an_address_goes_on_and_a_new_one_can_be_made(database: Database) -> None:
    person = await make_person()
    old = await make_feed(FeedWish(ME), person, KEY, SYSTEM, NOW)
    new = await make_feed(FeedWish(ME), person, "l" * 40, SYSTEM, NOW)
    assert old.id != new.id
    assert (await read(old)).id == old.id


async def test_a_withdrawn_feed_and_one_whose_person_is_gone_are_unknown(database: Database) -> None:
    person, other = await make_person(), await make_person()
    feed = await make_feed(FeedWish(ME), person, KEY, SYSTEM, NOW)
    assert (await refused(withdraw_feed(feed.id, other, SYSTEM, NOW))).code == "feed.unknown"
    await Person.filter(id=person.id).update(is_active=False)
    assert (await refused(read(feed))).code == "feed.unknown"
    await Person.filter(id=person.id).update(is_active=True, active_until=NOW)
    assert (await refused(read(feed))).code == "feed.unknown", "until its last day"
    await Person.filter(id=person.id).update(active_until=None)
    await withdraw_feed(feed.id, person, SYSTEM, NOW)
    assert (await refused(read(feed))).code == "feed.unknown"
    assert (await refused(withdraw_feed(feed.id, person, SYSTEM, NOW))).code == "feed.unknown"
    assert await feeds_of(person) == []
    for guess in ("", "A" * 32, "ą" * 32, "x" * 5000, secret_of("m" * 40, feed.id)):
        assert (await refused(feed_by_secret(guess, NOW))).code == "feed.unknown"


async def test_a_room_that_becomes_hidden_takes_its_feeds_along(database: Database) -> None:
    room = await make_room(code="Z-1")
    feed = await make_feed(FeedWish(ROOM, "Z-1"), await make_person(), KEY, SYSTEM, NOW)
    await Room.filter(id=room.id).update(visibility=Visibility.HIDDEN)
    assert (await refused(read(feed))).code == "feed.unknown"


async def test_what_one_may_not_have_a_feed_of_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    person, runner, institution = (
        await make_person(),
        await make_person(role=Role.COORDINATOR),
        await make_institution(),
    )
    await make_room(code="H-1", visibility=Visibility.HIDDEN)
    for somebody in (person, runner):
        assert (await refused(make_feed(FeedWish(ROOM, "H-1"), somebody, KEY, SYSTEM, NOW))).code == "feed.hidden_room"
    assert (await refused(make_feed(FeedWish(ROOM, "none"), person, KEY, SYSTEM, NOW))).code == "room.unknown"
    assert (
        await refused(make_feed(FeedWish(INSTITUTION, "none"), person, KEY, SYSTEM, NOW))
    ).code == "institution.unknown"
    assert (await refused(make_feed(FeedWish(ME, "Z-1"), person, KEY, SYSTEM, NOW))).code == "request.unknown_field"
    assert (
        await refused(make_feed(FeedWish(INSTITUTION, institution.code), person, KEY, SYSTEM, NOW))
    ).code == "auth.role"
    await make_feed(FeedWish(INSTITUTION, institution.code), runner, KEY, SYSTEM, NOW)
    monkeypatch.setattr(actions, "AT_MOST", 1)
    assert (await refused(make_feed(FeedWish(ME), runner, KEY, SYSTEM, NOW))).code == "feed.too_many"


async def test_a_feed_holds_the_bookings_and_the_duties_that_it_is_of(database: Database) -> None:
    institution = await make_institution()
    person, now = await make_person(institution=institution), NOW
    room, shy = await make_room(code="Z-1"), await make_room(code="C-1", visibility=Visibility.CONFIDENTIAL)
    mine = await make_booking(now, room=room, organizer=person, title="Narada", institution_id=institution.id)
    await make_booking(now + timedelta(hours=2), room=room, title="Inna", organizer=await make_person())
    quiet = await make_booking(now, room=shy, organizer=person, title="Kanarek", institution_id=institution.id)
    gone = await make_booking(now + timedelta(days=1), room=room, organizer=person, status="cancelled")
    await make_booking(now - timedelta(days=300), room=room, organizer=person, status="ended")
    ends_at = now + timedelta(hours=4)
    await Duty.create(room=shy, person=person, roster="D", name="dyżurny", starts_at=now, ends_at=ends_at)
    holds = {}
    for wish in (FeedWish(ME), FeedWish(ROOM, "Z-1"), FeedWish(ROOM, "C-1"), FeedWish(INSTITUTION, institution.code)):
        feed = await make_feed(wish, person, KEY, SYSTEM, now)
        holds[wish.code] = await contents(await read(feed), now)
    assert [len(one.events) for one in holds.values()] == [2, 2, 1, 2]
    assert str(mine.id) in {event.uid for event in holds[""].events}
    assert [[(duty.name, duty.place) for duty in one.duties] for one in holds.values()] == [
        [("dyżurny", "")],
        [],
        [],
        [],
    ]
    text = repr(holds)
    assert "Kanarek" not in text
    assert not any(str(one.id) in text for one in (quiet, gone))


async def test_the_tag_changes_with_what_is_shown_and_at_no_other_moment(database: Database) -> None:
    person = await make_person()
    room, shy = await make_room(code="Z-1"), await make_room(code="C-1", visibility=Visibility.CONFIDENTIAL)
    booking = await make_booking(NOW, room=room, organizer=person)
    quiet = await make_booking(NOW, room=shy, organizer=person)
    wishes = FeedWish(ME), FeedWish(ROOM, "Z-1"), FeedWish(ROOM, "C-1")
    feeds = [await make_feed(wish, person, KEY, SYSTEM, NOW) for wish in wishes]

    async def tags() -> list[str]:
        return [await etag_now(await read(feed), NOW) for feed in feeds]

    first = await tags()
    assert await tags() == first
    await Booking.filter(id=quiet.id).update(revision=9, status="checked_in", checked_in_at=NOW)
    await Room.filter(id=shy.id).update(revision=9)
    assert await tags() == first, "that somebody came stays in the house"
    await Booking.filter(id=quiet.id).update(ends_at=NOW + timedelta(minutes=30))
    second = await tags()
    assert [one == other for one, other in zip(first, second, strict=True)] == [False, True, False]
    await Booking.filter(id=booking.id).update(revision=2, title="Zebranie")
    await Room.filter(id=room.id).update(revision=10)
    third = await tags()
    await Room.filter(id=room.id).update(number="99Z")
    assert [one == other for one, other in zip(third, await tags(), strict=True)] == [False, False, True]
    third = await tags()
    assert [one == other for one, other in zip(second, third, strict=True)] == [False, False, True]


async def test_an_unchanged_feed_of_a_room_costs_one_statement(database: Database, statements: Statements) -> None:
    person = await make_person()
    await make_room(code="Z-1")
    feed = await make_feed(FeedWish(ROOM, "Z-1"), person, KEY, SYSTEM, NOW)
    await note_reading(await read(feed), NOW)
    assert (await read(feed)).read_on == NOW.date()
    with statements.at_most(1):
        feed = await read(feed)
        await note_reading(feed, NOW + timedelta(minutes=1))
        await etag_now(feed, NOW)
