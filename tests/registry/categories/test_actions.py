"""Categories made, changed, merged and removed, and the pieces that name them, on both databases."""

import asyncio
import itertools
from collections.abc import Awaitable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from registry.assets import categories
from registry.assets.actions import NewAsset, correct, register
from registry.assets.categories import (
    CategoryChanges,
    FieldWish,
    NewCategory,
    add_category,
    change_category,
    merge_categories,
    remove_category,
)
from registry.assets.corrections import PieceCorrection, correct_together
from registry.assets.filters import AssetFilter
from registry.assets.models import Asset, FieldValue
from registry.assets.queries import counts_by_category, own_values, values_in_use
from registry.assets.search import find
from registry.categories.models import Category, CategoryField, FieldKind
from registry.categories.queries import category_tree
from registry.categories.rules import CategoryDefaults, CategoryTree, read_values
from registry.core.errors import Conflict, Invalid, NotFound, Refusal
from registry.core.history import SYSTEM, HistoryEntry
from registry.core.statements import column
from tests.conftest import Database
from tests.make import NOW, make_asset
from tests.make import refused as refusal_of

pytestmark = pytest.mark.anyio
LUMENS = FieldWish("Jasność", FieldKind.NUMBER, unit="lm")
CHECKED = FieldWish("Wzorcowanie do", FieldKind.DAY, is_due=True)
SHAPE = FieldWish("Obudowa", FieldKind.CHOICE, choices=("Mini", "Tower"))


async def refused(act: Awaitable[object]) -> str:
    return (await refusal_of(act)).code


async def furnish() -> None:
    await add_category(NewCategory("ICT", defaults=CategoryDefaults("487", 24)), SYSTEM, NOW)
    await add_category(NewCategory("Projektory", parent="ict", fields=(LUMENS, CHECKED, SHAPE)), SYSTEM, NOW)


async def projector(**raw: Any) -> Asset:
    fields = (await category_tree()).fields_of("Projektory")
    values = read_values(fields, raw, is_new=True).whole().values
    new = NewAsset("Projektor", Decimal(4000), category="projektory", accepted_on=date(2026, 11, 2), own_values=values)
    return await register(new, SYSTEM, NOW)


async def ids_of(**words: str) -> list[int]:
    return (await find(AssetFilter(**words), "id", 0, 50))[1]


async def test_a_new_piece_has_what_its_category_gives(database: Database) -> None:
    await furnish()
    asset = await projector(jasnosc="5 000 lm", obudowa="mini")
    assert (asset.category, asset.kst, asset.warranty_until) == ("Projektory", "487", date(2028, 11, 2))
    assert asset.durable_until is None  # no grant pays for it
    assert await own_values([asset.id]) == {asset.id: {"jasnosc": "5000", "obudowa": "Mini"}}
    entry = await HistoryEntry.get(object=f"asset:{asset.id}")
    assert entry.after["own_values"] == {"Jasność": "5000", "Obudowa": "Mini"}


async def test_what_somebody_said_stands_against_the_category(database: Database) -> None:
    await furnish()
    new = NewAsset("Ekran", Decimal(1), category="ICT", kst="808", warranty_until=date(2027, 1, 1))
    asset = await register(new, SYSTEM, NOW)
    assert (asset.kst, asset.warranty_until) == ("808", date(2027, 1, 1))


async def test_pieces_are_looked_for_by_their_category_and_those_below_it(database: Database) -> None:
    await furnish()
    asset, other = await projector(), await make_asset(category="meble")
    assert await ids_of(category="ICT") == [asset.id]
    assert await ids_of(category="Projektory") == [asset.id]
    assert await ids_of(category="meble") == [other.id]
    assert await ids_of(category="x" * 300) == []


async def test_pieces_are_looked_for_by_what_their_fields_hold(database: Database) -> None:
    await furnish()
    bright = await projector(jasnosc="5000", **{"wzorcowanie-do": "1.3.2027"}, obudowa="Mini")
    dark = await projector(jasnosc="900,5")
    for field, found_ids in {
        "jasnosc:5000": [bright.id], "jasnosc:900.5": [dark.id], "jasnosc:1000..6000": [bright.id],
        "jasnosc:..1000": [dark.id], "jasnosc:900..": [bright.id, dark.id], "obudowa:Mini": [bright.id],
        "wzorcowanie-do:2027-01-01..2027-12-31": [bright.id], "wzorcowanie-do:2028-01-01..": [],
        "wzorcowanie-do:2027-02-31..": [], "obudowa:a..b": [], "nic:1": [], "nic": [],
    }.items():  # fmt: skip
        assert await ids_of(field=field) == found_ids, field
    assert await ids_of(q="mini") == [bright.id]
    tree = await category_tree()
    lumens = tree.fields_of("Projektory")[0].id
    assert await values_in_use([lumens]) == [(lumens, "900.5"), (lumens, "5000")]


async def test_a_value_is_corrected_with_its_history(database: Database) -> None:
    await furnish()
    asset = await projector(jasnosc="5000", obudowa="Mini")
    fields = (await category_tree()).fields_of("Projektory")
    reading = read_values(fields, {"jasnosc": "5200", "obudowa": ""}, is_new=False)
    changed = await correct(asset.id, {"own_values": reading}, SYSTEM, NOW)
    assert changed.revision == asset.revision + 1
    assert await own_values([asset.id]) == {asset.id: {"jasnosc": "5200"}}
    entry = await HistoryEntry.get(object=f"asset:{asset.id}", action="corrected")
    assert entry.before == {"own_values": {"Jasność": "5000", "Obudowa": "Mini"}}
    assert entry.after == {"own_values": {"Jasność": "5200", "Obudowa": None}}
    assert (await correct(asset.id, {"own_values": reading}, SYSTEM, NOW)).revision == changed.revision
    assert await ids_of(q="5200") == [asset.id]


async def test_pieces_change_with_the_name_of_their_category(database: Database) -> None:
    old = await make_asset(category="Meble ", name="Regał", note="z demontażu")
    older = await make_asset(category="meble")
    await add_category(NewCategory("meble"), SYSTEM, NOW)
    assert {(await Asset.get(id=asset.id)).category for asset in (old, older)} == {"meble"}
    await change_category("meble", CategoryChanges(name="Wyposażenie"), SYSTEM, NOW)
    assert await ids_of(category="Wyposażenie", q="wyposaz demontaz") == [old.id]
    entries = await HistoryEntry.filter(object=f"asset:{old.id}").order_by("seq")
    assert [entry.after["category"] for entry in entries] == ["meble", "Wyposażenie"]


async def test_two_categories_become_one(database: Database) -> None:
    await furnish()
    asset = await projector(jasnosc="5000")
    await add_category(NewCategory("Rzutniki"), SYSTEM, NOW)
    await add_category(NewCategory("Przenośne", parent="projektory"), SYSTEM, NOW)
    await change_category("rzutniki", CategoryChanges(fields=(FieldWish("Lampa", FieldKind.TEXT),)), SYSTEM, NOW)
    assert await merge_categories("projektory", "rzutniki", SYSTEM, NOW) == 1
    tree = await category_tree()
    assert tree.coded("projektory") is None
    target, child = tree.coded("rzutniki"), tree.coded("przenosne")
    assert target
    assert child
    assert (target.revision, child.revision) == (3, 2), "who looked at them before must look again"
    entry = await HistoryEntry.get(object=f"category:{child.id}", action="category_changed")
    assert (entry.before, entry.after) == ({"parent": "Projektory"}, {"parent": "Rzutniki"})
    assert await column(CategoryField.filter(category_id=target.id).order_by("place"), "place") == [0, 1, 2, 3]
    assert [own.code for own in tree.fields_of("Przenośne")] == ["lampa", "jasnosc", "wzorcowanie-do", "obudowa"]
    assert (await Asset.get(id=asset.id)).category == "Rzutniki"
    assert await own_values([asset.id]) == {asset.id: {"jasnosc": "5000"}}
    assert await refused(merge_categories("rzutniki", "przenosne", SYSTEM, NOW)) == "category.below_itself"
    assert await refused(merge_categories("x", "rzutniki", SYSTEM, NOW)) == "category.unknown"
    full = tuple(FieldWish(f"F{n}", FieldKind.TEXT) for n in range(27))
    await add_category(NewCategory("Pełna", fields=full), SYSTEM, NOW)
    assert await refused(merge_categories("rzutniki", "pelna", SYSTEM, NOW)) == "category.too_many_fields"
    await change_category("pelna", CategoryChanges(fields=full[:26]), SYSTEM, NOW)
    await merge_categories("rzutniki", "pelna", SYSTEM, NOW)


@pytest.mark.parametrize("connections", [2])
async def test_two_moves_at_once_make_no_circle(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("A", "B"):
        await add_category(NewCategory(name), SYSTEM, NOW)
    readers, both = itertools.count(1), asyncio.Event()

    async def read_beside() -> CategoryTree:
        """The tree, once the other has read it too, where that one does not wait for this."""
        tree = await category_tree()
        if next(readers) > 1:
            both.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(both.wait(), 0.1)
        return tree

    monkeypatch.setattr(categories, "category_tree", read_beside)
    moves = (change_category(code, CategoryChanges(parent=to), SYSTEM, NOW) for code, to in (("a", "b"), ("b", "a")))
    answers = await asyncio.gather(*moves, return_exceptions=True)
    assert [one.code for one in answers if isinstance(one, Refusal)] == ["category.below_itself"]
    assert [depth for depth, _ in (await category_tree()).in_order()] == [0, 1]


async def test_a_corrected_category_is_written_as_the_tree_writes_it(database: Database) -> None:
    await furnish()
    one, two = await make_asset(), await make_asset()
    await correct(one.id, {"category": "PROJEKTORY"}, SYSTEM, NOW)
    many = {two.id: PieceCorrection({"category": "projektory"}), one.id: PieceCorrection({"note": "x"})}
    await correct_together(many, SYSTEM, NOW)
    assert await column(Asset.filter().order_by("id"), "category") == ["Projektory"] * 2
    await correct_together({two.id: PieceCorrection({"category": "Kosz"})}, SYSTEM, NOW)
    assert (await Asset.get(id=two.id)).category == "Kosz"


async def test_pieces_of_each_category_are_counted_but_those_withdrawn(database: Database) -> None:
    for lifecycle in ("in_use", "withdrawn"):
        await make_asset(category="meble", lifecycle=lifecycle)
    await make_asset()
    assert await counts_by_category() == {"meble": 1}


async def test_a_category_that_something_needs_stays(database: Database) -> None:
    await furnish()
    asset = await projector()
    for code, pieces, below in (("ict", 0, 1), ("projektory", 1, 0)):
        with pytest.raises(Conflict) as refusal:
            await remove_category(code, SYSTEM, NOW)
        assert refusal.value.code == "category.used"
        assert (refusal.value.params["pieces"], refusal.value.params["below"]) == (pieces, below)
    await correct(asset.id, {"category": ""}, SYSTEM, NOW)
    await remove_category("projektory", SYSTEM, NOW)
    assert not await Category.exists(code="projektory")


async def test_what_pieces_hold_is_never_lost(database: Database) -> None:
    await furnish()
    asset = await projector(jasnosc="5000", obudowa="Mini")
    for fields in ((), (FieldWish("Jasność", FieldKind.TEXT), CHECKED, SHAPE)):
        assert await refused(change_category("projektory", CategoryChanges(fields=fields), SYSTEM, NOW)) == (
            "category.field_used"
        )
    tower = FieldWish("Obudowa", FieldKind.CHOICE, choices=("Tower",))
    wish = CategoryChanges(fields=(LUMENS, tower))
    assert await refused(change_category("projektory", wish, SYSTEM, NOW)) == "category.choice_used"
    wish = CategoryChanges(fields=(FieldWish("Strumień", FieldKind.NUMBER, "jasnosc", "lm"), SHAPE))
    await change_category("projektory", wish, SYSTEM, NOW)
    assert [own.name for own in (await category_tree()).fields_of("Projektory")] == ["Strumień", "Obudowa"]
    await correct(asset.id, {"category": ""}, SYSTEM, NOW)
    assert await refused(remove_category("projektory", SYSTEM, NOW)) == "category.used"
    assert await FieldValue.filter(asset_id=asset.id).count() == 2


async def test_names_and_places_of_categories_are_checked(database: Database) -> None:
    await furnish()
    assert await refused(add_category(NewCategory("ict"), SYSTEM, NOW)) == "category.exists"
    assert await refused(add_category(NewCategory("Inne", "ict"), SYSTEM, NOW)) == "category.exists"
    assert await refused(add_category(NewCategory("Inne", parent="x"), SYSTEM, NOW)) == "category.unknown"
    assert await refused(add_category(NewCategory("Inne", fields=(LUMENS,)), SYSTEM, NOW)) == "category.field_exists"
    twice = (FieldWish("A", FieldKind.TEXT), FieldWish("a", FieldKind.TEXT))
    assert await refused(add_category(NewCategory("Inne", fields=twice), SYSTEM, NOW)) == "category.field_exists"
    title = (FieldWish("konto", FieldKind.TEXT),)
    assert await refused(add_category(NewCategory("Inne", fields=title), SYSTEM, NOW)) == "category.title_of_all"
    many = tuple(FieldWish(f"F{n}", FieldKind.TEXT) for n in range(31))
    assert await refused(add_category(NewCategory("Inne", fields=many), SYSTEM, NOW)) == "category.too_many_fields"
    change = change_category("ict", CategoryChanges(parent="projektory"), SYSTEM, NOW)
    assert await refused(change) == "category.below_itself"
    assert await refused(change_category("ict", CategoryChanges(name="Projektory"), SYSTEM, NOW)) == "category.exists"
    assert await refused(change_category("ict", CategoryChanges(), SYSTEM, NOW, 9)) == "request.stale"
    await change_category("projektory", CategoryChanges(parent="", defaults={"kst": "622"}), SYSTEM, NOW, 1)
    row = await Category.get(code="projektory")
    assert (row.parent_id, row.kst, row.revision) == (None, "622", 2)
    entry = await HistoryEntry.get(object=f"category:{row.id}", action="category_changed")
    assert (entry.before, entry.after) == ({"parent": "ICT", "kst": ""}, {"parent": None, "kst": "622"})


async def test_only_what_differs_is_written(database: Database) -> None:
    await furnish()
    row = await change_category("ict", CategoryChanges(name="ICT"), SYSTEM, NOW)
    assert row.revision == 1
    with pytest.raises((Invalid, NotFound)):
        await change_category("none", CategoryChanges(), SYSTEM, NOW)
