"""What may be ended at a room's door, and with which proof.

What was booked at the door may be ended there. Anything else is somebody's who is not named at the door, and who stands
before it has proved nothing: the room says what it takes as proof.
"""

import re
from collections.abc import Sequence
from hashlib import blake2b
from uuid import UUID

from registry.core.errors import Invalid
from registry.rooms.models import Occupancy

PIN, PHONE, EMPTY, ANYONE = "pin", "phone", "empty", "anyone"
PROOFS = (PIN, PHONE, EMPTY, ANYONE)
PIN_SHAPE = re.compile(r"[0-9]{4,8}", re.ASCII)
DOOR_SOURCE = "panel"  # of what was booked at the door


def door_id(booking_id: UUID) -> str:
    """What a door calls a booking: the same for the same one, and nothing can be learnt from it. The register's own
    number of it stays inside.
    """
    return blake2b(booking_id.bytes, digest_size=12, person=b"izba door").hexdigest()


def proofs_of(text: str) -> tuple[str, ...]:
    """A room's proofs from the list that is stored, unknown ones left out."""
    return tuple(proof for proof in PROOFS if proof in text.split(","))


def checked_proofs(proofs: Sequence[str]) -> str:
    """The list to store. Raises Invalid("door.bad_proof") for a proof that does not exist."""
    for proof in proofs:
        if proof not in PROOFS:
            raise Invalid("door.bad_proof", proof=proof[:40], proofs=", ".join(PROOFS))
    return ",".join(proof for proof in PROOFS if proof in proofs)


def check_pin(pin: str) -> None:
    """Raises Invalid("door.bad_pin") for what cannot be the PIN of a room."""
    if not PIN_SHAPE.fullmatch(pin):
        raise Invalid("door.bad_pin")


def ways_to_end(proofs: Sequence[str], source: str, occupancy: Occupancy) -> tuple[str, ...] | None:
    """How a running booking may be ended at its door: empty where nothing is asked, else the proofs of which one will
    do, None where it cannot be. ``proofs`` names the PIN only where the room has one.
    """
    is_empty = EMPTY in proofs and occupancy is Occupancy.VACANT
    if source == DOOR_SOURCE or ANYONE in proofs or is_empty:
        return ()
    return tuple(proof for proof in proofs if proof in (PIN, PHONE)) or None
