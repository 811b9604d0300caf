"""From a tablet that shows a code to the door panel of a room.

The tablet asks for a pairing and keeps its key. Staff type the code and choose the room. From then on the key opens
that room's door and no other; only its digest is kept.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.core import history
from registry.core.errors import Conflict, NotFound
from registry.core.events import DeviceChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.devices.models import Device, DeviceKind, Pairing, Sensing
from registry.rooms.lock import changing
from registry.rooms.queries import room_by_code

VALID_FOR = timedelta(minutes=10)
# nothing that reads like something else: no 0 O Q D, 1 I L, 2 Z, 5 S, 8 B, U V; nor M and W, whose width would carry a
# code beyond an upright screen
ALPHABET = "34679ACEFGHJKNPRTXY"
CODE_LENGTH = 6
AT_ONCE = 200
MOST_PANELS = 50


@dataclass(frozen=True, slots=True)
class Offer:
    """What a new tablet gets: the code to show, the key to keep, until when the code is good."""

    code: str
    key: str
    expires_at: datetime


def digest(key: str) -> str:
    """What is kept of a panel's key: 32 random bytes need no slow hash."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def spaced_code(code: str) -> str:
    """K7M 4QP"""
    return f"{code[:3]} {code[3:]}"


def plain_code(code: str) -> str:
    """A code as a person types it, or as the QR code brings it."""
    return "".join(character for character in code.upper() if character.isalnum())[:12]


async def offer(now: datetime) -> Offer:
    """A code for a tablet without a room. Old ones go; with too many at once the oldest waits no longer."""
    key = secrets.token_urlsafe(32)
    async with changing():
        await Pairing.filter(expires_at__lte=now).delete()
        crowd = (
            await Pairing.all().order_by("-expires_at").offset(AT_ONCE - 1).limit(AT_ONCE).values_list("id", flat=True)
        )
        if crowd:
            await Pairing.filter(id__in=list(crowd)).delete()
        code = await _free_code()
        await Pairing.create(code=code, key_digest=digest(key), expires_at=now + VALID_FOR)
    return Offer(code, key, now + VALID_FOR)


async def _free_code() -> str:
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        if not await Pairing.filter(code=code).exists():
            return code


async def waiting(key: str, now: datetime) -> Pairing | None:
    """The pairing that a tablet's key belongs to, while its code is good."""
    return await Pairing.get_or_none(key_digest=digest(key), expires_at__gt=now)


async def pair(code: str, room_code: str, by: Actor, now: datetime, request_key: RequestKey | None = None) -> Device:
    """Make the tablet that shows ``code`` the panel of a room: of one that has no key yet, or of a new one beside it.

    Raises NotFound: panel.code_unknown, room.unknown.
    """
    room = await room_by_code(room_code)
    code = plain_code(code)
    async with changing(room.id) as change:
        pairing = await Pairing.get_or_none(code=code, expires_at__gt=now, device_id=None)
        if pairing is None:
            raise NotFound("panel.code_unknown", code=code)
        device = await _panel_for(room.id, f"{room.code}-door")
        device.key_digest, device.enabled = pairing.key_digest, True
        await device.save()
        await pairing.delete()
        after = {"room": room.code, "device": device.code}
        await history.write(f"device:{device.id}", "paired", by, now, after=after)
        change.happened(DeviceChanged(device.id))
        await record(request_key, device)
    return device


async def _panel_for(room_id: int, stem: str) -> Device:
    for number in range(1, MOST_PANELS):
        code = stem if number == 1 else f"{stem}-{number}"
        device = await Device.get_or_none(code=code)
        if device is None:
            kind, sensing = DeviceKind.DOOR_PANEL, Sensing.NONE
            return Device(code=code, kind=kind, sensing=sensing, room_id=room_id)
        if device.kind is DeviceKind.DOOR_PANEL and device.key_digest is None and device.room_id in (None, room_id):
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
