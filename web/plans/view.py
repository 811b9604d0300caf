"""A floor as it is drawn for a reader: each room a piece of its own, with a mark, its number, a word and a time as far
as they fit into it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from registry.bookings.projections import PublicState, viewer_of
from registry.bookings.queries import rooms_open_to, states_for
from registry.bookings.state import StateKind
from registry.plans.queries import FloorLayout
from registry.plans.rules import WIDTH, Corners, word_spot
from registry.rooms.models import Room
from web.kit.page_context import PageContext
from web.kit.pieces import next_look, shape_of
from web.plans.words import PlanWords, wall_state
from web.rooms.view import claims_nothing, turns_of

# of letters in units of the plan, as tokens and plans.css have them: number, word, time; number on a phone
NUMBER, WORD, TIME, PHONE_NUMBER = 14.5, 11.0, 8.6, 27.0
MARK, PHONE_MARK = 44, 78
NONE = "none"  # a room of which nothing is to be said


def picture_of(layout: FloorLayout) -> str:
    """Where the picture of a floor is fetched; nothing without one."""
    return f"/files/{layout.picture}" if layout.picture else ""


def drawing_page(layout: FloorLayout) -> str:
    """Where a floor is drawn."""
    return f"/admin/places/plans/{quote(layout.building.code)}/{layout.floor}"


def points_of(corners: Corners, height: int) -> str:
    """A shape as SVG has it, on a floor of this height."""
    return " ".join(f"{x * WIDTH:.0f},{y * height:.0f}" for x, y in corners)


class RoomLook(NamedTuple):
    """Where the mark and the lines of a room stand; 0 for what does not fit into it."""

    mark: int
    mark_x: int
    mark_y: int
    number_y: int
    word_y: int = 0
    until_y: int = 0


@dataclass(frozen=True, slots=True)
class PlanPiece:
    """One room of a plan. ``state`` is a StateKind's value, or ``NONE``."""

    room: Room
    points: str
    x: int
    state: str
    word: str
    until: str
    href: str
    look: RoomLook
    phone_look: RoomLook
    look_again: datetime | None

    @property
    def name(self) -> str:
        """What a screen reader says of it."""
        return " ".join(part for part in (self.room.number, self.word, self.until) if part)


@dataclass(frozen=True, slots=True)
class FloorView:
    """A floor as a reader sees it: its rooms in the plan and the ``others``, those that stand in the list too, and how
    many of the rooms that are ``counted`` are ``free``.
    """

    layout: FloorLayout
    title: str
    pieces: tuple[PlanPiece, ...]
    others: tuple[PlanPiece, ...]
    in_list: tuple[PlanPiece, ...]
    free: int
    counted: int

    @property
    def key(self) -> str:
        """What a floor is called in ids."""
        return f"{self.layout.building.code}-{self.layout.floor}"

    @property
    def picture(self) -> str:
        """Where its picture is fetched by who is signed in; nothing without one."""
        return picture_of(self.layout)

    @property
    def href(self) -> str:
        """Where the floor is shown on a wall."""
        return f"/plan/{quote(self.layout.building.code)}/{self.layout.floor}"

    @property
    def shape(self) -> str:
        """Another text when the page must draw the floor anew."""
        return shape_of(
            self.layout.revision, self.layout.height, [(one.room.code, one.points) for one in self.pieces],
            [one.room.code for one in self.in_list],
        )  # fmt: skip


async def floor_view(layout: FloorLayout, context: PageContext) -> FloorView:
    """A floor as this reader may see it: the states that the rest of the site shows them, and where they book."""
    rooms = layout.rooms
    states = await states_for(rooms, context.viewer, context.now)
    open_ids = await rooms_open_to(rooms, context.viewer) if context.may("bookings.make") else set()
    return drawn_floor(layout, states, open_ids, context)


def drawn_floor(
    layout: FloorLayout, states: Mapping[int, PublicState], open_ids: Collection[int], context: PageContext
) -> FloorView:
    """A floor with the states of its rooms; one that has none there is drawn and says nothing."""
    words = PlanWords.of(context.words)

    def piece(room: Room, corners: Corners | None) -> PlanPiece:
        state = states.get(room.id)
        if state is None or claims_nothing(room, state):
            return _piece(layout, room, corners, NONE, words.kind_of(room.kind), "", f"/rooms/{quote(room.code)}")
        href = f"/bookings/new?room={quote(room.code)}" if room.id in open_ids else f"/rooms/{quote(room.code)}"
        until = words.until_of(state, room, context.now)
        again = next_look(context.now, turns_of(state))
        return _piece(layout, room, corners, state.state.value, words.short(state.state), until, href, again)

    return _view(layout, words, piece, lists_all=True)


def wall_look(room: Room, state: PublicState) -> StateKind | None:
    """What a wall shows of a room; None for one of which nothing is to be said."""
    return None if claims_nothing(room, state) else wall_state(state)


async def wall_view(layout: FloorLayout, words: PlanWords, now: datetime, open_ids: Collection[int] = ()) -> FloorView:
    """A floor as everybody may see it who passes: numbers and states as the doors show them, no names and no times. Who
    is signed in books the rooms that are ``open_ids``.
    """
    states = await states_for(layout.rooms, viewer_of(None), now)

    def piece(room: Room, corners: Corners | None) -> PlanPiece:
        kind = wall_look(room, states[room.id])
        if kind is None:
            return _piece(layout, room, corners, NONE, "", "", "")
        href = f"/bookings/new?room={quote(room.code)}" if room.id in open_ids else ""
        return _piece(layout, room, corners, kind.value, words.on_wall(kind), "", href)  # nor when it will differ

    return _view(layout, words, piece, lists_all=False)


def _view(
    layout: FloorLayout, words: PlanWords, piece: Callable[[Room, Corners | None], PlanPiece], *, lists_all: bool
) -> FloorView:
    """A floor of such pieces; in the list stand all of them, or those alone of which something is to be said."""
    title = words.floor_title(layout.building, layout.floor)
    pieces = tuple(piece(room, corners) for room, corners in layout.rooms_with_shape)
    others = tuple(piece(room, None) for room in layout.rooms_without)
    every = (*pieces, *others)
    with_state = tuple(one for one in every if one.state != NONE)
    free = sum(one.state in (StateKind.FREE, StateKind.SOON) for one in with_state)
    return FloorView(layout, title, pieces, others, every if lists_all else with_state, free, len(with_state))


def _piece(
    layout: FloorLayout,
    room: Room,
    corners: Corners | None,
    state: str,
    word: str,
    until: str,
    href: str,
    again: datetime | None = None,
) -> PlanPiece:
    points, x, look, phone_look = "", 0, _NOWHERE, _NOWHERE
    if corners:
        points = points_of(corners, layout.height)
        x, look, phone_look = _looks(corners, layout.height, room.number, word, until, has_mark=state != NONE)
    return PlanPiece(room, points, x, state, word, until, href, look, phone_look, again)


_NOWHERE = RoomLook(0, 0, 0, 0)


def _looks(
    corners: Corners, height: int, number: str, word: str, until: str, *, has_mark: bool
) -> tuple[int, RoomLook, RoomLook]:
    """Where the words of a room stand: the middle of them, on a wide screen and on a phone."""
    spot = word_spot(corners, WIDTH, height)
    x, y = round(spot.x), round(spot.y)
    across, down = spot.width - 12, spot.height - 8
    has_number = across >= len(number) * NUMBER
    has_word = bool(word) and has_number and across >= len(word) * WORD and down >= MARK * has_mark + 52
    has_until = bool(until) and has_word and across >= len(until) * TIME and down >= MARK * has_mark + 72
    lines = [has_number and down >= MARK * has_mark + 28, has_word, has_until]
    return x, _stack(x, y, lines, MARK if has_mark else 0, across, down), _phone(x, y, number, has_mark, across, down)


def _stack(x: int, y: int, lines: Sequence[bool], mark: int, across: float, down: float) -> RoomLook:
    """The mark and under it so many lines, all of it in the middle; without a line the mark alone."""
    if not lines[0]:
        return _alone(x, y, mark, across, down)
    steps = (28, 24, 20)
    total = mark + sum(step for step, is_there in zip(steps, lines, strict=True) if is_there)
    top = y - total // 2
    number_y = top + mark + 24
    word_y = number_y + steps[1] if lines[1] else 0
    return RoomLook(mark, x - mark // 2, top, number_y, word_y, word_y + steps[2] if lines[2] else 0)


def _phone(x: int, y: int, number: str, has_mark: bool, across: float, down: float) -> RoomLook:
    """On a phone the mark and the number, larger."""
    mark = PHONE_MARK if has_mark else 0
    if across >= len(number) * PHONE_NUMBER and down >= mark + 50:
        top = y - (mark + 50) // 2
        return RoomLook(mark, x - mark // 2, top, top + mark + 44)
    return _alone(x, y, mark, across, down)


def _alone(x: int, y: int, mark: int, across: float, down: float) -> RoomLook:
    """The mark without a line, as large as it fits."""
    side = round(min(mark, across, down)) if min(across, down) > 8 else 0
    return RoomLook(side, x - side // 2, y - side // 2, 0)
