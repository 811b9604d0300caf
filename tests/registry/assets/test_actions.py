"""What changes assets, and what it leaves behind."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from registry.assets import actions, policy, queries
from registry.assets.actions import NewAsset
from registry.assets.filters import AssetFilter
from registry.assets.models import Asset, Condition, FundingShare, Purchase, Tag
from registry.assets.rules import AccountPolicy, dated
from registry.assets.tags import check
from registry.assets.transitions import Answers
from registry.core import events, seals
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.history import SYSTEM, HistoryEntry
from registry.faults import asset_transitions
from registry.people.models import Person
from registry.rooms.models import Building, Room, RoomKind, Site, StandardItem
from tests.statements import Statements

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("rooms")


@pytest.fixture
async def rooms(database: Any) -> None:
    site = await Site.create(code="T", name="Toruń")
    building = await Building.create(site=site, code="B", address="ul. Długa 1")
    for number in (1, 2):
        await Room.create(building=building, code=f"R-{number}", number=str(number), name="Sala", kind=RoomKind.MEETING)


async def room(code: str = "R-1") -> Room:
    return await Room.get(code=code)


async def projector(**more: Any) -> Asset:
    new = NewAsset(name="Projektor laserowy", price=Decimal("100.00"), room_id=(await room()).id, **more)
    return await actions.register(new, SYSTEM, NOW)


async def perform(name: str, asset_id: int, if_revision: int | None = None, **answers: Any) -> Asset:
    return await asset_transitions.perform(name, asset_id, Answers(**answers), SYSTEM, NOW, if_revision)


async def entries_of(asset: Asset) -> list[tuple[str, Any, Any]]:
    entries = HistoryEntry.filter(object=f"asset:{asset.id}").order_by("seq")
    return list(await entries.values_list("action", "before", "after"))


async def test_a_registered_piece_has_all_that_belongs_to_it() -> None:
    events_told: list[events.Event] = []
    await StandardItem.create(room=await room(), name="projektor  laserowy", quantity=1)
    off = events.on(events_told.append)
    asset = await projector(inventory_no=" A/1 ", kst="662")
    off()
    assert (asset.inventory_no, asset.account) == ("A/1", "poz")
    assert await FundingShare.get(asset_id=asset.id).values_list("grant_id", "amount") == (None, Decimal("100.00"))
    assert check((await Tag.get(asset_id=asset.id)).code)
    assert [entry[0] for entry in await entries_of(asset)] == ["registered"]
    assert events.AssetChanged(asset.id) in events_told
    assert any(isinstance(event, events.RoomChanged) for event in events_told)


async def test_the_account_is_that_of_the_day_of_acceptance() -> None:
    policy.use(AccountPolicy(fixed_above=dated("50, 2018-01-01=100"), quantity_only_below=dated("10")))
    assert [(await projector(accepted_on=day)).account for day in (date(2017, 1, 1), None)] == ["011", "013"]


async def test_a_number_is_given_once_and_a_price_is_an_amount() -> None:
    await projector(inventory_no="A/1")
    with pytest.raises(Conflict) as refusal:
        await projector(inventory_no="A/1")
    assert refusal.value.code == "asset.number_taken"
    for price in ("-1", "NaN"):
        with pytest.raises(Invalid) as bad:
            await actions.register(NewAsset(name="x", price=Decimal(price)), SYSTEM, NOW)
        assert bad.value.code == "asset.bad_price"
    assert await Asset.all().count() == 1


@pytest.mark.parametrize("number", ["inw/1", "INW / 1", " Inw/1 "])
async def test_a_number_is_the_same_however_it_is_written(number: str) -> None:
    first = await projector(inventory_no="Inw/ 1")
    other = await projector(inventory_no="Inw/2")
    for attempt in (
        projector(inventory_no=number),
        actions.correct(other.id, {"inventory_no": number}, SYSTEM, NOW),
    ):
        with pytest.raises(Conflict) as refusal:
            await attempt
        assert refusal.value.code == "asset.number_taken"
    await actions.correct(first.id, {"inventory_no": number.strip()}, SYSTEM, NOW)
    assert await Asset.all().order_by("id").values_list("inventory_no", "number_key") == [
        (number.strip(), "inw/1"),
        ("Inw/2", "inw/2"),
    ]
    await actions.correct(first.id, {"inventory_no": None}, SYSTEM, NOW)
    assert (await projector(inventory_no=number)).number_key == "inw/1"


async def test_a_corrected_piece_is_found_by_its_purchase_as_before() -> None:
    bought = await Purchase.create(code="Z077", name="x", quantity=1, unit_price=1)
    asset = await projector(purchase_id=bought.id)
    await actions.correct(asset.id, {"name": "Rzutnik"}, SYSTEM, NOW)
    page = await queries.search(AssetFilter(q="z077 rzutnik"))
    assert [item["id"] for item in page.items] == [asset.id]


async def test_a_move_wakes_both_rooms_and_is_told() -> None:
    asset, events_told = await projector(), []
    there = await room("R-2")
    for one in (there, await room()):
        await StandardItem.create(room=one, name=asset.name, quantity=1)
    off = events.on(lambda event: events_told.append(event) if isinstance(event, events.RoomChanged) else None)
    after = await perform("move", asset.id, room_id=there.id, reason="zamiana", if_revision=1)
    await perform("move", asset.id, room_id=there.id)
    off()
    assert (after.room_id, after.revision) == (there.id, 2)
    assert {event.room_id for event in events_told[:2]} == {(await room()).id, there.id}
    assert await entries_of(asset) != []
    assert (await entries_of(asset))[1:] == [("moved", {"room_id": (await room()).id}, {"room_id": there.id})]
    await perform("move", asset.id)
    assert (await Asset.get(id=asset.id)).room_id is None
    assert (await seals.verify())[1] is None


async def test_rooms_are_told_of_what_their_readiness_shows_and_of_nothing_else() -> None:
    """Whoever shows a door would read it anew for every chair that is registered."""
    here, there = await room(), await room("R-2")
    await StandardItem.create(room=there, name="Projektor laserowy", quantity=1)
    rooms: list[int] = []
    off = events.on(lambda event: rooms.append(event.room_id) if isinstance(event, events.RoomChanged) else None)
    asset = await projector(inventory_no="A/1")  # its room asks for none
    await actions.correct(asset.id, {"note": "by the window"}, SYSTEM, NOW)
    assert rooms == []
    assert (await room()).revision == here.revision
    await perform("report_fault", asset.id)
    assert rooms == [here.id]
    await perform("report_fault", asset.id, reason="again")
    await perform("move", asset.id, room_id=there.id)
    assert rooms == [here.id, here.id, there.id]
    await perform("mend", asset.id)
    await actions.correct(asset.id, {"serial_no": "S-1"}, SYSTEM, NOW)
    await actions.correct(asset.id, {"name": "Rzutnik"}, SYSTEM, NOW)
    assert rooms[3:] == [there.id, there.id]
    await perform("move", asset.id, room_id=here.id)
    off()
    assert rooms[5:] == []


async def test_a_stale_look_changes_nothing() -> None:
    asset = await projector()
    await perform("report_fault", asset.id)
    for change in (
        perform("move", asset.id, if_revision=1),
        perform("mend", asset.id, if_revision=1),
        perform("unassign", asset.id, if_revision=1),
    ):
        with pytest.raises(Conflict) as stale:
            await change
        assert stale.value.code == "request.stale"
    with pytest.raises(NotFound):
        await perform("move", asset.id, room_id=999)
    with pytest.raises(NotFound):
        await perform("mend", 999)
    with pytest.raises(NotFound):
        await perform("unassign", 999)
    assert (await Asset.get(id=asset.id)).condition == Condition.FAULTY


async def test_a_custodian_is_entrusted() -> None:
    asset = await projector()
    person = await Person.create(login="omo1", name="odpowiedzialny 1", created_at=NOW)
    await perform("assign", asset.id, custodian_id=person.id)
    assert (await queries.detail(asset.id))["custodian"] == "omo1"
    assert (await entries_of(asset))[-1] == ("assigned", {"custodian_id": None}, {"custodian_id": person.id})


async def test_repair_and_readiness() -> None:
    asset = await projector()
    here = (await room()).id
    await StandardItem.create(room_id=here, name="Projektor laserowy", feature="projector", quantity=1)
    assert (await queries.readiness(here)).ready
    await perform("send_to_repair", asset.id, reason="serwis")
    unready = await queries.readiness(here)
    assert not unready.ready
    assert [(item.feature, item.working) for item in unready.broken] == [("projector", 0)]
    await perform("mend", asset.id)
    assert (await queries.readiness(here)).ready
    assert [entry[0] for entry in await entries_of(asset)] == ["registered", "sent_to_repair", "mended"]
    await perform("move", asset.id)
    assert (await queries.readiness(here)).broken[0].problems == ({"problem": "missing", "count": 1},)
    assert (await queries.readiness((await room("R-2")).id)).ready


async def test_what_a_room_offers_is_asked_once_until_it_changes(statements: Statements) -> None:
    asset = await projector()
    await StandardItem.create(room=await room(), name="Projektor laserowy", feature="projector", quantity=1)
    here = await room()
    assert (await queries.equipment_of([here]))[here.id].works == {"projector"}
    with statements.at_most(0):
        await queries.equipment_of([here])
    await perform("send_to_repair", asset.id, reason="serwis")
    after = (await queries.equipment_of([await Room.get(id=here.id)]))[here.id]
    assert (after.works, after.faulty_count, after.broken[0]["id"]) == (frozenset(), 1, asset.id)


async def test_what_works_is_summed_by_name() -> None:
    here = (await room()).id
    await StandardItem.create(room_id=here, name="Krzesło", quantity=5)
    for number, quantity in ((1, 2), (2, 2), (3, 1)):
        chair = NewAsset(name="Krzesło", inventory_no=f"K-{number}", price=Decimal(1), room_id=here, quantity=quantity)
        await actions.register(chair, SYSTEM, NOW)
    (chairs,) = (await queries.readiness(here)).items
    assert (chairs.working, chairs.ready, chairs.problems) == (5, True, ())
