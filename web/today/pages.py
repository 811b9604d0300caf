"""Today: a booking as one sentence, the rooms now, my next bookings, what waits for me."""

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import Request
from starlette.responses import Response

from registry.bookings.queries import bookable_lines, rooms_open_to, states_for
from registry.people.models import Role
from registry.plans.queries import floor_of, layouts_of
from registry.rooms.hours import open_span_at
from registry.rooms.models import RoomKind
from registry.rooms.queries import hours_of, rooms_of_house
from registry.upkeep.queries import due_soon
from web.auth.access import PageCaller, options_of
from web.bookings.booking_answer import Answer, answer_of, broken_words
from web.bookings.form import ANY_ROOM, BookingForm, first_choice, first_free
from web.bookings.my_bookings import agenda, waiting
from web.bookings.words import BookingWords
from web.calendar.room_rows import (
    DayRow,
    addresses,
    axis_for,
    band_line,
    free_count,
    groups_of,
    rows_of,
    shape,
    used_part,
)
from web.due import words as due_words
from web.due.access import custodian_of
from web.faults import words as fault_words
from web.kit.clock import Now
from web.kit.page_context import PageContext, page_context
from web.kit.pieces import IN_PLACE, next_look, piece_request, shape_of
from web.kit.query_names import pages
from web.kit.record_ids import booking_id_in
from web.kit.render import is_fragment, render
from web.kit.words import N_, OCCUPANCY_WORDS
from web.plans.view import FloorView, drawn_floor
from web.rooms.house_parts import remember_part
from web.rooms.room_cache import cached_room, cached_rooms
from web.setup.checklist import check_list
from web.system.last_backup import last_backup

router = pages()
DAYS_OFFERED = 14
SHOWN_FROM = 2  # rooms in use: a floor with one is in the list


@router.get("/")
async def today(request: Request, person: PageCaller, now: Now, did: str = "", about: str = "") -> Response:
    """The page that the office keeps open; asked for as a fragment, its pieces that changed."""
    context = page_context(request, person, now)
    values = await _values(request, context)
    if is_fragment(request):
        pieces = await piece_request(request)
        return render(request, "today/_pieces.html", pieces=pieces, in_place=IN_PLACE, **values)
    backup = last_backup(options_of(request).data_dir) if person.role is Role.ADMIN else None
    response = render(
        request,
        "today/page.html",
        bad_backup=backup if backup and backup.is_damaged else None,
        quick=await _quick(context) if context.may("bookings.make") else None,
        steps=await check_list(request, context),
        toast=BookingWords.of(context.words).done(did),
        about=booking_id_in(about),
        in_place="",
        **values,
    )
    return remember_part(response, request)


async def _values(request: Request, context: PageContext) -> dict[str, Any]:
    """What the live part of the page shows."""
    now, words = context.now, BookingWords.of(context.words)
    part = await used_part(request, context, context.today)
    axis = axis_for(context, part.days, context.today)
    rows = await rows_of(context, part.days, axis)
    groups = groups_of(context, rows)
    plans = await _plans(rows, context)
    mine = await agenda(context.person, now, {row.room.id for row in rows if row.is_sensed})
    tasks = await waiting(context.person, mine, now)
    return {
        "words": words,
        "now": now,
        "part": part,
        "axis": axis,
        "shape": shape_of(shape([axis], groups), [view.shape for view in plans]),
        "plans": plans,
        "now_minute": axis.now(now),
        "groups": groups,
        "free": free_count([row for row in rows if row.room.bookable]),
        "bookable": sum(row.room.bookable for row in rows),
        "open_until": await _open_until(rows, context),
        "address": addresses(groups),
        "occupancy": lambda row: _occupancy(row, context),
        "broken": lambda row: broken_words(row.equipment, words, 1),
        "band_line": band_line,
        "mine": mine,
        "waiting": tasks,
        "due": await due_soon(context.today, custodian_of(context.person, is_mine=False)),
        "due_words": due_words,
        "fault_words": fault_words,
        "context": context,
        "look_again": next_look(now, [at for own in [*mine, *tasks.owns] for at in own.moments(now)]),
    }


async def _plans(rows: list[DayRow], context: PageContext) -> list[FloorView]:
    """The floors where people use more rooms than one: those that somebody drew first, then the larger ones. A room
    that nobody uses is drawn and says nothing.
    """
    floors = {floor for floor, count in Counter(floor_of(row.room) for row in rows).items() if count >= SHOWN_FROM}
    house = [room for room in await cached_rooms() if room.closed_at is None and floor_of(room) in floors]
    layouts = sorted(await layouts_of(house), key=lambda one: (one.is_schematic, -len(one.rooms_with_shape)))
    states = {row.room.id: row.state for row in rows}
    # of a floor that the list shows a part of, the plan shows all
    cut = {room.id for one in layouts for room in one.rooms if room.bookable} - states.keys()
    others = await rooms_of_house(cut)
    states |= await states_for(others, context.viewer, context.now)
    rooms = [*(row.room for row in rows), *others]
    open_ids = await rooms_open_to(rooms, context.viewer) if context.may("bookings.make") else set()
    return [drawn_floor(layout, states, open_ids, context) for layout in layouts]


def _occupancy(row: DayRow, context: PageContext) -> str:
    if not row.is_sensed:
        return context.say(N_("no sensor"))
    return context.say(OCCUPANCY_WORDS[str(row.state.occupancy)])


async def _open_until(rows: list[DayRow], context: PageContext) -> str | None:
    """Until when the office works, by a room where people work, else the first that keeps hours; empty while it is
    closed, None where no room keeps any.

    An office that can be booked is open as long as it can be booked, and does not count.
    """
    for row in sorted(rows, key=lambda row: row.room.kind != RoomKind.OFFICE or row.room.bookable):
        hours = await hours_of(row.room)
        if hours.spans:
            span = open_span_at(hours, context.now)
            return context.fmt.time(span[1]) if span else ""
    return None


@dataclass(frozen=True, slots=True)
class QuickBooking:
    """The sentence with its choices and what is typed into it, and the answer to that."""

    rooms: list[tuple[str, str]]
    days: list[tuple[str, str]]
    values: dict[str, str]
    answer: Answer


async def _quick(context: PageContext) -> QuickBooking | None:
    rooms = await bookable_lines(context.person)
    if not rooms:
        return None
    blank = BookingForm({"attendees": ""})
    check = await first_free(
        blank, await cached_room(first_choice(rooms).code), context.now, context.person, context.now
    )
    values = check.form.texts
    names = [(room.code, context.words.room(room)) for room in rooms]
    return QuickBooking(
        rooms=[(ANY_ROOM, context.say(N_("Any free room"))), *names],
        days=_days(context, str(values["date"])),
        values=values | {"key": uuid.uuid4().hex},
        answer=await answer_of(check, context),
    )


def _days(context: PageContext, chosen: str) -> list[tuple[str, str]]:
    near = [context.say(N_("today")), context.say(N_("tomorrow"))]
    days = []
    for offset in range(DAYS_OFFERED):
        day = context.today + timedelta(days=offset)
        word = f"{near[offset]}," if offset < 2 else context.fmt.weekday(day)
        days.append((day.isoformat(), f"{word} {context.fmt.short(day)}"))
    if chosen not in dict(days):
        days.append((chosen, chosen))
    return days
