"""The search finds what a plain look for the words in the items would, whatever the index thinks of it."""

import random
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from registry.assets import actions
from registry.assets import search as asset_search
from registry.assets.actions import NewAsset
from registry.assets.filters import AssetFilter
from registry.assets.models import Asset
from registry.assets.queries import FIELDS, JOINED, search
from registry.assets.rules import fold, search_text
from registry.assets.search import find
from registry.assets.transitions import Answers
from registry.core.history import SYSTEM
from registry.core.statements import insert_many
from registry.faults.asset_transitions import perform
from registry.importing.lists import check_list, write_list
from registry.people.models import Person
from registry.rooms.lock import changing
from registry.rooms.models import Room
from tests.conftest import Database
from tests.make import NOW, make_asset, make_person, make_room

TEXTS = (
    "Krzesło konferencyjne obrotowe", "krzesło", "Łóżko polowe ŻÓŁĆ gęślą", "Laptop 100% wełna", "laptop 1000",
    "a_b", "axb", "it's \"quoted\" ''twice''", 'say "', "back\\slash \\% \\_", "Straße STRASSE", "İstanbul ıspanak",
    "ΑΣΟΣ ασος", "日本語テスト", "日本語", "😀😀😀 trzy", "near(a b, 2) AND or NOT not", "col:umn ^caret* star*",
    "-minus +plus", "ab", "abc", "abcabd", "aaa aaaa", "projektor w R-1", "opis " + "długi " * 110 + "za daleko", "",
)  # fmt: skip
WORDS = (
    "krz", "krzeslo", "KRZESŁO obr", "100%", "%", "_", "a_b", "\\", "\\%", "'", '"', '""', "''twice''", "ass", "aß",
    "日本語", "本", "😀😀", "😀😀😀", "and", "NOT not", "near(a", "col:", "^caret*", "star*", "-minus", "+plus", "abd",
    "cab", "aaaa", "r-1", "r-1 projektor", "anna", "anna lap", "wik ro", "za daleko", "dlugi", "\x00", "a\x00bc",
    "nic takiego", "ab abc abd", "sala", "łóżko ZÓLC gesla polowe",
)  # fmt: skip
LIST = "Numer inwentarzowy;Nazwa;Wartość brutto\r\nI/1;Przywieziony regał;10,00\r\nI/2;Przywieziona lampa;0,01\r\n"


@pytest.fixture
async def shelf(database: Database) -> list[Asset]:
    room, person = await make_room(code="R-1", name="Sala Wiktorii"), await make_person("anna", name="Anna Róg")
    return [
        await make_asset(
            search_text=search_text(text),
            price=Decimal(place) / 100,
            room_id=room.id if place % 3 == 0 else None,
            custodian_id=person.id if place % 4 == 0 else None,
        )
        for place, text in enumerate(TEXTS, 1)
    ]


async def plainly(q: str) -> list[int]:
    """The ids of what holds each word, in its text or in the names of its room and custodian."""
    rooms = {room.id: fold(f"{room.code} {room.number} {room.name} {room.name_en}") for room in await Room.all()}
    people = {person.id: fold(f"{person.login} {person.name}") for person in await Person.all()}
    words = AssetFilter(q=q).words()
    return [
        asset.id
        for asset in await Asset.all()
        if all(
            word in asset.search_text
            or word in rooms.get(asset.room_id or 0, "")
            or word in people.get(asset.custodian_id or 0, "")
            for word in words
        )
    ]


async def agrees(q: str) -> int:
    """Compare, twice: the second answer may come from what is kept. Returns how many there are."""
    expected = await plainly(q)
    prices = {asset.id: asset.price for asset in await Asset.all()}
    for _ in range(2):
        totals, ids = await find(AssetFilter(q=q), "id", 0, 5000)
        assert sorted(ids) == sorted(expected), q
        assert totals == (len(expected), sum(prices[one] for one in expected), len(expected)), q
    return len(expected)


async def whole(database: Database) -> None:
    """SQLite compares its index with the table, which it would not do by itself."""
    if database.dialect == "sqlite":
        await database.context.db("default").execute_query(
            "INSERT INTO asset_words (asset_words, rank) VALUES ('integrity-check', 1)"
        )


@pytest.mark.usefixtures("shelf")
async def test_words_are_found_wherever_they_stand() -> None:
    totals = {q: await agrees(q) for q in WORDS}
    assert totals["krz"] == totals["krzeslo"] == 2
    assert (totals["100%"], totals["a_b"], totals["%"], totals["日本語"], totals["😀😀"]) == (1, 1, 2, 2, 1)
    assert totals["nic takiego"] == totals["za daleko"] == 0


@pytest.mark.usefixtures("shelf")
async def test_any_part_of_any_text_is_found() -> None:
    chance = random.Random(7)
    for _ in range(150):
        parts = []
        for text in chance.choices([fold(text) for text in TEXTS if text], k=chance.choice((1, 1, 2))):
            start = chance.randrange(len(text))
            parts.append(text[start : start + chance.randint(1, 9)])
        await agrees(" ".join(parts))


async def test_the_index_follows_whatever_is_written(database: Database) -> None:
    new = await actions.register(NewAsset("Stary regał", Decimal(1)), SYSTEM, NOW)
    assert await agrees("stary") == 1
    await actions.correct(new.id, {"name": "Nowy regał"}, SYSTEM, NOW)
    assert (await agrees("stary"), await agrees("nowy reg")) == (0, 1)
    await write_list(await check_list(LIST.encode(), "lista.csv"), SYSTEM, NOW)
    assert (await agrees("przywiez"), await agrees("regal")) == (2, 2)
    await database.context.db("default").execute_query("UPDATE asset SET search_text = 'calkiem inaczej'")
    assert (await agrees("regal"), await agrees("inaczej")) == (0, 3)
    await Asset.filter(inventory_no="I/1").delete()
    assert await agrees("inaczej") == 2
    await whole(database)


async def test_the_index_outlives_a_vacuum(database: Database, shelf: list[Asset]) -> None:
    await Asset.filter(id__in=[asset.id for asset in shelf[:3]]).delete()
    await database.context.db("default").execute_query("VACUUM")
    assert (await agrees("krzeslo"), await agrees("laptop")) == (0, 2)
    await whole(database)


async def test_what_is_rolled_back_leaves_no_trace(database: Database) -> None:
    """Nor is what was counted inside it kept for those outside, though the next change has the same revision."""
    asset = await make_asset(search_text="szafa")
    with pytest.raises(ZeroDivisionError):
        async with changing():
            await Asset.filter(id=asset.id).update(search_text="stolik")
            await make_asset(search_text="stolik")
            assert await agrees("stolik") == 2
            raise ZeroDivisionError
    await make_asset(search_text="stolik")
    assert (await agrees("stolik"), await agrees("szafa")) == (1, 1)
    await whole(database)


Writer = Callable[[Asset], Awaitable[Any]]
CHANGES: list[tuple[AssetFilter, Writer]] = [
    (AssetFilter(), lambda asset: Asset.filter(id=asset.id).update(price=Decimal("7.77"))),
    (AssetFilter(), lambda asset: asset.delete()),
    (AssetFilter(q="szafa"), lambda asset: Asset.filter(id=asset.id).update(search_text="stolik")),
    (AssetFilter(room="R-1"), lambda asset: Asset.filter(id=asset.id).update(room_id=None)),
    (AssetFilter(q="anna"), lambda asset: Asset.filter(id=asset.id).update(custodian_id=None)),
    (AssetFilter(q="anna"), lambda asset: Person.filter(login="anna").update(login="ewa", name="Ewa")),
    (AssetFilter(q="sala"), lambda asset: Room.filter(code="R-1").update(name="Magazyn")),
    (AssetFilter(room="R-1"), lambda asset: Room.filter(code="R-1").update(code="R-2")),
    (AssetFilter(condition="ok"), lambda asset: perform("report_fault", asset.id, Answers(), SYSTEM, NOW)),
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(CHANGES)))
async def test_an_answer_is_kept_until_it_changes(database: Database, place: int) -> None:
    wish, change = CHANGES[place]
    room, person = await make_room(code="R-1", name="Sala"), await make_person("anna", name="Anna")
    asset = await make_asset(search_text="szafa", room=room, custodian=person, price=Decimal("1.00"))
    before = await search(wish)
    assert (before.total, before.total_price) == (1, Decimal("1.00")) == ((await search(wish)).total, Decimal("1.00"))
    await change(asset)
    after = await search(wish)
    assert (after.total, after.total_price) != (1, Decimal("1.00"))
    assert after.total == len(after.items)


async def test_among_very_many_the_table_itself_is_read(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async with changing():
        await insert_many(
            [
                Asset(id=n, name="x", price=Decimal("0.10") * n, search_text=f"krzeslo {n % 10} sztuka{n:05}")
                for n in range(1, 1201)
            ]
        )
    for at_most in (0, 10_000):
        monkeypatch.setattr(asset_search, "SORTED_AT_MOST", at_most)
        assert [await agrees(q) for q in ("krzeslo", "krzeslo sztuka00077", "zt", "7 krz")] == [1200, 1, 1200, 309]
        page = await search(AssetFilter(q="krzeslo"), "-price", 1, 3)
        assert [item["id"] for item in page.items] == [1199, 1198, 1197]
        assert (page.total, page.total_price, page.first) == (1200, Decimal("72060.00"), 1)
        await Asset.filter(id=1).update(note=f"{at_most}")  # nothing kept stays good


@pytest.mark.usefixtures("shelf")
async def test_a_page_tells_what_the_model_would() -> None:
    page = await search(AssetFilter(), "id")
    items = {item["id"]: item for item in await Asset.all().values(*FIELDS, **JOINED)}
    assert page.items == [items[one] for one in sorted(items)]
    assert [(type(one), str(one)) for item in page.items for one in item.values()] == [
        (type(one), str(one)) for pk in sorted(items) for one in items[pk].values()
    ]


async def test_sums_are_exact_to_the_grosz(database: Database) -> None:
    async with changing():
        await insert_many([Asset(id=n, name="x", price=Decimal("9999999999.99")) for n in range(1, 1001)])
    assert (await search(AssetFilter())).total_price == Decimal("9999999999990.00")


@pytest.mark.parametrize("name", ["room", "category", "custodian", "grant", "imported", "bulk", "field"])
def test_what_cannot_be_printed_stands_in_no_column(name: str) -> None:
    assert AssetFilter(**{name: "a\x00"}).cannot_exist()
    assert not AssetFilter(**{name: "a"}).cannot_exist()


@pytest.mark.parametrize("day", ["2027-W01-1", "20270101", "2027-02-30", "\u0662027-03-01", "2027-3-1"])
def test_a_day_is_a_year_a_month_and_a_day(day: str) -> None:
    assert AssetFilter(warranty_before=day).cannot_exist()
    assert not AssetFilter(durable_before="2027-03-01").cannot_exist()
