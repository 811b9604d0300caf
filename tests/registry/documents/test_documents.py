"""What a transition leaves behind: a paper with the next number, frozen, signed, cancelled. On both databases."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from registry.assets.models import Asset
from registry.assets.transitions import Answers
from registry.core.history import Actor, HistoryEntry
from registry.documents.actions import cancel, sign
from registry.documents.models import Document, DocumentSeries
from registry.documents.paper import _data, printed
from registry.documents.queries import (
    DocumentFilter,
    document_by_number,
    document_state,
    documents_in_order,
    documents_of,
    history_of,
    series_of,
)
from registry.documents.rules import Side
from registry.faults.asset_transitions import perform, perform_on_many
from registry.files import contents
from registry.files.contents import DirectoryContents
from registry.labels.queries import LabelOffice
from registry.people.models import Person, Role
from registry.rooms.models import Room
from tests.conftest import Database
from tests.make import NOW, make_asset, make_person, make_room, refused

pytestmark = pytest.mark.anyio
OFFICE = LabelOffice("http://izba.example", "Urząd")


async def keeper() -> tuple[Person, Actor]:
    person = await make_person(role=Role.FACILITIES)
    return person, Actor(person.name, "web", person.id)


async def test_a_move_leaves_a_paper_with_what_was_and_what_is(database: Database) -> None:
    person, actor = await keeper()
    holder = await make_person()
    first, second = await make_room(code="Z-1", name="Sala"), await make_room(code="Z-2", name="Gabinet")
    assets = [await make_asset(room=first, custodian=holder, name=f"Krzesło {n}") for n in range(3)]
    outcome = await perform_on_many(
        "move", {one.id: None for one in assets}, Answers(second.id, reason="szkolenie"), actor, NOW
    )
    (document,) = await Document.all()
    assert outcome.document == document
    assert document.number == f"MT/00001/{NOW.year}"
    state = await document_state(document.id, person)
    assert (document.pieces, document.reason, document.actor, document.person_id) == (
        3,
        "szkolenie",
        person.name,
        person.id,
    )
    assert (state.contents.came_from, state.contents.goes_to) == ("Z-1 Sala", "Z-2 Gabinet")
    assert state.contents.was_with == state.contents.is_with == holder.name
    assert list(state.asset_ids) == [one.id for one in assets]
    assert [line.inventory_no for line in state.contents.lines] == [one.inventory_no for one in assets]
    await Asset.filter(id=assets[0].id).update(name="Fotel")
    await Room.filter(id=first.id).update(name="Magazyn")
    again = await document_state(document.id, person)
    assert again.contents == state.contents, "what is printed does not follow what changes later"
    assert [one.number for one in await documents_of(assets[1].id, person)] == [document.number]
    assert (await document_by_number(document.number.lower())) == document
    assert [entry.action for entry in await history_of(document.id)] == ["issued"]


async def test_what_changes_nothing_leaves_no_paper(database: Database) -> None:
    _, actor = await keeper()
    room = await make_room()
    asset = await make_asset(room=room)
    await perform("move", asset.id, Answers(room.id), actor, NOW)
    await perform("report_fault", asset.id, Answers(reason="x"), actor, NOW)
    assert await Document.all().count() == 0
    assert (await perform_on_many("move", {asset.id: None}, Answers(room.id), actor, NOW)).document is None


async def test_many_at_once_have_numbers_without_a_gap_and_a_refused_one_takes_none(database: Database) -> None:
    _, actor = await keeper()
    rooms = [await make_room() for _ in range(2)]
    assets = [await make_asset(room=rooms[0]) for _ in range(12)]

    async def move(number: int) -> None:
        await perform("move", assets[number].id, Answers(rooms[1].id), actor, NOW)

    async def refuse() -> None:
        revisions = {assets[0].id: None, 99999: None}
        assert (await refused(perform_on_many("move", revisions, Answers(rooms[1].id), actor, NOW))).code

    await asyncio.gather(*(move(number) for number in range(6)), refuse(), *(move(n) for n in range(6, 12)), refuse())
    places = sorted(await Document.filter(symbol="MT").values_list("place", flat=True))
    assert places == list(range(1, 13))
    assert (await DocumentSeries.get(symbol="MT")).last_place == 12


async def test_a_year_begins_with_one_on_the_office_s_day(database: Database) -> None:
    _, actor = await keeper()
    rooms = [await make_room() for _ in range(2)]
    asset = await make_asset(room=rooms[0])
    eve = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)  # half past eleven in Warsaw
    for hours, room in ((0, rooms[1]), (1, rooms[0])):
        await perform("move", asset.id, Answers(room.id), actor, eve + timedelta(hours=hours))
    rows = await Document.all().order_by("id").values_list("number", "issued_on")
    assert rows == [("MT/00001/2026", date(2026, 12, 31)), ("MT/00001/2027", date(2027, 1, 1))]


async def test_two_people_sign_and_one_alone_cannot(database: Database) -> None:
    person, actor = await keeper()
    other = await make_person()
    asset = await make_asset(room=await make_room())
    await perform("assign", asset.id, Answers(custodian_id=other.id), actor, NOW)
    document = await Document.get(symbol="PW")
    rows, total = await documents_in_order(DocumentFilter(), other, 0, 10)
    assert ([row.id for row in rows], total) == ([document.id], 1), "before they signed it"
    assert [one.id for one in await documents_of(asset.id, other)] == [document.id]
    await sign(document.id, Side.GIVER, person, actor, NOW, if_revision=1)
    await sign(document.id, Side.GIVER, person, actor, NOW)
    assert (await refused(sign(document.id, Side.TAKER, other, actor, NOW, if_revision=1))).code == "request.stale"
    assert (await refused(sign(document.id, Side.TAKER, person, actor, NOW))).code == "document.both_sides"
    assert (await document_state(document.id, other)).sides_left == (Side.TAKER,), "whom it names may read it"
    await sign(document.id, Side.TAKER, other, Actor(other.name, "web", other.id), NOW)
    state = await document_state(document.id, person)
    assert ([one.name for one in state.signatures], state.sides_left) == ([person.name, other.name], ())
    person.role = Role.MEMBER
    assert [one.id for one in await documents_of(asset.id, person)] == [document.id], "who signed it finds it"
    stranger = await make_person()
    assert (await refused(document_state(document.id, stranger))).code == "document.unknown"
    rows, total = await documents_in_order(DocumentFilter(), other, 0, 10)
    assert ([row.id for row in rows], total) == ([document.id], 1)
    assert await documents_in_order(DocumentFilter(), stranger, 0, 10) == ([], 0)


async def test_a_cancelled_paper_keeps_its_number_and_is_signed_by_nobody(database: Database) -> None:
    person, actor = await keeper()
    rooms = [await make_room() for _ in range(2)]
    asset = await make_asset(room=rooms[0])
    for room in (rooms[1], rooms[0], rooms[1]):
        await perform("move", asset.id, Answers(room.id), actor, NOW)
    document = await Document.get(place=2)
    assert (await refused(cancel(document.id, " ", actor, NOW))).code == "request.missing_field"
    await cancel(document.id, "pomyłka", actor, NOW)
    for work in (cancel(document.id, "x", actor, NOW), sign(document.id, Side.GIVER, person, actor, NOW)):
        assert (await refused(work)).code == "document.cancelled"
    assert (await refused(cancel(9999, "x", actor, NOW))).code == "document.unknown"
    (series,) = await series_of(NOW.year)
    assert (series.symbol, series.last_place, set(series.cancelled), set(series.unsigned)) == ("MT", 3, {2}, {1, 3})
    assert (await HistoryEntry.get(object=f"document:{document.id}", action="cancelled")).reason == "pomyłka"
    for words in ("mt/2", "MT/00002/", document.number, ""):
        narrowed = DocumentFilter("MT", NOW.year, asset.id, words)
        rows, total = await documents_in_order(narrowed, person, 0, 10)
        assert (document.id in [row.id for row in rows], total) == (True, 1 if words else 3), words
    for words in ("LT", "MT/9", "MT/00002/2020", "%", "\x00", "x" * 400):
        assert await documents_in_order(DocumentFilter(words=words), person, 0, 10) == ([], 0), words


async def test_a_long_reason_is_cut_as_in_the_history_and_the_grant_binds_by_the_office_s_day(
    database: Database,
) -> None:
    _, actor = await keeper()
    rooms = [await make_room() for _ in range(2)]
    asset = await make_asset(room=rooms[0], durable_until=date(2026, 11, 24))
    moment = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)  # half past midnight of the next day in Warsaw
    await perform("move", asset.id, Answers(rooms[1].id, reason="ż" * 900), actor, moment)
    document = await Document.get()
    assert len(document.reason) == 300
    assert document.contents["durable_until"] == ""


@pytest.mark.databases("sqlite")
async def test_a_paper_is_printed_the_same_each_time_until_somebody_signs(database: Database, tmp_path: Path) -> None:
    contents.use(DirectoryContents(tmp_path))
    person, actor = await keeper()
    rooms = [await make_room(name="Żółta"), await make_room()]
    assets = [await make_asset(room=room, durable_until=NOW.date() + timedelta(days=9)) for room in rooms[:1] * 40]
    assets.append(await make_asset(room=rooms[1]))
    third = await make_room()
    await perform_on_many("move", {one.id: None for one in assets}, Answers(third.id, reason="x"), actor, NOW)
    document = await Document.get()
    state = await document_state(document.id, person)
    paper = await printed(state, OFFICE, True, NOW)
    assert paper == await printed(state, LabelOffice("http://other", "Inny"), True, NOW)
    assert await printed(state, OFFICE, False, NOW) == await printed(state, OFFICE, False, NOW) != paper
    await sign(document.id, Side.GIVER, person, actor, NOW)
    signed = await printed(await document_state(document.id, person), OFFICE, True, NOW)
    assert signed != paper
    await cancel(document.id, "pomyłka", actor, NOW)
    assert len({paper, signed, await printed(await document_state(document.id, person), OFFICE, True, NOW)}) == 3
    assert paper.startswith(b"%PDF-1.7")
    zone = ZoneInfo("Europe/Warsaw")
    texts = [str(_data(state, OFFICE, zone, money)) for money in (True, False)]
    assert ["Wartość" in text for text in texts] == [True, False]
    assert ["450,00" in text for text in texts] == [True, False]
