"""Canaries in what is protected: no route, for no role that may not know them, ever lets one out."""

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from registry.bookings.models import Booking, Series, Status
from registry.core import history
from registry.core.history import SYSTEM
from registry.duties.models import Duty
from registry.people.models import Institution, Role
from registry.rooms.models import Building
from tests.make import make_asset
from tests.web.conftest import Office, soon

pytestmark = pytest.mark.anyio

CANARY = "KANAREK"
SEES_CONFIDENTIAL = {"duty", "coordinator", "admin"}
SEES_HIDDEN = {"duty", "coordinator", "admin"}
EVERYBODY = ["alice", "bob", "charlie", *(str(role) for role in Role if role is not Role.MEMBER)]


def day_of(at: datetime) -> str:
    """The day on which it is in the office, where late in the evening of UTC it is tomorrow."""
    return at.astimezone(ZoneInfo("Europe/Warsaw")).date().isoformat()


async def paths(office: Office, bookings: list[Booking]) -> list[str]:
    """Every GET of the API with its parameters filled in, and the queries that a curious person would try."""
    described = (await office.get("/api/v1/openapi.json", None)).json()["paths"]
    day = day_of(soon(24))
    house = await Building.get(id=office.rooms["M-1"].building_id)
    urls = ["/metrics", "/readyz"]
    codes = [str(code) for code in office.rooms]
    for path, methods in described.items():
        if "get" not in methods or path.endswith("/events"):
            continue
        filled = {re.sub(r"\{code\}", code, path) for code in codes} if "/rooms/" in path else {path}
        filled = {
            one.replace("{asset_id}", "1")
            .replace("{grant_id}", "1")
            .replace("{document_id}", "1")
            .replace("{number}", "x")
            .replace("{building}", house.code)
            .replace("{floor}", "0")
            for one in filled
        }
        filled = {one.replace("{fault_id}", str(number)) for one in filled for number in (1, 2)}
        filled = {one.replace("{file_id}", str(number)) for one in filled for number in (1, 2)}
        for one in filled:
            if "{booking_id}" in one:
                urls += [one.replace("{booking_id}", str(booking.id)) for booking in bookings]
            elif "{series_id}" in one:
                urls += [one.replace("{series_id}", str(booking.series_id)) for booking in bookings]
            else:
                urls.append(one.replace("{code}", "0000000"))
    urls += [f"/api/v1/rooms/{code}/bookings?from={day}" for code in codes]
    urls += [f"/api/v1/availability?date={day}&room={code}" for code in codes]
    urls += [f"/api/v1/history?object=booking:{booking.id}" for booking in bookings]
    urls += [f"/api/v1/history?object=series:{booking.series_id}" for booking in bookings]
    urls += [f"/series/{booking.series_id}" for booking in bookings]
    urls += [f"/api/v1/history?object=room:{room.id}" for room in office.rooms.values()]
    urls += [f"/search?q={CANARY}", f"/api/v1/search?q={CANARY}"]
    urls += [f"/api/v1/assets?q={CANARY}", f"/api/v1/duties?from={day}"]
    return urls


async def hide_canaries(office: Office) -> list[Booking]:
    """Bookings of the coordinator, each with a canary in its title and a span of its own to look for."""
    bookings = []
    for number, code in enumerate(("M-1", "C-1", "H-1")):
        starts_at = soon(24).replace(minute=7 + number, second=11, microsecond=717170 + number)
        title, kind = f"{CANARY}-{code}", "interview" if number else "training"
        coordinator, now = office.people["coordinator"], datetime.now(UTC)
        series = await Series.create(
            room=office.rooms[code],
            organizer=coordinator,
            institution_id=coordinator.institution_id,
            title=title,
            kind=kind,
            start="2026-12-01T09:00",
            minutes=60,
            zone="Europe/Warsaw",
            created_at=now,
        )
        if number:  # an auditor reads every other history
            await history.write(f"series:{series.id}", "booked", SYSTEM, now, after={"title": title, "kind": kind})
        bookings.append(
            await Booking.create(
                series=series, room=office.rooms[code], organizer=office.people["coordinator"], title=title,
                institution_id=office.people["coordinator"].institution_id,
                kind=kind, starts_at=starts_at, ends_at=soon(25),
                blocked_from=starts_at, blocked_to=soon(25), planned_ends_at=soon(25), created_at=datetime.now(UTC),
            )
        )  # fmt: skip
    return bookings


async def test_no_route_lets_a_canary_out(office: Office) -> None:
    bookings = await hide_canaries(office)
    await Duty.create(
        room=office.rooms["C-1"], person=office.people["duty"], name=f"{CANARY}-D", starts_at=soon(23), ends_at=soon(26)
    )
    for code in ("C-1", "H-1"):
        await office.post("/faults", {"room": code, "kind": "light", "text": f"{CANARY}-F"}, "alice")
    seers: dict[str, set[str]] = {}
    for who in EVERYBODY:
        for path in await paths(office, bookings):
            answer = await office.get(path, who)
            assert answer.status_code < 500, (path, answer.text)
            for bird in re.findall(rf"{CANARY}-\S\-?\d?", answer.text):
                seers.setdefault(bird, set()).add(who)
            if who not in SEES_HIDDEN:
                assert bookings[2].starts_at.strftime(":%S.%f") not in answer.text, (who, path)
            if who not in SEES_CONFIDENTIAL:
                assert 'interview","status' not in answer.text, (who, path)
    assert seers.pop(f"{CANARY}-M-1") == {"coordinator", "admin"}, "another institution sees no title"
    assert seers.pop(f"{CANARY}-C-1") == SEES_CONFIDENTIAL
    assert seers.pop(f"{CANARY}-H-1") == SEES_HIDDEN
    assert seers.pop(f"{CANARY}-D") == {"duty", "coordinator", "auditor", "admin"}
    assert seers.pop(f"{CANARY}-F") == {"alice", "duty", "coordinator", "facilities", "auditor", "admin"}
    assert not seers


async def test_who_is_named_an_approver_reads_what_awaits_but_not_in_the_help_point(office: Office) -> None:
    bookings = await hide_canaries(office)
    await Booking.filter(status=Status.CONFIRMED).update(status=Status.TENTATIVE)
    for code in ("M-1", "C-1", "H-1"):
        await office.rooms[code].approvers.add(office.people["charlie"])
    birds = set()
    for path in await paths(office, bookings):
        birds |= set(re.findall(rf"{CANARY}-\S\-?\d?", (await office.get(path, "charlie")).text))
    assert birds == {f"{CANARY}-M-1"}


async def test_no_feed_lets_a_canary_out(office: Office) -> None:
    bookings = await hide_canaries(office)
    room = office.rooms["C-1"]
    await Duty.create(room=room, person=office.people["duty"], name=CANARY, starts_at=soon(23), ends_at=soon(26))
    wishes: list[dict[str, str]] = [{"of": "me"}, *({"of": "room", "code": code} for code in office.rooms)]
    own = office.people["coordinator"].institution_id
    institution = await Institution.get(id=own) if own else None
    wishes += [{"of": "institution", "code": institution.code}] if institution else []
    seers = set()
    for who in EVERYBODY:
        for wish in wishes:
            reply = await office.post("/feeds", wish, who)
            if not reply.is_success:
                assert reply.status_code == 403, reply.text
                continue
            answer = await office.client.get(reply.json()["url"].removeprefix("http://127.0.0.1:8000"))
            text = answer.text.replace("\r\n ", "")
            assert not any(f"{CANARY}-{code}" in text or f"ROOM {code}" in text for code in ("C-1", "H-1")), (who, wish)
            assert not any(str(booking.id) in text for booking in bookings[1:]), (who, wish)
            assert "nterview" not in text, (who, wish)
            assert f":{bookings[2].starts_at:%Y%m%dT%H%M%S}" not in text, (who, wish)
            seers |= {who} if f"{CANARY}-M-1" in text else set()
    assert seers == {"coordinator", "admin"}


async def test_a_confidential_room_is_busy_and_nothing_else(office: Office) -> None:
    booking = (await hide_canaries(office))[1]
    day = day_of(booking.starts_at)
    (span,) = (await office.get(f"/rooms/C-1/bookings?from={day}")).json()["items"]
    assert span.keys() == {"room", "starts_at", "ends_at"}
    (item,) = (await office.get(f"/availability?date={day}&room=C-1")).json()["items"]
    assert item["bookings"] == [span]
    refused = await office.post(
        "/bookings", {"room": "C-1", "starts_at": booking.starts_at.isoformat(), "ends_at": booking.ends_at.isoformat()}
    )
    assert refused.json()["conflicts"] == [span]
    assert (await office.get(f"/bookings/{booking.id}")).json() == span


async def test_a_hidden_room_tells_no_times(office: Office) -> None:
    booking = (await hide_canaries(office))[2]
    day = day_of(booking.starts_at)
    assert (await office.get(f"/rooms/H-1/bookings?from={day}")).json()["items"] == []
    (item,) = (await office.get(f"/availability?date={day}&room=H-1")).json()["items"]
    assert (item["bookings"], item["times_hidden"]) == ([], True)
    assert (await office.get(f"/bookings/{booking.id}")).status_code == 404
    state = (await office.get("/rooms/H-1/state")).json()
    assert (state["until"], state["next_starts_at"]) == (None, None)
    around = {"free_from": soon(30).isoformat(), "free_to": soon(31).isoformat()}
    free = (await office.get("/rooms", params=around)).json()["items"]
    assert "H-1" not in {room["code"] for room in free}, "absent whether free or taken"
    mine = (await office.get("/rooms", "duty", params=around)).json()["items"]
    assert "H-1" in {room["code"] for room in mine}


async def walk(office: Office, urls: list[str], who: str) -> dict[str, str]:
    """What this person is told everywhere, but for the moment at which it is told."""
    texts = {}
    for path in urls:
        answer = await office.get(path, who)
        if path == "/metrics":
            texts[path] = "".join(line for line in answer.text.splitlines() if line.startswith("izba_"))
            continue
        text = re.sub(r'"as_of":"[^"]*"', "", answer.text)
        texts[path] = f"{answer.status_code} {answer.headers.get('etag')} {text}"
    return texts


async def test_nothing_tells_that_something_happened_in_a_shy_room(office: Office) -> None:
    """A visit is booked, somebody comes to another: nobody who does not work there can see that anything changed."""
    bookings = await hide_canaries(office)
    running = await office.held("C-1", hours=-0.25, who="coordinator", kind="consultation", status="confirmed")
    strangers = [who for who in EVERYBODY if who not in {*SEES_HIDDEN, "auditor"}]
    urls = await paths(office, bookings)
    before = {who: await walk(office, urls, who) for who in strangers}
    assert (await office.book(48, "H-1", "coordinator", wish={"kind": "interview"})).status_code == 201
    assert (await office.post(f"/bookings/{running.id}/check-in", who="coordinator")).status_code == 200
    for who in strangers:
        after = await walk(office, urls, who)
        differs = {path for path in after if after[path] != before[who][path]}
        assert differs == set(), who


async def test_nothing_tells_a_stranger_that_something_was_reported_in_a_shy_room(office: Office) -> None:
    urls = await paths(office, [])
    before = {who: await walk(office, urls, who) for who in ("bob", "charlie")}
    for code in ("C-1", "H-1"):
        assert (await office.post("/faults", {"room": code, "text": "Cieknie"}, "alice")).status_code == 201
    for who, told_before in before.items():
        after = await walk(office, urls, who)
        assert {path for path in after if after[path] != told_before[path]} == set(), who


async def test_nothing_tells_when_a_hidden_room_is_out_of_use(office: Office) -> None:
    """A block and works of a hidden room: no time of theirs and no word, for nobody who does not work there."""
    works = {
        "name": "Remont", "starts_on": day_of(soon(24)), "ends_on": day_of(soon(48)), "rooms": ["H-1", "M-1"],
    }  # fmt: skip
    number = (await office.post("/works", works, "coordinator")).json()["id"]
    moment = {"minute": 7, "second": 11, "microsecond": 717170}  # nothing else happens then
    starts_at, ends_at = (soon(hours).replace(**moment) for hours in (24, 26))
    block = {
        "rooms": ["H-1"], "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat(), "reason": CANARY,
        "public_text": {"pl": CANARY},
    }  # fmt: skip
    answers = [await office.post(path, block, "coordinator") for path in ("/blocks", f"/works/{number}/blocks")]
    assert [answer.status_code for answer in answers] == [201, 409]
    later = [soon(hours).replace(**moment).isoformat() for hours in (30, 31)]
    block |= {"starts_at": later[0], "ends_at": later[1]}
    answers[1] = await office.post(f"/works/{number}/blocks", block, "coordinator")
    ids = [answer.json()["id"] for answer in answers]
    urls = [f"/blocks/{one}" for one in ids] + ["/blocks", "/blocks?room=H-1", f"/works/{number}", "/history"]
    urls += [f"/history?object=block:{one}" for one in ids] + [f"/history?object=works:{number}"]
    for who in EVERYBODY:
        others = await paths(office, []) if who in {"facilities", "auditor", "accountant"} else []
        texts = await walk(office, [*urls, *others], who)
        telling = {path for path, text in texts.items() if CANARY in text or ":07:11.717170" in text}
        assert bool(telling) is (who in SEES_HIDDEN), f"{who}: {telling}"


async def test_the_same_day_is_told_to_each_viewer_anew(office: Office) -> None:
    """What one viewer was told never reaches another, in whatever order they ask."""
    await office.held("M-1", title="Nasze")
    await office.held("C-1", kind="consultation")
    day = day_of(soon(24))
    texts: dict[str, Any] = {}
    for who in ("admin", "alice", "bob", "charlie", "duty", "admin", "charlie", "alice"):
        items = (await office.get(f"/availability?date={day}&room=M-1&room=C-1", who)).json()["items"]
        texts.setdefault(who, items)
        assert texts[who] == items
        titles = {one.get("title") for item in items for one in item["bookings"]}
        assert ("Nasze" in titles) == (who in ("admin", "alice", "bob"))
        kinds = {one.get("kind") for one in items[1]["bookings"]}
        assert ("consultation" in kinds) == (who in ("admin", "alice", "duty"))


async def test_an_invoice_is_for_those_who_count_money(office: Office) -> None:
    for bird, kind in (("I", "invoice"), ("P", "protocol"), ("M", "manual"), ("T", "invoice"), ("F", "manual")):
        file = {"file": (f"{CANARY}-{bird}.pdf", f"%PDF-1.7 {bird}".encode())}
        answer = await office.post("/assets/1/files", who="facilities", files=file, data={"kind": kind})
        assert answer.status_code == 201, answer.text
    for number, kind in ((4, "manual"), (5, "invoice")):
        answer = await office.call("PATCH", f"/assets/1/files/{number}", "facilities", json={"kind": kind})
        assert answer.status_code == 200, answer.text
    seers: dict[str, set[str]] = {}
    for who in EVERYBODY:
        for path in [*await paths(office, []), *(f"/api/v1/files/{number}" for number in (3, 4, 5))]:
            answer = await office.get(path, who)
            text = answer.text + answer.headers.get("content-disposition", "")
            for bird in re.findall(rf"{CANARY}-\S", text):
                seers.setdefault(bird, set()).add(who)
    counting = {"coordinator", "facilities", "accountant", "auditor", "admin"}
    everybody = set(EVERYBODY)
    seers_by_bird = {bird.removeprefix(f"{CANARY}-"): who for bird, who in seers.items()}
    assert seers_by_bird == {"I": counting, "P": counting, "F": counting, "M": everybody, "T": everybody}


async def test_money_is_for_those_who_count_it(office: Office) -> None:
    asset = await make_asset(price=12345)
    for who in EVERYBODY:
        one = (await office.get(f"/assets/{asset.id}", who)).json()
        everything = (await office.get("/assets", who)).json()
        counts = who not in ("alice", "bob", "charlie", "duty")
        assert (one["price"] is not None) == counts
        assert (one["shares"] is not None) == counts
        assert (everything["total_price"] is not None) == counts
