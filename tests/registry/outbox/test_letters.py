"""Notices become letters as each person chose, and no two processes carry the same."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from registry.core import events
from registry.core.history import SYSTEM, HistoryEntry
from registry.core.statements import ask
from registry.core.transaction import transaction
from registry.outbox import actions, letters, queries
from registry.outbox.actions import NewNotice
from registry.outbox.letters import Delivery, SortingPlan, claim, settle, sort_out
from registry.outbox.models import Letter, LetterState, Notice, NoticeWishes
from registry.outbox.rules import Wishes
from registry.people.models import Person
from tests.conftest import Database
from tests.make import HOUR, MINUTE, NOW, make_person, refused
from tests.statements import Statements, plan

PLAN = SortingPlan(True, frozenset({"Signal"}), 3, ZoneInfo("Europe/Warsaw"))
DAY = timedelta(days=1)


async def tell(
    person: Person, number: int = 1, kind: str = "booking.cancelled", now: datetime = NOW, **more: Any
) -> None:
    async with transaction() as change:
        await actions.tell(change, [NewNotice(person.id, kind, f"{kind}:{number}", **more)], now)


async def somebody(**columns: Any) -> Person:
    person = await make_person(**columns)
    return await mailed(person)


async def mailed(person: Person) -> Person:
    person.mail = f"{person.login}@urzad.example"
    await person.save()
    return person


async def test_somebody_is_told_of_an_event_once_and_hears_of_it(
    database: Database, event_log: list[events.Event]
) -> None:
    person = await somebody()
    assert await queries.unread_count(person.id) == 0
    for _ in range(2):
        await tell(person)
    assert await Notice.all().count() == 1
    assert event_log[0] == events.NoticesChanged(person.id)
    assert await queries.unread_count(person.id) == 1


async def test_one_notice_is_one_statement(database: Database, statements: Any) -> None:
    person = await somebody()
    async with transaction() as change:
        with statements.at_most(1):
            await actions.tell(change, [NewNotice(person.id, "booking.cancelled", "x")], NOW)
        with statements.at_most(1):
            notices = [NewNotice(person.id, "booking.cancelled", f"y{number}") for number in range(20)]
            await actions.tell(change, notices, NOW)
        with statements.at_most(0):
            await actions.tell(change, [], NOW)


async def test_what_is_undone_told_nobody(database: Database, event_log: list[events.Event]) -> None:
    person = await somebody()
    with pytest.raises(ZeroDivisionError):
        async with transaction() as change:
            await actions.tell(change, [NewNotice(person.id, "booking.cancelled", "x")], NOW)
            raise ZeroDivisionError
    assert (await Notice.all().count(), event_log) == (0, [])


async def test_a_notice_becomes_a_letter_and_leaves(database: Database) -> None:
    person = await somebody()
    await tell(person)
    assert await sort_out(PLAN, NOW) == 1
    assert await sort_out(PLAN, NOW) == 0
    (parcel,) = await claim(10, NOW)
    assert (parcel.mail, [notice.kind for notice in parcel.notices]) == (person.mail, ["booking.cancelled"])
    assert await claim(10, NOW) == []
    await settle([Delivery(parcel.letter, LetterState.SENT)], NOW + MINUTE)
    letter = await Letter.get()
    assert (letter.state, letter.sent_at, letter.tries) == (LetterState.SENT, NOW + MINUTE, 1)
    assert await claim(10, NOW + DAY) == []
    assert await queries.sent_lately(NOW + MINUTE) == 1
    assert await queries.last_sent_at(person.id) == NOW + MINUTE


@pytest.mark.databases("postgres")
async def test_no_plan_of_the_database_takes_more_letters_than_were_asked_for(database: Database) -> None:
    for number in range(5):
        await tell(await somebody(), number)
    await sort_out(PLAN, NOW)
    await database.context.db("default").execute_query("ANALYZE letter")
    async with transaction():
        for way in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
            await ask(f"SET LOCAL enable_{way} = off", [])
        rows = await ask(letters._locked(letters._CLAIM), [NOW, NOW, 2, NOW + MINUTE, "lease"])
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("columns", "plan"),
    [({"mail": ""}, PLAN), ({"is_active": False}, PLAN), ({}, SortingPlan(False, frozenset(), 3, PLAN.zone))],
)
async def test_without_an_address_an_account_or_a_server_no_letter_is_made(
    database: Database, columns: dict[str, Any], plan: SortingPlan
) -> None:
    person = await somebody()
    await Person.filter(id=person.id).update(**columns)
    await tell(person)
    assert await sort_out(plan, NOW) == 1
    assert await Letter.all().count() == 0


async def test_a_person_gets_what_they_chose(database: Database) -> None:
    person = await somebody()
    wishes = Wishes({"booked_for_me": "never", "fault": "at_once", "own_booking": "daily"}, 12 * 60)
    await actions.wish(person.id, wishes, frozenset())
    await tell(person, 1, "booking.booked")
    await tell(person, 2, "fault.assigned")
    await tell(person, 3, "booking.cancelled")
    await sort_out(PLAN, NOW)
    await tell(person, 4, "booking.changed")
    await sort_out(PLAN, NOW + MINUTE)
    at_once, daily = await Letter.all().order_by("id")
    assert (at_once.is_digest, len(at_once.notices), at_once.next_try_at) == (False, 1, NOW)
    assert (daily.is_digest, len(daily.notices)) == (True, 2), "what comes later joins the letter that waits"
    assert daily.next_try_at == NOW + 2 * HOUR, "at noon of the office"


async def test_too_many_letters_within_an_hour_come_in_one(database: Database) -> None:
    person = await somebody()
    for number in range(7):
        await tell(person, number)
    await sort_out(PLAN, NOW)
    sizes = [(len(letter.notices), letter.next_try_at) for letter in await Letter.all().order_by("id")]
    assert sizes == [(1, NOW)] * 3 + [(4, NOW + HOUR)]


@pytest.mark.databases("sqlite")
async def test_what_is_urgent_takes_the_daily_letter_along_and_waits_for_no_morning(database: Database) -> None:
    person = await somebody()
    await tell(person, 0, "fault.assigned")
    await sort_out(PLAN, NOW)
    tomorrow = (await Letter.get()).next_try_at
    assert tomorrow > NOW + 12 * HOUR
    for number in range(3):  # with the daily letter that waits these are four within an hour
        await tell(person, number)
    await sort_out(PLAN, NOW)
    daily = await Letter.get(is_digest=True)
    assert (len(daily.notices), daily.next_try_at) == (2, NOW + HOUR)
    await tell(person, 1, "fault.assigned")
    await sort_out(PLAN, NOW)
    daily = await Letter.get(is_digest=True)
    assert (len(daily.notices), daily.next_try_at) == (3, NOW + HOUR), "what is not urgent puts nothing off"


async def test_a_letter_about_the_account_leaves_at_once_and_alone(database: Database) -> None:
    person = await somebody()
    await actions.wish(person.id, Wishes({}, quiet_from=9 * 60, quiet_to=11 * 60), frozenset())
    for number in range(5):
        await tell(person, number)
    await tell(person, 9, "account.password", secret="https://izba.example/x")
    await sort_out(PLAN, NOW)
    link = (await Notice.get(kind="account.password")).id
    (letter,) = [one async for one in Letter.all() if link in one.notices]
    assert (letter.notices, letter.is_digest, letter.next_try_at) == ([link], False, NOW)


@pytest.mark.databases("sqlite")
async def test_what_a_newer_izba_told_is_left_out_and_stops_nothing(database: Database) -> None:
    person = await somebody()
    await tell(person, 1)
    await tell(person, 2)
    await sort_out(PLAN, NOW)
    await Notice.filter(event="booking.cancelled:1").update(kind="moon.full")
    await tell(person, 3)
    await Notice.filter(event="booking.cancelled:3").update(kind="moon.new")
    assert await sort_out(PLAN, NOW) == 0
    assert not await queries.has_unsorted()
    assert (await Notice.get(kind="moon.new")).sorted_at is None, "the newer one still makes its letter"
    assert await queries.fresh_unread_count(person.id) == 1, "the bell counts what its list shows"
    parcels = await claim(10, NOW)
    assert [len(parcel.notices) for parcel in parcels] == [0, 1]
    assert [len(line.notices) for line in (await queries.letters(LetterState.WAITING, 0, 10))[0]] == [0, 1]
    assert [one.event for one in await queries.notices_of(person.id, 10)] == ["booking.cancelled:2"]
    assert (await queries.page_of_notices(person.id, 0, 10))[1] == 1
    strange = await Notice.get(kind="moon.new")
    assert (await refused(queries.own_notice(strange.id, person.id))).code == "notice.unknown"
    assert (await actions.forget(NOW), await actions.forget(NOW + DAY)) == (0, 3), "nor does it stay for good"


async def test_a_letter_that_was_given_up_while_it_was_carried_stays_so(database: Database) -> None:
    for number in range(3):
        await tell(await somebody(), number)
    await sort_out(PLAN, NOW)
    parcels = await claim(10, NOW)
    for parcel in parcels:
        await letters.drop(parcel.letter.id, SYSTEM, NOW)
    first, second, third = parcels
    await settle([Delivery(first.letter, LetterState.SENT), Delivery(second.letter, LetterState.WAITING, "451")], NOW)
    await letters.put_back([third], NOW, "away", NOW + 4 * DAY)
    assert {letter.state async for letter in Letter.all()} == {LetterState.DROPPED}


@pytest.mark.parametrize("connections", [4])
async def test_a_letter_that_several_give_up_at_once_is_given_up_once(database: Database, connections: int) -> None:
    await tell(await somebody())
    await sort_out(PLAN, NOW)
    (parcel,) = await claim(10, NOW)
    number = parcel.letter.id
    await asyncio.gather(*(letters.drop(number, SYSTEM, NOW) for _ in range(4)))
    await asyncio.gather(*(letters.send_again(number, SYSTEM, NOW) for _ in range(4)))
    entries = await HistoryEntry.filter(object=f"letter:{number}").order_by("seq")
    assert [entry.action for entry in entries] == ["dropped", "sent_again"]


async def test_a_lease_is_prolonged_for_who_still_has_it(database: Database) -> None:
    for number in range(3):
        await tell(await somebody(), number)
    await sort_out(PLAN, NOW)
    parcels = await claim(10, NOW)
    await letters.drop(parcels[0].letter.id, SYSTEM, NOW)
    await Letter.filter(id=parcels[1].letter.id).update(lease="another")
    assert await letters.prolong([], NOW) == []
    assert await letters.prolong(parcels, NOW + 4 * MINUTE) == [parcels[2]]
    assert (await Letter.get(id=parcels[2].letter.id)).leased_until == NOW + 4 * MINUTE + letters.LEASE
    assert await letters.prolong(parcels, NOW + 20 * MINUTE) == [], "it is anybody's by now"


@pytest.mark.databases("sqlite")
async def test_what_was_sent_is_told_since_a_moment_the_newest_first(database: Database) -> None:
    for number in range(3):
        await tell(await somebody(), number)
    await sort_out(PLAN, NOW)
    for number, parcel in enumerate(await claim(10, NOW)):
        await settle([Delivery(parcel.letter, LetterState.SENT)], NOW + number * HOUR)
    lines, total = await queries.letters(LetterState.SENT, 0, 10, NOW + HOUR)
    assert ([line.letter.sent_at for line in lines], total) == ([NOW + 2 * HOUR, NOW + HOUR], 2)
    assert (await queries.letters(LetterState.SENT, 0, 10))[1] == 3


async def test_a_channel_carries_what_the_mail_carries_but_nothing_of_the_account(database: Database) -> None:
    person = await somebody()
    await actions.wish(person.id, Wishes({}, channel="Signal", channel_address="+48600"), PLAN.channels)
    await tell(person)
    await tell(person, 2, "account.password", secret="https://izba.example/x")
    await sort_out(PLAN, NOW)
    assert sorted([letter.channel async for letter in Letter.all()]) == ["Signal", "mail", "mail"]


async def test_in_the_quiet_a_letter_waits_for_its_end(database: Database) -> None:
    person = await somebody()
    await actions.wish(person.id, Wishes({}, quiet_from=9 * 60, quiet_to=11 * 60), frozenset())
    await tell(person)
    await tell(person, 2, facts={"starts_at": (NOW + HOUR).isoformat(), "ends_at": (NOW + 2 * HOUR).isoformat()})
    await sort_out(PLAN, NOW)
    assert [letter.next_try_at for letter in await Letter.all().order_by("id")] == [NOW + HOUR, NOW]


async def test_a_lease_that_is_over_goes_to_another_process_and_the_first_changes_nothing(database: Database) -> None:
    await tell(await somebody())
    await sort_out(PLAN, NOW)
    (first,) = await claim(10, NOW)
    (second,) = await claim(10, NOW + letters.LEASE)
    await settle([Delivery(first.letter, LetterState.DEAD, "late")], NOW + letters.LEASE)
    await settle([Delivery(second.letter, LetterState.SENT)], NOW + letters.LEASE)
    assert (await Letter.get()).state is LetterState.SENT


@pytest.mark.parametrize("connections", [6])
async def test_no_letter_is_carried_by_two(database: Database, connections: int) -> None:
    person = await somebody()
    async with transaction() as change:
        await actions.tell(change, [NewNotice(person.id, "booking.booked", str(number)) for number in range(60)], NOW)
    await asyncio.gather(*(sort_out(SortingPlan(True, frozenset(), 1000, PLAN.zone), NOW) for _ in range(3)))
    lots = await asyncio.gather(*(claim(15, NOW) for _ in range(6)))
    ids = [parcel.letter.id for lot in lots for parcel in lot]
    assert len(ids) == len(set(ids))
    rest = await claim(100, NOW)
    assert len(ids) + len(rest) == 60


async def test_what_failed_for_a_while_is_tried_later_and_in_the_end_given_up(database: Database) -> None:
    await tell(await somebody())
    await sort_out(PLAN, NOW)
    now = NOW
    for minutes in (1, 2, 4):
        (parcel,) = await claim(10, now)
        await settle([Delivery(parcel.letter, LetterState.WAITING, "451 later")], now)
        letter = await Letter.get()
        assert letter.next_try_at == now + minutes * MINUTE
        assert await claim(10, now) == []
        now = letter.next_try_at
    (parcel,) = await claim(10, now)
    await settle([Delivery(parcel.letter, LetterState.WAITING, "451\r\nlater")], NOW + 4 * DAY)
    letter = await Letter.get()
    assert (letter.state, letter.answer, letter.tries) == (LetterState.DEAD, "451 later", 4)


async def test_what_was_not_tried_is_given_back(database: Database) -> None:
    await tell(await somebody())
    await sort_out(PLAN, NOW)
    await letters.put_back(await claim(10, NOW), NOW + MINUTE, "away", NOW)
    await letters.put_back([], NOW, "", NOW)
    assert await claim(10, NOW) == []
    (parcel,) = await claim(10, NOW + MINUTE)
    assert (parcel.letter.tries, parcel.letter.answer) == (0, "away")
    await letters.put_back([parcel], NOW + 4 * DAY, "away", NOW + 3 * DAY)
    assert (await Letter.get()).state is LetterState.DEAD, "what it tells is no news any more"


async def test_a_dead_letter_leaves_again_and_is_given_up(database: Database) -> None:
    await tell(await somebody())
    await sort_out(PLAN, NOW)
    (parcel,) = await claim(10, NOW)
    await settle([Delivery(parcel.letter, LetterState.DEAD, "550 no such mailbox")], NOW)
    number = parcel.letter.id
    (line,), total = await queries.letters(LetterState.DEAD, 0, 10)
    assert (line.login, total, line.letter.answer) == (parcel.name.lower(), 1, "550 no such mailbox")
    await letters.send_again(number, SYSTEM, NOW + DAY)
    await letters.send_again(number, SYSTEM, NOW + DAY)
    assert len(await claim(10, NOW + DAY)) == 1
    await letters.drop(number, SYSTEM, NOW + DAY)
    await letters.drop(number, SYSTEM, NOW + DAY)
    assert (await Letter.get()).state is LetterState.DROPPED
    actions_of = [entry.action for entry in await HistoryEntry.filter(object=f"letter:{number}").order_by("seq")]
    assert actions_of == ["sent_again", "dropped"]
    assert (await refused(letters.send_again(99, SYSTEM, NOW))).code == "letter.unknown"


async def test_a_link_is_wiped_once_it_has_left_and_stays_while_it_has_not(database: Database) -> None:
    person = await somebody()
    await tell(person, kind="account.invited", secret="https://izba.example/invitation/abc")
    assert await queries.unread_count(person.id) == 0, "it stands under no bell"
    assert await queries.notices_of(person.id, 10) == []
    await sort_out(PLAN, NOW)
    (parcel,) = await claim(10, NOW)
    await settle([Delivery(parcel.letter, LetterState.DEAD, "550")], NOW)
    assert (await Notice.get()).secret.endswith("abc")
    await letters.send_again(parcel.letter.id, SYSTEM, NOW)
    (parcel,) = await claim(10, NOW)
    await settle([Delivery(parcel.letter, LetterState.SENT)], NOW)
    assert (await Notice.get()).secret == ""
    await Letter.filter().update(state=LetterState.DEAD)
    assert (await refused(letters.send_again(parcel.letter.id, SYSTEM, NOW))).code == "letter.wiped"


@pytest.mark.databases("sqlite")
async def test_a_letter_whose_link_leads_nowhere_any_more_brings_nothing(database: Database) -> None:
    person = await somebody()
    await tell(person, kind="account.invited", secret="https://izba.example/x")
    await sort_out(PLAN, NOW)
    await actions.wipe_secrets(person.id, ["account.invited"])
    (parcel,) = await claim(10, NOW)
    assert parcel.notices == ()


async def test_old_notices_and_letters_are_forgotten_but_not_what_waits(database: Database) -> None:
    person = await somebody()
    await tell(person, 1)
    await sort_out(PLAN, NOW)
    (parcel,) = await claim(10, NOW)
    await settle([Delivery(parcel.letter, LetterState.SENT)], NOW)
    await tell(person, 2)
    assert await actions.forget(NOW + DAY) == 1
    assert await letters.forget_letters(NOW + DAY) == 1
    await sort_out(PLAN, NOW)
    assert await letters.forget_letters(NOW + DAY) == 0


@pytest.mark.databases("sqlite")
async def test_letters_are_forgotten_by_an_index(database: Database, statements: Statements) -> None:
    await letters.forget_letters(NOW)
    text = statements[-1].text
    assert text.startswith("DELETE")
    steps = (await plan(text)).splitlines()
    assert any("SEARCH" in step and "next_try_at<" in step for step in steps), steps


async def test_reading_is_ones_own_and_told_once(database: Database, event_log: list[events.Event]) -> None:
    alice, bob = await somebody(), await somebody()
    for person in (alice, bob):
        for number in range(2):
            await tell(person, number)
    (first, second) = await queries.notices_of(alice.id, 10)
    assert [one.id for one in await queries.notices_of(alice.id, 10, first.id)] == [second.id]
    assert await actions.read(bob.id, [first.id], NOW) == 0
    assert (await refused(queries.own_notice(first.id, bob.id))).code == "notice.unknown"
    event_log.clear()
    assert await actions.read(alice.id, [first.id], NOW) == 1
    assert await actions.read(alice.id, None, NOW) == 1
    assert await actions.read(alice.id, None, NOW) == 0
    assert event_log == [events.NoticesChanged(alice.id)] * 2
    assert [await queries.unread_count(person.id) for person in (alice, bob)] == [0, 2]


async def test_wishes_are_refused_with_a_reason_and_not_overwritten_blindly(database: Database) -> None:
    person = await somebody()
    assert (await refused(actions.wish(person.id, Wishes({"fault": "x"}), frozenset()))).code == "notice.bad_wish"
    await actions.wish(person.id, Wishes({"fault": "never"}), frozenset(), 0)
    assert (await refused(actions.wish(person.id, Wishes({}), frozenset(), 0))).code == "request.stale"
    await actions.wish(person.id, Wishes({"fault": "daily"}), frozenset(), 1)
    assert await queries.wishes_of(person.id) == (Wishes({"fault": "daily"}), 2)


@pytest.mark.parametrize("connections", [4])
async def test_a_button_pressed_twice_stores_a_choice(database: Database, connections: int) -> None:
    person = await somebody()
    chosen = Wishes({"fault": "never"})
    await asyncio.gather(*(actions.wish(person.id, chosen, frozenset()) for _ in range(4)))
    assert await queries.wishes_of(person.id) == (chosen, 4)


@pytest.mark.databases("sqlite")
async def test_what_was_chosen_of_a_topic_that_is_gone_is_no_wish(database: Database) -> None:
    person = await somebody()
    await actions.wish(person.id, Wishes({"fault": "never"}), frozenset())
    await NoticeWishes.filter(person_id=person.id).update(timings={"fault": "never", "gone": "daily"})
    assert (await queries.wishes_of(person.id))[0] == Wishes({"fault": "never"})


async def test_a_trial_wants_a_server_and_an_address(database: Database) -> None:
    person = await somebody()
    assert (await refused(actions.tell_trial(person.id, person.mail, False, NOW))).code == "notice.no_server"
    assert (await refused(actions.tell_trial(person.id, "", True, NOW))).code == "notice.no_mail"
    for _ in range(2):
        await actions.tell_trial(person.id, person.mail, True, NOW)
    assert await Notice.all().count() == 1
