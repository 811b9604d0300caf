"""From a tablet that shows a code to the door panel of a room.

The tablet asks for a pairing and keeps its key, which says when it was made and gives the code. Staff type the code and
choose the room. From then on the key opens that room's door and no other; only its digest is kept. Nothing is written
for who only looked: a pairing is stored when its tablet asks again.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from registry.core import history
from registry.core.cache import Cache
from registry.core.errors import Conflict, Forbidden, NotFound
from registry.core.events import DeviceChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.ids import may_be_name
from registry.devices.models import Device, DeviceKind, Pairing, Sensing
from registry.rooms.lock import changing
from registry.rooms.queries import open_room_by_code

VALID_FOR = timedelta(minutes=10)
# nothing that reads like something else: no 0 O Q D, 1 I L, 2 Z, 5 S, 8 B, U V; nor M and W, whose width would carry a
# code beyond an upright screen
ALPHABET = "34679ACEFGHJKNPRTXY"
CODE_LENGTH = 6
AT_ONCE, OF_ONE_ADDRESS = 1000, 20
OFFERS_A_MINUTE, STORED_A_MINUTE = 60, 10  # of one address
MOST_PANELS = 50
KEY = re.compile(r"[\w-]{43}\.([0-9a-f]{8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a new tablet gets: the code to show, the key to keep, until when the code is good."""

    code: str
    key: str = field(repr=False)
    expires_at: datetime


# what was shown and not asked about again yet, by its code; when a waiting tablet asked last; what an address did in a
# minute
_offers: Cache[str, Offer] = Cache(VALID_FOR.total_seconds(), at_most=2 * AT_ONCE)
_asked: Cache[str, datetime] = Cache(VALID_FOR.total_seconds())
_counts: Cache[tuple[str, str, int], int] = Cache(120.0)


def digest(key: str) -> str:
    """What is kept of a panel's key: 32 random bytes need no slow hash."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def spaced_code(code: str) -> str:
    """K7M 4QP"""
    return f"{code[:3]} {code[3:]}"


def plain_code(code: str) -> str:
    """A code as a person types it, or as the QR code brings it."""
    return "".join(character for character in code.upper() if character.isalnum())[:12]


def offer(now: datetime, address: str = "") -> Offer:
    """A code for a tablet without a room. Nothing is written for it yet. Raises Forbidden("panel.too_many") when
    ``address`` had many in this minute.
    """
    if address and not _is_within(OFFERS_A_MINUTE, "offers", address, now):
        raise Forbidden("panel.too_many")
    offer = _offer_of(f"{secrets.token_urlsafe(32)}.{int(now.timestamp()):08x}", now)
    assert offer
    return _offers.put(offer.code, offer)


def _is_within(limit: int, what: str, address: str, now: datetime) -> bool:
    """Whether this address may do one more in this minute, which is counted."""
    key = (what, address, int(now.timestamp()) // 60)
    count = _counts.get(key, 0)
    if count >= limit:
        return False
    _counts.put(key, count + 1)
    return True


def _offer_of(key: str, now: datetime) -> Offer | None:
    """What a tablet's key is good for, None where it is none of a tablet that waits, or an old one."""
    match = KEY.fullmatch(key)
    if match is None:
        return None
    made_at = datetime.fromtimestamp(int(match.group(1), 16), UTC)
    number = int(hashlib.sha256(f"code {key}".encode()).hexdigest(), 16)
    code = "".join(ALPHABET[number // len(ALPHABET) ** place % len(ALPHABET)] for place in range(CODE_LENGTH))
    offer = Offer(code, key, made_at + VALID_FOR)
    return offer if made_at <= now < offer.expires_at else None


async def waiting(key: str, address: str, now: datetime) -> Offer | None:
    """What the tablet at ``address`` with this key waits for, None when it waits no longer: its code is old, or it has
    its room. It is stored now, unless this address has stored too many in this minute.
    """
    offer = _offer_of(key, now)
    if offer is None or await panel_of(key) is not None:
        return None
    _asked.put(digest(key), now)
    if not await Pairing.filter(key_digest=digest(key)).exists():
        await _store(offer, address[:64], now)
    return offer


async def _store(offer: Offer, address: str, now: datetime) -> None:
    """Of too many of one address its own goes that was not asked about for the longest; a tablet asks every few
    seconds. Where another shows the same code this one is not stored, and its tablet gets a new one in the end.
    """
    if not _is_within(STORED_A_MINUTE, "stored", address, now):
        _offers.put(offer.code, offer)
        return
    async with changing():
        await Pairing.filter(expires_at__lte=now).delete()
        if await Pairing.filter(code=offer.code).exists():
            return
        of_address = await Pairing.filter(address=address).order_by("expires_at")
        if len(of_address) >= OF_ONE_ADDRESS:
            await min(of_address, key=lambda row: _asked.get(row.key_digest, row.expires_at - VALID_FOR)).delete()
        elif await Pairing.all().count() >= AT_ONCE:
            oldest = await Pairing.all().order_by("expires_at").first()
            await Pairing.filter(id=oldest.id if oldest else 0).delete()
        await Pairing.create(
            code=offer.code, key_digest=digest(offer.key), address=address, expires_at=offer.expires_at
        )


async def pair(code: str, room_code: str, by: Actor, now: datetime, request_key: RequestKey | None = None) -> Device:
    """Make the tablet that shows ``code`` the panel of a room: of one that has no key yet, or of a new one beside it.

    Raises NotFound: panel.code_unknown, room.unknown.
    """
    room = await open_room_by_code(room_code)
    code = plain_code(code)
    async with changing(room.id) as change:
        key_digest = await _digest_behind(code, now)
        device = await _panel_for(room.id, f"{room.code}-door")
        device.key_digest, device.enabled = key_digest, True
        await device.save()
        await Pairing.filter(code=code).delete()
        change.afterwards(lambda: _offers.discard(code))
        after = {"room": room.code, "device": device.code}
        await history.write(f"device:{device.id}", "paired", by, now, after=after)
        change.happened(DeviceChanged(device.id))
        await record(request_key, device)
    return device


async def _digest_behind(code: str, now: datetime) -> str:
    """The digest of the key of the tablet that shows this code. Raises NotFound("panel.code_unknown")."""
    pairing = None
    if may_be_name(code, CODE_LENGTH):
        pairing = await Pairing.get_or_none(code=code, expires_at__gt=now, device_id=None)
    if pairing:
        return pairing.key_digest
    offer = _offers.get(code)
    if offer is None or offer.expires_at <= now:
        raise NotFound("panel.code_unknown", code=code[:40])
    return digest(offer.key)


async def _panel_for(room_id: int, stem: str) -> Device:
    for number in range(1, MOST_PANELS):
        code = stem if number == 1 else f"{stem}-{number}"
        device = await Device.get_or_none(code=code)
        if device is None:
            kind, sensing = DeviceKind.DOOR_PANEL, Sensing.NONE
            return Device(code=code, kind=kind, sensing=sensing, room_id=room_id)
        is_free = device.kind is DeviceKind.DOOR_PANEL and device.key_digest is None and device.retired_at is None
        if is_free and device.room_id in (None, room_id):
            device.room_id = room_id
            return device
    raise Conflict("device.taken", device=stem)


async def unpair(device_id: int, by: Actor, now: datetime) -> None:
    """Take a panel's key: the tablet asks to be paired again. Raises NotFound("panel.unknown")."""
    device = await Device.get_or_none(id=device_id, kind=DeviceKind.DOOR_PANEL)
    if device is None:
        raise NotFound("panel.unknown")
    async with changing() as change:
        await Device.filter(id=device.id).update(key_digest=None)
        await history.write(f"device:{device.id}", "unpaired", by, now)
        change.happened(DeviceChanged(device.id))


async def panel_of(key: str) -> Device | None:
    """The panel that a key opens, None if it opens none."""
    return await Device.get_or_none(key_digest=digest(key), kind=DeviceKind.DOOR_PANEL, room_id__isnull=False)


__all__ = ["Offer", "digest", "offer", "pair", "panel_of", "plain_code", "spaced_code", "unpair", "waiting"]


async def renew_keys() -> dict[str, str]:
    """Give every door panel that hangs at a room a fresh key, and return the keys by the room's code. What was open
    with the key before is shut.
    """
    keys: dict[str, str] = {}
    async with changing():
        doors = Device.filter(kind=DeviceKind.DOOR_PANEL, room_id__isnull=False)
        for device_id, room in await doors.order_by("room__code").values_list("id", "room__code"):
            keys[room] = secrets.token_urlsafe(24)
            await Device.filter(id=device_id).update(key_digest=digest(keys[room]))
    return keys
