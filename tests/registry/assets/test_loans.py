"""Lending: to whom and until when, told before and on the day, and in the way of all that takes a piece away."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config.sending.reminders import remind_of_days
from config.settings import Settings
from registry.assets.models import Asset, Lifecycle
from registry.assets.quantities import SplitWish, join, split
from registry.assets.queries import readiness
from registry.assets.transitions import TRANSITIONS, Answers, LoanState, answer_faults, loan_faults
from registry.core.history import SYSTEM, HistoryEntry
from registry.documents.models import Document
from registry.documents.paper import _data
from registry.documents.queries import document_state
from registry.documents.rules import contents_of
from registry.faults.asset_transitions import perform, perform_on_many
from registry.labels.queries import LabelOffice
from registry.outbox.models import Notice
from registry.rooms.models import StandardItem
from registry.upkeep.notices import tell_of_loans
from registry.upkeep.queries import due_by_day, due_items, due_soon
from registry.upkeep.rules import DueKind
from tests.conftest import Database
from tests.make import NOW, make_asset, make_person, make_room, refused

TODAY = NOW.date()
DAY = timedelta(days=1)


def lent(person: Any, days: int = 10, reason: str = "") -> Answers:
    return Answers(reason=reason, borrower_id=person.id, due_on=TODAY + days * DAY)


# the table, without a database


def test_what_takes_a_piece_away_needs_it_at_home() -> None:
    away = {name for name, one in TRANSITIONS.items() if one.ends_possession or one.document in ("MT", "OT-K")}
    assert {name for name, one in TRANSITIONS.items() if one.loan is LoanState.HOME} == {*away, "lend"}
    for name, transition in TRANSITIONS.items():
        codes = {LoanState.HOME: ["asset.lent"], LoanState.LENT: [], LoanState.ANY: []}[transition.loan]
        assert [fault.code for fault in loan_faults(transition, TODAY)] == codes, name
        codes = ["asset.not_lent"] if transition.loan is LoanState.LENT else []
        assert [fault.code for fault in loan_faults(transition, None)] == codes, name


def test_a_loan_has_a_borrower_and_a_day_to_come() -> None:
    lend = TRANSITIONS["lend"]
    assert [fault.params["field"] for fault in answer_faults(lend, Answers(), TODAY)] == ["borrower", "due_on"]
    late = answer_faults(lend, Answers(borrower_id=1, due_on=TODAY - DAY), TODAY)
    assert [(fault.code, fault.params["field"]) for fault in late] == [("request.bad_field", "due_on")]
    assert answer_faults(lend, Answers(borrower_id=1, due_on=TODAY), TODAY) == []


# the act


async def test_what_is_lent_has_a_borrower_a_protocol_and_its_place_and_comes_back(database: Database) -> None:
    room, keeper, borrower = await make_room(code="Z-1"), await make_person(), await make_person(name="Ala Nowa")
    assets = [await make_asset(room=room, custodian=keeper) for _ in range(2)]
    many = {one.id: 1 for one in assets}
    outcome = await perform_on_many("lend", many, lent(borrower, reason="wyjazd"), SYSTEM, NOW)
    row = await Asset.get(id=assets[0].id)
    assert (row.borrower_id, row.due_on, row.room_id, row.custodian_id) == (
        borrower.id, TODAY + 10 * DAY, room.id, keeper.id,
    )  # fmt: skip
    assert outcome.document is not None
    paper = (await document_state(outcome.document.id, borrower)).contents
    assert (paper.title, paper.is_with, paper.goes_to, paper.was_with) == (
        "Protokół wypożyczenia", "Ala Nowa", "", keeper.name,
    )  # fmt: skip
    assert paper.due_day == TODAY + 10 * DAY
    await perform("prolong", row.id, Answers(due_on=TODAY + 20 * DAY), SYSTEM, NOW)
    back = await perform("return", row.id, Answers(reason="sprawny"), SYSTEM, NOW)
    assert (back.borrower_id, back.due_on, back.room_id) == (None, None, room.id)
    protocol = contents_of((await Document.get(symbol="PW", place=2)).contents)
    assert (protocol.title, protocol.was_with, protocol.is_with) == ("Protokół zwrotu", "Ala Nowa", keeper.name)
    entries = HistoryEntry.filter(object=f"asset:{row.id}").order_by("seq")
    assert await entries.values_list("action", flat=True) == ["lent", "prolonged", "returned"]
    assert (await refused(perform("return", row.id, Answers(), SYSTEM, NOW))).code == "asset.not_lent"


@pytest.mark.parametrize("way", [name for name, one in TRANSITIONS.items() if one.loan is LoanState.HOME])
async def test_an_open_loan_is_in_the_way_and_is_named(database: Database, way: str) -> None:
    borrower, room = await make_person(), await make_room()
    asset = await make_asset(room=room, borrower_id=borrower.id, due_on=TODAY)
    answers = Answers(room.id, reason="x", borrower_id=borrower.id, due_on=TODAY)
    refusal = await refused(perform(way, asset.id, answers, SYSTEM, NOW))
    assert (refusal.code, refusal.params) == ("asset.lent", {"until": TODAY.isoformat()})
    assert (await Asset.get(id=asset.id)).lifecycle is Lifecycle.IN_USE


@pytest.mark.databases("sqlite")
async def test_a_line_that_is_lent_is_neither_split_nor_joined(database: Database) -> None:
    borrower = await make_person()
    line, other = await make_asset(quantity=3, borrower_id=borrower.id, due_on=TODAY), await make_asset(quantity=2)
    assert (await refused(split(line.id, SplitWish(1), SYSTEM, NOW))).code == "asset.lent"
    assert (await refused(join(other.id, [line.id], SYSTEM, NOW))).code == "asset.lent"


async def test_a_room_does_not_count_on_what_is_lent_out(database: Database) -> None:
    room, borrower = await make_room(), await make_person()
    asset = await make_asset(name="Projektor", room=room)
    await StandardItem.create(room=room, name="Projektor", quantity=1)
    assert (await readiness(room.id)).ready
    await perform("lend", asset.id, lent(borrower), SYSTEM, NOW)
    assert not (await readiness(room.id)).ready
    await perform("return", asset.id, Answers(), SYSTEM, NOW)
    assert (await readiness(room.id)).ready


# what is due


async def test_a_loan_is_due_until_it_is_back_and_most_when_it_is_late(database: Database) -> None:
    borrower, keeper = await make_person(name="Ala Nowa"), await make_person()
    for name, days in (("Laptop", 5), ("Tablet", -3)):
        await make_asset(name=name, borrower_id=borrower.id, custodian=keeper, due_on=TODAY + days * DAY)
    items = await due_items(tuple(DueKind), TODAY, TODAY + 30 * DAY, TODAY)
    assert [(item.kind, item.name, item.day, item.custodian) for item in items] == [
        (DueKind.LOAN, "Tablet", TODAY - 3 * DAY, "Ala Nowa"), (DueKind.LOAN, "Laptop", TODAY + 5 * DAY, "Ala Nowa"),
    ]  # fmt: skip
    assert [item.name for item in await due_items(tuple(DueKind), TODAY, TODAY, TODAY, borrower.id)] == ["Tablet"]
    assert await due_items(tuple(DueKind), TODAY, TODAY, TODAY, keeper.id) == []
    assert await due_by_day(TODAY, TODAY + 30 * DAY) == {
        (DueKind.LOAN, TODAY): 1, (DueKind.LOAN, TODAY + 5 * DAY): 1,
    }  # fmt: skip
    assert await due_soon(TODAY) == {DueKind.LOAN: 2}


async def test_the_borrower_is_told_before_the_day_and_on_it_each_once(database: Database) -> None:
    borrower = await make_person()
    for _ in range(2):
        await make_asset(name="Laptop", borrower_id=borrower.id, due_on=TODAY)
    assert await tell_of_loans(TODAY - 4 * DAY, NOW) == 0
    reminders = [(day, await tell_of_loans(TODAY + day * DAY, NOW)) for day in (-3, -2, -1, 0, 0, 1, 9)]
    assert [day for day, many in reminders if many] == [-3, 0]
    first, second = await Notice.all().order_by("id")
    assert (first.kind, first.person_id, first.facts) == (
        "loan.due", borrower.id, {"name": "2 × Laptop", "day": TODAY.isoformat()},
    )  # fmt: skip
    assert (second.event != first.event, second.thing) == (True, "due:")
    await Asset.filter(name="Laptop").update(due_on=None, borrower_id=None)
    assert await tell_of_loans(TODAY, NOW) == 0


@pytest.mark.databases("sqlite")
async def test_the_job_of_each_hour_tells_of_loans(database: Database, tmp_path: Path) -> None:
    borrower = await make_person()
    asset = await make_asset(name="Laptop", borrower_id=borrower.id, due_on=date(2026, 11, 28))
    await remind_of_days(lambda: Settings(data_dir=tmp_path))(NOW)
    notice = await Notice.get()
    assert (notice.kind, notice.thing, notice.person_id) == ("loan.due", f"asset:{asset.id}", borrower.id)


@pytest.mark.databases("sqlite")
async def test_the_printed_protocols_say_who_borrows_until_when_and_how_it_came_back(database: Database) -> None:
    room, keeper, borrower = (
        await make_room(code="Z-1", name="Sala"),
        await make_person(name="OMO"),
        await make_person(),
    )
    asset = await make_asset(room=room, custodian=keeper)
    office = LabelOffice("http://izba.example", "Urząd")
    await perform("lend", asset.id, lent(borrower, reason="wyjazd"), SYSTEM, NOW)
    await perform("return", asset.id, Answers(reason="porysowany"), SYSTEM, NOW)
    fields = []
    for document in await Document.all().order_by("place"):
        state = await document_state(document.id, borrower)
        data: Any = _data(state, office, ZoneInfo("Europe/Warsaw"), False)
        fields.append(dict(data["fields"]))
    assert fields == [
        {
            "Wypożyczający": borrower.name, "Termin zwrotu": "06.12.2026", "Miejsce stałe": "Z-1 Sala",
            "Osoba odpowiedzialna": "OMO", "Cel": "wyjazd",
        },
        {
            "Zwracający": borrower.name, "Osoba odpowiedzialna": "OMO", "Miejsce stałe": "Z-1 Sala",
            "Stan przy zwrocie, uwagi": "porysowany",
        },
    ]  # fmt: skip
