"""Floor plans as programs send and read them."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Request
from pydantic import BaseModel, Field, model_validator

from registry.bookings.projections import PublicState
from registry.plans.queries import FloorLayout
from registry.plans.rules import FEWEST_CORNERS, MOST_CORNERS, WIDTH, Corners, box_of, rectangle
from registry.rooms.models import Room
from web.files.upload import SentFile, largest_of, read_file, sent_files
from web.kit.answers import Instant, ListAnswer, local
from web.kit.body import Body, Number, RoomCode, file_form, unfit
from web.kit.words import N_

FORM = file_form(
    file={"type": "string", "format": "binary", "description": "SVG, PNG, JPEG, WebP, GIF or PDF, by its content"},
    page={"type": "integer", "minimum": 1, "default": 1, "description": "of a PDF"},
)
Part = Annotated[Number, Field(ge=0, le=1)]


class PlacedRoomBody(Body):
    """A room as a box, or as the corners of another shape; all in parts of the picture, from the left and the top."""

    room: RoomCode
    x: Part | None = None
    y: Part | None = None
    width: Part | None = None
    height: Part | None = None
    corners: Annotated[
        list[Annotated[list[Part], Field(min_length=2, max_length=2)]] | None,
        Field(min_length=FEWEST_CORNERS, max_length=MOST_CORNERS),
    ] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "PlacedRoomBody":
        is_box = None not in (self.x, self.y, self.width, self.height)
        if is_box == (self.corners is not None):
            raise unfit(N_("a room has x, y, width and height, or corners"))
        return self

    def shape(self) -> Corners:
        """Its corners."""
        if self.corners is not None:
            return tuple((x, y) for x, y in self.corners)
        return rectangle(self.x or 0, self.y or 0, self.width or 0, self.height or 0)


class PlacedRoomAnswer(BaseModel):
    """A room of the floor. ``corners`` and the box around them are in parts of the picture; null for one that has no
    place yet. ``until`` as ``GET /rooms/{code}/state`` tells it.
    """

    room: str
    number: str
    name: str
    state: str
    until: Instant | None
    corners: list[tuple[float, float]] | None
    x: float | None
    y: float | None
    width: float | None
    height: float | None


class PlanAnswer(BaseModel):
    """``picture`` is where it is read, null without one; ``ratio`` how many times its width its height is.
    ``is_schematic``: the floor is drawn from its rooms alone.
    """

    building: str
    floor: int
    picture: str | None
    ratio: float
    is_schematic: bool
    revision: int
    rooms: list[PlacedRoomAnswer]


class WallAnswer(BaseModel):
    url: str = Field(description="the address, with its secret")


class FloorAnswer(BaseModel):
    building: str
    floor: int
    rooms: int
    placed: int = Field(description="rooms that somebody placed")
    picture: bool
    revision: int


FloorsAnswer = ListAnswer[FloorAnswer]


def floor_answer(layout: FloorLayout) -> FloorAnswer:
    return FloorAnswer(
        building=layout.building.code,
        floor=layout.floor,
        rooms=len(layout.rooms),
        placed=0 if layout.is_schematic else len(layout.rooms_with_shape),
        picture=layout.picture is not None,
        revision=layout.revision,
    )


def plan_answer(
    layout: FloorLayout, states: Mapping[int, PublicState], zones: Mapping[int, ZoneInfo], prefix: str
) -> PlanAnswer:
    """A floor with the states that its reader may know."""
    shapes: Sequence[tuple[Room, Corners | None]] = [
        *layout.rooms_with_shape,
        *((room, None) for room in layout.rooms_without),
    ]
    return PlanAnswer(
        building=layout.building.code,
        floor=layout.floor,
        picture=f"{prefix}/files/{layout.picture}" if layout.picture else None,
        ratio=round(layout.height / WIDTH, 4),
        is_schematic=layout.is_schematic,
        revision=layout.revision,
        rooms=[_room(room, corners, states[room.id], zones[room.id]) for room, corners in shapes],
    )


def _room(room: Room, corners: Corners | None, state: PublicState, zone: ZoneInfo) -> PlacedRoomAnswer:
    box = box_of(corners) if corners else None
    return PlacedRoomAnswer(
        room=room.code,
        number=room.number,
        name=room.name,
        state=state.state.value,
        until=local(state.until, zone),
        corners=list(corners) if corners else None,
        x=box.x if box else None,
        y=box.y if box else None,
        width=box.width if box else None,
        height=box.height if box else None,
    )


async def sent_picture(request: Request) -> tuple[SentFile, int]:
    """The file of a form, and which page of it; read once it is known who sends it. Raises as ``read_file``."""
    async with sent_files(request, at_most=1) as files:
        text = str((await request.form()).get("page") or "1").strip()
        page = int(text) if text.isascii() and text.isdecimal() and len(text) <= 4 else 0
        return await read_file(files.uploads[0], largest_of(request)), page
