"""A list goes on behind a row in every order, both ways, and reads no row to leave it out."""

from datetime import date
from decimal import Decimal

import pytest

from registry.assets import search as asset_search
from registry.assets.filters import AssetFilter
from registry.assets.models import Asset
from registry.assets.orders import ORDERS, PlacedRow, Walk, cursor_at, cursor_in
from registry.assets.queries import categories, counts_by_state, custodians, search
from registry.assets.search import Start, part_of
from registry.core.statements import insert_many
from registry.core.transaction import reading_from
from registry.rooms.lock import changing
from tests.conftest import Database
from tests.make import make_person, make_room
from tests.statements import plan

MANY = 60


@pytest.fixture
async def shelf(database: Database) -> list[Asset]:
    """Pieces that share most of what they may be ordered by, and lack some of it."""
    rooms = [await make_room(code=code) for code in ("CC", "AA", "BB")]
    people = [await make_person(f"osoba{n}", name=name) for n, name in enumerate(("Zofia", "Adam", "Adam"))]
    assets = [
        Asset(
            id=n, name=f"Rzecz {n % 7}", search_text=f"rzecz {n % 7}", price=Decimal(n % 5) / 3 + 9,
            inventory_no=f"N/{n % 50:02}/{n}" if n % 3 else None, number_key=f"n/{n}" if n % 3 else None,
            category=("meble", "ICT", "")[n % 3], kst=("808", "487")[n % 2], account="013", quantity=1 + n % 2,
            serial_no="" if n % 4 else f"S{n}", room_id=rooms[n % 3].id if n % 4 else None,
            custodian_id=people[n % 3].id if n % 5 else None,
            accepted_on=date(2022, 1, 1 + n % 9) if n % 2 else None, warranty_until=date(2027, 1, 1) if n % 2 else None,
            durable_until=date(2028, 1, 1 + n % 3) if n % 3 else None,
            condition=("ok", "faulty")[n % 2], lifecycle=("in_use", "in_store")[n % 2],
        )
        for n in range(1, MANY + 1)
    ]  # fmt: skip
    async with changing():
        await insert_many(assets)
    return assets


EVERYTHING = AssetFilter()


async def walked(sort: str, step: int, wish: AssetFilter = EVERYTHING) -> list[int]:
    """All of it page by page, to the end and back again."""
    ids: list[int] = []
    part = await part_of(wish, sort, Start(), step)
    assert (part.first, part.previous) == (0, None)
    while True:
        assert part.first == len(ids)
        ids += part.ids
        if part.next is None:
            break
        part = await part_of(wish, sort, Start(after=part.next), step)
    back: list[int] = part.ids
    while part.previous:
        part = await part_of(wish, sort, Start(before=part.previous), step)
        back = part.ids + back
    assert part.first == 0
    assert back == ids, sort
    return ids


@pytest.mark.parametrize("most", [0, 10_000])
@pytest.mark.parametrize("sort", [f"{way}{name}" for name in ORDERS for way in ("", "-")])
@pytest.mark.usefixtures("shelf")
async def test_pages_one_after_the_other_are_the_whole_list(
    sort: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asset_search, "SORTED_AT_MOST", 10_000)
    whole = (await part_of(AssetFilter(), sort, Start(), 200)).ids
    assert len(set(whole)) == MANY
    monkeypatch.setattr(asset_search, "SORTED_AT_MOST", most)
    assert await walked(sort, 7) == whole
    some = AssetFilter(q="rzecz", category="ICT")
    assert await walked(sort, 3, some) == [pk for pk in whole if pk % 3 == 1]


@pytest.mark.usefixtures("shelf")
async def test_a_list_turned_round_is_the_same_list() -> None:
    for name in ORDERS:
        up, down = [(await part_of(AssetFilter(), sort, Start(), 200)).ids for sort in (name, f"-{name}")]
        assert up == down[::-1], name


@pytest.mark.usefixtures("shelf")
async def test_what_has_no_value_stands_first() -> None:
    rows = (await search(AssetFilter(), "room")).items
    rooms = [row["room"] or "" for row in rows]
    assert rooms == sorted(rooms)
    assert rooms[0] == ""
    names = [row["custodian_name"] or "" for row in (await search(AssetFilter(), "-custodian")).items]
    assert names == sorted(names, reverse=True)


async def test_a_row_that_changed_since_counts_by_its_place(shelf: list[Asset]) -> None:
    first = await part_of(AssetFilter(), "name", Start(), 10)
    assert first.next
    await Asset.filter(id=first.ids[-1]).update(search_text="zzz")
    second = await part_of(AssetFilter(), "name", Start(after=first.next), 10)
    assert second.first == 10
    assert second.previous
    await Asset.filter(id=second.ids[0]).delete()
    back = await part_of(AssetFilter(), "name", Start(before=second.previous), 10)
    assert (back.first, len(back.ids)) == (0, 10)
    assert (await part_of(AssetFilter(), "name", Start(after="nonsense"), 10)).first == 0


def test_a_cursor_is_read_as_it_is_written() -> None:
    cursor = cursor_in(cursor_at(50, PlacedRow(7, "lampa")))
    assert cursor
    assert (cursor.place, cursor.id) == (50, 7)
    assert [cursor_in(text) for text in ("", "50", "a-b-c", "1-2-zzzzzzzz", "9" * 12 + "-1-00000000")] == [None] * 5


ALONG = {
    "name": "search_text", "number": "inventory_no", "price": "asset_by_price", "room": "room_id",
    "custodian": "custodi", "category": "category", "kst": "asset_by_kst", "account": "asset_by_account",
    "serial": "asset_by_serial", "quantity": "asset_by_quantity", "lifecycle": "asset_by_lifecycle",
    "condition": "asset_by_condition", "accepted": "asset_by_accepted", "warranty": "asset_by_warranty",
    "durable": "asset_by_durable", "id": "",
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERS)
async def test_a_page_far_down_goes_along_an_index(database: Database, shelf: list[Asset], name: str) -> None:
    """In each order, and behind each row: nothing before it is read, and nothing is sorted."""
    for is_descending in (False, True):
        source = Walk(ORDERS[name], False, 1).source
        column = ORDERS[name].column
        rows = await asset_search.listed(
            reading_from(), [column], asset_search.Clause(f"{source} WHERE asset.id = ?", (MANY - 1,))
        )
        walk = Walk(ORDERS[name], is_descending, 50, behind=PlacedRow(MANY - 1, rows[0][0]))
        for part in walk.parts(database.dialect):
            if part.column == "NULL":
                continue
            sql = f"SELECT asset.id {part.source} WHERE 1 = 1{part.rest.sql} {part.sorting} LIMIT 50"
            # of sixty rows none is worth an index
            text = await plan(sql, part.rest.values, off=("seqscan", "sort", "bitmapscan"))
            assert ALONG[name] in text, text
            if database.dialect == "sqlite":
                sorted_part = "USE TEMP B-TREE FOR RIGHT PART" if name == "custodian" else "USE TEMP B-TREE"
                assert "SCAN asset" not in text.replace("SCAN asset USING", ""), text
                assert sorted_part not in text.replace("RIGHT PART" if name == "custodian" else "-", ""), text
            else:
                assert "Seq Scan on asset" not in text, text
                assert "Sort Key" not in text or "Incremental Sort" in text, text


@pytest.mark.usefixtures("shelf")
async def test_what_is_in_use_is_read_from_value_to_value() -> None:
    assert await categories() == ["ICT", "meble"]
    assert [login for login, _ in await custodians()] == ["osoba1", "osoba2", "osoba0"]
    counts, mine = await counts_by_state(0)
    assert (sum(counts.values()), mine) == (MANY, 0)
    await Asset.filter(id=1).delete()
    assert sum((await counts_by_state(0))[0].values()) == MANY - 1
