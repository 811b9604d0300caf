"""What is seen while a stocktake is counted: a scanned code, a thing without a label, a sighting struck through."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.core import history
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.events import StocktakeChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.transaction import transaction
from registry.people.models import Person
from registry.rooms.models import Room
from registry.rooms.queries import open_room_by_code
from registry.scans.models import ScanResult
from registry.scans.queries import exact_match
from registry.scans.rules import moment_of, printable
from registry.stocktakes.actions import cut, locked_stocktake
from registry.stocktakes.models import CommitteeMember, Sighting, Stocktake, StocktakeArea
from registry.stocktakes.queries import expectations_of, recounts_of
from registry.stocktakes.rules import (
    AreaBounds,
    SeenCondition,
    area_of,
    counting_faults,
    lap_at,
    shows_books,
    sighting_faults,
)

_NOTHING = frozenset({ScanResult.UNKNOWN, ScanResult.BLANK, ScanResult.LOST})


@dataclass(frozen=True, slots=True)
class NewSighting:
    """What somebody saw in a room: a code, or without one a thing by its name. ``at`` is when, if it could not be sent
    at once.
    """

    room: str
    code: str = ""
    name: str = ""
    serial_no: str = ""
    quantity: int = 1
    condition: SeenCondition = SeenCondition.OK
    note: str = ""
    at: datetime | None = None


async def sight(
    stocktake_id: int, new: NewSighting, person: Person, now: datetime, request_key: RequestKey | None = None
) -> Sighting:
    """Write down what was seen. A code that is on nothing is written down too; without a code it is a thing without a
    label, which gets a mark.

    Raises NotFound: stocktake.unknown, room.unknown; Invalid: request.missing_field and what :func:`sighting_faults`
    tells; Conflict: room.closed, stocktake.not_a_thing, stocktake.outside, and what :func:`counting_faults` tells.
    """
    code, name = printable(new.code), " ".join(new.name.split())
    if not code and not name:
        raise Invalid("request.missing_field", field="code")
    for fault in sighting_faults(new.quantity, new.note.strip(), name):
        raise fault
    room = await open_room_by_code(new.room)
    columns: dict[str, Any] = (
        await _thing(code, person) if code else {"name": name, "serial_no": new.serial_no.strip()[:80]}
    )
    async with transaction() as change:
        stocktake = await locked_stocktake(stocktake_id)
        area = await _area(stocktake, room, person, columns.get("asset_id"))
        at = max(moment_of(new.at, now), stocktake.opened_at or now)
        # what comes late was seen before the area was counted anew, and does not count in the new lap
        lap = min(area.lap, lap_at(await recounts_of(area), at)) if area.lap > 1 and at < now else area.lap
        if not code:
            marks = await Sighting.filter(stocktake_id=stocktake.id).exclude(mark="").count()
            columns["mark"] = f"N-{marks + 1}"
        row = await Sighting.create(
            stocktake_id=stocktake.id, area_id=area.id, lap=lap, code=code, quantity=new.quantity,
            condition=new.condition, note=new.note.strip(), room_id=room.id, room_code=room.code,
            at=at, came_at=now, person_id=person.id, person_name=person.name,
            **columns,
        )  # fmt: skip
        change.happened(StocktakeChanged(stocktake.id))
        await record(request_key, row)
    return row


async def strike(
    stocktake_id: int, sighting_id: int, reason: str, person: Person, actor: Actor, now: datetime,
    request_key: RequestKey | None = None,
) -> Sighting:  # fmt: skip
    """Strike a sighting through, with the reason: it stays to be read and counts no more.

    Raises NotFound: stocktake.unknown, stocktake.no_sighting; Invalid("request.missing_field"); Conflict as
    :func:`counting_faults`.
    """
    if not reason.strip():
        raise Invalid("request.missing_field", field="reason")
    async with transaction() as change:
        stocktake = await locked_stocktake(stocktake_id)
        rows = Sighting.filter(stocktake_id=stocktake.id, id=sighting_id, struck_at__isnull=True)
        row = await rows.first().select_related("area")
        if row is None:
            raise NotFound("stocktake.no_sighting")
        is_member = await _is_member(stocktake, person)
        for fault in counting_faults(stocktake.state, is_member, row.area.closed_at is not None):
            raise fault
        row.struck_at, row.struck_by, row.strike_reason = now, person.name, cut(reason)
        await row.save(update_fields=["struck_at", "struck_by", "strike_reason"])
        after = {"sighting": row.id, "code": row.code, "name": row.name, "room": row.room_code}
        await history.write(f"stocktake:{stocktake.id}", "struck", actor, now, after=after, reason=cut(reason))
        change.happened(StocktakeChanged(stocktake.id))
        await record(request_key, row)
    return row


async def _thing(code: str, person: Person) -> dict[str, Any]:
    """What a code is on, as it is written down."""
    scanned = await exact_match(code, person)
    result = scanned.result if scanned else ScanResult.UNKNOWN
    if scanned and scanned.asset:
        asset = scanned.asset
        return {
            "asset_id": asset["id"], "inventory_no": asset["inventory_no"] or "", "name": asset["name"],
            "serial_no": asset["serial_no"], "home": asset["room"] or "",
        }  # fmt: skip
    if result not in _NOTHING:
        raise Conflict("stocktake.not_a_thing", code=code[:60])
    return {}


async def _area(stocktake: Stocktake, room: Room, person: Person, asset_id: int | None) -> StocktakeArea:
    is_member = await _is_member(stocktake, person)
    for fault in counting_faults(stocktake.state, is_member):
        raise fault
    areas = {area.id: area for area in await StocktakeArea.filter(stocktake_id=stocktake.id).order_by("place")}
    bounds = [AreaBounds(one.id, one.kind, one.room_id, one.closed_at is not None) for one in areas.values()]
    expected_in = None
    if asset_id and shows_books(stocktake.is_blind, stocktake.state):
        expected = await expectations_of(stocktake.id, [asset_id])
        expected_in = expected[asset_id].area_id if asset_id in expected else None
    area_id = area_of(bounds, room.id, expected_in)
    if area_id is None:
        raise Conflict("stocktake.outside", room=room.code)
    for fault in counting_faults(stocktake.state, is_member, areas[area_id].closed_at is not None):
        raise fault
    return areas[area_id]


async def _is_member(stocktake: Stocktake, person: Person) -> bool:
    return await CommitteeMember.filter(stocktake_id=stocktake.id, person_id=person.id).exists()
