"""Places: how a room is set, by who runs rooms."""

from typing import Annotated, Any

from fastapi import Depends, Response

from registry.doors.actions import door_settings
from registry.people.models import Person
from registry.people.queries import person_by_login
from registry.places.actions import ChangedRoom, RoomChanges, change_rooms
from registry.places.queries import institutions_named, misfits_of, opening_by_code, setup_of
from registry.rooms.queries import features_of, room_by_code, zone_of
from web.auth.access import caller_with
from web.kit import routing
from web.kit.answers import etag
from web.kit.clock import Now
from web.kit.routing import CallerActor, IfMatch, Say, faults
from web.places.shapes import (
    ChangedRoomAnswer,
    RoomChangesBody,
    RoomSettingsAnswer,
    built_in,
    misfit_answer,
    settings_answer,
)
from web.rooms.projection import RoomByCode

router = routing.router("rooms")
RunsRooms = Annotated[Person, Depends(caller_with("rooms.manage"))]


@router.get("/rooms/{code}/settings", responses=faults(404), summary="How a room is set, for who runs rooms")
async def settings(room: RoomByCode, person: RunsRooms, now: Now, response: Response) -> RoomSettingsAnswer:
    answer = RoomSettingsAnswer(**await settings_answer(await setup_of(room), person, now))
    response.headers["etag"] = etag(answer.revision)
    return answer


@router.patch("/rooms/{code}", responses=faults(404, 409, 412), summary="Set a room otherwise")
async def change(
    room: RoomByCode, body: RoomChangesBody, person: RunsRooms, actor: CallerActor, now: Now, revision: IfMatch,
    say: Say, response: Response,
) -> ChangedRoomAnswer:  # fmt: skip
    """``misfits`` names the bookings that the new rules would refuse; they stay as they are. ``door.proofs``: what lets
    anybody end, at the door, what was not booked there; the PIN cannot be read. The class of a confidential or hidden
    room stays while somebody is in it by a booking.
    """
    changes = await _changes(room, body)
    (changed_room,) = await change_rooms([room.id], changes, actor, now, if_revision=revision)
    answer = await _changed(changed_room, person, now, say)
    response.headers["etag"] = etag(answer.revision)
    return answer


async def _changes(room: RoomByCode, body: RoomChangesBody) -> RoomChanges:
    """What a body asks for, every code and login looked up."""
    fields: dict[str, Any] = body.changes()
    columns = body.settings()
    if "features" in fields:
        columns |= built_in(fields["features"], (await features_of([room]))[room.id])
    if "opening" in fields:
        profile = await opening_by_code(fields["opening"]) if fields["opening"] else None
        columns["opening_id"] = profile.id if profile else None
    if "door" in fields:
        door = fields["door"]
        columns |= await door_settings(door.proofs, door.pin)
        columns |= {} if door.books is None else {"panel_books": door.books}
    return RoomChanges(
        columns,
        await institutions_named(fields["institutions"]) if "institutions" in fields else None,
        [await person_by_login(login) for login in dict.fromkeys(fields["approvers"])]
        if "approvers" in fields
        else None,
    )


async def _changed(changed_room: ChangedRoom, person: Person, now: Now, say: Say) -> ChangedRoomAnswer:
    room = await room_by_code(changed_room.room.code)
    misfits = await misfits_of(room, changed_room.former, now)
    zone = await zone_of(room)
    return ChangedRoomAnswer(
        **await settings_answer(await setup_of(room), person, now),
        misfits=[misfit_answer(misfit, zone, say) for misfit in misfits],
    )
