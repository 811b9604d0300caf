"""What may be ended at a room's door, and with which proof."""

from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, Field

from registry.doors.actions import set_door_policy
from registry.doors.policy import proofs_of
from registry.people.models import Person
from registry.rooms.models import Room
from registry.rooms.queries import room_by_code
from web.auth.access import caller_with
from web.kit import routing
from web.kit.body import LINE, Body
from web.kit.clock import Now
from web.kit.routing import CallerActor, faults
from web.rooms.projection import RoomByCode

router = routing.router("rooms")
RunsRooms = Annotated[Person, Depends(caller_with("rooms.manage"))]
Proof = Annotated[str, Field(max_length=40), LINE]


class DoorBody(Body):
    """What is left out stays as it is."""

    proofs: Annotated[list[Proof] | None, Field(max_length=10, description="pin, phone, empty; or anyone")] = None
    pin: Annotated[str | None, Field(max_length=40, description="4 to 8 digits; empty takes it away")] = None


class RoomChangesBody(Body):
    door: DoorBody


class DoorAnswer(BaseModel):
    proofs: list[str]
    pin: bool


class RoomChangedAnswer(BaseModel):
    """``misfits``: the bookings that no longer fit; no rule of a door makes one."""

    room: str
    door: DoorAnswer
    misfits: list[str]


@router.patch("/rooms/{code}", responses=faults(404), summary="Change the rules of a room: its door's")
async def change(
    room: RoomByCode, body: RoomChangesBody, person: RunsRooms, actor: CallerActor, now: Now
) -> RoomChangedAnswer:
    """``door.proofs``: what lets anybody end, at the door, what was not booked there. The PIN cannot be read."""
    await set_door_policy(room.id, body.door.proofs, body.door.pin, actor, now)
    return _answer(await room_by_code(room.code))


def _answer(room: Room) -> RoomChangedAnswer:
    door = DoorAnswer(proofs=list(proofs_of(room.door_proofs)), pin=bool(room.door_pin))
    return RoomChangedAnswer(room=room.code, door=door, misfits=[])
