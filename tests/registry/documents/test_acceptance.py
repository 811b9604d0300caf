"""Accepting pieces: one OT with all that the office's list of fields asks for, one at a time, taken back by an OT-K."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from registry.assets.models import Asset, FundingShare, Lifecycle, Purchase
from registry.assets.transitions import TRANSITIONS, Answers, answer_faults
from registry.core.history import Actor, HistoryEntry
from registry.documents.acceptance import acceptances_of
from registry.documents.acceptance_paper import acceptance_fields, acceptance_table, funding_rows
from registry.documents.actions import cancel
from registry.documents.models import Document
from registry.documents.paper import printed
from registry.documents.queries import document_state
from registry.documents.rules import (
    PaperContents,
    PaperFunding,
    PaperLine,
    PaperSource,
    PieceToAccept,
    acceptance_among,
    acceptance_faults,
    correction_faults,
    places_of,
)
from registry.faults.asset_transitions import perform, perform_on_many
from registry.files import contents
from registry.files.contents import DirectoryContents
from registry.grants.models import Grant
from registry.labels.queries import LabelOffice
from registry.people.models import Person, Role
from registry.rooms.models import Room
from tests.conftest import Database
from tests.make import NOW, make_asset, make_person, make_room, refused

pytestmark = pytest.mark.anyio
TODAY = NOW.date()
OFFICE = LabelOffice("http://izba.example", "Urząd Próbny", address="ul. Żółta 1, 00-001 Miasto")
# where on the paper each field of the list of fields stands, by its number there
OT_FIELDS = {
    1: ("OT/00001/2026",),
    2: ("26.11.2026",),
    3: ("Urząd Próbny", "ul. Żółta 1, 00-001 Miasto"),
    4: ("Projektor laserowy",),
    5: ("sprzęt AV, nr SN-77",),
    6: ("Dostawca audio, umowa 2/2022",),
    7: ("FV/2022/04/077 z 18.04.2022",),
    8: ("22.04.2022",),
    9: ("10 000,01 zł",),
    10: ("662",),
    11: ("KP/011/662/1",),
    12: ("liniowa, stawka według KŚT",),
    13: ("ZW-01 Sala konferencyjna",),
    14: ("Osoba odpowiedzialna",),
    15: ("PL/2020/PR/0111",),
    16: ("komisja odbioru", "przyjmujący", "księgowość", "kierownik jednostki"),
    17: ("Dekretacja",),
}


async def clerk() -> tuple[Person, Actor]:
    person = await make_person(role=Role.FACILITIES)
    return person, Actor(person.name, "web", person.id)


async def make_purchase(**columns: Any) -> Purchase:
    default = {
        "code": f"Z{await Purchase.all().count()}", "name": "Projektor", "supplier": "Dostawca audio",
        "contract": "umowa 2/2022", "invoice_no": "FV/2022/04/077", "invoiced_on": date(2022, 4, 18), "quantity": 1,
        "unit_price": Decimal("10000.01"),
    }  # fmt: skip
    return await Purchase.create(**default | columns)


async def ordered(**columns: Any) -> Asset:
    default = {"lifecycle": Lifecycle.ORDERED, "kst": "662", "accepted_on": None}
    if "purchase" not in columns:
        columns["purchase"] = await make_purchase()
    return await make_asset(**default | columns)


async def place() -> tuple[Room, Person]:
    return await make_room(code="ZW-01", name="Sala konferencyjna"), await make_person(name="Osoba odpowiedzialna")


# the table, without a database


def test_what_an_acceptance_makes_of_a_piece_by_what_it_was() -> None:
    accept = TRANSITIONS["accept"]
    assert answer_faults(accept, Answers(), TODAY) == []
    faults = answer_faults(accept, Answers(lifecycle=Lifecycle.DISPOSED, accepted_on=TODAY + timedelta(days=1)), TODAY)
    assert [fault.params["field"] for fault in faults] == ["accepted_on", "lifecycle"]
    assert answer_faults(TRANSITIONS["move"], Answers(accepted_on=TODAY + timedelta(days=1)), TODAY) == []
    assert accept.leads_to(Answers()) == {"lifecycle": Lifecycle.IN_USE}


@pytest.mark.parametrize(
    ("columns", "lacks"),
    [
        ({}, []),
        ({"number": ""}, ["lack0"]),
        ({"kst": "", "price": Decimal(0)}, ["lack0", "lack1"]),
        ({"is_placed": False, "has_custodian": False, "has_source": False}, ["lack0", "lack1", "lack2"]),
    ],
)
def test_what_its_paper_must_name(columns: dict[str, Any], lacks: list[str]) -> None:
    default = {"number": "A/1", "kst": "808", "price": Decimal(1), "is_placed": True, "has_custodian": True}
    faults = acceptance_faults(PieceToAccept(**{**default, "has_source": True} | columns), "")
    assert [list(fault.params["lacks"].params) for fault in faults] == ([lacks] if lacks else [])
    bare = PieceToAccept("", "", Decimal(0), False, False, False)
    assert [fault.code for fault in acceptance_faults(bare, "OT/1")] == ["asset.accepted"], "all else is of no use"


def test_which_acceptance_holds() -> None:
    assert acceptance_among([]) == ""
    assert acceptance_among([("OT", "1", False), ("MT", "1", False)]) == "1"
    assert acceptance_among([("OT", "1", True)]) == ""
    assert acceptance_among([("OT", "1", False), ("OT-K", "1", True)]) == "", "it stays taken back"
    assert acceptance_among([("OT", "1", False), ("OT-K", "1", False), ("OT", "2", False)]) == "2"
    assert correction_faults("OT/1") == []
    assert [fault.code for fault in correction_faults("")] == ["asset.not_accepted"]


def test_lines_are_named_by_their_runs() -> None:
    assert (places_of([1, 2, 3, 7]), places_of([4]), places_of([])) == ("1–3, 7", "4", "")


def test_a_paper_of_many_pieces_says_of_each_what_they_do_not_share() -> None:
    lines = tuple(
        PaperLine(
            f"A/{n}", "Stół", "", "808", 1, "10.00", acquired_on=day, goes_to=f"R-{n}", description="meble",
            account=account, corrects=f"OT/{n}",
        )
        for n, day, account in ((1, "2022-04-01", "013"), (2, "", "011"), (3, "2022-04-02", "x"))
    )  # fmt: skip
    sources = (PaperSource("A", "", "FV/1", "2022-03-31", "1–2"), PaperSource("", "", "", "", "3"))
    funding = (PaperFunding("Fundusz", "G/1", "20.00"), PaperFunding("", "", "10.00"))
    paper = PaperContents(lines, sources=sources, funding=funding)
    fields = dict(acceptance_fields("OT-K", paper, "błąd", True))
    assert (fields["Koryguje dokument"], fields["Uwagi, podstawa"]) == ("jak w pozycjach", "błąd")
    assert fields["Dostawca, wykonawca"] == "A (poz. 1–2); – (poz. 3)"
    assert fields["Nr i data dowodu dostawy, faktury"] == "FV/1 z 31.03.2022 (poz. 1–2); – (poz. 3)"
    assert fields["Stawka i metoda amortyzacji"].startswith("011: liniowa")
    columns, rows = acceptance_table(paper, True)
    assert [dict(zip(columns, row, strict=True))["Przyjęto"] for row in rows] == ["01.04.2022", "–", "02.04.2022"]
    assert rows[0][2:] == ["Stół", "808", "R-1", "01.04.2022", "OT/1", "1", "10,00"]
    assert funding_rows(paper, True) == [
        ["Fundusz", "G/1", "66,67\u00a0%", "20,00"],
        ["środki własne", "–", "33,33\u00a0%", "10,00"],
    ]
    assert "Wartość zł" not in acceptance_table(paper, False)[0]
    assert funding_rows(PaperContents((), funding=(PaperFunding("", "", "0.00"),)), False) == [
        ["środki własne", "–", "–"]
    ]
    assert "Wartość początkowa brutto" not in dict(acceptance_fields("OT", paper, "", False))


# the act


async def test_a_whole_purchase_is_accepted_by_one_paper(database: Database) -> None:
    _, actor = await clerk()
    room, keeper = await place()
    purchase = await make_purchase()
    pieces = [await ordered(purchase=purchase) for _ in range(3)]
    answers = Answers(room.id, keeper.id, accepted_on=date(2022, 4, 22))
    outcome = await perform_on_many("accept", {one.id: 1 for one in pieces}, answers, actor, NOW)
    assert outcome.document is not None
    assert (outcome.document.number, outcome.document.pieces) == (f"OT/00001/{NOW.year}", 3)
    rows = await Asset.all()
    assert {(one.lifecycle, one.room_id, one.custodian_id, one.accepted_on) for one in rows} == {
        (Lifecycle.IN_USE, room.id, keeper.id, date(2022, 4, 22))
    }
    state = await document_state(outcome.document.id, keeper)
    assert (state.contents.goes_to, state.contents.is_with) == ("ZW-01 Sala konferencyjna", keeper.name)
    assert [one.invoice_no for one in state.contents.sources] == ["FV/2022/04/077"]
    assert (state.contents.accepted_on, state.contents.sources[0].places) == ("2022-04-22", "1–3")
    assert set(await acceptances_of([one.id for one in pieces])) == {one.id for one in pieces}
    entry = await HistoryEntry.filter(object=f"asset:{pieces[0].id}").order_by("-seq").first()
    assert entry is not None
    assert (entry.action, entry.before["lifecycle"], entry.after["lifecycle"]) == ("accepted", "ordered", "in_use")


async def test_a_second_one_is_refused_with_the_number_of_the_first_and_nothing_is_done(database: Database) -> None:
    _, actor = await clerk()
    room, keeper = await place()
    first, second = await ordered(), await ordered()
    answers = Answers(room.id, keeper.id)
    await perform("accept", first.id, answers, actor, NOW)
    refusal = await refused(perform("accept", first.id, answers, actor, NOW))
    assert (refusal.code, refusal.params) == ("asset.accepted", {"number": f"OT/00001/{NOW.year}"})
    both = await refused(perform_on_many("accept", {second.id: None, first.id: None}, answers, actor, NOW))
    assert [(row["id"], row["code"]) for row in both.params["refused"]] == [(first.id, "asset.accepted")]
    assert (await Asset.get(id=second.id)).lifecycle is Lifecycle.ORDERED
    assert await Document.all().count() == 1
    bare = await make_asset(kst="", room=room, custodian=keeper)
    missing = await refused(perform("accept", bare.id, Answers(), actor, NOW))
    assert missing.code == "asset.not_acceptable"
    assert "a KŚT symbol, an invoice with its supplier" in str(missing)


async def test_of_those_who_accept_a_piece_at_once_one_does_and_the_others_hear_its_number(database: Database) -> None:
    _, actor = await clerk()
    room, keeper = await place()
    asset = await ordered(room=room, custodian=keeper)
    works = [perform("accept", asset.id, Answers(), actor, NOW) for _ in range(4)]
    results = await asyncio.gather(*works, return_exceptions=True)
    assert sorted(getattr(one, "code", "") for one in results) == ["", *["asset.accepted"] * 3]
    assert await Document.all().values_list("number", flat=True) == [f"OT/00001/{NOW.year}"]


async def test_what_is_in_use_already_gets_its_paper_and_stays_as_it_is(database: Database) -> None:
    _, actor = await clerk()
    room, keeper = await place()
    asset = await make_asset(kst="808", room=room, custodian=keeper, lifecycle=Lifecycle.IN_STORE)
    after = await perform("accept", asset.id, Answers(reason="nadwyżka, protokół 3/2026"), actor, NOW)
    assert (after.lifecycle, after.accepted_on, after.revision) == (Lifecycle.IN_STORE, asset.accepted_on, 2)
    document = await Document.get()
    assert (document.symbol, document.reason) == ("OT", "nadwyżka, protokół 3/2026")
    moved = await perform("take_back_acceptance", asset.id, Answers(reason="nie ta sztuka"), actor, NOW)
    assert (moved.lifecycle, moved.accepted_on) == (Lifecycle.IN_STORE, asset.accepted_on)


async def test_a_day_of_its_own_follows_the_policy_of_that_day(database: Database) -> None:
    _, actor = await clerk()
    room, keeper = await place()
    asset = await ordered(price=Decimal("4000.00"), account="013")
    after = await perform("accept", asset.id, Answers(room.id, keeper.id, accepted_on=date(2017, 5, 1)), actor, NOW)
    assert (after.account, after.accepted_on) == ("011", date(2017, 5, 1))


async def test_it_is_taken_back_by_a_paper_of_its_own_and_accepted_anew(database: Database) -> None:
    person, actor = await clerk()
    room, keeper = await place()
    asset = await ordered()
    await perform("accept", asset.id, Answers(room.id, keeper.id), actor, NOW)
    assert (await Asset.get(id=asset.id)).accepted_on == TODAY
    back = await perform("take_back_acceptance", asset.id, Answers(reason="zła faktura"), actor, NOW)
    assert (back.lifecycle, back.accepted_on, back.room_id) == (Lifecycle.ORDERED, None, room.id)
    correction = await Document.get(symbol="OT-K")
    state = await document_state(correction.id, person)
    assert (correction.number, state.contents.corrects) == (f"OT-K/00001/{NOW.year}", f"OT/00001/{NOW.year}")
    refusal = await refused(perform("take_back_acceptance", asset.id, Answers(reason="x"), actor, NOW))
    assert refusal.code == "asset.not_accepted"
    await perform("accept", asset.id, Answers(), actor, NOW)
    assert await acceptances_of([asset.id]) == {asset.id: f"OT/00002/{NOW.year}"}
    await cancel((await Document.get(symbol="OT", place=2)).id, "literówka", actor, NOW)
    assert await acceptances_of([asset.id]) == {}
    await perform("accept", asset.id, Answers(), actor, NOW)
    assert await acceptances_of([asset.id]) == {asset.id: f"OT/00003/{NOW.year}"}


@pytest.mark.databases("sqlite")
async def test_the_printed_paper_names_every_field_of_the_office_s_list(database: Database, tmp_path: Path) -> None:
    contents.use(DirectoryContents(tmp_path))
    person, actor = await clerk()
    room, keeper = await place()
    grant = await Grant.create(
        code="PL/2020/PR/0111", name="Projekt", beneficiary="Urząd", fund="Fundusz Bezpieczeństwa Wewnętrznego",
        total=Decimal(100), granted=Decimal(75), percent=Decimal(75),
    )  # fmt: skip
    asset = await ordered(
        name="Projektor laserowy", category="sprzęt AV", serial_no="SN-77", inventory_no="KP/011/662/1",
        price=Decimal("10000.01"), account="011",
    )  # fmt: skip
    for paid_by, amount in ((grant, "7500.01"), (None, "2500.00")):
        await FundingShare.create(asset=asset, grant=paid_by, amount=Decimal(amount))
    await perform("accept", asset.id, Answers(room.id, keeper.id, accepted_on=date(2022, 4, 22)), actor, NOW)
    state = await document_state((await Document.get()).id, person)
    text = text_of(await printed(state, OFFICE, True, NOW))
    assert [number for number, words in OT_FIELDS.items() if any(word not in text for word in words)] == []
    for words in ("Fundusz Bezpieczeństwa Wewnętrznego", "75 %", "7 500,01", "środki własne", "2 500,00"):
        assert words in text
    assert "500,01" not in text_of(await printed(state, OFFICE, False, NOW)), "who may not see money"


def text_of(paper: bytes) -> str:
    """All text of a PDF, on one line."""
    pages = pypdfium2.PdfDocument(paper)
    return " ".join(" ".join(page.get_textpage().get_text_range() for page in pages).split())


def test_the_list_of_fields_is_the_office_s() -> None:
    assert sorted(OT_FIELDS) == list(range(1, 18))
