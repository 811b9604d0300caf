"""A list about what the register has: new, changed or the same; nothing doubled, nothing wiped, all undone."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest

from registry.assets.models import Asset, FundingShare
from registry.core import seals
from registry.core.history import Actor, HistoryEntry
from registry.exporting.lists import export_list
from registry.importing import sessions, undo
from registry.importing.lists import import_list
from registry.importing.models import ImportedRecord, ImportState
from registry.importing.sessions import send
from registry.importing.writing import commit
from registry.people import rules
from registry.people.models import Role
from tests.make import NOW, make_person, make_room

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
