"""Rooms by their code, and as the API shows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import Depends, Path
from pydantic import BaseModel, Field

from registry.bookings.projections import PublicState, Viewer, hides_changes
from registry.bookings.public_revision import number_of
from registry.bookings.queries import rooms_open_to
from registry.bookings.rules import kinds
from registry.rooms.models import Room
from registry.rooms.queries import features_of, room_by_code
from web.kit.answers import Instant, ListAnswer, local

# what an answer tells of a room as it is stored, in this order
_STORED = (
    "code", "number", "name", "floor", "kind", "capacity", "visibility", "check_in", "setup_minutes", "cleanup_minutes",
    "min_minutes", "max_hours", "max_days_ahead", "hours_policy", "revision",
)  # fmt: skip


async def room_of(code: Annotated[str, Path(description="The room's code: ZW-01.")]) -> Room:
    """A fresh room with its building and site. Raises NotFound("room.unknown"), also for what cannot be a code."""
    return await room_by_code(code)


RoomByCode = Annotated[Room, Depends(room_of)]


class SiteAnswer(BaseModel):
    code: str
    name: str
    timezone: str


class RoomAnswer(BaseModel):
    code: str
    number: str
    name: str
    floor: int
    kind: str
    capacity: int
    visibility: Literal["public", "internal", "confidential", "hidden"]
    check_in: bool
    setup_minutes: int
    cleanup_minutes: int
    min_minutes: int
    max_hours: int
    max_days_ahead: int
    hours_policy: Literal["strict", "advisory"]
    revision: int
    names: dict[str, str] = Field(description="by language")
    building: str
    address: str
    site: SiteAnswer
    bookable: bool = Field(description="whether the caller may book it")
    features: list[str]
    kinds: list[str] = Field(description="the kinds of booking that this room takes")


class StateAnswer(BaseModel):
    """What a room is now. Every key always, times in the site's offset."""

    room: str
    state: Literal["free", "soon", "awaiting_check_in", "in_use", "in_use_unbooked", "closed", "unknown"]
    occupancy: Literal["occupied", "vacant", "unknown"]
    until: Instant | None
    next_starts_at: Instant | None
    ready: bool
    revision: int
    as_of: Instant


RoomsAnswer = ListAnswer[RoomAnswer]


async def room_answers(rooms: Sequence[Room], viewer: Viewer, now: datetime) -> list[RoomAnswer]:
    """Fetched rooms as this viewer may see them."""
    features, open_ids = await features_of(rooms), await rooms_open_to(rooms, viewer)
    return [_answer(room, features[room.id], room.id in open_ids, viewer, now) for room in rooms]


def _answer(room: Room, features: list[str], bookable: bool, viewer: Viewer, now: datetime) -> RoomAnswer:
    names = {"pl": room.name, "en": room.name_en, "uk": room.name_uk, "ru": room.name_ru}
    site = room.building.site
    answer = RoomAnswer(
        **{name: getattr(room, name) for name in _STORED},
        names={language: name for language, name in names.items() if name},
        building=room.building.code,
        address=room.building.address,
        site=SiteAnswer(code=site.code, name=site.name, timezone=site.timezone),
        bookable=bookable,
        features=features,
        kinds=list(kinds(room.visibility)),
    )
    if hides_changes(room.visibility, viewer):
        looks = answer.model_dump(exclude={"revision"})
        answer.revision = number_of(("room", room.id, answer.bookable), looks, now)
    return answer


def state_answer(state: PublicState, revision: int, zone: ZoneInfo) -> StateAnswer:
    """A room's state with the revision to tell of it."""
    return StateAnswer(
        room=state.room,
        state=state.state.value,
        occupancy=state.occupancy.value,
        until=local(state.until, zone),
        next_starts_at=local(state.next_starts_at, zone),
        ready=state.ready,
        revision=revision,
        as_of=state.as_of.astimezone(zone),
    )
