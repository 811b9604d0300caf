"""Lists of assets with their sums, and one asset with all that is known."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from registry.assets import actions, queries
from registry.assets.actions import NewAsset
from registry.assets.filters import AssetFilter
from registry.assets.models import Asset, Condition, Lifecycle, Purchase, Tag
from registry.assets.queries import search
from registry.assets.transitions import TRANSITIONS, Answers
from registry.core.errors import Conflict, NotFound
from registry.core.history import SYSTEM
from registry.devices.models import Device, DeviceKind
from registry.devices.queries import devices_of_asset
from registry.faults import asset_transitions
from registry.grants.actions import NewGrant, add_grant
from registry.grants.queries import all_grants, grant_by_id
from registry.people.models import Person
from registry.rooms.models import Building, Room, RoomKind, Site

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("stock")


@pytest.fixture
async def stock(database: Any) -> None:
    site = await Site.create(code="T", name="Toruń")
    building = await Building.create(site=site, code="B", address="ul. Długa 1")
    first = await Room.create(building=building, code="R-1", number="1", name="Sala Żółta", kind=RoomKind.MEETING)
    second = await Room.create(building=building, code="R-2", number="2", name="Magazyn", kind=RoomKind.STORE)
    person = await Person.create(login="omo1", name="odpowiedzialny 1", created_at=NOW)
    line = await Purchase.create(code="Z1", name="Krzesło", quantity=1, unit_price=900, invoice_no="FV/1")
    grant = await add_grant(
        NewGrant("G/1", "Grant", "Urząd", "Fundusz", Decimal(1000), Decimal(750), Decimal(75)), SYSTEM, NOW
    )
    share = {grant.id: Decimal(75)}
    for new in (
        NewAsset("Łóżko polowe", Decimal("10000.00"), "A/1", "meble", "808", room_id=second.id, percents=share),
        NewAsset("Krzesło", Decimal("900.00"), "A/2", "meble", "808", room_id=first.id, custodian_id=person.id,
                 purchase_id=line.id),
        NewAsset("Laptop 100%", Decimal("3000.10"), "B/3", "ICT", "487", "SN-7", room_id=first.id, percents=share),
        NewAsset("Ława", Decimal("0.20"), None, "meble"),
    ):  # fmt: skip
        await actions.register(new, SYSTEM, NOW)


def numbers(page: queries.AssetPage) -> list[str | None]:
    return [item["inventory_no"] for item in page.items]


SEARCHES: list[tuple[AssetFilter, list[str | None], str]] = [
    (AssetFilter(), ["A/2", "B/3", None, "A/1"], "13900.30"),
    (AssetFilter(q="krzesło"), ["A/2"], "900.00"),
    (AssetFilter(q="KRZESLO meble"), ["A/2"], "900.00"),
    (AssetFilter(q="lozko"), ["A/1"], "10000.00"),
    (AssetFilter(q="sn-7"), ["B/3"], "3000.10"),
    (AssetFilter(q="100%"), ["B/3"], "3000.10"),
    (AssetFilter(q="_"), [], "0"),
    (AssetFilter(q="zolta"), ["A/2", "B/3"], "3900.10"),
    (AssetFilter(q="zolta omo1"), ["A/2"], "900.00"),
    (AssetFilter(q="\x00nic takiego"), [], "0"),
    (AssetFilter(room="R-1"), ["A/2", "B/3"], "3900.10"),
    (AssetFilter(room="R-9"), [], "0"),
    (AssetFilter(room="R" * 99), [], "0"),
    (AssetFilter(category="meble"), ["A/2", None, "A/1"], "10900.20"),
    (AssetFilter(custodian="omo1"), ["A/2"], "900.00"),
    (AssetFilter(custodian="nikt"), [], "0"),
    (AssetFilter(grant="G/1"), ["B/3", "A/1"], "13000.10"),
    (AssetFilter(grant="G/1", room="R-1"), ["B/3"], "3000.10"),
    (AssetFilter(lifecycle="in_use", condition="ok"), ["A/2", "B/3", None, "A/1"], "13900.30"),
    (AssetFilter(condition="faulty"), [], "0"),
    (AssetFilter(condition="broken"), [], "0"),
    (AssetFilter(lifecycle="eaten"), [], "0"),
]


async def test_search() -> None:
    for wish, expected, price in SEARCHES:
        page = await search(wish)
        assert numbers(page) == expected, wish
        assert (page.total, page.total_price, page.next) == (len(expected), Decimal(price), None)


SORTED: list[tuple[str, list[str | None]]] = [
    ("price", [None, "A/2", "B/3", "A/1"]),
    ("-price", ["A/1", "B/3", "A/2", None]),
    ("-name", ["A/1", None, "B/3", "A/2"]),
    ("nonsense", ["A/2", "B/3", None, "A/1"]),
]


async def test_sort() -> None:
    for sort, expected in SORTED:
        assert numbers(await search(AssetFilter(), sort)) == expected, sort


async def test_pages() -> None:
    first = await search(AssetFilter(), limit=3)
    assert (len(first.items), first.total, first.first, first.previous) == (3, 4, 0, None)
    assert first.next
    second = await search(AssetFilter(), after=first.next, limit=3)
    assert (numbers(second), second.first, second.next) == (["A/1"], 3, None)
    assert second.previous
    assert numbers(await search(AssetFilter(), before=second.previous, limit=3)) == numbers(first)
    assert numbers(await search(AssetFilter(), offset=3, limit=3)) == ["A/1"]
    assert first.total_quantity == 4
    assert (await search(AssetFilter(), offset=99)).items == []


async def test_a_tag_finds_its_thing() -> None:
    tag = await Tag.get(asset__inventory_no="A/2")
    assert numbers(await search(AssetFilter(q=f"https://izba.test/t/{tag.code.lower()}"))) == ["A/2"]


async def test_detail() -> None:
    asset = await Asset.get(inventory_no="A/2")
    await Device.create(code="R-1-occ", kind=DeviceKind.PRESENCE, asset=asset)
    item = await queries.detail(asset.id)
    assert (item["room"], item["custodian"], item["purchase"]) == ("R-1", "omo1", "Z1")
    assert item["bought"]["invoice_no"] == "FV/1"
    assert [(share["grant"], share["amount"], share["percent"]) for share in item["shares"]] == [
        (None, Decimal("900.00"), Decimal("100.00"))
    ]
    assert len(item["tags"]) == 1
    assert [device.code for device in await devices_of_asset(asset.id)] == ["R-1-occ"]
    assert [entry["action"] for entry in item["history"]] == ["registered"]
    free = await queries.detail((await Asset.get(inventory_no=None)).id)
    assert free["bought"] is free["room"] is None
    with pytest.raises(NotFound):
        await queries.detail(999)


async def test_what_stands_in_a_room_broken_things_first() -> None:
    laptop = await Asset.get(inventory_no="B/3")
    await asset_transitions.perform("report_fault", laptop.id, Answers(), SYSTEM, NOW)
    assert laptop.room_id is not None
    assert [item["inventory_no"] for item in await queries.of_room(laptop.room_id)] == ["B/3", "A/2"]


async def test_categories_and_grants() -> None:
    assert await queries.categories() == ["ICT", "meble"]
    (grant,) = await all_grants()
    assert (await grant_by_id(grant["id"])).code == "G/1"
    with pytest.raises(NotFound):
        await grant_by_id(999)
    again = NewGrant("G/1", "Grant", "Urząd", "Fundusz", Decimal(1), Decimal(1), Decimal(75))
    with pytest.raises(Conflict) as twice:
        await add_grant(again, SYSTEM, NOW)
    assert twice.value.code == "grant.exists"


async def test_what_the_list_of_assets_offers_and_counts() -> None:
    person = await Person.get(login="omo1")
    broken = await Asset.get(inventory_no="B/3")
    await asset_transitions.perform("report_fault", broken.id, Answers(), SYSTEM, NOW)
    assert await queries.custodians() == [("omo1", "odpowiedzialny 1")]
    counts, mine = await queries.counts_by_state(person.id)
    assert counts == {(Lifecycle.IN_USE, Condition.OK): 3, (Lifecycle.IN_USE, Condition.FAULTY): 1}
    assert mine == 1
    items = (await search(AssetFilter())).items
    percents = await queries.grant_percents(items)
    assert {item["inventory_no"]: percents.get(item["id"]) for item in items if item["inventory_no"]} == {
        "A/1": Decimal(75), "A/2": None, "B/3": Decimal("2250.08") * 100 / Decimal("3000.10"),
    }  # fmt: skip
    ids = [item["id"] for item in reversed(items)]
    assert [item["id"] for item in await queries.assets_by_id([*ids, 999_999])] == ids
    assert await queries.assets_by_id([]) == []


async def test_answers_are_looked_up_by_code_where_they_are_asked() -> None:
    room, person = await Room.get(code="R-1"), await Person.get(login="omo1")
    move, assign = TRANSITIONS["move"], TRANSITIONS["assign"]
    assert await queries.answers_by_code(move, "R-1", "nobody", "why") == Answers(room.id, None, "why")
    assert await queries.answers_by_code(assign, "NOWHERE", "OMO1", "") == Answers(None, person.id, "")
    for transition, code, login in ((move, "NOWHERE", ""), (assign, "", "nikt"), (assign, "", "a\x00")):
        with pytest.raises(NotFound):
            await queries.answers_by_code(transition, code, login, "")
