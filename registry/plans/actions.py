"""What changes floor plans: their picture, and where rooms lie on it."""

from collections.abc import Mapping
from datetime import datetime

from registry.core import history
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.events import PlacesChanged, RoomChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.transaction import Change, transaction
from registry.files import actions as files
from registry.files.actions import NewAttachment, StoredContent
from registry.files.models import AttachmentKind
from registry.files.queries import attachments_of
from registry.files.rules import PICTURES
from registry.plans.models import FloorPlan, PlanRoom
from registry.plans.queries import Floor, floor_of
from registry.plans.rules import Corners, rounded, shape_fault, wall_digest, wall_secret
from registry.rooms.models import HELP_POINT, Building, Room


def thing_of(plan_id: int) -> str:
    """What an attachment and the history call a plan."""
    return f"plan:{plan_id}"


async def set_picture(
    floor: Floor,
    content: StoredContent,
    actor: Actor,
    now: datetime,
    if_revision: int | None = None,
    request_key: RequestKey | None = None,
) -> FloorPlan:
    """Give a floor a picture, in the place of the one before; rooms stay where they are in it. Raises
    Invalid("plan.bad_type"), NotFound("plan.unknown"), Conflict("request.stale").
    """
    if content.media_type not in PICTURES:
        raise Invalid("plan.bad_type", name=content.name)
    async with transaction() as change:
        plan = await _locked(floor, if_revision)
        former = await attachments_of(thing_of(plan.id), (AttachmentKind.PHOTO,))
        new = NewAttachment(content, AttachmentKind.PHOTO)
        (picture,) = await files.attach([thing_of(plan.id)], new, actor, now)
        for one in former:
            if one.id != picture.id:
                await files.detach(one, actor, now)
        plan.picture_id, plan.width, plan.height = picture.id, content.width, content.height
        await _store(plan, change)
        await record(request_key, plan)
    return plan


async def remove_picture(floor: Floor, actor: Actor, now: datetime, if_revision: int | None = None) -> None:
    """Take the picture off a floor that has one; rooms stay where they are. Raises as :func:`set_picture`."""
    async with transaction() as change:
        plan = await _locked(floor, if_revision)
        for one in await attachments_of(thing_of(plan.id), (AttachmentKind.PHOTO,)):
            await files.detach(one, actor, now)
        if plan.picture_id is not None:
            plan.picture_id = plan.width = plan.height = None
            await _store(plan, change)


async def place_rooms(
    floor: Floor,
    shapes: Mapping[str, Corners | None],
    actor: Actor,
    now: datetime,
    *,
    if_revision: int | None = None,
    is_whole: bool = False,
    request_key: RequestKey | None = None,
) -> FloorPlan:
    """Put rooms, by their code, on the plan of their floor, or take them off with None. With ``is_whole`` all others
    are taken off too.

    Raises Invalid: plan.bad_shape, plan.outside, plan.too_small; NotFound: plan.unknown, room.unknown;
    Conflict: plan.other_floor, request.stale.
    """
    wishes = {code: rounded(corners) if corners else None for code, corners in shapes.items()}
    for corners in wishes.values():
        if corners and (fault := shape_fault(corners)):
            raise fault
    async with transaction() as change:
        plan = await _locked(floor, if_revision)
        rooms = await _rooms(wishes, floor)
        rows = await PlanRoom.filter(plan_id=plan.id).select_related("room")
        before = {row.room.code: row.corners for row in rows}
        after = {} if is_whole else dict(before)
        for code, corners in wishes.items():
            if corners:
                after[code] = [list(corner) for corner in corners]
            else:
                after.pop(code, None)
        names = sorted(code for code in before.keys() | after.keys() if before.get(code) != after.get(code))
        if names:
            ids = {row.room.code: row.room_id for row in rows} | {code: room.id for code, room in rooms.items()}
            await PlanRoom.filter(room_id__in=[ids[code] for code in names]).delete()
            await PlanRoom.bulk_create(
                [PlanRoom(plan_id=plan.id, room_id=ids[code], corners=after[code]) for code in names if code in after]
            )
            await _store(plan, change)
            await history.write(
                thing_of(plan.id), "rooms_placed", actor, now,
                before={code: before.get(code) for code in names},
                after={code: after.get(code) for code in names},
            )  # fmt: skip
        await record(request_key, plan)
    return plan


async def open_wall(floor: Floor, server_key: str, actor: Actor, now: datetime) -> FloorPlan:
    """Give a floor an address at which whoever has it sees its wall display; one that has it keeps it. Raises
    NotFound("plan.unknown").
    """
    async with transaction() as change:
        plan = await _locked(floor, None)
        if plan.wall_digest != wall_digest(wall_secret(server_key, plan.id, plan.wall_number)):
            plan.wall_number += 1
            plan.wall_digest = wall_digest(wall_secret(server_key, plan.id, plan.wall_number))
            await _store(plan, change)
            await history.write(thing_of(plan.id), "wall_opened", actor, now)
    return plan


async def close_wall(floor: Floor, actor: Actor, now: datetime) -> None:
    """Take that address back: whoever has it sees nothing any more. Raises NotFound("plan.unknown")."""
    async with transaction() as change:
        plan = await _locked(floor, None)
        if plan.wall_digest:
            plan.wall_digest = ""
            await _store(plan, change)
            await history.write(thing_of(plan.id), "wall_closed", actor, now)


async def _rooms(codes: Mapping[str, object], floor: Floor) -> dict[str, Room]:
    """The rooms in use with these codes. Raises NotFound("room.unknown"), Conflict("plan.other_floor")."""
    rooms = {room.code: room for room in await Room.filter(code__in=list(codes), closed_at__isnull=True)}
    for code in codes:
        if code not in rooms:
            raise NotFound("room.unknown", room=code[:40])
        if floor_of(rooms[code]) != floor:
            raise Conflict("plan.other_floor", room=code)
    return rooms


async def _locked(floor: Floor, if_revision: int | None) -> FloorPlan:
    """The plan of a floor, locked by its building; a new one where there is none. Raises NotFound("plan.unknown") for a
    floor without a plan and without a room in use, Conflict("request.stale").
    """
    building = await Building.select_for_update().get_or_none(id=floor.building_id)
    plan = await FloorPlan.filter(building_id=floor.building_id, floor=floor.floor).first()
    if plan is None:
        rooms = Room.filter(building_id=floor.building_id, floor=floor.floor, closed_at__isnull=True)
        if building is None or not await rooms.exists():
            raise NotFound("plan.unknown", building=building.code if building else "", floor=str(floor.floor))
        plan = FloorPlan(building_id=building.id, floor=floor.floor, revision=0)
    if if_revision is not None and if_revision != plan.revision:
        raise Conflict("request.stale", revision=plan.revision)
    if plan.revision == 0:
        await plan.save()
    return plan


async def _store(plan: FloorPlan, change: Change) -> None:
    """Store it, and tell: open pages look again because of one of its rooms, of which nobody need be shy."""
    plan.revision += 1
    await plan.save()
    change.happened(PlacesChanged())
    rooms = Room.filter(building_id=plan.building_id, floor=plan.floor, closed_at__isnull=True)
    room = await rooms.exclude(visibility__in=list(HELP_POINT)).order_by("id").first()
    if room is not None:
        change.happened(RoomChanged(room.id, room.revision))
