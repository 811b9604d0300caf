"""A list asks the database as often for thirty rows as for three, whatever is kept from before."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import cachetools
import pytest
from tortoise.context import get_current_context

from registry.assets.categories import FieldWish, NewCategory, add_category
from registry.assets.models import Asset, FundingShare
from registry.assets.number_sequences import NewScheme, add_scheme
from registry.assets.transitions import Answers
from registry.blocks.actions import make_block
from registry.blocks.rules import Clearance, NewBlock
from registry.bookings.series_actions import book_series
from registry.bookings.series_rules import SeriesRequest
from registry.bulk_changes.models import BulkChange, BulkPiece, PieceFate
from registry.categories.models import FieldKind
from registry.core import history
from registry.core.context import OpenRegister
from registry.core.history import SYSTEM, Actor
from registry.duties.models import Duty
from registry.faults.actions import NewReport, report
from registry.faults.asset_transitions import perform
from registry.faults.models import Fault
from registry.feeds.actions import FeedWish, make_feed
from registry.feeds.models import FeedScope
from registry.grants.models import Grant
from registry.outbox.models import Letter, Notice
from registry.people.links import invite
from registry.people.models import LinkWay
from registry.plans.actions import place_rooms
from registry.plans.queries import Floor
from registry.plans.rules import rectangle
from registry.rooms.models import CalendarDay, Site, StandardItem
from registry.saved_views.models import SavedView
from registry.scans.models import Scan
from registry.sets.actions import NewSet, make_set
from registry.stocktakes.actions import NewArea, StocktakeOrder, order
from registry.stocktakes.counting import NewSighting, sight
from registry.stocktakes.models import CommitteeMember, Stocktake
from registry.stocktakes.rules import AreaKind
from registry.works.actions import make_works
from registry.works.rules import NewWorks
from tests.conftest import WARSAW
from tests.make import (
    drawing,
    make_asset,
    make_booking,
    make_building,
    make_device,
    make_institution,
    make_opening,
    make_panel,
    make_person,
    make_room,
)
from tests.statements import Statements
from tests.web.conftest import API, Office, soon

pytestmark = pytest.mark.anyio
FIRST, REST = 3, 27
DAY = soon(24).date()


async def rooms(office: Office, number: int) -> None:
    building = office.rooms["M-1"].building_id
    await make_room(code=f"N-{number}", building_id=building, bookable=True)


async def floors(office: Office, number: int) -> None:
    building = office.rooms["M-1"].building_id
    await make_room(code=f"F-{number}", building_id=building, floor=number)
    await place_rooms(Floor(building, number), {f"F-{number}": rectangle(0, 0, 0.5, 0.5)}, SYSTEM, datetime.now(UTC))


async def bookings(office: Office, number: int) -> None:
    person = await make_person()
    starts_at = soon(24) + timedelta(minutes=20 * number)
    await make_booking(
        starts_at, starts_at + timedelta(minutes=10), room=office.rooms["M-1"], organizer=person,
        institution_id=person.institution_id,
    )  # fmt: skip


async def requests(office: Office, number: int) -> None:
    starts_at = soon(24) + timedelta(minutes=20 * number)
    person, ends_at = await make_person(), starts_at + timedelta(minutes=10)
    await make_booking(starts_at, ends_at, room=office.rooms["M-1"], organizer=person, status="tentative")


async def blocks(office: Office, number: int) -> None:
    new = NewBlock(("M-1", "M-2"), ((soon(24 + number), soon(24.5 + number)),), "malowanie")
    await make_block(new, Clearance(), office.people["admin"], SYSTEM, datetime.now(UTC))


async def opening_hours(office: Office, number: int) -> None:
    await make_opening(code=f"hours-of-{number}")


async def days_that_differ(office: Office, number: int) -> None:
    site, _ = await Site.get_or_create(code="BDG", defaults={"name": "Site"})
    await CalendarDay.create(site=site, day=date(2027, 9, 1) + timedelta(days=number), name="x")


async def works(office: Office, number: int) -> None:
    new = NewWorks(f"Remont {number}", DAY, DAY, ("M-1", "M-2"))
    await make_works(new, SYSTEM, datetime.now(UTC))


async def stocktakes(office: Office, number: int) -> None:
    await make_person(f"counts-{number}")
    await make_person(f"counts-too-{number}")
    committee = (f"counts-{number}", f"counts-too-{number}")
    areas = (NewArea(AreaKind.ROOM, "M-1"),)
    new = StocktakeOrder(areas, committee, committee[0], DAY, opens=True)
    await order(new, office.people["admin"], SYSTEM, datetime.now(UTC))


async def sightings(office: Office, number: int) -> None:
    """All in the first stocktake."""
    if not await Stocktake.exists():
        await stocktakes(office, number)
        await CommitteeMember.create(stocktake_id=1, person=office.people["admin"], name="x")
    asset = await make_asset(room=office.rooms["M-1"])
    seen_thing = NewSighting("M-1", asset.inventory_no or "")
    await sight(1, seen_thing, office.people["admin"], datetime.now(UTC))


async def own_series(office: Office, number: int) -> None:
    start = (soon(72).astimezone(WARSAW) + timedelta(minutes=20 * number)).replace(tzinfo=None, second=0, fold=0)
    request = SeriesRequest("M-1", start, 10, "FREQ=WEEKLY;COUNT=2")
    await book_series(request, office.people["admin"], SYSTEM, datetime.now(UTC))


async def own_bookings(office: Office, number: int) -> None:
    admin, starts_at = office.people["admin"], soon(24) + timedelta(minutes=20 * number)
    await make_booking(starts_at, starts_at + timedelta(minutes=10), room=office.rooms["M-1"], organizer=admin)


async def duties(office: Office, number: int) -> None:
    person, room = await make_person(), office.rooms["M-1"]
    await Duty.create(room=room, person=person, roster=f"r-{number}", name="D", starts_at=soon(24), ends_at=soon(25))


async def assets(office: Office, number: int) -> None:
    nine = Decimal(9)
    grant = await Grant.create(
        code=f"G/{number}", name="G", beneficiary="B", fund="F", total=nine, granted=nine, percent=nine
    )
    asset = await make_asset(room=office.rooms["M-1"], custodian=await make_person())
    await FundingShare.create(asset=asset, grant=grant, amount=nine)


async def standard(office: Office, number: int) -> None:
    await StandardItem.create(room=office.rooms["M-1"], name=f"Krzesło {number}")
    await make_asset(room=office.rooms["M-1"], name=f"Krzesło {number}")


async def devices(office: Office, number: int) -> None:
    await make_device(room=office.rooms["M-1"], asset=await make_asset())


async def panels(office: Office, number: int) -> None:
    await make_panel(room=office.rooms["M-1"])


async def entries(office: Office, number: int) -> None:
    await history.write_new([(f"asset:{9000 + number}", {"name": "x"})], "registered", SYSTEM, datetime.now(UTC))


async def faults(office: Office, number: int) -> None:
    asset = await make_asset(room=office.rooms["C-1"] if number % 2 else None)
    person = await make_person()
    await report(NewReport(asset_id=asset.id, text="x"), Actor("x", "web", person.id), datetime.now(UTC))


async def files(office: Office, number: int) -> None:
    asset = await Asset.all().order_by("id").first()
    assert asset
    answer = await office.post(
        f"/assets/{asset.id}/files", who="admin", files={"file": ("a.pdf", f"%PDF-1.7 {number}".encode())}
    )
    assert answer.status_code == 201


async def documents(office: Office, number: int) -> None:
    asset = await make_asset(room=office.rooms["M-1"])
    await perform("move", asset.id, Answers(office.rooms["M-2"].id), SYSTEM, datetime.now(UTC))


async def feeds(office: Office, number: int) -> None:
    code = f"F-{number}"
    await make_room(code=code)
    await make_feed(FeedWish(FeedScope.ROOM, code), office.people["admin"], "k" * 40, SYSTEM, datetime.now(UTC))


async def fault_photos(office: Office, number: int) -> None:
    if not await Fault.exists():
        await report(NewReport(office.rooms["M-1"].id, text="x"), SYSTEM, datetime.now(UTC))
    content = drawing(width=40 + number)
    answer = await office.post("/faults/1/files", who="admin", files={"file": ("a.png", content)})
    assert answer.status_code == 201


async def sets(office: Office, number: int) -> None:
    await make_set(NewSet(f"Zestaw {number}", ((await make_asset()).id,)), SYSTEM, datetime.now(UTC))


async def categories(office: Office, number: int) -> None:
    wish = FieldWish(f"Pole {number}", FieldKind.TEXT)
    await add_category(NewCategory(f"Kategoria {number}", fields=(wish,)), SYSTEM, datetime.now(UTC))
    await make_asset(category=f"Kategoria {number}")


async def numbering(office: Office, number: int) -> None:
    day = DAY + timedelta(days=number)
    await add_scheme(NewScheme("KPUW", "{unit}/{seq:5}", day), SYSTEM, datetime.now(UTC))


async def due(office: Office, number: int) -> None:
    await make_asset(name=f"Fotel {number}", warranty_until=DAY)


async def written_off(office: Office, number: int) -> None:
    grant = await Grant.create(
        code=f"D/{number}", name="G", beneficiary="B", fund="F", total=Decimal(100), granted=Decimal(100),
        percent=Decimal(100),
    )  # fmt: skip
    asset = await make_asset(account="013", accepted_on=date(2024, 5, 17))
    await FundingShare.create(asset=asset, grant=grant, amount=asset.price)


async def undated(office: Office, number: int) -> None:
    await make_asset(account="013", accepted_on=None)


async def unknown_codes(office: Office, number: int) -> None:
    await Scan.create(code=f"59{number}", reader="keys", result="unknown", at=datetime.now(UTC))


async def views(office: Office, number: int) -> None:
    await SavedView.create(owner=office.people["admin"], name=f"Widok {number}", query="", made_at=datetime.now(UTC))


async def bulk_pieces(office: Office, number: int) -> None:
    columns = {"owner": office.people["admin"], "made_at": datetime.now(UTC), "act": "move", "answers": {}}
    row, _ = await BulkChange.get_or_create(columns, id="abcdefghijklmnop")
    await BulkPiece.create(
        bulk_change=row, place=number, asset_id=(await make_asset()).id, revision=1, fate=PieceFate.WAITING
    )


async def people(office: Office, number: int) -> None:
    person = await make_person(mail=f"p{number}@office.example")
    await invite([person.login], LinkWay.LINK, SYSTEM, datetime.now(UTC))


async def institutions(office: Office, number: int) -> None:
    await make_institution()


async def notices(office: Office, number: int) -> None:
    await Notice.create(
        person=office.people["admin"], kind="booking.cancelled", event=str(number), at=datetime.now(UTC)
    )


async def outbox_letters(office: Office, number: int) -> None:
    now, person = datetime.now(UTC), await make_person()
    notice = await Notice.create(person=person, kind="booking.cancelled", event=str(number), at=now)
    await Letter.create(person=person, notices=[notice.id], created_at=now, next_try_at=now)


async def sites(office: Office, number: int) -> None:
    await Site.create(code=f"s-{number}", name="S")


async def buildings(office: Office, number: int) -> None:
    await make_building()


async def nothing(office: Office, number: int) -> None:
    """What this lists is not in the database."""


LISTS: dict[str, tuple[str, Callable[[Office, int], Awaitable[None]]]] = {
    "/rooms": ("/rooms?limit=200", rooms),
    "/settings": ("/settings?limit=200", nothing),
    "/sites": ("/sites?limit=200", sites),
    "/plans": ("/plans?limit=200", floors),
    "/buildings": ("/buildings?limit=200", buildings),
    "/rooms/{code}/bookings": (f"/rooms/M-1/bookings?from={DAY}&to={DAY + timedelta(days=2)}", bookings),
    "/rooms/{code}/assets": ("/rooms/M-1/assets", assets),
    "/rooms/{code}/readiness": ("/rooms/M-1/readiness", standard),
    "/availability": (f"/availability?date={DAY}&days=2", rooms),
    "/duties": (f"/duties?from={DAY}&to={DAY + timedelta(days=2)}", duties),
    "/assets": ("/assets?limit=200", assets),
    "/assets/{asset_id}/files": ("/assets/1/files", files),
    "/due": ("/due", due),
    "/reports/depreciation": ("/reports/depreciation?year=2024", written_off),
    "/reports/depreciation/pieces": ("/reports/depreciation/pieces?remark=no_day", undated),
    "/faults/{fault_id}/files": ("/faults/1/files", fault_photos),
    "/transitions": ("/transitions", nothing),
    "/views": ("/views?limit=200", views),
    "/bulk-changes/{number}/pieces": ("/bulk-changes/abcdefghijklmnop/pieces?limit=200", bulk_pieces),
    "/devices": ("/devices?limit=200", devices),
    "/devices/inbox": ("/devices/inbox", nothing),
    "/panels": ("/panels?limit=200", panels),
    "/faults": ("/faults?limit=200", faults),
    "/history": ("/history?limit=200", entries),
    "/bookings": ("/bookings?limit=200", own_bookings),
    "/series": ("/series?limit=200", own_series),
    "/approvals": ("/approvals?limit=200", requests),
    "/blocks": ("/blocks?limit=200", blocks),
    "/works": ("/works?limit=200", works),
    "/stocktakes": ("/stocktakes?limit=200", stocktakes),
    "/stocktakes/{stocktake_id}/scans": ("/stocktakes/1/scans?limit=200", sightings),
    "/opening-profiles": ("/opening-profiles?limit=200", opening_hours),
    "/sites/{code}/days": ("/sites/BDG/days?year=2027&limit=200", days_that_differ),
    "/scans/unknown": ("/scans/unknown?limit=200", unknown_codes),
    "/feeds": ("/feeds?limit=200", feeds),
    "/documents": ("/documents?limit=500", documents),
    "/sets": ("/sets?limit=200", sets),
    "/people": ("/people?limit=200", people),
    "/institutions": ("/institutions?limit=200", institutions),
    "/categories": ("/categories?limit=200", categories),
    "/numbering": ("/numbering?limit=200", numbering),
    "/search": ("/search?q=krzes", nothing),
    "/notices": ("/notices?limit=200", notices),
    "/outbox": ("/outbox?limit=200", outbox_letters),
    "/grants": ("/grants?limit=200", assets),
}


def empty_caches() -> None:
    """As a process that has just opened the register."""
    register = get_current_context()
    assert isinstance(register, OpenRegister)
    for part in register.parts.values():
        if isinstance(part, cachetools.Cache):
            part.clear()


async def test_every_list_has_its_ceiling(office: Office) -> None:
    described = (await office.get(f"{API}/openapi.json", None)).json()
    schemas = described["components"]["schemas"]
    lists = set()
    for path, methods in described["paths"].items():
        content = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        name = content.get("application/json", {}).get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
        if "items" in schemas.get(name, {}).get("properties", {}):
            lists.add(path.removeprefix(API))
    assert lists == set(LISTS)


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_asks_as_often_for_thirty_rows_as_for_three(
    office: Office, statements: Statements, path: str
) -> None:
    url, add = LISTS[path]

    async def look() -> tuple[list[Any], list[str]]:
        empty_caches()
        before = len(statements)
        answer = await office.get(url, "admin")
        assert answer.status_code == 200, answer.text
        return answer.json()["items"], [statement.text for statement in statements[before:]]

    for number in range(FIRST):
        await add(office, number)
    few, asked_for_few = await look()
    for number in range(FIRST, FIRST + REST):
        await add(office, number)
    many, asked_for_many = await look()
    assert len(many) == len(few) + (0 if add is nothing else REST)
    assert len(asked_for_many) == len(asked_for_few), "\n".join(asked_for_many)
