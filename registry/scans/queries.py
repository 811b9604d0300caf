"""What a code is on, where somebody stands, and the codes that nobody knew."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from tortoise.expressions import Q, RawSQL

from registry.assets import tags
from registry.assets.filters import AssetFilter
from registry.assets.models import Tag
from registry.assets.queries import assets_by_id, fits, numbered, tag_or_none
from registry.core.history import HistoryEntry
from registry.devices.models import Device
from registry.faults.queries import fault_of_number
from registry.people.models import Person
from registry.rooms.models import Room
from registry.rooms.queries import room_as_typed
from registry.scans import rules
from registry.scans.models import Scan, ScanResult


@dataclass(frozen=True, slots=True)
class Match:
    """What a code is on. ``code`` is the tag's, empty for other codes; ``asset`` as in a list of assets."""

    result: ScanResult
    code: str = ""
    asset: dict[str, Any] | None = None
    room: Room | None = None
    device: Device | None = None
    fault_id: int | None = None

    @property
    def is_printed(self) -> bool:
        """Whether it is the code of a label that Izba could have printed."""
        return bool(self.code)


async def match(typed: str, person: Person) -> Match:
    """What somebody scanned or typed: what has exactly this code. A part of a number is several, and never a thing."""
    typed = rules.printable(typed)
    if exact := await exact_match(typed, person):
        return exact
    return Match(ScanResult.SEVERAL if typed and await fits(AssetFilter(q=typed)) else ScanResult.UNKNOWN)


async def exact_match(typed: str, person: Person) -> Match | None:
    """What has this code, the exact before the likely: a tag, a room, the number, alias or serial number of one thing,
    a device, the number of a fault; then a tag that is only meant (O for 0), then one that a reader on another keyboard
    mistyped. None for a code that nothing has, also if it is a part of one.
    """
    typed = rules.printable(typed)
    tag = await tag_or_none(typed)
    if tag and tags.printed(typed):
        return await _of_tag(tag)
    exact = await _exact(_last_part(typed), person)
    if exact:
        return exact
    letters = "".join(typed.upper().split())
    is_code = "/" not in letters or "/T/" in letters  # at the end of a number stands no label
    for code in [tag.code] if tag and is_code else await _printed(rules.slips_of(typed)):
        tag = await tag_or_none(code)
        if tag:
            return await _of_tag(tag)
    code = tags.normalised(typed)
    if is_code and tags.check(code):
        return Match(ScanResult.BLANK, code)
    return None


def _last_part(typed: str) -> str:
    """Of an address of ours what stands at its end: a QR code may open a room's page."""
    if "://" not in typed:
        return typed
    return unquote(typed.split("?")[0].split("#")[0].rstrip("/").rsplit("/", 1)[-1])


async def _exact(typed: str, person: Person) -> Match | None:
    if room := await room_as_typed(typed):
        return Match(ScanResult.ROOM, room=room)
    things = await numbered(typed)
    if len(things) == 1:
        return await _of_asset(things[0]["id"])
    if things:
        return Match(ScanResult.SEVERAL)
    if device := await Device.get_or_none(code=typed) if rules.may_be_device(typed) else None:
        return await _of_asset(device.asset_id, device=device)
    if fault_id := await fault_of_number(typed, person):
        return Match(ScanResult.FAULT, fault_id=fault_id)
    return None


async def _of_tag(tag: Tag) -> Match:
    if tag.asset_id:
        return await _of_asset(tag.asset_id, tag.code)
    if tag.room:
        return Match(ScanResult.ROOM, tag.code, room=tag.room)
    return Match(ScanResult.LOST if tag.lost_at else ScanResult.BLANK, tag.code)


async def _of_asset(asset_id: int | None, code: str = "", device: Device | None = None) -> Match:
    asset = (await assets_by_id([asset_id]))[0] if asset_id else None
    return Match(ScanResult.DEVICE if device else ScanResult.ASSET, code, asset=asset, device=device)


async def _printed(codes: Collection[str]) -> list[str]:
    """Those of these codes that are on labels of ours; none where several are, for nobody knows which was scanned."""
    if not codes:
        return []
    printed = await Tag.filter(code__in=list(codes)).values_list("code", flat=True)
    return [str(code) for code in printed] if len(printed) == 1 else []


async def standing_room(person: Person, now: datetime) -> Room | None:
    """The room that somebody scanned last, as long as they can be taken to be in it still."""
    scans = Scan.filter(person_id=person.id, result=ScanResult.ROOM, at__gt=now - rules.STANDS)
    scan = await scans.order_by("-at").first().select_related("room__building__site")
    return scan.room if scan else None


async def unknown_codes(start: int = 0, limit: int = 50) -> tuple[list[dict[str, Any]], int]:
    """The codes that nobody knew and nobody has seen to, the newest first, and how many: ``{id, code, reader, at, room,
    room_name, person_name}``.
    """
    scans = Scan.filter(result=ScanResult.UNKNOWN, settled_at=None)
    columns = ("id", "code", "reader", "at")
    joined = {"room": "room__code", "room_name": "room__name", "person_name": "person__name"}
    rows = await scans.order_by("-at", "-id").offset(start).limit(limit).values(*columns, **joined)
    return list(rows), await scans.count()


@dataclass(frozen=True, slots=True)
class ScannedPiece:
    """A piece that somebody wants to have here: as it was seen, or when it was scanned if that was in a dead spot."""

    asset_id: int
    revision: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MovePlan:
    """What becomes of the scanned pieces: those to move with the revision that was looked at, those that are there,
    those that somebody else changed in between (with the last entry of their history), those that are gone.
    """

    room: Room
    assets: dict[int, dict[str, Any]] = field(default_factory=dict)
    moves: dict[int, int | None] = field(default_factory=dict)
    there: list[int] = field(default_factory=list)
    changed: dict[int, HistoryEntry] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)


async def plan_of(room: Room, pieces: Collection[ScannedPiece], person: Person, is_meant: bool = False) -> MovePlan:
    """What moving these pieces into a room would do. ``is_meant`` moves also what was changed in between."""
    pieces_by_id = {piece.asset_id: piece for piece in pieces}
    plan = MovePlan(room, {row["id"]: row for row in await assets_by_id(list(pieces_by_id))})
    changes = {} if is_meant else await _changes(pieces_by_id.values(), plan.assets, person)
    for asset_id in pieces_by_id:
        asset = plan.assets.get(asset_id)
        if asset is None:
            plan.gone.append(asset_id)
        elif asset["room_id"] == room.id:
            plan.there.append(asset_id)
        elif asset_id in changes:
            plan.changed[asset_id] = changes[asset_id]
        else:
            plan.moves[asset_id] = asset["revision"]
    return plan


# of each entry, how many newer ones changed the revision of its piece: of those it would never count more than ``most``
_NEWER = """(SELECT COUNT(*) FROM (SELECT 1 FROM history_entry newer WHERE newer.object = history_entry.object
AND newer.seq > history_entry.seq AND newer.after IS NOT NULL AND newer.action NOT IN ({actions}) LIMIT {most})
AS newest)"""
_LEAVE_REVISION = ", ".join(
    f"'{action}'"
    for action in ("joined_set", "left_set", "file_added", "file_removed", "file_put_back", "file_changed")
)


async def _changes(
    pieces: Collection[ScannedPiece], assets: dict[int, dict[str, Any]], person: Person
) -> dict[int, HistoryEntry]:
    """What somebody else did to a piece since it was scanned, by asset: its last entry. Of a piece that was seen with
    another revision those entries count that can have led from that to its own.
    """
    rows = [(piece, f"asset:{piece.asset_id}", assets[piece.asset_id]) for piece in pieces if piece.asset_id in assets]
    since = {thing: piece.at for piece, thing, _ in rows if piece.at is not None}
    stale = {
        thing: max(asset["revision"] - piece.revision, 1)
        for piece, thing, asset in rows
        if piece.at is None and piece.revision not in (None, asset["revision"])
    }
    if not since and not stale:
        return {}
    most = max(stale.values(), default=1)
    newest = Q(object__in=list(since), at__gt=min(since.values())) if since else Q(id=0)
    if stale:
        newest |= Q(object__in=list(stale), newer__lt=most)
    entries = HistoryEntry.annotate(newer=RawSQL(_NEWER.format(actions=_LEAVE_REVISION, most=most))).filter(newest)
    changes: dict[int, HistoryEntry] = {}
    async for entry in entries.filter(Q(person_id=None) | ~Q(person_id=person.id)).order_by("seq"):
        thing = entry.object
        if entry.at > since[thing] if thing in since else entry.newer < stale[thing]:  # type: ignore[attr-defined]  # annotated
            changes[int(thing.partition(":")[2])] = entry
    return changes
