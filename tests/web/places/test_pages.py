"""The settings of a room on their page: who opens it, what it says before and after, and what cannot stand."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.bookings.models import Kind, Status
from registry.core.history import HistoryEntry
from registry.rooms.models import Room
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
PAGE = "/admin/places/rooms/MAIN"
HOUR = timedelta(hours=1)


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    desk = await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()
    await make.make_room(code="MAIN", name="Sala", min_minutes=15, max_hours=8, no_show_minutes=10, floor=1)
    return desk


async def form_of(desk: Desk, page: str = PAGE, **changes: Any) -> dict[str, Any]:
    """The fields as a browser would send them."""
    text = (await desk.get(page, "coordinator")).text
    text = text[text.index('id="room-form"') : text.index('class="pin-form"')]
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]+>", text):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        name = attributes.get("name", "")
        if not name or name == "csrf" or attributes.get("type") in ("checkbox", "radio") and " checked" not in tag:
            continue
        if name in ("proofs", "institutions"):
            fields.setdefault(name, []).append(attributes["value"])
        else:
            fields[name] = attributes.get("value", "")
    for name, options in re.findall(r'<select[^>]+name="(\w+)"[^>]*>(.*?)</select>', text):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        fields[name] = chosen.group(1) if chosen else ""
    return {name: value for name, value in (fields | changes).items() if value is not None}


async def test_only_who_runs_rooms_finds_the_settings(desk: Desk) -> None:
    for who in ("member", "duty", "facilities", "accountant", "auditor"):
        for path in ("/admin/places", PAGE):
            assert (await desk.get(path, who)).status_code == 403, (who, path)
        assert "/admin/places" not in (await desk.get("/rooms/MAIN", who)).text
    for who in ("coordinator", "admin"):
        assert "Sala" in await desk.read("/admin/places", who)
        assert f'href="{PAGE}"' in (await desk.get("/rooms/MAIN", who)).text
    assert (await desk.get("/admin/places/rooms/NONE", "admin")).status_code == 404


async def test_a_form_sent_as_it_came_changes_nothing(desk: Desk) -> None:
    room = await Room.get(code="MAIN")
    answer = await desk.post(PAGE, "coordinator", **await form_of(desk))
    assert answer.status_code == 303
    fresh = await Room.get(code="MAIN")
    assert fresh.revision == room.revision
    assert await HistoryEntry.all().count() == 0


async def test_the_page_says_in_words_what_the_rules_do(desk: Desk) -> None:
    text = await desk.read(PAGE, "coordinator")
    assert "When nobody comes, the room is free again 10 minutes after the start." in text
    assert "No sensor here can say that nobody is in, so for now nothing is released." in text
    assert "Everybody books it, for 15 min to 8 h, at most 400 days ahead." in text
    await make.make_device(room=await Room.get(code="MAIN"))
    assert "a silent one releases nothing" in await desk.read(PAGE, "coordinator")


async def test_a_change_is_looked_at_before_it_is_saved(desk: Desk) -> None:
    room = await Room.get(code="MAIN")
    starts_at = datetime.now(UTC) + 24 * HOUR
    await make.make_booking(starts_at, starts_at + 3 * HOUR, room=room, organizer=desk.people["alice"], title="Narada")
    form = await form_of(desk, max_hours="2", no_show_minutes="20", visibility="confidential")
    answer = await desk.post(f"{PAGE}/effects", "coordinator", **form)
    text = " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())
    assert "free again 20 minutes after the start" not in text, "of a confidential room nothing is released"
    assert "A booking of this room is never released by itself. changes" in text
    assert "1 booking ahead has a title that others no longer see." in text
    assert "1 booking will no longer fit" in text
    assert "at most 2 hours" in text
    looked = await desk.post(PAGE, "coordinator", **form, look="1")
    assert "1 booking will no longer fit" in text_of(looked.text)
    assert 'value="20"' in looked.text
    fresh = await Room.get(code="MAIN")
    assert (fresh.max_hours, str(fresh.visibility)) == (8, "internal")


async def test_what_is_saved_stands_in_the_history_with_its_reason(desk: Desk) -> None:
    room = await Room.get(code="MAIN")
    starts_at = datetime.now(UTC) + 24 * HOUR
    booking = await make.make_booking(starts_at, starts_at + 3 * HOUR, room=room, organizer=desk.people["alice"])
    form = await form_of(desk, max_hours="2", bookable="1", name_uk="Зала", reason="Umowa z najemcą")
    text = text_of((await desk.send(PAGE, "coordinator", **form)).text)
    assert "1 booking no longer fits" in text
    assert "longest, hours: 8 → 2" in text
    assert "Umowa z najemcą" in text
    fresh = await Room.get(code="MAIN")
    assert (fresh.max_hours, fresh.name_uk) == (2, "Зала")
    await booking.refresh_from_db()
    assert booking.status is Status.CONFIRMED


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"no_show_minutes": "1"}, "Write a whole number from 3 to 120, or leave it empty for never."),
        ({"max_days_ahead": "dużo"}, "Write a whole number from 1 to 730."),
        ({"min_minutes": "600"}, "The shortest booking is longer than the longest."),
        ({"name": ""}, "Fill this in: people know the room by it."),
        ({"name": "x" * 121}, "This is longer than 120 characters."),
        ({"note": "a\u202eb"}, "This holds characters that cannot be shown."),
        ({"area_m2": "duża"}, "Write the area in square metres"),
        ({"kind": "palace"}, "Choose one of the list."),
        ({"opening": "never"}, "Choose one of the list."),
        ({"proofs": ["pin"]}, "has none"),
    ],
)
async def test_what_cannot_stand_is_said_at_its_field_and_nothing_typed_is_lost(
    desk: Desk, changes: dict[str, Any], sentence: str
) -> None:
    form = await form_of(desk, number="31C", **changes)
    answer = await desk.post(PAGE, "coordinator", **form)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="31C"' in answer.text
    assert (await Room.get(code="MAIN")).number != "31C"


async def test_two_who_set_one_room_see_each_other(desk: Desk) -> None:
    first, second = await form_of(desk, capacity="4"), await form_of(desk, capacity="6", note="Klucz")
    assert (await desk.post(PAGE, "coordinator", **first)).status_code == 303
    answer = await desk.post(PAGE, "admin", **second)
    assert answer.status_code == 412
    assert "Somebody set this room otherwise meanwhile" in answer.text
    assert 'value="Klucz"' in answer.text
    assert (await Room.get(code="MAIN")).capacity == 4
    anew = re.search(r'name="mark" value="(\w+)"', answer.text)
    assert anew
    assert (await desk.post(PAGE, "admin", **second | {"mark": anew.group(1)})).status_code == 303
    assert (await Room.get(code="MAIN")).capacity == 6


async def test_the_same_form_sent_twice_sets_the_room_once(desk: Desk) -> None:
    form = await form_of(desk, capacity="4")
    for _ in range(2):
        assert (await desk.post(PAGE, "coordinator", **form)).status_code == 303
    assert await HistoryEntry.filter(action="changed").count() == 1


async def test_the_class_of_a_room_with_a_visit_is_refused_in_words(desk: Desk) -> None:
    room = await make.make_room(code="Q-1", visibility="confidential")
    now = datetime.now(UTC)
    await make.make_booking(now - HOUR, now + HOUR, room=room, kind=Kind.CONSULTATION, status=Status.CHECKED_IN)
    page = "/admin/places/rooms/Q-1"
    answer = await desk.post(page, "coordinator", **await form_of(desk, page, visibility="internal"))
    assert answer.status_code == 409
    assert "Somebody is in Q-1 by a booking now" in answer.text


async def test_the_rules_of_another_room_come_into_the_form(desk: Desk) -> None:
    await make.make_room(code="OTHER", max_hours=3, cleanup_minutes=25, name="Inna", capacity=99)
    page = await desk.get(f"{PAGE}?like=OTHER", "coordinator")
    assert "The rules of OTHER" in page.text
    assert 'value="25"' in page.text
    assert 'value="99"' not in page.text
    await desk.post(PAGE, "coordinator", **await form_of(desk, f"{PAGE}?like=OTHER"))
    fresh = await Room.get(code="MAIN")
    assert (fresh.max_hours, fresh.cleanup_minutes, fresh.name, fresh.capacity) == (3, 25, "Sala", 12)


async def test_the_pin_of_a_door_is_set_and_never_read(desk: Desk) -> None:
    answer = await desk.post(f"{PAGE}/pin", "coordinator", secret="12")
    assert answer.status_code == 422
    assert "digits" in answer.text
    assert (await desk.post(f"{PAGE}/pin", "coordinator", secret="4711")).status_code == 303
    assert (await Room.get(code="MAIN")).door_pin
    assert "4711" not in (await desk.get(PAGE, "coordinator")).text
    await desk.post(PAGE, "coordinator", **await form_of(desk, proofs=["pin"]))
    assert (await Room.get(code="MAIN")).door_proofs == "pin"
    await desk.post(PAGE, "coordinator", **await form_of(desk, proofs=["phone"]))
    assert (await desk.post(f"{PAGE}/pin", "coordinator", remove="1")).status_code == 303
    assert not (await Room.get(code="MAIN")).door_pin
