"""Places: how a room is set, by who runs rooms."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Path, Response
from pydantic import Field

from registry.assets.queries import readiness
from registry.assets.rules import feature_of
from registry.core.errors import Invalid
from registry.doors.actions import door_settings
from registry.people.models import Person
from registry.people.queries import person_by_login
from registry.places.actions import ChangedRoom, RoomChanges, change_rooms
from registry.places.houses import (
    BuildingChanges,
    SiteChanges,
    add_house,
    add_place,
    add_room,
    change_building,
    change_site,
    close_building,
    close_room,
    reopen_room,
)
from registry.places.queries import (
    building_by_code,
    buildings_in_order,
    institutions_named,
    misfits_of,
    room_counts,
    setup_of,
)
from registry.places.rules import MOST_LINES, standard_faults
from registry.rooms.actions import set_standard
from registry.rooms.models import Building, Room, Site
from registry.rooms.places import NewBuilding, NewRoom, NewSite, code_of
from registry.rooms.queries import features_of, opening_by_code, room_by_code, sites_in_order, zone_of
from registry.rooms.standards import StandardLine
from web.auth.access import Caller, caller_with
from web.kit import routing
from web.kit.answers import ListAnswer, Paged, etag
from web.kit.body import LINE
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.routing import CallerActor, IfMatch, Say, faults
from web.places.shapes import (
    BuildingAnswer,
    BuildingChangesBody,
    BuildingsAnswer,
    ChangedRoomAnswer,
    ClosingBody,
    NewBuildingBody,
    NewRoomBody,
    NewSiteBody,
    RoomChangesBody,
    RoomSettingsAnswer,
    SiteChangesBody,
    SitesAnswer,
    StandardLineBody,
    building_answer,
    built_in,
    misfit_answer,
    settings_answer,
)
from web.rooms.api import ReadinessAnswer, readiness_answer
from web.rooms.projection import RoomByCode, SiteAnswer

router = routing.router("rooms")
RunsRooms = Annotated[Person, Depends(caller_with("rooms.manage"))]
CodeInPath = Annotated[str, Path(alias="code", max_length=40), LINE]
Lines = Annotated[list[StandardLineBody], Field(max_length=MOST_LINES)]


@router.get("/rooms/{code}/settings", responses=faults(404), summary="How a room is set, for who runs rooms")
async def settings(person: RunsRooms, room: RoomByCode, now: Now, response: Response) -> RoomSettingsAnswer:
    return await _settings(room.code, person, now, response)


@router.patch("/rooms/{code}", responses=faults(404, 409, 412), summary="Set a room otherwise")
async def change(
    person: RunsRooms, room: RoomByCode, body: RoomChangesBody, actor: CallerActor, now: Now, revision: IfMatch,
    say: Say, response: Response,
) -> ChangedRoomAnswer:  # fmt: skip
    """``misfits`` names the bookings that the new rules would refuse; they stay as they are. ``door.proofs``: what lets
    anybody end, at the door, what was not booked there; the PIN cannot be read. The class of a confidential or hidden
    room stays while somebody is in it by a booking.
    """
    changes = await _changes(body, (await features_of([room]))[room.id])
    (changed_room,) = await change_rooms([room.id], changes, actor, now, if_revision=revision)
    answer = await _changed(changed_room, person, now, say)
    response.headers["etag"] = etag(answer.revision)
    return answer


@router.post("/rooms", status_code=201, responses=faults(404, 409), summary="Add a room")
async def add(
    body: NewRoomBody, person: RunsRooms, actor: CallerActor, now: Now, once: OnceOnly, response: Response
) -> RoomSettingsAnswer:
    """``names.pl`` is needed; what is not said is as of any new room."""
    names = body.names.changes()
    if "pl" not in names:
        raise Invalid("request.missing_field", field="names.pl")
    fields = body.changes()
    new = NewRoom(body.code, names["pl"], fields.get("number", ""), fields.get("floor", 0))
    changes = await _changes(body, [])

    async def answering(room: Room) -> RoomSettingsAnswer:
        response.headers["location"] = f"{routing.PREFIX}/rooms/{room.code}"
        return await _settings(room.code, person, now, response)

    return await once(lambda key: add_room(new, body.building, changes, actor, now, key), answering)


@router.post("/rooms/{code}/close", responses=faults(404), summary="Close a room for good")
async def close(
    person: RunsRooms, room: RoomByCode, actor: CallerActor, now: Now, once: OnceOnly, say: Say, response: Response,
    body: ClosingBody = ClosingBody(),
) -> ChangedRoomAnswer:  # fmt: skip
    """It is in no list any more and nobody books it; its history stays. ``misfits`` are its bookings ahead: they stay
    as they are, to be moved or cancelled by hand.
    """
    return await once(
        lambda key: close_room(room.id, actor, now, body.reason, key), lambda one: _changed(one, person, now, say)
    )


@router.post("/rooms/{code}/reopen", responses=faults(404, 409), summary="Take a closed room into use again")
async def reopen(
    person: RunsRooms, room: RoomByCode, actor: CallerActor, now: Now, once: OnceOnly, say: Say
) -> ChangedRoomAnswer:
    return await once(lambda key: reopen_room(room.id, actor, now, key), lambda one: _changed(one, person, now, say))


@router.put("/rooms/{code}/standard", responses=faults(404), summary="Say what a room should hold")
async def standard(person: RunsRooms, room: RoomByCode, body: Lines, actor: CallerActor, now: Now) -> ReadinessAnswer:
    """These lines stand in the place of all that were. The answer is the room's readiness: what of it is missing."""
    lines = [
        StandardLine(line.name, line.quantity, feature_of(line.name) if line.feature is None else line.feature)
        for line in body
    ]
    for fault in standard_faults([(line.name, line.quantity, line.feature) for line in lines]).values():
        raise fault
    await set_standard(room.id, lines, actor, now)
    return readiness_answer(room.code, await readiness(room.id))


@router.get("/sites", responses=faults(), summary="Sites, by code")
async def sites(person: Caller, paging: Paged) -> ListAnswer[SiteAnswer]:
    rows = await sites_in_order()
    part = paging.part(rows)
    items = [SiteAnswer(code=site.code, name=site.name, timezone=site.timezone) for site in part]
    return SitesAnswer(items=items, next=paging.cursor(len(part), len(rows)), total=len(rows))


@router.post("/sites", status_code=201, responses=faults(409), summary="Add a site")
async def add_a_site(body: NewSiteBody, person: RunsRooms, actor: CallerActor, now: Now, once: OnceOnly) -> SiteAnswer:
    new = NewSite(body.code or code_of(body.name), body.name, body.timezone)
    return await once(lambda key: add_place(new, actor, now, key), _site)


@router.patch("/sites/{code}", responses=faults(404), summary="Name a site otherwise, or set it to another clock")
async def change_a_site(
    code: CodeInPath, body: SiteChangesBody, person: RunsRooms, actor: CallerActor, now: Now
) -> SiteAnswer:
    return await _site(await change_site(code, SiteChanges(**body.changes()), actor, now))


@router.get("/buildings", responses=faults(), summary="Buildings, by code")
async def buildings(person: Caller, paging: Paged) -> ListAnswer[BuildingAnswer]:
    """Those that are closed come last."""
    rows, counts = await buildings_in_order(), await room_counts()
    part = paging.part(rows)
    items = [building_answer(building, counts.get(building.id, 0)) for building in part]
    return BuildingsAnswer(items=items, next=paging.cursor(len(part), len(rows)), total=len(rows))


@router.post("/buildings", status_code=201, responses=faults(404, 409), summary="Add a building")
async def add_a_building(
    body: NewBuildingBody, person: RunsRooms, actor: CallerActor, now: Now, once: OnceOnly
) -> BuildingAnswer:
    new = NewBuilding(body.code, body.address, body.note, body.step_free)
    return await once(lambda key: add_house(new, body.site, actor, now, key), _building)


@router.patch("/buildings/{code}", responses=faults(404), summary="Describe a building otherwise")
async def change_a_building(
    code: CodeInPath, body: BuildingChangesBody, person: RunsRooms, actor: CallerActor, now: Now
) -> BuildingAnswer:
    return await _building(await change_building(code, BuildingChanges(**body.changes()), actor, now))


@router.post("/buildings/{code}/close", responses=faults(404, 409), summary="Close a building")
async def close_a_building(
    code: CodeInPath, person: RunsRooms, actor: CallerActor, now: Now, once: OnceOnly,
    body: ClosingBody = ClosingBody(),
) -> BuildingAnswer:  # fmt: skip
    """Its rooms must be closed first (``building.has_rooms``)."""
    return await once(lambda key: close_building(code, True, actor, now, body.reason, key), _building)


@router.post("/buildings/{code}/reopen", responses=faults(404), summary="Take a closed building into use again")
async def reopen_a_building(
    code: CodeInPath, person: RunsRooms, actor: CallerActor, now: Now, once: OnceOnly
) -> BuildingAnswer:
    return await once(lambda key: close_building(code, False, actor, now, "", key), _building)


async def _site(site: Site) -> SiteAnswer:
    return SiteAnswer(code=site.code, name=site.name, timezone=site.timezone)


async def _building(building: Building) -> BuildingAnswer:
    fresh = await building_by_code(building.code)
    return building_answer(fresh, (await room_counts()).get(fresh.id, 0))


async def _settings(code: str, person: Person, now: Now, response: Response) -> RoomSettingsAnswer:
    setup = await setup_of(await room_by_code(code))
    answer = RoomSettingsAnswer(**await settings_answer(setup, person, now))
    response.headers["etag"] = etag(answer.revision)
    return answer


async def _changes(body: RoomChangesBody, features: Sequence[str]) -> RoomChanges:
    """What a body asks for, every code and login looked up; ``features`` are what the room has already."""
    fields: dict[str, Any] = body.changes()
    columns = body.settings()
    if "features" in fields:
        columns |= built_in(fields["features"], features)
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
