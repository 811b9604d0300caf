"""Canaries in what is protected: whatever happens in a room of the Help Point, no mail and no notice tells of it."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.office import OfficeSettings
from config.sending.sender import Sender
from registry.blocks.actions import make_block
from registry.blocks.rules import Clearance, NewBlock, OnConflict
from registry.bookings import actions
from registry.bookings.actions import BookingChanges
from registry.bookings.models import Booking, Kind
from registry.bookings.readiness import tell_of_readiness
from registry.bookings.readings import advance_due, record_readings, watch_started
from registry.bookings.rules import BookingRequest
from registry.core.history import Actor
from registry.departures.actions import deactivate
from registry.departures.rules import LoadKind
from registry.devices.notices import tell_of_silence
from registry.devices.occupancy import Reading
from registry.faults.actions import NewReport, act_on, report
from registry.faults.models import FaultAct
from registry.outbox.models import Letter, LetterState, Notice
from registry.people.models import Person
from registry.rooms.models import Room, StandardItem
from tests import mail_server
from tests.config.sending.test_sender import settings_for
from tests.conftest import Database
from tests.make import HOUR, MINUTE, NOW, make_asset, make_device, make_person, make_room

CANARY = "KANAREK"
DAY = timedelta(days=1)


def of(person: Person) -> Actor:
    return Actor(person.name, "web", person.id)


async def staff(login: str, role: str) -> Person:
    name, mail = f"{CANARY}-{login}", f"{login}@urzad.example"
    return await make_person(login, role=role, name=name, mail=mail, language="pl" if role == "duty" else "en")


async def shy_room(code: str, visibility: str) -> Room:
    room = await make_room(
        code=f"{CANARY}-{code}", name=f"{CANARY} {code}", number=f"{CANARY}{code}", visibility=visibility
    )
    await StandardItem.create(room=room, name=f"{CANARY} ekran", feature="screen")
    await make_asset(room=room, name=f"{CANARY} ekran", condition="faulty")
    return room


async def live(room: Room, other: Room, duty: Person, heir: Person, boss: Person) -> None:
    """All that others can do about somebody's bookings and reports in a room, once."""
    theirs = boss, of(boss), NOW

    async def booked(hours: float, kind: Kind = Kind.CONSULTATION) -> Booking:
        start = NOW + hours * HOUR
        wish = BookingRequest(room.code, start, start + HOUR, organizer=duty.login, kind=kind, needs=("screen",))
        return await actions.book(wish, *theirs)

    changed = await booked(2)
    await actions.change(changed.id, BookingChanges(ends_at=NOW + 3.5 * HOUR), *theirs)
    await actions.change(changed.id, BookingChanges(room=other.code), *theirs)
    cancelled = await booked(6)
    await actions.cancel(cancelled.id, boss, of(boss), NOW, reason="moved")
    await actions.undo_release(cancelled.id, *theirs)
    running = await booked(0.1)
    await actions.check_in(running.id, *theirs)
    await actions.end(running.id, boss, of(boss), NOW + 20 * MINUTE)
    await booked(30)
    span = (NOW + 29 * HOUR, NOW + 32 * HOUR)
    await make_block(NewBlock((room.code,), (span,), f"{CANARY} remont"), Clearance(OnConflict.CANCEL), *theirs)
    await tell_of_readiness(NOW)
    filed = await report(NewReport(room.id, kind="light", text=f"{CANARY} nie świeci"), of(duty), NOW)
    await act_on(FaultAct.TAKE, filed.fault.id, f"{CANARY} biorę", of(heir), NOW)
    await act_on(FaultAct.RESOLVE, filed.fault.id, f"{CANARY} wkręcona", of(heir), NOW)
    sensor = await make_device(code=f"{CANARY}-{room.id}-occ", room=room, heard_at=NOW - DAY, online=True)
    await tell_of_silence(NOW)
    await record_readings([Reading(sensor.id, NOW, occupied=False)], NOW)
    await advance_due(NOW + HOUR)


@pytest.mark.parametrize("visibility", ["confidential", "hidden"])
@pytest.mark.databases("sqlite")
async def test_no_mail_and_no_notice_lets_a_canary_out(database: Database, tmp_path: Path, visibility: str) -> None:
    duty, boss = await staff("dyzur", "duty"), await staff("szef", "coordinator")
    heir, admin = await staff("opieka", "facilities"), await staff("admin", "admin")
    await watch_started(NOW - 2 * DAY)
    room, other = await shy_room("A", visibility), await shy_room("B", visibility)
    await live(room, other, duty, heir, boss)
    await deactivate(duty.login, {LoadKind.BOOKINGS: boss.login}, of(admin), NOW)
    await Person.filter(id=duty.id).update(is_active=True)
    kinds = {notice.kind async for notice in Notice.all()}
    assert kinds >= {
        "booking.booked", "booking.changed", "booking.moved", "booking.cancelled", "booking.restored",
        "booking.ended", "booking.handed_over", "readiness.lost", "fault.mended", "device.silent",
    }  # fmt: skip
    assert CANARY not in str([(notice.facts, notice.thing, notice.event) async for notice in Notice.all()])
    with mail_server.mail_server() as server:
        settings = settings_for(server, tmp_path, smtp_per_person=1000)
        for days in (0, 1, 2):
            now = NOW + days * DAY
            await Sender(OfficeSettings(settings), lambda now=now: now).send_notices(now)  # type: ignore[misc]  # each its own day
        assert {letter.state async for letter in Letter.all()} == {LetterState.SENT}
        assert len(server.letters) > 10
        for letter in server.letters:
            text = whole(letter)
            assert CANARY not in text, text
            if visibility == "hidden":
                assert re.findall(r"\d\d:\d\d–\d\d:\d\d", text) == [], "not even when"


def whole(letter: Any) -> str:
    """Every header but whom it is for, and every part of a mail, as its reader sees them."""
    headers = " ".join(f"{name}: {value}" for name, value in letter.items() if name.lower() != "to")
    return headers + "".join(part.get_content() for part in letter.iter_parts())
