"""A list about what the register has: new, changed or the same; nothing doubled, nothing wiped, all undone."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest

from registry.assets.models import Asset, FundingShare, Purchase
from registry.categories.models import FieldKind
from registry.categories.rules import OwnField, ReadValues, TypedValue
from registry.core import seals
from registry.core.history import Actor, HistoryEntry
from registry.exporting.lists import export_list
from registry.grants.models import Grant
from registry.importing import sessions, undo
from registry.importing.choices import ListChoices
from registry.importing.lists import check_list, import_list, write_list
from registry.importing.models import ImportedRecord, ImportState
from registry.importing.rows import ListRow
from registry.importing.sessions import send
from registry.importing.updates import PieceUpdate, update_of
from registry.importing.writing import commit
from registry.people import rules
from registry.people.models import Role
from tests.make import NOW, make_person, make_room, refused
from tests.statements import Statements

CLERK = Actor(name="ewidencja", source="web")
LATER = NOW + timedelta(hours=1)
LIST = """Nr inw.;Nazwa;KŚT;Data przyjęcia;Wartość;Pokój;Osoba odpowiedzialna;Uwagi
HO-1;Krzesło;808;1.4.2022;100,00;R-1;;stare
HO-2;Stół;808;1.4.2022;200,00;R-1;;
;Lampa;808;1.4.2022;5,00;R-1;;
;Lampa;808;1.4.2022;5,00;R-1;;
"""


@pytest.fixture
async def owner(database: Any) -> int:
    await make_room(code="R-1")
    await make_room(code="R-2")
    await make_person(login="omo")
    clerk = await make_person(role=Role.FACILITIES)
    await written(clerk.id, LIST)
    return clerk.id


async def written(owner: int, text: str) -> str:
    pending = await send(text.encode(), "lista.csv", None, owner, NOW)
    await commit(pending.id, owner, CLERK, NOW)
    return pending.id


async def fates(number: str, owner: int) -> list[tuple[str, dict[str, list[str]]]]:
    report = sessions.record(await sessions.find(number, owner, NOW))
    return [(row.get("fate", "new"), row.get("changes", {})) for row in report["rows"]]


async def test_the_same_list_twice_doubles_nothing_and_says_so(owner: int) -> None:
    number = await written(owner, LIST)
    assert [fate for fate, _ in await fates(number, owner)] == ["same"] * 4
    assert await Asset.all().count() == 4
    rows = sessions.record(await sessions.find(number, owner, NOW))["rows"]
    assert [[one["code"] for one in row["problems"]] for row in rows] == [[], [], ["ALREADY_THERE"], ["ALREADY_THERE"]]
    assert await ImportedRecord.filter(import_number=number).count() == 0
    third = await written(owner, LIST + ";Lampa;808;1.4.2022;5,00;R-1;;\n")
    assert [fate for fate, _ in await fates(third, owner)] == ["same"] * 4 + ["new"]
    assert await Asset.filter(name="Lampa").count() == 3, "one lamp more is one lamp more"


async def test_an_edited_list_changes_what_it_says_otherwise(owner: int) -> None:
    edited = """Nr inw.;Nazwa;Wartość;Pokój;Osoba odpowiedzialna;Uwagi
HO-1;Krzesło obrotowe;120,50;R-2;omo;
ho-2;;;;;
HO-3;Szafa;1,00;R-2;;
"""
    pending = await send(edited.encode(), "lista.csv", None, owner, NOW)
    changes = {
        "name": ["Krzesło", "Krzesło obrotowe"], "price": ["100.00", "120.50"], "room": ["R-1", "R-2"],
        "custodian": ["", "omo"],
    }  # fmt: skip
    assert await fates(pending.id, owner) == [("changed", changes), ("same", {}), ("new", {})]
    assert (await commit(pending.id, owner, CLERK, LATER)).records == 2
    chair, table = (
        await Asset.get(inventory_no="HO-1").select_related("room", "custodian"),
        await Asset.get(name="Stół"),
    )
    assert (chair.name, chair.price, chair.room.code, chair.custodian.login, chair.note) == (
        "Krzesło obrotowe", Decimal("120.50"), "R-2", "omo", "stare",
    )  # fmt: skip
    assert (table.revision, table.price) == (1, Decimal(200)), "an empty cell wipes nothing"
    assert await FundingShare.filter(asset_id=chair.id).values_list("amount", flat=True) == [Decimal("120.50")]
    entries = await HistoryEntry.filter(object=f"asset:{chair.id}").order_by("seq").values_list("action", "reason")
    assert [action for action, _ in entries] == ["imported", "corrected", "moved", "assigned"]
    assert {reason for _, reason in entries[1:]} == {f"import {pending.id} lista.csv"}
    assert [fate for fate, _ in await fates(await written(owner, edited), owner)] == ["same"] * 3
    assert (await seals.verify())[1] is None


async def test_an_update_is_undone_by_the_ways_it_went(owner: int) -> None:
    edited = "Nr inw.;Nazwa;Data przyjęcia;Wartość;Pokój;Osoba odpowiedzialna\nHO-1;Fotel;2.4.2022;120,50;R-2;omo\n"
    number = await written(owner, edited)
    prospect = await undo.outlook(await sessions.find(number, owner, NOW))
    assert (prospect.made, prospect.changed, prospect.touched) == (0, 1, [])
    pending = await undo.undo(number, owner, CLERK, LATER, "nie ta lista")
    chair = await Asset.get(inventory_no="HO-1").select_related("room")
    assert (pending.state, pending.records) == (ImportState.UNDONE, 0)
    assert (chair.name, chair.price, chair.accepted_on, chair.room.code, chair.custodian_id) == (
        "Krzesło", Decimal(100), date(2022, 4, 1), "R-1", None,
    )  # fmt: skip
    last = await HistoryEntry.filter(object=f"asset:{chair.id}").order_by("-seq").first()
    assert last is not None
    assert last.reason == f"import {number} lista.csv: nie ta lista"


async def test_what_was_changed_after_the_list_stays(owner: int) -> None:
    number = await written(owner, "Nr inw.;Nazwa;Wartość\nHO-1;Fotel;100,00\n")
    await written(owner, "Nr inw.;Nazwa;Wartość\nHO-1;Krzesło obrotowe;100,00\n")
    prospect = await undo.outlook(await sessions.find(number, owner, NOW))
    assert [one.name for one in prospect.touched] == ["Krzesło obrotowe"]


async def test_money_needs_the_role_and_states_need_their_own_act(owner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    edited = "Nr inw.;Nazwa;Wartość;Status;Trwałość do\nHO-1;Fotel;999,00;wycofany;1.1.2031\n"
    only = rules.CAPABILITIES | {"assets.correct_money": frozenset({Role.ACCOUNTANT})}
    monkeypatch.setattr(rules, "CAPABILITIES", only)
    number = await written(owner, edited)
    rows = sessions.record(await sessions.find(number, owner, NOW))["rows"]
    assert [(one["column"], one["code"]) for one in rows[0]["problems"]] == [
        ("Wartość", "MONEY_NOT_YOURS"), ("Trwałość do", "CHANGED_BY_ANOTHER_ACT"), ("Status", "CHANGED_BY_ANOTHER_ACT"),
    ]  # fmt: skip
    chair = await Asset.get(inventory_no="HO-1")
    assert (chair.name, chair.price, str(chair.lifecycle)) == ("Fotel", Decimal(100), "in_use")


async def test_an_export_that_comes_back_changes_nothing(owner: int) -> None:
    for file_format in ("csv", "xlsx"):
        file = BytesIO()
        await export_list("assets", file_format, file)
        name = f"ewidencja.{file_format}"
        pending = await send(file.getvalue(), name, None, owner, NOW)
        assert {fate for fate, _ in await fates(pending.id, owner)} == {"same"}
        assert (await commit(pending.id, owner, CLERK, NOW)).records == 0


async def test_the_command_line_changes_by_a_list_too(owner: int) -> None:
    outcome = await import_list(
        b"Nr inw.;Nazwa\nHO-1;Fotel\n", None, dry_run=False, actor=CLERK, now=NOW, filename="lista.csv"
    )
    assert (outcome.records, (await Asset.get(inventory_no="HO-1")).name) == (1, "Fotel")


FIVE = "Nr inw.;Nazwa;Ilość;Wartość\nHO-5;Krzesło konferencyjne;5;5000,00\n"


async def said(text: str, owner: int) -> tuple[dict[str, list[str]], list[str]]:
    """What a list of one row changes, and the problems of the row; the list is written."""
    number = await written(owner, text)
    (row,) = sessions.record(await sessions.find(number, owner, NOW))["rows"]
    return row.get("changes", {}), [problem["code"] for problem in row["problems"]]


@pytest.mark.parametrize(
    ("text", "changes", "problems"),
    [
        ("Nr inw.;Nazwa;Ilość\nHO-5;Krzesło konferencyjne;\n", {}, []),
        ("Nr inw.;Nazwa;Ilość\nHO-5;;6\n", {"quantity": ["5", "6"]}, []),
        ("Nr inw.;Nazwa;Cena jedn.\nHO-5;;1000\n", {}, []),
        ("Nr inw.;Nazwa;Cena\nHO-5;;1000\n", {}, []),
        ("Nr inw.;Nazwa;Cena jedn.;Ilość\nHO-5;;1200,00;-\n", {"price": ["5000.00", "6000.00"]}, []),
        ("Nr inw.;Nazwa;Cena jedn.;Ilość\nHO-5;;1000;4\n", {"price": ["5000.00", "4000.00"], "quantity": ["5", "4"]},
         []),
        ("Nr inw.;Nazwa;Cena jedn.;Wartość\nHO-5;;1000;5000\n", {}, []),
        ("Nr inw.;Nazwa;Cena jedn.;Wartość\nHO-5;;1000;4000\n", {"price": ["5000.00", "4000.00"]}, ["VALUE_MISMATCH"]),
        ("Nr inw.;Nazwa;Model\nHO-5;;K-200\n", {"note": ["", "Model: K-200"]}, []),
    ],
)  # fmt: skip
async def test_what_no_cell_of_a_row_says_is_left_as_it_is(
    owner: int, text: str, changes: dict[str, list[str]], problems: list[str]
) -> None:
    await written(owner, FIVE)
    assert await said(text, owner) == (changes, problems)
    asset = await Asset.get(inventory_no="HO-5")
    assert asset.name == "Krzesło konferencyjne"
    assert [asset.quantity, str(asset.price)] == [
        int(changes.get("quantity", ["", "5"])[1]), changes.get("price", ["", "5000.00"])[1],
    ]  # fmt: skip


async def test_a_split_range_with_a_number_of_the_register_overwrites_no_piece(owner: int) -> None:
    await written(owner, "Nr inw.;Nazwa;Wartość\n1023;Stół;5,00\n1031-1032;Ławka;7,00\n")
    text = "Nr inw.;Nazwa;Ilość;Wartość\n1021-1024;Krzesło;4;400,00\n1031-1032;Ławka;2;7,00\n41-42;Lampa;2;3\n"
    report = await check_list(text.encode(), "a.csv", choices=ListChoices(split=frozenset({"2", "3", "4"})))
    assert [(row.status, [problem.code for problem in row.problems]) for row in report.rows] == [
        ("error", ["INVENTORY_NO_TAKEN", "SPLIT_INTO_PIECES"]), ("error", ["INVENTORY_NO_TAKEN", "SPLIT_INTO_PIECES"]),
        ("warning", ["SPLIT_INTO_PIECES"]),
    ]  # fmt: skip
    assert report.rows[0].problems[0].text == "1023"
    assert (await write_list(report, CLERK, NOW)).records == 2
    table = await Asset.get(inventory_no="1023")
    assert (table.name, table.quantity, table.price, table.revision) == ("Stół", 1, Decimal(5), 1)
    whole = await check_list(text.encode(), "a.csv")
    assert [problem.code for problem in whole.rows[1].problems] == [], (
        "a record with the whole range is offered no split"
    )


NOTED = "Nr inw.;Nazwa;Osoba odpowiedzialna;Uwagi;Dawne numery;Model\nHO-6;Biurko;Jan Nikt;x;HO-1;K-200\n"
KEPT = "x\nModel: K-200\nDawne numery: HO-1\nOsoba odpowiedzialna: Jan Nikt"


async def test_what_is_kept_in_the_notes_stays_when_the_list_comes_again(owner: int) -> None:
    for _ in range(2):
        number = await written(owner, NOTED)
        assert (await Asset.get(inventory_no="HO-6")).note == KEPT
    assert await fates(number, owner) == [("same", {})]
    assert (await said("Nr inw.;Nazwa;Uwagi\nHO-6;Biurko;y\n", owner))[0] == {"note": [KEPT, "y"]}


async def test_a_list_without_notes_puts_its_details_behind_those_of_the_piece(owner: int) -> None:
    await written(owner, "Nr inw.;Nazwa;Model;Uwagi\nHO-7;Biurko;K-200;od serwisu\n")
    text = "Nr inw.;Nazwa;Model;Osoba odpowiedzialna\nHO-7;Biurko;K-300;Jan Nikt\n"
    changes, problems = await said(text, owner)
    former, latest = "od serwisu\nModel: K-200", "od serwisu\nModel: K-300\nOsoba odpowiedzialna: Jan Nikt"
    assert (changes, problems) == ({"note": [former, latest]}, ["UNKNOWN_CUSTODIAN"])
    assert (await Asset.get(inventory_no="HO-7")).note == latest
    assert await said(text, owner) == ({}, ["UNKNOWN_CUSTODIAN"])


async def test_what_no_list_changes_of_a_piece_is_named(owner: int) -> None:
    await Purchase.create(code="Z-1", name="Krzesła", quantity=1, unit_price=1)
    changes, problems = await said("Nr inw.;Nazwa;Konto;Poz. zakupu\nHO-1;;011;z-1\n", owner)
    assert (changes, problems) == ({}, ["CHANGED_BY_ANOTHER_ACT", "CHANGED_BY_ANOTHER_ACT"])
    chair = await Asset.get(inventory_no="HO-1")
    assert await said(f"Nr inw.;Nazwa;Konto\nHO-1;;{chair.account}\n", owner) == ({}, [])


@pytest.mark.parametrize(
    ("titles", "cells"),
    [
        ("Źródło finansowania", "środki własne"), ("Środki UE", "NIE"), ("Udział UE %", "0"),
        ("Źródło finansowania;Udział UE %", ";0"),
    ],
)  # fmt: skip
async def test_own_funds_of_a_piece_that_a_grant_paid_for_are_named(owner: int, titles: str, cells: str) -> None:
    fund = await Grant.create(code="G/1", name="x", beneficiary="x", fund="Fundusz", total=1, granted=1, percent=75)
    text = f"Nr inw.;Nazwa;{titles}\nHO-1;;{cells}\n"
    assert await said(text, owner) == ({}, []), "it is of own funds"
    chair = await Asset.get(inventory_no="HO-1")
    await FundingShare.filter(asset_id=chair.id).update(grant_id=fund.id)
    assert await said(text, owner) == ({}, ["CHANGED_BY_ANOTHER_ACT"])
    assert await FundingShare.filter(asset_id=chair.id).values_list("grant_id", flat=True) == [fund.id]


async def test_months_of_warranty_count_from_the_day_or_are_kept_in_the_notes(owner: int) -> None:
    months = "Nr inw.;Nazwa;Data przyjęcia;Gwarancja mies.\nHO-1;;{};24\nHO-8;Szafa;{};24\n"
    await written(owner, months.format("1.4.2022", ""))
    chair, wardrobe = await Asset.get(inventory_no="HO-1"), await Asset.get(inventory_no="HO-8")
    assert (chair.warranty_until, chair.note) == (date(2024, 4, 1), "stare")
    assert (wardrobe.warranty_until, wardrobe.note) == (None, "Gwarancja mies.: 24")
    assert [fate for fate, _ in await fates(await written(owner, months.format("1.4.2022", "")), owner)] == ["same"] * 2


async def test_a_piece_of_a_purchase_keeps_its_name_and_notes_where_a_row_has_none(owner: int) -> None:
    await written(owner, "lp;nazwa_pl;cena_jedn_brutto;ilosc;rozmieszczenie;uwagi\nZ1;Krzesło ISO;10;1;R-1:1;pilne\n")
    await written(owner, "Nr inw.;Nazwa;Model;Pokój;Poz. zakupu\nHO-9;;K-200;R-1;Z1\n")
    asset = await Asset.get(inventory_no="HO-9")
    assert (asset.name, asset.note) == ("Krzesło ISO", "pilne\nModel: K-200")


async def test_a_line_of_an_invoice_is_written_though_the_register_has_such_a_piece(owner: int) -> None:
    text = "lp;nazwa_pl;kst;wartosc_brutto;ilosc;rozmieszczenie;data_przyjecia\nZ2;Lampa;808;5;1;;1.4.2022\n"
    await Asset.filter(name="Lampa").update(room_id=None)
    changes, problems = await said(text, owner)
    assert (changes, problems, await Asset.filter(name="Lampa").count()) == ({}, [], 3)


async def test_a_list_that_is_written_as_it_is_read_tells_what_it_leaves(owner: int) -> None:
    text = "Nr inw.;Nazwa;Status\nHO-1;Fotel;wycofany\nHO-2;Ława;\nHO-3;Szafa;\n"
    outcome = await import_list(
        text.encode(), None, dry_run=False, actor=CLERK, now=NOW, filename="lista.csv", problems_only=True
    )
    problems = [(row.line, [problem.code for problem in row.problems]) for row in outcome.report.rows]
    assert (problems, outcome.records, outcome.report.clean_rows) == ([(2, ["CHANGED_BY_ANOTHER_ACT"])], 3, 2)
    names = Asset.exclude(inventory_no=None).order_by("inventory_no").values_list("name", flat=True)
    assert await names == ["Fotel", "Ława", "Szafa"]


async def test_a_comparison_asks_no_more_for_many_rows(owner: int, statements: Statements) -> None:
    rows = [f"Z/{number};Stół;1;R-1;" for number in range(30)]
    await written(owner, "\n".join(["Nr inw.;Nazwa;Wartość;Pokój;Osoba odpowiedzialna", *rows]))
    for many in (1, 30):
        edited = [f"Z/{number};Stół;1;R-2;omo" for number in range(many)]
        text = "\n".join(["Nr inw.;Nazwa;Wartość;Pokój;Osoba odpowiedzialna", *edited])
        with statements.at_most(17):
            report = await check_list(text.encode(), "a.csv")
        assert report.rows[-1].changes == {"room": ["R-1", "R-2"], "custodian": ["", "omo"]}


EDITED = "Nr inw.;Nazwa;Wartość;Pokój;Osoba odpowiedzialna\nHO-1;Fotel;120,50;R-2;omo\nHO-2;Biurko;200,00;R-2;\n"


async def chosen(owner: int, **wishes: Any) -> str:
    pending = await send(EDITED.encode(), "lista.csv", None, owner, NOW)
    await sessions.choose(pending.id, owner, wishes, NOW)
    return pending.id


async def test_a_field_that_is_not_chosen_stays_in_all_rows_or_in_one(owner: int) -> None:
    number = await chosen(owner, keep=["room"], keep_rows={"2": ["price", "custodian"], "3": ["name"]})
    report = sessions.record(await sessions.find(number, owner, NOW))
    assert [(row["fate"], row.get("kept")) for row in report["rows"]] == [
        ("changed", ["custodian", "price", "room"]), ("same", ["name", "room"]),
    ]  # fmt: skip
    assert report["rows"][0]["changes"]["price"] == ["100.00", "120.50"], "what it says is told still"
    assert (await commit(number, owner, CLERK, LATER)).records == 1
    chair = await Asset.get(inventory_no="HO-1").select_related("room")
    assert (chair.name, chair.price, chair.room.code, chair.custodian_id) == ("Fotel", Decimal(100), "R-1", None)
    assert (await Asset.get(inventory_no="HO-2")).revision == 1
    await undo.undo(number, owner, CLERK, LATER)
    assert (await Asset.get(id=chair.id)).name == "Krzesło"


async def test_a_choice_is_taken_back(owner: int) -> None:
    number = await chosen(owner, keep=["room", "name"], keep_rows={"2": ["price"]})
    await sessions.choose(number, owner, {"keep": [], "keep_rows": {"2": []}}, NOW)
    report = sessions.record(await sessions.find(number, owner, NOW))
    assert [(row["fate"], row.get("kept")) for row in report["rows"]] == [("changed", None)] * 2


async def test_a_price_that_stays_is_split_as_it_is_and_fields_of_categories_stay_one_by_one() -> None:
    first, second = (OwnField(1, 1, code, code, FieldKind.TEXT) for code in ("ram", "cpu"))
    values = ReadValues((TypedValue(first, "8"), TypedValue(second, "i5")))
    update = PieceUpdate({"own_values": values, "price": Decimal(5)}, custodian_id=3)
    rest = update.without(frozenset({"own:ram", "price", "custodian"}))
    assert (rest.corrections, rest.custodian_id) == ({"own_values": ReadValues((values.values[1],))}, None)
    assert not update.without(frozenset({"own:ram", "own:cpu", "price", "custodian"})).changes_anything
    asset = Asset(id=1, name="Lampa", price=Decimal(10), quantity=1)
    row = ListRow(2, keep=frozenset({"price"}), own_cells=frozenset({"value"}))
    row.values, row.refs = {"value": Decimal(20)}, {"percents": {7: Decimal(50)}}
    split = update_of(asset, {None: Decimal(10)}, row).corrections["shares"]
    assert dict(split) == {7: Decimal(5), None: Decimal(5)}


async def test_a_quantity_that_stays_multiplies_no_price() -> None:
    asset = Asset(id=1, name="Krzesło", price=Decimal(20), quantity=2)
    row = ListRow(2, keep=frozenset({"quantity"}), own_cells=frozenset({"quantity", "unit_price"}))
    row.values, row.refs = {"quantity": 5, "unit_price": Decimal(12)}, {"is_by_unit_price": True}
    assert update_of(asset, {}, row).without(row.keep).corrections == {"price": Decimal(24)}


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_piece_that_has_a_number_by_now_is_no_twin_in_whatever_order(owner: int, is_first: bool) -> None:
    rows = ["HO-1;Krzesło;808;1.4.2022;100,00;R-1;;stare\n", ";Krzesło;808;1.4.2022;100,00;R-1;;stare\n"]
    await Asset.filter(inventory_no="HO-1").update(was_unnumbered=True)
    number = await written(owner, LIST.splitlines()[0] + "\n" + "".join(rows if is_first else rows[::-1]))
    assert {fate for fate, _ in await fates(number, owner)} == {"same", "new"}
    assert await Asset.filter(name="Krzesło").count() == 2


async def test_two_lines_that_are_chosen_at_once_lose_none(owner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await chosen(owner, keep_rows={"2": ["room"]})
    judged, late = sessions.judged, iter([("3", ["room"])])

    async def beside(*arguments: Any) -> Any:
        for line, offered in late:
            await sessions.choose_changes(number, owner, offered, [], line, NOW)
        return await judged(*arguments)

    monkeypatch.setattr(sessions, "judged", beside)
    pending = await sessions.choose_changes(number, owner, ["price", "name"], ["name"], "2", NOW)
    assert pending.choices["keep_rows"] == {"2": ["price", "room"], "3": ["room"]}, "what was not offered stays too"


async def test_the_command_line_leaves_columns_as_they_are_too(owner: int) -> None:
    async def bring(*keep: str, problems_only: bool = True) -> int | None:
        outcome = await import_list(
            EDITED.encode(), None, dry_run=False, actor=CLERK, now=NOW, filename="lista.csv", keep=keep,
            problems_only=problems_only,
        )  # fmt: skip
        return outcome.records

    assert (await refused(bring("Wartość", "Dział"))).params == {
        "column": "Dział", "columns": "Nazwa, Wartość, Pokój, Osoba odpowiedzialna",
    }  # fmt: skip
    before = await Asset.get(inventory_no="HO-1")
    await bring("wartosc", "room", "custodian")
    asset = await Asset.get(inventory_no="HO-1")
    assert (asset.name, asset.price, asset.room_id) == ("Fotel", before.price, before.room_id)
    await bring("price", "custodian", problems_only=False)
    asset = await Asset.get(inventory_no="HO-1")
    assert (asset.price, asset.custodian_id) == (before.price, before.custodian_id)
    assert asset.room_id != before.room_id
