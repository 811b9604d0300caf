"""One asset's page: its passport, its three states, its money and its history, as far as its reader may see it."""

import io
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import segno

from registry.assets.queries import detail
from registry.assets.rules import feature_of
from registry.bookings.projections import FullBooking
from registry.bookings.queries import bookings_between
from registry.devices.models import Device
from registry.devices.queries import devices_of_asset
from registry.rooms.models import Room
from web.assets.words import Told, told
from web.devices.view import Health, health_of, reason_word
from web.kit.page_context import PageContext
from web.rooms.view import is_near

AHEAD = timedelta(days=14)
SHOWN_HISTORY = 12


@dataclass(frozen=True, slots=True)
class Code:
    """A tag's QR code as the path of an inline drawing of ``size`` by ``size`` modules."""

    tag: str
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Durability:
    """Where today stands between acceptance and the end of what the grant demands, in percent."""

    since: date | None
    until: date
    is_over: bool
    percent: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A device that this asset is, and what it last said."""

    device: Device
    health: Health
    heard: str
    says: str


@dataclass(frozen=True, slots=True)
class AssetView:
    """What the template shows of one asset."""

    asset: dict[str, Any]
    room: Room | None
    code: Code | None
    durability: Durability | None
    readings: list[Reading]
    history: list[Told]
    entries: int
    condition_entry: Told | None
    wanted_by: list[FullBooking]
    grants: Decimal


async def view_of(asset_id: int, reader: PageContext, base_url: str) -> AssetView:
    """Gather an asset's page. Raises NotFound("asset.unknown")."""
    asset = await detail(asset_id)
    room = await Room.get(id=asset["room_id"]).select_related("building__site") if asset["room_id"] else None
    entries = asset["history"] if reader.may("history.see") else []
    words = await told(entries, reader)
    acts = ("fault_reported", "sent_to_repair", "mended")
    last_act = next((words[place] for place, entry in enumerate(entries) if entry["action"] in acts), None)
    return AssetView(
        asset=asset,
        room=room,
        code=code_of(asset["tags"][-1], base_url) if asset["tags"] else None,
        durability=durability(asset["accepted_on"], asset["durable_until"], reader.today),
        readings=await _readings(asset_id, room, reader),
        history=words[:SHOWN_HISTORY],
        entries=len(words),
        condition_entry=last_act,
        wanted_by=await _wanted_by(asset, room, reader),
        grants=sum((share["amount"] for share in asset["shares"] if share["grant"]), Decimal(0)),
    )


def code_of(tag: str, base_url: str) -> Code:
    """The QR code that a tag's label carries."""
    made = segno.make(f"{base_url.rstrip('/')}/t/{tag}", error="m", micro=False)
    path = io.StringIO()
    matrix = list(made.matrix)
    for y, line in enumerate(matrix):
        for x, dark in enumerate(line):
            if dark:
                path.write(f"M{x} {y}h1v1h-1z")
    return Code(tag, path.getvalue(), len(matrix))


def durability(since: date | None, until: date | None, today: date) -> Durability | None:
    """The line of a grant's durability period; None if nothing binds. Once it is over the line runs to today."""
    if until is None:
        return None
    is_over = until < today
    first = since or today
    whole = max(((today if is_over else until) - first).days, 1)
    gone = ((until if is_over else today) - first).days
    return Durability(since, until, is_over, min(max(round(gone * 100 / whole), 0), 100))


async def _readings(asset_id: int, room: Room | None, reader: PageContext) -> list[Reading]:
    near = room is None or is_near(room, reader)
    devices = await devices_of_asset(asset_id)
    return [
        Reading(
            device=device,
            health=health_of(device, reader),
            heard=reader.ago(device.heard_at),
            says=_says(device, reader) if near else "",
        )
        for device in devices
    ]


def _says(device: Device, reader: PageContext) -> str:
    if device.distrust:
        return reason_word(device.distrust, reader)
    if device.occupied is None:
        return ""
    return reason_word("sees_somebody" if device.occupied else "sees_nobody", reader)


async def _wanted_by(asset: dict[str, Any], room: Room | None, reader: PageContext) -> list[FullBooking]:
    """The next bookings of its room that asked for what does not work now, as far as the reader may see them."""
    feature = feature_of(asset["name"])
    if asset["condition"] == "ok" or room is None or not feature:
        return []
    ahead = await bookings_between([room], reader.now, reader.now + AHEAD, reader.viewer)
    return [seen for seen in ahead[room.id] if isinstance(seen, FullBooking) and feature in seen.needs]
