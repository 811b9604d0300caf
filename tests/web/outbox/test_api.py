"""Notices and the outbox for programs."""

from datetime import UTC, datetime

import pytest

from registry.core.transaction import transaction
from registry.outbox import actions, letters
from registry.outbox.actions import NewNotice
from registry.outbox.letters import Delivery, SortingPlan
from registry.outbox.models import LetterState
from registry.outbox.rules import Wishes
from registry.people.models import Person
from registry.rooms.models import Room, Visibility
from tests.conftest import WARSAW
from tests.web.conftest import Office

pytestmark = pytest.mark.anyio
PLAN = SortingPlan(True, frozenset(), 20, WARSAW)


async def test_a_cancellation_by_another_is_read_by_a_program(office: Office) -> None:
    booking = (await office.book(wish={"title": "Narada"})).json()
    assert (await office.get("/notices")).json() == {"items": [], "next": None, "total": 0, "unread": 0}
    answer = await office.post(f"/bookings/{booking['id']}/cancel", {"reason": "x"}, "coordinator")
    assert answer.status_code == 200, answer.text
    notices = (await office.get("/notices")).json()
    assert (notices["total"], notices["unread"]) == (1, 1)
    (item,) = notices["items"]
    assert (item["kind"], item["thing"], item["read_at"]) == ("booking.cancelled", f"booking:{booking['id']}", None)
    assert (item["facts"]["room"], item["facts"]["by"]) == ("M-1", "Coordinator")
    assert (await office.get("/notices", "coordinator")).json()["total"] == 0
    read = await office.post("/notices/read", {"ids": [item["id"]]})
    assert read.json() == {"read": 1, "unread": 0}
    assert (await office.post("/notices/read")).json() == {"read": 0, "unread": 0}


async def test_what_somebody_chose_is_merged_and_guarded_by_its_revision(office: Office) -> None:
    first = await office.get("/notices/wishes")
    assert (first.json()["timings"], first.headers["etag"]) == ({}, '"0"')
    await office.call("PATCH", "/notices/wishes", json={"timings": {"fault": "never"}})
    answer = await office.call("PATCH", "/notices/wishes", json={"timings": {"due": "never"}, "daily_minute": 0})
    assert (answer.json()["timings"], answer.json()["daily_minute"]) == ({"fault": "never", "due": "never"}, 0)
    stale = await office.call("PATCH", "/notices/wishes", json={"daily_minute": 1}, headers={"if-match": '"1"'})
    assert stale.status_code == 412
    refused = await office.call("PATCH", "/notices/wishes", json={"timings": {"own_booking": "never"}})
    assert (refused.status_code, refused.json()["code"]) == (422, "notice.not_to_be_off")


@pytest.mark.databases("sqlite")
async def test_a_channel_that_is_gone_stays_chosen_until_another_one_is(office: Office) -> None:
    chosen = Wishes({}, channel="Pigeon", channel_address="loft")
    await actions.wish(office.people["alice"].id, chosen, frozenset({"Pigeon"}))
    answer = await office.call("PATCH", "/notices/wishes", json={"daily_minute": 60})
    assert (answer.status_code, answer.json()["channel"], answer.json()["daily_minute"]) == (200, "Pigeon", 60)
    refused = await office.call("PATCH", "/notices/wishes", json={"channel": "Raven"})
    assert (refused.status_code, refused.json()["code"]) == (422, "notice.bad_channel")
    assert (await office.call("PATCH", "/notices/wishes", json={"channel": ""})).json()["channel"] == ""


@pytest.mark.databases("sqlite")
async def test_a_program_reads_no_more_of_a_room_that_became_confidential_than_a_page_shows(office: Office) -> None:
    booking = (await office.book(wish={"title": "Narada"})).json()
    await office.post(f"/bookings/{booking['id']}/cancel", {"reason": "x"}, "coordinator")
    await Room.filter(code="M-1").update(visibility=Visibility.CONFIDENTIAL)
    (item,) = (await office.get("/notices")).json()["items"]
    assert (item["kind"], item["facts"]) == ("booking.cancelled", {})


async def test_a_dead_letter_is_listed_sent_again_and_dropped(office: Office) -> None:
    now = datetime.now(UTC)
    await Person.filter(login="alice").update(mail="alice@urzad.example")
    async with transaction() as change:
        await actions.tell(change, [NewNotice(office.people["alice"].id, "booking.cancelled", "x")], now)
    await letters.sort_out(PLAN, now)
    (parcel,) = await letters.claim(10, now)
    await letters.settle([Delivery(parcel.letter, LetterState.DEAD, "550 no")], now)
    assert (await office.get("/outbox", "alice")).status_code == 403
    assert (await office.get("/outbox", "admin")).json()["total"] == 0
    (item,) = (await office.get("/outbox?state=dead", "admin")).json()["items"]
    assert (item["person"], item["kinds"], item["answer"]) == ("alice", ["booking.cancelled"], "550 no")
    again = await office.post(f"/outbox/{item['id']}/send-again", who="admin")
    assert (again.status_code, again.json()["state"]) == (200, "waiting")
    assert (await office.post(f"/outbox/{item['id']}/drop", who="admin")).json()["state"] == "dropped"
    assert (await office.post("/outbox/999/send-again", who="admin")).status_code == 404
