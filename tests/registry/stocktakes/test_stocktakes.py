"""A stocktake from its order to its drafts. On both databases where a query, a lock or a type could differ."""

import csv
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from registry.assets.models import Asset, Lifecycle, Tag
from registry.assets.tags import new_code
from registry.assets.transitions import Answers
from registry.core.history import SYSTEM, Actor, HistoryEntry
from registry.documents.models import Document, DocumentSeries
from registry.faults.asset_transitions import perform
from registry.outbox.models import Notice
from registry.people.models import Person, Role
from registry.rooms.models import Room
from registry.stocktakes import actions
from registry.stocktakes.actions import NewArea, StocktakeOrder, close, digest_of_sheet, open_count, order, recount
from registry.stocktakes.books import books_of, compared
from registry.stocktakes.counting import NewSighting, sight, strike
from registry.stocktakes.models import CountSheet, ExpectedPiece, SettlementTask, SheetSignature, Sighting, Stocktake
from registry.stocktakes.queries import (
    areas_of,
    counts_somewhere,
    history_of,
    recounts_of,
    sheet_of,
    sheets_of,
    signatures_of,
    stocktake_by_number,
    stocktake_detail,
    stocktake_for,
    stocktakes_in_order,
)
from registry.stocktakes.rules import AreaKind, SeenCondition, SettlementAct, SheetSide, StocktakeState, Valuation
from registry.stocktakes.settlement import carry_out, correct, put_values, settle, sign_sheet
from tests.conftest import Database
from tests.make import MINUTE, NOW, make_asset, make_person, make_room, refused

pytestmark = pytest.mark.anyio
SAMPLE = Path(__file__).parents[2] / "data" / "stocktakes" / "ZW-03.csv"
AS_OF = date(2026, 11, 30)


class Team(NamedTuple):
    """Who orders, who counts, who answers for the things, who values."""

    orderer: Person
    first: Person
    second: Person
    custodian: Person
    accountant: Person

    def actor(self, who: str = "first") -> Actor:
        person: Person = getattr(self, who)
        return Actor(person.name, "web", person.id)


async def team() -> Team:
    orderer = await make_person("facilities-1", role=Role.FACILITIES)
    first, second, custodian = await make_person("count-1"), await make_person("count-2"), await make_person("omo-1")
    return Team(orderer, first, second, custodian, await make_person("books-1", role=Role.ACCOUNTANT))


def wish(*rooms: str, **fields: Any) -> StocktakeOrder:
    areas = tuple(NewArea(AreaKind.ROOM, code) for code in rooms)
    return StocktakeOrder(**{"areas": areas, "committee": ("count-1", "count-2"), "chair": "count-1", "as_of": AS_OF,
                             "opens": True} | fields)  # fmt: skip


async def counting(people: Team, *rooms: str, **fields: Any) -> Stocktake:
    return await order(wish(*rooms, **fields), people.orderer, people.actor("orderer"), NOW)


async def test_the_sample_of_a_room_comes_out_as_its_list_says(database: Database) -> None:
    people = await team()
    room, other = await make_room(code="ZW-03", name="Mała sala spotkań"), await make_room(code="ZW-01")
    rows = list(csv.DictReader(SAMPLE.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    for row in rows:
        if row["numer_inwentarzowy"].startswith("KPUW"):
            price = row["cena_jedn"].replace(",", ".") or "380.00"
            await make_asset(
                inventory_no=row["numer_inwentarzowy"], name=row["nazwa"], serial_no=row["numer_seryjny"],
                price=Decimal(price), room=room if row["ilosc_wg_ewidencji"] == "1" else other,
                custodian=people.custodian,
            )  # fmt: skip
    stocktake = await counting(people, "ZW-03")
    for minute, row in enumerate(rows):
        if row["ilosc_wg_spisu"] == "1":
            is_labelled = row["numer_inwentarzowy"].startswith("KPUW")
            typed = {"code": row["numer_inwentarzowy"]} if is_labelled else {"name": row["nazwa"]}
            new = NewSighting(
                "ZW-03", **typed,
                condition=SeenCondition.DAMAGED if "uszkodzone" in row["uwagi"] else SeenCondition.OK,
                note=row["uwagi"],
            )  # fmt: skip
            await sight(stocktake.id, new, people.first if minute % 2 else people.second, NOW + minute * MINUTE)
    stocktake = await close(stocktake.id, people.first, people.actor(), NOW + 60 * MINUTE)
    settlement = await books_of(stocktake)
    lines = {line.inventory_no or "(brak numeru)": line for line in settlement.lines}
    assert len(lines) == len(rows) == 25
    for row in rows:
        line = lines[row["numer_inwentarzowy"]]
        assert (line.name, line.serial_no) == (row["nazwa"], row["numer_seryjny"])
        counted = (line.expected, line.counted, line.difference)
        assert counted == tuple(int(row[name]) for name in ("ilosc_wg_ewidencji", "ilosc_wg_spisu", "roznica")), row
        assert _amount(line.unit_price) == row["cena_jedn"]
        assert _amount(line.value) == row["wartosc_wg_spisu"]
    assert [(one.kind, one.line.inventory_no) for one in settlement.differences] == [
        ("shortage", "KPUW/013/808/00056/22"),
        ("surplus", ""),
        ("foreign", "KPUW/poz/808/00147/22"),
        ("damaged", "KPUW/013/808/00061/22"),
    ]
    assert (await compared(stocktake)).shortage == Decimal("500.00")
    (sheet,) = await sheets_of(stocktake.id)
    assert (sheet.number, len(sheet.contents["rows"])) == ("ASN/00001/2026", 24)
    assert sheet.contents["custodians"] == [people.custodian.name]
    assert sheet.contents["committee"] == [people.first.name, people.second.name]
    await _settles(people, stocktake, room)


def _amount(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:.2f}".replace(".", ",")


async def _settles(people: Team, stocktake: Stocktake, room: Room) -> None:
    """The same to its end: valued, drafted, and the move carried out with its paper."""
    settlement, later = await books_of(stocktake), NOW + timedelta(hours=2)
    keys = {one.kind: one.key for one in settlement.differences}
    valuations = [Valuation(one.key, one.value, "etykieta odpadła") for one in settlement.differences]
    actor = people.actor("accountant")
    wrong = [replace(one, netted_with=keys["foreign"]) if "shortage" in one.key else one for one in valuations]
    fault = await refused(put_values(stocktake.id, wrong, people.accountant, actor, later))
    assert fault.code == "stocktake.not_alike"
    netted = [replace(one, netted_with=keys["surplus"]) if "shortage" in one.key else one for one in valuations]
    await put_values(stocktake.id, netted, people.accountant, actor, later)
    (sheet,) = await sheets_of(stocktake.id)
    assert digest_of_sheet(sheet.contents) == sheet.digest, "prices stand beside the sheet, not in it"
    assert (sheet.prices["1"], len(sheet.prices)) == (["500.00", "500.00"], 22)
    await settle(stocktake.id, people.actor("orderer"), later)
    tasks = {task.act: task for task in await SettlementTask.all()}
    assert set(tasks) == {SettlementAct.LABEL, SettlementAct.MOVE, SettlementAct.ASSESS}
    later += MINUTE
    move = await carry_out(stocktake.id, tasks[SettlementAct.MOVE].id, "", people.actor("orderer"), later)
    (document,) = await Document.all()
    assert (document.number, move.document_id, move.done_by) == ("MT/00001/2026", document.id, people.orderer.name)
    assert (await Asset.get(inventory_no="KPUW/poz/808/00147/22")).room_id == room.id
    assert (await books_of(await Stocktake.get())).moves == {}, "the settlement's own move explains nothing"
    again = await refused(
        carry_out(stocktake.id, tasks[SettlementAct.MOVE].id, "", people.actor("orderer"), later + MINUTE)
    )
    assert again.code == "stocktake.task_done"
    label = carry_out(stocktake.id, tasks[SettlementAct.LABEL].id, " ", people.actor("orderer"), later)
    assert (await refused(label)).code == "request.missing_field"
    await carry_out(stocktake.id, tasks[SettlementAct.LABEL].id, "naklejona", people.actor("orderer"), later)
    actions_written = [entry.action for entry in await history_of(stocktake.id)]
    assert actions_written == [
        "carried_out", "carried_out", "settled", "valued", "closed", "area_closed", "opened", "ordered",
    ]  # fmt: skip


async def test_a_shortage_leaves_by_its_draft_and_the_lock_of_a_grant_holds(database: Database) -> None:
    people, room = await team(), await make_room(code="Z-1")
    free, bound = await make_asset(room=room), await make_asset(room=room, durable_until=date(2030, 1, 1))
    stocktake = await counting(people, "Z-1")
    stocktake = await close(stocktake.id, people.first, people.actor(), NOW)
    values = [Valuation(f"shortage:asset:{one.id}", Decimal(450), "nie ma") for one in (free, bound)]
    await put_values(stocktake.id, values, people.accountant, people.actor("accountant"), NOW)
    await settle(stocktake.id, people.actor("orderer"), NOW)
    first, second = await SettlementTask.all().order_by("id")
    assert (first.act, second.act) == (SettlementAct.RETIRE, SettlementAct.RETIRE)
    await carry_out(stocktake.id, first.id, "", people.actor("orderer"), NOW)
    assert (await Asset.get(id=free.id)).lifecycle is Lifecycle.DISPOSED
    fault = await refused(carry_out(stocktake.id, second.id, "", people.actor("orderer"), NOW))
    assert fault.code == "asset.refused"
    assert (await SettlementTask.get(id=second.id)).done_at is None
    wordless = carry_out(stocktake.id, second.id, " ", people.actor("orderer"), NOW, otherwise=True)
    assert (await refused(wordless)).code == "request.missing_field"
    done = await carry_out(stocktake.id, second.id, "oddano w PT/1", people.actor("orderer"), NOW, otherwise=True)
    assert (done.remark, done.document_id) == ("oddano w PT/1", None)
    assert (await history_of(stocktake.id))[0].action == "done_otherwise"
    assert (await Asset.get(id=bound.id)).lifecycle is not Lifecycle.DISPOSED
    assert [one.number for one in await Document.all()] == ["LT/00001/2026"]


@pytest.mark.databases("sqlite")
async def test_who_answers_for_the_things_cannot_count_them(database: Database) -> None:
    people, room = await team(), await make_room(code="Z-1")
    asset = await make_asset(room=room, custodian=people.custodian)
    for committee, code in (
        (("count-1", "omo-1"), "stocktake.answers_for_things"),
        (("count-1",), "stocktake.few_members"),
        (("count-1", "books-1"), "stocktake.may_not_count"),
    ):
        assert (await refused(counting(people, "Z-1", committee=committee))).code == code
    assert await Stocktake.all().count() == await DocumentSeries.all().count() == 0, "a number was lost"
    assert await Notice.all().count() == 0
    by_person = (NewArea(AreaKind.PERSON, "omo-1"),)
    fault = await refused(counting(people, areas=by_person, committee=("omo-1", "count-1"), chair="omo-1"))
    assert fault.code == "stocktake.answers_for_things"
    stocktake = await counting(people, "Z-1", opens=False)
    scan = NewSighting("Z-1", asset.inventory_no or "")
    assert (await refused(sight(stocktake.id, scan, people.first, NOW))).code == "stocktake.not_open"
    await Asset.filter(id=asset.id).update(custodian_id=people.second.id)
    assert (await refused(open_count(stocktake.id, people.actor("orderer"), NOW))).code == (
        "stocktake.answers_for_things"
    )
    await Asset.filter(id=asset.id).update(custodian_id=people.custodian.id)
    stale = await refused(open_count(stocktake.id, people.actor("orderer"), NOW, 7))
    assert stale.code == "request.stale"
    await open_count(stocktake.id, people.actor("orderer"), NOW, 1)
    notices = await Notice.all().order_by("person_id")
    assert [(one.person_id, one.kind, one.thing) for one in notices] == [
        (one.id, "stocktake.opened", f"stocktake:{stocktake.id}") for one in (people.first, people.second)
    ]
    await close(stocktake.id, people.first, people.actor(), NOW)
    to_value = await Notice.filter(kind="stocktake.closed")
    assert [one.person_id for one in to_value] == [people.accountant.id]
    assert (await refused(open_count(stocktake.id, people.actor("orderer"), NOW))).code == "stocktake.was_opened"


async def test_what_is_expected_does_not_follow_what_changes_later(database: Database) -> None:
    people, room, other = await team(), await make_room(code="Z-1"), await make_room(code="Z-2")
    first, second = await make_asset(room=room), await make_asset(room=room)
    gone = await make_asset(room=room, lifecycle=Lifecycle.DISPOSED)
    stocktake = await counting(people, "Z-1")
    assert gone.id not in {row.asset_id for row in await ExpectedPiece.all()}
    await perform("move", first.id, Answers(other.id, reason="x"), people.actor("orderer"), NOW + MINUTE)
    await sight(stocktake.id, NewSighting("Z-1", second.inventory_no or ""), people.first, NOW + MINUTE)
    stocktake = await close(stocktake.id, people.first, people.actor(), NOW + MINUTE)
    await Asset.filter(id=second.id).update(name="Fotel")
    settlement = await books_of(stocktake)
    assert [one.kind for one in settlement.differences] == ["shortage"]
    assert {pk: entry.action for pk, entry in settlement.moves.items()} == {first.id: "moved"}
    (sheet,) = await CountSheet.all()
    assert sheet.contents["rows"][0]["name"] == second.name != "Fotel"
    assert digest_of_sheet(sheet.contents) == sheet.digest


async def test_codes_labels_and_numbers_are_counted_by_what_they_are_on(database: Database) -> None:
    people, room, other = await team(), await make_room(code="Z-1"), await make_room(code="Z-2")
    here, away = await make_asset(room=room), await make_asset(room=other, serial_no="SN-77")
    code = new_code(b"12345678")
    await Tag.create(code=code, asset_id=here.id, created_at=NOW)
    stocktake = await counting(people, "Z-1")

    async def scanned(typed: str, **more: Any) -> Sighting:
        return await sight(stocktake.id, NewSighting("Z-1", typed, **more), people.first, NOW)

    assert (await scanned(f"https://izba.example/t/{code}")).asset_id == here.id
    assert (await scanned("SN-77")).asset_id == away.id
    nothing = await scanned("NO-SUCH-THING")
    assert (nothing.asset_id, nothing.code, nothing.mark) == (None, "NO-SUCH-THING", "")
    bare = await sight(stocktake.id, NewSighting("Z-1", name=" krzesło  szare "), people.second, NOW)
    assert (bare.mark, bare.name) == ("N-1", "krzesło szare")
    assert (await sight(stocktake.id, NewSighting("Z-1", name="stół"), people.second, NOW)).mark == "N-2"
    assert (await refused(scanned("Z-2"))).code == "stocktake.not_a_thing"
    assert (await refused(scanned(""))).code == "request.missing_field"
    assert (await refused(scanned("SN-77", quantity=0))).code == "stocktake.bad_quantity"
    elsewhere = sight(stocktake.id, NewSighting("Z-2", "SN-77"), people.first, NOW)
    assert (await refused(elsewhere)).code == "stocktake.outside"
    stranger = sight(stocktake.id, NewSighting("Z-1", "SN-77"), people.custodian, NOW)
    assert (await refused(stranger)).code == "stocktake.not_member"
    early = await scanned("SN-77", at=NOW - timedelta(hours=3))
    assert early.at == NOW, "nothing was seen before the count was opened"
    detail = await stocktake_detail(stocktake.id, people.first)
    assert (detail.seen_things, detail.expected_things, detail.is_member) == (5, None, True)
    assert detail.areas[0].people == tuple(sorted((people.first.name, people.second.name)))


async def test_an_area_counted_anew_and_an_entry_struck_through(database: Database) -> None:
    people, room = await team(), await make_room(code="Z-1")
    await make_room(code="Z-2")
    asset = await make_asset(room=room)
    scan = NewSighting("Z-1", asset.inventory_no or "")
    stocktake = await counting(people, "Z-1", "Z-2", is_blind=False)
    entry = await sight(stocktake.id, scan, people.first, NOW)
    assert (await refused(strike(stocktake.id, entry.id, " ", people.first, people.actor(), NOW))).code == (
        "request.missing_field"
    )
    await strike(stocktake.id, entry.id, "policzono dwa razy", people.first, people.actor(), NOW)
    again = strike(stocktake.id, entry.id, "x", people.first, people.actor(), NOW)
    assert (await refused(again)).code == "stocktake.no_sighting"
    assert (await stocktake_detail(stocktake.id, people.first)).seen_things == 0
    await sight(stocktake.id, scan, people.first, NOW)
    assert (await stocktake_detail(stocktake.id, people.first)).seen_things == 1
    blank = recount(stocktake.id, "Z-1", "", people.first, people.actor(), NOW)
    assert (await refused(blank)).code == "request.missing_field"
    area = await recount(stocktake.id, "Z-1", "dwa różne wyniki", people.first, people.actor(), NOW)
    assert area.lap == 2
    assert (await stocktake_detail(stocktake.id, people.first)).seen_things == 0
    assert await Sighting.all().count() == 2, "what was seen stays to be read"
    assert (await refused(recount(stocktake.id, "Z-9", "x", people.first, people.actor(), NOW))).code == (
        "stocktake.no_area_of"
    )
    detail = await stocktake_detail(stocktake.id, people.first)
    assert [one.expected_things for one in detail.areas] == [1, 0], "an open count shows the books"


async def test_a_closed_area_takes_nothing_and_its_sheet_is_put_right_beside(database: Database) -> None:
    people, room = await team(), await make_room(code="Z-1")
    await make_room(code="Z-2")
    asset = await make_asset(room=room)
    scan = NewSighting("Z-1", asset.inventory_no or "", quantity=2)
    stocktake = await counting(people, "Z-1", "Z-2")
    entry = await sight(stocktake.id, scan, people.first, NOW)
    stranger = close(stocktake.id, people.custodian, people.actor("custodian"), NOW)
    assert (await refused(stranger)).code == "stocktake.not_member"
    stocktake = await close(stocktake.id, people.first, people.actor(), NOW, "Z-1")
    assert stocktake.state is StocktakeState.COUNTING
    for work in (
        sight(stocktake.id, scan, people.first, NOW),
        strike(stocktake.id, entry.id, "x", people.first, people.actor(), NOW),
        recount(stocktake.id, "Z-1", "x", people.first, people.actor(), NOW),
        close(stocktake.id, people.first, people.actor(), NOW, "Z-1"),
    ):
        assert (await refused(work)).code == "stocktake.area_closed"
    (sheet,) = await sheets_of(stocktake.id)
    early = correct(stocktake.id, sheet.id, 1, 1, "x", people.first, people.actor(), NOW)
    assert (await refused(early)).code == "stocktake.not_closed"
    assert (await refused(books_of(stocktake))).code == "stocktake.blind"
    stocktake = await close(stocktake.id, people.orderer, people.actor("orderer"), NOW)
    assert stocktake.state is StocktakeState.CLOSED
    assert (await refused(sight(stocktake.id, scan, people.first, NOW))).code == "stocktake.over"
    assert [one.kind for one in (await books_of(stocktake)).differences] == ["surplus"]
    for wrong, code in (
        (correct(stocktake.id, sheet.id, 1, 1, " ", people.first, people.actor(), NOW), "request.missing_field"),
        (correct(stocktake.id, sheet.id, 1, -1, "x", people.first, people.actor(), NOW), "stocktake.bad_quantity"),
        (correct(stocktake.id, sheet.id, 9, 1, "x", people.first, people.actor(), NOW), "stocktake.no_line"),
        (correct(stocktake.id, 999, 1, 1, "x", people.first, people.actor(), NOW), "stocktake.no_sheet"),
        (correct(stocktake.id, sheet.id, 1, 1, "x", people.orderer, people.actor(), NOW), "stocktake.not_member"),
    ):
        assert (await refused(wrong)).code == code
    await correct(stocktake.id, sheet.id, 1, 1, "policzono dwa razy", people.first, people.actor(), NOW)
    assert (await books_of(await Stocktake.get())).differences == []
    same = await sheet_of(stocktake.id, sheet.id)
    assert (same.contents, same.digest) == (sheet.contents, sheet.digest), "the sheet itself is as it was"
    await put_values(stocktake.id, [], people.accountant, people.actor("accountant"), NOW)
    late = put_values(stocktake.id, [], people.accountant, people.actor("accountant"), NOW)
    assert (await refused(late)).code == "stocktake.not_closed"
    await settle(stocktake.id, people.actor("orderer"), NOW)
    assert (await refused(settle(stocktake.id, people.actor("orderer"), NOW))).code == "stocktake.not_valued"


async def test_a_closed_sheet_is_signed_by_who_counted_who_answers_and_who_checks(database: Database) -> None:
    people, room = await team(), await make_room(code="Z-1")
    checker = await make_person("books-2", name="Główny księgowy", role=Role.ACCOUNTANT)
    await make_asset(room=room, custodian=people.custodian)
    stocktake = await counting(people, "Z-1")
    assert (await refused(stocktake_for(stocktake.id, people.custodian))).code == "stocktake.unknown", "still blind"
    await close(stocktake.id, people.first, people.actor(), NOW)
    assert (await stocktake_for(stocktake.id, people.custodian)).id == stocktake.id
    (sheet,) = await sheets_of(stocktake.id)

    async def sign(person: Person, side: SheetSide) -> SheetSignature:
        return await sign_sheet(stocktake.id, sheet.id, side, person, Actor(person.name, "web", person.id), NOW)

    for person, side in ((people.first, SheetSide.TEAM), (people.custodian, SheetSide.CUSTODIAN)):
        assert (await sign(person, side)).id == (await sign(person, side)).id, "again it changes nothing"
    for person, side in (
        (people.custodian, SheetSide.TEAM), (people.first, SheetSide.CUSTODIAN), (checker, SheetSide.CHECKER),
    ):  # fmt: skip
        assert (await refused(sign(person, side))).code == "stocktake.no_side"
    values = [Valuation(one.key, one.value, "x") for one in (await books_of(await Stocktake.get())).differences]
    await put_values(stocktake.id, values, people.accountant, people.actor("accountant"), NOW)
    assert (await refused(sign(people.accountant, SheetSide.CHECKER))).code == "stocktake.no_side", "their own values"
    await sign(checker, SheetSide.CHECKER)
    assert [str(one.side) for one in await signatures_of(sheet.id)] == ["team", "custodian", "checker"]
    assert [entry.action for entry in await history_of(stocktake.id)].count("signed") == 3
    nowhere = sign_sheet(stocktake.id, 999, SheetSide.TEAM, people.first, people.actor(), NOW)
    assert (await refused(nowhere)).code == "stocktake.no_sheet"


@pytest.mark.databases("sqlite")
async def test_areas_of_people_and_categories(database: Database) -> None:
    people, room = await team(), await make_room(code="Z-1")
    theirs = await make_asset(custodian=people.custodian, category="ICT")
    ict = await make_asset(room=room, category="ICT")
    await make_asset(room=room, category="meble")
    areas = (NewArea(AreaKind.PERSON, "omo-1"), NewArea(AreaKind.CATEGORY, "ICT"))
    stocktake = await counting(people, areas=areas, is_blind=False)
    expected = {row.asset_id: row.area_id for row in await ExpectedPiece.all()}
    assert set(expected) == {theirs.id, ict.id}
    assert expected[theirs.id] < expected[ict.id]
    entry = await sight(stocktake.id, NewSighting("Z-1", ict.inventory_no or ""), people.first, NOW)
    assert entry.area_id == expected[ict.id]
    found_there = await sight(stocktake.id, NewSighting("Z-1", theirs.inventory_no or ""), people.first, NOW)
    assert found_there.area_id == expected[theirs.id]
    kinds = [one.kind for one in (await books_of(stocktake)).differences]
    assert kinds == ["elsewhere"], "what no room has was seen in one"


async def test_blind_areas_of_people_and_categories_are_counted_together_until_all_are_closed(
    database: Database,
) -> None:
    people, room = await team(), await make_room(code="Z-1")
    theirs, ict = await make_asset(custodian=people.custodian), await make_asset(room=room, category="ICT")
    other = await make_asset(room=room, category="meble")
    stocktake = await counting(people, areas=(NewArea(AreaKind.PERSON, "omo-1"), NewArea(AreaKind.CATEGORY, "ICT")))

    async def scanned(asset: Asset) -> Sighting:
        return await sight(stocktake.id, NewSighting("Z-1", asset.inventory_no or ""), people.first, NOW)

    assert len({(await scanned(one)).area_id for one in (theirs, ict, other)}) == 1
    assert all(one.is_pooled for one in (await stocktake_detail(stocktake.id, people.first)).areas)
    await recount(stocktake.id, "2", "od nowa", people.first, people.actor(), NOW)
    assert (await stocktake_detail(stocktake.id, people.first)).seen_things == 0, "counted together, begun together"
    for one in (theirs, ict, other):
        await scanned(one)
    stocktake = await close(stocktake.id, people.first, people.actor(), NOW)
    sheets = {sheet.contents["area"]: sheet for sheet in await sheets_of(stocktake.id)}
    names = {area: {row["thing"] for row in sheet.contents["rows"]} for area, sheet in sheets.items()}
    assert names == {
        people.custodian.name: {f"asset:{theirs.id}", f"asset:{other.id}"},
        "ICT": {f"asset:{ict.id}"},
    }, "on the sheet of the area that expects it"
    assert {one.kind for one in (await books_of(stocktake)).differences} == {"elsewhere", "foreign"}


async def test_of_two_blind_areas_the_open_one_takes_everything_when_one_is_closed(database: Database) -> None:
    people, _ = await team(), await make_room(code="Z-1")
    theirs, ict = await make_asset(custodian=people.custodian), await make_asset(category="ICT")
    stocktake = await counting(people, areas=(NewArea(AreaKind.PERSON, "omo-1"), NewArea(AreaKind.CATEGORY, "ICT")))
    await close(stocktake.id, people.first, people.actor(), NOW, "1")
    for asset in (theirs, ict):
        await sight(stocktake.id, NewSighting("Z-1", asset.inventory_no or ""), people.first, NOW)
    assert (await stocktake_detail(stocktake.id, people.first)).seen_things == 2


@pytest.mark.databases("sqlite")
async def test_what_comes_late_from_before_a_recount_does_not_count_in_the_new_lap(database: Database) -> None:
    people, room = await team(), await make_room(code="Z-1")
    asset = await make_asset(room=room)
    stocktake = await counting(people, "Z-1")
    await recount(stocktake.id, "Z-1", "od nowa", people.first, people.actor(), NOW + 10 * MINUTE)
    for minutes, lap in ((5, 1), (15, 2)):
        scan = NewSighting("Z-1", asset.inventory_no or "", at=NOW + minutes * MINUTE)
        assert (await sight(stocktake.id, scan, people.second, NOW + 20 * MINUTE)).lap == lap
    (area,) = (await areas_of(stocktake.id)).values()
    (entry,) = await HistoryEntry.filter(action="recounted")
    assert entry.after
    for after, many in ((entry.after, 1), ({"area": area.name, "lap": 2}, 1), ({"area": "Z-2", "lap": 2}, 0)):
        await HistoryEntry.filter(id=entry.id).update(after=after)  # as it was written before areas had numbers there
        assert len(await recounts_of(area)) == many


@pytest.mark.databases("sqlite")
async def test_an_area_is_named_by_its_code_before_its_name_before_its_number(database: Database) -> None:
    people = await team()
    for code in ("Z-1", "1"):
        await make_room(code=code)
    areas = (*wish("Z-1", "1").areas, NewArea(AreaKind.CATEGORY, "Z-1"), NewArea(AreaKind.CATEGORY, "2"))
    stocktake = await counting(people, areas=areas)
    names = ("1", "Z-1", "2", "3")
    assert [(await actions.area_named(stocktake.id, name)).place for name in names] == [2, 1, 4, 3]
    assert [(await actions.area_named(stocktake.id, number)).place for number in (1, 2, 4)] == [1, 2, 4]
    for nothing in ("", 0, 5):
        assert (await refused(actions.area_named(stocktake.id, nothing))).code == "stocktake.no_area_of"


@pytest.mark.databases("sqlite")
async def test_numbers_have_no_gap_and_who_sees_what(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    people = await team()
    await make_room(code="Z-1")
    numbers = [(await counting(people, "Z-1")).number for _ in range(2)]
    monkeypatch.setattr(actions, "MOST_EXPECTED", -1)
    assert (await refused(counting(people, "Z-1"))).code == "stocktake.too_large"
    monkeypatch.undo()
    assert [*numbers, (await counting(people, "Z-1")).number] == ["1/2026", "2/2026", "3/2026"]
    rows, total = await stocktakes_in_order(people.first, 0, 2)
    assert (len(rows), total) == (2, 3)
    assert await stocktakes_in_order(people.custodian, 0, 50) == ([], 0)
    assert await counts_somewhere(people.first)
    assert not await counts_somewhere(people.custodian)
    assert await stocktake_by_number("2/2026", people.first)
    assert await stocktake_by_number("2/2026", people.custodian) is None
    assert await stocktake_by_number("", people.first) is None
    for pk in (rows[0].id, 0, 999):
        assert (await refused(stocktake_for(pk, people.custodian))).code == "stocktake.unknown"
    assert (await refused(sheet_of(rows[0].id, 0))).code == "stocktake.no_sheet"
    assert (await refused(open_count(0, people.actor("orderer"), NOW))).code == "stocktake.unknown"
    entries = HistoryEntry.filter(object=f"stocktake:{rows[0].id}").order_by("seq")
    assert "expected" not in str([entry.after async for entry in entries]), "the history of a blind count may be read"


async def test_of_a_line_that_is_missing_in_part_no_transition_takes_all(database: Database) -> None:
    people, room = await team(), await make_room(code="M-1")
    chairs = await make_asset(room=room, quantity=5, price=Decimal("500.00"), custodian=people.custodian)
    lamps = await make_asset(room=room, quantity=3, price=Decimal("100.00"), custodian=people.custodian)
    stocktake = await order(wish("M-1"), people.orderer, SYSTEM, NOW)
    await sight(stocktake.id, NewSighting("M-1", lamps.inventory_no or "", quantity=4), people.first, NOW)
    await sight(stocktake.id, NewSighting("M-1", chairs.inventory_no or "", quantity=3), people.first, NOW)
    await close(stocktake.id, people.first, SYSTEM, NOW)
    (sheet,) = await sheets_of(stocktake.id)
    await correct(stocktake.id, sheet.id, 1, 3, "policzono dwa razy", people.first, SYSTEM, NOW)
    discrepancies = (await books_of(await Stocktake.get(id=stocktake.id))).differences
    assert [one.quantity for one in discrepancies] == [2]
    values = [Valuation(one.key, one.value, "brak") for one in discrepancies]
    await put_values(stocktake.id, values, people.accountant, SYSTEM, NOW)
    (sheet,) = await sheets_of(stocktake.id)
    assert sheet.prices == {"1": ["33.33", "100.00"], "2": ["100.00", "300.00"]}, "three for 100.00 are 100.00"
    await settle(stocktake.id, SYSTEM, NOW)
    task = await SettlementTask.get()
    assert (await refused(carry_out(stocktake.id, task.id, "", SYSTEM, NOW))).code == "request.missing_field"
    await carry_out(stocktake.id, task.id, "2 szt. wydzielone i zlikwidowane", SYSTEM, NOW)
    await chairs.refresh_from_db()
    assert (chairs.lifecycle, chairs.quantity) == (Lifecycle.IN_USE, 5)


async def test_a_thing_on_two_sheets_is_put_right_on_that_of_its_last_sighting(database: Database) -> None:
    people = await team()
    await make_room(code="M-1")
    piece = await make_asset(room=await make_room(code="M-2"))
    stocktake = await order(wish("M-1", "M-2"), people.orderer, SYSTEM, NOW)
    for minutes, code in enumerate(("M-1", "M-2")):
        new = NewSighting(code, piece.inventory_no or "")
        await sight(stocktake.id, new, people.first, NOW + minutes * MINUTE)
    await close(stocktake.id, people.first, SYSTEM, NOW)
    first, last = await sheets_of(stocktake.id)
    for sheet, counted in ((first, 1), (last, 0)):
        await correct(stocktake.id, sheet.id, 1, 0, "dwa razy", people.first, SYSTEM, NOW)
        (line,) = (await books_of(await Stocktake.get(id=stocktake.id))).lines
        assert line.counted == counted


async def test_nobody_is_an_area_twice(database: Database) -> None:
    people = await team()
    await make_asset(custodian=people.custodian)
    areas = tuple(NewArea(AreaKind.PERSON, login) for login in ("omo-1", " OMO-1"))
    stocktake = await order(wish(areas=areas), people.orderer, SYSTEM, NOW)
    assert len((await stocktake_detail(stocktake.id, people.first)).areas) == 1
