"""Plain factories with sensible defaults: ``room = await make_room(capacity=4)``.

Whose is it? Alice is the organizer, Bob is of the same institution, Charlie is a stranger. The clock stands at NOW.
"""

import io
import itertools
from collections.abc import Awaitable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from PIL import Image

from registry.assets.models import Asset
from registry.assets.rules import number_columns
from registry.bookings.models import Booking
from registry.bookings.rules import BookingRequest
from registry.core.errors import Refusal
from registry.devices.models import Device, DeviceKind, Sensing
from registry.documents.models import Document, DocumentLine
from registry.people.models import Institution, Person
from registry.rooms.models import Building, OpeningProfile, OpeningSpan, Room, Site

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)  # a Thursday, 10:00 in Warsaw
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)

_numbers = itertools.count(1)


class People(NamedTuple):
    alice: Person
    bob: Person
    charlie: Person


async def make_site(**columns: Any) -> Site:
    number = next(_numbers)
    return await Site.create(**{"code": f"site-{number}", "name": f"Site {number}"} | columns)


async def make_building(**columns: Any) -> Building:
    number = next(_numbers)
    if not columns.keys() & {"site", "site_id"}:
        columns["site"] = await make_site()
    return await Building.create(**{"code": f"building-{number}", "address": f"Street {number}"} | columns)


async def make_room(**columns: Any) -> Room:
    """A bookable meeting room for 12 that is always open, in a building of its own unless one is given."""
    number = next(_numbers)
    if not columns.keys() & {"building", "building_id"}:
        columns["building"] = await make_building()
    code = columns.get("code", f"R-{number}")
    default = {"code": code, "number": str(number), "name": f"Room {code}", "kind": "meeting", "capacity": 12}
    return await Room.create(**default | {"bookable": True} | columns)


async def make_opening(opens: int = 8 * 60, closes: int = 16 * 60, **columns: Any) -> OpeningProfile:
    """Open from Monday to Friday, from minute to minute of the local day."""
    profile = await OpeningProfile.create(**{"code": f"hours-{next(_numbers)}"} | columns)
    for weekday in range(5):
        await OpeningSpan.create(profile=profile, weekday=weekday, opens=opens, closes=closes)
    return profile


async def make_institution(**columns: Any) -> Institution:
    number = next(_numbers)
    return await Institution.create(
        **{"code": f"institution-{number}", "name": f"Institution {number}", "in_team": True} | columns
    )


async def make_person(login: str = "", **columns: Any) -> Person:
    """A member of an institution of their own unless one is given. ``password_hash`` is empty: no sign-in."""
    login = login or f"person-{next(_numbers)}"
    if not columns.keys() & {"institution", "institution_id"}:
        columns["institution"] = await make_institution()
    return await Person.create(**{"login": login, "name": login.capitalize(), "created_at": NOW} | columns)


async def make_people() -> People:
    """Alice owns, Bob shares her institution, Charlie is a stranger."""
    theirs = await make_institution()
    return People(
        await make_person("alice", institution=theirs),
        await make_person("bob", institution=theirs),
        await make_person("charlie"),
    )


async def make_asset(**values: Any) -> Asset:
    number = next(_numbers)
    default = {"inventory_no": f"INV/{number:05}", "name": "Krzesło konferencyjne", "price": Decimal("450.00")}
    columns = default | {"accepted_on": date(2022, 6, 1)} | values
    return await Asset.create(**columns | number_columns(columns["inventory_no"]))


async def make_document(symbol: str, *assets: Asset, **columns: Any) -> Document:
    """A paper about these pieces, past the acts that write one."""
    place = next(_numbers)
    default = {
        "symbol": symbol, "year": 2026, "place": place, "number": f"{symbol}/{place:05}/2026", "issued_at": NOW,
        "issued_on": NOW.date(), "actor": "Clerk", "contents": {"lines": []}, "pieces": len(assets),
    }  # fmt: skip
    document = await Document.create(**default | columns)
    for asset in assets:
        await DocumentLine.create(document=document, asset=asset)
    return document


async def make_device(**columns: Any) -> Device:
    """A PIR presence sensor; give ``room`` to put it into one."""
    default = {"code": f"sensor-{next(_numbers)}", "kind": DeviceKind.PRESENCE, "sensing": Sensing.PIR}
    return await Device.create(**default | columns)


async def make_panel(**columns: Any) -> Device:
    return await make_device(**{"kind": DeviceKind.DOOR_PANEL, "sensing": Sensing.NONE} | columns)


async def make_booking(starts_at: datetime = NOW + HOUR, ends_at: datetime | None = None, **columns: Any) -> Booking:
    """A confirmed hour, written past the rules: for what is there already. The database still refuses an overlap."""
    ends_at = ends_at or starts_at + HOUR
    if not columns.keys() & {"room", "room_id"}:
        columns["room"] = await make_room()
    default = {
        "starts_at": starts_at, "ends_at": ends_at, "blocked_from": starts_at, "blocked_to": ends_at,
        "planned_ends_at": ends_at, "created_at": starts_at - HOUR,
    }  # fmt: skip
    return await Booking.create(**default | columns)


def wish(room: Room, start: int = 60, minutes: int = 60, **fields: Any) -> BookingRequest:
    """A request for a room, so many minutes after NOW."""
    starts_at = NOW + start * MINUTE
    return BookingRequest(room.code, starts_at, starts_at + minutes * MINUTE, **fields)


# a floor that is twice as wide as high
FLOOR_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 200"><rect width="390" height="190"/></svg>'


def drawing(width: int = 40, height: int = 30, kind: str = "PNG", mode: str = "RGB", **options: Any) -> bytes:
    """A picture of one colour in a corner and another elsewhere, as a file."""
    image = Image.new(mode, (width, height), 0 if mode in ("L", "1", "P", "I;16") else "#406080"[:7])
    if mode in ("RGB", "RGBA"):
        image.paste("#e0a020", (0, 0, width // 2, height // 2))
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


async def refused(work: Awaitable[Any]) -> Refusal:
    """The refusal that it raises."""
    with pytest.raises(Refusal) as caught:
        await work
    return caught.value
