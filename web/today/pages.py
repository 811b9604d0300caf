"""Today: a booking as one sentence, the rooms now, my next bookings, what waits for me."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from registry.bookings.queries import bookable_rooms
from registry.people.rules import may
from registry.rooms.hours import open_span_at
from registry.rooms.models import Room, RoomKind
from registry.rooms.queries import hours_of
from web.auth.access import PageCaller
from web.bookings.booking_answer import Answer, answer_of, broken_words
from web.bookings.form import ANY_ROOM, Checked, Typed, check, first_choice, next_hour, times
from web.bookings.my_bookings import agenda, waiting
from web.calendar.room_rows import (
    Reading,
    Row,
    addresses,
    axis_for,
    days_shown,
    duty_words,
    free_count,
    groups_of,
    reading,
    rows_of,
)
from web.kit.render import render
from web.kit.words import N_, OCCUPANCY_WORDS
from web.rooms.words import Naming

router = APIRouter()
DAYS_OFFERED = 14


@router.get("/")
async def today(request: Request, person: PageCaller, did: str = "") -> Response:
    """The page that the office keeps open."""
    read = reading(request, person, datetime.now(UTC))
    shown = await days_shown(read.viewer, read.today)
    axis = axis_for(read, shown, read.today)
    rows = await rows_of(read, shown, axis)
    groups = groups_of(read, rows)
    mine = await agenda(person, read.now, {row.room.id for row in rows if row.equipment.sensed})
    return render(
        request,
        "today/page.html",
        naming=read.naming,
        now=read.now,
        axis=axis,
        now_minute=axis.now(read.now),
        groups=groups,
        rows=rows,
        free=free_count([row for row in rows if row.room.bookable]),
        bookable=sum(row.room.bookable for row in rows),
        open_until=await _open_until(rows, read),
        address=addresses(groups),
        occupancy=lambda row: _occupancy(row, read.naming),
        broken=lambda row: broken_words(row.equipment, read, 1),
        duty_words=duty_words,
        mine=mine,
        waiting=await waiting(person, mine, read.now),
        quick=await _quick(read) if may(person.role, "bookings.make") else None,
        toast=read.naming.done(did),
    )


def _occupancy(row: Row, naming: Naming) -> str:
    if not row.equipment.sensed:
        return naming.say(N_("no sensor"))
    return naming.say(OCCUPANCY_WORDS[str(row.state.occupancy)])


async def _open_until(rows: list[Row], read: Reading) -> str:
    """Until when the office works, by a room where people work, else the first that keeps hours; else nothing.

    An office that can be booked is open as long as it can be booked, and does not count.
    """
    for row in sorted(rows, key=lambda row: row.room.kind != RoomKind.OFFICE or row.room.bookable):
        hours = await hours_of(row.room)
        if hours.spans:
            span = open_span_at(hours, read.now)
            return read.fmt.time(span[1]) if span else ""
    return ""


@dataclass(frozen=True, slots=True)
class Quick:
    """The sentence with its choices and what is typed into it, and the answer to that."""

    rooms: list[tuple[str, str]]
    days: list[tuple[str, str]]
    values: dict[str, str]
    answer: Answer


async def _quick(read: Reading) -> Quick | None:
    rooms = await bookable_rooms(read.person)
    if not rooms:
        return None
    room = first_choice(rooms)
    values, checked = await _first_free(room, read)
    return Quick(
        rooms=[(ANY_ROOM, read.naming.say(N_("Any free room"))), *((one.code, read.naming.room(one)) for one in rooms)],
        days=_days(read, str(values["date"])),
        values=values,
        answer=await answer_of(checked, read),
    )


async def _first_free(room: Room, read: Reading) -> tuple[dict[str, str], Checked]:
    """The next hour of a room that can be had, so that nobody begins with a refusal; else the next hour."""
    values = {"room": room.code, "attendees": "", **await next_hour(room, read.now, read.zone)}
    checked = await check(Typed(values), read.person, read.now, read.zone)
    same = (one for one in checked.alternatives if one["room"] == room.code and one["reason"] == "later")
    later = next(same, None)
    if later is None:
        return values, checked
    since, until = (datetime.fromisoformat(later[name]).astimezone(read.zone) for name in ("starts_at", "ends_at"))
    values |= times(since, until)
    return values, await check(Typed(values), read.person, read.now, read.zone)


def _days(read: Reading, chosen: str) -> list[tuple[str, str]]:
    near = [read.naming.say(N_("today")), read.naming.say(N_("tomorrow"))]
    days = []
    for offset in range(DAYS_OFFERED):
        day = read.today + timedelta(days=offset)
        word = f"{near[offset]}," if offset < 2 else read.fmt.weekday(day)
        days.append((day.isoformat(), f"{word} {read.fmt.short(day)}"))
    if chosen not in dict(days):
        days.append((chosen, chosen))
    return days
