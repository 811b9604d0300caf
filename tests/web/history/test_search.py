"""The history of everything: found by who, what and when, with before and after, and taken away as a list."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.core import history
from registry.core.history import Actor, HistoryEntry, HistoryWish, search
from registry.rooms.models import Visibility
from tests.make import NOW, make_booking, make_room
from tests.statements import Statements
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site
from web.history import search_pages
from web.kit.i18n import Formats

pytestmark = pytest.mark.anyio
ALICE, BOB = Actor("Alice", "web"), Actor("Bob", "api")


@pytest.fixture
async def desk(database: Any, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def entries(now: datetime = NOW) -> None:
    await history.write("asset:7", "added", ALICE, now, after={"name": "Lampa"})
    await history.write(
        "asset:7", "changed", BOB, now + timedelta(hours=1), before={"name": "Lampa"}, after={"name": "Stół"}
    )
    await history.write("office:1", "settings changed", ALICE, now + timedelta(days=2), after={"language": "en"})


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (HistoryWish(), 3), (HistoryWish(thing="asset:7"), 2), (HistoryWish(thing="asset:"), 2),
        (HistoryWish(actor="ali"), 2), (HistoryWish(action="changed"), 1),
        (HistoryWish(thing="asset:", actor="bob"), 1),
        (HistoryWish(since=NOW + timedelta(hours=1)), 2), (HistoryWish(until=NOW + timedelta(hours=1)), 1),
        (HistoryWish(until=NOW - timedelta(days=1)), 0), (HistoryWish(thing="asset:8"), 0),
    ],
)  # fmt: skip
async def test_entries_are_found(wish: HistoryWish, expected: int) -> None:
    await entries()
    part = await search(wish, None, 10)
    assert (len(part.entries), part.before) == (expected, None)
    assert [one.id for one in part.entries] == sorted((one.id for one in part.entries), reverse=True)


@pytest.mark.usefixtures("database")
async def test_a_search_goes_on_where_it_ended_and_looks_through_so_many_at_most(
    monkeypatch: pytest.MonkeyPatch, statements: Statements
) -> None:
    await entries()
    first = await search(HistoryWish(), None, 2)
    assert first.before == first.entries[-1].id
    second = await search(HistoryWish(), first.before, 2)
    assert (len(second.entries), second.before) == (1, None)
    monkeypatch.setattr(history, "WINDOW", 1)
    with statements.at_most(3):
        part = await search(HistoryWish(thing="asset:", since=NOW - timedelta(days=9)), None, 10)
    assert part.entries == []
    assert part.before is not None
    assert [one.action for one in (await search(HistoryWish(thing="asset:"), part.before, 10)).entries] == ["changed"]
    assert (await search(HistoryWish(since=NOW + timedelta(days=1)), None, 10)).before is None, "all else is older"


@pytest.mark.databases("sqlite")
async def test_the_page_shows_before_and_after(desk: Desk) -> None:
    await entries(datetime.now(UTC) - timedelta(days=3))
    room = await make_room(code="A-120")
    await history.write(f"room:{room.id}", "rules_set", ALICE, datetime.now(UTC), before={"no_show_minutes": 10},
                        after={"no_show_minutes": 12}, reason="remont")  # fmt: skip
    text = await desk.read("/admin/history", "auditor")
    assert "Changed asset:7 name Lampa → Stół" in text
    assert "Set otherwise room:A-120 free again after the start, minutes 10 → 12 Reason: remont" in text
    assert "Settings changed" in text
    assert "Settings changed" not in await desk.read("/admin/history?q=room:A-120", "admin")
    assert "Nothing here fits" in await desk.read("/admin/history?q=nobody", "admin")
    assert "Lampa" in await desk.read("/admin/history?kind=asset", "coordinator")
    answer = await desk.get("/admin/history?since=yesterday", "admin")
    assert (answer.status_code, "yesterday is no day" in text_of(answer.text)) == (422, True)
    for who in ("alice", "facilities", "accountant", "duty"):
        assert (await desk.get("/admin/history", who)).status_code == 403


@pytest.mark.databases("sqlite")
async def test_a_thing_s_fields_and_values_are_words(desk: Desk) -> None:
    room, person, now = await make_room(code="A-120"), desk.people["alice"], datetime.now(UTC)
    at = NOW.isoformat()
    await history.write(
        f"room:{room.id}", "added", ALICE, now, after={"kind": "meeting", "visibility": "internal", "bookable": True}
    )
    await history.write("booking:1", "booked", ALICE, now, after={"room": room.id, "starts_at": at, "status": "x"})
    await history.write("fault:1", "fault_handed_over", ALICE, now, before={"owner_id": None, "x": {"y": [1]}},
                        after={"owner_id": person.id, "x": "9999-99-99"})  # fmt: skip
    await history.write("asset:7", "changed", ALICE, now, before={"lifecycle": "in_use"}, after={"price": "12.50"})
    await history.write("person:1", "changed", ALICE, now, before={"role": "duty"}, after={"role": "admin", "z": []})
    former = {"kind": "furniture", "standard": ["4 stoły"]}
    await history.write(f"room:{room.id}", "rules_set", ALICE, now, before=former, after=former)
    await history.write("asset:8", "changed", ALICE, now, after={"shares": [{"of": "x"}]})
    edge = {"name": "9999-12-31T23:30:00Z", "title": "0001-01-01T00:00:00+14:00"}
    await history.write("view:1", "saved", ALICE, now, after=edge)
    await history.write("category:1", "changed", ALICE, now, after={"parent": "Meble", "pieces": [3, 4]})
    text = await desk.read("/admin/history", "admin")
    for words in (
        "what it is for meeting room class of visibility internal bookable yes",
        f"room A-120 start {Formats('en', 'Europe/Warsaw').datetime(NOW)} state x",
        f'who takes care of it {person.name} x {{"y":[1]}} → 9999-99-99',
        "life cycle in use → – price 12.50 PLN",
        "role duty officer → administrator z –",
        "below Meble pieces 3, 4",
        'what it is for furniture → furniture standard ["4 stoły"] → ["4 stoły"]',
        'funding [{"of":"x"}]',
        "name 9999-12-31T23:30:00Z title 0001-01-01T00:00:00+14:00",
    ):
        assert words in text, words


@pytest.mark.databases("sqlite")
async def test_an_auditor_is_not_told_who_comes_to_the_help_point(desk: Desk) -> None:
    room = await make_room(visibility=Visibility.HIDDEN)
    booking = await make_booking(room=room, organizer=desk.people["duty"])
    await history.write(
        f"booking:{booking.id}", "made", Actor("KANAREK", "web"), datetime.now(UTC), after={"kind": "KANAREK"}
    )
    for path in ("/admin/history", "/admin/history.csv"):
        answer = await desk.get(path, "auditor")
        assert answer.status_code == 200
        assert "KANAREK" not in answer.text
        assert str(booking.id) in answer.text
        by_name = await desk.get(f"{path}?q=kanarek", "auditor")
        assert by_name.status_code == 200
        assert str(booking.id) not in by_name.text, "what somebody did is not found by their name either"
        assert str(booking.id) in (await desk.get(f"{path}?q=kanarek", "coordinator")).text
    assert "KANAREK" in (await desk.get("/admin/history", "coordinator")).text


@pytest.mark.databases("sqlite")
async def test_where_a_part_ends_tells_an_auditor_nothing_of_the_help_point(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_pages, "SHOWN", 2)
    room = await make_room(visibility=Visibility.HIDDEN)
    visit = f"booking:{(await make_booking(room=room, organizer=desk.people['duty'])).id}"
    now, actor = datetime.now(UTC), Actor("KANAREK", "web")
    numbers = [(await history.write(thing, "changed", actor, now, after={"x": 1})).id
               for thing in ("asset:1", visit, visit, "asset:2", visit, "asset:3", visit)]  # fmt: skip
    page = (await desk.get("/admin/history?q=kanarek", "auditor")).text
    assert f"before={numbers[3]}" in page
    assert [f">asset:{number}<" in page for number in (3, 2, 1)] == [True, True, False]
    page = (await desk.get(f"/admin/history?q=kanarek&before={numbers[3]}", "auditor")).text
    assert "asset:1" in page
    assert not re.search('href="[^"]*before=', page)


@pytest.mark.databases("sqlite")
async def test_a_day_that_no_calendar_of_ours_has_is_said_so(desk: Desk) -> None:
    for query in ("until=9999-12-31", "since=0001-01-01", "since=2026-02-30"):
        answer = await desk.get(f"/admin/history?{query}", "admin")
        assert (answer.status_code, "is no day" in text_of(answer.text)) == (422, True), query
        assert (await desk.get(f"/admin/history.csv?{query}", "admin")).status_code == 422


@pytest.mark.databases("sqlite")
async def test_what_was_found_is_taken_away_with_its_hashes(desk: Desk) -> None:
    await entries(datetime.now(UTC) - timedelta(days=3))
    await history.write("asset:8", "added", Actor("=1+1", "web"), datetime.now(UTC), after={})
    answer = await desk.get("/admin/history.csv?kind=asset", "admin")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.lstrip("\ufeff").splitlines()
    assert len(lines) == 4
    assert ";'=1+1;" in lines[1]
    for entry in await HistoryEntry.filter(object="asset:7"):
        assert entry.hash in answer.text
    assert lines[0] == "no.;when;who;by way of;act;thing;before;after;reason;hash"


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("bounds", "count"),
    [
        ({"EXPORTED": 3}, 3),  # as many as a list may have
        ({"PORTION": 1, "PORTIONS": 2}, 2),  # as often as it goes on
    ],
)
async def test_a_list_of_the_history_says_where_it_stopped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, bounds: dict[str, int], count: int
) -> None:
    await entries(datetime.now(UTC) - timedelta(days=3))
    await entries(datetime.now(UTC))
    for name, number in bounds.items():
        monkeypatch.setattr(search_pages, name, number)
    *lines, end = (await desk.get("/admin/history.csv?q=asset:7", "admin")).text.splitlines()
    last = lines[-1].partition(";")[0]
    assert len(lines) == count + 1
    assert end == f"The list ends here: the entries before number {last} were not looked through. Ask for earlier days."
    older = await HistoryEntry.filter(object="asset:7", id__lt=int(last)).count()
    assert older == 4 - count
