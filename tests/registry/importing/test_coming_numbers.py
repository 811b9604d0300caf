"""New pieces of a list that have no number get the next ones, if its sender says so."""

from datetime import date, timedelta
from typing import Any

import pytest

from registry.assets.actions import correct
from registry.assets.models import Asset, NumberSequence
from registry.assets.number_sequences import NewScheme, add_scheme
from registry.core.errors import Conflict
from registry.core.history import SYSTEM
from registry.importing import batches, undo
from registry.importing.lists import import_list
from registry.importing.models import PendingImport
from registry.importing.sessions import choose, record, send
from registry.importing.writing import commit
from tests.make import NOW, make_person, refused

LATER = NOW + timedelta(hours=1)
LIST = """Nr inw.;Nazwa;KŚT;Data OT;Wartość;Ilość
;Lampa;808;1.4.2022;5,00;1
;Lampa;808;1.4.2022;5,00;1
KPUW/3;Stół;808;1.4.2022;10,00;1
;Krzesło;808;1.4.2022;30,00;3
;Szafa;;1.4.2022;50,00;1
;Regał;808;1.4.1999;50,00;1
"""


@pytest.fixture
async def owner(database: Any) -> int:
    await add_scheme(NewScheme("KPUW", "{unit}/{seq}", date(2022, 1, 1)), SYSTEM, NOW)
    await add_scheme(NewScheme("ZAM", "{unit}/{kst}/{seq:3}/{yy}", date(2022, 1, 1)), SYSTEM, NOW)
    return (await make_person()).id


async def sent(owner: int, unit: str | None = "KPUW", text: str = LIST) -> PendingImport:
    pending = await send(text.encode(), "lista.csv", None, owner, NOW)
    return await choose(pending.id, owner, {"number_unit": unit}, NOW) if unit else pending


async def numbers() -> list[tuple[str, str | None]]:
    return [(asset.name, asset.inventory_no) for asset in await Asset.all().order_by("id")]


async def last_places() -> set[int]:
    return set(await NumberSequence.all().values_list("last_place", flat=True))


def problems(pending: PendingImport) -> dict[str, list[str]]:
    return {row["values"]["name"]: [one["code"] for one in row["problems"]] for row in record(pending)["rows"]}


async def test_pieces_stay_without_a_number_unless_it_is_said(owner: int) -> None:
    pending = await sent(owner, None)
    assert record(pending)["unnumbered"] == {"count": 7, "unit": None, "numbered": 0, "first": None}
    await commit(pending.id, owner, SYSTEM, NOW)
    assert [number for _, number in await numbers() if number] == ["KPUW/3"]
    assert await last_places() == set()


async def test_the_next_numbers_are_told_before_and_given_without_a_gap(
    owner: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH", 2)
    pending = await sent(owner)
    assert record(pending)["unnumbered"] == {"count": 7, "unit": "KPUW", "numbered": 6, "first": "KPUW/1"}
    assert (problems(pending)["Lampa"], problems(pending)["Regał"]) == ([], ["NO_INVENTORY_NO", "NOTHING_NUMBERS_IT"])
    await commit(pending.id, owner, SYSTEM, NOW)
    assert [one for one in await numbers() if one[1] != "KPUW/3"] == [
        ("Lampa", "KPUW/1"), ("Lampa", "KPUW/2"), ("Krzesło", "KPUW/4"), ("Krzesło", "KPUW/5"), ("Krzesło", "KPUW/6"),
        ("Szafa", "KPUW/7"), ("Regał", None),
    ], "the number of a later row is its own"  # fmt: skip


async def test_a_number_that_needs_a_symbol_is_not_given_without_one(owner: int) -> None:
    pending = await sent(owner, "ZAM")
    assert (record(pending)["unnumbered"]["numbered"], problems(pending)["Szafa"]) == (
        5, ["NO_INVENTORY_NO", "NO_KST_FOR_NUMBER"],
    )  # fmt: skip
    await commit(pending.id, owner, SYSTEM, NOW)
    assert (await Asset.get(name="Szafa")).inventory_no is None
    assert (await Asset.filter(name="Lampa").order_by("id").first()).inventory_no == "ZAM/808/001/22"  # type: ignore[union-attr]  # it is there


async def test_the_same_list_again_doubles_nothing_also_what_was_numbered_by_hand(owner: int) -> None:
    await commit((await sent(owner)).id, owner, SYSTEM, NOW)
    shelf = await Asset.get(name="Regał")
    await correct(shelf.id, {"inventory_no": "R/1"}, SYSTEM, NOW)
    before = await numbers()
    again = await sent(owner)
    assert {row.get("fate") for row in record(again)["rows"]} == {"same"}, problems(again)
    assert record(again)["unnumbered"]["count"] == 0
    await commit(again.id, owner, SYSTEM, NOW)
    assert await numbers() == before
    more = await sent(owner, text=LIST + ";Lampa;808;1.4.2022;5,00;1\n")
    assert record(more)["unnumbered"] == {"count": 1, "unit": "KPUW", "numbered": 1, "first": "KPUW/8"}


async def test_a_row_with_the_number_that_was_given_is_not_the_one_without(owner: int) -> None:
    lamp = ";Lampa;808;1.4.2022;5,00;1\n"
    header = LIST.splitlines()[0] + "\n"
    await commit((await sent(owner, text=header + lamp)).id, owner, SYSTEM, NOW)
    more = await sent(owner, text=f"{header}KPUW/1{lamp}{lamp}")
    assert [row.get("fate", "new") for row in record(more)["rows"]] == ["same", "new"]


async def test_an_undone_list_gives_its_numbers_back(owner: int) -> None:
    first = await sent(owner)
    await commit(first.id, owner, SYSTEM, NOW)
    assert await last_places() == {7}
    second = await sent(owner, text=LIST.replace("Lampa", "Kinkiet").replace("KPUW/3", "X/3"))
    await commit(second.id, owner, SYSTEM, NOW)
    all_numbers = await numbers()
    await undo.undo(second.id, owner, SYSTEM, LATER)
    assert await last_places() == {7}
    again = await sent(owner, text=LIST.replace("Lampa", "Kinkiet").replace("KPUW/3", "X/3"))
    await commit(again.id, owner, SYSTEM, LATER)
    assert await numbers() == all_numbers
    await undo.undo(first.id, owner, SYSTEM, LATER)
    assert await last_places() == {max(int((number or "/0").split("/")[1]) for _, number in all_numbers)}, (
        "not the last ones"
    )


async def test_pieces_of_invoices_are_numbered_too(owner: int) -> None:
    text = "poz. zakupu;nazwa;ilość;cena jedn. brutto;nr faktury;data OT\nP/1;Monitor;2;500,00;F/1;1.4.2022\n"
    pending = await send(text.encode(), "zakupy.csv", None, owner, NOW)
    assert record(pending)["kind"] == "purchases"
    pending = await choose(pending.id, owner, {"number_unit": "KPUW"}, NOW)
    assert record(pending)["unnumbered"] == {"count": 2, "unit": "KPUW", "numbered": 2, "first": "KPUW/1"}
    await commit(pending.id, owner, SYSTEM, NOW)
    assert await numbers() == [("Monitor", "KPUW/1"), ("Monitor", "KPUW/2")]


async def test_a_unit_that_numbers_nothing_is_refused(owner: int) -> None:
    pending = await sent(owner, None)
    with pytest.raises(Conflict) as refusal:
        await choose(pending.id, owner, {"number_unit": "XX"}, NOW)
    assert refusal.value.code == "numbering.no_scheme"


async def test_the_command_line_gives_the_next_numbers_too(owner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH", 2)

    async def bring(unit: str, **options: Any) -> list[str]:
        outcome = await import_list(
            LIST.encode(), None, actor=SYSTEM, now=NOW, filename="lista.csv", problems_only=True, number_unit=unit,
            **options,
        )  # fmt: skip
        return list(outcome.lines())

    sentence = "Pieces without a number: 7. The next ones of KPUW get: 6, from KPUW/1 on."
    assert sentence in await bring("KPUW", dry_run=True)
    assert await numbers() == []
    assert (await refused(bring("XX", dry_run=False))).code == "numbering.no_scheme"
    lines = await bring("KPUW", dry_run=False)
    assert sentence in lines
    assert [number for _, number in await numbers()] == [
        "KPUW/1", "KPUW/2", "KPUW/3", "KPUW/4", "KPUW/5", "KPUW/6", "KPUW/7", None,
    ], "the number of a later row is its own"  # fmt: skip
