"""Rooms: all of them with their state, and one with its day, its equipment, its sensors and its door."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, File, Form, Query, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from registry.assets import queries as asset_queries
from registry.assets.filters import AssetFilter
from registry.bookings.days import RoomDay, day_of
from registry.bookings.projections import PublicState
from registry.bookings.queries import states_for
from registry.core.errors import Refusal
from registry.core.idempotency import RequestAnswer, act_once
from registry.devices.pairing import pair
from registry.faults.actions import NewReport, report
from registry.faults.queries import FaultFilter, search, visible_fault
from registry.faults.records import Filed
from registry.faults.rules import KINDS
from registry.files.queries import photos_of
from registry.people.models import Person
from registry.rooms.models import Room
from registry.rooms.queries import RoomLine, room_by_code, room_lines, rooms_of_house
from web.auth.access import PageCaller, actor_of, page_with
from web.bookings.words import BookingWords
from web.faults import words as fault_words
from web.faults.photos import back_with, put_photos
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.i18n import refusal_words, translate
from web.kit.idempotency import form_key
from web.kit.page_context import PageContext, page_context
from web.kit.pieces import IN_PLACE, next_look, piece_request, shape_of
from web.kit.query_names import pages
from web.kit.record_ids import id_in
from web.kit.render import is_fragment, language_of, render
from web.kit.timeline import Axis, axis_of, spans_of
from web.kit.words import N_
from web.rooms.house_parts import HousePart, part_of, remember_part, small_house
from web.rooms.plan import PlanSlot, note_of, plan
from web.rooms.view import RoomView, claims_nothing, turns_of, view_of

router = pages()
Reporter = Annotated[Person, Depends(page_with("faults.report"))]
Text = Annotated[str, Form(max_length=2000)]
NOTHING_SAID = N_("Choose a thing or say what is wrong.")
FAULTS_SHOWN = 10
FEATURES = ("bookable", "step_free", "hearing_loop", "screen")


@dataclass(frozen=True, slots=True)
class RoomFilter:
    """What the list of rooms is narrowed to; empty means any."""

    q: str = ""
    seats: int = 0
    features: frozenset[str] = frozenset()
    free: bool = False

    def suits(self, room: Room | RoomLine) -> bool:
        """By what it is called and what is built."""
        words = f"{room.code} {room.number} {room.name} {room.name_en}".casefold()
        return (
            all(word in words for word in self.q.casefold().split())
            and room.capacity >= self.seats
            and all(getattr(room, feature) for feature in self.features)
        )

    def holds(self, room: Room | RoomLine, state: PublicState) -> bool:
        """Whether a room belongs on the list."""
        return self.suits(room) and (not self.free or state.state in ("free", "soon"))


@dataclass(frozen=True, slots=True)
class RoomRow:
    """One room of the list."""

    room: Room
    state: PublicState
    slots: list[PlanSlot]
    times_hidden: bool

    def next_look(self, axis: Axis, now: datetime) -> datetime | None:
        """When time alone changes the row, by what it shows and nothing else."""
        edges = [axis.instant(minute) for slot in self.slots for minute in (slot.start, slot.end)]
        return next_look(now, [*turns_of(self.state), *edges])

    @property
    def claims_nothing(self) -> bool:
        """Nobody books it and no sensor sees it."""
        return claims_nothing(self.room, self.state)


@dataclass(frozen=True, slots=True)
class BrokenNeeds:
    """Names of what does not work, how many of the next bookings asked for some of it, and when the first of these
    begins.
    """

    names: list[str]
    bookings: int
    first_at: datetime


@router.get("/rooms")
async def rooms(
    request: Request,
    person: PageCaller,
    now: Now,
    q: Annotated[str, Query(max_length=200)] = "",
    seats: str = "",
    feature: Annotated[list[str] | None, Query()] = None,
    free: str = "",
) -> Response:
    """Every room by building and floor, with its state and its day; asked for as a fragment, what changed."""
    context = page_context(request, person, now)
    room_filter = RoomFilter(
        q=q.strip(),
        seats=int(seats) if seats.isdecimal() and len(seats) < 6 else 0,
        features=frozenset(feature or ()) & frozenset(FEATURES),
        free=bool(free),
    )
    house = await _house(room_filter, request, context)
    axis, rows = await _rows(house.part.rooms, room_filter, context)
    groups = _groups(rows)
    is_part = is_fragment(request)
    response = render(
        request,
        "rooms/_pieces.html" if is_part else "rooms/rooms.html",
        person=person,
        context=context,
        room_filter=room_filter,
        groups=groups,
        shape=shape_of(axis.day, axis.opens, axis.columns, [row.room.code for row in rows]),
        pieces=await piece_request(request) if is_part else None,
        in_place=IN_PLACE if is_part else "",
        axis=axis,
        matches=house.part.total if house.part.links else len(rows),
        total=house.total,
        part=house.part,
    )
    return remember_part(response, request)


@dataclass(frozen=True, slots=True)
class House:
    """The part of the house that the list shows, and how many rooms the whole has."""

    part: HousePart
    total: int


async def _house(room_filter: RoomFilter, request: Request, context: PageContext) -> House:
    small = await small_house()
    if small is not None:
        return House(HousePart(small, len(small)), len(small))
    lines = await room_lines()
    matches = [line for line in lines if room_filter.suits(line)]
    if room_filter.free:
        rooms = await rooms_of_house([line.id for line in matches])
        states = await states_for(rooms, context.viewer, context.now)
        matches = [line for line in matches if line.id in states and room_filter.holds(line, states[line.id])]
    return House(await part_of(matches, lines, request, context), len(lines))


async def _rows(everything: list[Room], room_filter: RoomFilter, context: PageContext) -> tuple[Axis, list[RoomRow]]:
    states = await states_for(everything, context.viewer, context.now)
    rooms = [room for room in everything if room_filter.holds(room, states[room.id])]
    days: list[RoomDay] = await day_of(rooms, context.viewer, context.today)
    axis = axis_of(context.today, context.fmt.zone, [*spans_of(days)])
    rows = [RoomRow(day.room, states[day.room.id], plan(day, axis, context), day.times_hidden) for day in days]
    return axis, rows


def _groups(rows: list[RoomRow]) -> list[tuple[Room, list[RoomRow]]]:
    """The rows by building and floor, in the order they come; the first room of each names the group."""
    groups: list[tuple[Room, list[RoomRow]]] = []
    for row in rows:
        first = groups[-1][0] if groups else None
        if first is None or (first.building_id, first.floor) != (row.room.building_id, row.room.floor):
            groups.append((row.room, []))
        groups[-1][1].append(row)
    return groups


@router.get("/rooms/{code}")
async def room_page(request: Request, person: PageCaller, now: Now, code: str, typed: TypedWords) -> Response:
    """One room; asked for as a fragment, all that may change of it."""
    return await _page(request, person, now, code, typed.status, **typed.words)


async def _page(request: Request, person: Person, now: datetime, code: str, status: int = 200, **more: Any) -> Response:
    room = await room_by_code(code)
    context = page_context(request, person, now)
    view = await view_of(room, context)
    readiness = await asset_queries.readiness(room.id)
    stands = await asset_queries.search(AssetFilter(room=room.code), limit=1)
    reported, fault_count = await search(FaultFilter("active", room.code), person, 0, FAULTS_SHOWN)
    return render(
        request,
        "rooms/_room.html" if is_fragment(request) else "rooms/room.html",
        in_place=IN_PLACE if is_fragment(request) else "",
        look_again=_look_again(view, context),
        person=person,
        status=status,
        context=context,
        words=BookingWords.of(context.words),
        view=view,
        room=room,
        readiness=readiness,
        warning=_warning(view, readiness),
        pieces=stands.total,
        worth=stands.total_price,
        note_of=note_of,
        photo=(await photos_of([f"room:{room.id}"])).get(f"room:{room.id}"),
        reported=reported,
        fault_count=fault_count,
        fault_words=fault_words,
        **more,
    )


def _look_again(view: RoomView, context: PageContext) -> datetime | None:
    """Where sensors are shown, each minute: how long ago they spoke is said in words, and nobody tells of the same said
    again. Else when time alone changes what is shown.
    """
    edges = [at for booking in view.next for at in (booking.starts_at, booking.ends_at)]
    instants = [*turns_of(view.state), *edges]
    return next_look(context.now, [*instants, context.next_minute if view.sensors or view.panels else None])


def _warning(view: RoomView, readiness: asset_queries.Readiness) -> BrokenNeeds | None:
    """What does not work now and some of the next bookings asked for. Whether it will work by then nobody knows, so it
    is said once, and not of each booking.
    """
    broken = {item.feature: item.name for item in readiness.broken if item.feature}
    asking = [booking for booking in view.next if broken.keys() & set(getattr(booking, "needs", ()))]
    names = [name for need, name in broken.items() if any(need in getattr(booking, "needs", ()) for booking in asking)]
    return BrokenNeeds(names, len(asking), asking[0].starts_at) if asking else None


@router.get("/rooms/{code}/fault")
async def fault_form(request: Request, person: Reporter, now: Now, code: str, typed: TypedWords) -> Response:
    """Say what is broken in a room: for a phone, in ten seconds."""
    return await _fault_form(request, person, now, code, typed.status, **typed.words)


async def _fault_form(
    request: Request, person: Person, now: datetime, code: str, status: int = 200, **values: Any
) -> Response:
    room = await room_by_code(code)
    context = page_context(request, person, now)
    reported, _ = await search(FaultFilter("active", room.code), person, 0, FAULTS_SHOWN)
    return render(
        request,
        "rooms/fault.html",
        person=person,
        status=status,
        room=room,
        context=context,
        stands=await asset_queries.of_room(room.id),
        reported=reported,
        fault_words=fault_words,
        kinds=[(kind, fault_words.kind_word(kind, context)) for kind in KINDS],
        **({"asset": "", "kind": "", "reason": "", "joins": "", "fault": "", "key": uuid4().hex} | values),
    )


@router.post("/rooms/{code}/fault")
async def report_fault(
    request: Request,
    person: Reporter,
    now: Now,
    code: str,
    asset: Text = "",
    kind: Text = "",
    reason: Text = "",
    joins: Text = "",
    key: Text = "",
    photo: Annotated[list[UploadFile] | None, File()] = None,
) -> Response:
    """File the report: of the chosen piece, which is faulty from now on, or of the room. The same form sent twice is
    one report. A photo that cannot be taken leaves the report as it is.
    """
    room = await room_by_code(code)
    typed = {"asset": asset, "kind": kind, "reason": reason, "joins": joins, "key": key}
    fault_id = (await visible_fault(number, person)).id if (number := id_in(joins)) else None
    new = NewReport(room.id, await _piece_here(asset, room), kind, reason.strip(), fault_id)
    if new.asset_id is None and not (kind or new.text or fault_id):
        sentence = _say(request, person, NOTHING_SAID)
        return await back_to(f"/rooms/{room.code}/fault", request, now, 422, **typed | {"fault": sentence})
    request_key = form_key(person, key, now, new)
    actor = actor_of(request, person)

    async def answering(filed: Filed) -> RequestAnswer:
        outcome = "joined" if filed.is_joined else "reported"
        return RequestAnswer(303, f"/faults/{filed.fault.id}?done={outcome}")

    try:
        answer = await act_once(request_key, lambda key: report(new, actor, now, key), answering)
    except Refusal as refusal:
        sentence = refusal_words(refusal, language_of(request, person))
        words = typed | {"fault": sentence}
        return await back_to(f"/rooms/{room.code}/fault", request, now, status_of(refusal), **words)
    uploads = [upload for upload in photo or () if upload.filename]
    number = int(answer.body.removeprefix("/faults/").partition("?")[0])
    if refusals := await put_photos(request, number, uploads, actor, now):
        return await back_with(request, person, number, refusals, now)
    return RedirectResponse(answer.body, 303)


async def _piece_here(asset: str, room: Room) -> int | None:
    """The chosen piece, if it stands in the room."""
    number = id_in(asset)
    return number if number and number in {item["id"] for item in await asset_queries.of_room(room.id)} else None


@router.post("/rooms/{code}/panel")
async def pair_panel(
    request: Request,
    person: Annotated[Person, Depends(page_with("panels.pair"))],
    now: Now,
    code: str,
    panel_code: Text = "",
) -> Response:
    """Make the tablet that shows this code the door panel of the room."""
    room = await room_by_code(code)
    try:
        await pair(panel_code, room.code, actor_of(request, person), now)
    except Refusal as refusal:
        fault = refusal_words(refusal, language_of(request, person))
        words = {"panel_code": panel_code, "panel_fault": fault}
        return await back_to(f"/rooms/{room.code}", request, now, status_of(refusal), **words)
    return RedirectResponse(f"/rooms/{room.code}?done=panel", 303)


def _say(request: Request, person: Person, text: str) -> str:
    return translate(language_of(request, person))(text)
